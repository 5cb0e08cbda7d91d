"""Reading a feed's body: RSS 0.90 to 2.0, RDF and Atom by feedparser, JSON Feed by a reader of ours.

It belongs into a worker process (``newsroom.feeds.workers``): feedparser can be made to eat minutes and gigabytes,
and raises all sorts of errors. So nothing heavy is imported here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import chain, repeat
from time import struct_time
from typing import Any

import feedparser  # type: ignore[import-untyped]
from lxml import etree

from newsroom.errors import NotAFeed
from newsroom.feeds.charset import to_utf8
from newsroom.feeds.cut import cut, fingerprint, most_items, split, without
from newsroom.feeds.entries import (
    LONGEST_HINT,
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    MOST_ENTRIES,
    FullTexts,
    document,
    entry,
    web_address,
)
from newsroom.feeds.jsonfeed import looks_like_json, parse_json
from newsroom.models import Document, Entry
from newsroom.text import LONGEST_MARKUP, clean, plain, shorten

MOST_UNCUT = 5 * MOST_ENTRIES
"""Items a document may have that doesn't cut into them, so that none can be left out unread."""

_LOOKED_AT = 10  # items at either end of a document that is too long
_XML = {"content-type": "application/xml; charset=utf-8"}

_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_CHARACTER = re.compile(rb"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_LONGEST_REFERENCE = 100

_MARKUP = re.compile(r"</?(?:a|b|br|code|div|em|font|h[1-6]|i|img|p|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE)
_BASE = re.compile(rb"[\s:]base\s*=", re.IGNORECASE)
_BASE_OF_FEED = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:rss|rdf|feed|channel)\s[^<>]*?[\s:]base\s*=", re.IGNORECASE)
_STRAY_SEMICOLON = re.compile(r"&(\w+);")
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)$", re.IGNORECASE)


def parse(body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document:
    """Read a feed that came from ``url`` with this Content-Type header.

    ``known`` are the fingerprints of items that need not be read again: they are left out of the document, which says
    so. It is read whole all the same if it is broken, doesn't cut cleanly, or has other items than it was cut into.

    Of more than MOST_ENTRIES items those at the end with the newest are read. An item that feedparser raises over is
    left out, if it can be told from the others. Raises NotAFeed, and on odd input whatever else feedparser raises.
    """
    if not body.strip():
        raise NotAFeed("That address sends nothing at all.")
    if looks_like_json(body):
        return parse_json(body, url)
    data = _harmless(to_utf8(body, content_type))
    items = cut(data)
    if items is not None and len(items) > MOST_ENTRIES:
        data = _shortened(data, items)
        items = cut(data)
    if most_items(data) > MOST_UNCUT:
        raise NotAFeed("That feed has so many items, and in such disorder, that I can't read it.")
    try:
        return _read(data, items, url, known)
    except (NotAFeed, MemoryError):
        raise
    except Exception:
        # Feedparser raises all sorts of errors, mostly over one item, which would keep all others from being read.
        odd = _odd(data, items, range(len(items))) if items else []
        if not items or not 0 < len(odd) < len(items):
            raise
        rest = without(data, items, odd)
        return _document(rest, url, _parsed(rest))


def _shortened(data: bytes, items: Sequence[tuple[int, int]]) -> bytes:
    """Return a document with MOST_ENTRIES of its items, before feedparser spends its time on the others.

    Nearly all feeds have their newest on top. Where they stand at the bottom, what is new would never be seen from the
    top, so the bottom is kept. Half of each would do without the look at dates, but would leave a hole in the middle:
    what stands there would look new once the feed becomes shorter.
    """
    top, bottom = range(_LOOKED_AT), range(len(items) - _LOOKED_AT, len(items))
    on_top, at_bottom = (_newest(data, items, places) for places in (top, bottom))
    is_upside_down = on_top is not None and at_bottom is not None and on_top < at_bottom
    surplus = len(items) - MOST_ENTRIES
    return without(data, items, range(surplus) if is_upside_down else range(MOST_ENTRIES, len(items)))


def _newest(data: bytes, items: Sequence[tuple[int, int]], places: range) -> datetime | None:
    """The latest date among these items; None if there is none, or feedparser raises over them."""
    others = set(range(len(items))).difference(places)
    try:
        dates = map(_published, _parsed(without(data, items, others)).entries)
        return max((published for published in dates if published), default=None)
    except MemoryError:
        raise
    except Exception:
        return None


def _read(data: bytes, items: Sequence[tuple[int, int]] | None, url: str, known: bytes | None) -> Document:
    """Read a document in UTF-8 that was cut into ``items``, without those that are known."""
    if items is None or _base_spreads(data, items):
        return _document(data, url, _parsed(data))
    prints = [fingerprint(data[start:end]) for start, end in items]
    remembered = split(known)
    left_out = [place for place, own in enumerate(prints) if own in remembered]
    if left_out:
        rest = without(data, items, left_out)
        parsed = _parsed(rest)
        if parsed.get("version") and _fits(parsed, len(items) - len(left_out)):
            unknown = [own for own in prints if own not in remembered]
            return replace(_document(rest, url, parsed, unknown), left_out=tuple(prints[place] for place in left_out))
    parsed = _parsed(data)
    return _document(data, url, parsed, prints if _fits(parsed, len(items)) else None)


def _odd(data: bytes, items: Sequence[tuple[int, int]], places: Sequence[int]) -> list[int]:
    """Which of these items feedparser raises over; it is asked about more than one at a time."""
    others = set(range(len(items))).difference(places)
    try:
        _parsed(without(data, items, others))
    except MemoryError:
        raise
    except Exception:
        if len(places) == 1:
            return list(places)
        middle = len(places) // 2
        return _odd(data, items, places[:middle]) + _odd(data, items, places[middle:])
    return []


def _base_spreads(data: bytes, items: Sequence[tuple[int, int]]) -> bool:
    """Whether an item says where relative addresses begin, and feedparser takes that for the items after it as well.

    It forgets to go back to no base at all. Where the feed itself has one, it goes back to that.
    """
    if _BASE_OF_FEED.search(data, 0, items[0][0]):
        return False
    return any(_BASE.search(data, start, end) for start, end in items)


def _fits(parsed: Any, items: int) -> bool:
    """Whether a document holds what it was cut into."""
    return not parsed.bozo and len(parsed.entries) == items


def _parsed(data: bytes) -> Any:
    # A stream, because feedparser would open a file that is named like the body.
    return feedparser.parse(io.BytesIO(data), response_headers=_XML, sanitize_html=False, resolve_relative_uris=False)


def _document(data: bytes, url: str, parsed: Any, fingerprints: Sequence[bytes] | None = None) -> Document:
    version = parsed.get("version", "")
    if not version:
        if _PAGE.search(data[:4096]):
            raise NotAFeed("That is a web page, not a feed.")
        raise NotAFeed("What that address sends can't be read as a feed.")
    if parsed.bozo and _ends_within_item(data):
        raise NotAFeed("That feed breaks off in the middle of an item.")
    if parsed.bozo and not parsed.entries:
        raise NotAFeed("That looks like a feed, but it is too broken to read.")
    is_atom = version.startswith("atom")
    site_url = web_address(parsed.feed.get("link"), url)
    # Atom resolves relative links against the document, RSS says nothing and its writers mean the site.
    base = url if is_atom else site_url or url
    reader = _Reader(base=base, is_atom=is_atom, is_broken=bool(parsed.bozo), texts=FullTexts())
    return document(
        title=reader.text(parsed.feed, "title", LONGEST_TITLE),
        site_url=site_url,
        entries=map(reader.entry, parsed.entries, fingerprints or repeat(None)),
        url=url,
        hint=_hint(parsed.feed),
    )


_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}  # hours


