import asyncio
import gzip
import os
import socket
import threading
import zlib
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import brotli
import pytest
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st

from newsroom.errors import AddressRefused, FetchFailed, HostParked
from newsroom.feeds.fetch import (
    LOOK_UPS_A_DOMAIN,
    MOST_BYTES,
    MOST_REDIRECTS,
    PART_BYTES,
    Fetcher,
    fresh_for,
    retry_after,
    unfolder,
)
from newsroom.feeds.parking import Parking
from newsroom.feeds.schedule import LONGEST_WAIT
from newsroom.feeds.slots import MOST_BYTES_ASIDE
from tests.web import PageAnswer, breaking_off, endless, page_site, redirect, silent, stalling

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
FEED = b"<rss version='2.0'/>"


@asynccontextmanager
async def web(pages, **options):
    """A site with these pages, and a fetcher that is let in there and nowhere else."""
    async with page_site(pages) as running:
        fetcher = Fetcher(allow_hosts=[running.host], now=lambda: NOON, **options)
        try:
            yield running, fetcher
        finally:
            await fetcher.close()


async def failure(fetcher, url, **options):
    with pytest.raises(FetchFailed) as failed:
        await fetcher.get(url, **options)
    assert str(failed.value).endswith(".")
    assert "127.0.0.1" not in str(failed.value)
    return failed.value


async def test_a_feed_comes_with_what_the_next_round_needs_to_know():
    headers = {"ETag": '"v1"', "Last-Modified": "Thu, 15 Jan 2026 11:00:00 GMT", "Content-Type": "application/rss+xml"}
    async with web({"/feed": PageAnswer(FEED, headers=headers)}) as (running, fetcher):
        fetched = await fetcher.get(running.url("/feed"))

    assert fetched.status == 200
    assert fetched.body == FEED
    assert fetched.url == running.url("/feed")
    assert (fetched.etag, fetched.last_modified) == ('"v1"', "Thu, 15 Jan 2026 11:00:00 GMT")
    assert fetched.content_type == "application/rss+xml"
    assert fetched.permanent_url == running.url("/feed")
    assert not fetched.not_modified


async def test_an_unchanged_feed_is_asked_for_by_its_validators_and_keeps_them():
    async with web({"/feed": PageAnswer(status=304)}) as (running, fetcher):
        fetched = await fetcher.get(running.url("/feed"), etag='"v1"', last_modified="yesterday")

    assert running.requests[0].headers["If-None-Match"] == '"v1"'
    assert running.requests[0].headers["If-Modified-Since"] == "yesterday"
    assert fetched.not_modified
    assert (fetched.etag, fetched.last_modified) == ('"v1"', "yesterday")


async def test_a_304_that_nobody_asked_for_is_a_failure_because_there_is_nothing_to_keep():
    async with web({"/feed": PageAnswer(status=304)}) as (running, fetcher):
        assert (await failure(fetcher, running.url("/feed"))).status == 304


@pytest.mark.parametrize("odd", ["x" * 1025, "a\r\nX-Injected: 1", "caf\xe9", "\udcff", ""])
async def test_a_validator_that_is_too_long_or_odd_is_never_sent(odd):
    async with web({"/feed": PageAnswer(FEED)}) as (running, fetcher):
        await fetcher.get(running.url("/feed"), etag=odd, last_modified=odd)

    assert not {"If-None-Match", "If-Modified-Since", "X-Injected"} & running.requests[0].headers.keys()


async def test_a_validator_that_is_too_long_is_never_remembered():
    async with web({"/feed": PageAnswer(FEED, headers={"ETag": "x" * 1025})}) as (running, fetcher):
        assert (await fetcher.get(running.url("/feed"))).etag is None


async def test_we_say_who_we_are_and_where_to_complain():
    async with web({"/feed": PageAnswer(FEED)}, contact="https://popcorn.example/about\r\n(x)") as (running, fetcher):
        await fetcher.get(running.url("/feed"))

    agent = running.requests[0].headers["User-Agent"]
    assert agent.startswith("Popcorn/")
    assert agent.endswith(" (+https://popcorn.example/aboutx)")
    assert running.requests[0].headers["Accept-Encoding"] == "gzip, deflate, br"


