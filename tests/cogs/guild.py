"""A guild with the real bot in it, in one process and without sockets: commands are used as members use them.

simcord plays Discord. Its clock begins at the start of 2026 and moves only by ``later``, and with it the bot's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import discord
import pytest
import simcord
from discord.utils import utcnow
from simcord.backend.models import Overwrite
from simcord.backend.serializers import channel_payload, guild_create_payload, message_payload
from simcord.enums import OverwriteType
from simcord.interactions import base_payload
from simcord.results import InteractionResult
from sqlalchemy import select

from cogs.newsbot import NewsBot
from cogs.views.replies import in_words
from newsroom.answers.chat import Models
from newsroom.resources import Newsroom, assemble
from newsroom.store import Store, tables
from newsroom.store.database import open_database
from newsroom.votes.charts import Charts
from tests.desk import FEED, post, posts
from tests.fakes import FakeModel
from tests.openapi import check_env

REQUIRES_TAG = 1 << 4
TICK = timedelta(minutes=5)
LOOKS_AT_ONCE = 10
PATIENCE = 60.0
API_URL = "https://discord.example/api/v10"
TEAM_HEADLINE = "Mistral releases an open-weights model under Apache 2.0"


class UnhurriedBot(NewsBot):
    """The bot, looking for work every five minutes instead of every second, so that hours pass quickly."""

    pace = TICK

    async def add_cog(self, cog: Any, /, **options: Any) -> None:
        for loop in (getattr(cog, "tick", None), getattr(cog, "save", None), getattr(cog, "sweep", None)):
            if loop is not None:
                loop.change_interval(seconds=self.pace.total_seconds())
        await super().add_cog(cog, **options)


class PatientEnv(simcord.Env):
    """Limits on real time are there for a bot that hangs, not for a machine that has much to do: at a start as well."""

    async def _settle_internal(self, *, timeout: float | None = None, **options: Any) -> None:
        await super()._settle_internal(timeout=timeout and max(timeout, PATIENCE), **options)


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
    reader: Any
    charts: Charts
    mistakes: list[type[Exception]] = field(default_factory=list)
    """What the bot is expected to call its own mistake in this test."""
    pace: timedelta = TICK
    chat: Models | None = None

    async def slash(self, command: str, *, by: Any = None, where: Any = None, **options: Any) -> Any:
        """Use a command, by default as Alice in #news."""
        return await (by or self.alice).slash(where or self.news, command, **options)

    async def told(self, command: str, *, by: Any = None, where: Any = None, **options: Any) -> str:
        """Use a command, and return what the caller, and nobody else, then reads."""
        result = await self.slash(command, by=by, where=where, **options)
        assert result.ephemeral
        return read(result.response)

    async def completions(self, command: str, text: str = "", *, by: Any = None, option: str = "feed") -> list[str]:
        """Type into an option of a command, and return the names that are offered."""
        return [choice["name"] for choice in await self.choices(command, text, by=by, option=option)]

    async def choices(
        self, command: str, text: str = "", *, by: Any = None, option: str = "feed"
    ) -> list[dict[str, Any]]:
        """Type into an option of a command, and return what is offered."""
        return await (by or self.alice).autocomplete(self.news, command, option, text)

    async def later(self, **length: float) -> None:
        """Let time pass, by default until the bot has looked for work, and the bot do what is due meanwhile."""
        left = timedelta(**length) or TICK
        while left > timedelta():
            # simcord gives one advance a few seconds of real time, however much there is to do.
            step = min(left, LOOKS_AT_ONCE * self.pace)
            await self.env.advance_time(step.total_seconds())
            left -= step

    async def look_every(self, **length: float) -> None:
        """Start the bot again, so that from now on it looks for work this often."""
        self.pace = timedelta(**length)
        await self.restart()

    async def with_model(self, *says: Any) -> FakeModel:
        """Start the bot again with a language model that answers questions, and says these things in turn."""
        model = FakeModel(says=list(says))
        self.chat = Models(answer=model)
        await self.restart()
        return model

    # Polls

    async def ask(self, *, by: Any = None, **options: Any) -> Any:
        """Start a poll in #news, by default as Mod with nothing but its question, and return its message."""
        told = await self.told("poll start", by=by or self.mod, **(options or {"question": "Tabs or spaces?"}))
        assert told.startswith("[Your poll](https://discord.com/channels/"), told
        return next(message for message in reversed(self.news.history()) if f"/{message.id}" in told)

    async def ask_natively(self, **options: Any) -> Any:
        """Start one of Discord's own polls in #news as Mod, and return its message."""
        return await self.ask(**{"question": "Tabs or spaces?", "style": "native"} | options)

    async def team_card(self, headline: str = TEAM_HEADLINE) -> Any:
        """Have a story posted in #news whose headline earns it a team poll; return its card. It is morning in Tokyo."""
        await self.told("poll settings", timezone="Asia/Tokyo")
        self.web.put(FEED, *posts(1), post(900, title=headline))
        await self.told("feed add", url=FEED)
        await self.later()
        return self.news.last_message

    def crowd(self, number: int) -> list[Any]:
        """Let so many more members join, who may do nothing special."""
        return [
            self.guild.add_member(self.env.create_user(f"member-{len(self.guild.member_ids())}")) for _ in range(number)
        ]

    async def vote(self, member: Any, message: Any, label: str) -> str:
        """Click on a choice, and return what the member, and nobody else, then reads."""
        return read(await self.answer(member, message, label))

    async def answer(self, member: Any, message: Any, label: str) -> Any:
        """Click on a choice, and return the message that the member gets, with its buttons."""
        (answer,) = (await member.click(message, label=label)).followups
        assert answer.ephemeral
        return answer

    async def counterfeit(self, by: Any, custom_id: str, *values: str, where: Any = None) -> Any:
        """Have somebody click on a button, or choose in a menu, with an id that none of ours has.

        Discord passes on only what stands in a message of the bot's, so the bot is made to send one.
        """
        where = where or self.news
        view = discord.ui.View(timeout=None)
        if values:
            offered = [discord.SelectOption(label=value) for value in dict.fromkeys(values)]
            view.add_item(discord.ui.Select(custom_id=custom_id, options=offered, max_values=len(offered)))
        else:
            view.add_item(discord.ui.Button(label="Click me", custom_id=custom_id))
        await self.env.bot.get_channel(where.id).send(view=view)
        data = {"custom_id": custom_id, "component_type": 3 if values else 2}
        data |= {"values": list(values)} if values else {}
        return await self.forged(by, discord.InteractionType.component, data, where.last_message)

    async def votes(self, message: Any, **by_label: int) -> list[Any]:
        """Have as many more members as given vote for each label, in which _ stands for a space; return them."""
        voters = []
        for label, number in by_label.items():
            for member in self.crowd(number):
                await member.click(message, label=label.replace("_", " "))
                voters.append(member)
        return voters

    def fresh(self, message: Any) -> Any:
        """The message as it stands there now."""
        channel = next(each for each in self._places() if each.id == message.channel.id)
        return next(each for each in channel.history() if each.id == message.id)

    def tally(self, message: Any) -> str:
        """What now stands under a poll's question."""
        return self.fresh(message).embeds[-1].description

    def _places(self) -> list[Any]:
        channels = list(self.guild.channels.values())
        return channels + [thread for channel in channels for thread in channel.threads]

    async def rows(self, *but: str) -> dict[str, list[Any]]:
        """All that the database holds, except for these tables and what says when something is due or was drawn."""
        kept = {}
        async with self.store.read() as connection:
            for name, table in tables.metadata.tables.items():
                if name not in but:
                    columns = [column for column in table.c if column.name not in ("drawn_at", "due_at", "checked_at")]
                    kept[name] = sorted(map(repr, await connection.execute(select(*columns))))
        return kept

    def requests(self, *methods_and_paths: str) -> list[Any]:
        """The requests so far whose method and path hold all of these texts, in order."""
        return [
            request
            for request in self.env.http_requests
            if all(part in f"{request.method} {request.path}" for part in methods_and_paths)
        ]

    def watch(self, patch: pytest.MonkeyPatch, *slow: tuple[Any, str]) -> list[bool]:
        """Note for each use of these methods, by owner and name, whether an interaction was acknowledged before."""
        before = len(self.env.http_requests)
        acknowledged: list[bool] = []

        def watched(work: Any) -> Any:
            def watching(*args: Any, **kwargs: Any) -> Any:
                acknowledged.append(any("/callback" in request.path for request in self.env.http_requests[before:]))
                return work(*args, **kwargs)

            return watching

        for owner, name in slow:
            patch.setattr(owner, name, watched(getattr(owner, name)))
        return acknowledged

    def headlines(self, channel: Any = None) -> list[str]:
        """The headlines of the cards in a channel, oldest first."""
        return [message.content.split("**")[1] for message in (channel or self.news).history(viewer=self.bob)]

    def take_away(self, channel: Any, *permissions: str, of: Any = None) -> None:
        """Deny the bot, or another member, these permissions in a channel."""
        denied = discord.Permissions(**dict.fromkeys(permissions, True)).value
        who = (of or self.env.bot.user).id
        self.env.backend.set_overwrite(channel.id, Overwrite(who, OverwriteType.MEMBER, deny=denied))

    def permit(self, channel: Any, member: Any, *permissions: str) -> None:
        """Allow a member these permissions in a channel."""
        allowed = discord.Permissions(**dict.fromkeys(permissions, True)).value
        self.env.backend.set_overwrite(channel.id, Overwrite(member.id, OverwriteType.MEMBER, allow=allowed))

    def give_back(self, channel: Any) -> None:
        """Allow the bot again what was taken away in a channel."""
        self.take_away(channel)

    def allow(self, command: str, *members: Any) -> None:
        """Let members see and use a command whatever it takes by default, as a server's settings can."""
        found = next(
            found for kind in (1, 3) if (found := self.env.backend.find_command(command, self.guild.id, type=kind))
        )
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

    async def at_once(self, *clicks: tuple[Any, str]) -> None:
        """Have members click at the same moment, each on a button with this id."""
        view = discord.ui.View(timeout=None)
        for custom_id in dict.fromkeys(custom_id for _, custom_id in clicks):
            view.add_item(discord.ui.Button(label="Click me", custom_id=custom_id))
        await self.env.bot.get_channel(self.news.id).send(view=view)
        for by, custom_id in clicks:
            data = {"custom_id": custom_id, "component_type": 2}
            self._send(by, discord.InteractionType.component, data, self.news.last_message)
        await self.env.settle()

    async def forged(self, by: Any, kind: discord.InteractionType, data: Any, message: Any = None) -> Any:
        """Send the bot an interaction that no client of Discord's would: ``message`` is the one clicked on."""
        record = self._send(by, kind, data, message)
        await self.env.settle()
        return InteractionResult(self.env, record)

    def _send(self, by: Any, kind: discord.InteractionType, data: Any, message: Any) -> Any:
        channel_id = self.news.id
        if message:
            channel_id = message.channel.id if isinstance(message, discord.Message) else message.channel_id
        record, payload = base_payload(
            self.env.backend, type=kind.value, channel_id=channel_id, guild_id=by.guild.id, user_id=by.id, data=data
        )
        if message:
            record.source_message_id = message.id
            stored = self.env.backend.get_message(channel_id, message.id)
            payload["message"] = message_payload(self.env.backend, stored)
        self.env.backend.emit("INTERACTION_CREATE", payload)
        return record

    async def restart(self, *more: Any, api_url: str = API_URL) -> None:
        """End the bot and start another over the same database, as a new process would: it remembers nothing else.

        It has these commands more than before.
        """
        await self.bot.close()
        self.newsroom = newsroom_over(self.store, self.web, self.reader, self.charts, self.chat)
        await self.newsroom.rounds.load()
        self.bot = UnhurriedBot(self.newsroom, api_url=api_url)
        self.bot.pace = self.pace
        for command in more:
            self.bot.tree.add_command(command)
        await self.env.restart_bot(self.bot)


