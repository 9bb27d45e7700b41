# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool and what really runs.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq unshare setpriv python3 /usr/bin/python3 strace
[ "$(uname -m)" = x86_64 ] || skip "the manifest is for x86_64"
own_node "$0"
become_node

new_key alice
mkdir bin container
cp /bin/sleep bin/kubelet
cp /bin/sleep bin/kube-apiserver
echo >>bin/kube-apiserver # another build
{
	component "" kubelet required "$PWD/bin/kubelet"
	component "" kube-apiserver optional "image:$PWD/bin/kube-apiserver"
} | manifest m.json
sign m.json alice
check() { fips-tool --keyring alice.asc m.json.asc; }
# run NAME COMMAND...: until the next call
run() {
	[ -z "${RUNNING-}" ] || { kill "$RUNNING"; wait "$RUNNING"; } 2>/dev/null
	"$@" 600 &
	RUNNING=$!
	PIDS+=("$RUNNING")
	# until it has become the program
	wait_for 60 running || fail "$* does not run"
}
running() {
	grep -q '^State:.Z' "/proc/$RUNNING/status" && return
	! readlink "/proc/$RUNNING/exe" | grep -qE '/(bash|env|setpriv|python.*|unshare)$'
}

step "the listed build runs"
run bin/kubelet
expect 0 check
grep -q "^kubelet  *process  *pid $RUNNING $PWD/bin/kubelet  *pass$" out || fail "no process"
says "all processes" out
expect 0 fips-tool --json --keyring alice.asc m.json.asc
jq -e '[.checks[] | select(.subject == "all processes")][0].actual | endswith("1 of the manifest'"'"'s programs")' \
	out >/dev/null || fail "another number of processes"

step "one inode is read once, however many run it, and by which name"
ln bin/kubelet bin/again
for name in kubelet again; do
	bash -c "exec -a kubelet bin/$name 600" &
	PIDS+=($!)
	of_that_name() { [ "$(readlink /proc/$!/exe)" = "$PWD/bin/$name" ]; }
	wait_for 60 of_that_name || fail "$name does not run"
