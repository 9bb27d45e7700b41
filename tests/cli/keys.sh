#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Throw-away OpenPGP keys for tests: source it behind lib.sh.
#
#     new_home NAME                 make the folder NAME and let it be the GNUPGHOME
#     make_key NAME ALGO [EXPIRE] [GPG-OPTION...]
#         one primary key "NAME <NAME@example.org>" that signs; EXPIRE as gpg takes it,
#         default 2y; writes NAME.pub (armored) and NAME.gpg; fingerprint in $FPR
#     make_subkey NAME ALGO [EXPIRE] [GPG-OPTION...]     a signing subkey, the same way
#     revoke_subkey NAME FPR [REASON]     REASON: gpg's number, default 0
#     export_key NAME               write NAME.pub and NAME.gpg again
#     fprs NAME                     the fingerprints of NAME, the primary's first
#     clearsign OUT FILE GPG-OPTION...     what a person with stock gpg makes of FILE
#     framed OUT TEXT PACKETS [HASH]     a signed file made by hand, of any packets
#     fips                          is libgcrypt in FIPS mode?
#     g ARGUMENT...                 gpg, quiet, asking nothing; $PASSPHRASE, default none
#
# The agents that gpg starts in such homes are ended with the test.
HOMES=()
export FPR=
end_agents() {
	local home
	for home in "${HOMES[@]-}"; do
		[ -d "$home" ] && gpgconf --homedir "$home" --kill all 2>/dev/null
	done
}
trap 'end_agents; finish' EXIT

# not every algorithm can be made where libgcrypt is in FIPS mode
fips() { [ -n "${LIBGCRYPT_FORCE_FIPS_MODE-}" ]; }

new_home() {
	export GNUPGHOME=$PWD/$1
	mkdir -m 700 "$GNUPGHOME"
	HOMES+=("$GNUPGHOME")
}
g() {
	gpg --quiet --batch --yes --pinentry-mode loopback --passphrase "${PASSPHRASE-}" \
		"$@" 2>gpg.err || {
		cat gpg.err >&2
		return 1
	}
}
fprs() {
	g --with-colons --fingerprint --fingerprint "=$1 <$1@example.org>" |
		awk -F: '$1 == "fpr" { print $10 }'
}
export_key() {
	g --export "=$1 <$1@example.org>" >"$1.gpg" &&
		g --armor --export "=$1 <$1@example.org>" >"$1.pub"
}
make_key() {
	local name=$1 algo=$2 expire=${3:-2y}
	shift $(($# < 3 ? $# : 3))
	{ g --cert-digest-algo SHA512 "$@" --quick-gen-key "$name <$name@example.org>" \
		"$algo" cert,sign "$expire" && export_key "$name"; } ||
		fail "gpg makes no key for $name"
	FPR=$(fprs "$name" | head -n 1)
}
make_subkey() {
	local name=$1 algo=$2 expire=${3:-1y}
	shift $(($# < 3 ? $# : 3))
	{ g --cert-digest-algo SHA512 "$@" --quick-add-key "$(fprs "$name" | head -n 1)" \
		"$algo" sign "$expire" && export_key "$name"; } ||
		fail "gpg makes no subkey for $name"
	FPR=$(fprs "$name" | tail -n 1)
}
revoke_subkey() {
	printf 'key %s\nrevkey\ny\n%s\n\ny\nsave\n' "$2" "${3-0}" |
		gpg --no-tty --command-fd 0 --pinentry-mode loopback --passphrase '' \
			--edit-key "$(fprs "$1" | head -n 1)" >/dev/null 2>&1
	export_key "$1"
}
clearsign() {
	local out=$1 file=$2
	shift 2
	g "$@" --output "$out" --clearsign "$file"
}
framed() {
	{
		printf -- '-----BEGIN PGP SIGNED MESSAGE-----\nHash: %s\n\n' "${4:-SHA512}"
		cat "$2"
		g --enarmor <"$3" | sed '/^Comment/d; s/ARMORED FILE/SIGNATURE/'
	} >"$1"
}
