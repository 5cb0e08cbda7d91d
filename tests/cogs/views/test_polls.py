"""Polls as messages: whatever is in them, they fit, format nothing and say what was voted."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.views import markdown
from cogs.views.cards import card_message
from cogs.views.polls import (
    VOICE,
    PollForm,
    bars,
    labels_of,
    native_poll,
    poll_embed,
    poll_form,
    poll_items,
    result_form,
    switch_button,
    undone_reply,
    verdict,
    voted_reply,
    voters_reply,
)
from cogs.views.takes import filled
from newsroom.models import (
    Choice,
    Outcome,
    PollKind,
    PollState,
    PollStyle,
    Purpose,
    Results,
    ShownPoll,
    Side,
    Tally,
    Visibility,
)
from newsroom.text import clean, length
from newsroom.votes.counting import best_takes
from newsroom.votes.polls import Undone, Voted
from newsroom.votes.standings import Season
from tests.cogs.views.discord_markdown import shown as as_read
from tests.makers import NOW, TEAMS, article, card, guild_settings, poll, shown_poll, take

MARK = "123456789012345678.0123456789abcdef01234567"
HOSTILE = (
    *("@everyone ", "<@1>", "[x](https://evil.example)", "**", "_", "`", "||", "\u202e", "😀", "👩‍👩‍👧", "\n", "> "),
    *("a", " "),
)
PLACES = 10


def texts(longest: int) -> st.SearchStrategy[str]:
    """Texts of at most so many UTF-16 code units, and of exactly that often, made of what formats or pings."""
    any_text = st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=longest).map("".join)
    same = st.sampled_from(["*", "_", "`", "😀", "a", "<@1>"]).map(lambda part: part * longest)
    return st.one_of(any_text, same).map(lambda text: fitting(text, longest)).filter(lambda text: bool(clean(text)))


def fitting(text: str, longest: int) -> str:
    while length(text) > longest:
        text = text[:-1]
    return text


@st.composite
def polls(draw: Any) -> ShownPoll:
    """Any poll that could have been asked, with any votes."""
    number = draw(st.integers(2, PLACES))
    sides = draw(st.lists(st.sampled_from([*Side, None]), min_size=number, max_size=number))
    sides = [side if side not in sides[:place] else None for place, side in enumerate(sides)]
    choices = tuple(Choice(place, draw(texts(80)), side) for place, side in enumerate(sides))
    votes = draw(st.one_of(st.just((5,) * number), st.tuples(*[st.integers(0, 99_999)] * number)))
    closed = draw(st.booleans())
    made = poll(
        kind=draw(st.sampled_from(PollKind)),
        question=draw(texts(300)),
        choices=choices,
        visibility=draw(st.sampled_from(Visibility)),
        results=draw(st.sampled_from(Results)),
        max_choices=1 if any(sides) else draw(st.integers(1, number)),
        role_id=draw(st.sampled_from([None, 2**63])),
        state=PollState.CLOSED if closed else PollState.OPEN,
        closed_at=NOW if closed else None,
        outcome=draw(st.sampled_from([None, *Outcome])) if closed else None,
        crossed=99_999,
        switched=99_999,
    )
    settings = guild_settings(
        open_label=draw(texts(40)), proprietary_label=draw(texts(40)), depends_label=draw(texts(40))
    )
    return shown_poll(poll=made, mark=MARK, tally=Tally(votes, sum(votes)), settings=settings)


def assert_sendable(form: PollForm) -> None:
    assert 1 <= length(form.content) <= markdown.CONTENT
    assert sum(length(embed.description or "") for embed in form.embeds) <= markdown.EMBED_TOTAL
    for embed in form.embeds:
        assert length(embed.description or "") <= markdown.EMBED_DESCRIPTION
    assert_components(form.view)


def assert_components(view: Any) -> None:
    rows = view.to_components()
    assert len(rows) <= 5
    ids = []
    for part in (part for row in rows for part in row["components"]):
        ids.append(part["custom_id"])
        assert len(part["custom_id"]) <= markdown.CUSTOM_ID
        if "options" in part:
            assert all(1 <= length(option["label"]) <= markdown.SELECT_LABEL for option in part["options"])
        else:
            assert 1 <= length(part["label"]) <= markdown.BUTTON_LABEL
    assert len(set(ids)) == len(ids)


def powers(text: str) -> set[str]:
    """The marks that Discord would act upon, but for those of ours."""
    marks = set()
    for line in text.split("\n"):
        marks |= {mark for mark in as_read(line)[1] if mark.strip() not in ("**", "-#", ">", "###")}
    return {mark for mark in marks if not mark.startswith(("<t:", "<@&9223372036854775808", "<@4001"))}


def bold(text: str) -> int:
    """How many marks for bold there are, by which Discord would begin or end it."""
    return sum(as_read(line)[1].count("**") for line in text.split("\n"))


# Limits and power


@given(polls(), st.sampled_from([Purpose.POLL, Purpose.REPLY]), texts(300))
def test_every_poll_can_be_sent_and_nothing_in_it_has_power(shown: ShownPoll, purpose: Purpose, headline: str):
    form = poll_form(shown, purpose, article(title=headline), NOW)

    assert_sendable(form)
    description = form.embeds[0].description or ""
    assert powers(form.content) | powers(description) == set()
    assert bold(form.content) == 2
    assert bold(description) in (0, 2 * len(shown.poll.choices))


@given(polls(), texts(280), texts(300))
def test_every_result_can_be_sent_and_nothing_in_it_has_power(shown: ShownPoll, text: str, headline: str):
    takes = [take(side=side, text=text, member_id=4001) for side in (*Side, None)]

    form = result_form(shown, article(title=headline), Season(999, 999, 999), takes, MARK)

    assert_sendable(form)
    assert powers(form.content) == set()
    assert bold(form.content) == 2 + 2 * len(shown.poll.choices)


@given(polls(), st.booleans(), st.booleans())
def test_every_answer_to_a_vote_can_be_sent_and_nothing_in_it_has_power(shown: ShownPoll, all_of: bool, told: bool):
    ballot = (1 << len(shown.poll.choices)) - 1 if all_of and not shown.poll.has_sides else 1
    voted = Voted(
        poll=shown.poll,
        mark=MARK,
        settings=shown.settings,
        ballot=ballot,
        voted_for=shown.poll.choices[0].side,
        side=Side.OPEN,
        joined=False,
        vote_id=10**18 - 1,
        tally=shown.tally if told else None,
    )

    for reply in (voted_reply(voted), undone_reply(Undone(shown.poll, ballot, None))):
        assert 1 <= length(reply.content or "") <= markdown.CONTENT
        assert powers(reply.content or "") == set()
    assert_components(voted_reply(voted).view)


@given(polls(), st.sampled_from([0, 1, 29, 31, 500]))
def test_every_list_of_voters_can_be_sent(shown: ShownPoll, number: int):
    voters = {choice.position: list(range(10**18, 10**18 + number)) for choice in shown.poll.choices}

    assert 1 <= length(voters_reply(shown.poll, voters).content or "") <= markdown.CONTENT


@given(polls(), texts(300), texts(600))
def test_every_card_with_a_poll_can_be_sent(shown: ShownPoll, headline: str, summary: str):
    teams = tuple(Choice(place, shown.settings.label(side), side) for place, side in enumerate(Side))
    team = replace(
        shown,
        poll=replace(shown.poll, choices=teams, max_choices=1, visibility=Visibility.ANONYMOUS),
        tally=Tally((1, 2, 30), 33),
    )
    made = card_message(card(headline=headline, summary=summary, poll=team), now=NOW).for_channel()

    assert length(made["content"]) <= markdown.CONTENT
    assert 2 <= len(made["embeds"]) <= 10
    assert sum(len(embed) for embed in made["embeds"]) <= markdown.EMBED_TOTAL
    assert len(made["view"].to_components()) == 2


# The team row


def test_the_team_row_is_in_a_fixed_order_and_one_neutral_style():
    items = poll_items(shown_poll())

    assert [(item.label, str(item.emoji or "")) for item in items] == [
        ("Open source", "🟦"),
        ("Proprietary", "🟧"),
        ("It depends", ""),
    ]
    assert {item.style for item in items} == {discord.ButtonStyle.secondary}


def test_ten_choices_are_two_rows_and_who_voted_is_a_third():
    choices = tuple(Choice(place, f"Choice {place}") for place in range(10))
    items = poll_items(shown_poll(poll=poll(choices=choices, visibility=Visibility.PUBLIC)))

    assert [item.row for item in items] == [0] * 5 + [1] * 5 + [2]
    assert items[-1].label == "Who voted"


def test_a_closed_poll_can_be_clicked_no_more():
    choices = tuple(Choice(place, f"Choice {place}") for place in range(3))
    for most in (1, 2):
        closed = poll(state=PollState.CLOSED, choices=choices, max_choices=most)
        assert all(item.disabled for item in poll_items(shown_poll(poll=closed)))


# What the tally says


@pytest.mark.parametrize(
    ("votes", "first"),
    [((0, 0, 0), "0 votes in"), ((1, 0, 0), "1 vote in"), ((4, 3, 0), "7 votes in"), ((5, 4, 0), "9 votes in")],
)
def test_with_fewer_than_ten_votes_only_their_number_is_told(votes: tuple[int, ...], first: str):
    text = poll_embed(shown_poll(tally=Tally(votes, sum(votes)))).description or ""

    assert text.split("\n")[0] == first
    assert "█" not in text and "░" not in text


@given(st.tuples(*[st.integers(0, 99_999)] * 3).filter(lambda votes: sum(votes) >= 10))
def test_from_ten_votes_on_name_and_number_stand_before_a_bar_of_ten_cells(votes: tuple[int, ...]):
    lines = bars(TEAMS, Tally(votes, sum(votes)))

    for line, choice, number in zip(lines, TEAMS, votes, strict=True):
        told, bar = line.split("\n")
        assert choice.label in told and f"**{number}**" in told
        assert len(bar) == 10 and set(bar) <= {"█", "░"}


@pytest.mark.parametrize("votes", [(1, 0, 0), (1, 1, 0), (3, 1, 0), (9, 0, 0)])
def test_a_private_poll_closed_with_fewer_than_ten_votes_names_no_choice(votes: tuple[int, ...]):
    closed = shown_poll(poll=poll(state=PollState.CLOSED, closed_at=NOW), tally=Tally(votes, sum(votes)))
    text = poll_embed(closed).description or ""

    assert text.split("\n")[0] == f"{sum(votes)} vote{'' if sum(votes) == 1 else 's'} · too few to call"
    assert "Open source" not in text and "Proprietary" not in text


def test_a_public_poll_closed_with_few_votes_shows_them_without_bars():
    closed = poll(state=PollState.CLOSED, closed_at=NOW, visibility=Visibility.PUBLIC)
    text = poll_embed(shown_poll(poll=closed, tally=Tally((3, 1, 0), 4))).description or ""

    assert text.split("\n")[:4] == [
        "🟦 Open source · **3**",
        "🟧 Proprietary · **1**",
        "It depends · **0**",
        "4 votes · too few to call",
    ]


@pytest.mark.parametrize(
    ("votes", "state", "told"),
    [
        ((9, 0, 0), PollState.OPEN, "too few to call"),
        ((0, 0, 40), PollState.OPEN, "too few to call"),
        ((6, 6, 0), PollState.OPEN, "a tie: Team Open Source and Team Proprietary"),
        ((52, 48, 0), PollState.OPEN, "neck and neck"),
        ((60, 40, 0), PollState.OPEN, "Team Open Source leads"),
        ((60, 40, 0), PollState.CLOSED, "Team Open Source wins"),
        ((3, 30, 500), PollState.CLOSED, "Team Proprietary wins"),
    ],
)
def test_who_is_ahead_is_said_by_the_rule(votes: tuple[int, ...], state: PollState, told: str):
    assert verdict(shown_poll(poll=poll(state=state), tally=Tally(votes, sum(votes)))) == told


@pytest.mark.parametrize(
    ("visibility", "told"),
    [
        (Visibility.ANONYMOUS, "🔒 Private: nobody in this server sees your vote"),
        (Visibility.PUBLIC, "👁 Public: everybody can see who voted what"),
    ],
)
def test_a_poll_says_before_the_click_who_sees_the_vote(visibility: Visibility, told: str):
    assert told in (poll_embed(shown_poll(poll=poll(visibility=visibility))).description or "")


# The voice


def test_a_storys_voice_line_stays_the_same_and_is_one_of_the_list():
    for number in range(20):
        shown = shown_poll(poll=poll(id=number))
        lines = (poll_embed(shown, "A small lab releases a large model").description or "").split("\n")
        assert lines[1] in VOICE
        assert lines == (poll_embed(shown, "A small lab releases a large model").description or "").split("\n")


@pytest.mark.parametrize(
    "headline", ["A lab lays off half its staff", "A founder dies at 80", "Authors file a lawsuit against a lab"]
)
def test_a_sombre_story_has_no_voice_and_neither_has_a_closed_poll(headline: str):
    for shown in (shown_poll(), shown_poll(poll=poll(state=PollState.CLOSED))):
        assert not set(VOICE) & set((poll_embed(shown, headline).description or "").split("\n"))
    closed = poll_embed(shown_poll(poll=poll(state=PollState.CLOSED)), "A small lab releases a large model")
    assert not set(VOICE) & set((closed.description or "").split("\n"))


# The result


def test_the_best_take_of_a_side_is_the_one_that_says_most_and_of_equals_the_earlier():
    takes = [
        take(id=1, side=Side.PROPRIETARY, text="no no no no no no"),
        take(id=2, side=Side.PROPRIETARY, text="somebody answers the phone"),
        take(id=3, side=Side.OPEN, text="I can read it"),
        take(id=4, side=Side.OPEN, text="we can fix it"),
    ]

    assert [chosen.id for chosen in best_takes(poll().choices, takes)] == [3, 2]


def test_takes_are_shown_whole_where_there_is_room():
    takes = [take(side=side, text=f"{side} {'word ' * 50}.".strip()) for side in (Side.OPEN, Side.PROPRIETARY)]
    closed = poll(state=PollState.CLOSED, outcome=Outcome.OPEN, closed_at=NOW)

    form = result_form(shown_poll(poll=closed, tally=Tally((20, 5, 1), 26)), article(), Season(1, 0, 0), takes, MARK)

    for each in takes:
        assert f"> {each.text}\n-# <@{each.member_id}> for " in form.content
    assert form.silent
    assert form.embeds == ()


@pytest.mark.parametrize(
    ("choices", "label", "disabled"),
    [(TEAMS, "Standings", False), ((Choice(0, "Yes"), Choice(1, "No")), "Poll closed", True)],
)
def test_a_results_button_has_the_same_id_but_leads_nowhere_where_no_team_was_asked_for(
    choices: tuple[Choice, ...], label: str, disabled: bool
):
    closed = poll(state=PollState.CLOSED, closed_at=NOW, choices=choices)
    tally = Tally((20, *[1] * (len(choices) - 1)), 19 + len(choices))

    (button,) = result_form(shown_poll(poll=closed, tally=tally), None, None, [], MARK).view.children

    assert (button.label, button.disabled, button.custom_id) == (label, disabled, f"standings:{MARK}")


# Native polls


@given(polls())
def test_a_native_poll_says_that_votes_are_public(shown: ShownPoll):
    form = poll_form(replace(shown, poll=replace(shown.poll, style=PollStyle.NATIVE)), Purpose.POLL, None, NOW)

    assert "Everybody can see who votes what" in form.content
    assert form.poll is not None
    assert [answer.text for answer in form.poll.answers] == [choice.label for choice in shown.poll.choices]


def test_a_native_poll_lasts_whole_hours_and_takes_several_answers_where_asked():
    choices = (Choice(0, "Yes"), Choice(1, "No"))
    made = native_poll(poll(choices=choices, max_choices=2), NOW)

    assert made.multiple
    assert made.duration.total_seconds() == 23 * 3600


# The answer to a vote


@pytest.mark.parametrize(("votes", "shown"), [((5, 4, 0), False), ((6, 4, 0), True)])
def test_results_shown_after_ones_vote_are_shown_from_ten_votes_on(votes: tuple[int, ...], shown: bool):
    voted = Voted(
        poll=poll(results=Results.AFTER_VOTE),
        mark=MARK,
        settings=guild_settings(),
        ballot=1,
        voted_for=Side.OPEN,
        side=Side.OPEN,
        joined=False,
        vote_id=1,
        tally=Tally(votes, sum(votes)) if shown else None,
    )

    lines = (voted_reply(voted).content or "").split("\n")[1:]

    if shown:
        assert [lines[0], lines[-1]] == ["🟦 Open source · **6** · 60%", "10 votes"]
    else:
        assert lines == ["-# From 10 votes on you see the result here."]


def test_a_button_to_switch_is_cut_where_a_sides_name_is_longer_than_discord_takes():
    assert length(switch_button("-", Side.OPEN, f"Switch to {'😀' * 60}").label or "") <= markdown.BUTTON_LABEL


# What a message calls its choices


@pytest.mark.parametrize("most", [1, 2])
def test_a_polls_message_tells_what_it_calls_each_position(most: int):
    choices = (Choice(0, "Tabs"), Choice(1, "Spaces: two"), Choice(2, "Neither"))
    made = poll_form(shown_poll(poll=poll(choices=choices, max_choices=most)), Purpose.POLL, None, NOW)
    message = SimpleNamespace(components=[discord.ActionRow(row) for row in made.view.to_components()])

    assert labels_of(message) == {0: "Tabs", 1: "Spaces: two", 2: "Neither"}  # type: ignore[arg-type]


# Forms


def test_a_form_is_read_at_any_depth_and_whatever_else_it_holds():
    data = {
        "components": [
            {"type": 18, "component": {"type": 4, "custom_id": "text", "value": "a"}},
            {"type": 1, "components": [{"type": 4, "custom_id": "old", "value": "b"}]},
            {"type": 18, "component": {"type": 21, "custom_id": "side", "value": None}},
            {"type": 18, "component": {"type": 3, "custom_id": "menu", "values": ["c"]}},
            {"type": 10},
        ]
    }

    assert filled(data) == {"text": "a", "old": "b", "menu": "c"}
    assert filled({}) == {}
