# SPDX-License-Identifier: Apache-2.0
"""pgp.py BUILD MANIFEST: see pgp.sh. Ours and the peer run by turns; medians of wall. The
peers run by the same absolute paths as ours runs them."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

from measure import by_turns, compare, keep, run

OUT, SEED = sys.argv[1:3]
US = OUT + "/bin/fips-manifest"
GPG, GPGV = "/usr/bin/gpg", "/usr/bin/gpgv"


def row(work, ours, peer, goal, times, faster=False):
    a, b = by_turns(work, times, lambda: run(ours), lambda: run(peer))
    compare(work, a.wall, b.wall, goal, faster)


def manifest(name, revision, files):
    with open(SEED, encoding="ascii") as f:
        m = json.load(f)
    m["revision"] = revision
    more = [{"kind": "host", "mode": "0755", "path": "/usr/share/x/f%06d" % i, "size": i,
             "sha256": hashlib.sha256(b"%d %d" % (revision, i)).hexdigest()}
            for i in range(files)]
    c = m["components"][-1]
    c["files"] = sorted(c["files"] + more, key=lambda f: f["path"])
    with open(name, "w", encoding="ascii") as f:
        f.write(json.dumps(m, indent=2, sort_keys=True) + "\n")
    return name


def main():
    work = tempfile.mkdtemp(prefix="fb-", dir="/tmp")
    os.chdir(work)
    os.mkdir("h", 0o700)
    os.environ.update(GNUPGHOME=work + "/h", FIPS_MANIFEST_STORE=work + "/s.db",
                      LC_ALL="C")
    try:
        bench()
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False)
        os.chdir("/")
        subprocess.run(["rm", "-rf", work], check=False)
    keep(OUT, "pgp")


def shell(before, files, command):
    """A loop of the shell over the files, $f in turn."""
    return ["/bin/sh", "-c", "%sfor f in %s; do %s; done" % (
        before, " ".join(files), command)]


def bench():
    run([GPG, "--batch", "--passphrase", "", "--quick-gen-key", "B <b@example.org>",
         "rsa3072", "sign", "1y"])
    run([GPG, "--output", "ring.gpg", "--export"])
    small = [manifest("s%03d.json" % i, i, 125) for i in range(1, 101)]
    large = [manifest("l%03d.json" % i, 200 + i, 4600) for i in range(50)]
    print("30 KB is %d bytes, 1 MB is %d" % (os.path.getsize(small[0]),
                                             os.path.getsize(large[0])))
    drop = "rm -f %s; " % " ".join(f + ".asc" for f in small)
    row("sign 100 manifests of 30 KB in one call, 100 gpg --clearsign",
        ["/bin/sh", "-c", drop + "exec %s sign --quiet --yes %s" % (US, " ".join(small))],
        shell(drop, small, GPG + " --batch --clearsign $f"), 1.1, 5)
    run([US, "sign", "--quiet", "--yes"] + small + large)
    signed = [f + ".asc" for f in large]
    verify = [US, "verify", "--keyring", "ring.gpg"]
    gpgv = [GPGV, "--keyring", "./ring.gpg"]
    row("verify one of 30 KB, whole process, gpg --verify",
        verify + [small[0] + ".asc"], [GPG, "--batch", "--verify", small[0] + ".asc"],
        2.0, 41)
    row("verify one of 1 MB, whole process, gpgv",
        verify + [signed[0]], gpgv + [signed[0]], 1.3, 41)
    row("verify 50 of 1 MB in one process, 50 gpgv", verify + signed,
        shell("", signed, " ".join(gpgv) + " $f"), 0.9, 5)
    run([GPG, "--armor", "--output", "key.asc", "--export"])
    run([US, "init"])
    run([US, "key", "add", "key.asc"])
    run([US, "add"] + [f + ".asc" for f in small])
    row("verify --all of 100 stored, a shell loop of gpgv", [US, "verify", "--all"],
        shell("", [f + ".asc" for f in small], " ".join(gpgv) + " $f"), 1.5, 5,
        faster=True)


main()
