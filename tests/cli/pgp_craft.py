#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pgp_craft TEXT DIR: keys and signatures that gpg does not make, packet by packet.

Each case of tests/cli/pgp-crafted.sh becomes DIR/NAME.gpg, a keyring, and DIR/NAME.asc,
TEXT as it is signed. The arithmetic is right everywhere unless a name says "bad"; what
is odd is what the packets say (RFC 9580 sections 5.2 and 5.5). RSA 3072, three keys: P
is the pinned primary, S a subkey of it, Q a stranger.
"""
import base64
import hashlib
import os
import struct
import sys
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

CREATED = 1767225600  # 2026-01-01, of the keys
SHA1, SHA224, SHA512 = 2, 11, 10
DIGESTS = {SHA1: ("sha1", hashes.SHA1), SHA224: ("sha224", hashes.SHA224),
           SHA512: ("sha512", hashes.SHA512)}
TEXT, POSITIVE, SUBKEY, BACK, DIRECT, REVOKE, REVOKE_SUB = 1, 0x13, 0x18, 0x19, 0x1F, 0x20, 0x28
CERTIFY, SIGN, ENCRYPT = 1, 2, 12


def u32(n):
    return struct.pack(">I", n)


def length(n):
    if n < 192:
        return bytes([n])
    if n < 8384:
        return bytes([((n - 192) >> 8) + 192, (n - 192) & 255])
    return b"\xff" + u32(n)


def packet(tag, body):
    return bytes([0xC0 | tag]) + length(len(body)) + body


def old_packet(tag, body):
    return bytes([0x80 | tag << 2 | 2]) + u32(len(body)) + body


def mpi(n):
    return struct.pack(">H", n.bit_length()) + n.to_bytes((n.bit_length() + 7) // 8, "big")


def sub(kind, data, critical=False):
    body = bytes([kind | (0x80 if critical else 0)]) + data
    return length(len(body)) + body


def date(t):
    return sub(2, u32(t))


def flags(n):
    return sub(27, bytes([n]))


def notation(value, kind=b"\x80\0\0\0", name=b"a@example.org"):
    return kind + struct.pack(">HH", len(name), len(value)) + name + value


class Key:
    def __init__(self, created=CREATED):
        self.secret = rsa.generate_private_key(65537, 3072)
        n = self.secret.public_key().public_numbers()
        self.body = b"\x04" + u32(created) + b"\x01" + mpi(n.n) + mpi(n.e)
        self.hashed = b"\x99" + struct.pack(">H", len(self.body)) + self.body
        self.fpr = hashlib.sha1(self.hashed).digest()
        self.id = self.fpr[12:]

    def sign(self, kind, data, digest=SHA512, hashed=None, unhashed=None, extra=b"",
             created=CREATED + 60, bad=False, number=None):
        """The body of a signature packet; `extra` joins the hashed subpackets; `number`
        stands instead of the right one."""
        if hashed is None:
            hashed = sub(33, b"\x04" + self.fpr) + date(created) + extra
        if unhashed is None:
            unhashed = sub(16, self.id)
        head = bytes([4, kind, 1, digest]) + struct.pack(">H", len(hashed)) + hashed
        name, algorithm = DIGESTS[digest]
        value = hashlib.new(name, data + head + b"\x04\xff" + u32(len(head))).digest()
        if number is None:
            number = int.from_bytes(self.secret.sign(
                value, padding.PKCS1v15(), utils.Prehashed(algorithm())), "big")
        return (head + struct.pack(">H", len(unhashed)) + unhashed + value[:2] +
                mpi(number ^ (1 << 77 if bad else 0)))


def over_uid(key, uid):
    return key.hashed + b"\xb4" + u32(len(uid)) + uid


def bind(key, part, use=SIGN, back=SHA512, by=None, anonymous=False, **how):
    """A subkey's binding; back: digest of the signature that it makes back, 0 for none."""
    names = {"hashed": date(CREATED), "unhashed": b""} if anonymous else {}
    extra = flags(use)
    both = key.hashed + part.hashed
    if back:
        extra += sub(32, (by or part).sign(BACK, both, digest=back, **names))
    return key.sign(SUBKEY, both, extra=extra, **how)


UID = b"crafted <crafted@example.org>"


def cert(key, uid=UID, use=CERTIFY | SIGN, binding=None, direct=b"", extra=b""):
    """A certificate; binding: of the subkey S; direct: packets behind the primary key."""
    out = packet(6, key.body) + direct
    out += packet(13, uid) + packet(2, key.sign(POSITIVE, over_uid(key, uid), extra=flags(use) + extra))
    return out + (packet(14, S.body) + packet(2, binding) if binding else b"")


