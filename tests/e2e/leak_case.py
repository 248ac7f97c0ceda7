"""What the leak test stands on: every run is watched, and what is left of it is searched for secrets."""

import dataclasses
import resource
import shutil
import tempfile
from pathlib import Path

import leaks
import preload
from admin_case import AdminCase
from key_case import PIN, WRONG_PIN, KeyCase

WRONG_PASSWORD = "Made-Up-Pass-wrong & 7% ü"
WRONG_API_KEY = "MADE0UP-WRONG9-ABCDEF-123456-000009"
NEW_PASSWORD = "Made-Up-Pass-new & 5% ö"
NEW_PIN = "Made-Up-New-PIN-4712"

# What goes wrong on the way, and from which of the exchanges on; None: nothing.
TROUBLES = (None, ("wrong password", 0), ("status:500", 1), ("drop-after", 3), ("cut:700", 2),
            ("other-site", 0))
# Each run is made in both ways.
MANNERS = (["--verbose"], ["--verbose", "--json"])



class LeakCase(AdminCase, KeyCase):
    sessions_lost = 999  # what was cut off may leave some

    def setUp(self):
        if preload.missing():
            self.fail(f"not built: {', '.join(preload.missing())}; build tests/preload")
        self.planted, self.handouts, self.typed = set(), set(), set()
        super().setUp()
        # Where secrets have to be: the keys' own memory, and what was seen of processes.
        self.elsewhere = Path(tempfile.mkdtemp(prefix="cowkey-e2e-keys-"))
        self.addCleanup(shutil.rmtree, self.elsewhere, ignore_errors=True)
        self.seen = self.elsewhere / "seen"
        self.seen.mkdir()
        self.written = self.elsewhere / "written"
        self.tmp = self.place / "tmp"
        self.tmp.mkdir()
        self.work = self.place / "work"
        self.work.mkdir()
        self._outs = 0

    # -- planting ------------------------------------------------------------------

    def file(self, name, text):
        """An input, which may hold secrets."""
        path = super().file(name, text)
        path.chmod(0o600)
        self.planted.add(path)
        return path

    def key(self, **script):
        place, self.place = self.place, self.elsewhere
        try:
            return super().key(**script)
        finally:
            self.place = place

    def handout(self):
        """A new file for a secret."""
        self._outs += 1
        path = self.place / f"handout{self._outs}"
        self.handouts.add(path)
        return path

    def record(self):
        """A new file for what is no secret."""
        self._outs += 1
        return self.place / f"record{self._outs}"

    def given(self, option, text):
        """A secret by way of a file or of another program, in turn."""
        self._outs += 1
        path = self.file(f"given{self._outs}", text + "\n")
        self.typed.add(text)
        return ([f"--{option}-file", path] if self._outs % 2 else
                [f"--{option}-command", f"cat '{path}'"])

    def by_key(self, wrong=False):
        return self.given("api-key", WRONG_API_KEY if wrong else self.server.api_keys["rw"])

    @staticmethod
    def mistaken(account):
        return dataclasses.replace(account, password=WRONG_PASSWORD)

    # -- running -------------------------------------------------------------------

    def environ(self, extra=None):
        given = super().environ(extra) | {
            "WITNESS_DIR": self.seen, "KILLER_LOG": self.written, "TMPDIR": self.tmp}
        return preload.variables(self.binary, [preload.WITNESS, preload.KILLER], given)

    def start(self, account, *words, **how):
        return super().start(account, *words, cwd=self.work, **{"password": None} | how)

    def sit_down(self, account, *words, **how):
        return super().sit_down(account, *words, **{"password": None} | how)

    def whose(self, account):
        """Words for a login, if somebody logs in."""
        return [] if account is None else self.given("password", account.password)

    def ok(self, account, *words, statuses=(0,), **how):
        for manner in MANNERS:
            outcome = self.cowkey(account, *manner, *self.whose(account), *self.fresh(words), **how)
            self.assertIn(outcome.status, statuses, outcome)
        return outcome

    def bad(self, account, *words, **how):
        for manner in MANNERS:
            outcome = self.cowkey(account, *manner, *self.whose(account), *self.fresh(words), **how)
            self.assertNotEqual(outcome.status, 0, outcome)
        return outcome

    @staticmethod
    def fresh(words):
        """Words, and functions that make some for each run."""
        line = []
        for word in words:
            made = word() if callable(word) else word
            line += made if isinstance(made, list) else [made]
        return line

    def online(self, account, *words, before=lambda: None, statuses=(0,), **how):
        """As it should be, with a wrong password, and with trouble at one exchange or another."""
        for trouble in TROUBLES:
            for manner in MANNERS[trouble is not None:]:
                self.server.reset()
                before()
                who = account
                if trouble and trouble[0] == "wrong password":
                    if account is None:
                        continue
                    who = self.mistaken(account)
                elif trouble:
                    self.server.fault(trouble[0], skip=trouble[1])
                outcome = self.cowkey(who, *manner, *self.whose(who), *self.fresh(words), **how)
                if trouble is None:
                    self.assertIn(outcome.status, statuses, outcome)
                elif trouble[0] == "wrong password":
                    self.assertNotEqual(outcome.status, 0, outcome)
                self.learn()

    def by_hand(self, person, *talk, status=0):
        """(question, answer) after (question, answer); an answer may be made when it is due."""
        for question, answer in talk:
            person.expect(question)
            text = answer() if callable(answer) else answer
            self.typed.add(text)
            person.answer(text)
        outcome = self.finish(person, status)
        self.learn()
        return outcome

    # -- judging -------------------------------------------------------------------

    def learn(self):
        """What the server knows of secrets by now; the reset of the next run forgets it."""
        for held in self.server.tell("holdings").values():
            self.typed.add(held["password"])
            self.typed |= {row["secret"] for row in held["factors"] if row["secret"]}
            self.typed |= {row["password"] for row in held["app_passwords"]}

    def secrets_known(self):
        self.learn()
        known = {PIN, WRONG_PIN, WRONG_PASSWORD, WRONG_API_KEY} | self.typed | self.secrets
        known |= set(self.server.api_keys.values())
        known |= {account.password for account in self.server.accounts}
        # Of rows that the arranger makes; it stands in their labels, too.
        return {repr(text): text for text in known
                if text != "made up" and len(text) >= leaks.SHORTEST}

    def leaks(self):
        hunt, found = leaks.Hunt(self.secrets_known()), []
        for number, outcome in enumerate(self.outcomes):
            for stream, text in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
                found += hunt.in_bytes(f"{stream} of run {number}, cowkey {outcome.arguments}",
                                       text.encode("utf-8", "surrogateescape"))
        found += hunt.in_files(self.seen)
        found += hunt.in_files(self.place, self.planted | self.handouts)
        for path in self.files_written():
            if path.is_file() and not path.is_relative_to(self.place):
                found += hunt.in_file(path)
        return found

    def files_written(self):
        """Those that cowkey wrote to, wherever they are."""
        if not self.written.exists():
            return set()
        paths = {Path(line.split(" ", 2)[2]) for line in self.written.read_text().splitlines()}
        return {path for path in paths if path.is_absolute()}

    def assert_no_leak(self):
        self.assertTrue(list(self.seen.glob("*.begin")), "no process was seen")
        self.assertEqual(self.leaks(), [])


def unlimited_core():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)




