"""rollout run at the desk, whatever goes wrong on the way: the server cut off at every exchange, a
key pulled at every command, accounts that the server holds, three keys for each person."""

import hashlib
import re

from case import each
from crowd_case import DONE, CrowdCase, name_of
from test_rollout_desk import ASKS_AFTER, ASKS_KEY, ASKS_NEXT, DeskCase
from test_rollout_desk import DONE as DONE_WITH_KEY
from test_rollout_kill import kind_of

FINGER = {"uv": "set", "client_pin": False}  # for passkeys without a question


class FaultsCase(CrowdCase, DeskCase):
    environ = DeskCase.environ

    def offer_until_done(self, operator, key):
        """How often it had to be tried again, with the key plugged in again."""
        operator.expect(ASKS_NEXT)
        for tries in range(4):
            key.ctl(plugged=True)
            operator.answer("r" if tries else "")
            if re.match("Done", operator.expect(f"{DONE_WITH_KEY}|{ASKS_AFTER}").group()):
                key.ctl(plugged=False)
                return tries
        self.fail(f"not done: {operator.shown}")
        return None


class EachExchange(FaultsCase):
    """Person after person, each cut off one exchange later than the one before; the operator tries
    again. In the end a judge compares ledger, hand-outs and server."""

    PEOPLE = 24

    @each({"before": "drop-before", "after": "drop-after"})
    def test_cut(self, fault):
        self.crowd(self.PEOPLE, labels=(), policy="[default]\nkeys = 1\n", keys=("webauthn", "passkey"))
        for number in range(1, self.PEOPLE + 1):
            self.server.fault(fault, account=name_of(number), skip=number - 1)
            if number <= 3:
                self.server.fault(fault, field="login_user", value=name_of(number), skip=number - 1)
        # Of no account's session.
        for number, what in enumerate(({"field": "verify_fido2_login"},
                                       {"path": "/api/v1/get/fido2-get-args"},
                                       {"method": "GET", "path": "/"})):
            self.server.fault(fault, skip=self.PEOPLE // 2 + number, **what)
        keys = [self.spare(**FINGER) for _ in range(self.PEOPLE)]
        operator = self.sit_down(None, *self.run_words())
        operator.expect("Next: ")
        before = len(self.server.requests())
        again = [self.offer_until_done(operator, key) for key in keys]
        self.finish(operator, DONE)
        self.assertGreater(sum(again), 2, again)
        rows = self.server.requests()[before:]
        of_last = [row for row in rows if row["account"] == name_of(self.PEOPLE)]
        self.assertLess(len(of_last), self.PEOPLE, "there are exchanges that nobody's was cut at")
        cut = {kind_of(row) for row in rows if row["status"] == 0}
        self.assertEqual({kind_of(row) for row in rows} - cut, set(), "what was never cut")
        self.sessions_lost = 10**6
        self.assert_all_proved()


class EachCommand(FaultsCase):
    """Key after key, each pulled out one command later than the one before."""

    handouts = CrowdCase.handouts_path
    POLICY = "[default]\nkeys = 1\npin = random\n"
    PEOPLE = 40

    def test_pulled(self):
        self.sessions_lost = 10**6
        self.crowd(self.PEOPLE, labels=(), policy=self.POLICY, keys=("webauthn", "passkey"))
        keys = [self.spare() for _ in range(self.PEOPLE)]
        operator = self.sit_down(None, *self.run_words())
        for number, key in enumerate(keys):
            key.ctl(faults=[{"do": "pull", "skip": number}])
            self.offer_until_done(operator, key)
        self.finish(operator, DONE)
        pulled = [[line["command"] for line in key.log() if line.get("outcome") == "PULLED"]
                  for key in keys]
        self.assertEqual(pulled[-1], [], "there are commands that no key was pulled at")
        for number, key in enumerate(keys, 1):
            pin = self.letter(person=number)
            stored = key.stored()
            self.assertEqual(stored["pin_hash"], hashlib.sha256(pin.encode()).hexdigest()[:32], number)
            self.assertTrue(stored["pin_change_forced"], number)
        self.assert_all_proved()


class Held(DeskCase):
    """The server insists on something before it lets the account go on."""

    @each({f"{role}, {how}": (role, how) for role in ("mailbox", "domain-admin")
           for how in ("string", "number")})
    def test_set_up(self, role, how):
        account = self.server.of_role(role)
        self.server.arrange("force-tfa", account.name, how)
        keys = self.spare(), self.spare()
        operator = self.sit(self.key_row(account), policy={"keys": 2})
        self.register(operator, keys[0])
        self.register(operator, keys[1], logs_in=keys[0])
        self.assert_document(self.finish(operator, 0), states={"proved": 2}, refusals=0)
        self.assert_registered(account, "cowkey 1", "cowkey 2")

    @each(("password", "log-in-as"))
    def test_password_is_to_be_changed(self, route):
        """Since the check: the password is of no use any more, and the operator goes on."""
        key = self.spare()
        operator = self.sit(self.key_row(self.bob, route=route), self.key_row(self.alice, route=route),
                            by="admin")
        operator.expect("Next: bob")
        self.server.arrange("force-pw-update", self.bob.name, "on")
        self.offer(operator, key)
        self.refuse(operator, "password", "Change it first|reset-password")
        self.assertEqual(self.all_of(self.bob), ([], []))
        operator.answer("r")
        self.refuse(operator, "password")
        operator.answer("s")
        self.offer(operator, key)
        operator.expect(DONE_WITH_KEY)
        self.assert_document(self.finish(operator, 1), states={"proved": 1, "failed": 1})
        self.assert_registered(self.alice, "cowkey 1")

    def test_password_that_the_desk_resets(self):
        """The new one takes the place of the change that was asked for."""
        self.server.arrange("force-pw-update", self.bob.name, "on")
        key = self.spare()
        operator = self.sit(self.key_row(self.bob, route="reset-password"))
        self.register(operator, key)
        self.handed_out_passwords()
        self.assert_document(self.finish(operator, 0), states={"proved": 1})
        self.assert_registered(self.bob, "cowkey 1")


class ThreeKeys(DeskCase):
    def test_second_factors_and_passkeys(self):
        """From the second key on, one that is there logs in; each is told apart from the others."""
        keys = [self.spare(**FINGER) for _ in range(3)]
        operator = self.sit(self.key_row(self.alice), self.key_row(self.alice, "passkey"),
                            policy={"keys": 3})
        self.register(operator, keys[0])
        operator.expect("key 2 of 3")
        self.offer(operator, keys[0])
        self.refuse(operator, r"key 1 of alice@example\.test")
        keys[0].ctl(plugged=False)
        keys[1].ctl(plugged=True)
        operator.answer("r")
        operator.expect(ASKS_KEY)
        keys[0].ctl(plugged=True)
        operator.answer("")
        operator.expect(DONE_WITH_KEY)
        for key in keys[:2]:
            key.ctl(plugged=False)
        operator.expect("key 3 of 3")
        self.register(operator, keys[2], logs_in=keys[1])
        self.assert_document(self.finish(operator, 0), states={"proved": 6}, refusals=0)
        labels = ["cowkey 1", "cowkey 2", "cowkey 3"]
        self.assert_registered(self.alice, *labels, passkeys=labels)
        self.assertEqual([len(key.made()) for key in keys], [2, 2, 2])

    def test_one_is_undone_and_another_comes(self):
        keys = [self.spare() for _ in range(4)]
        operator = self.sit(self.key_row(self.da1, route="sign-on"), policy={"keys": 3})
        for key in keys[:2]:
            self.register(operator, key)
        operator.expect(ASKS_NEXT)
        keys[1].ctl(plugged=True)
        operator.answer("u")
        operator.expect("Undone: da1")
        keys[1].ctl(plugged=False)
        operator.expect("Next: da1 .*key 2 of 3")
        for key in keys[2:]:
            self.register(operator, key)
        self.assert_document(self.finish(operator, 0), states={"proved": 3}, changed_now=3)
        self.assert_registered(self.da1, "cowkey 1", "cowkey 2", "cowkey 3")
