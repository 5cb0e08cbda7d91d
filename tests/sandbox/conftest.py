"""A sandbox with one guild, and a real discord.py client logged in to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest
import yarl
from discord import app_commands
from simcord.backend.models import Channel, Guild

from sandbox.actors import PATIENCE
from sandbox.server import Sandbox
from sandbox.shown import Member

INTENTS = discord.Intents(guilds=True, guild_messages=True)


class Client(discord.Client):
    """A bot with a command tree, which is synced before it connects; it notes what it hears."""

    def __init__(self, intents: discord.Intents = INTENTS) -> None:
        super().__init__(intents=intents, guild_ready_timeout=0.01, max_ratelimit_timeout=30)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[str] = []

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once: the library waits 5 s to spare the real Discord."""

    async def on_socket_event_type(self, event: str) -> None:
        self.heard.append(event)

    def channel(self, channel: Channel) -> discord.TextChannel:
        found = self.get_channel(channel.id)
        assert isinstance(found, discord.TextChannel)
        return found

    def forum(self, channel: Channel) -> discord.ForumChannel:
        found = self.get_channel(channel.id)
        assert isinstance(found, discord.ForumChannel)
        return found


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox.running(first_answer=PATIENCE) as running:
        monkeypatch.setattr(discord.http.Route, "BASE", running.api_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(running.gateway.url))
        yield running


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    return sandbox.add_guild("AI corner")


@pytest.fixture
def news(sandbox: Sandbox, guild: Guild) -> Channel:
    return sandbox.add_text_channel(guild, "news")


@pytest.fixture
def announcements(sandbox: Sandbox, guild: Guild) -> Channel:
    return sandbox.add_announcement_channel(guild, "announcements")


@pytest.fixture
def forum(sandbox: Sandbox, guild: Guild) -> Channel:
    return sandbox.add_forum(guild, "stories", ["models", "policy"])


@pytest.fixture
def alice(sandbox: Sandbox, guild: Guild) -> Member:
    """An admin."""
    return sandbox.add_member(guild, "alice", manage_guild=True)


@pytest.fixture
def bob(sandbox: Sandbox, guild: Guild) -> Member:
    return sandbox.add_member(guild, "bob")


@pytest.fixture
def unstarted() -> Client:
    """For tests that add commands before the client logs in."""
    return Client()


@pytest.fixture
async def client(sandbox: Sandbox, guild: Guild, news: Channel, unstarted: Client) -> AsyncIterator[Client]:
    running = asyncio.create_task(unstarted.start(sandbox.token))
    await sandbox.bot_ready()
    await unstarted.wait_until_ready()
    yield unstarted
    await unstarted.close()
    await running
