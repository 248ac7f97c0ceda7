"""What every test stands on: a fresh server, a place for files, runs of cowkey, and the promises
that hold after each of them: no session left behind, no secret shown."""

import inspect
import os
import re
import shutil
import tempfile
import unittest
from contextlib import contextmanager, suppress
from pathlib import Path

import otp
from cowkey import Person, Script, environment
from server import DIALECTS

ROLES = ("mailbox", "domain-admin", "admin")

# How a question for a code ends on the terminal.
CODE = r"code[^\n]*: *$"


def each(cases):
    """One test for each case: a value that names itself, or an item of a table {name: value}."""
    table = cases if isinstance(cases, dict) else {str(case): case for case in cases}

    def mark(method):
        method.cases = table
        return method
    return mark


def plays_on(*dialects):
    """Where the default suite plays a test, or a class of them; elsewhere it is the newest only."""
    def mark(test):
        test.dialects = dialects
        return test
    return mark


in_every_dialect = plays_on(*DIALECTS)
on_older_dialects = plays_on(*DIALECTS[1:])


class Case(unittest.TestCase):
    server = None  # these two are set by `run`
    binary = None

    dialects = DIALECTS[:1]

    # Sessions that no client can end: the answer with their cookie was lost on the way.
    sessions_lost = 0

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        for name, method in list(vars(cls).items()):
            for case, value in getattr(method, "cases", {}).items():
                setattr(cls, f"{name}[{case}]", _with(method, value))
            if hasattr(method, "cases"):
                delattr(cls, name)

    def setUp(self):
        self.server.reset()
        self.place = Path(tempfile.mkdtemp(prefix="cowkey-e2e-"))
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.outcomes = []
        self.secrets = set()  # base32 texts that no output may hold
        self.secret_texts = {account.password for account in self.server.accounts}
        self.accounts_used = []

    def tearDown(self):
        self._check_secrets()
        self._check_sessions()

    # -- who ---------------------------------------------------------------------

    @property
    def alice(self):
        """A mailbox; bob and carol are others."""
        return self.server.of_role("mailbox", 0)

    @property
    def bob(self):
        return self.server.of_role("mailbox", 1)

    @property
    def carol(self):
        return self.server.of_role("mailbox", 2)

    @property
    def da1(self):
        return self.server.of_role("domain-admin")

    @property
    def admin(self):
        return self.server.of_role("admin")

    def with_totp(self, account, label="old phone", secret=otp.SECRET):
        """Gives the account a factor; returns its id."""
        self.secrets.add(secret)
        return self.server.add_totp(account, label, secret)

    # -- files ---------------------------------------------------------------------

    def file(self, name, text):
        path = self.place / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def secret_file(self, text, name="secret"):
        if re.fullmatch("[A-Z2-7]+", text):
            self.secrets.add(text)
        return self.file(name, text + "\n")

    def password_file(self, password):
        self.secret_texts.add(password)
        return self.file("password", password + "\n")

    @property
    def out(self):
        return self.place / "out.otpauth"

    # -- running -------------------------------------------------------------------

    def words(self, account, words, password="file", connect=True):
        """A command line for an account, on the server under test; words have precedence."""
        options = {}
        if connect:
            options |= {"--server": self.server.url, "--cacert": self.server.cacert,
                        "--resolve": self.server.resolve}
        if account is not None:
            options |= {"--account": account.name, "--role": account.role}
            self.accounts_used.append(account)
        if password == "file" and account is not None and "--password-file" not in words:
            options["--password-file"] = self.password_file(account.password)
        line = [word for option, value in options.items() if value and option not in words
                for word in (option, value)]
        return line + list(words)

    def start(self, account, *words, password="file", connect=True, environ=None, **popen):
        """Starts cowkey without a terminal; its outcome has to be taken with finish()."""
        script = Script(self.binary, self.words(account, words, password, connect),
                        environment(self.place, environ or {}), **popen)
        self.addCleanup(script.close)
        return script

    def sit_down(self, account, *words, password="file", connect=True, environ=None, **terminal):
        """Starts cowkey on a terminal."""
        person = Person(self.binary, self.words(account, words, password, connect),
                        environment(self.place, environ or {}), **terminal)
        self.addCleanup(person.close)
        return person

    def finish(self, run, status=None, patience_s=60):
        outcome = run.wait(patience_s)
        self.outcomes.append(outcome)
        if self.out.exists():
            self.secrets.add(self.phone().secret)
            self.server.web.known_secrets.add(self.phone().secret)
        if status is not None:
            self.assertEqual(outcome.status, status, outcome)
        return outcome

    def cowkey(self, account, *words, status=None, **how):
        """Runs cowkey without a terminal, to its end."""
        return self.finish(self.start(account, *words, **how), status)

    def enroll(self, account, *words, status=0, **how):
        """`enroll totp` by a script: computes the code, says yes, answers in JSON."""
        line = ["--json", "--yes", "enroll", "totp", "--unattended", "--out", self.out, *words]
        return self.cowkey(account, *line, status=status, **how)

    def enroll_by_hand(self, account, *words, **terminal):
        """`enroll totp` by a person, who will be asked for the codes."""
        line = ["--json", "enroll", "totp", "--out", self.out, *words]
        return self.sit_down(account, *line, **terminal)

    def phone(self, ahead_s=0):
        """The app that has the secret of --out; its clock may be ahead."""
        return otp.Phone(self.out.read_text(), ahead_s)

    # -- judging -----------------------------------------------------------------------

    @contextmanager
    def unchanged(self, *accounts):
        """The factors of the accounts are afterwards what they were before."""
        before = [self.server.factors(account) for account in accounts]
        yield
        after = [self.server.factors(account) for account in accounts]
        self.assertEqual(before, after, "the factors changed")

    def assert_failed(self, outcome, status, says=None, hints=None):
        """A failure as scripts want it: the right status, what happened and what to do."""
        self.assertEqual(outcome.status, status, outcome)
        error = outcome.error
        with self.subTest("says what happened"):
            self.assertRegex(error["error"], f"(?i){says or '.'}", outcome)
        with self.subTest("says what to do"):
            self.assertRegex(error["hint"], f"(?i){hints or '.'}", outcome)
        return error

    def assert_enrolled(self, outcome, account, others=0, **members):
        """The document says enrolled, and the server's truth agrees with it and with --out."""
        document = outcome.document
        wanted = {"schema": "cowkey.enroll/1", "account": account.name, "role": account.role,
                  "method": "totp", "result": "enrolled", "proof": "login"} | members
        self.assertEqual({name: document.get(name) for name in wanted}, wanted, outcome)
        self.assertIn(self.server.host, document["server"])
        rows = self.server.factors(account)
        self.assertEqual(len(rows), others + 1, rows)
        row = next(row for row in rows if row["id"] == document["factor_id"])
        self.assertEqual((row["label"], row["method"]), (document["label"], "totp"))
        if self.out.exists():
            self.assertEqual(row["secret"], self.phone().secret)
        return document

    def assert_refusals(self, count):
        """What fail2ban counted, where the server tells."""
        with suppress(unittest.SkipTest):
            self.assertEqual(int(self.server.arrange("f2b")), count, "what fail2ban counted")

    def assert_nothing_sent(self):
        """Where the server tells; a real one doesn't."""
        if self.server.is_simulated:
            self.assertEqual(self.server.requests(), [])

    def assert_labels(self, account, *labels):
        self.assertEqual([row["label"] for row in self.server.factors(account)], list(labels))

    def _check_sessions(self):
        try:
            left = self.server.tell("sessions")
        except unittest.SkipTest:
            return
        self.assertLessEqual(left["authenticated"] + left["pending"], self.sessions_lost,
                             f"sessions were left behind: {left}")

    def _check_secrets(self):
        """No output of any run holds a password, a TOTP secret, a URI with one, or a code."""
        self.secrets |= self._stored_secrets()
        for outcome in self.outcomes:
            for stream, text in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
                for what, pattern in self._forbidden(outcome):
                    if re.search(pattern, text):
                        self.fail(f"{stream} shows {what}: {outcome}")

    def _stored_secrets(self):
        """Those that the server has, and those that it was told and wrote into its log."""
        enrolled = [outcome for outcome in self.outcomes if "enroll" in outcome.arguments]
        found = set()
        with suppress(unittest.SkipTest):
            if any(outcome.status == 0 for outcome in enrolled):
                found |= {row["secret"] for account in set(self.accounts_used)
                          for row in self.server.factors(account) if row["secret"]}
            if any(outcome.status != 0 for outcome in enrolled):
                found |= set(re.findall(r'totp_secret\W+([A-Z2-7]{16,})', self.server.logs()))
        return found

    def _forbidden(self, outcome):
        for text in self.secret_texts:
            yield "a password", re.escape(text)
        if outcome.shows_secret:
            return
        yield "an otpauth URI", "otpauth://[a-z]"
        for secret in self.secrets:
            yield "a secret", f"(?i){secret}"
            moment = outcome.started - otp.STEP_S
            while moment < outcome.finished + otp.STEP_S:
                yield "a code", rf"(?<![\d.]){otp.code(secret, moment)}(?!\d)"
                moment += otp.STEP_S


def _with(method, value):
    values = value if isinstance(value, tuple) else (value,)

    def test(self):
        method(self, *values)
    test.__doc__ = method.__doc__
    if hasattr(method, "dialects"):
        test.dialects = method.dialects
    assert len(inspect.signature(method).parameters) == len(values) + 1, method
    return test


def is_root():
    return os.geteuid() == 0
