"""The server under test: its description, the hands that arrange it, and the sandbox as one.

A server is described by a JSON file: url, cacert, resolve, dialect, the API keys, the accounts with
their passwords, and `reset`, a shell command that restores them. `arrange` is optional: the
beginning of a command that brings the server into a state ("force-tfa da1 string") or tells the
truth about it ("factors da1"), past the web interface. What it answers with status 3 can't be
arranged on this server: the test skips. Without it, web.py does what can be done from outside.
"""

import functools
import json
import shlex
import signal
import subprocess
import time
import unittest
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from web import Web

SANDBOX = Path(__file__).resolve().parent.parent / "sandbox" / "run"
DIALECTS = ("forced", "split", "single")
CANNOT = 3
PATIENCE_S = 30

# Verbs that no real server's arranger has.
_SIMULATED = ("add-account", "app-passwords", "clock", "directory", "domain-full", "fault",
              "holdings", "meanwhile", "no-record", "outage", "registrations", "requests",
              "settle", "tls", "trusted-vendors")

# Where each role logs in and finds its own factors.
LOGIN_PAGES = {"mailbox": "/", "domain-admin": "/domainadmin/", "admin": "/admin/"}
FACTOR_PAGES = {"mailbox": "/user", "domain-admin": "/domainadmin/user", "admin": "/admin/system"}
SINGLE_FACTOR_PAGES = {"mailbox": "/user", "domain-admin": "/user", "admin": "/admin"}


@dataclass(frozen=True)
class Account:
    name: str
    role: str
    password: str


class Server:
    def __init__(self, path):
        description = json.loads(Path(path).read_text(encoding="utf-8"))
        self.url = description["url"]
        self.cacert = description["cacert"]
        self.resolve = description["resolve"]
        self.dialect = description["dialect"]
        self.accounts = [Account(**row) for row in description["accounts"]]
        self._reset = description["reset"]
        self._arrange = description.get("arrange")
        self.api_keys = {kind: description[f"api_key_{kind}"] for kind in ("rw", "ro")}
        self.web = Web(self, self.api_keys["rw"])

    @functools.cached_property
    def is_simulated(self):
        """Whether the server tells what reached it, as only the sandbox does."""
        return self._arrange is not None and self._ask("requests").returncode == 0

    @property
    def host(self):
        return urllib.parse.urlsplit(self.url).hostname

    @property
    def port(self):
        return urllib.parse.urlsplit(self.url).port or 443

    @property
    def address(self):
        """Where the server really listens."""
        return self.resolve.split(":", 2)[2] if self.resolve else self.host

    def account(self, name):
        return next(account for account in self.accounts if account.name == name)

    def of_role(self, role, index=0):
        accounts = [account for account in self.accounts if account.role == role]
        if index >= len(accounts):
            raise unittest.SkipTest(f"this server has {len(accounts)} accounts of role {role}")
        return accounts[index]

    def login_page(self, role):
        return "/" if self.dialect == "single" else LOGIN_PAGES[role]

    def factor_page(self, role):
        return (SINGLE_FACTOR_PAGES if self.dialect == "single" else FACTOR_PAGES)[role]

    # -- arranging ---------------------------------------------------------------

    def reset(self):
        _run(self._reset, shell=True)
        self.web.forget()

    def arrange(self, verb, *words):
        if verb in _SIMULATED:
            self.needs_simulation(verb)
        if self._arrange is None:
            return self.web.arrange(verb, *words)
        done = self._ask(verb, *words)
        if done.returncode == CANNOT:
            raise unittest.SkipTest(f"{verb}: can't be arranged on this server")
        if done.returncode != 0:
            raise AssertionError(f"arranging {verb} failed: {done.stderr.strip()}")
        return done.stdout

    def _ask(self, verb, *words):
        return _run(shlex.split(self._arrange) + [verb, *map(str, words)], may_fail=True)

    def tell(self, verb, *words):
        """What an arranger's verb prints, read as JSON."""
        return json.loads(self.arrange(verb, *words))

    def factors(self, account):
        return self.tell("factors", account.name)

    def add_totp(self, account, label, secret):
        return int(self.arrange("add-totp", account.name, label, secret))

    def fault(self, do, *, skip=0, times=1, **match):
        """do is a kind of fault; match may have method, path, field, value, account."""
        rule = {"match": match, "skip": skip, "times": times, "do": do}
        self.arrange("fault", json.dumps(rule))

    def meanwhile(self, *verb, skip=0, times=1, **match):
        """Runs a verb right before a request is handled: somebody else at the same moment."""
        rule = {"match": match, "skip": skip, "times": times, "verb": verb}
        self.arrange("meanwhile", json.dumps(rule))

    def logs(self):
        """The server's own log, which holds what it was sent; only a simulated one shows it."""
        self.needs_simulation()
        return self.arrange("logs", "--dump")

    def needs_simulation(self, what="this"):
        if not self.is_simulated:
            raise unittest.SkipTest(f"only a simulated server can play {what}")

    # -- what reached it -----------------------------------------------------------

    def requests(self):
        return self.tell("requests")

    def await_requests(self, fits, count=1):
        """Until so many of those that fit have reached it; it may let them wait for an answer."""
        deadline = time.monotonic() + PATIENCE_S
        while sum(map(fits, self.requests())) < count:
            assert time.monotonic() < deadline, "the request did not come"

    def exchanges(self):
        """The requests without logouts: what the budget counts."""
        return [request for request in self.requests() if "logout" not in request["form"]]

    def password_attempts(self):
        return [request for request in self.requests() if "login_user" in request["form"]]


class Sandbox:
    """A simulated server of one dialect, running until stop()."""

    def __init__(self, dialect, *options):
        self._process = subprocess.Popen([SANDBOX, "--dialect", dialect, *options], text=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        line = self._process.stdout.readline()
        word, _, path = line.strip().partition(" ")
        if word != "ready":
            self.stop()
            raise RuntimeError(f"the sandbox ({dialect}) did not start: it said {line!r}")
        self.description = path

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def _run(command, *, shell=False, may_fail=False):
    done = subprocess.run(command, shell=shell, text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=PATIENCE_S)
    if done.returncode != 0 and not may_fail:
        raise AssertionError(f"{command} failed: {done.stderr.strip()}")
    return done
