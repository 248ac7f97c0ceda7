"""Logging in: where the password comes from, and every way in which the server says no."""

import otp
from case import CODE, ROLES, Case, each, in_every_dialect
from server import Account


@in_every_dialect
class Refused(Case):
    """Status 5, the page that was tried is named, and there was exactly one attempt."""

    def assert_refused(self, who, *words, attempts=1, says=None, password="file"):
        outcome = self.cowkey(who, "--json", *words, "list", password=password)
        self.assert_failed(outcome, 5, says)
        self.assert_refusals(attempts)
        return outcome

    @each(ROLES)
    def test_wrong_password(self, role):
        account = self.server.of_role(role)
        wrong = Account(account.name, role, "Made-Up-Wrong-Pass")
        with self.unchanged(account):
            outcome = self.assert_refused(wrong)
        page = self.server.login_page(role)
        self.assertRegex(f"{outcome.error['error']} {outcome.error['hint']}", rf" {page}(\W|$)")

    def test_wrong_password_reaches_the_server_once(self):
        self.server.needs_simulation()
        with self.unchanged(self.bob):
            self.enroll(Account(self.bob.name, "mailbox", "Made-Up-Wrong-Pass"), status=5)
        self.assertEqual(len(self.server.password_attempts()), 1)
        self.assertFalse(self.out.exists())

    def test_unknown_account(self):
        self.assert_refused_unknown(Account("nobody@example.test", "mailbox", "Made-Up-Pass-x"))

    def assert_refused_unknown(self, nobody):
        path = self.password_file(nobody.password)
        words = ["--account", nobody.name, "--role", nobody.role, "--password-file", path]
        self.assert_failed(self.cowkey(None, "--json", *words, "list"), 5)

    @each(ROLES)
    def test_deactivated(self, role):
        account = self.server.of_role(role)
        self.server.arrange("active", account.name, "off")
        self.assert_refused(account)

    @each({f"{theirs} as {role}": (theirs, role) for theirs in ROLES for role in ROLES
           if theirs != role})
    def test_wrong_role(self, theirs, role):
        account = self.server.of_role(theirs)
        disguised = Account(account.name, role, account.password)
        with self.unchanged(account):
            outcome = self.cowkey(disguised, "--json", "list")
        error = self.assert_failed(outcome, 5)
        words = f"{error['error']} {error['hint']}"
        self.assertRegex(words, rf" {self.server.login_page(role)}(\W|$)")
        self.assertRegex(words, "--role|role")

    def test_password_with_a_space_more(self):
        path = self.file("password", self.bob.password + " \n")
        self.assert_refused(self.bob, "--password-file", path, password=None)

    @each(ROLES)
    def test_wrong_second_factor(self, role):
        account = self.server.of_role(role)
        self.with_totp(account)
        with self.unchanged(account):
            self.assert_refused(account, "--login-secret-file", self.secret_file(otp.OTHER_SECRET),
                                attempts=0, says="code|second factor")

    def test_wrong_second_factor_is_answered_once(self):
        self.server.needs_simulation()
        self.with_totp(self.bob)
        self.cowkey(self.bob, "--json", "--login-secret-file", self.secret_file(otp.OTHER_SECRET),
                    "list", status=5)
        answers = [row for row in self.server.requests() if "verify_tfa_login" in row["form"]]
        self.assertEqual(len(answers), 1)

    def test_wrong_code_typed(self):
        self.with_totp(self.bob)
        person = self.sit_down(self.bob, "--json", "list")
        person.expect(CODE)
        person.answer(otp.wrong_code(otp.SECRET))
        self.assert_failed(self.finish(person), 5)

    def test_wrong_yubico_otp(self):
        self.server.needs_simulation()
        self.server.arrange("add-yubiotp", self.bob.name, "my Yubikey", otp.YUBIKEY)
        self.server.fault("refuse-code", field="verify_tfa_login")
        person = self.sit_down(self.bob, "--json", "list")
        person.expect("yubi[^\n]*:")
        person.answer(otp.yubico_otp())
        self.assert_failed(self.finish(person), 5)

    def test_refused_in_another_language(self):
        """Texts of the server follow the language; nothing may depend on them."""
        wrong = Account(self.bob.name, "mailbox", "Made-Up-Wrong-Pass")
        outcome = self.cowkey(wrong, "--json", "list", environ={"LANG": "de_DE.UTF-8"})
        self.assert_failed(outcome, 5)


