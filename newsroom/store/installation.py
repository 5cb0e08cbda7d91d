"""What this installation knows about itself: a few named values."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.store import tables
from newsroom.store.database import Database

_ID = "id"


class InstallationStore:
    """Named texts, one value each. All methods work inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def id(self, connection: AsyncConnection) -> str:
        """The name of this installation: 32 hexadecimal digits, drawn once at random and the same for ever.

        The unique key decides, not a look before the write: when two processes start at once, both get the
        one that was stored first.
        """
        drawn = self._insert(tables.installation).values(name=_ID, value=secrets.token_hex(16))
        await connection.execute(drawn.on_conflict_do_nothing(index_elements=["name"]))
        stored = await self.get(connection, _ID)
        assert stored is not None, "just stored, by us or by another"
        return stored

    async def get(self, connection: AsyncConnection, name: str) -> str | None:
        """The value of that name, None if there is none."""
        value: str | None = await connection.scalar(
            select(tables.installation.c.value).where(tables.installation.c.name == name)
        )
        return value

    async def put(self, connection: AsyncConnection, name: str, value: str) -> None:
        """Remember the value under that name, in place of the one before."""
        statement = self._insert(tables.installation).values(name=name, value=value)
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
        )
