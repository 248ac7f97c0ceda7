"""recover: a locked-out account gets a new password and nothing else, proved, and written down."""

import re
import resource
import signal
import unittest

import otp
from admin_case import API_KEY, AdminCase
from case import ROLES, each, in_every_dialect, plays_on

YES_OR_NO = r"go on\?[^?\n]*$"
EDIT = "/api/v1/edit/"

# Who can recover whom, and whether the account's lists are seen before.
WAYS = {f"{by} recovers {name}": (by, name, seen) for by, name, seen in (
    ("admin", "bob@example.test", True), ("da1", "bob@example.test", True),
    ("admin", "da2", True), (API_KEY, "da2", True),
    ("admin", "admin2", False), (API_KEY, "admin2", False))}


class RecoverCase(AdminCase):
    @property
    def handout(self):
        return self.place / "handout"

    def new_password(self, path=None):
        """What was handed out; no output may hold it."""
        text = (path or self.handout).read_text()
        password = re.search(r"^Password:  (\S{29})$", text, re.MULTILINE).group(1)
        self.secret_texts.add(password)
        return password

    def recover(self, by, account, *words, status=0, out=None, **how):
        line = ["--json", "--yes", "recover", account.name, *words]
        if "--allow-once" not in words:
            line += ["--out", out or self.handout]
        return self.act(by, *line, status=status, **how)

    def with_all(self, account):
        """A factor and a passkey."""
        self.with_totp(account, "old phone")
        self.server.arrange("add-passkey", account.name, "laptop")

    def forces(self, account):
        """What this release can insist on: a second factor, a password change."""
        if self.server.dialect == "forced":
            return True, True
        return None, True if account.role == "mailbox" else None

    def assert_recovered(self, outcome, account, by, factors=1, passkeys=1, **members):
        document = outcome.document
        second_factor, password_change = self.forces(account)
        wanted = {"schema": "cowkey.recover/1", "account": account.name, "role": account.role,
                  "by": "API key" if by == API_KEY else by, "result": "recovered",
                  "factors_removed": factors, "passkeys_removed": passkeys, "proof": "login",
                  "forced": {"second_factor": second_factor, "password_change": password_change},
                  "handout": str(self.handout)} | members
        self.assertEqual({name: document.get(name) for name in wanted}, wanted, outcome)
        self.assertEqual(self.all_of(account), ([], []))
        self.assertEqual(self.flags(account), (second_factor, password_change))
        self.assertEqual(self.log_in(account, self.new_password()), "in")
        self.assertEqual(self.log_in(account, account.password), "refused")
        self.assertEqual(self.handout.stat().st_mode & 0o777, 0o600)
        return document

    def assert_as_it_was(self, account, factors=1, passkeys=1):
        """Old password, factors and passkeys; nothing was handed out."""
        self.assertEqual([len(rows) for rows in self.all_of(account)], [factors, passkeys])
        self.assertEqual(self.log_in(account, account.password), "asked" if factors else "in")
        self.assertFalse(self.handout.exists(), "a password is handed out that is not in force")


