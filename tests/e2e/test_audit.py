"""audit: what can be seen of the factors of others, what is wrong, and never "fine" for the unseen."""

import html.parser
import json
import os
import re
import stat

import otp
import paper
import schemas
import softkey
from admin_case import AdminCase
from case import each, in_every_dialect, on_older_dialects, plays_on
from key_case import PIN, KeyCase

UNSEEN = {"not-visible", "passkeys-not-visible"}
# Whose session, and what stands for it on the command line.
ACCESS = {"api key": ("api key",), "admin": ("admin",), "domain admin": ("da1",)}


class AuditCase(AdminCase):
    def audit(self, *words, by="api key", status=1, json=True, **how):
        account = None if by == "api key" else self.server.account(by)
        access = self.key_words("ro") if by == "api key" else []
        line = [*(["--json"] if json else []), "audit", *access, *words]
        return self.cowkey(account, *line, status=status, **how)

    def rows(self, outcome):
        return {row["account"]: row for row in outcome.document["accounts"]}

    def row(self, outcome, account):
        return self.rows(outcome)[account.name]

    def deep_row(self, account, by="admin", **how):
        return self.row(self.audit("--deep", by=by, **how), account)

    def names(self, outcome):
        return [row["account"] for row in outcome.document["accounts"]]

    def found(self, outcome):
        return {finding["name"] for finding in outcome.document["summary"]["findings"]}

    def force(self, *accounts):
        for account in accounts:
            self.server.arrange("force-tfa", account.name, "string")

    def needs_policy(self):
        if self.server.dialect != "forced":
            self.skipTest("this release can't insist on factors, which is always found")

    def put_in_order(self):
        """Nothing is left to be found, where the server can insist on factors."""
        self.needs_policy()
        self.server.needs_simulation("an own world")
        for account in self.server.accounts:
            self.with_totp(account, "phone")
            self.with_totp(account, "tablet", otp.OTHER_SECRET)
            self.server.arrange("add-webauthn", account.name, "blue key")
            if account.role == "mailbox":
                self.server.arrange("add-app-password", account.name, "mail")
            self.force(account)

    def login_words(self):
        return ["--login-secret-file", self.secret_file(otp.SECRET), "--login-factor", "phone"]

    def assert_visible(self, row, state, passkeys, *findings):
        self.assertEqual((row["second_factor"], row["passkeys"]), (state, passkeys), row)
        policy = {"not-forced"} if self.server.dialect == "forced" else set()
        self.assertEqual(set(row["findings"]) - policy, set(findings), row)


@in_every_dialect
class ByApiKey(AuditCase):
    """What a key that may only read shows: admins, domain admins, and policy."""

    def test_everybody_in_order(self):
        names = self.names(self.audit())
        ranks = [("admin", "domain-admin", "mailbox").index(row["role"])
                 for row in self.audit().document["accounts"]]
        self.assertEqual(ranks, sorted(ranks))
        self.assertLessEqual({account.name for account in self.server.accounts}, set(names))
        for role in ("admin", "domain-admin"):
            of_role = [row["account"] for row in self.audit().document["accounts"]
                       if row["role"] == role]
            self.assertEqual(of_role, sorted(of_role))

    @each(["admin", "domain-admin"])
    def test_factor_of(self, role):
        account = self.server.of_role(role)
        row = self.row(self.audit(), account)
        self.assert_visible(row, "absent", None, "no-second-factor", "passkeys-not-visible")
        self.with_totp(account)
        row = self.row(self.audit(), account)
        self.assert_visible(row, "present", None, "passkeys-not-visible")

    def test_mailboxes_are_not_called_fine(self):
        self.with_totp(self.bob)
        for account in (self.alice, self.bob):
            row = self.row(self.audit(), account)
            self.assert_visible(row, "not-visible", None, *UNSEEN)
            self.assertIsNone(row["factors"])

    def test_changes_nothing_and_leaves_no_session(self):
        with self.unchanged(*self.server.accounts):
            self.audit()

    def test_wrong_key(self):
        wrong = self.file("wrong.key", "MADE0UP-WRONG1-ABCDEF-123456-000009\n")
        self.secret_texts.add("MADE0UP-WRONG1-ABCDEF-123456-000009")
        outcome = self.cowkey(None, "--json", "audit", "--api-key-file", wrong)
        self.assert_failed(outcome, 5, says="API key", hints=".")
        self.assertEqual(outcome.document["schema"], "cowkey.error/1")
        self.assert_refusals(1)

    def test_key_of_another_address(self):
        self.server.arrange("api-allow-from", "192.0.2.7")
        outcome = self.audit(status=None)
        self.assert_failed(outcome, 5, says="address|API key", hints="address")
        self.assert_refusals(1)

    def test_status_is_of_what_was_found(self):
        """Accounts without a second factor: critical for those who rule."""
        self.audit("--fail-on", "critical")
        self.audit("--mailboxes", "--fail-on", "critical", status=0)


