#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The JSON Schemas of manifest, release definition and site statement say what the programs say: what is
# good is valid, and of what the programs refuse all is invalid, save what a schema cannot
# see; tests/data/refuse/*.unseen lists just that. The judge is ajv.
. "${TOP:?}/tests/cli/lib.sh"
. "$TOP/tests/cli/fixtures.sh"
need rpmbuild rpm2cpio umoci skopeo jq
judges

data=$TOP/tests/data
schema=$TOP/schema

step "every schema is one, by the metaschema and in strict mode"
for file in "$schema"/*.schema.json; do
	expect 0 judge ajv.mjs "$file"
done

# held KIND EXT: of tests/data/refuse/KIND exactly the listed files are valid
held() {
	judge ajv.mjs "$schema/$1.schema.json" "$data/refuse/$1"/*."$2" >verdicts
	[ "$(wc -l <verdicts)" = "$(find "$data/refuse/$1" -name "*.$2" | wc -l)" ] ||
		fail "not a verdict a file"
	sed -n "s,^valid .*/\(.*\)\.$2\$,\1,p" verdicts | sort >valid
	diff "$data/refuse/$1.unseen" valid || fail "the schema of $1 takes others (>)"
	echo "$(grep -c '^invalid' verdicts) invalid, $(wc -l <valid) that it cannot see"
}

step "manifests: the sample, the page's, and those of real artifacts"
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" "$TOP/docs/FORMAT.md"; }
block json >page.json
fixture artifacts || fail "no fixtures"
artifacts=$FIXTURES/artifacts
expect 0 fips-manifest build "$artifacts"/el*-v1.21.3.yaml --artifacts "$artifacts" --output .
expect 0 judge ajv.mjs "$schema/manifest.schema.json" "$data"/manifest-*.json page.json \
	manifest-el7-x86_64.json manifest-el8-x86_64.json
cat out
held manifest json

step "release definitions"
block yaml >page.yaml
expect 0 judge ajv.mjs "$schema/release.schema.json" "$TOP"/releases/*.yaml page.yaml \
	"$artifacts"/el*-v1.21.3.yaml
cat out
held release yaml

step "site statements"
expect 0 judge ajv.mjs "$schema/site.schema.json" "$data/site.json"
held site json
