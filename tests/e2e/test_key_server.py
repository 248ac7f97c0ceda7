"""Servers that lie, refuse, or get lost while a key is enrolled; options that nobody should sign."""

import otp
from case import ROLES, each, in_every_dialect, plays_on
from key_case import KINDS, MAKE, OPTIONS_OF, PIN, REGISTRATION_OF, KeyCase, read_json

EVERY_KIND_AND_ROLE = {f"{kind}-{role}": (kind, role) for kind in KINDS for role in ROLES}
MANY = 99
FORGET = r"delete it[^\n]*\?[^\n]*$"

BAD_OPTIONS = {"for another account": "another-account", "without a challenge": "missing:challenge",
               "without a user": "missing:user", "without algorithms": "missing:pubKeyCredParams",
               "with a number for a challenge": "wrong-type:challenge",
               "with a number for a list": "wrong-type:excludeCredentials",
               "with text for a list of algorithms": "wrong-type:pubKeyCredParams",
               "with a number for a user": "wrong-type:user.name",
               "with a huge list": "huge-list", "with bad base64": "bad-base64",
               "for another server": "other-rp", "with a short challenge": "short-challenge",
               "without a server": "missing:rp", "without a server's name": "missing:rp.id",
               "with a number for a server": "wrong-type:rp",
               "with a number for a server's name": "wrong-type:rp.id",
               "without a user's id": "missing:user.id",
               "without a user's name": "missing:user.name",
               "with a number for a user's id": "wrong-type:user.id",
               "with bad base64 for a user": "bad-base64:user.id",
               "with text for a list": "bad-base64:excludeCredentials",
               "with a huge list of algorithms": "huge-list:pubKeyCredParams"}


@in_every_dialect
class Options(KeyCase):
    """What the server asks of a new key is checked before the key hears of it."""

    @each({f"{kind}-{name}": (kind, fault) for kind in KINDS
           for name, fault in BAD_OPTIONS.items()})
    def test_are_refused(self, kind, fault):
        key = self.key_for(kind)
        self.server.fault(f"options:{fault}", path=OPTIONS_OF[kind])
        outcome = self.enroll_key(self.da1, kind, status=None)
        self.assert_untouched(outcome, self.da1, kind, 6)
        self.assert_never_asked(key)

    @each({f"{kind}-{fault}": (kind, fault) for kind in KINDS for fault in
           ("drop-before", "status:500", "status:403", "other-site", "cut:40", "truncate-body",
            "expired", "redirect:https://elsewhere.example.test/", "oversize:99000000")})
    def test_are_not_there(self, kind, fault):
        key = self.key_for(kind)
        self.server.fault(fault, path=OPTIONS_OF[kind], times=MANY)
        outcome = self.enroll_key(self.da1, kind, status=None)
        self.assertIn(outcome.status, (3, 6), outcome)
        self.assert_untouched(outcome, self.da1, kind, outcome.status)
        self.assert_never_asked(key)

    def test_name_the_account_whose_session_it_is(self):
        key = self.key()
        self.server.fault("options:another-account", path=OPTIONS_OF["webauthn"])
        outcome = self.enroll_key(self.da1, "webauthn", status=None)
        self.assert_untouched(outcome, self.da1, "webauthn", 6, says="somebody-else|another|other")
        self.assert_never_asked(key)


