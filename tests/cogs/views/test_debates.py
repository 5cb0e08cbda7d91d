"""Debates as members read them: whatever is in them, they fit, format nothing, and have the buttons of their time."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.views import markdown
from cogs.views.debates import started
from cogs.views.discussion import HOT_TEMPLATE, remark_form
from cogs.views.takes import RemarkForm
from newsroom.discussion.remarks import RemarkContents, ShownTurn
from newsroom.discussion.shift import Call, Shift
from newsroom.models import (
    Debate,
    DebatePhase,
    DebateTurn,
    DiscussionSettings,
    GuildSettings,
    Side,
    SummaryBasis,
    TurnKind,
    TurnState,
)
from newsroom.text import length
from tests.cogs.views.discord_markdown import shown as as_read
from tests.cogs.views.test_polls import texts
from tests.makers import NOW, guild_settings, remark

MARK = f"{2**63 - 1}.{'a' * 24}"
CARD_MARK = f"{2**63 - 1}.{'c' * 24}"
REMARK_MARK = f"{2**63 - 1}.{'e' * 24}"
OWN = {"**", ">", "-#"}
LABELS = st.builds(
    GuildSettings,
    st.just(1001),
    depends=st.booleans(),
    open_label=texts(40),
    proprietary_label=texts(40),
    depends_label=texts(40),
)
COUNTS = st.integers(0, 10**6)
MOVED = st.none() | st.integers(3, 10**6)
SHIFTS = st.builds(Shift, st.sampled_from(Call), COUNTS, COUNTS, COUNTS, MOVED, MOVED, MOVED)
DEBATES = st.builds(
    Debate,
    *[st.just(1)] * 4,
    rounds=st.integers(1, 5),
    minutes=st.integers(1, 60),
    phase=st.sampled_from(DebatePhase),
    round=st.integers(0, 5),
    due_at=st.sampled_from([None, NOW]),
    started_at=st.just(NOW),
    ended_at=st.sampled_from([None, NOW]),
)
TURNS = st.builds(
    DebateTurn,
    id=st.just(1),
    debate_id=st.just(1),
    kind=st.sampled_from(TurnKind),
    round=st.integers(1, 5),
    side=st.sampled_from([Side.OPEN, Side.PROPRIETARY]),
    state=st.sampled_from(TurnState),
    text=st.none() | texts(2000),
    basis=st.none() | st.sampled_from(SummaryBasis),
    model=st.none() | texts(100),
    attempts=st.just(1),
    taken_until=st.none(),
)


def debate(phase: DebatePhase = DebatePhase.BEFORE, **fields: Any) -> Debate:
    values = {"rounds": 3, "minutes": 10, "round": 0, "due_at": NOW, "started_at": NOW, "ended_at": None} | fields
    return Debate(1, 1001, 1, 1, phase=phase, **values)


def turn(kind: TurnKind, **fields: Any) -> DebateTurn:
    values: dict[str, Any] = dict.fromkeys(["side", "text", "basis", "model", "taken_until"])
    return DebateTurn(1, 1, kind, **(values | {"round": 1, "state": TurnState.WRITTEN, "attempts": 1} | fields))


def message(
    turn: DebateTurn,
    debate: Debate,
    *,
    shift: Shift | None = None,
    settings: GuildSettings | None = None,
    takes: bool = True,
) -> RemarkForm:
    card: Any = SimpleNamespace(settings=DiscussionSettings(takes=takes))
    says = ShownTurn(turn, debate, MARK, shift, card)
    return remark_form(RemarkContents(remark(), REMARK_MARK, CARD_MARK, settings or guild_settings(), says))


def labels(form: RemarkForm) -> list[str]:
    return [item.label for item in form.view.children]  # type: ignore[attr-defined]


@given(TURNS, DEBATES, LABELS, st.none() | SHIFTS, st.booleans())
def test_whatever_a_debate_says_it_fits_and_formats_nothing_of_others(
    turn: DebateTurn, debate: Debate, settings: GuildSettings, shift: Shift | None, takes: bool
):
    form = message(turn, debate, shift=shift, settings=settings, takes=takes)

    assert 0 < length(form.content) <= markdown.CONTENT
    _, markup = as_read(form.content)
    assert {mark.strip() for mark in markup} <= OWN, markup
    ids = [item.custom_id for item in form.view.children]  # type: ignore[attr-defined]
    assert len(set(ids)) == len(ids) and all(len(each) <= markdown.CUSTOM_ID for each in ids)
    assert all(0 < length(label) <= markdown.BUTTON_LABEL for label in labels(form))


@pytest.mark.parametrize("kind", [TurnKind.OPENING, TurnKind.CASE, TurnKind.FLOOR, TurnKind.CLOSING])
def test_while_it_runs_each_message_can_be_found_again_and_stopped(kind: TurnKind):
    form = message(turn(kind, side=Side.OPEN, text="Words."), debate())
    assert labels(form)[-1] == "Stop"
    assert any(REMARK_MARK in item.custom_id.split(":") for item in form.view.children)  # type: ignore[attr-defined]


@pytest.mark.parametrize("phase", DebatePhase)
def test_one_can_vote_in_the_time_of_a_vote_alone(phase: DebatePhase):
    for kind, time in ((TurnKind.OPENING, DebatePhase.BEFORE), (TurnKind.CLOSING, DebatePhase.AFTER)):
        assert ("Open source" in labels(message(turn(kind), debate(phase)))) is (phase is time)


def test_once_it_has_ended_nothing_can_be_clicked():
    ended = debate(DebatePhase.STOPPED, ended_at=NOW)

    assert [labels(message(turn(kind, side=Side.OPEN), ended)) for kind in TurnKind] == [[]] * len(TurnKind)
    assert message(turn(TurnKind.FLOOR), ended).content == "🎤 **Round 1 of 3.** The floor was yours."


def test_a_guild_with_two_teams_is_asked_for_two():
    form = message(turn(TurnKind.OPENING), debate(), settings=GuildSettings(1001, depends=False))

    assert labels(form) == ["Open source", "Proprietary", "Take the floor", "Stop"]


def test_where_takes_are_off_nobody_is_asked_to_take_the_floor():
    assert labels(message(turn(TurnKind.FLOOR), debate(), takes=False)) == ["Stop"]


def test_take_the_floor_asks_for_the_hot_take_on_the_card():
    (floor, _) = message(turn(TurnKind.FLOOR), debate()).view.children
    found = re.fullmatch(HOT_TEMPLATE, floor.custom_id)  # type: ignore[attr-defined]

    assert found is not None and found["mark"] == CARD_MARK


def test_a_case_says_who_wrote_it_and_that_it_may_be_wrong():
    form = message(turn(TurnKind.CASE, side=Side.OPEN, text="Weights are freedom.", model="deepseek-chat"), debate())

    assert form.content.split("\n") == [
        "🟦 **Team Open Source** · round 1 of 3",
        "> Weights are freedom.",
        "-# Written by deepseek-chat, a language model: it may be wrong",
    ]


def test_a_case_that_came_to_nothing_is_one_line():
    failed = turn(
        TurnKind.CASE,
        side=Side.PROPRIETARY,
        state=TurnState.FAILED,
        text="The language model took too long.",
        model="small",
    )

    assert message(failed, debate()).content == (
        "🟧 **Team Proprietary** · round 1 of 3: No case from small. The language model took too long. "
        "Make it yourselves: the floor is yours."
    )


@pytest.mark.parametrize(
    ("shift", "told"),
    [
        (Shift(Call.TOO_FEW, 9, 9, 9), "Too few to call"),
        (Shift(Call.UNMOVED, 12, 12, 12), "Hardly anybody moved:** fewer than 3"),
        (Shift(Call.TIED, 12, 12, 12, 3, 3), "It's a tie"),
        (Shift(Call.PROPRIETARY, 12, 12, 12, None, 4), "**Team Proprietary wins the debate:**"),
    ],
)
def test_the_result_says_who_moved_and_what_that_means(shift: Shift, told: str):
    content = message(turn(TurnKind.RESULT), debate(DebatePhase.OVER, ended_at=NOW), shift=shift).content

    assert told in content
    assert content.endswith(f"-# {shift.before} voted before, {shift.after} after, {shift.both} both times")


def test_groups_of_fewer_than_three_are_not_told():
    shift = Shift(Call.PROPRIETARY, 12, 12, 12, None, 4)
    content = message(turn(TurnKind.RESULT), debate(DebatePhase.OVER, ended_at=NOW), shift=shift).content

    assert (
        "Moved: 🟦\xa0fewer than 3 to Team Open Source · 🟧\xa04 to Team Proprietary · fewer than 3 to “It depends”"
        in content
    )


def test_moderators_hear_where_it_is():
    assert "<#2001>" in (started(2001).content or "")
