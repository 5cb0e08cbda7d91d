"""The pages of articles: fetched with the manners and the guard of feeds, and read in a worker process of their own.

Of their own, so that a page that takes long holds up no feed; the process starts for the first page.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from yarl import URL

from newsroom.errors import FetchFailed, NoArticle
from newsroom.feeds.fetch import Fetched, Wanted
from newsroom.feeds.robots import may_read
from newsroom.stories.extract import extract
from newsroom.workers import Broken, Stopping, TooSlow, WorkerProcess

T = TypeVar("T")

PAGE = Wanted(
    "text/html, application/xhtml+xml;q=0.9",
    most_bytes=2 * 1024**2,
    types=frozenset({"text/html", "application/xhtml+xml"}),
)
BUDGET_SECONDS = 5.0

ROBOTS = Wanted("text/plain, */*;q=0.1", most_bytes=512 * 1024)
"""RFC 9309 asks for 500 KiB at least."""

ROBOTS_KEPT = timedelta(days=1)
ROBOTS_AGAIN = timedelta(hours=1)
"""How long a site counts as closed whose rules can't be had."""

MOST_SITES = 500
MOST_RULES = 4 * 1024**2
"""Bytes of rules kept in memory, of all sites together."""

MOST_MEMORY = 1024**3
"""Bytes of address space the worker may have."""

MOST_PAGES = 200
"""Pages one worker reads before a fresh one takes over."""


class Opens(Protocol):
    """Whoever gets bodies from the web, and keeps to its limits; see ``newsroom.feeds.fetch``."""

    def opened(self, url: str, *, budget: float, wanted: Wanted) -> AbstractAsyncContextManager[Fetched]: ...


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a site's robots.txt says, None where it can't be had: then nothing of the site may be read."""

    text: bytes | None
    until: datetime


class Pages:
    """Reads the pages of articles, each in at most ``seconds`` of the worker's time.

    A site that forbids Popcorn in its robots.txt isn't read: the summary in its feed is what it gives away. That is
    asked for pages alone, because a feed is there for programs to read. The rules are kept for a day. As RFC 9309 says
    (section 2.3.1), a site without rules (4xx) forbids nothing, and one that can't tell them (5xx, nobody there) all.
    """

    def __init__(self, fetcher: Opens, *, now: Callable[[], datetime], seconds: float = 5.0) -> None:
        self._fetcher = fetcher
        self._now = now
        self._process = WorkerProcess("pages", seconds=seconds, memory=MOST_MEMORY, most_jobs=MOST_PAGES)
        self._rules: OrderedDict[URL, _Rules] = OrderedDict()

    async def read(self, url: str, home: str, title: str) -> tuple[str, ...]:
        """Read an article off its page, which the feed at ``home`` links to; see ``newsroom.stories.extract``.

        Raises NoArticle, AddressRefused, HostParked or FetchFailed.
        """
        if not await self._may_read(url, home):
            raise NoArticle("That site doesn't want programs to read its pages.")
        async with self._fetcher.opened(url, budget=BUDGET_SECONDS, wanted=replace(PAGE, home=home)) as fetched:
            if _site(fetched.url) != _site(url) and not await self._may_read(fetched.url, home):
                raise NoArticle("That site doesn't want programs to read its pages.")
            return await self._run(extract, fetched.body, fetched.content_type, title)

    async def close(self) -> None:
        """End the worker, after the page that it is reading. Those that wait fail."""
        await self._process.close()

    async def _may_read(self, url: str, home: str) -> bool:
        site = _site(url)
        rules = self._rules.get(site)
        if rules is None or rules.until <= self._now():
            rules = await self._fetch_rules(site, home)
            self._keep(site, rules)
        if not rules.text:
            return rules.text is not None
        return await self._run(may_read, rules.text, url)

    async def _fetch_rules(self, site: URL, home: str) -> _Rules:
        url = str(site.with_path("/robots.txt"))
        try:
            async with self._fetcher.opened(url, budget=BUDGET_SECONDS, wanted=replace(ROBOTS, home=home)) as fetched:
                return _Rules(fetched.body, self._now() + ROBOTS_KEPT)
        except FetchFailed as error:
            if error.status is not None and 400 <= error.status < 500 and error.status != 429:
                return _Rules(b"", self._now() + ROBOTS_KEPT)
            return _Rules(None, self._now() + ROBOTS_AGAIN)

    def _keep(self, site: URL, rules: _Rules) -> None:
        self._rules[site] = rules
        self._rules.move_to_end(site)
        while len(self._rules) > MOST_SITES or sum(len(one.text or b"") for one in self._rules.values()) > MOST_RULES:
            self._rules.popitem(last=False)

    async def _run(self, function: Callable[..., T], *args: object) -> T:
        try:
            return await self._process.run(function, *args)
        except TooSlow as error:
            raise NoArticle("That page takes too long to read.") from error
        except Broken as error:
            raise NoArticle("That page is too broken to read.") from error
        except Stopping as error:
            raise NoArticle("Popcorn is just stopping and reads nothing more.") from error


def _site(url: str) -> URL:
    """Scheme, host and port, for which a robots.txt speaks. Raises ValueError for what is no web address."""
    return URL(url).origin()
