"""Threads: Discuss and More under a card, and what is due in discussions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands, tasks

from cogs.callers import guild_of
from cogs.discussions import Discussions
from cogs.views import discussion as views
from cogs.views.buttons import button_item
from cogs.views.cards import origin_text, why_this_side
from cogs.views.panels import Reply
from newsroom.answers.answers import Answers
from newsroom.desk.outbox import Outbox
from newsroom.discussion.threads import DELETED, Threads
from newsroom.errors import RequestRefused
from newsroom.models import ChannelKind, DiscussionSettings
from newsroom.tasks import Pulse
from newsroom.votes.guilds import Guilds

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

LOOK_EVERY = 1.0  # seconds


class ThreadsCog(commands.Cog, name="Threads"):
    """Opens threads, adds who wants to discuss, and tells what is behind More."""

    def __init__(
        self,
        threads: Threads,
        outbox: Outbox,
        guilds: Guilds,
        answers: Answers,
        discussions: Discussions,
        pulse: Pulse,
    ) -> None:
        self._threads = threads
        self._outbox = outbox
        self._guilds = guilds
        self._answers = answers
        self._discussions = discussions
        self._pulse = pulse
        self.items = (
            button_item(views.DISCUSS_TEMPLATE, self._discuss),
            button_item(views.MORE_TEMPLATE, self._more),
            button_item(views.ALSO_TEMPLATE, self._also),
            button_item(views.SIDE_TEMPLATE, self._side),
            button_item(views.TEAMS_TEMPLATE, self._teams),
        )

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if not self.tick.is_running():
            self.tick.start()

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Say nothing more in a thread that somebody deleted, and tell nobody that it is there."""
        await self._threads.refused(payload.thread_id, DELETED)

    async def cog_unload(self) -> None:
        self.tick.cancel()
        await self._discussions.close()

    @tasks.loop(seconds=LOOK_EVERY)
    async def tick(self) -> None:
        await self._pulse.beat(self._start_due)

    async def _start_due(self) -> None:
        self._pulse.stuck += await self._discussions.start_due()

    # ---------------------------------------------------------------------------------- clicks

    async def _discuss(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        card = await self._threads.of_mark(mark, guild_of(interaction))
        if card.kind is ChannelKind.THREAD:
            reply = views.discussed_here()
        else:
            card = await self._threads.click(mark, guild_of(interaction))
            reply = views.joined(await self._discussions.join(card, interaction.user))
        await interaction.edit_original_response(**reply.edit())

    async def _more(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        origin = await self._outbox.origin(mark, guild_of(interaction))
        try:
            settings, known = (await self._threads.of_mark(mark, guild_of(interaction))).settings, True
        except RequestRefused:  # it is gone, or was sent this very moment
            settings, known = DiscussionSettings(), origin is not None
        has_model = await self._answers.has_model(guild_of(interaction))
        reply = views.more_panel(origin_text(origin, why=False), mark, settings, known=known, has_model=has_model)
        await interaction.edit_original_response(**reply.edit())

    async def _also(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        also = await self._outbox.also(mark, guild_of(interaction))
        await interaction.edit_original_response(**Reply(views.also_panel(also)).edit())

    async def _side(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        origin = await self._outbox.origin(mark, guild_of(interaction))
        text = why_this_side(origin) if origin is not None else ""
        await interaction.edit_original_response(content=text or "I can't say: I no longer know this story's words.")

    async def _teams(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        settings = await self._guilds.settings(guild_of(interaction))
        await interaction.edit_original_response(content=views.teams_panel(settings))


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    threads = ThreadsCog(
        newsroom.threads,
        newsroom.outbox,
        newsroom.guilds,
        newsroom.answers,
        bot.discussions,
        bot.pulse("discussions", LOOK_EVERY),
    )
    bot.add_dynamic_items(*threads.items)
    await bot.add_cog(threads)
