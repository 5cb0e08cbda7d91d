"""How the raw values of a feed, of whatever format, become an entry: safe to show, and plausible."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from urllib.parse import urljoin

from yarl import URL

from newsroom.models import Document, Entry
from newsroom.text import clean
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
