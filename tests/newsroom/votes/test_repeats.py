"""The same question comes back when the guild's clock says so: once, and only while somebody answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsroom.errors import RequestRefused
from newsroom.models import Poll, PollKind, PollState, Purpose, Repeat, Side, Visibility
from newsroom.votes.repeats import MOST_REPEATS
from tests.desk import ADMIN, CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.votes import close, everything, messages, send_due, sides_of, vote_many

BERLIN = ZoneInfo("Europe/Berlin")


async def add(
    desk: Desk, every: str = "daily", at: str = "9:00", question: str | None = None, guild_id: int = GUILD
) -> Repeat:
    return await desk.newsroom.repeats.add(guild_id, CHANNEL, ADMIN, every, at, question)


async def only(desk: Desk, guild_id: int = GUILD) -> Repeat:
    [repeat] = await desk.newsroom.repeats.listing(guild_id)
    return repeat


async def asked(desk: Desk, guild_id: int = GUILD) -> list[Poll]:
    """The polls of a guild in the order they were asked."""
    return [shown.poll for shown in await desk.newsroom.polls.listing(guild_id, most=100)][::-1]


async def tick_until(desk: Desk, end: datetime, step: timedelta = timedelta(hours=1)) -> None:
    """Let the bot run until then."""
    while desk.clock.time < end:
        desk.clock.time += step
        await desk.newsroom.repeats.ask_due()


async def ask_and_close(desk: Desk, votes: int) -> None:
    """Wait for the next occurrence, let so many members vote in it, and close it."""
    desk.clock.time = (await only(desk)).next_at
    assert await desk.newsroom.repeats.ask_due() == 1
    await send_due(desk)
    poll = (await asked(desk))[-1]
    await vote_many(desk, poll, votes)
    await close(desk, poll)


async def test_a_question_is_asked_at_its_time_as_a_poll_of_its_own_kind(desk: Desk):
    repeat = await add(desk, "weekly friday", "18:00", " Who  won the week? ")
    assert repeat.next_at == datetime(2026, 1, 2, 18, 0, tzinfo=UTC)
    desk.clock.time = repeat.next_at - timedelta(seconds=1)
    assert await desk.newsroom.repeats.ask_due() == 0

    desk.clock.advance(seconds=1)
    assert await desk.newsroom.repeats.ask_due() == 1

    [poll] = await asked(desk)
    assert (poll.question, poll.kind, poll.repeat_id) == ("Who won the week?", PollKind.CUSTOM, repeat.id)
    assert (poll.channel_id, poll.opened_by, poll.automatic) == (CHANNEL, ADMIN, False)
    assert (poll.opened_at, poll.closes_at) == (repeat.next_at, repeat.next_at + timedelta(hours=24))
    assert (poll.visibility, sides_of(poll.choices)) == (Visibility.ANONYMOUS, list(Side))
    assert [row.purpose for row in await messages(desk, poll)] == [Purpose.POLL]
    assert (await only(desk)).next_at == repeat.next_at + timedelta(weeks=1)
    assert await desk.newsroom.repeats.ask_due() == 0


async def test_without_a_question_the_teams_are_asked_for_in_the_guilds_words_of_that_day(desk: Desk):
    await add(desk)
    await desk.newsroom.guilds.change(GUILD, {"open_label": "Weights", "depends": False})
    desk.clock.advance(days=1)
    await desk.newsroom.repeats.ask_due()

    [poll] = await asked(desk)
    assert (poll.kind, poll.question) == (PollKind.TEAM, "Team Weights or Team Proprietary?")
    assert [choice.label for choice in poll.choices] == ["Weights", "Proprietary"]


@pytest.mark.parametrize("start", [datetime(2026, 3, 12, tzinfo=UTC), datetime(2026, 10, 8, tzinfo=UTC)])
async def test_friday_at_six_is_friday_at_six_by_the_guilds_clock_through_a_change_of_clocks(desk: Desk, start):
    desk.clock.time = start
    await desk.newsroom.guilds.change(GUILD, {"timezone": "Europe/Berlin"})
    await add(desk, "weekly friday", "18:00")

    await tick_until(desk, start + timedelta(weeks=5))

    walls = [poll.opened_at.astimezone(BERLIN) for poll in await asked(desk)]
    assert [f"{wall:%a %H:%M}" for wall in walls] == ["Fri 18:00"] * 5
    assert len({wall.utcoffset() for wall in walls}) == 2, "the clocks did change"


async def test_a_time_that_the_change_of_clocks_skips_or_shows_twice_is_asked_once_that_day(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"timezone": "Europe/Berlin"})
    for day, month in ((28, 3), (24, 10)):
        desk.clock.time = datetime(2026, month, day, 12, tzinfo=UTC)
        repeat = await add(desk, "daily", "2:30")
        before = len(await asked(desk))
        await tick_until(desk, desk.clock.time + timedelta(hours=24))
        assert len(await asked(desk)) == before + 1
        await desk.newsroom.repeats.remove(GUILD, repeat.id)


async def test_after_downtime_one_question_makes_up_for_all_that_were_missed(desk: Desk):
    repeat = await add(desk, "daily", "9:00")
    desk.clock.advance(days=3, hours=1)

    assert await desk.newsroom.repeats.ask_due() == 1
    assert await desk.newsroom.repeats.ask_due() == 0
    assert len(await asked(desk)) == 1
    assert (await only(desk)).next_at == datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    assert repeat.next_at == datetime(2026, 1, 2, 9, 0, tzinfo=UTC)


async def test_of_two_processes_one_asks(desk: Desk, twin: Desk):
    await add(desk)
    await add(desk, question="And you?")
    desk.clock.advance(days=1)

    counts = await asyncio.gather(*(each.newsroom.repeats.ask_due() for each in [desk, twin] * 3))

    assert sum(counts) == 2
    assert len(await asked(desk)) == 2


async def test_each_guilds_repeats_are_asked_by_its_own_clock(desk: Desk):
    await desk.newsroom.guilds.change(OTHER_GUILD, {"timezone": "Asia/Tokyo"})
    here, there = await add(desk), await add(desk, guild_id=OTHER_GUILD)

    assert (here.next_at, there.next_at) == (
        datetime(2026, 1, 2, 9, 0, tzinfo=UTC),
        datetime(2026, 1, 2, 0, 0, tzinfo=UTC),
    )
    desk.clock.time = there.next_at
    await desk.newsroom.repeats.ask_due()
    assert (len(await asked(desk)), len(await asked(desk, OTHER_GUILD))) == (0, 1)


# ---------------------------------------------------------------------------- pausing by itself


async def test_a_question_that_hardly_anybody_answers_twice_pauses_itself_and_says_so_once(desk: Desk):
    await add(desk)
    await ask_and_close(desk, 2)
    assert (await only(desk)).paused is False
    await ask_and_close(desk, 0)

    repeat = await only(desk)
    assert (repeat.paused, repeat.notice_due) == (True, True)
    assert await desk.newsroom.repeats.notices_due() == [repeat]
    desk.clock.advance(days=5)
    assert await desk.newsroom.repeats.ask_due() == 0

    await desk.newsroom.repeats.noticed(repeat.id)
    assert await desk.newsroom.repeats.notices_due() == []
    assert (await only(desk)).paused


async def test_one_good_occurrence_in_between_lets_a_repeat_go_on(desk: Desk):
    await add(desk)
    for votes in (2, 3, 0):
        await ask_and_close(desk, votes)

    repeat = await only(desk)
    assert (repeat.paused, repeat.quiet, repeat.notice_due) == (False, 1, False)


async def test_an_occurrence_that_is_closed_by_two_at_once_is_quiet_once(desk: Desk, twin: Desk):
    await add(desk)
    desk.clock.advance(days=1)
    await desk.newsroom.repeats.ask_due()
    [poll] = await asked(desk)

    await asyncio.gather(*(each.newsroom.polls.close(poll.id, guild_id=poll.guild_id) for each in [desk, twin] * 2))

    assert ((await only(desk)).quiet, (await only(desk)).paused) == (1, False)


async def test_a_quiet_occurrence_that_is_reopened_and_gets_its_votes_was_none(desk: Desk):
    await add(desk)
    await ask_and_close(desk, 0)
    [poll] = await asked(desk)
    assert (await only(desk)).quiet == 1

    await desk.newsroom.polls.reopen(GUILD, poll.id)
    assert (await only(desk)).quiet == 0
    await vote_many(desk, poll, 3)
    await close(desk, poll)

    assert (await only(desk)).quiet == 0


async def test_a_quiet_occurrence_that_is_reopened_in_vain_is_quiet_once(desk: Desk):
    await add(desk)
    await ask_and_close(desk, 0)
    [poll] = await asked(desk)

    await desk.newsroom.polls.reopen(GUILD, poll.id)
    await close(desk, poll)

    assert ((await only(desk)).quiet, (await only(desk)).paused) == (1, False)


async def test_a_good_occurrence_that_is_reopened_takes_no_quiet_one_back(desk: Desk):
    await add(desk)
    await ask_and_close(desk, 3)
    [poll] = await asked(desk)
    await ask_and_close(desk, 0)

    await desk.newsroom.polls.reopen(GUILD, poll.id)

    assert (await only(desk)).quiet == 1


async def test_two_quiet_occurrences_that_close_at_once_are_both_counted(desk: Desk, twin: Desk):
    await add(desk)
    for _ in range(2):
        desk.clock.advance(days=1)
        await desk.newsroom.repeats.ask_due()
    first, second = await asked(desk)

    await asyncio.gather(
        desk.newsroom.polls.close(first.id, guild_id=first.guild_id),
        twin.newsroom.polls.close(second.id, guild_id=second.guild_id),
    )

    assert (await only(desk)).paused


async def test_a_repeat_that_is_removed_while_its_occurrences_close_is_gone_and_they_are_closed(desk: Desk, twin: Desk):
    for _ in range(5):
        repeat = await add(desk)
        for _ in range(2):
            desk.clock.advance(days=1)
            await desk.newsroom.repeats.ask_due()
        first, second = (await asked(desk))[-2:]

        closed = await asyncio.gather(
            desk.newsroom.polls.close(first.id, guild_id=first.guild_id),
            twin.newsroom.repeats.remove(GUILD, repeat.id),
            twin.newsroom.polls.close(second.id, guild_id=second.guild_id),
        )

        assert None not in closed
        assert await desk.newsroom.repeats.listing(GUILD) == []


async def test_an_occurrence_of_a_repeat_that_was_removed_just_closes(desk: Desk):
    repeat = await add(desk)
    desk.clock.advance(days=1)
    await desk.newsroom.repeats.ask_due()
    await desk.newsroom.repeats.remove(GUILD, repeat.id)

    [poll] = await asked(desk)
    assert poll.repeat_id is None
    assert (await close(desk, poll)).state is PollState.CLOSED


# ------------------------------------------------------------------------------------- by hand


async def test_a_paused_repeat_asks_nothing_and_goes_on_with_what_comes_next(desk: Desk):
    repeat = await add(desk, "daily", "9:00")
    paused = await desk.newsroom.repeats.toggle(GUILD, repeat.id)
    assert paused.paused
    desk.clock.advance(days=10)
    assert await desk.newsroom.repeats.ask_due() == 0

    resumed = await desk.newsroom.repeats.toggle(GUILD, repeat.id)

    assert (resumed.paused, resumed.next_at) == (False, datetime(2026, 1, 12, 9, 0, tzinfo=UTC))
    assert await desk.newsroom.repeats.ask_due() == 0, "what was missed on purpose is not made up for"


async def test_resuming_takes_back_that_it_paused_itself(desk: Desk):
    await add(desk)
    await ask_and_close(desk, 0)
    await ask_and_close(desk, 0)

    resumed = await desk.newsroom.repeats.toggle(GUILD, (await only(desk)).id)

    assert (resumed.paused, resumed.quiet, resumed.notice_due) == (False, 0, False)
    await ask_and_close(desk, 0)
    assert not (await only(desk)).paused


async def test_pausing_after_one_quiet_occurrence_is_no_notice(desk: Desk):
    repeat = await add(desk)
    await ask_and_close(desk, 0)
    await desk.newsroom.repeats.toggle(GUILD, repeat.id)

    assert await desk.newsroom.repeats.notices_due() == []


async def test_a_removed_repeat_is_gone_and_what_it_asked_stays(desk: Desk):
    repeat = await add(desk)
    desk.clock.advance(days=1)
    await desk.newsroom.repeats.ask_due()

    assert (await desk.newsroom.repeats.remove(GUILD, repeat.id)).id == repeat.id

    assert await desk.newsroom.repeats.listing(GUILD) == []
    assert len(await asked(desk)) == 1
    desk.clock.advance(days=5)
    assert await desk.newsroom.repeats.ask_due() == 0


async def test_a_guild_has_so_many_repeats_and_no_more(desk: Desk):
    for _ in range(MOST_REPEATS):
        last = await add(desk)
    before = await everything(desk)

    with pytest.raises(RequestRefused, match="remove"):
        await add(desk)
    assert await everything(desk) == before
    await add(desk, guild_id=OTHER_GUILD)
    await desk.newsroom.repeats.remove(GUILD, last.id)
    assert (await add(desk)).guild_id == GUILD


@pytest.mark.parametrize(
    ("every", "at", "question", "said"),
    [
        ("sometimes", "9:00", None, "I can't read that schedule"),
        ("weekly friday", "", None, "at what time"),
        ("weekly friday", "tuesday 9:00", None, "two different things"),
        ("daily", "25:00", None, "I can't read"),
        ("daily", "9:00", "q" * 301, "too long"),
        ("daily", "9:00", "\u200b", "needs a question"),
    ],
)
async def test_what_cannot_be_read_is_refused_and_changes_nothing(desk: Desk, every, at, question, said):
    with pytest.raises(RequestRefused, match=said):
        await add(desk, every, at, question)
    assert await desk.newsroom.repeats.listing(GUILD) == []


async def test_another_guilds_repeat_is_out_of_reach(desk: Desk):
    repeat = await add(desk, guild_id=OTHER_GUILD)
    before = await everything(desk)

    assert await desk.newsroom.repeats.listing(GUILD) == []
    for reach in (desk.newsroom.repeats.toggle, desk.newsroom.repeats.remove):
        with pytest.raises(RequestRefused, match="no such repeat"):
            await reach(GUILD, repeat.id)
    assert await everything(desk) == before


async def test_a_new_time_zone_moves_the_repeats_of_its_guild_along(desk: Desk):
    await add(desk, "daily", "9:00")
    paused = await add(desk, "daily", "9:00")
    await desk.newsroom.repeats.toggle(GUILD, paused.id)
    there = await add(desk, "daily", "9:00", guild_id=OTHER_GUILD)

    await desk.newsroom.guilds.change(GUILD, {"timezone": "America/New_York"})

    nine_in_new_york = datetime(2026, 1, 1, 14, 0, tzinfo=UTC)
    assert [repeat.next_at for repeat in await desk.newsroom.repeats.listing(GUILD)] == [nine_in_new_york] * 2
    assert (await only(desk, OTHER_GUILD)).next_at == there.next_at
    assert (await desk.newsroom.repeats.listing(GUILD))[1].paused


async def test_an_occurrence_is_shown_in_its_own_channel(desk: Desk):
    await desk.newsroom.repeats.add(GUILD, OTHER_CHANNEL, ADMIN, "daily", "9:00", None)
    desk.clock.advance(days=1)
    await desk.newsroom.repeats.ask_due()

    [poll] = await asked(desk)
    assert [row.channel_id for row in await messages(desk, poll)] == [OTHER_CHANNEL]
