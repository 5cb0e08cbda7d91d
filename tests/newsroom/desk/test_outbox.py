"""What the outbox promises: in order, one at a time, and nothing twice however an attempt ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsroom.attempts import CLOCK_SLACK, NONCE_WINDOW, Step
from newsroom.desk import outbox as rules
from newsroom.desk.outbox import Claim
from newsroom.store.database import Database
from tests.desk import CHANNEL, FEED, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk, posts
from tests.makers import NOW


@pytest.fixture
async def desk(database: Database) -> Desk:
    """Two stories on their way to a channel."""
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(1, 2))
    await desk.add(backfill=2)
    return desk


async def claimed(desk: Desk) -> Claim:
    claim = await desk.outbox.claim(CHANNEL)
    assert claim is not None
    return claim


async def test_stories_go_out_in_order_and_each_once(desk: Desk):
    assert await desk.headlines() == ["Post 1", "Post 2"]
    assert await desk.headlines() == []


async def test_a_channel_with_a_story_due_is_named_until_it_is_sent(desk: Desk):
    assert await desk.outbox.due_channels() == [CHANNEL]
    await desk.headlines()
    assert await desk.outbox.due_channels() == []


async def test_while_one_is_uncertain_the_next_waits(desk: Desk):
    first = await claimed(desk)
    await desk.outbox.uncertain(first, "lost")

    assert await desk.outbox.claim(CHANNEL) is None
    assert await desk.outbox.due_channels() == []


async def test_an_uncertain_one_is_repeated_with_the_same_nonce_and_then_looked_for(desk: Desk):
    first = await claimed(desk)
    await desk.outbox.uncertain(first, "lost")
    desk.clock.advance(seconds=10)
    second = await claimed(desk)
    await desk.outbox.uncertain(second, "lost")
    desk.clock.advance(seconds=60)
    third = await claimed(desk)

    assert [claim.step for claim in (first, second, third)] == [Step.SEND, Step.SEND, Step.LOOK_FIRST]
    assert {claim.nonce for claim in (first, second, third)} == {first.nonce}
    assert third.look_since == NOW - CLOCK_SLACK


async def test_after_a_crash_the_channel_is_looked_into_first(desk: Desk):
    first = await claimed(desk)
    desk.clock.advance(seconds=5)

    again = await claimed(desk.restarted())

    assert again.delivery.id == first.delivery.id
    assert again.step is Step.LOOK_FIRST
    assert again.card.mark == first.card.mark
    assert again.look_since == NOW - CLOCK_SLACK


async def test_a_look_covers_the_time_in_which_an_attempt_may_have_left_the_card_and_no_more(desk: Desk):
    await desk.outbox.uncertain(await claimed(desk), "lost")
    last = desk.clock()
    desk.clock.advance(days=3)

    again = await claimed(desk.restarted())

    assert again.look_since < last < again.look_until < last + timedelta(minutes=10)


async def test_a_repeat_is_over_before_discord_forgets_the_nonce(desk: Desk):
    first = await claimed(desk)
    await desk.outbox.uncertain(first, "lost")
    desk.clock.advance(seconds=50)
    again = await claimed(desk)

    assert first.repeat_until is None
    assert (again.step, again.repeat_until) == (Step.SEND, NOW + NONCE_WINDOW)


async def test_one_that_was_looked_for_in_vain_may_be_repeated_with_its_nonce_again(desk: Desk):
    await claimed(desk)
    process = desk.restarted()
    desk.clock.advance(minutes=5)
    looking = await claimed(process)
    process.outbox.looked(looking)
    await process.outbox.uncertain(looking, "lost again")
    desk.clock.advance(seconds=10)

    assert (await claimed(process)).step is Step.SEND


async def test_what_surely_was_not_sent_keeps_its_place_and_is_simply_sent_later(desk: Desk):
    first = await claimed(desk)
    await desk.outbox.surely_not_sent(first, "slow down", timedelta(seconds=7))
    assert await desk.outbox.claim(CHANNEL) is None

    desk.clock.advance(seconds=7)
    again = await claimed(desk.restarted())

    assert (again.delivery.id, again.step) == (first.delivery.id, Step.SEND)


async def test_a_refusal_after_an_uncertain_attempt_leaves_it_uncertain(desk: Desk):
    await desk.outbox.uncertain(await claimed(desk), "lost")
    desk.clock.advance(seconds=10)
    await desk.outbox.surely_not_sent(await claimed(desk), "slow down", timedelta(minutes=2))
    desk.clock.advance(minutes=2)

    assert (await claimed(desk)).step is Step.LOOK_FIRST


async def test_a_suspended_channel_gets_nothing_and_loses_nothing(desk: Desk):
    await desk.outbox.suspend(await claimed(desk), "I may not write here.", 50013, uncertain=False)
    desk.clock.advance(days=1)
    assert await desk.outbox.due_channels() == []
    assert (await desk.subscriptions.listing(GUILD))[0].channel.suspended_for == "I may not write here."

    assert await desk.subscriptions.resume_channel(GUILD, CHANNEL) == 2
    assert await desk.headlines() == ["Post 1", "Post 2"]


async def test_a_suspension_in_doubt_is_looked_into_afterwards(desk: Desk):
    await desk.outbox.suspend(await claimed(desk), "I may not write here.", 50013, uncertain=True)
    await desk.subscriptions.resume_channel(GUILD, CHANNEL)

    assert (await claimed(desk)).step is Step.LOOK_FIRST


async def test_a_card_that_discord_takes_in_no_form_stops_no_other(desk: Desk):
    await desk.outbox.quarantine(await claimed(desk), "no")

    assert await desk.headlines() == ["Post 2"]


async def test_channels_do_not_wait_for_one_another(desk: Desk):
    await desk.add(channel_id=OTHER_CHANNEL, backfill=1)
    await desk.outbox.uncertain(await claimed(desk), "lost")

    assert await desk.outbox.due_channels() == [OTHER_CHANNEL]


async def test_a_card_tells_its_own_guild_where_it_came_from_and_no_other(desk: Desk):
    claim = (await desk.claims())[0]

    origin = await desk.outbox.origin(claim.card.mark, GUILD)

    assert (origin.feed_url, origin.url) == (FEED, "https://lab.example/posts/1")
    assert await desk.outbox.origin(claim.card.mark, OTHER_GUILD) is None


@pytest.mark.parametrize("forged", ["", "1", "1.", "1." + "0" * 24, "x.y", "٣.abc", "9" * 30 + ".a", "-1.a"])
async def test_a_forged_mark_leads_nowhere(desk: Desk, forged: str):
    assert await desk.outbox.origin(forged, GUILD) is None


async def test_an_announcement_is_published_after_it_was_sent_and_retried(desk: Desk):
    await desk.outbox.sent(await claimed(desk), 77, publish=True)
    (due,) = await desk.outbox.due_publishings()
    assert due.message_id == 77

    await desk.outbox.not_published(due, "slow down", timedelta(minutes=5))
    assert await desk.outbox.due_publishings() == []
    desk.clock.advance(minutes=5)
    (again,) = await desk.outbox.due_publishings()
    await desk.outbox.published(again)

    assert await desk.outbox.due_publishings() == []
    assert await desk.headlines() == ["Post 2"]


async def test_publishing_is_given_up_in_the_end(desk: Desk):
    await desk.outbox.sent(await claimed(desk), 77, publish=True)
    tries = 0
    while due := await desk.outbox.due_publishings():
        await desk.outbox.not_published(due[0], "no")
        desk.clock.advance(hours=1)
        tries += 1

    assert tries == rules.MOST_PUBLISH_ATTEMPTS


async def test_what_was_put_off_while_the_clock_ran_far_ahead_comes_once_it_is_set_right(desk: Desk):
    desk.clock.advance(days=1000)
    await desk.outbox.surely_not_sent(await claimed(desk), "Discord asks me to slow down.")
    desk.clock.advance(days=-1000)

    assert await desk.outbox.due_channels() == [CHANNEL]
    assert await desk.headlines() == ["Post 1", "Post 2"]
