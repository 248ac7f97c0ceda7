"""Options: help and man page name the same ones, and every place that may set them is obeyed."""

import re
from pathlib import Path

import manual
import otp
from case import Case, each

COMMANDS = ("app-password add", "app-password list", "app-password remove", "audit", "code", "doctor",
            "enforce off", "enforce on", "enroll passkey", "enroll totp", "enroll webauthn", "enroll yubiotp",
            "journal show", "journal verify",
            "key credentials list", "key credentials remove", "key info", "key list",
            "key pin change", "key pin set", "key reset", "list", "password", "prove passkey",
            "prove totp", "prove webauthn", "prove yubiotp", "recover", "remove", "rename", "rollout check",
            "rollout handout", "rollout report", "rollout run", "rollout status",
            "verify assertion",
            "verify hotp", "verify key", "verify registration", "verify totp")
OPTION = manual.OPTION


class Help(Case):
    def help(self, *words):
        return self.cowkey(None, *words, "--help", connect=False, status=0).stdout

    def named(self, text):
        return set(re.findall(rf"(?m)(?:^ *|, )({OPTION})(?= |,|$)", text))

    def test_names_what_the_man_page_explains(self):
        self.assertEqual(self.named(self.help()), manual.OVERVIEW.options("OPTIONS FOR EVERY COMMAND"))

    @each(COMMANDS)
    def test_of_a_command_names_what_the_man_page_explains(self, command):
        explained = (manual.OVERVIEW.options("OPTIONS FOR EVERY COMMAND")
                     | manual.page_of(command).options_of(command))
        self.assertEqual(self.named(self.help(*command.split())), explained)

    def test_names_the_commands(self):
        text = self.help()
        for words in COMMANDS:
            self.assertRegex(text, rf"(?m)^\s+{words}\b")

    def test_names_no_command_that_is_missing_here(self):
        text = self.help().partition("Commands:\n")[2].partition("\n\n")[0]
        named = re.findall(r"(?m)^  ([a-z-]+(?: [a-z-]+)*)(?=  )", text)
        self.assertEqual(sorted(named), sorted(COMMANDS))

    def test_man_page_names_every_status(self):
        statuses = {0, 1, 2, 3, 4, 5, 6, 7, 130}
        text = manual.OVERVIEW.sections["EXIT STATUS"]
        self.assertEqual({int(n) for n in re.findall(r"(?m)^\|[\[ ]\s+(\d+)$", text)}, statuses)

    def test_version(self):
        outcome = self.cowkey(None, "--version", connect=False, status=0)
        self.assertRegex(outcome.stdout, r"\Acowkey \d+\.\d+\.\d+\S*\n\Z")


