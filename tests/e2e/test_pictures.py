"""QR codes, read back from where a person would scan them."""

import re
import stat
import subprocess

import otp
import screen
from case import CODE, Case, each


class PictureCase(Case):
    def begin(self, *words, **how):
        """An enrollment up to the question for the code, and what the terminal shows by then."""
        person = self.enroll_by_hand(self.da1, *words, **how)
        person.expect(CODE)
        return person

    def end(self, person, uri):
        """With the picture alone the enrollment can be finished."""
        self.assertEqual(uri, self.out.read_text().strip(), "the picture holds something else")
        person.answer(otp.Phone(uri).code())
        self.assertEqual(self.finish(person, 0).document["result"], "enrolled")


class OnTheTerminal(PictureCase):
    @each({f"{theme}-{style}": (theme, style) for theme in screen.THEMES
           for style in ("terminal", "ascii")})
    def test_is_scanned(self, theme, style):
        person = self.begin("--qr", style)
        with screen.Screen() as display:
            uri = display.scan(person.shown, theme)
        self.assertIsNotNone(uri, "no phone could read it")
        self.end(person, uri)

    @each(["dark", "light"])
    def test_is_scanned_in_the_C_locale(self, theme):
        """Where the locale is not UTF-8 the picture is ASCII, unasked."""
        person = self.begin(environ={"LC_ALL": "C"})
        self.assertTrue(person.shown.isascii())
        with screen.Screen() as display:
            uri = display.scan(person.shown, theme, utf8=False)
        self.end(person, uri)

    def test_is_there_by_default(self):
        person = self.begin()
        self.assertIn("\u2580", person.shown)
        with screen.Screen() as display:
            self.end(person, display.scan(person.shown, "dark"))

    def test_needs_no_colours(self):
        """ASCII art that lost its colours: two characters a module, # is black."""
        screen.needs("zbarimg")
        person = self.begin("--qr", "ascii")
        plain = re.sub("\x1b\\[[0-9;]*m", "", person.shown).splitlines()
        rows = [line for line in plain if re.fullmatch("[# ]{50,}", line.rstrip("\r"))]
        size = max(len(row) for row in rows) // 2
        dots = [[row.ljust(2 * size)[2 * x] == "#" for x in range(size)] for row in rows]
        self.assertEqual(len(dots), size, "not a square")
        for margin in (dots[:4], dots[-4:], [row[:4] for row in dots], [row[-4:] for row in dots]):
            self.assertFalse(any(map(any, margin)), "the quiet zone is not four modules wide")
        self.end(person, self.read_dots(dots))

    def read_dots(self, dots, scale=8):
        rows = []
        for row in dots:
            rows += [b"".join((b"\0" if dot else b"\xff") * scale for dot in row)] * scale
        picture = self.place / "dots.pgm"
        picture.write_bytes(b"P5 %d %d 255\n" % (len(rows[0]), len(rows)) + b"".join(rows))
        return screen.read_qr(picture)

    def test_stands_on_standard_error(self):
        person = self.begin("--qr", "terminal")
        person.answer(self.phone().code())
        self.assertNotIn("\u2580", self.finish(person, 0).stdout)

    def test_that_does_not_fit_is_not_drawn(self):
        person = self.enroll_by_hand(self.da1, columns=40)
        outcome = self.finish(person)
        self.assert_failed(outcome, 2, hints="--qr|widen")
        self.assertFalse(self.out.exists())

    def test_is_not_drawn_where_there_is_no_terminal(self):
        self.assertNotIn("\u2580", self.enroll(self.da1).stderr)

    def test_none(self):
        person = self.begin("--qr", "none")
        self.assertNotIn("\u2580", person.shown)
        person.answer(self.phone().code())
        self.finish(person, 0)


class InAFile(PictureCase):
    def picture(self, kind):
        path = self.place / f"picture.{kind}"
        person = self.begin("--qr", f"{kind}:{path}")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        return person, path

    def test_png_is_scanned(self):
        screen.needs("zbarimg")
        person, path = self.picture("png")
        self.end(person, screen.read_qr(path))

    @each(["white", "black"])
    def test_svg_is_scanned(self, background):
        screen.needs("zbarimg", "rsvg-convert")
        person, path = self.picture("svg")
        self.end(person, screen.read_qr(screen.draw_svg(path, background, self.place)))

    @each(["png", "svg"])
    def test_has_a_quiet_zone(self, kind):
        """Four modules of white on all sides (ISO/IEC 18004)."""
        screen.needs("convert", "rsvg-convert")
        person, path = self.picture(kind)
        if kind == "svg":
            path = screen.draw_svg(path, "white", self.place)
        width, height, box = subprocess.run(
            ["convert", path, "-format", "%w %h %@", "info:"], check=True, capture_output=True,
            text=True).stdout.split()
        black, _, left, top = map(int, re.split("[x+]", box))
        self.assertEqual((width, left), (height, top))
        self.assertEqual(int(width), black + 2 * left)
        modules = 4 * black / left  # a code has 21, 25, 29 ... of them
        self.assertAlmostEqual(modules, 21 + 4 * round((modules - 21) / 4), delta=0.1)
        self.end(person, self.out.read_text().strip())

    @each(["png", "svg"])
    def test_unattended(self, kind):
        screen.needs("zbarimg", "rsvg-convert")
        path = self.place / f"picture.{kind}"
        self.enroll(self.da1, "--qr", f"{kind}:{path}")
        if kind == "svg":
            path = screen.draw_svg(path, "white", self.place)
        self.assertEqual(screen.read_qr(path), self.out.read_text().strip())

    @each({"long names": ["--issuer", "Ein recht langer Name einer Firma mit ü und 漢字 " * 4]})
    def test_png_of(self, words):
        screen.needs("zbarimg")
        path = self.place / "picture.png"
        self.enroll(self.da1, "--qr", f"png:{path}", *words)
        self.assertEqual(screen.read_qr(path), self.out.read_text().strip())
