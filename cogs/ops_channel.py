"""The channel in which a guild's admins read what happened: one line at a time, said once, best effort."""

from __future__ import annotations

import asyncio
import logging

import discord

from newsroom.desk.alerts import Alerts

log = logging.getLogger(__name__)

LONGEST_REQUEST = 10.0  # seconds


class OpsChannel:
    """Tells lines that nobody has to act on; what has to be heard goes by an alert."""

    def __init__(self, client: discord.Client, alerts: Alerts) -> None:
        self._client = client
        self._alerts = alerts

    async def tell(self, guild_id: int, line: str) -> bool:
        """Say a line where admins read alerts, or else Discord's own news; return whether it stands there."""
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return False
        chosen = await self._alerts.channel(guild_id)
        place = (guild.get_channel_or_thread(chosen) if chosen is not None else None) or guild.public_updates_channel
        if not isinstance(place, discord.TextChannel | discord.Thread):
            log.info("guild %d has no channel for its admins: %s", guild_id, line)
            return False
        try:
            async with asyncio.timeout(LONGEST_REQUEST):
                await place.send(line, silent=True)
        except (discord.HTTPException, discord.RateLimited, OSError, TimeoutError) as error:
            log.warning("the admins of guild %d could not be told: %r", guild_id, error)
            return False
        return True
