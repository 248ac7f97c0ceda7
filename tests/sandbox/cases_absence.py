"""A server that has no time now, that acts when nobody waits any more, or that is away."""

import http.client
import json
import threading
import time

from cases import ACCOUNTS, Case

NAME = ACCOUNTS["user"]
BROKEN = (http.client.HTTPException, OSError)
LONG_S = "600"  # a test that waits for the end of this one fails


class Busy(Case):
    def test_says_when_to_come_again(self):
        self.server.fault("status:429:7", path="/")
        self.server.fault("status:503:120", path="/")
        self.server.fault("status:503", path="/")
        answers = [self.visitor().get("/") for _ in range(4)]
        self.assertEqual([(page.status, page.headers["Retry-After"]) for page in answers],
                         [(429, "7"), (503, "120"), (503, None), (200, None)])

    def test_nonsense(self):
        for do in ("status:429:soon", "status::5", "act-late", "act-late:soon"):
            rule = json.dumps({"do": do})
            self.assertEqual(self.server.try_ctl("fault", rule).returncode, 2, do)


class Hashes(Case):
    """A look at a password takes its time, which is nobody else's."""

    def seconds(self, act, *arguments):
        start = time.monotonic()
        act(*arguments)
        return time.monotonic() - start

    def test_time_of_passwords(self):
        visitor = self.logged_in()
        self.server.ctl("password-time", "300")
        self.assertGreater(self.seconds(self.visitor().log_in, NAME, "/"), 0.29)
        self.assertGreater(self.seconds(visitor.enrol_totp, "/user", self.password(NAME)), 0.29)
        self.assertLess(self.seconds(visitor.get, "/user"), 0.25)
        self.server.ctl("reset")
        self.assertLess(self.seconds(self.visitor().log_in, NAME, "/"), 0.25)

    def test_others_go_on(self):
        self.server.ctl("password-time", "1000")
        slow = threading.Thread(target=self.visitor().log_in, args=(NAME, "/"))
        slow.start()
        time.sleep(0.1)
        self.assertLess(self.seconds(self.visitor().get, "/admin/"), 0.5)
        slow.join()


class Late(Case):
    def enrol_late(self, seconds):
        visitor = self.logged_in()
        self.server.fault(f"act-late:{seconds}", field="set_tfa")
        with self.assertRaises(BROKEN):
            visitor.enrol_totp("/user", self.password(NAME))
        return visitor

    def test_acts_after_the_client_has_gone(self):
        self.enrol_late("0.2")
        self.assertEqual(self.labels(NAME), [])
        self.server.ctl("settle")
        self.assertEqual(self.labels(NAME), ["my phone"])
        row = self.server.ask("requests")[-1]
        self.assertEqual((row["form"][0], row["status"]), ("confirm_password", 0))

    def test_holds_nobody_up(self):
        visitor = self.enrol_late(LONG_S)
        self.assertEqual(visitor.get("/user").factors, [])

    def test_checks_the_code_when_it_acts(self):
        """An hour later by the server's clock the code is none any more."""
        self.enrol_late("0.2")
        self.server.ctl("clock", "3600")
        self.server.ctl("settle")
        self.assertEqual(self.labels(NAME), [])

    def test_reset_forgets(self):
        self.enrol_late("0.1")
        self.server.ctl("reset")
        self.server.ctl("settle")
        time.sleep(0.2)  # nothing happens, and nothing would tell
        self.assertEqual(self.labels(NAME), [])


class Outage(Case):
    def test_refuses_connections(self):
        self.server.ctl("outage", LONG_S)
        for _ in range(3):
            with self.assertRaises(ConnectionRefusedError):
                self.visitor().get("/")
        self.server.ctl("reset")
        self.assertEqual(self.visitor().get("/").status, 200)

    def test_breaks_connections(self):
        with self.server.connect() as connection:
            connection.sendall(b"GET /domainadmin HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"301", connection.recv(4096))
            self.server.ctl("outage", LONG_S)
            try:
                self.assertEqual(connection.recv(4096), b"")
            except OSError:
                pass

    def test_comes_back(self):
        start = time.monotonic()
        self.server.ctl("outage", "0.3")
        while True:
            try:
                status = self.visitor().get("/").status
                break
            except BROKEN:
                time.sleep(0.02)
        self.assertEqual(status, 200)
        self.assertGreater(time.monotonic() - start, 0.29)

    def test_in_the_middle(self):
        """The request that it begins with is not handled; what was stored before stays."""
        visitor = self.logged_in()
        self.server.ctl("meanwhile", json.dumps({
            "match": {"field": "set_tfa"}, "verb": ["outage", LONG_S]}))
        with self.assertRaises(BROKEN):
            visitor.enrol_totp("/user", self.password(NAME))
        self.assertEqual(self.labels(NAME), [])
        self.server.ctl("outage", "0")
        self.assertEqual(visitor.get("/user").name, NAME)

    def test_bad_gateway(self):
        visitor = self.logged_in()
        self.server.ctl("outage", LONG_S, "bad-gateway")
        self.assertEqual([visitor.get("/user").status for _ in range(3)], [502] * 3)
        self.server.ctl("outage", "0")
        self.assertEqual(visitor.get("/user").name, NAME)

    def test_wrong_words(self):
        for words in (("outage", "soon"), ("outage", "1", "fire"), ("outage",)):
            self.assertEqual(self.server.try_ctl(*words).returncode, 2, words)
