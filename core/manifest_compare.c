/* SPDX-License-Identifier: Apache-2.0 */
#include "core/manifest.h"
#include "core/manifest_table.h"

enum { FIELD_NAME_MAX = 4096, TEXT_MAX = 64 * 1024 };

/* One comparison on its way through the tables; copied on the way down. */
struct place {
	const char *component, *path;
	const char *prefix; /* of field names: "source." */
	void (*each)(void *arg, const struct manifest_change *c);
	void *arg;
};

static const char empty[1]; /* what stands for an element that is not there */

static bool tell(const struct place *p, const char *field, const char *from,
		 const char *to, struct error *err)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(FIELD_NAME_MAX);

	buf_printf(&name, "%s%s", p->prefix, field);
	if (!buf_ok(&name, err))
		return false;
	p->each(p->arg, &(const struct manifest_change){.component = p->component,
							.path = p->path,
							.field = name.data,
							.from = from,
							.to = to});
	return true;
}

/* The text of a member, or nothing when it, or the struct, is not there. */
static const char *text(const struct manifest_field *f, const void *base, struct buf *b)
{
	if (base == empty || !manifest_field_has(f, base))
		return NULL;
	manifest_field_text(f, base, b);
	return b->data ? b->data : "";
}

static bool compare_value(const struct place *p, const struct manifest_field *f,
			  const void *a, const void *b, struct error *err)
{
	AUTO(buf_clear) struct buf left = BUF_MAX(TEXT_MAX), right = BUF_MAX(TEXT_MAX);
	const char *from = text(f, a, &left), *to = text(f, b, &right);

	if (!buf_ok(&left, err) || !buf_ok(&right, err))
		return false;
	if ((!from && !to) || (from && to && !strcmp(from, to)))
		return true;
	return tell(p, f->key, from, to, err);
}

static bool compare_struct(const struct place *p, const struct manifest_field *table,
			   const void *a, const void *b, struct error *err);

/* ---- lists: merged by what names an element ---- */

static const char *component_name(const void *element)
{
	return ((const struct manifest_component *)element)->name;
}

static const char *file_path(const void *element)
{
	return ((const struct manifest_file *)element)->path;
}

static const char *service_name(const void *element)
{
	return ((const struct manifest_service *)element)->name;
}

static const char *exception_subject(const void *element)
{
	const struct manifest_exception *x = element;

	return x->path ? x->path : x->component;
}

/* What speaks for a whole component or file that only one side has. */
static const char *component_sum(const void *element, char hex[DIGEST_HEX_SIZE])
{
	(void)hex;
	return ((const struct manifest_component *)element)->version;
}

static const char *file_sum(const void *element, char hex[DIGEST_HEX_SIZE])
{
	const struct manifest_file *f = element;

	return f->link ? f->link : digest_text(&f->sha256, hex);
}

static const struct list {
	const char *key;
	const char *(*name)(const void *element); /* the list is sorted by it */
	const char *(*sum)(const void *element, char hex[DIGEST_HEX_SIZE]);
} lists[] = {
	{"components", component_name, component_sum},
	{"exceptions", exception_subject, NULL},
	{"files", file_path, file_sum},
	{"services", service_name, NULL},
};

static const struct list *list_of(const struct manifest_field *f)
{
	size_t i = 0;

	while (strcmp(lists[i].key, f->key))
		i++;
	return &lists[i];
}

/* Two elements of one name, or one and `empty`. */
static bool compare_element(const struct place *p, const struct manifest_field *f,
			    const void *a, const void *b, struct error *err)
{
	const struct list *list = list_of(f);
	const char *name = list->name(a == empty ? b : a);
	AUTO(buf_clear) struct buf prefix = BUF_MAX(FIELD_NAME_MAX);
	struct place in = *p;
	char hex[DIGEST_HEX_SIZE];

	if (!list->sum) {
		buf_printf(&prefix, "%s[%s].", f->key, name);
		in.prefix = prefix.data;
		return buf_ok(&prefix, err) && compare_struct(&in, f->inner, a, b, err);
	}
	if (list->name == component_name)
		in.component = name;
	else
		in.path = name;
	if (a == empty)
		return tell(&in, "added", NULL, list->sum(b, hex), err);
	if (b == empty)
		return tell(&in, "removed", list->sum(a, hex), NULL, err);
	return compare_struct(&in, f->inner, a, b, err);
}

static bool compare_list(const struct place *p, const struct manifest_field *f,
			 const void *a, const void *b, struct error *err)
{
	const struct list *list = list_of(f);
	size_t i = 0, an = manifest_field_count(f, a);
	size_t k = 0, bn = manifest_field_count(f, b);

	while (i < an || k < bn) {
		const void *l = i < an ? manifest_field_element(f, a, i) : empty;
		const void *r = k < bn ? manifest_field_element(f, b, k) : empty;
		int cmp = l == empty   ? 1
			  : r == empty ? -1
				       : strcmp(list->name(l), list->name(r));

		if (!compare_element(p, f, cmp > 0 ? empty : l, cmp < 0 ? empty : r,
				     err))
			return false;
		i += cmp <= 0;
		k += cmp >= 0;
	}
	return true;
}

/* ---- structs ---- */

/* The struct of an inner object, or `empty` when it is not there. */
static const void *inner(const struct manifest_field *f, const void *base)
{
	if (base == empty || !manifest_field_has(f, base))
		return empty;
	return (const char *)base + f->at;
}

static bool compare_object(const struct place *p, const struct manifest_field *f,
			   const void *a, const void *b, struct error *err)
{
	AUTO(buf_clear) struct buf prefix = BUF_MAX(FIELD_NAME_MAX);
	struct place in = *p;

	buf_printf(&prefix, "%s%s.", p->prefix, f->key);
	in.prefix = prefix.data;
	return buf_ok(&prefix, err) &&
	       compare_struct(&in, f->inner, inner(f, a), inner(f, b), err);
}

static bool compare_struct(const struct place *p, const struct manifest_field *table,
			   const void *a, const void *b, struct error *err)
{
	for (const struct manifest_field *f = table; f->key; f++) {
		bool ok;

		if (f->type == MANIFEST_FIELD_OBJECT)
			ok = compare_object(p, f, a, b, err);
		else if (f->type == MANIFEST_FIELD_LIST)
			ok = compare_list(p, f, a, b, err);
		else
			ok = compare_value(p, f, a, b, err);
		if (!ok)
			return false;
	}
	return true;
}

bool manifest_compare(const struct manifest *a, const struct manifest *b,
		      void (*each)(void *arg, const struct manifest_change *c),
		      void *arg, struct error *err)
{
	const struct place p = {.prefix = "", .each = each, .arg = arg};

	return compare_struct(&p, manifest_table, a, b, err);
}
