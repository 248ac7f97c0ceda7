"""enroll and prove yubiotp: a person touches a key that a simulated service knows.

A real server would ask Yubico, so all of this is played on a simulated one only.
"""

import itertools
import random

import otp
from case import ROLES, Case, each, in_every_dialect, plays_on

CLIENT_ID, CLIENT_KEY = "87", "TWFkZS1VcC1ZdWJpY28tS2V5LTE="
MODHEX = "cbdefghijklnrtuv"
TOUCH = r"touch the yubikey[^\n]*: *$"
RETRY = r"again\?[^\n]*$"


class Yubikey:
    def __init__(self, name="cccccccbdefg"):
        self.name = name
        self._numbers = itertools.count()

    def touch(self):
        """Another one each time."""
        chance = random.Random(f"{self.name} {next(self._numbers)}")
        return self.name + "".join(chance.choice(MODHEX) for _ in range(32))


class YubiotpCase(Case):
    def setUp(self):
        super().setUp()
        self.server.needs_simulation("Yubico's service")
        self.secret_texts.add(CLIENT_KEY)
        self.key = Yubikey()

    def touch(self, person, key=None, text=None):
        person.ask(TOUCH)
        typed = text or (key or self.key).touch()
        self.secret_texts.add(typed)
        person.answer(typed)
        return typed

    @property
    def key_file(self):
        return self.file("yubico-key", CLIENT_KEY + "\n")

    def begin(self, account, *words):
        line = ["--json", "--yes", "enroll", "yubiotp", "--yubico-id", CLIENT_ID,
                "--yubico-key-file", self.key_file, *words]
        return self.sit_down(account, *line)

    def enroll_key(self, account, *words, status=0):
        person = self.begin(account, *words)
        self.touch(person)
        self.touch(person)
        return self.finish(person, status)

    def assert_key_enrolled(self, outcome, account, others=0, **members):
        document = outcome.document
        wanted = {"method": "yubiotp", "result": "enrolled", "proof": "login", "code_source": None,
                  **members}
        self.assertEqual({name: document[name] for name in wanted}, wanted)
        rows = self.server.factors(account)
        self.assertEqual(len(rows), others + 1)
        row = next(row for row in rows if row["id"] == document["factor_id"])
        self.assertEqual((row["label"], row["method"]), (document["label"], "yubiotp"))
        return document


@in_every_dialect
class Enrolling(YubiotpCase):
    @each(ROLES)
    def test_is_proved_by_a_second_touch(self, role):
        account = self.server.of_role(role)
        self.assert_key_enrolled(self.enroll_key(account), account)

    @each(ROLES)
    def test_with_a_phone_before(self, role):
        account = self.server.of_role(role)
        self.with_totp(account)
        outcome = self.enroll_key(account, "--login-secret-file", self.secret_file(otp.SECRET))
        self.assert_key_enrolled(outcome, account, others=1)

    def test_recorded_takes_one_touch(self):
        person = self.begin(self.bob, "--proof", "recorded")
        self.touch(person)
        document = self.finish(person, 0).document
        self.assertEqual((document["result"], document["proof"]), ("recorded", "recorded"))

    def test_another_touch_proves_it(self):
        self.enroll_key(self.bob)
        person = self.sit_down(self.bob, "--json", "prove", "yubiotp")
        self.touch(person)
        document = self.finish(person, 0).document
        (row,) = self.server.factors(self.bob)
        self.assertEqual((document["method"], document["result"], document["factor_id"]),
                         ("yubiotp", "accepted", row["id"]))


