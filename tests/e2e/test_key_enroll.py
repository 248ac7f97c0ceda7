"""enroll webauthn and passkey, when nothing is in the way: every role, every sort of key, the cost."""

import subprocess
import time
import uuid

import otp
import softkey
from case import ROLES, each, in_every_dialect, plays_on
from key_case import KINDS, MAKE, PIN, SIGN, KeyCase, octets, read_json
from server import Account

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


@in_every_dialect
class Twice(KeyCase):
    """excludeCredentials is honoured: a key is registered once."""

    @each(EVERY_KIND_AND_ROLE)
    def test_on_the_same_account(self, kind, role):
        account = self.server.of_role(role)
        key = self.key_for(kind)
        self.enroll_key(account, kind)
        before = self.all_of(account), key.credentials()
        outcome = self.enroll_key(account, kind, status=None)
        self.assert_untouched(outcome, account, kind, says="already", rows=1)
        self.assertEqual((self.all_of(account), key.credentials()), before)
        if self.server.is_simulated:
            self.assertEqual(len(self.posts(kind)), 1)

    @each(KINDS)
    def test_on_two_accounts_is_fine(self, kind):
        self.key_for(kind)
        for account in (self.bob, self.da1):
            self.assert_key_enrolled(self.enroll_key(account, kind), account, kind)

    def test_as_a_factor_and_as_a_passkey_is_fine(self):
        self.key(pin=PIN)
        for kind in KINDS:
            self.assert_key_enrolled(self.enroll_key(self.da1, kind), self.da1, kind)

    def test_a_passkey_for_an_account_whose_u2f_key_it_is(self):
        key = self.key(u2f_only=True)
        self.enroll_key(self.da1, "webauthn")
        outcome = self.enroll_key(self.da1, "webauthn", status=None)
        self.assert_untouched(outcome, self.da1, "webauthn", says="already", rows=1)
        # The one more is the touch's: U2F can wait for one only by registering at a made-up application.
        ours = key.credentials()[0]["rp_id_hash"]
        self.assertEqual(sum(row["rp_id_hash"] == ours for row in key.credentials()), 1)


