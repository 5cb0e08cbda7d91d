"""Sessions: begun, lost, resumed, refused."""

from __future__ import annotations

import aiohttp
import discord
import pytest
from simcord.backend.models import Channel, Guild

from sandbox.server import TOKEN, Sandbox
from tests.sandbox.conftest import Client


async def test_a_bot_that_is_ready_knows_its_guild_and_beats(sandbox: Sandbox, client: Client, guild: Guild):
    await sandbox.until(lambda: sandbox.gateway.heartbeats > 0, "a heartbeat")

    assert [known.name for known in client.guilds] == ["AI corner"]
    assert client.guilds[0].me.id == sandbox.world.bot_user.id
    assert client.get_guild(guild.id).me.guild_permissions.embed_links


async def test_a_dropped_connection_is_resumed_and_what_was_missed_is_told(
    sandbox: Sandbox, client: Client, guild: Guild
):
    sandbox.drop_gateway()
    missed = sandbox.add_text_channel(guild, "missed")
    await sandbox.until(lambda: sandbox.gateway.resumed == 1, "a resume")
    channel = client.get_channel(missed.id) or await client.wait_for("guild_channel_create", timeout=20)

    assert channel.id == missed.id
    assert sandbox.gateway.identified == 1


async def test_an_invalid_session_makes_the_bot_begin_anew(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.invalidate_session()
    await sandbox.bot_ready(times=2)

    assert sandbox.gateway.identified == 2


async def test_a_session_that_is_invalid_for_a_moment_is_resumed(sandbox: Sandbox, client: Client):
    sandbox.invalidate_session(resumable=True)
    await sandbox.until(lambda: sandbox.gateway.resumed == 1, "a resume")


async def test_a_bot_asked_to_reconnect_resumes(sandbox: Sandbox, client: Client):
    sandbox.gateway.ask_to_reconnect()
    await sandbox.until(lambda: sandbox.gateway.resumed == 1, "a resume")


async def test_a_bot_that_closes_is_gone(sandbox: Sandbox, client: Client):
    await client.close()
    await sandbox.bot_gone()
    assert sandbox.gateway.connected == []


@pytest.mark.parametrize(("code", "kept"), [(1000, 0), (4000, 1)])
async def test_only_a_normal_goodbye_ends_the_session(sandbox: Sandbox, code: int, kept: int):
    async with aiohttp.ClientSession() as http, http.ws_connect(sandbox.gateway.url) as socket:
        await socket.send_json({"op": 2, "d": {"token": TOKEN, "intents": 1}})
        await sandbox.bot_ready()
        await socket.close(code=code)
        await sandbox.bot_gone()
    assert len(sandbox.gateway.sessions) == kept


async def test_a_guild_joined_later_is_joined(sandbox: Sandbox, client: Client):
    sandbox.add_guild("Later")
    joined = await client.wait_for("guild_join", timeout=20)
    assert joined.name == "Later"


async def test_events_go_to_the_shard_of_their_guild(sandbox: Sandbox, guild: Guild):
    async with aiohttp.ClientSession() as http:
        sockets = [await http.ws_connect(sandbox.gateway.url) for _ in range(2)]
        told = []
        for number, socket in enumerate(sockets):
            assert (await socket.receive_json())["op"] == 10
            await socket.send_json({"op": 2, "d": {"token": TOKEN, "intents": 1, "shard": [number, 2]}})
            ready = await socket.receive_json()
            told.append([int(known["id"]) for known in ready["d"]["guilds"]])
    assert told == ([[guild.id], []] if (guild.id >> 22) % 2 == 0 else [[], [guild.id]])


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ({"token": "wrong", "intents": 1}, 4004),
        ({"token": TOKEN, "intents": 1 << 15}, 4014),
        ({"token": TOKEN, "intents": 1, "shard": [2, 2]}, 4010),
    ],
    ids=["wrong token", "privileged intents", "no such shard"],
)
async def test_who_may_not_identify_is_told_by_the_code(sandbox: Sandbox, identity: dict, code: int):
    async with aiohttp.ClientSession() as http, http.ws_connect(sandbox.gateway.url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 2, "d": identity})
        await socket.receive()
        assert socket.close_code == code


async def test_an_unknown_session_cannot_be_resumed(sandbox: Sandbox):
    async with aiohttp.ClientSession() as http, http.ws_connect(sandbox.gateway.url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 6, "d": {"token": TOKEN, "session_id": "unknown", "seq": 1}})
        assert await socket.receive_json() == {"op": 9, "d": False, "s": None, "t": None}


async def test_the_gateway_can_refuse_a_connection(sandbox: Sandbox):
    sandbox.faults.fail("GET", "/gateway-socket", status=503)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(sandbox.gateway.url)
    assert refused.value.status == 503


async def test_both_addresses_name_the_gateway(sandbox: Sandbox, client: Client):
    assert (await client.http.get_bot_gateway())[:2] == (1, sandbox.gateway.url)
    assert await client.http.request(discord.http.Route("GET", "/gateway")) == {"url": sandbox.gateway.url}
