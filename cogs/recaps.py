"""Recaps: told once a week, shown and posted by /recap, and what members say of old takes in them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands, tasks
from discord.utils import snowflake_time, utcnow

from cogs.audiences import readers_in
from cogs.callers import guild_of, require, require_in
from cogs.places import Places
from cogs.recap_posts import RecapPosts
from cogs.views import panels
from cogs.views import recaps as views
from cogs.views.buttons import button_item
from cogs.views.members import CHART, QUOTES_TEMPLATE
from newsroom.discussion.chatter import Chatter
from newsroom.discussion.recap_messages import RecapMessages
from newsroom.discussion.recaps import MOST_DAYS, WEEK_DAYS, Readers, Recaps
from newsroom.errors import RequestRefused
from newsroom.models import Sees
from newsroom.tasks import Pulse

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

NEEDS = "manage_messages"
LOOK_EVERY = 5.0  # seconds
PLAN_EVERY = 30.0


class RecapsCog(commands.Cog, name="Recaps"):
    """Shows and posts recaps, and counts what members write in threads."""

    def __init__(
        self,
        recaps: Recaps,
        messages: RecapMessages,
        chatter: Chatter,
        posts: RecapPosts,
        readers: Readers,
        pulse: Pulse,
        plan_pulse: Pulse,
    ) -> None:
        self._recaps = recaps
        self._messages = messages
        self._chatter = chatter
        self._posts = posts
        self._readers = readers
        self._pulse = pulse
        self._plan_pulse = plan_pulse
        self.items = (
            button_item(views.POST_TEMPLATE, self._post),
            button_item(views.AGED_TEMPLATE, self._judge),
            button_item(QUOTES_TEMPLATE, self._set_quotes),
        )

    # ---------------------------------------------------------------------------- what is due

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if not self.tick.is_running():
            self.tick.start()
            self.sweep.start()

    async def cog_unload(self) -> None:
        self.tick.cancel()
        self.sweep.cancel()
        await self._chatter.keep()
        await self._posts.close()

    @tasks.loop(seconds=LOOK_EVERY)
    async def tick(self) -> None:
        await self._pulse.beat(self._start_due)

    async def _start_due(self) -> None:
        self._pulse.stuck += await self._posts.start_due()

    @tasks.loop(seconds=PLAN_EVERY)
    async def sweep(self) -> None:
        await self._plan_pulse.beat(self._plan)

    async def _plan(self) -> None:
        await self._chatter.keep()
        await self._recaps.plan_due(self._readers)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Count that a member wrote in a thread; what it says isn't looked at, and isn't told us either."""
        if isinstance(message.channel, discord.Thread) and not message.author.bot and message.webhook_id is None:
            self._chatter.heard(message.channel.id)

    # ------------------------------------------------------------------------------- commands

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.describe(days=f"How many days to look back, 1 to {MOST_DAYS}; {WEEK_DAYS} if left out")
    async def recap(
        self, interaction: discord.Interaction, days: app_commands.Range[int, 1, MOST_DAYS] = WEEK_DAYS
    ) -> None:
        """Show what the last days came to, only to you; a button posts it."""
        require(interaction, NEEDS)
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        sees, asked_at = self._seen_at(interaction), snowflake_time(interaction.id)
        week = await self._recaps.preview(guild_id, sees, days, interaction.id, asked_at, interaction.channel_id)
        contents = await self._messages.shown(guild_id, week)
        chart, alt = await self._posts.chart_of(contents)
        files = [discord.File(io.BytesIO(chart), CHART, description=alt)] if chart else []
        layout = views.preview(contents, alt, days, interaction.id)
        await interaction.edit_original_response(view=layout, attachments=files)

    def _seen_at(self, interaction: discord.Interaction[Any]) -> Sees:
        """Which channels everybody sees who sees the one in which a recap was asked for."""
        channel_id = interaction.channel_id or 0
        sees = self._readers(guild_of(interaction), channel_id)
        return sees if sees is not None else lambda other_id: other_id == channel_id

    # --------------------------------------------------------------------------------- clicks

    async def _post(self, interaction: discord.Interaction[Any], days: str, asked: str) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer()
        guild_id, place = guild_of(interaction), _place(interaction)
        asked_id = int(asked)
        sees, asked_at = self._seen_at(interaction), snowflake_time(asked_id)
        recap_id = await self._recaps.post(guild_id, place.id, sees, int(days), asked_id, asked_at)
        refusal = await self._posts.send(recap_id)
        await interaction.edit_original_response(view=views.posted(place.id, refusal), attachments=[])

    async def _judge(self, interaction: discord.Interaction[Any], mark: str, how: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        says = await self._messages.judge(mark, guild_of(interaction), interaction.user.id, well=how == "well")
        await interaction.edit_original_response(**views.judged(says).edit())

    async def _set_quotes(self, interaction: discord.Interaction[Any], what: str) -> None:
        await interaction.response.defer()
        allowed = what == "on"
        await self._messages.set_quotes(guild_of(interaction), interaction.user.id, allowed=allowed)
        await interaction.edit_original_response(**views.quotes_set(allowed).edit())


def _place(interaction: discord.Interaction[Any]) -> discord.TextChannel | discord.Thread:
    """Return this channel, if a recap can stand in it. Raises RequestRefused if not."""
    place = interaction.channel
    if not isinstance(place, discord.TextChannel | discord.Thread):
        raise RequestRefused("Recaps go to text and announcement channels and to threads.")
    write = "send_messages_in_threads" if isinstance(place, discord.Thread) else "send_messages"
    # Through us nobody gets to say something where they may not.
    require_in(interaction, place.id, "view_channel", write)
    granted = place.permissions_for(place.guild.me)
    lacking = [name for name in ("view_channel", write) if not getattr(granted, name)]
    if lacking:
        raise RequestRefused(f"{panels.permissions_missing(place.id, lacking)} Nothing was posted.")
    return place


async def setup(bot: NewsBot) -> None:
    newsroom, readers = bot.newsroom, readers_in(bot)
    recaps = RecapsCog(
        newsroom.recaps,
        newsroom.recap_messages,
        newsroom.chatter,
        RecapPosts(newsroom.recap_messages, newsroom.charts, Places(bot), readers, now=utcnow),
        readers,
        bot.pulse("recaps", LOOK_EVERY),
        bot.pulse("plans of recaps", PLAN_EVERY),
    )
    bot.add_dynamic_items(*recaps.items)
    await bot.add_cog(recaps)
