"""What members and moderators are promised of debates."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from cogs.discussions import MUTE
from newsroom.answers.chat import Models
from newsroom.errors import Failure, ModelFailed
from tests.cogs.guild import Guild, buttons, labels, read, told_in
from tests.fakes import FakeModel

SILENT = 1 << 12
STANDS = ["Open source", "Proprietary", "It depends"]


@pytest.fixture
async def card(guild: Guild) -> Any:
    """A story in #news, where debates are on; the bot looks every ten seconds."""
    card = await guild.team_card()
    await guild.told("channel discussion", debate=True)
    await guild.look_every(seconds=10)
    return card


async def begun(guild: Guild, rounds: int = 1, minutes: int = 2, **options: Any) -> Any:
    """Have Mod start a debate on the only story; return its thread."""
    story = (await guild.choices("debate start", by=guild.mod, option="story"))[0]["value"]
    told = await guild.told("debate start", by=guild.mod, story=story, rounds=rounds, minutes=minutes, **options)
    assert told.startswith("The debate is in <#"), told
    await guild.later(seconds=20)
    (thread,) = guild.news.threads
    return thread


def said(thread: Any, text: str) -> Any:
    """The one message in a thread that holds this text."""
    (message,) = [message for message in thread.history() if text in message.content]
    return message


async def test_a_debate_without_a_model_goes_from_votes_over_rounds_to_votes_and_a_result(guild: Guild, card: Any):
    thread = await begun(guild, rounds=2)
    opening = said(thread, "Before it begins: where do you stand?")
    assert labels(opening) == [*STANDS, "Take the floor", "Stop"]
    voters = guild.crowd(12)
    for member in voters:
        await member.click(opening, label="Proprietary")

    await guild.later(minutes=2, seconds=30)
    first = said(thread, "Round 1 of 2.")
    assert labels(first) == ["Take the floor", "Stop"]
    await guild.later(minutes=2, seconds=30)
    said(thread, "Round 2 of 2.")
    await guild.later(minutes=2, seconds=30)
    closing = said(thread, "Where do you stand now?")
    for number, member in enumerate(voters):
        await member.click(closing, label="Open source" if number < 4 else "Proprietary")
    await guild.later(minutes=2, seconds=30)

    result = said(thread, "wins the debate")
    assert "**Team Open Source wins the debate:**" in result.content
    assert "Moved: 🟦\xa04 to Team Open Source · 🟧\xa0fewer than 3 to Team Proprietary" in result.content
    assert "12 voted before, 12 after, 12 both times" in result.content
    assert [buttons(guild.fresh(message)) for message in (opening, first, closing, result)] == [[], [], [], []]
    assert all(request.json["flags"] & SILENT for request in guild.requests("POST", f"/channels/{thread.id}/messages"))


async def test_moderators_stop_a_debate_at_once_and_the_admins_read_who_did(guild: Guild, card: Any):
    ops = guild.guild.create_text_channel("ops")
    told_in(guild, ops)
    thread = await begun(guild)
    opening = said(thread, "Before it begins: where do you stand?")

    refused = await guild.bob.click(opening, label="Stop")
    stopped = await guild.mod.click(opening, label="Stop")
    await guild.later(seconds=20)

    assert "Manage Messages" in read(refused.response)
    assert read(stopped.response) == "Stopped."
    said(thread, "without a result")
    assert ops.last_message.content == f"<@{guild.mod.id}> stopped the debate in <#{thread.id}>."
    assert labels(guild.fresh(opening)) == []


async def test_two_models_argue_in_turns_labelled_by_name_and_moderators_can_remove_a_round(guild: Guild, card: Any):
    guild.chat = Models(
        open=FakeModel(["Anybody can run these weights."], "llama-4"),
        proprietary=FakeModel([ModelFailed(Failure.SLOW)], "closed-1"),
    )
    await guild.restart()
    ops = guild.guild.create_text_channel("ops")
    told_in(guild, ops)
    thread = await begun(guild)
    await guild.later(minutes=2, seconds=30)

    case = said(thread, "Anybody can run these weights.")
    assert case.content.split("\n")[0] == "🟦 **Team Open Source** · round 1 of 1"
    assert "-# Written by llama-4, a language model: it may be wrong" in case.content
    assert "No case from closed-1. The language model took too long." in said(thread, "🟧 **Team Proprietary**").content

    asked = await guild.mod.context_menu(thread, "Remove take", case)
    await guild.mod.click(asked.response, label="Remove it")
    await guild.later(seconds=20)

    assert not [message for message in thread.history() if "Anybody can run" in message.content]
    assert ops.last_message.content == f"<@{guild.mod.id}> removed a round of a debate in <#{thread.id}>."


