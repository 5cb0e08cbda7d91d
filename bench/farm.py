"""The feed site that a measurement reads: made-up news feeds of realistic sizes, on loopback addresses.

Run as a process of its own, ``python -m bench.farm FEEDS HOSTS``. The same arguments give the same feeds.
"""

from __future__ import annotations

import asyncio
import gzip
import math
import re
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from html import escape
from random import Random

from aiohttp import web

from bench.lines import Answer, answer_questions, say

ITEMS = 20
MEDIAN_BYTES, MEAN_BYTES = 25_000, 45_000  # of a body before compression; as feeds of news sites are
MOST_BYTES = 500_000
MARKUP_BYTES = 630  # what an item takes besides its text
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

# Of twenty feeds two give out no validators, three only Last-Modified, fifteen that and an ETag.
WITHOUT_VALIDATORS = (0, 10)
WITHOUT_ETAG = (5, 11, 17)

WORDS = re.findall(
    r"\w+",
    """
    a about after against agents all also an and answers are as at be been benchmark better between billion both but by
    can chip claims closed code companies context cost could data day developers does every faster fewer first for
    free from general grows had has have how hundred in into is it its lab language larger last license like many
    match may memory million model models more most much never new no not now of on one only open or other our out
    over paper parameters people price release report researchers results run safety same says second server shows
    small so some source still system team tests than that the their them then there these they this those tokens
    training two under until up use users version was we week weights were what when where which while who will with
    without works would year you
    """,
)


