"""The arranger: puts the simulated server into a wanted state.

Its verbs are those of the real server's arranger, and some that only a
simulation can have.  `Arranger.run` takes the words of a verb and returns what
is printed; `listen` serves it on a unix socket, one JSON request a connection.
"""

import html
import inspect
import ipaddress
import json
import os
import socketserver

import certs
import crowds
import faults
import php
import relying_party
import totp
from dialects import ROLES

SOCKET = "control"
MAX_REQUEST = 1024 * 1024

_METHOD_NAMES = {"yubi_otp": "yubiotp"}
_AUTHSOURCES = ("mailcow", "ldap", "keycloak", "generic-oidc")


class Usage(Exception):
    """Wrong words: exit status 2."""


class NotHere(Exception):
    """Cannot be arranged on this server: exit status 3."""


class Arranger:
    def __init__(self, sandbox):
        self._sandbox = sandbox
        self._state = sandbox.state

    def run(self, words):
        """Runs one verb; the text that it prints, perhaps empty."""
        verb = self._find(words)
        if words[0] == "settle":  # waits for others, who need the state
            return verb() or ""
        with self._state.lock:
            result = verb(*words[1:])
        if result is None:
            return ""
        return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)

    def _find(self, words):
        """The method of a verb, if it takes as many words."""
        verb = getattr(self, "do_" + words[0].replace("-", "_"), None) if words else None
        if verb is None:
            raise Usage("no such verb: " + " ".join(words))
        try:
            inspect.signature(verb).bind(*words[1:])
        except TypeError:
            raise Usage(f"{words[0]}: wrong number of arguments") from None
        return verb

    def _account(self, name):
        account = self._state.account(name)
        if account is None:
            raise Usage(f"no such account: {name}")
        return account

    def _mailbox(self, name):
        account = self._account(name)
        if account.role != "user":
            raise NotHere(f"{name} is not a mailbox")
        return account

    # -- verbs of every arranger --------------------------------------------------

    def do_reset(self):
        self._sandbox.reset()

    def do_force_tfa(self, name, how):
        values = {"string": "1", "number": 1, "off": "0"}
        account = self._account(name)
        if how not in values:
            raise Usage("force-tfa ACCOUNT string|number|off")
        if not self._state.dialect.knows_force:
            raise NotHere("this release does not know force_tfa")
        self._set_flag(account, "force_tfa", values[how])

    def do_force_pw_update(self, name, switch):
        account = self._account(name)
        if account.role != "user" and not self._state.dialect.knows_force:
            raise NotHere("this release knows force_pw_update for mailboxes only")
        self._set_flag(account, "force_pw_update", str(_on(switch)))

    def _set_flag(self, account, name, value):
        if account.attributes is None:
            self._state.set_attributes(account, force_tfa="0", force_pw_update="0")
        self._state.set_attributes(account, **{name: value})

    def do_authsource(self, name, source):
        account = self._mailbox(name)
        if source not in _AUTHSOURCES:
            raise Usage("authsource ACCOUNT " + "|".join(_AUTHSOURCES))
        if not self._state.dialect.knows_authsource and source != "mailcow":
            raise NotHere("this release does not know external accounts")
        self._state.set_columns(account, authsource=source)

    def do_active(self, name, switch):
        self._state.set_columns(self._account(name), active=_on(switch))

    def do_domain_active(self, name, switch):
        """Passwords of its mailboxes are refused while it is off."""
        _put(self._state.inactive_domains, self._domain(name), not _on(switch))

    def do_domain_full(self, name, switch):
        """Edits of its mailboxes are refused while it is on, whatever they are about."""
        _put(self._state.full_domains, self._domain(name), _on(switch))

    def do_no_record(self, name, switch):
        """Reads of the mailbox give nulls while it is on."""
        _put(self._state.unmeasured, self._mailbox(name).name, _on(switch))

    def _domain(self, name):
        if name not in self._state.domains:
            raise Usage(f"no such domain: {name}")
        return name

    def do_factors(self, name):
        self._account(name)
        return [{"id": row.id, "label": row.label,
                 "method": _METHOD_NAMES.get(row.method, row.method),
                 "secret": row.secret if row.method == "totp" else None,
                 "active": bool(row.active)}
                for row in self._state.factors_of(name, active_only=False)]

    def do_passkeys(self, name):
        self._account(name)
        return [{"cid": row.cid, "label": row.shown_label}
                for row in self._state.passkeys_of(name)]

    def do_add_totp(self, name, label, secret):
        try:
            totp.decode(secret)
        except totp.BadSecret as error:
            raise Usage(str(error)) from None
        return str(self._add(name, label, "totp", secret))

    def do_add_u2f(self, name, label):
        return str(self._add(name, label, "u2f"))

    def do_add_yubiotp(self, name, label, prefix):
        if len(prefix) != 12 or set(prefix) - set("cbdefghijklnrtuv"):
            raise Usage("the prefix has 12 modhex letters")
        return str(self._add(name, label, "yubi_otp", f"99999:made-up-api-key:{prefix}"))

    def do_add_webauthn(self, name, label):
        """A security key that nobody holds, for lists."""
        return str(self._add(name, label, "webauthn", key_handle=os.urandom(32),
                             key=b"made up"))

    def do_add_passkey(self, name, label):
        account = self._account(name)
        credential_id = os.urandom(32)
        self._state.add_passkey(account.name, credential_id)
        cid = self._state.passkey(credential_id).cid
        self._state.label_passkeys(account.name, cid, label)
        return cid

    def do_mix_up(self, switch):
        """Keeps other secrets and public keys than it is told: right answers are refused."""
        self._state.mixing_up = bool(_on(switch))

    def _add(self, name, label, method, secret="", **key):
        return self._state.add_factor(self._account(name).name, label, method, secret, **key).id

    def do_add_app_password(self, name, label):
        account = self._mailbox(name)
        # As the server itself stores it.
        return str(self._state.add_app_password(account.name, php.escape_html(label),
                                                protocols=("imap_access", "smtp_access")).id)

    def do_app_passwords(self, name):
        return [{"id": row.id, "label": html.unescape(row.label), "active": bool(row.active),
                 "protocols": sorted(name.partition("_")[0] for name in row.protocols),
                 "password": row.password}
                for row in self._state.app_passwords_of(self._mailbox(name).name)]

    def do_sessions(self):
        return self._state.sessions.counts()

    def do_password(self, name, new):
        self._state.set_password(self._account(name), new)

    def do_attributes(self, name):
        """Every column of the account's rows, by table; the password as a hash."""
        return crowds.columns(self._account(name))

    def do_api_allow_from(self, addresses):
        if addresses == "any":
            self._state.api_allow_from = None
            return
        networks = addresses.replace(",", " ").split()
        for each in networks:
            ipaddress.ip_network(each)  # ValueError: wrong words
        self._state.api_allow_from = networks

    def do_many_mailboxes(self, domain, count, factors=None):
        """See crowds.py for their names and passwords, and for what every one of ten has."""
        if factors not in (None, "factors", "passwords"):
            raise Usage("many-mailboxes DOMAIN COUNT [factors|passwords]")
        crowds.make(self._state, domain, int(count), factors == "factors", factors == "passwords")

    def do_add_account(self, name, role, password, domain=None):
        """A further account; a mailbox or its administrator may bring a new domain along."""
        if role not in ROLES or self._state.account(name):
            raise Usage("add-account NAME mailbox|domain-admin|admin PASSWORD [DOMAIN]")
        if (role == "mailbox") != php.is_email(name):
            raise Usage(f"{name} is no name for this role")
        domains = [each for each in (name.partition("@")[2], domain) if each]
        if role == "domain-admin" and not domains:
            raise Usage("a domain admin has a domain")
        self._add_domains(domains)
        self._state.seed_account({"name": name, "role": role, "password": password,
                                  "domains": domains if role == "domain-admin" else []})

    def do_domain_admin_of(self, name, domain):
        account = self._domain_admin(name)
        self._add_domains([domain])
        if domain not in account.domains:
            self._state.set_columns(account, domains=[*account.domains, domain])

    def do_login_as(self, name, switch):
        """Whether a domain admin may log in as its mailboxes."""
        self._state.set_columns(self._domain_admin(name), may_log_in_as=_on(switch))

    def _domain_admin(self, name):
        account = self._account(name)
        if account.role != "domainadmin":
            raise NotHere(f"{name} is not a domain admin")
        return account

    def _add_domains(self, domains):
        self._state.domains += [name for name in domains if name not in self._state.domains]

    def do_disable_factors(self, name):
        """Until the next login with a password: the rows are there, and inactive."""
        self._state.set_factors_active(self._account(name).name, 0)

    def do_expire_sso(self):
        """Every token given out so far is too old now."""
        for token in self._state.sso_tokens:
            token.created -= 3600

    def do_logs(self, option=None):
        if option not in (None, "--dump"):
            raise Usage("logs [--dump]")
        return self._state.logs if option else str(len(self._state.logs))

    def do_f2b(self):
        return str(len(self._state.published_failures))

    # -- verbs of the simulation ----------------------------------------------------

    def do_clock(self, seconds):
        try:
            self._state.clock_offset = float(seconds)
        except ValueError:
            raise Usage("clock SECONDS") from None

    def do_small_pages(self, switch):
        """Pages without filling, for tests that want thousands of them."""
        self._state.small_pages = bool(_on(switch))

    def do_list_filling(self, size):
        """So many bytes more in each row of a list of mailboxes: large lists of a few of them."""
        self._state.list_filling = int(size)

    def do_requests(self):
        return self._state.requests

    def do_holdings(self, domain=None):
        """All that accounts have, with its secrets: {account: {factors, passkeys, app_passwords}}."""
        return {name: crowds.holdings(self._state, account)
                for name, account in self._state.accounts.items()
                if domain in (None, account.domain)}

    def do_settle(self):
        """Waits until what is done late is done."""
        self._sandbox.late.settle()

    def do_password_time(self, milliseconds):
        """How long a look at a password takes; others are not held up meanwhile."""
        self._state.password_ms = int(milliseconds)

    def do_outage(self, seconds, kind="refused"):
        """For so many seconds nobody listens, or a gateway finds nobody behind it; 0 ends that."""
        if kind not in self._sandbox.outage.KINDS:
            raise Usage("outage SECONDS " + "|".join(self._sandbox.outage.KINDS))
        self._sandbox.outage.end()
        if float(seconds) > 0:
            self._sandbox.outage.begin(float(seconds), kind)

    def do_registrations(self):
        return self._state.registrations

    def do_directory(self, switch):
        """Whether a directory answers for accounts from elsewhere; off after a reset."""
        self._state.directory_answers = bool(_on(switch))

    def do_trusted_vendors(self, switch, path=None):
        """Only keys with a certificate from these vendors; without a file there are none."""
        roots = []
        if path is not None:
            try:
                with open(path, "rb") as file:
                    roots = relying_party.second_opinion().read_certificates(file.read())
            except (OSError, ValueError) as error:
                raise Usage(f"{path}: {error}") from None
            except relying_party.Missing:
                raise NotHere("python3-fido2 is missing") from None
        self._state.trusted_vendors = roots if _on(switch) else None

    def do_tls(self, kind):
        if kind not in certs.KINDS:
            raise Usage("tls " + "|".join(certs.KINDS))
        self._sandbox.tls_kind = kind

    def do_fault(self, description):
        self._sandbox.faults.add(_rule(faults.Fault, description))

    def do_meanwhile(self, description):
        rule = _rule(faults.Meanwhile, description)
        self._find(rule.verb)
        self._sandbox.meanwhiles.add(rule)


def _put(names, name, wanted):
    if wanted:
        names.add(name)
    else:
        names.discard(name)


def _on(switch):
    if switch not in ("on", "off"):
        raise Usage("on or off")
    return 1 if switch == "on" else 0


def _rule(kind, description):
    try:
        return kind(php.from_json(description))
    except faults.BadRule as error:
        raise Usage(str(error)) from None


class _Request(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            words = json.loads(self.rfile.readline(MAX_REQUEST))
            answer = {"status": 0, "out": self.server.arranger.run([str(word) for word in words])}
        except (Usage, ValueError) as error:
            answer = {"status": 2, "error": str(error)}
        except NotHere as error:
            answer = {"status": 3, "error": str(error)}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class _Listener(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False


def listen(arranger, directory):
    """The control socket, not yet served."""
    path = os.path.join(directory, SOCKET)
    listener = _Listener(path, _Request)
    listener.arranger = arranger
    os.chmod(path, 0o600)
    return listener
