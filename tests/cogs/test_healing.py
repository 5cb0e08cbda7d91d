"""Limits, lists and channels that heal, as members and admins meet them in Discord."""

from __future__ import annotations

from typing import Any

import discord
from discord.utils import utcnow
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from tests.cogs.guild import Guild, labels, options, read
from tests.desk import FEED, post

REASON = "I may not write in this channel any more"


def publish(guild: Guild, *numbers: int) -> None:
    fresh = [post(number, published=utcnow()) for number in sorted(numbers, reverse=True)]
    guild.web.put(FEED, *fresh, *guild.web.documents[FEED].entries)


# Limits


async def test_limits_are_shown_and_changed(guild: Guild, ops: Any):
    news = guild.news.mention
    assert await guild.told("channel limits") == (
        f"{news} gets 4 cards an hour and 20 a day. What is over comes in one silent list at 18:00."
    )

    assert await guild.told("channel limits", per_hour=1, by=guild.mod) == (
        f"{news} gets 1 card an hour and 20 a day. What is over comes in one silent list at 18:00."
    )

    assert await guild.told("channel limits", per_hour=0, per_day=0, channel=guild.news, where=ops) == (
        f"{news} gets any number of cards an hour and any number a day."
    )


async def test_limits_of_a_channel_without_news_are_none(guild: Guild, ops: Any):
    assert "gets no news" in await guild.told("channel limits", where=ops)


async def test_who_may_not_manage_the_channel_meant_may_not_limit_it(guild: Guild, ops: Any):
    hidden = guild.guild.create_text_channel("hidden")
    await guild.told("feed add", url=FEED, channel=hidden)
    denied = discord.Permissions(manage_messages=True).value
    guild.env.backend.set_overwrite(hidden.id, Overwrite(guild.mod.id, OverwriteType.MEMBER, deny=denied))

    told = await guild.told("channel limits", by=guild.mod, channel=hidden, per_hour=0)

    assert "Manage Messages" in told


async def test_what_is_over_the_limit_comes_in_a_silent_list_at_six(guild: Guild, ops: Any):
    await guild.told("channel limits", per_hour=2)
    publish(guild, 11, 12, 13, 14)
    await guild.later(minutes=20)
    assert guild.headlines() == ["Post 11", "Post 12"]
    await guild.look_every(hours=1)
    await guild.later(hours=19)

    page = guild.news.last_message

    assert page.content == "More stories, 1 January"
    assert page.flags.silent
    assert page.embeds[0].description == (
        "• [Post 14](https://lab.example/posts/14) · Lab Notes\n• [Post 13](https://lab.example/posts/13) · Lab Notes"
    )
    assert labels(page) == ["Why so late?"]
    why = await guild.bob.click(page, label="Why so late?")
    assert (
        read(why.response)
        == "2 cards had come in an hour. Moderators change how many cards come with `/channel limits`."
    )


async def test_in_a_forum_the_list_is_a_post(guild: Guild, ops: Any):
    forum = guild.guild.create_forum_channel("forum")
    await guild.told("feed add", url=FEED, channel=forum, backfill=0)
    await guild.told("channel limits", channel=forum, per_hour=1)
    publish(guild, 11, 12)
    await guild.later(minutes=20)
    await guild.look_every(hours=1)
    await guild.later(hours=19)

    assert [thread.name for thread in forum.threads] == ["Post 11", "More stories, 1 January"]


# Healing


async def test_a_channel_that_may_be_written_in_again_goes_on_by_itself(guild: Guild, ops: Any):
    guild.take_away(guild.news, "send_messages")
    publish(guild, 11, 12)
    await guild.later(minutes=20)
    assert guild.headlines() == []

    guild.give_back(guild.news)
    await guild.later(minutes=10)

    assert guild.headlines() == ["Post 11", "Post 12"]


async def test_a_channel_that_refuses_us_is_asked_once_in_half_an_hour(guild: Guild, ops: Any):
    guild.take_away(guild.news, "send_messages")
    publish(guild, 11)
    await guild.later(hours=3)

    refused = [request for request in guild.requests("POST", f"/channels/{guild.news.id}/messages")]

    assert 2 <= len(refused) <= 7


