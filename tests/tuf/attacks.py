# SPDX-License-Identifier: Apache-2.0
"""attacks: each attack of the specification's list (1.0.34, section 1.5.2), each known
bug of other clients, each kind of bad input, against build/tests/tuf-client.

    attacks.py CLIENT [PART-OF-A-NAME]

Every refusal is one line on stderr that names the role and the rule (sim.Client.run
holds it to one line), leaves the state as it was, and stands beside the happy case.
"""
import fcntl
import json
import os
import subprocess
import sys
import time

from conformance import start
from sim import TESTS, Client, Key, Repo, equal, in_days, main, says, test

TESTS.clear()  # conformance's own run there


def refused(client, text, trusted=None, status=None):
    """Refuses with these words, and trusts what it trusted before."""
    before = client.trusted()
    equal(client.refresh() if status is None else status, 1)
    says(client, text)
    if trusted != "changed":
        equal(client.trusted(), before if trusted is None else trusted)


def good(name):
    repo, c = start(name)
    equal(c.refresh(), 0)
    return repo, c


# ---- the specification's list ----


@test()
def arbitrary_installation(name):
    # someone without keys answers with a repository of their own
    repo, c = good(name)
    other = Repo()
    for role in ("timestamp", "snapshot", "targets"):
        other.publish(role)
        repo.files[role] = other.files[role]
    other.publish("timestamp")
    refused(c, "timestamp: signed by 0 of the 1 keys")
    repo.files["root"].append(other.files["root"][0].replace(b'"version": 1',
                                                             b'"version": 2'))
    refused(c, "root 2: by the keys of root 1: signed by 0 of the 1 keys")


@test(("root", "2.root.json", "root 2"), ("timestamp", "timestamp.json", "timestamp"),
      ("snapshot", "2.snapshot.json", "snapshot 2"),
      ("targets", "2.targets.json", "targets 2"))
def endless_data(name, path, said):
    repo, c = good(name)
    repo.publish_all()

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(200000):
                handler.wfile.write(b"x" * 1000)
        except OSError:
            pass

    repo.answers[path] = endless
    begin = time.monotonic()
    refused(c, "the server sends more than is allowed here", "changed")
    says(c, said)
    assert time.monotonic() - begin < 50


@test(("timestamp", 16384), ("snapshot", 2000000), ("targets", 5000000))
def length_limits(name, limit):
    role = {16384: "timestamp", 2000000: "snapshot"}.get(limit, "targets")
    repo, c = good(name)
    repo.publish_all()
    last = repo.files[role][-1]
    repo.files[role][-1] = last + b" " * (limit + 1 - len(last))
    refused(c, "the server sends more than is allowed here", "changed")
    repo.files[role][-1] = last + b" " * (limit - len(last))
    equal(c.refresh(), 0)


@test()
def length_limit_of_root(name):
    repo, c = good(name)
    repo.publish("root")
    last = repo.files["root"][-1]
    repo.files["root"][-1] = last + b" " * (512001 - len(last))
    refused(c, "root 2")
    repo.files["root"][-1] = last + b" " * (512000 - len(last))
    equal(c.refresh(), 0)
    equal(c.version("root"), 2)


@test()
def announced_length_holds(name):
    repo, c = good(name)
    repo.with_hashes = True
    repo.publish_all()
    repo.files["targets"][-1] += b" "
    refused(c, "targets 2: ", "changed")
    repo.files["targets"][-1] = repo.files["targets"][-1][:-2]
    refused(c, "targets 2: it has ", "changed")
    repo.snapshot["meta"]["targets.json"]["length"] = 5000001
    repo.publish("snapshot", "timestamp")
    refused(c, "targets 2: 5000001 bytes are announced, the limit is 5000000", "changed")


@test()
def endless_target(name):
    repo, c = start(name)
    repo.target("targets", "file", b"content")
    repo.publish_all()
    repo.artifacts["file"] = b"content and more of it"
    equal(c.download("file"), 1)
    says(c, "target 'file': ")
    says(c, "the server sends more than is allowed here")
    repo.artifacts["file"] = b"cont"
    equal(c.download("file"), 1)
    says(c, "it has 4 bytes, and 7 are what is signed")
    repo.artifacts["file"] = b"CONTENT"
    equal(c.download("file"), 1)
    says(c, "its SHA-256 is not the one that is signed")
    equal(c.downloaded(), [])
    repo.artifacts["file"] = b"content"
    equal(c.download("file"), 0)


