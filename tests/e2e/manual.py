"""The manual pages as their sources say it: which commands a page explains, options, examples."""

import re
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parents[2] / "man"
OPTION = r"--[a-z][a-z-]*[a-z]|-[a-zA-Z]"


class Page:
    def __init__(self, path):
        self.name = path.name.removesuffix(".1.scd")
        self.text = path.read_text(encoding="utf-8")
        parts = re.split(r"^# (.+)$", self.text, flags=re.MULTILINE)
        self.sections = dict(zip(parts[1::2], parts[2::2]))

    @property
    def names(self):
        """Those before the dash in NAME."""
        return [name.strip() for name in self.sections["NAME"].partition(" - ")[0].split(",")]

    def options(self, section):
        """The options that a section explains, with their short forms."""
        heads = [line for line in self.sections[section].splitlines() if re.match(r"\*--?[a-zA-Z]", line)]
        return {option for line in heads for option in re.findall(rf"\*({OPTION})\*", line)}

    def options_of(self, command):
        """Those of OPTIONS, and of each OPTIONS OF whose title has all words of the command."""
        words = set(command.upper().split())
        fitting = [title for title in self.sections if title == "OPTIONS" or title.startswith("OPTIONS OF ")
                   and words <= set(re.findall(r"[A-Z-]+", title))]
        return set().union(*map(self.options, fitting))

    def examples(self):
        """Each with backslashes as the page shows them."""
        blocks = re.findall(r"(?s)^```\n(.*?)^```$", self.sections["EXAMPLES"], flags=re.MULTILINE)
        return [block.replace("\\\\", "\\") for block in blocks]


def pages():
    return [Page(path) for path in sorted(DIRECTORY.glob("*.1.scd"))]


def page_of(command):
    """The page that explains a command; None where none does."""
    name = "cowkey-" + command.replace(" ", "-")
    return next((page for page in pages() if name in page.names), None)


OVERVIEW = Page(DIRECTORY / "cowkey.1.scd")
