#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The TUF client against each attack of the specification, each known bug of other clients,
# and bad input from servers and from its own state folder.
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/tuf.bash
. "$TOP/tests/cli/tuf.bash"
need unshare
scenarios attacks.py
