# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced behind lib.sh by the tests of fips-manifestd.

# serve OPTION...: start it on a free port of 127.0.0.1; its URL in $URL, its port in
# $PORT, its pid in $PID, its log in ./log
serve() {
	rm -f url
	fips-manifestd --listen 127.0.0.1:0 "$@" >url 2>log &
	PID=$!
	PIDS+=("$PID")
	wait_for 20 grep -q '^listening on ' url || fail "it does not start: $(cat log)"
	URL=$(sed 's/^listening on //; s,/$,,' url)
	export PORT=${URL##*:}
}
# stop: SIGTERM; the exit status must be 0
stop() {
	kill "$PID"
	wait "$PID" || fail "exit $? on SIGTERM: $(cat log)"
}
get() { curl -fsS --max-time 60 "$@"; }
header() { # header NAME CURL-ARGUMENT...
	local name=$1
	shift
	get -I "$@" | tr -d '\r' | sed -n "s/^$name: //Ip"
}
status() { # and what came, in ./body
	: >body
	curl -sS --max-time 60 -o body -w '%{http_code}' "$@"
}
logged() { grep -qF "$1" log; }
# free_port: a port that is free now
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
# certificate NAME: NAME.pem and NAME.key for 127.0.0.1
certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" \
		-addext "subjectAltName=IP:127.0.0.1" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}
