#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/soak.sh OUT: fips-manifestd, built in OUT (with sanitizers by `make soak`), under
# load for SOAK_SECONDS (300) with a publish every second and clients that die at any
# moment. It must end with 0, without a report of a sanitizer and without a descriptor
# left behind.
set -eu
OUT=$(realpath "$1")
work=$(mktemp -d /tmp/soak-XXXXXX)
cd "$work"
pids=()
finish() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	rm -rf "$work"
}
trap finish EXIT

head -c 3000000 /dev/urandom >tool
"$OUT/tests/store_fill" s.db 0 20 tool
"$OUT/bin/fips-manifestd" --store s.db --listen 127.0.0.1:0 --per-address 0 --timeout 5 \
	--access-log off >url 2>log &
server=$!
pids+=("$server")
for _ in $(seq 600); do grep -q '^listening' url && break; sleep 0.1; done
port=$(sed 's,.*:,,; s,/,,' url)
# beside those of bodies that are in files: one for the body, one for its response
descriptors() { find "/proc/$server/fd" -type l ! -lname '/memfd:body*' | wc -l; }
files() { find "/proc/$server/fd" -type l -lname '/memfd:body*' | wc -l; }
before=$(descriptors)

cat >client.py <<'PY'
import os, random, re, socket, sys, time
port, end = int(sys.argv[1]), time.monotonic() + float(sys.argv[2])
random.seed(os.getpid())
done = cut = 0
digest = "0" * 64
while time.monotonic() < end:
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(60)
    for _ in range(random.randrange(1, 20)):
        name = f"/manifests/v1.{random.randrange(30)}.0/manifest-el8-x86_64"
        target = random.choice(["/", "/index.json", name + ".json.asc", name + ".html", "/none",
                                "/tool/fips-tool-1.0.0-linux-x86_64", "/digests/" + digest,
                                "/metrics", "/healthz"])
        extra = random.choice(["", "Accept-Encoding: gzip\r\n", "Accept-Encoding: zstd\r\n",
                               "Range: bytes=100-5000\r\n", "If-None-Match: *\r\n"])
        s.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode())
        if random.random() < 0.1:  # dies in the middle
            cut += 1
            break
        data = b""
        while b"\r\n\r\n" not in data:
            data += s.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 "), head
        assert b" 500 " not in head.split(b"\r\n")[0] or target.endswith(".html"), head
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(body) < length and b" 304 " not in head[:20]:
            body += s.recv(65536)
        if found := re.search(rb'"sha256": "([0-9a-f]{64})"', body):
            digest = found[1].decode()
        done += 1
    s.close()
print(done, "answers,", cut, "cut", flush=True)
PY
seconds=${SOAK_SECONDS:-300}
for i in $(seq 8); do
	python3 client.py "$port" "$seconds" >"answers$i" 2>&1 &
	pids+=("$!")
	clients="${clients-} $!"
done
# others are killed at any moment
for n in $(seq "$seconds"); do
	python3 client.py "$port" 60 >/dev/null 2>&1 &
	victim=$!
	"$OUT/tests/store_fill" s.db $((19 + n)) 1
	sleep "0.$((RANDOM % 9 + 1))"
	kill -9 "$victim" 2>/dev/null || true
	wait "$victim" 2>/dev/null || true
done
for p in $clients; do wait "$p" || { cat answers*; exit 1; }; done
cat answers*
for _ in $(seq 60); do [ "$(descriptors)" -le "$before" ] && break; sleep 1; done
echo "$(descriptors) descriptors, $before before; $(files) of bodies in files"
[ "$(descriptors)" -le "$before" ]
# as many as manifests were published, and the index and pages while they are small
[ "$(files)" -le $((2 * (20 + seconds + 4))) ]
kill "$server"
wait "$server" || { cat log; exit 1; }
grep -E 'ERROR: |runtime error' log && exit 1
echo "clean after $seconds s, $(grep -c ' published ' log) publishes"
