"""Made-up responses of security keys, as files (tests/agree)."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "agree"))

import responses

RP_ID = responses.RP_ID


def made_up(file):
    """(record, assertion, registration, challenge); file(name, text) makes each."""
    key = responses.Key(responses.ES256)
    return (file("record.json", json.dumps(responses.record(key))),
            file("assertion.json", json.dumps(responses.assertion(key))),
            file("registration.json", json.dumps(responses.registration(key))),
            responses.b64url(responses.CHALLENGE))
