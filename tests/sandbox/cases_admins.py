"""How administrators get into other accounts, and who may use the API's keys.

protocol 8 and 18; dialects 2.5.
"""

from urllib.parse import quote

from authenticator import Key
from cases import ACCOUNTS, OTHERS, Case, in_every_dialect, simulated
from cases_api import Keyed
from cases_keys import FIDO2, TFA, Keys
from visitor import SECRET

ALICE, BOB, DA = ACCOUNTS["user"], OTHERS["user"], ACCOUNTS["domainadmin"]
FAR = "far@example.org"


class Admins(Keyed, Keys):
    """A case with an administrator's session whose first request is behind it."""

    def token(self, name=DA, access="rw"):
        return self.visitor().json("/api/v1/add/sso/domain-admin", {"username": name},
                                   **self.key(access))

    def redeem(self, token, visitor=None):
        address = "/domainadmin/" if self.table.split_logins else "/"
        return (visitor or self.visitor()).get(f"{address}?sso_token={token}")

    def become(self, name, role="admin", by=None):
        """A session of `by` that is now that of `name`."""
        visitor = self.logged_in(role, by)
        answer = visitor.get("/?duallogin=" + quote(name))
        self.assertEqual((answer.status, answer.location), (302, self.home(name)))
        return visitor

    def home(self, name):
        """Where a log-in as somebody leads."""
        return "/user" if "@" in name else self.table.start["domainadmin"]

    def page_of(self, name):
        return self.table.factors["user" if "@" in name else "domainadmin"]

    def add_any_passkey(self, visitor):
        """Under the name of the server, whatever it is."""
        options = self.options(visitor, FIDO2)
        host = options["publicKey"]["rp"]["id"]
        made = Key().create(options, rp_id=host, origin="https://" + host)
        self.assertEqual(self.post_key(visitor, made, FIDO2).json, {"success": True})

    def log_out(self, visitor):
        return visitor.post("/", {"logout": "1", "csrf_token": None})


@in_every_dialect
class Tokens(Admins):
    def test_lets_in(self):
        answer = self.token()
        self.assertRegex(answer.json["token"], r"^[0-9A-F]{6}(-[0-9A-F]{6}){4}$")
        visitor = self.visitor()
        done = self.redeem(answer.json["token"], visitor)
        self.assertEqual((done.status, done.location), (302, self.table.start["domainadmin"]))
        page = visitor.get(self.table.factors["domainadmin"])
        self.assertEqual((page.status, page.role, page.name, page.really),
                         (200, "domainadmin", DA, None))
        # Unlike after a password nobody says who is logged in.
        self.assertNotIn("success", page.alert_types)
        self.assertEqual(self.log_out(visitor).status, 302)
        self.assertEqual(visitor.get(self.table.factors["domainadmin"]).status, 302)

    def test_how_often(self):
        token = self.token().json["token"]
        self.assertEqual(self.redeem(token).status, 302)
        again = 200 if self.dialect == "forced" else 302
        self.assertEqual(self.redeem(token).status, again)

    @simulated
    def test_how_long(self):
        for seconds, status in ((25, 302), (31, 200)):
            self.server.ctl("reset")
            token = self.token().json["token"]
            self.server.ctl("clock", seconds)
            self.assertEqual(self.redeem(token).status, status)
        self.server.ctl("reset")
        token = self.token().json["token"]
        self.server.ctl("expire-sso")
        answer = self.redeem(token)
        self.assertEqual((answer.status, answer.role, answer.alerts), (200, "", []))

    def test_made_up(self):
        for token in ("", "MADEUP-MADEUP", "%27"):
            self.assertEqual(self.redeem(token).status, 200)

    def test_wrong_address(self):
        token = self.token().json["token"]
        if self.table.split_logins:
            self.assertEqual(self.visitor().get("/?sso_token=" + token).status, 200)
            answer = self.visitor().get("/domainadmin?sso_token=" + token)
            self.assertEqual((answer.status, answer.location),
                             (301, "/domainadmin/?sso_token=" + token))
        else:
            self.assertEqual(self.visitor().get("/domainadmin/?sso_token=" + token).status, 404)
        self.assertEqual(self.redeem(token).status, 302)

    def test_inactive(self):
        """One is given out, and is worth nothing."""
        self.server.ctl("active", DA, "off")
        self.assertEqual(self.redeem(self.token().json["token"]).status, 200)

    def test_refused(self):
        self.assertEqual(self.token(access="ro").status, 403)
        for name in ("admin", ALICE, "nobody"):
            [row] = self.token(name).json
            self.assertEqual((row["type"], row["msg"]), ("danger", ["object_doesnt_exist", name]))
        answer = self.token([DA])
        self.assertEqual((answer.status, answer.body), (200, b""))
        answer = self.logged_in("domainadmin").json("/api/v1/add/sso/domain-admin",
                                                    {"username": "da2"})
        self.assertEqual([(row["type"], row["msg"]) for row in answer.json],
                         [("danger", "access_denied")])

    def test_of_a_session(self):
        answer = self.logged_in("admin").json("/api/v1/add/sso/domain-admin", {"username": DA})
        self.assertEqual(self.redeem(answer.json["token"]).status, 302)

    def test_nothing_holds_it(self):
        self.server.ctl("add-totp", DA, "phone", SECRET)
        if self.table.knows_force:
            self.server.ctl("force-tfa", DA, "string")
            self.server.ctl("force-pw-update", DA, "on")
        visitor = self.visitor()
        self.redeem(self.token().json["token"], visitor)
        page = visitor.get(self.table.factors["domainadmin"])
        self.assertEqual([label for _, label in page.factors], ["phone"])

    def test_passkey_without_a_password(self):
        visitor, page = self.visitor(), self.table.factors["domainadmin"]
        self.redeem(self.token().json["token"], visitor)
        self.add_any_passkey(visitor)
        self.assertEqual(len(self.server.ask("passkeys", DA)), 1)
        visitor.get(page)
        self.assertIn("danger", visitor.enrol_totp(page, "Made-Up-Wrong").alert_types)
        self.assertEqual(self.labels(DA), [])
        self.assertIn("success", visitor.enrol_totp(page, self.password(DA)).alert_types)
        self.assertEqual(self.labels(DA), ["my phone"])


