# SPDX-License-Identifier: Apache-2.0
"""pgp.py BUILD MANIFEST: see pgp.sh. Ours and the peer run by turns; medians of wall."""
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

OUT, SEED = sys.argv[1:3]
US = OUT + "/bin/fips-manifest"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
raw = {}


def run(command):
    begin = time.perf_counter()
    if subprocess.run(command, check=False, **QUIET).returncode:
        sys.exit("failed: %s" % " ".join(command)[:200])
    return 1000 * (time.perf_counter() - begin)


def row(work, ours, peer, goal, times, faster=False):
    """`goal`: at most that ratio; with `faster`: at least that many times as fast."""
    pairs = [(run(ours), run(peer)) for _ in range(times)]
    a, b = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    ratio = b / a if faster else a / b
    good = ratio >= goal if faster else ratio <= goal
    raw[work] = {"ours_ms": [p[0] for p in pairs], "peer_ms": [p[1] for p in pairs]}
    print("%s | %.1f ms | %.1f ms | %.2f | %s %.1f | %s" % (
        work, a, b, ratio, ">=" if faster else "<=", goal, "yes" if good else "NO"),
        flush=True)


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
        subprocess.run(["gpgconf", "--kill", "all"], check=False, **QUIET)
        os.chdir("/")
        subprocess.run(["rm", "-rf", work], check=False)
    os.makedirs(OUT + "/bench", exist_ok=True)
    with open(OUT + "/bench/pgp.json", "w", encoding="ascii") as f:
        json.dump(raw, f, indent=1)


def bench():
    run(["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "B <b@example.org>",
         "rsa3072", "sign", "1y"])
    run(["gpg", "--output", "ring.gpg", "--export"])
    small = [manifest("s%03d.json" % i, i, 125) for i in range(1, 101)]
    large = [manifest("l%03d.json" % i, 200 + i, 4600) for i in range(50)]
    print("30 KB is %d bytes, 1 MB is %d" % (os.path.getsize(small[0]),
                                             os.path.getsize(large[0])))
    again = "rm -f %s; exec %s sign --quiet --yes %s" % (
        " ".join(f + ".asc" for f in small), US, " ".join(small))
    loop = "for f in %s; do gpg --batch --yes --output p.asc --clearsign $f; done" % (
        " ".join(small))
    row("sign 100 manifests of 30 KB in one call, 100 gpg --clearsign",
        ["sh", "-c", again], ["sh", "-c", loop], 1.1, 5)
    run([US, "sign", "--quiet", "--yes"] + large)
    signed = [f + ".asc" for f in large]
    verify = [US, "verify", "--keyring", "ring.gpg"]
    gpgv = ["gpgv", "--keyring", "./ring.gpg"]
    row("verify one of 30 KB, whole process, gpg --verify",
        verify + [small[0] + ".asc"], ["gpg", "--batch", "--verify", small[0] + ".asc"],
        2.0, 41)
    row("verify one of 1 MB, whole process, gpgv",
        verify + [signed[0]], gpgv + [signed[0]], 1.3, 41)
    row("verify 50 of 1 MB in one process, 50 gpgv", verify + signed,
        ["sh", "-c", "for f in %s; do gpgv --keyring ./ring.gpg $f; done" %
         " ".join(signed)], 0.9, 5)
    run(["gpg", "--armor", "--output", "key.asc", "--export"])
    run([US, "init"])
    run([US, "key", "add", "key.asc"])
    run([US, "add"] + [f + ".asc" for f in small])
    row("verify --all of 100 stored, a shell loop of gpgv", [US, "verify", "--all"],
        ["sh", "-c", "for f in %s; do gpgv --keyring ./ring.gpg $f; done" %
         " ".join(f + ".asc" for f in small)], 1.5, 5, faster=True)


main()
