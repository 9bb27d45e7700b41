# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by fixtures.sh: small Go programs with and without a crypto module.

# A program that uses crypto, built by one toolchain: FLAGS are environment variables.
fixture_go_build() { # GOROOT SOURCE OUT FLAG...
	local root=$1 source=$2 out=$3
	shift 3
	(cd "$source" && env GOROOT="$root" GOCACHE="$source/../cache" \
		GOPATH="$source/../path" GOPROXY=off GOTOOLCHAIN=local "$@" \
		"$root/bin/go" build -trimpath -o "$out" .)
}

fixture_make_go() {
	fixture_need gcc npm strip
	local work=$1/work old new
	mkdir -p "$work/hello" "$work/off" "$work/word"
	fixture_debs "$work/old" golang-1.19-go golang-1.19-src
	fixture_debs_of trixie "$work/new" golang-1.24-go golang-1.24-src
	old=$work/old/root/usr/lib/go-1.19 new=$work/new/root/usr/lib/go-1.24
	printf 'module example.org/hello\n\ngo 1.19\n' | tee "$work/off/go.mod" \
		"$work/word/go.mod" >"$work/hello/go.mod"
	cat >"$work/hello/main.go" <<-'EOF'
		package main

		import "crypto/sha256"

		func main() {
			sum := sha256.Sum256([]byte("hello"))
			println(sum[0])
		}
	EOF
	sed 's,sum\[0\],&\, "crypto/internal/boring/sig.BoringCrypto\\x00crypto/internal/boring/sig.BoringCrypto\\x00",' \
		"$work/hello/main.go" >"$work/word/main.go"
	{ echo '//go:debug fips140=off'; cat "$work/hello/main.go"; } >"$work/off/main.go"
	fixture_go_build "$old" "$work/hello" "$1/boring" GOEXPERIMENT=boringcrypto CGO_ENABLED=1
	fixture_go_build "$old" "$work/hello" "$1/boring-nocgo" GOEXPERIMENT=boringcrypto CGO_ENABLED=0
	fixture_go_build "$old" "$work/word" "$1/boring-word" GOEXPERIMENT=boringcrypto CGO_ENABLED=0
	strip -o "$1/boring-stripped" "$1/boring"
	fixture_go_build "$old" "$work/hello" "$1/boring-together" GOEXPERIMENT=boringcrypto CGO_ENABLED=1 \
		GOFLAGS=-ldflags=-linkmode=external CGO_LDFLAGS=-Wl,-z,noseparate-code
	fixture_go_build "$old" "$work/hello" "$1/plain-386" GOARCH=386 CGO_ENABLED=0
	fixture_go_build "$new" "$work/hello" "$1/plain-1.24" CGO_ENABLED=0
	fixture_go_build "$new" "$work/hello" "$1/fips140" GOFIPS140=v1.0.0 CGO_ENABLED=0
	fixture_go_build "$new" "$work/off" "$1/fips140-off" GOFIPS140=v1.0.0 CGO_ENABLED=0
	(cd "$work" && npm pack --silent esbuild-linux-64@0.12.15 && tar -xf esbuild-*.tgz)
	mv "$work/package/bin/esbuild" "$1/go1.16"
	chmod -R u+w "$work"
	rm -r "$work"
}
