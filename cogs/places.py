"""Where a card can stand, and how it is sent, found again and published there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

import discord

from cogs.views.cards import carries
from newsroom.discussion.tags import Tagging, fitting
from newsroom.models import ChannelKind

MOST_TAGS = 5  # of a post, by Discord's rule
THREAD_EXISTS = 160004  # the message has its thread already


class CannotLook(Exception):
    """We may not read the history there, so nobody can tell what arrived."""


class Message(Protocol):
    """What can be sent to a channel or made a post of a forum."""

    def for_channel(self) -> dict[str, Any]: ...

    def for_forum(self) -> dict[str, Any]: ...


class Sent(Protocol):
    """What can be sent to a channel or thread."""

    def for_channel(self) -> dict[str, Any]: ...


class Place(Protocol):
    """A channel, a thread or a forum as posting sees it."""

    async def send(self, message: Message, nonce: str) -> int:
        """Send a message and return its id."""
        ...

    async def find(self, mark: str, since: datetime, until: datetime) -> int | None:
        """Return the id of our message of that time that carries this mark, if there is one."""
        ...

    async def tidy(self, mark: str, since: datetime, until: datetime) -> int | None:
        """Remove what a repeated request may have left twice; return the id of what stays, None if untold."""
        ...

    @property
    def has_followers(self) -> bool:
        """Whether a card here is to be published to other servers."""
        ...


class Places:
    """Finds the place behind a channel's id."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def at(self, channel_id: int, kind: ChannelKind, tag_id: int | None, tagging: Tagging | None = None) -> Place:
        """Return the place; raises discord.HTTPException if Discord shows us no such channel.

        A forum's post gets the tag that was chosen, and those that fit the story.

        What isn't in the cache is asked for: an archived thread, which a message wakes up, or nothing at all.
        """
        channel = self._client.get_channel(channel_id) or await self._client.fetch_channel(channel_id)
        if kind is ChannelKind.FORUM:
            assert isinstance(channel, discord.ForumChannel), "a channel never changes into or out of a forum"
            return ForumPlace(channel, tag_id, tagging)
        assert isinstance(channel, discord.TextChannel | discord.Thread), "only these become news channels"
        return ChannelPlace(channel)

    async def channel(self, channel_id: int) -> ChannelPlace:
        """Return a channel or thread, whatever is posted there. Raises as ``at`` does."""
        channel = self._client.get_channel(channel_id) or await self._client.fetch_channel(channel_id)
        assert isinstance(channel, discord.TextChannel | discord.Thread), "polls go nowhere else"
        return ChannelPlace(channel)

    def message(self, channel_id: int, guild_id: int, message_id: int) -> discord.PartialMessage:
        """Return a message to be changed, without asking whether it is there."""
        return self._client.get_partial_messageable(channel_id, guild_id=guild_id).get_partial_message(message_id)

    async def take_away(self, channel_id: int, guild_id: int, message_id: int) -> None:
        """Delete a message of ours; with a forum's post goes its thread, unless somebody has written in it."""
        if channel_id == message_id:
            thread = self._client.get_channel(channel_id) or await self._client.fetch_channel(channel_id)
            if isinstance(thread, discord.Thread) and not await _is_written_in(thread):
                await _take_away(thread)
                return
        await self.message(channel_id, guild_id, message_id).delete()

    async def open_thread(self, channel_id: int, guild_id: int, message_id: int, name: str) -> None:
        """Open the thread of a message; that it has one already is as good."""
        channel = self._client.get_channel(channel_id)
        message = (
            channel.get_partial_message(message_id)
            if isinstance(channel, discord.TextChannel)
            else self.message(channel_id, guild_id, message_id)
        )
        try:
            await message.create_thread(name=name)
        except discord.HTTPException as error:
            if error.code != THREAD_EXISTS:
                raise

    async def thread(self, thread_id: int) -> discord.Thread:
        """Return a thread; raises discord.HTTPException if Discord shows us none."""
        channel = self._client.get_channel(thread_id) or await self._client.fetch_channel(thread_id)
        assert isinstance(channel, discord.Thread), "its id is that of a card's message"
        return channel

    async def publish(self, channel_id: int, guild_id: int, message_id: int) -> None:
        """Publish a card to those who follow its announcement channel."""
        await self.message(channel_id, guild_id, message_id).publish()


