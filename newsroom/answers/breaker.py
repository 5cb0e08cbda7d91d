"""Whether to ask somebody at all who failed lately."""

from __future__ import annotations

from datetime import datetime, timedelta

MOST_FAILURES = 3
"""In a row. Then it rests."""

REST = timedelta(minutes=5)


class Breaker:
    """After MOST_FAILURES in a row nobody is let through for REST; then one is, whose fate decides."""

    def __init__(self, most: int = MOST_FAILURES, rest: timedelta = REST) -> None:
        self._most = most
        self._rest = rest
        self._failures = 0
        self._rests_until: datetime | None = None

    def admits(self, now: datetime) -> bool:
        """Whether to ask. Who hears yes must tell how it went.

        After a rest one hears yes and the others go on hearing no. If the one never tells, another is let through
        after as long again.
        """
        if self._rests_until is None:
            return True
        if now < self._rests_until:
            return False
        self._rests_until = now + self._rest
        return True

    def succeeded(self) -> None:
        self._failures = 0
        self._rests_until = None

    def failed(self, now: datetime) -> bool:
        """Note a failure; True if the rest begins with it, which is the moment to tell somebody, once."""
        self._failures += 1
        if self._failures < self._most:
            return False
        begins = self._rests_until is None
        self._rests_until = now + self._rest
        return begins
