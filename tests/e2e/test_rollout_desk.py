"""rollout run at the desk: security keys, person after person, and nothing an operator can do wrong."""

import os
import signal
import sqlite3

import otp
import softkey
from admin_case import API_KEY
from case import each, in_every_dialect
from key_case import MAKE, PIN, SIGN, KeyCase
from test_key_manage import YUBIKEY
from test_rollout_run import STATES, RunCase

ASKS_NEXT = r"Plug in the key and press Enter \([^)]*\): *$"
ASKS_AFTER = r"Try again\? \([^)]*\): *$"
ASKS_KEY = r"Plug it in and press Enter \([^)]*\): *$"
ASKS_GO_ON = r"Press Enter to go on \([^)]*\): *$"
ASKS_PIN = r"PIN of the security key[^\n]*: *$"
DONE = r"Done\. Put this label on the key: [^\n]*\n"
PIN_STATES = ("its-own", "handed-out", "set", "to-change", "not-forced")
OTHER_MODEL = "c03ce450-f7ce-4a11-9e57-000102030405"


class DeskCase(KeyCase, RunCase):
    def setUp(self):
        super().setUp()
        self.policies = []

    # -- files -----------------------------------------------------------------------

    def policy(self, **keys):
        lines = ["[default]", *(f"{name.replace('_', '-')} = {value}" for name, value in keys.items())]
        return ["--policy", self.file("policy.ini", "\n".join(lines) + "\n")]

    def key_row(self, account, method="webauthn", route="password", label="", **how):
        return self.row(account, route, label, method, **how)

    # -- the operator ------------------------------------------------------------------

    def sit(self, *rows, policy=None, words=(), by=API_KEY, **how):
        """Starts a roll-out on a terminal; the key that a policy asks for is one, where it says none."""
        policy = self.policy(**({"keys": 1} | (policy or {})))
        line = self.line(*rows, words=[*policy, *words])
        if by == API_KEY:
            return self.sit_down(None, *self.key_words(), *line, **how)
        return self.sit_down(self.server.account(by), *line, **how)

    def register(self, operator, key, logs_in=None):
        """Gives the key to the next person, and takes it away when it is done."""
        self.offer(operator, key)
        if logs_in:
            operator.expect(ASKS_KEY)
            logs_in.ctl(plugged=True)
            operator.answer("")
        operator.expect(DONE)
        for plugged in filter(None, (key, logs_in)):
            plugged.ctl(plugged=False)

    def offer(self, operator, key=None):
        """Says that the next person's key is plugged in, which it is."""
        operator.expect(ASKS_NEXT)
        if key:
            key.ctl(plugged=True)
        operator.answer("")

    def try_another(self, operator, bad, good, asks_pin):
        """Another key instead of the one that was refused."""
        bad.ctl(plugged=False)
        good.ctl(plugged=True)
        operator.answer("r")
        if asks_pin:
            operator.ask(ASKS_PIN)
            operator.answer(PIN)
        operator.expect(DONE)

    def refuse(self, operator, says, hints="."):
        """It is not done, and the operator is asked."""
        found = operator.expect(r"Not done for (?P<what>.*)\r\n  (?P<cure>.*)\r\n" + ASKS_AFTER)
        self.assertRegex(found["what"], says)
        self.assertRegex(found["cure"], hints)

    def letter(self, n=1, person=1):
        """The PIN that the roll-out made."""
        pin = (self.handouts / "pending" / f"pin-{person:06}-{n}").read_text()
        self.secret_texts.add(pin)
        return pin

    def spare(self, **script):
        """A key that is not plugged in yet."""
        key = self.key(**script)
        key.ctl(plugged=False)
        return key

    # -- the ledger ---------------------------------------------------------------------

    def query(self, text):
        with sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True) as database:
            return database.execute(text).fetchall()

    def item_states(self):
        """{(account, n, method): state}"""
        methods = ("totp", "webauthn", "passkey")
        return {(name, n, methods[method]): STATES[state] for name, n, method, state in self.query(
            "SELECT name, n, method, state FROM item JOIN person ON person.id = person")}

    def key_rows(self):
        """{(account, n): {...}}"""
        names = ("aaguid", "serial", "firmware", "reset", "pin", "begun_s", "done_s", "own_ms")
        rows = self.query(f"SELECT name, n, {', '.join(names)} FROM key JOIN person"
                          " ON person.id = person")
        found = {(row[0], row[1]): dict(zip(names, row[2:])) for row in rows}
        for row in found.values():
            row["pin"] = PIN_STATES[row["pin"]]
        return found

    def assert_registered(self, account, *labels, passkeys=()):
        self.assertEqual([row["label"] for row in self.server.factors(account)], list(labels))
        self.assertEqual([row["label"] for row in self.passkeys(account)], list(passkeys))


