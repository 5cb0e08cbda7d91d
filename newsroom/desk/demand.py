"""What admins ask to be read at once, out of turn: kept so small that it crowds out nobody else's feeds.

One parser reads for everybody, and a document may take seconds of it. So no feed is read on demand more often than
READ_AGAIN_AFTER, and no guild has more than MOST_AT_ONCE readings and look-ups under way.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from newsroom.errors import RequestRefused
from newsroom.models import Feed

MOST_AT_ONCE = 3
READ_AGAIN_AFTER = timedelta(minutes=1)


class Demand:
    """Which readings and look-ups on demand are under way."""

    def __init__(self) -> None:
        self._under_way: Counter[int] = Counter()
        self._feeds: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @contextmanager
    def of_guild(self, guild_id: int) -> Iterator[None]:
        """Let a guild have one more thing read. Raises RequestRefused if MOST_AT_ONCE are under way."""
        if self._under_way[guild_id] >= MOST_AT_ONCE:
            raise RequestRefused(
                f"I am reading {MOST_AT_ONCE} addresses for this server already. Ask again once one of them is done."
            )
        self._under_way[guild_id] += 1
        try:
            yield
        finally:
            self._under_way[guild_id] -= 1
            self._under_way += Counter()  # forgets who has none

    @asynccontextmanager
    async def of_feed(self, feed_id: int) -> AsyncIterator[None]:
        """Wait until nobody else has this feed read on demand."""
        async with self._feeds.setdefault(feed_id, asyncio.Lock()):
            yield


def refuse_if_just_read(feed: Feed, now: datetime) -> None:
    """Raises RequestRefused, with what that reading found, if a feed was read within READ_AGAIN_AFTER."""
    # One that was read in the future was read when the clock was wrong.
    if feed.checked_at is None or not timedelta() <= now - feed.checked_at < READ_AGAIN_AFTER:
        return
    if feed.error is not None:
        raise RequestRefused(f"I read that feed a moment ago, and failed: {feed.error} Ask again in a minute.")
    has_news = feed.news_at is not None and feed.news_at >= feed.checked_at
    found = "took in what was new" if has_news else "there was nothing new"
    raise RequestRefused(f"I read that feed a moment ago, and {found}. Ask again in a minute.")
