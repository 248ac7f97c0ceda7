"""The JSON documents of the man page: their members, types, and what has to fit together."""

import datetime
import re


def without_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a member twice among {names}")
    return dict(pairs)


class _Kind:
    def __init__(self, name, test):
        self.name, self.test = name, test


def _one_of(*values):
    return _Kind(" or ".join(map(repr, values)), lambda value: value in values)


def _is_time(value):
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except (AttributeError, ValueError):
        return False


def _are_protocols(value):
    return isinstance(value, list) and set(value) <= {"imap", "smtp", "dav", "eas", "pop3", "sieve"}


def _rows(members):
    return _Kind("a list or null", lambda value: value is None or (
        isinstance(value, list) and all(not list(_member_faults(row, members)) for row in value)))


TEXT = _Kind("a text", lambda value: isinstance(value, str))
FILLED = _Kind("a text that says something", lambda value: isinstance(value, str) and value.strip())
NUMBER = _Kind("an integer", lambda value: type(value) is int)
ID = _Kind("a positive integer or null", lambda v: v is None or (type(v) is int and v > 0))
NUMBER_OR_NULL = _Kind("an integer or null", lambda value: value is None or type(value) is int)
FACTOR = _Kind("a row number, a passkey's ID or null",
               lambda value: ID.test(value) or PASSKEY.test(value))
FLAG = _Kind("true, false or null", lambda value: value is None or type(value) is bool)
ROW = _Kind("digits", lambda value: isinstance(value, str) and value.isdigit())
PASSKEY = _Kind("pk: and hex digits", lambda value: isinstance(value, str)
                and re.fullmatch("pk:[0-9a-f]{8,64}", value))
TEXT_OR_NULL = _Kind("a text or null", lambda value: value is None or isinstance(value, str))
TIME = _Kind("a moment with its time zone", _is_time)
METHOD = _one_of("totp", "webauthn", "passkey", "yubiotp")
ROLE = _one_of("mailbox", "domain-admin", "admin")
SOURCE = _one_of("person", "computed", None)

_ERROR = {"status": NUMBER, "error": FILLED, "hint": TEXT}
_STEPS = ("planned", "prepared", "submitted", "recorded", "proved", "failed", "unknown", "skipped",
          "undoing")
_CREDENTIAL = {
    "id": _Kind("base64url", lambda value: isinstance(value, str)
                and re.fullmatch("[A-Za-z0-9_-]+", value)),
    "aaguid": _Kind("a UUID", lambda value: isinstance(value, str)
                    and re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value)),
    "fmt": _one_of("packed", "fido-u2f", "none"), "alg": NUMBER, "rp_id": FILLED,
    "user_verified": _Kind("true or false", lambda value: type(value) is bool),
    "resident": _Kind("true or false", lambda value: type(value) is bool), "sign_count": NUMBER}
_WHOSE = {"account": FILLED, "role": ROLE, "server": FILLED}
_WHEN = {"started": TIME, "finished": TIME}

BOOL = _Kind("true or false", lambda value: type(value) is bool)
PIN_STATE = _one_of("unsupported", "not-set", "set", "change-required", "blocked")
UUID = _Kind("a UUID or null", lambda value: value is None or isinstance(value, str)
             and re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value))
BASE64URL = _Kind("base64url", lambda value: isinstance(value, str)
                  and re.fullmatch("[A-Za-z0-9_-]*", value))
_KEY = {"path": FILLED, "maker": TEXT_OR_NULL, "product": TEXT_OR_NULL, "serial": TEXT_OR_NULL,
        "name": TEXT_OR_NULL, "aaguid": UUID}
_STORED = {"id": BASE64URL, "rp_id": TEXT, "rp_name": TEXT_OR_NULL, "user_name": TEXT_OR_NULL,
           "user_display_name": TEXT_OR_NULL, "user_handle": BASE64URL, "alg": NUMBER_OR_NULL,
           "protection": _one_of("optional", "optional-with-list", "required", None)}


HASH = _Kind("a SHA-256 in hex", lambda value: isinstance(value, str)
             and re.fullmatch("[0-9a-f]{64}", value))
