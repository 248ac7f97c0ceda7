"""rollout check: all that is wrong with a plan at once, and nothing on the server changes."""

import json
import os
import unittest

from admin_case import API_KEY, AdminCase
from case import each, in_every_dialect
from key_case import KeyCase

HEAD = "account,role,method,label,route,password_ref,group"
PASSWORD = "Made-Up-Plan, \"Pass\" ü"
LISTED_AT_ONCE = 16  # accounts of a domain

# What stands in a row, and what is said of it.
BAD_ROWS = {
    "too few cells": ("alice@example.test,,totp", "3 cells, and the line of headers 7"),
    "too many cells": ("alice@example.test,,totp,,password,secret:a,,x", "8 cells"),
    "far too many cells": ("," * 40, "more than 32 cells"),
    "no account": (",,totp,,password,secret:a,", "name is empty"),
    "a control character": ("alice@example.test,,totp,a\tb,password,secret:a,", "the label .*control"),
    "a line end": ('alice@example.test,,totp,"a\nb",password,secret:a,', "the label .*control"),
    "no UTF-8": (b"alice@example.test,,totp,\xff,password,secret:a,", "label is not text in UTF-8"),
    "a NUL": (b"alice@example.test,,to\0tp,,password,secret:a,", "method .*control"),
    "a stray quote": ('alice@example.test,,totp,a"b,password,secret:a,', "quote where none may be"),
    "a name too long": ("a" * 300 + "@example.test,,totp,,password,secret:a,", "longer than"),
    "a row too long": ("alice@example.test,,totp," + "x" * 17000 + ",password,secret:a,", "more than 16384 bytes"),
    "no role": ("da1,,totp,,password,secret:a,", "role of the account da1"),
    "another role": ("da1,boss,totp,,password,secret:a,", "the role is none of"),
    "a role that does not fit": ("alice@example.test,admin,totp,,password,secret:a,", "account and role"),
    "no method": ("alice@example.test,,,,password,secret:a,", "the method is missing"),
    "another method": ("alice@example.test,,sms,,password,secret:a,", "the method is none of"),
    "no route": ("alice@example.test,,totp,,,secret:a,", "the route is missing"),
    "another route": ("alice@example.test,,totp,,window,secret:a,", "the route is none of"),
    "sign-on of a mailbox": ("alice@example.test,,passkey,,sign-on,,", "domain admins only"),
    "log-in-as of an admin": ("admin2,admin,passkey,,log-in-as,,", "nobody can log in as an admin"),
    "a label too long": ("alice@example.test,,totp," + "x" * 256 + ",password,secret:a,", "label is too long"),
    "a label that gets too long": ("alice@example.test,,totp," + "{account}" * 20 + ",password,secret:a,",
                                   "gets longer than the server takes"),
    "an unknown placeholder": ("alice@example.test,,totp,{name},password,secret:a,", "the label has a brace"),
    "keys with one label": ("alice@example.test,,webauthn,key,password,secret:a,", "all get the same label"),
    "a command": ("alice@example.test,,totp,,password,command:rm -r x,", "a plan runs none"),
    "a password": ("alice@example.test,,totp,,password,Made-Up-Plain-Password,", "never stand in a plan"),
    "no password": ("alice@example.test,,totp,,password,,", "needs a password_ref"),
    "no password to log in as": ("alice@example.test,,webauthn,,log-in-as,,", "needs a password_ref"),
    "a password for a passkey": ("alice@example.test,,passkey,,log-in-as,secret:a,", "needs no password"),
    "a password to reset": ("alice@example.test,,totp,,reset-password,secret:a,", "makes a new password"),
    "nothing named": ("alice@example.test,,totp,,password,file:,", "names nothing"),
    "an absolute path": ("alice@example.test,,totp,,password,file:/etc/passwd,", "outside the plan's directory"),
    "a path upwards": ("alice@example.test,,totp,,password,file:a/../../b,", "out of the plan's directory"),
    "a file that is missing": ("alice@example.test,,totp,,password,file:none,", "could not be opened"),
    "a file for all to read": ("alice@example.test,,totp,,password,file:open.pw,", "others may read"),
    "a directory": ("alice@example.test,,totp,,password,file:sub,", "no plain file"),
    "a pipe": ("alice@example.test,,totp,,password,file:pipe,", "no plain file"),
    "an empty file": ("alice@example.test,,totp,,password,file:empty.pw,", "is empty"),
    "an unknown secret": ("alice@example.test,,totp,,password,secret:b,", "no entry of the secrets file"),
    "an unknown group": ("alice@example.test,,totp,,password,secret:a,nobody", "no group 'nobody'"),
    "a group of no policy": ("alice@example.test,,totp,,password,secret:a,a]b", "none that a policy could have"),
}
# Rows that don't go with this one: alice@example.test,,totp,app,password,secret:a,
RIVALS = {
    "the same once more": ("alice@example.test,,totp,app,password,secret:a,", "same account, method and label"),
    "the same in other letters": (" Alice@Example.TEST ,mailbox,totp,app,password,secret:a,default",
                                  "same account, method and label"),
    "another route": ("alice@example.test,,totp,new,reset-password,,", "another route"),
    "another password": ("alice@example.test,,totp,new,password,file:alice.pw,", "another password_ref"),
    "another group": ("alice@example.test,,totp,new,password,secret:a,staff", "another group"),
}
BAD_POLICIES = {
    "an unknown key": ("[default]\nkeyz = 2\n", 2, "no group has a key 'keyz'"),
    "a command": ("[default]\npassword-command = cat x\n", 2, "no group has a key"),
    "a key twice": ("[default]\nkeys = 2\nkeys = 2\n", 3, "already, in line 2"),
    "a group twice": ("[default]\n[staff]\n[staff]\n", 3, "there twice, first in line 2"),
    "a bad name of a group": ("[default]\n[two words]\n", 2, "no name of a group"),
    "an open bracket": ("[default\n", 1, "no ']'"),
    "no group": ("keys = 2\n", 1, "before the first"),
    "neither group nor value": ("[default]\nkeys\n", 2, "neither"),
    "a blank before": ("[default]\n keys = 2\n", 2, "begins with a blank"),
    "a comment behind": ("[default]\nkeys = 2 ; two\n", 2, "where a comment would begin"),
    "a long line": ("[default]\nlabel = " + "x" * 200 + "\n", 2, "longer than"),
    "no UTF-8": (b"[default]\nlabel = \xff\n", 2, "UTF-8"),
    "no keys": ("[default]\nkeys = 0\n", 2, "1 to 8"),
    "too many keys": ("[default]\nkeys = 9\n", 2, "1 to 8"),
    "no AAGUID": ("[default]\naaguids = 2fc0579f\n", 2, "takes AAGUIDs"),
    "no version": ("[default]\nfirmware = 5.x\n", 2, "takes a version"),
    "attestation": ("[default]\nattestation = yes\n", 2, "required or optional"),
    "roots that are not there": ("[default]\nattestation = required\nattestation-roots = x.pem\n", 3,
                                 "'attestation-roots': .*/x.pem can't be read: No such file"),
    "roots that are none": ("[default]\nattestation = required\nattestation-roots = policy.ini\n", 3,
                            "policy.ini: the roots hold no certificate"),
    "a PIN": ("[default]\npin = 1234\n", 2, "typed or random"),
    "a short PIN": ("[default]\npin = random\npin-length = 3\n", 3, "4 to 63"),
    "the length of no random PIN": ("[default]\npin = typed\npin-length = 8\n", 3, "for 'pin = random'"),
    "reset": ("[default]\nreset = maybe\n", 2, "yes or no"),
    "proof": ("[default]\nproof = none\n", 2, "login or recorded"),
    "a label": ("[default]\nlabel = {who}\n", 2, "brace"),
}
BAD_SECRETS = {
    "no password": ("a,x\nb\n", 2, "not NAME,PASSWORD"),
    "an empty one": ("a,x\nb,\n", 2, "has no password"),
    "no name": ("a,x\n,x\n", 2, "has no name"),
    "a comma": ("a,x\nb,Made-Up-Comma,Password\n", 2, "not NAME,PASSWORD"),
    "a name twice": ("a,x\nb,x\na,y\n", 3, "the name of line 1"),
    "a control character": ("a,x\nb,\"Made-Up\nPassword\"\n", 2, "control characters"),
}
BAD_HEADERS = {
    "a plan that is empty": ("", "the plan is empty"),
    "no rows": (HEAD + "\n\n,,,,,,\n", "no rows"),
    "semicolons": ("account;method;route\nalice@example.test;totp;password\n", "unknown column"),
    "no header": ("alice@example.test,,totp,,password,secret:a,\n", "unknown column"),
    "a column twice": ("account,method,route,method\n", "two columns 'method'"),
    "a column that is missing": ("account,method\n", "lacks the column 'route'"),
}


