"""Thousands of mailboxes at once, and everything that is stored about an account.

The mailboxes are `made00001@DOMAIN` and so on.  With factors, the last digit of
the number says what a mailbox has; see KINDS.  All have one password, or each
its own.
"""

import base64
import hashlib
import os

PASSWORD = "Made-Up-Pass-many"
OWN_PASSWORD = "Made-Up-Pass-{:05}"
SECRET = "MADEUPSECRETOFMANYABCD234567"
# Last digit of the number -> what the mailbox has.  The others have nothing.
KINDS = {
    0: ("totp",),
    1: ("webauthn",),
    2: ("passkey",),
    3: ("totp", "app-password"),
    4: ("totp", "disabled"),
    5: ("webauthn", "disabled"),
    6: ("app-password",),
}
_UNTOUCHED = {"quota": 1073741824, "custom_attributes": {}, "modified": None}


def make(state, domain, count, with_factors, own_passwords=False):
    if domain not in state.domains:
        state.domains.append(domain)
    for number in range(1, count + 1):
        name = f"made{number:05}@{domain}"
        state.seed_account({"name": name, "role": "mailbox", "password":
                            OWN_PASSWORD.format(number) if own_passwords else PASSWORD})
        for kind in KINDS.get(number % 10, ()) if with_factors else ():
            _give(state, name, kind)


def _give(state, name, kind):
    if kind == "passkey":
        state.add_passkey(name, os.urandom(32))
    elif kind == "app-password":
        state.add_app_password(name, "made up", protocols=("imap_access", "smtp_access"))
    elif kind == "webauthn":
        state.add_factor(name, "made up", kind, key_handle=os.urandom(32), key=b"made up")
    elif kind == "totp":
        state.add_factor(name, "made up", kind, SECRET)
    else:
        state.set_factors_active(name, 0)


def holdings(state, account):
    """What an account has, with its secrets, for comparison with somebody's records."""
    return {
        "role": account.role, "force_pw_update": account.attribute("force_pw_update"),
        "password": account.password,
        "factors": [{"id": row.id, "label": row.label, "method": row.method,
                     "active": bool(row.active), "credential": _text(row.key_handle),
                     "secret": row.secret if row.method == "totp" else None}
                    for row in state.factors_of(account.name, active_only=False)],
        "passkeys": [{"cid": row.cid, "label": row.shown_label,
                      "credential": _text(row.credential_id)}
                     for row in state.passkeys_of(account.name)],
        "app_passwords": [{"id": row.id, "label": row.label, "password": row.password}
                          for row in state.app_passwords_of(account.name)]}


def _text(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def columns(account):
    """The rows of an account by table, named as on the server."""
    row = {"username": account.name, "active": account.active,
           "attributes": account.attributes,
           "password": "{SHA256}" + hashlib.sha256(account.password.encode()).hexdigest()}
    if account.role == "user":
        row |= {"domain": account.domain, "local_part": account.name.partition("@")[0],
                "name": account.shown_name, "authsource": account.authsource,
                "created": account.created, **_UNTOUCHED}
        return {"mailbox": row, "user_acl": None, "tags_mailbox": []}
    row["superadmin"] = int(account.role == "admin")
    domains = [{"username": account.name, "domain": domain, "created": account.created,
                "active": account.shown_active} for domain in account.domains]
    rights = {"username": account.name, "login_as": account.may_log_in_as}
    return {"admin": row, "domain_admins": domains,
            "da_acl": rights if account.role == "domainadmin" else None}
