"""Responses of a security key in the standard JSON form, right ones and bent ones.

A response is made by a function whose keyword arguments replace what is right. The authenticator is
that of the sandbox's tests: nothing here comes from the libraries that judge the responses.
"""

import hashlib
import json
import struct
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sandbox"))

from authenticator import (ATTESTED, EDDSA, ES256, ES384, EXTENSIONS, PRESENT, RS256,  # noqa: E402
                           VERIFIED, Key, Vendor, b64, b64url, cbor)

RP_ID = "mail.example.test"
ORIGIN = "https://" + RP_ID
CHALLENGE = bytes(range(32))
USER = b"alice@example.test"
AAGUID = bytes(range(16, 32))
ALGORITHMS = {"ES256": ES256, "ES384": ES384, "EdDSA": EDDSA, "RS256": RS256}


def client_data(kind, text=None, challenge=None, others=None, leave_out=(), **members):
    """As a browser writes it; text(bytes) has the last word."""
    whole = {"type": kind, "challenge": b64url(CHALLENGE) if challenge is None else challenge,
             "origin": ORIGIN, "crossOrigin": False, **members, **(others or {})}
    for name in leave_out:
        del whole[name]
    written = json.dumps(whole, separators=(",", ":")).encode()
    return text(written) if text else written


def authenticator_data(flags, count, rp_id=RP_ID, more=b"", text=None):
    data = hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", count) + more
    return text(data) if text else data


def assertion(key, flags=PRESENT | VERIFIED, count=8, rp_id=RP_ID, data_text=None, more=b"",
              signer=None, signature=None, user_handle=b64url(USER), members=None, top=None, **client):
    """AuthenticationResponseJSON; members and top replace members of `response` and of the whole."""
    written = client_data("webauthn.get", **client)
    data = authenticator_data(flags, count, rp_id, more, data_text)
    signed = (signer or key).sign(data + hashlib.sha256(written).digest())
    if signature:
        signed = signature(signed)
    response = {"clientDataJSON": b64url(written), "authenticatorData": b64url(data),
                "signature": b64url(signed), "userHandle": user_handle, **(members or {})}
    return {"id": b64url(key.id), "rawId": b64url(key.id), "type": "public-key",
            "clientExtensionResults": {}, "response": response, **(top or {})}


def of_mailcow(response):
    """The same as mailcow's pages post it."""
    def again(text):
        return b64(_octets(text))
    flat = {name: again(text) for name, text in response["response"].items()
            if text is not None and name in ("clientDataJSON", "authenticatorData", "signature",
                                             "attestationObject")}
    return {"id": again(response["id"]), **flat}


def _octets(text):
    import base64
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def statement(form, key, data, digest, vendor, batch):
    """(fmt, attStmt); batch is the key of the certificate."""
    if form == "none":
        return "none", {}
    if form == "self":
        return "packed", {"alg": key.algorithm, "sig": key.sign(data + digest)}
    if form == "x5c":
        return "packed", {"alg": batch.algorithm, "sig": batch.sign(data + digest),
                          "x5c": [vendor.certificate(batch.private.public_key())]}
    point = key._cose()
    message = b"\0" + data[:32] + digest + key.id + b"\x04" + point[-2] + point[-3]
    return "fido-u2f", {"sig": batch.sign(message),
                        "x5c": [vendor.certificate(batch.private.public_key(), CN="U2F key")]}


def registration(key, form="none", flags=PRESENT | VERIFIED, count=7, rp_id=RP_ID, aaguid=None,
                 cose=None, more=b"", vendor=None, batch=None, stated=None, object_text=None,
                 data_text=None, members=None, top=None, **client):
    """RegistrationResponseJSON; stated changes the statement's members."""
    written = client_data("webauthn.create", **client)
    aaguid = (bytes(16) if form == "fido-u2f" else AAGUID) if aaguid is None else aaguid
    public = cbor(key._cose()) if cose is None else cose
    attested = aaguid + struct.pack(">H", len(key.id)) + key.id + public
    data = authenticator_data(flags | ATTESTED, count, rp_id, attested + more, data_text)
    digest = hashlib.sha256(written).digest()
    name, made = statement(form, key, data, digest, vendor, batch)
    if stated:
        name, made = stated(name, made)
    whole = cbor({"fmt": name, "attStmt": made, "authData": data})
    if object_text:
        whole = object_text(whole)
    response = {"clientDataJSON": b64url(written), "attestationObject": b64url(whole),
                "transports": ["usb"], **(members or {})}
    return {"id": b64url(key.id), "rawId": b64url(key.id), "type": "public-key",
            "clientExtensionResults": {}, "response": response, **(top or {})}


def record(key, **members):
    """What `cowkey enroll ... --credential-out` writes, as far as a verifier reads it."""
    return {"id": b64url(key.id), "public_key": b64url(cbor(key._cose())), "alg": key.algorithm,
            "rp_id": RP_ID, "user_handle": b64url(USER), "sign_count": 7, **members}


def pem(key):
    return key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
