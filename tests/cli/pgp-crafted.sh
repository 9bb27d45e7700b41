#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Keys and signatures that no gpg would make (tests/cli/pgp_craft.py): which count, and
# which words tell why the others do not. What is good here, gpgv calls good, too.
. "$TOP/tests/cli/lib.sh"
need gpgv jq
/usr/bin/python3 -c 'import cryptography' 2>/dev/null || need python3-cryptography

/usr/bin/python3 "$TOP/tests/cli/pgp_craft.py" "$TOP/tests/data/manifest-el8-x86_64.json" . ||
	fail "nothing was crafted"

# name, status of verify, words of it, and status of `key check` of the keyring
unbound="its key is not bound to its primary key, or not both ways, with an allowed digest"
revoked="its key is revoked"
passed="its key carries a revocation that gpg passes over"
while IFS='|' read -r name status words check; do
	step "$name"
	rm -f out err
	expect "$status" timeout 10 fips-manifest verify --keyring "$name.gpg" "$name.asc"
	if [ "$status" = 0 ]; then
		says " trusted: " out
		gpgv --status-fd 1 --keyring "./$name.gpg" "$name.asc" 2>/dev/null |
			grep -aq '^\[GNUPG:\] VALIDSIG ' || fail "gpgv does not take it"
	else
		says "$words"
	fi
	LC_ALL=C grep -q '[^ -~]' out err && fail "not printable: $(cat -v out err)"
	[ "$(grep -c '^\[GNUPG' out err | cut -d: -f2 | xargs)" = "0 0" ] || fail "a forged line"
	expect 2 fips-manifest verify --threshold 2 --keyring "$name.gpg" --json "$name.asc"
	[ "$(jq -r '.[0].trusted' out)" = false ] || fail "$(cat out)"
	[ -n "$check" ] || continue
	expect "$check" timeout 10 fips-manifest key check "$name.gpg"
	LC_ALL=C grep -q '[^ -~]' out err && fail "not printable: $(cat -v out err)"
done <<END
primary|0||0
subkey|0||0
no-back-signature|2|$unbound|1
back-signature-sha1|2|$unbound|1
back-signature-by-another|2|$unbound|1
back-signature-of-no-name|0||0
back-signature-by-another-before|0||0
primary-and-back-signature-by-another|2|$unbound|0
subkey-encrypts|2|its key is not made for signing|1
subkey-bound-sha1|2|its key binds itself with SHA1; renew that: gpg|1
subkey-of-another|2|$unbound|1
subkey-unbound|2|$unbound|0
primary-certifies|2|its key is not made for signing|1
no-self-signature|2|$unbound|1
direct|0||0
direct-sha1|2|its key signs itself with SHA1|1
direct-sha1-prolongs|2|its key signs itself with SHA1|1
direct-sha1-newer|2|its key signs itself with SHA1|1
prolonged|0||0
shortened|2|its key expired on 2026-01-01T01:00:00Z|1
uids-newer-prolongs|0||0
uids-newer-shortens|2|its key expired on 2026-01-01T01:00:00Z|1
uids-newer-certifies|2|its key is not made for signing|1
no-flags|0||0
empty-flags|2|its key is not made for signing|1
flags-twice|2|$unbound|1
flags-not-signed|2|its key is not made for signing|1
back-signature-not-signed|0||0
back-signatures-two|2|$unbound|1
back-signature-bad|2|$unbound|0
old-headers|0||0
designated-revoker-alone|0||0
designated-revoker|2|$passed|1
designated-revoker-here|2|$revoked|1
revoked-softly|2|$revoked|1
subkey-revoked-softly|2|$revoked|1
subkey-revoked-sha1|2|$revoked|1
subkey-bound-again|2|$revoked|1
revoked-behind-uid|2|$passed|1
revoked-behind-subkey|2|$passed|1
revoked-critical|2|$passed|1
revoked-nameless|2|$passed|1
revoked-and-expired|2|$revoked|1
revoked-in-2100|2|$revoked|1
revoked-old-header|2|$revoked|1
subkey-revoked-before-it|2|$passed|1
subkey-revoked-critical|2|$passed|1
subkey-revoked-nameless|2|$passed|1
subkey-revoked-by-another|2|$passed|1
uid-empty|0||1
uid-hostile|0||0
uid-of-100-kb|2|gpg does not accept its key|3
flooded|0||0
subkeys-250|0||0
unknown-part|0||
critical-part|2|is bad|
critical-notation|2|is bad|
salt|0||
policy-url|0||
embedded|0||
embedded-good|2|made by a key that is not in the keyring|
area-9000|0||
area-60000|2|gpg finds no signature where there is one|
notations-900|2|gpg finds no signature where there is one|
date-0|2|dated 1970-01-01T00:00:00Z, before its key was made|
expired|2|the signature expired on 2026-01-01T00:01:10Z|
date-not-signed|2|dated 1970-01-01T00:00:00Z, before its key was made|
issuer-none|2|made by a key that is not in the keyring|
issuer-not-signed|0||
issuer-lies|0||
type-0|2|is of type 0x00 and not of a text|
sha224|2|'Hash: SHA224' where 'Hash: ' with SHA256, SHA384 or SHA512 must stand|
sha224-hidden|2|uses digest algorithm 11, which the 'Hash:' line does not name|
version-3|2|is of version 3; only version 4 is read|
version-5|2|is of version 5; only version 4 is read|
version-6|2|is of version 6; only version 4 is read|
one-pass|2|packet 1 of the signature block has tag 4 and is no signature|
partial|2|a packet of no definite length|
indeterminate|2|a packet of no definite length|
no-number|2|is bad|
good-bad-unknown|2|is bad: the text or the signature was changed|
unknown-good|0||
signatures-32|0||
signatures-33|2|more than 32 signatures|
signatures-10000|2|more than 131076 bytes|
ahead-200-s|0||
ahead-400-s|2|which is in the future|
before-key|2|dated 2025-12-31T23:59:59Z, before its key was made|
before-subkey|2|before its key was made|
END

