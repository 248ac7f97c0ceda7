"""rollout run, the unattended part: authenticator apps for many, whatever comes in between."""

import json
import re
import signal
import sqlite3
import unittest
import urllib.parse

import otp
import rollout_truth
from admin_case import API_KEY
from case import each, in_every_dialect
from test_rollout_check import RolloutCase

HEAD = "account,role,method,label,route,password_ref,group"
STATES = ("planned", "prepared", "submitted", "recorded", "proved", "failed", "unknown", "skipped",
          "undoing")


WHERE = {"at the login": {"field": "login_user"}, "at the factor page": {"path": "/user"},
         "when the server is told": {"field": "set_tfa"}, "at the proof": {"field": "token"}}


class RunCase(RolloutCase):
    """Accounts with made-up passwords in a secrets file."""

    def setUp(self):
        super().setUp()
        self.wrong = {}  # account: what the secrets file says instead

    @property
    def ledger(self):
        return self.place / "rollout.db"

    @property
    def handouts(self):
        return self.place / "rollout.db.handouts"

    def row(self, account, route="password", label="app", method="totp", ref=None):
        if ref is None:
            ref = "" if route == "reset-password" else f"secret:{account.name}"
        return f"{account.name},{account.role},{method},{label},{route},{ref},"

    def passwords(self, *accounts):
        quoted = []
        for account in accounts or self.server.accounts:
            password = self.wrong.get(account.name, account.password)
            self.secret_texts.add(password)
            quoted.append(account.name + ',"' + password.replace('"', '""') + '"\n')
        return ["--secrets", self.private("secrets.csv", "".join(quoted))]

    def line(self, *rows, words=()):
        return ["--json", "rollout", "run", self.plan(*rows), "--ledger", self.ledger,
                *self.passwords(), *words]

    def roll_out(self, *rows, words=(), by=API_KEY, status=0, **how):
        return self.act(by, *self.line(*rows, words=words), status=status, **how)

    def start_rolling(self, *rows, words=(), by=API_KEY, **how):
        return self.start_acting(by, *self.line(*rows, words=words), **how)

    def secret_of(self, item):
        """What the hand-out of an item says, and nobody else."""
        uri = (self.handouts / "pending" / f"totp-{item}").read_text()
        secret = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)["secret"][0]
        self.secrets.add(secret)
        return secret

    def handed_out_passwords(self):
        found = [path.read_text() for path in self.handouts.glob("pending/password-*")]
        self.secret_texts |= set(found)
        return found

    def states(self):
        """{account: states of its items in the order of the plan}, as the ledger has them."""
        with sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT name, state FROM item JOIN person ON person.id = person"
                                    " ORDER BY item.id").fetchall()
        found = {}
        for name, state in rows:
            found.setdefault(name, []).append(STATES[state])
        return found

    def assert_enrolled_once(self, *accounts, label="app"):
        """Each has just the one factor, and its secret is in a hand-out."""
        secrets = {self.secret_of(path.name.split("-")[1])
                   for path in self.handouts.glob("pending/totp-*")}
        for account in accounts:
            rows = self.server.factors(account)
            self.assertEqual([(row["label"], row["method"]) for row in rows], [(label, "totp")])
            if rows[0]["secret"] is not None:
                self.assertIn(rows[0]["secret"], secrets)
            self.assertEqual(self.states()[account.name], ["proved"])

    def assert_document(self, outcome, **wanted):
        document = outcome.document
        self.assertEqual(document["schema"], "cowkey.rollout-run/1", outcome)
        states = {name: count for name, count in document["states"].items() if count}
        found = {name: states if name == "states" else document[name] for name in wanted}
        self.assertEqual(found, wanted, outcome)
        return document


