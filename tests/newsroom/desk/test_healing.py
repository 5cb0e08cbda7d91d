"""What happens when a channel refuses us, when it takes news again, and when a guild goes and comes back."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from newsroom.desk.channels import BETWEEN_TRIES, PROBE_EVERY
from newsroom.desk.limits import KEPT_FOR_CARDS, MOST_CARDS_AT_ONCE
from newsroom.desk.replacements import TookOver
from newsroom.desk.retention import KEPT_LEFT
from newsroom.desk.subscriptions import Target
from newsroom.errors import RequestRefused
from newsroom.models import AlertKind, ChannelKind
from newsroom.store import tables
from newsroom.store.database import Database
from tests.desk import ADMIN, CHANNEL, FEED, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk, post

OTHER_FEED = "https://blog.example/feed.xml"


@pytest.fixture
async def desk(database: Database) -> Desk:
    desk = Desk.over(database)
    desk.web.put(FEED, post(0))
    await desk.add(limited=True)
    return desk


async def probes(desk: Desk) -> list[int]:
    return [channel.channel_id for channel in await desk.newsroom.channels.probes_due()]


async def test_a_channel_that_refuses_us_gets_nothing_until_it_is_tried_again(desk: Desk) -> None:
    await desk.suspend()
    await desk.publish(1)
    assert await desk.headlines() == []

    await desk.newsroom.channels.wake(CHANNEL)

    assert await desk.headlines() == ["Post 1"]


async def test_that_a_channel_refuses_us_is_told_once_however_often_it_is_tried(desk: Desk) -> None:
    for _ in range(3):
        await desk.suspend()

    alerts = desk.newsroom.alerts
    assert len(await alerts.due()) == 1
    contents = await alerts.contents((await alerts.due())[0])
    assert contents is not None and contents.alert.kind is AlertKind.BLOCKED


async def test_a_channel_that_was_mended_and_refuses_us_again_is_told_again(desk: Desk) -> None:
    await desk.suspend()
    await desk.newsroom.channels.wake(CHANNEL)
    await desk.suspend()

    assert len(await desk.newsroom.alerts.due()) == 2


async def test_a_channel_is_tried_again_every_half_hour(desk: Desk, database: Database) -> None:
    await desk.suspend()
    desk.clock.advance(seconds=PROBE_EVERY.total_seconds() - 1)
    assert await probes(desk) == []

    desk.clock.advance(seconds=1)

    assert await probes(desk) == [CHANNEL]
    assert await probes(Desk.over(database, desk.web, desk.clock)) == [CHANNEL]


async def test_a_channel_that_can_not_have_been_mended_is_left_for_another_half_hour(desk: Desk) -> None:
    await desk.suspend()
    desk.clock.advance(seconds=PROBE_EVERY.total_seconds())
    await desk.newsroom.channels.probe_later(CHANNEL)

    assert await probes(desk) == []


async def test_what_may_have_mended_a_channel_has_it_tried_at_once(desk: Desk) -> None:
    await desk.suspend()
    await desk.publish(1)
    desk.clock.advance(minutes=1)

    await desk.newsroom.channels.mended(CHANNEL)

    assert await desk.headlines() == ["Post 1"]


async def test_many_changes_in_a_moment_are_one_try(desk: Desk) -> None:
    await desk.suspend()
    await desk.publish(1)
    for _ in range(5):
        await desk.newsroom.channels.mended(CHANNEL)
    assert await desk.headlines() == []

    desk.clock.advance(seconds=BETWEEN_TRIES.total_seconds())

    assert await probes(desk) == [CHANNEL]


async def test_a_channel_that_takes_news_is_never_woken(desk: Desk) -> None:
    await desk.newsroom.channels.wake(CHANNEL)
    await desk.newsroom.channels.mended(CHANNEL)
    await desk.publish(1, 2, 3, 4, 5)

    assert len(await desk.headlines()) == 4


# What waited


async def test_what_waited_comes_at_once_oldest_first_whatever_the_limit_of_an_hour_is(desk: Desk) -> None:
    await desk.suspend()
    await desk.publish(*range(1, 11))
    await desk.newsroom.channels.wake(CHANNEL)

    assert await desk.headlines() == [f"Post {number}" for number in range(1, 11)]


async def test_only_what_waited_comes_beyond_the_limit(desk: Desk) -> None:
    await desk.suspend()
    await desk.publish(1, 2)
    await desk.newsroom.channels.wake(CHANNEL)
    await desk.headlines()
    await desk.publish(*range(3, 9))

    assert await desk.headlines() == ["Post 3", "Post 4"]


async def test_of_very_much_that_waited_the_newest_twenty_are_cards_and_the_rest_is_one_list(desk: Desk) -> None:
    await desk.suspend()
    await desk.publish(*range(1, 29))
    await desk.newsroom.channels.wake(CHANNEL)

    [page] = await desk.lists()
    assert [article.title for article, _ in page.page.stories] == [f"Post {number}" for number in range(8, 0, -1)]
    assert await desk.headlines() == [f"Post {number}" for number in range(9, 29)]
    assert MOST_CARDS_AT_ONCE == 20


async def test_what_waited_for_more_than_two_days_is_in_the_list(desk: Desk) -> None:
    await desk.suspend()
    await desk.publish(1)
    desk.clock.advance(seconds=KEPT_FOR_CARDS.total_seconds() + 1)
    await desk.publish(2)
    await desk.newsroom.channels.wake(CHANNEL)

    [page] = await desk.lists()
    assert [article.title for article, _ in page.page.stories] == ["Post 1"]
    assert await desk.headlines() == ["Post 2"]
    assert await desk.newsroom.digests.why(page.mark, GUILD) == "It waited until the channel got news again."


async def test_a_channel_that_refuses_us_again_at_the_first_card_loses_nothing(desk: Desk) -> None:
    await desk.suspend()
    await desk.publish(1, 2)
    await desk.newsroom.channels.wake(CHANNEL)
    claim = await desk.outbox.claim(CHANNEL)
    assert claim is not None
    await desk.outbox.suspend(claim, "I may not write here.", 50013, uncertain=False)
    await desk.newsroom.channels.wake(CHANNEL)

    assert await desk.headlines() == ["Post 1", "Post 2"]


# Another channel in its place


async def test_another_channel_takes_the_place_of_one_that_is_gone_with_all_that_waits(desk: Desk) -> None:
    await desk.suspend(code=10003)
    await desk.publish(1, 2)
    target = Target(GUILD, OTHER_CHANNEL, ChannelKind.TEXT)

    assert await desk.newsroom.replacements.channel(GUILD, CHANNEL, target) == TookOver(2, paused=False)
    await desk.publish(3)

    assert await desk.headlines(OTHER_CHANNEL) == ["Post 1", "Post 2", "Post 3"]
    assert [one.channel.channel_id for one in await desk.subscriptions.listing(GUILD)] == [OTHER_CHANNEL]


async def test_what_the_other_channel_has_already_does_not_come_again(desk: Desk) -> None:
    await desk.add(channel_id=OTHER_CHANNEL)
    await desk.suspend(code=10003)
    await desk.publish(1)
    assert await desk.headlines(OTHER_CHANNEL) == ["Post 1"]

    target = Target(GUILD, OTHER_CHANNEL, ChannelKind.TEXT)
    assert await desk.newsroom.replacements.channel(GUILD, CHANNEL, target) == TookOver(0, paused=False)

    assert await desk.headlines(OTHER_CHANNEL) == []


async def limits(desk: Desk, channel_id: int) -> tuple[int, int]:
    async with desk.store.read() as connection:
        channel = (await desk.store.channels.of_guild(connection, GUILD))[channel_id]
    return channel.per_hour, channel.per_day


async def test_a_channel_that_is_new_takes_the_limits_over(desk: Desk) -> None:
    await desk.newsroom.channels.limit(GUILD, CHANNEL, 1, 2)
    await desk.newsroom.replacements.channel(GUILD, CHANNEL, Target(GUILD, OTHER_CHANNEL, ChannelKind.TEXT))

    assert await limits(desk, OTHER_CHANNEL) == (1, 2)


async def test_a_channel_that_got_news_before_keeps_its_own_limits(desk: Desk) -> None:
    desk.web.put(OTHER_FEED, post(0))
    await desk.add(OTHER_FEED, channel_id=OTHER_CHANNEL)
    await desk.newsroom.channels.limit(GUILD, OTHER_CHANNEL, 1, 2)
    await desk.newsroom.replacements.channel(GUILD, CHANNEL, Target(GUILD, OTHER_CHANNEL, ChannelKind.TEXT))

    assert await limits(desk, OTHER_CHANNEL) == (1, 2)


async def test_what_comes_along_to_a_paused_channel_waits_there(desk: Desk) -> None:
    desk.web.put(OTHER_FEED, post(0))
    await desk.add(OTHER_FEED, channel_id=OTHER_CHANNEL)
    await desk.subscriptions.pause_channel(GUILD, OTHER_CHANNEL, None)
    await desk.suspend(code=10003)
    await desk.publish(1)

    target = Target(GUILD, OTHER_CHANNEL, ChannelKind.TEXT)
    assert await desk.newsroom.replacements.channel(GUILD, CHANNEL, target) == TookOver(1, paused=True)

    assert await desk.headlines(OTHER_CHANNEL) == []
    await desk.subscriptions.resume_channel(GUILD, OTHER_CHANNEL)
    assert await desk.headlines(OTHER_CHANNEL) == ["Post 1"]


async def test_a_feed_that_was_just_removed_from_the_other_channel_comes_there_all_the_same(desk: Desk) -> None:
    await desk.add(channel_id=OTHER_CHANNEL)
    await desk.suspend(code=10003)
    await desk.publish(1)
    removed = await desk.subscriptions.remove(GUILD, 1, OTHER_CHANNEL)
    await desk.publish(2)

    target = Target(GUILD, OTHER_CHANNEL, ChannelKind.TEXT)
    assert await desk.newsroom.replacements.channel(GUILD, CHANNEL, target) == TookOver(2, paused=False)

    assert [one.channel.channel_id for one in await desk.subscriptions.listing(GUILD)] == [OTHER_CHANNEL]
    assert await desk.headlines(OTHER_CHANNEL) == ["Post 1", "Post 2"]
    with pytest.raises(RequestRefused, match="can't be undone"):
        await desk.undo(removed)


async def test_what_a_round_is_just_planning_comes_along(desk: Desk) -> None:
    await desk.suspend(code=10003)
    desk.web.put(FEED, *(post(number, published=desk.clock()) for number in (2, 1, 0)))
    feed = desk.rounds.roster.get(1)
    assert feed is not None
    reading = await desk.rounds.read(feed)
    assert reading.identities is not None
    target = Target(GUILD, OTHER_CHANNEL, ChannelKind.TEXT)

    async with desk.rounds.memory.transaction() as connection:
        await desk.rounds.memory.remember(connection, [(reading.feed, reading.identities)])
        replacing = asyncio.create_task(desk.newsroom.replacements.channel(GUILD, CHANNEL, target))
        await asyncio.wait({replacing}, timeout=0.2)  # where it doesn't wait for the round, it is done by now

    assert await replacing == TookOver(2, paused=False)
    assert await desk.headlines(OTHER_CHANNEL) == ["Post 1", "Post 2"]


# Guilds


async def test_for_a_guild_that_removed_the_bot_nothing_is_read_or_sent(desk: Desk) -> None:
    await desk.publish(1)
    await desk.newsroom.presence.left(GUILD)
    desk.web.fetched.clear()

    await desk.round()

    assert desk.web.fetched == []
    assert await desk.outbox.due_channels() == []
    assert await desk.headlines() == []


async def test_other_guilds_get_their_news_all_the_same(desk: Desk) -> None:
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.newsroom.presence.left(GUILD)
    await desk.publish(1)

    assert await desk.headlines(FOREIGN_CHANNEL) == ["Post 1"]


async def test_a_guild_that_is_back_goes_on_where_it_was(desk: Desk) -> None:
    await desk.publish(1)
    await desk.newsroom.presence.left(GUILD)
    desk.clock.advance(hours=3)
    await desk.newsroom.presence.back(GUILD)
    await desk.publish(2)

    assert await desk.headlines() == ["Post 1", "Post 2"]


async def test_what_happened_while_we_were_away_is_found_out(desk: Desk) -> None:
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.newsroom.presence.look_over({OTHER_GUILD})
    await desk.publish(1)
    assert await desk.headlines(CHANNEL) == []
    assert await desk.headlines(FOREIGN_CHANNEL) == ["Post 1"]

    await desk.newsroom.presence.look_over({GUILD, OTHER_GUILD})
    await desk.publish(2)

    assert await desk.headlines(CHANNEL) == ["Post 2"]


async def test_everything_of_a_guild_is_kept_for_a_month_and_then_nothing(desk: Desk) -> None:
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.newsroom.guilds.change(OTHER_GUILD, {"timezone": "Asia/Tokyo"})
    await desk.newsroom.repeats.add(
        OTHER_GUILD, FOREIGN_CHANNEL, every="daily", at="18:00", question=None, created_by=ADMIN
    )
    await desk.publish(1)
    await desk.headlines(FOREIGN_CHANNEL)
    await desk.newsroom.presence.left(OTHER_GUILD)
    desk.clock.advance(seconds=KEPT_LEFT.total_seconds() - 60)
    await desk.newsroom.retention.run()
    assert await left_of(desk, OTHER_GUILD)

    desk.clock.advance(minutes=2)
    await desk.newsroom.retention.run()

    assert await left_of(desk, OTHER_GUILD) == []
    assert await left_of(desk, GUILD)


async def left_of(desk: Desk, guild_id: int) -> list[str]:
    """The tables that still hold something of a guild."""
    found = []
    async with desk.store.read() as connection:
        for name, table in tables.metadata.tables.items():
            if "guild_id" in table.c:
                rows = await connection.execute(select(table).where(table.c.guild_id == guild_id).limit(1))
                found += [name for _ in rows]
    return found


async def test_a_repeat_of_a_guild_that_left_asks_nothing(desk: Desk) -> None:
    await desk.newsroom.repeats.add(GUILD, CHANNEL, every="daily", at="18:00", question=None, created_by=ADMIN)
    await desk.newsroom.presence.left(GUILD)
    desk.clock.advance(days=2)
    await desk.newsroom.repeats.ask_due()

    assert await desk.newsroom.polls.listing(GUILD) == []