class Policy(AuditCase):
    @plays_on("forced")
    def test_of_everybody_is_seen(self):
        self.force(self.bob, self.da1)
        outcome = self.audit()
        self.assertIs(self.row(outcome, self.bob)["forced"], True)
        self.assertIs(self.row(outcome, self.alice)["forced"], False)
        self.assertIn("not-forced", self.row(outcome, self.alice)["findings"])
        self.assertNotIn("not-forced", self.row(outcome, self.bob)["findings"])
        self.assertIn("forced-not-enrolled", self.row(outcome, self.da1)["findings"])
        self.assertNotIn("no-second-factor", self.row(outcome, self.da1)["findings"])

    @on_older_dialects
    def test_older_releases_have_none(self):
        outcome = self.audit("--mailboxes")
        self.assertIn("release-too-old", self.found(outcome))
        self.assertEqual({row["forced"] for row in outcome.document["accounts"]}, {None})

    @plays_on("forced")
    def test_newer_releases_are_not_called_old(self):
        self.needs_policy()
        self.assertNotIn("release-too-old", self.found(self.audit()))

    def test_nothing_is_found_where_all_is_in_order(self):
        self.put_in_order()
        outcome = self.audit("--deep", "--domain-admins", "--mailboxes", "--fail-on", "info",
                             *self.login_words(), by="admin", status=0)
        self.assertEqual(self.found(outcome), set())
        self.assertEqual(set(row["second_factor"] for row in outcome.document["accounts"]),
                         {"present"})

    def test_one_thing_out_of_order_is_found(self):
        self.put_in_order()
        self.server.arrange("force-tfa", self.bob.name, "off")
        outcome = self.audit("--deep", "--domain-admins", "--mailboxes", "--fail-on", "info",
                             *self.login_words(), by="admin", status=1)
        self.assertEqual(self.found(outcome), {"not-forced"})
        self.assertEqual(self.row(outcome, self.bob)["findings"], ["not-forced"])


