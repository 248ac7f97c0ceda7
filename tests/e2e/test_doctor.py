"""doctor: what would stop an enrollment, and the cure; what can't be looked at is never called fine."""

import shutil
from pathlib import Path

import softkey
from case import Case, each, in_every_dialect, is_root
from cowkey import Script, environment
from key_case import PIN, KeyCase

SERVER = ("server", "certificate", "clock", "mailcow", "name")
RELEASES = {"forced": "since 2026-03", "split": "2025-03 to 2026-01", "single": "up to 2025-02"}
NOBODY = "nobody"
RULE_DIRECTORIES = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")


def has_rules():
    """Whether udev opens security keys here: by systemd's rules, cowkey's, or those of makers."""
    def is_there(name):
        return any(Path(place, "udev/rules.d", name).exists() for place in RULE_DIRECTORIES)
    return (is_there("60-fido-id.rules") and is_there("70-uaccess.rules")
            or is_there("70-cowkey.rules") or is_there("70-u2f.rules"))


class DoctorCase(Case):
    def doctor(self, *words, **how):
        return self.cowkey(None, "--json", *words, "doctor", **how)

    def fine(self, **how):
        """Nothing is wrong but what the machine of the tests lacks."""
        outcome = self.doctor(**how)
        problems = {check["name"] for check in outcome.document["checks"]
                    if check["state"] == "problem"}
        self.assertEqual(problems, set() if has_rules() else {"udev"}, outcome)
        self.assertEqual(outcome.status, 1 if problems else 0, outcome)
        return outcome

    def check(self, outcome, name):
        """The one line of this name, and the status must fit all of them."""
        checks = outcome.document["checks"]
        found = [check for check in checks if check["name"] == name]
        self.assertEqual(len(found), 1, outcome)
        return found[0]

    def states(self, outcome, names=SERVER):
        return {name: self.check(outcome, name)["state"] for name in names}

    def assert_ok(self, outcome, name, says=""):
        check = self.check(outcome, name)
        self.assertEqual(check["state"], "ok", outcome)
        self.assertRegex(check["text"], f"(?i){says}")

    def assert_problem(self, outcome, name, says, cure="."):
        check = self.check(outcome, name)
        self.assertEqual((check["state"], outcome.status), ("problem", 1), outcome)
        self.assertRegex(check["text"], f"(?i){says}")
        self.assertRegex(check["cure"], f"(?i){cure}")

    def assert_unknown(self, outcome, *names):
        self.assertEqual(self.states(outcome, names), dict.fromkeys(names, "unknown"), outcome)


