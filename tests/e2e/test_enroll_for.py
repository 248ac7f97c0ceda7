"""enroll --for: a factor or passkey in somebody else's name, by who may, proved, and written down."""

import signal
import unittest

import otp
import softkey
from admin_case import API_KEY, AdminCase
from case import CODE, each, in_every_dialect
from cowkey import Script, environment
from key_case import OPTIONS_OF, PIN, REGISTRATION_OF, KeyCase, cid_of, read_json

EDIT = "/api/v1/edit/"

# Who has a way into whose account without the password.
WAYS = {f"{by} for {name}": (by, name) for by, name in (
    ("admin", "bob@example.test"), ("da1", "bob@example.test"), ("admin", "da2"), (API_KEY, "da2"))}


class ForCase(AdminCase, KeyCase):
    @property
    def for_password(self):
        return self.place / "for-password"

    def new_password(self):
        """What was handed out; no output may hold it."""
        password = self.for_password.read_text().removesuffix("\n")
        self.assertRegex(password, r"^\S{29}$")
        self.secret_texts.add(password)
        return password

    def password_of(self, account, password=None):
        password = password or account.password
        self.secret_texts.add(password)
        return ["--for-password-file", self.file("theirs", password + "\n")]

    def for_words(self, kind, account, *words):
        if kind == "totp":
            line = ["--json", "--yes", "enroll", "totp", "--unattended", "--out", self.out]
        else:
            line = self.enroll_words(kind)
        return [*line, "--for", account.name, *words]

    def enroll_for(self, by, kind, account, *words, status=0, **how):
        """Runs as `by`, or (None) with nobody's login but the account's own."""
        line = self.for_words(kind, account, *words)
        if by is None:
            return self.cowkey(None, *line, status=status, **how)
        return self.act(by, *line, status=status, **how)

    def with_reset(self):
        return ["--reset-password", "--for-password-out", self.for_password]

    def can_force(self, account):
        """Whether the release can insist on a change of its password."""
        return self.server.dialect == "forced" or account.role == "mailbox"

    def assert_done(self, outcome, account, kind, by, **members):
        """The document, the server's truth, and the account's own login agree."""
        members = {"by": "API key" if by == API_KEY else by} | members
        if kind == "totp":
            return self.assert_enrolled(outcome, account, **members)
        return self.assert_key_enrolled(outcome, account, kind, **members)

    def assert_refused(self, outcome, account, kind, status, says=None, hints=None, rows=0):
        self.assert_failed(outcome, status, says, hints)
        self.assertEqual(outcome.document["schema"], "cowkey.error/1", outcome)
        self.assert_edits_nothing()
        self.assertEqual(len(self.registered(account, kind) if kind != "totp"
                             else self.server.factors(account)), rows)


