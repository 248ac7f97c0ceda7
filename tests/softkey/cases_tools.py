"""Debian's fido2-token, fido2-cred and fido2-assert: by the shim, and by umockdev."""

import os
import subprocess
import threading
import time
import unittest

import keys
from cases import Case, PIN, RP_ID


class ByShim(Case):
    def test_list_and_info(self):
        self.assertTrue(self.tool("fido2-token", "-L").output.startswith(self.path() + ": "))
        output = self.tool("fido2-token", "-I", self.path()).output
        self.assertIn("FIDO_2_1", output)
        self.assertIn("pin protocols: 2, 1", output)
        self.assertIn("pin retries: 8", output)

    def test_set_and_change_pin(self):
        self.tool("fido2-token", "-S", self.path(), pins=[PIN, PIN])
        self.assertIn("pin retries: 8", self.tool("fido2-token", "-I", self.path()).output)
        self.tool("fido2-token", "-C", self.path(), pins=[PIN, "12345", "12345"])
        self.tool_make(flags=["-r"], pins=["12345"])

    def test_reset(self):
        self.key.ctl(pin=PIN)
        self.tool("fido2-token", "-R", self.path())
        self.assertFalse(self.key.state()["pin_set"])

    def test_every_algorithm(self):
        for algorithm in ("es256", "eddsa", "rs256"):
            with self.subTest(algorithm):
                self.tool_make(algorithm)
                credential = self.tool_verify(algorithm)
                self.tool_sign(["-p"], credential=credential)
                self.tool_check(algorithm, ["-p"])

    def test_every_attestation(self):
        for attestation in ("batch", "self"):
            self.key.ctl(attestation=attestation)
            self.tool_make("eddsa")
            self.tool_verify("eddsa")

    def test_resident_with_pin(self):
        self.key.ctl(pin=PIN)
        for algorithm in ("es256", "eddsa", "rs256"):
            with self.subTest(algorithm):
                self.tool_make(algorithm, ["-r", "-v"], [PIN])
                self.tool_verify(algorithm, ["-v"])
                self.tool_sign(["-r", "-p", "-v"], [PIN])
                self.tool_check(algorithm, ["-p", "-v"])
        self.assertTrue(self.key.last("makeCredential")["replaced"])

    def test_manage_credentials(self):
        self.key.ctl(pin=PIN)
        self.tool_make(flags=["-r"], pins=[PIN])
        self.assertIn(RP_ID, self.tool("fido2-token", "-L", "-r", self.path(), pins=[PIN]).output)
        listed = self.tool("fido2-token", "-L", "-k", RP_ID, self.path(), pins=[PIN]).output
        credential = [line.split()[1] for line in listed.splitlines() if line.startswith("00:")][0]
        self.assertIn("existing rk(s): 1",
                      self.tool("fido2-token", "-I", "-c", self.path(), pins=[PIN]).output)
        self.tool("fido2-token", "-D", "-i", credential, self.path(), pins=[PIN])
        self.assertEqual(self.key.stored()["credentials"], [])

    def test_wrong_pin(self):
        self.key.ctl(pin=PIN)
        for tries in (7, 6):
            output = self.tool("fido2-token", "-L", "-r", self.path(), pins=["0000"],
                               status=1).output
            self.assertIn("FIDO_ERR_PIN_INVALID", output)
            self.assertIn("pin retries: %d" % tries,
                          self.tool("fido2-token", "-I", self.path()).output)
        output = self.tool("fido2-token", "-L", "-r", self.path(), pins=["0000"], status=1).output
        self.assertIn("FIDO_ERR_PIN_AUTH_BLOCKED", output)

    def test_blocked_pin(self):
        self.key.ctl(pin=PIN, pin_tries=0)
        output = self.tool("fido2-token", "-C", self.path(), pins=[PIN, "5678", "5678"],
                           status=1).output
        self.assertIn("FIDO_ERR_PIN_BLOCKED", output)

    def test_forced_change(self):
        self.key.ctl(pin=PIN)
        self.tool("fido2-token", "-S", "-f", self.path(), pins=[PIN])
        self.assertIn("pin change required: true",
                      self.tool("fido2-token", "-I", self.path()).output)
        self.assertIn("FIDO_ERR_PIN_POLICY_VIOLATION",
                      self.tool_make(flags=["-r"], pins=[PIN], status=1).output)

    def test_min_pin_length(self):
        self.tool("fido2-token", "-S", "-l", "6", self.path())
        self.assertIn("FIDO_ERR_PIN_POLICY_VIOLATION",
                      self.tool("fido2-token", "-S", self.path(), pins=["12345", "12345"],
                                status=1).output)

    def test_protection(self):
        self.key.ctl(pin=PIN)
        self.tool_make(flags=["-r", "-c", "3"], pins=[PIN])
        self.tool_verify(flags=["-c", "3"])
        listed = self.tool("fido2-token", "-L", "-k", RP_ID, self.path(), pins=[PIN]).output
        self.assertIn("uvreq", listed.replace("uv-req", "uvreq").replace("+", ""))
        self.assertIn("FIDO_ERR_NO_CREDENTIALS", self.tool_sign(["-r"], status=1).output)

    def test_finger(self):
        self.key.ctl(uv="set")
        self.tool_make(flags=["-r", "-v"])
        self.tool_verify(flags=["-v"])
        self.assertIn("options: rk, up, uv,", self.tool("fido2-token", "-I", self.path()).output)

    def test_old_key(self):
        self.key.ctl(ctap21=False, protocols=[1], pin=PIN)
        self.tool_make(flags=["-r"], pins=[PIN])
        self.tool_verify()
        self.assertIn(RP_ID, self.tool("fido2-token", "-L", "-r", self.path(), pins=[PIN]).output)

    def test_long_credential_id(self):
        self.key.ctl(credential_id_size=1023)
        self.tool_make()
        self.tool_sign(credential=self.tool_verify())
        self.tool_check()

    def test_touch_later(self):
        self.key.ctl(touch=200)
        self.assertTrue(0.2 < self.tool_make().seconds < 5)

    def test_two_keys(self):
        other = self.start({"u2f_only": True}, "other")
        self.key = Two(self.key, other)
        output = self.tool("fido2-token", "-L").output
        self.assertIn(self.path(0), output)
        self.assertIn(self.path(1), output)
        self.assertIn("nocbor", self.tool("fido2-token", "-I", self.path(1)).output)

    def test_pulled_key_is_not_listed(self):
        self.key.ctl(plugged=False)
        self.assertNotIn("softkey0", self.tool("fido2-token", "-L").output)
        self.assertNotIn("hidraw0", self.tool("fido2-token", "-L").output)
        self.key.ctl(plugged=True)
        self.assertIn(self.path(), self.tool("fido2-token", "-L").output)


