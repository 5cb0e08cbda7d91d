"""What a site's robots.txt lets us read."""

from __future__ import annotations

NAME = "Popcorn"
"""By which a site's rules can speak of us; it begins our User-Agent."""


def may_read(robots: bytes, url: str) -> bool:
    """Whether a robots.txt lets us read an address of its site.

    Belongs into a worker process: rules can be made to take very long. Source: RFC 9309, section 2.2.
    """
    from protego import Protego

    return bool(Protego.parse(robots.decode("utf-8", "replace")).can_fetch(url, NAME))
