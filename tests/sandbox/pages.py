"""The HTML that the server answers with.

Only the markers that mailcow-protocol names are like the real ones (forms of
the key lists, modals, alert calls, the form token's line, the role and the name
of the account); everything around them is filling, so that pages have the
weight and the untidiness of real ones.
"""

import base64
import functools
import random
import urllib.parse
import zlib

import php
import texts
import totp

_START_PAGE_SIZE = 60_000
# Bytes of a page that are scripts, most of them phrases.
_SCRIPTS_SIZE = {"login": 27_000, "factors": 39_000}
_PHRASE_SIZE = 70  # bytes, about

_WORDS = ("alias", "archive", "attach", "bounce", "calendar", "contact", "delivery", "domain",
          "encrypt", "folder", "forward", "greylist", "header", "imap", "journal", "label",
          "mailbox", "notify", "outbox", "policy", "quota", "relay", "sieve", "spam", "submit",
          "syncjob", "template", "transport", "vacation", "whitelist")


@functools.lru_cache(maxsize=64)
def _catalogue(name, entries):
    """A JavaScript object of made-up phrases."""
    pick = random.Random(zlib.crc32(name.encode()))
    phrases = {"_".join(pick.sample(_WORDS, 2)) + str(number): " ".join(pick.sample(_WORDS, 6))
               for number in range(entries)}
    return f"  var lang_{name} = {php.to_json(phrases)};"


