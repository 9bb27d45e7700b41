#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stores that are none, newer, damaged or read-only, and a disk that is full: one clear
# line each, the right status, and nothing half-written.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
# the leak check does not work where strace looks on
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
need sqlite3 strace setpriv gpg

make_program program 200000
add() { fips-manifest --store "$1" tool add program --version "$2" --arch x86_64; }
sound() { # STORE: opens, its chain is whole
	expect 0 fips-manifest --store "$1" log --verify
	[ "$(sqlite3 "$1" 'PRAGMA integrity_check')" = ok ] || fail "integrity"
}

step "no store, and what is none"
expect 3 fips-manifest --store none.db list
says "no store 'none.db'"
one_line
expect 3 fips-manifest list
says "no store 'fips-manifest.db'"
seq 1 1000 >text.db
expect 3 fips-manifest --store text.db list
says "store 'text.db': not a store: it is not an SQLite file"
one_line
expect 3 add text.db 1
one_line
seq 1 1000 | cmp - text.db || fail "a file that is no store was changed"
: >empty.db
expect 3 fips-manifest --store empty.db list
says "'empty.db' is no fips-manifest store, but an empty file"
one_line
sqlite3 other.db 'CREATE TABLE t (x)'
expect 3 add other.db 1
says "another program's SQLite file"
one_line
mkdir folder
expect 3 fips-manifest --store folder list
one_line
expect 3 fips-manifest --store text.db init
says "exists already"
expect 3 fips-manifest --store nowhere/s.db init
says "nowhere"
one_line

step "the store may be named behind the command, too"
expect 3 fips-manifest list --store none.db
says "no store 'none.db'"
one_line
expect 3 fips-manifest --store other.db list --store=text.db
says "store 'text.db': not a store"

step "a store whose triggers somebody dropped"
expect 0 fips-manifest --store s.db init
cp s.db unguarded.db
sqlite3 unguarded.db 'DROP TRIGGER tool_fixed'
expect 1 add unguarded.db 1
says "store 'unguarded.db' was changed by another program: its trigger 'tool_fixed' is missing"
one_line
expect 1 fips-manifest --store unguarded.db log --verify
says "trigger 'tool_fixed' is missing"
one_line
expect 0 fips-manifest --store unguarded.db tool list

step "a store from a newer version, and one from an older"
cp s.db newer.db
sqlite3 newer.db 'PRAGMA user_version = 99'
for command in list log publish; do
	expect 3 fips-manifest --store newer.db $command
	says "is of schema 99"
	one_line
done
sqlite3 older.db 'PRAGMA application_id = 1179472689'
expect 3 fips-manifest --store older.db list
says "must be brought to"
one_line
expect 0 add older.db 1
expect 0 fips-manifest --store older.db list

step "a damaged one"
expect 0 add s.db 1.0.0
cp s.db cut.db
truncate -s 40960 cut.db
expect 3 fips-manifest --store cut.db list
one_line
expect 3 add cut.db 2
one_line

step "read-only: readers work, writers say so"
# not in the test's own folder, which its user alone may enter
outside=$(mktemp -d /tmp/fm-ro-XXXXXX)
trap 'rm -rf "$outside"; end_agents; finish' EXIT
cp s.db "$BIN/fips-manifest" program "$outside"
chmod 755 "$outside"
chmod 444 "$outside/s.db" "$outside/program"
reader() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	else
		chmod 555 "$outside"
		"$@"
	fi
}
expect 0 reader "$outside/fips-manifest" --store "$outside/s.db" list
expect 0 reader "$outside/fips-manifest" --store "$outside/s.db" log --verify
expect 0 reader "$outside/fips-manifest" --store "$outside/s.db" tool list
says "1.0.0" out
expect 3 reader "$outside/fips-manifest" --store "$outside/s.db" tool add \
	"$outside/program" --version 2 --arch x86_64
says "cannot be written"
one_line
expect 3 reader "$outside/fips-manifest" --store "$outside/new.db" init
says "cannot make"
one_line

step "a write was interrupted, and the reader may not undo it"
# killed behind the first write into the store itself: the journal is hot
cp s.db hot.db
for n in $(seq 1 99); do
	cp s.db hot.db
	rm -f hot.db-journal
	strace -o /dev/null -e trace=pwrite64,fdatasync,unlink \
		-e "inject=pwrite64,fdatasync,unlink:signal=KILL:when=$n" \
		fips-manifest --store hot.db tool add program --version 2 --arch x86_64 \
		2>/dev/null
	[ -s hot.db-journal ] && ! cmp -s s.db hot.db && break
done
[ "$n" -lt 99 ] || fail "no hot journal"
cp hot.db hot.db-journal "$outside"
chmod 444 "$outside"/hot.db*
expect 3 reader "$outside/fips-manifest" --store "$outside/hot.db" list
says "a write was interrupted and must be undone first"
one_line
expect 0 fips-manifest --store hot.db tool list
cmp -s s.db hot.db || fail "the reader did not undo it"

step "a journal outlived its store: no new one is made that it would be played into"
for end in journal wal; do
	: >left.db-$end
	expect 3 fips-manifest --store left.db init --no-roles
	says "'left.db-$end' is left of an earlier store"
	one_line
	[ ! -e left.db ] || fail "it was made"
	rm left.db-$end
done
expect 0 fips-manifest --store left.db init --no-roles