@in_every_dialect
class Deep(AuditCase):
    """Each account opened by an admin, or the mailboxes of its domains by a domain admin."""

    @each({"admin": "admin", "domain admin": "da1"})
    def test_factors_and_passkeys_of_mailboxes(self, by):
        self.with_totp(self.alice)
        self.server.arrange("add-passkey", self.bob.name, "blue key")
        outcome = self.audit("--deep", by=by)
        self.assert_visible(self.row(outcome, self.alice), "present", 0, "one-factor-only",
                            "mail-programs-stop")
        self.assert_visible(self.row(outcome, self.bob), "absent", 1, "no-second-factor")
        self.assert_visible(self.row(outcome, self.carol), "absent", 0, "no-second-factor")

    @each({"admin": "admin", "domain admin": "da1"})
    def test_passkey_of_a_deactivated_mailbox(self, by):
        self.server.arrange("add-passkey", self.bob.name, "blue key")
        self.server.arrange("active", self.bob.name, "off")
        row = self.deep_row(self.bob, by=by)
        self.assertIs(row["active"], False)
        self.assertEqual(row["findings"], ["passkey-on-deactivated"])

    def test_passkey_of_a_deactivated_domain_admin(self):
        self.server.arrange("add-passkey", "da1", "laptop")
        self.deactivate(self.da1)
        row = self.deep_row(self.da1)
        self.assertIs(row["active"], False)
        self.assertIn("passkey-on-deactivated", row["findings"])
        self.assertNotIn("no-second-factor", row["findings"])

    def test_deactivated_mailbox_without_a_passkey(self):
        self.server.arrange("active", self.bob.name, "off")
        self.assertEqual(self.deep_row(self.bob)["findings"], [])

    @each({"admin": "admin", "domain admin": "da1"})
    def test_mail_programs(self, by):
        for account in (self.alice, self.bob):
            self.with_totp(account)
        self.server.arrange("add-app-password", self.bob.name, "mail")
        outcome = self.audit("--deep", by=by)
        self.assertIn("mail-programs-stop", self.row(outcome, self.alice)["findings"])
        self.assertNotIn("mail-programs-stop", self.row(outcome, self.bob)["findings"])
        self.assertEqual((self.row(outcome, self.alice)["app_passwords"],
                          self.row(outcome, self.bob)["app_passwords"]), (0, 1))

    def test_backup(self):
        self.with_totp(self.alice)
        self.with_totp(self.bob)
        self.with_totp(self.bob, "tablet", otp.OTHER_SECRET)
        self.with_totp(self.carol)
        self.server.arrange("add-passkey", self.carol.name, "blue key")
        outcome = self.audit("--deep", by="admin")
        have = {account.name for account in (self.alice, self.bob, self.carol)
                if "one-factor-only" in self.row(outcome, account)["findings"]}
        self.assertEqual(have, {self.alice.name})

    def test_domain_admin_with_nothing_but_codes(self):
        self.with_totp(self.da1)
        self.assertIn("totp-only", self.deep_row(self.da1)["findings"])
        self.server.arrange("add-webauthn", self.da1.name, "blue key")
        row = self.deep_row(self.da1)
        self.assertEqual((row["factors"], row["security_keys"]), (2, 1))
        self.assertNotIn("totp-only", row["findings"])

    def test_factors_that_are_switched_off(self):
        self.with_totp(self.da1)
        self.server.arrange("add-webauthn", self.da1.name, "blue key")
        self.server.web.disable_factors(self.da1)
        row = self.deep_row(self.da1)
        self.assert_visible(row, "disabled", 0, "factors-disabled")

    def test_later_factor_behind_one_that_is_switched_off(self):
        """The API tells of the oldest only; the page has the last word."""
        self.with_totp(self.da1, "old")
        self.server.web.disable_factors(self.da1)
        self.server.arrange("add-totp", self.da1.name, "new", otp.OTHER_SECRET)
        row = self.row(self.audit(), self.da1)
        self.assertEqual(row["second_factor"], "absent")
        row = self.deep_row(self.da1)
        self.assertEqual((row["second_factor"], row["factors"]), ("present", 1), row)

    def test_codes_that_are_switched_off_look_like_none(self):
        """Nothing that can be read tells them apart; no second factor is asked for all the same."""
        self.with_totp(self.da1)
        self.server.web.disable_factors(self.da1)
        self.assert_visible(self.deep_row(self.da1), "absent", 0, "no-second-factor")

    def test_own_account(self):
        self.with_totp(self.admin)
        self.server.arrange("add-passkey", self.admin.name, "blue key")
        outcome = self.audit("--deep", "--login-secret-file", self.secret_file(otp.SECRET),
                             by="admin")
        self.assert_visible(self.row(outcome, self.admin), "present", 1, "totp-only")

    def test_other_admins_stay_in_the_dark(self):
        other = self.server.of_role("admin", 1)
        self.server.arrange("add-passkey", other.name, "blue key")
        self.assert_visible(self.deep_row(other), "absent", None, "no-second-factor",
                            "passkeys-not-visible")

    def test_domain_admin_sees_itself_and_its_mailboxes(self):
        self.with_totp(self.da1)
        outcome = self.audit("--deep", "--login-secret-file", self.secret_file(otp.SECRET),
                             by="da1")
        names = self.names(outcome)
        self.assertEqual(names[0], "da1")
        self.assertTrue(all(name.endswith("@example.test") for name in names[1:]), names)
        self.assertEqual(self.row(outcome, self.da1)["second_factor"], "present")
        self.assertIsNone(self.row(outcome, self.da1)["forced"])

    def test_changes_nothing(self):
        with self.unchanged(*self.server.accounts):
            self.audit("--deep", by="admin")

    def test_key_and_session(self):
        """The key lists, the session opens."""
        outcome = self.audit("--deep", *self.key_words("ro"), by="da1")
        self.assertIn("admin", self.names(outcome))
        self.assertEqual(self.row(outcome, self.bob)["passkeys"], 0)
        self.assertIsNone(self.row(outcome, self.admin)["passkeys"])

    @each([1, 3])
    def test_sessions_side_by_side_show_the_same(self, jobs):
        for account in (self.alice, self.da1):
            self.with_totp(account)
        self.server.arrange("add-passkey", self.bob.name, "blue key")
        alone = self.audit("--deep", by="admin").document
        together = self.audit("--deep", "--jobs", jobs, by="admin").document
        self.assertEqual(alone["accounts"], together["accounts"])


class KeyAndLogin(AuditCase):
    """A login that is asked for beside an API key is not left out."""

    def test_it_shows_its_own_page(self):
        self.server.arrange("add-passkey", "admin", "blue key")
        outcome = self.audit("--admins", *self.key_words("ro"), by="admin")
        self.assertEqual((outcome.document["by"], self.row(outcome, self.admin)["passkeys"]),
                         ("admin", 1))

    def test_it_may_be_refused(self):
        wrong = self.password_file("Made-Up-Pass-wrong")
        outcome = self.audit("--admins", *self.key_words("ro"), "--password-file", wrong, by="admin",
                             status=5)
        self.assert_failed(outcome, 5)

    def test_one_of_the_environment_is_for_what_needs_it(self):
        outcome = self.audit("--admins", environ={"COWKEY_ACCOUNT": "admin"})
        self.assertEqual(outcome.document["by"], "API key")
        if self.server.is_simulated:
            self.assertEqual(self.server.password_attempts(), [])


class ForcedFactors(AuditCase):
    @plays_on("forced")
    @each({"admin": "admin", "domain admin": "da1"})
    def test_none_enrolled_yet(self, by):
        self.force(self.bob)
        row = self.deep_row(self.bob, by=by)
        self.assertEqual(row["findings"], ["forced-not-enrolled", "mail-programs-stop"])

    @plays_on("forced")
    def test_passkey_goes_past_it(self):
        self.force(self.bob)
        self.with_totp(self.bob)
        self.server.arrange("add-app-password", self.bob.name, "mail")
        self.server.arrange("add-passkey", self.bob.name, "blue key")
        self.assertEqual(self.deep_row(self.bob)["findings"], ["passkey-past-factor"])

    @plays_on("forced")
    def test_passkey_where_nothing_is_forced(self):
        self.with_totp(self.bob)
        self.server.arrange("add-passkey", self.bob.name, "blue key")
        self.assertNotIn("passkey-past-factor", self.deep_row(self.bob)["findings"])


