"""--batch: a line of result for each line, in order, whatever the lines are and whoever reads."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "agree"))

import responses
from case import Case, each

CHALLENGE = responses.b64url(responses.CHALLENGE)
KEYS = [responses.Key(responses.ES256) for _ in range(3)]
LINE_MAX = 256 * 1024
LONG = 20_000  # lines that take a while


def line(key=KEYS[0], count=8, **changes):
    whole = {"response": responses.assertion(key, count=count), "challenge": CHALLENGE,
             "credential": responses.record(key)} | changes
    return json.dumps({name: value for name, value in whole.items() if value is not None})


class BatchCase(Case):
    def batch(self, lines, *words, kind="assertion", end="\n", status=None):
        text = end.join(lines) + end if lines else ""
        path = self.file("lines", text)
        return self.cowkey(None, "--json", "verify", kind, "--batch", path, *words, connect=False,
                           status=status)

    def results(self, outcome):
        """The results, after a look at the summary and the numbers."""
        *rows, last = [json.loads(text) for text in outcome.stdout.splitlines()]
        self.assertEqual([row["line"] for row in rows], list(range(1, len(rows) + 1)))
        for row in rows:
            self.assertEqual(row["schema"], "cowkey.verify/1")
            self.assertEqual(row["valid"], row["reason"] is None, row)
        bad = sum(row["reason"] == "unreadable" for row in rows)
        valid = sum(row["valid"] for row in rows)
        self.assertEqual(last["summary"], {
            "lines": len(rows), "valid": valid, "not_valid": len(rows) - valid - bad, "bad": bad,
            "interrupted": outcome.status == 130})
        return rows


class Batch(BatchCase):
    def test_nothing(self):
        self.assertEqual(self.results(self.batch([], status=0)), [])

    def test_all_valid(self):
        lines = [line(key, 8 + i) for i in range(20) for key in KEYS]
        rows = self.results(self.batch(lines, status=0))
        self.assertEqual([row["sign_count"] for row in rows], [8 + i // 3 for i in range(60)])
        self.assertEqual([row["credential_id"] for row in rows[:3]],
                         [responses.b64url(key.id) for key in KEYS])

    def test_order_and_reasons(self):
        """Thousands of lines, of which every seventh and eleventh is wrong in its own way."""
        good, wrong, bad = line(), line(count=7), "{"
        lines = [bad if i % 11 == 0 else wrong if i % 7 == 0 else good for i in range(3000)]
        rows = self.results(self.batch(lines, status=1))
        self.assertEqual([row["reason"] for row in rows],
                         ["unreadable" if i % 11 == 0 else "sign-count" if i % 7 == 0 else None
                          for i in range(3000)])

    @each({
        "empty": ("", "not valid JSON"), "no object": ("7", "'response' is missing"),
        "no response": ("{}", "'response' is missing"), "two": ("{} {}", "not valid JSON"),
        "a response alone": (json.dumps(responses.assertion(KEYS[0])), "'credential' is missing"),
        "no credential": (line(credential=None), "'credential' is missing"),
        "no challenge": (line(challenge=None), "challenge .* is not given"),
        "challenge": (line(challenge="*"), "'challenge' is not valid base64"),
        "two credentials": (line(public_key_pem=responses.pem(KEYS[0])), "one of 'credential'"),
        "credential": (line(credential={"id": 1}), "'credential': 'id' is not text"),
        "member": (line(response={"id": "AQ", "response": {}}), "'response': 'rawId' is missing"),
        "origin": (line(origin=7), "'origin' is not text"),
        "verification": (line(user_verification="x"), "'user_verification' is required or preferred"),
        "count": (line(last_count=-1), "'last_count' is not a whole number"),
        "key without a name": (line(credential=None, public_key_pem=responses.pem(KEYS[0])),
                               "needs 'rp_id'"),
        "key": (line(credential=None, rp_id="a", public_key_pem="x"), "'public_key_pem': .*PEM"),
        "too long": ("x" * (LINE_MAX + 1), "more than 262144 bytes"),
        "much too long": ("x" * (3 * LINE_MAX), "more than 262144 bytes"),
    })
    def test_bad_line_does_not_stop_the_rest(self, bad, says):
        rows = self.results(self.batch([line(), bad, line()], status=1))
        self.assertEqual([row["reason"] for row in rows], [None, "unreadable", None])
        error = rows[1]["error"]
        self.assertRegex(error["error"], says)
        self.assertEqual(error["status"], 2)

    @each({"the longest": LINE_MAX, "one more": LINE_MAX + 1})
    def test_length(self, size):
        text = line()
        padded = text[:-1] + " " * (size - len(text)) + "}"
        rows = self.results(self.batch([padded, text]))
        self.assertEqual([row["valid"] for row in rows], [size == LINE_MAX, True])

    @each({"without": "", "of Windows": "\r\n"})
    def test_line_end(self, end):
        path = self.file("lines", (end or "\n").join([line(), line()]) + end)
        outcome = self.cowkey(None, "verify", "assertion", "--batch", path, connect=False, status=0)
        self.assertEqual(len(self.results(outcome)), 2)

    def test_options_are_for_lines_without_their_own(self):
        record = self.file("record.json", json.dumps(responses.record(KEYS[0])))
        own = line(KEYS[1])
        bare = json.dumps({"response": responses.assertion(KEYS[0])})
        rows = self.results(self.batch(
            [own, bare, line(challenge=responses.b64url(bytes(32))), line(last_count=100)],
            "--credential", record, "--challenge", CHALLENGE))
        self.assertEqual([row["reason"] for row in rows], [None, None, "challenge", "sign-count"])

    def test_any_challenge_is_for_lines_without_one(self):
        other = responses.b64url(bytes(32))
        rows = self.results(self.batch([line(challenge=None), line(challenge=other), line()],
                                       "--any-challenge"))
        self.assertEqual([row["reason"] for row in rows], [None, "challenge", None])

    def test_name_of_the_line(self):
        """It is the line's where a key has none, and never other than the record's."""
        bare = {"credential": None}
        lines = [line(**bare), line(**bare, rp_id=responses.RP_ID), line(**bare, rp_id="b.example")]
        pem = self.file("key.pem", responses.pem(KEYS[0]))
        rows = self.results(self.batch(lines, "--public-key", pem, "--rp-id", responses.RP_ID))
        self.assertEqual([row["reason"] for row in rows], [None, None, "origin"])
        rows = self.results(self.batch(lines, "--public-key", pem, "--rp-id", responses.RP_ID,
                                       "--origin", responses.ORIGIN))
        self.assertEqual([row["reason"] for row in rows], [None, None, "rp-id"])
        record = self.file("record.json", json.dumps(responses.record(KEYS[0])))
        lines.append(line(rp_id="b.example"))
        rows = self.results(self.batch(lines, "--credential", record))
        self.assertEqual([row["reason"] for row in rows],
                         [None, None, "unreadable", "unreadable"])
        self.assertIn("rp_id", rows[2]["error"]["error"])

    def test_public_keys(self):
        lines = [line(credential=None, rp_id=responses.RP_ID, public_key_pem=responses.pem(key))
                 for key in KEYS]
        rows = self.results(self.batch(lines))
        self.assertEqual([row["reason"] for row in rows], [None, "signature", "signature"])

    def test_registrations(self):
        batch, maker = responses.Key(responses.ES256), responses.Vendor()
        forms = ("none", "self", "x5c", "fido-u2f")
        lines = [json.dumps({"response": responses.registration(KEYS[0], form, vendor=maker,
                                                                batch=batch)}) for form in forms]
        words = ("--rp-id", responses.RP_ID, "--challenge", CHALLENGE)
        rows = self.results(self.batch(lines, *words, kind="registration", status=0))
        self.assertEqual([row["attestation"] for row in rows],
                         ["none", "self", "certified", "certified"])
        roots = self.file("roots.pem", maker.pem)
        rows = self.results(self.batch(lines, *words, "--roots", roots, kind="registration",
                                       status=1))
        self.assertEqual([row["reason"] for row in rows],
                         ["attestation-root", "attestation-root", None, None])
        self.assertEqual([row["attestation_trusted"] for row in rows], [False, False, True, True])

    def test_file_that_is_none(self):
        for path in ("/nowhere/lines", "/"):
            with self.subTest(path):
                self.assert_failed(self.cowkey(None, "--json", "verify", "assertion", "--batch", path,
                                               connect=False), 2, "batch file")

    def test_a_key_that_changes_under_the_same_id(self):
        """What a worker keeps of a key goes by the key, not by the credential's name."""
        other = responses.record(KEYS[1]) | {"id": responses.b64url(KEYS[0].id)}
        rows = self.results(self.batch([line(), line(credential=other), line()] * 5))
        self.assertEqual([row["reason"] for row in rows], [None, "signature", None] * 5)


