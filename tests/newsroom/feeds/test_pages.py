from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import psutil
import pytest
from yarl import URL

from newsroom.errors import AddressRefused, FetchFailed, HostParked, NoArticle
from newsroom.feeds.fetch import Fetcher
from newsroom.feeds.pages import MOST_RULES, PAGE, ROBOTS_AGAIN, ROBOTS_KEPT, Pages
from newsroom.feeds.robots import may_read
from tests.fakes import Clock
from tests.web import PageAnswer, PageSite, endless, page_site, redirect

PAGES = Path(__file__).parents[2] / "pages"
HTML = {"Content-Type": "text/html; charset=utf-8"}
ARTICLE = PageAnswer((PAGES / "semantic.html").read_bytes(), headers=HTML)
FIRST = "Whale Lab released its reasoning model R1"


def rules(text: str) -> PageAnswer:
    return PageAnswer(text, headers={"Content-Type": "text/plain"})


class House:
    """A site that has a feed, and whoever reads its pages."""

    def __init__(self, site: PageSite, *, let_in: bool = True) -> None:
        self.site = site
        self.clock = Clock()
        self.fetcher = Fetcher(allow_hosts=[site.host] if let_in else [], now=self.clock)
        self.pages = Pages(self.fetcher, now=self.clock)

    @property
    def asked(self) -> list[str]:
        return [request.path for request in self.site.requests]

    async def read(self, path: str = "/1", home: str | None = None) -> tuple[str, ...]:
        return await self.pages.read(self.site.url(path), home or self.site.url("/feed"), "")


@asynccontextmanager
async def house(answers: dict, **options: bool) -> AsyncIterator[House]:
    async with page_site(answers) as site:
        made = House(site, **options)
        try:
            yield made
        finally:
            await made.pages.close()
            await made.fetcher.close()


# These run in the worker.


def worker_id() -> int:
    return os.getpid()


async def test_a_page_is_read_in_a_process_of_its_own_by_an_honest_name():
    async with house({"/1": ARTICLE}) as lab:
        text = await lab.read()

        assert text[1].startswith(FIRST)
        assert await lab.pages._run(worker_id) != os.getpid()
    asked = lab.site.requests[-1].headers
    assert asked["User-Agent"].startswith("Popcorn/")
    assert asked["Accept"] == PAGE.accept


async def test_a_redirect_to_the_page_is_followed():
    async with house({"/1": redirect("/2", 301), "/2": ARTICLE}) as lab:
        assert (await lab.read())[1].startswith(FIRST)


async def test_a_page_that_lies_or_leads_inside_is_never_opened():
    async with house({"/1": ARTICLE, "/robots.txt": rules("")}, let_in=False) as lab:
        with pytest.raises(AddressRefused):
            await lab.read()
        assert lab.asked == []
    for target in ("http://127.0.0.1:1/", "http://169.254.169.254/latest", "http://[::1]/", "file:///etc/passwd"):
        async with house({"/1": redirect(target)}) as lab:
            with pytest.raises(AddressRefused):
                await lab.read()


async def test_a_host_that_is_let_in_is_open_to_links_of_its_own_feeds_alone():
    async with house({"/1": ARTICLE}) as lab:
        with pytest.raises(AddressRefused):
            await lab.read(home="https://public.example/feed")
        with pytest.raises(AddressRefused):
            await lab.read(home=f"http://127.0.0.1:{lab.site.port + 1}/feed")
        assert lab.asked == []


async def test_headers_that_the_operator_sets_go_to_the_pages_of_a_feed_of_that_place_alone(monkeypatch):
    sent = []
    async with house({}) as lab:
        address = "https://paid.example/1"
        fetcher = Fetcher(now=lab.clock, extra_headers={"paid.example": {"X-Key": "secret"}})
        session = fetcher._session(URL(address), False)
        monkeypatch.setattr(session, "get", lambda url, *, headers, **options: sent.append(headers) or _refused())
        for home in ("https://other.example/feed", "http://paid.example/feed", "https://paid.example/feed"):
            with pytest.raises(FetchFailed):
                await fetcher.get(address, wanted=replace(PAGE, home=home))
        await fetcher.close()

    assert [headers.get("X-Key") for headers in sent] == [None, None, "secret"]


def _refused():
    raise aiohttp.ClientOSError


async def test_of_a_page_of_50_mb_only_what_may_be_read_comes():
    sent = 0
    piece = b"<p>" + b"word " * 10_000

    async def stream(request):
        nonlocal sent
        response = await _begun(request)
        while sent < 50 * 1024**2:
            await response.write(piece)
            sent += len(piece)
        return response

    async with house({"/1": stream}) as lab:
        with pytest.raises(FetchFailed, match="too large: more than 2 MiB"):
            await lab.read()
    assert sent < 25 * 1024**2


