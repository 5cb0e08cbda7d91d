"""What admins are promised to hear, and what not."""

from datetime import timedelta

import pytest

from newsroom.attempts import NONCE_WINDOW, Step
from newsroom.desk.alerts import FORGOTTEN_AFTER, GIVE_UP_AFTER, AlertContents, Alerts, news_of
from newsroom.errors import RequestRefused
from newsroom.models import AlertKind, DeliveryState, Feed, Health, Line, SubscriptionState
from newsroom.store.database import Database
from tests.desk import ADMIN, CHANNEL, FEED, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk, posts
from tests.talks import card, discussed, shown

OPS, MODERATORS = 4001, 4002
OTHER_FEED = "https://blog.example/feed.xml"


@pytest.fixture
async def desk(database: Database) -> Desk:
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(1, 2, 3))
    await desk.add()
    return desk


@pytest.fixture
def alerts(desk: Desk) -> Alerts:
    return desk.newsroom.alerts


async def change(desk: Desk, **learned: object) -> Feed:
    """Have the feed at FEED be as a reading left it."""
    from dataclasses import replace

    async with desk.store.begin() as connection:
        feed = await desk.store.feeds.by_url(connection, FEED)
        assert feed is not None
        changed = replace(feed, **learned)
        await desk.store.feeds.save(connection, [changed])
    return changed


async def due(alerts: Alerts) -> list[AlertContents]:
    """What is told now."""
    found = [await alerts.contents(alert_id) for alert_id in await alerts.due()]
    return [contents for contents in found if contents is not None]


async def tell(alerts: Alerts) -> list[AlertContents]:
    """Tell all that is due."""
    told = await due(alerts)
    for contents in told:
        claim = await alerts.claim(contents, OPS)
        assert claim is not None
        await alerts.sent(claim, 9000 + contents.alert.id)
    return told


async def daily(desk: Desk) -> list[tuple[str, Health]]:
    """Let the next nine o'clock come, and return what is told of which feeds then."""
    desk.clock.advance(days=1)
    await desk.newsroom.alerts.look()
    return [(feed.title, health) for contents in await tell(desk.newsroom.alerts) for feed, health in contents.feeds]


async def test_a_channel_that_gets_nothing_any_more_is_told_of_at_once_and_once(desk, alerts):
    await desk.suspend()

    [contents] = await tell(alerts)

    assert (contents.alert.kind, contents.alert.channel_id) == (AlertKind.BLOCKED, CHANNEL)
    assert contents.reason == "I may not write here."
    assert await due(alerts) == []


async def test_an_alert_whose_cause_has_passed_is_left_out(desk, alerts):
    await desk.suspend()
    await desk.subscriptions.resume_channel(GUILD, CHANNEL)

    assert await due(alerts) == []
    assert await alerts.due() == []


async def test_an_alert_that_may_stand_somewhere_is_left_out_too_once_its_cause_has_passed(desk, alerts):
    await desk.suspend()
    [contents] = await due(alerts)
    claim = await alerts.claim(contents, OPS)
    await alerts.later(claim, "Discord's answer got lost.", uncertain=True)
    await desk.subscriptions.resume_channel(GUILD, CHANNEL)
    desk.clock.advance(hours=1)

    assert await due(alerts) == []
    assert await alerts.due() == []


async def test_that_nothing_can_be_said_in_a_channels_discussions_is_told_once_until_something_was(desk, alerts):
    posted = await card(desk, url=OTHER_FEED)
    thread_id = await discussed(desk, posted)
    threads = desk.newsroom.threads

    for _ in range(2):
        await threads.muted(thread_id, "I may not write there.")
    [contents] = await tell(alerts)
    assert (contents.alert.kind, contents.alert.channel_id, contents.reason) == (
        AlertKind.MUTED,
        CHANNEL,
        "I may not write there.",
    )
    await threads.muted(CHANNEL, "I may not write there.")
    assert await due(alerts) == []

    await shown(desk, posted)
    await threads.muted(thread_id, "I may not write there.")
    assert [contents.alert.kind for contents in await due(alerts)] == [AlertKind.MUTED]


async def test_those_can_be_told_who_added_what_it_is_about(desk, alerts):
    await desk.follow(OTHER_FEED, OTHER_CHANNEL)
    await desk.suspend()

    [contents] = await due(alerts)

    assert contents.ears.members == (ADMIN,)
    assert contents.ears.news_channels == {CHANNEL, OTHER_CHANNEL}


async def test_alerts_go_to_the_channel_that_admins_chose(desk, alerts):
    await alerts.choose(GUILD, OPS)
    await desk.suspend()

    [contents] = await due(alerts)

    assert contents.ears.chosen == OPS == await alerts.channel(GUILD)
    assert await alerts.channel(OTHER_GUILD) is None


