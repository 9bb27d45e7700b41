#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job in front of a person's eyes, on real RPMs and images: tests/demo.sh BIN.
# Everything happens in a folder of its own; what was started is ended.
set -eu -o pipefail
export PATH=$1:$PATH TOP=${TOP:-$PWD} LC_ALL=C
. "$TOP/tests/cli/fixtures.sh"

if [ -t 1 ]; then
	bold=$(tput bold 2>/dev/null || :) plain=$(tput sgr0 2>/dev/null || :)
else
	bold='' plain=''
fi

work=$(mktemp -d /tmp/fm-demo-XXXXXX)
server=
finish() {
	# more than once: a shell that has not become the server yet forgets it
	[ -z "$server" ] || while kill "$server" 2>/dev/null; do sleep 0.05; done
	gpgconf --homedir "$work/gnupg" --kill all 2>/dev/null || :
	wait 2>/dev/null || :
	rm -rf "$work"
}
trap finish EXIT

title() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; }
# run LINE: a line of shell, printed and run
run() {
	say "$1"
	eval "$1"
}
# show COMMAND...: print it as a user would type it, then run it
show() {
	local word line=
	for word in "${@//$work\//}"; do
		case $word in
		'' | *[[:space:]\<\>\(\)]*) line="$line '$word'" ;;
		*) line="$line $word" ;;
		esac
	done
	printf '%s$%s%s\n' "$bold" "$line" "$plain"
	"$@"
}
# show_status WANTED COMMAND...: the same for a command whose exit status is the point
show_status() {
	local want=$1 got=0
	shift
	show "$@" || got=$?
	status "$want" "$got"
}
status() { # WANTED GOT
	printf '(exit status %d)\n' "$2"
	[ "$1" = "$2" ] || {
		echo "demo: expected exit status $1" >&2
		exit 1
	}
}

title "Real RPMs and images from Debian's own Go programs (made once, kept in build/fixtures)"
fixture artifacts
cd "$work"
ln -s "$FIXTURES/artifacts" artifacts
find -L artifacts -type f \( -name '*.rpm' -o -name '*.tar*' \) -printf '  %f  %k KB\n' | sort

title "A throw-away release key"
export GNUPGHOME=$work/gnupg
mkdir -m 0700 "$GNUPGHOME"
show gpg --batch --quiet --passphrase '' --quick-gen-key 'Release (demo) <release@demo.example>' rsa3072 sign 1y
run 'gpg --quiet --armor --export >release.asc'

title "Manifests of EL 7 and EL 8 from the artifacts themselves"
show fips-manifest build artifacts/el7-v1.21.3.yaml artifacts/el8-v1.21.3.yaml \
	--artifacts artifacts --output .
sed -n '1,24p' manifest-el8-x86_64.json
echo "  ..."

title "Sign them: an .asc that stock gpg verifies"
show fips-manifest sign --yes manifest-el7-x86_64.json manifest-el8-x86_64.json
show gpg --quiet --verify manifest-el8-x86_64.json.asc
show fips-manifest verify --keyring release.asc manifest-el8-x86_64.json.asc

title "Keep and publish"
export FIPS_MANIFEST_STORE=$work/store.db
head -c 18 /dev/urandom | base64 >passphrase
run 'fips-manifest init --passphrase-fd 3 3<passphrase'
show fips-manifest key add release.asc
show fips-manifest add manifest-el7-x86_64.json.asc manifest-el8-x86_64.json.asc
ln -s "$(command -v fips-tool)" fips-tool
show fips-manifest tool add fips-tool --version 1.0.0 --arch x86_64
run 'fips-manifest tool sums >SHA256SUMS'
show gpg --quiet --clearsign SHA256SUMS
show fips-manifest tool add-sums SHA256SUMS.asc
run 'fips-manifest publish --passphrase-fd 3 3<passphrase'
show fips-manifest list
show fips-manifest status
show fips-manifest export tree
show cp tree/metadata/1.root.json root.json
show fips-manifest log --verify

title "Serve on a free loopback port"
say 'fips-manifestd --store store.db --listen 127.0.0.1:0 &'
: >server.out
fips-manifestd --store store.db --listen 127.0.0.1:0 >server.out 2>server.err &
server=$!
for _ in $(seq 100); do
	url=$(sed -n 's/.*\(http:\/\/[0-9.:]*\).*/\1/p' server.out)
	[ -z "$url" ] || break
	sleep 0.05
done
[ -n "$url" ] || {
	cat server.err >&2
	exit 1
}
cat server.out
show curl -sf "$url/tool/SHA256SUMS"

title "A node with these RPMs unpacked: it passes"
mkdir -p node/etc
run "printf 'ID=rhel\\nVERSION_ID=8.4\\nPLATFORM_ID=platform:el8\\n' >node/etc/os-release"
for rpm in kubeadm kubelet kubectl; do
	run "rpm2cpio artifacts/$rpm-1.21.3-0.x86_64.rpm | cpio --quiet -idm -D node"
done
show tar -C node -xf artifacts/containerd-1.4.7-el8-x86_64.tar.gz
check=(fips-tool --server "$url" --trust root.json --state state --el 8
	--kubernetes v1.21.3 --root node)
show_status 0 "${check[@]}"

title "One byte of kubelet changes: it fails, and says which file"
run 'printf X | dd of=node/usr/bin/kubelet bs=1 seek=4096 conv=notrunc status=none'
show_status 1 "${check[@]}" --quiet

title "The same offline, as JSON, from the manifest file"
say 'fips-tool --json --keyring release.asc --root node manifest-el8-x86_64.json.asc >report.json'
got=0
fips-tool --json --keyring release.asc --root node manifest-el8-x86_64.json.asc >report.json ||
	got=$?
status 1 $got
show jq '.checks[] | select(.verdict == "fail")' report.json

title "Done"
