#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tree through a real registry: skopeo puts the exported layout into Debian's
# docker-registry and fetches it again, and nothing of it changed.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
need gpg skopeo docker-registry jq curl python3

registry_serve
image=docker://$REGISTRY/fips/tree
# layers LAYOUT: digest, size and path of every file of the tree in it
layers() {
	jq -r '.layers[] | [.digest, .size, .annotations["org.opencontainers.image.title"]] | @tsv' \
		"$1/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$1/index.json")"
}

make_store
release 8 v1.21.3
make_program program 200000
expect 0 fips-manifest tool add program --version 1.0.0 --arch x86_64
publish

step "there and back"
expect 0 fips-manifest export oci:img:1
copy oci:img:1 "$image:1"
copy "$image:1" oci:back:1
[ "$(layers back)" = "$(layers img)" ] && [ -n "$(layers img)" ] || fail "it changed"
diff -r img/blobs back/blobs || fail "a blob changed"
expect 0 skopeo inspect --raw --tls-verify=false "$image:1"
[ "$(jq -r .artifactType out)" = application/vnd.fips-manifest.tree.v1 ] ||
	fail "the registry does not tell the artifact's type"

step "the next publication: only blobs that are new are sent"
release 8 v1.21.3 2
publish
expect 0 fips-manifest export oci:img:2
sent=$(find blobs -path '*/blobs/sha256/*/data' | wc -l)
copy oci:img:2 "$image:2"
now=$(find blobs -path '*/blobs/sha256/*/data' | wc -l)
# manifest of the image, manifest, index.html, index.json
[ $((now - sent)) = 4 ] || fail "$((now - sent)) new blobs in the registry"
copy "$image:2" oci:back2:2
[ "$(layers back2)" = "$(layers img)" ] || fail "it changed"

step "an export goes over a layout that skopeo wrote, when a tree is all it holds"
expect 0 fips-manifest export oci:back2:2
[ "$(layers back2)" = "$(layers img)" ] || fail "it changed"
copy "$image:1" oci:back2:1
expect 3 fips-manifest export oci:back2:2
one_line
says "holds other images than one published tree"
