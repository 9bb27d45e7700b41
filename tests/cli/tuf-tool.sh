#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fips-tool --server under TUF: current, complete, meant for this node. The metadata is
# made by Python (tests/tuf/tree.py), the manifests are signed by gpg.
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
# shellcheck source=tests/cli/tuf.bash
. "$TOP/tests/cli/tuf.bash"
need gpg jq

new_key alice
new_key mallory
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet >kubelet.json

signed() { # signed NAME KEY JQ: NAME.json.asc
	manifest "$1.json" "$3" <kubelet.json
	sign "$1.json" "$2"
}
signed one alice '.revision = 1'
signed two alice '.revision = 2'
signed seven alice '.el = "7"'
signed forged mallory '.kubernetes = "v1.22.0"'
"$python" "$TOP/tests/tuf/tree.py" trees alice.asc one.json.asc seven.json.asc \
	forged.json.asc : two.json.asc || fail "no trees"
ln -s trees/1 now
background server.log "$python" -u -m http.server --bind 127.0.0.1 --directory now 0
wait_for 60 grep -q 'port [0-9]' server.log || fail "no python server"
url=http://127.0.0.1:$(sed -n 's/.*port \([0-9]*\).*/\1/p' server.log | head -n 1)

tool() { # as a node does, with a state of its own
	fips-tool --root root --server "$url" --state state --kubernetes v1.21.3 "$@"
}
requests() { grep -c '"GET ' server.log; }

step "the root is needed once"
expect 3 tool
says "no root to begin with"
one_line
expect 0 tool --trust trees/root.json
grep -qE '  metadata timestamp  *version 2, expires 20' out || fail "$(cat out)"
expect 0 tool
says "$url/manifests/v1.21.3/manifest-el8-x86_64.json.asc" out
before=$(requests)
expect 0 tool --json
[ $(($(requests) - before)) = 2 ] || fail "nothing new took $(($(requests) - before)) requests"
jq -e '[.checks[] | select(.subject | startswith("metadata "))] |
	map("\(.subject) \(.actual | split(",")[0])") == ["metadata root version 1",
	"metadata timestamp version 2", "metadata snapshot version 2",
	"metadata targets version 2", "metadata el8 version 1"] and
	(.[0].actual | startswith("version 1, expires 20"))' out >/dev/null || fail "the report does not say what was used"

step "the pinned keyring counts as well"
expect 0 tool --keyring alice.asc
expect 2 tool --keyring mallory.asc
one_line
expect 2 fips-tool --root root --server "$url" --state state --kubernetes v1.22.0
says "made by a key that is not in the keyring"
one_line

step "which one"
expect 3 fips-tool --root root --server "$url" --state state --kubernetes v1.23.0
says "has no manifest for EL 8.4, Kubernetes v1.23.0, x86_64"
secret=http://node:mellon@${url#http://}
expect 3 fips-tool --root root --server "$secret" --state state --kubernetes v1.23.0
expect 0 fips-tool --json --root root --server "$secret" --state state --kubernetes v1.21.3
says "$url/manifests" out
grep -q mellon out err && fail "a password is shown: $(cat out err)"
expect 1 tool --el 7
says "revision 1" out

step "a newer statement, and a new root"
ln -sfn trees/2 now
expect 0 tool
says "revision 2" out
says "revision 1 was withdrawn: the wrong containerd" out
[ "$(jq .signed.version state/root.json)" = 2 ] || fail "the new root is not kept"

step "rollback: what was published before is refused"
ln -sfn trees/1 now
expect 2 tool
says "timestamp 2: rolled back from version 3 to 2"
one_line
ln -sfn trees/2 now
expect 0 tool

step "frozen: it expires"
expect 2 faketime -f '+31d' fips-tool --root root --server "$url" --state state \
	--kubernetes v1.21.3
says "expired on "
one_line
expect 0 faketime -f '+31d' fips-tool --root root --server "$url" --state state \
	--kubernetes v1.21.3 --as-of-last-seen
says "timestamp 3 expired on" out
says "is used as of last seen" out

step "no server: what was seen last, and only when it is said so"
expect 3 fips-tool --root root --server http://127.0.0.1:1 --state state --kubernetes v1.21.3
one_line
expect 0 fips-tool --root root --as-of-last-seen --state state --kubernetes v1.21.3
says "revision 2" out
# this tree has no index to tell the only version by
expect 3 fips-tool --root root --as-of-last-seen --state state
says "no role vouches for the target 'index.json'"
expect 3 fips-tool --root root --as-of-last-seen --state empty --kubernetes v1.21.3
one_line

step "what lies in the state is held against its digest"
f=$(echo state/targets/manifests*v1.21.3*el8*)
echo >>"$f"
expect 0 tool
cmp -s "$f" two.json.asc || fail "the damaged manifest was not fetched again"
echo >>"$f"
expect 3 fips-tool --root root --as-of-last-seen --state state --kubernetes v1.21.3
says "no server is asked"

step "a tree that was changed"
cp -r trees/2 trees/bad
ln -sfn trees/bad now
target=$(echo trees/bad/targets/manifests/v1.21.3/*.manifest-el8-*)
rm -r state/targets
echo >>"$target"
expect 3 tool
says "the server sends more than is allowed here"
one_line
tr R S <trees/2/"${target#trees/bad/}" >"$target"
expect 2 tool
says "its SHA-256 is not the one that is signed"
one_line
rm trees/bad/metadata/*.el8.json state/el8.json
expect 3 tool
says "el8 2: "
says "the server answers 404"
one_line
echo '<html>It works!</html>' >trees/bad/metadata/3.root.json
expect 3 tool
says "root 3: "
one_line

step "another repository"
"$python" "$TOP/tests/tuf/tree.py" others alice.asc one.json.asc : two.json.asc
ln -sfn others/1 now
expect 2 tool
says "timestamp: signed by 0 of the 1 keys that are needed"
one_line
expect 2 tool --state fresh --trust trees/root.json
ln -sfn trees/1 now
expect 0 tool --state fresh
expect 2 tool --state fresh --trust others/root.json
says "the state folder is another repository's"
one_line
jq '.signed.version = 5' trees/root.json >raised.json
expect 2 tool --state fresh --trust raised.json
says "the root that --trust gives: root: by the keys of root 5: signed by 0 of the 1 keys"
one_line

step "a root that is built in"
mkdir built
make -s -C "$TOP" "$PWD/built/gen/trust.inc" OUT="$PWD/built" TRUST="$PWD/trees/root.json" ||
	fail "cannot make trust.inc"
printf '#include <stdio.h>\n#include "trust.inc"\n%s\n' \
	'int main(void){fwrite(trust_root, 1, sizeof(trust_root) - 1, stdout);}' >show.c
cc -Wall -Wextra -Werror -Wconversion -Ibuilt/gen show.c -o show && ./show >shown
cmp shown trees/root.json || fail "what is built in is not the root"
