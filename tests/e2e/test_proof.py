"""The proof and what follows from it: accepted, refused and taken back, or not carried out."""

import otp
from case import CODE, ROLES, Case, each, in_every_dialect, plays_on

MANY = 99


class ProofCase(Case):
    def refuse_proof(self):
        """The server keeps another secret than it is told, and will refuse the right code."""
        self.server.arrange("mix-up", "on")

    def assert_taken_back(self, outcome):
        error = self.assert_failed(outcome, 3)
        self.assertEqual((outcome.document["result"], outcome.document["factor_id"]),
                         ("failed", None))
        self.assertFalse(self.out.exists(), "a secret that is worth nothing was left")
        return error

    def assert_left(self, outcome, account, row_named=True):
        """Something is behind: the entry is named, the secret kept, the way to look told."""
        self.assert_failed(outcome, 4, hints="cowkey .*list")
        self.assertEqual(outcome.document["result"], "unknown")
        self.assertTrue(self.out.exists(), "the only copy of the secret is gone")
        label = outcome.document["label"]
        ours = [row for row in self.server.factors(account) if row["label"] == label]
        if row_named and ours:
            self.assertIn(str(ours[0]["id"]), outcome.error["error"] + outcome.error["hint"])
        return ours


@in_every_dialect
class TakenBack(ProofCase):
    """The server stored the factor and then refused it."""

    @each(ROLES)
    def test_when_it_is_the_only_one(self, role):
        account = self.server.of_role(role)
        self.refuse_proof()
        with self.unchanged(account):
            outcome = self.enroll(account, status=None)
        self.assert_taken_back(outcome)

    @each(ROLES)
    def test_when_others_remain(self, role):
        account = self.server.of_role(role)
        self.with_totp(account, "old phone")
        self.refuse_proof()
        secret = self.secret_file(otp.SECRET)
        with self.unchanged(account):
            outcome = self.enroll(account, "--login-secret-file", secret, status=None)
        self.assert_taken_back(outcome)

    @plays_on("forced")
    @each(ROLES)
    def test_when_the_server_insists_by_a_string(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.refuse_proof()
        with self.unchanged(account):
            outcome = self.enroll(account, status=None)
        self.assert_taken_back(outcome)

    def test_and_only_that_one(self):
        """Somebody else enrolls on the same account before it is taken back."""
        self.server.meanwhile("add-totp", self.bob.name, "somebody else's", otp.OTHER_SECRET,
                              field="verify_tfa_login")
        self.refuse_proof()
        outcome = self.enroll(self.bob, status=None)
        self.assertIn(outcome.status, (3, 4), outcome)
        labels = [row["label"] for row in self.server.factors(self.bob)]
        self.assertIn("somebody else's", labels)
        self.assertEqual(len(labels), 1 if outcome.status == 3 else 2)


class NotAsked(ProofCase):
    """A fresh login that is not asked for the factor proves nothing."""

    def test_is_no_success(self):
        """The server has forgotten everything since; there is nothing left to take back."""
        self.server.meanwhile("reset", field="login_user", skip=1)
        outcome = self.enroll(self.bob, status=None)
        self.assertIn(outcome.status, (3, 4), outcome)
        self.assertNotEqual(outcome.document["proof"], "login")
        self.assertEqual(self.server.factors(self.bob), [])


class NotTakenBack(ProofCase):
    @each({f"{role}-{others}": (role, others) for role in ROLES for others in (0, 1)})
    def test_when_the_server_insists_by_a_number(self, role, others):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "number")
        words = []
        if others:
            self.with_totp(account)
            words = ["--login-secret-file", self.secret_file(otp.SECRET)]
        self.refuse_proof()
        outcome = self.enroll(account, *words, status=4)
        self.assertTrue(self.assert_left(outcome, account))
        self.assertRegex(outcome.error["hint"], "(?i)admin")
        self.assertEqual(len(self.server.factors(account)), others + 1)

    @each({"lost": "drop-before", "lost on the way back": "drop-after", "a lie": "lie-success",
           "an error": "status:500", "an empty session's": "expired"})
    def test_when_the_answer_is(self, fault):
        """Taking back the only one: all are switched off. The end is as the truth is."""
        self.refuse_proof()
        self.server.fault(fault, field="tfa_method", value="none", times=MANY)
        self.server.fault(fault, field="unset_tfa_key", times=MANY)
        outcome = self.enroll(self.bob, status=4)
        self.assert_left(outcome, self.bob)