class OfServer(DoctorCase):
    @in_every_dialect
    def test_where_all_is_well(self):
        outcome = self.fine()
        self.assertEqual(self.states(outcome), dict.fromkeys(SERVER, "ok"), outcome)
        self.assert_ok(outcome, "name", f"under {self.server.host} only")
        if self.server.is_simulated:
            self.assert_ok(outcome, "mailcow", RELEASES[self.server.dialect])
            self.assert_ok(outcome, "certificate", "Made-Up Sandbox CA.*chain of 1 ends in (29|30) days")

    def test_without_a_login_and_with_few_exchanges(self):
        self.server.needs_simulation()
        self.fine()
        requests = self.server.requests()
        self.assertLessEqual(len(requests), 4)
        self.assertEqual({request["method"] for request in requests}, {"GET"})
        self.assertEqual({request["account"] for request in requests}, {None})

    def test_that_is_not_given(self):
        self.server.needs_simulation()
        outcome = self.fine(connect=False)
        self.assert_unknown(outcome, *SERVER)
        self.assert_nothing_sent()

    def test_that_nobody_knows(self):
        outcome = self.doctor("--server", "nowhere.invalid", connect=False)
        self.assert_problem(outcome, "server", "nowhere.invalid.*can't be reached")
        self.assert_unknown(outcome, *SERVER[1:])

    def test_that_does_not_answer(self):
        self.server.fault("hang", times=9)
        outcome = self.doctor("--timeout", "1")
        self.assert_problem(outcome, "server", "did not answer within 1")
        self.assert_ok(outcome, "certificate")
        self.assert_unknown(outcome, *SERVER[2:])

    @each({"expired": "expired", "wrong-name": "another name; it names elsewhere.example.test",
           "untrusted": "not trusted"})
    def test_whose_certificate_is(self, says):
        kind = self.id().partition("[")[2].rstrip("]")
        self.server.arrange("tls", kind)
        outcome = self.doctor()
        self.assert_ok(outcome, "server", "reached")
        self.assert_problem(outcome, "certificate", says)
        self.assert_unknown(outcome, *SERVER[2:])
        self.assertEqual(self.server.requests(), [])

    @each([-31, 31, 86400])
    def test_whose_clock_is_off_by(self, seconds):
        self.server.arrange("clock", seconds + (1 if seconds > 0 else -1))
        outcome = self.doctor()
        way = "ahead" if seconds > 0 else "behind"
        self.assert_problem(outcome, "clock", rf"(3\d|864\d\d) seconds {way}", "timedatectl")
        self.assertEqual(self.states(outcome) | {"clock": "ok"}, dict.fromkeys(SERVER, "ok"))

    def test_whose_clock_is_a_little_off(self):
        self.server.arrange("clock", 20)
        self.assert_ok(self.fine(), "clock")

    def test_that_does_not_tell_its_time(self):
        self.server.fault("no-date", times=9)
        self.assert_unknown(self.fine(), "clock")

    def test_that_is_no_mailcow(self):
        self.server.fault("other-site", times=9)
        outcome = self.doctor()
        self.assert_problem(outcome, "mailcow", "does not look like a mailcow")
        self.assert_unknown(outcome, "name")
        self.assertEqual(self.states(outcome, SERVER[:3]), dict.fromkeys(SERVER[:3], "ok"))

    def test_that_sends_elsewhere(self):
        self.server.fault("redirect:https://portal.example.test/", times=9)
        outcome = self.doctor()
        self.assert_problem(outcome, "server", "portal.example.test", "proxy")
        self.assert_unknown(outcome, *SERVER[2:])

    def test_whose_proxy_hides_a_page(self):
        """The one that tells the newer releases apart; the older ones tell by their dialect."""
        self.server.fault("status:403", times=9, path="/domainadmin/user")
        says = "up to 2025-02" if self.server.dialect == "single" else "release can't be told"
        self.assert_ok(self.fine(), "mailcow", says)

    def test_whose_proxy_hides_the_name(self):
        self.server.fault("status:403", times=9, path="/api/v1/get/fido2-get-args")
        self.assert_unknown(self.fine(), "name")

    def test_that_is_given_as_an_address(self):
        address = f"127.0.0.1:{self.server.port}"
        outcome = self.doctor("--server", address, "--cacert", self.server.cacert, connect=False)
        self.assert_problem(outcome, "name", "not for the address 127.0.0.1", "host name")

    def test_that_takes_keys_for_another_name(self):
        self.server.fault("options:other-rp", times=9, path="/api/v1/get/fido2-get-args")
        self.assert_problem(self.doctor(), "name", rf"keys for [a-z.]+, not for {self.server.host}")

    @each(["--timeout x", "--resolve x", "--server a/b", "--cacert /nonexistent"])
    def test_bad_input_is_no_finding(self, words):
        self.assert_failed(self.doctor(*words.split()), 2)


class OfThisComputer(DoctorCase):
    def config(self, text, mode):
        path = self.file("config", text)
        path.chmod(mode)
        return ["--config", path]

    @each({"by nobody else": (0o644, "ok"), "by the group": (0o664, "problem"),
           "by everybody": (0o666, "problem")})
    def test_configuration_that_is_written(self, mode, state):
        outcome = self.doctor(*self.config("[default]\ntimeout = 5\n", mode), connect=False)
        self.assertEqual(self.check(outcome, "config")["state"], state, outcome)
        if state == "problem":
            self.assert_problem(outcome, "config", "written to by others", "chmod go-w")

    def test_no_configuration(self):
        self.assert_ok(self.fine(connect=False), "config", "none is needed")

    @each({"closed": (0o600, "ok"), "open to the group": (0o640, "problem"),
           "open to all": (0o644, "problem")})
    def test_file_with_a_secret_that_is(self, mode, state):
        path = self.file("secret", "Made-Up\n")
        path.chmod(mode)
        for option in ("--password-file", "--login-secret-file", "--pin-file"):
            outcome = self.doctor(option, path, connect=False)
            self.assertEqual(self.check(outcome, "secret-file")["state"], state, outcome)

    def test_file_with_a_secret_that_is_missing(self):
        outcome = self.doctor("--pin-file", "/nonexistent/pin", connect=False)
        self.assert_problem(outcome, "secret-file", "--pin-file, /nonexistent/pin")

    def test_no_file_and_no_terminal_are_not_fine(self):
        self.assert_unknown(self.fine(connect=False), "secret-file", "terminal")

    @each({"large enough": (60, 120, {}, "ok"), "too low": (20, 120, {}, "problem"),
           "too narrow": (60, 40, {}, "problem"),
           "too small without half blocks": (45, 90, {"LC_ALL": "C"}, "problem"),
           "large enough without half blocks": (70, 120, {"LC_ALL": "C"}, "ok")})
    def test_terminal_that_is(self, rows, columns, environ, state):
        person = self.sit_down(None, "--json", "doctor", connect=False, rows=rows, columns=columns,
                               environ=environ)
        outcome = self.finish(person)
        self.assertEqual(self.check(outcome, "terminal")["state"], state, outcome)
        if state == "problem":
            self.assert_problem(outcome, "terminal", rf"the terminal has {columns} and {rows}", "png")

    def test_for_a_person(self):
        outcome = self.cowkey(None, "--server", "nowhere.invalid", "doctor", connect=False, status=1)
        for name, state in {"config": "ok", "server": "problem", "clock": "unknown"}.items():
            self.assertRegex(outcome.stdout, rf"(?m)^{state} +{name}: \w")
        self.assertRegex(outcome.stdout, r"(?m)^problem +server: .*\n {9}\w")


