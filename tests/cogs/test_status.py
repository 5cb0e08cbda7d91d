"""What /status and /feed why tell."""

from __future__ import annotations

import re

import pytest

from newsroom.answers.talk import Tokens
from newsroom.errors import FetchFailed
from newsroom.store.database import LATEST
from tests.cogs.guild import Guild, labels, member
from tests.desk import FEED, post, posts
from tests.makers import entry

OTHER_FEED = "https://blog.example/feed.xml"
UNKNOWN = "None of this server's feeds has brought that."


async def why(guild: Guild, asked: str) -> str:
    return await guild.told("feed why", **{"story-or-link": asked})


# /status


async def test_before_anything_is_set_up_the_status_says_where_to_begin(guild: Guild):
    told = await guild.told("status")

    assert "**Feeds:** none yet; `/feed add` adds the first" in told
    assert "**Last round:** none since the start" in told


async def test_the_status_counts_feeds_and_channels_by_state(guild: Guild):
    other = guild.guild.create_text_channel("other")
    guild.web.put(OTHER_FEED, *posts(8), title="Blog")
    await guild.told("feed add", url=FEED)
    await guild.told("feed add", url=OTHER_FEED, channel=other)
    guild.web.errors[OTHER_FEED] = FetchFailed("That server takes too long to answer.")
    await guild.later(minutes=15)
    await guild.told("channel pause", where=other)

    told = await guild.told("status")

    assert "**Feeds:** 1 failed lately, 1 ok" in told
    assert "**News channels:** 1 open, 1 paused" in told
    assert "**Waiting:** 0 stories on the way" in told
    assert "1 failed, 0 new articles" in told


async def test_the_status_tells_what_runs_here_and_that_it_gets_on(guild: Guild):
    await guild.later()

    told = await guild.told("status")

    assert "**Database:** " in told and f"schema {LATEST}" in told
    assert "**Rounds:** last pass <t:" in told and "**Posting:** last pass <t:" in told
    assert "Popcorn " in told and "discord.py 2." in told


async def test_the_status_tells_what_language_models_took_today_and_no_money(guild: Guild):
    assert "Language models" not in await guild.told("status")
    await guild.with_model("Yes.")
    budget = guild.newsroom.budget
    await budget.correct(await budget.reserve(guild.guild.id, 1, Tokens(1)), Tokens(30_000, 4_000))
    await budget.correct(await budget.reserve(guild.guild.id + 1, 1, Tokens(1)), Tokens(16_000, 0))

    told = await guild.told("status")

    assert "**Language models:** 1 of 60 questions today, 34,000 tokens" in told
    assert "**Language models:** small, 5% of the day's limit used" in told
    await guild.told("channel model", on=False)
    assert "**Language models:** off; `/channel model` lets them write here" in await guild.told("status")


async def test_the_status_tells_what_had_to_be_begun_again(guild: Guild):
    pulse = next(pulse for pulse in guild.bot.pulses if pulse.name == "posting")
    pulse.failures, pulse.stuck = 1, 2

    assert re.search(r"\*\*Posting:\*\* .*, 1 pass failed, 2 tasks begun again\n", await guild.told("status"))


async def test_the_status_is_for_those_who_manage_the_server(guild: Guild):
    guild.allow("status", guild.mod)

    assert await guild.told("status", by=guild.mod) == "For this you need the permission **Manage Server**."


async def test_other_servers_are_none_of_its_business(guild: Guild):
    await guild.told("feed add", url=FEED)
    other = guild.env.create_guild("Elsewhere")
    channel = other.create_text_channel("news")
    carol = member(guild.env, other, "carol", manage_guild=True)

    told = await guild.told("status", by=carol, where=channel)

    assert "**Feeds:** none yet" in told
    assert "**Feeds read here:** 1" in told


# /feed why


async def test_a_posted_story_is_told_with_a_link_to_its_card(guild: Guild):
    await guild.told("feed add", url=FEED)
    await guild.later()
    card = guild.news.last_message

    told = await why(guild, "https://lab.example/posts/3")

    assert told.startswith("**Post 3**\nFound <t:")
    assert f"{guild.news.mention}: [posted]({card.jump_url}) <t:" in told
    assert "I know it again by its " in told and "guid" in told and "link" in told


@pytest.mark.parametrize(
    "asked",
    [
        "http://www.lab.example/posts/3/?utm_source=x",
        "<https://lab.example/posts/3>",
        "HTTPS://LAB.EXAMPLE/posts/3",
    ],
)
async def test_a_link_is_found_however_it_is_spelt(guild: Guild, asked: str):
    await guild.told("feed add", url=FEED)

    assert "**Post 3**" in await why(guild, asked)


