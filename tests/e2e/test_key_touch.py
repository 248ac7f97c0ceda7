"""Waiting for a touch: which key is meant, nobody who touches it, Ctrl-C meanwhile."""

import pwd
import shutil
import signal
import time
from pathlib import Path

import otp
import softkey
from case import each, is_root
from cowkey import Script, environment
from key_case import ASKS_PIN, ASKS_RETRY, KINDS, MAKE, PIN, SIGN, KeyCase

PATIENCE_S = 20
LESS_THAN_A_TOUCH_S = 45  # the program waits for one for a minute
SOON_MS = 300
AT_ONCE_S = 5
NOBODY = "nobody"


class Several(KeyCase):
    """With several keys plugged in the person touches the one that is meant."""

    @each({f"{kind}-{number}": (kind, number) for kind in KINDS for number in (0, 1, 2)})
    def test_one_is_touched(self, kind, number):
        keys = [self.key_for(kind, touch="never") for _ in range(3)]
        run = self.start_enrolling(self.da1, kind)
        keys[number].touch()
        deadline = time.monotonic() + PATIENCE_S
        while run.process.poll() is None and time.monotonic() < deadline:
            if keys[number].state()["waiting"] and keys[number].state()["command"] != "selection":
                keys[number].ctl(press=True)
            time.sleep(0.02)
        self.assert_key_enrolled(self.finish(run), self.da1, kind)
        self.assertEqual([len(key.credentials()) for key in keys],
                         [int(at == number) for at in range(3)])

    def test_the_others_stop_blinking(self):
        keys = [self.key(touch="never") for _ in range(2)]
        run = self.start_enrolling(self.da1, "webauthn")
        keys[0].await_blinking()
        keys[1].await_blinking()
        keys[0].ctl(press=True)
        keys[1].wait_until("waiting", False)
        keys[0].touch(MAKE)
        keys[0].touch(SIGN)
        self.assert_key_enrolled(self.finish(run), self.da1, "webauthn")
        self.assertTrue(keys[1].log("CANCEL"))

    def test_the_person_is_told_how_many(self):
        keys = [self.key(touch="never") for _ in range(2)]
        person = self.enroll_key_by_hand(self.da1, "webauthn")
        person.expect(r"\b2 security keys")
        keys[0].await_blinking()
        keys[1].await_blinking()
        person.interrupt()
        self.assert_untouched(self.finish(person), self.da1, "webauthn", 130)
        for key in keys:
            key.wait_until("waiting", False)

    def test_none_is_touched(self):
        """The keys give up before the program does; it does not wait on without them."""
        for _ in range(2):
            self.key(touch="never", touch_timeout_ms=SOON_MS)
        run = self.start_enrolling(self.da1, "webauthn")
        outcome = self.finish(run, patience_s=LESS_THAN_A_TOUCH_S)
        self.assert_untouched(outcome, self.da1, "webauthn", says="touch")

    def test_one_is_named(self):
        first, second = self.key(), self.key()
        self.enroll_key(self.da1, "webauthn", "--device", "/dev/softkey1")
        self.assertEqual((first.log(), len(second.credentials())), ([], 1))

    def test_one_is_pulled_meanwhile(self):
        keys = [self.key(touch="never") for _ in range(2)]
        run = self.start_enrolling(self.da1, "webauthn")
        keys[0].await_blinking()
        keys[1].await_blinking()
        keys[0].ctl(plugged=False)
        for _ in range(2):
            keys[1].touch()
            time.sleep(0.1)
        keys[1].touch(SIGN)
        self.assert_key_enrolled(self.finish(run), self.da1, "webauthn")

    def test_a_u2f_key_among_them(self):
        old, new = self.key(u2f_only=True, touch="never"), self.key(touch="never")
        run = self.start_enrolling(self.da1, "webauthn")
        new.touch()
        deadline = time.monotonic() + PATIENCE_S
        while run.process.poll() is None and time.monotonic() < deadline:
            if new.state()["waiting"]:
                new.ctl(press=True)
            time.sleep(0.02)
        self.assert_key_enrolled(self.finish(run), self.da1, "webauthn")
        self.assertEqual(old.credentials(), [])