class Two:
    """Two keys where one is expected."""

    def __init__(self, one, other):
        self.both = (one, other)


def _each(key):
    return key.both if isinstance(key, Two) else (key,)


ByShim.env = lambda self: keys.attached(*_each(self.key))


@unittest.skipUnless(keys.has_umockdev(), "umockdev is not there")
class ByUmockdev(ByShim):
    """The same, with libfido2's own device code."""

    options = ()

    def env(self):
        return dict(os.environ)

    def path(self, number=0):
        return "/dev/hidraw%d" % number

    def command(self, arguments):
        sockets = [key.path for key in _each(self.key)]
        return [keys.program("umockdev-run"), *self.options, *sockets, "--", *arguments]

    def test_pulled_and_plugged_in_again_meanwhile(self):
        script = "fido2-token -L; while read x; do fido2-token -L; echo end; done"
        process = subprocess.Popen(self.command(["sh", "-c", script]), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)

        def listed(wanted):
            line = ""
            for _ in range(500):
                process.stdin.write("\n")
                process.stdin.flush()
                line = process.stdout.readline()
                if line != "end\n":
                    process.stdout.readline()
                if line.split(":")[0] == wanted:
                    return True
                time.sleep(0.01)
            return line

        self.assertTrue(process.stdout.readline().startswith("/dev/hidraw0:"))
        self.key.ctl(plugged=False)
        self.assertIs(listed("end\n"), True)
        self.key.ctl(plugged=True)
        self.assertIs(listed("/dev/hidraw1"), True)
        process.stdin.close()
        self.assertEqual(process.wait(10), 0)

    def test_pulled_while_it_blinks(self):
        self.key.ctl(touch="never")
        thread = threading.Thread(target=lambda: (self.key.wait_until("waiting"),
                                                  self.key.ctl(plugged=False)))
        thread.start()
        result = self.tool_make(status=1)
        thread.join()
        self.assertIn("FIDO_ERR_RX", result.output)
        self.assertLess(result.seconds, 5)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_forbidden(self):
        os.chmod(self.directory, 0o755)
        self.options = ("--forbidden", "--user", "nobody")
        result = self.tool("sh", "-c", "fido2-token -L; cat < %s" % self.path(), status=2)
        self.assertNotIn("/dev/hidraw0: vendor", result.output)
        self.assertIn("Permission denied", result.output)
        output = self.tool("sh", "-c", "od -An -tx1 /sys/class/hidraw/hidraw0/device/"
                           "report_descriptor").output
        self.assertTrue(output.strip().startswith("06 d0 f1"))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_allowed_to_everybody(self):
        self.options = ("--user", "nobody")
        self.assertIn("/dev/hidraw0", self.tool("fido2-token", "-L").output)


