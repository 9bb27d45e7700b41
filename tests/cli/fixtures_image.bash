# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by fixtures.sh: container images without an engine.

fixture_umoci() { # umoci ARGUMENT...: as a plain user it needs to be told so
	local verb=$1
	shift
	if [ "$verb" = insert ] && [ "$(id -u)" != 0 ]; then
		umoci insert --rootless "$@"
	else
		umoci "$verb" "$@"
	fi
}

fixture_do_image() { # LAYOUT:TAG ARCH [SOURCE TARGET]...
	local image=$1 arch=$2
	shift 2
	[ -d "${image%:*}" ] || umoci init --layout "${image%:*}"
	umoci new --image "$image"
	umoci config --image "$image" --os linux --architecture "$arch" \
		--created 2021-08-25T00:00:00Z --no-history
	while [ $# -gt 0 ]; do
		case $1 in
		-) fixture_umoci insert --no-history --image "$image" --whiteout "$2" ;;
		=*) fixture_umoci insert --no-history --image "$image" --opaque "${1#=}" "$2" ;;
		*) fixture_umoci insert --no-history --image "$image" "$1" "$2" ;;
		esac
		shift 2
	done
	umoci gc --layout "${image%:*}"
}

fixture_skopeo() { skopeo copy --quiet --insecure-policy "$@"; }

# The image "tool", tags v1 and other; /usr/bin/tool is the Go program, replaced in the
# second layer; /opt/gone was whited out; /srv/d is opaque: old is gone, new is there.
#   layout/ (v1, gzip), oci.tar (OCI archive), docker.tar (docker-archive, reference
#   registry.example/tool:v1), zstd/ (zstd layers), docker-links.tar (as older engines
#   write it: FOLDER/layer.tar, one of them a symlink), multi/ (an index of amd64 and
#   arm64, whose /usr/bin/tool differ), two/ (two tags and no index between them)
fixture_make_images() {
	fixture programs
	fixture_need umoci skopeo jq
	local work
	work=$(mktemp -d /tmp/fxi-XXXXXX)
	mkdir -p "$work/old" "$work/new" "$work/links"
	echo before >"$work/before"
	echo gone >"$work/gone"
	echo old >"$work/old/old"
	echo new >"$work/new/new"
	ln -s tool "$work/links/tool-link"
	ln -s /usr/bin/tool "$work/links/absolute-link"
	ln -s ../../../../../usr/bin "$work/links/up"
	ln -s loop-b "$work/links/loop-a"
	ln -s loop-a "$work/links/loop-b"
	chmod 0755 "$work/before"
	fixture_image "$1/layout:v1" amd64 "$work/before" /usr/bin/tool \
		"$work/gone" /opt/gone "$work/old" /srv/d \
		"$FIXTURES/programs/containerd-shim" /usr/bin/tool - /opt/gone \
		"=$work/new" /srv/d "$work/links" /links
	fixture_skopeo "oci:$1/layout:v1" "oci-archive:$1/oci.tar:v1"
	fixture_skopeo "oci:$1/layout:v1" \
		"docker-archive:$1/docker.tar:registry.example/tool:v1"
	fixture_skopeo --dest-compress-format zstd --dest-compress --format oci \
		"docker-archive:$1/docker.tar" "oci:$1/zstd:v1"
	fixture_docker_links "$1/docker.tar" "$1/docker-links.tar"
	fixture_image "$1/two:v1" amd64 "$work/before" /usr/bin/tool
	fixture_image "$1/two:v2" amd64 "$work/gone" /usr/bin/tool
	fixture_image "$1/multi:amd64" amd64 "$work/before" /usr/bin/tool
	fixture_image "$1/multi:arm64" arm64 "$work/gone" /usr/bin/tool
	fixture_index "$1/multi"
	rm -r "$work"
}

# The layers of a docker-archive under FOLDER/layer.tar, the second a symlink to a copy of
# its file elsewhere, as docker save wrote shared layers.
fixture_docker_links() ( # FROM TO
	work=$(mktemp -d /tmp/fxd-XXXXXX)
	trap 'rm -rf "$work"' EXIT
	tar -C "$work" -xf "$1"
	cd "$work" || exit 1
	n=0
	for layer in $(jq -r '.[0].Layers[]' manifest.json); do
		mkdir -p "$n" shared
		if [ $n = 1 ]; then
			mv "$layer" shared/layer.tar
			ln -s ../shared/layer.tar "$n/layer.tar"
		else
			mv "$layer" "$n/layer.tar"
		fi
		n=$((n + 1))
	done
	jq -c '.[0].Layers |= [range(length) | "\(.)/layer.tar"]' manifest.json >m
	mv m manifest.json
	tar --sort=name --owner=0 --group=0 --mtime=@0 -cf "$2" -- *
)

fixture_blob() { # LAYOUT: store stdin as a blob, print "SHA256 SIZE"
	local sum
	cat >"$1/blob.tmp"
	sum=$(sha256sum <"$1/blob.tmp" | cut -d' ' -f1)
	stat -c "$sum %s" "$1/blob.tmp"
	mv "$1/blob.tmp" "$1/blobs/sha256/$sum"
}

# Make the tags amd64 and arm64 of a layout one image: an index that is a blob, named v1.
fixture_index() { # LAYOUT
	local blob
	blob=$(jq -c '{schemaVersion: 2,
		mediaType: "application/vnd.oci.image.index.v1+json",
		manifests: [.manifests[] | {mediaType, digest, size, platform: {os: "linux",
		architecture: .annotations["org.opencontainers.image.ref.name"]}}]}' \
		"$1/index.json" | fixture_blob "$1")
	jq -n -c --arg digest "sha256:${blob% *}" --argjson size "${blob#* }" \
		'{schemaVersion: 2, manifests: [{
		mediaType: "application/vnd.oci.image.index.v1+json", digest: $digest,
		size: $size, annotations: {"org.opencontainers.image.ref.name": "v1"}}]}' \
		>"$1/index.json.tmp"
	mv "$1/index.json.tmp" "$1/index.json"
}
