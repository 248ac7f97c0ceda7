"""The arranger, and how the simulation starts, describes itself and stops."""

import base64
import json
import os
import re
import signal
import stat
import subprocess
import time
from email.utils import parsedate_to_datetime

from authenticator import Key, unframe
from cases import ACCOUNTS, Case
from cases_keys import FIDO2, TFA, Keys
from visitor import HERE, SECRET, Server

NAME = ACCOUNTS["user"]


class Starting(Case):
    def test_description(self):
        about, server = self.server.about, self.server
        self.assertEqual(server.ready, f"ready {server.directory}/server.json\n")
        self.assertEqual(about["url"], f"https://mail.example.test:{server.port}")
        self.assertEqual(about["resolve"], f"mail.example.test:{server.port}:127.0.0.1")
        self.assertEqual(about["dialect"], "forced")
        self.assertEqual(about["reset"], about["arrange"] + " reset")
        self.assertEqual(about["arrange"], f"{HERE}/ctl {server.directory}/control")
        self.assertEqual([row["role"] for row in about["accounts"]],
                         ["mailbox"] * 3 + ["domain-admin"] * 2 + ["admin"] * 2)
        for each in "& + % ü".split():
            self.assertIn(each, server.passwords[NAME])

    def test_nobody_else_can_read(self):
        for name in os.listdir(self.server.directory):
            mode = stat.S_IMODE(os.stat(os.path.join(self.server.directory, name)).st_mode)
            self.assertEqual(mode, 0o600, name)

    def test_own_directory_goes_away(self):
        process = subprocess.Popen([os.path.join(HERE, "run"), "--host-name", "other.example.test"],
                                   stdout=subprocess.PIPE, text=True)
        path = process.stdout.readline().split(" ", 1)[1].strip()
        directory = os.path.dirname(path)
        self.assertEqual(stat.S_IMODE(os.stat(directory).st_mode), 0o700)
        with open(path, encoding="utf-8") as file:
            self.assertTrue(json.load(file)["url"].startswith("https://other.example.test:"))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), 0)
        self.assertEqual(process.stdout.read(), "")
        process.stdout.close()
        self.assertFalse(os.path.exists(directory))

    def test_given_directory_is_left_without_a_server(self):
        server = Server("single")
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()
        left = set(os.listdir(server.directory))
        self.assertIn("ca.pem", left)
        self.assertFalse(left & {"server.json", "control"})
        server.close()

    def test_quick(self):
        start = time.monotonic()
        server = Server("single")
        taken = time.monotonic() - start
        server.close()
        self.assertLess(taken, 5)


