"""The JSON API under /api/v1/: routes, errors and the shape of answers (protocol 7).

Routes stand in tables by action and category; other files register theirs when
they are imported (web.py does that).  A route that reads returns what is
printed, or a Response; one that changes something leaves alerts in the session,
which are printed in its stead.
"""

import urllib.parse

import logs_api
import php
from exchange import Response

# category -> function(exchange, object, extra), for a logged-in session or an API key
READ = {}
# category -> function(exchange), also for sessions that are not logged in
READ_OPEN = {}
# category -> function(exchange, object, attributes[, items]); False is a failure
ADD = {}
EDIT = {}
DELETE = {}
# category -> function(exchange), for a raw JSON body that needs no `attr` around it
ADD_RAW = {}
PROCESS = {}

_JSON = "application/json"
_INCOMPLETE = {"type": "error", "msg": "Cannot find attributes in post data"}
_NO_ROUTE = {"type": "error", "msg": "route not found"}
_DENIED = {"type": "error", "msg": "API read/write access denied"}


def answer(document, status=200, pretty=False):
    # What is read comes indented and with its letters; other answers are short and ASCII.
    text = php.to_json(document, pretty, ascii_only=not pretty)
    return Response(status, text.encode(), _JSON)


def incomplete():
    """What a route says that needs a login, or fields, that are not there."""
    return answer(_INCOMPLETE)


def registered(exchange):
    """What is said of a key that was stored; a server that denies says no."""
    if exchange.state.denying:
        return answer({"success": False, "msg": "invalid challenge"})
    return answer({"success": True})


def nothing():
    """What a route says that has nothing to say."""
    return Response(200, b"", _JSON)


def serve(exchange):
    request = exchange.request
    if request.headers.get("Sec-Fetch-Dest") not in (None, "empty"):
        return Response(403, b"", _JSON)
    # The web server hands the path on decoded.
    parts = (urllib.parse.unquote(request.path)[len("/api/v1/"):].split("/") + [None] * 4)[:4]
    action, category, obj, extra = [part or None for part in parts]
    form = dict(exchange.post)
    if request.is_json:
        document = php.from_json(request.body.decode("utf-8", "replace"))
        if action != "get" and document is None:
            return answer({"type": "error", "msg": "Request body doesn't contain valid json!"}, 400)
        _take_json(form, action, document)
    logs_api.note(exchange, form)
    response = _dispatch(exchange, action, category, obj, extra, form)
    if exchange.session.api_access:
        exchange.session.alerts = []
    return response


def _take_json(form, action, document):
    """A JSON body stands in for the form fields; it needs no form token (protocol 2)."""
    members = document if isinstance(document, dict) else {}
    if action == "add":
        form["attr"] = php.to_json(document)
    elif action == "edit":
        form["attr"] = php.to_json(members.get("attr"))
        form["items"] = php.to_json(members.get("items"))
    elif action == "delete":
        form["items"] = php.to_json(document)


def _dispatch(exchange, action, category, obj, extra, form):
    if action == "get":
        return _read(exchange, category, obj, extra)
    if action == "add":
        return _add(exchange, category, obj, form)
    if action == "edit":
        return _edit(exchange, category, obj, form)
    if action == "delete":
        return _delete(exchange, category, obj, form)
    if action == "process" and not exchange.dialect.split_logins:
        # Passwordless login of old releases; told apart by this 405 (dialects 1.1).
        if exchange.request.method != "POST":
            return answer({"type": "error", "msg": "only POST method is allowed"}, 405)
        return PROCESS[category](exchange) if category in PROCESS else nothing()
    return answer(_NO_ROUTE, 404)


def _read(exchange, category, obj, extra):
    if exchange.request.method != "GET":
        return answer({"type": "error", "msg": "only GET method is allowed"}, 405)
    if category in READ_OPEN:
        return READ_OPEN[category](exchange)
    if not exchange.session.role:
        return nothing()
    if category not in READ:
        return answer(_NO_ROUTE, 404)
    document = READ[category](exchange, obj, extra)
    if isinstance(document, Response):
        return document
    return answer(document or {}, pretty=True)


def _may_not_change(exchange, needs_login):
    session = exchange.session
    return (session.api_access == "ro" or session.pending_username is not None
            or needs_login and session.username is None)


def _only_post(exchange):
    if exchange.request.method != "POST":
        return answer({"type": "error", "msg": "only POST method is allowed"}, 405)
    return None


def _add(exchange, category, obj, form):
    if _may_not_change(exchange, needs_login=False):
        return answer(_DENIED, 403)
    if category in ADD_RAW:
        return _only_post(exchange) or ADD_RAW[category](exchange)
    if "attr" not in form:
        return answer(_INCOMPLETE)
    return _only_post(exchange) or _run(
        exchange, ADD, category, "Cannot add item", obj, _attributes(form))


def _edit(exchange, category, obj, form):
    if _may_not_change(exchange, needs_login=True):
        return answer(_DENIED, 403)
    if "attr" not in form:
        return answer(_INCOMPLETE)
    return _only_post(exchange) or _run(
        exchange, EDIT, category, "Cannot edit item", obj, _attributes(form), _items(form))


def _delete(exchange, category, obj, form):
    if _may_not_change(exchange, needs_login=True):
        return answer(_DENIED, 403)
    if "items" not in form:
        return answer(_INCOMPLETE)
    return _only_post(exchange) or _run(
        exchange, DELETE, category, "Cannot delete item", obj, {}, _items(form))


def _attributes(form):
    attributes = php.from_json(form["attr"])
    attributes = dict(attributes) if isinstance(attributes, dict) else {}
    attributes.pop("csrf_token", None)
    return attributes


def _items(form):
    return php.as_list(php.from_json(form.get("items", "null")))


def _run(exchange, table, category, failure, *arguments):
    if category not in table:
        return answer(_NO_ROUTE, 404)
    result = table[category](exchange, *arguments)
    if isinstance(result, Response):
        return result
    if exchange.session.alerts:
        # All that is queued, also what earlier steps left (protocol 6).
        return answer(exchange.session.alerts)
    if result is False:
        return answer({"type": "error", "msg": failure})
    return answer({"type": "success", "msg": "Task completed"})
