"""remove and rename: the account's own entries, named by their IDs, believed when the list shows it."""

import unittest
from urllib.parse import quote

import otp
from case import ROLES, Case, each, in_every_dialect, plays_on

YES_OR_NO = r"remove\?[^?\n]*$"
PHONE, TABLET = "old phone", "tablet"


class EntryCase(Case):
    def setUp(self):
        super().setUp()
        self.ids = {}

    def run_on(self, account, *words, status=None, **how):
        """A command of the account, which logs in with the phone where it has one."""
        line = ["--json", *words]
        if self.ids:
            line += ["--login-factor", PHONE, "--login-secret-file", self.secret_file(otp.SECRET)]
        return self.cowkey(account, *line, status=status, **how)

    def remove(self, account, *words, status=0, **how):
        return self.run_on(account, "--yes", "remove", *words, status=status, **how)

    def with_phone(self, account):
        self.ids[PHONE] = self.with_totp(account, PHONE)

    def with_both(self, account):
        self.with_phone(account)
        self.ids[TABLET] = self.with_totp(account, TABLET, otp.OTHER_SECRET)

    def with_passkey(self, account, label="blue key"):
        return self.server.arrange("add-passkey", account.name, label).strip()

    def passkeys(self, account):
        return [row["label"] for row in self.server.tell("passkeys", account.name)]

    def assert_removed(self, outcome, *labels, factors_left):
        document = outcome.document
        self.assertEqual((document["schema"], document["result"]), ("cowkey.remove/1", "removed"))
        self.assertEqual([entry["label"] for entry in document["entries"]], list(labels))
        self.assertEqual(document["factors_left"], factors_left)


@in_every_dialect
class Factors(EntryCase):
    @each(ROLES)
    def test_by_row_number(self, role):
        account = self.server.of_role(role)
        self.with_both(account)
        self.assert_removed(self.remove(account, self.ids[TABLET]), TABLET, factors_left=1)
        self.assert_labels(account, PHONE)

    def test_by_label(self):
        self.with_both(self.bob)
        self.assert_removed(self.remove(self.bob, TABLET), TABLET, factors_left=1)

    @each(ROLES)
    def test_the_last_one(self, role):
        """The server keeps it when asked by its id: all are switched off then."""
        account = self.server.of_role(role)
        self.with_phone(account)
        forced = self.run_on(account, "list", status=0).document["forced"]
        outcome = self.remove(account, PHONE)
        self.assert_removed(outcome, PHONE, factors_left=0)
        self.assertRegex(outcome.stderr, "(?i)no second factor will be left")
        self.assertEqual("if it insists" in outcome.stderr, forced is None)
        self.assert_labels(account)

    @each(ROLES)
    def test_all_of_them(self, role):
        account = self.server.of_role(role)
        self.with_both(account)
        outcome = self.remove(account, "--all-factors")
        self.assert_removed(outcome, PHONE, TABLET, factors_left=0)
        self.assert_labels(account)

    def test_all_of_none(self):
        self.assert_removed(self.remove(self.bob, "--all-factors"), factors_left=0)

    def test_the_one_in_use_is_pointed_out(self):
        self.with_both(self.bob)
        outcome = self.remove(self.bob, PHONE)
        self.assertRegex(outcome.stderr, "(?i)logged in with just now")
        self.assert_labels(self.bob, TABLET)

    @each({"number": "4711", "text": "no such phone", "passkey": "pk:0123456789abcdef"})
    def test_refuses_an_unknown(self, what):
        """The server would say success."""
        self.with_both(self.bob)
        with self.unchanged(self.bob):
            outcome = self.remove(self.bob, what, status=2)
        self.assert_failed(outcome, 2, says="no factor|no passkey", hints="cowkey list")

    def test_refuses_that_of_somebody_else(self):
        theirs = self.with_totp(self.alice, "hers", otp.OTHER_SECRET)
        self.with_both(self.bob)
        with self.unchanged(self.alice, self.bob):
            self.assert_failed(self.remove(self.bob, theirs, status=2), 2)

    def test_refuses_a_label_that_several_have(self):
        self.with_both(self.bob)
        self.with_totp(self.bob, TABLET, otp.OTHER_SECRET)
        with self.unchanged(self.bob):
            outcome = self.remove(self.bob, TABLET, status=2)
        self.assert_failed(outcome, 2, says="2 entries", hints="ID")

    def test_row_number_goes_before_a_label(self):
        self.with_both(self.bob)
        self.with_totp(self.bob, str(self.ids[TABLET]), otp.OTHER_SECRET)
        self.assert_removed(self.remove(self.bob, self.ids[TABLET]), TABLET, factors_left=2)