_JOURNAL_RECORD = {
    "line": NUMBER_OR_NULL, "id": FILLED, "time": TEXT_OR_NULL, "operator": TEXT_OR_NULL,
    "user": TEXT_OR_NULL, "server": TEXT_OR_NULL, "account": TEXT_OR_NULL, "role": TEXT_OR_NULL,
    "action": TEXT_OR_NULL, "method": TEXT_OR_NULL, "aaguid": TEXT_OR_NULL, "serial": TEXT_OR_NULL,
    "detail": TEXT_OR_NULL, "outcome_line": NUMBER_OR_NULL, "outcome_time": TEXT_OR_NULL,
    "outcome": _one_of("done", "failed", "unknown", None), "evidence": TEXT_OR_NULL,
    "outcome_detail": TEXT_OR_NULL}


def _object(members):
    return _Kind("an object as the man page says",
                 lambda value: not list(_member_faults(value, members)))


def _list_of(kind):
    return _Kind("a list", lambda value: isinstance(value, list) and all(map(kind.test, value)))


def _map_of(kind):
    return _Kind("an object", lambda value: isinstance(value, dict)
                 and all(map(kind.test, value.values())))


_PIN = {"key": _object(_KEY), "result": _one_of("set", "unknown"), "out": TEXT_OR_NULL,
        "pin_length_min": NUMBER_OR_NULL, "force_change": BOOL, "error?": _object(_ERROR)}



_LEVELS = ("info", "warning", "critical")
EXCEPTION = _object({"pattern": FILLED, "reason": FILLED, "last_day": _Kind(
    "a day", lambda value: isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value))})
_STATES = ("present", "absent", "disabled", "not-visible")
_FINDING = _Kind("a finding's name", lambda value: isinstance(value, str)
                 and re.fullmatch("[a-z]+(-[a-z]+)*", value))
_AUDITED = {
    "account": FILLED, "role": ROLE, "active": BOOL, "second_factor": _one_of(*_STATES),
    "factors": NUMBER_OR_NULL, "security_keys": NUMBER_OR_NULL, "passkeys": NUMBER_OR_NULL,
    "app_passwords": NUMBER_OR_NULL, "forced": FLAG, "findings": _list_of(_FINDING),
    "authsource": _one_of("mailcow", "ldap", "keycloak", "oidc", "other"),
    "excepted": BOOL, "reason": TEXT_OR_NULL,
    "exception": _Kind("an exception or null",
                       lambda value: value is None or EXCEPTION.test(value))}
_AUDIT = {"server": FILLED, "by": FILLED, "deep": BOOL, "started": TIME}
_AUDIT_END = {
    "finished": TIME, "error?": _object(_ERROR),
    "summary": _object({
        "complete": BOOL, "accounts": NUMBER, "excepted": NUMBER, "unopened": NUMBER,
        "fail_on": _one_of(*_LEVELS), "levels": _object(dict.fromkeys(_LEVELS, NUMBER)),
        "second_factors": _object({role: _object(dict.fromkeys(_STATES, NUMBER))
                                   for role in ("mailbox", "domain-admin", "admin")}),
        "findings": _rows({"name": _FINDING, "level": _one_of(*_LEVELS), "accounts": NUMBER,
                           "sentence": FILLED, "cure": FILLED}),
        "expired_exceptions": _list_of(EXCEPTION),
        "unmatched_exceptions": _list_of(EXCEPTION)})}
_ENFORCED = ("would-change", "changed", "already", "not-enforceable", "excepted", "failed",
             "unknown", "not-tried")


_BAD_LINE = {"file": _one_of("plan", "policy", "secrets"), "line": NUMBER, "reason": FILLED}
_SUMMARY = _object({
    "rows": NUMBER, "accounts": NUMBER, "factors": NUMBER,
    "methods": _object(dict.fromkeys(("totp", "webauthn", "passkey"), NUMBER)),
    "routes": _object(dict.fromkeys(("password", "sign-on", "log-in-as", "reset-password"), NUMBER)),
    "touches": _object(dict.fromkeys(("registrations", "proofs", "resets", "login"), NUMBER)),
    "serial_labels_of_keys": NUMBER, "serial_labels_of_apps": NUMBER,
    "attestations_without_roots": NUMBER})
_ASKED = _object({
    "url": FILLED, "login": TEXT_OR_NULL, "app_passwords_missing": _list_of(TEXT),
    "asked_singly": NUMBER, "app_passwords_unknown": NUMBER, "enforceable": FLAG,
    "password_changes_unforced": NUMBER})

