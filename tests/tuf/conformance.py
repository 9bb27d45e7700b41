# SPDX-License-Identifier: Apache-2.0
"""conformance: the scenarios of the TUF project's client tests, made anew.

    conformance.py CLIENT [PART-OF-A-NAME]

Their suite runs from outside against build/tests/tuf-client; this one is ours, needs no
network, and names the file of theirs that each part stands for.
"""
import json
import os
import sys
import urllib.parse

from sim import Client, Key, Repo, equal, in_days, main, test


def start(name, **more):
    repo = Repo(**more)
    client = Client(repo, name)
    equal(client.init(), 0)
    return repo, client


# ---- test_basic ----


@test()
def basic_requests_and_trusted_bytes(name):
    repo, c = start(name)
    equal(repo.asked, [])
    equal(c.refresh(), 0)
    equal(repo.asked, [("root", 2), ("timestamp", None), ("snapshot", 1),
                       ("targets", 1)])
    for role in ("root", "timestamp", "snapshot", "targets"):
        equal(c.bytes(role), repo.files[role][-1])


@test()
def nothing_new_asks_for_root_and_timestamp_alone(name):
    repo, c = start(name)
    equal(c.refresh(), 0)
    repo.asked.clear()
    equal(c.refresh(), 0)
    equal(repo.asked, [("root", 2), ("timestamp", None)])


@test()
def download_refreshes_first(name):
    repo, c = start(name)
    equal(c.download("nonexistent artifact"), 1)
    equal(repo.asked, [("root", 2), ("timestamp", None), ("snapshot", 1),
                       ("targets", 1)])
    equal(len(c.trusted()), 4)


@test()
def invalid_initial_root(name):
    repo = Repo()
    c = Client(repo, name)
    root = json.loads(repo.files["root"][0])
    del root["signed"]["version"]
    c.init(json.dumps(root).encode())
    equal(c.refresh(), 1)
    equal(repo.asked, [])


@test()
def unsigned_initial_root(name):
    repo = Repo()
    c = Client(repo, name)
    root = json.loads(repo.files["root"][0])
    root["signatures"][0]["sig"] = Key().sign(b"something else")
    c.init(json.dumps(root).encode())
    equal(c.refresh(), 1)
    equal(repo.asked, [])


@test(("root", {"root": 1}), ("timestamp", {"root": 2}),
      ("snapshot", {"root": 2, "timestamp": 2}),
      ("targets", {"root": 2, "timestamp": 2, "snapshot": 2}))
def unsigned_metadata(name, trusted):
    role = {1: "root"}.get(trusted["root"], "timestamp")
    role = ("root" if trusted == {"root": 1} else
            ("timestamp", "snapshot", "targets")[len(trusted) - 1])
    repo, c = start(name)
    repo.signers[role].pop()
    repo.publish("root")
    repo.publish_all()
    equal(c.refresh(), 1)
    equal(c.trusted(), trusted)


@test(("root", {"root": 1}), ("snapshot", {"root": 2, "timestamp": 2}),
      ("targets", {"root": 2, "timestamp": 2, "snapshot": 2}))
def version_in_url_and_in_metadata_differ(name, trusted):
    role = {1: "root", 2: "snapshot", 3: "targets"}[len(trusted)]
    repo, c = start(name)
    repo.role[role]["version"] += 1
    repo.publish("root")
    repo.publish_all()
    # the file is at /2.ROLE.json, and that is where the role above must lead
    if role == "targets":
        repo.snapshot["meta"]["targets.json"]["version"] = 2
        repo.files["snapshot"].pop()
        repo.files["timestamp"].pop()
        repo.snapshot["version"], repo.timestamp["version"] = 1, 1
        repo.publish("snapshot", "timestamp")
    if role == "snapshot":
        repo.timestamp["meta"]["snapshot.json"]["version"] = 2
        repo.files["timestamp"].pop()
        repo.timestamp["version"] = 1
        repo.publish("timestamp")
    equal(c.refresh(), 1)
    equal(c.trusted(), trusted)


@test()
def timestamp_content_changes_without_a_new_version(name):
    repo, c = start(name)
    equal(c.refresh(), 0)
    repo.timestamp["meta"]["snapshot.json"]["version"] = 100
    repo.files["timestamp"].clear()
    repo.timestamp["version"] = 0
    repo.publish("timestamp")
    equal(c.refresh(), 0)
    equal(repo.asked[-1], ("timestamp", None))
    equal(json.loads(c.bytes("timestamp"))["signed"]["meta"]["snapshot.json"]["version"],
          1)


@test(("targets", "targets"), ("snapshot", "snapshot"))
def what_the_role_above_does_not_name_is_not_asked_for(name, role):
    repo, c = start(name)
    equal(c.refresh(), 0)
    repo.publish(role)
    if role == "snapshot":
        repo.timestamp["meta"]["snapshot.json"]["version"] = 1
        repo.publish("timestamp")
    equal(c.refresh(), 0)
    equal(repo.asked[-1], ("timestamp", None))
    equal(c.version(role), 1)


