"""The bot's own parts among hostile feeds: only its clock and Discord are a test's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from yarl import URL

from cogs.views.cards import CardMessage, card_message
from cogs.views.digests import DigestMessage, digest_message
from newsroom.desk.rounds import RoundReport
from newsroom.desk.subscriptions import Candidate, Target
from newsroom.errors import FeedError
from newsroom.feeds.fetch import BUDGET_SECONDS, Fetched, Fetcher
from newsroom.feeds.parking import Parking
from newsroom.feeds.workers import Workers
from newsroom.models import AlertKind, ChannelKind, Document, Feed, FeedLink
from newsroom.resources import Newsroom, assemble
from newsroom.store import Store, open_store
from newsroom.votes.charts import Charts
from tests.fakes import Clock
from tests.hostile.cases import Case
from tests.hostile.site import HostileResolver, HostileSite

GUILDS = (1001, 1002)
ADMIN = 3001
CONTACT = "https://popcorn.example/contact"
PATIENCE_SECONDS, HASTE_SECONDS = 60.0, 1.0
SHORT_BUDGET = 0.3  # seconds, for hosts that will not answer anyway


class Budgeted:
    """The real fetcher. Hosts in ``hurried`` get less time in all, so that no test waits for what never comes."""

    def __init__(self, fetcher: Fetcher) -> None:
        self.fetcher = fetcher
        self.hurried: frozenset[str] = frozenset()

    def _budget(self, url: str) -> float:
        return SHORT_BUDGET if URL(url).host in self.hurried else BUDGET_SECONDS

    async def get(self, url: str, *, budget: float = BUDGET_SECONDS) -> Fetched:
        return await self.fetcher.get(url, budget=min(budget, self._budget(url)))

    def opened(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Any:
        return self.fetcher.opened(url, etag=etag, last_modified=last_modified, budget=self._budget(url))


class Reader:
    """The real worker process with all the time that a busy machine needs, and a second one with little.

    That one reads the feeds of ``hurried`` hosts, which have to be killed: no test waits for that longer than it must.
    """

    def __init__(self) -> None:
        self.patient = Workers(seconds=PATIENCE_SECONDS)
        self.hasty = Workers(seconds=HASTE_SECONDS)
        self.hurried: frozenset[str] = frozenset()

    async def parse(self, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document:
        workers = self.hasty if URL(url).host in self.hurried else self.patient
        return await workers.parse(body, content_type, url, known)

    async def find_feeds(self, body: bytes, url: str) -> tuple[FeedLink, ...]:
        return await self.patient.find_feeds(body, url)

    async def close(self) -> None:
        await self.patient.close()
        await self.hasty.close()


@dataclass
class Post:
    """What a channel was sent: the headlines in it, and the message."""

    guild_id: int
    label: str
    headlines: tuple[str, ...]
    message: CardMessage | DigestMessage


@dataclass
class House:
    """A process of the bot over a database, and what it has posted."""

    site: HostileSite
    clock: Clock
    newsroom: Newsroom
    store: Store
    fetcher: Budgeted
    reader: Reader
    cases: list[Case]
    posts: list[Post]
    feed_ids: dict[str, int]

    def channel(self, case: Case, guild_id: int) -> int:
        return guild_id * 10_000 + self.cases.index(case)

    def feed(self, label: str) -> Feed:
        """The feed of a case as its last reading left it, wherever it lives by now."""
        roster = self.newsroom.rounds.roster
        feed = roster.get(self.feed_ids[label])
        if feed is None:  # it moved to another site, where it is a feed of its own
            home = f"//new-{label}."
            feed = next(each for each in map(roster.get, range(1, 1000)) if each and home in each.url)
            self.feed_ids[label] = feed.id
        return feed

    def written(self, label: str) -> asyncio.Event:
        """An event for the moment at which what a feed brought is in the database."""
        roster, happened = self.newsroom.rounds.roster, asyncio.Event()
        update = roster.update

        def note(feed: Feed) -> None:
            update(feed)
            if feed.id == self.feed_ids[label]:
                happened.set()

        roster.update = note  # type: ignore[method-assign]
        return happened

    async def add(self, case: Case) -> str | None:
        """Add a case's feed in each guild, as /feed add does; return why that failed, if it did."""
        subscriptions = self.newsroom.subscriptions
        try:
            candidate = await subscriptions.look_up(self.site.url(case.host, case.path))
        except FeedError as error:
            return str(error)
        assert isinstance(candidate, Candidate)
        for guild_id in GUILDS:
            target = Target(guild_id, self.channel(case, guild_id), ChannelKind.TEXT)
            added = await subscriptions.add(candidate, target, backfill=0, title=None, added_by=ADMIN)
            self.feed_ids[case.label] = added.feed.id
            if not case.limited:
                await self.newsroom.channels.limit(guild_id, target.channel_id, 0, 0)
        return None

    async def round(self) -> RoundReport:
        """Read what is due, and let Discord have what that brought."""
        report = await self.newsroom.rounds.run(self.newsroom.rounds.take_due())
        await self.newsroom.rounds.save()
        await self.deliver()
        return report

    async def deliver(self) -> None:
        """Send every card and list that is due."""
        labels = {self.channel(case, guild_id): (guild_id, case.label) for case in self.cases for guild_id in GUILDS}
        outbox, digests = self.newsroom.outbox, self.newsroom.digests
        for channel_id in await outbox.due_channels():
            while claim := await outbox.claim(channel_id):
                headline = claim.card.headline or claim.card.summary
                message = card_message(claim.card, now=self.clock())
                self.posts.append(Post(*labels[channel_id], (headline,), message))
                await outbox.sent(claim, 50_000 + claim.delivery.id, publish=False)
        await digests.plan()
        for channel_id in await digests.due_channels():
            while page := await digests.claim(channel_id):
                headlines = tuple(article.title for article, _ in page.page.stories)
                self.posts.append(Post(*labels[channel_id], headlines, digest_message(page.page)))
                await digests.sent(page, 90_000 + page.digest.id, publish=False)

    def posted(self, label: str, guild_id: int) -> list[str]:
        """The headlines that a channel was sent, in order."""
        posts = [post for post in self.posts if (post.label, post.guild_id) == (label, guild_id)]
        return [headline for post in posts for headline in post.headlines]

    async def told(self) -> list[tuple[AlertKind, int, tuple[str, ...]]]:
        """What admins have to hear: the kind, the guild, and the feeds it is about."""
        alerts = self.newsroom.alerts
        contents = [await alerts.contents(alert_id) for alert_id in await alerts.due()]
        return [
            (each.alert.kind, each.alert.guild_id, tuple(feed.url for feed, _ in each.feeds))
            for each in contents
            if each is not None
        ]


