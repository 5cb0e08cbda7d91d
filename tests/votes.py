"""Polls over a newsroom's desk: asked, voted in and looked at in one line each, for tests of what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from newsroom.discussion.takes import Draft as TakeDraft
from newsroom.discussion.takes import Written
from newsroom.models import (
    Choice,
    GuildSettings,
    Poll,
    PollMessage,
    PollState,
    PollStyle,
    Purpose,
    Results,
    Side,
    SideChange,
    Tally,
    Visibility,
    Vote,
)
from newsroom.store import tables
from newsroom.votes.asking import Draft, read_choices, team_choices
from newsroom.votes.messages import Contents
from newsroom.votes.polls import Ballot, Undone, Voted
from tests.desk import ADMIN, CHANNEL, GUILD, Desk
from tests.makers import NOW

OPEN, PROPRIETARY, DEPENDS = 0, 1, 2
"""Where the sides stand in every team poll."""

ANNA, BEN, CARA = 4001, 4002, 4003


def draft(**fields: Any) -> Draft:
    """A team poll that is open for a day."""
    return replace(
        Draft(
            question=None,
            choices=team_choices(GuildSettings(GUILD)),
            is_team=True,
            closes_at=NOW + timedelta(hours=24),
            style=PollStyle.BUTTONS,
            visibility=Visibility.ANONYMOUS,
            results=Results.LIVE,
            max_choices=1,
            role_id=None,
        ),
        **fields,
    )


async def say_why(
    desk: Desk, guild_id: int, poll_id: int, member_id: int, side: Side | None, text: str, role_ids: Sequence[int] = ()
) -> Written:
    """Have a member write a take on a poll."""
    return await desk.newsroom.polls.say_why(poll_id, TakeDraft(guild_id, member_id, side, text), role_ids)


def custom(choices: str = "Yes | No | Maybe", **fields: Any) -> Draft:
    """A poll of a moderator's own wording."""
    return draft(**{"question": "Pizza?", "choices": read_choices(choices), "is_team": False} | fields)


@dataclass(frozen=True)
class Remembered:
    """All that is remembered of votes and sides, to be compared with what it should follow from."""

    votes: dict[tuple[int, int], int]
    log: list[Vote]
    sides: dict[tuple[int, int], Side | None]
    side_log: list[SideChange]


async def ask(desk: Desk, asked: Draft | None = None, *, guild_id: int = GUILD, channel_id: int = CHANNEL) -> Poll:
    """Start a poll as /poll start does; the team question unless told otherwise."""
    asked = asked or draft(closes_at=desk.clock() + timedelta(hours=24))
    started, _ = await desk.newsroom.polls.start(guild_id, channel_id, ADMIN, asked)
    return started


async def vote(desk: Desk, poll: Poll, member_id: int = ANNA, *positions: int, role_ids: Sequence[int] = ()) -> Voted:
    """Click on these positions of a poll; on the first unless told otherwise."""
    ballot = sum(1 << position for position in positions or (OPEN,))
    return await desk.newsroom.polls.vote(Ballot(poll.guild_id, member_id, ballot, role_ids), poll.id)


async def undo(desk: Desk, voted: Voted, member_id: int = ANNA) -> Undone:
    return await desk.newsroom.polls.undo(voted.poll.guild_id, member_id, voted.vote_id)


async def vote_many(desk: Desk, poll: Poll, *counts: int, first_member: int = 5001) -> None:
    """Let so many members vote for each position, in order."""
    member_id = first_member
    for position, members in enumerate(counts):
        for _ in range(members):
            await vote(desk, poll, member_id, position)
            member_id += 1


async def close(desk: Desk, poll: Poll) -> Poll:
    closed = await desk.newsroom.polls.close(poll.id, guild_id=poll.guild_id)
    assert closed is not None
    return closed


async def get(desk: Desk, poll: Poll) -> Poll:
    """A poll as it is now."""
    async with desk.store.read() as connection:
        found = await desk.store.polls.get(connection, poll.id)
    assert found is not None
    return found


async def tally_of(desk: Desk, poll: Poll) -> Tally:
    shown = await desk.newsroom.polls.listing(poll.guild_id)
    return next(each.tally for each in shown if each.poll.id == poll.id)


async def messages(desk: Desk, poll: Poll, *purposes: Purpose) -> list[PollMessage]:
    """The messages that show a poll, those for these purposes if any are named."""
    async with desk.store.read() as connection:
        found = await desk.store.polls.messages(connection, [poll.id])
    return [message for message in found if not purposes or message.purpose in purposes]


async def send_due(desk: Desk) -> list[PollMessage]:
    """Send all messages of polls that are due; the message's id is 8000 and its row's."""
    sent = []
    for row_id in await desk.newsroom.poll_messages.due():
        claim = await desk.newsroom.poll_messages.claim(row_id)
        assert claim is not None
        await desk.newsroom.poll_messages.sent(claim, 8000 + row_id)
        sent.append(claim.message)
    return sent


async def draw_of_result(desk: Desk, poll: Poll) -> list[Contents]:
    """Draw what may be drawn of a poll a while later, and return what its result shows."""
    desk.clock.advance(minutes=1)
    taken = await desk.newsroom.poll_messages.take_to_draw(poll.id)
    return [contents for contents in taken if contents.message.purpose is Purpose.RESULT]


async def ask_and_show(desk: Desk, asked: Draft | None = None, **where: int) -> Poll:
    """Start a poll and have its message sent."""
    poll = await ask(desk, asked, **where)
    await send_due(desk)
    return poll


async def remembered(desk: Desk) -> Remembered:
    async with desk.store.read() as connection:
        votes = await connection.execute(select(tables.vote.c.poll_id, tables.vote.c.member_id, tables.vote.c.ballot))
        log = select(*(tables.vote_log.c[name] for name in Vote.__dataclass_fields__)).order_by(tables.vote_log.c.id)
        sides = await connection.execute(
            select(tables.member_side.c.guild_id, tables.member_side.c.member_id, tables.member_side.c.side)
        )
        side_log = select(*(tables.side_log.c[name] for name in SideChange.__dataclass_fields__)).order_by(
            tables.side_log.c.id
        )
        return Remembered(
            votes={(poll_id, member_id): ballot for poll_id, member_id, ballot in votes},
            log=[Vote(*row) for row in await connection.execute(log)],
            sides={(guild_id, member_id): side for guild_id, member_id, side in sides},
            side_log=[SideChange(*row) for row in await connection.execute(side_log)],
        )


def replayed_votes(log: Iterable[Vote]) -> dict[tuple[int, int], int]:
    """What holds after a log of votes, told in the plainest way: the last entry."""
    return {(entry.poll_id, entry.member_id): entry.ballot for entry in log}


def replayed_sides(log: Iterable[SideChange]) -> dict[tuple[int, int], Side | None]:
    return {(change.guild_id, change.member_id): change.side for change in log}


def counted(votes: dict[tuple[int, int], int], poll: Poll) -> tuple[int, ...]:
    """The votes of a poll, counted in the plainest way."""
    counts = Counter(
        choice.position
        for (poll_id, _), ballot in votes.items()
        for choice in poll.choices
        if poll_id == poll.id and ballot >> choice.position & 1
    )
    return tuple(counts[choice.position] for choice in poll.choices)


async def everything(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """The whole database, to see that nothing changed."""
    async with desk.store.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in await connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
        }


def sides_of(choices: Iterable[Choice]) -> list[Side | None]:
    return [choice.side for choice in choices]


CLOSED = (PollState.CLOSED,)
