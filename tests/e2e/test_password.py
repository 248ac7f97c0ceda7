"""password: changed, proved by a login with the new one, and the old one kept where it was not."""

import otp
from case import CODE, ROLES, Case, each, in_every_dialect, on_older_dialects, plays_on

NEW = "Made-Up-New-Pass-17 äö"
EDIT = {"method": "POST", "path": "/api/v1/edit/*"}


class PasswordCase(Case):
    def setUp(self):
        super().setUp()
        self.secret_texts.add(NEW)

    def new_file(self, text=NEW):
        self.secret_texts.add(text)
        return self.file("new-password", text + "\n")

    def change(self, account, *words, status=0, new=NEW, **how):
        line = ["--json", "password", "--new-password-file", self.new_file(new), *words]
        return self.cowkey(account, *line, status=status, **how)

    def logs_in(self, account, password):
        """Whether the password does, to where the second factor is asked for or the page opens."""
        words = ["--json", "--password-file", self.file("tried", password + "\n"), "prove", "totp"]
        outcome = self.cowkey(account, *words)
        self.assertIn(outcome.status, (1, 2, 5), outcome)
        return outcome.status != 5

    def assert_in_force(self, account, password):
        """This one, and no other."""
        other = account.password if password == NEW else NEW
        self.assertEqual((self.logs_in(account, password), self.logs_in(account, other)),
                         (True, False))

    def assert_changed(self, outcome, account, **members):
        wanted = {"schema": "cowkey.password/1", "result": "changed", "proof": "login",
                  "forced": False} | members
        document = outcome.document
        self.assertEqual({name: document[name] for name in wanted}, wanted)
        self.assert_in_force(account, NEW)


@in_every_dialect
class Changing(PasswordCase):
    @each(ROLES)
    def test_one(self, role):
        account = self.server.of_role(role)
        self.assert_changed(self.change(account), account)

    @each(ROLES)
    def test_of_an_account_with_a_factor(self, role):
        """The proof ends where the server asks for it: no second code is needed."""
        account = self.server.of_role(role)
        self.with_totp(account)
        with self.unchanged(account):
            self.change(account, "--login-secret-file", self.secret_file(otp.SECRET))
        self.server.web.note_password(account, NEW)
        attempts = [row for row in self.server.requests() if "verify_tfa_login" in row["form"]]
        self.assertEqual(len(attempts), 1)
        self.assertEqual(len(self.server.password_attempts()), 2)

    def test_is_refused_by_the_policy(self):
        outcome = self.change(self.bob, status=3, new="x1")
        self.assert_failed(outcome, 3, says="refused", hints="password_complexity")
        self.assertEqual((outcome.document["result"], outcome.document["proof"]),
                         ("failed", "none"))
        self.assert_in_force(self.bob, self.bob.password)

    @each(ROLES)
    def test_with_a_wrong_present_one(self, role):
        account = self.server.of_role(role)
        wrong = self.password_file("Made-Up-Wrong-1")
        self.assert_failed(self.change(account, "--password-file", wrong, status=5), 5)
        self.assert_refusals(1)
        self.assert_in_force(account, account.password)

    @each(ROLES)
    def test_a_lie_is_caught(self, role):
        account = self.server.of_role(role)
        self.server.fault("lie-success", **EDIT)
        outcome = self.change(account, status=3)
        self.assert_failed(outcome, 3, says="old one is still in force")
        self.assert_refusals(1)
        self.assert_in_force(account, account.password)

    @on_older_dialects
    def test_of_a_mailbox_that_is_reminded(self):
        self.server.arrange("force-pw-update", self.bob.name, "on")
        self.assert_changed(self.change(self.bob), self.bob)


