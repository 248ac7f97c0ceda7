"""code: the present code of a secret, without any server."""

import hashlib
import os
import signal
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

    def test_of_other_parameters(self):
        words = ["--digits", "8", "--period", "60", "--algorithm", "SHA256"]
        path = self.secret_file(otp.SECRET)
        outcome = self.code("code", "--secret-file", path, *words, status=0)
        self.assert_present(outcome, outcome.stdout.strip(), digits=8, step_s=60, algorithm="sha256")

    def test_of_a_file_that_cowkey_wrote(self):
        self.enroll(self.bob)
        outcome = self.code("code", "--secret-file", self.out, status=0)
        secret = self.phone().secret
        self.assert_present(outcome, outcome.stdout.strip(), secret=secret)

    def test_refuses_counters_and_says_who_takes_them(self):
        path = self.file("secret", BAD["counters"])
        outcome = self.code("--json", "code", "--secret-file", path)
        self.assert_failed(outcome, 2, says="totp", hints="verify hotp")

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


class Watch(Case):
    """code --watch: the code stays up to date in its place."""

    def watch(self, *words, **terminal):
        path = self.secret_file(otp.SECRET)
        return self.sit_down(None, "code", "--watch", *words, "--secret-file", path, connect=False,
                             whole=True, **terminal)

    def screen_of(self, outcome):
        """What the terminal shows in the end, line by line."""
        lines, at = [""], 0
        for sign in outcome.stderr.replace("\r\n", "\n"):
            if sign == "\n":
                lines.append("")
                at = 0
            elif sign == "\r":
                at = 0
            else:
                lines[-1] = lines[-1][:at].ljust(at) + sign + lines[-1][at + 1:]
                at += 1
        return [line.rstrip() for line in lines]

    def test_shows_it_with_the_seconds_left_and_the_next_one(self):
        person = self.watch("--period", "5")
        shown = [person.expect(r"(\d{6}) +(\d+) s left, then (\d{6}) *\r") for _ in range(7)]
        person.interrupt()
        outcome = self.finish(person, 0)
        for now, later in zip(shown, shown[1:]):
            if int(now[2]) > 1:
                self.assertEqual((now[1], int(now[2]) - 1, now[3]), (later[1], int(later[2]), later[3]))
            else:
                self.assertEqual((now[3], 5), (later[1], int(later[2])))
        first = int(outcome.started) // 5
        codes = [otp.code(otp.SECRET, step * 5, step_s=5) for step in range(first, first + 20)]
        for now in shown:
            self.assertEqual(now[3], codes[codes.index(now[1]) + 1])

    @each([signal.SIGINT, signal.SIGTERM, signal.SIGHUP, "Ctrl-C"])
    def test_is_ended_and_leaves_nothing_behind_by(self, how):
        person = self.watch()
        before = person.terminal_settings()
        person.expect(r"left, then \d{6}")
        if how == "Ctrl-C":
            person.interrupt()
        else:
            person.send_signal(how)
        outcome = self.finish(person, 0)
        self.assertEqual(self.screen_of(outcome), ["Ctrl-C ends this.", ""])
        self.assertEqual(person.terminal_settings(), before)

    def test_stays_on_one_line_of_a_narrow_terminal(self):
        person = self.watch(columns=12)
        person.expect(r"\r\d{6} +\d+ *\r")
        person.interrupt()
        self.finish(person, 0)

    def test_refuses_what_is_no_terminal(self):
        path = self.secret_file(otp.SECRET)
        outcome = self.cowkey(None, "code", "--watch", "--secret-file", path, connect=False)
        self.assertEqual((outcome.status, outcome.stdout), (2, ""))
        self.assertRegex(outcome.stderr, "--watch needs a terminal")

    def test_refuses_to_be_read_by_a_program(self):
        path = self.secret_file(otp.SECRET)
        outcome = self.cowkey(None, "--json", "code", "--watch", "--secret-file", path, connect=False)
        self.assert_failed(outcome, 2, says="--watch")
