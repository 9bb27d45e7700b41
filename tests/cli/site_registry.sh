#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A site's statement through a registry: what skopeo pushed and pulled serves a node that
# asks for it, and shows when the site stopped.
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/site.bash
. "$TOP/tests/cli/site.bash"
need skopeo docker-registry curl
authority
registry_serve
image=docker://$REGISTRY/fips/tree

mirror m.db
expect 0 fips-manifest --store m.db site init --plain --name harbour
cp m.db.keys/site.pub site.pub
# site DAY OPTION...: a node of the site, on that day
site() {
	local day=$1
	shift
	at "+${day}d" fips-tool --root root --state "state$((++NODES))" --trust root.json \
		--kubernetes v1.21.3 --site-key site.pub "$@"
}
blobs() { find blobs -path '*/blobs/sha256/*/data' | sort; }

step "day 0: imported, exported, pushed, pulled"
expect 0 fips-manifest --store m.db import tree2 --trust root.json
expect 0 fips-manifest --store m.db export oci:img:0
copy oci:img:0 "$image:0"
copy "$image:0" oci:pulled:0
expect 0 site 0 --tree oci:pulled:0
says "site      harbour: snapshot 3 arrived" out

step "day 20: the site looked again; the statement alone is new in the registry"
expect 0 at +20d fips-manifest --store m.db import tree2 --trust root.json
expect 0 fips-manifest --store m.db export oci:img:20
blobs >before
copy oci:img:20 "$image:20"
# the statement, the image's manifest
[ "$(blobs | comm -13 before - | wc -l)" = 2 ] || fail "$(blobs | comm -13 before -)"
copy "$image:20" oci:pulled20:20

step "day 31: the timestamp has expired; the younger statement carries it, the older does not"
for tree in --tree=oci:pulled20:20 --tree=oci:pulled20; do
	expect 0 site 31 "$tree" --max-site-age 14d
	says "on the site's word" out
done
expect 2 site 31 --tree oci:pulled:0 --max-site-age 14d
one_line
says "too old: site 'harbour' last looked on "
expect 2 at +31d fips-tool --root root --state plain --trust root.json \
	--kubernetes v1.21.3 --tree oci:pulled20:20
says "timestamp 3: expired on "
one_line
expect 2 site 35 --tree oci:pulled20:20 --max-site-age 14d
says "it stopped importing"
expect 0 site 35 --tree oci:pulled20:20 --max-site-age 20d

step "a layout that is not called one, and a tar that skopeo made of it"
copy "$image:20" oci-archive:archive.tar:20
expect 3 site 31 --bundle archive.tar
one_line
says "tar 'archive.tar' holds an OCI layout: unpack it, and name the folder 'oci:DIR'"
mkdir unpacked && tar -xf archive.tar -C unpacked
expect 3 site 31 --tree unpacked
one_line
says "folder 'unpacked' is an OCI layout: name it 'oci:unpacked'"
expect 0 site 31 --tree oci:unpacked

step "a mirror that is no site leaves the statement behind"
mirror third.db
expect 0 at +21d fips-manifest --store third.db import oci:pulled20:20 --trust root.json
expect 0 fips-manifest --store third.db export plain.tar
expect 2 site 31 --bundle plain.tar
says "site statement: there is none: "

step "a second mirror takes it from the registry, and vouches with its own key"
mirror n.db
expect 0 fips-manifest --store n.db site init --plain --name quay
expect 0 at +20d fips-manifest --store n.db mirror oci:pulled20:20 --trust root.json
expect 0 fips-manifest --store n.db export oci:other:20
copy oci:other:20 "$image:other"
copy "$image:other" oci:other-pulled:20
expect 2 site 31 --tree oci:other-pulled:20
one_line
says "the site's key did not sign it"
cp n.db.keys/site.pub site.pub
expect 0 site 31 --tree oci:other-pulled:20
says "site      quay: snapshot 3 arrived" out
