"""Keys, as `key list` and `key info` tell of them; nobody has to touch one for that."""

import pwd
import shutil
from pathlib import Path

import softkey
from case import each, is_root
from cowkey import Script, environment
from key_case import MAKE, PIN, SIGN, KeyCase

YUBIKEY = "2fc0579f-8113-47ea-b116-bb5a8db9202a"
UNKNOWN = "c03ce450-f7ce-4a11-9e57-000102030405"  # of the software key
NOBODY = "nobody"

# What a key may be like, and what the list says of its PIN.
PIN_STATES = {
    "none set": ({}, "not-set", None, "not set"),
    "set": ({"pin": PIN}, "set", 8, "8 tries left"),
    "one try left": ({"pin": PIN, "pin_tries": 1}, "set", 1, "1 try left"),
    "to be changed": ({"pin": PIN, "pin_change_forced": True}, "change-required", 8, "changed"),
    "blocked": ({"pin": PIN, "pin_tries": 0}, "blocked", 0, "reset"),
    "not possible": ({"client_pin": False}, "unsupported", None, "none"),
    "U2F": ({"u2f_only": True}, "unsupported", None, "none"),
}


class KeyCommand(KeyCase):
    def manage(self, *words, status=None, **how):
        """A command about keys: without server, account and password."""
        return self.cowkey(None, *words, connect=False, status=status, **how)

    def assert_quiet(self, *keys):
        for key in keys:
            self.assertEqual(key.asked(MAKE, SIGN, "selection", "reset", "config"), [])
            self.assertFalse(key.state()["waiting"])


class List(KeyCommand):
    def listed(self, *words, status=0):
        return self.manage("--json", *words, "key", "list", status=status).document

    def test_names_each_key(self):
        keys = [self.key(aaguid=YUBIKEY, touch="never"), self.key(u2f_only=True, touch="never"),
                self.key(ctap21=False, protocols=[1], touch="never")]
        rows = self.listed()["keys"]
        self.assertEqual([(row["path"], row["fido2"], row["u2f"], row["name"], row["aaguid"],
                           row["problem"]) for row in rows],
                         [("/dev/softkey0", True, True, "YubiKey 5 Series with NFC", YUBIKEY, None),
                          ("/dev/softkey1", False, True, None, None, None),
                          ("/dev/softkey2", True, True, None, UNKNOWN, None)])
        self.assertEqual({row["firmware"] for row in rows}, {"5.4.3"})
        self.assertEqual({row["maker"] for row in rows}, {"Softkey Works"})
        self.assert_quiet(*keys)

    def test_for_a_person(self):
        self.key(aaguid=YUBIKEY, pin=PIN), self.key(u2f_only=True)
        text = self.manage("key", "list", status=0).stdout
        for words in ("Softkey Works Softkey 0 (/dev/softkey0)", "FIDO2 and U2F", "5.4.3",
                      f"YubiKey 5 Series with NFC ({YUBIKEY})", "set, 8 tries left",
                      "(/dev/softkey1)"):
            self.assertIn(words, text)

    def test_shows_an_unknown_model_by_its_aaguid(self):
        self.key()
        self.assertIn(f" {UNKNOWN}\n", self.manage("key", "list", status=0).stdout)

    @each(PIN_STATES)
    def test_pin(self, script, state, tries, words):
        self.key(**script)
        row, = self.listed()["keys"]
        self.assertEqual((row["pin"], row["pin_tries"]), (state, tries))
        self.assertRegex(self.manage("key", "list", status=0).stdout, f"PIN: .*{words}")

    def test_in_the_order_of_the_paths(self):
        for _ in range(11):
            self.key(u2f_only=True)
        self.assertEqual([row["path"] for row in self.listed()["keys"]],
                         [f"/dev/softkey{number}" for number in range(11)])

    def test_one_that_is_named(self):
        self.key(), self.key(u2f_only=True)
        row, = self.listed("--device", "/dev/softkey1")["keys"]
        self.assertFalse(row["fido2"])

    def test_none(self):
        self.assert_failed(self.manage("--json", "key", "list"), 7, "no security key", "plug")

    @each({"0": "0", "text": "soon", "huge": "99999999999", "negative": "-1"})
    def test_refuses_a_touch_timeout_of(self, text):
        self.key()
        for command in (["key", "list"], ["doctor"]):
            outcome = self.manage("--json", "--touch-timeout", text, *command)
            self.assert_failed(outcome, 2, "--touch-timeout")

    def test_not_the_one_that_is_named(self):
        self.key()
        outcome = self.manage("--json", "--device", "/dev/softkey7", "key", "list")
        self.assert_failed(outcome, 7, "softkey7", "plug")

    @each({f"{name}-u2f-{u2f}": (fault, u2f) for u2f in (True, False) for name, fault in
           {"silence": {"do": "silence"}, "garbage": {"do": "hid-error", "code": 1}}.items()})
    def test_one_that_does_not_answer_beside_one_that_does(self, fault, u2f):
        """Nor is it taken for an old one that only speaks U2F, because it speaks that too."""
        self.key(u2f=u2f, faults=[{"at": "getInfo", "times": -1} | fault])
        self.key(aaguid=YUBIKEY)
        broken, sound = self.listed()["keys"]
        self.assertRegex(broken["problem"]["error"], "softkey0.*answer")
        self.assertTrue(broken["problem"]["hint"])
        self.assertEqual((sound["aaguid"], sound["problem"]), (YUBIKEY, None))

    def test_none_that_answers(self):
        self.key(u2f=False, faults=[{"at": "getInfo", "do": "hid-error", "code": 1, "times": -1}])
        outcome = self.manage("--json", "key", "list")
        self.assert_failed(outcome, 7, "answer", "unplug")
        self.assertEqual(outcome.document["schema"], "cowkey.key-list/1")

    def test_stops_for_ctrl_c(self):
        key = self.key(u2f=False, processing_ms=2000)
        run = self.start(None, "--json", "key", "list", connect=False)
        key.wait_until("command", "getInfo")
        run.interrupt()
        self.assert_failed(self.finish(run), 130)


