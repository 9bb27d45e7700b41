# SPDX-License-Identifier: Apache-2.0
# What tests/bench/tool.sh measures.
#
# What limits it:
# - large files, warm: SHA-256 itself. A bare loop around OpenSSL takes 0.82 of what xargs
#   -n1 takes, so 0.80 is beyond what hashing every byte once allows here. xargs without -n
#   gives all 16 names to one process, which leaves a core idle.
# - 50,000 small files, 0.32 s: 1.4 of xargs that gives a process as many names as fit
#   (0.23), 0.94 of xargs -n500 (0.35); 1.2 of reading them by xargs cat (0.27), 2.3 and 3.6
#   of a C loop that reads, in one thread (0.14) and in two (0.09).
#   gpgv over the manifest of 11 MB takes 0.08 of it (a look-up of strchr(3) a byte; nothing of
#   the manifest is parsed before it is verified, so the other core waits), a bare EVP loop 0.15.
#   These two one after the other are the floor: 0.99 of xargs, 2.5 of reading in two threads.
#   So against these two peers the goals, 0.75 and 1.8, cannot be reached by what verifies
#   first; against xargs -n500 and one reading thread the floor would, and 0.09 s are in
#   between. All stay in the table, with the floor beneath. What lies between: the manifest is
#   read, cut and handed to gpgv (0.014), parsed and held against what would be written again
#   (0.035); digesting has fstat twice and fgetxattr beside the bare loop (0.16 to 0.19;
#   fgetxattr 0.01 of it); telling takes 0.017.
#   Tried and left: a table of descriptors for each thread (5 % of the digesting, but what a
#   worker opens and closes is then its own), memory that malloc keeps, or in huge pages (as
#   many page faults less, no time), descriptors of the parent folders (nothing: openat2 beneath
#   the root costs what openat does).
import hashlib, json, os, shutil, subprocess, sys, tempfile

from measure import by_turns, compare, keep, limit, peak, row, run, seconds

out = os.path.abspath(sys.argv[1])
ROUNDS = int(os.environ.get("ROUNDS", 5))
work = tempfile.mkdtemp(prefix="bench-", dir=out)
home = tempfile.mkdtemp(prefix="fb-", dir="/tmp")  # gpg's sockets take no long path
os.environ["GNUPGHOME"] = home
os.environ["PATH"] = out + "/bin:" + os.environ["PATH"]
LOOP = out + "/bench/tool_loop"


def shell(text):
    return run("cd " + work + "; " + text)


def against(what, ours, peers, floor=None):
    """Medians of wall; peers: (name, cost, goal)."""
    for name, cost, goal in peers:
        compare(f"{what}: {name}", ours.wall, cost.wall, goal, floor=floor)


# The programs of a control-plane node with v1.21.3, MB, in the order of a manifest; half as much again
# makes it more than 1 GB.
NODE = {"/opt/cni/bin/dhcp": 10, "/usr/bin/containerd": 50, "/usr/bin/containerd-shim-runc-v2": 11,
        "/usr/bin/coredns": 43, "/usr/bin/crictl": 30, "/usr/bin/ctr": 27, "/usr/bin/etcd": 24,
        "/usr/bin/etcdctl": 18, "/usr/bin/kube-apiserver": 122, "/usr/bin/kube-controller-manager": 116,
        "/usr/bin/kube-proxy": 43, "/usr/bin/kube-scheduler": 47, "/usr/bin/kubeadm": 45,
        "/usr/bin/kubectl": 46, "/usr/bin/kubelet": 118, "/usr/bin/runc": 10}


