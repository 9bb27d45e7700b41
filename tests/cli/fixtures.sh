#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real artifacts out of Debian's own Go programs, made once and kept under
# build/fixtures: sourced by tests, by the demo and by the benchmarks. TOP names the top
# of the source tree.
#
#     . "$TOP/tests/cli/fixtures.sh"
#     fixture artifacts || exit 1        # says on stderr what is missing, status 1
#     fips-manifest build "$FIXTURES"/artifacts/el*.yaml --artifacts "$FIXTURES/artifacts" ...
#
# fixture GROUP... makes what is not there yet; several callers may ask at once. A group
# is made again when its function in this file changes. Treat the files as read-only:
# copy what a test is going to damage. The groups, each a folder $FIXTURES/GROUP:
#
#   programs   kubectl containerd ctr containerd-shim containerd-shim-runc-v1
#              containerd-shim-runc-v2 runc etcd: Go programs as Debian ships them
#              (containerd-shim, 6 MB, is the smallest)
#   keys       vendor other subkey: NAME.asc (public), NAME.secret.asc, NAME.fpr (primary
#              fingerprint); RSA without passphrase; subkey signs with a subkey
#   artifacts  what one release is built from: RPMs signed by vendor, image archives,
#              containerd's tarball, vendor-rpm-key.asc, and el7-v1.21.3.yaml and
#              el8-v1.21.3.yaml, which use them. Debian has neither kubelet nor kubeadm
#              nor the control plane: other Go programs stand in under those names
#   rpms       small RPMs "tool" (see fixture_make_rpms): every payload compression,
#              signed by each key and by none; hard links, symlinks, %config, %ghost
#   images     small images: docker-archive, OCI archive, OCI layout, zstd and plain
#              layers, whiteouts, opaque folders, an index of two architectures
#   go         boring boring-stripped boring-nocgo plain-386 (Go 1.19), fips140
#              fips140-off plain-1.24: one small program built by Debian's toolchains;
#              boring-word: as boring-nocgo, with the name of BoringCrypto's function in
#              a text; boring-together: constants in the segment of the code;
#              go1.16: a program out of an npm package that a toolchain of that age built
#   kernel     vmlinuz: Debian's kernel for virtual machines, which knows a FIPS mode; its
#              modules for FAT and exFAT
#   bench      programs-{gzip,xz,zstd}: one RPM of 109 MB of Go programs in each
#              compression; four-{0,1,2,3}: four of like size
#
# Functions for other artifacts:
#
#   fixture_rpm OUT NAME VERSION RELEASE ROOT [PAYLOAD [FILES]]
#       package the folder ROOT as OUT/NAME-VERSION-RELEASE.x86_64.rpm; PAYLOAD as rpm
#       writes it (w6.gzdio); FILES: a file of %files lines (default: every file)
#   fixture_rpm_sign KEY FILE...             KEY: vendor, other or subkey
#   fixture_image LAYOUT:TAG ARCH [SOURCE TARGET]...   one layer a pair; SOURCE - is a
#       whiteout of TARGET, SOURCE =DIR makes TARGET opaque with the content of DIR
#   fixture_node DIR 7|8       unpack the release of el7/el8-v1.21.3.yaml into a node root

export TOP FIXTURES=${FIXTURES:-$TOP/build/fixtures}
. "$TOP/tests/cli/fixtures_image.bash"
. "$TOP/tests/cli/fixtures_go.bash"

# Each runs in a bash of its own with errexit, which a caller's "|| exit" would otherwise
# switch off.
fixture_sh() { bash -eu "$TOP/tests/cli/fixtures.sh" "$@"; }
fixture() { fixture_sh fixture_groups "$@"; }
fixture_rpm() { fixture_sh fixture_do_rpm "$@"; }
fixture_rpm_sign() { fixture_sh fixture_do_rpm_sign "$@"; }
fixture_image() { fixture_sh fixture_do_image "$@"; }
fixture_node() { fixture_sh fixture_do_node "$@"; }

fixture_groups() {
	umask 022
	mkdir -p "$FIXTURES"
	local group
	for group; do
		fixture_group "$group"
	done
}

