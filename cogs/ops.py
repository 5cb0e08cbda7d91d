"""/help and /status: what there is to do, and how everything is doing."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from cogs.callers import guild_of, require
from cogs.views import panels, status
from newsroom.desk.status import StatusDesk
from newsroom.settings import popcorn_version
from newsroom.tasks import Pulse

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot


class Ops(commands.Cog):
    """Tells members and admins what the bot can do and how it is doing."""

    def __init__(self, desk: StatusDesk, pulses: Callable[[], Sequence[Pulse]]) -> None:
        self._desk = desk
        self._pulses = pulses

    @app_commands.command(name="help")
    @app_commands.guild_only()
    async def help_(self, interaction: discord.Interaction[NewsBot]) -> None:
        """Show what Popcorn can do."""
        await interaction.response.send_message(**panels.help_panel().send())

    @app_commands.command(name="status")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def status(self, interaction: discord.Interaction[NewsBot]) -> None:
        """Show how the feeds, the news channels and Popcorn itself are doing."""
        require(interaction, "manage_guild")
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._desk.of(guild_of(interaction))
        versions = (
            f"Popcorn {popcorn_version()}",
            f"discord.py {discord.__version__}",
            f"Python {platform.python_version()}",
        )
        await interaction.edit_original_response(**status.status_panel(found, self._pulses(), versions).edit())


async def setup(bot: NewsBot) -> None:
    await bot.add_cog(Ops(bot.newsroom.status, lambda: bot.pulses))
