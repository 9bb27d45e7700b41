#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fips-manifestd under bad input, over raw sockets: malformed requests, targets that look
# for files, ranges, slow clients, more connections than there is room for.
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/server_lib.bash"
need python3

head -c 6000000 /dev/urandom >tool
"$OUT/tests/store_fill" s.db 0 5 tool || fail "store_fill"
ulimit -n "$(ulimit -Hn)"
serve --store s.db --timeout 3 --min-rate 10000000 --connections 800 --per-address 400 \
	--access-log off
descriptors() { find "/proc/$PID/fd" -type l | wc -l; }
before=$(descriptors)
for t in malformed targets ranges lists pipeline strangers slow many full; do
	step "$t"
	python3 "$TOP/tests/cli/server_raw.py" "$PORT" "$PID" "$t" || fail "$t: $(cat log)"
done

step "no descriptor is left behind, and the end is clean"
none_left() { [ "$(descriptors)" -le "$before" ]; }
wait_for 60 none_left || fail "$(descriptors) descriptors, $before before"
stop
