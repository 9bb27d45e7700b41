/* SPDX-License-Identifier: Apache-2.0 */
/* The tables are the definition's shape; what spans several keys comes last. */
#include "core/release.h"

#include "core/file.h"
#include "core/manifest_table.h"
#include "core/release_yaml.h"
#include "core/text.h"

#include <stdio.h>

/* ---- shapes ---- */

/* An exact path, or a pattern whose fixed parts could be one. */
static bool is_pattern(const char *s)
{
	if (!strpbrk(s, "*?[\\"))
		return manifest_table_is_file_path(s);
	return s[0] == '/' && manifest_table_is_text(s);
}

/* Where an archive is unpacked: "/" too. */
static bool is_prefix(const char *s)
{
	return text_is_path(s);
}

static bool is_crypto(const char *s)
{
	return !strcmp(s, "boringcrypto") ||
	       (text_starts(s, "fips140-") && manifest_table_is_name(s));
}

/* ---- tables ---- */

static const char *const unsigned_words[] = {"refused", "allowed", NULL};

#define FIELD(k, t, s, member)                                                         \
	.key = k, .type = MANIFEST_FIELD_##t, .at = offsetof(struct s, member)
#define MUST(fn, words) .ok = fn, .must = words
#define OPTIONAL .optional = true
#define A_NAME MUST(manifest_table_is_name, "a name of at most 128 bytes")
#define LIST_OF(table, s, outer, counter)                                              \
	.inner = table, .inner_size = sizeof(struct s),                                \
	.count_at = offsetof(struct outer, counter)
/* of the four exactly one is there, and says what the artifact is */
#define SOURCE(k)                                                                      \
	{                                                                              \
		FIELD(k, TEXT, release_component, artifact), OPTIONAL,                 \
			MUST(manifest_table_is_name,                                   \
			     "a name in the folder of artifacts")                      \
	}

static const struct manifest_field component_table[] = {
	SOURCE("file"),
	{FIELD("files", STRINGS, release_component, files), OPTIONAL, .min = 1,
	 .max = RELEASE_FILES_MAX,
	 MUST(is_pattern, "an absolute path or a pattern that begins with /")},
	SOURCE("image"),
	{FIELD("name", TEXT, release_component, name), A_NAME},
	{FIELD("path", TEXT, release_component, path), OPTIONAL,
	 MUST(manifest_table_is_file_path, "an absolute path in its shortest form")},
	{FIELD("prefix", TEXT, release_component, prefix), OPTIONAL,
	 MUST(is_prefix, "an absolute path in its shortest form")},
	{FIELD("presence", WORD, release_component, presence), OPTIONAL,
	 .words = manifest_table_presence},
	{FIELD("require-crypto", TEXT, release_component, require_crypto), OPTIONAL,
	 MUST(is_crypto, "boringcrypto or fips140-VERSION")},
	SOURCE("rpm"),
	SOURCE("tar"),
	{FIELD("unsigned", WORD, release_component, unsigned_allowed), OPTIONAL,
	 .words = unsigned_words},
	{FIELD("version", TEXT, release_component, version), OPTIONAL,
	 MUST(manifest_table_is_version, "a version of at most 128 bytes")},
	{0},
};

static const struct manifest_field tls_table[] = {
	{FIELD("cipher-suites", STRINGS, manifest_tls, cipher_suites), OPTIONAL,
	 .min = 1, .max = MANIFEST_LIST_MAX,
	 MUST(manifest_table_is_cipher_suite,
	      "IANA's name of a cipher suite, TLS_...")},
	{FIELD("groups", STRINGS, manifest_tls, groups), OPTIONAL, .min = 1,
	 .max = MANIFEST_LIST_MAX,
	 MUST(manifest_table_is_name, "IANA's name of a group")},
	{FIELD("min-version", TEXT, manifest_tls, min_version),
	 MUST(manifest_table_is_tls_version, "TLSv1.2 or TLSv1.3")},
	{0},
};

