# SPDX-License-Identifier: Apache-2.0
"""tuf_cost CLIENT URL ROOT.json TARGET: what an update costs a node.

A relay in front of the server counts requests and bytes on the wire, headers too. Prints
a line for the first update with its manifest, one for an update that brings nothing new
(CPU beyond that of a process that does nothing; medians).
"""
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

RUNS = 21


class Relay:
    def __init__(self, host, port):
        self.to, self.bytes, self.requests = (host, port), 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(self.to)
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


def cpu_of(command):
    """Seconds of CPU and of wall of one run."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            time.monotonic() - begin, done.returncode)


def main(client, url, root, target):
    at = urllib.parse.urlsplit(url)
    relay = Relay(at.hostname, at.port)
    url = "http://127.0.0.1:%d" % relay.port
    with tempfile.TemporaryDirectory() as folder:
        state, out = os.path.join(folder, "state"), os.path.join(folder, "out")
        os.mkdir(out)
        base = [client, "--metadata-dir", state]
        subprocess.run(base + ["init", root], check=True)
        common = base + ["--metadata-url", url + "/metadata"]
        _, wall, status = cpu_of(common + [
            "--target-name", target, "--target-base-url", url + "/targets",
            "--target-dir", out, "download"])
        if status:
            sys.exit("the client failed")
        size = sum(os.path.getsize(os.path.join(out, f)) for f in os.listdir(out))
        print("first update: %d requests, %d bytes beside the manifest's %d, %.0f ms"
              % (relay.requests, relay.bytes - size, size, 1000 * wall))
        relay.requests = relay.bytes = 0
        runs = [cpu_of(common + ["refresh"]) for _ in range(RUNS)]
        idle = [cpu_of([client, "--metadata-dir", state, "nothing"]) for _ in range(RUNS)]
        if any(r[2] for r in runs):
            sys.exit("the client failed")
        print("nothing new:  %.0f requests, %.0f bytes, %.1f ms of CPU beyond a process's "
              "start, %.0f ms"
              % (relay.requests / RUNS, relay.bytes / RUNS,
                 1000 * (statistics.median(r[0] for r in runs)
                         - statistics.median(r[0] for r in idle)),
                 1000 * statistics.median(r[1] for r in runs)))


main(*sys.argv[1:])
