"""What may be said of a count, and what may not."""

from __future__ import annotations

from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.models import Outcome, PollState, Results, Side, Tally, Visibility
from newsroom.votes.counting import (
    FEWEST,
    SMALLEST_GROUP,
    Call,
    ballot_of,
    best_takes,
    call,
    is_hidden,
    outcome,
    positions_of,
    tally,
    tellable,
)
from tests.makers import TEAMS, choice, poll, take


@given(st.sets(st.integers(0, 9)))
def test_a_ballot_is_read_as_it_was_written(positions: set[int]):
    assert positions_of(ballot_of(positions)) == sorted(positions)


def test_a_position_that_is_named_twice_is_chosen_once():
    assert ballot_of([1, 1]) == ballot_of([1])


def test_each_choice_of_a_ballot_counts_and_its_member_once():
    assert tally([(ballot_of([0, 2]), 3), (ballot_of([2]), 1)], 3) == Tally((3, 0, 4), 4)


def test_who_took_the_vote_back_is_no_voter():
    assert tally([(0, 5), (ballot_of([1]), 1)], 2) == Tally((0, 1), 1)


def test_a_poll_without_votes_counts_nothing():
    assert tally([], 2) == Tally((0, 0), 0)


@pytest.mark.parametrize(
    ("open_", "proprietary", "expected"),
    [
        (0, 0, Outcome.TOO_FEW),
        (9, 0, Outcome.TOO_FEW),
        (5, 4, Outcome.TOO_FEW),
        (10, 0, Outcome.OPEN),
        (0, 10, Outcome.PROPRIETARY),
        (5, 5, Outcome.TIED),
        (50, 50, Outcome.TIED),
        (6, 5, Outcome.CLOSE),
        # 16 votes: the root is 4, so a lead of exactly 4 is one.
        (10, 6, Outcome.OPEN),
        (6, 10, Outcome.PROPRIETARY),
        # 100 votes: exactly 10, and the lead just below.
        (55, 45, Outcome.OPEN),
        (54, 46, Outcome.CLOSE),
        (46, 54, Outcome.CLOSE),
        (45, 55, Outcome.PROPRIETARY),
        # 10 votes: the root is 3.16, so 3 isn't enough, and an even number can't have it.
        (6, 4, Outcome.CLOSE),
        (7, 3, Outcome.OPEN),
        # 11 votes: the root is 3.32.
        (7, 4, Outcome.CLOSE),
        (8, 3, Outcome.OPEN),
        (5050, 4950, Outcome.OPEN),
        (5049, 4951, Outcome.CLOSE),
    ],
)
def test_a_team_wins_with_a_lead_that_chance_alone_would_not_make(open_: int, proprietary: int, expected: Outcome):
    assert outcome(TEAMS, (open_, proprietary, 0)) is expected


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_no_team_wins_inside_the_root_of_the_votes_and_none_loses_outside(open_: int, proprietary: int):
    votes, lead = open_ + proprietary, abs(open_ - proprietary)
    won = outcome(TEAMS, (open_, proprietary, 0)) in (Outcome.OPEN, Outcome.PROPRIETARY)

    least = isqrt(votes) + (isqrt(votes) ** 2 < votes)
    assert won == (votes >= FEWEST and lead > 0 and lead >= least)


@pytest.mark.parametrize("depends", [0, 7, 1000])
def test_it_depends_neither_wins_nor_makes_a_win_smaller(depends: int):
    assert outcome(TEAMS, (10, 6, depends)) is Outcome.OPEN
    assert outcome(TEAMS, (4, 3, depends)) is Outcome.TOO_FEW


def test_teams_are_told_apart_by_their_sides_in_whatever_order_they_stand():
    turned = (choice(0, side=Side.PROPRIETARY), choice(1), choice(2, side=Side.OPEN))

    assert outcome(turned, (12, 50, 2)) is Outcome.PROPRIETARY
    assert outcome(turned, (2, 50, 12)) is Outcome.OPEN


