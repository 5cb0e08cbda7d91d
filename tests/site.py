"""A feed site for tests: RSS on 127.0.0.1, published to by the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape

from aiohttp import web


class Site:
    """Feeds by name. What a test publishes stands on top, as in most feeds."""

    def __init__(self) -> None:
        self.url = ""
        self.titles: dict[str, list[str]] = {}
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

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.hits.append(name)
        if name not in self.titles:
            raise web.HTTPNotFound
        items = "".join(
            f"<item><title>{escape(title)}</title><link>{self.url}/{name}/{escape(title, quote=True)}</link>"
            f"<guid isPermaLink='false'>{escape(title)}</guid><description>About {escape(title)}.</description></item>"
            for title in self.titles[name]
        )
        body = f"<rss version='2.0'><channel><title>{name.title()}</title>{items}</channel></rss>"
        return web.Response(text=body, content_type="application/rss+xml")


@asynccontextmanager
async def site_running() -> AsyncIterator[Site]:
    site = Site()
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
