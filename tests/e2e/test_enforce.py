"""enforce: what was read back is believed, and nothing but the flag is touched."""

import json
import unittest

import otp
from admin_case import AdminCase
from case import ROLES, each, in_every_dialect, is_root, on_older_dialects
from web import Browser

# Who does it, and for whom it can be done.
ACCESS = {f"{by} for {role}": (by, role) for by in ("api key", "admin") for role in ROLES}
ACCESS |= {"da1 for mailbox": ("da1", "mailbox")}
CROWDS = {"mailbox": "--mailboxes", "domain-admin": "--domain-admins", "admin": "--admins"}
EDIT = {role: f"/api/v1/edit/{role}" for role in ROLES}
STRANGER = "made00001@example.org"  # of a domain that da1 does not manage
QUESTION = r"change them\?[^\n]*$"


def is_edit(request):
    return request["path"].startswith("/api/v1/edit/")


class EnforceCase(AdminCase):
    def setUp(self):
        played = getattr(getattr(self, self._testMethodName), "dialects", self.dialects)
        if self.server.dialect not in played:
            self.skipTest("this release can't enforce second factors")
        super().setUp()

    def as_whom(self, by):
        """The account that logs in, and what stands on the command line for it."""
        if by == "api key":
            return None, self.key_words()
        return self.server.account(by), []

    def enforce(self, *words, by="api key", status=0, **how):
        account, access = self.as_whom(by)
        return self.cowkey(account, "--json", "--yes", *access, "enforce", *words, status=status, **how)

    def results(self, outcome):
        return {row["account"]: row["result"] for row in outcome.document["accounts"]}

    def somebody(self, role):
        """Of this role; an admin that logs in would be held afterwards, so it is another one."""
        return self.server.of_role(role, 1 if role == "admin" else 0)

    def is_forced(self, account):
        return str(self.read(account)["attributes"]["force_tfa"]) == "1"

    def assert_forced(self, *accounts, forced=True):
        self.assertEqual({account.name: self.is_forced(account) for account in accounts},
                         {account.name: forced for account in accounts})

    def edits(self):
        return list(filter(is_edit, self.server.requests()))

    def assert_no_edit(self):
        if self.server.is_simulated:
            self.assertEqual(self.edits(), [])

    def deeds(self):
        """{account: [outcome]} of the journal, whose chain is intact."""
        self.cowkey(None, "journal", "verify", connect=False, status=0)
        lines = [json.loads(line) for line in self.journal.read_text().splitlines()]
        intents = {line["id"]: line for line in lines if line["event"] == "intent"}
        found = {}
        for line in lines:
            if line["event"] == "outcome":
                found.setdefault(intents.pop(line["id"])["account"], []).append(line["outcome"])
        self.assertEqual(intents, {}, "intents without an outcome")
        return found


@on_older_dialects
class Releases(EnforceCase):
    """Before 2026-03 the server says success and stores nothing."""

    @each(ACCESS)
    def test_it_can_not(self, by, role):
        account = self.server.of_role(role)
        for words in (["on", account.name], ["off", account.name], ["on", CROWDS[role]],
                      ["on", CROWDS[role], "--dry-run"]):
            outcome = self.enforce(*words, by=by, status=3)
            self.assert_failed(outcome, 3, says="can't insist", hints="2026-03")
        self.assert_no_edit()