class Libfido2(Case):
    """What the tools do not call: devices of the list, picking by touch, cancelling."""

    script = {"touch": "never"}
    calls = r"""
import ctypes, sys
fido = ctypes.CDLL(None)
for name in ("fido_dev_info_new", "fido_dev_info_ptr", "fido_dev_new_with_info"):
    getattr(fido, name).restype = ctypes.c_void_p
fido_list = ctypes.c_void_p(fido.fido_dev_info_new(ctypes.c_size_t(8)))
count, touched = ctypes.c_size_t(), ctypes.c_int()
fido.fido_dev_info_manifest(fido_list, ctypes.c_size_t(8), ctypes.byref(count))
info = ctypes.c_void_p(fido.fido_dev_info_ptr(fido_list, ctypes.c_size_t(0)))
dev = ctypes.c_void_p(fido.fido_dev_new_with_info(info))
def say(rc): print(rc, touched.value, flush=True)
say(fido.fido_dev_open_with_info(dev))
say(fido.fido_dev_get_touch_begin(dev))
say(fido.fido_dev_get_touch_status(dev, ctypes.byref(touched), 50))
if sys.argv[1] == "cancel":
    say(fido.fido_dev_cancel(dev))
say(fido.fido_dev_get_touch_status(dev, ctypes.byref(touched), 5000))
"""

    def play(self, command, env, argument):
        """Returns a process that has begun to wait for the touch."""
        process = subprocess.Popen([*command, "/usr/bin/python3", "-c", self.calls, argument],
                                   env=env, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), "0 0\n")
        self.assertEqual(process.stdout.readline(), "0 0\n")
        return process

    def both(self, argument, expected, then=lambda key: None):
        ways = [([], keys.attached(self.key))]
        if keys.has_umockdev():
            libfido2 = "libfido2.so.1"
            ways.append(([keys.program("umockdev-run"), "--preload", libfido2, self.key.path, "--"],
                         dict(os.environ)))
        for command, env in ways:
            with self.subTest(command[:1]):
                process = self.play(command, env, argument)
                self.key.wait_until("waiting")
                then(self.key)
                self.assertEqual(process.stdout.read().split("\n"), expected)
                self.assertEqual(process.wait(5), 0)

    def test_picked(self):
        def touch(key):
            time.sleep(0.1)
            key.ctl(press=True)
        self.both("pick", ["0 0", "0 1", ""], touch)
        self.assertEqual(self.key.last("makeCredential")["outcome"], "PIN_NOT_SET")

    def test_cancelled(self):
        self.both("cancel", ["0 0", "0 0", "45 0", ""])
        self.assertTrue(self.key.last("makeCredential")["cancelled"])
        self.assertFalse(self.key.state()["waiting"])
