#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/build.sh: what building a manifest costs, against rpm2cpio, cpio and
# sha256sum on the same RPMs. ROUNDS (5) by turns, medians.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
export TOP OUT
. "$TOP/tests/cli/fixtures.sh"
for c in python3 rpm2cpio cpio rpmbuild; do
	command -v $c >/dev/null || {
		echo "bench: this machine has no $c" >&2
		exit 3
	}
done
fixture bench
make -s -C "$TOP" build/bin/fips-manifest build/bench/build_floor >&2
exec python3 -B "$TOP/tests/bench/build.py" "$OUT" "$FIXTURES"