_TIME_OR_NULL = _Kind("a moment or null", lambda value: value is None or _is_time(value))
_PROCESS = _object({"process": NUMBER_OR_NULL})
_COUNTED = {"server": FILLED, "begun": _TIME_OR_NULL, "changed": _TIME_OR_NULL, "people": NUMBER,
            "items": NUMBER, "states": _object(dict.fromkeys(_STEPS, NUMBER)),
            "left": _object({"apps": NUMBER, "keys": NUMBER}),
            "run": _Kind("a process or null", lambda value: value is None or _PROCESS.test(value))}
_FACTOR_OF = {"line": NUMBER, "method": _one_of("totp", "webauthn", "passkey"), "n": NUMBER,
              "label": TEXT_OR_NULL, "state": _one_of(*_STEPS)}
_LEDGER_ACCOUNT = _object({
    "account": FILLED, "role": ROLE, "group": FILLED,
    "route": _one_of("password", "sign-on", "log-in-as", "reset-password"), "password": FILLED,
    "app_password_id": ID,
    "items": _rows(_FACTOR_OF | {
        "pattern": FILLED, "evidence": _one_of("login", "recorded", "none"), "wants_proof": BOOL,
        "factor_id": FACTOR, "submitted": _TIME_OR_NULL, "changed": _TIME_OR_NULL,
        "tries": NUMBER, "cause": TEXT_OR_NULL, "cure": TEXT_OR_NULL}),
    "keys": _rows({
        "n": NUMBER, "aaguid": UUID, "model": TEXT_OR_NULL, "serial": TEXT_OR_NULL,
        "firmware": TEXT_OR_NULL, "reset": BOOL, "pin": FILLED, "begun": _TIME_OR_NULL,
        "done": _TIME_OR_NULL, "own_ms": NUMBER_OR_NULL}),
    "sheets": _rows({
        "kind": _one_of("sheet", "pin-letter"), "n": NUMBER, "file": FILLED, "sealed": BOOL,
        "made": _TIME_OR_NULL, "deleted": _TIME_OR_NULL})})


def _changed(done):
    return {"result": _one_of(done, "failed", "unknown"),
            "error?": _Kind("an error", lambda value: not list(_member_faults(value, _ERROR)))}


_HANDED_OUT = ("open", "made", "nothing", "before", "early", "deleted", "none")

