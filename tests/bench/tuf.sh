#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/tuf.sh [N...]: what a tree of N manifests (10 100 1000 10000) costs under TUF:
# a node's first update and one that brings nothing new (the reach at 1,000: at most 20
# requests, 64 kB beside the manifest; under 5 ms of CPU beyond a process's start), and
# what it costs to publish one more. BIN and OUT as tests/run sets them.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
BIN=${BIN:-$top/build/bin} OUT=${OUT:-$top/build}
work=$(mktemp -d)
pid=
finish() {
	[ -z "$pid" ] || kill "$pid"
	rm -rf "$work"
}
trap finish EXIT
cd "$work"

timed() { # timed COMMAND...: milliseconds of wall
	local from
	from=$(date +%s%N)
	"$@" >/dev/null 2>said
	echo $((($(date +%s%N) - from) / 1000000))
}
maker() { "$BIN/fips-manifest" --store store.db "$@" --passphrase-fd 3 3<<<"correct horse battery"; }

[ $# -gt 0 ] || set -- 10 100 1000 10000
for n; do
	rm -rf store.db*
	"$OUT/tests/store_fill" store.db 0 "$n" >/dev/null
	first=$(timed maker root init)
	echo "$n manifests: $first ms to sign all of them for the first time"
	"$BIN/fips-manifestd" --store store.db --listen 127.0.0.1:0 >log 2>&1 &
	pid=$!
	until url=$(grep -o '127\.0\.0\.1:[1-9][0-9]*' log); do sleep 0.1; done
	url=http://$(echo "$url" | head -n 1)
	curl -sf "$url/metadata/1.root.json" >root.json
	/usr/bin/python3 "$top/tests/bench/tuf_cost.py" "$OUT/tests/tuf-client" "$url" root.json \
		manifests/v1.$((n / 2)).0/manifest-el8-x86_64.json.asc | sed 's/^/    /'
	kill "$pid"
	pid=
	"$OUT/tests/store_fill" store.db "$n" 1 >/dev/null
	echo "    one more:     $(timed maker publish) ms to publish, $(cat said)"
	echo "    refresh:      $(timed maker refresh) ms"
done
