"""enroll webauthn and passkey, when nothing is in the way: every role, every sort of key, the cost."""

import subprocess
import uuid

import softkey
from case import ROLES, each, in_every_dialect
from key_case import KINDS, MAKE, PIN, SIGN, KeyCase, octets, read_json

EVERY_KIND_AND_ROLE = {f"{kind}-{role}": (kind, role) for kind in KINDS for role in ROLES}

# Algorithms by the names of COSE.
ES256, EDDSA, RS256 = -7, -8, -257


@in_every_dialect
class Enrolled(KeyCase):
    @each(EVERY_KIND_AND_ROLE)
    def test_is_proved_by_a_login(self, kind, role):
        account = self.server.of_role(role)
        key = self.key_for(kind)
        document = self.assert_key_enrolled(self.enroll_key(account, kind), account, kind)
        (kept,) = key.credentials(resident=True) or key.credentials()
        self.assertEqual(kept["id"], octets(document["credential"]["id"]).hex())
        self.assertEqual(kept["rp_id"], self.server.host)
        self.assertEqual((kept["user_name"], bytes.fromhex(kept["user_id"]).decode()),
                         (account.name, account.name))

    @each(EVERY_KIND_AND_ROLE)
    def test_keeps_to_recorded_when_asked(self, kind, role):
        account = self.server.of_role(role)
        key = self.key_for(kind)
        outcome = self.enroll_key(account, kind, "--proof", "recorded")
        self.assert_key_enrolled(outcome, account, kind, result="recorded", proof="recorded")
        self.assertEqual(key.asked(SIGN), [], "the key was asked to log in")
        self.assert_refusals(0)

    @each(EVERY_KIND_AND_ROLE)
    def test_in_the_list_has_the_id_that_was_told(self, kind, role):
        account = self.server.of_role(role)
        self.key_for(kind)
        document = self.enroll_key(account, kind).document
        listed = self.cowkey(account, "--json", "list", status=0).document
        name = "factors" if kind == "webauthn" else "passkeys"
        self.assertEqual([(row["id"], row["label"]) for row in listed[name]],
                         [(str(document["factor_id"]), document["label"])])

    @each({f"{kind}-{label}": (kind, label) for kind in KINDS
           for label in ("blue key", "schlüssel ü & <b>\"'", "x" * 255)})
    def test_has_the_label_that_was_wished(self, kind, label):
        self.key_for(kind)
        outcome = self.enroll_key(self.da1, kind, "--label", label)
        self.assert_key_enrolled(outcome, self.da1, kind, label=label)


class Documents(KeyCase):
    @each(KINDS)
    def test_describe_the_credential(self, kind):
        key = self.key_for(kind)
        credential = self.enroll_key(self.da1, kind).document["credential"]
        self.assertEqual(
            (credential["fmt"], credential["alg"], credential["user_verified"],
             credential["aaguid"]),
            ("packed", ES256, kind == "passkey", str(uuid.UUID(key.ctl()["settings"]["aaguid"]))))

    @each(KINDS)
    def test_say_where_a_key_works(self, kind):
        """In a person's words, too."""
        self.key_for(kind)
        outcome = self.cowkey(self.da1, "--yes", "enroll", kind, "--pin-file", self.pin_file,
                              status=0)
        self.assertRegex(outcome.stdout, "(?i)enrolled.*login")
        self.assertRegex(outcome.stdout + outcome.stderr, f"{self.server.host} only")

    @each(KINDS)
    def test_of_a_totp_have_no_credential(self, kind):
        self.key_for(kind)
        self.assertNotIn("credential", self.enroll(self.da1).document)


