"""Each fault makes Debian's tools fail, in the expected way, and soon."""

import subprocess

from cases import Case, PIN

RX = "FIDO_ERR_RX"
FAILS_SOON = 3  # seconds; the tools themselves would wait for ever


class Faults(Case):
    def fails(self, fault, text, function, **more):
        self.key.ctl(faults=[fault])
        result = function(status=1, **more)
        self.assertIn(text, result.output)
        self.assertLess(result.seconds, FAILS_SOON)

    def test_frames(self):
        for kind in ("short-frame", "wrong-sequence"):
            with self.subTest(kind):
                self.fails({"at": "makeCredential", "do": kind}, RX, self.tool_make)
                self.assertEqual(self.key.last("makeCredential")["fault"], kind)

    def test_hid_error(self):
        self.fails({"at": "makeCredential", "do": "hid-error", "code": 6}, RX, self.tool_make)

    def test_garbage(self):
        self.fails({"at": "makeCredential", "do": "garbage"}, "FIDO_ERR", self.tool_make)

    def test_pulled(self):
        self.fails({"at": "makeCredential", "do": "pull"}, RX, self.tool_make)
        self.assertEqual(self.key.last("makeCredential")["outcome"], "PULLED")
        self.assertFalse(self.key.state()["plugged"])
        self.key.ctl(plugged=True)
        self.tool_make()

    def test_pulled_at_the_first_word(self):
        """libfido2 takes a key without getInfo for one that only knows U2F."""
        self.key.ctl(faults=[{"at": "getInfo", "do": "pull"}])
        result = self.tool("fido2-token", "-I", self.path())
        self.assertIn("nocbor", result.output)
        self.assertLess(result.seconds, FAILS_SOON)

    def test_status(self):
        for code, name in ((0x28, "FIDO_ERR_KEY_STORE_FULL"), (0x27, "FIDO_ERR_OPERATION_DENIED"),
                           (0x7f, "FIDO_ERR_ERR_OTHER")):
            with self.subTest(name):
                self.fails({"at": "makeCredential", "do": "status", "code": code}, name,
                           self.tool_make)

    def is_no_good(self, kind, text, flags=(), pins=()):
        """The tool that makes a credential does not look at it; the one that verifies it does."""
        self.key.ctl(faults=[{"at": "makeCredential", "do": kind}])
        self.tool_make(flags=flags, pins=pins)
        with self.assertRaises(subprocess.CalledProcessError) as caught:
            self.tool_verify(flags=flags)
        self.assertIn(text, caught.exception.stderr)

    def test_wrong_signature(self):
        self.is_no_good("wrong-signature", "FIDO_ERR_INVALID_SIG")

    def test_wrong_rp(self):
        self.is_no_good("wrong-rp-id-hash", "FIDO_ERR_INVALID_PARAM")

    def test_wrong_algorithm(self):
        self.fails({"at": "makeCredential", "do": "wrong-algorithm"}, "FIDO_ERR", self.tool_make)

    def test_flags_that_lie(self):
        self.is_no_good("no-up", "FIDO_ERR_INVALID_PARAM")
        self.key.ctl(pin=PIN)
        self.is_no_good("no-uv", "FIDO_ERR_INVALID_PARAM", ["-v"], [PIN])

    def test_signing(self):
        self.tool_make()
        credential = self.tool_verify()
        for kind in ("wrong-signature", "wrong-rp-id-hash"):
            with self.subTest(kind):
                self.key.ctl(faults=[{"at": "getAssertion", "do": kind}])
                self.tool_sign(["-p"], credential=credential)
                with self.assertRaises(Exception):
                    self.tool_check(flags=["-p"])
        self.tool_sign(["-p"], credential=credential)
        self.tool_check(flags=["-p"])

    def test_wrong_credential(self):
        made = self.make(self.ctap2()).auth_data.credential_data.credential_id
        self.key.ctl(faults=[{"at": "getAssertion", "do": "wrong-credential"}])
        self.assertNotEqual(self.sign(self.ctap2(), [made])[0].credential["id"], made)

    def test_silence_is_waited_for(self):
        self.key.ctl(faults=[{"at": "makeCredential", "do": "silence"}])
        with self.assertRaises(TimeoutError):
            line = self.ctap2()
            line.device._connection.socket.settimeout(0.3)
            self.make(line)

    def test_frames_that_libfido2_waits_after(self):
        """Frames of other channels are for others; half a message may still be completed."""
        for kind in ("wrong-channel", "truncated"):
            with self.subTest(kind):
                self.key.ctl(faults=[{"at": "makeCredential", "do": kind}])
                line = self.ctap2()
                line.device._connection.socket.settimeout(0.3)
                with self.assertRaises(Exception):
                    self.make(line)

    def test_later_and_more_than_once(self):
        self.key.ctl(faults=[{"at": "makeCredential", "do": "status", "code": 0x27, "skip": 1,
                              "times": 2}])
        self.tool_make()
        self.tool_make(status=1)
        self.tool_make(status=1)
        self.tool_make()

    def test_any_command(self):
        self.key.ctl(faults=[{"do": "status", "code": 0x7f, "times": -1}])
        result = self.tool("fido2-token", "-L", "-r", self.path(), status=1)
        self.assertLess(result.seconds, FAILS_SOON)

    def test_full(self):
        self.key.ctl(capacity=0)
        self.assertIn("FIDO_ERR_KEY_STORE_FULL", self.tool_make(flags=["-r"], status=1).output)

    def test_no_resident_keys(self):
        self.key.ctl(resident_keys=False)
        self.assertIn("FIDO_ERR_UNSUPPORTED_OPTION",
                      self.tool_make(flags=["-r"], status=1).output)

    def test_no_pin_where_one_is_needed(self):
        self.assertIn("FIDO_ERR_PIN_NOT_SET",
                      self.tool_make(flags=["-v"], pins=[PIN], status=1).output)

    def test_nobody_touches(self):
        self.key.ctl(touch="never", touch_timeout_ms=200)
        self.assertIn("FIDO_ERR_USER_ACTION_TIMEOUT", self.tool_make(status=1).output)
