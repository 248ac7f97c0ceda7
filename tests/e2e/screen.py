"""What a person sees, and what a phone reads from it: a real terminal on a screen of its own.

Xvfb has the screen and xterm the terminal; ImageMagick takes the photograph and zbarimg reads it.
"""

import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PATIENCE_S = 20
WIDTH, HEIGHT = 1500, 1300
THEMES = {"dark": ("black", "gray90"), "light": ("white", "black"),
          "solarized": ("#002b36", "#839496")}

# What xterm runs: show the bytes, ask the terminal where the cursor is (its answer means that it
# has come to the end of them), say so, and stay.
_SHOW = r"""
stty raw -echo
cat "$0"
printf '\033[6n'
head -c 4 > /dev/null
: > "$0.shown"
exec cat > /dev/null
"""


def needs(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise unittest.SkipTest(f"needs {', '.join(missing)}")


def read_qr(picture):
    """The text of the one QR code in a picture file, or None."""
    done = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture],
                          capture_output=True, text=True, timeout=PATIENCE_S)
    return done.stdout.strip() if done.returncode == 0 else None


def draw_svg(picture, background, place):
    """The SVG as a PNG, on a page with this background; ten dots a unit."""
    drawn = Path(place) / "drawn.png"
    subprocess.run(["rsvg-convert", "--zoom=10", f"--background-color={background}",
                    f"--output={drawn}", picture], check=True, timeout=PATIENCE_S)
    return drawn


class Screen:
    """A display that no monitor shows; use it in a with statement."""

    def __enter__(self):
        needs("Xvfb", "xterm", "import", "zbarimg")
        reading, writing = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24",
             "-nolisten", "tcp"], pass_fds=[writing], stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise AssertionError("Xvfb did not start")
        self.display = f":{number}"
        return self

    def __exit__(self, *_):
        self._server.terminate()
        self._server.wait()

    def scan(self, transcript, theme, *, utf8=True, columns=140, rows=90):
        """Shows what a program wrote to its terminal, and reads the QR code off the screen."""
        background, foreground = THEMES[theme]
        with tempfile.TemporaryDirectory(prefix="cowkey-screen-") as place:
            shown = Path(place) / "transcript"
            shown.write_text(transcript, encoding="utf-8", newline="")
            terminal = subprocess.Popen(
                ["xterm", "-display", self.display, "-bg", background, "-fg", foreground,
                 "-fa", "DejaVu Sans Mono", "-fs", "6", "-geometry", f"{columns}x{rows}+0+0",
                 "-u8" if utf8 else "+u8", "-e", "sh", "-c", _SHOW, shown],
                env=os.environ | {"LC_ALL": "C.UTF-8" if utf8 else "C"},
                stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                return self._photograph(shown, terminal)
            finally:
                terminal.terminate()
                terminal.wait()

    def _photograph(self, shown, terminal):
        deadline = time.monotonic() + PATIENCE_S
        done = shown.with_name("transcript.shown")
        picture = shown.with_name("screen.png")
        while not done.exists():
            if time.monotonic() > deadline or terminal.poll() is not None:
                raise AssertionError("xterm did not come to the end of the text")
            time.sleep(0.02)
        attempts = 5  # the last strokes may still be on their way to the screen
        for _ in range(attempts):
            subprocess.run(["import", "-display", self.display, "-window", "root", picture],
                           check=True, timeout=PATIENCE_S)
            text = read_qr(picture)
            if text is not None:
                return text
        return None
