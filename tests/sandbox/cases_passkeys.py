"""Passkeys: registration, lists and logging in without a password (protocol 6, dialects 2.4)."""

import json

from authenticator import PRESENT, VERIFIED, Key, b64, unframe
from cases import ACCOUNTS, OTHERS, Case, in_every_dialect, simulated
from cases_keys import FIDO2, Keys, passkeys_on
from visitor import SECRET

KEY = Key()


@in_every_dialect
class Registration(Keys):
    def test_options(self):
        for role, name, _login, _page in self.each_role():
            options = self.options(self.logged_in(role), FIDO2)["publicKey"]
            self.assertEqual(len(unframe(options.pop("challenge"))), 32)
            self.assertEqual(options, {
                "rp": {"name": "WebAuthn Library", "id": "mail.example.test"},
                "authenticatorSelection": {"userVerification": "preferred",
                                           "requireResidentKey": True},
                "user": {"id": f"=?BINARY?B?{b64(name.encode())}?=", "name": name,
                         "displayName": name},
                "pubKeyCredParams": [{"type": "public-key", "alg": -7},
                                     {"type": "public-key", "alg": -257}],
                "attestation": "indirect", "extensions": {"exts": True}, "timeout": 30000,
                "excludeCredentials": []})

    def test_needs_no_password(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            answer = self.add_passkey(visitor, KEY)
            self.assertEqual((answer.status, answer.text), (200, '{"success":true}'))
            self.assertEqual(self.cids(name), [KEY.cid])
            shown = visitor.get(page)
            self.assertEqual(shown.alert_types, ["success"])
            self.assertEqual([cid for _, _, cid, _ in passkeys_on(shown)], [KEY.cid])
            self.assertEqual(shown.factors, [])

    def test_needs_a_verified_user(self):
        """Although the options only prefer one (trap 2)."""
        for role, name, _login, _page in self.each_role():
            visitor = self.logged_in(role)
            for flags, text in ((PRESENT, "user not verified during authentication"),
                                (VERIFIED, "user not present during authentication")):
                self.assertEqual(self.add_passkey(visitor, Key(), flags=flags).json,
                                 {"success": False, "msg": text})
            self.assertEqual(self.cids(name), [])

    def test_excludes_own_passkeys_only(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        first, second = Key(), Key()
        self.add_passkey(visitor, first)
        self.add_factor(visitor, Key(), password=self.password(name))
        self.add_passkey(visitor, second)
        self.add_passkey(self.logged_in("user", OTHERS["user"]), Key())
        excluded = self.options(visitor, FIDO2)["publicKey"]["excludeCredentials"]
        self.assertEqual([unframe(entry["id"]) for entry in excluded], [first.id, second.id])

    def test_same_answer_again(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        document = KEY.create(self.options(visitor, FIDO2))
        for count in (1, 2):
            self.assertEqual(self.post_key(visitor, document, FIDO2).text, '{"success":true}')
            self.assertEqual(self.cids(name), [KEY.cid] * count)

    def test_one_challenge_for_everything(self):
        visitor = self.logged_in()
        first = self.options(visitor, FIDO2)
        second = self.options(visitor, FIDO2, "get-args")
        self.assertEqual(self.post_key(visitor, Key().create(first), FIDO2).json,
                         {"success": False, "msg": "invalid challenge"})
        self.assertEqual(self.post_key(visitor, Key().create(second), FIDO2).text,
                         '{"success":true}')

    def test_challenge_of_nobody(self):
        visitor = self.logged_in()
        nothing = {"publicKey": {"challenge": "=?BINARY?B??="}}
        self.assertEqual(self.post_key(visitor, Key().create(nothing), FIDO2).json,
                         {"success": False, "msg": "invalid challenge"})


@in_every_dialect
class Lists(Keys):
    def test_names(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            plain, batch = Key(), Key()
            self.add_passkey(visitor, plain)
            self.add_passkey(visitor, batch, statement="x5c")
            rows = passkeys_on(visitor.get(page))
            unknown = self.server.ask("passkeys", name)[0]["label"]
            self.assertRegex(unknown, r"^Unknown \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)$")
            subject = "Key Batch 1 (Made-up Keys Authenticator Attestation)"
            self.assertEqual(rows, [(False, unknown, plain.cid, b64(unknown.encode())),
                                    (False, subject, batch.cid, b64(subject.encode()))])

    def rename(self, visitor, cid, label):
        return visitor.json("/api/v1/edit/fido2-fn",
                            {"items": None, "attr": {"fido2_cid": cid, "fido2_fn": label}})

    def test_rename(self):
        for role, name, _login, page in self.each_role():
            self.with_passkey(KEY, role)
            visitor = self.logged_in(role)
            subject = passkeys_on(visitor.get(page))[0][3]
            answer = self.rename(visitor, KEY.cid, 'my "key" <1>')
            self.assertEqual(answer.json, [{
                "type": "success", "msg": ["object_modified", name], "log": [
                    "fido2", {"action": "edit_fn", "fido2_attrs": {
                        "fido2_cid": KEY.cid, "fido2_fn": 'my "key" <1>'}}]}])
            self.assertEqual(self.server.ask("passkeys", name)[0]["label"], 'my "key" <1>')
            self.assertEqual(passkeys_on(visitor.get(page)), [
                (False, "my &quot;key&quot; &lt;1&gt;", KEY.cid, subject)])

    def test_rename_by_form(self):
        self.with_passkey(KEY)
        visitor = self.logged_in()
        form = {"attr": json.dumps({"fido2_cid": KEY.cid, "fido2_fn": "mine"}), "items": "null"}
        old = visitor.token
        self.assertEqual(visitor.post("/api/v1/edit/fido2-fn", form).json[-1]["type"], "success")
        self.assertNotEqual(visitor.get("/user").token, old)
        self.assertEqual(self.server.ask("passkeys", ACCOUNTS["user"])[0]["label"], "mine")

    def test_rename_nothing(self):
        """Unknown keys and those of others are a success, too; the answers pile up."""
        self.with_passkey(KEY)
        other = self.logged_in("user", OTHERS["user"])
        for count, cid in enumerate((KEY.cid, "00", ""), 1):
            answer = self.rename(other, cid, "stolen")
            self.assertEqual([entry["type"] for entry in answer.json], ["success"] * count)
        self.assertNotIn("stolen", self.server.ctl("passkeys", ACCOUNTS["user"]))

    def test_rename_back(self):
        self.with_passkey(KEY)
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        before = self.server.ask("passkeys", name)
        listed = passkeys_on(visitor.get("/user"))
        for label in ("", None, "0"):
            self.rename(visitor, KEY.cid, "mine")
            self.rename(visitor, KEY.cid, label)
            self.assertEqual(self.server.ask("passkeys", name), before)
            self.assertEqual(passkeys_on(visitor.get("/user")), listed)

    def test_rename_too_long(self):
        self.with_passkey(KEY)
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        self.rename(visitor, KEY.cid, "x" * 255)
        answer = self.rename(visitor, KEY.cid, "y" * 256)
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(self.server.ask("passkeys", name)[0]["label"], "x" * 255)

    def test_remove(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            twice = KEY.create(self.options(visitor, FIDO2))
            for _ in range(2):
                self.post_key(visitor, twice, FIDO2)
            self.add_passkey(visitor, Key())
            for cid, left in (("00", 3), (KEY.cid, 1)):
                visitor.get(page)
                answer = visitor.post(page, {"unset_fido2_key": cid})
                self.assertEqual((answer.status, answer.alert_types), (200, ["success"]))
                self.assertEqual(len(passkeys_on(answer)), left)
            answer = visitor.post(page, {"unset_fido2_key": self.cids(name)[0]})
            self.assertEqual(passkeys_on(answer), [])

    def test_remove_somebody_else_s(self):
        self.with_passkey(KEY)
        other = self.logged_in("user", OTHERS["user"])
        self.assertEqual(other.post("/user", {"unset_fido2_key": KEY.cid}).alert_types, ["success"])
        self.assertEqual(self.cids(ACCOUNTS["user"]), [KEY.cid])

    def test_remove_needs_the_form_token(self):
        self.with_passkey(KEY)
        answer = self.logged_in().post("/user", {"unset_fido2_key": KEY.cid, "csrf_token": None})
        self.assertEqual(answer.alert_types, ["warning"])
        self.assertEqual(self.cids(ACCOUNTS["user"]), [KEY.cid])

    def test_switching_factors_off_leaves_them(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        self.add_passkey(visitor, KEY)
        visitor.post("/user", {"set_tfa": "", "tfa_method": "none",
                               "confirm_password": self.password(name)})
        self.assertEqual(self.cids(name), [KEY.cid])

    def test_not_in_the_api(self):
        """Nothing there tells of a passkey."""
        self.with_passkey(KEY, "domainadmin")
        key = {"X-API-Key": self.server.about["api_key_ro"]}
        details = self.visitor().get("/api/v1/get/domain-admin/da1", **key).json
        self.assertEqual(details["tfa_active"], 0)
        self.assertNotIn("fido2", json.dumps(details))


@in_every_dialect
class Login(Keys):
    def test_right_key(self):
        for role, _name, login, page in self.each_role():
            self.with_passkey(KEY, role)
            visitor = self.visitor()
            answer = visitor.get("/api/v1/get/fido2-get-args")
            self.assertIn(self.table.cookie, visitor.cookies)
            options = answer.json
            before = visitor.cookies[self.table.cookie]
            self.enter(visitor, KEY.get(options), login)
            shown = visitor.get(page)
            self.assertEqual((shown.status, shown.role), (200, role))
            self.assertEqual(shown.alert_types, ["success"])
            self.assertEqual(visitor.cookies[self.table.cookie] != before,
                             self.table.split_logins and role == "user")
            # Only the admins' page says which key was used.
            self.assertEqual(passkeys_on(shown)[0][0], role == "admin")
            self.assertEqual(len(unframe(options["publicKey"].pop("challenge"))), 32)
            self.assertEqual(options, {"publicKey": {
                "timeout": 30000, "userVerification": "preferred",
                "rpId": "mail.example.test"}})

    def test_refused(self):
        self.with_passkey(KEY)
        for wrong in ({"flags": PRESENT}, {"flags": VERIFIED},
                      {"origin": "http://mail.example.test"}, {"rp_id": "elsewhere.test"},
                      {"type": "webauthn.create"}, {"encode": lambda octets: ""},
                      {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"}):
            self.assertFalse(self.enters(KEY, **wrong), wrong)
        stranger = Key()
        self.assertFalse(self.enters(stranger))
        self.assertTrue(self.enters(KEY))
        self.assertEqual(self.server.ctl("f2b"), "0")

    def test_another_key_is_stored(self):
        for role, _name, _login, _page in self.each_role():
            self.server.ctl("mix-up", "on")
            self.with_passkey(KEY, role)
            self.assertFalse(self.enters(KEY, role))

    def test_nonsense(self):
        for token in ("", "{}", "[]", "nonsense", '{"id":""}'):
            answer = self.enter(self.visitor(), token)
            self.assertEqual(answer.text, "" if self.table.split_logins else '{"success":false}')

    def test_what_a_failure_shows(self):
        for role, _name, login, _page in self.each_role():
            visitor = self.visitor()
            self.enter(visitor, Key().get(self.options(visitor, FIDO2, "get-args")), login)
            self.assertEqual(visitor.get(login).alerts, [
                ("danger", "Login failed")] if self.table.split_logins else [])

    def test_answer_again(self):
        """The challenge is used up by the login, in its own session."""
        self.with_passkey(KEY, "admin")
        visitor = self.visitor()
        token = KEY.get(self.options(visitor, FIDO2, "get-args"))
        login = self.table.login["admin"]
        self.enter(visitor, token, login)
        self.assertEqual(visitor.get(self.table.factors["admin"]).status, 200)
        answer = self.enter(visitor, token, login)
        if not self.table.split_logins:
            self.assertEqual(answer.json, {"success": False})

    def test_the_other_dialect_s_way(self):
        self.with_passkey(KEY)
        visitor = self.visitor()
        token = KEY.get(self.options(visitor, FIDO2, "get-args"))
        if self.table.split_logins:
            answer = visitor.send("POST", "/api/v1/process/fido2-args", token.encode())
            self.assertEqual((answer.status, answer.json),
                             (404, {"type": "error", "msg": "route not found"}))
        else:
            answer = visitor.post("/", {"verify_fido2_login": "true", "token": token})
            self.assertEqual((answer.status, answer.alerts), (200, []))
        self.assertEqual(visitor.get("/user").status, 302)

    def test_past_second_factor_and_deactivation(self):
        for role, name, login, _page in self.each_role():
            self.with_passkey(KEY, role)
            self.server.ctl("add-totp", name, "phone", SECRET)
            self.assertTrue(self.enters(KEY, role))
            self.server.ctl("active", name, "off")
            self.assertTrue(self.enters(KEY, role))
            self.assertEqual(self.visitor().log_in(name, login).status, 200)

    def test_counter_is_ignored(self):
        self.with_passkey(KEY)
        for count in (9, 3, 3, 0):
            KEY.counter = count
            self.assertTrue(self.enters(KEY))

    def test_renamed_account_leaves_its_keys(self):
        """Renaming takes factors along, but no passkeys (protocol 7.3)."""
        self.with_passkey(KEY, "domainadmin")
        key = {"X-API-Key": self.server.about["api_key_rw"]}
        answer = self.visitor().json("/api/v1/edit/domain-admin", {
            "items": ["da1"], "attr": {"username_new": "da9", "domains": ["example.test"]}}, **key)
        self.assertEqual(answer.json[-1]["type"], "success")
        visitor = self.visitor()
        token = KEY.get(self.options(visitor, FIDO2, "get-args"))
        answer = self.enter(visitor, token, self.table.login["domainadmin"])
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(visitor.get(self.table.factors["domainadmin"]).status, 302)

    def test_deleted_account_takes_its_keys_along(self):
        self.with_passkey(KEY)
        key = {"X-API-Key": self.server.about["api_key_rw"]}
        self.visitor().json("/api/v1/delete/mailbox", [ACCOUNTS["user"]], **key)
        self.assertFalse(self.enters(KEY))

    @simulated
    def test_refused_on_demand(self):
        self.with_passkey(KEY)
        self.server.fault("refuse-code", method="POST")
        self.assertFalse(self.enters(KEY))
        self.assertTrue(self.enters(KEY))


class PageOfTheRole(Keys, Case):
    """With one login page a role, a passkey works on that of its owner only."""

    def test_another_role_s_page(self):
        for role, _name, login, page in self.each_role():
            self.with_passkey(KEY, role)
            for elsewhere in set(self.table.login.values()) - {login}:
                visitor = self.visitor()
                token = KEY.get(self.options(visitor, FIDO2, "get-args"))
                self.assertEqual(self.enter(visitor, token, elsewhere).body, b"")
                self.assertEqual(visitor.get(page).status, 302)
                self.assertEqual(visitor.get(login).alert_types, ["danger"])

    def test_own_factor_page_takes_it_too(self):
        for role, _name, _login, page in self.each_role():
            self.with_passkey(KEY, role)
            visitor = self.visitor()
            self.enter(visitor, KEY.get(self.options(visitor, FIDO2, "get-args")), page)
            self.assertEqual(visitor.get(page).status, 200)


class SplitPageOfTheRole(PageOfTheRole):
    dialect = "split"


class OldLogin(Keys, Case):
    dialect = "single"

    def test_content_types(self):
        self.with_passkey(KEY)
        for kind in ("text/plain", "application/json", "application/x-www-form-urlencoded"):
            visitor = self.visitor()
            token = KEY.get(self.options(visitor, FIDO2, "get-args"))
            answer = visitor.send("POST", "/api/v1/process/fido2-args", token.encode(),
                                  {"Content-Type": kind})
            self.assertEqual((answer.json, visitor.get("/user").status), ({"success": True}, 200))


class Holds(Keys, Case):
    def test_registration_releases_this_session_only(self):
        """It ends forced set-up, but is no second factor (protocol 1.2)."""
        for role, name, login, page in self.each_role():
            self.server.ctl("force-tfa", name, "string")
            visitor = self.visitor()
            visitor.log_in(name, login)
            self.assertEqual(visitor.get(page).status, 302)
            self.assertEqual(self.add_passkey(visitor, KEY).text, '{"success":true}')
            self.assertEqual(visitor.get(page).status, 200)
            again = self.visitor()
            again.log_in(name, login)
            self.assertTrue(again.get(login).has("SetupTFAModal"))
            self.assertEqual(again.get(page).status, 302)

    def test_login_is_never_held(self):
        for role, name, _login, _page in self.each_role():
            self.with_passkey(KEY, role)
            self.server.ctl("force-tfa", name, "string")
            self.server.ctl("force-pw-update", name, "on")
            self.assertTrue(self.enters(KEY, role))
