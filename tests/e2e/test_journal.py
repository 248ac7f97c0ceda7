"""journal: what is shown of it, and what a broken chain looks like."""

import json
import os

import schemas
from case import Case, each, is_root
from journal import DEED, NO_HASH, Journal, hash_of


def _changed(lines, index):
    lines[index] = lines[index].replace(b'"time":"2026', b'"time":"2025')


def _inserted(lines, index):
    forged = Journal()
    forged.intend(account="eve@example.test")
    lines.insert(index, forged.lines[0])


def _moved(lines, index):
    lines[index - 1], lines[index] = lines[index], lines[index - 1]


# What somebody does to the lines of a journal (0 is the first), and which line then does not fit.
BREAKS = {
    "changed": (lambda lines: _changed(lines, 2), 4),
    "changed, the first": (lambda lines: _changed(lines, 0), 2),
    "a space more": (lambda lines: lines.__setitem__(2, lines[2].replace(b"}", b" }")), 4),
    "its line end changed": (lambda lines: lines.__setitem__(2, lines[2][:-1] + b"\r\n"), 4),
    "made no entry": (lambda lines: lines.__setitem__(2, b"\n"), 4),
    "removed": (lambda lines: lines.pop(2), 3),
    "removed, the first": (lambda lines: lines.pop(0), 1),
    "removed, all but the last": (lambda lines: lines.__delitem__(slice(5)), 1),
    "inserted": (lambda lines: _inserted(lines, 2), 3),
    "inserted, empty": (lambda lines: lines.insert(2, b"\n"), 4),
    "copied": (lambda lines: lines.insert(2, lines[1]), 3),
    "moved": (lambda lines: _moved(lines, 3), 3),
    "joined": (lambda lines: lines.__setitem__(2, lines[2][:-1]), 4),
}


class JournalCase(Case):
    def journal(self, content, name="journal"):
        return self.file(name, content)

    def run_journal(self, command, content, *words, status=None, **how):
        path = self.journal(content)
        return self.cowkey(None, "--json", "journal", command, "--journal", path, *words,
                           connect=False, status=status, **how)

    def verify(self, content, *words, status=0):
        return self.run_journal("verify", content, *words, status=status).document

    def rows(self, outcome):
        """What show printed, after a look at each line and at the summary."""
        *rows, last = [json.loads(line, object_pairs_hook=schemas.without_duplicates)
                       for line in outcome.stdout.splitlines()]
        for row in rows:
            self.assertEqual(schemas.faults(row, outcome) if outcome.status == 0 else [], [], row)
        not_concluded = sum(row["outcome"] is None for row in rows)
        self.assertEqual(last, {"schema": "cowkey.journal/1", "summary": {
            "records": len(rows), "not_concluded": not_concluded, "intact": outcome.status == 0}})
        return rows

    def show(self, content, *words, status=0, **how):
        return self.rows(self.run_journal("show", content, *words, status=status, **how))


def deeds(count=3):
    journal = Journal()
    for number in range(count):
        journal.do(account="bob@example.test" if number % 2 else "alice@example.test")
    return journal