@in_every_dialect
class Lies(KeyCase):
    """The server's "success" is no evidence."""

    def enroll_while(self, account, *verb):
        """Something happens on the server between the options and the registration."""
        key = self.key(touch="never", touch_timeout_ms=20000)
        run = self.start_enrolling(account, "webauthn")
        key.await_blinking(MAKE)
        self.server.arrange(*verb)
        key.ctl(touch="instant", press=True)
        return self.finish(run)

    @each({f"{kind}-{role}": (kind, role) for kind in KINDS for role in ROLES})
    def test_success_and_nothing_stored(self, kind, role):
        account = self.server.of_role(role)
        self.key_for(kind)
        self.server.fault("lie-success", path=REGISTRATION_OF[kind])
        outcome = self.enroll_key(account, kind, status=None)
        self.assert_failed(outcome, 5 if kind == "webauthn" else 3, says="stored nothing")
        self.assertEqual((outcome.document["result"], outcome.document["factor_id"]),
                         ("failed", None))
        self.assertEqual(self.registered(account, kind), [])

    @each(ROLES)
    def test_password_that_is_changed_in_between(self, role):
        """The server says success to a wrong one, and stores nothing."""
        account = self.server.of_role(role)
        self.secret_texts.add("Made-Up-Other-Pass")
        outcome = self.enroll_while(account, "password", account.name, "Made-Up-Other-Pass")
        self.assert_failed(outcome, 5, says="password|stored nothing", hints="password")
        self.assertEqual(outcome.document["result"], "failed")
        self.assertEqual(self.server.factors(account), [])

    @each(KINDS)
    def test_two_entries_instead_of_one(self, kind):
        self.key_for(kind)
        self.server.fault("lie-stored-two", path=REGISTRATION_OF[kind])
        outcome = self.enroll_key(self.da1, kind, status=None)
        if kind == "webauthn":
            self.assert_left_behind(outcome, self.da1, kind, rows=2)
        else:  # ours can be told by its name
            self.assertIn(outcome.status, (0, 4), outcome)

    def test_somebody_else_at_the_same_moment(self):
        outcome = self.enroll_while(self.da1, "add-totp", self.da1.name, "somebody else's",
                                    otp.OTHER_SECRET)
        self.assert_failed(outcome, 4)
        self.assertIn("somebody else's", [row["label"] for row in self.server.factors(self.da1)])

    def test_somebody_else_instead_of_us(self):
        self.key()
        self.server.meanwhile("add-webauthn", self.da1.name, "somebody else's",
                              path=REGISTRATION_OF["webauthn"])
        self.server.fault("lie-success", path=REGISTRATION_OF["webauthn"])
        outcome = self.enroll_key(self.da1, "webauthn", status=None)
        self.assert_failed(outcome, 4)
        self.assert_labels(self.da1, "somebody else's")

    @each({f"{kind}-{role}": (kind, role) for kind in KINDS for role in ROLES})
    def test_no_and_stored_all_the_same(self, kind, role):
        account = self.server.of_role(role)
        self.key_for(kind)
        self.server.fault("lie-refused", path=REGISTRATION_OF[kind])
        outcome = self.enroll_key(account, kind, status=None)
        self.assert_left_behind(outcome, account, kind)
        self.assertRegex(outcome.error["error"], "refused.*and yet")

    @plays_on("forced")
    @each(KINDS)
    def test_no_and_stored_in_a_forced_set_up(self, kind):
        self.server.arrange("force-tfa", self.da1.name, "string")
        self.key_for(kind)
        self.server.fault("lie-refused", path=REGISTRATION_OF[kind])
        self.assert_left_behind(self.enroll_key(self.da1, kind, status=None), self.da1, kind)

    def test_recorded_is_not_believed_either(self):
        for kind in KINDS:
            self.key_for(kind)
            self.plugged[:] = self.plugged[-1:]
            self.server.fault("lie-success", path=REGISTRATION_OF[kind])
            outcome = self.enroll_key(self.da1, kind, "--proof", "recorded", status=None)
            self.assert_failed(outcome, 5 if kind == "webauthn" else 3)

    def test_of_a_passkey_s_name_is_no_failure_but_told(self):
        """The name is given afterwards; a passkey without it works all the same."""
        self.key(pin=PIN)
        self.server.fault("lie-success", path="/api/v1/edit/fido2-fn")
        outcome = self.enroll_key(self.da1, "passkey", "--label", "blue key", status=None)
        self.assertIn(outcome.status, (0, 4), outcome)
        (row,) = self.passkeys(self.da1)
        self.assertNotEqual(row["label"], "blue key")
        if outcome.status == 0:
            self.assertEqual(outcome.document["label"], row["label"], "a name that it has not")


