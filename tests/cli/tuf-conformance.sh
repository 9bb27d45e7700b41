#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The TUF client against the scenarios of the TUF project's own client tests.
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/tuf.bash
. "$TOP/tests/cli/tuf.bash"
scenarios conformance.py