@test()
def metadata_hashes(name):
    repo, c = start(name)
    repo.with_hashes = True
    repo.publish_all()
    equal(c.refresh(), 0)
    repo.publish("targets")
    repo.snapshot["meta"]["targets.json"]["hashes"]["sha256"] = "46" * 32
    repo.publish("snapshot", "timestamp")
    equal(c.refresh(), 1)
    equal((c.version("snapshot"), c.version("targets")), (3, 2))


@test()
def bytes_are_kept_as_they_came(name):
    repo, c = start(name)
    repo.files["timestamp"][-1] += b" "
    equal(c.refresh(), 0)
    equal(c.bytes("timestamp"), repo.files["timestamp"][-1])


@test()
def custom_fields(name):
    repo, c = start(name)
    equal(c.refresh(), 0)
    key = Key()
    key.public["extra-field"] = {"a": 1, "b": [True, None, "\u00e9\u20ac\n\t\"\\/"]}
    repo.add_key("root", key.rename())
    repo.root["custom-field"] = "value"
    repo.root["roles"]["root"]["another-field"] = -7
    repo.publish("root")
    equal(c.refresh(), 0)
    equal(c.version("root"), 2)


@test()
def deprecated_keyid_hash_algorithms(name):
    repo, c = start(name)
    repo.root["roles"]["snapshot"]["keyids"].clear()
    repo.signers["snapshot"].clear()
    key = Key()
    key.public["keyid_hash_algorithms"] = "md5"
    repo.add_key("snapshot", key.rename())
    repo.publish("root", "snapshot", "timestamp")
    equal(c.refresh(), 0)
    equal((c.version("root"), c.version("snapshot")), (2, 2))


@test()
def snapshot_404(name):
    repo, c = start(name)
    equal(c.refresh(), 0)
    repo.timestamp["meta"]["snapshot.json"]["version"] += 1
    repo.publish("timestamp")
    equal(c.refresh(), 1)
    equal(repo.asked[-1], ("snapshot", 2))
    equal(c.trusted(), {"root": 1, "timestamp": 2, "snapshot": 1, "targets": 1})


@test()
def targets_404(name):
    repo, c = start(name)
    equal(c.refresh(), 0)
    repo.snapshot["meta"]["targets.json"]["version"] += 1
    repo.publish("snapshot", "timestamp")
    equal(c.refresh(), 1)
    equal(repo.asked[-1], ("targets", 2))
    equal(c.trusted(), {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1})


@test()
def timestamp_404(name):
    repo, c = start(name)
    equal(c.refresh(), 0)
    del repo.files["timestamp"]
    equal(c.refresh(), 1)
    equal(repo.asked[-1], ("timestamp", None))


@test()
def timestamp_is_hung_up_on(name):
    repo, c = start(name)
    equal(c.refresh(), 0)
    repo.answers["timestamp.json"] = lambda handler: None  # not even a status line
    equal(c.refresh(), 1)
    equal(len(c.trusted()), 4)


@test()
def incorrect_metadata_type(name):
    repo, c = start(name)
    repo.add_key("snapshot", repo.signers["timestamp"][0])
    repo.snapshot["meta"] = {"snapshot.json": {"version": 1}}
    repo.publish("root", "snapshot")
    repo.files["timestamp"].append(repo.files["snapshot"].pop())
    equal(c.refresh(), 1)
    equal(c.trusted(), {"root": 2})


@test()
def faketime(name):
    repo, c = start(name)
    repo.root["expires"] = in_days(7)
    repo.publish("root")
    equal(c.refresh(), 0)
    equal(c.refresh(at=6), 0)
    equal(c.refresh(at=8), 1)


@test()
def consistent_snapshot_off(name):
    repo, c = start(name, consistent=False)
    repo.delegate("targets", "role1", ["folder/*"])
    repo.target("role1", "folder/file", b"content")
    repo.publish("role1", "targets", "snapshot", "timestamp")
    equal(c.download("folder/file"), 0)
    equal(repo.asked, [("root", 2), ("timestamp", None), ("snapshot", None),
                       ("targets", None), ("role1", None)])
    equal(repo.fetched, ["folder/file"])


# ---- test_expiration ----


@test()
def root_expired(name):
    repo, c = start(name)
    equal(c.refresh(), 0)
    repo.publish("root")
    repo.root["expires"] = in_days(-1)
    repo.publish("root")
    repo.publish_all()
    equal(c.refresh(), 1)
    equal(c.trusted(), {"root": 3, "timestamp": 1, "snapshot": 1, "targets": 1})


