"""Digests: lists of stories that were over a channel's limit or waited too long, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import ON_ITS_WAY, Article, Camp, DeliveryState, Digest, NewsChannel
from newsroom.store import queues, tables
from newsroom.store.channels import open_channel
from newsroom.store.deliveries import DIGEST, with_source
from newsroom.store.queues import is_due


class DigestStore:
    """What is remembered of digests. Every method works inside the caller's transaction."""

    async def channels_to_plan(self, connection: AsyncConnection, now: datetime) -> list[int]:
        """Return the open channels for which stories wait whose list is due, and which have no page on its way."""
        on_its_way = select(tables.digest.c.channel_id).where(tables.digest.c.state.in_(ON_ITS_WAY))
        statement = (
            select(tables.delivery.c.channel_id)
            .join(tables.news_channel, tables.news_channel.c.channel_id == tables.delivery.c.channel_id)
            .where(
                _is_to_be_listed(now),
                tables.delivery.c.channel_id.not_in(on_its_way),
                open_channel(now),
            )
            .distinct()
        )
        return list(await connection.scalars(statement))

    async def top(self, connection: AsyncConnection, channel_id: int, now: datetime, most: int) -> list[int]:
        """Return the deliveries whose list is due in a channel, top stories first.

        That is: those that most feeds of this guild tell, then those about a side, then the newest.
        """
        sources = (
            select(func.count(tables.article.c.feed_id.distinct()))
            .join(tables.subscription, tables.subscription.c.feed_id == tables.article.c.feed_id)
            .where(
                tables.article.c.story_id == tables.delivery.c.story_id,
                tables.subscription.c.guild_id == tables.delivery.c.guild_id,
                tables.is_active,
            )
            .correlate(tables.delivery)
            .scalar_subquery()
        )
        has_side = case((tables.story.c.camp.in_([Camp.OPEN, Camp.PROPRIETARY, Camp.BOTH]), 1), else_=0)
        statement = (
            select(tables.delivery.c.id)
            .join(tables.story, tables.story.c.id == tables.delivery.c.story_id)
            .where(tables.delivery.c.channel_id == channel_id, _is_to_be_listed(now))
            .order_by(sources.desc(), has_side.desc(), tables.delivery.c.id.desc())
            .limit(most)
        )
        return list(await connection.scalars(statement))

    async def put_off(self, connection: AsyncConnection, channel_id: int, now: datetime, until: datetime) -> int:
        """Leave what is due in a channel and on no page for its next list; return how many stories that is."""
        statement = update(tables.delivery).where(tables.delivery.c.channel_id == channel_id, _is_to_be_listed(now))
        return (await connection.execute(statement.values(due_at=until))).rowcount

    async def add(
        self,
        connection: AsyncConnection,
        channel_id: int,
        guild_id: int,
        page: int,
        pages: int,
        delivery_ids: Sequence[int],
        now: datetime,
    ) -> None:
        """Plan one page with these stories."""
        statement = insert(tables.digest).values(
            channel_id=channel_id,
            guild_id=guild_id,
            page=page,
            pages=pages,
            state=DeliveryState.PENDING,
            due_at=now,
            planned_at=now,
        )
        digest_id = (await connection.execute(statement.returning(tables.digest.c.id))).scalar_one()
        own = update(tables.delivery).where(tables.delivery.c.id == bindparam("delivery_id"))
        await connection.execute(
            own.values(digest_id=digest_id, digest_place=bindparam("place")),
            [{"delivery_id": delivery_id, "place": place} for place, delivery_id in enumerate(delivery_ids)],
        )

    async def due_channels(self, connection: AsyncConnection, now: datetime) -> list[int]:
        """Return the channels that may get news and whose next page is due."""
        return await queues.due_channels(connection, tables.digest, now)

    async def head(
        self, connection: AsyncConnection, channel_id: int, now: datetime
    ) -> tuple[Digest, NewsChannel, bool] | None:
        """Return the page that is next in a channel, if it is due; the channel, and whether more pages wait."""
        return await queues.head(connection, tables.digest, Digest, channel_id, now)

    async def contents(self, connection: AsyncConnection, digest: Digest) -> list[tuple[Article, str]]:
        """Return the stories of a page, each with the name of its source there."""
        statement = (
            with_source(digest.channel_id)
            .join(tables.delivery, tables.delivery.c.article_id == tables.article.c.id)
            .where(tables.delivery.c.digest_id == digest.id)
            .order_by(tables.delivery.c.digest_place)
        )
        rows = await connection.execute(statement)
        return [(Article(*row[:-1]), row.source) for row in rows]

    async def give_up(self, connection: AsyncConnection, channel_id: int) -> None:
        """Send no page any more that is on its way to a channel."""
        own = (tables.digest.c.channel_id == channel_id) & tables.digest.c.state.in_(ON_ITS_WAY)
        await connection.execute(update(tables.digest).where(own).values(state=DeliveryState.SKIPPED))

    async def record(self, connection: AsyncConnection, digest_id: int, **values: object) -> None:
        """Write down how far a page is."""
        await connection.execute(update(tables.digest).where(tables.digest.c.id == digest_id).values(**values))

    async def listed(self, connection: AsyncConnection, digest_id: int, now: datetime) -> None:
        """The stories of a page stand in their channel: that is where they are told."""
        own = update(tables.delivery).where(tables.delivery.c.digest_id == digest_id)
        await connection.execute(own.values(state=DeliveryState.SENT, set_aside_for=None, sent_at=now))

    async def why(self, connection: AsyncConnection, digest_id: int, guild_id: int) -> str | None:
        """Return why the stories of a page came so late; None for a page of another guild or of none."""
        statement = (
            select(tables.delivery.c.reason)
            .join(tables.digest, tables.digest.c.id == tables.delivery.c.digest_id)
            .where(tables.digest.c.id == digest_id, tables.digest.c.guild_id == guild_id)
            .limit(1)
        )
        found: str | None = await connection.scalar(statement)
        return found


def _is_to_be_listed(now: datetime) -> ColumnElement[bool]:
    """Say in SQL that a story waits for a list that is due, and is on no page yet."""
    return and_(
        tables.delivery.c.state == DeliveryState.DEFERRED,
        tables.delivery.c.set_aside_for == DIGEST,
        tables.delivery.c.digest_id.is_(None),
        is_due(tables.delivery.c.due_at, now),
    )
