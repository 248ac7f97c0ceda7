"""Keys at a login: as the answer to an existing second factor, and asked whether they log in."""

import otp
from case import ROLES, each, in_every_dialect
from key_case import KINDS, PIN, SIGN, KeyCase
from server import Account

EVERY_KIND_AND_ROLE = {f"{kind}-{role}": (kind, role) for kind in KINDS for role in ROLES}

REFUSALS = {"webauthn": {"field": "verify_tfa_login"}, "passkey": {"field": "verify_fido2_login"}}
OLD_PASSKEY_LOGIN = {"method": "POST", "path": "/api/v1/process/fido2-args"}


@in_every_dialect
class Proved(KeyCase):
    @each(EVERY_KIND_AND_ROLE)
    def test_yes(self, kind, role):
        account = self.server.of_role(role)
        self.key_for(kind)
        identifier = self.enroll_key(account, kind).document["factor_id"]
        before = self.all_of(account)
        document = self.prove(account, kind, status=0).document
        self.assertEqual((document["method"], document["result"], document["code_source"]),
                         (kind, "accepted", None))
        listed = self.cowkey(account, "--json", "list", status=0).document
        known = {row["id"] for row in listed["factors"] + listed["passkeys"]}
        self.assertIn(str(document["factor_id"]), known)
        if kind == "webauthn":
            self.assertEqual(document["factor_id"], identifier)
        self.assertEqual(self.all_of(account), before, "a look changed something")

    @each(EVERY_KIND_AND_ROLE)
    def test_refused(self, kind, role):
        account = self.server.of_role(role)
        self.key_for(kind)
        self.enroll_key(account, kind)
        match = REFUSALS[kind]
        if kind == "passkey" and self.server.dialect == "single":
            match = OLD_PASSKEY_LOGIN
        self.server.fault("refuse-code", **match)
        before = self.all_of(account)
        document = self.prove(account, kind, status=1).document
        self.assertEqual((document["result"], document["reason"]), ("refused", "refused"))
        self.assertEqual(self.all_of(account), before, "a look changed something")

    @each(ROLES)
    def test_not_asked(self, role):
        key = self.key()
        document = self.prove(self.server.of_role(role), "webauthn", status=1).document
        self.assertEqual(document["reason"], "not-asked")
        self.assert_never_asked(key)

    def test_not_listed(self):
        self.with_totp(self.da1)
        key = self.key()
        document = self.prove(self.da1, "webauthn", status=1).document
        self.assertEqual(document["reason"], "not-listed")
        self.assert_never_asked(key)

    @each(KINDS)
    def test_in_words(self, kind):
        self.key_for(kind)
        self.enroll_key(self.da1, kind)
        outcome = self.cowkey(self.da1, "prove", kind, "--pin-file", self.pin_file, status=0)
        self.assertRegex(outcome.stdout, "^Yes")


