#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# export: the published tree as a folder that nginx serves, as a tar, as an OCI layout.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
need gpg nginx rsync curl jq tar zstd python3 sqlite3
san=${OUT##*/}

make_store
release 8 v1.21.3
release 7 v1.21.3+fips.0
make_program program 300000
expect 0 fips-manifest tool add program --version 1.0.0 --arch x86_64
publish

step "a folder, whatever the umask, that every server may read"
(umask 077 && expect 0 fips-manifest export www && says "8 of them written") || exit 1
whole www
[ -z "$(find www -type f ! -perm 644)$(find www -type d ! -perm 755)" ] || fail "modes"
[ "$(find . -maxdepth 1 -name '.www*')" = "" ] || fail "something is left beside it"

step "nginx serves it unchanged, and the published sums hold"
nginx_serve www
url=$URL
(cd www && find . -type f) | while read -r f; do
	curl -sf --path-as-is "$url/${f#./}" | cmp - "www/$f" || fail "$f over HTTP"
done || exit 1
mkdir got
(cd got && curl -sfO "$url/tool/fips-tool-1.0.0-linux-x86_64" &&
	curl -sfO "$url/tool/SHA256SUMS" && sha256sum -c SHA256SUMS) || fail "the sums"

step "every link of the page leads to a file, also where there is little"
links() { grep -o '<a href="[^#"]*"' "$1" | cut -d'"' -f2; }
grep -o '<a href="#[^"]*"' www/index.html | cut -d'#' -f2 | while read -r id; do
	says "id=\"$id" www/index.html
done || exit 1
links www/index.html >links
[ "$(sort -u links | wc -l)" = 6 ] || fail "$(cat links)"
while read -r link; do curl -sf -o got/any "$url/$link" || fail "$link over HTTP"; done <links
grep -q 'v1.21.3%2Bfips.0/manifest-el7-x86_64.json.asc$' links || fail "$(cat links)"
fips-manifest --store bare.db init --no-roles --quiet
fips-manifest --store bare.db export --quiet bare
[ "$(links bare/index.html)" = index.json ] || fail "$(links bare/index.html)"

step "a node asks for what has a + in its name, by a URL that no server reads otherwise"
mkdir -p node/etc
printf 'ID=rhel\nVERSION_ID=7\n' >node/etc/os-release
: >nginx.access
expect 1 fips-tool --json --keyring release.pub --root node --server "$url" \
	--kubernetes v1.21.3+fips.0
[ "$(jq -r .manifest.kubernetes out)" = v1.21.3+fips.0 ] || fail "another manifest"
grep -qx '/manifests/v1.21.3%2Bfips.0/manifest-el7-x86_64.json.asc' nginx.access ||
	fail "$(cat nginx.access)"

step "again: nothing is written, every file stays the very file"
find www -type f -printf '%i %p\n' | sort >before
expect 0 fips-manifest export --json www
[ "$(jq -c '[.files, .manifests, .tools, .written]' out)" = "[8,2,1,0]" ] || fail "$(cat out)"
find www -type f -printf '%i %p\n' | sort | cmp - before || fail "files were replaced"

step "a new manifest: only what changed is written; a file that was damaged is mended"
cp -a www old
rsync -a www/ carried
sleep 1 # rsync tells files apart by size and time, in seconds
release 8 v1.21.3 2
release 9 v1.22.0
publish
chmod +w www/tool/SHA256SUMS && echo x >>www/tool/SHA256SUMS
expect 0 fips-manifest export www
says "9 files, 5 of them written"
whole www
[ "$(curl -sf "$url/index.json" | jq '.manifests | length')" = 3 ] || fail "nginx"
cmp www/tool/SHA256SUMS old/tool/SHA256SUMS || fail "the damage is still there"

step "rsync carries it on: what changed, and nothing else"
rsync -a --delete --itemize-changes www/ carried >changed
same www carried
[ "$(grep -c '^>f' changed)" = 4 ] || fail "$(cat changed)"

step "what is withdrawn leaves the folder"
expect 0 fips-manifest withdraw el9/v1.22.0 --reason "a test"
publish
expect 0 fips-manifest export www
whole www
[ ! -e www/manifests/v1.22.0 ] || fail "it is still there"

step "a reader sees one tree or the other, never a mix, also when the writer is killed"
cp s.db other.db
expect 0 fips-manifest --store other.db withdraw el8/v1.21.3 --reason "a test"
expect 0 fips-manifest --store other.db publish
expect 0 fips-manifest export a
expect 0 fips-manifest --store other.db export b
cat >watch.py <<'PY'
# Open the folder again and again: everything below one descriptor is one tree.
import hashlib, json, os, sys
def tree(fd):
    read = lambda p: open(os.open(p, os.O_RDONLY, dir_fd=fd), "rb").read()
    rows = json.loads(read("index.json"))["manifests"]
    return [(r["path"], hashlib.sha256(read(r["path"])).hexdigest() == r["sha256"])
            for r in rows]
seen, n = set(), 0
while not os.path.exists("stop"):
    fd = os.open("www", os.O_RDONLY)
    try:
        t = tree(fd)
        assert all(ok for _, ok in t), t
        seen.add(len(t)); n += 1
    except FileNotFoundError:
        assert os.stat("www").st_ino != os.fstat(fd).st_ino  # it was replaced meanwhile
    os.close(fd)
print(n, sorted(seen))
PY
background watch.out python3 watch.py
watch=$PID
for i in $(seq 20); do
	if [ $((i % 2)) = 0 ]; then s=s.db; else s=other.db; fi
	fips-manifest --store $s export --quiet www 2>kill.err &
	p=$!
	sleep "0.0$((RANDOM % 4))$((RANDOM % 10))"
	[ $((i % 4)) -lt 2 ] && kill -9 $p 2>/dev/null
	wait $p 2>/dev/null
	whole www
	diff -qr www a >/dev/null || diff -qr www b >/dev/null || fail "neither tree"
done
touch stop
wait "$watch" || fail "$(cat watch.out)"
cat watch.out
expect 0 fips-manifest export www
same www a
[ -z "$(find . -maxdepth 1 -name '.www*')" ] || fail "something is left beside it"

step "a folder that holds other things is not touched"
mkdir home && echo precious >home/letter
expect 3 fips-manifest export home
one_line
says "'home' holds 'letter', which is no part of a published tree"
mkdir -p tools/tool && echo precious >tools/tool/SHA256SUMS
expect 3 fips-manifest export tools
one_line
says "neither empty nor a published tree"
[ "$(cat home/letter tools/tool/SHA256SUMS)" = "precious
precious" ] || fail "it was touched"
for thing in tool/hammer keys/private.asc targets/x metadata/a/b.json empty/ manifests/v1/x; do
	cp -r www more && mkdir -p "more/${thing%/*}"
	[[ $thing == */ ]] || echo precious >"more/$thing"
	cp -r more kept
	expect 3 fips-manifest export more
	one_line
	says "'more' holds '$thing', which is no part of a published tree"
	same more kept
	rm -r more kept
done
cp -r www more && ln -s SHA256SUMS more/tool/latest
expect 3 fips-manifest export more
says "'more' holds 'tool/latest', which is no part of a published tree"
rm -r more
expect 3 fips-manifest export program
one_line
expect 3 fips-manifest export no/where
one_line
expect 3 fips-manifest export no/x.tar
one_line
expect 64 fips-manifest export --zstd www
says "--zstd is for a tar"
mkdir empty && ln -s empty link
expect 0 fips-manifest export link
[ -L link ] && same empty a

step "a tar: the same bytes for the same publish, on any day, from any copy"
expect 0 fips-manifest export t.tar
sleep 1.1
cp s.db copy.db
expect 0 fips-manifest --store copy.db export u.tar
cmp t.tar u.tar || fail "the tar is not reproducible"
mkdir x && tar -xf t.tar -C x
same x a
python3 - <<'PY' || fail "python's tarfile"
import tarfile
t = tarfile.open("t.tar")
m = t.getmembers()
assert [i.name for i in m] == sorted(i.name for i in m)
assert {(i.isreg(), i.mode, i.uid, i.gid, i.uname) for i in m} == {(True, 0o644, 0, 0, "")}
assert len({i.mtime for i in m}) == 1 and m[0].mtime > 1600000000
PY
expect 0 fips-manifest export --zstd z.tar
expect 0 fips-manifest export z.tar.zst
cmp z.tar z.tar.zst || fail "--zstd is not what .tar.zst is"
zstd -dqc z.tar | cmp - t.tar || fail "zstd holds another tar"

step "an OCI layout: every blob has its digest, the second export writes nothing"
expect 0 fips-manifest export oci:img:v1
(cd img/blobs/sha256 && for b in *; do echo "$b  $b"; done | sha256sum --quiet -c -) ||
	fail "a blob's name is not its digest"
m=img/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' img/index.json)
[ "$(jq -r .artifactType "$m")" = application/vnd.fips-manifest.tree.v1 ] || fail "type"
mkdir y
jq -r '.layers[] | .digest[7:] + " " + .annotations["org.opencontainers.image.title"]' "$m" |
	while read -r digest title; do
		install -D -m 644 "img/blobs/sha256/$digest" "y/$title"
	done
same y a
cp -a img img-old
expect 0 fips-manifest export oci:img:v1
says " 0 of them written"
same img img-old
echo x >>"img/blobs/sha256/$(sha256sum <a/index.html | cut -c-64)"
expect 0 fips-manifest --store other.db export oci:img:v1
expect 0 fips-manifest --store other.db export oci:new:v1
same img new
expect 3 fips-manifest export oci:home
says "neither empty nor an OCI layout"
one_line
expect 64 fips-manifest export oci:img:-x
one_line

step "a full disk leaves what was there"
expect 0 fips-manifest export full.tar
cp full.tar was.tar
cp -a a full
make_program big 3000000
expect 0 fips-manifest --store other.db tool add big --version 2.0.0 --arch x86_64
expect 0 fips-manifest --store other.db publish
for dest in full full.tar oci:img; do
	(trap '' XFSZ && ulimit -f 1000 && expect 3 fips-manifest --store other.db export $dest) ||
		exit 1
	one_line
	says "File too large"
done
cmp full.tar was.tar || fail "the tar was touched"
same full a
[ -z "$(find . -maxdepth 1 \( -name '.full*' -o -name '*.tmp-*' \))" ] || fail "left over"
expect 0 fips-manifest --store other.db export oci:img


step "a store with a damaged file exports nothing"
sqlite3 copy.db "PRAGMA writable_schema = 1; DROP TRIGGER signed_fixed;
	UPDATE signed SET asc = zeroblob(length(asc))" || fail "sqlite3"
for dest in d-www d.tar oci:d; do
	expect 1 fips-manifest --store copy.db export $dest
	one_line
	says "does not have the digest"
done
[ -z "$(ls -d d-www d.tar d/index.json 2>/dev/null)" ] || fail "something was written"

[ "$san" = san ] && exit 0
step "memory does not grow with the files"
make_program huge 90000000
expect 0 fips-manifest --store other.db tool add huge --version 3.0.0 --arch x86_64
expect 0 fips-manifest --store other.db publish
for dest in huge-www huge.tar oci:huge-img; do
	python3 - "$dest" <<'PY' || fail "memory"
import resource, subprocess, sys
subprocess.run(["fips-manifest", "--store", "other.db", "export", sys.argv[1]], check=True)
kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(sys.argv[1], kb, "kB")
sys.exit(kb > 64 * 1024)
PY
done