class Routes(RunCase):
    @in_every_dialect
    def test_with_their_own_passwords(self):
        accounts = (self.alice, self.da1, self.server.account("admin2"))
        outcome = self.roll_out(*map(self.row, accounts))
        self.assert_document(outcome, people=3, items=3, states={"proved": 3}, changed_now=3,
                             refusals=0, stopped=None, error=None)
        self.assert_enrolled_once(*accounts)

    @in_every_dialect
    def test_with_new_passwords(self):
        accounts = (self.bob, self.da1, self.server.account("admin2"))
        outcome = self.roll_out(*[self.row(account, "reset-password") for account in accounts])
        self.assert_document(outcome, states={"proved": 3}, changed_now=3)
        self.assert_enrolled_once(*accounts)
        self.assertEqual(len(self.handed_out_passwords()), 3)
        for account in accounts:
            self.assertEqual(self.log_in(account, account.password), "refused")

    @in_every_dialect
    def test_logged_in_as(self):
        accounts = (self.carol, self.da1)
        outcome = self.roll_out(*[self.row(account, "log-in-as") for account in accounts],
                                by="admin")
        self.assert_document(outcome, states={"proved": 2}, changed_now=2)
        self.assert_enrolled_once(*accounts)

    @in_every_dialect
    def test_signed_on(self):
        outcome = self.roll_out(self.row(self.da1, "sign-on"))
        self.assert_document(outcome, states={"proved": 1}, changed_now=1)
        self.assert_enrolled_once(self.da1)


class GoingOn(RunCase):
    """The same command once more."""

    def test_nothing_is_left(self):
        rows = [self.row(self.alice), self.row(self.da1, "reset-password"), self.row(self.bob)]
        self.roll_out(*rows)
        with self.unchanged(self.alice, self.bob, self.da1):
            before = len(self.server.requests()) if self.server.is_simulated else 0
            outcome = self.roll_out(*rows)
        self.assert_document(outcome, states={"proved": 3}, changed_now=0, stopped=None)
        if self.server.is_simulated:
            after = self.server.requests()[before:]
            self.assertEqual({row["method"] for row in after}, {"GET"}, after)
            self.assertLessEqual(len(after), 2, "only which release it is")

    def test_empty_rows_and_another_policy_do_not_matter(self):
        self.roll_out(self.row(self.alice), self.row(self.bob))
        policy = self.file("policy.ini", "; nothing new\n[default]\nkeys = 1\n")
        outcome = self.roll_out(self.row(self.alice), "", self.row(self.bob),
                                words=["--policy", policy])
        self.assert_document(outcome, changed_now=0)

    def test_another_plan(self):
        self.roll_out(self.row(self.alice))
        more = [self.row(self.alice), self.row(self.bob)]
        with self.unchanged(self.alice, self.bob):
            self.assert_failed(self.roll_out(*more, status=3), 3, "plan", "--new-plan")
        outcome = self.roll_out(*more, words=["--new-plan"])
        self.assert_document(outcome, people=2, states={"proved": 2}, changed_now=1)
        self.assert_enrolled_once(self.alice, self.bob)

    def test_people_of_a_new_plan_have_their_names_on_sheets(self):
        self.server.needs_simulation()
        self.roll_out(self.row(self.alice))
        self.roll_out(self.row(self.alice), self.row(self.bob), words=["--new-plan"])
        self.cowkey(None, "rollout", "handout", self.bob.name, "--ledger", self.ledger, connect=False, status=0)
        [sheet] = self.handouts.glob("sheets/*.html")
        self.assertRegex(sheet.read_text(encoding="utf-8"), r">\s*Bob\s*<")

    def test_a_ledger_that_is_none(self):
        self.private("rollout.db", "no ledger")
        with self.unchanged(self.alice):
            outcome = self.roll_out(self.row(self.alice), status=None)
        self.assertIn(outcome.status, (2, 3), outcome)
        self.assertEqual(self.ledger.read_text(), "no ledger")

    def test_what_failed_waits_for_being_asked_for(self):
        self.wrong[self.bob.name] = "Made-Up-Wrong-bob"
        rows = [self.row(self.alice), self.row(self.bob)]
        outcome = self.roll_out(*rows, status=1)
        self.assert_document(outcome, states={"proved": 1, "failed": 1}, refusals=1, stopped=None)
        self.wrong.clear()
        with self.unchanged(self.alice, self.bob):
            self.roll_out(*rows, status=1)
        self.assert_refusals(1)
        outcome = self.roll_out(*rows, words=["--retry"])
        self.assert_document(outcome, states={"proved": 2}, changed_now=1, refusals=1)
        self.assert_enrolled_once(self.alice, self.bob)

    def test_after_a_killed_run(self):
        rows = [self.row(self.alice), self.row(self.bob)]
        self.sessions_lost = 2
        self.server.fault("hang", field="set_tfa", skip=1)
        run = self.start_rolling(*rows, words=["--jobs", "1"])
        self.server.await_requests(lambda row: "set_tfa" in row["form"], 2)
        run.interrupt(signal.SIGKILL)
        self.finish(run)
        self.assertEqual([*self.states().values()], [["proved"], ["submitted"]])
        outcome = self.roll_out(*rows, words=["--late", "0"])
        self.assert_document(outcome, states={"proved": 2}, changed_now=1)
        self.assert_enrolled_once(self.alice, self.bob)

    def test_another_app_after_a_new_password(self):
        """That has to be changed by then, and the login asks for the first app."""
        rows = [self.row(self.bob, "reset-password", label=label) for label in ("app", "tablet")]
        self.roll_out(rows[0])
        outcome = self.roll_out(*rows, words=["--new-plan"])
        self.assert_document(outcome, states={"proved": 2}, changed_now=1, refusals=0)
        self.assertEqual([row["label"] for row in self.server.factors(self.bob)],
                         ["app", "tablet"])
        self.assertEqual(len(self.handed_out_passwords()), 1)

    def test_another_app_after_the_first_was_sealed(self):
        rows = [self.row(self.bob, "reset-password", label=label) for label in ("app", "tablet")]
        seal = ["--seal-to", rollout_truth.make_recipient(self.place)[0]]
        self.roll_out(rows[0], words=seal)
        with self.unchanged(self.bob):
            outcome = self.roll_out(*rows, words=["--new-plan", *seal], status=1)
        self.assert_document(outcome, states={"proved": 1, "failed": 1}, refusals=0)
        self.assert_refusals(0)

    def test_two_runs_exclude_each_other(self):
        rows = [self.row(self.alice), self.row(self.bob)]
        self.server.fault("delay:3000", field="set_tfa")
        run = self.start_rolling(*rows, words=["--jobs", "1"])
        self.server.await_requests(lambda row: "set_tfa" in row["form"])
        outcome = self.roll_out(*rows, status=3)
        self.assert_failed(outcome, 3, rf"another.*{run.process.pid}|{run.process.pid}")
        self.finish(run, 0)
        self.assert_enrolled_once(self.alice, self.bob)