@in_every_dialect
class Passkey(ForCase):
    @each(WAYS)
    def test_in_that_person_s_name(self, by, name):
        account = self.server.account(name)
        key = self.key(pin=PIN)
        record = self.place / "record.json"
        outcome = self.enroll_for(by, "passkey", account, "--credential-out", record)
        document = self.assert_done(outcome, account, "passkey", by)
        self.assertEqual(document["password_reset"], False)
        self.assertEqual(self.log_in(account, account.password), "in")
        self.assert_journal(account, by, ("enroll", "done", "login"))
        entry = self.entries()[0]
        self.assertEqual((entry["method"], entry["aaguid"], entry["conclusion"]["aaguid"]),
                         ("passkey", *2 * (document["credential"]["aaguid"],)))
        written = read_json(record)
        self.assertEqual((written["account"], written["enrolled_by"]), (name, document["by"]))
        with self.subTest("and of nobody else"):
            for other in self.server.accounts:
                if other != account:
                    self.assertEqual(self.passkeys(other), [])
        with self.subTest("which logs in"):
            self.prove(account, "passkey", status=0)

    def test_by_an_admin_beside_an_api_key(self):
        self.key(pin=PIN)
        outcome = self.enroll_for("admin", "passkey", self.da1, *self.key_words())
        self.assert_done(outcome, self.da1, "passkey", "admin")
        self.assertEqual(outcome.stderr.count("Logging in ..."), 1)
        self.assertEqual(outcome.stderr.count("Entering the account"), 1)

    def test_the_key_s_serial_number_is_written_down(self):
        """Which the kernel knows."""
        umockdev = softkey.program("umockdev-run")
        if not umockdev.exists() or softkey.keys.asan_of(str(self.binary)):
            self.skipTest("umockdev is missing, or AddressSanitizer is there")
        key = self.key(pin=PIN)
        line = self.words(self.admin, self.for_words("passkey", self.bob))
        run = Script(umockdev, [key.path, "--", self.binary, *line], environment(self.place, {}))
        self.addCleanup(run.close)
        self.finish(run, 0)
        entry = self.entries()[0]
        self.assertEqual((entry["serial"], entry["conclusion"]["serial"]), ("SOFT0000", "SOFT0000"))

    def test_without_proof(self):
        self.key(pin=PIN)
        document = self.enroll_for("admin", "passkey", self.bob, "--proof", "recorded").document
        self.assertEqual((document["result"], document["by"]), ("recorded", "admin"))
        self.assert_journal(self.bob, "admin", ("enroll", "done", "recorded"))

    def test_past_a_second_factor_and_a_hold(self):
        self.key(pin=PIN)
        self.with_totp(self.bob)
        if self.server.dialect == "forced":
            self.server.arrange("force-pw-update", self.bob.name, "on")
        self.assert_done(self.enroll_for("admin", "passkey", self.bob), self.bob, "passkey", "admin")

    def test_of_a_deactivated_mailbox(self):
        self.key(pin=PIN)
        self.server.arrange("active", self.bob.name, "off")
        self.assert_done(self.enroll_for("admin", "passkey", self.bob), self.bob, "passkey", "admin")

    def test_with_that_person_s_password(self):
        self.key(pin=PIN)
        outcome = self.enroll_for(None, "passkey", self.bob, *self.password_of(self.bob))
        self.assert_done(outcome, self.bob, "passkey", self.bob.name)
        self.assert_journal(self.bob, self.bob.name, ("enroll", "done", "login"))