class NotCarriedOut(ProofCase):
    """Nothing is known then, and nothing is taken back."""

    @each({"the login is lost": ("drop-before", {"field": "login_user", "skip": 1}),
           "the login meets an error": ("status:500", {"field": "login_user", "skip": 1}),
           "the login meets another site": ("other-site", {"field": "login_user", "skip": 1}),
           "the code is lost": ("drop-before", {"field": "verify_tfa_login"}),
           "the code meets an error": ("status:502", {"field": "verify_tfa_login"}),
           "the page is lost": ("drop-before", {"method": "GET", "path": "/user", "skip": 1}),
           "the page is another's": ("other-account:alice@example.test",
                                     {"method": "GET", "path": "/user", "skip": 1})})
    def test_when(self, fault, match):
        self.server.fault(fault, times=MANY, **match)
        outcome = self.enroll(self.bob, status=4)
        self.assertEqual(len(self.assert_left(outcome, self.bob)), 1)
        self.assertEqual(outcome.document["proof"], "recorded")
        self.assertIsNotNone(outcome.document["factor_id"])

    @each({"the login": {"field": "login_user", "skip": 1},
           "the page": {"method": "GET", "path": "/user", "skip": 1}})
    def test_but_a_stumble_is_tried_again(self, match):
        self.server.fault("drop-before", **match)
        self.assertEqual(self.enroll(self.bob).document["result"], "enrolled")

    @in_every_dialect
    @each(ROLES)
    def test_but_a_session_that_got_lost_is_no_refusal(self, role):
        """The server says no to a code that belongs to no login."""
        account = self.server.of_role(role)
        self.server.fault("expired", field="verify_tfa_login")
        self.assert_enrolled(self.enroll(account), account)

    @in_every_dialect
    def test_when_all_sessions_get_lost(self):
        self.server.fault("expired", field="verify_tfa_login", times=MANY)
        outcome = self.enroll(self.bob, status=4)
        self.assertEqual(len(self.assert_left(outcome, self.bob)), 1)
        self.assertRegex(outcome.error["error"], "forgot")

    def test_when_the_password_is_changed_in_between(self):
        self.server.meanwhile("password", self.bob.name, "Made-Up-Other-Pass", field="login_user",
                              skip=1)
        outcome = self.enroll(self.bob, status=4)
        self.assertEqual(len(self.assert_left(outcome, self.bob)), 1)
        self.assertEqual(len(self.server.password_attempts()), 2, "a refused password again")

    def test_when_the_login_offers_nothing_that_can_be_answered(self):
        """An old U2F key, and the server asks for nothing else any more."""
        self.server.meanwhile("add-u2f", self.bob.name, "grey key", field="login_user", skip=1)
        outcome = self.enroll(self.bob, status=4)
        self.assertEqual(len(self.assert_left(outcome, self.bob)), 1)

    def test_a_person_is_asked_to_try_again(self):
        self.server.fault("drop-before", field="login_user", skip=1, times=2)
        person = self.enroll_by_hand(self.bob, "--yes")
        person.expect(CODE)
        person.answer(self.phone().code())
        person.expect(r"again\?[^\n]*$")
        person.answer("y")
        self.assertEqual(self.finish(person, 0).document["result"], "enrolled")

    def test_a_person_may_say_no(self):
        self.server.fault("drop-before", field="login_user", skip=1, times=MANY)
        person = self.enroll_by_hand(self.bob, "--yes")
        person.expect(CODE)
        person.answer(self.phone().code())
        person.expect(r"again\?[^\n]*$")
        person.answer("n")
        outcome = self.finish(person, 4)
        self.assertEqual(len(self.assert_left(outcome, self.bob)), 1)


@in_every_dialect
class Lies(ProofCase):
    """The server's "success" is no evidence: its list is."""

    @each(ROLES)
    def test_success_and_nothing_stored(self, role):
        account = self.server.of_role(role)
        self.server.fault("lie-success", field="totp_secret")
        with self.unchanged(account):
            outcome = self.enroll(account, status=None)
        self.assert_taken_back(outcome)

    @each(ROLES)
    def test_two_entries_instead_of_one(self, role):
        account = self.server.of_role(role)
        self.server.fault("lie-stored-two", field="totp_secret")
        outcome = self.enroll(account, status=4)
        self.assert_left(outcome, account, row_named=False)
        self.assertEqual(len(self.server.factors(account)), 2, "one was removed")

    def test_somebody_else_at_the_same_moment(self):
        self.server.meanwhile("add-totp", self.bob.name, "somebody else's", otp.OTHER_SECRET,
                              field="totp_secret")
        outcome = self.enroll(self.bob, status=4)
        self.assert_left(outcome, self.bob, row_named=False)
        self.assertEqual(len(self.server.factors(self.bob)), 2, "one was removed")

    def test_somebody_else_instead_of_us(self):
        """One entry more, and yet not ours: a fresh login finds out, and it is not removed."""
        self.server.meanwhile("add-totp", self.bob.name, "somebody else's", otp.OTHER_SECRET,
                              field="totp_secret")
        self.server.fault("lie-success", field="totp_secret")
        outcome = self.enroll(self.bob, status=4)
        self.assert_failed(outcome, 4)
        self.assert_labels(self.bob, "somebody else's")

    def test_server_that_refuses_the_code(self):
        self.server.fault("refuse-code", field="totp_secret")
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, status=None)
        self.assert_taken_back(outcome)

    def test_somebody_else_s_entry_of_the_same_label(self):
        """Two twins in the list before: only a third is ours."""
        self.with_totp(self.bob, "phone")
        self.with_totp(self.bob, "phone", otp.OTHER_SECRET)
        outcome = self.enroll(self.bob, "--label", "phone", "--login-factor",
                              str(self.server.factors(self.bob)[0]["id"]), "--login-secret-file",
                              self.secret_file(otp.SECRET))
        self.assertEqual(outcome.document["factor_id"], self.server.factors(self.bob)[2]["id"])


class Recorded(ProofCase):
    """--proof recorded goes as far as the server's list."""

    def test_does_not_log_in_again(self):
        self.server.needs_simulation()
        self.enroll(self.bob, "--proof", "recorded")
        self.assertEqual(len(self.server.password_attempts()), 1)

    def test_does_not_believe_the_server_either(self):
        self.server.fault("lie-success", field="totp_secret")
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, "--proof", "recorded", status=None)
        self.assert_taken_back(outcome)