class Info(KeyCommand):
    def info(self, *words):
        return self.manage("--json", *words, "key", "info", status=0).document

    def test_everything_that_it_says(self):
        key = self.key(aaguid=YUBIKEY, all_info=True, pin=PIN, pin_length_min=6, list_max=8,
                       credential_id_size=96, capacity=7, algorithms=[-8, -7], touch="never")
        document = self.info()
        wanted = {"fido2": True, "u2f": True, "firmware": "5.4.3", "firmware_number": 0x50403,
                  "pin": "set", "pin_tries": 8, "uv_tries": None, "pin_length_min": 6,
                  "passkey_room": 7, "versions": ["U2F_V2", "FIDO_2_0", "FIDO_2_1"],
                  "extensions": ["credProtect"], "transports": ["usb"],
                  "certifications": {"FIDO": 2, "FIPS-CMVP-3": 3}, "algorithms": [-8, -7],
                  "pin_protocols": [2, 1], "uv_modality": ["touch", "fingerprint", "PIN"],
                  "credential_count_max": 8, "credential_id_size_max": 96, "blob_size_max": 32,
                  "large_blob_size_max": 4096}
        self.assertEqual({name: document[name] for name in wanted}, wanted)
        self.assertEqual(document["key"]["name"], "YubiKey 5 Series with NFC")
        self.assertTrue(document["options"]["setMinPINLength"])
        self.assertFalse(document["options"]["plat"])
        self.assert_quiet(key)

    def test_in_plain_words(self):
        self.key(aaguid=YUBIKEY, all_info=True, uv="set", pin=PIN)
        text = self.manage("key", "info", status=0).stdout
        for words in ("keeps passkeys (rk)", "can be taken to another computer (plat)",
                      "verifies its user itself, by a finger (uv)", "ES256, EdDSA, RS256",
                      "FIPS-CMVP-3 3", "25 more", "touch, fingerprint, PIN", "5 tries left"):
            self.assertIn(words, text)

    def test_of_a_u2f_key(self):
        self.key(u2f_only=True)
        document = self.info()
        self.assertEqual((document["fido2"], document["pin"], document["key"]["aaguid"]),
                         (False, "unsupported", None))
        self.assertIn("U2F key", self.manage("key", "info", status=0).stdout)

    def test_of_an_old_key(self):
        self.key(ctap21=False, protocols=[1])
        document = self.info()
        self.assertEqual((document["firmware_number"], document["passkey_room"],
                          document["pin_length_min"]), (None, None, 4))

    def test_of_the_one_that_is_named(self):
        self.key(), self.key(aaguid=YUBIKEY, touch="never")
        document = self.info("--device", "/dev/softkey1")
        self.assertEqual(document["key"]["aaguid"], YUBIKEY)

    def test_of_the_one_that_is_touched(self):
        keys = [self.key(touch="never"), self.key(aaguid=YUBIKEY, touch="never")]
        run = self.start(None, "--json", "key", "info", connect=False)
        keys[0].await_blinking()
        keys[1].touch()
        self.assertEqual(self.finish(run, 0).document["key"]["aaguid"], YUBIKEY)

    def test_of_none(self):
        self.assert_failed(self.manage("--json", "key", "info"), 7, "no security key", "plug")

    def test_pulled_meanwhile(self):
        self.key(faults=[{"at": "getInfo", "do": "pull", "skip": 1}])
        self.assert_failed(self.manage("--json", "key", "info"), 7, "answer|reach", "plug")


