"""enroll totp, when nothing is in the way: roles, existing factors, forced set-ups, a new phone."""

import re
import stat

import otp
from case import CODE, ROLES, Case, each, in_every_dialect, on_older_dialects, plays_on


class EnrollCase(Case):
    def assert_enrolled(self, outcome, account, others=0, **members):
        """The document says enrolled, and the server's truth agrees with it and with --out."""
        document = outcome.document
        wanted = {"schema": "cowkey.enroll/1", "account": account.name, "role": account.role,
                  "method": "totp", "result": "enrolled", "proof": "login"} | members
        self.assertEqual({name: document.get(name) for name in wanted}, wanted, outcome)
        self.assertIn(self.server.host, document["server"])
        rows = self.server.factors(account)
        self.assertEqual(len(rows), others + 1, rows)
        row = next(row for row in rows if row["id"] == document["factor_id"])
        self.assertEqual((row["label"], row["method"]), (document["label"], "totp"))
        if self.out.exists():
            self.assertEqual(row["secret"], otp.Phone(self.out.read_text()).secret)
        return document


@in_every_dialect
class Unattended(EnrollCase):
    @each(ROLES)
    def test_is_proved_by_a_login(self, role):
        account = self.server.of_role(role)
        self.assert_enrolled(self.enroll(account), account, code_source="computed")

    @each(ROLES)
    def test_answers_an_existing_totp(self, role):
        account = self.server.of_role(role)
        self.with_totp(account)
        secret = self.secret_file(otp.SECRET)
        outcome = self.enroll(account, "--login-secret-file", secret)
        self.assert_enrolled(outcome, account, others=1)

    @each(ROLES)
    def test_keeps_to_recorded_when_asked(self, role):
        account = self.server.of_role(role)
        outcome = self.enroll(account, "--proof", "recorded")
        self.assert_enrolled(outcome, account, result="recorded", proof="recorded")
        self.assertEqual(self.server.arrange("f2b").strip(), "0")

    @each(ROLES)
    def test_is_taken_by_the_next_login(self, role):
        account = self.server.of_role(role)
        identifier = self.enroll(account).document["factor_id"]
        listed = self.cowkey(account, "--json", "--login-secret-file", self.out, "list", status=0)
        self.assertEqual([row["id"] for row in listed.document["factors"]], [str(identifier)])


