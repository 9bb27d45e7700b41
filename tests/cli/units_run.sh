#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The units as they are, run by a real systemd: it is the first process of namespaces of
# its own, on a machine that differs from this one in /etc, /run, /var/lib, /usr/local/bin,
# network and cgroup. The server behind its socket; refresh and mirror with passphrases out
# of encrypted credentials; what fails is seen.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
PATH=$PATH:/usr/sbin:/sbin
need gpg jq curl nginx unshare nsenter setpriv ip
systemd=/usr/lib/systemd/systemd
for program in $systemd systemd-creds systemd-sysusers systemctl; do
	command -v "$program" >/dev/null || skip "this machine has no $program"
done
[ "${OUT##*/}" != san ] || skip "a unit's sandbox is no place for ASan"

if [ -z "${ISOLATED-}" ]; then
	mkdir cgroup
	unshare --mount --net --cgroup sh -c 'mount -t cgroup2 none cgroup && mkdir cgroup/fm$$ &&
		rmdir cgroup/fm$$ && mount -t tmpfs none /run && mount --make-rshared /' 2>err ||
		skip "this machine refuses a systemd of its own: $(tail -n 1 err)"
	ISOLATED=1 exec unshare --mount --net bash "$0"
fi

step "a machine: folders, the user and the group as installed"
ip link set lo up
cp -a /etc etc
rm -rf etc/systemd/system etc/fips-manifest
mkdir -p etc/systemd/system etc/fips-manifest targets var/systemd
cp -r "$TOP"/server/systemd/*.{service,socket} "$TOP"/docs/examples/fips-manifest-* etc/systemd/system/
mv etc/systemd/system/fips-manifest-mirror.service.d/*.conf .
for name in sysinit.target basic.target sockets.target shutdown.target network-online.target; do
	printf '[Unit]\nDescription=%s\n' $name >targets/$name
done
expect 0 mount --bind etc /etc
expect 0 mount -t tmpfs none /run
expect 0 mount --bind var /var/lib
expect 0 mount --bind "$BIN" /usr/local/bin
expect 0 systemd-sysusers "$TOP/server/systemd/fips-manifest.sysusers"
expect 0 systemd-tmpfiles --create "$TOP/server/systemd/fips-manifest.tmpfiles"

step "systemd starts"
cat >boot <<-'END'
	mkdir cgroup/$1 && echo $$ >cgroup/$1/cgroup.procs || exit 1
	exec unshare --pid --mount --cgroup --uts --ipc --fork --kill-child --mount-proc \
		--propagation unchanged sh -c '
		mount -t cgroup2 none /sys/fs/cgroup && mount --bind /dev/null /dev/console &&
		mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys || exit 1
		exec env -i PATH="$PATH" container=namespaces SYSTEMD_UNIT_PATH="$1" \
			"$2" --system --unit=basic.target --log-target=console --show-status=no' \
		sh "/etc/systemd/system:$PWD/targets" "$2"
END
mkdir -p cgroup
mount -t cgroup2 none cgroup || fail "no cgroup"
mount --make-rshared /
group=fips-manifest-$$
background systemd.log sh boot $group $systemd
# unshare does not end when it is told, and takes systemd along when that does
trap 'pkill -KILL -P "$UNSHARE"; finish; find cgroup/$group -depth -type d -exec rmdir {} + 2>/dev/null' EXIT
UNSHARE=$PID
inside() { nsenter --target "$(pgrep -P "$UNSHARE")" --mount --pid -- "$@"; }
wait_for 30 inside systemctl is-active basic.target ||
	skip "systemd does not start in namespaces here: $(tail -n 1 systemd.log)"
# unit NAME: start it; where it does not end well, exit status 1
unit() {
	: >"$1.log"
	inside systemctl start "$1"
}
for name in refresh mirror; do
	mkdir -p etc/systemd/system/fips-manifest-$name.service.d
	printf '[Service]\nStandardError=append:%s\n' "$PWD/fips-manifest-$name.service.log" \
		>etc/systemd/system/fips-manifest-$name.service.d/log.conf
done
result() { inside systemctl show --property "$2" --value "$1"; }
# encrypt NAME: as the units say; what, lies in a file that is called so there
encrypt() {
	local line
	line=$(grep -rhoE "systemd-creds encrypt --name=$1 .*" "$TOP"/docs/examples) || fail "no line"
	# where /tmp is no place for a host key, systemd wants to be told
	expect 0 sh -c "$line || ${line/encrypt/encrypt --with-key=host}"
}

step "the authority's store, and its server behind the socket"
make_store roles
release 8 v1.21.3
publish
store=/var/lib/fips-manifest
cp -r s.db s.db.keys $store/
mv $store/s.db $store/store.db
mv $store/s.db.keys $store/store.db.keys
chown -R fips-manifest: $store/store.db*
chmod 640 $store/store.db
inside systemctl start fips-manifestd.socket || fail "$(cat systemd.log)"
expect 0 curl -sf http://127.0.0.1:8080/index.json
cmp out first/index.json && fail "nothing was published"
[ "$(result fips-manifestd.service ActiveState)" = active ] || fail "$(cat systemd.log)"

step "refresh: the passphrase out of the encrypted credential"
timestamp() { curl -sf http://127.0.0.1:8080/metadata/timestamp.json | jq .signed.version; }
before=$(timestamp)
cp pass passphrase
encrypt role-keys
grep -q a-passphrase /etc/fips-manifest/role-keys.cred && fail "it is not encrypted"
expect 0 unit fips-manifest-refresh.service
served() { [ "$(timestamp)" = $((before + 1)) ]; }
wait_for 20 served || fail "timestamp $(timestamp): $(cat systemd.log)"

step "a wrong passphrase: the unit fails, is seen so, and nothing was signed"
echo another-one >passphrase
encrypt role-keys
expect 1 unit fips-manifest-refresh.service
[ "$(result fips-manifest-refresh.service ExecMainStatus)" = 3 ] || fail "$(cat systemd.log)"
says "the passphrase is wrong" fips-manifest-refresh.service.log
grep -e another-one -e a-passphrase -r /run/systemd systemd.log -- *.log && fail "it is written down"
[ "$(timestamp)" = $((before + 1)) ] || fail "timestamp $(timestamp)"

step "mirror, by the user of the unit, from a server that wants a password"
expect 0 fips-manifest export www
port
echo "courier:$(openssl passwd -apr1 swordfish)" >htpasswd
mkdir nginx
cat >nginx.conf <<CONF
daemon off; master_process off; pid $PWD/nginx/pid; error_log $PWD/nginx/log;
user root; events { }
http {
	access_log off; client_body_temp_path nginx/b; proxy_temp_path nginx/p;
	fastcgi_temp_path nginx/f; uwsgi_temp_path nginx/u; scgi_temp_path nginx/s;
	server {
		listen 127.0.0.1:$PORT; root $PWD/www;
		location / { auth_basic tree; auth_basic_user_file $PWD/htpasswd; }
		location /open/ { alias $PWD/www/; }
	}
}
CONF
background nginx.out nginx -p "$PWD" -c nginx.conf
URL=http://127.0.0.1:$PORT
wait_for 10 curl -sf "$URL/open/index.json" || fail "$(cat nginx.out nginx/log)"
echo "machine 127.0.0.1 login courier password swordfish" >netrc
cp netrc root.json $store/
chown fips-manifest: $store/netrc $store/root.json
as_user() {
	setpriv --reuid fips-manifest --regid fips-manifest --clear-groups \
		env -C $store FIPS_MANIFEST_STORE=$store/mirror.db "$@"
}
expect 0 as_user fips-manifest init --no-roles
expect 0 as_user fips-manifest mirror "$URL" --netrc-file netrc --trust root.json
rm $store/netrc $store/root.json
mirrored() { as_user fips-manifest export --quiet m >/dev/null && rm -rf m && mv $store/m m; }
publish_next() { # and the web server has it
	release 8 v1.21.3 "$1"
	publish
	expect 0 fips-manifest export www
}
publish_next 2
expect 1 unit fips-manifest-mirror.service
[ "$(result fips-manifest-mirror.service ExecMainStatus)" = 3 ] || fail "$(cat systemd.log)"
says "it wants a name and password" fips-manifest-mirror.service.log
cp netrc.conf etc/systemd/system/fips-manifest-mirror.service.d/
encrypt netrc
inside systemctl daemon-reload
expect 0 unit fips-manifest-mirror.service
mirrored && same www m

step "a site's key with a passphrase"
rm etc/systemd/system/fips-manifest-mirror.service.d/netrc.conf
cp site.conf etc/systemd/system/fips-manifest-mirror.service.d/
echo site-passphrase >passphrase
encrypt site
expect 0 as_user fips-manifest site init --name harbour --passphrase-fd 3 3<passphrase
expect 0 as_user fips-manifest mirror "$URL/open" --passphrase-fd 3 3<passphrase
publish_next 3
inside systemctl daemon-reload
expect 0 unit fips-manifest-mirror.service
mirrored
jq -e '.signed.site == "harbour" and .signed.snapshot.version == 5' m/site/statement.json \
	>/dev/null || fail "$(cat m/site/statement.json)"
rm -r m/site
same www m

step "the timers start them"
for name in refresh mirror; do
	expect 0 inside systemctl start fips-manifest-$name.timer
	[ "$(result fips-manifest-$name.timer ActiveState)" = active ] || fail "$name"
	[ -n "$(result fips-manifest-$name.timer NextElapseUSecRealtime)" ] || fail "$name: never"
done
