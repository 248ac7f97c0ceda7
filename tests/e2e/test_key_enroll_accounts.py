"""enroll webauthn and passkey for accounts that have keys, are held, or live elsewhere; the cost."""

import time

import otp
from case import ROLES, each, in_every_dialect, plays_on
from key_case import KINDS, MAKE, PIN, SIGN, KeyCase
from server import Account

EVERY_KIND_AND_ROLE = {f"{kind}-{role}": (kind, role) for kind in KINDS for role in ROLES}


@in_every_dialect
class Twice(KeyCase):
    """excludeCredentials is honoured: a key is registered once."""

    @each(EVERY_KIND_AND_ROLE)
    def test_on_the_same_account(self, kind, role):
        account = self.server.of_role(role)
        key = self.key_for(kind)
        self.enroll_key(account, kind)
        before = self.all_of(account), key.credentials()
        outcome = self.enroll_key(account, kind, status=None)
        self.assert_untouched(outcome, account, kind, says="already", rows=1)
        self.assertEqual((self.all_of(account), key.credentials()), before)
        if self.server.is_simulated:
            self.assertEqual(len(self.posts(kind)), 1)

    @each(KINDS)
    def test_on_two_accounts_is_fine(self, kind):
        self.key_for(kind)
        for account in (self.bob, self.da1):
            self.assert_key_enrolled(self.enroll_key(account, kind), account, kind)

    def test_as_a_factor_and_as_a_passkey_is_fine(self):
        self.key(pin=PIN)
        for kind in KINDS:
            self.assert_key_enrolled(self.enroll_key(self.da1, kind), self.da1, kind)

    def test_a_passkey_for_an_account_whose_u2f_key_it_is(self):
        key = self.key(u2f_only=True)
        self.enroll_key(self.da1, "webauthn")
        outcome = self.enroll_key(self.da1, "webauthn", status=None)
        self.assert_untouched(outcome, self.da1, "webauthn", says="already", rows=1)
        # The one more is the touch's: U2F can wait for one only by registering at a made-up application.
        ours = key.credentials()[0]["rp_id_hash"]
        self.assertEqual(sum(row["rp_id_hash"] == ours for row in key.credentials()), 1)


