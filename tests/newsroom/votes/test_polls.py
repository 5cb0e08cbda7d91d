"""What a vote comes to, whoever clicks what and when; and that a poll ends once, with the votes it let in."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from newsroom.errors import RequestRefused
from newsroom.marks import Marks
from newsroom.models import (
    Cause,
    Choice,
    DeliveryState,
    Outcome,
    PollKind,
    PollState,
    PollStyle,
    Purpose,
    Results,
    Side,
    Tally,
    Visibility,
)
from newsroom.store.database import open_database
from newsroom.store.votes import VoteStore
from newsroom.votes.asking import OPEN_FOR
from newsroom.votes.polls import GONE, OVER, RECOUNTED_AT_ONCE, Ballot, Voted, is_crossing
from tests.desk import ADMIN, CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.makers import NOW, side_change
from tests.votes import (
    ANNA,
    BEN,
    CARA,
    CLOSED,
    DEPENDS,
    OPEN,
    PROPRIETARY,
    ask,
    ask_and_show,
    close,
    counted,
    custom,
    draft,
    everything,
    get,
    messages,
    remembered,
    replayed_sides,
    replayed_votes,
    say_why,
    send_due,
    tally_of,
    undo,
    vote,
    vote_many,
)

STORY = "Mistral releases open weights of a new model"


async def membership(desk: Desk, member_id: int = ANNA, guild_id: int = GUILD) -> tuple[Side | None, int]:
    """A member's side and number of crossings."""
    found = await desk.newsroom.members.membership(guild_id, member_id)
    return found.side, found.crossings


# ------------------------------------------------------------------------------------- voting


async def test_the_first_vote_for_a_team_sets_the_side(desk: Desk):
    poll = await ask(desk)

    voted = await vote(desk, poll, ANNA, PROPRIETARY)

    assert (voted.side, voted.voted_for, voted.joined, voted.crossed) == (
        Side.PROPRIETARY, Side.PROPRIETARY, True, False,
    )  # fmt: skip
    assert await membership(desk) == (Side.PROPRIETARY, 0)
    assert await tally_of(desk, poll) == Tally((0, 1, 0), 1)


async def test_a_later_vote_for_the_other_team_is_a_crossing_and_leaves_the_side(desk: Desk):
    first, second = await ask(desk), await ask(desk)
    await vote(desk, first, ANNA, OPEN)

    voted = await vote(desk, second, ANNA, PROPRIETARY)

    assert (voted.side, voted.voted_for, voted.joined, voted.crossed) == (Side.OPEN, Side.PROPRIETARY, False, True)
    assert await membership(desk) == (Side.OPEN, 1)
    assert len((await remembered(desk)).side_log) == 1


async def test_a_later_vote_for_the_own_team_is_no_crossing(desk: Desk):
    first, second = await ask(desk), await ask(desk)
    await vote(desk, first, ANNA, OPEN)

    voted = await vote(desk, second, ANNA, OPEN)

    assert (voted.side, voted.joined, voted.crossed) == (Side.OPEN, False, False)


async def test_the_last_click_wins(desk: Desk):
    poll = await ask(desk)
    for position in (OPEN, PROPRIETARY, DEPENDS, PROPRIETARY):
        await vote(desk, poll, ANNA, position)

    assert await tally_of(desk, poll) == Tally((0, 1, 0), 1)
    assert len((await remembered(desk)).log) == 4


async def test_while_hundreds_vote_others_get_at_the_database_after_a_few_of_them(desk: Desk):
    poll = await ask_and_show(desk)
    votes = [asyncio.create_task(vote(desk, poll, 5000 + number, OPEN)) for number in range(300)]
    await votes[0]

    await desk.newsroom.guilds.change(GUILD, {"story_polls": False})

    waiting = sum(not each.done() for each in votes)
    await asyncio.gather(*votes)
    assert waiting > 200
    assert (await tally_of(desk, poll)).voters == 300


async def test_a_member_who_comes_back_from_a_crossing_crossed_nothing_in_the_end(desk: Desk):
    poll = await ask(desk)
    for position in (OPEN, PROPRIETARY, OPEN):
        await vote(desk, poll, ANNA, position)

    assert await membership(desk) == (Side.OPEN, 0)


@pytest.mark.parametrize("position", [OPEN, PROPRIETARY, DEPENDS])
async def test_the_same_click_twice_changes_nothing_and_is_answered_as_the_first(desk: Desk, position: int):
    await vote(desk, await ask(desk), ANNA, OPEN)
    poll = await ask(desk)
    first = await vote(desk, poll, ANNA, position)
    before = await everything(desk)
    desk.clock.advance(hours=1)

    again = await vote(desk, poll, ANNA, position)

    assert again == first and not again.joined
    assert await everything(desk) == before


async def test_only_the_click_that_set_the_side_says_so_and_not_the_same_one_again(desk: Desk):
    poll = await ask(desk)
    first = await vote(desk, poll, ANNA, OPEN)
    before = await everything(desk)

    again = await vote(desk, poll, ANNA, OPEN)

    assert (first.joined, again.joined) == (True, False)
    assert replace(again, joined=True) == first
    assert await everything(desk) == before


async def test_after_a_switch_the_click_that_was_a_crossing_is_none_any_more(desk: Desk):
    await vote(desk, await ask(desk), ANNA, OPEN)
    poll = await ask(desk)
    crossing = await vote(desk, poll, ANNA, PROPRIETARY)
    await desk.newsroom.members.switch(GUILD, ANNA, Side.PROPRIETARY, poll.id)

    again = await vote(desk, poll, ANNA, PROPRIETARY)

    assert (crossing.crossed, again.crossed) == (True, False)
    assert (again.side, again.vote_id) == (Side.PROPRIETARY, crossing.vote_id)


async def test_it_depends_is_a_side_like_the_others_when_it_comes_first(desk: Desk):
    voted = await vote(desk, await ask(desk), ANNA, DEPENDS)

    assert (voted.side, voted.joined, voted.crossed) == (Side.DEPENDS, True, False)


@pytest.mark.parametrize("position", [OPEN, PROPRIETARY])
async def test_who_says_it_depends_crosses_nothing_by_voting_for_a_team(desk: Desk, position: int):
    await vote(desk, await ask(desk), ANNA, DEPENDS)

    voted = await vote(desk, await ask(desk), ANNA, position)

    assert (voted.side, voted.joined, voted.crossed) == (Side.DEPENDS, False, False)


@pytest.mark.parametrize(
    ("side", "voted_for", "crossing"),
    [
        (Side.OPEN, Side.PROPRIETARY, True),
        (Side.PROPRIETARY, Side.OPEN, True),
        (Side.OPEN, Side.OPEN, False),
        (Side.OPEN, Side.DEPENDS, False),
        (Side.DEPENDS, Side.OPEN, False),
        (None, Side.OPEN, False),
        (Side.OPEN, None, False),
        (None, None, False),
    ],
)
def test_a_crossing_leads_from_one_team_to_the_other(side, voted_for, crossing: bool):
    assert is_crossing(side, voted_for) is crossing


async def test_a_vote_that_is_for_no_side_sets_none(desk: Desk):
    voted = await vote(desk, await ask(desk, custom()), ANNA, 1)

    assert (voted.voted_for, voted.side, voted.joined) == (None, None, False)
    assert (await remembered(desk)).side_log == []


async def test_a_side_holds_in_its_guild_alone(desk: Desk):
    here, there = await ask(desk), await ask(desk, guild_id=OTHER_GUILD)
    await vote(desk, here, ANNA, OPEN)

    voted = await vote(desk, there, ANNA, PROPRIETARY)

    assert (voted.side, voted.joined, voted.crossed) == (Side.PROPRIETARY, True, False)
    assert await membership(desk) == (Side.OPEN, 0)


async def test_several_choices_count_where_several_are_allowed_and_each_ballot_replaces_the_one_before(desk: Desk):
    poll = await ask(desk, custom("A | B | C", max_choices=2))
    await vote(desk, poll, ANNA, 0, 1)
    await vote(desk, poll, BEN, 1, 2)
    await vote(desk, poll, ANNA, 2)

    assert await tally_of(desk, poll) == Tally((0, 1, 2), 2)


