#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The canonical form is no invention of ours: Python's json.dumps(indent=2,
# sort_keys=True) and jq -aS write the very bytes, from the text and from any other
# spelling of it.
. "${TOP:?}/tests/cli/lib.sh"
need python3 jq

python='import json, sys
print(json.dumps(json.load(sys.stdin), indent=2, sort_keys=True))'

for file in "$TOP"/tests/data/manifest-*.json "$TOP"/tests/fuzz/corpus/json/{null,nested,keys}; do
	step "${file#"$TOP/"}"
	expect 0 python3 -c "$python" <"$file"
	cmp out "$file" || fail "Python writes it differently"
	expect 0 jq -aS . "$file"
	cmp out "$file" || fail "jq writes it differently"
	jq -c . "$file" >compact
	expect 0 python3 -c "$python" <compact
	cmp out "$file" || fail "Python does not come back from the compact form"
done
