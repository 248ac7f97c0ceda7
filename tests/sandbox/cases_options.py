"""Spoiled options, lies about keys, trusted vendors, and what is left without python3-fido2."""

import os
import subprocess
import tempfile

import options
from authenticator import Key, Vendor, unframe
from cases import ACCOUNTS, Case
from cases_keys import FIDO2, TFA, Keys, passkeys_on
from visitor import Server

NAME = ACCOUNTS["user"]


class Spoiled(Keys, Case):
    def spoiled(self, how, kind=FIDO2, action="registration"):
        """The members of spoiled options; the next ones are whole again."""
        visitor = self.logged_in()
        self.server.fault("options:" + how, path=f"/api/v1/get/{kind}-{action}")
        members = self.options(visitor, kind, action)["publicKey"]
        whole = self.options(visitor, kind, action)["publicKey"]
        self.assertEqual(len(unframe(whole["challenge"])), 32)
        return members, whole

    def test_another_account(self):
        for kind in (TFA, FIDO2):
            members, whole = self.spoiled("another-account", kind)
            self.assertEqual(members["user"]["name"], options.SOMEBODY_ELSE)
            self.assertEqual(unframe(members["user"]["id"]), options.SOMEBODY_ELSE.encode())
            self.assertEqual(whole["user"]["name"], NAME)
        members, _ = self.spoiled("another-account", FIDO2, "get-args")
        self.assertEqual(len(members["allowCredentials"]), 1)

    def test_missing(self):
        self.assertNotIn("challenge", self.spoiled("missing-challenge")[0])
        self.assertNotIn("pubKeyCredParams", self.spoiled("missing:pubKeyCredParams")[0])
        members, _ = self.spoiled("missing:rp.id", TFA)
        self.assertEqual(members["rp"], {"name": "WebAuthn Library"})
        members, _ = self.spoiled("missing:rpId", FIDO2, "get-args")
        self.assertNotIn("rpId", members)

    def test_wrong_type(self):
        self.assertEqual(self.spoiled("wrong-type")[0]["challenge"], 12345)
        self.assertEqual(self.spoiled("wrong-type:rp")[0]["rp"], 12345)
        self.assertEqual(self.spoiled("wrong-type:user.name")[0]["user"]["name"], 12345)
        self.assertEqual(self.spoiled("wrong-type:timeout")[0]["timeout"], "made up")

    def test_huge_list(self):
        self.assertEqual(len(self.spoiled("huge-list")[0]["excludeCredentials"]), options.HUGE)
        members, _ = self.spoiled("huge-list:pubKeyCredParams")
        self.assertEqual(len(members["pubKeyCredParams"]), options.HUGE)
        members, _ = self.spoiled("huge-list", FIDO2, "get-args")
        self.assertEqual(len(members["allowCredentials"]), options.HUGE)

    def test_bad_base64(self):
        for how, value in (("bad-base64", lambda members: members["challenge"]),
                           ("bad-base64:user.id", lambda members: members["user"]["id"])):
            with self.assertRaises(ValueError):
                unframe(value(self.spoiled(how)[0]))

    def test_other_rp(self):
        self.assertEqual(self.spoiled("other-rp")[0]["rp"]["id"], options.OTHER_RP)
        self.assertEqual(self.spoiled("other-rp", FIDO2, "get-args")[0]["rpId"], options.OTHER_RP)

    def test_short_challenge(self):
        members, _ = self.spoiled("short-challenge")
        self.assertEqual(len(unframe(members["challenge"])), options.SHORT_CHALLENGE_LENGTH)

    def test_short_challenge_is_a_challenge(self):
        visitor = self.logged_in()
        self.server.fault("options:short-challenge", path="/api/v1/get/*")
        self.assertEqual(self.add_passkey(visitor, Key()).json, {"success": True})

    def test_at_login(self):
        self.with_factor(Key())
        self.server.fault("options:other-rp", path="/api/v1/get/webauthn-tfa-get-args")
        _, spoiled = self.asked()
        self.assertEqual(spoiled["publicKey"]["rpId"], options.OTHER_RP)

    def test_nonsense(self):
        for do in ("options", "options:", "options:sour"):
            done = self.server.try_ctl("fault", '{"do":"%s"}' % do)
            self.assertEqual(done.returncode, 2)


