# SPDX-License-Identifier: Apache-2.0
# What tests/bench/node.sh measures, in the folder and the namespaces that it made.
import hashlib, json, os, shutil, socket, subprocess, sys, time

from measure import by_turns, compare, keep, limit, peak, run

out = os.path.abspath(sys.argv[1])
ROUNDS = int(os.environ.get("ROUNDS", 9))
TOOL, LOOP, HERE = out + "/tests/stand-in/fips-tool", out + "/bench/tool_loop", os.getcwd()
MB = 1 << 20
# name: MB of its program, about as Kubernetes ships them; named so that no program that
# is installed here is another one of the name
HOST = {"kubelet": 118, "kubeadm": 45, "kubectl": 46, "containerd": 50, "ctr": 26,
        "containerd-shim-runc-v2": 9, "runc": 10, "crictl": 30, "bridge": 4}
IMAGES = {"kube-apiserver": 122, "kube-controller-manager": 116, "kube-proxy": 43,
          "kube-scheduler": 49, "etcd": 24}
RUNNING = ["kubelet", "containerd", "containerd-shim-runc-v2", "containerd-shim-runc-v2",
           "runc"]
HOST = {"bench-" + name: size for name, size in HOST.items()}
IMAGES = {"bench-" + name: size for name, size in IMAGES.items()}
RUNNING = ["bench-" + name for name in RUNNING] + list(IMAGES)
PROCESSES = 200
children = []


def put(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)
    return hashlib.sha256(data).hexdigest()


def program(path, size):
    """It sleeps, and is of that size."""
    with open(shutil.which("sleep"), "rb") as f:
        sleep = f.read()
    digest = put(path, sleep + os.urandom(size * MB - len(sleep)), 0o755)
    return {"sha256": digest, "size": size * MB, "mode": "0755"}


def blob(data):
    digest = hashlib.sha256(data).hexdigest()
    put("containerd/io.containerd.content.v1.content/blobs/sha256/" + digest, data)
    return digest


def snapshot(n, path):
    return f"{HERE}/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/{n}/fs{path}"


def host_component(name, size):
    path = f"{HERE}/bin/{name}"
    return {"name": name, "version": "1", "presence": "required",
            "source": {"type": "file", "name": name, "size": 1, "sha256": "0" * 64},
            "files": [{"path": path, "kind": "host", **program(path, size)}]}


