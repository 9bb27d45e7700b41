# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced beside lib.sh by the tests with a PKCS#11 token. SoftHSM stands for it, in the
# test's own folder: its module is $SOFTHSM. It does not lock, so $LOCKING, made of
# tests/hsm/locking_token.c, lets it: after three wrong PINs, counted in the file
# wrong-pins.
need softhsm2-util p11tool cc pkg-config
SOFTHSM=
for f in /usr/lib/softhsm/libsofthsm2.so /usr/lib64/softhsm/libsofthsm2.so \
	/usr/lib64/pkcs11/libsofthsm2.so; do
	[ -e "$f" ] && SOFTHSM=$f && break
done
[ -n "$SOFTHSM" ] || fail "no SoftHSM module"
mkdir -m 700 tokens
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' \
	"$PWD/tokens" >softhsm2.conf
export SOFTHSM2_CONF=$PWD/softhsm2.conf LOCKING_TOKEN_STATE=$PWD/wrong-pins
export LOCKING=$PWD/locking.so
cc -shared -fPIC -Wall -Werror -DSOFTHSM="\"$SOFTHSM\"" \
	-I"$(pkg-config --variable=includedir p11-kit-1)"/p11-kit-1 \
	-o "$LOCKING" "$TOP/tests/hsm/locking_token.c" || fail "no module"
