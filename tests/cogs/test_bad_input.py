"""Whatever address an admin gives, the answer is a sentence that fits, and nothing of it is left behind.

Real sockets, the real fetcher and the real worker process; Discord is simulated.
"""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from discord.utils import utcnow
from sqlalchemy import func, select

from newsroom.desk.subscriptions import Subscriptions
from newsroom.errors import FetchFailed
from newsroom.feeds.fetch import Fetcher
from newsroom.feeds.workers import Workers
from newsroom.store.tables import metadata
from tests.cogs.guild import Guild, guild_with_bot
from tests.web import PageAnswer, PageSite, breaking_off, endless, page_site, redirect, stalling

RSS = "<rss version='2.0'><channel><title>Lab Notes</title>{}</channel></rss>"
ITEM = "<item><title>Post 1</title><link>https://lab.example/posts/1</link></item>"
PAGE = "<!doctype html><html><head>{}</head><body><p>Hello.</p></body></html>"
LINK = "<link rel='alternate' type='application/rss+xml' href='{}'>"
PRIVATE = "That address leads into a private or reserved network, and Popcorn only opens the public web."
NO_ADDRESS = "That is not an address. Give me one like https://example.com/feed.xml."
MIB = 1024 * 1024


async def two_hundred_megabytes(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(200 * MIB)})
    await response.prepare(request)
    for _ in range(200):
        await response.write(b" " * MIB)
    return response


PAGES = {
    "/good.xml": PageAnswer(RSS.format(ITEM)),
    "/page.html": PageAnswer(PAGE.format("")),
    "/points-nowhere.html": PageAnswer(PAGE.format(LINK.format("/nothing.xml"))),
    "/points-inside.html": PageAnswer(PAGE.format(LINK.format("http://10.1.2.3/feed.xml"))),
    "/empty": PageAnswer(""),
    "/spaces": PageAnswer(" \n\n "),
    "/large": two_hundred_megabytes,
    "/endless": endless(b"<item>" * 10_000),
    "/broken.xml": PageAnswer("<rss version='2.0'><channel><title>Lab</title><item><title>Half"),
    "/garbage.xml": PageAnswer("<rss <<< ]]> &&& \x00\x01"),
    "/no-items.xml": PageAnswer(RSS.format("")),
    "/inwards": redirect("http://inner.example/feed.xml"),
    "/circle": redirect("/circle"),
    "/busy": PageAnswer("later", status=503),
    "/stalls": stalling(b"<rss version='2.0'>"),
    "/breaks-off": breaking_off(b"<rss version='2.0'>", 100_000),
}

# What was given, where {site} is our server, and what its sender reads.
BAD = {
    "two words": NO_ADDRESS,
    "hello": NO_ADDRESS,
    "ftp://lab.example/feed.xml": "That is not a web address: it has to begin with https:// or http://.",
    "javascript://alert.example": "That is not a web address: it has to begin with https:// or http://.",
    "https://": "That is not a web address: it names no server.",
    f"https://lab.example/{'x' * 2000}": "That address is too long: more than 2,000 characters.",
    "https://alice:secret@lab.example/": "Popcorn opens no address with a user name or password in it.",
    "https://unknown.example/feed.xml": "There is no server of that name. Check the address for typing mistakes.",
    "http://127.0.0.1/feed.xml": PRIVATE,
    "http://[::1]/feed.xml": PRIVATE,
    "http://169.254.169.254/latest/meta-data/": PRIVATE,
    "https://inner.example/feed.xml": PRIVATE,
    "{site}/inwards": PRIVATE,
    "{site}/points-inside.html": PRIVATE,
    "{site}/nothing.xml": "That address answered 404: there is nothing there. Check it for typing mistakes.",
    "{site}/points-nowhere.html": "That address answered 404: there is nothing there. Check it for typing mistakes.",
    "{site}/busy": "That address answered 503: the server has trouble of its own. That often passes by itself.",
    "{site}/circle": "That address leads in circles: it redirects more than 5 times.",
    "{site}/page.html": "That is a web page, not a feed.",
    "{site}/empty": "That address sends nothing at all.",
    "{site}/spaces": "That address sends nothing at all.",
    "{site}/large": "What that address sends is too large: more than 8 MiB.",
    "{site}/endless": "What that address sends is too large: more than 8 MiB.",
    "{site}/breaks-off": "That server's answer broke off before it was complete.",
    "{site}/broken.xml": "That feed breaks off in the middle of an item.",
    "{site}/garbage.xml": "That looks like a feed, but it is too broken to read.",
    "{site}/no-items.xml": "That is a feed, but it has no items yet. Add it again once something is published.",
}


class Resolver(AbstractResolver):
    """Knows one name, which leads into a private network."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[Any]:
        if host != "inner.example":
            raise OSError(None, "unknown")
        return [{"hostname": host, "host": "10.1.2.3", "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
async def web_site() -> AsyncIterator[PageSite]:
    async with page_site(PAGES) as running:
        yield running


@pytest.fixture
async def opened(web_site: PageSite, migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Guild]:
    # simcord waits for every timer, so also until a connection that is kept for the next request is given up.
    monkeypatch.setattr("newsroom.feeds.fetch._KEEP_ALIVE_SECONDS", 0.01)
    fetcher = Fetcher(allow_hosts=[web_site.host], now=utcnow, resolver=Resolver())
    workers = Workers()
    try:
        async with guild_with_bot(migrated_sqlite_url, fetcher, workers) as guild:
            yield guild
    finally:
        await fetcher.close()
        await workers.close()


async def rows(guild: Guild) -> dict[str, int]:
    """How many rows each table has, without those of the installation itself."""
    async with guild.store.read() as connection:
        return {
            name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in metadata.tables.items()
            if name != "installation"
        }


async def test_whatever_cannot_be_added_is_told_in_a_sentence_and_leaves_nothing(guild: Guild, web_site: PageSite):
    told = {}
    for given in BAD:
        told[given] = await guild.told("feed add", url=given.format(site=f"http://{web_site.host}"))
        assert not any(address in told[given] for address in ("10.1.2.3", "127.0.0.1", "::1", "169.254"))

    assert told == BAD
    assert await guild.told("feed list") == "There are no feeds here yet. Add the first one with `/feed add`."
    assert await guild.completions("feed remove") == []
    assert set((await rows(guild)).values()) == {0}


async def test_what_others_have_is_left_as_it_is(guild: Guild, web_site: PageSite):
    await guild.told("feed add", url=web_site.url("/good.xml"))
    before, listed = await rows(guild), await guild.told("feed list")

    for given in ("/page.html", "/garbage.xml", "/no-items.xml", "/nothing.xml"):
        await guild.told("feed add", url=web_site.url(given))

    assert (await rows(guild), await guild.told("feed list")) == (before, listed)
    assert re.search("### 1 feed\n", listed)


async def test_a_body_that_begins_and_never_goes_on_is_given_up(web_site: PageSite, monkeypatch: pytest.MonkeyPatch):
    # Without Discord: on simcord's clock no time-out of ours would ever come.
    monkeypatch.setattr("newsroom.desk.subscriptions.LOOK_UP_SECONDS", 0.2)
    fetcher = Fetcher(allow_hosts=[web_site.host], now=utcnow)
    subscriptions = Subscriptions(None, None, fetcher, None, now=utcnow)

    with pytest.raises(FetchFailed) as given_up:
        await subscriptions.look_up(web_site.url("/stalls"))
    await fetcher.close()

    assert str(given_up.value) == (
        "That took longer than 0.2 seconds. Try again later, or give me the feed's own address."
    )
