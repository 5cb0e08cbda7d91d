from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from newsroom.errors import FetchFailed, HostParked, NewsroomError
from newsroom.feeds.fetch import Fetcher
from newsroom.feeds.pages import Pages
from newsroom.models import ArticleText, TextBasis
from newsroom.store.database import Database
from newsroom.stories.texts import MOST_AT_ONCE, Texts
from tests.desk import FEED, Desk, post
from tests.makers import NOW
from tests.web import PageAnswer, page_site, redirect

PAGES = Path(__file__).parents[2] / "pages"
PARAGRAPHS = ("The first paragraph.", "The second.")


@dataclass
class FakePages:
    """Pages that all say the same. A test may hold them back, or have them fail."""

    error: Exception | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    going_on: int = 0
    most: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    has_begun: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def __post_init__(self) -> None:
        self.may_end.set()

    async def read(self, url: str, home: str, title: str) -> tuple[str, ...]:
        self.asked.append((url, home))
        self.going_on += 1
        self.most = max(self.most, self.going_on)
        self.has_begun.release()
        try:
            await self.may_end.wait()
        finally:
            self.going_on -= 1
        if self.error is not None:
            raise self.error
        return PARAGRAPHS


@dataclass
class House:
    desk: Desk
    pages: FakePages
    texts: Texts

    async def bring(self, *numbers: int, **fields: object) -> list[int]:
        """Have the feed bring posts; return their articles."""
        self.desk.web.put(FEED, *(post(number, **fields) for number in numbers))
        await self.desk.add()
        async with self.desk.store.read() as connection:
            return [article.id for article in await self.desk.store.articles.recent(connection, NOW)]


@pytest.fixture
def house(database: Database) -> House:
    desk, pages = Desk.over(database), FakePages()
    return House(desk, pages, Texts(desk.store, pages, now=desk.clock))


async def test_what_the_feed_tells_in_full_is_not_asked_for_on_the_web(house: House) -> None:
    [article_id] = await house.bring(1, text=("All", "of it."))

    assert await house.texts.of(article_id) == ArticleText(article_id, ("All", "of it."), TextBasis.FEED, NOW)
    assert house.pages.asked == []


async def test_a_page_is_read_once_whoever_asks_and_whenever(house: House) -> None:
    [article_id] = await house.bring(1)

    texts = await asyncio.gather(*(house.texts.of(article_id) for _ in range(5)))
    house.desk.clock.advance(days=30)
    texts.append(await Texts(house.desk.store, house.pages, now=house.desk.clock).of(article_id))

    assert texts == [ArticleText(article_id, PARAGRAPHS, TextBasis.PAGE, NOW)] * 6
    assert house.pages.asked == [("https://lab.example/posts/1", FEED)]


@pytest.mark.parametrize("error", [FetchFailed("Nobody there."), RuntimeError("a bug")])
async def test_a_page_that_fails_ends_as_the_summary_and_is_tried_again_a_day_later(
    house: House, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    [article_id] = await house.bring(1, summary="What the feed says.")
    house.pages.error = error

    first, second = await house.texts.of(article_id), await house.texts.of(article_id)
    assert first == second == ArticleText(article_id, ("What the feed says.",), TextBasis.SUMMARY, NOW)
    assert len(house.pages.asked) == 1
    assert f"article {article_id}" in caplog.text
    assert ("Traceback" in caplog.text) is not isinstance(error, NewsroomError)

    house.desk.clock.advance(days=1)
    house.pages.error = None
    assert (await house.texts.of(article_id)).paragraphs == PARAGRAPHS


async def test_the_summary_is_as_it_is_told_now(house: House) -> None:
    [article_id] = await house.bring(1, summary="Before.")
    house.pages.error = FetchFailed("Nobody there.")
    await house.texts.of(article_id)
    house.desk.web.put(FEED, post(1, summary="After."))
    await house.desk.read(1)

    assert (await house.texts.of(article_id)).paragraphs == ("After.",)


async def test_nothing_is_held_against_a_page_whose_host_is_parked(house: House) -> None:
    [article_id] = await house.bring(1)
    house.pages.error = HostParked(NOW)
    assert (await house.texts.of(article_id)).basis is TextBasis.SUMMARY

    house.pages.error = None

    assert (await house.texts.of(article_id)).basis is TextBasis.PAGE


async def test_a_page_that_takes_too_long_ends_as_the_summary(house: House) -> None:
    [article_id] = await house.bring(1)
    house.pages.may_end.clear()
    hasty = Texts(house.desk.store, house.pages, now=house.desk.clock, seconds=0.01)

    assert (await hasty.of(article_id)).basis is TextBasis.SUMMARY
    assert house.pages.going_on == 0


async def test_a_few_pages_are_read_at_once_and_the_others_wait(house: House) -> None:
    article_ids = await house.bring(*range(1, 8))
    house.pages.may_end.clear()

    reading = asyncio.gather(*(house.texts.of(article_id) for article_id in article_ids))
    for _ in range(MOST_AT_ONCE):
        await house.pages.has_begun.acquire()
    house.pages.may_end.set()

    assert {text.basis for text in await reading} == {TextBasis.PAGE}
    assert house.pages.most == MOST_AT_ONCE


async def test_what_has_no_page_no_summary_or_no_reader_says_what_there_is(house: House) -> None:
    [article_id] = await house.bring(1, link=None, summary="")
    assert (await house.texts.of(article_id)).paragraphs == ()
    assert await house.texts.of(99) == ArticleText(99, (), TextBasis.SUMMARY, NOW)

    without = Texts(house.desk.store, None, now=house.desk.clock)
    assert (await without.of(article_id)).basis is TextBasis.SUMMARY
    assert house.pages.asked == []


async def test_from_a_page_on_the_web_to_its_text_and_from_an_inner_one_to_the_summary(house: House) -> None:
    page = (PAGES / "semantic.html").read_bytes()
    answers = {"/1": PageAnswer(page, headers={"Content-Type": "text/html"}), "/2": redirect("http://127.0.0.1:1/")}
    async with page_site(answers) as site:
        fetcher = Fetcher(allow_hosts=[site.host], now=house.desk.clock)
        pages = Pages(fetcher, now=house.desk.clock)
        texts = Texts(house.desk.store, pages, now=house.desk.clock)
        feed = site.url("/feed")
        house.desk.web.put(feed, *(post(number, link=site.url(f"/{number}")) for number in (1, 2)))
        await house.desk.add(feed)
        async with house.desk.store.read() as connection:
            articles = await house.desk.store.articles.recent(connection, NOW)

        found = {article.url: await texts.of(article.id) for article in articles}

        await pages.close()
        await fetcher.close()
    assert found[site.url("/1")].basis is TextBasis.PAGE
    assert found[site.url("/1")].paragraphs[1].startswith("Whale Lab released")
    assert found[site.url("/2")].basis is TextBasis.SUMMARY
