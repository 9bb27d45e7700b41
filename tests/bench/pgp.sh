#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/pgp.sh: what signing and verifying cost, against gpg and gpgv doing the same.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
[ -x "$OUT/bin/fips-manifest" ] || make -s -C "$TOP" build/bin/fips-manifest
exec python3 "$TOP/tests/bench/pgp.py" "$OUT" "$TOP/tests/data/manifest-el8-x86_64.json"
