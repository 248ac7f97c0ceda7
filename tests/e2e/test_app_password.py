"""app-password: made, listed and removed, also on the way of an enrollment."""

import re
import stat

import otp
from case import Case, each, in_every_dialect, plays_on

EVERYTHING = ["dav", "eas", "imap", "pop3", "sieve", "smtp"]
SHAPE = r"[a-km-np-zA-HJ-NP-Z2-9]{4}(-[a-km-np-zA-HJ-NP-Z2-9]{4}){5}"
ADD = {"method": "POST", "path": "/api/v1/add/app-passwd"}
DELETE = {"method": "POST", "path": "/api/v1/delete/app-passwd"}
YES_OR_NO = r"remove\?[^?\n]*$"


class AppPasswordCase(Case):
    @property
    def new(self):
        return self.place / "app-password"

    def run_on(self, account, *words, status=0, **how):
        return self.cowkey(account, "--json", *words, status=status, **how)

    def add(self, account, *words, status=0, **how):
        return self.run_on(account, "app-password", "add", "--out", self.new, *words,
                           status=status, **how)

    def remove(self, account, *words, status=0, **how):
        return self.run_on(account, "--yes", "app-password", "remove", *words, status=status, **how)

    def list(self, account):
        return self.run_on(account, "app-password", "list").document["app_passwords"]

    def truth(self, account):
        """As an admin of the server sees them."""
        return self.server.web.app_passwords(account)

    def stored(self):
        """What is in the file; no output may show it."""
        text = self.new.read_text()
        self.assertRegex(text, rf"\A{SHAPE}\n\Z")
        self.secret_texts.add(text.strip())
        return text.strip()

    def finish(self, run, *words, **how):
        outcome = super().finish(run, *words, **how)
        if self.new.exists():
            self.secret_texts.add(self.new.read_text().strip())
        return outcome


@in_every_dialect
class Adding(AppPasswordCase):
    def test_for_everything(self):
        document = self.add(self.bob, "laptop").document
        (row,) = self.truth(self.bob)
        self.assertEqual((document["schema"], document["action"], document["result"],
                          document["label"], sorted(document["protocols"])),
                         ("cowkey.app-password/1", "add", "added", "laptop", EVERYTHING))
        self.assertEqual((str(row["id"]), row["label"], row["protocols"], row["active"]),
                         (document["id"], "laptop", EVERYTHING, True))

    def test_is_what_the_file_holds(self):
        self.add(self.bob, "laptop")
        self.assertEqual(stat.S_IMODE(self.new.stat().st_mode), 0o600)
        (row,) = self.server.tell("app-passwords", self.bob.name)
        self.assertEqual(row["password"], self.stored())

    def test_is_another_each_time(self):
        self.add(self.bob, "laptop")
        first = self.stored()
        self.new.unlink()
        self.add(self.bob, "laptop")
        self.assertNotEqual(self.stored(), first)
        self.assertEqual(len(self.truth(self.bob)), 2)

    def test_for_some_protocols(self):
        self.add(self.bob, "laptop", "--protocols", "imap,smtp")
        self.assertEqual(self.truth(self.bob)[0]["protocols"], ["imap", "smtp"])

    @each(["lap & top <1> \"x\" 'y'", "ünïcode 📱", "&amp;", "-x"])
    def test_called(self, label):
        words = ["--", label] if label.startswith("-") else [label]
        self.assertEqual(self.add(self.bob, *words).document["label"], label)
        self.assertEqual([row["label"] for row in self.list(self.bob)], [label])
        self.remove(self.bob, *words)
        self.assertEqual(self.truth(self.bob), [])

    def test_with_a_factor(self):
        self.with_totp(self.bob)
        self.add(self.bob, "laptop", "--login-secret-file", self.secret_file(otp.SECRET))
        self.assertEqual(len(self.truth(self.bob)), 1)

    def test_is_shown_once_to_a_person(self):
        outcome = self.cowkey(self.bob, "app-password", "add", "laptop", status=0)
        self.assertRegex(outcome.stdout, rf"\A{SHAPE}\n\Z")
        (row,) = self.server.tell("app-passwords", self.bob.name)
        self.assertEqual(outcome.stdout.strip(), row["password"])


