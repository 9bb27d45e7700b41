#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TUF role keys that never leave a PKCS#11 token, through OpenSSL's provider; the recipe
# is that of docs/OPERATIONS.md.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
need openssl jq curl flock gpg
(
	flock 9
	"$TOP/.ci/pkcs11-provider" "$TOP/build/pkcs11"
) 9>"$TOP/build/pkcs11.lock" >provider.log 2>&1 || {
	[ -n "${CI-}" ] && fail "$(cat provider.log)"
	skip "$(tail -n 1 provider.log)"
}

# shellcheck source=tests/cli/softhsm.bash
. "$TOP/tests/cli/softhsm.bash"

cat >openssl.cnf <<END
openssl_conf = init
[init]
providers = providers
[providers]
default = the_default
pkcs11 = the_tokens
[the_default]
activate = 1
[the_tokens]
module = $TOP/build/pkcs11/pkcs11.so
pkcs11-module-path = $LOCKING
pkcs11-module-quirks = no-deinit
activate = 1
END
sed 's,^pkcs11-module-path.*,pkcs11-module-path = /nonexistent/module.so,' openssl.cnf >no-module.cnf
grep -v '^pkcs11 =' openssl.cnf >no-provider.cnf

softhsm2-util --init-token --free --label release --pin 12345678 --so-pin 654321 >/dev/null
make_key() { # make_key NAME KIND...: in the token; its public half in NAME.pub
	local name=$1
	shift
	GNUTLS_PIN=12345678 p11tool --provider "$SOFTHSM" --login --batch "$@" --label "$name" \
		--outfile "$name.pub" pkcs11:token=release >p11.log 2>&1 || fail "$(cat p11.log)"
}
make_key root --generate-privkey=rsa --bits 3072 --id 01
make_key timestamp --generate-privkey=ecdsa --curve=secp256r1 --id 02
make_key targets --generate-privkey=ecdsa --curve=secp256r1 --id 03
make_key other --generate-privkey=ecdsa --curve=secp384r1 --id 04

# the provider binds the module in a way that ASan does not stand
SHALLOW=
if [ "${OUT##*/}" = san ]; then
	cat >shallow.c <<'END'
#include <dlfcn.h>
void *dlopen(const char *file, int mode)
{
	void *(*next)(const char *, int) = dlsym(RTLD_NEXT, "dlopen");
	return next(file, mode & ~RTLD_DEEPBIND);
}
END
	cc -D_GNU_SOURCE -shared -fPIC -o shallow.so shallow.c || fail "no shallow.so"
	SHALLOW=$PWD/shallow.so
	export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
fi

export FIPS_MANIFEST_STORE=$PWD/s.db
pin=12345678 conf=openssl.cnf
bare() {
	LD_PRELOAD=$SHALLOW OPENSSL_CONF=$PWD/$conf fips-manifest "$@"
}
fm() { # with the PIN at descriptor 3
	bare "$@" --passphrase-fd 3 3<<<"$pin"
}
uri() { # uri ROLE [MORE]: the role's key is in the token
	echo "pkcs11:token=${token:-release};object=$1${2-}" >"s.db.keys/$1.uri"
}

step "init takes the keys that are named, and makes the others"
mkdir -m 700 s.db.keys
uri root
uri timestamp
expect 0 fm init
says "made the TUF roles; their keys are in '$PWD/s.db.keys'"
grep -q 'safe place' err && fail "root.pem is not there"
[ "$(cd s.db.keys && echo *)" = "root.uri snapshot.pem snapshot.pub targets.pem targets.pub \
timestamp.uri" ] || fail "$(ls s.db.keys)"
background server.log fips-manifestd --store s.db --listen 127.0.0.1:0
wait_for 10 grep -q 'listening on' server.log || fail "$(cat server.log)"
url=$(sed -n 's,^listening on \(http://.*\)/$,\1,p' server.log)
curl -sf "$url/metadata/1.root.json" >root.json || fail "no root"
for role in root timestamp; do
	[ "$(jq -r --arg r $role '.signed | .keys[.roles[$r].keyids[0]].keyval.public' root.json)" = \
		"$(cat $role.pub)" ] || fail "$role is not the token's key"
