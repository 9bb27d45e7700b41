#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/tool.sh: what checking a node costs, against openssl, aide and a bare loop
# around OpenSSL over the same files. ROUNDS (5) by turns, medians.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
export TOP OUT
for c in python3 gpg openssl aide xargs; do
	command -v $c >/dev/null || {
		echo "bench: this machine has no $c" >&2
		exit 3
	}
done
make -s -C "$TOP" build/bin/fips-tool build/bench/tool_loop >&2
exec python3 -B "$TOP/tests/bench/tool.py" "$OUT"
