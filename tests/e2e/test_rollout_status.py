"""rollout status and report: what a ledger holds, for people, scripts, spreadsheets and a browser."""

import csv
import html.parser
import re
import sqlite3
import stat
import subprocess

from case import Case, each
from cowkey import environment
from ledger import BEGUN_S, ORIGIN, Ledger

ALICE, BOB, CAROL = (f"{name}@example.test" for name in ("alice", "bob", "carol"))
CAUSE = (3, "the account is deactivated", "Activate it on the server's page of mailboxes.")
SUPER_KEY = "ee882879-721c-4913-9775-3dfcce97072a"  # YubiKey 5 Series

# Names that a plan takes, and that would do something in a terminal, a page or a spreadsheet.
HOSTILE = {
    "markup": "<img src=x onerror=alert(1)>@example.test",
    "a quote": "\"><script>alert(2)</script>@example.test",
    "a formula": "=cmd|' /c calc'!a1@example.test",
    "plus": "+1@example.test",
    "minus": "-1@example.test",
    "at": "@sum(a1)",
    "behind a semicolon": "x;=1+1;@example.test",
    "right to left": "a\u202egpj.exe@example.test",
}
MEMORY_SIZE = 8 * 1024 * 1024


class LedgerCase(Case):
    def setUp(self):
        super().setUp()
        self.ledger = Ledger(self.binary, self.place)
        if not self.ledger.maker.exists():
            self.fail("not built: ledger-maker; build tests/ledger")

    def run_status(self, *words, status=None, made=True):
        if made:
            self.ledger.make()
        return self.cowkey(None, *words, "--ledger", self.ledger.path, connect=False, status=status)

    def status(self, *words, status=0):
        """The document, which is checked against its schema."""
        return self.run_status("--json", "rollout", "status", *words, status=status).document

    def text(self, *words, status=0):
        return self.run_status("rollout", "status", *words, status=status).stdout

    def with_alice(self, state, **how):
        [item] = self.ledger.plan(ALICE)
        self.ledger.lead(item, state, **how)


