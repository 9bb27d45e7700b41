# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool and TLS endpoints: OpenSSL, nginx, GnuTLS and Go (etcd), and servers that
# misbehave.
# long
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
# shellcheck source=tests/cli/fixtures.sh
. "$TOP/tests/cli/fixtures.sh"
need gpg jq unshare openssl nginx gnutls-serv python3 ip
[ "$(uname -m)" = x86_64 ] || skip "the manifest is for x86_64"
[ -n "${OWN_NODE-}" ] || fixture programs || fail "no etcd" # before the network is gone
own_node "$0"
become_node

new_key alice
cp /bin/true kas
with_tls() { # with_tls FILE JQ: a manifest whose "tls" is this
	component "" kas required "$PWD/kas" | manifest "$1.json" \
		"$2 | .services = [{name: \"api\", port: 6443, component: \"kas\"}]"
	sign "$1.json" alice
}
with_tls default .
with_tls el8 '.tls = {min_version: "TLSv1.2", cipher_suites: [
	"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	"TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_GCM_SHA256"]}'
with_tls only13 '.tls = {min_version: "TLSv1.3", groups: ["secp384r1"]}'
check() { # check [MANIFEST [OPTION...]]
	fips-tool --keyring alice.asc "${@:2}" "${1:-default}.json.asc"
}
for kind in rsa ec; do
	alg=(-newkey rsa:2048)
	[ $kind = rsa ] || alg=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
	openssl req -x509 "${alg[@]}" -nodes -subj /CN=localhost -days 30 \
		-keyout $kind.key -out $kind.pem 2>/dev/null || fail "no certificate"
done

listening() { grep -qi ":192B 0*:0000 0A" /proc/net/tcp /proc/net/tcp6; }
serve() { # serve COMMAND...: something that listens on 6443 until the next call
	if [ -n "${SERVING-}" ]; then
		kill "$SERVING"
		wait "$SERVING" 2>/dev/null
		while listening; do sleep 0.05; done
	fi
	background server.log "$@"
	SERVING=$PID
	wait_for 60 listening || fail "$* does not listen: $(cat server.log)"
}
openssl_server() { serve openssl s_server -quiet -accept 6443 -cert rsa.pem -key rsa.key "$@"; }
line() { # line VERDICT TEXT
	grep -qE "^kas  *service  *api .*$2.*  $1\$" out || {
		cat out
		fail "no line '$2 ... $1'"
	}
}
actual() { # actual SUBJECT: what the JSON report has found
	fips-tool --json --keyring alice.asc default.json.asc |
		jq -r --arg s "$1" '.checks[] | select(.kind == "service" and (.subject | endswith($s))) | .actual'
}

step "not running"
expect 1 check
line fail ":6443  *not running; expected TLS; actual nothing listens there"
component "" kas optional "$PWD/kas" | manifest optional.json \
	'.services = [{name: "api", port: 6443, component: "kas"}]'
sign optional.json alice
expect 0 check optional
line skipped ":6443  *optional and not running"

step "OpenSSL: what a FIPS node should accept"
strict=(-tls1_2 -serverpref -cipher ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256 -groups P-256:P-384)
openssl_server "${strict[@]}"
for m in default el8 optional; do
	expect 0 check $m
