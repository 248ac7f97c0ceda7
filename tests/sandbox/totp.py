"""Time-based one-time passwords as the server checks them (protocol 4.4).

SHA1, six digits, 30 seconds, one step either way.  The base32 reader has the
server's habits, not RFC 4648's: any `=` is skipped, trailing bits are dropped,
an empty text is an empty key, and everything else outside A-Z2-7 is an error.
"""

import hashlib
import hmac
import secrets

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
STEP_S = 30
WINDOW_STEPS = 1


class BadSecret(ValueError):
    """The text is not base32 in the server's eyes."""


def decode(secret):
    """The key bytes of a base32 text."""
    bits = ""
    for letter in secret:
        if letter == "=":
            continue
        value = ALPHABET.find(letter)
        if value < 0:
            raise BadSecret("not base32")
        bits += format(value, "05b")
    whole = len(bits) // 8
    return bytes(int(bits[8 * i:8 * i + 8], 2) for i in range(whole))


def code_at(secret, seconds):
    """The six digits that belong to this moment."""
    counter = int(seconds // STEP_S).to_bytes(8, "big")
    # hmac.new() refuses nothing: an empty key is a key, as on the server.
    digest = hmac.new(decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start:start + 4], "big") & 0x7FFFFFFF
    return format(number % 1_000_000, "06d")


def matches(secret, code, seconds):
    """Whether the code fits now, one step ago or one step ahead."""
    found = False
    for step in range(-WINDOW_STEPS, WINDOW_STEPS + 1):
        wanted = code_at(secret, seconds + step * STEP_S)
        found |= hmac.compare_digest(wanted.encode(), code.encode())
    return found


def new_secret(letters=16):
    """A secret of the length that the server's own page proposes."""
    return "".join(secrets.choice(ALPHABET) for _ in range(letters))
