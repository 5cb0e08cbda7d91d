"""Feeds that moved for good: from the address that redirects to the one it leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from newsroom.models import Article, Feed, News, Subscription, SubscriptionState
from newsroom.store import Connection, Store

DAYS_TO_BELIEVE = 3
"""On how many different days a permanent redirect has to lead to a feed before its address takes over. Redirects that
are meant for ever by mistake, and ended the same day, are common."""


def has_moved(feed: Feed) -> bool:
    """Whether a feed is to be asked for at its other address from now on."""
    return feed.moved_to is not None and feed.moved_days >= DAYS_TO_BELIEVE


async def move(store: Store, connection: Connection, feed: Feed, now: datetime) -> Feed | None:
    """Let a feed that has moved live at its new address, and return it as it stands there.

    If that address is a feed of ours already, as it always is on another site, the two become that one: articles and
    subscriptions go along, so no channel is without. Inside the caller's transaction, in which ``feed`` is written down
    as its last reading left it.

    By then the other one has shown for itself all that stands there, so nothing of it is new to those who come: that is
    why it has to have been read since the redirect is sure. The names that this one has learned before are dropped. It
    could have learned them from any document, and whoever redirects could have made them up: the links of what that
    feed will publish next month.

    Both have read the same document since the redirect was first seen, but at moments of their own: what came between
    two moments, or slid out before one of them, only the other has shown. As one feed they know it all, and no later
    reading would bring it to the channels of who missed it; so it is planned for them here. What is older than the
    redirect isn't: each of the two had a past of its own then, and that of the other is no news.

    While the other one is unread, or one of them is held anywhere, they stay two, and None is returned: what the admins
    are deciding about would go to channels in which nobody holds it. The next reading of the old address tries again.
    """
    assert feed.moved_to is not None, "somebody asked has_moved first"
    there = await store.feeds.by_url(connection, feed.moved_to)
    await store.feeds.lock(connection, [feed.id, there.id] if there else [feed.id])
    # Only now, because writing locks as well, and two moves that lead to each other would each wait for the other.
    await store.feeds.save(connection, [feed])
    if there is None:
        return await store.feeds.rename(connection, feed.id, feed.moved_to)
    if not is_read(there, feed):
        return None
    since = _one_document_since(feed)
    subscribers = await store.subscriptions.active_of(connection, [feed.id, there.id])
    if any(one.state is SubscriptionState.HELD for own in subscribers.values() for one in own):
        return None
    for by, missed_by in ((there, feed), (feed, there)):
        shown = await store.articles.shown_alone(connection, by.id, missed_by.id, since)
        await store.deliveries.plan(connection, _news(shown, subscribers[missed_by.id]), now)
    await store.articles.move(connection, feed.id, there.id, since)
    await store.subscriptions.move_feed(connection, feed.id, there.id)
    await store.feeds.delete(connection, feed.id)
    if there.gone_at is not None:
        # The redirect has just led to it.
        there = replace(there, gone_at=None, due_at=now)
        await store.feeds.save(connection, [there])
    return there


def is_read(there: Feed, feed: Feed) -> bool:
    """Whether the feed at another one's new address has been read since it is sure that this is what both read."""
    return there.succeeded_at is not None and there.succeeded_at > _one_document_since(feed)


def _one_document_since(feed: Feed) -> datetime:
    """The earliest moment at which the redirect is sure to have been seen: the end of the first of its days, if they
    followed each other; if they didn't, it was seen before that.
    """
    assert feed.moved_on is not None, "it has moved"
    return datetime.combine(feed.moved_on - timedelta(days=feed.moved_days - 2), time(), UTC)


def _news(shown: Sequence[Article], subscribers: Sequence[Subscription]) -> list[News]:
    """These articles for those who had their feed already when they were found."""
    return [
        News([article for article in shown if article.found_at > subscription.added_at], [subscription])
        for subscription in subscribers
        if not subscription.baseline_due
    ]
