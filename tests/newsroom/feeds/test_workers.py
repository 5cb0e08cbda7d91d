import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from newsroom.errors import NotAFeed
from newsroom.feeds.workers import Workers
from newsroom.models import FeedLink

ROOT = Path(__file__).parents[3]
FEEDS = ROOT / "tests" / "feeds"
URL = "https://feeds.example/feed"
GOOD = (FEEDS / "rss-2.0.xml").read_bytes()

MANY_ATTRIBUTES = b"<rss version='2.0'><channel><item %s/></channel></rss>" % b" ".join(
    b"a%d='1'" % n for n in range(40_000)
)
ALMOST_A_MAIL_ADDRESS = b"<rss version='2.0'><channel><item><author>%s</author></item></channel></rss>" % (
    b"a" * 1_000_000
)


@pytest.fixture
async def workers():
    made = Workers()
    yield made
    await made.close()


@pytest.fixture
async def hasty():
    """Workers with a short time for each document, so that no test waits for long."""
    made = Workers(seconds=0.5)
    yield made
    await made.close()


# These run in the worker.


def modules_loaded():
    return sorted(sys.modules)


def worker_id():
    return os.getpid()


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def eat_memory():
    return len(bytearray(2 * 1024**3))


def raise_what_cannot_be_sent():
    class Local(Exception):
        pass

    raise Local


async def test_a_feed_is_read_in_another_process(workers):
    feed = await workers.parse(GOOD, "application/rss+xml", URL)

    assert feed.title == "Whale & Wave"
    assert await workers._read(URL, worker_id) != os.getpid()


async def test_however_many_documents_a_site_sends_another_waits_for_one_of_them(workers):
    read: list[str] = []

    async def parse(url: str) -> None:
        await workers.parse(GOOD, "application/rss+xml", url)
        read.append(url)

    crowd = [f"https://{number}.crowd.example/feed" for number in range(10)]
    async with asyncio.TaskGroup() as group:
        for url in (*crowd, URL):
            group.create_task(parse(url))

    assert read.index(URL) <= 1
    assert sorted(read) == sorted([*crowd, URL])


async def test_the_feeds_of_a_page_are_found_there_too(workers):
    page = b'<link rel="alternate" type="application/rss+xml" href="/feed" title="News">'

    assert await workers.find_feeds(page, URL) == (FeedLink("https://feeds.example/feed", "News"),)


async def test_the_worker_has_what_reads_feeds_loaded_and_nothing_larger(workers):
    import discord  # noqa: F401
    import sqlalchemy  # noqa: F401

    loaded = await workers._read(URL, modules_loaded)

    assert "feedparser" in loaded
    assert not {"discord", "sqlalchemy", "aiohttp", "newsroom.feeds.fetch"} & set(loaded)


async def test_what_is_no_feed_says_why(workers):
    with pytest.raises(NotAFeed, match="a web page, not a feed"):
        await workers.parse((FEEDS / "html-page.html").read_bytes(), None, URL)


async def test_whatever_a_parser_raises_is_one_failed_document(workers):
    with pytest.raises(NotAFeed, match="too broken to read"):
        await workers.parse((FEEDS / "hostile-gml-srs.xml").read_bytes(), None, URL)
    with pytest.raises(NotAFeed, match="too broken to read"):
        await workers._read(URL, raise_what_cannot_be_sent)


@pytest.mark.parametrize("name", sorted(path.name for path in FEEDS.glob("hostile-*")))
async def test_a_hostile_document_fails_or_is_read_and_the_next_one_is_fine(workers, name):
    outcome, feed = await asyncio.gather(
        workers.parse((FEEDS / name).read_bytes(), None, URL),
        workers.parse(GOOD, None, URL),
        return_exceptions=True,
    )

    assert isinstance(outcome, NotAFeed) or len(repr(outcome)) < 1000
    assert feed.title == "Whale & Wave"


@pytest.mark.parametrize("body", [MANY_ATTRIBUTES, ALMOST_A_MAIL_ADDRESS], ids=["attributes", "author"])
async def test_a_document_that_takes_too_long_is_stopped_and_those_that_wait_are_not_lost(hasty, body):
    outcomes = await asyncio.gather(
        hasty.parse(GOOD, None, URL),
        hasty.parse(body, None, URL),
        hasty.parse(GOOD, None, URL),
        hasty.parse(GOOD, None, URL),
        return_exceptions=True,
    )

    assert isinstance(outcomes[1], NotAFeed)
    assert "too long" in str(outcomes[1])
    assert [outcomes[n].title for n in (0, 2, 3)] == ["Whale & Wave"] * 3


async def test_a_deeply_nested_document_does_no_harm(workers):
    body = b"<rss version='2.0'><channel>" + b"<item>" * 20_000

    with pytest.raises(NotAFeed):
        await workers.parse(body, None, URL)
    assert (await workers.parse(GOOD, None, URL)).title == "Whale & Wave"


async def test_a_document_that_eats_memory_fails_and_the_worker_lives_on(workers):
    before = await workers._read(URL, worker_id)

    with pytest.raises(NotAFeed):
        await workers._read(URL, eat_memory)

    assert await workers._read(URL, worker_id) == before


async def test_a_document_that_kills_the_worker_fails_alone(workers):
    outcomes = await asyncio.gather(
        workers._read(URL, die),
        workers.parse(GOOD, None, URL),
        workers._read(URL, die),
        workers.parse(GOOD, None, URL),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes[::2]] == [NotAFeed, NotAFeed]
    assert [outcome.title for outcome in outcomes[1::2]] == ["Whale & Wave"] * 2


async def test_closing_ends_the_worker_and_fails_what_comes_later():
    workers = Workers()
    worker = psutil.Process(await workers._read(URL, worker_id))

    await workers.close()

    assert not worker.is_running()
    with pytest.raises(NotAFeed, match="stopping"):
        await workers.parse(GOOD, None, URL)
