"""What members learn of themselves and of all of them together; and that what is theirs goes when they want it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from newsroom.models import Outcome, Purpose, Results, Side, Standing, Tally
from newsroom.votes.members import DAYS, side_in_words
from newsroom.votes.standings import Season, Switches, end_of, standing_at
from tests.desk import ADMIN, CHANNEL, GUILD, OTHER_GUILD, Desk
from tests.makers import NOW, guild_settings
from tests.votes import (
    ANNA,
    BEN,
    CARA,
    DEPENDS,
    OPEN,
    PROPRIETARY,
    ask,
    ask_and_show,
    close,
    custom,
    draft,
    everything,
    get,
    messages,
    remembered,
    replayed_sides,
    replayed_votes,
    say_why,
    send_due,
    tally_of,
    undo,
    vote,
    vote_many,
)


async def kept_days(desk: Desk, guild_id: int = GUILD) -> dict[date, Standing]:
    async with desk.store.read() as connection:
        return dict(await desk.store.votes.kept_standings(connection, guild_id, date(2000, 1, 1)))


# ---------------------------------------------------------------------------------------- sides


async def test_a_member_who_never_voted_has_no_side(desk: Desk):
    member = await desk.newsroom.members.membership(GUILD, ANNA)

    assert (member.side, member.since, member.crossings, member.changes) == (None, None, 0, ())


async def test_a_member_sees_the_side_since_when_and_how_it_came_to_that(desk: Desk):
    await vote(desk, await ask(desk), ANNA, OPEN)
    desk.clock.advance(days=2)
    await vote(desk, await ask(desk), ANNA, PROPRIETARY)
    desk.clock.advance(days=1)
    await desk.newsroom.members.switch(GUILD, ANNA, Side.PROPRIETARY)

    member = await desk.newsroom.members.membership(GUILD, ANNA)

    assert (member.side, member.since, member.crossings) == (Side.PROPRIETARY, NOW + timedelta(days=3), 1)
    assert [change.side for change in member.changes] == [Side.OPEN, Side.PROPRIETARY]


async def test_a_member_whose_first_vote_was_undone_has_no_side_since_then(desk: Desk):
    await undo(desk, await vote(desk, await ask(desk), ANNA, OPEN))

    member = await desk.newsroom.members.membership(GUILD, ANNA)
    assert (member.side, member.since, len(member.changes)) == (None, None, 2)


async def test_switching_onto_the_own_side_changes_nothing(desk: Desk):
    await desk.newsroom.members.switch(GUILD, ANNA, Side.OPEN)
    before = await everything(desk)
    desk.clock.advance(hours=1)

    again = await desk.newsroom.members.switch(GUILD, ANNA, Side.OPEN)

    assert (again.side, again.since) == (Side.OPEN, NOW)
    assert await everything(desk) == before


async def test_a_side_can_be_picked_before_any_vote(desk: Desk):
    await desk.newsroom.members.switch(GUILD, ANNA, Side.OPEN)

    voted = await vote(desk, await ask(desk), ANNA, PROPRIETARY)
    assert (voted.side, voted.joined, voted.crossed) == (Side.OPEN, False, True)


async def test_another_guilds_poll_gets_no_credit_for_a_switch(desk: Desk):
    poll = await ask(desk, guild_id=OTHER_GUILD)

    await desk.newsroom.members.switch(GUILD, ANNA, Side.OPEN, poll.id)

    [change] = (await remembered(desk)).side_log
    assert (change.guild_id, change.poll_id) == (GUILD, None)
    assert (await close(desk, poll)).switched == 0


async def test_many_switches_of_a_member_at_once_are_one_after_the_other(desk: Desk, twin: Desk):
    sides = [Side.OPEN, Side.PROPRIETARY, Side.DEPENDS] * 4

    await asyncio.gather(
        *((desk, twin)[number % 2].newsroom.members.switch(GUILD, ANNA, side) for number, side in enumerate(sides))
    )

    after = await remembered(desk)
    assert after.sides == replayed_sides(after.side_log)
    assert all(one.side != other.side for one, other in pairwise(after.side_log))


def test_a_side_is_told_in_the_guilds_own_words():
    settings = guild_settings(open_label="weights", depends_label="meh")

    assert side_in_words(settings, Side.OPEN) == "Team Weights"
    assert side_in_words(settings, Side.DEPENDS) == "“meh”"


# ------------------------------------------------------------------------------------ standings


async def test_a_guild_in_which_nobody_has_a_side_has_nothing_to_tell(desk: Desk):
    standings = await desk.newsroom.members.standings(GUILD)

    assert (standings.now, standings.then, standings.course) == (Standing(), None, ())
    assert (standings.switches, standings.season) == (Switches(), Season())
    assert await kept_days(desk) == {}


async def test_the_standing_is_told_with_that_of_before_and_the_switches_between(desk: Desk):
    first = await ask(desk, custom("A=open | B=proprietary | C=depends", closes_at=None))
    await vote_many(desk, first, 4, 2, 1)
    desk.clock.advance(days=10)
    await desk.newsroom.members.switch(GUILD, 5001, Side.PROPRIETARY)
    await vote_many(desk, first, 0, 1, first_member=6001)
    desk.clock.advance(seconds=1)

    standings = await desk.newsroom.members.standings(GUILD, days=7)

    assert standings.now == Standing(open=3, proprietary=4, depends=1)
    assert standings.then == Standing(open=4, proprietary=2, depends=1)
    assert standings.since == desk.clock() - timedelta(days=7)
    assert standings.switches == Switches(to_proprietary=1)


async def test_members_who_went_quiet_drop_out_of_the_standing_and_come_back_with_a_vote(desk: Desk):
    poll = await ask(desk, custom("A=open | B=proprietary", closes_at=None))
    await vote_many(desk, poll, 12, 3)
    desk.clock.advance(days=DAYS + 1)
    await vote_many(desk, poll, 0, 1, first_member=6001)
    desk.clock.advance(seconds=1)
    assert (await desk.newsroom.members.standings(GUILD)).now == Standing(proprietary=1)

    await vote(desk, poll, 5001, PROPRIETARY)
    desk.clock.advance(seconds=1)

    standings = await desk.newsroom.members.standings(GUILD, days=120)
    assert standings.now == Standing(open=1, proprietary=1), "a crossing is a sign of life, and no switch"
    in_between = dict(standings.course)
    assert in_between[end_of(date(2026, 1, 1))] == Standing(open=12, proprietary=3)
    assert all(team.members >= 10 for team in in_between.values()), "few members are not drawn"


@pytest.mark.parametrize("results", [Results.AFTER_VOTE, Results.AFTER_CLOSE])
async def test_a_standing_tells_no_side_that_a_poll_set_which_keeps_its_votes_to_itself(desk: Desk, results: Results):
    live = await ask(desk)
    await vote_many(desk, live, 10)
    quiet = await ask(desk, draft(results=results))
    await vote_many(desk, quiet, 0, 3, first_member=6001)
    await vote(desk, quiet, 5001, PROPRIETARY)
    desk.clock.advance(seconds=1)

    assert (await desk.newsroom.members.standings(GUILD)).now == Standing(open=10)
    assert (await desk.newsroom.members.standings(GUILD)).course[-1][1] == Standing(open=10)
    await desk.newsroom.members.switch(GUILD, 6001, Side.DEPENDS)
    desk.clock.advance(seconds=1)
    assert (await desk.newsroom.members.standings(GUILD)).now == Standing(open=10, depends=1), "said in public"

    await close(desk, quiet)

    assert (await desk.newsroom.members.standings(GUILD)).now == Standing(open=10, proprietary=2, depends=1)


async def test_no_day_that_is_over_tells_a_side_either_that_a_poll_set_which_keeps_its_votes_to_itself(desk: Desk):
    live = await ask(desk, custom("A=open | B=proprietary", closes_at=None))
    await vote_many(desk, live, 10)
    desk.clock.advance(days=5)
    quiet = await ask(desk, draft(results=Results.AFTER_CLOSE, closes_at=desk.clock() + timedelta(days=5)))
    await vote_many(desk, quiet, 0, 3, first_member=6001)
    desk.clock.advance(days=2)

    sealed = await desk.newsroom.members.standings(GUILD, days=1)
    await close(desk, quiet)
    told = await desk.newsroom.members.standings(GUILD, days=1)

    for standings, proprietary in ((sealed, 0), (told, 3)):
        assert {standings.now, standings.then} == {Standing(open=10, proprietary=proprietary)}
        assert {counted for _, counted in standings.course} == {Standing(open=10, proprietary=proprietary)}


async def test_a_young_guilds_course_is_told_hour_by_hour(desk: Desk):
    poll = await ask(desk, custom("A=open | B=proprietary", closes_at=None))
    await vote_many(desk, poll, 10)
    desk.clock.advance(hours=12)
    await vote_many(desk, poll, 0, 5, first_member=6001)
    desk.clock.advance(hours=12)

    course = (await desk.newsroom.members.standings(GUILD)).course

    moments = [at for at, _ in course]
    assert len(course) == 48 and moments == sorted(set(moments))
    assert moments[-1] == desk.clock() and course[-1][1] == Standing(10, 5)
    async with desk.store.read() as connection:
        changes = await desk.store.votes.changes(connection, GUILD)
        votes = await desk.store.votes.sightings(connection, GUILD)
    assert course == tuple((at, standing_at(changes, votes, at)) for at in moments)


async def test_every_day_that_is_over_is_kept_though_nobody_looked(desk: Desk):
    await desk.newsroom.members.switch(GUILD, ANNA, Side.OPEN)
    desk.clock.advance(days=100)
    await desk.newsroom.members.keep_standings()

    kept = await kept_days(desk)

    assert list(kept) == [NOW.date() + timedelta(days=number) for number in range(100)]
    assert set(kept.values()) == {Standing(open=1), Standing()}
    assert kept[NOW.date() + timedelta(days=89)] == Standing(open=1)
    assert kept[NOW.date() + timedelta(days=91)] == Standing()


async def test_days_are_kept_once_whoever_keeps_them(desk: Desk, twin: Desk):
    for guild_id in (GUILD, OTHER_GUILD):
        await desk.newsroom.members.switch(guild_id, ANNA, Side.OPEN)
    desk.clock.advance(days=40)

    await asyncio.gather(*(each.newsroom.members.keep_standings() for each in [desk, twin] * 3))

    for guild_id in (GUILD, OTHER_GUILD):
        assert len(await kept_days(desk, guild_id)) == 40


async def test_the_season_is_the_calendar_month_of_the_guild_and_counts_team_polls_on_stories_alone(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"timezone": "Pacific/Kiritimati", "per_day": 24})  # UTC+14
    desk.clock.time = datetime(2026, 1, 30, 20, 0, tzinfo=UTC)  # the 31st at 10:00
    await desk.follow()
    january = (await desk.post_story("Mistral releases open weights")).card.poll
    assert january is not None
    await vote_many(desk, january.poll, 12)
    await close(desk, january.poll)
    custom_poll = await ask(desk)
    await vote_many(desk, custom_poll, 12)
    await close(desk, custom_poll)
    desk.clock.advance(seconds=1)
    assert (await desk.newsroom.members.standings(GUILD)).season == Season(open=1)

    desk.clock.time = datetime(2026, 1, 31, 20, 0, tzinfo=UTC)  # the 1st of February at 10:00
    february = (await desk.post_story("OpenAI launches GPT-5.5")).card.poll
    assert february is not None
    await vote_many(desk, february.poll, 1, 12)
    assert (await close(desk, february.poll)).outcome is Outcome.PROPRIETARY
    desk.clock.advance(seconds=1)

    standings = await desk.newsroom.members.standings(GUILD)
    assert standings.season == Season(proprietary=1)
    assert standings.today == date(2026, 2, 1)


# -------------------------------------------------------------------------- what is kept, and gone


@pytest.fixture
async def lived_in(desk: Desk) -> Desk:
    """Anna and Ben have voted, switched and said why in two guilds; a day is over since."""
    for guild_id in (GUILD, OTHER_GUILD):
        open_, closed = await ask(desk, guild_id=guild_id), await ask(desk, guild_id=guild_id)
        await vote_many(desk, closed, 9)
        for member_id, first, second in ((ANNA, OPEN, PROPRIETARY), (BEN, PROPRIETARY, OPEN)):
            await vote(desk, open_, member_id, first)
            await vote(desk, closed, member_id, second)
            await say_why(desk, guild_id, open_.id, member_id, Side.OPEN, f"Because I am {member_id}.")
        await desk.newsroom.members.switch(guild_id, ANNA, Side.DEPENDS)
        await close(desk, closed)
    desk.clock.advance(days=2)
    await desk.newsroom.members.keep_standings()
    return desk


def without(found: dict[str, list[tuple[object, ...]]], member_id: int, guild_id: int) -> dict[str, list]:
    """A dump without the rows that hold both ids, and without standings and polls, which follow from the others."""
    votes_here = {row[0] for row in found["poll"] if row[1] == guild_id}
    return {
        name: [
            row
            for row in rows
            if not (member_id in row and (guild_id in row or (name == "vote" and row[0] in votes_here)))
        ]
        for name, rows in found.items()
        if name not in ("standing", "poll")
    }


async def test_forgetting_takes_a_members_votes_sides_and_takes_out_of_this_guild_and_nothing_else(lived_in: Desk):
    before = await everything(lived_in)

    touched = await lived_in.newsroom.members.forget(ANNA, GUILD)

    after = await everything(lived_in)
    assert {name: rows for name, rows in after.items() if name not in ("standing", "poll")} == without(
        before, ANNA, GUILD
    )
    assert sorted(touched) == [1, 2]
    kept = await lived_in.newsroom.members.kept(GUILD, ANNA)
    assert (kept.side, kept.polls, kept.takes, kept.elsewhere) == (None, 0, 0, 1)
    there = await lived_in.newsroom.members.kept(OTHER_GUILD, ANNA)
    assert (there.side, there.polls, there.takes, there.elsewhere) == (Side.DEPENDS, 2, 1, 0)


async def test_forgetting_everywhere_takes_a_member_out_of_every_guild(lived_in: Desk):
    await lived_in.newsroom.members.forget(ANNA, None)

    found = await everything(lived_in)
    assert not any(ANNA in row for rows in found.values() for row in rows)
    assert await lived_in.newsroom.members.forget(ANNA, None) == []
    assert (await lived_in.newsroom.members.kept(GUILD, BEN)).polls == 2


async def test_a_poll_is_kept_once_however_often_a_member_voted_in_it_and_until_it_is_forgotten(desk: Desk):
    poll, other = await ask(desk), await ask(desk)
    for position in (OPEN, PROPRIETARY, DEPENDS):
        await vote(desk, poll, ANNA, position)
    await undo(desk, await vote(desk, other, ANNA, OPEN))

    kept = await desk.newsroom.members.kept(GUILD, ANNA)

    assert (kept.side, kept.polls, kept.takes, kept.elsewhere) == (Side.OPEN, 2, 0, 0)


@pytest.mark.parametrize("doing", ["a vote for no side", "a take", "a switch"])
async def test_whatever_is_kept_about_a_member_elsewhere_is_told_of_and_forgotten_with_the_rest(desk: Desk, doing: str):
    poll = await ask(desk, custom(), guild_id=OTHER_GUILD)
    if doing == "a vote for no side":
        await vote(desk, poll, ANNA, 0)
    elif doing == "a take":
        await say_why(desk, OTHER_GUILD, poll.id, ANNA, None, "Because I am hungry.")
    else:
        await desk.newsroom.members.switch(OTHER_GUILD, ANNA, Side.OPEN)
    assert (await desk.newsroom.members.kept(GUILD, ANNA)).elsewhere == 1

    await desk.newsroom.members.forget(ANNA, None)

    assert (await desk.newsroom.members.kept(GUILD, ANNA)).elsewhere == 0
    assert not any(ANNA in row for rows in (await everything(desk)).values() for row in rows)


async def test_what_is_kept_about_a_member_is_told_in_the_guilds_words(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"open_label": "Weights"})

    assert (await desk.newsroom.members.kept(GUILD, ANNA)).settings.open_label == "Weights"


async def test_a_result_that_quotes_a_member_who_is_forgotten_is_drawn_without_the_take_and_with_its_totals(desk: Desk):
    poll, other = await ask_and_show(desk), await ask_and_show(desk)
    for each in (poll, other):
        await vote_many(desk, each, 10)
    await vote(desk, poll, ANNA, PROPRIETARY)
    await say_why(desk, GUILD, poll.id, ANNA, Side.PROPRIETARY, "Because it just works.")
    await say_why(desk, GUILD, poll.id, BEN, Side.OPEN, "Because I can read it.")
    for each in (poll, other):
        await close(desk, each)
    await send_due(desk)
    desk.clock.advance(seconds=10)
    for each in (poll, other):
        for contents in await desk.newsroom.poll_messages.take_to_draw(each.id):
            await desk.newsroom.poll_messages.drawn(contents)
    assert await desk.newsroom.poll_messages.undrawn() == []

    touched = await desk.newsroom.members.forget(ANNA, GUILD)

    assert touched == [poll.id]
    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]
    desk.clock.advance(seconds=10)
    taken = await desk.newsroom.poll_messages.take_to_draw(poll.id)
    [contents] = [each for each in taken if each.message.purpose is Purpose.RESULT]
    assert [take.text for take in contents.takes] == ["Because I can read it."]
    assert contents.shown.tally == Tally((10, 1, 0), 11)
    for each in taken:
        await desk.newsroom.poll_messages.drawn(each)
    assert await desk.newsroom.poll_messages.undrawn() == []


async def test_a_take_goes_though_its_author_leaves_while_the_result_is_drawn_without_another_one(desk: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)
    await say_why(desk, GUILD, poll.id, ANNA, Side.PROPRIETARY, "Because it just works.")
    await say_why(desk, GUILD, poll.id, BEN, Side.OPEN, "Because I can read it.")
    await close(desk, poll)
    await send_due(desk)
    await desk.newsroom.members.forget(ANNA, GUILD)
    desk.clock.advance(seconds=10)
    in_hand = await desk.newsroom.poll_messages.take_to_draw(poll.id)

    await desk.newsroom.members.forget(BEN, GUILD)
    for contents in in_hand:
        await desk.newsroom.poll_messages.drawn(contents)

    assert await desk.newsroom.poll_messages.undrawn() == [poll.id]
    desk.clock.advance(seconds=10)
    [contents] = await desk.newsroom.poll_messages.take_to_draw(poll.id)
    assert contents.takes == ()


async def test_a_result_on_a_story_forgets_a_take_that_was_written_under_another_poll_on_it(desk: Desk):
    await desk.follow()
    claim = await desk.post_story("Mistral releases open weights of a new model")
    assert claim.card.poll is not None
    team = claim.card.poll.poll
    mine, _ = await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, custom(), team.story_id)
    await say_why(desk, GUILD, mine.id, ANNA, None, "Because I am hungry.")
    await vote_many(desk, team, 10)
    await close(desk, team)
    await send_due(desk)

    assert team.id in await desk.newsroom.members.forget(ANNA, GUILD)

    desk.clock.advance(seconds=10)
    results = [
        contents
        for contents in await desk.newsroom.poll_messages.take_to_draw(team.id)
        if contents.message.purpose is Purpose.RESULT
    ]
    assert [(contents.takes, contents.shown.tally.voters) for contents in results] == [((), 10)]


async def test_a_result_that_quotes_nobody_who_leaves_stays_as_it_was_told(desk: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)
    await say_why(desk, GUILD, poll.id, BEN, Side.OPEN, "Because I can read it.")
    await close(desk, poll)
    await send_due(desk)

    await desk.newsroom.members.forget(5001, GUILD)

    assert [message.drawn_votes >= 0 for message in await messages(desk, poll, Purpose.RESULT)] == [True]


async def test_a_result_that_is_being_sent_while_a_member_it_quotes_is_forgotten_is_drawn_without_the_take(desk: Desk):
    poll = await ask_and_show(desk)
    await vote_many(desk, poll, 10)
    await say_why(desk, GUILD, poll.id, ANNA, Side.OPEN, "Because I can read it.")
    await close(desk, poll)
    [row_id] = await desk.newsroom.poll_messages.due()
    claim = await desk.newsroom.poll_messages.claim(row_id)
    assert claim is not None and len(claim.contents.takes) == 1

    await desk.newsroom.members.forget(ANNA, GUILD)
    await desk.newsroom.poll_messages.sent(claim, 8001)

    desk.clock.advance(seconds=10)
    drawn = await desk.newsroom.poll_messages.take_to_draw(poll.id)
    assert [contents.takes for contents in drawn if contents.message.purpose is Purpose.RESULT] == [()]


async def test_a_closed_poll_keeps_its_printed_totals_and_an_open_one_counts_anew(lived_in: Desk):
    open_, closed = (await lived_in.newsroom.polls.listing(GUILD))[::-1]
    assert (open_.tally, closed.tally) == (Tally((1, 1, 0), 2), Tally((10, 1, 0), 11))

    await lived_in.newsroom.members.forget(ANNA, GUILD)

    assert await tally_of(lived_in, open_.poll) == Tally((0, 1, 0), 1)
    assert await get(lived_in, closed.poll) == closed.poll
    assert await tally_of(lived_in, closed.poll) == closed.tally


async def test_standings_are_made_again_from_what_is_left(lived_in: Desk):
    assert (await kept_days(lived_in))[NOW.date()] == Standing(open=9, proprietary=1, depends=1)

    await lived_in.newsroom.members.forget(ANNA, GUILD)
    await lived_in.newsroom.members.keep_standings()

    days = [NOW.date(), NOW.date() + timedelta(days=1)]
    assert await kept_days(lived_in) == dict.fromkeys(days, Standing(open=9, proprietary=1))
    assert await kept_days(lived_in, OTHER_GUILD) == dict.fromkeys(days, Standing(open=9, proprietary=1, depends=1))


async def test_days_before_a_member_came_are_not_made_again(desk: Desk):
    await desk.newsroom.members.switch(GUILD, BEN, Side.OPEN)
    desk.clock.advance(days=3)
    await desk.newsroom.members.switch(GUILD, ANNA, Side.OPEN)
    desk.clock.advance(days=3)
    await desk.newsroom.members.keep_standings()

    await desk.newsroom.members.forget(ANNA, GUILD)

    assert list(await kept_days(desk)) == [NOW.date() + timedelta(days=number) for number in range(3)]


async def test_a_forgotten_member_begins_anew(lived_in: Desk):
    await lived_in.newsroom.members.forget(ANNA, GUILD)

    voted = await vote(lived_in, await ask(lived_in), ANNA, PROPRIETARY)

    assert (voted.side, voted.joined, voted.crossed) == (Side.PROPRIETARY, True, False)


async def test_forgetting_somebody_unknown_changes_nothing(lived_in: Desk):
    before = await everything(lived_in)

    assert await lived_in.newsroom.members.forget(CARA, GUILD) == []
    assert await lived_in.newsroom.members.forget(CARA, None) == []
    assert await everything(lived_in) == before


async def test_a_vote_that_races_forgetting_is_forgotten_whole_or_comes_whole(desk: Desk, twin: Desk):
    for number in range(25):
        poll = await ask(desk)
        member_id = 5000 + number
        if number % 2:
            await vote(desk, poll, member_id, DEPENDS)

        await asyncio.gather(vote(desk, poll, member_id, OPEN), twin.newsroom.members.forget(member_id, GUILD))

        after = await remembered(desk)
        assert after.votes == replayed_votes(after.log)
        assert {key: side for key, side in after.sides.items() if side} == {
            key: side for key, side in replayed_sides(after.side_log).items() if side
        }
        assert len([entry for entry in after.log if entry.member_id == member_id]) == len(
            [change for change in after.side_log if change.member_id == member_id]
        )


async def test_a_download_holds_all_of_a_members_own_from_this_guild_and_nothing_else(lived_in: Desk):
    found = json.loads(await lived_in.newsroom.members.download(GUILD, ANNA))

    assert found == {
        "server": str(GUILD),
        "member": str(ANNA),
        "side": [
            {"side": "open", "since": NOW.isoformat(), "by": "first vote"},
            {"side": "depends", "since": NOW.isoformat(), "by": "switch"},
        ],
        "votes": [
            {"question": "Team Open Source or Team Proprietary?", "choices": choices, "crossed": crossed,
             "at": NOW.isoformat()}
            for choices, crossed in ((["Open source"], False), (["Proprietary"], True))
        ],
        "takes": [
            {
                "text": f"Because I am {ANNA}.",
                "side": "open",
                "anonymous": False,
                "at": NOW.isoformat(),
                "changed": None,
            }
        ],
        "debates": [],
        "fires": [],
        "questions": [],
        "aged": [],
        "quote_old_takes": True,
    }  # fmt: skip


async def test_a_download_tells_of_votes_that_were_taken_back_as_well(desk: Desk):
    await undo(desk, await vote(desk, await ask(desk), ANNA, OPEN))

    found = json.loads(await desk.newsroom.members.download(GUILD, ANNA))

    assert [vote["choices"] for vote in found["votes"]] == [["Open source"], []]
    assert [change["side"] for change in found["side"]] == ["open", None]


async def test_a_download_of_a_member_of_whom_nothing_is_kept_is_empty(lived_in: Desk):
    found = json.loads(await lived_in.newsroom.members.download(GUILD, CARA))

    assert (found["side"], found["votes"], found["takes"]) == ([], [], [])


async def test_what_a_poll_in_another_channel_of_the_guild_holds_is_forgotten_too(desk: Desk):
    here, there = await ask(desk), await ask(desk, channel_id=CHANNEL + 1)
    for poll in (here, there):
        await vote(desk, poll, ANNA, OPEN)

    await desk.newsroom.members.forget(ANNA, GUILD)

    assert await tally_of(desk, there) == Tally((0, 0, 0), 0)
