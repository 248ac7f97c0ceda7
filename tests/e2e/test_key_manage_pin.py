"""`key pin set` and `key pin change`: the PIN reaches its owner first, and each answer is one try."""

from case import each
from key_case import PIN, WRONG_PIN
from test_key_manage import KeyCommand

NEW = "Made-Up-New-4712"
LONGEST = "é" * 31 + "x"  # 63 bytes
ACTS = ("set", "change")
SET = "setPIN"


class PinCommand(KeyCommand):
    def setUp(self):
        super().setUp()
        self.secret_texts |= {NEW}

    @property
    def new_file(self):
        return self.file("new", NEW + "\n")

    @property
    def pin_out(self):
        return self.place / "pin.out"

    def key_to(self, act, **script):
        """A key without a PIN to set one, with one to change it."""
        return self.key(**({} if act == "set" else {"pin": PIN}) | script)

    def words_to(self, act, *words):
        """A command line of a script; it knows the old PIN where there is one."""
        old = ["--pin-file", self.pin_file] if act == "change" else []
        return ["--json", *old, "key", "pin", act, *words]

    def act(self, act, *words, status=None, **how):
        return self.manage(*self.words_to(act, *words), status=status, **how)

    def assert_takes(self, pin, works=True):
        """Whether the key takes this PIN, judged by what it lists for it."""
        path = self.file("probe", pin + "\n")
        status = 0 if works else 5
        self.manage("--json", "--pin-file", path, "key", "credentials", "list", status=status)

    def assert_set(self, outcome, act, **members):
        document = outcome.document
        wanted = {"schema": f"cowkey.key-pin-{act}/1", "result": "set", "out": None,
                  "pin_length_min": None, "force_change": False} | members
        self.assertEqual(outcome.status, 0, outcome)
        self.assertEqual({name: document.get(name) for name in wanted}, wanted, outcome)

    def assert_unchanged(self, key, act):
        self.assertEqual(key.state()["pin_set"], act == "change")
        if act == "change":
            self.assert_takes(PIN)


