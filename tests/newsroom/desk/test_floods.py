"""What happens when nearly all of a feed looks new at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsroom.desk.floods import MORE_THAN
from newsroom.errors import RequestRefused
from newsroom.feeds.identity import identify
from newsroom.models import AlertKind, Entry, Health, SubscriptionState
from newsroom.store.database import Database
from tests.desk import CHANNEL, FEED, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk, post, posts
from tests.makers import entry

OTHER_FEED = "https://blog.example/feed.xml"
NUMBERS = range(10)


def renamed(*numbers: int, **fields: object) -> list[Entry]:
    """The same posts under other guids and links, as after a change of a site's software."""
    return [
        post(number, **{"guid": f"new {number}", "link": f"https://lab.example/?p={number}"} | fields)
        for number in sorted(numbers, reverse=True)
    ]


@pytest.fixture
async def desk(database: Database) -> Desk:
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(*NUMBERS))
    await desk.add()
    return desk


async def flood(desk: Desk) -> None:
    desk.web.put(FEED, *renamed(*NUMBERS))
    await desk.round()


async def state(desk: Desk, guild_id: int = GUILD) -> SubscriptionState:
    return (await desk.subscriptions.listing(guild_id))[0].subscription.state


async def alerts(desk: Desk) -> list[tuple[int, AlertKind, int]]:
    found = [await desk.newsroom.alerts.contents(number) for number in await desk.newsroom.alerts.due()]
    return [(each.alert.guild_id, each.alert.kind, each.waiting) for each in found if each]


async def test_a_feed_whose_articles_all_come_under_new_names_posts_nothing(desk: Desk) -> None:
    await flood(desk)

    assert await desk.headlines() == []
    assert await state(desk) is SubscriptionState.HELD


async def test_the_admins_of_each_guild_are_told_once_that_a_feed_is_held(desk: Desk) -> None:
    await desk.add(channel_id=OTHER_CHANNEL)
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await flood(desk)
    await desk.round()

    assert await alerts(desk) == [(GUILD, AlertKind.HELD, 10), (OTHER_GUILD, AlertKind.HELD, 10)]


async def test_what_a_held_feed_brings_waits_as_well(desk: Desk) -> None:
    await flood(desk)
    desk.web.put(FEED, *posts(10), *renamed(*NUMBERS))
    await desk.round()

    assert await desk.headlines() == []
    assert await desk.subscriptions.release(GUILD, 1) == 11


async def test_released_all_of_it_comes_in_order_and_so_does_what_is_next(desk: Desk) -> None:
    await flood(desk)

    assert await desk.subscriptions.release(GUILD, 1) == 10
    desk.web.put(FEED, *posts(10), *renamed(*NUMBERS))
    await desk.round()

    assert await desk.headlines() == [f"Post {number}" for number in range(11)]


async def test_skipped_none_of_it_comes_ever_and_what_is_next_does(desk: Desk) -> None:
    await flood(desk)

    assert await desk.subscriptions.skip(GUILD, 1) == 10
    desk.web.put(FEED, *posts(10), *renamed(*NUMBERS))
    await desk.round()

    assert await desk.headlines() == ["Post 10"]


async def test_each_guild_decides_for_itself(desk: Desk) -> None:
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await flood(desk)

    await desk.subscriptions.skip(GUILD, 1)

    assert await state(desk, OTHER_GUILD) is SubscriptionState.HELD
    await desk.subscriptions.release(OTHER_GUILD, 1)
    assert await desk.headlines(CHANNEL) == []
    assert len(await desk.headlines(FOREIGN_CHANNEL)) == 10


async def test_a_feed_that_is_not_held_can_be_neither_released_nor_skipped(desk: Desk) -> None:
    for decide in (desk.subscriptions.release, desk.subscriptions.skip):
        with pytest.raises(RequestRefused, match="isn't held"):
            await decide(GUILD, 1)


async def test_a_held_feed_is_read_on(desk: Desk, database: Database) -> None:
    await flood(desk)
    after = Desk.over(database, desk.web, desk.clock)
    await after.rounds.load()

    assert (await after.round()).feeds == 1