@in_every_dialect
class Ways(RecoverCase):
    @each(WAYS)
    def test_everything_goes(self, by, name, seen):
        account = self.server.account(name)
        self.with_all(account)
        outcome = self.recover(by, account)
        self.assert_refusals(0)
        self.assert_recovered(outcome, account, by,
                              route="api-key" if by == API_KEY else "session")
        self.assertEqual("old phone" in outcome.stderr, seen, outcome)
        self.assertIn("3 hours", outcome.stderr)
        self.assert_journal(account, by, ("recover", "done", "login"))
        self.assertIn(f"/{'' if account.role == 'mailbox' else account.role.replace('-', '')}"
                      if self.server.dialect != "single" else "/", self.handout.read_text())

    def test_mailbox_with_an_api_key_keeps_its_factors(self):
        self.with_all(self.bob)
        outcome = self.recover(API_KEY, self.bob, status=1)
        document = outcome.document
        self.assertEqual(document["result"], "partial")
        steps = {step["step"]: (step["done"], step["possible"]) for step in document["steps"]}
        self.assertEqual(steps, {"hand-out": (True, True), "password": (True, True),
                                 "factors": (False, False), "passkeys": (False, False),
                                 "flags": (True, True)})
        self.assertRegex(outcome.stderr, "factors STAY")
        self.assertRegex(outcome.stderr, "passkeys .*STAY")
        self.assertEqual([len(rows) for rows in self.all_of(self.bob)], [1, 1])
        self.assertEqual(self.log_in(self.bob, self.new_password()), "asked")
        self.assert_journal(self.bob, API_KEY, ("recover", "done", "read back"))

    def test_mailbox_with_an_api_key_and_no_factor(self):
        self.server.arrange("add-passkey", self.bob.name, "laptop")
        self.assert_recovered(self.recover(API_KEY, self.bob), self.bob, API_KEY, factors=0)

    def test_api_key_and_an_admin_s_login(self):
        """The login opens the mailbox."""
        self.with_all(self.bob)
        outcome = self.recover("admin", self.bob, *self.key_words())
        self.assert_recovered(outcome, self.bob, "admin", route="session")

    def test_api_key_and_an_admin_s_login_for_a_domain_admin(self):
        self.with_all(self.da1)
        outcome = self.recover("admin", self.da1, *self.key_words())
        self.assert_recovered(outcome, self.da1, "admin", route="session")

    def test_nothing_there_but_a_password(self):
        outcome = self.recover("admin", self.bob)
        self.assert_recovered(outcome, self.bob, "admin", factors=0, passkeys=0)

    def test_keep_passkeys(self):
        self.with_all(self.da1)
        outcome = self.recover(API_KEY, self.da1, "--keep-passkeys")
        self.assertEqual((outcome.document["result"], outcome.document["passkeys_removed"]),
                         ("recovered", None))
        self.assertEqual([len(rows) for rows in self.all_of(self.da1)], [0, 1])
        self.assertIn("passkeys stay", outcome.stderr)
        self.new_password()

    @each(["da1", "admin2"])
    def test_factors_that_are_switched_off_go_too(self, name):
        account = self.server.account(name)
        self.with_totp(account)
        self.server.web.disable_factors(account)
        self.recover(API_KEY, account)
        self.assertEqual(self.server.factors(account), [])
        self.assertEqual(self.log_in(account, self.new_password()), "in")
        self.assertEqual(self.server.factors(account), [])


