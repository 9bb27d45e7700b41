#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What docs/FORMAT.md shows is true: its manifest is one, byte for byte, and its definition
# too. (tests/unit/test_format.c holds its numbers against the code.)
. "${TOP:?}/tests/cli/lib.sh"

page=$TOP/docs/FORMAT.md
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" "$page"; }

step "the manifest on the page"
block json >page.json
expect 0 fips-manifest show --json ./page.json
cmp out page.json || fail "another text came out"

step "the definition on the page: only its artifacts are missing"
block yaml >page.yaml
mkdir artifacts made
expect 3 fips-manifest build page.yaml --artifacts artifacts --output made
says "page.yaml:8: kubelet: "
says "No such file or directory"
one_line