class Unfit(RunCase):
    """What never starts."""

    def assert_not_begun(self, outcome, says):
        self.assert_failed(outcome, 2, says, "rollout check")
        self.assertFalse(self.ledger.exists(), "a ledger was made")
        self.assertFalse(self.handouts.exists())
        self.assert_edits_nothing()

    def test_a_bad_line(self):
        outcome = self.roll_out(self.row(self.alice), self.row(self.bob, method="sms"), status=2)
        self.assert_not_begun(outcome, "plan.csv:3: the method is none of")
        self.assert_nothing_sent()

    def test_a_password_that_is_missing(self):
        outcome = self.roll_out(self.row(self.alice, ref="secret:nobody"), status=2)
        self.assert_not_begun(outcome, "no entry of the secrets file")

    def test_an_account_that_is_not_there(self):
        outcome = self.roll_out(self.row(self.alice),
                                "nobody@example.test,mailbox,totp,app,reset-password,,", status=2)
        self.assert_not_begun(outcome, "plan.csv:3: nobody@example.test")

    def test_a_deactivated_account(self):
        self.deactivate(self.bob)
        outcome = self.roll_out(self.row(self.alice), self.row(self.bob), status=2)
        self.assert_not_begun(outcome, "deactivated")

    @each(("-45", "45"))
    def test_clocks_that_differ(self, seconds):
        self.server.arrange("clock", seconds)
        outcome = self.roll_out(self.row(self.alice), self.row(self.bob), status=3)
        self.assert_failed(outcome, 3, "clock is 4[45] s", "--accept-clock-skew")
        self.assertFalse(self.ledger.exists())
        self.assert_edits_nothing()
        outcome = self.roll_out(self.row(self.alice), self.row(self.bob),
                                words=["--accept-clock-skew"])
        self.assert_document(outcome, states={"proved": 2})

    def test_a_person_gets_the_list(self):
        line = self.line(self.row(self.alice, method="sms"), self.row(self.bob, route="window"))[1:]
        outcome = self.act(API_KEY, *line, status=2)
        self.assertRegex(outcome.stdout, r"plan.csv:2: .*method(.|\n)*plan.csv:3: .*route")

    @each({"no ledger": ([], "--ledger"), "no number": (["--jobs", "many"], "--jobs"),
           "no threads": (["--jobs", "0"], "--jobs"), "too many": (["--jobs", "17"], "--jobs"),
           "no refusals": (["--max-refusals", "0"], "--max-refusals"),
           "no time": (["--wait", "-1"], "--wait"), "something else": (["--only", "phones"], "--only"),
           "no certificate": (["--seal-to", "/nowhere.pem"], "/nowhere.pem")})
    def test_options(self, words, says):
        ledger = ["--ledger", self.ledger] if words else []
        outcome = self.act(API_KEY, "--json", "rollout", "run", self.plan(self.row(self.alice)),
                           *self.passwords(), *ledger, *words, status=2)
        self.assert_failed(outcome, 2, says)
        self.assertFalse(self.ledger.exists())
        self.assert_nothing_sent()

    def test_neither_key_nor_account(self):
        outcome = self.cowkey(None, *self.line(self.row(self.alice)), status=2)
        self.assert_failed(outcome, 2, "neither an API key nor --account")


