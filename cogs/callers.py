"""Who asked, from which guild, and whether they may: what a caller's interaction tells."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from newsroom.errors import RequestRefused


def guild_of(interaction: discord.Interaction[Any]) -> int:
    """Return the id of the caller's guild. Raises RequestRefused outside of any."""
    if interaction.guild_id is None:
        raise RequestRefused("This works in a server only.")
    return interaction.guild_id


def roles_of(interaction: discord.Interaction[Any]) -> list[int]:
    """Return the ids of the caller's roles, from the interaction itself: nothing is kept of members."""
    return [role.id for role in interaction.user.roles] if isinstance(interaction.user, discord.Member) else []


def require(interaction: discord.Interaction, name: str) -> None:
    """Raises MissingPermissions unless the caller has the permission, whatever the server's settings say."""
    if not getattr(interaction.permissions, name):
        raise app_commands.MissingPermissions([name])


class Guarded(app_commands.Group):
    """Commands that take a permission: Discord hides them from others, and we check again."""

    def __init__(self, *, name: str, description: str, needs: str, parent: app_commands.Group | None = None) -> None:
        super().__init__(
            name=name,
            description=description,
            parent=parent,
            guild_only=True,
            default_permissions=discord.Permissions(**{needs: True}),
        )
        self._needs = needs

    def may_use(self, interaction: discord.Interaction) -> bool:
        """Whether the caller has the permission, whatever the server's settings for this command say."""
        return bool(getattr(interaction.permissions, self._needs))

    def check(self, interaction: discord.Interaction) -> None:
        """Raises MissingPermissions unless the caller may use it."""
        require(interaction, self._needs)

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        self.check(interaction)
        return True
