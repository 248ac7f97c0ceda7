"""Arranging a server that has no arranger of its own: through its web interface and its API.

A second, small client, written apart from the one under test. It knows less than an arranger that
looks into the server's database: what is not here can't be arranged.
"""

import html
import http.client
import json
import re
import socket
import ssl
import unittest
import urllib.parse

import otp

TIMEOUT_S = 20
APP_PASSWORD = "Made-Up-App-Pass-1"

_AUTHENTICATOR = re.compile(r'class="list-group-item (\w+)-authenticator-selection">.*?'
                            r'<span>(.*?)</span>\s*<input type="hidden" value="(\d+)"', re.DOTALL)
_LISTED = re.compile(r'name="unset_tfa_key" value="(\d+)"')
_CSRF = re.compile(r"""value="([0-9a-f]{64})">'\)\.attr\('name', 'csrf_token'\)""")


class Browser:
    """One cookie jar. Leaves the server as it came when used in a with statement."""

    def __init__(self, server):
        self._server = server
        self._cookies = {}
        context = ssl.create_default_context(cafile=server.cacert)
        plain = socket.create_connection((server.address, server.port), TIMEOUT_S)
        self._connection = http.client.HTTPSConnection(server.host, server.port)
        self._connection.sock = context.wrap_socket(plain, server_hostname=server.host)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.post("/", {"logout": "1"})
        self._connection.close()

    def get(self, path):
        return self._exchange("GET", path, None, {})

    def post(self, path, form):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._exchange("POST", path, urllib.parse.urlencode(form), kind)

    def call(self, path, api_key, body):
        """A call of the API."""
        kind = {"X-API-Key": api_key, "Content-Type": "application/json"}
        return self._exchange("POST", path, json.dumps(body), kind)

    def read(self, path, api_key):
        """What the API tells."""
        _, answer = self._exchange("GET", path, None, {"X-API-Key": api_key})
        return json.loads(answer)

    def _exchange(self, method, path, body, headers):
        headers = headers | {"User-Agent": "tests/1", "Cookie": "; ".join(
            f"{name}={value}" for name, value in self._cookies.items())}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.read().decode("utf-8", "replace")


class Web:
    def __init__(self, server, api_key):
        self._server = server
        self._api_key = api_key
        self.forget()

    def forget(self):
        """After a reset."""
        self.known_secrets = set()
        self._flags = {}
        self._passwords = {}

    def arrange(self, verb, *words):
        """The answer of a verb as the arranger would print it; skips what can't be done."""
        method = getattr(self, "_" + verb.replace("-", "_"), None)
        if method is None:
            raise unittest.SkipTest(f"{verb}: can't be arranged through the web")
        account = self._server.account(words[0]) if words else None
        answer = method(account, *words[1:])
        return answer if isinstance(answer, str) else json.dumps(answer)

    def note_password(self, account, password):
        """Somebody changed it."""
        self._passwords[account.name] = password

    def _password_of(self, account):
        return self._passwords.get(account.name, account.password)

    # -- by the account itself -----------------------------------------------------------

    def _log_in(self, browser, account):
        """Sends the password; returns the authenticators that the server then offers."""
        status, page = browser.post(self._server.login_page(account.role), {
            "login_user": account.name, "pass_user": self._password_of(account)})
        if status == 200 and 'id="ConfirmTFAModal"' not in page:
            raise AssertionError(f"{account.name} can't log in")
        return [{"id": int(number), "label": html.unescape(label), "method": method}
                for method, label, number in _AUTHENTICATOR.findall(page)]

    def _answer(self, browser, account, row, secret):
        status, _ = browser.post(self._server.login_page(account.role), {
            "verify_tfa_login": "", "tfa_method": "totp", "id": row["id"],
            "token": otp.code(secret)})
        return status == 302

    def _secret_of(self, account, row):
        """The one of the known secrets that logs in with this row."""
        for secret in self.known_secrets:
            with Browser(self._server) as browser:
                self._log_in(browser, account)
                if self._answer(browser, account, row, secret):
                    return secret
        return None

    def _factors(self, account):
        """A login names them all, since it asks for one as soon as there is any."""
        with Browser(self._server) as browser:
            rows = self._log_in(browser, account)
        return sorted(({**row, "secret": self._secret_of(account, row), "active": True}
                       for row in rows), key=lambda row: row["id"])

    def _add_totp(self, account, label, secret):
        self.known_secrets.add(secret)
        rows = self._factors(account)
        with Browser(self._server) as browser:
            self._log_in(browser, account)
            if rows and not self._answer(browser, account, rows[0], rows[0]["secret"]):
                raise AssertionError(f"{account.name} can't log in")
            path = self._server.factor_page(account.role)
            _, page = browser.get(path)
            before = set(_LISTED.findall(page))
            _, page = browser.post(path, {
                "set_tfa": "", "tfa_method": "totp", "key_id": label, "totp_secret": secret,
                "totp_confirm_token": otp.code(secret), "confirm_password": self._password_of(account),
                "csrf_token": _CSRF.search(page).group(1)})
            (new,) = set(_LISTED.findall(page)) - before
        return new

    # -- by the API ------------------------------------------------------------------------

    def _call(self, action, body):
        with Browser(self._server) as browser:
            _, answer = browser.call(f"/api/v1/{action}", self._api_key, body)
        if '"type":"success"' not in answer.replace(" ", ""):
            raise AssertionError(f"{action}: the server answered {answer[:200]}")

    def _edit(self, account, **attributes):
        """The server resets flags that are not sent along, so all are."""
        flags = self._flags.get(account.name, {}) if account.role != "mailbox" else {}
        self._call(f"edit/{account.role}", {"items": [account.name], "attr": flags | attributes})

    def _flag(self, account, name, value):
        flags = self._flags.setdefault(account.name, {"force_tfa": "0", "force_pw_update": "0"})
        flags[name] = value
        self._edit(account, **{name: value})

    def _force_tfa(self, account, how):
        if self._server.dialect != "forced" or how == "number":
            raise unittest.SkipTest(f"force-tfa {how}: can't be arranged through the web")
        self._flag(account, "force_tfa", "1" if how == "string" else "0")
        return ""

    def _force_pw_update(self, account, switch):
        if self._server.dialect != "forced" and account.role != "mailbox":
            raise unittest.SkipTest("force-pw-update: this release knows it for mailboxes only")
        self._flag(account, "force_pw_update", "1" if switch == "on" else "0")
        return ""

    def app_passwords(self, account):
        """Those of a mailbox, as an admin sees them."""
        path = f"/api/v1/get/app-passwd/all/{account.name}"
        with Browser(self._server) as browser:
            rows = browser.read(path, self._api_key)
        return [{"id": row["id"], "label": html.unescape(html.unescape(row["name"])),
                 "protocols": sorted(name.removesuffix("_access") for name, value in row.items()
                                     if name.endswith("_access") and value),
                 "active": bool(row["active"])} for row in rows or []]

    def disable_factors(self, account):
        """Switches all off; the next login switches them on again."""
        self._edit(account, disable_tfa="1")

    def _active(self, account, switch):
        self._edit(account, active="1" if switch == "on" else "0")
        return ""

    def _password(self, account, new):
        self._edit(account, password=new, password2=new)
        self.note_password(account, new)
        return ""

    def _add_app_password(self, account, label):
        self._call("add/app-passwd", {
            "username": account.name, "app_name": label, "app_passwd": APP_PASSWORD,
            "app_passwd2": APP_PASSWORD, "active": "1",
            "protocols": ["imap_access", "smtp_access"]})
        return ""
