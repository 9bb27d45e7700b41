# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash source-path=SCRIPTDIR
# The TUF client against each attack of the specification, each known bug of other clients,
# and bad input from servers and from its own state folder.
. "$TOP/tests/cli/lib.sh"
need faketime unshare
# Debian's own, which has the cryptography package
python=/usr/bin/python3
"$python" -c 'import cryptography' 2>/dev/null || need python3-cryptography
# faketime is preloaded before ASan, which is fine here
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

"$python" "$TOP/tests/tuf/attacks.py" "$OUT/tests/tuf-client" >log 2>&1
status=$?
grep -v '^ok ' log
[ $status = 0 ] || fail "not all scenarios pass"