async def lump(desk: Desk, day: int) -> list[str]:
    """Have a feed bring ten articles in one lump, dated long ago, as arXiv does each day; return what is posted."""
    desk.web.put(FEED, *posts(*range(100 * day, 100 * day + 10)))
    desk.clock.advance(days=1)
    await desk.round()
    return await desk.headlines()


async def test_a_feed_that_is_never_to_be_held_posts_each_of_its_lumps(desk: Desk) -> None:
    assert await lump(desk, 1) == []

    assert await desk.subscriptions.release(GUILD, 1, always=True) == 10
    assert len(await desk.headlines()) == 10
    for day in (2, 3):
        assert len(await lump(desk, day)) == 10
    assert await alerts(desk) == []


async def test_what_is_released_once_is_held_the_next_time(desk: Desk) -> None:
    await lump(desk, 1)
    await desk.subscriptions.release(GUILD, 1)
    await desk.headlines()

    assert await lump(desk, 2) == []


async def test_a_feed_may_be_held_again_whenever_the_admins_want_that(desk: Desk) -> None:
    assert await desk.subscriptions.release(GUILD, 1, always=True) is None
    assert len(await lump(desk, 1)) == 10
    assert await desk.subscriptions.release(GUILD, 1, always=False) is None

    assert await lump(desk, 2) == []
    assert await state(desk) is SubscriptionState.HELD


async def test_never_to_be_held_in_one_guild_is_held_in_another(desk: Desk) -> None:
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.subscriptions.release(GUILD, 1, always=True)

    assert len(await lump(desk, 1)) == 10
    assert await desk.headlines(FOREIGN_CHANNEL) == []
    assert await alerts(desk) == [(OTHER_GUILD, AlertKind.HELD, 10)]


async def test_never_to_be_held_holds_for_channels_that_get_the_feed_later(desk: Desk) -> None:
    await desk.subscriptions.release(GUILD, 1, always=True)
    await desk.add(channel_id=OTHER_CHANNEL)

    assert len(await lump(desk, 1)) == 10
    assert len(await desk.headlines(OTHER_CHANNEL)) == 10


async def test_a_feed_that_is_added_anew_is_held_as_any_other(desk: Desk) -> None:
    await desk.subscriptions.release(GUILD, 1, always=True)
    await desk.subscriptions.remove(GUILD, 1)
    await desk.add()

    assert await lump(desk, 1) == []


async def test_who_asks_to_release_what_is_never_held_hears_that(desk: Desk) -> None:
    await desk.subscriptions.release(GUILD, 1, always=True)

    with pytest.raises(RequestRefused, match="never is"):
        await desk.subscriptions.release(GUILD, 1)


async def test_a_busy_feed_that_was_not_read_for_a_while_is_not_held(desk: Desk) -> None:
    desk.clock.advance(days=2)
    news = [post(100 + number, published=desk.clock() - timedelta(hours=number)) for number in range(20)]
    desk.web.put(FEED, *news)

    await desk.round()

    assert len(await desk.headlines()) == 20


async def test_five_hundred_new_articles_at_once_are_not_held(desk: Desk) -> None:
    news = [post(1000 + number, published=desk.clock() + timedelta(minutes=20)) for number in range(500)]
    desk.web.put(FEED, *news, *posts(*NUMBERS))

    await desk.round()

    assert len(await desk.headlines()) == 500


async def test_old_articles_that_are_dated_anew_are_told_by_their_headlines(desk: Desk) -> None:
    desk.web.put(FEED, *renamed(*NUMBERS, published=desk.clock() + timedelta(minutes=5)))

    await desk.round()

    assert await state(desk) is SubscriptionState.HELD


async def test_a_few_new_articles_are_no_flood_however_small_the_feed_is(database: Database) -> None:
    desk = Desk.over(database)
    desk.web.put(FEED, post(0))
    await desk.add()
    desk.web.put(FEED, *renamed(*range(1, MORE_THAN + 1)))

    await desk.round()

    assert len(await desk.headlines()) == MORE_THAN


async def test_half_of_a_feed_is_no_flood(desk: Desk) -> None:
    desk.web.put(FEED, *renamed(*range(100, 110)), *posts(*NUMBERS))

    await desk.round()

    assert len(await desk.headlines()) == 10