@test()
def extraneous_dependencies(name):
    # a role cannot vouch for more than was delegated to it, whatever it lists
    repo, c = start(name)
    repo.delegate("targets", "el8", ["manifests/*/manifest-el8-*"])
    repo.target("el8", "manifests/v1/manifest-el8-x86_64.json.asc", b"mine")
    repo.target("el8", "manifests/v1/manifest-el7-x86_64.json.asc", b"not mine")
    repo.target("el8", "tool/fips-tool", b"not mine either")
    repo.publish("el8", "targets", "snapshot", "timestamp")
    equal(c.download("manifests/v1/manifest-el8-x86_64.json.asc"), 0)
    for path in ("manifests/v1/manifest-el7-x86_64.json.asc", "tool/fips-tool"):
        equal(c.download(path), 1)
        says(c, "no role vouches for the target '%s'" % path)
    equal(c.downloaded(), [b"mine"])


@test(("timestamp", "timestamp"), ("snapshot", "snapshot"), ("targets", "targets"))
def fast_forward(name, role):
    # a stolen key raised a version very high; keys are replaced, versions go back
    repo, c = start(name)
    repo.role[role]["version"] = (1 << 53) - 2
    order = {"targets": "snapshot timestamp", "snapshot": "timestamp", "timestamp": ""}
    repo.root["consistent_snapshot"] = False
    repo.publish("root")
    repo.publish(role, *order[role].split())
    equal(c.refresh(), 0)
    equal(c.version(role), (1 << 53) - 1)
    for r in ("timestamp", "snapshot"):
        repo.rotate(r)
    repo.rotate(role)
    repo.publish("root")
    repo.role[role]["version"] = 5
    repo.publish("targets", "snapshot", "timestamp")
    equal(c.refresh(), 0)
    equal(c.version(role), 6)


@test()
def version_beyond_what_json_carries(name):
    repo, c = good(name)
    repo.timestamp["version"] = 1 << 53
    repo.publish("timestamp")
    refused(c, "timestamp: 'version': ")


@test(("timestamp", 8), ("snapshot", 15), ("targets", 22), ("root", 29))
def indefinite_freeze(name, day):
    # a server that keeps serving what was good once is noticed at the first expiry
    repo, c = start(name)
    for role, days in (("timestamp", 7), ("snapshot", 14), ("targets", 21), ("root", 28)):
        repo.role[role]["expires"] = in_days(max(days, 0) if days >= day - 1 else 60)
    repo.publish("root", "targets", "snapshot", "timestamp")
    equal(c.refresh(), 0)
    equal(c.refresh(at=day - 2), 0)
    equal(c.refresh(at=day), 1)
    says(c, " expired on ")


@test()
def malicious_mirror(name):
    # keyless, it can only stop serving: what was trusted stays, errors say whose fault
    repo, c = good(name)
    repo.target("targets", "file", b"content")
    repo.publish_all()
    for path in ("timestamp.json", "2.snapshot.json", "2.targets.json"):
        repo.answers[path] = lambda h: h.send_error(503)
        refused(c, "the server answers 503, not 200", "changed")
        del repo.answers[path]
    equal(c.download("file"), 0)
    repo.artifacts["file"] = b"another"
    os.unlink(os.path.join(c.out, "file"))
    equal(c.download("file"), 1)
    equal(c.downloaded(), [])


@test()
def mix_and_match(name):
    # targets of one time beside the snapshot of another
    repo, c = start(name, consistent=False)
    repo.publish_all()
    repo.publish_all()
    new = repo.files["targets"]
    repo.files["targets"] = new[:2]
    equal(c.refresh(), 1)
    says(c, "targets 3: its version is 2, and 3 is what is signed")
    repo.files["targets"] = new
    repo.files["snapshot"].pop()
    c = Client(repo, name + "b")
    equal(c.init(), 0)
    equal(c.refresh(), 1)
    says(c, "snapshot 3: its version is 2, and 3 is what is signed")


