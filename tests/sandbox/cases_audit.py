"""What somebody who audits and enforces meets: reads and edits, and who may do which.

protocol 7.2, 7.3 and 18; dialects 2.5.
"""

from cases import ACCOUNTS, Case, in_every_dialect, simulated
from cases_admins import ALICE, BOB, DA, FAR, Admins
from cases_keys import TFA
from visitor import SECRET

NEW = "Made-Up-New-Pass-1"
WEAK = {"password": "x", "password2": "x"}
PATHS = {"user": "mailbox", "domainadmin": "domain-admin", "admin": "admin"}


def messages(answer):
    return [(row["type"], row["msg"]) for row in answer.json]


@in_every_dialect
class Reading(Admins):
    def test_of_one_row(self):
        """The first one speaks for all: a factor that was set up later does not show."""
        for role in ("domainadmin", "admin"):
            name = ACCOUNTS[role]
            self.server.ctl("add-totp", name, "old", SECRET)
            self.edit(PATHS[role], [name], disable_tfa="1")
            self.server.ctl("add-totp", name, "new", SECRET)
            self.assertEqual([row["active"] for row in self.server.ask("factors", name)],
                             [False, True])
            self.assertEqual(self.read(f"{PATHS[role]}/{name}").json["tfa_active"], 0)
            self.assertTrue(self.visitor().log_in(name, self.table.login[role])
                            .has("ConfirmTFAModal"))

    def test_disabled_rows_show_for_security_keys_only(self):
        """They are not listed, but the options for a new key name them."""
        for role in ("domainadmin", "admin"):
            name, page = ACCOUNTS[role], self.table.factors[role]
            visitor = self.logged_in(role)
            self.server.ctl("add-totp", name, "phone", SECRET)
            self.edit(PATHS[role], [name], disable_tfa="1")
            self.assertEqual(visitor.get(page).factors, [])
            excluded = self.options(visitor, TFA)["publicKey"]["excludeCredentials"]
            self.assertEqual(excluded, [])
            self.server.ctl("add-webauthn", name, "key")
            self.edit(PATHS[role], [name], disable_tfa="1")
            self.assertEqual(visitor.get(page).factors, [])
            excluded = self.options(visitor, TFA)["publicKey"]["excludeCredentials"]
            self.assertEqual(len(excluded), 1)

    def test_of_a_domain_admin(self):
        visitor = self.logged_in("domainadmin")
        rows = visitor.get("/api/v1/get/mailbox/all/example.test").json
        self.assertIn(ALICE, [row["username"] for row in rows])
        self.assertEqual(visitor.get("/api/v1/get/mailbox/" + ALICE).json["username"], ALICE)
        [domain] = visitor.get("/api/v1/get/domain/all").json
        self.assertEqual(domain["domain_name"], "example.test")
        self.assertNotIn("domain_admins", domain)
        self.assertEqual(visitor.get("/api/v1/get/domain/example.org").text, "{}")
        for path in ("domain-admin/all", "domain-admin/da1", "domain-admin/da2", "admin/all",
                     "admin/admin", "logs/ui"):
            self.assertEqual(visitor.get("/api/v1/get/" + path).text, "{}", path)
        self.assertEqual(visitor.get("/api/v1/get/status/version").body, b"")

    def test_refusals_wait_for_the_next_page(self):
        for path, told in (("domain-admin/all", True), ("admin/all", True),
                           ("admin/admin", True), ("domain-admin/da1", False)):
            visitor = self.logged_in("domainadmin")
            visitor.get("/api/v1/get/" + path)
            page = visitor.get(self.table.factors["domainadmin"])
            self.assertEqual("danger" in page.alert_types, told, path)

    @simulated
    def test_of_a_domain_admin_elsewhere(self):
        self.server.ctl("add-account", FAR, "mailbox", "Made-Up-Pass-far")
        self.server.ctl("add-app-password", FAR, "laptop")
        self.server.ctl("add-app-password", ALICE, "laptop")
        visitor = self.logged_in("domainadmin")
        # An unknown domain and a domain of others narrow nothing, and yet nothing more is shown.
        for domain in ("example.org", "unknown.test"):
            rows = visitor.get("/api/v1/get/mailbox/all/" + domain).json
            self.assertEqual(len(rows), 3)
        self.assertEqual(visitor.get("/api/v1/get/mailbox/" + FAR).text, "{}")
        self.assertEqual(visitor.get("/api/v1/get/app-passwd/all/" + FAR).text, "{}")
        self.assertEqual(len(visitor.get("/api/v1/get/app-passwd/all/" + ALICE).json), 1)

    def test_reduced(self):
        whole = self.read("mailbox/all/example.test").json
        reduced = self.read("mailbox/reduced/example.test").json
        self.assertEqual([row["username"] for row in whole], [row["username"] for row in reduced])
        self.assertEqual([row["attributes"] for row in whole],
                         [row["attributes"] for row in reduced])
        self.assertIn("max_new_quota", whole[0])
        self.assertNotIn("max_new_quota", reduced[0])

    def test_domains(self):
        domain = self.read("domain/example.test").json
        self.assertEqual((domain["domain_name"], domain["active"], domain["mboxes_in_domain"],
                          sorted(domain["domain_admins"].split(", "))),
                         ("example.test", 1, 3, ["da1", "da2"]))
        self.assertEqual(self.read("domain/unknown.test").text, "{}")

    @simulated
    def test_inactive_domain(self):
        self.server.ctl("domain-active", "example.test", "off")
        self.assertEqual(self.read("domain/example.test").json["active"], 0)
        self.assertEqual(self.visitor().log_in(ALICE, "/").alert_types, ["danger"])
        self.assertEqual(self.become(ALICE).get("/user").name, ALICE)

    def test_own_record_of_nobody(self):
        answer = self.logged_in("domainadmin").get("/api/v1/get/mailbox/" + DA)
        self.assertIsNone(answer.json["username"])

    def test_log_of_the_api(self):
        """It tells who asked that factors be disabled, with a key or without."""
        self.edit("domain-admin", [DA], disable_tfa="1", password=NEW, password2=NEW)
        text = self.read("logs/api", "ro").text
        [row] = [row for row in self.read("logs/api", "ro").json if row["data"]]
        self.assertEqual((row["uri"], row["method"]), ("/api/v1/edit/domain-admin", "POST"))
        self.assertIn('"disable_tfa":"1"', row["data"])
        self.assertIn(f"items='[\"{DA}\"]'", row["data"])
        self.assertNotIn(NEW, text)
        self.assertEqual(self.logged_in().get("/api/v1/get/logs/api").text, "{}")

    def test_log_holds_secrets(self):
        visitor = self.logged_in()
        visitor.enrol_totp("/user", self.password(ALICE))
        [row] = [row for row in self.read("logs/ui", "ro").json if "set_tfa" in row["call"]]
        self.assertEqual((row["user"], row["type"]), (ALICE, "success"))
        self.assertIn(SECRET, row["call"])


