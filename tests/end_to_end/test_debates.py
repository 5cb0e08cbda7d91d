"""Debates with real processes and sockets: a process that dies while a model speaks costs one case a second try."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from newsroom.models import ON_ITS_WAY
from newsroom.store import Store, open_store, tables
from sandbox.shown import Message
from tests.end_to_end.house import House, open_house
from tests.endpoint import Endpoint, endpoint, says, stalls

FOR_OPEN = "Anybody can run these weights at home."
FOR_PROPRIETARY = "Somebody has to answer for what a model does."


@pytest.fixture
async def model() -> AsyncIterator[Endpoint]:
    """A model that is in the middle of its first answer for ever, and answers well from then on."""
    async with endpoint(stalls("Anybody "), says(FOR_OPEN), says(FOR_PROPRIETARY)) as running:
        yield running


@pytest.fixture
async def arguing(database_url: str, tmp_path: Path, model: Endpoint) -> AsyncIterator[House]:
    """Everything, on each database, with that model."""
    async for house in open_house(database_url, tmp_path, LLM_BASE_URL=model.address, LLM_MODEL="small"):
        yield house


@pytest.fixture
async def store(arguing: House) -> AsyncIterator[Store]:
    """The bot's database, looked at from outside."""
    store = await open_store(arguing.database_url)
    yield store
    await store.close()


def said(house: House) -> list[Message]:
    return [message for thread in house.sandbox.threads(house.news) for message in house.sandbox.messages(thread)]


async def says_at_last(house: House, *texts: str) -> None:
    """Wait until the story's thread has all of these."""

    def is_there() -> bool:
        everything = "\n".join(message.text for message in said(house))
        return all(text in everything for text in texts)

    await house.sandbox.until(is_there, f"the thread to have {texts}")


async def first(store: Store, statement: Any) -> Any:
    async with store.read() as connection:
        return await connection.scalar(statement)


async def time_is_over(store: Store) -> None:
    """Have the time be over that a phase has, once the bot knows that all it said stands there."""
    on_its_way = select(func.count()).where(tables.remark.c.state.in_(ON_ITS_WAY))
    async with asyncio.timeout(20):
        while await first(store, on_its_way):
            pass
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    async with store.begin() as connection:
        await connection.execute(update(tables.remark).values(sent_at=long_ago))
        await connection.execute(update(tables.debate).values(due_at=long_ago))


async def leases_are_over(store: Store) -> None:
    """Have so much time pass that whoever had something in hand is taken for dead."""
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    async with store.begin() as connection:
        await connection.execute(update(tables.debate_turn).values(taken_until=long_ago))
        await connection.execute(update(tables.usage).values(taken_until=long_ago))


async def counted(store: Store) -> int:
    """How many questions count against the guild's budget."""
    now = datetime.now(UTC)
    async with store.read() as connection:
        guild_id = await connection.scalar(select(tables.debate.c.guild_id))
        assert guild_id is not None
        return await store.usage.of_guild(connection, guild_id, now - timedelta(days=1), now)


async def test_killed_while_a_model_speaks_nothing_stays_reserved_and_the_debate_goes_on(
    arguing: House, store: Store, model: Endpoint
):
    house = arguing
    house.site.publish("Lab opens its weights")
    await house.add()
    await house.sandbox.message_count(house.news, 1)
    story = await first(store, select(tables.delivery.c.story_id))
    await house.sandbox.slash(house.admin, house.news, "channel discussion", debate=True)
    await house.sandbox.slash(house.admin, house.news, "debate start", story=str(story), rounds=1, minutes=1)
    await says_at_last(house, "Before it begins: where do you stand?")
    await time_is_over(store)
    await model.was_asked()
    assert await counted(store) == 1

    await house.bot.kill()
    await leases_are_over(store)
    assert await counted(store) == 0
    await house.restart()

    await says_at_last(house, FOR_OPEN, FOR_PROPRIETARY)
    assert await counted(store) == 2
    await time_is_over(store)
    await says_at_last(house, "Where do you stand now?")
    await time_is_over(store)
    await says_at_last(house, "Too few to call")
    texts = [message.text for message in said(house)]
    for once in ("A debate on this story", FOR_OPEN, FOR_PROPRIETARY, "Where do you stand now?", "Too few to call"):
        assert sum(once in text for text in texts) == 1
