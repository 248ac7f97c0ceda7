"""Forced set-up and forced password change (protocol 1.2, 1.3; dialects 2.1, 2.5)."""

import json

from cases import ACCOUNTS, Case
from visitor import SECRET, code_now

NEW = "Made-Up-New-Pass-1"


class Forced(Case):
    def held(self, role, *flags):
        """A visitor whose login was held, and the page with its modals."""
        for flag in flags:
            self.server.ctl(flag, ACCOUNTS[role], "on" if flag == "force-pw-update" else "string")
        visitor, login = self.visitor(), self.table.login[role]
        answer = visitor.log_in(ACCOUNTS[role], login)
        self.assertEqual((answer.status, answer.location), (302, self.table.held(role)))
        return visitor, visitor.get(login)

    def change_password(self, visitor, role, new=NEW, as_json=False):
        path, attributes, items = "/api/v1/edit/self", {
            "user_new_pass": new, "user_new_pass2": new}, None
        if role == "admin":
            path, attributes, items = "/api/v1/edit/admin", {
                "password": new, "password2": new}, [ACCOUNTS[role]]
        if as_json:
            return visitor.json(path, {"items": items, "attr": attributes})
        return visitor.post(path, {"attr": json.dumps(attributes), "items": json.dumps(items)})


class SetUp(Forced):
    def test_modal(self):
        for role, name, login, page in self.each_role():
            visitor, shown = self.held(role, "force-tfa")
            self.assertEqual((shown.status, shown.role, shown.name), (200, role, None))
            self.assertTrue(shown.has("SetupTFAModal"))
            self.assertFalse(shown.has("ChangePWModal"))
            self.assertEqual(shown.alert_types, ["success"])
            self.assertIn("/api/v1/get/webauthn-tfa-registration/", shown.text)
            for path in {page, self.table.start[role]} - {"/SOGo/so/"}:
                self.assertEqual(visitor.get(path).location, self.table.held(role))
            open_page = visitor.get("/quarantine")
            self.assertEqual((open_page.status, open_page.name), (200, name))
            self.assertTrue(open_page.has("SetupTFAModal"))
            self.assertEqual(self.server.ask("sessions"),
                             {"authenticated": 1, "pending": 1, "api": 0})

    def test_right_code_without_a_password(self):
        for role, name, login, page in self.each_role():
            for path in (login, page):
                self.server.ctl("reset")
                visitor, _ = self.held(role, "force-tfa")
                answer = visitor.enrol_totp(path, None)
                self.assertEqual((answer.status, answer.location, answer.body),
                                 (302, self.table.start[role], b""))
                shown = visitor.get(page)
                self.assertEqual((shown.status, len(shown.factors)), (200, 1))

    def test_wrong_code(self):
        for role, name, login, page in self.each_role():
            visitor, _ = self.held(role, "force-tfa")
            answer = visitor.enrol_totp(login, None, code="000000")
            self.assertEqual((answer.status, answer.alert_types), (200, ["danger"]))
            self.assertTrue(answer.has("SetupTFAModal"))
            answer = visitor.enrol_totp(page, None, code="000000")
            self.assertEqual((answer.status, answer.location), (302, self.table.held(role)))
            self.assertEqual(visitor.get(login).alert_types, ["danger"])
            self.assertEqual(self.labels(name), [])

    def test_login_again(self):
        """In a held session nobody looks at the password."""
        visitor, _ = self.held("user", "force-tfa")
        answer = visitor.post("/", {"login_user": ACCOUNTS["user"], "pass_user": "Made-Up",
                                    "csrf_token": None})
        self.assertEqual((answer.status, answer.role), (200, "user"))
        self.assertTrue(answer.has("SetupTFAModal"))

    def test_cancel(self):
        for role, _name, login, _page in self.each_role():
            visitor, _ = self.held(role, "force-tfa")
            answer = visitor.get(login + "?cancel_tfa_setup")
            self.assertEqual((answer.status, answer.location), (302, self.table.held(role)))
            self.assertFalse(visitor.get(login).has("SetupTFAModal"))
            self.assertEqual(self.server.ask("sessions")["authenticated"], 0)

    def test_a_factor_ends_it(self):
        for role, name, login, _page in self.each_role():
            self.server.ctl("add-totp", name, "phone", SECRET)
            self.server.ctl("force-tfa", name, "number")
            answer = self.visitor().log_in(name, login)
            self.assertTrue(answer.has("ConfirmTFAModal"))
            self.assertFalse(answer.has("SetupTFAModal"))

    def test_lie_about_release(self):
        """With a password change pending too, the redirect promises too much."""
        for role, _name, login, page in self.each_role():
            visitor, shown = self.held(role, "force-tfa", "force-pw-update")
            self.assertTrue(shown.has("SetupTFAModal") and shown.has("ChangePWModal"))
            answer = visitor.enrol_totp(login, None)
            self.assertEqual(answer.location, self.table.start[role])
            self.assertEqual(visitor.get(page).location, self.table.held(role))
            shown = visitor.get(login)
            self.assertTrue(shown.has("ChangePWModal"))
            self.assertFalse(shown.has("SetupTFAModal"))


