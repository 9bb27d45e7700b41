#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The examples of docs/examples in front of fips-manifestd: nginx with its cache, and
# Apache httpd. What never changes comes from the cache, what is published is seen within
# max-age.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/server_lib.bash"
PATH=$PATH:/usr/sbin
need nginx curl openssl

head -c 300000 /dev/urandom >tool
"$OUT/tests/store_fill" s.db 0 3 tool || fail "store_fill"
certificate front || fail "openssl"
serve --store s.db --per-address 0
tool=tool/fips-tool-1.0.0-linux-x86_64

step "nginx"
front=$(free_port)
sed -e "s,/var/cache/nginx/fips-manifest,$PWD/cache," -e "s,127.0.0.1:8080,127.0.0.1:$PORT," \
	-e "s,listen 443 ssl,listen 127.0.0.1:$front ssl," \
	-e "s,/etc/pki/.*\.pem,$PWD/front.pem," -e "s,/etc/pki/.*\.key,$PWD/front.key," \
	"$TOP/docs/examples/nginx.conf" >site.conf
prefixed=$(free_port)
cat >nginx.conf <<CONF
daemon off;
user $(id -un) $(id -gn);
pid $PWD/nginx.pid;
error_log $PWD/nginx.log;
events {}
http {
	access_log off;
	client_body_temp_path $PWD/n1;
	proxy_temp_path $PWD/n2;
	fastcgi_temp_path $PWD/n3;
	uwsgi_temp_path $PWD/n4;
	scgi_temp_path $PWD/n5;
	include $PWD/site.conf;
	server {
		listen 127.0.0.1:$prefixed;
		location /fips/ { proxy_pass http://127.0.0.1:$PORT/; }
	}
}
CONF
chmod 755 .
expect 0 nginx -t -c "$PWD/nginx.conf"
background nginx.out nginx -c "$PWD/nginx.conf"
nginx=$PID
site=https://127.0.0.1:$front
via() { get --cacert front.pem "$@"; }
cached() { via -o /dev/null -D - "$1" | tr -d '\r' | sed -n 's/^X-Cache: //p'; }
wait_for 30 via "$site/healthz" || fail "$(cat nginx.log)"

via "$site/$tool" | cmp - tool || fail "the tool"
for _ in $(seq 50); do cached "$site/$tool"; done >hits
[ "$(sort -u hits)" = HIT ] || fail "not all from the cache: $(sort hits | uniq -c)"
via "$site/index.json" >before
"$OUT/tests/store_fill" s.db 3 1 || fail "publish"
published() { via "$site/index.json" | grep -q v1.3.0; }
wait_for 60 published || fail "a publish is not seen through the cache"
[ "$(status --cacert front.pem "$site/metrics")" = 404 ] || fail "metrics outside"
[ "$(via -H "Accept-Encoding: gzip" "$site/index.json" | gzip -dc | sha256sum)" = \
	"$(get "$URL/index.json" | sha256sum)" ] || fail "gzip through the cache"

step "under a prefix, whose every link stays there"
at=http://127.0.0.1:$prefixed/fips
links() { # PAGE: the URLs that its links mean
	curl -sS -H "Accept: text/html" "$1" |
		python3 -c 'import re, sys, urllib.parse as u
for link in re.findall("<a href=\"([^\"]*)", sys.stdin.read()): print(u.urljoin(sys.argv[1], link))' "$1"
}
for page in "" index.html none manifests/none/none; do
	links "$at/$page" >links
	[ -s links ] || fail "$page has no link"
	while read -r link; do
		# store_fill signs nothing, so what the manifests list cannot be shown
		[[ $link == */manifest-*.html ]] || [ "$(status "$link")" = 200 ] ||
			fail "$page links $link"
		[[ $link == "$at"/* ]] || fail "$page leads to $link"
	done <links
done
mkdir -p node/etc
printf 'ID=rhel\nVERSION_ID=8\n' >node/etc/os-release
expect 2 fips-tool --server "$at" --keyring "$TOP/keys-example/alice.asc" --root node --kubernetes v1.1.0
says "manifests/v1.1.0/manifest-el8-x86_64.json.asc"
kill "$nginx"
wait "$nginx"

step "httpd"
if ! command -v apache2 >/dev/null && ! command -v httpd >/dev/null; then
	need apache2
fi
httpd=$(command -v apache2 || command -v httpd)
modules=$(for d in /usr/lib/apache2/modules /usr/lib64/httpd/modules; do
	[ -d $d ] && echo $d; done | head -n 1)
sed -e "s,443,127.0.0.1:$front," -e "s,\*:127.0.0.1:$front,127.0.0.1:$front," \
	-e "s,127.0.0.1:8080,127.0.0.1:$PORT," \
	-e "s,/etc/pki/.*\.pem,$PWD/front.pem," -e "s,/etc/pki/.*\.key,$PWD/front.key," \
	"$TOP/docs/examples/httpd.conf" >vhost.conf
{
	echo "ServerRoot $PWD"
	echo "PidFile $PWD/httpd.pid"
	echo "ErrorLog $PWD/httpd.log"
	echo "ServerName front"
	for m in mpm_event authz_core unixd ssl proxy proxy_http socache_shmcb; do
		[ -e "$modules/mod_$m.so" ] && echo "LoadModule ${m}_module $modules/mod_$m.so"
	done
	echo "Include $PWD/vhost.conf"
} >httpd.conf
background httpd.out "$httpd" -f "$PWD/httpd.conf" -DFOREGROUND
wait_for 30 via "$site/healthz" || fail "$(cat httpd.log httpd.out)"
via "$site/$tool" | cmp - tool || fail "the tool"
path=manifests/v1.1.0/manifest-el8-x86_64.json.asc
via "$site/$path" | cmp - <(get "$URL/$path") || fail "a manifest"
[ "$(status --cacert front.pem "$site/%2e%2e%2fetc/passwd")" = 404 ] || fail "escapes"
kill "$PID"
wait "$PID"