class Refusing(AppPasswordCase):
    @each(["domain-admin", "admin"])
    def test_accounts_that_are_no_mailbox(self, role):
        account = self.server.of_role(role)
        for words in (["add", "x", "--out", self.new], ["list"], ["remove", "1"]):
            outcome = self.run_on(account, "app-password", *words, status=2)
            self.assert_failed(outcome, 2, says="no mailbox")
        self.assert_nothing_sent()

    @each({"unknown": "imap,carrier-pigeon", "empty": "", "space": "imap, smtp", "twice": "imap,,"})
    def test_protocols(self, protocols):
        self.assert_failed(self.add(self.bob, "x", "--protocols", protocols, status=2), 2,
                           says="--protocols takes")
        self.assert_nothing_sent()

    @each({"empty": "", "zero": "0", "space": " x", "control": "a\nb", "long": "x" * 256,
           "long once escaped": "&" * 52})
    def test_label(self, label):
        self.assert_failed(self.add(self.bob, label, status=2), 2, says="label")
        self.assert_nothing_sent()
        self.assertFalse(self.new.exists())

    def test_a_file_that_exists(self):
        self.new.write_text("precious")
        self.assert_failed(self.add(self.bob, "x", status=2), 2, says="exists")
        self.assertEqual(self.new.read_text(), "precious")
        self.assert_nothing_sent()
        self.new.unlink()

    def test_json_without_a_file(self):
        outcome = self.run_on(self.bob, "app-password", "add", "x", status=2)
        self.assert_failed(outcome, 2, says="nobody would get")
        self.assert_nothing_sent()

    @each({"add": ["add"], "two labels": ["add", "a", "b"], "remove": ["remove"], "alone": []})
    def test_words(self, words):
        self.assert_failed(self.run_on(self.bob, "app-password", *words, status=2), 2)

    def test_wrong_password_leaves_no_file(self):
        wrong = self.password_file("Made-Up-Wrong-1")
        self.assert_failed(self.add(self.bob, "x", "--password-file", wrong, status=5), 5)
        self.assertFalse(self.new.exists())

    @each(["a directory that is missing", "a full disk"])
    def test_a_file_that_can_t_be_made(self, why):
        path = "/dev/full/x" if why == "a full disk" else self.place / "missing" / "x"
        outcome = self.run_on(self.bob, "app-password", "add", "x", "--out", path, status=2)
        self.assert_failed(outcome, 2)
        self.assertEqual(self.truth(self.bob), [])


class Listing(AppPasswordCase):
    @in_every_dialect
    def test_none(self):
        self.assertEqual(self.list(self.bob), [])

    @in_every_dialect
    def test_some(self):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        self.server.arrange("add-app-password", self.bob.name, "phone")
        self.server.arrange("add-app-password", self.carol.name, "hers")
        rows = self.list(self.bob)
        self.assertEqual([row["label"] for row in rows], ["laptop", "phone"])
        self.assertTrue(all(row["active"] and row["created"] for row in rows))

    def test_for_a_person(self):
        self.server.arrange("add-app-password", self.bob.name, "laptop\x1b[31m")
        text = self.cowkey(self.bob, "app-password", "list", status=0).stdout
        self.assertRegex(text, r"(?m)^\d+ +imap smtp +laptop\\x1b")

    def test_shows_no_hash(self):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        self.assertNotIn("CRYPT", self.cowkey(self.bob, "--json", "app-password", "list").stdout)

    @each(["truncate-body", "status:502", "cut:30"])
    def test_that_can_t_be_read(self, do):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        self.server.fault(do, path="/api/v1/get/app-passwd/all")
        self.assert_failed(self.run_on(self.bob, "app-password", "list", status=6), 6)

    @plays_on("forced")
    def test_in_a_forced_set_up(self):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        self.server.arrange("force-tfa", self.bob.name, "string")
        self.assertEqual(len(self.list(self.bob)), 1)


