"""What members see about themselves and about all of them: whatever it is, it fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.views import markdown
from cogs.views.members import crossings, privacy_reply, standings_view, sure_reply, team_reply
from newsroom.models import Side, Standing
from newsroom.text import length
from newsroom.votes.members import Kept, Membership, Standings
from newsroom.votes.standings import Season, Switches
from tests.cogs.guild import parts
from tests.makers import NOW, ago, guild_settings

LABELS = ["*" * 40, "_" * 40, "😀" * 20, "<@1>" * 10, "a" * 40]
settings = st.builds(
    lambda labels, depends, roles: guild_settings(
        open_label=labels[0],
        proprietary_label=labels[1],
        depends_label=labels[2],
        depends=depends,
        team_roles=roles,
        open_role_id=5001,
    ),
    st.lists(st.sampled_from(LABELS), min_size=3, max_size=3),
    st.booleans(),
    st.booleans(),
)
teams = st.builds(Standing, *[st.integers(0, 99_999)] * 3)


def membership(**fields: Any) -> Membership:
    return replace(Membership(guild_settings(), Side.OPEN, ago(days=3), 0, ()), **fields)


def standings(**fields: Any) -> Standings:
    return replace(
        Standings(
            settings=guild_settings(),
            now=Standing(9, 4, 1),
            then=None,
            since=ago(days=90),
            switches=Switches(),
            season=Season(),
            today=NOW.date(),
            course=(),
        ),
        **fields,
    )


def kept(**fields: Any) -> Kept:
    return replace(Kept(Side.OPEN, 2, 0, 0, guild_settings()), **fields)


def text_of(view: Any) -> str:
    return "\n".join(part["content"] for part in parts(view.to_components()) if "content" in part)


def labels(view: Any) -> list[str]:
    return [item.label for item in view.children]


@given(settings, st.sampled_from([None, *Side]), st.sampled_from([(), (5001,)]))
def test_the_panel_of_a_member_fits(settings: Any, side: Side | None, role_ids: tuple[int, ...]):
    reply = team_reply(membership(settings=settings, side=side, crossings=10**6), role_ids)

    assert 1 <= length(reply.content or "") <= markdown.CONTENT
    assert all(1 <= length(label) <= markdown.BUTTON_LABEL for label in labels(reply.view))
    assert len(reply.view.to_components()) <= 5


@given(settings, teams, teams, st.integers(0, 99_999))
def test_the_standings_fit(settings: Any, now: Standing, then: Standing, number: int):
    view = standings_view(
        standings(
            settings=settings,
            now=now,
            then=then if then.members else None,
            switches=Switches(number, number),
            season=Season(number, number, number),
        ),
        "x" * 1024,
    )

    assert length(text_of(view)) <= markdown.LAYOUT_TEXT
    assert len(list(parts(view.to_components()))) <= markdown.LAYOUT_COMPONENTS


@given(teams.filter(lambda teams: teams.members >= 10))
def test_bars_have_ten_cells_and_stand_behind_name_and_number(now: Standing):
    lines = text_of(standings_view(standings(now=now), None)).split("\n")

    places = [place for place, line in enumerate(lines) if line and set(line) <= {"█", "░"}]
    assert len(places) == 3
    for place, label, number in zip(
        places, ("Open source", "Proprietary", "It depends"), (now.open, now.proprietary, now.depends), strict=True
    ):
        assert len(lines[place]) == 10
        assert f"{label} · **{number}**" in lines[place - 1]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (Standing(9, 0, 0), "9 members on a side so far: too few to call."),
        (Standing(5, 4, 1), "10 members · too few to call"),
        (Standing(6, 6, 0), "12 members · a tie"),
        (Standing(7, 6, 0), "13 members · neck and neck"),
        (Standing(3, 30, 0), "33 members · Team Proprietary leads"),
    ],
)
def test_who_leads_is_said_by_the_rule(now: Standing, told: str):
    assert told in text_of(standings_view(standings(now=now), None)).split("\n")


def test_a_group_of_fewer_than_three_is_never_told_of():
    told = text_of(standings_view(standings(switches=Switches(2, 3)), None))

    assert "-# Switched teams since then: 3 to Proprietary" in told
    assert "to Open source" not in told


def test_the_move_of_a_standing_that_was_too_small_to_tell_is_not_told():
    assert "-# Since" not in text_of(standings_view(standings(then=Standing(3, 3, 3)), None))
    assert "Open source +4, Proprietary -4" in text_of(standings_view(standings(then=Standing(5, 8, 0)), None))


def test_a_move_of_one_or_two_members_is_told_of_neither_team():
    for then in (Standing(5, 5, 0), Standing(7, 4, 0), Standing(10, 1, 0)):
        assert "-# Since" not in text_of(standings_view(standings(then=then), None))
    unmoved = text_of(standings_view(standings(then=Standing(9, 4, 1)), None))
    assert "Open source +0, Proprietary +0" in unmoved


def test_the_season_stands_apart_from_the_standing():
    told = text_of(standings_view(standings(season=Season(9, 7, 3)), None))

    assert "**The season: stories won in January**\nOpen source 9 : 7 Proprietary, 3 too close" in told


def test_without_a_chart_there_is_no_picture_and_with_one_its_description_is_there():
    def pictures(alt: str | None) -> list[Any]:
        return [
            item
            for part in parts(standings_view(standings(), alt).to_components())
            if part["type"] == 12
            for item in part["items"]
        ]

    assert pictures(None) == []
    assert [picture["description"] for picture in pictures("Open 9, proprietary 4.")] == ["Open 9, proprietary 4."]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "You never crossed the floor."),
        (1, "You crossed the floor once."),
        (2, "You crossed the floor 2 times."),
    ],
)
def test_crossings_are_counted_in_words(number: int, told: str):
    assert crossings(number) == told


def test_a_side_that_the_server_dropped_is_not_offered():
    reply = team_reply(membership(settings=guild_settings(depends=False)), ())

    assert labels(reply.view) == ["Switch to Team Proprietary"]


def test_where_one_stands_in_between_is_told_in_brackets():
    content = team_reply(membership(side=Side.DEPENDS), ()).content or ""

    assert content.startswith("You're in between (“It depends”) since <t:")


@pytest.mark.parametrize("side", [None, *Side])
@pytest.mark.parametrize("team_roles", [True, False])
def test_a_role_that_is_worn_can_always_be_taken_off(side: Side | None, team_roles: bool):
    worn = guild_settings(team_roles=team_roles, proprietary_role_id=5002)

    assert labels(team_reply(membership(settings=worn, side=side), (5002,)).view)[-1] == "Take off my team's role"


def test_a_role_can_be_worn_by_those_on_a_side_where_the_server_has_roles():
    on = guild_settings(team_roles=True, open_role_id=5001)

    assert labels(team_reply(membership(settings=on), ()).view)[-1] == "Wear my team's role"
    for fields in ({"settings": on, "side": None}, {"settings": guild_settings()}):
        assert "role" not in labels(team_reply(membership(**fields), ()).view)[-1]


def test_what_is_kept_is_told_in_numbers_and_plain_words():
    content = privacy_reply(kept(side=None, elsewhere=2)).content or ""

    assert "No side · votes in 2 polls · 0 takes\n" in content
    assert "Whoever runs this bot can read its database." in content
    assert "There is something about you in 2 other servers too." in content


def test_deleting_everywhere_is_offered_only_where_there_is_something_elsewhere():
    assert labels(sure_reply(kept()).view) == ["Delete it here"]
    assert "in this server alone" in (sure_reply(kept(elsewhere=1)).content or "")
    assert labels(sure_reply(kept(elsewhere=1)).view) == ["Delete it here", "Delete it in all servers"]