P, S, Q = Key(), Key(), Key()
GOOD = cert(P)
text = open(sys.argv[1], encoding="ascii").read()
signed = text.rstrip("\n").replace("\n", "\r\n").encode()


def sig(key, **how):
    return packet(2, key.sign(how.pop("kind", TEXT), signed, **how))


def crc24(data):
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc = crc << 1 ^ (0x1864CFB if crc & 0x800000 else 0)
    return (crc & 0xFFFFFF).to_bytes(3, "big")


def put(name, ring, packets, digests="SHA512"):
    data = base64.b64encode(packets).decode()
    lines = "".join(data[i:i + 64] + "\n" for i in range(0, len(data), 64))
    lines += "=" + base64.b64encode(crc24(packets)).decode() + "\n"
    with open(f"{sys.argv[2]}/{name}.gpg", "wb") as f:
        f.write(ring)
    with open(f"{sys.argv[2]}/{name}.asc", "w", encoding="ascii") as f:
        f.write(f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: {digests}\n\n{text}"
                f"-----BEGIN PGP SIGNATURE-----\n\n{lines}-----END PGP SIGNATURE-----\n")


def keys():
    part = lambda **how: cert(P, use=CERTIFY, binding=bind(P, S, **how))
    put("primary", GOOD, sig(P))
    put("subkey", part(), sig(S))
    put("no-back-signature", part(back=0), sig(S))
    put("back-signature-sha1", part(back=SHA1), sig(S))
    put("back-signature-by-another", part(by=Q), sig(S))
    put("back-signature-of-no-name", part(anonymous=True), sig(S))
    put("back-signature-by-another-before", part(by=Q) + packet(2, bind(P, S, created=CREATED + 99)), sig(S))
    put("primary-and-back-signature-by-another", cert(P, binding=bind(P, S, by=Q)), sig(S))
    put("subkey-encrypts", part(use=ENCRYPT), sig(S))
    put("subkey-bound-sha1", part(digest=SHA1), sig(S))
    put("subkey-of-another", cert(P, use=CERTIFY, binding=bind(Q, S)), sig(S))
    put("subkey-unbound", GOOD + packet(14, S.body), sig(S))
    put("primary-certifies", cert(P, use=CERTIFY), sig(P))
    put("no-self-signature", packet(6, P.body) + packet(13, UID), sig(P))
    direct = lambda **how: packet(2, P.sign(DIRECT, P.hashed, **how))
    put("direct", cert(P, direct=direct(extra=flags(3))), sig(P))
    put("direct-sha1", packet(6, P.body) + direct(digest=SHA1, extra=flags(3)), sig(P))
    put("direct-sha1-prolongs", cert(P, extra=sub(9, u32(3600)), direct=direct(
        digest=SHA1, created=CREATED + 7200, extra=flags(3) + sub(9, u32(1 << 30)))), sig(P))
    revoker = direct(extra=flags(3) + sub(12, b"\x80\x01" + Q.fpr))
    by_another = revoker + packet(2, Q.sign(REVOKE, P.hashed))
    put("designated-revoker-alone", cert(P, direct=revoker), sig(P))
    put("designated-revoker", cert(P, direct=by_another), sig(P))
    put("designated-revoker-here", cert(P, direct=by_another) + cert(Q), sig(P))
    superseded = sub(29, b"\x01superseded")
    put("revoked-softly", cert(P, direct=packet(2, P.sign(
        REVOKE, P.hashed, created=CREATED + 99999, extra=superseded))), sig(P))
    both = P.hashed + S.hashed
    put("subkey-revoked-softly", part() + packet(2, P.sign(
        REVOKE_SUB, both, created=CREATED + 99999, extra=superseded)), sig(S))
    put("subkey-revoked-sha1", part() + packet(2, P.sign(REVOKE_SUB, both, digest=SHA1)), sig(S))
    put("subkey-bound-again", part() + packet(2, P.sign(REVOKE_SUB, both, created=CREATED + 99)) +
        packet(2, bind(P, S, created=CREATED + 9999)), sig(S))
    revocations(part)
    twice(part)
    selfsig = lambda uid=UID, **how: packet(13, uid) + packet(2, P.sign(POSITIVE, over_uid(P, uid), **how))
    life = lambda seconds: flags(3) + sub(9, u32(seconds))
    put("direct-sha1-newer", packet(6, P.body) + direct(extra=life(3600)) + direct(
        digest=SHA1, created=CREATED + 7200, extra=life(1 << 30)) + selfsig(extra=life(3600)), sig(P))
    put("prolonged", packet(6, P.body) + selfsig(extra=life(3600)) +
        packet(2, P.sign(POSITIVE, over_uid(P, UID), created=CREATED + 5000, extra=life(1 << 30))), sig(P))
    put("shortened", packet(6, P.body) + selfsig(extra=life(1 << 30)) +
        packet(2, P.sign(POSITIVE, over_uid(P, UID), created=CREATED + 5000, extra=life(3600))), sig(P))
    second = lambda extra: selfsig(uid=b"b", created=CREATED + 120, extra=extra)
    put("uids-newer-prolongs", packet(6, P.body) + selfsig(extra=life(3600)) + second(life(1 << 30)), sig(P))
    put("uids-newer-shortens", packet(6, P.body) + selfsig(extra=life(1 << 30)) + second(life(3600)), sig(P))
    put("uids-newer-certifies", packet(6, P.body) + selfsig(extra=flags(3)) + second(flags(1)), sig(P))
    put("no-flags", packet(6, P.body) + selfsig(), sig(P))
    put("empty-flags", packet(6, P.body) + selfsig(extra=sub(27, b"")), sig(P))
    flagged = lambda extra, **how: cert(P, use=CERTIFY, binding=P.sign(SUBKEY, P.hashed + S.hashed, extra=extra, **how))
    back = lambda **how: sub(32, S.sign(BACK, P.hashed + S.hashed, **how))
    put("flags-twice", flagged(flags(SIGN) + flags(ENCRYPT) + back(digest=SHA1)), sig(S))
    put("flags-not-signed", flagged(flags(ENCRYPT), unhashed=sub(16, P.id) + flags(SIGN) + back()), sig(S))
    put("back-signature-not-signed", flagged(flags(SIGN), unhashed=sub(16, P.id) + back()), sig(S))
    put("back-signatures-two", flagged(flags(SIGN) + back(digest=SHA1) + back(bad=True)), sig(S))
    put("back-signature-bad", flagged(flags(SIGN) + back(bad=True)), sig(S))
    put("subkey-of-version-5", GOOD + packet(14, b"\x05" + S.body[1:]), sig(P))
    put("old-headers", old_packet(6, P.body) + old_packet(13, UID) + old_packet(2, P.sign(
        POSITIVE, over_uid(P, UID), extra=flags(3))), old_packet(2, P.sign(TEXT, signed)))
    put("trailing-text", GOOD + b"text", sig(P))
    put("trailing-half", GOOD + packet(13, UID)[:-3], sig(P))
    put("uid-empty", cert(P, uid=b""), sig(P))
    put("uid-hostile", cert(P, uid=b"a\x1b[2J\r\n[GNUPG:] GOODSIG 0 \xe2\x80\xae\xff\0%s%n"), sig(P))
    put("uid-of-100-kb", cert(P, uid=b"x" * 100000), sig(P))
    put("key-of-version-6", GOOD + packet(6, b"\x06" + Q.body[1:]), sig(P))
    fake = lambda i: packet(2, bytes([4, 0x10, 1, 10, 0, 6]) + date(CREATED + i) + b"\0\x0a" +
                            sub(16, os.urandom(8)) + b"ab" + mpi(1 << 800 | i))
    put("flooded", cert(P) + b"".join(map(fake, range(5000))), sig(P))
    many = lambda n: b"".join(packet(14, b"\x04" + u32(CREATED + i) + S.body[5:]) for i in range(n))
    put("subkeys-250", GOOD + many(250), sig(P))
    put("subkeys-300", GOOD + many(300), sig(P))


