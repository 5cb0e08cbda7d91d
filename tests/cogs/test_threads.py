"""What members are promised of Discuss and More, and of the threads in which stories are discussed."""

from __future__ import annotations

from typing import Any

from tests.cogs.guild import TEAM_HEADLINE, Guild, read

SILENT = 1 << 12


async def discussed(guild: Guild) -> tuple[Any, Any]:
    """Have Bob click on Discuss under a card; return the card and its thread."""
    card = await guild.team_card()
    await guild.bob.click(card, label="Discuss")
    await guild.later()
    (thread,) = guild.news.threads
    return card, thread


async def test_the_first_click_on_discuss_opens_a_thread_and_adds_who_clicked(guild: Guild):
    card = await guild.team_card()

    told = await guild.bob.click(card, label="Discuss")
    await guild.later()

    (thread,) = guild.news.threads
    assert (thread.id, thread.name) == (card.id, TEAM_HEADLINE)
    assert told.ephemeral
    assert read(told.response) == f"The discussion is in <#{thread.id}>. You're in it, so you hear what follows."
    assert guild.requests("PUT", f"/channels/{thread.id}/thread-members/{guild.bob.id}")


async def test_the_opener_says_what_the_story_says_and_asks_a_question_for_each_side(guild: Guild):
    _, thread = await discussed(guild)

    (opener,) = thread.history()
    summary, basis, for_open, for_proprietary, standing = opener.content.split("\n")
    assert summary.startswith("> The weights are open.")
    assert basis == "-# The story, in its source's own words"
    assert for_open.startswith("🟦 **Team Open Source:** ")
    assert for_proprietary.startswith("🟧 **Team Proprietary:** ")
    assert standing == "-# Where this server stands: 0 members on a side so far, too few to call"
    assert guild.requests("POST", f"/channels/{thread.id}/messages")[-1].json["flags"] & SILENT


async def test_everybody_who_clicks_on_discuss_is_added_to_the_one_thread(guild: Guild):
    card, thread = await discussed(guild)

    await guild.alice.click(card, label="Discuss")
    await guild.later()

    assert len(guild.news.threads) == len(thread.history()) == 1
    assert guild.requests("PUT", f"/channels/{thread.id}/thread-members/{guild.alice.id}")
