# SPDX-License-Identifier: Apache-2.0
"""carry.py TOP BUILD LARGE COUNT...: see carry.sh. Everything is really signed, by one key.
"""
import glob
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

TOP, OUT, LARGE = sys.argv[1], os.path.abspath(sys.argv[2]), int(sys.argv[3])
COUNTS = sorted(int(n) for n in sys.argv[4:])
US = OUT + "/bin/fips-manifest"
SEED = TOP + "/tests/data/manifest-el8-x86_64.json"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
FILES_OF_1_MB, BATCH, RUNS = 4600, 500, 3
MEMORY_GOAL = 64 * 1024
raw = {}


def run(command, **more):
    """Seconds of wall and of CPU, and the memory in kB of the largest process."""
    begin = time.monotonic()
    child = subprocess.Popen(command, **{**QUIET, **more})
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit("failed (%d): %s" % (child.returncode, " ".join(command)[:200]))
    return {"s": time.monotonic() - begin, "cpu_s": used.ru_utime + used.ru_stime,
            "kb": used.ru_maxrss}


def us(store, *args):
    return run([US, "--store", store, *args])


def with_passphrase(*args):
    with open("pass", encoding="ascii") as f:
        return run([US, *args, "--passphrase-fd", "0"], stdin=f)


def row(work, ours, peer="", ratio="", goal="", reached=""):
    print("%s | %s | %s | %s | %s | %s" % (work, ours, peer, ratio, goal, reached),
          flush=True)


def held(value, goal):
    return "yes" if value <= goal else "NO"


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
    """Sign and add the manifests from `first` on, and publish."""
    for at in range(first, last, BATCH):
        names = write_manifests(at, min(BATCH, last - at), files)
        run([US, "sign", "--quiet", "--yes", *names])
        us("s.db", "add", "--quiet", *[n + ".asc" for n in names])
        for name in glob.glob("m*.json*"):
            os.unlink(name)
    with_passphrase("--store", "s.db", "publish")


def new_store():
    for name in glob.glob("s.db*/*") + glob.glob("s.db"):
        os.unlink(name)
    with_passphrase("--store", "s.db", "init")
    us("s.db", "key", "add", "key.asc")


def new_mirror(tree):
    """A mirror store, and the root that it begins with."""
    for name in glob.glob("m.db*"):
        os.unlink(name)
    us("m.db", "init", "--no-roles")
    run(["tar", "-xf", tree, "metadata/1.root.json"])


def median(key, runs):
    return statistics.median(r[key] for r in runs)


def large():
    new_store()
    grow(0, LARGE, FILES_OF_1_MB)
    times = {}
    for _ in range(RUNS):
        for what, command in (
                ("export", [US, "--store", "s.db", "export", "t.tar"]),
                ("sha256sum", ["taskset", "-c", "0", "sha256sum", "t.tar"]),
                ("openssl dgst", ["taskset", "-c", "0", "openssl", "dgst", "-sha256", "t.tar"]),
                ("cp", ["cp", "t.tar", "copy.tar"])):
            times.setdefault(what, []).append(run(command))
    os.unlink("copy.tar")
    new_mirror("t.tar")
    times["import"] = [us("m.db", "import", "t.tar", "--trust", "metadata/1.root.json")]
    raw["large"] = times
    size = os.path.getsize("t.tar") / 1e6
    for what in "export", "import":
        ours = median("s", times[what])
        for digest in "sha256sum", "openssl dgst":
            peer = median("s", times[digest]) + median("s", times["cp"])
            row("%s %d manifests of 1 MB (a tar of %d MB), %s on one core + cp" % (
                what, LARGE, size, digest), "%.1f s" % ours, "%.1f s" % peer,
                "%.2f" % (ours / peer), "<= 1.5", held(ours / peer, 1.5))
        row("%s, CPU of all processes" % what, "%.1f s" % median("cpu_s", times[what]))
        kb = max(r["kb"] for r in times[what])
        row("%s, memory" % what, "%.0f MB" % (kb / 1024), "", "", "<= 64 MB",
            held(kb, MEMORY_GOAL))


def small():
    new_store()
    before, per, got = 0, {}, None
    for count in COUNTS:
        grow(before, count, 0)
        us("s.db", "export", "t.tar")
        new_mirror("t.tar")
        got = us("m.db", "import", "t.tar", "--trust", "metadata/1.root.json")
        raw["import of %d" % count] = got
        per[count] = 1000 * got["s"] / count
        first = per[COUNTS[0]]
        ratio = per[count] / first
        row("import %d small manifests, a manifest" % count, "%.2f ms" % per[count],
            "%.2f ms" % first, "%.2f" % ratio, "<= 1.2" if count != COUNTS[0] else "",
            held(ratio, 1.2) if count != COUNTS[0] else "")
        before = count
    row("import %d small manifests, memory" % before, "%.0f MB" % (got["kb"] / 1024), "",
        "", "<= 64 MB", held(got["kb"], MEMORY_GOAL))


def mirror():
    """Of what small() published last."""
    us("s.db", "export", "www")
    with subprocess.Popen([sys.executable, TOP + "/tests/cli/carry.py", "serve", "www", "log"],
                          stdout=subprocess.PIPE, text=True) as server:
        try:
            url = "http://127.0.0.1:%d" % int(server.stdout.readline())
            us("m.db", "mirror", url)
            open("log", "w", encoding="ascii").close()
            times = [us("m.db", "mirror") for _ in range(21)]
            with open("log", encoding="ascii") as f:
                requests = len(f.readlines()) / 21
        finally:
            server.terminate()
    raw["mirror, nothing new"] = {"runs": times, "requests": requests}
    row("mirror of %d manifests, nothing new, requests" % COUNTS[-1], "%.0f" % requests, "",
        "", "1", held(requests, 1))
    row("mirror of %d manifests, nothing new" % COUNTS[-1],
        "%.0f ms" % (1000 * median("s", times)))


def main():
    work = tempfile.mkdtemp(prefix="fb-", dir=os.environ.get("TMPDIR", "/tmp"))
    os.chdir(work)
    os.mkdir("h", 0o700)
    os.environ.update(GNUPGHOME=work + "/h", LC_ALL="C")
    try:
        with open("pass", "w", encoding="ascii") as f:
            f.write("correct horse battery\n")
        run(["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "B <b@example.org>",
             "rsa3072", "sign", "1y"])
        run(["gpg", "--armor", "--output", "key.asc", "--export"])
        large()
        small()
        mirror()
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False, **QUIET)
        os.chdir("/")
        subprocess.run(["rm", "-rf", work], check=False)
    os.makedirs(OUT + "/bench", exist_ok=True)
    with open(OUT + "/bench/carry.json", "w", encoding="ascii") as f:
        json.dump(raw, f, indent=1)


main()
