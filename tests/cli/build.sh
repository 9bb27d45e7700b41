# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# build: a whole release out of real RPMs, images and a tarball
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/fixtures.sh"
need rpmbuild rpm2cpio umoci skopeo jq python3 strace
fixture artifacts || fail "no fixtures"
art=$FIXTURES/artifacts
build() { fips-manifest build --artifacts "$art" "$@"; }

step "two definitions, shared artifacts"
expect 0 build "$art"/el7-v1.21.3.yaml "$art"/el8-v1.21.3.yaml --output built
printf 'built/manifest-el7-x86_64.json\nbuilt/manifest-el8-x86_64.json\n' | cmp - out ||
	fail "stdout is not the list of files"
says "el7/v1.21.3/x86_64@1: 10 components, 10 files, sha256 $(sha256sum <built/manifest-el7-x86_64.json | cut -d' ' -f1)"
for el in 7 8; do
	m=built/manifest-el$el-x86_64.json
	[ "$(stat -c %a "$m")" = 644 ] || fail "mode of $m"
	python3 -c 'import json, sys
t = open(sys.argv[1]).read()
sys.exit(t != json.dumps(json.loads(t), indent=2, sort_keys=True) + "\n")' "$m" || fail "$m is not canonical"

	step "EL $el: the digests are those of the files on a node"
	fixture_node "node$el" "$el" || fail "no node"
	jq -r '.components[].files[] | select(.kind == "host" and .sha256) | "\(.sha256)  .\(.path)"' "$m" >sums
	[ "$(wc -l <sums)" -ge 5 ] || fail "too few files"
	(cd "node$el" && sha256sum --quiet --strict -c ../sums) || fail "wrong digests for EL $el"
	jq -r '.components[].files[] | select(.kind == "host" and .sha256) | "\(.mode) \(.size) .\(.path)"' "$m" |
		while read -r mode size path; do
			[ "$(stat -c '0%a %s' "node$el/$path")" = "$mode $size" ] || fail "mode or size of $path"
		done || exit 1

	step "EL $el: the sources are those of the artifacts"
	jq -r '.components[].source | "\(.sha256)  \(.name)"' "$m" >sums
	(cd "$art" && sha256sum --quiet --strict -c "$OLDPWD/sums") || fail "wrong source digests"
	jq -r '.components[].source | "\(.size) \(.name)"' "$m" | while read -r size name; do
		[ "$(stat -c %s "$art/$name")" = "$size" ] || fail "size of $name"
	done || exit 1
done
jq -e --arg fpr "$(cat "$FIXTURES/keys/vendor.fpr")" 'all(.components[].source
	| select(.type == "rpm"); .signer == $fpr)' built/manifest-el7-x86_64.json >/dev/null || fail "signer"
jq -e '.components[] | select(.name == "containerd") | .files == [
	{kind: "host", link: "../local/bin/containerd", owner: "root:root", path: "/usr/bin/containerd"}] + .files[1:]
	and .version == "1.4.7" and .source.type == "tar"' built/manifest-el8-x86_64.json >/dev/null ||
	fail "the tarball's symlink"
jq -e 'all(.components[].files[] | select(.sha256); .go.crypto == "none" and .go.version == "go1.19.8")' \
	built/manifest-el8-x86_64.json >/dev/null || fail "Go facts"
jq -e '.services == [{component: "etcd", name: "etcd", port: 2379},
	{component: "kube-apiserver", name: "kube-apiserver", port: 6443}] and
	.tls.min_version == "TLSv1.2" and .created == "2021-08-25T00:00:00Z"' \
	built/manifest-el8-x86_64.json >/dev/null || fail "services"

step "the same bytes whatever the order of keys and components"
python3 - "$art/el8-v1.21.3.yaml" >el8.yaml <<'EOF'
import re, sys
top = re.split(r'(?m)^(?=\S)', open(sys.argv[1]).read())[1:]
def turn(block):
    items = re.split(r'(?m)^(?=  - )', block)
    return items[0] + ''.join(reversed(items[1:]))
