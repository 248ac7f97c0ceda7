"""prove totp: does this factor log in, now? It changes nothing."""

import otp
from case import CODE, ROLES, Case, each, in_every_dialect, plays_on


@in_every_dialect
class Prove(Case):
    def prove(self, account, *words, secret=otp.SECRET):
        with self.unchanged(account):
            return self.cowkey(account, "--json", "--login-secret-file",
                               self.secret_file(secret, "prove"), "prove", "totp", *words)

    def assert_no(self, outcome, reason):
        self.assertEqual(outcome.status, 1, outcome)
        document = outcome.document
        self.assertEqual((document["result"], document["reason"]), ("refused", reason))
        return document

    @each(ROLES)
    def test_accepted(self, role):
        account = self.server.of_role(role)
        identifier = self.with_totp(account)
        outcome = self.prove(account)
        self.assertEqual(outcome.status, 0, outcome)
        document = outcome.document
        self.assertEqual(
            (document["schema"], document["account"], document["role"], document["method"],
             document["factor_id"], document["result"], document["code_source"]),
            ("cowkey.prove/1", account.name, role, "totp", identifier, "accepted", "computed"))

    @each(ROLES)
    def test_refused(self, role):
        account = self.server.of_role(role)
        identifier = self.with_totp(account)
        document = self.assert_no(self.prove(account, secret=otp.OTHER_SECRET), "refused")
        self.assertEqual(document["factor_id"], identifier)

    @each(ROLES)
    def test_not_asked(self, role):
        account = self.server.of_role(role)
        document = self.assert_no(self.prove(account), "not-asked")
        self.assertIsNone(document["factor_id"])

    @plays_on("forced")
    def test_not_asked_in_a_forced_set_up(self):
        self.server.arrange("force-tfa", self.bob.name, "string")
        self.assert_no(self.prove(self.bob), "not-asked")

    def test_not_listed(self):
        self.with_totp(self.bob)
        self.assert_no(self.prove(self.bob, "--login-factor", "nobody's phone"), "not-listed")

    def test_not_listed_among_other_methods(self):
        self.server.needs_simulation()
        self.server.arrange("add-yubiotp", self.bob.name, "my Yubikey", otp.YUBIKEY)
        self.assert_no(self.prove(self.bob), "not-listed")

    @each({"label": lambda ids: "new phone", "id": lambda ids: str(ids[1])})
    def test_chosen_by(self, choice):
        ids = [self.with_totp(self.bob), self.with_totp(self.bob, "new phone", otp.OTHER_SECRET)]
        outcome = self.prove(self.bob, "--login-factor", choice(ids), secret=otp.OTHER_SECRET)
        self.assertEqual(outcome.status, 0, outcome)
        self.assertEqual(outcome.document["factor_id"], ids[1])

    def test_right_secret_for_the_wrong_factor_is_refused(self):
        self.with_totp(self.bob)
        self.with_totp(self.bob, "new phone", otp.OTHER_SECRET)
        self.assert_no(self.prove(self.bob, "--login-factor", "new phone"), "refused")

    def test_code_typed(self):
        self.with_totp(self.bob)
        person = self.sit_down(self.bob, "--json", "prove", "totp")
        person.expect(CODE)
        person.answer(otp.code(otp.SECRET))
        document = self.finish(person, 0).document
        self.assertEqual((document["result"], document["code_source"]), ("accepted", "person"))

    def test_wrong_password_is_no_verdict(self):
        self.with_totp(self.bob)
        wrong = self.password_file("Made-Up-Wrong-Pass")
        outcome = self.cowkey(self.bob, "--json", "--password-file", wrong, "--login-secret-file",
                              self.secret_file(otp.SECRET), "prove", "totp", password=None)
        self.assert_failed(outcome, 5, says="password|log")

    @each({"lost": "drop-before", "lost on the way back": "drop-after", "an error": "status:502",
           "of another site": "other-site"})
    def test_answer_that_is(self, fault):
        """Nothing is known then: that is neither a yes nor a no."""
        self.with_totp(self.bob)
        self.server.fault(fault, field="verify_tfa_login", times=9)
        self.sessions_lost = 1
        outcome = self.prove(self.bob)
        self.assertNotIn(outcome.status, (0, 1, 5), outcome)
        self.assert_failed(outcome, outcome.status)

    def test_page_of_another_account_is_no_yes(self):
        self.with_totp(self.bob)
        self.server.fault(f"other-account:{self.alice.name}", method="GET",
                          path=self.server.factor_page("mailbox"), times=9)
        outcome = self.prove(self.bob)
        self.assertNotIn(outcome.status, (0, 1), outcome)

    def test_person_reads_it(self):
        self.with_totp(self.bob)
        secret = self.secret_file(otp.SECRET)
        outcome = self.cowkey(self.bob, "--login-secret-file", secret, "prove", "totp", status=0)
        self.assertTrue(outcome.stdout.strip())