class Accounts(RecoverCase):
    """What the account itself makes different."""

    @each(ROLES)
    def test_blocked_removal_is_lifted(self, role):
        account = self.server.account("admin2") if role == "admin" else self.server.of_role(role)
        self.with_totp(account)
        self.server.arrange("force-tfa", account.name, "number")
        document = self.assert_recovered(self.recover("admin", account), account, "admin",
                                         passkeys=0)
        self.assertIn({"step": "unblock", "done": True, "possible": True}, document["steps"])

    @each(["bob@example.test", "da1", "admin2"])
    def test_old_u2f_key(self, name):
        """The login page then asks for a factor, and offers none that can be answered."""
        account = self.server.account(name)
        self.with_totp(account)
        self.server.arrange("add-u2f", name, "grey key")
        self.assert_recovered(self.recover("admin", account), account, "admin", factors=2,
                              passkeys=0)

    @each(["bob@example.test", "da1", "admin2"])
    def test_held_account(self, name):
        account = self.server.account(name)
        self.server.arrange("force-tfa", name, "string")
        self.server.arrange("force-pw-update", name, "on")
        self.assert_recovered(self.recover("admin", account), account, "admin", factors=0,
                              passkeys=0)

    def test_deactivated_mailbox(self):
        self.with_all(self.bob)
        self.server.arrange("active", self.bob.name, "off")
        outcome = self.recover("admin", self.bob)
        self.assertEqual((outcome.document["result"], outcome.document["proof"]),
                         ("recovered", "none"))
        self.assertIn("deactivated", outcome.stderr)
        self.assertEqual(self.all_of(self.bob), ([], []))
        self.server.arrange("active", self.bob.name, "on")
        self.assertEqual(self.log_in(self.bob, self.new_password()), "in")

    def test_deactivated_mailbox_without_a_factor_to_try_the_password_on(self):
        self.server.arrange("active", self.bob.name, "off")
        document = self.recover("admin", self.bob, status=1).document
        self.assertEqual(document["result"], "partial")
        self.assertIn({"step": "password", "done": None, "possible": True}, document["steps"])
        self.new_password()

    def test_deactivated_domain_admin_and_an_api_key(self):
        self.with_all(self.da1)
        self.deactivate(self.da1)
        outcome = self.recover(API_KEY, self.da1, status=1)
        self.assertRegex(outcome.stderr, "deactivated")
        self.assertRegex(outcome.stderr, "factors STAY")
        self.assertEqual([len(rows) for rows in self.all_of(self.da1)], [1, 1])
        self.new_password()

    def test_deactivated_domain_admin_and_an_admin(self):
        self.with_all(self.da1)
        self.deactivate(self.da1)
        self.recover("admin", self.da1)
        self.assertEqual(self.all_of(self.da1), ([], []))
        self.new_password()

    @each(["ldap", "keycloak", "generic-oidc"])
    def test_external_account_keeps_its_password(self, source):
        self.with_totp(self.bob, "old phone")
        self.with_totp(self.bob, "tablet", otp.OTHER_SECRET)
        self.server.arrange("authsource", self.bob.name, source)
        outcome = self.recover("admin", self.bob, status=1)
        document = outcome.document
        self.assertEqual((document["result"], document["handout"]), ("partial", None))
        self.assertFalse(self.handout.exists())
        self.assertIn("no password is set", outcome.stderr)
        listed = source == "ldap"
        self.assertEqual(document["factors_removed"], 1 if listed else None)
        self.assertEqual("'tablet' STAYS" in outcome.stderr, listed, outcome)
        self.assert_labels(self.bob, *(["tablet"] if listed else ["old phone", "tablet"]))
        with self.subTest("and its password"):
            self.server.arrange("authsource", self.bob.name, "mailcow")
            self.assertEqual(self.log_in(self.bob, self.bob.password), "asked")


    @each({"ldap": True, "keycloak": False, "generic-oidc": False})
    def test_external_account_with_both_flags(self, listed):
        """Unblocked where factors can be reached; of these the server forces no password change."""
        source = self._testMethodName.partition("[")[2][:-1]
        self.with_totp(self.bob, "old phone")
        self.with_totp(self.bob, "tablet", otp.OTHER_SECRET)
        self.server.arrange("force-tfa", self.bob.name, "number")
        self.server.arrange("force-pw-update", self.bob.name, "on")
        self.server.arrange("authsource", self.bob.name, source)
        document = self.recover("admin", self.bob, status=1).document
        self.assertEqual(document["result"], "partial")
        self.assertEqual({"step": "unblock", "done": True, "possible": True} in document["steps"],
                         listed)
        self.assertEqual(document["factors_removed"], 1 if listed else None)
        self.assertEqual(self.flags(self.bob), (True, not listed))

    @each(["drop-before", "drop-after"])
    def test_external_account_cut(self, kind):
        self.with_totp(self.bob, "old phone")
        self.with_totp(self.bob, "tablet", otp.OTHER_SECRET)
        self.server.arrange("authsource", self.bob.name, "ldap")
        self.server.fault(kind, field="unset_tfa_key")
        document = self.recover("admin", self.bob, status=4).document
        self.assertEqual((document["result"], document["factors_removed"]), ("unknown", None))


