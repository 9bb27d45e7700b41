/* SPDX-License-Identifier: Apache-2.0 */
/* docs/FORMAT.md says the same in prose. */
#include "core/manifest_table.h"

#include "core/manifest.h"
#include "core/text.h"

const char *const manifest_table_presence[] = {"required", "optional", NULL};
const char *const manifest_table_source[] = {"rpm", "image", "tar", "file", NULL};
const char *const manifest_table_kind[] = {"host", "image", NULL};
static const char *const format_words[] = {MANIFEST_FORMAT, NULL};

/* ---- the shapes of texts ---- */

/* UTF-8 of 1 to `max` bytes without control characters. */
static bool is_prose(const char *s, size_t max)
{
	size_t len = strnlen(s, max + 1);

	if (len == 0 || len > max || !text_is_utf8(s, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

bool manifest_table_is_text(const char *s)
{
	return is_prose(s, MANIFEST_TEXT_FIELD_MAX);
}

bool manifest_table_is_name(const char *s)
{
	return text_is_name(s, MANIFEST_NAME_MAX);
}

/* A name, in which RPM's epoch may stand: "1:20.10.8-3.el8". */
bool manifest_table_is_version(const char *s)
{
	size_t epoch = strspn(s, "0123456789");

	if (strnlen(s, MANIFEST_NAME_MAX + 1) > MANIFEST_NAME_MAX)
		return false;
	return manifest_table_is_name(epoch && s[epoch] == ':' ? s + epoch + 1 : s);
}

static bool is_ascii(const char *s)
{
	return manifest_table_is_text(s) && text_is_printable(s, strlen(s));
}

static bool is_reference(const char *s)
{
	return is_ascii(s) && !strchr(s, ' ');
}

static bool is_go_version(const char *s)
{
	return is_ascii(s) && strlen(s) <= MANIFEST_NAME_MAX;
}

/* A file cannot be "/". */
bool manifest_table_is_file_path(const char *s)
{
	return text_is_path(s) && s[1];
}

/* "USER:GROUP" */
static bool is_owner(const char *s)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_.-";
	size_t user = strspn(s, set), group;

	if (user == 0 || user > 64 || s[0] == '-' || s[user] != ':')
		return false;
	s += user + 1;
	group = strspn(s, set);
	return group > 0 && group <= 64 && s[0] != '-' && !s[group];
}

bool manifest_table_is_tls_version(const char *s)
{
	return !strcmp(s, "TLSv1.2") || !strcmp(s, "TLSv1.3");
}

bool manifest_table_is_cipher_suite(const char *s)
{
	return text_starts(s, "TLS_") && manifest_table_is_name(s) &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(s);
}

/* ---- what is there when ---- */

static bool is_image(const void *source)
{
	return ((const struct manifest_source *)source)->type == MANIFEST_IMAGE;
}

static bool is_rpm(const void *source)
{
	return ((const struct manifest_source *)source)->type == MANIFEST_RPM;
}

static bool is_regular(const void *file)
{
	return !((const struct manifest_file *)file)->link;
}

static bool is_go(const void *file)
{
	const struct manifest_file *f = file;

	return is_regular(f) && (f->go_version || f->go_crypto);
}

static bool has_capabilities(const void *file)
{
	return is_regular(file) && ((const struct manifest_file *)file)->capabilities;
}

static bool has_tls(const void *m)
{
	const struct manifest_tls *tls = &((const struct manifest *)m)->tls;

	return tls->min_version || tls->cipher_suites.count || tls->groups.count;
}

/* ---- the tables ---- */

#define FIELD(k, t, s, member)                                                         \
	.key = k, .type = MANIFEST_FIELD_##t, .at = offsetof(struct s, member)
#define MUST(fn, words) .ok = fn, .must = words
#define A_NAME MUST(manifest_table_is_name, "a name of at most 128 bytes")
#define A_TEXT                                                                         \
	MUST(manifest_table_is_text,                                                   \
	     "1 to 1024 bytes of text without control characters")
#define A_PATH                                                                         \
	MUST(manifest_table_is_file_path, "an absolute path in its shortest form")
#define INNER(table, s, outer, counter)                                                \
	.inner = table, .inner_size = sizeof(struct s),                                \
	.count_at = offsetof(struct outer, counter)

static const struct manifest_field image_table[] = {
	{FIELD("config", DIGEST, manifest_source, image_config)},
	{FIELD("manifest", DIGEST, manifest_source, image_manifest)},
	{FIELD("reference", TEXT, manifest_source, image_reference), .optional = true,
	 MUST(is_reference, "ASCII without blanks")},
	{0},
};

static const struct manifest_field source_table[] = {
	{.key = "image",
	 .type = MANIFEST_FIELD_OBJECT,
	 .inner = image_table,
	 .present = is_image},
	{FIELD("name", TEXT, manifest_source, name), A_NAME},
	{FIELD("sha256", DIGEST, manifest_source, sha256)},
	{FIELD("signer", TEXT, manifest_source, signer), .present = is_rpm,
	 .null = true,
	 MUST(text_is_fingerprint, "a fingerprint of 40 or 64 upper-case hex digits")},
	{FIELD("size", SIZE, manifest_source, size)},
	{FIELD("type", WORD, manifest_source, type), .words = manifest_table_source},
	{0},
};

static const struct manifest_field go_table[] = {
	{FIELD("crypto", TEXT, manifest_file, go_crypto), A_NAME},
	{FIELD("version", TEXT, manifest_file, go_version),
	 MUST(is_go_version, "1 to 128 bytes of ASCII")},
	{0},
};

static const struct manifest_field file_table[] = {
	{FIELD("capabilities", TEXT, manifest_file, capabilities),
	 .present = has_capabilities, MUST(is_ascii, "1 to 1024 bytes of ASCII")},
	{.key = "go",
	 .type = MANIFEST_FIELD_OBJECT,
	 .inner = go_table,
	 .present = is_go},
	{FIELD("kind", WORD, manifest_file, kind), .words = manifest_table_kind},
	{FIELD("link", TEXT, manifest_file, link), .optional = true, A_TEXT},
	{FIELD("mode", MODE, manifest_file, mode), .present = is_regular},
	{FIELD("owner", TEXT, manifest_file, owner), .optional = true,
	 MUST(is_owner, "USER:GROUP")},
	{FIELD("path", TEXT, manifest_file, path), A_PATH},
	{FIELD("sha256", DIGEST, manifest_file, sha256), .present = is_regular},
	{FIELD("size", SIZE, manifest_file, size), .present = is_regular},
	{0},
};

static const struct manifest_field component_table[] = {
	{FIELD("files", LIST, manifest_component, files), .max = MANIFEST_FILES_MAX,
	 INNER(file_table, manifest_file, manifest_component, file_count)},
	{FIELD("name", TEXT, manifest_component, name), A_NAME},
	{FIELD("presence", WORD, manifest_component, presence),
	 .words = manifest_table_presence},
	{FIELD("source", OBJECT, manifest_component, source), .inner = source_table},
	{FIELD("version", TEXT, manifest_component, version),
	 MUST(manifest_table_is_version, "a version of at most 128 bytes")},
	{0},
};

const struct manifest_field manifest_table_service[] = {
	{FIELD("component", TEXT, manifest_service, component), A_NAME},
	{FIELD("name", TEXT, manifest_service, name), A_NAME},
	{FIELD("port", NUMBER, manifest_service, port), .min = 1, .max = 65535},
	{0},
};

static const struct manifest_field tls_table[] = {
	{FIELD("cipher_suites", STRINGS, manifest_tls, cipher_suites), .optional = true,
	 .max = MANIFEST_LIST_MAX,
	 MUST(manifest_table_is_cipher_suite,
	      "IANA's name of a cipher suite, TLS_...")},
	{FIELD("groups", STRINGS, manifest_tls, groups), .optional = true,
	 .max = MANIFEST_LIST_MAX,
	 MUST(manifest_table_is_name, "IANA's name of a group")},
	{FIELD("min_version", TEXT, manifest_tls, min_version),
	 MUST(manifest_table_is_tls_version, "TLSv1.2 or TLSv1.3")},
	{0},
};

const struct manifest_field manifest_table_exception[] = {
	{FIELD("component", TEXT, manifest_exception, component), .optional = true,
	 A_NAME},
	{FIELD("expires", TIME, manifest_exception, expires)},
	{FIELD("path", TEXT, manifest_exception, path), .optional = true, A_PATH},
	{FIELD("reason", TEXT, manifest_exception, reason), A_TEXT},
	{0},
};

const struct manifest_field manifest_table[] = {
	{FIELD("arch", TEXT, manifest, arch), MUST(text_is_arch, "x86_64 or aarch64")},
	{FIELD("components", LIST, manifest, components),
	 .max = MANIFEST_COMPONENTS_MAX,
	 INNER(component_table, manifest_component, manifest, component_count)},
	{FIELD("created", TIME, manifest, created)},
	{FIELD("el", TEXT, manifest, el), MUST(text_is_el, "like 8 or 8.4")},
	{FIELD("exceptions", LIST, manifest, exceptions), .optional = true,
	 .max = MANIFEST_LIST_MAX,
	 INNER(manifest_table_exception, manifest_exception, manifest,
	       exception_count)},
	{.key = "format", .type = MANIFEST_FIELD_FORMAT, .words = format_words},
	{FIELD("kubernetes", TEXT, manifest, kubernetes),
	 MUST(text_is_kubernetes, "a version like v1.21.3")},
	{FIELD("note", TEXT, manifest, note), .optional = true, A_TEXT},
	{FIELD("revision", NUMBER, manifest, revision), .min = 1,
	 .max = MANIFEST_REVISION_MAX},
	{FIELD("services", LIST, manifest, services), .optional = true,
	 .max = MANIFEST_SERVICES_MAX,
	 INNER(manifest_table_service, manifest_service, manifest, service_count)},
	{FIELD("tls", OBJECT, manifest, tls), .inner = tls_table, .present = has_tls},
	{0},
};
