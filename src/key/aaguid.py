#!/usr/bin/env python3
"""The names of AAGUIDs: from aaguid.csv to C, and from public lists to aaguid.csv.

    aaguid.py NAMES.csv > aaguid_table.h
    aaguid.py --update NAMES.csv FILE... > NEW.csv

FILE is the BLOB of the FIDO Metadata Service (a JWT; its signature is not checked, only names are
taken) or a JSON object of AAGUIDs with names.
"""

import base64
import json
import re
import sys
from pathlib import Path

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAME_MAX = 96


def read(path):
    """The lines of the head, and {AAGUID: name} of the others."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    rows = [line.split(",", 1) for line in lines if line and not line.startswith("#")]
    for row in rows:
        check(*row)
    if [row[0] for row in rows] != sorted({row[0] for row in rows}):
        sys.exit(f"{path}: not sorted, or an AAGUID comes twice")
    return head, dict(rows)


def check(uuid, name=""):
    if not UUID.fullmatch(uuid) or not re.fullmatch(r'[ -!#-+\--\[\]-~]+', name):
        sys.exit(f"not an AAGUID and a plain name without commas: {uuid!r}, {name!r}")
    if len(name) > NAME_MAX:
        sys.exit(f"longer than {NAME_MAX} characters: {name!r}")


def table(names):
    for uuid, name in names.items():
        octets = ", ".join(f"0x{octet:02x}" for octet in bytes.fromhex(uuid.replace("-", "")))
        yield f'{{{{{octets}}}, "{name}"}},'


def published(path):
    """{AAGUID: name} of a public list."""
    text = Path(path).read_text(encoding="utf-8").strip()
    if text.startswith("{"):
        return {uuid.lower(): entry["name"] for uuid, entry in json.loads(text).items()}
    payload = text.split(".")[1]
    entries = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["entries"]
    return {entry["aaguid"]: entry["metadataStatement"]["description"]
            for entry in entries if "aaguid" in entry}


def plain(name):
    return " ".join(re.sub(r'[^ -~]|[",\\]', " ", name).split())[:NAME_MAX]


def update(path, files):
    head, names = read(path)
    for file in files:
        found = published(file).items()
        names = {uuid: plain(name) for uuid, name in found if UUID.fullmatch(uuid)} | names
    return head + [f"{uuid},{name}" for uuid, name in sorted(names.items()) if name]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--update"]:
        print("\n".join(update(sys.argv[2], sys.argv[3:])))
    else:
        print("\n".join(table(read(sys.argv[1])[1])))
