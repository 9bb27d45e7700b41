# SPDX-License-Identifier: Apache-2.0
"""carry.py LARGE COUNT...: see carry.sh."""
import glob
import os
import subprocess
import sys

from measure import compare, keep, limit, median, raw, row, run, seconds
from signed import US, folder, grow, new_store, us

TOP, OUT, LARGE = os.environ["TOP"], os.environ["OUT"], int(sys.argv[1])
COUNTS = sorted(int(n) for n in sys.argv[2:])
FILES_OF_1_MB, RUNS = 4600, 3


def new_mirror(tree):
    """A mirror store, and the root that it begins with."""
    for name in glob.glob("m.db*"):
        os.unlink(name)
    us("m.db", "init", "--no-roles")
    run(["tar", "-xf", tree, "metadata/1.root.json"])


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
    peer = {what: median(costs).wall for what, costs in times.items()}
    for what in "export", "import":
        ours = median(times[what])
        for digest in "sha256sum", "openssl dgst":
            compare("%s %d manifests of 1 MB (a tar of %d MB), %s on one core + cp" % (
                what, LARGE, size, digest), ours.wall, peer[digest] + peer["cp"], 1.5)
        row("%s, CPU of all processes" % what, seconds(ours.cpu))
        limit("%s, memory" % what, max(c.kb for c in times[what]) / 1024, 64, "MB")


def small():
    new_store()
    before, per, got = 0, {}, None
    for count in COUNTS:
        grow(before, count, 0)
        us("s.db", "export", "t.tar")
        new_mirror("t.tar")
        got = us("m.db", "import", "t.tar", "--trust", "metadata/1.root.json")
        raw["import of %d" % count] = got
        per[count] = got.wall / count
        what = "import %d small manifests, a manifest" % count
        if count == COUNTS[0]:
            row(what, seconds(per[count]))
        else:
            compare(what, per[count], per[COUNTS[0]], 1.2)
        before = count
    limit("import %d small manifests, memory" % before, got.kb / 1024, 64, "MB")


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
    # one would be without asking for root N+1, which the workflow (5.3) has come first
    limit("mirror of %d manifests, nothing new, requests" % COUNTS[-1], requests, 2, "requests")
    row("mirror of %d manifests, nothing new" % COUNTS[-1], seconds(median(times).wall))


with folder():
    large()
    small()
    mirror()
keep(OUT, "carry")
