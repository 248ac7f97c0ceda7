"""enroll totp by a person: the codes of an app, and which existing factor answers."""

import otp
from case import CODE, ROLES, Case, each, in_every_dialect


class ByHand(Case):
    """A person types the codes of an app."""

    def scan(self, person, **phone):
        """The app, once the new code is asked for."""
        person.expect(CODE)
        return self.phone(**phone)

    @each(ROLES)
    @in_every_dialect
    def test_takes_the_app_s_code(self, role):
        account = self.server.of_role(role)
        person = self.enroll_by_hand(account, "--yes")
        person.answer(self.scan(person).code())
        self.assert_enrolled(self.finish(person, 0), account, code_source="person")

    def test_with_everything_asked_on_the_terminal(self):
        self.with_totp(self.da1)
        person = self.sit_down(self.da1, "enroll", "totp", "--out", self.out, password=None)
        person.ask("password[^\n]*:")
        person.answer(self.da1.password)
        person.expect(CODE)
        person.answer(otp.code(otp.SECRET))
        person.answer(self.scan(person).code())
        outcome = self.finish(person, 0)
        self.assertIn("cowkey", outcome.stdout + outcome.stderr)
        self.assertEqual(len(self.server.factors(self.da1)), 2)

    def test_code_that_fits_nowhere(self):
        person = self.enroll_by_hand(self.bob, "--yes")
        phone = self.scan(person)
        person.answer(otp.wrong_code(phone.secret))
        person.expect(r"not (fit|belong)|doesn't|wrong")
        person.expect(CODE)
        person.answer(phone.code())
        self.assert_enrolled(self.finish(person, 0), self.bob)

    @each({"ahead": (600, "ahead|fast"), "behind": (-600, "behind|slow")})
    def test_code_of_another_time_says_how_far_the_phone_is_off(self, ahead_s, word):
        person = self.enroll_by_hand(self.bob, "--yes")
        phone = self.scan(person, ahead_s=ahead_s)
        person.answer(phone.code())
        said = person.expect(rf"[^\n]*\d[^\n]*({word})[^\n]*").group()
        self.assertRegex(said, r"\b(10 min|9 min|600|6[0-3]0|5[789]0)", said)
        person.expect(CODE)
        phone.ahead_s = 0
        person.answer(phone.code())
        self.assert_enrolled(self.finish(person, 0), self.bob)

    @each({"before": -30, "after": 30})
    def test_code_of_the_step(self, ahead_s):
        """The server takes the neighbouring steps, so cowkey does."""
        person = self.enroll_by_hand(self.bob, "--yes")
        phone = self.scan(person, ahead_s=ahead_s)
        otp.await_calm()
        person.answer(phone.code())
        self.assert_enrolled(self.finish(person, 0), self.bob)

    def test_code_with_a_space_as_apps_show_it(self):
        person = self.enroll_by_hand(self.bob, "--yes")
        code = self.scan(person).code()
        person.answer(f"{code[:3]} {code[3:]}")
        self.assert_enrolled(self.finish(person, 0), self.bob)

    def test_only_wrong_codes_change_nothing(self):
        with self.unchanged(self.bob):
            person = self.enroll_by_hand(self.bob, "--yes")
            phone = self.scan(person)
            wrong = otp.wrong_code(phone.secret)
            person.answer(wrong)
            for _ in range(20):
                if person.process.poll() is not None or not self.asked_again(person):
                    break
                person.answer(wrong)
            outcome = self.finish(person)
        self.assert_failed(outcome, 5, says="code")
        self.assertFalse(self.out.exists())
        if self.server.is_simulated:
            self.assertNotIn("totp_secret", str(self.server.requests()))

    @staticmethod
    def asked_again(person):
        try:
            person.expect(CODE)
        except AssertionError:
            return False
        return True