done
[ "$(jq -r '.signed | .keys[.roles.root.keyids[0]].scheme' root.json)" = rsassa-pss-sha256 ] ||
	fail "$(cat root.json)"

step "refresh signs in the token, and a client follows"
client() {
	"$OUT/tests/tuf-client" --metadata-dir state "$@"
}
mkdir state
expect 0 client init root.json
expect 0 fm refresh
says "signed timestamp 2"
wait_for 10 bash -c "curl -sf $url/metadata/timestamp.json | grep -q '\"version\":2'" ||
	fail "not served"
expect 0 client --metadata-url "$url/metadata" refresh
[ "$(jq .signed.version state/timestamp.json)" = 2 ] || fail "the client did not follow"

step "targets moves into the token by a new root, which the token signs, too"
old=$(jq -r '.signed.roles.targets.keyids[0]' root.json)
expect 0 fips-manifest root add-key targets targets.pub
expect 0 fips-manifest root remove-key targets "$old"
rm s.db.keys/targets.*
expect 0 fm root sign
expect 3 fm root publish
says "TUF role 'targets': no private key that may sign it"
uri targets
expect 0 fm root publish
says "published the new root; signed targets 2"
wait_for 10 curl -sf "$url/metadata/2.root.json" || fail "not served"
expect 0 client --metadata-url "$url/metadata" refresh
[ "$(jq .signed.version state/targets.json)" = 2 ] || fail "the client did not follow"

step "publish: the token signs targets and the role of the manifest, a node follows"
# shellcheck source=tests/cli/site.bash
. "$TOP/tests/cli/site.bash"
new_key alice
expect 0 fips-manifest key add alice.asc
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet >kubelet.json
statement_of() { # statement_of REVISION: added to the store
	manifest "r$1.json" ".revision = $1" <kubelet.json
	sign "r$1.json" alice
	expect 0 fips-manifest add "r$1.json.asc"
}
statement_of 1
newest() { find "$1/metadata" -name "*.$2.json" | sort -V | tail -n 1; } # TREE ROLE
cp s.db before.db
pin=87654321
expect 3 fm publish
one_line
says "TUF role 'targets': 'pkcs11:token=release;object=targets': the PIN is wrong or locked"
cmp s.db before.db || fail "something was stored"
pin=12345678
expect 0 fm publish
expect 0 fips-manifest export tree-1
signed_by "$(newest tree-1 el8)" targets.pub || fail "el8"
file=$(newest tree-1 targets)
[ "$(jq -r '.signatures[].keyid' "$file")" = "$(jq -r .signed.roles.targets.keyids[0] \
	tree-1/metadata/2.root.json)" ] || fail "targets is signed by another key"
signed_by tree-1/metadata/timestamp.json timestamp.pub || fail "timestamp"
node() { tool --server="$url" --el 8; }
wait_for 10 node || fail "$(node 2>&1)"
expect 0 node
says "pass" out

step "the next revision and its withdrawal, likewise"
statement_of 2
expect 0 fm publish
mv s.db.keys/targets.uri targets.uri
expect 3 fm withdraw el8/v1.21.3@2 --reason "not built with the module"
says "no private key that may sign it"
mv targets.uri s.db.keys/
expect 0 fm withdraw el8/v1.21.3@2 --reason "not built with the module"
expect 0 fm publish
expect 0 fips-manifest export tree-2
signed_by "$(newest tree-2 el8)" targets.pub || fail "el8"
gone() { ! node && grep -q "revision 2 was withdrawn\|has no manifest" <(node 2>&1); }
wait_for 10 gone || fail "$(node 2>&1)"