@in_every_dialect
class Editing(Admins):
    def test_who_may_edit_administrators(self):
        for role in ("user", "domainadmin"):
            for path, name in (("domain-admin", "da2"), ("domain-admin", DA), ("admin", "admin")):
                answer = self.logged_in(role).json("/api/v1/edit/" + path, {
                    "items": [name], "attr": {"force_tfa": "1", "active": "0"}})
                self.assertEqual(messages(answer)[-1], ("danger", "access_denied"))

    def test_domain_admins_own_password(self):
        """Whatever account is named."""
        answer = self.logged_in("domainadmin").json("/api/v1/edit/domain-admin", {
            "items": ["da2"], "attr": {"user_old_pass": self.password(DA), "user_new_pass": NEW,
                                       "user_new_pass2": NEW}})
        self.assertEqual(messages(answer)[-1], ("success", ["domain_admin_modified", DA]))
        login = self.table.login["domainadmin"]
        self.assertEqual(self.visitor().log_in(DA, login, NEW).status, 302)
        self.assertEqual(self.visitor().log_in("da2", login).status, 302)

    def test_domain_admin_edits_mailboxes(self):
        visitor = self.logged_in("domainadmin")
        answer = visitor.json("/api/v1/edit/mailbox", {
            "items": [ALICE], "attr": {"force_pw_update": "1", "force_tfa": "1"}})
        self.assertEqual(messages(answer)[-1], ("success", ["mailbox_modified", ALICE]))
        self.assertEqual(self.flags("mailbox", ALICE)["force_pw_update"], "1")

    @simulated
    def test_domain_admin_edits_no_others(self):
        self.server.ctl("add-account", FAR, "mailbox", "Made-Up-Pass-far")
        visitor = self.logged_in("domainadmin")
        answer = visitor.json("/api/v1/edit/mailbox", {
            "items": [FAR, ALICE], "attr": {"force_pw_update": "1"}})
        self.assertEqual(messages(answer)[-2:], [
            ("danger", "access_denied"), ("success", ["mailbox_modified", ALICE])])
        self.assertEqual(self.flags("mailbox", FAR)["force_pw_update"], "0")

    def test_some_of_many(self):
        answer = self.edit("mailbox", [ALICE, "nobody@example.test", "nobody", BOB],
                           force_pw_update="1")
        self.assertEqual(messages(answer), [
            ("success", ["mailbox_modified", ALICE]), ("danger", "access_denied"),
            ("danger", ["username_invalid", "nobody"]), ("success", ["mailbox_modified", BOB])])

    def test_weak_password_stops_the_rest(self):
        """Of administrators; mailboxes go on with the next one."""
        for path, names in (("domain-admin", [DA, "da2"]), ("admin", ["admin", "admin2"])):
            answer = self.edit(path, names, **WEAK)
            self.assertEqual([kind for kind, _ in messages(answer)], ["danger"])
        answer = self.edit("mailbox", [ALICE, BOB], **WEAK)
        self.assertEqual([kind for kind, _ in messages(answer)], ["danger", "danger"])

    def test_weak_password_comes_too_late(self):
        """Of a domain admin all else is written by then, and reads say what logins do not."""
        self.edit("domain-admin", [DA], active="0", domains=["example.org"], **WEAK)
        details = self.read("domain-admin/" + DA).json
        self.assertEqual((details["active"], details["selected_domains"]), (0, ["example.org"]))
        visitor = self.visitor()
        self.assertEqual(visitor.log_in(DA, self.table.login["domainadmin"]).status, 302)
        self.assertEqual(visitor.get("/api/v1/get/domain/all").text, "{}")

    def test_of_an_inactive_admin(self):
        """With one active admin left it is refused, although it would take nobody away."""
        self.edit("admin", ["admin2"], active="0")
        answer = self.edit("admin", ["admin2"], force_tfa="1")
        self.assertEqual(messages(answer), [("warning", "no_active_admin")])
        answer = self.edit("admin", ["admin2"], active="1")
        self.assertEqual(messages(answer), [("success", ["admin_modified", "admin2"])])

    def test_null_is_nothing(self):
        self.server.ctl("add-totp", DA, "phone", SECRET)
        self.edit("domain-admin", [DA], disable_tfa=None, active=None)
        self.assertTrue(self.server.ask("factors", DA)[0]["active"])
        self.assertEqual(self.read("domain-admin/" + DA).json["active"], 1)

    def test_rename_of_the_disabled(self):
        """Their rows stay behind, and so does the second factor."""
        self.server.ctl("add-totp", DA, "phone", SECRET)
        self.edit("domain-admin", [DA], disable_tfa="1", username_new="da9")
        self.assertEqual(self.server.ask("factors", "da9"), [])

    def test_deletions(self):
        visitor = self.logged_in("admin")
        answer = visitor.json("/api/v1/delete/admin", ["admin", "nobody"])
        self.assertEqual(messages(answer), [("warning", "cannot_delete_self"),
                                            ("danger", ["username_invalid", "nobody"])])

    def test_read_only(self):
        for path, name in (("mailbox", ALICE), ("domain-admin", DA), ("admin", "admin")):
            self.assertEqual(self.edit(path, [name], "ro", force_tfa="1").status, 403)


