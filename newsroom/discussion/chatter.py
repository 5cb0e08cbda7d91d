"""Chatter: how much members write in threads of ours. Messages are counted, never read and never kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from newsroom.store import Store

MOST_THREADS = 5_000
"""In so many threads messages are counted until the next time they are written down; in others they are not."""

KEPT = timedelta(days=40)
"""A recap looks back 30 days."""


class Chatter:
    """Counts in memory and writes down now and then: a message costs no query, and a crash the last few counts."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._heard: Counter[int] = Counter()

    def heard(self, thread_id: int) -> None:
        """Note that a member has written in a thread, be it ours or not."""
        if thread_id in self._heard or len(self._heard) < MOST_THREADS:
            self._heard[thread_id] += 1

    async def keep(self) -> None:
        """Write down what was counted since the last time, and forget what no recap asks for any more."""
        heard, self._heard = self._heard, Counter()
        if not heard:
            return
        now = self._now()
        try:
            async with self._store.begin() as connection:
                hour = now.replace(minute=0, second=0, microsecond=0)
                await self._store.recaps.add_chatter(connection, heard, hour)
                await self._store.recaps.forget_chatter(connection, now - KEPT)
        except BaseException:
            for thread_id, messages in heard.items():
                if thread_id in self._heard or len(self._heard) < MOST_THREADS:
                    self._heard[thread_id] += messages
            raise
