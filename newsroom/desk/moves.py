"""Feeds that moved for good: from the address that redirects to the one it leads to."""

from __future__ import annotations

from newsroom.models import Feed
from newsroom.store import Connection, Store

DAYS_TO_BELIEVE = 3
"""On how many different days a permanent redirect has to lead to a feed before its address takes over. Redirects that
are meant for ever by mistake, and ended the same day, are common."""


def has_moved(feed: Feed) -> bool:
    """Whether a feed is to be asked for at its other address from now on."""
    return feed.moved_to is not None and feed.moved_days >= DAYS_TO_BELIEVE


async def move(store: Store, connection: Connection, feed: Feed) -> Feed:
    """Let a feed that has moved live at its new address, and return it as it stands there.

    If that address is a feed of ours already, the two become that one: articles, aliases and subscriptions go along, so
    nothing is posted again and no channel is without. Inside the caller's transaction.
    """
    assert feed.moved_to is not None, "somebody asked has_moved first"
    there = await store.feeds.by_url(connection, feed.moved_to)
    for feed_id in sorted({feed.id, there.id} if there else {feed.id}):
        await store.feeds.lock(connection, feed_id)
    if there is None:
        return await store.feeds.rename(connection, feed.id, feed.moved_to)
    await store.articles.move(connection, feed.id, there.id)
    await store.subscriptions.move_feed(connection, feed.id, there.id)
    await store.feeds.delete(connection, feed.id)
    return there