async def test_cookies_are_not_kept():
    async with web({"/feed": PageAnswer(FEED, headers={"Set-Cookie": "id=1"})}) as (running, fetcher):
        await fetcher.get(running.url("/feed"))
        await fetcher.get(running.url("/feed"))

    assert "Cookie" not in running.requests[1].headers


def raw_deflate(body):
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeezer.compress(body) + squeezer.flush()


SQUEEZERS = {
    "gzip": ("gzip", gzip.compress),
    "gzip by its old name": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without its header": ("deflate", raw_deflate),
    "brotli": ("br", brotli.compress),
}
squeezed = pytest.mark.parametrize(("encoding", "squeeze"), SQUEEZERS.values(), ids=SQUEEZERS.keys())


@squeezed
async def test_a_compressed_body_is_unfolded(encoding, squeeze):
    page = PageAnswer(squeeze(FEED * 1000), headers={"Content-Encoding": encoding})
    async with web({"/feed": page}) as (running, fetcher):
        assert (await fetcher.get(running.url("/feed"))).body == FEED * 1000


@squeezed
async def test_a_compressed_body_that_was_cut_off_is_a_failure(encoding, squeeze):
    page = PageAnswer(squeeze(os.urandom(5000))[:-100], headers={"Content-Encoding": encoding, "ETag": '"v1"'})
    async with web({"/feed": page}) as (running, fetcher):
        assert "broke off" in str(await failure(fetcher, running.url("/feed")))


@squeezed
async def test_a_compressed_body_that_grows_without_end_is_given_up_at_the_limit(encoding, squeeze):
    page = PageAnswer(squeeze(bytes(MOST_BYTES + 1)), headers={"Content-Encoding": encoding})
    async with web({"/feed": page}) as (running, fetcher):
        assert "too large" in str(await failure(fetcher, running.url("/feed")))


@squeezed
async def test_what_follows_a_compressed_body_without_end_is_given_up(encoding, squeeze):
    page = PageAnswer(squeeze(FEED) + bytes(MOST_BYTES + 1), headers={"Content-Encoding": encoding})
    async with web({"/feed": page}) as (running, fetcher):
        words = str(await failure(fetcher, running.url("/feed")))

    assert "too large" in words or "compressed" in words


@squeezed
async def test_a_body_just_as_large_as_allowed_is_taken(encoding, squeeze):
    page = PageAnswer(squeeze(bytes(MOST_BYTES)), headers={"Content-Encoding": encoding})
    async with web({"/feed": page}) as (running, fetcher):
        assert len((await fetcher.get(running.url("/feed"))).body) == MOST_BYTES


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(FEED))),
        ("gzip", FEED),
        ("br", FEED),
        ("deflate", FEED),
        ("zstd", FEED),
    ],
    ids=["gzip twice", "no gzip", "no br", "no deflate", "zstd"],
)
async def test_a_compression_that_is_wrong_unknown_or_doubled_is_a_failure(encoding, body):
    async with web({"/feed": PageAnswer(body, headers={"Content-Encoding": encoding})}) as (running, fetcher):
        assert "compressed" in str(await failure(fetcher, running.url("/feed")))


async def test_an_empty_body_that_claims_to_be_compressed_is_just_empty():
    async with web({"/feed": PageAnswer(b"", headers={"Content-Encoding": "gzip"})}) as (running, fetcher):
        assert (await fetcher.get(running.url("/feed"))).body == b""


async def test_a_body_that_never_ends_is_given_up_at_the_limit():
    async with web({"/feed": endless(bytes(1 << 18))}) as (running, fetcher):
        assert "too large" in str(await failure(fetcher, running.url("/feed")))


async def test_of_a_200_mb_body_not_much_more_than_the_limit_is_read():
    sent = 0

    async def huge(request):
        nonlocal sent
        response = aiohttp.web.StreamResponse(headers={"Content-Length": str(200_000_000)})
        await response.prepare(request)
        while sent < 200_000_000:
            await response.write(bytes(100_000))
            sent += 100_000
        return response

    async with web({"/feed": huge}) as (running, fetcher):
        assert "too large" in str(await failure(fetcher, running.url("/feed")))

    assert sent < 100_000_000


