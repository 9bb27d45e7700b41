/* SPDX-License-Identifier: Apache-2.0 */
#include "core/page.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

static char signer[1][65] = {"0123456789ABCDEF0123456789ABCDEF01234567"};

static const struct index_manifest el8 = {
	.el = "8",
	.kubernetes = "v1.21.3",
	.arch = "x86_64",
	.revision = 2,
	.created = 1629849600,
	.path = "manifests/v1.21.3/manifest-el8-x86_64.json.asc",
	.signers = signer,
	.signer_count = 1,
};
static const struct index_tool tool = {
	.version = "1.0.0",
	.arch = "x86_64",
	.path = "tool/fips-tool-1.0.0-linux-x86_64",
	.digest = {{0xab}},
	.size = 6123456,
};

static struct index index_of(struct index_manifest *m, struct index_tool *t)
{
	*m = el8;
	*t = tool;
	return (struct index){.manifests = m,
			      .manifest_count = 1,
			      .tools = t,
			      .tool_count = 1,
			      .threshold = 1};
}

static const struct page_beside none = EMPTY, all = {.keys = true, .signed_sums = true};

#define assert_has(b, part)                                                            \
	do {                                                                           \
		if (!strstr((b)->data, part))                                          \
			fail_msg("the page has no '%s':\n%s", part, (b)->data);        \
	} while (0)

/* What is copied must run on the node that it is copied to. */
TEST(page_gives_the_newest_tool_for_each_architecture)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 20);
	struct index_tool t[3] = {tool, tool, tool};
	struct index_manifest m;
	struct index x = index_of(&m, t);

	strcpy(t[0].arch, "aarch64");
	strcpy(t[0].path, "tool/fips-tool-1.0.0-linux-aarch64");
	strcpy(t[2].version, "0.9.0");
	strcpy(t[2].path, "tool/fips-tool-0.9.0-linux-x86_64");
	x.tool_count = ARRAY_LEN(t);
	assert_ok(page_write(&x, &none, &b, &err));
	assert_has(&b, "on aarch64:</p>");
	assert_has(&b, "install -m 0755 fips-tool-1.0.0-linux-aarch64");
	assert_has(&b, "on x86_64:</p>");
	assert_has(&b, "install -m 0755 fips-tool-1.0.0-linux-x86_64");
	assert_null(strstr(b.data, "install -m 0755 fips-tool-0.9.0"));
}

TEST(page_links_what_the_index_says)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 20);
	struct index_manifest m;
	struct index_tool t;
	struct index x = index_of(&m, &t);

	assert_ok(page_write(&x, &none, &b, &err));
	assert_has(&b, "href=\"manifests/v1.21.3/manifest-el8-x86_64.json.asc\"");
	assert_has(&b, "2021-08-25");
	assert_has(&b, "title=\"0123456789ABCDEF0123456789ABCDEF01234567\"");
	assert_has(&b, "echo \"ab000000000000000000000000000000000000000000000000000000"
		       "00000000  fips-tool-1.0.0-linux-x86_64\" | sha256sum -c");
	assert_null(strstr(b.data, "manifest-el8-x86_64.html"));
}

TEST(page_links_what_is_there_alone)
{
	static const char *const keys[] = {"keys/release.asc", "--keyring"};
	AUTO(buf_clear) struct buf without = BUF_MAX(1 << 20), with = BUF_MAX(1 << 20);
	AUTO(buf_clear) struct buf empty = BUF_MAX(1 << 20);
	struct index_manifest m;
	struct index_tool t;
	struct index x = index_of(&m, &t);

	assert_ok(page_write(&x, &none, &without, &err));
	assert_ok(page_write(&x, &all, &with, &err));
	x = (struct index){.threshold = 1};
	assert_ok(page_write(&x, &none, &empty, &err));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		assert_has(&with, keys[i]);
		assert_null(strstr(without.data, keys[i]));
		assert_null(strstr(empty.data, keys[i]));
	}
	assert_has(&with, "href=\"tool/SHA256SUMS.asc\"");
	assert_has(&without, "href=\"tool/SHA256SUMS\"");
	assert_null(strstr(without.data, "SHA256SUMS.asc"));
	assert_null(strstr(empty.data, "SHA256SUMS"));
}

TEST(page_quotes_paths_as_urls)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 20);
	struct index_manifest m;
	struct index_tool t;
	struct index x = index_of(&m, &t);

	strcpy(m.path, "manifests/v1.21.3+fips.0/manifest-el8-x86_64.json.asc");
	strcpy(t.path, "tool/fips-tool-1.0^rc1-linux-x86_64");
	assert_ok(page_write(&x, &all, &b, &err));
	assert_has(&b,
		   "href=\"manifests/v1.21.3%2Bfips.0/manifest-el8-x86_64.json.asc\"");
	assert_has(&b,
		   "</span>/manifests/v1.21.3%2Bfips.0/manifest-el8-x86_64.json.asc");
	assert_has(&b, "href=\"tool/fips-tool-1.0%5Erc1-linux-x86_64\"");
}

