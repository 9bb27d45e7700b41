#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mirror from a server that wants a name and password: both are used, and neither is
# kept, logged, signed or shown, however the run ends.
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/site.bash
. "$TOP/tests/cli/site.bash"
need nginx curl jq sqlite3
authority

port
mkdir nginx
ln -s tree1 www
echo "courier:$(openssl passwd -apr1 swordfish)" >htpasswd
cat >nginx.conf <<CONF
daemon off; master_process off; pid $PWD/nginx/pid; error_log $PWD/nginx/log;
events { }
http {
	access_log off; client_body_temp_path nginx/b; proxy_temp_path nginx/p;
	fastcgi_temp_path nginx/f; uwsgi_temp_path nginx/u; scgi_temp_path nginx/s;
	server {
		listen 127.0.0.1:$PORT; root $PWD/www;
		auth_basic tree; auth_basic_user_file $PWD/htpasswd;
	}
}
CONF
background nginx.out nginx -p "$PWD" -c nginx.conf
url=http://127.0.0.1:$PORT
secret=http://courier:swordfish@127.0.0.1:$PORT
wait_for 10 curl -sf "$secret/index.json" || fail "$(cat nginx.out nginx/log)"

mkdir store
mirror store/m.db
expect 0 fips-manifest --store store/m.db site init --plain --name harbour
# silent: the last command shows nothing of it, nor do the store and what lies beside it
silent() {
	grep -e swordfish -e courier out err && fail "it is shown"
	grep -rlae swordfish -e courier store && fail "it is kept"
	return 0
}
try() { # try STATUS COMMAND...
	expect "$@"
	silent
}
fm() { command fips-manifest --store store/m.db "$@"; }

step "without them the server says no, and what it wants is told"
try 3 fm mirror "$url" --trust root.json
one_line
says "'$url/metadata/2.root.json': the server answers 401: it wants a name and password"

step "with them it is mirrored, and they are nowhere"
try 0 fm mirror "$secret" --trust root.json
says "took snapshot 2"
try 0 fm log
says "from $url" out
try 0 fm log --json
try 0 fm log --verify
try 0 fm list --json
try 0 fm site show
says "source     $url" out
try 0 fm site show --json
try 3 fm publish
says "is a mirror of '$url'"
try 0 fm export out.tree
grep -rlae swordfish -e courier out.tree && fail "it is published"
[ "$(sqlite3 store/m.db 'SELECT source FROM mirror')" = "$url" ] || fail "another source"

step "so the next run needs them again, best out of a file"
try 3 fm mirror
one_line
says "it wants a name and password"
echo "machine 127.0.0.1 login courier password swordfish" >netrc
ln -sfn tree2 www
try 0 fm mirror --netrc-file netrc
says "took snapshot 3"
try 0 fm mirror --netrc-file netrc
says "nothing new"
expect 0 fm export m
rm -r m/site
same m tree2
echo "machine 127.0.0.1 login courier password sword-fish" >netrc
try 3 fm mirror --netrc-file netrc
says "401"
try 3 fm mirror --netrc-file none
one_line
says "cannot open 'none'"

step "nor when a run fails, whatever is wrong with the URL or the server"
mirror store/fresh.db
while read -r status address text; do
	try "$status" command fips-manifest --store store/fresh.db mirror "$address" \
		--trust root.json --timeout 3
	one_line
	says "$text"
done <<CASES
3 http://courier:swordfish@127.0.0.1:1 'http://127.0.0.1:1/
3 http://courier:swordfish@no.invalid no.invalid
3 http://courier:sword/swordfish@127.0.0.1:$PORT 'http://...
64 http://courier:swordfish?@127.0.0.1:$PORT it has a query
64 $secret/?a=b '$url/?a=b': no URL of a tree
3 $secret/nowhere '$url/nowhere/metadata/
3 ftp://courier:swordfish@127.0.0.1/ no file or folder 'ftp://127.0.0.1/' is here; the URL
3 127.0.0.1:$PORT no file or folder '127.0.0.1:$PORT' is here; the URL of a server begins with http://
CASES
try 64 fm import "$secret"
rm -r www && cp -a tree2 www
printf x >>"$(find www/targets -name '*el8*.asc')"
try 2 command fips-manifest --store store/fresh.db mirror "$secret" --trust root.json
says "that are signed"
one_line

step "the node's tool likewise"
rm -r www && ln -s tree2 www
try 0 fips-tool --root root --state state --trust root.json --json --server "$secret"
try 0 fips-tool --self-check --state state --trust root.json --server "$secret"
try 3 fips-tool --root root --state other --trust root.json --server "$secret/nowhere"
try 3 fips-tool inspect --server "$secret" /bin/true
grep -rlae swordfish -e courier state other && fail "it is kept"
echo "all silent"