@test()
def expired_local_root_still_leads_to_the_new_one(name):
    repo, c = start(name)
    repo.root["expires"] = in_days(7)
    repo.publish("root")
    equal(c.refresh(), 0)
    repo.root["expires"] = in_days(21)
    repo.publish("root")
    equal(c.refresh(at=18), 0)
    equal(c.version("root"), 3)


@test(("timestamp", {"timestamp": 1, "snapshot": 1, "targets": 1}),
      ("snapshot", {"timestamp": 2, "snapshot": 1, "targets": 1}),
      ("targets", {"timestamp": 2, "snapshot": 2, "targets": 1}))
def role_expired(name, trusted):
    role = ("timestamp", "snapshot", "targets")[sum(trusted.values()) - 3]
    repo, c = start(name)
    equal(c.refresh(), 0)
    repo.role[role]["expires"] = in_days(-5)
    repo.publish_all()
    equal(c.refresh(), 1)
    equal(c.trusted(), dict(trusted, root=1))


@test()
def expired_local_timestamp_still_leads_to_the_new_one(name):
    repo, c = start(name)
    repo.timestamp["expires"] = in_days(7)
    repo.publish("timestamp")
    equal(c.refresh(), 0)
    repo.timestamp["expires"] = in_days(21)
    repo.publish_all()
    equal(c.refresh(at=18), 0)
    equal(c.trusted(), {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2})


@test()
def expired_local_timestamp_still_holds_against_rollback(name):
    repo, c = start(name)
    repo.timestamp["expires"] = in_days(7)
    repo.publish("timestamp")
    equal(c.refresh(), 0)
    repo.timestamp["version"] = 0
    repo.timestamp["expires"] = in_days(21)
    repo.publish("timestamp")
    equal(c.refresh(at=18), 1)
    equal(c.version("timestamp"), 2)


@test(("snapshot",), ("targets",))
def expired_local_role_is_fetched_anew(name):
    for role in ("snapshot", "targets"):
        repo, c = start(name + role)
        repo.role[role]["expires"] = in_days(7)
        repo.publish_all()
        equal(c.refresh(), 0)
        equal(c.refresh(at=8), 1)
        repo.role[role]["expires"] = in_days(21)
        repo.publish_all()
        equal(c.refresh(at=18), 0)
        equal(c.version(role), 3)


# ---- test_delegated_expiration ----


@test()
def delegated_role_expired(name):
    repo, c = start(name)
    repo.delegate("targets", "delegated", ["delegatedpath/*"], days=-1)
    repo.target("delegated", "delegatedpath/target", b"content")
    repo.publish("delegated", "targets", "snapshot", "timestamp")
    equal(c.refresh(), 0)
    equal(c.download("delegatedpath/target"), 1)
    equal(c.downloaded(), [])
    equal(c.trusted(), {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2})


@test(("no newer one", 1), ("a newer one", 0))
def local_delegated_role_expired(name, status):
    repo, c = start(name)
    repo.delegate("targets", "delegated", ["delegatedpath/*"], days=7)
    repo.target("delegated", "delegatedpath/first", b"first")
    repo.target("delegated", "delegatedpath/second", b"second")
    repo.publish("delegated", "targets", "snapshot", "timestamp")
    equal(c.download("delegatedpath/first"), 0)
    if status == 0:
        repo.role["delegated"]["expires"] = in_days(21)
        repo.publish("delegated", "snapshot", "timestamp")
    equal(c.download("delegatedpath/second", at=18), status)
    equal(c.downloaded(), [b"first", b"second"][:2 - status])


# ---- test_rollback ----


@test()
def snapshot_rolls_back_behind_an_old_timestamp(name):
    repo, c = start(name)
    repo.publish("snapshot", "timestamp")
    equal(c.refresh(), 0)
    repo.snapshot["version"] = 0
    repo.publish("snapshot")
    equal(c.refresh(), 0)
    equal(c.version("snapshot"), 2)
    equal(repo.asked[-1], ("timestamp", None))


@test()
def timestamp_rollback(name):
    repo, c = start(name)
    repo.publish("timestamp")
    equal(c.refresh(), 0)
    repo.timestamp["version"] = 0
    repo.publish("timestamp")
    equal(c.refresh(), 1)
    equal(c.version("timestamp"), 2)
    equal(repo.asked[-1], ("timestamp", None))


@test(("basic", False), ("with hashes", True))
def snapshot_rollback(name, hashes):
    repo, c = start(name)
    repo.with_hashes = hashes
    repo.publish("snapshot", "timestamp")
    equal(c.refresh(), 0)
    repo.snapshot["version"] = 0
    repo.publish("snapshot", "timestamp")
    equal(c.refresh(), 1)
    equal((c.version("timestamp"), c.version("snapshot")), (2, 2))
    equal(repo.asked[-1], ("timestamp", None))


