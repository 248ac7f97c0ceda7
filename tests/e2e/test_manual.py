"""The manual pages: complete, found by each command's words, and their examples do what they say."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "agree"))

import journal
import manual
import otp
import responses
import softkey
from case import Case, each
from cowkey import environment
from key_case import PIN, KeyCase

SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO")
EXAMPLES = {f"{page.name} {number}": (page, text) for page in manual.pages()
            for number, text in enumerate(page.examples(), 1)}

NEEDS_A_PERSON = "there is no terminal to ask for|nothing would show you the secret"
RFC_KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


class Pages(Case):
    @each({page.name: page for page in manual.pages()})
    def test_is_complete(self, page):
        self.assertTrue(page.text.startswith(f"{page.name}(1)\n"))
        self.assertEqual([name for name in SECTIONS if name not in page.sections], [])
        self.assertEqual(page.names[0], page.name)
        self.assertTrue(page.examples())

    @each({page.name: page for page in manual.pages()})
    def test_is_installed_under_all_its_names(self, page):
        text = (manual.DIRECTORY / "meson.build").read_text(encoding="utf-8")
        found = re.search(rf"(?m)^  '{page.name}': \[(.*)\],$", text)
        self.assertIsNotNone(found, page.name)
        others = ["cowkey-" + name for name in re.findall(r"'([a-z-]+)'", found[1])]
        self.assertEqual(others, page.names[1:])

    @each({page.name: page for page in manual.pages() if page.name != "cowkey"})
    def test_shows_the_usage_of_its_commands(self, page):
        """The words of each, and what --help says may follow."""
        synopsis = re.sub(r"[*_]|\+\+", "", page.sections["SYNOPSIS"])
        text = self.cowkey(None, "--help", connect=False, status=0).stdout
        for command in re.findall(r"(?m)^  ([a-z-]+(?: [a-z-]+)*)(?=  )", text):
            if "cowkey-" + command.replace(" ", "-") in page.names:
                usage = self.cowkey(None, *command.split(), "--help", connect=False, status=0).stdout
                self.assertIn(usage.splitlines()[0].removeprefix("Usage: "), synopsis)

    def test_the_overview_leads_to_them(self):
        named = set(re.findall(r"\*(cowkey-[a-z-]+)\*\(1\)", manual.OVERVIEW.text))
        self.assertEqual(named, {page.name for page in manual.pages()} - {"cowkey"})


class Examples(KeyCase):
    """Run by a shell, on the server under test, with the files that they name."""

    def arrange(self, page, text):
        """What the examples of a page suppose about accounts and keys; the ID of a passkey on the key."""
        alice, bob = (self.server.account(f"{name}@example.test") for name in ("alice", "bob"))
        if page in ("cowkey-list", "cowkey-prove", "cowkey-remove"):
            self.with_totp(alice)
        if page == "cowkey-remove":
            self.with_totp(alice, "lost phone", otp.OTHER_SECRET)
            self.server.arrange("add-passkey", bob.name, "blue key")
        elif page == "cowkey-recover":
            self.with_totp(self.da1)
        elif page == "cowkey-app-password":
            self.server.arrange("add-app-password", bob.name, "laptop")
        elif "rollout run" in text:
            self.file("bob.pw", bob.password + "\n")
        elif page == "cowkey-enroll-webauthn" or "pin change" in text:
            self.key(pin=PIN)
        elif page in ("cowkey-key", "cowkey-key-pin"):
            self.key()
        elif page in ("cowkey-prove", "cowkey-verify-key"):
            self.key()
            self.enroll_key(bob, "webauthn", "--credential-out", self.place / "blue-key.json")
        elif page == "cowkey-key-credentials":
            self.key(pin=PIN)
            return self.enroll_key(bob, "passkey").document["credential"]["id"]
        return ""

    def prepare(self, page, text):
        """What the examples suppose to be there."""
        passkey = self.arrange(page, text)
        moment = 1795420800
        self.secrets.add(RFC_KEY)
        self.file("alice.otpauth", f"otpauth://totp/Example:alice?secret={otp.SECRET}&issuer=Example\n")
        self.file("key.base32", RFC_KEY + "\n")
        codes = [{"code": otp.code(RFC_KEY, moment + step), "time": moment} for step in (-30, 0, 30)]
        self.file("codes.jsonl", "".join(json.dumps(line) + "\n" for line in codes))
        key = responses.Key(responses.ES256)
        self.file("response.json", json.dumps(responses.assertion(key, count=8)))
        self.file("alice-key.json", json.dumps(responses.record(key)))
        journal.write_default(self.place)
        self.file("exceptions", "bob@example.test 2999-12-31 broken phone\n")
        for name, secret in {"pin": PIN, "new.pin": "Made-Up-New-PIN", "new.pw": "Made-Up-New-Pass-1",
                             "yubico.key": "TWFkZVVwQ2xpZW50S2V5QT0=",
                             "api.key": self.server.api_keys["rw"]}.items():
            self.file(name, secret + "\n")
            self.secret_texts.add(secret)
        programs = self.place / "bin"
        programs.mkdir()
        self.install(programs / "cowkey")
        return {"code": otp.code(otp.SECRET), "id": passkey,
                "PATH": f"{programs}:{os.environ['PATH']}"}

    def install(self, path):
        """A program that sees the keys; the shell that runs it has nothing to do with them."""
        variables = softkey.variables(self.binary, self.plugged).items() if self.plugged else ()
        words = ["exec", "env", *(f"{name}={value}" for name, value in variables), str(self.binary)]
        path.write_text(f'#!/bin/sh\n{shlex.join(words)} "$@"\n')
        path.chmod(0o755)

    def reach(self, text):
        """The example's server is the one under test, and its account one that is there."""
        account = re.search(r"--account (\S+)", text)
        found = [a for a in self.server.accounts if account and a.name == account[1]]
        if found:
            self.file("pw", found[0].password + "\n")
            self.secret_texts.add(found[0].password)
        host = f"{self.server.host}:{self.server.port}"
        return text.replace("mail.example.test", host, 1) if "--server" in text else text

    @each(EXAMPLES)
    def test_works(self, page, text):
        self.server.needs_simulation()
        variables = self.prepare(page.name, text) | {"COWKEY_CACERT": str(self.server.cacert),
                                      "COWKEY_RESOLVE": str(self.server.resolve)}
        done = subprocess.run(["bash", "-euc", self.reach(text)], cwd=self.place, text=True,
                              env=environment(self.place, variables), stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, start_new_session=True)
        what = f"{text}status {done.returncode}\n{done.stdout}{done.stderr}"
        for secret in self.secret_texts:
            self.assertNotIn(secret, done.stdout + done.stderr)
        if re.search(NEEDS_A_PERSON, done.stderr):  # understood, and only a terminal is missing
            self.assertEqual(done.returncode, 2, what)
        elif page.name in ("cowkey-doctor", "cowkey-audit"):  # 1: it has found something
            self.assertIn(done.returncode, (0, 1), what)
        else:
            self.assertEqual(done.returncode, 0, what)