class HandOuts(RunCase):
    """What is pending bears numbers only."""

    def setUp(self):
        super().setUp()
        self.sessions_lost = 6

    def assert_refused(self, *rows, words=(), says):
        with self.unchanged(self.alice, self.bob):
            outcome = self.roll_out(*rows, words=words, status=2)
        self.assert_failed(outcome, 2, says, "--handouts")

    def test_of_another_ledger(self):
        """Or the second person would get the secret of the first."""
        self.roll_out(self.row(self.alice))
        for path in self.place.glob("rollout.db*"):
            if path != self.handouts:
                path.unlink()
        self.assert_refused(self.row(self.bob), says="another ledger's")
        self.roll_out(self.row(self.bob), words=["--handouts", self.place / "new"])
        self.assertEqual(len({row["secret"] for account in (self.alice, self.bob)
                              for row in self.server.factors(account)}), 2)

    def test_sheets_of_another_ledger(self):
        self.roll_out(self.row(self.alice))
        self.act(API_KEY, "rollout", "run", self.plan(self.row(self.bob)), "--ledger",
                 self.place / "other", *self.passwords(), status=0)
        outcome = self.cowkey(None, "--json", "rollout", "handout", "--ledger", self.place / "other",
                              "--handouts", self.handouts, connect=False, status=2)
        self.assert_failed(outcome, 2, "another ledger's", "--handouts")
        self.assertFalse((self.handouts / "sheets").exists())

    def test_of_no_ledger(self):
        (self.handouts / "pending").mkdir(parents=True, mode=0o700)
        self.handouts.chmod(0o700)
        self.private("rollout.db.handouts/pending/totp-000001", "made up")
        self.assert_refused(self.row(self.alice), says="of no ledger")

    def test_elsewhere_when_it_goes_on(self):
        self.roll_out(self.row(self.alice))
        rows = [self.row(self.alice), self.row(self.bob)]
        self.assert_refused(*rows, words=["--new-plan", "--handouts", self.place / "other"],
                            says="are not in")
        self.assert_document(self.roll_out(*rows, words=["--new-plan"]), states={"proved": 2})

    def test_that_a_proof_would_need(self):
        """No code of another secret is tried."""
        self.server.meanwhile("outage", "60", field="token")
        self.roll_out(self.row(self.alice), status=6)
        self.server.arrange("outage", "0")
        self.assertEqual(self.states()[self.alice.name], ["recorded"])
        (self.handouts / "pending" / "totp-000001").unlink()
        outcome = self.roll_out(self.row(self.alice), status=4)
        self.assert_document(outcome, states={"unknown": 1}, refusals=0)
        self.assert_refusals(0)

    def test_that_a_login_would_need(self):
        """Nor another password."""
        self.server.meanwhile("outage", "60", field="set_tfa")
        self.roll_out(self.row(self.bob, "reset-password"), words=["--late", "0"], status=6)
        self.server.arrange("outage", "0")
        (self.handouts / "pending" / "password-000001").unlink()
        outcome = self.roll_out(self.row(self.bob, "reset-password"), status=4)
        self.assert_document(outcome, states={"submitted": 1}, refusals=0)
        self.assertRegex(outcome.stderr, "1 account is left for another run.*its new password")
        self.assert_refusals(0)


