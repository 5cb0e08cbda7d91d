"""A site of feeds that keeps publishing, and remembers what it published in which order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from random import Random

from aiohttp import web

SHOWN = 300  # items; more than any feed brings while the bot is away
BASELINE = "0"  # the item that a feed begins with
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


@dataclass(frozen=True, slots=True)
class Item:
    """One article of one feed. ``link`` tells what it is: a feed may repeat another one's article under its link."""

    key: str
    link: str
    title: str
    published: datetime


class Newsstand:
    """Feeds by name, each with its items, the oldest first."""

    def __init__(self, random: Random) -> None:
        self.url = ""
        self.items: dict[str, list[Item]] = {}
        self._random = random

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def feed(self, name: str) -> str:
        """The address of a feed."""
        return f"{self.url}/{name}.xml"

    def open(self, name: str) -> None:
        """Begin a feed with one item."""
        self.items[name] = []
        self._add(name, f"{self.url}/{name}/{BASELINE}")

    def publish(self, name: str, count: int) -> None:
        """Publish so many articles."""
        for _ in range(count):
            self._add(name, f"{self.url}/{name}/{len(self.items[name])}")

    def repeat(self, name: str, of: str) -> None:
        """Have a feed tell the newest article of another one, as aggregators do."""
        link = self.items[of][-1].link
        if link not in self.links(name) and not link.endswith(f"/{BASELINE}"):
            self._add(name, link)

    def links(self, name: str) -> list[str]:
        """What a feed has published since it began, the oldest first."""
        return [item.link for item in self.items[name][1:]]

    def _add(self, name: str, link: str) -> None:
        # Words that nobody else writes, so that no two articles are taken for reports of one event.
        words = ["".join(self._random.choices(SYLLABLES, k=4)) for _ in range(5)]
        title = " ".join(words).capitalize()
        self.items[name].append(Item(f"{name}-{len(self.items[name])}", link, title, datetime.now(UTC)))

    async def _answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        items = "".join(
            f"<item><title>{escape(item.title)}</title><link>{item.link}</link>"
            f"<guid isPermaLink='false'>{item.key}</guid><description>All about {escape(item.title)}.</description>"
            f"<pubDate>{format_datetime(item.published)}</pubDate></item>"
            for item in reversed(self.items[name][-SHOWN:])
        )
        body = f"<rss version='2.0'><channel><title>{name.title()}</title>{items}</channel></rss>"
        return web.Response(text=body, content_type="application/rss+xml")


@asynccontextmanager
async def newsstand(random: Random) -> AsyncIterator[Newsstand]:
    """Run a site on a free port of this machine."""
    stand = Newsstand(random)
    app = web.Application()
    app.router.add_get("/{name}.xml", stand._answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stand.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield stand
    finally:
        await runner.cleanup()