def tree(name, sizes):
    """A node root with files of random content, its signed manifest, lists of names in its order and
    with the largest first."""
    root = f"{work}/{name}"
    os.makedirs(root + "/etc")
    with open(root + "/etc/os-release", "w") as f:
        f.write("ID=rhel\nVERSION_ID=8.4\n")
    files = []
    for path, size in sorted(sizes.items()):
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        data = os.urandom(size)
        with open(root + path, "wb") as f:
            f.write(data)
        os.chmod(root + path, 0o644)
        files.append({"path": path, "kind": "host", "mode": "0644", "size": size,
                      "sha256": hashlib.sha256(data).hexdigest()})
    manifest = {"format": "fips-manifest/1", "el": "8", "kubernetes": "v1.21.3", "arch": "x86_64",
                "revision": 1, "created": "2021-08-25T00:00:00Z",
                "components": [{"name": "kubelet", "version": "1", "presence": "required",
                                "source": {"type": "file", "name": "kubelet", "size": 1,
                                           "sha256": "0" * 64},
                                "files": files}]}
    with open(f"{work}/{name}.json", "w") as f:
        f.write(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    shell(f"gpg --batch -q --digest-algo SHA256 --clearsign {name}.json")
    with open(f"{work}/{name}.list", "w") as f:
        f.write("".join(root + path + "\n" for path in sorted(sizes)))
    with open(f"{work}/{name}.largest", "w") as f:
        f.write("".join(root + path + "\n" for path in sorted(sizes, key=sizes.get, reverse=True)))


def ours(name):
    return lambda: shell(f"fips-tool --quiet --keyring key.asc --root {name} {name}.json.asc")


def peer(command, name, order="list"):
    return lambda: shell(f"{command} <{name}.{order}")


def loop(how, name):
    return peer(f"{LOOP} {how}", name, "largest")


def gpgv_alone(name):
    """What fips-tool lets gpgv do: the text of the manifest, its signature beside it."""
    shell(f"gpg --batch -q --digest-algo SHA256 --textmode --output {name}.sig "
          f"--detach-sign {name}.json")
    return lambda: shell(f"gpgv --quiet --keyring ./key.gpg {name}.sig {name}.json")


def aide(name):
    """A database of digests alone, then a check of it."""
    with open(f"{work}/{name}.aide", "w") as f:
        f.write(f"database_in=file:{work}/{name}.db\ndatabase_out=file:{work}/{name}.db\n"
                f"num_workers=2\nreport_url=file:/dev/null\n{work}/{name}/opt sha256\n{work}/{name}/usr sha256\n")
    shell(f"aide --config {name}.aide --init")
    return lambda: shell(f"aide --config {name}.aide --check")


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as f:
        f.write("1\n")


try:
    shell("gpg --batch -q --pinentry-mode loopback --passphrase '' --quick-gen-key bench@example rsa3072 "
          "sign never; gpg --batch -q --armor --export >key.asc; gpg --batch -q --export >key.gpg")
    tree("large", {path: mb * 3 << 19 for path, mb in NODE.items()})
    tree("small", {f"/usr/bin/d{i % 100:02}/f{i:05}": 4096 for i in range(50000)})
    fast, xargs, one, two, aided, bare = by_turns(
        "large", ROUNDS, ours("large"), peer("xargs -P2 -n1 openssl dgst -sha256", "large"),
        loop("hash 1", "large"), loop("hash 2", "large"), aide("large"),
        peer("xargs -P2 openssl dgst -sha256", "large"))
    what = "1.1 GB in 16 programs, warm"
    against(what, fast, [
        ("xargs -P2 openssl dgst (one process: all names fit it)", bare, 0.80),
        ("xargs -P2 -n1 openssl dgst (a process a file)", xargs, 0.80), ("one EVP thread", one, 0.60),
        ("aide --check, 2 workers", aided, 0.30), ("bare EVP loop, 2 threads", two, 1.10)],
        floor=("a bare EVP loop, 2 threads", two.wall))
    compare(what + ", CPU: bare EVP loop", fast.cpu, two.cpu, 1.10)
    large = f"{work}/large"
    limit("memory, 1.1 GB in 16 programs",
          peak(["fips-tool", "--keyring", work + "/key.asc", "--root", large, large + ".json.asc"]), 64, "MB")
    fast, many, xargs, packed, reads, read_one, cat, gpgv, bare = by_turns(
        "small", ROUNDS, ours("small"), loop("many 2", "small"),
        peer("xargs -P2 -n500 openssl dgst -sha256", "small"),
        peer("xargs -P2 openssl dgst -sha256", "small"), loop("read 2", "small"),
        loop("read 1", "small"), peer("xargs -P2 cat", "small"), gpgv_alone("small"),
        loop("hash 2", "small"))
    what = "50,000 files of 4 KB, warm"
    against(what, fast, [
        ("xargs -P2 openssl dgst (as many names a process as fit)", packed, 0.75),
        ("xargs -P2 -n500 openssl dgst", xargs, 0.75), ("reading, xargs -P2 cat", cat, 1.8),
        ("reading, a C loop of 1 thread", read_one, 1.8), ("reading, a C loop of 2 threads", reads, 1.8)],
        floor=("gpgv over the manifest, then a bare EVP loop", gpgv.wall + bare.wall))
    for part, cost in ("gpgv over the manifest", gpgv), ("digesting", many), ("a bare EVP loop", bare):
        row(f"{what}: {part} alone", seconds(cost.wall))
    if os.access("/proc/sys/vm/drop_caches", os.W_OK):
        fast, reads = by_turns("cold", ROUNDS, ours("large"), loop("read 2", "large"), prepare=drop_caches)
        against("1.1 GB in 16 programs, cold cache", fast, [("a pass that only reads", reads, 1.2)])
finally:
    keep(out, "tool")
    subprocess.run(["gpgconf", "--kill", "all"], check=False)
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