step "the subkey that another key signed back for is named"
expect 1 fips-manifest key check back-signature-by-another.gpg
grep -Eq 'fault: nothing that subkey [0-9A-F]{40} signs counts' out || fail "$(cat out)"
expect 0 fips-manifest key check primary-and-back-signature-by-another.gpg
grep -Eq 'advice: nothing that subkey [0-9A-F]{40} signs counts' out || fail "$(cat out)"
expect 0 fips-manifest key check back-signature-by-another-before.gpg
grep -q 'signs counts' out && fail "$(cat out)"

step "what is not known of a signature back is said"
expect 0 fips-manifest key check back-signature-bad.gpg
says "  not checked: that the subkey's signature back is right" out
expect 0 fips-manifest key check primary.gpg
grep "not checked" out && fail "it has no subkey"

step "keyrings that are not read at all"
while IFS='|' read -r name words; do
	expect 3 fips-manifest verify --keyring "$name.gpg" "$name.asc"
	says "$words"
	one_line
	expect 3 fips-manifest key check "$name.gpg"
done <<END
subkey-twice|is there twice, first beneath the key
subkey-of-two|is there twice, first beneath the key
subkey-stolen|is there twice, first beneath the key
key-beneath-another|is there twice, first beneath the key
subkey-of-version-5|a key of version 5; only version 4 is read
trailing-text|not an OpenPGP packet
trailing-half|cut off
END
expect 3 fips-manifest verify --keyring key-of-version-6.gpg key-of-version-6.asc
says "a key of version 6; only version 4 is read"
expect 3 fips-manifest verify --keyring subkeys-300.gpg subkeys-300.asc
says "more than 256 subkeys"
cat flooded.gpg flooded.gpg >large.gpg
expect 3 fips-manifest verify --keyring large.gpg flooded.asc
one_line

step "a flooded key comes into a store, in bounded time and memory, and verifies there"
export FIPS_MANIFEST_STORE=$PWD/s.db
expect 0 fips-manifest init
expect 0 timeout 10 fips-manifest key add flooded.gpg
expect 0 fips-manifest add flooded.asc
says "complete" out
expect 0 timeout 10 fips-manifest list

step "who signed, a store reads from what is signed of it"
rm s.db
fips-manifest key check --json issuer-lies.gpg >keys.json
q=$(jq -r '.keys[0].fingerprint' keys.json) p=$(jq -r '.keys[1].fingerprint' keys.json)
expect 0 fips-manifest init
expect 0 fips-manifest key add issuer-lies.gpg "$q" "$p"
expect 0 fips-manifest add issuer-lies.asc
expect 0 fips-manifest list
says "complete" out
expect 0 fips-manifest key remove "$p"
expect 0 fips-manifest list
says "pending" out
echo "all good"
