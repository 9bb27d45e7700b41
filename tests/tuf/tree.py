# SPDX-License-Identifier: Apache-2.0
"""tree: a published tree as files, out of sim's repository, at several times.

    tree.py OUT KEYRING MANIFEST.asc... : NEWER.asc...

Makes OUT/root.json (version 1), OUT/1 with the first manifests, OUT/2 with the newer
ones in their place, each a folder with metadata/ and targets/. A manifest's EL, version,
architecture and revision are read from its text.
"""
import json
import os
import sys

from sim import Key, Repo


def fields(path):
    with open(path, encoding="ascii") as f:
        text = f.read()
    text = text[text.index("\n{") + 1:text.index("\n-----BEGIN PGP SIGNATURE")]
    m = json.loads(text)
    return {k: m[k] for k in ("el", "kubernetes", "arch", "revision")}


def add(repo, path, **more):
    custom = fields(path)
    role = "el" + custom["el"].split(".")[0]
    if role not in repo.role:
        repo.delegate("targets", role, ["manifests/*/manifest-%s-*" % role,
                                        "manifests/*/manifest-%s.*-*" % role], True)
    target = "manifests/%(kubernetes)s/manifest-el%(el)s-%(arch)s.json.asc" % custom
    with open(path, "rb") as f:
        repo.target(role, target, f.read(), custom=dict(custom, **more))
    return role


def write(repo, folder):
    for role, files in repo.files.items():
        for number, text in enumerate(files, 1):
            name = "%d.%s.json" % (number, role)
            put(os.path.join(folder, "metadata", name), text)
    put(os.path.join(folder, "metadata", "timestamp.json"), repo.files["timestamp"][-1])
    for role in repo.role.values():
        for path, target in role.get("targets", {}).items():
            head, _, last = path.rpartition("/")
            put(os.path.join(folder, "targets", head,
                             target["hashes"]["sha256"] + "." + last),
                repo.artifacts[path])


def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def main(out, keyring, *paths):
    repo = Repo()
    with open(keyring, "rb") as f:
        repo.target("targets", "keys/release.asc", f.read())
    first, newer = " ".join(paths).split(" : ")
    roles = [add(repo, p) for p in first.split()]
    repo.publish(*sorted(set(roles)), "targets", "snapshot", "timestamp")
    put(os.path.join(out, "root.json"), repo.files["root"][0])
    write(repo, os.path.join(out, "1"))
    roles = [add(repo, p, withdrawn=[{"revision": 1, "reason": "the wrong containerd"}])
             for p in newer.split()]
    repo.add_key("timestamp", Key())
    repo.publish("root", *sorted(set(roles)), "snapshot", "timestamp")
    write(repo, os.path.join(out, "2"))


main(*sys.argv[1:])