class RolloutCase(AdminCase):
    def setUp(self):
        super().setUp()
        self.secret_texts.add(PASSWORD)
        self.private("alice.pw", PASSWORD + "\n")

    def private(self, name, text, mode=0o600):
        path = self.file(name, text)
        path.chmod(mode)
        return path

    def plan(self, *rows, head=HEAD):
        data = [row if isinstance(row, bytes) else row.encode() for row in (head, *rows)]
        return self.file("plan.csv", b"\n".join(data) + b"\n")

    def secrets_words(self, text=None):
        quoted = PASSWORD.replace('"', '""')
        return ["--secrets", self.private("secrets.csv", text or f'a,"{quoted}"\n')]

    def check(self, path, *words, by=None, status=0, **how):
        """Offline unless somebody asks the server."""
        line = ["--json", "rollout", "check", path, *words]
        if by is None:
            return self.cowkey(None, *line, "--offline", connect=False, status=status, **how)
        return self.act(by, *line, status=status, **how)

    def check_rows(self, *rows, words=(), **how):
        return self.check(self.plan(*rows), *self.secrets_words(), *words, **how)

    def assert_lines(self, outcome, which, *wanted):
        """(line, pattern) of each that is told, in this order."""
        rows = outcome.document[which]
        self.assertEqual([row["line"] for row in rows], [line for line, _ in wanted], outcome)
        for row, (_, pattern) in zip(rows, wanted):
            self.assertRegex(row["reason"], pattern)


