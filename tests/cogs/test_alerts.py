"""What admins are promised to hear: where they read it, and what a click on it does."""

from __future__ import annotations

from typing import Any

import pytest

from newsroom.errors import FetchFailed
from tests.cogs.guild import Guild, buttons, labels, options, read, told_in
from tests.desk import FEED, post, posts
from tests.makers import entry

NEW_HOME = "https://new.example/feed.xml"


def renamed() -> list[Any]:
    return [post(n, guid=f"new {n}", link=f"https://lab.example/?p={n}", title=f"Post {n}") for n in range(1, 9)]


async def hold(guild: Guild) -> None:
    guild.web.put(FEED, *posts(*range(1, 9)))
    await guild.later(minutes=20)
    guild.web.put(FEED, *renamed())
    await guild.later(minutes=20)


async def lose(guild: Guild) -> None:
    guild.web.errors[FEED] = FetchFailed("That address answered 410: what was there is gone for good.", status=410)
    await guild.later(minutes=20)


def told(channel: Any) -> list[str]:
    """What stands in the alerts of a channel, oldest first."""
    return [message.embeds[0].description for message in channel.history() if message.embeds]


async def click(guild: Guild, message: Any, label: str, *, by: Any = None) -> str:
    """Click on a button of an alert, and return what the admin, and nobody else, then reads."""
    result = await (by or guild.alice).click(message, label=label)
    assert result.ephemeral
    return read(result.response)


# Where it is told


async def test_a_channel_is_chosen_and_told_again(guild: Guild):
    ops = guild.guild.create_text_channel("ops")
    assert "No channel is chosen." in await guild.told("channel alerts")

    assert await guild.told("channel alerts", channel=ops) == f"From now on I tell in {ops.mention} what is wrong."

    assert await guild.told("channel alerts") == (
        f"I tell in {ops.mention} what is wrong. `/channel alerts` chooses another channel."
    )


async def test_a_channel_that_gets_news_is_refused(guild: Guild):
    await guild.told("feed add", url=FEED)

    assert "Pick another channel." in await guild.told("channel alerts", channel=guild.news)


async def test_a_channel_where_nothing_can_be_told_is_refused(guild: Guild):
    ops = guild.guild.create_text_channel("ops")
    guild.take_away(ops, "send_messages")

    assert "Send Messages" in await guild.told("channel alerts", channel=ops)
    assert "No channel is chosen." in await guild.told("channel alerts")


async def test_where_alerts_go_is_for_those_who_manage_the_server(guild: Guild):
    assert "Manage Server" in await guild.told("channel alerts", by=guild.mod)


async def test_without_a_channel_of_their_own_alerts_go_where_discord_tells_its_news_to_moderators(guild: Guild):
    moderators = guild.guild.create_text_channel("moderators")
    told_in(guild, moderators)
    await guild.told("feed add", url=FEED)
    await lose(guild)

    assert ["is gone for good" in text for text in told(moderators)] == [True]
    assert not any("is gone for good" in text for text in told(guild.news))


async def test_without_any_channel_whoever_added_the_feed_gets_a_message(guild: Guild):
    await guild.told("feed add", url=FEED)
    await lose(guild)

    [message] = guild.alice.user.dm_channel.history()

    assert "is gone for good" in message.embeds[0].description
    assert message.embeds[0].footer.text == "In the server AI corner"


async def test_alerts_never_go_to_a_channel_that_came_to_get_news(guild: Guild, ops: Any):
    guild.web.put(NEW_HOME, entry(guid="x"))
    await guild.told("feed add", url=NEW_HOME, channel=ops, backfill=0)
    await lose(guild)

    assert ops.history() == []
    assert len(guild.alice.user.dm_channel.history()) == 1


async def test_a_channel_for_alerts_that_refuses_us_is_passed_over(guild: Guild, ops: Any):
    guild.take_away(ops, "send_messages")
    await lose(guild)

    assert ops.history() == []
    assert len(guild.alice.user.dm_channel.history()) == 1


# What is told


async def test_that_a_feed_is_gone_is_told_once(guild: Guild, ops: Any):
    await lose(guild)
    await guild.later(hours=2)

    assert len(ops.history()) == 1
    assert "**Lab Notes** is gone for good, says its server (410)" in told(ops)[0]
    assert labels(ops.last_message) == ["Retry", "Replace", "Pause"]


async def test_that_a_feed_is_held_is_told_with_what_waits(guild: Guild, ops: Any):
    await hold(guild)

    assert "8 stories wait for your word" in told(ops)[0]
    assert labels(ops.last_message) == ["Release", "Skip", "Pause"]


async def test_a_feed_that_fails_is_told_of_the_next_morning_and_its_recovery_the_morning_after(guild: Guild, ops: Any):
    await guild.look_every(hours=1)
    guild.web.errors[FEED] = FetchFailed("That server takes too long to answer.")
    await guild.later(hours=12)
    assert ops.history() == []

    await guild.later(hours=36)
    assert [line.split(" since")[0] for line in told(ops)] == ["⚠️ **Lab Notes** can't be read"]
    assert "That server takes too long to answer." in told(ops)[0]

    guild.web.errors.clear()
    await guild.later(hours=36)
    assert told(ops)[1:] == ["✅ **Lab Notes** is well again."]


async def test_text_of_a_feed_has_no_power_in_an_alert(guild: Guild, ops: Any):
    guild.web.put(NEW_HOME, entry(guid="x"), title="@everyone [bank](https://evil.example) **x**")
    await guild.told("feed add", url=NEW_HOME, backfill=0)
    guild.web.errors[NEW_HOME] = FetchFailed("Gone.", status=410)
    await guild.later(minutes=20)

    assert "[bank](https://evil.example)" not in told(ops)[0]
    assert "@everyone" not in ops.last_message.content


