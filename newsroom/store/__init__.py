"""What the newsroom remembers: one class per family of tables, over SQLite or PostgreSQL.

Whoever decides opens the transaction (``begin`` to write, ``read`` to look) and hands it to the methods, so
that what belongs together becomes true together.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.store.alerts import AlertStore
from newsroom.store.articles import ArticleStore
from newsroom.store.asks import AskStore
from newsroom.store.channels import NewsChannelStore
from newsroom.store.database import Database, migrate, open_database
from newsroom.store.debates import DebateStore
from newsroom.store.deliveries import DeliveryStore
from newsroom.store.digests import DigestStore
from newsroom.store.feeds import FeedStore
from newsroom.store.guilds import GuildStore
from newsroom.store.hosts import HostStore
from newsroom.store.installation import InstallationStore
from newsroom.store.polls import PollStore
from newsroom.store.recaps import RecapStore
from newsroom.store.repeats import RepeatStore
from newsroom.store.search import SearchStore
from newsroom.store.stories import StoryStore
from newsroom.store.subscriptions import SubscriptionStore
from newsroom.store.takes import TakeStore
from newsroom.store.texts import TextStore
from newsroom.store.threads import ThreadStore
from newsroom.store.usage import UsageStore
from newsroom.store.votes import VoteStore

__all__ = ["Connection", "Store", "open_store"]

Connection = AsyncConnection


class Store:
    """The families of tables of one database, side by side."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.installation = InstallationStore(database)
        self.feeds = FeedStore(database)
        self.hosts = HostStore(database)
        self.articles = ArticleStore(database)
        self.texts = TextStore(database)
        self.channels = NewsChannelStore(database)
        self.subscriptions = SubscriptionStore(database)
        self.deliveries = DeliveryStore(database)
        self.digests = DigestStore()
        self.stories = StoryStore(database)
        self.guilds = GuildStore(database)
        self.polls = PollStore(database)
        self.votes = VoteStore(database)
        self.takes = TakeStore(database)
        self.asks = AskStore()
        self.threads = ThreadStore(database)
        self.debates = DebateStore(database)
        self.repeats = RepeatStore()
        self.recaps = RecapStore(database)
        self.alerts = AlertStore(database)
        self.usage = UsageStore(database)
        self.search = SearchStore()

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction that writes: all of it happens, or nothing."""
        return self.database.begin()

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction that only looks."""
        return self.database.read()

    async def size(self) -> int:
        """Return how many bytes the database takes."""
        return await self.database.size()

    async def close(self) -> None:
        await self.database.close()


async def open_store(url: str) -> Store:
    """Open the database that an operator names, brought up to this version's schema.

    Raises BadSetting for an address that can't work and StoreError for a database that can't be used.
    """
    database = await open_database(url)
    try:
        await migrate(database)
    except BaseException:
        await database.close()
        raise
    return Store(database)