class OutsideAccounts(AuditCase):
    @each({"keycloak": ("keycloak", "keycloak"), "oidc": ("generic-oidc", "oidc")})
    def test_of_identity_providers(self, source, name):
        self.server.arrange("authsource", self.bob.name, source)
        row = self.deep_row(self.bob)
        self.assertEqual(row["authsource"], name)
        self.assert_visible(row, "not-visible", None, "not-enforceable", *UNSEEN)
        self.assertNotIn("not-forced", row["findings"])

    def test_of_a_directory(self):
        """Its page has the factors, and no passkeys."""
        self.server.arrange("authsource", self.bob.name, "ldap")
        self.with_totp(self.bob)
        self.assert_visible(self.deep_row(self.bob), "present", None, "one-factor-only",
                            "mail-programs-stop", "passkeys-not-visible")


class Scope(AuditCase):
    @each({"admins": (["--admins"], {"admin"}), "domain admins": (["--domain-admins"], {"domain-admin"}),
           "mailboxes": (["--mailboxes"], {"mailbox"}),
           "a domain": (["--domain", "example.test"], {"mailbox"}),
           "two": (["--admins", "--mailboxes"], {"admin", "mailbox"})})
    def test_of(self, words, roles):
        outcome = self.audit(*words, status=None)
        self.assertEqual({row["role"] for row in outcome.document["accounts"]}, roles)

    def test_of_one_domain_only(self):
        self.server.needs_simulation("another account")
        self.server.arrange("add-account", "zoe@example.org", "mailbox", "Made-Up-Pass-zoe")
        outcome = self.audit("--domain", "EXAMPLE.org", status=None)
        self.assertEqual(self.names(outcome), ["zoe@example.org"])

    @each({"api key": "api key", "admin": "admin", "domain admin": "da1"})
    def test_domain_that_is_not_there(self, by):
        """The server would answer with the mailboxes of all."""
        outcome = self.audit("--domain", "nowhere.test", by=by, status=None)
        self.assert_failed(outcome, 2, says="nowhere.test", hints="domain")

    def test_domain_of_others(self):
        self.server.needs_simulation("another account")
        self.server.arrange("add-account", "zoe@example.org", "mailbox", "Made-Up-Pass-zoe")
        self.assert_failed(self.audit("--domain", "example.org", by="da1", status=None), 2,
                           says="example.org", hints="own domains")

    def test_domain_admin_sees_no_admins(self):
        self.assert_failed(self.audit("--admins", by="da1", status=None), 2, says="admins",
                           hints="API key")

    def test_mailbox_sees_nobody(self):
        outcome = self.cowkey(self.bob, "--json", "audit")
        self.assert_failed(outcome, 2, says="mailbox")
        self.assert_nothing_sent()

    @each({"nobody": [], "nobody who opens": ["--deep"], "a strange level": ["--fail-on", "bad"],
           "no sessions": ["--deep", "--jobs", "0"], "jobs for nothing": ["--jobs", "2"],
           "an address as domain": ["--domain", "alice@example.test"],
           "two forms": ["--json-lines"]})
    def test_usage(self, words):
        access = [] if words in ([], ["--deep"]) else self.key_words("ro")
        if "--deep" in words and "--jobs" in words:
            access = []
        outcome = self.cowkey(None, "--json", "audit", *access, *words)
        self.assert_failed(outcome, 2)
        self.assert_nothing_sent()

    def test_key_alone_opens_nobody(self):
        self.assert_failed(self.audit("--deep", status=None), 2, says="account", hints=".")
        self.assert_nothing_sent()


