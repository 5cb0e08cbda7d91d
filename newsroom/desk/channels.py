"""News channels that refuse us, and what happens when one gets news again; their limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from newsroom.desk.limits import KEPT_FOR_CARDS, MOST_CARDS_AT_ONCE
from newsroom.errors import RequestRefused
from newsroom.models import AlertKind, NewsChannel
from newsroom.store import Connection, Store

PROBE_EVERY = timedelta(minutes=30)
"""How often a channel that refuses us is tried again, with one card. Each try has to be rare: after 10,000 refused
requests in ten minutes Discord bans the machine for a while. (Over all channels ``cogs.refused`` counts.)"""

BETWEEN_TRIES = timedelta(seconds=10)
"""How soon a channel is tried again at the earliest, however often something changes that may have mended it."""

WAITED = "It waited until the channel got news again."


async def suspend(
    store: Store, connection: Connection, channel_id: int, guild_id: int, reason: str, code: int, now: datetime
) -> None:
    """Send nothing more to a channel that refuses us, and have the admins told if that is new."""
    if await store.channels.suspend(connection, channel_id, reason, code, now + PROBE_EVERY):
        await store.alerts.add(connection, AlertKind.BLOCKED, [guild_id], now, channel_id=channel_id)


async def catch_up(store: Store, connection: Connection, channel_id: int, now: datetime) -> None:
    """Let a channel get news again: what waited comes now, the newest as cards and all else as one list.

    As cards come at most MOST_CARDS_AT_ONCE that have waited for no longer than KEPT_FOR_CARDS, oldest first.
    """
    await store.deliveries.defer(
        connection, channel_id, WAITED, now, planned_before=now - KEPT_FOR_CARDS, but_newest=MOST_CARDS_AT_ONCE
    )
    waiting = (await store.deliveries.backlog(connection, channel_id, now)).waiting
    await store.channels.wake(connection, channel_id, min(waiting, MOST_CARDS_AT_ONCE))


class NewsChannels:
    """Each method is one transaction."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def refusing(self, guild_id: int) -> list[NewsChannel]:
        """Return a guild's channels that refuse us."""
        async with self._store.read() as connection:
            return await self._store.channels.suspended(connection, guild_id)

    async def probes_due(self) -> list[NewsChannel]:
        """Return the channels that refuse us and are to be tried again now."""
        async with self._store.read() as connection:
            return await self._store.channels.probes_due(connection, self._now())

    async def probe_later(self, channel_id: int) -> None:
        """Leave a channel for now that can't have been mended."""
        async with self._store.begin() as connection:
            await self._store.channels.probe_later(connection, channel_id, self._now() + PROBE_EVERY)

    async def wake(self, channel_id: int) -> None:
        """Try a channel again; if it refuses us still, it is as before."""
        async with self._store.begin() as connection:
            channel = await self._store.channels.get(connection, channel_id)
            if channel is not None and channel.suspended_for is not None:
                await catch_up(self._store, connection, channel_id, self._now())

    async def mended(self, channel_id: int) -> bool:
        """Something changed that may have mended a channel: try it again, at once or in a moment.

        Return whether it is tried at once.
        """
        now = self._now()
        async with self._store.begin() as connection:
            probe_at = await self._store.channels.probe_at(connection, channel_id)
            if probe_at is None or probe_at <= now + BETWEEN_TRIES:
                return False  # it takes news, or is tried in a moment anyway
            if probe_at > now + PROBE_EVERY - BETWEEN_TRIES:  # it has only just refused us
                await self._store.channels.probe_later(connection, channel_id, now + BETWEEN_TRIES)
                return False
            await catch_up(self._store, connection, channel_id, now)
            return True

    async def limit(self, guild_id: int, channel_id: int, per_hour: int | None, per_day: int | None) -> NewsChannel:
        """Change a channel's limits, those that are given, and return the channel. Raises RequestRefused."""
        changes = {name: value for name, value in (("per_hour", per_hour), ("per_day", per_day)) if value is not None}
        async with self._store.begin() as connection:
            channel = await self._store.channels.get(connection, channel_id)
            if channel is None or channel.guild_id != guild_id:
                raise RequestRefused(f"<#{channel_id}> gets no news. `/feed add` makes it a news channel.")
            if changes:
                await self._store.channels.limit(connection, channel_id, **changes)
            changed = await self._store.channels.get(connection, channel_id)
        assert changed is not None, "it was there a moment ago"
        return changed
