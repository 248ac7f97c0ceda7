"""Every fault on demand, and verbs that run in the middle of a request."""

import gzip
import http.client
import json
import ssl
import threading
import time

from cases import ACCOUNTS, OTHERS, Case
from visitor import SECRET, Visitor

NAME = ACCOUNTS["user"]
BROKEN = (http.client.HTTPException, OSError)


class Faults(Case):
    def enrol(self, visitor, **more):
        return visitor.enrol_totp("/user", self.password(NAME), **more)

    def test_drop_before(self):
        visitor = self.logged_in()
        self.server.fault("drop-before", field="set_tfa")
        with self.assertRaises(BROKEN):
            self.enrol(visitor)
        self.assertEqual(self.labels(NAME), [])
        self.assertEqual(self.server.ask("requests")[-1]["status"], 0)
        self.assertEqual(self.enrol(visitor).alert_types, ["success"])

    def test_drop_after(self):
        visitor = self.logged_in()
        self.server.fault("drop-after", method="POST", path="/user")
        with self.assertRaises(BROKEN):
            self.enrol(visitor)
        self.assertEqual(self.labels(NAME), ["my phone"])

    def test_cut(self):
        for length in (0, 5, 300, 5000):
            self.server.ctl("reset")
            visitor = self.logged_in()
            self.server.fault(f"cut:{length}", field="set_tfa")
            with self.assertRaises(BROKEN):
                self.enrol(visitor)
            self.assertEqual(self.labels(NAME), ["my phone"])

    def test_cut_is_exact(self):
        self.server.fault("cut:100", path="/")
        with self.server.connect() as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: mail.example.test\r\n\r\n")
            received = b""
            try:
                while data := connection.recv(4096):
                    received += data
            except OSError:
                pass
        self.assertEqual(len(received), 100)

    def test_truncate_body(self):
        self.server.fault("truncate-body", path="/")
        with self.assertRaises(http.client.IncompleteRead):
            self.visitor().get("/")

    def test_status(self):
        visitor = self.logged_in()
        for status in (500, 503, 407, 429):
            self.server.fault(f"status:{status}", field="set_tfa")
            self.assertEqual(self.enrol(visitor).status, status)
        self.assertEqual(self.labels(NAME), [])

    def test_status_after(self):
        visitor = self.logged_in()
        self.server.fault("status-after:503:5", field="set_tfa")
        answer = self.enrol(visitor)
        self.assertEqual((answer.status, answer.headers["Retry-After"]), (503, "5"))
        self.assertEqual(self.labels(NAME), ["my phone"])

    def test_delay(self):
        self.server.fault("delay:300", path="/")
        start = time.monotonic()
        self.assertEqual(self.visitor().get("/").status, 200)
        self.assertGreater(time.monotonic() - start, 0.29)

    def test_delay_holds_nobody_else_up(self):
        self.server.fault("delay:1000", path="/")
        slow = threading.Thread(target=self.visitor().get, args=("/",))
        slow.start()
        time.sleep(0.1)
        start = time.monotonic()
        self.visitor().get("/admin/")
        self.assertLess(time.monotonic() - start, 0.5)
        slow.join()

    def test_oversize(self):
        self.server.fault("oversize:300000", path="/")
        page = self.visitor().get("/")
        self.assertEqual((page.status, len(page.body)), (200, 300_000))
        self.assertEqual(len(page.token), 64)

    def test_bomb(self):
        self.server.fault("bomb:5000000", path="/")
        page = self.visitor().get("/")
        self.assertEqual(page.headers["Content-Encoding"], "gzip")
        self.assertLess(len(page.body), 50_000)
        self.assertEqual(len(gzip.decompress(page.body)), 5_000_000)

    def test_content_type(self):
        self.server.fault("content-type:application/octet-stream", path="/")
        self.assertEqual(self.visitor().get("/").headers["Content-Type"],
                         "application/octet-stream")

    def test_lie_success(self):
        visitor = self.logged_in()
        self.server.fault("lie-success", field="set_tfa")
        answer = self.enrol(visitor)
        self.assertEqual((answer.alert_types, answer.factors), (["success"], []))
        self.assertEqual(self.labels(NAME), [])

    def test_lie_success_about_removal(self):
        visitor = self.logged_in()
        first = [self.server.ctl("add-totp", NAME, label, SECRET) for label in "ab"][0]
        self.server.fault("lie-success", field="unset_tfa_key")
        answer = visitor.post("/user", {"unset_tfa_key": first})
        self.assertEqual((answer.alert_types, len(answer.factors)), (["success"], 2))

    def test_lie_success_of_the_api(self):
        key = {"X-API-Key": self.server.about["api_key_rw"]}
        self.server.fault("lie-success", path="/api/v1/edit/*")
        answer = self.visitor().json("/api/v1/edit/admin", {
            "items": ["admin"], "attr": {"force_tfa": "1"}}, **key)
        self.assertEqual(answer.json[0]["type"], "success")
        details = self.visitor().get("/api/v1/get/admin/admin", **key).json
        self.assertEqual(details["attributes"]["force_tfa"], "0")

    def test_somebody_else_too(self):
        visitor = self.logged_in()
        self.server.fault("lie-stored-two", field="set_tfa")
        answer = self.enrol(visitor)
        self.assertEqual([label for _, label in answer.factors],
                         ["my phone", "somebody else's phone"])

    def test_other_site(self):
        self.server.fault("other-site", path="/")
        page = self.visitor().get("/")
        self.assertEqual((page.status, page.role), (200, None))
        self.assertIn("<form", page.text)

    def test_other_account(self):
        visitor = self.logged_in()
        self.server.ctl("add-totp", OTHERS["user"], "theirs", SECRET)
        self.server.fault("other-account:" + OTHERS["user"], path="/user")
        page = visitor.get("/user")
        self.assertEqual((page.name, [label for _, label in page.factors]),
                         (OTHERS["user"], ["theirs"]))
        self.assertEqual(visitor.get("/user").name, NAME)

    def test_expired(self):
        visitor = self.logged_in()
        self.server.fault("expired", field="set_tfa")
        answer = self.enrol(visitor)
        self.assertEqual((answer.status, answer.location), (302, "/"))
        self.assertEqual(self.labels(NAME), [])
        self.assertEqual(self.server.ask("sessions")["authenticated"], 0)

    def test_redirect(self):
        self.server.fault("redirect:https://elsewhere.example.test/login?x=1", path="/")
        page = self.visitor().get("/")
        self.assertEqual((page.status, page.location),
                         (302, "https://elsewhere.example.test/login?x=1"))

    def test_no_date(self):
        self.server.fault("no-date", path="/")
        self.assertIsNone(self.visitor().get("/").headers["Date"])
        self.assertIsNotNone(self.visitor().get("/").headers["Date"])

    def test_refuse_code(self):
        visitor = self.logged_in()
        self.server.fault("refuse-code", field="set_tfa")
        self.assertEqual(self.enrol(visitor).alert_types, ["danger"])
        number = self.enrol(visitor).factors[0][0]
        self.server.fault("refuse-code", field="verify_tfa_login")
        for status in (200, 302):
            login = self.visitor()
            login.log_in(NAME, "/")
            self.assertEqual(login.answer_totp("/", number).status, status)

    def test_hang(self):
        visitor = self.logged_in()
        self.server.fault("hang", field="set_tfa")
        waiting = Visitor(self.server)
        waiting.cookies, waiting.token = visitor.cookies, visitor.token
        connect = waiting.server.connect

        def impatient():
            connection = connect()
            connection.settimeout(0.3)
            return connection

        waiting.server.connect = impatient
        try:
            with self.assertRaises(TimeoutError):
                self.enrol(waiting)
        finally:
            del waiting.server.connect
        self.assertEqual(self.labels(NAME), ["my phone"])


