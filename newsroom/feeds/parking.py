"""Which hosts want to be left alone, and until when.

A 429 speaks for the whole site: its other feeds, and its other names (a.tumblr.com and b.tumblr.com), would be told
the same. So the registrable domain is parked. An error of the server's own (5xx) speaks for the one address alone.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from newsroom.feeds.schedule import LONGEST_WAIT

FIRST_WAIT = timedelta(minutes=15)
"""How long a host is left alone that doesn't say for how long; twice as long each time in a row."""

MOST_STRIKES = 10


@dataclass(frozen=True, slots=True)
class Parked:
    """A registrable domain that is left alone until then. ``strikes`` counts its refusals in a row."""

    domain: str
    until: datetime
    strikes: int


class Parking:
    """The parked domains, in memory."""

    def __init__(self) -> None:
        self._parked: dict[str, Parked] = {}
        self._unsaved: set[str] = set()

    def restore(self, parked: Iterable[Parked]) -> None:
        """Take on what was parked when it was saved last."""
        self._parked = {each.domain: each for each in parked}

    def park(self, host: str, wait: timedelta | None, now: datetime) -> datetime:
        """Leave a host's domain alone for ``wait``, or for a time of our own; return until when."""
        domain = registrable(host)
        before = self._parked.get(domain)
        strikes = min(before.strikes + 1, MOST_STRIKES) if before else 1
        if wait is None:
            wait = FIRST_WAIT * (1 << (strikes - 1))
        until = now + min(wait, LONGEST_WAIT)
        if before is not None:
            until = max(until, min(before.until, now + LONGEST_WAIT))
        self._parked[domain] = Parked(domain, until, strikes)
        self._unsaved.add(domain)
        return until

    def until(self, host: str, now: datetime) -> datetime | None:
        """Return until when a host is left alone, None if it may be asked."""
        parked = self._parked.get(registrable(host)) if self._parked else None
        # What lies further ahead than any wait was parked while the clock was wrong.
        return parked.until if parked and now < parked.until <= now + LONGEST_WAIT else None

    def answered(self, host: str) -> None:
        """Note that a host answers again as it should: its refusals in a row are over."""
        if self._parked and (domain := registrable(host)) in self._parked:
            del self._parked[domain]
            self._unsaved.add(domain)

    def unsaved(self) -> dict[str, Parked | None]:
        """Return what changed since this was asked last: by domain, None for those that are no longer parked."""
        changed, self._unsaved = self._unsaved, set()
        return {domain: self._parked.get(domain) for domain in changed}

    def still_unsaved(self, domains: Iterable[str]) -> None:
        """Take back that these were saved."""
        self._unsaved.update(domains)


@lru_cache(maxsize=4096)
def registrable(host: str) -> str:
    """Return the part of a host's name that somebody registered, by the public suffix list; else the host itself.

    The first time it takes a third of a second and 1.4 MB, for the list.
    """
    host = host.lower().rstrip(".")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return _suffixes().privatesuffix(host) or host
    return host


def site_of(url: str) -> str:
    """Whose an address is: the part of its host's name that somebody registered."""
    return registrable(urlsplit(url).hostname or "")


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
