"""The process where hostile documents are read: its memory and time are bounded, and it can be killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakValueDictionary

from newsroom.errors import NotAFeed
from newsroom.feeds.discover import feed_links
from newsroom.feeds.parking import site_of
from newsroom.feeds.parse import parse
from newsroom.models import Document, FeedLink
from newsroom.workers import Broken, Stopping, TooSlow, WorkerProcess

T = TypeVar("T")

MOST_MEMORY = 1024**3
"""Bytes of address space the worker may have."""

MOST_DOCUMENTS = 500
"""Documents one worker reads before a fresh one takes over."""

_TOO_SLOW = "What that address sends takes too long to read."
_UNREADABLE = "What that address sends is too broken to read."
_STOPPING = "Popcorn is just stopping and reads nothing more."


class Workers:
    """Reads documents in a worker process, one after another, each in at most ``seconds``.

    The sites take turns: of each registrable domain one document at a time is in the queue, so that however many
    feeds somebody has for nothing below his domain, and however long they take, another site waits for one of them.
    """

    def __init__(self, *, seconds: float = 5.0) -> None:
        self._sites: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._process = WorkerProcess("feeds", seconds=seconds, memory=MOST_MEMORY, most_jobs=MOST_DOCUMENTS)

    async def parse(self, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document:
        """Read a feed as ``newsroom.feeds.parse`` does. Raises NotAFeed, whatever goes wrong."""
        return await self._read(url, parse, body, content_type, url, known)

    async def find_feeds(self, body: bytes, url: str) -> tuple[FeedLink, ...]:
        """Find the feeds of a page as ``newsroom.feeds.discover`` does. Raises NotAFeed, whatever goes wrong."""
        return await self._read(url, feed_links, body, url)

    async def close(self) -> None:
        """End the worker, after the document that it is reading. Those that wait fail."""
        await self._process.close()

    async def _read(self, url: str, function: Callable[..., T], *args: object) -> T:
        try:
            async with self._sites.setdefault(site_of(url), asyncio.Lock()):
                return await self._process.run(function, *args)
        except TooSlow as error:
            raise NotAFeed(_TOO_SLOW) from error
        except Broken as error:
            raise NotAFeed(_UNREADABLE) from error
        except Stopping as error:
            raise NotAFeed(_STOPPING) from error
