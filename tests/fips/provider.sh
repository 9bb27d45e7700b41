# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool with OpenSSL's FIPS provider, and without: make check-fips.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq openssl

new_key alice
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet | manifest m.json
sign m.json alice
check() { fips-tool --json --keyring alice.asc --root root "$@" m.json.asc; }
by() { jq -r .tool.digests_by out; }
fips=$TOP/build/fips

step "the default provider is refused where FIPS is required"
expect 0 check
case $(by) in *"provider default "*) ;; *) fail "digests by $(by)" ;; esac
expect 3 check --require-fips-provider
says "OpenSSL has no FIPS provider here that works"
one_line

step "the FIPS provider computes them and is named"
export OPENSSL_MODULES=$fips
OPENSSL_CONF=$fips/openssl.cnf expect 0 check --require-fips-provider
case $(by) in *"provider fips "[0-9]*) ;; *) fail "digests by $(by)" ;; esac
digest=$(jq -r '.checks[] | select(.subject == "/usr/bin/kubelet") | .actual' out)
expect 0 check
[ "$digest" = "$(jq -r '.checks[] | select(.subject == "/usr/bin/kubelet") | .actual' out)" ] ||
	fail "another digest"
jq -e '.tool.digests_by | test("validated") | not' out >/dev/null || fail "claims a validation"

step "the keys of TUF roles, where no other provider may be used"
sed 's/^\[init\]$/&\nalg_section = algorithms/' "$fips/openssl.cnf" >only.cnf
printf '[algorithms]\ndefault_properties = fips=yes\n' >>only.cnf
fm() {
	OPENSSL_CONF=$PWD/only.cnf fips-manifest "$@" --passphrase-fd 3 3<<<"correct horse"
}
expect 0 fm --store s.db init
expect 0 fm --store r.db init --scheme rsa
expect 0 fm --store s.db refresh
expect 0 env OPENSSL_CONF="$PWD/only.cnf" fips-manifest --store r.db root add-key targets \
	s.db.keys/targets.pub
expect 3 fm --store e.db init --scheme ed25519
says "its kind is not approved under FIPS"
[ ! -e e.db ] || fail "a store is there"

step "a provider that fails its self-test is none"
mkdir broken
cp "$fips/fips.so" broken/
printf '\377' | dd of=broken/fips.so bs=1 seek=$(($(stat -c %s broken/fips.so) / 2)) conv=notrunc 2>/dev/null
export OPENSSL_MODULES=$PWD/broken
OPENSSL_CONF=$fips/openssl.cnf expect 3 check --require-fips-provider
