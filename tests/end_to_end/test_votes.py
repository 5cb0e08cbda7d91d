"""Votes with real processes and sockets: every click heard, none lost, one result, whatever dies when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

import pytest
from sqlalchemy import select, update

from newsroom.store import Store, open_store, tables
from newsroom.votes.counting import tally
from sandbox.shown import Answer, Member, Message
from tests.end_to_end.house import House

OPEN, PROPRIETARY, DEPENDS = "Open source", "Proprietary", "It depends"


@asynccontextmanager
async def opened(house: House) -> AsyncIterator[Store]:
    """The bot's database, looked at from outside."""
    store = await open_store(house.database_url)
    try:
        yield store
    finally:
        await store.close()


def crowd(house: House, number: int) -> list[Member]:
    return [house.sandbox.add_member(house.guild, f"member {each}") for each in range(number)]


async def start(house: House, **options: object) -> Message:
    """Start a poll in #news, and return its message."""
    await house.sandbox.slash(house.admin, house.news, "poll start", **({"duration": "24h"} | options))
    return next(message for message in reversed(house.sandbox.messages(house.news)))


async def vote(house: House, members: list[Member], poll: Message, *labels: str) -> list[Answer]:
    """Let each member click at the same moment, the labels taking turns."""
    return await asyncio.gather(
        *(
            house.sandbox.click(member, poll, label=label, followups=1)
            for member, label in zip(members, islice(cycle(labels), len(members)), strict=True)
        )
    )


async def shows(house: House, poll: Message, text: str) -> None:
    """Wait until a poll's message shows this."""
    await house.sandbox.until(lambda: text in (house.sandbox.look(poll) or poll).text, f"the poll to show {text!r}")


async def close(house: House, question: str) -> None:
    await house.sandbox.slash(house.admin, house.news, "poll close", poll=question)


def results(house: House) -> list[Message]:
    """The messages in #news that tell a result."""
    return [message for message in house.sandbox.messages(house.news) if "Standings" in message.text]


async def one_result_at_last(house: House) -> Message:
    """Wait for a result, and for a poll that begins after it: whatever came twice would stand before that."""
    await house.sandbox.until(lambda: bool(results(house)), "a result")
    await start(house, question="Last?")
    (result,) = results(house)
    return result


async def test_five_hundred_clicks_by_a_hundred_members_who_change_their_minds_are_each_heard_and_counted(house: House):
    members = crowd(house, 100)
    poll = await start(house, question="Who wins?")

    async def hesitate(number: int, member: Member) -> list[str]:
        order = [OPEN, PROPRIETARY, DEPENDS, PROPRIETARY, (OPEN, PROPRIETARY)[number % 2]]
        return [(await house.sandbox.click(member, poll, label=label, followups=1)).text for label in order]

    heard = await asyncio.gather(*(hesitate(number, member) for number, member in enumerate(members)))

    assert all("Team" in text or "It depends" in text for texts in heard for text in texts)
    acknowledged = [
        request
        for request in house.sandbox.requests
        if request.path.endswith("/callback") and request.json["type"] == 6
    ]
    assert len(acknowledged) == 500
    await shows(house, poll, "Open source · **50**")
    async with opened(house) as store, store.read() as connection:
        assert tally(await store.votes.ballots(connection, 1), 3).counts == (50, 50, 0)
        sides = list(await connection.scalars(select(tables.member_side.c.side)))
        assert sides == ["open"] * 100
        # The last click of every second member said the same again, which is no entry.
        assert await store.votes.log_length(connection, 1) == 500 - 50


async def test_a_vote_counts_although_the_bot_was_killed_before_it_could_draw_it(house: House):
    members = crowd(house, 10)
    poll = await start(house, question="Who wins?")
    hold = house.sandbox.faults.hold("PATCH", "/webhooks/*/*/messages/@original", when="before")
    await vote(house, members, poll, OPEN, PROPRIETARY)
    await hold.reached()
    await house.bot.kill()
    hold.drop()

    await house.restart()

    await shows(house, poll, "10 votes")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_the_result_is_sent_it_is_told_once(house: House, when: str):
    members = crowd(house, 12)
    poll = await start(house, question="Who wins?")
    await vote(house, members, poll, OPEN)
    hold = house.sandbox.faults.hold("POST", "/channels/*/messages", when=when)
    await close(house, "Who wins?")
    await hold.reached()
    await house.bot.kill()
    hold.drop()

    await house.restart()

    assert "Team Open Source wins" in (await one_result_at_last(house)).text


async def test_a_poll_whose_time_came_while_nobody_was_there_is_closed_at_the_start_with_the_true_time(house: House):
    members = crowd(house, 12)
    poll = await start(house, question="Who wins?")
    await vote(house, members, poll, OPEN, PROPRIETARY)
    await house.bot.stop()
    deadline = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    async with opened(house) as store, store.begin() as connection:
        await connection.execute(update(tables.poll).values(closes_at=deadline))

    await house.restart()

    result = await one_result_at_last(house)
    assert f"<t:{int(deadline.timestamp())}:f>" in result.text
    assert "tie" in result.text
    await shows(house, poll, "Closed")


async def test_buttons_of_a_former_process_work(house: House):
    (member,) = crowd(house, 1)
    poll = await start(house, question="Who wins?")
    await house.bot.kill()
    await house.restart()

    answer = await house.sandbox.click(member, poll, label=OPEN)

    assert "You're on Team Open Source. Nobody in this server sees your vote." in answer.text
    await shows(house, poll, "1 vote in")


async def test_a_native_polls_tally_is_discords_in_the_end_though_half_of_the_votes_were_never_told(house: House):
    members = crowd(house, 11)
    house.sandbox.set_guild_permissions(house.guild, send_polls=True)
    poll = await start(house, question="Native?", style="native")
    house.sandbox.faults.drop_events("MESSAGE_POLL_VOTE_ADD", every=2)
    for number, member in enumerate(members):
        house.sandbox.vote(member, poll, 1 + number % 2)

    await close(house, "Native?")

    result = await one_result_at_last(house)
    assert "Open source · **6**" in result.text
    assert "Proprietary · **5**" in result.text


async def test_votes_in_a_native_poll_that_were_cast_while_the_bot_was_away_are_found(house: House):
    members = crowd(house, 3)
    house.sandbox.set_guild_permissions(house.guild, send_polls=True)
    poll = await start(house, question="Native?", style="native")
    await house.bot.kill()
    for member in members:
        house.sandbox.vote(member, poll, 1)
    await house.restart()

    async def listed() -> str:
        return (await house.sandbox.slash(house.admin, house.news, "poll list")).text

    async with asyncio.timeout(20):
        while "3 votes" not in await listed():
            pass
