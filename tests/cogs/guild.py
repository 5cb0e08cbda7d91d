"""A guild with the real bot in it, in one process and without sockets: commands are used as members use them.

simcord plays Discord. Its clock begins at the start of 2026 and moves only by ``later``, and with it the bot's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import discord
import simcord
from discord.utils import utcnow
from simcord.backend.models import Overwrite
from simcord.backend.serializers import channel_payload, message_payload
from simcord.enums import OverwriteType
from simcord.interactions import base_payload
from simcord.results import InteractionResult

from cogs.newsbot import NewsBot
from cogs.views.replies import in_words
from newsroom.resources import Newsroom, assemble
from newsroom.store import Store
from newsroom.store.database import open_database
from tests.openapi import check_env

REQUIRES_TAG = 1 << 4
TICK = timedelta(minutes=5)
API_URL = "https://discord.example/api/v10"


class UnhurriedBot(NewsBot):
    """The bot, looking for work every five minutes instead of every second, so that hours pass quickly."""

    async def add_cog(self, cog: Any, /, **options: Any) -> None:
        for loop in (getattr(cog, "tick", None), getattr(cog, "save", None)):
            if loop is not None:
                loop.change_interval(seconds=TICK.total_seconds())
        await super().add_cog(cog, **options)


@dataclass
class Guild:
    """Alice may manage the server, Mod the messages, and Bob nothing. ``web`` is what feeds are read from."""

    env: Any
    bot: NewsBot
    newsroom: Newsroom
    store: Store
    web: Any
    guild: Any
    news: Any
    alice: Any
    mod: Any
    bob: Any
    mistakes: list[type[Exception]] = field(default_factory=list)
    """What the bot is expected to call its own mistake in this test."""

    async def slash(self, command: str, *, by: Any = None, where: Any = None, **options: Any) -> Any:
        """Use a command, by default as Alice in #news."""
        return await (by or self.alice).slash(where or self.news, command, **options)

    async def told(self, command: str, *, by: Any = None, where: Any = None, **options: Any) -> str:
        """Use a command, and return what the caller, and nobody else, then reads."""
        result = await self.slash(command, by=by, where=where, **options)
        assert result.ephemeral
        return read(result.response)

    async def completions(self, command: str, text: str = "", *, by: Any = None) -> list[str]:
        """Type into a command's option ``feed``, and return the names that are offered."""
        return [choice["name"] for choice in await self.choices(command, text, by=by)]

    async def choices(self, command: str, text: str = "", *, by: Any = None) -> list[dict[str, Any]]:
        """Type into a command's option ``feed``, and return what is offered."""
        return await (by or self.alice).autocomplete(self.news, command, "feed", text)

    async def later(self, **length: float) -> None:
        """Let time pass, by default until the bot has looked for work, and the bot do what is due meanwhile."""
        await self.env.advance_time((timedelta(**length) or TICK).total_seconds())

    def headlines(self, channel: Any = None) -> list[str]:
        """The headlines of the cards in a channel, oldest first."""
        return [message.content.split("**")[1] for message in (channel or self.news).history(viewer=self.bob)]

    def take_away(self, channel: Any, *permissions: str) -> None:
        """Deny the bot these permissions in a channel."""
        denied = discord.Permissions(**dict.fromkeys(permissions, True)).value
        me = self.env.bot.user.id
        self.env.backend.set_overwrite(channel.id, Overwrite(me, OverwriteType.MEMBER, deny=denied))

    def give_back(self, channel: Any) -> None:
        """Allow the bot again what was taken away in a channel."""
        self.take_away(channel)

    def allow(self, command: str, *members: Any) -> None:
        """Let members see and use a command whatever it takes by default, as a server's settings can."""
        found = self.env.backend.find_command(command, self.guild.id, type=1)
        self.guild.set_command_permissions(int(found["id"]), dict.fromkeys(members, True))

    def forum(self, **tags: bool) -> Any:
        """Make a forum that requires one of these tags, each for moderators alone or not."""
        forum = self.guild.create_forum_channel("forum")
        forum._channel.available_tags = [
            {"id": str(self.env.backend.snowflake()), "name": name, "moderated": moderated, "emoji_name": None}
            for name, moderated in tags.items()
        ]
        payload = channel_payload(self.env.backend, forum._channel)
        self.env.backend.emit("CHANNEL_UPDATE", {**payload, "flags": REQUIRES_TAG})
        return forum

    async def thread(self, name: str) -> Any:
        """Open a thread in #news."""
        channel = self.env.bot.get_channel(self.news.id)
        opened = await channel.create_thread(name=name, type=discord.ChannelType.public_thread)
        return next(thread for thread in self.news.threads if thread.id == opened.id)

    async def forged(self, by: Any, kind: discord.InteractionType, data: Any, message: Any = None) -> Any:
        """Send the bot an interaction that no client of Discord's would: ``message`` is the one clicked on."""
        channel_id = message.channel_id if message else self.news.id
        record, payload = base_payload(
            self.env.backend, type=kind.value, channel_id=channel_id, guild_id=by.guild.id, user_id=by.id, data=data
        )
        if message:
            record.source_message_id = message.id
            stored = self.env.backend.get_message(message.channel_id, message.id)
            payload["message"] = message_payload(self.env.backend, stored)
        self.env.backend.emit("INTERACTION_CREATE", payload)
        await self.env.settle()
        return InteractionResult(self.env, record)

    async def restart(self, *more: Any, api_url: str = API_URL) -> None:
        """End the bot and start it again over the same database, with these commands more than before."""
        await self.bot.close()
        self.bot = UnhurriedBot(self.newsroom, api_url=api_url)
        for command in more:
            self.bot.tree.add_command(command)
        await self.env.restart_bot(self.bot)


