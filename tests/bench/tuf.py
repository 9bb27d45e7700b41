# SPDX-License-Identifier: Apache-2.0
"""tuf.py N...: see tuf.sh. A relay in front of the server counts requests and bytes on the
wire, headers too; CPU is beyond that of a process that does nothing (medians)."""
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request

from measure import keep, limit, median, raw, row, run, seconds
from signed import folder, grow, new_store, with_passphrase

OUT = os.environ["OUT"]
RUNS = 21


class Relay:
    def __init__(self, port):
        self.to, self.bytes, self.requests = ("127.0.0.1", port), 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(self.to)
            for s in (near, far):  # a relay must not wait for more to send
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for a, b, asking in ((near, far, True), (far, near, False)):
                threading.Thread(target=self.pump, args=(a, b, asking), daemon=True).start()

    def pump(self, a, b, asking):
        try:
            while data := a.recv(65536):
                self.bytes += 0 if asking else len(data)
                self.requests += data.count(b"GET /") if asking else 0
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def taken(self):
        """Requests and bytes since the last call."""
        got = self.requests, self.bytes
        self.requests = self.bytes = 0
        return got


def start_server():
    server = subprocess.Popen([OUT + "/bin/fips-manifestd", "--store", "s.db",
                               "--listen", "127.0.0.1:0"], stderr=subprocess.STDOUT,
                              stdout=subprocess.PIPE, text=True)
    for line in server.stdout:
        if "127.0.0.1:" in line:
            port = line.split("127.0.0.1:")[1]
            port = port[:next((i for i, c in enumerate(port) if not c.isdigit()), None)]
            threading.Thread(target=server.stdout.read, daemon=True).start()
            return server, int(port)
    sys.exit("the server does not start")


def node(relay, count):
    """A node's first update and RUNS that bring nothing new."""
    with urllib.request.urlopen(relay.url + "/metadata/1.root.json") as r:
        root = r.read()
    with open("root.json", "wb") as f:
        f.write(root)
    for old in "out", "state":
        shutil.rmtree(old, ignore_errors=True)
    os.mkdir("out")
    base = [OUT + "/tests/tuf-client", "--metadata-dir", "state"]
    run(base + ["init", "root.json"])
    common = base + ["--metadata-url", relay.url + "/metadata"]
    target = "manifests/v1.%d.0/manifest-el8-x86_64.json.asc" % (count // 2)
    relay.taken()
    first = run(common + ["--target-name", target, "--target-base-url",
                          relay.url + "/targets", "--target-dir", "out", "download"])
    requests, size = relay.taken()
    size -= sum(os.path.getsize("out/" + f) for f in os.listdir("out"))
    runs = [run(common + ["refresh"]) for _ in range(RUNS)]
    idle = [run(base + ["nothing"], 1) for _ in range(RUNS)]
    again, _ = relay.taken()
    return {"requests": requests, "bytes": size, "first": first,
            "requests again": again / RUNS, "again": median(runs), "idle": median(idle)}


def measure(count):
    server, port = start_server()
    try:
        got = node(Relay(port), count)
    finally:
        server.terminate()
        server.wait()
    got["one more"] = grow(count, count + 1, 0)
    got["refresh"] = with_passphrase("s.db", "refresh")
    return got


def report(count, got):
    name = "TUF, %d manifests: " % count
    size = name + "first update, bytes beside the manifest"
    if count <= 1000:
        limit(size, got["bytes"], 65536, "bytes")
    else:
        row(size, "%d bytes" % got["bytes"])
    limit(name + "first update, requests", got["requests"], 20, "requests")
    row(name + "first update", seconds(got["first"].wall))
    # one would be without asking for root N+1, which the workflow (5.3) has come first
    limit(name + "nothing new, requests", got["requests again"], 2, "requests")
    limit(name + "nothing new, CPU beyond a process's start",
          1000 * (got["again"].cpu - got["idle"].cpu), 5, "ms")
    row(name + "nothing new", seconds(got["again"].wall))
    row(name + "publish one more", seconds(got["one more"].wall))
    row(name + "refresh", seconds(got["refresh"].wall))


def main(*counts):
    there = 0
    new_store()
    for count in sorted(map(int, counts)):
        grow(there, count, 0)
        raw[count] = measure(count)
        report(count, raw[count])
        there = count + 1


with folder():
    main(*sys.argv[1:])
keep(OUT, "tuf")
