"""Pages as paper: printed to PDF by a browser that reaches nothing, and looked at."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import screen

PATIENCE_S = 120
A4_POINTS = (595, 842)


def _browser(*words, home):
    """A headless Chromium without a network, which leaves nothing outside of home."""
    line = ["chromium", "--headless", "--disable-gpu", "--no-first-run", "--disable-sync",
            "--disable-extensions", "--disable-component-update", "--disable-background-networking",
            "--disable-breakpad", f"--user-data-dir={home}", "--proxy-server=http://127.0.0.1:9",
            "--host-resolver-rules=MAP * ~NOTFOUND", *words]
    if os.geteuid() == 0:
        line.insert(1, "--no-sandbox")
    subprocess.run(line, check=True, timeout=PATIENCE_S, capture_output=True,
                   env={"PATH": os.environ["PATH"], "HOME": str(home)})


def print_page(page, place):
    """The PDF of a page."""
    screen.needs("chromium")
    home, paper = Path(place) / "browser", Path(place) / (page.stem + ".pdf")
    _browser("--no-pdf-header-footer", f"--print-to-pdf={paper}", page.resolve().as_uri(), home=home)
    shutil.rmtree(home, ignore_errors=True)
    return paper


def look(paper):
    """How many pages it has, and of what size in points."""
    screen.needs("pdfinfo")
    about = subprocess.run(["pdfinfo", paper], check=True, capture_output=True, text=True).stdout
    size = re.search(r"Page size: +([\d.]+) x ([\d.]+)", about)
    return int(re.search(r"Pages: +(\d+)", about)[1]), tuple(round(float(x)) for x in size.groups())


def words_of(paper):
    screen.needs("pdftotext")
    return subprocess.run(["pdftotext", "-layout", paper, "-"], check=True, capture_output=True,
                          text=True).stdout


def scan(paper, place, dpi=200):
    """The QR codes on it, by a scanner of so many dots an inch."""
    screen.needs("pdftoppm", "zbarimg")
    picture = Path(place) / "scan"
    subprocess.run(["pdftoppm", "-r", str(dpi), "-gray", paper, picture], check=True,
                   timeout=PATIENCE_S)
    found = []
    for page in sorted(Path(place).glob("scan*.pgm")):
        done = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", page],
                              capture_output=True, text=True, timeout=PATIENCE_S)
        found += done.stdout.split()
        page.unlink()
    return found
