"""enroll totp, when nothing is in the way: every role, with and without a factor, its cost."""

import otp
from case import ROLES, Case, each, in_every_dialect, plays_on


@in_every_dialect
class Unattended(Case):
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
        self.assert_refusals(0)

    @each(ROLES)
    def test_is_taken_by_the_next_login(self, role):
        account = self.server.of_role(role)
        identifier = self.enroll(account).document["factor_id"]
        listed = self.cowkey(account, "--json", "--login-secret-file", self.out, "list", status=0)
        self.assertEqual([row["id"] for row in listed.document["factors"]], [str(identifier)])


class Budget(Case):
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


@in_every_dialect
class NewPhone(Case):
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