async def test_a_body_that_breaks_off_is_a_failure():
    async with web({"/feed": breaking_off(FEED, promised=1000)}) as (running, fetcher):
        assert "broke off" in str(await failure(fetcher, running.url("/feed")))


@pytest.mark.parametrize("page", [silent, stalling(FEED)], ids=["no answer", "half an answer"])
async def test_a_server_that_stalls_is_left_when_the_budget_is_used_up(page):
    async with web({"/feed": page}) as (running, fetcher):
        assert "too long" in str(await failure(fetcher, running.url("/feed"), budget=0.1))


async def test_the_budget_covers_all_hops_together():
    async with web({"/feed": redirect("/next"), "/next": silent}) as (running, fetcher):
        assert "too long" in str(await failure(fetcher, running.url("/feed"), budget=0.1))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (204, "204"),
        (206, "206"),
        (400, "400"),
        (401, "login"),
        (403, "doesn't let"),
        (404, "nothing there. Check it for typing mistakes"),
        (410, "gone for good"),
        (429, "less often"),
        (500, "trouble"),
        (503, "trouble"),
    ],
)
async def test_each_bad_answer_is_told_in_its_own_words(status, words):
    async with web({"/feed": PageAnswer(status=status)}) as (running, fetcher):
        failed = await failure(fetcher, running.url("/feed"))

    assert failed.status == status
    assert words in str(failed)
    assert failed.retry_after is None


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_for_rest_is_heard(status):
    async with web({"/feed": PageAnswer(status=status, headers={"Retry-After": "120"})}) as (running, fetcher):
        assert (await failure(fetcher, running.url("/feed"))).retry_after == timedelta(minutes=2)


async def test_an_answer_that_is_no_http_is_a_failure():
    async def gibberish(reader, writer):
        await reader.readline()
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(gibberish, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    fetcher = Fetcher(allow_hosts=[host], now=lambda: NOON)
    async with server:
        assert await failure(fetcher, f"http://{host}/")
    await fetcher.close()


async def test_a_host_that_answers_nothing_and_one_that_does_not_exist_are_told_apart():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        fetcher = Fetcher(allow_hosts=[host], now=lambda: NOON, resolver=Resolver())
        assert "nobody answers" in str(await failure(fetcher, f"http://{host}/"))
        assert "no server of that name" in str(await failure(fetcher, "http://unknown.example/"))
        assert "no server of that name" in str(await failure(fetcher, f"http://{'a' * 70}.example/"))
        await fetcher.close()


async def test_a_server_without_a_valid_certificate_is_not_trusted():
    async with web({}) as (running, fetcher):
        assert "certificate" in str(await failure(fetcher, running.url().replace("http:", "https:")))


# Redirects


async def test_a_feed_that_moved_for_ever_says_where_to():
    pages = {"/a": redirect("/b", 301), "/b": redirect("c", 308), "/c": PageAnswer(FEED)}
    async with web(pages) as (running, fetcher):
        fetched = await fetcher.get(running.url("/a"))

    assert fetched.body == FEED
    assert fetched.url == fetched.permanent_url == running.url("/c")


@pytest.mark.parametrize(
    "spelling", ["HTTP://LOCALHOST:{}/feed", "http://localhost:{}/a/../feed#news", " http://localhost:{}/feed"]
)
async def test_however_an_address_is_spelt_it_is_asked_under_one_from_then_on(spelling):
    async with page_site({"/feed": PageAnswer(FEED)}) as running:
        fetcher = Fetcher(allow_hosts=["localhost"], now=lambda: NOON)
        fetched = await fetcher.get(spelling.format(running.port))
        await fetcher.close()

    assert fetched.permanent_url == f"http://localhost:{running.port}/feed"


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_after_a_redirect_for_now_nothing_is_for_ever(status):
    pages = {"/a": redirect("/b", status), "/b": redirect("/c", 301), "/c": PageAnswer(FEED)}
    async with web(pages) as (running, fetcher):
        fetched = await fetcher.get(running.url("/a"))

    assert (fetched.url, fetched.permanent_url) == (running.url("/c"), running.url("/a"))


async def test_a_move_for_ever_holds_even_if_a_redirect_for_now_follows():
    pages = {"/a": redirect("/b", 301), "/b": redirect("/c", 302), "/c": PageAnswer(FEED)}
    async with web(pages) as (running, fetcher):
        fetched = await fetcher.get(running.url("/a"))

    assert (fetched.url, fetched.permanent_url) == (running.url("/c"), running.url("/b"))


async def test_a_feed_that_redirects_in_circles_is_left_after_a_few_hops():
    async with web({"/a": redirect("/a", 301)}) as (running, fetcher):
        assert "circles" in str(await failure(fetcher, running.url("/a")))

    assert len(running.requests) == MOST_REDIRECTS + 1


@pytest.mark.parametrize("location", ["http://[::1", "http://example.com:99999/"])
async def test_a_redirect_to_nonsense_is_a_failure(location):
    async with web({"/a": redirect(location)}) as (running, fetcher):
        with pytest.raises((FetchFailed, AddressRefused)):
            await fetcher.get(running.url("/a"))


SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "127.000.000.001",
    "0177.0.0.1",
    "017700000001",
    "0x7f.0.0.1",
    "0x7f000001",
    "2130706433",
    "127.127.127.127",
    "0.0.0.0",
    "0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
]


