"""What only the database itself can promise of polls and votes."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from newsroom.models import Purpose
from newsroom.store import tables
from newsroom.store.database import Database
from tests.desk import GUILD, Desk
from tests.votes import ANNA, BEN, ask, ask_and_show, everything, messages, remembered, say_why, vote


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.over(database)


async def test_the_number_of_a_forgotten_vote_is_never_given_out_again_because_old_buttons_name_it(desk: Desk):
    poll = await ask(desk)
    forgotten = await vote(desk, poll, ANNA)
    await desk.newsroom.members.forget(ANNA, GUILD)

    assert (await vote(desk, poll, BEN)).vote_id > forgotten.vote_id


async def test_the_number_of_a_poll_that_is_gone_is_never_given_out_again(desk: Desk):
    gone = await ask(desk)
    await desk.newsroom.polls.discard(gone.id)

    assert (await ask(desk)).id > gone.id


async def test_what_belongs_to_a_poll_goes_with_it_and_sides_stay(desk: Desk):
    poll = await ask_and_show(desk)
    await vote(desk, poll, ANNA)
    await say_why(desk, GUILD, poll.id, ANNA, None, "Because I say so.")

    await desk.newsroom.polls.discard(poll.id)

    found = await everything(desk)
    assert {name for name, rows in found.items() if rows} == {"member_side", "side_log"}
    assert (await remembered(desk)).side_log[0].poll_id is None


async def test_a_poll_is_shown_once_in_a_channel_for_each_purpose(desk: Desk):
    poll = await ask(desk)
    async with desk.store.begin() as connection:
        again = await desk.store.polls.show(connection, poll.id, GUILD, poll.channel_id, Purpose.POLL, desk.clock())

    assert again is None
    assert len(await messages(desk, poll)) == 1


async def test_a_poll_outlives_the_story_it_was_about(desk: Desk):
    await desk.follow()
    claim = await desk.post_story("Mistral releases open weights of a new model")
    assert claim.card.poll is not None
    async with desk.store.begin() as connection:
        await connection.execute(delete(tables.delivery))
        await connection.execute(delete(tables.article))
        await connection.execute(delete(tables.story))

    async with desk.store.read() as connection:
        stories = list(await connection.scalars(select(tables.poll.c.story_id)))
    assert stories == [None]
    await vote(desk, claim.card.poll.poll, ANNA)
