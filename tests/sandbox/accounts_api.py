"""Reading and changing accounts through the JSON API, lies included.

Where the server answers success and does nothing, or does more than it was
asked for, so does this (protocol 7.2, 7.3; dialects 2.5).
"""

import api
import logs_api
import php
from app_passwords import check_policy, may_touch
from own_password import edit_administration, hidden
from state import Account

# What reads give, all of it null, where the database finds no row.
_NO_RECORD = ("username", "active", "active_int", "domain", "name", "local_part", "quota",
              "messages", "attributes", "custom_attributes")


# -- reading ---------------------------------------------------------------------------


def _admin_details(exchange, account):
    # One row speaks for all of them, whatever the others say (protocol 18).
    rows = exchange.state.factors_of(account.name, active_only=False)
    enabled = rows[0].active if rows else 0
    details = {"username": account.name, "tfa_active": enabled, "tfa_active_int": enabled,
               "active": account.shown_active, "active_int": account.shown_active,
               "created": account.created}
    if exchange.dialect.knows_force:
        details["attributes"] = (account.attributes
                                 or {"force_tfa": "0", "force_pw_update": "0"})
    if account.role == "domainadmin":
        others = [name for name in exchange.state.domains if name not in account.domains]
        details["selected_domains"] = account.domains
        details["unselected_domains"] = others or ""
    return details


def _read_admins(role, function):
    def read(exchange, obj, _extra):
        if exchange.session.role != "admin":
            if role == "admin" or obj == "all":
                # A message is queued for the session's next page, and nobody asked for it.
                exchange.alert("danger", "access_denied", function, "get", None)
            return {}
        if obj == "all":
            return [_admin_details(exchange, account) for account in exchange.state.with_role(role)]
        account = exchange.state.account(obj, role)
        return _admin_details(exchange, account) if account else {}
    return read


def _mailbox_details(exchange, account, reduced=False):
    if account.name in exchange.state.unmeasured:
        return dict.fromkeys(_NO_RECORD)
    details = {
        "username": account.name, "active": account.active, "active_int": account.active,
        "domain": account.domain, "name": account.shown_name,
        "local_part": account.name.partition("@")[0], "quota": 1073741824, "messages": 0,
        "attributes": account.attributes, "custom_attributes": [], "quota_used": 0,
        "percent_in_use": 0, "created": account.created, "modified": None,
    }
    if exchange.dialect.knows_authsource:
        details["authsource"] = account.authsource
    details.update({"percent_class": "success", "last_imap_login": 0, "last_smtp_login": 0,
                    "last_pop3_login": 0, "last_sso_login": 0})
    if not reduced:
        details.update({"max_new_quota": 10737418240, "spam_aliases": 0, "pushover_active": 0,
                        "rl": False, "rl_scope": "domain", "is_relayed": 0})
        if exchange.dialect.knows_force:
            details["sender_acl"] = []
    return details


def _visible_domains(exchange):
    session = exchange.session
    if session.role == "admin":
        return exchange.state.domains
    if session.role == "domainadmin":
        return exchange.state.domains_of(session.username)
    return []


def _read_mailboxes(exchange, obj, extra):
    if obj not in ("all", "reduced"):
        if obj == exchange.session.username and not exchange.state.account(obj, "user"):
            # Of oneself there is always a record, and here an empty one.
            return dict.fromkeys(_NO_RECORD)
        if not may_touch(exchange, obj):
            return {}
        return _mailbox_details(exchange, exchange.state.account(obj))
    visible = _visible_domains(exchange)
    found = []
    for domain in extra.split(",") if extra else visible:
        # An unknown domain does not narrow anything: every mailbox comes (trap 16).
        wanted = [domain] if domain in visible else visible
        found += [_mailbox_details(exchange, account, obj == "reduced")
                  for account in exchange.state.with_role("user") if account.domain in wanted]
    if exchange.state.list_filling:
        found = [details | {"filling": "x" * exchange.state.list_filling} for details in found]
    return found


def _domain_details(exchange, name):
    state = exchange.state
    active = int(name not in state.inactive_domains)
    count = sum(account.domain == name for account in state.with_role("user"))
    details = {
        "max_new_mailbox_quota": 10737418240, "def_new_mailbox_quota": 1073741824,
        "quota_used_in_domain": str(count * 1073741824), "bytes_total": 0, "msgs_total": 0,
        "mboxes_in_domain": count, "mboxes_left": 1000 - count, "domain_name": name,
        "domain_h_name": name, "description": name, "max_num_mboxes_for_domain": 1000,
        "relayhost": "0", "backupmx": 0, "rl": False, "active": active, "active_int": active,
        "created": "2026-01-01 00:00:00", "modified": None}
    if exchange.session.role == "admin":
        admins = [account.name for account in state.with_role("domainadmin")
                  if name in account.domains]
        details["domain_admins"] = ", ".join(admins) or "-"
    return details


