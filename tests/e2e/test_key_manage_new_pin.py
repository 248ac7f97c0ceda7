"""Where the PIN of `key pin` comes from when no file gives it: made at random, or typed."""

import os
import re
import stat

from case import each
from key_case import PIN, WRONG_PIN
from test_key_manage_pin import ACTS, NEW, PinCommand

NEW_PIN, AGAIN, OLD_PIN = r"New PIN: *$", r"new PIN again: *$", r"PIN of the[^\n]*: *$"


class Random(PinCommand):
    def read(self):
        text = self.pin_out.read_text()
        self.assertRegex(text, r"\A[2-9a-hjkmnp-z]+\n\Z")
        self.secret_texts.add(text.strip())
        return text.strip()

    @each({f"{act}-{length}": (act, length) for act in ACTS for length in (4, 8, 63)})
    def test_into_a_file(self, act, length):
        self.key_to(act)
        outcome = self.act(act, "--random", length, "--out", self.pin_out)
        self.assert_set(outcome, act, out=str(self.pin_out))
        self.assertEqual(len(self.read()), length)
        self.assertEqual(stat.S_IMODE(self.pin_out.stat().st_mode), 0o600)
        self.assert_takes(self.read())

    def test_is_another_each_time(self):
        self.key()
        self.act("set", "--random", 20, "--out", self.pin_out, status=0)
        first = self.read()
        os.rename(self.pin_out, self.place / "pin")
        self.manage("--pin-file", self.place / "pin", "key", "pin", "change", "--random", 20,
                    "--out", self.pin_out, status=0)
        self.assertNotEqual(first, self.read())

    @each({"too short": (["--random", "3"], 2), "too long": (["--random", "64"], 2),
           "no number": (["--random", "many"], 2), "shorter than the key wants": (["--random", "5"], 2),
           "beside a given one": (["--random", "8", "--new-pin-command", "echo 123456"], 2)})
    def test_refused(self, words, status):
        key = self.key(pin_length_min=6)
        self.assert_failed(self.act("set", *words, "--out", self.pin_out), status)
        self.assertFalse(self.pin_out.exists())
        self.assertFalse(key.state()["pin_set"])

    @each({"json": ["--json"], "no terminal": []})
    def test_has_nowhere_to_go(self, words):
        key = self.key()
        outcome = self.manage(*words, "key", "pin", "set", "--random", 8, status=2)
        self.assertIn("--out", outcome.stderr)
        self.assertFalse(key.state()["pin_set"])

    def test_is_not_in_json_on_a_terminal_either(self):
        key = self.key()
        person = self.sit_down(None, "--json", "key", "pin", "set", "--random", "8", connect=False)
        self.assert_failed(self.finish(person), 2, "nowhere", "--out")
        self.assertFalse(key.state()["pin_set"])

    def test_out_is_for_random_ones(self):
        self.key()
        outcome = self.act("set", "--new-pin-file", self.new_file, "--out", self.pin_out)
        self.assert_failed(outcome, 2, hints="--random")

    def test_leaves_a_file_alone_that_exists(self):
        key = self.key()
        self.pin_out.write_text("precious")
        self.assert_failed(self.act("set", "--random", 8, "--out", self.pin_out), 2, "exists")
        self.assertEqual(self.pin_out.read_text(), "precious")
        self.assertFalse(key.state()["pin_set"])

    def test_is_on_disk_before_the_key_is_told(self):
        self.key(faults=[{"at": "clientPIN", "do": "pull"}])
        outcome = self.act("set", "--random", 8, "--out", self.place / "missing" / "pin")
        self.assert_failed(outcome, 2, "missing")

    @each({"wrong old PIN": 5})
    def test_takes_the_file_back_when_the_key_refuses(self, status):
        self.key(pin=PIN)
        wrong = self.file("wrong", WRONG_PIN + "\n")
        outcome = self.manage("--json", "--pin-file", wrong, "key", "pin", "change", "--random", 8,
                              "--out", self.pin_out)
        self.assert_failed(outcome, status)
        self.assertFalse(self.pin_out.exists())

    def start_by_hand(self, act="set"):
        person = self.sit_down(None, "key", "pin", act, "--random", "9", connect=False)
        if act == "change":
            person.ask(OLD_PIN)
            person.answer(PIN)
        shown = person.expect(r"new PIN:\s+([2-9a-hjkmnp-z]{9})\s").group(1)
        person.expect("Press Enter[^\n]* $")
        return person, shown

    @each(ACTS)
    def test_on_the_terminal(self, act):
        self.key_to(act)
        person, shown = self.start_by_hand(act)
        person.answer("")
        outcome = self.finish(person, 0)
        self.assertNotIn(shown, outcome.stdout)
        self.assertEqual(outcome.stderr.count(shown), 1)
        self.assert_takes(shown)

    def test_on_the_terminal_and_given_up(self):
        """It was shown, but the key was not told."""
        key = self.key()
        person, _ = self.start_by_hand()
        person.interrupt()
        outcome = self.finish(person, 130)
        self.assertRegex(outcome.stderr, "not in use")
        self.assertFalse(key.state()["pin_set"])