class Status(LedgerCase):
    def test_nothing_done(self):
        self.ledger.plan(ALICE)
        self.ledger.plan(BOB, "webauthn")
        document = self.status(status=1)
        self.assertEqual((document["server"], document["begun"]), (ORIGIN, None))
        self.assertEqual((document["people"], document["items"], document["left"]),
                         (2, 3, {"apps": 1, "keys": 2}))
        self.assertEqual(document["problems"], [])
        self.assertIn("Nothing was done yet.", self.text(status=1))

    def test_all_proved(self):
        self.with_alice("proved")
        document = self.status()
        self.assertEqual((document["states"]["proved"], document["left"]), (1, {"apps": 0, "keys": 0}))
        self.assertEqual(document["begun"][:10], "2026-11-28")
        self.assertIn("1 account, 1 factor: 1 proved.", self.text())

    @each({"enough there": ("office", 0), "not enough": ("", 1)})
    def test_recorded_is(self, group, status):
        [item] = self.ledger.plan(ALICE, group=group)
        self.ledger.lead(item, "recorded")
        document = self.status(status=status)
        self.assertEqual(len(document["problems"]), status)
        self.assertEqual(document["left"]["apps"], status)

    @each(("submitted", "failed", "unknown", "skipped", "undoing"))
    def test_tells_what_is(self, state):
        self.with_alice(state)
        document = self.status(status=1)
        [problem] = document["problems"]
        self.assertEqual((problem["account"], problem["role"], problem["method"], problem["state"]),
                         (ALICE, "mailbox", "totp", state))
        self.assertEqual((problem["line"], problem["n"]), (2, 0))
        text = self.text(status=1)
        self.assertIn(problem["cause"], text)
        self.assertIn(problem["cure"], text)

    @each(("planned", "prepared"))
    def test_is_left_and_no_problem(self, state):
        self.with_alice(state)
        document = self.status(status=1)
        self.assertEqual((document["problems"], document["left"]["apps"]), ([], 1))

    @each({"failed": "failed", "unknown": "unknown"})
    def test_cause_and_cure_are_the_ledgers(self, state):
        self.with_alice(state, cause=CAUSE)
        [problem] = self.status(status=1)["problems"]
        self.assertEqual((problem["cause"], problem["cure"], problem["label"]), (*CAUSE[1:], "a label"))
        self.assertIn(f"{CAUSE[1]}. {CAUSE[2]}", self.text(status=1))

    @each({"handed out": (["handed-out"], 1), "in force": (["handed-out", "in-force"], 1),
           "to be changed": (["handed-out", "in-force", "to-change"], 0),
           "not forced": (["handed-out", "in-force", "not-forced"], 0)})
    def test_new_password(self, states, status):
        [item] = self.ledger.plan(ALICE, route="reset-password")
        self.ledger.lead(item, "proved")
        for state in states:
            self.ledger.tell(password=state, person=1)
        document = self.status(status=status)
        self.assertEqual([row["state"] for row in document["passwords"]], states[-1:] * status)
        self.assertEqual("New passwords that still" in self.text(status=status), bool(status))

    @each({"handed out": (["handed-out"], "no run finds it out"),
           "in force": (["handed-out", "in-force"], "Go on with 'cowkey rollout run'")})
    def test_new_password_of_somebody_whose_rows_left_the_plan(self, states, cure):
        self.with_alice("proved")
        self.ledger.plan(BOB, route="reset-password")
        for state in states:
            self.ledger.tell(password=state, person=2)
        self.ledger.make()
        with sqlite3.connect(self.ledger.path) as base:
            base.execute("DELETE FROM item WHERE person = 2")
            base.execute("UPDATE person SET apps_left = 0 WHERE id = 2")
        document = self.status(status=1)
        self.assertEqual((document["people"], document["items"], document["problems"]), (2, 1, []))
        self.assertEqual([(row["account"], row["state"]) for row in document["passwords"]], [(BOB, states[-1])])
        self.assertIn(cure, document["passwords"][0]["cure"])
        self.assertIn(cure, re.sub(r"\s+", " ", self.text(status=1)))
        document = self.status(BOB, status=1)
        self.assertEqual((document["account"]["items"], len(document["passwords"])), ([], 1))
        self.assertIn(cure, self.text(BOB, status=1))
        self.run_status("rollout", "report", "--html", self.place / "page.html", "--csv", self.place / "all.csv",
                        status=0, made=False)
        page = (self.place / "page.html").read_text(encoding="utf-8")
        self.assertIn("1 new password not forced", page)
        self.assertEqual(page.count(BOB), 1)
        self.assertNotIn(BOB, (self.place / "all.csv").read_text(encoding="utf-8"))

    def test_groups_and_refusals(self):
        [item] = self.ledger.plan(ALICE)
        self.ledger.plan(BOB, "webauthn", group="office")
        self.ledger.lead(item, "failed")
        self.ledger.tell(refusal=True)
        self.ledger.tell(refusal=True)
        document = self.status(status=1)
        self.assertEqual([(group["name"], group["items"]) for group in document["groups"]],
                         [("default", 1), ("office", 1)])
        self.assertEqual([group["states"]["failed"] for group in document["groups"]], [1, 0])
        self.assertEqual(document["refusals"], 2)
        text = self.text(status=1)
        self.assertRegex(text, r"(?m)^GROUP +FACTORS +PLANNED +FAILED$")
        self.assertRegex(text, r"(?m)^default +1 +0 +1$")
        self.assertRegex(text, r"(?m)^office +1 +1 +0$")
        self.assertIn("so far: 2", text)

    def test_sheets(self):
        self.with_alice("proved")
        for number, (sealed, deleted) in enumerate([(False, 0), (True, 0), (False, BEGUN_S)]):
            self.ledger.tell(sheet=f"{number}.html", person=1, n=1, made=BEGUN_S, sealed=sealed,
                             deleted=deleted)
        self.ledger.tell(sheet="pin.html", kind="pin-letter", person=1, n=1, made=BEGUN_S)
        self.assertEqual(self.status()["sheets"], {"sheets": 3, "pin_letters": 1, "sealed": 1,
                                                   "deleted": 1, "open": 2})
        self.assertIn("In the clear and not deleted yet: 2.", self.text())

    def test_people_get_the_first_problems_and_scripts_all(self):
        for number in range(60):
            [item] = self.ledger.plan(f"user{number:02}@example.test")
            self.ledger.lead(item, "failed")
        self.assertEqual(len(self.status(status=1)["problems"]), 60)
        text = self.text(status=1)
        self.assertIn("user49@example.test", text)
        self.assertNotIn("user50@example.test", text)
        self.assertIn("and 10 more; --json names all", text)

    @each(HOSTILE)
    def test_on_a_terminal(self, name):
        [item] = self.ledger.plan(name, role="" if name[0] != "@" else "mailbox")
        self.ledger.lead(item, "failed", cause=(3, "it said \x1b[2J\u202e", "Look."))
        text = self.text(status=1)
        self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\u202e]")
        self.assertEqual(self.status(status=1)["problems"][0]["account"], name)

    def test_looks_while_a_run_goes_on(self):
        self.with_alice("proved")
        self.ledger.make()
        run = self.ledger.start()
        self.addCleanup(run.communicate)
        while not (self.place / "ledger.lock").exists() or not self.is_locked():
            self.assertIsNone(run.poll())
        self.assertIn(f"A run is at it now (process {run.pid}).",
                      self.run_status("rollout", "status", status=0, made=False).stdout)
        for words in (["status"], ["report", "--csv", self.place / "report.csv"]):
            outcome = self.run_status("--json", "rollout", *words, status=0, made=False)
            self.assertEqual(outcome.document["run"], {"process": run.pid}, words)
        self.assertIsNone(run.poll())

    def test_no_run_goes_on(self):
        """The file of the lock stays, and says nothing by that."""
        self.with_alice("proved")
        self.assertNotIn("A run is at it", self.text())
        self.assertTrue((self.place / "ledger.lock").exists())
        self.assertIsNone(self.status()["run"])
        (self.place / "ledger.lock").unlink()
        self.assertIsNone(self.status()["run"])

    def is_locked(self):
        inode = (self.place / "ledger.lock").stat().st_ino
        with open("/proc/locks", encoding="ascii") as locks:
            return any(f":{inode} " in line for line in locks)

    def test_changes_nothing(self):
        self.with_alice("failed")
        self.ledger.make()
        before = self.ledger.path.read_bytes()
        self.run_status("rollout", "status", status=1, made=False)
        self.assertEqual(self.ledger.path.read_bytes(), before)