async def test_alerts_never_go_to_a_channel_that_gets_news(alerts):
    with pytest.raises(RequestRefused, match="Pick another channel"):
        await alerts.choose(GUILD, CHANNEL)

    assert await alerts.channel(GUILD) is None


async def test_an_alert_whose_answer_was_lost_is_repeated_under_its_nonce_and_later_looked_for(desk, alerts):
    await desk.suspend()
    [contents] = await due(alerts)
    first = await alerts.claim(contents, OPS)
    assert first is not None and first.step is Step.SEND
    await alerts.later(first, "No answer.", uncertain=True, wait=timedelta())

    [contents] = await due(alerts)
    again = await alerts.claim(contents, OPS)
    assert again is not None and (again.step, again.nonce) == (Step.SEND, first.nonce)
    await alerts.later(again, "No answer.", uncertain=True, wait=NONCE_WINDOW)

    desk.clock.advance(seconds=NONCE_WINDOW.total_seconds())
    [contents] = await due(alerts)
    last = await alerts.claim(contents, OPS)
    assert last is not None and last.step is Step.LOOK_FIRST
    assert contents.alert.place_id == OPS


async def test_after_a_crash_an_alert_is_looked_for_first(desk, database):
    await desk.suspend()
    [contents] = await due(desk.newsroom.alerts)
    await desk.newsroom.alerts.claim(contents, OPS)
    after = Desk.over(database, desk.web, desk.clock).newsroom.alerts

    [contents] = await due(after)
    claim = await after.claim(contents, OPS)

    assert claim is not None and claim.step is Step.LOOK_FIRST


async def test_of_two_processes_one_tells(desk, alerts, database):
    await desk.suspend()
    [here] = await due(alerts)
    other = Desk.over(database, desk.web, desk.clock).newsroom.alerts
    [there] = await due(other)

    assert await alerts.claim(here, OPS) is not None
    assert await other.claim(there, OPS) is None


async def test_an_alert_that_one_place_refuses_goes_to_another_at_once(desk, alerts):
    await desk.suspend()
    [contents] = await due(alerts)
    claim = await alerts.claim(contents, OPS)
    assert claim is not None
    await alerts.not_there(claim, "I may not write in this channel any more.")

    [contents] = await due(alerts)
    claim = await alerts.claim(contents, MODERATORS)

    assert claim is not None and claim.step is Step.SEND


async def test_an_alert_put_off_while_the_clock_ran_far_ahead_comes_once_it_is_set_right(desk, alerts):
    desk.clock.advance(days=1000)
    await desk.suspend()
    [contents] = await due(alerts)
    await alerts.nobody(contents)
    desk.clock.advance(days=-1000)

    [again] = await due(alerts)
    assert again.alert.id == contents.alert.id


async def test_where_nobody_can_be_told_it_is_tried_for_a_week(desk, alerts):
    await desk.suspend()
    [contents] = await due(alerts)
    await alerts.nobody(contents)
    assert await due(alerts) == []

    desk.clock.advance(hours=1)
    [contents] = await due(alerts)
    desk.clock.advance(seconds=GIVE_UP_AFTER.total_seconds())
    await alerts.nobody(contents)

    assert await alerts.due() == []


async def test_a_held_feed_is_told_of_with_what_waits(desk, alerts):
    async with desk.store.begin() as connection:
        [(one, feed)] = await desk.store.subscriptions.of_guild(connection, GUILD)
        await desk.store.subscriptions.set_state(connection, [one.id], SubscriptionState.HELD)
        await desk.store.alerts.add(connection, AlertKind.HELD, [GUILD], desk.clock(), feed_id=feed.id)

    [contents] = await tell(alerts)

    assert [(feed.title, health) for feed, health in contents.feeds] == [("Lab Notes", Health.HELD)]


async def test_a_feed_that_fails_for_a_day_is_told_of_once_with_all_others(desk):
    await desk.follow(OTHER_FEED, OTHER_CHANNEL)
    await change(desk, failures=9, failing_since=desk.clock(), error="That server takes too long to answer.")

    assert await daily(desk) == [("Lab Notes", Health.FAILING)]
    assert await daily(desk) == []


async def test_a_feed_that_failed_for_hours_alone_is_never_told_of(desk):
    desk.clock.advance(hours=20)
    await change(desk, failures=3, failing_since=desk.clock())
    desk.clock.advance(hours=2)

    await desk.newsroom.alerts.look()

    assert await desk.newsroom.alerts.due() == []


async def test_a_recovery_is_told_to_those_who_were_told_of_the_trouble(desk):
    await desk.follow(FEED, 2099, OTHER_GUILD)
    await change(desk, failures=9, failing_since=desk.clock())
    await daily(desk)
    await change(desk, failures=0, failing_since=None)

    assert await daily(desk) == [("Lab Notes", Health.OK)] * 2
    assert await daily(desk) == []