class Refusals(RunCase):
    def crowd(self, count, wrong=0):
        """Accounts of a domain of its own, the first of which have other passwords than is said."""
        self.server.needs_simulation("a crowd with passwords")
        self.server.arrange("many-mailboxes", "crowd.test", count)
        names = [f"made{number:05}@crowd.test" for number in range(1, count + 1)]
        self.secret_texts |= {"Made-Up-Pass-many", "Made-Up-Wrong"}
        secrets = self.private("crowd.csv", "right,Made-Up-Pass-many\nwrong,Made-Up-Wrong\n")
        rows = [f"{name},mailbox,totp,app,password,secret:{'wrong' if i < wrong else 'right'},"
                for i, name in enumerate(names)]
        return rows, ["--secrets", secrets]

    def roll_crowd(self, rows, secrets, *words, status, **how):
        return self.act(API_KEY, "--json", "rollout", "run", self.plan(*rows), "--ledger",
                        self.ledger, *secrets, *words, status=status, **how)

    @each(("1", "4", "8"))
    def test_stop_all_threads(self, jobs):
        rows, secrets = self.crowd(12, wrong=12)
        outcome = self.roll_crowd(rows, secrets, "--jobs", jobs, status=5)
        self.assert_failed(outcome, 5, "3 times.*the last: ", "max-refusals")
        self.assert_document(outcome, states={"planned": 9, "failed": 3}, refusals=3,
                             stopped="refusals", changed_now=0)
        self.assert_refusals(3)
        before = self.server.requests()
        outcome = self.roll_crowd(rows, secrets, "--jobs", jobs, status=5)
        self.assert_failed(outcome, 5, "3 times, and --max-refusals is 3$", "10 quiet minutes")
        self.assertEqual(self.server.requests(), before)

    @each(("1", "4", "16"))
    def test_of_proofs_stop_all_threads(self, jobs):
        rows, secrets = self.crowd(24)
        self.server.arrange("mix-up", "on")
        outcome = self.roll_crowd(rows, secrets, "--jobs", jobs, status=5)
        document = self.assert_document(outcome, refusals=3, stopped="refusals")
        self.assertEqual((document["states"]["failed"], document["states"]["unknown"]), (3, 0))
        codes = [row for row in self.server.requests() if "token" in row["form"]]
        self.assertEqual(len(codes), 3, codes)

    def test_of_looks_that_are_cut_off(self):
        """Two rows of others came meanwhile with our label; the second can't be tried."""
        self.sessions_lost = 4
        for field in ("set_tfa", "logout"):
            self.server.meanwhile("add-totp", self.alice.name, "app", otp.SECRET, field=field)
        self.server.fault("drop-before", field="set_tfa")
        self.server.fault("drop-before", field="token", skip=1)
        outcome = self.roll_out(self.row(self.alice), words=["--late", "0", "--jobs", "1"],
                                status=None)
        codes = [row for row in self.server.requests() if "token" in row["form"]]
        answered = [row for row in codes if row["status"] != 0]
        self.assertGreater(len(codes), len(answered))
        self.assert_document(outcome, states={"unknown": 1}, refusals=len(answered))

    def test_of_the_api_key_in_the_end(self):
        self.server.meanwhile("api-allow-from", "192.0.2.1", field="token")
        outcome = self.act(API_KEY, *self.line(self.row(self.bob, "reset-password"))[1:], status=1)
        self.assert_refusals(1)
        self.assertRegex(outcome.stderr, "1 account is left for another run.*API key")
        self.server.arrange("api-allow-from", "any")
        outcome = self.roll_out(self.row(self.bob, "reset-password"))
        self.assert_document(outcome, states={"proved": 1}, changed_now=0, refusals=1)

    def test_are_counted_over_restarts(self):
        rows, secrets = self.crowd(12, wrong=12)
        for count in (1, 2):
            self.roll_crowd(rows, secrets, "--max-refusals", count, status=5)
            self.assert_refusals(count)
        self.roll_crowd(rows, secrets, status=5)
        self.assert_refusals(3)
        rows, secrets = self.crowd(12)
        outcome = self.roll_crowd(rows, secrets, "--max-refusals", "4", "--retry", "--new-plan",
                                  status=0)
        self.assert_document(outcome, states={"proved": 12}, refusals=3, changed_now=12)

    def test_fewer_stop_nothing(self):
        rows, secrets = self.crowd(12, wrong=2)
        outcome = self.roll_crowd(rows, secrets, status=1)
        self.assert_document(outcome, states={"proved": 10, "failed": 2}, refusals=2, stopped=None)

    def test_wrong_api_keys_count(self):
        line = ["--api-key-file", self.private("wrong.key", "AAAAAA-BBBBBB-CCCCCC-DDDDDD-EEEEEE\n"),
                *self.line(self.row(self.alice))]
        for count in (1, 2, 3):
            self.assert_failed(self.cowkey(None, *line, status=5), 5, "API key")
            self.assert_refusals(count)
        self.assert_failed(self.cowkey(None, *line, status=5), 5, "3 times")
        self.assert_failed(self.roll_out(self.row(self.alice), status=5), 5, "3 times")
        self.assert_refusals(3)
        outcome = self.roll_out(self.row(self.alice), words=["--max-refusals", "4"])
        self.assert_document(outcome, states={"proved": 1}, refusals=3)

    def test_an_account_that_is_deactivated_on_the_way(self):
        self.server.meanwhile("active", self.bob.name, "off", method="POST")
        outcome = self.roll_out(self.row(self.alice), self.row(self.bob), words=["--jobs", "1"],
                                status=1)
        self.assert_document(outcome, states={"proved": 1, "failed": 1}, refusals=1)

    @each(("1", "8"))
    def test_threads(self, jobs):
        rows, secrets = self.crowd(24)
        outcome = self.roll_crowd(rows, secrets, "--jobs", jobs, status=0)
        self.assert_document(outcome, people=24, states={"proved": 24}, changed_now=24)
        held = self.server.tell("holdings", "crowd.test")
        self.assertEqual({len(account["factors"]) for account in held.values()}, {1})
        secrets = {self.secret_of(path.name.split("-")[1])
                   for path in self.handouts.glob("pending/totp-*")}
        self.assertEqual({account["factors"][0]["secret"] for account in held.values()}, secrets)


