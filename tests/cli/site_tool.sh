#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fips-tool --site-key: in a site without a network an expired timestamp is no reason to
# turn checks off, and a site that stopped importing is seen.
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/site.bash
. "$TOP/tests/cli/site.bash"
# shellcheck source=tests/cli/server_lib.bash
. "$TOP/tests/cli/server_lib.bash"
need curl strace
judges
authority

# a site that looked on day 0, 20 and 44, its tree as it was then in day0, day20, day44
mirror m.db
expect 0 fips-manifest --store m.db site init --plain --name harbour
cp m.db.keys/site.pub site.pub
for n in 0 20 44; do
	expect 0 at "+${n}d" fips-manifest --store m.db import tree2 --trust root.json \
		--allow-expired
	expect 0 fips-manifest --store m.db export --quiet "day$n"
done
mirror other.db
expect 0 fips-manifest --store other.db site init --plain --name other
site() { # site DAY OPTION...: on that day, with the site's key
	local day=$1
	shift
	at "+${day}d" fips-tool --root root --state "state$((++NODES))" --trust root.json \
		--kubernetes v1.21.3 --site-key site.pub "$@"
}

step "a folder, a tar, a layout, a server: the statement comes along, and no network"
expect 0 fips-manifest --store m.db export m.tar.zst
expect 0 fips-manifest --store m.db export oci:img
for from in --tree=day44 --bundle=m.tar.zst --tree=oci:img; do
	expect 0 site 44 "$from" --max-site-age 20d
	says "site      harbour: snapshot 3 arrived $(date -u +%Y)" out
	if [ "${OUT##*/}" != san ]; then
		expect 0 strace -f -qq -o trace -e trace=network fips-tool --root root --trust \
			root.json --state net --kubernetes v1.21.3 --site-key site.pub --tree day0
		grep -E 'AF_INET|AF_PACKET' trace && fail "$from: a network call"
	fi
done
serve --store m.db
expect 0 site 44 --server "$URL" --max-site-age 20d
[ "$(get "$URL/site/statement.json")" = "$(fips-manifest --store m.db site show --json)" ] ||
	fail "the server has another statement"
[ "$(header Cache-Control "$URL/site/statement.json")" = "public, max-age=10" ] ||
	fail "caches keep a statement for long"
# what the site says later is seen without a restart
get "$URL/site/statement.json" >before
renewed() { ! get "$URL/site/statement.json" | cmp -s - before; }
expect 0 at +45d fips-manifest --store m.db import tree2 --allow-expired
wait_for 20 renewed || fail "the server keeps the old statement"
expect 0 site 46 --server "$URL" --max-site-age 20d

step "the report names the site, in every form"
expect 0 site 31 --tree day20 --report json:r.json --report junit:r.xml \
	--report prometheus:r.prom
cat out
says "on the site's word" out
expect 0 judge ajv.mjs "$TOP/schema/report.schema.json" r.json
jq -e --slurpfile s day20/site/statement.json --slurpfile t tree2/metadata/timestamp.json \
	--slurpfile n tree2/metadata/3.snapshot.json '
	def used($role): "\($role) 3 expired on \(if $role == "snapshot" then $n else $t end |
		.[0].signed.expires) and is used on the site'"'"'s word";
	.verdict == "pass (image)" and .site == {name: "harbour", snapshot: 3, source: "tree2",
		key: $s[0].signatures[0].keyid, arrived: $s[0].signed.arrived,
		checked: $s[0].signed.checked, as_of: $s[0].signed.checked, max_age: 1209600} and
	([.checks[] | select(.subject == "site statement") | .verdict] == ["pass"]) and
	([.checks[] | select(.subject == "metadata expiry") | .reason] ==
		[used("timestamp"), used("snapshot")])' r.json >/dev/null || fail "$(jq . r.json)"
says "fips_tool_site_as_of_timestamp_seconds{site=\"harbour\"} $(date -d \
	"$(jq -r .site.as_of r.json)" +%s)" r.prom
says "site statement" r.xml

step "is this program a published one: the same"
expect 0 site 31 --self-check --tree day20
says "$(sha256sum <"$BIN/fips-tool" | cut -c1-64) is fips-tool-1.0.0-linux-x86_64" out
expect 2 site 35 --self-check --tree day20
says "it stopped importing"
expect 2 at +31d fips-tool --self-check --state plain --trust root.json --tree day20
says "timestamp 3: expired on "

step "expired: nothing relaxes without the key, or without a young statement"
expect 2 at +31d fips-tool --root root --state plain --trust root.json \
	--kubernetes v1.21.3 --tree day20
says "timestamp 3: expired on "
one_line
expect 0 at +31d fips-tool --root root --state plain --trust root.json \
	--kubernetes v1.21.3 --tree day20 --site-key site.pub
