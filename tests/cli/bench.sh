#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two benches with few manifests: they run to their end and print their table. What they
# measure is for `make bench`, and held to no goal here.
. "$TOP/tests/cli/lib.sh"
need python3 gpg openssl taskset

mkdir out.d
ln -s "$BIN" out.d/bin
ln -s "$OUT/tests" out.d/tests
bench() { # bench NAME ARG...
	local name=$1
	shift
	expect 0 env OUT="$PWD/out.d" python3 -B "$TOP/tests/bench/$name.py" "$@"
	grep -vE '^[^|]+( \| [^|]*){4} \| (yes|NO|-)$' out && fail "not a row of the table"
	[ -s "out.d/bench/$name.json" ] || fail "no raw numbers"
}

step "carrying"
bench carry 2 2 3
says "mirror of 3 manifests, nothing new, requests | 2 requests" out

step "TUF"
bench tuf 2 3
says "TUF, 3 manifests: nothing new, requests | 2 requests" out
exit 0
