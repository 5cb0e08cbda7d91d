"""One round: due feeds → fetch → what is new? → parse → identify → remember and plan.

What a changed feed brought, who gets it, and the validators that let us skip it next time become true in one
transaction; so whatever happens in between, the feed is simply read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from time import perf_counter
from typing import Protocol

from newsroom.desk.order import posting_order
from newsroom.desk.roster import Roster
from newsroom.errors import FeedError, FetchFailed
from newsroom.feeds.identity import Identified, Identities, has_moved, identify, is_known
from newsroom.feeds.schedule import next_check, spread
from newsroom.models import Article, Document, Feed
from newsroom.store import Connection, Store
from newsroom.votes.story_polls import StoryPolls

log = logging.getLogger(__name__)

BATCH = 200  # changed feeds written in one transaction
BATCH_SECONDS = 0.5  # the longest a changed feed waits for its batch to fill


class Fetched(Protocol):
    """What a fetch answers; see ``newsroom.feeds.fetch``."""

    @property
    def body(self) -> bytes: ...
    @property
    def content_type(self) -> str | None: ...
    @property
    def url(self) -> str: ...
    @property
    def etag(self) -> str | None: ...
    @property
    def last_modified(self) -> str | None: ...
    @property
    def not_modified(self) -> bool: ...
    @property
    def permanent_url(self) -> str: ...


class Fetches(Protocol):
    """Whoever gets bodies from the web, and keeps to its limits; see ``newsroom.feeds.fetch``."""

    async def get(self, url: str, *, budget: float = ...) -> Fetched: ...

    def opened(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> AbstractAsyncContextManager[Fetched]: ...


class Parses(Protocol):
    """Whoever reads a body as a feed."""

    async def parse(self, body: bytes, content_type: str | None, url: str) -> Document: ...


class Outcome(StrEnum):
    """How one reading of one feed ended."""

    READ = "read"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at one feed brought. ``feed`` holds what it teaches; ``identities`` is None unless it was read."""

    outcome: Outcome
    feed: Feed
    identities: Identities | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a document came to: the feed as saved, its new articles, and the ids of all, in posting order."""

    feed: Feed
    new: tuple[Article, ...]
    article_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RoundReport:
    """One round in numbers; ``seconds`` is its length on the wall clock."""

    feeds: int = 0
    ok: int = 0
    not_modified: int = 0
    failed: int = 0
    new_articles: int = 0
    seconds: float = 0.0


class Rounds:
    """Reads feeds and remembers what they bring."""

    def __init__(
        self,
        store: Store,
        fetcher: Fetches,
        parser: Parses,
        story_polls: StoryPolls,
        *,
        now: Callable[[], datetime],
        interval: timedelta,
    ) -> None:
        self.roster = Roster()
        self._store = store
        self._story_polls = story_polls
        self._fetcher = fetcher
        self._parser = parser
        self._now = now
        self.interval = interval

    async def load(self) -> None:
        """Take on every feed that somebody wants."""
        async with self._store.read() as connection:
            self.roster = Roster(await self._store.feeds.active(connection))

    async def save(self) -> None:
        """Write down what readings taught that no batch has carried yet."""
        unsaved = self.roster.unsaved()
        if unsaved:
            async with self._store.begin() as connection:
                await self._store.feeds.save(connection, unsaved)
            self.roster.saved(unsaved)

    def take_due(self) -> list[Feed]:
        """Hand out the feeds of the next round; pass them on to ``run``."""
        return self.roster.take_due(self._now())

    async def run(self, due: Sequence[Feed]) -> RoundReport:
        """Read these feeds, each for itself: one that fails or is slow holds up no other."""
        started = perf_counter()
        changed: asyncio.Queue[Reading | None] = asyncio.Queue()
        writer = asyncio.create_task(self._write(changed))
        outcomes: list[Outcome] = []
        try:
            async with asyncio.TaskGroup() as group:
                for feed in due:
                    group.create_task(self._read_due(feed, changed, outcomes))
        finally:
            changed.put_nowait(None)
            new_articles = await writer
            self.roster.give_back(due)
        return RoundReport(
            feeds=len(due),
            ok=outcomes.count(Outcome.READ),
            not_modified=outcomes.count(Outcome.UNCHANGED),
            failed=outcomes.count(Outcome.FAILED),
            new_articles=new_articles,
            seconds=round(perf_counter() - started, 3),
        )

    async def read(self, feed: Feed) -> Reading:
        """Look at one feed now. A feed that can't be read is an outcome here, not an error."""
        try:
            opened = self._fetcher.opened(feed.url, etag=feed.etag, last_modified=feed.last_modified)
            async with opened as fetched:
                if fetched.not_modified or _digest(fetched.body) == feed.body_hash:
                    return Reading(Outcome.UNCHANGED, self._went_well(feed))
                document = await self._parser.parse(fetched.body, fetched.content_type, fetched.url)
            return Reading(Outcome.READ, self.learned(feed, fetched, document), await identities_of(document))
        except FeedError as error:
            return Reading(Outcome.FAILED, self._went_wrong(feed, error))
        except Exception:
            log.exception("reading %s failed in a way that nobody foresaw", feed.url)
            return Reading(Outcome.FAILED, self._went_wrong(feed, FeedError("I failed at this feed in a new way.")))

    async def read_now(self, feed: Feed) -> tuple[Reading, int]:
        """Read one feed out of turn and remember what it brings; return also how many articles are new.

        A failure out of turn leaves the feed's turn as it was: asking often must not silence a feed.
        """
        reading = await self.read(feed)
        if reading.outcome is Outcome.READ:
            return reading, await self._write_batch([reading])
        if reading.outcome is Outcome.FAILED:
            failed = replace(feed, error=reading.feed.error, checked_at=reading.feed.checked_at)
            reading = replace(reading, feed=failed)
        self.roster.learn(reading.feed)
        return reading, 0

    def learned(self, feed: Feed, fetched: Fetched, document: Document) -> Feed:
        """Return a feed as a good answer leaves it, to be saved with what the answer brought."""
        return replace(
            self._went_well(feed),
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            body_hash=_digest(fetched.body),
            site_url=document.site_url or feed.site_url,
        )

    async def remember(self, connection: Connection, feed: Feed, identities: Identities) -> Remembered:
        """Remember what is new in a document and plan who gets it, inside the caller's transaction."""
        store, now = self._store, self._now()
        await store.feeds.lock(connection, feed.id)
        known = await store.articles.known(connection, feed.id, identities.all_keys)
        moved = has_moved(identities.host, feed.entry_host)
        fresh = posting_order([item for item in identities.items if not is_known(item, known, moved)], now)
        articles = await store.articles.add(connection, feed.id, fresh, now)
        await store.articles.add_aliases(connection, feed.id, _further_names(identities, known, moved))
        subscribers = await store.subscriptions.active_of(connection, feed.id)
        listening = [subscription for subscription in subscribers if not subscription.baseline_due]
        await store.deliveries.plan(connection, articles, listening, now)
        guild_ids = {subscription.guild_id for subscription in listening}
        await self._story_polls.told_again(connection, articles, guild_ids, now)
        if len(listening) < len(subscribers):
            await store.subscriptions.baseline_learned(connection, feed.id)
        feed = replace(feed, entry_host=identities.host or feed.entry_host)
        await store.feeds.save(connection, [feed])
        known |= {key: article.id for item, article in zip(fresh, articles, strict=True) for key in item.keys}
        in_order = [_article_of(item, known, moved) for item in posting_order(identities.items, now)]
        return Remembered(feed, tuple(articles), tuple(in_order))

    async def _read_due(self, feed: Feed, changed: asyncio.Queue[Reading | None], outcomes: list[Outcome]) -> None:
        reading = await self.read(feed)
        outcomes.append(reading.outcome)
        if reading.outcome is Outcome.READ:
            changed.put_nowait(reading)
        else:
            self.roster.learn(reading.feed)

    async def _write(self, changed: asyncio.Queue[Reading | None]) -> int:
        """Write changed feeds in batches until None comes; return how many articles were new."""
        new = 0
        more = True
        while more:
            batch, more = await _next_batch(changed)
            if batch:
                new += await self._write_batch(batch)
        return new

    async def _write_batch(self, batch: Sequence[Reading]) -> int:
        """Write a batch in one transaction; if that fails, feed by feed, so that one can't spoil the others."""
        try:
            return await self._write_together(batch)
        except Exception:
            if len(batch) == 1:
                feed = batch[0].feed
                log.exception("could not remember what %s brought; it will be read again", feed.url)
                known = self.roster.get(feed.id)
                if known is not None:
                    self.roster.learn(replace(known, due_at=feed.due_at, checked_at=feed.checked_at))
                return 0
        return sum([await self._write_batch([reading]) for reading in batch])

    async def _write_together(self, batch: Sequence[Reading]) -> int:
        written: list[Remembered] = []
        async with self._store.begin() as connection:
            # In the order of their ids, so that two processes never wait for each other's locks in a circle.
            for reading in sorted(batch, key=lambda reading: reading.feed.id):
                assert reading.identities is not None, "only what was read is written here"
                written.append(await self.remember(connection, reading.feed, reading.identities))
        for remembered in written:
            self.roster.update(remembered.feed)
        return sum(len(remembered.new) for remembered in written)

    def _went_well(self, feed: Feed) -> Feed:
        now = self._now()
        due_at = next_check(now, self.interval, 0, None, spread(feed.url))
        return replace(feed, failures=0, error=None, checked_at=now, succeeded_at=now, due_at=due_at)

    def _went_wrong(self, feed: Feed, error: FeedError) -> Feed:
        now = self._now()
        failures = feed.failures + 1
        wait = error.retry_after if isinstance(error, FetchFailed) else None
        log.info("could not read %s (%d in a row): %s", feed.url, failures, error)
        due_at = next_check(now, self.interval, failures, wait, spread(f"{feed.url} {failures}"))
        return replace(feed, failures=failures, error=str(error), checked_at=now, due_at=due_at)


