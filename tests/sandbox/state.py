"""What the simulated server stores: accounts, factors, app passwords, logs.

Everything lives in memory and is rebuilt from the seed by `reset()`.  All
changes to stored data go through the methods below, which is what lets a fault
swallow them (`lying`) or let somebody else enrol at the same moment
(`doubling`).
"""

import copy
import hashlib
import itertools
import threading
import time
from dataclasses import dataclass, field

from dialects import ROLES
from sessions import Sessions
from tables import Table

FIRST_FACTOR_ID = 231
SOMEBODY_ELSE = ("somebody else's phone", "MADEUPMADEUPMADEUPMADEUP23456723")
SOMEBODY_ELSES_KEY = b"somebody else's key"

_AAGUID_AND_LENGTH = 16 + 2
# A public key as COSE has it: the base point of P-256, whose private key is 1.
_ANOTHER_KEY = bytes.fromhex(
    "a5010203262001"
    "2158206b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "2258204fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")

_MAILBOX_ATTRIBUTES = {
    "force_pw_update": "0", "tls_enforce_in": "0", "tls_enforce_out": "0", "sogo_access": "1",
    "imap_access": "1", "pop3_access": "1", "smtp_access": "1", "sieve_access": "1",
    "eas_access": "1", "dav_access": "1", "relayhost": "0", "passwd_update": "2026-01-01 00:00:00",
    "mailbox_format": "maildir:", "quarantine_notification": "hourly",
    "quarantine_category": "reject",
}


@dataclass
class Account:
    name: str
    role: str  # the server's word: user, domainadmin, admin
    password: str
    active: int = 1
    authsource: str = "mailcow"
    domains: list = field(default_factory=list)
    attributes: dict = None  # None: the column is NULL
    created: str = "2026-01-01 00:00:00"
    # Of a domain admin: what stands beside its domains. Reads show it; logins look at `active`.
    listed_active: int = None
    may_log_in_as: int = 1  # a right that a domain admin can be without

    @property
    def domain(self):
        return self.name.partition("@")[2]

    def attribute(self, key, default="0"):
        return (self.attributes or {}).get(key, default)

    @property
    def shown_active(self):
        return self.active if self.listed_active is None else self.listed_active

    @property
    def shown_name(self):
        return self.name.partition("@")[0].capitalize()


@dataclass
class Factor:
    """A row of the table tfa."""

    id: int
    account: str
    label: str
    method: str  # the server's word: totp, webauthn, yubi_otp, u2f
    secret: str = ""
    active: int = 1
    key_handle: bytes = b""  # of a security key: the credential's id
    key: bytes = b""  # and its attested credential data; without it nobody can use the row


@dataclass
class Passkey:
    """A row of the table fido2."""

    account: str
    credential_id: bytes
    key: bytes = b""  # attested credential data
    subject: str = ""  # of the certificate
    label: str = None
    created: str = ""

    @property
    def cid(self):
        return hashlib.sha256(self.credential_id).hexdigest()

    @property
    def default_label(self):
        return self.subject or f"Unknown ({self.created})"

    @property
    def shown_label(self):
        """What the page's template holds for no name: PHP's "0" is false (protocol 16)."""
        return self.default_label if self.label in (None, "", "0") else self.label


@dataclass
class AppPassword:
    id: int
    account: str
    label: str
    active: int
    protocols: tuple
    password: str


class State:
    def __init__(self, dialect, seed):
        self.dialect = dialect
        self._seed = seed
        # One request at a time, so that a request sees no half of another one.
        self.lock = threading.RLock()
        self.reset()

    def reset(self):
        seed = copy.deepcopy(self._seed)
        self.api_keys = seed["api_keys"]
        self.api_allow_from = seed.get("api_allow_from", ["127.0.0.0/8"])
        self.domains = seed["domains"]
        self.inactive_domains = set()
        self.full_domains = set()  # whose mailboxes have more than may be given to them
        self.unmeasured = set()  # mailboxes whose row of usage is missing
        self.password_policy = seed["password_policy"]
        self.accounts = {}
        self.factors = Table()
        self.passkeys = Table()
        self.app_passwords = Table()
        for row in seed["accounts"]:
            self.seed_account(row)
        self.sso_tokens = []
        self.sessions = Sessions(self.now)
        self.used_otps = set()
        self.published_failures = []  # what fail2ban would count (protocol 15)
        self.logs = []  # the table `logs`
        self.api_log = []  # what the API was asked for
        self.requests = []  # what reached the server, for tests
        self.registrations = []  # and what keys made, with the challenges that were set
        self._ids = itertools.count(FIRST_FACTOR_ID)
        self.clock_offset = 0
        self.trusted_vendors = None  # certificates in DER; None: any key is welcome
        self.directory_answers = False  # whether LDAP and Keycloak passwords can be checked
        self.password_ms = 0  # how long a look at a password takes, as hashes are made to
        self.refuse_codes = False
        self.mixing_up = False  # keeps other secrets and keys than it is told
        self.lying = False
        self.doubling = False
        self.denying = False
        self.list_filling = 0  # bytes more in each row of a list of mailboxes
        self.small_pages = False  # no filling, for tests with thousands of them

    def seed_account(self, row):
        """An account as the seed describes it."""
        role = ROLES[row["role"]]
        attributes = None
        if role == "user":
            attributes = dict(_MAILBOX_ATTRIBUTES)
            if self.dialect.knows_force:
                attributes["force_tfa"] = "0"
            if self.dialect.knows_authsource:
                attributes["attribute_hash"] = "made-up-template-hash"
        self.accounts[row["name"]] = Account(
            name=row["name"], role=role, password=row["password"], active=row.get("active", 1),
            authsource=row.get("authsource", "mailcow"), domains=row.get("domains", []),
            attributes=attributes)

    # -- clock -----------------------------------------------------------------

    def now(self):
        # Until the first reset() is through there is no offset yet.
        return time.time() + getattr(self, "clock_offset", 0)

    def timestamp(self):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.now()))

    # -- looking ---------------------------------------------------------------

    def account(self, name, role=None):
        """The account, or None; with a role only if it has that role."""
        found = self.accounts.get(name.lower()) if isinstance(name, str) else None
        return found if found and role in (None, found.role) else None

    def with_role(self, role):
        return [account for account in self.accounts.values() if account.role == role]

    def password_is(self, account, password):
        """For accounts from elsewhere the directory is asked; it holds the same password."""
        if account.authsource != "mailcow" and not (
                self.directory_answers and account.authsource in ("ldap", "keycloak")):
            return False
        return account.password == password

    def factors_of(self, name, active_only=True):
        return [factor for factor in self.factors.of(name)
                if factor.active or not active_only]

    def factor(self, factor_id):
        return next((factor for factor in self.factors if factor.id == factor_id), None)

    def passkeys_of(self, name):
        return list(self.passkeys.of(name))

    def passkey(self, credential_id):
        """Whose it is does not matter; the first of several with the same id."""
        return next((passkey for passkey in self.passkeys
                     if passkey.credential_id == credential_id), None)

    def domains_of(self, name):
        """Of a domain admin; none if it was deleted or switched off behind a live session."""
        account = self.account(name, "domainadmin")
        return account.domains if account and account.shown_active else []

    def app_passwords_of(self, name):
        return list(self.app_passwords.of(name))

    def removal_blocked(self, name):
        """Only a JSON number blocks: the server compares the JSON text (protocol 3)."""
        account = self.account(name)
        if not self.dialect.knows_force or account is None:
            return False
        value = account.attribute("force_tfa", None)
        return value == 1 and not isinstance(value, str)

    # -- changing --------------------------------------------------------------

    def add_factor(self, account, label, method, secret="", **key):
        row = Factor(next(self._ids), account, label, method, secret, **key)
        if self.mixing_up:
            row.secret = SOMEBODY_ELSE[1] if method == "totp" else secret
            row.key = _another_key(row.key, row.key_handle)
        if not self.lying:
            self.factors.append(row)
            if self.doubling:
                self.factors.append(Factor(next(self._ids), account, SOMEBODY_ELSE[0], "totp",
                                           SOMEBODY_ELSE[1]))
        return row

    def remove_factors(self, account, wanted=lambda factor: True):
        if not self.lying:
            self.factors.remove(account, wanted)

    def set_factors_active(self, account, active):
        if not self.lying:
            for factor in self.factors_of(account, active_only=False):
                factor.active = active

    def add_passkey(self, account, credential_id, key=b"", subject=""):
        if self.lying:
            return
        if self.mixing_up:
            key = _another_key(key, credential_id)
        self.passkeys.append(Passkey(account, credential_id, key, subject,
                                     created=self.timestamp()))
        if self.doubling:
            self.passkeys.append(Passkey(account, SOMEBODY_ELSES_KEY, created=self.timestamp()))

    def remove_passkeys(self, account, cid):
        if not self.lying:
            self.passkeys.remove(account, lambda passkey: passkey.cid == cid)

    def label_passkeys(self, account, cid, label):
        for passkey in self.passkeys_of(account):
            if passkey.cid == cid and not self.lying:
                passkey.label = label

    def add_app_password(self, account, label, active=1, protocols=(), password="made up"):
        row = AppPassword(next(self._ids), account, label, active, tuple(protocols), password)
        if not self.lying:
            self.app_passwords.append(row)
        return row

    def remove_app_password(self, row):
        if not self.lying:
            self.app_passwords.remove(row.account, lambda each: each is row)

    def set_password(self, account, password):
        if not self.lying:
            account.password = password

    def set_attributes(self, account, **changes):
        if not self.lying:
            account.attributes = dict(account.attributes or {}, **changes)

    def keep_token(self, token):
        if not self.lying:
            self.sso_tokens.append(token)

    def set_columns(self, account, **changes):
        if not self.lying:
            for name, value in changes.items():
                setattr(account, name, value)

    def rename(self, account, name, with_factors=True):
        """Takes the factors along, but no passkeys (protocol 7.3)."""
        if self.lying or name == account.name:
            return
        if with_factors:
            self.factors.rename(account.name, name)
        del self.accounts[account.name]
        account.name = name
        self.accounts[name] = account

    def add_account(self, account):
        if not self.lying:
            self.accounts[account.name] = account

    def remove_account(self, account):
        """With its factors, keys and app passwords; its live sessions stay (protocol 7.3)."""
        if self.lying:
            return
        del self.accounts[account.name]
        for table in (self.factors, self.passkeys, self.app_passwords):
            table.remove(account.name)

    def publish_failure(self, name, address):
        self.published_failures.append({"name": name, "address": address})

    def log(self, row):
        self.logs.append(row)


def _another_key(key, credential_id):
    """Attested credential data with a key that nobody holds; none stays none."""
    return key and key[:_AAGUID_AND_LENGTH + len(credential_id)] + _ANOTHER_KEY
