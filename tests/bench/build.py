# SPDX-License-Identifier: Apache-2.0
# What tests/bench/build.sh measures. sha256sum, in the peer of the first rows, is up to 4
# times slower in one run than in another.
#
# What limits it:
# - xz: liblzma decompresses one block on one core, 85 % of the CPU. The SHA-256 that the
#   payload carries, a fifth of what rpm2cpio needs, is left out (signer/unxz.h): 1.27 times
#   faster than the peer became 1.48 to 1.52. More
#   threads want a payload of several blocks, which rpmbuild writes when told (w2T0.xzdio);
#   its levels alone, such as EL 8's w2.xzdio, give one.
# - zstd: of 208 ms CPU, for 109 MB in a file of 32 MB, SHA-256 has 90, libzstd 68, the
#   kernel 39 (16 for what gobin keeps of a Go program in an unnamed file, 10 to read). Each
#   byte is digested as often as there are digests of it: the file, its payload for
#   PAYLOADDIGEST, each content for FILEDIGESTS. At 1.9 GB/s these three and libzstd are
#   1.75 times all that rpm2cpio needs (91 ms), and 208 ms on two cores cannot end in less
#   than 104 ms, 5 times faster than the peer.
# - One thread reads and digests the file, one unpacks and hashes contents. A third between
#   them, with a copy of the contents, ended one zstd RPM in 150 to 160 ms instead of 170 to
#   180, one gzip RPM in 350 instead of 410, and took 15 % more CPU; four RPMs at once gain
#   nothing: all cores have work then.
import json, os, resource, shutil, statistics, subprocess, sys, tempfile, time

out, fixtures = sys.argv[1:3]
ROUNDS = int(os.environ.get("ROUNDS", 5))
art = os.path.join(fixtures, "bench")
# unpacking goes to memory, where the machine lets it
work = tempfile.mkdtemp(prefix="bench-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
os.environ["TMPDIR"] = "/var/tmp"
raw = {}


def definition(name, rpms):
    path = os.path.join(work, name + ".yaml")
    with open(path, "w") as f:
        f.write('el: "8"\nkubernetes: v1.21.3\ncreated: 2021-08-25T00:00:00Z\n'
                f"rpm-keys: [{fixtures}/keys/vendor.asc]\ncomponents:\n")
        for rpm in rpms:
            f.write(f"  - {{ name: {rpm}, rpm: {rpm}-1.0-1.x86_64.rpm }}\n")
    return path


def build(*definitions):
    for d in definitions:
        subprocess.run([out + "/bin/fips-manifest", "build", d, "--artifacts", art, "--output",
                        work + "/made", "--quiet"], check=True, stdout=subprocess.DEVNULL)


def shell(text):
    subprocess.run(["bash", "-o", "pipefail", "-ec", text], check=True, cwd=work)


def unpack(rpm):
    shell(f"rm -rf root; mkdir root; cd root; rpm2cpio {art}/{rpm}-1.0-1.x86_64.rpm | "
          "cpio -idm --quiet; find . -type f -exec sha256sum {} + >/dev/null")


def cost(f, *args):
    """Seconds of wall and of CPU."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    f(*args)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def by_turns(name, *calls):
    """Medians of wall and CPU of each call, which take turns."""
    seen = [[] for _ in calls]
    for _ in range(ROUNDS):
        for i, (f, *args) in enumerate(calls):
            seen[i].append(cost(f, *args))
    raw[name] = seen
    return [[statistics.median(column) for column in zip(*one)] for one in seen]


def row(what, ours, peer, ratio, goal, reached):
    print(f"{what} | {ours} | {peer} | {ratio:.2f} x | {goal} | {'yes' if reached else 'NO'}", flush=True)


ms = lambda seconds: f"{seconds * 1000:.0f} ms"
for kind, faster, cpu in ("gzip", 1.8, 1.35), ("xz", 1.5, 1.15), ("zstd", 5, 1.6):
    rpm = "programs-" + kind
    one = definition(kind, [rpm])
    ours, peer, bare = by_turns(kind, (build, one), (unpack, rpm),
                                (shell, f"rpm2cpio {art}/{rpm}-1.0-1.x86_64.rpm >/dev/null"))
    row(f"build, one {kind} RPM, wall, vs rpm2cpio, cpio, sha256sum", ms(ours[0]), ms(peer[0]),
        peer[0] / ours[0], f">= {faster} x faster", peer[0] >= faster * ours[0])
    row(f"build, one {kind} RPM, CPU, vs rpm2cpio alone", ms(ours[1]), ms(bare[1]),
        ours[1] / bare[1], f"<= {cpu} x", ours[1] <= cpu * bare[1])
four = ["four-%d" % i for i in range(4)]
every = definition("every", four)
single = [definition(rpm, [rpm]) for rpm in four]
together, turns = by_turns("four", (build, every), (build, *single))
row("build, four RPMs, wall, vs one after the other", ms(together[0]), ms(turns[0]),
    turns[0] / together[0], ">= 1.8 x faster", turns[0] >= 1.8 * together[0])

# the peak of a child of its own: ru_maxrss of all children is the largest of them
peak = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " \
       "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
for what, one in ("a 109 MB RPM", definition("xz", ["programs-xz"])), ("four RPMs at once", every):
    kb = int(subprocess.run([sys.executable, "-c", peak, out + "/bin/fips-manifest", "build", one, "--artifacts", art,
                             "--output", work + "/made", "--quiet"], check=True, capture_output=True).stdout)
    raw[what] = kb
    row(f"build, {what}, peak memory", f"{kb // 1024} MB", "-", kb / 65536, "< 64 MB", kb < 65536)
with open(out + "/bench/build.json", "w") as f:
    json.dump(raw, f, indent=1)
shutil.rmtree(work)
