"""The process where hostile documents are read: its memory and time are bounded, and it can be killed.

A thread could not be stopped, and one hostile document would hold the whole bot. So there is one worker process,
started on first use. It may die of a document; then that one has failed, and a new worker reads the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import multiprocessing
import resource
import signal
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from newsroom.errors import NotAFeed
from newsroom.feeds.discover import feed_links
from newsroom.feeds.parse import parse
from newsroom.models import Document, FeedLink

logger = logging.getLogger(__name__)

T = TypeVar("T")

MOST_MEMORY = 1024**3
"""Bytes of address space the worker may have."""

MOST_DOCUMENTS = 500
"""Documents one worker reads before a fresh one takes over: what leaks ends with it."""

_PATIENCE_SECONDS = 10.0
"""How long past its time a document may stay without an outcome (a worker starting, or ending) before the pool counts
as lost."""

_TOO_SLOW = "What that address sends takes too long to read."
_UNREADABLE = "What that address sends is too broken to read."
_STOPPING = "Popcorn is just stopping and reads nothing more."


class Workers:
    """Reads documents in a worker process, one after another, each in at most ``seconds``."""

    def __init__(self, *, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._pool: ProcessPool | None = None
        self._is_closed = False
        # One document is with the worker and the others wait here: what kills the worker can't take them along,
        # and the time of each begins when it is its turn.
        self._turn = asyncio.Lock()

    async def parse(self, body: bytes, content_type: str | None, url: str) -> Document:
        """Read a feed as ``newsroom.feeds.parse`` does. Raises NotAFeed, whatever goes wrong."""
        return await self._read(parse, body, content_type, url)

    async def find_feeds(self, body: bytes, url: str) -> tuple[FeedLink, ...]:
        """Find the feeds of a page as ``newsroom.feeds.discover`` does. Raises NotAFeed, whatever goes wrong."""
        return await self._read(feed_links, body, url)

    async def close(self) -> None:
        """End the worker, after the document that it is reading. Those that wait fail."""
        self._is_closed = True
        async with self._turn:
            await self._drop_pool()

    async def _read(self, function: Callable[..., T], *args: object) -> T:
        async with self._turn:
            try:
                return await self._try_to_read(function, *args)
            except _PoolLost:
                # That need not be this document's doing, so it gets one more try.
                logger.warning("The worker process for feeds was lost; starting another")
                await self._drop_pool()
            try:
                return await self._try_to_read(function, *args)
            except _PoolLost as error:
                await self._drop_pool()
                raise NotAFeed(_UNREADABLE) from error

    async def _try_to_read(self, function: Callable[..., T], *args: object) -> T:
        if self._is_closed:
            raise NotAFeed(_STOPPING)
        try:
            if self._pool is None:
                self._pool = _new_pool()
                # In a thread, because it waits for the new process: a tenth of a second that the loop doesn't have.
                await asyncio.to_thread(_start, self._pool)
            future = self._pool.schedule(_within_limits, (self._seconds, function, *args), timeout=self._seconds)
        except RuntimeError as error:  # BrokenProcessPool is one too
            raise _PoolLost from error
        try:
            async with asyncio.timeout(self._seconds + _PATIENCE_SECONDS) as patience:
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            if patience.expired():
                raise _PoolLost from error
            raise NotAFeed(_TOO_SLOW) from error
        except ProcessExpired as error:
            raise NotAFeed(_UNREADABLE) from error
        except BrokenProcessPool as error:
            raise _PoolLost from error

    async def _drop_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_stop, pool)


class _PoolLost(Exception):
    """The pool itself can't go on, which says nothing about the document."""


def _new_pool() -> ProcessPool:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["feedparser", "pebble", __name__])
    return ProcessPool(max_workers=1, max_tasks=MOST_DOCUMENTS, initializer=_set_limits, context=context)


def _start(pool: ProcessPool) -> None:
    """Runs in a thread of its own."""
    # Ctrl-C reaches the processes that are just starting, too, before they can ignore it. The tracker comes first,
    # because starting it lifts the block again.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    if not pool.active:  # asking starts it
        raise BrokenProcessPool("the worker pool did not start")


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _set_limits() -> None:
    """Runs in each new worker."""
    # Ctrl-C reaches the whole process group; the bot decides when its worker ends, and then at once, even in C code.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS has no such limit; the one on time holds
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _within_limits(seconds: float, function: Callable[..., T], *args: object) -> T:
    """Runs in the worker: one document, with a limit of its own on processor time.

    That limit counts when nobody is left to watch the clock, because the bot itself was killed.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    try:
        return function(*args)
    except NotAFeed:
        raise
    except Exception as error:
        # Parsers raise whatever they like on hostile input, also what can't be sent to another process.
        raise NotAFeed(_UNREADABLE) from error