def image_component(n, name, size):
    """Two layers, unpacked and as blobs; the second has the program."""
    path = "/usr/local/bin/" + name
    put(snapshot(2 * n, "/etc/os-release"), b"ID=distroless\n")
    file = {"path": path, "kind": "image", **program(snapshot(2 * n + 1, path), size)}
    layers = [blob(os.urandom(s)) for s in (2 * MB, size * MB // 3)]
    manifest = {"layers": [{"digest": "sha256:" + d} for d in layers]}
    return {"name": name, "version": "1", "presence": "optional", "files": [file],
            "source": {"type": "image", "name": name, "size": 1, "sha256": "0" * 64,
                       "image": {"reference": name, "config": blob(name.encode()),
                                 "manifest": blob(json.dumps(manifest).encode())}}}


def sign(name, components, services=()):
    manifest = {"format": "fips-manifest/1", "el": "8", "kubernetes": "v1.21.3", "arch": "x86_64",
                "revision": 1, "created": "2021-08-25T00:00:00Z",
                "components": sorted(components, key=lambda c: c["name"])}
    if services:
        manifest["services"] = list(services)
    with open(name + ".json", "w") as f:
        f.write(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    subprocess.run(["gpg", "--batch", "-q", "--digest-algo", "SHA256", "--clearsign",
                    name + ".json"], check=True)


def start(*command):
    children.append(subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def tool(name, *options, status=0):
    return run([TOOL, "--quiet", "--keyring", "bench.asc", "--containerd-root",
                HERE + "/containerd", *options, name + ".json.asc"], status)


def loop(threads):
    with open("list") as f:
        return run([LOOP, "hash", str(threads)], stdin=f)


def gpgv(fips):
    """What it does at its start alone, on a kernel in FIPS mode or on another one."""
    with open("/proc/sys/crypto/fips_enabled", "w") as f:
        f.write(fips)
    return run(["gpgv", "--version"])


def the_node():
    components = [host_component(*h) for h in HOST.items()]
    components += [image_component(i, *im) for i, im in enumerate(IMAGES.items())]
    sign("node", components)
    names = [os.path.join(d, f) for top in ("bin", "containerd")
             for d, _, files in os.walk(HERE + "/" + top) for f in files]
    names = sorted((n for n in names if not n.endswith("os-release")), key=os.path.getsize,
                   reverse=True)
    with open("list", "w") as f:
        f.write("".join(n + "\n" for n in names))
    paths = {c["name"]: c["files"][0]["path"] for c in components}
    for i, name in enumerate(IMAGES):
        paths[name] = snapshot(2 * i + 1, paths[name])
    for name in RUNNING:
        start(paths[name], "600")
    while len([p for p in os.listdir("/proc") if p.isdigit()]) < PROCESSES:
        start("sleep", "600")
    time.sleep(0.5)
    return sum(map(os.path.getsize, names)) // MB


def measure_node():
    what = f"a node: 9 files, 5 images ({the_node()} MB), {PROCESSES} processes"
    cores = os.cpu_count()
    many, bare, nice, one, plain, fips = by_turns(
        "node", ROUNDS, lambda: tool("node"), lambda: loop(cores), lambda: tool("node", "--nice"),
        lambda: loop(1), lambda: gpgv("0"), lambda: gpgv("1"))  # which leaves it in FIPS mode
    compare(f"{what}: bare EVP loop, {cores} threads", many.wall, bare.wall, 1.15)
    compare(f"{what}, CPU", many.cpu, bare.cpu, 1.15)
    compare("the same, --nice, CPU: bare EVP loop, 1 thread", nice.cpu, one.cpu, 1.05,
            floor=("the bare loop and gpgv's self-tests in FIPS mode", one.cpu + fips.cpu - plain.cpu))
    limit("memory, the same node", peak([TOOL, "--keyring", "bench.asc", "--containerd-root",
                                         HERE + "/containerd", "node.json.asc"]), 64, "MB")


# ---- TLS ----


def connections():
    """That were accepted in this network namespace so far."""
    with open("/proc/net/snmp") as f:
        names, values = (line.split() for line in f if line.startswith("Tcp:"))
    return int(values[names.index("PassiveOpens")])


def wait_for_port(port):
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("no server")


def probe(what, port, *server):
    start(*server)
    wait_for_port(port)
    service = {"name": "api", "port": port, "component": "bench-api"}
    api = host_component("bench-api", 1)
    sign(f"port{port}", [api], [service])
    sign(f"no{port}", [api])
    before = connections()
    tool(f"port{port}", status=1)  # it accepts more than FIPS approves
    used = connections() - before
    seen, without = by_turns(what, ROUNDS, lambda: tool(f"port{port}", status=1),
                             lambda: tool(f"no{port}"))
    limit(f"TLS probing: {what}, connections", used, 60, "connections")
    limit(f"TLS probing: {what}, time", seen.wall - without.wall, 0.5, "s")


def measure_tls():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"], check=True,
                   stderr=subprocess.DEVNULL)
    probe("openssl s_server, its defaults", 6443, "openssl", "s_server", "-quiet", "-accept",
          "127.0.0.1:6443", "-cert", "cert.pem", "-key", "key.pem")
    with open("nginx.conf", "w") as f:
        f.write(f"daemon off; pid {HERE}/pid; error_log stderr; events {{}} http {{ access_log off; "
                + "".join(f"{t}_temp_path {HERE}/t; " for t in
                          ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
                + f"server {{ listen 127.0.0.1:6444 ssl; ssl_certificate {HERE}/cert.pem; "
                f"ssl_certificate_key {HERE}/key.pem; ssl_protocols TLSv1.2 TLSv1.3; }} }}")
    probe("nginx, its defaults", 6444, "nginx", "-p", HERE, "-c", HERE + "/nginx.conf")


try:
    measure_node()
    measure_tls()
finally:
    keep(out, "node")
    for child in children:
        child.kill()
    for child in children:
        child.wait()
