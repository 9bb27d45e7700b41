/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"
#include "server/digests.h"
#include "tests/unit/test.h"

#include <stdlib.h>

static struct bytes *sample(void)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(1 << 20);
	struct bytes *b;

	test_load("manifest-el8-x86_64.json", &text);
	b = bytes_new(text.data, text.len);
	assert_non_null(b);
	return b;
}

/* Of the text as revision 1 of EL 8, withdrawn, and of one tool. */
static struct digests *build(const char *data, size_t len, struct error *err_)
{
	const struct resource_spec tool = {.path = "/tool/t", .type = "x/y"};
	struct digests_source *sources = calloc(2, sizeof(*sources));
	struct digests *d = NULL;

	assert_non_null(sources);
	sources[0].text = bytes_new(data, len);
	assert_ok(digest_of_bytes(data, len, &sources[0].digest, &err));
	strcpy(sources[0].el, "8");
	strcpy(sources[0].kubernetes, "v1.21.3");
	strcpy(sources[0].arch, "x86_64");
	sources[0].revision = 1;
	sources[0].withdrawn = true;
	assert_ok(resource_new(&tool, sources[0].text, &sources[1].resource, &err));
	memset(&sources[1].digest, 0xab, sizeof(sources[1].digest));
	strcpy(sources[1].arch, "aarch64");
	assert_ok(digests_build(sources, 2, NULL, &d, &err));
	return d;
}

static size_t find(const struct digests *d, const char *hex, struct buf *out,
		   struct error *err_)
{
	struct digest wanted;
	size_t found = 0;

	buf_reset(out);
	assert_true(digest_unhex(hex, &wanted));
	assert_ok(digests_write(d, &wanted, out, &found, &err));
	return found;
}

TEST(digests_tell_every_place_of_a_manifest)
{
	static const struct {
		char digit;
		const char *says;
	} table[] = {
		{'1', "\"listed\": {\n        \"component\": \"kube-apiserver\",\n"
		      "        \"image\": \"config\"\n"},
		{'2', "        \"component\": \"kube-apiserver\",\n"
		      "        \"image\": \"manifest\"\n"},
		{'3', "        \"artifact\": \"kube-apiserver-v1.21.3_fips.0.tar\",\n"
		      "        \"component\": \"kube-apiserver\"\n"},
		{'4', "        \"component\": \"kubelet\",\n"
		      "        \"file\": \"/usr/bin/kubelet\"\n"},
		{'5', "        \"artifact\": \"kubelet-1.21.3-0.x86_64.rpm\",\n"
		      "        \"component\": \"kubelet\"\n"},
	};
	AUTO(buf_clear) struct buf out = BUF_MAX(1 << 20);
	struct bytes *text = sample();
	struct digests *d = build(text->data, text->len, err_);
	char hex[DIGEST_HEX_SIZE] = EMPTY;
	struct digest own;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		memset(hex, table[i].digit, sizeof(hex) - 1);
		assert_int_equal(find(d, hex, &out, err_), 1);
		if (!strstr(out.data, table[i].says) ||
		    !strstr(out.data, "\"withdrawn\": true"))
			fail_msg("%s", out.data);
	}
	assert_ok(digest_of_bytes(text->data, text->len, &own, &err));
	assert_int_equal(find(d, DIGEST_HEX(&own), &out, err_), 1);
	assert_non_null(strstr(out.data, "\"what\": \"manifest\""));
	memset(hex, 'a', sizeof(hex) - 1);
	assert_int_equal(find(d, hex, &out, err_), 0);
	for (size_t i = 0; i < sizeof(hex) - 1; i++)
		hex[i] = "ab"[i % 2];
	assert_int_equal(find(d, hex, &out, err_), 1);
	assert_non_null(strstr(out.data, "\"path\": \"tool/t\""));
	digests_drop(d);
	bytes_drop(text);
}

/* A neighbour that agrees in the first bytes is another digest. */
TEST(digests_compare_all_bytes)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(1 << 20);
	struct bytes *text = sample();
	struct digests *d = build(text->data, text->len, err_);
	char hex[DIGEST_HEX_SIZE] = EMPTY;

	memset(hex, '4', sizeof(hex) - 1);
	hex[63] = '5';
	assert_int_equal(find(d, hex, &out, err_), 0);
	digests_drop(d);
	bytes_drop(text);
}

