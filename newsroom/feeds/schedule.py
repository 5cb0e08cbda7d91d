"""When a feed is read next."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

LONGEST_WAIT = timedelta(hours=24)
"""The longest time that failures, or a server that asks for it, keep a feed from being read."""

MOST_DOUBLINGS = 20  # far beyond LONGEST_WAIT for any interval that makes sense


def next_check(
    now: datetime, interval: timedelta, failures: int, retry_after: timedelta | None, jitter: float
) -> datetime:
    """Say when to read a feed again that was read at ``now``.

    After a good reading (``failures`` is 0) that is one ``interval`` later. Each failure in a row doubles the wait
    up to LONGEST_WAIT, and ``jitter``, from 0 to below 1, takes up to a quarter off, so that feeds of one host
    that failed together don't come back together. The wait is never shorter than ``interval`` nor, up to
    LONGEST_WAIT, than the server's ``retry_after``.
    """
    wait = interval
    if failures > 0:
        doubled = interval * 2 ** min(failures, MOST_DOUBLINGS)
        wait = max(interval, min(doubled, LONGEST_WAIT) * (1 - jitter / 4))
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_WAIT))
    return now + wait


def spread(url: str) -> float:
    """Return the feed's own jitter, from 0 to below 1: always the same, so that a restart doesn't reshuffle."""
    digest = blake2b(url.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32
