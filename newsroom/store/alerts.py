"""Alerts: what a guild's admins have to hear of, and what they believe of their feeds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import ON_ITS_WAY, Alert, AlertKind, DeliveryState, Feed, Health, Line
from newsroom.store import feeds, tables
from newsroom.store.database import Database
from newsroom.store.queues import is_due

COLUMNS = [tables.alert.c[name] for name in Alert.__dataclass_fields__]


class AlertStore:
    """What is remembered of alerts. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def add(
        self,
        connection: AsyncConnection,
        kind: AlertKind,
        guild_ids: Collection[int],
        now: datetime,
        *,
        feed_id: int | None = None,
        channel_id: int | None = None,
    ) -> None:
        """Have these guilds' admins told of something."""
        rows = [
            {
                "guild_id": guild_id,
                "kind": kind,
                "feed_id": feed_id,
                "channel_id": channel_id,
                "state": DeliveryState.PENDING,
                "due_at": now,
                "created_at": now,
            }
            for guild_id in sorted(guild_ids)
        ]
        if rows:
            await connection.execute(insert(tables.alert), rows)

    async def add_line(
        self,
        connection: AsyncConnection,
        line: Line,
        guild_id: int,
        now: datetime,
        *,
        channel_id: int | None = None,
        member_id: int | None = None,
        detail: str | None = None,
    ) -> None:
        """Have a guild's admins told, once, of what nobody has to act on."""
        statement = insert(tables.alert).values(
            guild_id=guild_id,
            kind=AlertKind.LINE,
            channel_id=channel_id,
            state=DeliveryState.PENDING,
            due_at=now,
            created_at=now,
            line=line,
            member_id=member_id,
            detail=detail,
        )
        await connection.execute(statement)

    async def get(self, connection: AsyncConnection, alert_id: int) -> Alert | None:
        row = (await connection.execute(select(*COLUMNS).where(tables.alert.c.id == alert_id))).one_or_none()
        return Alert(*row) if row else None

    async def due(self, connection: AsyncConnection, now: datetime, most: int) -> list[int]:
        """Return the alerts to be sent now, the oldest first."""
        on_its_way = tables.alert.c.state.in_(ON_ITS_WAY)
        statement = select(tables.alert.c.id).where(on_its_way, is_due(tables.alert.c.due_at, now))
        return list(await connection.scalars(statement.order_by(tables.alert.c.id).limit(most)))

    async def take(self, connection: AsyncConnection, alert: Alert, **values: object) -> bool:
        """Take an alert in hand to be sent; of any number of processes that try at once, one hears True."""
        statement = update(tables.alert).where(
            tables.alert.c.id == alert.id,
            tables.alert.c.attempts == alert.attempts,
            tables.alert.c.state.in_(ON_ITS_WAY),
        )
        taken = statement.values(state=DeliveryState.SENDING, attempts=alert.attempts + 1, **values)
        return bool((await connection.execute(taken)).rowcount)

    async def record(self, connection: AsyncConnection, alert: Alert, **values: object) -> None:
        """Write down how an attempt ended, unless a later one has begun meanwhile: that one knows better."""
        statement = update(tables.alert).where(
            tables.alert.c.id == alert.id, tables.alert.c.attempts == alert.attempts + 1
        )
        await connection.execute(statement.values(**values))

    async def put_off(self, connection: AsyncConnection, alert: Alert, until: datetime) -> None:
        """Leave an alert that nobody has in hand for later."""
        statement = update(tables.alert).where(tables.alert.c.id == alert.id, tables.alert.c.attempts == alert.attempts)
        await connection.execute(statement.values(due_at=until))

    async def settle(self, connection: AsyncConnection, alert_id: int, reason: str) -> None:
        """Leave an alert out that nobody has to hear of any more."""
        statement = update(tables.alert).where(tables.alert.c.id == alert_id)
        await connection.execute(statement.values(state=DeliveryState.SKIPPED, reason=reason, member_id=None))

    async def stands(self, connection: AsyncConnection, guild_id: int, message_id: int) -> bool:
        """Whether an alert of a guild is known to stand in that message."""
        statement = select(tables.alert.c.id).where(
            tables.alert.c.guild_id == guild_id, tables.alert.c.message_id == message_id
        )
        return await connection.scalar(statement) is not None

    async def purge(self, connection: AsyncConnection, created_before: datetime) -> int:
        """Forget what was told, or left out, long ago; return how much."""
        statement = delete(tables.alert).where(
            tables.alert.c.created_at < created_before, tables.alert.c.state.not_in(ON_ITS_WAY)
        )
        return (await connection.execute(statement)).rowcount

    # ------------------------------------------------------------------- once a day

    async def untold(self, connection: AsyncConnection, today: date) -> dict[int, tuple[str | None, date | None]]:
        """Return the guilds with feeds that had no daily look since before ``today``, the earliest day anywhere.

        With each come the name of its time zone, None for UTC, and the day of its last look.
        """
        statement = (
            select(tables.subscription.c.guild_id, tables.guild.c.timezone, tables.guild.c.told_on)
            .outerjoin(tables.guild, tables.guild.c.guild_id == tables.subscription.c.guild_id)
            .where(tables.is_active, or_(tables.guild.c.told_on.is_(None), tables.guild.c.told_on < today))
            .distinct()
        )
        return {guild_id: (zone, told_on) for guild_id, zone, told_on in await connection.execute(statement)}

    async def looked_on(self, connection: AsyncConnection, guild_id: int, day: date) -> None:
        """Note that a guild has had the look of that day. It must have a row: see ``GuildStore.lock``."""
        await connection.execute(update(tables.guild).where(tables.guild.c.guild_id == guild_id).values(told_on=day))

    async def believed(self, connection: AsyncConnection, guild_id: int) -> dict[int, Health]:
        """Return what a guild's admins were told last of those of its feeds that they were told of."""
        statement = select(tables.told.c.feed_id, tables.told.c.health).where(tables.told.c.guild_id == guild_id)
        return {feed_id: health for feed_id, health in await connection.execute(statement)}

    async def believe(
        self,
        connection: AsyncConnection,
        guild_ids: Collection[int],
        health: Mapping[int, Health],
        alert_id: int | None = None,
    ) -> None:
        """Note what these guilds' admins are being told of feeds, and by which daily alert."""
        rows = [
            {"guild_id": guild_id, "feed_id": feed_id, "health": state, "alert_id": alert_id}
            for guild_id in sorted(guild_ids)
            for feed_id, state in sorted(health.items())
        ]
        if rows:
            statement = self._insert(tables.told)
            newer = {name: statement.excluded[name] for name in ("health", "alert_id")}
            statement = statement.on_conflict_do_update(index_elements=["guild_id", "feed_id"], set_=newer)
            await connection.execute(statement, rows)

    async def add_daily(self, connection: AsyncConnection, guild_id: int, now: datetime) -> int:
        """Add the daily alert of a guild and return its id."""
        statement = insert(tables.alert).values(
            guild_id=guild_id, kind=AlertKind.DAILY, state=DeliveryState.PENDING, due_at=now, created_at=now
        )
        alert_id: int = (await connection.execute(statement.returning(tables.alert.c.id))).scalar_one()
        return alert_id

    async def told_by(self, connection: AsyncConnection, alert_id: int) -> list[tuple[Feed, Health]]:
        """Return what a daily alert tells of which feeds, by the feeds' titles."""
        statement = (
            select(*feeds.COLUMNS, tables.told.c.health)
            .join(tables.told, tables.told.c.feed_id == tables.feed.c.id)
            .where(tables.told.c.alert_id == alert_id)
            .order_by(tables.feed.c.title, tables.feed.c.id)
        )
        return [(Feed(*row[:-1]), row.health) for row in await connection.execute(statement)]