class Farm:
    """Feeds that are published, each with the number of its newest item."""

    def __init__(self, feeds: int) -> None:
        random = Random("words")
        self._text = " ".join(random.choices(WORDS, weights=[1 / (n + 3) for n in range(len(WORDS))], k=200_000))
        self._newest = [ITEMS - 1] * feeds
        self._shown = [self._render(number) for number in range(feeds)]

    async def publish(self, feeds: int) -> Answer:
        """Publish one more item in a tenth of the first so many feeds, always others."""
        changed = Random(f"{feeds} {sum(self._newest)}").sample(range(feeds), feeds // 10)
        for number in changed:
            self._newest[number] += 1
            self._shown[number] = self._render(number)
        return {"articles": len(changed)}

    async def answer(self, request: web.Request) -> web.Response:
        body, headers = self._shown[int(request.match_info["number"])]
        asked_tag, asked_time = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
        if asked_tag or asked_time:
            is_same = asked_tag == headers.get("ETag") if asked_tag else asked_time == headers.get("Last-Modified")
            if is_same:
                validators = {name: value for name, value in headers.items() if not name.startswith("Content-")}
                return web.Response(status=304, headers=validators)
        return web.Response(body=body, headers=headers)

    def _render(self, number: int) -> tuple[bytes, dict[str, str]]:
        """The body of a feed, compressed, and its headers."""
        newest = self._newest[number]
        spread = math.sqrt(2 * math.log(MEAN_BYTES / MEDIAN_BYTES))
        size = min(Random(f"size {number}").lognormvariate(math.log(MEDIAN_BYTES), spread), MOST_BYTES)
        is_atom = number % 3 == 2
        item = self._entry if is_atom else self._item
        items = "".join(item(number, n, round(size / ITEMS)) for n in range(newest, newest - ITEMS, -1))
        body = (_atom if is_atom else _rss)(number, newest, items).encode()
        headers = {
            "Content-Type": f"application/{'atom' if is_atom else 'rss'}+xml; charset=utf-8",
            "Content-Encoding": "gzip",
        }
        if number % 20 not in WITHOUT_VALIDATORS:
            headers["Last-Modified"] = format_datetime(_published(newest), usegmt=True)
            if number % 20 not in WITHOUT_ETAG:
                headers["ETag"] = f'"{blake2b(body, digest_size=8).hexdigest()}"'
        return gzip.compress(body, 6, mtime=0), headers

    def _item(self, number: int, n: int, size: int) -> str:
        summary, paragraphs = self._texts(number, n, size)
        return (
            f"<item>\n<title>{self._words(number, n, 60).title()}</title>\n<link>{_link(number, n)}</link>\n"
            f"<dc:creator><![CDATA[A Writer]]></dc:creator>\n<pubDate>{format_datetime(_published(n))}</pubDate>\n"
            "<category><![CDATA[Models]]></category>\n<category><![CDATA[News]]></category>\n"
            f'<guid isPermaLink="false">{_site(number)}?p={n}</guid>\n'
            f"<description><![CDATA[<p>{summary}</p>]]></description>\n"
            f"<content:encoded><![CDATA[{paragraphs}]]></content:encoded>\n</item>\n"
        )

    def _entry(self, number: int, n: int, size: int) -> str:
        summary, paragraphs = self._texts(number, n, size)
        moment = _published(n).isoformat()
        return (
            f"<entry>\n<title>{self._words(number, n, 60).title()}</title>\n<id>tag:{number}.example,2026:{n}</id>\n"
            f'<link rel="alternate" type="text/html" href="{_link(number, n)}"/>\n'
            f"<published>{moment}</published>\n<updated>{moment}</updated>\n<author><name>A Writer</name></author>\n"
            f'<category term="models"/>\n<summary>{summary}</summary>\n'
            f'<content type="html">{escape(paragraphs)}</content>\n</entry>\n'
        )

    def _texts(self, number: int, n: int, size: int) -> tuple[str, str]:
        """A summary and the whole text of an item of so many bytes."""
        left = max(size - MARKUP_BYTES, 60)
        summary = self._words(number, n, min(left // 2, 250))
        text = self._words(number, n + 1000, max(left - len(summary), 30))
        pieces = [text[start : start + 400] for start in range(0, len(text), 400)]
        picture = f'<img src="https://pictures.example/{number}/{n}.jpg" width="800" height="450" alt="">'
        paragraphs = "\n".join(f'<p>{piece} <a href="{_site(number)}more">more</a></p>' for piece in pieces)
        return summary, f"<p>{picture}</p>\n{paragraphs}" if size > 2 * MARKUP_BYTES else paragraphs

    def _words(self, number: int, n: int, length: int) -> str:
        start = Random(f"{number} {n}").randrange(len(self._text) - length)
        return self._text[start : start + length].strip() or "Untitled"


def _site(number: int) -> str:
    return f"https://site-{number}.example/"


def _link(number: int, n: int) -> str:
    return f"{_site(number)}2026/{n}/what-happened-today"


def _published(n: int) -> datetime:
    return EPOCH + timedelta(hours=n)


def _rss(number: int, newest: int, items: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>'
        f"\n<title>Site {number}</title>\n<link>{_site(number)}</link>\n<description>News of all sorts</description>\n"
        f'<atom:link href="{_site(number)}feed" rel="self" type="application/rss+xml"/>\n<language>en</language>\n'
        f"<lastBuildDate>{format_datetime(_published(newest))}</lastBuildDate>\n{items}</channel>\n</rss>\n"
    )


def _atom(number: int, newest: int, items: str) -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>Site {number}</title>\n<id>{_site(number)}</id>\n"
        f'<link href="{_site(number)}"/>\n<link rel="self" href="{_site(number)}feed"/>\n'
        f"<updated>{_published(newest).isoformat()}</updated>\n{items}</feed>\n"
    )


async def main(feeds: int, hosts: int) -> None:
    """Serve until the input ends. The first line says where the feeds are."""
    farm = Farm(feeds)
    app = web.Application()
    app.router.add_get("/{number}/feed", farm.answer)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=60)
    await runner.setup()
    for n in range(hosts):
        await web.TCPSite(runner, f"127.0.0.{2 + n}", 0).start()
    assert runner.server is not None, "it has been set up"
    server = runner.server

    async def hang_up() -> Answer:
        """Close all connections, as the minutes between two rounds do."""
        for connection in server.connections:
            connection.force_close()
        return {}

    say({"hosts": [f"{host}:{port}" for host, port in runner.addresses]})
    await answer_questions({"publish": farm.publish, "hang_up": hang_up})
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
