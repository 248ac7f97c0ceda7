"""The PIN and the finger: asked for when needed, tried once for each answer, never shown."""

from case import each
from key_case import ASKS_PIN, KINDS, MAKE, PIN, SIGN, WRONG_PIN, KeyCase

# Keys that want a PIN for a second factor, too.
INSISTING = {"always": {"always_uv": True}, "old": {"ctap21": False, "protocols": [1]},
             "not without": {"make_cred_uv_not_required": False}}


class Person(KeyCase):
    """On a terminal."""

    def enter(self, person, *pins):
        for pin in pins:
            shown = person.ask(ASKS_PIN)
            person.answer(pin)
        return shown

    def test_sees_the_tries_that_are_left(self):
        self.key(pin=PIN, pin_tries=3)
        person = self.enroll_key_by_hand(self.da1, "passkey")
        question = person.ask(f"[^\n]*{ASKS_PIN}").group()
        self.assertRegex(question, r"\b3\b.*left")
        self.assertIn(self.da1.name, question)
        self.assertIn(self.server.host, question)
        person.answer(PIN)
        self.assert_key_enrolled(self.finish(person), self.da1, "passkey")

    def test_may_err_once(self):
        key = self.key(pin=PIN)
        person = self.enroll_key_by_hand(self.da1, "passkey")
        person.ask(r"\b8 tries left[^\n]*: *$")
        person.answer(WRONG_PIN)
        person.expect("wrong")
        person.ask(r"\b7 tries left[^\n]*: *$")
        person.answer(PIN)
        self.assert_key_enrolled(self.finish(person), self.da1, "passkey")
        self.assertEqual(key.state()["pin_tries"], 8)

    @each(KINDS)
    def test_types_it_once_for_registration_and_proof(self, kind):
        self.key(pin=PIN, always_uv=True)
        person = self.enroll_key_by_hand(self.da1, kind)
        self.enter(person, PIN)
        outcome = self.finish(person)
        self.assert_key_enrolled(outcome, self.da1, kind)
        self.assertEqual(outcome.stderr.count("PIN of the"), 1)

    @each(INSISTING)
    def test_is_asked_where_the_key_is_one_that_insists(self, script):
        key = self.key(**{"pin": PIN} | script)
        person = self.enroll_key_by_hand(self.da1, "webauthn")
        self.enter(person, PIN)
        document = self.assert_key_enrolled(self.finish(person), self.da1, "webauthn")
        self.assertTrue(document["credential"]["user_verified"])
        self.assertEqual(key.made()[-1]["rk"], False)

    def test_too_short_costs_no_try(self):
        key = self.key(pin=PIN)
        person = self.enroll_key_by_hand(self.da1, "passkey")
        self.enter(person, "123", "x" * 64, PIN)
        outcome = self.finish(person)
        self.assert_key_enrolled(outcome, self.da1, "passkey")
        self.assertEqual(outcome.stderr.count("The key was not asked"), 2)
        self.assertEqual(key.state()["pin_tries"], 8)

    def test_gives_up_with_an_empty_line(self):
        self.key(pin=PIN)
        person = self.enroll_key_by_hand(self.da1, "passkey")
        self.enter(person, "")
        self.assert_untouched(self.finish(person), self.da1, "passkey", 130)

    def test_gives_up_with_ctrl_c(self):
        self.key(pin=PIN)
        person = self.enroll_key_by_hand(self.da1, "passkey")
        person.ask(ASKS_PIN)
        person.interrupt()
        person.process.wait(20)
        self.assertEqual(person.terminal_settings(), person.settings_before)
        self.assert_untouched(self.finish(person), self.da1, "passkey", 130)

    def test_types_that_of_a_second_key(self):
        """--pin-file is for the key that logs in; the one to enroll loses no try to it."""
        old = self.key(pin=PIN, always_uv=True)
        self.enroll_key(self.da1, "webauthn", "--pin-file", self.pin_file)
        new = self.key(pin=WRONG_PIN, always_uv=True)
        new.ctl(plugged=False)
        person = self.enroll_key_by_hand(self.da1, "webauthn", "--pin-file", self.pin_file)
        person.expect(r"press Enter[^\n]*$")
        old.ctl(plugged=False)
        new.ctl(plugged=True)
        person.answer("")
        person.ask(r"8 tries left[^\n]*: *$")
        person.answer(WRONG_PIN)  # of the other key, where it is right
        self.assert_key_enrolled(self.finish(person), self.da1, "webauthn", others=1)

    def test_blocks_it_for_now(self):
        """Three in a row, and the key wants to be plugged in again."""
        key = self.key(pin=PIN)
        person = self.enroll_key_by_hand(self.da1, "passkey")
        self.enter(person, WRONG_PIN, WRONG_PIN, WRONG_PIN)
        outcome = self.finish(person)
        self.assert_untouched(outcome, self.da1, "passkey", says="PIN", hints="plug")
        self.assertEqual(key.state()["pin_tries"], 5)

    def test_blocks_it_for_good(self):
        self.key(pin=PIN, pin_tries=1)
        person = self.enroll_key_by_hand(self.da1, "passkey")
        person.ask(r"\b1 try left[^\n]*: *$")
        person.answer(WRONG_PIN)
        self.assert_untouched(self.finish(person), self.da1, "passkey", says="block",
                              hints="reset")


