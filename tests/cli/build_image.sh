# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# build: what an image gives, and every image that gives nothing
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/fixtures.sh"
. "$TOP/tests/cli/build.bash"
need umoci skopeo jq python3 gzip
fixture images programs || fail "no fixtures"
art=$FIXTURES/images

definition() { # IMAGE FILES [ARCH]
	cat >one.yaml <<-EOF
		el: "8"
		kubernetes: v1.21.3
		arch: ${3:-x86_64}
		created: 2021-08-25T00:00:00Z
		components:
		  - { name: tool, image: $1, files: [$2] }
	EOF
}
sum() { sha256sum "$@" | cut -d' ' -f1; }

step "every carrier: the same files"
tool=$(sum "$FIXTURES/programs/containerd-shim")
for image in docker.tar docker-links.tar oci.tar layout zstd; do
	definition $image '/usr/bin/tool, "/srv/d/*", /links/up/tool, /links/absolute-link'
	expect 0 build
	jq -c '.components[0].files | map([.path, .sha256, .kind, .owner, .mode, .go.version])' $m >got
	jq -n -c --arg tool "$tool" --arg new "$(echo new | sum)" '[
		["/links/absolute-link", $tool, "image", "0:0", "0755", "go1.19.8"],
		["/links/up/tool", $tool, "image", "0:0", "0755", "go1.19.8"],
		["/srv/d/new", $new, "image", "0:0", "0644", null],
		["/usr/bin/tool", $tool, "image", "0:0", "0755", "go1.19.8"]]' |
		cmp - got || fail "$image: $(cat got)"
done

step "one path through a symlink, for two manifests and for two components"
definition docker.tar /links/up/tool
sed 's/"8"/"7"/; s/^  - .*/&\n&/; s/tool,/second,/' one.yaml >two.yaml
expect 0 fips-manifest build one.yaml two.yaml --artifacts "$art" --output made
for el in 7 8; do
	jq -e --arg tool "$tool" --argjson n $((9 - el)) '[.components[].files[].sha256] == [range($n) | $tool]' \
		made/manifest-el$el-x86_64.json >/dev/null || fail "EL $el"
done

step "reference, manifest and config"
digests() { jq -r '.components[0] | .version, (.source.image | .reference, .manifest, .config)' $m | tr '\n' ' '; }
definition layout /usr/bin/tool
expect 0 build
manifest=$(jq -r '.manifests[0].digest[7:]' "$art/layout/index.json")
config=$(jq -r '.config.digest[7:]' "$art/layout/blobs/sha256/$manifest")
[ "$(digests)" = "v1 v1 $manifest $config " ] || fail "$(digests)"
[ "$(jq -r '.components[0].source.sha256' $m)" = "$(sum "$art/layout/index.json")" ] || fail "source of a layout"
definition oci.tar /usr/bin/tool
expect 0 build
jq -e --arg m "$manifest" '.components[0].source.image.manifest == $m' $m >/dev/null || fail "manifest of oci.tar"
[ "$(skopeo inspect --format '{{.Digest}}' "oci-archive:$art/oci.tar")" = "sha256:$manifest" ] || fail "skopeo sees another"
definition docker.tar /usr/bin/tool
expect 0 build
jq -e --arg m "$(tar -xOf "$art/docker.tar" manifest.json | sum)" --arg c "$config" '.components[0] |
	.version == "v1" and .source.image == {config: $c, manifest: $m, reference: "registry.example/tool:v1"}' \
	$m >/dev/null || fail "docker.tar"
gzip -c "$art/docker.tar" >docker.tar.gz
cp docker.tar.gz docker-gz.tar
art=.
definition docker-gz.tar /usr/bin/tool
expect 0 build
art=$FIXTURES/images

step "an index of two architectures"
definition multi /usr/bin/tool
expect 0 build
[ "$(jq -r '.components[0].files[0].sha256' $m)" = "$(echo before | sum)" ] || fail amd64
definition multi /usr/bin/tool aarch64
expect 0 fips-manifest build one.yaml --artifacts "$art" --output arm
[ "$(jq -r '.components[0].files[0].sha256' arm/manifest-el8-aarch64.json)" = "$(echo gone | sum)" ] || fail arm64
definition layout /usr/bin/tool aarch64
refused 3 "it holds 0 images for linux/arm64"
definition docker.tar /usr/bin/tool aarch64
refused 3 "it is for linux/amd64, and the manifest for aarch64"
definition two /usr/bin/tool
refused 3 "it holds 2 images for linux/amd64"