class Files(RolloutCase):
    def setUp(self):
        super().setUp()
        self.private("open.pw", "x\n", 0o644)
        self.private("empty.pw", "\n")
        (self.place / "sub").mkdir()
        os.mkfifo(self.place / "pipe", 0o600)

    @each(BAD_ROWS)
    def test_bad_row(self, row, says):
        outcome = self.check_rows("bob@example.test,,totp,,password,secret:a,", row,
                                  "carol@example.test,,totp,,password,secret:a,", status=2)
        self.assert_lines(outcome, "bad_lines", (3, says))
        self.assertNotIn("Made-Up-Plain", outcome.stdout + outcome.stderr)

    @each(RIVALS)
    def test_rows_that_do_not_go_together(self, row, says):
        policy = self.file("policy.ini", "[staff]\n")
        first = "alice@example.test,,totp,app,password,secret:a,"
        words = ["--policy", policy]
        outcome = self.check_rows(first, "bob@example.test,,totp,app,password,secret:a,", row,
                                  words=words, status=2)
        self.assert_lines(outcome, "bad_lines", (4, f"{says}.* 2$"))
        self.check_rows(first, "alice@example.test,,totp,new,password,secret:a,", words=words)

    def test_all_bad_rows_are_told_in_order(self):
        rows = [row for row, _ in BAD_ROWS.values()]
        outcome = self.check_rows(*rows, words=["--policy", self.file("policy.ini", "[x\n")], status=2)
        lines = [row["line"] for row in outcome.document["bad_lines"] if row["file"] == "plan"]
        self.assertEqual(lines, sorted(lines))
        # Those that are about one account's other rows come on top.
        self.assertGreaterEqual(len(set(lines)), len(BAD_ROWS))
        self.assertIn("policy", {row["file"] for row in outcome.document["bad_lines"]})

    def test_for_people_all_bad_lines_come_first(self):
        path = self.plan("alice@example.test", "bob@example.test,,sms,\x1b[2J,password,secret:a,",
                         "=cmd()|x,,totp,,password,secret:a,")
        outcome = self.cowkey(None, "rollout", "check", "--offline", path, connect=False, status=2)
        lines = outcome.stdout.splitlines()
        self.assertEqual([line.rpartition(f"{path}:")[2].split(":")[0] for line in lines], ["2", "3", "4"])
        self.assertNotIn("\x1b", outcome.stdout + outcome.stderr)
        self.assertIn("can't run", outcome.stderr)

    def test_many_bad_rows(self):
        outcome = self.check_rows(*["x"] * 1234, status=2)
        document = outcome.document
        self.assertEqual((len(document["bad_lines"]), document["bad_lines_count"]), (1000, 1234))
        text = self.cowkey(None, "rollout", "check", "--offline", self.place / "plan.csv",
                           connect=False, status=2).stdout
        self.assertIn("and 234 more", text)

    def test_an_open_quote_hides_no_other_bad_row(self):
        outcome = self.check_rows('alice@example.test,,totp,"open,password,secret:a,',
                                  "bob@example.test,,sms,,password,secret:a,",
                                  "carol@example.test,,totp,,password,secret:a,", status=2)
        self.assert_lines(outcome, "bad_lines", (2, "never closed"), (3, "method"))

    @each(BAD_POLICIES)
    def test_bad_policy(self, text, line, says):
        policy = self.file("policy.ini", text)
        outcome = self.check_rows("alice@example.test,,totp,app,password,secret:a,",
                                  words=["--policy", policy], status=2)
        self.assert_lines(outcome, "bad_lines", (line, says))
        self.assertEqual(outcome.document["bad_lines"][0]["file"], "policy")

    @each(BAD_SECRETS)
    def test_bad_secrets(self, text, line, says):
        self.secret_texts |= {"Made-Up-Comma", "Made-Up\nPassword"}
        outcome = self.check(self.plan("alice@example.test,,totp,app,password,secret:a,"),
                             *self.secrets_words(text), status=2)
        self.assert_lines(outcome, "bad_lines", (line, says))
        self.assertEqual(outcome.document["bad_lines"][0]["file"], "secrets")

    @each(BAD_HEADERS)
    def test_bad_header(self, text, says):
        outcome = self.check(self.file("plan.csv", text), status=2)
        self.assert_failed(outcome, 2, says=says)

    @each({"group": 0o640, "others": 0o604, "writable": 0o620})
    def test_secrets_for_others_to_read(self, mode):
        path = self.plan("alice@example.test,,totp,,password,secret:a,")
        words = self.secrets_words()
        words[1].chmod(mode)
        self.assert_failed(self.check(path, *words, status=2), 2, says="others may", hints="chmod 600")

    def test_secrets_without_a_file(self):
        outcome = self.check(self.plan("alice@example.test,,totp,,password,secret:a,"), status=2)
        self.assert_lines(outcome, "bad_lines", (2, "none was given"))

    def test_too_many_rows(self):
        rows = [f"made{i}@example.test,,totp,,password,secret:a," for i in range(100001)]
        self.assert_failed(self.check_rows(*rows, status=2), 2, says="more than 100000 rows",
                           hints="split")
        outcome = self.check_rows(*rows[:-1])
        self.assertEqual(outcome.document["summary"]["accounts"], 100000)

    def test_a_plan_too_large(self):
        path = self.file("plan.csv", HEAD + "\n" + "\n" * (16 * 1024 * 1024))
        self.assert_failed(self.check(path, status=2), 2, says="more than 16777216 bytes")

    def test_files_that_are_missing(self):
        path = self.plan("alice@example.test,,totp,,password,file:alice.pw,")
        for words in ([self.place / "none"], [path, "--policy", self.place / "none"],
                      [path, "--secrets", self.place / "none"]):
            self.assert_failed(self.check(*words, status=2), 2, says="none")