def _read_domains(exchange, obj, _extra):
    domains = [_domain_details(exchange, name)
               for name in _visible_domains(exchange) if obj in ("all", name)]
    return domains if obj == "all" else (domains or [{}])[0]


def _read_logs(exchange, obj, extra):
    if obj not in logs_api.KINDS:
        return api.answer({"type": "error", "msg": "route not found"}, 404)
    return logs_api.rows(exchange, obj, extra) if exchange.session.role == "admin" else {}


def _read_status(exchange, obj, _extra):
    if obj == "version" and exchange.session.role == "admin":
        # Printed without the usual line breaks.
        return api.answer({"version": exchange.dialect.version})
    return api.nothing()


# -- changing administrators ---------------------------------------------------------------


def _edit_admins(role, function, done):
    def edit(exchange, _obj, attributes, items):
        if exchange.session.role == "domainadmin" and role == "domainadmin":
            # Whoever is named: it is about one's own password, and nothing else.
            return edit_administration(exchange, {"username": items, **attributes})
        log = (function, "edit", {"username": items, **hidden(attributes)})
        if exchange.session.role != "admin":
            log = log if role == "domainadmin" else (function, "edit", None)
            exchange.alert("danger", "access_denied", *log)
            return False
        for name in items:
            account = exchange.state.account(name, role)
            if account is None:
                exchange.alert("danger", "access_denied", *log)
            elif not _may_become(exchange, account, attributes, log):
                pass
            elif not _apply(exchange, account, attributes):
                return False  # and the items that follow are left as they are
            else:
                exchange.alert("success", [done, name], *log)
        return True
    return edit


def _may_become(exchange, account, attributes, log):
    """Checks what is refused before anything is written."""
    state = exchange.state
    new_name = php.text(attributes.get("username_new")) or account.name
    unknown = [domain for domain in php.as_list(attributes.get("domains"))
               if domain not in state.domains]
    if account.role == "domainadmin" and unknown:
        exchange.alert("danger", ["domain_invalid", unknown[0]], *log)
        return False
    taken = new_name != account.name and state.account(new_name)
    if taken or not php.is_name(new_name) or "@" in new_name:
        exchange.alert("danger", ["username_invalid", new_name], *log)
        return False
    # One that is inactive already counts as somebody who would leave (protocol 18).
    active = sum(bool(each.active) for each in state.with_role("admin"))
    if account.role == "admin" and not _stays_active(account, attributes) and active == 1:
        exchange.alert("warning", "no_active_admin", *log)
        return False
    return True


def _stays_active(account, attributes):
    wanted = attributes.get("active")
    return account.shown_active if wanted is None else php.intval(wanted)


def _apply(exchange, account, attributes):
    """Writes an edit; False if the new password is refused."""
    state, session = exchange.state, exchange.session
    password = attributes.get("password")
    if session.pending_pw_update and session.username == account.name:
        # The forced change of one's own password touches nothing else (protocol 1.3).
        if password and check_policy(exchange, password, attributes.get("password2")):
            state.set_password(account, php.text(password))
            state.set_attributes(account, force_pw_update="0")
            session.pending_pw_update = False
            return True
        return not password
    active = _stays_active(account, attributes)
    if account.role == "domainadmin":
        # Its domains are written, and what stands beside them, before the password is looked at.
        state.set_columns(account, created=state.timestamp(), listed_active=active,
                          domains=php.as_list(attributes.get("domains")) or account.domains)
    if password:
        if not check_policy(exchange, password, attributes.get("password2")):
            return False
        state.set_password(account, php.text(password))
    if exchange.dialect.knows_force:
        # What is not named is switched off (trap 9).
        state.set_attributes(account, **{
            key: "1" if php.intval(attributes.get(key, 0)) else "0"
            for key in ("force_tfa", "force_pw_update")})
    state.set_columns(account, active=active, listed_active=None)
    disable = attributes.get("disable_tfa") is not None
    if disable:
        state.set_factors_active(account.name, 0)
    if attributes.get("username_new"):
        # Rows that were just disabled stay behind under the old name.
        state.rename(account, php.text(attributes["username_new"]), with_factors=not disable)
    return True


