"""The wording of alerts, in the two languages that the sandbox speaks.

Clients must not read them (protocol 0); they are here so that a client that
does is found out by asking for the other language.
"""

LOCALES = ("en-gb", "de-de")

_ENGLISH = {
    "access_denied": "Access denied or invalid form data",
    "admin_modified": "Administrator %s saved",
    "admin_removed": "Administrator %s removed",
    "app_name_empty": "The app password needs a name",
    "app_passwd_added": "App password added",
    "app_passwd_id_invalid": "No app password with this number",
    "app_passwd_removed": "App password %s removed",
    "awaiting_tfa_confirmation": "Awaiting TFA confirmation",
    "cannot_delete_self": "Nobody deletes the account that is logged in",
    "delayed": "Login was delayed by %s seconds.",
    "domain_admin_added": "Domain administrator %s added",
    "domain_admin_modified": "Domain administrator %s saved",
    "domain_admin_removed": "Domain administrator %s removed",
    "domain_invalid": "This domain is not known here: %s",
    "last_key": "Last key cannot be deleted, please deactivate TFA instead.",
    "logged_in_as": "Logged in as %s",
    "login_failed": "Login failed",
    "mailbox_modified": "Mailbox %s saved",
    "mailbox_quota_left_exceeded": "Not enough space left (%s MiB)",
    "mailbox_removed": "Mailbox %s removed",
    "malformed_username": "Malformed username",
    "must_set_password": "You <b>must</b> set a new password before you go on.",
    "mysql_error": "Database error: %s",
    "no_active_admin": "One administrator has to stay active",
    "object_doesnt_exist": "There is no object %s",
    "object_exists": "%s exists already",
    "object_modified": "Changes to object %s have been saved",
    "password_complexity": "This password is too weak for the policy",
    "password_mismatch": "The two passwords differ",
    "session_token": "Form token invalid: Token mismatch",
    "session_ua": "Form token invalid: User-Agent validation error",
    "tfa_removal_blocked":
        "Two-factor authentication cannot be removed because it is required for your account.",
    "tfa_token_invalid": "TFA token invalid",
    "totp_verification_failed": "TOTP verification failed",
    "unknown_tfa_method": "No such method of two-factor authentication",
    "username_invalid": "The name %s cannot be used",
    "verified_totp_login": "Verified TOTP login",
    "verified_yotp_login": "Verified Yubico OTP login",
    "webauthn_authenticator_failed": "The selected authenticator was not found",
    "webauthn_publickey_failed": "No public key was stored for the selected authenticator",
    "webauthn_username_failed": "The selected authenticator belongs to another account",
    "webauthn_verification_failed": "WebAuthn verification failed: %s",
    "yotp_verification_failed": "Yubico OTP verification failed: %s",
}

_GERMAN = {
    "access_denied": "Kein Zugriff oder falsche Angaben",
    "awaiting_tfa_confirmation": "Der zweite Faktor fehlt noch",
    "delayed": "Die Anmeldung wurde um %s Sekunden gebremst.",
    "last_key": "Der letzte Schlüssel bleibt; bitte die Zwei-Faktor-Anmeldung abschalten.",
    "logged_in_as": "Angemeldet als %s",
    "login_failed": "Anmeldung fehlgeschlagen",
    "malformed_username": "Kein gültiger Name",
    "object_modified": "Änderungen an %s sind gespeichert",
    "session_token": "Formular abgelehnt: falsche Marke",
    "session_ua": "Formular abgelehnt: anderes Programm",
    "tfa_removal_blocked": "Für dieses Konto ist ein zweiter Faktor Pflicht.",
    "totp_verification_failed": "Falscher TOTP-Code",
    "verified_totp_login": "Mit TOTP angemeldet",
}


def pick_locale(accept_language):
    """The first language of the header that is spoken here, else English."""
    for choice in (accept_language or "").split(","):
        language = choice.split(";")[0].strip().lower()
        for locale in LOCALES:
            if language and language[:2] == locale[:2]:
                return locale
    return LOCALES[0]


def wording(key, locale):
    """The text of an alert; keys without a text stand for themselves."""
    if locale == "de-de" and key in _GERMAN:
        return _GERMAN[key]
    return _ENGLISH.get(key, key)


def compose(message, locale):
    """An alert is a key, or a list of a key and what is filled in."""
    if isinstance(message, str):
        return wording(message, locale)
    text = wording(message[0], locale)
    for value in message[1:]:
        text = text.replace("%s", str(value), 1)
    return text
