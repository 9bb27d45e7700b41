/* SPDX-License-Identifier: Apache-2.0 */
#include "core/index.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

/* What index_write() gives for the index below, so that a change of the format is
 * seen. */
#define HEX "0000000000000000000000000000000000000000000000000000000000000000"
#define FPR "0123456789ABCDEF0123456789ABCDEF01234567"
static const char sample[] =
	"{\n"
	"  \"format\": \"fips-manifest-index/1\",\n"
	"  \"manifests\": [\n"
	"    {\n"
	"      \"arch\": \"x86_64\",\n"
	"      \"created\": \"2021-08-25T00:00:00Z\",\n"
	"      \"digest\": \"" HEX "\",\n"
	"      \"el\": \"8\",\n"
	"      \"kubernetes\": \"v1.21.3\",\n"
	"      \"path\": \"manifests/v1.21.3/manifest-el8-x86_64.json.asc\",\n"
	"      \"published\": \"2021-08-26T00:00:00Z\",\n"
	"      \"revision\": 2,\n"
	"      \"sha256\": \"" HEX "\",\n"
	"      \"signers\": [\n"
	"        \"" FPR "\"\n"
	"      ],\n"
	"      \"size\": 4711\n"
	"    }\n"
	"  ],\n"
	"  \"threshold\": 1,\n"
	"  \"tools\": [\n"
	"    {\n"
	"      \"arch\": \"x86_64\",\n"
	"      \"path\": \"tool/fips-tool-1.0.0-linux-x86_64\",\n"
	"      \"sha256\": \"" HEX "\",\n"
	"      \"size\": 3,\n"
	"      \"version\": \"1.0.0\"\n"
	"    }\n"
	"  ],\n"
	"  \"withdrawn\": [\n"
	"    {\n"
	"      \"arch\": \"x86_64\",\n"
	"      \"digest\": \"" HEX "\",\n"
	"      \"el\": \"8\",\n"
	"      \"kubernetes\": \"v1.21.3\",\n"
	"      \"reason\": \"wrong build\",\n"
	"      \"revision\": 1\n"
	"    }\n"
	"  ]\n"
	"}\n";

TEST(an_index_is_read_and_written_byte_for_byte)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(1 << 20);
	AUTO(index_clear) struct index x = EMPTY;

	assert_ok(index_parse(sample, strlen(sample), &x, &err));
	assert_int_equal(x.manifest_count, 1);
	assert_int_equal(x.manifests[0].revision, 2);
	assert_int_equal(x.manifests[0].created, 1629849600);
	assert_string_equal(x.manifests[0].signers[0], FPR);
	assert_int_equal(x.tools[0].size, 3);
	assert_string_equal(x.withdrawn[0].reason, "wrong build");
	assert_ok(index_write(&x, &out, &err));
	assert_string_equal(out.data, sample);
}

TEST(an_index_that_says_anything_else_is_refused)
{
	static const struct {
		const char *from, *to, *says;
	} tries[] = {
		{"index/1", "index/2", "format"},
		{"{\n  \"format\"", "{\n  \"extra\": 1,\n  \"format\"", "extra"},
		{"\"threshold\": 1", "\"threshold\": 0", "threshold"},
		{"\"threshold\": 1", "\"threshold\":  1", "line"},
		{"\"el\": \"8\"", "\"el\": \"8.04\"", "el"},
		{"\"kubernetes\": \"v1.21.3\"", "\"kubernetes\": \"v1.21\"",
		 "kubernetes"},
		{"\"arch\": \"x86_64\"", "\"arch\": \"i386\"", "arch"},
		/* a row of version X that links the manifest of version Y */
		{"manifests/v1.21.3/", "manifests/v1.21.4/", "path"},
		{"-el8-x86_64.json.asc", "-el8-x86_64.json", "path"},
		{"tool/fips-tool-1.0.0-", "tool/fips-tool-1.0.1-", "path"},
		{"tool/fips-tool", "../fips-tool", "path"},
		{"\"digest\": \"00", "\"digest\": \"0A", "digest"},
		{"\"sha256\": \"00", "\"sha256\": \"0", "sha256"},
		{"2021-08-26T00", "2021-08-26T24", "published"},
		{"\"revision\": 2", "\"revision\": 0", "revision"},
		{"\"size\": 4711", "\"size\": \"4711\"", "size"},
		{"\"" FPR "\"", "\"0123\"", "fingerprint"},
		{"[\n        \"" FPR "\"\n      ]", "[]", "signers"},
		{"\"wrong build\"", "\"\"", "reason"},
		{"      \"version\": \"1.0.0\"\n", "      \"version\": \"-\"\n",
		 "version"},
		{"}\n  ],\n  \"threshold\"", "},\n    null\n  ],\n  \"threshold\"",
		 "manifests"},
	};
	char text[sizeof(sample) + 64];

	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		struct index x = {.threshold = 77};
		const char *at = strstr(sample, tries[i].from);

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - sample), sample,
			 tries[i].to, at + strlen(tries[i].from));
		assert_err(ERR_FORMAT, index_parse(text, strlen(text), &x, &err));
		assert_says(tries[i].says);
		assert_int_equal(x.threshold, 77);
	}
}