class Plans(RolloutCase):
    """What is understood."""

    ROWS = ("alice@example.test,,totp,,password,file:alice.pw,",
            'BOB@example.test,mailbox,webauthn,"=SUM(1,2) ""x"" {n}",password,secret:a,staff',
            "carol@example.test,,passkey,,log-in-as,,staff",
            "da1,domain-admin,passkey,,sign-on,,", "admin2,admin,totp,@x {serial},reset-password,,")
    POLICY = """# of the town
[default]
keys = 1
proof = recorded

[staff]
keys = 3
aaguids = 2fc0579f-8113-47ea-b116-bb5a8db9202a, 2FC0579F-8113-47EA-B116-BB5A8DB9202B
firmware = 5.4.3
attestation = required
pin = random
pin-length = 10
pin-change = yes
reset = yes
proof = login
label = {account} {serial} {n}
"""

    def file_words(self):
        return [*self.secrets_words(), "--policy", self.file("policy.ini", self.POLICY)]

    def assert_understood(self, outcome):
        self.assertEqual(outcome.document["summary"], {
            "rows": 5, "accounts": 5, "factors": 9,
            "methods": {"totp": 2, "webauthn": 3, "passkey": 4},
            "routes": {"password": 2, "sign-on": 1, "log-in-as": 1, "reset-password": 1},
            "touches": {"registrations": 7, "proofs": 6, "resets": 6, "login": 0},
            "serial_labels_of_keys": 4, "serial_labels_of_apps": 1, "attestations_without_roots": 6})
        self.assertIsNone(outcome.document["server"])

    def test_csv(self):
        self.assert_understood(self.check(self.plan(*self.ROWS), *self.file_words()))

    def test_csv_of_a_spreadsheet(self):
        """A byte order mark, CR LF, other columns first, empty rows at the end."""
        text = "\ufeff" + "\r\n".join([HEAD, *self.ROWS, ",,,,,,", "", ""])
        self.assert_understood(self.check(self.file("plan.csv", text), *self.file_words()))

    def test_json_lines(self):
        names = HEAD.split(",")
        cells = [row.split(",") for row in self.ROWS]
        cells[1] = ["BOB@example.test", "mailbox", "webauthn", '=SUM(1,2) "x" {n}', "password",
                    "secret:a", "staff"]
        lines = [json.dumps({name: cell or None for name, cell in zip(names, row)}) for row in cells]
        self.assert_understood(self.check(self.file("plan.jsonl", "\n".join(lines) + "\n\n"), *self.file_words()))

    def test_bad_json_lines(self):
        lines = ['{"account":"alice@example.test","method":"totp","route":"password","password_ref":"file:alice.pw"}',
                 '{"account":1}', "[]", '{"password":"Made-Up-Plain"}', "{", '{"method":"totp","method":"totp"}',
                 '{"account":"a@example.test","method":"totp","label":"a\\u0000b"}',
                 '{"account":"a@example.test","method":"' + "x" * 17000 + '"}']
        outcome = self.check(self.file("plan.jsonl", "\n".join(lines)), status=2)
        self.assert_lines(outcome, "bad_lines", (2, "is no text"), (3, "no JSON object"),
                          (4, "unknown member 'password'"), (5, "JSON"), (6, "."), (7, "."),
                          (8, "more than 16384 bytes"))
        self.assertNotIn("Made-Up-Plain", outcome.stdout)

    def test_only_the_columns_that_are_needed(self):
        path = self.plan("password,alice@example.test,totp,file:alice.pw",
                         head="route,account,method,password_ref")
        self.assertEqual(self.check(path).document["summary"]["rows"], 1)

    def test_standard_input(self):
        self.plan(*self.ROWS[:1])
        with open(self.place / "plan.csv", "rb") as plan:
            outcome = self.cowkey(None, "--json", "rollout", "check", "-", "--offline", connect=False,
                                  status=0, stdin=plan, cwd=self.place)
        self.assertEqual(outcome.document["plan"], "standard input")

    def test_passwords_lie_beside_the_plan(self):
        place = self.place / "sub"
        place.mkdir()
        (place / "plan.csv").write_text(f"{HEAD}\n{self.ROWS[0]}\n")
        outcome = self.check(place / "plan.csv", status=2)
        self.assert_lines(outcome, "bad_lines", (2, "could not be opened"))
        (self.place / "alice.pw").rename(place / "alice.pw")
        self.check(place / "plan.csv")

    def test_a_person_reads(self):
        outcome = self.cowkey(None, "rollout", "check", self.plan(*self.ROWS), "--offline", *self.file_words(),
                              connect=False, status=0)
        self.assertIn("5 rows, 5 accounts, 9 factors", outcome.stdout)
        self.assertIn("Touches to expect: 19", outcome.stdout)
        self.assertIn("serial number", outcome.stdout)
        self.assertIn("keys of 6 factors have to show a certificate", outcome.stdout)
        self.assertIn("The server was not asked", outcome.stdout)

    def test_who_asks_has_to_be_said(self):
        outcome = self.cowkey(None, "--json", "rollout", "check", self.plan(*self.ROWS[:1]), status=2)
        self.assert_failed(outcome, 2, says="neither an API key nor --account", hints="--offline")
        self.assert_nothing_sent()

    def test_offline_asks_nobody(self):
        self.check_rows(*self.ROWS[:1])
        outcome = self.check(self.plan(*self.ROWS[:1]), *self.key_words(), status=2)
        self.assert_failed(outcome, 2, says="goes without --api-key-file")
        self.assert_nothing_sent()

    def test_with_bad_lines_the_server_is_not_asked(self):
        outcome = self.check(self.plan("x"), by=API_KEY, status=2)
        self.assertIsNone(outcome.document["server"])
        self.assert_nothing_sent()