@in_every_dialect
class LogInAs(Admins):
    def test_names_both(self):
        for name in (ALICE, DA):
            visitor = self.become(name)
            page = visitor.get(self.page_of(name))
            self.assertEqual((page.status, page.name, page.really), (200, name, "admin"))
            self.assertIn(f'<b class="username-lia">{name} <span class="text-info">(admin)</span>'
                          ' </b>', page.text)

    def test_too_early(self):
        """In the first request after the login nothing happens."""
        visitor = self.visitor()
        visitor.log_in("admin", self.table.login["admin"])
        self.assertEqual(visitor.get("/?duallogin=" + ALICE).location, self.table.start["admin"])
        self.assertEqual(visitor.get("/?duallogin=" + ALICE).location, "/user")

    def test_early_enough(self):
        """Any request will do; old releases have had two after a code."""
        visitor = self.visitor()
        visitor.log_in("admin", self.table.login["admin"])
        visitor.get("/api/v1/get/status/version")
        self.assertEqual(visitor.get("/?duallogin=" + ALICE).location, "/user")
        number = self.server.ctl("add-totp", "admin", "phone", SECRET)
        visitor = self.visitor()
        visitor.log_in("admin", self.table.login["admin"])
        visitor.answer_totp(self.table.login["admin"], number)
        wanted = self.table.start["admin"] if self.table.split_logins else "/user"
        self.assertEqual(visitor.get("/?duallogin=" + ALICE).location, wanted)

    def test_second_one(self):
        visitor = self.become(ALICE)
        visitor.get("/?duallogin=" + BOB)
        page = visitor.get("/user")
        self.assertEqual((page.name, page.really), (ALICE, "admin"))
        visitor = self.become(DA)
        visitor.get("/?duallogin=" + ALICE)
        if self.table.split_logins:
            page = visitor.get(self.table.factors["domainadmin"])
            self.assertEqual((page.name, page.really), (DA, "admin"))
        else:
            # The administrator is forgotten.
            page = visitor.get("/user")
            self.assertEqual((page.name, page.really), (ALICE, DA))
            self.log_out(visitor)
            page = visitor.get("/user")
            self.assertEqual((page.name, page.really), (DA, None))

    def test_back_and_out(self):
        back = "/admin/mailbox" if self.table.split_logins else "/mailbox"
        for name in (ALICE, DA):
            self.server.ctl("reset")
            visitor = self.become(name)
            visitor.get(self.page_of(name))
            answer = self.log_out(visitor)
            self.assertEqual((answer.status, answer.location, answer.body), (302, back, b""))
            page = visitor.get(self.table.factors["admin"])
            self.assertEqual((page.status, page.name, page.really), (200, "admin", None))
            self.assertEqual(self.server.ask("sessions")["authenticated"], 1)
            self.log_out(visitor)
            self.assertEqual(visitor.get(self.table.factors["admin"]).status, 302)
            self.assertEqual(self.server.ask("sessions")["authenticated"], 0)

    def test_same_cookie_and_form_token(self):
        visitor = self.logged_in("admin")
        before = dict(visitor.cookies), visitor.token
        visitor.get("/?duallogin=" + ALICE)
        visitor.get("/user")
        self.assertEqual((dict(visitor.cookies), visitor.token), before)

    def test_whom_nobody_knows(self):
        visitor = self.logged_in("admin")
        for name in ("nobody@example.test", "nobody", "admin2", ""):
            answer = visitor.get("/?duallogin=" + name)
            self.assertEqual(answer.location, self.table.start["admin"])

    def test_letters_as_they_were_asked_for(self):
        """Whoever looks at the name of the session has to ask for it in small letters."""
        visitor = self.logged_in("admin")
        visitor.get("/?duallogin=" + ALICE.upper())
        self.assertEqual(visitor.get("/user").name, ALICE.upper())
        self.assertEqual(self.options(visitor, TFA)["publicKey"]["user"]["name"], ALICE.upper())
        self.add_any_passkey(visitor)
        self.assertEqual(len(self.server.ask("passkeys", ALICE)), 1)

    def test_decoded_twice(self):
        visitor = self.logged_in("admin")
        visitor.get("/?duallogin=" + quote(quote(ALICE)))
        self.assertEqual(visitor.get("/user").name, ALICE)

    def test_at_any_address(self):
        """Also at one of the API's, which says what it has to say to the new account."""
        visitor = self.logged_in("admin")
        answer = visitor.get("/api/v1/get/status/version?duallogin=" + ALICE)
        self.assertEqual((answer.status, answer.location, answer.body), (302, "/user", b""))
        self.assertEqual(visitor.get("/user").name, ALICE)
        visitor = self.logged_in("admin")
        self.assertIn(visitor.get(self.table.factors["admin"] + "?duallogin=" + ALICE).location,
                      ("/", "/user"))
        page = visitor.get("/user?duallogin=" + ALICE)
        self.assertEqual((page.status, page.name), (200 if self.table.split_logins else 302, ALICE))

    def test_inactive_and_external(self):
        self.server.ctl("active", ALICE, "off")
        self.assertEqual(self.become(ALICE).get("/user").name, ALICE)
        self.server.ctl("active", DA, "off")
        self.assertEqual(self.become(DA).get(self.page_of(DA)).name, DA)
        if self.table.knows_authsource:
            self.server.ctl("authsource", BOB, "keycloak")
            page = self.become(BOB).get("/user")
            self.assertEqual((page.name, page.has("tfa_keys"), page.has("fido2_keys")),
                             (BOB, False, False))

    def test_of_a_domain_admin(self):
        back = "/domainadmin/mailbox" if self.table.split_logins else "/mailbox"
        visitor = self.become(ALICE, "domainadmin")
        page = visitor.get("/user")
        self.assertEqual((page.name, page.really), (ALICE, DA))
        self.assertEqual(self.log_out(visitor).location, back)
        page = visitor.get(self.table.factors["domainadmin"])
        self.assertEqual((page.name, page.really), (DA, None))

    @simulated
    def test_of_a_domain_admin_elsewhere(self):
        self.server.ctl("add-account", FAR, "mailbox", "Made-Up-Pass-far")
        visitor = self.logged_in("domainadmin")
        for name in (FAR, "da2", "admin", DA):
            self.assertEqual(visitor.get("/?duallogin=" + name).location,
                             self.table.start["domainadmin"])
        self.server.ctl("domain-admin-of", DA, "example.org")
        self.assertEqual(visitor.get("/?duallogin=" + FAR).location, "/user")

    @simulated
    def test_of_a_domain_admin_without_the_right(self):
        self.server.ctl("login-as", DA, "off")
        visitor = self.logged_in("domainadmin")
        self.assertEqual(visitor.get("/?duallogin=" + ALICE).location,
                         self.table.start["domainadmin"])

    def test_of_a_mailbox(self):
        visitor = self.logged_in()
        visitor.get("/?duallogin=" + BOB)
        self.assertEqual(visitor.get("/user").name, ALICE)

    def test_nothing_holds_it(self):
        self.server.ctl("add-totp", ALICE, "phone", SECRET)
        self.server.ctl("force-pw-update", ALICE, "on")
        if self.table.knows_force:
            self.server.ctl("force-tfa", ALICE, "string")
        page = self.become(ALICE).get("/user")
        self.assertEqual((page.status, [label for _, label in page.factors]), (200, ["phone"]))

    def test_factors(self):
        """Their removal needs the account's own password, one of several none."""
        for name in (ALICE, DA):
            self.server.ctl("reset")
            first = self.server.ctl("add-totp", name, "first", SECRET)
            self.server.ctl("add-totp", name, "second", SECRET)
            cid = self.server.ctl("add-passkey", name, "key")
            visitor, page = self.become(name), self.page_of(name)
            visitor.get(page)
            visitor.post(page, {"unset_tfa_key": first})
            self.assertEqual(self.labels(name), ["second"])
            visitor.post(page, {"unset_fido2_key": cid})
            self.assertEqual(self.server.ask("passkeys", name), [])
            for password, left in ((self.password("admin"), ["second"]),
                                   (self.password(name), [])):
                visitor.post(page, {"set_tfa": "", "tfa_method": "none",
                                    "confirm_password": password})
                self.assertEqual(self.labels(name), left)
            for password, kind in ((self.password("admin"), "danger"),
                                   (self.password(name), "success")):
                self.assertIn(kind, visitor.enrol_totp(page, password).alert_types)
            self.assertEqual(self.labels(name), ["my phone"])
            self.assertEqual(self.labels("admin"), [])

    def test_keys(self):
        for name in (ALICE, DA):
            self.server.ctl("reset")
            visitor = self.become(name)
            options = self.options(visitor, TFA)["publicKey"]
            self.assertEqual(options["user"]["name"], name)
            self.add_any_passkey(visitor)
            self.assertEqual(len(self.server.ask("passkeys", name)), 1)
            self.assertEqual(self.server.ask("passkeys", "admin"), [])

    def test_api_answers_for_the_account(self):
        self.server.ctl("add-app-password", ALICE, "laptop")
        visitor = self.become(ALICE)
        [row] = visitor.get("/api/v1/get/app-passwd/all").json
        self.assertEqual(row["mailbox"], ALICE)
        self.assertEqual(visitor.get("/api/v1/get/mailbox/" + ALICE).json["username"], ALICE)
        self.assertEqual(visitor.get("/api/v1/get/mailbox/" + BOB).text, "{}")
        self.assertEqual(visitor.get("/api/v1/get/admin/all").text, "{}")
        answer = visitor.json("/api/v1/edit/mailbox", {"items": [ALICE], "attr": {}})
        self.assertEqual(answer.json[-1]["msg"], "access_denied")
        self.log_out(visitor)
        self.assertEqual(visitor.get("/api/v1/get/mailbox/" + BOB).json["username"], BOB)

    def test_log_names_both(self):
        visitor = self.become(ALICE)
        visitor.get("/user")
        visitor.enrol_totp("/user", self.password(ALICE))
        row = self.server.ask("logs", "--dump")[-1]
        self.assertEqual((row["user"], row["role"]), (f"admin => {ALICE}", "admin => user"))