class OfAnAccount(LedgerCase):
    def test_is_about_that_one_only(self):
        self.with_alice("proved")
        [item] = self.ledger.plan(BOB)
        self.ledger.lead(item, "failed", cause=CAUSE)
        document = self.status(ALICE)
        self.assertEqual((document["people"], document["items"], document["problems"]), (1, 1, []))
        self.assertNotIn(BOB, self.text(ALICE))
        document = self.status(BOB, status=1)
        self.assertEqual(document["problems"][0]["cause"], CAUSE[1])
        self.assertIn(f"Cause: {CAUSE[1]}.", self.text(BOB, status=1))

    def test_step_by_step(self):
        first, second = self.ledger.plan(ALICE, "webauthn", route="reset-password")
        [passkey, other] = self.ledger.plan(ALICE, "passkey", route="reset-password", label="pk {n}")
        self.ledger.tell(key=SUPER_KEY, person=1, n=1, serial="4711", firmware="5.4.3", pin="to-change")
        self.ledger.lead(first, "proved", label="blue key")
        self.ledger.lead(second, "failed", cause=CAUSE)
        self.ledger.lead(passkey, "proved", listed={"cid": "68e5e6be" * 8})
        self.ledger.lead(other, "skipped")
        self.ledger.tell(password="handed-out", person=1)
        self.ledger.tell(app_password=12, person=1)
        self.ledger.tell(sheet="sheets/alice.html", person=1, n=1, made=BEGUN_S)
        account = self.status(ALICE.upper(), status=1)["account"]
        self.assertEqual((account["account"], account["route"], account["password"],
                          account["app_password_id"]), (ALICE, "reset-password", "handed-out", 12))
        self.assertEqual([(item["method"], item["n"], item["state"], item["factor_id"])
                          for item in account["items"]],
                         [("webauthn", 1, "proved", 200 + first), ("webauthn", 2, "failed", None),
                          ("passkey", 1, "proved", "pk:" + "68e5e6be" * 8),
                          ("passkey", 2, "skipped", None)])
        self.assertEqual([(key["n"], key["model"], key["serial"], key["pin"]) for key in account["keys"]],
                         [(1, "YubiKey 5 Series", "4711", "to-change"), (2, None, None, "its-own")])
        self.assertEqual([sheet["file"] for sheet in account["sheets"]], ["sheets/alice.html"])
        text = self.text(ALICE, status=1)
        for words in ("'blue key': proved", "'pk {n}': skipped", "serial number 4711, firmware 5.4.3",
                      "the ID 12", "New password: ", "Sheet sheets/alice.html: made 2026-11-28",
                      f"list: {200 + first}", f"list: pk:{'68e5e6be' * 8}"):
            self.assertIn(words, text)

    @each({"another": CAROL, "a part of a name": "alice", "nobody": "nobody@example.test"})
    def test_that_is_not_there(self, name):
        self.with_alice("proved")
        outcome = self.run_status("--json", "rollout", "status", name)
        self.assert_failed(outcome, 2, "has no account")

    def test_of_an_admin(self):
        [item] = self.ledger.plan("da1", role="domain-admin")
        self.ledger.lead(item, "proved")
        self.assertEqual(self.status("da1")["account"]["role"], "domain-admin")


