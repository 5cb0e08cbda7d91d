"""Lengths of time as people write them, and which dates can be believed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from newsroom.errors import RequestRefused

LONGEST = timedelta(days=366)

EARLIEST_DATE = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the web: what is older is a machine's "no date", as 1970 is."""

FUTURE_ALLOWED = timedelta(days=1)
"""Clocks without a time zone run up to 14 hours ahead; what is further ahead is a wrong one."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"\s*(\d{1,5})\s*(m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)(?![a-z])[\s,]*", re.IGNORECASE)


def duration(text: str) -> timedelta:
    """Read "2h", "1d 2h", "90 minutes" or "3 days": more than nothing and at most LONGEST.

    Raises RequestRefused, with examples, for anything else.
    """
    total, position = timedelta(), 0
    while total <= LONGEST and (part := _PART.match(text, position)):
        total += timedelta(**{_UNITS[part[2][0].lower()]: int(part[1])})
        position = part.end()
    if position != len(text) or not timedelta() < total <= LONGEST:
        raise RequestRefused(
            'I can\'t read that length of time. Write it like "2h", "1d 2h" or "3 days", at most a year.'
        )
    return total


def is_plausible(date: datetime, now: datetime) -> bool:
    """Whether something can have been published then. Both times are aware."""
    return EARLIEST_DATE <= date <= now + FUTURE_ALLOWED
