#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The three ways of docs/MIRRORS.md, every command as it stands there: a server that is
# mirrored, a stick, a registry.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/node.bash"
. "$TOP/tests/cli/carry.bash"
need gpg jq curl skopeo docker-registry nginx
export WALK_PAGE=docs/MIRRORS.md PASSPHRASE=a-passphrase
. "$TOP/tests/cli/walk.bash"

step "an authority outside, and a node inside that is as its manifest says"
mkdir outside var stick srv
new_key alice
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet >kubelet.json
outside() { # fips-manifest in the folder outside, where the store has its default name
	(cd outside && unset FIPS_MANIFEST_STORE && command fips-manifest "$@" 3<../pass) \
		>out 2>err || fail "$* outside: $(cat err)"
}
publish_revision() {
	manifest "r$1.json" ".revision = $1" <kubelet.json
	sign "r$1.json" alice
	outside add "../r$1.json.asc"
	outside publish --passphrase-fd 3
}
echo "$PASSPHRASE" >pass
outside init --passphrase-fd 3
outside key add ../alice.asc
publish_revision 1
outside export ../www
cp www/metadata/1.root.json root.json
cp root.json outside/
walk_sections '# Mirrors: the tree across the gap' '## A connected mirror' \
	'## A courier with one stick' '## A registry only'
MEANS[/var/lib/fips-manifest]=$PWD/var
MEANS[/mnt/stick]=$PWD/stick
MEANS[/srv]=$PWD/srv
MEANS['fips-tool --trust']='fips-tool --root root --state state --trust'
MEANS['skopeo copy']="skopeo --insecure-policy --registries-conf $PWD/registries.conf --tmpdir $PWD copy"
# every way begins with a new mirror, and ends with the authority's tree
begin() {
	rm -rf var
	mkdir var
	walk '$ export FIPS_MANIFEST_STORE=/var/lib/fips-manifest/mirror.db'
	walk '$ fips-manifest init --no-roles'
}
has_it() {
	rm -rf theirs ours
	outside export ../theirs
	command fips-manifest export --quiet ours || fail "export"
	same theirs ours
}

step "a connected mirror"
nginx_serve www
MEANS['https://fips.example.org']=$URL
port
MEANS['fips-manifestd']="background mirror.log fips-manifestd --listen 127.0.0.1:$PORT"
begin
walk '$ fips-manifest mirror https://fips.example.org --trust root.json'
has_it
walk '$ fips-manifest mirror'
says "nothing new"
# shellcheck disable=SC2016  # as it stands there
walk '$ fips-manifestd --store $FIPS_MANIFEST_STORE'
wait_for 30 curl -sf "http://127.0.0.1:$PORT/index.json" || fail "$(cat mirror.log)"
curl -sf "http://127.0.0.1:$PORT/index.json" | cmp - theirs/index.json || fail "another tree"

step "a courier with one stick"
begin
walk 'outside$ fips-manifest export /mnt/stick/tree.tar.zst'
walk '$ fips-manifest import /mnt/stick/tree.tar.zst --trust root.json --dry-run'
says "would take snapshot 2"
walk '$ fips-manifest import /mnt/stick/tree.tar.zst --trust root.json'
says "took snapshot 2"
has_it
publish_revision 2
walk 'outside$ fips-manifest export /mnt/stick/new.tar --since 2'
walk 'outside$ fips-manifest export /mnt/stick/newer.tar --since-bundle /mnt/stick/tree.tar.zst'
cmp stick/new.tar stick/newer.tar || fail "they hold different things"
walk '$ fips-manifest import /mnt/stick/new.tar'
has_it
walk '$ fips-tool --trust root.json --bundle /mnt/stick/tree.tar.zst'
says "pass" out
walk '$ fips-manifest export /srv/fips'
walk '$ fips-tool --trust root.json --tree /srv/fips'
says "pass" out

step "a registry only"
registry_serve
cat >registries.conf <<-CONF
	[[registry]]
	location = "$REGISTRY"
	insecure = true
CONF
MEANS['registry.example.org']=$REGISTRY
begin
walk 'outside$ fips-manifest export oci:layout:1'
walk 'outside$ skopeo copy --preserve-digests oci:layout:1 docker://registry.example.org/fips/tree:1'
walk '$ skopeo copy --preserve-digests docker://registry.example.org/fips/tree:1 oci:back:1'
walk '$ fips-manifest mirror oci:back:1 --trust root.json'
has_it
walk_end
