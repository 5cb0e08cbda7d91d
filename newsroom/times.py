"""Lengths of time as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

from newsroom.errors import RequestRefused

LONGEST = timedelta(days=366)

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