class Lies(Keys, Case):
    def test_success(self):
        visitor = self.logged_in()
        for kind in (TFA, FIDO2):
            self.server.fault("lie-success", method="POST", path=f"/api/v1/add/{kind}-*")
        answers = (self.add_factor(visitor, Key(), password=self.password(NAME)),
                   self.add_passkey(visitor, Key()))
        self.assertEqual([answer.json for answer in answers], [{"success": True}] * 2)
        self.assertEqual((self.labels(NAME), self.cids(NAME)), ([], []))

    def test_success_of_changes(self):
        visitor, key = self.logged_in(), Key()
        self.add_passkey(visitor, key)
        before = self.server.ask("passkeys", NAME)
        visitor.get("/user")
        self.server.fault("lie-success", path="/api/v1/edit/fido2-fn")
        visitor.json("/api/v1/edit/fido2-fn",
                     {"items": None, "attr": {"fido2_cid": key.cid, "fido2_fn": "mine"}})
        self.server.fault("lie-success", field="unset_fido2_key")
        visitor.post("/user", {"unset_fido2_key": key.cid})
        self.assertEqual(self.server.ask("passkeys", NAME), before)

    def test_somebody_else_too(self):
        visitor, key = self.logged_in(), Key()
        self.server.fault("lie-stored-two", path="/api/v1/add/*")
        self.add_passkey(visitor, key)
        self.assertEqual((len(self.cids(NAME)), self.cids(NAME)[0]), (2, key.cid))

    def test_another_account_s_page(self):
        self.server.ctl("add-passkey", "bob@example.test", "theirs")
        self.server.fault("other-account:bob@example.test", path="/user")
        visitor = self.visitor()
        visitor.log_in(NAME, "/")
        self.assertEqual([row[1] for row in passkeys_on(visitor.get("/user"))], ["theirs"])


class Verbs(Keys, Case):
    def test_rows_for_lists(self):
        number = int(self.server.ctl("add-webauthn", NAME, "stick"))
        cid = self.server.ctl("add-passkey", NAME, "pass")
        unnamed = self.server.ctl("add-passkey", NAME, "")
        self.assertEqual(self.server.ask("factors", NAME), [
            {"id": number, "label": "stick", "method": "webauthn", "secret": None, "active": True}])
        rows = self.server.ask("passkeys", NAME)
        self.assertEqual(rows[0], {"cid": cid, "label": "pass"})
        self.assertEqual(rows[1]["cid"], unnamed)
        self.assertRegex(rows[1]["label"], r"^Unknown \(")
        _, asked = self.asked()
        self.assertEqual(len(asked["publicKey"]["allowCredentials"]), 1)

    def test_nobody_holds_them(self):
        number = self.server.ctl("add-webauthn", NAME, "stick")
        visitor, asked = self.asked()
        self.assertEqual(self.answer_key(visitor, number, Key().get(asked)).alert_types, ["danger"])

    def test_reset(self):
        self.with_passkey(Key())
        self.server.ctl("trusted-vendors", "on")
        self.server.ctl("reset")
        self.assertEqual(self.cids(NAME), [])
        self.with_passkey(Key())


