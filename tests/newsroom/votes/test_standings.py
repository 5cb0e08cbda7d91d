"""Where the members stand follows from the logs alone: for any day, on either database, whatever happened."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsroom.models import Cause, Outcome, Side, Standing
from newsroom.store.database import open_database
from newsroom.votes.polls import Ballot, Voted
from newsroom.votes.standings import ACTIVE, Season, Switches, end_of, season, standing_at, standing_of, switches
from tests.desk import CHANNEL, Desk
from tests.makers import NOW, ago, side_change
from tests.votes import ANNA, BEN, CARA, ask, custom

JUST_AFTER = timedelta(microseconds=1)


def test_a_member_stands_on_the_side_of_the_last_change():
    changes = [
        side_change(id=3, member_id=ANNA, side=Side.PROPRIETARY, at=ago(hours=1)),
        side_change(id=1, member_id=ANNA, side=Side.OPEN, at=ago(hours=2)),
        side_change(id=2, member_id=BEN, side=Side.OPEN, at=ago(hours=2)),
    ]

    assert standing_at(changes, [], NOW) == Standing(open=1, proprietary=1)
    assert standing_at(changes, [], ago(hours=1)) == Standing(open=2)
    assert standing_at(changes, [], ago(hours=2)) == Standing()


def test_of_two_changes_at_the_same_moment_the_later_entry_counts():
    changes = [
        side_change(id=8, side=Side.DEPENDS, at=ago(hours=1)),
        side_change(id=7, side=Side.OPEN, at=ago(hours=1)),
    ]

    assert standing_at(changes, [], NOW) == Standing(depends=1)


def test_a_change_counts_from_its_own_moment_on():
    change = side_change(at=NOW)

    assert standing_at([change], [], NOW) == Standing()
    assert standing_at([change], [], NOW + JUST_AFTER) == Standing(open=1)


def test_who_took_the_first_vote_back_stands_nowhere():
    changes = [side_change(id=1), side_change(id=2, side=None, cause=Cause.UNDONE)]

    assert standing_at(changes, [], NOW) == Standing()


def test_who_has_not_been_seen_for_ninety_days_drops_out_and_comes_back_with_a_vote():
    joined = side_change(at=NOW)
    after_ninety_days = NOW + ACTIVE

    assert standing_at([joined], [], after_ninety_days) == Standing(open=1)
    assert standing_at([joined], [], after_ninety_days + JUST_AFTER) == Standing()
    vote = (ANNA, after_ninety_days + timedelta(days=5))
    assert standing_at([joined], [vote], vote[1]) == Standing()
    assert standing_at([joined], [vote], vote[1] + JUST_AFTER) == Standing(open=1)


def test_a_vote_without_a_side_and_a_vote_of_somebody_else_count_for_nobody():
    assert standing_at([side_change(at=ago(days=100))], [(BEN, ago(hours=1))], NOW) == Standing()


def test_sides_are_counted_and_none_is_no_side():
    assert standing_of([Side.OPEN, None, Side.OPEN, Side.DEPENDS]) == Standing(2, 0, 1)
    assert Standing(2, 0, 1).members == 3


def test_switches_count_each_member_once_by_the_last_change():
    changes = [
        side_change(id=1, member_id=ANNA, side=Side.OPEN),
        side_change(id=4, member_id=ANNA, side=Side.OPEN, cause=Cause.SWITCH),
        side_change(id=3, member_id=ANNA, side=Side.PROPRIETARY, cause=Cause.SWITCH),
        side_change(id=5, member_id=BEN, side=Side.PROPRIETARY, cause=Cause.SWITCH),
        side_change(id=6, member_id=CARA, side=Side.DEPENDS, cause=Cause.SWITCH),
        side_change(id=7, member_id=4, side=Side.OPEN),
    ]

    assert switches(changes) == Switches(to_open=1, to_proprietary=1)
    assert switches([]) == Switches()


def test_a_season_counts_stories_won_and_those_too_close_but_none_that_few_voted_on():
    ended = [Outcome.OPEN, Outcome.OPEN, Outcome.PROPRIETARY, Outcome.CLOSE, Outcome.TIED, Outcome.TOO_FEW, None]

    assert season(ended) == Season(open=2, proprietary=1, close=2)


def test_a_day_is_over_at_midnight_utc():
    assert end_of(date(2026, 2, 28)) == datetime(2026, 3, 1, tzinfo=UTC)


# ------------------------------------------------------------------- whatever happens, in any order

MEMBERS = (ANNA, BEN, CARA)
guilds = count(10_000)

things = st.sampled_from(
    [
        *[("vote", position) for position in range(3)],
        *[("switch", side) for side in Side],
        *[("undo", None), ("forget", None), ("vote elsewhere", None)],
    ]
)
steps = st.tuples(st.sampled_from([0, 1, 5, 23, 25, 40]), st.sampled_from(MEMBERS), st.sampled_from([0, 1]), things)
stories = st.tuples(
    st.lists(steps, min_size=1, max_size=14),
    st.integers(0, 13),
    st.sampled_from([0, 24 * 89, 24 * 90, 24 * 91]),
    st.booleans(),
)


@pytest.fixture
def running_desk(emptied_url: str) -> Iterator[tuple[asyncio.Runner, Desk]]:
    """A desk for many stories one after the other, each of which has guilds of its own."""
    with asyncio.Runner() as runner:
        database = runner.run(open_database(emptied_url))
        yield runner, Desk.over(database)
        runner.run(database.close())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories)
def test_the_standing_of_every_day_follows_from_the_logs(running_desk: tuple[asyncio.Runner, Desk], story):
    runner, desk = running_desk
    desk.clock.time = NOW
    runner.run(_live_through(desk, *story))


async def _live_through(desk: Desk, steps, pause_at: int, pause: int, keep_all_along: bool) -> None:
    pair = (next(guilds), next(guilds))
    asked: dict[int, list[int]] = {}
    for guild_id in pair:
        # "vote elsewhere" is a vote in a poll that asks for no side: it shows that a member is there.
        polls = [
            await ask(desk, custom(choices, closes_at=None), guild_id=guild_id, channel_id=CHANNEL)
            for choices in ("A=open | B=proprietary | C=depends", "X | Y")
        ]
        asked[guild_id] = [poll.id for poll in polls]
    newest: dict[tuple[int, int], Voted] = {}
    for number, (hours, member_id, which, (thing, detail)) in enumerate(steps):
        desk.clock.advance(hours=hours + (pause if number == pause_at else 0))
        guild_id = pair[which]
        if keep_all_along:
            await desk.newsroom.members.keep_standings(guild_id)
        team_poll, other_poll = asked[guild_id]
        match thing:
            case "vote":
                ballot = Ballot(guild_id, member_id, 1 << detail)
                newest[guild_id, member_id] = await desk.newsroom.polls.vote(ballot, team_poll)
            case "vote elsewhere":
                await desk.newsroom.polls.vote(Ballot(guild_id, member_id, 1 << number % 2), other_poll)
            case "switch":
                await desk.newsroom.members.switch(guild_id, member_id, detail)
            case "undo":
                if voted := newest.pop((guild_id, member_id), None):
                    await desk.newsroom.polls.undo(guild_id, member_id, voted.vote_id)
            case "forget":
                await desk.newsroom.members.forget(member_id, guild_id)
                newest.pop((guild_id, member_id), None)
    desk.clock.advance(hours=50)
    for guild_id in pair:
        await desk.newsroom.members.keep_standings(guild_id)
        await _check(desk, guild_id)


async def _check(desk: Desk, guild_id: int) -> None:
    async with desk.store.read() as connection:
        changes = await desk.store.votes.changes(connection, guild_id)
        votes = await desk.store.votes.sightings(connection, guild_id)
        kept = await desk.store.votes.kept_standings(connection, guild_id, date(2000, 1, 1))
        asked = {
            moment: await desk.store.votes.standing(connection, guild_id, moment)
            for moment in [
                desk.clock(),
                *(change.at for change in changes),
                *(change.at + ACTIVE for change in changes),
            ]
        }
    for day, standing in kept:
        assert standing == standing_at(changes, votes, end_of(day)), f"at the end of {day}"
    for moment, standing in asked.items():
        assert standing == standing_at(changes, votes, moment), f"just before {moment}"
    if changes:
        days = [day for day, _ in kept]
        assert days == [days[0] + timedelta(days=number) for number in range(len(days))], "no day is left out"
        assert days[0] <= changes[0].at.date() and days[-1] == desk.clock().date() - timedelta(days=1)
