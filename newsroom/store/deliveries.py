"""The outbox: each story on its way to each news channel. What a row says is the truth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, product
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import (
    ON_ITS_WAY,
    Article,
    Backlog,
    ChannelKind,
    Delivery,
    DeliveryState,
    News,
    NewsChannel,
    Origin,
    Publishing,
    PublishState,
    Purpose,
    SubscriptionState,
)
from newsroom.store import articles, queues, stories, tables
from newsroom.store.channels import open_channel
from newsroom.store.database import Database
from newsroom.store.queues import is_due
from newsroom.stories.camps import terms_from_json

COLUMNS = [tables.delivery.c[name] for name in Delivery.__dataclass_fields__]
ROWS_A_STATEMENT = 500
STANDS = (tables.delivery.c.state == DeliveryState.SENT) & tables.delivery.c.message_id.is_not(None)
"""The card stands in its channel."""

IS_DRAWN = STANDS | (tables.delivery.c.state == DeliveryState.SENDING)
"""The card stands there, or may: it was drawn, and what is new since then it doesn't show."""


FLOOD = "flood"
"""The cause for which what a held feed brings is set aside."""

DIGEST = "digest"
"""The cause for which what is over a channel's limit is set aside, until the daily list."""


@dataclass(frozen=True, slots=True)
class Record:
    """A delivery with what its row says besides: when it was sent, why it was set aside, and what went wrong."""

    delivery: Delivery
    sent_at: datetime | None
    set_aside_for: str | None
    reason: str | None