class Script(KeyCase):
    """Without a terminal."""

    def wrong(self):
        return self.file("wrong", WRONG_PIN + "\n")

    @each(KINDS)
    def test_tries_a_wrong_one_once(self, kind):
        key = self.key(pin=PIN, always_uv=True)
        outcome = self.enroll_key(self.da1, kind, "--pin-file", self.wrong(), status=None)
        self.assert_untouched(outcome, self.da1, kind, 5, says="PIN")
        self.assertEqual(key.state()["pin_tries"], 7)

    def test_has_nobody_to_ask(self):
        key = self.key(pin=PIN)
        outcome = self.cowkey(self.da1, "--json", "enroll", "passkey")
        self.assert_untouched(outcome, self.da1, "passkey", 2, hints="--pin-file")
        self.assertEqual(key.state()["pin_tries"], 8)

    def test_gives_it_by_a_command(self):
        self.key(pin=PIN)
        outcome = self.enroll_key(self.da1, "passkey", "--pin-command", f"cat {self.pin_file}")
        self.assert_key_enrolled(outcome, self.da1, "passkey")

    def test_gives_it_by_a_descriptor(self):
        self.key(pin=PIN)
        with open(self.pin_file, "rb") as file:
            outcome = self.enroll_key(self.da1, "passkey", "--pin-fd", file.fileno(),
                                      pass_fds=[file.fileno()])
        self.assert_key_enrolled(outcome, self.da1, "passkey")

    def test_gives_a_wrong_one_by_a_command_that_runs_once(self):
        key = self.key(pin=PIN)
        runs = self.place / "runs"
        outcome = self.enroll_key(self.da1, "passkey", "--pin-command",
                                  f"echo >>{runs}; cat {self.wrong()}", status=None)
        self.assert_untouched(outcome, self.da1, "passkey", 5, says="PIN")
        self.assertEqual((runs.read_text(), key.state()["pin_tries"]), ("\n", 7))

    def test_gives_a_wrong_one_by_a_descriptor(self):
        key = self.key(pin=PIN)
        with open(self.wrong(), "rb") as file:
            outcome = self.enroll_key(self.da1, "passkey", "--pin-fd", file.fileno(),
                                      pass_fds=[file.fileno()], status=None)
        self.assert_untouched(outcome, self.da1, "passkey", 5, says="PIN")
        self.assertEqual(key.state()["pin_tries"], 7)

    def test_gives_it_where_it_is_not_needed(self):
        self.key(pin=PIN)
        outcome = self.enroll_key(self.da1, "webauthn", "--pin-file", self.wrong())
        self.assert_key_enrolled(outcome, self.da1, "webauthn")

    @each({"for now": ({"faults": [{"at": "clientPIN", "do": "status", "code": 0x34, "skip": 2,
                                    "times": -1}]}, "now|plug"),
           "for good": ({"pin_tries": 0}, "reset")})
    def test_meets_a_pin_that_is_blocked(self, script, hints):
        self.key(**{"pin": PIN} | script)
        outcome = self.enroll_key(self.da1, "passkey", status=None)
        self.assert_untouched(outcome, self.da1, "passkey", says="PIN|block", hints=hints)

    def test_meets_a_key_without_a_pin(self):
        key = self.key()
        outcome = self.enroll_key(self.da1, "passkey", status=None)
        self.assert_untouched(outcome, self.da1, "passkey", says="no PIN", hints="set one")
        self.assertEqual(key.made(), [])

    def test_meets_a_key_that_has_no_pins_at_all(self):
        self.key(client_pin=False)
        outcome = self.enroll_key(self.da1, "passkey", status=None)
        self.assert_untouched(outcome, self.da1, "passkey")

    @each({f"{kind}-{status}": (kind, status) for kind in KINDS
           for status in ("pin-policy-violation", "pin-invalid")})
    def test_meets_a_pin_that_has_to_be_changed(self, kind, status):
        """However the key puts it; a right PIN is not called wrong."""
        self.key(pin=PIN, always_uv=True, pin_change_forced=True, forced_change_status=status)
        outcome = self.enroll_key(self.da1, kind, "--pin-file", self.pin_file, status=None)
        self.assert_untouched(outcome, self.da1, kind, says="PIN.*chang", hints="change")