@in_every_dialect
class Replace(KeyCase):
    """--replace: enroll, prove, and only then remove the old one."""

    @each(ROLES)
    def test_a_phone_by_a_key(self, role):
        account = self.server.of_role(role)
        old = self.with_totp(account)
        self.key()
        outcome = self.enroll_key(account, "webauthn", "--replace", "old phone",
                                  "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_key_enrolled(outcome, account, "webauthn", replaced_id=old)

    def test_a_phone_by_its_id(self):
        old = self.with_totp(self.da1)
        self.key()
        outcome = self.enroll_key(self.da1, "webauthn", "--replace", old, "--login-secret-file",
                                  self.secret_file(otp.SECRET))
        self.assert_key_enrolled(outcome, self.da1, "webauthn", replaced_id=old)

    def test_a_key_by_another_that_logged_in_with_the_old_one(self):
        """Both are plugged in; the person touches the old one for the login, then the new one."""
        old = self.key(touch="never")
        run = self.start_enrolling(self.da1, "webauthn", "--label", "old key")
        old.touch(MAKE)
        old.touch(SIGN)
        identifier = self.finish(run, 0).document["factor_id"]
        signed = len(old.asked(SIGN))
        new = self.key(touch="never")
        run = self.start_enrolling(self.da1, "webauthn", "--replace", "old key")
        while run.process.poll() is None:
            logged_in = any(line["outcome"] == "OK" for line in old.asked(SIGN)[signed:])
            wanted = new if logged_in else old
            if wanted.state()["waiting"]:
                wanted.ctl(press=True)
            time.sleep(0.02)
        outcome = self.finish(run)
        self.assert_key_enrolled(outcome, self.da1, "webauthn", replaced_id=identifier)
        self.assertEqual(len(new.credentials()), 1)

    @each({f"{how}-{role}": (how, role) for how in ("ID", "label") for role in ROLES})
    def test_a_passkey(self, how, role):
        account = self.server.of_role(role)
        self.key(pin=PIN)
        old = self.enroll_key(account, "passkey", "--label", "old key").document
        self.key(pin=PIN)
        self.plugged.pop(0)  # the old one is in a drawer
        what = old["factor_id"] if how == "ID" else "old key"
        outcome = self.enroll_key(account, "passkey", "--replace", what)
        document = self.assert_key_enrolled(outcome, account, "passkey")
        self.assertEqual(document["replaced_id"], old["factor_id"])

    @each({"unknown": "nobody's key", "a factor": "old phone", "too short": "pk:0",
           "no passkey's": "pk:0123456789abcdef"})
    def test_refuses_before_the_key_is_asked_what_is(self, what):
        self.with_totp(self.da1)
        key = self.key(pin=PIN)
        outcome = self.enroll_key(self.da1, "passkey", "--replace", what, "--login-secret-file",
                                  self.secret_file(otp.SECRET), status=None)
        self.assert_untouched(outcome, self.da1, "passkey", 2)
        self.assert_never_asked(key)

    def test_keeps_the_old_one_when_the_new_one_fails(self):
        self.with_totp(self.da1)
        self.key()
        self.server.fault("refuse-code", field="verify_tfa_login", skip=1)
        with self.unchanged(self.da1):
            outcome = self.enroll_key(self.da1, "webauthn", "--replace", "old phone",
                                      "--login-secret-file", self.secret_file(otp.SECRET),
                                      status=None)
        self.assert_failed(outcome, 3)


class Forced(KeyCase):
    """The server insists on a second factor; a security key is one."""

    @each({f"{role}-{how}": (role, how) for role in ROLES for how in ("string", "number")})
    def test_set_up_is_satisfied(self, role, how):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, how)
        self.key()
        outcome = self.enroll_key(account, "webauthn")
        self.assert_key_enrolled(outcome, account, "webauthn", forced=True)

    @each(ROLES)
    def test_set_up_keeps_to_recorded_when_asked(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.key()
        outcome = self.enroll_key(account, "webauthn", "--proof", "recorded")
        self.assert_key_enrolled(outcome, account, "webauthn", result="recorded",
                                 proof="recorded", forced=True)

    @each(ROLES)
    def test_set_up_is_passed_by_a_passkey(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.key(pin=PIN)
        outcome = self.enroll_key(account, "passkey")
        self.assert_key_enrolled(outcome, account, "passkey", forced=True)

    def test_is_not_reported_where_there_is_none(self):
        self.key()
        self.assertFalse(self.enroll_key(self.da1, "webauthn").document.get("forced"))

    @each(ROLES)
    def test_password_is_changed_on_the_way(self, role):
        if self.server.dialect != "forced":
            self.skipTest("this release holds no account for its password")
        account = self.server.of_role(role)
        self.server.arrange("force-pw-update", account.name, "on")
        self.secret_texts.add("Made-Up-New-Pass-17")
        new = self.file("new-password", "Made-Up-New-Pass-17\n")
        self.key()
        outcome = self.enroll_key(account, "webauthn", "--new-password-file", new)
        self.server.web.note_password(account, "Made-Up-New-Pass-17")
        self.assert_key_enrolled(outcome, account, "webauthn", password_changed=True)
        changed = Account(account.name, role, "Made-Up-New-Pass-17")
        self.cowkey(changed, "--json", "list", status=0)


class Budget(KeyCase):
    """An enrollment with proof: nine exchanges, and one more for each thing that is in between.

    A passkey's proof first looks whose session it has, or a lost one would look like a refusal.
    """

    NINE, LOOK_AT_DIALECT = 9, 1
    OF_KIND = {"webauthn": 0, "passkey": 1}

    def assert_budget(self, kind="webauthn", more=0):
        more += self.OF_KIND[kind]
        seen = [f"{row['method']} {row['path']} {row['form']}" for row in self.server.exchanges()]
        self.assertLessEqual(len(seen), self.NINE + self.LOOK_AT_DIALECT + more, "\n".join(seen))

    @each(EVERY_KIND_AND_ROLE)
    @in_every_dialect
    def test_without_a_factor(self, kind, role):
        self.server.needs_simulation()
        self.key_for(kind)
        self.enroll_key(self.server.of_role(role), kind)
        self.assert_budget(kind, more=1 if role == "mailbox" and kind == "webauthn" else 0)

    @each(EVERY_KIND_AND_ROLE)
    def test_with_a_factor(self, kind, role):
        self.server.needs_simulation()
        account = self.server.of_role(role)
        self.with_totp(account)
        self.key_for(kind)
        self.enroll_key(account, kind, "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_budget(kind, more=1)

    @each(ROLES)
    def test_in_a_forced_set_up(self, role):
        self.server.needs_simulation()
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.key()
        self.enroll_key(account, "webauthn")
        self.assert_budget(more=2 if role == "mailbox" else 1)

    @each({"webauthn": ("webauthn", 2), "passkey": ("passkey", 1)})
    def test_sends_the_password_as_often_as_needed(self, kind, times):
        self.server.needs_simulation()
        self.key_for(kind)
        self.enroll_key(self.bob, kind)
        self.assertEqual(len(self.server.password_attempts()), times)


@plays_on("forced")
class External(KeyCase):
    """Accounts of an outside directory; what their page does not offer is refused."""

    @each({"passkey-ldap": ("passkey", "ldap"), "passkey-keycloak": ("passkey", "keycloak"),
           "webauthn-keycloak": ("webauthn", "keycloak")})
    def test_are_refused(self, kind, source):
        self.server.needs_simulation()
        self.server.arrange("authsource", self.bob.name, source)
        self.server.arrange("directory", "on")
        key = self.key_for(kind)
        outcome = self.enroll_key(self.bob, kind, status=None)
        self.assert_untouched(outcome, self.bob, kind, 3)
        self.assert_never_asked(key)

    def test_of_ldap_may_have_a_second_factor(self):
        self.server.needs_simulation()
        self.server.arrange("authsource", self.bob.name, "ldap")
        self.server.arrange("directory", "on")
        self.key()
        self.assert_key_enrolled(self.enroll_key(self.bob, "webauthn"), self.bob, "webauthn")
