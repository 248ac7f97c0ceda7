"""Logging in: addresses, outcomes, the second step (protocol 1; dialects 1, 2.1, 2.2)."""

from cases import ACCOUNTS, OTHERS, Case, in_every_dialect, simulated
from visitor import SECRET, code_now


class Probes(Case):
    """What tells the dialects apart without a login (dialects 1.1)."""

    def probe(self, path):
        page = self.visitor().get(path)
        return page.status, page.location

    def test_forced(self):
        self.assertEqual(self.probe("/domainadmin/user"), (302, "/"))
        self.assertEqual(self.probe("/domainadmin/"), (200, None))
        self.assertEqual(self.probe("/admin"), (301, "/admin/"))
        self.assertEqual(self.probe("/api/v1/process/fido2-args"), (404, None))
        page = self.visitor().get("/")
        self.assertIn("verify_fido2_login", page.text)
        self.assertIn('href="/domainadmin"', page.text)
        self.assertIn("version_tag: ''", page.text)
        self.assertRegex(page.headers["Set-Cookie"],
                         r"^MCSESSID=[0-9a-f]{32}; path=/; secure; HttpOnly; SameSite=Lax$")
        self.assertNotIn("X-XSS-Protection", page.headers)

    def test_moved_keeps_the_query(self):
        self.assertEqual(self.probe("/domainadmin?sso_token=made-up"),
                         (301, "/domainadmin/?sso_token=made-up"))

    def test_unknown_page(self):
        self.assertEqual(self.probe("/mailbox"), (404, None))


class SplitProbes(Probes):
    dialect = "split"

    def test_forced(self):
        self.assertEqual(self.probe("/domainadmin/user"), (302, "/domainadmin"))
        self.assertEqual(self.probe("/admin/system"), (302, "/admin"))
        self.assertEqual(self.probe("/user"), (302, "/"))
        self.assertEqual(self.probe("/api/v1/process/fido2-args"), (404, None))


class SingleProbes(Probes):
    dialect = "single"

    def test_forced(self):
        for path in ("/domainadmin/user", "/domainadmin/", "/domainadmin", "/admin/"):
            self.assertEqual(self.probe(path), (404, None), path)
        self.assertEqual(self.probe("/admin"), (302, "/"))
        page = self.visitor().get("/api/v1/process/fido2-args")
        self.assertEqual((page.status, page.json["msg"]), (405, "only POST method is allowed"))
        page = self.visitor().get("/")
        self.assertIn("/api/v1/process/fido2-args", page.text)
        self.assertNotIn("verify_fido2_login", page.text)
        self.assertNotIn('href="/domainadmin"', page.text)
        self.assertIn("version_tag: '2025-01a'", page.text)
        self.assertRegex(page.headers["Set-Cookie"],
                         r"^PHPSESSID=[0-9a-f]{32}; path=/; secure; HttpOnly$")
        self.assertEqual(page.headers["X-XSS-Protection"], "1; mode=block")

    def test_moved_keeps_the_query(self):
        self.assertEqual(self.probe("/domainadmin?sso_token=made-up"), (404, None))

    def test_unknown_page(self):
        self.assertEqual(self.probe("/dashboard"), (404, None))


