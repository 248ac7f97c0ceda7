"""What the cases about keys share."""

import json
import re

from cases import ACCOUNTS

TFA, FIDO2 = "webauthn-tfa", "fido2"


class Keys:
    """A mixin for cases in which accounts have keys."""

    def options(self, visitor, kind=TFA, action="registration", **headers):
        answer = visitor.get(f"/api/v1/get/{kind}-{action}", **headers)
        self.assertEqual(answer.status, 200)
        return answer.json

    def post_key(self, visitor, document, kind=TFA, content_type="text/plain", **headers):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return visitor.send("POST", f"/api/v1/add/{kind}-registration", body,
                            {"Content-Type": content_type, **headers})

    def add_factor(self, visitor, key, label="my key", password=None, **changes):
        """Sets a key up as a second factor of whoever visits."""
        document = {**key.create(self.options(visitor), **changes), "key_id": label,
                    "tfa_method": "webauthn", "confirm_password": password}
        return self.post_key(visitor, document)

    def add_passkey(self, visitor, key, **changes):
        return self.post_key(visitor, key.create(self.options(visitor, FIDO2), **changes), FIDO2)

    def with_factor(self, key, role="user"):
        """The number of the row of a key that an account has from now on."""
        name = ACCOUNTS[role]
        answer = self.add_factor(self.logged_in(role), key, password=self.password(name))
        self.assertEqual(answer.json, {"success": True})
        return self.server.ask("factors", name)[-1]["id"]

    def with_passkey(self, key, role="user"):
        self.assertEqual(self.add_passkey(self.logged_in(role), key).json, {"success": True})

    def asked(self, role="user"):
        """A visitor after the password, and the options for the key."""
        visitor = self.visitor()
        page = visitor.log_in(ACCOUNTS[role], self.table.login[role])
        self.assertTrue(page.has("ConfirmTFAModal"))
        return visitor, self.options(visitor, action="get-args")

    def answer_key(self, visitor, number, token, page="/"):
        return visitor.post(page, {"verify_tfa_login": "", "tfa_method": "webauthn",
                                   "id": number, "token": token})

    def enter(self, visitor, token, page="/"):
        """The passwordless login of the dialect."""
        if self.table.split_logins:
            return visitor.post(page, {"verify_fido2_login": "true", "token": token})
        return visitor.send("POST", "/api/v1/process/fido2-args", token.encode(),
                            {"Content-Type": "text/plain"})

    def enters(self, key, role="user", **changes):
        """Whether a key logs an account in, in a session of its own."""
        visitor = self.visitor()
        token = key.get(self.options(visitor, FIDO2, "get-args"), **changes)
        answer = self.enter(visitor, token, self.table.login[role])
        shown = visitor.get(self.table.factors[role])
        entered = shown.status == 200
        if entered:
            self.assertEqual((shown.name, shown.role), (ACCOUNTS[role], role))
        if self.table.split_logins:
            self.assertEqual((answer.status, answer.body), (200, b""))
        else:
            self.assertEqual((answer.status, answer.json), (200, {"success": entered}))
        return entered

    def cids(self, name):
        return [row["cid"] for row in self.server.ask("passkeys", name)]


PASSKEY = re.compile(r"<td>\s*(<i class=\"bi bi-unlock-fill\"></i>)?\s*(.*?)\s*</td>"
                     r'.*?name="unset_fido2_key" value="([0-9a-f]{64})".*?'
                     r'data-cid="\3" data-subject="([A-Za-z0-9+/=]*)"', re.S)


def passkeys_on(page):
    """[(marked, name in HTML, cid, subject in base64)] of a factor page."""
    table = page.text.partition('id="fido2_keys"')[2].partition("</table>")[0]
    return [(bool(mark), name, cid, subject) for mark, name, cid, subject in PASSKEY.findall(table)]
