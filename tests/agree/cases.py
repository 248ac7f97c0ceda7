"""The cases on which the verifiers have to agree: what is sent, and by what it is judged.

Each is a dictionary: kind, name, response, challenge, origin, rp_id, verification, and for
assertions credential (a record). DIFFERENCES says where a verifier is of another opinion, and why.
"""

import struct

import responses as r

BATCH = r.Key(r.ES256)
BATCHES = {"ES256": BATCH, "ES384": r.Key(r.ES384), "EdDSA": r.Key(r.EDDSA), "RS256": r.Key(r.RS256)}
MAKER = r.Vendor()
KEYS = {name: r.Key(number) for name, number in r.ALGORITHMS.items()}
OTHER = {name: r.Key(number) for name, number in r.ALGORITHMS.items()}

# Why a verifier says something else than cowkey, case by case.
FRAMES = ("a page in another site's frame is the relying party's to expect (7.1.10, 7.2.13); cowkey "
          "expects none, this library does not look")
TOP = "an origin above the page is the relying party's to expect (7.1.11); this library does not look"
BACKUP = "it does not look whether what is not eligible for backup is backed up (7.1.17, 7.2.18)"
COUNT = "it leaves the sign count to its caller (7.2.22)"
USER = "it leaves the user handle to its caller (7.2.6)"
WHOSE = "it leaves it to its caller to find the credential by its ID (7.2.5)"
ID = "it does not compare the reported credential ID with the attested one"
PARTS = "it is given the parts of the response only, not their envelope"
PADDED = "its base64 decoder takes padding, which client data never has (5.8.1)"
DATA = "it does not mind an attested credential in the data of a login (6.1)"
ONE = "it takes the first of the certificates, where 8.6 wants just one"
ALG = "it goes by the certificate's key, and not by the alg that is stated (8.2)"
ENDS = "it does not notice that a string of bytes ends early"
KEY = "it meets the public key only at the first login"
ES384 = "Debian's release of it does not know ES384"
EDDSA = "it does not know certificates with an Ed25519 key"

DIFFERENCES = {
    "fido2": {
        "assertion: ES384: right": ES384,
        "assertion: ES384: right, without a user handle": ES384,
        "assertion: challenge: padded": PADDED,
        "assertion: in a frame": FRAMES,
        "assertion: with a top origin": TOP,
        "assertion: backed up, not eligible": BACKUP,
        "assertion: count 7 after 7": COUNT,
        "assertion: count 6 after 7": COUNT,
        "assertion: count 0 after 7": COUNT,
        "assertion: count 0 after 4294967295": COUNT,
        "assertion: user handle of another": USER,
        "assertion: rawId of another": PARTS,
        "assertion: another type": PARTS,
        "assertion: attested credential": DATA,
        "registration: ES384, self": ES384,
        "registration: certificate with ES384": ES384,
        "registration: challenge: padded": PADDED,
        "registration: fido-u2f: two certificates": ONE,
        "registration: in a frame": FRAMES,
        "registration: with a top origin": TOP,
        "registration: backed up, not eligible": BACKUP,
        "registration: reported id of another": PARTS,
        "registration: rawId of another": PARTS,
        "registration: another type": PARTS,
        "registration: object cut": ENDS,
        "registration: data cut": ENDS,
        "registration: key: unknown algorithm": KEY,
        "registration: key: other curve": KEY,
        "registration: key: other type": KEY,
        "registration: key: short x": KEY,
        "registration: key: point off the curve": KEY,
        "registration: key: RSA of 1024 bits": KEY,
    },
    "simplewebauthn": {
        "assertion: in a frame": FRAMES,
        "assertion: user handle of another": USER,
        "assertion: another credential": WHOSE,
        "assertion: attested credential": DATA,
        "registration: certificate with EdDSA": EDDSA,
        "registration: x5c: other algorithm": ALG,
        "registration: fido-u2f: two certificates": ONE,
        "registration: in a frame": FRAMES,
        "registration: with a top origin": TOP,
        "registration: reported id of another": ID,
        "registration: bytes behind the object": "it does not notice bytes behind the object",
        "registration: object cut": ENDS,
        "registration: data cut": ENDS,
        "registration: key: other curve": KEY,
        "registration: key: other type": KEY,
        "registration: key: short x": KEY,
        "registration: key: point off the curve": KEY,
        "registration: key: RSA of 1024 bits": KEY,
    },
}