@pytest.mark.parametrize("host", SPELLINGS)
async def test_a_redirect_to_this_machine_is_refused_however_it_is_spelt(host):
    async with page_site({"/": PageAnswer(b"secret")}) as inner:
        pages = {"/a": redirect(f"http://{host}:{inner.port}/")}
        async with web(pages) as (running, fetcher):
            with pytest.raises((AddressRefused, FetchFailed)) as refused:
                await fetcher.get(running.url("/a"))

    assert not inner.requests
    assert host not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433"])
async def test_this_machine_is_refused_as_a_first_address_too(host):
    async with page_site({"/": PageAnswer(b"secret")}) as inner:
        fetcher = Fetcher(now=lambda: NOON)
        with pytest.raises(AddressRefused):
            await fetcher.get(f"http://{host}:{inner.port}/")
        await fetcher.close()

    assert not inner.requests


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "ftp://127.0.0.1/",
        "dict://127.0.0.1:11211/stats",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
        "ws://127.0.0.1/",
        "http://user:secret@127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
async def test_a_redirect_out_of_the_public_web_is_refused(location):
    async with web({"/a": redirect(location)}) as (running, fetcher):
        with pytest.raises(AddressRefused) as refused:
            await fetcher.get(running.url("/a"))

    assert len(running.requests) == 1
    assert "169.254" not in str(refused.value)
    assert "secret" not in str(refused.value)


class Resolver(AbstractResolver):
    """Answers names out of a table; a list is given out one address at a time."""

    def __init__(self, **addresses):
        self.addresses = addresses

    async def resolve(self, host, port=0, family=socket.AF_INET):
        name = host.partition(".")[0]
        if name not in self.addresses:
            raise OSError(None, "unknown")
        return [
            {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}
            for address in self.addresses[name]
        ]

    async def close(self):
        pass


async def test_names_that_no_server_answers_for_keep_no_other_name_waiting(monkeypatch: pytest.MonkeyPatch):
    loop, one_hangs, answered = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def look_up(host, *args):
        if host != "good.example":
            loop.call_soon_threadsafe(one_hangs.set)
            answered.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", running.port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with page_site({"/feed": PageAnswer(FEED)}) as running:
        fetcher = Fetcher(allow_hosts=["good.example"], now=lambda: NOON)
        hanging = [asyncio.create_task(fetcher.get(f"http://{number}.example/")) for number in range(40)]
        await one_hangs.wait()
        try:
            fetched = await fetcher.get(f"http://good.example:{running.port}/feed")
        finally:
            answered.set()
            await asyncio.gather(*hanging, return_exceptions=True)
            await fetcher.close()

    assert fetched.body == FEED