@test(("basic", False), ("with hashes", True))
def targets_rollback(name, hashes):
    repo, c = start(name)
    repo.with_hashes = hashes
    repo.publish("targets")
    repo.publish_all()
    equal(c.refresh(), 0)
    equal(c.version("targets"), 3)
    repo.targets["version"] = 0
    repo.publish_all()
    equal(c.refresh(), 1)
    equal((c.version("snapshot"), c.version("targets")), (2, 3))


def fast_forward(name, role, rotate):
    repo, c = start(name)
    for _ in range(98):
        repo.put(role, b"")
    repo.role[role]["version"] = 99
    repo.publish(*[r for r in ("targets", "snapshot", "timestamp")
                   if r == role or role == "targets" or r == "timestamp"])
    if role == "timestamp":
        repo.timestamp["version"] = 100
    equal(c.refresh(), 0)
    equal(c.version(role), 100)
    for r in rotate:
        repo.rotate(r)
    repo.publish("root")
    repo.role[role]["version"] = 0
    repo.files[role].clear()
    return repo, c


@test()
def fast_forward_recovery_of_targets(name):
    repo, c = fast_forward(name, "targets", ["snapshot"])
    repo.publish_all()
    equal(c.refresh(), 0)
    equal(c.version("targets"), 1)


@test()
def fast_forward_recovery_of_snapshot(name):
    repo, c = fast_forward(name, "snapshot", ["snapshot", "timestamp"])
    repo.publish("snapshot", "timestamp")
    equal(c.refresh(), 0)
    equal(c.version("snapshot"), 1)


@test()
def fast_forward_recovery_of_timestamp(name):
    repo, c = fast_forward(name, "timestamp", ["timestamp"])
    repo.publish("timestamp")
    equal(c.refresh(), 0)
    equal(c.version("timestamp"), 1)


@test()
def no_fast_forward_recovery_without_new_keys(name):
    for role in ("targets", "snapshot", "timestamp"):
        repo, c = fast_forward(name + role, role, [])
        repo.publish_all()
        equal(c.refresh(), 1)
        equal(c.version(role), 100)


@test()
def snapshot_newer_than_timestamp_says(name):
    repo, c = start(name)
    repo.snapshot["version"] += 1
    repo.files["snapshot"][0] = json.dumps(repo.signed("snapshot")).encode()
    equal(c.refresh(), 1)
    equal(c.trusted(), {"root": 1, "timestamp": 1})
    equal(repo.asked[-1], ("snapshot", 1))


@test()
def role_vanishes_from_snapshot(name):
    repo, c = start(name)
    repo.delegate("targets", "gone")
    repo.publish("gone", "targets", "snapshot", "timestamp")
    equal(c.refresh(), 0)
    del repo.snapshot["meta"]["gone.json"]
    repo.publish("snapshot", "timestamp")
    equal(c.refresh(), 1)
    equal(c.version("snapshot"), 2)


# ---- test_keys ----


@test()
def snapshot_below_threshold(name):
    repo, c = start(name)
    repo.root["roles"]["snapshot"]["threshold"] = 3
    repo.add_key("snapshot")
    repo.add_key("snapshot")
    repo.publish("root")
    repo.publish_all()
    equal(c.refresh(), 0)
    repo.signers["snapshot"].pop()
    repo.publish_all()
    equal(c.refresh(), 1)
    equal(c.version("snapshot"), 2)


@test()
def snapshot_has_too_few_keys(name):
    repo, c = start(name)
    for _ in range(4):
        repo.add_key("snapshot")
    repo.root["roles"]["snapshot"]["threshold"] = 6
    repo.publish("root", "snapshot", "timestamp")
    equal(c.refresh(), 1)
    equal((c.version("root"), c.version("snapshot")), (2, None))


def twice(files, key):
    """Repeat a key's signature eight times in the last file."""
    md = json.loads(files.pop())
    sig = next(s for s in md["signatures"] if s["keyid"] == key.id)
    md["signatures"] += [sig] * 8
    files.append(json.dumps(md).encode())


@test()
def duplicate_keyids_in_a_role(name):
    repo, c = start(name)
    key = Key()
    for i in range(9):
        repo.add_key("snapshot", key, sign=i == 0)
    repo.root["roles"]["snapshot"]["threshold"] = 6
    repo.publish("root", "snapshot", "timestamp")
    twice(repo.files["snapshot"], key)
    equal(c.refresh(), 1)
    equal(c.version("snapshot"), None)


@test()
def duplicate_keyids_in_signatures(name):
    repo, c = start(name)
    twice(repo.files["snapshot"], repo.signers["snapshot"][0])
    equal(c.refresh(), 1)
    equal(c.version("snapshot"), None)