class Trouble(RunCase):
    """Servers that are busy, cut connections, or go away."""

    def setUp(self):
        super().setUp()
        self.sessions_lost = 12
        self.rows = [self.row(self.alice), self.row(self.bob), self.row(self.carol)]

    def assert_all_done(self, outcome):
        self.assert_document(outcome, states={"proved": 3}, changed_now=3, stopped=None, refusals=0)
        self.assert_enrolled_once(self.alice, self.bob, self.carol)
        self.assert_refusals(0)

    @each(WHERE)
    def test_too_many_requests(self, where):
        self.server.fault("status:429:1", times=2, **where)
        outcome = self.roll_out(*self.rows, words=["--late", "1"])
        self.assert_all_done(outcome)
        self.assertIn("asks for fewer requests", outcome.stderr)

    @each(WHERE)
    def test_unavailable(self, where):
        self.server.fault("status:503", times=2, **where)
        self.assert_all_done(self.roll_out(*self.rows, words=["--late", "1", "--jobs", "1"]))

    @each(["status-after:503", "status-after:503:1"])
    def test_new_password_that_a_proxy_passed_on(self, do):
        """Who has it can log in, whatever the answer said."""
        self.server.fault(do, path="/api/v1/edit/mailbox")
        outcome = self.roll_out(self.row(self.bob, "reset-password"))
        self.assert_document(outcome, states={"proved": 1}, changed_now=1, refusals=0)
        self.assertEqual([self.log_in(self.bob, password)
                          for password in self.handed_out_passwords()], ["asked"])

    def test_how_long_is_the_server_s_to_say(self):
        self.server.fault("status:429:4", field="login_user")
        outcome = self.roll_out(*self.rows, words=["--jobs", "1"])
        self.assert_all_done(outcome)
        self.assertIn("waiting 4 s", outcome.stderr)
        self.assertGreaterEqual(outcome.finished - outcome.started, 4)

    def test_busy_while_it_is_checked(self):
        self.server.fault("status:429:1", path="/api/v1/get/*")
        outcome = self.roll_out(*self.rows, status=6)
        self.assert_failed(outcome, 6, "status 429")
        self.assert_all_done(self.roll_out(*self.rows))

    @each({f"{kind} {place}": (kind, where) for kind in ("drop-before", "drop-after")
           for place, where in WHERE.items()})
    def test_cut(self, kind, where):
        self.server.fault(kind, times=2, **where)
        self.assert_all_done(self.roll_out(*self.rows, words=["--late", "0", "--jobs", "1"]))

    def test_server_that_acts_late(self):
        self.server.fault("act-late:2", field="set_tfa")
        outcome = self.roll_out(*self.rows, words=["--late", "5", "--jobs", "1"])
        self.assert_all_done(outcome)

    @each(("refused", "bad-gateway"))
    def test_server_that_goes_away(self, kind):
        self.server.meanwhile("outage", "60", kind, field="set_tfa", skip=1)
        outcome = self.roll_out(*self.rows, words=["--jobs", "1"], status=6)
        self.assert_failed(outcome, 6, None, "--wait")
        document = self.assert_document(outcome, changed_now=1, stopped="server-away", refusals=0)
        self.assertEqual((document["states"]["proved"], document["states"]["failed"]), (1, 0))
        self.assert_failed(self.roll_out(*self.rows, status=6), 6)
        self.server.arrange("outage", "0")
        outcome = self.roll_out(*self.rows, words=["--late", "0"])
        self.assert_document(outcome, states={"proved": 3}, changed_now=2, refusals=0)
        self.assert_enrolled_once(self.alice, self.bob, self.carol)

    @each(("refused", "bad-gateway"))
    def test_server_that_comes_back(self, kind):
        self.server.meanwhile("outage", "4", kind, field="set_tfa", skip=1)
        outcome = self.roll_out(*self.rows, words=["--wait", "60", "--late", "1"])
        self.assert_all_done(outcome)
        self.assertIn("The server is back.", outcome.stderr)

    def test_server_that_stays_away(self):
        self.server.meanwhile("outage", "60", field="set_tfa", skip=1)
        outcome = self.roll_out(*self.rows, words=["--wait", "2"], status=6)
        self.assert_document(outcome, stopped="server-away")
        self.server.arrange("outage", "0")

    def logged_in_as(self):
        return [self.row(account, "log-in-as") for account in (self.alice, self.bob, self.carol)]

    def test_session_that_expires_between_people(self):
        self.server.fault("expired", path="/", method="GET", account="admin", skip=1)
        outcome = self.roll_out(*self.logged_in_as(), by="admin", words=["--jobs", "1"])
        self.assert_all_done(outcome)
        logins = self.server.password_attempts()
        self.assertEqual(len(logins), 3 + 2, "a proof each, and the admin's session twice")

    def test_session_that_expires_within_an_account(self):
        self.server.fault("expired", field="set_tfa", skip=1)
        outcome = self.roll_out(*self.logged_in_as(), by="admin", words=["--jobs", "1"], status=1)
        self.assert_document(outcome, states={"proved": 2, "failed": 1}, refusals=0)
        outcome = self.roll_out(*self.logged_in_as(), by="admin", words=["--retry"])
        self.assert_document(outcome, states={"proved": 3}, changed_now=1)
        self.assert_enrolled_once(self.alice, self.bob, self.carol)

    def test_sessions_that_end_with_the_server(self):
        rows = [self.row(account, "log-in-as") for account in (self.alice, self.bob, self.carol)]
        self.server.meanwhile("outage", "3", field="set_tfa", skip=1)
        outcome = self.roll_out(*rows, by="admin", words=["--wait", "60", "--late", "1"])
        self.assert_all_done(outcome)


