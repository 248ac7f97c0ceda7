"""The passkeys that a key keeps: `key credentials list` and `key credentials remove`."""

import copy
import hashlib
import json

from case import each
from key_case import ASKS_PIN, MAKE, PIN, SIGN, WRONG_PIN
from test_key_manage import KeyCommand

ASKS_YES = r"Remove it\? \[y/N\] *$"
ELSEWHERE = "elsewhere.example.test"
DELETE = "deleteCredential"


class CredentialsCommand(KeyCommand):
    def used_key(self, *accounts, **script):
        """A key that is somebody's passkey here, and one elsewhere."""
        key = self.key(pin=PIN, **script)
        for account in accounts or (self.da1,):
            self.enroll_key(account, "passkey")
        self.add(key, ELSEWHERE, "ab" * 32, user_name="mallory\u202e\x1b[31m", cred_protect=3)
        return key

    def add(self, key, rp_id, hex_id, **members):
        """Another passkey, like the first one."""
        state = key.stored()
        row = copy.deepcopy(state["credentials"][0])
        row |= {"id": hex_id, "rp_id": rp_id,
                "rp_id_hash": hashlib.sha256(rp_id.encode()).hexdigest()} | members
        state["credentials"].append(row)
        with open(key.state_path, "w", encoding="utf-8") as file:
            json.dump(state, file)

    def list(self, *words, status=0):
        return self.manage("--json", "--pin-file", self.pin_file, "key", "credentials", "list",
                           *words, status=status)

    def rows(self, *words):
        return self.list(*words).document["credentials"]

    def remove(self, number, *words, status=None):
        return self.manage("--json", "--pin-file", self.pin_file, *words, "key", "credentials",
                           "remove", "--", number, status=status)


class List(CredentialsCommand):
    def test_by_relying_party(self):
        key = self.used_key(self.da1, self.bob, capacity=9)
        document = self.list().document
        self.assertEqual([(row["rp_id"], row["user_name"], row["protection"])
                          for row in document["credentials"]][:2],
                         [(self.server.host, self.da1.name, "optional"),
                          (self.server.host, self.bob.name, "optional")])
        self.assertEqual((document["stored"], document["room"]), (3, 6))
        self.assertEqual(len(key.asked(MAKE)), 2)

    def test_of_one(self):
        self.used_key()
        row, = self.rows("--rp-id", ELSEWHERE)
        self.assertEqual((row["rp_id"], row["protection"]), (ELSEWHERE, "required"))
        self.assertEqual(self.rows("--rp-id", "nobody.example.test"), [])

    def test_for_a_person_with_foreign_text_made_safe(self):
        self.used_key()
        text = self.manage("--pin-file", self.pin_file, "key", "credentials", "list",
                           status=0).stdout
        for words in (f"\n{self.server.host}", f"\n{ELSEWHERE}", r"mallory\u{202e}\x1b[31m",
                      "who knows the PIN", "Room for 23 more."):
            self.assertIn(words, text)
        self.assertNotIn("\x1b", text)

    def test_none(self):
        self.key(pin=PIN)
        self.assertEqual(self.rows(), [])
        text = self.manage("--pin-file", self.pin_file, "key", "credentials", "list").stdout
        self.assertIn("No passkeys.", text)

    def test_whose_names_the_key_shortened(self):
        self.used_key(rp_id_max=5)
        document = self.list().document
        self.assertEqual((document["stored"], document["credentials"]), (2, []))
        text = self.manage("--pin-file", self.pin_file, "key", "credentials", "list").stdout
        self.assertIn("2 more can't be shown", text)

    def test_of_an_older_key(self):
        """Whose commands are those of the preview."""
        self.used_key(ctap21=False, protocols=[1])
        self.assertEqual(len(self.rows()), 2)

    def test_by_a_finger(self):
        key = self.key(uv="set")
        self.cowkey(self.da1, "--json", "enroll", "passkey", status=0)
        outcome = self.manage("--json", "key", "credentials", "list", status=0)
        self.assertEqual(len(outcome.document["credentials"]), 1)
        self.assertIn("Uv", key.log("clientPIN")[-1]["subcommand"])

    def test_asks_for_the_pin_and_no_touch(self):
        key = self.used_key()
        key.ctl(touch="never")
        person = self.sit_down(None, "--json", "key", "credentials", "list", connect=False)
        person.ask(r"8 tries left[^\n]*: *$")
        person.answer(WRONG_PIN)
        person.ask(r"7 tries left[^\n]*: *$")
        person.answer(PIN)
        outcome = self.finish(person, 0)
        self.assertEqual(len(outcome.document["credentials"]), 2)
        self.assertNotIn("Touch", outcome.stderr)

    def test_gives_up_at_the_question(self):
        self.key(pin=PIN)
        person = self.sit_down(None, "--json", "key", "credentials", "list", connect=False)
        person.ask(ASKS_PIN)
        person.interrupt()
        self.assert_failed(self.finish(person), 130)

    def test_wrong_pin(self):
        key = self.key(pin=PIN)
        wrong = self.file("wrong", WRONG_PIN)
        outcome = self.manage("--json", "--pin-file", wrong, "key", "credentials", "list")
        self.assert_failed(outcome, 5, "PIN", "7 tries are left")
        self.assertEqual(key.state()["pin_tries"], 7)

    @each({"no PIN": ({}, "no PIN", "pin set"),
           "a PIN to change": ({"pin": PIN, "pin_change_forced": True}, "changed first",
                               "pin change"),
           "a blocked PIN": ({"pin": PIN, "pin_tries": 0}, "blocked", "key reset"),
           "no such command": ({"pin": PIN, "credential_management": False}, "can't list",
                               "reset"),
           "U2F": ({"u2f_only": True}, "U2F key", "nothing")})
    def test_of_a_key_with(self, script, says, hints):
        self.key(**script)
        self.assert_failed(self.list(status=None), 7, says, hints)

    def test_pulled_meanwhile(self):
        key = self.used_key()
        key.ctl(faults=[{"at": "credentialManagement", "do": "pull", "skip": 1}])
        self.assert_failed(self.list(status=None), 7, "unplugged")