static const struct manifest_field release_table[] = {
	{FIELD("arch", TEXT, release, arch), OPTIONAL,
	 MUST(text_is_arch, "x86_64 or aarch64")},
	{FIELD("components", LIST, release, components), .min = 1,
	 .max = MANIFEST_COMPONENTS_MAX,
	 LIST_OF(component_table, release_component, release, component_count)},
	{FIELD("created", TIME, release, created), OPTIONAL},
	{FIELD("el", TEXT, release, el), MUST(text_is_el, "like 8 or 8.4")},
	{FIELD("exceptions", LIST, release, exceptions), OPTIONAL,
	 .max = MANIFEST_LIST_MAX,
	 LIST_OF(manifest_table_exception, manifest_exception, release,
		 exception_count)},
	{FIELD("kubernetes", TEXT, release, kubernetes),
	 MUST(text_is_kubernetes, "a version like v1.21.3")},
	{FIELD("note", TEXT, release, note), OPTIONAL,
	 MUST(manifest_table_is_text,
	      "1 to 1024 bytes of text without control characters")},
	{FIELD("revision", NUMBER, release, revision), OPTIONAL, .min = 1,
	 .max = MANIFEST_REVISION_MAX},
	{FIELD("rpm-keys", STRINGS, release, rpm_keys), OPTIONAL,
	 .max = MANIFEST_LIST_MAX, MUST(manifest_table_is_text, "a file's name")},
	{FIELD("services", LIST, release, services), OPTIONAL,
	 .max = MANIFEST_SERVICES_MAX,
	 LIST_OF(manifest_table_service, manifest_service, release, service_count)},
	{FIELD("tls", OBJECT, release, tls), OPTIONAL, .inner = tls_table},
	{0},
};

/* ---- reading by the tables ---- */

/* Refuse with the node's place in front. */
#define refuse(r, node, err, ...) (refuse_(r, node, err, __VA_ARGS__), false)

PRINTF(4, 5)
static void refuse_(const struct release *r, const struct release_yaml *node,
		    struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(err, ERR_FORMAT, fmt, ap);
	va_end(ap);
	error_prefix_(err, "%s:%zu:%zu", TEXT_SAFE(r->file), node->line, node->column);
}

/* Put the place in front of an error that has none. */
static bool located(const struct release *r, const struct release_yaml *node,
		    struct error *err)
{
	enum error_code code = err->code;

	refuse_(r, node, err, "%s", err->msg);
	err->code = code;
	return false;
}

static bool read_struct(const struct release *r, const struct manifest_field *table,
			const struct release_yaml *node, void *base, struct error *err);

static bool of_kind(const struct release *r, const struct release_yaml *node,
		    enum release_yaml_kind kind, const char *key, struct error *err)
{
	static const char *const names[] = {
		[RELEASE_YAML_TEXT] = "text",
		[RELEASE_YAML_LIST] = "a list",
		[RELEASE_YAML_MAP] = "a map",
	};

	return node->kind == kind ||
	       refuse(r, node, err, "'%s' must be %s", key, names[kind]);
}

static bool read_items(const struct release *r, const struct manifest_field *f,
		       const struct release_yaml *node, void *base, struct error *err)
{
	bool strings = f->type == MANIFEST_FIELD_STRINGS;

	if (!of_kind(r, node, RELEASE_YAML_LIST, f->key, err))
		return false;
	/* "none" and "any" are too far apart for a list that could mean either */
	if (node->count < f->min)
		return refuse(r, node, err, "'%s' is empty%s", f->key,
			      f->optional ? ": name something, or leave it out" : "");
	if (node->count && !manifest_field_reserve(f, node->count, base, err))
		return located(r, node, err);
	for (size_t i = 0; i < node->count; i++) {
		const struct release_yaml *item = &node->items[i];

		if (!of_kind(r, item, strings ? RELEASE_YAML_TEXT : RELEASE_YAML_MAP,
			     f->key, err))
			return false;
		if (strings && !manifest_field_put_item(f, i, item->text, base, err))
			return located(r, item, err);
		if (!strings && !read_struct(r, f->inner, item,
					     manifest_field_element(f, base, i), err))
			return false;
	}
	return true;
}

