"""What remembering promises: a batch of feeds costs few statements, and its transaction is short."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from newsroom.desk.rounds import Reading
from newsroom.feeds.identity import Identified
from newsroom.models import Article, ArticleText, SubscriptionState, TextBasis
from newsroom.store.database import Database
from newsroom.stories.camps import read_camp
from newsroom.stories.tellings import read
from tests.desk import CHANNEL, FEED, FOREIGN_CHANNEL, GUILD, OTHER_GUILD, Desk, told
from tests.makers import entry

PAGE = "https://news.example/page"


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.over(database)


def _saying(item: Identified, text: tuple[str, ...] | None) -> Identified:
    return replace(item, entry=replace(item.entry, text=text))


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


async def test_feeds_that_bring_something_at_once_cost_two_statements_each(desk: Desk) -> None:
    statements = desk.statements()
    for number in range(9):
        await desk.follow(url(number))
    asked = []
    for numbers in ((0,), (1, 2), (3, 4, 5, 6, 7, 8)):
        readings = [(one.feed, one.brought) for one in await read_news(desk, *numbers)]
        await desk.rounds.memory.prepare(readings)
        statements.clear()
        async with desk.rounds.memory.transaction() as connection:
            await desk.rounds.memory.remember(connection, readings)
        asked.append(len(statements))

    one, two, six = asked
    assert (two - one, six - two) == (2, 8)


async def test_what_feeds_tell_in_full_is_remembered_by_one_statement_for_all_and_none_for_none(desk: Desk) -> None:
    statements = desk.statements()
    for number in range(6):
        await desk.follow(url(number))
    asked = []
    for numbers, text in (((0, 1), None), ((2, 3), ("One.", "Two.")), ((4,), ("One.",))):
        readings = [
            (one.feed, replace(one.brought, items=tuple(_saying(item, text) for item in one.brought.items)))
            for one in await read_news(desk, *numbers)
        ]
        statements.clear()
        async with desk.rounds.memory.transaction() as connection:
            remembered = await desk.rounds.memory.remember(connection, readings)
        asked.append([statement for statement in statements if "article_text" in statement])

    async with desk.store.read() as connection:
        assert await desk.store.texts.get(connection, remembered[0].new[0].id) == ArticleText(
            remembered[0].new[0].id, ("One.",), TextBasis.FEED, desk.clock()
        )
    assert [len(of_texts) for of_texts in asked] == [0, 1, 1]


async def test_a_text_is_taken_as_it_is_told_when_its_headline_changes(desk: Desk) -> None:
    await desk.follow()
    before, after = (entry(guid="1", title=title, text=(title,)) for title in ("Before", "After"))
    texts = []
    for told_now in (before, after, replace(after, text=("Not worth a statement",))):
        desk.web.put(FEED, told_now)
        await desk.read(1)
        async with desk.store.read() as connection:
            newest = await desk.store.articles.newest(connection, 1)
            assert newest is not None
            texts.append(await desk.store.texts.get(connection, newest.id))

    assert [text.paragraphs for text in texts if text] == [("Before",), ("After",), ("After",)]


async def test_words_are_read_before_the_transaction_that_remembers_them(desk: Desk) -> None:
    await desk.follow(url(1))
    [reading] = await read_news(desk, 1)
    read.cache_clear()
    read_camp.cache_clear()
    await desk.rounds.memory.prepare([(reading.feed, reading.brought)])
    before = [each.cache_info().misses for each in (read, read_camp)]

    async with desk.rounds.memory.transaction() as connection:
        [remembered] = await desk.rounds.memory.remember(connection, [(reading.feed, reading.brought)])

    assert [article.title for article in remembered.new] == ["What only 1 tells"]
    assert [each.cache_info().misses for each in (read, read_camp)] == before


async def test_a_story_that_two_feeds_of_a_batch_tell_is_one_card_in_each_channel(desk: Desk) -> None:
    for number, channel_id, guild_id in ((1, CHANNEL, GUILD), (2, CHANNEL, GUILD), (2, FOREIGN_CHANNEL, OTHER_GUILD)):
        await desk.follow(url(number), channel_id, guild_id)
    for number in (1, 2):
        known = desk.web.documents[url(number)].entries
        desk.web.put(url(number), told("Weights are out", url(number)), *known)

    report = await desk.round()

    assert report.new_articles == 2
    assert await desk.headlines(CHANNEL) == ["Weights are out"]
    assert await desk.headlines(FOREIGN_CHANNEL) == ["Weights are out"]


def bring(desk: Desk, number: int, *headlines: str) -> None:
    """Have a feed bring stories, from top to bottom; those that begin with "A lab" tell what one page tells."""
    new = [
        entry(guid=title, link=PAGE if title.startswith("A lab") else f"{PAGE}/{title}", title=title, published=None)
        for title in headlines
    ]
    desk.web.put(url(number), *new, *desk.web.documents[url(number)].entries)


async def test_a_poll_asks_in_the_words_of_a_feed_that_its_guild_reads(desk: Desk) -> None:
    for number, channel_id, guild_id in ((1, CHANNEL, GUILD), (2, CHANNEL, GUILD), (3, FOREIGN_CHANNEL, OTHER_GUILD)):
        await desk.follow(url(number), channel_id, guild_id)
    bring(desk, 1, "A lab opens DeepSeek")
    await desk.round()
    assert await desk.headlines() == ["A lab opens DeepSeek"]

    bring(desk, 2, "A lab opens DeepSeek, says the second")
    bring(desk, 3, "A lab opens DeepSeek, says a feed of another guild")
    await desk.round()

    questions = [listed.poll.question for listed in await desk.newsroom.polls.listing(GUILD)]
    assert questions == ["A lab opens DeepSeek, says the second"]


async def test_what_a_held_feed_of_the_batch_tells_too_keeps_its_place_among_what_is_sent(desk: Desk) -> None:
    await desk.follow(url(1))
    await desk.follow(url(2))
    async with desk.store.begin() as connection:
        pairs = await desk.store.subscriptions.of_guild(connection, GUILD)
        held = [subscription.id for subscription, feed in pairs if feed.url == url(2)]
        await desk.store.subscriptions.set_state(connection, held, SubscriptionState.HELD)
    bring(desk, 1, "A lab opens DeepSeek", "Something before")
    bring(desk, 2, "A lab opens DeepSeek")

    await desk.round()

    assert await desk.headlines() == ["Something before", "A lab opens DeepSeek"]


async def test_a_story_that_another_process_told_meanwhile_is_told_again(desk: Desk, database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer, so nobody tells anything meanwhile")
    await desk.follow(url(1))
    await desk.follow(url(2))
    twin = desk.restarted()
    await twin.rounds.load()
    bring(desk, 1, "A lab opens DeepSeek")
    bring(desk, 2, "A lab opens DeepSeek, says the second")
    first, second = (feed for number in (1, 2) for feed in twin._feeds() if feed.url == url(number))
    reading = await desk.rounds.read(second)
    memory = desk.rounds.memory
    add = desk.store.articles.add

    async def add_after_the_other(*args: Any) -> list[Article]:
        await twin.rounds.read_now(first)
        assert await twin.headlines() == ["A lab opens DeepSeek"]
        return await add(*args)

    desk.store.articles.add = add_after_the_other  # type: ignore[method-assign]
    async with memory.transaction() as connection:
        await memory.remember(connection, [(reading.feed, reading.brought)])

    assert len(await desk.newsroom.polls.listing(GUILD)) == 1
