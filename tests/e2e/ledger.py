"""Ledgers of roll-outs, made by tests/ledger with the ledger's own functions."""

import csv
import io
import json
import subprocess
from pathlib import Path

ORIGIN = "https://mail.example.test"
BEGUN_S = 1795860000  # 2026-11-28 10:00 UTC
POLICY = "[default]\nkeys = 2\nlabel = {account} {n}\n[office]\nkeys = 1\nproof = recorded\n"
_KEYS = {"": 2, "office": 1}
_COLUMNS = ("account", "role", "method", "label", "route", "password_ref", "group")

# The events that lead from planned to a state.
WAYS = {
    "planned": (), "prepared": ("prepare",), "submitted": ("prepare", "submit"),
    "recorded": ("prepare", "submit", "list"), "proved": ("prepare", "submit", "list", "accept"),
    "failed": ("prepare", "submit", "fail"), "unknown": ("prepare", "submit", "lose"),
    "skipped": ("skip",), "undoing": ("prepare", "submit", "list", "accept", "undo")}


def maker_of(binary):
    """Beside the program under test."""
    return Path(binary).parent.parent.parent / "tests" / "ledger" / "ledger-maker"


class Ledger:
    """Rows of a plan first, then what is done; `make` does it."""

    def __init__(self, binary, place):
        self.maker = maker_of(binary)
        self.place, self.path = place, place / "ledger"
        self.rows, self.lines, self.people, self.items = [], [], {}, 0
        self.made = 0  # lines that were obeyed

    def plan(self, account, method="totp", group="", label="", route="password", role=""):
        """A row; the numbers of its items."""
        reset = route == "reset-password"
        self.rows.append((account, role, method, label, route, "" if reset else "secret:a", group))
        self.people.setdefault(account, len(self.people) + 1)
        before = self.items
        self.items += 1 if method == "totp" else _KEYS[group]
        return list(range(before + 1, self.items + 1))

    def person(self, account):
        return self.people[account]

    def tell(self, **line):
        self.lines.append(line)

    def lead(self, item, state, *, listed=None, cause=(), label="a label"):
        """Takes an item to a state, in a second for each step."""
        for event in WAYS[state]:
            self.tell(now=BEGUN_S + len(self.lines))
            facts = {"label": label} if event == "prepare" else {}
            if event == "list":
                facts = listed or {"factor_id": 200 + item}
            if event in ("fail", "lose") and cause:
                facts = dict(zip(("status", "error", "hint"), cause))
            self.tell(step=event, item=item, **facts)

    def files(self):
        text = io.StringIO()
        csv.writer(text).writerows([_COLUMNS, *self.rows])
        for name, content in (("plan.csv", text.getvalue()), ("policy.ini", POLICY)):
            (self.place / name).write_text(content, encoding="utf-8", newline="")

    def start(self):
        """The maker, with its standard input open: it has the ledger to itself, like a run."""
        self.files()
        words = [self.maker, self.path, self.place / "plan.csv", self.place / "policy.ini", ORIGIN]
        return subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)

    def make(self):
        """Of what was told since the last time."""
        maker = self.start()
        text = "".join(json.dumps(line) + "\n" for line in self.lines[self.made:])
        self.made = len(self.lines)
        _, said = maker.communicate(text.encode())
        if maker.returncode != 0:
            raise AssertionError(f"the ledger could not be made: {said.decode()}")
        return self.path
