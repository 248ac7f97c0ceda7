"""CTAP 2.1 as python3-fido2 speaks it: credentials, assertions, management."""

import time

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fido2.attestation import InvalidSignature, PackedAttestation, verify_x509_chain
from fido2.attestation.base import AttestationType
from fido2.client import ClientData
from fido2.cose import CoseKey
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, CredentialManagement
from fido2.server import Fido2Server
from fido2.utils import sha256, websafe_encode

from cases import Case, HASH, PIN, RP_ID

ERR = CtapError.ERR
RESIDENT = {"rk": True}


class Info(Case):
    script = {"aaguid": "12345678-9abc-def0-0123-456789abcdef", "firmware": 66051,
              "algorithms": [-8, -7], "protocols": [1], "list_max": 8, "credential_id_size": 99}

    def test_info(self):
        info = self.ctap2().get_info()
        self.assertEqual(info.versions, ["U2F_V2", "FIDO_2_0", "FIDO_2_1"])
        self.assertEqual(info.aaguid.hex(), "123456789abcdef00123456789abcdef")
        self.assertEqual(info.firmware_version, 66051)
        self.assertEqual([a["alg"] for a in info.algorithms], [-8, -7])
        self.assertEqual(info.pin_uv_protocols, [1])
        self.assertEqual((info.max_creds_in_list, info.max_cred_id_length), (8, 99))
        self.assertEqual(info.options["clientPin"], False)
        self.assertNotIn("uv", info.options)

    def test_settings_show(self):
        self.key.ctl(uv="set", client_pin=False, resident_keys=False, credential_management=False,
                     ctap21=False)
        info = self.ctap2().get_info()
        self.assertEqual(info.versions, ["U2F_V2", "FIDO_2_0"])
        self.assertEqual(info.options, {"rk": False, "up": True, "uv": True, "plat": False})
        self.assertIsNone(info.firmware_version)

    def test_everything_that_info_may_say(self):
        self.key.ctl(all_info=True)
        info = self.ctap2().get_info()
        self.assertEqual(info.max_large_blob, 4096)
        self.assertEqual(info.max_cred_blob_length, 32)
        self.assertEqual(info.max_rpids_for_min_pin, 3)
        self.assertEqual(info.uv_modality, 0x803)
        self.assertEqual(info.certifications, {"FIDO": 2, "FIPS-CMVP-3": 3})
        self.assertEqual(info.firmware_version, 66051)

    def test_mistakes_in_scripts(self):
        for script in ({"touch": "soon"}, {"nonsense": 1}, {"uv": "maybe"}, {"aaguid": "12"},
                       {"faults": [{"do": "nothing known"}]}, {"credential_id_size": 1024}):
            with self.assertRaises(ValueError):
                self.key.ctl(**script)
        self.assertEqual(self.key.ctl()["settings"]["credential_id_size"], 99)