class Entering(YubiotpCase):
    def test_everything_by_hand(self):
        person = self.sit_down(self.bob, "enroll", "yubiotp", password=None)
        person.expect("api.yubico.com")
        person.expect(r"client ID: *$")
        person.answer(CLIENT_ID)
        person.ask(r"client key: *$")
        person.answer(CLIENT_KEY)
        person.ask("password[^\n]*:")
        person.answer(self.bob.password)
        person.expect(r"go on\?[^\n]*$")
        person.answer("y")
        self.touch(person)
        self.touch(person)
        self.assertIn("Enrolled", self.finish(person, 0).stdout)

    @each({"short": "vutr", "capitals": Yubikey().touch().upper(), "digits": "1" * 44,
           "long": Yubikey().touch() + "c", "another layout": "jjjjjjjxe.ii" + "a" * 32})
    def test_what_is_no_otp_is_never_sent(self, text):
        person = self.begin(self.bob)
        self.touch(person, text=text)
        person.expect("44 letters")
        self.touch(person)
        self.touch(person, text=text)
        person.expect("44 letters")
        self.touch(person)
        self.assert_key_enrolled(self.finish(person, 0), self.bob)
        self.assertNotIn(text, self.server.logs())

    def test_what_is_no_id_and_no_key_is_asked_again(self):
        person = self.sit_down(self.bob, "--yes", "enroll", "yubiotp")
        person.expect(r"client ID: *$")
        person.answer("abc")
        person.expect("is a number")
        person.expect(r"client ID: *$")
        person.answer(CLIENT_ID)
        person.ask(r"client key: *$")
        person.answer("Made-Up!")
        person.expect("Not taken")
        person.ask(r"client key: *$")
        person.answer(CLIENT_KEY)
        self.touch(person)
        self.touch(person)
        self.assertIn("Enrolled", self.finish(person, 0).stdout)

    @each({"nonsense": (["ab", "cd", "ef", "gh", "-1"], 2), "nothing": (["ab", ""], 130)})
    def test_not_without_end(self, answers, status):
        person = self.sit_down(self.bob, "--yes", "enroll", "yubiotp")
        for answer in answers:
            person.expect(r"client ID: *$")
            person.answer(answer)
        self.finish(person, status)
        self.assert_nothing_sent()

    def test_nothing_typed_ends_it(self):
        person = self.begin(self.bob)
        with self.unchanged(self.bob):
            person.ask(TOUCH)
            person.answer("")
            self.finish(person, 130)

    @each({"letters": ["--yubico-id", "abc"], "empty": ["--yubico-id", ""],
           "long": ["--yubico-id", "1" * 20]})
    def test_refuses_an_id_of(self, words):
        person = self.sit_down(self.bob, "--json", "enroll", "yubiotp", "--yubico-key-file",
                               self.key_file, *words)
        self.assert_failed(self.finish(person, 2), 2, says="client ID")
        self.assert_nothing_sent()

    @each({"colon": "TWFkZS1V:cC1ZdWJpY28tS2V5", "short": "abcd", "spaces": "a b c d e f g h i j ",
           "long": "TWFk" * 40, "padding": "TWFkZS1VcC1ZdWJpY28====="})
    def test_refuses_a_key_with(self, text):
        path = self.file("odd", text + "\n")
        person = self.sit_down(self.bob, "--json", "enroll", "yubiotp", "--yubico-id", CLIENT_ID,
                               "--yubico-key-file", path)
        self.secret_texts.add(text)
        self.assert_failed(self.finish(person, 2), 2, says="base64")
        self.assert_nothing_sent()

    def test_needs_a_terminal(self):
        outcome = self.cowkey(self.bob, "--json", "enroll", "yubiotp", "--yubico-id", CLIENT_ID,
                              "--yubico-key-file", self.key_file)
        self.assert_failed(outcome, 2, says="terminal", hints="touch")
        self.assert_nothing_sent()


class Refused(YubiotpCase):
    def test_by_the_service_stores_nothing(self):
        self.server.fault("refuse-code", field="set_tfa")
        person = self.begin(self.bob)
        with self.unchanged(self.bob):
            self.touch(person)
            outcome = self.finish(person, 3)
        self.assert_failed(outcome, 3, hints="client ID.*NO_VALID_ANSWER")

    def test_by_a_lie_stores_nothing(self):
        self.server.fault("lie-success", field="set_tfa")
        person = self.begin(self.bob)
        with self.unchanged(self.bob):
            self.touch(person)
            self.assert_failed(self.finish(person, 3), 3)

    @each(["drop-before", "drop-after", "cut:40"])
    def test_status_4_when_cut(self, do):
        self.server.fault(do, field="set_tfa")
        person = self.begin(self.bob)
        self.touch(person)
        outcome = self.finish(person, 4)
        self.assert_failed(outcome, 4, hints="cowkey .*list")
        self.assertEqual(outcome.document["result"], "unknown")

    def test_proof_may_be_tried_again(self):
        """The service may not have answered."""
        self.server.fault("refuse-code", field="verify_tfa_login")
        person = self.begin(self.bob)
        self.touch(person)
        self.touch(person)
        person.expect(RETRY)
        person.answer("y")
        self.touch(person)
        self.assert_key_enrolled(self.finish(person, 0), self.bob)

    @each({"alone": False, "with a phone": True})
    def test_proof_is_taken_back(self, phone):
        words = []
        if phone:
            self.with_totp(self.bob)
            words = ["--login-secret-file", self.secret_file(otp.SECRET)]
        self.server.fault("refuse-code", field="verify_tfa_login", skip=int(phone))
        person = self.begin(self.bob, *words)
        with self.unchanged(self.bob):
            self.touch(person)
            self.touch(person)
            person.expect(RETRY)
            person.answer("n")
            outcome = self.finish(person, 3)
        self.assert_failed(outcome, 3, says="taken back")

    def test_proof_by_another_key_is_none(self):
        person = self.begin(self.bob)
        self.touch(person)
        self.touch(person, Yubikey("ccccccccccck"))
        person.expect("another YubiKey")
        person.expect(RETRY)
        person.answer("y")
        self.touch(person)
        self.assert_key_enrolled(self.finish(person, 0), self.bob)

    def test_proof_by_the_same_otp_is_none(self):
        person = self.begin(self.bob)
        used = self.touch(person)
        self.touch(person, text=used)
        person.expect("same one-time password")
        person.expect(RETRY)
        person.answer("n")
        outcome = self.finish(person, 4)
        self.assert_failed(outcome, 4, says="proof could not", hints="cowkey .*list")
        self.assert_labels(self.bob, outcome.document["label"])


