"""Takes: dropped, answered, found hot, listed, and taken away by moderators."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from cogs.boards import Boards
from cogs.callers import SPEAKING, guild_of, moderates, require, require_in, roles_of, sees_of
from cogs.discussions import Discussions
from cogs.views import takes as views
from cogs.views.buttons import button_item, menu_item
from cogs.views.discussion import HOT_TEMPLATE
from cogs.views.panels import Reply
from cogs.views.polls import WHY_TEMPLATE
from cogs.views.replies import explain
from newsroom.discussion.remarks import Remarks
from newsroom.discussion.takes import Asked, Draft, Takes, Written, sides_of, weeks_ago
from newsroom.errors import RequestRefused
from newsroom.models import Side, Take
from newsroom.text import row_number
from newsroom.votes.guilds import Guilds
from newsroom.votes.polls import Polls

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

log = logging.getLogger(__name__)

NEEDS = "manage_messages"
NEEDS_ALL = "For this you need **Manage Messages** in the whole server."
FORMS = (views.WHY_FORM, views.HOT_FORM, views.BACK_FORM)


class TakesCog(commands.Cog, name="Takes"):
    """Asks for takes and has them shown; moderators take them away."""

    takes = app_commands.Group(name="takes", description="What members of this server say", guild_only=True)

    def __init__(
        self,
        takes: Takes,
        remarks: Remarks,
        polls: Polls,
        guilds: Guilds,
        boards: Boards,
        discussions: Discussions,
        tree: app_commands.CommandTree[Any],
    ) -> None:
        self._takes = takes
        self._remarks = remarks
        self._polls = polls
        self._guilds = guilds
        self._boards = boards
        self._discussions = discussions
        self._tree = tree
        self.menu = app_commands.ContextMenu(name="Remove take", callback=self._ask_to_remove)
        self.menu.default_permissions = discord.Permissions(manage_messages=True)
        self.menu.guild_only = True
        self.items = (
            button_item(WHY_TEMPLATE, self._why),
            button_item(HOT_TEMPLATE, self._hot),
            button_item(views.FIRE_TEMPLATE, self._fire),
            button_item(views.BACK_TEMPLATE, self._back),
            menu_item(views.WHICH_TEMPLATE, self._which),
            button_item(views.REMOVE_TEMPLATE, self._remove),
            button_item(views.LIFT_TEMPLATE, self._lift),
            button_item(views.REMOVE_OURS_TEMPLATE, self._remove_ours),
        )

    async def cog_load(self) -> None:
        self._tree.add_command(self.menu)

    async def cog_unload(self) -> None:
        self._tree.remove_command(self.menu.name, type=self.menu.type)

    # ----------------------------------------------------------------------------------- forms

    async def _why(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await self._ask_for_take(interaction, views.WHY_FORM, mark, "Say why")

    async def _hot(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await self._ask_for_take(interaction, views.HOT_FORM, mark, "Hot take")

    async def _back(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await self._ask_for_take(interaction, views.BACK_FORM, mark, "Push back")

    async def _ask_for_take(self, interaction: discord.Interaction[Any], form: str, mark: str, title: str) -> None:
        asked, sides = await self._asked(interaction, form, mark)
        await interaction.response.send_modal(views.TakeForm(f"{form}:{mark}", title, asked, sides))

    async def _asked(
        self, interaction: discord.Interaction[Any], form: str, mark: str
    ) -> tuple[Asked, list[tuple[Side, str]]]:
        """Return what a form needs, and the sides to pick from by name.

        Raises RequestRefused where there can be no take, and for whoever may not write where it would be said.
        """
        guild_id, member_id = guild_of(interaction), interaction.user.id
        if form == views.WHY_FORM:
            poll, asked = await self._polls.form_for_take(guild_id, self._polls.poll_id(mark), member_id)
            sides = [(choice.side, choice.label) for choice in poll.choices if choice.side]
        else:
            form_for = self._takes.form_for_card if form == views.HOT_FORM else self._takes.form_for_answer
            asked = await form_for(mark, guild_id, member_id)
            sides = [(side, asked.settings.label(side)) for side in sides_of(asked.settings)]
        # Through us nobody gets to say something where they may not.
        require_in(interaction, asked.channel_id, *SPEAKING)
        return asked, sides

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Read the form of a take, also one that was opened before a restart."""
        data: Any = interaction.data or {}
        form, _, mark = str(data.get("custom_id", "")).partition(":")
        if interaction.type is not discord.InteractionType.modal_submit or form not in FORMS:
            return
        values: dict[str, str] = {}
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
            values = views.filled(data)
            await self._asked(interaction, form, mark)
            draft = Draft(
                guild_of(interaction),
                interaction.user.id,
                views.side_of(values),
                values.get("text", ""),
                anonymous=values.get("anonymous") == "yes",
            )
            said = await self._say(form, draft, mark, roles_of(interaction))
            await interaction.edit_original_response(**views.written(said, await self._not_opened(said)).edit())
            await self._discussions.nudge()
        except Exception as error:
            await explain(interaction, error, views.given_back(values.get("text", "")))

    async def _say(self, form: str, draft: Draft, mark: str, role_ids: list[int]) -> Written:
        if form == views.WHY_FORM:
            return await self._polls.say_why(self._polls.poll_id(mark), draft, role_ids)
        if form == views.HOT_FORM:
            return await self._takes.drop(draft, mark)
        return await self._takes.push_back(draft, mark)

    async def _not_opened(self, said: Written) -> str | None:
        """Open the thread in which a take is shown, if it is still to be opened; return why that can't be done now."""
        if said.unopened is None or said.unopened.thread is None:
            return None
        try:
            await self._discussions.open(said.unopened.thread, said.unopened)
        except RequestRefused as error:
            return str(error)
        return None

    # ---------------------------------------------------------------------------------- clicks

    async def _fire(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await interaction.response.defer()
        await self._takes.fire(mark, guild_of(interaction), interaction.user.id)
        await self._discussions.nudge()

    # -------------------------------------------------------------------------------- commands

    @takes.command()
    @app_commands.describe(week="Which week: “this” (the last seven days), “last”, or how many weeks ago")
    async def top(self, interaction: discord.Interaction, week: str | None = None) -> None:
        """Show the hottest takes of a week."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        number = weeks_ago(week)
        guild_id = guild_of(interaction)
        found = await self._takes.top(guild_id, sees_of(interaction), number)
        settings = await self._guilds.settings(guild_id)
        layout = views.top(found, settings, number, removable=moderates(interaction))
        await interaction.edit_original_response(view=layout)

    # ------------------------------------------------------------------------------ moderating

    async def _ask_to_remove(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        takes = await self._takes.on_message(guild_id, message.id)
        if len(takes) > 1:
            reply = views.which_to_remove(takes, await self._guilds.settings(guild_id))
        elif takes:
            reply = await self._sure(interaction, takes[0].id)
        else:
            reply = views.sure_to_remove_ours(await self._remarks.removable(guild_id, message.id))
        await interaction.edit_original_response(**reply.edit())

    async def _which(self, interaction: discord.Interaction[Any], values: list[str]) -> None:
        require(interaction, NEEDS)
        # The menu stays, for the next one.
        await interaction.response.defer(ephemeral=True, thinking=True)
        reply = await self._sure(interaction, row_number(values[0]) or 0)
        await interaction.edit_original_response(**reply.edit())

    async def _sure(self, interaction: discord.Interaction[Any], take_id: int) -> Reply:
        return views.sure_to_remove(await self._to_moderate(interaction, take_id), may_block=moderates(interaction))

    async def _to_moderate(self, interaction: discord.Interaction[Any], take_id: int) -> Take:
        """Return a take. Raises RequestRefused for whoever moderates neither the guild nor where it was said."""
        take, channel_id = await self._takes.to_moderate(guild_of(interaction), take_id)
        if not moderates(interaction):
            if channel_id is None:
                raise RequestRefused(NEEDS_ALL)
            require_in(interaction, channel_id, NEEDS)
        return take

    async def _remove(self, interaction: discord.Interaction[Any], take_id: str, how: str) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer()
        guild_id, block = guild_of(interaction), how == "block"
        if block and not moderates(interaction):
            raise RequestRefused(NEEDS_ALL)
        take = await self._to_moderate(interaction, int(take_id))
        spared = block and await _is_moderator(interaction, take.member_id)
        removed = await self._takes.remove(guild_id, take.id, by=interaction.user.id, block=block, spared=spared)
        await interaction.edit_original_response(**views.removed(take.id, blocked=block).edit())
        for poll_id in removed.poll_ids:
            self._boards.changed(poll_id)
        await self._discussions.nudge()

    async def _lift(self, interaction: discord.Interaction[Any], take_id: str) -> None:
        if not moderates(interaction):
            raise RequestRefused(NEEDS_ALL)
        await interaction.response.defer()
        await self._takes.lift_block(guild_of(interaction), int(take_id))
        await interaction.edit_original_response(**Reply("Lifted: nobody is blocked for that take any more.").edit())

    async def _remove_ours(self, interaction: discord.Interaction[Any], remark_id: str) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer()
        guild_id = guild_of(interaction)
        await self._remarks.remove(guild_id, int(remark_id), by=interaction.user.id)
        await interaction.edit_original_response(**Reply("Removed.").edit())
        await self._discussions.nudge()


async def _is_moderator(interaction: discord.Interaction[Any], member_id: int) -> bool:
    """Whether somebody else moderates the caller's guild. Of members we know nothing, so Discord is asked."""
    assert interaction.guild is not None, "whoever asks moderates it"
    try:
        member = await interaction.guild.fetch_member(member_id)
    except discord.NotFound:
        return False
    return member.guild_permissions.manage_messages or member.guild_permissions.manage_guild


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    takes = TakesCog(
        newsroom.takes,
        newsroom.remarks,
        newsroom.polls,
        newsroom.guilds,
        bot.boards,
        bot.discussions,
        bot.tree,
    )
    bot.add_dynamic_items(*takes.items)
    await bot.add_cog(takes)
