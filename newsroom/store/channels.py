"""News channels: where news goes, and whether it may go there now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import ChannelKind, NewsChannel
from newsroom.store import tables
from newsroom.store.database import Database

COLUMNS = [tables.news_channel.c[name] for name in NewsChannel.__dataclass_fields__]


class NewsChannelStore:
    """What is remembered of news channels. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def put(
        self,
        connection: AsyncConnection,
        channel_id: int,
        guild_id: int,
        kind: ChannelKind,
        tag_id: int | None,
        now: datetime,
    ) -> None:
        """Make this channel a news channel, or bring what we know of its kind and tag up to date."""
        statement = self._insert(tables.news_channel).values(
            channel_id=channel_id, guild_id=guild_id, kind=kind, tag_id=tag_id, created_at=now
        )
        newer = {"kind": kind} | ({"tag_id": tag_id} if tag_id is not None else {})
        await connection.execute(statement.on_conflict_do_update(index_elements=["channel_id"], set_=newer))

    async def get(self, connection: AsyncConnection, channel_id: int) -> NewsChannel | None:
        statement = select(*COLUMNS).where(tables.news_channel.c.channel_id == channel_id)
        row = (await connection.execute(statement)).one_or_none()
        return NewsChannel(*row) if row else None

    async def lock(self, connection: AsyncConnection, channel_id: int) -> None:
        """Let one transaction at a time decide something about a channel."""
        statement = select(tables.news_channel.c.channel_id).where(tables.news_channel.c.channel_id == channel_id)
        # Not so firmly that who plans deliveries into the channel would wait: two who did that first, and lock it then,
        # would wait for each other.
        await connection.execute(statement.with_for_update(key_share=True))

    async def of_guild(self, connection: AsyncConnection, guild_id: int) -> dict[int, NewsChannel]:
        rows = await connection.execute(select(*COLUMNS).where(tables.news_channel.c.guild_id == guild_id))
        return {row.channel_id: NewsChannel(*row) for row in rows}

    async def pause(self, connection: AsyncConnection, channel_id: int, until: datetime | None) -> None:
        """Hold a channel's news back until then, or until somebody resumes it."""
        await self._set(connection, channel_id, paused=True, paused_until=until)

    async def resume(self, connection: AsyncConnection, channel_id: int) -> None:
        """Let news in again, whether a moderator had paused the channel or Discord had refused us there."""
        await self._set(connection, channel_id, paused=False, paused_until=None)
        await self.wake(connection, channel_id, 0)

    async def wake(self, connection: AsyncConnection, channel_id: int, free_cards: int) -> None:
        """Try a channel again that refused us; so many cards may come at once, because they waited."""
        await self._set(
            connection, channel_id, suspended_for=None, suspended_code=0, probe_at=None, free_cards=free_cards
        )

    async def suspend(
        self, connection: AsyncConnection, channel_id: int, reason: str, code: int, probe_at: datetime
    ) -> bool:
        """Stop sending to a channel that refuses us; its news waits. Return whether that is new."""
        before = select(tables.news_channel.c.suspended_for).where(tables.news_channel.c.channel_id == channel_id)
        suspended_for = await connection.scalar(before.with_for_update(key_share=True))
        await self._set(connection, channel_id, suspended_for=reason, suspended_code=code, probe_at=probe_at)
        return suspended_for is None

    async def suspended(self, connection: AsyncConnection, guild_id: int) -> list[NewsChannel]:
        """Return a guild's news channels that refuse us."""
        statement = select(*COLUMNS).where(
            tables.news_channel.c.guild_id == guild_id, tables.news_channel.c.suspended_for.is_not(None)
        )
        return [NewsChannel(*row) for row in await connection.execute(statement)]

    async def probes_due(self, connection: AsyncConnection, now: datetime) -> list[NewsChannel]:
        """Return the channels that refuse us and are to be tried again now; those of guilds that left us are not."""
        statement = select(*COLUMNS).where(
            tables.news_channel.c.suspended_for.is_not(None),
            tables.news_channel.c.probe_at <= now,
            tables.is_here(tables.news_channel.c.guild_id),
        )
        return [NewsChannel(*row) for row in await connection.execute(statement)]

    async def probe_at(self, connection: AsyncConnection, channel_id: int) -> datetime | None:
        """Return when a channel that refuses us is tried again; None for one that doesn't."""
        statement = select(tables.news_channel.c.probe_at).where(
            tables.news_channel.c.channel_id == channel_id, tables.news_channel.c.suspended_for.is_not(None)
        )
        at: datetime | None = await connection.scalar(statement)
        return at

    async def probe_later(self, connection: AsyncConnection, channel_id: int, at: datetime) -> None:
        """Try a channel again then."""
        await self._set(connection, channel_id, probe_at=at)

    async def limit(self, connection: AsyncConnection, channel_id: int, **limits: int) -> None:
        """Set how many cards a channel gets: ``per_hour``, ``per_day`` or both."""
        await self._set(connection, channel_id, **limits)

    async def grant(self, connection: AsyncConnection, channel_id: int, cards: int) -> None:
        """Let so many cards more, or less if negative, come whatever was sent in the hour."""
        await self._set(connection, channel_id, free_cards=tables.news_channel.c.free_cards + cards)

    async def _set(self, connection: AsyncConnection, channel_id: int, **values: object) -> None:
        statement = update(tables.news_channel).where(tables.news_channel.c.channel_id == channel_id)
        await connection.execute(statement.values(**values))


def open_channel(now: datetime) -> ColumnElement[bool]:
    """Say in SQL that a channel is neither suspended nor paused, and in a guild that has us."""
    return and_(
        tables.news_channel.c.suspended_for.is_(None),
        or_(tables.news_channel.c.paused.is_(False), tables.news_channel.c.paused_until <= now),
        tables.is_here(tables.news_channel.c.guild_id),
    )
