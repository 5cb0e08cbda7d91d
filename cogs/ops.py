"""/help: what there is to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from cogs.views import panels

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot


class Ops(commands.Cog):
    """Tells members and admins what the bot can do."""

    @app_commands.command(name="help")
    @app_commands.guild_only()
    async def help_(self, interaction: discord.Interaction[NewsBot]) -> None:
        """Show what Popcorn can do."""
        await interaction.response.send_message(**panels.help_panel().send())


async def setup(bot: NewsBot) -> None:
    await bot.add_cog(Ops())
