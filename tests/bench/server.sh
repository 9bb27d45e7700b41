#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/server.sh BUILD: fips-manifestd against nginx that serves the same files.
# Prints lines "work | ours | peer | ratio | goal | reached?"; raw numbers go to
# BUILD/bench/server.json. ROWS="1k 64k" measures these alone (1k 30k 64k 6m 304 close
# start publish digests), ROWS=prepare makes the store of 10,000 manifests that the last
# three need and that stays in BUILD/bench.
set -eu
out=$(realpath "${1:-build}")
for c in nginx wrk taskset python3; do
	PATH=$PATH:/usr/sbin command -v $c >/dev/null || {
		echo "bench: this machine has no $c; install nginx-light wrk" >&2
		exit 3
	}
done
mkdir -p "$out/bench"
make -s -C "$(dirname "$0")/../.." build/bin/fips-manifestd build/tests/store_fill \
	build/bench/http_load >&2
exec python3 -B "$(dirname "$0")/server.py" "$out"
