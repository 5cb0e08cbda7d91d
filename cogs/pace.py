"""Keeps discord.py from waiting longer than Discord's trouble lasts.

It closes a gate for every request when Discord's limit for all of them is hit, waits, and opens it again: a request
that is cancelled while it waits leaves the gate closed for ever. And before it connects to the gateway again it waits
up to twice as long each time, in the end up to 17 minutes. (Seen in version 2.7.)
"""

from __future__ import annotations

import asyncio
from typing import Literal

import discord
from discord.backoff import ExponentialBackoff

# Discord lets a bot begin a session 1,000 times a day; trying every two minutes stays below that, whatever goes wrong.
LONGEST_RECONNECT_WAIT = 120.0


class SelfOpening(asyncio.Event):
    """A gate that is open at first, and opens by itself so many seconds after it was closed."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._opening: asyncio.TimerHandle | None = None
        self.set()

    def clear(self) -> None:
        super().clear()
        if self._opening is not None:
            self._opening.cancel()
        self._opening = asyncio.get_running_loop().call_later(self._seconds, self.set)


def let_through(client: discord.Client, longest_wait: float) -> None:
    """Open the gate of a client that has logged in after ``longest_wait`` seconds, whoever closed it."""
    client.http._global_over = SelfOpening(longest_wait)


class Patience(ExponentialBackoff[Literal[False]]):
    """The library's waits, none longer than LONGEST_RECONNECT_WAIT."""

    def delay(self) -> float:
        return min(super().delay(), LONGEST_RECONNECT_WAIT)


def reconnect_soon(client: discord.AutoShardedClient, shard_id: int) -> None:
    """Have a shard that has connected come back soon after an outage. Once is enough: what it has tried counts on.

    Where the library keeps its waits elsewhere, they stay as they are.
    """
    shard = client.shards[shard_id]._parent
    if type(getattr(shard, "_backoff", None)) is ExponentialBackoff:
        shard._backoff = Patience()
