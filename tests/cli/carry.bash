# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Stores with something published, for the tests of what carries a tree: source it
# behind lib.sh and keys.sh.
#
#     make_store [ROLES]            s.db ($FIPS_MANIFEST_STORE), its release key $KEY; with
#                                   ROLES an authority under TUF, its root in root.json
#     release EL KUBERNETES [REVISION]    sign and add the sample under this name
#     publish                       publish what is there
#     two_trees [BYTES]             an authority's tree before and after, in a/ and b/, with
#                                   a tool of BYTES (300 kB); old.db is a mirror that has a
#     port                          a free loopback port, in $PORT
#     nginx_serve DIR               serve it, its log in nginx.access; $URL
#     registry_serve                Debian's docker-registry in blobs/; $REGISTRY
#     copy FROM TO                  skopeo copy, to it or from it
#     carry ...                     tests/cli/carry.py
#     same DIR DIR                  the very same names and bytes
#     whole DIR                     what its index lists is there
#     refused STORE COMMAND...      exit status 2 or 3, and the store stays as it is
#     unchanged STORE COMMAND...    run it: the store's bytes stay as they are

export KEY="" PORT="" URL="" REGISTRY=""
make_store() {
	export FIPS_MANIFEST_STORE=$PWD/s.db
	new_home keys
	make_key release rsa3072
	KEY=$FPR
	if [ "${1-}" ]; then
		echo a-passphrase >pass
		expect 0 fips-manifest init --passphrase-fd 3 3<pass
	else
		expect 0 fips-manifest init --no-roles
	fi
	expect 0 fips-manifest key add release.pub
	if [ "${1-}" ]; then
		publish
		fips-manifest export --quiet first
		cp first/metadata/1.root.json root.json
	fi
}
release() {
	local name=el$1-$2-${3:-1}
	sed -e "s/\"el\": \"8\"/\"el\": \"$1\"/" \
		-e "s/\"kubernetes\": \"v1.21.3\"/\"kubernetes\": \"$2\"/" \
		-e "s/\"revision\": 1/\"revision\": ${3:-1}/" \
		"$TOP/tests/data/manifest-el8-x86_64.json" >"$name.json"
	expect 0 fips-manifest sign --yes --quiet --key "$KEY" --output "$name.asc" \
		"$name.json"
	expect 0 fips-manifest add --quiet "$name.asc"
}
publish() {
	if [ -e pass ]; then
		expect 0 fips-manifest publish --quiet --passphrase-fd 3 3<pass
	else
		expect 0 fips-manifest publish --quiet
	fi
}
two_trees() {
	make_store roles
	release 8 v1.21.3
	publish
	expect 0 fips-manifest export a
	expect 0 fips-manifest --store old.db init --no-roles --quiet
	expect 0 fips-manifest --store old.db import a --trust root.json
	release 8 v1.21.3 2
	release 9 v1.22.0
	make_program program "${1-300000}"
	expect 0 fips-manifest tool add program --version 1.0.0 --arch x86_64
	publish
	expect 0 fips-manifest export b
}

port() {
	PORT=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
}
nginx_serve() {
	port
	mkdir nginx
	: >nginx.access
	cat >nginx.conf <<-CONF
		daemon off; master_process off; pid $PWD/nginx/pid; error_log $PWD/nginx/log;
		events { }
		http {
			log_format path "\$request_uri";
			access_log $PWD/nginx.access path;
			client_body_temp_path nginx/b; proxy_temp_path nginx/p;
			fastcgi_temp_path nginx/f; uwsgi_temp_path nginx/u;
			scgi_temp_path nginx/s;
			server { listen 127.0.0.1:$PORT; root $PWD/$1; }
		}
	CONF
	background nginx.out nginx -p "$PWD" -c nginx.conf
	URL=http://127.0.0.1:$PORT
	wait_for 10 curl -sf "$URL/index.json" || fail "$(cat nginx.out nginx/log)"
}
registry_serve() {
	port
	REGISTRY=127.0.0.1:$PORT
	# one folder, no log hooks
	cat >registry.yml <<-CONF
		version: 0.1
		log: { level: error }
		storage: { filesystem: { rootdirectory: $PWD/blobs } }
		http: { addr: $REGISTRY }
	CONF
	background registry.log docker-registry serve registry.yml
	wait_for 10 curl -sf "http://$REGISTRY/v2/" || fail "$(cat registry.log)"
}
copy() {
	case $1 in docker:*) set -- "$@" --src-tls-verify=false ;; *) set -- "$@" --dest-tls-verify=false ;; esac
	expect 0 skopeo --insecure-policy --tmpdir "$PWD" copy --quiet --preserve-digests "$@"
}
carry() { python3 "$TOP/tests/cli/carry.py" "$@" || fail "carry.py $*"; }

same() { diff -r "$1" "$2" >same.out || fail "$1 and $2 differ: $(head -n 3 same.out)"; }
whole() {
	jq -e .format "$1/index.json" >/dev/null || fail "$1 has no index"
	jq -r '.manifests[] | .sha256 + "  " + .path' "$1/index.json" >sums
	(cd "$1" && sha256sum --quiet -c -) <sums || fail "$1 is no whole tree"
}
unchanged() {
	local store=$1 before
	before=$(sha256sum <"$store")
	shift
	"$@"
	[ "$(sha256sum <"$store")" = "$before" ] || fail "$store was changed by: $*"
	[ ! -e "$store-journal" ] || fail "$store has a journal"
}
refused() {
	local store=$1 before got
	before=$(sha256sum <"$store")
	shift
	echo "\$ $*"
	"$@" >out 2>err
	got=$?
	[ "$got" = 2 ] || [ "$got" = 3 ] || fail "exit $got, not 2 or 3: $(cat err)"
	[ "$(sha256sum <"$store")" = "$before" ] || fail "$store was changed by: $*"
}