class Refused(RecoverCase):
    """Before anything is changed."""

    def assert_refused(self, outcome, account, status, says=None, hints=None, **lists):
        self.assert_failed(outcome, status, says, hints)
        self.assertEqual(outcome.document["schema"], "cowkey.error/1", outcome)
        self.assert_edits_nothing()
        self.assert_as_it_was(account, **lists)
        self.assertEqual(self.entries(), [])

    def test_own_account(self):
        outcome = self.recover("admin", self.admin, status=None)
        self.assert_refused(outcome, self.admin, 2, says="log in with", hints="cowkey password",
                            factors=0, passkeys=0)

    @each(["da2", "admin2"])
    def test_domain_admins_manage_mailboxes_only(self, name):
        outcome = self.recover("da1", self.server.account(name), status=None)
        self.assert_refused(outcome, self.server.account(name), 2, says="manages mailboxes",
                            factors=0, passkeys=0)

    def test_mailboxes_manage_nobody(self):
        outcome = self.recover(self.alice.name, self.bob, status=None)
        self.assert_refused(outcome, self.bob, 2, says="manages no", factors=0, passkeys=0)

    def test_mailbox_of_another_domain(self):
        self.server.needs_simulation("a further account")
        self.server.arrange("add-account", "eve@example.org", "mailbox", "Made-Up-Pass-eve")
        self.secret_texts.add("Made-Up-Pass-eve")
        outcome = self.act("da1", "--json", "--yes", "recover", "eve@example.org", "--out",
                           self.handout)
        self.assert_failed(outcome, 2, says="no mailbox")
        self.assert_edits_nothing()

    @each(["nobody", "nobody@example.test"])
    def test_nobody(self, name):
        outcome = self.act(API_KEY, "--json", "--yes", "recover", name, "--out", self.handout)
        self.assert_failed(outcome, 2, says="no ")
        self.assertFalse(self.handout.exists())

    def test_without_a_file_for_the_password(self):
        outcome = self.act(API_KEY, "--json", "--yes", "recover", "da1")
        self.assert_failed(outcome, 2, says="--out")
        self.assert_nothing_sent()

    def test_file_that_exists(self):
        self.handout.write_text("mine")
        outcome = self.recover(API_KEY, self.da1, status=None)
        self.assert_failed(outcome, 2, says="exists")
        self.assertEqual(self.handout.read_text(), "mine")
        self.assert_nothing_sent()

    def test_file_that_can_t_be_written(self):
        self.with_all(self.bob)
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))
        outcome = self.recover("admin", self.bob, status=None, preexec_fn=limit)
        self.assert_refused(outcome, self.bob, 3, says="could not be written")

    def test_without_anybody_who_may(self):
        outcome = self.cowkey(None, "--json", "--yes", "recover", "da1", "--out", self.handout)
        self.assert_failed(outcome, 2, says="API key")
        self.assert_nothing_sent()

    def test_nobody_to_ask(self):
        self.with_all(self.da1)
        outcome = self.act(API_KEY, "--json", "recover", "da1", "--out", self.handout)
        self.assert_refused(outcome, self.da1, 2, says="terminal", hints="--yes")

    def test_journal_that_can_t_be_written(self):
        self.with_all(self.da1)
        self.place.joinpath("journal").mkdir()
        outcome = self.recover(API_KEY, self.da1, "--journal", self.place / "journal", status=None)
        self.assert_failed(outcome, 2, says="journal")
        self.assert_nothing_sent()
        self.assert_as_it_was(self.da1)

    @each(["da1", "bob@example.test", "admin2"])
    def test_api_key_that_may_only_read(self, name):
        account = self.server.account(name)
        self.with_all(account)
        outcome = self.cowkey(None, *self.key_words("ro"), "--json", "--yes", "recover", name,
                              "--out", self.handout)
        self.assert_failed(outcome, 5, says="only read")
        self.assert_as_it_was(account)

    def test_wrong_api_key(self):
        self.with_all(self.da1)
        wrong = self.file("wrong.key", "MADE0UP-WRONG1-ABCDEF-123456-000009\n")
        outcome = self.cowkey(None, "--api-key-file", wrong, "--json", "--yes", "recover", "da1",
                              "--out", self.handout)
        self.assert_refused(outcome, self.da1, 5)

    def test_address_that_the_key_is_not_for(self):
        self.with_all(self.da1)
        self.server.arrange("api-allow-from", "192.0.2.0/24")
        outcome = self.recover(API_KEY, self.da1, status=None)
        self.assert_failed(outcome, 5)
        self.server.arrange("api-allow-from", "any")
        self.assert_as_it_was(self.da1)

    def test_another_domain_admin_s_session_by_sign_on(self):
        self.with_all(self.da1)
        self.server.fault("other-session:da2", path=self.server.login_page("domain-admin"))
        outcome = self.recover(API_KEY, self.da1, status=None)
        self.assert_refused(outcome, self.da1, 6)

    @each({"another mailbox": "other-session:carol@example.test",
           "another's page": "other-account:carol@example.test"})
    def test_somebody_else_s_session_by_log_in_as(self, fault):
        self.with_all(self.bob)
        if fault.startswith("other-session"):
            if self.server.dialect == "single":
                self.skipTest("the admin logs in at the same page")
            self.server.fault(fault, path="/")
        else:
            self.server.fault(fault, path="/user")
        outcome = self.recover("admin", self.bob, status=None)
        self.assert_refused(outcome, self.bob, 6)

    def test_domain_admin_who_may_not_log_in_as_others(self):
        """Said before: then it is as with an API key."""
        self.server.needs_simulation("such a domain admin")
        self.with_all(self.bob)
        self.server.arrange("login-as", "da1", "off")
        outcome = self.recover("da1", self.bob, status=1)
        self.assertEqual(outcome.document["result"], "partial")
        self.assertRegex(outcome.stderr, "factors STAY")
        self.assertEqual([len(rows) for rows in self.all_of(self.bob)], [1, 1])
        self.new_password()