async def test_only_a_poll_that_shows_its_tally_after_the_vote_tells_it_with_the_vote(desk: Desk):
    after, live = await ask(desk, custom(results=Results.AFTER_VOTE)), await ask(desk)
    for poll in (after, live):
        await vote_many(desk, poll, 0, 9)

    assert (await vote(desk, after, ANNA, 0)).tally == Tally((1, 9, 0), 10)
    assert (await vote(desk, live, ANNA, 0)).tally is None


async def test_the_tally_after_the_vote_is_told_from_ten_voters_on_or_each_would_see_the_vote_before(desk: Desk):
    poll = await ask(desk, custom(results=Results.AFTER_VOTE))

    told = [(await vote(desk, poll, 5000 + number, 0)).tally for number in range(11)]

    assert told == [None] * 9 + [Tally((10, 0, 0), 10), Tally((11, 0, 0), 11)]


async def test_a_role_restricted_poll_counts_and_hears_those_who_have_the_role(desk: Desk):
    poll = await ask(desk, draft(role_id=77))

    assert (await vote(desk, poll, ANNA, OPEN, role_ids=[5, 77])).joined
    await say_why(desk, GUILD, poll.id, ANNA, Side.OPEN, "Because I can read it.", role_ids=[5, 77])
    async with desk.store.read() as connection:
        assert len(await desk.store.takes.on(connection, poll)) == 1


async def test_a_click_counts_where_the_message_calls_what_was_chosen_as_the_poll_does(desk: Desk):
    poll = await ask(desk, custom("Yes | No | Maybe", max_choices=2))
    labels = {0: "Yes", 1: "No", 2: "what nobody has chosen"}

    voted = await desk.newsroom.polls.vote(Ballot(GUILD, ANNA, 0b11, labels=labels), poll.id)

    assert voted.ballot == 0b11


async def test_a_team_poll_keeps_its_words_when_its_guild_renames_the_teams(desk: Desk):
    poll, mine = await ask(desk), await ask(desk, custom())
    await desk.newsroom.guilds.change(GUILD, {"open_label": "Weights", "depends_label": "Meh"})

    of_team, of_mine = await vote(desk, poll, ANNA, OPEN), await vote(desk, mine, ANNA, 0)

    assert (of_team.settings.open_label, of_team.settings.depends_label) == ("Open source", "It depends")
    assert (of_mine.settings.open_label, of_mine.settings.depends_label) == ("Weights", "Meh")


async def test_what_a_moderator_types_is_read_by_the_clock_and_in_the_words_of_the_guild(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"timezone": "Asia/Tokyo", "open_label": "Weights"})

    asked = await desk.newsroom.polls.read(GUILD, {"duration": "tomorrow 9:00"}, role_id=77)

    assert asked.closes_at == datetime(2026, 1, 2, 0, 0, tzinfo=UTC)
    assert (asked.choices[0].label, asked.role_id, asked.is_team) == ("Weights", 77, True)
    with pytest.raises(RequestRefused, match="max_choices is 1 to 2"):
        await desk.newsroom.polls.read(GUILD, {"question": "Pizza?", "choices": "Yes | No"}, max_choices=3)


# -------------------------------------------------------------------- switching and undoing


async def test_a_switch_changes_the_side_and_nothing_else(desk: Desk):
    poll = await ask(desk)
    await vote(desk, await ask(desk), ANNA, OPEN)
    await vote(desk, poll, ANNA, PROPRIETARY)
    before = await remembered(desk)
    desk.clock.advance(minutes=1)

    switched = await desk.newsroom.members.switch(GUILD, ANNA, Side.PROPRIETARY, poll.id)

    after = await remembered(desk)
    assert (after.votes, after.log) == (before.votes, before.log)
    assert (switched.side, switched.since, switched.crossings) == (Side.PROPRIETARY, desk.clock(), 1)
    assert after.side_log[-1] == side_change(
        id=after.side_log[-1].id, side=Side.PROPRIETARY, cause=Cause.SWITCH, poll_id=poll.id, vote_id=None,
        at=desk.clock(),
    )  # fmt: skip


async def test_undo_takes_the_first_vote_back_with_the_side_it_set(desk: Desk):
    poll = await ask(desk)
    voted = await vote(desk, poll, ANNA, OPEN)

    undone = await undo(desk, voted)

    assert (undone.ballot, undone.side) == (0, None)
    assert await tally_of(desk, poll) == Tally((0, 0, 0), 0)
    assert await membership(desk) == (None, 0)
    changes = (await remembered(desk)).side_log
    assert [(change.side, change.cause) for change in changes] == [
        (Side.OPEN, Cause.FIRST_VOTE), (None, Cause.UNDONE),
    ]  # fmt: skip


async def test_undo_lets_the_ballot_before_hold_again_and_leaves_the_side(desk: Desk):
    poll = await ask(desk)
    await vote(desk, poll, ANNA, OPEN)
    crossing = await vote(desk, poll, ANNA, PROPRIETARY)

    undone = await undo(desk, crossing)

    assert (undone.ballot, undone.side) == (1 << OPEN, Side.OPEN)
    assert await tally_of(desk, poll) == Tally((1, 0, 0), 1)
    assert await membership(desk) == (Side.OPEN, 0)


async def test_undo_of_a_vote_back_home_makes_it_a_crossing_again(desk: Desk):
    await vote(desk, await ask(desk), ANNA, OPEN)
    poll = await ask(desk)
    await vote(desk, poll, ANNA, PROPRIETARY)
    home = await vote(desk, poll, ANNA, OPEN)

    await undo(desk, home)

    assert await membership(desk) == (Side.OPEN, 1)


async def test_undo_leaves_a_side_that_was_switched_since(desk: Desk):
    voted = await vote(desk, await ask(desk), ANNA, OPEN)
    await desk.newsroom.members.switch(GUILD, ANNA, Side.PROPRIETARY)

    undone = await undo(desk, voted)

    assert undone.side is Side.PROPRIETARY
    assert await membership(desk) == (Side.PROPRIETARY, 0)


async def test_after_an_undo_the_next_vote_for_a_team_sets_the_side(desk: Desk):
    poll = await ask(desk)
    await undo(desk, await vote(desk, poll, ANNA, OPEN))

    voted = await vote(desk, poll, ANNA, PROPRIETARY)

    assert (voted.side, voted.joined) == (Side.PROPRIETARY, True)
    assert (await undo(desk, voted)).ballot == 0


async def test_a_vote_that_was_undone_cannot_be_undone_again(desk: Desk):
    voted = await vote(desk, await ask(desk), ANNA, OPEN)
    await undo(desk, voted)
    before = await everything(desk)

    with pytest.raises(RequestRefused, match="isn't your newest vote"):
        await undo(desk, voted)
    assert await everything(desk) == before


async def test_a_vote_before_the_newest_cannot_be_undone(desk: Desk):
    poll = await ask(desk)
    first = await vote(desk, poll, ANNA, OPEN)
    await vote(desk, poll, ANNA, DEPENDS)
    before = await everything(desk)

    with pytest.raises(RequestRefused, match="isn't your newest vote"):
        await undo(desk, first)
    assert await everything(desk) == before


async def test_a_vote_in_another_poll_is_in_nobodys_way_of_undoing_and_keeps_the_side(desk: Desk):
    voted = await vote(desk, await ask(desk), ANNA, OPEN)
    await vote(desk, await ask(desk), ANNA, OPEN)

    undone = await undo(desk, voted)

    assert (undone.ballot, undone.side) == (0, Side.OPEN)
    assert await membership(desk) == (Side.OPEN, 0)


async def test_a_vote_in_another_guild_keeps_no_side_in_this_one(desk: Desk):
    voted = await vote(desk, await ask(desk), ANNA, OPEN)
    await vote(desk, await ask(desk, guild_id=OTHER_GUILD), ANNA, OPEN)

    assert (await undo(desk, voted)).side is None
    assert await membership(desk) == (None, 0)


