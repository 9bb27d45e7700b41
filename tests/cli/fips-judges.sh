#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tests of attacks, other implementations and tokens once more, with libgcrypt in FIPS mode.
. "$TOP/tests/cli/lib.sh"
need gpg

export LIBGCRYPT_FORCE_FIPS_MODE=1
i=0
for t in pgp-attacks interop hsm; do
	step "$t"
	i=$((i + 1))
	mkdir $i
	(cd $i && bash "$TOP/tests/cli/$t.sh" >log 2>&1) && continue
	tail -n 30 $i/log
	fail "$t fails in FIPS mode"
done
