# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by tests of what one artifact gives: one.yaml is its definition, $art the folder
# of artifacts, $m the manifest.
art=art
# shellcheck disable=SC2034  # for the tests
m=made/manifest-el8-x86_64.json
build() { fips-manifest build one.yaml --artifacts "$art" --output made; }
refused() { # STATUS TEXT: in one line, with nothing written
	rm -rf made
	expect "$1" build
	one_line
	says "$2"
	[ -e made ] && fail "something was written"
	return 0
}
