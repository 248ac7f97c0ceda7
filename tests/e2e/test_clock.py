"""Clocks that disagree: a computed code proves nothing about a phone then."""

import time

import otp
from case import CODE, Case, each, in_every_dialect


@in_every_dialect
class Clocks(Case):
    @each({"ahead": 300, "behind": -300, "a little over": 40})
    def test_that_differ_stop_an_unattended_run(self, seconds):
        self.server.arrange("clock", seconds)
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, status=None)
        error = self.assert_failed(outcome, 3, says="clock", hints="--accept-clock-skew")
        self.assertRegex(error["error"], r"\d")
        self.assertFalse(self.out.exists())

    @each({"ahead": 300, "behind": -300})
    def test_that_differ_can_be_accepted_and_are_recorded(self, seconds):
        self.server.arrange("clock", seconds)
        document = self.enroll(self.bob, "--accept-clock-skew").document
        self.assertEqual(document["result"], "enrolled")
        self.assertAlmostEqual(document["clock_offset_s"], seconds, delta=2)

    @each({"ahead": 20, "behind": -20})
    def test_that_differ_a_little_are_no_matter(self, seconds):
        self.server.arrange("clock", seconds)
        self.assertEqual(self.enroll(self.bob).document["result"], "enrolled")

    @each({"ahead": 300, "behind": -300})
    def test_existing_factors_are_answered_by_the_server_s_clock(self, seconds):
        self.server.arrange("clock", seconds)
        self.with_totp(self.bob)
        self.cowkey(self.bob, "--json", "--login-secret-file", self.secret_file(otp.SECRET), "list",
                    status=0)

    def test_of_a_phone_that_agrees_with_the_server(self):
        """A person's code is the proof that the two agree; this computer does not count."""
        self.server.arrange("clock", 300)
        person = self.enroll_by_hand(self.bob, "--yes")
        person.expect(CODE)
        person.answer(self.phone(ahead_s=300).code())
        self.assertEqual(self.finish(person, 0).document["result"], "enrolled")

    def test_of_a_phone_that_is_right_while_the_server_is_wrong(self):
        self.server.arrange("clock", 300)
        person = self.enroll_by_hand(self.bob, "--yes")
        person.expect(CODE)
        phone = self.phone()
        person.answer(phone.code())
        person.expect("server's clock")
        person.expect(CODE)
        phone.ahead_s = 300
        person.answer(phone.code())
        self.finish(person, 0)

    def test_that_are_not_told(self):
        """Without a Date header nothing is known about the server's clock, and nothing is said."""
        self.server.fault("no-date", times=99)
        outcome = self.enroll(self.bob, status=None)
        self.assertIn(outcome.status, (0, 3), outcome)
        if outcome.status == 0:
            self.assertIsNone(outcome.document.get("clock_offset_s"))

    def test_of_the_document_are_this_computer_s(self):
        before = int(time.time())
        document = self.enroll(self.bob).document
        self.assertLessEqual(document["started"], document["finished"])
        self.assertGreaterEqual(document["finished"],
                                time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(before)))