class Sources(Case):
    """An option beats the environment, the environment beats the profile."""

    def profile(self, name="default", path=None, **keys):
        path = path or self.place / "config" / "cowkey" / "config"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"[{name}]\n")
            file.writelines(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())
        return path

    def where(self):
        """What it takes to reach the server."""
        found = {"server": self.server.url, "cacert": self.server.cacert}
        return found | ({"resolve": self.server.resolve} if self.server.resolve else {})

    def who(self, account):
        return {"account": account.name, "role": account.role,
                "password_file": self.password_file(account.password)}

    def environ(self, **keys):
        return {f"COWKEY_{key.upper()}": value for key, value in keys.items()}

    def listed(self, *words, **how):
        return self.cowkey(None, "--json", *words, "list", connect=False, **how)

    def assert_account(self, outcome, account):
        self.assertEqual(outcome.status, 0, outcome)
        self.assertEqual(outcome.document["account"], account.name)

    def test_default_profile(self):
        self.profile(**self.where(), **self.who(self.bob))
        self.assert_account(self.listed(), self.bob)

    def test_named_profile(self):
        self.profile(**self.where(), **self.who(self.alice))
        self.profile("work", **self.where(), **self.who(self.bob))
        self.assert_account(self.listed("--profile", "work"), self.bob)

    def test_profile_from_the_environment(self):
        self.profile("work", **self.where(), **self.who(self.bob))
        self.assert_account(self.listed(environ=self.environ(profile="work")), self.bob)

    @each(["option", "environment"])
    def test_config_file_by(self, way):
        path = self.profile(path=self.place / "elsewhere", **self.where(), **self.who(self.bob))
        outcome = (self.listed("--config", path) if way == "option"
                   else self.listed(environ=self.environ(config=path)))
        self.assert_account(outcome, self.bob)

    def test_environment_alone(self):
        environ = self.environ(account=self.bob.name, role="mailbox", timeout="20", **self.where())
        path = self.password_file(self.bob.password)
        self.assert_account(self.listed("--password-file", path, environ=environ), self.bob)

    def test_environment_beats_profile(self):
        self.profile(**self.where(), **self.who(self.bob) | {"account": "nobody@example.test"})
        self.assert_account(self.listed(environ=self.environ(account=self.bob.name)), self.bob)

    def test_option_beats_environment(self):
        self.profile(**self.where(), **self.who(self.bob))
        environ = self.environ(account="nobody@example.test", server="nowhere.invalid")
        words = ["--account", self.bob.name, "--server", self.server.url]
        self.assert_account(self.listed(*words, environ=environ), self.bob)

    def test_command_of_the_profile(self):
        keys = self.who(self.bob)
        path = keys.pop("password_file")
        self.profile(**self.where(), **keys, password_command=f"cat {path}")
        self.assert_account(self.listed(), self.bob)

    def test_password_option_beats_another_source_of_the_profile(self):
        self.profile(**self.where(), **self.who(self.bob) | {"password_file": "/nonexistent"})
        path = self.password_file(self.bob.password)
        self.assert_account(self.listed("--password-command", f"cat {path}"), self.bob)

    @each({"a password": {"password": "Made-Up-Pass"}, "an unknown key": {"sever": "x"},
           "an option of one command": {"label": "x"}, "a flag": {"json": "yes"}})
    def test_refuses_a_profile_with(self, keys):
        self.profile(**self.where(), **self.who(self.bob), **keys)
        self.assert_failed(self.listed(), 2)

    def test_refuses_a_profile_that_is_missing(self):
        self.profile(**self.where(), **self.who(self.bob))
        self.assert_failed(self.listed("--profile", "elsewhere"), 2, says="elsewhere")

    def test_refuses_a_file_that_is_no_ini(self):
        path = self.file("config", "this is not\nan ini file\n")
        self.assert_failed(self.listed("--config", path), 2)

    def test_no_secret_comes_from_the_environment(self):
        environ = self.environ(password=self.bob.password, account=self.bob.name, **self.where())
        self.assert_failed(self.listed(environ=environ), 2)


class Talk(Case):
    """How much is said."""

    def test_quiet_says_nothing_when_all_is_well(self):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        outcome = self.enroll(self.bob, "--quiet")
        self.assertEqual(outcome.stderr, "")

    def test_quiet_still_says_errors(self):
        wrong = self.password_file("Made-Up-No")
        outcome = self.cowkey(self.bob, "--quiet", "--password-file", wrong, "list", status=5)
        self.assertTrue(outcome.stderr.strip())

    def test_verbose_names_the_exchanges(self):
        outcome = self.enroll(self.bob, "--verbose")
        for words in ("POST /", "GET /user", "POST /user"):
            self.assertIn(words, outcome.stderr)

    def test_verbose_tells_no_secrets_when_refused(self):
        self.with_totp(self.bob)
        secret = self.secret_file(otp.OTHER_SECRET)
        self.cowkey(self.bob, "--verbose", "--login-secret-file", secret, "list", status=5)

    def test_json_goes_with_verbose(self):
        self.assertEqual(self.enroll(self.bob, "--verbose").document["result"], "enrolled")

    def test_person_sees_stages(self):
        self.assertRegex(self.enroll(self.bob).stderr, "(?i)log")


class Process(Case):
    """What the process does about the machine that it runs on."""

    def test_leaves_no_core_dump_and_locks_its_secrets(self):
        person = self.sit_down(self.bob, "list", password=None)
        person.ask("password[^\n]*:")
        proc = Path(f"/proc/{person.process.pid}")
        self.assertRegex((proc / "limits").read_text(), r"Max core file size\s+0\s+0")
        self.assertNotRegex((proc / "status").read_text(), r"VmLck:\s+0 kB")
        person.answer(self.bob.password)
        self.finish(person, 0)

    def test_keys_of_the_connection_are_not_logged(self):
        path = self.place / "keys"
        self.cowkey(self.bob, "list", environ={"SSLKEYLOGFILE": path}, status=0)
        self.assertFalse(path.exists() and path.read_text().strip())
