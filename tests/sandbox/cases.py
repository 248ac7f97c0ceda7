"""What the test cases of the simulation share: servers, accounts, small helpers."""

import atexit
import functools
import sys
import unittest

import dialects
from visitor import Server, Visitor

_servers = {}
# A described server in place of the simulation, see `agrees`.
_described = None

# One account a role, and one more of the same role.
ACCOUNTS = {"user": "alice@example.test", "domainadmin": "da1", "admin": "admin"}
OTHERS = {"user": "bob@example.test", "domainadmin": "da2", "admin": "admin2"}


def server_of(dialect):
    """The one server a dialect that all cases share; it goes away at exit."""
    if _described:
        return _described
    if dialect not in _servers:
        _servers[dialect] = Server(dialect)
        atexit.register(_servers[dialect].close)
    return _servers[dialect]


def use_described(server):
    """From now on cases run against this server, and those that cannot are skipped."""
    global _described
    _described = server


def simulated(test):
    """Marks a test of something that only the simulation has."""
    @functools.wraps(test)
    def guarded(self):
        if _described:
            self.skipTest("only the simulation has that")
        test(self)
    return guarded


class Case(unittest.TestCase):
    """A case against one dialect; each test starts after a reset."""

    dialect = "forced"

    def setUp(self):
        self.server = server_of(self.dialect)
        if _described and self.server.about["dialect"] != self.dialect:
            self.skipTest("another dialect")
        self.server.ctl("reset")
        self.table = dialects.BY_NAME[self.dialect]

    def visitor(self, **options):
        return Visitor(self.server, **options)

    def each_role(self):
        """(role, account, login page, factor page), each in a subtest after a reset."""
        for role, name in ACCOUNTS.items():
            self.server.ctl("reset")
            with self.subTest(dialect=self.dialect, role=role):
                yield role, name, self.table.login[role], self.table.factors[role]

    def logged_in(self, role="user", name=None):
        """A visitor on the factor page, with the first alerts behind it."""
        visitor = self.visitor()
        visitor.log_in(name or ACCOUNTS[role], self.table.login[role])
        page = visitor.get(self.table.factors[role])
        self.assertEqual(page.status, 200)
        return visitor

    def password(self, name):
        return self.server.passwords[name]

    def labels(self, name):
        return [row["label"] for row in self.server.ask("factors", name)]


def in_every_dialect(case):
    """Makes one case a dialect out of a mixin, in the module of the mixin."""
    module = sys.modules[case.__module__]
    for name in dialects.BY_NAME:
        made = type(f"{case.__name__}_{name}", (case, Case), {"dialect": name})
        made.__module__ = case.__module__
        setattr(module, made.__name__, made)
    return case
