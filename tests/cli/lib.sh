# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by every tests/cli/NAME.sh, which runs in a fresh folder with TOP, OUT and BIN
# set (tests/run). The real programs, real gpg, real artifacts.
set -u
export PATH=$BIN:$PATH LC_ALL=C
export XDG_CACHE_HOME=$PWD

# What was started is ended, by pid, however the test ends.
PIDS=()
finish() {
	local pid
	for pid in "${PIDS[@]-}"; do
		[ -n "$pid" ] && kill "$pid" 2>/dev/null
	done
	if [ -n "${GNUPGHOME-}" ] && [ -d "$GNUPGHOME" ]; then
		gpgconf --homedir "$GNUPGHOME" --kill all 2>/dev/null
	fi
	wait 2>/dev/null
}
trap finish EXIT

fail() {
	echo "FAILED at ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: $*" >&2
	exit 1
}
skip() {
	echo "$*"
	exit 77
}
need() { # need COMMAND...: in CI a missing one is a failure, elsewhere a skip
	local c
	for c in "$@"; do
		command -v "$c" >/dev/null && continue
		[ -n "${CI-}" ] && fail "this machine has no $c"
		skip "this machine has no $c"
	done
}
step() { echo "--- $*"; }

# expect STATUS COMMAND...: run it, keep its output in ./out and ./err
expect() {
	local want=$1 got
	shift
	echo "\$ $*"
	"$@" >out 2>err
	got=$?
	if [ "$got" != "$want" ]; then
		sed 's/^/  out: /' out | tail -n 40
		sed 's/^/  err: /' err | tail -n 40
		echo "FAILED at ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: exit $got, expected $want" >&2
		exit 1
	fi
}
# says TEXT [FILE]: the last command's stderr (or FILE) holds this text, literally
says() {
	grep -qF -e "$1" "${2:-err}" && return 0
	sed 's/^/  | /' "${2:-err}" | tail -n 40
	echo "FAILED at ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: ${2:-err} does not say '$1'" >&2
	exit 1
}
# one_line: a refusal is one line on stderr and nothing on stdout
one_line() {
	[ ! -s out ] && [ "$(wc -l <err)" = 1 ] && return 0
	cat out err
	echo "FAILED at ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: not exactly one line" >&2
	exit 1
}
# make_program FILE BYTES: what 'tool add' takes for a program of x86_64, its rest random
make_program() {
	printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\76\0' >"$1"
	{ head -c 44 /dev/zero && head -c $(($2 - 64)) /dev/urandom; } >>"$1"
}
# background LOG COMMAND...: start it, its pid in $PID
background() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 &
	PID=$!
	PIDS+=("$PID")
}
# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# judge SCRIPT ARG...: run tests/npm/SCRIPT with the packages of tests/npm/package.json,
# which `npm ci` installs into build/npm once for all tests. To add a judge: name its
# package and exact version there, `npm install --package-lock-only` in tests/npm.
judges() {
	local dir=$TOP/build/npm
	need node npm flock
	mkdir -p "$dir"
	(
		flock 9
		cp "$TOP"/tests/npm/*.mjs "$dir/"
		cmp -s "$TOP/tests/npm/package-lock.json" "$dir/installed" && exit 0
		cp "$TOP/tests/npm/package.json" "$TOP/tests/npm/package-lock.json" \
			"$TOP/tests/npm/.npmrc" "$dir/"
		npm ci --prefix "$dir" >"$dir/log" 2>&1 || exit 1
		cp "$dir/package-lock.json" "$dir/installed"
	) 9>"$dir/lock" && return 0
	tail -n 5 "$dir/log"
	[ -n "${CI-}" ] && fail "npm cannot install the judges of tests/npm"
	skip "npm cannot install the judges of tests/npm"
}
judge() {
	local script=$1
	shift
	node "$TOP/build/npm/$script" "$@"
}