class Interruption(RunCase):
    def setUp(self):
        super().setUp()
        self.sessions_lost = 2
        self.rows = [self.row(self.alice), self.row(self.bob), self.row(self.carol)]

    def test_once_lets_those_in_work_finish(self):
        self.server.fault("delay:3000", field="set_tfa")
        run = self.start_rolling(*self.rows, words=["--jobs", "1"])
        self.server.await_requests(lambda row: "set_tfa" in row["form"])
        run.interrupt()
        outcome = self.finish(run, 4)
        self.assertIn("Finishing the 1 in work", outcome.stderr)
        self.assert_document(outcome, states={"proved": 1, "planned": 2}, changed_now=1,
                             stopped="interrupted")
        self.assert_failed(outcome, 4, "interrupted", "goes on")
        self.assert_enrolled_once(self.alice)
        outcome = self.roll_out(*self.rows)
        self.assert_document(outcome, states={"proved": 3}, changed_now=2)

    def test_twice_breaks_off(self):
        self.server.fault("hang", field="set_tfa")
        run = self.start_rolling(*self.rows, words=["--jobs", "1"])
        self.server.await_requests(lambda row: "set_tfa" in row["form"])
        run.interrupt()
        self.await_noted(run)
        run.interrupt()
        outcome = self.finish(run, 4, patience_s=20)
        self.assert_document(outcome, states={"submitted": 1, "planned": 2}, changed_now=0,
                             stopped="interrupted")
        outcome = self.roll_out(*self.rows, words=["--late", "0"])
        self.assert_document(outcome, states={"proved": 3}, changed_now=3)
        self.assert_enrolled_once(self.alice, self.bob, self.carol)

    def await_noted(self, run):
        """Until the signal is no longer pending, so that the next one is another."""
        while True:
            with open(f"/proc/{run.process.pid}/status") as status:
                pending = re.findall(r"^(?:Sig|Shd)Pnd:\s*([0-9a-f]+)", status.read(), re.MULTILINE)
            if not any(int(mask, 16) for mask in pending):
                return

    def test_before_anybody(self):
        self.server.fault("hang", path="/api/v1/get/*")
        run = self.start_rolling(*self.rows)
        self.server.await_requests(lambda row: row["path"].startswith("/api/v1/get/"))
        run.interrupt()
        self.assert_failed(self.finish(run, 130), 130, "interrupted")
        self.assert_edits_nothing()

    def test_while_the_server_is_waited_for(self):
        self.server.meanwhile("outage", "60", field="login_user")
        run = self.sit_down(None, *self.key_words(),
                            *self.line(*self.rows, words=["--wait", "600", "--jobs", "1"])[1:])
        run.expect("The server is away")
        run.interrupt()
        outcome = self.finish(run, 130, patience_s=30)
        self.server.arrange("outage", "0")
        self.assertRegex(outcome.stderr, "goes on where this one stopped")

    def test_while_a_busy_server_is_spared(self):
        self.server.fault("status:429:600", field="login_user")
        run = self.sit_down(None, *self.key_words(),
                            *self.line(*self.rows, words=["--jobs", "1"])[1:])
        run.expect("waiting 600 s")
        run.send_signal(signal.SIGINT)
        self.await_noted(run)
        run.send_signal(signal.SIGINT)
        self.finish(run, 130, patience_s=30)


