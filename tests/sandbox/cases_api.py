"""The JSON API: errors, reads, edits and their lies (protocol 7, 15; dialects 2.5)."""

import json
import tempfile
from urllib.parse import quote

from cases import ACCOUNTS, OTHERS, Case, in_every_dialect, simulated
from visitor import HERE, SECRET, Server

MADE_UP = "Made-Up-App-Pass-1"


class Keyed:
    """A case with the API keys at hand."""

    def key(self, access="rw"):
        return {"X-API-Key": self.server.about["api_key_" + access]}

    def read(self, path, access="rw"):
        return self.visitor().get("/api/v1/get/" + path, **self.key(access))

    def edit(self, path, items, access="rw", **attributes):
        return self.visitor().json("/api/v1/edit/" + path,
                                   {"items": items, "attr": attributes}, **self.key(access))

    def flags(self, path, name):
        return self.read(f"{path}/{name}").json.get("attributes", {})


@in_every_dialect
class Errors(Keyed):
    def test_nobody(self):
        answer = self.visitor().get("/api/v1/get/mailbox/all")
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.body),
                         (200, "application/json", b""))

    def test_wrong_key(self):
        answer = self.visitor().get("/api/v1/get/mailbox/all", **{"X-API-Key": "MADE-UP"})
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.text),
                         (401, "text/html; charset=utf-8",
                          '{"type":"error","msg":"authentication failed"}'))
        self.assertEqual(self.server.ctl("f2b"), "1")

    def test_key_is_filtered(self):
        key = "".join(letter + "_ " for letter in self.server.about["api_key_ro"])
        answer = self.visitor().get("/api/v1/get/status/version", **{"X-API-Key": key})
        self.assertEqual(answer.json, {"version": self.table.version})

    def test_read_only_key(self):
        for action in ("add", "edit", "delete"):
            answer = self.visitor().json(f"/api/v1/{action}/mailbox", {}, **self.key("ro"))
            self.assertEqual((answer.status, answer.text), (
                403, '{"type":"error","msg":"API read\\/write access denied"}'))

    def test_routes(self):
        for path in ("get/made-up", "made-up"):
            answer = self.visitor().get("/api/v1/" + path, **self.key())
            self.assertEqual((answer.status, answer.json["msg"]), (404, "route not found"))
        answer = self.visitor().json("/api/v1/edit/made-up", {"items": [], "attr": {}},
                                     **self.key())
        self.assertEqual(answer.status, 404)

    def test_methods_and_bodies(self):
        answer = self.visitor().json("/api/v1/get/mailbox/all", {}, **self.key())
        self.assertEqual((answer.status, answer.json["msg"]), (405, "only GET method is allowed"))
        missing = "Cannot find attributes in post data"
        answer = self.visitor().get("/api/v1/edit/mailbox", **self.key())
        self.assertEqual((answer.status, answer.json["msg"]), (200, missing))
        answer = self.visitor().json("/api/v1/edit/mailbox", {"items": ["a"], "attr": {}},
                                     **self.key(), **{"Content-Type": "text/plain"})
        self.assertEqual(answer.json["msg"], missing)
        answer = self.visitor().send("POST", "/api/v1/edit/mailbox", b"{", {
            **self.key(), "Content-Type": "application/json"})
        self.assertEqual(answer.status, 400)

    def test_not_for_documents(self):
        answer = self.visitor().get("/api/v1/get/mailbox/all", **self.key(),
                                    **{"Sec-Fetch-Dest": "document"})
        self.assertEqual(answer.status, 403)

    def test_unknown_and_empty(self):
        self.assertEqual(self.read("domain-admin/nobody").text, "{}")
        self.assertEqual(self.read("mailbox/nobody@example.test").text, "{}")
        self.assertEqual(self.edit("domain-admin", []).json,
                         {"type": "success", "msg": "Task completed"})
        answer = self.edit("domain-admin", ["nobody", "da1"], force_tfa="0")
        self.assertEqual([entry["type"] for entry in answer.json], ["danger", "success"])

    def test_form_with_a_key(self):
        answer = self.visitor().post("/api/v1/edit/mailbox", {
            "attr": json.dumps({"active": "0"}), "items": json.dumps([ACCOUNTS["user"]])},
            **self.key())
        self.assertEqual(answer.json[0]["msg"], ["mailbox_modified", ACCOUNTS["user"]])


