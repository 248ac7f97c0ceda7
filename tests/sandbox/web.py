"""The pages and their forms: who may see what, and logging in (protocol 1).

`serve` is the only way in.  The order of the steps matters and is the server's:
session and form token first, then the factor forms, then the login forms, then
the page itself, which may still be a redirect.
"""

import accounts_api  # noqa: F401 (registers its routes)
import api
import app_passwords  # noqa: F401 (registers its routes)
import factors
import log_in_as
import own_password  # noqa: F401 (registers its route)
import pages
import passkeys
import php
import relying_party
import security_keys  # noqa: F401 (registers its routes and its method)
import sign_on
from exchange import Response, redirect


def serve(exchange):
    """The answer to one request."""
    request, dialect = exchange.request, exchange.dialect
    if request.path in dialect.moved:
        # The web server itself answers: the form is lost (protocol 0).
        target = dialect.moved[request.path]
        query = "?" + request.query_text if request.query_text else ""
        return redirect(target + query, 301, from_php=False)
    if request.path.startswith("/api/v1/"):
        handler = api.serve
    elif request.path in dialect.pages:
        handler = _serve_page
    else:
        return not_found()
    try:
        response = exchange.begin() or _common(exchange) or handler(exchange)
    except factors.ScriptDied:
        response = Response(200)
    except relying_party.Missing:
        response = Response(501, b"python3-fido2 is missing here\n")
    if exchange.location and handler is api.serve:
        response.status = 302
        response.headers.append(("Location", exchange.location))
    return exchange.finish(response)


def not_found():
    return Response(404, b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n"
                    b"<center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n",
                    content_type="text/html", from_php=False)


def _common(exchange):
    """What every script does before its own work, at every address."""
    if not exchange.dialect.split_logins:
        sign_on.enter(exchange)
    response = log_in_as.enter(exchange) or _factor_forms(exchange)
    log_in_as.learn_rights(exchange)
    return response


def _factor_forms(exchange):
    """Forms of a logged-in session."""
    session = exchange.session
    if not session.role:
        return None
    if "set_tfa" in exchange.post:
        was_held = session.pending_tfa_setup
        try:
            factors.set_factor(exchange, exchange.post)
        except factors.TooLong as error:
            factors.die_of(exchange, error)
        if was_held and not session.pending_tfa_setup:
            return redirect(_start_of(exchange))
    for field, remove in factors.REMOVALS.items():
        if field in exchange.post:
            remove(exchange)
    return None


def _serve_page(exchange):
    page = exchange.dialect.pages[exchange.request.path]
    response = _login_forms(exchange, page)
    if response:
        return response
    if page.kind == "login":
        return _login_page(exchange, page)
    return _private_page(exchange, page)


def _rendered(exchange, page):
    role = exchange.session.role or page.roles[0]
    body = pages.render(exchange, page.kind, role)
    if exchange.location:
        # A redirect that did not stop the script: the page is its body.
        return Response(302, body, headers=[("Location", exchange.location)])
    return Response(200, body)


def _login_page(exchange, page):
    session = exchange.session
    # A held session sees its modals at `/` and at the login page of its own role.
    at_home = exchange.request.path == "/"
    if session.role and not (session.held and (at_home or session.role in page.roles)):
        return redirect(_start_of(exchange, webmail=at_home))
    return _rendered(exchange, page)


def _private_page(exchange, page):
    session, dialect = exchange.session, exchange.dialect
    if not session.role:
        return redirect(dialect.stranger(page))
    if session.held and not page.open_while_held:
        return redirect(dialect.held(session.role))
    if page.kind == "sogo":
        return _webmail() if session.role == "user" else redirect("/")
    if session.role not in page.roles:
        return redirect(_start_of(exchange, webmail=False) if dialect.split_logins else "/")
    return _rendered(exchange, page)


def _webmail():
    return Response(200, b"<!DOCTYPE html><html><head><title>webmail</title></head>"
                         b"<body ng-app></body></html>", from_php=False)


def _start_of(exchange, webmail=True):
    """The page where a session begins: webmail for mailboxes that have it."""
    role = exchange.session.role
    if role == "user":
        account = exchange.state.account(exchange.session.username)
        has_webmail = (account and php.intval(account.attribute("sogo_access")) == 1
                       and not exchange.session.really)
        if not webmail or not has_webmail:
            return exchange.dialect.factors["user"]
    return exchange.dialect.start[role]


# -- logging in --------------------------------------------------------------------------


def _login_forms(exchange, page):
    roles = page.roles if exchange.dialect.split_logins else exchange.dialect.login
    if not page.takes_logins:
        return None
    if exchange.dialect.split_logins and "domainadmin" in page.roles:
        sign_on.enter(exchange)
    form = exchange.post
    for field, handle in SECOND_STEPS.items():
        response = handle(exchange, roles) if field in form else None
        if response:
            return response
    home = exchange.dialect.held(page.roles[0])
    if "cancel_tfa_login" in exchange.request.query:
        exchange.session.forget_pending()
        exchange.location = home  # no end of the script here: the page follows
    if "cancel_tfa_setup" in exchange.request.query and exchange.dialect.knows_force:
        exchange.end_session()
        return redirect(home)
    if "login_user" in form and "pass_user" in form:
        return _first_step(exchange, roles)
    return None


