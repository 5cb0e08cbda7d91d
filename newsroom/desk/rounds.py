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
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from time import perf_counter
from typing import Protocol

from newsroom.desk.memory import Memory
from newsroom.desk.moves import has_moved as has_moved_for_good
from newsroom.desk.moves import is_read, move
from newsroom.desk.roster import Roster
from newsroom.errors import FeedError, FetchFailed, HostParked
from newsroom.feeds.identity import Identities, identify, stands_alone
from newsroom.feeds.parking import Parking, site_of
from newsroom.feeds.schedule import next_check, next_interval, spread, spread_out
from newsroom.models import AlertKind, Document, Feed, Health
from newsroom.store import Store
from newsroom.votes.story_polls import StoryPolls

log = logging.getLogger(__name__)

UNCONDITIONAL_EVERY = 100  # readings of a feed

SIGHTED_EVERY = timedelta(days=30)
"""How often at least a feed is read whole, so that we know which of its articles it still lists."""

BATCH = 200  # changed feeds written in one transaction
BATCH_ITEMS = 1_000  # items with which a batch is full, too
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
    @property
    def fresh_for(self) -> timedelta | None: ...


class Fetches(Protocol):
    """Whoever gets bodies from the web, and keeps to its limits; see ``newsroom.feeds.fetch``."""

    async def get(self, url: str, *, budget: float = ...) -> Fetched: ...

    def opened(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> AbstractAsyncContextManager[Fetched]: ...


class Parses(Protocol):
    """Whoever reads a body as a feed."""

    async def parse(self, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document: ...


class Outcome(StrEnum):
    """How one reading of one feed ended."""

    READ = "read"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    PUT_OFF = "put off"
    """Its host wants to be left alone, so nobody asked."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at one feed brought. ``feed`` holds what it teaches; ``identities`` is None unless it was read."""

    outcome: Outcome
    feed: Feed
    identities: Identities | None = None

    @property
    def brought(self) -> Identities:
        """The articles of a document that was read."""
        assert self.identities is not None, "only what was read is written down"
        return self.identities


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
        parking: Parking | None = None,
    ) -> None:
        self.roster = Roster()
        self._parking = parking or Parking()
        self._store = store
        self.memory = Memory(store, story_polls, now=now)
        self._fetcher = fetcher
        self._parser = parser
        self._now = now
        self.interval = interval
        self.last_report: RoundReport | None = None
        self.last_report_at: datetime | None = None

    async def load(self, *, spread_overdue: bool = True) -> None:
        """Take on every feed that somebody wants, the overdue ones not all at the same moment unless that is wanted."""
        now = self._now()
        async with self._store.read() as connection:
            feeds = await self._store.feeds.active(connection)
            self._parking.restore(await self._store.hosts.parked(connection))
        await self.memory.load()
        if spread_overdue:
            feeds = [
                replace(feed, due_at=spread_out(feed.due_at, now, self.interval, spread(feed.url))) for feed in feeds
            ]
        self.roster = Roster(feeds)

    async def save(self) -> None:
        """Write down what readings taught that no batch has carried yet."""
        unsaved, parked = self.roster.unsaved(), self._parking.unsaved()
        if not (unsaved or parked):
            return
        try:
            async with self._store.begin() as connection:
                await self._store.feeds.save(connection, unsaved)
                await self._store.hosts.save(connection, parked)
        except BaseException:
            self._parking.still_unsaved(parked)
            raise
        self.roster.saved(unsaved)

    def take_due(self) -> list[Feed]:
        """Hand out the feeds of the next round; pass them on to ``run``."""
        return self.roster.take_due(self._now())

    async def run(self, due: Sequence[Feed], progress: Callable[[], None] = lambda: None) -> RoundReport:
        """Read these feeds, each for itself: one that fails or is slow holds up no other.

        ``progress`` is called as often as a reading ends.
        """
        started = perf_counter()
        changed: asyncio.Queue[Reading | None] = asyncio.Queue()
        writer = asyncio.create_task(self._write(changed))
        outcomes: list[Outcome] = []
        try:
            async with asyncio.TaskGroup() as group:
                for feed in due:
                    group.create_task(self._read_due(feed, changed, outcomes, progress))
        finally:
            changed.put_nowait(None)
            new_articles = await writer
            self.roster.give_back(due)
        await self._follow_up(due)
        self.last_report_at = self._now()
        self.last_report = RoundReport(
            feeds=len(due),
            ok=outcomes.count(Outcome.READ),
            not_modified=outcomes.count(Outcome.UNCHANGED),
            failed=outcomes.count(Outcome.FAILED),
            new_articles=new_articles,
            seconds=round(perf_counter() - started, 3),
        )
        return self.last_report

    async def _follow_up(self, due: Sequence[Feed]) -> None:
        """Do what readings have shown once and for all: feeds that are gone, feeds that moved."""
        for before in due:
            feed = self.roster.get(before.id)
            if feed is None:
                continue
            try:
                if feed.gone_at is not None and before.gone_at is None:
                    await self._say_gone(feed)
                elif has_moved_for_good(feed):
                    await self._move(feed)
            except Exception:
                log.exception("could not follow up on %s; its next reading does", feed.url)

    async def _say_gone(self, feed: Feed) -> None:
        """Write down that a feed is gone, and have the admins of those who got it told, both or neither."""
        store = self._store
        async with store.begin() as connection:
            await store.feeds.save(connection, [feed])
            subscribers = await store.subscriptions.active_of(connection, [feed.id])
            guild_ids = {one.guild_id for one in subscribers[feed.id]}
            await store.alerts.add(connection, AlertKind.GONE, guild_ids, self._now(), feed_id=feed.id)
            await store.alerts.believe(connection, guild_ids, {feed.id: Health.GONE})
        self.roster.saved([feed])

    async def _move(self, feed: Feed) -> None:
        await self._read_new_home(feed)
        async with self._store.begin() as connection:
            there = await move(self._store, connection, feed, self._now())
        self.roster.saved([feed])
        if there is None:
            return
        log.info("%s has moved to %s", feed.url, there.url)
        self.roster.drop(feed.id)
        known = self.roster.get(there.id)
        self.roster.put(replace(known, gone_at=None) if known is not None else there)

    async def _read_new_home(self, feed: Feed) -> None:
        """Read the feed that another one has moved to, wanted or not, if nobody has read it since.

        On another site it is a feed of its own, also if nobody has asked for it yet: see ``move``.
        """
        assert feed.moved_to is not None, "it has moved"
        async with self._store.begin() as connection:
            there = await self._store.feeds.by_url(connection, feed.moved_to)
            if there is None and site_of(feed.moved_to) != site_of(feed.url):
                there = await self._store.feeds.add(connection, feed.moved_to, feed.title, feed.site_url, self._now())
        if there is not None and not is_read(there, feed):
            there = self.roster.get(there.id) or there
            # Whole: without its past sightings nothing of it counts as unchanged.
            await self._take_on(there, await self.read(replace(there, sighted_at=None)))

    async def read(self, feed: Feed) -> Reading:
        """Look at one feed now. A feed that can't be read is an outcome here, not an error.

        One reading in UNCONDITIONAL_EVERY is unconditional, because validators lie: some servers say for ever that
        nothing has changed.
        """
        is_whole = feed.sighted_at is None or abs(self._now() - feed.sighted_at) >= SIGHTED_EVERY
        asks_anew = is_whole or (feed.fetches + feed.id) % UNCONDITIONAL_EVERY == 0
        etag, last_modified = (None, None) if asks_anew else (feed.etag, feed.last_modified)
        try:
            async with self._fetcher.opened(feed.url, etag=etag, last_modified=last_modified) as fetched:
                is_same = fetched.not_modified or _digest(fetched.body) == feed.body_hash
                if is_same and not is_whole:
                    return Reading(Outcome.UNCHANGED, self._went_well(feed, fetched, feed.hint_seconds))
                known = None if is_whole else feed.fingerprints
                document = await self._parser.parse(fetched.body, fetched.content_type, fetched.url, known)
                identities = await identities_of(document)
                if document.left_out and not await self._can_do_without(feed, document, identities):
                    document = await self._parser.parse(fetched.body, fetched.content_type, fetched.url)
                    identities = await identities_of(document)
            learned = self.learned(feed, fetched, document)
            if document.left_out and not document.entries:
                return Reading(Outcome.UNCHANGED, replace(learned, fingerprints=identities.fingerprints))
            return Reading(Outcome.READ, learned, identities)
        except HostParked as parked:
            return Reading(Outcome.PUT_OFF, self._put_off(feed, parked))
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
        new = await self._take_on(feed, reading)
        await self._follow_up([feed])
        return reading, new

    async def _take_on(self, feed: Feed, reading: Reading) -> int:
        if reading.outcome is Outcome.READ:
            return await self._write_batch([reading])
        if reading.outcome is Outcome.FAILED:
            failed = replace(
                feed, error=reading.feed.error, checked_at=reading.feed.checked_at, gone_at=reading.feed.gone_at
            )
            reading = replace(reading, feed=failed)
        self.roster.learn(reading.feed)
        return 0

    async def _can_do_without(self, feed: Feed, document: Document, identities: Identities) -> bool:
        """Whether what was left out of a document can't change what its other items are."""
        if not document.entries:
            return True
        async with self._store.read() as connection:
            known = await self._store.articles.known(connection, {feed.id: identities.all_keys})
        return stands_alone(identities, feed.entry_host, known[feed.id])

    def learned(self, feed: Feed, fetched: Fetched, document: Document) -> Feed:
        """Return a feed as a good answer leaves it, to be saved with what the answer brought."""
        hint_seconds = int(document.hint.total_seconds()) if document.hint else None
        return replace(
            self._went_well(feed, fetched, hint_seconds),
            hint_seconds=hint_seconds,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            body_hash=_digest(fetched.body),
            site_url=document.site_url or feed.site_url,
            sighted_at=feed.sighted_at if document.left_out else self._now(),
        )

    async def _read_due(
        self,
        feed: Feed,
        changed: asyncio.Queue[Reading | None],
        outcomes: list[Outcome],
        progress: Callable[[], None],
    ) -> None:
        reading = await self.read(feed)
        progress()
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
        read = sorted(((reading.feed, reading.brought) for reading in batch), key=lambda pair: pair[0].id)
        await self.memory.prepare(read)
        async with self.memory.transaction() as connection:
            written = await self.memory.remember(connection, read)
        for remembered in written:
            self.roster.update(remembered.feed)
        return sum(len(remembered.new) for remembered in written)

    def _went_well(self, feed: Feed, fetched: Fetched, hint_seconds: int | None) -> Feed:
        now = self._now()
        hints = [timedelta(seconds=hint_seconds)] if hint_seconds is not None else []
        hints += [fetched.fresh_for] if fetched.fresh_for is not None else []
        interval = next_interval(
            self.interval,
            timedelta(seconds=feed.interval_seconds) if feed.interval_seconds is not None else None,
            timedelta(seconds=feed.rhythm_seconds) if feed.rhythm_seconds is not None else None,
            now - (feed.news_at or now),
            max(hints, default=None),
        )
        moved_to, moved_days, moved_on = _where_moved(feed, fetched.permanent_url, now.date())
        return replace(
            feed,
            fetches=feed.fetches + 1,
            failures=0,
            error=None,
            failing_since=None,
            gone_at=None,
            checked_at=now,
            succeeded_at=now,
            interval_seconds=interval.total_seconds(),
            due_at=next_check(now, self.interval, interval, 0, None, spread(feed.url)),
            moved_to=moved_to,
            moved_days=moved_days,
            moved_on=moved_on,
        )

    def _went_wrong(self, feed: Feed, error: FeedError) -> Feed:
        now = self._now()
        failures = feed.failures + 1
        wait = error.retry_after if isinstance(error, FetchFailed) else None
        is_gone = isinstance(error, FetchFailed) and error.status == 410
        log.info("could not read %s (%d in a row): %s", feed.url, failures, error)
        return replace(
            feed,
            fetches=feed.fetches + 1,
            failures=failures,
            error=str(error),
            failing_since=feed.failing_since or now,
            gone_at=(feed.gone_at or now) if is_gone else feed.gone_at,
            checked_at=now,
            due_at=next_check(now, self.interval, self.interval, failures, wait, spread(f"{feed.url} {failures}")),
        )

    def _put_off(self, feed: Feed, parked: HostParked) -> Feed:
        """Return a feed as it is when its host is left alone: nothing was learned but when to ask."""
        wait = parked.until - self._now()
        return replace(feed, due_at=next_check(self._now(), self.interval, self.interval, 0, wait, spread(feed.url)))


def _where_moved(feed: Feed, permanent_url: str, today: date) -> tuple[str | None, int, date | None]:
    """Count on how many days permanent redirects have led to the same other address, each time to this feed."""
    if permanent_url == feed.url:
        return None, 0, None
    if permanent_url != feed.moved_to:
        return permanent_url, 1, today
    return permanent_url, feed.moved_days + (today != feed.moved_on), today


async def identities_of(document: Document) -> Identities:
    """Tell a document's articles apart; in a thread, because hostile addresses take their time."""
    return await asyncio.to_thread(identify, document.entries, document.left_out)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).digest()


async def _next_batch(changed: asyncio.Queue[Reading | None]) -> tuple[list[Reading], bool]:
    """Collect readings until the batch is full or has waited long enough; False once no more will come."""
    batch: list[Reading] = []
    items = 0
    reading = await changed.get()
    deadline = asyncio.get_running_loop().time() + BATCH_SECONDS
    while reading is not None:
        batch.append(reading)
        items += len(reading.brought.items)
        if len(batch) == BATCH or items >= BATCH_ITEMS:
            return batch, True
        try:
            async with asyncio.timeout_at(deadline):
                reading = await changed.get()
        except TimeoutError:
            return batch, True
    return batch, False