class Stream(BatchCase):
    """Lines that come through a pipe, and who is at its ends."""

    def start_batch(self, **popen):
        return self.start(None, "verify", "assertion", "--batch", "-", connect=False,
                          stdin=subprocess.PIPE, **popen)

    def test_answers_at_once(self):
        run = self.start_batch()
        for number in (1, 2, 3):
            os.write(run.process.stdin.fileno(), (line() + "\n").encode())
            self.assertEqual(json.loads(run.process.stdout.readline())["line"], number)
        self.finish(run, 0)

    def test_line_in_pieces(self):
        run = self.start_batch()
        text = (line() + "\n").encode()
        for i in range(0, len(text), 100):
            os.write(run.process.stdin.fileno(), text[i:i + 100])
        self.assertTrue(json.loads(run.process.stdout.readline())["valid"])
        self.finish(run, 0)

    @each({"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM})
    def test_interrupt_while_it_waits(self, number):
        run = self.start_batch()
        os.write(run.process.stdin.fileno(), (line() + "\n").encode())
        first = run.process.stdout.readline().decode()
        run.interrupt(number)
        summary = run.process.stdout.readline().decode()
        outcome = self.finish(run, 130)
        outcome.stdout = first + summary
        self.assertEqual(len(self.results(outcome)), 1)

    @each({"of lines": ["--batch"], "of a response": ["--any-challenge", "--rp-id", "a.example"]})
    def test_interrupt_before_somebody_writes(self, words):
        """A named pipe without a writer: opening it is where the program waits."""
        pipe = self.place / "pipe"
        os.mkfifo(pipe)
        run = self.start(None, "verify", "registration", *words, pipe, connect=False)
        status = Path(f"/proc/{run.process.pid}/status")
        while not int(re.search(r"SigCgt:\s*(\w+)", status.read_text())[1], 16) & 1 << signal.SIGINT - 1:
            time.sleep(0.01)
        while run.process.poll() is None:  # one that comes before it waits does not wake it up
            run.interrupt()
            time.sleep(0.01)
        self.assertIn("interrupted", self.finish(run, 130).stderr)

    def test_interrupt_at_work(self):
        path = self.file("lines", (line() + "\n") * LONG)
        run = self.start(None, "verify", "assertion", "--batch", path, connect=False)
        first = run.process.stdout.readline().decode()
        run.interrupt()
        rest = run.process.stdout.read().decode()
        outcome = self.finish(run, 130)
        outcome.stdout = first + rest
        self.assertLess(len(self.results(outcome)), LONG)

    def test_interrupt_while_nobody_reads(self):
        path = self.file("lines", (line() + "\n") * LONG)
        run = self.start(None, "verify", "assertion", "--batch", path, connect=False)
        run.process.stdout.read(1)
        run.interrupt()
        self.assertEqual(run.process.wait(60), 130)

    def test_reader_that_leaves(self):
        path = self.file("lines", (line() + "\n") * LONG)
        run = self.start(None, "verify", "assertion", "--batch", path, connect=False)
        run.process.stdout.readline()
        run.process.stdout.close()
        self.assertEqual(run.process.wait(60), 3)
        self.assertIn(b"could not be written", run.process.stderr.read())
        run.process.stdout = open(os.devnull, "rb")

    @each({"a pipe": os.pipe, "what can't be opened": lambda: [end.detach() for end in socket.socketpair()]})
    def test_output_stays_as_others_have_it(self, make):
        """Whoever shares it finds that it waits as before."""
        path = self.file("lines", (line() + "\n") * 1000)
        ours, theirs = make()
        run = self.start(None, "verify", "assertion", "--batch", path, connect=False, stdout=theirs)
        with open(ours, "rb") as reader:
            rows = [json.loads(reader.readline()) for _ in range(1001)]
            self.assertFalse(fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK)
            os.close(theirs)
        self.finish(run, 0)
        self.assertEqual(rows[-1]["summary"]["valid"], 1000)

    def test_full_disk(self):
        path = self.file("lines", line() + "\n")
        with open("/dev/full", "wb") as full:
            outcome = self.cowkey(None, "verify", "assertion", "--batch", path, connect=False,
                                  stdout=full)
        self.assertEqual(outcome.status, 3, outcome)
        self.assertIn("could not be written", outcome.stderr)