class Proving(KeyCase):
    @each(KINDS)
    def test_with_another_key_is_the_keys_no(self, kind):
        """It holds no credential: nothing is known about the factor."""
        self.key_for(kind)
        self.enroll_key(self.da1, kind)
        self.plugged.pop()
        self.key_for(kind)
        before = self.all_of(self.da1)
        outcome = self.prove(self.da1, kind)
        self.assert_failed(outcome, 7, says="no credential|holds no")
        self.assertEqual(self.all_of(self.da1), before)

    @each(KINDS)
    def test_with_no_key(self, kind):
        self.key_for(kind)
        self.enroll_key(self.da1, kind)
        self.plugged[0].ctl(plugged=False)
        self.assert_failed(self.prove(self.da1, kind), 7, says="no security key", hints="plug")

    @each(KINDS)
    def test_with_a_key_that_is_not_touched(self, kind):
        key = self.key_for(kind)
        self.enroll_key(self.da1, kind)
        key.ctl(touch="never", touch_timeout_ms=300)
        self.assert_failed(self.prove(self.da1, kind), 7, says="touch")

    @each(KINDS)
    def test_with_several_keys_none_of_which_is_touched(self, kind):
        key = self.key_for(kind)
        self.enroll_key(self.da1, kind)
        self.key_for(kind, touch="never", touch_timeout_ms=300)
        key.ctl(touch="never", touch_timeout_ms=300)
        before, signed = self.all_of(self.da1), len(key.asked(SIGN))
        self.assert_failed(self.prove(self.da1, kind), 7, says="none.*touched", hints="touch")
        self.assertEqual(self.all_of(self.da1), before)
        self.assertEqual(len(key.asked(SIGN)), signed)

    def test_by_options_for_another_account(self):
        """They list none of this account's credentials, and the key has no other."""
        key = self.key()
        self.enroll_key(self.da1, "webauthn")
        self.server.fault("options:another-account", path="/api/v1/get/webauthn-tfa-get-args")
        before = self.all_of(self.da1)
        self.assert_failed(self.prove(self.da1, "webauthn"), 7, says="no credential")
        self.assertEqual(self.all_of(self.da1), before)
        self.assertNotEqual(key.last(SIGN)["outcome"], "OK")

    def test_a_passkey_asks_for_no_password(self):
        self.key(pin=PIN)
        self.enroll_key(self.bob, "passkey")
        self.prove(self.bob, "passkey", password=None, status=0)

    def test_a_passkey_sends_no_password(self):
        self.server.needs_simulation()
        self.key(pin=PIN)
        self.enroll_key(self.bob, "passkey")
        before = len(self.server.password_attempts())
        self.prove(self.bob, "passkey", status=0)
        self.assertEqual(len(self.server.password_attempts()), before)

    def test_a_passkey_skips_the_second_factor(self):
        self.key(pin=PIN)
        self.enroll_key(self.bob, "passkey")
        self.with_totp(self.bob)
        self.assertEqual(self.prove(self.bob, "passkey", status=0).document["result"], "accepted")

    def test_a_passkey_of_somebody_else_proves_nothing(self):
        """The key holds two; the server lets in whoever signed."""
        self.key(pin=PIN)
        self.enroll_key(self.carol, "passkey")
        outcome = self.prove(self.bob, "passkey")
        self.assertNotEqual(outcome.status, 0, outcome)
        self.assertIn(outcome.status, (1, 7), outcome)

    def test_a_passkey_among_somebody_else_s_on_the_same_key(self):
        """The newest credential is what a key offers first."""
        self.key(pin=PIN)
        for account in (self.bob, self.carol):
            self.enroll_key(account, "passkey")
        self.assertEqual(self.prove(self.bob, "passkey", status=0).document["account"],
                         self.bob.name)

    def test_a_passkey_under_the_wrong_role(self):
        self.key(pin=PIN)
        self.enroll_key(self.da1, "passkey")
        disguised = Account(self.da1.name, "admin", self.da1.password)
        if self.server.dialect != "single":
            self.assertNotEqual(self.prove(disguised, "passkey").status, 0)

    def test_a_wrong_password(self):
        key = self.key()
        wrong = Account(self.bob.name, "mailbox", "Made-Up-Wrong-Pass")
        self.assert_failed(self.prove(wrong, "webauthn"), 5)
        self.assert_never_asked(key)

    @each({"ID": True, "label": False})
    def test_one_of_two_keys_by(self, by_id):
        """Both keys are plugged in, and one is touched; that decides."""
        first, second = self.key(), self.key()
        secret = self.secret_file(otp.SECRET)
        self.with_totp(self.da1)
        ids = []
        for number, key in enumerate((first, second)):
            self.plugged[:] = [key]
            ids.append(self.enroll_key(self.da1, "webauthn", "--label", f"key {number}",
                                       "--login-secret-file", secret).document["factor_id"])
        for number, key in enumerate((first, second)):
            self.plugged[:] = [key]
            what = str(ids[number]) if by_id else f"key {number}"
            document = self.prove(self.da1, "webauthn", "--login-factor", what, status=0).document
            self.assertEqual(document["factor_id"], ids[number])
            self.assertEqual(key.last(SIGN)["allow"], 1)
        self.assert_failed(self.prove(self.da1, "webauthn", "--login-factor", "key 0"), 7)

    def test_the_one_that_the_plugged_key_holds(self):
        self.with_totp(self.da1)
        secret = self.secret_file(otp.SECRET)
        first, second = self.key(), self.key()
        ids = {}
        for key in (first, second):
            self.plugged[:] = [key]
            ids[key] = self.enroll_key(self.da1, "webauthn", "--login-secret-file",
                                       secret).document["factor_id"]
        for key in (first, second):
            self.plugged[:] = [key]
            self.assertEqual(self.prove(self.da1, "webauthn", status=0).document["factor_id"],
                             ids[key])

    def test_a_factor_that_is_no_key(self):
        identifier = self.with_totp(self.da1)
        key = self.key()
        self.enroll_key(self.da1, "webauthn", "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_failed(self.prove(self.da1, "webauthn", "--login-factor", identifier), 2)
        self.assertEqual(len(key.asked(SIGN)), 1)

    @each({"signature": "wrong-signature", "server": "wrong-rp-id-hash"})
    def test_a_key_that_signs_a_wrong(self, what):
        """The server, or a local check, says no; and nothing is taken back by a look."""
        key = self.key()
        self.enroll_key(self.da1, "webauthn")
        key.fault(SIGN, what, times=-1)
        before = self.all_of(self.da1)
        self.assertIn(self.prove(self.da1, "webauthn").status, (1, 7))
        self.assertEqual(self.all_of(self.da1), before)

    @each({"missing": "missing:challenge", "a number": "wrong-type:challenge",
           "huge": "huge-list", "no base64": "bad-base64", "another server's": "other-rp",
           "short": "short-challenge", "without a server": "missing:rpId",
           "with a number for a server": "wrong-type:rpId",
           "without a list": "missing:allowCredentials",
           "with a number for a list": "wrong-type:allowCredentials"})
    def test_by_options_that_are(self, kind):
        key = self.key()
        self.enroll_key(self.da1, "webauthn")
        asked = len(key.asked(SIGN))
        self.server.fault(f"options:{kind}", path="/api/v1/get/webauthn-tfa-get-args")
        self.assert_failed(self.prove(self.da1, "webauthn"), 6)
        self.assertEqual(len(key.asked(SIGN)), asked, "the key was asked")

    @each({"missing": "missing:challenge", "a number": "wrong-type:challenge",
           "no base64": "bad-base64", "another server's": "other-rp", "short": "short-challenge",
           "without a server": "missing:rpId", "with a number for a server": "wrong-type:rpId"})
    def test_a_passkey_by_options_that_are(self, kind):
        key = self.key(pin=PIN)
        self.enroll_key(self.da1, "passkey")
        asked = len(key.asked(SIGN))
        self.server.fault(f"options:{kind}", path="/api/v1/get/fido2-get-args")
        self.assert_failed(self.prove(self.da1, "passkey"), 6)
        self.assertEqual(len(key.asked(SIGN)), asked, "the key was asked")


@in_every_dialect
class Answering(KeyCase):
    """The account has a key as second factor, and every command logs in with it."""

    @each(ROLES)
    def test_lists(self, role):
        account = self.server.of_role(role)
        self.key()
        identifier = self.enroll_key(account, "webauthn", "--label", "blue key").document
        listed = self.cowkey(account, "--json", "list", status=0).document
        self.assertEqual([(row["id"], row["label"]) for row in listed["factors"]],
                         [(str(identifier["factor_id"]), "blue key")])
        self.assertIn(listed["factors"][0]["method"], ("webauthn", "unknown"))

    @each(ROLES)
    def test_enrolls_a_phone(self, role):
        account = self.server.of_role(role)
        self.key()
        self.enroll_key(account, "webauthn")
        self.assert_enrolled(self.enroll(account), account, others=1)

    @each(ROLES)
    def test_enrolls_a_passkey(self, role):
        account = self.server.of_role(role)
        key = self.key(pin=PIN)
        self.enroll_key(account, "webauthn")
        self.assert_key_enrolled(self.enroll_key(account, "passkey"), account, "passkey")
        self.assertEqual(len(key.made()), 2)

    def test_enrolls_a_second_key_where_a_phone_logs_in(self):
        self.with_totp(self.da1)
        secret = self.secret_file(otp.SECRET)
        for others in (1, 2):
            self.plugged.clear()
            self.key()
            outcome = self.enroll_key(self.da1, "webauthn", "--login-secret-file", secret)
            self.assert_key_enrolled(outcome, self.da1, "webauthn", others=others)

    def test_is_chosen_by_a_person_among_several(self):
        self.with_totp(self.da1)
        self.key()
        self.enroll_key(self.da1, "webauthn", "--login-secret-file", self.secret_file(otp.SECRET))
        person = self.sit_down(self.da1, "--json", "list")
        number = person.expect(r"(\d)  security key").group(1)
        person.expect("number: *$")
        person.answer(number)
        self.assertEqual(len(self.finish(person, 0).document["factors"]), 2)

    def test_that_is_not_here(self):
        self.key()
        self.enroll_key(self.da1, "webauthn")
        self.plugged.clear()
        outcome = self.cowkey(self.da1, "--json", "list")
        self.assert_failed(outcome, 7, says="no security key")

    def test_refused(self):
        self.key()
        self.enroll_key(self.da1, "webauthn")
        self.server.fault("refuse-code", field="verify_tfa_login")
        self.assert_failed(self.cowkey(self.da1, "--json", "list"), 5)

    def test_says_what_the_touch_is_for(self):
        key = self.key()
        self.enroll_key(self.da1, "webauthn")
        key.ctl(touch="never")
        person = self.sit_down(self.da1, "list")
        person.expect(f"touch[^\n]*{self.da1.name}[^\n]*{self.server.host}")
        key.touch(SIGN)
        self.finish(person, 0)


class NoKey(KeyCase):
    @each(KINDS)
    def test_is_plugged_in(self, kind):
        outcome = self.enroll_key(self.bob, kind, status=None, environ={"SOFTKEYS": "/nowhere"})
        self.assert_untouched(outcome, self.bob, kind, says="no security key", hints="plug")

    @each(KINDS)
    def test_is_at_the_path(self, kind):
        key = self.key_for(kind)
        outcome = self.enroll_key(self.bob, kind, "--device", "/dev/softkey7", status=None)
        self.assert_untouched(outcome, self.bob, kind, says="/dev/softkey7")
        self.assert_never_asked(key)

    @each(KINDS)
    def test_is_needed_where_the_server_is_an_address(self, kind):
        """A key works for names; so nothing is sent at all."""
        key = self.key_for(kind)
        for address in (self.server.address, "[::1]"):
            url = f"https://{address}:{self.server.port}"
            for command in (["enroll", kind], ["prove", kind]):
                outcome = self.cowkey(self.bob, "--json", "--yes", "--server", url, *command,
                                      "--pin-file", self.pin_file)
                self.assert_failed(outcome, 2, says="address", hints="name")
        self.assert_never_asked(key)
        self.assert_nothing_sent()

    def test_is_asked_for_what_totp_needs(self):
        key = self.key()
        self.assert_enrolled(self.enroll(self.bob), self.bob)
        self.assertEqual(key.log(), [])
