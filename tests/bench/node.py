# SPDX-License-Identifier: Apache-2.0
# What tests/bench/node.sh measures, in the folder and the namespaces that it made.
import hashlib, json, os, resource, shutil, socket, statistics, subprocess, sys, time

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
raw, children = {}, []


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
    done = subprocess.run([TOOL, "--quiet", "--keyring", "bench.asc", "--containerd-root",
                           HERE + "/containerd", *options, name + ".json.asc"],
                          stdout=subprocess.PIPE)
    if done.returncode != status:
        sys.exit(f"fips-tool ended with {done.returncode}:\n{done.stdout.decode()}")


def loop(threads):
    with open("list") as f:
        subprocess.run([LOOP, "hash", str(threads)], check=True, stdin=f)


def gpgv(fips):
    """What it does at its start alone, on a kernel in FIPS mode or on another one."""
    with open("/proc/sys/crypto/fips_enabled", "w") as f:
        f.write(fips)
    subprocess.run(["gpgv", "--version"], check=True, stdout=subprocess.DEVNULL)


def cost(f, *args, **options):
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    f(*args, **options)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def by_turns(name, *calls):
    """Medians of (wall, CPU) of each call, which take turns."""
    seen = [[] for _ in calls]
    for _ in range(ROUNDS):
        for i, call in enumerate(calls):
            seen[i].append(cost(call))
    raw[name] = seen
    return [tuple(map(statistics.median, zip(*one))) for one in seen]


def row(what, ours, peer, ratio, goal, unit="x"):
    print(f"{what} | {ours} | {peer} | {ratio:.3g} {unit} | at most {goal:g} {unit} | "
          f"{'yes' if ratio <= goal else 'NO'}", flush=True)


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
        "node", lambda: tool("node"), lambda: loop(cores), lambda: tool("node", "--nice"),
        lambda: loop(1), lambda: gpgv("0"), lambda: gpgv("1"))  # which leaves it in FIPS mode
    row(f"{what}: bare EVP loop, {cores} threads", f"{many[0]:.3f} s", f"{bare[0]:.3f} s",
        many[0] / bare[0], 1.15)
    row(f"{what}, CPU", f"{many[1]:.3f} s", f"{bare[1]:.3f} s", many[1] / bare[1], 1.15)
    row("the same, --nice, CPU: bare EVP loop, 1 thread", f"{nice[1]:.3f} s",
        f"{one[1]:.3f} s", nice[1] / one[1], 1.05)
    tests = fips[1] - plain[1]
    row(f"the same without gpgv's self-tests in FIPS mode ({tests:.3f} s)",
        f"{nice[1] - tests:.3f} s", f"{one[1]:.3f} s", (nice[1] - tests) / one[1], 1.05)
    code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout="
            "subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    peak = int(subprocess.run([sys.executable, "-c", code, TOOL, "--keyring", "bench.asc",
                               "--containerd-root", HERE + "/containerd", "node.json.asc"],
                              check=True, stdout=subprocess.PIPE).stdout) / 1024
    raw["memory"] = peak
    row("memory, the same node", f"{peak:.0f} MB", "64 MB", peak / 64, 1)


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
    seen, without = by_turns(what, lambda: tool(f"port{port}", status=1),
                             lambda: tool(f"no{port}"))
    row(f"TLS probing: {what}, connections", used, 60, used / 60, 1)
    row(f"TLS probing: {what}, time", f"{seen[0] - without[0]:.3f} s", "0.5 s",
        (seen[0] - without[0]) / 0.5, 1)


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
    with open(out + "/bench/node.json", "w") as f:
        json.dump(raw, f, indent=1)
    for child in children:
        child.kill()
    for child in children:
        child.wait()