# A name that ends in ? may be missing.
SCHEMAS = {
    "cowkey.error/1": _ERROR,
    "cowkey.enroll/1": _WHOSE | _WHEN | {
        "method": METHOD, "label": FILLED,
        "result": _one_of("enrolled", "recorded", "failed", "unknown"),
        "proof": _one_of("login", "recorded", "none"), "code_source": SOURCE, "factor_id": FACTOR,
        "replaced_id?": FACTOR, "forced?": FLAG,
        "mail_programs?": _one_of("unaffected", "app-passwords", "will-stop", "not-visible"),
        "clock_offset_s?": NUMBER_OR_NULL, "password_changed?": FLAG,
        "by?": FILLED, "password_reset?": BOOL, "change_forced?": BOOL,
        "otpauth?": TEXT, "app_password_id": _Kind("digits or null", lambda value: value is None
                                                   or ROW.test(value)),
        "credential?": _Kind("a credential", lambda value: isinstance(value, dict)
                             and not list(_member_faults(value, _CREDENTIAL))),
        "error?": _Kind("an error", lambda value: not list(_member_faults(value, _ERROR)))},
    "cowkey.prove/1": _WHOSE | _WHEN | {
        "method": METHOD, "factor_id": FACTOR, "result": _one_of("accepted", "refused"),
        "reason?": _one_of("refused", "not-asked", "not-listed", None), "code_source": SOURCE},
    "cowkey.list/1": _WHOSE | {
        "factors": _rows({"id": ROW, "label": TEXT, "current": FLAG,
                          "method": _one_of("totp", "webauthn", "yubiotp", "unknown")}),
        "passkeys": _rows({"id": PASSKEY, "label": TEXT, "created": TEXT_OR_NULL, "current": FLAG}),
        "forced": FLAG},
    "cowkey.remove/1": _WHOSE | _WHEN | _changed("removed") | {
        "entries": _rows({"id": _Kind("a row number or a passkey's ID",
                                      lambda value: ROW.test(value) or PASSKEY.test(value)),
                          "kind": _one_of("factor", "passkey"), "label": TEXT}),
        "factors_left": NUMBER_OR_NULL, "passkeys_left": NUMBER_OR_NULL},
    "cowkey.app-password/1": _WHOSE | {
        "action": _one_of("add", "list", "remove"), "started?": TIME, "finished?": TIME,
        "result?": _one_of("added", "removed", "failed", "unknown"),
        "id?": _Kind("digits or null", lambda value: value is None or ROW.test(value)),
        "label?": TEXT, "protocols?": _Kind("protocols", _are_protocols),
        "app_passwords?": _rows({
            "id": ROW, "label": TEXT, "created": TEXT_OR_NULL, "active": FLAG,
            "protocols": _Kind("protocols", _are_protocols)}),
        "error?": _Kind("an error", lambda value: not list(_member_faults(value, _ERROR)))},
    "cowkey.password/1": _WHOSE | _WHEN | _changed("changed") | {
        "proof": _one_of("login", "none"), "forced": FLAG},
    "cowkey.rename/1": _WHOSE | _WHEN | _changed("renamed") | {
        "id": PASSKEY, "label": FILLED, "label_before": TEXT},
    "cowkey.recover/1": _WHOSE | _WHEN | {
        "by": FILLED, "route": _one_of("session", "api-key"),
        "result": _one_of("recovered", "partial", "failed", "unknown", "allowed-once"),
        "steps": _rows({"step": _one_of("hand-out", "password", "unblock", "factors", "passkeys",
                                        "flags"), "done": FLAG, "possible": BOOL}),
        "factors_removed": NUMBER_OR_NULL, "passkeys_removed": NUMBER_OR_NULL,
        "proof": _one_of("login", "none"),
        "forced": _object({"second_factor": FLAG, "password_change": FLAG}),
        "handout": TEXT_OR_NULL, "error?": _object(_ERROR)},
    "cowkey.doctor/1": {
        "problems": NUMBER,
        "checks": _rows({"name": FILLED, "state": _one_of("ok", "problem", "unknown"),
                         "text": FILLED, "cure": TEXT_OR_NULL})},
    "cowkey.verify/1": {
        "valid": FLAG, "reason": TEXT_OR_NULL, "method": _one_of("totp", "hotp"),
        "step_offset": NUMBER_OR_NULL, "step?": NUMBER_OR_NULL, "counter?": NUMBER_OR_NULL,
        "next_counter?": NUMBER},
    "cowkey.key-list/1": {
        "keys": _list_of(_object(_KEY | {
            "fido2?": BOOL, "u2f?": BOOL, "firmware?": TEXT_OR_NULL, "pin?": PIN_STATE,
            "pin_tries?": NUMBER_OR_NULL, "passkey_room?": NUMBER_OR_NULL,
            "problem": _Kind("an error or null", lambda value: value is None
                             or not list(_member_faults(value, _ERROR)))})),
        "error?": _object(_ERROR)},
    "cowkey.key-info/1": {
        "key": _object(_KEY), "fido2": BOOL, "u2f": BOOL, "firmware": TEXT_OR_NULL,
        "firmware_number": NUMBER_OR_NULL, "pin": PIN_STATE, "pin_tries": NUMBER_OR_NULL,
        "uv_tries": NUMBER_OR_NULL, "pin_length_min": NUMBER_OR_NULL,
        "passkey_room": NUMBER_OR_NULL, "versions": _list_of(TEXT), "extensions": _list_of(TEXT),
        "options": _map_of(BOOL), "transports": _list_of(TEXT), "certifications": _map_of(NUMBER),
        "algorithms": _list_of(NUMBER), "pin_protocols": _list_of(NUMBER),
        "uv_modality": _list_of(TEXT), "message_size_max": NUMBER_OR_NULL,
        "credential_count_max": NUMBER_OR_NULL, "credential_id_size_max": NUMBER_OR_NULL,
        "blob_size_max": NUMBER_OR_NULL, "large_blob_size_max": NUMBER_OR_NULL},
    "cowkey.key-pin-set/1": _PIN,
    "cowkey.key-pin-change/1": _PIN,
    "cowkey.key-reset/1": {"key": _object(_KEY), "result": _one_of("reset", "unknown"),
                           "error?": _object(_ERROR)},
    "cowkey.key-credentials-list/1": {"key": _object(_KEY), "credentials": _rows(_STORED),
                                      "stored": NUMBER, "room": NUMBER_OR_NULL},
    "cowkey.key-credentials-remove/1": {
        "key": _object(_KEY), "credential": _object(_STORED),
        "result": _one_of("removed", "unknown"), "error?": _object(_ERROR)},
    "cowkey.journal/1": _JOURNAL_RECORD,
    "cowkey.journal-verify/1": {
        "journal": FILLED, "intact": BOOL, "entries": NUMBER, "head": HASH,
        "broken": _rows({"line": NUMBER, "why": FILLED}), "broken_count": NUMBER,
        "torn": _list_of(NUMBER), "torn_count": NUMBER,
        "not_concluded": _rows(_JOURNAL_RECORD), "not_concluded_count": NUMBER,
        "kept_head": TEXT_OR_NULL, "kept_head_found": FLAG, "since": NUMBER_OR_NULL},
    "cowkey.audit/1": _AUDIT | _AUDIT_END | {"accounts": _rows(_AUDITED)},
    "cowkey.enforce/1": _WHEN | {
        "server": FILLED, "by": FILLED, "wish": _one_of("on", "off"), "dry_run": BOOL,
        "accounts": _rows({"account": FILLED, "role": ROLE, "before": FLAG, "after": FLAG,
                           "result": _one_of(*_ENFORCED), "reason": TEXT_OR_NULL,
                           "exception": _Kind("an exception or null", lambda value: value is None
                                              or EXCEPTION.test(value))}),
        "findings": _rows({"finding": _one_of("exception-expired"), "account": FILLED,
                           "role": ROLE, "exception": EXCEPTION}),
        "unmatched_exceptions": _list_of(EXCEPTION),
        "summary": _object({"accounts": NUMBER, "nameless": NUMBER}
                           | {name.replace("-", "_"): NUMBER for name in _ENFORCED}),
        "error?": _object(_ERROR)},
    "cowkey.rollout-check/1": _WHEN | {
        "plan": FILLED, "runs": BOOL, "bad_lines_count": NUMBER, "problems_count": NUMBER,
        "bad_lines": _rows(_BAD_LINE), "problems": _rows(_BAD_LINE),
        "summary": _Kind("a summary or null", lambda value: value is None or _SUMMARY.test(value)),
        "server": _Kind("a server or null", lambda value: value is None or _ASKED.test(value))},
    "cowkey.rollout-run/1": _WHEN | {
        "server": FILLED, "ledger": FILLED, "handouts": FILLED, "people": NUMBER, "items": NUMBER,
        "states": _object(dict.fromkeys(_STEPS, NUMBER)),
        "left": _object({"apps": NUMBER, "keys": NUMBER}), "changed_now": NUMBER,
        "refusals": NUMBER,
        "stopped": _one_of(None, "refusals", "server-away", "interrupted", "quit", "broken"),
        "error": _Kind("an error or null", lambda value: value is None or _object(_ERROR).test(value))},
    "cowkey.rollout-handout/1": _WHEN | {
        "ledger": FILLED, "directory": FILLED, "sealed": BOOL, "deletes": BOOL, "error?": _object(_ERROR),
        "people": _rows({
            "account": FILLED, "role": ROLE, "work_left": BOOL, "doubtful": BOOL, "pending": BOOL,
            "files": _Kind("a list of texts", lambda value: all(map(FILLED.test, value))),
            "result": _one_of(*_HANDED_OUT)}),
        "summary": _object({"people": NUMBER, "files": NUMBER, **dict.fromkeys(_HANDED_OUT, NUMBER)})},
    "cowkey.rollout-status/1": _COUNTED | {
        "refusals": NUMBER,
        "groups": _rows({"name": FILLED, "items": NUMBER,
                         "states": _object(dict.fromkeys(_STEPS, NUMBER))}),
        "sheets": _object(dict.fromkeys(("sheets", "pin_letters", "sealed", "deleted", "open"),
                                        NUMBER)),
        "problems": _rows(_FACTOR_OF | {"account": FILLED, "role": ROLE, "cause": FILLED,
                                        "cure": FILLED}),
        "passwords": _rows({"account": FILLED, "role": ROLE, "state": FILLED, "cause": FILLED,
                            "cure": FILLED}),
        "account": _Kind("an account or null",
                         lambda value: value is None or _LEDGER_ACCOUNT.test(value)),
        "error?": _object(_ERROR)},
    "cowkey.rollout-report/1": _WHEN | _COUNTED | {"csv": TEXT_OR_NULL, "html": TEXT_OR_NULL},
    "cowkey.code/1": {"code": FILLED, "valid_s": NUMBER, "period_s": NUMBER},
}


