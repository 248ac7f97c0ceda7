"""What the server's library accepts of keys, and what it says if not (protocol 10)."""

import base64
import json

from authenticator import (EDDSA, ES256, ES384, EXTENSIONS, HOST, PRESENT, RS256, VERIFIED, Key,
                           b64, b64url, cbor, unframe)
from cases import ACCOUNTS, in_every_dialect, simulated
from cases_keys import FIDO2, TFA, Keys

ORIGINS = {
    f"https://{HOST}": True, f"https://{HOST}/": True, f"https://{HOST}:8443": True,
    f"https://sub.{HOST}": True,
    f"https://evil{HOST}": True,  # nobody looks for a dot
    f"https://{HOST.upper()}": True, f"https://{HOST}.": True,
    f"http://{HOST}": False, f"HTTPS://{HOST}": False, HOST: False, "": False, None: False,
    "https://example.test": False, f"https://{HOST}.evil.test": False,
    f"https://evil.test/{HOST}": False, f"https://evil.test?{HOST}": False,
    f"https://{HOST}:99999": False,
}


class Library(Keys):
    """A visitor whose registrations are judged."""

    def setUp(self):
        super().setUp()
        self.judged = self.logged_in()

    def verdict(self, key, spoil=None, **changes):
        """What the registration of a passkey is answered: True or a complaint."""
        document = key.create(self.options(self.judged, FIDO2), **changes)
        if spoil:
            whole = base64.b64decode(document["attestationObject"])
            document["attestationObject"] = b64(spoil(whole))
        answer = self.post_key(self.judged, document, FIDO2).json
        self.assertEqual(set(answer), {"success"} if answer["success"] else {"success", "msg"})
        return answer["success"] or answer["msg"]


@in_every_dialect
class Attestation(Library):
    def test_accepted_and_usable(self):
        for algorithm, statement in ((ES256, "none"), (RS256, "none"), (ES256, "packed"),
                                     (RS256, "packed"), (ES256, "x5c"), (ES256, "plain_x5c"),
                                     (ES256, "fido-u2f")):
            with self.subTest(algorithm=algorithm, statement=statement):
                key = Key(algorithm)
                self.assertIs(self.verdict(key, statement=statement), True)
                self.assertTrue(self.enters(key))

    def test_refused(self):
        self.assertEqual(self.verdict(Key(EDDSA)), "invalid key type")
        self.assertEqual(self.verdict(Key(EDDSA), statement="packed"), "unsupported alg: -8")
        self.assertEqual(self.verdict(Key(), statement="bogus"),
                         "invalid atttestation format: bogus")
        for key, statement in ((Key(), "wrongly_signed"), (Key(ES384), "packed")):
            self.assertEqual(self.verdict(key, statement=statement),
                             "invalid certificate signature")

    def test_stored_and_unusable(self):
        """A key of an algorithm that nobody asked for (protocol 10)."""
        key, name = Key(ES384), ACCOUNTS["user"]
        self.assertIs(self.verdict(key), True)
        self.assertEqual(self.cids(name), [key.cid])
        self.assertFalse(self.enters(key))
        number = self.with_factor(key)
        visitor, options = self.asked()
        self.assertEqual(self.answer_key(visitor, number, key.get(options)).alerts,
                         [("danger", "WebAuthn verification failed: public key invalid")])

    def test_malformed(self):
        key = Key()
        for spoil, text in (
                (lambda whole: whole[:20], "ByteBuffer: Invalid offset or length"),
                (lambda whole: whole[:-1], "ByteBuffer: Invalid offset or length"),
                (lambda whole: b"", "ByteBuffer: Invalid offset"),
                (lambda whole: whole + b"\0", "Unused bytes after data item."),
                (lambda whole: cbor("text"), "invalid attestation format"),
                (lambda whole: cbor({"fmt": "none", "attStmt": {}}),
                 "invalid attestation format (authData not available)"),
                (lambda whole: cbor({"fmt": "none", "attStmt": {}, "authData": b"short"}),
                 "Invalid authenticatorData input")):
            self.assertEqual(self.verdict(key, spoil), text)

    def test_extensions(self):
        flags = PRESENT | VERIFIED | EXTENSIONS
        self.assertEqual(self.verdict(Key(), flags=flags), "ByteBuffer: Invalid offset")
        self.assertIs(self.verdict(Key(), flags=flags, extensions=cbor({"credProtect": 2})), True)

    @simulated
    def test_stricter_than_the_server(self):
        """What the server would take and a strict relying party would not."""
        self.assertEqual(self.verdict(Key(), extensions=b"rest"), "python3-fido2: Wrong length")
        odd = cbor({"fmt": "none", "attStmt": {"x": 1}})[1:]
        self.assertEqual(
            self.verdict(Key(), lambda whole: b"\xa3" + odd + whole[whole.index(b"hauthData"):]),
            "python3-fido2: None Attestation requires empty statement.")


