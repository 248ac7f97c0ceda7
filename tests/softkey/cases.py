"""What the cases share: a fresh directory and key each, and independent programs to talk to it."""

import base64
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

from fido2.ctap1 import Ctap1
from fido2.ctap2 import ClientPin, Ctap2
from fido2.hid import CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor
from fido2.utils import sha256

import keys

RP_ID = "mail.example.org"
PIN = "4711"
HASH = sha256(b"made-up client data")
ES256 = [{"type": "public-key", "alg": -7}]


class Connection(CtapHidConnection):
    """One open device: reports of 64 bytes over the key's socket."""

    def __init__(self, key):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(key.path)

    def write_packet(self, packet):
        self.socket.send(packet)

    def read_packet(self):
        report = self.socket.recv(100)
        if not report:
            raise OSError("the key was pulled")
        return report

    def close(self):
        self.socket.close()


class Case(unittest.TestCase):
    """One key; script is what it starts with."""

    script = {}

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="softkey-test-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.connections = []
        self.key = self.start(self.script)

    def start(self, script=None, name="key"):
        key = keys.Key(self.directory, script, name)
        self.addCleanup(key.close)
        return key

    # --- python3-fido2 ---

    def connect(self, key=None):
        connection = Connection(key or self.key)
        self.addCleanup(connection.close)
        return connection

    def device(self, key=None):
        descriptor = HidDescriptor("softkey", 0, 0, 64, 64)
        return CtapHidDevice(descriptor, self.connect(key))

    def ctap2(self, key=None):
        return Ctap2(self.device(key))

    def ctap1(self, key=None):
        return Ctap1(self.device(key))

    def make(self, ctap, user=b"u1", rp_id=RP_ID, algorithms=(-7,), pin=None, protocol=None,
             **more):
        rp = {"id": rp_id, "name": "Mail"}
        names = {"id": user, "name": "alice@example.org", "displayName": "Alice"}
        params = [{"type": "public-key", "alg": algorithm} for algorithm in algorithms]
        if pin is not None:
            more.update(self.evidence(ctap, pin, ClientPin.PERMISSION.MAKE_CREDENTIAL, rp_id,
                                      protocol))
        return ctap.make_credential(HASH, rp, names, params, **more)

    def sign(self, ctap, ids=(), rp_id=RP_ID, pin=None, **more):
        if pin is not None:
            more.update(self.evidence(ctap, pin, ClientPin.PERMISSION.GET_ASSERTION, rp_id))
        allow = [{"type": "public-key", "id": one} for one in ids] or None
        return ctap.get_assertions(rp_id, HASH, allow, **more)

    def evidence(self, ctap, pin, permission, rp_id, protocol=None):
        client = ClientPin(ctap, protocol)
        token = client.get_pin_token(pin, permission, rp_id)
        return {"pin_uv_param": client.protocol.authenticate(token, HASH),
                "pin_uv_protocol": client.protocol.VERSION}

    def refused(self, code, function, *arguments, **more):
        """The key refuses with this CTAP status."""
        from fido2.ctap import CtapError
        with self.assertRaises(CtapError) as caught:
            function(*arguments, **more)
        self.assertEqual(caught.exception.code, code)

    # --- Debian's fido2-tools ---

    def env(self):
        return keys.attached(self.key)

    def path(self, number=0):
        return "/dev/softkey%d" % number

    def command(self, arguments):
        return arguments

    def tool(self, *arguments, pins=(), status=0):
        result = keys.run_on_terminal(self.command(list(arguments)), pins, self.env())
        self.assertEqual(result.status, status, result.output)
        return result

    def file(self, name, *lines):
        path = os.path.join(self.directory, name)
        if lines:
            with open(path, "w", encoding="utf-8") as file:
                file.write("".join(line + "\n" for line in lines))
        return path

    def lines(self, name):
        with open(self.file(name), encoding="utf-8") as file:
            return file.read().splitlines()

    def tool_make(self, algorithm="es256", flags=(), pins=(), status=0):
        """fido2-cred -M; the user is u1."""
        self.file("make", base64.b64encode(HASH).decode(), RP_ID, "alice",
                  base64.b64encode(b"u1").decode())
        return self.tool("fido2-cred", "-M", *flags, "-i", self.file("make"), "-o",
                         self.file("made"), self.path(), algorithm, pins=pins, status=status)

    def tool_verify(self, algorithm="es256", flags=()):
        """fido2-cred -V; leaves the public key for tool_check."""
        output = subprocess.run(["fido2-cred", "-V", *flags, "-i", self.file("made"), algorithm],
                                check=True, capture_output=True, text=True).stdout
        self.file("public", *output.splitlines()[1:])
        return output.splitlines()[0]

    def tool_sign(self, flags=(), pins=(), credential=None, status=0):
        """fido2-assert -G."""
        wanted = [credential] if credential else []
        self.file("sign", base64.b64encode(HASH).decode(), RP_ID, *wanted)
        return self.tool("fido2-assert", "-G", *flags, "-i", self.file("sign"), "-o",
                         self.file("signed"), self.path(), pins=pins, status=status)

    def tool_check(self, algorithm="es256", flags=()):
        """fido2-assert -V; without the line of the user's id, if there is one."""
        self.file("check", *self.lines("signed")[:4])
        subprocess.run(["fido2-assert", "-V", *flags, "-i", self.file("check"),
                        self.file("public"), algorithm], check=True, capture_output=True)
