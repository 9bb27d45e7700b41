# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool's reports in every form, judged by other programs, and written whole.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq xmllint script /usr/bin/python3
# the system's own, which has the system's packages
python=/usr/bin/python3
"$python" -c 'import prometheus_client' || need python3-prometheus-client

new_key alice
node_root root
cp /bin/true root/usr/bin/kubelet
cp /bin/cat root/usr/bin/runc
evil=$'/usr/bin/a\\"<b>&c'
cp /bin/true "root$evil"
{
	component root kubelet required /usr/bin/kubelet
	component root runc required /usr/bin/runc "$evil"
} | manifest m.json '.exceptions = [{component: "kubelet", reason: "to <be> \"replaced\"", expires: "2099-01-01T00:00:00Z"}]'
sign m.json alice
check() { fips-tool --keyring alice.asc --root root "$@" m.json.asc; }

step "several at once, beside the one on standard output"
all=(--report json:r.json --report junit:r.xml --report prometheus:r.prom --report text:r.txt)
expect 0 check "${all[@]}"
says "pass (image)" out
cmp out r.txt || fail "the text report differs"
for f in json xml prom txt; do
	[ "$(stat -c %a r.$f)" = 644 ] || fail "r.$f is not for all to read"
done
for form in text json junit prometheus; do
	expect 0 check --format $form
done

step "the judges"
judges
verdicts() { # verdicts PASS FAIL ERROR SKIPPED: what each form says of the last run
	xmllint --noout r.xml || fail "not XML"
	"$python" - "$@" <<-'END' || fail "the forms disagree"
		import json, sys
		import xml.etree.ElementTree as tree
		from prometheus_client.parser import text_string_to_metric_families as parse
		passed, failed, errors, skipped = map(int, sys.argv[1:])
		suite = tree.parse("r.xml").getroot().find("testsuite")
		cases = suite.findall("testcase")
		def count(what):
		    return len([c for c in cases if c.find(what) is not None])
		assert count("failure") == failed == int(suite.get("failures")), "failures"
		assert count("error") == errors == int(suite.get("errors")), "errors"
		assert count("skipped") == skipped == int(suite.get("skipped")), "skipped"
		assert len(cases) == int(suite.get("tests")) == passed + failed + errors + skipped
		report = json.load(open("r.json"))
		families = list(parse(open("r.prom").read()))
		samples = [s for f in families for s in f.samples]
		assert len({(s.name, tuple(sorted(s.labels.items()))) for s in samples}) == len(samples), "twice"
		checks = [s for s in samples if s.name == "fips_tool_checks"]
		assert sum(s.value for s in checks) == len(report["checks"])
		verdict = [s.labels["verdict"] for s in samples if s.name == "fips_tool_verdict" and s.value == 1]
		assert verdict == [report["verdict"]], verdict
		subjects = [s.labels["subject"] for s in samples if s.name == "fips_tool_finding"]
		bad = {c["subject"] for c in report["checks"] if c["verdict"] in ("fail", "unknown")}
		assert set(subjects) == bad, subjects
		names = [c.get("name") for c in cases]
		assert set(c["subject"] for c in report["checks"]) <= set(names), names
	END
	judge ajv.mjs "$TOP/schema/report.schema.json" r.json || fail "not by the schema"
}
skipped=$(jq .summary.skipped r.json)
verdicts 5 0 0 "$skipped"
echo >>"root$evil"
echo >>root/usr/bin/kubelet
rm root/usr/bin/runc
ln -s runc root/usr/bin/runc
expect 1 check "${all[@]}"
verdicts 2 1 1 $((skipped + 1))
says 'fips_tool_exception_expires_timestamp_seconds{component="kubelet",number="1"} 4070908800' r.prom
property() { xmllint --xpath "string(//property[@name='$1']/@value)" r.xml; }
[ "$(property exception.1)" = 'kubelet: to <be> "replaced" (until 2099-01-01T00:00:00Z)' ] || fail "$(property exception.1)"
[[ $(property signature.1) = *" Example alice (throw-away) <alice@release.example>" ]] || fail "$(property signature.1)"
by=$(jq -r .tool.digests_by r.json)
[ "$(property tool.digests_by)" = "$by" ] || fail "$(property tool.digests_by)"
says "digests_by=\"$by\"" r.prom
says "digests by $by" r.txt

step "nothing checked is an error for who reads JUnit, too"
component root runc optional /usr/bin/other >other.json 2>/dev/null
component root runc optional /usr/bin/kubelet | sed s,/usr/bin/kubelet,/usr/bin/other, | manifest none.json
sign none.json alice
expect 3 fips-tool --keyring alice.asc --root root "${all[@]}" none.json.asc
grep -q '<testsuite name="fips-tool" tests="[0-9]*" failures="0" errors="1"' r.xml || fail "JUnit passes"
xmllint --noout r.xml || fail "not XML"

step "colour on a terminal alone, and not with NO_COLOR"
esc=$'\033'
grep -q "$esc" r.txt && fail "colour in a file"
script -qec "fips-tool --quiet --keyring alice.asc --root root m.json.asc" /dev/null >colour </dev/null
grep -q "$esc\[1;31mfail$esc\[0m" colour || fail "no colour on a terminal"

step "on a terminal verdicts stand below each other, findings in lines of their own"
script -qec "stty cols 90; NO_COLOR=1 fips-tool --keyring alice.asc --root root m.json.asc" /dev/null </dev/null |
	tr -d '\r' | sed $'s/.*\e\\[K//' >wide
grep -E '  (pass|fail|unknown|skipped|excepted)$' wide | awk 'length != 90 { exit 1 }' || fail "$(cat wide)"
grep -qE "^kubelet +file +/usr/bin/kubelet +excepted$" wide || fail "$(cat wide)"
grep -qx "    expected sha256:[0-9a-f]*" wide || fail "$(cat wide)"
grep -qx "    actual   sha256:[0-9a-f]*" wide || fail "$(cat wide)"
script -qec "NO_COLOR=1 fips-tool --quiet --keyring alice.asc --root root m.json.asc" /dev/null >colour </dev/null
grep -q "$esc" colour && fail "NO_COLOR is not obeyed"

step "whole or not at all"
mkdir full folder
cp r.json kept.json
expect 3 check --report json:missing/r.json --report prometheus:r2.prom
says "missing/r.json"
[ -s r2.prom ] || fail "the other report was not written"
says "fail: " out
expect 3 check --report json:folder
mkfifo pipe
expect 3 check --report json:pipe # nor /dev/null, nor /dev/stdout
says "'pipe' is there and no regular file: not replaced"
ulimit_check() (
	ulimit -f 1
	trap '' XFSZ
	check "$@"
)
expect 3 ulimit_check --report json:r.json
cmp r.json kept.json || fail "half a report"
ls r.json.tmp* 2>/dev/null && fail "something was left"

step "usage"
for bad in json json: xml:x :x text; do
	expect 64 check --report "$bad"
done
expect 64 check --format xml
