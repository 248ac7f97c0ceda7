"""What is registered is accepted by a relying party that has nothing to do with this project."""

import atexit
import base64
import functools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from case import each
from key_case import KINDS, KeyCase, octets

PACKAGE = "@simplewebauthn/server"
INSTALL_S = 120
RUN_S = 60

# Reads one case from its first argument, answers with what the library says.
PROGRAM = """
import { verifyRegistrationResponse } from '%s';
const given = JSON.parse(process.argv[2]);
const url = (text) => text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const { verified, registrationInfo } = await verifyRegistrationResponse({
  response: {
    id: given.id, rawId: given.id, type: 'public-key', clientExtensionResults: {},
    response: { clientDataJSON: url(given.clientDataJSON),
                attestationObject: url(given.attestationObject), transports: ['usb'] } },
  expectedChallenge: url(given.challenge), expectedOrigin: given.origin,
  expectedRPID: given.rp_id, requireUserVerification: given.verified,
  supportedAlgorithmIDs: [-7, -257] });
console.log(JSON.stringify({ verified, fmt: registrationInfo?.fmt,
  id: registrationInfo?.credential?.id, aaguid: registrationInfo?.aaguid,
  key: Buffer.from(registrationInfo?.credential?.publicKey ?? []).toString('base64url'),
  verifiedUser: registrationInfo?.userVerified }));
"""


@functools.lru_cache(maxsize=None)
def installed():
    """A directory with the package, and why there is none."""
    if not shutil.which("npm") or not shutil.which("node"):
        return None, "npm or node is missing"
    place = tempfile.mkdtemp(prefix="cowkey-e2e-npm-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                               "--fetch-retry-mintimeout", "1000", "--prefix", place, PACKAGE], capture_output=True, text=True,
                              timeout=INSTALL_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return None, "npm did not answer in time"
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        return None, f"npm can't get {PACKAGE}: {errors[0] if errors else done.returncode}"
    Path(place, "verify.mjs").write_text(PROGRAM % PACKAGE, encoding="utf-8")
    return place, None


class SimpleWebAuthn(KeyCase):
    """The library of npm that many servers use."""

    def judge(self, kind, document, **spoiled):
        place, why = installed()
        if place is None:
            self.skipTest(why)
        (posted,) = [row for row in self.server.tell("registrations")
                     if ("fido2" in row["path"]) == (kind == "passkey")]
        given = {**posted, "id": document["credential"]["id"], "rp_id": self.server.host,
                 "origin": document["server"], "verified": kind == "passkey", **spoiled}
        return subprocess.run(["node", "verify.mjs", json.dumps(given)], cwd=place, text=True,
                              capture_output=True, timeout=RUN_S, stdin=subprocess.DEVNULL)

    def setUp(self):
        super().setUp()
        self.server.needs_simulation("registrations")

    def assert_accepted(self, kind, **script):
        self.key_for(kind, **script)
        record = self.place / "record.json"
        document = self.enroll_key(self.da1, kind, "--credential-out", record).document
        done = self.judge(kind, document)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        kept = json.loads(record.read_text(encoding="utf-8"))
        self.assertEqual(answer, {
            "verified": True, "fmt": document["credential"]["fmt"],
            "id": document["credential"]["id"], "aaguid": document["credential"]["aaguid"],
            "key": kept["public_key"], "verifiedUser": kind == "passkey"})

    @each({f"{kind}-{attestation}-{algorithm}": (kind, attestation, algorithm) for kind in KINDS
           for attestation in ("batch", "self", "none") for algorithm in (-7, -257)})
    def test_accepts(self, kind, attestation, algorithm):
        self.assert_accepted(kind, attestation=attestation, algorithms=[algorithm])

    def test_accepts_a_u2f_key(self):
        self.assert_accepted("webauthn", u2f_only=True)

    @each({"another challenge": {"challenge": base64.b64encode(b"x" * 32).decode()},
           "another origin": {"origin": "https://elsewhere.example.test"},
           "another name": {"rp_id": "elsewhere.example.test"}})
    def test_refuses(self, spoiled):
        """It does look."""
        self.key()
        done = self.judge("webauthn", self.enroll_key(self.da1, "webauthn").document, **spoiled)
        self.assertNotEqual(done.returncode, 0, done.stdout)

    def test_refuses_a_bit_that_differs(self):
        self.key()
        document = self.enroll_key(self.da1, "webauthn").document
        (posted,) = self.server.tell("registrations")
        spoiled = bytearray(base64.b64decode(posted["attestationObject"]))
        at = spoiled.index(octets(document["credential"]["id"]))
        spoiled[at] ^= 1
        done = self.judge("webauthn", document,
                          attestationObject=base64.b64encode(spoiled).decode())
        self.assertFalse(done.returncode == 0 and json.loads(done.stdout)["verified"], done.stdout)
