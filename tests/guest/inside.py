"""The tests that run inside the guest, as root, and report in marker lines.

There is no login manager: the file from which udev's uaccess learns who sits at the machine is
written by the tests. What udev makes of it, the access control list, is real.
"""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import time
import traceback
import unittest
from pathlib import Path

import devices
from devices import MOUSE, Device, SoftwareKey, udevadm, use_rules

OURS, FIDO_ID, DEFAULT = "70-cowkey.rules", "60-fido-id.rules", "50-udev-default.rules"
SYSTEMD_S = (DEFAULT, FIDO_ID, "70-uaccess.rules", "71-seat.rules", "73-seat-late.rules")
SEAT = ("71-seat.rules", "73-seat-late.rules")
YUBIKEY, UNLISTED = "0003:1050:0407", "0003:1209:0002"
AT_THE_SEAT, ELSEWHERE = 1000, 1001
NO_KEY = 7
HOME = Path("/home/person")


@contextlib.contextmanager
def without_fido_id():
    program = Path("/usr/lib/udev/fido_id")
    aside = program.rename("/usr/lib/udev/aside")
    try:
        yield
    finally:
        aside.rename(program)


def seat(user):
    """As systemd-logind describes a seat (sd_seat_get_active)."""
    directory = Path("/run/systemd/seats")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "seat0").write_text(f"ACTIVE=1\nACTIVE_UID={user}\n")


class Rule(unittest.TestCase):
    def test_is_read_without_complaint(self):
        use_rules(OURS)
        self.assertNotIn(OURS + ":", udevadm("test", "/sys/class/mem/null"))

    def test_complaints_would_be_seen(self):
        shipped = (devices.SHIPPED_RULES / OURS).read_text()
        use_rules()
        (devices.RULES / OURS).write_text(shipped.replace("KERNELS==", "KERNALS=="))
        self.assertIn(OURS + ":", udevadm("test", "/sys/class/mem/null"))

    def test_passes_udevadm_verify(self):
        done = subprocess.run(["udevadm", "verify", devices.SHIPPED_RULES / OURS], text=True,
                              capture_output=True)
        if "Unknown command verb" in done.stderr:
            self.skipTest("this systemd is older than 254")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_without_it_only_root_may(self):
        use_rules(DEFAULT, FIDO_ID, *SEAT)
        seat(AT_THE_SEAT)
        with SoftwareKey() as key:
            self.assertEqual(key.properties.get("ID_FIDO_TOKEN"), "1")
            self.assertNotIn("uaccess", key.tags)
            self.assertEqual(key.mode, 0o600)
            self.assertFalse(key.opens_for(AT_THE_SEAT))

    def test_gives_a_key_to_the_seat(self):
        use_rules(DEFAULT, FIDO_ID, OURS, *SEAT)
        seat(AT_THE_SEAT)
        with SoftwareKey() as key:
            self.assertEqual(key.properties.get("ID_FIDO_TOKEN"), "1")
            self.assertIn("uaccess", key.tags)
            self.assertTrue(key.opens_for(AT_THE_SEAT))
            self.assertFalse(key.opens_for(ELSEWHERE))

    def test_changes_nothing_beside_systemd_s_own(self):
        seat(AT_THE_SEAT)
        seen = []
        for rules in (SYSTEMD_S, (*SYSTEMD_S, OURS)):
            use_rules(*rules)
            with SoftwareKey() as key:
                seen.append((key.tags, key.mode, key.opens_for(AT_THE_SEAT), key.opens_for(ELSEWHERE)))
        self.assertEqual(seen[0], seen[1])
        self.assertTrue(seen[0][2])

    def test_leaves_other_devices_of_a_listed_maker_alone(self):
        use_rules(DEFAULT, FIDO_ID, OURS, *SEAT)
        seat(AT_THE_SEAT)
        with Device(YUBIKEY, MOUSE) as mouse:
            self.assertNotIn("ID_FIDO_TOKEN", mouse.properties)
            self.assertNotIn("uaccess", mouse.tags)
            self.assertFalse(mouse.opens_for(AT_THE_SEAT))


class ListOfMakers(unittest.TestCase):
    """What the rule does where systemd's fido_id is missing."""

    def setUp(self):
        self.enterContext(without_fido_id())
        use_rules(DEFAULT, OURS, *SEAT)
        seat(AT_THE_SEAT)

    def test_gives_a_listed_key_to_the_seat(self):
        with Device(YUBIKEY) as key:
            self.assertNotIn("ID_FIDO_TOKEN", key.properties)
            self.assertIn("uaccess", key.tags)
            self.assertTrue(key.opens_for(AT_THE_SEAT))
            self.assertFalse(key.opens_for(ELSEWHERE))

    def test_leaves_an_unlisted_one_alone(self):
        with Device(UNLISTED) as key:
            self.assertNotIn("uaccess", key.tags)
            self.assertFalse(key.opens_for(AT_THE_SEAT))

    def test_is_spelled_as_the_kernel_does(self):
        rule = (devices.SHIPPED_RULES / OURS).read_text()
        patterns = re.findall(r"0003:[^|\"]*", rule)
        plugged = [Device(pattern.removesuffix(".*").replace("*", "0001"))
                   for pattern in patterns]
        self.addCleanup(devices.unplug, *plugged)
        self.assertGreater(len(plugged), 10)
        tagged = devices.tagged("uaccess", plugged)
        self.assertEqual([device.number for device in plugged if device.number not in tagged], [])


