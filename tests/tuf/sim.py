# SPDX-License-Identifier: Apache-2.0
"""sim: a TUF repository that tests can bend, a web server for it, and a client program.

The metadata is made here by Python and the "cryptography" package alone, so that our C
is held against code that shares nothing with it. Roles are plain dicts: what a test
wants wrong, it writes wrong.
"""
import datetime
import hashlib
import http.server
import json
import os
import subprocess
import tempfile
import threading
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

TOP = ("root", "timestamp", "snapshot", "targets")
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def in_days(days):
    return (NOW + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def canonical(value):
    """OLPC canonical JSON."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(canonical(k) + ":" + canonical(value[k])
                              for k in sorted(value)) + "}"
    raise ValueError("no canonical form for %r" % (value,))


class Key:
    """A key pair and its public half as metadata has it (`public`, `id`)."""

    def __init__(self, kind="ecdsa", form="pem"):
        self.kind = kind
        if kind in ("ecdsa", "ecdsa-sha2-nistp256"):
            self.private = ec.generate_private_key(ec.SECP256R1())
            scheme = "ecdsa-sha2-nistp256"
        elif kind == "rsa":
            self.private = rsa.generate_private_key(65537, 2048)
            scheme = "rsassa-pss-sha256"
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()
            scheme = "ed25519"
        self.public = {"keytype": kind, "scheme": scheme,
                       "keyval": {"public": self.text(form)}}
        self.rename()

    def text(self, form):
        public = self.private.public_key()
        enc, fmt = serialization.Encoding, serialization.PublicFormat
        if form == "der":
            return public.public_bytes(enc.DER, fmt.SubjectPublicKeyInfo).hex()
        if self.kind == "ed25519" and form != "spki":
            return public.public_bytes(enc.Raw, fmt.Raw).hex()
        if form == "compressed":
            point = public.public_bytes(enc.X962, fmt.CompressedPoint).hex()
            return "3039301306072a8648ce3d020106082a8648ce3d030107032200" + point
        if form == "point":
            return public.public_bytes(enc.X962, fmt.UncompressedPoint).hex()
        return public.public_bytes(enc.PEM, fmt.SubjectPublicKeyInfo).decode()

    def rename(self, name=None):
        self.id = name or hashlib.sha256(canonical(self.public).encode()).hexdigest()
        return self

    def sign(self, data):
        if self.kind == "rsa":
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            return self.private.sign(data, pss, hashes.SHA256()).hex()
        if self.kind == "ed25519":
            return self.private.sign(data).hex()
        return self.private.sign(data, ec.ECDSA(hashes.SHA256())).hex()


class Repo:
    """Roles as dicts in `role`, who signs them in `signers`, what is out in `files`."""

    def __init__(self, consistent=True):
        self.role, self.signers, self.files = {}, {}, {}
        self.artifacts = {}       # path -> bytes
        self.answers = {}         # URL path -> function(handler), to misbehave
        self.asked, self.fetched = [], []
        self.with_hashes = False  # lengths and hashes in timestamp and snapshot
        for name in TOP:
            self.role[name] = {"_type": name, "spec_version": "1.0.31", "version": 1,
                               "expires": in_days(30)}
        self.role["root"].update(consistent_snapshot=consistent, keys={}, roles={})
        self.role["timestamp"]["meta"] = {"snapshot.json": {"version": 1}}
        self.role["snapshot"]["meta"] = {"targets.json": {"version": 1}}
        self.role["targets"]["targets"] = {}
        for name in TOP:
            self.role["root"]["roles"][name] = {"keyids": [], "threshold": 1}
            self.add_key(name)
        self.publish("targets", "snapshot", "timestamp", "root")

    def __getattr__(self, name):
        if name in TOP:
            return self.role[name]
        raise AttributeError(name)

    # keys

    def add_key(self, role, key=None, by=None, sign=True):
        """Name a key for a role, in root or in delegator `by`, and sign with it."""
        key = key or Key()
        if by:
            part = self.role[by]["delegations"]
            holder = next(r for r in part["roles"] if r["name"] == role)
        else:
            part, holder = self.root, self.root["roles"][role]
        part["keys"][key.id] = key.public
        holder["keyids"].append(key.id)
        if sign:
            self.signers.setdefault(role, []).append(key)
        return key

    def rotate(self, role):
        self.root["roles"][role]["keyids"].clear()
        self.signers[role].clear()
        return self.add_key(role)

    # publishing

    def signed(self, role, body=None, signers=None):
        body = body or self.role[role]
        data = canonical(body).encode()
        keys = self.signers[role] if signers is None else signers
        return {"signatures": [{"keyid": k.id, "sig": k.sign(data)} for k in keys],
                "signed": body}

    def put(self, role, text):
        """Publish these bytes as the role's next version."""
        if isinstance(text, dict):
            text = json.dumps(text, indent=1).encode()
        self.files.setdefault(role, []).append(text)
        return text

    def publish(self, *roles):
        """Bump, sign and publish; keep the role above informed."""
        for role in roles:
            body = self.role[role]
            if role in self.files:
                body["version"] += 1
            text = self.put(role, json.loads(json.dumps(self.signed(role))))
            meta = {"version": body["version"]}
            if self.with_hashes:
                meta.update(length=len(text),
                            hashes={"sha256": hashlib.sha256(text).hexdigest()})
            if role == "snapshot":
                self.timestamp["meta"]["snapshot.json"] = meta
            elif role not in TOP or role == "targets":
                self.snapshot["meta"][role + ".json"] = meta

    def publish_all(self):
        self.publish("targets", "snapshot", "timestamp")

    def target(self, role, path, data, algorithms=("sha256",), **more):
        self.artifacts[path] = data
        self.role[role].setdefault("targets", {})[path] = dict(
            length=len(data),
            hashes={a: hashlib.new(a, data).hexdigest() for a in algorithms}, **more)

    def delegate(self, by, name, paths=("*",), terminating=False, key=None, days=30,
                 **more):
        part = self.role[by].setdefault("delegations", {"keys": {}, "roles": []})
        role = {"name": name, "keyids": [], "threshold": 1, "terminating": terminating}
        role.update(more or {"paths": list(paths)})
        part["roles"].append(role)
        self.add_key(name, key, by=by)
        self.role.setdefault(name, {"_type": "targets", "spec_version": "1.0.31",
                                    "version": 1, "expires": in_days(days),
                                    "targets": {}})

    # serving

    def serve(self, path):
        """Bytes of a path, or None; keeps the list of what was asked."""
        folder, _, name = path.partition("/")
        if folder == "targets":
            self.fetched.append(name)
            before, slash, last = name.rpartition("/")
            digest = None
            if self.root["consistent_snapshot"]:
                digest, _, last = last.partition(".")
            data = self.artifacts.get(urllib.parse.unquote(before + slash + last))
            known = [h for r in self.role.values()
                     for t in r.get("targets", {}).values()
                     for h in t["hashes"].values()]
            return data if digest is None or digest in known else None
        if folder != "metadata" or not name.endswith(".json"):
            return None
        name, version = name[:-5], None
        if name.endswith(".root") or (self.root["consistent_snapshot"]
                                      and name != "timestamp"):
            number, _, name = name.partition(".")
            version = int(number)
        self.asked.append((name, version))
        files = self.files.get(urllib.parse.unquote(name), [])
        if version is None:
            return files[-1] if files else None
        return files[version - 1] if 0 < version <= len(files) else None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Clients that hang up are what some tests want."""

    def url(self, name):
        return "http://127.0.0.1:%d/%s" % (self.server_address[1], name)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        test, _, path = self.path[1:].partition("/")
        repo = self.server.repos[test]
        for part, answer in repo.answers.items():
            if path.endswith(part):
                answer(self)
                return
        data = repo.serve(path)
        if data is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


class Client:
    """The program under test, with folders of its own."""

    program = None
    server = None

    def __init__(self, repo, name):
        self.repo = repo
        self.server.repos[name] = repo
        self.url = self.server.url(name)
        self.dir = tempfile.mkdtemp(dir=".")
        self.state = os.path.join(self.dir, "state")
        self.out = os.path.join(self.dir, "out")
        os.mkdir(self.state)
        os.mkdir(self.out)
        self.said = ""

    def run(self, *args, at=None):
        command = [self.program, "--metadata-dir", self.state] + list(args)
        if at is not None:
            when = str(NOW + datetime.timedelta(days=at, microseconds=1))
            command = ["faketime", when] + command
        done = subprocess.run(command, capture_output=True, text=True, timeout=120,
                              env=dict(os.environ, TZ="UTC"), check=False)
        self.said = done.stderr.strip()
        if done.returncode not in (0, 1):
            raise AssertionError("exit %d: %s" % (done.returncode, done.stderr))
        if done.returncode == 1 and len(self.said.splitlines()) != 1:
            raise AssertionError("not one line: %r" % self.said)
        return done.returncode

    def init(self, root=None):
        path = os.path.join(self.dir, "trusted.json")
        with open(path, "wb") as f:
            f.write(self.repo.files["root"][0] if root is None else root)
        return self.run("init", path)

    def refresh(self, at=None):
        return self.run("--metadata-url", self.url + "/metadata/", "refresh", at=at)

    def download(self, *names, at=None):
        args = [x for n in names for x in ("--target-name", n)]
        return self.run("--metadata-url", self.url + "/metadata/", *args,
                        "--target-base-url", self.url + "/targets/",
                        "--target-dir", self.out, "download", at=at)

    def file(self, role):
        return os.path.join(self.state, urllib.parse.quote(role, safe="") + ".json")

    def bytes(self, role):
        with open(self.file(role), "rb") as f:
            return f.read()

    def version(self, role):
        try:
            return json.loads(self.bytes(role))["signed"]["version"]
        except FileNotFoundError:
            return None

    def trusted(self):
        """Names and versions of what the state holds."""
        return {urllib.parse.unquote(f[:-5]):
                json.loads(self.bytes(urllib.parse.unquote(f[:-5])))["signed"]["version"]
                for f in os.listdir(self.state) if f.endswith(".json")}

    def downloaded(self):
        """Contents of the target folder, sorted."""
        got = []
        for folder, _, files in os.walk(self.out):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    got.append(f.read())
        return sorted(got)


TESTS = []


def test(*cases):
    """Register a function, once or for every case (a tuple: name, then arguments)."""
    def take(function):
        for case in cases or [(None,)]:
            name = function.__name__ + ("[%s]" % case[0] if case[0] else "")
            TESTS.append((name, function, case[1:]))
        return function
    return take


def main(program, only=""):
    """Run what was registered; exit status 0 when all passed."""
    Client.program = program
    Client.server = Server()
    failed = 0
    chosen = [t for t in TESTS if only in t[0]]
    for number, (name, function, args) in enumerate(chosen):
        try:
            function("t%d" % number, *args)
            print("ok    " + name)
        except Exception as e:  # any: a test that breaks has failed
            failed += 1
            where = e.__traceback__
            while where.tb_next and "sim.py" not in where.tb_next.tb_frame.f_code.co_filename:
                where = where.tb_next
            print("FAIL  %s (line %d): %s: %s" % (name, where.tb_lineno,
                                                  type(e).__name__, e))
    print("%d passed, %d failed" % (len(chosen) - failed, failed))
    return 1 if failed or not chosen else 0


def equal(got, wanted):
    if got != wanted:
        raise AssertionError("%r, wanted %r" % (got, wanted))


def says(client, text):
    if text not in client.said:
        raise AssertionError("%r does not say %r" % (client.said, text))
