"""/team, /standings and /privacy: what members ask about themselves and about all of them."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from cogs.callers import guild_of, roles_of
from cogs.pictures import standing_chart
from cogs.team_roles import TeamRoles
from cogs.views import members as views
from cogs.views import panels
from cogs.views.buttons import button_item
from cogs.views.polls import STANDINGS_TEMPLATE
from newsroom.votes.charts import Charts
from newsroom.votes.members import DAYS, MOST_DAYS, Members
from newsroom.votes.messages import PollMessages

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

Interaction = discord.Interaction["NewsBot"]

log = logging.getLogger(__name__)


class MembersCog(commands.Cog, name="Members"):
    """Answers members; everything is about the caller's server alone."""

    def __init__(self, members: Members, messages: PollMessages, charts: Charts, roles: TeamRoles) -> None:
        self._members = members
        self._messages = messages
        self._charts = charts
        self._roles = roles
        self.items = (
            button_item(STANDINGS_TEMPLATE, self._show_standings),
            button_item(views.ROLE_TEMPLATE, self._role),
            button_item(views.PRIVACY_TEMPLATE, self._privacy),
        )

    @app_commands.command()
    @app_commands.guild_only()
    async def team(self, interaction: Interaction) -> None:
        """Show your side, since when, and how often you crossed; switch teams."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        membership = await self._members.membership(guild_of(interaction), interaction.user.id)
        reply = views.team_reply(membership, roles_of(interaction))
        await interaction.edit_original_response(**reply.edit())

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(days=f"How far back to look, in days; {DAYS} if left out")
    async def standings(self, interaction: Interaction, days: app_commands.Range[int, 1, MOST_DAYS] = DAYS) -> None:
        """Show where this server's members stand, how that moved, and this month's season."""
        await interaction.response.defer(thinking=True)
        await self._answer_standings(interaction, days)

    async def _show_standings(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._answer_standings(interaction, DAYS)

    async def _answer_standings(self, interaction: discord.Interaction[Any], days: int) -> None:
        standings = await self._members.standings(guild_of(interaction), days)
        chart, alt = await standing_chart(self._charts, standings)
        view = views.standings_view(standings, alt)
        files = [discord.File(io.BytesIO(chart), views.CHART, description=alt)] if chart else []
        await interaction.edit_original_response(view=view, attachments=files)

    async def _role(self, interaction: discord.Interaction[Any], what: str) -> None:
        await interaction.response.defer()
        membership = await self._members.membership(guild_of(interaction), interaction.user.id)
        await self._roles.wear(interaction, membership.side if what == "on" else None)
        done = "You wear your team's role now." if what == "on" else "You wear no team role any more."
        await interaction.edit_original_response(**panels.Reply(done).edit())

    @app_commands.command()
    @app_commands.guild_only()
    async def privacy(self, interaction: Interaction) -> None:
        """Show what is kept about you; download it or delete it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        kept = await self._members.kept(guild_of(interaction), interaction.user.id)
        await interaction.edit_original_response(**views.privacy_reply(kept).edit())

    async def _privacy(self, interaction: discord.Interaction[Any], what: str) -> None:
        await interaction.response.defer()
        guild_id, member_id = guild_of(interaction), interaction.user.id
        if what == "download":
            content = await self._members.download(guild_id, member_id)
            file = discord.File(io.BytesIO(content), "popcorn-about-me.json")
            await interaction.followup.send("All that I keep about you in this server.", file=file, ephemeral=True)
            return
        if what == "delete":
            kept = await self._members.kept(guild_id, member_id)
            await interaction.edit_original_response(**views.sure_reply(kept).edit())
            return
        self._messages.note_changed(*await self._members.forget(member_id, guild_id if what == "here" else None))
        await self._roles.follow(interaction, None)
        where = "in this server" if what == "here" else "in all servers"
        text = f"Gone. I keep no votes, no side and no takes of yours {where}."
        await interaction.edit_original_response(**panels.Reply(text).edit())


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    cog = MembersCog(newsroom.members, newsroom.poll_messages, newsroom.charts, bot.team_roles)
    bot.add_dynamic_items(*cog.items)
    await bot.add_cog(cog)
