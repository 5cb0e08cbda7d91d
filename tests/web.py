"""A small web of our own on 127.0.0.1: pages with manners good and bad, and feeds that a test publishes to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from aiohttp import web


@dataclass(frozen=True)
class PageAnswer:
    """What a path answers, always the same."""

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class PageSite:
    """A running server. ``pages`` may be changed while it runs; ``requests`` are those it got, oldest first."""

    pages: dict[str, PageAnswer | Handler]
    host: str = ""
    requests: list[web.Request] = field(default_factory=list)
    asked: asyncio.Condition = field(default_factory=asyncio.Condition)

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}{path}"

    @property
    def port(self) -> int:
        return int(self.host.partition(":")[2])

    async def was_asked(self, times: int = 1) -> None:
        """Wait until so many requests came in."""
        async with self.asked:
            await self.asked.wait_for(lambda: len(self.requests) >= times)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        async with self.asked:
            self.requests.append(request)
            self.asked.notify_all()
        page = self.pages.get(request.path, PageAnswer(status=404))
        if not isinstance(page, PageAnswer):
            return await page(request)
        body = page.body.encode() if isinstance(page.body, str) else page.body
        return web.Response(status=page.status, headers=page.headers, body=body)


@asynccontextmanager
async def page_site(pages: Mapping[str, PageAnswer | Handler]) -> AsyncIterator[PageSite]:
    """Serve ``pages`` by path on a free port; all other paths answer 404."""
    running = PageSite(dict(pages))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", running.answer)
    # Handlers that never end are cancelled when their client goes, and don't hold up the end of a test.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        running.host = f"127.0.0.1:{runner.addresses[0][1]}"
        yield running
    finally:
        await runner.cleanup()


def redirect(location: str, status: int = 302) -> PageAnswer:
    return PageAnswer(status=status, headers={"Location": location})


def endless(piece: bytes) -> Handler:
    """A body that never ends, as fast as it is taken."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(piece)

    return handler


def stalling(beginning: bytes) -> Handler:
    """A body that begins, and then nothing more comes."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(beginning)
        await asyncio.Event().wait()
        return response

    return handler


async def silent(request: web.Request) -> web.StreamResponse:
    """Takes the request and never answers."""
    await asyncio.Event().wait()
    return web.Response()


def breaking_off(beginning: bytes, promised: int) -> Handler:
    """Promises a length and closes the connection before."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(promised)})
        await response.prepare(request)
        await response.write(beginning)
        assert request.transport is not None
        request.transport.close()
        return response

    return handler


class FeedSite:
    """RSS feeds by name. What a test publishes stands on top, as in most feeds."""

    def __init__(self) -> None:
        self.url = ""
        self.titles: dict[str, list[str]] = {}
        self.dates: dict[str, str] = {}
        self.hits: list[str] = []

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def feed(self, name: str = "news") -> str:
        """The address of a feed."""
        return f"{self.url}/{name}.xml"

    def publish(self, *titles: str, feed: str = "news") -> None:
        """Put articles on top of a feed, the first one first."""
        for title in titles:
            self.titles.setdefault(feed, []).insert(0, title)
            self.dates[title] = format_datetime(datetime.now(UTC))

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.hits.append(name)
        if name not in self.titles:
            raise web.HTTPNotFound
        items = "".join(
            f"<item><title>{escape(title)}</title><link>{self.url}/{name}/{escape(title, quote=True)}</link>"
            f"<guid isPermaLink='false'>{escape(title)}</guid><description>About {escape(title)}.</description>"
            f"<pubDate>{self.dates[title]}</pubDate></item>"
            for title in self.titles[name]
        )
        body = f"<rss version='2.0'><channel><title>{name.title()}</title>{items}</channel></rss>"
        return web.Response(text=body, content_type="application/rss+xml")


@asynccontextmanager
async def feed_site() -> AsyncIterator[FeedSite]:
    site = FeedSite()
    app = web.Application()
    app.router.add_get("/{name}.xml", site.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()
