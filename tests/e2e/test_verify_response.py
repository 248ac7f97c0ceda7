"""verify assertion, verify registration: one response, judged without any server."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "agree"))

import responses
from case import Case, each

CHALLENGE = responses.b64url(responses.CHALLENGE)
OTHER = responses.b64url(bytes(32))
KEY = responses.Key(responses.ES256)
KEYS = {name: responses.Key(number) for name, number in responses.ALGORITHMS.items()}
BATCH = responses.Key(responses.ES256)
MAKER, STRANGER = responses.Vendor(), responses.Vendor("Other Keys")
FORMS = {"standard": lambda response: response, "mailcow": responses.of_mailcow}


class VerifyCase(Case):
    def verify(self, kind, response, *words, challenge=CHALLENGE, **how):
        if not isinstance(response, (str, bytes)):
            response = json.dumps(response)
        path = self.file("response.json", response)
        given = ("--challenge", challenge) if challenge else ()
        return self.cowkey(None, "--json", "verify", kind, path, *given, *words, connect=False, **how)

    def assertion(self, response, *words, key=KEY, **how):
        record = self.file("record.json", json.dumps(responses.record(key)))
        return self.verify("assertion", response, "--credential", record, *words, **how)

    def registration(self, response, *words, rp_id=responses.RP_ID, **how):
        given = ("--rp-id", rp_id) if rp_id else ()
        return self.verify("registration", response, *given, *words, **how)

    def assert_valid(self, outcome, **members):
        self.assertEqual(outcome.status, 0, outcome)
        document = outcome.document
        wanted = {"schema": "cowkey.verify/1", "valid": True, "reason": None} | members
        self.assertEqual({name: document.get(name) for name in wanted}, wanted, outcome)
        self.assertNotIn("advice", document)
        return document

    def assert_not_valid(self, outcome, reason):
        self.assertEqual(outcome.status, 1, outcome)
        document = outcome.document
        self.assertEqual((document["valid"], document["reason"]), (False, reason), outcome)
        self.assertTrue(document["explanation"] and document["advice"], outcome)

    def assert_unreadable(self, outcome, says):
        self.assert_failed(outcome, 2, says)


class Assertion(VerifyCase):
    @each({f"{name}-{form}": (name, form) for name in KEYS for form in FORMS})
    def test_accepts(self, name, form):
        key = KEYS[name]
        self.assert_valid(
            self.assertion(FORMS[form](responses.assertion(key)), key=key), method="assertion",
            credential_id=responses.b64url(key.id), rp_id=responses.RP_ID, alg=key.algorithm,
            sign_count=8, user_verified=True, user_present=True, challenge_checked=True)

    @each(list(KEYS))
    def test_refuses_a_signature_of_another_key(self, name):
        key = KEYS[name]
        response = responses.assertion(key, signer=responses.Key(key.algorithm))
        self.assert_not_valid(self.assertion(response, key=key), "signature")

    @each({"a response and its record": ["verify", "assertion", "-", "--credential", "-"],
           "a batch and its record": ["verify", "assertion", "--batch", "-", "--credential", "-"],
           "a response and the roots": ["verify", "registration", "-", "--rp-id", "a.test",
                                        "--roots", "-"]})
    def test_standard_input_is_not(self, words):
        outcome = self.cowkey(None, "--json", *words, "--any-challenge", connect=False)
        self.assert_failed(outcome, 2, "standard input can't be two", "cowkey verify .* --help")

    def test_from_standard_input(self):
        record = self.file("record.json", json.dumps(responses.record(KEY)))
        path = self.file("in", json.dumps(responses.assertion(KEY)))
        with open(path, "rb") as stdin:
            self.assert_valid(self.cowkey(None, "--json", "verify", "assertion", "-", "--credential",
                                          record, "--challenge", CHALLENGE, connect=False,
                                          stdin=stdin))

    @each(list(KEYS))
    def test_with_a_public_key(self, name):
        key = KEYS[name]
        path = self.file("key.pem", responses.pem(key))
        words = ("--public-key", path, "--rp-id", responses.RP_ID)
        self.assert_valid(self.verify("assertion", responses.assertion(key), *words))
        other = self.file("key.pem", responses.pem(responses.Key(key.algorithm)))
        self.assert_not_valid(self.verify("assertion", responses.assertion(key), "--public-key",
                                          other, "--rp-id", responses.RP_ID), "signature")

    def test_name_and_origin_that_are_no_text(self):
        path = self.file("key.pem", responses.pem(KEY))
        for words in (("--rp-id", b"\xff.example"),
                      ("--rp-id", responses.RP_ID, "--origin", b"https://\xff.example")):
            with self.subTest(words):
                self.assert_not_valid(self.verify("assertion", responses.assertion(KEY),
                                                  "--public-key", path, *words), "origin")

    def test_challenge(self):
        response = responses.assertion(KEY)
        self.assert_not_valid(self.assertion(response, challenge=OTHER), "challenge")
        self.assert_valid(self.assertion(response, "--any-challenge", challenge=None),
                          challenge_checked=False)
        self.assert_failed(self.assertion(response, challenge=None), 2, "challenge", "--challenge")

    def test_any_challenge_warns(self):
        record = self.file("record.json", json.dumps(responses.record(KEY)))
        path = self.file("response.json", json.dumps(responses.assertion(KEY)))
        outcome = self.cowkey(None, "verify", "assertion", path, "--credential", record,
                              "--any-challenge", connect=False, status=0)
        self.assertRegex(outcome.stderr, "challenge was not checked")
        self.assertRegex(outcome.stdout, r"\AValid: .*\n\Z")

    def test_origin(self):
        origin = responses.ORIGIN + ":8443"
        response = responses.assertion(KEY, origin=origin)
        self.assert_not_valid(self.assertion(response), "origin")
        self.assert_valid(self.assertion(response, "--origin", origin), origin=origin)
        self.assert_not_valid(self.assertion(responses.assertion(KEY), "--origin", origin), "origin")

    def test_user_verification(self):
        response = responses.assertion(KEY, flags=responses.PRESENT)
        self.assert_valid(self.assertion(response), user_verified=False)
        self.assert_valid(self.assertion(response, "--user-verification", "preferred"))
        self.assert_not_valid(self.assertion(response, "--user-verification", "required"),
                              "user-verified")

    @each({"as the record": (7, None, False), "more": (8, None, True), "less": (6, None, False),
           "as the option": (8, "8", False), "more than the option": (9, "8", True),
           "less than the record alone": (3, "2", True), "no counter": (0, "0", True)})
    def test_sign_count(self, count, last, is_valid):
        words = ("--last-count", last) if last else ()
        outcome = self.assertion(responses.assertion(KEY, count=count), *words)
        if is_valid:
            self.assert_valid(outcome, sign_count=count)
        else:
            self.assert_not_valid(outcome, "sign-count")

    @each({"of the owner": (responses.b64url(responses.USER), None), "none": (None, None),
           "of another": (responses.b64url(b"mallory"), "user-handle")})
    def test_user_handle(self, handle, reason):
        outcome = self.assertion(responses.assertion(KEY, user_handle=handle))
        if reason:
            self.assert_not_valid(outcome, reason)
        else:
            self.assert_valid(outcome)

    def test_another_credential(self):
        other = responses.Key(responses.ES256)
        self.assert_not_valid(self.assertion(responses.assertion(other)), "credential-id")

    def test_says_it_in_words(self):
        record = self.file("record.json", json.dumps(responses.record(KEY)))
        path = self.file("response.json", json.dumps(responses.assertion(KEY, rp_id="a.example")))
        outcome = self.cowkey(None, "verify", "assertion", path, "--credential", record,
                              "--challenge", CHALLENGE, connect=False, status=1)
        self.assertRegex(outcome.stdout, r"\ANot valid: the key signed for another server name\.\n\Z")
        self.assertRegex(outcome.stderr, "enroll it again")

    def test_record_of_an_enrollment_may_hold_more(self):
        record = responses.record(KEY) | {
            "schema": "cowkey.credential/1", "account": "alice@example.test", "date": "2026-11-23",
            "public_key_pem": responses.pem(KEY), "x5c": [], "fmt": "none", "transports": ["usb"],
            "aaguid": "10111213-1415-1617-1819-1a1b1c1d1e1f"}
        path = self.file("record.json", json.dumps(record))
        self.assert_valid(self.verify("assertion", responses.assertion(KEY), "--credential", path))


def damaged(part, how):
    """A registration or login with one member that can't be read."""
    return {**part, "response": {**part["response"], **how}}