step "what is not there"
definition layout /opt/gone
refused 3 "it holds nothing that matches '/opt/gone'"
definition layout /srv/d/old
refused 3 "it holds nothing that matches '/srv/d/old'"
definition layout /links/loop-a
refused 3 "'/links/loop-a' leads through a circle of symlinks"
definition layout /links/tool-link
refused 3 "'/links/tool-link' is a symlink that leads to no file"
definition layout /links/up
refused 3 "'/links/up' is a symlink that leads to no file"
definition layout /links
refused 3 "'/links' is a folder"

# Images of our own: layer FILE... makes the image "own" of these tarballs.
art=.
own() {
	local layer blob layers=() config manifest
	rm -rf own
	mkdir -p own/blobs/sha256
	echo '{"imageLayoutVersion":"1.0.0"}' >own/oci-layout
	for layer; do
		blob=$(gzip -nc "$layer" | fixture_blob own)
		layers+=("{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:${blob% *}\",\"size\":${blob#* }}")
	done
	config=$(echo '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}' | fixture_blob own)
	manifest=$(printf '%s\n' "${layers[@]}" | jq -s -c --arg d "sha256:${config% *}" --argjson s "${config#* }" \
		'{schemaVersion: 2, config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $d, size: $s}, layers: .}' |
		fixture_blob own)
	jq -n -c --arg d "sha256:${manifest% *}" --argjson s "${manifest#* }" '{schemaVersion: 2, manifests: [
		{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s,
		annotations: {"org.opencontainers.image.ref.name": "v1"}}]}' >own/index.json
}
tarball() { tar --owner=0 --group=0 "$@"; }
mkdir -p usr/bin
echo first >usr/bin/first
ln usr/bin/first usr/bin/linked

step "hard links, in a layer and to one below; a folder that becomes a file"
tarball -cf a.tar usr
python3 - <<-'EOF'
	import tarfile
	with tarfile.open('b.tar', 'w') as t:
	    for name, target in ('usr/bin/below', 'usr/bin/first'), ('usr/bin/again', 'usr/bin/below'):
	        i = tarfile.TarInfo(name)
	        i.type, i.linkname, i.mode = tarfile.LNKTYPE, target, 0o644
	        t.addfile(i)
	    t.addfile(tarfile.TarInfo('opt'))
	with tarfile.open('c.tar', 'w') as t:
	    i = tarfile.TarInfo('opt/inner')
	    i.size = 0
	    t.addfile(i)
EOF
own a.tar a.tar c.tar b.tar
definition own '/usr/bin/linked, /usr/bin/below, /usr/bin/again, /opt'
expect 0 build
jq -r '.components[0].files[] | "\(.path) \(.sha256)"' $m >got
printf '%s\n' "/opt $(printf '' | sum)" "/usr/bin/again $(echo first | sum)" "/usr/bin/below $(echo first | sum)" \
	"/usr/bin/linked $(echo first | sum)" | cmp - got || fail "$(cat got)"
definition own /opt/inner
refused 3 "it holds nothing that matches '/opt/inner'"
own c.tar b.tar
definition own /usr/bin/below
refused 3 "'/usr/bin/below' is a hard link to '/usr/bin/first', which is no file before it"
own a.tar b.tar c.tar
refused 3 "'/opt/inner' lies beneath '/opt', which is no folder"

step "names that lead out"
definition own /usr/bin/first
tarball -cPf out.tar --transform 's,^usr/bin/first,../first,' usr/bin/first
own a.tar out.tar
refused 3 "layer 2: '../first' leads out by '..'"
tarball -cPf out.tar --transform 's,^usr/bin/first,/etc/first,' usr/bin/first
own a.tar out.tar
refused 3 "layer 2: '/etc/first' is an absolute name"
tarball -cPf out.tar --transform 's,^usr/bin/first,usr/../../first,' usr/bin/first
own out.tar
refused 3 "leads out by '..'"

