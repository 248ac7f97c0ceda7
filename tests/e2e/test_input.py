"""Bad input: refused before anything is sent, with what to do about it."""

import os
import re
import resource
import signal
import subprocess

import otp
from case import Case, each, is_root

BAD_SERVERS = {
    "plain http": "http://mail.example.test",
    "another scheme": "ftp://mail.example.test",
    "a path": "https://mail.example.test/admin",
    "a query": "https://mail.example.test/?duallogin=admin",
    "a fragment": "https://mail.example.test#admin",
    "user info": "https://admin@mail.example.test",
    "a backslash": "https://mail.example.test\\@elsewhere.example.test",
    "a space": "mail.example .test",
    "a newline": "mail.example.test\nX-Evil: 1",
    "nothing": "",
    "no host": "https://",
    "an empty label": "mail..example.test",
    "a long label": "a" * 64 + ".example.test",
    "a long name": ".".join(["abcdefgh"] * 32) + ".test",
    "port 0": "mail.example.test:0",
    "port 65536": "mail.example.test:65536",
    "a port in words": "mail.example.test:https",
    "bytes that are no text": os.fsdecode(b"b\xfccher.example.test"),
    "a forbidden letter": "mail☃\u2028.example.test",
}

BAD_LABELS = {
    "256 bytes": "x" * 256,
    "256 bytes in fewer letters": "ü" * 128,
    "nothing": "",
    "a newline": "two\nlines",
    "a tab": "two\tcolumns",
    "an escape": "\x1b[31mred",
    "a C1 control": "\x9b31mred",
    "a DEL": "phone\x7f",
    "bytes that are no text": os.fsdecode(b"\xff\xfe"),
}

# Options of enroll totp that can't be meant, and what has to be named.
BAD_OPTIONS = {
    "unknown": ["--frobnicate"],
    "abbreviated": ["--unatt"],
    "without its argument": ["--label"],
    "a qr of no kind": ["--qr", "pdf:x"],
    "a qr without its file": ["--qr", "png:"],
    "no proof": ["--proof", "maybe"],
    "timeout 0": ["--timeout", "0"],
    "touch timeout 0": ["--touch-timeout", "0"],
    "touch timeout x": ["--touch-timeout", "1x"],
    "timeout 601": ["--timeout", "601"],
    "timeout in words": ["--timeout", "soon"],
    "timeout below 0": ["--timeout", "-1"],
    "timeout with a fraction": ["--timeout", "1.5"],
    "an issuer with a colon": ["--issuer", "Example: Inc"],
    "an empty issuer": ["--issuer", ""],
    "a long issuer": ["--issuer", "x" * 256],
    "a role of no kind": ["--role", "king"],
    "another command's": ["--secret-file", "/dev/null"],
    "given twice": ["--label", "a", "--label", "b"],
    "two sources": ["--password-file", "a", "--password-fd", "0"],
    "a resolve without an address": ["--resolve", "mail.example.test:443:"],
    "a resolve in words": ["--resolve", "there"],
    "a cacert that is missing": ["--cacert", "/nonexistent/ca.pem"],
    "a cacert that is none": ["--cacert", "/etc/passwd"],
    "a config that is missing": ["--config", "/nonexistent/config"],
    "a profile that is missing": ["--profile", "nowhere"],
    "replace and recorded": ["--replace", "1", "--proof", "recorded"],
}


class InputCase(Case):
    def refused(self, *words, status=2, says=None):
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, *words, status=None)
        self.assert_failed(outcome, status, says)


class Servers(InputCase):
    @each(BAD_SERVERS)
    def test_refused(self, server):
        words = ["--server", server, "--account", self.bob.name, "--password-file",
                 self.password_file(self.bob.password)]
        with self.unchanged(self.bob):
            outcome = self.cowkey(None, *words, "--json", "--yes", "enroll", "totp", "--unattended",
                                  "--out", self.out, connect=False)
        self.assert_failed(outcome, 2)
        self.assertFalse(self.out.exists())

    def test_missing(self):
        self.assert_failed(self.cowkey(self.bob, "--json", "list", connect=False), 2,
                           hints="--server|option|profile")


class Labels(InputCase):
    @each(BAD_LABELS)
    def test_refused_with(self, label):
        self.refused("--label", label)
        self.assertFalse(self.out.exists())
        self.assert_nothing_sent()


class Options(InputCase):
    @each(BAD_OPTIONS)
    def test_refused(self, words):
        """The option or its value is named."""
        names = "|".join(re.escape(word).lstrip("-") for word in words if word)
        self.refused(*words, says=f"{names}|abbreviated|authorit|issuer|config")
        self.assertFalse(self.out.exists())
        self.assert_nothing_sent()

    @each({"nothing": "", "half a command": "enroll", "an unknown one": "frobnicate",
           "an unknown method": "enroll carrier-pigeon", "a word more": "enroll totp now"})
    def test_refused_as_a_command(self, words):
        outcome = self.cowkey(None, "--json", *words.split(), connect=False)
        self.assert_failed(outcome, 2, hints="--help")

    def test_unattended_needs_out(self):
        with self.unchanged(self.bob):
            outcome = self.cowkey(self.bob, "--json", "--yes", "enroll", "totp", "--unattended")
        self.assert_failed(outcome, 2, hints="--out")

    @each({"no name": ("--account", ""), "a newline": ("--account", "bob\n@example.test"),
           "a long name": ("--account", "b" * 300 + "@example.test")})
    def test_refused_as_an_account(self, option, name):
        path = self.password_file(self.bob.password)
        outcome = self.cowkey(None, option, name, "--role", "mailbox", "--password-file", path,
                              "--json", "list")
        self.assert_failed(outcome, 2)
        self.assert_nothing_sent()

    def test_a_secret_as_a_qr_of_nothing_needs_another_way(self):
        """A person who would see the secret nowhere could never type its code."""
        person = self.sit_down(self.bob, "--json", "--yes", "enroll", "totp", "--qr", "none")
        self.assert_failed(self.finish(person), 2, hints="--out|--qr")


