"""The forms that change or ask for a second factor (protocol 1.1, 3, 4, 9).

Three tables hold the methods: ENROLL (form `set_tfa`), VERIFY (form
`verify_tfa_login`) and REMOVALS (other forms of the factor page).  A further
method registers itself there.
"""

import base64
import re

import php
import totp

MAX_COLUMN = 255
MAX_HANDLE = 1023
_MODHEX_OTP = re.compile(r"[cbdefghijklnrtuv]{44}")
_PREFIX_LENGTH = 12


class ScriptDied(Exception):
    """The script ended half-way: status 200, empty body, an alert for the next page."""


class TooLong(Exception):
    """A column is too short; the text is what the database says."""

    def __init__(self, column):
        super().__init__("SQLSTATE[22001]: String data, right truncated: 1406 "
                         f"Data too long for column '{column}' at row 1")


def set_factor(exchange, form):
    """The form `set_tfa`: enrol something, or switch everything off."""
    session = exchange.session
    logged = {name: value for name, value in form.items() if name != "registration"}
    if "confirm_password" in logged:
        logged["confirm_password"] = "*"
    # In forced set-up the password was just given (protocol 1.2).
    if not session.pending_tfa_setup and not _password_confirmed(exchange, form):
        exchange.alert("danger", "access_denied", "set_tfa", logged)
        return
    method = ENROLL.get(form.get("tfa_method"))
    if method is None:
        return  # an unknown method says nothing at all (protocol 4.2)
    method(exchange, form, logged)


def _password_confirmed(exchange, form):
    account = exchange.state.account(exchange.session.username)
    given = form.get("confirm_password")
    if account is None:
        return True  # nothing to compare with, as for the user "API" (protocol 7.4)
    # Only LDAP is asked here; for the others the password that is stored counts (protocol 15).
    if account.authsource == "ldap":
        return exchange.state.password_is(account, given)
    return account.password == given


def stored(exchange, logged):
    """The end of every enrolment that worked."""
    exchange.session.pending_tfa_setup = False
    exchange.alert("success", ["object_modified", exchange.session.username], "set_tfa", logged)


def _die_with_form(exchange, complaint, form):
    """What an exception shows: the whole form, the password included (protocol 4.3)."""
    dump = " ".join(f"[{name}] => {value}" for name, value in form.items())
    exchange.alert("danger", f"Something broke: {complaint} Array ( {dump} )",
                   "exception_handler")
    raise ScriptDied


def die_of(exchange, error):
    """Ends a script that was not made ready for what the database says."""
    exchange.alert("danger", ["mysql_error", str(error)], "exception_handler")
    raise ScriptDied


def insert(exchange, form, method, secret="", **key):
    """A new row of the table; raises TooLong."""
    label = php.text(form.get("key_id", "unidentified"))
    handle = base64.b64encode(key.get("key_handle", b""))
    for column, value, limit in (("key_id", label, MAX_COLUMN), ("secret", secret, MAX_COLUMN),
                                 ("keyHandle", handle, MAX_HANDLE)):
        if len(value) > limit:
            raise TooLong(column)
    exchange.state.add_factor(exchange.session.username, label, method, secret, **key)


def _enroll_totp(exchange, form, logged):
    secret, code = form.get("totp_secret"), form.get("totp_confirm_token")
    if secret is None or code is None:
        _die_with_form(exchange, "TypeError", form)
    try:
        right = totp.matches(secret, code, exchange.state.now())
    except totp.BadSecret as error:
        _die_with_form(exchange, str(error), form)
    if not right or exchange.state.refuse_codes:
        exchange.alert("danger", "totp_verification_failed", "set_tfa", logged)
        return
    # Nothing remembers a code: the same form enrols again (protocol 4.3).
    insert(exchange, form, "totp", secret)
    stored(exchange, logged)


def _enroll_yubico(exchange, form, logged):
    otp = form.get("otp_token", "")
    if len(otp) != 44 or not (otp.isascii() and otp.isalnum()):
        exchange.alert("danger", "tfa_token_invalid", "set_tfa", logged)
        return
    complaint = _ask_cloud(exchange.state, otp)
    if complaint:
        exchange.alert("danger", ["yotp_verification_failed", complaint], "set_tfa", logged)
        return
    prefix = otp[:_PREFIX_LENGTH]
    exchange.state.remove_factors(
        exchange.session.username,
        lambda row: row.method == "yubi_otp" and row.secret.endswith(prefix))
    secret = ":".join((form.get("yubico_id", ""), form.get("yubico_key", ""), prefix))
    insert(exchange, form, "yubi_otp", secret)
    stored(exchange, logged)