class Matching(Case):
    def statuses(self, count):
        return [self.visitor().get("/").status for _ in range(count)]

    def test_skip_and_times(self):
        self.server.ctl("fault", json.dumps({"match": {"path": "/"}, "skip": 1, "times": 2,
                                             "do": "status:500"}))
        self.assertEqual(self.statuses(5), [200, 500, 500, 200, 200])

    def test_in_order(self):
        self.server.fault("status:500", path="/")
        self.server.fault("status:503", path="/")
        self.assertEqual(self.statuses(3), [500, 503, 200])

    def test_method_path_field_account(self):
        self.server.fault("status:500", method="POST", path="/user", field="set_tfa",
                          account=OTHERS["user"])
        mine = self.logged_in()
        self.assertEqual(mine.enrol_totp("/user", self.password(NAME)).status, 200)
        theirs = self.logged_in("user", OTHERS["user"])
        self.assertEqual(theirs.get("/user").status, 200)
        self.assertEqual(theirs.enrol_totp("/user", self.password(OTHERS["user"])).status, 500)

    def test_reset_forgets(self):
        self.server.fault("status:500", path="/")
        self.server.ctl("reset")
        self.assertEqual(self.statuses(1), [200])

    def test_nonsense(self):
        for rule in ("", "{", "[]", '{"do":"dance"}', '{"do":"cut"}', '{"do":"cut:x"}',
                     '{"do":"redirect"}', '{"match":{"colour":"red"},"do":"hang"}', "{}"):
            self.assertEqual(self.server.try_ctl("fault", rule).returncode, 2, rule)
        for rule in ('{"verb":["dance"]}', '{"verb":["active"]}', '{"do":"hang"}', '{"verb":[]}'):
            self.assertEqual(self.server.try_ctl("meanwhile", rule).returncode, 2, rule)


class Meanwhile(Case):
    def test_before_the_request_acts(self):
        visitor = self.logged_in()
        self.server.ctl("meanwhile", json.dumps({
            "match": {"field": "set_tfa"}, "verb": ["add-totp", NAME, "other", SECRET]}))
        answer = visitor.enrol_totp("/user", self.password(NAME))
        self.assertEqual([label for _, label in answer.factors], ["other", "my phone"])

    def test_once_a_request(self):
        self.server.ctl("meanwhile", json.dumps({
            "match": {"path": "/"}, "times": 2, "verb": ["add-totp", NAME, "x", SECRET]}))
        for count in (1, 2, 2):
            self.visitor().get("/")
            self.assertEqual(len(self.labels(NAME)), count)


class Certificates(Case):
    def test_kinds(self):
        wanted = {"expired": 10, "wrong-name": 62, "untrusted": 20}
        for kind, code in wanted.items():
            self.server.ctl("tls", kind)
            with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                self.server.connect()
            # 20 or 19: no issuer at all, or a self-signed one in the chain
            self.assertIn(caught.exception.verify_code, {code, 19 if code == 20 else code})
        self.server.ctl("tls", "good")
        self.server.connect().close()

    def test_reset_is_good(self):
        self.server.ctl("tls", "expired")
        self.server.ctl("reset")
        self.server.connect().close()

    def test_unknown_kind(self):
        self.assertEqual(self.server.try_ctl("tls", "rusty").returncode, 2)

    def test_keep_alive(self):
        with self.server.connect() as connection:
            for _ in range(3):
                connection.sendall(b"GET /domainadmin HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b"301", connection.recv(4096))