def _hint(feed: Any) -> timedelta | None:
    """How seldom a feed asks to be read: RSS's ``ttl`` (minutes) or the syndication module's period and frequency.

    Junk says nothing, and nobody can ask for more than LONGEST_HINT. "Once an hour" says nothing either: WordPress
    writes it into every feed, and nobody chose it. Sources: the RSS 2.0 specification, and RDF Site Summary 1.0
    Modules: Syndication.
    """
    ttl, period, times = (str(feed.get(name, "")).strip() for name in ("ttl", "sy_updateperiod", "sy_updatefrequency"))
    if ttl.isascii() and ttl.isdecimal() and len(ttl) < 10:
        hours = int(ttl) / 60
    elif period in _PERIODS:
        often = int(times) if times.isascii() and times.isdecimal() and len(times) < 10 else 1
        hours = _PERIODS[period] / max(often, 1)
        if hours == 1:
            return None
    else:
        return None
    return min(timedelta(hours=hours), LONGEST_HINT)


def _harmless(data: bytes) -> bytes:
    """Take two things out of a document in UTF-8 that feedparser can't bear."""
    # Entities a document declares itself can grow without end, and feedparser unfolds what expat refuses. Written
    # small they are no declarations; those of HTML are known without.
    data = data.replace(b"<!ENTITY", b"<!entity")
    # References to characters that can't be, such as the halves of an emoji: one would cost the whole feed.
    return _CHARACTER.sub(_possible_character, data)


def _possible_character(reference: re.Match[bytes]) -> bytes:
    hexadecimal, decimal = reference.groups()
    digits = (hexadecimal or decimal).lstrip(b"0")
    code = int(digits or b"0", 16 if hexadecimal else 10) if len(digits) < 8 else -1
    if not (0 < code < 0xD800 or 0xE000 <= code <= 0x10FFFF):
        return b""
    # Nor does Python read numbers of thousands of digits, even if all but two are zeros.
    return b"&#%d;" % code if len(reference[0]) > _LONGEST_REFERENCE else reference[0]