_VERDICT = {"valid": FLAG, "reason": TEXT_OR_NULL, "rp_id": FILLED, "origin": FILLED,
            "challenge_checked": FLAG, "explanation?": FILLED, "advice?": FILLED, "cause?": FILLED,
            "credential_id?": FILLED, "alg?": NUMBER, "sign_count?": NUMBER, "user_verified?": FLAG,
            "backup_eligible?": FLAG, "backed_up?": FLAG}

# Those that differ by their method.
SCHEMAS |= {
    "cowkey.verify/1 assertion": _VERDICT | {"method": FILLED, "user_present?": FLAG},
    "cowkey.verify/1 registration": _VERDICT | {
        "method": FILLED, "aaguid?": FILLED, "fmt?": _one_of("packed", "fido-u2f", "none"),
        "attestation?": _one_of("none", "self", "certified"), "attestation_trusted?": FLAG,
        "attestation_signs?": _one_of("authenticator-data", "credential", None)},
    "cowkey.verify/1 key": {
        "valid": BOOL, "reason": TEXT_OR_NULL, "method": FILLED, "credential_id": BASE64URL,
        "rp_id": FILLED, "key": _object(_KEY), "user_verified?": BOOL, "sign_count?": NUMBER,
        "explanation?": FILLED, "advice?": FILLED},
}


