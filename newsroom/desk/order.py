"""In which order the new articles of a document are posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from newsroom.feeds.identity import Identified
from newsroom.times import is_plausible


def posting_order(items: Sequence[Identified], now: datetime) -> list[Identified]:
    """Sort items, given from top to bottom of their document, into the order in which they are posted.

    By date if every item has a plausible one, the oldest first; else from bottom to top, because nearly every
    feed has its newest on top. Equal dates tell nothing, so there too the lower item goes first.
    """
    upwards = list(reversed(items))
    dates = [item.entry.published for item in upwards]
    plausible = [date for date in dates if date and is_plausible(date, now)]
    if len(plausible) < len(upwards):
        return upwards
    in_order = sorted(range(len(upwards)), key=plausible.__getitem__)
    return [upwards[place] for place in in_order]