@test(("rsa", "rsa", "pem"), ("ecdsa", "ecdsa", "pem"), ("ed25519", "ed25519", "hex"),
      ("ecdsa by its old name", "ecdsa-sha2-nistp256", "pem"),
      ("ecdsa as a point", "ecdsa", "point"),
      ("ecdsa as a compressed point", "ecdsa", "compressed"), ("ecdsa as DER", "ecdsa", "der"),
      ("ed25519 as PEM", "ed25519", "spki"), ("rsa as DER", "rsa", "der"))
def keytype_and_scheme(name, kind, form):
    repo, c = start(name)
    key = repo.add_key("root", Key(kind, form))
    repo.root["roles"]["root"]["threshold"] = 2
    repo.publish("root")
    equal(c.refresh(), 0)
    equal(c.version("root"), 2)
    repo.publish("root")
    md = json.loads(repo.files["root"].pop())
    next(s for s in md["signatures"] if s["keyid"] == key.id)["sig"] = key.sign(b"other")
    repo.put("root", md)
    equal(c.refresh(), 1)
    equal(c.version("root"), 2)


@test(("of something else", None), ("empty", ""), ("no hex", "zz"), ("odd", "abc"))
def one_bad_signature_beside_enough_good_ones(name, text):
    repo, c = start(name)
    bad = repo.signers["timestamp"][0]
    repo.add_key("timestamp")
    repo.publish("root", "timestamp")
    md = json.loads(repo.files["timestamp"].pop())
    sig = next(s for s in md["signatures"] if s["keyid"] == bad.id)
    sig["sig"] = bad.sign(b"other") if text is None else text
    repo.put("timestamp", md)
    equal(c.refresh(), 0)


@test(("short", "1"), ("long", "k" * 128), ("words", "the key of the vault"),
      ("upper case", "AB" * 32), ("letters", "\u00e9\u20ac/../#"))
def key_ids_are_any_text(name, keyid):
    repo, c = start(name)
    repo.rotate("snapshot")
    repo.root["roles"]["snapshot"]["keyids"].clear()
    repo.signers["snapshot"].clear()
    repo.add_key("snapshot", Key().rename(keyid))
    repo.publish("root", "snapshot", "timestamp")
    equal(c.refresh(), 0)
    equal(c.version("snapshot"), 2)


# ---- test_updater_key_rotations ----

# keys, threshold, signatures of each root version; the last one's fate
ROOTS = [
    ("1-of-1", 0, [([1], 1, [1]), ([2], 1, [2, 1]), ([2], 1, [2])]),
    ("1-of-1, unused signatures", 0,
     [([1], 1, [3, 1, 4]), ([2], 1, [3, 2, 1, 4]), ([2], 1, [3, 2, 4])]),
    ("3-of-5, different combinations", 0,
     [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 2, 3, 4], 3, [0, 4, 1]),
      ([0, 1, 2, 3, 4], 3, [0, 1, 3]), ([0, 1, 2, 3, 4], 3, [0, 1, 3])]),
    ("3-of-5, one key", 0,
     [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 1])]),
    ("3-of-5, one key, with a step between", 0,
     [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4, 5]),
      ([0, 1, 3, 4, 5], 3, [0, 4, 5])]),
    ("3-of-5, all keys, with a step between", 0,
     [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]),
      ([5, 6, 7, 8, 9], 3, [5, 6, 7])]),
    ("1-of-3 to 2-of-3", 0, [([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [1, 2])]),
    ("2-of-3 to 1-of-3", 0,
     [([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1, 2]), ([1, 2, 3], 1, [1])]),
    ("1-of-1 to 2-of-2", 0, [([1], 1, [1]), ([1, 2], 2, [1, 2])]),
    ("not by the old key", 1, [([1], 1, [1]), ([2], 1, [2, 3, 4])]),
    ("not by the new key", 1, [([1], 1, [1]), ([2], 1, [1, 3, 4])]),
    ("not by 3 new keys", 1,
     [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4])]),
    ("not by 3 old keys", 1,
     [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 5])]),
    ("new threshold not reached", 1, [([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [2])]),
    ("old threshold not reached", 1, [([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1])]),
]

KEYS = [Key() for _ in range(10)]


def set_keys(repo, role, keys, threshold, sigs):
    repo.root["roles"][role] = {"keyids": [], "threshold": threshold}
    for i in keys:
        repo.add_key(role, KEYS[i], sign=False)
    repo.signers[role] = [KEYS[i] for i in sigs]


@test(*ROOTS)
def root_rotation(name, status, versions):
    repo = Repo()
    del repo.files["root"]
    repo.root["version"] = 1
    for keys, threshold, sigs in versions:
        set_keys(repo, "root", keys, threshold, sigs)
        repo.publish("root")
    c = Client(repo, name)
    equal(c.init(), 0)
    equal(c.refresh(), status)
    equal(c.bytes("root"), repo.files["root"][-2 if status else -1])


