# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# build, then fips-tool: file capabilities that come with a tarball or an image
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/build.bash"
. "$TOP/tests/cli/node.bash"
PATH=$PATH:/usr/sbin
need gpg jq python3 setcap tar umoci
new_key alice
umask 022
node_root root
cp /bin/true root/usr/bin/probe
cp /bin/cat root/usr/bin/plain
setcap cap_net_admin,cap_net_raw+ep root/usr/bin/probe 2>/dev/null ||
	skip "file capabilities cannot be set here"
ln root/usr/bin/probe root/usr/bin/linked
mkdir art

definition() { # KIND ARTIFACT [FILES]
	cat >one.yaml <<-EOF
		el: "8"
		kubernetes: v1.21.3
		created: 2021-08-25T00:00:00Z
		components:
		  - { name: probe, $1: $2, version: "1", files: [${3-"'/usr/bin/*'"}] }
	EOF
}
# found: "PATH CAPABILITIES" of every file of the manifest
found() { jq -r '.components[].files[] | "\(.path) \(.capabilities)"' $m; }
checks() { # STATUS [TEXT]: fips-tool on the tree
	expect "$1" fips-tool --keyring alice.asc --root root made/*.asc
	[ $# = 1 ] || says "$2" out
}

step "a tarball by GNU tar: recorded, also under the name of a hard link"
tar -C root --xattrs --xattrs-include='*' -cf art/probe.tar \
	usr/bin/probe usr/bin/linked usr/bin/plain
definition tar probe.tar
expect 0 build
printf '/usr/bin/%s\n' 'linked cap_net_admin,cap_net_raw=ep' 'plain null' \
	'probe cap_net_admin,cap_net_raw=ep' >want
found | cmp - want || fail "$(found)"

step "the node must have them, and no others"
sign $m alice
rm -rf root/usr/bin/*
tar -C root --xattrs --xattrs-include='*' -xf art/probe.tar
checks 0 "pass (image)"
setcap -r root/usr/bin/probe
checks 1 "differs in capabilities"
setcap cap_net_raw+ep root/usr/bin/probe
checks 1 "capabilities:cap_net_raw=ep"
setcap cap_net_admin,cap_net_raw+ep root/usr/bin/probe
checks 0
setcap cap_net_raw+p root/usr/bin/plain
checks 1 "differs in capabilities"
tar -C root -xf art/probe.tar # as a plain tar unpacks it: without
checks 1 "differs in capabilities"

step "an image: recorded, also where a layer above links to it"
mkdir layer
cp --preserve=mode root/usr/bin/probe layer/probe
setcap cap_chown=ei layer/probe
umoci init --layout art/image
umoci new --image art/image:v1
umoci config --image art/image:v1 --os linux --architecture amd64 --no-history
umoci insert --no-history --image art/image:v1 layer/probe /usr/bin/probe 2>/dev/null
ln layer/probe layer/linked
umoci insert --no-history --image art/image:v1 layer /opt 2>/dev/null
definition image image '/usr/bin/probe, "/opt/*"'
expect 0 build
printf '%s cap_chown=ei\n' /opt/linked /opt/probe /usr/bin/probe >want
found | cmp - want || fail "$(found)"

step "what no manifest can have is refused"
crafted() { # SCHILY-HEX LIBARCHIVE-HEX: a tarball whose one file has these attributes
	python3 - "$@" <<-'EOF'
		import base64, io, sys, tarfile
		schily, libarchive = (bytes.fromhex(a) for a in sys.argv[1:])
		with tarfile.open("art/crafted.tar", "w", format=tarfile.PAX_FORMAT) as t:
		    e = tarfile.TarInfo("usr/bin/probe")
		    e.mode = 0o755
		    if schily:
		        e.pax_headers["SCHILY.xattr.security.capability"] = schily.decode()
		    if libarchive:
		        e.pax_headers["LIBARCHIVE.xattr.security.capability"] = \
		            base64.b64encode(libarchive).decode().rstrip("=")
		    t.addfile(e, io.BytesIO())
	EOF
	definition tar crafted.tar
}
raw=0100000200200000000000000000000000000000
kill=0100000220000000000000000000000000000000
crafted "" $raw
expect 0 build
[ "$(found)" = "/usr/bin/probe cap_net_raw=ep" ] || fail "as bsdtar writes it: $(found)"
crafted $raw $raw
expect 0 build
crafted $raw $kill
refused 3 "'usr/bin/probe' has two values of security.capability"
crafted "${raw}00" ""
refused 3 "'usr/bin/probe': damaged security.capability"
crafted "" "010000030020000000000000000000000000000010270000"
refused 3 "no manifest can have the capabilities 'cap_net_raw=ep rootid=10000'"
crafted "" 0100000200000000000000000000004000000000
refused 3 "no manifest can have the capabilities 'cap_62=ep'"
