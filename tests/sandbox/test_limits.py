"""Rate limits: what their headers say, and what happens to whoever goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
from simcord.backend.models import Channel

from sandbox.server import TOKEN, Sandbox
from tests.sandbox.conftest import Client


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(sandbox.api_url + "/", headers={"Authorization": f"Bot {TOKEN}"}) as session:
        yield session


async def test_a_channel_takes_five_messages_and_says_how_many_are_left(http: aiohttp.ClientSession, news: Channel):
    answers = [await http.post(f"channels/{news.id}/messages", json={"content": "x"}) for _ in range(6)]

    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"5"}
    assert len({answer.headers["X-RateLimit-Bucket"] for answer in answers}) == 1
    refused = await answers[-1].json()
    assert 0 < refused["retry_after"] <= float(answers[-1].headers["X-RateLimit-Reset-After"]) + 0.001 <= 5.001
    assert (refused["global"], answers[-1].headers["Via"]) == (False, "1.1 sandbox")
    assert int(answers[-1].headers["Retry-After"]) >= 1


async def test_channels_have_buckets_of_their_own(sandbox: Sandbox, http: aiohttp.ClientSession, guild, news: Channel):
    other = sandbox.add_text_channel(guild, "other")
    for _ in range(5):
        await http.post(f"channels/{news.id}/messages", json={"content": "x"})

    assert (await http.post(f"channels/{other.id}/messages", json={"content": "x"})).status == 200


async def test_51_requests_in_a_second_hit_the_global_limit(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.limits.time.monotonic", lambda: 1000.0)
    answers = [await http.get("users/@me") for _ in range(51)]

    assert [answer.status for answer in answers] == [200] * 50 + [429]
    assert answers[-1].headers["X-RateLimit-Global"] == "true"
    assert (await answers[-1].json())["global"] is True


async def test_interactions_are_outside_the_global_limit(http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sandbox.limits.time.monotonic", lambda: 1000.0)
    for _ in range(50):
        await http.get("users/@me")

    assert (await http.post("interactions/1/token/callback", json={"type": 1})).status == 404
    assert (await http.get("users/@me")).status == 429


async def test_ten_messages_an_hour_may_be_published(
    sandbox: Sandbox, announcements: Channel, client: Client, monkeypatch: pytest.MonkeyPatch
):
    sandbox.limits.enabled = False
    messages = [await client.channel(announcements).send("news") for _ in range(11)]
    sandbox.limits.enabled = True
    for message in messages[:10]:
        await message.publish()

    with pytest.raises(discord.RateLimited) as refused:
        await messages[10].publish()
    assert 3000 < refused.value.retry_after <= 3600


async def test_limits_can_be_switched_off(news: Channel, http: aiohttp.ClientSession, sandbox: Sandbox):
    sandbox.limits.enabled = False
    answers = [await http.post(f"channels/{news.id}/messages", json={"content": "x"}) for _ in range(60)]

    assert {answer.status for answer in answers} == {200}


async def test_the_content_type_is_exactly_json(http: aiohttp.ClientSession):
    assert (await http.get("users/@me")).headers["Content-Type"] == "application/json"


async def test_a_wrong_token_is_401(http: aiohttp.ClientSession):
    assert (await http.get("users/@me", headers={"Authorization": "Bot wrong"})).status == 401


@pytest.mark.parametrize("headers", [{"Host": "sandbox.example"}, {"Origin": "https://elsewhere.example"}])
async def test_pages_elsewhere_are_kept_out(http: aiohttp.ClientSession, headers: dict[str, str]):
    assert (await http.get("users/@me", headers=headers)).status == 403
