#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/tuf.sh [N...]: what a tree of N manifests (10 100 1000 10000) costs under TUF:
# a node's first update, one that brings nothing new, and publishing one more.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
export TOP OUT
make -s -C "$TOP" build/bin/fips-manifest build/bin/fips-manifestd build/tests/tuf-client >&2
[ $# -gt 0 ] || set -- 10 100 1000 10000
exec python3 -B "$TOP/tests/bench/tuf.py" "$@"
