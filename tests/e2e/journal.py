"""Journals, written as the manual page says, without cowkey."""

import hashlib
import json
import secrets

NO_HASH = "0" * 64
DEED = {"operator": "admin", "user": "root@mx1", "server": "https://mail.example.test",
        "account": "bob@example.test", "role": "mailbox", "action": "enroll", "method": "passkey",
        "aaguid": None, "serial": None, "detail": None}
OUTCOME = {"outcome": "done", "evidence": "login", "aaguid": None, "serial": None, "detail": None}


def hash_of(line):
    return hashlib.sha256(line).hexdigest()


class Journal:
    """Lines, each with its line end."""

    def __init__(self):
        self.lines = []
        self.torn = False

    @property
    def head(self):
        return hash_of(self.lines[-1]) if self.lines else NO_HASH

    @property
    def content(self):
        return b"".join(self.lines)

    def add(self, event, identity, members, time="2026-11-23T08:21:24Z"):
        entry = {"n": len(self.lines) + 1, "prev": self.head}
        if self.torn:
            entry["after_torn"] = True
        entry |= {"time": time, "event": event, "id": identity} | members
        self.torn = False
        self.lines.append(json.dumps(entry, separators=(",", ":")).encode() + b"\n")

    def intend(self, **changes):
        identity = secrets.token_hex(16)
        self.add("intent", identity, DEED | changes)
        return identity

    def conclude(self, identity, **changes):
        self.add("outcome", identity, OUTCOME | changes)

    def do(self, **changes):
        """An intent and its outcome; changes are those of either."""
        of_outcome = {name: value for name, value in changes.items() if name in ("outcome", "evidence")}
        identity = self.intend(**{name: changes[name] for name in changes.keys() - of_outcome})
        self.conclude(identity, **of_outcome)
        return identity

    def tear(self, text=b'{"n":'):
        """A write that was cut off, to which the next line will be chained."""
        self.lines.append(text + b"\n")
        self.torn = True


def write_default(home):
    """One in the default place below a home directory."""
    journal = Journal()
    journal.do()
    path = home / ".local" / "state" / "cowkey" / "journal.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(journal.content)
