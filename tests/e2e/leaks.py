"""Secrets in all the forms that they could leak in, and where they are looked for."""

import base64
import json
import os
import re
import urllib.parse

SHORTEST = 6  # bytes of a form that can't stand somewhere by chance


def forms(secret):
    """{form: bytes} of a secret, which is a text; a base32 text also means the bytes behind it."""
    found = dict(_forms(secret.encode()))
    if re.fullmatch("[A-Z2-7]{16,}", secret):
        found |= {f"decoded, {form}": data for form, data in _forms(_from_base32(secret))}
    return {form: data for form, data in found.items() if len(data) >= SHORTEST}


def _forms(data):
    text = data.decode("utf-8", "backslashreplace")
    yield "plain", data
    yield "capital letters", data.upper()
    yield "small letters", data.lower()
    yield "hex", data.hex().encode()
    yield "HEX", data.hex().upper().encode()
    yield "hex with colons", data.hex(":").encode()
    yield "%", urllib.parse.quote_from_bytes(data, safe="").encode()
    yield "% and +", urllib.parse.quote_plus(data).encode()
    yield "&", _as_entities(text).encode()
    yield "\\u", text.encode("ascii", "backslashreplace")
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "JSON in UTF-8", json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield "quotes doubled", data.replace(b'"', b'""')
    yield "UTF-16", text.encode("utf-16-le")
    yield "base32", base64.b32encode(data).rstrip(b"=")
    # Three ways to stand in a longer text; the letters at its ends depend on the neighbours.
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + data)
        inner = whole[(0, 2, 3)[shift]:].rstrip(b"=")
        if (shift + len(data)) % 3:
            inner = inner[:-1]
        yield f"base64, {shift} behind", inner
        yield f"base64url, {shift} behind", inner.translate(bytes.maketrans(b"+/", b"-_"))


def _as_entities(text):
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"),
                           ("'", "&#39;")):
        text = text.replace(letter, entity)
    return text


def _from_base32(text):
    return base64.b32decode(text + "=" * (-len(text) % 8))


class Hunt:
    """Looks for secrets in whatever it is shown."""

    def __init__(self, secrets):
        """secrets: {what it is: text}."""
        self._known = {}
        for what, secret in secrets.items():
            for form, data in forms(secret).items():
                self._known.setdefault(data, f"{what} ({form})")
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first)))

    def in_bytes(self, where, data):
        """Lines "WHERE: a password (hex)"."""
        return [f"{where}: {what}" for what in sorted(
            {self._known[found] for found in self._pattern.findall(data)})]

    def in_files(self, directory, but=()):
        """In names and contents of all files below it, but files and directories of secrets."""
        but, found = {os.path.realpath(path) for path in but}, []
        for place, within, names in os.walk(directory):
            within[:] = [name for name in within
                         if os.path.realpath(os.path.join(place, name)) not in but]
            for name in names:
                path = os.path.join(place, name)
                found += self.in_bytes(f"the name of {path}", os.fsencode(path))
                if os.path.isfile(path) and os.path.realpath(path) not in but:
                    found += self.in_file(path)
        return found

    def in_file(self, path):
        with open(path, "rb") as file:
            return self.in_bytes(path, file.read())
