#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fips-manifestd with a real store: what is published is served, also what is published
# while it runs; a store that goes bad leaves the last good state; the end is clean.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/server_lib.bash"
need gpg curl jq sqlite3

sample=$TOP/tests/data/manifest-el8-x86_64.json
asc=manifests/v1.21.3/manifest-el8-x86_64.json.asc
export FIPS_MANIFEST_STORE=$PWD/s.db

page_says() {
	get "$URL/" >page
	grep -qF "$1" page
}

step "without a store, or with one that is none, it says so and ends"
expect 64 env -u FIPS_MANIFEST_STORE fips-manifestd
expect 3 fips-manifestd --store none.db --listen 127.0.0.1:0
says "none.db"
echo "not a database, but long enough to look at as one" >text.db
expect 3 fips-manifestd --store text.db --listen 127.0.0.1:0
says "text.db"
expect 64 fips-manifestd --store s.db --listen localhost:80
says "numeric address"
expect 64 fips-manifestd --store s.db --tls-cert x
says "go together"

step "a store with nothing in it is served, and says so"
expect 0 fips-manifest init
serve --log-format json
[ "$(get "$URL/healthz" | jq -r '.status, .manifests')" = "ok
0" ] || fail "healthz"
page_says "Nothing is published yet" || fail "the page"
[ "$(status "$URL/$asc")" = 404 ] || fail "404"

step "what is published while it runs is seen without a restart"
new_home keys
make_key release rsa3072
expect 0 fips-manifest key add release.pub
expect 0 fips-manifest sign --yes --quiet --key "$FPR" --output m.asc "$sample"
expect 0 fips-manifest add m.asc
make_program fips-tool 1000
expect 0 fips-manifest tool add fips-tool --version 1.0.0 --arch x86_64
expect 0 fips-manifest publish
wait_for 20 get "$URL/$asc" || fail "it is not there"

step "the served bytes are the published ones"
get "$URL/$asc" >served.asc
cmp m.asc served.asc || fail "the manifest differs"
get "$URL/keys/release.asc" >ring.asc
expect 0 fips-manifest verify --keyring ring.asc served.asc
(mkdir tool && cd tool && get -O "$URL/tool/fips-tool-1.0.0-linux-x86_64" \
	-O "$URL/tool/fips-tool-1.0.0-linux-x86_64.sha256" -O "$URL/tool/SHA256SUMS" &&
	sha256sum -c --quiet SHA256SUMS fips-tool-1.0.0-linux-x86_64.sha256) ||
	fail "the tool's digests"
[ "$(get "$URL/index.json" | jq -r '.manifests[0].path')" = "$asc" ] || fail "index"
page_says "href=\"$asc\"" || fail "the page does not link the manifest"

step "media types, caching, security headers"
[ "$(header content-type "$URL/index.json")" = application/json ] || fail "json"
[ "$(header content-type "$URL/")" = "text/html; charset=utf-8" ] || fail "html"
[ "$(header cache-control "$URL/tool/fips-tool-1.0.0-linux-x86_64")" = \
	"public, max-age=31536000, immutable" ] || fail "immutable"
[ "$(header cache-control "$URL/index.json")" = "public, max-age=10" ] || fail "max-age"
header content-security-policy "$URL/" | grep -q "default-src 'none'" || fail "policy"
[ "$(header x-content-type-options "$URL/$asc")" = nosniff ] || fail "nosniff"

step "HEAD, ETag, Last-Modified"
etag=$(header etag "$URL/$asc")
[ "$etag" = "\"$(sha256sum <m.asc | cut -c1-64)\"" ] || fail "the tag is not the digest"
[ "$(status -H "If-None-Match: $etag" "$URL/$asc")" = 304 ] || fail "304 by tag"
[ ! -s body ] || fail "a 304 with content"
since=$(header last-modified "$URL/$asc")
[ "$(status -H "If-Modified-Since: $since" "$URL/$asc")" = 304 ] || fail "304 by date"
[ "$(header content-length "$URL/$asc")" = "$(wc -c <m.asc)" ] || fail "HEAD's length"

step "codings give the same bytes"
for coding in gzip zstd; do
	get -H "Accept-Encoding: $coding" -D headers "$URL/$asc" >coded
	grep -qi "^content-encoding: $coding" headers || fail "no $coding"
	$coding -dc <coded | cmp - m.asc || fail "$coding"
done

step "parts"
[ "$(status -r 5-14 "$URL/$asc")" = 206 ] || fail "206"
cmp <(tail -c +6 m.asc | head -c 10) body || fail "the part"
[ "$(status -r 99999999- "$URL/$asc")" = 416 ] || fail "416"

step "errors are problems for machines and pages for people"
status "$URL/none" >/dev/null
[ "$(jq -r .status body)" = 404 ] || fail "problem+json"
status -H "Accept: text/html" "$URL/none" >/dev/null
grep -q "<h1>Not Found</h1>" body || fail "a page"
# its way to the root is that of the request, whatever prefix a proxy took off
for target in none:./ manifests/v1/none:./../../ 'none?a=/b/':./; do
	status -H "Accept: text/html" "$URL/${target%%:*}" >/dev/null
	says "<a href=\"${target#*:}\">All that is published</a>" body
done
[ "$(status -X DELETE "$URL/$asc")" = 405 ] || fail "405"
curl -sS -X OPTIONS -D headers -o body "$URL/"
grep -qi '^allow: GET, HEAD' headers || fail "Allow"
[ "$(status -d x=y "$URL/")" = 405 ] || fail "POST"

step "a manifest for people lies beside the signed one"
view=$URL/${asc%.json.asc}.html
get "$view" | sed "s/<wbr>//g" >view.html
for text in "EL 8, Kubernetes v1.21.3, x86_64, revision 1" /usr/bin/kubelet root:root "$FPR" boringcrypto \
	TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 "ticket 17"; do
	says "$text" view.html
done
grep -q "Changed since" view.html && fail "revision 1 has nothing before it"
[ "$(status -H "If-None-Match: $(header etag "$view")" "$view")" = 304 ] || fail "its tag"
[ "$(status "$URL/manifests/v1.21.3/none.html")" = 404 ] || fail "a view of nothing"

step "an auditor asks for a digest"
digest=$(jq -r '.components[0].files[0].sha256' "$sample")
[ "$(get "$URL/digests/$digest" | jq -r '.found[0].listed.file')" = \
	/usr/local/bin/kube-apiserver ] || fail "digests"
[ "$(status "$URL/digests/$(printf '%064d' 7)")" = 404 ] || fail "an unknown one"
[ "$(status "$URL/digests/XYZ")" = 400 ] || fail "no digest"

step "a superseded revision is not served, but its digests are known"
sed 's/"revision": 1/"revision": 2/; s/"size": 114000000/"size": 114000001/' "$sample" >two
expect 0 fips-manifest sign --yes --quiet --key "$FPR" --output two.asc two
expect 0 fips-manifest add two.asc
expect 0 fips-manifest publish
revisions() {
	[ "$(get "$URL/digests/$digest" | jq -c '[.found[] | [.revision, has("path")]] |
		sort')" = '[[1,false],[2,true]]' ]
}
wait_for 20 revisions || fail "$(get "$URL/digests/$digest")"

store_is() { [ "$(get "$URL/healthz" | jq -r .status)" = "$1" ]; }
step "the view tells what changed"
get "$view" >view.html
says "Changed since revision 1" view.html
says "114000001" view.html

step "a store that goes bad leaves the last good state, and is told"
mv s.db good.db
wait_for 20 store_is stale || fail "stale"
get "$URL/healthz" | jq -r .fault | grep -q "s.db" || fail "which store"
get "$URL/$asc" | cmp - two.asc || fail "the last good state"
logged '"event":"store cannot be read' || fail "the log: $(cat log)"
get "$URL/metrics" | grep -q '^fips_manifestd_store_ok 0' || fail "metrics"
mv good.db s.db
wait_for 20 store_is ok || fail "good again"

step "another file in its place is opened anew"
sqlite3 s.db ".backup other.db"
expect 0 fips-manifest --store other.db withdraw el8/v1.21.3/x86_64@2 --reason "bad build"
mv other.db s.db
gone() { [ "$(status "$URL/$asc")" = 404 ]; }
wait_for 20 gone || fail "the withdrawn manifest is still served"
page_says "bad build" || fail "why it was withdrawn"

step "what only the store before had published is not known any more"
expect 0 fips-manifest --store empty.db init --no-roles
mv s.db kept.db
mv empty.db s.db
knows() { [ "$(status "$URL/digests/$digest")" = "$1" ]; }
wait_for 20 knows 404 || fail "$(get "$URL/digests/$digest")"
mv kept.db s.db
wait_for 20 knows 200 || fail "not known again"

step "SIGHUP reads again; SIGTERM lets a transfer finish and ends with 0"
loads() { get "$URL/metrics" | sed -n 's/^fips_manifestd_snapshot_loads_total //p'; }
before=$(loads)
kill -HUP "$PID"
read_again() { [ "$(loads)" -gt "$before" ]; }
wait_for 20 read_again || fail "SIGHUP"
make_program large 20000000
expect 0 fips-manifest tool add large --version 2.0.0 --arch x86_64
expect 0 fips-manifest publish
large=tool/fips-tool-2.0.0-linux-x86_64
wait_for 20 get -I "$URL/$large" || fail "the large tool"
curl -sS --limit-rate 8M -o got "$URL/$large" &
transfer=$!
sleep 0.5
kill "$PID"
wait "$transfer" || fail "the transfer was cut"
cmp large got || fail "the transfer is not whole"
wait "$PID" || fail "exit $?"
jq -e . log >/dev/null || fail "the log is not JSON lines"
logged '"event":"stopping"' || fail "the log does not tell the end"

step "a port that is taken"
serve
port=${URL##*:}
expect 3 fips-manifestd --listen "127.0.0.1:$port"
says "cannot listen on '127.0.0.1:$port'"
one_line
stop

step "a socket that was handed over"
expect 0 env URL= python3 - <<'PY'
import os, socket, subprocess, sys, time, urllib.request
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(64)
port = s.getsockname()[1]
def hand_over():
    os.dup2(s.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = "1"
p = subprocess.Popen(["sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec fips-manifestd"],
                     preexec_fn=hand_over, close_fds=False, stdout=subprocess.PIPE)
try:
    line = p.stdout.readline().decode()
    assert line == f"listening on http://127.0.0.1:{port}/\n", line
    assert b"FIPS manifests" in urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
finally:
    p.terminate()
    assert p.wait(10) == 0
PY

step "the sandbox is on"
serve
if logged 'landlock="read-only'; then
	grep -q '^Seccomp:.*2' "/proc/$PID/status" || fail "no seccomp filter"
	grep -q '^NoNewPrivs:.*1' "/proc/$PID/status" || fail "can gain privileges"
fi
stop