@pytest.mark.parametrize(
    "sides", [(None, None), (Side.OPEN, None), (Side.OPEN, Side.DEPENDS)], ids=["none", "one", "not both teams"]
)
def test_a_poll_that_did_not_ask_for_both_teams_has_no_winner(sides: tuple[Side | None, ...]):
    choices = [choice(position, side=side) for position, side in enumerate(sides)]

    assert outcome(choices, (50, 2)) is None


@pytest.mark.parametrize(
    ("counts", "votes", "expected"),
    [
        ((4, 3, 2), 9, (Call.TOO_FEW, [0])),
        ((4, 4, 2), 10, (Call.TIED, [0, 1])),
        ((4, 4, 4), 12, (Call.TIED, [0, 1, 2])),
        ((2, 5, 4), 11, (Call.CLOSE, [1])),
        ((1, 9, 2), 12, (Call.WON, [1])),
        ((12,), 12, (Call.WON, [0])),
    ],
)
def test_of_many_choices_the_first_is_compared_with_the_next_one(counts, votes, expected):
    assert call(counts, votes) == expected


def test_a_group_smaller_than_three_is_never_told_of():
    assert [tellable(members) for members in (None, 0, 1, 2, 3, 40)] == [None, None, None, None, 3, 40]
    assert SMALLEST_GROUP == 3


@pytest.mark.parametrize(
    ("results", "voters", "hidden"),
    [
        (Results.LIVE, 0, True),
        (Results.LIVE, 9, True),
        (Results.LIVE, 10, False),
        (Results.AFTER_VOTE, 500, True),
        (Results.AFTER_CLOSE, 500, True),
    ],
)
@pytest.mark.parametrize("visibility", list(Visibility))
def test_an_open_poll_hides_few_votes_and_what_was_asked_to_be_hidden(results, voters, hidden, visibility):
    assert is_hidden(poll(results=results, visibility=visibility), voters) is hidden


@pytest.mark.parametrize("results", list(Results))
@pytest.mark.parametrize(
    ("visibility", "voters", "hidden"),
    [
        (Visibility.ANONYMOUS, 0, True),
        (Visibility.ANONYMOUS, 9, True),
        (Visibility.ANONYMOUS, 10, False),
        (Visibility.PUBLIC, 1, False),
    ],
)
def test_a_closed_poll_hides_only_the_few_votes_of_a_private_one(results, visibility, voters, hidden):
    closed = poll(state=PollState.CLOSED, results=results, visibility=visibility)

    assert is_hidden(closed, voters) is hidden


def test_the_best_take_of_a_side_has_the_most_different_words_and_of_equals_comes_first():
    takes = [
        take(id=1, side=Side.OPEN, text="free free FREE free free"),
        take(id=2, side=Side.PROPRIETARY, text="it works"),
        take(id=3, side=Side.OPEN, text="read it"),
        take(id=4, side=Side.OPEN, text="fix it"),
        take(id=5, side=None, text="no side and many many more words than the others"),
    ]

    assert [chosen.id for chosen in best_takes(TEAMS, takes)] == [3, 2]


def test_best_takes_stand_in_the_order_of_the_choices():
    turned = (choice(0, side=Side.DEPENDS), choice(1), choice(2, side=Side.OPEN))
    takes = [take(id=1, side=Side.OPEN), take(id=2, side=Side.PROPRIETARY), take(id=3, side=Side.DEPENDS)]

    assert [chosen.id for chosen in best_takes(turned, takes)] == [3, 1]


def test_of_a_poll_with_one_side_the_best_take_of_no_side_is_told_too():
    takes = [take(id=1, side=None), take(id=2, side=Side.OPEN), take(id=3, side=Side.PROPRIETARY)]

    assert [chosen.id for chosen in best_takes((choice(0, side=Side.OPEN), choice(1, "No")), takes)] == [2, 1]


def test_a_poll_without_sides_has_one_best_take():
    takes = [take(id=1, side=None, text="a b"), take(id=2, side=None, text="a b c"), take(id=3, side=Side.OPEN)]

    assert [chosen.id for chosen in best_takes((choice(0), choice(1, "No")), takes)] == [2]
    assert best_takes((choice(0), choice(1, "No")), []) == []
