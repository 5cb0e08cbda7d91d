"""Answers with real processes and sockets: a question that a crash interrupts is answered, and reserves nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsroom.models import AskState
from newsroom.store import open_store, tables
from sandbox.shown import Answer
from tests.end_to_end.house import House, open_house
from tests.endpoint import Endpoint, Scripted, endpoint, refuses, says_json, stalls

CLAIM = "The lab opens its weights."
GOOD = says_json({"answered": True, "claims": [{"text": CLAIM, "paragraphs": [1], "quote": ""}]})


async def asked_and_killed(house: House, model: Endpoint) -> asyncio.Task[Answer]:
    """Have a question asked about a posted story, and end the process while the model is at its answer."""
    house.site.publish("The lab opens its weights")
    await house.add()
    await house.headlines_at_last()  # of the card before it the bot knows by then that it stands
    [story] = await house.sandbox.autocomplete(house.admin, house.news, "ask", "story", "weights")
    question = {"question": "What about the weights?", "story": story["value"]}
    asking = asyncio.create_task(house.sandbox.slash(house.admin, house.news, "ask", **question))
    await asyncio.wait_for(model.was_asked(1), 20)
    await house.bot.kill()
    return asking


@pytest.mark.parametrize(
    ("then", "told"),
    [(GOOD, CLAIM), (refuses(401), "No language model this time")],
    ids=["the model is well", "the model is gone"],
)
async def test_a_question_that_a_crash_interrupts_is_answered_after_the_restart(
    database_url: str, tmp_path: Path, then: Scripted, told: str
):
    async with endpoint(stalls("{"), then) as model:
        async for house in open_house(database_url, tmp_path, LLM_BASE_URL=model.address, LLM_MODEL="small"):
            asking = await asked_and_killed(house, model)
            store = await open_store(database_url)
            try:
                async with store.begin() as connection:
                    assert len(list(await connection.scalars(select(tables.usage.c.taken_until)))) == 1
                    # Nobody has heard of that process for a while.
                    await connection.execute(update(tables.ask).values(taken_until=datetime.now(UTC)))
                await house.restart()

                assert told in (await asking).text
                await house.bot.stop()  # what is at work by then is written down
                async with store.read() as connection:
                    rows = list(await connection.execute(select(tables.ask.c.state, tables.ask.c.token)))
                    reserved = [
                        until for until in await connection.scalars(select(tables.usage.c.taken_until)) if until
                    ]
                assert rows == [(AskState.ANSWERED, None)]
                assert reserved == []
            finally:
                await store.close()
