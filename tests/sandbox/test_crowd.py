"""The demo's crowd: it votes where there is something to vote on, and does no harm where there is nothing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import discord
import pytest
from discord import app_commands
from simcord.backend.models import Channel, Guild

from sandbox.crowd import NAMES, Crowd, choice
from sandbox.server import Sandbox
from sandbox.show import _welcome_polls, zone_at_noon
from sandbox.shown import Member
from tests.sandbox.conftest import Client


class Ballot(discord.ui.View):
    """Notes who pressed what. The button beside the votes is none of the crowd's business."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.votes: defaultdict[str, list[str]] = defaultdict(list)
        for name in ("open", "closed", "away"):
            custom_id = f"vote:1:{name}" if name != "away" else "undo-vote:1"
            self.add_item(discord.ui.Button(label=name, custom_id=custom_id))
        self.add_item(discord.ui.Button(label="shut", custom_id="vote:1:shut", disabled=True))

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        side = interaction.data["custom_id"]
        self.votes[interaction.user.name].append(side)
        await interaction.response.edit_message(content=f"{len(self.votes)} voted")
        return False


@pytest.fixture
def unstarted() -> Client:
    client = Client()
    poll = app_commands.Group(name="poll", description="Polls")
    client.zones = []

    @poll.command()
    async def settings(interaction: discord.Interaction, timezone: str, per_day: int) -> None:
        """Set polls up."""
        client.zones.append(timezone)
        await interaction.response.send_message("set", ephemeral=True)

    client.tree.add_command(poll)
    return client


@pytest.fixture
async def crowd(
    sandbox: Sandbox, client: Client, guild: Guild, news: Channel, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Crowd]:
    monkeypatch.setattr("sandbox.crowd.PAUSE_SECONDS", (0, 0))
    monkeypatch.setattr(sandbox.actors, "first_answer", 0.2)
    crowd = Crowd(sandbox, guild, [news])
    voting = asyncio.create_task(crowd.vote())
    yield crowd
    assert not voting.done()
    voting.cancel()


async def test_a_card_with_vote_buttons_soon_has_more_than_ten_votes(
    sandbox: Sandbox, client: Client, news: Channel, crowd: Crowd
):
    ballot = Ballot()
    await client.channel(news).send("0 voted", view=ballot)
    turns = [False]

    def enough() -> bool:
        turns[0] = any(len(set(votes)) > 1 for votes in ballot.votes.values())
        return len(ballot.votes) > 10 and turns[0]

    await sandbox.until(enough, "votes, and somebody to change their mind")

    assert {side for votes in ballot.votes.values() for side in votes} == {"vote:1:open", "vote:1:closed"}
    assert set(ballot.votes) <= set(NAMES)


async def test_a_card_in_a_thread_is_voted_on_too(sandbox: Sandbox, client: Client, news: Channel, crowd: Crowd):
    ballot = Ballot()
    thread = sandbox.add_thread(news, "talk")
    await client.get_partial_messageable(thread.id).send("0 voted", view=ballot)
    await sandbox.until(lambda: len(ballot.votes) > 10, "votes")


async def test_without_vote_buttons_the_crowd_waits(sandbox: Sandbox, client: Client, news: Channel, crowd: Crowd):
    await client.channel(news).send("news")
    asked = len(sandbox.world.interactions)
    ballot = Ballot()
    await client.channel(news).send("0 voted", view=ballot)
    await sandbox.until(lambda: bool(ballot.votes), "a vote")

    assert asked == 0


async def test_a_bot_that_does_not_answer_stops_nobody(sandbox: Sandbox, client: Client, news: Channel, crowd: Crowd):
    mute = discord.ui.View(timeout=None).add_item(discord.ui.Button(label="mute", custom_id="vote:2:mute"))
    await client.http.request(
        discord.http.Route("POST", f"/channels/{news.id}/messages"),
        json={"content": "mute", "components": mute.to_components()},
    )
    await sandbox.until(lambda: len(sandbox.world.interactions) >= 3, "three who press in vain")


@pytest.mark.parametrize(
    ("count", "pressed"), [(1, [0, 0, 0]), (2, [0, 1, 1]), (3, [0, 2, 1]), (4, [0, 2, 3])], ids=str
)
def test_each_member_presses_the_button_they_lean_to(count: int, pressed: list[int]):
    assert [choice(wish, count) for wish in (0.0, 0.5, 1.0)] == pressed


@pytest.mark.parametrize("hour", range(24))
def test_there_is_a_zone_in_which_it_is_noon(hour: int):
    now = datetime(2025, 1, 27, hour, 30, tzinfo=UTC)
    assert now.astimezone(ZoneInfo(zone_at_noon(now))).hour == 12


async def test_the_demo_welcomes_polls_where_the_bot_can_be_told(
    sandbox: Sandbox, client: Client, alice: Member, news: Channel
):
    await _welcome_polls(sandbox, alice, news)
    assert [zone.startswith("Etc/GMT") for zone in client.zones] == [True]


async def test_a_bot_that_knows_no_zones_is_told_none(sandbox: Sandbox, alice: Member, news: Channel):
    await _welcome_polls(sandbox, alice, news)
    assert sandbox.world.interactions == {}
