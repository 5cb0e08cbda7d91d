"""A newsroom's desk over a real database and a fake web, for tests of what it decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from newsroom.desk.outbox import Claim, Outbox
from newsroom.desk.rounds import RoundReport, Rounds
from newsroom.desk.subscriptions import Added, Candidate, Listed, Removed, Subscriptions, Target
from newsroom.models import ChannelKind, Entry
from newsroom.resources import assemble
from newsroom.store import Store
from newsroom.store.database import Database
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


@dataclass
class Desk:
    store: Store
    web: Web
    clock: Clock
    rounds: Rounds
    subscriptions: Subscriptions
    outbox: Outbox

    @classmethod
    def over(cls, database: Database, web: Web | None = None, clock: Clock | None = None) -> Desk:
        """A desk as a process has it after its start; two over one database are two processes."""
        store, web, clock = Store(database), web or Web(), clock or Clock()
        newsroom = assemble(store, web, web, "installation", now=clock, interval=timedelta(minutes=10))
        return cls(store, web, clock, newsroom.rounds, newsroom.subscriptions, newsroom.outbox)

    async def add(
        self,
        url: str = FEED,
        channel_id: int = CHANNEL,
        guild_id: int = GUILD,
        backfill: int = 0,
        kind: ChannelKind = ChannelKind.TEXT,
        title: str | None = None,
    ) -> Added:
        """Add a feed as /feed add does."""
        candidate = await self.subscriptions.look_up(url)
        assert isinstance(candidate, Candidate)
        target = Target(guild_id, channel_id, kind)
        return await self.subscriptions.add(candidate, target, backfill=backfill, title=title, added_by=ADMIN)

    async def undo(self, removed: Removed) -> list[Listed]:
        """Click on Undo below what was removed from GUILD."""
        return await self.subscriptions.undo(GUILD, removed.feed_id, removed.removed_at)

    async def round(self) -> RoundReport:
        """Wait until everything is due, and read it."""
        self.clock.advance(minutes=30)
        return await self.rounds.run(self.rounds.take_due())

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
