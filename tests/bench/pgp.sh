#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/pgp.sh: what signing and verifying cost, against gpg and gpgv doing the same.
#
# What limits verifying one manifest of 1 MB, of 12.3 ms: gpgv takes 8.5 of them for the
# detached text (a look-up of strchr(3) a byte), starting ours 2.0, reading 0.5, starting
# gpgv 1.3, in which the file is cut and handed over, and our end 0.4. Fingerprints and
# digest are computed while gpgv works. Not done: loading SQLite and GPGME late would save
# 0.35, starting gpgv before the file is read 0.3.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
[ -x "$OUT/bin/fips-manifest" ] || make -s -C "$TOP" build/bin/fips-manifest
exec python3 -B "$TOP/tests/bench/pgp.py" "$OUT" "$TOP/tests/data/manifest-el8-x86_64.json"
