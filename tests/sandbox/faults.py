"""Faults on demand: what can go wrong between a client and the server.

A rule is JSON: {"match": {...}, "skip": N, "times": N, "do": "KIND[:ARGUMENT]"}.
`match` may name `method`, `path` (a trailing * matches any rest), `field` (of
the form or of a JSON body), `value` (of that field) and `account` (whose session it
is, also while its second factor is pending).  Rules are tried in order; the
first that fits is used, `times` times.

`options:KIND[:MEMBER]` spoils what is asked of keys, see options.py.
`other-account:NAME` shows a page of somebody else's; `other-session:NAME` makes a
log-in without a password (sign_on.py, log_in_as.py) enter another account.
`status:429:5` says when to come again (Retry-After, in seconds).  `status-after:503:5` is
what a proxy says when the server behind it did what it was told, and took too long.
`act-late:SECONDS` hangs up at once and does what was asked only later; `settle` waits for
that.

A rule of `meanwhile` has `verb` instead of `do`: an arranger's verb that is run
right before the matching request is handled.
"""

import json

import options
import php

# Kinds that answer instead of the server: it never sees the request.
BEFORE = ("drop-before", "status", "other-site", "redirect")
# A kind that answers nothing, and acts when the client has long gone.
LATE = "act-late"
# Kinds that change what the server does or shows.
DURING = ("delay", "expired", "lie-refused", "lie-success", "lie-stored-two", "options",
          "other-account", "other-session", "refuse-code")
# Kinds that spoil the answer of a server that did what it was told.
AFTER = ("drop-after", "cut", "truncate-body", "oversize", "bomb", "content-type", "no-date",
         "hang", "status-after")

_STATUSES = ("status", "status-after")
_WITH_NUMBER = (*_STATUSES, "delay", "cut", "oversize", "bomb")
_WITH_TEXT = ("other-account", "other-session", "content-type", "redirect")


class BadRule(ValueError):
    """The rule makes no sense; the text says why."""


class Rule:
    def __init__(self, description, wanted):
        if not isinstance(description, dict):
            raise BadRule("a rule is a JSON object")
        unknown = set(description) - {"match", "skip", "times", wanted}
        if unknown or wanted not in description:
            raise BadRule(f"a rule has match, skip, times and {wanted}")
        self.match = description.get("match", {})
        if set(self.match) - {"method", "path", "field", "value", "account"}:
            raise BadRule("match has method, path, field, value and account")
        self.skip = int(description.get("skip", 0))
        self.times = int(description.get("times", 1))

    def fits(self, request, account):
        match = self.match
        if "method" in match and match["method"] != request.method:
            return False
        if "path" in match and not _same_path(match["path"], request.path):
            return False
        if "account" in match and match["account"] != account:
            return False
        if "field" in match:
            fields = field_values(request)
            if match["field"] not in fields:
                return False
            return "value" not in match or fields[match["field"]] == match["value"]
        return True


class Fault(Rule):
    def __init__(self, description):
        super().__init__(description, "do")
        self.kind, _, self.argument = description["do"].partition(":")
        if self.kind not in BEFORE + DURING + AFTER + (LATE,):
            raise BadRule(f"no such fault: {self.kind}")
        self.retry_after = None
        if self.kind in _STATUSES and ":" in self.argument:
            self.argument, _, self.retry_after = self.argument.partition(":")
            if not self.retry_after.isdigit():
                raise BadRule(f"{self.kind}:NUMBER:SECONDS")
        if self.kind in _WITH_NUMBER:
            if not self.argument.isdigit():
                raise BadRule(f"{self.kind} wants a number")
            self.number = int(self.argument)
        elif self.kind == LATE:
            self.seconds = _seconds(self.argument)
        elif self.kind in _WITH_TEXT and not self.argument:
            raise BadRule(f"{self.kind} wants an argument")
        elif self.kind == "options" and self.argument.partition(":")[0] not in options.SPOILED:
            raise BadRule("options: " + ", ".join(options.SPOILED))


class Meanwhile(Rule):
    def __init__(self, description):
        super().__init__(description, "verb")
        self.verb = [str(word) for word in description["verb"]]


class Rules:
    """Pending rules of one sort."""

    def __init__(self):
        self._pending = []

    def add(self, rule):
        self._pending.append(rule)

    def clear(self):
        self._pending.clear()

    def take(self, request, account):
        """The rule for this request, or None; counts it as used."""
        for rule in self._pending:
            if not rule.fits(request, account):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            rule.times -= 1
            if rule.times <= 0:
                self._pending.remove(rule)
            return rule
        return None


def _seconds(text):
    try:
        return max(0.0, float(text))
    except ValueError:
        raise BadRule(f"{LATE} wants seconds") from None


def _same_path(pattern, path):
    if pattern.endswith("*"):
        return path.startswith(pattern[:-1])
    return pattern == path


def field_values(request):
    """The fields of a form or the top-level members of a JSON body."""
    if request.form and not request.is_json:
        return request.form
    document = php.from_json(request.body.decode("utf-8", "replace")) if request.body else None
    if isinstance(document, dict):
        return {name: value if isinstance(value, str) else json.dumps(value)
                for name, value in document.items()}
    return {}
