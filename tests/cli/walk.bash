# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced beside lib.sh by the tests that walk the procedures of docs/OPERATIONS.md, or of
# the page in WALK_PAGE: what stands there behind a prompt is what is run, and all of it is.
#
#   walk_sections HEADING...    the sections that this test walks
#   MEANS[WORD]=VALUE           what a reader puts in for a WORD of a command
#   walk 'PROMPT COMMAND'       the line as it stands there, without its comment; run it
#   walk_end                    no command of the sections was left out
#
# fips-manifest asks for a passphrase at the terminal and is answered with $PASSPHRASE; its
# clock is that of CLOCK=(faketime ...).
need python3
CLOCK=()
WALK_PAGE=${WALK_PAGE:-docs/OPERATIONS.md}
declare -A MEANS=() WALKED=()
WALK_LINES=

walk_sections() {
	local heading
	for heading; do
		grep -qxF "$heading" "$TOP/$WALK_PAGE" || fail "no section '$heading'"
		WALK_LINES+=$(awk -v from="$heading" '
			/^```/ { code = !code }
			!code && /^#+ / { if (on && length($1) <= depth) on = 0
				if ($0 == from) { on = 1; depth = length($1) } }
			on && code && (more || /^([a-z]+( [A-Z])?)?\$ /) {
				sub(/ +# .*/, "")
				more = sub(/ *\\$/, " ")
				gsub(/  +/, " ")
				printf "%s%s", $0, more ? "" : "\n" }' \
			"$TOP/$WALK_PAGE")$'\n'
	done
}

typed() { # a program at a terminal, on the day of CLOCK
	python3 "$TOP/tests/cli/typist.py" "$PASSPHRASE" "${CLOCK[@]}" "$@"
}
fips-manifest() {
	typed fips-manifest "$@"
}

walk() {
	local line=$1 who=${1%%\$ *} command=${1#*\$ } word
	grep -qxF "$line" <<<"$WALK_LINES" || fail "$WALK_PAGE does not say '$line'"
	WALKED[$line]=yes
	while read -r word; do # the longest first: one may be a part of another
		command=${command//"$word"/"${MEANS[$word]}"}
	done < <(printf '%s\n' "${!MEANS[@]}" | awk '{ print length(), $0 }' | sort -rn | cut -d' ' -f2-)
	sh -nc "$command" || fail "no POSIX shell takes '$command'"
	# "owner B" works in the folder B, who has no name where the test stands
	who=${who##* }
	if [ -n "$who" ]; then
		(cd "$who" && unset FIPS_MANIFEST_STORE && eval "$command") >out 2>err </dev/null
	else
		eval "$command" >out 2>err </dev/null
	fi || {
		cat out err
		fail "'$command' failed"
	}
}

walk_end() {
	local line
	while IFS= read -r line; do
		[ -z "$line" ] || [ -n "${WALKED[$line]-}" ] || fail "nobody walked '$line'"
	done <<<"$WALK_LINES"
}
