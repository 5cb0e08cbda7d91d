"""How the raw values of a feed, of whatever format, become an entry: safe to show, and plausible."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from urllib.parse import urljoin

from yarl import URL

from newsroom.models import Document, Entry
from newsroom.text import clean, paragraphs
from newsroom.times import EARLIEST_DATE

MOST_ENTRIES = 1000
"""Entries kept of one document, from the top, where nearly all feeds have their newest."""

LONGEST_TITLE = 300
LONGEST_SUMMARY = 1500
"""In UTF-16 code units; a card shows less."""

LONGEST_HINT = timedelta(days=1)
"""What a feed that asks to be read more seldom is taken to have asked for."""

LONGEST_LINK = 2048
"""Characters of the address of an article or a picture: what an embed of Discord's takes. A button takes 512."""

LEAST_TEXT = 600
"""Characters of plain text that make content an article: what is shorter is a teaser, or all there is to say."""

LONGEST_TEASER = 3000
"""Characters above which a text counts as whole even if it ends in "read more"."""

MOST_PARAGRAPHS = 100
LONGEST_TEXT = 20_000
"""Characters kept of the text of one article."""

MOST_TEXT = 500_000
"""Characters of articles' texts that one document may bring along; those further down come without."""

_READ_ON = re.compile(
    r"(?:…|\.\.\.|\b(?:continue reading|keep reading|read (?:on|more|the (?:rest|full)\b.*)|weiterlesen|mehr lesen"
    r"|lire la suite|leer más|seguir leyendo|続きを読む|阅读全文))\W*$",
    re.IGNORECASE,
)

# A name as it is looked up, or an address. Names of other alphabets are encoded by now, whatever else stood in them.
_HOST = re.compile(r"[\w.:%~-]+", re.ASCII)


def entry(
    *,
    guid: str | None,
    link: str | None,
    title: str,
    summary: str,
    picture: str | None,
    published: datetime | None,
    text: tuple[str, ...] | None = None,
    fingerprint: bytes | None = None,
) -> Entry | None:
    """Make an entry, or None of an item that says nothing. ``title`` and ``summary`` are safe plain text already."""
    guid = clean(guid) if guid else None
    if not (guid or link or title or summary):
        return None
    return Entry(
        guid=guid or None,
        link=link,
        title=title,
        summary=summary,
        picture=picture if picture and picture.startswith("https://") else None,
        published=_in_utc(published),
        text=text,
        fingerprint=fingerprint,
    )


def document(
    *,
    title: str,
    site_url: str | None,
    entries: Iterable[Entry | None],
    url: str,
    hint: timedelta | None = None,
) -> Document:
    """Put a document together; a feed without a name is called after its host."""
    kept = islice((made for made in entries if made), MOST_ENTRIES)
    return Document(title or URL(url).host or url, site_url, tuple(kept), hint)


class FullTexts:
    """Reads the articles that a document holds in full, until it has MOST_TEXT characters of them."""

    def __init__(self) -> None:
        self._left = MOST_TEXT

    def of(self, contents: Iterable[str], description: str = "") -> tuple[str, ...] | None:
        """The first of these pieces of markup that is a whole article, as paragraphs; None if none is.

        A description has to be longer than any summary for that. What asks to read on elsewhere is none.
        """
        for markup, least in (*((content, LEAST_TEXT) for content in contents), (description, LONGEST_SUMMARY)):
            if len(markup) <= least or self._left <= 0:
                continue
            text = paragraphs(markup, MOST_PARAGRAPHS, LONGEST_TEXT)
            long = sum(map(len, text))
            if long > least and not (long < LONGEST_TEASER and _READ_ON.search(text[-1][-100:])):
                self._left -= long
                return text
        return None


def web_address(address: object, base: str) -> str | None:
    """Make an address absolute and fit to be shown as a link, or None if it is no http(s) one.

    A user name in it goes: it is there to look like another host.
    """
    if not isinstance(address, str) or not address.strip() or len(address) > LONGEST_LINK:
        return None
    try:
        url = URL(urljoin(base, clean(address)))
        if url.scheme not in ("http", "https") or not url.port or not _HOST.fullmatch(url.raw_host or ""):
            return None
        absolute = str(url.with_user(None))
    except ValueError:
        return None
    return absolute if len(absolute) <= LONGEST_LINK else None


def _in_utc(moment: datetime | None) -> datetime | None:
    """A moment in UTC, or None where a date says nothing: 1970 and the like, or the end of the calendar."""
    if moment is None:
        return None
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment if moment >= EARLIEST_DATE else None
