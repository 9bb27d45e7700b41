/* SPDX-License-Identifier: Apache-2.0 */
/* What a store says lists a digest. */
#include "tests/unit/sample.h"

struct hits {
	size_t count;
	struct store_hit first, last;
};

static bool hit(void *arg, const struct store_hit *h, struct error *why)
{
	struct hits *hits = arg;

	(void)why;
	if (!hits->count++)
		hits->first = *h;
	hits->last = *h;
	return true;
}

TEST(a_digest_finds_every_manifest_that_lists_it)
{
	AUTO(store_closep) struct store *s = sample_store("find.db");
	AUTO(manifest_clear) struct manifest sample = EMPTY;
	struct store_manifest m, later;
	struct store_signed f;
	struct hits hits = EMPTY;
	const struct manifest_component *c;
	struct digest none = EMPTY;

	sample_load(&sample);
	c = &sample.components[0];
	sample_put_named(s, "8", "v1.21.3", 1, &m);
	sample_put_named(s, "8", "v1.21.3", 2, &later);
	assert_ok(store_find_digest(s, &c->files[0].sha256, hit, &hits, &err));
	assert_int_equal(hits.count, 2);
	assert_int_equal(hits.first.manifest.revision, 2);
	assert_false(hits.first.superseded);
	assert_false(hits.last.superseded);
	assert_ok(store_publish_manifest(s, later.row, "AA", &err));
	hits.count = 0;
	assert_ok(store_find_digest(s, &c->files[0].sha256, hit, &hits, &err));
	assert_int_equal(hits.last.manifest.revision, 1);
	assert_false(hits.first.superseded);
	assert_true(hits.last.superseded);
	assert_string_equal(hits.first.component, c->name);
	assert_string_equal(hits.first.path, c->files[0].path);
	hits.count = 0;
	assert_ok(store_find_digest(s, &c->source.sha256, hit, &hits, &err));
	assert_int_equal(hits.count, 2);
	assert_string_equal(hits.first.path, "");
	hits.count = 0;
	assert_ok(store_find_digest(s, &m.digest, hit, &hits, &err));
	assert_int_equal(hits.count, 1);
	assert_string_equal(hits.first.component, "");
	hits.count = 0;
	assert_ok(store_signed(s, m.row, &f, &err));
	assert_ok(store_find_digest(s, &f.digest, hit, &hits, &err));
	assert_int_equal(hits.count, 1);
	hits.count = 0;
	assert_ok(store_find_digest(s, &none, hit, &hits, &err));
	assert_int_equal(hits.count, 0);
	none = c->files[0].sha256; /* another with the same first digits */
	none.bytes[DIGEST_SIZE - 1] ^= 1;
	assert_ok(store_find_digest(s, &none, hit, &hits, &err));
	assert_int_equal(hits.count, 0);
}

struct order {
	size_t count;
	char text[1024];
};

static bool order_hit(void *arg, const struct store_hit *h, struct error *why)
{
	struct order *o = arg;
	size_t len = strlen(o->text);

	(void)why;
	o->count++;
	snprintf(o->text + len, sizeof(o->text) - len, "%s %u %s:%s\n",
		 h->manifest.kubernetes, h->manifest.revision, h->component, h->path);
	return true;
}

/* Another component's file and artifact get the digest of the first one's file. */
TEST(what_lists_a_digest_comes_in_order_and_once)
{
	AUTO(store_closep) struct store *s = sample_store("order-find.db");
	AUTO(manifest_clear) struct manifest sample = EMPTY;
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	struct manifest_component *c, *last;
	struct order o = EMPTY;
	struct store_manifest m;
	char wanted[512];
	struct digest d;

	sample_load(&sample);
	c = &sample.components[0];
	last = &sample.components[sample.component_count - 1];
	d = c->files[0].sha256;
	assert_int_equal(c->source.type, MANIFEST_IMAGE);
	c->source.image_config = d;
	c->source.image_manifest = d;
	last->source.sha256 = d;
	last->files[0].sha256 = d;
	assert_ok(manifest_write(&sample, &text, &err));
	assert_ok(sample_put(s, &text, "x", STORE_COMPLETE, &m, &err));
	assert_ok(store_find_digest(s, &d, order_hit, &o, &err));
	snprintf(wanted, sizeof(wanted), "%s 1 %s:\n%s 1 %s:%s\n%s 1 %s:\n%s 1 %s:%s\n",
		 m.kubernetes, c->name, m.kubernetes, c->name, c->files[0].path,
		 m.kubernetes, last->name, m.kubernetes, last->name,
		 last->files[0].path);
	assert_string_equal(o.text, wanted);
	assert_int_equal(o.count, 4);
}