class Trouble(AuditCase):
    """A server that fails, or lies, in the middle."""

    def test_domain_admin_who_may_not_open_mailboxes(self):
        self.server.needs_simulation("another permission")
        self.server.arrange("login-as", "da1", "off")
        outcome = self.audit("--deep", by="da1")
        row = self.row(outcome, self.bob)
        self.assert_visible(row, "not-visible", None, *UNSEEN)
        self.assertRegex(row["reason"], "did not let")
        self.assertEqual(outcome.document["summary"]["unopened"], 3)

    @each(["other-account:carol@example.test", "other-account:admin"])
    def test_page_of_somebody_else(self, lie):
        """It says nothing of this account, and the others are read all the same."""
        self.with_totp(self.carol)
        self.server.fault(lie, path=self.server.factor_page("mailbox"), account=self.bob.name)
        outcome = self.audit("--deep", by="admin")
        row = self.row(outcome, self.bob)
        self.assert_visible(row, "not-visible", None, *UNSEEN)
        self.assertTrue(row["reason"])
        self.assertEqual(self.row(outcome, self.carol)["second_factor"], "present")

    def test_session_of_somebody_else(self):
        self.with_totp(self.carol)
        self.server.fault("other-session:carol@example.test", path="/", method="GET",
                          account="admin")
        outcome = self.audit("--deep", "--domain", "example.test", by="admin")
        self.assert_visible(self.row(outcome, self.alice), "not-visible", None, *UNSEEN)
        self.assertEqual(self.row(outcome, self.carol)["second_factor"], "present")

    @each({"alone": 1, "side by side": 3})
    def test_server_that_goes_away(self, jobs):
        """What was read is shown, and that it is not all."""
        self.server.needs_simulation("a crowd")
        self.server.arrange("many-mailboxes", "many.test", 30)
        self.server.fault("drop-before", account="made00010@many.test", times=1000)
        self.server.fault("drop-before", account="admin", skip=9 + 2 * 10, times=1000)
        self.sessions_lost = jobs
        outcome = self.audit("--deep", "--domain", "many.test", "--jobs", jobs, by="admin",
                             status=6)
        document = outcome.document
        self.assertIs(document["summary"]["complete"], False)
        self.assertIn(len(document["accounts"]), range(1, 30))
        self.assertEqual(document["error"]["status"], 6)
        for row in document["accounts"]:
            self.assertEqual(row["second_factor"], "absent")

    def test_list_that_is_cut(self):
        self.server.fault("cut:200", path="/api/v1/get/mailbox/reduced/example.test")
        document = self.audit(status=6).document
        self.assertEqual({row["role"] for row in document["accounts"]}, {"admin", "domain-admin"})

    def test_nothing_was_read(self):
        self.server.fault("drop-before", path="/api/v1/get/domain/all", times=9)
        self.assertEqual(self.audit(status=6).document["schema"], "cowkey.error/1")

    def test_wrong_password_is_tried_once(self):
        wrong = self.file("wrong", "Made-Up-Wrong\n")
        outcome = self.cowkey(self.admin, "--json", "--password-file", wrong, "audit", "--deep",
                              "--jobs", "8")
        self.assert_failed(outcome, 5)
        self.assert_refusals(1)

    def test_password_that_changes_meanwhile_stops_all(self):
        """The first session is open; the others are refused, and nobody goes on."""
        self.server.needs_simulation()
        self.server.arrange("many-mailboxes", "many.test", 60)
        self.server.meanwhile("password", "admin", "Made-Up-New", skip=1, field="login_user")
        outcome = self.audit("--deep", "--domain", "many.test", "--jobs", 4, by="admin", status=5)
        self.assertLess(outcome.document["summary"]["accounts"] if "summary" in outcome.document
                        else 0, 60)
        self.assertLessEqual(int(self.server.arrange("f2b")), 3)

    def test_held_admin(self):
        self.force(self.admin)
        self.assert_failed(self.audit("--deep", by="admin", status=None), 5, says="holds",
                           hints="enroll")


class Busy(AuditCase):
    """The server asks for fewer requests: it gets them later, and the audit is the same."""

    def setUp(self):
        super().setUp()
        self.server.needs_simulation("a busy server")

    def calm(self, words, by):
        rows = self.audit(*words, by=by).document["accounts"]
        return rows, len(self.server.requests())

    @each({"api key": ([], "api key"), "admin": (["--deep", "--domain", "example.test"], "admin"),
           "domain admin": (["--deep"], "da1")})
    def test_anywhere(self, words, by):
        rows, count = self.calm(words, by)
        for index in range(count):
            with self.subTest(f"exchange {index}"):
                self.server.reset()
                self.server.fault("status:429:1" if index % 2 else "status:429", skip=index)
                outcome = self.audit(*words, by=by)
                self.assertEqual(outcome.document["accounts"], rows)
                self.assertIs(outcome.document["summary"]["complete"], True)
                self.assertIn("asks for fewer requests: waiting 1 s", outcome.stderr)

    def test_unavailable_for_a_while(self):
        rows, _ = self.calm(["--deep"], "admin")
        self.server.reset()
        self.server.fault("status:503:1", skip=6, times=2)
        self.assertEqual(self.audit("--deep", by="admin").document["accounts"], rows)

    def test_several_sessions_wait_together(self):
        rows, _ = self.calm(["--deep", "--jobs", "3"], "admin")
        self.server.reset()
        self.server.fault("status:429:2", path="/", method="GET", skip=1, times=2)
        self.assertEqual(self.audit("--deep", "--jobs", "3", by="admin").document["accounts"], rows)

    def test_for_too_long(self):
        """Nobody waits for an hour; what was read up to then is shown."""
        self.sessions_lost = 1  # nor could it be logged out
        self.server.fault("status:429:3600", skip=14, times=999)
        outcome = self.audit("--deep", "--mailboxes", by="admin", status=6)
        self.assertIs(outcome.document["summary"]["complete"], False)
        self.assertGreater(len(outcome.document["accounts"]), 0)
        self.assertEqual(outcome.error["error"], "the server answered with status 429")
        self.assertIn("fewer requests", outcome.error["hint"])
        self.assertLess(outcome.finished - outcome.started, 30)

    def test_interrupted_while_it_waits(self):
        self.server.fault("status:429:600", path="/api/v1/get/domain/all")
        person = self.sit_down(None, "audit", *self.key_words("ro"))
        person.expect("waiting 600 s")
        person.interrupt()
        self.finish(person, 130)


