#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/tuf.sh [N...]: what a tree of N manifests (10 100 1000 10000) costs under TUF:
# a node's first update, one that brings nothing new, and publishing one more.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
for f in bin/fips-manifest bin/fips-manifestd tests/store_fill tests/tuf-client; do
	[ -x "$OUT/$f" ] || make -s -C "$TOP" "build/$f"
done
[ $# -gt 0 ] || set -- 10 100 1000 10000
exec python3 "$TOP/tests/bench/tuf.py" "$OUT" "$@"
