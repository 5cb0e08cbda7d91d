"""Guilds that removed the bot, and guilds that are back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime

from newsroom.desk.channels import catch_up
from newsroom.desk.subscriptions import Subscriptions
from newsroom.store import Store

log = logging.getLogger(__name__)


class Presence:
    """Everything of a guild that removed the bot pauses, is kept for a while, and goes on when the guild is back."""

    def __init__(self, store: Store, subscriptions: Subscriptions, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._subscriptions = subscriptions
        self._now = now

    async def left(self, guild_id: int) -> None:
        """A guild has removed the bot: nothing is read, sent or asked for it any more."""
        async with self._store.begin() as connection:
            await self._store.guilds.lock(connection, guild_id)
            await self._store.guilds.set_left(connection, guild_id, self._now())
        log.info("guild %d has removed the bot: all of it pauses", guild_id)
        await self._subscriptions.settle_guild(guild_id)

    async def back(self, guild_id: int) -> None:
        """A guild has the bot again: what it had goes on, as after a suspension."""
        async with self._store.begin() as connection:
            if not await self._store.guilds.is_left(connection, guild_id):
                return
            await self._store.guilds.set_left(connection, guild_id, None)
            for channel_id in sorted(await self._store.channels.of_guild(connection, guild_id)):
                await catch_up(self._store, connection, channel_id, self._now())
        log.info("guild %d has the bot again", guild_id)
        await self._subscriptions.settle_guild(guild_id)

    async def look_over(self, present: Collection[int]) -> None:
        """Find out what happened while we were away. ``present`` are all guilds that have the bot, reachable or not."""
        async with self._store.read() as connection:
            known = await self._store.guilds.known(connection)
        for guild_id, is_left in sorted(known.items()):
            if is_left and guild_id in present:
                await self.back(guild_id)
            elif not is_left and guild_id not in present:
                await self.left(guild_id)