static bool read_value(const struct release *r, const struct manifest_field *f,
		       const struct release_yaml *node, void *base, struct error *err)
{
	switch (f->type) {
	case MANIFEST_FIELD_OBJECT:
		return of_kind(r, node, RELEASE_YAML_MAP, f->key, err) &&
		       read_struct(r, f->inner, node, (char *)base + f->at, err);
	case MANIFEST_FIELD_LIST:
	case MANIFEST_FIELD_STRINGS:
		if (!read_items(r, f, node, base, err))
			return false;
		break;
	default:
		if (!of_kind(r, node, RELEASE_YAML_TEXT, f->key, err))
			return false;
		if (!manifest_field_put(f, node->text, base, err))
			return located(r, node, err);
		break;
	}
	return manifest_field_check_value(f, base, err) || located(r, node, err);
}

static bool unknown_key(const struct release *r, const struct manifest_field *table,
			const struct release_yaml *node, struct error *err)
{
	AUTO(buf_clear) struct buf known = BUF_MAX(400);

	for (const struct manifest_field *f = table; f->key; f++)
		buf_printf(&known, "%s%s", f == table ? "" : ", ", f->key);
	return refuse(r,
		      &(const struct release_yaml){.line = node->key_line,
						   .column = node->key_column},
		      err, "unknown key '%s'; known are: %s", TEXT_SAFE(node->key),
		      known.data ? known.data : "");
}

static bool read_struct(const struct release *r, const struct manifest_field *table,
			const struct release_yaml *node, void *base, struct error *err)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct manifest_field *f = table;

		while (f->key && strcmp(f->key, node->items[i].key))
			f++;
		if (!f->key)
			return unknown_key(r, table, &node->items[i], err);
		if (!read_value(r, f, &node->items[i], base, err))
			return false;
	}
	for (const struct manifest_field *f = table; f->key; f++)
		if (!f->optional && !release_yaml_find(node, f->key))
			return refuse(r, node, err, "'%s' is missing", f->key);
	return true;
}

/* ---- what spans several keys ---- */

/* Which of the four is given; sets type and line. */
static bool read_source(const struct release *r, const struct release_yaml *node,
			struct release_component *c, struct error *err)
{
	const struct release_yaml *given = NULL;

	for (unsigned t = MANIFEST_RPM; t <= MANIFEST_FILE; t++) {
		const struct release_yaml *v =
			release_yaml_find(node, manifest_table_source[t]);

		if (v && given)
			return refuse(r, v, err,
				      "component '%s' has '%s' and '%s'; one of rpm, "
				      "image, tar, file",
				      c->name, given->key, v->key);
		if (!v)
			continue;
		given = v;
		c->type = t;
	}
	c->line = node->line;
	return given ||
	       refuse(r, node, err, "component '%s' needs one of rpm, image, tar, file",
		      c->name);
}

/* Which sources may have a key, and which must; a set has bit 1 << type. */
#define ONLY(type) (1u << MANIFEST_##type)

static const struct {
	const char *key;
	unsigned may, must;
} belongs[] = {
	{"files", ONLY(RPM) | ONLY(IMAGE) | ONLY(TAR), 0},
	{"path", ONLY(FILE), ONLY(FILE)},
	{"prefix", ONLY(TAR), 0},
	{"unsigned", ONLY(RPM), 0},
	{"version", ~0u, ONLY(FILE)},
};

static bool check_keys(const struct release *r, const struct release_yaml *node,
		       const struct release_component *c, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(belongs); i++) {
		const struct release_yaml *v = release_yaml_find(node, belongs[i].key);
		unsigned mine = 1u << c->type;

		if (!v && belongs[i].must & mine)
			return refuse(r, node, err, "component '%s' needs '%s'",
				      c->name, belongs[i].key);
		if (v && !(belongs[i].may & mine))
			return refuse(r, v, err, "component '%s': '%s' is not for %s",
				      c->name, belongs[i].key,
				      manifest_source_name(c->type));
	}
	return true;
}