@test(("1-of-1", 0, [2], 1, [2]), ("1-of-1, unused signatures", 0, [1], 1, [3, 1, 4]),
      ("not by the new key", 1, [2], 1, [1, 3, 4]),
      ("3-of-5, not by 3 of its keys", 1, [0, 1, 3, 4, 5], 3, [0, 2, 4]),
      ("2-of-5 is below 3", 1, [0, 1, 3, 4, 5], 3, [0, 4]),
      ("3-of-5 a", 0, [0, 1, 2, 3, 4], 3, [0, 2, 4]),
      ("3-of-5 b", 0, [0, 1, 2, 3, 4], 3, [0, 4, 1]),
      ("3-of-5 c", 0, [0, 1, 2, 3, 4], 3, [0, 1, 3]),
      ("3-of-5 d", 0, [0, 1, 2, 3, 4], 3, [1, 2, 3]),
      ("3-of-5 e", 0, [0, 1, 2, 3, 4], 3, [2, 3, 4]))
def other_rotation(name, status, keys, threshold, sigs):
    repo, c = start(name)
    for role in ("timestamp", "snapshot", "targets"):
        set_keys(repo, role, keys, threshold, sigs)
        repo.publish("root")
        repo.publish_all()
        equal(c.refresh(), status)
        if status == 0:
            equal(c.bytes(role), repo.files[role][-1])


# ---- test_updater_delegation_graphs ----

A, B, C, D = "ABCD"
GRAPHS = [  # delegator, role, paths or None, terminating; the order of requests
    ("basic", [("targets", A)], "A"),
    ("single level", [("targets", A), ("targets", B)], "AB"),
    ("two levels", [("targets", A), ("targets", B), (B, C)], "ABC"),
    ("two levels, depth first", [("targets", A), ("targets", B), (A, C), (A, D)],
     "ACDB"),
    ("three levels, depth first", [("targets", A), ("targets", B), (A, C), (C, D)],
     "ACDB"),
    ("two levels, terminating",
     [("targets", A), ("targets", B), (A, C, ["*"], True), (A, D)], "AC"),
    ("three levels, terminating",
     [("targets", A), ("targets", B), (A, C, ["*"], True), (C, D)], "ACD"),
    ("two levels, paths that do not match",
     [("targets", A, ["*.py"]), ("targets", B), (A, C)], "B"),
    ("three levels, paths that do not match",
     [("targets", A), ("targets", B), (A, C, ["*.py"]), (C, D)], "AB"),
    ("a cycle", [("targets", A), ("targets", B), (B, C), (C, D), (D, B)], "ABCD"),
    ("two lead to a third", [("targets", A), ("targets", B), (B, C), (A, C)], "ACB"),
    ("two lead to a third by other paths",
     [("targets", A), ("targets", B), (B, C), (A, C, ["*.py"])], "ABC"),
]


def delegate_all(repo, delegations):
    roles = []
    for by, role, *rest in delegations:
        paths, terminating = (rest + [["*"], False])[:2] if len(rest) != 1 \
            else (rest[0], False)
        repo.delegate(by, role, paths, terminating)
        roles += [role] if role not in roles else []
    return roles


@test(*GRAPHS)
def graph_traversal(name, delegations, order):
    repo, c = start(name)
    roles = delegate_all(repo, delegations)
    repo.publish(*roles, "targets", "snapshot", "timestamp")
    equal(c.download("missingpath"), 1)
    equal(repo.asked[4:], [(role, 1) for role in order])
    repo.asked.clear()  # known roles are not fetched again
    equal(c.download("missingpath"), 1)
    equal(repo.asked[2:], [])


@test(("not delegated", "targetfile", True, ""), ("wildcard", "README.md", True, "A"),
      ("separators x", "releases/x/x_v1", True, "BC"),
      ("separators y", "releases/y/y_v1.zip", True, "BD"),
      ("not delegated all the way", "releases/z/z_v1.zip", False, "B"),
      ("no wildcard crosses a separator", "releases/README.md", False, ""),
      ("one letter", "foo-1.tgz", True, "A"),
      ("one letter is not five", "foo-alpha.tgz", False, ""),
      ("upper case is another path", "README.MD", False, ""))
def targetfile_search(name, path, found, order):
    repo, c = start(name)
    roles = delegate_all(repo, [
        ("targets", A, ["*.doc", "*.md", "foo-?.tgz"]), ("targets", B, ["releases/*/*"]),
        (B, C, ["releases/x/*"]), (B, D, ["releases/y/*.zip"])])
    for role, target in (("targets", "targetfile"), (A, "README.md"),
                         (A, "releases/README.md"), (A, "README.MD"), (A, "foo-1.tgz"),
                         (A, "foo-alpha.tgz"), (C, "releases/x/x_v1"),
                         (D, "releases/y/y_v1.zip"), (D, "releases/z/z_v1.zip")):
        repo.target(role, target, b"content of " + target.encode())
    repo.publish(*roles, "targets", "snapshot", "timestamp")
    equal(c.download(path), 0 if found else 1)
    equal(c.downloaded(), [repo.artifacts[path]] if found else [])
    equal(repo.asked[4:], [(role, 1) for role in order])


