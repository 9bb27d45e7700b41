# SPDX-License-Identifier: Apache-2.0
"""carry.py: trees and tars that no honest courier brings.

    carry.py authority TREE OUT [CASE [FILE]]   the static files of TREE under an authority
                                                of its own, bent as CASE says
    carry.py tar TREE OUT CASE                  a tar of TREE with something in it that no
                                                tree has
    carry.py serve TREE LOG                     serve TREE; prints the port; behaves as the
                                                file TREE.mode says
"""
import hashlib
import http.server
import io
import os
import pathlib
import sys
import tarfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tuf"))
import sim  # noqa: E402


def files_of(tree):
    top = pathlib.Path(tree)
    return {str(p.relative_to(top)): p.read_bytes() for p in sorted(top.rglob("*"))
            if p.is_file()}


def static_of(tree):
    return {path: data for path, data in files_of(tree).items()
            if path.startswith(("index.", "manifests/", "keys/", "tool/"))
            and not path.endswith(".sha256")}


def manifest(files, el):
    return next(p for p in files if "manifest-el%s-" % el in p)


# What an authority can do wrong, or who holds its role keys can try.
def wrong_place(files, _):
    """The manifest of EL 7 where that of EL 8 belongs."""
    files[manifest(files, 8)] = files[manifest(files, 7)]


def other_file(files, name):
    """FILE in the place of a manifest."""
    files[manifest(files, 8)] = pathlib.Path(name).read_bytes()


def no_index(files, _):
    del files["index.json"]


def bad_index(files, _):
    files["index.json"] = b"{}\n"


def no_keys(files, _):
    del files["keys/release.asc"]


def bad_keys(files, _):
    files["keys/release.asc"] = b"no key\n"


def climbing(files, _):
    files["../../etc/cron.d/x"] = b"x\n"


def bad_tool(files, _):
    files["tool/fips-tool-1.0.0"] = b"x\n"


def bad_sums(files, _):
    files["tool/SHA256SUMS.asc"] = b"no signature\n"


def good(files, _):
    pass


def write(out, path, data):
    target = pathlib.Path(out) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def authority(tree, out, case="good", argument=None):
    files = static_of(tree)
    globals()[case](files, argument)
    repo = sim.Repo()
    for path, data in files.items():
        repo.target("targets", path, data)
    repo.publish_all()
    for role, versions in repo.files.items():
        for number, text in enumerate(versions, 1):
            name = role if role == "timestamp" else "%d.%s" % (number, role)
            write(out, "metadata/%s.json" % name, text)
    for path, data in files.items():
        folder, slash, name = path.rpartition("/")
        digest = hashlib.sha256(data).hexdigest()
        if ".." not in path:
            write(out, "targets/%s%s%s.%s" % (folder, slash, digest, name), data)


def member(name, **more):
    info = tarfile.TarInfo(name)
    for key, value in more.items():
        setattr(info, key, value)
    return info


BAD_MEMBERS = {
    "dotdot": member("../up"),
    "absolute": member("/etc/cron.d/x"),
    "symlink": member("targets/x", type=tarfile.SYMTYPE, linkname="../../etc/passwd"),
    "hardlink": member("targets/x", type=tarfile.LNKTYPE, linkname="index.json"),
    "device": member("targets/x", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
    "fifo": member("targets/x", type=tarfile.FIFOTYPE),
    "twice": member("index.json"),
}


def tar(tree, out, case):
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as t:
        for path, data in files_of(tree).items():
            if case == "tool" and ".fips-tool-" in path and not path.endswith(".sha256"):
                data = data[:-1] + bytes([data[-1] ^ 1])
            info = member(path, size=len(data))
            t.addfile(info, io.BytesIO(data))
        if case in BAD_MEMBERS:
            t.addfile(BAD_MEMBERS[case])
        elif case == "sparse":
            info = member("targets/x", size=512)
            info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                                "GNU.sparse.name": "targets/x",
                                "GNU.sparse.realsize": str(1 << 40)}
            head = b"1\n%d\n0\n" % (1 << 40)
            t.addfile(info, io.BytesIO(head.ljust(512, b"\0")))


class Handler(http.server.SimpleHTTPRequestHandler):
    tree = log = None

    def mode(self):
        try:
            return pathlib.Path(self.tree + ".mode").read_text().split()
        except FileNotFoundError:
            return []

    def do_GET(self):
        with open(self.log, "a") as f:
            f.write(self.path + "\n")
        mode, *of = self.mode() or [""]
        if mode and of[0] in self.path:
            return getattr(self, mode)()
        return super().do_GET()

    def endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(1000):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(1)
        except OSError:
            pass

    def mute(self):
        time.sleep(1000)

    def slow(self):
        time.sleep(0.2)
        super().do_GET()

    def missing(self):
        self.send_error(404)

    def broken(self):
        self.send_error(500)

    def page(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>maintenance</html>")

    def log_message(self, *args):
        pass


def serve(tree, log):
    Handler.tree, Handler.log = tree, log
    handler = lambda *a: Handler(*a, directory=tree)  # noqa: E731
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    {"authority": authority, "tar": tar, "serve": serve}[sys.argv[1]](*sys.argv[2:])