@test()
def mix_and_match_under_one_version(name):
    # the same version twice, signed both times: the digest that is signed decides
    repo, c = start(name)
    repo.with_hashes = True
    repo.target("targets", "file", b"one")
    repo.publish_all()
    other = repo.signed("targets", dict(repo.targets, custom="other"))
    repo.files["targets"][-1] = json.dumps(other).encode()
    equal(c.refresh(), 1)
    says(c, "targets 2: ")


@test()
def rollback_of_a_delegated_role(name):
    repo, c = start(name)
    repo.delegate("targets", "role")
    repo.target("role", "file", b"new")
    repo.publish("role", "targets", "snapshot", "timestamp")
    repo.publish("role", "snapshot", "timestamp")
    equal(c.download("file"), 0)
    equal(c.version("role"), 2)
    repo.snapshot["meta"]["role.json"]["version"] = 1
    repo.publish("snapshot", "timestamp")
    equal(c.download("file"), 1)
    says(c, "snapshot 4: 'role.json': rolled back from version 2 to 1")
    equal(c.version("role"), 2)


@test()
def key_compromise_of_one_below_the_threshold(name):
    repo, c = start(name)
    repo.root["roles"]["targets"]["threshold"] = 2
    stolen = repo.signers["targets"][0]
    repo.add_key("targets")
    repo.publish("root")
    repo.publish_all()
    equal(c.refresh(), 0)
    repo.signers["targets"] = [stolen]
    repo.target("targets", "file", b"evil")
    repo.publish_all()
    equal(c.download("file"), 1)
    says(c, "targets 3: signed by 1 of the 2 keys that are needed")
    equal(c.version("targets"), 2)


@test()
def key_compromise_ends_with_a_new_root(name):
    repo, c = good(name)
    stolen = repo.signers["timestamp"][0]
    repo.rotate("timestamp")
    repo.publish("root", "timestamp")
    equal(c.refresh(), 0)
    repo.signers["timestamp"] = [stolen]
    repo.publish("timestamp")
    refused(c, "timestamp: signed by 0 of the 1 keys")


@test()
def wrong_software(name):
    # the right signature on another target's bytes
    repo, c = start(name)
    repo.target("targets", "manifests/v1.21.3/m", b"version 3")
    repo.target("targets", "manifests/v1.21.4/m", b"version 4")
    repo.publish_all()
    one = repo.artifacts["manifests/v1.21.3/m"]
    repo.artifacts["manifests/v1.21.3/m"] = repo.artifacts["manifests/v1.21.4/m"]
    equal(c.download("manifests/v1.21.3/m"), 1)
    repo.artifacts["manifests/v1.21.3/m"] = one
    equal(c.download("manifests/v1.21.3/m"), 0)
    equal(c.downloaded(), [b"version 3"])


# ---- known bugs of other clients ----


@test()
def the_same_key_under_two_ids(name):
    repo, c = good(name)
    key = repo.signers["timestamp"][0]
    twin = Key()
    twin.private, twin.public = key.private, dict(key.public)
    repo.add_key("timestamp", twin.rename("the-same-key"))
    repo.root["roles"]["timestamp"]["threshold"] = 2
    repo.publish("root", "timestamp")
    refused(c, "timestamp: signed by 1 of the 2 keys", "changed")
    # nor in another spelling of the same key
    for form in ("point", "der", "compressed"):
        twin.public = dict(key.public, keyval={"public": key.text(form)})
        repo.root["keys"]["the-same-key"] = twin.public
        repo.publish("root", "timestamp")
        refused(c, "timestamp: signed by 1 of the 2 keys", "changed")
    repo.add_key("timestamp")
    repo.publish("root", "timestamp")
    equal(c.refresh(), 0)


@test(("zero", 0), ("negative", -1), ("text", "1"), ("real", 1.5), ("true", True))
def threshold_is_no_positive_number(name, threshold):
    repo, c = good(name)
    for role in ("root", "timestamp"):
        repo.root["roles"][role]["threshold"] = threshold
        repo.root["version"] += 1
        body = json.dumps(repo.root)
        signatures = []
        if not isinstance(threshold, float):
            signatures = repo.signed("root")["signatures"]
        repo.put("root", ('{"signatures": %s, "signed": %s}'
                          % (json.dumps(signatures), body)).encode())
        refused(c, "root 2: ")
        repo.files["root"].pop()
        repo.root["version"] -= 1
        repo.root["roles"][role]["threshold"] = 1