async def test_a_vote_that_was_undone_to_and_undone_as_well_leaves_no_vote(desk: Desk):
    poll = await ask(desk)
    first = await vote(desk, poll, ANNA, OPEN)
    back = await undo(desk, await vote(desk, poll, ANNA, PROPRIETARY))
    again = await vote(desk, poll, ANNA, OPEN)

    undone = await undo(desk, again)

    assert (back.ballot, undone.ballot, undone.side) == (1 << OPEN, 0, None)
    assert await tally_of(desk, poll) == Tally((0, 0, 0), 0)
    assert await membership(desk) == (None, 0)
    after = await remembered(desk)
    assert [(entry.ballot, entry.restores) for entry in after.log] == [
        (1 << OPEN, None), (1 << PROPRIETARY, None), (1 << OPEN, first.vote_id), (0, None),
    ]  # fmt: skip
    assert after.votes == replayed_votes(after.log)


async def test_undo_step_by_step_goes_back_through_what_held_however_often_one_went_forth(desk: Desk):
    poll = await ask(desk)
    await vote(desk, poll, ANNA, OPEN)
    await vote(desk, poll, ANNA, PROPRIETARY)
    await undo(desk, await vote(desk, poll, ANNA, DEPENDS))
    await undo(desk, await vote(desk, poll, ANNA, DEPENDS))

    held = []
    for position in (PROPRIETARY, OPEN):
        undone = await undo(desk, await vote(desk, poll, ANNA, position))
        held.append((undone.ballot, undone.side))

    assert held == [(1 << OPEN, Side.OPEN), (0, None)]


async def test_with_nothing_left_to_hold_there_is_nothing_to_undo(desk: Desk):
    poll = await ask(desk)
    await undo(desk, await vote(desk, poll, ANNA, OPEN))
    taken_back = (await remembered(desk)).log[-1]
    before = await everything(desk)

    with pytest.raises(RequestRefused, match="You have no vote"):
        await desk.newsroom.polls.undo(GUILD, ANNA, taken_back.id)
    assert await everything(desk) == before


async def test_a_member_without_the_role_any_more_may_still_take_the_vote_back(desk: Desk):
    poll = await ask(desk, draft(role_id=77))

    assert (await undo(desk, await vote(desk, poll, ANNA, OPEN, role_ids=[77]))).ballot == 0


# ----------------------------------------------------------------------------------- bad input


class Refused:
    """Ways to ask for what can't be: each has its sentence, and nothing changes."""

    async def a_closed_poll(self, desk: Desk):
        poll = await ask(desk)
        await close(desk, poll)
        return vote(desk, poll, BEN), OVER

    async def a_poll_after_its_deadline_that_nobody_has_closed_yet(self, desk: Desk):
        poll = await ask(desk)
        desk.clock.advance(hours=24)
        return vote(desk, poll, BEN), OVER

    async def a_poll_that_is_gone(self, desk: Desk):
        poll = await ask(desk)
        await desk.newsroom.polls.discard(poll.id)
        return vote(desk, poll, BEN), GONE

    async def a_poll_that_never_was(self, desk: Desk):
        return desk.newsroom.polls.vote(Ballot(GUILD, BEN, 1), 999), GONE

    async def another_guilds_poll(self, desk: Desk):
        poll = await ask(desk, guild_id=OTHER_GUILD)
        return desk.newsroom.polls.vote(Ballot(GUILD, BEN, 1), poll.id), GONE

    async def a_poll_for_another_role(self, desk: Desk):
        return vote(desk, await ask(desk, draft(role_id=77)), BEN, role_ids=[5]), "Only members with the role <@&77>"

    async def a_choice_that_is_not_there(self, desk: Desk):
        return vote(desk, await ask(desk), BEN, 3), "isn't there any more"

    async def more_choices_than_allowed(self, desk: Desk):
        return vote(desk, await ask(desk, custom("A | B | C", max_choices=2)), BEN, 0, 1, 2), "isn't there any more"

    async def a_choice_by_the_words_of_before_an_edit(self, desk: Desk):
        poll = await ask(desk, custom("Yes=open | No=proprietary"))
        await desk.newsroom.polls.edit(GUILD, poll.id, "Pizza?", "No=proprietary | Yes=open")
        return desk.newsroom.polls.vote(Ballot(GUILD, BEN, 1, labels={0: "Yes"}), poll.id), "has just been edited"

    async def one_of_several_choices_by_the_words_of_before_an_edit(self, desk: Desk):
        poll = await ask(desk, custom("A | B | C", max_choices=2))
        await desk.newsroom.polls.edit(GUILD, poll.id, "Pizza?", "A | D | C")
        labels = {0: "A", 1: "B", 2: "C"}
        return desk.newsroom.polls.vote(Ballot(GUILD, BEN, 0b11, labels=labels), poll.id), "has just been edited"

    async def a_team_and_another_one(self, desk: Desk):
        return vote(desk, await ask(desk), BEN, OPEN, PROPRIETARY), "isn't there any more"

    async def undo_of_another_members_vote(self, desk: Desk):
        return undo(desk, await vote(desk, await ask(desk), ANNA), BEN), "isn't there any more"

    async def undo_of_another_guilds_vote(self, desk: Desk):
        voted = await vote(desk, await ask(desk, guild_id=OTHER_GUILD), ANNA)
        return desk.newsroom.polls.undo(GUILD, ANNA, voted.vote_id), "isn't there any more"

    async def undo_of_a_vote_that_never_was(self, desk: Desk):
        return desk.newsroom.polls.undo(GUILD, ANNA, 999), "isn't there any more"

    async def undo_in_a_closed_poll(self, desk: Desk):
        poll = await ask(desk)
        voted = await vote(desk, poll, ANNA)
        await close(desk, poll)
        return undo(desk, voted), OVER

    async def undo_after_the_deadline(self, desk: Desk):
        voted = await vote(desk, await ask(desk), ANNA)
        desk.clock.advance(hours=24)
        return undo(desk, voted), OVER

    async def a_side_that_the_guild_has_dropped(self, desk: Desk):
        await desk.newsroom.guilds.change(GUILD, {"depends": False})
        return desk.newsroom.members.switch(GUILD, ANNA, Side.DEPENDS), "two teams only"

    async def closing_another_guilds_poll(self, desk: Desk):
        poll = await ask(desk, guild_id=OTHER_GUILD)
        return desk.newsroom.polls.close(poll.id, guild_id=GUILD), GONE

    async def reopening_another_guilds_poll(self, desk: Desk):
        poll = await ask(desk, guild_id=OTHER_GUILD)
        await close(desk, poll)
        return desk.newsroom.polls.reopen(GUILD, poll.id), GONE

    async def reopening_an_open_poll(self, desk: Desk):
        return desk.newsroom.polls.reopen(GUILD, (await ask_and_show(desk)).id), "That poll is open"

    async def reopening_a_native_poll(self, desk: Desk):
        poll = await ask(desk, custom(style=PollStyle.NATIVE))
        await close(desk, poll)
        return desk.newsroom.polls.reopen(GUILD, poll.id), "Discord doesn't reopen"

    async def reopening_a_poll_that_never_got_into_its_channel(self, desk: Desk):
        poll = await ask(desk)
        await close(desk, poll)
        return desk.newsroom.polls.reopen(GUILD, poll.id), "No message shows that poll any more"

    async def reopening_a_poll_whose_message_is_gone(self, desk: Desk):
        poll = await ask_and_show(desk)
        await vote_many(desk, poll, 10)
        await close(desk, poll)
        await send_due(desk)
        desk.clock.advance(seconds=10)
        [contents] = await desk.newsroom.poll_messages.take_to_draw(poll.id)
        await desk.newsroom.poll_messages.gone(contents)
        return desk.newsroom.polls.reopen(GUILD, poll.id), "No message shows that poll any more"

    async def reopening_a_poll_whose_result_is_on_its_way(self, desk: Desk):
        poll = await ask_and_show(desk)
        await vote_many(desk, poll, 10)
        await close(desk, poll)
        [result] = await desk.newsroom.poll_messages.due()
        await desk.newsroom.poll_messages.claim(result)
        return desk.newsroom.polls.reopen(GUILD, poll.id), "result is on its way"

    async def editing_another_guilds_poll(self, desk: Desk):
        poll = await ask(desk, custom(), guild_id=OTHER_GUILD)
        return desk.newsroom.polls.edit(GUILD, poll.id, "Pasta?", "Yes | No"), GONE

    async def editing_a_native_poll(self, desk: Desk):
        poll = await ask(desk, custom(style=PollStyle.NATIVE))
        return desk.newsroom.polls.edit(GUILD, poll.id, "Pasta?", "Yes | No"), "Discord doesn't let anybody edit"

    async def editing_a_team_poll(self, desk: Desk):
        return desk.newsroom.polls.edit(GUILD, (await ask(desk)).id, "Pasta?", "Yes | No"), "/poll settings"

    async def editing_a_closed_poll(self, desk: Desk):
        poll = await ask(desk, custom())
        await close(desk, poll)
        return desk.newsroom.polls.edit(GUILD, poll.id, "Pasta?", "Yes | No"), "That poll is closed"

    async def editing_after_a_vote(self, desk: Desk):
        poll = await ask(desk, custom())
        await vote(desk, poll)
        return desk.newsroom.polls.edit(GUILD, poll.id, "Pasta?", "Yes | No"), "Somebody has voted"

    async def editing_after_a_vote_that_was_taken_back(self, desk: Desk):
        poll = await ask(desk, custom())
        await undo(desk, await vote(desk, poll))
        return desk.newsroom.polls.edit(GUILD, poll.id, "Pasta?", "Yes | No"), "Somebody has voted"

    async def editing_into_eleven_choices(self, desk: Desk):
        poll = await ask(desk, custom())
        return desk.newsroom.polls.edit(GUILD, poll.id, "Pasta?", " | ".join(map(str, range(11)))), "2 to 10"

    async def editing_into_fewer_choices_than_may_be_chosen(self, desk: Desk):
        poll = await ask(desk, custom("A | B | C", max_choices=3))
        return desk.newsroom.polls.edit(GUILD, poll.id, "Pasta?", "A | B"), "max_choices is 1 to 2"

    async def editing_sides_into_a_poll_with_several_choices(self, desk: Desk):
        poll = await ask(desk, custom("A | B | C", max_choices=2))
        return desk.newsroom.polls.edit(GUILD, poll.id, "Pasta?", "A=open | B"), "two teams at once"

    async def a_poll_on_a_story_that_never_was(self, desk: Desk):
        return desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), 999), "isn't posted in this server"

    async def a_take_that_is_too_short(self, desk: Desk):
        return say_why(desk, GUILD, (await ask(desk)).id, ANNA, None, "Because"), "10 to 280"

    async def a_take_on_another_guilds_poll(self, desk: Desk):
        poll = await ask(desk, guild_id=OTHER_GUILD)
        return say_why(desk, GUILD, poll.id, ANNA, None, "Because I say so."), GONE

    async def a_take_on_a_closed_poll(self, desk: Desk):
        poll = await ask(desk)
        await close(desk, poll)
        return say_why(desk, GUILD, poll.id, ANNA, None, "Because I say so."), "too late"

    async def a_take_after_the_deadline(self, desk: Desk):
        poll = await ask(desk)
        desk.clock.advance(hours=24)
        return say_why(desk, GUILD, poll.id, ANNA, None, "Because I say so."), "too late"

    async def a_take_by_one_who_may_not_vote(self, desk: Desk):
        poll = await ask(desk, draft(role_id=77))
        return (
            say_why(desk, GUILD, poll.id, ANNA, None, "Because I say so.", role_ids=[5]),
            "Only members with the role <@&77>",
        )

    async def a_take_for_a_side_that_is_not_asked_for(self, desk: Desk):
        poll = await ask(desk, custom())
        return say_why(desk, GUILD, poll.id, ANNA, Side.OPEN, "Because I say so."), "isn't part"


