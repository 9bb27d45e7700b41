# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# build: files over 4 GiB, in an RPM (whose payload has then no cpio headers) and in a
# tarball
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/fixtures.sh"
need rpmbuild rpmsign jq
[ "$OUT" = "$TOP/build" ] || skip "too slow under the sanitizers: 8 GiB to digest"
fixture keys programs || fail "no fixtures"

mkdir -p root/usr/share/large root/usr/bin art
truncate -s 4097M root/usr/share/large/zeros
echo end >>root/usr/share/large/zeros
echo small >root/usr/share/large/before
ln root/usr/share/large/before root/usr/share/large/linked
ln -s zeros root/usr/share/large/link
cp "$FIXTURES/programs/containerd-shim" root/usr/bin/tool
want=$(sha256sum <root/usr/share/large/zeros | cut -d' ' -f1)

fixture_rpm art large 1.0 1 root w1.zstdio >log 2>&1 || fail "$(cat log)"
fixture_rpm_sign vendor "$PWD"/art/large-1.0-1.x86_64.rpm >log 2>&1 || fail "$(cat log)"
rpm -qp --nosignature --qf '%{LONGFILESIZES}\n' art/large-1.0-1.x86_64.rpm | grep -q none && fail "no large RPM"
tar -C root -Scf art/large.tar usr
cp "$FIXTURES/keys/vendor.asc" .
cat >one.yaml <<-EOF
	el: "8"
	kubernetes: v1.21.3
	created: 2021-08-25T00:00:00Z
	rpm-keys: [vendor.asc]
	components:
	  - { name: rpm, rpm: large-1.0-1.x86_64.rpm }
	  - { name: tar, tar: large.tar, prefix: /opt, version: "1" }
	EOF
expect 0 python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
sys.exit("%d KB" % peak if peak > 65536 else 0)' \
	"$BIN/fips-manifest" build one.yaml --artifacts art --output made
m=made/manifest-el8-x86_64.json
jq -r '.components[].files[] | select(.size > 4294967296) | "\(.path) \(.size) \(.sha256)"' $m >got
printf '%s 4296015876 %s\n' /usr/share/large/zeros "$want" /opt/usr/share/large/zeros "$want" |
	cmp - got || fail "$(cat got)"
small=$(sha256sum <root/usr/share/large/before | cut -d' ' -f1)
[ "$(jq -r '.components[].files[] | select(.path | test("before|linked")) | .sha256' $m | uniq -c | tr -s ' ')" = " 4 $small" ] ||
	fail "the files beside it"
[ "$(jq -r '.components[].files[] | select(.path | test("tool")) | .go.version' $m | uniq -c | tr -s ' ')" = ' 2 go1.19.8' ] ||
	fail "the program beside it"
