#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two servers in two network namespaces, one mirroring the other, and a node that reaches
# the second alone. The cable between them is pulled, and is plugged in again.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
PATH=$PATH:/usr/sbin:/sbin
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 # not where strace looks on
need gpg jq curl ip tc unshare nsenter strace

# In namespaces that end with the test: a network, and the folder where ip names others.
if [ -z "${ISOLATED-}" ]; then
	isolate=(unshare --mount --net)
	[ "$(id -u)" = 0 ] || isolate+=(--user --map-root-user)
	"${isolate[@]}" sh -c 'mount -t tmpfs none /run && ip netns add x && ip link add y type veth' \
		2>err || skip "this machine refuses network namespaces: $(tail -n 1 err)"
	ISOLATED=1 exec "${isolate[@]}" bash "$0"
fi
mount -t tmpfs none /run || fail "no tmpfs"
at() { # at NAMESPACE COMMAND...
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" -- "$@"
}
for ns in authority site node; do
	ip netns add $ns
	ip -n $ns link set lo up
done
cable() { # cable NAMESPACE ADDRESS NAMESPACE ADDRESS
	ip -n "$1" link add "to-$3" type veth peer name "to-$1" netns "$3"
	ip -n "$1" address add "$2/24" dev "to-$3"
	ip -n "$3" address add "$4/24" dev "to-$1"
	ip -n "$1" link set "to-$3" up
	ip -n "$3" link set "to-$1" up
}
cable authority 10.9.1.1 site 10.9.1.2
cable site 10.9.2.1 node 10.9.2.2
outer=http://10.9.1.1:8080 inner=http://10.9.2.1:8080

make_store roles
release 8 v1.21.3
make_program program 100000
expect 0 fips-manifest tool add program --version 1.0.0 --arch x86_64
publish
expect 0 fips-manifest export a

step "the site mirrors the authority, and serves what it has"
background outer.log nsenter --net=/run/netns/authority -- fips-manifestd --store s.db --listen 10.9.1.1:8080
wait_for 30 at site curl -sf $outer/index.json || fail "$(cat outer.log)"
at node curl -s --connect-timeout 2 $outer/index.json && fail "the node reaches the authority"
expect 0 at site fips-manifest --store m.db init --no-roles --quiet
expect 0 at site fips-manifest --store m.db mirror $outer --trust root.json
background inner.log nsenter --net=/run/netns/site -- fips-manifestd --store m.db --listen 10.9.2.1:8080
wait_for 30 at node curl -sf $inner/index.json || fail "$(cat inner.log)"

step "the node has from the site what the authority published, byte for byte"
expect 0 at node fips-manifest --store n.db init --no-roles --quiet
expect 0 at node fips-manifest --store n.db mirror $inner --trust root.json
expect 0 fips-manifest --store n.db export n
same a n
(cd a && find . -type f) | while read -r f; do
	at node curl -sf "$inner/${f#./}" | cmp - "a/$f" || fail "$f"
done || exit 1
# the sample is not what this machine runs: a finding, by a manifest that is current
expect 1 at node fips-tool --json --state state --trust root.json --server $inner --el 8 --kubernetes v1.21.3
jq -e '.manifest.kubernetes == "v1.21.3"' out >/dev/null || fail "$(cat out)"

step "what is published later goes the same way, while both serve"
release 9 v1.22.0
make_program large 3000000
expect 0 fips-manifest tool add large --version 1.1.0 --arch x86_64
publish
expect 0 fips-manifest export b
seen() { at "$1" curl -sf "$2/index.json" | cmp -s - b/index.json; }
wait_for 30 seen site $outer || fail "the authority's server does not see it"

step "the cable is pulled in the middle: the old tree stays, and one line says why"
at authority tc qdisc add dev to-site root tbf rate 8mbit burst 32k latency 50ms ||
	fail "no tbf"
received() { at site sed -n 's/^ *to-authority: *\([0-9]*\).*/\1/p' /proc/net/dev; }
from=$(received)
part() { [ $(($(received) - from)) -gt 1000000 ]; }
pull() {
	wait_for 30 part && ip -n authority link set to-site down
}
pull &
cp m.db before.db
start=$SECONDS
expect 3 at site fips-manifest --store m.db mirror --timeout 3
wait $! || fail "the cable was not pulled"
one_line
says "$outer/targets/tool/"
[ $((SECONDS - start)) -lt 25 ] || fail "it took $((SECONDS - start)) s"
cmp m.db before.db || fail "the store was changed"
at node curl -sf $inner/index.json | cmp - a/index.json || fail "the site serves another tree"
start=$SECONDS
expect 3 at site fips-manifest --store m.db mirror --timeout 2
one_line
[ $((SECONDS - start)) -lt 15 ] || fail "nobody there: it took $((SECONDS - start)) s"

step "plugged in again, it goes on: what had come is not fetched again"
find m.db.incoming -type f -printf '%f\n' | sort >kept
[ -s kept ] || fail "nothing was kept"
at authority tc qdisc del dev to-site root
ip -n authority link set to-site up
wait_for 10 at site curl -sf $outer/index.json || fail "no way to the authority"
expect 0 at site strace -f -o traced -e trace=sendto -s 300 \
	fips-manifest --store m.db mirror
grep -o 'GET [^ ]*' traced >asked
while read -r digest; do
	grep -q "$digest" asked && fail "$digest is fetched again"
done <kept
grep -q 'fips-tool-1.1.0' asked || fail "the file that was cut off was not asked for"
wait_for 30 seen node $inner || fail "the site's server does not see it"
expect 0 at node fips-manifest --store n.db mirror $inner
expect 0 fips-manifest --store n.db export n
same b n
