"""What members are promised of /team, /standings and /privacy, and of the role of their team."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import discord
import pytest

from cogs.views.replies import OUR_MISTAKE
from newsroom.errors import ChartFailed
from newsroom.models import Side
from tests.cogs.guild import Guild, buttons, labels, member, parts, read

MIDNIGHT = 1767225600  # when every test begins: 2026-01-01 00:00 UTC
PNG = b"\x89PNG\r\n"
NO_ROLES = "This server has no team roles. `/poll settings team_roles` turns them on."
MAY_NOT = "I may not give out team roles here: I need **Manage Roles**, and my own role above them in the list."


async def settle_sides(guild: Guild, **by_label: int) -> list[Any]:
    """Have so many more members join each side, by a vote in a poll."""
    voters = await guild.votes(await guild.ask(duration="none"), **by_label)
    await guild.later()  # a standing is of the time before now
    return voters


def worn(guild: Guild, who: Any) -> list[str]:
    """The roles that a member wears."""
    ids = guild.env.backend.get_guild(guild.guild.id).members[who.id].role_ids
    return sorted(name for name, role in guild.guild.roles.items() if role.id in ids and name != who.name)


# /team


async def test_who_has_no_side_yet_may_choose_one(guild: Guild):
    shown = await guild.slash("team", by=guild.bob)

    assert shown.ephemeral
    assert read(shown.response) == (
        "You're on no team yet. Your first vote in a team poll puts you on one; or choose now."
    )
    assert labels(shown.response) == ["Team Open Source", "Team Proprietary", "“It depends”"]
    await guild.bob.click(shown.response, label="Team Proprietary")
    assert read(shown.response) == "You're on Team Proprietary now, until you switch again."


async def test_ones_side_since_when_and_how_often_one_crossed(guild: Guild):
    first = await guild.ask(duration="none")
    await guild.vote(guild.bob, first, "Open source")
    assert await guild.told("team", by=guild.bob) == (
        f"You're on Team Open Source since <t:{MIDNIGHT}:D>. You never crossed the floor."
    )

    await guild.vote(guild.bob, first, "Proprietary")
    assert "You crossed the floor once." in await guild.told("team", by=guild.bob)
    await guild.vote(guild.bob, await guild.ask(duration="none"), "Proprietary")
    shown = await guild.slash("team", by=guild.bob)
    assert "You crossed the floor 2 times." in read(shown.response)
    assert labels(shown.response) == ["Switch to Team Proprietary", "Switch to “It depends”"]


async def test_switching_in_the_panel_of_a_former_process(guild: Guild):
    await settle_sides(guild, Open_source=1)
    shown = await guild.slash("team", by=guild.bob)
    await guild.restart()

    await guild.bob.click(shown.response, label="Team Open Source")
    await guild.later()
    shown = await guild.slash("team", by=guild.bob)
    await guild.bob.click(shown.response, label="Switch to Team Proprietary")

    assert read(shown.response) == "You're on Team Proprietary now, until you switch again."
    assert labels(shown.response) == []
    assert f"since <t:{MIDNIGHT + 600}:D>" in await guild.told("team", by=guild.bob)


async def test_a_switch_to_the_side_one_is_on_changes_nothing(guild: Guild):
    shown = await guild.slash("team", by=guild.bob)
    again = await guild.slash("team", by=guild.bob)
    await guild.bob.click(shown.response, label="Team Open Source")
    before = await guild.rows()

    await guild.bob.click(again.response, label="Team Open Source")

    assert await guild.rows() == before


# /standings


async def test_with_fewer_than_ten_members_on_a_side_nothing_is_called_and_nothing_drawn(guild: Guild):
    await settle_sides(guild, Open_source=9)

    shown = await guild.slash("standings", by=guild.bob)

    assert read(shown.response) == (
        "### Where this server stands\n9 members on a side so far: too few to call.\n"
        "**The season: stories won in January**\nOpen source 0 : 0 Proprietary\n"
        "-# A member's side is set by the first team vote. `/team` shows yours."
    )
    assert shown.response.attachments == []


async def test_from_ten_members_on_names_and_numbers_stand_before_bars_and_a_chart_shows_the_course(guild: Guild):
    await settle_sides(guild, Open_source=9, Proprietary=3)
    await guild.later(minutes=90)

    shown = await guild.slash("standings", by=guild.bob)

    assert not shown.ephemeral
    assert shown.response.flags.components_v2
    assert read(shown.response).startswith(
        "### Where this server stands\n"
        "🟦 Open source · **9** · 75%\n████████░░\n"
        "🟧 Proprietary · **3** · 25%\n██░░░░░░░░\n"
        "It depends · **0** · 0%\n░░░░░░░░░░\n"
        "12 members · Team Open Source leads\n"
    )
    (chart,) = shown.response.attachments
    assert chart.filename == "standings.png"
    assert (await chart.read()).startswith(PNG)
    (picture,) = [part["items"][0] for part in parts(shown.response.components) if "items" in part]
    alt = picture["description"]
    assert len(re.findall(r"[.!?](?:\s|$)", alt)) <= 2
    assert "9" in alt and "3" in alt
    (told,) = [
        attachment["description"]
        for request in guild.requests("PATCH", "/messages/@original")
        for attachment in request.json.get("attachments") or []
    ]
    assert told == alt


async def test_a_chart_that_cannot_be_drawn_leaves_the_figures(guild: Guild, monkeypatch: pytest.MonkeyPatch):
    async def fails(*_: Any) -> bytes:
        raise ChartFailed("no matplotlib today")

    await settle_sides(guild, Open_source=10)
    monkeypatch.setattr(type(guild.charts), "draw", fails)

    shown = await guild.slash("standings", by=guild.bob)

    assert "🟦 Open source · **10** · 100%" in read(shown.response)
    assert shown.response.attachments == []


async def test_how_the_standing_moved_and_who_switched_is_told_of_groups_of_three_on(guild: Guild):
    crowd = await settle_sides(guild, Open_source=10)
    await guild.look_every(hours=24)
    await guild.later(days=3)
    for voter in crowd[:3]:
        await guild.newsroom.members.switch(guild.guild.id, voter.id, Side.PROPRIETARY)
    await guild.newsroom.members.switch(guild.guild.id, crowd[9].id, Side.PROPRIETARY)
    await guild.newsroom.members.switch(guild.guild.id, crowd[9].id, Side.OPEN)
    await guild.later(hours=1)

    told = read((await guild.slash("standings", by=guild.bob, days=2)).response)

    assert f"-# Since <t:{MIDNIGHT + 25 * 3600 + 300}:D>: Open source -3, Proprietary +3" in told
    assert "-# Switched teams since then: 3 to Proprietary" in told
    assert "to Open source" not in told


async def test_the_season_counts_the_stories_won_and_only_stories(guild: Guild):
    card = await guild.team_card()
    await guild.votes(card, Open_source=11, Proprietary=1)
    no_story = await guild.ask(duration="1h")
    await guild.votes(no_story, Proprietary=11)
    await guild.look_every(hours=1)
    await guild.later(hours=26)

    told = read((await guild.slash("standings", by=guild.bob)).response)

    assert "**The season: stories won in January**\nOpen source 1 : 0 Proprietary\n" in told


async def test_members_who_were_not_seen_for_ninety_days_count_no_more(guild: Guild):
    await settle_sides(guild, Open_source=10)
    await guild.look_every(hours=24 * 5)
    await guild.later(days=91)

    told = read((await guild.slash("standings", by=guild.bob)).response)

    assert "0 members on a side so far: too few to call." in told


async def test_another_servers_members_are_not_counted(guild: Guild):
    await settle_sides(guild, Open_source=10)
    elsewhere = guild.env.create_guild("Elsewhere")
    talk = elsewhere.create_text_channel("talk")
    await guild.env.settle()
    stranger = member(guild.env, elsewhere, "stranger")

    assert "0 members on a side" in read((await stranger.slash(talk, "standings")).response)


# /privacy


async def test_everybody_is_told_what_is_kept_and_who_can_read_it(guild: Guild):
    asked = await guild.ask(duration="none")
    await guild.vote(guild.bob, asked, "Open source")

    shown = await guild.slash("privacy", by=guild.bob)

    assert shown.ephemeral
    assert read(shown.response).split("\n")[:2] == [
        "### What I keep about you in this server",
        "Your side: Team Open Source · votes in 1 poll · 0 takes",
    ]
    assert "Whoever runs this bot can read its database." in read(shown.response)
    assert labels(shown.response) == ["Download", "Delete", "Quote my old takes: on"]


async def test_download_gives_a_file_with_all_of_it_to_the_member_alone(guild: Guild):
    asked = await guild.ask(duration="none")
    opened = await guild.bob.click(await guild.answer(guild.bob, asked, "Open source"), label="Say why")
    await guild.bob.submit_modal(opened, {"side": "open", "text": "Because I can read it."})
    shown = await guild.slash("privacy", by=guild.bob)

    given = await guild.bob.click(shown.response, label="Download")

    (answer,) = given.followups
    assert answer.ephemeral
    (file,) = answer.attachments
    content = json.loads(await file.read())
    assert (content["server"], content["member"]) == (str(guild.guild.id), str(guild.bob.id))
    assert content["side"] == [{"side": "open", "since": "2026-01-01T00:00:00+00:00", "by": "first vote"}]
    assert content["votes"] == [
        {
            "question": "Team Open Source or Team Proprietary?",
            "choices": ["Open source"],
            "crossed": False,
            "at": "2026-01-01T00:00:00+00:00",
        }
    ]
    assert [take["text"] for take in content["takes"]] == ["Because I can read it."]


async def test_delete_asks_first_and_then_removes_votes_sides_and_takes(guild: Guild):
    asked = await guild.ask(duration="none")
    opened = await guild.bob.click(await guild.answer(guild.bob, asked, "Open source"), label="Say why")
    await guild.bob.submit_modal(opened, {"side": "open", "text": "Because I can read it."})
    await guild.vote(guild.alice, asked, "Open source")
    await guild.later()
    shown = await guild.slash("privacy", by=guild.bob)
    before = await guild.rows()

    await guild.bob.click(shown.response, label="Delete")
    assert read(shown.response) == "Your votes, your side and your takes go for good. Nothing brings them back."
    assert labels(shown.response) == ["Delete it here"]
    assert await guild.rows() == before
    await guild.bob.click(shown.response, label="Delete it here")
    await guild.later(minutes=10)

    assert read(shown.response) == "Gone. I keep no votes, no side and no takes of yours in this server."
    assert not any(str(guild.bob.id) in row for rows in (await guild.rows()).values() for row in rows)
    assert "no side · votes in 0 polls · 0 takes" in (await guild.told("privacy", by=guild.bob)).lower()
    assert guild.tally(asked).startswith("1 vote in\n")


async def test_who_is_known_elsewhere_too_can_delete_it_everywhere(guild: Guild):
    elsewhere = guild.env.create_guild("Elsewhere")
    talk = elsewhere.create_text_channel("talk")
    await guild.env.settle()
    same = elsewhere.add_member(guild.env.user(guild.bob.id) if hasattr(guild.env, "user") else guild.bob.user)
    there = await same.slash(talk, "team")
    await same.click(there.response, label="Team Open Source")

    shown = await guild.slash("privacy", by=guild.bob)
    assert "There is something about you in 1 other server too." in read(shown.response)
    await guild.bob.click(shown.response, label="Delete")
    assert labels(shown.response) == ["Delete it here", "Delete it in all servers"]
    await guild.bob.click(shown.response, label="Delete it in all servers")

    assert not any(str(guild.bob.id) in row for rows in (await guild.rows()).values() for row in rows)


async def test_a_forged_privacy_button_shows_and_removes_only_what_is_ones_own(guild: Guild):
    asked = await guild.ask(duration="none")
    await guild.vote(guild.bob, asked, "Open source")
    before = await guild.rows()

    gone = await guild.counterfeit(guild.alice, "privacy:everywhere")
    given = await guild.counterfeit(guild.alice, "privacy:download")

    assert "Gone." in read(gone.response)
    content = json.loads(await given.followups[0].attachments[0].read())
    assert (content["member"], content["votes"]) == (str(guild.alice.id), [])
    assert await guild.rows() == before


@pytest.mark.parametrize("command", ["team", "standings", "privacy"])
async def test_a_command_is_acknowledged_before_anything_slow_and_answered_whatever_fails(
    guild: Guild, command: str, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    before = len(guild.env.http_requests)
    with monkeypatch.context() as patch:
        patch.setattr(guild.store, "read", broken)
        patch.setattr(guild.store, "begin", broken)
        result = await guild.slash(command, by=guild.bob)
    guild.mistakes = [ZeroDivisionError]

    assert guild.env.http_requests[before].path.endswith("/callback")
    assert OUR_MISTAKE in [read(answer) for answer in [result.response, *result.followups] if answer]


# Team roles


async def test_roles_are_off_by_default_and_a_forged_button_gives_none(guild: Guild):
    await settle_sides(guild, Open_source=1)
    shown = await guild.slash("team", by=guild.bob)
    await guild.bob.click(shown.response, label="Team Open Source")

    assert "Wear my team's role" not in labels((await guild.slash("team", by=guild.bob)).response)
    result = await guild.counterfeit(guild.bob, "team-role:on")

    assert NO_ROLES in [read(answer) for answer in [result.response, *result.followups]]
    assert worn(guild, guild.bob) == []


async def test_a_role_is_made_when_it_is_first_worn_and_taken_off_again(guild: Guild):
    await guild.told("poll settings", team_roles=True)
    await guild.newsroom.members.switch(guild.guild.id, guild.bob.id, Side.OPEN)
    await guild.newsroom.members.switch(guild.guild.id, guild.alice.id, Side.OPEN)
    assert "Team Open Source" not in guild.guild.roles

    for who in (guild.bob, guild.alice):
        shown = await guild.slash("team", by=who)
        assert "-# A role is public: everybody sees who wears it, and it follows when you switch." in read(
            shown.response
        )
        await who.click(shown.response, label="Wear my team's role")
        assert read(shown.response) == "You wear your team's role now."
        assert worn(guild, who) == ["Team Open Source"]
    assert len(guild.requests("POST", f"/guilds/{guild.guild.id}/roles")) == 1

    shown = await guild.slash("team", by=guild.bob)
    await guild.bob.click(shown.response, label="Take off my team's role")
    assert read(shown.response) == "You wear no team role any more."
    assert worn(guild, guild.bob) == []


async def test_a_worn_role_follows_a_switch_and_one_that_is_not_worn_does_not(guild: Guild):
    await guild.told("poll settings", team_roles=True)
    for who in (guild.bob, guild.alice):
        await guild.newsroom.members.switch(guild.guild.id, who.id, Side.OPEN)
    shown = await guild.slash("team", by=guild.bob)
    await guild.bob.click(shown.response, label="Wear my team's role")

    for who in (guild.bob, guild.alice):
        shown = await guild.slash("team", by=who)
        await who.click(shown.response, label="Switch to Team Proprietary")
        assert read(shown.response) == "You're on Team Proprietary now, until you switch again."

    assert worn(guild, guild.bob) == ["Team Proprietary"]
    assert worn(guild, guild.alice) == []


async def wear_by_vote(guild: Guild, who: Any, asked: Any) -> Any:
    """Have somebody join Team Open Source by a vote and wear its role; return the answer to the vote."""
    answer = await guild.answer(who, asked, "Open source")
    shown = await guild.slash("team", by=who)
    await who.click(shown.response, label="Wear my team's role")
    assert worn(guild, who) == ["Team Open Source"]
    return answer


@pytest.mark.parametrize("team_roles", [True, False])
async def test_undo_that_takes_the_side_takes_the_role_as_well(guild: Guild, team_roles: bool):
    await guild.told("poll settings", team_roles=True)
    answer = await wear_by_vote(guild, guild.bob, await guild.ask(duration="none"))
    if not team_roles:
        await guild.told("poll settings", team_roles=False)

    await guild.bob.click(answer, label="Undo")

    assert read(answer) == "Undone. You have no vote in this poll."
    assert worn(guild, guild.bob) == []


async def test_undo_that_leaves_the_side_leaves_the_role(guild: Guild):
    await guild.told("poll settings", team_roles=True)
    asked = await guild.ask(duration="none")
    await wear_by_vote(guild, guild.bob, asked)

    await guild.bob.click(await guild.answer(guild.bob, asked, "Proprietary"), label="Undo")

    assert worn(guild, guild.bob) == ["Team Open Source"]


async def test_delete_takes_the_role_off(guild: Guild):
    await guild.told("poll settings", team_roles=True)
    await wear_by_vote(guild, guild.bob, await guild.ask(duration="none"))

    shown = await guild.slash("privacy", by=guild.bob)
    await guild.bob.click(shown.response, label="Delete")
    await guild.bob.click(shown.response, label="Delete it here")

    assert read(shown.response).startswith("Gone.")
    assert worn(guild, guild.bob) == []


async def test_a_role_can_be_taken_off_after_the_server_turned_roles_off(guild: Guild):
    await guild.told("poll settings", team_roles=True)
    await wear_by_vote(guild, guild.bob, await guild.ask(duration="none"))
    await guild.told("poll settings", team_roles=False)

    shown = await guild.slash("team", by=guild.bob)
    await guild.bob.click(shown.response, label="Take off my team's role")

    assert read(shown.response) == "You wear no team role any more."
    assert worn(guild, guild.bob) == []
    assert "role" not in " ".join(labels((await guild.slash("team", by=guild.bob)).response))


async def test_a_role_is_made_once_although_several_ask_at_once(guild: Guild):
    await guild.told("poll settings", team_roles=True)
    crowd = guild.crowd(4)
    for who in crowd:
        await guild.newsroom.members.switch(guild.guild.id, who.id, Side.OPEN)

    await guild.at_once(*((who, "team-role:on") for who in crowd))

    assert len(guild.requests("POST", f"/guilds/{guild.guild.id}/roles")) == 1
    assert [worn(guild, who) for who in crowd] == [["Team Open Source"]] * 4


async def test_a_role_is_made_once_although_it_is_asked_for_in_a_panel_and_by_a_switch(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
):
    create = discord.Guild.create_role

    async def slowly(place: discord.Guild, **fields: Any) -> discord.Role:
        for _ in range(500):
            await asyncio.sleep(0)
        return await create(place, **fields)

    await guild.told("poll settings", team_roles=True)
    asked = await guild.ask(duration="none")
    await wear_by_vote(guild, guild.bob, asked)
    await guild.newsroom.members.switch(guild.guild.id, guild.alice.id, Side.PROPRIETARY)

    monkeypatch.setattr(discord.Guild, "create_role", slowly)
    switch = f"switch:{guild.newsroom.polls.mark(1)}:proprietary"
    await guild.at_once((guild.alice, "team-role:on"), (guild.bob, switch))

    assert len(guild.requests("POST", f"/guilds/{guild.guild.id}/roles")) == 2
    assert [worn(guild, who) for who in (guild.alice, guild.bob)] == [["Team Proprietary"]] * 2


async def test_a_role_that_was_deleted_is_made_again(guild: Guild):
    await guild.told("poll settings", team_roles=True)
    await guild.newsroom.members.switch(guild.guild.id, guild.bob.id, Side.OPEN)
    shown = await guild.slash("team", by=guild.bob)
    await guild.bob.click(shown.response, label="Wear my team's role")
    place = guild.env.bot.get_guild(guild.guild.id)
    await next(role for role in place.roles if role.name == "Team Open Source").delete()
    await guild.env.settle()

    shown = await guild.slash("team", by=guild.bob)
    await guild.bob.click(shown.response, label="Wear my team's role")

    assert worn(guild, guild.bob) == ["Team Open Source"]


async def test_without_the_permission_the_settings_and_the_member_are_told_so(guild: Guild):
    may_not(guild)

    told = await guild.told("poll settings", team_roles=True)
    assert told.endswith("⚠️ For team roles I still need **Manage Roles**.")
    await guild.newsroom.members.switch(guild.guild.id, guild.bob.id, Side.OPEN)
    shown = await guild.slash("team", by=guild.bob)
    await guild.bob.click(shown.response, label="Wear my team's role")

    assert read(shown.response) == MAY_NOT
    assert worn(guild, guild.bob) == []


def may_not(guild: Guild) -> None:
    """Take Manage Roles, and all that brings it along, from the bot."""
    place = guild.env.backend.get_guild(guild.guild.id)
    me = place.members[guild.bot.user.id]
    denied = discord.Permissions(manage_roles=True, administrator=True).value
    for role_id in [*me.role_ids, place.id]:
        role = place.roles[role_id]
        role.permissions &= ~denied
        payload = {
            "guild_id": str(place.id),
            "role": {
                "id": str(role.id),
                "name": role.name,
                "permissions": str(int(role.permissions)),
                "position": role.position,
                "color": 0,
                "hoist": False,
                "managed": False,
                "mentionable": False,
            },
        }
        guild.env.backend.emit("GUILD_ROLE_UPDATE", payload)


async def test_buttons_of_all_panels_are_ephemeral_and_neutral(guild: Guild):
    await guild.told("poll settings", team_roles=True)
    shown = await guild.slash("team", by=guild.bob)

    assert shown.ephemeral
    assert {button["style"] for button in buttons(shown.response)} == {discord.ButtonStyle.secondary.value}
