"""Nothing is lost: roll-outs are killed at every point where something becomes durable and at any
moment, their ledger's disk is full or read-only, the network is cut, the server answers or acts
late; and in the end ledger, hand-outs and server agree."""

import json
import os
import random
import signal
import subprocess
import threading
import unittest

import otp
import rollout_truth
from case import each, is_root
from crowd_case import (AWAY, DOMAIN, DONE, KILLED, LABELS, LEFT, PATIENCE_S, UNKNOWN, CrowdCase,
                        name_of)
from cowkey import Hang
from key_case import KeyCase
from rollout_truth import Handouts
from server import Account
from test_rollout_desk import ASKS_NEXT
from test_rollout_desk import DONE as DONE_WITH_KEY

PEOPLE = 100
KEYS_AT_ONCE = 60  # that the program is shown
SEED = int(os.environ.get("CK_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
WAYS = {"plain": False, "sealed": True}


class KillCase(CrowdCase):
    def setUp(self):
        super().setUp()
        self.recipient = None

    def seal(self, sealed):
        """Words for a run with hand-outs in the clear, or sealed."""
        if not sealed:
            return []
        self.recipient = rollout_truth.make_recipient(self.place)
        return ["--seal-to", self.recipient[0]]

    def assert_all_is_well(self):
        ledger, handouts, holdings = self.assert_all_proved(self.recipient)
        if self.recipient:
            clear = [row["label"] for held in holdings.values() for row in held["factors"]
                     if row["secret"] and handouts.in_the_clear(row["secret"])]
            self.assertEqual(clear, [], "secrets are in the clear beside sealed ones")
            self.assertGreaterEqual(len(handouts.sealed), len(holdings))
        return ledger


class EachPoint(KillCase):
    """Person after person, each killed one point later than the one before."""

    @each({f"{way}, {side}": (sealed, side) for way, sealed in WAYS.items()
           for side in ("before", "after")})
    def test_killed(self, sealed, side):
        self.crowd(PEOPLE)
        words = ["--jobs", "1", *self.seal(sealed)]
        points = []
        for person in range(1, PEOPLE + 1):
            mine, next_one = f"totp-{2 * person - 1:06}", f"totp-{2 * person + 1:06}"
            outcome = self.rollout(*words, environ=self.killer(person, side, mine))
            log = self.kill_log()
            if outcome.status == DONE or any(next_one in path for _, _, path in log):
                break  # the person is over before this point
            self.assertEqual((outcome.status, log[-1][0]), (KILLED, person), outcome)
            points.append(log[-1][1])
        else:
            self.fail(f"{PEOPLE} people are too few: {points}")
        # A secret's file is made in five steps, its ledger's entries in many more, twice.
        self.assertGreater(len(points), 40)
        self.assertTrue({"fsync", "renameat2", "pwrite64"} <= set(points), points)
        self.until_done(*words)
        self.assert_all_is_well()


class AppPasswords(KillCase):
    """The same with an app and an app password for everybody."""

    NAME = "mail programs"

    @each({"plain, before": (False, "before"), "sealed, after": (True, "after")})
    def test_killed(self, sealed, side):
        self.crowd(PEOPLE, labels=("phone",), policy=f"[default]\napp-password = {self.NAME}\n")
        words = ["--jobs", "1", *self.seal(sealed)]
        points = []
        for person in range(1, PEOPLE + 1):
            # A person's one factor has the person's number, as the app password has.
            outcome = self.rollout(*words, environ=self.killer(person, side, f"-{person:06}"))
            log = self.kill_log()
            if outcome.status == DONE or any(f"-{person + 1:06}" in path for _, _, path in log):
                break  # the person is over before this point
            self.assertEqual((outcome.status, log[-1][0]), (KILLED, person), outcome)
            points.append(log[-1][2])
        else:
            self.fail(f"{PEOPLE} people are too few: {points}")
        self.assertTrue([path for path in points if "app-password-" in path], points)
        self.until_done("--jobs", "4", *words[2:])
        self.assert_all_is_well()
        names = [[row["label"] for row in held["app_passwords"]] for held in self.holdings().values()]
        self.assertEqual(names, [[self.NAME]] * PEOPLE)


class Desk(KillCase, KeyCase):
    """An app and a security key for everybody; the operator plugs in what is asked for."""

    def spare(self):
        key = self.key()
        key.ctl(plugged=False)
        return key

    def sit(self, at, side, *words, counts=False):
        """Kills count at once, or from the moment when the file "now" is there."""
        if not counts:
            (self.place / "now").unlink(missing_ok=True)
        environ = self.killer(at, side, given=self.environ(), KILLER_WHEN=self.place / "now")
        return self.sit_down(None, *self.run_words(*words), environ=environ)

    def offer(self, operator, key):
        """Whether the key came to be done; else the run has ended."""
        key.ctl(plugged=True)
        operator.answer("")
        try:
            operator.expect(DONE_WITH_KEY)
            return True
        except Hang:
            return False
        finally:
            key.ctl(plugged=False)

    def sit_for(self, people, words):
        """So many of those who are left get a key."""
        keys = [self.spare() for _ in range(people)]
        self.plugged = keys
        operator = self.sit(0, "before", *words)
        for key in keys:
            operator.expect(ASKS_NEXT)
            self.assertTrue(self.offer(operator, key), operator.shown)
            key.close()
        return operator

    @each({"before": ("before", False, PEOPLE), "after, sealed": ("after", True, PEOPLE),
           "before, sealed": ("before", True, 50), "after": ("after", False, 50)})
    def test_killed(self, side, sealed, people):
        self.crowd(people, labels=("phone",), policy="[default]\nkeys = 1\n", keys=("webauthn",))
        words = self.seal(sealed)
        self.rollout("--jobs", "4", *words)
        self.assert_nothing_lost(self.recipient)
        points, begun = [], None
        for at in range(1, people + 1):
            key = self.spare()
            self.plugged = [plugged for plugged in (begun, key) if plugged]
            operator = self.sit(at, side, *words)
            operator.expect(ASKS_NEXT)
            if begun and name_of(at - 1) in operator.shown:
                self.assertTrue(self.offer(operator, begun), operator.shown)
                operator.expect(ASKS_NEXT)
            self.kill_log()
            (self.place / "now").touch()
            if self.offer(operator, key):
                operator.answer("q")
                operator.wait()
                break
            self.finish(operator, KILLED)
            points.append(self.kill_log()[-1][1])
            begun = key
        else:
            self.fail(f"{people} people are too few: {points}")
        self.assertGreater(len(points), 15, points)
        while people - at > KEYS_AT_ONCE:
            operator = self.sit_for(KEYS_AT_ONCE, words)
            operator.expect(ASKS_NEXT)
            operator.answer("q")
            self.finish(operator, LEFT)
            at += KEYS_AT_ONCE
        self.finish(self.sit_for(people - at, words), DONE)
        self.assert_all_is_well()


    # -- at random -----------------------------------------------------------------

    AT_ONCE = 12  # people who wait at the desk

    def serve(self, operator, keys):
        """Gives everybody the key that is theirs, until the run is killed or none of these is asked for."""
        try:
            while True:
                name = operator.expect(r"Next: (\S+) ").group(1)
                operator.expect(ASKS_NEXT)
                if name not in keys:
                    operator.answer("q")
                    return
                self.offer(operator, keys[name])
        except Hang:  # killed
            return

    def kill_while(self, operator, after_s, serve):
        """By the clock, if not by what it does."""
        clock = threading.Timer(after_s, operator.process.send_signal, [signal.SIGKILL])
        clock.start()
        try:
            serve()
        finally:
            clock.cancel()
            clock.join()

    def waiting(self):
        """Whose key is not done, in the order of the plan."""
        return [item.account for item in rollout_truth.Ledger(self.ledger_path).items
                if item.method == "webauthn" and item.state != "proved"]

    @each({"plain": (False, 40), "sealed": (True, PEOPLE)})
    def test_killed_at_random(self, sealed, people):
        print(f"CK_SEED={SEED}", flush=True)
        chance = random.Random(SEED)
        self.crowd(people, labels=("phone",), policy="[default]\nkeys = 1\n", keys=("webauthn",))
        words = self.seal(sealed)
        self.rollout("--jobs", "4", *words)
        (self.place / "now").touch()
        keys, killed = {}, 0
        for turn in range(200):
            names = self.waiting()[:self.AT_ONCE]
            for gone in set(keys) - set(names):
                keys.pop(gone).close()
            keys |= {name: self.spare() for name in names if name not in keys}
            self.plugged = list(keys.values())
            # No run comes far, however fast the machine is: that many are killed must not be luck.
            at = chance.randrange(1, 120) if turn % 2 else 0
            operator = self.sit(at, chance.choice(("before", "after")), *words, counts=True)
            self.kill_while(operator, 60 if at else chance.uniform(0.1, 0.6),
                            lambda here=operator: self.serve(here, keys))
            outcome = self.finish(operator)
            self.assert_nothing_lost(self.recipient)
            if outcome.status == DONE:
                break
            self.assertIn(outcome.status, (KILLED, LEFT), self.described(outcome))
            killed += outcome.status == KILLED
        else:
            self.fail("never done")
        self.assertGreater(killed, 3, "too quick for this test")
        self.assert_all_is_well()


class Moments(KillCase):
    @each(WAYS)
    def test_killed_at_random(self, sealed):
        """Several people are in work at once."""
        print(f"CK_SEED={SEED}", flush=True)
        chance = random.Random(SEED)
        self.crowd(PEOPLE)
        words = ["--jobs", "4", *self.seal(sealed)]
        killed = 0
        for turn in range(200):
            # By the clock, and by what it has done: how far it comes in a second is the machine's.
            at = chance.randrange(1, 250) if turn % 2 else 0
            run = self.begin(*words, environ=self.killer(at, chance.choice(("before", "after"))))
            try:
                run.process.wait(PATIENCE_S if at else chance.uniform(0.05, 0.4))
            except subprocess.TimeoutExpired:
                run.process.send_signal(signal.SIGKILL)
            outcome = self.finish(run)
            if outcome.status == DONE:
                break
            self.assertEqual(outcome.status, KILLED, self.described(outcome))
            killed += 1
        else:
            self.fail("never done")
        self.assertGreater(killed, 3, "too quick for this test")
        self.assert_all_is_well()


def kind_of(row):
    """What kind of exchange it was."""
    return row["method"], row["path"], tuple(row["form"])


class Network(KillCase):
    """One exchange of each account is cut."""

    @each({f"{fault}, {way}": (fault, sealed) for fault in ("drop-before", "drop-after")
           for way, sealed in WAYS.items()})
    def test_cut(self, fault, sealed):
        count = 40
        self.crowd(count)
        for number in range(1, count + 1):
            self.server.fault(fault, account=name_of(number), skip=(number - 1) // 2)
            if number <= 3:
                self.server.fault(fault, field="login_user", value=name_of(number), skip=number - 1)
        self.until_done("--jobs", "3", *self.seal(sealed))
        rows = [row for row in self.server.requests()
                if "login_user" in row["form"] or (row["account"] or "").endswith(DOMAIN)]
        cut = {kind_of(row) for row in rows if row["status"] == 0}
        self.assertEqual({kind_of(row) for row in rows} - cut, set(), "what was never cut")
        self.assert_all_is_well()

    def test_acts_late(self):
        """The server does what it was told when nobody waits for it any more, but in time."""
        count = 8
        self.crowd(count)
        for number in range(1, count + 1):
            self.server.fault("act-late:0.4", account=name_of(number), field="set_tfa",
                              skip=number % 2)
        self.until_done("--jobs", "4", "--late", "2")
        self.server.arrange("settle")
        self.assert_all_is_well()

    def test_acts_later_than_it_was_given(self):
        """What it was told again by then is there twice: both are named, and it is not told again."""
        self.crowd(2, labels=("phone",))
        name = name_of(1)
        self.server.fault("act-late:2", account=name, field="set_tfa")
        self.server.fault("delay:4000", account=name, field="set_tfa")  # of the next one
        outcome = self.rollout("--jobs", "1", "--late", "0", status=UNKNOWN)
        item, other = rollout_truth.Ledger(self.ledger_path).items
        rows = self.holdings()[name]["factors"]
        self.assertEqual((item.state, other.state, len(rows)), ("unknown", "proved", 2), outcome)
        for row in rows:
            self.assertIn(str(row["id"]), item.cause)
        told = self.posts_of(name)
        self.rollout("--late", "0", "--retry", status=UNKNOWN)  # nobody removed one
        self.assertEqual(len(self.holdings()[name]["factors"]), 2)
        self.cowkey(Account(name, "mailbox", "Made-Up-Pass-00001"), "--json", "--yes",
                    "--login-secret-file", self.handouts_path / "pending" / f"totp-{item.id:06}",
                    "--login-factor", rows[1]["id"], "remove", rows[0]["id"], status=0)
        self.rollout("--late", "0", "--retry", status=DONE)
        self.assertEqual(self.posts_of(name), told)
        self.assert_all_is_well()

    def posts_of(self, account):
        return sum(row["account"] == account and "set_tfa" in row["form"]
                   for row in self.server.requests())

    def test_answers_late(self):
        count = 6
        self.crowd(count)
        for number in range(1, count + 1):
            self.server.fault("delay:1500", account=name_of(number), field="set_tfa")
        self.until_done("--jobs", "3", "--late", "2", "--timeout", "1")
        self.assert_all_is_well()

    def test_goes_away(self):
        """For a while nobody listens, in the middle of everything."""
        self.crowd(20)
        self.server.meanwhile("outage", "600", field="set_tfa", skip=5)
        self.rollout("--jobs", "2", status=AWAY)
        self.assert_nothing_lost()
        self.server.arrange("outage", "0")
        self.until_done("--jobs", "2")
        self.assert_all_is_well()

    def test_is_waited_for(self):
        self.crowd(10)
        self.server.meanwhile("outage", "1.5", field="set_tfa", skip=5)
        self.rollout("--jobs", "2", "--wait", "30", status=DONE)
        self.assert_all_is_well()

    @each(("status:429:1", "status:503:1", "status:503"))
    def test_is_busy(self, fault):
        self.crowd(6)
        self.server.fault(fault, field="set_tfa", skip=2, times=2)
        self.rollout("--jobs", "2", status=DONE)
        self.assert_all_is_well()


def limited(size):
    """For a child: no file may become larger."""
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return limit


class Disk(KillCase):
    def test_full(self):
        """Files may grow a little more each time: it stops in the middle of each entry."""
        self.crowd(30)
        stopped, size, step = 0, 4096, 6000
        while True:
            outcome = self.rollout("--jobs", "1", preexec_fn=limited(size))
            if self.ledger_path.exists() and self.ledger_path.stat().st_size:
                self.assert_nothing_lost()
            if outcome.status == DONE:
                break
            self.assertIn(outcome.status, (3, 4), outcome)
            self.assertRegex(outcome.stdout + outcome.stderr, "(?i)disk|large|space|full|grow")
            stopped, size = stopped + 1, size + step
            self.assertLess(stopped, 300)
        self.assertGreater(stopped, 10)
        self.assert_all_is_well()

    @unittest.skipUnless(is_root(), "only root can mount a disk")
    def test_of_its_own(self):
        """A real small disk, which is full, then read-only, then large enough."""
        disk = self.place / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk],
                          capture_output=True, check=False).returncode:
            self.skipTest("no disk can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        self.disk = disk
        self.crowd(20)
        words = ["--jobs", "2", "--handouts", self.handouts_path]
        outcome = self.rollout(*words)
        self.assertIn(outcome.status, (3, 4), outcome)
        self.assert_nothing_lost()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        before = self.holdings()
        outcome = self.rollout(*words)
        self.assertIn(outcome.status, (2, 3), outcome)
        self.assertRegex(outcome.stdout + outcome.stderr, "(?i)read-only|readonly|not be written")
        self.assertEqual(self.holdings(), before)
        subprocess.run(["mount", "-o", "remount,rw,size=16m", disk], check=True)
        self.until_done(*words)
        self.assert_all_is_well()

    @property
    def ledger_path(self):
        return getattr(self, "disk", self.place) / "ledger"

    @property
    def handouts_path(self):
        return self.place / "ledger.handouts"


class Judging(KillCase):
    """The judge of all this sees what can be wrong."""

    def test_faults(self):
        self.crowd(3)
        self.rollout(status=DONE)
        ledger, handouts, holdings = self.assert_all_proved()
        name = name_of(1)
        damages = {
            "is there twice": lambda held: held["factors"].append(held["factors"][0] | {"id": 9}),
            "without a record": lambda held: held["factors"].append(
                held["factors"][0] | {"id": 9, "label": "other"}),
            "the server has none": lambda held: held["factors"].pop(),
            "is lost": lambda held: held["factors"][0].update(secret=otp.SECRET),
            "calls it": lambda held: held["factors"][0].update(label="other"),
        }
        for says, damage in damages.items():
            held = json.loads(json.dumps(holdings))
            damage(held[name])
            found = rollout_truth.faults(ledger, handouts, held)
            self.assertTrue([fault for fault in found if says in fault], (says, found))

    def test_lost_secrets(self):
        self.crowd(2)
        words = self.seal(True)
        self.rollout(*words, status=DONE)
        self.assert_all_is_well()
        ledger, _, holdings = self.truth(self.recipient)
        other = rollout_truth.make_recipient(self.place)
        found = rollout_truth.faults(ledger, Handouts(self.handouts_path, other), holdings)
        self.assertEqual(len([fault for fault in found if "is lost" in fault]), 2 * len(LABELS))
        self.assertTrue([fault for fault in found if "can't be opened" in fault])
        self.assertIn(DOMAIN, " ".join(found))


