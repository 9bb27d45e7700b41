#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fips-tool beside a real containerd: images that it imported and unpacked, containers
# that it runs, the listed build and another one.
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
# shellcheck source=tests/cli/fixtures.sh
. "$TOP/tests/cli/fixtures.sh"
PATH=$PATH:/usr/sbin:/sbin
need gpg jq unshare ip umoci skopeo ldd containerd containerd-shim-runc-v2 ctr runc
[ "$(uname -m)" = x86_64 ] || skip "the manifest is for x86_64"
[ "$(id -u)" = 0 ] || skip "containerd runs as root alone"
if [ -z "${OWN_NODE-}" ]; then
	fixture programs || fail "no etcd"
	export CGROUP=fips-manifest-$$
	no_cgroup() { # what a container that was killed leaves behind
		find /sys/fs/cgroup -depth -type d -path "*/$CGROUP*" -exec rmdir {} + 2>/dev/null
		! find /sys/fs/cgroup -type d -name "$CGROUP" 2>/dev/null | grep .
	}
	trap 'finish; wait_for 10 no_cgroup || exit 1' EXIT
fi
own_node "$0"
mount -t tmpfs none /run || skip "this machine mounts nothing"

step "two images of a real program: one build, and another"
etcd=usr/local/bin/etcd
mkdir -p artifacts libraries build/${etcd%/*}
ldd "$FIXTURES/programs/etcd" | grep -oE '/[^ ]+' | while read -r lib; do
	mkdir -p "libraries${lib%/*}"
	cp -L "$lib" "libraries$lib"
done
image() { # image TAG: the libraries in one layer, the program in the next
	expect 0 umoci new --image "layout:$1"
	expect 0 umoci config --image "layout:$1" --os linux --architecture amd64
	for layer in libraries build; do
		tar -C $layer -cf layer.tar .
		expect 0 umoci raw add-layer --image "layout:$1" layer.tar
	done
}
expect 0 umoci init --layout layout
cp "$FIXTURES/programs/etcd" build/$etcd
image v1
expect 0 fixture_skopeo oci:layout:v1 docker-archive:artifacts/docker.tar:registry.example/etcd:docker
expect 0 fixture_skopeo oci:layout:v1 oci-archive:artifacts/oci.tar:v1
echo >>build/$etcd
image v2
expect 0 fixture_skopeo oci:layout:v2 oci-archive:other.tar:v2
listed=$(sha256sum <"$FIXTURES/programs/etcd" | cut -c1-64)
other=$(sha256sum <build/$etcd | cut -c1-64)

step "manifests of the image, of containerd, its shim and runc"
programs=(containerd containerd-shim-runc-v2 runc)
for name in "${programs[@]}"; do
	cp "$(command -v "$name")" artifacts/
done
new_key alice
for form in docker oci; do
	{
		cat <<-EOF
			el: "8"
			kubernetes: v1.21.3
			created: 2021-08-25T00:00:00Z
			components:
			  - { name: etcd, version: 3.4.13, image: $form.tar, files: [/$etcd] }
		EOF
		for name in "${programs[@]}"; do
			echo "  - { name: $name, version: 1.6.20, file: $name, path: $(command -v "$name") }"
		done
	} >$form.yaml
	expect 0 fips-manifest build --artifacts artifacts --output $form $form.yaml
	mv $form/*.json $form.json
	sign $form.json alice
done

step "containerd, with all that is its own in this folder"
cat >config.toml <<-EOF
	version = 2
	root = "$PWD/containerd"
	state = "$PWD/state"
	disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
	[grpc]
	address = "$PWD/c.sock"
	[ttrpc]
	address = "$PWD/c.ttrpc"
EOF
ctr() { command ctr --address "$PWD/c.sock" --namespace k8s.io "$@"; }
background containerd.log containerd --config config.toml
wait_for 60 ctr version || skip "containerd does not start: $(tail -n 1 containerd.log)"
# run NAME TAG [OPTION...]: a container with a network of its own that runs $program; its
# process is $ETCD
program=$etcd
run() {
	local name=$1 tag=$2
	shift 2
	ctr run --detach --log-uri "file://$PWD/$name.log" --cgroup "/$CGROUP/$name" "$@" \
		"registry.example/etcd:$tag" "$name" /$program --data-dir /data --name a \
		--{listen,advertise}-client-urls=http://127.0.0.1:2379 --initial-cluster=a=http://127.0.0.1:2380 \
		--{listen,initial-advertise}-peer-urls=http://127.0.0.1:2380 >err 2>&1 || return 1
	ETCD=$(ctr task ls | sed -nE "s/^$name +([0-9]+) .*/\1/p")
	is_etcd() { [ "$(readlink "/proc/$ETCD/exe")" = /$program ]; }
	wait_for 60 is_etcd || fail "$name does not run: $(cat "$name.log")"
}
stop() { expect 0 ctr task delete --force "$1" && expect 0 ctr container delete "$1"; }
expect 0 ctr image import --snapshotter native artifacts/docker.tar
run native docker --snapshotter native || skip "this machine runs no containers: $(tail -n 1 err)"
become_node
[ ! -e /usr/bin/etcd ] || mount --bind /dev/null /usr/bin/etcd # this machine's own
check() { # check docker|oci
	fips-tool --keyring alice.asc --containerd-root "$PWD/containerd" "$1.json.asc"
}
line() { # line VERDICT COMPONENT KIND PATTERN
	grep -qE "^$2  *$3  *$4  *$1\$" out || { cat out; fail "no line '$2 $3 $4 ... $1'"; }
}
lines() { # lines NUMBER PATTERN
	[ "$(grep -cE "$2" out)" = "$1" ] || { cat out; fail "not $1 lines '$2'"; }
}

