"""The feeds that somebody wants, held in memory: which are due, and what their last readings taught us.

Asking a database for each of a thousand unchanged feeds costs more than fetching them does. So the roster is
loaded once, answers from memory, and collects what changed until the next batch is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from newsroom.models import Feed

BOOKKEEPING = (
    "fetches",
    "interval_seconds",
    "failures",
    "error",
    "failing_since",
    "gone_at",
    "checked_at",
    "succeeded_at",
    "due_at",
    "moved_to",
    "moved_days",
    "moved_on",
)
"""What a reading teaches that brought nothing."""

CLOCK_SLACK = timedelta(minutes=2)  # a clock that is set right by less than this has done no harm


class Roster:
    """The feeds in use and those of them whose news in memory is newer than the database's."""

    def __init__(self, feeds: Iterable[Feed] = ()) -> None:
        self._feeds: dict[int, Feed] = {feed.id: feed for feed in feeds}
        self._being_read: dict[int, Feed] = {}
        self._unsaved: set[int] = set()

    def __len__(self) -> int:
        return len(self._feeds)

    def get(self, feed_id: int) -> Feed | None:
        """Return a feed as its last reading left it; None if nobody wants it."""
        return self._feeds.get(feed_id)

    def put(self, feed: Feed) -> None:
        """Take a feed on, as the database has it now."""
        self._feeds[feed.id] = feed

    def drop(self, feed_id: int) -> None:
        """Leave a feed that nobody wants any more."""
        self._feeds.pop(feed_id, None)
        self._unsaved.discard(feed_id)

    def update(self, feed: Feed) -> None:
        """Note what the database has just been told of a feed, if somebody still wants it."""
        self._being_read.pop(feed.id, None)
        if feed.id in self._feeds:
            self._feeds[feed.id] = feed
            self._unsaved.discard(feed.id)

    def learn(self, feed: Feed) -> None:
        """Note how a reading went that brought nothing, to be written with the next batch.

        What tells whether the feed changed stays as it is if the feed was set anew while it was read.
        """
        taken = self._being_read.pop(feed.id, None)
        known = self._feeds.get(feed.id)
        if known is not None:
            learned = {name: getattr(feed, name) for name in BOOKKEEPING}
            self._feeds[feed.id] = feed if known is taken else replace(known, **learned)
            self._unsaved.add(feed.id)

    def take_due(self, now: datetime) -> list[Feed]:
        """Hand out the feeds to read now, the longest overdue first; each only once until its reading has ended."""
        due = [feed for feed in self._feeds.values() if _is_due(feed, now) and feed.id not in self._being_read]
        due.sort(key=lambda feed: feed.due_at)
        self._being_read.update((feed.id, feed) for feed in due)
        return due

    def is_being_read(self, feed_id: int) -> bool:
        """Whether a feed was handed out and its reading has not ended."""
        return feed_id in self._being_read

    def give_back(self, feeds: Iterable[Feed]) -> None:
        """Let feeds be due again whose reading didn't come to its end; not those that were taken anew meanwhile."""
        for feed in feeds:
            if self._being_read.get(feed.id) is feed:
                del self._being_read[feed.id]

    def unsaved(self) -> list[Feed]:
        """Return what the database doesn't know yet; tell ``saved`` once it does."""
        return [self._feeds[feed_id] for feed_id in self._unsaved if feed_id in self._feeds]

    def saved(self, feeds: Iterable[Feed]) -> None:
        """Note that the database knows these; what was learned meanwhile stays unsaved."""
        self._unsaved.difference_update(feed.id for feed in feeds if self._feeds.get(feed.id) is feed)


def _is_due(feed: Feed, now: datetime) -> bool:
    """Whether it is time to read a feed; also if it was read in the future, because then the clock was wrong."""
    if feed.gone_at is not None:
        return False
    return feed.due_at <= now or (feed.checked_at is not None and feed.checked_at > now + CLOCK_SLACK)
