"""In which order the new articles of a document are posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from newsroom.feeds.identity import Identified
from newsroom.models import Entry

EARLIEST_DATE = datetime(1990, 1, 1, tzinfo=UTC)  # before the first feed: a publisher's "no date"
FUTURE_ALLOWED = timedelta(days=1)  # clocks without a time zone run up to 14 hours ahead

Item = TypeVar("Item", Entry, Identified)


def posting_order(items: Sequence[Item], now: datetime) -> list[Item]:
    """Sort items, given from top to bottom of their document, into the order in which they are posted.

    By date if every item has a plausible one, the oldest first; else from bottom to top, because nearly every
    feed has its newest on top. Equal dates tell nothing, so there too the lower item goes first.
    """
    upwards = list(reversed(items))
    dates = [_published(item) for item in upwards]
    plausible = [date for date in dates if date and EARLIEST_DATE <= date <= now + FUTURE_ALLOWED]
    if len(plausible) < len(upwards):
        return upwards
    in_order = sorted(range(len(upwards)), key=plausible.__getitem__)
    return [upwards[place] for place in in_order]


def _published(item: Entry | Identified) -> datetime | None:
    return item.published if isinstance(item, Entry) else item.entry.published