class OfKeys(KeyCase, DoctorCase):
    def judge(self, **script):
        key = self.key(**script)
        return key, self.doctor(connect=False)

    def test_that_is_missing(self):
        outcome = self.fine(connect=False)
        self.assert_unknown(outcome, "key")

    def test_with_a_pin(self):
        _, outcome = self.judge(pin=PIN)
        self.assert_ok(outcome, "key", "PIN is set, with 8 tries left")

    def test_without_a_pin(self):
        _, outcome = self.judge()
        self.assert_ok(outcome, "key", "second factor; no PIN is set")
        self.assertIn("'cowkey key pin set'", self.check(outcome, "key")["cure"])

    def test_with_a_finger(self):
        _, outcome = self.judge(uv="set")
        self.assert_ok(outcome, "key", "finger")
        self.assertIsNone(self.check(outcome, "key")["cure"])

    def test_of_the_old_kind(self):
        _, outcome = self.judge(u2f_only=True)
        self.assert_ok(outcome, "key", "U2F only")

    def test_whose_pin_must_be_changed(self):
        _, outcome = self.judge(pin=PIN, pin_change_forced=True)
        self.assert_problem(outcome, "key", "wants its PIN changed", "'cowkey key pin change'")

    @each({"few tries": (3, "problem"), "enough tries": (4, "ok"), "none": (0, "problem")})
    def test_whose_pin_has(self, tries, state):
        _, outcome = self.judge(pin=PIN, pin_tries=tries)
        self.assertEqual(self.check(outcome, "key")["state"], state, outcome)
        if tries == 0:
            self.assert_problem(outcome, "key", "blocked", "'cowkey key reset'")

    def test_several(self):
        self.key(pin=PIN)
        self.key(pin=PIN, pin_change_forced=True)
        outcome = self.doctor(connect=False, status=1)
        found = [c["state"] for c in outcome.document["checks"] if c["name"] == "key"]
        self.assertEqual(sorted(found), ["ok", "problem"])

    def test_that_is_named_and_missing(self):
        self.key(pin=PIN)
        outcome = self.doctor("--device", "/dev/hidraw77", connect=False)
        self.assert_problem(outcome, "key", "/dev/hidraw77")

    def test_nobody_is_asked_for_a_touch(self):
        key, _ = self.judge(pin=PIN, touch="never")
        self.assertEqual(key.log("makeCredential") + key.log("getAssertion"), [])


class OfRealNodes(KeyCase, DoctorCase):
    """Nodes as the kernel has them, played by umockdev."""

    def look(self, *options):
        umockdev = softkey.program("umockdev-run")
        if not umockdev.exists() or softkey.keys.asan_of(str(self.binary)):
            self.skipTest("umockdev is missing, or AddressSanitizer does not go together with it")
        key = self.key(pin=PIN)
        words = [*options, key.path, "--", self.binary, "--json", "doctor"]
        if "--user" in options:
            self.place.chmod(0o755)
            for path in self.place.iterdir():
                shutil.chown(path, NOBODY)
        run = Script(umockdev, words, environment(self.place, {}))
        self.addCleanup(run.close)
        return self.finish(run)

    def test_that_everybody_may_open(self):
        outcome = self.look()
        found = {c["state"]: c for c in outcome.document["checks"] if c["name"] == "key"}
        self.assertEqual((set(found), outcome.status), ({"ok", "problem"}, 1), outcome)
        self.assertRegex(found["problem"]["text"], r"^Everybody .* /dev/hidraw0 \(mode 666\)")
        self.assertRegex(found["problem"]["cure"], "udev rule")

    def test_that_only_root_may_open(self):
        if not is_root():
            self.skipTest("only root opens what nobody may")
        self.assert_ok(self.look("--forbidden"), "key", "PIN is set")

    def test_that_can_t_be_opened(self):
        if not is_root():
            self.skipTest("only root can become somebody else")
        if not all(parent.stat().st_mode & 0o001 for parent in Path(self.binary).parents):
            self.skipTest(f"{NOBODY} can't run {self.binary}")
        outcome = self.look("--forbidden", "--user", NOBODY)
        self.assert_problem(outcome, "key", "/dev/hidraw0.*opened", "udev")
