"""Marks: what tells our own messages and buttons from all others, and from those of another installation."""

from __future__ import annotations

from hashlib import blake2b

from newsroom.text import row_number

POLL = "poll "
POLL_MESSAGE = "poll message "
ALERT = "alert "
DIGEST = "digest "
TAKE = "take "
REMARK = "remark "
ASK = "ask "
RECAP = "recap "
DEBATE = "debate "


class Marks:
    """Names rows of this installation's database to Discord, and knows such a name again.

    Nobody who doesn't know the installation's id can make one up, and a database that begins anew makes others.
    """

    def __init__(self, installation_id: str) -> None:
        self._installation_id = installation_id

    def secret(self, number: int, kind: str = "") -> str:
        """Return the 24 hex characters that name a row to Discord: 24, because a nonce has at most 25.

        ``kind`` tells the tables apart: one of the names above, empty for deliveries.
        """
        return blake2b(f"{self._installation_id} {kind}{number}".encode(), digest_size=12).hexdigest()

    def mark(self, number: int, kind: str = "") -> str:
        """Return a row's mark: its id and its secret. It holds no colon."""
        return f"{number}.{self.secret(number, kind)}"

    def number(self, mark: str, kind: str = "") -> int | None:
        """Return the id of the row that a mark names; None for one that isn't ours."""
        number = row_number(mark.partition(".")[0])
        return number if number is not None and self.mark(number, kind) == mark else None
