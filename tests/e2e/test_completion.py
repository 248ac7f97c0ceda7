"""What the shells complete: the options that --help names, the words of the commands, files."""

import re
import shutil
import subprocess

from case import Case, each

SHELLS = ("bash", "zsh", "fish")
OPTION = r"--[a-z][a-z-]*[a-z]"

# Each prints what it would offer, a line each. zsh's own functions are replaced by ones that print.
ASK = {
    "bash": """source "$1"; shift; COMP_LINE="cowkey $*"; COMP_POINT=${#COMP_LINE}
               line=${COMP_LINE//=/ = }; line=${line//:/ : }; line=${line% }
               COMP_WORDS=($line); [[ $COMP_LINE != *' ' ]] || COMP_WORDS+=('')
               COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _cowkey
               printf '%s\\n' "${COMPREPLY[@]}" """,
    "zsh": """_describe() { [[ $1 = -o ]] && shift; print -rl -- ${${(P)2}%%:*} }
              compadd() { shift; print -rl -- "$@" }
              _files() { print FILES }; _command_names() { print COMMANDS }
              compset() { words[CURRENT]=${words[CURRENT]#*=} }
              script=$1; shift; words=(cowkey "$@"); CURRENT=$(( $# + 1 )); source $script""",
    "fish": """source $argv[1]; complete -C "cowkey $argv[2]" """,
}


class Completion(Case):
    def setUp(self):
        super().setUp()
        self.scripts = {}

    def script(self, shell):
        if not shutil.which(shell):
            self.skipTest(f"{shell} is missing")
        if shell not in self.scripts:
            text = self.cowkey(None, "--print-completion", shell, connect=False, status=0).stdout
            self.scripts[shell] = self.file(f"completion.{shell}", text)
        return self.scripts[shell]

    def offered(self, shell, *words):
        """For these words, the last of which is being typed; zsh does not drop what does not begin so."""
        line = [" ".join(words)] if shell == "fish" else list(words)
        options = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}[shell]
        name = [] if shell == "fish" else [shell]
        done = subprocess.run([shell, *options, ASK[shell], *name, self.script(shell), *line],
                              cwd=self.place, capture_output=True, text=True, check=False,
                              env={"HOME": str(self.place), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.stderr, "", f"{shell}: {words}")
        found = [entry.partition("\t")[0].rstrip("/") for entry in done.stdout.splitlines()]
        typed = words[-1] if shell == "fish" else re.split("[=:]", words[-1])[-1]
        return {word for word in found if word.startswith(typed) or shell == "zsh"} - {""}

    def commands(self):
        text = self.cowkey(None, "--help", connect=False, status=0).stdout
        text = text.partition("Commands:\n")[2].partition("\n\n")[0]
        return re.findall(r"(?m)^  ([a-z-]+(?: [a-z]+)*)(?=  )", text)

    def options(self, command):
        text = self.cowkey(None, *command.split(), "--help", connect=False, status=0).stdout
        return set(re.findall(rf"(?m)^ *(?:-[a-zA-Z], +)?({OPTION})(?= |$)", text))

    @each(SHELLS)
    def test_of_the_commands(self, shell):
        commands = self.commands()
        self.assertIn("enroll totp", commands)
        for command in commands:
            words = command.split()
            for count in range(len(words)):
                before = words[:count]
                wanted = {other.split()[count] for other in commands
                          if other.split()[:count] == before and len(other.split()) > count}
                self.assertEqual(self.offered(shell, *before, ""), wanted, before)

    @each(SHELLS)
    def test_of_the_options_of_each_command(self, shell):
        for command in self.commands():
            self.assertEqual(self.offered(shell, *command.split(), "--"), self.options(command), command)

    @each(SHELLS)
    def test_of_options_before_the_command(self, shell):
        self.assertEqual(self.offered(shell, "--"), self.options(""))
        self.assertIn("totp", self.offered(shell, "--server", "enroll", "-q", "enroll", ""))
        self.assertNotIn("totp", self.offered(shell, "--server", "enroll", ""))

    @each(SHELLS)
    def test_of_arguments(self, shell):
        self.assertEqual(self.offered(shell, "--role", ""), {"mailbox", "domain-admin", "admin"})
        self.assertEqual(self.offered(shell, "code", "--algorithm", ""), {"SHA1", "SHA256", "SHA512"})
        self.assertEqual(self.offered(shell, "verify", "key", "--user-verification", ""),
                         {"required", "preferred", "discouraged"})
        for command in ("assertion", "registration"):
            self.assertEqual(self.offered(shell, "verify", command, "--user-verification", ""),
                             {"required", "preferred"})
        self.assertEqual(self.offered(shell, "app-password", "add", "--protocols", ""),
                         {"imap", "smtp", "dav", "eas", "pop3", "sieve"})
        self.assertEqual(self.offered(shell, "--account", ""), set())

    @each(SHELLS)
    def test_behind_addresses_and_equals_signs(self, shell):
        """At both bash begins another word."""
        before = ["--server", "https://mail.example.test:8443", "--resolve=a.test:1:127.0.0.1"]
        self.assertIn("totp", self.offered(shell, *before, "enroll", ""))
        self.assertIn("--label", self.offered(shell, *before, "enroll", "totp", "--"))
        found = self.offered(shell, *before, "list", "--role=d")
        self.assertIn(f"{'--role=' if shell == 'fish' else ''}domain-admin", found)
        self.assertNotIn("totp", self.offered(shell, "--account=enroll", "--role", ""))

    @each(SHELLS)
    def test_of_files(self, shell):
        self.file("made up.txt", "")
        found = self.offered(shell, "--password-file", "")
        if shell == "zsh":
            self.assertEqual(found, {"FILES"})
        else:
            self.assertTrue({name for name in found if name.startswith("made")}, found)

    @each(SHELLS)
    def test_of_commands(self, shell):
        found = self.offered(shell, "--password-command", "prin")
        self.assertTrue(found & {"printf", "COMMANDS"}, found)

    def test_refuses_another_shell(self):
        outcome = self.cowkey(None, "--print-completion", "tcsh", connect=False, status=2)
        self.assertIn("bash, zsh or fish", outcome.stderr)
