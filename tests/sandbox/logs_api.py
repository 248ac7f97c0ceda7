"""The logs that administrators can read through the API (protocol 4.3, 18)."""

import re

import php

KINDS = ("ui", "api")
MOST = 999


def note(exchange, form):
    """What every administrator can read of it; members of the outermost object are masked."""
    said = []
    for name, text in form.items():
        value = php.from_json(text)
        if isinstance(value, dict):
            value = {key: "*" if re.search("pass", key, re.I) else each
                     for key, each in value.items()}
        said.append(f"{name}='{php.to_json(value) if value else php.text(value)}'")
    request = exchange.request
    exchange.state.api_log.append({
        "time": int(exchange.state.now()), "uri": request.target, "method": request.method,
        "remote": request.client, "data": ", ".join(said)})


def rows(exchange, kind, count):
    """For administrators, newest first: what pages told people, secrets included (protocol 4.3),
    and what the API was asked for."""
    state = exchange.state
    found = state.api_log if kind == "api" else [
        {"id": number, "task": "MADEUP", **row} for number, row in enumerate(state.logs, 1)]
    return found[::-1][:php.intval(count) or MOST]
