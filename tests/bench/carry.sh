#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/carry.sh: what export and import of CARRY_LARGE (1000) manifests of 1 MB cost
# against digesting and copying the same tar; memory; time a manifest of an import of each
# of CARRY_COUNTS ("100 1000 10000") small ones; what a mirror asks when nothing is new.
# 10 minutes and 10 GB of disk; CARRY_LARGE=100 CARRY_COUNTS="10 100" take one.
# What import costs beyond digesting and copying, a manifest of 1 MB: 20 ms to parse it, 16
# to list its 4600 digests for 'find', 10 for gpg; spread over the cores all but the list.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
[ -x "$OUT/bin/fips-manifest" ] || make -s -C "$TOP" build/bin/fips-manifest
# shellcheck disable=SC2086  # a list
exec python3 "$TOP/tests/bench/carry.py" "$TOP" "$OUT" "${CARRY_LARGE:-1000}" \
	${CARRY_COUNTS:-100 1000 10000}