class UnreadableAssertion(VerifyCase):
    @each({
        "nothing": ("", "not valid JSON"), "no JSON": ("{", "not valid JSON"),
        "cut": (json.dumps(responses.assertion(KEY))[:-9], "not valid JSON"),
        "a list": ("[]", "not a JSON object"), "a key twice": ('{"id":1,"id":2}', "twice"),
        "deep": ("[" * 100 + "]" * 100, "nests"), "too large": ('"' + "x" * 300_000 + '"', "more than"),
        "bytes that are no text": (b'{"id":"\xff"}', "not valid JSON"),
        "no id": ({"response": {}}, "'id' is missing"),
        "no signature": ({**responses.assertion(KEY), "response": {
            "clientDataJSON": "e30", "authenticatorData": "AQ"}}, "'response.signature' is missing"),
        "bad base64": (damaged(responses.assertion(KEY), {"signature": "AA=A"}),
                       "response.json: 'response.signature' is not valid base64"),
        "the other alphabet": (damaged(responses.assertion(KEY), {"signature": "++++"}),
                               "'response.signature' is not valid base64"),
        "client data that is no JSON": (responses.assertion(KEY, text=lambda _: b"{"),
                                        "clientDataJSON: the client data is not valid JSON"),
        "short data": (responses.assertion(KEY, data_text=lambda data: data[:36]),
                       "authenticatorData: the authenticator data is too short"),
        "more data": (responses.assertion(KEY, more=b"x"), "goes on after its end"),
        "extensions that are none": (responses.assertion(KEY, flags=0x85, more=b"\xff"),
                                     "extensions"),
    })
    def test_response(self, response, says):
        self.assert_unreadable(self.assertion(response), says)

    @each({
        "no JSON": ("x", "not valid JSON"), "no object": ("7", "not a JSON object"),
        "no key": ({"id": "AQ", "rp_id": "a"}, "record.json: 'public_key' is missing"),
        "no name": (responses.record(KEY, rp_id=""), "'rp_id' is missing or empty"),
        "negative count": (responses.record(KEY, sign_count=-1), "'sign_count' is -1 and not"),
        "huge count": (responses.record(KEY, sign_count=2 ** 32), "'sign_count' is 4294967296"),
        "huger count": (responses.record(KEY, sign_count=2 ** 64), "not valid JSON"),
        "cut key": (responses.record(KEY, public_key="pQEC"), "record.json: .*public.key.*canonical CBOR"),
        "other algorithm": (responses.record(KEY, alg=-257), "algorithm -7, and not for -257"),
        "unknown algorithm": (responses.record(KEY, public_key=responses.b64url(
            responses.cbor({1: 2, 3: -36, -1: 3, -2: bytes(66), -3: bytes(66)})), alg=-36),
            r"unknown algorithm \(-36\)"),
        "point off the curve": (responses.record(KEY, public_key=responses.b64url(
            responses.cbor({1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)}))), "not a point"),
    })
    def test_record(self, record, says):
        text = record if isinstance(record, str) else json.dumps(record)
        path = self.file("record.json", text)
        self.assert_unreadable(self.verify("assertion", responses.assertion(KEY), "--credential",
                                           path), says)

    @each({"text": ("hello\n", "no PEM text"), "nothing": ("", "no PEM text"),
           "cut": (responses.pem(KEY)[:90], "no PEM text"), "large": ("x" * 20_000, "more than"),
           "a certificate": (MAKER.pem.decode(), "no PEM text")})
    def test_public_key(self, text, says):
        path = self.file("key.pem", text)
        self.assert_unreadable(self.verify("assertion", responses.assertion(KEY), "--public-key",
                                           path, "--rp-id", responses.RP_ID), says)

    @each({
        "no credential": ((), "no credential"),
        "both": (("--credential", "a", "--public-key", "b"), "one of"),
        "key without a name": (("--public-key", "a"), "--rp-id"),
        "record with a name": (("--credential", "a", "--rp-id", "b"), "--rp-id"),
        "no such record": (("--credential", "/nowhere/record"), "/nowhere/record can't be read"),
        "two challenges": (("--any-challenge",), "one of"),
        "verification": (("--user-verification", "maybe"), "required or preferred"),
        "count": (("--last-count", "-1"), "--last-count"),
        "large count": (("--last-count", "4294967296"), "--last-count"),
        "empty count": (("--last-count", ""), "--last-count"),
        "empty origin": (("--origin", ""), "--origin"),
        "file and batch": (("--batch", "-"), "one of"),
    })
    def test_options(self, words, says):
        self.assert_unreadable(self.verify("assertion", responses.assertion(KEY), *words), says)

    @each({"no base64": ("a+b/", "--challenge"), "empty": ("", "--challenge"),
           "long": ("A" * 1400, "--challenge")})
    def test_challenge(self, challenge, says):
        record = self.file("record.json", json.dumps(responses.record(KEY)))
        path = self.file("response.json", json.dumps(responses.assertion(KEY)))
        self.assert_unreadable(
            self.cowkey(None, "--json", "verify", "assertion", path, "--credential", record,
                        "--challenge", challenge, connect=False), says)

    def test_files(self):
        for path, says in (("/nowhere/file", "/nowhere/file can't be read"), ("/", "can't be read")):
            with self.subTest(path):
                record = self.file("record.json", json.dumps(responses.record(KEY)))
                self.assert_unreadable(
                    self.cowkey(None, "--json", "verify", "assertion", path, "--credential", record,
                                "--challenge", CHALLENGE, connect=False), says)
        outcome = self.cowkey(None, "--json", "verify", "assertion", connect=False)
        self.assert_failed(outcome, 2, "nothing to verify", "standard input")