class Registers(DeskCase):
    @in_every_dialect
    def test_two_people_with_two_keys_each(self):
        keys = [self.spare() for _ in range(4)]
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob), policy={"keys": 2})
        operator.expect("Next: alice@example.test .*key 1 of 2")
        operator.expect("2 people, 4 keys")
        for first, second in (keys[:2], keys[2:]):
            self.register(operator, first)
            operator.expect("key 2 of 2")
            self.register(operator, second, logs_in=first)
        self.assert_document(self.finish(operator, 0), people=2, items=4, states={"proved": 4},
                             changed_now=4, stopped=None, error=None)
        for account in (self.alice, self.bob):
            self.assert_registered(account, "cowkey 1", "cowkey 2")
        for key in keys:
            self.assertEqual(len(key.made()), 1)
        self.assert_refusals(0)

    @in_every_dialect
    def test_second_factor_and_passkey_on_one_key(self):
        key = self.spare(pin=PIN)
        operator = self.sit(self.key_row(self.alice), self.key_row(self.alice, "passkey"))
        operator.expect("It gets: second factor, passkey")
        operator.expect(ASKS_NEXT)
        key.ctl(plugged=True)
        operator.answer("")
        operator.ask(ASKS_PIN)
        operator.answer(PIN)
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 2})
        self.assert_registered(self.alice, "cowkey 1", passkeys=["cowkey 1"])

    def test_ledger_knows_the_key(self):
        key = self.spare(aaguid=YUBIKEY)
        operator = self.sit(self.key_row(self.da1))
        self.register(operator, key)
        self.finish(operator, 0)
        row = self.key_rows()[self.da1.name, 1]
        self.assertEqual((row["aaguid"], row["firmware"], row["reset"], row["pin"]),
                         (YUBIKEY, "5.4.3", 0, "its-own"))
        self.assertTrue(0 < row["begun_s"] <= row["done_s"], row)

    @each(("log-in-as", "sign-on", "reset-password"))
    def test_by_another_route(self, route):
        by = "admin" if route == "log-in-as" else API_KEY
        account = self.da1 if route == "sign-on" else self.bob
        ref = "" if route == "reset-password" else None
        first, second = self.spare(), self.spare()
        operator = self.sit(self.key_row(account, route=route, ref=ref), policy={"keys": 2}, by=by)
        self.register(operator, first)
        # An API key can't log in as a mailbox, so that one logs in itself.
        self.register(operator, second, logs_in=first if route == "reset-password" else None)
        self.handed_out_passwords()
        self.assert_document(self.finish(operator, 0), states={"proved": 2})
        self.assert_registered(account, "cowkey 1", "cowkey 2")

    def test_own_time_is_little(self):
        keys = [self.spare(), self.spare()]
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob))
        for key in keys:
            self.register(operator, key)
        self.finish(operator, 0)
        for row in self.key_rows().values():
            self.assertLess(row["own_ms"], 2000)  # the bench is stricter, and has the machine

    def test_no_terminal(self):
        policy = self.policy(keys=1)
        outcome = self.roll_out(self.key_row(self.alice), words=policy, status=1)
        self.assert_document(outcome, states={"planned": 1}, changed_now=0, error=None)
        self.assertIn("wait for a desk", self.act(
            API_KEY, *self.line(self.key_row(self.alice), words=policy)[1:], status=1).stderr)

    def test_app_before_key(self):
        """The app that the same run enrolled answers the logins that the key needs."""
        keys = [self.spare(), self.spare()]
        operator = self.sit(self.key_row(self.alice), self.row(self.alice), policy={"keys": 2})
        for key in keys:
            self.register(operator, key)
        self.secret_of("000003")
        self.assert_document(self.finish(operator, 0), states={"proved": 3})


# What the policy wants, what the key is, and what is said of it.
UNFIT = {
    "another model": ({"aaguids": YUBIKEY}, {}, "does not have this model.*c03ce450", "another key"),
    "old firmware": ({"firmware": "5.4.4"}, {}, "firmware is 5.4.3.*5.4.4 or newer", "another key"),
    "not attested": ({"attestation": "required"}, {"attestation": "self"}, "attestation", "not told"),
    "has a PIN": ({"pin": "random"}, {"pin": PIN}, "has a PIN already", "key reset"),
    "takes no PIN": ({"pin": "random"}, {"client_pin": False}, "has no PINs", "another key"),
    "too short": ({"pin": "random"}, {"pin_length_min": 9}, "9 characters", "pin-length"),
}
UNFIT_FOR_PASSKEYS = {
    "U2F": ({}, {"u2f_only": True}, "keeps none", "another key"),
    "blocked": ({}, {"pin": PIN, "pin_tries": 0}, "blocked", "key reset"),
    "to change": ({}, {"pin": PIN, "pin_change_forced": True}, "wants its PIN changed", "pin change"),
    "full": ({}, {"pin": PIN, "capacity": 0}, "no room", "credentials"),
}


