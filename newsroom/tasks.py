"""Background work that nobody awaits but somebody watches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable

log = logging.getLogger(__name__)


class Tasks:
    """Tasks by key, at most one of each at a time. A task that fails is logged and ends alone."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[None]] = {}

    def start(self, key: Hashable, work: Callable[[], Awaitable[object]]) -> None:
        """Start ``work``, unless a task of that key is still running."""
        if key not in self._running:
            self._running[key] = asyncio.create_task(self._watch(key, work))

    async def join(self, seconds: float) -> None:
        """Wait for what runs, at most so long; whatever is left then is cancelled."""
        running = list(self._running.values())
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _watch(self, key: Hashable, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Exception:
            log.exception("background work failed: %s", key)
        finally:
            del self._running[key]
