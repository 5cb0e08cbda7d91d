"""Subscriptions: which feed goes to which news channel."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Feed, Subscription, SubscriptionState
from newsroom.store import feeds, tables
from newsroom.store.database import Database

COLUMNS = [tables.subscription.c[name] for name in Subscription.__dataclass_fields__]


class SubscriptionStore:
    """What is remembered of subscriptions. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def add(
        self,
        connection: AsyncConnection,
        feed_id: int,
        channel_id: int,
        guild_id: int,
        title: str | None,
        added_by: int,
        now: datetime,
    ) -> bool:
        """Subscribe a channel to a feed; False if it is subscribed already.

        One that was removed a moment ago begins anew: undoing is a step of its own. Where the guild has the feed and
        wants it never to be held, that holds for this channel, too.
        """
        never_held = (
            select(tables.subscription.c.id)
            .where(
                tables.subscription.c.feed_id == feed_id,
                tables.subscription.c.guild_id == guild_id,
                tables.subscription.c.removed_at.is_(None),
                tables.subscription.c.hold_floods.is_(False),
            )
            .exists()
        )
        fresh = {
            "title": title,
            "state": SubscriptionState.ACTIVE,
            "baseline_due": False,
            "added_by": added_by,
            "added_at": now,
            "removed_at": None,
            "hold_floods": ~never_held,
        }
        statement = (
            self._insert(tables.subscription)
            .values(feed_id=feed_id, channel_id=channel_id, guild_id=guild_id, **fresh)
            .on_conflict_do_update(
                index_elements=["feed_id", "channel_id"],
                set_=fresh,
                where=tables.subscription.c.removed_at.is_not(None),
            )
            .returning(tables.subscription.c.id)
        )
        return (await connection.execute(statement)).one_or_none() is not None

    async def active_of(self, connection: AsyncConnection, feed_ids: Collection[int]) -> dict[int, list[Subscription]]:
        """Return who gets news from each of these feeds."""
        found: dict[int, list[Subscription]] = {feed_id: [] for feed_id in feed_ids}
        statement = select(*COLUMNS).where(tables.subscription.c.feed_id.in_(list(feed_ids)), tables.is_active)
        for row in await connection.execute(statement.order_by(tables.subscription.c.id)):
            found[row.feed_id].append(Subscription(*row))
        return found

    async def count(self, connection: AsyncConnection, guild_id: int) -> int:
        """Count a guild's subscriptions that are not removed."""
        own = (tables.subscription.c.guild_id == guild_id, tables.subscription.c.removed_at.is_(None))
        return (await connection.execute(select(func.count()).where(*own))).scalar_one()

    async def of_guild(
        self, connection: AsyncConnection, guild_id: int, *, feed_id: int | None = None, channel_id: int | None = None
    ) -> list[tuple[Subscription, Feed]]:
        """Return a guild's subscriptions that are not removed, with their feeds, in the order they were added."""
        wanted: list[ColumnElement[bool]] = [tables.subscription.c.removed_at.is_(None)]
        if feed_id is not None:
            wanted.append(tables.subscription.c.feed_id == feed_id)
        if channel_id is not None:
            wanted.append(tables.subscription.c.channel_id == channel_id)
        return await self._with_feeds(connection, guild_id, *wanted)

    async def removed(
        self, connection: AsyncConnection, guild_id: int, feed_id: int, at: datetime
    ) -> list[tuple[Subscription, Feed]]:
        """Return what one removal took out of a guild and nobody has added anew since."""
        return await self._with_feeds(
            connection, guild_id, tables.subscription.c.feed_id == feed_id, tables.subscription.c.removed_at == at
        )

    async def set_state(
        self,
        connection: AsyncConnection,
        subscription_ids: Collection[int],
        state: SubscriptionState,
        *,
        baseline_due: bool = False,
    ) -> None:
        """Pause or resume subscriptions; a baseline that was due before is due no more unless it is asked for."""
        await self._set(connection, subscription_ids, state=state, baseline_due=baseline_due)

    async def set_hold_floods(
        self, connection: AsyncConnection, subscription_ids: Collection[int], hold_floods: bool
    ) -> None:
        """Say whether what looks new as a whole is held here."""
        await self._set(connection, subscription_ids, hold_floods=hold_floods)

    async def set_removed(
        self, connection: AsyncConnection, subscription_ids: Collection[int], at: datetime | None
    ) -> None:
        """Remove subscriptions, or with None bring them back as they were."""
        await self._set(connection, subscription_ids, removed_at=at)

    async def baseline_learned(self, connection: AsyncConnection, feed_ids: Collection[int]) -> None:
        """Note that what these feeds hold now is known to everyone who gets them."""
        if feed_ids:
            statement = update(tables.subscription).where(
                tables.subscription.c.feed_id.in_(list(feed_ids)), tables.subscription.c.baseline_due
            )
            await connection.execute(statement.values(baseline_due=False))

    async def move(self, connection: AsyncConnection, channel_id: int, to: int) -> list[tuple[int, datetime]]:
        """Give a channel's feeds to another channel; those that it has already are left behind, removed.

        Return those that had just been removed from that one, each with when: that is undone by this.
        """
        gone = tables.subscription.alias()
        replaced = select(gone.c.feed_id).where(gone.c.channel_id == channel_id, gone.c.removed_at.is_(None))
        undone = await connection.execute(
            delete(tables.subscription)
            .where(
                tables.subscription.c.channel_id == to,
                tables.subscription.c.removed_at.is_not(None),
                tables.subscription.c.feed_id.in_(replaced),
            )
            .returning(tables.subscription.c.feed_id, tables.subscription.c.removed_at)
        )
        feeds_back = [(feed_id, removed_at) for feed_id, removed_at in undone]
        there = select(tables.subscription.c.feed_id).where(tables.subscription.c.channel_id == to)
        statement = update(tables.subscription).where(
            tables.subscription.c.channel_id == channel_id, tables.subscription.c.feed_id.not_in(there)
        )
        await connection.execute(statement.values(channel_id=to))
        await connection.execute(delete(tables.subscription).where(tables.subscription.c.channel_id == channel_id))
        return feeds_back

    async def move_feed(self, connection: AsyncConnection, feed_id: int, to: int) -> None:
        """Let who gets a feed get another one instead. Those who get that one already are left behind."""
        gone = tables.subscription.alias()
        replaced = select(gone.c.channel_id).where(gone.c.feed_id == feed_id, gone.c.removed_at.is_(None))
        await connection.execute(
            delete(tables.subscription).where(
                tables.subscription.c.feed_id == to,
                tables.subscription.c.removed_at.is_not(None),
                tables.subscription.c.channel_id.in_(replaced),
            )
        )
        there = tables.subscription.alias()
        statement = update(tables.subscription).where(
            tables.subscription.c.feed_id == feed_id,
            tables.subscription.c.channel_id.not_in(select(there.c.channel_id).where(there.c.feed_id == to)),
        )
        await connection.execute(statement.values(feed_id=to))

    async def feeds_of(self, connection: AsyncConnection, channel_id: int) -> list[int]:
        """Return the feeds that a channel gets or might get again, in the order in which they are to be locked."""
        statement = select(tables.subscription.c.feed_id).where(tables.subscription.c.channel_id == channel_id)
        return list(await connection.scalars(statement.order_by(tables.subscription.c.feed_id)))

    async def purge(self, connection: AsyncConnection, removed_before: datetime) -> None:
        """Forget the subscriptions whose removal can't be undone any more."""
        await connection.execute(delete(tables.subscription).where(tables.subscription.c.removed_at < removed_before))

    async def _with_feeds(
        self, connection: AsyncConnection, guild_id: int, *wanted: ColumnElement[bool]
    ) -> list[tuple[Subscription, Feed]]:
        statement = (
            select(*COLUMNS, *feeds.COLUMNS)
            .join(tables.feed, tables.feed.c.id == tables.subscription.c.feed_id)
            .where(tables.subscription.c.guild_id == guild_id, *wanted)
            .order_by(tables.subscription.c.id)
        )
        split = len(COLUMNS)
        return [(Subscription(*row[:split]), Feed(*row[split:])) for row in await connection.execute(statement)]

    async def _set(self, connection: AsyncConnection, subscription_ids: Collection[int], **values: object) -> None:
        statement = update(tables.subscription).where(tables.subscription.c.id.in_(list(subscription_ids)))
        await connection.execute(statement.values(**values))