class Accounts(EnforceCase):
    @each(ACCESS)
    def test_on_and_off(self, by, role):
        account = self.somebody(role)
        steps = [("on", "changed", False, True), ("on", "already", True, True),
                 ("off", "changed", True, False), ("off", "already", False, False)]
        for wish, result, before, after in steps:
            document = self.enforce(wish, account.name, by=by).document
            self.assertEqual(document["wish"], wish)
            self.assertEqual(document["accounts"], [
                {"account": account.name, "role": role, "result": result, "before": before,
                 "after": after, "reason": None, "exception": None}])
            self.assert_forced(account, forced=after)
        self.assertEqual(self.deeds(), {account.name: ["done", "done"]})

    @each(ACCESS)
    def test_all_of_a_kind(self, by, role):
        accounts = [account for account in self.server.accounts if account.role == role]
        outcome = self.enforce("on", CROWDS[role], by=by)
        self.assertEqual(self.results(outcome), {account.name: "changed" for account in accounts})
        self.assert_forced(*accounts)
        others = [account for account in self.server.accounts if account.role != role]
        self.assert_forced(*others, forced=False)

    def test_all_together(self):
        outcome = self.enforce("on", "--mailboxes", "--domain-admins", "--admins", self.bob.name)
        self.assertEqual(self.results(outcome),
                         {account.name: "changed" for account in self.server.accounts})

    def test_one_domain(self):
        self.server.arrange("many-mailboxes", "example.org", 1)
        outcome = self.enforce("on", "--domain", "EXAMPLE.org")
        self.assertEqual(self.results(outcome), {STRANGER: "changed"})
        self.assert_forced(self.alice, self.bob, forced=False)

    def test_refuses_a_domain_that_is_not_there(self):
        """The server would answer with the mailboxes of all domains."""
        outcome = self.enforce("on", "--domain", "example.net", status=2)
        self.assert_failed(outcome, 2, says="example.net")
        self.assert_no_edit()

    @each(["https://example.test/", "example.test:8443", "x@example.test", "192.0.2.1", ""])
    def test_refuses_what_is_no_domain(self, text):
        outcome = self.enforce("on", "--domain", text, status=None)
        self.assert_failed(outcome, 2, says="--domain takes")
        self.assert_no_edit()

    def test_a_domain_admin_sees_its_own_domains(self):
        self.server.arrange("many-mailboxes", "example.org", 1)
        outcome = self.enforce("on", "--mailboxes", by="da1")
        self.assertNotIn(STRANGER, self.results(outcome))
        self.assert_failed(self.enforce("on", STRANGER, by="da1", status=2), 2)
        self.assert_failed(self.enforce("on", "--domain", "example.org", by="da1", status=2), 2)

    @each({"domain admins": "--domain-admins", "admins": "--admins", "itself": "da1",
           "an admin": "admin"})
    def test_a_domain_admin_manages_mailboxes_only(self, words):
        outcome = self.enforce("on", words, by="da1", status=2)
        self.assert_failed(outcome, 2, says="manages mailboxes", hints="API key")
        self.assert_no_edit()

    @each({"a mailbox": "nobody@example.test", "somebody": "nobody"})
    def test_refuses_all_when_one_is_not_there(self, name):
        outcome = self.enforce("on", self.bob.name, name, status=2)
        self.assert_failed(outcome, 2, says="nobody")
        self.assert_forced(self.bob, forced=False)
        self.assert_no_edit()

    def test_refuses_to_do_it_for_nobody(self):
        self.assert_failed(self.enforce("on", status=2), 2, says="no accounts", hints="--mailboxes")
        self.assert_nothing_sent()

    def test_refuses_a_mailbox_that_logs_in(self):
        outcome = self.cowkey(self.bob, "--json", "enforce", "on", "--mailboxes", status=2)
        self.assert_failed(outcome, 2, says="mailbox")
        self.assert_nothing_sent()

    def test_refuses_without_any_access(self):
        outcome = self.cowkey(None, "--json", "enforce", "on", "--mailboxes", status=2)
        self.assert_failed(outcome, 2, says="neither an API key nor", hints="--api-key-file")
        self.assert_nothing_sent()


class Untouched(EnforceCase):
    """Every readable attribute is as before, but for the flag and what the server rewrites."""

    def everything(self, account):
        rows = self.server.tell("attributes", account.name)
        told = self.read(account)
        for row in [rows.get("mailbox"), rows.get("admin"), told]:
            if row is None:
                continue
            row.pop("modified", None)
            for name in ("force_tfa", "attribute_hash", "recovery_email"):
                if isinstance(row.get("attributes"), dict):
                    row["attributes"].pop(name, None)
        for row in rows.get("domain_admins") or []:
            row.pop("id", None)
            row.pop("created")
        if account.role == "domain-admin":
            told.pop("created")
        if "admin" in rows:  # NULL stands for both flags off
            rows["admin"]["attributes"] = rows["admin"]["attributes"] or {"force_pw_update": "0"}
        return rows, told, self.server.factors(account)

    def arrange(self, account, state):
        if state == "a forced change of the password":
            self.server.arrange("force-pw-update", account.name, "on")
        elif state == "deactivated":
            if account.role == "admin":  # while a single other one is active it can't be edited
                self.server.arrange("add-account", "admin3", "admin", "Made-Up-Pass-admin3")
            if account.role == "domain-admin":  # as an admin does it, since it is kept twice
                self.server.web.arrange("active", account.name, "off")
            else:
                self.server.arrange("active", account.name, "off")
        elif state == "a factor":
            self.with_totp(account)
        elif state == "a number":
            self.server.arrange("force-tfa", account.name, "number")

    @each({f"{state}, {name}": (state, by, role) for name, (by, role) in ACCESS.items()
           for state in ("nothing", "a forced change of the password", "deactivated", "a factor",
                         "a number")})
    def test_attributes(self, state, by, role):
        account = self.somebody(role)
        self.arrange(account, state)
        before = self.everything(account)
        first = {"a number": "already"}.get(state, "changed")
        self.assertEqual(self.results(self.enforce("on", account.name, by=by)),
                         {account.name: first})
        self.assertEqual(self.everything(account), before)
        self.assertEqual(self.results(self.enforce("off", account.name, by=by)),
                         {account.name: "changed"})
        self.assertEqual(self.everything(account), before)
        self.assert_forced(account, forced=False)

    def test_a_domain_admin_without_attributes(self):
        """As those are that the API makes."""
        name = self.da1.name
        self.assertIsNone(self.server.tell("attributes", name)["admin"]["attributes"])
        self.assertEqual(self.results(self.enforce("on", name)), {name: "changed"})
        self.assertEqual(self.server.tell("attributes", name)["admin"]["attributes"],
                         {"force_tfa": "1", "force_pw_update": "0"})

    def test_different_ones_together(self):
        self.server.arrange("force-pw-update", self.bob.name, "on")
        self.server.arrange("active", self.carol.name, "off")
        accounts = [self.alice, self.bob, self.carol]
        before = [self.everything(account) for account in accounts]
        self.enforce("on", "--mailboxes")
        self.assertEqual([self.everything(account) for account in accounts], before)
        self.assert_forced(*accounts)

    def test_a_directory_drops_a_forced_change(self):
        """Set before the mailbox went there; the server keeps none for it."""
        self.server.arrange("force-pw-update", self.bob.name, "on")
        self.server.arrange("authsource", self.bob.name, "ldap")
        for words, result in ((["--dry-run"], "would-change"), ([], "changed")):
            outcome = self.enforce("on", self.bob.name, *words)
            row = outcome.document["accounts"][0]
            self.assertEqual(row["result"], result)
            self.assertIn("drops its forced change of the password", row["reason"])
        self.assertEqual(self.flags(self.bob), (True, False))
        self.server.arrange("force-tfa", self.bob.name, "off")
        row = self.enforce("on", self.bob.name).document["accounts"][0]
        self.assertEqual((row["result"], row["reason"]), ("changed", None))