done
if [ "${OUT##*/}" != san ]; then
	expect 0 strace -f -qq -y -e trace=read,pread64,preadv2 -o trace fips-tool --keyring alice.asc m.json.asc
	[ "$(grep -cE "read(64|v2)?\([0-9]+<$PWD/bin/(kubelet|again)>" trace)" = 1 ] || fail "$(grep /bin/ trace | cut -c1-99)"
	[ "$(grep -c "^kubelet  *process .*/bin/\(kubelet\|again\)  *pass$" out)" = 3 ] || fail "$(cat out)"
fi
kill "${PIDS[@]: -2}"
wait "${PIDS[@]: -2}" 2>/dev/null
rm bin/again

step "the file was replaced, the old one runs on"
cp bin/kubelet new
echo >>bin/kubelet.old
mv bin/kubelet kept
cat kept bin/kubelet.old >bin/kubelet
chmod 755 bin/kubelet
run bin/kubelet
rm bin/kubelet
mv new bin/kubelet
expect 1 check
says "running kubelet (pid $RUNNING) is not $PWD/bin/kubelet: restart it; expected sha256:" out
grep -q "^kubelet  *file  *$PWD/bin/kubelet  *pass$" out || fail "the file is right"
# the same content under another inode is no finding
run bin/kubelet
cp bin/kubelet new
mv new bin/kubelet
expect 0 check

step "the file on the disk is wrong, and runs"
cp bin/kubelet kept
mv bin/kubelet bin/x
{ cat kept; echo; } >bin/kubelet
chmod 755 bin/kubelet
run bin/kubelet
expect 1 check
says "running kubelet (pid $RUNNING) is $PWD/bin/kubelet, which differs from the manifest" out
mv bin/x bin/kubelet

step "another program under the name, by path or by argv[0]"
mkdir other
cp /bin/cat other/ # not run: no process
cp bin/kube-apiserver other/kubelet
run other/kubelet
expect 1 check
says "running kubelet (pid $RUNNING) is $PWD/other/kubelet, not $PWD/bin/kubelet" out
named() { exec -a "$1" "${@:2}"; }
run named /usr/bin/kubelet /bin/sleep
expect 0 check # sleep is the very build that the manifest lists
run named kubelet other/kubelet
expect 1 check
in_memory() { # FILE-NAME ARGV0 PROGRAM ARGUMENT: a changed copy of it, from a memfd
	exec python3 -c '
import os, sys
fd = os.memfd_create(sys.argv[1])
os.write(fd, open(sys.argv[3], "rb").read() + b"x")
os.execv(f"/proc/self/fd/{fd}", [sys.argv[2], sys.argv[4]])' "$@"
}
run in_memory x kubelet bin/kubelet
expect 1 check
says "kubelet (pid $RUNNING) is not $PWD/bin/kubelet: restart it" out
run in_memory kubelet other bin/kubelet
expect 1 check
says "pid $RUNNING /memfd:kubelet" out

step "its first thread has ended: the kernel calls it a zombie, and it runs on"
run named kubelet /usr/bin/python3 -c '
import ctypes, sys, threading, time
threading.Thread(target=time.sleep, args=(int(sys.argv[1]),)).start()
ctypes.CDLL(None).syscall(60, 0)' # exit(2), of this thread alone
expect 1 check
says "running kubelet (pid $RUNNING) is /usr/bin/python3" out

step "an executable of holes, which nobody reads to its end"
cp bin/kube-apiserver other/kubelet
truncate -s 4T other/kubelet
run other/kubelet
expect 1 check
says "running kubelet (pid $RUNNING) is $PWD/other/kubelet, not $PWD/bin/kubelet; expected sha256:" out
says "actual 4398046511104 bytes  fail" out
cp bin/kube-apiserver other/another
mv other/another other/kubelet

step "one that its file system does not let open is not gone"
run other/kubelet
# no ptrace(2) for who looks for leaks by it
traced() { ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=openat "$@" fips-tool --keyring alice.asc m.json.asc; }
for error in ENOENT ESRCH EIO; do
	expect 3 traced -P exe -e inject=openat:error=$error
	says "running kubelet: its executable cannot be opened  unknown" out
done

step "one that ends while it is looked at is no finding"
run bin/kubelet
expect 3 traced -P environ -e inject=openat:error=ESRCH
says "environment of pid $RUNNING" out
ends() { # as soon as its environment is going to be opened
	wait_for 60 grep -q environ trace
	kill "$RUNNING"
}
: >trace
ends &
PIDS+=($!)
expect 0 traced -P environ -e inject=openat:delay_enter=2000000
grep -q "^kubelet  *process  *pid $RUNNING $PWD/bin/kubelet  *pass$" out || fail "$(cat out)"
grep -q 'environ.*ESRCH' trace || fail "it did not end in time: $(cat trace)"

step "a container: another mount namespace"
in_container() {
	# shellcheck disable=SC2016
	exec unshare -m bash -c 'mount -t tmpfs none container && cp "$1" container/kube-apiserver &&
		exec container/kube-apiserver "$2"' in_container "$@"
}
run in_container bin/kube-apiserver
expect 0 check
grep -q "^kube-apiserver  *process  *pid $RUNNING $PWD/container/kube-apiserver  *pass$" out ||
	fail "the container's process was not seen"
[ -e container/kube-apiserver ] && fail "not another namespace"
run in_container bin/kubelet
expect 1 check
says "running kube-apiserver (pid $RUNNING) is no build that the manifest lists" out

step "a container on layers, as containerd mounts them: its own copy of a file counts"
mkdir -p layer upper merged
cp bin/kube-apiserver layer/
in_layers() {
	# shellcheck disable=SC2016
	exec unshare -m bash -c 'mount -t tmpfs none upper && mkdir upper/{u,w} &&
		mount -t overlay none -o lowerdir=layer,upperdir=upper/u,workdir=upper/w merged &&
		{ [ "$1" = as-it-is ] || echo >>merged/kube-apiserver; } && exec merged/kube-apiserver "$2"' in_layers "$@"
}
if unshare -m bash -c 'mount -t overlay none -o lowerdir=layer:bin merged'; then
	run in_layers as-it-is
	expect 0 check
	grep -q "^kube-apiserver  *process  *pid $RUNNING .*/kube-apiserver  *pass$" out || fail "$(cat out)"
	run in_layers changed
	expect 1 check
	says "running kube-apiserver (pid $RUNNING) is no build that the manifest lists" out
fi

step "the environment"
for bad in GODEBUG=fips140=off GODEBUG=x=1,fips140=off,y=2 GODEBUG=fips140= GODEBUG=fips140=,x=1 \
	GODEBUG=fips140=off#y GODEBUG=fips140=on#n LD_PRELOAD=libc.so.6 LD_AUDIT=libc.so.6; do
	run env $bad bin/kubelet
	expect 1 check
	says "a variable weakens it; expected no GODEBUG=fips140=off, LD_PRELOAD or LD_AUDIT; actual $bad  fail" out
done
for good in GODEBUG=fips140=on GODEBUG=fips140=only,madvdontneed=1 "GODEBUG=," LD_PRELOAD= LD_AUDIT= \
	GODEBUG=xfips140=off GODEBUG=x=fips140=off; do
	run env $good bin/kubelet
	expect 0 check
done

step "no right to look"
cat /proc/1/uid_map >uid_map
if [ "$(id -u)" = 0 ] && grep -q 4294967295 uid_map; then
	run bin/kubelet
	chmod 755 . bin
	chmod 644 alice.asc m.json.asc
	tail=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	if "${tail[@]}" test -x "$(command -v fips-tool)"; then
		mkdir -m 777 nobody
		expect 3 "${tail[@]}" env TMPDIR="$PWD/nobody" "$(command -v fips-tool)" --keyring alice.asc m.json.asc
		says "running kubelet: another user's process: run as root  unknown" out
		says "could not be looked at: run as root" out
		for hidepid in 1 2; do
			mount -o "remount,hidepid=$hidepid" /proc || break
			expect 3 "${tail[@]}" env TMPDIR="$PWD/nobody" "$(command -v fips-tool)" --keyring alice.asc m.json.asc
			grep -qE "^node +process +all processes  .*: run as root  unknown$" out ||
				fail "hidepid=$hidepid: $(grep 'all processes' out)"
			expect 0 check # root sees all
		done
		mount -o remount,hidepid=0 /proc
	fi
fi

step "kernel threads, zombies and processes that vanish are no findings"
run bin/kubelet
bash -c 'while :; do /bin/true; done' &
PIDS+=($!)
bash -c '/bin/true & exec sleep 600' &
PIDS+=($!)
for _ in 1 2 3 4 5; do
	expect 0 check
done

step "an executable that lies too deep for the kernel to say where"
# two times the longest path, gone down into step by step
cat >deep.py <<'END'
import os, shutil, sys
for _ in range(40):
    os.makedirs("d" * 200, exist_ok=True)
    os.chdir("d" * 200)
shutil.copy(sys.argv[1], "kubelet")
os.execv("./kubelet", sys.argv[2:])
END
running() { [ "$(tr '\0' ' ' <"/proc/$RUNNING/cmdline")" = "$ARGV0 600 " ]; }
for ARGV0 in kubelet harmless; do
	run /usr/bin/python3 deep.py "$PWD/bin/kube-apiserver" $ARGV0
	expect 3 check
	grep -qE "pid $RUNNING  .*File name too long  unknown\$" out || fail "$(cat out)"
done

step "no descriptor left to look with"
crowd=()
cp /bin/sleep bin/other
echo >>bin/other # no build that is listed
for i in {1..30}; do # the listed build, each copy an inode of its own
	cp bin/kubelet "bin/copy$i"
	bash -c "exec -a kubelet bin/copy$i 600" &
	crowd+=($!)
done
PIDS+=("${crowd[@]}")
ARGV0=kubelet
run bash -c "exec -a kubelet $PWD/bin/other 600"
expect 1 check
expect 3 bash -c "ulimit -n 24; exec fips-tool --keyring alice.asc m.json.asc"
says "Too many open files  unknown" out
kill "${crowd[@]}"