class WontDo(DeskCase):
    """The key is looked at before anything is done with it."""

    def judge(self, method, policy, script, says, hints):
        good = {"aaguid": policy.get("aaguids"), "pin": PIN if method == "passkey" else None}
        good = {name: value for name, value in good.items() if value}
        if "firmware" in policy:
            good["firmware"] = 0x050404
        bad, good = self.spare(**script), self.spare(**good)
        operator = self.sit(self.key_row(self.alice, method), policy=policy)
        self.offer(operator, bad)
        self.refuse(operator, says, hints)
        self.assertEqual(self.all_of(self.alice), ([], []))
        self.assertEqual({line.get("subcommand") for line in bad.asked("clientPIN")}
                         - {"getPINRetries"}, set())
        self.assertEqual(bad.asked("u2fRegister", "reset"), [])
        if policy.get("attestation") is None:
            self.assertEqual(bad.made(), [])
        self.try_another(operator, bad, good, asks_pin=method == "passkey")
        if policy.get("pin") == "random":
            self.letter()
        self.assert_document(self.finish(operator, 0), states={"proved": 1})

    @each(UNFIT)
    def test_second_factor(self, policy, script, says, hints):
        self.judge("webauthn", policy, script, says, hints)

    @each(UNFIT_FOR_PASSKEYS)
    def test_passkey(self, policy, script, says, hints):
        self.judge("passkey", policy, script, says, hints)

    def test_used_for_somebody_else(self):
        first, second = self.spare(), self.spare()
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob))
        self.register(operator, first)
        made = len(first.asked(MAKE))
        self.offer(operator, first)
        self.refuse(operator, r"key 1 of alice@example\.test", "Nothing was done with it")
        self.assertEqual(len(first.asked(MAKE)), made)
        first.ctl(plugged=False)
        second.ctl(plugged=True)
        operator.answer("R")
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 2})
        self.assert_registered(self.bob, "cowkey 1")

    def test_used_as_the_persons_other_key(self):
        key = self.spare()
        operator = self.sit(self.key_row(self.alice), policy={"keys": 2})
        self.register(operator, key)
        self.offer(operator, key)
        self.refuse(operator, r"key 1 of alice@example\.test")
        operator.answer("q")
        self.assert_document(self.finish(operator, 1), states={"proved": 1, "planned": 1},
                             stopped="quit")

    def test_used_by_an_earlier_run(self):
        key = self.spare()
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob))
        self.register(operator, key)
        operator.expect(ASKS_NEXT)
        operator.answer("q")
        self.finish(operator, 1)
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob))
        self.offer(operator, key)
        self.refuse(operator, r"key 1 of alice@example\.test")
        operator.answer("s")
        self.finish(operator, 1)

    def test_none_is_plugged_in(self):
        key = self.spare()
        operator = self.sit(self.key_row(self.alice))
        self.offer(operator)
        self.refuse(operator, "no security key", "Plug it in")
        key.ctl(plugged=True)
        operator.answer("")
        operator.expect(DONE)
        self.finish(operator, 0)

    def test_two_are_plugged_in(self):
        key, other = self.spare(), self.spare()
        operator = self.sit(self.key_row(self.alice))
        other.ctl(plugged=True)
        self.offer(operator, key)
        self.refuse(operator, "2 security keys", "only the one")
        self.assertEqual(key.made() + other.made(), [])
        other.ctl(plugged=False)
        operator.answer("r")
        operator.expect(DONE)
        self.finish(operator, 0)
        self.assertEqual((len(key.made()), len(other.made())), (1, 0))


