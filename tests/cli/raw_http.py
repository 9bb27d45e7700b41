# SPDX-License-Identifier: Apache-2.0
# Of the tests that speak HTTP over raw sockets.


def answer(s):
    """All until the server closes, or until one whole answer is there."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        if end:
            length = [int(l.split(b":")[1]) for l in head.split(b"\r\n")
                      if l.lower().startswith(b"content-length:")]
            if length and len(body) >= length[0]:
                return data
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            return data
        if not more:
            return data
        data += more