@test()
def delegated_role_that_snapshot_does_not_list_is_not_asked_for(name):
    repo, c = start(name)
    repo.delegate("targets", A, ["folder/*"])
    repo.publish(A, "targets")
    del repo.snapshot["meta"]["A.json"]
    repo.publish("snapshot", "timestamp")
    equal(c.refresh(), 0)
    repo.asked.clear()
    equal(c.download("folder/file"), 1)
    equal(repo.asked, [("root", 2), ("timestamp", None)])
    equal(c.version(A), None)


@test()
def cached_role_is_verified_against_the_current_delegator(name):
    repo, c = start(name)
    repo.delegate("targets", A, ["a*"])
    repo.delegate("targets", B, ["b*"])
    repo.delegate(A, C, ["a*"])
    repo.delegate(B, C, ["b*"])
    repo.target(C, "a-file", b"of A's C")
    repo.target(C, "b-file", b"of B's C")
    by_a = repo.signers[C].pop(0)
    by_b = repo.signers[C].pop(0)
    repo.signers[C].append(by_a)
    repo.publish(A, B, C, "targets", "snapshot", "timestamp")
    # one run: A's C is good, and does not make it B's
    equal(c.download("a-file", "b-file"), 1)
    equal(c.downloaded(), [b"of A's C"])
    # nor when it lies in the state, nor asked for alone
    equal(c.download("b-file"), 1)
    equal(c.downloaded(), [b"of A's C"])
    # signed by both, it is both's
    repo.signers[C] = [by_b, by_a]
    repo.publish(C, "snapshot", "timestamp")
    equal(c.download("a-file", "b-file"), 0)
    equal(c.downloaded(), [b"of A's C", b"of B's C"])


@test(("1 bit, 0", 1, "boo", "bin-0"), ("1 bit, 1", 1, "too", "bin-1"),
      ("2 bits, 0", 2, "foo", "bin-0"), ("2 bits, 1", 2, "doo", "bin-1"),
      ("2 bits, 2", 2, "too", "bin-2"), ("2 bits, 3", 2, "bar", "bin-3"),
      ("8 bits", 8, "bar", "bin-fc"))
