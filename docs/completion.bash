# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion in bash for fips-manifest, fips-manifestd and fips-tool. What there is to
# complete is read off their --help at that moment, so it is never behind.

# The commands of a program, the verbs of a command, the long options of either.
_fips_commands() {
	"$1" --help | sed -n '/^Commands/,/^Exit/s/^  \([a-z]\+\)  .*/\1/p
		s/^ \+or: .* \([a-z]\+\) FILE.*/\1/p'
}
_fips_verbs() {
	"$@" --help | sed -n '1,/^[a-z]/{/^\(Usage\| \)/p}' | tr -d '\n' |
		sed 's/.*OPTION\.\.\.\]//' | tr '|' '\n' | sed -n 's/^ *\([a-z][a-z-]*\)\b.*/\1/p'
}
_fips_options() {
	"$@" --help | sed -n 's/^  \(    \|-., \)\(--[a-z-]\+\).*/\2/p'
}

_fips() {
	local program=$1 cur=$2 command='' words i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --store) ((i++)) ;; # its FILE, or the "=" in front of it
		=) ((i++)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [ "$command" ] && ! _fips_commands "$program" | grep -qx -e "$command"; then
		command=''
		i=$COMP_CWORD
	fi
	case $cur in
	-*) words=$(_fips_options "$program" ${command:+"$command"}) ;;
	*)
		if [ -z "$command" ]; then
			words=$(_fips_commands "$program")
		elif [ "$COMP_CWORD" = $((i + 1)) ]; then
			words=$(_fips_verbs "$program" "$command")
		fi
		;;
	esac 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -W "${words-}" -- "$cur")
	# the tool takes a file where a command may stand
	[ "${program##*/}" != fips-tool ] || [[ $cur == -* ]] ||
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
}
complete -o default -F _fips fips-manifest fips-manifestd fips-tool
