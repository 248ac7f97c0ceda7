"""Passkeys: FIDO2 keys that log in without a password (protocol 6, dialects 2.4).

Nothing holds such a login up: no second factor, no forced set-up, not even
that the account was switched off.
"""

import api
import factors
import options
import php
import relying_party

MAX_LABEL = 255


def _expected(exchange, trusted=None):
    """The options only prefer a verified user; here one is needed all the same (trap 2)."""
    return relying_party.Expectation(options.rp_id(exchange), exchange.session.challenge,
                                     verified=True, trusted=trusted)


# -- setting up ------------------------------------------------------------------------------


def _registration_options(exchange):
    relying_party.second_opinion()
    session = exchange.session
    if not session.role:
        return api.nothing()
    known_ids = [passkey.credential_id
                 for passkey in exchange.state.passkeys_of(session.username)]
    return api.answer(options.creation(exchange, known_ids, resident=True))


def _register(exchange):
    relying_party.second_opinion()
    session = exchange.session
    if not session.role:
        return api.incomplete()
    try:
        new = relying_party.register(
            php.from_json(exchange.request.body.decode("utf-8", "replace")),
            _expected(exchange, exchange.state.trusted_vendors))
    except relying_party.Refused as error:
        return api.answer({"success": False, "msg": str(error)})
    exchange.state.add_passkey(session.username, new.credential_id, new.key, new.subject)
    exchange.alert("success", ["object_modified", session.username], "fido2", "register")
    # The hold ends, but the next password login is held again (protocol 1.2).
    session.pending_tfa_setup = False
    return api.registered(exchange)


# -- changing --------------------------------------------------------------------------------


def _rename(exchange, _obj, attributes, _items):
    """An unknown key is a success, too."""
    name, label = exchange.session.username, attributes.get("fido2_fn")
    cid = php.text(attributes.get("fido2_cid"))
    label = None if label is None else php.text(label)
    known = cid in [passkey.cid for passkey in exchange.state.passkeys_of(name)]
    if known and label is not None and len(label) > MAX_LABEL:
        factors.die_of(exchange, factors.TooLong("friendlyName"))
    exchange.state.label_passkeys(name, cid, label)
    exchange.alert("success", ["object_modified", name], "fido2",
                   {"action": "edit_fn", "fido2_attrs": attributes})
    return True


def _remove(exchange):
    """The form `unset_fido2_key`: all rows of that id, or none, and always a success."""
    name, form = exchange.session.username, dict(exchange.post)
    exchange.state.remove_passkeys(name, form["unset_fido2_key"])
    exchange.alert("success", ["object_modified", name], "fido2",
                   {"action": "unset_fido2_key", "post_data": form})


# -- logging in --------------------------------------------------------------------------------


def _login_options(exchange):
    relying_party.second_opinion()
    return api.answer(options.request(exchange))


def _owner(exchange, document):
    """The Passkey that signed the document; raises Refused."""
    members = document if isinstance(document, dict) else {}
    credential_id = php.base64_decode(members.get("id"))
    passkey = exchange.state.passkey(credential_id) if credential_id else None
    relying_party.authenticate(document, passkey and passkey.key, _expected(exchange))
    if exchange.state.refuse_codes:
        raise relying_party.Refused("invalid signature")
    return passkey


def log_in(exchange, roles):
    """The account that the form `verify_fido2_login` stands for, or None after an alert."""
    relying_party.second_opinion()
    state, session = exchange.state, exchange.session
    try:
        passkey = _owner(exchange, php.from_json(exchange.post.get("token")))
    except relying_party.Refused as error:
        exchange.alert("danger", "login_failed", "fido2_login", roles[0], None, str(error))
        return None
    account = state.account(passkey.account)
    if account is None and "user" in roles:
        session.destroy()  # renamed or deleted behind the key's back
        return None
    if account is None or account.role not in roles:
        exchange.alert("danger", "login_failed", "fido2_login", roles[0], passkey.account)
        return None
    session.challenge, session.passkey_used = None, passkey.cid
    exchange.alert("success", ["logged_in_as", account.name], "fido2_login", roles[0],
                   account.name)
    return account


def _process(exchange):
    """How old releases do it: one address for all roles, and an answer that is true."""
    relying_party.second_opinion()
    session = exchange.session
    try:
        passkey = _owner(exchange,
                         php.from_json(exchange.request.body.decode("utf-8", "replace")))
    except relying_party.Refused:
        return api.answer({"success": False})
    account = exchange.state.account(passkey.account)
    if account is None:
        session.destroy()
        return api.nothing()
    session.username, session.role = account.name, account.role
    session.challenge, session.passkey_used = None, passkey.cid
    exchange.alert("success", ["logged_in_as", account.name], "fido2_login")
    return api.answer({"success": True})


api.READ_OPEN["fido2-registration"] = _registration_options
api.READ_OPEN["fido2-get-args"] = _login_options
api.ADD_RAW["fido2-registration"] = _register
api.EDIT["fido2-fn"] = _rename
api.PROCESS["fido2-args"] = _process
factors.REMOVALS["unset_fido2_key"] = _remove