class Script(PinCommand):
    def at_the_pin(self, act, do, **more):
        """A fault when the key is told the new one: the key agreement and the tries come before."""
        return {"at": "clientPIN", "do": do, "skip": 3 if act == "change" else 1} | more

    @each(ACTS)
    def test_gives_the_new_one(self, act):
        self.key_to(act)
        self.assert_set(self.act(act, "--new-pin-file", self.new_file), act)
        self.assert_takes(NEW)

    @each(ACTS)
    def test_sends_letters_composed(self, act):
        """However they were typed; another letter is another PIN."""
        self.secret_texts |= {"Made-Up-gru\u0308n", "Made-Up-gr\u00fcn"}
        self.key_to(act)
        self.assert_set(self.act(act, "--new-pin-file",
                                 self.file("new", "Made-Up-gru\u0308n\n")), act)
        self.assert_takes("Made-Up-gr\u00fcn")
        self.assert_takes("Made-Up-gru\u0308n")
        self.assert_takes("Made-Up-grun", works=False)

    @each(ACTS)
    def test_gives_it_by_a_descriptor(self, act):
        self.key_to(act)
        with open(self.new_file, "rb") as file:
            outcome = self.act(act, "--new-pin-fd", file.fileno(), pass_fds=[file.fileno()])
        self.assert_set(outcome, act)
        self.assert_takes(NEW)

    @each(ACTS)
    def test_gives_it_by_a_command(self, act):
        self.key_to(act)
        self.assert_set(self.act(act, "--new-pin-command", f"cat {self.new_file}"), act)
        self.assert_takes(NEW)

    @each({f"{act}-{name}": (act, pin) for act in ACTS for name, pin in
           (("the shortest", "äöü5"), ("the longest", LONGEST))})
    def test_gives(self, act, pin):
        self.key_to(act)
        self.assert_set(self.act(act, "--new-pin-file", self.file("p", pin)), act)
        self.assert_takes(pin)

    @each({f"{act}-{name}": (act, pin) for act in ACTS for name, pin in
           (("too short", "äöü"), ("too long", LONGEST + "x"), ("no text", b"\xff\xfe12"),
            ("with a NUL", b"12\x0034"), ("empty", "\n"))})
    def test_gives_one_that_is(self, act, pin):
        key = self.key_to(act)
        self.assert_failed(self.act(act, "--new-pin-file", self.file("p", pin)), 2)
        self.assert_unchanged(key, act)
        self.assertNotIn(SET, {line.get("subcommand") for line in key.log("clientPIN")})

    @each(ACTS)
    def test_gives_one_that_is_too_short_for_this_key(self, act):
        key = self.key_to(act, pin_length_min=9)
        outcome = self.act(act, "--new-pin-file", self.file("p", "12345678\n"))
        self.assert_failed(outcome, 2, "9 characters")
        self.assertEqual(key.state()["pin_tries"], 8)

    @each(ACTS)
    def test_gives_one_that_the_key_finds_too_simple(self, act):
        key = self.key_to(act)
        key.ctl(faults=[self.at_the_pin(act, "status", code=0x37)])
        outcome = self.act(act, "--new-pin-file", self.new_file)
        self.assert_failed(outcome, 2, "does not take", "simple")

    @each(ACTS)
    def test_gives_none(self, act):
        key = self.key_to(act)
        self.assert_failed(self.act(act), 2, hints="--new-pin-file")
        self.assert_unchanged(key, act)

    def test_sets_where_there_is_one(self):
        key = self.key(pin=PIN)
        outcome = self.act("set", "--new-pin-file", self.new_file)
        self.assert_failed(outcome, 7, "has a PIN already", "pin change")
        self.assert_unchanged(key, "change")

    def test_changes_where_there_is_none(self):
        key = self.key()
        outcome = self.act("change", "--new-pin-file", self.new_file)
        self.assert_failed(outcome, 7, "no PIN", "pin set")
        self.assert_unchanged(key, "set")

    def test_has_the_old_one_wrong(self):
        key = self.key(pin=PIN)
        wrong = self.file("wrong", WRONG_PIN + "\n")
        outcome = self.manage("--json", "--pin-file", wrong, "key", "pin", "change",
                              "--new-pin-file", self.new_file)
        self.assert_failed(outcome, 5, "PIN", "7 tries are left")
        self.assertEqual(key.state()["pin_tries"], 7)
        self.assert_takes(PIN)

    @each({"for good": ({"pin_tries": 0}, "reset"), "with the last try": ({"pin_tries": 1}, "reset"),
           "for now": ({"faults": [{"at": "clientPIN", "do": "status", "code": 0x34, "skip": 3}]},
                       "unplug")})
    def test_finds_it_blocked(self, script, hints):
        self.key(**{"pin": PIN} | script)
        wrong = self.file("wrong", WRONG_PIN + "\n")
        outcome = self.manage("--json", "--pin-file", wrong, "key", "pin", "change",
                              "--new-pin-file", self.new_file)
        self.assert_failed(outcome, 7, "block|no PIN for now", hints)

    @each({f"{act}-{name}": (act, script) for act in ACTS for name, script in
           (("U2F", {"u2f_only": True}), ("no PINs", {"client_pin": False}))})
    def test_has_a_key_without_pins(self, act, script):
        self.key(**script)
        self.assert_failed(self.act(act, "--new-pin-file", self.new_file), 7, "no PINs", "another")

    @each(ACTS)
    def test_has_no_key(self, act):
        self.assert_failed(self.act(act, "--new-pin-file", self.new_file), 7, "no security key")

    def test_changes_one_that_has_to_be_changed(self):
        key = self.key(pin=PIN, pin_change_forced=True)
        self.assert_set(self.act("change", "--new-pin-file", self.new_file), "change")
        self.assertFalse(key.state()["pin_change_forced"])
        self.assert_takes(NEW)

    def test_changes_it_to_the_same(self):
        """Which the key refuses when it has to be changed."""
        self.key(pin=PIN, pin_change_forced=True)
        outcome = self.act("change", "--new-pin-file", self.pin_file)
        self.assert_failed(outcome, 2, "does not take")

    @each(ACTS)
    def test_has_an_old_key(self, act):
        self.key_to(act, ctap21=False, protocols=[1])
        self.assert_set(self.act(act, "--new-pin-file", self.new_file), act)
        self.assert_takes(NEW)

    @each(ACTS)
    def test_hears_no_answer(self, act):
        """The key is pulled once it was told: nobody knows which PIN it has."""
        key = self.key_to(act)
        key.ctl(faults=[self.at_the_pin(act, "pull")])
        outcome = self.act(act, "--random", 12, "--out", self.pin_out)
        self.assert_failed(outcome, 4, "not known", "key list")
        self.assertEqual(outcome.document["result"], "unknown")
        self.assertTrue(self.pin_out.exists(), "the PIN that it may have is lost")

    @each(ACTS)
    def test_has_the_key_pulled_before(self, act):
        key = self.key_to(act)
        key.ctl(faults=[{"at": "getInfo", "do": "pull", "skip": 2}])
        outcome = self.act(act, "--random", 12, "--out", self.pin_out)
        self.assert_failed(outcome, 7, "unplugged")
        self.assertFalse(self.pin_out.exists())


