"""What remembering promises: a batch of feeds costs few statements, and its transaction is short."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from newsroom.desk.rounds import Reading
from newsroom.store.database import Database
from newsroom.stories.camps import read_camp
from newsroom.stories.tellings import read
from tests.desk import CHANNEL, FOREIGN_CHANNEL, OTHER_GUILD, Desk, told
from tests.makers import entry


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.over(database)


@pytest.fixture
def statements(desk: Desk) -> list[str]:
    """What is asked of the database in transactions that write."""
    asked: list[str] = []
    event.listen(desk.store.database.engine.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    return asked


def url(number: int) -> str:
    return f"https://site-{number}.example/feed"


async def read_news(desk: Desk, *numbers: int) -> list[Reading]:
    """Have each of these feeds bring one more article, and read them."""
    for number in numbers:
        own = entry(guid="new", link=f"https://site-{number}.example/new", title=f"What only {number} tells")
        desk.web.put(url(number), own, *desk.web.documents[url(number)].entries)
    desk.clock.advance(hours=1)
    due = {feed.url: feed for feed in desk.rounds.take_due()}
    desk.rounds.roster.give_back(due.values())
    return [await desk.rounds.read(due[url(number)]) for number in numbers]


async def test_feeds_that_bring_something_at_once_cost_two_statements_each(desk: Desk, statements: list[str]) -> None:
    for number in range(9):
        await desk.follow(url(number))
    asked = []
    for numbers in ((0,), (1, 2), (3, 4, 5, 6, 7, 8)):
        readings = [(one.feed, one.identities) for one in await read_news(desk, *numbers) if one.identities]
        await desk.rounds.memory.prepare(readings)
        statements.clear()
        async with desk.rounds.memory.transaction() as connection:
            await desk.rounds.memory.remember(connection, readings)
        asked.append(len(statements))

    one, two, six = asked
    assert (two - one, six - two) == (2, 8)


async def test_words_are_read_before_the_transaction_that_remembers_them(desk: Desk) -> None:
    await desk.follow(url(1))
    [reading] = await read_news(desk, 1)
    assert reading.identities is not None
    await desk.rounds.memory.prepare([(reading.feed, reading.identities)])
    before = [each.cache_info().misses for each in (read, read_camp)]

    async with desk.rounds.memory.transaction() as connection:
        [remembered] = await desk.rounds.memory.remember(connection, [(reading.feed, reading.identities)])

    assert [article.title for article in remembered.new] == ["What only 1 tells"]
    assert [each.cache_info().misses for each in (read, read_camp)] == before


async def test_a_story_that_two_feeds_of_a_batch_tell_is_one_card_in_each_channel(desk: Desk) -> None:
    for number, channel_id, guild_id in ((1, CHANNEL, 1001), (2, CHANNEL, 1001), (2, FOREIGN_CHANNEL, OTHER_GUILD)):
        await desk.follow(url(number), channel_id, guild_id)
    for number in (1, 2):
        known = desk.web.documents[url(number)].entries
        desk.web.put(url(number), told("Weights are out", url(number)), *known)

    report = await desk.round()

    assert report.new_articles == 2
    assert await desk.headlines(CHANNEL) == ["Weights are out"]
    assert await desk.headlines(FOREIGN_CHANNEL) == ["Weights are out"]
