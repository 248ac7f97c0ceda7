"""No command lets a secret out: not as an argument, nor into the environment, output, journal, core
files or any other file, in whatever form; but into the files that were asked for to hold it."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import leaks
import otp
import responses_of
import rollout_truth
from case import CODE, each
from key_case import PIN, WRONG_PIN
from leak_case import MANNERS, NEW_PASSWORD, NEW_PIN, WRONG_API_KEY, LeakCase, unlimited_core
from test_rollout_desk import ASKS_NEXT, DONE

CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
SECRET = "FAKEFAKEFAKEFAKEFAKEFAKEFAKE7777"
NO_SECRET = "Made-Up-8-not-base32"  # what somebody takes for one
YUBICO = ["--yubico-id", "87"]
YUBICO_KEY = "TWFkZS1VcC1ZdWJpY28tS2V5LTE="

# Command: function(test) that runs it in its ways. One that is not here fails the test.
COMMANDS = {}
SCENARIOS = {}


def of(*commands):
    def add(scenario):
        COMMANDS.update({command: scenario for command in commands})
        SCENARIOS[scenario.__name__] = scenario
        return scenario
    return add


# -- what needs no server --------------------------------------------------------------------


@of("code")
def code(test):
    test.ok(None, lambda: test.given("secret", SECRET), "code", connect=False)
    test.bad(None, lambda: test.given("secret", NO_SECRET), "code", connect=False)


@of("verify totp", "verify hotp")
def verify_code(test):
    for kind, more in (("totp", []), ("hotp", ["--counter", "7"])):
        source = (lambda: test.given("secret", SECRET))
        test.ok(None, source, "verify", kind, "123456", *more, connect=False, statuses=(0, 1))
        test.bad(None, lambda: test.given("secret", NO_SECRET), "verify", kind, "123456", *more,
                 connect=False)
    lines = [{"secret": SECRET, "code": "123456"}, {"secret": NO_SECRET, "code": "123456"}]
    batch = test.file("batch", "".join(json.dumps(line) + "\n" for line in lines))
    test.bad(None, "verify", "totp", "--batch", batch, connect=False)


@of("verify assertion", "verify registration")
def verify_response(test):
    record, assertion, registration, challenge = responses_of.made_up(test.file)
    for kind, path, more in (("assertion", assertion, ["--credential", record]),
                             ("registration", registration, ["--rp-id", responses_of.RP_ID])):
        test.ok(None, "verify", kind, path, "--challenge", challenge, *more, connect=False)
        test.bad(None, "verify", kind, path, "--challenge", "AAAA", *more, connect=False)


# -- the security key itself -----------------------------------------------------------------


@of("key list", "key info")
def key_tells(test):
    test.key(pin=PIN)
    for command in ("list", "info"):
        test.ok(None, "key", command, connect=False)
        test.bad(None, "--device", "/dev/softkey7", "key", "info", connect=False)


@of("key pin set")
def key_pin_set(test):
    for source in (lambda: test.given("new-pin", NEW_PIN),
                   lambda: ["--random", "12", "--out", test.handout()]):
        for manner in ([], ["--json"]):
            test.plugged.clear()
            key = test.key()
            test.cowkey(None, *manner, "--verbose", "key", "pin", "set", *source(), connect=False,
                        status=0)
            key.ctl(plugged=False)
    test.typed |= {path.read_text().strip() for path in test.handouts}
    test.plugged.clear()
    test.key(pin=PIN)
    test.bad(None, "key", "pin", "set", lambda: test.given("new-pin", NEW_PIN), connect=False)


@of("key pin change")
def key_pin_change(test):
    test.key(pin=PIN)
    test.bad(None, lambda: test.given("pin", WRONG_PIN), "key", "pin", "change",
             lambda: test.given("new-pin", NEW_PIN), connect=False)
    out = test.handout()
    test.cowkey(None, "--json", "--verbose", *test.given("pin", PIN), "key", "pin", "change",
                "--random", "12", "--out", out, connect=False, status=0)
    test.typed.add(out.read_text().strip())
    person = test.sit_down(None, "--verbose", "key", "pin", "change", connect=False)
    test.by_hand(person, (r"PIN of the[^\n]*: *$", out.read_text().strip()),
                 (r"New PIN: *$", NEW_PIN), (r"new pin again: *$", NEW_PIN))


@of("key reset")
def key_reset(test):
    key = test.key(pin=PIN)
    person = test.sit_down(None, "--json", "--verbose", "key", "reset", connect=False)
    person.expect(r"word reset[^\n]*: *$")
    person.answer("reset")
    person.expect("Unplug the security key now")
    key.ctl(plugged=False)
    person.expect("Plug it in again")
    key.ctl(plugged=True)
    test.finish(person, 0)
    test.bad(None, "--yes", "key", "reset", "--device", "/dev/softkey7", connect=False)


@of("key credentials list", "key credentials remove", "verify key")
def key_credentials(test):
    test.key(pin=PIN)
    record = test.record()
    test.cowkey(test.da1, *test.whose(test.da1), "--json", "--yes", *test.given("pin", PIN),
                "enroll", "passkey", "--credential-out", record, status=0)
    test.ok(None, lambda: test.given("pin", PIN), "verify", "key", "--credential", record,
            connect=False)
    test.bad(None, lambda: test.given("pin", WRONG_PIN), "verify", "key", "--credential", record,
             connect=False)
    test.ok(None, lambda: test.given("pin", PIN), "key", "credentials", "list", connect=False)
    outcome = test.cowkey(None, "--json", *test.given("pin", PIN), "key", "credentials", "list",
                          connect=False, status=0)
    row, = outcome.document["credentials"]
    test.bad(None, "--yes", lambda: test.given("pin", WRONG_PIN), "key", "credentials", "remove",
             row["id"], connect=False)
    test.cowkey(None, "--json", "--verbose", "--yes", *test.given("pin", PIN), "key",
                "credentials", "remove", row["id"], connect=False, status=0)


# -- the account's own -----------------------------------------------------------------------


@of("enroll totp")
def enroll_totp(test):
    test.online(test.bob, "--yes", "enroll", "totp", "--unattended", "--out", test.handout)
    test.online(test.bob, "--yes", "enroll", "totp", "--unattended", "--out", test.handout,
                "--app-password", "phone", "--app-password-out", test.handout)
    test.server.reset()
    out = test.handout()
    person = test.sit_down(test.da1, "--verbose", *test.given("password", test.da1.password),
                           "enroll", "totp", "--qr", "none", "--out", out)
    otp.await_calm()
    test.by_hand(person, (CODE, lambda: otp.Phone(out.read_text()).code()))
    # For somebody else, with a new password.
    test.online(test.admin, "--yes", "enroll", "totp", "--unattended", "--out", test.handout,
                "--for", test.bob.name, "--reset-password", "--for-password-out", test.handout)
    test.online(None, test.by_key, "--yes", "enroll", "totp", "--unattended", "--out",
                test.handout, "--for", "da2", "--reset-password", "--for-password-out",
                test.handout)


@of("enroll webauthn", "enroll passkey")
def enroll_key(test):
    test.key(pin=PIN)
    for kind in ("webauthn", "passkey"):
        test.online(test.da1, "--yes", lambda: test.given("pin", PIN), "enroll", kind,
                    "--credential-out", test.record)
        test.server.reset()
        test.bad(test.da1, "--yes", lambda: test.given("pin", WRONG_PIN), "enroll", "passkey")
        test.plugged.clear()
        test.key(pin=PIN)
    test.online(None, test.by_key, "--yes", lambda: test.given("pin", PIN), "enroll", "passkey",
                "--for", "da2")


@of("enroll yubiotp", "prove yubiotp")
def yubiotp(test):
    touch = r"touch the yubikey[^\n]*: *$"
    for manner in ([], ["--json"]):
        test.server.reset()
        person = test.sit_down(test.da1, "--yes", "--verbose", *manner, "enroll", "yubiotp",
                               *YUBICO, *test.given("yubico-key", YUBICO_KEY),
                               *test.given("password", test.da1.password))
        test.by_hand(person, *2 * [(touch, otp.yubico_otp)])
        person = test.sit_down(test.da1, "--verbose", *manner, "prove", "yubiotp",
                               *test.given("password", test.da1.password))
        test.by_hand(person, (touch, otp.yubico_otp))
    person = test.sit_down(test.bob, "--yes", "--verbose", "enroll", "yubiotp", *YUBICO,
                           *test.given("yubico-key", YUBICO_KEY),
                           *test.given("password", test.bob.password))
    person.expect(touch)
    person.interrupt()
    test.finish(person, 130)


@of("prove totp")
def prove_totp(test):
    test.online(test.bob, lambda: test.given("login-secret", SECRET), "prove", "totp",
                before=lambda: test.with_totp(test.bob, secret=SECRET))
    test.server.reset()
    test.with_totp(test.bob, secret=SECRET)
    test.bad(test.bob, lambda: test.given("login-secret", otp.OTHER_SECRET), "prove", "totp")


@of("prove webauthn", "prove passkey")
def prove_key(test):
    test.key(pin=PIN)
    for kind in ("webauthn", "passkey"):
        test.server.reset()
        test.cowkey(test.da1, "--json", "--yes", *test.whose(test.da1), *test.given("pin", PIN),
                    "enroll", kind, status=0)
        test.ok(test.da1, lambda: test.given("pin", PIN), "prove", kind)
        test.bad(test.mistaken(test.da1) if kind == "webauthn" else test.da1,
                 lambda: test.given("pin", WRONG_PIN), "prove", kind)


@of("list")
def list_factors(test):
    test.online(test.bob, lambda: test.given("login-secret", SECRET), "list", "--methods",
                before=lambda: test.with_totp(test.bob, secret=SECRET))
    test.server.reset()
    person = test.sit_down(test.da1, "--verbose", "list")
    test.by_hand(person, ("password[^\n]*: *$", test.da1.password))
    person = test.sit_down(test.da1, "--verbose", "list")
    test.by_hand(person, ("password[^\n]*: *$", "Made-Up-Pass-typed-wrong"), status=5)


@of("rename")
def rename(test):
    test.online(test.da1, "rename", "laptop", "new name",
                before=lambda: test.server.arrange("add-passkey", "da1", "laptop"))


@of("remove")
def remove(test):
    test.online(test.bob, "--yes", lambda: test.given("login-secret", SECRET), "remove",
                "old phone", before=lambda: test.with_totp(test.bob, secret=SECRET))


@of("password")
def password(test):
    test.online(test.bob, "password", lambda: test.given("new-password", NEW_PASSWORD))
    test.online(test.bob, "password", lambda: test.given("new-password", "Mu-5x"),
                statuses=range(1, 9))


@of("app-password add", "app-password list", "app-password remove")
def app_password(test):
    test.online(test.bob, "app-password", "add", "phone", "--out", test.handout)
    before = (lambda: test.server.arrange("add-app-password", test.bob.name, "phone"))
    test.online(test.bob, "app-password", "list", before=before)
    test.online(test.bob, "--yes", "app-password", "remove", "phone", before=before)


@of("doctor")
def doctor(test):
    test.key(pin=PIN)
    test.online(None, "doctor", statuses=range(9))


# -- for others ------------------------------------------------------------------------------


@of("audit")
def audit(test):
    before = (lambda: test.with_totp(test.bob, secret=SECRET))
    test.online(None, test.by_key, "audit", before=before, statuses=(0, 1))
    test.online(test.admin, "audit", "--deep", "--html", test.record, before=before,
                statuses=(0, 1))
    test.bad(None, lambda: test.by_key(wrong=True), "audit")


@of("enforce on", "enforce off")
def enforce(test):
    for switch in ("on", "off"):
        test.online(None, test.by_key, "--yes", "enforce", switch, "bob@example.test")
        test.online(test.admin, "--yes", "enforce", switch, "bob@example.test")
        test.bad(None, lambda: test.by_key(wrong=True), "--yes", "enforce", switch,
                 "bob@example.test")


@of("recover", "journal show", "journal verify")
def recover(test):
    before = (lambda: test.with_totp(test.bob, secret=SECRET))
    test.online(test.admin, "--yes", "recover", test.bob.name, "--out", test.handout,
                before=before)
    test.online(None, test.by_key, "--yes", "recover", "da2", "--out", test.handout)
    test.bad(None, lambda: test.by_key(wrong=True), "--yes", "recover", "da2", "--out",
             test.handout)
    for command in ("show", "verify"):
        test.ok(None, "journal", command, connect=False)
        test.bad(None, "journal", command, "--journal", test.place / "none", connect=False)


@of("rollout check")
def rollout_check(test):
    plan = test.file("plan.csv", "account,method,route,password_ref\n"
                     "bob@example.test,totp,password,secret:bob\n"
                     "carol@example.test,totp,password,file:carol.pw\n")
    bad_plan = test.file("bad.csv", "account,method,route,password_ref\n"
                         "bob@example.test,totp,password,secret:other\n"
                         "carol@example.test,totp,password,file:none.pw\n")
    test.file("carol.pw", test.carol.password + "\n")
    secrets = test.file("secrets.csv", f"bob,{test.bob.password}\n")
    bad_secrets = test.file("bad-secrets.csv", f"bob,{test.bob.password},x\nbob\n")
    test.online(None, test.by_key, "rollout", "check", plan, "--secrets", secrets)
    test.online(test.admin, "rollout", "check", plan, "--secrets", secrets)
    test.bad(None, "rollout", "check", bad_plan, "--secrets", secrets, "--offline", connect=False)
    test.bad(None, "rollout", "check", plan, "--secrets", bad_secrets, "--offline", connect=False)
    test.bad(None, lambda: test.by_key(wrong=True), "rollout", "check", plan, "--secrets", secrets)


@of("rollout run", "rollout status", "rollout report", "rollout handout")
def rollout(test):
    plan = test.file("plan.csv", "account,role,method,label,route,password_ref,group\n"
                     "bob@example.test,,totp,phone,password,secret:bob,\n"
                     "bob@example.test,,totp,tablet,password,secret:bob,\n"
                     "carol@example.test,,totp,phone,password,file:carol.pw,\n"
                     "da2,domain-admin,totp,phone,reset-password,,\n")
    policy = test.file("policy.ini", "[default]\napp-password = mail\n")
    test.file("carol.pw", test.carol.password + "\n")
    secrets = test.file("secrets.csv", f"bob,{test.bob.password}\n")
    bad_secrets = test.file("bad-secrets.csv", f"bob,{test.mistaken(test.bob).password}\n")
    certificate, _ = rollout_truth.make_recipient(test.elsewhere)
    files = ["--policy", policy, "--secrets", secrets, "--late", "0"]
    ledgers = []

    def fresh():
        """A new roll-out, whose hand-outs are in a directory of their own."""
        ledgers.append(test.place / f"ledger{len(ledgers)}")
        test.handouts.add(Path(f"{ledgers[-1]}.handouts"))
        return ["--ledger", ledgers[-1]]

    def sealed():
        """The same, and sealed: all that is left in the end may be looked into."""
        line = fresh() + ["--seal-to", certificate]
        test.handouts.discard(Path(f"{ledgers[-1]}.handouts"))
        return line

    test.online(None, test.by_key, "--yes", "rollout", "run", plan, *files, fresh)
    test.server.reset()
    test.ok(None, test.by_key, "--yes", "rollout", "run", plan, *files, lambda: ["--ledger", ledgers[0]],
            statuses=(0, 1, 2, 3, 4))
    for manner in MANNERS:
        test.server.reset()
        test.cowkey(None, *manner, *test.by_key(), "--yes", "rollout", "run", plan, *files,
                    *sealed(), status=0)
        test.learn()
    test.server.reset()
    test.bad(None, test.by_key, "--yes", "rollout", "run", plan, "--policy", policy, "--secrets",
             bad_secrets, fresh)
    test.bad(None, lambda: test.by_key(wrong=True), "--yes", "rollout", "run", plan, *files, fresh)
    ledger = ["--ledger", ledgers[0]]
    test.ok(None, "rollout", "status", *ledger, connect=False, statuses=(0, 1))
    test.ok(None, "rollout", "status", test.bob.name, *ledger, connect=False, statuses=(0, 1))
    test.ok(None, "rollout", "report", *ledger, "--csv", test.record, "--html", test.record,
            connect=False)
    test.ok(None, "rollout", "handout", *ledger, connect=False)
    test.ok(None, "rollout", "handout", test.bob.name, *ledger, "--seal-to", certificate,
            connect=False)
    test.ok(None, "--yes", "rollout", "handout", "--delete", *ledger, connect=False)
    for command in ("status", "report", "handout"):
        test.bad(None, "rollout", command, "--ledger", test.place / "none", connect=False)
        test.bad(None, "rollout", command, "--ledger", secrets, connect=False)


@of("rollout run")
def rollout_desk(test):
    """Keys that get a random PIN, and one whose PIN is typed wrong and right."""
    plan = test.file("plan.csv", "account,method,route,password_ref\n"
                     "bob@example.test,webauthn,password,secret:bob\n"
                     "bob@example.test,passkey,password,secret:bob\n")
    secrets = test.file("secrets.csv", f"bob,{test.bob.password}\n")
    for number, (pin, has) in enumerate((("random", {}), ("typed", {"pin": PIN}))):
        test.server.reset()
        test.plugged.clear()
        key = test.key(**has)
        ledger = test.place / f"desk{number}"
        test.handouts.add(Path(f"{ledger}.handouts"))
        policy = test.file("policy.ini", f"[default]\nkeys = 1\npin = {pin}\n")
        person = test.sit_down(None, "--verbose", "--yes", *test.by_key(), "rollout", "run", plan,
                               "--ledger", ledger, "--policy", policy, "--secrets", secrets)
        person.expect(ASKS_NEXT)
        person.answer("")
        if has:
            for typed in (WRONG_PIN, PIN):
                person.ask(r"PIN of the security key[^\n]*: *$")
                person.answer(typed)
        person.expect(DONE)
        test.finish(person, 0)
        test.learn()
        letters = list(Path(f"{ledger}.handouts").glob("pending/pin-*"))
        test.assertEqual(len(letters), pin == "random")
        test.typed |= {path.read_text().strip() for path in letters}
        key.ctl(plugged=False)


# -- the tests ---------------------------------------------------------------------------------


class Commands(LeakCase):
    """Each command of the program, in success and in failure."""

    @each(SCENARIOS)
    def test_leaks_nothing(self, scenario):
        self.server.needs_simulation("what accounts hold")
        scenario(self)
        self.assert_no_leak()

    def test_none_is_left_out(self):
        outcome = self.cowkey(None, "--help", connect=False, status=0)
        self.assertEqual(sorted(commands_of(outcome.stdout)), sorted(COMMANDS))


def commands_of(text):
    """The names in the table of --help."""
    table = text.partition("\nCommands:\n")[2].partition("\n\n")[0]
    return [line[2:].partition("  ")[0].strip() for line in table.splitlines()]


class Searching(LeakCase):
    """The same search finds what does leak."""

    def leak(self, script):
        """Runs something else in the place of cowkey; its words come in a way that nobody sees."""
        given = {name: str(value) for name, value in self.environ().items()}
        subprocess.run([sys.executable, "-"], input=script, env=os.environ | given, cwd=self.work,
                       text=True, check=True)

    @each({"an argument": "import subprocess; subprocess.run(['true', {0!r}])",
           "the environment": "import os, subprocess; subprocess.run(['true'], env="
                              "os.environ | {{'X': {0!r}}})",
           "a file": "open('x', 'w').write({0!r})",
           "a file's name": "import urllib.parse; open(urllib.parse.quote({0!r}), 'w')",
           "the system's log": "import syslog; syslog.syslog({0!r})",
           "a file for the moment": "import os; open(os.environ['TMPDIR'] + '/x', 'w').write({0!r})",
           "a file in base64": "import base64; open('x', 'wb').write("
                               "base64.b64encode(b'basic:' + {0!r}.encode()))"})
    def test_found_in(self, script):
        text = self.alice.password if "basic" in script else NEW_PASSWORD
        self.typed.add(text)
        self.leak(script.format(text))
        self.assertNotEqual(self.leaks(), [])
        self.outcomes.clear()

    def test_found_far_from_home(self):
        path = self.elsewhere / "far"
        self.typed.add(NEW_PASSWORD)
        self.leak(f"import os; os.write(os.open({str(path)!r}, os.O_CREAT | os.O_WRONLY),"
                  f" {NEW_PASSWORD!r}.encode())")
        if not os.geteuid() == 0 and not self.files_written():
            self.skipTest("/proc does not tell which files are open")
        self.assertEqual(len(self.leaks()), 1)

    def test_found_in_no_other(self):
        self.leak("open('x', 'w').write('Made-Up-Pass')")
        self.assertEqual(self.leaks(), [])

    FORMS = {
        "plain": lambda text: text.encode(),
        "hex": lambda text: text.encode().hex().encode(),
        "in a URL": lambda text: __import__("urllib.parse").parse.quote(text, safe="").encode(),
        "in JSON": lambda text: json.dumps(text).encode(),
        "in HTML": lambda text: __import__("html").escape(text).encode(),
    }

    @each(FORMS)
    def test_form(self, form):
        for text in (self.alice.password, NEW_PASSWORD, WRONG_API_KEY, SECRET):
            found = leaks.Hunt({"x": text}).in_bytes("here", b"{" + form(text) + b"}")
            self.assertEqual(len(found), 1, text)

    def test_base64_and_base32_of_all_lengths(self):
        import base64
        for before in range(4):
            for text in (NEW_PASSWORD, NEW_PASSWORD + "1", NEW_PASSWORD + "12", SECRET):
                whole = b"a" * before + text.encode() + b"zz"
                self.assertTrue(leaks.Hunt({"x": text}).in_bytes("", base64.b64encode(whole)))
                self.assertTrue(leaks.Hunt({"x": text}).in_bytes(
                    "", base64.urlsafe_b64encode(whole)))
        hunt = leaks.Hunt({"x": SECRET})
        raw = base64.b32decode(SECRET)
        for form in (raw, raw.hex().encode(), base64.b64encode(raw), SECRET.lower().encode(),
                     base64.b32encode(SECRET.encode())):
            self.assertTrue(hunt.in_bytes("", form), form)


class CoreFiles(LeakCase):
    def setUp(self):
        super().setUp()
        if CORE_PATTERN.read_text().startswith("|"):
            self.skipTest("the kernel gives core files to a program (core_pattern is a pipe)")
        if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
            self.skipTest("core files are limited here")

    def core_files(self, since):
        pattern = CORE_PATTERN.read_text().strip()
        places = {self.work, self.place, (self.work / pattern).parent}
        return [path for place in places for path in place.iterdir()
                if path.name.startswith("core") and path.stat().st_mtime >= since]

    def test_none_is_left(self):
        since = time.time() - 1
        self.server.fault("hang", field="set_tfa")
        run = self.start(self.bob, "--verbose", "--json", "--yes",
                         *self.given("password", self.bob.password), "enroll", "totp",
                         "--unattended", "--out", self.handout(), preexec_fn=unlimited_core)
        self.server.await_requests(lambda row: "set_tfa" in row["form"])
        run.interrupt(signal.SIGABRT)
        self.finish(run, -signal.SIGABRT)
        self.assertEqual(self.core_files(since), [])
        self.assert_no_leak()

    def test_one_would_be_found(self):
        """Of a process that does not forbid it, in the same place, with what it had in memory."""
        since = time.time() - 1
        script = f"import os; secret = 'Made-Up-' + 'In-{os.getpid()}'; os.abort()"
        subprocess.run([sys.executable, "-c", script], cwd=self.work, check=False,
                       preexec_fn=unlimited_core)
        files = self.core_files(since)
        if not files:
            self.skipTest("no core files are written here")
        hunt = leaks.Hunt({"x": f"Made-Up-In-{os.getpid()}"})
        try:
            self.assertTrue([found for path in files for found in hunt.in_file(path)])
        finally:
            for path in files:
                path.unlink()