def succinct_roles(name, bits, path, role):
    repo, c = start(name)
    key = Key()
    repo.targets["delegations"] = {
        "keys": {key.id: key.public},
        "succinct_roles": {"keyids": [key.id], "threshold": 1, "bit_length": bits,
                           "name_prefix": "bin"}}
    for i in range(1 << bits):
        bin_name = "bin-%0*x" % ((bits + 3) // 4, i)
        repo.role[bin_name] = {"_type": "targets", "spec_version": "1.0.31",
                               "version": 1, "expires": in_days(9), "targets": {}}
        repo.signers[bin_name] = [key]
        repo.publish(bin_name)
    repo.publish_all()
    equal(c.download(path), 1)
    equal(repo.asked[4:], [(role, 1)])
    equal(c.version(role), 1)


# ---- test_quoting_issues ----


@test(("?", "?"), ("#", "#"), ("slash", "/delegatedrole"), ("up", "../delegatedrole"),
      ("dot", "."), ("dots", ".."), ("percent", "..%2F..%2Fx"), ("space", "a b"),
      ("letters", "\u00e9\u20ac"), ("backslash", "a\\b"))
def unusual_role_name(name, role):
    repo, c = start(name)
    repo.delegate("targets", role)
    repo.publish(role, "targets", "snapshot", "timestamp")
    equal(c.download("nonexistent target"), 1)
    equal(repo.asked[4:], [(urllib.parse.quote(role, safe=""), 1)])
    equal(len(c.trusted()), 5)


# ---- test_file_download ----


@test(("plain", "target_file.txt"), ("in folders", "path/to/a/target_file.txt"),
      ("with odd letters", "path to/v1.21.3+fips.0?#%41/\u00e9.txt"))
def downloads_what_was_asked_for(name, path):
    repo, c = start(name)
    repo.target("targets", path, b"target file contents")
    repo.publish_all()
    equal(c.refresh(), 0)
    equal(c.downloaded(), [])
    equal(c.download(path), 0)
    equal(c.downloaded(), [b"target file contents"])


@test()
def artifact_is_not_fetched_twice(name):
    repo, c = start(name)
    repo.target("targets", "file", b"content")
    repo.publish_all()
    equal(c.download("file"), 0)
    equal(len(repo.fetched), 1)
    equal(c.download("file", "file"), 0)
    equal(len(repo.fetched), 1)


@test()
def repository_substitutes_a_file(name):
    repo, c = start(name)
    repo.target("targets", "one", b"first content")
    repo.target("targets", "two", b"second content")
    repo.publish_all()
    equal(c.download("one"), 0)
    repo.artifacts["one"] = repo.artifacts["two"] = b"malicious data"
    c.download("one")
    equal(c.downloaded(), [b"first content"])
    equal(c.download("two"), 1)
    equal(c.downloaded(), [b"first content"])


@test()
def many_changes_to_a_file(name):
    repo, c = start(name)
    for i in range(11):
        repo.target("targets", "file", b"content %d" % i)
        repo.target("targets", "new-%d" % i, b"new %d" % i)
        repo.publish_all()
        if i % 5:
            continue
        equal(c.download("file", "new-%d" % i), 0)
        equal(c.downloaded()[0], b"content %d" % i)
        repo.artifacts["file"] = b"malicious"
        repo.publish_all()
        c.download("file")
        equal(c.downloaded()[0], b"content %d" % i)
        equal(len(c.downloaded()), 2 + i // 5)


@test(("sha256", ["sha256"]), ("sha512", ["sha512"]), ("both", ["sha256", "sha512"]),
      ("one unknown", ["sha256", "md5"]))
def hash_algorithms(name, algorithms):
    repo, c = start(name)
    repo.target("targets", "file", b"content", algorithms)
    repo.publish_all()
    equal(c.download("file"), 0)
    equal(len(repo.fetched), 1)
    equal(c.downloaded(), [b"content"])
    # every one that is known must fit
    for a in algorithms:
        if a == "md5":
            continue
        repo.target("targets", "other", b"other content", algorithms)
        size = len(repo.targets["targets"]["other"]["hashes"][a])
        repo.targets["targets"]["other"]["hashes"][a] = "0" * size
        repo.publish_all()
        equal(c.download("other"), 1)


@test()
def unknown_hash_algorithm(name):
    repo, c = start(name)
    repo.target("targets", "file", b"content", ["sha512"])
    hashes = repo.targets["targets"]["file"]["hashes"]
    hashes["unknown-hash"] = hashes.pop("sha512")
    repo.publish_all()
    equal(c.download("file"), 1)
    equal(c.downloaded(), [])


@test()
def urls_end_with_a_slash_or_not(name):
    repo, c = start(name)
    repo.target("targets", "folder/file", b"content")
    repo.publish_all()
    equal(c.run("--metadata-url", c.url + "/metadata", "--target-name", "folder/file",
                "--target-base-url", c.url + "/targets", "--target-dir", c.out,
                "download"), 0)
    equal(c.downloaded(), [b"content"])


@test()
def folders_may_have_odd_names(name):
    repo = Repo()
    c = Client(repo, name)
    for folder in ("state", "out"):
        odd = os.path.join(c.dir, "%s of #1?%%41 'x' \u00e9" % folder)
        os.mkdir(odd)
        setattr(c, folder, odd)
    repo.target("targets", "a/file", b"content")
    repo.publish_all()
    equal(c.init(), 0)
    equal(c.download("a/file"), 0)
    equal(c.downloaded(), [b"content"])
    equal(len(c.trusted()), 4)


# ---- test_static_repositories ----
# Theirs are repositories that others made. Ours is read by another client, and another's
# by ours, in tests/cli/tuf-*.sh; the forms that such repositories use stand here.


@test()
def signers_who_have_not_signed_yet_and_fields_of_their_tool(name):
    repo = Repo()
    for key in repo.root["keys"].values():
        key["x-tool-keyowner"] = "@somebody"
    for part in (repo.root, *repo.root["roles"].values()):
        part.update({"x-tool-expiry-period": 7300, "x-tool-signing-period": 60})
    repo.delegate("targets", "delegatedrole", terminating=True,
                  paths=["delegatedrole/*", "delegatedrole/*/*", "delegatedrole/*/*/*"])
    late = repo.add_key("delegatedrole", by="targets", sign=False)
    repo.target("delegatedrole", "delegatedrole/a/file", b"content",
                custom={"tool": {"status": "Active", "uri": "https://example.org/#"}})
    repo.publish("root", "delegatedrole", "targets", "snapshot", "timestamp")
    for role, absent in (("root", Key()), ("delegatedrole", late)):
        md = json.loads(repo.files[role].pop())
        md["signatures"].append({"keyid": absent.id, "sig": ""})
        repo.put(role, json.dumps(md).encode())
    c = Client(repo, name)
    equal(c.init(repo.files["root"][-1]), 0)
    equal(c.refresh(), 0)
    equal(c.download("delegatedrole/a/file"), 0)
    equal(c.downloaded(), [b"content"])
    equal(c.bytes("root"), repo.files["root"][-1])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