class PasskeyRefused(ForCase):
    def setUp(self):
        super().setUp()
        self.plugged_key = self.key(pin=PIN)

    def assert_refused(self, outcome, account, status, says=None, hints=None):
        super().assert_refused(outcome, account, "passkey", status, says, hints)
        self.assert_never_asked(self.plugged_key)
        self.assertEqual(self.entries(), [])

    def test_mailbox_with_an_api_key(self):
        """The server would store it for a pseudo-user."""
        outcome = self.enroll_for(API_KEY, "passkey", self.bob, status=None)
        self.assert_refused(outcome, self.bob, 2, says="lets nobody into", hints="log in as an admin")

    def test_deactivated_domain_admin_with_an_api_key(self):
        self.deactivate(self.da1)
        outcome = self.enroll_for(API_KEY, "passkey", self.da1, status=None)
        self.assert_refused(outcome, self.da1, 2, hints="activate")

    @each({"by name": ("admin", "nobody else"), "another": ("admin2", "no domain-admin")})
    def test_admins(self, name, says):
        outcome = self.enroll_for(API_KEY, "passkey", self.server.account(name), status=None)
        self.assert_refused(outcome, self.server.account(name), 2, says=says)

    def test_own_account(self):
        outcome = self.enroll_for("da1", "passkey", self.da1, status=None)
        self.assert_refused(outcome, self.da1, 2, says="log in with")

    def test_domain_admin_for_a_domain_admin(self):
        outcome = self.enroll_for("da1", "passkey", self.server.account("da2"), status=None)
        self.assert_refused(outcome, self.server.account("da2"), 2, says="manages mailboxes")

    def test_mailbox_for_a_mailbox(self):
        outcome = self.enroll_for(self.alice.name, "passkey", self.bob, status=None)
        self.assert_refused(outcome, self.bob, 2, says="manages no")

    def test_nobody(self):
        outcome = self.act("admin", *self.enroll_words("passkey"), "--for", "nobody@example.test")
        self.assert_failed(outcome, 2, says="no mailbox")

    def test_external_account(self):
        self.server.arrange("authsource", self.bob.name, "ldap")
        outcome = self.enroll_for("admin", "passkey", self.bob, status=None)
        self.assert_refused(outcome, self.bob, 3, says="offers no passkeys")

    def test_api_key_that_may_only_read(self):
        outcome = self.cowkey(None, *self.key_words("ro"), *self.for_words("passkey", self.da1))
        self.assert_refused(outcome, self.da1, 5)

    def test_address_that_the_key_is_not_for(self):
        self.server.arrange("api-allow-from", "192.0.2.0/24")
        outcome = self.enroll_for(API_KEY, "passkey", self.da1, status=None)
        self.server.arrange("api-allow-from", "any")
        self.assert_refused(outcome, self.da1, 5)

    def test_ignored_log_in_as(self):
        self.server.needs_simulation("such a domain admin")
        self.server.arrange("login-as", "da1", "off")
        outcome = self.enroll_for("da1", "passkey", self.bob, status=None)
        self.assert_refused(outcome, self.bob, 3, says="log in as")

    @each({"log in as": ("admin", "bob@example.test", "other-session:carol@example.test", "/"),
           "log in as, page": ("admin", "bob@example.test", "other-account:carol@example.test",
                               "/user"),
           "sign-on": (API_KEY, "da1", "other-session:da2", "/domainadmin/")})
    def test_somebody_else_s_session(self, by, name, fault, path):
        self.server.fault(fault, path=path)
        outcome = self.enroll_for(by, "passkey", self.server.account(name), status=None)
        self.assert_refused(outcome, self.server.account(name), 6)

    def test_options_for_another_account(self):
        self.server.fault("options:another-account", path=OPTIONS_OF["passkey"])
        outcome = self.enroll_for("admin", "passkey", self.bob, status=None)
        self.assert_refused(outcome, self.bob, 6)

    def test_token_that_is_used_up(self):
        self.server.meanwhile("expire-sso", path="/domainadmin/", method="GET")
        outcome = self.enroll_for(API_KEY, "passkey", self.da1, status=None)
        self.assert_failed(outcome, outcome.status)
        self.assertIn(outcome.status, (3, 6), outcome)
        self.assertEqual(self.passkeys(self.da1), [])

    def test_journal_that_can_t_be_written(self):
        self.place.joinpath("journal").mkdir()
        outcome = self.enroll_for("admin", "passkey", self.bob, "--journal", self.place / "journal",
                                  status=None)
        self.assert_refused(outcome, self.bob, 2, says="journal")
        self.assert_nothing_sent()

    @each({"api key": ["--api-key-file", "x"], "their password": ["--for-password-file", "x"],
           "journal": ["--journal", "x"], "passkey": ["--login-passkey"]})
    def test_options_without_for(self, words):
        outcome = self.cowkey(self.bob, *self.enroll_words("passkey"), *words)
        self.assert_failed(outcome, 2, says=f"{words[0]} goes with --for")
        self.assert_nothing_sent()


class Trouble(ForCase):
    """After the key was asked."""

    def test_lie(self):
        self.key(pin=PIN)
        self.server.fault("lie-success", path=REGISTRATION_OF["passkey"])
        outcome = self.enroll_for("admin", "passkey", self.bob, status=None)
        self.assert_failed(outcome, 3, says="stored nothing")
        self.assert_journal(self.bob, "admin", ("enroll", "failed", None))

    @each({f"{kind} by {by}": (kind, by) for kind in ("totp", "webauthn") for by in ("admin", "da1")})
    def test_lie_about_a_second_factor(self, kind, by):
        self.key()
        where = {"field": "totp_secret"} if kind == "totp" else {"path": REGISTRATION_OF[kind]}
        self.server.fault("lie-success", **where)
        outcome = self.enroll_for(by, kind, self.bob, *self.password_of(self.bob), status=None)
        # Of a security key that is how the server tells a wrong password (protocol 5.4).
        self.assert_failed(outcome, 3 if kind == "totp" else 5)
        self.assertEqual(outcome.document["result"], "failed")
        self.assertEqual(self.server.factors(self.bob), [])
        self.assert_journal(self.bob, by, ("enroll", "failed", None))

    def test_passkey_that_the_server_then_refuses_is_taken_back(self):
        self.key(pin=PIN)
        self.server.arrange("mix-up", "on")
        outcome = self.enroll_for("admin", "passkey", self.bob, status=None)
        self.assert_failed(outcome, 3, says="taken back")
        self.assertEqual(self.passkeys(self.bob), [])
        self.assert_journal(self.bob, "admin", ("enroll", "failed", None))

    @each(["drop-before", "drop-after"])
    def test_cut_while_it_is_registered(self, kind):
        self.key(pin=PIN)
        self.server.fault(kind, path=REGISTRATION_OF["passkey"])
        outcome = self.enroll_for("admin", "passkey", self.bob, status=None)
        self.assert_failed(outcome, 4, hints="cowkey list.*of that account")
        self.assertEqual(len(self.passkeys(self.bob)), int(kind == "drop-after"))
        self.assert_journal(self.bob, "admin", ("enroll", "unknown", None))

    def test_killed_while_it_is_registered(self):
        self.sessions_lost = 2
        self.key(pin=PIN)
        self.server.fault("hang", path=REGISTRATION_OF["passkey"])
        run = self.start_acting("admin", *self.for_words("passkey", self.bob))
        while not self.posts("passkey"):
            pass
        run.process.send_signal(signal.SIGKILL)
        self.finish(run)
        self.assert_journal(self.bob, "admin", ("enroll", None, None))