def _ends_within_item(data: bytes) -> bool:
    """Whether a document that doesn't close was cut off inside an item: half an item is none."""
    opened = max(data.rfind(b"<item"), data.rfind(b"<entry"))
    return opened > max(data.rfind(b"</item"), data.rfind(b"</entry"))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads feedparser's entries. ``base`` is what relative addresses belong to, ``is_broken`` means broken XML."""

    base: str
    is_atom: bool
    is_broken: bool
    texts: FullTexts

    def entry(self, raw: Any, fingerprint: bytes | None = None) -> Entry | None:
        bodies = [raw.get("summary") or "", *(content.get("value") or "" for content in _parts(raw, "content"))]
        return entry(
            guid=raw.get("id"),
            link=self._link(raw),
            title=self.text(raw, "title", LONGEST_TITLE),
            summary=self.text(raw, "summary", LONGEST_SUMMARY)
            or next(filter(None, (plain(body, LONGEST_SUMMARY) for body in bodies)), ""),
            picture=next(self._pictures(raw, bodies), None),
            published=_published(raw),
            text=self.texts.of(self._contents(raw), raw.get("summary") or ""),
            fingerprint=fingerprint,
        )

    def _contents(self, raw: Any) -> Iterator[str]:
        """What a feed calls an item's content, as markup."""
        for content in _parts(raw, "content"):
            value = content.get("value") or ""
            yield escape(value) if self.is_atom and content.get("type") == "text/plain" else value

    def text(self, raw: Any, key: str, limit: int) -> str:
        """A value as plain text. Atom says whether it is markup; in RSS a text with tags is, whatever it says."""
        value = raw.get(key) or ""
        detail = raw.get(f"{key}_detail")
        kind = detail.get("type") if isinstance(detail, dict) else None
        if kind == "text/plain" and (self.is_atom or not _MARKUP.search(value)):
            text = shorten(clean(value[:LONGEST_MARKUP]), limit)
        else:
            text = plain(value, limit)
        # Of "R&D" in broken XML feedparser makes "R&D;".
        return _STRAY_SEMICOLON.sub(r"&\1", text) if self.is_broken else text

    def _link(self, raw: Any) -> str | None:
        """The address of the article itself: what feedparser takes for it, else any alternate form."""
        link = raw.get("link")
        if link == raw.get("id") and "://" not in (link or ""):
            link = None  # a guid that says it is an address, and isn't: "1234"
        alternates = (link.get("href") for link in _parts(raw, "links") if link.get("rel") == "alternate")
        return next(filter(None, (web_address(address, self.base) for address in (link, *alternates))), None)

    def _pictures(self, raw: Any, bodies: list[str]) -> Iterator[str]:
        """The pictures of an item over https: what the feed calls its picture before what stands in the text."""
        for candidate in chain(_named_pictures(raw), chain.from_iterable(map(_images, reversed(bodies)))):
            address = web_address(candidate, self.base)
            if address and address.startswith("https://"):
                yield address


def _parts(raw: Any, name: str) -> Iterator[Any]:
    """The parts of a value that feedparser has taken apart; none of an unknown element of that name, which is text."""
    value = raw.get(name)
    return (part for part in value if isinstance(part, dict)) if isinstance(value, list) else iter(())


def _named_pictures(raw: Any) -> Iterator[str | None]:
    for media in _parts(raw, "media_content"):
        kind = media.get("medium") or media.get("type") or ""
        if kind.startswith("image") or (not kind and _IMAGE_FILE.search((media.get("url") or "").partition("?")[0])):
            yield media.get("url")
    for link in _parts(raw, "links"):
        if link.get("rel") == "enclosure" and (link.get("type") or "").startswith("image/"):
            yield link.get("href")
    for thumbnail in _parts(raw, "media_thumbnail"):
        yield thumbnail.get("url")


def _images(html: str) -> Iterator[str | None]:
    """The sources of a text's pictures, without counting pixels and emoji."""
    if "<img" not in html:
        return
    parser = etree.HTMLParser(encoding="utf-8", no_network=True)
    page = etree.fromstring(html[:LONGEST_MARKUP].encode("utf-8", "ignore"), parser)
    for image in page.iter("img") if page is not None else ():
        source = image.get("src") or ""
        if "emoji" not in source and not {image.get("width"), image.get("height")} & {"0", "1"}:
            yield source


def _published(raw: Any) -> datetime | None:
    # "in" first: feedparser warns when asked for a missing update.
    parsed = raw.get("published_parsed") or ("updated_parsed" in raw and raw["updated_parsed"])
    if not isinstance(parsed, struct_time):
        return None
    try:
        return datetime(*parsed[:6]).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
