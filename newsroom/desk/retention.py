"""What is forgotten, and when: so that the database stays bounded and nothing that was posted comes again.

An article is kept for a year after its feed last listed it. Then only short forms of its aliases stay, by which it is
known if it ever returns. Everything happens in small transactions, because others want to write meanwhile.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsroom.store import Connection, Store

KEPT_UNSEEN = timedelta(days=365)
"""How long an article is kept that its feed lists no more."""

KEPT_UNWANTED = timedelta(days=30)
"""How long a feed is kept that nobody gets any more."""

MOST_TOMBSTONES = 20_000
"""How many aliases of forgotten articles are kept of a feed; the oldest go first."""

KEPT_LEFT = timedelta(days=30)
"""How long everything of a guild is kept that removed the bot."""

KEPT_USAGE = timedelta(days=2)
"""How long it is kept who asked a language model; the limits look back a day."""

KEPT_TEXTS = timedelta(days=90)
"""How long is kept what an article says. Whoever asks later has its page read again."""

KEPT_ASKS = timedelta(days=30)
"""How long what members asked is kept, and what they were answered."""

ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run removed, and how many tombstones there are now."""

    at: datetime
    articles: int
    stories: int
    feeds: int
    tombstones: int


class Retention:
    """Forgets. ``last`` is what its last run did, None before the first."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self.last: Swept | None = None

    async def run(self) -> Swept:
        """Forget all whose time has come."""
        now, articles, stories, feeds = self._now(), self._store.articles, self._store.stories, self._store.feeds
        buried = await self._in_pieces(lambda c: articles.bury(c, now - KEPT_UNSEEN, now, ROWS_AT_ONCE))
        await self._in_pieces(lambda c: self._store.texts.forget(c, now - KEPT_TEXTS, ROWS_AT_ONCE))
        unwanted = await self._in_pieces(lambda c: feeds.empty_unwanted(c, now - KEPT_UNWANTED, ROWS_AT_ONCE))
        async with self._store.begin() as connection:
            await self._store.guilds.delete_left(connection, now - KEPT_LEFT)
            gone = await feeds.delete_unwanted(connection, now - KEPT_UNWANTED)
            await articles.thin_tombstones(connection, MOST_TOMBSTONES)
            await self._store.threads.forget_cardless(connection)
            await self._store.hosts.forget(connection, now)
            await self._store.asks.purge(connection, now - KEPT_ASKS)
            await self._store.usage.forget(connection, now - KEPT_USAGE)
            await self._store.usage.release_stale(connection, now)
        # Stories come last: an article that was just found may be about to join one without any.
        untold = await self._in_pieces(lambda c: stories.delete_untold(c, now - timedelta(days=1), ROWS_AT_ONCE))
        async with self._store.read() as connection:
            tombstones = await articles.count_tombstones(connection)
        self.last = Swept(now, buried + unwanted, untold, gone, tombstones)
        return self.last

    async def _in_pieces(self, work: Callable[[Connection], Awaitable[int]]) -> int:
        """Repeat a step, each time in a transaction of its own, until it finds nothing more to do."""
        total = 0
        while True:
            async with self._store.begin() as connection:
                done = await work(connection)
            total += done
            if done < ROWS_AT_ONCE:
                return total
