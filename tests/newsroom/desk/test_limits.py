"""How many cards a channel gets, and that what is over comes all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.attempts import NONCE_WINDOW, Step
from newsroom.desk.limits import DIGEST_AT, MOST_PAGES, STORIES_A_PAGE, next_digest, over_limit
from newsroom.desk.subscriptions import Target
from newsroom.errors import RequestRefused
from newsroom.models import ChannelKind, DeliveryState
from newsroom.store.database import Database
from newsroom.times import zone, zone_names
from tests.desk import CHANNEL, FEED, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk, post, told
from tests.makers import news_channel

OTHER_FEED = "https://blog.example/feed.xml"


@pytest.fixture
async def desk(database: Database) -> Desk:
    """A channel with the limits that a new one has. It is noon in UTC."""
    desk = Desk.over(database)
    desk.web.put(FEED, post(0))
    await desk.add(limited=True)
    return desk


async def listed(desk: Desk, channel_id: int = CHANNEL) -> list[list[str]]:
    """The headlines of each page that is due now."""
    return [[article.title for article, _ in claim.page.stories] for claim in await desk.lists(channel_id)]


def at_six(desk: Desk) -> None:
    desk.clock.time = desk.clock.time.replace(hour=18, minute=0)


# Limits


@pytest.mark.parametrize(
    ("limits", "sent", "over"),
    [
        ((4, 20), (3, 19), False),
        ((4, 20), (4, 4), True),
        ((4, 20), (0, 20), True),
        ((0, 20), (19, 19), False),
        ((4, 0), (3, 99), False),
        ((0, 0), (99, 99), False),
    ],
)
def test_a_channel_has_room_below_both_limits_and_0_is_none(limits, sent, over):
    channel = news_channel(per_hour=limits[0], per_day=limits[1])

    assert (over_limit(channel, *sent) is not None) is over


async def test_a_channel_gets_four_cards_an_hour(desk: Desk) -> None:
    await desk.publish(1, 2, 3, 4, 5, 6)
    assert await desk.headlines() == ["Post 1", "Post 2", "Post 3", "Post 4"]

    desk.clock.advance(minutes=61)
    await desk.publish(7)

    assert await desk.headlines() == ["Post 7"]


async def test_a_channel_gets_twenty_cards_a_day(desk: Desk) -> None:
    headlines = []
    for hour in range(8):
        desk.clock.advance(minutes=61)
        await desk.publish(*range(10 * hour + 1, 10 * hour + 5))
        headlines += await desk.headlines()

    assert len(headlines) == 20


async def test_what_an_admin_asked_for_comes_whatever_the_limit_is(desk: Desk) -> None:
    await desk.publish(1, 2, 3, 4)
    await desk.headlines()
    desk.web.put(OTHER_FEED, *(told(f"Story {number}", OTHER_FEED) for number in range(5)))

    await desk.add(OTHER_FEED, backfill=3, limited=True)

    assert len(await desk.headlines()) == 3


async def test_channels_have_their_share_each(desk: Desk) -> None:
    await desk.add(channel_id=OTHER_CHANNEL, limited=True)
    await desk.publish(1, 2, 3, 4, 5)

    assert len(await desk.headlines(CHANNEL)) == len(await desk.headlines(OTHER_CHANNEL)) == 4


async def test_limits_are_changed_one_by_one(desk: Desk) -> None:
    channel = await desk.newsroom.channels.limit(GUILD, CHANNEL, 2, None)
    assert (channel.per_hour, channel.per_day) == (2, 20)
    channel = await desk.newsroom.channels.limit(GUILD, CHANNEL, None, 0)
    assert (channel.per_hour, channel.per_day) == (2, 0)
    channel = await desk.newsroom.channels.limit(GUILD, CHANNEL, None, None)
    assert (channel.per_hour, channel.per_day) == (2, 0)


async def test_another_guild_s_channel_can_not_be_limited(desk: Desk) -> None:
    with pytest.raises(RequestRefused, match="gets no news"):
        await desk.newsroom.channels.limit(OTHER_GUILD, CHANNEL, 1, 1)


async def test_a_card_that_is_being_sent_is_finished_whatever_the_limit_is(desk: Desk) -> None:
    await desk.publish(1)
    claim = await desk.outbox.claim(CHANNEL)
    assert claim is not None
    await desk.outbox.uncertain(claim, "No answer.")
    await desk.newsroom.channels.limit(GUILD, CHANNEL, None, 1)
    desk.clock.advance(seconds=NONCE_WINDOW.total_seconds())

    again = await desk.outbox.claim(CHANNEL)

    assert again is not None and again.step is Step.LOOK_FIRST


# The daily list


async def test_what_is_over_comes_in_one_list_at_six_in_the_evening(desk: Desk) -> None:
    await desk.publish(1, 2, 3, 4, 5, 6)
    await desk.headlines()
    assert await listed(desk) == []

    at_six(desk)

    assert await listed(desk) == [["Post 6", "Post 5"]]
    assert await listed(desk) == []


async def test_six_in_the_evening_is_the_guild_s_own(desk: Desk) -> None:
    await desk.newsroom.guilds.change(GUILD, {"timezone": "Asia/Tokyo"})  # six there is nine in UTC
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    at_six(desk)
    assert await listed(desk) == []

    desk.clock.time = desk.clock.time.replace(hour=9) + timedelta(days=1)

    assert await listed(desk) == [["Post 5"]]


async def test_stories_that_more_feeds_tell_come_first(desk: Desk) -> None:
    desk.web.put(OTHER_FEED, told("Old news", OTHER_FEED))
    await desk.add(OTHER_FEED, limited=True)
    await desk.publish(1, 2, 3, 4, 5, 6, 7)
    await desk.headlines()
    twice = told("As the blog has it", OTHER_FEED)
    desk.web.put(OTHER_FEED, replace(twice, link="https://lab.example/posts/5"), told("Old news", OTHER_FEED))
    await desk.read(2)
    at_six(desk)

    assert await listed(desk) == [["Post 5", "Post 7", "Post 6"]]


async def test_a_long_list_has_pages_and_what_is_left_comes_with_the_next(desk: Desk) -> None:
    await desk.newsroom.channels.limit(GUILD, CHANNEL, 1, 1)
    most = STORIES_A_PAGE * MOST_PAGES
    await desk.publish(*range(1, most + 8))
    await desk.headlines()
    at_six(desk)

    pages = await listed(desk)
    assert [len(page) for page in pages] == [STORIES_A_PAGE] * MOST_PAGES

    desk.clock.advance(days=1)
    assert [len(page) for page in await listed(desk)] == [6]


async def test_a_page_says_which_of_how_many_it_is(desk: Desk) -> None:
    await desk.newsroom.channels.limit(GUILD, CHANNEL, 1, None)
    await desk.publish(*range(1, 14))
    await desk.headlines()
    at_six(desk)

    assert [(claim.page.page, claim.page.pages) for claim in await desk.lists()] == [(1, 2), (2, 2)]


@pytest.mark.parametrize("is_begun", [False, True])
async def test_a_list_that_a_channel_did_not_get_any_more_comes_where_another_takes_its_place(
    desk: Desk, is_begun: bool
) -> None:
    await desk.publish(1, 2, 3, 4, 5, 6)
    await desk.headlines()
    at_six(desk)
    digests = desk.newsroom.digests
    await digests.plan()
    if is_begun:
        claim = await digests.claim(CHANNEL)
        assert claim is not None
        await digests.suspend(claim, "It is gone.", 10003, uncertain=False)

    target = Target(GUILD, OTHER_CHANNEL, ChannelKind.TEXT)
    assert (await desk.newsroom.replacements.channel(GUILD, CHANNEL, target)).stories == 2

    assert await listed(desk, OTHER_CHANNEL) == [["Post 6", "Post 5"]]
    assert await listed(desk) == []


async def test_a_story_of_a_list_is_told_and_comes_as_no_card_any_more(desk: Desk) -> None:
    desk.web.put(OTHER_FEED, told("Old news", OTHER_FEED))
    await desk.add(OTHER_FEED, limited=True)
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    at_six(desk)
    await listed(desk)
    desk.clock.advance(hours=2)
    again = replace(told("Again", OTHER_FEED), link="https://lab.example/posts/5")
    desk.web.put(OTHER_FEED, again, told("Old news", OTHER_FEED))
    await desk.read(2)

    assert await desk.headlines() == []


async def test_a_story_that_waits_for_the_list_and_is_told_again_still_waits(desk: Desk) -> None:
    desk.web.put(OTHER_FEED, told("Old news", OTHER_FEED))
    await desk.add(OTHER_FEED, limited=True)
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    desk.clock.advance(hours=2)
    again = replace(told("Again", OTHER_FEED), link="https://lab.example/posts/5")
    desk.web.put(OTHER_FEED, again, told("Old news", OTHER_FEED))
    await desk.read(2)
    assert await desk.headlines() == []

    at_six(desk)
    assert await listed(desk) == [["Post 5"]]


async def test_after_a_crash_a_page_is_looked_for_first(desk: Desk, database: Database) -> None:
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    at_six(desk)
    await desk.newsroom.digests.plan()
    first = await desk.newsroom.digests.claim(CHANNEL)
    assert first is not None and first.step is Step.SEND
    after = Desk.over(database, desk.web, desk.clock).newsroom.digests
    await after.plan()

    again = await after.claim(CHANNEL)

    assert again is not None
    assert (again.step, again.mark, again.nonce) == (Step.LOOK_FIRST, first.mark, first.nonce)


async def test_a_page_that_discord_refuses_for_good_stops_no_card(desk: Desk) -> None:
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    at_six(desk)
    await desk.newsroom.digests.plan()
    claim = await desk.newsroom.digests.claim(CHANNEL)
    assert claim is not None
    await desk.newsroom.digests.quarantine(claim, "Discord doesn't accept this.")
    await desk.publish(6)

    assert await desk.headlines() == ["Post 6"]
    assert await listed(desk) == []


async def test_a_paused_channel_gets_its_list_once_it_is_resumed(desk: Desk) -> None:
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    await desk.subscriptions.pause_channel(GUILD, CHANNEL, None)
    at_six(desk)
    assert await listed(desk) == []

    await desk.subscriptions.resume_channel(GUILD, CHANNEL)

    assert await listed(desk) == [["Post 5"]]


async def test_what_waits_for_the_list_of_a_removed_feed_goes_with_it_and_comes_back_with_undo(desk: Desk) -> None:
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    removed = await desk.subscriptions.remove(GUILD, 1)
    await desk.undo(removed)
    await desk.headlines()
    at_six(desk)
    assert await listed(desk) == [["Post 5"]]

    await desk.publish(6, 7, 8, 9, 10)
    await desk.headlines()
    await desk.subscriptions.remove(GUILD, 1)
    desk.clock.advance(days=1)
    assert await listed(desk) == []


async def test_why_a_story_came_so_late_is_told_under_its_page(desk: Desk) -> None:
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    at_six(desk)
    [claim] = await desk.lists()
    digests = desk.newsroom.digests

    assert await digests.why(claim.mark, GUILD) == "4 cards had come in an hour."
    assert await digests.why(claim.mark, OTHER_GUILD) is None
    assert await digests.why("1.made-up", GUILD) is None


async def test_a_story_that_was_listed_counts_as_posted_for_feed_why(desk: Desk) -> None:
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    why = await desk.newsroom.whys.of(GUILD, "https://lab.example/posts/5")
    assert [way.fate for way in why.ways] == ["later"]
    at_six(desk)
    await desk.lists()

    why = await desk.newsroom.whys.of(GUILD, "https://lab.example/posts/5")

    assert [way.fate for way in why.ways] == ["listed"]


async def test_cards_of_a_list_do_not_count_in_the_limit(desk: Desk) -> None:
    await desk.publish(*range(1, 12))
    await desk.headlines()
    at_six(desk)
    await desk.lists()
    await desk.publish(12, 13, 14, 15)

    assert len(await desk.headlines()) == 4


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([*zone_names("", 25), "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_the_next_list_is_within_a_day_or_so_and_at_six_by_the_guild_s_clock(now, name):
    at = next_digest(now, zone(name))

    assert now < at <= now + timedelta(hours=26)
    assert at.astimezone(zone(name)).time() == DIGEST_AT


async def test_nothing_that_waits_for_a_list_is_ever_sent_as_a_card(desk: Desk) -> None:
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    desk.clock.advance(hours=3)

    assert await desk.outbox.due_channels() == []
    async with desk.store.read() as connection:
        records = await desk.store.deliveries.of_story(connection, 6, GUILD)
    assert {record.delivery.state for record in records.values()} <= {DeliveryState.DEFERRED, DeliveryState.SENT}


async def test_a_page_that_was_put_off_while_the_clock_ran_far_ahead_comes_once_it_is_set_right(desk: Desk) -> None:
    digests = desk.newsroom.digests
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    at_six(desk)
    await digests.plan()
    desk.clock.advance(days=1000)
    claim = await digests.claim(CHANNEL)
    assert claim is not None
    await digests.surely_not_sent(claim, "Discord asks me to slow down.")
    desk.clock.advance(days=-1000)

    assert await digests.due_channels() == [CHANNEL]
    assert await listed(desk) == [["Post 5"]]


async def test_what_was_set_aside_while_the_clock_ran_far_ahead_is_listed_once_it_is_set_right(desk: Desk) -> None:
    desk.clock.advance(days=1000)
    await desk.publish(1, 2, 3, 4, 5)
    await desk.headlines()
    desk.clock.advance(days=-1000)

    assert await listed(desk) == [["Post 5"]]
