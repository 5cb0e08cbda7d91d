"""What goes out into news channels row by row, stories and pages of lists, and when anything that goes out is due.

A channel's rows go out in the order of their ids. The first that is neither done nor set aside is the
channel's head; while it waits, whatever is behind it waits too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Table, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import ON_ITS_WAY, Delivery, Digest, NewsChannel
from newsroom.store import channels, tables

LONGEST_WAIT = timedelta(days=2)
"""Nothing is ever put off for so long: what seems to be was put off while the clock was wrong, and is due."""

Queued = TypeVar("Queued", Delivery, Digest)


async def due_channels(connection: AsyncConnection, table: Table, now: datetime) -> list[int]:
    """Return the channels that may get news and whose head is due."""
    heads = select(func.min(table.c.id)).where(table.c.state.in_(ON_ITS_WAY)).group_by(table.c.channel_id)
    statement = (
        select(table.c.channel_id)
        .join(tables.news_channel, tables.news_channel.c.channel_id == table.c.channel_id)
        .where(table.c.id.in_(heads), is_due(table.c.due_at, now), channels.open_channel(now))
        .order_by(table.c.id)
    )
    return list(await connection.scalars(statement))


async def head(
    connection: AsyncConnection, table: Table, kind: type[Queued], channel_id: int, now: datetime
) -> tuple[Queued, NewsChannel, bool] | None:
    """Return a channel's head, if it is due and the channel is open to news. ``table`` is that of its ``kind``.

    With it come the channel, and whether more wait behind it.
    """
    statement = (
        select(*(table.c[name] for name in kind.__dataclass_fields__))
        .where(table.c.channel_id == channel_id, table.c.state.in_(ON_ITS_WAY))
        .order_by(table.c.id)
        .limit(2)
    )
    rows = (await connection.execute(statement)).all()
    if not rows or waits(rows[0].due_at, now):
        return None
    place = select(*channels.COLUMNS).where(tables.news_channel.c.channel_id == channel_id, channels.open_channel(now))
    channel = (await connection.execute(place)).one_or_none()
    return (kind(*rows[0]), NewsChannel(*channel), len(rows) > 1) if channel else None


def waits(due_at: datetime, now: datetime) -> bool:
    """Whether something that is due then waits yet."""
    return now < due_at <= now + LONGEST_WAIT


def is_due(column: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    """Say in SQL that something doesn't wait any more."""
    return or_(column <= now, column > now + LONGEST_WAIT)
