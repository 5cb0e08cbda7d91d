"""How a guild wants its polls is kept as it said, and nobody else's."""

from __future__ import annotations

import asyncio

import pytest

from newsroom.errors import RequestRefused
from newsroom.models import GuildSettings, Side
from newsroom.store.database import open_database
from newsroom.votes.guilds import role_of, worn
from tests.desk import GUILD, OTHER_GUILD, Desk
from tests.makers import guild_settings
from tests.votes import ask, everything, vote


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
        ({"open_label": "Mine | Yours"}, "can't hold |"),
        ({"proprietary_label": "Closed=open"}, "or end in =open"),
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


async def test_who_decides_something_about_a_guild_waits_for_who_does_so_already(desk: Desk, emptied_url: str):
    """On SQLite one transaction at a time writes anyway."""
    other = await open_database(emptied_url)
    twin, done = Desk.over(other, desk.web, desk.clock), []

    async def decide(process: Desk, name: str) -> None:
        async with process.store.begin() as connection:
            await process.store.guilds.lock(connection, GUILD)
            done.append(f"{name} begins")
            await asyncio.sleep(0.05)
            done.append(f"{name} ends")

    await asyncio.gather(decide(desk, "one"), decide(twin, "other"))
    await other.close()

    assert done in (
        ["one begins", "one ends", "other begins", "other ends"],
        ["other begins", "other ends", "one begins", "one ends"],
    )
    assert await desk.newsroom.guilds.settings(GUILD) == GuildSettings(GUILD)


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
    assert (voted.settings.open_label, voted.settings.depends) == ("Open source", False)
    assert (await desk.newsroom.guilds.settings(GUILD)).open_label == "Weights"


async def test_the_role_of_each_side_is_remembered(desk: Desk):
    for number, side in enumerate(Side):
        await desk.newsroom.guilds.remember_role(GUILD, side, 700 + number)

    settings = await desk.newsroom.guilds.settings(GUILD)
    assert [role_of(settings, side) for side in Side] == [700, 701, 702]
    assert [role_of(GuildSettings(OTHER_GUILD), side) for side in Side] == [None, None, None]
    assert worn(settings, [5, 701]) and not worn(settings, [5]) and not worn(GuildSettings(OTHER_GUILD), [701])