class NotTouched(KeyCase):
    @each(KINDS)
    def test_at_registration(self, kind):
        key = self.key_for(kind, touch="never", touch_timeout_ms=SOON_MS)
        outcome = self.enroll_key(self.da1, kind, status=None)
        self.assert_untouched(outcome, self.da1, kind, says="touch", hints="touch")
        self.assertEqual(key.credentials(), [])

    @each(KINDS)
    def test_for_as_long_as_was_given(self, kind):
        """The key would wait on: it is told to stop."""
        key = self.key_for(kind, touch="never")
        outcome = self.enroll_key(self.da1, kind, "--touch-timeout", "1", status=None)
        self.assert_untouched(outcome, self.da1, kind, says="touched in time", hints="touch")
        self.assertTrue(key.log("CANCEL"))

    @each(KINDS)
    def test_at_the_proof_by_a_script(self, kind):
        """Nobody can be asked: the factor stays, and is told of."""
        key = self.key_for(kind)
        key.fault(SIGN, "status", code=softkey.USER_ACTION_TIMEOUT, times=-1)
        outcome = self.enroll_key(self.da1, kind, status=4)
        self.assert_left_behind(outcome, self.da1, kind)
        document = outcome.document
        self.assertEqual(document["proof"], "recorded")
        self.assertIsNotNone(document["factor_id"])
        self.assertRegex(outcome.error["error"], "touch")
        key.ctl(faults=[])
        self.assertEqual(self.prove(self.da1, kind, status=0).document["result"], "accepted")

    @each(KINDS)
    def test_at_the_proof_by_a_person_who_then_does(self, kind):
        key = self.key_for(kind, touch="never", touch_timeout_ms=20000)
        person = self.enroll_key_by_hand(self.da1, kind)
        if kind == "passkey":
            person.ask(ASKS_PIN)
            person.answer(PIN)
        key.touch(MAKE)
        key.ctl(touch_timeout_ms=SOON_MS)
        person.expect(ASKS_RETRY)
        key.ctl(touch="instant", touch_timeout_ms=20000)
        person.answer("y")
        self.assert_key_enrolled(self.finish(person), self.da1, kind)

    @each(KINDS)
    def test_at_the_proof_by_a_person_who_gives_up(self, kind):
        key = self.key_for(kind)
        key.fault(SIGN, "status", code=softkey.USER_ACTION_TIMEOUT, times=-1)
        person = self.enroll_key_by_hand(self.da1, kind, "--pin-file", self.pin_file)
        person.expect(ASKS_RETRY)
        person.answer("n")
        self.assert_left_behind(self.finish(person), self.da1, kind)

    @each(KINDS)
    def test_or_pulled_at_the_proof_and_plugged_in_again(self, kind):
        key = self.key_for(kind)
        key.fault(SIGN, "pull")
        person = self.enroll_key_by_hand(self.da1, kind, "--pin-file", self.pin_file)
        person.expect(ASKS_RETRY)
        key.ctl(plugged=True)
        person.answer("y")
        self.assert_key_enrolled(self.finish(person), self.da1, kind)

    @each(KINDS)
    def test_or_replaced_for_the_proof(self, kind):
        """Another key knows nothing of it, and that is no reason to take the factor back."""
        key = self.key_for(kind)
        other = self.key_for(kind)
        other.ctl(plugged=False)
        key.fault(SIGN, "pull")
        person = self.enroll_key_by_hand(self.da1, kind, "--pin-file", self.pin_file)
        person.expect(ASKS_RETRY)
        other.ctl(plugged=True)
        person.answer("y")
        person.expect(ASKS_RETRY)
        self.assertEqual(len(self.registered(self.da1, kind)), 1)
        other.ctl(plugged=False)
        key.ctl(plugged=True)
        person.answer("y")
        self.assert_key_enrolled(self.finish(person), self.da1, kind)

    @each(KINDS)
    def test_or_replaced_by_one_with_another_pin(self, kind):
        """That PIN was given for the key before: the other one loses no try to it."""
        other_pin = "Made-Up-PIN-9182"
        self.secret_texts.add(other_pin)
        key = self.key(pin=PIN, always_uv=True)
        other = self.key(pin=other_pin, always_uv=True)
        other.ctl(plugged=False)
        key.fault(SIGN, "pull")
        person = self.enroll_key_by_hand(self.da1, kind)
        person.ask(ASKS_PIN)
        person.answer(PIN)
        person.expect(ASKS_RETRY)
        other.ctl(plugged=True)
        person.answer("y")
        person.expect(ASKS_RETRY)
        self.assertEqual((other.state()["pin_tries"], other.log("clientPIN")), (8, []))
        other.ctl(plugged=False)
        key.ctl(plugged=True)
        person.answer("y")  # and the PIN is not asked for again
        self.assert_key_enrolled(self.finish(person), self.da1, kind)
        self.assertEqual(key.state()["pin_tries"], 8)

    @each(KINDS)
    def test_or_another_that_the_account_has_at_the_proof(self, kind):
        """It could log in, and would prove nothing about the new one."""
        secret = ["--login-secret-file", self.secret_file(otp.SECRET)]
        self.with_totp(self.da1)
        old = self.key_for(kind)
        self.enroll_key(self.da1, kind, *secret)
        old.ctl(plugged=False)
        key = self.key_for(kind)
        key.fault(SIGN, "pull")
        before = self.registered(self.da1, kind)
        person = self.enroll_key_by_hand(self.da1, kind, "--pin-file", self.pin_file, *secret)
        person.expect(ASKS_RETRY)
        old.ctl(plugged=True)
        person.answer("y")
        person.expect("no credential[^\n]*")
        person.expect(ASKS_RETRY)
        self.assertEqual(len(self.registered(self.da1, kind)), len(before) + 1)
        old.ctl(plugged=False)
        key.ctl(plugged=True)
        person.answer("y")
        self.assert_key_enrolled(self.finish(person), self.da1, kind, others=len(before))

    @each(KINDS)
    def test_and_interrupted_at_the_question(self, kind):
        key = self.key_for(kind)
        key.fault(SIGN, "status", code=softkey.USER_ACTION_TIMEOUT, times=-1)
        person = self.enroll_key_by_hand(self.da1, kind, "--pin-file", self.pin_file)
        person.expect(ASKS_RETRY)
        person.interrupt()
        person.process.wait(PATIENCE_S)
        self.assertEqual(person.terminal_settings(), person.settings_before)
        self.assert_left_behind(self.finish(person), self.da1, kind)

    @each(KINDS)
    def test_and_pulled_at_registration(self, kind):
        key = self.key_for(kind, touch="never")
        run = self.start_enrolling(self.da1, kind)
        key.await_blinking(MAKE)
        key.ctl(plugged=False)
        self.assert_untouched(self.finish(run), self.da1, kind, says="unplug|reach|answer")

    @each(KINDS)
    def test_while_the_server_forgets_the_login(self, kind):
        """The session of the registration may be over by the time of the touch."""
        key = self.key_for(kind, touch="never")
        self.server.fault("expired", path={"webauthn": "/api/v1/add/webauthn-tfa-registration",
                                           "passkey": "/api/v1/add/fido2-registration"}[kind])
        run = self.start_enrolling(self.da1, kind)
        key.touch(MAKE)
        outcome = self.finish(run)
        self.assertIn(outcome.status, (3, 4, 6), outcome)
        self.assertEqual(self.registered(self.da1, kind), [])


