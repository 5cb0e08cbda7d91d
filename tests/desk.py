"""A newsroom's desk over a real database and a fake web, for tests of what it decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from newsroom.answers.chat import Models
from newsroom.desk.channels import suspend
from newsroom.desk.digests import DigestClaim
from newsroom.desk.outbox import Claim, Outbox
from newsroom.desk.rounds import RoundReport, Rounds
from newsroom.desk.subscriptions import Added, Candidate, Listed, Removed, Subscriptions, Target
from newsroom.models import ChannelKind, Entry, Feed
from newsroom.resources import Newsroom, assemble
from newsroom.store import Store
from newsroom.store.database import Database
from newsroom.votes.charts import Charts
from tests.fakes import Clock, Web
from tests.makers import ago, entry

GUILD, OTHER_GUILD = 1001, 1002
CHANNEL, OTHER_CHANNEL, FOREIGN_CHANNEL = 2001, 2002, 2003
FEED = "https://lab.example/feed.xml"
ADMIN = 3001


def post(number: int, **fields: object) -> Entry:
    """The item of that number in a feed; a higher number is newer."""
    link = f"https://lab.example/posts/{number}"
    return entry(
        **{"guid": link, "link": link, "title": f"Post {number}", "published": ago(hours=1000 - number)} | fields
    )


def posts(*numbers: int) -> list[Entry]:
    """Items as a feed lists them: the newest on top."""
    return [post(number) for number in sorted(numbers, reverse=True)]


def told(headline: str, url: str) -> Entry:
    """A story as this feed tells it; feeds that tell the same headline link to the same page."""
    page = "-".join(headline.casefold().split())
    return entry(guid=f"{url} {page}", link=f"https://lab.example/{page}", title=headline, summary="", published=None)


@dataclass
class Desk:
    store: Store
    web: Web
    clock: Clock
    newsroom: Newsroom
    rounds: Rounds
    subscriptions: Subscriptions
    outbox: Outbox

    @classmethod
    def over(
        cls, database: Database, web: Web | None = None, clock: Clock | None = None, chat: Models | None = None
    ) -> Desk:
        """A desk as a process has it after its start; two over one database are two processes."""
        store, web, clock = Store(database), web or Web(), clock or Clock()
        interval = timedelta(minutes=10)
        newsroom = assemble(store, web, web, "installation", Charts(), now=clock, interval=interval, chat=chat)
        return cls(store, web, clock, newsroom, newsroom.rounds, newsroom.subscriptions, newsroom.outbox)

    def restarted(self) -> Desk:
        """The desk of the process that comes after this one."""
        return Desk.over(self.store.database, self.web, self.clock)

    async def add(
        self,
        url: str = FEED,
        channel_id: int = CHANNEL,
        guild_id: int = GUILD,
        backfill: int = 0,
        kind: ChannelKind = ChannelKind.TEXT,
        title: str | None = None,
        limited: bool = False,
    ) -> Added:
        """Add a feed as /feed add does, to a channel that gets any number of cards unless it is to be ``limited``."""
        candidate = await self.subscriptions.look_up(url)
        assert isinstance(candidate, Candidate)
        target = Target(guild_id, channel_id, kind)
        added = await self.subscriptions.add(candidate, target, backfill=backfill, title=title, added_by=ADMIN)
        if not limited:
            await self.newsroom.channels.limit(guild_id, channel_id, 0, 0)
        return added

    async def suspend(self, channel_id: int = CHANNEL, guild_id: int = GUILD, code: int = 50013) -> None:
        """Have Discord refuse us in a channel."""
        async with self.store.begin() as connection:
            await suspend(self.store, connection, channel_id, guild_id, "I may not write here.", code, self.clock())

    async def lists(self, channel_id: int = CHANNEL) -> list[DigestClaim]:
        """Send every list that is due in a channel, page by page, and return the pages."""
        digests, sent = self.newsroom.digests, []
        await digests.plan()
        while claim := await digests.claim(channel_id):
            await digests.sent(claim, 8000 + claim.digest.id, publish=False)
            sent.append(claim)
        return sent

    async def undo(self, removed: Removed) -> list[Listed]:
        """Click on Undo below what was removed from GUILD."""
        return await self.subscriptions.undo(GUILD, removed.feed_id, removed.removed_at)

    def statements(self) -> list[str]:
        """What is asked of the database from now on, as it goes on."""
        asked: list[str] = []
        for engine in (self.store.database.engine, self.store.database._reader):
            event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        return asked

    async def round(self) -> RoundReport:
        """Wait until everything is due, and read it."""
        self.clock.advance(minutes=30)
        return await self.rounds.run(self.rounds.take_due())

    async def read(self, feed_id: int) -> None:
        """Read a feed at once, due or not."""
        feed = self.rounds.roster.get(feed_id)
        assert feed is not None
        await self.rounds.read_now(feed)

    async def publish(self, *numbers: int) -> None:
        """Have FEED, the first that was added, bring these posts, dated now, and read it."""
        known = self.web.documents[FEED].entries
        fresh = [post(number, published=self.clock()) for number in sorted(numbers, reverse=True)]
        self.web.put(FEED, *fresh, *known)
        await self.read(1)

    async def tell(self, *headlines: str, url: str = FEED) -> None:
        """Have a feed bring stories with these headlines, and read it at once; the same headline is the same story."""
        known = self.web.documents[url].entries
        self.web.put(url, *(told(headline, url) for headline in reversed(headlines)), *known)
        [feed] = [feed for feed in self._feeds() if feed.url == url]
        await self.rounds.read_now(feed)

    async def follow(self, url: str = FEED, channel_id: int = CHANNEL, guild_id: int = GUILD, **options: Any) -> None:
        """Let a channel have a feed that has nothing to tell yet but old news."""
        if url not in self.web.documents:
            self.web.put(url, told(f"Old news of {url}", url))
        await self.add(url, channel_id, guild_id, **options)

    async def post_story(self, headline: str, channel_id: int = CHANNEL, url: str = FEED) -> Claim:
        """Have a feed bring a story with this headline and its card be sent to a channel; return how it was sent."""
        await self.tell(headline, url=url)
        [claim] = [claim for claim in await self.claims(channel_id) if claim.card.headline == headline]
        return claim

    def _feeds(self) -> list[Feed]:
        found = map(self.rounds.roster.get, range(1, 100))  # PostgreSQL leaves gaps between ids
        return [feed for feed in found if feed is not None]

    async def claims(self, channel_id: int = CHANNEL) -> list[Claim]:
        """Send everything that a channel has waiting, and return it in order."""
        sent = []
        while claim := await self.outbox.claim(channel_id):
            await self.outbox.sent(claim, 9000 + claim.delivery.id, publish=False)
            sent.append(claim)
        return sent

    async def headlines(self, channel_id: int = CHANNEL) -> list[str]:
        """Send everything that a channel has waiting, and return its headlines in order."""
        return [claim.card.headline for claim in await self.claims(channel_id)]
