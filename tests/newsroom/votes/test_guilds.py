"""How a guild wants its polls is kept as it said, and nobody else's."""

from __future__ import annotations

import asyncio

import pytest

from newsroom.errors import RequestRefused
from newsroom.models import GuildSettings, Side
from newsroom.store.database import Database
from newsroom.votes.guilds import role_of
from tests.desk import GUILD, OTHER_GUILD, Desk
from tests.makers import guild_settings
from tests.votes import ask, everything, vote


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.over(database)


async def test_a_guild_that_never_said_anything_has_the_defaults(desk: Desk):
    settings = await desk.newsroom.guilds.settings(GUILD)

    assert settings == GuildSettings(GUILD)
    assert (settings.timezone, settings.per_day, settings.story_polls, settings.team_roles) == ("UTC", 1, True, False)


async def test_what_is_changed_is_changed_and_the_rest_stays(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"timezone": "europe/berlin", "per_day": 3})

    settings = await desk.newsroom.guilds.change(GUILD, {"open_label": " Open  weights ", "story_polls": False})

    assert settings == guild_settings(
        guild_id=GUILD, timezone="Europe/Berlin", per_day=3, open_label="Open weights", story_polls=False
    )
    assert await desk.newsroom.guilds.settings(GUILD) == settings
    assert await desk.newsroom.guilds.settings(OTHER_GUILD) == GuildSettings(OTHER_GUILD)


async def test_changing_nothing_tells_the_settings(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"per_day": 3})

    assert (await desk.newsroom.guilds.change(GUILD, {})).per_day == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"timezone": "Middle/Earth"}, "don't know that time zone"),
        ({"timezone": ""}, "don't know that time zone"),
        ({"open_label": " "}, "1 to 40"),
        ({"depends_label": "x" * 41}, "1 to 40"),
        ({"proprietary_label": "OPEN source"}, "the same name"),
        ({"open_label": "Mine", "depends_label": "mine"}, "the same name"),
        ({"open_label": "It\u200b depends"}, "the same name"),
    ],
)
async def test_one_wrong_setting_changes_none(desk: Desk, changes: dict[str, object], said: str):
    await desk.newsroom.guilds.change(GUILD, {"per_day": 2})
    before = await everything(desk)

    with pytest.raises(RequestRefused, match=said):
        await desk.newsroom.guilds.change(GUILD, {"per_day": 9, **changes})
    assert await everything(desk) == before


async def test_two_teams_may_exchange_their_names_in_one_step(desk: Desk):
    settings = await desk.newsroom.guilds.change(
        GUILD, {"open_label": "Proprietary", "proprietary_label": "Open source"}
    )

    assert (settings.label(Side.OPEN), settings.label(Side.PROPRIETARY)) == ("Proprietary", "Open source")


async def test_settings_that_are_changed_at_once_are_all_kept(desk: Desk):
    await asyncio.gather(
        desk.newsroom.guilds.change(GUILD, {"per_day": 2}),
        desk.newsroom.guilds.change(GUILD, {"story_polls": False}),
        desk.newsroom.guilds.change(GUILD, {"open_label": "Weights"}),
        desk.newsroom.guilds.change(GUILD, {"timezone": "Asia/Tokyo"}),
    )

    assert await desk.newsroom.guilds.settings(GUILD) == guild_settings(
        guild_id=GUILD, per_day=2, story_polls=False, open_label="Weights", timezone="Asia/Tokyo"
    )


async def test_a_poll_that_was_asked_before_keeps_its_words(desk: Desk):
    poll = await ask(desk)
    await desk.newsroom.guilds.change(GUILD, {"open_label": "Weights", "depends": False})

    voted = await vote(desk, poll)

    assert [choice.label for choice in voted.poll.choices] == ["Open source", "Proprietary", "It depends"]
    assert voted.settings.open_label == "Weights"


async def test_the_role_of_each_side_is_remembered(desk: Desk):
    for number, side in enumerate(Side):
        await desk.newsroom.guilds.remember_role(GUILD, side, 700 + number)

    settings = await desk.newsroom.guilds.settings(GUILD)
    assert [role_of(settings, side) for side in Side] == [700, 701, 702]
    assert [role_of(GuildSettings(OTHER_GUILD), side) for side in Side] == [None, None, None]