# What a click does


async def test_a_held_feed_is_released_from_its_alert(guild: Guild, ops: Any):
    await hold(guild)

    assert "8 stories come now" in await click(guild, ops.last_message, "Release")
    assert " · ok\n" in await guild.told("feed list")


async def test_skipped_from_the_alert_a_held_feed_s_stories_never_come(guild: Guild, ops: Any):
    await hold(guild)
    before = len(guild.headlines())

    assert "8 stories count as known" in await click(guild, ops.last_message, "Skip")
    await guild.later(minutes=30)

    assert len(guild.headlines()) == before


async def test_a_second_click_is_told_that_it_is_done(guild: Guild, ops: Any):
    await hold(guild)
    await click(guild, ops.last_message, "Skip")

    assert await click(guild, ops.last_message, "Release") == "That feed isn't held: what it brings is posted."


async def test_a_held_feed_that_is_paused_is_told_as_such_until_it_is_released(guild: Guild, ops: Any):
    await hold(guild)
    await click(guild, ops.last_message, "Pause")

    for label in ("Release", "Skip"):
        assert await click(guild, ops.last_message, label) == "It is paused; `/feed resume` first."
    assert await guild.told("feed skip", feed=FEED) == "It is paused; `/feed resume` first."
    assert await guild.told("feed resume", feed=FEED) == (
        "**Lab Notes** is no longer paused, but held, because it looked new as a whole: "
        "`/feed release` posts its stories, `/feed skip` takes them as known."
    )

    assert "8 stories come now" in await click(guild, ops.last_message, "Release")


async def test_a_feed_that_is_gone_is_tried_again(guild: Guild, ops: Any):
    await lose(guild)
    guild.web.put(FEED, *posts(1, 2, 3, 4))

    assert await click(guild, ops.last_message, "Retry") == (
        "**Lab Notes** has 1 new article. Each is posted in its turn."
    )


async def test_a_feed_is_paused_from_its_alert(guild: Guild, ops: Any):
    await lose(guild)

    assert "is paused in this server" in await click(guild, ops.last_message, "Pause")
    assert " · paused\n" in await guild.told("feed list")


async def test_a_feed_that_is_gone_is_replaced_in_all_its_channels(guild: Guild, ops: Any):
    other = guild.guild.create_text_channel("other")
    await guild.told("feed add", url=FEED, channel=other, backfill=0)
    guild.web.put(NEW_HOME, *posts(20, 21), title="New Notes")
    await lose(guild)
    shown = await guild.alice.click(ops.last_message, label="Replace")

    replaced = await guild.alice.submit_modal(shown, {"address": NEW_HOME})

    assert "**New Notes** takes the place of **Lab Notes** in" in read(replaced.response)
    guild.web.put(NEW_HOME, *posts(20, 21, 22), title="New Notes")
    await guild.later(minutes=20)
    assert guild.headlines() == guild.headlines(other) == ["Post 22"]
    assert "Lab Notes" not in await guild.told("feed list")


async def test_a_wrong_address_replaces_nothing(guild: Guild, ops: Any):
    await lose(guild)
    shown = await guild.alice.click(ops.last_message, label="Replace")

    told = await guild.alice.submit_modal(shown, {"address": "nonsense"})

    assert "That is not an address." in read(told.response)
    assert "Lab Notes" in await guild.told("feed list")


async def test_what_a_daily_message_tells_of_is_mended_feed_by_feed(guild: Guild, ops: Any):
    await guild.look_every(hours=1)
    guild.web.errors[FEED] = FetchFailed("That server takes too long to answer.")
    await guild.later(hours=48)
    message = ops.last_message
    assert [option["label"] for option in options(message)] == ["Lab Notes"]

    chosen = await guild.alice.select(message, [options(message)[0]["value"]])
    assert read(chosen.response) == "What shall I do about **Lab Notes**?"

    assert [button["label"] for button in buttons(chosen.response)] == ["Retry", "Pause", "Replace"]
    assert "is paused in this server" in await click(guild, chosen.response, "Pause")


async def test_only_who_manages_the_server_may_click(guild: Guild, ops: Any):
    await hold(guild)

    assert "Manage Server" in await click(guild, ops.last_message, "Release", by=guild.mod)
    assert await guild.told("feed release", feed=FEED) == (
        "**Lab Notes** goes on: 8 stories come now, within the channel's limits."
    )


async def test_buttons_work_after_a_restart(guild: Guild, ops: Any):
    await hold(guild)
    await guild.restart()

    assert "8 stories come now" in await click(guild, ops.last_message, "Release")


@pytest.mark.parametrize(
    "custom_id", ["alert:release:1.000000000000000000000000", "alert:pause:x", "alert:retry:9.9:7"]
)
async def test_nobody_can_make_up_a_button(guild: Guild, ops: Any, custom_id: str):
    await hold(guild)
    result = await guild.counterfeit(guild.alice, custom_id, where=ops)

    assert "That was long ago." in read(result.response)


async def test_in_a_direct_message_the_buttons_ask_who_clicks_what_they_may(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)
    await hold(guild)
    [message] = guild.alice.user.dm_channel.history()

    result = await guild.alice.user.click(message, label="Release")

    assert "8 stories come now" in read(result.response)


async def test_in_a_direct_message_who_no_longer_manages_the_server_is_refused(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)
    await hold(guild)
    [message] = guild.alice.user.dm_channel.history()
    member = guild.env.backend.guilds[guild.guild.id].members[guild.alice.id]
    member.role_ids = []

    result = await guild.alice.user.click(message, label="Release")

    assert "Manage Server" in read(result.response)