class Names:
    """The system's look-ups: of names below silent.example they don't return until ``answered`` is set."""

    def __init__(self, port):
        self.port = port
        self.hanging = []
        self.loop, self.enough_hang = asyncio.get_running_loop(), asyncio.Event()
        self.answered = threading.Event()

    def look_up(self, host, *args):
        if host.endswith("silent.example"):
            self.hanging.append(host)
            if len(self.hanging) == LOOK_UPS_A_DOMAIN:
                self.loop.call_soon_threadsafe(self.enough_hang.set)
            self.answered.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", self.port))]


async def test_no_number_of_names_below_one_silent_domain_keeps_another_waiting(monkeypatch: pytest.MonkeyPatch):
    async with page_site({"/feed": PageAnswer(FEED)}) as running:
        names = Names(running.port)
        monkeypatch.setattr(socket, "getaddrinfo", names.look_up)
        fetcher = Fetcher(allow_hosts=["good.example"], now=lambda: NOON, concurrency=1_000)
        hanging = [asyncio.create_task(fetcher.get(f"http://h{number}.silent.example/")) for number in range(900)]
        await names.enough_hang.wait()
        try:
            assert (await fetcher.get(f"http://good.example:{running.port}/feed")).body == FEED
            assert len(names.hanging) == LOOK_UPS_A_DOMAIN
        finally:
            names.answered.set()
            await asyncio.gather(*hanging, return_exceptions=True)
            await fetcher.close()


async def test_a_look_up_that_was_given_up_counts_until_the_system_is_done_with_it(monkeypatch: pytest.MonkeyPatch):
    async with page_site({"/feed": PageAnswer(FEED)}) as running:
        names = Names(running.port)
        monkeypatch.setattr(socket, "getaddrinfo", names.look_up)
        fetcher = Fetcher(allow_hosts=["good.example", "h9.silent.example"], now=lambda: NOON)
        address = f"http://h9.silent.example:{running.port}/feed"
        given_up = [failure(fetcher, f"http://h{number}.silent.example/", budget=0.01) for number in range(8)]
        await asyncio.gather(*given_up, failure(fetcher, address, budget=0.01))
        await names.enough_hang.wait()
        try:
            assert (await fetcher.get(f"http://good.example:{running.port}/feed")).body == FEED
            assert len(names.hanging) == LOOK_UPS_A_DOMAIN
        finally:
            names.answered.set()

        assert (await fetcher.get(address)).body == FEED
        await fetcher.close()


async def test_a_name_is_judged_by_the_address_that_is_connected_to():
    async with page_site({"/": PageAnswer(b"secret")}) as inner:
        fetcher = Fetcher(now=lambda: NOON, resolver=Resolver(rebound=["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1"]))
        with pytest.raises(AddressRefused) as refused:
            await fetcher.get(f"http://rebound.example:{inner.port}/")
        await fetcher.close()

    assert not inner.requests
    assert "127.0.0.1" not in str(refused.value)


async def test_a_host_let_in_by_name_may_lead_to_a_private_address_and_no_other_name_may():
    async with page_site({"/": PageAnswer(FEED)}) as inner:
        fetcher = Fetcher(
            allow_hosts=[f"intra.example:{inner.port}"],
            now=lambda: NOON,
            resolver=Resolver(intra=["127.0.0.1"], other=["127.0.0.1"]),
        )
        assert (await fetcher.get(f"http://intra.example:{inner.port}/")).body == FEED
        with pytest.raises(AddressRefused):
            await fetcher.get(f"http://other.example:{inner.port}/")
        await fetcher.close()


# Places


async def test_one_host_gets_few_requests_at_once():
    at_once = most = 0
    go_on = asyncio.Event()

    async def wait(request):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await go_on.wait()
        at_once -= 1
        return aiohttp.web.Response(body=FEED)

    async with web({"/feed": wait}, per_host=2) as (running, fetcher):
        everyone = [asyncio.create_task(fetcher.get(running.url("/feed"))) for _ in range(6)]
        await running.was_asked(times=2)
        go_on.set()
        assert [fetched.body for fetched in await asyncio.gather(*everyone)] == [FEED] * 6

    assert most == 2


