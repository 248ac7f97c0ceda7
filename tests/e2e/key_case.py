"""What tests of security keys stand on: software keys, the program attached to them, their truth."""

import base64
import hashlib
import itertools
import json

import softkey
from case import Case

KINDS = ("webauthn", "passkey")
PIN = "Made-Up-PIN-4711"
WRONG_PIN = "Made-Up-PIN-0000"

# Where the server hands out what it asks of a new key, and where it is told of it.
OPTIONS_OF = {"webauthn": "/api/v1/get/webauthn-tfa-registration",
              "passkey": "/api/v1/get/fido2-registration"}
REGISTRATION_OF = {"webauthn": "/api/v1/add/webauthn-tfa-registration",
                   "passkey": "/api/v1/add/fido2-registration"}

ASKS_PIN = r"PIN[^\n]*: *$"
ASKS_RETRY = r"again\?[^\n]*$"

MAKE = "makeCredential"
SIGN = "getAssertion"


class KeyCase(Case):
    def setUp(self):
        missing = softkey.missing()
        if missing:
            self.fail(f"not built: {', '.join(missing)}; build tests/softkey or set $SOFTKEY_DIR")
        super().setUp()
        self.secret_texts |= {PIN, WRONG_PIN}
        self.plugged = []
        self._numbers = itertools.count()

    # -- keys ----------------------------------------------------------------------

    def key(self, **script):
        """Another key, plugged in; a passkey needs one with a PIN, or with a finger."""
        key = softkey.Key(str(self.place), script, f"key{next(self._numbers)}")
        self.addCleanup(key.close)
        self.plugged.append(key)
        return key

    def key_for(self, kind, **script):
        return self.key(**({"pin": PIN} if kind == "passkey" else {}) | script)

    @property
    def pin_file(self):
        return self.file("pin", PIN + "\n")

    def environ(self, extra=None):
        return softkey.variables(self.binary, self.plugged) | (extra or {})

    # -- running -------------------------------------------------------------------

    def start(self, account, *words, environ=None, **how):
        return super().start(account, *words, environ=self.environ(environ), **how)

    def sit_down(self, account, *words, environ=None, **how):
        return super().sit_down(account, *words, environ=self.environ(environ), **how)

    def enroll_words(self, kind, *words):
        line = ["--json", "--yes", "enroll", kind, *words]
        if kind == "passkey" and not any(str(word).startswith("--pin") for word in words):
            line += ["--pin-file", self.pin_file]
        return line

    def start_enrolling(self, account, kind, *words, **how):
        return self.start(account, *self.enroll_words(kind, *words), **how)

    def enroll_key(self, account, kind, *words, status=0, **how):
        """`enroll webauthn` or `enroll passkey` by a script."""
        return self.finish(self.start_enrolling(account, kind, *words, **how), status)

    def enroll_key_by_hand(self, account, kind, *words, **terminal):
        """The same by a person, whom nothing is asked about mail programs."""
        return self.sit_down(account, "--json", "--yes", "enroll", kind, *words, **terminal)

    def prove(self, account, kind, *words, status=None, **how):
        line = ["--json", "prove", kind, *words]
        if kind == "passkey" and not any(str(word).startswith("--pin") for word in words):
            line += ["--pin-file", self.pin_file]
        return self.cowkey(account, *line, status=status, **how)

    # -- the server's truth --------------------------------------------------------

    def passkeys(self, account):
        return self.server.tell("passkeys", account.name)

    def registered(self, account, kind):
        """Factors or passkeys: the list that this kind goes into."""
        return self.server.factors(account) if kind == "webauthn" else self.passkeys(account)

    def all_of(self, account):
        """Factors, and passkeys where the server can tell."""
        return self.server.factors(account), self.passkeys(account)

    def posts(self, kind):
        """What was told to the server about new keys; only a simulated one says."""
        return [row for row in self.server.requests() if row["path"] == REGISTRATION_OF[kind]]

    # -- judging ---------------------------------------------------------------------

    def assert_key_enrolled(self, outcome, account, kind, others=0, **members):
        """The document says enrolled; the server's truth, and the key's, agree with it."""
        document = outcome.document
        wanted = {"schema": "cowkey.enroll/1", "account": account.name, "role": account.role,
                  "method": kind, "result": "enrolled", "proof": "login",
                  "code_source": None} | members
        self.assertEqual({name: document.get(name) for name in wanted}, wanted, outcome)
        self.assertIn(self.server.host, document["server"])
        credential = document["credential"]
        self.assertEqual((credential["rp_id"], credential["resident"]),
                         (self.server.host, kind == "passkey"))
        rows = self.registered(account, kind)
        self.assertEqual(len(rows), others + 1, rows)
        if kind == "webauthn":
            row = next(row for row in rows if row["id"] == document["factor_id"])
            self.assertEqual((row["label"], row["method"]), (document["label"], "webauthn"))
        else:
            cid = cid_of(credential["id"])
            row = next(row for row in rows if row["cid"] == cid)
            self.assertEqual(row["label"], document["label"])
            self.assertTrue(("pk:" + cid).startswith(document["factor_id"]), document)
        return document

    def assert_untouched(self, outcome, account, kind, status=7, says=None, hints=None, rows=0):
        """It failed before the server was told of anything."""
        error = self.assert_failed(outcome, status, says, hints)
        self.assertEqual(outcome.document["schema"], "cowkey.error/1", outcome)
        self.assertEqual(len(self.registered(account, kind)), rows)
        if self.server.is_simulated and not rows:
            self.assertEqual(self.posts(kind), [], "the server was told")
        return error

    def assert_left_behind(self, outcome, account, kind, rows=1):
        """What was registered stays, is named, and how to look is told."""
        self.assert_failed(outcome, 4, hints="cowkey .*list")
        self.assertEqual(outcome.document["result"], "unknown", outcome)
        self.assertEqual(len(self.registered(account, kind)), rows)

    def assert_never_asked(self, key):
        """The key heard of nothing that a person would have to agree to."""
        self.assertEqual(key.asked(MAKE, SIGN, "u2fRegister", "u2fAuthenticate", "clientPIN"), [])


def octets(base64url):
    return base64.urlsafe_b64decode(base64url + "=" * (-len(base64url) % 4))


def cid_of(base64url):
    """How the server names a passkey."""
    return hashlib.sha256(octets(base64url)).hexdigest()


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))
