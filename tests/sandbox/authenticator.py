"""A security key in software, for the tests of the simulated server.

It answers the server's options like a browser with a key would, and, if a test
wants it, in any wrong way.  Nothing here comes from the libraries that check
the answers; only the cryptography does.
"""

import base64
import datetime
import hashlib
import json
import os
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

ES256, ES384, EDDSA, RS256 = -7, -35, -8, -257
PRESENT, VERIFIED, ATTESTED, EXTENSIONS = 0x01, 0x04, 0x40, 0x80
HOST = "mail.example.test"
_FRAME = ("=?BINARY?B?", "?=")


def b64(octets):
    return base64.b64encode(octets).decode()


def b64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unframe(text):
    """Octets from the form that the server's library gives them."""
    assert text.startswith(_FRAME[0]) and text.endswith(_FRAME[1]), text
    return base64.b64decode(text[len(_FRAME[0]):-len(_FRAME[1])], validate=True)


def cbor(value):
    """The few kinds of CBOR that keys write."""
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    return _head(0, value) if value >= 0 else _head(1, -1 - value)


def _head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    width, form = next((width, form) for width, form in enumerate(">B >H >I >Q".split())
                       if number < 256 ** struct.calcsize(form))
    return bytes([major << 5 | 24 + width]) + struct.pack(form, number)


class Vendor:
    """Who signs the certificates of keys."""

    def __init__(self, name="Made-up Keys"):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(CN=name + " Root")
        self._own = self._certificate(self._name, self._key.public_key(), ca=True)
        self.pem = self._own.public_bytes(serialization.Encoding.PEM)

    def certificate(self, public_key, **subject):
        names = subject or {"C": "AQ", "O": "Made-up Keys", "OU": "Authenticator Attestation",
                            "CN": "Key Batch 1"}
        made = self._certificate(_subject(**names), public_key, ca=False)
        return made.public_bytes(serialization.Encoding.DER)

    def _certificate(self, subject, public_key, ca):
        now = datetime.datetime.utcnow()
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        builder = builder.public_key(public_key).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=365))
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
        return builder.sign(self._key, hashes.SHA256())


def _subject(**names):
    oids = {"C": NameOID.COUNTRY_NAME, "O": NameOID.ORGANIZATION_NAME,
            "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "CN": NameOID.COMMON_NAME}
    return x509.Name([x509.NameAttribute(oids[name], value) for name, value in names.items()])


class Key:
    """One credential.  The keyword arguments of `create` and `get` replace what is right."""

    def __init__(self, algorithm=ES256, credential_id=None):
        self.algorithm = algorithm
        self.id = os.urandom(32) if credential_id is None else credential_id
        self.counter = 7
        if algorithm == EDDSA:
            self.private = ed25519.Ed25519PrivateKey.generate()
        elif algorithm == RS256:
            self.private = rsa.generate_private_key(65537, 2048)
        else:
            curve = ec.SECP384R1() if algorithm == ES384 else ec.SECP256R1()
            self.private = ec.generate_private_key(curve)

    @property
    def cid(self):
        """How the server's pages name it."""
        return hashlib.sha256(self.id).hexdigest()

    def sign(self, message):
        if self.algorithm == EDDSA:
            return self.private.sign(message)
        if self.algorithm == RS256:
            return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())
        size = hashes.SHA384() if self.algorithm == ES384 else hashes.SHA256()
        return self.private.sign(message, ec.ECDSA(size))

    def _cose(self):
        public = self.private.public_key()
        if self.algorithm == EDDSA:
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            return {1: 1, 3: self.algorithm, -1: 6, -2: raw}
        numbers = public.public_numbers()
        if self.algorithm == RS256:
            return {1: 3, 3: self.algorithm, -1: numbers.n.to_bytes(256, "big"),
                    -2: numbers.e.to_bytes(3, "big")}
        size = public.curve.key_size // 8
        return {1: 2, 3: self.algorithm, -1: 2 if size == 48 else 1,
                -2: numbers.x.to_bytes(size, "big"), -3: numbers.y.to_bytes(size, "big")}

    def _data(self, flags, rp_id, more=b""):
        return (hashlib.sha256(rp_id.encode()).digest() + bytes([flags])
                + struct.pack(">I", self.counter) + more)

    # -- making it -------------------------------------------------------------------

    def create(self, options, statement="none", flags=PRESENT | VERIFIED, rp_id=HOST,
               encode=b64, vendor=None, extensions=b"", **client_data):
        """The members of a registration; `options` is what the server asked."""
        client = _client_data("webauthn.create", options, client_data)
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor(self._cose())
        data = self._data(flags | ATTESTED, rp_id, attested) + extensions
        digest = hashlib.sha256(client).digest()
        form, members = getattr(self, "_state_" + statement.replace("-", "_"))(
            data, digest, vendor)
        whole = cbor({"fmt": form, "attStmt": members, "authData": data})
        return {"clientDataJSON": encode(client), "attestationObject": encode(whole)}

    def _state_none(self, _data, _digest, _vendor):
        return "none", {}

    def _state_bogus(self, _data, _digest, _vendor):
        return "bogus", {}

    def _state_packed(self, data, digest, _vendor):
        return "packed", {"alg": self.algorithm, "sig": self.sign(data + digest)}

    def _state_wrongly_signed(self, data, digest, _vendor):
        return "packed", {"alg": self.algorithm, "sig": self.sign(digest + data)}

    def _state_x5c(self, data, digest, vendor):
        batch = Key(ES256)
        certificate = (vendor or Vendor()).certificate(batch.private.public_key())
        return "packed", {"alg": ES256, "sig": batch.sign(data + digest), "x5c": [certificate]}

    def _state_plain_x5c(self, data, digest, vendor):
        """With a certificate that the standard does not allow for this."""
        batch = Key(ES256)
        certificate = (vendor or Vendor()).certificate(batch.private.public_key(), CN="Plain")
        return "packed", {"alg": ES256, "sig": batch.sign(data + digest), "x5c": [certificate]}

    def _state_fido_u2f(self, data, digest, vendor):
        batch, cose = Key(ES256), self._cose()
        certificate = (vendor or Vendor()).certificate(batch.private.public_key())
        message = b"\0" + data[:32] + digest + self.id + b"\x04" + cose[-2] + cose[-3]
        return "fido-u2f", {"sig": batch.sign(message), "x5c": [certificate]}

    # -- using it --------------------------------------------------------------------

    def get(self, options, flags=PRESENT | VERIFIED, rp_id=HOST, encode=b64, signature=None,
            **client_data):
        """The token of a login."""
        client = _client_data("webauthn.get", options, client_data)
        data = self._data(flags, rp_id)
        signed = signature or self.sign(data + hashlib.sha256(client).digest())
        return json.dumps({"id": encode(self.id), "clientDataJSON": encode(client),
                           "authenticatorData": encode(data), "signature": encode(signed)})


def _client_data(kind, options, changes):
    challenge = unframe(options["publicKey"]["challenge"])
    members = {"type": kind, "challenge": b64url(challenge), "origin": f"https://{HOST}"}
    return json.dumps({**members, **changes}).encode()