@asynccontextmanager
async def guild_with_bot(database_url: str, fetcher: Any, reader: Any) -> AsyncIterator[Guild]:
    """Start the bot over this database; at the end, fail on requests and errors that should not have been."""
    store = Store(await open_database(database_url))
    charts = Charts()
    newsroom = newsroom_over(store, fetcher, reader, charts)
    bot = UnhurriedBot(newsroom, api_url=API_URL)
    env = PatientEnv(bot, shard_count=1, settle_timeout=PATIENCE)
    try:
        await env.start()
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
            reader=reader,
            charts=charts,
        )
        yield guild
        check_env(env)
    finally:
        await env.bot.close()
        await env.shutdown()
        await charts.close()
        await store.close()
    assert [type(error) for error in unforeseen(env.errors)] == guild.mistakes


def newsroom_over(store: Store, fetcher: Any, reader: Any, charts: Charts, chat: Models | None = None) -> Newsroom:
    """The newsroom of a process that has just begun, on simcord's clock; ``chat`` are its language models."""
    interval = timedelta(minutes=10)
    return assemble(store, fetcher, reader, "installation", charts, now=utcnow, interval=interval, chat=chat)


def member(env: Any, guild: Any, name: str, **permissions: bool) -> Any:
    """Let somebody with these permissions join."""
    role = guild.create_role(name, permissions=discord.Permissions(**permissions))
    return guild.add_member(env.create_user(name), roles=[role])


