"""What the server asks of a security key, and that document spoiled (protocol 5, 6, 10).

`creation` and `request` build the two documents; the challenge is kept in the
session, which has room for one.  A fault `options:KIND` spoils what is sent:
SPOILED names the kinds, some of which take a member (`options:missing:rp.id`).
"""

import base64
import os

CHALLENGE_LENGTH = 32
SHORT_CHALLENGE_LENGTH = 8
HUGE = 10_000
_TIMEOUT_MS = 30_000
SOMEBODY_ELSE = "somebody-else@example.test"
OTHER_RP = "other.example.test"


def binary(octets):
    """Octets as the server's library prints them."""
    return f"=?BINARY?B?{base64.b64encode(octets).decode()}?="


def rp_id(exchange):
    """The host as it was asked for, without the port (protocol 10)."""
    host, _, port = (exchange.request.headers.get("Host") or "").partition(":")
    return host if not port or port.isdigit() else ""


def creation(exchange, known_ids, resident):
    """For a new key of the session's account."""
    selection = {"userVerification": "preferred"}
    if resident:
        selection["requireResidentKey"] = True
    name = exchange.session.username
    trusted_only = exchange.state.trusted_vendors is not None
    return _document(exchange, {
        "rp": {"name": "WebAuthn Library", "id": rp_id(exchange)},
        "authenticatorSelection": selection,
        "user": {"id": binary(name.encode()), "name": name, "displayName": name},
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-7, -257)],
        "attestation": "direct" if trusted_only else "indirect",
        "extensions": {"exts": True},
        "timeout": _TIMEOUT_MS,
        "challenge": _new_challenge(exchange),
        "excludeCredentials": [_excluded(credential_id) for credential_id in known_ids],
    })


def request(exchange, known_ids=None):
    """For a login; without ids the key itself has to know whom it belongs to."""
    members = {"timeout": _TIMEOUT_MS, "challenge": _new_challenge(exchange),
               "userVerification": "preferred", "rpId": rp_id(exchange)}
    if known_ids:
        members["allowCredentials"] = [_allowed(credential_id) for credential_id in known_ids]
        members["extensions"] = {"appid": "https://" + members["rpId"]}
    return _document(exchange, members)


def _excluded(credential_id):
    return {"id": binary(credential_id), "type": "public-key",
            "transports": ["usb", "ble", "nfc", "internal"]}


def _allowed(credential_id):
    return {"id": binary(credential_id), "transports": [], "type": "public-key"}


def _new_challenge(exchange):
    kind = exchange.spoiled_options
    length = SHORT_CHALLENGE_LENGTH if kind == "short-challenge" else CHALLENGE_LENGTH
    exchange.session.challenge = os.urandom(length)
    return binary(exchange.session.challenge)


def _document(exchange, members):
    kind, _, detail = (exchange.spoiled_options or "").partition(":")
    if kind:
        SPOILED[kind](members, detail)
    return {"publicKey": members}


# -- spoiled -------------------------------------------------------------------------------


def _owner_of(members, path):
    """The object that holds the last name of a dotted path, and that name."""
    *outer, last = path.split(".")
    for name in outer:
        members = members.get(name, {})
    return members, last


def _another_account(members, _detail):
    if "user" in members:
        members["user"] = {"id": binary(SOMEBODY_ELSE.encode()), "name": SOMEBODY_ELSE,
                           "displayName": SOMEBODY_ELSE}
        members["excludeCredentials"] = []
    else:
        members["allowCredentials"] = [_allowed(os.urandom(32))]


def _missing(members, path):
    owner, name = _owner_of(members, path or "challenge")
    owner.pop(name, None)


def _missing_challenge(members, _detail):
    _missing(members, "challenge")


def _wrong_type(members, path):
    """Whatever stood there becomes a number, and a number becomes text."""
    owner, name = _owner_of(members, path or "challenge")
    owner[name] = "made up" if isinstance(owner.get(name), int) else 12345


def _huge_list(members, path):
    entry = _allowed if "rpId" in members else _excluded
    name = path or ("allowCredentials" if "rpId" in members else "excludeCredentials")
    members[name] = [entry(os.urandom(16)) for _ in range(HUGE)]


def _bad_base64(members, path):
    owner, name = _owner_of(members, path or "challenge")
    owner[name] = "=?BINARY?B?!!! not base64 !!!?="


def _other_rp(members, _detail):
    if "rp" in members:
        members["rp"]["id"] = OTHER_RP
    else:
        members["rpId"] = OTHER_RP


def _as_it_is(_members, _detail):
    """The challenge was made short already."""


SPOILED = {
    "another-account": _another_account,
    "missing": _missing,
    "missing-challenge": _missing_challenge,
    "wrong-type": _wrong_type,
    "huge-list": _huge_list,
    "bad-base64": _bad_base64,
    "other-rp": _other_rp,
    "short-challenge": _as_it_is,
}