def case(kind, name, response, *, key=None, challenge=None, origin=r.ORIGIN, rp_id=r.RP_ID,
         verification=False, record=None):
    made = {"kind": kind, "name": f"{kind}: {name}", "response": response, "origin": origin,
            "challenge": r.b64url(r.CHALLENGE) if challenge is None else challenge, "rp_id": rp_id,
            "verification": verification}
    if kind == "assertion":
        made["credential"] = {**r.record(key or KEYS["ES256"]), "rp_id": rp_id, **(record or {})}
    return made


def flip(at, bit=1):
    """Changes one bit of some bytes; at counts from the end where it is negative."""
    def change(data):
        changed = bytearray(data)
        changed[at] ^= bit
        return bytes(changed)
    return change


# -- what both kinds have in common ----------------------------------------------------------


def client_cases(kind, make, right_type, wrong_type):
    """Bends the client data; make(**changes) is a response."""
    def bent(name, how=None, **changes):
        return case(kind, name, make(**changes), **(how or {}))
    yield bent("type of the other ceremony", type=wrong_type)
    yield bent("type in capitals", type=right_type.upper())
    yield bent("type with an end", type=right_type + " ")
    yield bent("no type", leave_out=("type",))
    for name, text in {"zeros": bytes(32), "shorter": r.CHALLENGE[:-1], "longer": r.CHALLENGE + b"x",
                       "one bit": flip(0)(r.CHALLENGE), "empty": b""}.items():
        yield bent(f"challenge: {name}", challenge=r.b64url(text))
    yield bent("challenge: other than expected", how={"challenge": r.b64url(bytes(range(1, 33)))})
    yield bent("challenge: padded", challenge=r.b64url(r.CHALLENGE) + "=")
    yield bent("no challenge", leave_out=("challenge",))
    for name, origin in {
            "http": "http://mail.example.test", "port": r.ORIGIN + ":8443", "slash": r.ORIGIN + "/",
            "capitals": "https://Mail.example.test", "suffix": r.ORIGIN + ".evil.example",
            "prefix": "https://evil-mail.example.test", "below": "https://a.mail.example.test",
            "above": "https://example.test", "empty": "", "user": "https://x@mail.example.test",
            "null": "null", "app": "android:apk-key-hash:AAAA"}.items():
        yield bent(f"origin: {name}", origin=origin)
    yield bent("no origin", leave_out=("origin",))
    yield bent("origin: expected with port", how={"origin": r.ORIGIN + ":8443"},
               origin=r.ORIGIN + ":8443")
    yield bent("crossOrigin: missing", leave_out=("crossOrigin",))
    yield bent("more members", others={"other_keys_can_be_added_here": [1, {"a": None}]})
    yield bent("no JSON", text=lambda text: text[:-1])
    yield bent("a list", text=lambda text: b"[" + text + b"]")
    yield bent("white space", text=lambda text: b" " + text.replace(b",", b" , ") + b"\n")
    yield bent("escapes", text=lambda text: text.replace(b"webauthn", b"\\u0077ebauthn"))
    yield bent("umlaut", others={"x": "\u00e4"}, text=lambda text: text.replace(b"\\u00e4", b"\xc3\xa4"))


def data_cases(kind, make):
    flags = {"nobody": 0x04, "present": 0x01, "verified": 0x05, "reserved": 0x27,
             "eligible": 0x0d, "backed up": 0x1d}
    for name, number in flags.items():
        for verification in (False, True):
            yield case(kind, f"flags: {name}, verification {verification}", make(flags=number),
                       verification=verification)
    for name in ("example.test", "a.mail.example.test", "Mail.example.test", "mail.example.test.", ""):
        yield case(kind, f"rp id: {name!r}", make(rp_id=name))
    for count in (0, 1, 8, 2 ** 31, 2 ** 32 - 1):
        yield case(kind, f"count {count}", make(count=count))
    yield case(kind, "extensions", make(flags=0x85, more=r.cbor({"credProtect": 2})))


