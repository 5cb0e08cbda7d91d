"""What Discord does with a message, a nonce, a permission that is missing."""

from __future__ import annotations

import io
from datetime import timedelta

import discord
import pytest
from simcord.backend.models import Channel

from sandbox.server import Sandbox
from sandbox.shown import Member
from tests.sandbox.conftest import Client


async def test_the_same_nonce_twice_makes_one_message(sandbox: Sandbox, client: Client, news: Channel):
    first = await client.channel(news).send("once", nonce="n" * 24)
    second = await client.channel(news).send("once", nonce="n" * 24)

    assert second.id == first.id
    assert [message.nonce for message in sandbox.messages(news)] == ["n" * 24]


async def test_a_nonce_is_forgotten_after_some_minutes(sandbox: Sandbox, client: Client, news: Channel):
    await client.channel(news).send("once", nonce="n")
    sandbox.pass_time(181)
    await client.channel(news).send("again", nonce="n")

    assert [message.content for message in sandbox.messages(news)] == ["once", "again"]


async def test_a_nonce_comes_back_in_the_answer_and_never_in_the_history(client: Client, news: Channel):
    sent = await client.channel(news).send("hello", nonce="n")
    seen = await client.channel(news).fetch_message(sent.id)

    assert (sent.nonce, seen.nonce) == ("n", None)


async def test_a_nonce_of_26_characters_is_refused(client: Client, news: Channel):
    with pytest.raises(discord.HTTPException, match="nonce"):
        await client.channel(news).send("hello", nonce="n" * 26)


async def test_history_can_be_searched_by_the_time_a_message_was_sent(client: Client, news: Channel):
    sent = await client.channel(news).send("hello")
    now = discord.utils.utcnow()

    assert abs(sent.created_at - now) < timedelta(minutes=1)
    found = [message.id async for message in client.channel(news).history(after=now - timedelta(minutes=1))]
    assert found == [sent.id]
    assert [message async for message in client.channel(news).history(after=now + timedelta(minutes=1))] == []


async def test_without_read_message_history_the_history_is_empty(sandbox: Sandbox, client: Client, news: Channel):
    await client.channel(news).send("hello")
    sandbox.set_bot_permissions(news, read_message_history=False)

    assert await client.http.logs_from(news.id, 50) == []


