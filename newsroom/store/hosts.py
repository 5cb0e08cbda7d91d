"""Hosts that want to be left alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.feeds.parking import Parked
from newsroom.feeds.schedule import LONGEST_WAIT
from newsroom.store import tables
from newsroom.store.database import Database

COLUMNS = [tables.parked_host.c[name] for name in Parked.__dataclass_fields__]


class HostStore:
    """What is remembered of hosts. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def parked(self, connection: AsyncConnection) -> list[Parked]:
        return [Parked(*row) for row in await connection.execute(select(*COLUMNS))]

    async def save(self, connection: AsyncConnection, changed: Mapping[str, Parked | None]) -> None:
        """Write down which domains are parked now, and which (None) no longer."""
        gone = [domain for domain, parked in changed.items() if parked is None]
        if gone:
            await connection.execute(delete(tables.parked_host).where(tables.parked_host.c.domain.in_(gone)))
        rows = [
            {"domain": parked.domain, "until": parked.until, "strikes": parked.strikes}
            for parked in changed.values()
            if parked is not None
        ]
        if rows:
            statement = self._insert(tables.parked_host)
            newer = {name: statement.excluded[name] for name in ("until", "strikes")}
            await connection.execute(statement.on_conflict_do_update(index_elements=["domain"], set_=newer), rows)

    async def forget(self, connection: AsyncConnection, now: datetime) -> None:
        """Forget the domains that have been left alone long enough and were never asked again."""
        long_ago = now - LONGEST_WAIT
        await connection.execute(delete(tables.parked_host).where(tables.parked_host.c.until < long_ago))