done
line pass "127.0.0.1:6443 versions|\[::1\]:6443 versions"
line pass "6443 preferred cipher suite"
[ "$(actual "preferred cipher suite")" = TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 ] || fail "preferred: $(actual "preferred cipher suite")"
[ "$(actual versions)" = TLSv1.2 ] || fail "versions: $(actual versions)"
[ "$(actual "TLS 1.2 cipher suites")" = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" ] ||
	fail "suites: $(actual "TLS 1.2 cipher suites")"
[ "$(actual groups)" = "secp256r1 secp384r1" ] || fail "groups: $(actual groups)"
expect 1 check only13
line fail "accepts a version that is too old; expected TLSv1.3; actual TLSv1.2"
openssl_server -tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384 -groups P-384
expect 0 check only13
expect 0 check default
openssl_server "${strict[@]}" -Verify 1
expect 0 check
line pass "6443 versions"

step "it is asked where it listens: at the node's address of either family alone"
addresses=(192.0.2.1)
ip addr add 192.0.2.1/32 dev lo || fail "no address"
[ -e /proc/net/if_inet6 ] && ip -6 addr add 2001:db8::1/128 dev lo nodad && addresses+=('[2001:db8::1]')
for at in "${addresses[@]}"; do
	openssl_server "${strict[@]}" -accept "$at:6443"
	expect 0 check
	says "service  api $at:6443 versions" out
	[ "$(grep -c ':6443 versions' out)" = 1 ] || fail "asked elsewhere, too: $(cat out)"
done

step "a wildcard of IPv6 on a node that has none: the same server by IPv4"
if [ -e /proc/net/if_inet6 ] && ip -6 addr del ::1/128 dev lo; then
	openssl_server "${strict[@]}"
	expect 0 check
	line pass "127.0.0.1:6443 versions"
	ip -6 addr add ::1/128 dev lo
fi

step "OpenSSL: what it must not accept, one thing at a time"
openssl_server -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA384 -groups P-256
expect 1 check
line fail "accepts TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384; expected AES-GCM"
openssl_server -tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384
expect 0 check
expect 1 check el8
line fail "accepts TLS_DHE_RSA_WITH_AES_256_GCM_SHA384; expected TLS_ECDHE_RSA"
openssl_server -tls1_3 -groups P-256
expect 1 check
line fail "TLS 1.3 cipher suites  *accepts TLS_CHACHA20_POLY1305_SHA256"
openssl_server -ciphersuites TLS_AES_128_GCM_SHA256 -tls1_3 -groups X25519:P-256
expect 1 check
line fail "groups  *accepts x25519; expected secp256r1 secp384r1 secp521r1; actual x25519 secp256r1"
openssl_server -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0 -min_protocol TLSv1 -max_protocol TLSv1.1 -groups P-256
expect 1 check
line fail "too old; expected TLSv1.2 or TLSv1.3; actual TLSv1.0 TLSv1.1"
openssl_server -cert ec.pem -key ec.key -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256 -groups P-256
expect 0 check
openssl_server -nocert -tls1_2 -cipher ADH-AES128-GCM-SHA256:@SECLEVEL=0
expect 1 check
line fail "accepts TLS_DH_anon_WITH_AES_128_GCM_SHA256"

step "OpenSSL: every suite that s_client gets, and no other"
openssl_server -tls1_2 -cipher 'ALL:!PSK:!SRP:!aNULL:!CAMELLIA:!ARIA:!CCM:@SECLEVEL=0' -groups P-256
openssl ciphers -stdname -tls1_2 -s 'ALL:!PSK:!SRP:!aNULL:!CAMELLIA:!ARIA:!CCM:@SECLEVEL=0' |
	while read -r iana _ name _; do
		echo Q | openssl s_client -connect 127.0.0.1:6443 -tls1_2 -cipher "$name:@SECLEVEL=0" \
			>/dev/null 2>&1 && echo "$iana"
	done | sort >theirs
actual "TLS 1.2 cipher suites" | tr ' ' '\n' | sort >ours
[ "$(wc -l <theirs)" -gt 10 ] || fail "s_client found next to nothing"
diff theirs ours || fail "not what s_client finds"
expect 1 check

step "more suites than connections: never a pass"
openssl_server -tls1_2 -cipher 'ALL:@SECLEVEL=0' -groups P-256
expect 1 check

step "more addresses than are asked: never a pass"
cat >many.py <<-'END'
	import socket, time
	kept = []
	for n in range(1, 19):
	    kept.append(socket.create_server((f"127.0.0.{n}", 6443)))
	time.sleep(600)
END
serve python3 many.py
expect 3 check default --timeout 1
line unknown ":6443  *it listens at more addresses than are asked"

step "nginx"
cat >nginx.conf <<-END
	daemon off; pid $PWD/nginx.pid; error_log stderr;
	events {}
	http {
		access_log off; client_body_temp_path $PWD/t; proxy_temp_path $PWD/t;
		fastcgi_temp_path $PWD/t; uwsgi_temp_path $PWD/t; scgi_temp_path $PWD/t;
		server {
			listen 127.0.0.1:6443 ssl;
			ssl_certificate $PWD/rsa.pem; ssl_certificate_key $PWD/rsa.key;
			ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;
			ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256;
			ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384;
			ssl_ecdh_curve prime256v1:secp384r1;
		}
	}
END
serve nginx -p "$PWD" -c "$PWD/nginx.conf"
expect 0 check
[ "$(actual versions)" = "TLSv1.2 TLSv1.3" ] || fail "versions: $(actual versions)"
[ "$(actual "TLS 1.3 cipher suites")" = TLS_AES_256_GCM_SHA384 ] || fail "1.3: $(actual "TLS 1.3 cipher suites")"

step "GnuTLS"
serve gnutls-serv --quiet -p 6443 --x509certfile rsa.pem --x509keyfile rsa.key \
	--priority 'NONE:+VERS-TLS1.2:+VERS-TLS1.3:+ECDHE-RSA:+AES-256-GCM:+AES-128-GCM:+AEAD:+SIGN-ALL:+GROUP-SECP256R1:+COMP-NULL'
expect 0 check
serve gnutls-serv --quiet -p 6443 --x509certfile rsa.pem --x509keyfile rsa.key --priority NORMAL
expect 1 check
line fail "accepts .*CHACHA20_POLY1305"

step "libmicrohttpd"
mhd() { serve "$OUT/tests/mhd_tls" 6443 rsa.pem rsa.key "$1"; }
mhd 'NONE:+VERS-TLS1.2:+ECDHE-RSA:+RSA:+AES-256-GCM:+AEAD:+SIGN-ALL:+GROUP-SECP256R1:+GROUP-SECP384R1:+COMP-NULL:%SERVER_PRECEDENCE'
expect 0 check
[ "$(actual "preferred cipher suite")" = TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 ] || fail "preferred: $(actual "preferred cipher suite")"
[ "$(actual "TLS 1.2 cipher suites" | tr ' ' '\n' | sort | tr '\n' ' ')" = \
	"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS_RSA_WITH_AES_256_GCM_SHA384 " ] || fail "suites: $(actual "TLS 1.2 cipher suites")"
[ "$(actual groups)" = "secp256r1 secp384r1" ] || fail "groups: $(actual groups)"
mhd 'NORMAL:-VERS-TLS1.3'
expect 1 check
says "preferred cipher suite (the client's choice)" out
line fail "accepts .*_CBC_SHA"

step "Go: etcd, which wants a client's certificate"
etcd() { # etcd ARGUMENT...
	rm -rf etcd.data
	serve "$FIXTURES/programs/etcd" --data-dir etcd.data --listen-client-urls https://127.0.0.1:6443 \
		--advertise-client-urls https://127.0.0.1:6443 --listen-peer-urls http://127.0.0.1:2380 \
		--cert-file rsa.pem --key-file rsa.key --client-cert-auth --trusted-ca-file rsa.pem \
		--log-level error "$@"
}
etcd
expect 1 check # Go's defaults
line fail "accepts TLS_"
etcd --cipher-suites TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
expect 1 check
line pass "6443 TLS 1.2 cipher suites"
line fail "groups  *accepts x25519"

step "servers that misbehave"
start=$SECONDS
for how in garbage http endless foreign ancient long; do
	serve python3 "$TOP/tests/cli/tls_hostile.py" 6443 $how
	expect 1 check
	line fail "127.0.0.1:6443  *does not speak TLS; expected TLS"
done
for how in silent drip close again; do
	serve python3 "$TOP/tests/cli/tls_hostile.py" 6443 $how
	case $how in
	silent | drip) says="no answer in time" ;;
	close) says="refuses every offer" ;;
	again) says= ;;
	esac
	if [ "$says" ]; then
		expect 3 check
		line unknown "127.0.0.1:6443  *$says"
	else
		expect 1 check
		line fail "does not speak TLS"
	fi
done
[ $((SECONDS - start)) -lt 300 ] || fail "took $((SECONDS - start)) s"
