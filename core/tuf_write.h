/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_write: roles as the "signed" part of a metadata file: compact JSON with sorted
 * keys, what tuf_sign_new() takes. Written and read again, a role is the same.
 */
#ifndef CORE_TUF_WRITE_H
#define CORE_TUF_WRITE_H

#include "core/tuf_role.h"

#define TUF_SPEC_VERSION "1.0.34"

bool tuf_write_root(const struct tuf_root *r, struct buf *out,
		    struct error *err) MUST_CHECK;
bool tuf_write_timestamp(const struct tuf_timestamp *t, struct buf *out,
			 struct error *err) MUST_CHECK;
bool tuf_write_snapshot(const struct tuf_snapshot *s, struct buf *out,
			struct error *err) MUST_CHECK;
bool tuf_write_targets(const struct tuf_targets *t, struct buf *out,
		       struct error *err) MUST_CHECK;

#endif