class External(Admins):
    """Accounts whose passwords are elsewhere."""

    def test_password_is_not_set(self):
        for source in ("ldap", "keycloak", "generic-oidc"):
            self.server.ctl("reset")
            self.server.ctl("authsource", ALICE, source)
            answer = self.edit("mailbox", [ALICE], password=NEW, password2=NEW)
            self.assertEqual(messages(answer), [("success", ["mailbox_modified", ALICE])])
            self.assertEqual(messages(self.edit("mailbox", [ALICE], **WEAK)),
                             [("danger", "password_complexity")])
            # The one that comes with the move arrives too early.
            self.edit("mailbox", [ALICE], authsource="mailcow", password=NEW, password2=NEW)
            self.assertEqual(self.read("mailbox/" + ALICE).json["authsource"], "mailcow")
            self.assertEqual(self.visitor().log_in(ALICE, "/", NEW).status, 200)
            self.assertEqual(self.visitor().log_in(ALICE, "/").status, 302)

    def test_password_change_is_never_forced(self):
        self.server.ctl("authsource", ALICE, "ldap")
        self.edit("mailbox", [ALICE], force_pw_update="1")
        self.assertEqual(self.flags("mailbox", ALICE)["force_pw_update"], "0")


class ExternalForced(External, Case):
    @simulated
    def test_hold(self):
        """It comes for passwords that a directory checks, and can be ended like any other."""
        self.server.ctl("directory", "on")
        for source in ("ldap", "keycloak"):
            self.server.ctl("authsource", ALICE, source)
            self.edit("mailbox", [ALICE], force_tfa="1")
            self.assertEqual(self.flags("mailbox", ALICE)["force_tfa"], "1")
            visitor = self.visitor()
            self.assertEqual(visitor.log_in(ALICE, "/").location, "/")
            self.assertTrue(visitor.get("/").has("SetupTFAModal"))
            self.assertEqual(visitor.enrol_totp("/", None).status, 302)
            page = visitor.get("/user")
            self.assertEqual((page.status, page.has("tfa_keys")), (200, source == "ldap"))
            self.assertEqual(self.labels(ALICE), ["my phone"])
            self.assertTrue(self.visitor().log_in(ALICE, "/").has("ConfirmTFAModal"))
            self.server.ctl("reset")
            self.server.ctl("directory", "on")

    @simulated
    def test_forced_password_change_does_not_hold(self):
        self.server.ctl("directory", "on")
        self.server.ctl("authsource", ALICE, "ldap")
        self.server.ctl("force-pw-update", ALICE, "on")
        self.assertEqual(self.visitor().log_in(ALICE, "/").location, "/user")


class ExternalSplit(External, Case):
    dialect = "split"