class Enforced(EntryCase):
    """The flag as a number keeps every factor; as a string it keeps none."""

    @each(ROLES)
    def test_by_a_number_keeps_one_of_two(self, role):
        account = self.server.of_role(role)
        self.with_both(account)
        self.server.arrange("force-tfa", account.name, "number")
        with self.unchanged(account):
            outcome = self.remove(account, TABLET, status=3)
        self.assert_failed(outcome, 3, hints="enforce.*admin")
        self.assertEqual(outcome.document["result"], "failed")

    @each({"by-id": [PHONE], "all": ["--all-factors"]})
    def test_by_a_number_keeps_the_last(self, words):
        self.with_phone(self.bob)
        self.server.arrange("force-tfa", self.bob.name, "number")
        with self.unchanged(self.bob):
            outcome = self.remove(self.bob, *words, status=3)
        self.assert_failed(outcome, 3, hints="enforce.*admin")

    @each(["mailbox", "admin"])
    def test_by_a_string_lets_the_last_go_with_a_warning(self, role):
        account = self.server.of_role(role)
        self.with_phone(account)
        self.server.arrange("force-tfa", account.name, "string")
        outcome = self.remove(account, PHONE)
        self.assertRegex(outcome.stderr, "(?i)insists.*held")
        self.assert_labels(account)

    def test_and_held_shows_nothing_to_remove(self):
        self.server.arrange("force-tfa", self.bob.name, "string")
        outcome = self.remove(self.bob, "anything", status=3)
        self.assert_failed(outcome, 3, says="holds", hints="enroll")


class Asking(EntryCase):
    def begin(self, *words):
        self.with_both(self.bob)
        person = self.sit_down(self.bob, "--json", "--login-factor", PHONE, "--login-secret-file",
                               self.secret_file(otp.SECRET), "remove", *words)
        person.expect(YES_OR_NO)
        return person

    def test_names_what_will_go(self):
        person = self.begin(TABLET)
        self.assertRegex(person.shown, rf"'{TABLET}' \(ID {self.ids[TABLET]}\)")
        person.answer("y")
        self.assert_removed(self.finish(person, 0), TABLET, factors_left=1)

    @each(["n", ""])
    def test_takes_for_a_no(self, answer):
        person = self.begin(TABLET)
        with self.unchanged(self.bob):
            person.answer(answer)
            outcome = self.finish(person, 3)
        self.assert_failed(outcome, 3, says="wished")

    def test_interrupted_changes_nothing(self):
        person = self.begin(TABLET)
        with self.unchanged(self.bob):
            person.interrupt()
            self.finish(person, 130)

    def test_needs_a_terminal_or_yes(self):
        self.with_both(self.bob)
        with self.unchanged(self.bob):
            outcome = self.run_on(self.bob, "remove", TABLET, status=2)
        self.assert_failed(outcome, 2, hints="--yes")

    @each({"nothing": [], "both": ["--all-factors", "x"], "two": ["x", "y"]})
    def test_refuses(self, words):
        self.assert_failed(self.run_on(self.bob, "remove", *words, status=2), 2)
        self.assert_nothing_sent()

    def test_escapes_the_label(self):
        self.with_phone(self.bob)
        nasty = self.with_totp(self.bob, "bad\x9b[31m\u202e", otp.OTHER_SECRET)
        outcome = self.remove(self.bob, nasty)
        self.assertNotRegex(outcome.stderr + outcome.stdout, "[\x9b\u202e]")
        self.assertNotIn("\x1b", outcome.stderr + outcome.stdout)


