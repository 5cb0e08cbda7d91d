"""What readings bring is remembered: which articles are new, which stories they tell, and who gets them.

Many feeds are remembered at once, because most of what a feed costs is the number of statements, not what they ask for.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsroom.desk.floods import could_be_flood, is_flood
from newsroom.desk.order import posting_order
from newsroom.desk.story_groups import StoryGroups, own_pages, read_ahead
from newsroom.desk.updates import MOST_UPDATES, updated
from newsroom.feeds.identity import Identified, Identities, has_moved
from newsroom.feeds.schedule import first_rhythm, learned_rhythm
from newsroom.models import AlertKind, Article, ArticleText, Feed, News, Subscription, SubscriptionState, TextBasis
from newsroom.store import Connection, Store
from newsroom.votes.story_polls import StoryPolls

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a document came to: the feed as saved, its new articles, and the ids of all we have, in posting order."""

    feed: Feed
    new: tuple[Article, ...]
    article_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Compared:
    """A document beside what we have of its feed.

    ``fresh`` are its new items in posting order, ``old`` the others with their articles, but for those that are buried.
    ``known`` leads from aliases to articles; ``last_read`` is when the feed was read well before.
    """

    feed: Feed
    identities: Identities
    known: Mapping[bytes, int]
    fresh: Sequence[Identified]
    old: Sequence[tuple[Identified, int]]
    subscribers: Sequence[Subscription]
    last_read: datetime | None

    @property
    def listening(self) -> list[Subscription]:
        """Those who get what is new; to the others what the feed holds now counts as known."""
        return [subscription for subscription in self.subscribers if not subscription.baseline_due]

    @property
    def further_names(self) -> dict[tuple[int, bytes], int]:
        """The names under which known articles appear for the first time.

        A guid changes today and the link next month: without these, the article would look new the second time.
        """
        return {
            (self.feed.id, key): article_id
            for item, article_id in self.old
            for key in item.names
            if key not in self.known
        }