def _member_faults(row, members):
    if not isinstance(row, dict):
        yield f"{row!r} is not an object"
        return
    names = {name.rstrip("?") for name in members} | {"schema"}
    yield from (f"{name} is not in the man page" for name in row.keys() - names)
    for name, kind in members.items():
        optional, name = name.endswith("?"), name.rstrip("?")
        if name not in row:
            if not optional:
                yield f"{name} is missing"
        elif not kind.test(row[name]):
            yield f"{name} is {row[name]!r}, not {kind.name}"


def _enroll_faults(document, status):
    result, error = document.get("result"), document.get("error")
    proof = {"enrolled": "login", "recorded": "recorded"}.get(result)
    if proof and document.get("proof") != proof:
        yield f"{result} with proof {document.get('proof')}"
    if (status != 0) != (error is not None):
        yield f"status {status} and error {error!r}"
    if status == 0 and (proof is None or document.get("factor_id") is None):
        yield f"status 0 with result {result} and factor {document.get('factor_id')}"
    is_key = document.get("method") in ("webauthn", "passkey")
    if is_key and proof and "credential" not in document:
        yield f"{result} without a credential"
    left_behind = (result in ("unknown", "recorded", "enrolled")
                   or document.get("password_changed") or document.get("password_reset"))
    if result == "unknown" and status != 4 or status == 4 and not left_behind:
        yield f"result {result} with status {status}"


def _prove_faults(document, status):
    if status != {"accepted": 0, "refused": 1}.get(document.get("result")):
        yield f"result {document.get('result')} with status {status}"
    if (document.get("result") == "refused") != (document.get("reason") is not None):
        yield f"result {document.get('result')} with reason {document.get('reason')}"


def _change_faults(document, status):
    result, error = document.get("result"), document.get("error")
    if (status == 0) != (result not in ("failed", "unknown")):
        yield f"result {result} with status {status}"
    if (result == "unknown") != (status == 4):
        yield f"result {result} with status {status}"
    if (status != 0) != (error is not None):
        yield f"status {status} and error {error!r}"


def _recover_faults(document, status):
    result, error = document.get("result"), document.get("error")
    steps = document.get("steps") or []
    if (status in (0, 1)) != (error is None):
        yield f"status {status} and error {error!r}"
    if (status == 0) != (result in ("recovered", "allowed-once") and error is None):
        yield f"result {result} with status {status}"
    if status == 1 and result != "partial" or result == "unknown" and status != 4:
        yield f"result {result} with status {status}"
    if result == "recovered" and not all(step["done"] for step in steps):
        yield f"recovered with {steps}"


def _doctor_faults(document, status):
    problems = [check for check in document["checks"] if check["state"] == "problem"]
    if status != (1 if problems else 0) or document["problems"] != len(problems):
        yield f"{len(problems)} problems, but told {document['problems']} with status {status}"
    yield from (f"a problem without a cure: {check['text']}" for check in problems
                if not check["cure"])


def _key_faults(document, status):
    if (status != 0) != ("error" in document):
        yield f"status {status} and error {document.get('error')!r}"
    if document.get("result") == "unknown" and status != 4:
        yield f"unknown with status {status}"


