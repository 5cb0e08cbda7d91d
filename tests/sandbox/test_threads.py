"""Threads and forum posts, by Discord's rules."""

from __future__ import annotations

import discord
import pytest
from simcord.backend.models import Channel, Guild

from sandbox.server import Sandbox
from sandbox.shown import Member
from tests.sandbox.conftest import Client


async def test_a_thread_from_a_message_has_its_id_and_marks_it(sandbox: Sandbox, client: Client, news: Channel):
    message = await client.channel(news).send("a story")
    thread = await message.create_thread(name="talk")

    assert thread.id == message.id
    assert sandbox.messages(news)[0].flags & 1 << 5
    assert [seen.name for seen in sandbox.threads(news)] == ["talk"]
    assert sandbox.messages(thread) == []


async def test_a_message_has_room_for_one_thread(client: Client, news: Channel):
    message = await client.channel(news).send("a story")
    await message.create_thread(name="talk")

    with pytest.raises(discord.HTTPException) as refused:
        await client.http.start_thread_with_message(news.id, message.id, name="again", auto_archive_duration=1440)
    assert refused.value.code == 160004


async def test_a_thread_name_has_1_to_100_characters(client: Client, news: Channel):
    message = await client.channel(news).send("a story")
    with pytest.raises(discord.HTTPException) as refused:
        await message.create_thread(name="x" * 101)
    assert refused.value.code == 50035


async def test_a_forum_posts_first_message_has_its_id_and_is_not_counted(
    sandbox: Sandbox, forum: Channel, client: Client
):
    thread, message = await client.forum(forum).create_thread(
        name="Headline", content="the card", applied_tags=[client.forum(forum).available_tags[0]]
    )

    assert thread.id == message.id
    post = sandbox.threads(forum)[0]
    assert (post.name, post.message_count, len(post.applied_tags)) == ("Headline", 0, 1)
    assert [seen.content for seen in sandbox.messages(thread)] == ["the card"]


async def test_answers_in_a_forum_post_are_counted_and_private_ones_are_not(
    sandbox: Sandbox, forum: Channel, bob: Member, client: Client
):
    thread, _ = await client.forum(forum).create_thread(name="Headline", content="the card")
    answer = sandbox.say(bob, thread, "my view")
    sandbox.say(bob, thread, "and another")
    sandbox.delete_message(answer)

    sandbox.world.create_message(thread.id, sandbox.world.bot_user.id, "only you see this", flags=64)
    assert sandbox.threads(forum)[0].message_count == 1


async def test_a_forum_that_requires_a_tag_refuses_a_post_without(sandbox: Sandbox, guild: Guild, client: Client):
    strict = sandbox.add_forum(guild, "strict", ["news"], require_tag=True)
    forum = await client.fetch_channel(strict.id)
    assert isinstance(forum, discord.ForumChannel)

    assert forum.flags.require_tag
    with pytest.raises(discord.HTTPException) as refused:
        await forum.create_thread(name="Headline", content="the card")
    assert (refused.value.status, refused.value.code) == (400, 40067)
    await forum.create_thread(name="Headline", content="the card", applied_tags=[forum.available_tags[0]])


async def test_a_plain_message_into_a_forum_is_refused(forum: Channel, client: Client):
    with pytest.raises(discord.HTTPException) as refused:
        await client.get_partial_messageable(forum.id).send("hello")
    assert refused.value.code == 50008


async def test_posting_brings_an_archived_thread_back(sandbox: Sandbox, client: Client, news: Channel):
    thread = sandbox.add_thread(news, "talk")
    sandbox.edit_thread(thread, archived=True)
    await client.get_partial_messageable(thread.id).send("hello")

    assert not sandbox.threads(news)[0].archived


@pytest.mark.parametrize(("archived", "code"), [(False, 160005), (True, 50083)])
async def test_a_locked_thread_takes_no_messages(
    sandbox: Sandbox, client: Client, news: Channel, archived: bool, code: int
):
    thread = sandbox.add_thread(news, "talk")
    sandbox.edit_thread(thread, locked=True, archived=archived)

    with pytest.raises(discord.Forbidden) as refused:
        await client.get_partial_messageable(thread.id).send("hello")
    assert refused.value.code == code


async def test_deleting_a_thread_needs_manage_threads(sandbox: Sandbox, forum: Channel, client: Client):
    thread, _ = await client.forum(forum).create_thread(name="Headline", content="the card")
    with pytest.raises(discord.Forbidden):
        await thread.delete()
    sandbox.set_bot_permissions(forum, manage_threads=True)
    await thread.delete()

    assert sandbox.threads(forum) == []


async def test_its_owner_may_archive_a_thread(sandbox: Sandbox, forum: Channel, client: Client):
    thread, _ = await client.forum(forum).create_thread(name="Headline", content="the card")
    await thread.edit(archived=True)

    assert sandbox.threads(forum)[0].archived


async def test_active_and_archived_posts_of_a_forum_are_listed(
    sandbox: Sandbox, forum: Channel, guild: Guild, client: Client
):
    posts = [(await client.forum(forum).create_thread(name=f"{n}", content="card")).thread for n in range(4)]
    for post in posts[:3]:
        sandbox.edit_thread(post, archived=True)

    active = await client.http.get_active_threads(guild.id)
    archived = [thread.name async for thread in client.forum(forum).archived_threads(limit=None)]
    newest = await client.http.get_public_archived_threads(forum.id, limit=2)
    assert [thread["name"] for thread in active["threads"]] == ["3"]
    assert archived == ["2", "1", "0"]
    assert (len(newest["threads"]), newest["has_more"]) == (2, True)
