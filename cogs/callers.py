"""Who asked, from which guild, and whether they may: what a caller's interaction tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from cogs.views.replies import permission_name
from newsroom.errors import RequestRefused
from newsroom.models import Sees

SPEAKING = ("view_channel", "send_messages_in_threads")
"""What a member needs in a channel to be heard in a discussion there: without them they aren't through us, either.

A channel may be for reading alone and its threads for writing, so Send Messages doesn't count.
"""


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


def moderates(interaction: discord.Interaction[Any]) -> bool:
    """Whether the caller may manage messages in the whole guild, not in a channel alone."""
    return isinstance(interaction.user, discord.Member) and interaction.user.guild_permissions.manage_messages


def may_in(interaction: discord.Interaction[Any], channel_id: int, *names: str) -> bool:
    """Whether the caller has these permissions in that channel, wherever the command was typed."""
    return not _missing_in(interaction, channel_id, names)


def sees_of(interaction: discord.Interaction[Any]) -> Sees:
    """Which channels the caller sees."""
    return lambda channel_id: may_in(interaction, channel_id, "view_channel")


def require_in(interaction: discord.Interaction[Any], channel_id: int, *names: str) -> None:
    """Raises RequestRefused unless the caller has these permissions in that channel."""
    missing = _missing_in(interaction, channel_id, names)
    if missing:
        told = " and ".join(f"**{permission_name(name)}**" for name in missing)
        raise RequestRefused(f"For this you need {told} in <#{channel_id}>.")


def _missing_in(interaction: discord.Interaction[Any], channel_id: int, names: Sequence[str]) -> list[str]:
    """Return which of these permissions the caller lacks in a channel.

    Where the channel isn't known (deleted, or an archived thread) nobody can tell who sees it: there it takes Manage
    Server, too; and in others' private threads, whose members we don't know, Manage Threads.
    """
    channel = interaction.guild.get_channel_or_thread(channel_id) if interaction.guild else None
    if channel_id == interaction.channel_id or not isinstance(interaction.user, discord.Member):
        held = interaction.permissions
    elif channel is None:
        held = interaction.user.guild_permissions
        names = [*names, "manage_guild"]
    else:
        held = channel.permissions_for(interaction.user)
        if isinstance(channel, discord.Thread) and channel.is_private():
            names = [*names, "manage_threads"]
    return [name for name in names if not getattr(held, name)]


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