fixture_group() { # under its lock, unless it is there as its function would make it
	local want part=$FIXTURES/$1.part
	want=$(declare -f "fixture_make_$1" | cksum)
	exec 8>"$FIXTURES/.lock-$1"
	flock 8
	if [ "$(cat "$FIXTURES/$1/.made" 2>/dev/null)" != "$want" ]; then
		rm -rf "$part" "${FIXTURES:?}/$1"
		mkdir "$part"
		fixture_sh fixture_make_"$1" "$part" 8>&- >"$FIXTURES/$1.log" 2>&1 || {
			tail -n 20 "$FIXTURES/$1.log" >&2
			echo "fixtures: cannot make '$1'; all it said: $FIXTURES/$1.log" >&2
			exit 1
		}
		echo "$want" >"$part/.made"
		mv "$part" "$FIXTURES/$1"
	fi
	exec 8>&-
}

fixture_need() {
	local command
	for command; do
		command -v "$command" >/dev/null || {
			echo "fixtures: this machine has no $command" >&2
			return 1
		}
	done
}

# fixture_debs DIR PACKAGE...: download and unpack, install nothing
fixture_debs() {
	local dir=$1 deb
	shift
	fixture_need apt-get dpkg-deb
	mkdir -p "$dir/debs"
	# unsandboxed: the folder need not be readable for apt's own user
	(cd "$dir/debs" && apt-get -o APT::Sandbox::User="$(id -un)" download "$@") || {
		echo "fixtures: cannot download $*: no network, or apt-get update is due" >&2
		return 1
	}
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir/root"
	done
	rm -r "$dir/debs"
}

# The same from another release of Debian than this machine runs.
fixture_debs_of() { # SUITE DIR PACKAGE...
	local suite=$1 dir=$2 mirror apt
	shift 2
	fixture_need apt-get dpkg-deb
	# shellcheck disable=SC2016  # apt-get's own variable
	mirror=$(apt-get indextargets --format '$(SITE)' | grep '/debian$' | head -n 1)
	apt=$(mktemp -d /tmp/fxa-XXXXXX)
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
		>"$apt/sources.list"
	cat >"$apt/conf" <<-EOF
		Dir::Etc::SourceList "$apt/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::State::Lists "$apt/lists";
		Dir::Cache "$apt/cache";
		APT::Sandbox::User "$(id -un)";
	EOF
	APT_CONFIG=$apt/conf apt-get update -q
	APT_CONFIG=$apt/conf fixture_debs "$dir" "$@"
	rm -r "$apt"
}

fixture_make_programs() {
	fixture_debs "$1/unpacked" containerd runc etcd-server kubernetes-client
	local name
	for name in containerd ctr containerd-shim containerd-shim-runc-v1 \
		containerd-shim-runc-v2 etcd kubectl; do
		mv "$1/unpacked/root/usr/bin/$name" "$1/"
	done
	mv "$1/unpacked/root/usr/sbin/runc" "$1/"
	rm -r "$1/unpacked"
}

fixture_make_kernel() {
	local package
	package=$(apt-cache depends --important linux-image-cloud-amd64 |
		sed -n 's/^ *Depends: *\(linux-image-[0-9]\)/\1/p' | head -n 1)
	fixture_debs "$1/unpacked" "$package"
	mv "$1"/unpacked/root/boot/vmlinuz-* "$1/vmlinuz"
	cd "$1"/unpacked/root/lib/modules/*/kernel
	mv drivers/block/loop.ko fs/fat/{fat,vfat}.ko fs/exfat/exfat.ko \
		fs/nls/nls_{ascii,cp437,utf8}.ko "$1/"
	cd "$1"
	rm -r "$1/unpacked"
}

# ---- RPMs ----

# A gpg home for one function: short, because gpg's sockets take no long path, and left
# without an agent.
fixture_gpg_home() {
	GNUPGHOME=$(mktemp -d /tmp/fxk-XXXXXX)
	export GNUPGHOME
	trap 'gpgconf --kill all; rm -rf "$GNUPGHOME"' EXIT
}

fixture_key() ( # DIR NAME: one RSA key; "subkey" certifies with one and signs with another
	fixture_gpg_home
	gpg="gpg --batch -q --pinentry-mode loopback --passphrase ''"
	id="Example $2 (throw-away RPM key) <$2@rpm.example>"
	if [ "$2" = subkey ]; then
		eval "$gpg" --quick-gen-key "'$id'" rsa3072 cert never
	else
		eval "$gpg" --quick-gen-key "'$id'" rsa3072 sign never
	fi
	gpg --batch --with-colons -K | sed -n '/^fpr/{s/fpr:*//;s/://;p;q}' >"$1/$2.fpr"
	[ "$2" = subkey ] &&
		eval "$gpg" --quick-add-key "$(cat "$1/$2.fpr")" rsa3072 sign never
	gpg --batch -q --armor --export >"$1/$2.asc"
	gpg --batch -q --armor --export-secret-keys >"$1/$2.secret.asc"
)