class Lost(KeyCase):
    """The answer to the registration is lost: what became of it is not known."""

    @each({f"{kind}-{fault}": (kind, fault) for kind in KINDS for fault in
           ("drop-after", "status:502", "truncate-body", "cut:10", "other-site")})
    def test_answer(self, kind, fault):
        self.key_for(kind)
        self.server.fault(fault, path=REGISTRATION_OF[kind])
        outcome = self.enroll_key(self.da1, kind, status=None)
        rows = len(self.registered(self.da1, kind))
        self.assert_left_behind(outcome, self.da1, kind, rows)

    @each({f"{kind}-{role}": (kind, role) for kind in KINDS for role in ROLES})
    def test_page_after_it(self, kind, role):
        account = self.server.of_role(role)
        self.key_for(kind)
        self.server.fault("drop-before", method="GET", path=self.server.factor_page(role), skip=1,
                          times=MANY)
        if kind == "passkey":
            self.server.fault("drop-before", path="/api/v1/edit/fido2-fn", times=MANY)
        outcome = self.enroll_key(account, kind, status=None)
        self.assert_left_behind(outcome, account, kind)

    @each(KINDS)
    def test_proof(self, kind):
        self.key_for(kind)
        skip = {"webauthn": {"field": "login_user", "skip": 1},
                "passkey": {"path": "/api/v1/get/fido2-get-args"}}[kind]
        self.server.fault("drop-before", times=MANY, **skip)
        outcome = self.enroll_key(self.da1, kind, status=None)
        self.assert_left_behind(outcome, self.da1, kind)
        self.assertEqual(outcome.document["proof"], "recorded")

    @each({"the login": ("other-site", None),
           "the session": ("expired", {"method": "GET", "skip": 2}),
           "the page": ("redirect:/maintenance.html", {"method": "GET", "skip": 2})})
    def test_proof_of_a_passkey_that_was_not_judged(self, fault, match):
        """That nobody is logged in is no refusal, and no reason to take the passkey back."""
        self.key(pin=PIN)
        if match:
            self.server.fault(fault, **match, path=self.server.factor_page(self.da1.role))
        else:
            self.server.fault(fault, times=MANY, **self.answer_of("passkey"))
        outcome = self.enroll_key(self.da1, "passkey", status=None)
        if not match:
            self.assert_left_behind(outcome, self.da1, "passkey")
        else:
            self.assert_key_enrolled(outcome, self.da1, "passkey")

    def answer_of(self, kind):
        """Where the proof's answer goes."""
        if kind == "webauthn":
            return {"field": "verify_tfa_login"}
        return ({"path": "/api/v1/process/fido2-args"} if self.server.dialect == "single"
                else {"field": "verify_fido2_login"})

    @each(EVERY_KIND_AND_ROLE)
    def test_session_of_the_proof(self, kind, role):
        """The server says no to an answer that belongs to no login: that is no refusal."""
        account = self.server.of_role(role)
        self.key_for(kind)
        self.server.fault("expired", **self.answer_of(kind))
        self.assert_key_enrolled(self.enroll_key(account, kind), account, kind)

    @each(KINDS)
    def test_sessions_of_all_proofs(self, kind):
        self.key_for(kind)
        self.server.fault("expired", times=MANY, **self.answer_of(kind))
        outcome = self.enroll_key(self.da1, kind, status=None)
        self.assert_left_behind(outcome, self.da1, kind)
        self.assertRegex(outcome.error["error"], "forgot|did not keep")

    @each(KINDS)
    def test_proof_that_stumbles_once(self, kind):
        self.key_for(kind)
        skip = {"webauthn": {"field": "login_user", "skip": 1},
                "passkey": {"path": "/api/v1/get/fido2-get-args"}}[kind]
        self.server.fault("drop-before", **skip)
        self.assert_key_enrolled(self.enroll_key(self.da1, kind), self.da1, kind)


@in_every_dialect
class Vendors(KeyCase):
    """The server takes the keys of some makers only."""

    @each({"webauthn": ("webauthn", "says"), "passkey": ("passkey", "key holds a passkey")})
    def test_a_passkey_that_stays_on_the_key_is_told_of(self, kind, hints):
        self.server.arrange("trusted-vendors", "on")
        key = self.key_for(kind)
        outcome = self.enroll_key(self.da1, kind, status=None)
        self.assert_failed(outcome, 3, hints=hints)
        self.assertEqual(len(key.credentials(resident=True)), int(kind == "passkey"))

    @each(KINDS)
    def test_a_key_without_a_certificate(self, kind):
        self.server.arrange("trusted-vendors", "on")
        self.key_for(kind, attestation="none")
        outcome = self.enroll_key(self.da1, kind, status=None)
        error = self.assert_failed(outcome, 3, hints="maker|vendor")
        self.assertRegex(error["hint"], "server says")
        self.assertEqual(self.registered(self.da1, kind), [])

    @each(KINDS)
    def test_a_key_of_another_maker(self, kind):
        self.server.arrange("trusted-vendors", "on")
        self.key_for(kind)
        outcome = self.enroll_key(self.da1, kind, status=None)
        self.assert_failed(outcome, 3, hints="maker|vendor")
        self.assertEqual(self.registered(self.da1, kind), [])

    @each(KINDS)
    def test_a_key_of_a_maker_that_is_welcome(self, kind):
        key = self.key_for(kind)
        self.enroll_key(self.bob, kind)
        ca = self.file("vendor.pem", key.stored()["attestation"]["ca"])
        self.server.arrange("trusted-vendors", "on", ca)
        self.assert_key_enrolled(self.enroll_key(self.da1, kind), self.da1, kind)


