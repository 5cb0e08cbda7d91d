"""Which stories new articles tell: those of the last two days, kept in memory and asked for each new article."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from urllib.parse import urlsplit

from newsroom.feeds.identity import Identified
from newsroom.feeds.parking import site_of
from newsroom.models import Article, Feed
from newsroom.store import Connection, Store
from newsroom.stories.camps import read_camp
from newsroom.stories.grouping import WINDOW, StoryIndex
from newsroom.stories.tellings import Telling, read
from newsroom.times import is_plausible

ARTICLES_A_PAUSE = 10  # an article costs up to a millisecond, and the loop has others to serve


class StoryGroups:
    """Articles of different sources about one event tell one story. The database decides what is remembered of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._index = StoryIndex()
        # What is told in the transactions under way: by article the story.
        self._told: dict[Connection, dict[int, int]] = {}
        self._unsure: set[int] = set()

    async def load(self, now: datetime) -> None:
        """Take on what was told lately. In a thread, because it takes seconds where that is much."""
        async with self._store.read() as connection:
            articles = await self._store.articles.recent(connection, now - WINDOW)
        tellings = [_telling(article, now) for article in articles]
        index = StoryIndex()
        await asyncio.to_thread(index.load, tellings, now)
        self._index = index

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction that writes, in which ``told`` may be called; if it is taken back, so is what was told in it.

        From its last statement until it is sure to be remembered nothing joins what it told: of stories that are taken
        back SQLite gives the ids out again, and who writes next would find them there, telling something else.
        """
        told: dict[int, int] = {}
        try:
            async with self._store.begin() as connection:
                self._told[connection] = told
                try:
                    yield connection
                finally:
                    del self._told[connection]
                    self._unsure.update(told.values())
        except BaseException:
            for article_id in told:
                self._index.forget(article_id)
            raise
        finally:
            self._unsure.difference_update(told.values())

    async def places(
        self,
        connection: Connection,
        feed_id: int,
        items: Sequence[Identified],
        keyed: Mapping[bytes, int],
        now: datetime,
    ) -> dict[int, int]:
        """Return which of these new items of a document tell stories that others have told, by their place in it.

        ``keyed`` says which of their story keys lead to a story already, and to which. Such an item is left out: its
        page decides. So is one that is old, and one whose story another item of the document tells already.
        """
        taken = {keyed[key] for item in items if (key := item.story_key) is not None and key in keyed}
        found: dict[int, int] = {}
        for place, item in enumerate(items):
            await _pause_now_and_then(place)
            entry = item.entry
            at = _told_at(entry.published, now, now)
            if item.story_key in keyed or now - at >= WINDOW:
                continue
            telling = Telling(0, None, _source(entry.link, feed_id), entry.title, entry.summary, at)
            match = self._index.story_for(telling, now)
            if match is not None and match.story_id not in taken | self._unsure:
                found[place] = match.story_id
                taken.add(match.story_id)
        there = await self._store.stories.there(connection, found.values()) if found else set()
        return {place: story_id for place, story_id in found.items() if story_id in there}

    async def told(self, connection: Connection, articles: Iterable[Article], now: datetime) -> None:
        """Take note of articles that this ``transaction`` remembers: the next feed of its batch may tell the same."""
        for place, article in enumerate(articles):
            await _pause_now_and_then(place)
            telling = _telling(article, now)
            if now - telling.at < WINDOW:
                self._index.add(telling, now)
                self._told[connection][article.id] = article.story_id
        self._index.prune(now)


async def read_ahead(items: Sequence[Identified], now: datetime) -> None:
    """Read the words of what may be new, so that the transaction which remembers it need not take the time."""
    for place, item in enumerate(items):
        await _pause_now_and_then(place)
        read_camp(item.entry.title, item.entry.summary)
        if now - _told_at(item.entry.published, now, now) < WINDOW:
            read(item.entry.title, item.entry.summary)


def own_pages(feed: Feed, items: Sequence[Identified]) -> set[int]:
    """Return which of these items, by their place, lead to a page of their feed's own site.

    Only such a feed says for everybody what a page tells: an aggregator may know it first, and may lie.
    """
    site = site_of(feed.url)
    return {place for place, item in enumerate(items) if item.entry.link and site_of(item.entry.link) == site}


async def _pause_now_and_then(place: int) -> None:
    if place % ARTICLES_A_PAUSE == ARTICLES_A_PAUSE - 1:
        await asyncio.sleep(0)


def _telling(article: Article, now: datetime) -> Telling:
    at = _told_at(article.published_at, article.found_at, now)
    source = _source(article.url, article.feed_id)
    return Telling(article.id, article.story_id, source, article.title, article.summary, at)


def _told_at(published: datetime | None, found: datetime, now: datetime) -> datetime:
    return min(published, now) if published is not None and is_plausible(published, now) else found


def _source(url: str | None, feed_id: int) -> str:
    """Whose article it is: the host that its link leads to, because aggregators link to others' pages."""
    host = urlsplit(url).hostname if url else None
    return host.removeprefix("www.") if host else f"feed {feed_id}"
