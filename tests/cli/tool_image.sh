# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool and container images on the disk: containerd's folders, made of real blobs
# and layers by skopeo and umoci; archives in a folder.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq skopeo umoci

new_key alice
node_root root

step "an image, its archive, its blobs, its layers unpacked as containerd has them"
mkdir -p kas/usr/local/bin kas/etc
cp /bin/true kas/usr/local/bin/kube-apiserver
cp /bin/cat kas/usr/local/bin/helper
echo x >kas/etc/other
expect 0 umoci init --layout oci
expect 0 umoci new --image oci:v1
for part in usr etc; do
	tar -C kas -cf $part.tar $part
	expect 0 umoci raw add-layer --image oci:v1 $part.tar
done
expect 0 skopeo copy -q oci:oci:v1 docker-archive:kas.tar:example/kas:v1
blobs=oci/blobs/sha256
manifest=$(jq -r '.manifests[0].digest' oci/index.json | cut -d: -f2)
config=$(jq -r .config.digest "$blobs/$manifest" | cut -d: -f2)
store=root/var/lib/containerd
content=$store/io.containerd.content.v1.content/blobs/sha256
snapshots=$store/io.containerd.snapshotter.v1.overlayfs/snapshots
mkdir -p $content $snapshots/1/fs $snapshots/2/fs $snapshots/3/fs/usr/local/bin $snapshots/3/work
cp $blobs/* $content
i=1
for layer in $(jq -r '.layers[].digest' "$blobs/$manifest" | cut -d: -f2); do
	tar -xf "$blobs/$layer" -C $snapshots/$i/fs
	i=$((i + 1))
done
component kas kube-apiserver optional image:/usr/local/bin/kube-apiserver \
	image:/usr/local/bin/helper image:/etc/other |
	jq --arg m "$manifest" --arg c "$config" --arg a "$(sha256sum <kas.tar | cut -c1-64)" \
		'.source.image.manifest = $m | .source.image.config = $c | .source.sha256 = $a' >kas.json
manifest m.json <kas.json
sign m.json alice
check() { fips-tool --keyring alice.asc --root root "$@" m.json.asc; }
line() { # line VERDICT PATTERN
	grep -qE "^kube-apiserver  *image  *$2.*  $1\$" out || { cat out; fail "no line '$2 ... $1'"; }
}

expect 0 check
line pass "overlayfs/1 /usr/local/bin/kube-apiserver"
line pass "overlayfs/1 /usr/local/bin/helper"
line pass "manifest $manifest"
line pass "config $config"
[ "$(grep -c '  layer .* pass$' out)" = 2 ] || fail "not both layers"
line skipped "kube-apiserver  *1 listed files lie in other layers: not looked at"
# layers that were thrown away after unpacking are no finding
mkdir kept
mv "$content/$layer" kept/
expect 0 check
mv "kept/$layer" "$content/"

step "another build in any layer"
cp /bin/false $snapshots/3/fs/usr/local/bin/kube-apiserver
expect 1 check
line fail "overlayfs/3 /usr/local/bin/kube-apiserver  another build; expected sha256:[0-9a-f]{64}; actual sha256:[0-9a-f]{64}"
rm $snapshots/3/fs/usr/local/bin/kube-apiserver
# the other files of an image count where its program is
cp /bin/false $snapshots/3/fs/usr/local/bin/helper
expect 0 check
cp /bin/false $snapshots/1/fs/usr/local/bin/helper
expect 1 check
line fail "overlayfs/1 /usr/local/bin/helper"
cp kas/usr/local/bin/helper $snapshots/1/fs/usr/local/bin/helper

rm $snapshots/3/fs/usr/local/bin/helper

step "layers that are hostile"
hostile=$snapshots/3/fs/usr/local/bin/kube-apiserver
mkfifo $hostile
expect 1 check
line fail "overlayfs/3 /usr/local/bin/kube-apiserver  not a regular file.*a FIFO"
rm $hostile
ln -s ../../../../../../../../../../../../../bin/true $hostile
expect 0 check # leads out of the layer: to nothing there
rm $hostile
ln -s kube-apiserver $hostile
expect 3 check
line unknown "overlayfs/3 /usr/local/bin/kube-apiserver  .*Too many levels"
rm $hostile
if [ "$(id -u)" = 0 ] && mknod $hostile c 0 0; then
	expect 0 check # a whiteout
	rm $hostile
fi

step "damaged blobs"
for blob in $manifest $config $layer; do
	cp "$content/$blob" kept/
	echo >>"$content/$blob"
	expect 1 check
	says "the blob is not what its name says; expected sha256:$blob" out
	mv "kept/$blob" "$content/"
done
printf '{"layers":[{"digest":"sha256:../../../../etc/passwd"}]}' >"$content/$manifest"
expect 1 check
cp "$blobs/$manifest" "$content/$manifest"

step "not there"
mv $store elsewhere
expect 3 check
line skipped "kube-apiserver  *optional and not on this node"
says "nothing that the manifest lists was found good here" out
mkdir -p root/data
mv elsewhere root/data/containerd
expect 0 check --containerd-root /data/containerd
jq '.presence = "required"' kas.json | manifest m.json
sign m.json alice
expect 0 check --containerd-root /data/containerd
expect 1 check
line fail "kube-apiserver  *missing: no unpacked layer holds it"
if [ "$(id -u)" != 0 ]; then
	chmod 0 root/data/containerd
	expect 3 check --containerd-root /data/containerd
	line unknown "kube-apiserver  .*Permission denied"
	chmod 755 root/data/containerd
fi

step "archives in a builder's folder"
cp kas.tar other.tar
echo >>other.tar
expect 0 check --containerd-root /data/containerd --image kas.tar
line pass "kas.tar"
expect 1 check --containerd-root /data/containerd --image kas.tar --image other.tar
says "the manifest was not built from this archive; actual sha256:$(sha256sum <other.tar | cut -c1-64)  fail" out
expect 3 check --containerd-root /data/containerd --image missing.tar
says "No such file" out
mkfifo fifo.tar
expect 3 check --containerd-root /data/containerd --image fifo.tar
says "a FIFO  unknown" out
