"""rollout run at the desk: the wrong key at the wrong moment, undoing that is broken off, tries that
were in vain, and sessions that end during a pause."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import preload
import rollout_truth
import softkey
from cowkey import Hang
from key_case import MAKE, PIN, SIGN, WRONG_PIN
from test_rollout_desk import (ASKS_KEY, ASKS_NEXT, ASKS_PIN, DONE, DeskCase, Pins)


class Mishaps(DeskCase):
    def test_a_wrong_pin_is_no_refused_login(self):
        key = self.spare(pin=PIN)
        operator = self.sit(self.key_row(self.alice, "passkey"), policy={"keys": 2})
        self.offer(operator, key)
        for _ in range(3):
            operator.ask(ASKS_PIN)
            operator.answer(WRONG_PIN)
        self.refuse(operator, "PIN")
        key.ctl(plugged=False)
        operator.answer("s")
        operator.expect("Next: alice@example.test .*key 2")
        operator.expect(ASKS_NEXT)
        operator.answer("q")
        self.assert_document(self.finish(operator, 1), refusals=0)

    def test_a_finger_that_is_not_known(self):
        key = self.spare(uv="set", uv_result="fail", client_pin=False)
        operator = self.sit(self.key_row(self.alice, "passkey"), policy={"keys": 2})
        self.offer(operator, key)
        self.refuse(operator, "finger")
        key.ctl(uv_result="ok")
        operator.answer("r")
        operator.expect(DONE)
        operator.expect("Next: alice@example.test .*key 2")
        operator.expect(ASKS_NEXT)
        operator.answer("q")
        self.assert_document(self.finish(operator, 1), refusals=0, states={"proved": 1, "planned": 1})

    def test_password_that_is_put_right_at_the_desk(self):
        keys = self.spare(), self.spare()
        path = self.private("alice.pw", "Made-Up-Wrong-Password\n")
        self.secret_texts.add("Made-Up-Wrong-Password")
        operator = self.sit(self.key_row(self.alice, ref="file:alice.pw"), policy={"keys": 2})
        self.offer(operator, keys[0])
        self.refuse(operator, "refused|password")
        self.private("alice.pw", self.alice.password + "\n")
        operator.answer("r")
        operator.expect(DONE)
        keys[0].ctl(plugged=False)
        self.register(operator, keys[1], logs_in=keys[0])
        self.assert_document(self.finish(operator, 0), states={"proved": 2}, refusals=1)

    def test_another_key_after_the_login_key(self):
        """Both ports are used, and somebody else's key comes back instead of the new one."""
        bobs, first, second = self.spare(), self.spare(), self.spare()
        operator = self.sit(self.key_row(self.bob), self.key_row(self.alice), policy={"keys": 2})
        self.register(operator, bobs)
        operator.expect(ASKS_NEXT)
        operator.answer("s")
        self.register(operator, first)
        self.offer(operator, second)
        operator.expect(ASKS_KEY)
        second.ctl(plugged=False)
        first.ctl(plugged=True)
        operator.answer("")
        operator.expect("Now the new key again")
        operator.expect(ASKS_KEY)
        first.ctl(plugged=False)
        bobs.ctl(plugged=True)
        operator.answer("")
        self.refuse(operator, r"key 1 of bob@example\.test")
        self.assertEqual(len(bobs.made()), 1)
        operator.answer("q")
        self.finish(operator, 1)
        self.assert_registered(self.alice, "cowkey 1")

    def test_a_key_without_the_pin_after_the_login_key(self):
        first, second, third = self.spare(), self.spare(), self.spare()
        operator = self.sit(self.key_row(self.alice), policy={"keys": 2, "pin": "random",
                                                               "pin_change": "no"})
        self.register(operator, first)
        self.offer(operator, second)
        operator.expect(ASKS_KEY)
        second.ctl(plugged=False)
        first.ctl(plugged=True)
        operator.answer("")
        operator.expect("Now the new key again")
        operator.expect(ASKS_KEY)
        first.ctl(plugged=False)
        third.ctl(plugged=True)
        operator.answer("")
        operator.expect(ASKS_KEY)
        self.assertEqual(third.made(), [])
        third.ctl(plugged=False)
        second.ctl(plugged=True)
        operator.answer("")
        operator.expect(DONE)
        self.letter(1), self.letter(2)
        self.finish(operator, 0)

    def kill(self, operator):
        os.kill(operator.process.pid, signal.SIGKILL)
        operator.process.wait()

    def test_undo_that_is_killed_half_way(self):
        """The wrong key was given: the next run removes the rest of it, and asks for another one."""
        wrong, right = self.spare(), self.spare()
        rows = [self.key_row(self.da1, route="sign-on"),
                self.key_row(self.da1, "passkey", "sign-on", ref="")]
        rows.append(self.key_row(self.bob))
        operator = self.sit(*rows, policy={"pin": "random"})
        self.register(operator, wrong)
        self.letter()
        operator.expect(ASKS_NEXT)
        self.server.fault("hang", field="set_tfa")
        posts = sum("set_tfa" in row["form"] for row in self.server.requests())
        operator.answer("u")
        self.server.await_requests(lambda row: "set_tfa" in row["form"], posts + 1)
        self.kill(operator)
        self.sessions_lost += 1
        self.assertEqual([*self.item_states().values()], ["undoing", "planned", "planned"])
        operator = self.sit(*rows, policy={"pin": "random"}, words=["--late", "0"])
        operator.expect("Undoing it was broken off")
        self.offer(operator)
        operator.expect("Undone: da1")
        self.assertEqual(self.all_of(self.da1), ([], []))
        operator.expect("Next: da1")
        self.register(operator, right)
        self.letter()
        operator.expect("Next: bob")
        operator.expect(ASKS_NEXT)
        operator.answer("q")
        self.assert_document(self.finish(operator, 1), states={"proved": 2, "planned": 1})
        self.assertEqual((len(wrong.made()), len(right.made())), (2, 2))

    def test_undo_that_finds_the_server_away(self):
        key, other = self.spare(), self.spare()
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob))
        self.register(operator, key)
        operator.expect(ASKS_NEXT)
        key.ctl(plugged=True)
        self.server.fault("drop-before", field="login_user")
        operator.answer("u")
        self.refuse(operator, "server|connection")
        operator.answer("s")
        operator.expect("Next: bob@example.test")
        operator.expect(ASKS_NEXT)
        self.assertEqual([*self.item_states().values()], ["undoing", "planned"])
        operator.answer("u")
        operator.expect("Undone: alice@example.test")
        key.ctl(plugged=False)
        operator.expect("Next: alice@example.test")
        self.register(operator, other)
        self.register(operator, key)
        self.assert_document(self.finish(operator, 0), states={"proved": 2})

    def test_admins_session_that_ended(self):
        """The desk's operator was away for longer than the server keeps a session."""
        key = self.spare()
        operator = self.sit(self.key_row(self.alice, route="log-in-as"), by="admin")
        operator.expect(ASKS_NEXT)
        self.server.fault("expired", account="admin")
        key.ctl(plugged=True)
        operator.answer("")
        self.refuse(operator, ".")
        operator.answer("r")
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})

    def test_a_key_that_looks_like_the_one_with_the_random_pin(self):
        """A letter has the PIN of the key that is registered, and of no other."""
        first, second = self.spare(), self.spare(pin=PIN)
        first.fault(MAKE, "pull")
        operator = self.sit(self.key_row(self.alice), policy={"pin": "random"})
        self.offer(operator, first)
        self.refuse(operator, "unplugged|answer")
        second.ctl(plugged=True)
        operator.answer("r")
        self.refuse(operator, "another PIN than the one of this roll-out", "tried once")
        self.assertEqual((second.made(), second.state()["pin_tries"]), ([], 7))
        self.assertEqual(self.all_of(self.alice), ([], []))
        second.ctl(plugged=False)
        first.ctl(plugged=True)
        operator.answer("r")
        operator.expect(DONE)
        pin = self.letter()
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assertTrue(first.state()["pin_change_forced"])

    def test_policy_wants_random_pins_from_now_on(self):
        """A key that is in the account keeps its PIN, and is not to be reset."""
        key = self.spare(pin=PIN, touch="never")
        row = self.key_row(self.alice)
        operator = self.sit(row)
        self.offer(operator, key)
        key.touch(MAKE)
        key.await_blinking(SIGN)
        self.kill(operator)
        self.sessions_lost += 2
        key.ctl(touch="instant")
        operator = self.sit(row, policy={"pin": "random"})
        self.offer(operator)
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assertFalse(key.state()["pin_change_forced"])
        self.assertEqual(self.key_rows()[self.alice.name, 1]["pin"], "its-own")

    def test_policy_wants_longer_pins_from_now_on(self):
        """A key that got its PIN keeps it; one that did not gets a longer one than its letter had."""
        keys = self.spare(), self.spare()
        rows = [self.key_row(self.alice), self.key_row(self.bob)]
        keys[0].fault(MAKE, "pull")
        operator = self.sit(*rows, policy={"pin": "random"})
        self.offer(operator, keys[0])
        self.refuse(operator, "unplugged|answer")
        operator.answer("s")
        keys[1].fault("clientPIN", "pull")
        self.offer(operator, keys[1])
        self.refuse(operator, "unplugged|answer")
        operator.answer("q")
        self.finish(operator, 1)
        pins = [self.letter(person=number) for number in (1, 2)]
        longer = {"pin": "random", "pin_length": 12}
        operator = self.sit(*rows, policy=longer, words=["--retry"])
        for key in keys:
            key.ctl(faults=[])
            self.register(operator, key)
        self.assert_document(self.finish(operator, 0), states={"proved": 2})
        now = [self.letter(person=number) for number in (1, 2)]
        self.assertEqual((now[0], len(now[1])), (pins[0], 12))
        for key, pin in zip(keys, now):
            self.assertTrue(key.state()["pin_change_forced"])
            self.assert_opens(key, pin)
            key.ctl(plugged=False)

    def test_another_key_at_the_same_place(self):
        """The keys are swapped while the server takes its time with the login."""
        bobs, key = self.spare(), self.spare()
        operator = self.sit(self.key_row(self.bob), self.key_row(self.alice))
        self.register(operator, bobs)
        operator.expect(ASKS_NEXT)
        self.server.fault("delay:3", field="login_user", value=self.alice.name)
        key.ctl(plugged=True)
        operator.answer("")
        operator.expect(r"Logging in \.\.\.")
        key.close()
        shutil.copy(bobs.state_path, key.state_path)
        taken_for = softkey.Key(str(self.place), {}, Path(key.path).name)
        self.addCleanup(taken_for.close)
        self.refuse(operator, "unplugged|answer|reached")
        self.assertEqual(self.all_of(self.alice), ([], []))
        operator.answer("q")
        self.finish(operator, 1)

    def test_undo_of_a_new_password(self):
        key, other = self.spare(), self.spare()
        operator = self.sit(self.key_row(self.bob, route="reset-password"), self.key_row(self.alice))
        self.register(operator, key)
        self.handed_out_passwords()
        operator.expect(ASKS_NEXT)
        key.ctl(plugged=True)
        operator.answer("u")
        operator.expect("Undone: bob@example.test")
        key.ctl(plugged=False)
        operator.expect("Next: bob@example.test")
        self.register(operator, other)
        self.register(operator, key)
        self.handed_out_passwords()
        self.assert_document(self.finish(operator, 0), states={"proved": 2}, refusals=0)

    def test_second_key_of_a_new_password_another_time(self):
        key, other = self.spare(), self.spare()
        rows = [self.key_row(self.bob, route="reset-password")]
        operator = self.sit(*rows, policy={"keys": 2})
        operator.expect(ASKS_NEXT)
        operator.answer("s")
        operator.expect("key 2 of 2")
        self.register(operator, key)
        self.handed_out_passwords()
        self.assert_document(self.finish(operator, 1), states={"proved": 1, "skipped": 1})
        operator = self.sit(*rows, policy={"keys": 2}, words=["--retry"])
        self.register(operator, other, logs_in=key)
        self.handed_out_passwords()
        self.assert_document(self.finish(operator, 0), states={"proved": 2}, refusals=0)

    def test_killed_at_each_durable_step_of_a_random_pin(self):
        """Whatever it was killed at: the key's PIN is in its hand-out, and the next run goes on."""
        policy, row, died = {"pin": "random"}, self.key_row(self.alice), 0
        key = self.spare()
        for at in range(1, 200):
            self.sessions_lost += 2
            environ = preload.variables(self.binary, [preload.KILLER], self.environ(
                {"KILLER_AT": 2 * at, "KILLER_SIDE": "after", "KILLER_FROM": "pin-"}))
            key.ctl(plugged=False)
            operator = self.sit(row, policy=policy, environ=environ)
            with contextlib.suppress(Hang):  # killed before
                operator.expect(ASKS_NEXT)
                key.ctl(plugged=True)
                operator.answer("")
            outcome = self.finish(operator)
            if key.state()["pin_set"]:
                self.letter()
            if outcome.status != -signal.SIGKILL:
                break
            died += 1
        self.assertGreater(died, 3)
        self.assertEqual(outcome.status, 0, outcome)
        self.assert_registered(self.alice, "cowkey 1")
        self.assertEqual([*self.item_states().values()], ["proved"])
        self.assertTrue(key.state()["pin_change_forced"])
        self.assert_opens(key, self.letter())

    def opens_one_of(self, key, pins):
        """Whether one of them is the key's PIN."""
        key.ctl(plugged=True)
        new = self.private("new-pin", "Made-Up-New-PIN\n")
        self.secret_texts.add("Made-Up-New-PIN")
        return any(self.cowkey(None, "key", "pin", "change", "--pin-file",
                               self.private("old-pin", pin + "\n"), "--new-pin-file", new,
                               connect=False).status == 0 for pin in pins)

    assert_opens = Pins.assert_opens

    def test_sealed_and_undone(self):
        """What was sealed is replaced: the letter has the PIN of the key that came instead."""
        certificate, private = rollout_truth.make_recipient(self.place)
        key, other = self.spare(), self.spare()
        rows = [self.key_row(self.bob, route="reset-password"), self.key_row(self.alice)]
        operator = self.sit(*rows, policy={"pin": "random"}, words=["--seal-to", certificate])
        self.register(operator, key)
        operator.expect(ASKS_NEXT)
        self.assertEqual([*self.handouts.glob("pending/p*-*1")], [])
        key.ctl(plugged=True)
        operator.answer("u")
        operator.expect("Undone: bob@example.test")
        key.ctl(plugged=False)
        operator.expect("Next: bob@example.test")
        self.register(operator, other)
        operator.expect("Next: alice")
        operator.expect(ASKS_NEXT)
        operator.answer("q")
        self.assert_document(self.finish(operator, 1), states={"proved": 1, "planned": 1}, refusals=0)
        self.assert_registered(self.bob, "cowkey 1")
        self.assertTrue(other.state()["pin_change_forced"])
        self.assertEqual([*self.handouts.glob("pending/p*-*")], [])
        letters = [subprocess.run(
            ["openssl", "cms", "-decrypt", "-inform", "DER", "-recip", certificate, "-inkey", private,
             "-in", path], check=True, capture_output=True, text=True).stdout
            for path in self.handouts.glob("letters/*")]
        pins = set(re.findall(r"[2-9a-hjkmnp-z]{8}(?=<)", "".join(letters)))
        self.secret_texts |= pins
        self.assertTrue(self.opens_one_of(other, pins))