def _add_domain_admin(exchange, _obj, attributes):
    state, log = exchange.state, ("domain_admin", "add", hidden(attributes))
    name = php.lower(php.trim(php.text(attributes.get("username"))))
    domains = php.as_list(attributes.get("domains"))
    unknown = [domain for domain in domains if domain not in state.domains]
    if exchange.session.role != "admin":
        exchange.alert("danger", "access_denied", *log)
    elif not domains or unknown:
        exchange.alert("danger", ["domain_invalid", (unknown or [""])[0]], *log)
    elif not php.is_name(name) or "@" in name:
        exchange.alert("danger", ["username_invalid", name], *log)
    elif state.account(name):
        exchange.alert("danger", ["object_exists", name], *log)
    elif check_policy(exchange, attributes.get("password"), attributes.get("password2")):
        # Its attributes stay NULL, whatever force_tfa was sent (protocol 7.3).
        state.add_account(Account(name, "domainadmin", php.text(attributes["password"]),
                                  php.intval(attributes.get("active")), domains=domains,
                                  created=state.timestamp()))
        exchange.alert("success", ["domain_admin_added", name], *log)
        return True
    return False


# -- changing mailboxes --------------------------------------------------------------------


def _edit_mailboxes(exchange, obj, attributes, items):
    if obj is not None:
        return api.answer({"type": "error", "msg": "route not found"}, 404)
    for name in items:
        log = ("mailbox", "edit", "mailbox", {"username": items, **hidden(attributes)}, None)
        if not isinstance(name, str) or not php.is_email(name):
            exchange.alert("danger", ["username_invalid", name], *log)
            continue
        if (exchange.session.role == "user" or not may_touch(exchange, name)
                or name in exchange.state.unmeasured):
            exchange.alert("danger", "access_denied", *log)
            continue
        account = exchange.state.account(name)
        if account.domain in exchange.state.full_domains:
            # The quota is held against what is left, although nobody wants to change it.
            exchange.alert("danger", ["mailbox_quota_left_exceeded", 1], *log)
            continue
        password = attributes.get("password")
        if password:
            if not check_policy(exchange, password, attributes.get("password2")):
                continue
            if account.authsource == "mailcow":
                exchange.state.set_password(account, php.text(password))
                exchange.state.set_attributes(account, passwd_update=exchange.state.timestamp())
            # For accounts from elsewhere nothing was stored, and it is a success (protocol 18).
        _write_mailbox(exchange, account, attributes)
        exchange.alert("success", ["mailbox_modified", name], *log)
    return True


def _write_mailbox(exchange, account, attributes):
    """Unlike administrators, a mailbox keeps what is not named (protocol 7.3)."""
    state, changes = exchange.state, {}
    known = ["force_pw_update", "sogo_access", "imap_access", "pop3_access", "smtp_access",
             "sieve_access", "eas_access", "dav_access"]
    if exchange.dialect.knows_force:
        known.append("force_tfa")
    for key in known:
        wanted = attributes.get(key)
        changes[key] = str(php.intval(account.attribute(key) if wanted is None else wanted))
    if exchange.dialect.knows_authsource:
        changes["attribute_hash"] = attributes.get("attribute_hash") or ""
        if attributes.get("authsource") == "mailcow":
            # The other sources would have to be configured here.
            state.set_columns(account, authsource="mailcow")
        if account.authsource != "mailcow":
            changes["force_pw_update"] = "0"
        if account.authsource == "generic-oidc" and exchange.dialect.knows_force:
            changes["force_tfa"] = "0"
    changes["recovery_email"] = attributes.get("pw_recovery_email",
                                               account.attribute("recovery_email", ""))
    state.set_attributes(account, **changes)
    state.set_columns(account, active=_stays_active(account, attributes))


def _delete(role, function, done):
    def delete(exchange, _obj, _attributes, items):
        session = exchange.session
        for name in items:
            log = (function, "delete", {"username": items})
            account = exchange.state.account(name, role)
            if not (session.role == "admin" or role == "user" and session.role == "domainadmin"
                    and may_touch(exchange, name)):
                exchange.alert("danger", "access_denied", *log)
            elif account is None:
                refusal = "access_denied" if role == "user" else ["username_invalid", name]
                exchange.alert("danger", refusal, *log)
            elif role == "admin" and session.username == name:
                exchange.alert("warning", "cannot_delete_self", *log)
            else:
                exchange.state.remove_account(account)
                exchange.alert("success", [done, name], *log)
        return True
    return delete


api.READ.update({
    "domain-admin": _read_admins("domainadmin", "domain_admin"),
    "admin": _read_admins("admin", "admin"),
    "mailbox": _read_mailboxes,
    "domain": _read_domains,
    "status": _read_status,
    "logs": _read_logs,
})
api.ADD["domain-admin"] = _add_domain_admin
api.EDIT.update({
    "domain-admin": _edit_admins("domainadmin", "domain_admin", "domain_admin_modified"),
    "admin": _edit_admins("admin", "admin", "admin_modified"),
    "mailbox": _edit_mailboxes,
})
api.DELETE.update({
    "domain-admin": _delete("domainadmin", "domain_admin", "domain_admin_removed"),
    "admin": _delete("admin", "admin", "admin_removed"),
    "mailbox": _delete("user", "mailbox", "mailbox_removed"),
})