async def test_waiting_for_a_place_costs_nothing_of_the_budget():
    async with web({"/slow": silent, "/feed": PageAnswer(FEED)}, per_host=1) as (running, fetcher):
        slow = asyncio.create_task(failure(fetcher, running.url("/slow"), budget=0.6))
        await running.was_asked()

        # The wait alone is longer than this budget.
        assert (await fetcher.get(running.url("/feed"), budget=0.3)).body == FEED
        await slow


async def test_a_slow_host_takes_no_places_from_the_others():
    async with page_site({"/": PageAnswer(FEED)}) as other, page_site({"/slow": silent}) as slow_site:
        fetcher = Fetcher(
            allow_hosts=[slow_site.host, f"localhost:{other.port}"], now=lambda: NOON, concurrency=2, per_host=1
        )
        stuck = [asyncio.create_task(fetcher.get(slow_site.url("/slow"))) for _ in range(5)]
        await slow_site.was_asked()

        assert (await fetcher.get(f"http://localhost:{other.port}/")).body == FEED

        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
        await fetcher.close()


HANGING = [f"h{number}.example" for number in range(6)]


@asynccontextmanager
async def hanging_hosts(page, **options):
    """Requests under way to several hosts that are slow, and a fetcher with two slots; the good host is free."""
    async with page_site({"/slow": page, "/feed": PageAnswer(FEED)}) as running:
        names = {name.partition(".")[0]: ["127.0.0.1"] for name in [*HANGING, "good.example"]}
        fetcher = Fetcher(
            allow_hosts=[*HANGING, "good.example"],
            now=lambda: NOON,
            resolver=Resolver(**names),
            concurrency=2,
            **options,
        )
        slow = [asyncio.create_task(fetcher.get(f"http://{name}:{running.port}/slow")) for name in HANGING]
        try:
            yield running, fetcher, slow
        finally:
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
            await fetcher.close()


@pytest.mark.parametrize("page", [silent, stalling(FEED)], ids=["no answer", "half an answer"])
async def test_servers_that_hang_delay_nobody(page):
    async with hanging_hosts(page, patience=0) as (running, fetcher, slow):
        await running.was_asked(times=len(HANGING))

        assert (await fetcher.get(f"http://good.example:{running.port}/feed")).body == FEED
        assert not any(task.done() for task in slow)


async def test_a_host_that_hangs_is_asked_no_more_often_at_once_for_that():
    async with web({"/slow": silent, "/feed": PageAnswer(FEED)}, per_host=2, patience=0) as (running, fetcher):
        slow = [asyncio.create_task(fetcher.get(running.url("/slow"))) for _ in range(5)]
        await running.was_asked(times=2)
        slow[0].cancel()
        await running.was_asked(times=3)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    assert len(running.requests) == 3


async def test_a_slow_server_that_answers_after_all_is_read():
    go_on = asyncio.Event()

    async def late(request):
        await go_on.wait()
        return aiohttp.web.Response(body=FEED)

    async with hanging_hosts(late, patience=0) as (running, _, slow):
        await running.was_asked(times=len(HANGING))
        go_on.set()

        assert {fetched.body for fetched in await asyncio.gather(*slow)} == {FEED}


async def test_a_server_that_hangs_is_left_when_the_budget_is_used_up_wherever_it_waits():
    async with web({"/slow": silent}, patience=0) as (running, fetcher):
        assert str(await failure(fetcher, running.url("/slow"), budget=0.1)) == (
            "That server takes too long to answer."
        )


async def test_a_large_body_that_comes_slowly_takes_a_slot_again():
    go_on = asyncio.Event()

    async def large(request):
        await go_on.wait()
        return await stalling(bytes(MOST_BYTES_ASIDE + 1))(request)

    async with hanging_hosts(large, patience=0) as (running, fetcher, slow):
        await running.was_asked(times=len(HANGING))
        assert fetcher.slots.aside == len(HANGING)
        go_on.set()

        # There are two slots, and nobody who has one lets go of it.
        async with asyncio.timeout(10):
            while fetcher.slots.aside != len(HANGING) - 2:  # noqa: ASYNC110 (what comes over a socket sets no event)
                await asyncio.sleep(0)
        assert not any(task.done() for task in slow)


