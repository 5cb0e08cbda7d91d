"""Waiting for something to happen, without asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """Wakes whoever waits each time something happened in the sandbox."""

    def __init__(self) -> None:
        self.revision = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        """Say that something happened."""
        self.revision += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, holds: Callable[[], bool], what: str, timeout: float = 20) -> None:
        """Wait until ``holds()`` is true, at most ``timeout`` seconds.

        Raises TimeoutError naming ``what`` was waited for.
        """
        try:
            async with asyncio.timeout(timeout):
                while not holds():
                    await self.next()
        except TimeoutError:
            raise TimeoutError(f"waited {timeout:g} s for {what}") from None

    async def next(self) -> None:
        """Wait for the next thing to happen; the caller sets the limit."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)