class Removing(AppPasswordCase):
    def setUp(self):
        super().setUp()
        for label in ("laptop", "phone"):
            self.server.arrange("add-app-password", self.bob.name, label)
        self.id = self.truth(self.bob)[0]["id"]

    def labels(self):
        return [row["label"] for row in self.truth(self.bob)]

    @in_every_dialect
    @each(["id", "label"])
    def test_by(self, way):
        document = self.remove(self.bob, self.id if way == "id" else "laptop").document
        self.assertEqual((document["action"], document["result"], document["id"],
                          document["label"]), ("remove", "removed", str(self.id), "laptop"))
        self.assertEqual(self.labels(), ["phone"])

    @each(["4711", "tablet"])
    def test_an_unknown_one(self, what):
        self.assert_failed(self.remove(self.bob, what, status=2), 2, hints="app-password list")
        self.assertEqual(self.labels(), ["laptop", "phone"])

    def test_that_of_somebody_else(self):
        self.assert_failed(self.remove(self.carol, self.id, status=2), 2)
        self.assertEqual(self.labels(), ["laptop", "phone"])

    def test_one_of_two_of_that_name(self):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        self.assert_failed(self.remove(self.bob, "laptop", status=2), 2, says="more than one")

    def test_is_asked_before(self):
        person = self.sit_down(self.bob, "--json", "app-password", "remove", "laptop")
        person.expect(r"'laptop'[^\n]*stop working")
        person.expect(YES_OR_NO)
        person.answer("n")
        self.assert_failed(self.finish(person, 3), 3, says="wished")
        self.assertEqual(self.labels(), ["laptop", "phone"])

    def test_needs_a_terminal_or_yes(self):
        outcome = self.run_on(self.bob, "app-password", "remove", "laptop", status=2)
        self.assert_failed(outcome, 2, hints="--yes")


class Faults(AppPasswordCase):
    @each(["drop-before", "drop-after", "cut:10", "status:502"])
    def test_status_4_for_adding(self, do):
        self.server.fault(do, **ADD)
        outcome = self.add(self.bob, "laptop", status=4)
        self.assert_failed(outcome, 4, hints="app-password list")
        self.assertEqual(outcome.document["result"], "unknown")
        self.stored()

    @each(["drop-before", "drop-after", "cut:10", "status:502"])
    def test_status_4_for_removing(self, do):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        self.server.fault(do, **DELETE)
        self.assert_failed(self.remove(self.bob, "laptop", status=4), 4, hints="app-password list")

    def test_a_lie_about_adding_is_caught(self):
        self.server.fault("lie-success", **ADD)
        outcome = self.add(self.bob, "laptop", status=3)
        self.assert_failed(outcome, 3, says="did not store")
        self.assertFalse(self.new.exists())

    def test_a_lie_about_removing_is_caught(self):
        self.server.arrange("add-app-password", self.bob.name, "laptop")
        self.server.fault("lie-success", **DELETE)
        self.assert_failed(self.remove(self.bob, "laptop", status=3), 3, says="did not remove")
        self.assertEqual(len(self.truth(self.bob)), 1)

    def test_what_cannot_be_read_back(self):
        self.server.fault("drop-before", path="/api/v1/get/app-passwd/all", skip=1,
                          times=9)
        self.assert_failed(self.add(self.bob, "laptop", status=4), 4)
        self.stored()

    def test_somebody_else_makes_one_too(self):
        self.server.meanwhile("add-app-password", self.bob.name, "laptop", **ADD)
        self.assert_failed(self.add(self.bob, "laptop", status=4), 4, says="gained 2")

    def test_an_ended_login(self):
        self.server.fault("expired", **ADD)
        outcome = self.add(self.bob, "laptop", status=None)
        self.assertIn(outcome.status, (3, 4), outcome)
        self.assertEqual(self.truth(self.bob), [])

    @each({f"exchange {n} {do}": (n, do) for n in range(6) for do in ("drop-before", "drop-after")})
    def test_leaves_no_session_when_cut_at(self, number, do):
        self.sessions_lost = 1 if do == "drop-after" else 0
        self.server.fault(do, skip=number, times=2)
        outcome = self.add(self.bob, "laptop", status=None)
        self.assertIn(outcome.status, (0, 4, 6), outcome)
        if outcome.status != 4:
            rows = self.server.tell("app-passwords", self.bob.name)
            self.assertEqual(len(rows), 1 if outcome.status == 0 else 0)
            self.assertEqual(self.new.exists(), outcome.status == 0)