def made(form, key=KEY, **more):
    return responses.registration(key, form, vendor=MAKER, batch=BATCH, **more)


class Registration(VerifyCase):
    @each({f"{attestation}-{form}": (attestation, form)
           for attestation in ("none", "self", "x5c", "fido-u2f") for form in FORMS})
    def test_accepts(self, attestation, form):
        names = {"none": ("none", "none", None), "self": ("packed", "self", "authenticator-data"),
                 "x5c": ("packed", "certified", "authenticator-data"),
                 "fido-u2f": ("fido-u2f", "certified", "credential")}
        fmt, kind, signs = names[attestation]
        self.assert_valid(self.registration(FORMS[form](made(attestation))), method="registration",
                          credential_id=responses.b64url(KEY.id), fmt=fmt, attestation=kind,
                          attestation_signs=signs, attestation_trusted=None, alg=-7, sign_count=7, user_verified=True)

    @each(list(KEYS))
    def test_algorithms(self, name):
        self.assert_valid(self.registration(made("self", KEYS[name])), alg=KEYS[name].algorithm)

    @each(["x5c", "fido-u2f"])
    def test_roots(self, attestation):
        right = self.file("right.pem", MAKER.pem)
        both = self.file("both.pem", STRANGER.pem + MAKER.pem)
        wrong = self.file("wrong.pem", STRANGER.pem)
        response = made(attestation)
        for roots in (right, both):
            self.assert_valid(self.registration(response, "--roots", roots),
                              attestation_trusted=True)
        outcome = self.registration(response, "--roots", wrong)
        self.assert_not_valid(outcome, "attestation-root")
        self.assertRegex(outcome.document["cause"], "issuer")

    @each({"fido-u2f": ("fido-u2f", True), "x5c": ("x5c", False)})
    def test_people_are_told_what_is_not_signed(self, attestation, told):
        roots = self.file("roots.pem", MAKER.pem)
        path = self.file("response.json", json.dumps(made(attestation)))
        outcome = self.cowkey(None, "verify", "registration", path, "--rp-id", responses.RP_ID,
                              "--challenge", CHALLENGE, "--roots", roots, connect=False, status=0)
        self.assertIn("and trusted", outcome.stdout)
        self.assertEqual("but not the AAGUID" in outcome.stderr, told, outcome)

    @each(["none", "self"])
    def test_roots_and_no_certificate(self, attestation):
        roots = self.file("roots.pem", MAKER.pem)
        self.assert_not_valid(self.registration(made(attestation), "--roots", roots),
                              "attestation-root")

    @each({"text": "hello", "cut": MAKER.pem[:-40], "nothing": "",
           "encrypted": MAKER.pem.replace(b"-----\n", b"-----\nProc-Type: 4,ENCRYPTED\n"
                                          b"DEK-Info: AES-128-CBC," + b"5A" * 16 + b"\n\n", 1)})
    def test_roots_that_are_none(self, text):
        roots = self.file("roots.pem", text)
        outcome = self.registration(made("x5c"), "--roots", roots)
        self.assert_unreadable(outcome, "roots.pem")
        self.assertNotIn("pass phrase", outcome.stderr)

    @each({
        "type": ({"type": "webauthn.get"}, "type"),
        "origin": ({"origin": "https://evil.example"}, "origin"),
        "frame": ({"crossOrigin": True}, "cross-origin"),
        "rp": ({"rp_id": "other.example"}, "rp-id"),
        "untouched": ({"flags": 0x04}, "user-present"),
        "backup": ({"flags": 0x15}, "backup-state"),
        "reported id": ({"top": {"id": "AQ", "rawId": "AQ"}}, "credential-id"),
        "format": ({"stated": lambda fmt, members: ("tpm", members)}, "attestation-format"),
        "signature": ({"stated": lambda fmt, members: (fmt, {**members, "sig": b"x"})},
                      "attestation-signature"),
    })
    def test_refuses(self, changes, reason):
        self.assert_not_valid(self.registration(made("self", **changes)), reason)

    def test_name_that_is_no_text(self):
        outcome = self.registration(made("none"), rp_id=b"\xff.example")
        self.assert_not_valid(outcome, "origin")
        self.assertIn("example", outcome.document["rp_id"])

    def test_challenge_and_verification(self):
        self.assert_not_valid(self.registration(made("none"), challenge=OTHER), "challenge")
        self.assert_valid(self.registration(made("none"), "--any-challenge", challenge=None))
        self.assert_not_valid(self.registration(made("none", flags=0x01), "--user-verification",
                                                "required"), "user-verified")

    def test_record_serves_the_next_login(self):
        record = self.place / "kept.json"
        self.assert_valid(self.registration(made("x5c"), "--credential-out", record))
        self.assertEqual(os.stat(record).st_mode & 0o777, 0o600)
        self.assert_valid(self.verify("assertion", responses.assertion(KEY), "--credential", record))
        self.assert_unreadable(self.registration(made("x5c"), "--credential-out", record),
                               "exists already")

    def test_no_record_of_what_is_not_valid(self):
        record = self.place / "kept.json"
        self.assert_not_valid(self.registration(made("none", crossOrigin=True), "--credential-out",
                                                record), "cross-origin")
        self.assertFalse(record.exists())

    @each({
        "no name": ({"rp_id": None}, made("none"), "server name"),
        "no object": ({}, damaged(made("none"), {"attestationObject": None}),
                      "'response.attestationObject' is null"),
        "cut CBOR": ({}, made("none", object_text=lambda text: text[:-1]),
                     "attestationObject: the attestation object is not a map"),
        "more CBOR": ({}, made("none", object_text=lambda text: text + b"\0"), "canonical CBOR"),
        "no COSE": ({}, made("none", cose=b"\xa0"), "public key does not tell"),
        "unknown algorithm": ({}, made("none", cose=responses.cbor({1: 2, 3: -47})),
                              r"unknown algorithm \(-47\)"),
        "wrong key type": ({}, made("none", cose=responses.cbor(
            {1: 1, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)})), "another type or curve"),
        "client data": ({}, made("none", leave_out=("challenge",)), "no text as 'challenge'"),
        "large": ({}, damaged(made("none"), {"attestationObject": "A" * 90_000}),
                  "'response.attestationObject' has 67500 bytes"),
    })
    def test_unreadable(self, how, response, says):
        self.assert_unreadable(self.registration(response, **how), says)
