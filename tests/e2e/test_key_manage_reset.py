"""`key reset`: asked for twice, done on the right key, and never said before it is so."""

import softkey
from case import each
from cowkey import Script, environment
from key_case import PIN
from test_key_manage import YUBIKEY, KeyCommand

ASKS_WORD = r"word reset[^\n]*: *$"
UNPLUG, PLUG = r"Unplug the security key now", r"Plug it in again"


class ResetCommand(KeyCommand):
    def start_reset(self, *words):
        return self.sit_down(None, "--json", "--yes", *words, "key", "reset", connect=False)

    def replug(self, person, key):
        person.expect(UNPLUG)
        key.ctl(plugged=False)
        person.expect(PLUG)
        key.ctl(plugged=True)

    def await_line(self, run, words):
        """Until a script's standard error says this."""
        line = "."
        while line and words not in line:
            line = run.process.stderr.readline().decode()
        if not line:
            self.fail(f"it never said {words!r}: {self.finish(run)}")

    def assert_reset(self, outcome, key):
        self.assertEqual((outcome.status, outcome.document.get("result")), (0, "reset"), outcome)
        self.assertEqual(key.state()["pin_set"], False)
        self.assertEqual(key.credentials(), [])

    def assert_kept(self, key):
        self.assertTrue(key.state()["pin_set"])
        self.assertEqual(len(key.credentials()), 1)

    def used_key(self, **script):
        """One that is somebody's passkey."""
        key = self.key(pin=PIN, **script)
        self.enroll_key(self.da1, "passkey")
        return key


class Person(ResetCommand):
    def test_is_told_what_is_lost_and_asked(self):
        key = self.used_key()
        person = self.sit_down(None, "key", "reset", connect=False)
        told = person.expect(ASKS_WORD)
        for words in ("every passkey", "PIN", "registered anew", "/dev/softkey0"):
            self.assertIn(words, person.shown[:told.end()])
        person.answer("reset")
        self.replug(person, key)
        self.assertIn("reset", self.finish(person, 0).stdout)
        self.assertEqual(key.credentials(), [])

    @each({"nothing": "", "yes": "yes", "another word": "Reset it"})
    def test_answers(self, answer):
        key = self.used_key()
        person = self.sit_down(None, "--json", "key", "reset", connect=False)
        person.expect(ASKS_WORD)
        person.answer(answer)
        self.assert_failed(self.finish(person), 3, "as it was")
        self.assert_kept(key)
        self.assertEqual(key.asked("reset"), [])

    def test_touches_it(self):
        key = self.used_key()
        key.ctl(touch="never")
        person = self.start_reset()
        self.replug(person, key)
        key.touch("reset")
        self.assert_reset(self.finish(person), key)

    def test_presses_ctrl_c_at_the_question(self):
        key = self.used_key()
        person = self.sit_down(None, "--json", "key", "reset", connect=False)
        person.expect(ASKS_WORD)
        person.interrupt()
        self.assert_failed(self.finish(person), 130)
        self.assert_kept(key)

    def test_presses_ctrl_c_instead_of_unplugging_it(self):
        key = self.used_key()
        person = self.start_reset()
        person.expect(UNPLUG)
        person.interrupt()
        self.assert_failed(self.finish(person), 130)
        self.assert_kept(key)

    def test_presses_ctrl_c_instead_of_plugging_it_in(self):
        key = self.used_key()
        person = self.start_reset()
        person.expect(UNPLUG)
        key.ctl(plugged=False)
        person.expect(PLUG)
        person.interrupt()
        self.assert_failed(self.finish(person), 130)
        key.ctl(plugged=True)
        self.assert_kept(key)

    def test_presses_ctrl_c_instead_of_touching_it(self):
        key = self.used_key()
        key.ctl(touch="never")
        person = self.start_reset()
        self.replug(person, key)
        key.await_blinking("reset")
        person.interrupt()
        self.assert_failed(self.finish(person), 130)
        key.wait_until("waiting", False)
        self.assert_kept(key)

    def test_does_not_touch_it(self):
        key = self.used_key()
        key.ctl(touch="never", touch_timeout_ms=300)
        person = self.start_reset()
        self.replug(person, key)
        self.assert_failed(self.finish(person), 7, "not touched", "touch")
        self.assert_kept(key)

    def test_is_too_late(self):
        key = self.used_key()
        key.ctl(faults=[{"at": "reset", "do": "status", "code": 0x30}])
        person = self.start_reset()
        self.replug(person, key)
        self.assert_failed(self.finish(person), 7, "does not allow", "Start again")

    def test_plugs_in_another_one(self):
        key = self.used_key()
        person = self.start_reset()
        person.expect(UNPLUG)
        key.ctl(plugged=False)
        person.expect(PLUG)
        key.ctl(aaguid=YUBIKEY, plugged=True)  # as if it were another model
        self.assert_failed(self.finish(person), 7, "another security key", "Nothing was deleted")
        self.assert_kept(key)

    def test_unplugs_another_one_first(self):
        """Only the one that was touched at the beginning is waited for."""
        key, other = self.used_key(), self.key(pin=PIN)
        person = self.start_reset("--device", "/dev/softkey0")
        person.expect(UNPLUG)
        other.ctl(plugged=False)
        other.ctl(plugged=True)
        key.ctl(plugged=False)
        person.expect(PLUG)
        key.ctl(plugged=True)
        self.assert_reset(self.finish(person), key)
        self.assertTrue(other.state()["pin_set"])