def unforeseen(errors: list[Any]) -> Iterator[BaseException]:
    """Those errors for which the bot has no sentence of their own."""
    for error in errors:
        if not isinstance(error, Exception) or in_words(error) is None:
            yield getattr(error, "original", error)


def told_in(guild: Guild, channel: Any) -> None:
    """Make it the channel in which moderators read Discord's own news."""
    stored = guild.env.backend.guilds[guild.guild.id]
    stored.public_updates_channel_id = channel.id
    guild.env.backend.emit("GUILD_UPDATE", dict(guild_create_payload(guild.env.backend, stored)))


def read(message: Any) -> str:
    """All that somebody reads in a message, but for its embeds."""
    texts = [message.content, *(part["content"] for part in parts(message.components) if "content" in part)]
    return "\n".join(filter(None, texts))


def refusal(message: Any) -> str:
    """Why something was refused, without what is given back of what was written for nothing."""
    return read(message).partition("\nYou wrote:\n")[0]


def labels(message: Any) -> list[str]:
    """The labels of a message's buttons."""
    return [part["label"] for part in buttons(message)]


def buttons(message: Any) -> list[dict[str, Any]]:
    """A message's buttons, with their styles, emoji and ids."""
    return [part for part in parts(message.components) if part["type"] == discord.ComponentType.button.value]


def options(message: Any) -> list[dict[str, Any]]:
    """What a message's menus offer."""
    return [option for part in parts(message.components) for option in part.get("options", ())]


def parts(components: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """All components, at any depth."""
    for part in components:
        part = part if isinstance(part, dict) else part.to_dict()
        yield part
        yield from parts(part.get("components", []))