class Finger(KeyCase):
    """User verification that is built in comes first; the PIN is what remains."""

    @each({f"{kind}-{name}": (kind, script) for kind in KINDS for name, script in
           (("with a PIN", {"pin": PIN}), ("without", {}))})
    def test_is_enough(self, kind, script):
        key = self.key(**{"uv": "set", "always_uv": True} | script)
        outcome = self.cowkey(self.da1, "--json", "enroll", kind)
        document = self.assert_key_enrolled(outcome, self.da1, kind)
        self.assertTrue(document["credential"]["user_verified"])
        self.assertFalse([line for line in key.log("clientPIN")
                          if "Pin" in str(line.get("subcommand")) and "Uv" not in
                          str(line.get("subcommand"))
                          and "Retries" not in str(line.get("subcommand"))
                          and "Agreement" not in str(line.get("subcommand"))], "the PIN was used")

    def test_is_not_used_where_it_is_not_needed(self):
        key = self.key(uv="set")
        self.assert_key_enrolled(self.enroll_key(self.da1, "webauthn"), self.da1, "webauthn")
        self.assertFalse(key.made()[-1]["uv_done"])

    def test_that_is_not_recognised_leaves_the_pin(self):
        self.key(pin=PIN, uv="set", uv_result="fail")
        person = self.enroll_key_by_hand(self.da1, "passkey")
        person.ask(ASKS_PIN)
        person.answer(PIN)
        self.assert_key_enrolled(self.finish(person), self.da1, "passkey")

    def test_that_is_not_recognised_and_no_pin(self):
        self.key(uv="set", uv_result="fail")
        outcome = self.cowkey(self.da1, "--json", "enroll", "passkey")
        self.assertIn(outcome.status, (5, 7), outcome)
        self.assert_untouched(outcome, self.da1, "passkey", outcome.status)

    def test_that_is_never_recognised_leaves_the_pin(self):
        """As often as the key counts; the last time it does not even look."""
        key = self.key(pin=PIN, uv="set", uv_result="fail")
        while key.state()["uv_tries"] > 0:
            person = self.enroll_key_by_hand(self.da1, "passkey")
            person.ask(ASKS_PIN)
            person.answer("")
            self.assert_untouched(self.finish(person), self.da1, "passkey", 130)
        self.assert_key_enrolled(self.enroll_key(self.da1, "passkey"), self.da1, "passkey")
        self.assertEqual(key.state()["pin_tries"], 8)

    def test_that_is_never_recognised_and_no_pin(self):
        key = self.key(uv="set", uv_result="fail")
        while key.state()["uv_tries"] > 0:
            outcome = self.cowkey(self.da1, "--json", "enroll", "passkey")
            self.assert_untouched(outcome, self.da1, "passkey", outcome.status)
        outcome = self.cowkey(self.da1, "--json", "enroll", "passkey")
        self.assert_untouched(outcome, self.da1, "passkey", says="finger", hints="plug")
        self.assertEqual(key.made(), [])

    @each({"with a PIN": {"pin": PIN}, "without": {}})
    def test_that_does_not_come_in_time(self, script):
        """Nobody is there, so that nobody is asked for the PIN either."""
        key = self.key(**{"uv": "set", "uv_result": "timeout"} | script)
        outcome = self.enroll_key(self.da1, "passkey", status=None)
        self.assert_untouched(outcome, self.da1, "passkey", says="in time")
        self.assertEqual(key.made(), [])

    def finger_at_registration(self, key):
        """It is recognised there; what comes next is the proof."""
        key.touch("clientPIN")
        key.await_made()

    def test_that_does_not_come_in_time_for_the_proof(self):
        key = self.key(uv="set", touch="never")
        run = self.start(self.da1, "--json", "--yes", "enroll", "passkey")
        self.finger_at_registration(key)
        key.ctl(uv_result="timeout")
        key.touch("clientPIN")
        outcome = self.finish(run)
        self.assert_left_behind(outcome, self.da1, "passkey")
        key.ctl(uv_result="ok", touch="instant")
        self.assertEqual(self.prove(self.da1, "passkey", status=0).document["result"], "accepted")

    def test_that_is_not_recognised_at_the_proof_leaves_the_pin(self):
        key = self.key(pin=PIN, uv="set", touch="never")
        person = self.enroll_key_by_hand(self.da1, "passkey")
        self.finger_at_registration(key)
        key.ctl(uv_result="fail")
        key.touch("clientPIN")
        person.ask(ASKS_PIN)
        person.answer(PIN)
        key.touch(SIGN)
        self.assert_key_enrolled(self.finish(person), self.da1, "passkey")

    def test_that_is_not_set_up_leaves_the_pin(self):
        self.key(pin=PIN, uv="unset")
        self.assert_key_enrolled(self.enroll_key(self.da1, "passkey"), self.da1, "passkey")


