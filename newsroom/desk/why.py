"""The way of one article to each news channel of a guild: what ``/feed why`` answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsroom.desk.story_desk import LARGEST_ID
from newsroom.desk.subscriptions import is_paused
from newsroom.errors import RequestRefused
from newsroom.feeds.identity import names_of_link
from newsroom.models import Article, DeliveryState, Feed, NewsChannel, Subscription, SubscriptionState
from newsroom.store import Connection, Store
from newsroom.store.deliveries import DIGEST, FLOOD, Record
from newsroom.text import row_number

MESSAGE_LINK = re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/channels/\d+/\d+/(\d{1,19})/?")
UNKNOWN = (
    "None of this server's feeds has brought that. Give me its link, the link of its card, or pick it from the list "
    "that appears while you type."
)


class Fate(StrEnum):
    """What became of a story in one news channel; the first that is true."""

    POSTED = "posted"
    LISTED = "listed"
    """It stood in a list of stories that were over the limit."""
    TAKEN_DOWN = "taken down"
    REFUSED = "refused"
    """Discord took it in no form."""
    LEFT_OUT = "left out"
    """An admin removed the feed or skipped what it had brought."""
    NO_FEED = "no feed"
    """The channel gets no feed that tells it."""
    FEED_PAUSED = "feed paused"
    HELD = "held"
    LATER = "later"
    """It is over the channel's limit and comes in the next list."""
    BEFORE = "before"
    """It was there before the channel got the feed, or while the feed was paused."""
    BLOCKED = "blocked"
    CHANNEL_PAUSED = "channel paused"
    ON_ITS_WAY = "on its way"


@dataclass(frozen=True, slots=True)
class Way:
    """How far a story came in one news channel. ``at`` is when it was posted, or is due, if that is known."""

    channel: NewsChannel
    fate: Fate
    message_id: int | None = None
    at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """One article, how it is recognised, who else tells its story, and its way to each news channel."""

    article: Article
    feed: Feed
    title: str
    recognised_by: tuple[str, ...]
    others: tuple[str, ...]
    ways: tuple[Way, ...]


class Whys:
    """Explains. Every method looks at one guild alone, and at what its own feeds brought."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def choices(self, guild_id: int, text: str, most: int = 25) -> list[tuple[str, str, str]]:
        """Return the newest articles whose headline holds ``text``: headline, feed, and what ``of`` takes."""
        async with self._store.read() as connection:
            found = await self._store.articles.of_guild(connection, guild_id, text.strip(), most)
        return [(article.title or "Untitled", title, f"#{article.id}") for article, title in found]

    async def of(self, guild_id: int, asked: str) -> Why:
        """Explain the article that is meant: picked from ``choices``, by its link, or by the link of its card.

        Raises RequestRefused when no feed of this guild has brought it.
        """
        asked = asked.strip().removeprefix("<").removesuffix(">")
        async with self._store.read() as connection:
            article_id = await self._article(connection, guild_id, asked)
            articles = await self._store.articles.get(connection, [article_id] if article_id else [])
            if not articles:
                raise RequestRefused(UNKNOWN)
            article = articles[article_id or 0]
            pairs = await self._store.subscriptions.of_guild(connection, guild_id)
            story_id, _ = await self._store.stories.told_in(connection, article, guild_id)
            tellers = await self._store.stories.tellers(connection, story_id, guild_id)
            feeds = {feed.id: feed for _, feed in pairs}
            feed = feeds.get(article.feed_id) or await self._store.feeds.get(connection, article.feed_id)
            assert feed is not None, "articles go with their feed"
            own = [one for one, _ in pairs if one.feed_id in tellers]
            records = await self._store.deliveries.of_story(connection, story_id, guild_id)
            # What another guild's feeds are called, and bring, is nobody else's business, same story or not.
            if feed.id not in feeds and article.id not in {record.delivery.article_id for record in records.values()}:
                raise RequestRefused(UNKNOWN)
            channels = await self._store.channels.of_guild(connection, guild_id)
            names = await self._store.articles.names(connection, article.id)
        titles = {one.feed_id: one.title or one_feed.title for one, one_feed in pairs}
        subscribed: dict[int, list[Subscription]] = {}
        for one in own:
            subscribed.setdefault(one.channel_id, []).append(one)
        now = self._now()
        ways = [
            way_of(channel, subscribed.get(channel.channel_id, []), records.get(channel.channel_id), now)
            for channel in channels.values()
            if channel.channel_id in records or channel.channel_id in subscribed
        ]
        known = names_of_link(article.url) if article.url else {}
        return Why(
            article=article,
            feed=feed,
            title=titles.get(feed.id, feed.title),
            recognised_by=tuple(dict.fromkeys(known.get(name, "other") for name in sorted(names))),
            others=tuple(sorted({titles[feed_id] for feed_id in tellers if feed_id != feed.id and feed_id in titles})),
            ways=tuple(ways),
        )

    async def _article(self, connection: Connection, guild_id: int, asked: str) -> int | None:
        """Return the id of the article that is meant, whoever's it is."""
        if asked.startswith("#"):
            return row_number(asked.removeprefix("#"))
        if card := MESSAGE_LINK.fullmatch(asked):
            number = int(card[1])
            delivery = (
                await self._store.deliveries.by_message(connection, guild_id, number) if number <= LARGEST_ID else None
            )
            return delivery.article_id if delivery else None
        return await self._store.articles.named(connection, guild_id, list(names_of_link(asked)))


def way_of(channel: NewsChannel, subscriptions: Sequence[Subscription], record: Record | None, now: datetime) -> Way:
    """Say what became of a story in a channel. ``subscriptions`` are the channel's to feeds that tell the story."""
    if record is not None:
        return _way_of_record(channel, record, now)
    if not subscriptions:
        return Way(channel, Fate.NO_FEED)
    if all(one.state is SubscriptionState.PAUSED for one in subscriptions):
        return Way(channel, Fate.FEED_PAUSED)
    return Way(channel, Fate.BEFORE, at=min(one.added_at for one in subscriptions))


def _way_of_record(channel: NewsChannel, record: Record, now: datetime) -> Way:
    """What a story's row in the outbox says of its way."""
    delivery = record.delivery
    match delivery.state:
        case DeliveryState.SENT if delivery.message_id is not None:
            return Way(channel, Fate.POSTED, delivery.message_id, record.sent_at)
        case DeliveryState.SENT:
            return Way(channel, Fate.LISTED, at=record.sent_at)
        case DeliveryState.QUARANTINED:
            return Way(channel, Fate.REFUSED, reason=record.reason)
        case DeliveryState.SKIPPED if record.sent_at is not None:
            return Way(channel, Fate.TAKEN_DOWN, at=record.sent_at)
        case DeliveryState.SKIPPED:
            return Way(channel, Fate.LEFT_OUT, reason=record.reason)
        case DeliveryState.DEFERRED:
            fate = {FLOOD: Fate.HELD, DIGEST: Fate.LATER}.get(record.set_aside_for or "", Fate.FEED_PAUSED)
            return Way(channel, fate, reason=record.reason)
        case _ if channel.suspended_for is not None:
            return Way(channel, Fate.BLOCKED, reason=channel.suspended_for)
        case _ if is_paused(channel, now):
            return Way(channel, Fate.CHANNEL_PAUSED, at=channel.paused_until)
    return Way(channel, Fate.ON_ITS_WAY, at=delivery.due_at, reason=record.reason)