# -- assertions --------------------------------------------------------------------------------


def assertions():
    for name, key in KEYS.items():
        def make(key=key, **changes):
            return r.assertion(key, **changes)

        def one(what, response, key=key, name=name, **more):
            return case("assertion", f"{name}: {what}", response, key=key, **more)
        yield one("right", make())
        yield one("right, without a user handle", make(user_handle=None))
        yield one("another key", make(signer=OTHER[name]))
        yield one("record of another key", make(), record={
            "public_key": r.b64url(r.cbor(OTHER[name]._cose()))})
        for at in (0, 5, -1):
            yield one(f"signature with a bit changed at {at}", make(signature=flip(at)))
        yield one("signature cut", make(signature=lambda signed: signed[:-1]))
        yield one("signature of zeros", make(signature=lambda signed: bytes(len(signed))))
        for at in (3, 40, -3):
            yield one(f"client data changed at {at} after signing",
                      resigned(make(), "clientDataJSON", flip(at)))
        for at in (0, 31, 32, 36):
            yield one(f"data changed at {at} after signing",
                      resigned(make(), "authenticatorData", flip(at)))
        yield one("count cut off", resigned(make(), "authenticatorData", lambda data: data[:-1]))
    key = KEYS["ES256"]

    def make(**changes):
        return r.assertion(key, **changes)
    yield from client_cases("assertion", make, "webauthn.get", "webauthn.create")
    for made in data_cases("assertion", make):
        yield {**made, "credential": {**made["credential"], "sign_count": 0}}

    def one(what, response, **more):
        return case("assertion", what, response, key=key, **more)
    yield one("in a frame", make(crossOrigin=True))
    yield one("with a top origin", make(others={"topOrigin": "https://example.com"}))
    yield one("backed up, not eligible", make(flags=0x15))
    for before, now in ((7, 7), (7, 6), (7, 0), (2 ** 32 - 1, 0)):
        yield one(f"count {now} after {before}", make(count=now), record={"sign_count": before})
    for before, now in ((0, 0), (0, 1), (7, 8), (2 ** 31, 2 ** 32 - 1)):
        yield one(f"count {now} after {before}", make(count=now), record={"sign_count": before})
    yield one("user handle of another", make(user_handle=r.b64url(b"mallory")))
    yield one("another credential", r.assertion(OTHER["ES256"], signer=key))
    yield one("rawId of another", make(top={"rawId": r.b64url(b"x" * 32)}))
    yield one("another type", make(top={"type": "password"}))
    yield one("bytes behind the data", make(more=b"\0"))
    yield one("attested credential", make(
        flags=0x45, more=r.AAGUID + struct.pack(">H", 32) + key.id + r.cbor(key._cose())))
    for what, changed in {
            "short": lambda data: data[:36], "empty": lambda data: b"",
            "rp id hash only": lambda data: data[:32]}.items():
        yield one(f"data: {what}", make(data_text=changed))


def resigned(response, member, change):
    """The response with a member changed, and the signature left as it was."""
    import base64
    text = response["response"][member]
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return {**response, "response": {**response["response"], member: r.b64url(change(data))}}


# -- registrations -----------------------------------------------------------------------------


