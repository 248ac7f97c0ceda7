"""The three ways in which releases of mailcow speak (dialects 1 and 2).

One table a dialect: addresses, what is known and what is not.  Roles carry the
names that the server uses in its pages (`user`, `domainadmin`, `admin`); the
names that people use (`mailbox`, `domain-admin`, `admin`) stand in ROLES.
"""

from dataclasses import dataclass, field

ROLES = {"mailbox": "user", "domain-admin": "domainadmin", "admin": "admin"}
EVERYBODY = ("user", "domainadmin", "admin")


@dataclass(frozen=True)
class Page:
    """What stands at an address: a login form, a list of factors, or something else."""

    kind: str  # "login", "factors", "start" or "sogo"
    roles: tuple  # who may see it; for a login form: who may log in there
    takes_logins: bool = True  # in split dialects each page has the login forms of its role
    open_while_held: bool = False  # one page forgets to send held sessions away


@dataclass(frozen=True)
class Dialect:
    name: str
    version: str
    cookie: str
    same_site: bool
    pages: dict
    login: dict
    factors: dict
    start: dict
    moved: dict = field(default_factory=dict)  # addresses that only redirect to another
    knows_force: bool = False  # force_tfa, `attributes` of admins, the two holds
    knows_authsource: bool = True
    single_use_tokens: bool = False  # of sign_on.py
    checks_app_passwords: bool = True  # holds them against the password policy
    split_logins: bool = True  # each role logs in at its own page
    shows_version: bool = False  # version tag without a login
    passkey_marker: str = "verify_fido2_login"
    page_sizes: dict = field(default_factory=dict)  # of the factor pages, and "login"

    def held(self, role):
        """Where a session with unfinished business is sent (protocol 1)."""
        return self.login[role].rstrip("/") or "/"

    def stranger(self, page):
        """Where a private page sends somebody who is not logged in (dialects 2.1)."""
        if self.knows_force or not self.split_logins or len(page.roles) > 1:
            return "/"
        return self.held(page.roles[0])


_SPLIT_PAGES = {
    "/": Page("login", ("user",)),
    "/user": Page("factors", ("user",)),
    "/SOGo/so/": Page("sogo", ("user",), takes_logins=False),
    "/quarantine": Page("start", EVERYBODY, takes_logins=False, open_while_held=True),
    "/domainadmin/": Page("login", ("domainadmin",)),
    "/domainadmin/user": Page("factors", ("domainadmin",)),
    "/domainadmin/mailbox": Page("start", ("domainadmin",)),
    "/admin/": Page("login", ("admin",)),
    "/admin/system": Page("factors", ("admin",)),
    "/admin/dashboard": Page("start", ("admin",)),
    "/admin/mailbox": Page("start", ("admin",)),
}
_SPLIT = {
    "cookie": "MCSESSID",
    "same_site": True,
    "pages": _SPLIT_PAGES,
    "login": {"user": "/", "domainadmin": "/domainadmin/", "admin": "/admin/"},
    "factors": {"user": "/user", "domainadmin": "/domainadmin/user", "admin": "/admin/system"},
    "start": {"user": "/SOGo/so/", "domainadmin": "/domainadmin/mailbox",
              "admin": "/admin/dashboard"},
    # The web server answers for a directory before PHP sees the form (protocol 0).
    "moved": {"/domainadmin": "/domainadmin/", "/admin": "/admin/", "/SOGo": "/SOGo/so/"},
}

FORCED = Dialect(name="forced", version="2026-07a", knows_force=True, single_use_tokens=True,
                 page_sizes={"login": 40_000, "user": 127_000, "domainadmin": 81_000,
                             "admin": 219_000},
                 **_SPLIT)

SPLIT = Dialect(name="split", version="2025-12a",
                page_sizes={"login": 39_000, "user": 126_000, "domainadmin": 80_000,
                            "admin": 218_000},
                **_SPLIT)

SINGLE = Dialect(
    name="single", version="2025-01a", cookie="PHPSESSID", same_site=False,
    pages={
        "/": Page("login", EVERYBODY),
        "/user": Page("factors", ("user", "domainadmin")),
        "/mailbox": Page("start", ("domainadmin", "admin")),
        "/admin": Page("factors", ("admin",)),
        "/debug": Page("start", ("admin",)),
        "/quarantine": Page("start", EVERYBODY),
        "/SOGo/so/": Page("sogo", ("user",), takes_logins=False),
    },
    login={"user": "/", "domainadmin": "/", "admin": "/"},
    factors={"user": "/user", "domainadmin": "/user", "admin": "/admin"},
    start={"user": "/user", "domainadmin": "/mailbox", "admin": "/debug"},
    knows_authsource=False, checks_app_passwords=False, split_logins=False, shows_version=True,
    passkey_marker="/api/v1/process/fido2-args",
    page_sizes={"login": 27_000, "user": 109_000, "domainadmin": 66_000, "admin": 164_000})

BY_NAME = {dialect.name: dialect for dialect in (FORCED, SPLIT, SINGLE)}
