"""One request on its way through the server, and what every script does first.

Before a page or the API sees a request the server opens the session, looks for
an API key, logs out if asked to, checks the form token and picks a language
(protocol 2, 7.4, 11).  Whatever comes later works on the same `Exchange`.
"""

import http.cookies
import ipaddress
import re
from dataclasses import dataclass, field

import php
import sessions
import texts

# Where a log-out leads that only ends being somebody else.
_AFTERWARDS = {"admin": "/admin/mailbox", "domainadmin": "/domainadmin/mailbox"}


@dataclass
class Request:
    method: str
    target: str
    headers: object  # anything with get(name, default=None), case-insensitive
    body: bytes = b""
    client: str = "127.0.0.1"

    def __post_init__(self):
        self.path, _, self.query_text = self.target.partition("?")
        self.query = php.query(self.query_text)
        self.content_type = self.headers.get("Content-Type") or ""
        self.form = php.form(self.content_type, self.body) if self.method == "POST" else {}

    @property
    def is_json(self):
        return "application/json" in self.content_type


@dataclass
class Response:
    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: list = field(default_factory=list)
    from_php: bool = True


def redirect(location, status=302, from_php=True):
    return Response(status, headers=[("Location", location)], from_php=from_php)


class Exchange:
    def __init__(self, state, request):
        self.state = state
        self.dialect = state.dialect
        self.request = request
        self.post = dict(request.form)  # emptied when the form token is wrong
        self.location = None  # a redirect that a page may still follow as body
        self.shown_as = None  # a page rendered for somebody else (a fault)
        self.spoiled_options = None  # how what is asked of keys is spoiled (a fault)
        self.entered_as = None  # whose session it becomes without a password (a fault)
        self._cookies = {}
        self.open_session()

    # -- the session -----------------------------------------------------------

    def open_session(self):
        jar = http.cookies.SimpleCookie()
        try:
            jar.load(self.request.headers.get("Cookie") or "")
        except http.cookies.CookieError:
            pass
        sent = jar.get(self.dialect.cookie)
        self._sent_locale = jar["mailcow_locale"].value if "mailcow_locale" in jar else None
        self.session = self.state.sessions.open(sent.value if sent else None,
                                                self.request.headers.get("User-Agent"))
        if sent is None or sent.value != self.session.id:
            self._send_cookie()

    def _send_cookie(self):
        attributes = "path=/; secure; HttpOnly"
        if self.dialect.same_site:
            attributes += "; SameSite=Lax"
        self._cookies[self.dialect.cookie] = f"{self.session.id}; {attributes}"

    def renew_session(self):
        self.state.sessions.renew(self.session)
        self._send_cookie()

    def end_session(self):
        self.renew_session()
        self.session.destroy()

    def entered(self, account):
        """Whose session a log-in without a password gives: the account's, or a fault's."""
        return self.state.account(self.entered_as) or account

    def alert(self, kind, message, *log):
        """Queues a message for the next page; `log` is what table `logs` gets to see."""
        entry = {"type": kind}
        if log:
            entry["log"] = list(log)
        entry["msg"] = message
        self.session.alerts.append(entry)

    # -- what happens before any page ---------------------------------------------

    def begin(self):
        """The common start of every script; a Response ends the request here."""
        refused = self._api_key()
        if refused:
            return refused
        if "logout" in self.post:
            done = self._log_out()
            if done:
                return done
        if self.session.role and not self._form_is_genuine():
            self.post = {}
        self._pick_locale()
        return None

    def _api_key(self):
        given = self.request.headers.get("X-API-Key")
        if not given:
            return None
        key = re.sub(r"[^a-zA-Z0-9-]", "", given)
        access = next((kind for kind, value in self.state.api_keys.items() if value == key), None)
        if access is None:
            return self._refuse_key("authentication failed")
        if not self._key_may_come_from(self.request.client):
            return self._refuse_key(f"api access denied for ip {self.request.client}")
        # The session of the cookie becomes the key's own, whoever it was (protocol 7.4).
        self.session.username, self.session.role = "API", "admin"
        self.session.api_access = access
        return None

    def _key_may_come_from(self, client):
        allowed = self.state.api_allow_from
        return allowed is None or any(ipaddress.ip_address(client) in ipaddress.ip_network(net)
                                      for net in allowed)

    def _refuse_key(self, message):
        self.state.publish_failure("API_USER", self.request.client)
        return Response(401, php.to_json({"type": "error", "msg": message}).encode())

    def _log_out(self):
        """A Response ends the request: out of somebody else's account, or a lie."""
        session, role = self.session, self.session.role
        if session.really:
            return self._log_out_of_account()
        # The script goes on: a whole login page follows as the body of the redirect.
        self.location = self.dialect.held(role) if role else "/"
        if self.state.lying:
            return redirect(self.location)
        self.end_session()
        return None

    def _log_out_of_account(self):
        """Back to the session that it really is (log_in_as.py)."""
        session = self.session
        name, role = session.really
        if not self.state.lying:
            session.username, session.role, session.really = name, role, None
        if not self.dialect.split_logins:
            return redirect("/mailbox")
        return redirect(_AFTERWARDS.get(role, "/"))

    def _form_is_genuine(self):
        session = self.session
        if session.api_access:
            return True
        agent = self.request.headers.get("User-Agent")
        if session.user_agent is None or session.user_agent != agent:
            self.alert("warning", "session_ua")
            return False
        if self.post:
            if self.post.get("csrf_token") != session.csrf:
                self.alert("warning", "session_token")
                return False
            del self.post["csrf_token"]
            session.csrf = sessions.new_csrf()
        return True

    def _pick_locale(self):
        session = self.session
        if session.locale is None and self._sent_locale is None:
            session.locale = texts.pick_locale(self.request.headers.get("Accept-Language"))
        if self._sent_locale is not None:
            # The server sets "en-gb" below and then accepts only two letters here.
            if re.fullmatch(r"[a-z]{2}", self._sent_locale):
                session.locale = self._sent_locale
            else:
                self._cookies["mailcow_locale"] = (
                    "deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0")
        wanted = self.request.query.get("lang")
        if wanted in texts.LOCALES:
            session.locale = wanted
            self._cookies["mailcow_locale"] = f"{wanted}; Max-Age=30758400"

    # -- the end ----------------------------------------------------------------

    def finish(self, response):
        """Stores the session and adds the cookies."""
        self.state.sessions.save(self.session)
        response.headers += [("Set-Cookie", f"{name}={value}")
                             for name, value in self._cookies.items()]
        return response

    def write_log(self):
        """What rendering a page does with the queued alerts (protocol 4.3)."""
        who = self.session.username or "unauthenticated"
        role = self.session.role or "unauthenticated"
        if self.session.really:
            who, role = map(" => ".join, zip(self.session.really, (who, role)))
        for entry in self.session.alerts:
            self.state.log({
                "type": entry["type"], "msg": php.to_json(entry["msg"], ascii_only=False),
                "call": php.to_json(entry.get("log"), ascii_only=False),
                "user": who, "role": role, "remote": self.request.client,
                "time": int(self.state.now())})