class Ledgers(LedgerCase):
    def refuse(self, says, status=2, **how):
        for command in (["status"], ["report", "--csv", self.place / "report.csv"]):
            outcome = self.run_status("--json", "rollout", *command, made=False, **how)
            self.assert_failed(outcome, status, says)
            self.assertFalse((self.place / "report.csv").exists())

    def test_none(self):
        self.refuse("no ledger")
        self.assertFalse(self.ledger.path.exists())

    def test_not_named(self):
        for command in (["status"], ["report", "--csv", self.place / "report.csv"]):
            outcome = self.cowkey(None, "--json", "rollout", *command, connect=False)
            self.assert_failed(outcome, 2, "no ledger is given", "--ledger")

    def test_something_else(self):
        self.file("ledger", "account,method\n" * 100).chmod(0o600)
        self.refuse("no ledger", status=3)

    def test_cut_off(self):
        self.with_alice("failed")
        self.ledger.make()
        whole = self.ledger.path.read_bytes()
        self.ledger.path.write_bytes(whole[:len(whole) // 2])
        self.refuse("damaged|no ledger|disk image", status=3)

    def test_memory_does_not_grow(self):
        """Each item is a problem; what is read, and what is written, is larger than the memory."""
        small, large = (self.ledger_of_problems(count) for count in (10, 80000))
        self.assertGreater(large.stat().st_size, MEMORY_SIZE)
        for words in (("--json", "rollout", "status"), ("rollout", "status"), ("rollout", "report")):
            if not self.fits(small, words):
                self.skipTest("a sanitizer needs memory of its own")
            self.assertTrue(self.fits(large, words), words)
            self.assertGreater(self.written, MEMORY_SIZE if words != ("rollout", "status") else 0, words)

    def ledger_of_problems(self, count):
        self.ledger = Ledger(self.binary, self.place)
        self.ledger.path = self.place / f"ledger-{count}"
        for number in range(count):
            self.ledger.plan(f"user{number}@example.test")
        self.ledger.make()
        with sqlite3.connect(self.ledger.path) as base:
            base.execute("UPDATE item SET state = 5, left = 0, cause = 3, cause_text = 'broke off',"
                         " cause_hint = 'Look.'")
        return self.ledger.path

    def fits(self, ledger, words):
        """Whether the command does its work with so much memory for data, and how much it writes."""
        files = ("--csv", "all.csv", "--html", "all.html") if "report" in words else ()
        done = subprocess.run(["prlimit", f"--data={MEMORY_SIZE}", self.binary, *words,
                               "--ledger", ledger, *files],
                              stdin=subprocess.DEVNULL, capture_output=True, cwd=self.place,
                              env=environment(self.place, {}), check=False)
        self.written = len(done.stdout)
        for path in (self.place / name for name in files[1::2]):
            self.written += path.stat().st_size if path.exists() else 0
            path.unlink(missing_ok=True)
        return done.returncode == (0 if files else 1) and b'"error"' not in done.stdout

class Parser(html.parser.HTMLParser):
    """The tags of a page, its text, and its tables' rows."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.shown, self.rows = [], [], []
        self.in_cell = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag):
        self.in_cell = self.in_cell and tag != "td"

    def handle_data(self, data):
        self.shown.append(data)
        if self.in_cell:
            self.rows[-1][-1] += data


class ReportCase(LedgerCase):
    COLUMNS = ("account role group method key label state evidence id aaguid model serial firmware "
               "submitted finished tries cause").split()

    def setUp(self):
        super().setUp()
        self.table, self.page_file = self.place / "report.csv", self.place / "report.html"

    def report(self, *words, status=0, **how):
        words = words or ("--csv", self.table, "--html", self.page_file)
        return self.run_status("--json", "rollout", "report", *words, status=status, **how)

    def cells(self):
        with open(self.table, encoding="utf-8", newline="") as table:
            head, *rows = csv.reader(table, strict=True)
        self.assertEqual(head, self.COLUMNS)
        return [dict(zip(head, row, strict=True)) for row in rows]

    def page(self):
        return Parser(self.page_file.read_text("utf-8"))


class Report(ReportCase):
    def test_of_a_key_and_an_app(self):
        first, second = self.ledger.plan(ALICE, "webauthn")
        [app] = self.ledger.plan(BOB, group="office")
        self.ledger.tell(key=SUPER_KEY, person=1, n=1, serial="4711", firmware="5.4.3")
        self.ledger.lead(first, "proved", label="blue key")
        self.ledger.lead(second, "failed", cause=CAUSE)
        self.ledger.lead(app, "recorded")
        document = self.report().document
        self.assertEqual((document["csv"], document["html"], document["people"], document["items"]),
                         (str(self.table), str(self.page_file), 2, 3))
        blue, other, bobs = self.cells()
        self.assertEqual(blue | {"submitted": "", "finished": ""}, {
            "account": ALICE, "role": "mailbox", "group": "default", "method": "webauthn", "key": "1",
            "label": "blue key", "state": "proved", "evidence": "login", "id": str(200 + first),
            "aaguid": SUPER_KEY, "model": "YubiKey 5 Series", "serial": "4711", "firmware": "5.4.3",
            "submitted": "", "finished": "", "tries": "1", "cause": ""})
        self.assertRegex(blue["submitted"], r"^2026-11-28T10:00:\d\dZ$")
        self.assertLess(blue["submitted"], blue["finished"])
        self.assertEqual((other["key"], other["state"], other["evidence"], other["cause"], other["serial"]),
                         ("2", "failed", "none", CAUSE[1], ""))
        self.assertEqual((bobs["key"], bobs["group"], bobs["evidence"]), ("", "office", "recorded"))
        self.assertTrue(bobs["finished"])

    def test_page_shows_what_the_document_says(self):
        for number, state in enumerate(("proved", "failed", "unknown", "submitted", "planned")):
            [item] = self.ledger.plan(f"user{number}@example.test", route="reset-password")
            self.ledger.lead(item, state, cause=CAUSE)
        self.ledger.tell(password="handed-out", person=1)
        document = self.status(status=1)
        self.report(made=False)
        page = self.page()
        cells = [cell for row in page.rows for cell in row]
        for row in document["problems"]:
            self.assertTrue([line for line in page.rows if row["account"] in line
                             and row["cause"] in line and row["cure"] in line], row)
        self.assertTrue([line for line in page.rows if document["passwords"][0]["cause"] in line])
        for number in range(5):
            self.assertIn(f"user{number}@example.test", cells)
        text = " ".join(page.shown)
        self.assertIn("1 failed or skipped, 1 unknown, 2 of apps and 0 of security keys left", text)
        self.assertIn("20% of 5", text)
        self.assertIn("totp, failed or skipped: 1", text)
        self.assertEqual(sum(tag == "svg" for tag, _ in page.tags), 2)

    def test_all_is_done(self):
        self.with_alice("proved")
        self.report()
        text = " ".join(self.page().shown)
        self.assertIn("All is done.", text)
        self.assertNotIn("What to do", text)
        self.assertIn("100% of 1", text)
        self.assertIn("Factors enrolled in each hour, on average 1;", text)

    def test_groups_are_apart_where_there_are_several(self):
        self.with_alice("proved")
        self.ledger.plan(BOB, "passkey", group="office")
        self.report()
        text = " ".join(self.page().shown)
        self.assertIn("default, totp, done: 1", text)
        self.assertIn("office, passkey, left: 1", text)

    @each(HOSTILE)
    def test_hostile(self, name):
        """A name is whole in the page as text, and in the table as no formula."""
        [item] = self.ledger.plan(name, role="" if name[0] != "@" else "mailbox", label="=1 {n}")
        self.ledger.lead(item, "failed", cause=(3, f"{name} is not there", "@look"), label="=1 0")
        self.report()
        page, [row] = self.page(), self.cells()
        shown = name.replace("\u202e", "\\u{202e}")
        self.assertIn(shown, [cell for line in page.rows for cell in line])
        self.assertEqual({tag for tag, _ in page.tags} & {"script", "img", "link", "iframe"}, set())
        self.assertNotIn("onerror", {key for _, attributes in page.tags for key in attributes})
        self.assertEqual(row["label"], "'=1 0")
        self.assertEqual(re.sub(r"(^|;)'(?=[-=+@])", r"\1", row["account"]), shown)
        for cell in row.values():
            for part in cell.split(";"):
                self.assertNotRegex(part, r"^\s*[-=+@\t\r]")

    def test_table_is_as_the_rfc_says(self):
        self.with_alice("proved", label='say "a, b"')
        self.report()
        lines = self.table.read_bytes().split(b"\r\n")
        self.assertEqual((len(lines), lines[2]), (3, b""))
        self.assertIn(b'"say ""a, b"""', lines[1])
        self.assertNotIn(b"\n", b"".join(lines))

    def test_needs_nothing_from_outside(self):
        self.with_alice("failed")
        self.report()
        self.assertNotRegex(self.page_file.read_text("utf-8"), r"https?:|url\(|@import|\bsrc=|<script")

    def test_is_private(self):
        self.with_alice("proved")
        self.report()
        for path in (self.table, self.page_file):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    @each(("csv", "html"))
    def test_one_alone(self, which):
        self.with_alice("proved")
        path = self.place / "one"
        document = self.report(f"--{which}", path).document
        other = "html" if which == "csv" else "csv"
        self.assertEqual((document[which], document[other]), (str(path), None))
        self.assertTrue(path.exists())


class ReportRefused(ReportCase):
    def test_without_a_file(self):
        self.with_alice("proved")
        self.ledger.make()
        outcome = self.cowkey(None, "--json", "rollout", "report", "--ledger", self.ledger.path,
                              connect=False)
        self.assert_failed(outcome, 2, "no file for the report", "--csv")

    def test_one_file_for_both(self):
        self.with_alice("proved")
        self.assert_failed(self.report("--csv", self.table, "--html", self.table, status=2), 2, "same file")
        self.assertFalse(self.table.exists())

    @each(("csv", "html"))
    def test_a_file_that_is_there(self, which):
        """Neither of the two is made, and that one is left alone."""
        self.with_alice("proved")
        there, other = (self.table, self.page_file)[::1 if which == "csv" else -1]
        there.write_text("kept")
        self.assert_failed(self.report(status=2), 2, "exists|is there")
        self.assertEqual((there.read_text(), other.exists()), ("kept", False))

    def test_a_directory_that_is_missing(self):
        self.with_alice("proved")
        outcome = self.report("--csv", self.place / "none" / "report.csv", status=2)
        self.assert_failed(outcome, 2, "none")

    def test_with_an_argument(self):
        self.with_alice("proved")
        self.assertEqual(self.report("--csv", self.table, ALICE, status=2).document["schema"],
                         "cowkey.error/1")