class OtherAddress(Keyed, Case):
    @simulated
    def test_address(self):
        with open(f"{HERE}/seed.json", encoding="utf-8") as file:
            seed = json.load(file)
        seed["api_allow_from"] = ["192.0.2.0/24"]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(seed, file)
            file.flush()
            self.server = Server("forced", "--seed", file.name)
        self.addCleanup(self.server.close)
        answer = self.read("mailbox/all")
        self.assertEqual((answer.status, answer.text), (
            401, '{"type":"error","msg":"api access denied for ip 127.0.0.1"}'))
        self.assertEqual(self.server.ctl("f2b"), "1")


@in_every_dialect
class Reads(Keyed):
    def test_administrators(self):
        for role, path in (("domainadmin", "domain-admin"), ("admin", "admin")):
            name = ACCOUNTS[role]
            details = self.read(f"{path}/{name}", "ro").json
            self.assertEqual((details["username"], details["tfa_active"], details["active"]),
                             (name, 0, 1))
            self.assertEqual("attributes" in details, self.table.knows_force)
            if self.table.knows_force:
                self.assertEqual(details["attributes"],
                                 {"force_tfa": "0", "force_pw_update": "0"})
            self.server.ctl("add-totp", name, "phone", SECRET)
            everybody = self.read(path + "/all").json
            self.assertEqual({row["username"]: row["tfa_active_int"] for row in everybody},
                             {name: 1, OTHERS[role]: 0})

    @simulated
    def test_domains_of_an_administrator(self):
        details = self.read("domain-admin/da1").json
        self.assertEqual((details["selected_domains"], details["unselected_domains"]),
                         (["example.test"], ["example.org"]))
        self.assertEqual(self.read("domain-admin/da2").json["unselected_domains"], "")
        self.assertNotIn("selected_domains", self.read("admin/admin").json)

    def test_own_record(self):
        """A mailbox and an admin may read theirs, with the name encoded as a browser would."""
        for role, path in (("user", "mailbox"), ("admin", "admin")):
            name = ACCOUNTS[role]
            answer = self.logged_in(role).get(f"/api/v1/get/{path}/{quote(name)}")
            self.assertEqual(answer.json["username"], name)
        name = ACCOUNTS["domainadmin"]
        answer = self.logged_in("domainadmin").get(f"/api/v1/get/domain-admin/{name}")
        self.assertEqual(answer.text, "{}")

    def test_mailbox(self):
        details = self.read("mailbox/" + ACCOUNTS["user"]).json
        self.assertEqual(details["attributes"]["force_pw_update"], "0")
        self.assertEqual("force_tfa" in details["attributes"], self.table.knows_force)
        self.assertEqual("attribute_hash" in details["attributes"], self.table.knows_authsource)
        self.assertEqual(details.get("authsource"),
                         "mailcow" if self.table.knows_authsource else None)
        self.assertNotIn("tfa_active", details)

    @simulated
    def test_domain_without_mailboxes(self):
        self.assertEqual(self.read("mailbox/all/example.org").text, "{}")

    def test_unknown_domain_means_all(self):
        self.assertEqual(len(self.read("mailbox/all/unknown.test").json), 3)
        self.assertEqual(len(self.read("mailbox/all/example.test").json), 3)

    def test_pretty_printed(self):
        text = self.read("mailbox/" + ACCOUNTS["user"]).text
        self.assertTrue(text.startswith('{\n    "username": "alice@example.test",\n'))

    def test_version(self):
        self.assertEqual(self.read("status/version", "ro").json, {"version": self.table.version})
        self.assertEqual(self.logged_in("admin").get("/api/v1/get/status/version").json,
                         {"version": self.table.version})
        self.assertEqual(self.logged_in("user").get("/api/v1/get/status/version").body, b"")

    def test_own_session(self):
        visitor = self.logged_in("user")
        own = visitor.get("/api/v1/get/mailbox/" + ACCOUNTS["user"]).json
        self.assertEqual(own["username"], ACCOUNTS["user"])
        self.assertEqual(visitor.get("/api/v1/get/mailbox/" + OTHERS["user"]).text, "{}")

    def test_policy(self):
        self.assertEqual(self.logged_in().get("/api/v1/get/passwordpolicy").json["length"], "6")