class External(EnforceCase):
    @each(["ldap", "keycloak"])
    def test_directories(self, source):
        self.server.arrange("authsource", self.bob.name, source)
        self.assertEqual(self.results(self.enforce("on", self.bob.name)), {self.bob.name: "changed"})
        self.assert_forced(self.bob)

    @each({"api key": "api key", "admin": "admin", "da1": "da1"})
    def test_openid(self, by):
        self.server.arrange("authsource", self.bob.name, "generic-oidc")
        outcome = self.enforce("on", "--mailboxes", by=by, status=1)
        results = self.results(outcome)
        self.assertEqual(results.pop(self.bob.name), "not-enforceable")
        self.assertEqual(set(results.values()), {"changed"})
        row = next(row for row in outcome.document["accounts"] if row["account"] == self.bob.name)
        self.assertRegex(row["reason"], "OpenID Connect")
        self.assertNotIn(self.bob.name, self.deeds())

    def test_openid_alone(self):
        self.server.arrange("authsource", self.bob.name, "generic-oidc")
        self.enforce("on", self.bob.name, status=1)
        self.assert_no_edit()

    def test_openid_off(self):
        self.server.arrange("force-tfa", self.bob.name, "string")
        self.server.arrange("authsource", self.bob.name, "generic-oidc")
        self.assertEqual(self.results(self.enforce("off", self.bob.name)),
                         {self.bob.name: "changed"})

    def test_what_becomes_external_meanwhile_is_seen(self):
        self.server.meanwhile("authsource", self.bob.name, "generic-oidc", path=EDIT["mailbox"])
        outcome = self.enforce("on", "--mailboxes", status=1)
        self.assertEqual(self.results(outcome)[self.bob.name], "failed")
        self.assertEqual(self.results(outcome)[self.alice.name], "changed")


class DryRun(EnforceCase):
    @each(ACCESS)
    def test_says_what_would_change(self, by, role):
        account = self.somebody(role)
        others = [each.name for each in self.server.accounts
                  if each.role == role and each is not account]
        self.server.arrange("force-tfa", account.name, "string")
        document = self.enforce("on", CROWDS[role], "--dry-run", by=by).document
        self.assertTrue(document["dry_run"])
        self.assertEqual({row["account"]: (row["result"], row["before"], row["after"])
                          for row in document["accounts"]},
                         {account.name: ("already", True, True)}
                         | {name: ("would-change", False, False) for name in others})
        self.assert_no_edit()
        self.assertFalse(self.journal.exists())

    def test_prints_exactly_that(self):
        self.server.arrange("force-tfa", self.bob.name, "string")
        outcome = self.cowkey(None, *self.key_words("ro"), "enforce", "on", "--dry-run",
                              "--mailboxes", self.da1.name, status=0)
        self.assertEqual(sorted(outcome.stdout.splitlines()), sorted([
            f"{self.da1.name} (domain-admin): would change, off -> on",
            f"{self.alice.name} (mailbox): would change, off -> on",
            f"{self.bob.name} (mailbox): is so already",
            f"{self.carol.name} (mailbox): would change, off -> on",
            "4 accounts, 3 would change, 1 already so. Nothing was changed: this was a dry run."]))
        self.server.arrange("force-pw-update", self.bob.name, "on")
        self.server.arrange("force-tfa", self.bob.name, "off")
        self.server.arrange("authsource", self.bob.name, "ldap")
        outcome = self.cowkey(None, *self.key_words("ro"), "enforce", "on", "--dry-run",
                              self.bob.name, status=0)
        self.assertIn("would change, off -> on; with that the server drops its forced change",
                      outcome.stdout)
        self.assert_no_edit()

    def test_asks_nothing(self):
        self.cowkey(None, *self.key_words(), "enforce", "on", "--dry-run", "--mailboxes", status=0)

    def test_finds_obstacles(self):
        self.server.arrange("authsource", self.bob.name, "generic-oidc")
        outcome = self.enforce("on", "--mailboxes", "--dry-run", status=1)
        self.assertEqual(self.results(outcome)[self.bob.name], "not-enforceable")