class Interrupted(KeyCase):
    def assert_restored(self, person):
        person.process.wait(PATIENCE_S)
        self.assertEqual(person.terminal_settings(), person.settings_before)

    @each({f"{kind}-{name}": (kind, stop) for kind in KINDS for name, stop in
           (("Ctrl-C", lambda person: person.interrupt()),
            ("SIGTERM", lambda person: person.send_signal(signal.SIGTERM)),
            ("SIGHUP", lambda person: person.send_signal(signal.SIGHUP)))})
    def test_before_the_server_is_told(self, kind, stop):
        key = self.key_for(kind, touch="never")
        person = self.enroll_key_by_hand(self.da1, kind)
        if kind == "passkey":
            person.ask(ASKS_PIN)
            person.answer(PIN)
        key.await_blinking(MAKE)
        stop(person)
        self.assert_restored(person)
        self.assert_untouched(self.finish(person), self.da1, kind, 130)
        self.assertEqual([line["during"] for line in key.log("CANCEL")], [MAKE])
        self.assertFalse(key.state()["waiting"], "the key goes on blinking")
        self.assertEqual(key.credentials(), [])

    @each(KINDS)
    def test_after_the_server_was_told(self, kind):
        key = self.key_for(kind, touch="never")
        person = self.enroll_key_by_hand(self.da1, kind)
        if kind == "passkey":
            person.ask(ASKS_PIN)
            person.answer(PIN)
        key.touch(MAKE)
        key.await_blinking(SIGN)
        person.interrupt()
        self.assert_restored(person)
        self.assert_left_behind(self.finish(person), self.da1, kind)
        self.assertEqual([line["during"] for line in key.log("CANCEL")], [SIGN])
        self.assertFalse(key.state()["waiting"], "the key goes on blinking")

    @each(KINDS)
    def test_at_a_login(self, kind):
        key = self.key_for(kind)
        self.enroll_key(self.da1, kind)
        key.ctl(touch="never")
        person = self.sit_down(self.da1, "--json", "prove", kind, "--pin-file", self.pin_file)
        key.await_blinking(SIGN)
        person.interrupt()
        self.assert_failed(self.finish(person), 130)
        self.assertEqual(len(key.log("CANCEL")), 1)

    def test_by_a_script(self):
        key = self.key(touch="never")
        run = self.start_enrolling(self.da1, "webauthn")
        key.await_blinking(MAKE)
        run.interrupt()
        self.assert_untouched(self.finish(run), self.da1, "webauthn", 130)
        self.assertEqual(len(key.log("CANCEL")), 1)


    @each({f"{kind}-{command}": (kind, command) for kind, command in
           (("webauthn", "getInfo"), ("passkey", "getInfo"), ("passkey", "clientPIN"),
            ("webauthn", MAKE), ("passkey", MAKE))})
    def test_while_the_key_says_nothing(self, kind, command):
        """It heeds no cancel either, and is left."""
        key = self.key_for(kind)
        key.fault(command, "silence", times=-1)
        run = self.start_enrolling(self.da1, kind)
        self.await_command(key, command)
        self.assert_ends_at_once(run, kind)

    def test_a_u2f_key_which_knows_no_cancel(self):
        key = self.key(u2f_only=True, touch="never")
        run = self.start_enrolling(self.da1, "webauthn")
        self.await_command(key, "u2fRegister")
        self.assert_ends_at_once(run, "webauthn")

    def await_command(self, key, command):
        deadline = time.monotonic() + PATIENCE_S
        while not key.asked(command):
            self.assertLess(time.monotonic(), deadline, key.log())
            time.sleep(0.02)

    def assert_ends_at_once(self, run, kind):
        run.interrupt()
        began = time.monotonic()
        outcome = self.finish(run)
        self.assertLess(time.monotonic() - began, AT_ONCE_S)
        self.assert_untouched(outcome, self.da1, kind, 130)


