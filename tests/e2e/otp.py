"""One-time passwords as a phone or a Yubikey makes them, written apart from the program."""

import base64
import hashlib
import hmac
import itertools
import struct
import time
import urllib.parse

STEP_S = 30
MODHEX = "cbdefghijklnrtuv"

# Secrets for arranged factors, made up and looking made up.
SECRET = "MADEUPMADEUPMADEUPMADEUPMADEUP22"
OTHER_SECRET = "FAKEFAKEFAKEFAKEFAKEFAKEFAKE3333"
YUBIKEY = "vvccccbehtun"  # the prefix of one

_counter = itertools.count(1)


def code(secret, at=None, *, step_s=STEP_S, digits=6, algorithm="sha1"):
    """The code of a base32 secret at a moment (now, if none is given)."""
    at = time.time() if at is None else at
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // step_s), algorithm).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start:start + 4])[0] & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def await_calm(margin_s=2):
    """Keeps away from the edges of a step, where clocks a second apart are in two of them."""
    into_s = time.time() % STEP_S
    if into_s < margin_s:
        time.sleep(margin_s - into_s)
    elif into_s > STEP_S - 2 * margin_s:
        time.sleep(STEP_S - into_s + margin_s)


def wrong_code(secret):
    """Six digits that fit no step of the hours around."""
    near = {code(secret, time.time() + step * STEP_S) for step in range(-300, 301)}
    return next(text for text in map("{:06d}".format, itertools.count(424242)) if text not in near)


class Phone:
    """An authenticator app that has scanned an otpauth URI; its clock may be off."""

    def __init__(self, uri, ahead_s=0):
        parts = urllib.parse.urlsplit(uri.strip())
        self.uri = uri.strip()
        self.kind = parts.netloc
        self.label = urllib.parse.unquote(parts.path.lstrip("/"))
        self.parameters = dict(urllib.parse.parse_qsl(parts.query))
        self.secret = self.parameters["secret"]
        self.issuer = self.parameters.get("issuer")
        self.ahead_s = ahead_s

    def code(self):
        return code(self.secret, time.time() + self.ahead_s)


def yubico_otp(prefix=YUBIKEY):
    """A one-time password of a Yubikey: 44 modhex characters, each time others."""
    digest = hashlib.sha256(struct.pack(">Qd", next(_counter), time.time())).digest()[:16]
    return prefix + "".join(MODHEX[byte >> 4] + MODHEX[byte & 15] for byte in digest)
