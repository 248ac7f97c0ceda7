"""A roll-out's ledger and hand-outs beside what the server has: is anything lost, twice or made up?"""

import base64
import html
import re
import shutil
import sqlite3
import subprocess
import tempfile
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

STATES = ("planned", "prepared", "submitted", "recorded", "proved", "failed", "unknown", "skipped",
          "undoing")
METHODS = ("totp", "webauthn", "passkey")
IS_THERE = ("recorded", "proved")


@dataclass
class Item:
    account: str
    id: int
    method: str
    n: int
    label: str
    state: str
    factor_id: int
    cid: str
    credential: bytes
    cause: str


class Ledger:
    """A copy of it, as it is at this moment; what was left behind by a crash is part of it."""

    def __init__(self, path):
        with tempfile.TemporaryDirectory(prefix="cowkey-ledger-") as place:
            for suffix in ("", "-wal"):
                if Path(f"{path}{suffix}").exists():
                    shutil.copy(f"{path}{suffix}", f"{place}/ledger{suffix}")
            database = sqlite3.connect(f"{place}/ledger")
            try:
                self._read(database)
            finally:
                database.close()

    def _read(self, database):
        self.intact = [row[0] for row in database.execute("PRAGMA integrity_check")] == ["ok"]
        self.items = [Item(name, number, METHODS[method], n, label or "", STATES[state],
                           factor_id or 0, cid or "", bytes(credential or b""), cause or "")
                      for name, number, method, n, label, state, factor_id, cid, credential, cause
                      in database.execute(
                          "SELECT name, item.id, method, n, label, state, factor_id, cid, credential,"
                          " cause_text FROM item JOIN person ON person.id = person ORDER BY item.id")]
        self.refusals, = database.execute("SELECT refusals FROM rollout").fetchone()

    def of(self, account):
        return [item for item in self.items if item.account == account]

    def states(self):
        """{state: count}."""
        return {state: count for state in STATES
                if (count := sum(item.state == state for item in self.items))}

    def causes(self):
        return sorted({item.cause for item in self.items if item.cause})

    @property
    def is_done(self):
        return all(item.state == "proved" for item in self.items)


@dataclass
class Handouts:
    """Everything that people can be given: in the clear, or by who has the recipient's key."""

    directory: Path
    recipient: tuple = None  # (certificate, key)
    plain: list = field(default_factory=list)  # texts of files in the clear
    sealed: list = field(default_factory=list)  # texts of files that had to be opened
    broken: list = field(default_factory=list)

    def __post_init__(self):
        for path in sorted(Path(self.directory).rglob("*")):
            if path.is_file():
                self._read(path)
        self.text = "\n".join(self.plain + self.sealed)
        self._words = squeezed(self.text)

    def _read(self, path):
        if path.suffix != ".cms":
            self.plain.append(path.read_bytes().decode("utf-8", "replace"))
            return
        opened = unseal(path, *self.recipient) if self.recipient else None
        if opened is None:
            self.broken.append(path.name)
        else:
            self.sealed.append(opened)

    def have(self, secret):
        return secret in self._words

    def in_the_clear(self, secret):
        return secret in squeezed("\n".join(self.plain))


def squeezed(text):
    """Without markup and blanks, which sheets have in the middle of secrets."""
    text = html.unescape(re.sub(r"<[^>]*>", "", text))
    return urllib.parse.unquote(re.sub(r"\s+", "", text))


def unseal(path, certificate, key):
    """What a recipient reads with nothing but openssl; None: it can't be opened."""
    done = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-in", path, "-recip",
                           certificate, "-inkey", key], capture_output=True, check=False)
    return done.stdout.decode() if done.returncode == 0 else None


def make_recipient(place):
    """(certificate, key) of whom hand-outs are sealed to."""
    certificate, key = Path(place) / "recipient.pem", Path(place) / "recipient.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=made-up recipient", "-days",
                    "9", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


# -- judging -----------------------------------------------------------------------------------


def faults(ledger, handouts, holdings):
    """What is wrong: lines, [] when nothing is. holdings: what the server has, by account."""
    found = [] if ledger.intact else ["the ledger is damaged"]
    found += [f"{name} can't be opened" for name in handouts.broken]
    for account, held in holdings.items():
        found += [f"{account}: {fault}" for fault in
                  _of_account(ledger.of(account), handouts, held)]
    return found


def _of_account(items, handouts, held):
    rows = {row["id"]: row for row in held["factors"]}
    keys = {row["cid"]: row for row in held["passkeys"]}
    for item in items:
        if item.state in IS_THERE:
            row = keys.get(item.cid) if item.method == "passkey" else rows.get(item.factor_id)
            yield from _missing(item, row)
    known = {item.factor_id for item in items if item.state in IS_THERE and item.factor_id}
    known_keys = {item.cid for item in items if item.state in IS_THERE and item.cid}
    undecided = sum(item.state in ("submitted", "unknown", "undoing") for item in items)
    unknown = [row for row in rows.values() if row["id"] not in known]
    unknown += [row for row in keys.values() if row["cid"] not in known_keys]
    if len(unknown) > undecided:
        yield f"{len(unknown)} without a record: {unknown}"
    for there in (rows, keys):  # a key's factor and its passkey may have one name
        names = [row["label"] for row in there.values()]
        yield from (f"{name!r} is there twice" for name in set(names) if names.count(name) > 1)
    for row in rows.values():
        if row["secret"] and not handouts.have(row["secret"]):
            yield f"the secret of {row['label']!r} is lost"
    for row in held["app_passwords"]:
        if not handouts.have(row["password"]):
            yield f"the app password {row['label']!r} is lost"


def _missing(item, row):
    if row is None:
        yield f"{item.label!r} is {item.state}, and the server has none"
    elif row["label"] != item.label:
        yield f"{item.label!r} is {item.state}, and the server calls it {row['label']!r}"
    elif item.method != "passkey" and row["method"] != item.method:
        yield f"{item.label!r} is {item.state}, and the server has a {row['method']}"
    elif item.method != "totp" and row["credential"] != _text(item.credential):
        yield f"{item.label!r} is {item.state}, and the server has another credential"


def _text(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
