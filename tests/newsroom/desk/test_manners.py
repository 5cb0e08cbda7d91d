"""What a round owes the web: it asks no more often than it is wanted, goes where it is sent, and hears a no."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsroom.desk.moves import DAYS_TO_BELIEVE
from newsroom.desk.rounds import UNCONDITIONAL_EVERY, Outcome
from newsroom.errors import FetchFailed, HostParked
from newsroom.feeds.schedule import LONGEST_INTERVAL
from newsroom.models import AlertKind, Feed
from newsroom.store.database import Database
from tests.desk import CHANNEL, FEED, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk, post, posts
from tests.makers import ago, entry

NEW_HOME = "https://new.example/feed.xml"


@pytest.fixture
async def desk(database: Database) -> Desk:
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(1, 2))
    await desk.add()
    return desk


def feed_of(desk: Desk, feed_id: int = 1) -> Feed:
    feed = desk.rounds.roster.get(feed_id)
    assert feed is not None
    return feed


async def read_daily(desk: Desk, days: int = 1) -> None:
    for _ in range(days):
        desk.clock.advance(days=1)
        await desk.round()


def gone(desk: Desk) -> None:
    desk.web.errors[FEED] = FetchFailed("That address answered 410: what was there is gone for good.", status=410)


# ------------------------------------------------------------------------------- redirects


async def test_a_feed_that_moved_for_good_is_asked_for_at_its_new_address_after_three_days(desk: Desk) -> None:
    desk.web.put(NEW_HOME, *posts(1, 2))
    desk.web.moved[FEED] = NEW_HOME

    await read_daily(desk, DAYS_TO_BELIEVE - 1)
    assert feed_of(desk).url == FEED
    await read_daily(desk)
    desk.web.fetched.clear()
    await read_daily(desk)

    assert desk.web.fetched == [NEW_HOME]
    assert await desk.headlines() == []
    desk.web.put(NEW_HOME, *posts(1, 2, 3))
    await desk.round()
    assert await desk.headlines() == ["Post 3"]


async def test_readings_of_one_day_are_one_sighting_of_a_move(desk: Desk) -> None:
    desk.web.put(NEW_HOME, *posts(1, 2))
    desk.web.moved[FEED] = NEW_HOME

    for _ in range(9):
        await desk.round()

    assert (feed_of(desk).url, feed_of(desk).moved_days) == (FEED, 1)


async def test_a_move_that_is_taken_back_begins_anew(desk: Desk) -> None:
    desk.web.put(NEW_HOME, *posts(1, 2))
    desk.web.moved[FEED] = NEW_HOME
    await read_daily(desk, DAYS_TO_BELIEVE - 1)
    del desk.web.moved[FEED]
    await read_daily(desk)
    desk.web.moved[FEED] = NEW_HOME
    await read_daily(desk)

    assert (feed_of(desk).url, feed_of(desk).moved_days) == (FEED, 1)


async def test_a_move_to_what_is_no_feed_is_a_failure_and_no_move(desk: Desk) -> None:
    desk.web.pages[NEW_HOME] = ()
    desk.web.moved[FEED] = NEW_HOME

    await read_daily(desk, DAYS_TO_BELIEVE + 1)

    assert feed_of(desk).url == FEED
    assert feed_of(desk).failures == DAYS_TO_BELIEVE + 1


async def test_a_move_outlives_a_restart(desk: Desk, database: Database) -> None:
    desk.web.put(NEW_HOME, *posts(1, 2))
    desk.web.moved[FEED] = NEW_HOME
    await read_daily(desk, DAYS_TO_BELIEVE)
    after = Desk.over(database, desk.web, desk.clock)
    await after.rounds.load()

    assert [feed.url for feed in after._feeds()] == [NEW_HOME]


async def test_a_feed_that_moved_to_one_we_know_becomes_that_one_and_posts_nothing_again(desk: Desk) -> None:
    desk.web.put(NEW_HOME, *posts(1, 2))
    await desk.add(url=NEW_HOME, channel_id=OTHER_CHANNEL)
    await desk.add(url=NEW_HOME, channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.add(url=FEED, channel_id=OTHER_CHANNEL)
    desk.web.moved[FEED] = NEW_HOME
    await read_daily(desk, DAYS_TO_BELIEVE)

    assert len(desk.rounds.roster) == 1
    listing = await desk.subscriptions.listing(GUILD)
    assert {(one.feed.url, one.channel.channel_id) for one in listing} == {
        (NEW_HOME, CHANNEL),
        (NEW_HOME, OTHER_CHANNEL),
    }
    desk.web.put(NEW_HOME, *posts(1, 2, 3))
    await desk.round()
    for channel_id in (CHANNEL, OTHER_CHANNEL, FOREIGN_CHANNEL):
        assert await desk.headlines(channel_id) == ["Post 3"]


async def test_a_channel_whose_other_feed_was_just_removed_is_not_left_without(desk: Desk) -> None:
    desk.web.put(NEW_HOME, *posts(1, 2))
    added = await desk.add(url=NEW_HOME)
    await desk.add(url=NEW_HOME, channel_id=OTHER_CHANNEL)
    desk.web.moved[FEED] = NEW_HOME
    await read_daily(desk, DAYS_TO_BELIEVE - 1)
    await desk.subscriptions.remove(GUILD, added.feed.id, CHANNEL)
    await read_daily(desk)

    assert CHANNEL in {one.channel.channel_id for one in await desk.subscriptions.listing(GUILD)}


# ----------------------------------------------------------------------------------- gone


async def test_a_feed_that_is_gone_is_not_asked_for_again(desk: Desk) -> None:
    gone(desk)
    await desk.round()
    desk.web.fetched.clear()

    await read_daily(desk, 30)

    assert desk.web.fetched == []


async def test_that_a_feed_is_gone_is_told_once_to_each_guild(desk: Desk) -> None:
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    gone(desk)
    await desk.round()
    await desk.round()

    alerts = desk.newsroom.alerts
    told = [await alerts.contents(alert_id) for alert_id in await alerts.due()]

    assert [(each.alert.kind, each.alert.guild_id) for each in told if each] == [
        (AlertKind.GONE, GUILD),
        (AlertKind.GONE, OTHER_GUILD),
    ]


async def test_that_a_feed_is_gone_outlives_a_restart(desk: Desk, database: Database) -> None:
    gone(desk)
    await desk.round()
    after = Desk.over(database, desk.web, desk.clock)
    await after.rounds.load()
    desk.web.fetched.clear()

    await after.round()

    assert desk.web.fetched == []
    assert len(await after.newsroom.alerts.due()) == 1


async def test_a_feed_that_was_gone_is_read_again_once_somebody_asks_and_it_is_there(desk: Desk) -> None:
    gone(desk)
    await desk.round()
    desk.web.put(FEED, *posts(1, 2, 3))

    desk.clock.advance(minutes=1)
    refreshed = await desk.subscriptions.refresh(GUILD, 1)
    assert refreshed.outcome is Outcome.READ
    desk.web.put(FEED, *posts(1, 2, 3, 4))
    await desk.round()

    assert await desk.headlines() == ["Post 3", "Post 4"]


# ------------------------------------------------------------------------- being left alone


async def test_a_feed_whose_host_wants_to_be_left_alone_has_not_failed(desk: Desk) -> None:
    until = desk.clock() + timedelta(hours=3)
    desk.web.errors[FEED] = HostParked(until)

    report = await desk.round()

    feed = feed_of(desk)
    assert (report.failed, feed.failures, feed.error) == (0, 0, None)
    assert feed.due_at >= until


async def test_who_wants_to_be_left_alone_is_left_alone_after_a_restart_too(desk: Desk, database: Database) -> None:
    desk.newsroom.parking.park("lab.example", timedelta(hours=3), desk.clock())
    await desk.rounds.save()
    after = Desk.over(database, desk.web, desk.clock)
    await after.rounds.load()

    assert after.newsroom.parking.until("lab.example", desk.clock()) == desk.clock() + timedelta(hours=3)


# --------------------------------------------------------------------------------- asking


async def test_one_reading_in_a_hundred_asks_for_the_whole_whatever_the_validators_say(desk: Desk) -> None:
    desk.web.unconditional.clear()

    for _ in range(UNCONDITIONAL_EVERY):
        await desk.round()

    assert len(desk.web.unconditional) == 1


async def test_a_feed_that_brings_news_often_is_asked_as_often_as_set(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1, 2, 3))
    await desk.round()
    desk.clock.advance(minutes=1)

    assert feed_of(desk).interval_seconds is None
    assert feed_of(desk).due_at - desk.clock() < timedelta(minutes=11)


async def test_a_feed_that_brings_news_once_a_week_is_soon_asked_every_few_hours(database: Database) -> None:
    desk = Desk.over(database)
    weekly = [entry(guid=f"week {n}", link=None, title=f"Week {n}", published=ago(weeks=n)) for n in range(9)]
    desk.web.put(FEED, *weekly)
    await desk.add()

    asked = 0
    for _ in range(60):
        desk.clock.advance(hours=1)
        asked += (await desk.rounds.run(desk.rounds.take_due())).feeds

    assert feed_of(desk).interval_seconds == LONGEST_INTERVAL.total_seconds()
    assert asked < 30


async def test_a_feed_with_a_rhythm_of_its_own_is_read_soon_after_news(database: Database) -> None:
    desk = Desk.over(database)
    desk.web.put(FEED, *[post(1000 - 24 * n) for n in range(9)])
    await desk.add()
    for _ in range(60):
        desk.clock.advance(hours=1)
        await desk.rounds.run(desk.rounds.take_due())
    assert feed_of(desk).interval_seconds == timedelta(hours=1).total_seconds()

    desk.web.put(FEED, post(1024), *[post(1000 - 24 * n) for n in range(9)])
    desk.clock.advance(hours=2)
    await desk.rounds.run(desk.rounds.take_due())

    assert feed_of(desk).interval_seconds is None