fixture_make_keys() {
	fixture_need gpg gpgconf
	fixture_key "$1" vendor
	fixture_key "$1" other
	fixture_key "$1" subkey
}

fixture_do_rpm_sign() ( # KEY FILE...
	fixture keys
	fixture_gpg_home
	gpg --batch -q --import "$FIXTURES/keys/$1.secret.asc"
	name=$1
	shift
	GPG_TTY='' rpmsign --define '__gpg /usr/bin/gpg' \
		--define "_gpg_name $name@rpm.example" ${RPMSIGN_FLAGS:+"$RPMSIGN_FLAGS"} --addsign "$@"
)

fixture_do_rpm() ( # OUT NAME VERSION RELEASE ROOT [PAYLOAD [FILES]]
	fixture_need rpmbuild
	out=$1 name=$2 version=$3 release=$4 root=$(realpath "$5")
	work=$(mktemp -d /tmp/fxr-XXXXXX)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/build" "$work/rpms"
	if [ -n "${7-}" ]; then
		cp "$7" "$work/files"
	else
		(cd "$root" && find . -type f -o -type l) | sed 's/^\.//' >"$work/files"
	fi
	cat >"$work/spec" <<-EOF
		Name: $name
		Version: $version
		Release: $release
		Summary: Test package $name
		License: Apache-2.0
		AutoReqProv: no
		%description
		Made for tests; not for use.
		%install
		mkdir -p %{buildroot}
		cp -a '$root'/. %{buildroot}/
		%files
		%defattr(-,root,root,-)
	EOF
	cat "$work/files" >>"$work/spec"
	SOURCE_DATE_EPOCH=1629849600 rpmbuild -bb --quiet --target x86_64 \
		--define "_topdir $work/build" --define "_rpmdir $work/rpms" \
		--define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
		--define "_binary_payload ${6:-w6.gzdio}" --define 'debug_package %{nil}' \
		--define '__os_install_post %{nil}' --define '_build_id_links none' \
		--define 'use_source_date_epoch_as_buildtime 1' \
		--define 'clamp_mtime_to_source_date_epoch 1' \
		--define '_buildhost build.example' "$work/spec"
	mv "$work/rpms/$name-$version-$release.x86_64.rpm" "$out/"
)

# The small package: a Go program, a hard-linked set of three, symlinks, configuration,
# a ghost, a document, an empty file, folders, a file that only root may read.
fixture_tool_root() { # DIR: the content; DIR.files: its %files
	local root=$1
	mkdir -p "$root"/usr/bin "$root"/etc/tool.d "$root"/usr/share/tool "$root"/var/log
	cp "$FIXTURES/programs/containerd-shim" "$root/usr/bin/tool"
	chmod 0755 "$root/usr/bin/tool"
	ln -s tool "$root/usr/bin/tool-link"
	ln -s /usr/bin/tool "$root/usr/share/tool/absolute-link"
	seq 20000 >"$root/usr/share/tool/first"
	ln "$root/usr/share/tool/first" "$root/usr/share/tool/second"
	ln "$root/usr/share/tool/first" "$root/usr/share/tool/third"
	: >"$root/usr/share/tool/empty"
	echo 'a text' >"$root/usr/share/tool/text"
	echo 'setting = 1' >"$root/etc/tool.conf"
	echo 'secret = 1' >"$root/etc/tool.d/secret.conf"
	chmod 0600 "$root/etc/tool.d/secret.conf"
	: >"$root/var/log/tool.log"
	echo 'read me' >"$root/usr/share/tool/README"
	cat >"$root.files" <<-'EOF'
		/usr/bin/tool
		/usr/bin/tool-link
		%dir /usr/share/tool
		/usr/share/tool/absolute-link
		/usr/share/tool/first
		/usr/share/tool/second
		/usr/share/tool/third
		/usr/share/tool/empty
		%attr(0644,daemon,adm) /usr/share/tool/text
		%doc /usr/share/tool/README
		%config(noreplace) /etc/tool.conf
		%config /etc/tool.d/secret.conf
		%ghost /var/log/tool.log
	EOF
}