class Makers(DeskCase):
    """A policy that names the roots of the makers whose keys are welcome."""

    def trust_maker_of(self, key):
        """Its root is known once it made something."""
        self.file("makers.pem", key.stored()["attestation"]["ca"])

    def used(self):
        """A key that made something, for nobody in the plan."""
        key = self.key(pin=PIN)
        self.enroll_key(self.carol, "webauthn")
        key.ctl(plugged=False)
        return key

    WANTED = {"attestation": "required", "attestation_roots": "makers.pem"}

    @each(("webauthn", "passkey"))
    def test_only_of_a_maker_that_is_trusted(self, method):
        welcome, other = self.used(), self.spare(pin=PIN, aaguid=YUBIKEY)
        self.trust_maker_of(welcome)
        operator = self.sit(self.key_row(self.alice, method), policy=self.WANTED)
        self.offer(operator, other)
        if method == "passkey":
            operator.ask(ASKS_PIN)
            operator.answer(PIN)
        keeps = "keeps a passkey.*" if method == "passkey" else ""
        self.refuse(operator, f"certificate of this key .*{YUBIKEY}.* none of the roots in 'makers.pem'",
                    f"not told.*{keeps}another key")
        self.assertEqual(self.all_of(self.alice), ([], []))
        self.assertEqual([*self.item_states().values()], ["planned"])
        self.try_another(operator, other, welcome, asks_pin=method == "passkey")
        self.assert_document(self.finish(operator, 0), states={"proved": 1})

    def test_another_model_than_it_says(self):
        """What a key tells of itself is its word; what its maker signs is not."""
        key = self.spare(touch="never", aaguid=YUBIKEY)
        operator = self.sit(self.key_row(self.alice),
                            policy={"attestation": "required", "aaguids": YUBIKEY})
        self.offer(operator, key)
        key.await_blinking(MAKE)
        key.ctl(aaguid=OTHER_MODEL)
        key.touch(MAKE)
        self.refuse(operator, f"by another model .*{OTHER_MODEL}", "not told")
        self.assertEqual(self.all_of(self.alice), ([], []))
        key.ctl(touch="instant", aaguid=YUBIKEY)
        operator.answer("r")
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})

    @each({"that is not there": (None, "can't be read: No such file"),
           "without a certificate": ("nothing\n", "no certificate"),
           "that is broken": ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                              "certificate 1 can't be read")})
    def test_file(self, text, says):
        """Nobody is begun with."""
        if text:
            self.file("makers.pem", text)
        line = self.line(self.key_row(self.alice), words=self.policy(keys=1, **self.WANTED))
        outcome = self.act(API_KEY, *line, status=None)
        self.assert_failed(outcome, 2, rf"policy\.ini:4: 'attestation-roots': .*makers\.pem.*{says}")
        self.assertFalse(self.ledger.exists())


class Pins(DeskCase):
    def test_random_one(self):
        key = self.spare()
        operator = self.sit(self.key_row(self.alice), self.key_row(self.alice, "passkey"),
                            policy={"pin": "random", "pin_length": 10})
        self.register(operator, key)
        pin = self.letter()
        self.assert_document(self.finish(operator, 0), states={"proved": 2})
        self.assertRegex(pin, "^[2-9a-z]{10}$")
        self.assertTrue(key.state()["pin_change_forced"])
        self.assertEqual(self.key_rows()[self.alice.name, 1]["pin"], "to-change")
        self.assert_opens(key, pin)
        self.assertEqual(os.stat(self.handouts / "pending").st_mode & 0o777, 0o700)

    def assert_opens(self, key, pin):
        """It is the key's PIN: it can be changed with it."""
        new = self.private("new-pin", "Made-Up-New-PIN\n")
        old = self.private("old-pin", pin + "\n")
        self.secret_texts.add("Made-Up-New-PIN")
        key.ctl(plugged=True)
        self.cowkey(None, "key", "pin", "change", "--pin-file", old, "--new-pin-file", new,
                    connect=False, status=0)

    def test_new_key_is_not_asked_for_those_that_have_one(self):
        """A key loses its PIN only with all that is on it."""
        first, second = self.spare(), self.spare()
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob),
                            policy={"pin": "random", "pin_change": "no"})
        self.register(operator, first)
        self.register(operator, second)
        self.letter(person=1)
        self.letter(person=2)
        self.finish(operator, 0)
        self.assertEqual([line["up"] for line in second.asked(SIGN)], [True])

    def test_random_one_that_need_not_be_changed(self):
        key = self.spare()
        operator = self.sit(self.key_row(self.alice),
                            policy={"pin": "random", "pin_change": "no"})
        self.register(operator, key)
        self.letter()
        self.finish(operator, 0)
        self.assertFalse(key.state()["pin_change_forced"])
        self.assertEqual(self.key_rows()[self.alice.name, 1]["pin"], "set")

    def test_random_one_that_the_key_can_not_force(self):
        key = self.spare(ctap21=False, protocols=[1])
        operator = self.sit(self.key_row(self.alice), policy={"pin": "random"})
        self.offer(operator, key)
        operator.expect("does not insist on a new PIN")
        operator.expect(DONE)
        self.letter()
        self.finish(operator, 0)
        self.assertEqual(self.key_rows()[self.alice.name, 1]["pin"], "not-forced")

    def test_typed_for_a_key_that_has_none(self):
        key = self.spare()
        operator = self.sit(self.key_row(self.alice, "passkey"))
        self.offer(operator, key)
        operator.ask("New PIN: $")
        operator.answer(PIN)
        operator.ask("again: $")
        operator.answer(PIN)
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assertTrue(key.state()["pin_set"])
        self.assertFalse(key.state()["pin_change_forced"])

    def test_typed_wrong_once(self):
        key = self.spare(pin=PIN)
        operator = self.sit(self.key_row(self.alice, "passkey"))
        self.offer(operator, key)
        operator.ask(ASKS_PIN)
        operator.answer("Made-Up-PIN-0000")
        operator.ask(ASKS_PIN)
        operator.answer(PIN)
        operator.expect(DONE)
        self.finish(operator, 0)
        self.assert_refusals(0)

    def test_typed_by_nobody(self):
        key = self.spare(pin=PIN)
        operator = self.sit(self.key_row(self.alice, "passkey"))
        self.offer(operator, key)
        operator.ask(ASKS_PIN)
        operator.answer("")
        self.refuse(operator, "nothing was typed")
        operator.answer("s")
        self.assert_document(self.finish(operator, 1), states={"skipped": 1}, stopped=None)
        self.assertEqual(self.all_of(self.alice), ([], []))


