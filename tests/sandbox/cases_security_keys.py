"""Security keys as a second factor (protocol 5, 1.2; dialects 2.2, 2.3)."""

import authenticator
from authenticator import PRESENT, Key, unframe
from cases import ACCOUNTS, OTHERS, Case, in_every_dialect, simulated
from cases_keys import FIDO2, TFA, Keys
from visitor import SECRET

KEY = Key()


@in_every_dialect
class Options(Keys):
    def test_registration(self):
        for role, name, _login, _page in self.each_role():
            text = self.logged_in(role).get("/api/v1/get/webauthn-tfa-registration/any/thing").text
            challenge = unframe(self.options(self.logged_in(role))["publicKey"]["challenge"])
            self.assertEqual(len(challenge), 32)
            start, _, rest = text.partition('"challenge":"')
            framed = authenticator.b64(name.encode()).replace("/", "\\/")
            self.assertEqual(start, (
                '{"publicKey":{"rp":{"name":"WebAuthn Library","id":"mail.example.test"},'
                '"authenticatorSelection":{"userVerification":"preferred"},'
                f'"user":{{"id":"=?BINARY?B?{framed}?=","name":"{name}","displayName":"{name}"}},'
                '"pubKeyCredParams":[{"type":"public-key","alg":-7},'
                '{"type":"public-key","alg":-257}],"attestation":"indirect",'
                '"extensions":{"exts":true},"timeout":30000,'))
            self.assertEqual(rest.partition('"')[2], ',"excludeCredentials":[]}}')

    def test_strangers(self):
        for kind in (TFA, FIDO2):
            answer = self.visitor().get(f"/api/v1/get/{kind}-registration")
            self.assertEqual((answer.status, answer.body), (200, b""))
            answer = self.post_key(self.visitor(), {}, kind)
            self.assertEqual(answer.json, {"type": "error",
                                           "msg": "Cannot find attributes in post data"})

    def test_login(self):
        for role, _name, _login, _page in self.each_role():
            number = self.with_factor(KEY, role)
            _, options = self.asked(role)
            self.assertEqual(len(unframe(options["publicKey"].pop("challenge"))), 32)
            self.assertEqual(options["publicKey"], {
                "timeout": 30000, "userVerification": "preferred", "rpId": "mail.example.test",
                "allowCredentials": [{"id": f"=?BINARY?B?{authenticator.b64(KEY.id)}?=",
                                      "transports": [], "type": "public-key"}],
                "extensions": {"appid": "https://mail.example.test"}})
            self.assertGreater(number, 0)

    def test_nothing_to_ask(self):
        for visitor in (self.visitor(), self.logged_in()):
            answer = visitor.get("/api/v1/get/webauthn-tfa-get-args")
            self.assertEqual((answer.status, answer.json), (200, {
                "type": "error", "msg": "Cannot find matching credentialIds"}))

    def test_excludes_own_security_keys_only(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        first, second, theirs, passkey = Key(), Key(), Key(), Key()
        for key in (first, second):
            self.add_factor(visitor, key, password=self.password(name))
        self.add_passkey(visitor, passkey)
        other = OTHERS["user"]
        self.add_factor(self.logged_in("user", other), theirs, password=self.password(other))
        excluded = self.options(visitor)["publicKey"]["excludeCredentials"]
        self.assertEqual(excluded, [
            {"id": f"=?BINARY?B?{authenticator.b64(key.id)}?=", "type": "public-key",
             "transports": ["usb", "ble", "nfc", "internal"]} for key in (first, second)])

    def test_other_sites_may_not_ask(self):
        visitor = self.logged_in()
        for kind in (TFA, FIDO2):
            for destination, status in (("document", 403), ("iframe", 403), ("empty", 200)):
                answer = visitor.get(f"/api/v1/get/{kind}-registration",
                                     **{"Sec-Fetch-Dest": destination})
                self.assertEqual(answer.status, status)
                answer = self.post_key(visitor, {}, kind, **{"Sec-Fetch-Dest": destination})
                self.assertEqual(answer.status, status)

    def test_methods(self):
        visitor = self.logged_in()
        for kind in (TFA, FIDO2):
            self.assertEqual(visitor.get(f"/api/v1/add/{kind}-registration").status, 405)
            answer = visitor.send("POST", f"/api/v1/get/{kind}-registration", b"")
            self.assertEqual(answer.status, 405)


@in_every_dialect
class Enrolment(Keys):
    def test_stores(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            answer = self.add_factor(visitor, Key(), 'My "key" <1>', self.password(name))
            self.assertEqual((answer.status, answer.text), (200, '{"success":true}'))
            [row] = self.server.ask("factors", name)
            self.assertEqual((row["label"], row["method"], row["secret"], row["active"]),
                             ('My "key" <1>', "webauthn", None, True))
            shown = visitor.get(page)
            self.assertEqual(shown.factors, [(row["id"], 'My "key" <1>')])
            self.assertEqual(shown.alert_types, ["success"])

    def test_success_and_nothing_stored(self):
        """Whoever believes the answer is lied to (protocol 5.4)."""
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            made = Key().create(self.options(visitor))
            right = {"tfa_method": "webauthn", "confirm_password": self.password(name)}
            for wrong in ({"confirm_password": "Made-Up-Wrong"}, {"confirm_password": None},
                          {"confirm_password": ""}):
                answer = self.post_key(visitor, {**made, **right, **wrong})
                self.assertEqual(answer.text, '{"success":true}', wrong)
                self.assertEqual(visitor.get(page).alert_types, ["danger"])
            for wrong in ({"tfa_method": None}, {"tfa_method": "carrier-pigeon"}):
                answer = self.post_key(visitor, {**made, **right, **wrong})
                self.assertEqual(answer.text, '{"success":true}', wrong)
                self.assertEqual(visitor.get(page).alert_types, [])
            self.assertEqual(self.labels(name), [])
            self.assertEqual(self.options(visitor)["publicKey"]["excludeCredentials"], [])
        self.assertEqual(self.server.ctl("f2b"), "0")

    def test_method_none_switches_everything_off(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        self.server.ctl("add-totp", name, "phone", SECRET)
        made = Key().create(self.options(visitor))
        answer = self.post_key(visitor, {**made, "tfa_method": "none",
                                         "confirm_password": self.password(name)})
        self.assertEqual((answer.text, self.labels(name)), ('{"success":true}', []))

    def test_labels(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        for label in (None, "", "日本 🔑", "x" * 255):
            self.add_factor(visitor, Key(), label, self.password(name))
        self.assertEqual(self.labels(name), ["unidentified", "", "日本 🔑", "x" * 255])
        answer = self.add_factor(visitor, Key(), "x" * 256, self.password(name))
        self.assertEqual(answer.json, {"success": False, "msg": (
            "SQLSTATE[22001]: String data, right truncated: 1406 "
            "Data too long for column 'key_id' at row 1")})

    def test_content_types(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        for kind, alerts in (("text/plain", ["success"]), ("application/json", ["success"]),
                             ("application/x-www-form-urlencoded", ["warning", "success"])):
            document = {**Key().create(self.options(visitor)), "key_id": kind,
                        "tfa_method": "webauthn", "confirm_password": self.password(name)}
            answer = self.post_key(visitor, document, content_type=kind)
            self.assertEqual(answer.text, '{"success":true}')
            self.assertEqual(visitor.get("/user").alert_types, alerts)
        self.assertEqual(len(self.labels(name)), 3)

    def test_no_token_no_agent(self):
        """Neither the form token nor the User-Agent protects these."""
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        token = visitor.token
        visitor.headers = {}
        answer = self.add_factor(visitor, Key(), password=self.password(name))
        self.assertEqual((answer.text, len(self.labels(name))), ('{"success":true}', 1))
        self.assertEqual(visitor.get("/user").token, token)

    def test_nonsense(self):
        visitor = self.logged_in()
        for kind in (TFA, FIDO2):
            for body in (b"", b"{}", b"[]", b'"x"', b"3", b"nonsense",
                         b'{"clientDataJSON":"e30x"}'):
                answer = self.post_key(visitor, body, kind)
                self.assertEqual(answer.json, {"success": False, "msg": "invalid client data"})
            answer = self.post_key(visitor, b"nonsense", kind, "application/json")
            self.assertEqual(answer.status, 400)

    def test_same_answer_again(self):
        """The challenge stays until the next options; the same id is stored again."""
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        document = {**Key().create(self.options(visitor)), "tfa_method": "webauthn",
                    "confirm_password": self.password(name)}
        for count in (1, 2):
            self.assertEqual(self.post_key(visitor, document).text, '{"success":true}')
            self.assertEqual(len(self.labels(name)), count)
        self.options(visitor, FIDO2)
        self.assertEqual(self.post_key(visitor, document).json,
                         {"success": False, "msg": "invalid challenge"})

    def test_unverified_user(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        answer = self.add_factor(visitor, Key(), password=self.password(name), flags=PRESENT)
        self.assertEqual(answer.json, {"success": True})
        answer = self.add_factor(visitor, Key(), password=self.password(name), flags=0)
        self.assertEqual(answer.json, {
            "success": False, "msg": "user not present during authentication"})

    def test_remove(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        for label in ("one", "two"):
            self.add_factor(visitor, Key(), label, self.password(name))
        number = self.server.ask("factors", name)[0]["id"]
        answer = visitor.post("/user", {"unset_tfa_key": number})
        self.assertEqual([label for _, label in answer.factors], ["two"])
        self.assertEqual(len(self.options(visitor)["publicKey"]["excludeCredentials"]), 1)

    def test_form_of_the_page_stores_a_dead_key(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        answer = visitor.post("/user", {
            "set_tfa": "1", "tfa_method": "webauthn", "key_id": "dead", "token": "{}",
            "confirm_password": self.password(name)})
        self.assertEqual((answer.alert_types, self.labels(name)), (["success"], ["dead"]))
        excluded = self.options(visitor)["publicKey"]["excludeCredentials"]
        self.assertEqual([entry["id"] for entry in excluded], ["=?BINARY?B??="])
        login, options = self.asked()
        answer = self.answer_key(login, self.server.ask("factors", name)[0]["id"],
                                 Key().get(options))
        self.assertEqual(answer.alerts, [
            ("danger", "No public key was stored for the selected authenticator")])


@in_every_dialect
class Login(Keys):
    def test_right_key(self):
        for role, name, login, page in self.each_role():
            number = self.with_factor(KEY, role)
            visitor, options = self.asked(role)
            answer = self.answer_key(visitor, number, KEY.get(options, flags=PRESENT), login)
            self.assertEqual((answer.status, answer.location), (302, self.table.start[role]))
            shown = visitor.get(page)
            self.assertEqual((shown.status, shown.name, shown.role), (200, name, role))
            colour = shown.text.partition('name="unset_tfa_key"')[2].partition("bg-")[2]
            self.assertEqual(colour.startswith("success"), role != "domainadmin")

    def test_renewal(self):
        for role, _name, login, _page in self.each_role():
            number = self.with_factor(KEY, role)
            visitor, options = self.asked(role)
            before = visitor.cookies[self.table.cookie]
            self.answer_key(visitor, number, KEY.get(options), login)
            self.assertEqual(visitor.cookies[self.table.cookie] != before,
                             self.table.split_logins and role == "user")

    def test_authenticators(self):
        name = ACCOUNTS["user"]
        phone = int(self.server.ctl("add-totp", name, "phone", SECRET))
        answer = self.add_factor(self.visitor_behind_totp(phone), KEY, "stick",
                                 self.password(name))
        self.assertEqual(answer.json, {"success": True})
        key = self.server.ask("factors", name)[-1]["id"]
        page = self.visitor().log_in(name, "/")
        self.assertEqual(page.authenticators,
                         [("webauthn", "stick", key), ("totp", "phone", phone)])
        self.assertTrue(page.has("pending_tfa_tab_webauthn"))

    def visitor_behind_totp(self, number):
        visitor = self.visitor()
        visitor.log_in(ACCOUNTS["user"], "/")
        visitor.answer_totp("/", number)
        visitor.get("/user")
        return visitor

    def test_row_counts_not_the_id(self):
        """The key is that of the row; what the answer calls itself is not looked at."""
        number = self.with_factor(KEY)
        visitor, options = self.asked()
        stranger = Key(credential_id=b"who knows")
        stranger.private = KEY.private
        self.assertEqual(self.answer_key(visitor, number, stranger.get(options)).status, 302)

    def test_refused(self):
        number = self.with_factor(KEY)
        wrong = {
            "invalid signature": {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"},
            "invalid origin": {"origin": "https://elsewhere.test"},
            "invalid challenge": {"challenge": authenticator.b64url(bytes(32))},
            "invalid type": {"type": "webauthn.create"},
            "invalid rpId hash": {"rp_id": "elsewhere.test"},
            "user not present during authentication": {"flags": 0},
            "Invalid authenticatorData input": {"encode": lambda octets: ""},
        }
        for message, changes in wrong.items():
            visitor, options = self.asked()
            answer = self.answer_key(visitor, number, KEY.get(options, **changes))
            self.assertEqual((answer.status, answer.has("ConfirmTFAModal")), (200, False))
            self.assertEqual(answer.alerts,
                             [("danger", "WebAuthn verification failed: " + message)])
        self.assertEqual(self.server.ctl("f2b"), "0")

    def test_another_key_is_stored(self):
        for role, _name, login, _page in self.each_role():
            self.server.ctl("mix-up", "on")
            number = self.with_factor(KEY, role)
            visitor, options = self.asked(role)
            answer = self.answer_key(visitor, number, KEY.get(options), login)
            self.assertEqual(answer.alerts, [
                ("danger", "WebAuthn verification failed: invalid signature")])

    def test_one_wrong_answer_drops_the_login(self):
        number = self.with_factor(KEY)
        visitor, options = self.asked()
        self.answer_key(visitor, number, Key().get(options))
        answer = self.answer_key(visitor, number, KEY.get(options))
        self.assertEqual((answer.status, visitor.get("/user").status), (200, 302))

    def test_wrong_row(self):
        name, other = ACCOUNTS["user"], OTHERS["user"]
        self.with_factor(KEY)
        theirs = Key()
        self.add_factor(self.logged_in("user", other), theirs, password=self.password(other))
        wrong = {"99999": "The selected authenticator was not found",
                 self.server.ask("factors", other)[0]["id"]:
                     "The selected authenticator belongs to another account",
                 self.server.ctl("add-totp", name, "phone", SECRET):
                     "No public key was stored for the selected authenticator"}
        for number, text in wrong.items():
            visitor, options = self.asked()
            answer = self.answer_key(visitor, number, theirs.get(options))
            self.assertEqual(answer.alerts, [("danger", text)])

    def test_without_options(self):
        """A challenge that was never asked for is no empty one."""
        number = self.with_factor(KEY)
        visitor, options = self.asked()
        fresh = self.visitor()
        fresh.log_in(ACCOUNTS["user"], "/")
        options["publicKey"]["challenge"] = "=?BINARY?B??="
        answer = self.answer_key(fresh, number, KEY.get(options))
        self.assertEqual(answer.alerts,
                         [("danger", "WebAuthn verification failed: invalid challenge")])

    def test_counter_is_ignored(self):
        number = self.with_factor(KEY)
        for count in (9, 3, 3, 0):
            KEY.counter = count
            visitor, options = self.asked()
            self.assertEqual(self.answer_key(visitor, number, KEY.get(options)).status, 302)

    @simulated
    def test_refused_on_demand(self):
        number = self.with_factor(KEY)
        self.server.fault("refuse-code", field="verify_tfa_login")
        visitor, options = self.asked()
        self.assertEqual(self.answer_key(visitor, number, KEY.get(options)).alert_types, ["danger"])


class PageOfAnotherRole(Keys, Case):
    def test_at_another_role_s_page(self):
        """Unlike a code, a key logs in there all the same (dialects 2.2)."""
        for role, name, login, page in self.each_role():
            number = self.with_factor(KEY, role)
            for elsewhere in set(self.table.login.values()) - {login}:
                visitor, options = self.asked(role)
                answer = self.answer_key(visitor, number, KEY.get(options), elsewhere)
                wanted = "/user" if role == "user" else self.table.start[role]
                self.assertEqual((answer.status, answer.location), (302, wanted))
                self.assertEqual(visitor.get(page).name, name)


class SplitPageOfAnotherRole(PageOfAnotherRole):
    dialect = "split"


class ForcedSetUp(Keys, Case):
    def test_releases_without_a_password(self):
        for role, name, login, page in self.each_role():
            self.server.ctl("force-tfa", name, "string")
            visitor = self.visitor()
            visitor.log_in(name, login)
            self.assertEqual(visitor.get(page).status, 302)
            self.assertEqual(self.options(visitor)["publicKey"]["user"]["name"], name)
            self.assertEqual(self.add_factor(visitor, Key()).text, '{"success":true}')
            self.assertEqual(visitor.get(page).status, 200)
            self.assertTrue(self.visitor().log_in(name, login).has("ConfirmTFAModal"))


@in_every_dialect
class ApiKey(Keys):
    def test_enrols_nobody(self):
        """With an API key alone both store a key of a user that does not exist (protocol 7.4)."""
        key = {"X-API-Key": self.server.about["api_key_rw"]}
        for kind in (TFA, FIDO2):
            visitor = self.visitor()
            visitor.headers.update(key)
            options = self.options(visitor, kind)
            self.assertEqual(options["publicKey"]["user"]["name"], "API")
            made = {**Key().create(options), "tfa_method": "webauthn", "key_id": "nobody's"}
            self.assertEqual(self.post_key(visitor, made, kind).text, '{"success":true}')
            again = self.options(visitor, kind)["publicKey"]["excludeCredentials"]
            self.assertEqual(len(again), 1)

    def test_read_only(self):
        visitor = self.visitor()
        visitor.headers["X-API-Key"] = self.server.about["api_key_ro"]
        for kind in (TFA, FIDO2):
            made = Key().create(self.options(visitor, kind))
            self.assertEqual(self.post_key(visitor, made, kind).status, 403)
