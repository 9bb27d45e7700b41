#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The systemd units: well-formed, and closed.
. "$TOP/tests/cli/lib.sh"
need systemd-analyze

units=$TOP/server/systemd
sed "s,/usr/local/bin/fips-manifestd,$BIN/fips-manifestd," \
	"$units/fips-manifestd.service" >fips-manifestd.service
sed -i '/^Documentation=/d' fips-manifestd.service # the man page is not installed here
cp "$units/fips-manifestd.socket" .
expect 0 systemd-analyze verify ./fips-manifestd.service ./fips-manifestd.socket
[ ! -s err ] || fail "$(cat err)"
expect 0 systemd-analyze security --offline=true --threshold=15 ./fips-manifestd.service
tail -n 2 out
# from where `make install` puts them
mkdir -p root/etc root/usr/local/lib/{sysusers,tmpfiles}.d
for kind in sysusers tmpfiles; do
	cp "$units/fips-manifest.$kind" root/usr/local/lib/$kind.d/fips-manifest.conf
done
expect 0 systemd-sysusers --root="$PWD/root"
grep -q '^fips-manifest:' root/etc/group || fail "no group"
grep -q '^fips-manifest:' root/etc/passwd || fail "no user for mirror and refresh"
expect 0 systemd-tmpfiles --create --root="$PWD/root"
[ "$(stat -c %a root/var/lib/fips-manifest)" = 2770 ] || fail "the store's folder"
