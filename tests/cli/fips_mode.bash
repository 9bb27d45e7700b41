# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced behind lib.sh: in_fips_mode NAME... runs tests/cli/NAME.sh once more, each in a
# folder of its own, with libgcrypt in FIPS mode. The folders' names are short, for the
# sockets of gpg-agent in them, whose paths may have 107 bytes.
need gpg
in_fips_mode() {
	local name i=0 status skipped=
	export LIBGCRYPT_FORCE_FIPS_MODE=1
	for name; do
		step "$name"
		i=$((i + 1))
		mkdir $i
		(cd $i && bash "$TOP/tests/cli/$name.sh" >log 2>&1)
		status=$?
		[ $status = 77 ] && skipped="$name: $(tail -n 1 $i/log)"
		[ $status = 0 ] || [ $status = 77 ] && continue
		tail -n 30 $i/log
		fail "$name fails in FIPS mode"
	done
	[ -z "$skipped" ] || skip "$skipped"
}
