"""Team roles: worn by members who ask, in servers that want them. Roles are public, so nobody gets one unasked."""

from __future__ import annotations

from typing import Any

import discord

from newsroom.errors import RequestRefused
from newsroom.models import GuildSettings, Side
from newsroom.turns import Turns
from newsroom.votes.asking import team_name
from newsroom.votes.guilds import Guilds, role_of, worn

NO_ROLES = "This server has no team roles. `/poll settings team_roles` turns them on."


class TeamRoles:
    """Makes the roles when they are first needed, and puts them on and off."""

    def __init__(self, guilds: Guilds) -> None:
        self._guilds = guilds
        self._turns = Turns()

    async def wear(self, interaction: discord.Interaction[Any], side: Side | None) -> None:
        """Give a member the role of this side and take those of the others; None takes them all.

        Raises RequestRefused where we may not, or the server wants none.
        """
        guild, member = interaction.guild, interaction.user
        if guild is None or not isinstance(member, discord.Member):
            raise RequestRefused(NO_ROLES)
        settings = await self._guilds.settings(guild.id)
        if side is not None and not settings.team_roles:
            raise RequestRefused(NO_ROLES)
        try:
            async with self._turns.turn(guild.id):  # many ask at once when roles are new
                settings = await self._guilds.settings(guild.id)
                wanted = await self._role(guild, settings, side) if side is not None else None
            held = {role.id for role in member.roles}
            for other in Side:
                role_id = role_of(settings, other)
                if other is not side and role_id in held:
                    await member.remove_roles(discord.Object(role_id), reason="Popcorn: /team")
            if wanted is not None and wanted.id not in held:
                await member.add_roles(wanted, reason="Popcorn: /team")
        except discord.Forbidden as error:
            raise RequestRefused(
                "I may not give out team roles here: I need **Manage Roles**, and my own role above them in the list."
            ) from error

    async def follow(self, interaction: discord.Interaction[Any], side: Side | None) -> None:
        """Let the role follow a change of side, for a member who wears one; where roles were turned off, it goes."""
        if isinstance(interaction.user, discord.Member) and interaction.guild is not None:
            settings = await self._guilds.settings(interaction.guild.id)
            if worn(settings, [role.id for role in interaction.user.roles]):
                await self.wear(interaction, side if settings.team_roles else None)

    async def _role(self, guild: discord.Guild, settings: GuildSettings, side: Side) -> discord.Role:
        known = role_of(settings, side)
        role = guild.get_role(known) if known is not None else None
        if role is None:
            name = settings.depends_label if side is Side.DEPENDS else team_name(settings.label(side))
            role = await guild.create_role(name=name, reason="Popcorn: team roles")
            await self._guilds.remember_role(guild.id, side, role.id)
        return role