@pytest.mark.parametrize("way", [way for way in vars(Refused) if not way.startswith("_")])
async def test_what_cannot_be_is_refused_in_words_and_changes_nothing(desk: Desk, way: str):
    attempt, said = await getattr(Refused(), way)(desk)
    before = await everything(desk)

    with pytest.raises(RequestRefused) as refusal:
        await attempt
    assert said in str(refusal.value)
    assert await everything(desk) == before


@pytest.mark.parametrize("mark", ["1", "1.", "", "x", "1.0123456789abcdef01234567", "-1.0", "9" * 40, "1:2"])
def test_a_mark_that_is_not_ours_names_no_poll(database_free_desk: Desk, mark: str):
    with pytest.raises(RequestRefused, match=GONE):
        database_free_desk.newsroom.polls.poll_id(mark)


@pytest.fixture
async def database_free_desk(migrated_sqlite_url: str) -> AsyncIterator[Desk]:
    """A desk for what no database is asked about."""
    database = await open_database(migrated_sqlite_url)
    yield Desk.over(database)
    await database.close()


def test_a_mark_of_another_installation_or_of_a_card_names_no_poll(database_free_desk: Desk):
    polls = database_free_desk.newsroom.polls

    assert polls.poll_id(polls.mark(7)) == 7
    for other in (Marks("another").mark(7, "poll "), Marks("installation").mark(7)):
        with pytest.raises(RequestRefused, match=GONE):
            polls.poll_id(other)


# -------------------------------------------------------------------------------- many at once


async def test_500_clicks_at_once_by_100_members_who_change_their_minds_come_out_exact(desk: Desk, twin: Desk):
    dice = random.Random(500)
    poll = await ask(desk)
    clicks = [(5000 + number % 100, dice.choice([OPEN, PROPRIETARY, DEPENDS])) for number in range(500)]

    answers = await asyncio.gather(
        *(vote((desk, twin)[number % 2], poll, *click) for number, click in enumerate(clicks))
    )

    after = await remembered(desk)
    assert len(answers) == 500
    assert after.votes == replayed_votes(after.log)
    assert after.sides == replayed_sides(after.side_log)
    assert len(after.votes) == len(after.sides) == len(after.side_log) == 100
    for member_id in range(5000, 5100):
        own = [entry for entry in after.log if entry.member_id == member_id]
        [change] = [change for change in after.side_log if change.member_id == member_id]
        clicked = {1 << position for clicker, position in clicks if clicker == member_id}
        assert {entry.ballot for entry in own} <= clicked and clicked <= {entry.ballot for entry in own}
        assert all(earlier.ballot != later.ballot for earlier, later in pairwise(own))
        assert (change.vote_id, change.cause) == (own[0].id, Cause.FIRST_VOTE)
        assert change.side is poll.choices[own[0].ballot.bit_length() - 1].side
        sides = [poll.choices[entry.ballot.bit_length() - 1].side for entry in own]
        assert [entry.crossed for entry in own] == [is_crossing(sides[0], side) for side in sides]
    shown = await tally_of(desk, poll)
    assert shown == Tally(counted(after.votes, poll), 100)
    assert sum(shown.counts) == 100


async def test_every_click_is_answered_with_the_entry_that_holds_it(desk: Desk, twin: Desk):
    poll = await ask(desk)
    clicks = [(5000 + number % 10, number % 3) for number in range(60)]

    answers: list[Voted] = await asyncio.gather(
        *(vote((desk, twin)[number % 2], poll, *click) for number, click in enumerate(clicks))
    )

    log = {entry.id: entry for entry in (await remembered(desk)).log}
    for (member_id, position), answer in zip(clicks, answers, strict=True):
        entry = log[answer.vote_id]
        assert (entry.member_id, entry.ballot, entry.crossed) == (member_id, 1 << position, answer.crossed)