@functools.lru_cache(maxsize=64)
def _filling(name, size, scripts_size):
    """About `size` bytes, of which about `scripts_size` are a script."""
    phrases = max(scripts_size // _PHRASE_SIZE, 1)
    script = f"<script>\n{_catalogue(name.replace('-', '_'), phrases)}\n</script>\n"
    return script + _settings(name, size - len(script))


def _settings(name, size):
    """About `size` bytes of settings rows, as untidy and as wide as grown markup is."""
    pick = random.Random(zlib.crc32(name.encode()))
    rows, length = [], 0
    while length < size:
        key = "_".join(pick.sample(_WORDS, 2))
        control = _choice if len(rows) % 4 == 0 else _entry
        rows.append(_row(pick, key, control(pick, key)))
        length += len(rows[-1])
    return "".join(rows)


def _row(pick, key, control):
    return f'''
          <div class="row mb-2">
            <label class="control-label col-sm-3 text-end"
              for=\'{key}\'>{" ".join(pick.sample(_WORDS, 2))}&nbsp;&hellip;:</label>
            <div class="col-sm-9"><form class="form-horizontal" data-cached-form="true"
              role="form" method="post">
              <input type="hidden" value="0" name="{key}">
{control}
              <p class="text-muted"><i class="bi bi-{pick.choice(_WORDS)}"></i>
                {" ".join(pick.choices(_WORDS, k=5))}<br/>
                <span class="badge fs-6 bg-success">{pick.choice(_WORDS)}</span>
                <a href="#" onClick=\'return confirm("{pick.choice(_WORDS)}?")\'>[change]</a></p>
              <div class="btn-group" data-acl="{key}">
                <button class="btn btn-sm btn-xs-half d-block d-sm-inline btn-secondary"
                  data-action="edit_selected" data-item="null" data-id="{key}"
                  data-api-url=\'edit/{pick.choice(_WORDS)}\' data-api-attr=\'{{}}\'
                  href="#">{pick.choice(_WORDS)}</button>
              </div></form></div>
          </div>'''


def _choice(pick, key):
    return f'''\
              <select data-width="fit" name="{key}" title="{pick.choice(_WORDS)}" required>
                <option value="1" selected>{pick.choice(_WORDS)}<option value="0">no
              </select>'''


def _entry(pick, key):
    return f'''\
              <div class="col-sm-8">
                <input type="number" class="form-control" name="{key}" min="1"
                  max="{pick.randrange(99, 9999)}" required>
                <small class="text-muted">{pick.choice(_WORDS)}</small>
              </div>'''


# -- alerts ----------------------------------------------------------------------


def alert_lines(alerts, locale):
    """The calls that show the queued alerts.

    If alerts of two types wait, only the first type is shown and each other one
    reads `Array`; the server does that too (protocol 0).
    """
    by_type = {}
    for entry in alerts:
        text = php.escape_html(texts.compose(entry["msg"], locale))
        text = text.replace("\n", "").replace("\r", "").replace("\t", "<br>")
        by_type.setdefault(entry["type"], []).append(text.strip('"'))
    lines = []
    for position, (kind, messages) in enumerate(by_type.items()):
        joined = '<hr class="alert-hr">'.join(messages).replace("`", "'")
        text = joined if position == 0 else "Array"
        lines.append(f"    mailcow_alert_box('{php.escape_js(text)}', '{kind}');\n")
    return "".join(lines)


# -- the lists of an account ---------------------------------------------------------


def factor_list(factors, factor_used):
    rows = []
    for factor in factors:
        colour = "success" if factor.id == factor_used else "dark"
        rows.append(f'''
      <form style="display:inline;" method="post">
        <input type="hidden" name="unset_tfa_key" value="{factor.id}">
        <div class="d-flex flex-column">
          <span style="padding:4px;margin:4px" class="me-auto badge fs-6 bg-{colour}">
            {php.escape_html(factor.label)}
            <a href="#" class="btn p-0 text-white" onClick='return confirm("Really?")'>[Remove]</a>
          </span>
        </div>
      </form>''')
    return f'<div id="tfa_keys">{"".join(rows)}\n</div>\n'


def factor_block(exchange, account, role):
    factors = exchange.state.factors_of(account)
    # The domain admin's page does not mark the factor that was used (protocol 3).
    used = None if role == "domainadmin" else exchange.session.factor_used
    pretty = "" if factors else "-"
    tag = {"user": "span", "domainadmin": "p"}.get(role)
    shown = f'<{tag} id="tfa_pretty">{pretty}</{tag}>\n' if tag else ""
    return f'''
<div class="row"><div class="col-sm-3 text-end">Second factor:</div><div class="col-sm-9">
{shown}{factor_list(factors, used)}
<select id="selectTFA" class="selectpicker" title="Choose">
  <option value="yubi_otp">Yubico OTP<option value="webauthn">WebAuthn
  <option value="totp">TOTP<option value="none">off
</select></div></div>
'''


def passkey_block(passkeys, passkey_used):
    rows = []
    for passkey in passkeys:
        mark = '<i class="bi bi-unlock-fill"></i>' if passkey.cid == passkey_used else ""
        subject = base64.b64encode(passkey.default_label.encode()).decode()
        rows.append(f'''
    <tr>
      <td>
        {mark}
        {php.escape_html(passkey.shown_label)}
      </td>
      <td style="min-width:240px;text-align: right">
        <form style="display:inline;" method="post">
          <input type="hidden" name="unset_fido2_key" value="{passkey.cid}">
          <div class="btn-group">
            <a href="#" class="btn btn-sm" data-cid="{passkey.cid}" data-subject="{subject}"\
 data-bs-toggle="modal" data-bs-target="#fido2ChangeFn">[Rename]</a>
            <a href="#" onClick='return confirm("Really?")' class="btn btn-sm">[Remove]</a>
          </div>
        </form>
      </td>
    </tr>''')
    return f'''
<div class="row"><div class="col-sm-9"><div class="table-responsive">
<table class="table table-striped table-hover" id="fido2_keys">
  <tr><th>ID</th><th style="min-width:240px;text-align: right">Action</th></tr>{"".join(rows)}
</table></div></div></div>
<button class="btn btn-sm btn-primary" id="register-fido2">Register a key</button>
'''


# -- modals ------------------------------------------------------------------------


def _modal(name, body):
    return (f'<div class="modal fade" id="{name}" tabindex="-1" role="dialog">'
            f'<div class="modal-dialog"><div class="modal-content"><div class="modal-body">\n'
            f'{body}\n</div></div></div></div>\n')


def _secret_offer():
    """A secret that the page proposes; new for every page (protocol 4.1)."""
    secret = totp.new_secret()
    return (f'<input type="hidden" value="{secret}" name="totp_secret">'
            f'<input type="hidden" name="tfa_method" value="totp">'
            f'<img data-totp-secret="{secret}" src="data:,"><code>{secret}</code>'
            '<input type="number" name="totp_confirm_token" autocomplete="off" required>')


def enrol_modals():
    """The forms behind the choice of a new factor, on each page of a logged-in session."""
    password = '<input type="password" name="confirm_password" required>'
    label = '<input type="text" name="key_id" autocomplete="off" required>'
    return "".join((
        _modal("YubiOTPModal", f'<form role="form" method="post">{label}'
               f'<input name="yubico_id"><input name="yubico_key">{password}'
               '<input name="otp_token"><input type="hidden" name="tfa_method" value="yubi_otp">'
               '<button type="submit" name="set_tfa">Save</button></form>'),
        _modal("TOTPModal", f'<form role="form" method="post">{label}{password}{_secret_offer()}'
               '<button type="submit" name="set_tfa">Confirm</button></form>'),
        _modal("DisableTFAModal", f'<form role="form" method="post">{password}'
               '<input type="hidden" name="tfa_method" value="none">'
               '<button type="submit" name="set_tfa">Off</button></form>')))


# A tab that nobody has ever seen; naive searches for tabs find it.
_COMMENT = '<!-- <a class="nav-link" href="#tfa_tab_hotp" data-bs-toggle="tab">HOTP</a> -->'


def confirm_modal(methods):
    """The question for a second factor (protocol 1.1, dialects 2.2)."""
    present = {method for _, _, method in methods}
    if "u2f" in present:
        # Legacy rows: nothing else is offered and no authenticator is listed.
        return _modal("ConfirmTFAModal", _COMMENT + '''
<ul class="nav nav-tabs"><li><a class="nav-link active" href="#tfa_tab_u2f">U2F</a></li></ul>
<form role="form" method="post"><input type="hidden" name="token" value="destroy" />
<input type="hidden" name="tfa_method" value="u2f"><input type="hidden" name="verify_tfa_login"/>
<button type="submit">Log in</button></form>''')
    tabs, panes = [], []
    for method, name in (("webauthn", "WebAuthn"), ("yubi_otp", "Yubi OTP"),
                         ("totp", "Time-based OTP")):
        if method not in present:
            continue
        tabs.append(f'<li class="nav-item"><a class="nav-link" href="#tfa_tab_{method}"'
                    f' data-bs-toggle="tab" id="pending_tfa_tab_{method}">{name}</a></li>')
        # Yubico keys are not listed one by one; the prefix of the OTP finds them.
        listed = "" if method == "yubi_otp" else "".join(
            _authenticator(factor_id, label, method)
            for factor_id, label, each in methods if each == method)
        panes.append(f'<div role="tabpanel" class="tab-pane" id="tfa_tab_{method}">'
                     f'<form role="form" method="post"><div class="list-group">{listed}</div>'
                     f'<input name="token"><input type="hidden" name="tfa_method" value="{method}">'
                     '<input type="hidden" name="id" /><br/>'
                     '<button type="submit" name="verify_tfa_login">Log in</button></form></div>')
    return _modal("ConfirmTFAModal", f'{_COMMENT}<ul class="nav nav-tabs px-1" id="tabContent">'
                  f'{"".join(tabs)}</ul><div class="tab-content">{"".join(panes)}</div>')


def _authenticator(factor_id, label, method):
    line_break = "<br/>" if method == "webauthn" else ""
    return f'''
<a href="#" class="list-group-item {method}-authenticator-selection">
  <i class="bi bi-key-fill" style="margin-right: 5px"></i>
  <span>{php.escape_html(label)}</span>
  <input type="hidden" value="{factor_id}" />{line_break}
</a>
'''


def setup_modal():
    """Forced set-up asks for no password (protocol 1.2)."""
    return _modal("SetupTFAModal", '<form role="form" method="post" id="setup_totp_form">'
                  f'<input type="text" name="key_id" required>{_secret_offer()}'
                  '<button type="submit" name="set_tfa">Confirm</button></form>'
                  '<form method="post"><button name="logout" value="1">Leave</button></form>')


def password_modal():
    return _modal("ChangePWModal", '<form role="form" id="changePWModalForm">'
                  '<input type="password" id="changePWNew"><input type="password" id="changePWNew2">'
                  '<button type="submit">Save</button></form>'
                  '<form method="post"><button name="logout" value="1">Leave</button></form>')


# -- whole pages -------------------------------------------------------------------


def _modals(session):
    shown = []
    if session.role:
        shown.append(enrol_modals())
    if session.pending_methods:
        shown.append(confirm_modal(session.pending_methods))
    if session.pending_tfa_setup:
        shown.append(setup_modal())
    if session.pending_pw_update and not session.pending_methods:
        shown.append(password_modal())
    return "".join(shown)


def _script(exchange, role, alerts):
    dialect, session = exchange.dialect, exchange.session
    version = dialect.version if session.username or dialect.shows_version else ""
    # The scripts name the account even where nothing else on the page does.
    account = urllib.parse.quote(session.username or "null", safe="")
    forced_name = ""
    if session.pending_pw_update and not session.pending_tfa_setup and not session.pending_methods:
        forced_name = f"  var username = '{php.escape_html(session.username)}';\n"
    return f'''
<script src="/cache/made-up.js"></script>
<script>
{_catalogue("footer", 80)}
{_catalogue("tfa", 40)}
  var mailcow_cc_role = '{role}';
  var mailcow_info = {{
    version_tag: '{version}',
    project_url: 'https://example.test/made-up',
  }};
  function passkeyLogin(token) {{
    return send("{dialect.passkey_marker}", token);
  }}
  function registerKey(kind) {{
    if (kind == "passkey") window.fetch("/api/v1/get/fido2-registration/{account}", {{}});
    else window.fetch("/api/v1/get/webauthn-tfa-registration/{account}", {{}});
  }}
{forced_name}  $(document).ready(function() {{
    // other uses of the name, with double quotes and variables
    if (window.failed) {{ mailcow_alert_box(window.failed.text, "danger"); }}
{alerts}
  // form token
  $('<input type="hidden" value="{session.csrf}">').attr('name', 'csrf_token').appendTo('form');
  }});
</script>
'''


def render(exchange, kind, role):
    """A whole page of the session; shows the queued alerts and forgets them.

    `kind` is that of dialects.Page, `role` whose page it is.
    """
    session = exchange.session
    exchange.write_log()
    alerts = alert_lines(session.alerts, session.locale)
    session.alerts = []
    name = exchange.shown_as or session.username or ""
    parts = [f'<!DOCTYPE html>\n<html lang="{session.locale or "en"}">\n<head>\n'
             '  <meta charset="utf-8">\n  <title>mail UI</title>\n'
             '  <link rel="stylesheet" href="/cache/made-up.css">\n</head>\n<body>\n']
    if kind == "login":
        parts.append(_login_content(exchange))
    else:
        parts.append(_navbar(name, session.really))
        parts.append(_content(exchange, kind, role, name))
    parts.append(_modals(session))
    tail = (_script(exchange, session.role or "", alerts)
            + '<div class="container footer"></div>\n</body>\n</html>\n')
    size = sum(map(len, parts)) + len(tail)
    sizes = exchange.dialect.page_sizes
    wanted = {"login": sizes["login"], "factors": sizes[role]}.get(kind, _START_PAGE_SIZE)
    if not exchange.state.small_pages:
        scripts_size = _SCRIPTS_SIZE.get(kind, wanted // 3) - len(tail)
        parts.append(_filling(f"{kind}-{role}", wanted - size, scripts_size))
    page = "".join(parts) + tail
    if session.api_access:
        # A page ends a session that an API key opened (protocol 7.4).
        exchange.end_session()
    return page.encode()


def _navbar(name, really):
    shown = f'<b class="username-lia">{php.escape_html(name)}</b> '
    if really:
        shown = (f'<b class="username-lia">{php.escape_html(name)} '
                 f'<span class="text-info">({php.escape_html(really[0])})</span> </b>')
    return f'''<nav class="navbar navbar-expand-lg"><ul class="navbar-nav ms-auto">
<li class="logged-in-as nav-item"><a href="#" onclick="logout.submit()" class="nav-link">\
{shown}<i class="bi bi-power ms-2"></i></a></li>
</ul></nav>
<form action="/" method="post" id="logout"><input type="hidden" name="logout"></form>
'''


def _login_content(exchange):
    links = ""
    if exchange.dialect.split_logins and exchange.request.path == "/":
        links = '<p><a href="/admin">admins</a> | <a href="/domainadmin">domain admins</a></p>'
    notice = ""
    if exchange.session.login_delay:
        seconds = f"{exchange.session.login_delay:g}"
        text = texts.compose(["delayed", seconds], exchange.session.locale)
        notice = f'<p><div class="my-4 alert alert-info">{text}</b></div></p>'
    return f'''<form action="/" method="post" id="logout"><input type="hidden" name="logout"></form>
<div class="card"><form method="post" autofill="off">
  <input name="login_user" type="text" id="login_user" required="" autocomplete="username">
  <input name="pass_user" type="password" id="pass_user" required="">
  <button type="submit" value="Login">Login</button></form>
  <a href="#" id="fido2-login">Passkey</a>
{notice}<div class="my-4" id="fido2-alerts"></div></div>
{links}
'''


def _content(exchange, kind, role, name):
    if kind != "factors":
        return '<div class="container"><h3>Overview</h3></div>\n'
    account = exchange.state.account(name)
    parts = []
    source = "mailcow"
    if role == "user":
        source = account.authsource if account else None  # None: deleted, but still here
    if role == "user" and account and php.intval(account.attribute("force_pw_update")) == 1:
        text = texts.wording("must_set_password", exchange.session.locale)
        parts.append(f'<div class="alert alert-danger">{text}</div>\n')
    # Accounts from elsewhere do not get to see what they cannot use (protocol 15).
    if source in ("mailcow", "ldap") or not exchange.dialect.knows_authsource:
        parts.append(factor_block(exchange, name, role))
    if source == "mailcow" or not exchange.dialect.knows_authsource:
        # Only the admins' page marks the passkey that was used.
        used = exchange.session.passkey_used if role == "admin" else None
        parts.append(passkey_block(exchange.state.passkeys_of(name), used))
    indent = "" if role == "admin" else "  "
    parts.append(f"<script type='text/javascript'>\n{indent}var csrf_token = "
                 f"'{exchange.session.csrf}';\n</script>\n")
    return "".join(parts)