class Credentials(Case):
    def test_every_algorithm_is_attested_and_signs(self):
        ctap = self.ctap2()
        for algorithm in (-7, -8, -257):
            for attestation in ("batch", "self", "none"):
                with self.subTest(algorithm=algorithm, attestation=attestation):
                    self.key.ctl(attestation=attestation)
                    made = self.make(ctap, algorithms=(algorithm,))
                    self.verify_attestation(made, attestation)
                    data = made.auth_data.credential_data
                    public = CoseKey.parse(data.public_key)
                    self.assertEqual(public.ALGORITHM, algorithm)
                    answers = self.sign(ctap, [data.credential_id])
                    answers[0].verify(HASH, public)

    def verify_attestation(self, made, attestation):
        self.assertEqual(made.fmt, "none" if attestation == "none" else "packed")
        if attestation == "none":
            self.assertEqual(made.att_statement, {})
            return
        result = PackedAttestation().verify(made.att_statement, made.auth_data, HASH)
        if attestation == "self":
            self.assertEqual(result.attestation_type, AttestationType.SELF)
            return
        self.assertEqual(result.attestation_type, AttestationType.BASIC)
        authority = x509.load_pem_x509_certificate(self.key.stored()["attestation"]["ca"].encode())
        verify_x509_chain(result.trust_path + [authority.public_bytes(Encoding.DER)])

    def test_a_relying_party_accepts_it(self):
        server = Fido2Server({"id": RP_ID, "name": "Mail"}, attestation="direct")
        ctap = self.ctap2()
        self.key.ctl(pin=PIN)
        begun, state = server.register_begin({"id": b"u1", "name": "alice"},
                                             user_verification="required")
        client_data = self.client_data("webauthn.create", begun["publicKey"].challenge)
        evidence = self.evidence_for(ctap, client_data.hash, ClientPin.PERMISSION.MAKE_CREDENTIAL)
        made = ctap.make_credential(client_data.hash, {"id": RP_ID, "name": "Mail"},
                                    {"id": b"u1", "name": "alice"},
                                    [{"type": "public-key", "alg": -7}], options=RESIDENT,
                                    **evidence)
        registered = server.register_complete(state, client_data, made).credential_data

        begun, state = server.authenticate_begin(user_verification="required")
        client_data = self.client_data("webauthn.get", begun["publicKey"].challenge)
        evidence = self.evidence_for(ctap, client_data.hash, ClientPin.PERMISSION.GET_ASSERTION)
        answer = ctap.get_assertion(RP_ID, client_data.hash, **evidence)
        server.authenticate_complete(state, [registered], answer.credential["id"], client_data,
                                     answer.auth_data, answer.signature)
        self.assertEqual(answer.user, {"id": b"u1"})

    def client_data(self, kind, challenge):
        return ClientData.build(type=kind, origin="https://" + RP_ID,
                                challenge=websafe_encode(challenge))

    def evidence_for(self, ctap, client_data_hash, permission):
        client = ClientPin(ctap)
        token = client.get_pin_token(PIN, permission, RP_ID)
        return {"pin_uv_param": client.protocol.authenticate(token, client_data_hash),
                "pin_uv_protocol": client.protocol.VERSION}

    def test_first_offered_algorithm_wins(self):
        self.key.ctl(algorithms=[-7, -257])
        made = self.make(self.ctap2(), algorithms=(-8, -257, -7))
        self.assertEqual(made.auth_data.credential_data.public_key[3], -257)

    def test_no_common_algorithm(self):
        self.refused(ERR.UNSUPPORTED_ALGORITHM, self.make, self.ctap2(), algorithms=(-36, -35))

    def test_credential_id_of_every_length(self):
        ctap = self.ctap2()
        for size in (1, 16, 255, 256, 1023):
            self.key.ctl(credential_id_size=size)
            made = self.make(ctap, algorithms=(-7,)).auth_data.credential_data.credential_id
            self.assertEqual(len(made), size)
            self.sign(ctap, [made])

    def test_excluded_after_a_touch(self):
        ctap = self.ctap2()
        made = self.make(ctap).auth_data.credential_data.credential_id
        listed = {"exclude_list": [{"type": "public-key", "id": b"other"},
                                   {"type": "public-key", "id": made}]}
        self.refused(ERR.CREDENTIAL_EXCLUDED, self.make, ctap, **listed)
        entry = self.key.last("makeCredential")
        self.assertEqual((entry["exclude"], entry["touched"]), (2, True))
        self.make(ctap, rp_id="other.example", **listed)

    def test_lists_that_are_too_long(self):
        self.key.ctl(list_max=2)
        ctap = self.ctap2()
        three = [{"type": "public-key", "id": bytes([i])} for i in range(3)]
        self.refused(ERR.LIMIT_EXCEEDED, self.make, ctap, exclude_list=three)
        self.refused(ERR.LIMIT_EXCEEDED, self.sign, ctap, [b"1", b"2", b"3"])
        self.make(ctap, exclude_list=three[:2])

    def test_counter_goes_up(self):
        ctap = self.ctap2()
        made = self.make(ctap).auth_data
        first = self.sign(ctap, [made.credential_data.credential_id])[0].auth_data.counter
        second = self.sign(ctap, [made.credential_data.credential_id])[0].auth_data.counter
        self.assertLess(made.counter, first)
        self.assertLess(first, second)

    def test_without_touch(self):
        self.key.ctl(touch="never")
        ctap = self.ctap2()
        self.refused(ERR.NO_CREDENTIALS, self.sign, ctap, [b"unknown"], options={"up": False})
        self.key.ctl(touch="instant")
        made = self.make(ctap).auth_data.credential_data.credential_id
        self.key.ctl(touch="never")
        answer = self.sign(ctap, [made], options={"up": False})[0]
        self.assertFalse(answer.auth_data.is_user_present())

    def test_options_that_do_not_fit(self):
        ctap = self.ctap2()
        self.refused(ERR.INVALID_OPTION, self.make, ctap, options={"up": False})
        self.refused(ERR.INVALID_OPTION, self.make, ctap, options={"uv": True})
        self.refused(ERR.UNSUPPORTED_OPTION, self.sign, ctap, options={"rk": True})