@in_every_dialect
class ExistingFactors(Case):
    """Which one answers at login, and how."""

    def test_code_from_the_terminal(self):
        self.with_totp(self.da1)
        person = self.enroll_by_hand(self.da1, "--unattended")
        person.expect(CODE)
        person.answer(otp.code(otp.SECRET))
        self.assert_enrolled(self.finish(person, 0), self.da1, others=1)

    def test_code_by_a_descriptor_s_secret(self):
        self.with_totp(self.bob)
        with open(self.secret_file(otp.SECRET), "rb") as file:
            outcome = self.enroll(self.bob, "--login-secret-fd", file.fileno(),
                                  pass_fds=[file.fileno()])
        self.assert_enrolled(outcome, self.bob, others=1)

    @each({"base32": otp.SECRET, "lower case": otp.SECRET.lower(),
           "a URI": f"otpauth://totp/x?secret={otp.SECRET}"})
    def test_code_by_a_command_s_secret_in(self, text):
        self.with_totp(self.bob)
        command = f"cat {self.secret_file(text)}"
        outcome = self.enroll(self.bob, "--login-secret-command", command)
        self.assert_enrolled(outcome, self.bob, others=1)

    def test_yubico_otp_chosen_by_its_word(self):
        self.server.needs_simulation()
        self.with_totp(self.da1)
        self.server.arrange("add-yubiotp", self.da1.name, "my Yubikey", otp.YUBIKEY)
        person = self.enroll_by_hand(self.da1, "--unattended", "--login-factor", "yubiotp")
        person.expect("yubi[^\n]*:")
        person.answer(otp.yubico_otp())
        self.assert_enrolled(self.finish(person, 0), self.da1, others=2)

    def test_yubico_otp_from_the_terminal(self):
        self.server.needs_simulation()
        self.server.arrange("add-yubiotp", self.da1.name, "my Yubikey", otp.YUBIKEY)
        person = self.enroll_by_hand(self.da1, "--unattended")
        person.expect("yubi[^\n]*:")
        person.answer(otp.yubico_otp())
        self.assert_enrolled(self.finish(person, 0), self.da1, others=1)

    @each({"label": lambda ids: "new phone", "id": lambda ids: str(ids[1])})
    def test_chosen_by(self, choice):
        ids = [self.with_totp(self.bob, "old phone"),
               self.with_totp(self.bob, "new phone", otp.OTHER_SECRET)]
        outcome = self.enroll(self.bob, "--login-factor", choice(ids),
                              "--login-secret-file", self.secret_file(otp.OTHER_SECRET))
        self.assert_enrolled(outcome, self.bob, others=2)

    @each({"unknown": ("nobody's phone", "factor|label"), "ambiguous": ("twin", "factors|several")})
    def test_refused_when(self, label, says):
        for _ in range(2):
            self.with_totp(self.bob, "twin")
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, "--login-factor", label,
                                  "--login-secret-file", self.secret_file(otp.SECRET), status=2)
        self.assert_failed(outcome, 2, says=says)

    def test_several_and_one_secret_need_a_choice(self):
        self.with_totp(self.bob, "old phone")
        self.with_totp(self.bob, "new phone", otp.OTHER_SECRET)
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, "--login-secret-file", self.secret_file(otp.SECRET),
                                  status=2)
        self.assert_failed(outcome, 2, hints="--login-factor")

    def test_a_person_chooses_among_several(self):
        self.with_totp(self.da1, "old phone")
        self.with_totp(self.da1, "new phone", otp.OTHER_SECRET)
        person = self.enroll_by_hand(self.da1, "--unattended")
        line = person.expect(r"(\d+)[^\n\d]*new phone")
        person.expect(r":\s*$")
        person.answer(line.group(1))
        person.expect(CODE)
        person.answer(otp.code(otp.OTHER_SECRET))
        self.assert_enrolled(self.finish(person, 0), self.da1, others=2)

    def test_legacy_u2f_is_named_and_left_alone(self):
        self.server.arrange("add-u2f", self.bob.name, "grey key")
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, status=None)
        self.assert_failed(outcome, 3, says="U2F|second factor")