def _journal_faults(document, status):
    intact = document["broken_count"] == 0
    if document["intact"] != intact:
        yield f"intact {document['intact']} with {document['broken_count']} breaks"
    if status != (0 if intact and document["kept_head_found"] is not False else 1):
        yield f"status {status} with {document}"


def _verify_faults(document, status):
    if status != (0 if document.get("valid") is True else 1):
        yield f"valid {document.get('valid')} with status {status}"
    if (document.get("valid") is True) != (document.get("reason") is None):
        yield f"valid {document.get('valid')} with reason {document.get('reason')}"


def _audit_faults(document, status):
    accounts, summary, error = document["accounts"], document["summary"], document.get("error")
    counted = [name for row in accounts if not row["excepted"] for name in row["findings"]]
    told = {}
    for finding in summary["findings"]:
        told[finding["name"]] = told.get(finding["name"], 0) + finding["accounts"]
    told.pop("release-too-old", None)
    if told != {name: counted.count(name) for name in counted}:
        yield f"the summary has {told}, the accounts have {counted}"
    if len(accounts) != summary["accounts"] or summary["complete"] != (error is None):
        yield f"{len(accounts)} accounts, error {error}, and the summary says {summary}"
    for row in accounts:
        unseen = row["second_factor"] == "not-visible"
        if unseen != ("not-visible" in row["findings"]):
            yield f"{row['account']} is {row['second_factor']} with {row['findings']}"
        if (row["passkeys"] is None) != ("passkeys-not-visible" in row["findings"]):
            yield f"{row['account']} has passkeys {row['passkeys']} with {row['findings']}"
    if error is None and status != (1 if _fails(summary) else 0):
        yield f"status {status} with {summary}"


def _fails(summary):
    levels = _LEVELS[_LEVELS.index(summary["fail_on"]):]
    return (any(summary["levels"][level] for level in levels)
            or "warning" in levels and summary["expired_exceptions"] != [])


def line_faults(lines):
    """Of the lines of --json-lines of audit: accounts, and last the summary."""
    for line in lines[:-1]:
        yield from _member_faults(line, _AUDITED)
    yield from _member_faults(lines[-1], _AUDIT | _AUDIT_END)


def _enforce_faults(document, status):
    accounts, summary = document["accounts"], document["summary"]
    counts = {result: sum(row["result"] == result for row in accounts) for result in _ENFORCED}
    told = {result: summary[result.replace("-", "_")] for result in _ENFORCED}
    if summary["accounts"] != len(accounts) or counts != told:
        yield f"the summary {summary} is not that of the accounts"
    if counts["unknown"] and status != 4 or status == 3 and counts["changed"]:
        yield f"{counts} with status {status}"
    if status == 0 and (summary["nameless"] or any(counts[result] for result in ("failed", "not-enforceable", "not-tried"))):
        yield f"{counts} with status 0"
    if counts["would-change"] and not document["dry_run"] or counts["not-tried"] and "error" not in document:
        yield f"{counts} with dry_run {document['dry_run']} and error {document.get('error')}"
    for row in accounts:
        wished = row["after"] is (document["wish"] == "on")
        if row["result"] in ("changed", "already") and not wished:
            yield f"{row} and wish {document['wish']}"
        if row["result"] in ("failed", "unknown", "not-enforceable") and not row["reason"]:
            yield f"{row} without a reason"
        if (row["result"] == "excepted") != (row["exception"] is not None):
            yield f"{row} with exception {row['exception']}"


def _rollout_check_faults(document, status):
    bad, problems = document["bad_lines_count"], document["problems_count"]
    if status != (2 if bad else 1 if problems else 0) or document["runs"] != (status == 0):
        yield f"{bad} bad lines, {problems} problems, runs {document['runs']}, status {status}"
    if bad and (document["summary"] or document["server"]) or not bad and not document["summary"]:
        yield f"{bad} bad lines, and what was looked at: {document}"


def _rollout_run_faults(document, status):
    states, stopped = document["states"], document["stopped"]
    if sum(states.values()) != document["items"]:
        yield f"{states} of {document['items']} items"
    unknown = states["unknown"] + states["submitted"] + states["undoing"]
    rest = document["items"] - states["proved"] - states["recorded"]
    wanted = {"refusals": [5], "server-away": [6], "interrupted": [4, 130],
              "broken": [2, 3, 4]}.get(stopped, [4] if unknown else [0, 1] if rest else [0])
    if status not in wanted:
        yield f"stopped {stopped}, {states}, status {status}"
    if (document["error"] is None) != (stopped in (None, "quit")):
        yield f"stopped {stopped} and error {document['error']}"