class DeliveryStore:
    """What is remembered of deliveries. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        # Made once: to put one of these together takes as long as to execute it.
        statement = database.insert(tables.delivery)
        self._set_aside = statement.on_conflict_do_nothing().returning(tables.delivery.c.id)
        told = statement.excluded
        self._send = statement.on_conflict_do_update(
            index_elements=["story_id", "channel_id"],
            set_={name: told[name] for name in ("article_id", "state", "due_at", "set_aside_for", "reason")},
            # A card that has stood there was taken down: nobody wants it back. What comes in the next list comes.
            where=tables.delivery.c.sent_at.is_(None)
            & (func.coalesce(tables.delivery.c.set_aside_for, "") != DIGEST)
            # No IN, which SQLAlchemy can't write for many rows at once.
            & or_(tables.delivery.c.state == DeliveryState.DEFERRED, tables.delivery.c.state == DeliveryState.SKIPPED),
        ).returning(tables.delivery.c.id)

    async def plan(self, connection: AsyncConnection, news: Sequence[News], now: datetime) -> int:
        """Send articles, in this order, to the channels that get them; return how many cards that makes.

        A channel gets a story once: the unique key decides, however many feeds tell it. One that was set aside with
        another feed is on its way again, as this feed tells it. Where the subscription is held, they wait for an
        admin's word.
        """
        merged = await stories.merged(connection, _stories_of(news))
        planned = 0
        # What is sent comes first: its place in the channel's order is its own, not one that a held feed took.
        for is_held, statement in ((False, self._send), (True, self._set_aside)):
            rows = _rows(news, is_held, merged, now)
            # In pieces: putting a statement for a thousand articles in fifty channels together would hold the loop.
            while piece := list(islice(rows, ROWS_A_STATEMENT)):
                planned += len((await connection.scalars(statement, piece)).all())
        return planned

    async def due_channels(self, connection: AsyncConnection, now: datetime) -> list[int]:
        """Return the channels that may get news and whose head is due."""
        return await queues.due_channels(connection, tables.delivery, now)

    async def head(
        self, connection: AsyncConnection, channel_id: int, now: datetime
    ) -> tuple[Delivery, NewsChannel, bool] | None:
        """Return the delivery that is next in a channel, if it is due and the channel is open to news.

        With it comes the channel, and whether more wait behind that delivery.
        """
        return await queues.head(connection, tables.delivery, Delivery, channel_id, now)

    async def get(self, connection: AsyncConnection, delivery_id: int) -> Delivery | None:
        return await self._one(connection, tables.delivery.c.id == delivery_id)

    async def by_message(self, connection: AsyncConnection, guild_id: int, message_id: int) -> Delivery | None:
        """Return the delivery whose card is this message of a guild."""
        return await self._one(
            connection, (tables.delivery.c.message_id == message_id) & (tables.delivery.c.guild_id == guild_id)
        )

    async def posted_at(self, connection: AsyncConnection, delivery_id: int) -> datetime | None:
        """Return when a card was posted."""
        at: datetime | None = await connection.scalar(
            select(tables.delivery.c.sent_at).where(tables.delivery.c.id == delivery_id)
        )
        return at

    async def standing_cards(
        self, connection: AsyncConnection, story_id: int, guild_id: int | None = None
    ) -> list[tuple[Delivery, ChannelKind]]:
        """Return the cards of a story that stand in channels, of this guild if one is named, the oldest first."""
        wanted = [tables.delivery.c.story_id == story_id, STANDS]
        if guild_id is not None:
            wanted.append(tables.delivery.c.guild_id == guild_id)
        statement = (
            select(*COLUMNS, tables.news_channel.c.kind)
            .join(tables.news_channel, tables.news_channel.c.channel_id == tables.delivery.c.channel_id)
            .where(*wanted)
            .order_by(tables.delivery.c.id)
        )
        return [(Delivery(*row[:-1]), row.kind) for row in await connection.execute(statement)]

    async def of_story(self, connection: AsyncConnection, story_id: int, guild_id: int) -> dict[int, Record]:
        """Return what a guild's channels know of a story, by channel."""
        statement = select(
            *COLUMNS, tables.delivery.c.sent_at, tables.delivery.c.set_aside_for, tables.delivery.c.reason
        ).where(tables.delivery.c.story_id == story_id, tables.delivery.c.guild_id == guild_id)
        rows = await connection.execute(statement)
        return {row.channel_id: Record(Delivery(*row[:-3]), *row[-3:]) for row in rows}

    async def sent_since(self, connection: AsyncConnection, channel_id: int, *moments: datetime) -> list[int]:
        """Count the cards that a channel got after each of these moments."""
        statement = select(*(func.count().filter(tables.delivery.c.sent_at > moment) for moment in moments)).where(
            tables.delivery.c.channel_id == channel_id,
            tables.delivery.c.sent_at > min(moments),
            tables.delivery.c.digest_id.is_(None),
        )
        return list((await connection.execute(statement)).one())

    async def defer(
        self,
        connection: AsyncConnection,
        channel_id: int,
        reason: str,
        until: datetime,
        *,
        planned_before: datetime | None = None,
        but_newest: int = 0,
    ) -> int:
        """Set what waits for a channel aside for its next list, at ``until``; return how many stories that is.

        Either all of it, or what was planned before a moment, and in any case but the newest few. What may have
        arrived already is left alone.
        """
        waiting = (
            tables.delivery.c.channel_id == channel_id,
            tables.delivery.c.state == DeliveryState.PENDING,
            tables.delivery.c.attempted_at.is_(None),
        )
        statement = update(tables.delivery).where(*waiting)
        if planned_before is not None:
            newest = select(tables.delivery.c.id).where(*waiting).order_by(tables.delivery.c.id.desc())
            statement = statement.where(
                or_(
                    tables.delivery.c.planned_at < planned_before,
                    tables.delivery.c.id.not_in(newest.limit(but_newest)),
                )
            )
        done = await connection.execute(
            statement.values(state=DeliveryState.DEFERRED, set_aside_for=DIGEST, due_at=until, reason=reason)
        )
        return done.rowcount

    async def held_back(self, connection: AsyncConnection, feed_id: int, guild_id: int) -> int:
        """Count the stories of a feed that wait for the word of a guild's admin."""
        own = select(tables.article.c.id).where(tables.article.c.feed_id == feed_id)
        statement = select(func.count(tables.delivery.c.story_id.distinct())).where(
            tables.delivery.c.guild_id == guild_id,
            tables.delivery.c.state == DeliveryState.DEFERRED,
            tables.delivery.c.set_aside_for == FLOOD,
            tables.delivery.c.article_id.in_(own),
        )
        return (await connection.execute(statement)).scalar_one()

    async def count_waiting(self, connection: AsyncConnection, guild_id: int) -> tuple[int, int]:
        """Count what is on its way to a guild's channels, and what waits there for the daily list."""
        own = tables.delivery.c.guild_id == guild_id
        waiting = select(func.count()).where(own, tables.delivery.c.state.in_(ON_ITS_WAY))
        later = select(func.count()).where(
            own, tables.delivery.c.state == DeliveryState.DEFERRED, tables.delivery.c.set_aside_for == DIGEST
        )
        return (await connection.execute(waiting)).scalar_one(), (await connection.execute(later)).scalar_one()

    async def move(self, connection: AsyncConnection, channel_id: int, to: int, now: datetime) -> int:
        """Let all that waits for one channel go to another, but for what that one has; return how much that is.

        What stands on a page of a list leaves it, to come on one of the other channel's.
        """
        waits = (*ON_ITS_WAY, DeliveryState.DEFERRED)
        there = select(tables.delivery.c.story_id).where(tables.delivery.c.channel_id == to)
        own = update(tables.delivery).where(
            tables.delivery.c.channel_id == channel_id, tables.delivery.c.state.in_(waits)
        )
        moved = await connection.execute(
            own.where(tables.delivery.c.story_id.not_in(there)).values(
                channel_id=to, due_at=now, reason=None, digest_id=None, digest_place=None
            )
        )
        await connection.execute(own.values(state=DeliveryState.SKIPPED, reason="The new channel has it already."))
        return moved.rowcount

    async def contents(self, connection: AsyncConnection, delivery: Delivery) -> tuple[Article, str]:
        """Return the article that a card shows and the name of its source in that channel."""
        statement = with_source(delivery.channel_id).where(tables.article.c.id == delivery.article_id)
        row = (await connection.execute(statement)).one()
        return Article(*row[:-1]), row.source

    async def others(self, connection: AsyncConnection, delivery: Delivery) -> list[tuple[Article, str]]:
        """Return the other sources of a card's story that its channel gets, each by its newest article and its name."""
        shown = select(tables.article.c.feed_id).where(tables.article.c.id == delivery.article_id).scalar_subquery()
        statement = (
            select(*articles.COLUMNS, articles.SOURCE)
            .join(tables.feed, tables.feed.c.id == tables.article.c.feed_id)
            .join(tables.subscription, tables.subscription.c.feed_id == tables.article.c.feed_id)
            .where(
                tables.article.c.id.in_(await stories.articles_of(connection, delivery.story_id, delivery.guild_id)),
                tables.article.c.feed_id != shown,
                tables.subscription.c.channel_id == delivery.channel_id,
                tables.is_active,
            )
            .order_by(tables.article.c.id)
        )
        told = [(Article(*row[:-1]), row[-1]) for row in await connection.execute(statement)]
        return list({article.feed_id: (article, source) for article, source in told}.values())

    async def also(self, connection: AsyncConnection, delivery: Delivery) -> tuple[tuple[str, str | None], ...]:
        """Return the other sources of a card's story that its channel gets, each once, by name and address."""
        return tuple((source, article.url) for article, source in await self.others(connection, delivery))

    async def told_again(self, connection: AsyncConnection, news: Sequence[News], now: datetime) -> list[int]:
        """Have stories drawn anew where a card in one of the channels tells them by another article than these.

        Return the deliveries of those cards.
        """
        by_channel: dict[int, set[int]] = {}
        for each in news:
            for subscription in each.subscriptions if each.articles else ():
                told = by_channel.setdefault(subscription.channel_id, set())
                told.update(article.story_id for article in each.articles)
        if not by_channel:
            return []
        own = _stories_of(news)
        merged = await stories.merged(connection, own)
        statement = select(*COLUMNS).where(
            IS_DRAWN,
            tables.delivery.c.story_id.in_(own | set(merged.values())),
            tables.delivery.c.article_id.not_in([article.id for each in news for article in each.articles]),
            tables.delivery.c.channel_id.in_(list(by_channel)),
        )
        cards = [Delivery(*row) for row in await connection.execute(statement)]
        ids = [
            card.id
            for card in cards
            if any(merged.get((card.guild_id, one), one) == card.story_id for one in by_channel[card.channel_id])
        ]
        await self.draw_anew(connection, ids, now)
        return ids

    async def article_updated(self, connection: AsyncConnection, article_ids: Collection[int], now: datetime) -> None:
        """Have the cards drawn anew that tell these articles."""
        if article_ids:
            statement = select(tables.delivery.c.id).where(
                IS_DRAWN, tables.delivery.c.article_id.in_(list(article_ids))
            )
            await self.draw_anew(connection, list(await connection.scalars(statement)), now)

    async def draw_anew(self, connection: AsyncConnection, delivery_ids: Collection[int], now: datetime) -> None:
        """Have these cards drawn anew once they stand; one with a team poll by whoever draws the poll."""
        if not delivery_ids:
            return
        with_poll = tables.poll_message.c.delivery_id.in_(list(delivery_ids)) & (
            tables.poll_message.c.purpose == Purpose.CARD
        )
        polled = set(await connection.scalars(select(tables.poll_message.c.delivery_id).where(with_poll)))
        await connection.execute(update(tables.poll_message).where(with_poll).values(drawn_revision=-1))
        await connection.execute(
            update(tables.delivery).where(tables.delivery.c.id.in_(set(delivery_ids) - polled)).values(redraw_at=now)
        )

    async def redraws_due(self, connection: AsyncConnection, now: datetime, most: int) -> list[int]:
        """Return the cards to be drawn anew now."""
        statement = (
            select(tables.delivery.c.id)
            .join(tables.news_channel, tables.news_channel.c.channel_id == tables.delivery.c.channel_id)
            .where(STANDS, is_due(tables.delivery.c.redraw_at, now), open_channel(now))
        )
        return list(await connection.scalars(statement.order_by(tables.delivery.c.redraw_at).limit(most)))

    async def take_redraw(
        self,
        connection: AsyncConnection,
        delivery_id: int,
        now: datetime,
        until: datetime,
        most: int,
        window: timedelta,
    ) -> bool:
        """Take a card in hand to be drawn anew, until then; False where it was drawn so often in the window already.

        Then it is left until the window is over.
        """
        own = tables.delivery.c.id == delivery_id
        known = select(tables.delivery.c.redraw_at, tables.delivery.c.edits, tables.delivery.c.edits_since)
        row = (await connection.execute(known.where(own).with_for_update())).one_or_none()
        if row is None or row.redraw_at is None:
            return False
        since, edits = row.edits_since, row.edits
        if since is None or not since <= now < since + window:
            since, edits = now, 0
        if edits >= most:
            await connection.execute(update(tables.delivery).where(own).values(redraw_at=since + window))
            return False
        taken = {"redraw_at": until, "edits": edits + 1, "edits_since": since}
        await connection.execute(update(tables.delivery).where(own).values(**taken))
        return True

    async def redrawn(self, connection: AsyncConnection, delivery_id: int, taken_until: datetime) -> None:
        """A card shows what was known when it was taken; if more is known by now, it is drawn once more."""
        own = (tables.delivery.c.id == delivery_id) & (tables.delivery.c.redraw_at == taken_until)
        await connection.execute(update(tables.delivery).where(own).values(redraw_at=None))

    async def regroup(self, connection: AsyncConnection, delivery_id: int, story_id: int | None) -> bool:
        """Have what a channel gets tell another story, or be forgotten; False while somebody is sending it."""
        own = (tables.delivery.c.id == delivery_id) & (tables.delivery.c.state != DeliveryState.SENDING)
        statement = (
            delete(tables.delivery).where(own)
            if story_id is None
            else update(tables.delivery).where(own).values(story_id=story_id)
        )
        return bool((await connection.execute(statement)).rowcount)

    async def record(self, connection: AsyncConnection, delivery_id: int, **values: object) -> bool:
        """Write down how far a delivery is; False if it is forgotten by now."""
        own = update(tables.delivery).where(tables.delivery.c.id == delivery_id)
        return bool((await connection.execute(own.values(**values))).rowcount)

    async def set_aside(
        self,
        connection: AsyncConnection,
        feed_id: int,
        channel_ids: Collection[int],
        state: DeliveryState,
        cause: str,
    ) -> None:
        """Take what waits of a feed out of these channels' order: to be deferred, or skipped for good.

        ``cause`` is a name for this step alone, by which ``put_back`` finds what it took out.
        What is being sent is left alone: it may stand in the channel already. So is what another feed of the
        channel has told too.
        """
        await connection.execute(
            self._of_feed(feed_id, channel_ids)
            .where(
                or_(
                    tables.delivery.c.state == DeliveryState.PENDING,
                    # What is on a page already comes with that page.
                    (tables.delivery.c.set_aside_for == DIGEST) & tables.delivery.c.digest_id.is_(None),
                ),
                ~_is_told_too(feed_id),
            )
            .values(state=state, set_aside_for=cause)
        )

    async def put_back(
        self,
        connection: AsyncConnection,
        feed_id: int,
        channel_ids: Collection[int],
        cause: str,
        now: datetime,
    ) -> int:
        """Take ``set_aside`` back: what it took out for this cause is on its way again; return how much that is."""
        done = await connection.execute(
            self._of_feed(feed_id, channel_ids)
            .where(tables.delivery.c.set_aside_for == cause)
            .values(state=DeliveryState.PENDING, set_aside_for=None, reason=None, due_at=now)
        )
        return done.rowcount

    async def give_up(
        self, connection: AsyncConnection, feed_id: int, channel_ids: Collection[int], cause: str | None = None
    ) -> int:
        """Skip for good what is set aside of a feed in these channels, for one cause or for any.

        Nothing takes that back any more. Return how much it is. What waits for the next list is left alone.
        """
        wanted = tables.delivery.c.set_aside_for
        done = await connection.execute(
            self._of_feed(feed_id, channel_ids)
            .where(wanted == cause if cause is not None else wanted.is_not(None) & (wanted != DIGEST))
            .values(state=DeliveryState.SKIPPED, set_aside_for=None)
        )
        return done.rowcount

    async def backlog(self, connection: AsyncConnection, channel_id: int, since: datetime) -> Backlog:
        """Tell how a channel's stories fare; of those that Discord took in no form, the ones planned ``since``."""
        refused = (tables.delivery.c.state == DeliveryState.QUARANTINED) & (tables.delivery.c.planned_at >= since)
        waiting, waiting_for = await self._why(connection, channel_id, tables.delivery.c.state.in_(ON_ITS_WAY))
        return Backlog(waiting, waiting_for, *await self._why(connection, channel_id, refused))

    async def _why(
        self, connection: AsyncConnection, channel_id: int, which: ColumnElement[bool]
    ) -> tuple[int, str | None]:
        """Count some of a channel's deliveries, and return the newest reason that stands with one of them."""
        own = (tables.delivery.c.channel_id == channel_id) & which
        reason = select(tables.delivery.c.reason).where(own, tables.delivery.c.reason.is_not(None))
        newest = reason.order_by(tables.delivery.c.id.desc()).limit(1)
        count = (await connection.execute(select(func.count()).where(own))).scalar_one()
        return count, await connection.scalar(newest)

    async def due_publishings(self, connection: AsyncConnection, now: datetime) -> list[Publishing]:
        """Return the oldest card to publish of each announcement channel that has one due."""
        oldest = (
            select(func.min(tables.delivery.c.id))
            .where(tables.delivery.c.publish_state == PublishState.PENDING)
            .group_by(tables.delivery.c.channel_id)
        )
        statement = select(
            tables.delivery.c.id,
            tables.delivery.c.channel_id,
            tables.delivery.c.guild_id,
            tables.delivery.c.message_id,
            tables.delivery.c.publish_attempts,
        ).where(tables.delivery.c.id.in_(oldest), is_due(tables.delivery.c.publish_due_at, now))
        return [Publishing(*row) for row in await connection.execute(statement)]

    async def origin(self, connection: AsyncConnection, delivery_id: int, guild_id: int) -> Origin | None:
        """Return where a card of this guild comes from, and which side its story was found to be about."""
        statement = (
            select(
                tables.feed.c.title,
                tables.feed.c.url,
                tables.article.c.found_at,
                tables.article.c.url,
                func.coalesce(tables.correction.c.camp, tables.story.c.camp, type_=tables.story.c.camp.type),
                tables.story.c.camp_terms,
                tables.correction.c.camp.is_not(None),
            )
            .select_from(tables.delivery)
            .join(tables.article, tables.article.c.id == tables.delivery.c.article_id)
            .join(tables.feed, tables.feed.c.id == tables.article.c.feed_id)
            .join(tables.story, tables.story.c.id == tables.delivery.c.story_id)
            .outerjoin(
                tables.correction,
                (tables.correction.c.story_id == tables.story.c.id)
                & (tables.correction.c.guild_id == tables.delivery.c.guild_id),
            )
            .where(tables.delivery.c.id == delivery_id, tables.delivery.c.guild_id == guild_id)
        )
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        title, url, found_at, link, camp, terms, corrected = row
        return Origin(title, url, found_at, link, camp, terms_from_json(terms), bool(corrected))

    async def _one(self, connection: AsyncConnection, wanted: ColumnElement[bool]) -> Delivery | None:
        row = (await connection.execute(select(*COLUMNS).where(wanted))).one_or_none()
        return Delivery(*row) if row else None

    def _of_feed(self, feed_id: int, channel_ids: Collection[int]) -> Update:
        own = select(tables.article.c.id).where(tables.article.c.feed_id == feed_id)
        return update(tables.delivery).where(
            tables.delivery.c.channel_id.in_(list(channel_ids)), tables.delivery.c.article_id.in_(own)
        )


