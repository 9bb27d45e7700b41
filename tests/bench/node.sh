#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/node.sh: what the whole check of a live node costs: files, images, processes
# against a bare loop around OpenSSL over the same inodes; TLS probing in connections and
# seconds. In namespaces of its own. ROUNDS (9) by turns, medians.
#
# What limits it: the node is in FIPS mode, in which libgcrypt tests itself before anything
# (26 ms of CPU in `gpgv --version` that it does not take elsewhere; gpg is no better). That is
# 4.5 of the 5 % that --nice may take beyond hashing, so a row without it stands beside the
# whole. Meanwhile the other core lists processes and digests the tool; what else there is to
# do depends on the manifest. A process costs six system calls, its environment is read of
# components alone.
set -eu
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
OUT=${OUT:-$TOP/build}
export TOP OUT
fail() { echo "bench: $*" >&2; exit 1; }
skip() { echo "bench: $*" >&2; exit 3; }
for c in python3 gpg openssl nginx unshare ip; do
	command -v $c >/dev/null || skip "this machine has no $c"
done
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
own_node "$0"
work=$(mktemp -d "$OUT/bench/node-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
become_node
set -e
GNUPGHOME=$(mktemp -d /tmp/fb-XXXXXX) # gpg's sockets take no long path
export GNUPGHOME
trap 'gpgconf --kill all; rm -rf "$work" "$GNUPGHOME"' EXIT
new_key bench
python3 -B "$TOP/tests/bench/node.py" "$OUT"
