"""list: the account's own factors, told as the server's page tells them."""

import otp
from case import CODE, ROLES, Case, each, in_every_dialect, on_older_dialects, plays_on

# What a label on the server may do to a terminal, and what must be left of it.
NASTY = {"escape": "\x1b[31mred\x1b[0m", "title": "\x1b]0;owned\x07", "return": "good\rbad",
         "newline": "one\ntwo", "backspace": "ab\b\bc", "C1": "\x9b31mred", "bidi": "\u202egnp.exe",
         "DEL": "a\x7fb"}


class ListCase(Case):
    def list(self, account, *words, status=0):
        return self.cowkey(account, "--json", *words, "list", status=status).document

    def list_with_totp(self, account):
        return self.list(account, "--login-secret-file", self.secret_file(otp.SECRET))


@in_every_dialect
class Factors(ListCase):
    @each(ROLES)
    def test_none(self, role):
        account = self.server.of_role(role)
        document = self.list(account)
        self.assertEqual((document["schema"], document["account"], document["role"]),
                         ("cowkey.list/1", account.name, role))
        self.assertEqual((document["factors"], document["passkeys"]), ([], []))

    @each(ROLES)
    def test_as_the_server_has_them(self, role):
        account = self.server.of_role(role)
        self.with_totp(account, "old phone")
        self.with_totp(account, "Bob's \"key\" <1> & ünïcode 📱", otp.OTHER_SECRET)
        document = self.list(account, "--login-factor", "old phone", "--login-secret-file",
                             self.secret_file(otp.SECRET))
        told = [(int(row["id"]), row["label"]) for row in document["factors"]]
        truth = [(row["id"], row["label"]) for row in self.server.factors(account)]
        self.assertEqual(told, truth)

    def test_of_others_are_not_shown(self):
        self.with_totp(self.alice)
        self.assertEqual(self.list(self.bob)["factors"], [])

    def test_methods_are_told_where_the_server_tells(self):
        """The factor page hides them; the login page has named the TOTP rows."""
        self.with_totp(self.bob)
        self.server.arrange("add-webauthn", self.bob.name, "blue key")
        methods = [row["method"] for row in self.list_with_totp(self.bob)["factors"]]
        self.assertEqual(methods, ["totp", "webauthn"])

    def test_methods_of_yubico_keys_too(self):
        """The login page only says that there are some."""
        self.server.arrange("add-yubiotp", self.bob.name, "yubi", "cccccccccccc")
        self.with_totp(self.bob)
        methods = [row["method"] for row in self.list_with_totp(self.bob)["factors"]]
        self.assertEqual(methods, ["yubiotp", "totp"])

    def test_current_one_is_marked(self):
        self.with_totp(self.bob)
        self.with_totp(self.bob, "tablet", otp.OTHER_SECRET)
        document = self.list(self.bob, "--login-factor", "old phone", "--login-secret-file",
                             self.secret_file(otp.SECRET))
        self.assertEqual({row["label"]: row["current"] for row in document["factors"]},
                         {"old phone": True, "tablet": False})

    def test_current_one_is_known_where_the_page_marks_none(self):
        """The domain admin's page; the login was answered with its row."""
        self.with_totp(self.da1)
        self.with_totp(self.da1, "tablet", otp.OTHER_SECRET)
        document = self.list(self.da1, "--login-factor", "old phone", "--login-secret-file",
                             self.secret_file(otp.SECRET))
        self.assertEqual([row["current"] for row in document["factors"]], [True, False])

    def test_many(self):
        for number in range(12):
            self.with_totp(self.bob, f"phone {number}")
        document = self.list(self.bob, "--login-factor", "phone 7", "--login-secret-file",
                             self.secret_file(otp.SECRET))
        self.assertEqual(len(document["factors"]), 12)

    def test_changes_nothing(self):
        self.with_totp(self.bob)
        with self.unchanged(self.bob):
            self.list_with_totp(self.bob)

    @plays_on("forced")
    @each({f"{role}-{how}": (role, how) for role in ROLES for how in ("string", "number", "off")})
    def test_forced_is_told_where_the_account_may_read_it(self, role, how):
        """A domain admin may not."""
        account = self.server.of_role(role)
        self.with_totp(account)
        self.server.arrange("force-tfa", account.name, how)
        self.assertIs(self.list_with_totp(account)["forced"],
                      None if role == "domain-admin" else how != "off")

    @on_older_dialects
    @each(ROLES)
    def test_forced_is_not_known_to_older_releases(self, role):
        self.assertIsNone(self.list(self.server.of_role(role))["forced"])

    @plays_on("forced")
    def test_in_a_forced_set_up(self):
        self.server.arrange("force-tfa", self.bob.name, "string")
        with self.unchanged(self.bob):
            document = self.list(self.bob)
        self.assertIs(document["forced"], True)
        self.assertIn(document["factors"], ([], None))


