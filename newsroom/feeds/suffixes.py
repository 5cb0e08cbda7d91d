"""Has the list that ``registrable`` looks names up in made before anybody asks on the loop."""

from __future__ import annotations

import asyncio
import threading

from newsroom.feeds.parking import suffixes

_making = threading.Lock()


async def load_suffixes() -> None:
    """Make the list, unless it is there already: in a thread, and once, however many ask at the same moment."""
    if not suffixes.cache_info().currsize:
        await asyncio.to_thread(_make)


def _make() -> None:
    with _making:
        suffixes()
