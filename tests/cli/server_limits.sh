#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fips-manifestd is not bothered: limits of headers and connections, deadlines, the end
# that lets requests under way finish, SIGHUP at any time, a log that nobody can forge.
# long
. "$TOP/tests/cli/lib.sh"
need python3

head -c 20000000 /dev/urandom >tool
"$OUT/tests/store_fill" s.db 0 5 tool || fail "store_fill"
# what takes its time does so beside the rest
python3 "$TOP/tests/cli/server_limits.py" end_slow >slow 2>&1 &
PIDS+=("$!")
slow=$!
for t in headers deadlines end_idle end_asked end_half hangups per_address per_address_6 \
	mapped log_lines log_stuck; do
	step "$t"
	python3 "$TOP/tests/cli/server_limits.py" $t || fail "$t"
done
step "end_slow"
wait "$slow" || fail "$(cat slow)"
step "bad_store"
python3 "$TOP/tests/cli/server_limits.py" bad_store || fail "bad_store"