class Exceptions(AuditCase):
    DAY = "2099-12-31"

    def exceptions(self, *lines):
        return ["--except", self.file("except", "\n".join(lines) + "\n")]

    def test_cover_the_findings_of_an_account(self):
        self.needs_policy()
        words = self.exceptions(f"admin* {self.DAY} break glass", f"da? {self.DAY} until March")
        outcome = self.audit("--admins", "--domain-admins", *words, status=0)
        row = self.row(outcome, self.admin)
        self.assertIs(row["excepted"], True)
        self.assertEqual(row["exception"]["reason"], "break glass")
        self.assertIn("no-second-factor", row["findings"])
        self.assertEqual(outcome.document["summary"]["excepted"], 4)

    def test_of_others_cover_nothing(self):
        outcome = self.audit("--admins", *self.exceptions(f"da1 {self.DAY} x"))
        self.assertIs(self.row(outcome, self.admin)["excepted"], False)

    def test_that_have_expired_are_findings(self):
        outcome = self.audit("--admins", *self.exceptions("admin 2020-01-31 forgotten"))
        row = self.row(outcome, self.admin)
        self.assertIn("exception-expired", row["findings"])
        self.assertIn("no-second-factor", row["findings"])
        self.assertIs(row["excepted"], False)
        self.assertEqual([(row["pattern"], row["last_day"])
                          for row in outcome.document["summary"]["expired_exceptions"]],
                         [("admin", "2020-01-31")])

    def test_that_have_expired_are_findings_of_nobody_too(self):
        words = ["--mailboxes", *self.exceptions("left@example.test 2020-01-31 left")]
        self.audit(*words, status=1)
        self.audit("--fail-on", "critical", *words, status=0)

    def unmatched(self, outcome):
        return [row["pattern"] for row in outcome.document["summary"]["unmatched_exceptions"]]

    def test_of_nobody_are_noted(self):
        words = self.exceptions(f"left@example.test {self.DAY} left us", f"d?9 {self.DAY} moved",
                                f"bob@example.test {self.DAY} is there",
                                f"others@example.org {self.DAY} of another domain")
        for by, scope, wanted in (
                ("api key", [], ["left@example.test", "d?9", "others@example.org"]),
                ("da1", [], ["left@example.test", "others@example.org"]),
                ("api key", ["--domain", "example.test"], ["left@example.test"]),
                ("api key", ["--admins"], [])):
            with self.subTest(f"{by} {scope}"):
                outcome = self.audit("--fail-on", "info", *scope, *words, by=by)
                self.assertEqual(self.unmatched(outcome), wanted)

    def test_of_nobody_are_told_to_a_person(self):
        page = self.place / "page.html"
        words = self.exceptions(f"left@example.test {self.DAY} <left> us")
        outcome = self.audit("--mailboxes", "--fail-on", "critical", "--html", page, *words,
                             json=False, status=0)
        self.assertIn("note: the exception for left@example.test (line 1) matches no account that "
                      "was seen: <left> us", outcome.stdout)
        self.assertIn("matches no account that was seen: &lt;left&gt; us", page.read_text())

    def test_of_an_unfinished_audit_may_be_of_somebody(self):
        self.server.needs_simulation("cuts")
        self.server.fault("drop-before", path="/api/v1/get/mailbox/*", times=9)
        words = self.exceptions(f"left@example.test {self.DAY} left us")
        self.assertEqual(self.unmatched(self.audit(*words, status=6)), [])

    def test_bad_file(self):
        outcome = self.audit(*self.exceptions("admin tomorrow x"), status=None)
        self.assert_failed(outcome, 2, says="line|day")
        self.assert_nothing_sent()


class Lines(AuditCase):
    def lines(self, *words, status=1, **how):
        outcome = self.audit("--json-lines", *words, json=False, status=status, **how)
        return [json.loads(line, object_pairs_hook=schemas.without_duplicates)
                for line in outcome.stdout.splitlines()]

    def test_an_account_each_then_the_summary(self):
        self.with_totp(self.bob)
        lines = self.lines("--deep", by="admin")
        self.assertEqual(list(schemas.line_faults(lines)), [])
        self.assertEqual({line["schema"] for line in lines}, {"cowkey.audit/1"})
        self.assertEqual(lines[:-1], [row | {"schema": "cowkey.audit/1"} for row in
                                      self.audit("--deep", by="admin").document["accounts"]])
        self.assertEqual(lines[-1]["summary"]["accounts"], len(lines) - 1)

    def test_of_an_audit_that_was_cut_short(self):
        self.server.fault("cut:200", path="/api/v1/get/mailbox/reduced/example.test")
        lines = self.lines(status=6)
        self.assertEqual(list(schemas.line_faults(lines)), [])
        self.assertIs(lines[-1]["summary"]["complete"], False)
        self.assertEqual(lines[-1]["error"]["status"], 6)

    def test_usage_error(self):
        outcome = self.cowkey(None, "audit", "--json-lines", "--jobs", status=2)
        self.assertEqual(json.loads(outcome.stdout)["schema"], "cowkey.error/1")
        self.assert_nothing_sent()


