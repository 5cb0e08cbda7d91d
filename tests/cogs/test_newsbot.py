"""What the bot tells Discord of itself, and what it asks for."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

import sandbox.server
from cogs import EXTENSIONS
from cogs.newsbot import LEAST_PERMISSIONS, NewsBot, speak_to
from cogs.pace import LONGEST_RECONNECT_WAIT, SelfOpening, let_through
from sandbox.server import Sandbox
from tests.cogs.guild import Guild
from tests.openapi import OpenAPI


def told_commands(guild: Guild) -> list[Any]:
    """The commands as Discord was told of them, each time anew."""
    return [request.json for request in guild.env.http_requests if request.method == "PUT"]


async def test_commands_are_told_to_discord_once_and_again_only_after_a_change(guild: Guild):
    assert len(told_commands(guild)) == 1

    await guild.restart()
    assert len(told_commands(guild)) == 1

    await guild.restart(app_commands.Command(name="later", description="A new one", callback=_later))
    assert len(told_commands(guild)) == 2
    assert "later" in {command["name"] for command in told_commands(guild)[-1]}


async def _later(interaction: discord.Interaction) -> None:
    """Never called."""


async def test_behind_another_api_discord_is_told_anew(guild: Guild):
    await guild.restart(api_url="https://proxy.example/api/v10")

    assert len(told_commands(guild)) == 2


async def test_every_request_up_to_here_is_as_discord_describes_it(guild: Guild, openapi: OpenAPI):
    assert guild.env.http_requests
    for request in guild.env.http_requests:
        assert openapi.check(request.method, request.path, request.params, request.json) == []


def test_no_privileged_intent_is_needed_and_nobody_is_ever_pinged(guild: Guild):
    intents = guild.bot.intents

    assert not (intents.members or intents.presences or intents.message_content)
    assert guild.bot.allowed_mentions.to_dict() == {"parse": []}


def test_all_that_show_polls_share_the_boards_and_the_roles_of_the_bot(guild: Guild):
    polls, voting, members = (guild.bot.get_cog(name) for name in ("Polls", "Voting", "Members"))

    assert vars(polls)["_boards"] is vars(voting)["_boards"] is guild.bot.boards
    assert vars(members)["_roles"] is vars(voting)["_roles"] is guild.bot.team_roles


def test_every_extension_is_loaded_and_every_cog_is_one(guild: Guild):
    assert set(guild.bot.extensions) == set(EXTENSIONS)
    assert {type(cog).__module__ for cog in guild.bot.cogs.values()} == set(EXTENSIONS)


async def test_a_request_given_up_under_the_limit_for_all_holds_up_no_other_for_long(monkeypatch: pytest.MonkeyPatch):
    async with Sandbox.running() as sandbox, discord.Client(intents=discord.Intents.none()) as client:
        monkeypatch.setattr(Route, "BASE", sandbox.api_url)
        await client.login(sandbox.token)
        let_through(client, 0.1)
        sandbox.faults.fail("GET", "/gateway/bot", status=429, retry_after=10, is_global=True)

        given_up = asyncio.create_task(client.http.get_bot_gateway())
        while client.http._global_over.is_set():  # noqa: ASYNC110 - the library tells nobody that it closed it
            await asyncio.sleep(0)
        given_up.cancel()

        async with asyncio.timeout(10):
            assert await client.http.get_bot_gateway()


def test_the_bot_sees_to_that(guild: Guild):
    assert isinstance(vars(guild.bot.http)["_global_over"], SelfOpening)


async def test_after_an_outage_the_bot_connects_again_within_two_minutes(monkeypatch: pytest.MonkeyPatch):
    class Bot(discord.AutoShardedClient):
        on_shard_connect = NewsBot.on_shard_connect

    async with Sandbox.running() as sandbox, Bot(intents=discord.Intents.none()) as client:
        monkeypatch.setattr(Route, "BASE", sandbox.api_url)
        running = asyncio.create_task(client.start(sandbox.token))
        await client.wait_for("shard_ready")
        shard = client.shards[0]._parent

        waits = [shard._backoff.delay() for _ in range(50)]
        await client.close()
        await running

    assert max(waits) == LONGEST_RECONNECT_WAIT
    assert min(waits) < LONGEST_RECONNECT_WAIT


async def test_messages_are_left_alone(guild: Guild):
    await guild.bob.send(guild.news, f"<@{guild.bot.user.id}> help")

    assert len(guild.news.history()) == 1


def test_the_invite_link_asks_for_no_more_than_posting_takes(guild: Guild):
    query = URL(guild.bot.invite_url()).query

    assert query["client_id"] == str(guild.bot.application_id)
    granted = discord.Permissions(int(query["permissions"]))
    assert {name for name, value in granted if value} == {
        "read_messages",
        "send_messages",
        "send_messages_in_threads",
        "create_public_threads",
        "embed_links",
        "attach_files",
        "read_message_history",
    }


def test_in_the_sandbox_the_bot_may_do_what_its_invite_link_asks_for():
    # Said twice, because the sandbox knows no cog.
    assert sandbox.server.LEAST_PERMISSIONS == LEAST_PERMISSIONS


async def test_the_gateway_that_the_api_names_is_used_for_good(guild: Guild, monkeypatch: pytest.MonkeyPatch):
    async def named() -> tuple[int, str, dict[str, int]]:
        return 1, "ws://127.0.0.1:8400/gateway", {}

    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    monkeypatch.setattr(guild.bot.http, "get_bot_gateway", named)

    await guild.bot.adopt_gateway()

    assert URL("ws://127.0.0.1:8400/gateway") == DiscordWebSocket.DEFAULT_GATEWAY


def test_requests_go_to_the_api_that_was_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Route, "BASE", Route.BASE)

    speak_to("http://127.0.0.1:8400/api/v10")

    assert Route("GET", "/gateway/bot").url == "http://127.0.0.1:8400/api/v10/gateway/bot"
