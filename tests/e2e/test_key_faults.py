"""Keys that are faulty or mute."""

import softkey
from case import each
from key_case import ASKS_RETRY, KINDS, MAKE, PIN, SIGN, KeyCase

SOON = ("--touch-timeout", "1")  # for what nobody touches


class FaultyKey(KeyCase):
    """What the key made is checked before the server is told."""

    @each({f"{kind}-{fault}": (kind, fault) for kind in KINDS for fault in
           ("wrong-signature", "wrong-rp-id-hash", "wrong-algorithm", "no-up")})
    def test_makes_a_registration_with(self, kind, fault):
        key = self.key_for(kind)
        key.fault(MAKE, fault, times=-1)
        outcome = self.enroll_key(self.bob, kind, status=None)
        self.assert_untouched(outcome, self.bob, kind)

    def test_says_that_it_did_not_verify_the_user(self):
        self.key(pin=PIN).fault(MAKE, "no-uv", times=-1)
        outcome = self.enroll_key(self.bob, "passkey", status=None)
        self.assert_untouched(outcome, self.bob, "passkey", says="verif")

    @each({f"{attestation}-{fault}": (attestation, fault) for attestation in ("self", "none")
           for fault in ("wrong-rp-id-hash", "no-up")})
    def test_without_a_certificate_makes(self, attestation, fault):
        self.key(attestation=attestation).fault(MAKE, fault, times=-1)
        outcome = self.enroll_key(self.bob, "webauthn", status=None)
        self.assert_untouched(outcome, self.bob, "webauthn")

    def test_with_a_wrong_signature_of_its_own(self):
        self.key(attestation="self").fault(MAKE, "wrong-signature", times=-1)
        outcome = self.enroll_key(self.bob, "webauthn", status=None)
        self.assert_untouched(outcome, self.bob, "webauthn")

    @each({f"{kind}-{fault}": (kind, fault) for kind in KINDS for fault in
           ("short-frame", "wrong-sequence", "garbage", "pull")})
    def test_answers_with(self, kind, fault):
        self.key_for(kind).fault(MAKE, fault, times=-1)
        outcome = self.enroll_key(self.bob, kind, status=None)
        self.assert_untouched(outcome, self.bob, kind)

    @each({f"{kind}-{fault}": (kind, fault) for kind in KINDS for fault in
           ("short-frame", "wrong-sequence", "garbage")})
    def test_answers_the_proof_with(self, kind, fault):
        """That says nothing about the factor, which stays and can be proved later."""
        key = self.key_for(kind)
        key.fault(SIGN, fault, times=-1)
        outcome = self.enroll_key(self.bob, kind, status=4)
        self.assert_left_behind(outcome, self.bob, kind)
        self.assertEqual(outcome.document["proof"], "recorded")
        key.ctl(faults=[])
        self.assertEqual(self.prove(self.bob, kind, status=0).document["result"], "accepted")

    @each({f"{kind}-{code:#x}": (kind, code) for kind in KINDS
           for code in (softkey.OPERATION_DENIED, 0x7F, 0x30)})
    def test_answers_with_the_status(self, kind, code):
        self.key_for(kind).fault(MAKE, "status", code=code, times=-1)
        outcome = self.enroll_key(self.bob, kind, status=None)
        self.assert_untouched(outcome, self.bob, kind)

    @each({f"{kind}-{fault}": (kind, fault) for kind in KINDS
           for fault in ("wrong-signature", "wrong-credential")})
    def test_signs_the_proof_with(self, kind, fault):
        """Taken back, or left and told of; never called enrolled."""
        self.key_for(kind).fault(SIGN, fault, times=-1)
        outcome = self.enroll_key(self.bob, kind, status=None)
        self.assertIn(outcome.status, (3, 4), outcome)
        self.assertNotEqual(outcome.document["result"], "enrolled")
        self.assertEqual(len(self.registered(self.bob, kind)), 0 if outcome.status == 3 else 1)

    @each(KINDS)
    def test_fails_once_at_the_proof_and_is_tried_again(self, kind):
        self.key_for(kind).fault(SIGN, "status", code=0x7F)
        person = self.enroll_key_by_hand(self.bob, kind, "--pin-file", self.pin_file)
        person.expect(ASKS_RETRY)
        person.answer("y")
        self.assert_key_enrolled(self.finish(person), self.bob, kind)


class MuteKey(KeyCase):
    """It answers nothing, nothing that is for us, or half: the program does not wait for ever."""

    EVERY_WAY = {f"{kind}-{fault}": (kind, fault) for kind in KINDS
                 for fault in ("silence", "wrong-channel", "truncated")}

    @each(EVERY_WAY)
    def test_at_registration(self, kind, fault):
        key = self.key_for(kind)
        key.fault(MAKE, fault, times=-1)
        outcome = self.enroll_key(self.bob, kind, *SOON, status=None)
        self.assert_untouched(outcome, self.bob, kind)
        self.assertTrue(key.log("CANCEL"))

    @each(EVERY_WAY)
    def test_at_the_proof(self, kind, fault):
        key = self.key_for(kind)
        key.fault(SIGN, fault, times=-1)
        outcome = self.enroll_key(self.bob, kind, *SOON, status=None)
        self.assert_left_behind(outcome, self.bob, kind)
        self.assertEqual(outcome.document["proof"], "recorded")
        key.ctl(faults=[])
        self.prove(self.bob, kind, status=0)

    @each({f"{kind}-u2f-{u2f}": (kind, u2f) for kind in KINDS for u2f in (True, False)})
    def test_when_it_is_asked_what_it_can_do(self, kind, u2f):
        """It is not enrolled as what it is not, either: a key that only speaks U2F."""
        key = self.key_for(kind, u2f=u2f)
        key.fault("getInfo", "silence", times=-1)
        outcome = self.enroll_key(self.bob, kind, status=None)
        self.assert_untouched(outcome, self.bob, kind)
        self.assertEqual(key.made(), [])

    def test_when_its_pin_is_asked_for(self):
        key = self.key(pin=PIN)
        key.fault("clientPIN", "silence", times=-1)
        outcome = self.enroll_key(self.bob, "passkey", status=None)
        self.assert_untouched(outcome, self.bob, "passkey")
        self.assertEqual((key.made(), key.state()["pin_tries"]), ([], 8))

    def test_among_several(self):
        """The others can be touched all the same."""
        mute, key = self.key(u2f=False), self.key(touch="never")
        mute.fault("getInfo", "silence", times=-1)
        run = self.start_enrolling(self.bob, "webauthn")
        key.touch()
        key.touch(MAKE)
        key.touch(SIGN)
        self.assert_key_enrolled(self.finish(run), self.bob, "webauthn")
        self.assertEqual(mute.made(), [])