step "a write-ahead log, set by another program, shuts readers out: a writer undoes it"
cp s.db wal.db
[ "$(sqlite3 wal.db 'PRAGMA journal_mode = wal')" = wal ] || fail "no write-ahead log"
expect 0 fips-manifest --store wal.db key --threshold 1
[ "$(sqlite3 wal.db 'PRAGMA journal_mode')" = delete ] || fail "it is still there"
sound wal.db

step "a full disk: RLIMIT_FSIZE"
small() { # KBYTES COMMAND...
	(
		trap '' XFSZ
		ulimit -f "$1"
		shift
		exec "$@"
	)
}
cp s.db full.db
before=$(fips-manifest --store full.db log --json)
expect 3 small $(($(stat -c %s full.db) / 1024 + 8)) fips-manifest --store full.db \
	tool add program --version 2 --arch x86_64
says "store 'full.db'"
one_line
sound full.db
[ "$(fips-manifest --store full.db log --json)" = "$before" ] || fail "half a row"
expect 3 small 12 fips-manifest --store no-room.db init
says "no-room.db"
one_line
[ -z "$(find . -name 'no-room*')" ] || fail "init left $(ls no-room*)"

step "a full disk and a broken one, at each write"
for how in pwrite64:ENOSPC fdatasync:EIO; do
	for n in $(seq 1 200); do
		cp s.db full.db
		strace -o /dev/null -e "trace=${how%:*}" \
			-e "inject=${how%:*}:error=${how#*:}:when=$n+" \
			fips-manifest --store full.db tool add program --version 2 \
			--arch x86_64 >out 2>err && break
		[ $? = 3 ] || fail "$how $n: $(cat err)"
		grep -q "^fips-manifest: " err || fail "$how $n: $(cat err)"
		one_line
		sound full.db
		# the last sync is that of the folder, behind the commit
		rows=$(sqlite3 full.db "SELECT (SELECT count(*) FROM tool) || ' ' ||
			(SELECT count(*) FROM log)")
		case "$how $rows" in
		*" 1 2" | fdatasync*" 2 3") ;;
		*) fail "$how $n: $rows" ;;
		esac
	done
	((n > 1 && n < 200)) || fail "$how: failed $n times"
	echo "$how: failed $((n - 1)) times"
done

step "what could not be stored is not told as done"
echo "correct horse" >passphrase
expect 0 fips-manifest --store bare.db init --no-roles
new_home keys
make_key a rsa3072
change() { # COMMAND...: of a store that trusts the key, has roles and shall have more
	case $1 in
	add) fips-manifest --store new.db key add a.gpg --threshold 2 ;;
	remove) fips-manifest --store new.db key remove "$FPR" ;;
	expiry) fips-manifest --store new.db root expiry targets 99 ;;
	site) fips-manifest --store new.db site init --name A --plain ;;
	esac
}
export -f change
export FPR
cp bare.db with.db
expect 0 fips-manifest --store with.db key add a.gpg
for kind in add remove expiry site; do
	from=$([ $kind = remove ] && echo with.db || echo bare.db)
	rm -rf new.db*
	cp "$from" new.db
	expect 3 small 40 bash -c "change $kind" # enough for the journal
	says "store 'new.db'"
	one_line
	[ "$(fips-manifest --store new.db log)" = "$(fips-manifest --store "$from" log)" ] ||
		fail "$kind: the store was changed"
	for how in pwrite64:ENOSPC fdatasync:EIO; do
		for n in $(seq 1 200); do
			rm -rf new.db*
			cp "$from" new.db
			strace -f -o /dev/null -e "trace=${how%:*}" \
				-e "inject=${how%:*}:error=${how#*:}:when=$n+" \
				bash -c "change $kind" >out 2>err && break
			one_line
		done
		((n > 1 && n < 200)) || fail "$kind, $how: failed $n times"
		[ -s out ] || [ -s err ] || fail "$kind: done, and nothing is told"
	done
done

step "a full disk and a broken one while keys are made: with the row or not at all"
make_keys() { # KIND: a site's key, or an authority's
	case $1 in
	site) fips-manifest --store new.db site init --name A --plain ;;
	root) fips-manifest --store new.db root init --passphrase-fd 3 3<passphrase ;;
	esac
}
kept() { # KIND: does the store have the row?
	[ "$(sqlite3 new.db "SELECT count(*) FROM $([ "$1" = site ] && echo site || echo metadata)")" != 0 ]
}
export -f make_keys
for kind in site root; do
	for how in pwrite64:ENOSPC fdatasync:EIO; do
		for n in $(seq 1 200); do
			rm -rf new.db*
			cp bare.db new.db
			strace -f -o /dev/null -e "trace=${how%:*}" \
				-e "inject=${how%:*}:error=${how#*:}:when=$n+" \
				bash -c "make_keys $kind" >out 2>err && break
			# while not even that could be undone, it is not known which it is
			[ ! -e new.db-journal ] || continue
			sound new.db
			files=$(find new.db.keys -type f 2>/dev/null | wc -l)
			if kept $kind; then
				[ "$files" != 0 ] || fail "$kind, $how $n: the keys are lost"
			else
				[ "$files" = 0 ] || fail "$kind, $how $n: $files files are left"
			fi
		done
		((n > 1 && n < 200)) || fail "$kind, $how: failed $n times"
		kept $kind || fail "$kind: made, and not there"
		echo "$kind, $how: failed $((n - 1)) times"
	done
done