@test()
def threshold_of_a_delegation_is_zero(name):
    repo, c = good(name)
    repo.delegate("targets", "role")
    repo.targets["delegations"]["roles"][0]["threshold"] = 0
    repo.target("role", "file", b"content")
    repo.signers["role"] = []
    repo.publish("role", "targets", "snapshot", "timestamp")
    equal(c.download("file"), 1)
    says(c, "targets 2: delegation 'role': 'threshold': 0 is not from 1")


@test()
def root_n_plus_2(name):
    repo, c = good(name)
    repo.publish("root")
    repo.publish("root")
    repo.files["root"][1] = repo.files["root"][2]
    refused(c, "root 2: its version is 3")


@test()
def root_of_another_name(name):
    # 2.root.json that is signed well, but is version 1 again
    repo, c = good(name)
    repo.files["root"].append(repo.files["root"][0])
    refused(c, "root 2: its version is 1")


@test()
def expired_root_in_the_middle_of_a_chain(name):
    repo, c = good(name)
    repo.root["expires"] = in_days(-3)
    repo.publish("root")
    repo.root["expires"] = in_days(30)
    repo.publish("root")
    equal(c.refresh(), 0)
    equal(c.version("root"), 3)


@test()
def timestamp_is_not_kept_before_its_check(name):
    repo, c = good(name)
    old = c.bytes("timestamp")
    repo.timestamp["expires"] = in_days(-1)
    repo.publish("timestamp")
    refused(c, "timestamp 2: expired on")
    equal(c.bytes("timestamp"), old)
    repo.timestamp["meta"]["snapshot.json"]["version"] = 0
    repo.timestamp["expires"] = in_days(1)
    repo.publish("timestamp")
    refused(c, "timestamp: ")
    equal(c.bytes("timestamp"), old)


@test()
def equal_timestamp_version_with_bad_content(name):
    # not newer: not looked into, and no reason to fail either
    repo, c = good(name)
    repo.timestamp["version"] = 0
    repo.timestamp["expires"] = in_days(-9)
    repo.publish("timestamp")
    old = c.bytes("timestamp")
    equal(c.refresh(), 0)
    equal(c.bytes("timestamp"), old)


@test()
def terminating_delegation(name):
    repo, c = start(name)
    repo.delegate("targets", "first", ["a*"], terminating=True)
    repo.delegate("targets", "second", ["*"])
    repo.target("second", "abc", b"second's abc")
    repo.target("second", "xyz", b"second's xyz")
    repo.publish("first", "second", "targets", "snapshot", "timestamp")
    equal(c.download("abc"), 1)
    equal(repo.asked[4:], [("first", 1)])
    equal(c.download("xyz"), 0)


@test(*[(repr(role), role) for role in (
    "..%2F..%2Fx", "../../x", "/etc/x", "..", ".", "a/../../b", "x\nX-Header: 1",
    "\u202etxt.nosj", "x" * 200, "\u00e9" * 33)])
def role_names_stay_in_the_state_folder(name, role):
    repo, c = start(name)
    repo.delegate("targets", role)
    repo.target(role, "file", b"content")
    repo.publish(role, "targets", "snapshot", "timestamp")
    before = sorted(os.listdir(c.dir)), sorted(os.listdir("."))
    equal(c.download("file"), 0)
    equal((sorted(os.listdir(c.dir)), sorted(os.listdir("."))), before)
    equal(c.version(role), 1)


@test(("ASCII", "x" * 201), ("encoded", "\u00e9" * 34))
def role_name_that_no_file_may_have(name, role):
    repo, c = good(name)
    repo.delegate("targets", role)
    repo.publish(role, "targets", "snapshot", "timestamp")
    refused(c, "is longer than 200 bytes as the name of a file", "changed")


@test(("root", "root"), ("timestamp", "timestamp"), ("snapshot", "snapshot"),
      ("targets", "targets"))