class Person(RecoverCase):
    """What somebody at a terminal reads and decides."""

    def sit_down_to(self, *words):
        return self.sit_down(self.admin, "recover", *words)

    def test_is_told_and_agrees(self):
        self.with_all(self.bob)
        person = self.sit_down_to(self.bob.name, "--out", self.handout)
        for text in ("'old phone'", "'laptop'", "new random password", "factors are removed",
                     "passkeys are removed", "has to choose a new password", "3 hours"):
            person.expect(re.escape(text))
        person.expect(YES_OR_NO)
        self.assertEqual(len(self.server.factors(self.bob)), 1)
        person.answer("y")
        outcome = self.finish(person, 0)
        self.assertRegex(outcome.stdout, "^Recovered: bob@example.test .*login with it worked")
        self.assertIn(str(self.handout), outcome.stdout)
        self.assertEqual(self.all_of(self.bob), ([], []))
        self.new_password()

    @each({"no": "n", "nothing": ""})
    def test_says(self, answer):
        self.with_all(self.bob)
        person = self.sit_down_to(self.bob.name, "--out", self.handout)
        person.expect(YES_OR_NO)
        person.answer(answer)
        outcome = self.finish(person, 3)
        self.assertIn("account is as it was", outcome.stderr)
        self.assert_as_it_was(self.bob)
        self.assertEqual(self.entries(), [])

    def test_interrupts_at_the_question(self):
        self.with_all(self.bob)
        person = self.sit_down_to(self.bob.name, "--out", self.handout)
        person.expect(YES_OR_NO)
        person.interrupt()
        self.finish(person, 130)
        self.assert_as_it_was(self.bob)


