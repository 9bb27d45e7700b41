/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_edit: changing roles, for the repository side. Everything given is copied;
 * "put" replaces what has the same name and keeps the order that tuf_role wants.
 */
#ifndef CORE_TUF_EDIT_H
#define CORE_TUF_EDIT_H

#include "core/tuf_role.h"

/* Let a key sign for a role of root; ERR_CONFLICT when it does already. The
 * threshold stays: the caller sets r->roles[kind].threshold. */
bool tuf_edit_add_key(struct tuf_root *r, enum tuf_kind kind, const struct tuf_key *key,
		      struct error *err) MUST_CHECK;
/* ERR_NOT_FOUND. A key that no role names any more goes too. */
bool tuf_edit_remove_key(struct tuf_root *r, enum tuf_kind kind, const char *id,
			 struct error *err) MUST_CHECK;

bool tuf_edit_put_meta(struct tuf_snapshot *s, const struct tuf_meta *meta,
		       struct error *err) MUST_CHECK;

bool tuf_edit_put_target(struct tuf_targets *t, const struct tuf_target *target,
			 struct error *err) MUST_CHECK;

/* In the place of the delegation of that name, else at the end. The keys are those
 * that may sign it; d->signers.threshold counts, d->signers.ids is not read. */
bool tuf_edit_put_delegation(struct tuf_targets *t, const struct tuf_delegation *d,
			     const struct tuf_key *keys, size_t key_count,
			     struct error *err) MUST_CHECK;

#endif
