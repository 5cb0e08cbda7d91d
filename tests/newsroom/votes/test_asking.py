"""Whatever a moderator types is a poll that works, or a sentence that says what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.errors import RequestRefused
from newsroom.models import PollKind, PollStyle, Results, Side, Visibility
from newsroom.votes.asking import (
    OPEN_FOR,
    Draft,
    check,
    in_its_words,
    read_choices,
    read_draft,
    read_label,
    read_question,
    read_take,
    team_choices,
    team_name,
    team_question,
    write_choices,
)
from tests.makers import NOW, TEAMS, guild_settings, poll
from tests.votes import custom, draft, sides_of

TYPED = ("question", "choices", "duration", "style", "visibility", "results")


def labels(text: str) -> list[str]:
    return [choice.label for choice in read_choices(text)]


def native(**fields):
    return custom(**{"style": PollStyle.NATIVE} | fields)


# ------------------------------------------------------------------------------------ choices


def test_choices_stand_in_the_order_they_were_written_between_bars():
    read = read_choices("Yes|No |  Ask   me later")

    assert [(choice.position, choice.label) for choice in read] == [(0, "Yes"), (1, "No"), (2, "Ask me later")]
    assert sides_of(read) == [None, None, None]


def test_a_choice_may_stand_for_a_side():
    read = read_choices("Mine=open | Yours = Proprietary | Ours=DEPENDS | Nobody's")

    assert [choice.label for choice in read] == ["Mine", "Yours", "Ours", "Nobody's"]
    assert sides_of(read) == [Side.OPEN, Side.PROPRIETARY, Side.DEPENDS, None]


def test_an_equals_sign_before_any_other_word_belongs_to_the_choice():
    assert labels("1+1=2 | x=closed") == ["1+1=2", "x=closed"]


def test_a_bar_at_the_end_starts_no_further_choice():
    assert labels("Yes | No | ") == ["Yes", "No"]


def test_ten_choices_are_as_many_as_a_poll_takes():
    assert len(read_choices(" | ".join(map(str, range(10))))) == 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" | ".join(map(str, range(11))), "2 to 10 choices"),
        ("Only one", "2 to 10 choices"),
        ("Only one |", "2 to 10 choices"),
        ("", "2 to 10 choices"),
        ("|", "2 to 10 choices"),
        ("Yes | | No", "One of the choices is empty"),
        ("Yes | =open", "One of the choices is empty"),
        ("Yes | \u200b | No", "One of the choices is empty"),
        ("Yes | Yes", "Two choices are the same"),
        ("Yes | yES", "Two choices are the same"),
        ("Straße | STRASSE", "Two choices are the same"),
        ("Yes | Ye\u200bs", "Two choices are the same"),
        ("Yes | Y\u202ees", "Two choices are the same"),
        ("Ask  me | Ask me", "Two choices are the same"),
        ("Yes=open | Yes=proprietary", "Two choices are the same"),
        ("Yes=open | No=open", "Two choices stand for the same side"),
        ("Yes | " + "n" * 81, "This choice is too long"),
        ("Yes | " + "😀" * 41, "This choice is too long"),
    ],
)
def test_choices_that_make_no_poll_are_refused_with_what_is_wrong(text: str, said: str):
    with pytest.raises(RequestRefused, match=said):
        read_choices(text)


def test_a_choice_may_be_as_long_as_a_button_takes():
    assert labels("Yes | " + "n" * 80)[1] == "n" * 80
    assert labels("Yes | " + "😀" * 40)[1] == "😀" * 40


words = st.text(st.characters(categories=["L", "N"], include_characters=" ="), min_size=1, max_size=20)


@given(st.lists(words, min_size=2, max_size=10))
def test_choices_that_are_written_back_read_the_same(texts: list[str]):
    try:
        read = read_choices(" | ".join(texts))
    except RequestRefused:
        return

    assert read_choices(write_choices(read)) == read


# ---------------------------------------------------------------------------------- the words


def test_a_question_loses_what_hides_in_it():
    assert read_question("  Piz\u200bza\n tonight? ") == "Pizza tonight?"


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u202e"])
def test_a_poll_needs_a_question(text: str):
    with pytest.raises(RequestRefused, match="needs a question"):
        read_question(text)


def test_a_question_has_at_most_300_characters():
    assert read_question("q" * 300) == "q" * 300
    for long in ("q" * 301, "😀" * 151):
        with pytest.raises(RequestRefused, match="at most 300"):
            read_question(long)


@pytest.mark.parametrize("text", ["Too short", "", "x" * 281, "a\u200b" * 9])
def test_a_take_of_the_wrong_length_is_told_the_right_one(text: str):
    with pytest.raises(RequestRefused, match="10 to 280"):
        read_take(text)


@pytest.mark.parametrize("text", ["x" * 10, "x" * 280])
def test_a_take_has_10_to_280_characters(text: str):
    assert read_take(text) == text


@pytest.mark.parametrize("text", ["", " ", "\u200b", "x" * 41])
def test_the_name_of_a_side_has_1_to_40_characters(text: str):
    with pytest.raises(RequestRefused, match="1 to 40"):
        read_label(text)


@pytest.mark.parametrize("text", ["Mine | Yours", "|", "Closed=open", "Open = PROPRIETARY", "x=depends "])
def test_the_name_of_a_side_cannot_be_read_as_several_choices_or_as_another_side(text: str):
    with pytest.raises(RequestRefused, match=r"can't hold \||1 to 40"):
        read_label(text)


names = st.text(max_size=12) | st.sampled_from(["a|b", "x=open", "y = depends", "1+1=2", "=", "open"])


@given(st.lists(names, min_size=3, max_size=3))
def test_the_names_of_sides_are_choices_that_can_be_written_back(texts: list[str]):
    try:
        mine, theirs, neither = map(read_label, texts)
        choices = team_choices(guild_settings(open_label=mine, proprietary_label=theirs, depends_label=neither))
        read = read_choices(write_choices(choices))
    except RequestRefused as refused:
        assert "name" in str(refused) or "the same" in str(refused)
        return

    assert read == choices


def test_a_team_is_called_by_its_side_with_capitals_where_there_are_none():
    assert team_name("Open source") == "Team Open Source"
    assert team_name("vLLM and GPT") == "Team VLLM And GPT"


def test_the_team_question_is_asked_in_a_guilds_own_words():
    settings = guild_settings(open_label="weights", proprietary_label="wallets", depends=False)

    assert team_question(settings) == "Team Weights or Team Wallets?"
    assert [choice.label for choice in team_choices(settings)] == ["weights", "wallets"]


def test_team_choices_stand_in_one_fixed_order():
    assert sides_of(team_choices(guild_settings())) == [Side.OPEN, Side.PROPRIETARY, Side.DEPENDS]


def test_a_team_poll_speaks_of_its_sides_as_it_was_asked_whatever_the_guild_calls_them_now():
    renamed = guild_settings(open_label="Weights", proprietary_label="Wallets", depends_label="Meh", per_day=3)

    told = in_its_words(renamed, poll())

    assert [told.label(side) for side in Side] == ["Open source", "Proprietary", "It depends"]
    assert told.per_day == 3


def test_a_side_that_a_team_poll_did_not_ask_for_is_called_as_the_guild_calls_it():
    told = in_its_words(guild_settings(open_label="Weights", depends_label="Meh"), poll(choices=TEAMS[:2]))

    assert [told.label(side) for side in Side] == ["Open source", "Proprietary", "Meh"]


def test_a_poll_of_a_moderators_own_wording_gives_the_teams_no_names():
    renamed = guild_settings(open_label="Weights")

    assert in_its_words(renamed, poll(kind=PollKind.CUSTOM)) == renamed


# --------------------------------------------------------------------------- what was typed


def test_who_types_nothing_gets_the_private_team_poll_of_a_day_with_buttons_that_shows_its_votes():
    read = read_draft(guild_settings(depends=False), {}, NOW)

    assert read == Draft(
        question=None, choices=TEAMS[:2], is_team=True, closes_at=NOW + OPEN_FOR, style=PollStyle.BUTTONS,
        visibility=Visibility.ANONYMOUS, results=Results.LIVE, max_choices=1, role_id=None,
    )  # fmt: skip
    assert read_draft(guild_settings(depends=False), dict.fromkeys(TYPED), NOW) == read


def test_all_that_is_typed_is_read():
    read = read_draft(
        guild_settings(),
        {
            "question": " Pizza? ", "choices": "Yes | No", "duration": "2h", "style": "buttons",
            "visibility": "public", "results": "after_close",
        },
        NOW,
        max_choices=2,
        role_id=77,
    )  # fmt: skip

    assert read == Draft(
        question="Pizza?", choices=read_choices("Yes | No"), is_team=False, closes_at=NOW + timedelta(hours=2),
        style=PollStyle.BUTTONS, visibility=Visibility.PUBLIC, results=Results.AFTER_CLOSE, max_choices=2, role_id=77,
    )  # fmt: skip


def test_a_question_without_choices_is_answered_by_the_teams_and_is_no_team_poll():
    read = read_draft(guild_settings(open_label="Weights"), {"question": "Who won the week?"}, NOW)

    assert [choice.label for choice in read.choices] == ["Weights", "Proprietary", "It depends"]
    assert read.is_team is False


def test_choices_without_a_question_answer_the_teams_question_if_both_teams_are_among_them():
    read = read_draft(guild_settings(), {"choices": "Mine=open | Yours=proprietary | Whatever"}, NOW)

    assert (read.question, read.is_team) == (None, False)
    for choices in ("Yes | No", "Mine=open | No", "Yours=proprietary | Ours=depends"):
        with pytest.raises(RequestRefused, match="need a question"):
            read_draft(guild_settings(), {"choices": choices}, NOW)
    with pytest.raises(RequestRefused, match="2 to 10"):
        read_draft(guild_settings(), {"choices": "Only one"}, NOW)


def test_discords_own_polls_are_public_unless_somebody_asks_for_a_private_one_which_is_refused():
    typed = {"style": "native"}

    assert read_draft(guild_settings(), typed, NOW).visibility is Visibility.PUBLIC
    assert read_draft(guild_settings(), typed | {"visibility": "public"}, NOW).visibility is Visibility.PUBLIC
    with pytest.raises(RequestRefused, match="everybody can see who voted what"):
        read_draft(guild_settings(), typed | {"visibility": "anonymous"}, NOW)


@pytest.mark.parametrize(
    ("typed", "more", "said"),
    [
        ({"question": "\u200b"}, {}, "needs a question"),
        ({"question": "Pizza?", "choices": "A | A"}, {}, "Two choices are the same"),
        ({"duration": "soonish"}, {}, "read"),
        ({"question": "Pizza?", "choices": "A | B"}, {"max_choices": 3}, "max_choices is 1 to 2"),
        ({}, {"max_choices": 2}, "two teams at once"),
        ({"style": "native", "duration": "90m"}, {}, "whole hours"),
        ({"style": "native"}, {"role_id": 77}, "everybody can vote"),
    ],
)
def test_what_cannot_be_read_or_does_not_fit_is_refused_with_what_to_do(typed, more, said: str):
    with pytest.raises(RequestRefused, match=said):
        read_draft(guild_settings(), typed, NOW, **more)


# ------------------------------------------------------------------------- what fits together


@pytest.mark.parametrize("most", [0, -1, 4])
def test_nobody_chooses_none_or_more_than_there_is(most: int):
    with pytest.raises(RequestRefused, match="max_choices is 1 to 3"):
        check(custom(max_choices=most), NOW)


def test_all_of_the_choices_may_be_chosen():
    asked = custom(max_choices=3)

    assert check(asked, NOW) == asked


@pytest.mark.parametrize("asked", [draft(max_choices=2), custom("A=depends | B", max_choices=2)])
def test_nobody_is_on_two_teams_at_once(asked):
    with pytest.raises(RequestRefused, match="two teams at once"):
        check(asked, NOW)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (native(choices="Yes | " + "n" * 56), "at most 55 characters"),
        (native(results=Results.AFTER_VOTE), "always show their results"),
        (native(results=Results.AFTER_CLOSE), "always show their results"),
        (native(role_id=1), "everybody can vote"),
        (native(max_choices=2), "make max_choices 1 or 3"),
        (native(closes_at=None), "1 hour to 32 days"),
        (native(closes_at=NOW + timedelta(minutes=59)), "1 hour to 32 days"),
        (native(closes_at=NOW + timedelta(hours=769)), "1 hour to 32 days"),
        (native(closes_at=NOW + timedelta(minutes=90)), "whole hours"),
    ],
)
def test_what_discord_would_refuse_is_refused_before_it_is_sent(asked, said: str):
    with pytest.raises(RequestRefused, match=said):
        check(asked, NOW)


def test_a_native_poll_that_was_asked_to_be_private_is_refused_but_not_one_where_nobody_said():
    assert check(native(), NOW)
    with pytest.raises(RequestRefused, match="everybody can see who voted what"):
        check(native(), NOW, asked_anonymous=True)


@pytest.mark.parametrize("hours", [1, 768])
def test_a_native_poll_is_open_for_one_hour_to_768(hours: int):
    asked = native(closes_at=NOW + timedelta(hours=hours), choices="Yes | " + "n" * 55, max_choices=2)

    assert check(asked, NOW) == asked


def test_a_poll_with_buttons_may_be_all_that_a_native_one_may_not():
    asked = custom("Yes | " + "n" * 80, closes_at=None, results=Results.AFTER_CLOSE, role_id=1, max_choices=2)

    assert check(asked, NOW, asked_anonymous=True) == asked
