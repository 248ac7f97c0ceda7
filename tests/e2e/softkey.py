"""Software security keys for the program under test: tests/softkey, as this suite uses it."""

import os
import sys
import time
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "softkey"
PROGRAMS = ("softkey", "libsoftkey-shim.so")
PATIENCE_S = 15

sys.path.append(str(SOURCES))
import keys  # noqa: E402

# CTAP's status codes for faults.
OPERATION_DENIED, USER_ACTION_TIMEOUT = 0x27, 0x2F


def find_programs(binary):
    """Called before any test; tests/softkey takes its programs from this variable."""
    beside = Path(binary).parent.parent.parent / "tests" / "softkey"
    os.environ["SOFTKEY_BUILD"] = os.environ.get("SOFTKEY_DIR", str(beside))


def missing():
    """What is not built."""
    directory = Path(os.environ["SOFTKEY_BUILD"])
    return [name for name in PROGRAMS if not (directory / name).exists()]


def program(name):
    return Path(keys.program(name))


def variables(binary, attached):
    """What the environment needs so that the program sees these keys, and nobody's own."""
    given = keys.attached(*attached, to=str(binary))
    return {name: given[name] for name in ("LD_PRELOAD", "SOFTKEYS")}


class Key(keys.Key):
    """A running key, with what a person does to it and what became of that."""

    def await_blinking(self, command=None):
        """Until it waits for a touch, if wanted while it works on this command."""
        def blinks():
            state = self.state()
            return state["waiting"] and command in (None, state["command"])
        self._await(blinks, "wait for a touch")

    def await_made(self):
        """Until it made a credential."""
        self._await(self.made, "make a credential")

    def _await(self, is_so, what):
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the key does not {what}; its log: {self.log()}")
            time.sleep(0.01)

    def touch(self, command=None):
        """Waits until it blinks, and touches it."""
        self.await_blinking(command)
        self.ctl(press=True)

    def fault(self, command, do, **more):
        self.ctl(faults=[{"at": command, "do": do, **more}])

    def credentials(self, resident=None):
        """Those that it keeps; with resident only those that are, or are not."""
        if not Path(self.state_path).exists():
            return []
        return [row for row in self.stored().get("credentials", [])
                if resident in (None, row["resident"])]

    def made(self):
        """The requests for a new credential; those that only pick a key are none."""
        return [line for line in self.log() if line["command"] in ("makeCredential", "u2fRegister")
                and line.get("rp_id") not in (".dummy", "make.me.blink")
                and line.get("touched") is not False]

    def asked(self, *commands):
        return [line for line in self.log() if line["command"] in commands]
