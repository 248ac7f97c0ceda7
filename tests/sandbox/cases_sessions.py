"""Cookies, form tokens, alerts, languages, logout (protocol 0, 2, 11; dialects 2.1)."""

import threading

from cases import ACCOUNTS, Case, in_every_dialect, simulated
from visitor import SECRET


@in_every_dialect
class Sessions:
    def cookie(self, visitor):
        return visitor.cookies.get(self.table.cookie)

    def test_chosen_id_lives_until_the_password(self):
        visitor = self.visitor()
        visitor.cookies[self.table.cookie] = "my-own-session-id"
        self.assertIsNone(visitor.get("/").headers["Set-Cookie"])
        visitor.log_in("bob@example.test", "/")
        self.assertRegex(self.cookie(visitor), r"^[0-9a-f]{32}$")

    def test_renewal(self):
        """At the password; at the question only in old releases; at the code by role."""
        for role, name, login, _page in self.each_role():
            number = self.server.ctl("add-totp", name, "phone", SECRET)
            visitor = self.visitor()
            visitor.get(login)
            seen = [self.cookie(visitor)]
            visitor.log_in(name, login)
            seen.append(self.cookie(visitor))
            visitor.answer_totp(login, number)
            seen.append(self.cookie(visitor))
            split = self.table.split_logins
            self.assertEqual(seen[0] != seen[1], not split)
            self.assertEqual(seen[1] != seen[2], split and role == "user")

    def test_logout(self):
        for role, name, login, page in self.each_role():
            visitor = self.logged_in(role)
            old = self.cookie(visitor)
            answer = visitor.post("/", {"logout": "1", "csrf_token": None})
            self.assertEqual(answer.status, 302)
            wanted = login.rstrip("/") or "/"
            self.assertEqual(answer.location, wanted)
            self.assertGreater(len(answer.body), 20_000)  # a page that nobody asked for
            self.assertEqual(answer.token, "")
            self.assertNotEqual(self.cookie(visitor), old)
            visitor.cookies[self.table.cookie] = old
            self.assertEqual(visitor.get(page).status, 302)
            self.assertEqual(self.server.ask("sessions"),
                             {"authenticated": 0, "pending": 0, "api": 0})

    def test_logout_on_a_private_page(self):
        """It works there for every role, and spares the page."""
        for role, name, login, page in self.each_role():
            for pending in (False, True):
                if pending:
                    self.server.ctl("add-totp", name, "phone", SECRET)
                visitor = self.visitor()
                visitor.log_in(name, login)
                answer = visitor.post("/user", {"logout": "1", "csrf_token": None})
                self.assertEqual((answer.status, answer.location, answer.body), (302, "/", b""))
                self.assertEqual(self.server.ask("sessions"),
                                 {"authenticated": 0, "pending": 0, "api": 0})

    def test_parallel_sessions(self):
        first, second = self.logged_in("admin"), self.logged_in("admin")
        first.post("/", {"logout": "1"})
        self.assertEqual(second.get(self.table.factors["admin"]).status, 200)

    @simulated
    def test_lifetime(self):
        visitor = self.logged_in()
        self.server.ctl("clock", "10700")
        self.assertEqual(visitor.get("/user").status, 200)
        self.server.ctl("clock", "21600")
        self.assertEqual(visitor.get("/user").status, 302)

    def test_security_headers(self):
        page = self.visitor().get("/")
        self.assertIn("max-age", page.headers["Strict-Transport-Security"])
        self.assertEqual(page.headers["Content-Type"], "text/html; charset=utf-8")