class FromAScript(ResetCommand):
    def test_has_nobody_to_ask(self):
        key = self.used_key()
        self.assert_failed(self.manage("--json", "key", "reset"), 2, hints="--yes")
        self.assert_kept(key)

    def test_says_yes(self):
        key = self.used_key()
        run = self.start(None, "--json", "--yes", "key", "reset", connect=False)
        self.await_line(run, "Unplug")
        key.ctl(plugged=False)
        self.await_line(run, "Plug it in")
        key.ctl(plugged=True)
        self.assert_reset(self.finish(run), key)

    def test_has_no_key(self):
        self.assert_failed(self.manage("--json", "--yes", "key", "reset"), 7, "no security key")

    def test_has_a_u2f_key(self):
        self.key(u2f_only=True)
        self.assert_failed(self.manage("--json", "--yes", "key", "reset"), 7, "U2F")


class Lost(ResetCommand):
    """What the key answered does not arrive, or is a lie."""

    def judge(self, fault, says):
        key = self.used_key()
        key.ctl(faults=[fault])
        person = self.start_reset()
        self.replug(person, key)
        outcome = self.finish(person)
        self.assert_failed(outcome, 4, says, "key info")
        self.assertEqual(outcome.document["result"], "unknown")

    def test_pulled_before_it_answers(self):
        self.judge({"at": "reset", "do": "pull"}, "not known")

    def test_pulled_before_it_is_looked_at_again(self):
        self.judge({"at": "getInfo", "do": "pull", "skip": 5}, "not known")


class RealNodes(ResetCommand):
    """The node of a key that is plugged in again has another name."""

    def test_come_back_elsewhere(self):
        umockdev = softkey.program("umockdev-run")
        if not umockdev.exists():
            self.skipTest("umockdev is missing")
        if softkey.keys.asan_of(str(self.binary)):
            self.skipTest("umockdev and AddressSanitizer don't go together")
        key = self.key(pin=PIN)
        # Leading no session: umockdev's node would become its terminal, and hang up.
        run = Script(umockdev, [key.path, "--", self.binary, "--json", "--yes", "key", "reset"],
                     environment(self.place, {}), start_new_session=False)
        self.addCleanup(run.close)
        self.await_line(run, "Unplug")
        key.ctl(plugged=False)
        self.await_line(run, "Plug it in")
        key.ctl(plugged=True)
        self.assert_reset(self.finish(run), key)