@in_every_dialect
class ClientData(Library):
    def test_origins(self):
        for origin, fits in ORIGINS.items():
            wanted = True if fits else "invalid origin"
            self.assertEqual(self.verdict(Key(), origin=origin), wanted, origin)

    def test_origins_at_login(self):
        self.with_passkey(key := Key())
        for origin, fits in ORIGINS.items():
            self.assertEqual(self.enters(key, origin=origin), fits, origin)

    def test_others(self):
        for text, changes in (("invalid type", {"type": "webauthn.get"}),
                              ("invalid type", {"type": None}),
                              ("invalid challenge", {"challenge": ""}),
                              ("invalid challenge", {"challenge": b64url(bytes(32))}),
                              ("invalid rpId hash", {"rp_id": "example.test"}),
                              ("invalid rpId hash", {"rp_id": HOST.upper()})):
            self.assertEqual(self.verdict(Key(), **changes), text)

    def test_base64_of_urls(self):
        """The octets that look different are passed over, and the rest makes no sense."""
        key = Key(credential_id=b"\xff" * 32)
        self.assertEqual(self.verdict(key, encode=b64url), "ByteBuffer: Invalid offset or length")
        self.with_passkey(key)
        self.assertFalse(self.enters(key, encode=b64url))
        self.assertTrue(self.enters(key))

    def test_base64_is_read_generously(self):
        for encode in (lambda octets: b64(octets).rstrip("="),
                       lambda octets: "\n".join(b64(octets)),
                       lambda octets: "*" + b64(octets)):
            self.assertIs(self.verdict(Key(), encode=encode), True)


@in_every_dialect
class Hosts(Keys):
    def test_as_it_was_asked_for(self):
        for host, rp_id in ((HOST.upper(), HOST.upper()), (HOST + ".", HOST + "."),
                            (HOST + ":8443", HOST), ("elsewhere.test", "elsewhere.test")):
            options = self.options(self.logged_in(), FIDO2, Host=host)
            self.assertEqual(options["publicKey"]["rp"]["id"], rp_id)
            options = self.options(self.visitor(), FIDO2, "get-args", Host=host)
            self.assertEqual(options["publicKey"]["rpId"], rp_id)

    def test_letter_case_counts(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        options = self.options(visitor, FIDO2, Host=HOST.upper())
        document = Key().create(options, rp_id=options["publicKey"]["rp"]["id"])
        answer = self.post_key(visitor, document, FIDO2)
        self.assertEqual(answer.json, {"success": False, "msg": "invalid rpId hash"})
        answer = self.post_key(visitor, document, FIDO2, Host=HOST.upper())
        self.assertEqual(answer.json, {"success": True})
        self.assertEqual(len(self.cids(name)), 1)


@in_every_dialect
class CredentialIds(Keys):
    def test_lengths_of_factors(self):
        visitor, name = self.logged_in(), ACCOUNTS["user"]
        for length, fits in ((1, True), (64, True), (512, True), (765, True), (766, False),
                             (767, False), (1023, False)):
            answer = self.add_factor(visitor, Key(credential_id=b"x" * length), str(length),
                                     self.password(name))
            self.assertEqual(answer.json, {"success": True} if fits else {
                "success": False, "msg": "SQLSTATE[22001]: String data, right truncated: 1406 "
                                         "Data too long for column 'keyHandle' at row 1"})
            self.assertEqual(str(length) in self.labels(name), fits)

    def test_lengths_of_passkeys(self):
        for length in (1, 1023, 2000):
            key = Key(credential_id=b"y" * length)
            self.with_passkey(key)
            self.assertTrue(self.enters(key))

    def test_two_owners(self):
        """The first one's key is taken for whoever has the same id."""
        key = Key(credential_id=b"of both")
        self.with_passkey(key, "admin")
        self.with_passkey(Key(credential_id=b"of both"), "user")
        self.assertTrue(self.enters(key, "admin"))


@in_every_dialect
class Documents(Keys):
    def test_shape_of_binaries(self):
        """Slashes are escaped, as PHP does (protocol 5.1)."""
        self.with_passkey(Key(credential_id=b"\xff\xff\xff"))
        text = self.logged_in().get("/api/v1/get/fido2-registration").text
        self.assertIn('{"id":"=?BINARY?B?\\/\\/\\/\\/?=","type":"public-key",'
                      '"transports":["usb","ble","nfc","internal"]}', text)
        self.assertEqual(unframe(json.loads(text)["publicKey"]["excludeCredentials"][0]["id"]),
                         b"\xff\xff\xff")

    def test_challenges_differ(self):
        visitor = self.logged_in()
        seen = {self.options(visitor, kind, action)["publicKey"]["challenge"]
                for kind, action in ((TFA, "registration"), (FIDO2, "registration"),
                                     (FIDO2, "get-args")) for _ in range(2)}
        self.assertEqual(len(seen), 6)
