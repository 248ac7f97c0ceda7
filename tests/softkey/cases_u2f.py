"""U2F, on a key that has nothing else, and beside CTAP."""

import subprocess
import time

from fido2.ctap import CtapError
from fido2.ctap1 import ApduError, APDU
from fido2.ctap2 import AttestationObject
from fido2.attestation import FidoU2FAttestation
from fido2.hid import CAPABILITY
from fido2.utils import sha256

from cases import Case, HASH, RP_ID

APP = sha256(RP_ID.encode())


class U2f(Case):
    script = {"u2f_only": True}

    def test_version_and_capabilities(self):
        ctap = self.ctap1()
        self.assertEqual(ctap.get_version(), "U2F_V2")
        self.assertFalse(ctap.device.capabilities & CAPABILITY.CBOR)
        self.refused(CtapError.ERR.INVALID_COMMAND, self.device().call, 0x10, b"\x04")

    def test_register_and_authenticate(self):
        ctap = self.ctap1()
        made = ctap.register(HASH, APP)
        made.verify(APP, HASH)
        answer = ctap.authenticate(HASH, APP, made.key_handle)
        answer.verify(APP, HASH, made.public_key)
        self.assertEqual(answer.user_presence, 1)

    def test_attestation(self):
        made = AttestationObject.from_ctap1(APP, self.ctap1().register(HASH, APP))
        result = FidoU2FAttestation().verify(made.att_statement, made.auth_data, HASH)
        self.assertEqual(len(result.trust_path), 1)

    def test_check_only(self):
        ctap = self.ctap1()
        made = ctap.register(HASH, APP)
        for app, handle, status in ((APP, made.key_handle, APDU.USE_NOT_SATISFIED),
                                    (APP, b"x" * 64, APDU.WRONG_DATA),
                                    (bytes(32), made.key_handle, APDU.WRONG_DATA)):
            with self.assertRaises(ApduError) as caught:
                ctap.authenticate(HASH, app, handle, check_only=True)
            self.assertEqual(caught.exception.code, status)
        self.assertTrue(self.key.last("u2fAuthenticate")["check_only"])

    def test_not_touched_yet(self):
        self.key.ctl(touch="never")
        ctap = self.ctap1()
        with self.assertRaises(ApduError) as caught:
            ctap.register(HASH, APP)
        self.assertEqual(caught.exception.code, APDU.USE_NOT_SATISFIED)
        self.assertTrue(self.key.state()["waiting"])
        self.key.ctl(press=True)
        ctap.register(HASH, APP)

    def test_touch_after_a_while(self):
        self.key.ctl(touch=100)
        ctap = self.ctap1()
        start = time.monotonic()
        while True:
            try:
                ctap.register(HASH, APP)
                break
            except ApduError:
                time.sleep(0.01)
        self.assertTrue(0.09 < time.monotonic() - start < 1)

    def test_apdus_that_make_no_sense(self):
        ctap = self.ctap1()
        for cla, ins, data, status in ((0x80, 1, b"", 0x6e00), (0, 0x55, b"", 0x6d00),
                                       (0, 1, b"short", 0x6700)):
            with self.assertRaises(ApduError) as caught:
                ctap.send_apdu(cla=cla, ins=ins, data=data)
            self.assertEqual(caught.exception.code, status)

    def test_libfido2_registers_and_signs(self):
        self.tool_make(flags=["-u"])
        self.assertEqual(self.lines("made")[2], "fido-u2f")
        credential = self.tool_verify()
        self.tool_sign(flags=["-u", "-p"], credential=credential)
        self.tool_check(flags=["-p"])

    def test_libfido2_asks_again_until_touched(self):
        self.key.ctl(touch=250)
        result = self.tool_make()
        self.assertTrue(0.2 < result.seconds < 5)
        self.assertGreater(len(self.key.log("u2fRegister")), 1)

    def test_libfido2_says_what_u2f_can_not(self):
        self.assertIn("FIDO_ERR_UNSUPPORTED_OPTION", self.tool_make(flags=["-r"], status=1).output)

    def test_wrong_signature(self):
        self.key.ctl(faults=[{"at": "u2fRegister", "do": "wrong-signature"}])
        self.tool_make(flags=["-u"])
        with self.assertRaises(subprocess.CalledProcessError) as caught:
            self.tool_verify()
        self.assertIn("FIDO_ERR_INVALID_SIG", caught.exception.stderr)


class Beside(Case):
    def test_ctap2_uses_what_u2f_made(self):
        made = self.ctap1().register(HASH, APP)
        self.assertEqual(len(self.sign(self.ctap2(), [made.key_handle])), 1)

    def test_u2f_uses_what_ctap2_made(self):
        made = self.make(self.ctap2()).auth_data.credential_data
        answer = self.ctap1().authenticate(HASH, APP, made.credential_id)
        self.assertEqual(answer.user_presence, 1)

    def test_not_offered(self):
        self.key.ctl(u2f=False)
        device = self.device()
        self.assertTrue(device.capabilities & CAPABILITY.NMSG)
        self.refused(CtapError.ERR.INVALID_COMMAND, device.call, 0x03, b"\0\3\0\0\0\0\0")

    def test_not_with_always_uv(self):
        self.key.ctl(always_uv=True)
        with self.assertRaises(ApduError):
            self.ctap1().register(HASH, APP)

    def test_libfido2_forced_to_u2f(self):
        self.tool_make(flags=["-u"])
        self.assertEqual(len(self.key.log("u2fRegister")), 1)
        self.assertEqual(self.key.log("makeCredential"), [])
