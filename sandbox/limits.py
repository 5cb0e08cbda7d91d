"""Discord's rate limits, as far as a bot that posts meets them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

# (method, path with * for a number) -> (requests, seconds), for each channel by itself.
BUCKETS = {
    ("POST", "channels/*/messages"): (5, 5.0),
    ("PATCH", "channels/*/messages/*"): (5, 5.0),
}
PUBLISHED_PER_HOUR = 10
GLOBAL_PER_SECOND = 50


@dataclass
class Window:
    """So many requests from the first one on; then the next window begins."""

    limit: int
    seconds: float
    opened: float = float("-inf")
    used: int = 0

    def take(self, now: float) -> float:
        """Count one request. Returns the seconds to stay away, 0 when it may pass."""
        if now - self.opened >= self.seconds:
            self.opened, self.used = now, 0
        if self.used >= self.limit:
            return self.opened + self.seconds - now
        self.used += 1
        return 0.0


@dataclass(frozen=True)
class Verdict:
    """What the limits say to one request: the headers of its answer, and how long to stay away (0: it may pass)."""

    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float = 0.0
    is_global: bool = False


class Limits:
    """Counts requests by Discord's rules; switched off, everything may pass."""

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled
        self._global = Window(GLOBAL_PER_SECOND, 1.0)
        self._buckets: dict[tuple[str, str, str], Window] = {}

    def take(self, method: str, segments: Sequence[str]) -> Verdict:
        """Count this request. Interaction callbacks and follow-ups are outside the global limit."""
        if not self.enabled:
            return Verdict()
        now = time.monotonic()
        if segments[0] not in ("interactions", "webhooks"):
            wait = self._global.take(now)
            if wait:
                return Verdict({"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}, wait, is_global=True)
        route = "/".join("*" if part.isdecimal() else part for part in segments)
        if (method, route) == ("POST", "channels/*/messages/*/crosspost"):
            # A limit within the limit: no header tells of it before it is hit.
            window = self._buckets.setdefault((method, route, segments[1]), Window(PUBLISHED_PER_HOUR, 3600.0))
            return Verdict({"X-RateLimit-Scope": "shared"}, window.take(now))
        if (method, route) not in BUCKETS:
            return Verdict()
        limit, seconds = BUCKETS[method, route]
        window = self._buckets.setdefault((method, route, segments[1]), Window(limit, seconds))
        wait = window.take(now)
        rest = window.opened + window.seconds - now
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - window.used),
            "X-RateLimit-Reset": f"{time.time() + rest:.3f}",
            "X-RateLimit-Reset-After": f"{rest:.3f}",
            "X-RateLimit-Bucket": blake2b(f"{method} {route}".encode(), digest_size=16).hexdigest(),
        }
        if wait:
            headers["X-RateLimit-Scope"] = "user"
        return Verdict(headers, wait)
