"""Between here and the server: names, certificates, proxies, and answers that are none."""

import itertools
import socket

from case import ROLES, Case, each, in_every_dialect
from server import Sandbox, Server
from tunnel import Tunnel

MANY = 99
PROBE = "/api/v1/process/fido2-args"

# Each exchange of an enrollment by bob, who has no factor, as a match for a fault.
EXCHANGES = {
    "probe": {"method": "GET", "path": PROBE},
    "login": {"field": "login_user"},
    "page": {"method": "GET", "path": "/user"},
    "app passwords": {"path": "/api/v1/get/app-passwd/all"},
    "submit": {"field": "totp_secret"},
    "proof's login": {"field": "login_user", "skip": 1},
    "proof's answer": {"field": "verify_tfa_login"},
    "proof's page": {"method": "GET", "path": "/user", "skip": 1},
}
BEFORE = ("probe", "login", "page", "app passwords")

# Answers that are spoiled, or are not mailcow's.
SPOILED = {
    "lost": "drop-before",
    "lost on the way back": "drop-after",
    "cut in the head": "cut:20",
    "cut in the body": "truncate-body",
    "an error": "status:500",
    "of a busy proxy": "status:503",
    "of another site": "other-site",
    "too large": "oversize:9000000",
    "a bomb": "bomb:60000000",
    "JSON": "content-type:application/json",
    "without a date": "no-date",
    "an empty session's": "expired",
    "of another account": "other-account:alice@example.test",
}

ELSEWHERE = {
    "another host": "https://elsewhere.example.test/user",
    "no host": "//elsewhere.example.test/user",
    "plain http": "http://{host}/user",
    "another port": "https://{host}:1/user",
    "a longer name": "https://{host}.elsewhere.test/user",
    "a host behind a name": "https://{host}@elsewhere.example.test/user",
    "a script": "javascript:alert(1)",
    "a file": "file:///etc/passwd",
}


class ConnectionCase(Case):
    def assert_unreachable(self, outcome, says=None):
        self.assert_failed(outcome, 6, says)
        self.assertFalse(self.out.exists())

    def list(self, *words, connect=True, **how):
        return self.cowkey(self.bob, "--json", *words, "list", connect=connect, **how)

    def at(self, url, *words, resolve=None, **how):
        """list, on a server under another name."""
        line = ["--server", url, "--cacert", self.server.cacert]
        if resolve:
            line += ["--resolve", resolve]
        return self.list(*line, *words, connect=False, **how)


class Certificates(ConnectionCase):
    @each(["untrusted", "expired", "wrong-name"])
    def test_that_is(self, kind):
        self.server.arrange("tls", kind)
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, status=None)
        self.assert_unreachable(outcome, says="certificate|TLS|trust")
        self.assertEqual(self.server.requests(), [])

    def test_of_an_authority_that_was_not_given(self):
        words = ["--server", self.server.url]
        if self.server.resolve:
            words += ["--resolve", self.server.resolve]
        outcome = self.list(*words, connect=False)
        self.assert_unreachable(outcome, says="certificate|TLS|trust")