class Reset(DeskCase):
    POLICY = {"reset": "yes", "pin": "random"}

    def replug(self, operator, key):
        operator.expect("Unplug it now")
        key.ctl(plugged=False)
        operator.expect("Plug it in again")
        key.ctl(plugged=True)

    def test_first(self):
        key = self.spare(pin=PIN)
        operator = self.sit(self.key_row(self.alice), policy=self.POLICY)
        self.offer(operator, key)
        self.replug(operator, key)
        operator.expect(DONE)
        self.letter()
        self.finish(operator, 0)
        self.assertEqual(len(key.asked("reset")), 1)
        self.assertEqual(self.key_rows()[self.alice.name, 1]["reset"], 1)

    def test_once_whatever_comes_after_it(self):
        key = self.spare(pin=PIN)
        key.fault(MAKE, "pull")
        operator = self.sit(self.key_row(self.alice), policy=self.POLICY)
        self.offer(operator, key)
        self.replug(operator, key)
        self.refuse(operator, "unplugged|answer")
        key.ctl(plugged=True)
        operator.answer("r")
        operator.expect(DONE)
        self.letter()
        self.finish(operator, 0)
        self.assertEqual(len(key.asked("reset")), 1)

    def test_not_of_a_key_that_was_used(self):
        key = self.spare()
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob), policy=self.POLICY)
        self.offer(operator, key)
        self.replug(operator, key)
        operator.expect(DONE)
        self.offer(operator)
        self.refuse(operator, r"key 1 of alice@example\.test")
        operator.answer("q")
        self.letter()
        self.finish(operator, 1)
        self.assertEqual(len(key.asked("reset")), 1)

    def test_not_unplugged(self):
        key = self.spare(pin=PIN)
        operator = self.sit(self.key_row(self.alice), policy=self.POLICY,
                            words=["--touch-timeout", "1"])
        self.offer(operator, key)
        self.refuse(operator, "not unplugged in time", "Nothing was deleted")
        operator.answer("q")
        self.finish(operator, 1)
        self.assertTrue(key.state()["pin_set"])