# tool-{gzip,xz,zstd,bzip2,plain}-1.0-1.x86_64.rpm signed by vendor; tool-unsigned,
# tool-other (signed by other), tool-subkey (by subkey), tool-v3 (vendor, with the older
# signature over header and payload too) the same, gzip.
fixture_make_rpms() {
	fixture programs keys
	fixture_need rpmbuild rpmsign
	local root kind
	root=$(mktemp -d /tmp/fxt-XXXXXX)
	fixture_tool_root "$root/tool"
	for kind in gzip:w6.gzdio xz:w1.xzdio zstd:w3.zstdio bzip2:w9.bzdio plain:w.ufdio \
		unsigned:w6.gzdio other:w6.gzdio subkey:w6.gzdio v3:w6.gzdio; do
		fixture_rpm "$1" "tool-${kind%:*}" 1.0 1 "$root/tool" "${kind#*:}" \
			"$root/tool.files"
	done
	rm -r "$root"
	fixture_rpm_sign vendor "$1"/tool-{gzip,xz,zstd,bzip2,plain}-*.rpm
	fixture_rpm_sign other "$1"/tool-other-*.rpm
	fixture_rpm_sign subkey "$1"/tool-subkey-*.rpm
	RPMSIGN_FLAGS=--rpmv3 fixture_rpm_sign vendor "$1"/tool-v3-*.rpm
}

# ---- a whole release ----

# NAME VERSION RELEASE PROGRAM: one program as /usr/bin/NAME in one RPM
fixture_program_rpm() { # OUT NAME VERSION RELEASE PROGRAM [PAYLOAD]
	local root
	root=$(mktemp -d /tmp/fxp-XXXXXX)
	install -D -m 0755 "$FIXTURES/programs/$5" "$root/usr/bin/$2"
	fixture_rpm "$1" "$2" "$3" "$4" "$root" "${6:-w6.gzdio}"
	rm -r "$root"
}

fixture_release_images() { # OUT
	local work pair name
	work=$(mktemp -d /tmp/fxi-XXXXXX)
	for pair in kube-apiserver:ctr kube-controller-manager:containerd-shim-runc-v2 \
		kube-scheduler:containerd-shim-runc-v1 kube-proxy:containerd-shim; do
		name=${pair%:*}
		fixture_image "$work/$name:v1.21.3_fips.0" amd64 \
			"$FIXTURES/programs/${pair#*:}" "/usr/local/bin/$name"
		fixture_skopeo "oci:$work/$name:v1.21.3_fips.0" \
			"docker-archive:$1/$name-v1.21.3_fips.0.tar:registry.example/$name:v1.21.3_fips.0"
	done
	fixture_image "$work/etcd:3.4.13_fips.0" amd64 \
		"$FIXTURES/programs/etcd" /usr/local/bin/etcd
	fixture_skopeo "oci:$work/etcd:3.4.13_fips.0" \
		"oci-archive:$1/etcd-3.4.13_fips.0.tar:3.4.13_fips.0"
	rm -r "$work"
}

# containerd as a tarball: /usr/bin/containerd is a symlink to /usr/local/bin/containerd
fixture_release_tar() { # OUT
	local work
	work=$(mktemp -d /tmp/fxc-XXXXXX)
	install -D -m 0755 -t "$work/usr/local/bin" "$FIXTURES"/programs/containerd{,-shim-runc-v2}
	install -D -m 0755 -t "$work/usr/local/sbin" "$FIXTURES/programs/runc"
	mkdir -p "$work/usr/bin"
	ln -s ../local/bin/containerd "$work/usr/bin/containerd"
	tar -C "$work" --sort=name --owner=0 --group=0 --mtime=@1629849600 -czf \
		"$1/containerd-1.4.7-el8-x86_64.tar.gz" usr
	rm -r "$work"
}

