"""PINs, tokens and built-in user verification, with both protocols."""

from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, Config
from fido2.ctap2.pin import PinProtocolV1, PinProtocolV2

from cases import Case, HASH, PIN, RP_ID

ERR = CtapError.ERR
PERMISSION = ClientPin.PERMISSION
UV_BLOCKED = 0x3c  # python3-fido2 0.9.1 has no name for it
BOTH = (PinProtocolV1, PinProtocolV2)


class Pin(Case):
    def test_set_change_use(self):
        for protocol in BOTH:
            with self.subTest(protocol.VERSION):
                self.key.ctl(pin=None)
                ctap = self.ctap2()
                client = ClientPin(ctap, protocol())
                self.refused(ERR.PIN_NOT_SET, client.get_pin_token, PIN, 1, RP_ID)
                client.set_pin(PIN)
                self.refused(ERR.PIN_AUTH_INVALID, client.set_pin, "0000")
                client.change_pin(PIN, "passwort äöü")
                made = self.make(ctap, pin="passwort äöü", protocol=protocol())
                self.assertTrue(made.auth_data.is_user_verified())
                self.assertEqual(self.key.last("clientPIN")["protocol"], protocol.VERSION)

    def test_wrong_pin_and_tries(self):
        self.key.ctl(pin=PIN)
        client = ClientPin(self.ctap2())
        self.refused(ERR.PIN_INVALID, client.get_pin_token, "0000", 1, RP_ID)
        self.assertEqual(client.get_pin_retries(), (7, None))
        client.get_pin_token(PIN, 1, RP_ID)
        self.assertEqual(client.get_pin_retries(), (8, None))

    def test_blocked_until_power_is_gone(self):
        self.key.ctl(pin=PIN)
        client = ClientPin(self.ctap2())
        for status in [ERR.PIN_INVALID] * 2 + [ERR.PIN_AUTH_BLOCKED] * 2:
            self.refused(status, client.get_pin_token, "0000", 1, RP_ID)
        self.assertEqual(client.get_pin_retries(), (5, True))
        self.key.ctl(replug=True)
        ClientPin(self.ctap2()).get_pin_token(PIN, 1, RP_ID)

    def test_blocked_for_good(self):
        self.key.ctl(pin=PIN)
        for tries in range(7, -1, -1):
            if tries % 3 == 1:
                self.key.ctl(replug=True)
            client = ClientPin(self.ctap2())
            with self.assertRaises(CtapError):
                client.get_pin_token("0000", 1, RP_ID)
            self.assertEqual(client.get_pin_retries()[0], tries)
        self.key.ctl(replug=True)
        client = ClientPin(self.ctap2())
        self.refused(ERR.PIN_BLOCKED, client.get_pin_token, PIN, 1, RP_ID)
        self.refused(ERR.PIN_BLOCKED, client.change_pin, PIN, "5678")

    def test_last_try(self):
        self.key.ctl(pin=PIN, pin_tries=1)
        client = ClientPin(self.ctap2())
        self.refused(ERR.PIN_BLOCKED, client.get_pin_token, "0000", 1, RP_ID)

    def test_too_short(self):
        self.key.ctl(pin_length_min=6)
        client = ClientPin(self.ctap2())
        self.refused(ERR.PIN_POLICY_VIOLATION, client.set_pin, "äöüß5")
        client.set_pin("äöüß56")

    def test_change_with_the_wrong_pin(self):
        self.key.ctl(pin=PIN)
        self.refused(ERR.PIN_INVALID, ClientPin(self.ctap2()).change_pin, "0000", "5678")
        ClientPin(self.ctap2()).get_pin_token(PIN, 1, RP_ID)

    def test_forced_change(self):
        self.key.ctl(pin=PIN, pin_change_forced=True)
        ctap = self.ctap2()
        client = ClientPin(ctap)
        self.assertTrue(ctap.get_info().force_pin_change)
        self.refused(ERR.PIN_POLICY_VIOLATION, client.get_pin_token, PIN, 1, RP_ID)
        self.key.ctl(forced_change_status="pin-invalid")
        self.refused(ERR.PIN_INVALID, client.get_pin_token, PIN, 1, RP_ID)
        self.assertEqual(client.get_pin_retries()[0], 8)
        self.refused(ERR.PIN_POLICY_VIOLATION, client.change_pin, PIN, PIN)
        client.change_pin(PIN, "5678")
        client.get_pin_token("5678", 1, RP_ID)

    def test_old_keys_have_tokens_without_permissions(self):
        self.key.ctl(ctap21=False, protocols=[1], pin=PIN)
        ctap = self.ctap2()
        self.assertTrue(self.make(ctap, pin=PIN).auth_data.is_user_verified())
        self.assertEqual(self.key.log("clientPIN")[-1]["subcommand"], "getPinToken")

    def test_protocol_that_is_not_offered(self):
        self.key.ctl(pin=PIN, protocols=[2])
        client = ClientPin(self.ctap2(), PinProtocolV1())
        self.refused(ERR.INVALID_PARAMETER, client.get_pin_token, PIN, 1, RP_ID)