class Person(PinCommand):
    def change(self, *words):
        return self.sit_down(None, *words, "key", "pin", "change", connect=False)

    def type_new(self, person, pin=NEW, again=None):
        person.ask(NEW_PIN)
        person.answer(pin)
        person.ask(AGAIN)
        person.answer(again or pin)

    def test_sets_it(self):
        self.key()
        person = self.sit_down(None, "key", "pin", "set", connect=False)
        self.type_new(person)
        self.assertIn("The PIN is set", self.finish(person, 0).stdout)
        self.assert_takes(NEW)

    def test_changes_it(self):
        self.key(pin=PIN)
        person = self.change()
        person.ask(r"8 tries left[^\n]*: *$")
        person.answer(PIN)
        self.type_new(person)
        self.assertIn("The PIN is changed", self.finish(person, 0).stdout)
        self.assert_takes(NEW)

    def test_errs_about_the_old_one_once(self):
        """The new one need not be typed again."""
        key = self.key(pin=PIN)
        person = self.change()
        person.ask(OLD_PIN)
        person.answer(WRONG_PIN)
        self.type_new(person)
        person.ask(r"7 tries left[^\n]*: *$")
        self.assertEqual(key.state()["pin_tries"], 7)
        person.answer(PIN)
        self.finish(person, 0)
        self.assert_takes(NEW)

    def test_types_two_that_differ(self):
        self.key()
        person = self.sit_down(None, "key", "pin", "set", connect=False)
        self.type_new(person, NEW, "Made-Up-Other")
        person.expect("two differ")
        self.type_new(person)
        self.finish(person, 0)
        self.assert_takes(NEW)

    def test_types_one_that_is_too_short(self):
        self.key()
        person = self.sit_down(None, "key", "pin", "set", connect=False)
        person.ask(NEW_PIN)
        person.answer("123")
        person.expect("4 characters")
        self.type_new(person)
        self.finish(person, 0)

    def test_types_nonsense_for_ever(self):
        key = self.key()
        person = self.sit_down(None, "--json", "key", "pin", "set", connect=False)
        for _ in range(5):
            person.ask(NEW_PIN)
            person.answer("123")
        self.assert_failed(self.finish(person), 2, "typed")
        self.assertFalse(key.state()["pin_set"])

    @each({"old": 0, "new": 1, "again": 2})
    def test_presses_ctrl_c_at_the_question_for(self, question):
        key = self.key(pin=PIN)
        person = self.change("--json")
        before = person.terminal_settings()[3] | 0o10  # ECHO
        for ask, answer in ((OLD_PIN, PIN), (NEW_PIN, NEW), (AGAIN, NEW))[:question]:
            person.ask(ask)
            person.answer(answer)
        person.ask((OLD_PIN, NEW_PIN, AGAIN)[question])
        person.interrupt()
        person.process.wait(20)
        self.assertEqual(person.terminal_settings()[3], before)
        self.assert_failed(self.finish(person), 130)
        self.assertEqual(key.state()["pin_tries"], 8)
        self.assert_takes(PIN)

    def test_pulls_the_key_at_the_question(self):
        key = self.key(pin=PIN)
        person = self.change("--json")
        person.ask(OLD_PIN)
        key.ctl(plugged=False)
        person.answer(PIN)
        self.type_new(person)
        self.assert_failed(self.finish(person), 7, "unplugged")

    def test_picks_one_of_two_by_touch(self):
        keys = [self.key(touch="never"), self.key(touch="never")]
        person = self.sit_down(None, "key", "pin", "set", connect=False)
        text = person.expect("2 security keys[^\n]*").group()
        self.assertFalse(re.search(" for ", text))
        keys[1].touch()
        self.type_new(person)
        self.finish(person, 0)
        self.assertEqual([key.state()["pin_set"] for key in keys], [False, True])