async def test_a_feed_that_went_stale_is_told_of(desk):
    await change(desk, rhythm_seconds=3600.0, news_at=desk.clock() - timedelta(days=4))

    assert await daily(desk) == [("Lab Notes", Health.STALE)]


async def test_a_paused_feed_is_nobodys_worry(desk):
    await change(desk, failures=9, failing_since=desk.clock())
    [listed] = await desk.subscriptions.listing(GUILD)
    await desk.subscriptions.pause(GUILD, listed.feed.id)

    assert await daily(desk) == []


async def test_the_daily_message_comes_at_nine_in_the_guilds_own_time(desk, alerts):
    await desk.newsroom.guilds.change(GUILD, {"timezone": "Asia/Tokyo"})  # nine there is midnight in UTC
    await change(desk, failures=9, failing_since=desk.clock() - timedelta(days=2))
    await alerts.look()
    await tell(alerts)
    await change(desk, failures=0, failing_since=None)
    assert desk.clock().hour == 12
    desk.clock.advance(hours=11, minutes=59)
    await alerts.look()
    assert await alerts.due() == []

    desk.clock.advance(minutes=1)
    await alerts.look()

    assert len(await tell(alerts)) == 1


def test_what_is_told_at_once_is_no_news_for_the_daily_message():
    assert news_of({1: Health.HELD, 2: Health.GONE, 3: Health.DEGRADED, 4: Health.OK}, {}) == {}


def test_a_feed_that_failed_and_is_now_stale_is_news():
    assert news_of({1: Health.STALE}, {1: Health.FAILING}) == {1: Health.STALE}


async def test_a_button_of_an_alert_finds_it_for_three_months(desk, alerts):
    await desk.suspend()
    [contents] = await tell(alerts)
    assert (await alerts.clicked(contents.mark)).channel_id == CHANNEL

    desk.clock.advance(seconds=FORGOTTEN_AFTER.total_seconds() + 1)
    assert await alerts.forget_old() == 1

    with pytest.raises(RequestRefused, match="long ago"):
        await alerts.clicked(contents.mark)


@pytest.mark.parametrize("mark", ["", "1", "1.abc", "99999999999999999999.abc", "x.y"])
async def test_nobody_can_make_up_a_button(alerts, mark):
    with pytest.raises(RequestRefused):
        await alerts.clicked(mark)


async def test_what_is_on_its_way_is_never_forgotten(desk, alerts):
    await desk.suspend()
    desk.clock.advance(seconds=FORGOTTEN_AFTER.total_seconds() + 1)

    assert await alerts.forget_old() == 0
    [contents] = await due(alerts)
    assert contents.alert.state is DeliveryState.PENDING


async def add_line(desk: Desk, guild_id: int = GUILD) -> None:
    async with desk.store.begin() as connection:
        await desk.store.alerts.add_line(
            connection, Line.TAKE_REMOVED, guild_id, desk.clock(), channel_id=OTHER_CHANNEL, member_id=ADMIN
        )


async def test_a_line_is_told_once_also_in_a_guild_without_feeds_and_who_did_it_is_forgotten_then(desk, alerts):
    for guild_id in (GUILD, OTHER_GUILD):
        await add_line(desk, guild_id)

    told = await tell(alerts)

    assert [(each.alert.line, each.alert.member_id, each.ears.members) for each in told] == [
        (Line.TAKE_REMOVED, ADMIN, (ADMIN,)),
        (Line.TAKE_REMOVED, ADMIN, ()),
    ]
    assert await alerts.due() == []
    async with desk.store.read() as connection:
        kept = await desk.store.alerts.get(connection, told[0].alert.id)
    assert kept is not None
    assert kept.member_id is None


async def test_of_two_lines_in_the_same_words_each_has_a_message_of_its_own(desk, alerts):
    await add_line(desk)
    await add_line(desk)
    first, second = await due(alerts)
    [one, two] = [await alerts.claim(contents, OPS) for contents in (first, second)]
    await alerts.sent(one, 9001)

    assert not await alerts.may_be(two, 9001)
    assert await alerts.may_be(two, 9002)


async def test_a_line_that_may_have_arrived_is_looked_for_before_it_is_told_again(desk, alerts):
    await add_line(desk)
    [contents] = await due(alerts)
    claim = await alerts.claim(contents, OPS)
    await alerts.later(claim, "Discord's answer got lost.", uncertain=True)
    desk.clock.advance(seconds=NONCE_WINDOW.total_seconds() + 60)

    [contents] = await due(alerts)
    again = await alerts.claim(contents, OPS)

    assert again is not None
    assert again.step is Step.LOOK_FIRST