class Proving(KeyCase):
    """The PIN at a login."""

    def test_a_passkey_asks_for_it(self):
        key = self.key(pin=PIN)
        self.enroll_key(self.da1, "passkey")
        person = self.sit_down(self.da1, "--json", "prove", "passkey", password=None)
        person.ask(ASKS_PIN)
        person.answer(PIN)
        self.assertEqual(self.finish(person, 0).document["result"], "accepted")
        self.assertTrue(key.last(SIGN)["uv_done"])

    def test_a_wrong_one_is_tried_once(self):
        key = self.key(pin=PIN)
        self.enroll_key(self.da1, "passkey")
        outcome = self.prove(self.da1, "passkey", "--pin-file", self.file("w", WRONG_PIN + "\n"))
        self.assert_failed(outcome, 5, says="PIN")
        self.assertEqual(key.state()["pin_tries"], 7)

    @each(KINDS)
    def test_blocked_between_registration_and_proof(self, kind):
        """A PIN that is refused at the proof never deletes a factor."""
        key = self.key(pin=PIN, always_uv=True)
        key.fault(SIGN, "status", code=0x34, times=-1)
        outcome = self.enroll_key(self.da1, kind, "--pin-file", self.pin_file, status=4)
        self.assert_left_behind(outcome, self.da1, kind)
        self.assertEqual([line["outcome"] for line in key.asked(MAKE)][-1:], ["OK"])
