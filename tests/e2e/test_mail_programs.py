"""A first second factor shuts out mail programs that use the password: said before, and asked."""

import otp
from case import Case, in_every_dialect

ASKS = r"mail program[^\0]*\?[^?\n]*$"


@in_every_dialect
class MailPrograms(Case):
    def unattended(self, account, *words):
        return self.cowkey(account, "--json", *words, "enroll", "totp", "--unattended",
                           "--out", self.out)

    def told(self, outcome):
        self.assertEqual(outcome.status, 0, outcome)
        return outcome.document.get("mail_programs")

    def test_that_will_stop_need_a_yes(self):
        with self.unchanged(self.bob):
            outcome = self.unattended(self.bob)
        self.assertEqual(outcome.status, 2, outcome)
        self.assert_failed(outcome, 2, says="mail program", hints="--yes|app password")
        self.assertFalse(self.out.exists())

    def test_that_will_stop_are_reported(self):
        outcome = self.unattended(self.bob, "--yes")
        self.assertRegex(self.told(outcome), "stop")
        self.assertRegex(outcome.stderr, "(?i)mail program")

    def test_with_app_passwords_go_on_working(self):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        will_stop = self.told(self.unattended(self.bob, "--yes"))
        self.assertNotRegex(will_stop, "stop")

    def test_with_app_passwords_need_no_yes(self):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        self.told(self.unattended(self.bob))

    def test_of_others_are_no_matter(self):
        self.server.arrange("add-app-password", self.carol.name, "laptop")
        self.assertEqual(self.unattended(self.bob).status, 2)

    def test_have_stopped_already_with_another_factor(self):
        self.with_totp(self.bob)
        outcome = self.unattended(self.bob, "--login-secret-file", self.secret_file(otp.SECRET))
        self.assertEqual(outcome.status, 0, outcome)

    def test_do_not_matter_to_admins(self):
        self.assertEqual(self.unattended(self.admin).status, 0)


class AtATerminal(Case):
    def begin(self):
        return self.enroll_by_hand(self.bob, "--unattended")

    def test_no_changes_nothing(self):
        with self.unchanged(self.bob):
            person = self.begin()
            person.expect(ASKS)
            person.answer("n")
            outcome = self.finish(person)
        self.assert_failed(outcome, 3)
        self.assertFalse(self.out.exists())

    def test_yes_goes_on(self):
        person = self.begin()
        person.expect(ASKS)
        person.answer("y")
        self.assertEqual(self.finish(person, 0).document["result"], "enrolled")

    def test_an_empty_answer_is_no_yes(self):
        with self.unchanged(self.bob):
            person = self.begin()
            person.expect(ASKS)
            person.answer("")
            outcome = self.finish(person)
        self.assertEqual(outcome.status, 3, outcome)
