"""verify totp and verify hotp: is this the code of the secret? Without any server."""

import base64
import datetime
import hashlib
import json
import os

import otp
from case import Case, each

SECRET = otp.SECRET
NOW_S = 1795440015  # in the middle of a step
STEP = NOW_S // otp.STEP_S

# RFC 6238 appendix B and RFC 4226 appendix D name their keys in ASCII.
RFC_KEYS = {"SHA1": b"12345678901234567890", "SHA256": b"12345678901234567890123456789012",
            "SHA512": b"1234567890123456789012345678901234567890123456789012345678901234"}
RFC_6238 = {59: ("94287082", "46119246", "90693936"),
            1111111109: ("07081804", "68084774", "25091201"),
            1111111111: ("14050471", "67062674", "99943326"),
            1234567890: ("89005924", "91819424", "93441116"),
            2000000000: ("69279037", "90698825", "38618901"),
            20000000000: ("65353130", "77737706", "47863826")}
RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489"]
VECTORS = {f"{algorithm} at {moment}": (algorithm, moment, code) for moment, codes in RFC_6238.items()
           for algorithm, code in zip(RFC_KEYS, codes)}


def rfc_key(algorithm="SHA1"):
    return base64.b32encode(RFC_KEYS[algorithm]).decode().rstrip("=")


def uri(kind, secret=SECRET, **parameters):
    more = "".join(f"&{name}={value}" for name, value in parameters.items())
    return f"otpauth://{kind}/Example:bob?secret={secret}{more}"


class VerifyCase(Case):
    method = None

    def verify(self, *words, secret=SECRET, **how):
        self.secrets.add(SECRET)
        line = ["--json", "verify", self.method, *map(str, words)]
        if secret is not None:
            line += ["--secret-file", self.file("secret", secret + "\n")]
        return self.cowkey(None, *line, connect=False, **how)

    def assert_valid(self, outcome, **members):
        document = outcome.document
        wanted = {"method": self.method, "valid": True, "reason": None} | members
        self.assertEqual({name: document[name] for name in wanted}, wanted, outcome)

    def assert_not_valid(self, outcome, reason="code", **members):
        document = outcome.document
        wanted = {"method": self.method, "valid": False, "reason": reason} | members
        self.assertEqual({name: document[name] for name in wanted}, wanted, outcome)

    def assert_refused(self, outcome, says=None, hints=None):
        """The status that means bad input; and what was bad is named."""
        self.assert_failed(outcome, 2, says, hints)

    def on_standard_input(self, data, *words, **how):
        reading, writing = os.pipe()
        os.write(writing, data)
        os.close(writing)
        with os.fdopen(reading) as stdin:
            return self.verify(*words, stdin=stdin, **how)


