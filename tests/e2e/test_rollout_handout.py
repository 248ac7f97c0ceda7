"""rollout handout: what is printed is what was enrolled, and nobody else reads it."""

import datetime
import html
import json
import re
import shutil
import sqlite3
import stat
import subprocess
import time
from pathlib import Path

import paper
import preload
from admin_case import AdminCase
from case import each
from ledger import ORIGIN, maker_of

HEAD = "account,role,method,label,route,password_ref"
SECRET = "MADEUPSECRETMADEUPSECRETMADEUPAA"
GROUPS = "MADE UPSE CRET MADE UPSE CRET MADE UPAA"
PASSWORD = "Made-Up<New>&Password"
APP_PASSWORD = "made-up-app-password"
PINS = ("82736455", "19283746")
AAGUID = "2fc0579f-8113-47ea-b116-bb5a8db9202a"
ANNA = "änna.müller-lüdenscheidt@bücher.example.test"
# What would be markup, or another command, or another directory.
HOSTILE = "../<script>alert(1)</script>&amp;'\"$(id)" + "x" * 120 + "@example.test"
KEYS = {"rsa": ["-newkey", "rsa:2048"],
        "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def uri_of(account, secret=SECRET):
    name = "".join(c if c.isalnum() and c.isascii() else "".join(f"%{b:02X}" for b in c.encode())
                   for c in account)
    return f"otpauth://totp/mail.example.test:{name}?secret={secret}&issuer=mail.example.test"


def expired_certificate():
    """OpenSSL's commands of this release make none."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    begin = datetime.datetime(2020, 1, 1)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
                   .public_key(key.public_key()).serial_number(1).not_valid_before(begin)
                   .not_valid_after(begin + datetime.timedelta(days=1)).sign(key, hashes.SHA256()))
    return certificate.public_bytes(serialization.Encoding.PEM)


class HandoutCase(AdminCase):
    def setUp(self):
        super().setUp()
        self.secrets.add(SECRET)
        self.secret_texts |= {GROUPS, PASSWORD, APP_PASSWORD, *PINS}
        self.lines = []
        self.rows = []
        self.ledger = self.place / "roll.out"
        self.handouts = self.place / "roll.out.handouts"

    # -- a roll-out ----------------------------------------------------------------

    def happens(self, **line):
        self.lines.append(line)

    def row(self, account, method, label="", role="", route="log-in-as"):
        self.rows.append(",".join([quoted(account), role, method, quoted(label), route,
                                   "secret:x" if route == "log-in-as" and method != "passkey" else ""]))

    def enrolled(self, item, label, *last):
        for event in ("prepare", "submit", *(last or ("list", "accept"))):
            self.happens(step=event, item=item, label=label)

    def pends(self, kind, number, secret, n=0):
        self.happens(pending=kind, id=number, n=n, secret=secret)

    def play(self, policy=""):
        """Makes the ledger of what happened, just now."""
        plan, rules = self.file("plan.csv", "\n".join([HEAD, *self.rows, ""])), self.file("policy", policy)
        lines = [{"now": int(time.time())}, *self.lines]
        done = subprocess.run([maker_of(self.binary), self.ledger, plan, rules, ORIGIN, self.handouts],
                              input="".join(json.dumps(line) + "\n" for line in lines),
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def anna(self):
        """She has all that there is: an app, two keys for both uses, and passwords."""
        for method, label in ("totp", "Telefon"), ("webauthn", "Schlüssel {n}"), ("passkey", "Pass {n}"):
            self.row(ANNA, method, label, route="reset-password")
        self.pends("password", 1, PASSWORD)
        for state in "handed-out", "in-force", "to-change":
            self.happens(password=state, person=1)
        self.pends("app-password", 1, APP_PASSWORD)
        self.happens(app_password=7, person=1)
        self.pends("totp", 1, uri_of(ANNA))
        self.enrolled(1, "Telefon")
        for n in 1, 2:
            self.enrolled(1 + n, f"Schlüssel {n}")
            self.enrolled(3 + n, f"Pass {n}")
            self.happens(key=AAGUID, person=1, n=n, serial=f"471{n}", pin="to-change")
            self.pends("pin", 1, PINS[n - 1], n)

    def bob(self):
        """After anna: an app alone, in a mailbox."""
        self.row("bob@example.test", "totp", "app")
        self.pends("totp", 6, uri_of("bob@example.test", SECRET[::-1]))
        self.secrets.add(SECRET[::-1])
        self.enrolled(6, "app")

    def handout(self, *words, status=0, **how):
        return self.cowkey(None, "rollout", "handout", "--ledger", self.ledger, *words, connect=False,
                           status=status, **how)

    def handout_json(self, *words, **how):
        return self.handout("--json", *words, **how).document

    def results(self, document):
        return {person["account"]: person["result"] for person in document["people"]}

    def page(self, document, account, which=0):
        person, = (person for person in document["people"] if person["account"] == account)
        return self.handouts / person["files"][which]

    def pending(self):
        return sorted(path.name for path in (self.handouts / "pending").iterdir())

    def dates(self, column):
        """Of the sheets, in the ledger."""
        with sqlite3.connect(self.ledger) as database:
            return [row[0] for row in database.execute(f"SELECT {column} FROM sheet")]

    def recipient(self, kind="ec", *words, days=2):
        key, certificate = self.place / f"{kind}.key", self.place / f"{kind}.pem"
        subprocess.run(["openssl", "req", "-x509", *KEYS[kind], "-nodes", "-keyout", key, "-out",
                        certificate, "-subj", "/CN=print", "-days", str(days), *words],
                       check=True, capture_output=True)
        return key, certificate

    def unseal(self, sealed, key, status=0):
        page = self.place / "unsealed.html"
        done = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-in", sealed, "-inkey", key,
                               "-out", page], capture_output=True, text=True)
        self.assertEqual(done.returncode == 0, status == 0, done.stderr)
        return page


class OnPaper(HandoutCase):
    def print(self, page):
        return paper.print_page(page, self.place)

    def test_the_code_is_scanned(self):
        self.anna()
        self.play()
        sheet = self.print(self.page(self.handout_json(), ANNA))
        self.assertEqual(paper.scan(sheet, self.place), [uri_of(ANNA)])

    def test_a_worn_printer_will_do(self):
        self.anna()
        self.play()
        sheet = self.print(self.page(self.handout_json(), ANNA))
        self.assertEqual(paper.scan(sheet, self.place, dpi=100), [uri_of(ANNA)])

    def test_all_fits_on_one_page(self):
        self.anna()
        self.play()
        sheet = self.print(self.page(self.handout_json(), ANNA))
        self.assertEqual(paper.look(sheet), (1, paper.A4_POINTS))
        words = paper.words_of(sheet)
        for part in (ANNA, ORIGIN + "/", GROUPS, PASSWORD, APP_PASSWORD, "Telefon", "Schlüssel 1",
                     "Schlüssel 2", "Pass 1", "Pass 2", "4711", "4712", "primary", "backup", "IMAP"):
            self.assertIn(part, words)
        for pin in PINS:
            self.assertNotIn(pin, words)

    def test_letters(self):
        self.anna()
        self.play()
        document = self.handout_json()
        for n in 1, 2:
            page = self.page(document, ANNA, which=n)
            self.assertEqual(page.parent.name, "letters")
            letter = self.print(page)
            self.assertEqual(paper.look(letter), (1, paper.A4_POINTS))
            words = paper.words_of(letter)
            for part in (PINS[n - 1], f"471{n}", f"Schlüssel {n}", "Change it before you use the key"):
                self.assertIn(part, words)
            for part in (PINS[2 - n], GROUPS, PASSWORD, APP_PASSWORD, f"Schlüssel {3 - n}"):
                self.assertNotIn(part, words)

    def test_hostile_names(self):
        label = "<img src=x onerror=alert(1)>" + "m" * 180
        self.row(HOSTILE, "totp", label)
        self.pends("totp", 1, uri_of("x"))
        self.enrolled(1, label)
        self.play()
        page = self.page(self.handout_json(), HOSTILE)
        self.assertEqual(page.parent, self.handouts / "sheets")
        self.assertRegex(page.name, r"^000001-[A-Za-z0-9@.+_-]{1,100}\.html$")
        self.assertNotRegex(page.read_text(), "<(script|img)")
        sheet = self.print(page)
        self.assertEqual(paper.look(sheet), (1, paper.A4_POINTS))
        flat = re.sub(r"\s", "", paper.words_of(sheet))
        self.assertIn(re.sub(r"\s", "", HOSTILE), flat)
        self.assertIn(re.sub(r"\s", "", label), flat)
        self.assertEqual(paper.scan(sheet, self.place), [uri_of("x")])

    def test_many_apps_take_more_pages(self):
        """No code is torn apart."""
        for i in range(1, 6):
            self.row("bob@example.test", "totp", f"app {i}")
            self.pends("totp", i, uri_of(f"bob{i}"))
            self.enrolled(i, f"app {i}")
        self.play()
        sheet = self.print(self.page(self.handout_json(), "bob@example.test"))
        self.assertGreater(paper.look(sheet)[0], 1)
        self.assertEqual(sorted(paper.scan(sheet, self.place)), [uri_of(f"bob{i}") for i in range(1, 6)])

    def test_it_needs_nothing_from_outside(self):
        self.anna()
        self.play()
        text = self.page(self.handout_json(), ANNA).read_text()
        links = re.findall(r"""(?:\b(?:href|src|action|data)\s*=|url\(|@import)\s*["']?([^"'\s>)]+)""", text)
        self.assertEqual(links, [ORIGIN + "/"])
        self.assertIn("default-src 'none'", text)
        self.assertNotIn("<script", text)


class Files(HandoutCase):
    def test_nobody_else_reads_them(self):
        self.anna()
        self.play()
        self.handout()
        entries = [self.handouts, *self.handouts.rglob("*")]
        self.assertEqual(len([entry for entry in entries if entry.suffix == ".html"]), 3)
        for entry in entries:
            mode = stat.S_IMODE(entry.stat().st_mode)
            self.assertEqual(mode, 0o700 if entry.is_dir() else 0o600, entry)

    def test_the_result_names_them(self):
        self.anna()
        self.bob()
        self.play()
        outcome = self.handout()
        for line in outcome.stdout.splitlines():
            self.assertTrue(Path(line).exists(), line)
        self.assertEqual(len(outcome.stdout.splitlines()), 4)
        self.assertIn("4 files for 2 people", outcome.stderr)

    def test_some_people(self):
        self.anna()
        self.bob()
        self.play()
        document = self.handout_json("BOB@example.test")
        self.assertEqual(self.results(document), {"bob@example.test": "made"})
        self.assertEqual([path.name for path in (self.handouts / "sheets").iterdir()],
                         ["000002-bob@example.test.html"])

    def test_somebody_who_is_not_in_the_plan(self):
        self.anna()
        self.play()
        self.assert_failed(self.handout("--json", "carol@example.test", status=2), 2, "no account", "status")
        self.assertFalse((self.handouts / "sheets").exists())

    @each({"failed": (["prepare", "submit", "fail"], "nothing"),
           "only prepared": (["prepare"], "nothing"),
           "skipped": (["skip"], "nothing"),
           "taken back": (["prepare", "submit", "list", "accept", "undo"], "nothing"),
           "recorded": (["prepare", "submit", "list"], "made"),
           "unknown": (["prepare", "submit", "lose"], "made")})
    def test_an_app_that_is(self, events, result):
        self.row("bob@example.test", "totp", "app")
        self.pends("totp", 1, uri_of("bob"))
        for event in events:
            self.happens(step=event, item=1, label="app")
        self.play()
        document = self.handout_json(status=0 if result == "made" else 1)
        self.assertEqual(self.results(document), {"bob@example.test": result})
        doubtful = events[-1] == "lose"
        self.assertEqual(document["people"][0]["doubtful"], doubtful)
        if result == "made":
            text = self.page(document, "bob@example.test").read_text()
            self.assertIn(GROUPS, text)
            self.assertEqual("not certain" in text, doubtful)
        self.assertEqual(self.pending(), ["totp-000001"])

    def test_who_has_nothing_yet_is_said(self):
        self.anna()
        self.row("carol@example.test", "totp", "app")
        self.play()
        outcome = self.handout()
        self.assertRegex(outcome.stderr, r"Nothing yet:\n  carol@example\.test")
        self.assertNotIn("carol", outcome.stdout)

    def test_once_more(self):
        """While the secrets are pending the same sheet is made again."""
        self.bob_alone()
        before = self.page(self.handout_json(), "bob@example.test")
        before.write_text("spoilt")
        after = self.page(self.handout_json(), "bob@example.test")
        self.assertEqual(before, after)
        self.assertIn(GROUPS, after.read_text())

    def bob_alone(self):
        self.row("bob@example.test", "totp", "app")
        self.pends("totp", 1, uri_of("bob"))
        self.enrolled(1, "app")
        self.play()

    @each(["missing", "another", "open to others", "no directory"])
    def test_a_directory_that_is(self, how):
        self.bob_alone()
        path = self.place / "elsewhere"
        says = "there is no directory"
        if how == "no directory":
            path.write_text("")
            says = "no directory"
        elif how != "missing":
            path.mkdir(mode=0o700)
            says = "not among the hand-outs"
        if how == "open to others":
            path.chmod(0o750)
            says = "others may enter"
        self.assert_failed(self.handout("--json", "--handouts", path, status=2), 2, says, ".")
        self.assertFalse((path / "sheets").exists())
        self.assertEqual(how == "missing", not path.exists())

    def test_a_ledger_that_is_missing(self):
        outcome = self.handout("--json", status=None)
        self.assertIn(outcome.status, (2, 3))
        self.assertFalse(self.ledger.exists() or self.handouts.exists())

    def test_without_a_ledger(self):
        outcome = self.cowkey(None, "--json", "rollout", "handout", connect=False, status=2)
        self.assert_failed(outcome, 2, "no ledger", "--ledger")

    def test_a_sheet_that_cannot_be_written(self):
        """What was made before stays and is told; what is open has its secrets where they were."""
        self.anna()
        self.bob()
        self.play()
        in_the_way = self.handouts / "sheets" / "000002-bob@example.test.html"
        in_the_way.mkdir(parents=True)
        in_the_way.parent.chmod(0o700)
        document = self.handout_json(status=3)
        self.assertEqual(self.results(document), {ANNA: "made", "bob@example.test": "open"})
        self.assertIn("could not be written", document["error"]["error"])
        self.assertEqual(len(self.pending()), 6)
        self.assert_failed(self.handout("--json", "bob@example.test", status=3), 3, "could not be written", "")
        in_the_way.rmdir()
        self.assertEqual(self.results(self.handout_json("bob@example.test")), {"bob@example.test": "made"})


class Sealed(HandoutCase):
    @each(list(KEYS))
    def test_opens_with_plain_openssl(self, kind):
        self.anna()
        self.play()
        key, certificate = self.recipient(kind)
        document = self.handout_json("--seal-to", certificate)
        self.assertTrue(document["sealed"])
        self.assertEqual(len(document["people"][0]["files"]), 3)
        sealed = self.page(document, ANNA)
        self.assertEqual(stat.S_IMODE(sealed.stat().st_mode), 0o600)
        for part in (SECRET, GROUPS, PASSWORD, APP_PASSWORD, ANNA):
            self.assertNotIn(part.encode(), sealed.read_bytes())
        page = self.unseal(sealed, key)
        self.assertEqual(paper.scan(paper.print_page(page, self.place), self.place), [uri_of(ANNA)])
        letter = self.unseal(self.page(document, ANNA, which=1), key)
        self.assertIn(PINS[0], letter.read_text())
        self.assertEqual(self.pending(), [], "what is sealed was left in the clear")

    def test_another_key_refuses(self):
        self.anna()
        self.play()
        _, certificate = self.recipient("ec")
        other, _ = self.recipient("rsa")
        stranger = self.place / "stranger.key"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", stranger],
                       check=True, capture_output=True)
        sealed = self.page(self.handout_json("--seal-to", certificate), ANNA)
        self.unseal(sealed, stranger, status=4)
        self.unseal(sealed, other, status=4)

    def test_a_changed_file_refuses(self):
        self.anna()
        self.play()
        key, certificate = self.recipient("rsa")
        sealed = self.page(self.handout_json("--seal-to", certificate), ANNA)
        data = bytearray(sealed.read_bytes())
        data[-2000] ^= 1
        sealed.write_bytes(data)
        self.unseal(sealed, key, status=4)

    def test_not_before_the_run_is_done(self):
        self.anna()
        self.row(ANNA, "totp", "second", route="reset-password")
        self.play()
        _, certificate = self.recipient()
        document = self.handout_json("--seal-to", certificate, status=1)
        self.assertEqual(self.results(document), {ANNA: "early"})
        self.assertEqual(len(self.pending()), 5)
        outcome = self.handout("--seal-to", certificate, status=1)
        self.assertRegex(outcome.stderr, "(?s)Not sealed yet.*" + re.escape(ANNA))

    def test_twice(self):
        """The second time there is nothing left to seal, and the first file stays."""
        self.anna()
        self.play()
        _, certificate = self.recipient()
        first = self.page(self.handout_json("--seal-to", certificate), ANNA)
        before = first.read_bytes()
        document = self.handout_json("--seal-to", certificate)
        self.assertEqual(self.results(document), {ANNA: "before"})
        self.assertEqual(first.read_bytes(), before)

    @each({"garbage": "is none in PEM", "a private key": "private key", "both": "private key",
           "expired": "has expired", "for signatures only": "key usage", "Ed25519": "nothing can be sealed"})
    def test_a_certificate_that_is(self, says):
        self.anna()
        self.play()
        key, certificate = self.recipient("ec")
        if says == "is none in PEM":
            certificate.write_bytes(b"\x30\x82 garbage")
        elif says == "private key":
            certificate.write_bytes(certificate.read_bytes() * ("both" in self.id()) + key.read_bytes())
        elif says == "has expired":
            certificate.write_bytes(expired_certificate())
        elif says == "key usage":
            self.recipient("ec", "-addext", "keyUsage=digitalSignature")
        else:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", key, "-out",
                            certificate, "-subj", "/CN=print"], check=True, capture_output=True)
        outcome = self.handout("--json", "--seal-to", certificate, status=2)
        self.assert_failed(outcome, 2, says, ".")
        self.assertFalse((self.handouts / "sheets").exists())
        self.assertEqual(len(self.pending()), 5)