class Lies(RecoverCase):
    """Success is said, and nothing is done."""

    def assert_caught(self, outcome, account):
        self.assert_failed(outcome, 4, hints="again")
        document = outcome.document
        self.assertNotEqual(document["result"], "recovered", outcome)
        self.assertEqual(self.entries()[-1]["conclusion"]["outcome"], "unknown")
        if self.handout.exists():
            self.new_password()
        return document

    @each(["bob@example.test", "da1", "admin2"])
    def test_about_the_password(self, name):
        account = self.server.account(name)
        self.with_all(account)
        self.server.fault("lie-success", path=EDIT + account.role)
        outcome = self.recover("admin", account, status=None)
        self.assert_failed(outcome, outcome.status)
        self.assertIn(outcome.status, (3, 4), outcome)
        self.assertEqual([len(rows) for rows in self.all_of(account)], [1, 1])
        self.assertEqual(self.log_in(account, account.password), "asked")

    @each({f"{by} for {name}": (by, name) for by, name in (
        ("da1", "bob@example.test"), (API_KEY, "bob@example.test"), (API_KEY, "da1"))})
    def test_about_all_edits(self, by, name):
        account = self.server.account(name)
        self.with_all(account)
        self.server.fault("lie-success", path=EDIT + account.role, times=9)
        outcome = self.recover(by, account, status=None)
        self.assertIn(outcome.status, (3, 4), outcome)
        self.assertNotEqual(outcome.document["result"], "recovered")
        self.assertEqual([len(rows) for rows in self.all_of(account)], [1, 1])
        self.assertEqual(self.log_in(account, account.password), "asked")
        self.assertNotEqual(self.entries()[-1]["conclusion"]["outcome"], "done")
        if self.handout.exists():
            self.new_password()

    @each(["bob@example.test", "da1", "admin2"])
    def test_about_the_flags(self, name):
        account = self.server.account(name)
        if self.forces(account) != (True, True):
            self.skipTest("this release has not got both flags")
        self.with_all(account)
        self.server.fault("lie-success", path=EDIT + account.role, skip=1)
        document = self.assert_caught(self.recover("admin", account, status=None), account)
        self.assertEqual(self.all_of(account), ([], []))
        self.assertEqual(document["forced"]["second_factor"], False)

    @each(["bob@example.test", "da1", "admin2"])
    def test_about_the_factors(self, name):
        account = self.server.account(name)
        self.with_all(account)
        self.server.fault("lie-success", path=self.server.factor_page(account.role),
                          field="set_tfa")
        document = self.assert_caught(self.recover("admin", account, status=None), account)
        self.assertEqual(document["factors_removed"], 0)

    @each(["bob@example.test", "da1", "admin2"])
    def test_about_the_passkeys(self, name):
        account = self.server.account(name)
        self.with_all(account)
        self.server.fault("lie-success", path=self.server.factor_page(account.role),
                          field="unset_fido2_key")
        document = self.assert_caught(self.recover("admin", account, status=None), account)
        self.assertEqual((len(self.passkeys(account)), document["passkeys_removed"]), (1, 0))