def delegation_to_a_top_level_name(name, role):
    repo, c = good(name)
    key = Key()
    repo.targets["delegations"] = {"keys": {key.id: key.public}, "roles": [
        {"name": role, "keyids": [key.id], "threshold": 1, "terminating": False,
         "paths": ["*"]}]}
    repo.publish_all()
    refused(c, "targets 2: a delegation to '%s', a top-level role" % role, "changed")


@test()
def two_delegations_to_one_name(name):
    repo, c = good(name)
    repo.delegate("targets", "role", ["a*"])
    repo.delegate("targets", "role", ["b*"])
    repo.publish("role", "targets", "snapshot", "timestamp")
    refused(c, "targets 2: two delegations to 'role'", "changed")


@test(*[(path, path) for path in ("../x", "../../x", "/x", "a/../../x", "..", "a/..",
                                 "a//b")])
def target_names_stay_in_the_target_folder(name, path):
    repo, c = start(name)
    repo.target("targets", path, b"content")
    repo.publish_all()
    before = sorted(os.listdir(c.dir)), sorted(os.listdir("."))
    c.download(path)
    equal((sorted(os.listdir(c.dir)), sorted(os.listdir("."))), before)


@test()
def delegated_role_that_snapshot_does_not_list(name):
    repo, c = start(name)
    repo.delegate("targets", "role")
    repo.target("role", "file", b"content")
    repo.publish("role")
    del repo.snapshot["meta"]["role.json"]
    repo.publish_all()
    equal(c.download("file"), 1)
    says(c, "snapshot 2 does not list the role 'role'")


@test()
def too_many_delegations(name):
    repo, c = start(name)
    names = ["r%02d" % i for i in range(33)]
    for role in names:
        repo.delegate("targets", role)
    repo.target(names[31], "at-32", b"found")
    repo.target(names[32], "at-33", b"too far")
    repo.publish(*names, "targets", "snapshot", "timestamp")
    equal(c.download("at-32"), 0)
    equal(c.download("at-33"), 1)
    says(c, "target 'at-33': more than 33 roles to ask")


@test()
def many_roots(name):
    repo, c = start(name)
    for _ in range(299):
        repo.publish("root")
    equal(c.refresh(), 0)
    equal(c.version("root"), 257)
    equal(c.refresh(), 0)
    equal(c.version("root"), 300)


@test()
def path_hash_prefixes(name):
    import hashlib
    repo, c = start(name)
    digest = hashlib.sha256(b"file").hexdigest()
    repo.delegate("targets", "wrong", path_hash_prefixes=["%x" % (int(digest[0], 16) ^ 1)])
    repo.delegate("targets", "right", path_hash_prefixes=["zz", digest[:7]])
    repo.target("wrong", "file", b"not this")
    repo.target("right", "file", b"this")
    repo.publish("wrong", "right", "targets", "snapshot", "timestamp")
    equal(c.download("file"), 0)
    equal(c.downloaded(), [b"this"])
    equal(repo.asked[4:], [("right", 1)])


# ---- bad input ----

WRONG = [
    ("empty", b""), ("no JSON", b"not json"), ("truncated", None),
    ("null", b"null"), ("a list", b"[]"), ("a number", b"7"), ("no signed", b"{}"),
    ("an error page", b"<html><body>It works!</body></html>"),
    ("zero bytes", b"\0" * 100), ("bad UTF-8", b'{"signatures": [], "signed": "\xff"}'),
    ("deep", b'{"signed":' + b"[" * 200 + b"]" * 200 + b"}"),
    ("duplicate members", b'{"signed": {}, "signed": {}}'),
    ("signed is text", b'{"signatures": [], "signed": "x"}'),
    ("no type", b'{"signatures": [], "signed": {}}'),
    ("wrong type", b'{"signatures": [], "signed": {"_type": 7}}'),
]


@test(*[(w + " " + r, r, t) for r in ("root", "timestamp", "snapshot", "targets")
        for w, t in WRONG])
