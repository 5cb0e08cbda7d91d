"""What articles say, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from newsroom.models import ArticleText, Summary, SummaryBasis, TextBasis
from newsroom.store import Store, tables
from newsroom.store.database import Database
from tests.desk import FEED, Desk, posts
from tests.makers import NOW

TEXT = ArticleText(1, ("Un “café”…", "中文", "\N{POPCORN}"), TextBasis.PAGE, NOW)


@pytest.fixture
async def store(database: Database) -> Store:
    """It has an article, which has the id 1."""
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(1))
    await desk.add()
    return desk.store


async def test_a_text_comes_back_as_it_was_and_the_latest_counts(store: Store):
    later = ArticleText(1, (), TextBasis.SUMMARY, NOW + timedelta(days=1))
    found = []
    for text in (TEXT, later):
        async with store.begin() as connection:
            await store.texts.save(connection, [text])
            found.append(await store.texts.get(connection, 1))
            assert await store.texts.get(connection, 2) is None

    assert found == [TEXT, later]


async def test_a_summary_is_kept_with_the_text_it_is_of_and_goes_when_that_is_read_anew(store: Store):
    summary = Summary("Weights are out.", SummaryBasis.MODEL, "small")
    async with store.begin() as connection:
        await store.texts.save(connection, [TEXT])
        await store.texts.keep_summary(connection, replace(TEXT, read_at=NOW - timedelta(days=1)), summary)
        assert await store.texts.summary(connection, 1) is None
        await store.texts.keep_summary(connection, TEXT, summary)
        assert await store.texts.summary(connection, 1) == summary
        await store.texts.save(connection, [replace(TEXT, paragraphs=("Weights are back.",))])
        assert await store.texts.summary(connection, 1) is None


async def test_a_text_goes_with_its_article(store: Store):
    async with store.begin() as connection:
        await store.texts.save(connection, [TEXT])
        await connection.execute(delete(tables.article))

        assert await store.texts.get(connection, 1) is None