def _is_told_too(feed_id: int) -> ColumnElement[bool]:
    """Say in SQL that a delivery's channel gets its story from another feed as well, as its guild takes that story."""
    own, article, split, merge = tables.delivery.c, tables.article.c, tables.story_split.c, tables.story_merge.c
    parts = select(merge.story_id).where(merge.guild_id == own.guild_id, merge.into_id == own.story_id)
    parts = parts.correlate(tables.delivery)
    away = select(split.article_id).where(split.guild_id == own.guild_id, split.article_id == article.id)
    stays = ~away.correlate(tables.delivery, tables.article).exists()
    elsewhere = (
        select(article.id)
        .join(tables.subscription, tables.subscription.c.feed_id == article.feed_id)
        .where(article.feed_id != feed_id, tables.subscription.c.channel_id == own.channel_id, tables.is_active)
        .correlate(tables.delivery)
    )
    split_off = elsewhere.join(tables.story_split, split.article_id == article.id).where(split.guild_id == own.guild_id)
    # Each for itself, because each has an index.
    return or_(
        elsewhere.where(article.story_id == own.story_id, stays).exists(),
        elsewhere.where(article.story_id.in_(parts), stays).exists(),
        split_off.where(or_(split.story_id == own.story_id, split.story_id.in_(parts))).exists(),
    )