class Passkeys(EntryCase):
    @each(ROLES)
    @in_every_dialect
    def test_by_their_id(self, role):
        account = self.server.of_role(role)
        cid = self.with_passkey(account)
        self.with_passkey(account, "red key")
        outcome = self.remove(account, f"pk:{cid[:8]}")
        self.assertEqual((outcome.document["entries"], outcome.document["passkeys_left"]),
                         ([{"id": f"pk:{cid[:8]}", "kind": "passkey", "label": "blue key"}], 1))
        self.assertEqual(self.passkeys(account), ["red key"])

    @each({"longer": 20, "whole": 64})
    def test_by_a_prefix(self, digits):
        cid = self.with_passkey(self.bob)
        self.remove(self.bob, f"pk:{cid[:digits].upper()}")
        self.assertEqual(self.passkeys(self.bob), [])

    def test_not_by_seven_digits(self):
        cid = self.with_passkey(self.bob)
        self.assert_failed(self.remove(self.bob, f"pk:{cid[:7]}", status=2), 2)
        self.assertEqual(self.passkeys(self.bob), ["blue key"])

    def test_the_last_one_is_pointed_out(self):
        self.with_passkey(self.bob)
        outcome = self.remove(self.bob, "blue key")
        self.assertRegex(outcome.stderr, "(?i)last passkey")

    def test_by_a_label_that_a_factor_has_too(self):
        self.with_phone(self.bob)
        self.with_passkey(self.bob, PHONE)
        with self.unchanged(self.bob):
            self.assert_failed(self.remove(self.bob, PHONE, status=2), 2, says="2 entries")
        self.assertEqual(self.passkeys(self.bob), [PHONE])

    def test_stay_when_all_factors_go(self):
        self.with_phone(self.bob)
        self.with_passkey(self.bob)
        outcome = self.remove(self.bob, "--all-factors")
        self.assertEqual(outcome.document["passkeys_left"], 1)
        self.assertEqual(self.passkeys(self.bob), ["blue key"])


class Renaming(EntryCase):
    def rename(self, account, *words, status=0):
        return self.run_on(account, "rename", *words, status=status)

    @each(ROLES)
    @in_every_dialect
    def test_a_passkey(self, role):
        account = self.server.of_role(role)
        cid = self.with_passkey(account)
        document = self.rename(account, f"pk:{cid[:8]}", "my \"key\" <1> ünïcode").document
        self.assertEqual((document["result"], document["id"], document["label_before"]),
                         ("renamed", f"pk:{cid[:8]}", "blue key"))
        self.assertEqual(self.passkeys(account), [document["label"]])

    def test_a_passkey_by_its_label_although_a_factor_has_it(self):
        self.with_phone(self.bob)
        self.with_passkey(self.bob, PHONE)
        self.rename(self.bob, PHONE, "key")
        self.assertEqual(self.passkeys(self.bob), ["key"])

    @each({"row": 231, "label": PHONE})
    def test_a_factor_is_what_the_server_can_t(self, what):
        self.with_phone(self.bob)
        what = self.ids[PHONE] if what == 231 else what
        with self.unchanged(self.bob):
            outcome = self.rename(self.bob, what, "new phone", status=2)
        self.assert_failed(outcome, 2, says="second factor.*passkeys only", hints="--replace")

    def test_an_unknown_one(self):
        """The server would say success."""
        self.with_passkey(self.bob)
        self.assert_failed(self.rename(self.bob, "pk:0123456789", "x", status=2), 2,
                           says="no passkey", hints="cowkey list")

    @each({"empty": "", "space": " x", "control": "a\x01", "too long": "x" * 256, "zero": "0"})
    def test_to_what_can_t_be_shown(self, label):
        self.with_passkey(self.bob)
        self.assert_failed(self.rename(self.bob, "blue key", label, status=2), 2)
        self.assertEqual(self.passkeys(self.bob), ["blue key"])

    @each({"no label": ["blue key"], "nothing": [], "three": ["a", "b", "c"]})
    def test_refuses(self, words):
        self.assert_failed(self.rename(self.bob, *words, status=2), 2)
        self.assert_nothing_sent()


REMOVAL = {"factor": {"field": "unset_tfa_key"}, "passkey": {"field": "unset_fido2_key"},
           "all": {"field": "set_tfa"}, "name": {"path": "/api/v1/edit/fido2-fn"}}


