"""Setting up, listing and removing second factors (protocol 3, 4, 9)."""

import html
import time

from cases import ACCOUNTS, OTHERS, Case, in_every_dialect, simulated
from visitor import SECRET, code_now

BAD_SECRETS = ("madeupsecret2345", "MADEUP SECRET234", "MADEUP1234567", "MADEUP-SECRET")


@in_every_dialect
class Enrolment:
    def test_right_code(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            answer = visitor.enrol_totp(page, self.password(name), label='My "key" <1> & ü')
            self.assertEqual((answer.status, answer.alert_types), (200, ["success"]))
            self.assertEqual([label for _, label in answer.factors], ['My "key" <1> & ü'])
            self.assertIn("My &quot;key&quot; &lt;1&gt; &amp; ü", answer.text)
            [row] = self.server.ask("factors", name)
            self.assertEqual(row, {"id": answer.factors[0][0], "label": 'My "key" <1> & ü',
                                   "method": "totp", "secret": SECRET, "active": True})

    def test_another_secret_is_stored(self):
        for role, name, login, page in self.each_role():
            visitor = self.logged_in(role)
            self.server.ctl("mix-up", "on")
            answer = visitor.enrol_totp(page, self.password(name))
            self.assertEqual((answer.alert_types, len(answer.factors)), (["success"], 1))
            visitor = self.visitor()
            visitor.log_in(name, login)
            answer = visitor.answer_totp(login, self.server.ask("factors", name)[0]["id"])
            self.assertEqual((answer.status, answer.alert_types), (200, ["danger"]))

    def test_wrong_code(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            for wrong in ("000000", "", code_now() + " ", code_now(steps=2), code_now(steps=-2)):
                answer = visitor.enrol_totp(page, self.password(name), code=wrong or "x")
                self.assertEqual((answer.status, answer.alert_types, answer.factors),
                                 (200, ["danger"], []), wrong)
            self.assertEqual(self.server.ctl("f2b"), "0")

    def test_window(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        # Far enough from a step's end for the steps to be what they are called.
        while time.time() % 30 > 27:
            time.sleep(0.2)
        for steps in (-1, 0, 1):
            answer = visitor.enrol_totp("/user", self.password(name), code=code_now(steps=steps))
            self.assertEqual(answer.alert_types, ["success"])

    def test_wrong_password(self):
        for role, _name, _login, page in self.each_role():
            for wrong in ("Made-Up-Wrong", None):
                answer = self.logged_in(role).enrol_totp(page, wrong)
                self.assertEqual((answer.status, answer.alert_types, answer.factors),
                                 (200, ["danger"], []))
            self.assertEqual(self.server.ctl("f2b"), "0")

    def test_unknown_method(self):
        answer = self.logged_in().enrol_totp("/user", self.password(ACCOUNTS["user"]),
                                             tfa_method="carrier-pigeon")
        self.assertEqual((answer.status, answer.alerts, answer.factors), (200, [], []))

    def test_malformed_secret_leaks_the_password(self):
        name = ACCOUNTS["user"]
        for secret in BAD_SECRETS:
            visitor = self.logged_in()
            answer = visitor.enrol_totp("/user", self.password(name), secret=secret, code="123456")
            self.assertEqual((answer.status, answer.body), (200, b""))
            shown = visitor.get("/user")
            self.assertEqual((shown.alert_types, shown.factors), (["danger"], []))
            self.assertIn("[confirm_password] => " + self.password(name),
                          html.unescape(shown.alerts[0][1]))

    @simulated
    def test_malformed_secret_leaks_the_password_into_the_log(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        visitor.enrol_totp("/user", self.password(name), secret=BAD_SECRETS[0], code="123456")
        visitor.get("/user")
        self.assertIn(self.password(name), self.server.ctl("logs", "--dump"))

    def test_odd_secrets(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        for secret in ("", "MADEUP==", "M" * 8, "M" * 103, "M" * 255, "MADEUP=M"):
            answer = visitor.enrol_totp("/user", self.password(name), secret=secret)
            self.assertEqual(answer.alert_types, ["success"], secret)
        self.assertEqual([row["secret"] for row in self.server.ask("factors", name)][1], "MADEUP==")

    def test_too_long(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        for more in ({"secret": "M" * 256}, {"label": "x" * 256}):
            answer = visitor.enrol_totp("/user", self.password(name), **more)
            self.assertEqual((answer.status, answer.body), (200, b""))
            shown = visitor.get("/user")
            self.assertEqual((shown.alert_types, shown.factors), (["danger"], []))
            self.assertNotIn(self.password(name), html.unescape(shown.alerts[0][1]))

    def test_labels(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        for label in ("", "same", "same", "日本 🔑", "x" * 255):
            visitor.enrol_totp("/user", self.password(name), label=label)
        visitor.enrol_totp("/user", self.password(name), label=None)
        self.assertEqual(self.labels(name),
                         ["", "same", "same", "日本 🔑", "x" * 255, "unidentified"])

    @simulated
    def test_secret_is_logged_in_clear(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        before = int(self.server.ctl("logs"))
        visitor.enrol_totp("/user", self.password(name))
        self.assertEqual(int(self.server.ctl("logs")), before + 1)
        dump = self.server.ctl("logs", "--dump")
        self.assertIn(SECRET, dump)
        self.assertNotIn(self.password(name), dump)

    def test_proposed_secret_is_new_each_time(self):
        visitor = self.logged_in()
        proposals = {visitor.get("/user").text.split('data-totp-secret="')[1][:16]
                     for _ in range(3)}
        self.assertEqual(len(proposals), 3)

    @simulated
    def test_server_clock_counts(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        self.server.ctl("clock", "90")
        answer = visitor.enrol_totp("/user", self.password(name))
        self.assertEqual(answer.alert_types, ["danger"])
        answer = visitor.enrol_totp("/user", self.password(name), code=code_now(steps=3))
        self.assertEqual(answer.alert_types, ["success"])

    @simulated
    def test_yubico(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        otp = "cccccccbdefg" + "cbdefghijklnrtuv" * 2
        form = {"set_tfa": "", "tfa_method": "yubi_otp", "key_id": "stick", "yubico_id": "1",
                "yubico_key": "made-up", "otp_token": otp, "confirm_password": self.password(name)}
        for bad, text in ((otp[1:], "TFA token invalid"),
                          ("1" * 44, "Could not parse Yubikey OTP")):
            answer = visitor.post("/user", {**form, "otp_token": bad})
            self.assertEqual(answer.alert_types, ["danger"])
            self.assertIn(text, answer.alerts[0][1])
        self.assertEqual(visitor.post("/user", form).alert_types, ["success"])
        again = {**form, "key_id": "same stick", "otp_token": otp[:-1] + "c"}
        self.assertEqual(visitor.post("/user", again).alert_types, ["success"])
        self.assertEqual(self.labels(name), ["same stick"])
        self.assertEqual(self.server.ask("factors", name)[0]["method"], "yubiotp")


@in_every_dialect
class Lists:
    def test_empty(self):
        for role, _name, _login, page in self.each_role():
            shown = self.logged_in(role).get(page)
            self.assertTrue(shown.has("tfa_keys"))
            self.assertTrue(shown.has("fido2_keys"))
            self.assertEqual(shown.factors, [])
            self.assertEqual('id="tfa_pretty">-<' in shown.text, role != "admin")

    def test_filled(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            self.server.ctl("add-totp", OTHERS[role], "theirs", SECRET)
            numbers = [int(self.server.ctl("add-totp", name, label, SECRET))
                       for label in ("one", "two")]
            shown = visitor.get(page)
            self.assertEqual(shown.factors, list(zip(numbers, ("one", "two"))))
            self.assertEqual('id="tfa_pretty"><' in shown.text, role != "admin")

    def test_remove_one(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            one, two = [self.server.ctl("add-totp", name, label, SECRET)
                        for label in ("one", "two")]
            answer = visitor.post(page, {"unset_tfa_key": one})
            self.assertEqual((answer.status, answer.alert_types), (200, ["success"]))
            self.assertEqual([label for _, label in answer.factors], ["two"])
            answer = visitor.post(page, {"unset_tfa_key": two})
            self.assertEqual(answer.alert_types, ["danger"])
            self.assertEqual(self.labels(name), ["two"])

    def test_remove_unknown(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        theirs = self.server.ctl("add-totp", OTHERS["user"], "theirs", SECRET)
        for label in ("one", "two"):
            self.server.ctl("add-totp", name, label, SECRET)
        for number in ("99999", theirs):
            answer = visitor.post("/user", {"unset_tfa_key": number})
            self.assertEqual(answer.alert_types, ["success"])
        self.assertEqual(self.labels(name), ["one", "two"])
        self.assertEqual(self.labels(OTHERS["user"]), ["theirs"])

    def test_remove_all(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            self.server.ctl("add-totp", name, "one", SECRET)
            off = {"set_tfa": "", "tfa_method": "none"}
            answer = visitor.post(page, {**off, "confirm_password": "Made-Up-Wrong"})
            self.assertEqual((answer.alert_types, len(answer.factors)), (["danger"], 1))
            answer = visitor.post(page, {**off, "confirm_password": self.password(name)})
            self.assertEqual((answer.alert_types, answer.factors), (["success"], []))


class RemovalUnderForce(Case):
    """A flag blocks removal only as a number, not as the text that the UI stores."""

    def test_string(self):
        for role, name, _login, page in self.each_role():
            self.assertEqual(self.left_after_removals(role, name, page, "string"), (1, 0))

    def test_number(self):
        for role, name, _login, page in self.each_role():
            self.assertEqual(self.left_after_removals(role, name, page, "number"), (2, 2))

    def left_after_removals(self, role, name, page, how):
        """Logged in before the flag is set, so that no hold is in the way."""
        visitor = self.logged_in(role)
        self.server.ctl("force-tfa", name, how)
        one = [self.server.ctl("add-totp", name, label, SECRET) for label in ("one", "two")][0]
        visitor.post(page, {"unset_tfa_key": one})
        left = len(self.labels(name))
        visitor.post(page, {"set_tfa": "", "tfa_method": "none",
                            "confirm_password": self.password(name)})
        return left, len(self.labels(name))


class ExternalAccounts(Case):
    """What the pages of accounts from elsewhere hide, and what works all the same."""

    name = ACCOUNTS["user"]

    def shown_after(self, source):
        visitor = self.logged_in()
        self.server.ctl("authsource", self.name, source)
        self.server.ctl("add-totp", self.name, "phone", SECRET)
        shown = visitor.get("/user")
        return visitor, (shown.has("tfa_keys"), shown.has("fido2_keys"))

    def test_blocks(self):
        wanted = {"mailcow": (True, True), "ldap": (True, False), "keycloak": (False, False),
                  "generic-oidc": (False, False)}
        for source, blocks in wanted.items():
            with self.subTest(source=source):
                self.server.ctl("reset")
                self.assertEqual(self.shown_after(source)[1], blocks)

    def test_enrolment_behind_a_hidden_block(self):
        for source, stored in (("keycloak", True), ("generic-oidc", True), ("ldap", False)):
            self.server.ctl("reset")
            visitor, _ = self.shown_after(source)
            visitor.enrol_totp("/user", self.password(self.name), label="hidden")
            self.assertEqual("hidden" in self.labels(self.name), stored, source)

    def test_password_login(self):
        for source in ("ldap", "keycloak", "generic-oidc"):
            self.server.ctl("reset")
            self.server.ctl("authsource", self.name, source)
            self.assertEqual(self.visitor().log_in(self.name, "/").alert_types, ["danger"])
            self.assertEqual(self.server.ctl("f2b"), "1")

    @simulated
    def test_password_login_with_a_directory(self):
        self.server.ctl("directory", "on")
        for source, status in (("ldap", 302), ("keycloak", 302), ("generic-oidc", 200)):
            self.server.ctl("authsource", self.name, source)
            self.assertEqual(self.visitor().log_in(self.name, "/").status, status)

    @simulated
    def test_directory_confirms(self):
        self.server.ctl("directory", "on")
        visitor, _ = self.shown_after("ldap")
        answer = visitor.enrol_totp("/user", self.password(self.name), label="mine")
        self.assertEqual(answer.alert_types, ["success"])


class SplitExternalAccounts(ExternalAccounts):
    dialect = "split"
