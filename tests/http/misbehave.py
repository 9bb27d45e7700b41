#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""misbehave: a web server whose answers are wrong in a named way.

Prints its port and serves until its standard input ends. With CERT (a PEM file that
holds certificate and key) it speaks TLS. The path says what goes wrong:

/N/...          that status, with a page
/good?N         N bytes of body, right Content-Length
/short          closes before Content-Length is reached
/long           more bytes than Content-Length says
/endless        chunks without end
/cut-chunks     chunks that stop without the last one
/drip           a byte now and then
/headers        headers without end
/loop           redirects to itself
/hops?N         redirects N times, then is good
/to?URL         redirects to URL
/unframed       no Content-Length, ends by closing
/garbage        not HTTP at all
/hang           accepts and says nothing
/echo           the request's head as the body
"""
import os
import socket
import ssl
import sys
import threading
import time


def head(status, *lines):
    return ("HTTP/1.1 %s\r\n%s\r\n" % (status, "".join(x + "\r\n" for x in lines))).encode()


def page(status, body, *lines):
    return head(status, "Content-Length: %d" % len(body), *lines) + body


def redirect(to):
    return page("302 Found", b"", "Location: " + to)


def forever(sock, first, piece, pause):
    sock.sendall(first)
    for _ in range(20000):
        sock.sendall(piece)
        time.sleep(pause)


def answer(sock, target, request):
    """Answer one request; False closes the connection."""
    path, _, query = target.partition("?")
    what = path.split("/")[1]
    if what.isdigit():
        sock.sendall(page(what + " Said So", b"a page of the server\n"))
        return True
    if what == "good":
        sock.sendall(page("200 OK", b"x" * int(query or 5)))
        return True
    if what == "echo":
        sock.sendall(page("200 OK", request))
        return True
    if what == "to":
        sock.sendall(redirect(query))
        return True
    if what == "hops":
        n = int(query)
        sock.sendall(redirect("/hops?%d" % (n - 1) if n > 1 else "/good"))
        return True
    if what == "loop":
        sock.sendall(redirect("/loop"))
        return True
    if what == "long":
        sock.sendall(head("200 OK", "Content-Length: 5") + b"x" * 50)
    elif what == "short":
        sock.sendall(head("200 OK", "Content-Length: 50") + b"x" * 5)
    elif what == "unframed":
        sock.sendall(head("200 OK") + b"xxxxx")
    elif what == "garbage":
        sock.sendall(b"\0\1\2 not a web server\r\n\r\n")
    elif what == "cut-chunks":
        sock.sendall(head("200 OK", "Transfer-Encoding: chunked") + b"5\r\nxxxxx\r\n")
    elif what == "endless":
        forever(sock, head("200 OK", "Transfer-Encoding: chunked"),
                b"1000\r\n" + b"x" * 0x1000 + b"\r\n", 0)
    elif what == "drip":
        forever(sock, head("200 OK", "Content-Length: 100000"), b"x", 0.2)
    elif what == "headers":
        forever(sock, b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 1000 + b"\r\n", 0)
    elif what == "hang":
        time.sleep(60)
    return False


def serve(sock, context):
    try:
        if context:
            sock = context.wrap_socket(sock, server_side=True)
        while True:
            request = b""
            while b"\r\n\r\n" not in request:
                more = sock.recv(4096)
                if not more:
                    return
                request += more
            if not answer(sock, request.split()[1].decode(), request):
                return
    except OSError:
        pass
    finally:
        sock.close()


def main():
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    # one write, whatever buffering the environment asks for
    os.write(1, b"%d\n" % listener.getsockname()[1])
    sys.stdin.read()


main()
