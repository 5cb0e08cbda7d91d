"""Repeats: questions asked on a schedule."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Repeat
from newsroom.store import tables

COLUMNS = [tables.repeat.c[name] for name in Repeat.__dataclass_fields__]


class RepeatStore:
    """What is remembered of repeats. Every method works inside the caller's transaction."""

    async def add(self, connection: AsyncConnection, **values: object) -> Repeat:
        statement = insert(tables.repeat).values(**values).returning(*COLUMNS)
        return Repeat(*(await connection.execute(statement)).one())

    async def of_guild(self, connection: AsyncConnection, guild_id: int) -> list[Repeat]:
        """Return a guild's repeats in the order they were added."""
        statement = select(*COLUMNS).where(tables.repeat.c.guild_id == guild_id).order_by(tables.repeat.c.id)
        return [Repeat(*row) for row in await connection.execute(statement)]

    async def lock(self, connection: AsyncConnection, repeat_id: int, guild_id: int) -> Repeat | None:
        """Return a repeat of this guild that nobody else may change until the transaction ends."""
        statement = select(*COLUMNS).where(tables.repeat.c.id == repeat_id, tables.repeat.c.guild_id == guild_id)
        row = (await connection.execute(statement.with_for_update())).one_or_none()
        return Repeat(*row) if row else None

    async def due(self, connection: AsyncConnection, now: datetime) -> list[Repeat]:
        """Return the repeats whose next occurrence has come."""
        statement = select(*COLUMNS).where(
            tables.repeat.c.paused.is_(False), tables.repeat.c.next_at <= now, tables.is_here(tables.repeat.c.guild_id)
        )
        return [Repeat(*row) for row in await connection.execute(statement.order_by(tables.repeat.c.next_at))]

    async def advance(self, connection: AsyncConnection, repeat: Repeat, next_at: datetime) -> bool:
        """Move a repeat on from this occurrence to the next; of any number who try at once, one hears True."""
        statement = (
            update(tables.repeat)
            .where(
                tables.repeat.c.id == repeat.id,
                tables.repeat.c.next_at == repeat.next_at,
                tables.repeat.c.paused.is_(False),
            )
            .values(next_at=next_at)
        )
        return bool((await connection.execute(statement)).rowcount)

    async def set(self, connection: AsyncConnection, repeat_id: int, **values: object) -> None:
        await connection.execute(update(tables.repeat).where(tables.repeat.c.id == repeat_id).values(**values))

    async def remove(self, connection: AsyncConnection, repeat_id: int, guild_id: int) -> bool:
        statement = delete(tables.repeat).where(tables.repeat.c.id == repeat_id, tables.repeat.c.guild_id == guild_id)
        return bool((await connection.execute(statement)).rowcount)

    async def with_notice(self, connection: AsyncConnection) -> list[Repeat]:
        """Return the repeats whose admins are to be told something."""
        statement = select(*COLUMNS).where(tables.repeat.c.notice_due).order_by(tables.repeat.c.id)
        return [Repeat(*row) for row in await connection.execute(statement)]
