#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/pgp.sh: what signing and verifying cost, against gpg and gpgv doing the same.
#
# What limits verifying one manifest of 1 MB, of 12.5 ms: gpgv takes 8.7 of them for the
# detached text (a look-up of strchr(3) a byte), starting ours 1.8, reading and cutting 0.7,
# handing over and starting gpgv 0.4. Fingerprints and digest are computed meanwhile.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
[ -x "$OUT/bin/fips-manifest" ] || make -s -C "$TOP" build/bin/fips-manifest
exec python3 "$TOP/tests/bench/pgp.py" "$OUT" "$TOP/tests/data/manifest-el8-x86_64.json"