class Verify(JournalCase):
    @each({"nothing": 0, "one deed": 1, "many": 200})
    def test_intact(self, count):
        journal = deeds(count)
        document = self.verify(journal.content)
        self.assertEqual((document["entries"], document["head"], document["intact"]),
                         (2 * count, journal.head, True))
        self.assertEqual((document["broken"], document["torn"], document["not_concluded"]), ([], [], []))

    @each(BREAKS)
    def test_finds_a_line_that_was(self, tamper, line):
        journal = deeds()
        tamper(journal.lines)
        document = self.verify(journal.content, status=1)
        self.assertEqual(document["broken"][0]["line"], line)

    def test_finds_each_bit_that_was_changed_before_the_last_line(self):
        """Of a few bytes of each line."""
        journal = deeds(1)
        end = len(journal.lines[0])
        for at in range(0, end, 29):
            with self.subTest(byte=at):
                content = bytearray(journal.content)
                content[at] ^= 1
                self.verify(bytes(content), status=1)

    def test_counts_every_break(self):
        journal = deeds(100)
        del journal.lines[1::2]
        document = self.verify(journal.content, status=1)
        self.assertEqual((document["broken_count"], len(document["broken"])), (99, 99))
        journal = deeds(101)
        lines = [line for pair in zip(journal.lines[1::2], journal.lines[::2]) for line in pair]
        document = self.verify(b"".join(lines), status=1)
        self.assertEqual((document["broken_count"], len(document["broken"])), (202, 100))

    def test_each_hash_of_the_chain_is_a_head(self):
        journal = deeds()
        heads = [NO_HASH, *map(hash_of, journal.lines)]
        for number, head in enumerate(heads):
            for spelled in (head, head.upper()):
                document = self.verify(journal.content, "--head", spelled)
                self.assertEqual((document["kept_head_found"], document["since"]),
                                 (True, len(journal.lines) - number))

    @each({"its end was cut off": lambda journal: journal.lines.pop(),
           "its last line was changed": lambda journal: journal.lines.append(
               journal.lines.pop().replace(b"done", b"failed")),
           "it was written anew": lambda journal: journal.__init__()})
    def test_only_a_kept_head_shows_that(self, tamper):
        journal = deeds()
        kept = journal.head
        tamper(journal)
        self.assertTrue(self.verify(journal.content)["intact"])
        document = self.verify(journal.content, "--head", kept, status=1)
        self.assertEqual((document["kept_head_found"], document["since"]), (False, None))

    @each({"too short": "ab" * 31, "too long": "ab" * 33, "no hex": "xy" * 32, "empty": ""})
    def test_refuses_a_head_that_is(self, head):
        outcome = self.run_journal("verify", deeds().content, "--head", head)
        self.assert_failed(outcome, 2, says="head", hints="64 hex")

    def test_names_what_is_not_concluded(self):
        journal = deeds(1)
        identity = journal.intend(account="carol@example.test", action="set-password", method=None)
        journal.do()
        document = self.verify(journal.content)
        self.assertEqual(document["not_concluded_count"], 1)
        row, = document["not_concluded"]
        self.assertEqual((row["line"], row["id"], row["account"], row["outcome"]),
                         (3, identity, "carol@example.test", None))

    def test_a_torn_line_is_named_and_is_no_break(self):
        journal = deeds(1)
        journal.tear(journal.lines[0][:77])
        journal.tear(b"")
        journal.do()
        document = self.verify(journal.content + b'{"n":7,')
        self.assertEqual((document["torn"], document["intact"], document["entries"]), ([3, 4, 7], True, 4))
        self.assertEqual(document["head"], journal.head)

    def test_a_torn_line_that_the_next_one_does_not_know(self):
        journal = deeds(1)
        journal.tear()
        journal.torn = False
        journal.do()
        document = self.verify(journal.content, status=1)
        self.assertEqual((document["broken"][0]["line"], document["torn"]), (4, []))

    def test_a_line_that_speaks_of_a_torn_one_where_none_is(self):
        journal = deeds(1)
        journal.torn = True
        journal.do()
        self.assertEqual(self.verify(journal.content, status=1)["broken"][0]["line"], 3)

    def test_numbers_have_to_follow(self):
        """Right hashes, as somebody writes them who leaves a line out."""
        journal = deeds(1)
        journal.lines.insert(0, b"")
        journal.do()
        del journal.lines[0]
        document = self.verify(journal.content, status=1)
        self.assertEqual(document["broken"][0]["line"], 3)
        self.assertIn("number", document["broken"][0]["why"])

    def test_for_a_person(self):
        journal = deeds()
        kept = hash_of(journal.lines[3])
        identity = journal.intend(account="carol@example.test")
        self.assertTrue(identity)
        path = self.journal(journal.content + b"{")
        outcome = self.cowkey(None, "journal", "verify", "--journal", path, "--head", kept,
                              connect=False, status=0)
        for words in ("7 entries, the chain is intact", "Torn: line 8", "3 entries were written since",
                      "Not concluded: line 7: .* enroll passkey for carol@example.test, by admin",
                      f"Head: {journal.head}"):
            self.assertRegex(outcome.stdout, words)
        self.assertIn("look at those accounts", outcome.stderr)
        _changed(journal.lines, 1)
        path = self.journal(journal.content)
        outcome = self.cowkey(None, "journal", "verify", "--journal", path, "--head", kept,
                              connect=False, status=1)
        self.assertRegex(outcome.stdout, "the chain is broken(.|\n)*Broken: line 3: ")


