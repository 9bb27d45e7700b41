#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A gpgv that dies, says nothing, half of it or too much: nothing that it said before
# counts; and no gpg at all. It lies over /usr/bin/gpgv in a mount namespace of the test's own.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg unshare

if [ -z "${ISOLATED-}" ]; then
	isolate=(unshare --mount)
	[ "$(id -u)" = 0 ] || isolate+=(--map-root-user)
	"${isolate[@]}" mount --bind /bin/true /usr/bin/gpgv 2>err ||
		skip "this machine refuses mount namespaces: $(tail -n 1 err)"
	ISOLATED=1 exec "${isolate[@]}" bash "$0"
fi
cp "$TOP/tests/data/manifest-el8-x86_64.json" m.json
new_home keys
make_key a rsa3072
export FIPS_MANIFEST_STORE=$PWD/s.db
expect 0 fips-manifest init --no-roles
expect 0 fips-manifest key add a.pub
clearsign good.asc m.json -u "$FPR"
expect 0 fips-manifest verify good.asc
mkdir root
mkdir -m 700 run
export XDG_RUNTIME_DIR=$PWD/run

cp /usr/bin/gpgv gpgv.real
: >gpgv.sh
chmod 755 gpgv.sh
mount --bind gpgv.sh /usr/bin/gpgv || fail "mount"
while read -r status words how; do
	step "$how"
	words=${words//_/ }
	# shellcheck disable=SC2016  # the script's own
	how=${how//GPGV/$PWD/gpgv.real '"$@"'}
	printf '#!/bin/sh\n%s\n' "$how" >gpgv.sh
	expect "$status" fips-manifest verify good.asc
	says "$words"
	grep -q ': trusted' out && fail "trusted: $(cat out)"
	expect "$status" fips-manifest add good.asc
	one_line
	expect "$status" fips-tool --keyring a.pub --root root good.asc
	one_line
	[ -z "$(ls -A run)" ] || fail "left: $(ls run)"
done <<-'CASES'
	3 does_not_run_or_said_nothing exit 0
	3 was_ended_by_signal_11 kill -SEGV $$
	3 was_ended_by_signal_11 GPGV; kill -SEGV $$
	3 was_ended_by_signal_9 GPGV; kill -KILL $$
	2 status_output GPGV | head -c 100
	2 finds_no_signature GPGV | head -n 2
	2 status_output GPGV | grep -v VALIDSIG
	2 status_output GPGV | sed 's/GOODSIG/BADSIG/'
	3 gpgv':_more_than yes
CASES

step "one that hangs, silent or half-way, is ended with the time that there is"
# shellcheck disable=SC2016  # the script's own
for how in '' "$PWD/gpgv.real "'"$@"; '; do
	printf '#!/bin/sh\n%secho $$ >%s/pid; exec sleep 600\n' "$how" "$PWD" >gpgv.sh
	expect 3 fips-tool --timeout 2 --keyring a.pub --root root good.asc
	says "did not end within 2 s"
	one_line
	[ ! -e "/proc/$(cat pid)" ] || fail "it runs on"
done

step "and with the real one it is good"
cat gpgv.real >gpgv.sh
expect 0 fips-manifest verify good.asc
expect 0 fips-manifest add good.asc

# the sanitizers cannot do without /proc (tests/unit/test_pgp.c: without files in memory)
if [ "${OUT##*/}" != san ]; then
	step "no /proc: what gpgv reads lies in a folder, which goes with it"
	sed 's/"kubelet"/"kubelex"/' good.asc >bad.asc
	mount -t tmpfs none /proc || fail "mount"
	expect 0 fips-manifest verify good.asc
	expect 2 fips-manifest verify bad.asc
	says "is bad"
	expect 2 fips-manifest verify m.json
	umount /proc
	[ -z "$(ls -A run)" ] || fail "left: $(ls run)"
fi

step "no gpg and no gpgv on the machine"
: >none
chmod 644 none
for program in {/usr/bin,/bin,/usr/local/bin}/{gpg,gpgv,gpg2,gpgv2}; do
	[ ! -x "$program" ] || mount --bind none "$program" || fail "mount"
done
without() { # without COMMAND...: it says so, and leaves nothing
	expect 3 "$@"
	says "this machine has no gpg"
	[ "$(wc -l <err)" = 1 ] || fail "not one line: $(cat err)"
	[ -z "$(ls -A run)" ] || fail "left: $(ls run)"
}
without fips-manifest verify good.asc
without fips-manifest add good.asc
without fips-manifest sign --quiet --yes --output new.asc m.json
without fips-tool --keyring a.pub --root root good.asc
[ ! -e new.asc ] || fail "signed without gpg"
