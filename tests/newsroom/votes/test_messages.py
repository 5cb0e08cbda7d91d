"""Messages of polls are sent once, and show in the end what the database holds, whatever happened between."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from newsroom.attempts import CLOCK_SLACK, NONCE_WINDOW, Step
from newsroom.marks import POLL, POLL_MESSAGE, Marks
from newsroom.models import DeliveryState, Outcome, Poll, PollState, Purpose, Side, Tally
from newsroom.store.polls import PollStore
from newsroom.store.votes import VoteStore
from newsroom.votes.messages import MOST_ATTEMPTS, Contents, PollClaim
from newsroom.votes.standings import Season
from tests.desk import ADMIN, CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.makers import NOW
from tests.votes import (
    ANNA,
    BEN,
    CARA,
    OPEN,
    PROPRIETARY,
    ask,
    ask_and_show,
    close,
    custom,
    draft,
    everything,
    get,
    messages,
    say_why,
    send_due,
    undo,
    vote,
    vote_many,
)

STORY = "Mistral releases open weights of a new model"


async def claimed(desk: Desk) -> PollClaim:
    """The one message that is due, in hand."""
    [row_id] = await desk.newsroom.poll_messages.due()
    claim = await desk.newsroom.poll_messages.claim(row_id)
    assert claim is not None
    return claim


async def drawn(desk: Desk, poll: Poll) -> list[Contents]:
    """Draw what may be drawn of a poll now."""
    taken = await desk.newsroom.poll_messages.take_to_draw(poll.id)
    for contents in taken:
        await desk.newsroom.poll_messages.drawn(contents)
    return taken


async def drawn_at_last(desk: Desk, poll: Poll) -> list[Contents]:
    """Draw a poll once it may be drawn again, however old its messages are."""
    desk.clock.advance(seconds=10)
    return await drawn(desk, poll)


# ------------------------------------------------------------------------------------- sending


async def test_a_new_poll_is_sent_once_with_all_that_it_takes_to_show_it(desk: Desk):
    poll = await ask(desk)

    claim = await claimed(desk)
    await desk.newsroom.poll_messages.sent(claim, 8001)

    assert (claim.message.channel_id, claim.message.purpose, claim.step) == (CHANNEL, Purpose.POLL, Step.SEND)
    assert (claim.contents.shown.poll, claim.contents.shown.tally) == (poll, Tally((0, 0, 0), 0))
    assert claim.contents.shown.mark == desk.newsroom.polls.mark(poll.id)
    contents = claim.contents
    assert (contents.card, contents.article, contents.season, contents.takes) == (None, None, None, ())
    assert await desk.newsroom.poll_messages.due() == []
    assert await desk.newsroom.poll_messages.claim(claim.message.id) is None
    [shown] = await messages(desk, poll)
    assert (shown.state, shown.message_id, shown.sent_at) == (DeliveryState.SENT, 8001, NOW)


async def test_an_uncertain_attempt_is_repeated_with_the_same_nonce_and_later_looked_for(desk: Desk):
    await ask(desk)
    first = await claimed(desk)
    await desk.newsroom.poll_messages.later(first, "lost", uncertain=True)
    desk.clock.advance(seconds=10)
    second = await claimed(desk)
    await desk.newsroom.poll_messages.later(second, "lost", uncertain=True)
    desk.clock.time = NOW + NONCE_WINDOW
    third = await claimed(desk)

    assert [claim.step for claim in (first, second, third)] == [Step.SEND, Step.SEND, Step.LOOK_FIRST]
    assert {claim.nonce for claim in (first, second, third)} == {first.nonce}
    assert {claim.contents.mark for claim in (first, second, third)} == {first.contents.mark}
    assert third.look_since == NOW - CLOCK_SLACK and third.look_until > NOW


async def test_a_message_may_be_repeated_only_as_long_as_discord_knows_its_nonce(desk: Desk):
    await ask(desk)
    first = await claimed(desk)
    await desk.newsroom.poll_messages.later(first, "lost", uncertain=True)
    desk.clock.advance(seconds=10)
    second = await claimed(desk)
    desk.clock.advance(seconds=20)
    after_a_restart = await claimed(desk.restarted())
    desk.clock.time = NOW + NONCE_WINDOW
    third = await claimed(desk)

    assert (first.repeat_until, second.repeat_until) == (None, NOW + NONCE_WINDOW)
    assert (after_a_restart.repeat_until, third.repeat_until) == (None, None), "these look first"


async def test_of_two_processes_that_take_a_message_in_hand_at_once_one_sends_it(
    desk: Desk, twin: Desk, monkeypatch: pytest.MonkeyPatch
):
    """On SQLite one comes after the other, and looks for what the first one sends."""

    take = PollStore.take_to_send

    async def once_both_have_looked(*what: Any, **values: Any) -> bool:
        await asyncio.sleep(0.1)
        return await take(*what, **values)

    monkeypatch.setattr(PollStore, "take_to_send", once_both_have_looked)
    poll = await ask(desk)
    [row_id] = await desk.newsroom.poll_messages.due()

    claims = await asyncio.gather(*(each.newsroom.poll_messages.claim(row_id) for each in (desk, twin)))

    steps = [claim.step for claim in claims if claim is not None]
    assert steps.count(Step.SEND) == 1
    [row] = await messages(desk, poll)
    assert row.attempts == len(steps)
    if desk.store.database.engine.dialect.name == "postgresql":
        assert steps == [Step.SEND]


@pytest.mark.parametrize("end", ["surely not sent", "uncertain", "given up"])
@pytest.mark.parametrize("newer", ["in hand", "sent", "waiting"])
async def test_how_an_attempt_ended_is_forgotten_when_a_newer_one_has_begun(desk: Desk, twin: Desk, end, newer):
    poll = await ask(desk)
    hung = await claimed(desk)
    desk.clock.advance(minutes=10)
    claim = await claimed(twin)
    if newer == "sent":
        await twin.newsroom.poll_messages.sent(claim, 8001)
    elif newer == "waiting":
        await twin.newsroom.poll_messages.later(claim, "lost", uncertain=True)
    before = await everything(desk)

    if end == "given up":
        await desk.newsroom.poll_messages.give_up(hung, "not there")
    else:
        await desk.newsroom.poll_messages.later(hung, "too late", uncertain=end == "uncertain")

    assert await everything(desk) == before
    [row] = await messages(desk, poll)
    assert row.state is (DeliveryState.SENT if newer == "sent" else DeliveryState.SENDING)


async def test_an_old_attempt_that_arrived_after_all_is_noted_though_a_newer_one_has_begun(desk: Desk, twin: Desk):
    poll = await ask(desk)
    slow = await claimed(desk)
    desk.clock.advance(minutes=10)
    await claimed(twin)

    await desk.newsroom.poll_messages.sent(slow, 8001)

    [row] = await messages(desk, poll)
    assert (row.state, row.message_id) == (DeliveryState.SENT, 8001)


@pytest.mark.parametrize("before", ["never tried", "surely not sent"])
async def test_a_poll_that_closed_before_its_message_was_sent_is_not_sent_any_more(desk: Desk, before: str):
    poll = await ask(desk)
    if before == "surely not sent":
        await desk.newsroom.poll_messages.later(await claimed(desk), "no way", uncertain=False)
        desk.clock.advance(minutes=1)
    await close(desk, poll)
    [row_id] = await desk.newsroom.poll_messages.due()

    assert await desk.newsroom.poll_messages.claim(row_id) is None

    assert await desk.newsroom.poll_messages.due() == []
    assert [row.state for row in await messages(desk, poll)] == [DeliveryState.SKIPPED]
    assert await desk.newsroom.poll_messages.undrawn() == []


async def test_a_poll_that_closed_while_its_message_may_have_arrived_is_looked_for_and_drawn_closed(desk: Desk):
    poll = await ask(desk)
    await claimed(desk)
    await close(desk, poll)
    again = desk.restarted()
    look = await claimed(again)
    await again.newsroom.poll_messages.sent(look, 8001)

    assert look.step is Step.LOOK_FIRST
    [drawing] = await drawn_at_last(again, poll)
    assert drawing.shown.poll.state is PollState.CLOSED


async def test_what_was_surely_not_sent_is_sent_later_without_a_look_even_after_a_restart(desk: Desk):
    await ask(desk)
    await desk.newsroom.poll_messages.later(await claimed(desk), "no way", uncertain=False)
    assert await desk.newsroom.poll_messages.due() == []

    desk.clock.advance(hours=1)
    assert (await claimed(desk.restarted())).step is Step.SEND


async def test_what_was_put_off_while_the_clock_ran_far_ahead_is_sent_once_it_is_set_right(desk: Desk):
    await ask(desk)
    claim = await claimed(desk)
    desk.clock.advance(days=1000)
    await desk.newsroom.poll_messages.later(claim, "no way", uncertain=False)
    desk.clock.advance(days=-1000)

    assert (await claimed(desk)).step is Step.SEND


async def test_what_an_earlier_attempt_left_uncertain_stays_so_however_the_next_one_ends(desk: Desk):
    await ask(desk)
    await desk.newsroom.poll_messages.later(await claimed(desk), "lost", uncertain=True)
    desk.clock.advance(seconds=10)
    await desk.newsroom.poll_messages.later(await claimed(desk), "refused", uncertain=False)
    desk.clock.advance(hours=1)

    assert (await claimed(desk)).step is Step.LOOK_FIRST


async def test_after_a_crash_the_channel_is_looked_into_first(desk: Desk):
    await ask(desk)
    first = await claimed(desk)
    desk.clock.advance(seconds=5)

    again = await claimed(desk.restarted())

    assert (again.message.id, again.nonce, again.contents.mark) == (first.message.id, first.nonce, first.contents.mark)
    assert (again.step, again.look_since) == (Step.LOOK_FIRST, NOW - CLOCK_SLACK)


async def test_after_a_look_in_vain_what_is_sent_is_a_first_try(desk: Desk):
    await ask(desk)
    await claimed(desk)
    again = desk.restarted()
    look = await claimed(again)
    again.newsroom.poll_messages.looked(look)
    await again.newsroom.poll_messages.later(look, "lost", uncertain=True)
    desk.clock.advance(seconds=10)

    assert (await claimed(again)).step is Step.SEND


async def test_a_message_waits_as_long_as_it_is_told_to(desk: Desk):
    poll = await ask(desk)
    claim = await claimed(desk)
    await desk.newsroom.poll_messages.later(claim, "slow down", uncertain=False, wait=timedelta(minutes=7))

    desk.clock.advance(minutes=6, seconds=59)
    assert await desk.newsroom.poll_messages.due() == []
    assert await desk.newsroom.poll_messages.claim(claim.message.id) is None
    desk.clock.advance(seconds=1)
    assert await desk.newsroom.poll_messages.due() == [claim.message.id]
    assert (await messages(desk, poll))[0].state is DeliveryState.PENDING


async def test_a_message_that_is_given_up_is_never_tried_again(desk: Desk):
    poll = await ask(desk)
    await desk.newsroom.poll_messages.give_up(await claimed(desk), "not there")
    desk.clock.advance(days=1)

    assert await desk.newsroom.poll_messages.due() == []
    assert (await messages(desk, poll))[0].state is DeliveryState.SKIPPED


async def test_after_many_attempts_in_vain_a_message_is_given_up(desk: Desk):
    poll = await ask(desk)
    for _ in range(MOST_ATTEMPTS):
        await desk.newsroom.poll_messages.later(await claimed(desk), "lost", uncertain=True)
        desk.clock.advance(hours=1)

    assert await desk.newsroom.poll_messages.due() == []
    assert (await messages(desk, poll))[0].state is DeliveryState.SKIPPED


async def test_marks_tell_a_poll_from_its_result_and_one_message_from_the_other(desk: Desk):
    poll = await ask(desk)
    of_poll = await claimed(desk)
    await desk.newsroom.poll_messages.sent(of_poll, 8001)
    await vote_many(desk, poll, 10)
    await close(desk, poll)
    of_result = await claimed(desk)

    assert len({of_poll.contents.mark, of_result.contents.mark, of_poll.contents.shown.mark}) == 3
    assert of_poll.nonce != of_result.nonce
    assert of_poll.contents.shown.mark == of_result.contents.shown.mark
    marks = Marks("installation")
    assert marks.number(of_result.contents.mark, POLL_MESSAGE) == of_result.message.id
    assert marks.number(of_result.contents.mark, POLL) is None
    assert all(len(claim.nonce) <= 25 for claim in (of_poll, of_result))


async def test_a_team_poll_is_shown_in_the_words_it_was_asked_in(desk: Desk):
    poll, mine = await ask(desk), await ask(desk, custom())
    await desk.newsroom.guilds.change(GUILD, {"open_label": "Weights"})

    claims = [await desk.newsroom.poll_messages.claim(row_id) for row_id in await desk.newsroom.poll_messages.due()]

    words = {claim.message.poll_id: claim.contents.shown.settings.open_label for claim in claims if claim}
    assert words == {poll.id: "Open source", mine.id: "Weights"}


async def test_a_storys_team_poll_is_shown_under_each_other_card_once_it_stands_where_it_was_asked(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"story_polls": False})
    await desk.follow()
    await desk.follow(channel_id=OTHER_CHANNEL)
    card = await desk.post_story(STORY)
    [other] = await desk.claims(OTHER_CHANNEL)
    poll, _ = await desk.newsroom.polls.start(GUILD, 2007, ADMIN, draft(), card.delivery.story_id)
    assert len(await messages(desk, poll)) == 1
    claim = await claimed(desk)

    for _ in range(2):  # found again after a crash, it is sent once
        await desk.newsroom.poll_messages.sent(claim, 8001)

    assert [(row.channel_id, row.delivery_id, row.reply_to) for row in await messages(desk, poll, Purpose.REPLY)] == [
        (CHANNEL, card.delivery.id, 9000 + card.delivery.id),
        (OTHER_CHANNEL, other.delivery.id, 9000 + other.delivery.id),
    ]
    assert len(await send_due(desk)) == 2
    assert await send_due(desk) == []


async def test_a_result_comes_with_the_printed_tally_the_takes_and_the_season_so_far(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"per_day": 24})
    await desk.follow()
    polls = []
    for headline in (STORY, f"{STORY} again"):
        claim = await desk.post_story(headline)
        assert claim.card.poll is not None
        polls.append(claim.card.poll.poll)
    await vote_many(desk, polls[0], 12, 0)
    await close(desk, polls[0])
    await send_due(desk)
    desk.clock.advance(hours=1)
    await vote_many(desk, polls[1], 2, 12)
    await say_why(desk, GUILD, polls[1].id, ANNA, Side.OPEN, "Because I can read it.")
    await close(desk, polls[1])

    claim = await claimed(desk)
    await desk.newsroom.members.forget(5001, GUILD)
    again = await claimed(desk.restarted())

    assert claim.message.purpose is Purpose.RESULT and claim.message.reply_to is not None
    assert claim.contents.shown.poll.outcome is Outcome.PROPRIETARY
    assert claim.contents.shown.tally == again.contents.shown.tally == Tally((2, 12, 0), 14)
    assert claim.contents.season == Season(open=1, proprietary=1)
    assert [take.text for take in claim.contents.takes] == ["Because I can read it."]
    assert claim.contents.article is not None and claim.contents.article.title == f"{STORY} again"


async def test_a_season_counts_nothing_that_ended_later_or_in_another_guild(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"per_day": 24})
    await desk.follow()
    await desk.follow(channel_id=2003, guild_id=OTHER_GUILD)
    first = (await desk.post_story(STORY)).card.poll.poll
    second = (await desk.post_story(f"{STORY} again")).card.poll.poll
    [foreign, *_] = [claim.card.poll.poll for claim in await desk.claims(2003) if claim.card.poll]
    for poll in (first, second, foreign):
        await vote_many(desk, poll, 12, first_member=5000 + 100 * poll.id)
    await close(desk, foreign)
    await send_due(desk)
    await close(desk, first)
    desk.clock.advance(minutes=5)
    await close(desk, second)

    rows = await desk.newsroom.poll_messages.due()
    claims = [await desk.newsroom.poll_messages.claim(row_id) for row_id in rows]

    assert [claim.contents.season for claim in claims if claim] == [Season(open=1), Season(open=2)]


# ------------------------------------------------------------------------------------- drawing


async def test_votes_are_drawn_as_the_database_has_them(desk: Desk):
    poll = await ask_and_show(desk)
    assert await desk.newsroom.poll_messages.undrawn() == []
    desk.clock.advance(seconds=2)
    await vote(desk, poll, ANNA, OPEN)
    await vote(desk, poll, BEN, PROPRIETARY)

    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]
    [drawing] = await drawn(desk, poll)
    assert drawing.shown.tally == Tally((1, 1, 0), 2)
    assert drawing.card is None and drawing.message.channel_id == CHANNEL
    assert await desk.newsroom.poll_messages.undrawn() == []
    assert await desk.newsroom.poll_messages.take_to_draw(poll.id) == []


async def test_a_young_message_is_drawn_every_two_seconds_at_most(desk: Desk):
    poll = await ask_and_show(desk)
    times = []
    for second in range(20):
        desk.clock.time = NOW + timedelta(seconds=second / 2)
        await vote(desk, poll, 5000 + second, OPEN)
        drawings = await desk.newsroom.poll_messages.take_to_draw(poll.id)
        noted = desk.newsroom.poll_messages.noted()
        assert noted == ([] if drawings else [poll.id]), "what can't be drawn now is drawn later"
        times += [second / 2] * len(drawings)

    assert times == [2.0, 4.0, 6.0, 8.0]


async def test_what_is_noted_as_changed_stays_so_until_it_is_taken_to_be_drawn(desk: Desk):
    poll, other = await ask_and_show(desk), await ask_and_show(desk)
    polls = desk.newsroom.poll_messages

    assert [polls.note_changed(each.id) for each in (other, poll, poll)] == [True, True, False]
    assert polls.note_changed(poll.id, other.id) is False
    assert polls.noted() == [poll.id, other.id]
    assert await polls.take_to_draw(poll.id) == [], "it is as its message shows it"
    assert polls.noted() == [other.id]
    assert polls.note_changed(poll.id) is True


async def test_a_poll_of_which_one_message_may_be_drawn_stays_noted_for_the_other_one(desk: Desk):
    await desk.follow()
    await desk.follow(channel_id=OTHER_CHANNEL)
    first = await desk.post_story(STORY)
    desk.clock.advance(seconds=10)
    assert first.card.poll is not None
    poll = first.card.poll.poll
    await desk.claims(OTHER_CHANNEL)
    await vote(desk, poll, ANNA, OPEN)

    assert [each.message.channel_id for each in await drawn(desk, poll)] == [CHANNEL]
    assert desk.newsroom.poll_messages.noted() == [poll.id]
    desk.clock.advance(seconds=2)
    assert [each.message.channel_id for each in await drawn(desk, poll)] == [OTHER_CHANNEL]
    assert desk.newsroom.poll_messages.noted() == []


async def test_polls_that_can_not_be_drawn_do_not_keep_the_others_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("newsroom.store.polls.DRAWN_AT_ONCE", 1)
    stuck, other = await ask_and_show(desk), await ask_and_show(desk)
    desk.clock.advance(seconds=10)
    for poll in (stuck, other):
        await vote(desk, poll, ANNA, OPEN)

    assert await desk.newsroom.poll_messages.undrawn() == [stuck.id]
    await desk.newsroom.poll_messages.take_to_draw(stuck.id)  # and it comes to nothing
    assert await desk.newsroom.poll_messages.undrawn() == [other.id]


async def test_after_the_clock_was_set_back_a_message_is_drawn_at_once_and_not_when_that_time_comes_again(desk: Desk):
    poll = await ask_and_show(desk)
    await vote(desk, poll, ANNA, OPEN)
    await drawn_at_last(desk, poll)
    desk.clock.advance(hours=-3)
    await vote(desk, poll, BEN, OPEN)

    assert [each.shown.tally.voters for each in await drawn(desk, poll)] == [2]
    await vote(desk, poll, CARA, OPEN)
    assert await drawn(desk, poll) == [], "from then on as often as ever"
    assert [each.shown.tally.voters for each in await drawn_at_last(desk, poll)] == [3]


async def test_an_old_message_is_drawn_every_ten_seconds_at_most(desk: Desk):
    poll = await ask_and_show(desk)
    times = []
    for second in range(40):
        desk.clock.time = NOW + timedelta(hours=1, seconds=1 + second)
        await vote(desk, poll, 5000 + second, OPEN)
        times += [second] * len(await drawn(desk, poll))

    assert times == [0, 10, 20, 30]


async def test_two_processes_draw_a_message_no_more_often_than_one(desk: Desk, twin: Desk):
    poll = await ask_and_show(desk)
    for number in range(10):
        desk.clock.advance(seconds=2)
        await vote(desk, poll, 5000 + number, OPEN)

        taken = await asyncio.gather(*(each.newsroom.poll_messages.take_to_draw(poll.id) for each in [desk, twin] * 2))

        assert sum(len(drawings) for drawings in taken) == 1


async def test_a_poll_whose_votes_came_in_before_a_crash_is_found_and_drawn(desk: Desk):
    poll = await ask_and_show(desk)
    await vote(desk, poll, ANNA, OPEN)

    again = desk.restarted()

    assert await again.newsroom.poll_messages.undrawn() == [poll.id]
    assert [drawing.shown.tally for drawing in await drawn_at_last(again, poll)] == [Tally((1, 0, 0), 1)]


async def test_a_poll_that_was_in_hand_to_be_drawn_when_the_process_died_is_drawn_by_the_next(desk: Desk):
    poll = await ask_and_show(desk)
    await vote(desk, poll, ANNA, OPEN)
    desk.clock.advance(seconds=10)
    assert await desk.newsroom.poll_messages.take_to_draw(poll.id)

    again = desk.restarted()
    desk.clock.advance(days=1)

    assert await again.newsroom.poll_messages.undrawn() == [poll.id]
    assert [drawing.shown.tally for drawing in await drawn_at_last(again, poll)] == [Tally((1, 0, 0), 1)]
    assert await again.newsroom.poll_messages.undrawn() == []


async def test_a_poll_that_closed_and_was_in_hand_when_the_process_died_is_drawn_closed_by_the_next(desk: Desk):
    poll = await ask_and_show(desk)
    await close(desk, poll)
    desk.clock.advance(seconds=10)
    assert await desk.newsroom.poll_messages.take_to_draw(poll.id)

    again = desk.restarted()

    assert await again.newsroom.poll_messages.undrawn() == [poll.id]
    [drawing] = await drawn_at_last(again, poll)
    assert drawing.shown.poll.state is PollState.CLOSED


async def test_a_restart_draws_nothing_anew_that_was_drawn(desk: Desk):
    poll = await ask_and_show(desk)
    await vote(desk, poll, ANNA, OPEN)
    await drawn_at_last(desk, poll)

    assert await desk.restarted().newsroom.poll_messages.undrawn() == []


async def test_a_vote_while_its_message_is_being_drawn_is_drawn_next(desk: Desk):
    poll = await ask_and_show(desk)
    await vote(desk, poll, ANNA, OPEN)
    desk.clock.advance(seconds=2)
    [drawing] = await desk.newsroom.poll_messages.take_to_draw(poll.id)
    await vote(desk, poll, BEN, OPEN)
    await desk.newsroom.poll_messages.drawn(drawing)

    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]


async def test_a_message_that_was_found_after_a_crash_is_drawn_with_the_votes_cast_on_it_since(desk: Desk):
    poll = await ask(desk)
    await claimed(desk)
    await vote(desk, poll, ANNA, OPEN)
    again = desk.restarted()
    await again.newsroom.poll_messages.sent(await claimed(again), 8001)

    assert await again.newsroom.poll_messages.undrawn() == [poll.id]
    assert [drawing.shown.tally for drawing in await drawn_at_last(again, poll)] == [Tally((1, 0, 0), 1)]


async def test_a_vote_while_its_message_is_being_sent_is_drawn_afterwards(desk: Desk):
    poll = await ask(desk)
    claim = await claimed(desk)
    await vote(desk, poll, ANNA, OPEN)
    await desk.newsroom.poll_messages.sent(claim, 8001)

    assert claim.contents.shown.tally.voters == 0
    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]


@pytest.mark.parametrize("at", ["while it is sent", "while it is drawn"])
async def test_a_vote_that_comes_between_counting_and_noting_is_drawn_afterwards(desk: Desk, twin: Desk, at: str):
    """On SQLite nobody can vote in between, and the vote comes right after."""

    class Interrupted(VoteStore):
        async def ballots(self, connection, poll_id):
            counted = await super().ballots(connection, poll_id)
            clicks.append(asyncio.create_task(vote(twin, poll, BEN, OPEN)))
            if desk.store.database.engine.dialect.name == "postgresql":
                await clicks[-1]
            return counted

    clicks: list[asyncio.Task[object]] = []
    poll = await (ask(desk) if at == "while it is sent" else ask_and_show(desk))
    await vote(desk, poll, ANNA, OPEN)
    desk.clock.advance(seconds=2)
    votes, desk.store.votes = desk.store.votes, Interrupted(desk.store.database)
    if at == "while it is sent":
        claim = await claimed(desk)
        desk.store.votes = votes
        await desk.newsroom.poll_messages.sent(claim, 8001)
        shown = claim.contents.shown
    else:
        [drawing] = await drawn(desk, poll)
        desk.store.votes = votes
        shown = drawing.shown
    await asyncio.gather(*clicks)

    assert shown.tally.voters == 1
    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]


async def test_a_change_and_its_undoing_are_drawn(desk: Desk):
    poll = await ask_and_show(desk)
    voted = await vote(desk, poll, ANNA, OPEN)
    await drawn_at_last(desk, poll)
    await undo(desk, voted)

    assert [drawing.shown.tally for drawing in await drawn_at_last(desk, poll)] == [Tally((0, 0, 0), 0)]


async def test_votes_that_were_forgotten_are_drawn_away_though_as_many_come_in(desk: Desk):
    poll = await ask_and_show(desk)
    await vote(desk, poll, ANNA, OPEN)
    await drawn_at_last(desk, poll)

    await vote(desk, poll, BEN, OPEN)
    desk.clock.advance(seconds=10)
    [in_hand] = await desk.newsroom.poll_messages.take_to_draw(poll.id)

    await desk.newsroom.members.forget(ANNA, GUILD)
    await vote(desk, poll, CARA, PROPRIETARY)
    await desk.newsroom.poll_messages.drawn(in_hand)

    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]
    assert [drawing.shown.tally for drawing in await drawn_at_last(desk, poll)] == [Tally((1, 1, 0), 2)]


async def test_a_poll_that_is_closed_reopened_or_edited_is_drawn_so(desk: Desk):
    poll = await ask_and_show(desk, custom())
    await desk.newsroom.polls.edit(GUILD, poll.id, "Pasta?", "Yes | No")
    [edited] = await drawn_at_last(desk, poll)
    await close(desk, poll)
    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]
    [closed] = await drawn_at_last(desk, poll)
    await desk.newsroom.polls.reopen(GUILD, poll.id)
    [reopened] = await drawn_at_last(desk, poll)

    assert edited.shown.poll.question == "Pasta?"
    assert closed.shown.poll.state is PollState.CLOSED and closed.shown.tally == Tally((0, 0), 0)
    assert reopened.shown.poll.state is PollState.OPEN


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
async def test_what_could_not_be_drawn_is_drawn_later(desk: Desk, closed: bool):
    poll = await ask_and_show(desk)
    await vote(desk, poll, ANNA, OPEN)
    if closed:
        await close(desk, poll)
    desk.clock.advance(seconds=10)
    [drawing] = await desk.newsroom.poll_messages.take_to_draw(poll.id)

    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]
    assert await desk.newsroom.poll_messages.take_to_draw(poll.id) == []
    assert desk.newsroom.poll_messages.noted() == [poll.id]
    assert [each.message.id for each in await drawn_at_last(desk, poll)] == [drawing.message.id]
    assert await desk.newsroom.poll_messages.undrawn() == []


async def test_a_message_that_is_gone_is_never_drawn_again(desk: Desk):
    poll = await ask_and_show(desk)
    await vote(desk, poll, ANNA, OPEN)
    [drawing] = await drawn_at_last(desk, poll)
    await desk.newsroom.poll_messages.gone(drawing)
    await vote(desk, poll, BEN, OPEN)

    assert await desk.newsroom.poll_messages.undrawn() == []
    assert await drawn_at_last(desk, poll) == []


async def test_a_result_stays_as_it_was_told(desk: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)
    await close(desk, poll)
    await send_due(desk)
    await desk.newsroom.members.forget(5001, GUILD)

    drawings = await drawn_at_last(desk, poll)
    await drawn_at_last(desk, poll)

    assert [drawing.message.purpose for drawing in drawings] == [Purpose.POLL]
    assert [drawing.shown.tally for drawing in drawings] == [Tally((10, 0, 0), 10)]


async def test_a_result_of_which_an_earlier_attempt_may_stand_there_is_drawn_once_as_it_is_now(desk: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)
    await say_why(desk, GUILD, poll.id, ANNA, Side.OPEN, "Because I can read it.")
    await close(desk, poll)
    await drawn_at_last(desk, poll)
    await desk.newsroom.poll_messages.later(await claimed(desk), "lost", uncertain=True)
    await desk.newsroom.members.forget(ANNA, GUILD)
    desk.clock.advance(minutes=1)
    await desk.newsroom.poll_messages.sent(await claimed(desk), 8001)

    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]
    [drawing] = await drawn_at_last(desk, poll)
    assert (drawing.message.purpose, drawing.takes) == (Purpose.RESULT, ())
    assert await desk.newsroom.poll_messages.undrawn() == []


async def test_a_poll_under_a_story_is_drawn_with_its_whole_card_in_each_channel(desk: Desk):
    await desk.follow()
    await desk.follow(channel_id=OTHER_CHANNEL)
    first = await desk.post_story(STORY)
    [second] = await desk.claims(OTHER_CHANNEL)
    assert first.card.poll is not None
    poll = first.card.poll.poll
    await drawn_at_last(desk, poll)
    await vote(desk, poll, ANNA, OPEN)

    drawings = await drawn_at_last(desk, poll)

    assert [drawing.message.channel_id for drawing in drawings] == [CHANNEL, OTHER_CHANNEL]
    for drawing, claim in zip(drawings, (first, second), strict=True):
        assert drawing.card is not None and drawing.card.poll is not None
        assert (drawing.card.headline, drawing.card.mark) == (STORY, claim.card.mark)
        assert drawing.card.poll.tally == Tally((1, 0, 0), 1)
        assert drawing.article is None, "the card tells the story"


async def test_a_second_channels_card_is_sent_with_the_votes_that_are_in(desk: Desk):
    await desk.follow()
    await desk.follow(channel_id=OTHER_CHANNEL)
    first = await desk.post_story(STORY)
    assert first.card.poll is not None
    poll = first.card.poll.poll
    await vote(desk, poll, ANNA, OPEN)
    [second] = await desk.claims(OTHER_CHANNEL)

    drawings = await drawn_at_last(desk, poll)

    assert second.card.poll is not None and second.card.poll.tally.voters == 1
    assert [(drawing.message.channel_id, drawing.shown.tally.voters) for drawing in drawings] == [(CHANNEL, 1)]


async def test_a_poll_that_is_gone_is_drawn_nowhere(desk: Desk):
    poll = await ask_and_show(desk)
    await desk.newsroom.polls.discard(poll.id)
    before = await everything(desk)

    assert await desk.newsroom.poll_messages.take_to_draw(poll.id) == []
    assert await desk.newsroom.poll_messages.undrawn() == []
    assert await everything(desk) == before


async def test_what_stops_between_closing_and_telling_is_told_once_by_the_next_process(desk: Desk):
    poll = await ask_and_show(desk, draft(closes_at=NOW + timedelta(hours=24)))
    await vote_many(desk, poll, 10)
    desk.clock.advance(days=2)
    await close(desk, poll)

    again = desk.restarted()
    assert await again.newsroom.polls.due() == []
    sent = await send_due(again)

    assert [message.purpose for message in sent] == [Purpose.RESULT]
    assert await send_due(desk.restarted()) == []
    assert (await get(desk, poll)).closed_at == poll.closes_at
