"""Keeps one request that was given up from holding up all others.

discord.py 2.7 closes a gate for every request when Discord's limit for all of them is hit, waits, and opens it again.
A request that is cancelled while it waits leaves the gate closed for ever.
"""

from __future__ import annotations

import asyncio

import discord


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