class Answers(DeskCase):
    """Nothing that is typed does harm."""

    def two(self, **how):
        return self.sit(self.key_row(self.alice), self.key_row(self.bob), **how)

    def test_skip(self):
        key = self.spare()
        operator = self.two()
        operator.expect(ASKS_NEXT)
        operator.answer("s")
        operator.expect("Left as it is: alice@example.test, key 1. --retry")
        operator.expect("bob@example.test")
        self.register(operator, key)
        self.assert_document(self.finish(operator, 1), states={"skipped": 1, "proved": 1})
        other = self.spare()
        operator = self.two(words=["--retry"])
        operator.expect("Next: alice@example.test")
        self.register(operator, other)
        self.assert_document(self.finish(operator, 0), states={"proved": 2}, changed_now=1)
        self.assertEqual(len(other.made()), 1)

    def test_undo(self):
        key, other = self.spare(), self.spare()
        operator = self.two()
        self.register(operator, key)
        operator.expect("The last one was alice@example.test, key 1")
        operator.expect(ASKS_NEXT)
        key.ctl(plugged=True)  # which logs in to remove itself
        operator.answer("u")
        operator.expect("Undone: alice@example.test")
        key.ctl(plugged=False)
        operator.expect("Next: alice@example.test")
        self.assertEqual(self.all_of(self.alice), ([], []))
        self.register(operator, other)
        self.register(operator, key)  # it is nobody's any more
        self.assert_document(self.finish(operator, 0), states={"proved": 2})
        for account in (self.alice, self.bob):
            self.assert_registered(account, "cowkey 1")

    def test_undo_of_two_factors(self):
        key = self.spare()
        rows = [self.key_row(self.da1, route="sign-on"),
                self.key_row(self.da1, "passkey", "sign-on", ref=""), self.key_row(self.bob)]
        operator = self.sit(*rows, policy={"pin": "random"})
        self.register(operator, key)
        self.letter()
        operator.expect(ASKS_NEXT)
        key.ctl(plugged=True)
        operator.answer("u")
        operator.expect("Undone: da1")
        operator.expect(ASKS_NEXT)
        operator.answer("q")
        self.assert_document(self.finish(operator, 1), states={"planned": 3}, stopped="quit",
                             changed_now=0)
        self.assertEqual(self.all_of(self.da1), ([], []))

    def test_undo_of_nothing(self):
        operator = self.two()
        operator.expect(ASKS_NEXT)
        operator.answer("u")
        operator.expect("no answer. Nothing was done")
        operator.expect(ASKS_NEXT)
        operator.answer("q")
        self.finish(operator, 1)

    def test_pause(self):
        key = self.spare()
        operator = self.two()
        operator.expect(ASKS_NEXT)
        operator.answer("p")
        operator.expect("the same command, with the ledger .*rollout.db")
        operator.expect(ASKS_GO_ON)
        operator.answer("")
        operator.expect("Next: alice@example.test")
        self.register(operator, key)
        operator.expect(ASKS_NEXT)
        operator.answer("P")
        operator.expect(ASKS_GO_ON)
        operator.answer("whatever")
        operator.expect("no answer. Nothing was done")
        operator.expect(ASKS_GO_ON)
        operator.answer("")
        operator.expect("Next: bob@example.test")
        operator.expect(ASKS_NEXT)
        operator.answer("p")
        operator.expect(ASKS_GO_ON)
        operator.answer("q")
        self.assert_document(self.finish(operator, 1), stopped="quit")

    def test_help_and_nonsense(self):
        operator = self.two()
        operator.expect(ASKS_NEXT)
        for text in ("?", "x", "ss", "quit", "y", "0", "é", "s u", "cccccchhnbcdefghijklnrtuv" * 6):
            operator.answer(text)
            if text != "?":
                operator.expect("no answer. Nothing was done")
            operator.expect(r"s +skip this key")
            operator.expect(ASKS_NEXT)
        operator.answer(" q ")
        self.assert_document(self.finish(operator, 1), states={"planned": 2}, changed_now=0)

    def test_what_was_typed_before_the_question(self):
        key = self.spare()
        key.ctl(touch="never")
        operator = self.two()
        self.offer(operator, key)
        key.await_blinking(MAKE)
        operator.press("s\ns\ns\n")
        key.ctl(touch="instant", press=True)
        operator.expect(DONE)
        operator.expect(ASKS_NEXT)
        operator.answer("q")
        self.assert_document(self.finish(operator, 1), states={"proved": 1, "planned": 1})

    # Where an operator may be, and how to get there.
    def at_next(self, operator):
        operator.expect(ASKS_NEXT)

    def at_after(self, operator):
        self.offer(operator)
        operator.expect(ASKS_AFTER)

    def at_pause(self, operator):
        operator.expect(ASKS_NEXT)
        operator.answer("p")
        operator.expect(ASKS_GO_ON)

    def at_pin(self, operator):
        self.offer(operator, self.with_pin)
        operator.ask(ASKS_PIN)

    def at_new_pin(self, operator):
        self.offer(operator, self.without_pin)
        operator.ask("New PIN: $")

    PLACES = ("at_next", "at_after", "at_pause", "at_pin", "at_new_pin")

    @each(PLACES)
    def test_ctrl_c(self, place):
        self.with_pin, self.without_pin = self.spare(pin=PIN), self.spare()
        operator = self.sit(self.key_row(self.alice, "passkey"))
        getattr(self, place)(operator)
        operator.interrupt()
        self.assert_document(self.finish(operator, 130), states={"planned": 1},
                             stopped="interrupted")
        self.assertEqual(self.all_of(self.alice), ([], []))

    @each(PLACES[:3])
    def test_ctrl_d(self, place):
        operator = self.sit(self.key_row(self.alice, "passkey"))
        getattr(self, place)(operator)
        operator.press("\x04")
        self.assert_document(self.finish(operator, 1), states={"planned": 1}, stopped="quit")

    def test_ctrl_c_instead_of_a_touch(self):
        key = self.spare(touch="never")
        operator = self.sit(self.key_row(self.alice))
        self.offer(operator, key)
        key.await_blinking(MAKE)
        operator.interrupt()
        self.assert_document(self.finish(operator, 130), states={"planned": 1},
                             stopped="interrupted")
        self.assertEqual(self.all_of(self.alice), ([], []))

    def test_ctrl_c_at_the_login_key(self):
        keys = self.spare(), self.spare()
        operator = self.sit(self.key_row(self.alice), policy={"keys": 2})
        self.register(operator, keys[0])
        self.offer(operator, keys[1])
        operator.expect(ASKS_KEY)
        operator.interrupt()
        self.assert_document(self.finish(operator, 4), states={"proved": 1, "planned": 1},
                             stopped="interrupted")

    def test_window_is_closed(self):
        operator = self.two()
        operator.expect(ASKS_NEXT)
        operator.hang_up()
        self.finish(operator)
        self.assertEqual(set(self.item_states().values()), {"planned"})


