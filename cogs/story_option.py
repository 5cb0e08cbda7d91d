"""The option ``story`` of a command: which stories are offered while somebody types, and who looks for one."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from cogs.callers import guild_of, sees_of
from cogs.views import markdown
from newsroom.discussion.story_finder import Seeker, StoryFinder
from newsroom.text import clean, shorten


def seeker(interaction: discord.Interaction[Any]) -> Seeker:
    """The caller, who is in a channel, or in a thread and the channel on which it hangs."""
    channel = interaction.channel
    places = [interaction.channel_id, channel.parent_id if isinstance(channel, discord.Thread) else None]
    return Seeker(
        guild_of(interaction),
        [place for place in places if place is not None],
        sees_of(interaction),
    )


async def story_choices(
    finder: StoryFinder, interaction: discord.Interaction[Any], typed: str
) -> list[app_commands.Choice[str]]:
    """What is offered to a caller who has typed so far."""
    return [
        app_commands.Choice(
            name=shorten(clean(each.headline), markdown.CHOICE_NAME) or "Untitled", value=str(each.story_id)
        )
        for each in await finder.offered(seeker(interaction), typed)
    ]