async def test_take_the_floor_asks_for_a_hot_take_which_is_shown_in_the_thread(guild: Guild, card: Any):
    thread = await begun(guild)
    opening = said(thread, "Before it begins: where do you stand?")

    form = await guild.bob.click(opening, label="Take the floor")

    assert form.modal["custom_id"].startswith("hot:")


async def test_only_the_member_reads_where_the_member_stands(guild: Guild, card: Any):
    thread = await begun(guild)
    opening = said(thread, "Before it begins: where do you stand?")

    told = await guild.bob.click(opening, label="Proprietary")

    assert told.ephemeral
    assert read(told.response).startswith("Before this debate: **Team Proprietary**. Nobody in this server sees it")
    assert guild.fresh(opening).content == opening.content


async def test_debates_are_off_until_an_admin_turns_them_on(guild: Guild):
    await guild.team_card()
    story = (await guild.choices("debate start", by=guild.mod, option="story"))[0]["value"]

    assert await guild.told("debate start", by=guild.mod, story=story) == (
        f"Debates are off in <#{guild.news.id}>. `/channel discussion debate:True` turns them on."
    )


async def test_there_is_one_debate_at_a_time(guild: Guild, card: Any):
    thread = await begun(guild)

    told = await guild.slash("debate start", by=guild.mod, where=thread)

    assert told.ephemeral and read(told.response).startswith(
        f"There is a debate in this server already, in <#{thread.id}>. One at a time."
    )
    stopped = await guild.mod.click(told.response, label="Stop")
    await guild.later(seconds=20)
    assert read(stopped.response) == "Stopped."
    said(thread, "without a result")


async def test_who_moderates_one_channel_neither_sees_nor_stops_a_debate_in_another(guild: Guild, card: Any):
    thread = await begun(guild)
    mark = said(thread, "Before it begins: where do you stand?").components[0].children[0].custom_id.split(":")[1]
    denied = discord.Permissions(manage_messages=True).value
    guild.env.backend.set_overwrite(guild.news.id, Overwrite(guild.mod.id, OverwriteType.MEMBER, deny=denied))
    other = guild.guild.create_text_channel("other")
    await guild.env.settle()

    stopped = await guild.counterfeit(guild.mod, f"stop:{mark}", where=other)

    assert read(stopped.response) == f"For this you need **Manage Messages** in <#{thread.id}>."
    assert "where do you stand" in said(thread, "Before it begins: where do you stand?").content


async def test_where_the_bot_may_not_speak_no_debate_begins(guild: Guild, card: Any):
    guild.take_away(guild.news, "send_messages_in_threads")
    await guild.env.settle()
    story = (await guild.choices("debate start", by=guild.mod, option="story"))[0]["value"]

    told = await guild.told("debate start", by=guild.mod, story=story)

    assert told == MUTE.format(channel_id=guild.news.id)
    assert (guild.news.threads, (await guild.rows())["debate"]) == ([], [])


async def test_a_member_who_may_do_nothing_special_begins_no_debate_and_is_offered_no_story(guild: Guild, card: Any):
    guild.allow("debate", guild.bob)

    assert "Manage Messages" in await guild.told("debate start", by=guild.bob, story="1")
    assert await guild.completions("debate start", by=guild.bob, option="story") == []


async def test_a_story_that_nobody_can_mean_is_refused_in_words(guild: Guild, card: Any):
    assert "I know no story" in await guild.told("debate start", by=guild.mod, story="Bananas on Mars")
    assert "Which story?" in await guild.told("debate start", by=guild.mod)


async def test_buttons_that_none_of_ours_has_are_answered_with_a_sentence(guild: Guild, card: Any):
    thread = await begun(guild)
    forged = f"stand:1.{'0' * 24}:before:open"

    assert read((await guild.counterfeit(guild.bob, forged, where=thread)).response) == "That debate is over."


async def test_after_a_restart_the_debate_goes_on_and_its_buttons_work(guild: Guild, card: Any):
    thread = await begun(guild)
    opening = said(thread, "Before it begins: where do you stand?")
    await guild.restart()

    assert "Before this debate" in read((await guild.bob.click(opening, label="Proprietary")).response)
    await guild.later(minutes=2, seconds=30)

    said(thread, "Round 1 of 1.")