class Faults(EntryCase):
    """What a cut connection leaves unknown, and what a lie does not hide."""

    def change(self, kind, status):
        self.with_both(self.bob)
        self.with_passkey(self.bob)
        words = {"factor": ["remove", TABLET], "passkey": ["remove", "blue key"],
                 "all": ["remove", "--all-factors"], "name": ["rename", "blue key", "red key"]}
        return self.run_on(self.bob, "--yes", *words[kind], status=status)

    def state(self):
        return ([row["label"] for row in self.server.factors(self.bob)], self.passkeys(self.bob))

    @each({f"{kind} {do}": (kind, do) for kind in REMOVAL
           for do in ("drop-before", "drop-after", "cut:10", "status:502")})
    def test_status_4_for(self, kind, do):
        self.server.fault(do, method="POST", **REMOVAL[kind])
        outcome = self.change(kind, 4)
        self.assert_failed(outcome, 4, hints="cowkey .*list")
        self.assertEqual(outcome.document["result"], "unknown")

    @each(list(REMOVAL))
    def test_a_lie_is_caught(self, kind):
        self.server.fault("lie-success", times=9, method="POST", **REMOVAL[kind])
        outcome = self.change(kind, 3)
        self.assertEqual(outcome.document["result"], "failed")
        self.assertEqual(self.state(), ([PHONE, TABLET], ["blue key"]))

    def test_a_lie_about_the_last_factor_is_caught(self):
        self.with_phone(self.bob)
        self.server.fault("lie-success", times=9, method="POST", field="set_tfa")
        with self.unchanged(self.bob):
            self.assert_failed(self.remove(self.bob, PHONE, status=3), 3)

    @each(list(REMOVAL))
    def test_an_ended_login_changes_nothing(self, kind):
        self.server.fault("expired", method="POST", **REMOVAL[kind])
        outcome = self.change(kind, None)
        self.assertIn(outcome.status, (3, 4), outcome)
        self.assertEqual(self.state(), ([PHONE, TABLET], ["blue key"]))

    def test_a_page_of_somebody_else_is_noticed(self):
        self.server.fault(f"other-account:{self.alice.name}", method="POST",
                          field="unset_tfa_key")
        self.assert_failed(self.change("factor", 4), 4, says="alice")

    def test_a_factor_that_somebody_adds_meanwhile_is_not_lost(self):
        self.with_phone(self.bob)
        self.server.meanwhile("add-totp", self.bob.name, TABLET, otp.OTHER_SECRET, method="POST",
                              field="unset_tfa_key")
        self.remove(self.bob, PHONE)
        self.assert_labels(self.bob, TABLET)

    @each({f"exchange {n} {do}": (n, do) for n in range(6) for do in ("drop-before", "drop-after")})
    def test_leaves_no_session_when_cut_at(self, number, do):
        self.sessions_lost = 1 if do == "drop-after" else 0
        self.with_both(self.bob)
        self.server.fault(do, skip=number, times=2)
        outcome = self.remove(self.bob, TABLET, status=None)
        self.assertIn(outcome.status, (0, 4, 6), outcome)
        labels = [row["label"] for row in self.server.factors(self.bob)]
        if outcome.status != 4:
            self.assertEqual(labels, [PHONE] if outcome.status == 0 else [PHONE, TABLET])


class External(EntryCase):
    """A list that the page hides is no empty list."""

    def comes_from(self, source):
        if self.server.dialect == "single":
            raise unittest.SkipTest("this release knows no outside accounts")
        self.server.meanwhile("authsource", self.bob.name, source, method="GET",
                              path=self.server.factor_page("mailbox"))

    @each(["keycloak", "generic-oidc"])
    def test_factors_are_not_removed(self, source):
        self.with_phone(self.bob)
        self.comes_from(source)
        for words in ([PHONE], ["--all-factors"]):
            with self.unchanged(self.bob):
                self.assert_failed(self.remove(self.bob, *words, status=3), 3, says="not show")
            self.server.arrange("authsource", self.bob.name, "mailcow")
            self.comes_from(source)

    def test_passkeys_of_a_directory_account_are_not_renamed(self):
        self.with_passkey(self.bob)
        self.comes_from("ldap")
        self.assert_failed(self.run_on(self.bob, "rename", "blue key", "x", status=3), 3,
                           says="not show")


@plays_on("forced")
class Budget(EntryCase):
    def test_of_a_removal(self):
        self.with_both(self.bob)
        self.remove(self.bob, TABLET)
        self.assertEqual([(row["method"], row["path"]) for row in self.server.exchanges()],
                         [("GET", "/api/v1/process/fido2-args"), ("POST", "/"), ("POST", "/"),
                          ("GET", "/user"), ("GET", f"/api/v1/get/mailbox/{quote(self.bob.name)}"),
                          ("POST", "/user")])
        self.assertEqual(len(self.server.password_attempts()), 1)