# what was let pass once is not let pass for ever
expect 2 at +31d fips-tool --root root --state plain --trust root.json \
	--kubernetes v1.21.3 --tree day20
expect 2 site 35 --tree day20
says "site statement: too old: site 'harbour' last looked on "
says "it stopped importing"
one_line
expect 0 site 35 --tree day20 --max-site-age 16d
expect 2 site 35 --tree day20 --max-site-age 300h
# the timestamp was good still, and a site that does not look is seen all the same
expect 0 site 13 --tree day0
expect 2 site 15 --tree day0
says "last looked on "
# to look at the same expired tree again and again makes it no younger
expect 2 site 45 --tree day44
says "site statement: too old: what site 'harbour' has was current until "
one_line
expect 0 site 45 --tree day44 --max-site-age 16d
# what people signed expires as ever
expect 2 site 95 --tree day44 --max-site-age 100d
says "targets 2: expired on "
one_line

step "refused, each in its own words"
# refuse STATUS TEXT OPTION...: with the statement that lies in bad
refuse() {
	local status=$1 text=$2
	shift 2
	expect "$status" tool --tree=bad --site-key site.pub "$@"
	says "$text"
	one_line
}
cp -r day0 bad
good=day0/site/statement.json bad=bad/site/statement.json
refuse 3 "--site-key: cannot open 'none.pub'" --site-key none.pub
refuse 3 "'m.db.keys/site.pem': no public key in PEM" --site-key m.db.keys/site.pem
refuse 2 "the site's key did not sign it" --site-key other.db.keys/site.pub
cp day20/site/statement.json bad/site/
refuse 2 "the site's clock or this one is wrong"
expect 0 fips-manifest --store other.db import tree1 --trust root.json
expect 0 fips-manifest --store other.db export --quiet other
cp other/site/statement.json bad/site/
refuse 2 "timestamp 3: its snapshot is 3, and the site's statement is of snapshot 2" \
	--site-key other.db.keys/site.pub
sed 's/harbour/harbor/' $good >$bad
refuse 2 "the site's key did not sign it"
head -c 300 $good >$bad
refuse 2 "site statement: damaged: line 1"
cp tree2/metadata/timestamp.json $bad
refuse 2 "site statement: damaged: its type is 'timestamp', not 'site'"
head -c 20000 /dev/zero >$bad
refuse 2 "site statement: "
: >$bad
refuse 2 "site statement: damaged: "
rm $bad
refuse 2 "site statement: there is none: folder 'bad': cannot open 'site/statement.json'"
rm -r bad
stop
expect 2 tool --tree=tree2 --site-key site.pub
expect 3 tool --server "$URL" --site-key site.pub
says "site statement: '$URL/site/statement.json': "
one_line
serve --store s.db
expect 2 tool --server "$URL" --site-key site.pub
says "site statement: there is none: "
one_line
stop

step "the tree is replaced while it is asked: asked once more"
cat >changing.py <<-'END'
	# the statement of the tree before, the first time
	import http.server, os
	class Handler(http.server.SimpleHTTPRequestHandler):
	    def translate_path(self, path):
	        if path == "/site/statement.json" and not os.path.exists("asked"):
	            open("asked", "w").close()
	            return "other/site/statement.json"
	        return "now" + path
	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
	print(server.server_port, flush=True)
	server.serve_forever()
END
expect 0 fips-manifest --store other.db import tree2
expect 0 fips-manifest --store other.db export --quiet now
background py.log python3 -u changing.py
wait_for 20 test -s py.log || fail "no server"
sleep 0.1
url=http://127.0.0.1:$(head -n 1 py.log)
expect 0 tool --server="$url" --site-key other.db.keys/site.pub
[ -e asked ] || fail "the statement was not asked for"
cp other/site/statement.json now/site/
expect 2 tool --server="$url" --site-key other.db.keys/site.pub
says "its snapshot is 3, and the site's statement is of snapshot 2"
one_line

step "usage"
while read -r line; do
	# shellcheck disable=SC2086  # a list of options
	expect 64 fips-tool --root root --state usage --trust root.json $line
done <<-'CASES'
	--as-of-last-seen --site-key site.pub
	--tree day0 --max-site-age 14d
	--tree day0 --site-key site.pub --max-site-age 14
	--tree day0 --site-key site.pub --max-site-age 0d
	--tree day0 --site-key site.pub --max-site-age 3651d
	--tree day0 --site-key site.pub --max-site-age 14dd
	--tree day0 --site-key site.pub --max-site-age d
	--self-check --as-of-last-seen --site-key site.pub
	r2.json.asc --site-key site.pub
CASES
# no root to begin with: the statement alone is not enough
expect 3 fips-tool --root root --state none --kubernetes v1.21.3 --tree day0 --site-key site.pub
says "no root to begin with"