def _enter(exchange, account, renew):
    """Makes the session the account's own and sends it to its first page."""
    session = exchange.session
    if renew:
        exchange.renew_session()
    session.username, session.role = account.name, account.role
    session.forget_pending()
    if session.held:
        return redirect(exchange.dialect.held(account.role))
    # Releases without the hold show the new password's form instead (dialects 2.1).
    must_set_password = php.intval(account.attribute("force_pw_update")) == 1
    return redirect(_start_of(exchange, webmail=not must_set_password))


def _first_step(exchange, roles):
    """The password.  A right one may still leave the second factor to be shown."""
    session, dialect = exchange.session, exchange.dialect
    name = php.lower(php.trim(exchange.post["login_user"]))
    account = _check_password(exchange, name, roles)
    if account is None:
        session.forget_pending()
        session.forget_login()
        return None
    session.login_delay = None
    if (dialect.knows_force and account.authsource == "mailcow"
            and php.intval(account.attribute("force_pw_update")) == 1):
        session.pending_pw_update = True
    waiting = exchange.state.factors_of(name)
    if waiting:
        session.pending_username, session.pending_role = name, account.role
        session.pending_methods = [(row.id, row.label, row.method) for row in waiting]
        _announce_pending(exchange, account)
        if not dialect.split_logins:
            exchange.renew_session()
        return None
    # A factor that was switched off is back after this login (protocol 7.3).
    exchange.state.set_factors_active(name, 1)
    forced = dialect.knows_force and php.intval(account.attribute("force_tfa")) == 1
    if forced and not exchange.state.factors_of(name):
        session.pending_tfa_setup = True
    exchange.alert("success", ["logged_in_as", name], "check_login", name, "*")
    return _enter(exchange, account, renew=True)


def _announce_pending(exchange, account):
    if account.role != "user":
        exchange.alert("info", "awaiting_tfa_confirmation", "check_login", account.name, "*")
    elif exchange.dialect.split_logins:
        # Not yet true, and yet a success (protocol 1).
        exchange.alert("success", ["logged_in_as", account.name], "check_login", account.name, "*")


def _check_password(exchange, name, roles):
    """The account, or None after an alert and a published failure."""
    state, password = exchange.state, exchange.post["pass_user"]
    if not php.is_name(name):
        exchange.alert("danger", "malformed_username", "check_login", name, "*")
        if not exchange.dialect.split_logins:
            return None  # not even counted (dialects 2.1)
        return _refuse(exchange, name)
    account = state.account(name)
    if "user" in roles and exchange.dialect.split_logins and not state.account(name, "user"):
        # An unknown mailbox costs the visitor the session, and so any delay.
        exchange.end_session()
        return _refuse(exchange, name)
    if (account is None or account.role not in roles or not account.active
            or account.domain in state.inactive_domains or not state.password_is(account, password)):
        return _refuse(exchange, name)
    return account


def _refuse(exchange, name):
    session = exchange.session
    session.login_delay = 0 if session.login_delay is None else session.login_delay + 0.5
    exchange.state.publish_failure(name, exchange.request.client)
    exchange.alert("danger", "login_failed", "check_login", name, "*")


def _second_step(exchange, roles):
    """The second factor; one wrong answer drops the pending login (protocol 1.1)."""
    session, dialect = exchange.session, exchange.dialect
    account = exchange.state.account(session.pending_username, session.pending_role)
    if not factors.answer(exchange) or account is None or account.role not in roles:
        # On another role's page a right code is "verified", and yet nobody is logged in.
        session.forget_pending()
        return None
    response = _enter(exchange, account, renew=dialect.split_logins and account.role == "user")
    if dialect.split_logins:
        return response
    # Old releases go on with the page that was posted to (dialects 2.2).
    log_in_as.learn_rights(exchange)
    exchange.location = dialect.factors["user"]
    return None


def _passkey_login(exchange, roles):
    """Always an empty page; whether it worked shows on the next one (protocol 6)."""
    if not exchange.dialect.split_logins:
        return None  # old releases have another way and do not know this form
    account = passkeys.log_in(exchange, roles)
    if account:
        if account.role == "user":
            exchange.renew_session()
            exchange.session.forget_pending()
        exchange.session.username, exchange.session.role = account.name, account.role
    return Response(200)


# Forms that are an answer to more than a password: field -> function(exchange, roles).
SECOND_STEPS = {
    "verify_tfa_login": _second_step,
    "verify_fido2_login": _passkey_login,
}