class RealNodes(KeyCommand):
    """Devices as the kernel has them: udev and hidraw, played by umockdev."""

    def setUp(self):
        super().setUp()
        self.umockdev = softkey.program("umockdev-run")
        if not self.umockdev.exists():
            self.skipTest("umockdev is missing")
        if softkey.keys.asan_of(str(self.binary)):
            self.skipTest("umockdev and AddressSanitizer don't go together")

    def run_there(self, *words, options=()):
        run = Script(self.umockdev, [*options, *(key.path for key in self.plugged), "--",
                                     self.binary, *words], environment(self.place, {}))
        self.addCleanup(run.close)
        return self.finish(run)

    def test_tell_maker_product_and_serial(self):
        self.key(aaguid=YUBIKEY), self.key()
        rows = self.run_there("--json", "key", "list").document["keys"]
        self.assertEqual([(row["path"], row["maker"], row["product"], row["serial"])
                          for row in rows],
                         [(f"/dev/hidraw{number}", "Softkey Works", f"Softkey {number}",
                           f"SOFT000{number}") for number in (0, 1)])

    def test_that_can_t_be_opened_are_listed_with_the_cure(self):
        if not is_root():
            self.skipTest("only root can become somebody else")
        if not all(parent.stat().st_mode & 0o001 for parent in Path(self.binary).parents):
            self.skipTest(f"{NOBODY} can't run {self.binary}")
        pwd.getpwnam(NOBODY)
        self.key()
        self.place.chmod(0o755)
        for path in self.place.iterdir():
            shutil.chown(path, NOBODY)
        outcome = self.run_there("--json", "key", "list",
                                 options=("--forbidden", "--user", NOBODY))
        self.assert_failed(outcome, 7, "/dev/hidraw0.*opened", "udev")
        row, = outcome.document["keys"]
        self.assertEqual((row["path"], row["serial"], row["product"]),
                         ("/dev/hidraw0", "SOFT0000", "Softkey 0"))
        self.assertRegex(row["problem"]["hint"], "udev")
