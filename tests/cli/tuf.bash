# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the TUF tests beside lib.sh: Debian's own Python, which has the cryptography
# package, and faketime.
need faketime
python=/usr/bin/python3
"$python" -c 'import cryptography' 2>/dev/null || need python3-cryptography
# faketime is preloaded before ASan, which is fine here
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

# scenarios FILE: run a Python file of tests/tuf against tuf-client
scenarios() {
	"$python" "$TOP/tests/tuf/$1" "$OUT/tests/tuf-client" >log 2>&1
	local status=$?
	grep -v '^ok ' log
	[ $status = 0 ] || fail "not all scenarios pass"
}
