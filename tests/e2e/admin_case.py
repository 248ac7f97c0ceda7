"""What tests stand on that act for others: who does it, the journal, and who gets in afterwards."""

import json

from case import Case
from web import Browser

API_KEY = "api key"


class AdminCase(Case):
    def setUp(self):
        super().setUp()
        self.secret_texts |= set(self.server.api_keys.values())
        self.own_edits = 0
        if not self.server.is_simulated:
            self.sessions_lost = 999  # each call by key leaves one, which a real server counts, too

    @property
    def journal(self):
        return self.place / ".local/state/cowkey/journal.jsonl"

    def key_words(self, kind="rw"):
        return ["--api-key-file", self.file(f"{kind}.key", self.server.api_keys[kind] + "\n")]

    def act(self, by, *words, status=None, **how):
        """Runs cowkey as somebody: the API key, or the account of that name."""
        return self.finish(self.start_acting(by, *words, **how), status)

    def start_acting(self, by, *words, **how):
        if by == API_KEY:
            return self.start(None, *self.key_words(), *words, **how)
        return self.start(self.server.account(by), *words, **how)

    def log_in(self, account, password):
        """What a login with this password comes to: "in" (or held), "asked" for a factor, "refused"."""
        with Browser(self.server) as browser:
            status, page = browser.post(self.server.login_page(account.role), {
                "login_user": account.name, "pass_user": password})
        return "in" if status == 302 else "asked" if 'id="ConfirmTFAModal"' in page else "refused"

    def passkeys(self, account):
        return self.server.tell("passkeys", account.name)

    def all_of(self, account):
        """Factors and passkeys."""
        return self.server.factors(account), self.passkeys(account)

    def deactivate(self, account):
        """By the API: an admin's row and its domains' have to agree."""
        self.server.web.arrange("active", account.name, "off")
        self.own_edits += 1

    def read(self, account):
        """What the API tells of it."""
        with Browser(self.server) as browser:
            return browser.read(f"/api/v1/get/{account.role}/{account.name}",
                                self.server.api_keys["rw"])

    def flags(self, account):
        """force_tfa and force_pw_update; None where the release does not know it."""
        attributes = self.read(account).get("attributes", {})
        return tuple(str(attributes[name]) == "1" if name in attributes else None
                     for name in ("force_tfa", "force_pw_update"))

    def entries(self):
        """What the journal says: intents, each with its outcome (None: not concluded)."""
        if not self.journal.exists():
            return []
        self.cowkey(None, "journal", "verify", connect=False)
        lines = [json.loads(line) for line in self.journal.read_text().splitlines()]
        outcomes = {line["id"]: line for line in lines if line["event"] == "outcome"}
        return [line | {"conclusion": outcomes.get(line["id"])} for line in lines
                if line["event"] == "intent"]

    def assert_journal(self, account, by, *wanted):
        """(action, outcome, evidence) of each entry, all about this account."""
        entries = self.entries()
        found = [(entry["action"], entry["conclusion"] and entry["conclusion"]["outcome"],
                  entry["conclusion"] and entry["conclusion"]["evidence"]) for entry in entries]
        self.assertEqual(found, list(wanted))
        for entry in entries:
            self.assertEqual((entry["account"], entry["role"]), (account.name, account.role))
            self.assertEqual(entry["operator"], "API key" if by == API_KEY else by)
            self.assertIn(self.server.host, entry["server"])
            self.assertIn("@", entry["user"])
        text = self.journal.read_text() if entries else ""
        for secret in self.secret_texts:
            self.assertNotIn(json.dumps(secret)[1:-1], text, "the journal holds a secret")

    def assert_edits_nothing(self):
        """Where the server tells: nothing was asked of it that changes something."""
        if not self.server.is_simulated:
            return
        posts = [row["path"] for row in self.server.requests() if row["method"] == "POST" and (
            row["path"].startswith(("/api/v1/edit/", "/api/v1/delete/", "/api/v1/add/fido2",
                                    "/api/v1/add/webauthn", "/api/v1/add/app-passwd"))
            or {"set_tfa", "unset_tfa_key", "unset_fido2_key"} & set(row["form"]))]
        self.assertEqual(posts[self.own_edits:], [])
