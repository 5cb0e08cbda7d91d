"""News channels that heal: what Discord tells of permissions, channels and guilds lets news in again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands, tasks

from cogs.news_places import INDISPENSABLE, NewsPlace, missing
from cogs.refused import Refused
from newsroom.desk.channels import NewsChannels
from newsroom.desk.presence import Presence
from newsroom.desk.refusals import GONE
from newsroom.models import NewsChannel
from newsroom.tasks import Pulse, Tasks

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

log = logging.getLogger(__name__)

LOOK_EVERY = 10.0  # seconds
LONGEST_SILENCE = 300.0  # seconds; no look takes so long


class Healing(commands.Cog):
    """Tries channels again that refused us: when something changed that may have mended it, and now and then.

    Where too many requests were refused of late, over all channels, none is tried: each waits for its next turn.
    """

    def __init__(
        self, channels: NewsChannels, presence: Presence, client: discord.Client, refused: Refused, pulse: Pulse
    ) -> None:
        self._channels = channels
        self._refused = refused
        self._presence = presence
        self._client = client
        self._pulse = pulse
        self._tasks = Tasks()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Find out what changed while we were away."""
        self._tasks.start("guilds", self._look_over_guilds)
        if not self.tick.is_running():
            self.tick.start()

    async def cog_unload(self) -> None:
        self.tick.cancel()
        await self._tasks.join(0)

    async def _look_over_guilds(self) -> None:
        await self._presence.look_over({guild.id for guild in self._client.guilds})
        for guild in self._client.guilds:
            await self._look_at(guild.id)

    # ------------------------------------------------------------------------------------ now and then

    @tasks.loop(seconds=LOOK_EVERY)
    async def tick(self) -> None:
        await self._pulse.beat(self._probe)

    async def _probe(self) -> None:
        self._pulse.stuck += self._tasks.end_stuck(LONGEST_SILENCE)
        for channel in await self._channels.probes_due():
            if self._refused.too_often():
                return  # it is due until it is tried
            if self._is_gone(channel):
                await self._channels.probe_later(channel.channel_id)
            else:
                # What we know of our own roles may be old, since Discord tells nobody of them without being asked to
                # tell of all members. So here the channel itself is asked, with the next card.
                await self._channels.wake(channel.channel_id)
                self._refused.note_try()

    def _is_gone(self, channel: NewsChannel) -> bool:
        """Whether a channel was deleted, as far as Discord has told: then nothing brings it back."""
        guild = self._client.get_guild(channel.guild_id)
        if guild is None or guild.unavailable:
            return True
        return channel.suspended_code in GONE and guild.get_channel_or_thread(channel.channel_id) is None

    # ------------------------------------------------------------------------------------- at once

    @commands.Cog.listener()
    async def on_guild_channel_update(self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        self._note(after.guild.id)

    @commands.Cog.listener()
    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        self._note(channel.guild.id)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if before.permissions != after.permissions:
            self._note(after.guild.id)

    @commands.Cog.listener()
    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        self._note(after.guild.id)

    @commands.Cog.listener()
    async def on_thread_join(self, thread: discord.Thread) -> None:
        self._note(thread.guild.id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        self._note(guild.id)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._presence.back(guild.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._presence.left(guild.id)

    def _note(self, guild_id: int) -> None:
        """Look at a guild; while that is being done, more of the same changes nothing."""
        self._tasks.start(guild_id, lambda: self._look_at(guild_id))

    async def _look_at(self, guild_id: int) -> None:
        """Let news into the channels of a guild that had refused us and by all we know don't any more."""
        guild = self._client.get_guild(guild_id)
        if guild is None or guild.unavailable:
            return
        for channel in await self._channels.refusing(guild_id):
            if self._refused.too_often():
                return  # half an hour after it refused us it is tried anyway
            place = guild.get_channel_or_thread(channel.channel_id)
            may_post = isinstance(place, NewsPlace) and not any(name in INDISPENSABLE for name in missing(place))
            if may_post and await self._channels.mended(channel.channel_id):
                self._refused.note_try()


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    pulse = bot.pulse("healing", LOOK_EVERY)
    await bot.add_cog(Healing(newsroom.channels, newsroom.presence, bot, bot.refused, pulse))
