"""A small feed site for the demo: four sources, and new articles every few seconds."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from html import escape
from struct import pack

from aiohttp import web
from yarl import URL

from sandbox.stories import COMING, SOURCES, STANDING, Article, Source

# The first new articles come quickly, so that there is something to see; then it gets calmer.
QUICK, CALM = 4.0, 12.0
QUICK_ARTICLES = 5
# Cards show https pictures only, and nothing on loopback is https. The demo page knows whose these are.
PICTURES = "https://pictures.popcorn.example/"
PICTURE_SIZE = (480, 240)
TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}


class DemoSite:
    """What is published so far. Add it to an application with :meth:`serve`."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self._published = [
            (article, article.published or now - timedelta(minutes=30 * number))
            for number, article in enumerate(STANDING)
        ]
        # Where it lies, to be set once that is known: http://127.0.0.1:8642/site
        self.base = ""

    @property
    def feeds(self) -> list[str]:
        """The addresses of the feeds, in the order of ``SOURCES``."""
        return [self.feed_url(source) for source in SOURCES]

    def feed_url(self, source: Source) -> str:
        return f"{self.base}/{source.key}/feed.{'json' if source.kind == 'json' else 'xml'}"

    def serve(self, app: web.Application) -> None:
        """Add the site's pages below ``/site``."""
        app.router.add_get("/site/", self._front)
        app.router.add_get("/site/{source}/", self._source_page)
        app.router.add_get("/site/{source}/feed.{kind}", self._feed)
        app.router.add_get("/site/{source}/{article}", self._article)

    async def publish(self) -> None:
        """Publish one prepared article after the other, and return when all are out."""
        for number, article in enumerate(COMING):
            await asyncio.sleep(QUICK if number < QUICK_ARTICLES else CALM)
            self._published.append((article, datetime.now(UTC)))

    # ------------------------------------------------------------------- pages

    async def _front(self, _: web.Request) -> web.Response:
        links = "".join(f'<li><a href="{source.key}/">{escape(source.name)}</a></li>' for source in SOURCES)
        return _html("The demo's newsstand", f"<ul>{links}</ul>")

    async def _source_page(self, request: web.Request) -> web.Response:
        source = _source(request)
        articles = "".join(
            f'<li><a href="{article.key}">{escape(article.title)}</a></li>' for article, _ in self._of(source)
        )
        return _html(source.name, f"<p>{escape(source.about)}</p><ul>{articles}</ul>", self._alternate(source))

    async def _article(self, request: web.Request) -> web.Response:
        source = _source(request)
        for article, published in self._of(source):
            if article.key == request.match_info["article"]:
                text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in article.paragraphs)
                dateline = f"<p><small>{escape(source.name)}, {published:%d %B %Y}</small></p>"
                body = f"{dateline}<p><b>{escape(article.summary)}</b></p>{text}"
                return _html(article.title, body, self._alternate(source))
        raise web.HTTPNotFound

    def _alternate(self, source: Source) -> str:
        attributes = {"type": TYPES[source.kind], "title": source.name, "href": self.feed_url(source)}
        told = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
        return f'<link rel="alternate" {told}>'

    async def _feed(self, request: web.Request) -> web.Response:
        source = _source(request)
        make = {"rss": self._rss, "atom": self._atom, "json": self._json}[source.kind]
        body = make(source, self._of(source)).encode()
        headers = {"ETag": f'"{blake2b(body, digest_size=8).hexdigest()}"', "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=TYPES[source.kind], charset="utf-8", headers=headers)

    def _of(self, source: Source) -> list[tuple[Article, datetime]]:
        """This source's articles, newest first."""
        return [
            (article, published) for article, published in reversed(self._published) if article.source == source.key
        ]

    def _link(self, article: Article) -> str:
        """The address of an article, or of the one it only points to.

        Browsers take each name under localhost for this machine; each source has one.
        """
        base = URL(self.base)
        article = next((each for each in (*STANDING, *COMING) if each.key == article.points_to), article)
        return f"{base.with_host(f'{article.source}.localhost')}/{article.source}/{article.key}"

    def _rss(self, source: Source, articles: Iterable[tuple[Article, datetime]]) -> str:
        items = "".join(
            f"<item><title>{escape(article.title)}</title><link>{self._link(article)}</link>"
            f'<guid isPermaLink="false">{source.key}:{article.key}</guid>'
            f"<pubDate>{format_datetime(published)}</pubDate>"
            f"<description>{escape(escape(article.summary, quote=False))}</description>"
            f"<content:encoded>{escape(_whole(article))}</content:encoded>"
            + (f'<media:content url="{_picture_url(article)}" medium="image"/>' if article.picture else "")
            + "</item>"
            for article, published in articles
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" '
            'xmlns:content="http://purl.org/rss/1.0/modules/content/">'
            f"<channel><title>{escape(source.name)}</title><link>{self.base}/{source.key}/</link>"
            f"<description>{escape(source.about)}</description>{items}</channel></rss>"
        )

    def _atom(self, source: Source, articles: Iterable[tuple[Article, datetime]]) -> str:
        items = "".join(
            f"<entry><title>{escape(article.title)}</title><id>urn:demo:{source.key}:{article.key}</id>"
            f'<link rel="alternate" type="text/html" href="{self._link(article)}"/>'
            f"<published>{published.isoformat()}</published><updated>{published.isoformat()}</updated>"
            f'<summary>{escape(article.summary)}</summary><content type="html">{escape(_whole(article))}</content>'
            + (f'<link rel="enclosure" type="image/png" href="{_picture_url(article)}"/>' if article.picture else "")
            + "</entry>"
            for article, published in articles
        )
        updated = max(published for _, published in self._published).isoformat()
        return (
            '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
            f"<title>{escape(source.name)}</title><subtitle>{escape(source.about)}</subtitle><updated>{updated}</updated>"
            f'<id>urn:demo:{source.key}</id><link href="{self.base}/{source.key}/"/>{items}</feed>'
        )

    def _json(self, source: Source, articles: Iterable[tuple[Article, datetime]]) -> str:
        items = [
            {
                "id": f"{source.key}:{article.key}",
                "url": self._link(article),
                "title": article.title,
                "summary": article.summary,
                "content_html": _whole(article),
                "date_published": published.isoformat(),
                **({"image": _picture_url(article)} if article.picture else {}),
            }
            for article, published in articles
        ]
        head = {"version": "https://jsonfeed.org/version/1.1", "title": source.name, "description": source.about}
        return json.dumps({**head, "home_page_url": f"{self.base}/{source.key}/", "items": items}, ensure_ascii=False)


def picture(key: str) -> bytes:
    """A PNG for a article: hills under a sun in colours of its own. The same key gives the same picture."""
    seed = blake2b(key.encode(), digest_size=12).digest()
    width, height = PICTURE_SIZE
    top, low = (seed[0] // 2, seed[1] // 2, 90 + seed[2] // 3), (150 + seed[3] // 3, 90 + seed[4] // 2, seed[5] // 2)
    sun_x, sun_y, radius = 60 + seed[6] % 360, 50 + seed[7] % 60, 26 + seed[8] % 24
    rows = bytearray()
    for y in range(height):
        sky = bytes(round(a + (b - a) * y / height) for a, b in zip(top, low, strict=True))
        row = bytearray(sky * width)
        across = max(radius**2 - (y - sun_y) ** 2, 0) ** 0.5
        _paint(row, sun_x - across, sun_x + across, (255, 236, 200))
        for number in range(3):
            peak_x, peak_y = (seed[9 + number] * 2) % width, 90 + number * 40
            if y > peak_y:
                slope = (y - peak_y) * (2.2 + number * 0.8)
                _paint(row, peak_x - slope, peak_x + slope, tuple(part // (2 + number) for part in top))
        rows += b"\0" + row
    header = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _paint(row: bytearray, left: float, right: float, colour: tuple[int, ...]) -> None:
    start, end = max(round(left), 0), min(round(right), len(row) // 3)
    if start < end:
        row[start * 3 : end * 3] = bytes(colour) * (end - start)


def _whole(article: Article) -> str:
    """The whole of an article as HTML: the demo's sources keep nothing back from their feeds."""
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in article.paragraphs)


def _picture_url(article: Article) -> str:
    return f"{PICTURES}{article.key}.png"


def _source(request: web.Request) -> Source:
    for source in SOURCES:
        if source.key == request.match_info["source"]:
            return source
    raise web.HTTPNotFound


def _html(title: str, body: str, head: str = "") -> web.Response:
    page = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}'
        '<meta name="viewport" content="width=device-width"><style>body{max-width:40rem;margin:2rem auto;'
        "padding:0 1rem;font:1.05rem/1.6 Georgia,serif}</style></head>"
        f"<body><p><small>A made-up page of the Popcorn demo.</small></p><h1>{escape(title)}</h1>{body}</body></html>"
    )
    return web.Response(text=page, content_type="text/html")