async def identities_of(document: Document) -> Identities:
    """Tell a document's articles apart; in a thread, because hostile addresses take their time."""
    return await asyncio.to_thread(identify, document.entries)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).digest()


def _article_of(item: Identified, known: dict[bytes, int], moved: bool) -> int:
    """Return the article that a known item is."""
    names = (*item.keys, *item.hostless) if moved else item.keys
    return next(known[key] for key in names if key in known)


def _further_names(identities: Identities, known: dict[bytes, int], moved: bool) -> dict[bytes, int]:
    """Return the names under which known articles appear for the first time.

    A guid changes today and the link next month: without these, the article would look new the second time.
    """
    further: dict[bytes, int] = {}
    for item in identities.items:
        if is_known(item, known, moved):
            names = (*item.keys, *item.hostless)
            if any(key not in known for key in names):
                article_id = _article_of(item, known, moved)
                further.update({key: article_id for key in names if key not in known})
    return further


async def _next_batch(changed: asyncio.Queue[Reading | None]) -> tuple[list[Reading], bool]:
    """Collect readings until the batch is full or has waited long enough; False once no more will come."""
    batch: list[Reading] = []
    reading = await changed.get()
    deadline = asyncio.get_running_loop().time() + BATCH_SECONDS
    while reading is not None:
        batch.append(reading)
        if len(batch) == BATCH:
            return batch, True
        try:
            async with asyncio.timeout_at(deadline):
                reading = await changed.get()
        except TimeoutError:
            return batch, True
    return batch, False