class Resumes(DeskCase):
    """Whatever a run was killed at, the next one goes on there, with the same key."""

    def kill(self, operator):
        os.kill(operator.process.pid, signal.SIGKILL)
        operator.process.wait()

    def go_on(self, key, *rows, policy=None, says="the key that was begun with"):
        key.ctl(touch="instant", plugged=True)
        operator = self.sit(*rows, policy=policy)
        self.offer(operator)
        if says:
            operator.expect(says)
        operator.expect(DONE)
        return operator

    def test_killed_before_the_key_made_anything(self):
        key = self.spare(touch="never")
        rows = [self.key_row(self.alice)]
        operator = self.sit(*rows)
        self.offer(operator, key)
        key.await_blinking(MAKE)
        self.kill(operator)
        self.sessions_lost += 1
        operator = self.go_on(key, *rows, says=None)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assert_registered(self.alice, "cowkey 1")

    def kill_at_the_proof(self, key, *rows, policy=None):
        key.ctl(touch="never")
        operator = self.sit(*rows, policy=policy)
        self.offer(operator, key)
        key.touch(MAKE)
        key.await_blinking(SIGN)
        self.kill(operator)
        self.sessions_lost += 2

    def test_killed_at_the_proof(self):
        key = self.spare()
        self.kill_at_the_proof(key, self.key_row(self.alice))
        self.assertEqual(list(self.item_states().values()), ["recorded"])
        operator = self.go_on(key, self.key_row(self.alice))
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assert_registered(self.alice, "cowkey 1")
        self.assertEqual(len(key.made()), 1)

    def test_killed_at_the_proof_and_another_key_is_plugged_in(self):
        key, other = self.spare(), self.spare()
        self.kill_at_the_proof(key, self.key_row(self.alice))
        key.ctl(plugged=False)
        operator = self.sit(self.key_row(self.alice))
        self.offer(operator, other)
        self.refuse(operator, "not the key that was begun with", "Plug in that one")
        self.assertEqual(other.made(), [])
        other.ctl(plugged=False)
        key.ctl(touch="instant", plugged=True)
        operator.answer("r")
        operator.expect(DONE)
        self.finish(operator, 0)

    def test_killed_with_a_random_pin(self):
        key = self.spare(touch="never")
        rows, policy = [self.key_row(self.alice)], {"pin": "random", "reset": "no"}
        operator = self.sit(*rows, policy=policy)
        self.offer(operator, key)
        key.await_blinking(MAKE)
        self.kill(operator)
        self.sessions_lost += 1
        pin = self.letter()
        self.assertTrue(key.state()["pin_set"])
        operator = self.go_on(key, *rows, policy=policy, says=None)
        self.finish(operator, 0)
        self.assertEqual(self.letter(), pin)
        self.assertTrue(key.state()["pin_change_forced"])
        self.assertEqual(key.state()["pin_tries"], 8)

    def test_killed_before_the_pin_was_forced(self):
        key = self.spare()
        rows, policy = [self.key_row(self.alice)], {"pin": "random"}
        key.fault("config", "silence")
        operator = self.sit(*rows, policy=policy)
        self.offer(operator, key)
        while not key.asked("config"):
            operator.process.poll()
        self.kill(operator)
        self.assertEqual(list(self.item_states().values()), ["proved"])
        self.assertEqual(self.key_rows()[self.alice.name, 1]["pin"], "set")
        key.ctl(faults=[])
        line = self.line(*rows, words=self.policy(keys=1, **policy))
        alone = self.act(API_KEY, *line[1:], status=1)  # nobody is there to plug it in
        self.assertIn("waits for a desk", alone.stderr)
        operator = self.go_on(key, *rows, policy=policy)
        self.letter()
        self.assert_document(self.finish(operator, 0), states={"proved": 1}, changed_now=0)
        self.assertTrue(key.state()["pin_change_forced"])
        self.assertEqual(self.key_rows()[self.alice.name, 1]["pin"], "to-change")
        self.assertEqual(len(key.made()), 1)


