"""What an enrollment leaves: the otpauth URI, the label on the server, words for people."""

import re
import stat

import otp
from case import Case, each, in_every_dialect


class WhatIsWritten(Case):
    def test_out_is_a_private_uri(self):
        self.enroll(self.bob)
        self.assertEqual(stat.S_IMODE(self.out.stat().st_mode), 0o600)
        text = self.out.read_text()
        self.assertRegex(text, r"\Aotpauth://totp/[!-~]+\n\Z")
        self.assertNotIn("+", text)
        phone = otp.Phone(text)
        self.assertEqual(phone.issuer, self.server.host)
        self.assertEqual(phone.label, f"{self.server.host}:{self.bob.name}")
        self.assertRegex(phone.secret, r"\A[A-Z2-7]{32}\Z")  # 160 bits
        self.assertEqual(set(phone.parameters), {"secret", "issuer"})

    def test_every_secret_is_a_new_one(self):
        self.enroll(self.bob)
        first = self.phone().secret
        self.out.unlink()
        self.enroll(self.da1)
        self.assertNotEqual(first, self.phone().secret)

    @each({"spaces": "Example Company", "other letters": "Bücherei & Café 100%"})
    def test_issuer_with(self, issuer):
        self.enroll(self.bob, "--issuer", issuer)
        phone = self.phone()
        self.assertEqual(phone.issuer, issuer)
        self.assertTrue(phone.label.startswith(issuer + ":"), phone.label)
        self.assertNotIn("+", phone.uri)

    @each({"quotes": "Bob's \"phone\"", "HTML": "<b>phone</b>&amp;", "emoji": "phone 📱",
           "a backslash": "C:\\phone", "255 bytes": "ü" * 127 + "x", "a number": "231",
           "script": "</span><script>alert(1)</script>", "a percent sign": "100%41+%s"})
    @in_every_dialect
    def test_label_with(self, label):
        outcome = self.enroll(self.bob, "--label", label)
        self.assert_enrolled(outcome, self.bob, label=label)

    def test_label_with_spaces_around_it(self):
        """The page can't tell them from its own; whatever is stored must not end as unknown."""
        outcome = self.enroll(self.bob, "--label", "  phone ", status=None)
        self.assertIn(outcome.status, (0, 2), outcome)
        self.assertEqual(len(self.server.factors(self.bob)), 1 if outcome.status == 0 else 0)

    def test_label_is_cowkey_and_the_date(self):
        label = self.enroll(self.bob).document["label"]
        self.assertRegex(label, r"\Acowkey \d{4}-\d\d-\d\d")

    def test_show_secret(self):
        outcome = self.enroll(self.bob, "--show-secret")
        self.assertEqual(outcome.document["otpauth"], self.out.read_text().strip())

    def test_show_secret_to_a_person(self):
        words = ["--yes", "enroll", "totp", "--unattended", "--out", self.out, "--show-secret"]
        outcome = self.cowkey(self.bob, *words, status=0)
        self.assertIn(self.out.read_text().strip(), outcome.stdout + outcome.stderr)

    def test_without_json_a_person_reads_it(self):
        words = ["--yes", "enroll", "totp", "--unattended", "--out", self.out]
        outcome = self.cowkey(self.bob, *words, status=0)
        self.assertRegex(outcome.stdout, re.compile("enrolled|proved", re.IGNORECASE))