class ChannelPlace:
    """A channel or a thread: cards are messages, and Discord tells a repeated one by its nonce."""

    def __init__(self, channel: discord.TextChannel | discord.Thread) -> None:
        self._channel = channel

    @property
    def has_followers(self) -> bool:
        return isinstance(self._channel, discord.TextChannel) and self._channel.is_news()

    @property
    def takes_files(self) -> bool:
        """Whether we may attach a picture here."""
        return self._channel.permissions_for(self._channel.guild.me).attach_files

    async def send(self, message: Message, nonce: str) -> int:
        return (await self._channel.send(**message.for_channel(), nonce=nonce)).id

    async def reply(self, message: Sent, nonce: str, to: int | None) -> int:
        """Send a message, as a reply if the one to reply to is still there."""
        sent = message.for_channel()
        if to is not None:
            sent["reference"] = discord.MessageReference(
                message_id=to, channel_id=self._channel.id, fail_if_not_exists=False
            )
        return (await self._channel.send(**sent, nonce=nonce)).id

    async def find(self, mark: str, since: datetime, until: datetime) -> int | None:
        return await self.find_that(lambda message: carries(message, mark), since, until)

    async def find_that(self, fits: Callable[[discord.Message], bool], since: datetime, until: datetime) -> int | None:
        """Return the id of our oldest message of that time that ``fits``, if there is one."""
        _must_read_history(self._channel)
        async for message in self._channel.history(limit=None, after=since, before=until, oldest_first=True):
            if _is_ours(message) and fits(message):
                return message.id
        return None

    async def tidy(self, mark: str, since: datetime, until: datetime) -> int | None:
        """Nothing to do: the nonce keeps a repeated request from leaving two."""
        return None


class ForumPlace:
    """A forum: cards are posts. A post has no nonce, and discord.py repeats it by itself after some errors."""

    has_followers = False

    def __init__(self, forum: discord.ForumChannel, tag_id: int | None, tagging: Tagging | None = None) -> None:
        self._forum = forum
        self._tag_id = tag_id
        self._tagging = tagging

    async def send(self, message: Message, nonce: str) -> int:
        created = await self._forum.create_thread(**message.for_forum(), applied_tags=self._tags())
        return created.thread.id

    def _tags(self) -> list[discord.ForumTag]:
        """The tag that was chosen and those that fit the story; none that only moderators may use, unless chosen."""
        chosen = self._forum.get_tag(self._tag_id) if self._tag_id is not None else None
        tags = [chosen] if chosen else []
        if self._tagging is not None:
            usable = [tag for tag in self._forum.available_tags if not tag.moderated and tag.id != self._tag_id]
            tags += [usable[position] for position in fitting([tag.name for tag in usable], self._tagging)]
        return tags[:MOST_TAGS]

    async def find(self, mark: str, since: datetime, until: datetime) -> int | None:
        posts = await self._posts(mark, since, until)
        return posts[0].id if posts else None

    async def tidy(self, mark: str, since: datetime, until: datetime) -> int | None:
        """Keep the oldest of several posts with one mark; a younger one goes if nobody has written in it."""
        posts = await self._posts(mark, since, until)
        for post in posts[1:]:
            if not await _is_written_in(post):
                await _take_away(post)
        return posts[0].id if posts else None

    async def _posts(self, mark: str, since: datetime, until: datetime) -> list[discord.Thread]:
        """Return our posts with this mark, running or archived, oldest first."""
        _must_read_history(self._forum)
        threads = {thread.id: thread for thread in await self._forum.guild.active_threads()}
        async for thread in self._forum.archived_threads(limit=None):
            if thread.archive_timestamp < since:
                break
            threads.setdefault(thread.id, thread)
        in_order = sorted(threads.values(), key=lambda thread: thread.id)
        return [thread for thread in in_order if await self._is_post(thread, mark, since, until)]

    async def _is_post(self, thread: discord.Thread, mark: str, since: datetime, until: datetime) -> bool:
        if thread.parent_id != self._forum.id or thread.owner_id != self._forum.guild.me.id:
            return False
        if not since <= discord.utils.snowflake_time(thread.id) <= until:
            return False
        return any([carries(message, mark) async for message in thread.history(limit=1, oldest_first=True)])


async def _is_written_in(thread: discord.Thread) -> bool:
    """Whether somebody else has written in a post of ours, as far as its newest messages tell."""
    return any([not _is_ours(message) async for message in thread.history(limit=20)])


async def _take_away(thread: discord.Thread) -> None:
    """Delete a post of ours; where we may not, empty and close it, which its author always may."""
    try:
        await thread.delete()
    except discord.Forbidden:
        with suppress(discord.NotFound):
            await thread.get_partial_message(thread.id).delete()
        await thread.edit(archived=True)


def _is_ours(message: discord.Message) -> bool:
    me = message.guild.me if message.guild else None
    return me is not None and message.author.id == me.id


def _must_read_history(channel: discord.abc.GuildChannel | discord.Thread) -> None:
    """Discord answers with an empty history where we may not read it, which would look like "not there"."""
    if not channel.permissions_for(channel.guild.me).read_message_history:
        raise CannotLook