async def test_two_clicks_of_one_member_at_the_same_moment_are_one_after_the_other(desk: Desk, twin: Desk):
    for _ in range(10):
        poll = await ask(desk)
        member_id = 5000 + poll.id

        await asyncio.gather(vote(desk, poll, member_id, OPEN), vote(twin, poll, member_id, PROPRIETARY))

        after = await remembered(desk)
        own = [entry for entry in after.log if entry.member_id == member_id]
        [change] = [change for change in after.side_log if change.member_id == member_id]
        assert sorted(entry.ballot for entry in own) == [1, 2]
        assert after.votes[poll.id, member_id] == own[-1].ballot
        assert change.vote_id == own[0].id
        assert [entry.crossed for entry in own] == [False, True]


@pytest.mark.parametrize("is_known", [False, True], ids=["a new member", "a member we know"])
async def test_the_same_click_many_times_at_the_same_moment_is_one_entry(desk: Desk, twin: Desk, is_known: bool):
    for _ in range(10):
        poll = await ask(desk)
        member_id = 5000 + poll.id
        if is_known:
            await vote(desk, await ask(desk), member_id, PROPRIETARY)

        answers = await asyncio.gather(*(vote(each, poll, member_id, OPEN) for each in [desk, twin] * 3))

        assert len({answer.vote_id for answer in answers}) == 1
        assert len([entry for entry in (await remembered(desk)).log if entry.poll_id == poll.id]) == 1


async def test_first_votes_in_two_polls_at_the_same_moment_set_one_side(desk: Desk, twin: Desk):
    for _ in range(10):
        one, other = await ask(desk), await ask(desk)
        member_id = 5000 + one.id

        answers = await asyncio.gather(vote(desk, one, member_id, OPEN), vote(twin, other, member_id, PROPRIETARY))

        assert sorted(answer.joined for answer in answers) == [False, True]
        assert sorted(answer.crossed for answer in answers) == [False, True]
        assert len({answer.side for answer in answers}) == 1


async def test_an_undo_is_done_once_however_often_it_is_clicked(desk: Desk, twin: Desk):
    poll = await ask(desk)
    await vote(desk, poll, ANNA, DEPENDS)
    voted = await vote(desk, poll, ANNA, OPEN)

    answers = await asyncio.gather(*(undo(each, voted) for each in [desk, twin] * 3), return_exceptions=True)

    assert [type(answer) for answer in answers].count(RequestRefused) == 5
    assert [entry.ballot for entry in (await remembered(desk)).log] == [1 << DEPENDS, 1 << OPEN, 1 << DEPENDS]


# ------------------------------------------------------------------------------------- closing


async def test_closing_writes_down_what_the_poll_came_to(desk: Desk):
    earlier, poll = await ask(desk), await ask_and_show(desk)
    await vote_many(desk, earlier, 14)
    await vote_many(desk, poll, 10, 4, 2)
    for member_id in (5011, 5012):
        await desk.newsroom.members.switch(GUILD, member_id, Side.PROPRIETARY, poll.id)

    closed = await close(desk, poll)

    assert (closed.state, closed.voters, closed.outcome) == (PollState.CLOSED, 16, Outcome.OPEN)
    assert [choice.votes for choice in closed.choices] == [10, 4, 2]
    assert (closed.crossed, closed.switched) == (4, 2)
    assert closed.revision == poll.revision + 1


async def test_who_switched_back_is_not_counted_as_switched_for_good(desk: Desk):
    earlier, poll = await ask(desk), await ask(desk)
    for member_id in (ANNA, BEN):
        await vote(desk, earlier, member_id, OPEN)
        await vote(desk, poll, member_id, PROPRIETARY)
        await desk.newsroom.members.switch(GUILD, member_id, Side.PROPRIETARY, poll.id)
    await desk.newsroom.members.switch(GUILD, BEN, Side.OPEN)

    assert (await close(desk, poll)).switched == 1


async def test_who_switched_there_and_back_under_one_poll_is_not_counted_as_switched_for_good(desk: Desk):
    earlier, poll = await ask(desk), await ask(desk)
    await vote(desk, earlier, ANNA, OPEN)
    await desk.newsroom.members.switch(GUILD, ANNA, Side.PROPRIETARY, poll.id)
    await desk.newsroom.members.switch(GUILD, ANNA, Side.OPEN, poll.id)

    assert (await close(desk, poll)).switched == 0


@pytest.mark.parametrize(("votes", "results"), [(0, 0), (9, 0), (10, 1), (11, 1)])
async def test_a_result_is_sent_from_ten_votes_on_and_only_then(desk: Desk, votes: int, results: int):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, votes)

    await close(desk, poll)

    [shown] = await messages(desk, poll, Purpose.POLL)
    told = await messages(desk, poll, Purpose.RESULT)
    assert [(row.channel_id, row.reply_to, row.state) for row in told] == [
        (CHANNEL, shown.message_id, DeliveryState.PENDING)
    ] * results


async def test_a_poll_that_never_got_into_its_channel_has_no_result_to_send(desk: Desk):
    poll = await ask(desk)
    await vote_many(desk, poll, 12)

    assert (await close(desk, poll)).voters == 12
    assert await messages(desk, poll, Purpose.RESULT) == []


async def test_a_poll_that_was_reopened_meanwhile_is_not_closed_for_its_old_deadline(desk: Desk):
    poll = await ask_and_show(desk)
    desk.clock.advance(hours=25)
    [due] = await desk.newsroom.polls.due()
    await close(desk, poll)
    await desk.newsroom.polls.reopen(GUILD, poll.id)

    assert await desk.newsroom.polls.close(due.id) is None
    assert await desk.newsroom.polls.due() == []


async def test_of_ten_who_close_a_poll_at_once_one_gets_it_and_one_result_is_planned(desk: Desk, twin: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)

    closed = await asyncio.gather(
        *(each.newsroom.polls.close(poll.id, guild_id=poll.guild_id) for each in [desk, twin] * 5)
    )

    assert len([each for each in closed if each is not None]) == 1
    assert len(await messages(desk, poll, Purpose.RESULT)) == 1
    assert (await get(desk, poll)).revision == 1


async def test_a_closed_poll_is_closed_for_good(desk: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)
    await close(desk, poll)
    before = await everything(desk)
    desk.clock.advance(days=3)

    assert await desk.newsroom.polls.close(poll.id) is None
    assert await everything(desk) == before


async def test_a_deadline_that_was_missed_is_still_the_true_end(desk: Desk):
    poll = await ask(desk)
    desk.clock.advance(days=5)

    assert [due.id for due in await desk.newsroom.polls.due()] == [poll.id]
    closed = await close(desk, poll)
    assert (closed.closed_at, closed.closes_at) == (poll.closes_at, poll.closes_at)
    assert await desk.newsroom.polls.due() == []


async def test_a_poll_that_is_closed_early_ends_when_it_was_closed(desk: Desk):
    poll, endless = await ask(desk), await ask(desk, custom(closes_at=None))
    desk.clock.advance(hours=2)

    assert [(await close(desk, each)).closed_at for each in (poll, endless)] == [desk.clock()] * 2


async def test_a_poll_is_due_at_its_deadline_and_not_before(desk: Desk):
    poll = await ask(desk)
    await ask(desk, custom(closes_at=None))
    desk.clock.advance(hours=23, minutes=59, seconds=59)
    assert await desk.newsroom.polls.due() == []

    desk.clock.advance(seconds=1)
    assert [due.id for due in await desk.newsroom.polls.due()] == [poll.id]


async def test_after_a_restart_a_deadline_is_known_and_the_marks_of_buttons_still_name_their_polls(
    desk: Desk, twin: Desk
):
    poll = await ask(desk)
    mark = desk.newsroom.polls.mark(poll.id)
    desk.clock.advance(days=1)

    assert [due.id for due in await twin.newsroom.polls.due()] == [poll.id]
    assert twin.newsroom.polls.poll_id(mark) == poll.id