class ForThePerson(AuditCase):
    def test_table(self):
        self.with_totp(self.da1)
        text = self.audit("--deep", by="admin", json=False).stdout
        line = next(line for line in text.splitlines() if line.startswith("da1 "))
        self.assertRegex(line, r"^da1 +yes +present \(1\) +0 .*totp-only")
        self.assertRegex(text, "(?m)^Domain admins: 2$")
        self.assertRegex(text, r"(?m)^critical +no-second-factor +3 +No second factor is seen: the password alone logs in\.")
        self.assertIn("'cowkey enroll'", text)
        self.assertIn("Second factors of domain admins: 1 present, 1 absent, 0 disabled, 0 not "
                      "visible, of 2.", text)

    def test_fits_the_terminal(self):
        person = self.sit_down(self.admin, "audit", "--deep", whole=True, columns=90)
        outcome = self.finish(person, 1)
        lines = outcome.stderr.replace("\r\n", "\n").split("\n")
        self.assertLessEqual(max(len(re.sub(r"\r|\x1b\[K", "", line)) for line in lines if "[#" not in line
                                 and "[-" not in line), 90)
        self.assertRegex(outcome.stderr, "(?m)^FINDINGS|  FINDINGS")

    def test_bar_is_drawn_and_wiped(self):
        self.server.needs_simulation("a crowd")
        self.server.arrange("many-mailboxes", "many.test", 60)
        person = self.sit_down(self.admin, "audit", "--deep", "--domain", "many.test", columns=100)
        outcome = self.finish(person, 1)
        bars = re.findall(r"\r\[[#-]{24}\] +\d+%  many\.test: \d+ accounts", outcome.stderr)
        self.assertGreaterEqual(len(bars), 1, outcome)
        self.assertRegex(outcome.stderr, r"\r\x1b\[K$", outcome)
        self.assertNotIn("[#", outcome.stdout)

    @each({"quiet": ["--quiet"], "verbose": ["--verbose"]})
    def test_no_bar_where_it_is(self, words):
        self.server.needs_simulation("a crowd")
        self.server.arrange("many-mailboxes", "many.test", 20)
        person = self.sit_down(self.admin, *words, "audit", "--deep", "--domain", "many.test")
        self.assertNotIn("[#", self.finish(person, 1).stderr)

    def test_no_bar_without_a_terminal(self):
        self.assertNotIn("\r", self.audit("--deep", by="admin", json=False).stderr)

    def test_unfinished_audit_says_so(self):
        self.server.fault("cut:200", path="/api/v1/get/mailbox/reduced/example.test")
        outcome = self.audit(json=False, status=6)
        self.assertIn("not all", outcome.stdout)
        self.assertIn("admin ", outcome.stdout)


