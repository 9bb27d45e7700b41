# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# build: Go programs of real toolchains, and require-crypto
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/fixtures.sh"
need gcc npm jq
fixture go programs || fail "no fixtures"

definition() { # PROGRAM [LINE]
	cat <<-EOF
		el: "8"
		kubernetes: v1.21.3
		created: 2021-08-25T00:00:00Z
		components:
		  - name: tool
		    file: $1
		    path: /usr/bin/tool
		    version: "1"
		    ${2-}
	EOF
}
build() { fips-manifest build --artifacts "$FIXTURES/go" --output made "$@"; }

step "toolchain and module of each"
while read -r program version crypto; do
	definition "$program" >one.yaml
	expect 0 build one.yaml
	got=$(jq -r '.components[0].files[0].go | "\(.version) \(.crypto)"' made/manifest-el8-x86_64.json)
	[ "$got" = "$version $crypto" ] || fail "$program: $got"
done <<-EOF
	boring go1.19.8 boringcrypto
	boring-stripped go1.19.8 boringcrypto
	boring-nocgo go1.19.8 none
	boring-word go1.19.8 none
	boring-together go1.19.8 boringcrypto
	plain-386 go1.19.8 none
	fips140 go1.24.4 fips140-v1.0.0
	fips140-off go1.24.4 none
	plain-1.24 go1.24.4 none
	go1.16 go1.16.3 none
EOF

step "require-crypto takes what has it"
definition boring-stripped 'require-crypto: boringcrypto' >one.yaml
expect 0 build one.yaml
definition fips140 'require-crypto: fips140-v1.0.0' >one.yaml
expect 0 build one.yaml

step "and refuses what has not"
rm -r made
while read -r program crypto; do
	definition "$program" "require-crypto: $crypto" >one.yaml
	expect 1 build one.yaml
	one_line
	says "'/usr/bin/tool' is built by go1"
	says "'$crypto' is required"
done <<-EOF
	plain-1.24 boringcrypto
	boring-nocgo boringcrypto
	boring-word boringcrypto
	plain-386 boringcrypto
	fips140-off fips140-v1.0.0
	fips140 boringcrypto
	boring fips140-v1.0.0
EOF
mkdir other
echo 'no program' >other/text
definition text 'require-crypto: boringcrypto' >one.yaml
expect 1 fips-manifest build --artifacts other --output made one.yaml
one_line
says "no file is a Go program"
[ -e made ] && fail "something was written"
exit 0
