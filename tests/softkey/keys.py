"""Software keys for tests in Python: starts and changes them, reads their log, attaches programs.

    with Key(directory, {"pin": "1234"}) as key:
        subprocess.run(["fido2-token", "-L"], env=attached(key))
        key.ctl(touch="never")
        key.last("makeCredential")["rk"]

The programs are taken from $SOFTKEY_BUILD, the directory where they were built; without it, they
are built here, into a directory that goes with this process.
"""

import atexit
import ctypes.util
import glob
import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
_built = None


def _compile(directory):
    def flags(*libraries):
        out = subprocess.run(["pkg-config", "--cflags", "--libs", *libraries], check=True,
                             capture_output=True, text=True).stdout
        return out.split()

    cc = [os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g"]
    apart = {os.path.join(HERE, name) for name in ("shim.c", "umockdev.c")}
    sources = sorted(set(glob.glob(os.path.join(HERE, "*.c"))) - apart)
    jobs = [[*cc, "-o", directory + "/softkey", *sources,
             *flags("jansson", "libcbor", "libcrypto")],
            [*cc, "-shared", "-fPIC", "-o", directory + "/libsoftkey-shim.so", HERE + "/shim.c",
             *flags("libfido2")]]
    if subprocess.run(["pkg-config", "--exists", "umockdev-1.0"], check=False).returncode == 0:
        jobs.append([*cc, "-o", directory + "/umockdev-run", HERE + "/umockdev.c",
                     *flags("umockdev-1.0")])
    for process in [subprocess.Popen(job) for job in jobs]:
        if process.wait() != 0:
            sys.exit("the software key could not be built")


def program(name):
    """The path of softkey, libsoftkey-shim.so or umockdev-run."""
    global _built
    if _built is None:
        _built = os.environ.get("SOFTKEY_BUILD")
    if not _built:
        _built = tempfile.mkdtemp(prefix="softkey-")
        atexit.register(shutil.rmtree, _built)
        _compile(_built)
    return os.path.join(os.path.abspath(_built), name)


def has_umockdev():
    return os.path.exists(program("umockdev-run")) and \
        ctypes.util.find_library("umockdev-preload") is not None


class Key:
    """A running key. What it keeps without power stays in the directory, under its name."""

    def __init__(self, directory, script=None, name="key"):
        self.path = os.path.join(directory, name)
        self.state_path = self.path + ".json"
        self.log_path = self.path + ".log"
        self.process = subprocess.Popen(
            [program("softkey"), "--until-eof", "--state", self.state_path, "--log", self.log_path,
             "--script", json.dumps(script or {}), self.path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("the software key does not start")

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait(10) not in (0, -signal.SIGTERM):
            raise RuntimeError("the software key ended with %d" % self.process.returncode)

    def ctl(self, **script):
        """Applies a script; returns {"error", "settings", "state"}."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
            control.connect(self.path + ".ctl")
            control.send(json.dumps(script).encode())
            answer = json.loads(control.recv(65536))
        if answer["error"] is not None:
            raise ValueError(answer["error"])
        return answer

    def state(self):
        return self.ctl()["state"]

    def wait_until(self, name, value=True, seconds=5):
        """Waits for a part of the state, such as "waiting" for a touch."""
        end = time.monotonic() + seconds
        while self.state()[name] != value:
            if time.monotonic() > end:
                raise TimeoutError("%s did not become %r" % (name, value))
            time.sleep(0.005)

    def log(self, command=None):
        """The log's lines, of one command if wanted."""
        if not os.path.exists(self.log_path):
            return []
        with open(self.log_path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [line for line in lines if command in (None, line["command"])]

    def last(self, command):
        return self.log(command)[-1]

    def stored(self):
        """What the key keeps without power."""
        with open(self.state_path, encoding="utf-8") as file:
            return json.load(file)


def asan_of(path):
    """The sanitizer's library has to be preloaded before others, if a program has it."""
    out = subprocess.run(["ldd", path], check=False, capture_output=True, text=True).stdout
    return [line.split()[2] for line in out.splitlines() if "libasan" in line]


def attached(*keys, to=None):
    """The environment in which programs see these keys as /dev/softkey0 and so on."""
    preload = (asan_of(to) if to else []) + [program("libsoftkey-shim.so")]
    return {**os.environ, "LD_PRELOAD": ":".join(preload),
            "SOFTKEYS": ":".join(key.path for key in keys)}


class Result:
    def __init__(self, status, output, seconds):
        self.status = status
        self.output = output
        self.seconds = seconds


def run_on_terminal(arguments, answers=(), env=None, seconds=20):
    """Runs a program on a terminal of its own, and answers each prompt (which ends with ": ")."""
    start = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(arguments[0], arguments, env or os.environ)
    output, seen, answers = b"", 0, list(answers)
    while True:
        left = start + seconds - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(fd)
            raise TimeoutError("%s: %s" % (" ".join(arguments), output.decode()))
        try:
            chunk = os.read(fd, 4096)
        except OSError:  # the terminal was hung up
            chunk = b""
        if not chunk:
            break
        output += chunk
        if output[seen:].endswith(b": ") and answers:
            seen = len(output)
            os.write(fd, answers.pop(0).encode() + b"\n")
    os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return Result(status, output.decode(), time.monotonic() - start)