@in_every_dialect
class TakenBack(KeyCase):
    """The server stored it and then refused it."""

    def refuse(self):
        """The server keeps another key than it is told, and will refuse the right answer."""
        self.server.arrange("mix-up", "on")

    @each(EVERY_KIND_AND_ROLE)
    def test_when_it_is_the_only_one(self, kind, role):
        account = self.server.of_role(role)
        self.key_for(kind)
        self.refuse()
        outcome = self.enroll_key(account, kind, status=None)
        self.assert_failed(outcome, 3, says="taken back")
        self.assertEqual((outcome.document["result"], outcome.document["factor_id"]),
                         ("failed", None))
        self.assertEqual(self.all_of(account), ([], []))

    @each(ROLES)
    def test_when_others_remain(self, role):
        account = self.server.of_role(role)
        self.with_totp(account)
        self.key()
        self.refuse()
        with self.unchanged(account):
            outcome = self.enroll_key(account, "webauthn", "--login-secret-file",
                                      self.secret_file(otp.SECRET), status=None)
        self.assert_failed(outcome, 3, says="taken back")

    @each(ROLES)
    def test_a_passkey_among_others(self, role):
        account = self.server.of_role(role)
        self.key(pin=PIN)
        self.enroll_key(account, "passkey", "--label", "old key")
        self.key(pin=PIN)
        self.plugged.pop(0)
        self.refuse()
        before = self.all_of(account)
        self.assert_failed(self.enroll_key(account, "passkey", status=None), 3)
        self.assertEqual(self.all_of(account), before)

    @each({"yes": ("y", 0), "no": ("n", 1)})
    def test_a_passkey_is_offered_to_be_deleted_from_the_key(self, answer, left):
        key = self.key(pin=PIN)
        self.refuse()
        person = self.enroll_key_by_hand(self.da1, "passkey", "--pin-file", self.pin_file)
        person.expect(FORGET)
        self.assertEqual(len(key.credentials()), 1)
        person.answer(answer)
        outcome = self.finish(person)
        self.assert_failed(outcome, 3, says="taken back")
        self.assertEqual(len(key.credentials()), left)
        self.assertEqual(self.passkeys(self.da1), [])

    def test_a_passkey_deletes_nothing_else_from_the_key(self):
        key = self.key(pin=PIN)
        self.enroll_key(self.bob, "passkey")
        kept = key.credentials()
        self.refuse()
        person = self.enroll_key_by_hand(self.da1, "passkey", "--pin-file", self.pin_file)
        person.expect(FORGET)
        person.answer("y")
        self.assert_failed(self.finish(person), 3)
        self.assertEqual([row["id"] for row in key.credentials()], [row["id"] for row in kept])

    def test_a_passkey_stays_on_the_key_where_nobody_can_be_asked(self):
        key = self.key(pin=PIN)
        self.refuse()
        outcome = self.enroll_key(self.da1, "passkey", status=None)
        self.assert_failed(outcome, 3, hints="key still holds")
        self.assertEqual(len(key.credentials()), 1)

    def test_a_record_of_it_is_not_written(self):
        self.key()
        self.refuse()
        record = self.place / "record.json"
        self.enroll_key(self.da1, "webauthn", "--credential-out", record, status=3)
        self.assertFalse(record.exists(), record.exists() and read_json(record))

    @plays_on("forced")
    @each(ROLES)
    def test_in_a_forced_set_up(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.key()
        self.refuse()
        self.assert_failed(self.enroll_key(account, "webauthn", status=None), 3)
        self.assertEqual(self.server.factors(account), [])

    @plays_on("forced")
    @each(ROLES)
    def test_can_t_be_where_the_server_insists_by_a_number(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "number")
        self.key()
        self.refuse()
        outcome = self.enroll_key(account, "webauthn", status=None)
        self.assert_left_behind(outcome, account, "webauthn")
        self.assertRegex(outcome.error["hint"], "(?i)admin")
