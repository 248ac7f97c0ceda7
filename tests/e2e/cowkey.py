"""The program under test, run as a script runs it (no terminal) or as a person does (on one)."""

import codecs
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

import schemas

PATIENCE_S = 60
ROWS, COLUMNS = 90, 140

# What a program built with sanitizers, or run beside its libraries, needs from outside.
_PASSED_ON = ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH",
              "LLVM_PROFILE_FILE", "GCOV_PREFIX", "GCOV_PREFIX_STRIP")


class Hang(AssertionError):
    """Something that was waited for did not come in time."""


@dataclass
class Outcome:
    """What a run left behind. A person's stderr is what the terminal showed."""

    arguments: list
    status: int
    stdout: str
    stderr: str
    started: float
    finished: float
    shows_secret: bool = field(init=False)

    def __post_init__(self):
        self.shows_secret = "--show-secret" in self.arguments or "code" in self.arguments

    def __str__(self):
        return (f"cowkey {' '.join(map(repr, self.arguments))}\n  status {self.status}\n"
                f"  stdout: {self.stdout!r}\n  stderr: {self.stderr!r}")

    @property
    def document(self):
        """The one JSON document on standard output, checked against its schema."""
        try:
            document = json.loads(self.stdout, object_pairs_hook=schemas.without_duplicates)
        except ValueError as reason:
            raise AssertionError(f"not one JSON document: {reason}\n{self}") from reason
        faults = schemas.faults(document, self)
        if faults:
            raise AssertionError(f"not as the man page says: {'; '.join(faults)}\n{self}")
        return document

    @property
    def error(self):
        """{status, error, hint} of a run that failed, wherever its document holds it."""
        document = self.document
        return document if document["schema"] == "cowkey.error/1" else document["error"]


def environment(home, changes):
    """Nothing of the caller's settings but what the program needs to run at all."""
    variables = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    variables |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"),
                  "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
    for name, value in changes.items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = str(value)
    return variables


class Script:
    """A run without a terminal: standard input is empty, the others are pipes."""

    def __init__(self, binary, arguments, variables, **popen):
        self.arguments = list(map(str, arguments))
        self._started = time.time()
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                    "stderr": subprocess.PIPE, "start_new_session": True} | popen
        self.process = subprocess.Popen([binary, *self.arguments], env=variables, **settings)

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def wait(self, patience_s=PATIENCE_S):
        try:
            stdout, stderr = self.process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            stdout, stderr = self.process.communicate()
            raise Hang(f"cowkey {self.arguments} did not end within {patience_s} s; "
                       f"it said {stdout!r} and {stderr!r}") from None
        return Outcome(self.arguments, self.process.returncode, _text(stdout), _text(stderr),
                       self._started, time.time())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Person:
    """A run on a terminal of its own; its standard output is a pipe, so that it can be told apart.

    With `whole`, standard output is that terminal as well. `expect` reads until a pattern shows up behind what was expected before; nothing sleeps.
    """

    def __init__(self, binary, arguments, variables, *, rows=ROWS, columns=COLUMNS, whole=False):
        self.arguments = list(map(str, arguments))
        self._started = time.time()
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.settings_before = self.terminal_settings()
        self.process = subprocess.Popen(
            [binary, *self.arguments], env=variables, stdin=theirs,
            stdout=theirs if whole else subprocess.PIPE, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.shown = ""
        self._read = 0  # up to where `expect` has come
        self._typed = []

    def expect(self, pattern, patience_s=PATIENCE_S):
        """Waits for a pattern (letter case does not matter) and returns the match."""
        deadline = time.monotonic() + patience_s
        while True:
            found = re.search(pattern, self.shown[self._read:], re.IGNORECASE)
            if found:
                self._read += found.end()
                return found
            if not self._more(deadline):
                raise Hang(f"no {pattern!r} on the terminal of cowkey {self.arguments}; "
                           f"it shows {self.shown!r}")

    def ask(self, pattern):
        """Waits for a question whose answer is a secret, which the terminal must not show."""
        found = self.expect(pattern)
        if self._echoes():
            raise AssertionError(f"the answer to {found.group()!r} would be shown")
        return found

    def answer(self, text):
        if self._echoes():
            self._typed.append(text + "\r\n")
        self.press(text + "\n")

    def press(self, keys):
        os.write(self._terminal, keys.encode())

    def await_reading(self):
        """Until the program sleeps, which after a question means that it reads the answer."""
        deadline = time.monotonic() + PATIENCE_S
        state = Path(f"/proc/{self.process.pid}/stat")
        while state.read_text().rpartition(")")[2].split()[0] != "S":
            if time.monotonic() > deadline:
                raise Hang(f"cowkey {self.arguments} does not wait for an answer")

    def interrupt(self):
        """Ctrl-C, which the terminal turns into SIGINT."""
        self.await_reading()
        self.press("\x03")

    def send_signal(self, number):
        self.await_reading()
        self.process.send_signal(number)

    def terminal_settings(self):
        return termios.tcgetattr(self._terminal)

    def _echoes(self):
        """Whether the terminal shows what is typed."""
        return self.terminal_settings()[3] & termios.ECHO

    def hang_up(self):
        """The window is closed."""
        os.close(self._terminal)
        self._terminal = None

    def wait(self, patience_s=PATIENCE_S):
        deadline = time.monotonic() + patience_s
        while self._terminal is not None and self._more(deadline):
            pass
        try:
            stdout, _ = self.process.communicate(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Hang(f"cowkey {self.arguments} did not end within {patience_s} s; "
                       f"it shows {self.shown!r}") from None
        shown = self.shown
        for echo in self._typed:  # what the person typed, not what the program said
            shown = shown.replace(echo, "\r\n", 1)
        return Outcome(self.arguments, self.process.returncode, _text(stdout), shown,
                       self._started, time.time())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None

    def _more(self, deadline):
        """Reads what comes next; False at the end or when it is too late."""
        ready, _, _ = select.select([self._terminal], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        self.shown += self._decoder.decode(data)
        return bool(data)


def _text(data):
    return (data or b"").decode("utf-8", "backslashreplace")
