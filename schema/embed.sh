#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Write the migrations given as C initialisers: { 1, "name", "text" },
set -eu
for file in "$@"; do
	name=${file##*/}
	name=${name%.sql}
	number=$(echo "${name%%_*}" | sed 's/^0*//')
	printf '{%s, "%s",\n' "$number" "${name#*_}"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' "$file"
	printf '},\n'
done
