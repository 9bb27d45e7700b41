#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Make a right release key: make-keys.sh [--throw-away] DIR 'NAME <MAIL>'
#
# A primary key that certifies alone (RSA 4096, 2 years) and is to be kept offline, and a
# subkey that signs (RSA 3072, 1 year). Written to DIR, which must not exist:
#
#   release.asc             public half: what fips-manifest key add and --keyring take
#   signing.secret.asc      the signing subkey alone: for the machine that signs
#   primary.secret.asc      everything: offline, on two media; makes the next subkey
#   revocation.asc          certificate for the day the primary is lost; offline, elsewhere
#
# gpg asks for a passphrase; with --throw-away there is none. Where that is not given, or
# anything else fails, nothing is left.
set -eu
umask 077

throw_away=
if [ "${1-}" = --throw-away ]; then
	throw_away=yes
	shift
fi
if [ $# != 2 ]; then
	echo "usage: make-keys.sh [--throw-away] DIR 'NAME <MAIL>'" >&2
	exit 64
fi
dir=$1 uid=$2
if [ -e "$dir" ]; then
	echo "make-keys.sh: '$dir' is there already: name a folder that is not" >&2
	exit 3
fi

# a short path: gpg's sockets do not take more than 107 bytes
home=$(mktemp -d /tmp/keys-XXXXXX)
made=
finish() {
	gpgconf --homedir "$home" --kill all
	rm -rf "$home"
	[ -n "$made" ] || rm -rf "$dir" # half of a key is none
}
trap finish EXIT
mkdir "$dir"
g() {
	if [ -n "$throw_away" ]; then
		gpg --homedir "$home" --quiet --batch --pinentry-mode loopback --passphrase '' "$@"
	else
		gpg --homedir "$home" --quiet "$@"
	fi
}

g --cert-digest-algo SHA512 --quick-generate-key "$uid" rsa4096 cert 2y
fpr=$(g --with-colons --list-keys | awk -F: '$1 == "fpr" { print $10; exit }')
g --cert-digest-algo SHA512 --quick-add-key "$fpr" rsa3072 sign 1y
g --armor --output "$dir/release.asc" --export "$fpr"
g --armor --output "$dir/signing.secret.asc" --export-secret-subkeys "$fpr"
g --armor --output "$dir/primary.secret.asc" --export-secret-keys "$fpr"
cp "$home/openpgp-revocs.d/$fpr.rev" "$dir/revocation.asc"
chmod 644 "$dir/release.asc"
made=yes

echo "made $fpr in $dir: move primary.secret.asc and revocation.asc to safe places"