class Verbs(Keys, Case):
    def test_exit_status(self):
        self.assertEqual(self.server.try_ctl("active", NAME, "on").returncode, 0)
        for words in ((), ("dance",), ("active", NAME), ("active", NAME, "maybe"),
                      ("factors", "nobody"), ("add-totp", NAME, "x", "not base32"),
                      ("add-yubiotp", NAME, "x", "short"), ("clock", "soon"),
                      ("force-tfa", NAME, "perhaps"), ("authsource", NAME, "tea leaves")):
            done = self.server.try_ctl(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertTrue(done.stderr, words)
        for words in (("add-app-password", "da1", "x"), ("authsource", "da1", "ldap")):
            self.assertEqual(self.server.try_ctl(*words).returncode, 3, words)
        done = subprocess.run([os.path.join(HERE, "ctl"), "/nonexistent", "reset"],
                              capture_output=True)
        self.assertEqual(done.returncode, 1)

    def test_prints(self):
        done = self.server.try_ctl("add-totp", NAME, "phone", SECRET)
        self.assertRegex(done.stdout, r"^\d+\n$")
        [row] = json.loads(self.server.try_ctl("factors", NAME).stdout)
        self.assertEqual(row["id"], int(done.stdout))
        self.assertEqual(json.loads(self.server.try_ctl("passkeys", NAME).stdout), [])
        self.assertEqual(self.server.try_ctl("reset").stdout, "")

    def test_methods(self):
        self.server.ctl("add-u2f", NAME, "a")
        self.server.ctl("add-yubiotp", NAME, "b", "cccccccbdefg")
        self.assertEqual([(row["method"], row["secret"])
                          for row in self.server.ask("factors", NAME)],
                         [("u2f", None), ("yubiotp", None)])

    def test_force_tfa_as_it_is_stored(self):
        key = {"X-API-Key": self.server.about["api_key_ro"]}
        for how, stored in (("string", "1"), ("number", 1), ("off", "0")):
            for path, name in (("mailbox", NAME), ("domain-admin", "da1"), ("admin", "admin")):
                self.server.ctl("force-tfa", name, how)
                details = self.visitor().get(f"/api/v1/get/{path}/{name}", **key).json
                self.assertEqual(details["attributes"]["force_tfa"], stored)

    def test_reset(self):
        visitor = self.logged_in()
        visitor.enrol_totp("/user", self.password(NAME))
        self.server.ctl("password", "da1", "Made-Up-Else-1")
        self.server.ctl("clock", "3600")
        self.visitor().log_in("admin", "/admin/", "wrong")
        self.server.ctl("reset")
        self.assertEqual((self.labels(NAME), self.server.ctl("logs"), self.server.ctl("f2b"),
                          self.server.ask("requests")), ([], "0", "0", []))
        self.assertEqual(self.server.ask("sessions"), {"authenticated": 0, "pending": 0, "api": 0})
        self.assertEqual(visitor.get("/user").status, 302)
        self.assertEqual(self.visitor().log_in("da1", "/domainadmin/").status, 302)

    def test_password(self):
        self.server.ctl("password", "da1", "Made-Up-Else-1")
        answer = self.visitor().log_in("da1", "/domainadmin/", "Made-Up-Else-1")
        self.assertEqual(answer.status, 302)

    def test_clock(self):
        self.server.ctl("clock", "-7200")
        date = parsedate_to_datetime(self.visitor().get("/").headers["Date"])
        self.assertAlmostEqual(date.timestamp(), time.time() - 7200, delta=5)

    def test_requests(self):
        visitor = self.logged_in()
        visitor.enrol_totp("/user", self.password(NAME))
        visitor.json("/api/v1/add/app-passwd?x=secret", {"app_name": "x", "app_passwd": "secret"})
        rows = self.server.ask("requests")
        self.assertEqual([(row["n"], row["method"], row["path"], row["status"]) for row in rows], [
            (1, "POST", "/", 302), (2, "GET", "/user", 200), (3, "POST", "/user", 200),
            (4, "POST", "/api/v1/add/app-passwd", 200)])
        self.assertEqual([row["account"] for row in rows], [NAME] * 4)
        self.assertEqual(rows[0]["form"], ["login_user", "pass_user"])
        self.assertIn("totp_secret", rows[2]["form"])
        self.assertEqual(rows[3]["form"], ["app_name", "app_passwd"])
        self.assertFalse(re.search("Made-Up-Pass|" + SECRET, json.dumps(rows)))

    def test_registrations(self):
        """What keys made, with the challenge that each was asked for; never the password."""
        visitor, wanted = self.logged_in(), []
        for kind in (TFA, FIDO2):
            options = self.options(visitor, kind)
            made = Key().create(options)
            self.post_key(visitor, {**made, "key_id": "mine", "tfa_method": "webauthn",
                                    "confirm_password": self.password(NAME)}, kind)
            challenge = base64.b64encode(unframe(options["publicKey"]["challenge"])).decode()
            wanted.append({"path": f"/api/v1/add/{kind}-registration", "challenge": challenge,
                           "clientDataJSON": made["clientDataJSON"],
                           "attestationObject": made["attestationObject"]})
        self.assertEqual(self.server.ask("registrations"), wanted)
        self.assertEqual(len(self.server.ask("factors", NAME)), 1)
        self.server.ctl("reset")
        self.assertEqual(self.server.ask("registrations"), [])

    def test_registrations_that_are_refused(self):
        """They are told of, too; what is no document at all is not."""
        visitor = self.logged_in()
        made = Key().create(self.options(visitor, FIDO2), origin="https://elsewhere.test")
        self.assertFalse(self.post_key(visitor, made, FIDO2).json["success"])
        self.post_key(visitor, b"not JSON", FIDO2)
        self.post_key(visitor, b"[]", FIDO2)
        self.assertEqual([row["clientDataJSON"] for row in self.server.ask("registrations")],
                         [made["clientDataJSON"]])