async def test_embeds_vanish_silently_without_embed_links(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.set_bot_permissions(news, embed_links=False)
    sent = await client.channel(news).send("a card", embed=discord.Embed(title="lost"))

    assert sent.embeds == []
    with pytest.raises(discord.HTTPException) as refused:
        await client.channel(news).send(embed=discord.Embed(title="lost"))
    assert refused.value.code == 50006


async def test_a_file_needs_attach_files(sandbox: Sandbox, client: Client, news: Channel):
    sent = await client.channel(news).send(file=discord.File(io.BytesIO(b"one"), "one.txt", description="a file"))
    sandbox.set_bot_permissions(news, attach_files=False)

    assert (sent.attachments[0].filename, sent.attachments[0].description) == ("one.txt", "a file")
    with pytest.raises(discord.Forbidden) as refused:
        await client.channel(news).send(file=discord.File(io.BytesIO(b"two"), "two.txt"))
    assert refused.value.code == 50013


async def test_a_file_of_more_than_10_mib_is_refused(client: Client, news: Channel):
    with pytest.raises(discord.HTTPException) as refused:
        await client.channel(news).send(file=discord.File(io.BytesIO(b"x" * (10 * 1024 * 1024 + 1)), "big"))
    assert (refused.value.status, refused.value.code) == (413, 40005)


@pytest.mark.parametrize(
    ("permission", "code"), [("send_messages", 50013), ("view_channel", 50001)], ids=["send", "view"]
)
async def test_a_missing_permission_has_its_own_code(
    sandbox: Sandbox, client: Client, news: Channel, permission: str, code: int
):
    sandbox.set_bot_permissions(news, **{permission: False})
    with pytest.raises(discord.Forbidden) as refused:
        await client.channel(news).send("hello")
    assert refused.value.code == code


async def test_a_deleted_channel_is_unknown(sandbox: Sandbox, client: Client, news: Channel):
    channel = client.channel(news)
    sandbox.delete_channel(news)
    with pytest.raises(discord.NotFound) as refused:
        await channel.send("hello")
    assert refused.value.code == 10003


def buttons(count: int, **fields: object) -> list[dict[str, object]]:
    return [{"type": 2, "style": 2, "label": "B", "custom_id": f"b{number}", **fields} for number in range(count)]


def rows(*of: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{"type": 1, "components": each} for each in of]


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2001},
        {"embeds": [{"title": "x" * 257}]},
        {"embeds": [{"description": "x" * 4097}]},
        {"embeds": [{"description": "x" * 3001}, {"description": "x" * 3001}]},
        {"embeds": [{"title": "t"}] * 11},
        {"embeds": [{"title": "t", "url": "javascript:alert(1)"}]},
        {"embeds": [{"title": "t", "image": {"url": "no address"}}]},
        {"embeds": [{"title": "t", "timestamp": "yesterday"}]},
        {"embeds": [{"fields": [{"name": "", "value": "v"}]}]},
        {"content": "x", "components": rows(*[buttons(1)] * 6)},
        {"content": "x", "components": rows(buttons(6))},
        {"content": "x", "components": rows(buttons(1), buttons(1))},
        {"content": "x", "components": rows(buttons(1, custom_id="x" * 101))},
        {"content": "x", "components": rows(buttons(1, label="x" * 81))},
        {"content": "x", "components": rows([{"type": 2, "style": 2, "custom_id": "bare"}])},
        {"content": "x", "components": rows([{"type": 2, "style": 5, "label": "L", "url": "file:///etc/passwd"}])},
        {
            "content": "x",
            "components": rows([{"type": 2, "style": 5, "label": "L", "url": "https://e.eu/" + "x" * 500}]),
        },
        {"flags": 1 << 15, "content": "x", "components": [{"type": 10, "content": "text"}]},
    ],
)
async def test_what_breaks_a_limit_is_refused_as_an_invalid_form_body(client: Client, news: Channel, body: dict):
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=news.id)
    with pytest.raises(discord.HTTPException) as refused:
        await client.http.request(route, json=body)
    assert (refused.value.status, refused.value.code) == (400, 50035)


async def test_what_keeps_to_the_limits_is_taken(client: Client, news: Channel):
    view = discord.ui.View()
    for number in range(25):
        view.add_item(discord.ui.Button(label="B" * 80, custom_id=str(number) * 50))
    embed = discord.Embed(title="t" * 256, description="d" * 4096, url="https://lab.example/1")
    sent = await client.channel(news).send("x" * 2000, embed=embed, view=view)

    assert len(sent.content) == 2000


async def test_others_messages_have_no_content_without_the_intent(
    sandbox: Sandbox, bob: Member, client: Client, news: Channel
):
    sandbox.say(bob, news, "private thoughts")
    await client.channel(news).send("my own")

    contents = [message.content async for message in client.channel(news).history()]
    assert contents == ["my own", ""]


async def test_publishing_marks_the_message_and_happens_once(sandbox: Sandbox, announcements: Channel, client: Client):
    message = await client.channel(announcements).send("news")
    await message.publish()

    assert sandbox.messages(announcements)[0].flags & 1
    with pytest.raises(discord.HTTPException) as refused:
        await message.publish()
    assert refused.value.code == 40033


async def test_publishing_outside_an_announcement_channel_is_refused(client: Client, news: Channel):
    message = await client.channel(news).send("news")
    with pytest.raises(discord.HTTPException) as refused:
        await client.http.publish_message(news.id, message.id)
    assert refused.value.code == 50024
