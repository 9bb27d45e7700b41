# SPDX-License-Identifier: Apache-2.0
# What tests/bench/server.sh measures: medians of ROUNDS, ours and nginx by turns, each
# server on the first core and the load on the second.
import json, os, re, resource, signal, socket, statistics, subprocess, sys, tempfile, time
import urllib.request

out = sys.argv[1]
ROUNDS, SECONDS = int(os.environ.get("ROUNDS", 5)), os.environ.get("SECONDS_EACH", "2")
MANY = int(os.environ.get("MANIFESTS", 10000))
os.environ["PATH"] += ":/usr/sbin"
dir = tempfile.mkdtemp(prefix="bench-")
raw = {}
started = []
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def path(name):
    return os.path.join(dir, name)


def fill(store, *args):
    subprocess.run([out + "/tests/store_fill", store, *map(str, args)], check=True)


def serve(store, *args):
    """A pinned fips-manifestd: process, port, seconds of CPU until it serves."""
    p = subprocess.Popen(["taskset", "-c", "0", out + "/bin/fips-manifestd", "--store", store,
                          "--listen", "127.0.0.1:0", "--per-address", "0",
                          "--connections", "12000", *args],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    started.append(p)
    port = int(p.stdout.readline().decode().rsplit(":", 1)[1].rstrip("/\n"))
    with open(f"/proc/{p.pid}/stat") as f:
        ticks = f.read().rsplit(")", 1)[1].split()[11:13]
    return p, port, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def stop(p):
    p.send_signal(signal.SIGTERM)
    assert p.wait(20) == 0
    started.remove(p)


def fetch(port, target):
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{target}").read()


def nginx(tree):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    conf = path("nginx.conf")
    with open(conf, "w") as f:
        f.write(f"""
daemon off; pid {dir}/nginx.pid; error_log {dir}/nginx.log; worker_processes 1;
user root; worker_rlimit_nofile 20000;
events {{ worker_connections 16000; }}
http {{
	access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
	open_file_cache max=20000 inactive=600s; open_file_cache_valid 600s;
	default_type application/json;
	server {{ listen 127.0.0.1:{port} backlog=4096; root {tree}; }}
}}
""")
    p = subprocess.Popen(["taskset", "-c", "0", "nginx", "-c", conf],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started.append(p)
    for _ in range(100):
        try:
            fetch(port, "/index.json")
            return p, port
        except OSError:
            time.sleep(0.05)
    sys.exit("bench: nginx does not start: " + open(f"{dir}/nginx.log").read())


def wrk(port, target, *args, script=None):
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c64", f"-d{SECONDS}s", "--latency", *args]
    if script:
        command += ["-s", script]
    text = subprocess.run(command + [f"http://127.0.0.1:{port}{target}"],
                          capture_output=True, text=True, check=True).stdout
    unit = {"us": 1e-3, "ms": 1, "s": 1e3}
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    size = re.search(r"Transfer/sec:\s+([\d.]+)(\w+)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return {"rps": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
            "p99": float(p99[1]) * unit[p99[2]],
            "bytes": float(size[1]) * {"KB": 1e3, "MB": 1e6, "GB": 1e9, "B": 1}[size[2]],
            "bad": int(bad[1]) if bad else 0}


def line(work, ours, peer, ratio, goal, reached):
    print(f"{work} | {ours} | {peer} | {ratio} | {goal} | {'yes' if reached else 'NO'}", flush=True)


def against(work, key, mine, theirs, goals):
    """Medians by turns; goals: {"rps": at least, "p99": at most, "bytes": at least}."""
    results = {"ours": [], "peer": []}
    for _ in range(ROUNDS):
        results["ours"].append(wrk(*mine))
        results["peer"].append(wrk(*theirs))
    raw[key] = results
    assert not any(r["bad"] for r in results["ours"] + results["peer"]), results
    for what, goal in goals.items():
        ours, peer = (statistics.median(r[what] for r in results[k]) for k in ("ours", "peer"))
        scale, unit = {"rps": (1, "requests/s"), "p99": (1, "ms p99"), "bytes": (1e-6, "MB/s")}[what]
        ratio = ours / peer
        line(work, f"{ours * scale:.4g} {unit}", f"nginx {peer * scale:.4g}", f"{ratio:.2f} x",
             f"{'at most' if what == 'p99' else 'at least'} {goal} x",
             ratio <= goal if what == "p99" else ratio >= goal)


def speed():
    store, tool = path("small.db"), path("tool")
    with open(tool, "wb") as f:
        f.write(os.urandom(6 << 20))
    fill(store, 0, 1, tool)
    fill(store, 1, 1, "-", 7)
    p, port, _ = serve(store)
    names = ["/index.json", "/manifests/v1.0.0/manifest-el8-x86_64.json.asc",
             "/manifests/v1.1.0/manifest-el8-x86_64.json.asc", "/tool/fips-tool-1.0.0-linux-x86_64"]
    tree = path("tree")
    for name in names:
        os.makedirs(os.path.dirname(tree + name), exist_ok=True)
        with open(tree + name, "wb") as f:
            f.write(fetch(port, name))
    os.chmod(dir, 0o755)
    n, nport = nginx(tree)
    index, m64, m30, tool = names
    size = lambda name: f"{os.path.getsize(tree + name) / 1024:.0f} KB"

    def tag(at):
        return urllib.request.urlopen(f"http://127.0.0.1:{at}{index}").headers["ETag"]
    against(f"GET of {size(index)}", "get1k", (port, index), (nport, index), {"rps": 1.25, "p99": 0.7})
    against(f"GET of {size(m64)}", "get64k", (port, m64), (nport, m64), {"rps": 1.05, "p99": 0.5})
    against(f"GET of {size(m30)}", "get30k", (port, m30), (nport, m30), {"rps": 0.9})
    against(f"GET of {size(tool)}", "get6m", (port, tool), (nport, tool), {"bytes": 1.3})
    against("304", "304", (port, index, "-H", f"If-None-Match: {tag(port)}"),
            (nport, index, "-H", f"If-None-Match: {tag(nport)}"), {"rps": 1.25})
    against("a connection a request", "close", (port, index, "-H", "Connection: close"),
            (nport, index, "-H", "Connection: close"), {"rps": 0.9})
    stop(n)
    stop(p)


def resident(p):
    with open(f"/proc/{p.pid}/smaps_rollup") as f:
        return int(re.search(r"Pss:\s+(\d+) kB", f.read())[1]) * 1024


def scale():
    store = path("many.db")
    fill(store, 0, MANY, path("tool"))
    p, port, cpu = serve(store)
    body = int(re.search(r"body_bytes (\d+)", fetch(port, "/metrics").decode().split("# TYPE fips_manifestd_body_bytes")[1])[1])
    memory = resident(p)
    line(f"start with {MANY} manifests", f"{cpu:.2f} s CPU", "-", "-", "under 2 s", cpu < 2)
    line(f"memory with {MANY} manifests", f"{memory / 1e6:.0f} MB", f"bodies {body / 1e6:.0f} MB",
         f"{memory / body:.2f} x", "at most 1.10 x", memory <= body * 1.1)
    conns = [socket.create_connection(("127.0.0.1", port)) for _ in range(10000)]
    time.sleep(1)
    fetch(port, "/healthz")
    more = resident(p) - memory
    line("10,000 idle connections", f"{more / 1e6:.0f} MB", "-", "-", "at most 60 MB", more <= 60e6)
    for c in conns:
        c.close()
    digests = path("digests.lua")
    signed = fetch(port, f"/manifests/v1.{MANY // 2}.0/manifest-el8-x86_64.json.asc").decode()
    listed = re.findall(r'"sha256": "([0-9a-f]{64})"', signed)
    with open(digests, "w") as f:
        f.write("local d = {" + ",".join(f'"/digests/{d}"' for d in listed) + "}\nlocal i = 0\n"
                "request = function() i = i % #d + 1; return wrk.format(nil, d[i]) end\n")
    results = [wrk(port, "/", script=digests) for _ in range(ROUNDS)]
    p99 = statistics.median(r["p99"] for r in results)
    rps = statistics.median(r["rps"] for r in results)
    line(f"/digests of {MANY} manifests", f"{p99:.3f} ms p99 at {rps:.0f}/s", "-", "-", "under 1 ms p99", p99 < 1)
    took = []
    for i in range(ROUNDS):
        fill(store, MANY + i, 1)
        begin, target = time.monotonic(), f"/manifests/v1.{MANY + i}.0/manifest-el8-x86_64.json.asc"
        while True:
            try:
                fetch(port, target)
                break
            except urllib.error.HTTPError:
                time.sleep(0.002)
        took.append((time.monotonic() - begin) * 1e3)
        time.sleep(2)
    ms = statistics.median(took)
    line("one more is visible after", f"{ms:.0f} ms", "-", "-", "under 100 ms", ms < 100)
    raw["scale"] = {"cpu": cpu, "memory": memory, "body": body, "idle": more, "digests": results,
                    "publish_ms": took}
    stop(p)


try:
    speed()
    scale()
finally:
    for p in list(started):
        p.terminate()
        p.wait()
    with open(out + "/bench/server.json", "w") as f:
        json.dump(raw, f, indent=1)
    subprocess.run(["rm", "-rf", dir])