class Keys(RunCase):
    def test_wait_for_a_desk(self):
        policy = self.file("policy.ini", "[default]\nlabel = {account} {n}\n")
        rows = [self.row(self.alice), self.row(self.alice, method="webauthn", label="")]
        outcome = self.roll_out(*rows, words=["--policy", policy], status=1)
        document = self.assert_document(outcome, items=3, states={"proved": 1, "planned": 2},
                                        stopped=None)
        self.assertEqual(document["left"], {"apps": 0, "keys": 2})
        outcome = self.roll_out(*rows, words=["--policy", policy, "--only", "apps"])
        self.assert_document(outcome, changed_now=0)

    def test_only_keys(self):
        with self.unchanged(self.alice):
            outcome = self.roll_out(self.row(self.alice), words=["--only", "keys"])
        self.assert_document(outcome, states={"planned": 1}, changed_now=0)


class Words(RunCase):
    """What a person reads."""

    def test_what_was_done_and_what_comes_next(self):
        outcome = self.act(API_KEY, *self.line(self.row(self.alice), self.row(self.bob))[1:],
                           status=0)
        self.assertRegex(outcome.stdout, r"2 accounts, 2 factors: 2 proved\.")
        self.assertRegex(outcome.stderr, r"rollout handout --ledger \S+rollout.db")
        self.assertNotIn("rollout status", outcome.stderr)

    def test_failures(self):
        self.wrong[self.bob.name] = "Made-Up-Wrong-bob"
        outcome = self.act(API_KEY, *self.line(self.row(self.alice), self.row(self.bob))[1:],
                           status=1)
        self.assertRegex(outcome.stdout, r"2 factors: 1 proved, 1 failed\.")
        self.assertRegex(outcome.stderr, r"rollout status --ledger \S+rollout.db")

    def test_a_bar_on_a_terminal(self):
        run = self.sit_down(None, *self.key_words(),
                            *self.line(self.row(self.alice), self.row(self.bob))[1:])
        run.expect(r"\[[#-]+\] +\d+%  apps: \d people")
        self.finish(run, 0)


del RolloutCase