class Killed(HandoutCase):
    """Whenever it is killed, what is not sealed is pending, and the next run makes it whole."""

    def setUp(self):
        super().setUp()
        self.assertTrue(preload.path(preload.KILLER).exists(), "not built")
        self.log = self.place / "killer.log"

    def environ(self, at):
        return preload.variables(self.binary, [preload.KILLER], {
            "KILLER_AT": str(at), "KILLER_SIDE": "before", "KILLER_LOG": str(self.log)})

    def begin(self):
        """The roll-out from before, again."""
        for path in self.place.glob("roll.out*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in self.place.glob("kept.out*"):
            copy = self.place / path.name.replace("kept", "roll")
            shutil.copytree(path, copy) if path.is_dir() else shutil.copy2(path, copy)

    def acts(self, *words):
        self.anna()
        self.play()
        for path in self.place.glob("roll.out*"):
            path.rename(self.place / path.name.replace("roll", "kept"))
        self.begin()
        self.handout(*words, environ=self.environ(0))
        count = len(self.log.read_text().splitlines())
        self.assertGreater(count, 20)
        return range(1, count + 1)

    def everything(self, key=None):
        """All that is pending or on a sheet, in the clear."""
        texts = [path.read_text() for path in (self.handouts / "pending").iterdir()]
        texts += [path.read_text() for path in self.handouts.rglob("*.html")]
        texts += [self.unseal(path, key).read_text() for path in self.handouts.rglob("*.html.cms")]
        return html.unescape("\n".join(texts))

    def assert_nothing_lost(self, key=None):
        found = self.everything(key)
        for secret in (PASSWORD, APP_PASSWORD, *PINS):
            self.assertIn(secret, found)
        self.assertTrue(SECRET in found or GROUPS in found)

    def test_while_it_seals(self):
        key, certificate = self.recipient()
        for at in self.acts("--seal-to", certificate):
            self.begin()
            self.handout("--seal-to", certificate, environ=self.environ(at), status=-9)
            self.assert_nothing_lost(key)
            self.handout("--seal-to", certificate)
            self.assert_nothing_lost(key)
            self.assertEqual(self.pending(), [])
            self.assertEqual(list(self.handouts.rglob("*.new")), [])

    def test_while_it_writes(self):
        for at in self.acts():
            self.begin()
            self.handout(environ=self.environ(at), status=-9)
            self.assertEqual(len(self.pending()), 5)
            self.handout()
            self.assertEqual(len(list(self.handouts.rglob("*.html"))), 3)
            self.assertEqual(list(self.handouts.rglob("*.new")), [])


class Delete(HandoutCase):
    def setUp(self):
        super().setUp()
        self.anna()
        self.bob()
        self.play()

    def test_all(self):
        self.handout()
        before = {path.name: path for path in self.handouts.rglob("*.html")}
        self.assertEqual(len(before), 4)
        self.assertEqual(set(self.dates("deleted_s")), {None})
        outcome = self.handout("--delete", "--yes")
        self.assertEqual(outcome.stdout, "4 files removed.\n")
        for part in ("SSD", "journal", "copy on write", "backup", "printer", "spool"):
            self.assertIn(part, outcome.stderr)
        self.assertEqual(list(self.handouts.rglob("*.html")), [])
        self.assertEqual(self.pending(), [])
        self.assertTrue(all(made <= deleted for made, deleted in
                            zip(self.dates("made_s"), self.dates("deleted_s"))))
        document = self.handout_json("--delete", "--yes")
        self.assertEqual(set(self.results(document).values()), {"none"})
        document = self.handout_json()
        self.assertEqual(set(self.results(document).values()), {"before"})

    def test_of_some(self):
        self.handout()
        document = self.handout_json("--delete", "--yes", "bob@example.test")
        self.assertEqual(self.results(document), {"bob@example.test": "deleted"})
        self.assertEqual(len(list(self.handouts.rglob("*.html"))), 3)
        self.assertEqual(len(self.pending()), 5)

    def test_what_was_not_handed_out_stays(self):
        self.handout("bob@example.test")
        document = self.handout_json("--delete", "--yes")
        self.assertEqual(self.results(document), {ANNA: "none", "bob@example.test": "deleted"})
        self.assertEqual([person["pending"] for person in document["people"]], [True, False])
        self.assertEqual(len(self.pending()), 5)
        outcome = self.handout("--delete", "--yes")
        self.assertRegex(outcome.stderr, "(?s)Not all of these.*" + re.escape(ANNA))

    def test_is_asked_for(self):
        self.handout()
        person = self.sit_down(None, "rollout", "handout", "--ledger", self.ledger, "--delete", connect=False)
        person.expect(r"Remove them\? \[y/N\] $")
        self.assertRegex(person.shown, r"2 sheets and 2 letters")
        person.answer("n")
        self.finish(person, 3)
        self.assertEqual(len(list(self.handouts.rglob("*.html"))), 4)
        self.assertEqual(len(self.pending()), 6)

    def test_without_a_terminal(self):
        self.handout()
        self.assert_failed(self.handout("--json", "--delete", status=2), 2, "no terminal", "--yes")
        self.assertEqual(len(list(self.handouts.rglob("*.html"))), 4)

    def test_of_sealed_ones(self):
        key, certificate = self.recipient()
        self.handout("--seal-to", certificate)
        self.assertEqual(len(list(self.handouts.rglob("*.cms"))), 4)
        self.handout("--delete", "--yes")
        self.assertEqual(list(self.handouts.rglob("*.cms")), [])

    def test_does_not_seal(self):
        _, certificate = self.recipient()
        self.assert_failed(self.handout("--json", "--delete", "--seal-to", certificate, status=2), 2, "no sheets")


class DeleteEarly(HandoutCase):
    def test_what_a_run_needs_stays(self):
        self.anna()
        self.row(ANNA, "totp", "second", route="reset-password")
        self.play()
        self.handout()
        outcome = self.handout("--delete", "--yes")
        self.assertRegex(outcome.stderr, "(?s)The run has something left.*" + re.escape(ANNA))
        self.assertEqual(list(self.handouts.rglob("*.html")), [])
        self.assertEqual(len(self.pending()), 5)