class Budget(EnrollCase):
    """An enrollment with proof: six exchanges, and one more for each thing that is in between."""

    SIX, LOOK_AT_DIALECT = 6, 1

    def assert_budget(self, more):
        seen = [f"{row['method']} {row['path']} {row['form']}" for row in self.server.exchanges()]
        self.assertLessEqual(len(seen), self.SIX + self.LOOK_AT_DIALECT + more, "\n".join(seen))

    @each(ROLES)
    @in_every_dialect
    def test_without_a_factor(self, role):
        self.server.needs_simulation()
        self.enroll(self.server.of_role(role))
        self.assert_budget(more=1 if role == "mailbox" else 0)  # app passwords

    @each(ROLES)
    def test_with_a_factor(self, role):
        self.server.needs_simulation()
        account = self.server.of_role(role)
        self.with_totp(account)
        self.enroll(account, "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_budget(more=1)

    @each(ROLES)
    def test_in_a_forced_set_up(self, role):
        self.server.needs_simulation()
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.enroll(account)
        self.assert_budget(more=2 if role == "mailbox" else 1)

    def test_logs_in_twice_and_no_more(self):
        self.server.needs_simulation()
        self.enroll(self.bob)
        self.assertEqual(len(self.server.password_attempts()), 2)


class ForcedSetUp(EnrollCase):
    """The server insists on a second factor; the flag is stored in two ways."""

    @each({f"{role}-{how}": (role, how) for role in ROLES for how in ("string", "number")})
    def test_is_satisfied(self, role, how):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, how)
        self.assert_enrolled(self.enroll(account), account, forced=True)

    def test_is_not_reported_where_there_is_none(self):
        self.assertFalse(self.enroll(self.da1).document.get("forced"))

    def test_lets_in_an_account_that_has_a_factor(self):
        self.server.arrange("force-tfa", "da1", "string")
        self.with_totp(self.da1)
        outcome = self.enroll(self.da1, "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_enrolled(outcome, self.da1, others=1)


class ForcedPassword(EnrollCase):
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

    @each(ROLES)
    def test_is_changed_on_the_way(self, role):
        account = self.server.of_role(role)
        self.hold(account)
        outcome = self.enroll(account, "--new-password-file", self.new_password())
        self.assert_enrolled(outcome, account)
        self.assert_password(account, self.NEW, works=True)
        self.assert_password(account, account.password, works=False)

    @each(ROLES)
    def test_together_with_a_forced_set_up(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.hold(account)
        outcome = self.enroll(account, "--new-password-file", self.new_password())
        self.assert_enrolled(outcome, account, forced=True)
        self.assert_password(account, self.NEW, works=True)

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

    @on_older_dialects
    def test_is_only_a_reminder_on_older_releases(self):
        self.server.arrange("force-pw-update", self.bob.name, "on")
        self.assert_enrolled(self.enroll(self.bob), self.bob)


class ByHand(EnrollCase):
    """A person types the codes of an app."""

    def begin(self, account, *words):
        """An enrollment up to the question for the new code; the phone has the secret."""
        person = self.sit_down(account, "--json", "--yes", "enroll", "totp", "--out", self.out, *words)
        return person

    def scan(self, person, **phone):
        person.expect(CODE)
        return otp.Phone(self.out.read_text(), **phone)

    @each(ROLES)
    @in_every_dialect
    def test_takes_the_app_s_code(self, role):
        account = self.server.of_role(role)
        person = self.begin(account)
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
        person = self.begin(self.bob)
        phone = self.scan(person)
        person.answer(otp.wrong_code(phone.secret))
        person.expect(r"not (fit|belong)|doesn't|wrong")
        person.expect(CODE)
        person.answer(phone.code())
        self.assert_enrolled(self.finish(person, 0), self.bob)

    @each({"ahead": (600, "ahead|fast"), "behind": (-600, "behind|slow")})
    def test_code_of_another_time_says_how_far_the_phone_is_off(self, ahead_s, word):
        person = self.begin(self.bob)
        phone = self.scan(person, ahead_s=ahead_s)
        person.answer(phone.code())
        said = person.expect(rf"[^\n]*(\d+)[^\n]*({word})[^\n]*|[^\n]*({word})[^\n]*\d+[^\n]*").group()
        self.assertRegex(said, r"\b(10 min|9 min|600|6[0-3]0|5[789]0)", said)
        person.expect(CODE)
        phone.ahead_s = 0
        person.answer(phone.code())
        self.assert_enrolled(self.finish(person, 0), self.bob)

    @each({"before": -30, "after": 30})
    def test_code_of_the_step(self, ahead_s):
        """The server takes the neighbouring steps, so cowkey does."""
        person = self.begin(self.bob)
        person.answer(self.scan(person, ahead_s=ahead_s * 0.9).code())
        self.assert_enrolled(self.finish(person, 0), self.bob)

    def test_code_with_a_space_as_apps_show_it(self):
        person = self.begin(self.bob)
        code = self.scan(person).code()
        person.answer(f"{code[:3]} {code[3:]}")
        self.assert_enrolled(self.finish(person, 0), self.bob)

    def test_only_wrong_codes_change_nothing(self):
        with self.unchanged(self.bob):
            person = self.begin(self.bob)
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
class ExistingFactors(EnrollCase):
    """Which one answers at login, and how."""

    def test_code_from_the_terminal(self):
        self.with_totp(self.da1)
        person = self.sit_down(self.da1, "--json", "enroll", "totp", "--unattended", "--out", self.out)
        person.expect(CODE)
        person.answer(otp.code(otp.SECRET))
        self.assert_enrolled(self.finish(person, 0), self.da1, others=1)

    def test_yubico_otp_from_the_terminal(self):
        self.server.needs_simulation()
        self.server.arrange("add-yubiotp", self.da1.name, "my Yubikey", otp.YUBIKEY)
        person = self.sit_down(self.da1, "--json", "enroll", "totp", "--unattended", "--out", self.out)
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
        person = self.sit_down(self.da1, "--json", "enroll", "totp", "--unattended", "--out", self.out)
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


@in_every_dialect
class NewPhone(EnrollCase):
    """--replace: enroll, prove, and only then remove the old factor."""

    def replace(self, account, what, *words, status=0):
        return self.enroll(account, "--replace", what, "--login-secret-file",
                           self.secret_file(otp.SECRET), *words, status=status)

    @each(ROLES)
    def test_by_label(self, role):
        account = self.server.of_role(role)
        old = self.with_totp(account)
        self.assert_enrolled(self.replace(account, "old phone"), account, replaced_id=old)

    def test_by_id_among_others(self):
        old = self.with_totp(self.bob)
        self.with_totp(self.bob, "tablet", otp.OTHER_SECRET)
        outcome = self.replace(self.bob, old, "--login-factor", "old phone")
        self.assert_enrolled(outcome, self.bob, others=1, replaced_id=old)

    @each({"unknown": "nobody's phone", "ambiguous": "twin"})
    def test_refuses_before_anything_happens(self, what):
        self.with_totp(self.bob)
        self.with_totp(self.bob, "twin", otp.OTHER_SECRET)
        self.with_totp(self.bob, "twin", otp.OTHER_SECRET)
        with self.unchanged(self.bob):
            outcome = self.replace(self.bob, what, "--login-factor", "old phone", status=None)
        self.assert_failed(outcome, 2)
        self.assertFalse(self.out.exists())

    def test_keeps_the_old_one_when_the_new_one_fails(self):
        self.with_totp(self.bob)
        self.server.fault("refuse-code", field="verify_tfa_login", skip=1)
        with self.unchanged(self.bob):
            outcome = self.replace(self.bob, "old phone", status=3)
        self.assert_failed(outcome, 3)

    @each({"lied about": "lie-success", "cut": "drop-before"})
    def test_says_when_the_removal_is(self, fault):
        self.server.fault(fault, field="unset_tfa_key", times=9)
        self.assert_old_one_stays()

    @plays_on("forced")
    def test_says_when_an_enforced_factor_can_t_be_removed(self):
        self.server.arrange("force-tfa", self.da1.name, "number")
        self.assert_old_one_stays()

    def assert_old_one_stays(self):
        old = self.with_totp(self.da1)
        outcome = self.replace(self.da1, "old phone", status=4)
        self.assert_failed(outcome, 4, says=str(old), hints=".")
        self.assertEqual((outcome.document["result"], outcome.document.get("replaced_id")),
                         ("enrolled", None))
        self.assertEqual(len(self.server.factors(self.da1)), 2)


class WhatIsWritten(EnrollCase):
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
        first = otp.Phone(self.out.read_text()).secret
        self.out.unlink()
        self.enroll(self.da1)
        self.assertNotEqual(first, otp.Phone(self.out.read_text()).secret)

    @each({"spaces": "Example Company", "other letters": "Bücherei & Café 100%"})
    def test_issuer_with(self, issuer):
        self.enroll(self.bob, "--issuer", issuer)
        phone = otp.Phone(self.out.read_text())
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