class AllowOnce(RecoverCase):
    @plays_on("forced", "split", "single")
    @each({f"{by} for {name}": (by, name) for by in (API_KEY, "admin") for name in ("da1", "admin2")})
    def test_next_login_only(self, by, name):
        account = self.server.account(name)
        self.with_totp(account)
        outcome = self.recover(by, account, "--allow-once")
        self.assertEqual((outcome.document["result"], outcome.document["handout"]),
                         ("allowed-once", None))
        self.assertRegex(outcome.stderr, "next login")
        self.assertEqual([row["active"] for row in self.server.factors(account)], [False])
        self.assert_journal(account, by, ("allow-once", "done", "read back"))
        self.assertEqual(self.log_in(account, account.password), "in")
        self.assertEqual(self.log_in(account, account.password), "asked")

    def test_flags_stay(self):
        self.with_totp(self.da1)
        self.server.arrange("force-tfa", "da1", "string")
        self.server.arrange("force-pw-update", "da1", "on")
        self.recover(API_KEY, self.da1, "--allow-once")
        self.assertEqual(self.flags(self.da1), (True, True))

    def test_nothing_to_do(self):
        outcome = self.recover(API_KEY, self.da1, "--allow-once")
        self.assertEqual(outcome.document["steps"], [])
        self.assertEqual(self.entries(), [])
        self.assert_edits_nothing()

    def test_mailboxes_can_t(self):
        outcome = self.recover("admin", self.bob, "--allow-once", status=None)
        self.assert_failed(outcome, 2, says="mailbox", hints="without --allow-once")

    @each(["--keep-passkeys", "--out"])
    def test_is_not_both(self, option):
        words = ["--out", self.handout] if option == "--out" else [option]
        outcome = self.recover(API_KEY, self.da1, "--allow-once", *words, status=None)
        self.assert_failed(outcome, 2, says=option)

    def test_lie_is_caught(self):
        self.with_totp(self.da1)
        self.server.fault("lie-success", path=EDIT + "domain-admin")
        outcome = self.recover(API_KEY, self.da1, "--allow-once", status=None)
        self.assert_failed(outcome, 3)
        self.assertEqual([row["active"] for row in self.server.factors(self.da1)], [True])
        self.assertEqual(self.entries()[0]["conclusion"]["outcome"], "failed")


class EachExchange(RecoverCase):
    """Something befalls one exchange after the other."""

    def setUp(self):
        super().setUp()
        self.server.needs_simulation("cuts")

    def prepare(self, account):
        self.server.reset()
        self.with_all(account)
        for path in self.place.glob("handout*"):
            path.unlink()

    def count_exchanges(self, by, account):
        self.prepare(account)
        self.recover(by, account)
        self.new_password()
        return len(self.server.requests())


class Busy(EachExchange):
    """Asked for fewer requests: it is recovered all the same."""

    @each({f"{by} recovers {name}": (by, name) for by, name in (
        ("admin", "bob@example.test"), ("da1", "bob@example.test"), (API_KEY, "da1"),
        (API_KEY, "admin2"))})
    def test_anywhere(self, by, name):
        account = self.server.account(name)
        for index in range(self.count_exchanges(by, account)):
            with self.subTest(f"exchange {index}"):
                self.prepare(account)
                self.server.fault("status:429", skip=index)
                outcome = self.recover(by, account)
                self.assert_recovered(outcome, account, by)
                self.assertIn("asks for fewer requests: waiting 1 s", outcome.stderr)

    def test_for_too_long(self):
        """An edit that was not taken did nothing, and the old password is in force."""
        self.prepare(self.bob)
        self.server.fault("status:429:3600", path=EDIT + "mailbox", times=9)
        outcome = self.recover("admin", self.bob, status=6)
        self.assert_as_it_was(self.bob)
        self.assertEqual(self.entries()[0]["conclusion"]["outcome"], "failed")
        self.assertIn("fewer requests", outcome.error["hint"])

    @each({"before anything": ({"path": EDIT + "mailbox"}, 130),
           "in the middle": ({"path": "/user", "field": "set_tfa"}, 4)})
    def test_interrupted_while_it_waits(self, match, status):
        """Whichever password is in force is known."""
        self.sessions_lost = 6
        self.prepare(self.bob)
        self.server.fault("status:429:500", **match)
        run = self.start_acting("admin", "--json", "--yes", "recover", self.bob.name, "--out",
                                self.handout)
        self.server.await_requests(lambda row: row["path"] == match["path"] and (
            match.get("field", "") in ["", *row["form"]]), 1)
        run.interrupt()
        self.finish(run, status)
        self.assertEqual(self.handout.exists(), status == 4)
        if status == 4:
            self.assertEqual(self.log_in(self.bob, self.new_password()), "asked")
        else:
            self.assert_as_it_was(self.bob)

    def test_allowed_once(self):
        self.with_totp(self.da1)
        self.server.fault("status:429:1", path=EDIT + "domain-admin", times=2)
        self.recover(API_KEY, self.da1, "--allow-once")
        self.assertEqual([row["active"] for row in self.server.factors(self.da1)], [False])


