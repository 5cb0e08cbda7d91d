"""How often Discord has refused our requests lately, so that what may be refused again rests before that is too often.

After 10,000 requests that are answered 401, 403 or 429 within ten minutes Discord bans the machine for a while.
Source: Discord's developer documentation, topics/rate-limits (invalid requests).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import discord
from discord.utils import utcnow

INVALID: Final = frozenset({401, 403, 429})
WITHIN: Final = timedelta(minutes=10)
MOST: Final = 2000
"""Ours, far below Discord's own: what was tried before is refused yet, and others may share the machine's address."""


class Refused:
    """Counts refusals and tries of the last ten minutes, up to MOST of each: more need not be told apart."""

    def __init__(self, now: Callable[[], datetime] = utcnow) -> None:
        self._now = now
        self._refusals: deque[datetime] = deque(maxlen=MOST)
        self._tries: deque[datetime] = deque(maxlen=MOST)

    def note(self, status: int) -> None:
        """Note how Discord answered a request that failed."""
        if status in INVALID:
            self._refusals.append(self._now())

    def note_try(self) -> None:
        """Note that something is tried again that was refused. Its answer comes when its turn to be sent does."""
        self._tries.append(self._now())

    def too_often(self) -> bool:
        """Whether nothing more is to be tried for now that may be refused again."""
        return any(len(each) == MOST and self._now() - each[0] < WITHIN for each in (self._refusals, self._tries))

    def watch(self, client: discord.Client) -> None:
        """Note what becomes of each request that a client makes from now on."""
        request = client.http.request

        async def watched(*args: Any, **kwargs: Any) -> Any:
            try:
                return await request(*args, **kwargs)
            except discord.HTTPException as error:
                self.note(error.status)
                raise

        client.http.request = watched  # type: ignore[method-assign]
