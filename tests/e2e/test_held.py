"""Accounts that the server holds: until a factor is set up, or the password is changed."""

import otp
from case import ROLES, Case, each, on_older_dialects


class ForcedSetUp(Case):
    """The server insists on a second factor; the flag is stored in two ways."""

    @each({f"{role}-{how}": (role, how) for role in ROLES for how in ("string", "number")})
    def test_is_satisfied(self, role, how):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, how)
        self.assert_enrolled(self.enroll(account), account, forced=True)

    def test_is_not_reported_where_there_is_none(self):
        self.assertFalse(self.enroll(self.da1).document.get("forced"))

    def test_lets_in_an_account_that_has_a_factor(self):
        self.with_totp(self.da1)
        self.server.arrange("force-tfa", self.da1.name, "string")
        outcome = self.enroll(self.da1, "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_enrolled(outcome, self.da1, others=1)


class ForcedPassword(Case):
    """The server insists on a new password."""

    NEW = "Made-Up-New-Pass-17"

    def hold(self, account):
        if self.server.dialect != "forced":
            self.skipTest("this release holds no account for its password")
        self.server.arrange("force-pw-update", account.name, "on")

    def new_password(self):
        self.secret_texts.add(self.NEW)
        return self.file("new-password", self.NEW + "\n")

    def assert_password(self, account, password, works):
        words = ["--password-file", self.password_file(password), "--json"]
        if self.out.exists():
            words += ["--login-secret-file", self.out]
        outcome = self.cowkey(account, *words, "list")
        self.assertEqual(outcome.status, 0 if works else 5, outcome)

    @each(ROLES)
    def test_is_refused_with_an_explanation(self, role):
        account = self.server.of_role(role)
        self.hold(account)
        with self.unchanged(account):
            outcome = self.enroll(account, status=None)
        self.assert_failed(outcome, 5, says="password", hints="--new-password-file")
        self.assertFalse(self.out.exists())

    @each({"list": ["list"], "remove": ["--yes", "remove", "x"], "rename": ["rename", "x", "y"]})
    def test_names_a_command_that_does_it(self, words):
        """Not every command takes the new password."""
        self.hold(self.bob)
        with self.unchanged(self.bob):
            outcome = self.cowkey(self.bob, "--json", *words)
        self.assert_failed(outcome, 5, says="password", hints="'cowkey password'")

    def assert_changed(self, outcome, account, **members):
        self.server.web.note_password(account, self.NEW)
        self.assert_enrolled(outcome, account, **members)
        self.assert_password(account, self.NEW, works=True)
        self.assert_password(account, account.password, works=False)

    @each(ROLES)
    def test_is_changed_on_the_way(self, role):
        account = self.server.of_role(role)
        self.hold(account)
        outcome = self.enroll(account, "--new-password-file", self.new_password())
        self.assert_changed(outcome, account)

    @each(ROLES)
    def test_together_with_a_forced_set_up(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.hold(account)
        outcome = self.enroll(account, "--new-password-file", self.new_password())
        self.assert_changed(outcome, account, forced=True)

    def test_is_changed_to_what_a_command_says(self):
        self.hold(self.bob)
        command = f"cat {self.new_password()}"
        self.assert_changed(self.enroll(self.bob, "--new-password-command", command), self.bob)

    def test_is_changed_to_what_a_descriptor_says(self):
        self.hold(self.bob)
        with open(self.new_password(), "rb") as file:
            outcome = self.enroll(self.bob, "--new-password-fd", file.fileno(),
                                  pass_fds=[file.fileno()])
        self.assert_changed(outcome, self.bob)

    def test_is_not_changed_unless_the_server_insists(self):
        outcome = self.enroll(self.bob, "--new-password-file", self.new_password())
        self.assert_enrolled(outcome, self.bob)
        self.assert_password(self.bob, self.bob.password, works=True)

    def test_against_the_policy_changes_nothing(self):
        self.hold(self.bob)
        weak = self.file("weak", "x1\n")
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, "--new-password-file", weak, status=None)
        self.assert_failed(outcome, 3, says="password")
        self.server.arrange("force-pw-update", self.bob.name, "off")
        self.assert_password(self.bob, self.bob.password, works=True)

    def test_failing_after_the_change_says_that_it_changed(self):
        self.hold(self.bob)
        self.server.fault("drop-before", field="login_user", skip=1, times=9)
        outcome = self.enroll(self.bob, "--new-password-file", self.new_password(), status=4)
        self.assert_failed(outcome, 4, says="password")
        self.assertEqual((outcome.document["result"], outcome.document["password_changed"]),
                         ("failed", True))
        self.assertFalse(self.out.exists())

    @on_older_dialects
    def test_is_only_a_reminder_on_older_releases(self):
        self.server.arrange("force-pw-update", self.bob.name, "on")
        self.assert_enrolled(self.enroll(self.bob), self.bob)