@in_every_dialect
class Factor(ForCase):
    """What takes the account's password."""

    @each(["totp", "webauthn"])
    def test_with_that_person_s_password(self, kind):
        self.key()
        outcome = self.enroll_for(None, kind, self.bob, *self.password_of(self.bob))
        self.assert_done(outcome, self.bob, kind, self.bob.name)
        self.assert_journal(self.bob, self.bob.name, ("enroll", "done", "login"))
        self.assertEqual(self.entries()[0]["method"], kind)

    @each(WAYS)
    def test_with_a_way_in_and_the_password(self, by, name):
        """Past a factor that nobody here can answer."""
        account = self.server.account(name)
        self.with_totp(account)
        outcome = self.enroll_for(by, "totp", account, *self.password_of(account))
        self.assert_done(outcome, account, "totp", by, others=1)
        self.assert_journal(account, by, ("enroll", "done", "login"))

    def test_by_an_admin_s_passkey(self):
        self.key(pin=PIN)
        self.enroll_key(self.admin, "passkey")
        line = self.for_words("webauthn", self.bob, *self.password_of(self.bob), "--login-passkey",
                              "--pin-file", self.pin_file)
        outcome = self.cowkey(self.admin, *line, password=None, status=0)
        self.assert_done(outcome, self.bob, "webauthn", "admin")
        self.assertEqual(len(self.passkeys(self.admin)), 1)
        with self.subTest("each sentence is about whom it concerns"):
            self.assertEqual(outcome.stderr.count("as proof"), 1)
            self.assertRegex(outcome.stderr, r"Logging in \.\.\.\nTouch[^\n]*for admin on"
                                             r"(.|\n)*Registering[^\n]*\nTouch[^\n]*for bob@")

    @each({"their own login": (None, 5), "log in as": ("admin", 3)})
    def test_wrong_password(self, by, status):
        outcome = self.enroll_for(by, "totp", self.bob,
                                  *self.password_of(self.bob, "Made-Up-Pass-wrong"), status=None)
        self.assert_failed(outcome, status)
        self.assertEqual(self.server.factors(self.bob), [])
        self.assertFalse(self.out.exists())

    def test_existing_factor_answered(self):
        self.with_totp(self.bob)
        outcome = self.enroll_for(None, "totp", self.bob, *self.password_of(self.bob),
                                  "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_done(outcome, self.bob, "totp", self.bob.name, others=1)

    def test_app_password_on_the_way(self):
        out = self.place / "app-password"
        outcome = self.enroll_for("admin", "totp", self.bob, *self.password_of(self.bob),
                                  "--app-password", "laptop", "--app-password-out", out)
        self.assert_done(outcome, self.bob, "totp", "admin", mail_programs="app-passwords")
        self.secret_texts.add(out.read_text().strip())
        self.assertEqual([row["label"] for row in self.server.web.app_passwords(self.bob)],
                         ["laptop"])

    def test_app_password_is_not_for_a_domain_admin(self):
        outcome = self.enroll_for("admin", "totp", self.da1, *self.password_of(self.da1),
                                  "--app-password", "laptop", "--app-password-out",
                                  self.place / "app-password", status=None)
        self.assert_failed(outcome, 2)

    @each({"deactivated": ("active", "off"), "until its password": ("force-pw-update", "on")})
    def test_factor_that_no_login_could_prove(self, verb, value):
        says = self._testMethodName.partition("[")[2][:-1]
        if verb == "force-pw-update" and self.server.dialect != "forced":
            self.skipTest("this release holds no logins")
        self.key()
        self.server.arrange(verb, self.bob.name, value)
        for kind in ("totp", "webauthn"):
            outcome = self.enroll_for("admin", kind, self.bob, *self.password_of(self.bob),
                                      status=None)
            self.assert_refused(outcome, self.bob, "totp", 3, says=says, hints="--proof recorded")
            self.assertFalse(self.out.exists())
        self.assertEqual(self.entries(), [])
        with self.subTest("without the proof"):
            self.enroll_for("admin", "totp", self.bob, *self.password_of(self.bob), "--proof",
                            "recorded")
            self.assertEqual(len(self.server.factors(self.bob)), 1)

    def test_forced_change_of_a_password_that_is_kept_elsewhere(self):
        self.server.arrange("authsource", self.bob.name, "ldap")
        outcome = self.enroll_for("admin", "totp", self.bob, *self.password_of(self.bob),
                                  "--force-change", status=None)
        self.assert_refused(outcome, self.bob, "totp", 3, says="not kept on this server")
        self.assertEqual(self.entries(), [])

    def test_forced_change_that_fails_tells_of_no_new_password(self):
        self.server.fault("lie-success", path=EDIT + "mailbox")
        outcome = self.enroll_for("admin", "totp", self.bob, *self.password_of(self.bob),
                                  "--force-change", status=None)
        self.assert_failed(outcome, 4, says="not known to have to change its password")
        self.assertNotIn("new password", outcome.error["error"])

    def test_nobody_to_ask_for_the_password(self):
        outcome = self.enroll_for("admin", "totp", self.bob, status=None)
        self.assert_refused(outcome, self.bob, "totp", 2, hints="--reset-password")

    def test_person_types_the_password(self):
        person = self.sit_down(None, "enroll", "totp", "--out", self.out, "--for", self.bob.name,
                               "--yes")
        person.ask(r"password of bob[^\n]*:")
        person.answer(self.bob.password)
        person.expect(CODE)
        person.answer(self.phone().code())
        self.finish(person, 0)
        self.assertEqual(len(self.server.factors(self.bob)), 1)


@in_every_dialect
class Reset(ForCase):
    """A new password first, the forced change last."""

    RESETS = {f"{by} for {name}": (by, name) for by, name in (
        *WAYS.values(), (API_KEY, "bob@example.test"))}

    def assert_reset(self, outcome, account, kind, by, **members):
        can = self.can_force(account)
        self.assert_done(outcome, account, kind, by, password_reset=True, change_forced=can,
                         **members)
        self.assertEqual(self.for_password.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.log_in(account, account.password), "refused")
        self.assertEqual(self.log_in(account, self.new_password()), "asked")
        self.assertEqual(self.flags(account)[1], True if can else None)
        self.assert_journal(account, by, ("set-password", "done", "login"),
                            ("enroll", "done", "login"),
                            *[("force-password-change", "done", "read back")] * can)

    @each(RESETS)
    def test_then_totp(self, by, name):
        account = self.server.account(name)
        outcome = self.enroll_for(by, "totp", account, *self.with_reset())
        self.assert_refusals(0)
        self.assert_reset(outcome, account, "totp", by)
        self.assertIn("new random password", outcome.stderr)

    def test_then_a_security_key(self):
        self.key()
        self.assert_reset(self.enroll_for("admin", "webauthn", self.bob, *self.with_reset()),
                          self.bob, "webauthn", "admin")

    def test_past_a_factor(self):
        self.with_totp(self.bob)
        self.assert_reset(self.enroll_for("admin", "totp", self.bob, *self.with_reset()),
                          self.bob, "totp", "admin", others=1)

    def test_old_u2f_key(self):
        """Its login shows the new password, and can't be answered: nothing could be proved."""
        self.server.arrange("add-u2f", self.bob.name, "grey key")
        outcome = self.enroll_for("admin", "totp", self.bob, *self.with_reset(), status=None)
        self.assert_failed(outcome, 4, says="has the new password now.*none that can be answered",
                           hints="old U2F key")
        self.assertEqual(len(self.server.factors(self.bob)), 1)
        self.assert_journal(self.bob, "admin", ("set-password", "done", "login"))
        self.new_password()

    def test_flag_for_a_factor_stays(self):
        if self.server.dialect != "forced":
            self.skipTest("this release does not know it")
        for how in ("string", "off"):
            self.server.reset()
            for path in (self.out, self.for_password, self.journal):
                path.unlink(missing_ok=True)
            self.server.arrange("force-tfa", "da1", how)
            self.server.arrange("force-pw-update", "da1", "on")
            self.assert_reset(self.enroll_for(API_KEY, "totp", self.da1, *self.with_reset()),
                              self.da1, "totp", API_KEY)
            self.assertEqual(self.flags(self.da1)[0], how == "string")


class ResetTrouble(ForCase):
    def resume(self, by, account, **members):
        """As the hint says: with the file of the first run."""
        self.out.unlink(missing_ok=True)
        outcome = self.enroll_for(by, "totp", account, "--for-password-file", self.for_password,
                                  "--force-change")
        can = self.can_force(account)
        self.assert_done(outcome, account, "totp", by, change_forced=can, **members)
        self.assertEqual(self.flags(account)[1], True if can else None)

    def assert_new_password(self, outcome, account, result="failed"):
        self.assert_failed(outcome, 4, says="new password")
        document = outcome.document
        self.assertEqual((document["result"], document["password_reset"]), (result, True), outcome)
        return document

    @each({"bob": ("admin", "bob@example.test"), "da1": (API_KEY, "da1")})
    def test_enrollment_that_fails_then_is_gone_on_with(self, by, name):
        account = self.server.account(name)
        self.server.arrange("mix-up", "on")
        outcome = self.enroll_for(by, "totp", account, *self.with_reset(), status=None)
        self.assert_new_password(outcome, account)
        self.assertRegex(outcome.error["hint"], "--force-change")
        self.assertEqual(self.server.factors(account), [])
        self.assertIn(self.flags(account)[1], (False, None))
        self.assertEqual(self.log_in(account, self.new_password()), "in")
        self.assert_journal(account, by, ("set-password", "done", "login"),
                            ("enroll", "failed", None))
        self.server.arrange("mix-up", "off")
        self.resume(by, account)

    def test_killed_while_it_enrolls(self):
        self.sessions_lost = 3
        self.server.fault("hang", field="totp_secret")
        run = self.start_acting("admin", *self.for_words("totp", self.bob, *self.with_reset()))
        while not any("totp_secret" in row["form"] for row in self.server.requests()):
            pass
        run.process.send_signal(signal.SIGKILL)
        self.finish(run)
        self.assertEqual(self.log_in(self.bob, self.new_password()), "asked")
        self.resume("admin", self.bob, others=1)

    def test_mailbox_with_a_factor_and_an_api_key(self):
        self.with_totp(self.bob)
        outcome = self.enroll_for(API_KEY, "totp", self.bob, *self.with_reset(), status=None)
        self.assertIn("If the account has a second factor already", outcome.stderr)
        self.assert_new_password(outcome, self.bob)
        self.assertEqual(self.log_in(self.bob, self.new_password()), "asked")
        self.resume("admin", self.bob, others=1)

    def test_lie_about_the_password(self):
        self.server.fault("lie-success", path=EDIT + "mailbox")
        outcome = self.enroll_for("admin", "totp", self.bob, *self.with_reset(), status=None)
        self.assert_failed(outcome, 4, says="refuses it at login")
        self.assertEqual(self.server.factors(self.bob), [])
        self.assert_journal(self.bob, "admin", ("set-password", "unknown", None))
        self.new_password()

    @each(["lie-success", "drop-before", "drop-after"])
    def test_about_the_forced_change(self, kind):
        times = 1 if kind == "lie-success" else 2
        self.server.fault(kind, path=EDIT + "mailbox", skip=1, times=times)
        outcome = self.enroll_for("admin", "totp", self.bob, *self.with_reset(), status=None)
        document = self.assert_new_password(outcome, self.bob, result="enrolled")
        self.assertEqual(document["change_forced"], False)
        self.assertEqual(self.entries()[-1]["action"], "force-password-change")
        self.assertNotEqual(self.entries()[-1]["conclusion"]["outcome"], "done")
        self.new_password()

    def test_forced_change_is_tried_twice(self):
        self.server.fault("drop-before", path=EDIT + "mailbox", skip=1)
        self.enroll_for("admin", "totp", self.bob, *self.with_reset())
        self.assertEqual(self.flags(self.bob)[1], True)
        self.new_password()

    @each(["drop-before", "drop-after"])
    def test_password_cut(self, kind):
        self.server.fault(kind, path=EDIT + "mailbox")
        outcome = self.enroll_for("admin", "totp", self.bob, *self.with_reset(), status=None)
        self.assert_failed(outcome, 4, says="not known whether the new password", hints="keep the file")
        self.assertEqual(self.log_in(self.bob, self.new_password()),
                         "in" if kind == "drop-after" else "refused")

    @each({"external": (("authsource", "ldap"), "kept"), "deactivated": (("active", "off"), "deactivated")})
    def test_refused_before(self, arrangement, says):
        verb, value = arrangement
        self.server.arrange(verb, self.bob.name, value)
        outcome = self.enroll_for("admin", "totp", self.bob, *self.with_reset(), status=None)
        self.assert_refused(outcome, self.bob, "totp", 3, says=says)
        self.assertFalse(self.for_password.exists())
        self.assertEqual(self.entries(), [])

    def test_api_key_that_may_only_read(self):
        outcome = self.cowkey(None, *self.key_words("ro"),
                              *self.for_words("totp", self.bob, *self.with_reset()))
        self.assert_failed(outcome, 5)
        self.assertFalse(self.for_password.exists())
        self.assertEqual(self.log_in(self.bob, self.bob.password), "in")
        self.assert_journal(self.bob, API_KEY, ("set-password", "failed", None))

    def test_person_says_no(self):
        person = self.sit_down(self.admin, "enroll", "totp", "--unattended", "--out", self.out,
                               "--for", self.bob.name, *self.with_reset())
        person.expect("new random password")
        person.expect(r"go on\?[^\n]*$")
        person.answer("n")
        self.finish(person, 3)
        self.assertFalse(self.for_password.exists())
        self.assertEqual(self.log_in(self.bob, self.bob.password), "in")

    @each({"no file": ["--reset-password"],
           "file alone": ["--for-password-out", "x", "--for-password-file", "y"],
           "both": ["--reset-password", "--for-password-out", "x", "--for-password-file", "y"]})
    def test_options(self, words):
        outcome = self.enroll_for("admin", "totp", self.bob, *words, status=None)
        self.assert_failed(outcome, 2)
        self.assert_nothing_sent()

    def test_forced_change_needs_somebody_who_may(self):
        outcome = self.enroll_for(None, "totp", self.bob, *self.password_of(self.bob),
                                  "--force-change", status=None)
        self.assert_failed(outcome, 2, says="API key")


# By whom, what, for whom, and by which password of theirs.
FLOWS = {"passkey by log in as": ("admin", "passkey", "bob@example.test", None),
         "passkey by a domain admin": ("da1", "passkey", "bob@example.test", None),
         "passkey by sign-on": (API_KEY, "passkey", "da2", None),
         "totp by their login": (None, "totp", "bob@example.test", "given"),
         "totp by log in as": ("admin", "totp", "bob@example.test", "given"),
         "totp by sign-on, reset": (API_KEY, "totp", "da2", "reset"),
         "totp by an API key, reset": (API_KEY, "totp", "bob@example.test", "reset"),
         "security key by log in as, reset": ("da1", "webauthn", "bob@example.test", "reset")}


class EachExchange(ForCase):
    """Something befalls one exchange after the other."""

    def setUp(self):
        super().setUp()
        self.server.needs_simulation("cuts")
        self.key(pin=PIN)

    def prepare(self):
        self.server.reset()
        for path in (self.out, self.for_password, self.journal):
            path.unlink(missing_ok=True)

    def run_flow(self, flow, status=None):
        by, kind, name, password = flow
        account = self.server.account(name)
        words = {None: [], "given": self.password_of(account), "reset": self.with_reset()}[password]
        if kind == "webauthn":
            words = [*words, "--pin-file", self.pin_file]
        return self.enroll_for(by, kind, account, *words, status=status)

    def at_each_exchange(self, flow, do, check, status=None):
        self.prepare()
        self.run_flow(flow, status=0)
        for index in range(len(self.server.requests())):
            with self.subTest(f"exchange {index}"):
                self.prepare()
                self.server.fault(do, skip=index)
                check(self.run_flow(flow, status), flow)


class Cut(EachExchange):
    """Before and after the server acted: what is said, and written down, is what is."""

    sessions_lost = 3

    def check_enrollment(self, outcome, account, kind, written):
        rows = self.server.factors(account) if kind == "totp" else self.registered(account, kind)
        result = outcome.document.get("result", "failed")
        deed = written.get("enroll")
        if result in ("enrolled", "recorded"):
            self.assertEqual((len(rows), deed), (1, "done"), outcome)
        elif result == "unknown":
            self.assertEqual((outcome.status, deed), (4, "unknown"), outcome)
            self.assertRegex(outcome.error["hint"], "(?i)list of .* shows it")
        else:
            self.assertEqual(rows, [], outcome)
            self.assertIn(deed, (None, "failed"), outcome)
        if rows and kind == "totp":
            self.assertEqual(rows[0]["secret"], self.phone().secret, "nobody can use what is there")
        return rows

    def check_password(self, outcome, account, written):
        """Whatever is in force, somebody has it; returns whether it is the new one."""
        old = self.log_in(account, account.password)
        new = self.new_password() if self.for_password.exists() else None
        if old != "refused":
            self.assertNotEqual(written.get("set-password"), "done", outcome)
            return False
        self.assertIsNotNone(new, "the old password is gone, and nobody has the new one")
        self.assertNotEqual(self.log_in(account, new), "refused")
        self.assertIn(written.get("set-password"), ("done", "unknown"), outcome)
        return True

    def check(self, outcome, flow):
        account = self.server.account(flow[2])
        entries = self.entries()
        self.assertNotIn(None, [entry["conclusion"] for entry in entries], "an open intent")
        written = {entry["action"]: entry["conclusion"]["outcome"] for entry in entries}
        rows = self.check_enrollment(outcome, account, flow[1], written)
        is_new = self.check_password(outcome, account, written)
        is_forced = self.flags(account)[1]
        if written.get("force-password-change") in ("done", "failed"):
            self.assertIs(is_forced, written["force-password-change"] == "done")
        if outcome.status == 0:
            self.assertEqual(set(written.values()), {"done"}, outcome)
            self.assertEqual((is_new, is_forced), (flow[3] == "reset",) * 2, outcome)
        elif outcome.status != 4:
            self.assertIn(outcome.status, (3, 6), outcome)
            self.assertEqual((rows, is_new, is_forced), ([], False, False), outcome)
            self.assertLessEqual(set(written.values()), {"failed"}, outcome)
            self.assertFalse(self.out.exists() or self.for_password.exists(),
                             "secrets are handed out that are good for nothing")

    @each({f"{do}, {name}": (do, *flow) for do in ("drop-before", "drop-after", "status-after:503:1",
                                              "status-after:503:3600")
           for name, flow in FLOWS.items()})
    def test_anywhere(self, do, by, kind, name, password):
        self.at_each_exchange((by, kind, name, password), do, self.check)


class Busy(EachExchange):
    """Asked for fewer requests: it is enrolled all the same, and once."""

    def check(self, outcome, flow):
        account = self.server.account(flow[2])
        factors, passkeys = self.all_of(account)
        self.assertEqual(len(factors + passkeys), 1, outcome)
        self.assertIn("asks for fewer requests: waiting 1 s", outcome.stderr)
        if self.for_password.exists():
            self.assertEqual(self.log_in(account, self.new_password()), "asked")

    @each({name: flow for name, flow in FLOWS.items() if flow[0] is not None})
    def test_anywhere(self, by, kind, name, password):
        self.at_each_exchange((by, kind, name, password), "status:429", self.check, status=0)


if __name__ == "__main__":
    unittest.main()