@asynccontextmanager
async def house(
    database: Path, site: HostileSite, clock: Clock, cases: list[Case], posts: list[Post], feed_ids: dict[str, int]
) -> AsyncIterator[House]:
    """Start the bot's parts, as ``newsroom.resources`` does, and stop them. Only the hosts of the site are let in.

    ``posts`` and ``feed_ids`` are what it fills, and what the one before it left.
    """
    store = await open_store(f"sqlite:///{database}")
    parking = Parking()
    fetcher = Fetcher(
        allow_hosts=[f"{host}:{site.port}" for host in site.scripts],
        contact=CONTACT,
        now=clock,
        parking=parking,
        resolver=HostileResolver(),
    )
    reader, charts, budgeted = Reader(), Charts(), Budgeted(fetcher)
    try:
        async with store.begin() as connection:
            installation = await store.installation.id(connection)
        newsroom = assemble(
            store, budgeted, reader, installation, charts, now=clock, interval=timedelta(minutes=10), parking=parking
        )
        await newsroom.rounds.load(spread_overdue=False)
        yield House(site, clock, newsroom, store, budgeted, reader, cases, posts, feed_ids)
    finally:
        await charts.close()
        await reader.close()
        await fetcher.close()
        await store.close()


# --------------------------------------------------------------------------------------------- measuring


class Connections:
    """Where this process connected to, or tried to. An audit hook can't be taken off, so there is one, which sleeps."""

    def __init__(self) -> None:
        self.watched: list[Any] | None = None
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and self.watched is not None:
            self.watched.append(arguments[1])

    @contextmanager
    def watch(self) -> Iterator[list[Any]]:
        self.watched = heard = []
        try:
            yield heard
        finally:
            self.watched = None


CONNECTIONS = Connections()


@dataclass
class Memory:
    """The most memory (resident set, in bytes) that this process and the processes it started have been seen with."""

    before: int = 0
    own: int = 0
    helper: int = 0

    def look(self) -> None:
        self.own = max(self.own, psutil.Process().memory_info().rss)
        self.before = self.before or self.own

    def look_at_helpers(self) -> None:
        """Takes ten times as long, because all processes of the machine are looked over."""
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                self.helper = max(self.helper, child.memory_info().rss)


@asynccontextmanager
async def memory_watched() -> AsyncIterator[Memory]:
    """Look at memory all the time."""
    memory = Memory()
    memory.look()

    async def watch(look: Callable[[], None], seconds: float) -> None:
        while True:
            look()
            await asyncio.sleep(seconds)

    watching = [asyncio.create_task(watch(memory.look, 0.02)), asyncio.create_task(watch(memory.look_at_helpers, 0.3))]
    try:
        yield memory
    finally:
        for task in watching:
            task.cancel()
