"""Rows that belong to accounts, found by their owner without a search.

Ten thousand mailboxes are asked for one by one; a list that is gone through for
each of them would take longer than everything else.
"""


class Table:
    """Rows with a member `account`, in the order in which they came.

    Names are compared as the database does: capital letters are no others.
    """

    def __init__(self):
        self._rows = {}

    def of(self, account):
        return self._rows.get((account or "").lower(), ())

    def __iter__(self):
        for rows in self._rows.values():
            yield from rows

    def append(self, row):
        self._rows.setdefault(row.account.lower(), []).append(row)

    def remove(self, account, wanted=lambda row: True):
        """Those of an account that are wanted; all of them if nothing is said."""
        self._rows[account.lower()] = [row for row in self.of(account) if not wanted(row)]

    def rename(self, old, new):
        rows = self._rows.pop(old.lower(), [])
        for row in rows:
            row.account = new
            self.append(row)