async def test_a_vote_that_races_the_end_is_counted_or_refused(desk: Desk, twin: Desk):
    for _ in range(15):
        poll = await ask(desk)
        voters = [(5000 + number, number % 3) for number in range(8)]
        votes = [vote((desk, twin)[number % 2], poll, *click) for number, click in enumerate(voters)]
        at = random.Random(poll.id).randrange(len(votes))

        *answers, closed = await asyncio.gather(
            *votes[:at], desk.newsroom.polls.close(poll.id, guild_id=poll.guild_id), *votes[at:], return_exceptions=True
        )
        closed = (answers := [*answers, closed]).pop(at)

        assert all(isinstance(answer, Voted | RequestRefused) for answer in answers)
        accepted = Counter(answer.ballot for answer in answers if isinstance(answer, Voted))
        assert closed.voters == accepted.total()
        assert [choice.votes for choice in closed.choices] == [
            accepted[1 << choice.position] for choice in closed.choices
        ]
        assert {str(answer) for answer in answers if isinstance(answer, RequestRefused)} <= {OVER}
        assert len([entry for entry in (await remembered(desk)).log if entry.poll_id == poll.id]) == closed.voters


# ------------------------------------------------------------------------ reopening and editing


async def test_a_reopened_poll_takes_votes_again_and_forgets_what_it_had_come_to(desk: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)
    await close(desk, poll)
    desk.clock.advance(hours=3)

    reopened, result = await desk.newsroom.polls.reopen(GUILD, poll.id)
    await vote(desk, poll, ANNA, PROPRIETARY)

    assert result is None, "it was not sent yet, and never is"
    assert (reopened.state, reopened.closed_at, reopened.voters, reopened.outcome) == (
        PollState.OPEN, None, None, None,
    )  # fmt: skip
    assert reopened.closes_at == desk.clock() + OPEN_FOR
    assert [choice.votes for choice in reopened.choices] == [None, None, None]
    assert await tally_of(desk, poll) == Tally((10, 1, 0), 11)
    assert await messages(desk, poll, Purpose.RESULT) == []
    assert await send_due(desk) == []


async def test_the_result_of_a_poll_that_is_reopened_is_to_be_deleted_where_it_stands(desk: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)
    await close(desk, poll)
    [sent] = await send_due(desk)

    _, result = await desk.newsroom.polls.reopen(GUILD, poll.id)

    assert result == (CHANNEL, 8000 + sent.id)


async def test_a_reopened_poll_that_ends_again_tells_its_new_result_once(desk: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)
    await close(desk, poll)
    await desk.newsroom.polls.reopen(GUILD, poll.id)
    await vote(desk, poll, ANNA, PROPRIETARY)

    assert (await close(desk, poll)).voters == 11
    assert len(await messages(desk, poll, Purpose.RESULT)) == 1


async def test_before_the_first_vote_the_words_may_change(desk: Desk):
    poll = await ask(desk, custom("Yes | No | Maybe"))
    assert (await desk.newsroom.polls.editable(GUILD, poll.id)).question == "Pizza?"

    edited = await desk.newsroom.polls.edit(GUILD, poll.id, " Pasta? ", "Sure=open | Never=proprietary")

    assert edited.question == "Pasta?"
    assert edited.choices == (Choice(0, "Sure", Side.OPEN), Choice(1, "Never", Side.PROPRIETARY))
    assert edited.revision == poll.revision + 1
    assert edited == await get(desk, poll)


async def test_a_poll_is_edited_or_voted_in_but_never_both_at_once(desk: Desk, twin: Desk):
    for number in range(10):
        poll = await ask(desk, custom("Yes | No | Maybe"))
        voting, editing = vote(desk, poll, 5000, 2), twin.newsroom.polls.edit(GUILD, poll.id, "Pasta?", "Yes | No")

        await asyncio.gather(*([voting, editing] if number % 2 else [editing, voting]), return_exceptions=True)

        words = (await get(desk, poll)).question
        votes = [entry for entry in (await remembered(desk)).log if entry.poll_id == poll.id]
        assert (words, len(votes)) in [("Pasta?", 0), ("Pizza?", 1)]


# ------------------------------------------------------------------------------------- looking


async def test_a_poll_is_found_by_its_number_or_words_of_its_question(desk: Desk):
    pizza, pasta = await ask(desk, custom()), await ask(desk, custom(question="Pasta or pizza?"))
    polls = desk.newsroom.polls

    assert (await polls.find(GUILD, str(pizza.id))).id == pizza.id
    assert (await polls.find(GUILD, "PASTA")).id == pasta.id
    assert (await polls.find(GUILD, " pizza? ")).id == pizza.id, "the whole question, before one that holds it"


async def test_what_an_admin_types_is_cleaned_before_it_is_looked_for(desk: Desk):
    poll = await ask(desk, custom(question="Pizza or pasta?"))
    await ask(desk, custom(question="Pizza or pasta or soup?"))

    for typed in ("  Pizza \n or\u200b  pasta?", f" {poll.id}\u200b "):
        assert (await desk.newsroom.polls.find(GUILD, typed)).id == poll.id


async def test_small_and_capital_letters_of_every_alphabet_are_the_same_to_a_search(desk: Desk):
    older = await ask(desk, custom(question="ÄRGER über Öl?"))
    newer = await ask(desk, custom(question="Ещё один ВОПРОС про ärger?"))
    polls = desk.newsroom.polls

    assert [poll.id for poll in await polls.completions(GUILD, "äRGER", tuple(PollState))] == [newer.id, older.id]
    assert (await polls.find(GUILD, "вопрос")).id == newer.id
    assert (await polls.find(GUILD, "ärger ÜBER öl?")).id == older.id


async def test_a_number_that_is_no_polls_may_be_words_of_a_question(desk: Desk):
    poll = await ask(desk, custom(question="Will 2027 be better?"))

    assert (await desk.newsroom.polls.find(GUILD, "2027")).id == poll.id


async def test_what_several_polls_or_none_could_be_is_refused(desk: Desk):
    await ask(desk, custom(question="Pizza today?"))
    await ask(desk, custom(question="Pizza tomorrow?"))

    for typed, said in (
        ("pizza", "Several polls"),
        ("Soup", "no such poll"),
        ("%", "no such poll"),
        ("999", "no such"),
    ):
        with pytest.raises(RequestRefused, match=said):
            await desk.newsroom.polls.find(GUILD, typed)


async def test_another_guilds_poll_is_never_found_listed_or_exported(desk: Desk):
    poll = await ask(desk, custom(visibility=Visibility.PUBLIC), guild_id=OTHER_GUILD)
    polls = desk.newsroom.polls

    for typed in (str(poll.id), "Pizza?"):
        with pytest.raises(RequestRefused, match="no such poll"):
            await polls.find(GUILD, typed)
    assert await polls.listing(GUILD) == []
    assert await polls.completions(GUILD, "", tuple(PollState)) == []
    for look in (
        polls.export(GUILD, poll.id),
        polls.voters(GUILD, poll.id, ANNA),
        polls.editable(GUILD, poll.id),
        polls.get(GUILD, poll.id),
    ):
        with pytest.raises(RequestRefused, match=GONE):
            await look


async def test_only_polls_in_the_state_that_is_asked_for_are_found(desk: Desk):
    poll = await ask(desk, custom())
    polls = desk.newsroom.polls

    for typed in (str(poll.id), "Pizza?"):
        with pytest.raises(RequestRefused, match="no such poll"):
            await polls.find(GUILD, typed, CLOSED)
    assert await polls.completions(GUILD, "piz", CLOSED) == []
    await close(desk, poll)
    assert (await polls.find(GUILD, str(poll.id), CLOSED)).id == poll.id


