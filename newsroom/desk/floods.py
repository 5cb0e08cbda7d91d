"""When a feed looks new as a whole: news, or old articles under new names?

Sites move, change their software, or number their articles anew. Aliases catch most of that; what they don't catch
would post a year of articles again. So a reading that looks like it is held until an admin has looked.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta

from newsroom.feeds.identity import Identified
from newsroom.times import is_plausible

MORE_THAN = 5
"""So many articles at once are no flood, whatever they are."""

SLACK = timedelta(hours=2)
"""How much older than the last reading news may be: clocks differ, and articles are dated before they are published."""


def could_be_flood(fresh: int, total: int) -> bool:
    """Whether so many new items of so many in all are worth a closer look: more than half, and more than a few."""
    return fresh > MORE_THAN and 2 * fresh > total


def is_flood(
    fresh: Sequence[Identified], total: int, titles_told: Container[str], last_read: datetime | None, now: datetime
) -> bool:
    """Whether these new items of a known feed look like old articles: most of the document, and without an alibi.

    An item has an alibi if it is dated after the last good reading and its headline is not among ``titles_told``. So a
    busy feed after a night away, or one that brings five hundred articles at once, is no flood: the limits of each
    channel are there for that.
    """
    suspects = [item for item in fresh if not _has_alibi(item, titles_told, last_read, now)]
    return could_be_flood(len(suspects), total)


def _has_alibi(item: Identified, titles_told: Container[str], last_read: datetime | None, now: datetime) -> bool:
    date = item.entry.published
    if date is None or not is_plausible(date, now) or item.entry.title in titles_told:
        return False
    return last_read is None or date > last_read - SLACK
