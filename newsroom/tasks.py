"""Background work that nobody awaits but somebody watches: it fails alone, and it cannot hang for ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime

log = logging.getLogger(__name__)

INTERVALS = 3
"""How many intervals a loop or a task may go without progress before it is given up and begun again."""


@dataclass
class _Running:
    task: asyncio.Task[None]
    progress_at: float


class Tasks:
    """Tasks by key, at most one of each at a time. A task that fails is logged and ends alone."""

    def __init__(self) -> None:
        self._running: dict[Hashable, _Running] = {}

    def start(self, key: Hashable, work: Callable[[], Awaitable[object]]) -> None:
        """Start ``work``, unless a task of that key is still running."""
        if key not in self._running:
            clock = asyncio.get_running_loop().time
            self._running[key] = _Running(asyncio.create_task(self._watch(key, work)), clock())

    def progress(self, key: Hashable) -> None:
        """Note that a task has got something done."""
        running = self._running.get(key)
        if running is not None:
            running.progress_at = asyncio.get_running_loop().time()

    def end_stuck(self, seconds: float) -> int:
        """Cancel every task that has made no progress for so long, and return how many those are.

        Whoever starts one next begins anew.
        """
        stuck, now = 0, asyncio.get_running_loop().time()
        for key, running in self._running.items():
            if now - running.progress_at > seconds and not running.task.cancelling():
                stuck += 1
                log.error("background work made no progress for %.0f s and is begun again: %s", seconds, key)
                running.task.cancel()
        return stuck

    async def join(self, seconds: float) -> None:
        """Wait for what runs, at most so long; whatever is left then is cancelled."""
        running = [running.task for running in self._running.values()]
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


class Pulse:
    """One loop's passes: one that fails or hangs is logged, counted and given up, so that the next one comes.

    ``interval`` is in seconds; a pass gets INTERVALS of them, and at least ``least``. ``passed_at`` is when a pass last
    came to its end, which is what being well means: a process that is merely there may do nothing. ``stuck`` counts the
    tasks that the loop had started and had to end, because they made no progress.
    """

    def __init__(self, name: str, interval: float, *, now: Callable[[], datetime], least: float = 30.0) -> None:
        self.name = name
        self.passed_at: datetime | None = None
        self.failures = self.stuck = 0
        self._patience = max(INTERVALS * interval, least)
        self._now = now

    async def beat(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do one pass. Only being cancelled, as at the bot's end, gets out of here."""
        try:
            async with asyncio.timeout(self._patience):
                await work()
        except TimeoutError:
            self.failures += 1
            log.error("%s: a pass made no progress for %.0f s and is given up", self.name, self._patience)
        except Exception:
            self.failures += 1
            log.exception("%s: a pass failed; the next one tries again", self.name)
        else:
            self.passed_at = self._now()
