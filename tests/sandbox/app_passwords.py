"""App passwords, and the policy that new passwords are held against (protocol 15)."""

import re

import api
import php
from factors import TooLong, die_of

PROTOCOLS = ("imap_access", "smtp_access", "dav_access", "eas_access", "pop3_access",
             "sieve_access")
MAX_LABEL = 255  # of the escaped form
_SHOWN_ORDER = ("imap_access", "smtp_access", "eas_access", "dav_access", "pop3_access",
                "sieve_access")


def _too_weak(policy, password):
    wants = {name: php.intval(value) for name, value in policy.items()}
    return (len(password.encode()) < wants["length"]
            or wants["special_chars"] and not re.search(r"[^a-zA-Z\d]", password)
            or wants["chars"] and not re.search(r"[a-zA-Z]", password)
            or wants["numbers"] and not re.search(r"\d", password)
            or wants["lowerupper"] and not (re.search(r"[a-z]", password)
                                            and re.search(r"[A-Z]", password)))


def check_policy(exchange, first, second, use_policy=True):
    """Whether a new password may be used; if not, an alert says why."""
    complaint = None
    first, second = php.text(first), php.text(second)
    if use_policy and not (first and second):
        complaint = "password_complexity"
    elif first != second:
        complaint = "password_mismatch"
    elif use_policy and _too_weak(exchange.state.password_policy, first):
        complaint = "password_complexity"
    if complaint:
        exchange.alert("danger", complaint, "password_check", None, None)
    return complaint is None


def may_touch(exchange, mailbox):
    """Whose mailboxes a session may see and change."""
    session = exchange.session
    account = exchange.state.account(mailbox, "user")
    if account is None or session.role is None:
        return False
    if session.role == "user":
        return session.username == mailbox
    if session.role == "domainadmin":
        return account.domain in exchange.state.domains_of(session.username)
    return True


def _hidden(attributes):
    return {key: "*" if key.startswith("app_passwd") else value
            for key, value in attributes.items()}


def _owner(exchange, attributes, action):
    """The mailbox meant: one's own, or the one that is named. None after an alert."""
    named = attributes.get("username")
    if not isinstance(named, str) or not php.is_email(named):
        return exchange.session.username
    if may_touch(exchange, named):
        return named
    exchange.alert("danger", "access_denied", "app_passwd", action, _hidden(attributes))
    return None


def _details(row, account):
    # Names are escaped once more than they should be: "&" comes out as "&amp;amp;".
    details = {"id": row.id, "name": php.escape_html(row.label), "mailbox": row.account,
               "domain": account.domain, "password": "{BLF-CRYPT}$2y$10$made/up/hash",
               "created": "2026-01-01 00:00:00", "modified": None}
    details.update({name: int(name in row.protocols) for name in _SHOWN_ORDER})
    details["active"] = row.active
    return details


def _read(exchange, obj, extra):
    if obj != "all":
        return api.nothing()  # single rows cannot be read: the server looks for the wrong thing
    owner = _owner(exchange, {"username": extra} if extra else {}, "get")
    account = exchange.state.account(owner, "user")
    if account is None or not may_touch(exchange, owner):
        return {}
    return [_details(row, account) for row in exchange.state.app_passwords_of(owner)]


def _add(exchange, _obj, attributes):
    hidden = _hidden(attributes)
    owner = _owner(exchange, attributes, "add")
    if owner is None or not may_touch(exchange, owner):
        if owner is not None or exchange.session.username is None:
            exchange.alert("danger", "access_denied", "app_passwd", "add", hidden)
        return False
    if not check_policy(exchange, attributes.get("app_passwd"), attributes.get("app_passwd2"),
                        exchange.dialect.checks_app_passwords):
        return False
    label = php.escape_html(php.trim(php.text(attributes.get("app_name"))))
    if not label:
        exchange.alert("danger", "app_name_empty", "app_passwd", "add", hidden)
        return False
    if len(label) > MAX_LABEL:
        die_of(exchange, TooLong("name"))
    wanted = php.as_list(attributes.get("protocols"))
    exchange.state.add_app_password(owner, label, php.intval(attributes.get("active")),
                                    [name for name in PROTOCOLS if name in wanted],
                                    php.text(attributes["app_passwd"]))
    exchange.alert("success", "app_passwd_added", "app_passwd", "add", hidden)
    return True


def _delete(exchange, _obj, _attributes, items):
    for item in items:
        row = next((row for row in exchange.state.app_passwords if row.id == php.intval(item)),
                   None)
        if row is None or not may_touch(exchange, row.account):
            key = "access_denied" if row else "app_passwd_id_invalid"
            exchange.alert("danger", key, "app_passwd", "delete", {"id": items})
            return False
        exchange.state.remove_app_password(row)
        exchange.alert("success", ["app_passwd_removed", str(item)], "app_passwd", "delete",
                       {"id": items})
    return True


def _policy(exchange, _obj, _extra):
    return exchange.state.password_policy


api.READ["app-passwd"] = _read
api.READ["passwordpolicy"] = _policy
api.ADD["app-passwd"] = _add
api.DELETE["app-passwd"] = _delete