@in_every_dialect
class Edits(Keyed):
    def test_force_tfa(self):
        for path, name in (("domain-admin", "da1"), ("admin", "admin"),
                           ("mailbox", ACCOUNTS["user"])):
            answer = self.edit(path, [name], force_tfa="1", force_pw_update="1")
            done = path.replace("-", "_") + "_modified"
            self.assertEqual(answer.json[0]["type"], "success")
            self.assertEqual(answer.json[0]["msg"], [done, name])
            # A release that does not know it says the same (trap 17).
            known = self.table.knows_force
            self.assertEqual(self.flags(path, name).get("force_tfa"), "1" if known else None)
            wanted = "1" if known or path == "mailbox" else None
            self.assertEqual(self.flags(path, name).get("force_pw_update"), wanted)

    def test_answer(self):
        answer = self.edit("domain-admin", ["da1"], force_tfa="1")
        self.assertEqual(answer.text, '[{"type":"success","log":["domain_admin","edit",'
                         '{"username":["da1"],"force_tfa":"1"}],"msg":["domain_admin_modified","da1"]}]')

    def test_disable_tfa(self):
        for role, path in (("domainadmin", "domain-admin"), ("admin", "admin")):
            name, login = ACCOUNTS[role], self.table.login[role]
            self.server.ctl("add-totp", name, "phone", SECRET)
            self.edit(path, [name], disable_tfa="0", force_tfa="0", force_pw_update="0")
            self.assertFalse(self.server.ask("factors", name)[0]["active"])
            self.assertEqual(self.read(f"{path}/{name}").json["tfa_active"], 0)
            visitor = self.visitor()
            self.assertEqual(visitor.log_in(name, login).status, 302)
            # ... and that login brought it back.
            self.assertTrue(self.visitor().log_in(name, login).has("ConfirmTFAModal"))
        self.server.ctl("add-totp", ACCOUNTS["user"], "phone", SECRET)
        self.edit("mailbox", [ACCOUNTS["user"]], disable_tfa="1")
        self.assertTrue(self.server.ask("factors", ACCOUNTS["user"])[0]["active"])

    def test_disabled_factor_is_not_listed(self):
        visitor = self.logged_in("admin")
        self.server.ctl("add-totp", "admin", "phone", SECRET)
        self.edit("admin", ["admin"], disable_tfa="1")
        self.assertEqual(visitor.get(self.table.factors["admin"]).factors, [])

    def test_rename(self):
        self.server.ctl("add-totp", "da1", "phone", SECRET)
        self.edit("domain-admin", ["da1"], username_new="da9")
        self.assertEqual(self.labels("da9"), ["phone"])
        self.assertEqual(self.read("domain-admin/da1").text, "{}")

    def test_refused(self):
        answer = self.edit("domain-admin", ["da1"], domains=["unknown.test"], force_tfa="1")
        self.assertEqual(answer.json[0]["msg"][0], "domain_invalid")
        answer = self.edit("domain-admin", ["da1"], password="x", password2="x")
        self.assertEqual(answer.json[0]["msg"], "password_complexity")
        self.assertEqual(self.visitor().log_in("da1", self.table.login["domainadmin"]).status, 302)
        self.edit("admin", ["admin2"], active="0")
        answer = self.edit("admin", ["admin"], active="0")
        self.assertEqual(answer.json[0]["type"], "warning")

    def test_edit_rewrites_created(self):
        before = self.read("domain-admin/da1").json["created"]
        self.edit("domain-admin", ["da1"])
        self.assertNotEqual(self.read("domain-admin/da1").json["created"], before)

    def test_password(self):
        name = ACCOUNTS["user"]
        self.edit("mailbox", [name], password=MADE_UP, password2=MADE_UP)
        self.assertEqual(self.visitor().log_in(name, "/", MADE_UP).status, 302)

    def test_delete(self):
        name = ACCOUNTS["user"]
        visitor = self.logged_in()
        self.server.ctl("add-totp", name, "phone", SECRET)
        answer = self.visitor().json("/api/v1/delete/mailbox", [name], **self.key())
        self.assertEqual(answer.json[-1]["type"], "success")
        self.assertEqual(self.server.try_ctl("factors", name).returncode, 2)
        # The session outlives the account.
        self.assertEqual(visitor.get("/api/v1/get/passwordpolicy").status, 200)
        self.assertEqual(visitor.get("/user").name, name)
        self.assertEqual(visitor.get("/").location, "/user")
        self.assertEqual(visitor.json("/api/v1/edit/self", {"attr": {}}).status, 200)

    @simulated
    def test_delete_domain_admin(self):
        visitor = self.logged_in("domainadmin")
        self.visitor().json("/api/v1/delete/domain-admin", ["da1"], **self.key())
        self.assertEqual(visitor.get("/api/v1/get/mailbox/all").text, "{}")
        self.assertEqual(visitor.get(self.table.factors["domainadmin"]).status, 200)

    def test_new_domain_admin(self):
        answer = self.visitor().json("/api/v1/add/domain-admin", {
            "username": "da9", "password": MADE_UP, "password2": MADE_UP, "active": "1",
            "domains": ["example.test"], "force_tfa": "1"}, **self.key())
        self.assertEqual(answer.json[0]["msg"], ["domain_admin_added", "da9"])
        if self.table.knows_force:
            self.assertEqual(self.flags("domain-admin", "da9")["force_tfa"], "0")