class Resident(Case):
    script = {"pin": PIN, "capacity": 3}

    def users(self):
        return [c["user_id"] for c in self.key.stored()["credentials"]]

    def test_same_user_is_replaced(self):
        ctap = self.ctap2()
        for user in (b"u1", b"u2", b"u1"):
            self.make(ctap, user, pin=PIN, options=RESIDENT)
        self.assertEqual(self.users(), [b"u2".hex(), b"u1".hex()])
        self.assertTrue(self.key.last("makeCredential")["replaced"])

    def test_not_without_a_pin(self):
        self.refused(ERR.PIN_REQUIRED, self.make, self.ctap2(), options=RESIDENT)
        self.assertTrue(self.key.last("makeCredential")["rk"])
        self.make(self.ctap2())

    def test_nothing_without_a_pin(self):
        self.key.ctl(make_cred_uv_not_required=False)
        self.refused(ERR.PIN_REQUIRED, self.make, self.ctap2())

    def test_full(self):
        ctap = self.ctap2()
        for user in (b"u1", b"u2", b"u3"):
            self.make(ctap, user, pin=PIN, options=RESIDENT)
        self.refused(ERR.KEY_STORE_FULL, self.make, ctap, b"u4", pin=PIN, options=RESIDENT)
        self.make(ctap, b"u3", pin=PIN, options=RESIDENT)
        self.make(ctap, b"u4", pin=PIN)

    def test_not_supported(self):
        self.key.ctl(resident_keys=False)
        self.refused(ERR.UNSUPPORTED_OPTION, self.make, self.ctap2(), pin=PIN, options=RESIDENT)

    def test_next_assertions_latest_first(self):
        ctap = self.ctap2()
        for user in (b"u1", b"u2", b"u3"):
            self.make(ctap, user, pin=PIN, options=RESIDENT)
        answers = self.sign(ctap, pin=PIN)
        self.assertEqual([a.user["id"] for a in answers], [b"u3", b"u2", b"u1"])
        self.assertEqual(answers[0].user["name"], "alice@example.org")
        self.refused(ERR.NOT_ALLOWED, ctap.get_next_assertion)
        self.assertNotIn("name", self.sign(ctap)[0].user)

    def test_next_assertion_needs_a_first(self):
        ctap = self.ctap2()
        for user in (b"u1", b"u2"):
            self.make(ctap, user, pin=PIN, options=RESIDENT)
        self.refused(ERR.NOT_ALLOWED, ctap.get_next_assertion)
        self.assertEqual(ctap.get_assertion(RP_ID, HASH).number_of_credentials, 2)
        ctap.get_info()
        self.refused(ERR.NOT_ALLOWED, ctap.get_next_assertion)

    def test_protection(self):
        ctap = self.ctap2()
        made = {}
        for level in (1, 2, 3):
            answer = self.make(ctap, bytes([level]), pin=PIN, options=RESIDENT,
                               extensions={"credProtect": level})
            self.assertEqual(answer.auth_data.extensions, {"credProtect": level})
            made[level] = answer.auth_data.credential_data.credential_id
        self.assertEqual([a.user["id"] for a in self.sign(ctap)], [b"\1"])
        self.assertEqual(len(self.sign(ctap, pin=PIN)), 3)
        self.sign(ctap, [made[2]])
        self.refused(ERR.NO_CREDENTIALS, self.sign, ctap, [made[3]])
        self.sign(ctap, [made[3]], pin=PIN)
        listed = [{"type": "public-key", "id": made[3]}]
        self.make(ctap, exclude_list=listed)
        self.refused(ERR.CREDENTIAL_EXCLUDED, self.make, ctap, exclude_list=listed, pin=PIN)