class Policy(PinCommand):
    """--min-length and --force-change."""

    @each(ACTS)
    def test_min_length(self, act):
        key = self.key_to(act)
        outcome = self.act(act, "--new-pin-file", self.new_file, "--min-length", 12)
        self.assert_set(outcome, act, pin_length_min=12)
        self.assertEqual(key.state()["pin_length_min"], 12)
        self.assertFalse(key.state()["pin_change_forced"])
        self.assert_takes(NEW)

    @each(ACTS)
    def test_force_change(self, act):
        key = self.key_to(act)
        outcome = self.act(act, "--new-pin-file", self.new_file, "--force-change")
        self.assert_set(outcome, act, force_change=True)
        self.assertTrue(key.state()["pin_change_forced"])

    def test_both(self):
        key = self.key()
        outcome = self.act("set", "--new-pin-file", self.new_file, "--force-change",
                           "--min-length", 6)
        self.assert_set(outcome, "set", force_change=True, pin_length_min=6)
        self.assertEqual((key.state()["pin_length_min"], key.state()["pin_change_forced"]),
                         (6, True))

    @each({"below the key's": (["--min-length", "5"], {"pin_length_min": 6}, 2, "6 characters"),
           "above the new PIN's": (["--min-length", "60"], {}, 2, "60 characters"),
           "below 4": (["--min-length", "3"], {}, 2, "4 to 63"),
           "above 63": (["--min-length", "64"], {}, 2, "4 to 63"),
           "no number": (["--min-length", "5x"], {}, 2, "4 to 63"),
           "of an old key": (["--min-length", "6"], {"ctap21": False, "protocols": [1]}, 7, "nor"),
           "forced on an old key": (["--force-change"], {"ctap21": False, "protocols": [1]}, 7,
                                    "nor")})
    def test_refused_before_the_pin_is_set(self, words, script, status, says):
        key = self.key(**script)
        outcome = self.act("set", "--new-pin-file", self.new_file, *words)
        self.assert_failed(outcome, status, says)
        self.assertFalse(key.state()["pin_set"])

    @each({"minimum": ["--min-length", "6"], "change": ["--force-change"]})
    def test_refused_once_the_pin_is_set(self, words):
        key = self.key(faults=[{"at": "config", "do": "status", "code": 0x30}])
        outcome = self.act("set", "--new-pin-file", self.new_file, *words)
        self.assert_failed(outcome, 4, "the new PIN is set, but", "key info")
        self.assertEqual(outcome.document["result"], "set")
        self.assertTrue(key.state()["pin_set"])

    @each({"minimum": ["--min-length", "6"], "change": ["--force-change"]})
    def test_pulled_once_the_pin_is_set(self, words):
        """Whether the key has the PIN is known, and whether it has the rest is not."""
        self.key(faults=[{"at": "config", "do": "pull"}])
        outcome = self.act("set", "--new-pin-file", self.new_file, *words)
        self.assert_failed(outcome, 4, "the new PIN is set.*not known whether its (min|change is)",
                           "key info")
        self.assertNotIn("whether it has", outcome.stderr)