class Parser(html.parser.HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.shown = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.shown.append(data)


class Page(AuditCase):
    HOSTILE = "<img src=x onerror=alert(1)>"

    @property
    def path(self):
        return self.place / "audit.html"

    def page(self, *words, status=1, **how):
        outcome = self.audit("--html", self.path, *words, status=status, **how)
        return outcome, Parser(self.path.read_text("utf-8"))

    def test_shows_what_the_document_says(self):
        self.with_totp(self.bob)
        outcome, page = self.page("--deep", by="admin")
        text = " ".join(page.shown)
        for row in outcome.document["accounts"]:
            self.assertIn(row["account"], text)
        for finding in outcome.document["summary"]["findings"]:
            self.assertIn(finding["sentence"], text)
            self.assertIn(finding["cure"], text)
        self.assertIn("svg", [tag for tag, _ in page.tags])

    def test_in_a_browser(self):
        """What Chromium makes of it, without a network: as it would be printed."""
        self.with_totp(self.bob)
        outcome, _ = self.page("--deep", by="admin")
        printed = paper.print_page(self.path, self.place)
        words = " ".join(paper.words_of(printed).split())
        self.assertIn(f"Second factors on {self.server.host}", words)
        for row in outcome.document["accounts"]:
            self.assertIn(row["account"], words)
        for finding in outcome.document["summary"]["findings"]:
            self.assertIn(finding["name"], words)
        self.assertLess(paper.look(printed)[0], 10)

    def test_is_private(self):
        self.page()
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_links_lead_somewhere_within(self):
        _, page = self.page("--deep", by="admin")
        targets = {attributes.get("id") for _, attributes in page.tags}
        links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
        self.assertTrue(links)
        for link in links:
            self.assertEqual(link[0], "#")
            self.assertIn(link[1:], targets)

    def test_needs_nothing_from_outside(self):
        _, page = self.page()
        self.assertEqual({tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object"},
                         set())
        self.assertNotRegex(self.path.read_text("utf-8"), r"https?:|url\(|@import|\bsrc=")

    def test_hostile_names_are_text(self):
        self.server.needs_simulation("another account")
        self.server.arrange("add-account", self.HOSTILE, "domain-admin", "Made-Up-Pass-x",
                            "example.test")
        words = ["--except", self.file("except", "da1 2099-12-31 <script>alert(2)</script>\n")]
        _, page = self.page("--deep", *words, by="admin")
        text = " ".join(page.shown)
        self.assertIn(self.HOSTILE, text)
        self.assertIn("<script>alert(2)</script>", text)
        self.assertEqual({tag for tag, _ in page.tags} & {"script", "img"}, set())

    def test_with_a_table(self):
        outcome, _ = self.page(json=False)
        self.assertIn("Admins: ", outcome.stdout)

    def test_overwrites_nothing(self):
        self.path.write_text("mine")
        outcome = self.audit("--html", self.path, status=None)
        self.assert_failed(outcome, 2, says="exists")
        self.assertEqual(self.path.read_text(), "mine")
        self.assert_nothing_sent()

    def test_of_an_unfinished_audit_says_so(self):
        self.server.fault("cut:200", path="/api/v1/get/mailbox/reduced/example.test")
        _, page = self.page(status=6)
        self.assertIn("This is not all:", " ".join(page.shown))

    def test_is_not_made_of_nothing(self):
        self.server.fault("drop-before", path="/api/v1/get/domain/all", times=9)
        self.audit("--html", self.path, status=6)
        self.assertFalse(self.path.exists())


class Interrupted(AuditCase):
    def start_crowd(self, jobs):
        self.server.needs_simulation()
        self.server.arrange("many-mailboxes", "many.test", 200)
        self.server.fault("hang", account="made00020@many.test", path="/user", method="GET",
                          times=9)
        run = self.start(self.admin, "--json", "audit", "--deep", "--domain", "many.test", "--jobs",
                         jobs)
        self.server.await_requests(lambda row: row["path"] == "/user", 30)
        return run

    @each([1, 4])
    def test_in_the_middle(self, jobs):
        """One valid document of what was read; every session is closed (see Case)."""
        run = self.start_crowd(jobs)
        run.interrupt()
        outcome = self.finish(run, 130)
        self.assertIs(outcome.document["summary"]["complete"], False)
        self.assertIn(len(outcome.document["accounts"]), range(10, 200))

    def test_before_anything_was_read(self):
        self.server.needs_simulation()
        self.server.fault("hang", path="/api/v1/get/domain/all")
        run = self.start(None, "--json", "audit", *self.key_words("ro"))
        self.server.await_requests(lambda row: row["path"] == "/api/v1/get/domain/all")
        run.interrupt()
        self.assertEqual(self.finish(run, 130).document["schema"], "cowkey.error/1")


class Crowd(AuditCase):
    """Ten thousand mailboxes."""

    def test_by_key(self):
        self.server.needs_simulation("a crowd")
        self.server.arrange("many-mailboxes", "many.test", 10000)
        rows = self.audit("--mailboxes", "--fail-on", "critical", status=0).document["accounts"]
        self.assertEqual(len(rows), 10000 + 3)

    def test_deep_with_several_sessions(self):
        self.server.needs_simulation("a crowd")
        self.server.arrange("many-mailboxes", "many.test", 200, "factors")
        document = self.audit("--deep", "--domain", "many.test", "--jobs", 4, by="admin").document
        # See tests/sandbox/crowds.py: two of ten have nothing but a switched off factor, of which
        # that of codes can't be told from none.
        self.assertEqual(document["summary"]["second_factors"]["mailbox"],
                         {"present": 60, "absent": 120, "disabled": 20, "not-visible": 0})
        names = [row["account"] for row in document["accounts"]]
        self.assertEqual(names, sorted(names))

    def test_sessions_are_as_many_as_asked_for(self):
        self.server.needs_simulation("a crowd")
        self.server.arrange("many-mailboxes", "many.test", 100)
        self.audit("--deep", "--domain", "many.test", "--jobs", 3, by="admin")
        self.assertIn(len(self.server.password_attempts()), (2, 3))

    def test_exchanges_per_mailbox(self):
        """In, the page, what is switched off, out: what makes ten thousand of them bearable."""
        self.server.needs_simulation("a crowd")
        self.server.arrange("many-mailboxes", "many.test", 50)
        self.audit("--deep", "--domain", "many.test", by="admin")
        self.assertLessEqual(len(self.server.requests()), 4 * 50 + 10)


class ByPasskey(KeyCase):
    """An admin who logs in by touch: one session, however many are asked for."""

    def test_login(self):
        self.key_for("passkey")
        self.enroll_key(self.admin, "passkey")
        outcome = self.cowkey(self.admin, "--json", "--pin-file", self.pin_file, "audit", "--deep",
                              "--login-passkey", "--jobs", "4", password=None, status=1)
        rows = {row["account"]: row for row in outcome.document["accounts"]}
        self.assertEqual(rows["admin"]["passkeys"], 1)
        self.assertEqual(rows[self.bob.name]["passkeys"], 0)
        self.assertIn("One session only", outcome.stderr)