@squeezed
def test_a_small_piece_that_unfolds_to_a_large_body_does_so_little_by_little(encoding, squeeze):
    sizes = [len(part) for part in unfolder(encoding)(squeeze(bytes(5_000_000)))]

    assert sum(sizes) == 5_000_000
    assert max(sizes) <= 2 * PART_BYTES


# Retry-After


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", timedelta(0)),
        ("120", timedelta(seconds=120)),
        (" 120 ", timedelta(seconds=120)),
        ("9" * 40, LONGEST_WAIT),
        ("9" * 5000, LONGEST_WAIT),
        (format_datetime(NOON + timedelta(minutes=5), usegmt=True), timedelta(minutes=5)),
        (format_datetime(NOON - timedelta(days=5), usegmt=True), timedelta(0)),
        (format_datetime(NOON + timedelta(days=365), usegmt=True), LONGEST_WAIT),
    ],
)
def test_a_wait_lies_between_nothing_and_a_day(header, wait):
    assert retry_after(header, NOON) == wait


@pytest.mark.parametrize(
    "header", ["", "soon", "-1", "1.5", "Thu, 99 Foo 2026", "Thu, 1 Jan 99999999999999999999 00:00:00 GMT"]
)
def test_a_wait_that_is_neither_seconds_nor_a_date_is_no_wait(header):
    with pytest.raises(ValueError):
        retry_after(header, NOON)


@given(st.text())
def test_no_wait_however_odd_raises_anything_but_value_error(header):
    try:
        wait = retry_after(header, NOON)
    except ValueError:
        return
    assert timedelta(0) <= wait <= LONGEST_WAIT


# Never connected


# ------------------------------------------------------------------------------ being left alone


async def test_a_site_that_wants_to_be_asked_less_often_is_not_asked_again_before_its_time():
    busy = PageAnswer(status=429, headers={"Retry-After": "120"})
    async with web({"/feed": busy, "/other": PageAnswer(FEED)}) as (running, fetcher):
        await failure(fetcher, running.url("/feed"))

        with pytest.raises(HostParked, match="asked less often") as parked:
            await fetcher.get(running.url("/other"))

    assert parked.value.until == NOON + timedelta(seconds=120)
    assert len(running.requests) == 1


async def test_a_redirect_to_a_site_that_wants_to_be_left_alone_is_not_followed():
    parking = Parking()
    async with web({"/feed": PageAnswer(FEED)}) as (other, _), web({}, parking=parking) as (running, fetcher):
        running.pages["/feed"] = redirect(other.url("/feed").replace("127.0.0.1", "busy.example"))
        parking.park("www.busy.example", timedelta(hours=1), NOON)

        with pytest.raises(HostParked):
            await fetcher.get(running.url("/feed"))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_in_trouble_speaks_for_that_address_alone(status):
    trouble = PageAnswer(status=status, headers={"Retry-After": "120"})
    async with web({"/feed": trouble, "/other": PageAnswer(FEED)}) as (running, fetcher):
        await failure(fetcher, running.url("/feed"))

        assert (await fetcher.get(running.url("/other"))).body == FEED


@pytest.mark.parametrize("junk", ["soon", "-5", "1e9", "²", "9" * 40, "Thu, 99 Foo 2026", ""])
async def test_junk_for_a_wait_leaves_the_site_alone_for_a_time_of_our_own(junk):
    parking = Parking()
    busy = PageAnswer(status=429, headers={"Retry-After": junk})
    async with web({"/feed": busy}, parking=parking) as (running, fetcher):
        await failure(fetcher, running.url("/feed"))

    until = parking.until("127.0.0.1", NOON)
    assert until is not None and NOON < until <= NOON + LONGEST_WAIT


# ------------------------------------------------------------------------- headers of the operator's


async def test_the_operators_headers_go_to_the_host_they_are_for_and_nowhere_else():
    async with page_site({"/feed": PageAnswer(FEED)}) as other, page_site({"/feed": PageAnswer(FEED)}) as site:
        site.pages["/away"] = redirect(other.url("/feed"))
        headers = {site.host: {"User-Agent": "Firefox", "X-Key": "k"}}
        fetcher = Fetcher(allow_hosts=[site.host, other.host], now=lambda: NOON, extra_headers=headers)
        await fetcher.get(site.url("/feed"))
        await fetcher.get(site.url("/away"))
        await fetcher.close()

    assert [(request.headers["User-Agent"], request.headers["X-Key"]) for request in site.requests] == [
        ("Firefox", "k")
    ] * 2
    assert other.requests[0].headers["User-Agent"].startswith("Popcorn/")
    assert "X-Key" not in other.requests[0].headers


