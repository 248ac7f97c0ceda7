"""What the server accepts as a key and as an answer of a key (protocol 10).

The rules are mailcow's, in the order and with the words of its library, which
is laxer than the standard about origins and stricter about nothing.  Whatever
it would accept is then judged once more by python3-fido2 (independent.py); what
that refuses is refused here too, with a text that begins "python3-fido2:".
"""

import functools
import hashlib
import re
import sys
from dataclasses import dataclass

import php

_FORMATS = ("apple", "android-key", "android-safetynet", "fido-u2f", "none", "packed", "tpm")
_STATEMENT_ALGORITHMS = (-65535, -257, -37, -7, 5, -258, -38, -35, 6, -259, -39, -36, 7)
_EC2, _RSA = 2, 3
_ES256 = -7


class Refused(Exception):
    """The text is what the server says."""


class Missing(Exception):
    """python3-fido2 is not installed: nothing can be said about keys."""


@dataclass(frozen=True)
class Expectation:
    """What an answer has to fit."""

    rp_id: str
    challenge: bytes
    verified: bool  # whether the user has to be verified
    trusted: list = None  # certificates that a new key has to descend from; None: any will do

    def judge(self, second):
        return second.Judge(self.rp_id, self.challenge, self.verified, self.fits_origin)

    def fits_origin(self, origin):
        """Any https host that ends like the RP ID, whatever comes before (protocol 10)."""
        if not isinstance(origin, str):
            return False
        found = re.match(r"https://(?:[^/?#]*@)?([^/?#:]+)(?::(\d{0,5}))?(?=[/?#]|$)", origin)
        if not found or int(found.group(2) or 0) > 65535:
            return False
        host = found.group(1).strip(".").lower()
        return host.endswith(self.rp_id.lower())


@dataclass(frozen=True)
class Registration:
    """What is stored of a new key."""

    credential_id: bytes
    key: bytes  # attested credential data
    subject: str


def second_opinion():
    """The module that asks python3-fido2, which is slow to load."""
    module = _load()
    if module is None:
        raise Missing
    return module


@functools.lru_cache(maxsize=None)
def _load():
    try:
        import independent
    except ImportError as error:
        print(f"sandbox: python3-fido2 is missing, keys are answered with 501: {error}",
              file=sys.stderr, flush=True)
        return None
    return independent


def _decode(document, *names):
    """Members of a decoded JSON document, in base64 with the standard alphabet."""
    members = document if isinstance(document, dict) else {}
    return [php.base64_decode(members.get(name)) for name in names]


def _check_client_data(octets, kind, expected):
    try:
        client_data = php.from_json(octets.decode())
    except UnicodeDecodeError:
        client_data = None
    if not isinstance(client_data, dict):
        raise Refused("invalid client data")
    if client_data.get("type") != kind:
        raise Refused("invalid type")
    challenge = client_data.get("challenge")
    if (expected.challenge is None or not isinstance(challenge, str)
            or php.base64_decode(challenge.replace("-", "+").replace("_", "/"))
            != expected.challenge):
        raise Refused("invalid challenge")
    if not expected.fits_origin(client_data.get("origin")):
        raise Refused("invalid origin")


def _check_hash(data, expected):
    if data.rp_id_hash != hashlib.sha256(expected.rp_id.encode()).digest():
        raise Refused("invalid rpId hash")


# -- a new key -------------------------------------------------------------------------------


def register(document, expected):
    """The Registration that a posted JSON document makes; raises Refused."""
    second = second_opinion()
    client_data, octets = _decode(document, "clientDataJSON", "attestationObject")
    _check_client_data(client_data, "webauthn.create", expected)
    try:
        attestation = _read_attestation(second, octets)
        data = attestation.auth_data
        _check_hash(data, expected)
        if not second.statement_holds(attestation, hashlib.sha256(client_data).digest()):
            raise Refused("invalid certificate signature")
        if expected.trusted is not None and not second.is_trusted(attestation, expected.trusted):
            raise Refused("invalid root certificate")
        if not data.is_user_present():
            raise Refused("user not present during authentication")
        if expected.verified and not data.is_user_verified():
            raise Refused("user not verified during authentication")
        if data.credential_data is None:
            raise Refused("credential id not included in authenticator data")
        if data.credential_data.public_key.get(1) not in (_EC2, _RSA):
            raise Refused("invalid key type")
        expected.judge(second).registration(client_data, attestation)
    except second.Malformed as error:
        raise Refused(str(error)) from None
    except second.Disagrees as error:
        raise Refused(f"python3-fido2: {error}") from None
    return Registration(data.credential_data.credential_id, bytes(data.credential_data),
                        second.subject_of(attestation))


def _read_attestation(second, octets):
    attestation = second.read_attestation(octets)
    if attestation.auth_data.credential_data:
        _check_key(attestation.auth_data.credential_data.public_key)
    if attestation.fmt not in _FORMATS:
        raise Refused(f"invalid atttestation format: {attestation.fmt}")
    _check_statement(attestation.fmt, attestation.att_statement)
    return attestation


def _check_key(key):
    """Other algorithms than ES256 are not looked at, and so become keys nobody can use."""
    if key.get(3) != _ES256:
        return
    if key.get(1) != _EC2:
        raise Refused("public key not in EC2 format")
    if key.get(-1) != 1:
        raise Refused("curve not P-256")
    for number, name in ((-2, "X"), (-3, "Y")):
        if not isinstance(key.get(number), bytes) or len(key[number]) != 32:
            raise Refused(f"Invalid {name}-coordinate")


def _check_statement(form, statement):
    if form == "packed" and statement.get("alg") not in _STATEMENT_ALGORITHMS:
        raise Refused(f"unsupported alg: {statement.get('alg')}")
    if form == "fido-u2f" and statement.get("alg", _ES256) != _ES256:
        raise Refused(f'u2f only accepts algorithm -7 ("ES256"), but got {statement["alg"]}')
    if form in ("packed", "fido-u2f") and not isinstance(statement.get("sig"), bytes):
        raise Refused("no signature found")
    chain = statement.get("x5c")
    if form == "fido-u2f" and (not isinstance(chain, list) or len(chain) != 1):
        raise Refused("invalid x5c certificate")
    if isinstance(chain, list) and chain and not isinstance(chain[0], bytes):
        raise Refused("invalid x5c certificate")


# -- an answer at login ------------------------------------------------------------------------


def authenticate(document, key, expected):
    """Whether a posted JSON document was signed by a stored key; raises Refused if not."""
    second = second_opinion()
    client_data, octets, signature = _decode(
        document, "clientDataJSON", "authenticatorData", "signature")
    if len(octets) < second.SHORTEST_DATA:
        raise Refused("Invalid authenticatorData input")
    try:
        data = second.read_authenticator_data(octets)
        _check_client_data(client_data, "webauthn.get", expected)
        _check_hash(data, expected)
        if not data.is_user_present():
            raise Refused("user not present during authentication")
        if expected.verified and not data.is_user_verified():
            raise Refused("user not verificated during authentication")
        # The counter is not looked at (protocol 10).
        right = expected.judge(second).assertion(client_data, data, key, signature) if key else None
    except second.Disagrees as error:
        raise Refused(f"python3-fido2: {error}") from None
    if right is None:
        raise Refused("public key invalid")
    if not right:
        raise Refused("invalid signature")