class Methods(ListCase):
    """--methods asks by another login, and only where the first was not asked for a factor."""

    def switched_off(self):
        """The next login needs no factor, and switches them on again."""
        self.with_totp(self.da1)
        self.server.arrange("add-webauthn", self.da1.name, "blue key")
        self.server.web.disable_factors(self.da1)

    def logins(self):
        return len(self.server.password_attempts())

    @in_every_dialect
    def test_of_factors_that_were_switched_off(self):
        self.switched_off()
        document = self.list(self.da1, "--methods")
        self.assertEqual([row["method"] for row in document["factors"]], ["totp", "webauthn"])
        self.assertEqual([row["current"] for row in document["factors"]], [None, None])
        self.assertEqual(self.logins(), 2)

    def test_are_unknown_without(self):
        self.switched_off()
        document = self.list(self.da1)
        self.assertEqual([row["method"] for row in document["factors"]], ["unknown", "unknown"])
        self.assertEqual(self.logins(), 1)

    def test_cost_nothing_where_they_are_known(self):
        self.with_totp(self.bob)
        self.list(self.bob, "--methods", "--login-secret-file", self.secret_file(otp.SECRET))
        self.list(self.alice, "--methods")
        self.assertEqual(self.logins(), 2)

    def test_of_an_account_whose_second_login_fails(self):
        self.switched_off()
        self.server.fault("drop-before", field="login_user", skip=1, times=9)
        self.assert_failed(self.cowkey(self.da1, "--json", "list", "--methods"), 6)


class NotVisible(ListCase):
    """What a page does not show is null, never an empty list."""

    def comes_from(self, source):
        """The account's page is an outside account's; no directory is there to log in through."""
        if self.server.dialect == "single":
            self.skipTest("this release knows no outside accounts")
        self.server.meanwhile("authsource", self.bob.name, source, method="GET",
                              path=self.server.factor_page("mailbox"))

    @each(["keycloak", "generic-oidc"])
    def test_factors_of(self, source):
        self.comes_from(source)
        document = self.list(self.bob)
        self.assertEqual((document["factors"], document["passkeys"]), (None, None))

    def test_passkeys_of_a_directory_account(self):
        self.comes_from("ldap")
        document = self.list(self.bob)
        self.assertEqual((document["factors"], document["passkeys"]), ([], None))

    def test_is_said_to_a_person(self):
        self.comes_from("generic-oidc")
        outcome = self.cowkey(self.bob, "list", status=0)
        self.assertRegex(outcome.stdout + outcome.stderr, "(?i)not visible|not show")

    @each(["keycloak", "generic-oidc"])
    def test_enrolling_is_refused_for(self, source):
        self.comes_from(source)
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, status=None)
        self.assert_failed(outcome, 3, hints="OIDC|provider|outside")
        self.assertFalse(self.out.exists())


class ForThePerson(ListCase):
    def shown(self, *words):
        outcome = self.cowkey(self.bob, "--login-secret-file", self.secret_file(otp.SECRET), *words,
                              "list", status=0)
        return outcome.stdout

    def test_has_ids_and_labels(self):
        identifier = self.with_totp(self.bob)
        line = next(line for line in self.shown().splitlines() if "old phone" in line)
        self.assertIn(str(identifier), line.split())

    def test_has_the_dates_of_passkeys(self):
        self.with_totp(self.bob)
        self.server.arrange("add-passkey", self.bob.name, "blue key")
        self.assertRegex(self.shown(), r"pk:[0-9a-f]{8} +blue key +\(since \d{4}-\d\d-\d\d ")

    @each(NASTY)
    def test_escapes_a_label_with(self, label):
        self.with_totp(self.bob, label)
        text = self.shown()
        for sign in set(label):
            if not sign.isprintable() and sign != "\n":
                self.assertNotIn(sign, text)
        self.assertNotIn("one\ntwo", text)

    @each(NASTY)
    def test_json_is_one_line_with(self, label):
        self.with_totp(self.bob, label)
        outcome = self.cowkey(self.bob, "--json", "--login-secret-file",
                              self.secret_file(otp.SECRET), "list", status=0)
        self.assertEqual(outcome.stdout.count("\n"), 1)
        self.assertTrue(outcome.stdout.rstrip("\n").isprintable(), outcome)
        self.assertEqual(len(outcome.document["factors"]), 1)

    @each(NASTY)
    def test_question_escapes_a_label_with(self, label):
        """The question for a code names the factor, on a terminal."""
        self.with_totp(self.bob, label)
        person = self.sit_down(self.bob, "list")
        person.expect(CODE)
        person.answer(otp.code(otp.SECRET))
        shown = self.finish(person, 0).stderr
        for sign in set(label):
            if not sign.isprintable() and sign not in "\r\n":
                self.assertNotIn(sign, shown)
        self.assertNotIn("good\rbad", shown)