class Person(unittest.TestCase):
    """cowkey as an ordinary user, against the sandbox."""

    @classmethod
    def setUpClass(cls):
        line = SANDBOX.stdout.readline()
        cls.server = json.loads(Path(line.split()[1]).read_text())
        cls.account = cls.server["accounts"][1]
        HOME.chmod(0o711)
        shutil.copy(cls.server["cacert"], HOME / "ca.pem")
        (HOME / "ca.pem").chmod(0o644)
        (HOME / "password").write_text(cls.account["password"])
        shutil.chown(HOME / "password", AT_THE_SEAT, AT_THE_SEAT)

    def setUp(self):
        subprocess.run(self.server["reset"], shell=True, check=True)

    def cowkey(self, *words):
        """(status, document) of a run with --json."""
        done = subprocess.run(
            ["cowkey", "--server", self.server["url"], "--cacert", HOME / "ca.pem",
             "--resolve", self.server["resolve"], "--account", self.account["name"],
             "--password-file", HOME / "password", "--json", "--yes", *words],
            text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=devices.PATIENCE_S,
            user=AT_THE_SEAT, group=AT_THE_SEAT, extra_groups=[],
            env={"PATH": "/usr/bin", "HOME": str(HOME)})
        self.told = f"cowkey {words}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.returncode, json.loads(done.stdout)

    def assert_not_allowed(self, node, key_of):
        status, document = self.cowkey("enroll", "webauthn", "--label", key_of)
        self.assertEqual((status, document["status"]), (NO_KEY, NO_KEY), self.told)
        self.assertIn("a security key is plugged in", document["error"])
        self.assertIn(f"{node} can't be opened", document["error"])
        self.assertIn(OURS, document["hint"])
        self.assertEqual(self.cowkey("list")[1]["factors"], [])

    def test_without_a_rule_is_told_the_cure(self):
        use_rules(DEFAULT, FIDO_ID, *SEAT)
        seat(AT_THE_SEAT)
        with SoftwareKey() as key:
            self.assert_not_allowed(key.node, "forbidden")

    def test_who_does_not_sit_there_is_told_the_same(self):
        use_rules(DEFAULT, FIDO_ID, OURS, *SEAT)
        seat(ELSEWHERE)
        with SoftwareKey() as key:
            self.assert_not_allowed(key.node, "somebody else's")

    def test_without_a_key_is_not_told_of_rules(self):
        status, document = self.cowkey("enroll", "webauthn", "--label", "none")
        self.assertEqual(status, NO_KEY, self.told)
        self.assertIn("no security key is plugged in", document["error"])
        self.assertNotIn(OURS, document["hint"])

    def test_at_the_seat_enrolls_a_key(self):
        use_rules(DEFAULT, FIDO_ID, OURS, *SEAT)
        seat(AT_THE_SEAT)
        with SoftwareKey("--state", "/run/key.json"):
            status, document = self.cowkey("enroll", "webauthn", "--label", "real node")
            self.assertEqual((status, document.get("result")), (0, "enrolled"), self.told)
            self.assertEqual(document["proof"], "login")
            status, document = self.cowkey("prove", "webauthn")
            self.assertEqual(status, 0, self.told)


class Report(unittest.TestResult):
    """One marker line a test, as soon as it is over."""

    def startTest(self, test):
        super().startTest(test)
        self._began, self._outcome, self._why = time.monotonic(), "passed", ""

    def addSkip(self, test, reason):
        self._outcome, self._why = "skipped", reason

    def addFailure(self, test, error):
        self._outcome = "failed"
        self._why += "".join(traceback.format_exception(*error, limit=-3))

    addError = addFailure

    def stopTest(self, test):
        self.say(self._outcome, test.id().removeprefix("__main__."), self._why,
                 time.monotonic() - self._began)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.addFailure(test, error)

    def say(self, outcome, name, why, took_s):
        print("\nguest:", json.dumps({"test": name, "outcome": outcome, "why": why, "s": round(took_s, 1)}),
              flush=True)


if __name__ == "__main__":
    SANDBOX = subprocess.Popen(["/tests/sandbox/run", "--dir", "/run/sandbox"], text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]).run(Report())