/* Whatever the text is, the answer is JSON: cut anywhere, every byte changed. */
TEST(digests_of_damaged_texts_answer_in_json)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(1 << 20);
	struct bytes *text = sample();
	char *copy = malloc(text->len);

	assert_non_null(copy);
	for (size_t i = 0; i < text->len; i += 7) {
		AUTO(json_doc_clear) struct json_doc doc = EMPTY;
		struct digests *d;
		char hex[DIGEST_HEX_SIZE] = EMPTY;

		memset(hex, "12345"[i % 5], sizeof(hex) - 1);
		memcpy(copy, text->data, text->len);
		copy[i] = "\n\"{, \\0"[i / 7 % 7];
		d = build(copy, i % 2 ? i + 1 : text->len, err_);
		find(d, hex, &out, err_);
		assert_ok(json_parse(out.data, out.len, out.max, &doc, &err));
		digests_drop(d);
	}
	free(copy);
	bytes_drop(text);
}

/* Sources of these texts, held; NULL is left out. */
static struct digests *of_texts(struct bytes *const *texts, size_t count,
				const struct digests *previous, struct error *err_)
{
	struct digests_source *sources = calloc(count, sizeof(*sources));
	struct digests *d = NULL;
	size_t n = 0;

	assert_non_null(sources);
	for (size_t i = 0; i < count; i++) {
		if (!texts[i])
			continue;
		sources[n].text = bytes_hold(texts[i]);
		assert_ok(digest_of_bytes(texts[i]->data, texts[i]->len,
					  &sources[n].digest, &err));
		strcpy(sources[n].arch, "x86_64");
		sources[n++].revision = (unsigned)i + 1;
	}
	assert_ok(digests_build(sources, n, previous, &d, &err));
	return d;
}

static void same_answer(const struct digests *a, const struct digests *b,
			const char *hex, size_t places, struct error *err_)
{
	AUTO(buf_clear) struct buf x = BUF_MAX(1 << 20), y = BUF_MAX(1 << 20);

	assert_int_equal(find(a, hex, &x, err_), places);
	assert_int_equal(find(b, hex, &y, err_), places);
	assert_string_equal(x.data, y.data);
}

TEST(digests_that_were_read_before_give_the_same_answers)
{
	AUTO(buf_clear) struct buf other = BUF_MAX(1 << 20);
	struct bytes *a = sample(), *b, *c;
	struct digests *nothing, *before, *again, *fresh;
	char hex[DIGEST_HEX_SIZE] = EMPTY;

	/* three texts that list the same, each of another digest */
	buf_append(&other, a->data, a->len);
	memcpy(strstr(other.data, "v1.21.3"), "v1.21.4", 7);
	b = bytes_new(other.data, other.len);
	memcpy(strstr(other.data, "v1.21.4"), "v1.21.5", 7);
	c = bytes_new(other.data, other.len);
	memset(hex, '4', sizeof(hex) - 1);
	nothing = of_texts((struct bytes *[]){NULL}, 1, NULL, err_);
	before = of_texts((struct bytes *[]){a, b}, 2, nothing, err_);
	digests_drop(nothing);
	/* one in front, one gone; then one in the middle */
	again = of_texts((struct bytes *[]){c, a}, 2, before, err_);
	fresh = of_texts((struct bytes *[]){c, a}, 2, NULL, err_);
	same_answer(again, fresh, hex, 2, err_);
	digests_drop(before);
	digests_drop(fresh);
	before = again;
	again = of_texts((struct bytes *[]){c, b, a}, 3, before, err_);
	fresh = of_texts((struct bytes *[]){c, b, a}, 3, NULL, err_);
	same_answer(again, fresh, hex, 3, err_);
	memset(hex, '0', sizeof(hex) - 1);
	same_answer(again, fresh, hex, 0, err_);
	digests_drop(before);
	digests_drop(again);
	digests_drop(fresh);
	bytes_drop(a);
	bytes_drop(b);
	bytes_drop(c);
}