@in_every_dialect
class Replace(KeyCase):
    """--replace: enroll, prove, and only then remove the old one."""

    @each(ROLES)
    def test_a_phone_by_a_key(self, role):
        account = self.server.of_role(role)
        old = self.with_totp(account)
        self.key()
        outcome = self.enroll_key(account, "webauthn", "--replace", "old phone",
                                  "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_key_enrolled(outcome, account, "webauthn", replaced_id=old)

    def test_a_phone_by_its_id(self):
        old = self.with_totp(self.da1)
        self.key()
        outcome = self.enroll_key(self.da1, "webauthn", "--replace", old, "--login-secret-file",
                                  self.secret_file(otp.SECRET))
        self.assert_key_enrolled(outcome, self.da1, "webauthn", replaced_id=old)

    def test_a_key_by_another_that_logged_in_with_the_old_one(self):
        """Both are plugged in; the person touches the old one for the login, then the new one."""
        old = self.key(touch="never")
        run = self.start_enrolling(self.da1, "webauthn", "--label", "old key")
        old.touch(MAKE)
        old.touch(SIGN)
        identifier = self.finish(run, 0).document["factor_id"]
        signed = len(old.asked(SIGN))
        new = self.key(touch="never")
        run = self.start_enrolling(self.da1, "webauthn", "--replace", "old key")
        while run.process.poll() is None:
            logged_in = any(line["outcome"] == "OK" for line in old.asked(SIGN)[signed:])
            wanted = new if logged_in else old
            if wanted.state()["waiting"]:
                wanted.ctl(press=True)
            time.sleep(0.02)
        outcome = self.finish(run)
        self.assert_key_enrolled(outcome, self.da1, "webauthn", replaced_id=identifier)
        self.assertEqual(len(new.credentials()), 1)

    @each({f"{how}-{role}": (how, role) for how in ("ID", "label") for role in ROLES})
    def test_a_passkey(self, how, role):
        account = self.server.of_role(role)
        self.key(pin=PIN)
        old = self.enroll_key(account, "passkey", "--label", "old key").document
        self.key(pin=PIN)
        self.plugged.pop(0)  # the old one is in a drawer
        what = old["factor_id"] if how == "ID" else "old key"
        outcome = self.enroll_key(account, "passkey", "--replace", what)
        document = self.assert_key_enrolled(outcome, account, "passkey")
        self.assertEqual(document["replaced_id"], old["factor_id"])

    @each({"unknown": "nobody's key", "a factor": "old phone", "too short": "pk:0",
           "no passkey's": "pk:0123456789abcdef"})
    def test_refuses_before_the_key_is_asked_what_is(self, what):
        self.with_totp(self.da1)
        key = self.key(pin=PIN)
        outcome = self.enroll_key(self.da1, "passkey", "--replace", what, "--login-secret-file",
                                  self.secret_file(otp.SECRET), status=None)
        self.assert_untouched(outcome, self.da1, "passkey", 2)
        self.assert_never_asked(key)

    def test_keeps_the_old_one_when_the_new_one_fails(self):
        self.with_totp(self.da1)
        self.key()
        self.server.fault("refuse-code", field="verify_tfa_login", skip=1)
        with self.unchanged(self.da1):
            outcome = self.enroll_key(self.da1, "webauthn", "--replace", "old phone",
                                      "--login-secret-file", self.secret_file(otp.SECRET),
                                      status=None)
        self.assert_failed(outcome, 3)


class Forced(KeyCase):
    """The server insists on a second factor; a security key is one."""

    @each({f"{role}-{how}": (role, how) for role in ROLES for how in ("string", "number")})
    def test_set_up_is_satisfied(self, role, how):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, how)
        self.key()
        outcome = self.enroll_key(account, "webauthn")
        self.assert_key_enrolled(outcome, account, "webauthn", forced=True)

    @each(ROLES)
    def test_set_up_keeps_to_recorded_when_asked(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.key()
        outcome = self.enroll_key(account, "webauthn", "--proof", "recorded")
        self.assert_key_enrolled(outcome, account, "webauthn", result="recorded",
                                 proof="recorded", forced=True)

    @each(ROLES)
    def test_set_up_is_passed_by_a_passkey(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.key(pin=PIN)
        outcome = self.enroll_key(account, "passkey")
        self.assert_key_enrolled(outcome, account, "passkey", forced=True)

    def test_is_not_reported_where_there_is_none(self):
        self.key()
        self.assertFalse(self.enroll_key(self.da1, "webauthn").document.get("forced"))

    @each(ROLES)
    def test_password_is_changed_on_the_way(self, role):
        if self.server.dialect != "forced":
            self.skipTest("this release holds no account for its password")
        account = self.server.of_role(role)
        self.server.arrange("force-pw-update", account.name, "on")
        self.secret_texts.add("Made-Up-New-Pass-17")
        new = self.file("new-password", "Made-Up-New-Pass-17\n")
        self.key()
        outcome = self.enroll_key(account, "webauthn", "--new-password-file", new)
        self.server.web.note_password(account, "Made-Up-New-Pass-17")
        self.assert_key_enrolled(outcome, account, "webauthn", password_changed=True)
        changed = Account(account.name, role, "Made-Up-New-Pass-17")
        self.cowkey(changed, "--json", "list", status=0)


class Budget(KeyCase):
    """An enrollment with proof: nine exchanges, and one more for each thing that is in between.

    A passkey's proof first looks whose session it has, or a lost one would look like a refusal.
    """

    NINE, LOOK_AT_DIALECT = 9, 1
    OF_KIND = {"webauthn": 0, "passkey": 1}

    def assert_budget(self, kind="webauthn", more=0):
        more += self.OF_KIND[kind]
        seen = [f"{row['method']} {row['path']} {row['form']}" for row in self.server.exchanges()]
        self.assertLessEqual(len(seen), self.NINE + self.LOOK_AT_DIALECT + more, "\n".join(seen))

    @each(EVERY_KIND_AND_ROLE)
    @in_every_dialect
    def test_without_a_factor(self, kind, role):
        self.server.needs_simulation()
        self.key_for(kind)
        self.enroll_key(self.server.of_role(role), kind)
        self.assert_budget(kind, more=1 if role == "mailbox" and kind == "webauthn" else 0)

    @each(EVERY_KIND_AND_ROLE)
    def test_with_a_factor(self, kind, role):
        self.server.needs_simulation()
        account = self.server.of_role(role)
        self.with_totp(account)
        self.key_for(kind)
        self.enroll_key(account, kind, "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_budget(kind, more=1)

    @each(ROLES)
    def test_in_a_forced_set_up(self, role):
        self.server.needs_simulation()
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.key()
        self.enroll_key(account, "webauthn")
        self.assert_budget(more=2 if role == "mailbox" else 1)

    @each({"webauthn": ("webauthn", 2), "passkey": ("passkey", 1)})
    def test_sends_the_password_as_often_as_needed(self, kind, times):
        self.server.needs_simulation()
        self.key_for(kind)
        self.enroll_key(self.bob, kind)
        self.assertEqual(len(self.server.password_attempts()), times)


@plays_on("forced")
class External(KeyCase):
    """Accounts of an outside directory; what their page does not offer is refused."""

    @each({"passkey-ldap": ("passkey", "ldap"), "passkey-keycloak": ("passkey", "keycloak"),
           "webauthn-keycloak": ("webauthn", "keycloak")})
    def test_are_refused(self, kind, source):
        self.server.needs_simulation()
        self.server.arrange("authsource", self.bob.name, source)
        self.server.arrange("directory", "on")
        key = self.key_for(kind)
        outcome = self.enroll_key(self.bob, kind, status=None)
        self.assert_untouched(outcome, self.bob, kind, 3)
        self.assert_never_asked(key)

    def test_of_ldap_may_have_a_second_factor(self):
        self.server.needs_simulation()
        self.server.arrange("authsource", self.bob.name, "ldap")
        self.server.arrange("directory", "on")
        self.key()
        self.assert_key_enrolled(self.enroll_key(self.bob, "webauthn"), self.bob, "webauthn")