class Records(KeyCase):
    """--credential-out: what is worth keeping of a credential, and no secret."""

    @property
    def record(self):
        return self.place / "record.json"

    def enroll_with_record(self, kind, **how):
        return self.enroll_key(self.da1, kind, "--credential-out", self.record, **how)

    @each({f"{kind}-{name}": (kind, algorithm) for kind in KINDS
           for name, algorithm in (("ES256", ES256), ("RS256", RS256))})
    def test_hold_the_public_key_of_what_the_key_keeps(self, kind, algorithm):
        key = self.key_for(kind, algorithms=[algorithm])
        outcome = self.enroll_with_record(kind)
        record = read_json(self.record)
        (kept,) = key.credentials()
        self.assertEqual(record["id"], outcome.document["credential"]["id"])
        self.assertEqual(octets(record["id"]).hex(), kept["id"])
        pem = subprocess.run(["openssl", "pkey", "-inform", "DER", "-pubout"], check=True,
                             input=bytes.fromhex(kept["key"]), capture_output=True).stdout
        self.assertEqual(record["public_key_pem"].strip(), pem.decode().strip())
        self.assertEqual(record["alg"], algorithm)
        self.assert_same_key(octets(record["public_key"]), pem, algorithm)

    def assert_same_key(self, cose, pem, algorithm):
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], check=True,
                             input=pem, capture_output=True).stdout
        if algorithm == ES256:  # both end with the point's coordinates
            self.assertIn(der[-64:-32], cose)
            self.assertIn(der[-32:], cose)
        else:  # the modulus, then the exponent
            self.assertIn(der[-256 - 5:-5], cose)

    @each(KINDS)
    def test_say_whose_it_is(self, kind):
        self.key_for(kind)
        document = self.enroll_with_record(kind).document
        record = read_json(self.record)
        self.assertEqual(self.record.stat().st_mode & 0o777, 0o600)
        self.assertEqual(record["schema"], "cowkey.credential/1")
        self.assertEqual(record["account"], self.da1.name)
        self.assertEqual(octets(record["user_handle"]).decode(), self.da1.name)
        self.assertEqual(record["server"], document["server"])
        for name in ("rp_id", "aaguid", "fmt", "alg", "user_verified", "resident", "sign_count"):
            self.assertEqual(record[name], document["credential"][name], name)

    @each(KINDS)
    def test_never_replace_a_file(self, kind):
        key = self.key_for(kind)
        self.record.write_text("mine")
        outcome = self.enroll_with_record(kind, status=2)
        self.assert_untouched(outcome, self.da1, kind, 2, says="exists")
        self.assertEqual(self.record.read_text(), "mine")
        self.assert_never_asked(key)

    @each(KINDS)
    def test_of_nothing_are_not_written(self, kind):
        self.key_for(kind).fault(MAKE, "status", code=softkey.OPERATION_DENIED, times=-1)
        self.assert_untouched(self.enroll_with_record(kind, status=None), self.da1, kind)
        self.assertFalse(self.record.exists())

    @each(KINDS)
    def test_that_can_t_be_written_are_told_of_before(self, kind):
        key = self.key_for(kind)
        outcome = self.enroll_key(self.da1, kind, "--credential-out", self.place / "no" / "where",
                                  status=None)
        self.assert_untouched(outcome, self.da1, kind, 2, says="no file can be made")
        self.assert_never_asked(key)

    @each({f"{kind}-{proof}": (kind, proof, word) for kind in KINDS
           for proof, word in (("login", "enrolled"), ("recorded", "in the server's list"))})
    def test_that_can_t_be_written_in_the_end_promise_no_more(self, kind, proof, word):
        key = self.key_for(kind, touch="never")
        run = self.start_enrolling(self.da1, kind, "--proof", proof, "--credential-out",
                                   self.record)
        key.await_blinking(MAKE)
        self.record.write_text("mine")
        key.ctl(touch="instant", press=True)
        outcome = self.finish(run)
        self.assert_failed(outcome, 4, says="not written")
        self.assertIn(word, outcome.error["error"])
        self.assertEqual((outcome.document["proof"], self.record.read_text()), (proof, "mine"))


@in_every_dialect
class WhatTheKeyIsAsked(KeyCase):
    """Resident and verified for passkeys; for second factors neither."""

    @each({f"{kind}-{role}": (kind, role) for kind in KINDS for role in ROLES[1:]})
    def test_to_make(self, kind, role):
        key = self.key(pin=PIN)
        self.enroll_key(self.server.of_role(role), kind)
        (made,) = key.made()
        self.assertEqual((made["rk"], made["uv_done"]), (kind == "passkey",) * 2)
        self.assertEqual(made["rp_id"], self.server.host)
        self.assertEqual(len(key.credentials(resident=True)), int(kind == "passkey"))
        self.assertTrue(all(line["uv_done"] == (kind == "passkey")
                            for line in key.asked(SIGN) if line["outcome"] == "OK"))

    def test_to_answer_with_one_credential_and_no_other(self):
        """The proof names the new credential only; a passkey's names none, as browsers do."""
        key = self.key(pin=PIN)
        self.enroll_key(self.da1, "webauthn")
        self.assertEqual(key.last(SIGN)["allow"], 1)
        self.enroll_key(self.da1, "passkey")
        self.assertEqual(key.last(SIGN)["allow"], 0)

    def test_a_second_factor_takes_no_pin_that_the_key_does_not_want(self):
        key = self.key(pin=PIN)
        self.enroll_key(self.da1, "webauthn")
        self.assertEqual(key.log("clientPIN"), [])