def _handout_faults(document, status):
    summary, results = document["summary"], [person["result"] for person in document["people"]]
    if summary["people"] != len(results) or any(summary[name] != results.count(name) for name in _HANDED_OUT):
        yield f"the summary is {summary}, of {results}"
    nothing = "made" not in results and {"nothing", "early"} & set(results)
    if "error" not in document and status != (1 if nothing else 0):
        yield f"status {status} with {results}"
    if ("error" in document) != ("open" in results):
        yield f"people are left open: {document}"


def _rollout_status_faults(document, status):
    states, groups, problems = document["states"], document["groups"], document["problems"]
    listed = [problem["state"] for problem in problems]
    for name, count in states.items():
        if count != sum(group["states"][name] for group in groups):
            yield f"{count} {name}, and the groups have {groups}"
        if name in ("submitted", "failed", "unknown", "skipped", "undoing") and count != listed.count(name):
            yield f"{count} {name}, and the problems are {listed}"
    if sum(states.values()) != document["items"]:
        yield f"{document['items']} items are {states}"
    ended_badly = any(states[name] for name in ("failed", "unknown", "skipped"))
    open_ends = sum(document["left"].values()) + len(document["passwords"])
    if "error" not in document and status != (1 if ended_badly or open_ends else 0):
        yield f"status {status} with {states}, {document['left']} and {document['passwords']}"
    if document["account"]:
        told = [item["state"] for item in document["account"]["items"]]
        if {name: told.count(name) for name in states} != states:
            yield f"{states} of {told}"


_CHANGES = ("cowkey.remove/1", "cowkey.rename/1", "cowkey.password/1", "cowkey.app-password/1")


def faults(document, outcome):
    """What is wrong with a document, as sentences; empty when all is well."""
    if not isinstance(document, dict):
        return [f"{document!r} is not an object"]
    name = document.get("schema")
    if f"{name} {document.get('method')}" in SCHEMAS:
        name = f"{name} {document['method']}"
    if name not in SCHEMAS:
        return [f"the schema is {name!r}"]
    found = list(_member_faults(document, SCHEMAS[name]))
    error = document if name == "cowkey.error/1" else document.get("error")
    if isinstance(error, dict) and error.get("status") != outcome.status:
        found.append(f"the document says status {error.get('status')}, not {outcome.status}")
    if name == "cowkey.enroll/1":
        found += _enroll_faults(document, outcome.status)
    elif name == "cowkey.enforce/1":
        found += _enforce_faults(document, outcome.status) if not found else []
    elif name == "cowkey.rollout-check/1":
        found += list(_rollout_check_faults(document, outcome.status)) if not found else []
    elif name == "cowkey.rollout-run/1":
        found += list(_rollout_run_faults(document, outcome.status)) if not found else []
    elif name == "cowkey.rollout-handout/1":
        found += list(_handout_faults(document, outcome.status)) if not found else []
    elif name == "cowkey.rollout-status/1":
        found += list(_rollout_status_faults(document, outcome.status)) if not found else []
    elif name == "cowkey.recover/1":
        found += _recover_faults(document, outcome.status)
    elif name == "cowkey.prove/1":
        found += _prove_faults(document, outcome.status)
    elif document.get("action") == "list":
        found += [] if "app_passwords" in document else ["no app_passwords"]
    elif name in _CHANGES:
        found += _change_faults(document, outcome.status)
    elif name == "cowkey.audit/1":
        found += found or _audit_faults(document, outcome.status)
    elif name == "cowkey.doctor/1":
        found += _doctor_faults(document, outcome.status)
    elif name.startswith("cowkey.key-"):
        found += _key_faults(document, outcome.status)
    elif name == "cowkey.journal-verify/1":
        found += _journal_faults(document, outcome.status)
    elif name.startswith("cowkey.verify/1"):
        found += _verify_faults(document, outcome.status)
    elif name != "cowkey.error/1" and outcome.status != 0:
        found.append(f"a result with status {outcome.status}")
    if document.get("otpauth") is not None and not outcome.shows_secret:
        found.append("otpauth without --show-secret")
    for moment in ("started", "finished"):
        if moment in document and _is_time(document[moment]):
            seconds = datetime.datetime.fromisoformat(document[moment])
            if not outcome.started - 1 <= seconds.timestamp() <= outcome.finished + 1:
                found.append(f"{moment} is not within the run")
    return found
