"""The few habits of PHP that a client of the server gets to see.

How forms are read, how JSON is printed, what counts as a number, and how the
server's templates escape text for HTML and for JavaScript.
"""

import base64
import email.parser
import email.policy
import json
import re
import urllib.parse

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_INTEGER = re.compile(r"\s*([+-]?\d+)")
_SHORT_JS = {"\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r",
             "\t": "\\t"}


def form(content_type, body):
    """$_POST of a request: urlencoded or multipart, the last of equal names wins."""
    kind = content_type.split(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        pairs = urllib.parse.parse_qsl(body.decode("latin-1"), keep_blank_values=True,
                                       encoding="utf-8", errors="replace")
        return dict(pairs)
    if kind == "multipart/form-data":
        head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        fields = {}
        for part in message.iter_parts() if message.is_multipart() else ():
            name = part.get_param("name", header="content-disposition")
            if name is not None:
                fields[name] = part.get_payload(decode=True).decode("utf-8", "replace")
        return fields
    return {}


def query(text):
    """$_GET of a request."""
    return dict(urllib.parse.parse_qsl(text, keep_blank_values=True, errors="replace"))


def to_json(value, pretty=False, ascii_only=True):
    """json_encode(): slashes are escaped."""
    if pretty:
        text = json.dumps(value, indent=4, ensure_ascii=ascii_only)
    else:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only)
    return text.replace("/", "\\/")


def from_json(text):
    """json_decode(): None for anything that is not JSON."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None


def as_list(value):
    """(array) of a decoded JSON value."""
    if value is None:
        return []
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def intval(value):
    """intval(): "1x" is 1, "true" is 0, any filled array is 1."""
    if isinstance(value, (list, dict)):
        return 1 if value else 0
    if isinstance(value, (bool, int, float)):
        return int(value)
    found = _INTEGER.match(value) if isinstance(value, str) else None
    return int(found.group(1)) if found else 0


def text(value):
    """(string) of a decoded JSON value."""
    if isinstance(value, bool):
        return "1" if value else ""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def base64_decode(value):
    """base64_decode(), not strict: what is not of the standard alphabet is passed over."""
    letters = re.sub(r"[^A-Za-z0-9+/]", "", text(value))
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return base64.b64decode(letters + "=" * (-len(letters) % 4))


def trim(text):
    return text.strip(" \t\n\r\0\x0b")


def lower(text):
    """strtolower(): ASCII only."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def is_email(text):
    return _EMAIL.fullmatch(text) is not None


def is_name(text):
    """What the server takes for the name of a person or an administrator."""
    bare = re.sub(r"[_.-]", "", text)
    return is_email(text) or (bare.isascii() and bare.isalnum())


def escape_html(text):
    """Text as it stands inside the server's pages."""
    for plain, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"),
                          ("'", "&#039;")):
        text = text.replace(plain, entity)
    return text


def escape_js(text):
    """Text as it stands inside the server's scripts: \\uXXXX for nearly all (protocol 4.2)."""
    written = []
    for letter in text:
        if letter.isascii() and (letter.isalnum() or letter in ",._"):
            written.append(letter)
        elif letter in _SHORT_JS:
            written.append(_SHORT_JS[letter])
        else:
            units = letter.encode("utf-16-be", "surrogatepass")
            written += [f"\\u{units[i:i + 2].hex().upper()}" for i in range(0, len(units), 2)]
    return "".join(written)
