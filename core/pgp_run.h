/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_run: the machine's gpgv, or its gpg, run once to verify a detached pair or to
 * list a keyring.
 *
 * Rules: it runs by its absolute path, and everything that it reads is handed to it:
 * keyring, text and signatures as sealed files in memory, named /proc/self/fd/N. There
 * is no home, no configuration of the user's, no agent, and nothing that could be left
 * behind. Only where there is no memfd or no /proc do they lie in a private folder.
 *
 * It may be started before there is anything to verify. Then it waits at a pipe for the
 * signatures, which it reads before the text, and they are written into that when the
 * text is whole and sealed: it cannot judge a text that may still change.
 *
 * gpgv comes first: it is made for this, reads no configuration and starts in 1.1 ms
 * where gpg takes 1.7. gpg does the same under our own gpg.conf. Both speak through
 * their status lines, which their manuals give to programs (pgp_status.h) and which
 * GPGME reads, too. gpgme_op_verify is not used: it cannot run gpgv, needs a home in a
 * folder, and runs gpg once more to ask its version (docs/TRUST.md has figures).
 */
#ifndef CORE_PGP_RUN_H
#define CORE_PGP_RUN_H

#include "core/buf.h"

/* Where the gpg of this machine is: ERR_SYSTEM when it has none. */
bool pgp_run_gpg(const char **out, struct error *err) MUST_CHECK;

/* Run a program, with nothing to read, to its end and append what it prints.
 * ERR_SYSTEM also when it prints nothing, or takes longer than 60 s. */
bool pgp_run_program(const char *program, const char *const *argv, struct buf *out,
		     struct error *err) MUST_CHECK;

/* Append what gpg tells of the keys, in colons: nothing of one that it does not accept.
 * ERR_SYSTEM as above, and where there is no gpg. */
bool pgp_run_list(const struct buf *keyring, struct buf *out,
		  struct error *err) MUST_CHECK;

/* One that was started and has nothing to verify yet. */
struct pgp_run;

/* Start it so: for 1 ms, which is what its start takes, other work can be done. NULL
 * when it does not work, for whatever reason: pgp_run_verify() starts it then, and
 * tells. `engine` and `keyring` as in the job below. */
struct pgp_run *pgp_run_begin(const char *engine, const struct buf *keyring);
/* AUTO(pgp_run_freep): end it when it still runs; nothing of it is left. */
void pgp_run_freep(struct pgp_run **r);

struct pgp_run_job {
	const char *engine;        /* a gpgv or gpg; NULL: this machine's */
	const struct buf *keyring; /* binary key packets */
	struct pgp_run *begun;     /* with these two; used once. May be NULL */
	const char *text;          /* as it was signed: without its last LF */
	size_t text_len;
	const char *signatures; /* binary packets */
	size_t signatures_len;
	int64_t deadline; /* of digest_many_now(), when it is ended; 0: after 60 s, as
			     also before a later one */
	bool (*meanwhile)(void *arg, struct error *err); /* done while it works */
	void *arg;
};

/* Append the status lines to `status`. One process, whatever the number of
 * signatures. ERR_SYSTEM: no gpgv and no gpg, or one that does not run or
 * does not end. */
bool pgp_run_verify(const struct pgp_run_job *job, struct buf *status,
		    struct error *err) MUST_CHECK;

#endif