class Remove(CredentialsCommand):
    def test_by_its_id(self):
        key = self.used_key()
        here, there = self.rows()
        outcome = self.remove(there["id"], "--yes", status=0)
        self.assertEqual((outcome.document["result"], outcome.document["credential"]["id"]),
                         ("removed", there["id"]))
        self.assertEqual([row["id"] for row in self.rows()], [here["id"]])
        self.assertEqual(len(key.credentials()), 1)

    def test_by_the_beginning_of_its_id(self):
        self.used_key()
        here, there = self.rows()
        self.remove(there["id"][:8], "--yes", status=0)
        self.assertEqual([row["id"] for row in self.rows()], [here["id"]])

    @each({"unknown": "AAAAAAAAAAAA", "empty": "", "too short a beginning": "q6urq6u",
           "that differs in the end": "q6urq6ur" + "A", "of two": "q6urq6ur"})
    def test_refuses_an_id(self, wanted):
        key = self.used_key()
        self.add(key, "third.example.test", "ab" * 16)
        self.assert_failed(self.remove(wanted, "--yes"), 2, "passkey", "credentials list")
        self.assertEqual(len(key.credentials()), 3)

    def test_names_what_goes_and_asks(self):
        key = self.used_key()
        here = self.rows()[0]
        person = self.sit_down(None, "--pin-file", self.pin_file, "key", "credentials", "remove",
                               "--", here["id"], connect=False)
        told = person.expect(ASKS_YES)
        for words in (self.da1.name, self.server.host, "The server is not told"):
            self.assertIn(words, person.shown[:told.end()])
        person.answer("y")
        self.assertIn("removed", self.finish(person, 0).stdout)
        self.assertEqual(len(key.credentials()), 1)

    @each({"no": "n", "nothing": ""})
    def test_answered_with(self, answer):
        key = self.used_key()
        here = self.rows()[0]
        person = self.sit_down(None, "--json", "--pin-file", self.pin_file, "key", "credentials",
                               "remove", "--", here["id"], connect=False)
        person.expect(ASKS_YES)
        person.answer(answer)
        self.assert_failed(self.finish(person), 3, "as you wished")
        self.assertEqual(len(key.credentials()), 2)

    def test_nobody_to_ask(self):
        key = self.used_key()
        self.assert_failed(self.remove(self.rows()[0]["id"]), 2, hints="--yes")
        self.assertEqual(len(key.credentials()), 2)

    def test_ctrl_c(self):
        key = self.used_key()
        here = self.rows()[0]
        person = self.sit_down(None, "--json", "--pin-file", self.pin_file, "key", "credentials",
                               "remove", "--", here["id"], connect=False)
        person.expect(ASKS_YES)
        person.interrupt()
        self.assert_failed(self.finish(person), 130)
        self.assertEqual(len(key.credentials()), 2)

    def test_pulled_at_the_question(self):
        key = self.used_key()
        here = self.rows()[0]
        person = self.sit_down(None, "--json", "--pin-file", self.pin_file, "key", "credentials",
                               "remove", "--", here["id"], connect=False)
        person.expect(ASKS_YES)
        key.ctl(plugged=False)
        person.answer("y")
        self.assert_failed(self.finish(person), 7, "unplugged")

    def test_pulled_before_it_answers(self):
        """The listing takes 4 commands, 2 servers with one passkey each; then comes this one."""
        key = self.used_key()
        wanted = self.rows()[1]["id"]
        listing = len(key.log("credentialManagement"))
        self.rows()
        listing = len(key.log("credentialManagement")) - listing
        key.ctl(faults=[{"at": "credentialManagement", "do": "pull", "skip": listing}])
        outcome = self.remove(wanted, "--yes")
        self.assert_failed(outcome, 4, "not known", "credentials list")
        self.assertEqual(outcome.document["result"], "unknown")

    def test_the_passkey_logs_in_no_more(self):
        self.used_key()
        self.remove(self.rows("--rp-id", self.server.host)[0]["id"], "--yes", status=0)
        outcome = self.prove(self.da1, "passkey")
        self.assert_failed(outcome, 7, "no credential")