@in_every_dialect
class FormTokens:
    def test_same_before_and_after_login(self):
        for role, name, login, page in self.each_role():
            visitor = self.visitor()
            before = visitor.get(login).token
            visitor.log_in(name, login)
            shown = visitor.get(page)
            self.assertEqual(shown.token, before)
            self.assertIn(f"var csrf_token = '{before}';", shown.text)

    def test_rotation(self):
        """Every accepted form uses the token up, also when the operation fails."""
        visitor = self.logged_in()
        first = visitor.token
        answer = visitor.enrol_totp("/user", "Made-Up-Wrong")
        self.assertEqual(answer.alert_types, ["danger"])
        self.assertNotEqual(answer.token, first)
        again = visitor.post("/user", {"set_tfa": "", "csrf_token": first})
        self.assertEqual(again.alert_types, ["warning"])
        self.assertEqual(again.token, answer.token)

    def test_missing_and_wrong(self):
        for role, name, _login, page in self.each_role():
            visitor = self.logged_in(role)
            for token in (None, "", "0" * 64):
                answer = visitor.enrol_totp(page, self.password(name), csrf_token=token)
                self.assertEqual((answer.status, answer.alert_types, answer.factors),
                                 (200, ["warning"], []))

    @simulated
    def test_overlapping_forms(self):
        """Nothing locks a session: the slower of two sees the old token."""
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        self.server.fault("delay:400", path="/user", field="key_id", value="slow")
        slow = threading.Thread(target=visitor.enrol_totp, args=(
            "/user", self.password(name), "slow"), kwargs={"csrf_token": visitor.token})
        slow.start()
        other = self.visitor()
        other.cookies, other.token = dict(visitor.cookies), visitor.token
        while not self.server.ask("requests")[-1]["form"]:
            pass
        answer = other.enrol_totp("/user", self.password(name), "fast")
        self.assertEqual(answer.alert_types, ["success"])
        slow.join()
        self.assertEqual(self.labels(name), ["fast", "slow"])

    def test_agent_must_stay(self):
        for agent in (None, "something-else/2"):
            self.server.ctl("reset")
            visitor = self.visitor()
            visitor.log_in(ACCOUNTS["user"], "/")
            visitor.get("/user")
            visitor.headers = {"User-Agent": agent} if agent else {}
            self.assertEqual(visitor.get("/user").status, 200)
            answer = visitor.enrol_totp("/user", self.password(ACCOUNTS["user"]))
            self.assertEqual((answer.alert_types, answer.factors), (["warning"], []))

    def test_agent_must_be_there(self):
        visitor = self.visitor(agent=None)
        visitor.log_in(ACCOUNTS["user"], "/")
        self.assertEqual(visitor.get("/user").status, 200)
        answer = visitor.enrol_totp("/user", self.password(ACCOUNTS["user"]))
        self.assertEqual((answer.alert_types, answer.factors), (["warning"], []))


@in_every_dialect
class Alerts:
    def test_two_types_read_array(self):
        visitor = self.visitor()
        visitor.log_in(ACCOUNTS["user"], "/")
        answer = visitor.enrol_totp("/user", "Made-Up-Wrong", csrf_token="0")
        self.assertEqual(answer.alerts, [
            ("success", f"Logged in as {ACCOUNTS['user']}"), ("warning", "Array")])

    def test_one_type_is_joined(self):
        visitor = self.visitor()
        visitor.get("/")  # for the form token
        visitor.log_in(ACCOUNTS["user"], "/")
        answer = visitor.enrol_totp("/user", self.password(ACCOUNTS["user"]))
        self.assertEqual(len(answer.alerts), 1)
        self.assertIn('<hr class="alert-hr">', answer.alerts[0][1])

    def test_wait_for_a_page(self):
        """Posted elsewhere, the message comes with the next page."""
        visitor = self.logged_in()
        answer = visitor.enrol_totp("/", self.password(ACCOUNTS["user"]))
        self.assertEqual((answer.status, answer.body), (302, b""))
        shown = visitor.get("/user")
        self.assertEqual((shown.alert_types, len(shown.factors)), (["success"], 1))

    def test_escaping(self):
        raw = self.visitor().log_in("admin", self.table.login["admin"], "Made-Up").text
        self.assertRegex(raw, r"\n\s*mailcow_alert_box\('Login\\u0020failed', 'danger'\);\n")
        self.assertIn("mailcow_alert_box(", raw.replace("mailcow_alert_box('", ""))

    def test_languages(self):
        german = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}
        visitor = self.visitor()
        visitor.headers.update(german)
        login = self.table.login["admin"]
        self.assertEqual(visitor.log_in("admin", login, "x").alerts[0][1],
                         "Anmeldung fehlgeschlagen")
        pinned = self.visitor()
        pinned.headers.update(german)
        cookies = pinned.get("/?lang=en-gb").headers.get_all("Set-Cookie")
        self.assertTrue(any(cookie.startswith("mailcow_locale=en-gb") for cookie in cookies))
        self.assertEqual(pinned.log_in("admin", login, "x").alerts[0][1], "Login failed")


class Compression(Case):
    def test_when_asked(self):
        visitor = self.logged_in()
        plain = visitor.get("/user")
        self.assertIsNone(plain.headers["Content-Encoding"])
        packed = visitor.get("/user", **{"Accept-Encoding": "gzip"})
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertLess(len(packed.body), len(plain.body) / 3)

    def test_page_sizes(self):
        for role in ACCOUNTS:
            size = len(self.logged_in(role).get(self.table.factors[role]).body)
            self.assertAlmostEqual(size, self.table.page_sizes[role], delta=2000)
