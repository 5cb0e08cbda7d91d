"""What language models were asked, and what it took: for the limits on that."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Usage
from newsroom.store import tables
from newsroom.store.database import Database

COLUMNS = [tables.usage.c[name] for name in Usage.__dataclass_fields__]
_LOCK = "usage"


class UsageStore:
    """A row for each question. Every method works inside the caller's transaction.

    A row with ``taken_until`` is a reservation: after that moment it counts for nothing, because whoever made it must
    have died.
    """

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def lock(self, connection: AsyncConnection) -> None:
        """Let one transaction at a time decide whether there is room for one more."""
        row = self._insert(tables.installation).values(name=_LOCK, value="").on_conflict_do_nothing()
        await connection.execute(row)
        own = select(tables.installation.c.name).where(tables.installation.c.name == _LOCK)
        await connection.execute(own.with_for_update())

    async def add(self, connection: AsyncConnection, **values: object) -> Usage:
        statement = insert(tables.usage).values(**values).returning(*COLUMNS)
        return Usage(*(await connection.execute(statement)).one())

    async def settle(self, connection: AsyncConnection, usage_id: int, tokens: int, micros: int) -> bool:
        """Write down what a question took; False if its reservation is gone."""
        own = update(tables.usage).where(tables.usage.c.id == usage_id)
        return bool((await connection.execute(own.values(tokens=tokens, micros=micros, taken_until=None))).rowcount)

    async def release(self, connection: AsyncConnection, usage_id: int) -> None:
        """Give a reservation back; what was spent already stays."""
        own = (tables.usage.c.id == usage_id) & tables.usage.c.taken_until.is_not(None)
        await connection.execute(delete(tables.usage).where(own))

    async def of_member(
        self, connection: AsyncConnection, member_id: int, since: datetime, now: datetime, guild_id: int | None = None
    ) -> list[datetime]:
        """When a member asked since then, in a guild or in any, the earliest first."""
        statement = select(tables.usage.c.taken_at).where(tables.usage.c.member_id == member_id, *_counts(since, now))
        if guild_id is not None:
            statement = statement.where(tables.usage.c.guild_id == guild_id)
        return list(await connection.scalars(statement.order_by(tables.usage.c.taken_at)))

    async def of_guild(self, connection: AsyncConnection, guild_id: int, since: datetime, now: datetime) -> int:
        """How often a guild's members asked since then."""
        statement = select(func.count()).where(tables.usage.c.guild_id == guild_id, *_counts(since, now))
        return int(await connection.scalar(statement) or 0)

    async def total(
        self, connection: AsyncConnection, since: datetime, now: datetime, guild_id: int | None = None
    ) -> tuple[int, int]:
        """Tokens, and millionths of the operator's currency, that a guild, or all together, took since then."""
        sums = [func.coalesce(func.sum(column), 0) for column in (tables.usage.c.tokens, tables.usage.c.micros)]
        statement = select(*sums).where(*_counts(since, now))
        if guild_id is not None:
            statement = statement.where(tables.usage.c.guild_id == guild_id)
        tokens, micros = (await connection.execute(statement)).one()
        return int(tokens), int(micros)

    async def release_stale(self, connection: AsyncConnection, now: datetime) -> int:
        """Remove the reservations of those who died; return how many they were."""
        return (await connection.execute(delete(tables.usage).where(tables.usage.c.taken_until <= now))).rowcount

    async def forget(self, connection: AsyncConnection, before: datetime) -> None:
        """Remove what no limit looks back to any more."""
        await connection.execute(delete(tables.usage).where(tables.usage.c.taken_at < before))

    async def forget_member(self, connection: AsyncConnection, member_id: int, guild_id: int | None) -> None:
        """Forget who asked, in a guild or in all; that somebody did still counts there."""
        own = update(tables.usage).where(tables.usage.c.member_id == member_id)
        if guild_id is not None:
            own = own.where(tables.usage.c.guild_id == guild_id)
        await connection.execute(own.values(member_id=None))


def _counts(since: datetime, now: datetime) -> tuple[ColumnElement[bool], ...]:
    column = tables.usage.c.taken_until
    return tables.usage.c.taken_at >= since, or_(column.is_(None), column > now)