def _ask_cloud(state, otp):
    """What the vendor's service would complain about; nobody is asked here."""
    if not _MODHEX_OTP.fullmatch(otp):
        return "Could not parse Yubikey OTP"
    if state.refuse_codes:
        return "NO_VALID_ANSWER"
    if otp in state.used_otps:
        return "REPLAYED_OTP"
    state.used_otps.add(otp)
    return None


def _switch_off(exchange, _form, logged):
    name = exchange.session.username
    if exchange.state.removal_blocked(name):
        exchange.alert("danger", "tfa_removal_blocked", "set_tfa", logged)
        return
    exchange.state.remove_factors(name)
    exchange.alert("success", ["object_modified", name], "set_tfa", logged)


def remove_factor(exchange):
    """The form `unset_tfa_key`; an unknown id is a success too (protocol 3)."""
    state, name, logged = exchange.state, exchange.session.username, dict(exchange.post)
    wanted = php.intval(exchange.post["unset_tfa_key"])
    if state.removal_blocked(name):
        exchange.alert("danger", "tfa_removal_blocked", "unset_tfa_key", logged)
    elif len(state.factors_of(name)) == 1:
        exchange.alert("danger", "last_key", "unset_tfa_key", logged)
    else:
        state.remove_factors(name, lambda row: row.id == wanted)
        exchange.alert("success", ["object_modified", name], "unset_tfa_key", logged)


# -- the question at login -------------------------------------------------------------


def answer(exchange):
    """The form `verify_tfa_login`: whether the pending second factor was shown."""
    method = VERIFY.get(exchange.post.get("tfa_method"))
    name = exchange.session.pending_username
    if method is None:
        exchange.alert("danger", "unknown_tfa_method", "verify_tfa_login", name, "*")
        return False
    return method(exchange, name, exchange.post)


def _verify_totp(exchange, name, form):
    state = exchange.state
    row = state.factor(php.intval(form.get("id", "")))
    mine = row and row.account == name and row.method == "totp" and row.active
    if mine and not state.refuse_codes and totp.matches(row.secret, form.get("token", ""),
                                                        state.now()):
        exchange.session.factor_used = row.id
        exchange.alert("success", "verified_totp_login", "verify_tfa_login", name, "*")
        return True
    exchange.alert("danger", "totp_verification_failed", "verify_tfa_login", name, "*")
    return False


def _verify_yubico(exchange, name, form):
    otp = form.get("token", "")
    row = None
    if len(otp) != 44 or not (otp.isascii() and otp.isalnum()):
        complaint = "wrong length"
    else:
        row = next((row for row in exchange.state.factors_of(name)
                    if row.method == "yubi_otp" and row.secret.endswith(otp[:_PREFIX_LENGTH])),
                   None)
        # Without a row the service is asked with no account, and says so.
        complaint = _ask_cloud(exchange.state, otp) if row else "NO_VALID_ANSWER"
    if complaint:
        exchange.alert("danger", ["yotp_verification_failed", complaint], "verify_tfa_login",
                       name, "*")
        return False
    exchange.session.factor_used = row.id
    exchange.alert("success", "verified_yotp_login", "verify_tfa_login", name, "*")
    return True


def _verify_u2f(exchange, name, _form):
    """Legacy rows let in with the password alone and are gone (dialects 2.2)."""
    rows = [row for row in exchange.state.factors_of(name, active_only=False)
            if row.method == "u2f"]
    exchange.state.remove_factors(name, lambda row: row.method == "u2f")
    return bool(rows)


ENROLL = {
    "totp": _enroll_totp,
    "yubi_otp": _enroll_yubico,
    "none": _switch_off,
}

VERIFY = {
    "totp": _verify_totp,
    "yubi_otp": _verify_yubico,
    "u2f": _verify_u2f,
}

REMOVALS = {
    "unset_tfa_key": remove_factor,
}
