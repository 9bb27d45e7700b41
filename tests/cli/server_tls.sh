#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fips-manifestd with TLS of its own: serves, takes a new certificate while it runs, keeps
# the old one when the new one is bad.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/server_lib.bash"
need openssl curl

head -c 3000000 /dev/urandom >tool
"$OUT/tests/store_fill" s.db 0 3 tool || fail "store_fill"
for name in one two; do certificate $name || fail "openssl"; done
cp one.pem cert.pem
cp one.key key.pem
chmod 600 key.pem

step "a key that does not fit, or is none, is refused at the start"
expect 3 fips-manifestd --store s.db --listen 127.0.0.1:0 --tls-cert one.pem --tls-key two.key
says "certificate"
one_line
expect 3 fips-manifestd --store s.db --listen 127.0.0.1:0 --tls-cert one.pem --tls-key none
says "'none'"

serve --store s.db --tls-cert cert.pem --tls-key key.pem
[ "${URL%%:*}" = https ] || fail "$URL"
subject() { # of the certificate that a new connection gets
	openssl s_client -connect "127.0.0.1:$PORT" </dev/null 2>/dev/null |
		openssl x509 -noout -subject | sed 's/.*CN *= *//'
}
step "it serves by TLS 1.2 and 1.3 alone"
get --cacert one.pem "$URL/index.json" | grep -q fips-manifest-index || fail "index.json"
get --cacert one.pem --tls-max 1.2 "$URL/healthz" >/dev/null || fail "TLS 1.2"
openssl s_client -connect "127.0.0.1:$PORT" -tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null \
	>old 2>&1 && fail "TLS 1.1 is spoken"
[ "$(curl -sS --max-time 5 "http://127.0.0.1:$PORT/" 2>/dev/null)" = "" ] || fail "plain"

step "a transfer goes on while the certificate is changed"
curl -sS --cacert one.pem --limit-rate 750K -o got "$URL/tool/fips-tool-1.0.0-linux-x86_64" &
transfer=$!
sleep 0.5
cp two.pem cert.pem
cp two.key key.pem
kill -HUP "$PID"
now_two() { [ "$(subject)" = two ]; }
wait_for 30 now_two || fail "still $(subject): $(cat log)"
get --cacert two.pem "$URL/healthz" >/dev/null || fail "the new one"
kill -HUP "$PID" # nothing is new
certificate three || fail "openssl"
cp three.pem cert.pem
cp three.key key.pem
kill -HUP "$PID"
now_three() { [ "$(subject)" = three ]; }
wait_for 30 now_three || fail "still $(subject): $(cat log)"
[ "$(grep -c 'new TLS certificate' log)" = 2 ] || fail "$(cat log)"
wait "$transfer" || fail "the transfer was cut"
cmp tool got || fail "the transfer"

step "a bad pair leaves the old one, and is told"
cp one.pem cert.pem
kill -HUP "$PID"
wait_for 30 logged "TLS files cannot be used" || fail "$(cat log)"
[ "$(subject)" = three ] || fail "$(subject)"
rm key.pem
kill -HUP "$PID"
wait_for 30 logged "'key.pem'" || fail "$(cat log)"
get --cacert three.pem "$URL/healthz" >/dev/null || fail "it does not serve any more"
stop
