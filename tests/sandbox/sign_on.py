"""Tokens that let a domain administrator in without a password (protocol 8, 18)."""

import re
import secrets
from dataclasses import dataclass

import api
import php

LIFETIME_S = 30


@dataclass
class Token:
    text: str
    account: str
    created: float


def _issue(exchange, obj, attributes):
    if obj != "domain-admin":
        return api.nothing()
    state, log = exchange.state, ("domain_admin_sso", "issue", attributes)
    if exchange.session.role != "admin":
        exchange.alert("danger", "access_denied", *log)
        return False
    if isinstance(attributes.get("username"), (list, dict)):
        return api.nothing()  # the script ends half-way
    name = php.text(attributes.get("username"))
    account = state.account(name, "domainadmin")
    if account is None or not account.domains:
        exchange.alert("danger", ["object_doesnt_exist", php.escape_html(name)], *log)
        return False
    # Nobody asks whether the account is active; the token is worthless then.
    text = "-".join(secrets.token_hex(3).upper() for _ in range(5))
    state.keep_token(Token(text, name, state.now()))
    state.sso_tokens = [token for token in state.sso_tokens if _is_fresh(state, token)]
    return api.answer({"token": text})


def _is_fresh(state, token):
    return state.now() - token.created < LIFETIME_S


def enter(exchange):
    """The parameter `sso_token`: a logged-in session, past every factor and hold.

    A token that is not taken is not talked about: the login page comes.
    """
    given = exchange.request.query.get("sso_token")
    if not given:
        return
    state = exchange.state
    text = re.sub(r"[^a-zA-Z0-9-]", "", given)
    token = next((each for each in state.sso_tokens
                  if each.text == text and _is_fresh(state, each)), None)
    account = token and state.account(token.account, "domainadmin")
    if not account or not account.active:
        return
    if exchange.dialect.single_use_tokens and not state.lying:
        state.sso_tokens.remove(token)
    exchange.renew_session()
    account = exchange.entered(account)
    exchange.session.username, exchange.session.role = account.name, account.role
    exchange.location = exchange.dialect.start["domainadmin"]


api.ADD["sso"] = _issue
