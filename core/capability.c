/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attribute (linux/capability.h), little-endian:
 *
 *     u32 magic      revision << 24 | 1 when effective
 *     u32 permitted, u32 inheritable     bits 0 to 31
 *     u32 permitted, u32 inheritable     bits 32 to 63, from revision 2
 *     u32 root_id                        from revision 3
 */
#include "core/capability.h"

#include "core/text.h"

#include <ctype.h>
#include <endian.h>
#include <stdio.h>

static const char *const names[] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};

enum { TEXT_MAX = 4096 };

static const uint64_t ALL = ((uint64_t)1 << ARRAY_LEN(names)) - 1;

/* ---- text ---- */

struct sets {
	uint64_t e, i, p;
};

static bool name_bit(const char *s, size_t len, uint64_t *out)
{
	if (len == 3 && !strncasecmp(s, "all", 3)) {
		*out = ALL;
		return true;
	}
	if (len < 4 || strncasecmp(s, "cap_", 4))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == len - 4 &&
		    !strncasecmp(names[i], s + 4, len - 4)) {
			*out = (uint64_t)1 << i;
			return true;
		}
	return false;
}

/* The names in front of a clause's first operator; none is all of them. */
static const char *parse_names(const char *s, uint64_t *out)
{
	*out = 0;
	while (*s && !strchr("=+- \t", *s)) {
		size_t len = strcspn(s, ",=+- \t");
		uint64_t bit;

		if (!name_bit(s, len, &bit))
			return NULL;
		*out |= bit;
		s += len;
		s += *s == ',';
	}
	if (*out == 0 && *s == '=')
		*out = ALL;
	return *out && *s && strchr("=+-", *s) ? s : NULL;
}

static void apply(char op, char flag, uint64_t bits, struct sets *sets)
{
	uint64_t *set = flag == 'e' ? &sets->e : flag == 'i' ? &sets->i : &sets->p;

	*set = op == '-' ? *set & ~bits : *set | bits;
}

/* One clause; returns what is behind it, NULL when it is none. */
static const char *parse_clause(const char *s, struct sets *sets)
{
	uint64_t bits;

	s = parse_names(s, &bits);
	while (s && *s && !isblank((unsigned char)*s)) {
		char op = *s;

		if (!strchr("=+-", op))
			return NULL;
		if (op == '=') {
			sets->e &= ~bits;
			sets->i &= ~bits;
			sets->p &= ~bits;
		}
		for (s++; *s && strchr("eip", *s); s++)
			apply(op, *s, bits, sets);
	}
	return s;
}

bool capability_parse(const char *text, struct capability *out, struct error *err)
{
	struct sets sets = EMPTY;

	for (const char *s = text + strspn(text, " \t"); *s; s += strspn(s, " \t")) {
		s = parse_clause(s, &sets);
		if (!s)
			return error_set(err, ERR_FORMAT, "not capabilities: '%s'",
					 text);
	}
	*out = (struct capability){
		.permitted = sets.p, .inheritable = sets.i, .effective = sets.e != 0};
	return true;
}

static void put_names(uint64_t bits, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < 64; i++) {
		if (!(bits >> i & 1))
			continue;
		if (i < ARRAY_LEN(names))
			buf_printf(out, "%scap_%s", comma, names[i]);
		else
			buf_printf(out, "%scap_%zu", comma, i);
		comma = ",";
	}
}

void capability_text(const struct capability *c, struct buf *out)
{
	const struct {
		uint64_t bits;
		const char *flags;
	} groups[] = {
		{c->permitted & c->inheritable, c->effective ? "eip" : "ip"},
		{c->permitted & ~c->inheritable, c->effective ? "ep" : "p"},
		{c->inheritable & ~c->permitted, c->effective ? "ei" : "i"},
	};
	const char *blank = "";

	if (capability_none(c)) {
		buf_puts(out, "none");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (!groups[i].bits)
			continue;
		buf_puts(out, blank);
		put_names(groups[i].bits, out);
		buf_printf(out, "=%s", groups[i].flags);
		blank = " ";
	}
	if (c->root_id)
		buf_printf(out, " rootid=%u", c->root_id);
}

bool capability_name(const struct capability *c, char **out, struct error *err)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(TEXT_MAX);
	AUTO(text_freep) char *text = NULL;
	struct capability same;

	if (capability_none(c)) {
		*out = NULL;
		return true;
	}
	capability_text(c, &b);
	if (!buf_ok(&b, err))
		return false;
	text = buf_take(&b);
	if (!text)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!capability_parse(text, &same, err) || !capability_equal(c, &same))
		return error_set(err, ERR_FORMAT,
				 "no manifest can have the capabilities '%s'", text);
	*out = TAKE(text);
	return true;
}

/* ---- the attribute ---- */

static uint32_t u32_at(const unsigned char *data, size_t i)
{
	uint32_t v;

	memcpy(&v, data + 4 * i, sizeof(v));
	return le32toh(v);
}

bool capability_decode(const unsigned char *data, size_t len, struct capability *out,
		       struct error *err)
{
	static const size_t sizes[] = {0, 12, 20, 24};
	struct capability c = EMPTY;
	uint32_t magic, revision;

	if (len == 0) {
		*out = c;
		return true;
	}
	magic = len >= 4 ? u32_at(data, 0) : 0;
	revision = magic >> 24;
	if (revision == 0 || revision >= ARRAY_LEN(sizes) || len != sizes[revision])
		return error_set(err, ERR_FORMAT, "damaged security.capability");
	c.effective = magic & 1;
	c.permitted = u32_at(data, 1);
	c.inheritable = u32_at(data, 2);
	if (revision > 1) {
		c.permitted |= (uint64_t)u32_at(data, 3) << 32;
		c.inheritable |= (uint64_t)u32_at(data, 4) << 32;
	}
	c.root_id = revision > 2 ? u32_at(data, 5) : 0;
	*out = c;
	return true;
}

bool capability_equal(const struct capability *a, const struct capability *b)
{
	return a->permitted == b->permitted && a->inheritable == b->inheritable &&
	       a->effective == b->effective && a->root_id == b->root_id;
}

bool capability_none(const struct capability *c)
{
	return !c->permitted && !c->inheritable && !c->effective;
}