class Names(ConnectionCase):
    """One server, in the ways in which people write its name."""

    @each({"upper case": "{upper}:{port}", "mixed case URL": "https://{upper}:{port}",
           "trailing dot": "{host}.:{port}", "trailing slash": "https://{host}:{port}/",
           "just the host and port": "{host}:{port}", "upper case scheme": "HTTPS://{host}:{port}"})
    def test_with(self, form):
        host, port = self.server.host, self.server.port
        url = form.format(host=host, upper=host.upper(), port=port)
        outcome = self.at(url, resolve=self.server.resolve)
        self.assertEqual(outcome.status, 0, outcome)
        self.assertIn(host, outcome.document["server"])

    def test_in_other_letters_whatever_the_locale(self):
        """The certificate carries the A-labels; the name is given as people write it."""
        self.server.needs_simulation()
        sandbox = Sandbox(self.server.dialect, "--host-name", "xn--bcher-kva.example.test")
        self.addCleanup(sandbox.stop)
        self.server = Server(sandbox.description)
        url = f"https://B\u00fccher.Example.test:{self.server.port}"
        for locale in ("C", "C.UTF-8"):
            outcome = self.at(url, resolve=self.server.resolve, environ={"LC_ALL": locale})
            self.assertEqual(outcome.status, 0, outcome)
            self.assertIn("xn--bcher-kva.example.test", outcome.document["server"])

    def test_that_nobody_knows(self):
        self.assert_unreachable(self.at("https://nowhere.invalid", "--timeout", "10"))

    def test_of_a_port_where_nobody_listens(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            outcome = self.at(f"https://{self.server.host}:{port}",
                              resolve=f"{self.server.host}:{port}:127.0.0.1")
        self.assert_unreachable(outcome)

    def test_of_a_server_that_speaks_no_tls(self):
        with socket.create_server(("127.0.0.1", 0)) as plain:
            port = plain.getsockname()[1]
            run = self.start(self.bob, "--server", f"{self.server.host}:{port}", "--resolve",
                             f"{self.server.host}:{port}:127.0.0.1", "--json", "list",
                             connect=False)
            client, _ = plain.accept()
            with client:
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nspeak up\r\n")
                outcome = self.finish(run)
        self.assert_unreachable(outcome)

    def test_of_a_server_that_says_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            outcome = self.at(f"https://{self.server.host}:{port}", "--timeout", "1",
                              resolve=f"{self.server.host}:{port}:127.0.0.1")
        self.assert_unreachable(outcome)


class Proxies(ConnectionCase):
    """A proxy is taken from the environment; what passes through it is TLS to the server."""

    NOWHERE = "http://127.0.0.1:1"

    def test_that_is_not_there(self):
        self.assert_unreachable(self.list(environ={"https_proxy": self.NOWHERE}))

    def test_that_does_not_apply(self):
        environ = {"https_proxy": self.NOWHERE, "no_proxy": self.server.host}
        self.assertEqual(self.list(environ=environ).status, 0)

    def test_that_is_passed_through(self):
        with Tunnel(self.server) as tunnel:
            environ = {"https_proxy": f"http://127.0.0.1:{tunnel.port}"}
            self.assertEqual(self.list(environ=environ).status, 0)
        self.assertRegex(tunnel.asked, r"\ACONNECT \S+:\d+ HTTP/1\.[01]\Z")


class NotMailcow(ConnectionCase):
    def enroll_at(self, fault, times=MANY, **match):
        self.server.fault(fault, times=times, **match)
        with self.unchanged(self.bob):
            return self.enroll(self.bob, status=None)

    @each({"another site": "other-site", "an error": "status:500", "nothing there": "status:404",
           "forbidden": "status:403"})
    def test_everywhere(self, fault):
        self.assert_unreachable(self.enroll_at(fault))
        self.assertEqual(self.server.password_attempts(), [], "the password went to a stranger")

    @each({"another site": ("other-site", "not mailcow|page"), "an error": ("status:500", "500"),
           "too large": ("oversize:9000000", "large"), "a bomb": ("bomb:60000000", "large"),
           "cut": ("truncate-body", "cut"), "lost": ("drop-before", "cut"),
           "another account's": ("other-account:alice@example.test", "alice@example.test")})
    def test_page_is(self, fault, says):
        outcome = self.enroll_at(fault, method="GET", path="/user")
        self.assert_unreachable(outcome, says)

    @each({"another site": "other-site", "an error": "status:500", "lost": "drop-before",
           "a gateway's": "status:502"})
    def test_login_meets(self, fault):
        self.assert_unreachable(self.enroll_at(fault, field="login_user"))

    def test_api_hidden_by_a_proxy_is_no_obstacle(self):
        self.server.fault("status:403", path=PROBE, times=MANY)
        self.assertEqual(self.enroll(self.bob).document["result"], "enrolled")


class Redirects(ConnectionCase):
    """None is followed; one that leaves the server is named."""

    @each({f"{name} at the {step}": (place, step) for name, place in ELSEWHERE.items()
           for step in ("probe", "login", "page")})
    def test_to(self, place, step):
        self.assertEqual(self.server.factor_page("mailbox"), EXCHANGES["page"]["path"])
        place = place.format(host=self.server.host)
        self.server.fault(f"redirect:{place}", **EXCHANGES[step])
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, status=None)
        self.assert_unreachable(outcome)
        self.assertRegex(outcome.error["error"], "elsewhere|http:|:1|javascript|file:")

    def test_after_the_submit_is_no_success(self):
        self.server.fault("redirect:https://elsewhere.example.test/", **EXCHANGES["submit"])
        outcome = self.enroll(self.bob, status=None)
        self.assertIn(outcome.status, (4, 6), outcome)
        self.assertEqual(self.server.factors(self.bob), [])

    def test_within_the_server_is_not_followed(self):
        self.server.fault("redirect:/admin/", **EXCHANGES["page"])
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, status=None)
        self.assertIn(outcome.status, (3, 5, 6), outcome)
        self.assertNotIn("/admin/", [row["path"] for row in self.server.requests()])


