#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A site's server behind a cache that has the tree of one moment and the statement of
# another: fips-tool asks past the cache; where the cache does not let it, it refuses and
# says so, and what is right comes with the cache's next look.
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/site.bash
. "$TOP/tests/cli/site.bash"
# shellcheck source=tests/cli/server_lib.bash
. "$TOP/tests/cli/server_lib.bash"
PATH=$PATH:/usr/sbin
need nginx curl
authority

mirror m.db
expect 0 fips-manifest --store m.db site init --plain --name harbour
expect 0 fips-manifest --store m.db import tree1 --trust root.json
serve --store m.db --per-address 0

step "the example for nginx, without TLS, two caches; and two that bypass nothing"
# cache NAME PORT CONF: the example's cache and server under another name
cache() {
	sed -e "s,/var/cache/nginx/fips-manifest,$PWD/$1," -e "s,127.0.0.1:8080,127.0.0.1:$PORT," \
		-e "s,fips_manifestd,$1_server,; s,=fips_manifest:,=$1:,; s,proxy_cache fips_manifest,proxy_cache $1," \
		-e "s,listen 443 ssl,listen 127.0.0.1:$2," -e '/ssl_/d' \
		"$TOP/docs/examples/nginx.conf"
}
server=$PORT
{
	cat <<-CONF
		daemon off; master_process off; pid $PWD/nginx.pid; error_log $PWD/nginx.log;
		events {}
		http {
			access_log off; client_body_temp_path $PWD/n1; proxy_temp_path $PWD/n2;
			fastcgi_temp_path $PWD/n3; uwsgi_temp_path $PWD/n4; scgi_temp_path $PWD/n5;
	CONF
	for name in old_tree old_statement deaf_tree deaf_statement; do
		port
		echo "http://127.0.0.1:$PORT" >$name.url
		front=$PORT PORT=$server
		cache $name "$front" | if [[ $name = deaf* ]]; then grep -v bypass; else cat; fi
	done
	echo "}"
} >nginx.conf
grep -c proxy_cache_bypass nginx.conf | grep -qx 2 || fail "$(cat nginx.conf)"
background nginx.out nginx -p "$PWD" -c nginx.conf
for name in old_tree old_statement deaf_tree deaf_statement; do
	wait_for 20 get "$(cat $name.url)/healthz" || fail "$(cat nginx.out nginx.log)"
done

step "one half is cached, then something new comes"
at_proxy() { # at_proxy NAME: a node that begins
	local url
	url=$(cat "$1.url")
	tool --server="$url" --site-key m.db.keys/site.pub
}
for name in old_tree deaf_tree; do
	get "$(cat $name.url)/metadata/timestamp.json" >before || fail "no timestamp"
done
for name in old_statement deaf_statement; do
	get "$(cat $name.url)/site/statement.json" >before.statement || fail "no statement"
done
expect 0 fips-manifest --store m.db import tree2
both_new() {
	! get "http://127.0.0.1:$server/site/statement.json" | cmp -s - before.statement &&
		! get "http://127.0.0.1:$server/metadata/timestamp.json" | cmp -s - before
}
wait_for 8 both_new || fail "the server does not see it in time"
for name in old_tree old_statement; do
	expect 0 at_proxy $name
	says "site      harbour: snapshot 3 arrived" out
done
expect 2 at_proxy deaf_tree
one_line
says "timestamp 2: its snapshot is 2, and the site's statement is of snapshot 3: one of the two is an old copy, or held back"
expect 2 at_proxy deaf_statement
one_line
says "timestamp 3: its snapshot is 3, and the site's statement is of snapshot 2: one of the two is an old copy, or held back"

step "ten seconds later every cache has looked again"
for name in deaf_tree deaf_statement; do
	wait_for 15 at_proxy $name || fail "$name is refused for ever: $(at_proxy $name 2>&1)"
done