class Flags(Keyed, Case):
    """Only the newest dialect has flags that an edit can lose."""

    def test_omitted_flags_are_cleared(self):
        for path, name in (("domain-admin", "da1"), ("admin", "admin")):
            for attributes in ({}, {"active": "1"}, {"domains": []}):
                self.edit(path, [name], force_tfa="1", force_pw_update="1")
                self.edit(path, [name], **attributes)
                self.assertEqual(self.flags(path, name),
                                 {"force_tfa": "0", "force_pw_update": "0"})
        name = ACCOUNTS["user"]
        self.edit("mailbox", [name], force_tfa="1", force_pw_update="1")
        self.edit("mailbox", [name], active="1")
        self.assertEqual([self.flags("mailbox", name)[flag]
                          for flag in ("force_tfa", "force_pw_update", "attribute_hash")],
                         ["1", "1", ""])

    def test_what_counts_as_on(self):
        for value, stored in ((1, "1"), ("1", "1"), (True, "1"), (["0", "1"], "1"),
                              ("true", "0"), (0, "0")):
            self.edit("domain-admin", ["da1"], force_tfa=value)
            self.assertEqual(self.flags("domain-admin", "da1")["force_tfa"], stored, value)

    def test_external_mailboxes(self):
        name = ACCOUNTS["user"]
        for source, stored in (("ldap", "1"), ("generic-oidc", "0")):
            self.server.ctl("authsource", name, source)
            answer = self.edit("mailbox", [name], force_tfa="1")
            self.assertEqual(answer.json[0]["type"], "success")
            self.assertEqual(self.flags("mailbox", name)["force_tfa"], stored)


