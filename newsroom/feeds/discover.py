"""Finding the feeds a web page points at. Runs in a worker process too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree

from newsroom.feeds.entries import web_address
from newsroom.models import FeedLink
from newsroom.text import clean, shorten

MOST_LINKS = 10
"""Feeds named of one page; nobody chooses well among more."""

LONGEST_TITLE = 100

_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json"}
)
_FEED_PATH = re.compile(
    r"/(?:feeds?|rss|atom)(?:/|$)|\.(?:rss|atom|rdf)$|/(?:feed|rss|atom|index|posts)[\w-]*\.(?:xml|json)$",
    re.IGNORECASE,
)


def feed_links(body: bytes, url: str) -> tuple[FeedLink, ...]:
    """Find the feeds of a page that came from ``url``: those it declares, else the links that look like feeds.

    Each address once, in the order of the page, at most MOST_LINKS. All are absolute and http(s).
    """
    page = etree.fromstring(body, etree.HTMLParser(encoding=_encoding(body), no_network=True))
    if page is None:  # not one element
        return ()
    base = next((made for tag in page.iter("base") if (made := web_address(tag.get("href"), url))), url)
    return _first_of_each(_declared(page, base)) or _first_of_each(_linked(page, base))


def _encoding(body: bytes) -> str | None:
    """Most pages are UTF-8, and not all of them say so; the others are left to their own word."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _first_of_each(links: Iterator[FeedLink]) -> tuple[FeedLink, ...]:
    found: dict[str, FeedLink] = {}
    for link in links:
        found.setdefault(link.url, link)
    return tuple(islice(found.values(), MOST_LINKS))


def _declared(page: etree._Element, base: str) -> Iterator[FeedLink]:
    for tag in page.iter("link"):
        kind = (tag.get("type") or "").partition(";")[0].strip().lower()
        if "alternate" not in (tag.get("rel") or "").lower().split() or kind not in _TYPES:
            continue
        address = web_address(tag.get("href"), base)
        # WordPress names each page's data as an alternate too; that is no feed.
        if address and not (kind == "application/json" and "feed" not in address):
            yield FeedLink(url=address, title=_title(tag.get("title") or ""))


def _linked(page: etree._Element, base: str) -> Iterator[FeedLink]:
    for tag in page.iter("a"):
        address = web_address(tag.get("href"), base)
        if address and _FEED_PATH.search(urlsplit(address).path):
            yield FeedLink(url=address, title=_title("".join(map(str, tag.itertext()))))


def _title(text: str) -> str:
    return shorten(clean(text), LONGEST_TITLE)
