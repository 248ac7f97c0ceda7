"""What tests of whole roll-outs stand on: many accounts, a plan for them, runs that may be killed."""

import signal
from pathlib import Path

import preload
import rollout_truth
from admin_case import AdminCase

DOMAIN = "crowd.test"
LABELS = ("phone", "tablet")  # of the two apps that everybody gets
DONE, LEFT, UNKNOWN, AWAY, KILLED = 0, 1, 4, 6, -signal.SIGKILL
RUNS_MAX = 400
PATIENCE_S = 60


def name_of(number):
    return f"made{number:05}@{DOMAIN}"


class CrowdCase(AdminCase):
    sessions_lost = 10**6  # a killed run takes leave of nobody

    def setUp(self):
        if preload.missing():
            self.fail(f"not built: {', '.join(preload.missing())}; build tests/preload")
        super().setUp()
        self.server.needs_simulation("crowds")

    # -- the plan --------------------------------------------------------------------

    @property
    def ledger_path(self):
        return self.place / "ledger"

    @property
    def handouts_path(self):
        return Path(f"{self.ledger_path}.handouts")

    def crowd(self, count, labels=LABELS, policy=None, keys=()):
        """So many mailboxes, each with its password, and a plan that gives each these apps and keys."""
        self.server.arrange("many-mailboxes", DOMAIN, count, "passwords")
        passwords = [f"Made-Up-Pass-{number:05}" for number in range(1, count + 1)]
        self.secret_texts |= set(passwords)
        rows = [f"{name_of(number)},totp,{label},password,secret:{number}"
                for number in range(1, count + 1) for label in labels]
        rows += [f"{name_of(number)},{method},,password,secret:{number}"
                 for number in range(1, count + 1) for method in keys]
        head = "account,method,label,route,password_ref"
        self.plan_path = self.file("plan.csv", "\n".join([head, *rows]) + "\n")
        self.secrets_path = self.file("secrets.csv", "".join(
            f"{number},{password}\n" for number, password in enumerate(passwords, 1)))
        self.secrets_path.chmod(0o600)
        self.policy_words = ["--policy", self.file("policy.ini", policy)] if policy else []

    # -- running ---------------------------------------------------------------------

    def run_words(self, *words):
        line = ["--json", "--quiet", "--yes", "rollout", "run", self.plan_path, "--ledger",
                self.ledger_path, "--secrets", self.secrets_path, *self.policy_words,
                *self.key_words()]
        if "--late" not in words:
            line += ["--late", "0"]
        return line + list(words)

    def begin(self, *words, environ=None, **popen):
        """Starts a run; its outcome has to be taken with finish()."""
        return self.start(None, *self.run_words(*words), environ=environ, **popen)

    def rollout(self, *words, status=None, environ=None, **popen):
        outcome = self.finish(self.begin(*words, environ=environ, **popen))
        if status is not None:
            self.assertEqual(outcome.status, status, self.described(outcome))
        return outcome

    def described(self, outcome):
        """For a failed test: what was said, and what the ledger says."""
        if not self.ledger_path.exists():
            return outcome
        ledger = rollout_truth.Ledger(self.ledger_path)
        return f"{outcome}\n  {ledger.states()} {ledger.causes()}"

    def killer(self, at=0, side="before", since=None, given=None, **more):
        """The environment of a run that is killed at what it does for good."""
        given = dict(given or {}) | {"KILLER_AT": at, "KILLER_SIDE": side,
                                     "KILLER_LOG": self.place / "killer.log"}
        if since is not None:
            given["KILLER_FROM"] = since
        return preload.variables(self.binary, [preload.KILLER], given | more)

    def kill_log(self):
        """(number, what, path) of the last run, and the log is empty again."""
        path = self.place / "killer.log"
        if not path.exists():
            return []
        rows = [line.split(" ", 2) for line in path.read_text().splitlines()]
        path.unlink()
        return [(int(number), what, path) for number, what, path in rows]

    def until_done(self, *words, runs_max=20, **how):
        """Runs again and again, as long as something is left; how many runs it took."""
        for count in range(1, runs_max + 1):
            outcome = self.rollout(*words, **how)
            if outcome.status == DONE:
                return count
            self.assertIn(outcome.status, (LEFT, UNKNOWN, AWAY), self.described(outcome))
        self.fail(f"still not done: {self.described(outcome)}")
        return None

    # -- judging ---------------------------------------------------------------------

    def holdings(self):
        return self.server.tell("holdings", DOMAIN)

    def truth(self, recipient=None):
        """(ledger, hand-outs, what the server has)."""
        return (rollout_truth.Ledger(self.ledger_path),
                rollout_truth.Handouts(self.handouts_path, recipient), self.holdings())

    def assert_nothing_lost(self, recipient=None):
        ledger, handouts, holdings = self.truth(recipient)
        self.assertEqual(rollout_truth.faults(ledger, handouts, holdings), [])
        return ledger, handouts, holdings

    def assert_all_proved(self, recipient=None):
        """Nothing is lost, and everybody has what the plan says; nobody was refused."""
        ledger, handouts, holdings = self.assert_nothing_lost(recipient)
        self.assertTrue(ledger.is_done, ledger.states())
        self.assertEqual(sum(len(held["factors"]) + len(held["passkeys"])
                             for held in holdings.values()), len(ledger.items))
        self.assertEqual(ledger.refusals, 0)
        self.assert_refusals(0)
        return ledger, handouts, holdings


