#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/carry.sh: what export and import of CARRY_LARGE (1000) manifests of 1 MB cost
# against digesting and copying the same tar; memory; time a manifest of an import of each
# of CARRY_COUNTS ("100 1000 10000") small ones; what a mirror asks when nothing is new.
# 10 minutes and 10 GB of disk; CARRY_LARGE=100 CARRY_COUNTS="10 100" take one.
# What import costs, a manifest of 1 MB, in ms of CPU on all cores: 9 for gpgv, 5 to parse
# it, 2 to digest it, 1 to store it and list its 4600 digests for 'find', 1 to read and cut
# it. 1000 of them took 11 s where sha256sum and cp took 10; 10,000 small ones 11 s and
# 56 MB.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
export TOP OUT
[ -x "$OUT/bin/fips-manifest" ] || make -s -C "$TOP" build/bin/fips-manifest
# shellcheck disable=SC2086  # a list
exec python3 -B "$TOP/tests/bench/carry.py" "${CARRY_LARGE:-1000}" \
	${CARRY_COUNTS:-100 1000 10000}