async def test_a_feed_that_is_read_for_the_first_time_is_not_held(desk: Desk) -> None:
    await desk.subscriptions.pause(GUILD, 1)
    desk.web.put(FEED, *renamed(*NUMBERS))
    await desk.subscriptions.resume(GUILD, 1)
    await desk.round()

    assert await state(desk) is SubscriptionState.ACTIVE


async def test_who_adds_a_held_feed_elsewhere_begins_with_what_it_holds(desk: Desk) -> None:
    await flood(desk)
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    desk.web.put(FEED, *posts(10), *renamed(*NUMBERS))
    await desk.round()

    assert await desk.headlines(FOREIGN_CHANNEL) == ["Post 10"]


async def test_a_held_feed_that_is_paused_is_held_again_when_it_is_resumed(desk: Desk) -> None:
    await flood(desk)
    await desk.subscriptions.pause(GUILD, 1)

    assert await desk.subscriptions.resume(GUILD, 1) is True
    assert await state(desk) is SubscriptionState.HELD
    assert await desk.subscriptions.release(GUILD, 1) == 10


async def test_a_held_feed_that_is_paused_is_neither_released_nor_skipped_until_it_is_resumed(desk: Desk) -> None:
    await flood(desk)
    await desk.subscriptions.pause(GUILD, 1)

    for decide in (desk.subscriptions.release, desk.subscriptions.skip):
        with pytest.raises(RequestRefused, match="It is paused; `/feed resume` first"):
            await decide(GUILD, 1)

    await desk.subscriptions.resume(GUILD, 1)
    assert await desk.subscriptions.skip(GUILD, 1) == 10
    await desk.subscriptions.pause(GUILD, 1)
    assert await desk.subscriptions.resume(GUILD, 1) is False


async def test_whether_a_feed_is_ever_held_can_be_said_while_it_is_paused(desk: Desk) -> None:
    await flood(desk)
    await desk.subscriptions.pause(GUILD, 1)

    assert await desk.subscriptions.release(GUILD, 1, always=True) is None

    assert await desk.subscriptions.resume(GUILD, 1) is True


async def test_a_held_feed_that_is_removed_and_brought_back_is_still_held(desk: Desk) -> None:
    await flood(desk)
    removed = await desk.subscriptions.remove(GUILD, 1)
    desk.web.put(FEED, *posts(10), *renamed(*NUMBERS))
    await desk.undo(removed)

    assert await state(desk) is SubscriptionState.HELD
    assert await desk.headlines() == []
    assert await desk.subscriptions.release(GUILD, 1) == 10


async def test_a_held_story_that_another_feed_tells_comes_with_that_one(desk: Desk) -> None:
    desk.web.put(OTHER_FEED, entry(guid="old", link="https://blog.example/old", title="Old"))
    await desk.add(url=OTHER_FEED)
    await flood(desk)
    told = entry(guid="x", link="https://lab.example/?p=3", title="Post 3, as the blog has it", published=None)
    desk.web.put(OTHER_FEED, told)
    await desk.round()

    assert await desk.headlines() == ["Post 3, as the blog has it"]
    assert await desk.subscriptions.release(GUILD, 1) == 9


async def test_how_a_held_feed_is_doing_is_said(desk: Desk) -> None:
    await flood(desk)

    status = await desk.newsroom.status.of(GUILD)

    assert status.feeds == {Health.HELD: 1}


async def test_ten_items_with_one_guid_are_no_flood_twice(database: Database) -> None:
    desk = Desk.over(database)
    same = [post(number, guid="the same") for number in NUMBERS]
    desk.web.put(FEED, *same)
    await desk.add()
    desk.web.put(FEED, *reversed(same))

    await desk.round()

    assert await desk.headlines() == []
    assert len(identify(same).items) == 10


async def test_a_feed_that_is_only_being_added_is_not_said_to_be_held(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk.over(database)
    desk.web.put(FEED, *(post(number, published=None) for number in NUMBERS))

    await desk.add()

    assert "held" not in caplog.text