def revocations(part):
    """What gpg passes over, and what it takes all the same."""
    both = P.hashed + S.hashed
    key = lambda **how: packet(2, P.sign(REVOKE, P.hashed, **how))
    subkey = lambda by=P, **how: packet(2, by.sign(REVOKE_SUB, both, **how))
    critical = sub(100, b"x", True)
    nameless = {"hashed": date(CREATED + 60), "unhashed": b""}
    put("revoked-behind-uid", GOOD + key(), sig(P))
    put("revoked-behind-subkey", part() + key(), sig(S))
    put("revoked-critical", cert(P, direct=key(extra=critical)), sig(P))
    put("revoked-nameless", cert(P, direct=key(**nameless)), sig(P))
    put("revoked-and-expired", cert(P, direct=key(extra=sub(3, u32(60)))), sig(P))
    put("revoked-in-2100", cert(P, direct=key(created=4102444800)), sig(P))
    put("revoked-old-header", cert(P, direct=old_packet(2, P.sign(REVOKE, P.hashed))), sig(P))
    put("subkey-revoked-before-it", cert(P, use=CERTIFY, direct=subkey(), binding=bind(P, S)), sig(S))
    put("subkey-revoked-critical", part() + subkey(extra=critical), sig(S))
    put("subkey-revoked-nameless", part() + subkey(**nameless), sig(S))
    put("subkey-revoked-by-another", part() + subkey(by=Q), sig(S))