class ChangePassword(Forced):
    def test_change(self):
        for as_json in (False, True):
            for role, name, login, page in self.each_role():
                visitor, shown = self.held(role, "force-pw-update")
                self.assertTrue(shown.has("ChangePWModal"))
                self.assertIn(f"var username = '{name}';", shown.text)
                answer = self.change_password(visitor, role, as_json=as_json)
                self.assertEqual((answer.status, answer.json[-1]["type"]), (200, "success"))
                self.assertEqual(visitor.get(page).status, 200)
                self.assertEqual(self.visitor().log_in(name, login).alert_types, ["danger"])
                answer = self.visitor().log_in(name, login, NEW)
                self.assertEqual(answer.location, self.table.start[role])

    def test_refused(self):
        for role, _name, login, page in self.each_role():
            visitor, _ = self.held(role, "force-pw-update")
            answer = self.change_password(visitor, role, "short")
            self.assertEqual(answer.json[-1]["msg"], "password_complexity")
            self.assertEqual(visitor.get(page).status, 302)
            visitor.token = "0" * 64
            self.assertEqual(self.change_password(visitor, role).json["msg"],
                             "Cannot find attributes in post data")

    def test_list_starts_with_older_alerts(self):
        visitor = self.visitor()
        visitor.get("/")
        self.server.ctl("force-pw-update", ACCOUNTS["user"], "on")
        visitor.log_in(ACCOUNTS["user"], "/")
        answer = self.change_password(visitor, "user")
        self.assertEqual([entry["msg"][0] for entry in answer.json],
                         ["logged_in_as", "mailbox_modified"])

    def test_factor_while_held(self):
        for role, name, _login, page in self.each_role():
            visitor, _ = self.held(role, "force-pw-update")
            answer = visitor.enrol_totp(page, self.password(name))
            self.assertEqual((answer.status, answer.location), (302, self.table.held(role)))
            self.assertEqual(self.labels(name), ["my phone"])

    def test_code_first(self):
        for role, name, login, _page in self.each_role():
            self.server.ctl("add-totp", name, "phone", SECRET)
            self.server.ctl("force-pw-update", name, "on")
            visitor = self.visitor()
            question = visitor.log_in(name, login)
            self.assertTrue(question.has("ConfirmTFAModal"))
            self.assertFalse(question.has("ChangePWModal"))
            answer = visitor.answer_totp(login, question.authenticators[0][2], code=code_now())
            self.assertEqual(answer.location, self.table.held(role))
            self.assertTrue(visitor.get(login).has("ChangePWModal"))


class WithoutHolds(Forced):
    """Older releases only show a notice, and only to mailboxes."""

    dialect = "split"

    def test_notice(self):
        name = ACCOUNTS["user"]
        self.server.ctl("force-pw-update", name, "on")
        visitor = self.visitor()
        self.assertEqual(visitor.log_in(name, "/").location, "/user")
        shown = visitor.get("/user")
        self.assertEqual((shown.status, shown.name), (200, name))
        self.assertFalse(shown.has("ChangePWModal"))
        self.assertIn('<div class="alert alert-danger">You <b>must</b> ', shown.text)

    def test_password_lie(self):
        name = ACCOUNTS["user"]
        self.server.ctl("force-pw-update", name, "on")
        visitor = self.logged_in()
        answer = self.change_password(visitor, "user", as_json=True)
        self.assertEqual(answer.json[-1]["msg"], ["mailbox_modified", name])
        self.assertEqual(self.visitor().log_in(name, "/").status, 302)  # the old one
        answer = visitor.json("/api/v1/edit/self", {"attr": {
            "user_old_pass": self.password(name), "user_new_pass": NEW, "user_new_pass2": NEW}})
        self.assertEqual(answer.json[-1]["type"], "success")
        self.assertEqual(self.visitor().log_in(name, "/", NEW).location, self.table.start["user"])

    def test_password_always_needed(self):
        for role, _name, _login, page in self.each_role():
            answer = self.logged_in(role).enrol_totp(page, None)
            self.assertEqual(answer.alert_types, ["danger"])

    def test_cannot_be_arranged(self):
        for words in (("force-tfa", ACCOUNTS["user"], "string"),
                      ("force-pw-update", "da1", "on")):
            self.assertEqual(self.server.try_ctl(*words).returncode, 3)


class SingleWithoutHolds(WithoutHolds):
    dialect = "single"

    def test_no_external_accounts(self):
        done = self.server.try_ctl("authsource", ACCOUNTS["user"], "ldap")
        self.assertEqual(done.returncode, 3)