@in_every_dialect
class OnTheServer(RolloutCase):
    ACCESS = (API_KEY, "admin", "da1")

    def setUp(self):
        super().setUp()
        if not self.server.is_simulated:
            self.sessions_lost = 99  # each call by key leaves one, which a real server counts, too

    def key_words(self, kind="ro"):
        return super().key_words(kind)

    def row(self, account, method="totp", route="password", **more):
        takes = method != "passkey" or route == "password"
        ref = "secret:a" if takes and route != "reset-password" else ""
        return f"{account.name},{account.role},{method},{more.get('label', '')},{route},{ref},"

    def asked(self, *rows, by=API_KEY, status=0, **how):
        outcome = self.check_rows(*rows, by=by, status=status, **how)
        self.assert_edits_nothing()
        return outcome

    def problem(self, row, says, by=API_KEY):
        outcome = self.asked(row, by=by, status=1)
        self.assert_lines(outcome, "problems", (2, says))
        return outcome

    @each(ACCESS)
    def test_a_plan_that_runs(self, by):
        everybody = (self.alice, self.bob, self.carol, self.da1, self.server.account("admin2"))
        people = everybody[:3] if by == "da1" else everybody
        with self.unchanged(*everybody):
            outcome = self.asked(*map(self.row, people), by=by)
        server = outcome.document["server"]
        self.assertEqual(server["login"], None if by == API_KEY else by)
        self.assertEqual(server["enforceable"], self.server.dialect == "forced")
        self.assertEqual(outcome.document["summary"]["accounts"], len(people))
        self.assertEqual(self.entries(), [])  # a journal is for what is done

    @each(ACCESS)
    def test_accounts_that_are_not_there(self, by):
        outcome = self.asked("nobody@example.test,,totp,,password,secret:a,", self.row(self.alice),
                             "zoe@nowhere.example,,totp,,password,secret:a,", by=by, status=1)
        self.assert_lines(outcome, "problems", (2, "nobody@example.test: .*no such account"),
                          (4, "zoe@nowhere.example: .*no such account"))

    @each({"domain admin": "domain-admin", "admin": "admin"})
    def test_no_such(self, role):
        self.problem(f"nobody,{role},totp,,password,secret:a,", "no such account")

    def test_a_domain_admin_checks_its_mailboxes_only(self):
        outcome = self.asked(self.row(self.alice), self.row(self.server.account("da2")), by="da1", status=1)
        self.assert_lines(outcome, "problems", (3, "a domain admin manages mailboxes"))

    def test_whose_account_it_is(self):
        """The own password does for the own account, and nobody else's way in."""
        self.asked(self.row(self.da1), self.row(self.alice), by="da1")
        self.problem(self.row(self.da1, "passkey", "sign-on"), "the account that you log in with", by="da1")

    @each(ACCESS)
    def test_deactivated(self, by):
        self.server.arrange("active", self.alice.name, "off")
        self.problem(self.row(self.alice), "deactivated", by=by)

    def test_log_in_as(self):
        row = self.row(self.alice, "passkey", "log-in-as")
        self.problem(row, "needs the login of an admin")
        for by in ("admin", "da1"):
            self.asked(row, by=by)
        self.asked(self.row(self.da1, "passkey", "log-in-as"), by="admin")

    def test_log_in_as_with_key_and_login(self):
        """The API key reads; the login is made since the plan needs it, and only then."""
        for method, route, logins in (("passkey", "log-in-as", 1), ("totp", "password", 0)):
            self.server.reset()
            outcome = self.check_rows(self.row(self.alice, method, route), words=self.key_words(),
                                      by="admin")
            self.assertEqual(outcome.document["server"]["login"], "admin" if logins else None)
            if self.server.is_simulated:
                self.assertEqual(len(self.server.password_attempts()), logins)

    def test_sign_on(self):
        row = self.row(self.da1, "passkey", "sign-on")
        self.asked(row)
        self.problem(row, "needs an API key", by="admin")

    def test_a_second_factor_in_the_way(self):
        self.with_totp(self.da1)
        for route in ("password", "reset-password"):
            self.problem(self.row(self.da1, route=route), "has a second factor already")
        self.asked(self.row(self.da1, route="sign-on"))

    def test_a_password_that_has_to_be_changed(self):
        self.server.arrange("force-pw-update", self.alice.name, "on")
        if self.server.dialect == "forced":
            self.problem(self.row(self.alice), "has to change its password")
        else:  # nobody is held there
            self.asked(self.row(self.alice))
        self.asked(self.row(self.alice, route="reset-password"))

    @each({"ldap": ("ldap", True), "keycloak": ("keycloak", False), "oidc": ("generic-oidc", False)})
    def test_external(self, source, shows_factors):
        self.server.arrange("authsource", self.alice.name, source)
        self.problem(self.row(self.alice, route="reset-password"), "not kept by mailcow")
        self.problem(self.row(self.alice, "passkey"), "no passkeys")
        self.problem(self.row(self.alice, "passkey", "log-in-as"), "no passkeys", by="admin")
        for method in ("totp", "webauthn"):
            if shows_factors:
                self.asked(self.row(self.alice, method))
            else:
                self.problem(self.row(self.alice, method), "no second factors")

    @each(ACCESS)
    def test_mail_programs(self, by):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        outcome = self.asked(self.row(self.alice), self.row(self.bob),
                             self.row(self.carol, "passkey"), by=by)
        self.assertEqual(outcome.document["server"]["app_passwords_missing"], [self.alice.name])

    def test_new_passwords_whose_change_is_not_forced(self):
        outcome = self.asked(self.row(self.alice, route="reset-password"),
                             self.row(self.da1, route="reset-password"))
        self.assertEqual(outcome.document["server"]["password_changes_unforced"],
                         0 if self.server.dialect == "forced" else 1)

    def test_the_domain_is_read_at_once_where_many_are_of_it(self):
        self.server.needs_simulation()
        self.server.arrange("many-mailboxes", "example.test", "40", "factors")
        names = [f"made{i:05}@example.test" for i in range(1, 2 * LISTED_AT_ONCE + 1)]
        outcome = self.asked(*(f"{name},,passkey,,password,secret:a," for name in names),
                             "nobody@example.test,,passkey,,password,secret:a,", status=1)
        self.assert_lines(outcome, "problems", (2 + len(names), "no such account"))
        reads = [row["path"] for row in self.server.requests() if row["path"].startswith("/api/v1/get/mailbox/")]
        self.assertLessEqual(len(reads), 3, reads)

    def crowd(self, size):
        self.server.needs_simulation()
        self.server.arrange("many-mailboxes", "example.test", str(size))
        return [f"made{i:05}@example.test,,passkey,,password,secret:a," for i in range(1, 1 + 2 * LISTED_AT_ONCE)]

    def test_a_domain_whose_list_is_larger_than_what_is_held(self):
        """100 MB, and nobody has to wait for answers about each."""
        rows = self.crowd(500)
        self.server.arrange("list-filling", "200000")
        outcome = self.asked(*rows, "nobody@example.test,,passkey,,password,secret:a,", status=1)
        self.assert_lines(outcome, "problems", (2 + len(rows), "no such account"))
        self.assertEqual(outcome.document["server"]["asked_singly"], 0)

    def test_a_domain_whose_list_is_to_be_had_later(self):
        """The server asks for fewer requests; it is asked for the list once more, and for nothing else."""
        rows = self.crowd(40)
        self.server.fault("status:429:1", path="/api/v1/get/mailbox/reduced/example.test", times=2)
        outcome = self.asked(*rows, "nobody@example.test,,passkey,,password,secret:a,", status=1)
        self.assert_lines(outcome, "problems", (2 + len(rows), "no such account"))
        self.assertEqual(outcome.document["server"]["asked_singly"], 0)
        self.assertIn("asks for fewer requests", outcome.stderr)

    @each({"as it takes too long": ("hang", "did not answer within 2"), "as it breaks off": ("truncate-body", "was cut"),
           "as the server has no memory for it": ("status:500", "500")})
    def test_a_domain_whose_list_is_not_to_be_had(self, fault, cause):
        """Each of the plan's mailboxes is asked for, and what is wrong with one is seen all the same."""
        rows = self.crowd(40)
        self.server.fault(fault, path="/api/v1/get/mailbox/reduced/example.test", times=9)
        words = ("rollout", "check", self.plan(*rows, "nobody@example.test,,passkey,,password,secret:a,"),
                 *self.secrets_words(), "--timeout", "2")
        outcome = self.act(API_KEY, "--json", *words, status=1)
        self.assert_lines(outcome, "problems", (2 + len(rows), "no such account"))
        self.assertEqual(outcome.document["server"]["asked_singly"], len(rows) + 1)
        text = self.act(API_KEY, *words, status=1).stdout
        self.assertRegex(text, f"{len(rows) + 1} mailboxes were asked for one by one, since .*{cause}")

    @each(["status:429:1", "status:503:1", "status:503"])
    def test_a_domain_whose_list_comes_after_a_pause(self, fault):
        """The list that comes then is read, and nobody is asked for singly."""
        rows = self.crowd(40)
        self.server.fault(fault, path="/api/v1/get/mailbox/reduced/example.test")
        outcome = self.asked(*rows, "nobody@example.test,,passkey,,password,secret:a,", status=1)
        self.assert_lines(outcome, "problems", (2 + len(rows), "no such account"))
        self.assertEqual(outcome.document["server"]["asked_singly"], 0)

    def test_a_person_reads(self):
        outcome = self.act(API_KEY, "rollout", "check", self.plan(
            self.row(self.alice), "nobody@example.test,,totp,,password,secret:a,",
            self.row(self.da1, "passkey", "sign-on")), *self.secrets_words(), status=1)
        first = outcome.stdout.splitlines()[0]
        self.assertRegex(first, r"plan.csv:3: nobody@example.test: .*no such account")
        self.assertIn(f"  {self.alice.name}\n", outcome.stdout)
        self.assertIn("API key that may write", outcome.stdout)
        self.assertIn("1 problem.", outcome.stderr)

    def test_a_wrong_key(self):
        wrong = self.file("api.key", "MADE0UP-WRONG1-ABCDEF-123456-000009\n")
        outcome = self.cowkey(None, "--json", "rollout", "check", self.plan(self.row(self.alice)),
                              *self.secrets_words(), "--api-key-file", wrong, status=5)
        self.assert_failed(outcome, 5)

    def test_the_server_goes_away(self):
        self.server.needs_simulation()
        self.server.fault("drop-before", path=f"/api/v1/get/domain-admin/{self.da1.name}", times=9)
        outcome = self.asked(self.row(self.da1), status=6)
        self.assert_failed(outcome, 6)


class ByPasskey(KeyCase):
    """The operator's own touch is counted, too."""

    def test_touches(self):
        plan = self.file("plan.csv", f"account,method,route\n{self.alice.name},totp,reset-password\n")
        self.key_for("passkey")
        self.enroll_key(self.admin, "passkey")
        for words, how, touches in (((), {}, 0), (("--login-passkey", "--pin-file", self.pin_file),
                                                  {"password": None}, 1)):
            outcome = self.cowkey(self.admin, "--json", "rollout", "check", plan, *words, status=0, **how)
            self.assertEqual(outcome.document["summary"]["touches"]["login"], touches)


if __name__ == "__main__":
    unittest.main()
