"""Opens what the newsroom works with, puts its parts together, and closes it all again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsroom.desk.outbox import Outbox
from newsroom.desk.rounds import Rounds
from newsroom.desk.subscriptions import Subscriptions
from newsroom.feeds.fetch import Fetcher
from newsroom.feeds.workers import Workers
from newsroom.settings import Settings
from newsroom.store import Store, open_store


@dataclass(frozen=True, slots=True)
class Newsroom:
    """The parts that cogs are handed."""

    store: Store
    rounds: Rounds
    subscriptions: Subscriptions
    outbox: Outbox


@asynccontextmanager
async def open_newsroom(settings: Settings, now: Callable[[], datetime]) -> AsyncIterator[Newsroom]:
    """Open database, web and worker processes for as long as the context lasts.

    Raises BadSetting or StoreError, each with a sentence for the operator.
    """
    async with AsyncExitStack() as stack:
        store = await open_store(settings.database_url)
        stack.push_async_callback(store.close)
        fetcher = Fetcher(allow_hosts=settings.feed_allow_hosts, contact=settings.feed_contact, now=now)
        stack.push_async_callback(fetcher.close)
        workers = Workers()
        stack.push_async_callback(workers.close)
        interval = timedelta(minutes=settings.feed_interval_minutes)
        rounds = Rounds(store, fetcher, workers, now=now, interval=interval)
        await rounds.load()
        async with store.begin() as connection:
            installation_id = await store.installation.id(connection)
        yield Newsroom(
            store=store,
            rounds=rounds,
            subscriptions=Subscriptions(store, rounds, fetcher, workers, now=now),
            outbox=Outbox(store, installation_id, now=now),
        )