class Show(JournalCase):
    def test_joins_intents_and_outcomes(self):
        journal = Journal()
        first = journal.intend(account="alice@example.test", serial="1234", detail="a reason")
        second = journal.intend(operator="API key", action="set-password", method=None)
        journal.conclude(second, outcome="unknown", evidence=None, detail="no answer")
        journal.conclude(first, aaguid="2fc0579f-8113-47ea-b116-bb5a8db9202a")
        third = journal.intend(action="recover")
        rows = self.show(journal.content)
        self.assertEqual([row["id"] for row in rows], [second, first, third])
        self.assertEqual([(row["line"], row["outcome_line"], row["outcome"]) for row in rows],
                         [(2, 3, "unknown"), (1, 4, "done"), (5, None, None)])
        wanted = DEED | {"account": "alice@example.test", "serial": "1234", "detail": "a reason",
                         "aaguid": "2fc0579f-8113-47ea-b116-bb5a8db9202a", "evidence": "login",
                         "time": "2026-11-23T08:21:24Z", "outcome_time": "2026-11-23T08:21:24Z"}
        self.assertEqual(rows[1], rows[1] | wanted)
        self.assertEqual((rows[0]["operator"], rows[0]["method"], rows[0]["outcome_detail"]),
                         ("API key", None, "no answer"))

    def test_an_outcome_without_its_intent(self):
        journal = deeds(1)
        journal.conclude("ab" * 16)
        row = self.show(journal.content)[1]
        self.assertEqual((row["line"], row["outcome_line"], row["account"]), (None, 3, None))

    def test_one_account(self):
        rows = self.show(deeds(5).content, "--account", "Bob@example.test")
        self.assertEqual([row["account"] for row in rows], ["bob@example.test"] * 2)
        self.assertEqual(self.show(deeds(5).content, "--account", "carol@example.test"), [])

    def test_the_account_that_logs_in_is_not_the_one_that_is_meant(self):
        environ = {"COWKEY_ACCOUNT": "carol@example.test"}
        self.assertEqual(len(self.show(deeds(5).content, environ=environ)), 5)

    def test_of_a_broken_journal(self):
        journal = deeds()
        _changed(journal.lines, 2)
        outcome = self.run_journal("show", journal.content, status=1)
        self.assertEqual(len(self.rows(outcome)), 3)
        self.assertRegex(outcome.stderr, "broken at line 4")

    def test_for_a_person(self):
        journal = deeds(2)
        journal.intend(account="carol@example.test")
        path = self.journal(journal.content)
        outcome = self.cowkey(None, "journal", "show", "--journal", path, connect=False, status=0)
        head, *lines = outcome.stdout.splitlines()
        self.assertRegex(head, "Time +Outcome +Action +Account")
        self.assertRegex(lines[0], r"2026-11-23T08:21:24Z +done +enroll passkey +alice@example\.test +by admin "
                                   r"\(root@mx1\) on https://mail\.example\.test; evidence: login$")
        self.assertRegex(lines[2], "not concluded +enroll passkey +carol@example")
        self.assertEqual(len(lines), 3)

    def test_of_nothing(self):
        self.assertEqual(self.show(b""), [])
        outcome = self.cowkey(None, "journal", "show", "--journal", self.journal(b""), connect=False,
                              status=0)
        self.assertIn("nothing", outcome.stdout)

    def test_foreign_texts_do_nothing_to_a_terminal(self):
        journal = Journal()
        nasty = "\x1b]0;x\x07\n\u202emoc\x7f\u009b2J"
        journal.do(**{name: nasty for name in DEED}, evidence=nasty)
        self.assertEqual(self.show(journal.content)[0]["account"], nasty)
        for command in ("show", "verify"):
            outcome = self.cowkey(None, "journal", command, "--journal", self.journal(journal.content),
                                  connect=False, status=0)
            self.assertNotRegex(outcome.stdout + outcome.stderr, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        outcome = self.run_journal("show", journal.content)
        self.assertTrue(outcome.stdout.isascii())


class Place(JournalCase):
    """Which file it is."""

    def default(self, content, *parts):
        path = self.place.joinpath(*parts)
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        return path

    def entries(self, *words, **how):
        outcome = self.cowkey(None, "--json", "journal", "verify", *words, connect=False, **how)
        return outcome.document["entries"]

    def test_by_default(self):
        self.default(deeds(1).content, ".local", "state", "cowkey", "journal.jsonl")
        self.assertEqual(self.entries(), 2)
        self.default(deeds(2).content, "state", "cowkey", "journal.jsonl")
        self.assertEqual(self.entries(environ={"XDG_STATE_HOME": self.place / "state"}), 4)
        self.assertEqual(self.entries(environ={"XDG_STATE_HOME": "relative"}), 2)

    def test_by_environment_and_profile(self):
        one, two = self.journal(deeds(1).content, "one"), self.journal(deeds(2).content, "two")
        config = self.file("cowkey.ini", f"[default]\njournal = {two}\n")
        self.assertEqual(self.entries("--config", config), 4)
        self.assertEqual(self.entries("--config", config, environ={"COWKEY_JOURNAL": one}), 2)
        self.assertEqual(self.entries("--journal", two, environ={"COWKEY_JOURNAL": one}), 4)

    def test_without_a_home(self):
        outcome = self.cowkey(None, "--json", "journal", "show", connect=False, environ={"HOME": None})
        self.assert_failed(outcome, 2, says="--journal")

    @each({"missing": "nowhere", "a directory": "."})
    def test_refuses_one_that_is(self, name):
        outcome = self.cowkey(None, "--json", "journal", "verify", "--journal", self.place / name,
                              connect=False)
        self.assert_failed(outcome, 2, says="journal", hints="--journal")
        self.assertFalse((self.place / "nowhere").exists())

    def test_refuses_a_pipe_that_nobody_writes_to(self):
        os.mkfifo(self.place / "pipe")
        outcome = self.cowkey(None, "--json", "journal", "show", "--journal", self.place / "pipe",
                              connect=False)
        self.assert_failed(outcome, 2, says="no file")

    def test_may_be_read_only(self):
        if is_root():
            self.skipTest("nothing is read-only for root")
        path = self.journal(deeds(1).content)
        path.chmod(0o400)
        self.assertEqual(self.entries("--journal", path), 2)
        path.chmod(0)
        self.assert_failed(self.cowkey(None, "--json", "journal", "show", "--journal", path,
                                       connect=False), 2)

    def test_too_many_that_are_not_concluded(self):
        journal = Journal()
        for _ in range(10001):
            journal.intend()
        outcome = self.run_journal("verify", journal.content)
        self.assert_failed(outcome, 2, says="10000")
        self.assertEqual(self.verify(b"".join(journal.lines[:10000]))["not_concluded_count"], 10000)
