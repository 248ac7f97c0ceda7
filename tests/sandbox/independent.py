"""The second opinion on keys: python3-fido2, which knows nothing of mailcow.

It reads what authenticators send, checks every signature and repeats the whole
judgement of relying_party.py as a strict relying party.  Importing this file
takes a while, so that only relying_party.py does it, at the first key.
"""

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from fido2 import cbor
from fido2.attestation import Attestation
from fido2.attestation.base import InvalidAttestation, verify_x509_chain
from fido2.attestation.base import InvalidSignature as WrongStatement
from fido2.client import ClientData
from fido2.cose import CoseKey
from fido2.ctap2 import AttestationObject, AttestedCredentialData, AuthenticatorData
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import PublicKeyCredentialRpEntity, UserVerificationRequirement

SHORTEST_DATA = 37  # RP ID hash, flags, counter


class Malformed(Exception):
    """Cannot be read; the text is what the mail server says to that."""


class Disagrees(Exception):
    """A strict relying party refuses; the text says why."""


def read_attestation(octets):
    """The AttestationObject; raises Malformed, and Disagrees with what is merely odd."""
    document = _read_cbor(octets)
    if not isinstance(document, dict) or not isinstance(document.get("fmt"), str):
        raise Malformed("invalid attestation format")
    for name, kind in (("attStmt", dict), ("authData", bytes)):
        if not isinstance(document.get(name), kind):
            raise Malformed(f"invalid attestation format ({name} not available)")
    _check_data(document["authData"])
    try:
        return AttestationObject(octets)
    except Exception as error:  # the library raises whatever its innards do
        raise Disagrees(error) from None


def _read_cbor(octets):
    # The library does not notice a string that ends early; what is added here shows it.
    spare = bytes(70_000)
    try:
        document, rest = cbor.decode_from(octets + spare)
    except Exception:
        raise Malformed("ByteBuffer: Invalid offset or length") from None
    if not octets:
        raise Malformed("ByteBuffer: Invalid offset")
    if len(rest) < len(spare):
        raise Malformed("ByteBuffer: Invalid offset or length")
    if len(rest) > len(spare):
        raise Malformed("Unused bytes after data item.")
    return document


def _check_data(data):
    if len(data) < SHORTEST_DATA:
        raise Malformed("Invalid authenticatorData input")
    rest = data[SHORTEST_DATA:]
    if data[32] & AuthenticatorData.FLAG.ATTESTED:
        if len(rest) < 19:
            raise Malformed("Attested data should be present but is missing")
        try:
            rest = AttestedCredentialData.unpack_from(rest)[1]
        except Exception:
            raise Malformed("ByteBuffer: Invalid offset or length") from None
    if data[32] & AuthenticatorData.FLAG.EXTENSION_DATA and not rest:
        raise Malformed("ByteBuffer: Invalid offset")


def read_authenticator_data(octets):
    try:
        return AuthenticatorData(octets)
    except Exception as error:
        raise Disagrees(error) from None


# -- attestation -----------------------------------------------------------------------------


def statement_holds(attestation, client_data_hash):
    """Whether the signature of the attestation statement is right."""
    statement, data = attestation.att_statement, attestation.auth_data
    try:
        Attestation.for_type(attestation.fmt)().verify(statement, data, client_data_hash)
        return True
    except WrongStatement:
        return False
    except Exception as error:
        if attestation.fmt != "packed":
            raise Disagrees(error) from None
    return _certificate_signed(statement, data + client_data_hash)


def _certificate_signed(statement, message):
    """The mail server looks at the signature only, not at the form of the certificate."""
    if not statement.get("x5c"):
        return False
    try:
        key = x509.load_der_x509_certificate(statement["x5c"][0]).public_key()
        CoseKey.for_alg(statement["alg"]).from_cryptography_key(key).verify(
            message, statement["sig"])
    except InvalidSignature:
        return False
    except Exception as error:
        raise Disagrees(error) from None
    return True


def subject_of(attestation):
    """Of the certificate, the way the server's library writes it; "" without one."""
    chain = attestation.att_statement.get("x5c")
    if not chain:
        return ""
    names = x509.load_der_x509_certificate(chain[0]).subject
    common, organisation, unit = [
        next((entry.value for entry in names.get_attributes_for_oid(oid)), "")
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME,
                    NameOID.ORGANIZATIONAL_UNIT_NAME)]
    rest = f"{organisation} {unit}".strip()
    return f"{common} ({rest})" if common and rest else common or rest


def is_trusted(attestation, roots):
    """Whether a chain leads from the key to one of the certificates (in DER)."""
    chain = attestation.att_statement.get("x5c")
    return bool(chain) and any(_leads_to(chain, root) for root in roots)


def _leads_to(chain, root):
    issuer = x509.load_der_x509_certificate(chain[-1]).issuer
    if issuer != x509.load_der_x509_certificate(root).subject:
        return False
    try:
        verify_x509_chain(list(chain) + [root])
    except InvalidAttestation:
        return False
    return True


def read_certificates(pem):
    """The certificates of a file as DER; ValueError if there is none."""
    marker = b"-----BEGIN CERTIFICATE-----"
    found = [x509.load_pem_x509_certificate(marker + part) for part in pem.split(marker)[1:]]
    if not found:
        raise ValueError("no certificate in the file")
    return [certificate.public_bytes(Encoding.DER)
            for certificate in found]


# -- the whole judgement -----------------------------------------------------------------------


class Judge:
    """A strict relying party for one answer, save for the origin: that rule is given."""

    def __init__(self, rp_id, challenge, verified, origin_fits):
        self._server = Fido2Server(PublicKeyCredentialRpEntity(rp_id, "made up"),
                                   verify_origin=origin_fits)
        required = UserVerificationRequirement.REQUIRED
        self._state = {"challenge": websafe_encode(challenge),
                       "user_verification": required if verified else None}

    def registration(self, client_data, attestation):
        try:
            self._server.register_complete(self._state, ClientData(client_data), attestation)
        except Exception as error:
            raise Disagrees(error) from None

    def assertion(self, client_data, data, key, signature):
        """Whether the signature is right; None for a key of an unknown kind."""
        try:
            credential = AttestedCredentialData(key)
        except Exception:
            return None
        try:
            self._server.authenticate_complete(
                self._state, [credential], credential.credential_id, ClientData(client_data),
                data, signature)
        except NotImplementedError:
            return None
        except ValueError as error:
            if str(error) == "Invalid signature.":
                return False
            raise Disagrees(error) from None
        except Exception as error:
            raise Disagrees(error) from None
        return True