fixture_release_yaml() { # OUT EL
	cat <<-EOF
		el: "$2"
		kubernetes: v1.21.3
		arch: x86_64
		revision: 1
		created: 2021-08-25T00:00:00Z
		rpm-keys: [vendor-rpm-key.asc]
		components:
		  - { name: kubeadm, rpm: kubeadm-1.21.3-0.x86_64.rpm, files: [/usr/bin/kubeadm] }
		  - { name: kubelet, rpm: kubelet-1.21.3-0.x86_64.rpm, files: [/usr/bin/kubelet] }
		  - { name: kubectl, rpm: kubectl-1.21.3-0.x86_64.rpm, files: [/usr/bin/kubectl] }
	EOF
	if [ "$2" = 7 ]; then
		cat <<-EOF
			  - { name: containerd, rpm: containerd-1.4.7-1.el7.x86_64.rpm, files: [/usr/bin/containerd] }
			  - { name: runc, rpm: runc-1.0.0-1.el7.x86_64.rpm, files: [/usr/bin/runc] }
		EOF
	else
		cat <<-EOF
			  - name: containerd
			    version: 1.4.7
			    tar: containerd-1.4.7-el8-x86_64.tar.gz
			    prefix: /
			    files: [/usr/local/bin/containerd, /usr/local/sbin/runc, /usr/bin/containerd]
		EOF
	fi
	cat <<-EOF
		  - { name: kube-apiserver, version: v1.21.3+fips.0, image: kube-apiserver-v1.21.3_fips.0.tar, files: [/usr/local/bin/kube-apiserver], presence: optional }
		  - { name: kube-controller-manager, version: v1.21.3+fips.0, image: kube-controller-manager-v1.21.3_fips.0.tar, files: [/usr/local/bin/kube-controller-manager], presence: optional }
		  - { name: kube-scheduler, version: v1.21.3+fips.0, image: kube-scheduler-v1.21.3_fips.0.tar, files: [/usr/local/bin/kube-scheduler], presence: optional }
		  - { name: kube-proxy, version: v1.21.3+fips.0, image: kube-proxy-v1.21.3_fips.0.tar, files: [/usr/local/bin/kube-proxy], presence: optional }
		  - { name: etcd, version: 3.4.13+fips.0, image: etcd-3.4.13_fips.0.tar, files: [/usr/local/bin/etcd], presence: optional }
		services:
		  - { name: kube-apiserver, port: 6443, component: kube-apiserver }
		  - { name: etcd, port: 2379, component: etcd }
		tls:
		  min-version: TLSv1.2
		  cipher-suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
	EOF
}

fixture_make_artifacts() {
	fixture programs keys
	fixture_need rpmbuild rpmsign umoci skopeo jq
	local images
	fixture_release_images "$1" &
	images=$!
	fixture_program_rpm "$1" kubeadm 1.21.3 0 containerd-shim-runc-v2
	fixture_program_rpm "$1" kubelet 1.21.3 0 ctr
	fixture_program_rpm "$1" kubectl 1.21.3 0 kubectl
	fixture_program_rpm "$1" containerd 1.4.7 1.el7 containerd
	fixture_program_rpm "$1" runc 1.0.0 1.el7 runc w2.xzdio
	fixture_rpm_sign vendor "$1"/*.rpm
	fixture_release_tar "$1"
	cp "$FIXTURES/keys/vendor.asc" "$1/vendor-rpm-key.asc"
	fixture_release_yaml "$1" 7 >"$1/el7-v1.21.3.yaml"
	fixture_release_yaml "$1" 8 >"$1/el8-v1.21.3.yaml"
	wait "$images"
}

fixture_make_bench() {
	fixture programs keys
	local root kind name
	root=$(mktemp -d /tmp/fxb-XXXXXX)
	for name in containerd kubectl ctr; do
		install -D -m 0755 "$FIXTURES/programs/$name" "$root/usr/bin/$name"
	done
	for kind in gzip:w6.gzdio xz:w2.xzdio zstd:w7.zstdio; do
		fixture_rpm "$1" "programs-${kind%:*}" 1.0 1 "$root" "${kind#*:}"
	done
	rm -r "$root"
	for kind in 0 1 2 3; do
		root=$(mktemp -d /tmp/fxb-XXXXXX)
		install -D -m 0755 "$FIXTURES/programs/kubectl" "$root/usr/bin/kubectl-$kind"
		fixture_rpm "$1" "four-$kind" 1.0 1 "$root"
		rm -r "$root"
	done
	fixture_rpm_sign vendor "$1"/*.rpm
}

# A node as an installer leaves it: the programs of the release, and os-release.
fixture_do_node() { # DIR EL
	local rpm
	fixture artifacts
	fixture_need rpm2cpio cpio
	mkdir -p "$1/etc"
	printf 'ID="rhel"\nVERSION_ID="%s"\nPLATFORM_ID="platform:el%s"\n' "$2" "$2" \
		>"$1/etc/os-release"
	cd "$1"
	for rpm in kubeadm kubelet kubectl; do
		rpm2cpio "$FIXTURES/artifacts/$rpm"-1.21.3-0.x86_64.rpm | cpio -idm --quiet
	done
	if [ "$2" = 7 ]; then
		for rpm in containerd runc; do
			rpm2cpio "$FIXTURES/artifacts/$rpm"-*.el7.x86_64.rpm | cpio -idm --quiet
		done
	else
		tar -xf "$FIXTURES/artifacts/containerd-1.4.7-el8-x86_64.tar.gz"
	fi
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	set -eu -o pipefail
	"$@"
fi
