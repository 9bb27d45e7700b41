# SPDX-License-Identifier: Apache-2.0
# Hold fips-manifestd to its limits over raw sockets: python3 server_limits.py TEST, in a
# folder with a store s.db of store_fill that has a tool of 20 MB.
import atexit, json, os, signal, socket, subprocess, sys, threading, time
from raw_http import answer

TOOL = b"/tool/fips-tool-1.0.0-linux-x86_64"
ASC = b"/manifests/v1.3.0/manifest-el8-x86_64.json.asc"


class Server:
    """fips-manifestd on a port of its own, with a log of its own."""

    def __init__(self, *options, listen="127.0.0.1:0", **more):
        self.log = open(f"log-{time.monotonic_ns()}", "wb")
        self.p = subprocess.Popen(["fips-manifestd", "--store", "s.db", "--listen", listen, *options],
                                  stdout=subprocess.PIPE, **{"stderr": self.log, **more})
        atexit.register(self.p.kill)
        self.port = int(self.p.stdout.readline().decode().rsplit(":", 1)[1].rstrip("/\n"))

    def connect(self, host="127.0.0.1", source=None):
        s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        s.settimeout(20)
        if source:
            s.bind((source, 0))
        s.connect((host, self.port))
        return s

    def ask(self, target, headers=b"", **where):
        s = self.connect(**where)
        s.sendall(request(target, headers))
        data = answer(s)
        s.close()
        return data

    def stop(self):
        """SIGTERM; the seconds until it ended, with 0."""
        begin = time.monotonic()
        self.p.send_signal(signal.SIGTERM)
        assert self.p.wait(20) == 0, self.lines()
        return time.monotonic() - begin

    def lines(self):
        with open(self.log.name, "rb") as f:
            return f.read().splitlines()


def request(target, headers=b""):
    return b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n"


def status(data):
    return int(data.split(b" ")[1]) if data.startswith(b"HTTP/1.1 ") else 0


# ---- headers and target ----

def headers():
    """Whatever fills the room for a request: it is answered, with 431 or 414 at the latest."""
    server = Server("--access-log", "off")
    lines = lambda n, size: b"".join(b"X-%02d: %s\r\n" % (i, b"a" * size) for i in range(n))
    assert status(server.ask(b"/", lines(20, 80))) == 200
    assert status(server.ask(b"/healthz", lines(101, 1))) == 431
    assert status(server.ask(b"/" + b"a" * 9000)) == 414
    assert status(server.ask(b"/?" + b"a" * 1000)) == 200
    seen = set()

    def every(what, make, most=80):
        for target, accept in ((b"/", b"Accept-Encoding: zstd\r\n"), (b"/healthz", b""),
                               (b"/none", b"Accept: text/html\r\n")):
            for n in range(0, most, 3):
                got = status(server.ask(*make(n, target, accept)))
                assert got in (200, 404, 414, 431), f"{n} {what}, {target}: {got}"
                seen.add(got)
    for size in (1, 20, 60, 200, 800):
        every(f"headers of {size}", lambda n, t, a: (t, a + lines(n, size)))
    every("fields of the query", lambda n, t, a: (t + b"?" + b"a&" * n, a), 70)
    # libmicrohttpd forgets a request with more of them: the deadline ends it
    every("cookies", lambda n, t, a: (t, a + b"Cookie: " + b"a=bcdef; " * n + b"\r\n"))
    for n in range(3000, 4700, 20):
        got = status(server.ask(b"/" + b"a" * n))
        assert got in (404, 414, 431), f"a target of {n} bytes: {got}"
    assert seen == {200, 404, 431}, seen
    server.stop()


# ---- deadlines ----

def cut_after(s, data):
    """A byte each quarter of a second until the server cuts the connection: how long did it take?"""
    begin = time.monotonic()
    try:
        for byte in data:
            s.sendall(bytes([byte]))
            time.sleep(0.25)
    except OSError:
        return time.monotonic() - begin
    return 99