class HeldAdministrator(Admins, Case):
    def test_hold_goes_along(self):
        """Also what it permits: a factor for somebody else without any password."""
        self.server.ctl("force-tfa", "admin", "string")
        visitor = self.visitor()
        visitor.log_in("admin", "/admin/")
        visitor.get("/admin/")
        visitor.get("/?duallogin=" + ALICE)
        self.assertEqual(visitor.get("/user").location, "/")
        self.assertEqual(visitor.enrol_totp("/user", None).location, "/user")
        self.assertEqual(self.labels(ALICE), ["my phone"])


@in_every_dialect
class KeysOfTheApi(Keyed):
    def test_addresses(self):
        self.server.ctl("api-allow-from", "192.0.2.0/24")
        for access in ("rw", "ro"):
            answer = self.read("mailbox/all", access)
            self.assertEqual((answer.status, answer.text), (
                401, '{"type":"error","msg":"api access denied for ip 127.0.0.1"}'))
        self.assertEqual(self.server.ctl("f2b"), "2")
        self.server.ctl("api-allow-from", "192.0.2.1, 127.0.0.1")
        self.assertEqual(self.read("mailbox/all").status, 200)

    @simulated
    def test_any_address(self):
        self.server.ctl("api-allow-from", "192.0.2.1")
        self.server.ctl("api-allow-from", "any")
        self.assertEqual(self.read("mailbox/all").status, 200)
        self.assertEqual(self.server.try_ctl("api-allow-from", "somewhere").returncode, 2)

    @simulated
    def test_sessions_of_keys_count_apart(self):
        for _ in range(3):
            self.read("status/version")
        self.logged_in()
        self.assertEqual(self.server.ask("sessions"), {"authenticated": 1, "pending": 0, "api": 3})