async def test_of_many_polls_the_newest_are_looked_through_for_a_word(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("newsroom.store.polls.SEARCHED", 3)
    asked = [await ask(desk, custom(question=f"Pizza {number}?")) for number in range(5)]
    polls = desk.newsroom.polls

    assert [poll.id for poll in await polls.completions(GUILD, "pizza", tuple(PollState))] == [
        poll.id for poll in asked[:1:-1]
    ]
    assert [shown.poll.id for shown in await polls.listing(GUILD, most=4)] == [poll.id for poll in asked[:0:-1]]
    assert [shown.poll.id for shown in await polls.listing(GUILD, "pizza", most=2)] == [
        poll.id for poll in asked[:2:-1]
    ]


async def test_the_listing_shows_the_newest_first_with_printed_totals_for_closed_ones(desk: Desk):
    first, second = await ask(desk, custom()), await ask(desk)
    await vote(desk, first, ANNA, 1)
    await close(desk, first)
    await vote(desk, second, ANNA, OPEN)

    shown = await desk.newsroom.polls.listing(GUILD)

    assert [(each.poll.id, each.tally) for each in shown] == [
        (second.id, Tally((1, 0, 0), 1)), (first.id, Tally((0, 1, 0), 1)),
    ]  # fmt: skip


async def test_a_link_leads_to_the_message_that_shows_the_poll_and_not_to_its_result(desk: Desk):
    poll, unsent = await ask_and_show(desk), await ask(desk)
    [shown] = await messages(desk, poll)
    await vote_many(desk, poll, 10)
    await close(desk, poll)
    await desk.newsroom.polls.discard(unsent.id)
    await send_due(desk)

    assert await desk.newsroom.polls.links([poll.id, 999]) == {poll.id: (CHANNEL, shown.message_id)}


async def test_who_voted_what_is_told_of_a_public_poll_alone(desk: Desk):
    public, private = await ask(desk, custom(visibility=Visibility.PUBLIC)), await ask(desk)
    await vote(desk, public, ANNA, 0)
    await undo(desk, await vote(desk, public, CARA, 0), CARA)
    desk.clock.advance(seconds=1)
    await vote(desk, public, BEN, 0)

    _, voters = await desk.newsroom.polls.voters(GUILD, public.id, CARA)

    assert voters == {0: [ANNA, BEN], 1: [], 2: []}
    with pytest.raises(RequestRefused, match="private"):
        await desk.newsroom.polls.voters(GUILD, private.id, ANNA)


async def test_a_public_poll_tells_voters_no_earlier_than_its_tally(desk: Desk):
    after_vote = await ask(desk, custom(visibility=Visibility.PUBLIC, results=Results.AFTER_VOTE))
    after_close = await ask(desk, custom(visibility=Visibility.PUBLIC, results=Results.AFTER_CLOSE))
    for poll in (after_vote, after_close):
        await vote(desk, poll, ANNA, 0)
    await undo(desk, await vote(desk, after_vote, CARA, 0), CARA)
    polls = desk.newsroom.polls

    assert (await polls.voters(GUILD, after_vote.id, ANNA))[1][0] == [ANNA]
    for member_id in (BEN, CARA):
        with pytest.raises(RequestRefused, match="to those who have voted"):
            await polls.voters(GUILD, after_vote.id, member_id)
    with pytest.raises(RequestRefused, match="until it is closed"):
        await polls.voters(GUILD, after_close.id, ANNA)
    await close(desk, after_close)
    assert (await polls.voters(GUILD, after_close.id, BEN))[1][0] == [ANNA]


# --------------------------------------------------------------------------------------- takes


async def test_a_member_has_one_take_on_a_poll_the_last_one_written(desk: Desk):
    poll = await ask(desk)
    await say_why(desk, GUILD, poll.id, ANNA, Side.OPEN, "Because I can read it.")
    await say_why(desk, GUILD, poll.id, BEN, None, "Because it is Tuesday.")
    desk.clock.advance(seconds=30)
    await say_why(desk, GUILD, poll.id, ANNA, Side.DEPENDS, "On second thought...")

    async with desk.store.read() as connection:
        takes = await desk.store.takes.on(connection, poll)
    assert [(take.member_id, take.side, take.text) for take in takes] == [
        (ANNA, Side.DEPENDS, "On second thought..."), (BEN, None, "Because it is Tuesday."),
    ]  # fmt: skip


async def test_a_take_needs_no_vote_and_tells_of_none(desk: Desk):
    poll = await ask(desk)
    await say_why(desk, GUILD, poll.id, ANNA, Side.OPEN, "Because I can read it.")

    after = await remembered(desk)
    assert (after.votes, after.log, after.side_log) == ({}, [], [])


# ------------------------------------------------------------------------------ polls on stories


@pytest.fixture
async def story_id(desk: Desk) -> int:
    """A story that two channels of a guild have, without a poll."""
    await desk.newsroom.guilds.change(GUILD, {"story_polls": False})
    for channel_id in (CHANNEL, OTHER_CHANNEL):
        await desk.follow(channel_id=channel_id)
    claim = await desk.post_story(STORY)
    await desk.claims(OTHER_CHANNEL)
    return claim.delivery.story_id


async def test_a_team_poll_on_a_story_asks_by_its_headline_and_replies_to_each_of_its_cards(desk: Desk, story_id: int):
    poll, row_id = await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), story_id)

    assert (poll.kind, poll.question, poll.automatic) == (PollKind.TEAM, STORY, False)
    [planned] = await messages(desk, poll)
    assert (planned.id, planned.channel_id, planned.purpose) == (row_id, CHANNEL, Purpose.POLL)
    assert [message.id for message in await send_due(desk)] == [row_id]
    shown = await messages(desk, poll)
    assert [(row.channel_id, row.purpose) for row in shown] == [
        (CHANNEL, Purpose.POLL), (OTHER_CHANNEL, Purpose.REPLY),
    ]  # fmt: skip
    assert all(row.reply_to is not None for row in shown)
    assert [message.purpose for message in await send_due(desk)] == [Purpose.REPLY]


async def test_a_team_poll_that_could_not_be_shown_where_it_was_asked_is_shown_nowhere_else(desk: Desk, story_id: int):
    poll, row_id = await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), story_id)
    claim = await desk.newsroom.poll_messages.claim(row_id)
    assert claim is not None

    await desk.newsroom.poll_messages.give_up(claim, "missing permissions")

    assert await send_due(desk) == []
    await desk.newsroom.polls.discard(poll.id)
    again, _ = await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), story_id)
    assert again.id > poll.id


async def test_discords_own_poll_on_a_story_is_replied_to_no_other_card(desk: Desk, story_id: int):
    await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(style=PollStyle.NATIVE), story_id)

    assert [message.purpose for message in await send_due(desk)] == [Purpose.POLL]
    assert await send_due(desk) == []


async def test_a_story_has_one_team_poll_in_a_guild(desk: Desk, story_id: int):
    await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), story_id)
    before = await everything(desk)

    with pytest.raises(RequestRefused, match="has its team poll already"):
        await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), story_id)
    assert await everything(desk) == before


async def test_of_two_who_start_a_storys_team_poll_at_once_one_does(desk: Desk, twin: Desk, story_id: int):
    started = await asyncio.gather(
        *(each.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), story_id) for each in [desk, twin] * 2),
        return_exceptions=True,
    )

    assert [isinstance(each, RequestRefused) for each in started].count(False) == 1
    assert len(await desk.newsroom.polls.listing(GUILD)) == 1


async def test_a_moderators_own_question_on_a_story_stands_beside_its_team_poll(desk: Desk, story_id: int):
    await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), story_id)

    poll, _ = await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, custom(), story_id)

    await send_due(desk)
    await send_due(desk)
    assert (poll.kind, poll.question) == (PollKind.CUSTOM, "Pizza?")
    assert [(row.channel_id, row.purpose) for row in await messages(desk, poll)] == [(CHANNEL, Purpose.POLL)]


async def test_another_guild_cannot_ask_about_a_story_it_does_not_have(desk: Desk, story_id: int):
    with pytest.raises(RequestRefused, match="isn't posted in this server"):
        await desk.newsroom.polls.start(OTHER_GUILD, 2004, ADMIN, draft(), story_id)


async def test_a_take_on_a_storys_poll_belongs_to_the_story(desk: Desk, story_id: int):
    team, _ = await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), story_id)
    mine, _ = await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, custom(), story_id)
    await say_why(desk, GUILD, team.id, ANNA, Side.OPEN, "Because I can read it.")
    desk.clock.advance(seconds=30)
    await say_why(desk, GUILD, mine.id, ANNA, None, "Because I am hungry.")

    async with desk.store.read() as connection:
        takes = await desk.store.takes.on(connection, team)
    assert [(take.text, take.story_id, take.poll_id) for take in takes] == [("Because I am hungry.", story_id, None)]


