#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tls_hostile PORT HOW: a server that answers a ClientHello wrongly, until it is killed.

silent   accepts and says nothing
drip     one byte of a ServerHello each 0.2 seconds
garbage  random bytes
http     plain HTTP, as a server does that was meant to have TLS
close    closes at once
endless  handshake records without end
foreign  a ServerHello with a cipher suite that was not offered
ancient  a ServerHello with a version that there never was
long     a record whose length is a lie
again    chooses the same suite for ever, offered or not
"""
import os
import socket
import struct
import sys
import threading
import time


def record(kind, body):
    return struct.pack(">BHH", kind, 0x0303, len(body)) + body


def server_hello(suite, version=0x0303):
    body = struct.pack(">H", version) + os.urandom(32) + b"\0" + struct.pack(">H", suite) + b"\0"
    return record(22, b"\x02" + struct.pack(">I", len(body))[1:] + body)


def answer(how, peer):
    peer.recv(65536)
    if how == "silent":
        time.sleep(3600)
    elif how == "drip":
        for byte in server_hello(0xC02F):
            peer.send(bytes([byte]))
            time.sleep(0.2)
    elif how == "garbage":
        peer.send(b"\x99" + os.urandom(4000))
    elif how == "http":
        peer.send(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request\n")
    elif how == "endless":
        while True:
            peer.send(record(22, b"\x02\xff\xff\xff" + bytes(16000)))
    elif how == "foreign":
        peer.send(server_hello(0x5A5A))
    elif how == "ancient":
        peer.send(server_hello(0xC02F, 0))
    elif how == "long":
        peer.send(b"\x16\x03\x03\xff\xff" + bytes(100))
        time.sleep(3600)
    elif how == "again":
        peer.send(server_hello(0xC02F))


def serve(how, peer):
    try:
        answer(how, peer)
    except OSError:
        pass
    finally:
        peer.close()


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(sys.argv[2], connection), daemon=True).start()
