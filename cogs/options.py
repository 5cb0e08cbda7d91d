"""Options of commands that take a channel, as it was picked: seen by us or not."""

from __future__ import annotations

import discord
from discord import app_commands

from newsroom.errors import RequestRefused

Picked = app_commands.AppCommandChannel | app_commands.AppCommandThread

_THREADS = [discord.ChannelType.news_thread, discord.ChannelType.public_thread, discord.ChannelType.private_thread]


class TalkOption(app_commands.Transformer):
    """The option ``channel`` offers text and announcement channels and threads."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [discord.ChannelType.text, discord.ChannelType.news, *_THREADS]

    async def transform(self, interaction: discord.Interaction, value: Picked, /) -> Picked:
        return value


class PlaceOption(TalkOption):
    """The option ``channel`` offers what can be a news channel: forums as well."""

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum, *_THREADS]


def picked_place(picked: Picked) -> object:
    """Return the channel behind a picked one. Raises RequestRefused, with what to do, if we can't see it."""
    place = picked.resolve()
    if place is None:
        raise RequestRefused(
            f"I can't see <#{picked.id}>. If it is an old thread, write in it first; if it is private, add me to it."
        )
    return place