step "a docker archive, whole trees: every snapshot, the layers that the config names"
expect 0 check docker
for name in containerd containerd-shim-runc-v2; do
	line pass $name process "pid [0-9]+ $(command -v $name)"
done
line pass etcd process "pid $ETCD /$etcd"
for n in 2 3; do # the image, and the container's own
	line pass etcd image "native/$n /$etcd"
done
lines 1 "^etcd  *image  *config [0-9a-f]{64}  *pass$"
lines 2 "^etcd  *image  *layer [0-9a-f]{64}  *pass$"
lines 0 "^etcd  *image  *manifest " # it is made when the archive is read

step "an OCI archive, layers apart"
snapshots=overlayfs
ctr plugin ls | grep -q ' overlayfs .* ok' || snapshots=native
[ $snapshots = overlayfs ] || echo "no overlayfs here"
expect 0 ctr image import --base-name registry.example/etcd --snapshotter $snapshots artifacts/oci.tar
run oci v1 --snapshotter $snapshots || fail "$(cat err)"
expect 0 check oci
line pass etcd process "pid $ETCD /$etcd"
[ $snapshots = native ] || lines 1 "^etcd  *image  *overlayfs/[0-9]+ /$etcd  *pass$"
lines 1 "^etcd  *image  *manifest [0-9a-f]{64}  *pass$"
lines 1 "^etcd  *image  *config [0-9a-f]{64}  *pass$"
lines 4 "^etcd  *image  *layer [0-9a-f]{64}  *pass$" # compressed, and those of the other

step "a layer that is not what its name says"
layer=containerd/io.containerd.content.v1.content/blobs/sha256/$(
	jq -r '.layers[1].digest[7:]' "layout/blobs/sha256/$(jq -r '.components[] |
		select(.name == "etcd") | .source.image.manifest' oci.json)")
cp "$layer" kept
echo >>"$layer"
expect 1 check oci
lines 1 "^etcd .* layer ${layer##*/}  *the blob is not what its name says; expected sha256:${layer##*/}; actual sha256:[0-9a-f]{64}  fail$"
mv kept "$layer"

step "a container of another build: what runs, and what it was unpacked from"
expect 0 ctr image import --base-name registry.example/etcd --snapshotter $snapshots other.tar
run other v2 --snapshotter $snapshots || fail "$(cat err)"
expect 1 check oci
lines 1 "^etcd  *process  *pid $ETCD /$etcd  *running etcd \(pid $ETCD\) is no build that the manifest lists; expected sha256:$listed; actual sha256:$other  fail$"
says "another build; expected sha256:$listed; actual sha256:$other  fail" out
stop other
expect 0 ctr image remove --sync registry.example/etcd:v2
expect 0 check oci # gone with its image

step "a container that was changed from inside, before its program starts again"
cp build/$etcd "/proc/$(ctr task ls | sed -nE 's/^native +([0-9]+) .*/\1/p')/root/new"
mv "containerd/io.containerd.snapshotter.v1.native/snapshots/3/"{new,$etcd}
expect 1 check oci
lines 1 "  fail$"
says "another build; expected sha256:$listed; actual sha256:$other  fail" out
stop native
expect 0 ctr image remove --sync registry.example/etcd:docker
expect 0 check oci

step "a program of the host's name in a container"
mkdir -p build/usr/bin
mv build/$etcd build/usr/bin/runc
image v3
expect 0 fixture_skopeo oci:layout:v3 oci-archive:other.tar:v3
expect 0 ctr image import --base-name registry.example/etcd --snapshotter $snapshots other.tar
program=usr/bin/runc
run other v3 --snapshotter $snapshots || fail "$(cat err)"
expect 1 check oci
lines 1 "  fail$"
says "running runc (pid $ETCD), in a container, is no build that the manifest lists" out
stop other

step "the same from a privileged pod that enters the node's root"
rm -r build
mkdir -p build/host
copy_programs build /usr/sbin/chroot
image pod
expect 0 fixture_skopeo oci:layout:pod oci-archive:pod.tar:pod
expect 0 ctr image import --base-name registry.example/pod --snapshotter $snapshots pod.tar
from_pod() { # from_pod OPTION...
	ctr run --rm --net-host --cgroup "/$CGROUP/pod" --snapshotter $snapshots "$@" \
		--mount type=bind,src=/,dst=/host,options=rbind:ro registry.example/pod:pod pod \
		/usr/sbin/chroot /host "$(command -v fips-tool)" --keyring "$PWD/alice.asc" \
		--containerd-root "$PWD/containerd" "$PWD/oci.json.asc"
}
expect 0 from_pod --privileged --with-ns pid:/proc/1/ns/pid
line pass containerd process "pid [0-9]+ $(command -v containerd)"
line pass etcd process "pid [0-9]+ /$etcd"
expect 3 from_pod # not privileged: root that may not look at others' processes
says "running containerd: not allowed to root: CAP_SYS_PTRACE is needed  unknown" out
stop oci
expect 0 check oci
