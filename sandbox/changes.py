"""Waiting for something to happen, without asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence


class Changes:
    """Wakes whoever waits each time something happened in the sandbox.

    With hundreds of clicks at once, each waiting for its own answer, waking all at every event would keep the
    sandbox busy with nothing else. So one may wait for what concerns one thing alone, named by its id.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._waiting: dict[int | None, set[asyncio.Future[None]]] = {}

    def tell(self, *about: int) -> None:
        """Say that something happened, and which interactions or messages it concerns."""
        self.revision += 1
        for subject in (None, *about):
            for future in self._waiting.pop(subject, ()):
                if not future.done():
                    future.set_result(None)

    async def until(self, holds: Callable[[], bool], what: str, timeout: float = 20, about: Sequence[int] = ()) -> None:
        """Wait until ``holds()`` is true, at most ``timeout`` seconds; it is asked again at what is told ``about``.

        Raises TimeoutError naming ``what`` was waited for.
        """
        try:
            async with asyncio.timeout(timeout):
                while not holds():
                    await self.next(about)
        except TimeoutError:
            raise TimeoutError(f"waited {timeout:g} s for {what}") from None

    async def next(self, about: Sequence[int] = ()) -> None:
        """Wait for the next thing to happen, or the next that concerns one of these; the caller sets the limit."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        subjects = about or (None,)
        for subject in subjects:
            self._waiting.setdefault(subject, set()).add(future)
        try:
            await future
        finally:
            for subject in subjects:
                waiting = self._waiting.get(subject)
                if waiting is not None:
                    waiting.discard(future)
                    if not waiting:
                        del self._waiting[subject]
