"""JSON Feed 1.0 and 1.1, which feedparser doesn't read. Source: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape
from typing import Any

from newsroom.errors import NotAFeed
from newsroom.feeds.entries import LONGEST_SUMMARY, LONGEST_TITLE, FullTexts, document, entry, web_address
from newsroom.models import Document, Entry
from newsroom.text import LONGEST_MARKUP, clean, plain, shorten


def looks_like_json(body: bytes) -> bool:
    """Whether a body is a JSON object, by its first sign."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def parse_json(body: bytes, url: str) -> Document:
    """Read a JSON Feed that came from ``url``. Raises NotAFeed for all other JSON."""
    try:
        feed = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        raise NotAFeed("That looks like a JSON feed, but it is too broken to read.") from None
    if not isinstance(feed, dict) or "jsonfeed.org/version/" not in _string(feed.get("version")):
        raise NotAFeed("What that address sends is JSON, but not a JSON Feed.")
    items = feed.get("items")
    objects = (item for item in (items if isinstance(items, list) else ()) if isinstance(item, dict))
    texts = FullTexts()
    return document(
        title=_line(feed.get("title"), LONGEST_TITLE),
        site_url=web_address(feed.get("home_page_url"), url),
        entries=(_entry(item, url, texts) for item in objects),
        url=url,
    )


def _entry(item: dict[str, Any], url: str, texts: FullTexts) -> Entry | None:
    return entry(
        guid=_identifier(item.get("id")),
        link=web_address(item.get("url"), url) or web_address(item.get("external_url"), url),
        title=_line(item.get("title"), LONGEST_TITLE),
        summary=_line(item.get("summary"), LONGEST_SUMMARY)
        or plain(_string(item.get("content_html")), LONGEST_SUMMARY)
        or _line(item.get("content_text"), LONGEST_SUMMARY),
        picture=web_address(item.get("image"), url) or web_address(item.get("banner_image"), url),
        published=_moment(item.get("date_published")) or _moment(item.get("date_modified")),
        text=texts.of(map(_string, (item.get("content_html"), escape(_string(item.get("content_text")))))),
    )


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _line(value: object, limit: int) -> str:
    return shorten(clean(_string(value)[:LONGEST_MARKUP]), limit)


def _identifier(value: object) -> str | None:
    """Version 1.0 allowed numbers, to be read as text."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_string(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