def not_metadata(name, role, text):
    repo, c = good(name)
    repo.publish("root", "targets", "snapshot", "timestamp")
    last = repo.files[role][-1]
    repo.files[role][-1] = last[:len(last) // 2] if text is None else text
    equal(c.refresh(), 1)
    says(c, role)
    assert c.version(role) == 1
    repo.files[role][-1] = last
    equal(c.refresh(), 0)
    equal(c.version(role), 2)


def without(key):
    return lambda body: body.pop(key)


def having(**more):
    return lambda body: body.update(more)


@test(*[("%s %s" % (role, what), role, bend)
        for role in ("root", "timestamp", "snapshot", "targets")
        for what, bend in (
            ("without version", without("version")), ("version 0", having(version=0)),
            ("version text", having(version="2")), ("without expires", without("expires")),
            ("expires without Z", having(expires="2033-01-01T00:00:00")),
            ("expires in February", having(expires="2033-02-30T00:00:00Z")),
            ("expires number", having(expires=2000000000)),
            ("without spec_version", without("spec_version")),
            ("spec_version 2", having(spec_version="2.0.0")),
            ("of another role", having(_type="mirrors")))])
def well_signed_but_malformed(name, role, bend):
    repo, c = good(name)
    repo.publish("root", "targets", "snapshot", "timestamp")
    body = json.loads(repo.files[role].pop())["signed"]
    bend(body)
    repo.put(role, repo.signed(role, body))
    equal(c.refresh(), 1)
    says(c, role)
    equal(c.version(role), 1)


@test(("root", "2.root.json", 1), ("timestamp", "timestamp.json", 1),
      ("snapshot", "2.snapshot.json", 2), ("targets", "2.targets.json", 2))
def server_misbehaves(name, path, timestamp):
    repo, c = good(name)
    repo.publish_all()

    def answer(status, body, *headers):
        def send(handler):
            handler.send_response(status)
            for h in headers:
                handler.send_header(*h)
            handler.end_headers()
            handler.wfile.write(body)
        return send

    cases = [
        (answer(500, b"sorry"), "the server answers 500, not 200"),
        (answer(301, b"", ("Location", "/" + name + "/metadata/" + path)),
         "more than 3 redirects"),
        (answer(200, b"{}", ("Content-Length", "50")), "transfer closed"),
        (answer(200, b"5\r\n{}\r\n", ("Transfer-Encoding", "chunked")), ""),
        (answer(200, b"<html>", ("Content-Length", "6")), "line 1: "),
        (answer(302, b"", ("Location", "file:///etc/passwd")), "not followed"),
    ]
    for send, said in cases:
        repo.answers[path] = send
        equal(c.refresh(), 1)
        says(c, path.split(".json")[0].split(".")[-1])
        says(c, said)
        equal(c.version("timestamp"), timestamp)
    repo.answers.clear()
    equal(c.refresh(), 0)


@test(("404", 404), ("410", 410))
def withheld_role_does_not_make_its_targets_unknown(name, status):
    repo, c = start(name)
    repo.delegate("targets", "a", ["folder/*"])
    repo.delegate("targets", "b", ["folder/*"])
    repo.target("b", "folder/file", b"of b")
    repo.target("a", "folder/file", b"of a")
    repo.publish("a", "b", "targets", "snapshot", "timestamp")
    repo.answers["1.a.json"] = lambda handler: handler.send_error(status)
    equal(c.download("folder/file"), 1)
    says(c, "a 1: ")
    says(c, str(status))
    equal(c.downloaded(), [])
    repo.answers.clear()
    equal(c.download("folder/file"), 0)
    equal(c.downloaded(), [b"of a"])


@test()
def server_is_not_there(name):
    repo, c = good(name)
    c.url = "http://127.0.0.1:1/" + name
    refused(c, "root 2: 'http://127.0.0.1:1/")


# ---- the state folder ----


@test(("empty", b""), ("junk", b"junk"), ("truncated", None), ("flipped", "flip"))
def damaged_state_is_fetched_again(name, text):
    repo, c = start(name)
    repo.delegate("targets", "role")
    repo.target("role", "file", b"content")
    repo.publish("role", "targets", "snapshot", "timestamp")
    equal(c.download("file"), 0)
    for role in ("timestamp", "snapshot", "targets", "role"):
        whole = c.bytes(role)
        bad = text
        if text is None:
            bad = whole[:-9]
        elif text == "flip":
            at = whole.index(b'"expires": "2') + 12
            bad = whole[:at] + b"3" + whole[at + 1:]
        with open(c.file(role), "wb") as f:
            f.write(bad)
        repo.asked.clear()
        equal(c.download("file"), 0)
        equal(c.bytes(role), whole)
        assert len(repo.asked) == (2 if role == "timestamp" else 3)


@test(("empty", b""), ("junk", b"junk"), ("unsigned", b'{"signatures":[],"signed":{}}'))
def damaged_root_is_not_replaced_from_the_network(name, text):
    repo, c = good(name)
    repo.asked.clear()
    with open(c.file("root"), "wb") as f:
        f.write(text)
    equal(c.refresh(), 1)
    says(c, "no root to begin with")
    equal(repo.asked, [])
    os.unlink(c.file("root"))
    equal(c.refresh(), 1)
    says(c, "No such file")
    equal(repo.asked, [])
    equal(c.init(), 0)
    equal(c.refresh(), 0)


@test()
def state_of_another_repository_does_not_help(name):
    repo, c = good(name)
    other, d = good(name + "b")
    other.timestamp["version"] = 50
    other.publish_all()
    equal(d.refresh(), 0)
    for role in ("timestamp", "snapshot", "targets"):
        os.replace(d.file(role), c.file(role))
    equal(c.refresh(), 0)
    equal(c.version("timestamp"), 1)


@test()
def state_folder_that_does_not_exist(name):
    repo = Repo()
    c = Client(repo, name)
    c.state = os.path.join(c.dir, "no", "such", "folder")
    equal(c.init(), 1)
    says(c, "cannot create the state folder")
    c.state = os.path.join(c.dir, "made")
    equal(c.init(), 0)
    equal(c.refresh(), 0)
    c.state = os.path.join(c.dir, "trusted.json")
    equal(c.refresh(), 1)
    says(c, "Not a directory")


class Mounted(Client):
    """The client in a mount namespace of its own: its state is copied to a small file
    system, and bent by a shell command before it runs."""

    def __init__(self, client, command):
        self.__dict__.update(client.__dict__)
        self.command = command

    def run(self, *args, at=None):
        script = ("set -e; mount -t tmpfs -o size=64k t out; cp state/* out; cd out; %s; "
                  'cd ..; shift 2; exec "$0" --metadata-dir out "$@"' % self.command)
        command = ["unshare", "-rm", "sh", "-c", script, self.program, "-", "-"]
        done = subprocess.run(command + list(args), capture_output=True, text=True,
                              timeout=60, check=False, cwd=self.dir)
        self.said = done.stderr.strip()
        return done.returncode


@test()
def state_on_a_read_only_file_system(name):
    repo, c = good(name)
    c = Mounted(c, "mount -o remount,ro .")
    equal((c.refresh(), c.said), (0, ""))  # nothing new: nothing to keep
    repo.publish_all()
    equal(c.refresh(), 1)
    says(c, "cannot keep 'timestamp'")
    says(c, "Read-only file system")


@test()
def state_on_a_full_file_system(name):
    repo, c = good(name)
    c = Mounted(c, "dd if=/dev/zero of=fill bs=1k 2>/dev/null || true")
    repo.publish_all()
    equal(c.refresh(), 1)
    says(c, "No space left on device")


@test()
def one_process_at_a_time_uses_the_state(name):
    repo, c = start(name)
    folder = os.open(c.state, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    waiting = subprocess.Popen([c.program, "--metadata-dir", c.state, "--metadata-url",
                                c.url + "/metadata/", "refresh"])
    time.sleep(0.3)
    equal((waiting.poll(), repo.asked), (None, []))
    os.close(folder)
    equal(waiting.wait(60), 0)


@test()
def two_updates_at_once(name):
    repo, c = start(name)
    repo.target("targets", "file", b"content")
    for _ in range(5):
        repo.publish("root", "targets", "snapshot", "timestamp")
    command = [c.program, "--metadata-dir", c.state, "--metadata-url",
               c.url + "/metadata/", "refresh"]
    running = [subprocess.Popen(command) for _ in range(8)]
    equal([p.wait(60) for p in running], [0] * 8)
    equal(c.trusted(), {"root": 6, "timestamp": 6, "snapshot": 6, "targets": 6})


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