class Replacing(YubiotpCase):
    """The server drops an older row of the same key."""

    def again(self, *words, status=0):
        person = self.begin(self.bob, *words)
        self.touch(person)  # logs in
        self.touch(person)  # enrolls
        return person

    def test_the_row_of_the_same_key(self):
        old = self.enroll_key(self.bob, "--label", "old").document["factor_id"]
        person = self.again("--label", "new")
        self.touch(person)
        document = self.assert_key_enrolled(self.finish(person, 0), self.bob, replaced_id=old)
        self.assert_labels(self.bob, document["label"])

    def test_the_row_of_the_same_key_when_that_is_meant(self):
        old = self.enroll_key(self.bob, "--label", "old").document["factor_id"]
        person = self.again("--replace", "old", "--label", "new")
        self.touch(person)
        self.assert_key_enrolled(self.finish(person, 0), self.bob, replaced_id=old)

    def test_and_taken_back_leaves_nothing(self):
        self.enroll_key(self.bob, "--label", "old")
        self.server.fault("refuse-code", field="verify_tfa_login", skip=1)
        person = self.again("--label", "new")
        self.touch(person)
        person.expect(RETRY)
        person.answer("n")
        self.assert_failed(self.finish(person, 3), 3, says="taken back")
        self.assert_labels(self.bob)

    def test_a_phone(self):
        self.with_totp(self.bob)
        outcome = self.enroll_key(self.bob, "--replace", "old phone", "--login-secret-file",
                                  self.secret_file(otp.SECRET))
        self.assert_key_enrolled(outcome, self.bob)

    def test_with_an_app_password_on_the_way(self):
        path = self.place / "app-password"
        outcome = self.enroll_key(self.bob, "--app-password", "laptop", "--app-password-out", path)
        self.secret_texts.add(path.read_text().strip())
        self.assert_key_enrolled(outcome, self.bob, mail_programs="app-passwords")
        self.assertEqual(len(self.server.web.app_passwords(self.bob)), 1)


@plays_on("forced")
class Forced(YubiotpCase):
    @each(ROLES)
    def test_set_up(self, role):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, "string")
        self.assert_key_enrolled(self.enroll_key(account), account, forced=True)


class Proving(YubiotpCase):
    def prove(self, key, status):
        person = self.sit_down(self.bob, "--json", "prove", "yubiotp")
        self.touch(person, key)
        return self.finish(person, status).document

    def test_that_is_refused(self):
        self.enroll_key(self.bob)
        self.server.fault("refuse-code", field="verify_tfa_login")
        self.assertEqual(self.prove(self.key, 1)["reason"], "refused")

    def test_by_a_key_that_is_not_enrolled(self):
        self.enroll_key(self.bob)
        self.assertEqual(self.prove(Yubikey("ccccccccccck"), 1)["reason"], "refused")

    def test_among_two(self):
        self.enroll_key(self.bob)
        second = self.server.arrange("add-yubiotp", self.bob.name, "spare", "ccccccccccck").strip()
        self.assertEqual(self.prove(Yubikey("ccccccccccck"), 0)["factor_id"], int(second))

    @each({"nothing": (False, "not-asked"), "a phone only": (True, "not-listed")})
    def test_of(self, phone, reason):
        if phone:
            self.with_totp(self.bob)
        outcome = self.cowkey(self.bob, "--json", "prove", "yubiotp", status=1)
        self.assertEqual(outcome.document["reason"], reason)

    def test_for_a_person(self):
        self.enroll_key(self.bob)
        person = self.sit_down(self.bob, "prove", "yubiotp")
        self.touch(person)
        self.assertRegex(self.finish(person, 0).stdout, r"Yes: .* YubiKey \(ID \d+\) worked")