class Memory:
    """Remembers what readings bring. ``load`` it first: it keeps in mind which stories are told lately."""

    def __init__(self, store: Store, story_polls: StoryPolls, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._story_polls = story_polls
        self._groups = StoryGroups(store)
        self._now = now

    async def load(self) -> None:
        """Take on which stories were told lately, so that new articles can join them."""
        await self._groups.load(self._now())

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction for ``remember``."""
        return self._groups.transaction()

    async def prepare(self, readings: Sequence[tuple[Feed, Identities]]) -> None:
        """Do what takes time and needs no transaction before ``remember``; without it that is only slower."""
        async with self._store.read() as connection:
            keys = {feed.id: identities.all_keys for feed, identities in readings}
            known = await self._store.articles.known(connection, keys)
        for feed, identities in readings:
            items = _with_articles(feed, identities, known[feed.id])
            await read_ahead([item for item, article_id in items if article_id is None], self._now())

    async def remember(self, connection: Connection, readings: Sequence[tuple[Feed, Identities]]) -> list[Remembered]:
        """Remember what is new in these documents and plan who gets it, in a ``transaction``.

        Each feed, as its good reading left it, comes once, in the order of the ids: so two processes never wait for
        each other's locks in a circle.
        """
        store, now = self._store, self._now()
        documents = await self._compared(connection, readings, now)
        whole = [document for document in documents if not document.identities.left_out]
        await store.articles.sighted(connection, {article_id for one in whole for _, article_id in one.old}, now)
        news = await self._add(connection, documents, now)
        await self._update(connection, [pair for document in documents for pair in document.old], now)
        await store.deliveries.plan(connection, news, now)
        again = [News(each.articles, _active(each.subscriptions)) for each in news]
        await store.threads.grown(connection, await store.deliveries.told_again(connection, again, now), now)
        await self._story_polls.told_again(connection, again, now)
        learned = [one.feed.id for one in documents if any(each.baseline_due for each in one.subscribers)]
        await store.subscriptions.baseline_learned(connection, learned)
        remembered = [_remembered(document, each.articles, now) for document, each in zip(documents, news, strict=True)]
        await store.feeds.save(connection, [each.feed for each in remembered])
        return remembered

    async def _compared(
        self, connection: Connection, readings: Sequence[tuple[Feed, Identities]], now: datetime
    ) -> list[_Compared]:
        """Hold documents against what we have of their feeds, which nobody else changes from now on."""
        store = self._store
        feed_ids = [feed.id for feed, _ in readings]
        last_read = await store.feeds.lock(connection, feed_ids)
        known = await store.articles.known(connection, {feed.id: found.all_keys for feed, found in readings})
        subscribers = await store.subscriptions.active_of(connection, feed_ids)
        compared = []
        for feed, identities in readings:
            items = _with_articles(feed, identities, known[feed.id])
            compared.append(
                _Compared(
                    feed,
                    identities,
                    known[feed.id],
                    fresh=posting_order([item for item, article_id in items if article_id is None], now),
                    old=[(item, article_id) for item, article_id in items if article_id],
                    subscribers=subscribers[feed.id],
                    last_read=last_read[feed.id],
                )
            )
        return compared

    async def _add(self, connection: Connection, documents: Sequence[_Compared], now: datetime) -> list[News]:
        """Remember the new articles of each document, and the names of all; return who is to get which."""
        store = self._store
        keys = {item.story_key for document in documents for item in document.fresh if item.story_key is not None}
        keyed = await store.articles.keyed(connection, list(keys))
        names: dict[tuple[int, bytes], int] = {}
        texts: list[ArticleText] = []
        news: list[News] = []
        for document in documents:
            feed, fresh = document.feed, document.fresh
            listening = await self._listening(connection, document)
            joins = await self._groups.places(connection, feed.id, fresh, keyed, now)
            articles = await store.articles.add(connection, feed.id, fresh, now, keyed, joins, own_pages(feed, fresh))
            await self._groups.told(connection, articles, now)
            for item, article in zip(fresh, articles, strict=True):
                names.update({(feed.id, key): article.id for key in item.names})
                texts += _text(item, article.id, now)
            names |= document.further_names
            news.append(News(articles, listening))
        await store.articles.add_aliases(connection, names)
        await store.texts.save(connection, texts)
        return news

    async def _update(self, connection: Connection, items: Sequence[tuple[Identified, int]], now: datetime) -> None:
        """Take known articles as their feed tells them now, and have the cards that tell them drawn anew."""
        told = Counter(article_id for _, article_id in items)
        before = await self._store.articles.get(connection, told)
        changed = [
            article
            for item, article_id in items
            # What two items are is told by neither.
            if told[article_id] == 1 and (article := updated(before[article_id], item.entry, now)) is not None
        ]
        articles = await self._store.articles.update(connection, changed, MOST_UPDATES)
        taken = {article.id for article in articles}
        texts = [text for item, article_id in items if article_id in taken for text in _text(item, article_id, now)]
        await self._store.texts.save(connection, texts)
        await self._groups.told(connection, articles, now)
        await self._store.deliveries.article_updated(connection, [article.id for article in articles], now)

    async def _listening(self, connection: Connection, document: _Compared) -> list[Subscription]:
        """Return who gets what is new in a document; where it looks new as a whole, it waits for an admin's word."""
        listening = document.listening
        if listening and await self._is_flood(connection, document):
            return await self._hold(connection, document.feed, listening)
        return listening

    async def _is_flood(self, connection: Connection, document: _Compared) -> bool:
        """Whether the new items of a document, which are not remembered yet, are to be held."""
        total = len(document.identities.items) + len(document.identities.left_out)
        if not could_be_flood(len(document.fresh), total):
            return False
        titles = {item.entry.title for item in document.fresh if item.entry.title}
        told = await self._store.articles.titles_told(connection, document.feed.id, titles)
        return is_flood(document.fresh, total, told, document.last_read, self._now())

    async def _hold(self, connection: Connection, feed: Feed, listening: Sequence[Subscription]) -> list[Subscription]:
        """Have what this feed brings wait for an admin's word, where admins want that, and have them told."""
        holding = {subscription.id for subscription in listening if subscription.hold_floods}
        if not holding:
            return list(listening)
        active = [subscription for subscription in _active(listening) if subscription.id in holding]
        log.warning("%s looks new as a whole, so what it brings is held", feed.url)
        await self._store.subscriptions.set_state(
            connection, [subscription.id for subscription in active], SubscriptionState.HELD
        )
        guild_ids = {subscription.guild_id for subscription in active}
        await self._store.alerts.add(connection, AlertKind.HELD, guild_ids, self._now(), feed_id=feed.id)
        return [
            replace(subscription, state=SubscriptionState.HELD) if subscription.id in holding else subscription
            for subscription in listening
        ]


def _with_articles(
    feed: Feed, identities: Identities, known: Mapping[bytes, int]
) -> list[tuple[Identified, int | None]]:
    """The items of a document, each with its article: 0 (BURIED) if that is forgotten, None if the item is new."""
    moved = has_moved(identities.host, feed.entry_host)
    return [
        (item, next((known[key] for key in item.telling(moved) if key in known), None)) for item in identities.items
    ]


def _text(item: Identified, article_id: int, now: datetime) -> list[ArticleText]:
    """What an article says, if its feed tells it in full."""
    text = item.entry.text
    return [ArticleText(article_id, text, TextBasis.FEED, now)] if text else []


def _active(subscriptions: Iterable[Subscription]) -> tuple[Subscription, ...]:
    return tuple(one for one in subscriptions if one.state is SubscriptionState.ACTIVE)


def _remembered(document: _Compared, articles: Sequence[Article], now: datetime) -> Remembered:
    feed, identities = document.feed, document.identities
    saved = replace(
        _with_rhythm(feed, identities, len(articles), now),
        entry_host=feed.entry_host if identities.left_out else identities.host or feed.entry_host,
        fingerprints=identities.fingerprints,
    )
    article_ids = dict(document.old) | {
        item: article.id for item, article in zip(document.fresh, articles, strict=True)
    }
    in_order = posting_order(identities.items, now)
    return Remembered(saved, tuple(articles), tuple(article_ids[item] for item in in_order if item in article_ids))


def _with_rhythm(feed: Feed, identities: Identities, fresh: int, now: datetime) -> Feed:
    """Return a feed with what a document teaches about its rhythm. News make the next interval the shortest."""
    if feed.news_at is None:
        first = first_rhythm([item.entry.published for item in identities.items], now)
        return replace(feed, news_at=now, rhythm_seconds=first.total_seconds() if first else None)
    if not fresh:
        return feed
    before = timedelta(seconds=feed.rhythm_seconds) if feed.rhythm_seconds is not None else None
    rhythm = learned_rhythm(before, now - feed.news_at, fresh)
    return replace(feed, news_at=now, rhythm_seconds=rhythm.total_seconds(), interval_seconds=None)