@in_every_dialect
class OnTheWay(AppPasswordCase):
    """enroll --app-password: made when the factor is about to shut out the mail programs."""

    def enroll_with(self, account, *words, status=0, **how):
        line = ["--json", "enroll", "totp", "--unattended", "--out", self.out, "--app-password",
                "laptop", "--app-password-out", self.new, *words]
        return self.cowkey(account, *line, status=status, **how)

    def test_needs_no_yes(self):
        document = self.assert_enrolled(self.enroll_with(self.bob), self.bob,
                                        mail_programs="app-passwords")
        (row,) = self.truth(self.bob)
        self.assertEqual((document["app_password_id"], row["label"], row["protocols"]),
                         (str(row["id"]), "laptop", EVERYTHING))
        self.stored()

    @plays_on("forced")
    def test_in_a_forced_set_up(self):
        self.server.arrange("force-tfa", self.bob.name, "string")
        self.assert_enrolled(self.enroll_with(self.bob), self.bob, forced=True)
        self.assertEqual(len(self.truth(self.bob)), 1)

    def test_is_shown_once_to_a_person(self):
        outcome = self.cowkey(self.bob, "enroll", "totp", "--unattended", "--out", self.out,
                              "--app-password", "laptop", status=0)
        self.assertRegex(outcome.stdout, rf"(?m)^{SHAPE}$")
        self.secret_texts -= set(re.findall(SHAPE, outcome.stdout))

    def test_goes_again_when_the_factor_is_refused(self):
        self.server.fault("refuse-code", field="set_tfa")
        outcome = self.enroll_with(self.bob, status=3)
        self.assertEqual((outcome.document["result"], outcome.document["app_password_id"]),
                         ("failed", None))
        self.assertEqual((self.truth(self.bob), self.new.exists()), ([], False))

    def test_goes_again_when_the_proof_is_refused(self):
        self.server.fault("refuse-code", field="verify_tfa_login")
        outcome = self.enroll_with(self.bob, status=3)
        self.assertIsNone(outcome.document["app_password_id"])
        self.assertEqual((self.truth(self.bob), self.new.exists()), ([], False))
        self.assert_labels(self.bob)

    def test_that_can_t_be_made_stops_the_enrollment(self):
        self.server.fault("lie-success", **ADD)
        with self.unchanged(self.bob):
            self.assert_failed(self.enroll_with(self.bob, status=3), 3, says="app password")
        self.assertFalse(self.new.exists() or self.out.exists())

    def test_of_which_nothing_is_known_stops_the_enrollment(self):
        self.server.fault("drop-after", **ADD)
        with self.unchanged(self.bob):
            outcome = self.enroll_with(self.bob, status=4)
        self.assert_failed(outcome, 4, says="app password", hints="app-password list")
        self.stored()

    def test_that_can_t_go_again_is_named(self):
        self.server.fault("refuse-code", field="set_tfa")
        self.server.fault("drop-before", **DELETE)
        outcome = self.enroll_with(self.bob, status=4)
        self.assert_failed(outcome, 4, says="could not be removed", hints="app-password remove")
        self.assertEqual(str(self.truth(self.bob)[0]["id"]), outcome.document["app_password_id"])

    def test_stays_when_the_outcome_is_unknown(self):
        self.server.fault("drop-after", field="set_tfa")
        outcome = self.enroll_with(self.bob, status=4)
        self.assertIsNotNone(outcome.document["app_password_id"])
        self.stored()


class OnTheWayRefused(AppPasswordCase):
    @each(["domain-admin", "admin"])
    def test_for_accounts_that_are_no_mailbox(self, role):
        outcome = self.enroll(self.server.of_role(role), "--app-password", "x",
                              "--app-password-out", self.new, status=2)
        self.assert_failed(outcome, 2, says="no mailbox")
        self.assert_nothing_sent()

    def test_a_file_without_a_label(self):
        self.assert_failed(self.enroll(self.bob, "--app-password-out", self.new, status=2), 2,
                           says="goes with")

    def test_json_without_a_file(self):
        self.assert_failed(self.enroll(self.bob, "--app-password", "x", status=2), 2,
                           says="nobody would get")

    def test_not_with_a_passkey(self):
        outcome = self.run_on(self.bob, "enroll", "passkey", "--app-password", "x", status=2)
        self.assert_failed(outcome, 2, says="does not take")
