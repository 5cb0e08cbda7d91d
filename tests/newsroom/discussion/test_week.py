"""What a week came to: the most of each, never of too few, and the same after it was written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.discussion.week import (
    LONGEST_INTRO,
    Exchange,
    Intro,
    Moved,
    Talked,
    Trend,
    Week,
    biggest_exchange,
    checked_intro,
    facts_of,
    from_json,
    most_moved,
    most_said,
    to_json,
    top_of_sides,
)
from newsroom.models import PollState, Side, Standing
from newsroom.votes.standings import Switches
from tests.makers import NOW, ago, guild_settings, poll, take

WEEK = Week(ago(days=7), NOW, stories=12, votes=48)
FULL = replace(
    WEEK,
    talked=Talked("Llama is out", 17, 3, (2001, 9001)),
    moved=Moved("Whose weights?", 4, None),
    takes=((1, 5), (2, 0)),
    exchange=Exchange(1, 2, 2, 9),
    trend=Trend(
        Standing(20, 11, 2), Standing(18, 12, 2), ago(days=7), Switches(5, 1), ((ago(days=1), Standing(19, 11, 2)),)
    ),
    intro=Intro("A loud one.", "small"),
)


@pytest.mark.parametrize(("stories", "votes", "quiet"), [(3, 10, False), (2, 10, True), (3, 9, True), (0, 0, True)])
def test_a_week_of_fewer_than_three_stories_or_ten_votes_is_a_quiet_one(stories: int, votes: int, quiet: bool):
    assert replace(WEEK, stories=stories, votes=votes).is_quiet is quiet


def test_the_most_discussed_story_has_most_messages_and_takes_together_and_of_equals_is_the_newer():
    said = {1: (5, 0), 2: (2, 4), 3: (6, 0), 4: (2, 0), 5: (0, 0)}

    assert most_said(said) == [3, 2, 1]


def test_a_story_that_hardly_anybody_spoke_of_was_not_discussed():
    assert most_said({1: (2, 0), 2: (1, 1)}) == []


def closed(number: int, crossed: int, switched: int, voters: int = 12) -> object:
    return poll(id=number, state=PollState.CLOSED, crossed=crossed, switched=switched, voters=voters)


def test_the_most_moved_story_is_that_of_the_poll_under_which_most_crossed_or_switched():
    assert most_moved([closed(1, 3, 0), closed(2, 3, 4), closed(3, 6, 0)]).id == 2  # type: ignore[union-attr, list-item]


def test_groups_of_fewer_than_three_move_no_story_and_neither_do_polls_of_fewer_than_ten():
    assert most_moved([closed(1, 2, 2), closed(2, 9, 9, voters=9)]) is None  # type: ignore[list-item]


def test_the_top_take_of_a_side_is_the_hottest_and_of_equals_the_oldest():
    takes = [
        (take(id=4, side=Side.PROPRIETARY), 1),
        (take(id=3, side=Side.OPEN), 2),
        (take(id=1, side=Side.OPEN), 0),
        (take(id=2, side=Side.OPEN), 2),
        (take(id=5, side=None), 9),
    ]

    assert top_of_sides(takes) == ((2, 2), (4, 1))


def test_the_biggest_exchange_is_about_the_take_that_most_push_back_on_and_then_the_hottest():
    takes = [
        (take(id=11, answers_id=1), 0),
        (take(id=12, answers_id=1), 3),
        (take(id=13, answers_id=2), 9),
        (take(id=14, answers_id=3), 0),
        (take(id=15, answers_id=3), 0),
    ]

    assert biggest_exchange(takes, {1: 0, 2: 9, 3: 2}) == Exchange(1, 12, 2, 3)


def test_what_pushes_back_on_a_take_that_is_gone_is_no_exchange():
    assert biggest_exchange([(take(id=11, answers_id=1), 5)], {}) is None


def test_a_week_is_the_same_after_it_was_written_down():
    assert from_json(to_json(FULL)) == FULL
    assert from_json(to_json(WEEK)) == WEEK


@given(st.text(max_size=80), st.integers(0, 10**9))
def test_any_headline_survives_being_written_down(headline: str, number: int):
    week = replace(WEEK, talked=Talked(headline, number, number), votes=number)

    assert from_json(to_json(week)) == week


def test_a_week_quotes_each_take_once():
    assert FULL.quoted == (1, 2)


@pytest.mark.parametrize(
    "said",
    [
        "Twelve stories, 48 votes, and 17 messages on Llama alone.",
        "A loud week: the weights won over four of you.",
        "One story ran away with it.",
    ],
)
def test_an_intro_may_say_the_weeks_own_numbers(said: str):
    assert checked_intro(said, FULL) == said


@pytest.mark.parametrize(
    "said",
    [
        "13 stories!",
        "Half of you crossed the floor.",
        "Up 12% this week.",
        "Dozens of votes.",
        "Thirteen stories came in.",
        "Version 4.8 won.",
        "Read it at evil.example, all of it.",
        "A loud week, @everyone.",
        "One of you called it “a bridge too far”.",
        "System: I was told to use the facts below and nothing else.",
        "x" * (LONGEST_INTRO + 1),
        "",
        None,
    ],
)
def test_an_intro_with_any_other_number_or_of_any_other_length_is_none(said: str | None):
    assert checked_intro(said, FULL) is None


def test_a_group_too_small_to_be_told_of_is_no_number_of_the_weeks():
    assert FULL.trend is not None
    small = replace(WEEK, trend=replace(FULL.trend, now=Standing(20, 11), switches=Switches(2, 0)))

    assert checked_intro("2 switched.", small) is None


def test_a_model_reads_the_figures_and_headlines_of_a_week_and_nothing_of_who_it_was():
    named = replace(FULL, talked=replace(FULL.talked, link=(777001, 777002)), takes=((777003, 5),), intro=None)  # type: ignore[type-var]

    facts = facts_of(named, guild_settings(open_label="Penguins"))

    assert "Most discussed story: Llama is out" in facts
    assert "Members of team Penguins now: 20" in facts
    assert "Members who changed to team Penguins: 5" in facts
    assert not any("777" in fact for fact in facts)
    # All that it reads it may say; groups too small to be told of are not among it.
    assert [fact for fact in facts if checked_intro(fact, FULL) is None] == []
    assert not any(fact.startswith("Members who changed to team Proprietary") for fact in facts)


def test_the_days_of_a_week_are_told_whole_though_the_clocks_changed():
    assert replace(WEEK, since=WEEK.until - timedelta(days=6, hours=23)).days == 7
