"""Which channels everybody sees who sees another one: of those alone we tell there what was said elsewhere."""

from __future__ import annotations

import discord
from discord.abc import GuildChannel

from newsroom.discussion.recaps import Readers
from newsroom.models import Sees


def readers_in(client: discord.Client) -> Readers:
    """Return how to find out what everybody sees who reads a channel of a guild; None where we aren't."""

    def readers(guild_id: int, channel_id: int) -> Sees | None:
        guild = client.get_guild(guild_id)
        return seen_by_readers(guild, channel_id) if guild is not None and not guild.unavailable else None

    return readers


def seen_by_readers(guild: discord.Guild, channel_id: int) -> Sees:
    """Return which channels of a guild everybody sees who sees this one; it is among them.

    Of members we know nothing (there is no members intent), so it is read off the channels' settings: a channel that
    everybody sees, or one that lets in whomever this one lets in, and keeps nobody out whom this one doesn't.
    """
    here = guild.get_channel_or_thread(channel_id)
    base = here.parent if isinstance(here, discord.Thread) else here
    readers = _lets_in(base) if base is not None else None
    known: dict[int, bool] = {}

    def sees(other_id: int) -> bool:
        if other_id not in known:
            known[other_id] = other_id == channel_id or _is_seen(guild.get_channel_or_thread(other_id), base, readers)
        return known[other_id]

    return sees


def _is_seen(
    other: GuildChannel | discord.Thread | None, base: GuildChannel | None, readers: frozenset[int] | None
) -> bool:
    """Whether everybody sees a channel who is let into ``base`` as one of these; None stands for everybody."""
    if isinstance(other, discord.Thread):
        if other.is_private():
            return False
        other = other.parent
    if other is None:
        return False  # gone, or a thread that sleeps
    if other == base:
        return True
    kept_out = _said_of(other, allowed=False)
    if not kept_out and other.permissions_for(other.guild.default_role).view_channel:
        return True
    if base is None or readers is None or not readers <= _lets_in(other):
        return False
    # A role that is let in outweighs one that is kept out: the two lists can only be compared whole.
    return not kept_out or (
        kept_out <= _said_of(base, allowed=False) and _said_of(base, allowed=True) <= _said_of(other, allowed=True)
    )


def _lets_in(channel: GuildChannel) -> frozenset[int]:
    """The roles and members each of which sees a channel by itself. Bots are none that read."""
    roles = [
        role.id
        for role in channel.guild.roles
        if not role.is_bot_managed() and channel.permissions_for(role).view_channel
    ]
    return frozenset(roles) | _said_of(channel, allowed=True)


def _said_of(channel: GuildChannel, *, allowed: bool) -> frozenset[int]:
    """The roles and members, but for @everyone and bots, of which a channel's own settings say that they see it, or
    that they don't."""
    me = channel.guild.me
    return frozenset(
        target.id
        for target, overwrite in channel.overwrites.items()
        if overwrite.view_channel is allowed
        and target.id not in (channel.guild.id, me.id)
        and not (isinstance(target, discord.Role) and target.is_bot_managed())
    )
