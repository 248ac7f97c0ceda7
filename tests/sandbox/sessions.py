"""Sessions: one per cookie, kept the way the server keeps them (protocol 11).

A request works on a copy that is stored when the request ends, and nothing
locks a session meanwhile: two requests that overlap both see the old form
token (protocol 2).
"""

import copy
import re
import secrets
from dataclasses import dataclass, field

LIFETIME_S = 10800
_ID = re.compile(r"[A-Za-z0-9,-]{1,128}")


def new_id():
    return secrets.token_hex(16)


def new_csrf():
    return secrets.token_hex(32)


@dataclass
class Session:
    id: str
    csrf: str = field(default_factory=new_csrf)
    user_agent: str = None
    last_activity: float = 0
    username: str = None
    role: str = None
    api_access: str = None  # "rw" or "ro": opened by an API key
    pending_username: str = None
    pending_role: str = None
    pending_methods: list = None  # (id, label, method) at the moment of the password
    pending_tfa_setup: bool = False
    pending_pw_update: bool = False
    really: tuple = None  # (name, role) of who logged in as somebody else
    may_log_in_as: bool = False  # learnt at the end of a request, and so not known in the first
    factor_used: int = None
    passkey_used: str = None
    challenge: bytes = None  # one for everything: the next options overwrite it (protocol 5.4)
    login_delay: float = None
    locale: str = None
    alerts: list = field(default_factory=list)
    destroyed: bool = False

    @property
    def held(self):
        """Logged in, but not let through before some business is done."""
        return self.role is not None and (self.pending_tfa_setup or self.pending_pw_update)

    def forget_pending(self):
        self.pending_username = self.pending_role = self.pending_methods = None

    def forget_login(self):
        self.username = self.role = None

    def copy(self):
        """One that can be changed without the other; the alerts themselves never are."""
        other = copy.copy(self)
        other.alerts = list(self.alerts)
        return other

    def destroy(self):
        """Empties it for the rest of the request; nothing of it is stored.

        The form token goes too, so a page rendered now carries an empty one.
        """
        self.__init__(self.id, csrf="", locale=self.locale)
        self.destroyed = True


class Sessions:
    def __init__(self, now):
        self._now = now
        self._stored = {}

    def open(self, cookie, user_agent):
        """The session of a cookie: a copy of the stored one, or a new one.

        Ids that a client made up are taken as they are (protocol 11).
        """
        known = cookie is not None and _ID.fullmatch(cookie) is not None
        stored = self._stored.get(cookie) if known else None
        session = stored.copy() if stored else None
        if session is not None and self._now() - session.last_activity > LIFETIME_S:
            session = None
        if session is None:
            session = Session(cookie if known else new_id())
        if session.user_agent is None:
            session.user_agent = user_agent
        session.last_activity = self._now()
        return session

    def save(self, session):
        if session.destroyed:
            self.drop(session.id)
        else:
            self._stored[session.id] = session

    def drop(self, session_id):
        self._stored.pop(session_id, None)

    def renew(self, session):
        """A new id; the old one is dead."""
        self.drop(session.id)
        session.id = new_id()

    def counts(self):
        """A held session counts as both; those that an API key opened count apart.

        A client can't end these: they live in cookies that it never sends back.
        """
        live = [session for session in self._stored.values()
                if self._now() - session.last_activity <= LIFETIME_S]
        return {
            "authenticated": sum(1 for s in live if s.username and not s.api_access),
            "pending": sum(1 for s in live if s.pending_username or s.pending_tfa_setup
                           or s.pending_pw_update),
            "api": sum(1 for s in live if s.api_access),
        }
