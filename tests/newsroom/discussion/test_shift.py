"""How debates are decided, and what is never told of them."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.discussion.shift import Call, Shift, shift_of
from newsroom.models import Side
from newsroom.votes.counting import FEWEST, SMALLEST_GROUP

OPEN, PROPRIETARY, DEPENDS = Side.OPEN, Side.PROPRIETARY, Side.DEPENDS


def shift(*groups: tuple[Side | None, Side | None, int]) -> Shift:
    """The shift of groups: where they stood before, where after (None: they didn't vote), and how many they are."""
    before: dict[int, Side] = {}
    after: dict[int, Side] = {}
    member = 0
    for start, end, number in groups:
        for _ in range(number):
            member += 1
            before |= {member: start} if start else {}
            after |= {member: end} if end else {}
    return shift_of(before, after)


def test_the_side_wins_that_gained_more_though_the_other_has_more_votes():
    assert shift((PROPRIETARY, PROPRIETARY, 40), (OPEN, OPEN, 2), (PROPRIETARY, OPEN, 3)).call is Call.OPEN


def test_whoever_leaves_a_side_counts_against_it():
    found = shift((OPEN, OPEN, 10), (OPEN, DEPENDS, 3), (DEPENDS, DEPENDS, 1))

    assert (found.call, found.to_depends) == (Call.PROPRIETARY, 3)


def test_as_many_to_one_side_as_to_the_other_is_a_tie():
    found = shift((OPEN, PROPRIETARY, 4), (PROPRIETARY, OPEN, 4), (OPEN, OPEN, 9))

    assert (found.call, found.to_open, found.to_proprietary) == (Call.TIED, 4, 4)


def test_of_fewer_than_ten_who_voted_twice_nothing_is_called_however_many_voted_once():
    found = shift((OPEN, PROPRIETARY, FEWEST - 1), (OPEN, None, 50), (None, PROPRIETARY, 70))

    assert found == Shift(Call.TOO_FEW, FEWEST - 1 + 50, FEWEST - 1 + 70, FEWEST - 1)


def test_those_who_voted_once_move_nobody():
    assert shift((OPEN, OPEN, 10), (PROPRIETARY, None, 9), (None, OPEN, 9)).call is Call.UNMOVED


def test_fewer_than_three_who_moved_decide_nothing():
    assert shift((OPEN, OPEN, 20), (PROPRIETARY, OPEN, SMALLEST_GROUP - 1)).call is Call.UNMOVED


@given(st.dictionaries(st.sampled_from(list(product(Side, Side))), st.integers(0, 12)))
def test_no_group_of_fewer_than_three_is_told_and_a_shift_survives_being_written_down(groups: dict):
    found = shift(*((start, end, number) for (start, end), number in groups.items()))

    assert Shift.from_json(found.to_json()) == found
    for side in Side:
        told = found.moved_to(side)
        moved = sum(number for (start, end), number in groups.items() if end is side and start is not side)
        assert told is None or (told == moved >= SMALLEST_GROUP and found.both >= FEWEST)


@pytest.mark.parametrize("swap", [{OPEN: PROPRIETARY, PROPRIETARY: OPEN, DEPENDS: DEPENDS}])
@given(st.lists(st.tuples(st.sampled_from(Side), st.sampled_from(Side)), max_size=40))
def test_the_rule_favours_neither_side(swap: dict, votes: list):
    calls = {Call.OPEN: Call.PROPRIETARY, Call.PROPRIETARY: Call.OPEN}
    before, after = ({member: vote[at] for member, vote in enumerate(votes)} for at in (0, 1))
    turned = [{member: swap[side] for member, side in each.items()} for each in (before, after)]

    call = shift_of(before, after).call

    assert shift_of(*turned).call is calls.get(call, call)