class VerifyKey(CredentialsCommand):
    """`verify key`: is it the key that was registered?"""

    @property
    def record(self):
        return self.place / "record.json"

    def enrolled(self, kind="webauthn", **script):
        key = self.key_for(kind, **script)
        words = ["--pin-file", self.pin_file] if "pin" in script or kind == "passkey" else []
        self.enroll_key(self.da1, kind, *words, "--credential-out", self.record)
        return key

    def verify(self, *words, status=None, **how):
        return self.manage("--json", *words, "verify", "key", "--credential", self.record,
                           status=status, **how)

    def assert_verdict(self, outcome, reason, **members):
        wanted = {"schema": "cowkey.verify/1", "valid": reason is None, "reason": reason,
                  "method": "key"} | members
        document = outcome.document
        self.assertEqual({name: document.get(name) for name in wanted}, wanted, outcome)
        self.assertEqual("explanation" in document, reason is not None)
        self.assertEqual(outcome.status, 0 if reason is None else 1)

    @each({"a security key": ("webauthn", {}), "a passkey": ("passkey", {}),
           "a U2F key": ("webauthn", {"u2f_only": True}),
           "RS256": ("webauthn", {"algorithms": [-257]})})
    def test_yes(self, kind, script):
        self.enrolled(kind, **script)
        words = ["--pin-file", self.pin_file] if kind == "passkey" else []
        self.assert_verdict(self.verify(*words), None, rp_id=self.server.host,
                            user_verified=kind == "passkey")

    @each({"a security key": {}, "a passkey": {"pin": PIN}, "a U2F key": {"u2f_only": True}})
    def test_another_one(self, script):
        self.enrolled().ctl(plugged=False)
        self.key(**script)
        words = ["--pin-file", self.pin_file] if script.get("pin") else []
        self.assert_verdict(self.verify(*words), "another-key")

    def test_one_that_was_reset(self):
        key = self.enrolled("passkey")
        state = key.stored()
        state["credentials"] = []
        with open(key.state_path, "w", encoding="utf-8") as file:
            json.dump(state, file)
        self.assert_verdict(self.verify("--pin-file", self.pin_file), "another-key")

    @each({reason: (reason, fault) for reason, fault in
           (("signature", "wrong-signature"), ("rp-id", "wrong-rp-id-hash"))})
    def test_one_that_lies_about(self, reason, fault):
        self.enrolled().fault(SIGN, fault)
        self.assert_verdict(self.verify(), reason)

    def test_no_for_a_person(self):
        self.enrolled().ctl(plugged=False)
        self.key()
        outcome = self.manage("verify", "key", "--credential", self.record, status=1)
        self.assertRegex(outcome.stdout, r"\ANo: .*softkey1.*: it is another key")

    def test_yes_for_a_person(self):
        self.enrolled()
        outcome = self.manage("verify", "key", "--credential", self.record, status=0)
        self.assertRegex(outcome.stdout, rf"\AYes: .*softkey0.*{self.server.host}.*not verified")

    def test_a_record_with_another_public_key(self):
        self.enrolled()
        record = json.loads(self.record.read_text())
        other = self.key()
        self.plugged.remove(other)
        self.plugged, kept = [other], self.plugged
        path = self.place / "other.json"
        self.enroll_key(self.bob, "webauthn", "--yes", "--credential-out", path)
        self.plugged = kept
        record["public_key"] = json.loads(path.read_text())["public_key"]
        self.record.write_text(json.dumps(record))
        self.assert_verdict(self.verify(), "signature")

    def test_a_sign_count_that_went_back(self):
        self.enrolled()
        record = json.loads(self.record.read_text())
        record["sign_count"] = 1000000
        self.record.write_text(json.dumps(record))
        self.assert_verdict(self.verify(), "sign-count")

    @each({"required": ("required", True), "preferred": ("preferred", True),
           "discouraged": ("discouraged", False)})
    def test_user_verification(self, how, verified):
        self.enrolled(pin=PIN)
        outcome = self.verify("--pin-file", self.pin_file, "--user-verification", how)
        self.assert_verdict(outcome, None, user_verified=verified)

    def test_user_verification_that_the_key_can_t_give(self):
        self.enrolled()
        self.assert_failed(self.verify("--user-verification", "required"), 7, "no PIN", "pin set")

    def test_wrong_pin(self):
        key = self.enrolled("passkey")
        wrong = self.file("wrong", WRONG_PIN)
        self.assert_failed(self.verify("--pin-file", wrong), 5, "PIN")
        self.assertEqual(key.state()["pin_tries"], 7)

    def test_no_key(self):
        self.enrolled().ctl(plugged=False)
        self.assert_failed(self.verify(), 7, "no security key")

    def test_not_touched(self):
        key = self.enrolled()
        key.ctl(touch="never", touch_timeout_ms=300)
        self.assert_failed(self.verify(), 7, "not touched", "touch")

    def test_not_touched_in_the_time_of_the_option(self):
        self.enrolled().ctl(touch="never")
        self.assert_failed(self.verify("--touch-timeout", "1"), 7, "not touched", "touch")

    def test_ctrl_c(self):
        key = self.enrolled()
        key.ctl(touch="never")
        run = self.start(None, "--json", "verify", "key", "--credential", self.record,
                         connect=False)
        key.await_blinking(SIGN)
        run.interrupt()
        self.assert_failed(self.finish(run), 130)

    @each({"no JSON": "nonsense", "another object": "{}", "empty": ""})
    def test_refuses_a_record_that_is(self, text):
        self.key()
        self.record.write_text(text)
        self.assert_failed(self.verify(), 2, "record.json")

    def test_record_of_another_algorithm(self):
        """Before anybody has to touch the key."""
        self.enrolled()
        record = json.loads(self.record.read_text())
        self.record.write_text(json.dumps(record | {"alg": -257}))
        outcome = self.verify()
        self.assert_failed(outcome, 2, "record.json.*for algorithm -7, and not for -257")
        self.assertNotRegex(outcome.stderr, "(?i)touch")

    def test_refuses_no_record_and_an_unknown_word(self):
        self.key()
        self.assert_failed(self.manage("--json", "verify", "key"), 2, hints="--credential")
        self.record.write_text("{}")
        self.assert_failed(self.verify("--user-verification", "maybe"), 2, "maybe")
