# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool and container images on the disk: containerd's folders, made of real blobs
# and layers by skopeo and umoci; archives in a folder.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
# shellcheck source=tests/cli/fixtures.sh
. "$TOP/tests/cli/fixtures.sh"
need gpg jq skopeo umoci python3

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
line() { # line VERDICT PATTERN [COMPONENT]
	grep -qE "^${3-kube-apiserver}  *image  *$2.*  $1\$" out || { cat out; fail "no line '$2 ... $1'"; }
}

expect 0 check
line pass "overlayfs/1 /usr/local/bin/kube-apiserver"
line pass "overlayfs/1 /usr/local/bin/helper"
line pass "manifest $manifest"
line pass "config $config"
[ "$(grep -c '  layer .* pass$' out)" = 2 ] || fail "not both layers"
line skipped "kube-apiserver  *1 listed file: in other layers, not looked at"
# layers that were thrown away after unpacking are no finding
mkdir kept
mv "$content/$layer" kept/
expect 0 check
mv "kept/$layer" "$content/"

step "another build in any layer"
cp /bin/false $snapshots/3/fs/usr/local/bin/kube-apiserver
expect 1 check
line fail "overlayfs/3 /usr/local/bin/kube-apiserver  *another build; expected sha256:[0-9a-f]{64}; actual sha256:[0-9a-f]{64}"
rm $snapshots/3/fs/usr/local/bin/kube-apiserver
# the other files of an image count where its program is
cp /bin/false $snapshots/3/fs/usr/local/bin/helper
expect 0 check
cp /bin/false $snapshots/1/fs/usr/local/bin/helper
expect 1 check
line fail "overlayfs/1 /usr/local/bin/helper"
cp kas/usr/local/bin/helper $snapshots/1/fs/usr/local/bin/helper

rm $snapshots/3/fs/usr/local/bin/helper

step "btrfs, and snapshotters that keep no folders"
btrfs=$store/io.containerd.snapshotter.v1.btrfs
mkdir -p $btrfs/{snapshots,active/7/usr/local/bin}
cp /bin/false $btrfs/active/7/usr/local/bin/kube-apiserver
expect 1 check
line fail "btrfs/7 /usr/local/bin/kube-apiserver  *another build; .*"
rm -r $btrfs
native=$store/io.containerd.snapshotter.v1.native/snapshots/8
mkdir -p $native/usr/local/bin
cp /bin/false $native/usr/local/bin/kube-apiserver
for fs in true "mkdir $native/fs" "ln -sfn . $native/fs" "cp /bin/true $native/fs"; do
	rm -rf $native/fs # which a container may have in its own root
	$fs
	expect 1 check
	line fail "native/8 /usr/local/bin/kube-apiserver  *another build; .*"