@in_every_dialect
class AppPasswords(Keyed):
    wanted = {"app_name": "lap & top", "app_passwd": MADE_UP, "app_passwd2": MADE_UP,
              "active": "1", "protocols": ["imap_access", "smtp_access"]}

    def test_own(self):
        visitor = self.logged_in()
        self.assertEqual(visitor.get("/api/v1/get/app-passwd/all").text, "{}")
        answer = visitor.json("/api/v1/add/app-passwd", self.wanted)
        self.assertEqual([entry["msg"] for entry in answer.json], ["app_passwd_added"])
        self.assertNotIn(MADE_UP, answer.text)
        [row] = visitor.get("/api/v1/get/app-passwd/all").json
        self.assertEqual((row["name"], row["mailbox"], row["imap_access"], row["dav_access"]),
                         ("lap &amp;amp; top", ACCOUNTS["user"], 1, 0))
        self.assertTrue(row["password"].startswith("{BLF-CRYPT}"))
        visitor.get("/user")  # drains the alert of the first answer
        answer = visitor.json("/api/v1/delete/app-passwd", [str(row["id"])])
        self.assertEqual(answer.json[0]["msg"], ["app_passwd_removed", str(row["id"])])
        self.assertEqual(visitor.get("/api/v1/get/app-passwd/all").text, "{}")

    def test_arranged(self):
        self.server.ctl("add-app-password", ACCOUNTS["user"], 'phone "x"')
        [row] = self.read("app-passwd/all/" + ACCOUNTS["user"], "ro").json
        self.assertEqual(row["name"], "phone &amp;quot;x&amp;quot;")
        self.assertEqual(self.read("app-passwd/all").text, "{}")
        self.assertEqual(self.read("app-passwd/" + ACCOUNTS["user"]).body, b"")

    def test_for_another(self):
        answer = self.visitor().json("/api/v1/add/app-passwd", {
            **self.wanted, "username": ACCOUNTS["user"]}, **self.key())
        self.assertEqual(answer.json[0]["type"], "success")
        self.assertEqual(len(self.read("app-passwd/all/" + ACCOUNTS["user"]).json), 1)
        visitor = self.logged_in("user", OTHERS["user"])
        self.assertEqual(visitor.get("/api/v1/get/app-passwd/all/" + ACCOUNTS["user"]).text, "{}")

    def test_of_a_name_that_is_too_long_once_escaped(self):
        visitor = self.logged_in()
        answer = visitor.json("/api/v1/add/app-passwd", {**self.wanted, "app_name": "&" * 52})
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(visitor.get("/api/v1/get/app-passwd/all").text, "{}")

    @simulated
    def test_arranger_tells_what_was_given(self):
        self.logged_in().json("/api/v1/add/app-passwd", self.wanted)
        [row] = json.loads(self.server.ctl("app-passwords", ACCOUNTS["user"]))
        self.assertEqual((row["label"], row["password"], row["protocols"]),
                         ("lap & top", MADE_UP, ["imap", "smtp"]))

    def test_weak(self):
        answer = self.logged_in().json("/api/v1/add/app-passwd", {
            **self.wanted, "app_passwd": "x", "app_passwd2": "x"})
        wanted = ("password_complexity" if self.table.checks_app_passwords
                  else "app_passwd_added")
        self.assertEqual(answer.json[-1]["msg"], wanted)

    def test_refused(self):
        for change, message in (({"app_passwd2": "Made-Up-Other-1"}, "password_mismatch"),
                                ({"app_name": " "}, "app_name_empty"),
                                ({"username": OTHERS["user"]}, "access_denied")):
            answer = self.logged_in().json("/api/v1/add/app-passwd", {**self.wanted, **change})
            self.assertEqual((answer.json[-1]["type"], answer.json[-1]["msg"]),
                             ("danger", message))


@in_every_dialect
class KeysAndCookies(Keyed):
    def test_cookie_of_a_key_is_a_session(self):
        visitor = self.visitor()
        visitor.get("/api/v1/get/admin/all", **self.key())
        self.assertEqual(len(visitor.get("/api/v1/get/admin/all").json), 2)
        answer = visitor.json("/api/v1/edit/mailbox", {"items": [ACCOUNTS["user"]], "attr": {}})
        self.assertEqual(answer.json[0]["type"], "success")
        self.assertEqual(self.server.ask("sessions"), {"authenticated": 0, "pending": 0, "api": 1})
        visitor.get(self.table.factors["admin"])  # a page ends it
        self.assertEqual(visitor.get("/api/v1/get/admin/all").body, b"")

    def test_key_takes_a_cookies_session_over(self):
        visitor = self.logged_in()
        visitor.get("/api/v1/get/status/version", **self.key())
        self.assertEqual(visitor.get("/user").status, 302)

    def test_cookie_needs_no_token_for_json(self):
        visitor = self.logged_in("admin")
        before = visitor.token
        answer = visitor.json("/api/v1/edit/mailbox", {"items": [ACCOUNTS["user"]], "attr": {}})
        self.assertEqual(answer.json[0]["type"], "success")
        self.assertEqual(visitor.get(self.table.factors["admin"]).token, before)

    def test_cookie_needs_a_token_for_forms(self):
        visitor = self.logged_in("admin")
        form = {"attr": "{}", "items": json.dumps([ACCOUNTS["user"]])}
        answer = visitor.post("/api/v1/edit/mailbox", {**form, "csrf_token": "0"})
        self.assertEqual(answer.json["msg"], "Cannot find attributes in post data")
        self.assertEqual(visitor.get(self.table.factors["admin"]).alert_types, ["warning"])
        answer = visitor.post("/api/v1/edit/mailbox", form)
        self.assertEqual(answer.json[0]["type"], "success")

    def test_key_needs_no_agent(self):
        visitor = self.visitor(agent=None)
        answer = visitor.json("/api/v1/edit/mailbox", {"items": [ACCOUNTS["user"]], "attr": {}},
                              **self.key())
        self.assertEqual(answer.json[0]["type"], "success")