@asynccontextmanager
async def guild_with_bot(database_url: str, fetcher: Any, reader: Any) -> AsyncIterator[Guild]:
    """Start the bot over this database; at the end, fail on requests and errors that should not have been."""
    store = Store(await open_database(database_url))
    newsroom = assemble(store, fetcher, reader, "installation", now=utcnow, interval=timedelta(minutes=10))
    bot = UnhurriedBot(newsroom, api_url=API_URL)
    env = simcord.Env(bot, shard_count=1)
    await env.start()
    try:
        place = env.create_guild("AI corner")
        guild = Guild(
            env,
            bot,
            newsroom,
            store,
            fetcher,
            place,
            news=place.create_text_channel("news"),
            alice=member(env, place, "alice", manage_guild=True, manage_messages=True),
            mod=member(env, place, "mod", manage_messages=True),
            bob=member(env, place, "bob"),
        )
        yield guild
        check_env(env)
    finally:
        await env.bot.close()
        await env.shutdown()
        await store.close()
    assert [type(error) for error in unforeseen(env.errors)] == guild.mistakes


def member(env: Any, guild: Any, name: str, **permissions: bool) -> Any:
    """Let somebody with these permissions join."""
    role = guild.create_role(name, permissions=discord.Permissions(**permissions))
    return guild.add_member(env.create_user(name), roles=[role])


def unforeseen(errors: list[Any]) -> Iterator[BaseException]:
    """Those errors for which the bot has no sentence of their own."""
    for error in errors:
        if not isinstance(error, Exception) or in_words(error) is None:
            yield getattr(error, "original", error)


def read(message: Any) -> str:
    """All that somebody reads in a message, but for its embeds."""
    texts = [message.content, *(part["content"] for part in parts(message.components) if "content" in part)]
    return "\n".join(filter(None, texts))


def labels(message: Any) -> list[str]:
    """The labels of a message's buttons."""
    return [part["label"] for part in parts(message.components) if "label" in part]


def options(message: Any) -> list[dict[str, Any]]:
    """What a message's menus offer."""
    return [option for part in parts(message.components) for option in part.get("options", ())]


def parts(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All components, at any depth."""
    for part in components:
        yield part
        yield from parts(part.get("components", []))
