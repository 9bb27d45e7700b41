# SPDX-License-Identifier: Apache-2.0
"""For benches of many manifests: each is really signed, by one key, and published out of the
store s.db of a folder of its own, the current one."""
import contextlib
import glob
import hashlib
import json
import os
import subprocess
import tempfile

from measure import run

US = os.environ["OUT"] + "/bin/fips-manifest"
SEED = os.environ["TOP"] + "/tests/data/manifest-el8-x86_64.json"
BATCH = 500


def us(store, *args):
    return run([US, "--store", store, *args])


def with_passphrase(store, *args):
    with open("pass", encoding="ascii") as f:
        return run([US, "--store", store, *args, "--passphrase-fd", "0"], stdin=f)


def write_manifests(first, count, files):
    """The sample for other Kubernetes versions, with so many files more, each of
    another digest in each of them."""
    with open(SEED, encoding="ascii") as f:
        m = json.load(f)
    m["kubernetes"] = "v1.@VERSION@.0"
    last = m["components"][-1]
    last["files"] = sorted(last["files"] + [
        {"kind": "host", "mode": "0755", "path": "/usr/share/x/f%06d" % i, "size": i,
         "sha256": "@NUMBER@" + hashlib.sha256(b"%d" % i).hexdigest()[8:]}
        for i in range(files)], key=lambda f: f["path"])
    text = json.dumps(m, indent=2, sort_keys=True) + "\n"
    names = ["m%05d.json" % i for i in range(first, first + count)]
    for i, name in enumerate(names, first):
        with open(name, "w", encoding="ascii") as f:
            f.write(text.replace("@VERSION@", str(i)).replace("@NUMBER@", "%08x" % i))
    return names


def grow(first, last, files):
    """Sign and add the manifests from `first` to before `last`; the cost of publishing them."""
    for at in range(first, last, BATCH):
        names = write_manifests(at, min(BATCH, last - at), files)
        run([US, "sign", "--quiet", "--yes", *names])
        us("s.db", "add", "--quiet", *[n + ".asc" for n in names])
        for name in glob.glob("m*.json*"):
            os.unlink(name)
    return with_passphrase("s.db", "publish")


def new_store():
    """None of a kind that was there before, and the key is trusted."""
    for name in glob.glob("s.db*/*") + glob.glob("s.db"):
        os.unlink(name)
    with_passphrase("s.db", "init")
    us("s.db", "key", "add", "key.asc")


@contextlib.contextmanager
def folder():
    """The current one while it lasts, with a key; nothing is left."""
    top, work = os.getcwd(), tempfile.mkdtemp(prefix="fb-", dir=os.environ.get("TMPDIR", "/tmp"))
    os.chdir(work)
    os.mkdir("h", 0o700)
    os.environ.update(GNUPGHOME=work + "/h", LC_ALL="C")
    try:
        with open("pass", "w", encoding="ascii") as f:
            f.write("correct horse battery\n")
        run(["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "B <b@example.org>",
             "rsa3072", "sign", "1y"])
        run(["gpg", "--armor", "--output", "key.asc", "--export"])
        yield
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False)
        os.chdir(top)
        subprocess.run(["rm", "-rf", work], check=False)