class Management(Case):
    script = {"pin": PIN}

    def setUp(self):
        super().setUp()
        self.ctap = self.ctap2()
        for user, rp_id in ((b"u1", RP_ID), (b"u2", RP_ID), (b"u1", "other.example")):
            self.make(self.ctap, user, rp_id, pin=PIN, options=RESIDENT)
        self.make(self.ctap)

    def manager(self, permission=ClientPin.PERMISSION.CREDENTIAL_MGMT, rp_id=None):
        client = ClientPin(self.ctap)
        token = client.get_pin_token(PIN, permission, rp_id)
        return CredentialManagement(self.ctap, client.protocol, token)

    def test_metadata(self):
        self.assertEqual(self.manager().get_metadata(), {1: 3, 2: 22})

    def test_enumerate(self):
        manager = self.manager()
        rps = manager.enumerate_rps()
        self.assertEqual([rp[3]["id"] for rp in rps], [RP_ID, "other.example"])
        self.assertEqual(rps[0][4], sha256(RP_ID.encode()))
        found = manager.enumerate_creds(rps[0][4])
        self.assertEqual([c[6]["id"] for c in found], [b"u1", b"u2"])
        self.assertEqual(found[0][6]["displayName"], "Alice")
        self.assertEqual(found[0][10], 1)
        self.sign(self.ctap, [found[0][7]["id"]])[0].verify(HASH, CoseKey.parse(found[0][8]))

    def test_delete(self):
        manager = self.manager()
        found = manager.enumerate_creds(sha256(b"other.example"))
        manager.delete_cred(found[0][7])
        self.assertEqual(manager.get_metadata()[1], 2)
        self.refused(ERR.NO_CREDENTIALS, manager.delete_cred, found[0][7])

    def test_update(self):
        manager = self.manager()
        found = manager.enumerate_creds(sha256(b"other.example"))[0]
        manager.update_user_info(found[7], {"id": b"u1", "name": "bob"})
        self.assertEqual(manager.enumerate_creds(sha256(b"other.example"))[0][6],
                         {"id": b"u1", "name": "bob"})
        self.refused(ERR.INVALID_PARAMETER, manager.update_user_info, found[7], {"id": b"u9"})

    def test_shortens_what_it_lists(self):
        self.key.ctl(rp_id_max=5)
        rows = self.manager().enumerate_rps()
        self.assertEqual({row[3]["id"] for row in rows}, {RP_ID[:5], "other"})
        self.assertIn(sha256(b"other.example"), [row[4] for row in rows])

    def test_wants_its_permission(self):
        other = self.manager(ClientPin.PERMISSION.GET_ASSERTION, RP_ID)
        self.refused(ERR.PIN_AUTH_INVALID, other.get_metadata)
        bound = self.manager(rp_id=RP_ID)
        self.refused(ERR.PIN_AUTH_INVALID, bound.get_metadata)
        self.assertEqual(len(bound.enumerate_creds(sha256(RP_ID.encode()))), 2)
        self.refused(ERR.PIN_AUTH_INVALID, bound.enumerate_creds, sha256(b"other.example"))

    def test_not_there(self):
        self.key.ctl(credential_management=False)
        self.assertNotIn("credMgmt", self.ctap.get_info().options)
        self.refused(ERR.INVALID_COMMAND, self.ctap.send_cbor, 0x0a, {1: 1})


class Reset(Case):
    def test_soon_after_power_on(self):
        ctap = self.ctap2()
        self.key.ctl(pin=PIN)
        self.make(ctap, pin=PIN, options=RESIDENT)
        ctap.reset()
        self.assertEqual(self.key.stored()["credentials"], [])
        self.assertFalse(self.key.state()["pin_set"])

    def test_not_later(self):
        self.key.ctl(reset_window_ms=1)
        time.sleep(0.01)
        self.refused(ERR.NOT_ALLOWED, self.ctap2().reset)
        self.key.ctl(reset_window_ms=10000, replug=True)
        self.ctap2().reset()


class TwoRuns(Case):
    def test_the_key_is_the_same_afterwards(self):
        self.key.ctl(pin=PIN)
        made = self.make(self.ctap2(), pin=PIN, options=RESIDENT)
        second = self.start(name="second")
        with open(self.key.state_path, "rb") as one, open(second.state_path, "wb") as other:
            other.write(one.read())
        answer = self.sign(self.ctap2(second), pin=PIN)[0]
        answer.verify(HASH, CoseKey.parse(made.auth_data.credential_data.public_key))

    def test_wrong_signature_is_noticed_here_too(self):
        self.key.ctl(faults=[{"at": "makeCredential", "do": "wrong-signature"}])
        made = self.make(self.ctap2())
        with self.assertRaises(InvalidSignature):
            PackedAttestation().verify(made.att_statement, made.auth_data, HASH)