@in_every_dialect
class Password:
    def test_right(self):
        for role, name, login, page in self.each_role():
            visitor = self.visitor()
            answer = visitor.log_in(name, login)
            self.assertEqual((answer.status, answer.location, answer.body),
                             (302, self.table.start[role], b""))
            shown = visitor.get(page)
            self.assertEqual((shown.status, shown.role, shown.name), (200, role, name))
            self.assertEqual(shown.alerts, [("success", f"Logged in as {name}")])
            self.assertEqual(visitor.get(page).alerts, [])
            self.assertEqual(self.server.ask("sessions")["authenticated"], 1)

    def test_wrong(self):
        for _role, name, login, page in self.each_role():
            visitor = self.visitor()
            for wrong in ("Made-Up-Wrong", self.password(name) + " ",
                          self.password(name).lower()):
                answer = visitor.log_in(name, login, wrong)
                self.assertEqual((answer.status, answer.alert_types), (200, ["danger"]))
                self.assertFalse(answer.has("ConfirmTFAModal"))
                self.assertEqual(answer.role, "")
            self.assertEqual(visitor.get(page).status, 302)
            self.assertEqual(self.server.ctl("f2b"), "3")

    def test_inactive(self):
        for _role, name, login, _page in self.each_role():
            self.server.ctl("active", name, "off")
            self.assertEqual(self.visitor().log_in(name, login).alert_types, ["danger"])
            self.server.ctl("active", name, "on")
            self.assertEqual(self.visitor().log_in(name, login).status, 302)

    def test_name_is_trimmed_and_lowered(self):
        answer = self.visitor().log_in(" Alice@Example.TEST\t", "/",
                                       self.password(ACCOUNTS["user"]))
        self.assertEqual(answer.status, 302)

    def test_multipart(self):
        fields = {"login_user": "bob@example.test",
                  "pass_user": self.password("bob@example.test")}
        body = "".join(f'--made-up\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
                       f"{value}\r\n" for name, value in fields.items()) + "--made-up--\r\n"
        answer = self.visitor().send("POST", "/", body.encode(), {
            "Content-Type": "multipart/form-data; boundary=made-up"})
        self.assertEqual(answer.status, 302)

    def test_foreign_role(self):
        answer = self.visitor().log_in("da1", self.table.login["admin"])
        if self.table.split_logins:
            self.assertEqual((answer.status, answer.alert_types), (200, ["danger"]))
        else:
            # The one login page takes everybody, as whoever it is.
            self.assertEqual((answer.status, answer.location), (302, "/mailbox"))

    def test_malformed_name(self):
        answer = self.visitor().log_in("bad user!", "/", "Made-Up")
        self.assertEqual(answer.alert_types, ["danger"])
        counted = self.table.split_logins
        self.assertEqual('<hr class="alert-hr">' in answer.alerts[0][1], counted)
        self.assertEqual(self.server.ctl("f2b"), "1" if counted else "0")

    def test_unknown_name(self):
        """Where roles log in apart, it costs the session: no form token, no delay."""
        visitor, lost = self.visitor(), self.table.split_logins
        for _ in range(3):
            answer = visitor.log_in("nobody@example.test", "/", "Made-Up")
            self.assertEqual((answer.status, answer.alert_types), (200, ["danger"]))
            self.assertEqual(len(answer.token), 0 if lost else 64)
        self.assertEqual("delayed by" in answer.text, not lost)
        self.assertEqual(self.server.ctl("f2b"), "3")

    def test_delay_is_announced(self):
        visitor, texts = self.visitor(), []
        for _ in range(4):
            texts.append(visitor.log_in("admin", self.table.login["admin"], "Made-Up").text)
        self.assertNotIn("delayed", texts[0])
        self.assertIn("delayed by 0.5 seconds", texts[1])
        self.assertIn("delayed by 1.5 seconds", texts[3])
        fresh = self.visitor().log_in("admin", self.table.login["admin"], "Made-Up")
        self.assertNotIn("delayed", fresh.text)

    def test_inside_a_session_anything_succeeds(self):
        for role, name, login, page in self.each_role():
            visitor = self.logged_in(role)
            answer = visitor.post(login, {"login_user": OTHERS[role], "pass_user": "Made-Up",
                                          "csrf_token": None})
            self.assertEqual((answer.status, answer.location), (302, self.table.start[role]))
            shown = visitor.get(page)
            self.assertEqual((shown.name, shown.alert_types), (name, ["warning"]))

    def test_strangers_are_sent_away(self):
        for role, _name, login, page in self.each_role():
            wanted = login.rstrip("/") or "/" if self.dialect == "split" else "/"
            for path in (page, self.table.start[role]):
                if path.startswith("/SOGo"):
                    continue
                answer = self.visitor().get(path)
                self.assertEqual((answer.status, answer.location, answer.body),
                                 (302, wanted, b""))

    def test_wrong_place(self):
        """Each role at the factor page and the login page of the others."""
        for role, _name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            own = self.table.factors["user"] if role == "user" else self.table.start[role]
            for other in set(ACCOUNTS) - {role}:
                if self.table.factors[other] != page:
                    wanted = own if self.table.split_logins else "/"
                    self.assertEqual(visitor.get(self.table.factors[other]).location, wanted)

    def test_no_webmail(self):
        """A mailbox without webmail starts on its settings page."""
        key = {"X-API-Key": self.server.about["api_key_rw"]}
        self.visitor().json("/api/v1/edit/mailbox", {
            "items": [ACCOUNTS["user"]], "attr": {"sogo_access": "0"}}, **key)
        answer = self.visitor().log_in(ACCOUNTS["user"], "/")
        self.assertEqual(answer.location, "/user")