class TrustedVendors(Keys, Case):
    def setUp(self):
        super().setUp()
        self.owner = self.logged_in()
        self.vendor = Vendor()
        self.path = os.path.join(self.server.directory, "vendor.pem")
        with open(self.path, "wb") as file:
            file.write(self.vendor.pem)
        os.chmod(self.path, 0o600)
        self.addCleanup(os.unlink, self.path)

    def accepted(self, statement, vendor=None):
        results = []
        made = Key().create(self.options(self.owner), statement=statement, vendor=vendor)
        for kind in (TFA, FIDO2):
            answer = self.post_key(self.owner, {**made, "tfa_method": "webauthn", "key_id": "x",
                                             "confirm_password": self.password(NAME)}, kind).json
            self.assertEqual(answer.get("msg", "invalid root certificate"),
                             "invalid root certificate")
            results.append(answer["success"])
        self.assertEqual(results[0], results[1])
        return results[0]

    def test_asks_for_a_certificate(self):
        for switch, wanted in (("on", "direct"), ("off", "indirect")):
            self.server.ctl("trusted-vendors", switch)
            for kind in (TFA, FIDO2):
                self.assertEqual(self.options(self.owner, kind)["publicKey"]["attestation"], wanted)

    def test_none_is_trusted(self):
        self.server.ctl("trusted-vendors", "on")
        for statement in ("none", "packed", "x5c", "fido-u2f"):
            self.assertFalse(self.accepted(statement, self.vendor), statement)
        self.assertEqual((self.labels(NAME), self.cids(NAME)), ([], []))

    def test_one_is_trusted(self):
        self.server.ctl("trusted-vendors", "on", self.path)
        for statement in ("none", "packed"):
            self.assertFalse(self.accepted(statement), statement)
        for statement in ("x5c", "fido-u2f"):
            self.assertFalse(self.accepted(statement, Vendor()), statement)
            self.assertFalse(self.accepted(statement, Vendor("Others")), statement)
            self.assertTrue(self.accepted(statement, self.vendor), statement)

    def test_known_keys_stay(self):
        self.with_passkey(key := Key())
        self.server.ctl("trusted-vendors", "on")
        self.assertTrue(self.enters(key))

    def test_nonsense(self):
        for words in (("maybe",), ("on", "/nonexistent"), ("on", os.path.abspath(__file__))):
            self.assertEqual(self.server.try_ctl("trusted-vendors", *words).returncode, 2, words)


class WithoutTheLibrary(Case):
    """A server that finds no python3-fido2 still does everything else."""

    def setUp(self):
        super().setUp()
        self.hidden = tempfile.TemporaryDirectory()
        self.addCleanup(self.hidden.cleanup)
        with open(os.path.join(self.hidden.name, "fido2.py"), "w", encoding="utf-8") as file:
            file.write("raise ImportError('hidden by a test')\n")
        self.errors = tempfile.TemporaryFile("w+")
        self.addCleanup(self.errors.close)
        self.server = Server("forced", stderr=self.errors,
                             env={**os.environ, "PYTHONPATH": self.hidden.name})
        self.addCleanup(self.server.close)

    def complaints(self):
        self.errors.seek(0)
        return self.errors.read()

    def test_says_so(self):
        visitor = self.logged_in()
        paths = [f"/api/v1/get/{kind}-{action}" for kind in (TFA, FIDO2)
                 for action in ("registration", "get-args")]
        answers = [visitor.get(path) for path in paths]
        answers += [visitor.json(f"/api/v1/add/{kind}-registration", {}) for kind in (TFA, FIDO2)]
        answers.append(self.visitor().post("/", {"verify_fido2_login": "", "token": "{}"}))
        self.assertEqual([answer.status for answer in answers], [501] * len(answers))
        self.assertEqual(self.complaints().count("python3-fido2 is missing"), 1)

    def test_the_rest_works(self):
        visitor = self.logged_in()
        answer = visitor.enrol_totp("/user", self.password(NAME))
        self.assertEqual(answer.alert_types, ["success"])
        self.server.ctl("add-passkey", NAME, "made up")
        self.assertEqual(len(passkeys_on(visitor.get("/user"))), 1)
        self.assertEqual(self.complaints(), "")
        self.assertEqual(self.server.try_ctl("trusted-vendors", "on", __file__).returncode, 3)


class Speed(Case):
    def test_not_loaded_before_the_first_key(self):
        """Tests of codes do not pay for a library of keys."""
        server = Server("single")
        self.addCleanup(server.close)
        with open(f"/proc/{server.process.pid}/maps", encoding="utf-8") as file:
            self.assertNotIn("cryptography", file.read())