class Tokens(Case):
    script = {"pin": PIN}

    def token(self, permissions, rp_id=RP_ID):
        self.ctap = self.ctap2()
        self.client = ClientPin(self.ctap)
        return self.client.get_pin_token(PIN, permissions, rp_id)

    def with_token(self, token, message=HASH):
        return {"pin_uv_param": self.client.protocol.authenticate(token, message),
                "pin_uv_protocol": 2}

    def test_good_for_one_thing_once(self):
        token = self.token(PERMISSION.MAKE_CREDENTIAL)
        self.refused(ERR.PIN_AUTH_INVALID, self.sign, self.ctap, **self.with_token(token))
        self.make(self.ctap, **self.with_token(token))
        self.refused(ERR.PIN_AUTH_INVALID, self.make, self.ctap, **self.with_token(token))

    def test_good_for_one_rp(self):
        token = self.token(PERMISSION.MAKE_CREDENTIAL)
        self.refused(ERR.PIN_AUTH_INVALID, self.make, self.ctap, rp_id="other.example",
                     **self.with_token(token))

    def test_wrong_message(self):
        token = self.token(PERMISSION.MAKE_CREDENTIAL)
        self.refused(ERR.PIN_AUTH_INVALID, self.make, self.ctap,
                     **self.with_token(token, b"something else"))
        self.refused(ERR.PIN_AUTH_INVALID, self.make, self.ctap,
                     **self.with_token(bytes(32)))

    def test_new_token_ends_the_old_one(self):
        token = self.token(PERMISSION.MAKE_CREDENTIAL)
        self.client.get_pin_token(PIN, PERMISSION.MAKE_CREDENTIAL, RP_ID)
        self.refused(ERR.PIN_AUTH_INVALID, self.make, self.ctap, **self.with_token(token))

    def test_permissions_that_make_no_sense(self):
        self.refused(ERR.INVALID_PARAMETER, self.token, 0)
        self.refused(ERR.MISSING_PARAMETER, self.token, PERMISSION.GET_ASSERTION, None)
        self.refused(ERR.UNAUTHORIZED_PERMISSION, self.token, PERMISSION.BIO_ENROLL, None)

    def test_protocol_is_needed(self):
        token = self.token(PERMISSION.MAKE_CREDENTIAL)
        param = self.client.protocol.authenticate(token, HASH)
        self.refused(ERR.MISSING_PARAMETER, self.make, self.ctap, pin_uv_param=param)


class Configured(Case):
    script = {"pin": PIN}

    def config(self):
        ctap = self.ctap2()
        client = ClientPin(ctap)
        token = client.get_pin_token(PIN, PERMISSION.AUTHENTICATOR_CFG)
        return Config(ctap, client.protocol, token)

    def test_min_pin_length(self):
        self.config().set_min_pin_length(8)
        state = self.key.state()
        self.assertEqual((state["pin_length_min"], state["pin_change_forced"]), (8, True))

    def test_force_change(self):
        self.config().set_min_pin_length(force_change_pin=True)
        self.assertTrue(self.key.state()["pin_change_forced"])
        self.assertTrue(self.key.last("config")["forced"])

    def test_never_shorter(self):
        self.key.ctl(pin_length_min=6)
        self.refused(ERR.PIN_POLICY_VIOLATION, self.config().set_min_pin_length, 5)

    def test_always_uv(self):
        self.config().toggle_always_uv()
        ctap = self.ctap2()
        info = ctap.get_info()
        self.assertTrue(info.options["alwaysUv"])
        self.assertNotIn("U2F_V2", info.versions)
        self.refused(ERR.PIN_REQUIRED, self.make, ctap)
        made = self.make(ctap, pin=PIN).auth_data.credential_data.credential_id
        self.refused(ERR.PIN_REQUIRED, self.sign, ctap, [made])
        self.sign(ctap, [made], options={"up": False})

    def test_wants_a_token(self):
        ctap = self.ctap2()
        self.refused(ERR.PIN_REQUIRED, Config(ctap).toggle_always_uv)
        client = ClientPin(ctap)
        token = client.get_pin_token(PIN, PERMISSION.GET_ASSERTION, RP_ID)
        self.refused(ERR.PIN_AUTH_INVALID, Config(ctap, client.protocol, token).toggle_always_uv)


class Finger(Case):
    script = {"uv": "set"}

    def test_by_option(self):
        ctap = self.ctap2()
        made = self.make(ctap, options={"uv": True, "rk": True})
        self.assertTrue(made.auth_data.is_user_verified())
        self.assertTrue(self.sign(ctap, options={"uv": True})[0].auth_data.is_user_verified())
        self.refused(ERR.PIN_REQUIRED, self.make, ctap, options={"rk": True})

    def test_by_token(self):
        ctap = self.ctap2()
        client = ClientPin(ctap)
        token = client.get_uv_token(PERMISSION.MAKE_CREDENTIAL, RP_ID)
        self.key.ctl(touch="never")  # the finger was touch enough
        made = self.make(ctap, pin_uv_param=client.protocol.authenticate(token, HASH),
                         pin_uv_protocol=2)
        self.assertTrue(made.auth_data.is_user_verified())

    def test_wrong_finger(self):
        self.key.ctl(uv_result="fail")
        ctap = self.ctap2()
        client = ClientPin(ctap)
        for status in [ERR.UV_INVALID] * 4 + [UV_BLOCKED] * 2:
            self.refused(status, client.get_uv_token, 1, RP_ID)
        self.assertEqual(client.get_uv_retries()[0], 0)
        self.refused(ERR.OPERATION_DENIED, self.make, ctap, options={"uv": True})
        self.key.ctl(pin=PIN, uv_result="fail")
        self.refused(ERR.PIN_REQUIRED, self.make, ctap, options={"uv": True})

    def test_no_finger(self):
        self.key.ctl(uv_result="timeout")
        self.refused(ERR.USER_ACTION_TIMEOUT, self.make, self.ctap2(), options={"uv": True})

    def test_not_enrolled(self):
        self.key.ctl(uv="unset")
        ctap = self.ctap2()
        self.assertFalse(ctap.get_info().options["uv"])
        self.refused(ERR.INVALID_OPTION, self.make, ctap, options={"uv": True})