async def test_a_card_is_found_by_its_link(guild: Guild):
    await guild.told("feed add", url=FEED)
    await guild.later()

    assert "**Post 3**" in await why(guild, guild.news.last_message.jump_url)


async def test_a_story_is_found_by_its_headline_while_one_types(guild: Guild):
    await guild.told("feed add", url=FEED)

    choices = await guild.choices("feed why", "post 2", option="story-or-link")

    assert [choice["name"] for choice in choices] == ["Post 2 · Lab Notes"]
    assert "**Post 2**" in await why(guild, choices[0]["value"])


async def test_what_was_there_before_counts_as_known(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)

    assert "was there before the channel got the feed" in await why(guild, "https://lab.example/posts/2")


async def test_each_reason_to_wait_is_told(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)
    guild.web.put(FEED, *posts(1, 2, 3, 4))
    await guild.told("channel pause")
    await guild.later(minutes=15)
    link = "https://lab.example/posts/4"
    assert "waits, because the channel is paused." in await why(guild, link)

    await guild.told("feed pause", feed=FEED)
    assert "because the feed is paused here" in await why(guild, link)

    await guild.told("feed resume", feed=FEED)
    guild.take_away(guild.news, "send_messages")
    await guild.told("channel resume")
    await guild.later()
    assert "waits. I may not write in this channel any more" in await why(guild, link)


async def test_a_story_that_was_taken_down_is_told_so(guild: Guild):
    await guild.told("feed add", url=FEED)
    await guild.later()
    panel = await guild.mod.context_menu(guild.news, "Manage story", guild.news.last_message)
    sure = await guild.mod.click(panel.response, label="Take down")
    await guild.mod.click(sure.response, label=labels(sure.response)[0])

    assert "a moderator took it down" in await why(guild, "https://lab.example/posts/3")


async def test_who_else_tells_the_story_is_told(guild: Guild):
    guild.web.put(OTHER_FEED, entry(guid="x", link="https://lab.example/posts/3", title="They did it"), title="Blog")
    await guild.told("feed add", url=FEED)
    await guild.told("feed add", url=OTHER_FEED)

    told = await why(guild, "https://lab.example/posts/3")

    assert "The same story came from **Lab Notes** as well; a channel gets it once." in told


async def test_why_a_feed_was_not_read_lately_is_told(guild: Guild):
    await guild.told("feed add", url=FEED)
    guild.web.errors[FEED] = FetchFailed("That server takes too long to answer.")
    await guild.later(minutes=15)
    await guild.newsroom.rounds.save()

    assert "That failed: That server takes too long to answer." in await why(guild, "https://lab.example/posts/3")


@pytest.mark.parametrize(
    "asked", ["https://nowhere.example/", "Post 3", "#999", "#1e9", "#", "https://discord.com/channels/1/2/3", "\u202e"]
)
async def test_what_no_feed_has_brought_is_told_so(guild: Guild, asked: str):
    await guild.told("feed add", url=FEED)

    assert UNKNOWN in await why(guild, asked)


async def test_what_another_server_reads_is_nobody_else_s_business(guild: Guild):
    other = guild.env.create_guild("Elsewhere")
    channel = other.create_text_channel("news")
    carol = member(guild.env, other, "carol", manage_guild=True)
    guild.web.put(OTHER_FEED, post(77), title="Secret")
    await guild.told("feed add", url=OTHER_FEED, by=carol, where=channel)
    await guild.told("feed add", url=FEED)

    assert UNKNOWN in await why(guild, "https://lab.example/posts/77")
    assert all("77" not in name for name in await guild.completions("feed why", "", option="story-or-link"))


async def test_a_story_that_one_reads_too_tells_nothing_of_another_server_s_feed(guild: Guild):
    other = guild.env.create_guild("Elsewhere")
    channel = other.create_text_channel("news")
    carol = member(guild.env, other, "carol", manage_guild=True)
    guild.web.put(OTHER_FEED, entry(guid="x", link="https://lab.example/posts/3", title="Secret"), title="Secret feed")
    await guild.told("feed add", url=OTHER_FEED, by=carol, where=channel)
    await guild.told("feed add", url=FEED)

    assert all(UNKNOWN in told or "Secret" not in told for told in [await why(guild, f"#{n}") for n in range(1, 6)])
