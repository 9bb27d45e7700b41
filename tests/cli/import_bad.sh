#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# import: everything that can be wrong with a tree that a courier brings. Nothing of it
# reaches the store; one line says what and where.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
need gpg jq python3 tar

mirror() { expect 0 fips-manifest --store "$1" init --no-roles --quiet; }
make_store roles
release 8 v1.21.3
release 7 v1.21.3
make_program program 100000
expect 0 fips-manifest tool add program --version 1.0.0 --arch x86_64
publish
expect 0 fips-manifest export a
expect 0 fips-manifest export a.tar
release 8 v1.21.3 2
publish
expect 0 fips-manifest export b
expect 0 fips-manifest export b.tar.zst

step "what whoever holds the role keys may try"
sed 's/"revision": 1/"revision": 3/' el8-v1.21.3-1.json >stranger.json
make_key stranger rsa3072
expect 0 fips-manifest sign --yes --quiet --key "$FPR" --output stranger.asc stranger.json
echo nonsense >nonsense
n=0
while read -r status case file text; do
	[ "$file" != - ] || file=
	n=$((n + 1))
	# shellcheck disable=SC2086  # may be none
	carry authority a "bent$n" "$case" $file
	mirror bent.db
	unchanged bent.db expect "$status" fips-manifest --store bent.db import "bent$n" \
		--trust "bent$n/metadata/1.root.json"
	one_line
	says "$text"
	rm bent.db
done <<CASES
2 wrong_place - it is the manifest of 'manifests/v1.21.3/manifest-el7-x86_64.json.asc'
2 other_file stranger.asc target 'manifests/v1.21.3/manifest-el8-x86_64.json.asc'
2 other_file nonsense target 'manifests/v1.21.3/manifest-el8-x86_64.json.asc'
3 no_index - nobody vouches for 'index.json'
3 bad_index - target 'index.json'
3 no_keys - nobody vouches for 'keys/release.asc'
3 bad_keys - target 'keys/release.asc'
3 climbing - '../../etc/cron.d/x' is no path of a tree
3 bad_tool - target 'tool/fips-tool-1.0.0': no name of a tool
2 bad_sums - target 'tool/SHA256SUMS.asc'
CASES

step "a file that is not what was signed"
for victim in tool/*.fips-tool-1.0.0-linux-x86_64 manifests/v1.21.3/*-el8-x86_64.json.asc \
	keys/*.release.asc ./*.index.json; do
	rm -rf bad
	cp -a b bad
	# shellcheck disable=SC2086  # a pattern
	(cd bad/targets && printf x >>$victim)
	mirror bad.db
	unchanged bad.db expect 2 fips-manifest --store bad.db import bad --trust root.json
	one_line
	says "that are signed"
	# shellcheck disable=SC2086
	(cd bad/targets && truncate -s -2 $victim)
	unchanged bad.db expect 2 fips-manifest --store bad.db import bad --trust root.json
	# shellcheck disable=SC2086
	(cd bad/targets && rm $victim)
	unchanged bad.db expect 3 fips-manifest --store bad.db import bad --trust root.json
	one_line
	says "lacks 1 file that this store does not have either, '"
	rm bad.db
done
rm -rf bad && cp -a b bad
cp a/targets/manifests/v1.21.3/*-el8-x86_64.json.asc \
	bad/targets/manifests/v1.21.3/*-el8-x86_64.json.asc
mirror bad.db
unchanged bad.db expect 2 fips-manifest --store bad.db import bad --trust root.json
for role in timestamp snapshot targets el8; do
	rm -rf bad && cp -a b bad
	f=$(find bad/metadata -name "*$role.json")
	# a byte of a signature: as long as before
	sed -e 's/\("sig":"[0-9a-f]\{20\}\)[0-7]/\18/; t' \
		-e 's/\("sig":"[0-9a-f]\{20\}\)[89a-f]/\11/' "$f" >bad.json
	cp bad.json "$f"
	refused bad.db fips-manifest --store bad.db import bad --trust root.json
	one_line
	says "$role"
	echo '<html>' >"$f"
	refused bad.db fips-manifest --store bad.db import bad --trust root.json
	one_line
	says "$role"
done

step "tars with what no tree has, or cut off at any place"
for case in dotdot absolute symlink hardlink device fifo twice sparse; do
	carry tar b "$case.tar" $case
	unchanged bad.db expect 3 fips-manifest --store bad.db import $case.tar --trust root.json
	one_line
	says "tar '$case.tar'"
done
carry tar b tool.tar tool
unchanged bad.db expect 2 fips-manifest --store bad.db import tool.tar --trust root.json
one_line
says "target 'tool/fips-tool-1.0.0-linux-x86_64': it does not have the "
expect 0 fips-manifest --store bad.db import b.tar.zst --trust root.json --dry-run
cp b.tar.zst z.tar
size=$(stat -c %s a.tar)
[ "${OUT##*/}" = san ] && every=16 || every=1
cp bad.db untouched.db
for ((at = 0; at < size; at += 4096 * every)); do
	head -c $at a.tar >cut.tar
	expect 3 fips-manifest --store bad.db import cut.tar --trust root.json >/dev/null
	one_line
done
for at in 10 1000 5000 20000; do
	head -c $at b.tar.zst >cut.tar
	expect 3 fips-manifest --store bad.db import cut.tar --trust root.json
	one_line
done

cmp bad.db untouched.db || fail "a tar that was cut off changed the store"

step "a folder, a tar and a layout that hold no tree"
mkdir empty
tar -cf empty.tar empty
for source in empty empty.tar; do
	expect 3 fips-manifest --store bad.db import $source --trust root.json
	one_line
	says "'$source' is no published tree: it has no 'metadata/timestamp.json'"
done
expect 3 fips-manifest --store bad.db import oci:empty --trust root.json
one_line
says "OCI layout 'empty': cannot open 'oci-layout'"

step "folders with links, layouts with wrong digests"
cp -a b linked
t=$(find linked/targets -name '*.index.json')
mv "$t" secret && ln -s "$PWD/secret" "$t"
unchanged bad.db expect 3 fips-manifest --store bad.db import linked --trust root.json
one_line
says "is a symlink"
rm -rf linked && cp -a b linked
mv linked/targets secret-targets && ln -s "$PWD/secret-targets" linked/targets
unchanged bad.db expect 3 fips-manifest --store bad.db import linked --trust root.json
one_line
expect 0 fips-manifest export oci:img
blob=img/blobs/sha256/$(sha256sum <b/metadata/timestamp.json | cut -d' ' -f1)
cp "$blob" was && printf x >>"$blob"
unchanged bad.db expect 3 fips-manifest --store bad.db import oci:img --trust root.json
one_line
says "$blob" <(sed "s|'blobs|'img/blobs|" err)
cp was "$blob"
blob=img/blobs/sha256/$(find b/targets -name '*fips-tool*' -exec sha256sum {} + | cut -d' ' -f1)
printf x | dd of="$blob" conv=notrunc status=none
unchanged bad.db expect 3 fips-manifest --store bad.db import oci:img --trust root.json
one_line
says "does not have the size and digest that it is named by"
unchanged bad.db expect 3 fips-manifest --store bad.db import nowhere --trust root.json
unchanged bad.db expect 64 fips-manifest --store bad.db import http://127.0.0.1:1/ --trust root.json