class Silent(KeyCase):
    """A key that never answers what needs nobody: an error, and no hang."""

    def test_at_its_opening(self):
        self.key().fault("getInfo", "silence", times=-1)
        outcome = self.enroll_key(self.da1, "webauthn", status=None)
        self.assert_untouched(outcome, self.da1, "webauthn", says="answer in time")


class RealNodes(KeyCase):
    """Devices as the kernel has them: udev and hidraw, played by umockdev."""

    def setUp(self):
        super().setUp()
        self.umockdev = softkey.program("umockdev-run")
        if not self.umockdev.exists():
            self.skipTest("umockdev is missing")
        if softkey.keys.asan_of(str(self.binary)):
            self.skipTest("umockdev and AddressSanitizer don't go together")

    def run_there(self, kind, *options, owner=None):
        key = self.key_for(kind)
        cacert = self.place / "ca.pem"
        if self.server.cacert:
            shutil.copy(self.server.cacert, cacert)
        words = self.words(self.da1, [*self.enroll_words(kind), "--cacert", cacert])
        if owner:
            self.place.chmod(0o755)
            for path in self.place.iterdir():
                shutil.chown(path, owner)
        run = Script(self.umockdev, [*options, key.path, "--", self.binary, *words],
                     environment(self.place, {}))
        self.addCleanup(run.close)
        return self.finish(run)

    @each(KINDS)
    def test_are_found(self, kind):
        self.assert_key_enrolled(self.run_there(kind), self.da1, kind)

    def test_that_can_t_be_opened_are_told_of(self):
        """A key is there, but not for this user: the node is named, and the cure."""
        if not is_root():
            self.skipTest("only root can become somebody else")
        if not self.may_run(self.binary):
            self.skipTest(f"{NOBODY} can't run {self.binary}")
        outcome = self.run_there("webauthn", "--forbidden", "--user", NOBODY, owner=NOBODY)
        self.assert_untouched(outcome, self.da1, "webauthn", says="/dev/hidraw0.*opened",
                              hints="udev")

    def may_run(self, path):
        pwd.getpwnam(NOBODY)
        return all(parent.stat().st_mode & 0o001 for parent in Path(path).parents)
