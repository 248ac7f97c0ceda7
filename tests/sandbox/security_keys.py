"""Security keys as a second factor: WebAuthn over the JSON API (protocol 5).

They are set up and asked for with documents of options.py, judged by
relying_party.py and stored in the same table as the other factors.
"""

import api
import factors
import options
import php
import relying_party


def key_handles(exchange, account):
    """Of switched off keys, too."""
    return [row.key_handle for row in exchange.state.factors_of(account, active_only=False)
            if row.method == "webauthn"]


def _expected(exchange, trusted=None):
    return relying_party.Expectation(options.rp_id(exchange), exchange.session.challenge,
                                     verified=False, trusted=trusted)


# -- setting up ------------------------------------------------------------------------------


def _registration_options(exchange):
    relying_party.second_opinion()
    session = exchange.session
    if not session.role:
        return api.nothing()
    return api.answer(options.creation(exchange, key_handles(exchange, session.username),
                                       resident=False))


def _register(exchange):
    relying_party.second_opinion()
    if not exchange.session.role:
        return api.incomplete()
    document = php.from_json(exchange.request.body.decode("utf-8", "replace"))
    try:
        registration = relying_party.register(
            document, _expected(exchange, exchange.state.trusted_vendors))
        form = {name: document[name] for name in ("tfa_method", "key_id", "confirm_password")
                if document.get(name) is not None}
        # What that says is for the next page only: wrong passwords and unknown
        # methods are a success here (protocol 5.4).
        factors.set_factor(exchange, {**form, "registration": registration})
    except (relying_party.Refused, factors.TooLong) as error:
        return api.answer({"success": False, "msg": str(error)})
    return api.registered(exchange)


def _enroll(exchange, form, logged):
    registration = form.get("registration")
    if isinstance(registration, relying_party.Registration):
        stored = {"key_handle": registration.credential_id, "key": registration.key}
    else:
        # The form of the shipped set-up page: a key nobody can use (protocol 1.2).
        stored = {}
    factors.insert(exchange, form, "webauthn", **stored)
    factors.stored(exchange, logged)


# -- at login --------------------------------------------------------------------------------


def _login_options(exchange):
    relying_party.second_opinion()
    known_ids = key_handles(exchange, exchange.session.pending_username)
    if not known_ids:
        return api.answer({"type": "error", "msg": "Cannot find matching credentialIds"})
    return api.answer(options.request(exchange, known_ids))


def _verify(exchange, name, form):
    """Logs in all by itself: that the form came to another role's page does not matter."""
    state, session = exchange.state, exchange.session
    row = state.factor(php.intval(form.get("id", "")))
    complaint = None
    if row is None or not row.active:
        complaint = ["webauthn_authenticator_failed"]
    elif not row.key:
        complaint = ["webauthn_publickey_failed"]
    elif row.account != name:
        complaint = ["webauthn_username_failed"]
    else:
        try:
            # The key is that of the row, whatever id the answer names.
            relying_party.authenticate(php.from_json(form.get("token")), row.key,
                                       _expected(exchange))
            if state.refuse_codes:
                raise relying_party.Refused("invalid signature")
        except relying_party.Refused as error:
            complaint = ["webauthn_verification_failed", str(error)]
    if complaint:
        exchange.alert("danger", complaint, "verify_tfa_login", name, "*")
        return False
    session.username, session.role = name, state.account(name).role
    session.factor_used, session.challenge = row.id, None
    exchange.alert("success", ["logged_in_as", name], "webauthn_login")
    return True


api.READ_OPEN["webauthn-tfa-registration"] = _registration_options
api.READ_OPEN["webauthn-tfa-get-args"] = _login_options
api.ADD_RAW["webauthn-tfa-registration"] = _register
factors.ENROLL["webauthn"] = _enroll
factors.VERIFY["webauthn"] = _verify