class Spoiled(ConnectionCase):
    """Whatever an exchange brings, the end is one that the server's truth bears out."""

    @each({f"{step} is {name}": (step, fault) for (step, (name, fault))
           in itertools.product(EXCHANGES, SPOILED.items())})
    def test_when_the(self, step, fault):
        self.server.fault(fault, **EXCHANGES[step])
        if fault in ("drop-after", "cut:20") and ("login" in step or "answer" in step):
            self.sessions_lost = 1  # its cookie was in the answer
        outcome = self.enroll(self.bob, status=None)
        rows = self.server.factors(self.bob)
        if outcome.status == 0:
            self.assertEqual([row["id"] for row in rows], [outcome.document["factor_id"]])
        elif outcome.status in (3, 6):
            self.assert_failed(outcome, outcome.status)
            self.assertEqual(rows, [])
            self.assertFalse(self.out.exists(), "a secret that is worth nothing was left")
        else:
            self.assertNotIn(step, BEFORE, outcome)
            self.assert_failed(outcome, 4, hints="cowkey .*list")
            self.assertTrue(self.out.exists(), "the only copy of the secret is gone")
            self.assertEqual(outcome.document["result"], "unknown")

    @each({name: SPOILED[name] for name in SPOILED
           if name not in ("JSON", "without a date", "an empty session's")})
    def test_answer_to_the_submit(self, fault):
        """Whether the server acted is not known."""
        self.server.fault(fault, **EXCHANGES["submit"])
        outcome = self.enroll(self.bob, status=4)
        self.assert_failed(outcome, 4, hints="cowkey .*list")
        self.assertIsNone(outcome.document["factor_id"])

    @each(["login", "page"])
    def test_a_server_that_hangs_at_the(self, step):
        self.server.fault("hang", **EXCHANGES[step])
        self.sessions_lost = 1 if step == "login" else 0
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, "--timeout", "1", status=None)
        self.assert_unreachable(outcome)

    def test_a_server_that_hangs_at_the_submit(self):
        self.server.fault("hang", **EXCHANGES["submit"])
        outcome = self.enroll(self.bob, "--timeout", "1", status=4)
        self.assert_failed(outcome, 4, hints="cowkey .*list")

    def test_a_logout_that_fails_does_no_harm(self):
        self.server.fault("drop-after", field="logout", times=MANY)
        self.assertEqual(self.enroll(self.bob).document["result"], "enrolled")


@in_every_dialect
class Accounts(ConnectionCase):
    """Whose session is it? Each page that is read has to name the account."""

    @each(ROLES)
    def test_page_of_another_account(self, role):
        account = self.server.of_role(role)
        other = next(a for a in self.server.accounts if a.role == role and a != account)
        self.server.fault(f"other-account:{other.name}", method="GET",
                          path=self.server.factor_page(role))
        with self.unchanged(account, other):
            outcome = self.enroll(account, status=None)
        self.assert_unreachable(outcome)
        sent = [row for row in self.server.requests() if "totp_secret" in row["form"]]
        self.assertEqual(sent, [], "a secret went to somebody else's account")