TEST(page_as_served_links_the_views_and_tells_how_fresh_it_is)
{
	const struct page_about about = {.roles = {{"timestamp", 7, 1629849600}},
					 .role_count = 1};
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 20);
	struct index_manifest m;
	struct index_tool t;
	struct index x = index_of(&m, &t);

	assert_ok(page_write_served(&x, &about, &b, &err));
	assert_has(&b, "href=\"manifests/v1.21.3/manifest-el8-x86_64.html\"");
	assert_has(&b, "<dt>timestamp</dt><dd>version 7, ");
	assert_has(&b, "until <time datetime=\"2021-08-25T00:00:00Z\">2021-08-25");
}

TEST(page_as_served_by_a_mirror_tells_what_its_site_says)
{
	struct page_about about = {
		.roles = {{"snapshot", 7, 1629849600}},
		.role_count = 1,
		.is_site = true,
		.site = {.name = "Reactor \"4\" <north>",
			 .source = "https://a.example/?a&b",
			 .arrived = 1629849600,
			 .checked = 1629936060,
			 .snapshot = {7, {{0xcd}}}},
	};
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 20), other = BUF_MAX(1 << 20);
	struct index_manifest m;
	struct index_tool t;
	struct index x = index_of(&m, &t);

	assert_ok(page_write_served(&x, &about, &b, &err));
	assert_has(&b, "<dd>Reactor &quot;4&quot; &lt;north&gt;</dd>");
	assert_has(&b, "<dd>https://a.example/?a&amp;b</dd>");
	assert_has(&b, ">2021-08-25 00:00 UTC</time>");
	assert_has(&b, ">2021-08-26 00:01 UTC</time>");
	assert_has(&b, "<dd>version 7<br><span class=\"quiet digest\">cd00");
	assert_has(&b, "href=\"site/statement.json\"");
	assert_null(strstr(b.data, "not the one that is served"));
	about.site.snapshot.version = 6;
	assert_ok(page_write_served(&x, &about, &other, &err));
	assert_has(&other,
		   "<dd>version 6, <span class=\"bad\">which is not the one that "
		   "is served");
}

TEST(page_of_an_empty_index_says_so)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 20);
	struct index x = {.threshold = 1};

	assert_ok(page_write(&x, &none, &b, &err));
	assert_has(&b, "Nothing is published yet");
	assert_null(strstr(b.data, "Check a node"));
	assert_null(strstr(b.data, "Withdrawn"));
}

TEST(page_escapes_every_value)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 20);
	struct index_withdrawn w = {.el = "8",
				    .kubernetes = "v1.21.3",
				    .arch = "x86_64",
				    .reason = "<script>alert('\"&')</script>"};
	struct index x = {.withdrawn = &w, .withdrawn_count = 1, .threshold = 1};

	assert_ok(page_write(&x, &none, &b, &err));
	assert_null(strstr(b.data, "alert('"));
	assert_has(&b, "&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;");
}

TEST(page_over_the_ceiling_is_refused)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(100);
	struct index x = {.threshold = 1};

	assert_err(ERR_LIMIT, page_write(&x, &none, &b, &err));
}

/* What the policy names is what stands between the tags. */
TEST(page_policy_has_the_digests_of_style_and_script)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 20), policy = BUF_MAX(4096);
	static const char *const tags[] = {"style", "script"};
	struct index x = {.threshold = 1};

	assert_ok(page_write(&x, &none, &b, &err));
	assert_ok(page_policy(&policy, &err));
	assert_null(strstr(policy.data, "unsafe"));
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		AUTO(buf_clear) struct buf open = BUF_MAX(16), close = BUF_MAX(16);
		AUTO(buf_clear) struct buf want = BUF_MAX(128);
		struct digest d;
		char *from, *to;

		buf_printf(&open, "<%s>", tags[i]);
		buf_printf(&close, "</%s>", tags[i]);
		from = strstr(b.data, open.data);
		assert_non_null(from);
		from += open.len;
		to = strstr(from, close.data);
		assert_non_null(to);
		assert_ok(digest_of_bytes(from, (size_t)(to - from), &d, &err));
		buf_puts(&want, "'sha256-");
		text_base64(d.bytes, sizeof(d.bytes), &want);
		assert_has(&policy, want.data);
	}
}