static struct index_manifest row(const char *el, const char *kubernetes)
{
	struct index_manifest m = {.arch = "x86_64", .revision = 1, .size = 1};

	snprintf(m.el, sizeof(m.el), "%s", el);
	snprintf(m.kubernetes, sizeof(m.kubernetes), "%s", kubernetes);
	index_manifest_path(el, kubernetes, m.arch, m.path);
	m.signers = calloc(1, sizeof(*m.signers));
	memcpy(m.signers[m.signer_count++], FPR, sizeof(FPR));
	return m;
}

TEST(an_index_has_one_order)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(1 << 20);
	struct index_manifest rows[] = {row("10", "v1.21.3"),  row("8.10", "v1.21.3"),
					row("8", "v1.9.0"),    row("8", "v1.21.3"),
					row("8.4", "v1.21.3"), row("8", "v1.21.10")};
	static const char *const want[] = {"8",    "v1.21.10", "8",   "v1.21.3",
					   "8",    "v1.9.0",   "8.4", "v1.21.3",
					   "8.10", "v1.21.3",  "10",  "v1.21.3"};
	struct index x = {rows, ARRAY_LEN(rows), NULL, 0, NULL, 0, 1}, back = EMPTY;

	assert_ok(index_write(&x, &out, &err));
	assert_err(ERR_FORMAT, index_parse(out.data, out.len, &back, &err));
	assert_says("not in order");
	index_sort(&x);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(rows[i].el, want[2 * i]);
		assert_string_equal(rows[i].kubernetes, want[2 * i + 1]);
	}
	buf_reset(&out);
	assert_ok(index_write(&x, &out, &err));
	assert_ok(index_parse(out.data, out.len, &back, &err));
	index_clear(&back);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		free(rows[i].signers);
}

TEST(a_node_gets_the_row_of_its_very_el_before_the_one_of_its_major)
{
	struct index_manifest rows[] = {
		{.el = "8", .kubernetes = "v1.21.3", .arch = "x86_64"},
		{.el = "8.4", .kubernetes = "v1.21.3", .arch = "x86_64"},
		{.el = "8.4", .kubernetes = "v1.21.3", .arch = "aarch64"},
		{.el = "9", .kubernetes = "v1.22.0", .arch = "x86_64"},
	};
	struct index x = {.manifests = rows, .manifest_count = ARRAY_LEN(rows)};

	assert_ptr_equal(index_match(&x, "8.4", "v1.21.3", "x86_64"), &rows[1]);
	assert_ptr_equal(index_match(&x, "8.5", "v1.21.3", "x86_64"), &rows[0]);
	assert_ptr_equal(index_match(&x, "8.4", "v1.21.3", "aarch64"), &rows[2]);
	assert_ptr_equal(index_match(&x, "9.1", "v1.22.0", "x86_64"), &rows[3]);
	assert_null(index_match(&x, "8.5", "v1.21.3", "aarch64"));
	assert_null(index_match(&x, "9.1", "v1.21.3", "x86_64"));
	assert_null(index_match(&x, "80", "v1.21.3", "x86_64"));
}
