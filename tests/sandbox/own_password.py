"""Accounts change their own passwords (protocol 1.3, 17; dialects 2.5)."""

import api
import php
from app_passwords import check_policy

_NEW_PASSWORD_FIELDS = ("password", "password2", "user_old_pass", "user_new_pass",
                        "user_new_pass2")


def hidden(attributes):
    """What is said of attributes in answers and logs."""
    return {key: "*" if key in _NEW_PASSWORD_FIELDS else value
            for key, value in attributes.items()}


def _edit_self(exchange, _obj, attributes, _items):
    if exchange.state.account(exchange.session.username) is None:
        return api.nothing()
    if exchange.session.role == "user":
        return _edit_mailbox(exchange, attributes)
    if exchange.session.role == "domainadmin":
        return edit_administration(exchange, attributes)
    return api.nothing()


def _edit_mailbox(exchange, attributes):
    session, log = exchange.session, ("edit_user_account", hidden(attributes))
    account = exchange.state.account(session.username)
    new = attributes.get("user_new_pass"), attributes.get("user_new_pass2")
    old = attributes.get("user_old_pass")
    local = account.authsource == "mailcow"
    if (old or session.pending_pw_update) and all(new):
        if not session.pending_pw_update and not (local and account.password == old):
            exchange.alert("danger", "access_denied", *log)
            return False
        if not check_policy(exchange, *new):
            return False
        if local:
            exchange.state.set_password(account, php.text(new[0]))
            exchange.state.set_attributes(account, force_pw_update="0")
        session.pending_pw_update = False
    # Without the old password nothing was changed, and it is a success (dialects 2.5).
    exchange.alert("success", ["mailbox_modified", session.username], *log)
    return True


def edit_administration(exchange, attributes):
    """Of a domain admin, who can change nothing else."""
    session, log = exchange.session, ("domain_admin", "edit", hidden(attributes))
    account = exchange.state.account(session.username)
    if not session.pending_pw_update and attributes.get("user_old_pass", "") != account.password:
        exchange.alert("danger", "access_denied", *log)
        return False
    new = attributes.get("user_new_pass")
    if not check_policy(exchange, new, attributes.get("user_new_pass2")):
        return False
    exchange.state.set_password(account, php.text(new))
    if exchange.dialect.knows_force:
        exchange.state.set_attributes(account, force_pw_update="0")
    session.pending_pw_update = False
    exchange.alert("success", ["domain_admin_modified", session.username], *log)
    return True


api.EDIT["self"] = _edit_self
