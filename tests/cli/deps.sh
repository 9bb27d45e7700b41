# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# .ci/deps on Enterprise Linux: real dnf, with empty packages of the names that it asks
# for. This machine's root, with all that is written kept in memory and away from it, is
# the EL machine. That its repositories really have these names, no test here can tell.
. "$TOP/tests/cli/lib.sh"
need dnf createrepo_c rpmbuild unshare setpriv
[ "$(id -u)" = 0 ] || skip "needs root, for an overlay over /"

cat >machine.sh <<'EOF'
set -e
mount -t tmpfs none mem
mkdir mem/up mem/work mem/root
mount -t overlay none -o lowerdir=/,upperdir=mem/up,workdir=mem/work mem/root
root=$PWD/mem/root
touch "$root/this-is-apart"
[ -e mem/up/this-is-apart ]
[ $# = 3 ] || exit 0
mount -t proc none "$root/proc"
mount --rbind /dev "$root/dev"
rm -rf "$root/usr/bin/apt-get" "$root/usr/bin/sudo" "$root/var/lib/rpm" "$root/etc/yum.repos.d"
mkdir -p "$root/etc/yum.repos.d" "$root/el/.ci"
cp "$1/.ci/deps" "$root/el/.ci/"
cp "$1/Makefile" "$root/el/"
cp -r repo/* "$root/el/"
rm -f "$root/etc/os-release"
printf 'ID="rocky"\nVERSION_ID="%s.4"\nPLATFORM_ID="platform:el%s"\n' "$2" "$2" \
	>"$root/etc/os-release"
for name in base crb; do
	printf '[%s]\nname=%s\nbaseurl=file:///el/%s\ngpgcheck=0\n' $name $name $name \
		>"$root/etc/yum.repos.d/$name.repo"
done
echo enabled=0 >>"$root/etc/yum.repos.d/crb.repo"
exec chroot "$root" bash -c "cd /el && $3"
EOF
mkdir mem
# on_el VERSION COMMANDS: on such a machine, made for them
on_el() { unshare -m --propagation private bash machine.sh "$TOP" "$@"; }
on_el probe >/dev/null 2>&1 || skip "no overlay can be mounted here"

# The lists as .ci/deps has them: build_el, demo_el, ...
eval "$(sed -n -e '/^[a-z]*_el="[^"]*$/,/"/p' -e '/^[a-z]*_el=".*"/p' "$TOP/.ci/deps")"
# shellcheck disable=SC2154,SC2086  # set by that; lists of names
names=$(printf '%s\n' $build_el $demo_el $check_el $static_el $lint_el $fuzz_el $bench_el |
	sed 's/.*=//' | sort -u)
empty() { # NAME REPOSITORY [SPEC]
	printf '%s\n' "Name: $1" 'Version: 1' 'Release: 1.el9' 'Summary: empty' 'License: none' \
		'BuildArch: noarch' 'AutoReqProv: no' '%description' empty "${3-%files}" >"$1.spec"
	rpmbuild -bb --quiet --define "_rpmdir $PWD/repo/$2" --define "_topdir $PWD/top" \
		"$1.spec" >>rpmbuild.log 2>&1 || fail "$1: $(tail -n 3 rpmbuild.log)"
}
for name in $names; do
	case $name in
	libmicrohttpd-devel | libcmocka-devel | scdoc) empty "$name" crb ;;
	ShellCheck | cppcheck | chromium) empty "$name" epel ;;
	*) empty "$name" base ;;
	esac
done
# as EL's: it brings a repository, and crb(8)
empty epel-release base '%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc/yum.repos.d
printf "#!/bin/sh\nsed -i s/enabled=0/enabled=1/ /etc/yum.repos.d/crb.repo\n" >%{buildroot}/usr/bin/crb
chmod 755 %{buildroot}/usr/bin/crb
printf "[epel]\nname=EPEL\nbaseurl=file:///el/epel\ngpgcheck=0\n" >%{buildroot}/etc/yum.repos.d/epel.repo
%files
/usr/bin/crb
/etc/yum.repos.d/epel.repo'
for name in base crb epel; do createrepo_c -q "repo/$name" || fail "createrepo_c"; done

step "EL 9: all is installed, from CRB and EPEL too; the second time nothing is done"
expect 0 on_el 9 'make -s deps && .ci/deps lint fuzz bench && echo AGAIN && make -s deps &&
	.ci/deps lint fuzz bench && echo HAS && rpm -qa --qf "%{name}\n"'
says "deps: installing gcc make pkgconf-pkg-config gpgme-devel" out
says "deps: installing epel-release" out
says "deps: enabling the repository CRB" out
grep '^deps: installing' out | while read -r line; do
	tr ' ' '\n' <<<"$line" | sort | uniq -d
done >twice
[ ! -s twice ] || fail "named twice: $(cat twice)"
[ "$(sed -n '/^AGAIN$/,/^HAS$/p' out)" = $'AGAIN\nHAS' ] || fail "$(sed -n '/^AGAIN$/,$p' out)"
# "command=package" is asked for by its command, which this machine may have
sed '1,/^HAS$/d' out | sort >has
printf '%s\n' "$names" epel-release | grep -vx npm | sort | comm -23 - has >lacking
[ ! -s lacking ] || fail "not installed: $(cat lacking)"

step "a package for the tests that no repository has is told; one for the build ends it"
rm repo/base/noarch/skopeo-*.rpm
createrepo_c -q repo/base
expect 0 on_el 9 '.ci/deps check'
says "no repository here has skopeo; tests that need them are skipped" out
rm repo/crb/noarch/scdoc-*.rpm
createrepo_c -q repo/crb
expect 3 on_el 9 '.ci/deps check'
says "deps: no repository here has scdoc"

step "EL 8 is refused in words, and whoever may not install is told what to run"
expect 3 on_el 8 '.ci/deps build'
says "deps: EL 8 is too old to build on"
[ ! -s out ] || fail "it goes on: $(cat out)"
expect 3 on_el 9 'setpriv --reuid 65534 --clear-groups .ci/deps build'
says "without sudo; as root run: dnf install -y epel-release"

for written in /this-is-apart /el; do
	[ ! -e $written ] || fail "$written: this machine's own root was written"
done
