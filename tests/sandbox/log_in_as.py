"""Logging in as somebody else, without their password (protocol 8, 18).

`?duallogin=NAME` turns an administrator's session into the account's own: same
cookie, same form token, same queue of alerts.  A log-out turns it back (see
exchange.py), a second one ends it.  Whatever holds the account's own logins up
does not hold this one.
"""

import html
import urllib.parse

import php
from app_passwords import may_touch
from exchange import redirect


def enter(exchange):
    """The parameter `duallogin`, at any address; a page may still replace its redirect.

    A Response ends the request: a server that lies says yes and does nothing.
    """
    session = exchange.session
    if "duallogin" not in exchange.request.query or not session.role or not session.may_log_in_as:
        return None
    if session.really and exchange.dialect.split_logins:
        return None
    # The server decodes it twice.
    name = html.unescape(urllib.parse.unquote(exchange.request.query["duallogin"]))
    account = _target(exchange, name)
    if account is None:
        return None
    exchange.location = "/user"
    if exchange.state.lying:
        return redirect(exchange.location)
    entered = exchange.entered(account)
    session.really = (session.username, session.role)
    # With the letters that it was asked for with: ALICE is found, and remains ALICE.
    session.username = name if entered is account else entered.name
    session.role = entered.role
    return None


def _target(exchange, name):
    """The account, be it active or not and wherever its password is; None: not for this session."""
    if php.is_email(name):
        return exchange.state.account(name, "user") if may_touch(exchange, name) else None
    if exchange.session.role != "admin":
        return None
    return exchange.state.account(name, "domainadmin")


def learn_rights(exchange):
    """Puts into the session what it may do; the present request has been too early for it."""
    session = exchange.session
    name, role = session.really or (session.username, session.role)
    account = exchange.state.account(name, "domainadmin")
    if "admin" in (role, session.role):
        session.may_log_in_as = True
    elif session.role:
        session.may_log_in_as = bool(account and account.may_log_in_as)