class Pending:
    """A case that begins with a right password."""

    def pending(self, name, login):
        visitor = self.visitor()
        return visitor, visitor.log_in(name, login)


@in_every_dialect
class SecondStep(Pending):
    def test_question(self):
        for role, name, login, page in self.each_role():
            number = int(self.server.ctl("add-totp", name, 'My "key" <1>', SECRET))
            visitor, answer = self.pending(name, login)
            self.assertEqual((answer.status, answer.role, answer.name), (200, "", None))
            self.assertTrue(answer.has("ConfirmTFAModal"))
            self.assertTrue(answer.has("pending_tfa_tab_totp"))
            self.assertEqual(answer.authenticators, [("totp", 'My "key" <1>', number)])
            told = {"user": ["success"] if self.table.split_logins else []}
            self.assertEqual(answer.alert_types, told.get(role, ["info"]))
            self.assertEqual(visitor.get(page).status, 302)
            refused = visitor.json("/api/v1/add/app-passwd", {"app_name": "made up"})
            self.assertEqual((refused.status, refused.json["type"]), (403, "error"))
            self.assertEqual(self.server.ask("sessions"),
                             {"authenticated": 0, "pending": 1, "api": 0})
            self.assertTrue(visitor.get(login).has("ConfirmTFAModal"))

    def test_right_code(self):
        for role, name, login, page in self.each_role():
            self.server.ctl("add-totp", name, "first", "MADEUPOTHERSECRET23456723")
            number = self.server.ctl("add-totp", name, "second", SECRET)
            visitor, _ = self.pending(name, login)
            answer = visitor.answer_totp(login, number)
            self.assertEqual((answer.status, answer.location), (302, self.table.start[role]))
            shown = visitor.get(page)
            self.assertEqual((shown.status, shown.name), (200, name))
            self.assertEqual([label for _, label in shown.factors], ["first", "second"])
            # The one that was used is green, but not for domain admins (protocol 3).
            listed = shown.text.split('id="tfa_keys"')[1].split("</div>\n</div>")[0]
            green = listed.split("[Remove]")[1].count("bg-success")
            self.assertEqual(green, 0 if role == "domainadmin" else 1)

    def test_wrong_code_drops_the_login(self):
        for _role, name, login, page in self.each_role():
            number = self.server.ctl("add-totp", name, "phone", SECRET)
            visitor, _ = self.pending(name, login)
            answer = visitor.answer_totp(login, number, code=code_now(steps=5))
            self.assertEqual(answer.status, 200)
            self.assertFalse(answer.has("ConfirmTFAModal"))
            self.assertIn("danger", answer.alert_types)
            self.assertNotEqual(visitor.answer_totp(login, number).status, 302)
            self.assertEqual(visitor.get(page).status, 302)
            self.assertEqual(self.server.ctl("f2b"), "0")

    def test_wrong_id(self):
        name, login = ACCOUNTS["admin"], self.table.login["admin"]
        self.server.ctl("add-totp", name, "phone", SECRET)
        foreign = self.server.ctl("add-totp", OTHERS["admin"], "theirs", SECRET)
        for number in ("", "9999", foreign):
            visitor, _ = self.pending(name, login)
            answer = visitor.answer_totp(login, number)
            self.assertEqual((answer.status, answer.has("ConfirmTFAModal")), (200, False))

    def test_missing_verify_field(self):
        name, login = ACCOUNTS["user"], self.table.login["user"]
        number = self.server.ctl("add-totp", name, "phone", SECRET)
        visitor, _ = self.pending(name, login)
        answer = visitor.post(login, {"tfa_method": "totp", "id": number, "token": code_now()})
        self.assertEqual((answer.status, answer.has("ConfirmTFAModal")), (200, True))

    def test_cancel(self):
        for role, name, login, _page in self.each_role():
            self.server.ctl("add-totp", name, "phone", SECRET)
            visitor, _ = self.pending(name, login)
            answer = visitor.get(login + "?cancel_tfa_login")
            self.assertEqual((answer.status, answer.location),
                             (302, login.rstrip("/") or "/"))
            self.assertFalse(visitor.get(login).has("ConfirmTFAModal"))

    def test_code_can_be_replayed(self):
        name, login = ACCOUNTS["user"], self.table.login["user"]
        number, code = self.server.ctl("add-totp", name, "phone", SECRET), code_now()
        for _ in range(2):
            visitor, _ = self.pending(name, login)
            self.assertEqual(visitor.answer_totp(login, number, code=code).status, 302)

    def test_legacy_u2f(self):
        for role, name, login, _page in self.each_role():
            self.server.ctl("add-u2f", name, "old stick")
            self.server.ctl("add-totp", name, "phone", SECRET)
            visitor, answer = self.pending(name, login)
            self.assertTrue(answer.has("ConfirmTFAModal"))
            self.assertIn('href="#tfa_tab_u2f"', answer.text)
            self.assertEqual(answer.authenticators, [])
            self.assertFalse(answer.has("pending_tfa_tab_totp"))
            answer = visitor.post(login, {"verify_tfa_login": "", "tfa_method": "u2f"})
            self.assertEqual((answer.status, answer.location), (302, self.table.start[role]))
            self.assertEqual(self.labels(name), ["phone"])

    @simulated
    def test_yubico(self):
        prefix = "cccccccbdefg"
        otp = prefix + "cbdefghijklnrtuv" * 2
        for role, name, login, _page in self.each_role():
            self.server.ctl("add-yubiotp", name, "stick", prefix)
            visitor, answer = self.pending(name, login)
            self.assertTrue(answer.has("pending_tfa_tab_yubi_otp"))
            self.assertEqual(answer.authenticators, [])
            form = {"verify_tfa_login": "", "tfa_method": "yubi_otp", "token": otp}
            answer = visitor.post(login, form)
            self.assertEqual((answer.status, answer.location), (302, self.table.start[role]))
            visitor, _ = self.pending(name, login)
            self.assertEqual(visitor.post(login, form).status, 200)  # the same OTP again
            for bad in (otp[:-1], "x" * 44, "cccccccccccc" + otp[12:]):
                visitor, _ = self.pending(name, login)
                answer = visitor.post(login, {**form, "token": bad})
                self.assertEqual((answer.status, answer.has("ConfirmTFAModal")), (200, False))

    def test_key_without_a_public_key(self):
        """The form of the shipped page stores one and locks the account (protocol 1.2)."""
        for role, name, login, page in self.each_role():
            answer = self.logged_in(role).post(page, {
                "set_tfa": "1", "tfa_method": "webauthn", "key_id": "dead",
                "confirm_password": self.password(name), "token": "{}"})
            self.assertEqual(answer.alert_types, ["success"])
            visitor, question = self.pending(name, login)
            method, label, number = question.authenticators[0]
            self.assertEqual((method, label), ("webauthn", "dead"))
            answer = visitor.post(login, {"verify_tfa_login": "", "tfa_method": "webauthn",
                                          "id": number, "token": "{}"})
            self.assertEqual((answer.status, answer.has("ConfirmTFAModal")), (200, False))

    def test_keys_are_listed_before_codes(self):
        name, login = ACCOUNTS["user"], self.table.login["user"]
        self.server.ctl("add-totp", name, "phone", SECRET)
        self.logged_in_then_dead_key(name, login)
        _, question = self.pending(name, login)
        self.assertEqual([method for method, _, _ in question.authenticators],
                         ["webauthn", "totp"])

    def logged_in_then_dead_key(self, name, login):
        visitor, question = self.pending(name, login)
        visitor.answer_totp(login, question.authenticators[0][2])
        visitor.get("/user")
        visitor.post("/user", {"set_tfa": "1", "tfa_method": "webauthn", "key_id": "dead",
                               "confirm_password": self.password(name)})


class CodeOnAnotherPage(Pending, Case):
    """A right code is "verified" there, and yet nobody is logged in."""

    def test_code(self):
        number = self.server.ctl("add-totp", "da1", "phone", SECRET)
        visitor, _ = self.pending("da1", "/domainadmin/")
        answer = visitor.answer_totp("/", number)
        self.assertEqual((answer.status, answer.role), (200, ""))
        self.assertEqual(visitor.get("/domainadmin/user").status, 302)


class SplitCodeOnAnotherPage(CodeOnAnotherPage):
    dialect = "split"


class SingleCodeOnAnotherPage(Pending, Case):
    """It logs in, with a wrong Location and a page that nobody asked for."""

    dialect = "single"

    def test_code(self):
        number = self.server.ctl("add-totp", "admin", "phone", SECRET)
        visitor, _ = self.pending("admin", "/")
        answer = visitor.answer_totp("/admin", number)
        self.assertEqual((answer.status, answer.location, answer.name), (302, "/user", "admin"))