done
rm -r ${native%/*/*}
blockfile=$store/io.containerd.snapshotter.v1.blockfile
mkdir -p $blockfile/snapshots
expect 0 check
grep blockfile out && fail "it was never used"
: >$blockfile/metadata.db
: >$blockfile/snapshots/1
expect 0 check
line skipped "blockfile  *this snapshotter keeps no folders: its layers are not looked into" node
rm -r $blockfile

step "layers that are hostile"
hostile=$snapshots/3/fs/usr/local/bin/kube-apiserver
mkfifo $hostile
bash -c 'echo >"$1"' waits $hostile & # until somebody opens it
PIDS+=($!)
expect 1 check
line fail "overlayfs/3 /usr/local/bin/kube-apiserver  not a regular file.*a FIFO"
sleep 0.2
kill $! || fail "what a container puts there is opened, be it no file"
wait $! 2>/dev/null
rm $hostile
truncate -s 4T $hostile # holes
expect 1 check
line fail "overlayfs/3 /usr/local/bin/kube-apiserver  far too large: not read; .*; actual 4398046511104 bytes"
rm $hostile
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
mv socket $hostile
expect 1 check # which cannot be opened, as a whiteout cannot
line fail "overlayfs/3 /usr/local/bin/kube-apiserver  not a regular file.*a socket"
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
cp m.json.asc required.asc
check_required() { fips-tool --keyring alice.asc --root root "$@" required.asc; }
expect 0 check --containerd-root /data/containerd
expect 1 check_required
line fail "kube-apiserver  *missing: no unpacked layer holds it"
devmapper=root/var/lib/containerd/io.containerd.snapshotter.v1.devmapper
mkdir -p $devmapper
: >$devmapper/metadata.db
expect 3 check_required
line unknown "kube-apiserver  *not found where layers could be looked into"
rm -r $devmapper
manifest m.json <kas.json
sign m.json alice
if [ "$(id -u)" != 0 ]; then
	chmod 0 root/data/containerd
	expect 3 check --containerd-root /data/containerd
	line unknown "kube-apiserver  .*Permission denied"
	chmod 755 root/data/containerd
fi

step "archives and layouts in a builder's folder: every form, and what is in it"
check() { fips-tool --keyring alice.asc --root root --containerd-root /data/containerd "$@" m.json.asc; }
gzip -c kas.tar >kas.tar.gz
expect 0 fixture_skopeo oci:oci:v1 oci-archive:oci.tar:v1
expect 0 fixture_skopeo --dest-compress-format zstd --dest-compress --format oci oci:oci:v1 oci:zstd:v1
expect 0 check --image kas.tar
line pass "kas.tar"
for path in usr/local/bin/kube-apiserver usr/local/bin/helper etc/other; do
	line pass "kas.tar /$path"
done
cp kas.tar again.tar
echo >>again.tar # the same image in another file
expect 0 check --image again.tar --image kas.tar.gz --image oci.tar --image oci/
for image in again.tar kas.tar.gz oci.tar oci/; do
	line pass "$image"
	line pass "$image /etc/other"
done
expect 0 check --image zstd # another image manifest: the files decide
line skipped "zstd .*its files decide"
line pass "zstd /usr/local/bin/kube-apiserver"
expect 0 check --json --image again.tar
jq -e --arg a "sha256:$(sha256sum <again.tar | cut -c1-64)" \
	'.checks[] | select(.subject == "again.tar") | .actual == $a and .reason == "saved again: the same image"' \
	out >/dev/null || fail "$(cat out)"

step "an image that is required and not unpacked yet"
expect 1 check_required
line fail "kube-apiserver .*missing: no unpacked layer holds it"
expect 0 check_required --image oci
line skipped "kube-apiserver .*in an archive, not unpacked yet"

step "another image: each file that differs, is gone or is no file"
cp -r oci other
insert() { expect 0 fixture_umoci insert --image other:v1 "$@"; }
insert kas/usr/local/bin/helper /usr/local/bin/kube-apiserver
expect 1 check --image other
line fail "other /usr/local/bin/kube-apiserver .*another build; expected sha256:$(sha256sum <kas/usr/local/bin/kube-apiserver | cut -c1-64); actual sha256:$(sha256sum <kas/usr/local/bin/helper | cut -c1-64)"
line pass "other /usr/local/bin/helper"
expect 1 check_required --image other # not as listed
line fail "kube-apiserver .*missing: no unpacked layer holds it"
insert --whiteout /usr/local/bin/helper
expect 1 check --image other
line fail "other /usr/local/bin/helper .*missing: the image has none"
mkdir empty
insert --opaque empty /etc
expect 1 check --image other
line fail "other /etc/other .*missing: the image has none"
mkdir links
ln -s kube-apiserver links/kube-apiserver
insert links /usr/local/bin
expect 1 check --image other
line fail "other /usr/local/bin/kube-apiserver .*circle of symlinks"
expect 0 fixture_image foreign:v1 amd64 kas/etc/other /etc/other
expect 1 check --image foreign
line fail "foreign  *the manifest was not built from this archive; actual sha256:$(sha256sum <foreign/index.json | cut -c1-64)" node
expect 0 fixture_image arm:v1 arm64 kas/etc/other /etc/other
expect 1 check --image arm
line fail "arm  *it holds 0 images for linux/amd64, and one is needed" node

step "images that are damaged or hostile"
bad() { # bad TEXT IMAGE: a finding that says this
	expect 1 check --image "$2"
	line fail "$2  .*$1" node
}
head -c 20000 kas.tar >cut.tar
bad "damaged archive: Truncated" cut.tar
head -c 300 kas.tar.gz >cut.tar.gz
bad "damaged archive" cut.tar.gz
cp /bin/true true.tar
bad "damaged archive" true.tar
for blob in $manifest $config $layer; do
	rm -rf bent
	cp -r oci bent
	echo >>"bent/blobs/sha256/$blob"
	bad "$([ "$blob" = "$layer" ] && echo "layer 2 has the digest" || echo "blob $blob has other content")" bent
	rm "bent/blobs/sha256/$blob"
	bad "blobs/sha256/$blob': No such file" bent
	mkfifo "bent/blobs/sha256/$blob"
	bad "blobs/sha256/$blob' is not a regular file" bent
done
evil() { # evil TAR: an image of that layer alone
	rm -rf evil
	expect 0 umoci init --layout evil
	expect 0 umoci new --image evil:v1
	expect 0 umoci config --image evil:v1 --os linux --architecture amd64
	expect 0 umoci raw add-layer --image evil:v1 "$1"
}
tar -C kas -cPf out.tar --transform 's,^etc/other,../other,' etc/other
evil out.tar
bad "layer 1: '../other' leads out by '..'" evil
truncate -s 65G huge
tar -Scf bomb.tar huge
rm huge
evil bomb.tar
bad "layer 1: unpacks to more than 64 GiB, at 'huge'" evil
python3 - <<-'END'
	import tarfile
	with tarfile.open("names.tar", "w", format=tarfile.GNU_FORMAT) as t:
	    for n in range(33000):
	        i = tarfile.TarInfo(str(n))
	        i.type, i.linkname = tarfile.SYMTYPE, "x" * 4000
	        t.addfile(i)
END
evil names.tar
bad "layer 1: the lists of the layers' files take more than 128 MiB" evil

step "images that cannot be read"
expect 3 check --image missing.tar
says "No such file" out
mkfifo fifo.tar
expect 3 check --image fifo.tar
line unknown "fifo.tar  *neither an archive nor a folder" node
if [ "$(id -u)" != 0 ]; then
	chmod 0 cut.tar
	expect 3 check --image cut.tar
fi
truncate -s 30G slow # one header, and holes on the disk
tar -cf - slow | head -c 512 >slow.tar
truncate -s 30G slow.tar
start=$SECONDS
expect 3 check --timeout 1 --image slow.tar
line unknown "slow.tar  *time was over before it was read" node
[ $((SECONDS - start)) -lt 20 ] || fail "took $((SECONDS - start)) s"

step "more files in a layer than a program may have open at first"
mkdir -p big/usr/big
cp /bin/true big/usr/big/big
files=(image:/usr/big/big)
for i in {1..60}; do
	echo "$i" >big/usr/big/"$i"
	files+=("image:/usr/big/$i")
done
component big big required "${files[@]}" | manifest big.json
sign big.json alice
node_root other
layer=other/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs
mkdir -p $layer
cp -r big/usr $layer/
expect 0 bash -c "ulimit -Sn 40; exec fips-tool --keyring alice.asc --root other big.json.asc"
[ "$(grep -c "^big  *image  *overlayfs/1 /usr/big/.*  pass\$" out)" = 61 ] || fail "$(cat out)"