@in_every_dialect
class PasswordFrom(Case):
    """alice's password has spaces, signs that forms escape, and a letter outside ASCII."""

    def assert_works(self, *words, **how):
        self.cowkey(self.alice, "--json", *words, "list", password=None, status=0, **how)

    @each({"file": "", "file with a line end": "\n", "file with a DOS line end": "\r\n"})
    def test_a(self, end):
        path = self.file("password", self.alice.password + end)
        self.assert_works("--password-file", path)

    def test_a_descriptor(self):
        with open(self.password_file(self.alice.password), "rb") as file:
            self.assert_works("--password-fd", file.fileno(), pass_fds=[file.fileno()])

    def test_standard_input(self):
        with open(self.password_file(self.alice.password), "rb") as file:
            self.assert_works("--password-fd", "0", stdin=file)

    def test_a_command(self):
        path = self.password_file(self.alice.password)
        self.assert_works("--password-command", f"printf '' && cat '{path}'")

    def test_a_prompt(self):
        person = self.sit_down(self.alice, "--json", "list", password=None)
        person.ask("password[^\n]*:")
        person.answer(self.alice.password)
        self.finish(person, 0)

    def test_a_prompt_that_names_the_account(self):
        person = self.sit_down(self.alice, "list", password=None)
        self.assertIn(self.alice.name, person.ask("[^\n]*password[^\n]*:").group())
        person.answer(self.alice.password)
        self.finish(person, 0)


class Names(Case):
    @each({"upper case": str.upper, "spaces": "  {} ".format})
    def test_as_people_type_them(self, spoil):
        path = self.password_file(self.bob.password)
        outcome = self.cowkey(None, "--account", spoil(self.bob.name), "--password-file", path,
                              "--json", "list", status=0)
        self.assertEqual(outcome.document["account"], self.bob.name)

    @each({"@": lambda name: "@" in name, "admin": lambda name: name == "admin"})
    def test_suggest_the_role(self, suggests):
        account = next((a for a in self.server.accounts if suggests(a.name)), None)
        if account is None:
            self.skipTest("this server has no such account")
        path = self.password_file(account.password)
        outcome = self.cowkey(None, "--account", account.name, "--password-file", path, "--json",
                              "list", status=0)
        self.assertEqual(outcome.document["role"], account.role)

    def test_that_suggest_none_need_the_role(self):
        path = self.password_file(self.da1.password)
        outcome = self.cowkey(None, "--account", self.da1.name, "--password-file", path, "--json",
                              "list")
        self.assert_failed(outcome, 2, hints="--role")


class NobodyToAsk(Case):
    """Without a terminal a question is an error, never a hang."""

    def test_for_the_password(self):
        self.server.needs_simulation()
        outcome = self.cowkey(self.bob, "--json", "list", password=None)
        self.assert_failed(outcome, 2, hints="--password-file")
        self.assertEqual(self.server.password_attempts(), [])

    def test_for_the_code_of_an_existing_factor(self):
        self.with_totp(self.bob)
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, status=2)
        self.assert_failed(outcome, 2, hints="--login-secret")

    def test_for_the_new_code(self):
        with self.unchanged(self.bob):
            outcome = self.cowkey(self.bob, "--json", "--yes", "enroll", "totp", "--out", self.out)
        self.assert_failed(outcome, 2, hints="--unattended|terminal")
        self.assertFalse(self.out.exists())

    def test_for_a_secret(self):
        self.assert_failed(self.cowkey(None, "--json", "code", connect=False), 2, hints="--secret")
