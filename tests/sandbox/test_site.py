"""The demo's feed site: three formats, one new article after the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from sandbox.site import PICTURES, DemoSite, picture
from sandbox.stories import COMING, SOURCES, STANDING


@pytest.fixture
def site() -> DemoSite:
    return DemoSite()


@pytest.fixture
async def browser(site: DemoSite) -> AsyncIterator[ClientSession]:
    app = web.Application()
    site.serve(app)
    async with TestServer(app) as server, ClientSession(server.make_url("/")) as session:
        site.base = str(server.make_url("/site"))
        yield session


async def titles(browser: ClientSession, site: DemoSite) -> list[list[str]]:
    found = []
    for source in SOURCES:
        body = await (await browser.get(site.feed_url(source))).text()
        if source.kind == "json":
            found.append([item["title"] for item in json.loads(body)["items"]])
        else:
            items = [each for each in ElementTree.fromstring(body).iter() if each.tag.endswith(("item", "entry"))]
            found.append([part.text for item in items for part in item if part.tag.endswith("title")])
    return found


async def test_each_feed_begins_with_one_story(browser: ClientSession, site: DemoSite):
    assert await titles(browser, site) == [[article.title] for article in STANDING]


async def test_the_prepared_stories_appear_newest_first(
    browser: ClientSession, site: DemoSite, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.site.QUICK", 0)
    monkeypatch.setattr("sandbox.site.CALM", 0)
    await asyncio.wait_for(site.publish(), 20)

    gazette = [article.title for article in (*STANDING, *COMING) if article.source == SOURCES[0].key]
    assert (await titles(browser, site))[0] == gazette[::-1]
    assert len(COMING) >= 12


async def test_an_unchanged_feed_is_304(browser: ClientSession, site: DemoSite):
    for url in site.feeds:
        etag = (await browser.get(url)).headers["ETag"]
        assert (await browser.get(url, headers={"If-None-Match": etag})).status == 304


async def test_every_page_names_its_feed(browser: ClientSession, site: DemoSite):
    for article, source in zip(STANDING, SOURCES, strict=True):
        for path in (f"/site/{source.key}/", f"/site/{source.key}/{article.key}"):
            page = await (await browser.get(path)).text()
            assert 'rel="alternate"' in page
            assert site.feed_url(source) in page


async def test_what_is_not_published_yet_cannot_be_read(browser: ClientSession, site: DemoSite):
    assert (await browser.get(f"/site/{COMING[0].source}/{COMING[0].key}")).status == 404


def test_a_picture_is_a_png_and_always_the_same():
    assert picture("kestrel") == picture("kestrel") != picture("meridian")
    assert picture("kestrel").startswith(b"\x89PNG\r\n\x1a\n")
    assert PICTURES.startswith("https://")


def test_the_story_of_january_2025_says_when_it_was():
    article = STANDING[0]
    assert "DeepSeek" in article.summary
    assert article.title.startswith("January 2025")
    assert article.published is not None and article.published.year == 2025


async def test_one_story_is_told_by_two_sources(
    browser: ClientSession, site: DemoSite, monkeypatch: pytest.MonkeyPatch
):
    (second,) = [article for article in COMING if article.points_to is not None]
    first = next(article for article in COMING if article.key == second.points_to)
    monkeypatch.setattr("sandbox.site.QUICK", 0)
    monkeypatch.setattr("sandbox.site.CALM", 0)
    await asyncio.wait_for(site.publish(), 20)

    links = []
    for source in SOURCES:
        body = await (await browser.get(site.feed_url(source))).text()
        links += [body.count(f"/{first.source}/{first.key}<")]
    assert COMING.index(first) + 1 < COMING.index(second)
    assert [source.key for source, count in zip(SOURCES, links, strict=True) if count] == [first.source, second.source]


@pytest.mark.parametrize(
    "words", [("open weights", "MIT licence", "Apache 2.0", "self-hosted"), ("proprietary", "API only")]
)
def test_several_stories_speak_for_a_side(words: tuple[str, ...]):
    told = [f"{article.title} {article.summary}" for article in (*STANDING, *COMING)]
    assert all(any(word in each for each in told) for word in words)
    assert len([each for each in told if any(word in each for word in words)]) >= 3