def deadlines():
    server = Server("--timeout", "1", "--min-rate", "1000000000", "--access-log", "all")
    took = {}

    def first():
        took["first"] = cut_after(server.connect(), request(b"/healthz"))

    def next_():
        s = server.connect()
        s.sendall(request(b"/healthz"))
        assert status(answer(s)) == 200
        took["next"] = cut_after(s, request(b"/healthz"))

    def idle():
        s = server.connect()
        s.sendall(request(b"/healthz"))
        answer(s)
        begin = time.monotonic()
        assert s.recv(1) == b""
        took["idle"] = time.monotonic() - begin

    def reader():
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", server.port))
        begin = time.monotonic()
        s.sendall(request(TOOL))
        while server.ask(b"/metrics").count(b"\nfips_manifestd_incomplete_total 0\n"):
            s.recv(1)
            time.sleep(0.25)
        took["reader"] = time.monotonic() - begin

    def busy():
        s = server.connect()  # one that asks all the time is nobody's burden
        for _ in range(30):
            s.sendall(request(b"/healthz"))
            assert status(answer(s)) == 200
            time.sleep(0.1)
        took["busy"] = 1
    threads = [threading.Thread(target=t) for t in (first, next_, idle, reader, busy)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(took) == 5, took
    for what, seconds in took.items():
        assert 0.9 < seconds < 4, f"{what}: {seconds} s"
    server.stop()


# ---- the end ----

def end_idle():
    server = Server()
    conns = []
    for _ in range(50):
        s = server.connect()
        s.sendall(request(b"/healthz"))
        answer(s)
        conns.append(s)
    assert server.stop() < 0.9
    assert server.lines()[-1].endswith(b" info stopped cut=0"), server.lines()


def end_asked():
    """What was asked before SIGTERM is answered, on old connections and on new ones."""
    for _ in range(5):
        server = Server("--access-log", "off")
        old = [server.connect() for _ in range(20)]
        for s in old:
            s.sendall(request(b"/healthz"))
            answer(s)
        conns = old + [server.connect() for _ in range(40)]
        for s in conns:
            s.sendall(request(b"/index.json"))
        assert server.stop() < 3
        got = [status(answer(s)) for s in conns]
        assert got.count(200) == len(conns), got


def end_half():
    """Half a request on a new connection gets a second to become whole."""
    server = Server()
    s = server.connect()
    whole = request(b"/healthz")
    s.sendall(whole[:20])
    time.sleep(0.1)
    silent = server.connect()
    later = threading.Timer(0.3, lambda: s.sendall(whole[20:]))
    later.start()
    assert 0.9 < server.stop() < 3
    assert status(answer(s)) == 200
    assert silent.recv(1) == b""


def read_slowly(s, seconds, meanwhile):
    """The tool, evenly over so many seconds; meanwhile() when a tenth is there. How much came?"""
    begin, got, total = time.monotonic(), 0, 20_000_000
    s.sendall(request(TOOL))
    while True:
        try:
            more = s.recv(int(total / seconds / 20))
        except ConnectionResetError:
            return got
        if not more:
            return got
        if got < total / 10 <= got + len(more):
            meanwhile()
        got += len(more)
        time.sleep(max(0, begin + got / total * seconds - time.monotonic()))


def end_slow():
    """A transfer under way finishes; one that would take too long is cut, and told."""
    took = {}

    def one(name, seconds):
        server = Server("--access-log", "all")
        ended = threading.Thread(target=lambda: took.update({name: server.stop()}))
        got = read_slowly(server.connect(), seconds, ended.start)
        ended.join()
        took[name + " got"] = got > 20_000_000
        took[name + " log"] = b"\n".join(server.lines()[-2:])
    threads = [threading.Thread(target=one, args=a) for a in (("short", 4), ("long", 30))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert took["short got"] and took["short"] < 5, took
    assert not took["long got"] and 8 < took["long"] < 10, took
    assert b"stopped cut=0" in took["short log"] and b"stopped cut=1" in took["long log"], took


# ---- reading again ----

def hangups():
    """SIGHUP by the dozen under load: not one request fails, no descriptor is left."""
    server = Server("--access-log", "off")
    descriptors = lambda: len(os.listdir(f"/proc/{server.p.pid}/fd"))
    before, stop, done, bad = descriptors(), threading.Event(), [], []

    def load():
        s = server.connect()
        while not stop.is_set():
            s.sendall(request(ASC))
            got = status(answer(s))
            (done if got == 200 else bad).append(got)
        s.close()
    threads = [threading.Thread(target=load) for _ in range(4)]
    for t in threads:
        t.start()
    for _ in range(40):
        server.p.send_signal(signal.SIGHUP)
        time.sleep(0.03)
    stop.set()
    for t in threads:
        t.join()
    assert not bad and len(done) > 100, (len(done), bad)
    for _ in range(100):
        if descriptors() <= before:
            break
        time.sleep(0.05)
    assert descriptors() <= before, (descriptors(), before)
    server.stop()


def bad_store():
    """The store's bytes go bad in place and SIGHUP comes: the last good state is served."""
    server = Server()
    with open("s.db", "rb") as f:
        good = f.read()
    body = server.ask(ASC)
    for junk in (b"no store at all " * 1000, b""):
        with open("s.db", "r+b") as f:
            f.truncate(0)
            f.write(junk)
        server.p.send_signal(signal.SIGHUP)
        wait(lambda: b'"stale"' in server.ask(b"/healthz"))
        assert server.ask(ASC).split(b"\r\n\r\n", 1)[1] == body.split(b"\r\n\r\n", 1)[1]
    with open("s.db", "r+b") as f:
        f.truncate(0)
        f.write(good)
    server.p.send_signal(signal.SIGHUP)
    wait(lambda: b'"ok"' in server.ask(b"/healthz"))
    said = [l for l in server.lines() if b" error " in l]  # once for each reason
    assert 1 <= len(said) < 10 and all(b"store cannot be read" in l for l in said), said
    server.stop()


def wait(until):
    end = time.monotonic() + 20
    while not until():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


# ---- one address ----

def hold(server, count, **where):
    """So many connections that have been answered; how many of them does the server keep?"""
    conns = [server.connect(**where) for _ in range(count)]
    kept = 0
    for s in conns:
        try:
            s.sendall(request(b"/healthz"))
            kept += status(answer(s)) == 200
        except OSError:
            pass
    return conns, kept


def per_address():
    server = Server("--per-address", "5", "--access-log", "off")
    conns, kept = hold(server, 8, source="127.0.0.1")
    assert kept == 5, kept
    metrics = server.ask(b"/metrics", source="127.0.0.2")
    assert b"\nfips_manifestd_refused_connections_total 3\n" in metrics, metrics
    assert b"\nfips_manifestd_connections 6\n" in metrics, metrics
    for s in conns:
        s.close()
    wait(lambda: status(server.ask(b"/healthz", source="127.0.0.1")) == 200)
    server.stop()


def per_address_6():
    server = Server("--per-address", "5", "--access-log", "all", listen="[::1]:0")
    _, kept = hold(server, 8, host="::1")
    assert kept == 5, kept
    server.stop()
    assert sum(b"address=::1 " in l for l in server.lines()) == 5, server.lines()


def mapped():
    """A socket for both families that was handed over: IPv4 clients are IPv4 clients."""
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", 0))
    s.listen(64)
    port = s.getsockname()[1]
    with open("log-mapped", "wb") as log:
        p = subprocess.Popen(["sh", "-c", "exec 3<&$0; LISTEN_PID=$$ LISTEN_FDS=1 exec fips-manifestd "
                              "--store s.db --per-address 5 --access-log all", str(s.fileno())],
                             pass_fds=[s.fileno()], stdout=subprocess.PIPE, stderr=log)
        atexit.register(p.kill)
        p.stdout.readline()
        server = Server.__new__(Server)
        server.p, server.port, server.log = p, port, log
        for where, text in (({"source": "127.0.0.1"}, b"127.0.0.1"), ({"source": "127.0.0.2"}, b"127.0.0.2"),
                            ({"host": "::1"}, b"::1")):
            conns, kept = hold(server, 7, **where)
            assert kept == 5, (where, kept)
            wait(lambda: sum(b"address=" + text + b" " in l for l in server.lines()) == 5)
            for c in conns:
                c.close()
        server.stop()


# ---- the log ----

def log_lines():
    """A line a request, and nothing that a request says makes another one."""
    hostile = [b"GET /a%0d%0ainfo HTTP/1.1\r\nHost: x\r\n\r\n",
               b"GET /\"},{\"status\":\"200 HTTP/1.1\r\nHost: x\r\n\r\n",
               b"GET /a\\\x1b[31m\x80\xff\x7f HTTP/1.1\r\nHost: x\r\n\r\n",
               b"G\"E\\T\x01 / HTTP/1.1\r\nHost: x\r\n\r\n",
               b"PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n",
               b"A-METHOD-OF-MORE-THAN-FIFTEEN-BYTES / HTTP/1.1\r\nHost: x\r\n\r\n",
               "GET /\u00e9\u202e\u2028 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
               b"GET /none HTTP/1.1\r\nHost: x\r\nUser-Agent: a\x1b[31m\"\nX: b\r\n\r\n",
               b"GET /" + b"\x01" * 1000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
               b"GET /" + b"\xc3\xa9" * 300 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
               b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",          # what libmicrohttpd
               b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",         # refuses by itself
               b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"]
    for form in ("json", "text"):
        server = Server("--log-format", form, "--access-log", "errors")
        assert status(server.ask(b"/index.json")) == 200  # is no error
        got = []
        for data in hostile:
            s = server.connect()
            s.sendall(data)
            got.append(status(answer(s)))
            s.close()
        server.stop()
        lines = server.lines()
        assert min(got) >= 400, got
        if form == "json":
            events = [json.loads(l) for l in lines]
            asked = [e for e in events if e["event"] in ("request", "refused")]
            assert [int(e["status"]) for e in asked] == got, asked
            assert {"time", "level", "event", "address", "method", "target", "status", "bytes", "ms",
                    "complete"} == set(asked[0]), asked[0]
            assert "PROPFIND" in [e.get("method") for e in asked], asked
        else:
            asked = [l for l in lines if b" info request " in l or b" info refused " in l]
            assert len(asked) == len(hostile), asked
        assert all(32 <= b < 127 or b > 127 for l in lines for b in l), lines
    for which, count in (("off", 0), ("all", 101)):
        server = Server("--access-log", which)
        for _ in range(100):
            server.ask(b"/index.json")
        server.ask(b"/none")
        server.stop()
        assert sum(b" info request " in l for l in server.lines()) == count, which


def log_stuck():
    """Nobody reads the log: lines are lost and counted, requests are answered."""
    out, into = os.pipe()
    server = Server("--threads", "2", "--access-log", "all", stderr=into)
    os.close(into)
    conns = [server.connect() for _ in range(8)]
    for _ in range(300):
        for s in conns:
            s.sendall(request(b"/healthz"))
        assert [status(answer(s)) for s in conns] == [200] * 8
    lost = [int(l.split(b" ")[1]) for l in server.ask(b"/metrics").splitlines()
            if l.startswith(b"fips_manifestd_log_lines_lost_total ")][0]
    said = os.read(out, 1 << 20)
    assert lost > 500 and said.count(b"\n") + lost >= 2400 and said.endswith(b"\n"), lost
    server.stop()


globals()[sys.argv[1]]()