class Trouble(DeskCase):
    """A key is pulled, a server does not answer, a password is wrong: said, and asked about."""

    @each({"at the registration": MAKE, "at the proof": SIGN})
    def test_pulled(self, command):
        key = self.spare()
        key.fault(command, "pull", skip=0)
        operator = self.sit(self.key_row(self.alice))
        self.offer(operator, key)
        self.refuse(operator, "unplugged|answer")
        key.ctl(plugged=True)
        operator.answer("r")
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assert_registered(self.alice, "cowkey 1")

    def test_not_touched_in_time(self):
        key = self.spare(touch="never")
        operator = self.sit(self.key_row(self.alice), words=["--touch-timeout", "1"])
        self.offer(operator, key)
        self.refuse(operator, "not touched in time", "touch")
        key.ctl(touch="instant")
        operator.answer("r")
        operator.expect(DONE)
        self.finish(operator, 0)

    def test_server_cuts_the_registration(self):
        key = self.spare()
        self.server.fault("drop-after", path="/api/v1/add/webauthn-tfa-registration")
        operator = self.sit(self.key_row(self.alice))
        self.offer(operator, key)
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assert_registered(self.alice, "cowkey 1")
        self.assertEqual(len(key.made()), 1)

    def test_server_acts_late(self):
        """It is waited for, and the key makes nothing more."""
        self.sessions_lost += 1  # the late one finds its session ended, and begins another
        key = self.spare()
        self.server.fault("act-late:2", path="/api/v1/add/webauthn-tfa-registration")
        operator = self.sit(self.key_row(self.alice), words=["--late", "4"])
        self.offer(operator, key)
        operator.expect("may still be at work")
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assert_registered(self.alice, "cowkey 1")
        self.assertEqual(len(key.made()), 1)

    def test_server_never_acts(self):
        key = self.spare()
        self.server.fault("drop-before", path="/api/v1/add/webauthn-tfa-registration")
        operator = self.sit(self.key_row(self.alice), words=["--late", "1"])
        self.offer(operator, key)
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assert_registered(self.alice, "cowkey 1")
        self.assertEqual(len(key.made()), 2)

    def test_server_cuts_the_login(self):
        key = self.spare()
        operator = self.sit(self.key_row(self.alice))
        operator.expect(ASKS_NEXT)
        self.server.fault("drop-before", field="login_user")
        key.ctl(plugged=True)
        operator.answer("")
        self.refuse(operator, "server|connection")
        operator.answer("r")
        operator.expect(DONE)
        self.finish(operator, 0)

    def test_session_of_the_admin_ends_in_a_pause(self):
        self.server.needs_simulation()
        key = self.spare()
        operator = self.sit(self.key_row(self.alice, route="log-in-as"), by="admin")
        operator.expect(ASKS_NEXT)
        operator.answer("p")
        operator.expect(ASKS_GO_ON)
        self.server.fault("expired", account="admin", times=1)
        operator.answer("")
        self.offer(operator, key)
        self.refuse(operator, ".")
        operator.answer("r")
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})

    def test_session_ends_of_an_admin_who_types_codes(self):
        self.server.needs_simulation()
        self.with_totp(self.admin)
        asks_code = "Code of the factor 'old phone': "
        key = self.spare()
        operator = self.sit(self.key_row(self.alice, route="log-in-as"), by="admin")
        operator.expect(asks_code)
        operator.answer(otp.code(otp.SECRET))
        operator.expect(ASKS_NEXT)
        operator.answer("p")
        operator.expect(ASKS_GO_ON)
        self.server.fault("expired", account="admin", times=1)
        operator.answer("")
        self.offer(operator, key)
        self.refuse(operator, ".")
        operator.answer("r")
        operator.expect(asks_code)
        operator.answer(otp.code(otp.SECRET))
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})

    def test_wrong_password(self):
        self.wrong[self.alice.name] = "Made-Up-Wrong-Password"
        key = self.spare()
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob))
        self.offer(operator, key)
        self.refuse(operator, "refused|password")
        operator.answer("s")
        self.offer(operator, key)
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 1), states={"failed": 1, "proved": 1}, refusals=1)
        self.assert_refusals(1)

    def test_account_that_can_not_be_opened_for_a_while(self):
        """All of its keys fail with it, and all are taken up again."""
        keys = self.spare(), self.spare()
        operator = self.sit(self.key_row(self.da1, route="sign-on", ref="secret:da1"),
                            policy={"keys": 2})
        operator.expect(ASKS_NEXT)
        self.deactivate(self.da1)
        keys[0].ctl(plugged=True)
        operator.answer("")
        self.refuse(operator, "active|deactivated")
        self.assertEqual(set(self.item_states().values()), {"failed"})
        self.server.web.arrange("active", self.da1.name, "on")
        operator.answer("r")
        operator.expect(DONE)
        keys[0].ctl(plugged=False)
        self.register(operator, keys[1])
        self.assert_document(self.finish(operator, 0), states={"proved": 2})

    def test_refused_too_often(self):
        self.wrong[self.alice.name] = "Made-Up-Wrong-Password"
        key = self.spare()
        operator = self.sit(self.key_row(self.alice), self.key_row(self.bob),
                            words=["--max-refusals", "2"])
        self.offer(operator, key)
        self.refuse(operator, "refused|password")
        operator.answer("r")
        self.assert_document(self.finish(operator, 5), stopped="refusals", refusals=2)
        self.assert_refusals(2)