@pytest.mark.parametrize(
    ("place", "address", "is_sent"),
    [
        ("news.example", "https://news.example/feed", True),
        ("news.example", "https://news.example:443/feed", True),
        ("news.example", "https://news.example:8443/feed", False),
        ("news.example", "http://news.example/feed", False),
        ("news.example", "http://news.example:443/feed", False),
        ("news.example", "https://sub.news.example/feed", False),
        ("news.example:8443", "https://news.example:8443/feed", True),
        ("news.example:8443", "http://news.example:8443/feed", True),
        ("news.example:80", "http://news.example/feed", True),
        ("news.example:8443", "https://news.example/feed", False),
        ("[2606:4700::1]", "https://[2606:4700::1]/feed", True),
        ("[2606:4700::1]", "http://[2606:4700::1]/feed", False),
        ("http://news.example/feed", "http://news.example/feed", True),
        ("http://news.example/feed", "https://news.example/feed", False),
    ],
)
async def test_a_header_for_a_bare_host_goes_out_encrypted_and_to_the_usual_port_alone(
    monkeypatch, place, address, is_sent
):
    sent = []

    def nobody(session, address, *, headers, allow_redirects):
        sent.append(headers)
        raise aiohttp.ClientConnectionError

    monkeypatch.setattr(aiohttp.ClientSession, "get", nobody)
    fetcher = Fetcher(now=lambda: NOON, extra_headers={place: {"X-Key": "k"}})
    await failure(fetcher, address)
    await fetcher.close()

    assert ["X-Key" in headers for headers in sent] == [is_sent]


async def test_a_header_for_one_address_is_for_no_other_of_its_host():
    async with page_site({"/feed": PageAnswer(FEED), "/other": PageAnswer(FEED)}) as site:
        fetcher = Fetcher(allow_hosts=[site.host], now=lambda: NOON, extra_headers={site.url("/feed"): {"X-Key": "k"}})
        await fetcher.get(site.url("/feed"))
        await fetcher.get(site.url("/other"))
        await fetcher.close()

    assert ["X-Key" in request.headers for request in site.requests] == [True, False]


# --------------------------------------------------------------------- how long an answer stays good


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({"Cache-Control": "max-age=600"}, timedelta(minutes=10)),
        ({"Cache-Control": 'private, max-age="600"'}, timedelta(minutes=10)),
        ({"Cache-Control": "max-age=99999999999999999999"}, LONGEST_WAIT),
        ({"Expires": "Thu, 15 Jan 2026 13:00:00 GMT", "Date": "Thu, 15 Jan 2026 12:00:00 GMT"}, timedelta(hours=1)),
        ({"Expires": "Thu, 15 Jan 2026 11:00:00 GMT", "Date": "Thu, 15 Jan 2026 12:00:00 GMT"}, timedelta()),
        (
            {"Cache-Control": "max-age=60", "Expires": "Thu, 15 Jan 2026 13:00:00 GMT", "Date": "x"},
            timedelta(minutes=1),
        ),
        ({}, None),
        ({"Cache-Control": "s-maxage=600"}, None),
        ({"Cache-Control": "max-age=-1"}, None),
        ({"Expires": "0", "Date": "Thu, 15 Jan 2026 12:00:00 GMT"}, None),
        ({"Expires": "Thu, 15 Jan 2026 13:00:00 GMT"}, None),
    ],
)
def test_an_answer_says_how_long_it_stays_good(headers, length):
    assert fresh_for(headers) == length


@given(st.dictionaries(st.sampled_from(["Cache-Control", "Expires", "Date"]), st.text()))
def test_no_header_makes_an_answer_good_for_less_than_no_time_or_more_than_a_day(headers):
    assert timedelta() <= (fresh_for(headers) or timedelta()) <= LONGEST_WAIT
