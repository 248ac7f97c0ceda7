"""code: the present code of a secret, without any server."""

import hashlib
import os
import time

import otp
from case import Case, each

URI = f"otpauth://totp/Example:bob?secret={otp.SECRET}&issuer=Example"

# RFC 6238 appendix B names its keys in ASCII; in base32 they are these.
SHA256_KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
SHA512_KEY = ("GEZDGNBVGY3TQOJQ" * 6) + "GEZDGNA"

GOOD = {
    "base32": (otp.SECRET, {}),
    "lower case": (otp.SECRET.lower(), {}),
    "groups": (" ".join(otp.SECRET[i:i + 4] for i in range(0, 32, 4)), {}),
    "padding": ("MADEUPMADEUPMADEUPMADEUPMADE====", {"secret": "MADEUPMADEUPMADEUPMADEUPMADE"}),
    "a URI": (URI, {}),
    "a URI with a line end": (URI + "\n", {}),
    "eight digits": (URI + "&digits=8", {"digits": 8}),
    "a minute": (URI + "&period=60", {"step_s": 60}),
    "SHA256": (f"otpauth://totp/x?secret={SHA256_KEY}&algorithm=SHA256",
               {"secret": SHA256_KEY, "algorithm": hashlib.sha256}),
    "SHA512": (f"otpauth://totp/x?secret={SHA512_KEY}&algorithm=SHA512",
               {"secret": SHA512_KEY, "algorithm": hashlib.sha512}),
    "unknown parameters": (URI + "&image=x&lock=1", {}),
}
BAD = {
    "nothing": "",
    "a line end": "\n",
    "other digits": "MADEUP01",
    "umlauts": "MÄDEUPMADEUP",
    "counters": f"otpauth://hotp/x?secret={otp.SECRET}&counter=0",
    "no secret": "otpauth://totp/x?issuer=Example",
    "two secrets": URI + "&secret=FAKEFAKEFAKEFAKE",
    "another scheme": f"https://totp/x?secret={otp.SECRET}",
    "no digits": URI + "&digits=0",
    "no time": URI + "&period=0",
    "another algorithm": URI + "&algorithm=MD5",
    "too much": "A" * 100_000,
    "zero bytes": otp.SECRET + "\0\0",
    "bytes that are no text": b"otpauth://totp/\xff\xfe?secret=MADEUPMADEUPMADE",
}


class Code(Case):
    def code(self, *words, **how):
        return self.cowkey(None, *words, connect=False, **how)

    def assert_present(self, outcome, shown, *, secret=otp.SECRET, **parameters):
        """Right at some moment of the run."""
        self.assertIn(shown, (otp.code(secret, outcome.started, **parameters),
                              otp.code(secret, outcome.finished, **parameters)))

    @each(GOOD)
    def test_of(self, text, parameters):
        self.secrets.add(parameters.get("secret", otp.SECRET))
        path = self.file("secret", text)
        outcome = self.code("--json", "code", "--secret-file", path, status=0)
        document = outcome.document
        self.assert_present(outcome, document["code"], **parameters)
        self.assertEqual(document["period_s"], parameters.get("step_s", otp.STEP_S))
        self.assertIn(document["valid_s"], range(1, document["period_s"] + 1))

    def test_seconds_left_are_right(self):
        path = self.secret_file(otp.SECRET)
        outcome = self.code("--json", "code", "--secret-file", path, status=0)
        seconds = range(int(outcome.started), int(outcome.finished) + 1)
        self.assertIn(outcome.document["valid_s"],
                      [otp.STEP_S - second % otp.STEP_S for second in seconds])

    def test_is_of_the_moment_when_the_secret_came(self):
        """Somebody may take a while to type it, or a command to find it."""
        reading, writing = os.pipe()
        run = self.start(None, "--json", "code", "--secret-fd", reading, connect=False,
                         pass_fds=[reading])
        os.close(reading)
        time.sleep(1.1)  # another second of the clock
        came = int(time.time())
        os.write(writing, otp.SECRET.encode())
        os.close(writing)
        self.secrets.add(otp.SECRET)
        outcome = self.finish(run, 0)
        seconds = range(came, int(outcome.finished) + 1)
        self.assertIn(outcome.document["valid_s"],
                      [otp.STEP_S - second % otp.STEP_S for second in seconds])

    def test_for_a_person_is_just_the_code(self):
        outcome = self.code("code", "--secret-file", self.secret_file(otp.SECRET), status=0)
        self.assertRegex(outcome.stdout, r"\A\d{6}\n\Z")
        self.assert_present(outcome, outcome.stdout.strip())

    def test_from_a_descriptor(self):
        with open(self.secret_file(otp.SECRET), "rb") as file:
            outcome = self.code("code", "--secret-fd", file.fileno(), pass_fds=[file.fileno()])
        self.assert_present(outcome, outcome.stdout.strip())

    def test_from_a_command(self):
        command = f"cat '{self.secret_file(otp.SECRET)}'"
        outcome = self.code("code", "--secret-command", command, status=0)
        self.assert_present(outcome, outcome.stdout.strip())

    def test_from_a_prompt(self):
        person = self.sit_down(None, "code", connect=False)
        person.ask("secret[^\n]*:")
        person.answer(otp.SECRET)
        outcome = self.finish(person, 0)
        self.assertNotIn(otp.SECRET, outcome.stderr)
        self.assert_present(outcome, outcome.stdout.strip())

    def test_of_a_file_that_cowkey_wrote(self):
        self.enroll(self.bob)
        outcome = self.code("code", "--secret-file", self.out, status=0)
        secret = self.phone().secret
        self.assert_present(outcome, outcome.stdout.strip(), secret=secret)

    @each(BAD)
    def test_refuses(self, text):
        outcome = self.code("--json", "code", "--secret-file", self.file("secret", text))
        self.assert_failed(outcome, 2)
        if len(text) > 8:
            self.assertNotIn("MADEUPMADE", outcome.stdout + outcome.stderr)

    @each({"that is missing": "/nonexistent/secret", "that is a directory": "/tmp"})
    def test_refuses_a_file(self, path):
        self.assert_failed(self.code("--json", "code", "--secret-file", path), 2)

    def test_refuses_a_command_that_fails(self):
        command = f"cat '{self.secret_file(otp.SECRET)}'; exit 3"
        self.assert_failed(self.code("--json", "code", "--secret-command", command), 2)

    def test_refuses_a_descriptor_that_is_closed(self):
        self.assert_failed(self.code("--json", "code", "--secret-fd", "77"), 2)

    def test_refuses_two_sources(self):
        path = self.secret_file(otp.SECRET)
        outcome = self.code("--json", "code", "--secret-file", path, "--secret-fd", "0")
        self.assert_failed(outcome, 2)

    def test_needs_no_server(self):
        self.server.needs_simulation()
        path = self.secret_file(otp.SECRET)
        self.cowkey(None, "code", "--secret-file", path, status=0)
        self.assert_nothing_sent()

    def test_starts_fast(self):
        path = self.secret_file(otp.SECRET)
        began = time.monotonic()
        for _ in range(5):
            self.code("code", "--secret-file", path, status=0)
        self.assertLess((time.monotonic() - began) / 5, 1)
