"""Errors, lost answers and requests that hang, brought about by a test."""

from __future__ import annotations

import asyncio
import errno

import aiohttp
import discord
import pytest
from simcord.backend.models import Channel

from sandbox.server import Sandbox
from tests.sandbox.conftest import Client

MESSAGES = "/channels/*/messages"


async def test_a_503_is_given_as_often_as_asked_for(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.faults.fail("POST", MESSAGES, status=503, times=2)
    for _ in range(2):
        with pytest.raises(discord.DiscordServerError):
            await client.channel(news).send("hello")
    await client.channel(news).send("hello")

    assert [request.status for request in sandbox.requests[-3:]] == [503, 503, 200]
    assert len(sandbox.messages(news)) == 1


async def test_an_error_can_come_although_the_request_was_carried_out(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.faults.fail("POST", MESSAGES, status=503, carried_out=True)
    with pytest.raises(discord.DiscordServerError):
        await client.channel(news).send("hello")

    assert len(sandbox.messages(news)) == 1


async def test_an_error_can_have_discords_code_and_words(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.faults.fail("POST", MESSAGES, status=403, code=50013, message="Missing Permissions")
    with pytest.raises(discord.Forbidden, match="Missing Permissions") as refused:
        await client.channel(news).send("hello")
    assert refused.value.code == 50013


async def test_a_429_without_via_is_an_error_at_once(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.faults.fail("POST", MESSAGES, status=429, retry_after=1.0, via=False)
    with pytest.raises(discord.HTTPException) as refused:
        await client.channel(news).send("hello")
    assert refused.value.status == 429


async def test_a_429_with_via_is_waited_for_and_repeated(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.faults.fail("POST", MESSAGES, status=429, retry_after=0.0)
    await client.channel(news).send("hello")

    assert [request.status for request in sandbox.requests[-2:]] == [429, 200]


async def test_a_page_instead_of_an_answer_is_no_json(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.faults.fail("POST", MESSAGES, status=403, html=True)
    with pytest.raises(discord.Forbidden) as refused:
        await client.channel(news).send("hello")
    assert refused.value.code == 0
    assert "<h1>" in refused.value.text


async def test_a_lost_answer_leaves_its_message_standing(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.faults.lose_answer("POST", MESSAGES)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.channel(news).send("hello")

    assert len(sandbox.messages(news)) == 1
    assert (sandbox.requests[-1].done, sandbox.requests[-1].status) == (True, None)


async def test_a_reset_connection_leaves_nothing_behind(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.faults.reset("POST", MESSAGES)
    with pytest.raises(aiohttp.ClientOSError) as torn:
        await client.channel(news).send("hello")

    assert torn.value.errno == errno.ECONNRESET
    assert sandbox.messages(news) == []


async def test_in_an_outage_nobody_is_let_in_and_afterwards_all_is_as_before(
    sandbox: Sandbox, client: Client, news: Channel
):
    async with sandbox.outage():
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.channel(news).send("hello")
        assert sandbox.gateway.connected == []
    await client.channel(news).send("hello again")
    await sandbox.until(lambda: bool(sandbox.gateway.connected), "the client to be back")

    assert [message.content for message in sandbox.messages(news)] == ["hello again"]
    assert sandbox.gateway.resumed == 1


async def test_a_message_whose_nonce_is_forgotten_is_a_new_one(sandbox: Sandbox, client: Client, news: Channel):
    for _ in range(2):
        await client.channel(news).send("hello", nonce="1")
    assert len(sandbox.messages(news)) == 1
    sandbox.forget_nonces()
    await client.channel(news).send("hello", nonce="1")

    assert len(sandbox.messages(news)) == 2


async def test_a_request_held_before_is_carried_out_when_released(sandbox: Sandbox, client: Client, news: Channel):
    hold = sandbox.faults.hold("POST", MESSAGES, when="before")
    sending = asyncio.create_task(client.channel(news).send("hello"))
    await hold.reached()
    assert sandbox.messages(news) == []

    hold.release()
    await sending
    assert len(sandbox.messages(news)) == 1


async def test_a_request_held_after_stands_before_its_answer_comes(sandbox: Sandbox, client: Client, news: Channel):
    hold = sandbox.faults.hold("POST", MESSAGES, when="after")
    sending = asyncio.create_task(client.channel(news).send("hello"))
    await hold.reached()
    assert len(sandbox.messages(news)) == 1
    assert not sending.done()

    hold.release()
    assert (await sending).content == "hello"


@pytest.mark.parametrize(("when", "standing"), [("before", 0), ("after", 1)])
async def test_a_held_request_can_be_dropped(sandbox: Sandbox, client: Client, news: Channel, when: str, standing: int):
    hold = sandbox.faults.hold("POST", MESSAGES, when=when)
    sending = asyncio.create_task(client.channel(news).send("hello"))
    await hold.reached()
    hold.drop()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await sending

    assert len(sandbox.messages(news)) == standing


async def test_only_the_requests_named_are_troubled(sandbox: Sandbox, client: Client, news: Channel):
    failure = sandbox.faults.fail("POST", f"/channels/{news.id + 1}/messages", status=503, times=None)
    await client.channel(news).send("hello")
    failure.stop()

    assert failure.hits == 0


async def test_each_request_is_noted_and_shown_to_the_hook(sandbox: Sandbox, client: Client, news: Channel):
    seen = []
    sandbox.on_request = lambda method, path, query, json, files: seen.append((method, path, json["content"]))
    await client.channel(news).send("hello")

    assert seen == [("POST", f"/channels/{news.id}/messages", "hello")]
    assert (sandbox.requests[-1].path, sandbox.requests[-1].json["content"]) == (seen[0][1], "hello")
    assert await sandbox.request_count("POST", MESSAGES, 1) == [sandbox.requests[-1]]