class Exceptions(EnforceCase):
    def except_file(self, *lines):
        return self.file("exceptions", "".join(line + "\n" for line in lines))

    @each({"api key": "api key", "admin": "admin", "da1": "da1"})
    def test_are_left_alone(self, by):
        path = self.except_file("# why", f"{self.bob.name} 2999-12-31 broken phone",
                                f"{self.carol.name} 2020-02-29 was broken, too")
        outcome = self.enforce("on", "--mailboxes", "--except", path, by=by)
        self.assertEqual(self.results(outcome), {self.alice.name: "changed",
                                                 self.bob.name: "excepted",
                                                 self.carol.name: "changed"})
        rows = {row["account"]: row for row in outcome.document["accounts"]}
        self.assertEqual(rows[self.bob.name]["exception"], {
            "pattern": self.bob.name, "last_day": "2999-12-31", "reason": "broken phone"})
        self.assertEqual(outcome.document["findings"], [{
            "finding": "exception-expired", "account": self.carol.name, "role": "mailbox",
            "exception": {"pattern": self.carol.name, "last_day": "2020-02-29",
                          "reason": "was broken, too"}}])
        self.assert_forced(self.bob, forced=False)
        self.assertNotIn(self.bob.name, self.deeds())

    def test_also_by_name(self):
        path = self.except_file(f"{self.bob.name} 2999-12-31 broken phone")
        outcome = self.enforce("on", self.bob.name, "--except", path)
        self.assertEqual(self.results(outcome), {self.bob.name: "excepted"})

    def test_patterns(self):
        path = self.except_file("*@example.test 2999-12-31 later", "da? 2999-12-31 later")
        outcome = self.enforce("on", "--mailboxes", "--domain-admins", "--admins", "--except", path)
        self.assertEqual({name for name, result in self.results(outcome).items()
                          if result == "changed"}, {"admin", "admin2"})

    def test_are_told_to_a_person(self):
        path = self.except_file(f"{self.bob.name} 2999-12-31 broken\x85 phone",
                                "a*@example.test 2020-02-29 was broken")
        outcome = self.cowkey(None, "--yes", *self.key_words(), "enforce", "on", "--mailboxes",
                              "--except", path, status=0)
        self.assertRegex(outcome.stdout, rf"{self.bob.name} \(mailbox\): excepted until "
                                         r"2999-12-31, broken\\u\{0085\} phone")
        self.assertRegex(outcome.stdout, r"Expired exception: a\*@example.test was excepted until "
                                         r"2020-02-29 \(was broken\); it matches 1 account\.")

    @each({"api key": "api key", "da1": "da1"})
    def test_of_nobody_are_noted(self, by):
        path = self.except_file("left@example.test 2999-12-31 left us", "nobody 2999-12-31 gone")
        outcome = self.enforce("on", "--mailboxes", "--except", path, by=by)
        self.assertEqual(outcome.document["unmatched_exceptions"], [
            {"pattern": "left@example.test", "last_day": "2999-12-31", "reason": "left us"}])
        account, access = self.as_whom(by)
        outcome = self.cowkey(account, "--yes", *access, "enforce", "on", "--mailboxes", "--except",
                              path, status=0)
        self.assertIn("Exception of nobody: left@example.test (line 1, until 2999-12-31: left us)",
                      outcome.stdout)

    def test_of_those_who_were_not_looked_at_nothing_is_said(self):
        path = self.except_file("left@example.test 2999-12-31 left us", "nobody 2999-12-31 gone")
        for words in ([self.bob.name], ["--domain-admins"]):
            outcome = self.enforce("on", *words, "--except", path)
            self.assertEqual(outcome.document["unmatched_exceptions"], [])

    @each({"no last day": "bob@example.test", "no reason": "bob@example.test 2999-12-31",
           "no day": "bob@example.test 2999-02-30 broken", "twice": "*@example.test 2999-12-31 x"})
    def test_refuses_a_bad_file(self, line):
        path = self.except_file("*@example.test 2999-12-31 fine", line, "too bad")
        outcome = self.enforce("on", "--mailboxes", "--except", path, status=2)
        self.assert_failed(outcome, 2, says="line 2 of.*1 more line is wrong", hints="2027-01-31")
        self.assert_nothing_sent()

    def test_refuses_a_file_that_is_not_there(self):
        outcome = self.enforce("on", "--mailboxes", "--except", self.place / "none", status=2)
        self.assert_failed(outcome, 2, says="could not be opened")