static const struct release_component *find(const struct release *r, const char *name,
					    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(r->components[i].name, name))
			return &r->components[i];
	return NULL;
}

static bool finish_components(struct release *r, const struct release_yaml *list,
			      struct error *err)
{
	for (size_t i = 0; i < r->component_count; i++) {
		struct release_component *c = &r->components[i];
		const struct release_yaml *node = &list->items[i];

		if (find(r, c->name, i))
			return refuse(r, release_yaml_find(node, "name"), err,
				      "component '%s' is there twice", c->name);
		if (!read_source(r, node, c, err) || !check_keys(r, node, c, err))
			return false;
	}
	return true;
}

static bool check_services(const struct release *r, const struct release_yaml *list,
			   struct error *err)
{
	for (size_t i = 0; i < r->service_count; i++) {
		const struct manifest_service *s = &r->services[i];
		const struct release_yaml *node = &list->items[i];

		if (!find(r, s->component, r->component_count))
			return refuse(r, release_yaml_find(node, "component"), err,
				      "service '%s' names the component '%s', which is "
				      "not there",
				      s->name, s->component);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(r->services[k].name, s->name))
				return refuse(r, release_yaml_find(node, "name"), err,
					      "service '%s' is there twice", s->name);
	}
	return true;
}

static bool check_exceptions(const struct release *r, const struct release_yaml *list,
			     struct error *err)
{
	for (size_t i = 0; i < r->exception_count; i++) {
		const struct manifest_exception *x = &r->exceptions[i];
		const struct release_yaml *node = &list->items[i];

		if (!x->path == !x->component)
			return refuse(r, node, err,
				      "an exception needs a path or a component, one "
				      "of the two");
		if (x->component && !find(r, x->component, r->component_count))
			return refuse(r, release_yaml_find(node, "component"), err,
				      "an exception names the component '%s', which is "
				      "not there",
				      x->component);
	}
	return true;
}

static bool set_default(char **text, const char *value, struct error *err)
{
	if (!*text)
		*text = text_dup(value, strlen(value));
	return *text || error_set(err, ERR_SYSTEM, "no memory");
}

static bool set_defaults(struct release *r, struct error *err)
{
	if (!set_default(&r->arch, "x86_64", err))
		return false;
	for (size_t i = 0; i < r->component_count; i++)
		if (r->components[i].type == MANIFEST_TAR &&
		    !set_default(&r->components[i].prefix, "/", err))
			return false;
	return true;
}

bool release_parse(const char *file, const char *text, size_t len, struct release *out,
		   struct error *err)
{
	AUTO(release_yaml_clear) struct release_yaml root = EMPTY;
	AUTO(release_clear) struct release r = {.created = -1, .revision = 1};

	if (len > RELEASE_TEXT_MAX)
		return error_set(err, ERR_LIMIT, "'%s' is larger than %d bytes",
				 TEXT_SAFE(file), RELEASE_TEXT_MAX);
	if (!set_default(&r.file, file, err) ||
	    !release_yaml_parse(file, text, len, &root, err) ||
	    !of_kind(&r, &root, RELEASE_YAML_MAP, "a definition", err) ||
	    !read_struct(&r, release_table, &root, &r, err) ||
	    !finish_components(&r, release_yaml_find(&root, "components"), err) ||
	    !check_services(&r, release_yaml_find(&root, "services"), err) ||
	    !check_exceptions(&r, release_yaml_find(&root, "exceptions"), err) ||
	    !set_defaults(&r, err))
		return false;
	*out = TAKE(r);
	return true;
}

bool release_read(const char *file, struct release *out, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(RELEASE_TEXT_MAX);

	return file_read(file, &text, err) &&
	       release_parse(file, text.data ? text.data : "", text.len, out, err);
}

void release_clear(struct release *r)
{
	manifest_field_clear(release_table, r);
	text_freep(&r->file);
	*r = (struct release)EMPTY;
}
