"""What we say in discussions is said once, and shows in the end what the database holds, whatever happened between."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from newsroom.attempts import CLOCK_SLACK, NONCE_WINDOW, Step
from newsroom.discussion.remarks import MOST_ATTEMPTS, REDRAW_WAIT, OpenedBefore, ShownTake
from newsroom.models import DeliveryState, RemarkKind, Take
from newsroom.store import tables
from newsroom.store.threads import FIRST_WORD, ThreadStore
from tests.desk import GUILD, Desk
from tests.talks import (
    WORDS,
    card,
    claimed,
    discussed,
    draw_due,
    drop,
    fire,
    message_of,
    open_threads,
    remark_of,
    say_due,
    shown,
    shown_in,
    take_now,
)
from tests.votes import BEN, CARA, everything

OTHER_WORDS = "Nobody has seen the data it was trained on."


async def waiting(desk: Desk) -> Take:
    """A take that is to be said in a discussion which is opened already."""
    posted = await card(desk)
    await discussed(desk, posted)
    return (await drop(desk, posted)).take


async def redraw_now(desk: Desk) -> list[int]:
    """The messages that may be drawn at this very moment; they are."""
    drawn = []
    for remark_id in await desk.newsroom.remarks.due_redraws():
        redraw = await desk.newsroom.remarks.take_redraw(remark_id)
        if redraw is not None:
            await desk.newsroom.remarks.redrawn(redraw)
            drawn.append(remark_id)
    return drawn


# ------------------------------------------------------------------------------------- sending


async def test_what_is_said_is_said_once_with_all_that_it_takes_to_show_it(desk: Desk):
    take = await waiting(desk)

    claim = await claimed(desk)
    await desk.newsroom.remarks.sent(claim, 7001)

    assert (claim.step, claim.remark.kind, shown_in(claim).take) == (
        Step.SEND,
        RemarkKind.TAKE,
        take,
    )
    assert len(claim.nonce) <= 25
    assert await desk.newsroom.remarks.due() == await desk.newsroom.remarks.due_redraws() == []
    assert await desk.newsroom.remarks.claim(claim.remark.id) is None
    remark = await remark_of(desk, take)
    assert remark is not None and (remark.state, remark.message_id) == (DeliveryState.SENT, 7001)


async def test_an_uncertain_attempt_is_repeated_with_the_same_nonce_and_later_looked_for(desk: Desk):
    await waiting(desk)
    began = desk.clock()
    first = await claimed(desk)
    await desk.newsroom.remarks.later(first, "lost", uncertain=True)
    desk.clock.advance(seconds=10)
    second = await claimed(desk)
    await desk.newsroom.remarks.later(second, "lost", uncertain=True)
    desk.clock.time = began + NONCE_WINDOW
    third = await claimed(desk)

    assert [claim.step for claim in (first, second, third)] == [Step.SEND, Step.SEND, Step.LOOK_FIRST]
    assert {claim.nonce for claim in (first, second, third)} == {first.nonce}
    assert {claim.contents.mark for claim in (first, second, third)} == {first.contents.mark}
    assert (first.repeat_until, second.repeat_until) == (None, began + NONCE_WINDOW)
    assert third.look_since == began - CLOCK_SLACK


@pytest.mark.parametrize("kind", ["opener", "take"])
async def test_after_a_crash_it_is_looked_for_first_and_drawn_as_things_are_by_then(desk: Desk, kind: str):
    posted = await card(desk)
    thread_id = await discussed(desk, posted) if kind == "take" else 0
    await (drop(desk, posted) if kind == "take" else desk.newsroom.threads.click(posted.mark, GUILD))
    await open_threads(desk)
    await claimed(desk)
    after = desk.restarted()

    claim = await claimed(after)
    await after.newsroom.remarks.sent(claim, 7001)

    assert claim.step is Step.LOOK_FIRST
    assert claim.remark.channel_id == (thread_id or message_of(posted))
    assert await after.newsroom.remarks.due() == []
    [redraw] = await draw_due(after)
    # What opens a discussion keeps its words: only its buttons may be others by now.
    assert redraw.contents is not None
    assert isinstance(redraw.contents.says, OpenedBefore if kind == "opener" else ShownTake)
    assert await after.newsroom.remarks.due_redraws() == []


async def test_what_was_surely_not_sent_is_sent_later_without_a_look_even_after_a_restart(desk: Desk):
    await waiting(desk)
    await desk.newsroom.remarks.later(await claimed(desk), "no way", uncertain=False)
    assert await desk.newsroom.remarks.due() == []

    desk.clock.advance(hours=1)
    assert (await claimed(desk.restarted())).step is Step.SEND


async def test_what_an_earlier_attempt_left_uncertain_stays_so_however_the_next_one_ends(desk: Desk):
    await waiting(desk)
    await desk.newsroom.remarks.later(await claimed(desk), "lost", uncertain=True)
    desk.clock.advance(seconds=10)
    await desk.newsroom.remarks.later(await claimed(desk), "refused", uncertain=False)
    desk.clock.advance(hours=1)

    assert (await claimed(desk)).step is Step.LOOK_FIRST


async def test_who_looked_in_vain_sends_a_first_time_again(desk: Desk):
    await waiting(desk)
    await claimed(desk)
    after = desk.restarted()
    claim = await claimed(after)
    after.newsroom.remarks.looked(claim)
    await after.newsroom.remarks.later(claim, "lost", uncertain=True)
    desk.clock.advance(seconds=10)

    assert (await claimed(after)).step is Step.SEND


async def test_an_outage_of_hours_loses_nothing_and_one_of_days_ends_the_tries(desk: Desk):
    take = await waiting(desk)
    tries = 0
    while await desk.newsroom.remarks.due():
        await desk.newsroom.remarks.later(await claimed(desk), "Discord can't be reached", uncertain=False)
        tries += 1
        desk.clock.advance(minutes=5)

    assert tries == MOST_ATTEMPTS
    assert tries * timedelta(minutes=5) > timedelta(hours=24)
    remark = await remark_of(desk, take)
    assert remark is not None and remark.state is DeliveryState.SKIPPED
    assert await take_now(desk, take) == take


async def test_of_two_processes_that_take_a_message_in_hand_at_once_one_sends_it(
    desk: Desk, twin: Desk, monkeypatch: pytest.MonkeyPatch
):
    """On SQLite one comes after the other, and looks for what the first one sends."""

    take = ThreadStore.take

    async def once_both_have_looked(*what: Any, **values: Any) -> bool:
        await asyncio.sleep(0.1)
        return await take(*what, **values)

    monkeypatch.setattr(ThreadStore, "take", once_both_have_looked)
    await waiting(desk)
    [remark_id] = await desk.newsroom.remarks.due()

    claims = await asyncio.gather(*(each.newsroom.remarks.claim(remark_id) for each in (desk, twin)))

    steps = [claim.step for claim in claims if claim is not None]
    assert steps.count(Step.SEND) == 1
    if desk.store.database.engine.dialect.name == "postgresql":
        assert steps == [Step.SEND]


@pytest.mark.parametrize("end", ["surely not sent", "uncertain", "given up"])
@pytest.mark.parametrize("newer", ["in hand", "sent", "waiting"])
async def test_how_an_attempt_ended_is_forgotten_when_a_newer_one_has_begun(
    desk: Desk, twin: Desk, end: str, newer: str
):
    await waiting(desk)
    hung = await claimed(desk)
    desk.clock.advance(minutes=10)
    claim = await claimed(twin)
    if newer == "sent":
        await twin.newsroom.remarks.sent(claim, 7001)
    elif newer == "waiting":
        await twin.newsroom.remarks.later(claim, "lost", uncertain=True)
    before = await everything(desk)

    if end == "given up":
        await desk.newsroom.remarks.give_up(hung, "not there")
    else:
        await desk.newsroom.remarks.later(hung, "too late", uncertain=end == "uncertain")

    assert await everything(desk) == before


async def test_an_old_attempt_that_arrived_after_all_is_noted_whatever_a_newer_one_comes_to(desk: Desk, twin: Desk):
    take = await waiting(desk)
    slow = await claimed(desk)
    desk.clock.advance(minutes=10)
    newer = await claimed(twin)

    await desk.newsroom.remarks.sent(slow, 7001)
    await twin.newsroom.remarks.give_up(newer, "not there")

    remark = await remark_of(desk, take)
    assert remark is not None and (remark.state, remark.message_id) == (DeliveryState.SENT, 7001)


# ------------------------------------------------------------------------------ the first word


async def test_takes_wait_until_their_thread_is_open_and_its_discussion_opened(desk: Desk):
    posted = await card(desk)
    await drop(desk, posted)
    assert await desk.newsroom.remarks.due() == []
    await open_threads(desk)

    opener = await claimed(desk)
    assert await desk.newsroom.remarks.due() == [opener.remark.id]
    await desk.newsroom.remarks.sent(opener, 7001)

    assert opener.remark.kind is RemarkKind.OPENER
    assert (await claimed(desk)).remark.kind is RemarkKind.TAKE


async def test_an_opener_that_discord_refuses_holds_takes_up_for_a_few_tries_only(desk: Desk):
    posted = await card(desk)
    await drop(desk, posted)
    await open_threads(desk)

    for _ in range(FIRST_WORD):
        await desk.newsroom.remarks.later(await claimed(desk), "no way", uncertain=False)
        desk.clock.advance(minutes=5)

    assert len(await desk.newsroom.remarks.due()) == 2


async def test_a_discussion_whose_card_is_gone_is_not_opened(desk: Desk):
    posted = await card(desk)
    await desk.newsroom.threads.click(posted.mark, GUILD)
    await open_threads(desk)
    await desk.newsroom.story_desk.take_down(GUILD, message_of(posted))

    assert await say_due(desk) == []
    async with desk.store.read() as connection:
        states = list(await connection.scalars(select(tables.remark.c.state)))
    assert states == [DeliveryState.SKIPPED]


# ------------------------------------------------------------------------------------- drawing


async def test_what_changes_between_claim_and_sent_is_drawn_next(desk: Desk):
    take = await waiting(desk)
    claim = await claimed(desk)
    await fire(desk, take, BEN)
    await desk.newsroom.remarks.sent(claim, 7001)

    assert shown_in(claim).fires == 0
    [redraw] = await draw_due(desk)
    assert shown_in(redraw).fires == 1
    assert await draw_due(desk) == []


async def test_what_changes_while_a_message_is_drawn_is_drawn_once_more(desk: Desk):
    take = await shown(desk, await card(desk))
    desk.clock.advance(minutes=1)
    await fire(desk, take, BEN)
    [remark_id] = await desk.newsroom.remarks.due_redraws()
    drawing = await desk.newsroom.remarks.take_redraw(remark_id)
    assert drawing is not None
    await fire(desk, take, CARA)
    await desk.newsroom.remarks.redrawn(drawing)

    [redraw] = await draw_due(desk)

    assert shown_in(redraw).fires == 2
    assert await draw_due(desk) == []


async def test_a_drawing_is_taken_in_hand_by_one_and_done_again_after_a_crash(desk: Desk, twin: Desk):
    take = await shown(desk, await card(desk))
    desk.clock.advance(minutes=1)
    await fire(desk, take, BEN)
    [remark_id] = await desk.newsroom.remarks.due_redraws()

    taken = await asyncio.gather(*(each.newsroom.remarks.take_redraw(remark_id) for each in (desk, twin)))

    assert sorted(redraw is None for redraw in taken) == [False, True]
    assert await draw_due(twin) == []
    desk.clock.advance(seconds=REDRAW_WAIT.total_seconds())
    assert len(await draw_due(twin)) == 1


async def test_a_message_is_drawn_every_two_seconds_at_most_and_every_ten_once_it_is_old(desk: Desk):
    take = await shown(desk, await card(desk))

    async def drawings(seconds: int) -> int:
        drawn = 0
        for second in range(seconds):
            await fire(desk, take, 6000 + second)
            drawn += len(await redraw_now(desk))
            desk.clock.advance(seconds=1)
        return drawn

    assert await drawings(20) == 9, "it was sent a moment ago"
    desk.clock.advance(hours=2)
    assert await drawings(30) == 3


async def test_old_messages_of_one_channel_are_drawn_one_after_the_other(desk: Desk):
    """Discord refuses a fourth edit of messages older than an hour in six seconds (error 30046)."""
    posted, other = await card(desk), await desk.post_story("Another story")
    takes = [await shown(desk, posted, f"{WORDS} And {member}.", member) for member in range(6000, 6005)]
    apart = await shown(desk, other, OTHER_WORDS)
    desk.clock.advance(hours=2)
    for take in (*takes, apart):
        await fire(desk, take, CARA)

    drawn = []
    for _ in range(18):
        drawn.append(len(await redraw_now(desk)))
        desk.clock.advance(seconds=1)

    assert drawn[0] == 2, "one in each channel"
    assert sum(drawn) == len(takes) + 1
    assert max(sum(drawn[second : second + 6]) for second in range(len(drawn))) <= 3


async def test_what_nobody_may_see_any_more_goes_at_once_however_lately_it_was_drawn(desk: Desk):
    posted = await card(desk)
    takes = [await shown(desk, posted, f"{WORDS} And {member}.", member) for member in range(6000, 6005)]
    desk.clock.advance(hours=2)
    for take in takes:
        await fire(desk, take, CARA)
    await redraw_now(desk)

    for take in takes:
        await desk.newsroom.takes.remove(GUILD, take.id)

    assert len(await redraw_now(desk)) == len(takes)
    assert [await remark_of(desk, take) for take in takes] == [None] * len(takes)


async def test_a_message_that_somebody_deleted_is_left_at_that(desk: Desk):
    take = await shown(desk, await card(desk))
    desk.clock.advance(minutes=1)
    await fire(desk, take, BEN)
    [remark_id] = await desk.newsroom.remarks.due_redraws()
    redraw = await desk.newsroom.remarks.take_redraw(remark_id)
    assert redraw is not None

    await desk.newsroom.remarks.deleted(redraw)

    await fire(desk, take, CARA)
    assert await draw_due(desk) == await desk.newsroom.remarks.due() == []


# ---------------------------------------------------------------------------------- withdrawing


async def test_a_take_that_is_removed_before_it_was_said_never_is(desk: Desk):
    take = await waiting(desk)

    await desk.newsroom.takes.remove(GUILD, take.id)

    assert await desk.newsroom.remarks.due() == []
    assert await remark_of(desk, take) is None


async def test_a_take_that_is_removed_after_an_attempt_surely_in_vain_is_never_said(desk: Desk):
    take = await waiting(desk)
    await desk.newsroom.remarks.later(await claimed(desk), "no way", uncertain=False)

    await desk.newsroom.takes.remove(GUILD, take.id)

    desk.clock.advance(hours=1)
    assert await say_due(desk) == []


async def test_a_take_that_is_removed_while_it_is_sent_is_taken_away_as_soon_as_it_stands(desk: Desk):
    take = await waiting(desk)
    claim = await claimed(desk)

    await desk.newsroom.takes.remove(GUILD, take.id)
    await desk.newsroom.remarks.sent(claim, 7001)

    [redraw] = await draw_due(desk)
    assert (redraw.contents, redraw.remark.message_id) == (None, 7001)
    assert await remark_of(desk, take) is None


@pytest.mark.parametrize("found", [True, False])
@pytest.mark.parametrize("card_gone", [True, False])
async def test_a_removed_take_that_may_have_arrived_is_looked_for_and_taken_away(
    desk: Desk, found: bool, card_gone: bool
):
    posted = await card(desk)
    await discussed(desk, posted)
    take = (await drop(desk, posted)).take
    await claimed(desk)
    await desk.newsroom.takes.remove(GUILD, take.id)
    if card_gone:
        await desk.newsroom.story_desk.take_down(GUILD, message_of(posted))
    after = desk.restarted()

    claim = await claimed(after)
    if found:
        await after.newsroom.remarks.sent(claim, 7001)
    else:
        await after.newsroom.remarks.give_up(claim, "It was taken back.")

    assert (claim.step, claim.contents.is_empty) == (Step.LOOK_FIRST, True)
    assert [redraw.remark.message_id for redraw in await draw_due(after)] == ([7001] if found else [])
    assert await after.newsroom.remarks.due() == await draw_due(after) == []


async def test_a_take_that_is_removed_while_it_is_drawn_goes(desk: Desk):
    take = await shown(desk, await card(desk))
    desk.clock.advance(minutes=1)
    await fire(desk, take, BEN)
    [remark_id] = await desk.newsroom.remarks.due_redraws()
    drawing = await desk.newsroom.remarks.take_redraw(remark_id)
    assert drawing is not None

    await desk.newsroom.takes.remove(GUILD, take.id)
    await desk.newsroom.remarks.redrawn(drawing)

    assert [redraw.contents for redraw in await draw_due(desk)] == [None]
    assert await remark_of(desk, take) is None