class Totp(VerifyCase):
    method = "totp"

    def of(self, step, *words, secret=SECRET):
        """The verdict, now, on the code of a step."""
        code = otp.code(SECRET, step * otp.STEP_S)
        return self.verify(code, "--time", NOW_S, *words, secret=secret)

    @each(VECTORS)
    def test_of_the_rfc(self, algorithm, moment, code):
        words = ["--time", moment, "--digits", "8", "--algorithm", algorithm]
        secret = rfc_key(algorithm)
        self.assert_valid(self.verify(code, *words, secret=secret), step_offset=0,
                          step=moment // 30)
        text = uri("totp", secret, digits=8, algorithm=algorithm)
        self.assert_valid(self.verify(code, *words[:2], secret=text), step_offset=0)
        other = str((int(code) + 1) % 10**8).zfill(8)
        self.assert_not_valid(self.verify(other, *words, secret=secret), step_offset=None, step=None)

    @each([-1, 0, 1])
    def test_within_the_window(self, offset):
        self.assert_valid(self.of(STEP + offset), step_offset=offset, step=STEP + offset)

    @each([-2, 2])
    def test_out_of_the_window(self, offset):
        self.assert_not_valid(self.of(STEP + offset), step_offset=None, step=None)
        self.assert_valid(self.of(STEP + offset, "--window", "2"), step_offset=offset)

    def test_of_no_window(self):
        self.assert_valid(self.of(STEP, "--window", "0"), step_offset=0)
        self.assert_not_valid(self.of(STEP + 1, "--window", "0"))

    def test_now(self):
        otp.await_calm()
        self.assert_valid(self.verify(otp.code(SECRET)), step_offset=0)
        self.assert_not_valid(self.verify(otp.wrong_code(SECRET)))

    @each({"a minute": ({"step_s": 60}, {"period": 60}), "a second": ({"step_s": 1}, {"period": 1}),
           "seven digits": ({"digits": 7}, {"digits": 7}),
           "SHA256": ({"algorithm": hashlib.sha256}, {"algorithm": "SHA256"})})
    def test_parameters_of_a_uri_and_of_options(self, parameters, names):
        code = otp.code(SECRET, NOW_S, **parameters)
        in_uri = self.verify(code, "--time", NOW_S, secret=uri("totp", **names))
        self.assert_valid(in_uri, step_offset=0, step=NOW_S // parameters.get("step_s", 30))
        options = [word for name, value in names.items() for word in (f"--{name}", value)]
        self.assert_valid(self.verify(code, "--time", NOW_S, *options), step_offset=0)

    @each(["2026-11-23T13:20:15Z", "2026-11-23t13:20:15z", "2026-11-23 14:20:15.75+01:00",
           "2026-11-23T00:50:15-12:30"])
    def test_at_a_date(self, moment):
        self.assertEqual(datetime.datetime.fromtimestamp(NOW_S, datetime.UTC).isoformat(),
                         "2026-11-23T13:20:15+00:00")
        self.assert_valid(self.verify(otp.code(SECRET, NOW_S), "--time", moment), step=STEP)

    def test_replay(self):
        self.assert_valid(self.of(STEP, "--last-used", STEP - 1), step=STEP)
        self.assert_not_valid(self.of(STEP, "--last-used", STEP), "used", step_offset=0, step=STEP)
        self.assert_not_valid(self.of(STEP - 1, "--last-used", STEP), "used", step_offset=-1)
        self.assert_valid(self.of(STEP + 1, "--last-used", STEP), step_offset=1)
        self.assert_not_valid(self.of(STEP + 5, "--last-used", STEP), "code")

    def test_what_to_remember_serves_the_next_time(self):
        code = otp.code(SECRET, NOW_S)
        first = self.verify(code, "--time", NOW_S, "--last-used", 0)
        self.assert_valid(first)
        again = self.verify(code, "--time", NOW_S, "--last-used", first.document["step"])
        self.assert_not_valid(again, "used")

    @each({"its line": "{}\n", "no line end": "{}", "another line end": "{}\r\n",
           "groups": "{0:.3} {1}\n"})
    def test_on_standard_input(self, form):
        code = otp.code(SECRET, NOW_S)
        line = form.format(code, code[3:]).encode()
        self.assert_valid(self.on_standard_input(line, "--time", NOW_S), step_offset=0)

    @each({"nothing": b"", "an empty line": b"\n", "two lines": b"123456\n123456\n",
           "letters": b"12345x\n", "a NUL": b"123456\0", "too much": b"1" * 1000})
    def test_refuses_on_standard_input(self, data):
        self.assert_refused(self.on_standard_input(data), says="code")

    @each({"nothing": "", "letters": "12345x", "too few": "12345", "too many": "1234567",
           "a sign": "+12345", "other digits": "\u0661\u0662\u0663\u0664\u0665\u0666"})
    def test_refuses_as_code(self, text):
        self.assert_refused(self.verify(text), says="code")

    def test_asked_for(self):
        self.secrets.add(SECRET)
        person = self.sit_down(None, "--json", "verify", "totp", "--time", NOW_S, connect=False)
        person.ask("secret[^\n]*:")
        person.answer(SECRET)
        person.expect("code: *$")
        person.answer(otp.code(SECRET, NOW_S))
        self.assert_valid(self.finish(person), step_offset=0)

    def test_for_a_person(self):
        code = otp.code(SECRET, NOW_S)
        path = self.secret_file(SECRET)
        line = ["verify", "totp", "--secret-file", path, "--time", str(NOW_S), code]
        good = self.cowkey(None, *line, connect=False, status=0)
        self.assertRegex(good.stdout, rf"(?s)is valid\..*--last-used {STEP}\b")
        used = self.cowkey(None, *line, "--last-used", str(STEP), connect=False, status=1)
        self.assertRegex(used.stdout, "not valid.*used before")

    @each(["--digits 5", "--digits 9", "--digits x", "--digits", "--period 0", "--period 3601",
           "--period -30", "--period 18446744073709551646", "--window -1", "--window 121",
           "--window 99999999999999999999", "--time -1", "--time 1e9", "--time 99999999999999999999",
           "--time 2026-02-29T00:00:00Z", "--time 2026-11-23", "--time 2026-11-23T25:00:00Z",
           "--time 2026-11-23T00:00:00", "--time 1969-12-31T23:59:59Z",
           "--time 1970-01-01T00:00:00+00:01", "--last-used -1", "--last-used 9223372036854775808",
           "--algorithm MD5", "--algorithm", "--counter 1"])
    def test_refuses(self, words):
        option = words.split()[0]
        self.assert_refused(self.verify(*words.split(), "123456"), says=f"{option}|123456")

    @each(["digits=5", "digits=9", "period=0", "period=4294967326", "algorithm=MD5", "digits="])
    def test_refuses_a_uri_with(self, parameter):
        name = parameter.partition("=")[0]
        self.assert_refused(self.verify("123456", secret=uri("totp") + "&" + parameter), says=name)

    @each(["--algorithm SHA1", "--digits 6", "--period 30"])
    def test_refuses_with_a_uri(self, words):
        self.assert_refused(self.verify("123456", *words.split(), secret=uri("totp")), says="URI")

    def test_refuses_counters(self):
        outcome = self.verify("123456", secret=uri("hotp", counter=1))
        self.assert_refused(outcome, says="totp", hints="verify hotp")

    def test_refuses_another_word(self):
        self.assert_refused(self.verify("123456", "123456"), says="123456")

    def test_needs_no_server(self):
        self.server.needs_simulation()
        self.secrets.add(SECRET)
        self.cowkey(None, "verify", "totp", "--secret-file", self.secret_file(SECRET),
                    otp.wrong_code(SECRET), status=1)
        self.assert_nothing_sent()


class Batch(VerifyCase):
    method = "totp"

    def judge(self, lines, *words, secret=None, status=None, **how):
        """The results, one for each line, and the summary."""
        text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
        outcome = self.verify("--batch", self.file("batch", text), *words, secret=secret,
                              status=status, **how)
        *results, summary = map(json.loads, outcome.stdout.splitlines())
        for result in results:
            self.assertEqual(result["schema"], "cowkey.verify/1")
            self.assertEqual(result["valid"], result["reason"] is None)
        self.assertEqual([result["line"] for result in results], list(range(1, len(lines) + 1)))
        self.assertEqual(summary["summary"]["lines"], len(lines))
        return results

    def line(self, step=STEP, secret=SECRET, **members):
        return {"secret": secret, "code": otp.code(SECRET, step * otp.STEP_S), "time": NOW_S} | members

    def test_of_the_rfc(self):
        lines = [{"secret": rfc_key(algorithm), "code": code, "time": moment, "digits": 8,
                  "algorithm": algorithm} for algorithm, moment, code in VECTORS.values()]
        for result, (_, moment, _) in zip(self.judge(lines, status=0), VECTORS.values()):
            self.assertEqual((result["step_offset"], result["step"]), (0, moment // 30))

    def test_each_line_is_judged_by_its_own_terms(self):
        wrong = "%06d" % ((int(otp.code(SECRET, NOW_S)) + 1) % 10**6)
        cases = [(self.line(), None), (self.line(STEP - 1), None), (self.line(STEP + 2), "code"),
                 (self.line(STEP + 2, window=2), None), (self.line(STEP - 1, window=0), "code"),
                 (self.line(last_used=STEP - 1), None), (self.line(last_used=STEP), "used"),
                 (self.line(code=wrong), "code"), (self.line(time="2026-11-23T13:20:15Z"), None),
                 (self.line(secret=uri("totp")), None), (self.line(secret=uri("totp", digits=8)), "unreadable"),
                 (self.line(code=otp.code(SECRET, NOW_S, step_s=60), period=60), None)]
        results = self.judge([line for line, _ in cases], status=1)
        self.assertEqual([result["reason"] for result in results], [reason for _, reason in cases])

    def test_options_are_for_lines_that_do_not_tell(self):
        code = otp.code(SECRET, NOW_S, digits=8)
        lines = [{"code": code}, {"code": code, "time": 0}, {"code": code, "last_used": STEP},
                 {"code": "755224", "secret": rfc_key(), "digits": 6, "time": 0}]
        results = self.judge(lines, "--time", NOW_S, "--digits", 8, secret=SECRET, status=1)
        self.assertEqual([result["reason"] for result in results], [None, "code", "used", None])

    def test_parameters_of_a_uri_are_not_for_the_secrets_of_lines(self):
        lines = [{"code": otp.code(SECRET, NOW_S, digits=8)}, self.line()]
        results = self.judge(lines, "--time", NOW_S, secret=uri("totp", digits=8), status=0)
        self.assertEqual(len(results), 2)

    def test_no_line_is_judged_by_the_secret_of_another(self):
        """Bare, escaped and in a URI, with other hashes and without: what came before leaves no trace."""
        longer = SECRET + "A" * 96
        escaped = "".join(f"\\u{ord(c):04x}" for c in otp.OTHER_SECRET)
        raw = json.dumps(self.line(secret="HERE", code=otp.code(otp.OTHER_SECRET, NOW_S))).replace("HERE", escaped)
        lines = [self.line(), self.line(secret=otp.OTHER_SECRET), self.line(secret=longer),
                 {"code": otp.code(otp.OTHER_SECRET, NOW_S)},
                 self.line(secret=uri("totp")), raw, self.line(algorithm="SHA512"),
                 self.line(algorithm="SHA512", code=otp.code(SECRET, NOW_S, algorithm="sha512"))]
        rows = self.judge(lines * 3, "--time", NOW_S, secret=otp.OTHER_SECRET, status=1)
        self.assertEqual([row["reason"] for row in rows],
                         [None, "code", "code", None, None, None, "code", None] * 3)

    BAD = {"no JSON": "nonsense", "no object": "[]", "nothing": "{}", "no code": {"code": None},
           "a number as code": {"code": 123456}, "letters": {"code": "12345x"},
           "too few digits": {"code": "12345"}, "no secret": {"code": "123456", "secret": None},
           "a bad secret": {"secret": "MADEUP01"}, "counters": {"secret": uri("hotp", counter=1)},
           "a bad URI": {"secret": uri("totp", period=0)}, "no period": {"period": 0},
           "five digits": {"digits": 5}, "another algorithm": {"algorithm": "MD5"},
           "a negative time": {"time": -1}, "a broken time": {"time": 1.5}, "no day": {"time": "2026-02-30"},
           "a large time": {"time": 10**12}, "a large window": {"window": 121},
           "a negative step": {"last_used": -1}, "a secret twice": '{"secret":"A","secret":"A"}'}

    @each(BAD)
    def test_unreadable_lines_are_told_and_the_others_go_on(self, members):
        line = self.line() | members if isinstance(members, dict) else members
        if isinstance(members, dict) and members.get("code", "") is None:
            del line["code"]
        results = self.judge([self.line(), line, self.line()], status=1)
        self.assertEqual([result["reason"] for result in results], [None, "unreadable", None])
        self.assertEqual(results[1]["error"]["status"], 2)
        self.assertNotIn("MADEUPMADE", json.dumps(results[1]))

    def test_on_standard_input(self):
        data = json.dumps(self.line()).encode()
        outcome = self.on_standard_input(data, "--batch", "-", secret=None, status=0)
        self.assertEqual(json.loads(outcome.stdout.splitlines()[0])["valid"], True)

    def test_asks_for_no_secret(self):
        person = self.sit_down(None, "verify", "totp", "--batch", self.file("batch", "{}\n"),
                               connect=False)
        self.assertIn("'secret' is missing", self.finish(person, 1).stdout)

    def test_refuses_a_code_besides(self):
        outcome = self.verify("123456", "--batch", self.file("batch", ""), secret=None)
        self.assert_refused(outcome, says="--batch")

    def test_refuses_a_file_that_is_missing(self):
        self.assert_refused(self.verify("--batch", "/nonexistent", secret=None), says="/nonexistent")


class Hotp(VerifyCase):
    method = "hotp"

    def of(self, counter, *words, secret=None):
        return self.verify(RFC_4226[counter], *words, secret=secret or rfc_key())

    @each(list(range(len(RFC_4226))))
    def test_of_the_rfc(self, counter):
        exact = ["--counter", counter, "--window", "0"]
        self.assert_valid(self.of(counter, *exact), step_offset=0, counter=counter,
                          next_counter=counter + 1)
        self.assert_not_valid(self.of((counter + 1) % 10, *exact), step_offset=None, counter=None,
                              next_counter=counter)

    def test_looks_ahead_and_never_back(self):
        self.assert_valid(self.of(4, "--counter", 3), step_offset=1, counter=4, next_counter=5)
        self.assert_not_valid(self.of(5, "--counter", 3), next_counter=3)
        self.assert_valid(self.of(9, "--counter", 3, "--window", 6), step_offset=6)
        self.assert_not_valid(self.of(2, "--counter", 3, "--window", 1000))

    def test_what_to_remember_serves_the_next_time(self):
        first = self.of(3, "--counter", 3)
        following = ["--counter", first.document["next_counter"]]
        self.assert_not_valid(self.of(3, *following))
        self.assert_valid(self.of(4, *following), counter=4)

    def test_counter_of_a_uri(self):
        text = uri("hotp", rfc_key(), counter=7)
        self.assert_valid(self.of(7, secret=text), step_offset=0, next_counter=8)
        self.assert_not_valid(self.of(6, secret=text), next_counter=7)
        self.assert_valid(self.of(2, "--counter", 2, secret=text), counter=2)

    @each(["SHA256", "SHA512"])
    def test_of_other_hashes(self, algorithm):
        code = otp.code(SECRET, 99, step_s=1, digits=8, algorithm=algorithm.lower())
        text = uri("hotp", counter=99, digits=8, algorithm=algorithm)
        self.assert_valid(self.verify(code, secret=text), counter=99)
        options = ["--counter", 98, "--digits", 8, "--algorithm", algorithm.lower()]
        self.assert_valid(self.verify(code, *options), step_offset=1)

    def test_of_the_largest_counter(self):
        largest = 2**63 - 1002
        code = otp.code(SECRET, largest, step_s=1)
        self.assert_valid(self.verify(code, "--counter", largest), next_counter=largest + 1)
        self.assert_refused(self.verify(code, "--counter", largest + 1), says="--counter")

    @each(["--counter -1", "--counter x", "--counter 99999999999999999999", "--window 1001",
           "--counter 1 --time 1", "--counter 1 --period 30", "--counter 1 --last-used 1", "",
           "--counter 1 --digits 9"])
    def test_refuses(self, words):
        option = (words or "--counter").split()[-2 if words else 0]
        self.assert_refused(self.verify("123456", *words.split()), says=option)

    @each(["counter=-1", "counter=99999999999999999999", "counter=", "digits=9"])
    def test_refuses_a_uri_with(self, parameter):
        name = parameter.partition("=")[0]
        self.assert_refused(self.verify("123456", secret=uri("hotp") + "&" + parameter), says=name)

    def test_refuses_steps_of_time(self):
        outcome = self.verify("123456", "--counter", "1", secret=uri("totp"))
        self.assert_refused(outcome, says="hotp", hints="verify totp")

    def test_for_a_person(self):
        path = self.file("secret", rfc_key())
        line = ["verify", "hotp", "--secret-file", path, "--counter", "3"]
        good = self.cowkey(None, *line, RFC_4226[4], connect=False, status=0)
        self.assertRegex(good.stdout, r"(?s)is valid, 1 ahead.*--counter 5\b")
        self.assertIn("not valid", self.cowkey(None, *line, RFC_4226[2], connect=False, status=1).stdout)
