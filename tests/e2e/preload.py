"""What tests load into the program under test: the libraries of tests/preload."""

import os
from pathlib import Path

import softkey

KILLER, WITNESS = "libkiller.so", "libwitness.so"


def path(name):
    """Beside the programs of the software key, wherever these were built."""
    return Path(os.environ["SOFTKEY_BUILD"]).parent / "preload" / name


def missing():
    return [name for name in (KILLER, WITNESS) if not path(name).exists()]


def variables(binary, names, given=None):
    """The environment with these libraries beside those that are preloaded already."""
    given = dict(given or {})
    before = given.get("LD_PRELOAD") or ":".join(softkey.keys.asan_of(str(binary)))
    given["LD_PRELOAD"] = ":".join(filter(None, [before, *map(str, map(path, names))]))
    return given
