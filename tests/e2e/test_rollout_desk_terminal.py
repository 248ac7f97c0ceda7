"""rollout run at the desk: the terminal itself. The program is stopped (Ctrl-Z) and goes on, and the
window changes its size, wherever an operator may be."""

import fcntl
import struct
import sys
import termios
from pathlib import Path

from case import each
from cowkey import Person, environment
from key_case import MAKE, PIN, SIGN
from test_rollout_desk import (ASKS_AFTER, ASKS_GO_ON, ASKS_KEY, ASKS_NEXT, ASKS_PIN, DONE, Answers,
                               DeskCase)

# A shell with job control and nothing else: it takes the terminal back from a program that was
# stopped, and gives it to it again when a line is typed, as fg does.
SHELL = """
import os, signal, sys, termios
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
settings = termios.tcgetattr(0)
program = os.fork()
if program == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execve(sys.argv[1], sys.argv[1:], os.environ | {"LD_PRELOAD": os.environ["CK_PRELOAD"]})
while os.WIFSTOPPED(status := os.waitpid(program, os.WUNTRACED)[1]):
    os.tcsetpgrp(0, os.getpgrp())
    termios.tcsetattr(0, termios.TCSADRAIN, settings)
    print("Stopped.", file=sys.stderr, flush=True)
    while os.read(0, 1) != b"\\n":
        pass
    os.tcsetpgrp(0, program)
    os.killpg(program, signal.SIGCONT)
sys.exit(os.waitstatus_to_exitcode(status))
"""
STOPPED = r"Stopped\.\r\n"


class TerminalCase(DeskCase):
    def sit_down(self, account, *words, password="file", connect=True, environ=None, **terminal):
        line = [self.binary, *self.words(account, words, password, connect)]
        given = self.environ(environ)
        given["CK_PRELOAD"] = given.pop("LD_PRELOAD")
        person = Person(sys.executable, ["-c", SHELL, *line],
                        environment(self.place, given), **terminal)
        self.addCleanup(person.close)
        return person

    def stop(self, operator):
        """Ctrl-Z, once the program sleeps, which after a question means that it reads the answer."""
        shell = operator.process.pid
        program, = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        while Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            self.assertIsNone(operator.process.poll())
        operator.press("\x1a")
        operator.expect(STOPPED)
        # The shell has the terminal by now, with its own settings.
        self.assertTrue(operator.terminal_settings()[3] & termios.ECHO)

    def go_on(self, operator):
        operator.press("\n")


# What is asked there, and an answer that ends it harmlessly.
PLACES = {
    "at_next": (ASKS_NEXT, "q"),
    "at_after": (ASKS_AFTER, "q"),
    "at_pause": (ASKS_GO_ON, "q"),
    "at_pin": (ASKS_PIN, PIN),
    "at_new_pin": ("New PIN: $", PIN),
}


class Places:
    """The questions of PLACES."""

    at_next, at_after, at_pause = Answers.at_next, Answers.at_after, Answers.at_pause
    at_pin, at_new_pin = Answers.at_pin, Answers.at_new_pin

    def answer_to_the_end(self, operator, place, answer):
        """The answer to a question of PLACES, and what follows from it."""
        operator.answer(answer)
        if place == "at_new_pin":
            operator.ask("again: *$")
            operator.answer(PIN)
        if answer == PIN:
            operator.expect(DONE)
        self.assert_document(self.finish(operator, 0 if answer == PIN else 1),
                             states={"proved" if answer == PIN else "planned": 1})


class Stopped(Places, TerminalCase):
    @each({place: (place, *how) for place, how in PLACES.items()})
    def test_at_a_question(self, place, question, answer):
        """It is asked again, since the shell's line stands there by now."""
        self.with_pin, self.without_pin = self.spare(pin=PIN), self.spare()
        operator = self.sit(self.key_row(self.alice, "passkey"))
        getattr(self, place)(operator)
        for _ in range(2):
            operator.press("s")  # half a line is no answer, and is gone
            self.stop(operator)
            self.go_on(operator)
            operator.expect(question)
        if answer == PIN:
            self.assertFalse(operator.terminal_settings()[3] & termios.ECHO, "the PIN would be shown")
        self.answer_to_the_end(operator, place, answer)

    @each({"to register": MAKE, "to prove": SIGN})
    def test_instead_of_a_touch(self, command):
        """Who touches the key meanwhile, or afterwards, has touched it."""
        key = self.spare(touch="never")
        operator = self.sit(self.key_row(self.alice))
        self.offer(operator, key)
        if command == SIGN:
            key.touch(MAKE)
        key.await_blinking(command)
        self.stop(operator)
        self.go_on(operator)
        if command == MAKE:
            key.touch(MAKE)
        key.touch(SIGN)
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assert_registered(self.alice, "cowkey 1")
        self.assertEqual(len(key.made()), 1)

    def test_while_the_server_is_at_it(self):
        """It answers while nobody listens; what it says is read afterwards."""
        key = self.spare()
        operator = self.sit(self.key_row(self.alice))
        operator.expect(ASKS_NEXT)
        self.server.fault("delay:700", path="/api/v1/add/webauthn-tfa-registration")
        key.ctl(plugged=True)
        operator.answer("")
        operator.expect(r"Telling the server \.\.\.")
        self.stop(operator)
        path = "/api/v1/add/webauthn-tfa-registration"
        self.server.await_requests(lambda row: row["path"] == path and row["status"] == 200)
        self.go_on(operator)
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assert_registered(self.alice, "cowkey 1")

    def test_at_the_login_key(self):
        keys = self.spare(), self.spare()
        operator = self.sit(self.key_row(self.alice), policy={"keys": 2})
        self.register(operator, keys[0])
        self.offer(operator, keys[1])
        operator.expect(ASKS_KEY)
        self.stop(operator)
        self.go_on(operator)
        operator.expect(ASKS_KEY)
        keys[0].ctl(plugged=True)
        operator.answer("")
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 2})


class Resized(Places, DeskCase):
    def resize(self, operator, rows, columns):
        """The kernel tells the program of it (SIGWINCH)."""
        operator.await_reading()
        fcntl.ioctl(operator._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @each({place: (place, *how) for place, how in PLACES.items()})
    def test_at_a_question(self, place, question, answer):
        """It stays asked, and nothing is taken for an answer."""
        self.with_pin, self.without_pin = self.spare(pin=PIN), self.spare()
        operator = self.sit(self.key_row(self.alice, "passkey"))
        getattr(self, place)(operator)
        for rows, columns in ((3, 20), (1, 1), (200, 500), (0, 0)):
            self.resize(operator, rows, columns)
        self.answer_to_the_end(operator, place, answer)

    def test_while_a_key_blinks(self):
        key = self.spare(touch="never")
        operator = self.sit(self.key_row(self.alice))
        self.offer(operator, key)
        for command in (MAKE, SIGN):
            key.await_blinking(command)
            self.resize(operator, 5, 30)
            key.touch(command)
        operator.expect(DONE)
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