step "blobs that are not what they are called"
own a.tar
blob=own/blobs/sha256/$(jq -r '.layers[0].digest[7:]' own/blobs/sha256/"$(jq -r '.manifests[0].digest[7:]' own/index.json)")
echo other >usr/bin/first
tarball -cf other.tar usr
gzip -nc other.tar >"$blob"
refused 2 "layer 1 has the digest $(sum "$blob") and should have ${blob##*/}"
rm "$blob"
refused 3 "blobs/sha256/${blob##*/}': No such file"
for part in manifests config; do
	own a.tar
	file=$(jq -r '.manifests[0].digest[7:]' own/index.json)
	[ $part = config ] && file=$(jq -r '.config.digest[7:]' "own/blobs/sha256/$file")
	echo >>"own/blobs/sha256/$file"
	refused 2 "blob $file has other content"
done
mkdir unpacked
tar -C unpacked -xf "$FIXTURES/images/docker.tar"
cd unpacked || exit 1
for layer in *.tar; do cp ../other.tar "$layer"; done
tar -cf ../changed.tar -- *
cd .. || exit 1
definition changed.tar /usr/bin/first
refused 2 "has the digest $(sum other.tar) and should have"
tar -C unpacked -xf "$FIXTURES/images/docker.tar"
echo >>"$(find unpacked -name '*.json' ! -name manifest.json)"
tar -C unpacked -cf changed.tar .
refused 2 "has other content, with the digest"

step "tar bombs"
definition own /usr/bin/first
truncate -s 65G usr/bin/huge
tarball -Scf bomb.tar usr
rm usr/bin/huge
own bomb.tar
refused 3 "layer 1: unpacks to more than 64 GiB, at 'usr/bin/huge'"
: >empty
yes empty | head -n 200001 | tarball -cf many.tar --hard-dereference -T -
own many.tar
refused 3 "layer 1: more than 200000 entries"
layers=()
for _ in $(seq 257); do layers+=(a.tar); done
own "${layers[@]}"
refused 3 "more than 256 layers"

step "work without end: one long list many times, symlinks whose targets go nowhere for long"
python3 - <<-'EOF'
	import tarfile
	with tarfile.open('long.tar', 'w', format=tarfile.PAX_FORMAT) as t:
	    for i in range(2000):
	        t.addfile(tarfile.TarInfo('a/' * 500 + str(i)))
	with tarfile.open('ways.tar', 'w', format=tarfile.PAX_FORMAT) as t:
	    def link(name, target):
	        i = tarfile.TarInfo(name)
	        i.type, i.linkname = tarfile.SYMTYPE, target
	        t.addfile(i)
	    for i in range(39):
	        link(f'c{i}', './' * 1900 + f'c{i + 1}')
	    for i in range(20):
	        link(f'bin/{i:02}', '../c1')
	    t.addfile(tarfile.TarInfo('c39'))
EOF
layers=()
for _ in $(seq 70); do layers+=(long.tar); done
own "${layers[@]}"
definition own /a
refused 3 "the lists of the layers' files take more than 128 MiB"
own ways.tar
definition own /bin/00
expect 0 build
definition own '"/bin/*"'
refused 3 "the ways through symlinks take more than 1000000 steps, at '/bin/13'"

step "not images"
definition a.tar /usr/bin/first
refused 3 "'a.tar': it is no image: neither index.json nor manifest.json is in it"
definition text /usr/bin/first
echo text >text
refused 3 "'text': damaged archive"
head -c 3000000 "$FIXTURES/images/docker.tar" >cut.tar
definition cut.tar /usr/bin/first
refused 3 "'cut.tar': damaged archive: Truncated"
mkdir evil
ln -s ../../../etc/passwd evil/manifest.json
tar -cf evil.tar -C evil manifest.json
definition evil.tar /usr/bin/first
refused 3 "'/manifest.json' is a symlink that leads out"
mkdir -p nested
printf '[[[' >nested/manifest.json
tar -cf nested.tar -C nested manifest.json
definition nested.tar /usr/bin/first
refused 3 "'/manifest.json': "
exit 0
