#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The timers of docs/examples for mirror and refresh: well-formed, and what they run does
# what they are for.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
need gpg jq curl nginx systemd-analyze systemd-creds

step "systemd takes them, and rates them closed"
cp "$TOP"/docs/examples/fips-manifest-{mirror,refresh}.{service,timer} .
sed -i "s,/usr/local/bin/fips-manifest,$BIN/fips-manifest," ./*.service
for unit in mirror refresh; do
	expect 0 systemd-analyze verify ./fips-manifest-$unit.{service,timer}
	[ ! -s err ] || fail "$(cat err)"
	expect 0 systemd-analyze security --offline=true --threshold=50 \
		./fips-manifest-$unit.service
	tail -n 1 out
done
# verify reads what lies beside the unit
for drop in "$TOP"/docs/examples/fips-manifest-mirror.service.d/*.conf; do
	rm -rf fips-manifest-mirror.service.d
	mkdir fips-manifest-mirror.service.d
	sed "s,/usr/local/bin/fips-manifest,$BIN/fips-manifest," "$drop" \
		>fips-manifest-mirror.service.d/drop.conf
	expect 0 systemd-analyze verify ./fips-manifest-mirror.service
	[ ! -s err ] || fail "$drop: $(cat err)"
	echo "Nonsense=1" >>fips-manifest-mirror.service.d/drop.conf
	systemd-analyze verify ./fips-manifest-mirror.service 2>&1 | grep -q Nonsense ||
		fail "verify does not read $drop"
done

# run_unit NAME STORE: what the unit runs, in its environment but for the store
run_unit() {
	local line
	line=$(sed -n 's/^ExecStart=//p' "fips-manifest-$1.service")
	grep -q '^Environment=FIPS_MANIFEST_STORE=/' "fips-manifest-$1.service" || fail "no store"
	expect 0 env FIPS_MANIFEST_STORE="$2" CREDENTIALS_DIRECTORY="$PWD/credentials" \
		sh -c "$line"
	[ ! -s err ] || fail "$(cat err)"
}

step "refresh signs the timestamp again, with the passphrase out of the credential"
make_store roles
release 8 v1.21.3
publish
mkdir credentials
# systemd-creds is what systemd itself encrypts and decrypts with; the host's key is ours
export SYSTEMD_CREDENTIAL_SECRET=$PWD/host.key
expect 0 systemd-creds encrypt --with-key=host --name=role-keys pass role-keys.cred
grep -q "$(cat pass)" role-keys.cred && fail "it is not encrypted"
expect 1 systemd-creds decrypt --name=site role-keys.cred credentials/site
expect 0 systemd-creds decrypt --name=role-keys role-keys.cred credentials/role-keys
cmp pass credentials/role-keys || fail "another passphrase"
mkdir away
mv s.db.keys/root.pem s.db.keys/targets.pem away/
expect 0 fips-manifest export www
before=$(jq .signed.version www/metadata/timestamp.json)
run_unit refresh "$PWD/s.db"
expect 0 fips-manifest export www
[ "$(jq .signed.version www/metadata/timestamp.json)" = $((before + 1)) ] || fail "not signed"

step "mirror fetches what the server of the last time has now"
nginx_serve www
expect 0 fips-manifest --store m.db init --no-roles
expect 0 fips-manifest --store m.db mirror "$URL" --trust root.json
mv away/* s.db.keys/
release 8 v1.21.3 2
publish
expect 0 fips-manifest export www
run_unit mirror "$PWD/m.db"
expect 0 fips-manifest --store m.db export m
same www m
