"""Ctrl-C, a closed window, a killed run: before the change nothing is left, after it 4 says so."""

import shlex
import signal

from case import CODE, Case, each

PATIENCE_S = 20


class InterruptCase(Case):
    def assert_interrupted(self, outcome):
        self.assertEqual(outcome.status, 130, outcome)
        self.assertFalse(self.out.exists(), "a secret that is worth nothing was left")

    def hang_at(self, found, **match):
        """An unattended enrollment that waits for an answer which will not come."""
        self.server.fault("hang", **match)
        run = self.start(self.bob, "--json", "--yes", "enroll", "totp", "--unattended", "--out",
                         self.out)
        self.server.await_requests(found)
        return run


class BeforeTheChange(InterruptCase):
    @each({"Ctrl-C": lambda person: person.interrupt(),
           "SIGINT": lambda person: person.send_signal(signal.SIGINT),
           "SIGTERM": lambda person: person.send_signal(signal.SIGTERM),
           "SIGHUP": lambda person: person.send_signal(signal.SIGHUP),
           "closing the window": lambda person: person.hang_up()})
    def test_at_the_question_for_the_code(self, stop):
        with self.unchanged(self.da1):
            person = self.enroll_by_hand(self.da1)
            person.expect(CODE)
            self.assertTrue(self.out.exists())
            self.secrets.add(self.phone().secret)
            stop(person)
            outcome = self.finish(person)
        self.assert_interrupted(outcome)

    def test_at_the_question_for_the_password(self):
        person = self.sit_down(self.da1, "--json", "list", password=None)
        person.ask("password[^\n]*:")
        person.interrupt()
        self.assert_interrupted(self.finish(person))

    def test_at_the_question_for_an_existing_factor_s_code(self):
        self.with_totp(self.da1)
        with self.unchanged(self.da1):
            person = self.enroll_by_hand(self.da1)
            person.expect(CODE)
            person.interrupt()
            outcome = self.finish(person)
        self.assert_interrupted(outcome)

    def test_at_the_question_about_mail_programs(self):
        with self.unchanged(self.bob):
            person = self.enroll_by_hand(self.bob)
            person.expect(r"\?[^?\n]*$")
            person.interrupt()
            outcome = self.finish(person)
        self.assert_interrupted(outcome)

    def test_tells_a_script_too(self):
        person = self.enroll_by_hand(self.da1)
        person.expect(CODE)
        person.interrupt()
        self.assert_failed(self.finish(person), 130)

    def test_end_of_input_at_the_question_ends_it(self):
        with self.unchanged(self.da1):
            person = self.enroll_by_hand(self.da1)
            person.expect(CODE)
            person.press("\x04")
            outcome = self.finish(person)
        self.assertIn(outcome.status, (2, 3, 130), outcome)
        self.assertFalse(self.out.exists())

    def test_pictures_are_removed_too(self):
        for kind in ("png", "svg"):
            picture = self.place / f"picture.{kind}"
            person = self.enroll_by_hand(self.da1, "--qr", f"{kind}:{picture}")
            person.expect(CODE)
            self.assertTrue(picture.exists())
            person.interrupt()
            self.assert_interrupted(self.finish(person))
            self.assertFalse(picture.exists())

    def test_while_the_page_is_read(self):
        with self.unchanged(self.bob):
            run = self.hang_at(lambda row: row["path"] == "/user", method="GET", path="/user")
            run.interrupt()
            outcome = self.finish(run)
        self.assert_interrupted(outcome)

    def test_of_doctor_says_nothing_of_an_account(self):
        self.server.fault("hang", times=9)
        run = self.start(None, "doctor")
        self.server.await_requests(lambda row: row["account"] is None)
        run.interrupt()
        self.assertNotIn("account", self.finish(run, 130).stderr)

    @each(["code", "verify totp 123456", "verify hotp 123456"])
    def test_without_a_server_says_nothing_of_an_account(self, words):
        person = self.sit_down(None, *words.split(), connect=False)
        person.ask("secret[^\n]*:")
        person.interrupt()
        self.assertNotIn("account", self.finish(person, 130).stderr)

    def test_of_a_login_says_that_the_account_is_as_it_was(self):
        person = self.sit_down(self.da1, "list", password=None)
        person.ask("password[^\n]*:")
        person.interrupt()
        self.assertIn("The account is as it was.", self.finish(person, 130).stderr)

    def test_terminal_is_left_as_it_was(self):
        person = self.sit_down(self.da1, "list", password=None)
        person.ask("password[^\n]*:")
        person.interrupt()
        person.process.wait(PATIENCE_S)
        self.assertEqual(person.terminal_settings(), person.settings_before)
        self.finish(person, 130)


class AfterTheChange(InterruptCase):
    """The server was told: what became of it is not known, and said to be so."""

    def assert_unknown(self, outcome):
        self.assert_failed(outcome, 4, hints="cowkey .*list")
        self.assertEqual(outcome.document["result"], "unknown")
        self.assertTrue(self.out.exists(), "the only copy of the secret is gone")
        self.assertIn(self.bob.name, outcome.error["hint"])

    @each([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_between_submit_and_answer(self, number):
        run = self.hang_at(lambda row: "totp_secret" in row["form"], field="totp_secret")
        run.interrupt(number)
        self.assert_unknown(self.finish(run))

    def test_at_the_proof_s_login(self):
        self.sessions_lost = 1  # the hanging answer has its cookie
        run = self.hang_at(lambda row: "login_user" in row["form"] and row["n"] > 4,
                           field="login_user", skip=1)
        run.interrupt()
        self.assert_unknown(self.finish(run))
        self.assertEqual(len(self.server.factors(self.bob)), 1, "an unproved factor was removed")

    def test_at_the_proof_s_page(self):
        run = self.hang_at(lambda row: row["path"] == "/user" and row["method"] == "GET"
                           and row["n"] > 5, method="GET", path="/user", skip=1)
        run.interrupt()
        self.assert_unknown(self.finish(run))
        self.assertEqual(len(self.server.factors(self.bob)), 1, "an unproved factor was removed")

    def test_hint_is_a_command_that_works(self):
        """The command to look with, word for word; the environment adds what only tests need."""
        run = self.hang_at(lambda row: "totp_secret" in row["form"], field="totp_secret")
        run.interrupt()
        hint = self.finish(run, 4).error["hint"]
        words = shlex.split(hint[hint.index("cowkey "):])[1:]
        words = words[:words.index("list") + 1]
        environ = {"COWKEY_CACERT": self.server.cacert, "COWKEY_RESOLVE": self.server.resolve}
        looked = self.cowkey(None, "--password-file", self.password_file(self.bob.password),
                             "--login-secret-file", self.out, *words, connect=False,
                             environ=environ, status=0)
        self.assertIn("cowkey", looked.stdout)

    def test_killed_run_keeps_the_secret(self):
        """Nothing is cleaned up after SIGKILL; the secret was on disk before the server knew."""
        self.sessions_lost = 1
        run = self.hang_at(lambda row: "totp_secret" in row["form"], field="totp_secret")
        run.interrupt(signal.SIGKILL)
        self.finish(run, -signal.SIGKILL)
        (row,) = self.server.factors(self.bob)
        self.assertEqual(row["secret"], self.phone().secret)