class Journal(EnforceCase):
    def test_is_written_before_and_after(self):
        self.server.arrange("force-tfa", self.bob.name, "string")
        self.enforce("on", "--mailboxes", self.da1.name, by="admin")
        self.assertEqual(self.deeds(), {name: ["done"] for name in (
            self.da1.name, self.alice.name, self.carol.name)})
        deed = json.loads(self.journal.read_text().splitlines()[0])
        self.assertEqual((deed["operator"], deed["action"], deed["account"], deed["role"]),
                         ("admin", "enforce", self.da1.name, "domain-admin"))
        self.assertIn(self.server.host, deed["server"])

    def test_names_no_key(self):
        self.enforce("on", self.bob.name)
        self.assertIn('"operator":"API key"', self.journal.read_text())
        self.assertNotIn(self.server.api_keys["rw"], self.journal.read_text())

    def test_nothing_is_sent_without_it(self):
        outcome = self.enforce("on", self.bob.name, "--journal", "/proc/no/journal", status=2)
        self.assert_failed(outcome, 2, says="journal")
        self.assert_nothing_sent()

    @unittest.skipIf(not is_root(), "/dev/full as a journal takes a device")
    def test_a_device_is_none(self):
        self.assert_failed(self.enforce("on", self.bob.name, "--journal", "/dev/full", status=2), 2)
        self.assert_nothing_sent()


