#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make demo` runs, and prints what the README says that it prints.
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
need gpg rpmbuild rpm2cpio cpio skopeo umoci curl jq python3

step "the demo"
"$TOP/tests/demo.sh" "$BIN" >said 2>&1 || fail "$(tail -n 20 said)"
[ "$(tail -n 1 said)" = "# Done" ] || fail "it does not end: $(tail -n 3 said)"

step "the README's session is in it, line by line; '...' stands for what is left out"
python3 - "$TOP/README.md" said <<'EOF' || fail "the README shows another session"
import re, sys

def plain(line):
    """Without what differs from run to run, and from one user to another."""
    line = re.sub(r"\b([0-9a-f]{64}|[0-9A-F]{40})\b", "DIGEST", line)
    line = re.sub(r"20\d\d-\d\d-\d\dT[0-9:]{8}Z", "TIME", line)
    line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", line)
    line = re.sub(r"(OpenSSL|provider default) [0-9.]+", r"\1 VERSION", line)
    line = re.sub(r"\d+ (checks|pass|fail|skipped)\b", r"N \1", line)
    return " ".join(line.split())

def pattern(line):
    line = re.sub(r"sha256:[0-9a-f]+\.\.\.", "sha256:DIGEST", line)
    return re.compile(".*".join(map(re.escape, plain(line).split("..."))))

session = open(sys.argv[1]).read().split("## What the demo shows")[1].split("\n## ")[0]
session = [line[4:] for line in session.splitlines() if line.startswith("    ")]
said = iter([plain(line) for line in open(sys.argv[2])])
for line in session:
    if line != "..." and not any(pattern(line).fullmatch(one) for one in said):
        sys.exit("the demo does not print, or not in this order: " + line)
print(len(session), "lines")
EOF
echo "all good"
