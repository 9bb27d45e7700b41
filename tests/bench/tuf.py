# SPDX-License-Identifier: Apache-2.0
"""tuf.py BUILD N...: see tuf.sh. A relay in front of the server counts requests and bytes
on the wire, headers too; CPU is beyond that of a process that does nothing (medians).
"""
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

RUNS = 21
PASSPHRASE = "correct horse battery"


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


def cost(command, status=0):
    """Milliseconds of CPU and of wall."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != status:
        sys.exit("%s: %s" % (command, done.stderr.decode()))
    return (1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime),
            1000 * wall)


def maker(out, *args):
    """Run fips-manifest with the passphrase; milliseconds of wall."""
    read, write = os.pipe()
    os.write(write, PASSPHRASE.encode() + b"\n")
    os.close(write)
    begin = time.monotonic()
    done = subprocess.run([out + "/bin/fips-manifest", "--store", "store.db", *args,
                           "--passphrase-fd", str(read)], pass_fds=[read],
                          capture_output=True, text=True, check=False)
    os.close(read)
    if done.returncode:
        sys.exit("fips-manifest %s: %s" % (args, done.stderr))
    return 1000 * (time.monotonic() - begin), done.stderr.strip()


def start_server(out):
    server = subprocess.Popen([out + "/bin/fips-manifestd", "--store", "store.db",
                               "--listen", "127.0.0.1:0"], stderr=subprocess.STDOUT,
                              stdout=subprocess.PIPE, text=True)
    for line in server.stdout:
        if "127.0.0.1:" in line:
            port = line.split("127.0.0.1:")[1]
            port = port[:next((i for i, c in enumerate(port) if not c.isdigit()), None)]
            threading.Thread(target=server.stdout.read, daemon=True).start()
            return server, int(port)
    sys.exit("the server does not start")


def node(client, relay, count):
    """A node's first update and RUNS that bring nothing new."""
    with urllib.request.urlopen(relay.url + "/metadata/1.root.json") as r:
        root = r.read()
    with open("root.json", "wb") as f:
        f.write(root)
    os.makedirs("out", exist_ok=True)
    base = [client, "--metadata-dir", "state"]
    cost(base + ["init", "root.json"])
    common = base + ["--metadata-url", relay.url + "/metadata"]
    target = "manifests/v1.%d.0/manifest-el8-x86_64.json.asc" % (count // 2)
    relay.taken()
    _, wall = cost(common + ["--target-name", target, "--target-base-url",
                             relay.url + "/targets", "--target-dir", "out", "download"])
    requests, size = relay.taken()
    size -= sum(os.path.getsize("out/" + f) for f in os.listdir("out"))
    runs = [cost(common + ["refresh"]) for _ in range(RUNS)]
    idle = [cost(base + ["nothing"], 1) for _ in range(RUNS)]
    again, _ = relay.taken()
    cpu = statistics.median(r[0] for r in runs) - statistics.median(r[0] for r in idle)
    return {"first_requests": requests, "first_bytes": size, "first_ms": wall,
            "again_requests": again / RUNS, "again_cpu_ms": cpu,
            "again_ms": statistics.median(r[1] for r in runs)}


def row(work, ours, goal="", reached=""):
    print("%s | %s |  |  | %s | %s" % (work, ours, goal, reached), flush=True)


def report(count, got):
    name = "TUF, %d manifests: " % count
    promised = count <= 1000
    row(name + "first update, bytes beside the manifest", got["first_bytes"],
        "65536" if promised else "", ("no", "yes")[got["first_bytes"] <= 65536])
    row(name + "first update, requests", got["first_requests"], "20",
        ("no", "yes")[got["first_requests"] <= 20])
    row(name + "first update, ms", "%.0f" % got["first_ms"])
    row(name + "nothing new, requests", "%.0f" % got["again_requests"], "1",
        ("no: the workflow asks for root N+1 first", "yes")[got["again_requests"] <= 1])
    row(name + "nothing new, ms of CPU beyond a process's start",
        "%.1f" % got["again_cpu_ms"], "5", ("no", "yes")[got["again_cpu_ms"] < 5])
    row(name + "nothing new, ms", "%.0f" % got["again_ms"])
    row(name + "publish one more, ms; " + got["one_more_signed"],
        "%.0f" % got["one_more_ms"])
    row(name + "refresh, ms", "%.0f" % got["refresh_ms"])


def measure(out, count):
    subprocess.run([out + "/tests/store_fill", "store.db", "0", str(count)], check=True,
                   stdout=subprocess.DEVNULL)
    maker(out, "root", "init")
    server, port = start_server(out)
    try:
        got = node(out + "/tests/tuf-client", Relay(port), count)
    finally:
        server.terminate()
        server.wait()
    subprocess.run([out + "/tests/store_fill", "store.db", str(count), "1"], check=True,
                   stdout=subprocess.DEVNULL)
    got["one_more_ms"], got["one_more_signed"] = maker(out, "publish")
    got["refresh_ms"], _ = maker(out, "refresh")
    return got


def main(out, *counts):
    out, top = os.path.abspath(out), os.getcwd()
    raw = {}
    for count in map(int, counts):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            raw[count] = measure(out, count)
            os.chdir(top)
        report(count, raw[count])
    os.makedirs(out + "/bench", exist_ok=True)
    with open(out + "/bench/tuf.json", "w", encoding="ascii") as f:
        json.dump(raw, f, indent=1)


main(*sys.argv[1:])