async def test_that_a_channel_gets_nothing_any_more_is_told_at_once_with_buttons(guild: Guild, ops: Any):
    guild.take_away(guild.news, "send_messages")
    publish(guild, 11)
    await guild.later(minutes=25)

    [alert] = ops.history()

    assert alert.embeds[0].description.startswith(f"{guild.news.mention} gets nothing any more. {REASON}")
    assert "1 story waits for it; nothing is lost." in alert.embeds[0].description
    assert labels(alert) == ["Retry", "Pause", "Replace"]


async def test_retry_tries_the_channel_at_once(guild: Guild, ops: Any):
    guild.take_away(guild.news, "send_messages")
    publish(guild, 11)
    await guild.later(minutes=25)

    result = await guild.alice.click(ops.last_message, label="Retry")

    assert read(result.response) == f"I try {guild.news.mention} again now: 1 story waits for it."


async def test_retry_of_an_old_alert_leaves_a_pause_alone(guild: Guild, ops: Any):
    guild.take_away(guild.news, "send_messages")
    publish(guild, 11)
    await guild.later(minutes=25)
    alert = ops.last_message
    await guild.told("channel pause")

    refused = await guild.alice.click(alert, label="Retry")
    assert read(refused.response) == (
        f"{guild.news.mention} is paused: `/channel resume` there lets news in. 1 story waits for it."
    )

    guild.give_back(guild.news)
    mended = await guild.alice.click(alert, label="Retry")
    assert read(mended.response) == (
        f"I may post in {guild.news.mention} again already, but it is paused: "
        "`/channel resume` there lets news in. 1 story waits for it."
    )
    await guild.later(minutes=10)
    assert guild.headlines() == []

    await guild.told("channel resume")
    await guild.later(minutes=10)
    assert guild.headlines() == ["Post 11"]


async def test_retry_says_so_where_nothing_is_wrong_any_more(guild: Guild, ops: Any):
    guild.take_away(guild.news, "send_messages")
    publish(guild, 11)
    await guild.later(minutes=25)
    guild.give_back(guild.news)
    await guild.later(minutes=10)

    result = await guild.alice.click(ops.last_message, label="Retry")

    assert read(result.response) == f"I may post in {guild.news.mention} again already."


async def test_another_channel_takes_the_place_of_one_that_was_deleted(guild: Guild, ops: Any):
    guild.guild.create_text_channel("fresh")
    publish(guild, 11)
    guild.env.backend.delete_channel(guild.news.id)
    await guild.later(minutes=25)
    asked = await guild.alice.click(ops.last_message, label="Replace")
    fresh = next(option for option in options(asked.response) if option["label"] == "#fresh")

    moved = await guild.alice.select(asked.response, [fresh["value"]])

    assert "takes the place of" in read(moved.response) and "1 story that waited comes there now." in read(
        moved.response
    )
    await guild.later(minutes=10)
    channel = next(channel for channel in guild.guild.channels.values() if channel.name == "fresh")
    assert guild.headlines(channel) == ["Post 11"]


async def test_of_what_goes_to_a_paused_channel_instead_it_is_said_that_it_waits(guild: Guild, ops: Any):
    other = guild.guild.create_text_channel("other")
    await guild.told("feed add", url=FEED, channel=other, backfill=0)
    await guild.told("channel pause", where=other)
    await guild.told("feed remove", feed=FEED, channel=other)
    publish(guild, 11)
    guild.env.backend.delete_channel(guild.news.id)
    await guild.later(minutes=25)
    asked = await guild.alice.click(ops.last_message, label="Replace")

    moved = await guild.alice.select(asked.response, [str(other.id)])

    assert read(moved.response) == (
        f"{other.mention} takes the place of {guild.news.mention}. "
        "1 story waits there, because that channel is paused: `/channel resume` there lets news in."
    )


async def test_a_feed_listing_says_that_news_goes_on_by_itself(guild: Guild, ops: Any):
    guild.take_away(guild.news, "send_messages")
    publish(guild, 11)
    await guild.later(minutes=20)

    told = await guild.told("feed list")

    assert "Then I go on by myself; `/channel resume` there tries it at once." in told
    assert " · can't post there\n" in told


async def test_a_server_that_removes_the_bot_and_takes_it_back_loses_nothing(guild: Guild, ops: Any):
    publish(guild, 11)
    await guild.newsroom.presence.left(guild.guild.id)
    await guild.later(minutes=20)
    assert guild.headlines() == []

    await guild.restart()
    await guild.later(minutes=20)

    assert guild.headlines() == ["Post 11"]