refused() { # refused STATUS WORDS: refresh signs nothing and says why in one line
	expect "$1" fm refresh
	one_line
	says "TUF role 'timestamp': $2"
}
step "a PIN that is wrong costs one try; three lock the token"
pin=87654321
refused 3 "'pkcs11:token=release;object=timestamp': the PIN is wrong or locked"
grep -q 'no such key' err && fail "the key is there"
[ "$(cat wrong-pins)" = 1 ] || fail "$(cat wrong-pins) tries"
pin=12345678
expect 0 fm refresh
[ "$(cat wrong-pins)" = 0 ] || fail "$(cat wrong-pins) tries"
echo 3 >wrong-pins
refused 3 "'pkcs11:token=release;object=timestamp': the PIN is wrong or locked"
echo 0 >wrong-pins

step "no token, no key, no module, no provider, a key that TUF does not use"
token=absent uri timestamp
refused 3 "'pkcs11:token=absent;object=timestamp': no token that is plugged in has such a key"
uri timestamp -2
refused 3 "'pkcs11:token=release;object=timestamp-2': the token has no such key, or the PIN is wrong or locked"
[ "$(cat wrong-pins)" = 0 ] || fail "$(cat wrong-pins) tries"
pin=87654321
refused 3 "'pkcs11:token=release;object=timestamp-2': the token has no such key, or the PIN is wrong or locked"
[ "$(cat wrong-pins)" = 1 ] || fail "$(cat wrong-pins) tries"
pin=12345678
echo 0 >wrong-pins
echo 'pkcs11:token=release;object=other' >s.db.keys/timestamp.uri
refused 3 "'pkcs11:token=release;object=other': a key of a kind that TUF roles here do not use"
uri timestamp
conf=no-module.cnf
refused 3 "'pkcs11:token=release;object=timestamp': the PKCS#11 module does not start"
conf=no-provider.cnf
refused 3 "'pkcs11:token=release;object=timestamp': OpenSSL has no provider for it"
conf=openssl.cnf

step "a PIN of its own, beside a passphrase of the files; never in the URI"
echo 12345678 >pin
uri timestamp "?pin-source=file:$PWD/pin"
expect 0 bare refresh
echo 87654321 >pin
refused 3 "'pkcs11:token=release;object=timestamp?pin-source=file:$PWD/pin': the PIN is wrong or locked"
uri none "?pin-source=file:$PWD/pin"
mv s.db.keys/none.uri s.db.keys/timestamp.uri
refused 3 "'pkcs11:token=release;object=none?pin-source=file:$PWD/pin': no token that is plugged in has such a key and takes this PIN"
uri timestamp "?pin-value=12345678"
refused 64 "a PKCS#11 URI with a PIN in it: use pin-source"
grep -q 12345678 err && fail "the PIN is shown"

step "an init that fails leaves no key behind, and takes none that it did not make"
uri timestamp
mkdir -m 700 t.keys
cp s.db.keys/timestamp.uri t.keys
cp timestamp.pub t.keys
echo "pkcs11:token=absent;object=snapshot" >t.keys/snapshot.uri
expect 3 fm --store t.db init --role-keys t.keys
says "snapshot: 'pkcs11:token=absent;object=snapshot': no token"
[ ! -e t.db ] || fail "a store is there"
[ "$(cd t.keys && echo *)" = "snapshot.uri timestamp.pub timestamp.uri" ] || fail "$(ls t.keys)"

step "a site's key in the token signs its statement"
expect 0 fips-manifest export tree
expect 0 fips-manifest --store m.db init --no-roles
mkdir -m 700 m.db.keys
echo "pkcs11:token=release;object=timestamp" >m.db.keys/site.uri
expect 0 fm --store m.db site init --name harbour
says "the nodes need 'm.db.keys/site.pub'"
cmp -s m.db.keys/site.pub timestamp.pub || fail "another public half"
expect 0 fm --store m.db import tree --trust root.json
statement m.db statement.json
signed_by statement.json timestamp.pub || fail "openssl does not verify it"