def _stories_of(news: Iterable[News]) -> set[int]:
    return {article.story_id for each in news for article in each.articles}


def _rows(
    news: Iterable[News], is_held: bool, merged: Mapping[tuple[int, int], int], now: datetime
) -> Iterator[dict[str, object]]:
    """The rows of news for those who hold them or for the others, each story once in each channel.

    ``merged`` says what guilds have made one story.
    """
    seen: set[tuple[int, int]] = set()
    for each in news:
        own = [one for one in each.subscriptions if (one.state is SubscriptionState.HELD) == is_held]
        for article, subscription in product(each.articles, own):
            story_id = merged.get((subscription.guild_id, article.story_id), article.story_id)
            if (story_id, subscription.channel_id) in seen:
                continue
            seen.add((story_id, subscription.channel_id))
            yield {
                "story_id": story_id,
                "article_id": article.id,
                "channel_id": subscription.channel_id,
                "guild_id": subscription.guild_id,
                "state": DeliveryState.DEFERRED if is_held else DeliveryState.PENDING,
                "set_aside_for": FLOOD if is_held else None,
                "due_at": now,
                "planned_at": now,
            }


def with_source(channel_id: int) -> Select[Any]:
    """Select articles, each with the name of its source in a channel."""
    return (
        select(*articles.COLUMNS, articles.SOURCE.label("source"))
        .join(tables.feed, tables.feed.c.id == tables.article.c.feed_id)
        .outerjoin(
            tables.subscription,
            (tables.subscription.c.feed_id == tables.feed.c.id) & (tables.subscription.c.channel_id == channel_id),
        )
    )
