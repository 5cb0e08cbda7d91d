"""When a feed is read next: from what it has taught us, what its server asks for, and how its last reading went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from statistics import median

from newsroom.times import is_plausible

LONGEST_INTERVAL = timedelta(hours=6)
"""How long a feed that is well goes unread, whatever its rhythm and its server's hints. A setting may be longer."""

LONGEST_WAIT = timedelta(hours=24)
"""The longest time that failures, or a server that asks for it, keep a feed from being read."""

MOST_DOUBLINGS = 20  # far beyond LONGEST_WAIT for any interval that makes sense

LOOKS_A_GAP = 24
"""How often a feed is read between two of its articles, so that none is late by more than a 24th of the usual gap."""

GROWTH = 1.25
"""How much longer each interval may be than the one before. News brings it back to the shortest: news comes in
clusters, and a feed that speeds up is noticed at once."""

SILENCE_SHARE = 5  # a silence of five usual gaps is one gap of its own, and from there on the rhythm slows down with it

QUICKER, SLOWER = 1 / 2, 1 / 4
"""The weight of a newly seen gap in the rhythm, where it is shorter than the rhythm and where it is longer."""

FEWEST_DATES = 4
LONGEST_RHYTHM = timedelta(days=365)


def next_interval(
    base: timedelta, last: timedelta | None, rhythm: timedelta | None, silence: timedelta, hint: timedelta | None
) -> timedelta:
    """Say how long to wait after a reading that went well, before jitter.

    ``base`` is the shortest and the first interval; ``last`` is the one before, None after news. ``rhythm`` is the
    usual gap between the feed's articles, ``silence`` the time since the last, and ``hint`` how long the server says
    that its answer stays good. The interval lies between ``base`` and LONGEST_INTERVAL, or ``base`` if that is longer.
    """
    longest = max(base, LONGEST_INTERVAL)
    wanted = base
    if rhythm is not None:
        wanted = max(rhythm, silence / SILENCE_SHARE) / LOOKS_A_GAP
    grown = base if last is None else min(last, longest) * GROWTH
    return min(max(base, min(wanted, grown), hint or base), longest)


def next_check(
    now: datetime,
    base: timedelta,
    interval: timedelta,
    failures: int,
    retry_after: timedelta | None,
    jitter: float,
) -> datetime:
    """Say when to read a feed again that was read at ``now``.

    After a good reading (``failures`` is 0) that is one ``interval`` later, and a little more or less by ``jitter``
    (from 0 to below 1), so that feeds that were read together once don't stay together. Each failure in a row doubles
    the wait up to LONGEST_WAIT, and ``jitter`` takes up to a quarter off. The wait is never shorter than ``base``
    nor, up to LONGEST_WAIT, than the server's ``retry_after``.
    """
    if failures > 0:
        doubled: timedelta = base * 2 ** min(failures, MOST_DOUBLINGS)
        wait = max(base, min(doubled, LONGEST_WAIT) * (1 - jitter / 4))
    else:
        longest = max(base, LONGEST_INTERVAL)
        wait = interval * (1 + jitter / 8)
        if wait > longest:
            wait = max(base, longest * (1 - jitter / 8))
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_WAIT))
    return now + wait


def first_rhythm(dates: Sequence[datetime | None], now: datetime) -> timedelta | None:
    """Guess the usual gap between a feed's articles from their dates: the median; None from fewer than FEWEST_DATES."""
    plausible = sorted({date for date in dates if date is not None and is_plausible(date, now)})
    if len(plausible) < FEWEST_DATES:
        return None
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(plausible)]
    return min(timedelta(seconds=median(gaps)), LONGEST_RHYTHM)


def learned_rhythm(rhythm: timedelta | None, gap: timedelta, articles: int) -> timedelta:
    """Return the rhythm after so many new articles were found, ``gap`` after the last: a weighted mean."""
    seen = min(max(gap, timedelta()) / articles, LONGEST_RHYTHM)
    if rhythm is None:
        return seen
    return rhythm + (seen - rhythm) * (QUICKER if seen < rhythm else SLOWER)


def spread(url: str) -> float:
    """Return the feed's own jitter, from 0 to below 1: always the same, so that a restart doesn't reshuffle."""
    digest = blake2b(url.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def spread_out(due_at: datetime, now: datetime, base: timedelta, jitter: float) -> datetime:
    """Say when to read a feed that is overdue at the start: not all at the same moment, however long we were away.

    The wait is at most as long as the feed is overdue, and half of ``base``.
    """
    wait: timedelta = min(now - due_at, base / 2) * jitter
    return max(due_at, now + wait)
