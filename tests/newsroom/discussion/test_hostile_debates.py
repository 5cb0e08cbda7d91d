"""A model that obeys the article it argues about, over sockets: nothing of an attack stands in a case."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from newsroom.answers.chat import open_models
from newsroom.discussion.cases import UNUSABLE
from newsroom.models import DebateTurn, Side, TurnState
from newsroom.settings import read_settings
from newsroom.store.database import Database, open_database
from newsroom.text import length
from tests.desk import Desk
from tests.endpoint import Scripted, endpoint, never_stops, page, raw, says
from tests.fakes import Clock
from tests.newsroom.answers.hostile_articles import ARTICLES, Hostile, obeyed
from tests.newsroom.answers.test_hostile_articles import digits, has_power
from tests.newsroom.discussion.test_debates import begun, mark, move, vote


@pytest.fixture
async def database(migrated_sqlite_url: str) -> AsyncIterator[Database]:
    """On SQLite alone: what a model says has nothing to do with the database."""
    database = await open_database(migrated_sqlite_url)
    yield database
    await database.close()


async def argued(database: Database, *script: Scripted, attack: str = "", seconds: float = 60) -> list[DebateTurn]:
    """Have an endpoint argue in one round about an article with this attack in it; return what is said."""
    async with endpoint(*script) as there:
        clock = Clock()
        settings = read_settings(
            env_file=None, llm_base_url=there.address, llm_model="obedient", llm_timeout_seconds=seconds
        )
        models = await open_models(settings, now=clock)
        try:
            desk = Desk.over(database, clock=clock, chat=models)
            started = await begun(desk, rounds=1)
            await vote(desk, started, Side.OPEN, 1)
            async with desk.store.begin() as connection:
                article = started.card.article
                await connection.exec_driver_sql(
                    "UPDATE article SET summary = ? WHERE id = ?", (f"{article.summary} {attack}", article.id)
                )
            turns = await move(desk)
            await desk.newsroom.debates.stop(mark(started), started.debate.guild_id)
            return turns
        finally:
            await models.close()


@pytest.mark.parametrize("hostile", ARTICLES, ids=lambda each: each.name)
async def test_nothing_of_an_obeyed_attack_stands_in_a_case(database: Database, hostile: Hostile):
    said = [each for each in obeyed(hostile) if isinstance(each, str)]

    turns = await argued(database, *map(says, said), attack=hostile.attack)

    assert len(turns) == 2
    for turn in turns:
        assert turn.text and length(turn.text) <= 600
        assert has_power(turn.text) is None, turn.text
        if turn.state is TurnState.WRITTEN:
            assert digits(turn.text) <= digits(hostile.attack + "1 2001"), turn.text


@pytest.mark.parametrize(
    "answer",
    [page(), raw("<h1>502</h1>", status=502), raw("{}"), says(""), says(None), never_stops("@everyone ")],
    ids=["page", "502", "nothing in it", "empty", "null", "never stops"],
)
async def test_an_endpoint_that_is_none_costs_a_line_and_no_round(database: Database, answer: Scripted):
    turns = await argued(database, answer, seconds=1)

    assert [turn.state for turn in turns] == [TurnState.FAILED] * 2
    assert all(turn.text and (turn.text == UNUSABLE or "model" in turn.text) for turn in turns)
