#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every example that a --help gives is run, as it stands there but for the addresses and
# paths that only a site has, and for what a person would be asked. And what bash
# completes from these texts.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/node.bash"
. "$TOP/tests/cli/server_lib.bash"
need gpg jq
mkdir -p artifacts releases
head -c 18 /dev/urandom | base64 >pass
: >ran

# examples PROGRAM [COMMAND]: a line each
examples() { "$@" --help | sed -n '/^Examples\?:$/,$s/^  //p'; }

# try STATUS N PROGRAM [COMMAND] [-- OPTION...]: run the Nth example, with these behind it
try() {
	local want=$1 nth=$2 line of=()
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		of+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	line=$(examples "${of[@]}" | sed -n "${nth}p")
	[ -n "$line" ] || fail "${of[*]} has no example $nth"
	echo "$line" >>ran
	line=$(sed "s,https://fips.example.org,${URL-},; s,/mnt/image,root,
		s,/usr/\(local/\)\?bin/kubelet,artifacts/kubelet," <<<"$line")
	case ${of[1]-} in
	init | publish | withdraw | refresh | import | mirror | site)
		set -- --passphrase-fd 3 "$@" ;;
	sign) set -- --yes "$@" ;;
	esac
	[[ "${of[1]-} $line" != root*make-key* ]] || set -- --passphrase-fd 3 "$@"
	expect "$want" bash -c "$line ${*@Q}" 3<pass
}

# release REVISION: build and sign it; the second engineer derives it again and signs, too
release() {
	cat >releases/el8-v1.21.3.yaml <<-END
		el: "8"
		kubernetes: v1.21.3
		revision: $1
		created: 2021-08-25T00:00:00Z
		components:
		  - name: kubelet
		    file: kubelet
		    path: /usr/bin/kubelet
		    version: 1.21.3-$1
	END
	cp releases/el8-v1.21.3.yaml .
	rm -f manifest-el8-x86_64.json*
	try 0 1 fips-manifest build
	try 0 1 fips-manifest sign
	cp manifest-el8-x86_64.json.asc manifest.asc
	try 0 2 fips-manifest build
	try 0 2 fips-manifest sign
	try 0 1 fips-manifest verify
	try 0 1 fips-manifest add
	try 0 1 fips-manifest publish
}

step "two engineers, a store, two revisions, a mirror's first import"
new_home gnupg
make_key first rsa3072
make_key second rsa3072
cp first.pub first.asc
cp second.pub second.asc
g --export --armor >release.asc
node_root root
cp /bin/true artifacts/kubelet
cp artifacts/kubelet root/usr/bin/kubelet
cp "$BIN/fips-tool" fips-tool
try 0 1 fips-manifest init
for n in 1 2 3 4; do try 0 $n fips-manifest key; done
try 0 1 fips-manifest tool
try 0 2 fips-manifest tool
try 0 2 fips-manifest tool
clearsign SHA256SUMS.asc SHA256SUMS -u first -u second
try 0 3 fips-manifest tool
release 1
try 0 1 fips-manifest list
try 0 1 fips-manifest show
try 0 2 fips-manifest show
cmp manifest.json manifest-el8-x86_64.json || fail "show --json says something else"
try 0 1 fips-manifest export
tar -xOf tree.tar metadata/1.root.json >root.json
try 0 2 fips-manifest init
try 0 1 fips-manifest import
release 2
try 0 2 fips-manifest verify
try 1 1 fips-manifest diff
try 0 1 fips-manifest find

step "across the gap: a second bundle, a server and its mirror, a node"
try 0 2 fips-manifest export
try 0 2 fips-manifest import
serve --store fips-manifest.db
try 0 1 fips-manifest site
try 0 1 fips-manifest mirror
try 0 2 fips-manifest mirror
try 0 2 fips-manifest site
try 0 1 fips-tool -- --root root
try 0 2 fips-tool -- --root root --keyring release.asc --threshold 2 --state s2
try 0 3 fips-tool -- --keyring release.asc --state s3
jq -e '.verdict' out >/dev/null || fail "no report"
cp artifacts/kubelet kubelet
try 0 1 fips-tool inspect
try 0 2 fips-tool inspect
stop

step "the rest of a release engineer's days"
try 0 1 fips-manifest withdraw
try 0 3 fips-manifest export
try 0 1 fips-manifest log
try 0 2 fips-manifest log
try 0 1 fips-manifest root
try 0 2 fips-manifest root
try 0 1 fips-manifest refresh
try 0 1 fips-manifest status

step "the server"
for n in 1 2; do
	line=$(examples fips-manifestd | sed -n ${n}p)
	echo "$line" >>ran
	eval "serve ${line#fips-manifestd} --listen 127.0.0.1:0"
	stop
done

step "none was forgotten"
{
	examples fips-manifest
	fips-manifest --help | sed -n '/^Commands/,/^Exit/s/^  \([a-z]*\) .*/\1/p' |
		while read -r c; do examples fips-manifest "$c"; done
	examples fips-tool
	examples fips-tool inspect
	examples fips-manifestd
} | sort -u >all
[ "$(wc -l <all)" -gt 40 ] || fail "only $(wc -l <all) examples"
sort -u ran | diff all - || fail "examples that were not run"

step "bash completes what the texts say"
# shellcheck source=docs/completion.bash
. "$TOP/docs/completion.bash"
# completes WORDS... -- WANTED: the last word, by the words in front of it
completes() {
	local COMP_WORDS=() COMP_CWORD=-1 COMPREPLY=()
	while [ "$1" != -- ]; do
		COMP_WORDS+=("$1")
		((++COMP_CWORD))
		shift
	done
	_fips "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	[ "${COMPREPLY[*]}" = "$2" ] || fail "${COMP_WORDS[*]} completes to: ${COMPREPLY[*]}"
}
completes fips-manifest s -- "sign show site status"
completes fips-manifest --st -- "--store"
completes fips-manifest --store x.db pub -- "publish"
completes fips-manifest --store = x.db pub -- "publish"
completes fips-manifest key re -- "remove revoke"
completes fips-manifest key --re -- "--reason"
completes fips-manifest show e -- ""
completes fips-tool insp -- "inspect"
completes fips-tool roo -- "root root.json"
completes fips-tool inspect --ma -- "--manifest"
completes fips-manifestd --log -- "--log-format"