class Cut(EachExchange):
    """At every exchange, before and after the server acted; another run finishes it."""

    sessions_lost = 3

    def check(self, account, outcome):
        """What is said agrees with what is."""
        document = outcome.document
        new = self.new_password() if self.handout.exists() else None
        factors, passkeys = self.all_of(account)
        if outcome.status == 0:
            self.assertEqual((document["result"], factors, passkeys), ("recovered", [], []))
        elif outcome.status != 4:
            self.assertIn(outcome.status, (3, 6), outcome)
            self.assert_as_it_was(account)
        else:
            self.assertIn(document["result"], ("unknown", "partial"), outcome)
            self.assertRegex(outcome.error["hint"], "again, with another --out")
        if self.log_in(account, account.password) == "refused":
            self.assertIsNotNone(new, "the old password is gone, and nobody has the new one")
            self.assertNotEqual(self.log_in(account, new), "refused")

    def run_again(self, by, account):
        again = self.place / "handout-again"
        document = self.recover(by, account, out=again).document
        self.assertEqual(document["result"], "recovered")
        self.assertEqual(self.all_of(account), ([], []))
        self.assertEqual(self.flags(account), self.forces(account))
        self.assertEqual(self.log_in(account, self.new_password(again)), "in")

    @each({f"{kind}, {by} recovers {name}": (kind, by, name)
           for kind in ("drop-before", "drop-after", "status-after:503:1", "status-after:503:3600")
           for by, name in (("admin", "bob@example.test"), (API_KEY, "da1"), (API_KEY, "admin2"))})
    def test_anywhere(self, kind, by, name):
        account = self.server.account(name)
        for index in range(self.count_exchanges(by, account)):
            with self.subTest(f"exchange {index}"):
                self.prepare(account)
                self.server.fault(kind, skip=index)
                outcome = self.recover(by, account, status=None)
                self.check(account, outcome)
                self.run_again(by, account)

    @each({"the password is set": {"path": EDIT + "mailbox"},
           "factors are removed": {"path": "/user", "field": "set_tfa"},
           "passkeys are removed": {"path": "/user", "field": "unset_fido2_key"},
           "flags are set": {"path": EDIT + "mailbox", "skip": 1}})
    def test_killed_while(self, match):
        self.sessions_lost = 6  # nobody logs them out
        self.prepare(self.bob)
        match = dict(match)
        skip = match.pop("skip", 0)
        self.server.fault("hang", skip=skip, **match)
        run = self.start_acting("admin", "--json", "--yes", "recover", self.bob.name, "--out",
                                self.handout)
        self.server.await_requests(lambda row: row["path"] == match["path"] and (
            match.get("field", "") in ["", *row["form"]]), skip + 1)
        run.process.send_signal(signal.SIGKILL)
        self.finish(run)
        self.new_password()
        self.assertEqual([entry["conclusion"] for entry in self.entries()], [None])
        self.run_again("admin", self.bob)

    def test_interrupted_in_the_middle(self):
        self.prepare(self.bob)
        self.server.fault("hang", path="/user", field="set_tfa")
        run = self.start_acting("admin", "--json", "--yes", "recover", self.bob.name, "--out",
                                self.handout)
        self.server.await_requests(lambda row: row["path"] == "/user" and "set_tfa" in row["form"])
        run.interrupt()
        outcome = self.finish(run, 4)
        self.assertEqual(outcome.document["result"], "unknown")
        self.assertIn("new password is in force", outcome.error["error"])
        self.new_password()
        self.assertEqual(self.entries()[0]["conclusion"]["outcome"], "unknown")
        self.run_again("admin", self.bob)


if __name__ == "__main__":
    unittest.main()