@plays_on("forced")
class Forced(PasswordCase):
    def setUp(self):
        super().setUp()
        if self.server.dialect != "forced":
            self.skipTest("this release holds no account")

    @each(ROLES)
    def test_at_login(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-pw-update", account.name, "on")
        self.assert_changed(self.change(account), account, forced=True)

    @each(ROLES)
    def test_with_a_forced_set_up_behind_it(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.server.arrange("force-pw-update", account.name, "on")
        outcome = self.change(account)
        self.assertEqual((outcome.document["result"], outcome.document["forced"]),
                         ("changed", True))

    def test_of_an_account_with_a_factor(self):
        self.with_totp(self.bob)
        self.server.arrange("force-pw-update", self.bob.name, "on")
        outcome = self.change(self.bob, "--login-secret-file", self.secret_file(otp.SECRET))
        self.assertIs(outcome.document["forced"], True)

    def test_is_refused_by_the_policy(self):
        self.server.arrange("force-pw-update", self.bob.name, "on")
        outcome = self.change(self.bob, status=3, new="x1")
        self.assert_failed(outcome, 3, hints="password_complexity")
        self.server.arrange("force-pw-update", self.bob.name, "off")
        self.assert_in_force(self.bob, self.bob.password)

    def test_set_up_comes_first_where_only_that_is_forced(self):
        self.server.arrange("force-tfa", self.bob.name, "string")
        outcome = self.change(self.bob, status=3)
        self.assert_failed(outcome, 3, says="second factor", hints="enroll")
        self.assertEqual(outcome.document["schema"], "cowkey.error/1")

    @each(ROLES)
    def test_factor_stays_forced(self, role):
        """An admin's own edit would switch it off."""
        account = self.server.of_role(role)
        self.with_totp(account)
        self.server.arrange("force-tfa", account.name, "string")
        self.change(account, "--login-secret-file", self.secret_file(otp.SECRET))
        self.server.web.note_password(account, NEW)
        self.server.arrange("password", account.name, account.password)
        self.cowkey(account, "--yes", "remove", "--all-factors", "--login-secret-file",
                    self.secret_file(otp.SECRET), status=0)
        document = self.cowkey(account, "--json", "list", status=0).document
        self.assertIs(document["forced"], True)


class Typed(PasswordCase):
    QUESTIONS = (r"new password of [^\n]*: *$", r"again: *$")

    def type(self, person, *texts):
        for question, text in zip(self.QUESTIONS, texts):
            person.ask(question)
            person.answer(text)

    def test_twice(self):
        person = self.sit_down(self.bob, "--json", "password")
        self.type(person, NEW, NEW)
        self.assert_changed(self.finish(person, 0), self.bob)

    def test_with_everything_asked(self):
        self.with_totp(self.bob)
        person = self.sit_down(self.bob, "password", password=None)
        person.ask(r"^password of [^\n]*: *$")
        person.answer(self.bob.password)
        self.type(person, NEW, NEW)
        person.expect(CODE)
        person.answer(otp.code(otp.SECRET))
        self.assertIn("Changed", self.finish(person, 0).stdout)
        self.server.web.note_password(self.bob, NEW)

    def test_differently_is_asked_again(self):
        person = self.sit_down(self.bob, "--json", "password")
        self.type(person, NEW, "Made-Up-Typo-1")
        person.expect("differ")
        self.type(person, NEW, NEW)
        self.assert_changed(self.finish(person, 0), self.bob)

    @each(["first", "second"])
    def test_nothing_ends_it(self, which):
        person = self.sit_down(self.bob, "--json", "password")
        self.type(person, *([""] if which == "first" else [NEW, ""]))
        self.finish(person, 130)
        self.assert_nothing_sent()

    def test_not_without_a_terminal(self):
        outcome = self.cowkey(self.bob, "--json", "password")
        self.assert_failed(outcome, 2, hints="--new-password-file")
        self.assert_nothing_sent()

    @each({"empty": "", "control": "Made-Up\x01Pass-1", "two lines": "Made-Up-1\nMade-Up-2",
           "not UTF-8": b"Made-Up-\xff-1"})
    def test_refuses(self, text):
        path = self.file("odd", text if isinstance(text, bytes) else text + "\n")
        outcome = self.cowkey(self.bob, "--json", "password", "--new-password-file", path)
        self.assert_failed(outcome, 2)
        self.assert_nothing_sent()

    def test_refuses_the_present_one(self):
        outcome = self.change(self.bob, status=2, new=self.bob.password)
        self.assert_failed(outcome, 2, says="present one")
        self.assert_nothing_sent()


class Faults(PasswordCase):
    @each({f"{do} {forced}": (do, forced) for forced in ("on", "off")
           for do in ("drop-before", "drop-after", "cut:20", "status:502", "truncate-body")})
    def test_status_4_for(self, do, forced):
        self.server.arrange("force-pw-update", self.bob.name, forced)
        self.server.fault(do, **EDIT)
        outcome = self.change(self.bob, status=4)
        self.assert_failed(outcome, 4, says="not known", hints="new password.*old one")
        self.assertEqual(outcome.document["result"], "unknown")

    @each(["drop-before", "drop-after"])
    def test_the_proof_that_does_not_get_through(self, do):
        self.sessions_lost = 2 if do == "drop-after" else 0
        self.server.fault(do, field="login_user", skip=1, times=2)
        outcome = self.change(self.bob, status=4)
        self.assert_failed(outcome, 4, says="did not get through", hints="new password")
        self.assert_in_force(self.bob, NEW)

    def test_the_proof_is_tried_once_more(self):
        self.server.fault("drop-before", field="login_user", skip=1)
        self.assert_changed(self.change(self.bob), self.bob)

    def test_a_lie_whose_look_behind_it_is_cut(self):
        self.server.fault("lie-success", **EDIT)
        self.server.fault("drop-before", field="login_user", skip=2)
        outcome = self.change(self.bob, status=4)
        self.assert_failed(outcome, 4, says="refuses the new one")
        self.assert_in_force(self.bob, self.bob.password)

    def test_somebody_else_changes_it_too(self):
        self.server.meanwhile("password", self.bob.name, "Made-Up-Third-1", skip=1,
                              field="login_user")
        outcome = self.change(self.bob, status=4)
        self.assert_failed(outcome, 4, says="refuses the new one and the old one")
        self.assert_refusals(2)

    def test_an_ended_login_changes_nothing(self):
        self.server.fault("expired", **EDIT)
        outcome = self.change(self.bob, status=None)
        self.assertIn(outcome.status, (3, 4), outcome)
        self.assert_in_force(self.bob, self.bob.password)

    @each(["ldap", "keycloak", "generic-oidc"])
    def test_a_password_that_is_kept_elsewhere(self, source):
        self.server.meanwhile("authsource", self.bob.name, source, method="GET",
                              path=self.server.factor_page("mailbox"))
        outcome = self.change(self.bob, status=3)
        self.assert_failed(outcome, 3, says="not kept on this server", hints="provider")
        posts = [row["path"] for row in self.server.requests()
                 if row["method"] == "POST" and "logout" not in row["form"]]
        self.assertEqual(set(posts), {"/"})
