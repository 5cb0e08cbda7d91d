"""The demo's feed site: three formats, one new story after the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from sandbox.site import PICTURES, Site, picture
from sandbox.stories import COMING, SOURCES, STANDING


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[ClientSession]:
    app = web.Application()
    site.serve(app)
    async with TestServer(app) as server, ClientSession(server.make_url("/")) as session:
        site.base = str(server.make_url("/site"))
        yield session


async def titles(browser: ClientSession, site: Site) -> list[list[str]]:
    found = []
    for source in SOURCES:
        body = await (await browser.get(site.feed_url(source))).text()
        if source.kind == "json":
            found.append([item["title"] for item in json.loads(body)["items"]])
        else:
            items = [each for each in ElementTree.fromstring(body).iter() if each.tag.endswith(("item", "entry"))]
            found.append([part.text for item in items for part in item if part.tag.endswith("title")])
    return found


async def test_each_feed_begins_with_one_story(browser: ClientSession, site: Site):
    assert await titles(browser, site) == [[story.title] for story in STANDING]


async def test_the_prepared_stories_appear_newest_first(
    browser: ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.site.QUICK", 0)
    monkeypatch.setattr("sandbox.site.CALM", 0)
    await asyncio.wait_for(site.publish(), 20)

    gazette = [story.title for story in (*STANDING, *COMING) if story.source == SOURCES[0].key]
    assert (await titles(browser, site))[0] == gazette[::-1]
    assert len(COMING) >= 12


async def test_an_unchanged_feed_is_304(browser: ClientSession, site: Site):
    for url in site.feeds:
        etag = (await browser.get(url)).headers["ETag"]
        assert (await browser.get(url, headers={"If-None-Match": etag})).status == 304


async def test_every_page_names_its_feed(browser: ClientSession, site: Site):
    for story, source in zip(STANDING, SOURCES, strict=True):
        for path in (f"/site/{source.key}/", f"/site/{source.key}/{story.key}"):
            page = await (await browser.get(path)).text()
            assert 'rel="alternate"' in page
            assert site.feed_url(source) in page


async def test_what_is_not_published_yet_cannot_be_read(browser: ClientSession, site: Site):
    assert (await browser.get(f"/site/{COMING[0].source}/{COMING[0].key}")).status == 404


def test_a_picture_is_a_png_and_always_the_same():
    assert picture("kestrel") == picture("kestrel") != picture("meridian")
    assert picture("kestrel").startswith(b"\x89PNG\r\n\x1a\n")
    assert PICTURES.startswith("https://")


def test_the_story_of_january_2025_says_when_it_was():
    story = STANDING[0]
    assert "DeepSeek" in story.summary
    assert story.title.startswith("January 2025")
    assert story.published is not None and story.published.year == 2025
