# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Stores with something published, for the tests of what carries a tree: source it
# behind lib.sh and keys.sh.
#
#     make_store                    s.db ($FIPS_MANIFEST_STORE), its release key $KEY
#     release EL KUBERNETES [REVISION]    sign and add the sample under this name
#     publish                       publish what is there
#     port                          a free loopback port, in $PORT

export KEY="" PORT=""
make_store() {
	export FIPS_MANIFEST_STORE=$PWD/s.db
	new_home keys
	make_key release rsa3072
	KEY=$FPR
	expect 0 fips-manifest init
	expect 0 fips-manifest key add release.pub
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
publish() { expect 0 fips-manifest publish --quiet; }

port() {
	PORT=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
}