async def _begun(request):
    from aiohttp import web

    response = web.StreamResponse(headers=HTML)
    await response.prepare(request)
    return response


@pytest.mark.parametrize("kind", ["application/pdf", "video/mp4", "application/json", "text/plain; charset=utf-8"])
async def test_what_is_no_page_is_not_even_taken(kind: str):
    async with house({"/1": PageAnswer(b"x", headers={"Content-Type": kind})}) as lab:
        with pytest.raises(FetchFailed, match="nothing that I can read"):
            await lab.read()


@pytest.mark.parametrize("name", ["stub", "cookie-wall", "paywall", "javascript"])
async def test_a_page_without_an_article_says_so_in_words(name: str):
    async with house({"/1": PageAnswer((PAGES / f"{name}.html").read_bytes(), headers=HTML)}) as lab:
        with pytest.raises(NoArticle, match=r"^That page .+\.$"):
            await lab.read()


async def test_a_page_that_breaks_the_reader_is_one_failed_page():
    pages = {"/1": PageAnswer(b"<div>" * 400_000, headers=HTML), "/2": ARTICLE}
    async with house(pages) as lab:
        with pytest.raises(NoArticle):
            await lab.read()
        assert (await lab.read("/2"))[1].startswith(FIRST)


async def test_a_site_that_forbids_us_is_not_read():
    async with house({"/1": ARTICLE, "/robots.txt": rules("User-agent: popcorn\nDisallow: /\n")}) as lab:
        with pytest.raises(NoArticle, match="doesn't want programs"):
            await lab.read()
    assert lab.asked == ["/robots.txt"]


@pytest.mark.parametrize(
    ("robots", "path", "may"),
    [
        ("", "/1", True),
        ("User-agent: *\nDisallow: /private", "/1", True),
        ("User-agent: *\nDisallow: /private", "/private/1", False),
        ("User-agent: *\nDisallow: /\nAllow: /1", "/1", True),
        ("User-agent: *\nDisallow: /*.html$", "/1.html", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Popcorn\nAllow: /", "/1", True),
        ("User-agent: OtherBot\nDisallow: /", "/1", True),
        ("<html><body>no rules at all", "/1", True),
        ("\x00\xff" * 99, "/1", True),
    ],
)
def test_the_rules_of_a_site_mean_what_they_say(robots: str, path: str, may: bool):
    assert may_read(robots.encode("latin-1"), f"https://lab.example{path}") is may


async def test_rules_are_kept_for_a_day():
    async with house({"/1": ARTICLE, "/robots.txt": rules("User-agent: *\nDisallow: /private")}) as lab:
        await lab.read()
        lab.clock.advance(hours=23)
        await lab.read()
        lab.clock.advance(seconds=(ROBOTS_KEPT - timedelta(hours=23)).total_seconds())
        await lab.read()

    assert lab.asked.count("/robots.txt") == 2


async def test_rules_that_cannot_be_had_forbid_all_for_an_hour():
    async with house({"/1": ARTICLE, "/robots.txt": PageAnswer(status=503)}) as lab:
        for _ in range(2):
            with pytest.raises(NoArticle, match="doesn't want"):
                await lab.read()
        assert lab.asked == ["/robots.txt"]
        lab.clock.advance(seconds=ROBOTS_AGAIN.total_seconds())
        lab.site.pages["/robots.txt"] = PageAnswer(status=404)

        assert (await lab.read())[1].startswith(FIRST)


async def test_of_rules_without_end_nothing_is_kept():
    async with house({"/1": ARTICLE, "/robots.txt": endless(b"Allow: /a\n" * 5000)}) as lab:
        with pytest.raises(NoArticle, match="doesn't want"):
            await lab.read()
        assert sum(len(one.text or b"") for one in lab.pages._rules.values()) <= MOST_RULES


async def test_a_site_that_wants_to_be_left_alone_is():
    busy = PageAnswer(status=429, headers={"Retry-After": "600"})
    async with house({"/1": busy}) as lab:
        with pytest.raises(FetchFailed):
            await lab.read()
        before = len(lab.asked)
        with pytest.raises(HostParked):
            await lab.read("/2")
        assert len(lab.asked) == before


async def test_closing_ends_the_worker_and_fails_what_comes_later():
    async with house({"/1": ARTICLE}) as lab:
        worker = psutil.Process(await lab.pages._run(worker_id))

        await lab.pages.close()

        assert not worker.is_running()
        with pytest.raises(NoArticle, match="stopping"):
            await lab.read()
