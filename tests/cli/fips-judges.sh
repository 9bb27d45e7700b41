#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tests of attacks, other implementations and tokens once more, with libgcrypt in FIPS mode.
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/fips_mode.bash"
in_fips_mode pgp-attacks pgp-crafted interop hsm
