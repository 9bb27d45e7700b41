#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fips-tool on a node that does not want to be looked at: nothing hangs, nothing that a
# name holds reaches a terminal or a parser, and what could not be read never passes.
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
# shellcheck source=tests/cli/fixtures.sh
. "$TOP/tests/cli/fixtures.sh"
need gpg jq unshare ip python3 xmllint strace
[ "$(uname -m)" = x86_64 ] || skip "the manifest is for x86_64"
[ -n "${OWN_NODE-}" ] || fixture programs || fail "no fixtures"
own_node "$0"
become_node

new_key alice
mkdir bin
cp /bin/sleep bin/kubelet
component "" kubelet required "$PWD/bin/kubelet" | manifest m.json
sign m.json alice
check() { fips-tool --keyring alice.asc "$@" m.json.asc; }
expect 0 check

step "what is no file, where a file should be"
mv bin/kubelet kept
for kind in FIFO folder socket device; do
	case $kind in
	FIFO) mkfifo bin/kubelet ;;
	folder) mkdir bin/kubelet ;;
	socket) python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("bin/kubelet")' ;;
	device) mknod bin/kubelet c 1 5 2>/dev/null || continue ;; # /dev/zero; not in every container
	esac
	expect 1 check --timeout 20
	grep -q "not a regular file; expected .*; actual a .*$kind  fail$" out || fail "$(cat out)"
	rm -r bin/kubelet
done

ln -s kubelet bin/kubelet
expect 3 check
says "Too many levels of symbolic links  unknown" out
rm bin/kubelet

step "a file that grows while it is read"
cp kept bin/kubelet
truncate -s 300M bin/kubelet # holes
python3 -c 'import time
with open("bin/kubelet", "ab", buffering=0) as f:
    while True:
        f.write(b"x"); time.sleep(0.001)' &
PIDS+=($!)
expect 3 check
says "$PWD/bin/kubelet" out
says "changed while it was read  unknown" out
kill $! && wait $! 2>/dev/null
mv kept bin/kubelet

step "a folder that cannot be listed to its end"
unlisted() { # no ptrace(2) for who looks for leaks by it
	ASAN_OPTIONS=detect_leaks=0 strace -f -o /dev/null -e trace=getdents64 \
		-e inject=getdents64:error=EIO fips-tool --keyring alice.asc "$@" m.json.asc
}
expect 3 unlisted
says "cannot list '/proc': Input/output error"
one_line
cp -a facts tree
mkdir -p "tree$PWD" && cp -a bin "tree$PWD/"
expect 3 unlisted --root tree
grep -qE "/usr/local/bin +cannot list it: Input/output error  unknown$" out || fail "$(cat out)"

step "names that speak to a terminal, an XML parser and a scraper"
evil=$'bin/a\n\e[31mfips_tool_verdict{verdict="pass"} 1\n<&"'
mkdir -p "$evil"
{ cat bin/kubelet; echo; } >"$evil/kubelet"
chmod 755 "$evil/kubelet"
"$evil/kubelet" 600 &
PIDS+=($!)
runs() { [ "$(readlink "/proc/$!/exe")" != /usr/bin/bash ]; }
wait_for 60 runs
expect 1 check --report json:r.json --report junit:r.xml --report prometheus:r.prom
says "running kubelet (pid $!) is " out
for f in out r.json r.xml r.prom; do
	grep -q $'\e' $f && fail "$f has an escape character"
done
grep -qE '^( |)(.\[31m)?fips_tool_verdict\{verdict="pass"\} 1$' out r.prom && fail "the name made a line of its own"
jq -e . r.json >/dev/null || fail "not JSON"
xmllint --noout r.xml || fail "not XML"
kill $! && wait $! 2>/dev/null

step "programs that lie about themselves"
go=$FIXTURES/programs/containerd-shim
[ -e "$go" ] || fail "no Go program"
python3 - "$go" <<-'END'
	import struct, sys
	with open(sys.argv[1], "rb") as f:
	    whole = f.read()
	def put(name, *changes):
	    data = bytearray(whole)
	    for at, new in changes:
	        data[at:at + len(new)] = new
	    with open(name, "wb") as f:
	        f.write(data)
	# e_shoff, e_shentsize, e_shnum, e_shstrndx
	put("sections", (40, struct.pack("<Q", 2**63)), (58, struct.pack("<HHH", 1, 65535, 65535)))
	at = whole.index(b"\xff Go buildinf:")
	varint = b"\x80\x80\x80\x80\x08"  # 2 GB
	put("claims", (at + 32, varint))
	put("segments", (54, struct.pack("<HH", 56, 65535)))
	with open("cut", "wb") as f:
	    f.write(whole[:at + 33])
END
expect 0 fips-tool inspect sections # Go does not need them either
says "go1." out
expect 3 fips-tool inspect claims
says "'claims'"
one="$(sha256sum <segments | cut -c1-64)"
expect 0 fips-tool inspect segments
says "$one" out
fips-tool inspect cut >out 2>err
case $? in 0 | 3) ;; *) fail "inspect cut: $(cat out err)" ;; esac

step "a service that never speaks does not keep the report back"
component "" kubelet required "$PWD/bin/kubelet" | manifest s.json \
	'.services = [range(6443; 6453) | {name: "api\(.)", port: ., component: "kubelet"}]'
sign s.json alice
for port in $(seq 6443 6452); do
	background "hostile-$port.log" python3 "$TOP/tests/cli/tls_hostile.py" "$port" silent
done
listening() { [ "$(grep -ci ":19[23][0-9A-F] 0*:0000 0A" /proc/net/tcp)" -ge 10 ]; }
wait_for 60 listening || fail "$(cat hostile-*.log)"
start=$SECONDS
expect 3 fips-tool --timeout 3 --keyring alice.asc s.json.asc
[ $((SECONDS - start)) -lt 30 ] || fail "took $((SECONDS - start)) s"
grep -qE "^kubelet  *file .*/bin/kubelet  *pass$" out || fail "what was known is not told"
[ "$(grep -cE '^kubelet  *service .*  unknown$' out)" -ge 10 ] || fail "not every service is told: $(cat out)"
says "undecided: " out
