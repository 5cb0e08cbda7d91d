"""Which places can get news, of what kind each is, and what we lack there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord

from newsroom.errors import RequestRefused
from newsroom.models import ChannelKind, ThreadMode

NewsPlace = discord.TextChannel | discord.ForumChannel | discord.Thread

# Without these no card can appear at all; without the others it appears poorer or can't be found again.
INDISPENSABLE = ("view_channel", "send_messages", "send_messages_in_threads")


def news_place(interaction: discord.Interaction[Any], channel: object) -> NewsPlace:
    is_media = isinstance(channel, discord.ForumChannel) and channel.is_media()
    if not isinstance(channel, NewsPlace) or is_media or channel.guild.id != interaction.guild_id:
        raise RequestRefused("News goes to text, announcement and forum channels and to threads. Pick one of those.")
    return channel


def kind_of(place: NewsPlace) -> ChannelKind:
    if isinstance(place, discord.ForumChannel):
        return ChannelKind.FORUM
    if isinstance(place, discord.Thread):
        return ChannelKind.THREAD
    return ChannelKind.ANNOUNCEMENT if place.is_news() else ChannelKind.TEXT


def missing(place: NewsPlace, threads: ThreadMode = ThreadMode.NONE) -> list[str]:
    """Name the permissions that a card needs and that we lack there; with ``threads`` also those of its discussion."""
    granted = place.permissions_for(place.guild.me)
    write = "send_messages_in_threads" if isinstance(place, discord.Thread) else "send_messages"
    needed = ["view_channel", write, "embed_links", "attach_files", "read_message_history"]
    if threads is not ThreadMode.NONE and not isinstance(place, discord.Thread):
        opens = [] if isinstance(place, discord.ForumChannel) else ["create_public_threads"]
        needed += [*opens, "send_messages_in_threads"]
    return [name for name in needed if not getattr(granted, name)]


def tags_to_choose(place: NewsPlace) -> Sequence[discord.ForumTag]:
    """Return the tags to ask for, where a forum requires one; those for moderators alone are not for us."""
    if not isinstance(place, discord.ForumChannel) or not place.flags.require_tag:
        return ()
    tags = [tag for tag in place.available_tags if not tag.moderated]
    if not tags:
        raise RequestRefused(
            f"Each post in <#{place.id}> needs a tag, and only moderators may use those there are. "
            "Add one for everybody, or don't require tags."
        )
    return tags
