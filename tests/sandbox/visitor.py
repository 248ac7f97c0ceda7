"""A small client of the simulated server, for its own tests.

`Server` starts `run` and talks to `ctl`; `Visitor` is one cookie jar with the
few things that a test wants to say; `Page` knows the markers of an answer.
"""

import html
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse

import totp

HERE = os.path.dirname(os.path.abspath(__file__))
ALERT = re.compile(r"^\s*mailcow_alert_box\('((?:[^'\\]|\\.)*)', '(\w+)'\);", re.M)
FORM_TOKEN = re.compile(r"""^  \$\('<input type="hidden" value="([0-9a-f]*)">'\)"""
                        r"""\.attr\('name', 'csrf_token'\)\.appendTo\('form'\);$""", re.M)
ROW = re.compile(r'name="unset_tfa_key" value="(\d+)">.*?badge fs-6 bg-(\w+)">\s*(.*?)\s*<a href',
                 re.S)
AUTHENTICATOR = re.compile(r'list-group-item (\w+)-authenticator-selection">.*?<span>(.*?)</span>'
                           r'.*?<input type="hidden" value="(\d+)" />', re.S)
NAME = re.compile(r'<b class="username-lia">(.*?)(?: <span class="text-info">\((.*?)\)</span> )?</b>')
SECRET = "MADEUPSECRETFORTESTSABCD23456723"


class Server:
    """A running simulation."""

    def __init__(self, dialect="forced", *options, **process):
        self.directory = tempfile.mkdtemp(prefix="sandbox-test-")
        self.process = subprocess.Popen(
            [os.path.join(HERE, "run"), "--dialect", dialect, "--dir", self.directory, *options],
            stdout=subprocess.PIPE, text=True, **process)
        self.ready = self.process.stdout.readline()
        with open(self.ready.split(" ", 1)[1].strip(), encoding="utf-8") as file:
            self._learn(json.load(file))

    def _learn(self, about):
        self.about = about
        self.host, port, self.address = self.about["resolve"].split(":")
        self.port = int(port)
        self.context = ssl.create_default_context(cafile=about["cacert"])
        self.passwords = {row["name"]: row["password"] for row in self.about["accounts"]}

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()
        subprocess.run(["rm", "-r", self.directory], check=True)

    def try_ctl(self, *words):
        command = self.about["arrange"].split(" ") + [str(word) for word in words]
        return subprocess.run(command, capture_output=True, text=True)

    def ctl(self, *words):
        """What a verb says, the quick way: without starting a process."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.connect(os.path.join(self.directory, "control"))
            control.sendall(json.dumps(words).encode() + b"\n")
            answer = json.loads(control.makefile("rb").readline())
        if answer["status"]:
            raise AssertionError(f"{words}: {answer['error']}")
        return answer["out"]

    def ask(self, *words):
        return json.loads(self.ctl(*words))

    def fault(self, do, **match):
        self.ctl("fault", json.dumps({"match": match, "do": do}))

    def connect(self):
        """A TLS connection that trusts nothing but the server's own CA."""
        plain = socket.create_connection((self.address, self.port), timeout=10)
        return self.context.wrap_socket(plain, server_hostname=self.host)


class Described(Server):
    """Any server that a JSON file describes and somebody else runs."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self._learn(json.load(file))

    def close(self):
        pass

    def ctl(self, *words):
        done = self.try_ctl(*words)
        if done.returncode:
            raise NotArranged(f"{words[0]}: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")


class NotArranged(Exception):
    """The server's arranger does not do that."""


class Page:
    """One answer."""

    def __init__(self, answer):
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()
        self.text = self.body.decode("utf-8", "replace")
        self.location = answer.headers.get("Location")

    def has(self, modal):
        return f'id="{modal}"' in self.text

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def role(self):
        found = re.search(r"var mailcow_cc_role = '(\w*)';", self.text)
        return found and found.group(1)

    @property
    def name(self):
        return self._name_and_really()[0]

    @property
    def really(self):
        """Who logged in as the account of the page."""
        return self._name_and_really()[1]

    def _name_and_really(self):
        found = NAME.search(self.text)
        return [text and html.unescape(text) for text in found.groups()] if found else (None, None)

    @property
    def token(self):
        found = FORM_TOKEN.findall(self.text)
        assert len(found) == 1, found
        return found[0]

    @property
    def alerts(self):
        """[(type, text)], as a browser would show them."""
        def unescape(text):
            text = re.sub(r"\\u([0-9A-F]{4})", lambda found: chr(int(found.group(1), 16)), text)
            return text.replace("\\/", "/").replace("\\\\", "\\")
        return [(kind, unescape(text)) for text, kind in ALERT.findall(self.text)]

    @property
    def alert_types(self):
        return [kind for kind, _ in self.alerts]

    @property
    def factors(self):
        """[(id, label)] of the factor page."""
        return [(int(number), html.unescape(label)) for number, _, label in ROW.findall(self.text)]

    @property
    def authenticators(self):
        """[(method, label, id)] of the question for a second factor."""
        return [(method, html.unescape(label), int(number))
                for method, label, number in AUTHENTICATOR.findall(self.text)]


class Visitor:
    """One cookie jar; sends the same User-Agent for as long as it lives."""

    def __init__(self, server, agent="visitor/1"):
        self.server = server
        self.cookies = {}
        self.headers = {"User-Agent": agent} if agent else {}
        self.token = None

    def send(self, method, path, body=None, headers=()):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=10)
        connection.sock = self.server.connect()
        sent = {"Connection": "close", **self.headers, **dict(headers)}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.putrequest(method, path, skip_host="Host" in sent,
                                  skip_accept_encoding=True)
            if body is not None:
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            page = Page(connection.getresponse())
        finally:
            connection.close()
        for cookie in page.headers.get_all("Set-Cookie", ()):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        found = FORM_TOKEN.findall(page.text)
        if found:
            self.token = found[-1]
        return page

    def get(self, path, **headers):
        return self.send("GET", path, headers=headers)

    def post(self, path, form, **headers):
        """A form; the newest form token goes along if there is one."""
        if self.token and "csrf_token" not in form:
            form = {**form, "csrf_token": self.token}
        form = {name: value for name, value in form.items() if value is not None}
        body = urllib.parse.urlencode(form).encode()
        return self.send("POST", path, body,
                         {"Content-Type": "application/x-www-form-urlencoded", **headers})

    def json(self, path, document, **headers):
        return self.send("POST", path, json.dumps(document).encode(),
                         {"Content-Type": "application/json", **headers})

    def log_in(self, name, path, password=None):
        return self.post(path, {"login_user": name,
                                "pass_user": password or self.server.passwords[name]})

    def enrol_totp(self, path, password, label="my phone", secret=SECRET, code=None, **more):
        form = {"set_tfa": "", "tfa_method": "totp", "key_id": label,
                "confirm_password": password, "totp_secret": secret,
                "totp_confirm_token": code or code_now(secret)}
        return self.post(path, {**form, **more})

    def answer_totp(self, path, factor_id, secret=SECRET, code=None):
        return self.post(path, {"verify_tfa_login": "", "tfa_method": "totp", "id": factor_id,
                                "token": code or code_now(secret)})


def code_now(secret=SECRET, steps=0):
    return totp.code_at(secret, time.time() + steps * totp.STEP_S)