class Lies(EnforceCase):
    @each(ACCESS)
    def test_success_and_nothing_stored(self, by, role):
        account = self.somebody(role)
        self.server.fault("lie-success", path=EDIT[role])
        outcome = self.enforce("on", account.name, by=by, status=1)
        self.assertEqual(self.results(outcome), {account.name: "failed"})
        self.assertRegex(outcome.document["accounts"][0]["reason"], "success and changed nothing")
        self.assertEqual(self.deeds(), {account.name: ["failed"]})

    @each(ACCESS)
    def test_success_and_nothing_cleared(self, by, role):
        account = self.somebody(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.server.fault("lie-success", path=EDIT[role])
        outcome = self.enforce("off", account.name, by=by, status=1)
        self.assertEqual(self.results(outcome), {account.name: "failed"})
        self.assert_forced(account)

    @each(ACCESS)
    def test_refusal_and_yet_it_is_stored(self, by, role):
        """What is read back counts."""
        account = self.somebody(role)
        self.server.fault("lie-refused", path=EDIT[role])
        outcome = self.enforce("on", account.name, by=by)
        self.assertEqual(self.results(outcome), {account.name: "changed"})
        self.assertEqual(self.deeds(), {account.name: ["done"]})

    def test_a_deactivated_admin_beside_a_single_active_one(self):
        """The server lets no edit of it through."""
        self.server.arrange("active", "admin2", "off")
        outcome = self.enforce("on", "--admins", status=1)
        self.assertEqual(self.results(outcome), {"admin": "changed", "admin2": "failed"})
        self.assertIn("no_active_admin", outcome.stdout)

    def test_a_mailbox_of_which_nothing_is_told(self):
        """It has no name in the list of its domain; the others are changed all the same."""
        self.server.arrange("no-record", self.bob.name, "on")
        outcome = self.enforce("on", "--mailboxes", status=1)
        self.assertEqual(self.results(outcome), {self.alice.name: "changed",
                                                 self.carol.name: "changed"})
        self.assertEqual(outcome.document["summary"]["nameless"], 1)
        outcome = self.cowkey(None, "--yes", *self.key_words(), "enforce", "on", "--mailboxes",
                              status=1)
        self.assertIn("1 mailbox of which the server tells nothing", outcome.stdout)

    def test_nobody_of_many(self):
        self.server.fault("lie-success", path=EDIT["mailbox"])
        outcome = self.enforce("on", "--mailboxes", status=1)
        self.assertEqual(set(self.results(outcome).values()), {"failed"})

    @each({"api key": "api key", "admin": "admin", "da2": "da2"})
    def test_some_refused(self, by):
        """An edit of several: danger for one, success for the others."""
        self.server.arrange("many-mailboxes", "example.org", 1)
        self.server.arrange("domain-full", "example.org", "on")
        outcome = self.enforce("on", self.alice.name, STRANGER, self.carol.name, by=by, status=1)
        self.assertEqual(self.results(outcome), {self.alice.name: "changed", STRANGER: "failed",
                                                 self.carol.name: "changed"})
        row = next(row for row in outcome.document["accounts"] if row["account"] == STRANGER)
        self.assertIn("mailbox_quota_left_exceeded", row["reason"])
        self.assert_forced(self.alice, self.carol)
        self.assertEqual(self.deeds(), {self.alice.name: ["done"], STRANGER: ["failed"],
                                        self.carol.name: ["done"]})


class Faults(EnforceCase):
    def spoiled(self, do, by="api key", role="mailbox", **match):
        account = self.somebody(role)
        self.server.fault(do, path=EDIT[role], **match)
        outcome = self.enforce("on", account.name, by=by, status=None)
        row = outcome.document["accounts"][0]
        return account, outcome, row

    @each({f"{do}, {name}": (do, by, role) for name, (by, role) in ACCESS.items()
           for do in ("drop-after", "cut:20", "truncate-body")})
    def test_cut_after_the_server_acted(self, do, by, role):
        account, outcome, row = self.spoiled(do, by, role)
        self.assertEqual((outcome.status, row["result"], row["after"]), (0, "changed", True))
        self.assertEqual(self.deeds(), {account.name: ["done"]})

    @each({f"{do}, {name}": (do, by, role) for name, (by, role) in ACCESS.items()
           for do in ("drop-before", "status:502", "redirect:https://portal.test/")})
    def test_cut_before_the_server_acted(self, do, by, role):
        """It may still be at work on it, for all that is known here."""
        account, outcome, row = self.spoiled(do, by, role)
        self.assertEqual((outcome.status, row["result"], row["after"]), (4, "unknown", False))
        self.assertRegex(row["reason"], "reads as before")
        self.assertEqual(self.deeds(), {account.name: ["unknown"]})
        self.assertEqual(self.results(self.enforce("on", account.name, by=by)),
                         {account.name: "changed"})

    @each(["drop-before", "status:502", "cut:20"])
    def test_can_not_be_read_back(self, do):
        self.server.fault(do, path="/api/v1/get/mailbox/*", skip=1, times=4)
        outcome = self.enforce("on", self.bob.name, status=4)
        row = outcome.document["accounts"][0]
        self.assertEqual((row["result"], row["after"]), ("unknown", None))
        self.assertRegex(row["reason"], "could not be read back")
        self.assertEqual(self.deeds(), {self.bob.name: ["unknown"]})

    @each(["status:502", "cut:20"])
    def test_can_not_be_read_back_at_first(self, do):
        self.server.fault(do, path="/api/v1/get/mailbox/*", skip=1)
        self.assertEqual(self.results(self.enforce("on", self.bob.name)), {self.bob.name: "changed"})

    def test_a_key_that_may_only_read(self):
        outcome = self.cowkey(None, "--json", "--yes", *self.key_words("ro"), "enforce", "on",
                              "--mailboxes", status=5)
        self.assert_failed(outcome, 5, says="only read")
        self.assertEqual(set(self.results(outcome).values()), {"failed"})
        self.assert_forced(self.bob, forced=False)
        self.assertEqual(set(map(str, self.deeds().values())), {"['failed']"})

    def test_a_wrong_key(self):
        path = self.file("wrong.key", "MADE0UP-NOSUCH-KEY000-000000-000009\n")
        outcome = self.cowkey(None, "--json", "--yes", "--api-key-file", path, "enforce", "on",
                              "--mailboxes", status=5)
        self.assert_failed(outcome, 5, says="API key", hints="counts")
        self.assert_refusals(1)

    def test_a_key_that_can_be_none(self):
        path = self.file("wrong.key", "not a key\n")
        outcome = self.cowkey(None, "--json", "--yes", "--api-key-file", path, "enforce", "on",
                              "--mailboxes", status=2)
        self.assert_failed(outcome, 2, says="can't be one")

    def test_an_address_that_the_key_is_not_for(self):
        self.server.arrange("api-allow-from", "192.0.2.0/24")
        self.addCleanup(self.server.arrange, "api-allow-from", "any")
        outcome = self.enforce("on", "--mailboxes", status=5)
        self.assert_failed(outcome, 5, says="from this address", hints="address")
        self.assert_refusals(1)

    def test_an_address_that_the_key_is_not_for_any_more(self):
        """One wrong try is counted, and no second one."""
        self.server.meanwhile("api-allow-from", "192.0.2.0/24", path=EDIT["mailbox"])
        outcome = self.enforce("on", "--mailboxes", status=5)
        self.assertEqual(set(self.results(outcome).values()), {"failed"})
        self.assert_refusals(1)

    @each({"admin": "admin", "da1": "da1"})
    def test_a_session_that_ends_on_the_way(self, by):
        self.server.fault("expired", path=EDIT["mailbox"])
        outcome = self.enforce("on", "--mailboxes", by=by, status=None)
        self.assertIn(outcome.status, (3, 6), outcome)
        self.assertEqual(set(self.results(outcome).values()), {"failed"})
        self.assert_forced(self.alice, self.bob, self.carol, forced=False)


class KeyAndLogin(EnforceCase):
    """A login that is asked for beside an API key is not left out."""

    def test_it_is_who_acts(self):
        outcome = self.cowkey(self.admin, "--json", "--yes", *self.key_words(), "enforce", "on",
                              "--admins", status=0)
        self.assertEqual(outcome.document["by"], "admin")
        self.assertIn("Warning: you are logged in as admin", outcome.stderr)
        self.assertEqual({entry["operator"] for entry in self.entries()}, {"admin"})

    def test_a_mailbox_manages_nobody(self):
        outcome = self.cowkey(self.bob, "--json", "--yes", *self.key_words(), "enforce", "on",
                              self.alice.name, status=2)
        self.assert_failed(outcome, 2, says="manages no accounts")
        self.assert_nothing_sent()


class Busy(EnforceCase):
    """The server asks for fewer requests: everybody is changed all the same, or known not to be."""

    @each({"api key": "api key", "admin": "admin", "da1": "da1"})
    def test_anywhere(self, by):
        self.enforce("on", "--mailboxes", by=by)
        for index in range(len(self.server.requests())):
            with self.subTest(f"exchange {index}"):
                self.server.reset()
                self.server.fault("status:429", skip=index)
                outcome = self.enforce("on", "--mailboxes", by=by)
                self.assertEqual(set(self.results(outcome).values()), {"changed"})
                self.assert_forced(self.alice, self.bob, self.carol)
                self.assertIn("asks for fewer requests", outcome.stderr)

    def test_edit_is_sent_again(self):
        self.server.fault("status:429:1", path=EDIT["mailbox"], times=2)
        self.assertEqual(self.results(self.enforce("on", self.bob.name)), {self.bob.name: "changed"})
        self.assertEqual(self.deeds(), {self.bob.name: ["done"]})
        self.assertEqual(len(self.edits()), 3)

    @each(["status-after:503", "status-after:503:1"])
    def test_edit_that_a_proxy_passed_on(self, do):
        """It is not sent twice, and what it did is read."""
        self.server.fault(do, path=EDIT["mailbox"])
        self.assertEqual(self.results(self.enforce("on", self.bob.name)), {self.bob.name: "changed"})
        self.assertEqual(len(self.edits()), 1)

    @each(["status:503", "status:503:1"])
    def test_edit_that_a_proxy_may_have_passed_on(self, do):
        """It is not sent twice, and what it did is not known."""
        self.server.fault(do, path=EDIT["mailbox"])
        outcome = self.enforce("on", self.bob.name, status=4)
        self.assertEqual(self.results(outcome), {self.bob.name: "unknown"})
        self.assertEqual(len(self.edits()), 1)

    def test_for_too_long(self):
        """An edit that was not taken did nothing, for sure."""
        self.server.arrange("many-mailboxes", "example.org", 60)
        self.server.fault("status:429:3600", path=EDIT["mailbox"], skip=1, times=99)
        outcome = self.enforce("on", "--domain", "example.org", status=1)
        summary = outcome.document["summary"]
        self.assertEqual((summary["changed"], summary["failed"], summary["unknown"]), (50, 10, 0))
        self.assertEqual(set(map(str, self.deeds().values())), {"['done']", "['failed']"})
        self.assertIn("fewer requests", outcome.error["hint"])

    def test_what_changes_during_a_long_pause(self):
        """The flag that is sent along is not taken back to what it was."""
        self.server.fault("status:429:25", path=EDIT["mailbox"])
        self.server.meanwhile("force-pw-update", self.bob.name, "on", path=EDIT["mailbox"])
        outcome = self.enforce("on", self.bob.name, self.alice.name, status=None)
        self.assertEqual(outcome.status, 6, outcome)
        self.assertEqual(set(self.results(outcome).values()), {"failed"})
        self.assertEqual(self.flags(self.bob), (False, True))


class Question(EnforceCase):
    def test_needs_a_terminal(self):
        outcome = self.cowkey(None, "--json", *self.key_words(), "enforce", "on", self.bob.name,
                              status=2)
        self.assert_failed(outcome, 2, says="no terminal", hints="--yes")
        self.assert_no_edit()

    @each({"no": ("n", 3), "nothing": ("", 3), "yes": ("y", 0)})
    def test_is_answered(self, answer, status):
        person = self.sit_down(None, *self.key_words(), "enforce", "on", "--mailboxes",
                               self.da1.name)
        person.expect(r"insist on a second factor of 3 mailboxes, 1 domain admin\.")
        person.expect(r"bob@example\.test \(mailbox\)")
        person.expect("held at the next login")
        person.expect("app\\s+passwords")
        person.expect(QUESTION)
        person.answer(answer)
        outcome = self.finish(person, status)
        self.assertNotIn("Warning", outcome.stderr)
        self.assert_forced(self.bob, self.da1, forced=status == 0)
        if status == 0:
            self.assertIn("bob@example.test (mailbox): changed, off -> on", outcome.stdout)
            self.assertIn("4 accounts, 4 changed.", outcome.stdout)
        else:
            self.assertIn("No account was changed", outcome.stderr)

    def test_off_says_that_factors_stay(self):
        self.server.arrange("force-tfa", self.da1.name, "string")
        person = self.sit_down(None, *self.key_words(), "enforce", "off", self.da1.name)
        person.expect(r"no longer insist on a second factor of 1 domain admin\.")
        person.expect("factors that they have stay")
        person.expect(QUESTION)
        person.interrupt()
        self.finish(person, 130)
        self.assert_forced(self.da1)

    def test_is_not_asked_when_nothing_is_to_be_done(self):
        self.cowkey(None, *self.key_words(), "enforce", "off", "--mailboxes", status=0)
        self.assert_no_edit()

    def test_warns_of_the_own_account(self):
        person = self.sit_down(self.admin, "enforce", "on", "--admins")
        person.expect(r"Warning: you are logged in as admin, which has no second factor")
        person.expect(QUESTION)
        person.answer("n")
        self.finish(person, 3)
        self.assert_forced(self.admin, forced=False)

    @each({"others": "admin2", "off": None})
    def test_does_not_warn_when_it_is_not_among_them(self, name):
        words = ["on", name] if name else ["off", "--admins"]
        outcome = self.cowkey(self.admin, "--yes", "enforce", *words, status=0)
        self.assertNotIn("Warning", outcome.stderr)

    def test_does_not_warn_when_it_has_a_factor(self):
        self.with_totp(self.admin)
        outcome = self.cowkey(self.admin, "--yes", "--login-secret-file",
                              self.secret_file(otp.SECRET), "enforce", "on", "--admins", status=0)
        self.assertNotIn("Warning", outcome.stderr)
        self.assert_forced(self.admin)

    def test_warns_without_being_asked(self):
        outcome = self.cowkey(self.admin, "--yes", "enforce", "on", "--admins", status=0)
        self.assertIn("Warning", outcome.stderr)


class Many(EnforceCase):
    """120 mailboxes more: three edits."""

    def setUp(self):
        super().setUp()
        self.server.arrange("many-mailboxes", "example.org", 120)

    def forced_count(self):
        with Browser(self.server) as browser:
            rows = browser.read("/api/v1/get/mailbox/reduced/example.org", self.server.api_keys["rw"])
        return sum(str(row["attributes"]["force_tfa"]) == "1" for row in rows)

    @each({"api key": "api key", "admin": "admin"})
    def test_in_edits_of_50(self, by):
        outcome = self.enforce("on", "--domain", "example.org", by=by)
        self.assertEqual(outcome.document["summary"]["changed"], 120)
        self.assertEqual(self.forced_count(), 120)
        self.assertEqual(len(self.edits()), 3)
        self.assertEqual(len(self.deeds()), 120)

    def test_quiet_ones_are_counted(self):
        self.enforce("on", "--domain", "example.org")
        self.server.arrange("force-tfa", "made00007@example.org", "off")
        outcome = self.cowkey(None, "--yes", *self.key_words(), "enforce", "on", "--domain",
                              "example.org", status=0)
        self.assertEqual(outcome.stdout.splitlines(), [
            "made00007@example.org (mailbox): changed, off -> on",
            "120 accounts, 1 changed, 119 already so."])

    def test_one_edit_is_cut(self):
        self.server.fault("drop-before", path=EDIT["mailbox"], skip=1)
        outcome = self.enforce("on", "--domain", "example.org", status=4)
        summary = outcome.document["summary"]
        self.assertEqual((summary["changed"], summary["unknown"]), (70, 50))
        self.assertEqual(self.forced_count(), 70)

    def test_interrupted_before_any(self):
        person = self.sit_down(None, *self.key_words(), "--json", "enforce", "on", "--domain",
                               "example.org")
        person.expect(QUESTION)
        person.interrupt()
        self.assert_failed(self.finish(person), 130)
        self.assertEqual(self.forced_count(), 0)

    def test_interrupted_in_the_middle(self):
        """What is under way comes to its end."""
        self.server.fault("delay:1500", path=EDIT["mailbox"], skip=1)
        account, access = self.as_whom("api key")
        run = self.start(account, "--json", "--yes", *access, "enforce", "on", "--domain", "example.org")
        self.server.await_requests(is_edit, 2)
        run.interrupt()
        outcome = self.finish(run, 4)
        summary = outcome.document["summary"]
        self.assertEqual((summary["changed"], summary["not_tried"], summary["unknown"]), (100, 20, 0))
        self.assertEqual(self.forced_count(), 100)
        self.assertEqual(len(self.deeds()), 100)
        self.assertRegex(outcome.error["error"], "interrupted")

    def test_interrupted_twice(self):
        """Then it is cut, and what it was about is not known."""
        self.server.fault("delay:5000", path=EDIT["mailbox"], skip=1)
        account, access = self.as_whom("api key")
        run = self.start(account, "--json", "--yes", *access, "enforce", "on", "--domain", "example.org")
        self.server.await_requests(is_edit, 2)
        run.interrupt()
        run.interrupt(15)
        outcome = self.finish(run, 4)
        summary = outcome.document["summary"]
        self.assertEqual((summary["changed"], summary["unknown"], summary["not_tried"]), (50, 50, 20))
        self.assertEqual(len(self.deeds()), 100)

    def test_two_at_once(self):
        account, access = self.as_whom("api key")
        words = ["--json", "--yes", *access, "enforce", "on", "--domain", "example.org"]
        runs = [self.start(account, *words), self.start(account, *words)]
        outcomes = [self.finish(run, 0) for run in runs]
        for outcome in outcomes:
            self.assertLessEqual(set(self.results(outcome).values()), {"changed", "already"})
        self.assertEqual(self.forced_count(), 120)
        self.deeds()

    def test_two_against_each_other(self):
        """Whoever comes last wins; both tell what they read, and both are in the journal."""
        self.server.meanwhile("force-tfa", "made00001@example.org", "off", path="/api/v1/get/mailbox/*",
                              skip=1)
        outcome = self.enforce("on", "--domain", "example.org", status=1)
        results = self.results(outcome)
        self.assertEqual(results.pop("made00001@example.org"), "failed")
        self.assertEqual(set(results.values()), {"changed"})
        self.assertEqual(self.deeds()["made00001@example.org"], ["failed"])


@in_every_dialect
class Help(EnforceCase):
    def test_on_and_off_are_words(self):
        outcome = self.cowkey(None, "enforce", connect=False, status=2)
        self.assertRegex(outcome.stderr, "nearest is 'enforce o")