class SecretSources(InputCase):
    @each({"missing": "/nonexistent/password", "a directory": "/tmp", "empty": "/dev/null",
           "endless": "/dev/zero"})
    def test_password_file_that_is(self, path):
        outcome = self.cowkey(self.bob, "--json", "--password-file", path, "list", password=None)
        self.assert_failed(outcome, 2)
        self.assert_nothing_sent()

    @each({"fails": "exit 1", "says nothing": "true", "is killed": "kill -9 $$"})
    def test_password_command_that(self, command):
        words = ["--password-command", command]
        outcome = self.cowkey(self.bob, "--json", *words, "list", password=None)
        self.assert_failed(outcome, 2)
        self.assert_nothing_sent()

    @each(["77", "-1", "x", "99999999999999999999"])
    def test_password_fd(self, number):
        words = ["--password-fd", number]
        outcome = self.cowkey(self.bob, "--json", *words, "list", password=None)
        self.assert_failed(outcome, 2)

    def test_login_secret_that_is_none(self):
        path = self.file("secret", "not a secret at all!\n")
        self.refused("--login-secret-file", path)
        self.assert_nothing_sent()


class Files(InputCase):
    """--out and the pictures are made new, or not at all."""

    def refused_without_out(self, *words, status=2):
        with self.unchanged(self.bob):
            outcome = self.cowkey(self.bob, "--json", "--yes", "enroll", "totp", "--unattended",
                                  *words)
        self.assert_failed(outcome, status)

    def test_that_exists_is_left_alone(self):
        existing = self.file("existing", "precious\n")
        self.refused_without_out("--out", existing)
        self.assertEqual(existing.read_text(), "precious\n")

    def test_dangling_link_is_left_alone(self):
        link = self.place / "link"
        link.symlink_to(self.place / "elsewhere")
        self.refused_without_out("--out", link)
        self.assertFalse((self.place / "elsewhere").exists())
        self.assertTrue(link.is_symlink())

    @each({"file": lambda out: out.write_text("precious\n"),
           "link": lambda out: out.symlink_to(out.with_name("elsewhere"))})
    def test_that_appears_in_between_is_left_alone(self, make):
        """Between the look before the login and the making of the file."""
        out = self.place / "late"
        person = self.sit_down(self.bob, "--json", "enroll", "totp", "--out", out)
        person.expect(r"\?[^?\n]*$")
        make(out)
        person.answer("y")
        self.assert_failed(self.finish(person), 2)
        self.assertTrue(out.is_symlink() or out.read_text() == "precious\n")
        self.assertFalse((self.place / "elsewhere").exists())

    @each({"in no directory": "/nonexistent/out", "a directory": "/tmp", "a device": "/dev/null",
           "without a name": "", "in a file": "/etc/passwd/out"})
    def test_that_can_t_be_written(self, path):
        self.refused_without_out("--out", path)

    @each(["png", "svg"])
    def test_picture_that_exists_is_left_alone(self, kind):
        existing = self.file("existing", "precious\n")
        self.refused("--qr", f"{kind}:{existing}")
        self.assertEqual(existing.read_text(), "precious\n")
        self.assertFalse(self.out.exists())

    def full_disk(self):
        """A file system with no room left."""
        disk = self.place / "disk"
        disk.mkdir()
        if not is_root() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk],
                                           capture_output=True).returncode != 0:
            self.skipTest("a full disk needs to be mounted, as root")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass
        return disk

    def test_out_on_a_full_disk(self):
        disk = self.full_disk()
        self.refused_without_out("--out", disk / "out", status=3)
        self.assertEqual(os.listdir(disk), ["filler"])

    @each(["png", "svg"])
    def test_picture_on_a_full_disk(self, kind):
        disk = self.full_disk()
        self.refused("--qr", f"{kind}:{disk}/picture", status=3)
        self.assertEqual(os.listdir(disk), ["filler"])
        self.assertFalse(self.out.exists())

    def test_beyond_the_size_limit(self):
        """The same on every machine: the first byte fails."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        with self.unchanged(self.bob):
            outcome = self.enroll(self.bob, status=3, preexec_fn=limit, restore_signals=False)
        self.assert_failed(outcome, 3)
        self.assertFalse(self.out.exists())


class Results(InputCase):
    """Standard output that can't be written is no success."""

    @each({"code": ["code"], "list": ["list"], "help": ["--help"], "version": ["--version"]})
    def test_lost_by(self, word):
        with open("/dev/full", "wb") as full:
            secret = ["--secret-file", self.secret_file(otp.SECRET)] if word == "code" else []
            account = self.bob if word == "list" else None
            outcome = self.cowkey(account, word, *secret, stdout=full)
        self.assertNotEqual(outcome.status, 0, outcome)

    def test_lost_by_an_enrollment_is_unknown_to_a_script(self):
        with open("/dev/full", "wb") as full:
            outcome = self.enroll(self.bob, status=None, stdout=full)
        self.assertEqual(outcome.status, 4, outcome)
        self.assertTrue(self.out.exists())
