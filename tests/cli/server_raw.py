# SPDX-License-Identifier: Apache-2.0
# Talk to fips-manifestd over raw sockets: python3 server_raw.py PORT PID TEST
import os, resource, socket, sys, threading, time
from raw_http import answer

port, pid, test = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
ASC = b"/manifests/v1.3.0/manifest-el8-x86_64.json.asc"
TOOL = b"/tool/fips-tool-1.0.0-linux-x86_64"
HOST = b"Host: x\r\n"


def connect(source="127.0.0.1", rcvbuf=None):
    s = socket.socket()
    if rcvbuf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    s.bind((source, 0))
    s.settimeout(60)
    s.connect(("127.0.0.1", port))
    return s


def status(request, source="127.0.0.1"):
    s = connect(source)
    s.sendall(request)
    data = answer(s)
    s.close()
    return int(data.split(b" ")[1]) if data.startswith(b"HTTP/1.1 ") else 0


def get(target, headers=b"", version=b"1.1", source="127.0.0.1"):
    return status(b"GET " + target + b" HTTP/" + version + b"\r\n" + HOST + headers +
                  b"\r\n", source)


def alive():
    assert get(b"/healthz") == 200, "the server does not answer any more"


def rss():
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize()


def latency(count, source="127.0.0.1"):
    """Seconds that requests on new connections take, 200 a second: median and 99th percentile."""
    took = []
    for _ in range(count):
        time.sleep(0.005)
        begin = time.monotonic()
        assert get(b"/index.json", source=source) == 200
        took.append(time.monotonic() - begin)
    took.sort()
    return took[len(took) // 2], took[len(took) * 99 // 100]


def closed_within(s, seconds):
    """The server closes the connection; how long did it take?"""
    begin = time.monotonic()
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - begin


# ---- one request each: by the RFC, or the connection is closed (0) ----

def malformed():
    body = b"Content-Length: 5\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n"
    many = b"".join(b"X-%d: a\r\n" % i for i in range(200))
    table = [
        ("as it should be", b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", {200}),
        ("HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", {200}),
        ("a higher minor version", b"GET / HTTP/1.7\r\n" + HOST + b"\r\n", {200}),
        ("bare LF", b"GET / HTTP/1.1\nHost: x\n\n", {200, 400}),
        ("absolute-form", b"GET http://y/healthz HTTP/1.1\r\n" + HOST + b"\r\n", {200}),
        ("no Host", b"GET / HTTP/1.1\r\n\r\n", {400}),
        ("two Hosts", b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", {400}),
        ("HTTP/0.9", b"GET /\r\n", {400}),
        ("HTTP/2.0", b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", {400, 505}),
        ("HTTP/2 with prior knowledge", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
        ("no version at all", b"GET / HTTX/1.1\r\n" + HOST + b"\r\n", {400}),
        ("lower case", b"get / HTTP/1.1\r\n" + HOST + b"\r\n", {405, 501}),
        ("authority-form", b"GET x:80 HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404}),
        ("CONNECT", b"CONNECT x:80 HTTP/1.1\r\n" + HOST + b"\r\n", {405}),
        ("asterisk-form", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", {405}),
        ("TRACE", b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", {405}),
        ("PUT", b"PUT /x HTTP/1.1\r\n" + HOST + body + b"\r\nabcde", {405}),
        ("length and chunks",
         b"GET / HTTP/1.1\r\n" + HOST + body + chunked + b"\r\n0\r\n\r\n", {400, 413}),
        ("POST with length and chunks",
         b"POST / HTTP/1.1\r\n" + HOST + body + chunked + b"\r\n0\r\n\r\n", {400, 405}),
        ("two lengths", b"GET / HTTP/1.1\r\n" + HOST + body +
         b"Content-Length: 6\r\n\r\nabcdef", {400, 413}),
        ("a negative length",
         b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n", {400}),
        ("a length beyond 64 bits",
         b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 9" + b"9" * 30 + b"\r\n\r\n",
         {400, 413}),
        ("a blank before the colon", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", {400}),
        ("a header without a colon",
         b"GET / HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n", {400}),
        ("an overlong target", b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
         {414}),
        ("an overlong header",
         b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 8000 + b"\r\n\r\n", {431}),
        ("a long header",
         b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 3700 + b"\r\n\r\n", {431}),
        ("200 header lines", b"GET / HTTP/1.1\r\n" + HOST + many + b"\r\n", {431, 0}),
        ("10,000 ranges", b"GET / HTTP/1.1\r\n" + HOST + b"Range: bytes=" +
         b",".join(b"%d-%d" % (i, i) for i in range(10000)) + b"\r\n\r\n", {431, 0}),
    ]
    for name, request, wanted in table:
        got = status(request)
        assert got in wanted, f"{name}: {got}, not {wanted}"
        alive()
    # nothing is smuggled behind a body that nobody reads
    s = connect()
    s.sendall(b"GET / HTTP/1.1\r\n" + HOST + chunked + b"\r\n0\r\n\r\n" +
              b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
    data = b""
    try:
        while more := s.recv(65536):
            data += more
    except ConnectionResetError:
        pass
    assert data.count(b"HTTP/1.1 ") <= 1, data


def targets():
    for target in (b"/../etc/passwd", b"/%2e%2e%2fetc/passwd", b"/tool/..%2f..%2fetc",
                   b"/%00", b"/index.json%00", b"//index.json", b"/./index.json",
                   b"/index.json/", b"/tool", b"/tool/", b"/%", b"/%zz", b"/\\",
                   b"/\xff\xfe", b"/" + b"%41" * 500):
        got = get(target)
        assert got == 404, f"{target}: {got}"
    assert get(b"/%69ndex.json") == 200
    assert get(b"/index.json?a=b&c#d") == 200


def ranges():
    for value, wanted in ((b"0-0", 206), (b"0-5,3-9", 200), (b"9-5", 200),
                          (b"99999999-", 416), (b"-0", 416), (b"-99999999", 206),
                          (b"18446744073709551616-", 416), (b"0-18446744073709551616", 206),
                          (b"-", 200), (b"a-b", 200), (b"0-0," * 100 + b"1-1", 200)):
        got = get(ASC, b"Range: bytes=" + value + b"\r\n")
        assert got == wanted, f"{value}: {got}, not {wanted}"


def lists():
    """A list in several lines is one list, whatever their order."""
    s = connect()
    s.sendall(b"HEAD " + ASC + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    tag = [l[6:] for l in answer(s).split(b"\r\n") if l.startswith(b"ETag: ")][0]
    for lines, wanted in (([b"If-None-Match: " + tag, b'If-None-Match: "a"'], 304),
                          ([b"If-Match: " + tag, b'If-Match: "a"', b'If-Match: "b"'], 200),
                          ([b'If-Match: "a"', b'If-Match: "b"'], 412),
                          ([b"Accept-Encoding: gzip", b"Accept-Encoding: identity;q=0"], 200),
                          ([b"Accept-Encoding: *;q=0", b"Accept-Encoding: gzip;q=0"], 406)):
        for order in (lines, lines[::-1]):
            s = connect()
            s.sendall(b"HEAD " + ASC + b" HTTP/1.1\r\n" + HOST + b"\r\n".join(order) +
                      b"\r\nConnection: close\r\n\r\n")
            got = int(answer(s).split(b" ")[1])
            assert got == wanted, f"{order}: {got}, not {wanted}"


def pipeline():
    s = connect()
    s.sendall((b"GET /readyz HTTP/1.1\r\n" + HOST + b"\r\n") * 100 +
              b"GET /none HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    data = b""
    while more := s.recv(65536):
        data += more
    assert data.count(b"HTTP/1.1 200 ") == 100, data.count(b"HTTP/1.1 200 ")
    assert data.rfind(b"HTTP/1.1 404 ") > data.rfind(b"HTTP/1.1 200 ")


def strangers():
    """Bytes that are no HTTP: closed by the deadline at the latest."""
    hello = bytes.fromhex("16030100c8010000c40303") + bytes(190)
    conns = []
    for data in (hello, bytes(range(256)), b"\0" * 4000, b"\xff" * 4000, b"\r\n" * 100):
        s = connect()
        s.sendall(data)
        conns.append(s)
    for s in conns:
        assert closed_within(s, 60) < 45
        s.close()
        alive()


# ---- those who take their time (the server's --timeout is 3 s) ----

def slow():
    """One byte a second, on every side, by hundreds; others are served as usual."""
    usual, usual99 = latency(100)
    conns = []
    for i in range(300):
        s = connect("127.0.0.2")
        if i % 3 == 0:
            s.sendall(b"GET / HTTP/1.1\r\n")  # headers that never end
        elif i % 3 == 1:
            s.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999\r\n\r\n")
        conns.append((s, time.monotonic()))
    readers = []
    for _ in range(50):
        s = connect("127.0.0.3", rcvbuf=2304)
        s.sendall(b"GET " + TOOL + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        readers.append(s)
    stop = threading.Event()

    def drip():
        while not stop.wait(1.0):
            for s, _ in conns:
                try:
                    s.sendall(b"X")
                except OSError:
                    pass
            for s in readers:
                try:
                    s.setblocking(False)
                    s.recv(1)
                except OSError:
                    pass
    t = threading.Thread(target=drip)
    t.start()
    during, during99 = latency(200)
    print(f"latency: {usual * 1e3:.2f}/{usual99 * 1e3:.2f} ms before, "
          f"{during * 1e3:.2f}/{during99 * 1e3:.2f} ms during (median/99th)")
    assert during99 < 5, f"others wait {during99} s"
    # every slow one is gone after the timeout, however it drips
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with open(f"/proc/net/tcp") as f:
            mine = sum(1 for l in f if l.split()[1].endswith(f":{port:04X}") and
                       l.split()[3] == "01")
        if mine <= 2:
            break
        time.sleep(0.2)
    stop.set()
    t.join()
    assert mine <= 2, f"{mine} slow connections are still there"
    for s, _ in conns:
        s.close()
    for s in readers:
        s.close()


def many():
    """20,000 connections from one address: it gets its share, others get theirs."""
    before = rss()
    # as many as the descriptors allow, kept open; the rest one after the other
    keep = min(18000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (keep + 400, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    conns, refused = [], 0
    for i in range(20000):
        try:
            s = connect("127.0.0.2")
        except OSError:
            refused += 1
            continue
        if len(conns) < keep:
            conns.append(s)
        else:
            s.close()
        if i % 4000 == 3999:
            median, worst = latency(50)
            print(f"after {i + 1}: {median * 1e3:.2f}/{worst * 1e3:.2f} ms")
            assert worst < 5, f"others wait {worst} s"
    fds = len(os.listdir(f"/proc/{pid}/fd"))
    print(f"{len(conns)} held, {refused} refused, {fds} descriptors of the server")
    assert fds < 600, fds
    for s in conns:
        s.close()
    time.sleep(1)
    alive()
    after = rss()
    print(f"memory: {before >> 10} KB before, {after >> 10} KB after")
    # ASan keeps what was freed, up to 256 MB
    room = 300 if os.environ["OUT"].endswith("/san") else 16
    assert after < before + (room << 20), "the memory does not come back"


def full():
    """All places taken: others wait, and get in when the deadline frees some."""
    conns = [connect(f"127.0.1.{i % 250 + 1}") for i in range(900)]
    begin = time.monotonic()
    assert get(b"/healthz") == 200
    print(f"served after {time.monotonic() - begin:.2f} s behind a full house")
    assert time.monotonic() - begin < 45
    for s in conns:
        s.close()


globals()[test]()