# ------------------------------------------------------------------------------- native polls


@pytest.fixture
async def native(desk: Desk):
    """A poll of Discord's own that stands in its channel."""
    return await ask_and_show(desk, custom("A=open | B=proprietary", style=PollStyle.NATIVE))


async def mirrored(desk: Desk, poll, member_id: int, position: int, *, added: bool = True, guild_id: int = GUILD):
    [shown] = await messages(desk, poll, Purpose.POLL)
    await desk.newsroom.polls.mirror(guild_id, shown.message_id, member_id, position, added=added)


async def test_votes_in_discords_own_polls_are_taken_over_as_they_come_and_go(desk: Desk, native):
    await mirrored(desk, native, ANNA, 0)
    await mirrored(desk, native, BEN, 1)
    await mirrored(desk, native, BEN, 1, added=False)

    assert await tally_of(desk, native) == Tally((1, 0), 1)
    assert await membership(desk, ANNA) == (Side.OPEN, 0)


async def test_taking_the_first_vote_back_takes_the_side_back_that_it_set(desk: Desk, native):
    await mirrored(desk, native, ANNA, 0)
    await mirrored(desk, native, ANNA, 0, added=False)
    assert await membership(desk, ANNA) == (None, 0)

    await mirrored(desk, native, ANNA, 1)

    assert await membership(desk, ANNA) == (Side.PROPRIETARY, 0), "it was corrected, not crossed"
    assert [change.cause for change in (await remembered(desk)).side_log] == [
        Cause.FIRST_VOTE, Cause.UNDONE, Cause.FIRST_VOTE,
    ]  # fmt: skip


async def test_taking_a_native_vote_back_leaves_a_side_on_which_another_vote_rests(desk: Desk, native):
    await mirrored(desk, native, ANNA, 0)
    await vote(desk, await ask(desk), ANNA, OPEN)

    await mirrored(desk, native, ANNA, 0, added=False)

    assert await membership(desk, ANNA) == (Side.OPEN, 0)


async def test_an_event_that_tells_what_we_know_changes_nothing(desk: Desk, native):
    await mirrored(desk, native, ANNA, 0)
    before = await everything(desk)

    await mirrored(desk, native, ANNA, 0)
    await mirrored(desk, native, ANNA, 1, added=False)
    assert await everything(desk) == before


async def test_a_vote_that_went_before_we_heard_of_it_is_no_vote(desk: Desk, native):
    await mirrored(desk, native, CARA, 0, added=False)

    assert (await remembered(desk)).log == []


async def test_answers_that_a_member_chooses_at_once_all_count(desk: Desk, twin: Desk):
    for number in range(10):
        poll = await ask_and_show(desk, custom("A | B | C", style=PollStyle.NATIVE, max_choices=3))

        await asyncio.gather(
            mirrored(desk, poll, 5000 + number, 0), mirrored(twin, poll, 5000 + number, 1),
            mirrored(desk, poll, 5000 + number, 2),
        )  # fmt: skip

        assert await tally_of(desk, poll) == Tally((1, 1, 1), 1)


async def test_an_event_from_another_guild_or_about_another_message_changes_nothing(desk: Desk, native):
    with_buttons = await ask_and_show(desk)
    before = await everything(desk)

    await mirrored(desk, native, ANNA, 0, guild_id=OTHER_GUILD)
    await mirrored(desk, with_buttons, ANNA, 0)
    await desk.newsroom.polls.mirror(GUILD, 123, ANNA, 0, added=True)
    assert await everything(desk) == before


async def test_a_recount_finds_the_votes_that_were_missed_and_says_how_many_were_wrong(desk: Desk, native):
    await mirrored(desk, native, ANNA, 0)
    await mirrored(desk, native, BEN, 0)
    truth = {BEN: 0b10, CARA: 0b01}

    assert await desk.newsroom.polls.recount(native.id, truth) == 3
    assert await desk.newsroom.polls.recount(native.id, truth) == 0
    assert await tally_of(desk, native) == Tally((1, 1), 2)


async def test_a_recount_of_many_lets_others_in_between_its_pieces_and_counts_all(
    desk: Desk, native, monkeypatch: pytest.MonkeyPatch
):
    truth = {5000 + number: 1 << number % 2 for number in range(2 * RECOUNTED_AT_ONCE + 1)}
    begin, transactions = desk.store.begin, Counter[str]()

    def counting():
        transactions.update(["begun"])
        return begin()

    monkeypatch.setattr(desk.store, "begin", counting)

    assert await desk.newsroom.polls.recount(native.id, truth) == len(truth)

    assert transactions["begun"] == 3
    assert await tally_of(desk, native) == Tally((RECOUNTED_AT_ONCE + 1, RECOUNTED_AT_ONCE), len(truth))


async def test_a_recount_that_a_closing_interrupts_says_how_far_it_came(desk: Desk, native):
    truth = {5000 + number: 1 for number in range(RECOUNTED_AT_ONCE + 1)}
    votes, mirrored_members = desk.store.votes, []

    class Closing(VoteStore):
        async def cast(self, connection, poll, member_id, *rest, **more):
            mirrored_members.append(member_id)
            if len(mirrored_members) == RECOUNTED_AT_ONCE:
                closings.append(asyncio.create_task(close(desk, native)))
            return await super().cast(connection, poll, member_id, *rest, **more)

    closings: list[asyncio.Task] = []
    desk.store.votes = Closing(desk.store.database)
    counted_ = await desk.newsroom.polls.recount(native.id, truth)
    desk.store.votes = votes
    [closed] = await asyncio.gather(*closings)

    assert closed.voters == counted_ == len(mirrored_members)


async def test_when_half_of_the_events_are_lost_a_recount_makes_the_tally_discords(desk: Desk, twin: Desk, native):
    dice = random.Random(3)
    truth: dict[int, int] = {}
    for _ in range(60):
        member_id, position = 5000 + dice.randrange(12), dice.randrange(2)
        if member_id in truth:
            lost = truth.pop(member_id).bit_length() - 1
            if dice.random() < 0.5:
                await mirrored(desk, native, member_id, lost, added=False)
        truth[member_id] = 1 << position
        if dice.random() < 0.5:
            await mirrored(desk, native, member_id, position)

    await asyncio.gather(*(each.newsroom.polls.recount(native.id, truth) for each in (desk, twin)))

    async with desk.store.read() as connection:
        known = await desk.store.votes.by_member(connection, native.id)
    assert {member_id: ballot for member_id, ballot in known.items() if ballot} == truth
    after = await remembered(desk)
    assert after.votes == replayed_votes(after.log)


async def test_after_a_native_poll_is_closed_no_event_and_no_recount_counts(desk: Desk, native):
    await mirrored(desk, native, ANNA, 0)
    await close(desk, native)
    before = await everything(desk)

    await mirrored(desk, native, BEN, 0)
    assert await desk.newsroom.polls.recount(native.id, {BEN: 1}) == 0
    assert await everything(desk) == before


async def test_native_polls_are_known_with_the_message_that_shows_them_until_they_are_closed(desk: Desk, native):
    await ask_and_show(desk)
    await ask(desk, custom(style=PollStyle.NATIVE))
    [shown] = await messages(desk, native, Purpose.POLL)

    assert [(poll.id, channel, message) for poll, channel, message in await desk.newsroom.polls.native()] == [
        (native.id, CHANNEL, shown.message_id)
    ]
    await close(desk, native)
    assert await desk.newsroom.polls.native() == []


async def test_a_native_poll_that_was_told_to_end_is_due(desk: Desk, native):
    desk.clock.advance(hours=1)
    await desk.newsroom.polls.expire(native.id)

    assert [poll.id for poll in await desk.newsroom.polls.due()] == [native.id]
    assert (await close(desk, native)).closed_at == NOW + timedelta(hours=1)