class SortsOfKeys(KeyCase):
    @each({f"{kind}-{attestation}": (kind, attestation, fmt) for kind in KINDS
           for attestation, fmt in (("batch", "packed"), ("self", "packed"), ("none", "none"))})
    def test_attestation(self, kind, attestation, fmt):
        self.key_for(kind, attestation=attestation)
        document = self.assert_key_enrolled(self.enroll_key(self.bob, kind), self.bob, kind)
        self.assertEqual(document["credential"]["fmt"], fmt)

    @each({f"{kind}-{name}": (kind, algorithms, chosen) for kind in KINDS
           for name, algorithms, chosen in (("RS256 only", [RS256], RS256),
                                            ("RS256 first", [RS256, ES256], ES256))})
    def test_algorithm(self, kind, algorithms, chosen):
        """The server's order counts, not the key's."""
        self.key_for(kind, algorithms=algorithms)
        document = self.assert_key_enrolled(self.enroll_key(self.bob, kind), self.bob, kind)
        self.assertEqual(document["credential"]["alg"], chosen)

    @each(KINDS)
    def test_without_any_algorithm_that_the_server_takes(self, kind):
        self.key_for(kind, algorithms=[EDDSA])
        outcome = self.enroll_key(self.bob, kind, status=None)
        self.assert_untouched(outcome, self.bob, kind, says="algorithm")

    @each(ROLES)
    def test_u2f_only_is_a_second_factor(self, role):
        account = self.server.of_role(role)
        key = self.key(u2f_only=True)
        outcome = self.enroll_key(account, "webauthn")
        document = self.assert_key_enrolled(outcome, account, "webauthn")
        self.assertEqual(document["credential"]["fmt"], "fido-u2f")
        self.assertTrue(key.log("u2fRegister"))

    def test_u2f_only_is_no_passkey(self):
        key = self.key(u2f_only=True)
        outcome = self.enroll_key(self.bob, "passkey", status=None)
        self.assert_untouched(outcome, self.bob, "passkey", says="passkey", hints="webauthn")
        self.assertEqual(key.log("u2fRegister"), [])

    def test_without_passkeys(self):
        self.key(pin=PIN, resident_keys=False)
        outcome = self.enroll_key(self.bob, "passkey", status=None)
        self.assert_untouched(outcome, self.bob, "passkey", says="passkey", hints="webauthn")

    @each({"old": {"ctap21": False, "protocols": [1]}, "old, with U2F": {"ctap21": False,
           "protocols": [1], "u2f": True}, "first protocol only": {"protocols": [1]}})
    def test_passkey_on_a_key_that_is(self, script):
        self.key(pin=PIN, **script)
        self.assert_key_enrolled(self.enroll_key(self.bob, "passkey"), self.bob, "passkey")

    @each({f"{kind}-{size}": (kind, size) for kind in KINDS for size in (1, 16, 255, 765)} |
          {"passkey-1023": ("passkey", 1023)})
    def test_credential_id_of(self, kind, size):
        self.key_for(kind, credential_id_size=size)
        document = self.assert_key_enrolled(self.enroll_key(self.bob, kind), self.bob, kind)
        self.assertEqual(len(octets(document["credential"]["id"])), size)
        self.assertEqual(self.prove(self.bob, kind, status=0).document["result"], "accepted")
        outcome = self.enroll_key(self.bob, kind, status=None)
        self.assert_untouched(outcome, self.bob, kind, says="already", rows=1)

    @each((766, 1023))
    def test_credential_id_that_is_too_long_for_the_server(self, size):
        """Its column for factors holds 1023 characters of base64, that for passkeys any number."""
        key = self.key(credential_id_size=size)
        outcome = self.enroll_key(self.bob, "webauthn", status=None)
        self.assert_failed(outcome, 3, says="refused the security key", hints="key's.* too long")
        self.assertEqual((outcome.document["result"], outcome.document["factor_id"]),
                         ("failed", None))
        self.assertEqual(self.server.factors(self.bob), [])
        self.assertEqual(len(key.made()), 1)
        self.cowkey(self.bob, "--json", "list", status=0)

    @each({"LIMIT_EXCEEDED": {"list_max": 1},
           "REQUEST_TOO_LARGE": {"faults": [{"at": MAKE, "do": "status", "code": 0x39}]}})
    def test_credential_ids_that_are_too_many_for_the_key(self, script):
        """Those of the account's other keys are to be excluded."""
        for _ in range(2):
            self.plugged.clear()
            self.key(pin=PIN, credential_id_size=1023)
            self.enroll_key(self.bob, "passkey")
        self.plugged.clear()
        self.key(pin=PIN, **script)
        outcome = self.enroll_key(self.bob, "passkey", status=None)
        self.assert_untouched(outcome, self.bob, "passkey", says="list", hints="remove", rows=2)

    def test_without_room_for_another_passkey(self):
        self.key(pin=PIN, capacity=0)
        outcome = self.enroll_key(self.bob, "passkey", status=None)
        self.assert_untouched(outcome, self.bob, "passkey", says="room|full")

    def test_without_room_for_a_passkey_is_a_second_factor(self):
        self.key(capacity=0)
        self.assert_key_enrolled(self.enroll_key(self.bob, "webauthn"), self.bob, "webauthn")

    @each(KINDS)
    def test_that_thinks_for_long(self, kind):
        self.key_for(kind, processing_ms=1500, keepalives=5, touch=500)
        self.assert_key_enrolled(self.enroll_key(self.bob, kind), self.bob, kind)