def registrations():
    def one(what, response, **more):
        return case("registration", what, response, **more)
    for name, key in KEYS.items():
        for form in ("none", "self", "x5c"):
            yield one(f"{name}, {form}", r.registration(key, form, vendor=MAKER, batch=BATCH))
        yield one(f"{name}, self, another key", r.registration(
            key, "self", stated=lambda fmt, made, key=key, name=name: (
                fmt, {**made, "sig": OTHER[name].sign(b"x")})))
        yield one(f"{name}, x5c, data changed", r.registration(
            key, "x5c", vendor=MAKER, batch=BATCH, object_text=flip(-1)))
    for name, batch in BATCHES.items():
        yield one(f"certificate with {name}", r.registration(KEYS["ES256"], "x5c", vendor=MAKER,
                                                             batch=batch))
    key = KEYS["ES256"]
    yield one("fido-u2f", r.registration(key, "fido-u2f", vendor=MAKER, batch=BATCH))

    def make(form="none", **changes):
        return r.registration(key, form, vendor=MAKER, batch=BATCH, **changes)
    yield from client_cases("registration", make, "webauthn.create", "webauthn.get")
    yield from data_cases("registration", make)
    for form in ("self", "x5c", "fido-u2f"):
        for at in (0, -1):
            yield one(f"{form}: signature changed at {at}", make(
                form, stated=lambda fmt, made, at=at: (fmt, {**made, "sig": flip(at)(made["sig"])})))
        yield one(f"{form}: no signature", make(
            form, stated=lambda fmt, made: (fmt, {name: value for name, value in made.items()
                                                  if name != "sig"})))
    yield one("x5c: signed by the credential", make("x5c", stated=lambda fmt, made: (
        fmt, {**made, "sig": key.sign(b"x")})))
    yield one("x5c: other algorithm", make("x5c", stated=lambda fmt, made: (fmt, {**made, "alg": -257})))
    yield one("x5c: no certificate", make("x5c", stated=lambda fmt, made: (fmt, {**made, "x5c": []})))
    yield one("x5c: bytes as certificate", make("x5c", stated=lambda fmt, made: (
        fmt, {**made, "x5c": [b"\x30\x03abc"]})))
    yield one("x5c: subject of another kind", make("x5c", stated=lambda fmt, made: (fmt, {
        **made, "x5c": [MAKER.certificate(BATCH.private.public_key(), CN="Plain")]})))
    yield one("x5c: another certificate's key", make("x5c", stated=lambda fmt, made: (fmt, {
        **made, "x5c": [MAKER.certificate(OTHER["ES256"].private.public_key())]})))
    yield one("fido-u2f: two certificates", make("fido-u2f", stated=lambda fmt, made: (
        fmt, {**made, "x5c": made["x5c"] * 2})))
    yield one("none with a statement", make("none", stated=lambda fmt, made: (fmt, {"a": 1})))
    for fmt in ("tpm", "", "NONE", "none "):
        yield one(f"format {fmt!r}", make("none", stated=lambda _, made, fmt=fmt: (fmt, made)))
    yield one("in a frame", make(crossOrigin=True))
    yield one("with a top origin", make(others={"topOrigin": "https://example.com"}))
    yield one("backed up, not eligible", make(flags=0x15))
    yield one("reported id of another", make(top={"id": r.b64url(b"x"), "rawId": r.b64url(b"x")}))
    yield one("rawId of another", make(top={"rawId": r.b64url(b"x")}))
    yield one("another type", make(top={"type": "password"}))
    yield one("bytes behind the object", make(object_text=lambda text: text + b"\0"))
    yield one("bytes behind the data", make(more=b"\0"))
    yield one("object cut", make(object_text=lambda text: text[:-1]))
    yield one("no object", make(object_text=lambda text: b""))
    yield one("data cut", make(data_text=lambda data: data[:-1]))
    yield one("nothing attested", make(data_text=lambda data: flip(32, 0x40)(data)))
    public = key._cose()
    for what, cose in {
            "no algorithm": {1: 2, -1: 1, -2: public[-2], -3: public[-3]},
            "unknown algorithm": {**public, 3: -47}, "other curve": {**public, -1: 2},
            "other type": {**public, 1: 1}, "short x": {**public, -2: public[-2][:-1]},
            "point off the curve": {**public, -2: bytes(32)},
            "RSA of 1024 bits": {1: 3, 3: -257, -1: b"\xff" * 128, -2: b"\1\0\1"},
    }.items():
        yield one(f"key: {what}", make(cose=r.cbor(cose)))


def all_cases():
    return [*assertions(), *registrations()]