def twice(part):
    """Who signs with a subkey that has two owners? P's gpg tells the first."""
    again = packet(14, S.body) + packet(2, bind(P, S, created=CREATED + 100))
    put("subkey-twice", part() + again + packet(2, P.sign(REVOKE_SUB, P.hashed + S.hashed)), sig(S))
    put("subkey-of-two", part() + cert(Q, binding=bind(Q, S)), sig(S) + sig(Q))
    put("subkey-stolen", cert(Q, binding=bind(Q, S, by=Q)) + part(), sig(S))
    put("key-beneath-another", cert(Q) + packet(14, P.body) + packet(2, bind(Q, P)) + GOOD, sig(P))


def signatures():
    one = lambda **how: put(how.pop("name"), GOOD, sig(P, **how))
    one(name="unknown-part", extra=sub(100, b"x"))
    one(name="critical-part", extra=sub(100, b"x", True))
    one(name="critical-notation", extra=sub(20, notation(b"v"), True))
    one(name="salt", extra=sub(20, notation(os.urandom(32), b"\0\0\0\0", b"salt@example.org")))
    one(name="policy-url", extra=sub(26, b"http://127.0.0.1:9/\n[GNUPG:] VALIDSIG x"))
    one(name="embedded", extra=sub(32, Q.sign(TEXT, signed)))
    put("embedded-good", GOOD, sig(Q, unhashed=sub(16, Q.id) + sub(32, P.sign(TEXT, signed))))
    for size in 9000, 60000:
        one(name=f"area-{size}", extra=sub(100, b"x" * size))
    one(name="notations-900", extra=b"".join(sub(20, notation(b"v" * 9)) for _ in range(900)))
    one(name="date-0", created=0)
    put("signatures-10000", GOOD, sig(P) * 10000)
    one(name="expired", extra=sub(3, u32(10)))
    one(name="date-not-signed", hashed=sub(33, b"\x04" + P.fpr),
        unhashed=sub(16, P.id) + date(CREATED + 60))
    one(name="issuer-none", hashed=date(CREATED + 60), unhashed=b"")
    one(name="issuer-not-signed", unhashed=sub(16, Q.id))
    put("issuer-lies", cert(Q) + GOOD, sig(P, unhashed=sub(16, Q.id)))
    one(name="type-0", kind=0)
    put("sha224", GOOD, sig(P, digest=SHA224), "SHA224")
    put("sha224-hidden", GOOD, sig(P, digest=SHA224))
    body = P.sign(TEXT, signed)
    for version in (3, 5, 6):
        put(f"version-{version}", GOOD, packet(2, bytes([version]) + body[1:]))
    put("one-pass", GOOD, packet(4, b"\x03\x01\x0a\x01" + P.id + b"\x01") + sig(P))
    put("partial", GOOD, b"\xc2\xe8" + body[:256] + length(len(body) - 256) + body[256:])
    put("indeterminate", GOOD, b"\x8b" + body)
    put("no-number", GOOD, sig(P, number=0))
    both = GOOD + cert(S)
    put("good-bad-unknown", both, sig(P) + sig(S, bad=True) + sig(Q))
    put("unknown-good", GOOD, sig(Q) + sig(P))
    put("signatures-32", GOOD, b"".join(sig(P, created=CREATED + i) for i in range(32)))
    put("signatures-33", GOOD, b"".join(sig(P, created=CREATED + i) for i in range(33)))
    now = int(time.time())
    one(name="ahead-200-s", created=now + 200)
    one(name="ahead-400-s", created=now + 400)
    one(name="before-key", created=CREATED - 1)
    young = Key(CREATED + 5000)
    put("before-subkey", cert(P, use=CERTIFY) + packet(14, young.body) + packet(2, bind(P, young)),
        sig(young, created=CREATED + 4000))


keys()
signatures()
