"""Reading and changing accounts through the JSON API, lies included.

Where the server answers success and does nothing, or does more than it was
asked for, so does this (protocol 7.2, 7.3; dialects 2.5).
"""

import api
import php
from app_passwords import check_policy, may_touch
from state import Account

_NEW_PASSWORD_FIELDS = ("password", "password2", "user_old_pass", "user_new_pass",
                        "user_new_pass2")


def _hidden(attributes):
    return {key: "*" if key in _NEW_PASSWORD_FIELDS else value
            for key, value in attributes.items()}


# -- reading ---------------------------------------------------------------------------


def _admin_details(exchange, account):
    rows = exchange.state.factors_of(account.name, active_only=False)
    enabled = rows[0].active if rows else 0
    details = {"username": account.name, "tfa_active": enabled, "tfa_active_int": enabled,
               "active": account.active, "active_int": account.active,
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
            # A message is queued for the session's next page, and nobody asked for it.
            exchange.alert("danger", "access_denied", function, "get", None)
            return {}
        if obj == "all":
            return [_admin_details(exchange, account) for account in exchange.state.with_role(role)]
        account = exchange.state.account(obj, role)
        return _admin_details(exchange, account) if account else {}
    return read


def _mailbox_details(exchange, account):
    details = {
        "username": account.name, "active": account.active, "active_int": account.active,
        "domain": account.domain, "name": account.name.partition("@")[0].capitalize(),
        "local_part": account.name.partition("@")[0], "quota": 1073741824, "messages": 0,
        "attributes": account.attributes, "custom_attributes": [], "quota_used": 0,
        "percent_in_use": 0, "created": account.created, "modified": None,
    }
    if exchange.dialect.knows_authsource:
        details["authsource"] = account.authsource
    details.update({"percent_class": "success", "last_imap_login": 0, "last_smtp_login": 0,
                    "last_pop3_login": 0, "max_new_quota": 10737418240, "spam_aliases": 0,
                    "pushover_active": 0, "rl": False, "rl_scope": "domain", "is_relayed": 0})
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
        if not may_touch(exchange, obj):
            return {}
        return _mailbox_details(exchange, exchange.state.account(obj))
    visible = _visible_domains(exchange)
    found = []
    for domain in extra.split(",") if extra else visible:
        # An unknown domain does not narrow anything: every mailbox comes (trap 16).
        wanted = [domain] if domain in visible else visible
        found += [_mailbox_details(exchange, account)
                  for account in exchange.state.with_role("user") if account.domain in wanted]
    return found


def _read_domains(exchange, obj, _extra):
    domains = [{"domain_name": name, "active": 1, "active_int": 1}
               for name in _visible_domains(exchange) if obj in ("all", name)]
    return domains if obj == "all" else (domains or [{}])[0]


def _read_status(exchange, obj, _extra):
    if obj == "version" and exchange.session.role == "admin":
        # Printed without the usual line breaks.
        return api.answer({"version": exchange.dialect.version})
    return api.nothing()


# -- changing administrators ---------------------------------------------------------------


def _edit_admins(role, function, done):
    def edit(exchange, _obj, attributes, items):
        if exchange.session.role != "admin":
            exchange.alert("danger", "access_denied", function, "edit",
                           {"username": items, **_hidden(attributes)})
            return False
        for name in items:
            log = (function, "edit", {"username": items, **_hidden(attributes)})
            account = exchange.state.account(name, role)
            if account is None:
                exchange.alert("danger", "access_denied", *log)
            elif not _may_become(exchange, account, attributes, log):
                pass
            elif not _apply(exchange, account, attributes):
                return False
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
    others = [each for each in state.with_role("admin") if each.active and each is not account]
    stays = php.intval(attributes.get("active", account.active))
    if account.role == "admin" and not stays and not others:
        exchange.alert("warning", "no_active_admin", *log)
        return False
    return True


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
    if password:
        if not check_policy(exchange, password, attributes.get("password2")):
            return False
        state.set_password(account, php.text(password))
    if exchange.dialect.knows_force:
        # What is not named is switched off (trap 9).
        state.set_attributes(account, **{
            key: "1" if php.intval(attributes.get(key, 0)) else "0"
            for key in ("force_tfa", "force_pw_update")})
    changes = {"active": php.intval(attributes.get("active", account.active))}
    if account.role == "domainadmin":
        changes["domains"] = php.as_list(attributes.get("domains")) or account.domains
        changes["created"] = state.timestamp()
    state.set_columns(account, **changes)
    if "disable_tfa" in attributes:
        state.set_factors_active(account.name, 0)
    elif attributes.get("username_new"):
        state.rename(account, php.text(attributes["username_new"]))
    return True


def _add_domain_admin(exchange, _obj, attributes):
    state, log = exchange.state, ("domain_admin", "add", _hidden(attributes))
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
        log = ("mailbox", "edit", "mailbox", {"username": items, **_hidden(attributes)}, None)
        if exchange.session.role == "user" or not may_touch(exchange, name):
            exchange.alert("danger", "access_denied", *log)
            continue
        account = exchange.state.account(name)
        password = attributes.get("password")
        if password:
            if not check_policy(exchange, password, attributes.get("password2")):
                continue
            exchange.state.set_password(account, php.text(password))
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
        changes[key] = str(php.intval(attributes.get(key, account.attribute(key))))
    if exchange.dialect.knows_authsource:
        changes["attribute_hash"] = attributes.get("attribute_hash") or ""
        if account.authsource != "mailcow":
            changes["force_pw_update"] = "0"
        if account.authsource == "generic-oidc" and exchange.dialect.knows_force:
            changes["force_tfa"] = "0"
    changes["recovery_email"] = attributes.get("pw_recovery_email",
                                               account.attribute("recovery_email", ""))
    state.set_attributes(account, **changes)
    state.set_columns(account, active=php.intval(attributes.get("active", account.active)))


def _delete(role, function, done):
    def delete(exchange, _obj, _attributes, items):
        for name in items:
            log = (function, "delete", {"username": items})
            account = exchange.state.account(name, role)
            allowed = exchange.session.role == "admin" or role == "user" and (
                exchange.session.role == "domainadmin" and may_touch(exchange, name))
            if account is None or not allowed:
                exchange.alert("danger", "access_denied", *log)
                continue
            exchange.state.remove_account(account)
            exchange.alert("success", [done, name], *log)
        return True
    return delete


# -- one's own password ----------------------------------------------------------------------


def _edit_self(exchange, _obj, attributes, _items):
    if exchange.state.account(exchange.session.username) is None:
        return api.nothing()
    if exchange.session.role == "user":
        return _edit_own_mailbox(exchange, attributes)
    if exchange.session.role == "domainadmin":
        return _edit_own_administration(exchange, attributes)
    return api.nothing()


def _edit_own_mailbox(exchange, attributes):
    session, log = exchange.session, ("edit_user_account", _hidden(attributes))
    account = exchange.state.account(session.username)
    new = attributes.get("user_new_pass"), attributes.get("user_new_pass2")
    old = attributes.get("user_old_pass")
    local = account.authsource == "mailcow"
    if (old or session.pending_pw_update) and all(new):
        if not session.pending_pw_update and not (local and account.password == old):
            exchange.alert("danger", "access_denied", *log)
            return False
        if not check_policy(exchange, *new):
            return False
        if local:
            exchange.state.set_password(account, php.text(new[0]))
            exchange.state.set_attributes(account, force_pw_update="0")
        session.pending_pw_update = False
    # Without the old password nothing was changed, and it is a success (dialects 2.5).
    exchange.alert("success", ["mailbox_modified", session.username], *log)
    return True


def _edit_own_administration(exchange, attributes):
    session, log = exchange.session, ("domain_admin", "edit", _hidden(attributes))
    account = exchange.state.account(session.username)
    if not session.pending_pw_update and attributes.get("user_old_pass", "") != account.password:
        exchange.alert("danger", "access_denied", *log)
        return False
    new = attributes.get("user_new_pass")
    if not check_policy(exchange, new, attributes.get("user_new_pass2")):
        return False
    exchange.state.set_password(account, php.text(new))
    if exchange.dialect.knows_force:
        exchange.state.set_attributes(account, force_pw_update="0")
    session.pending_pw_update = False
    exchange.alert("success", ["domain_admin_modified", session.username], *log)
    return True


api.READ.update({
    "domain-admin": _read_admins("domainadmin", "domain_admin"),
    "admin": _read_admins("admin", "admin"),
    "mailbox": _read_mailboxes,
    "domain": _read_domains,
    "status": _read_status,
})
api.ADD["domain-admin"] = _add_domain_admin
api.EDIT.update({
    "domain-admin": _edit_admins("domainadmin", "domain_admin", "domain_admin_modified"),
    "admin": _edit_admins("admin", "admin", "admin_modified"),
    "mailbox": _edit_mailboxes,
    "self": _edit_self,
})
api.DELETE.update({
    "domain-admin": _delete("domainadmin", "domain_admin", "domain_admin_removed"),
    "admin": _delete("admin", "admin", "admin_removed"),
    "mailbox": _delete("user", "mailbox", "mailbox_removed"),
})
