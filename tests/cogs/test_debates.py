"""What members and moderators are promised of debates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cogs.guild import Guild, buttons, labels, read, told_in

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
    opening = said(thread, "Where do you stand before?")
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
    assert "**Team Open Source** **wins the debate:**" in result.content
    assert "Moved: 🟦 4 to Team Open Source · 🟧 fewer than 3 to Team Proprietary" in result.content
    assert "12 voted before, 12 after, 12 both times" in result.content
    assert [buttons(guild.fresh(message)) for message in (opening, first, closing, result)] == [[], [], [], []]
    assert all(request.json["flags"] & SILENT for request in guild.requests("POST", f"/channels/{thread.id}/messages"))


async def test_moderators_stop_a_debate_at_once_and_the_admins_read_who_did(guild: Guild, card: Any):
    ops = guild.guild.create_text_channel("ops")
    told_in(guild, ops)
    thread = await begun(guild)
    opening = said(thread, "Where do you stand before?")

    refused = await guild.bob.click(opening, label="Stop")
    stopped = await guild.mod.click(opening, label="Stop")
    await guild.later(seconds=20)

    assert "Manage Messages" in read(refused.response)
    assert read(stopped.response) == "Stopped."
    said(thread, "without a result")
    assert ops.last_message.content == f"<@{guild.mod.id}> stopped the debate in <#{thread.id}>."
    assert labels(guild.fresh(opening)) == []
