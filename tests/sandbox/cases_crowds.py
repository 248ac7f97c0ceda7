"""What only the simulation has for administrators: crowds, verbs, and lies about others."""

import base64
import hashlib
import json
import time

from cases import Case
from cases_admins import ALICE, BOB, DA, FAR, Admins
from cases_keys import FIDO2
from visitor import SECRET


def octets(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Crowds(Admins, Case):
    COUNT = 10_000

    def test_ten_thousand(self):
        self.server.ctl("many-mailboxes", "many.test", self.COUNT, "factors")
        self.server.ctl("small-pages", "on")
        for _ in range(2):
            rows = self.read("mailbox/all/many.test").json
            self.assertEqual((len(rows), rows[0]["username"], rows[-1]["username"]),
                             (self.COUNT, "made00001@many.test", "made10000@many.test"))
        self.assertEqual(len(self.read("mailbox/all/example.test").json), 3)
        self.assertEqual([domain["domain_name"] for domain in self.read("domain/all").json],
                         ["example.test", "example.org", "many.test"])

    def test_what_they_have(self):
        self.server.ctl("many-mailboxes", "many.test", 20, "factors")
        names = [f"made{number:05}@many.test" for number in range(10, 20)]
        rows = [self.server.ask("factors", name) for name in names]
        self.assertEqual([[(row["method"], row["active"]) for row in each] for each in rows], [
            [("totp", True)], [("webauthn", True)], [], [("totp", True)], [("totp", False)],
            [("webauthn", False)], [], [], [], []])
        self.assertEqual([len(self.server.ask("passkeys", name)) for name in names],
                         [0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        self.assertEqual([len(self.server.ask("app-passwords", name)) for name in names],
                         [0, 0, 0, 1, 0, 0, 1, 0, 0, 0])
        self.server.ctl("reset")
        self.server.ctl("many-mailboxes", "example.org", 2)
        self.assertEqual(self.server.ask("factors", "made00001@example.org"), [])

    def test_own_passwords(self):
        self.server.ctl("many-mailboxes", "many.test", 100, "passwords")
        for number, password, status in ((1, "Made-Up-Pass-00001", 302),
                                         (100, "Made-Up-Pass-00100", 302),
                                         (2, "Made-Up-Pass-00001", 200)):
            answer = self.visitor().log_in(f"made{number:05}@many.test", "/", password)
            self.assertEqual(answer.status, status)

    def test_holdings(self):
        self.server.ctl("many-mailboxes", "many.test", 10, "factors")
        cid = self.server.ctl("add-passkey", ALICE, "my key")
        found = self.server.ask("holdings")
        self.assertEqual({name: found[name][kind] for name, kind in (
            (BOB, "factors"), (DA, "factors"), ("made00003@many.test", "passkeys"))},
            {BOB: [], DA: [], "made00003@many.test": []})
        [app], [password] = (found["made00003@many.test"][kind]
                             for kind in ("factors", "app_passwords"))
        self.assertEqual((app["method"], app["secret"], app["active"]),
                         ("totp", "MADEUPSECRETOFMANYABCD234567", True))
        self.assertEqual(password["label"], "made up")
        [key] = found["made00001@many.test"]["factors"]
        self.assertEqual((key["method"], key["secret"], len(octets(key["credential"]))),
                         ("webauthn", None, 32))
        [passkey] = found[ALICE]["passkeys"]
        self.assertEqual((passkey["cid"], passkey["label"]), (cid, "my key"))
        self.assertEqual(hashlib.sha256(octets(passkey["credential"])).hexdigest(), cid)
        self.assertEqual(len(self.server.ask("holdings", "many.test")), 10)

    def test_reset_is_quick(self):
        self.server.ctl("many-mailboxes", "many.test", self.COUNT, "factors")
        start = time.monotonic()
        self.server.ctl("reset")
        self.assertLess(time.monotonic() - start, 1)
        self.assertEqual(len(self.read("mailbox/all").json), 3)

    def test_small_pages(self):
        visitor = self.logged_in()
        whole = visitor.get("/user")
        self.server.ctl("small-pages", "on")
        small = visitor.get("/user")
        self.assertLess(len(small.body), len(whole.body) / 5)
        self.assertEqual((small.name, small.token, small.has("tfa_keys")), (ALICE, whole.token, True))


    def test_list_filling(self):
        self.server.ctl("list-filling", "1000")
        for row in self.read("mailbox/reduced/example.test").json:
            self.assertEqual(len(row["filling"]), 1000)
        self.assertNotIn("filling", self.read(f"mailbox/{ALICE}").json)
        self.server.ctl("reset")
        self.assertNotIn("filling", self.read("mailbox/all").json[0])


class Arranged(Admins, Case):
    def test_attributes(self):
        before = self.server.ask("attributes", ALICE)
        self.assertEqual((before["mailbox"]["username"], before["mailbox"]["attributes"]["force_tfa"]),
                         (ALICE, "0"))
        self.assertNotIn(self.password(ALICE), json.dumps(before))
        self.edit("mailbox", [ALICE], force_tfa="1")
        after = self.server.ask("attributes", ALICE)
        self.assertEqual(after["mailbox"]["attributes"]["force_tfa"], "1")
        self.server.ctl("password", ALICE, "Made-Up-Else-1")
        self.assertNotEqual(self.server.ask("attributes", ALICE)["mailbox"]["password"],
                            before["mailbox"]["password"])
        found = self.server.ask("attributes", DA)
        self.assertEqual(([row["domain"] for row in found["domain_admins"]],
                          found["admin"]["superadmin"]), (["example.test"], 0))

    def test_accounts(self):
        self.server.ctl("add-account", FAR, "mailbox", "Made-Up-Pass-far")
        self.server.ctl("add-account", "da9", "domain-admin", "Made-Up-Pass-da9", "new.test")
        self.server.ctl("add-account", "admin9", "admin", "Made-Up-Pass-admin9")
        for name, role in ((FAR, "user"), ("da9", "domainadmin"), ("admin9", "admin")):
            password = "Made-Up-Pass-" + name.partition("@")[0]
            answer = self.visitor().log_in(name, self.table.login[role], password)
            self.assertEqual(answer.location, self.table.start[role])
        self.assertEqual(self.read("domain-admin/da9").json["selected_domains"], ["new.test"])
        self.server.ctl("domain-admin-of", "da9", "example.org")
        self.assertEqual(self.read("domain-admin/da9").json["selected_domains"],
                         ["new.test", "example.org"])

    def test_wrong_words(self):
        for words in (("add-account", "x", "king", "y"), ("add-account", "x", "mailbox", "y"),
                      ("add-account", "x", "domain-admin", "y"), ("add-account", DA, "admin", "y"),
                      ("many-mailboxes", "many.test", "x"), ("api-allow-from", "tea"),
                      ("many-mailboxes", "many.test", "1", "x"), ("small-pages", "perhaps"),
                      ("list-filling", "much"),
                      ("domain-active", "unknown.test", "on")):
            self.assertEqual(self.server.try_ctl(*words).returncode, 2, words)
        self.assertEqual(self.server.try_ctl("domain-admin-of", "admin", "x.test").returncode, 3)

    def test_full_domain(self):
        """Of many edits only those of its mailboxes are refused."""
        self.server.ctl("add-account", FAR, "mailbox", "Made-Up-Pass-far")
        self.server.ctl("domain-full", "example.test", "on")
        answer = self.edit("mailbox", [ALICE, FAR], force_tfa="1")
        self.assertEqual([row["msg"] for row in answer.json], [
            ["mailbox_quota_left_exceeded", 1], ["mailbox_modified", FAR]])
        self.assertEqual(self.flags("mailbox", ALICE)["force_tfa"], "0")
        self.server.ctl("domain-full", "example.test", "off")
        self.assertEqual(self.edit("mailbox", [ALICE]).json[0]["type"], "success")

    def test_no_record(self):
        self.server.ctl("no-record", ALICE, "on")
        rows = self.read("mailbox/all/example.test").json
        self.assertEqual([row["username"] for row in rows], [None, BOB, "carol@example.test"])
        self.assertEqual(self.read("mailbox/" + ALICE).json["attributes"], None)
        self.assertEqual(self.become(ALICE).get("/user").name, ALICE)

    def test_disabled_factors(self):
        self.server.ctl("add-totp", ALICE, "phone", SECRET)
        self.server.ctl("disable-factors", ALICE)
        self.assertFalse(self.server.ask("factors", ALICE)[0]["active"])
        self.assertEqual(self.visitor().log_in(ALICE, "/").status, 302)
        self.assertTrue(self.visitor().log_in(ALICE, "/").has("ConfirmTFAModal"))


class Lies(Admins, Case):
    def test_token_that_is_none(self):
        self.server.fault("lie-success", path="/api/v1/add/sso/*")
        self.assertEqual(self.redeem(self.token().json["token"]).status, 200)

    def test_token_of_another(self):
        self.server.fault("other-session:da2", path="/domainadmin/")
        visitor = self.visitor()
        self.redeem(self.token().json["token"], visitor)
        self.assertEqual(visitor.get("/domainadmin/user").name, "da2")

    def test_log_in_as_that_is_none(self):
        visitor = self.logged_in("admin")
        self.server.fault("lie-success", path="/")
        self.assertEqual(visitor.get("/?duallogin=" + ALICE).location, "/user")
        self.assertEqual(visitor.get("/user").location, "/admin/dashboard")
        self.assertEqual(self.options(visitor, FIDO2)["publicKey"]["user"]["name"], "admin")

    def test_log_in_as_another(self):
        visitor = self.logged_in("admin")
        self.server.fault("other-session:" + BOB, path="/")
        visitor.get("/?duallogin=" + ALICE)
        page = visitor.get("/user")
        self.assertEqual((page.name, page.really), (BOB, "admin"))

    def test_options_of_another(self):
        visitor = self.become(ALICE)
        self.server.fault("options:another-account", path="/api/v1/get/fido2-registration")
        options = self.options(visitor, FIDO2)["publicKey"]
        self.assertEqual(options["user"]["name"], "somebody-else@example.test")

    def test_log_outs_that_are_none(self):
        visitor = self.become(ALICE)
        for location in ("/admin/mailbox", "/admin"):
            self.server.fault("lie-success", field="logout")
            self.assertEqual(self.log_out(visitor).location, location)
            self.assertEqual(self.server.ask("sessions")["authenticated"], 1)
            self.log_out(visitor)
        self.assertEqual(self.server.ask("sessions")["authenticated"], 0)

    def test_edits(self):
        for path, name in (("mailbox", ALICE), ("domain-admin", DA), ("admin", "admin2")):
            before = self.server.ask("attributes", name)
            self.server.fault("lie-success", path="/api/v1/edit/*")
            answer = self.edit(path, [name], force_tfa="1", active="0", password="Made-Up-1",
                               password2="Made-Up-1")
            self.assertEqual(answer.json[0]["type"], "success")
            self.assertEqual(self.server.ask("attributes", name), before)