print(''.join(reversed([turn(b) for b in top])), end='')
EOF
cmp -s el8.yaml "$art/el8-v1.21.3.yaml" && fail "nothing was turned"
cp "$art/vendor-rpm-key.asc" .
expect 0 build el8.yaml --output turned
cmp built/manifest-el8-x86_64.json turned/manifest-el8-x86_64.json || fail "another order gives other bytes"
expect 0 env TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 taskset -c 0 fips-manifest build --artifacts "$art" \
	"$art/el8-v1.21.3.yaml" --output elsewhere
cmp built/manifest-el8-x86_64.json elsewhere/manifest-el8-x86_64.json || fail "another place gives other bytes"

step "an artifact that two definitions share is read once"
# the leak check does not work where strace looks on
ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -f -qq -e trace=openat -o trace "$BIN/fips-manifest" build --artifacts "$art" \
	"$art"/el7-v1.21.3.yaml "$art"/el8-v1.21.3.yaml --output built >/dev/null 2>&1 || fail "under strace"
[ "$(grep -c 'kubectl-1.21.3-0.x86_64.rpm"' trace)" = 1 ] || fail "kubectl was opened more than once"
grep -qE '\.rpmdb|rpm/macros|rpmrc' trace && fail "the machine's rpm configuration was looked at"

# the rest needs no more than a few components
grep -vE 'name: (kubelet|kube-apiserver|kube-controller-manager|kube-scheduler|etcd)\b|^services:|^  - \{ name: etcd|runc' \
	"$art/el8-v1.21.3.yaml" | sed '/- name: containerd/,/prefix/d' >small.yaml
cp "$art/vendor-rpm-key.asc" .
expect 0 build small.yaml --output small
jq -e '.components | length == 3' small/manifest-el8-x86_64.json >/dev/null || fail "small.yaml"

step "--json, --quiet"
expect 0 build small.yaml --output small --json --quiet
[ -s err ] && fail "--quiet talks"
[ "$(jq -r '.[0] | "\(.id) \(.file) \(.sha256)"' out)" = \
	"el8/v1.21.3/x86_64@1 small/manifest-el8-x86_64.json $(sha256sum <small/manifest-el8-x86_64.json | cut -d' ' -f1)" ] ||
	fail "JSON"

step "several versions of Kubernetes at once"
sed 's/v1.21.3$/v1.22.0/' small.yaml >next.yaml
expect 0 build small.yaml next.yaml --output versions
cmp versions/v1.21.3/manifest-el8-x86_64.json small/manifest-el8-x86_64.json || fail "folder of v1.21.3"
[ "$(jq -r .kubernetes versions/v1.22.0/manifest-el8-x86_64.json)" = v1.22.0 ] || fail "folder of v1.22.0"
sed 's/^revision: 1/revision: 2/' small.yaml >again.yaml
expect 3 build small.yaml again.yaml --output clash
one_line
says "make the same file"
[ -e clash ] && fail "something was written"

step "the time of creation"
grep -v '^created' small.yaml >undated.yaml
expect 64 build undated.yaml --output undated
one_line
says "SOURCE_DATE_EPOCH"
SOURCE_DATE_EPOCH=1629849600 expect 0 build undated.yaml --output undated
cmp undated/manifest-el8-x86_64.json small/manifest-el8-x86_64.json || fail "SOURCE_DATE_EPOCH"
SOURCE_DATE_EPOCH=1 expect 0 build small.yaml --output undated
cmp undated/manifest-el8-x86_64.json small/manifest-el8-x86_64.json || fail "the definition's time comes first"
SOURCE_DATE_EPOCH=now expect 64 build undated.yaml --output undated
one_line

step "--check"
expect 0 build small.yaml --check small/manifest-el8-x86_64.json
says "is what the definition and artifacts give"
sed 's/"revision": 1/"revision": 2/; s/"size": 37622016/"size": 37622017/' small/manifest-el8-x86_64.json >other.json
expect 1 build small.yaml --check other.json
printf '%s\n' 'kubectl /usr/bin/kubectl: size 37622017 -> 37622016' \
	'manifest: revision 2 -> 1' | cmp - out || fail "differences"
says "2 differences"
expect 1 build small.yaml --check other.json --json
jq -e '(.changes | length) == 2 and .from.id == "el8/v1.21.3/x86_64@2" and
	.to.id == "el8/v1.21.3/x86_64@1" and .from.digest != .to.digest' out >/dev/null ||
	fail "$(cat out)"
mv out checked
expect 1 fips-manifest diff other.json small/manifest-el8-x86_64.json --json
cmp out checked || fail "diff says it otherwise"
expect 0 build small.yaml --check small/manifest-el8-x86_64.json --json
jq -e '.changes == [] and .from == .to' out >/dev/null || fail "$(cat out)"
expect 64 build small.yaml small.yaml --check other.json
expect 64 build small.yaml --check other.json --output x
expect 64 build small.yaml
expect 64 fips-manifest build small.yaml --output x
expect 3 build small.yaml --check nothing.json
one_line

step "what is missing or unknown"
refused() { # DEFINITION TEXT
	expect 3 build "$1" --output no
	one_line
	says "$2"
}
sed 's/kubectl-1.21.3-0/kubectl-9/' small.yaml >missing.yaml
refused missing.yaml "missing.yaml:9: kubectl: cannot open '$art/kubectl-9.x86_64.rpm': No such file"
sed 's/^el:/elf:/' small.yaml >unknown.yaml
refused unknown.yaml "unknown.yaml:1:1:"
sed 's/vendor-rpm-key/no-key/' small.yaml >nokey.yaml
refused nokey.yaml "no-key.asc"
sed '/name: containerd/,/files/!d; /version/d' "$art/el8-v1.21.3.yaml" >part
sed '/^components/r part' small.yaml >unversioned.yaml
refused unversioned.yaml "does not say its version"
sed 's/^arch: x86_64/arch: aarch64/' small.yaml >arm.yaml
refused arm.yaml "is for x86_64, and the manifest for aarch64"
mkfifo "$PWD/pipe"
for kind in rpm tar image; do # which would wait for somebody to write
	sed "s/rpm: [^,}]*/$kind: pipe/" small.yaml >pipe.yaml
	expect 3 timeout 60 fips-manifest build pipe.yaml --artifacts . --output no
	one_line
	says "pipe' is not a regular file"
done
[ -e no ] && fail "something was written"

step "a full disk leaves the old file and nothing beside it"
mkdir many many/d
for n in $(seq 100); do echo "$n" >"many/d/$n"; done
tar -C many -cf many/many.tar d
cat >many.yaml <<-EOF
	el: "8"
	kubernetes: v1.21.3
	created: 2021-08-25T00:00:00Z
	components: [{ name: many, tar: many.tar, version: "1" }]
EOF
cp small/manifest-el8-x86_64.json before
limited() { (trap '' XFSZ; ulimit -f 8; "$@"); }
expect 3 limited fips-manifest build many.yaml --artifacts many --output small
one_line
says "'small/manifest-el8-x86_64.json': cannot write: File too large"
cmp before small/manifest-el8-x86_64.json || fail "the old file is gone"
[ "$(ls small)" = manifest-el8-x86_64.json ] || fail "files are left: $(ls small)"
expect 3 limited fips-manifest build --artifacts "$art" next.yaml --output full
one_line
says "cannot write a temporary file: File too large"
[ -e full ] && fail "something was written"
TMPDIR=$PWD/nowhere expect 3 build next.yaml --output full
one_line
says "cannot create a temporary file in '$PWD/nowhere'"

step "memory stays under 64 MB"
if [ "$OUT" = "$TOP/build" ]; then
	peak=$(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$BIN/fips-manifest" build --artifacts "$art" \
		"$art"/el7-v1.21.3.yaml "$art"/el8-v1.21.3.yaml --output built)
	echo "peak: $peak KB"
	[ "$peak" -lt 65536 ] || fail "$peak KB"
fi
