"""Manage story: what moderators do with a story that is posted, from the menu on its card."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from cogs.callers import guild_of, require
from cogs.places import Places
from cogs.views import panels
from cogs.views import stories as views
from cogs.views.buttons import button_item, menu_item
from newsroom.desk.regrouping import Place
from newsroom.desk.story_desk import ManagedStory, StoryDesk
from newsroom.errors import RequestRefused
from newsroom.models import Camp, PollState, PollStyle
from newsroom.votes.messages import PollMessages
from newsroom.votes.polls import Polls

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

log = logging.getLogger(__name__)

NEEDS = "manage_messages"


class Stories(commands.Cog):
    """Takes stories down, splits and merges them, polls on them, and puts right what they are about."""

    def __init__(
        self,
        desk: StoryDesk,
        polls: Polls,
        messages: PollMessages,
        places: Places,
        tree: app_commands.CommandTree[Any],
    ) -> None:
        self._desk = desk
        self._polls = polls
        self._messages = messages
        self._places = places
        self._tree = tree
        self.menu = app_commands.ContextMenu(name="Manage story", callback=self._manage)
        self.menu.default_permissions = discord.Permissions(manage_messages=True)
        self.menu.guild_only = True
        self.items = (
            button_item(views.POLL_TEMPLATE, self._poll),
            menu_item(views.SIDE_TEMPLATE, self._side),
            menu_item(views.SPLIT_TEMPLATE, self._split),
            menu_item(views.MERGE_TEMPLATE, self._merge),
            button_item(views.DOWN_TEMPLATE, self._take_down),
        )

    async def cog_load(self) -> None:
        self._tree.add_command(self.menu)

    async def cog_unload(self) -> None:
        self._tree.remove_command(self.menu.name, type=self.menu.type)

    async def _manage(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, await self._desk.story_of(guild_of(interaction), message.id))

    async def _poll(self, interaction: discord.Interaction[Any], what: str, message_id: str) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer()
        guild_id, message = guild_of(interaction), int(message_id)
        if what == "start":
            story = await self._desk.start_poll(guild_id, message, interaction.user.id)
            await self._show(interaction, story, "The team poll appears as a reply to the card in a moment.")
            return
        story = await self._desk.story_of(guild_id, message)
        if story.poll is None or story.poll.state is PollState.CLOSED:
            raise RequestRefused("This story's team poll isn't open.")
        if story.poll.style is PollStyle.NATIVE:
            raise RequestRefused("Discord counts that poll: `/poll close` ends it.")
        await self._polls.close(story.poll.id, guild_id=guild_id)
        self._messages.note_changed(story.poll.id)
        await self._show(interaction, await self._desk.story_of(guild_id, message), "The team poll is closed.")

    async def _side(self, interaction: discord.Interaction[Any], values: list[str], message_id: str) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer()
        if not values or values[0] not in tuple(Camp):
            raise RequestRefused("Pick one of the four.")
        story = await self._desk.correct(guild_of(interaction), int(message_id), Camp(values[0]))
        await self._show(interaction, story, "Noted: your word wins over mine.")

    async def _split(self, interaction: discord.Interaction[Any], values: list[str], message_id: str) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer()
        guild_id = guild_of(interaction)
        story, places = await self._desk.split(guild_id, int(message_id), _number(values))
        text = "Split: that report is a story of its own here, and its card follows."
        if await self._delete(guild_id, places):
            text += " I couldn't delete a reply that shows its former story's poll; please delete it by hand."
        await self._show(interaction, story, text)

    async def _merge(self, interaction: discord.Interaction[Any], values: list[str], message_id: str) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer()
        guild_id = guild_of(interaction)
        story, places = await self._desk.merge(guild_id, int(message_id), _number(values))
        text = "Merged: one card here tells both."
        if await self._delete(guild_id, places):
            text += " I couldn't delete the other card; please delete it by hand."
        await self._show(interaction, story, f"{text} To take that back, split it off again.")

    async def _take_down(self, interaction: discord.Interaction[Any], sure: str | None, message_id: str) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer()
        guild_id = guild_of(interaction)
        if sure is None:
            story = await self._desk.story_of(guild_id, int(message_id))
            await interaction.edit_original_response(**views.sure_to_take_down(story).edit())
            return
        text = "Taken down. It won't come back here."
        if await self._delete(guild_id, await self._desk.take_down(guild_id, int(message_id))):
            text += " I couldn't delete all of its messages; please delete the rest by hand."
        await interaction.edit_original_response(**panels.Reply(text).edit())

    async def _delete(self, guild_id: int, places: Iterable[Place]) -> int:
        """Delete these messages; return how many could not be."""
        left = 0
        for channel_id, message in places:
            try:
                await self._places.take_away(channel_id, guild_id, message)
            except discord.NotFound:
                pass  # somebody was faster
            except (discord.DiscordException, OSError, TimeoutError) as error:
                log.warning("a card that goes could not be deleted: %r", error)
                left += 1
        return left

    async def _show(self, interaction: discord.Interaction[Any], story: ManagedStory, note: str = "") -> None:
        await interaction.edit_original_response(**views.manage_panel(story, note).edit())


def _number(values: list[str]) -> int:
    """What was picked from a menu of stories. Raises RequestRefused for what no menu of ours offers."""
    if len(values) != 1 or not re.fullmatch(r"[0-9]{1,19}", values[0]):
        raise RequestRefused("Pick one from the list.")
    return int(values[0])


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    stories = Stories(newsroom.story_desk, newsroom.polls, newsroom.poll_messages, Places(bot), bot.tree)
    bot.add_dynamic_items(*stories.items)
    await bot.add_cog(stories)
