#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What sign writes, held before every OpenPGP implementation that a Debian machine can
# have: prints the table of who accepts what, which docs/TRUST.md carries. And the other
# way round: what they sign, as far as it is of our form.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg gpgv gpg1 sqv sq gosop rnp node jq
judges

cp "$TOP/tests/data/manifest-el8-x86_64.json" m.json
new_home keys
make_key a rsa3072
a=$FPR
make_key b rsa3072
make_subkey b rsa3072
b=$FPR
make_key c rsa3072
c=$FPR
make_key p nistp256
p=$FPR
mkdir -m 700 gpg1 rnp
gpg1 --homedir gpg1 --batch --quiet --import a.gpg b.gpg c.gpg p.gpg 2>/dev/null

sign() { # sign FILE DIGEST KEY...: one after the other, as people do who share no machine
	local out=$1 digest=$2 from=m.json key
	shift 2
	echo "digest-algo $digest" >"$GNUPGHOME/gpg.conf"
	for key; do
		expect 0 fips-manifest sign --yes --quiet --key "$key" --output "$out" "$from"
		from=$out
	done
	rm "$GNUPGHOME/gpg.conf"
}
# A file each: what it is called in the table, the certificates of its signers.
sign one.asc SHA512 "$a"
sign sub.asc SHA256 "$b"
sign ec.asc SHA256 "$p"
sign two.asc SHA512 "$a" "$b"
sign three.asc SHA384 "$a" "$b" "$c"
sign mixed.asc SHA256 "$a"
echo "digest-algo SHA512" >"$GNUPGHOME/gpg.conf"
expect 0 fips-manifest sign --yes --quiet --key "$b" mixed.asc
rm "$GNUPGHOME/gpg.conf"
rows="one:a:one signature, RSA 3072, SHA-512
sub:b:one signature by a subkey, SHA-256
ec:p:one signature, P-256, SHA-256
two:a b:two signatures, SHA-512
three:a b c:three signatures, SHA-384
mixed:a b:two signatures, SHA-256 and SHA-512"

# The detached pair, for those that read no cleartext signatures.
detach() { # detach FILE.asc: text and packets as RFC 9580 section 7 has them
	sed '1,/^$/d; /^-----BEGIN PGP SIGNATURE-----$/,$d' "$1" | head -c -1 >text
	sed -n '/^-----BEGIN PGP SIGNATURE-----$/,$p' "$1" | gpg --dearmor >packets
}
# Each judge: FILE COUNT NAME... -> succeeds when that many signatures are good
status() { [ "$(grep -c '^\[GNUPG:\] GOODSIG ' status)" = "$1" ]; }
by_gpg() { gpg --batch --status-fd 1 --verify "$1" >status && status "$2"; }
by_gpgv() { gpgv --keyring ./ring.gpg --status-fd 1 "$1" >status && status "$2"; }
by_gpg1() { gpg1 --homedir gpg1 --batch --status-fd 1 --verify "$1" >status && status "$2"; }
by_sqv() { sqv --keyring ring.pub -n "$2" packets text; }
by_sq() {
	sq verify --signer-cert ring.pub --signatures "$2" "$1" >seen &&
		cmp -s m.json seen
}
by_gosop() { # one certificate at a time: of several it tells one
	shift 2
	local name
	for name; do
		gosop verify packets "$name.gpg" <text || return 1
	done
}
by_rnp() {
	rnp --homedir rnp --keyfile ring.gpg --verify "$1" 2>seen &&
		[ "$(grep -c '^Good signature' seen)" = "$2" ]
}
by_openpgpjs() {
	local file=$1
	shift 2
	judge openpgp.mjs verify "$file" "${@/%/.pub}"
}
by_us() { fips-manifest verify --keyring ring.gpg --threshold "$2" "$1"; }

judges="gpg gpgv gpg1 sqv sq gosop rnp openpgpjs us"
step "who accepts what we write"
{
	echo "| signed file | gpg | gpgv | gpg 1.4 | sqv | sq | gosop | rnp | OpenPGP.js | fips-manifest |"
	echo "|---|---|---|---|---|---|---|---|---|---|"
} >table
while IFS=: read -r name keys words; do
	# shellcheck disable=SC2086  # a list of names
	set -- $keys
	cat "${@/%/.gpg}" >ring.gpg
	cat "${@/%/.pub}" >ring.pub
	detach "$name.asc"
	line="| $words |"
	for judge in $judges; do
		if "by_$judge" "$name.asc" $# "$@" >said 2>&1; then
			line="$line good |"
		else
			line="$line no |"
			sed "s/^/  $judge of $name: /" said | tail -n 2
		fi
	done
	echo "$line" >>table
done <<<"$rows"
cat table

step "and they see a changed text"
for judge in $judges; do
	cat a.gpg b.gpg >ring.gpg
	cat a.pub b.pub >ring.pub
	sed 's/kubelet/kubelex/' two.asc >bad.asc
	detach bad.asc
	"by_$judge" bad.asc 2 a b >/dev/null 2>&1 && fail "$judge takes a changed text"
	sed 's/kubelet/kubelex/' one.asc >bad.asc
	detach bad.asc
	cp a.gpg ring.gpg
	cp a.pub ring.pub
	"by_$judge" bad.asc 1 a >/dev/null 2>&1 && fail "$judge takes a changed text"
done

step "the table of docs/TRUST.md is this one"
sed -n '/^| signed file | gpg |/,/^$/p' "$TOP/docs/TRUST.md" | sed '$d' | diff - table ||
	fail "docs/TRUST.md tells another table"

step "what others sign is verified when it is of our form"
g --armor --export-secret-keys "$a" >a.secret
judge openpgp.mjs sign a.secret m.json js.asc || fail "OpenPGP.js does not sign"
expect 0 fips-manifest verify --keyring a.gpg js.asc
sq sign --signer-key a.secret --cleartext-signature m.json 2>/dev/null >sq.asc
expect 0 fips-manifest verify --keyring a.gpg sq.asc
expect 0 fips-manifest sign --yes --quiet --key "$b" sq.asc
cat a.gpg b.gpg >ring.gpg
expect 0 fips-manifest verify --keyring ring.gpg --threshold 2 sq.asc
expect 0 gpg --verify sq.asc
g --export-secret-keys "$a" >a.secret.gpg
rnp --homedir rnp --keyfile a.secret.gpg --userid "$a" --password '' --clearsign m.json \
	--output crlf.asc >/dev/null 2>&1 || fail "rnp does not sign"
expect 2 fips-manifest verify --keyring a.gpg crlf.asc # it ends lines in CRLF
tr -d '\r' <crlf.asc >rnp.asc
expect 0 fips-manifest verify --keyring a.gpg rnp.asc
echo "all good"
