"""How a feed is doing, and what it brings to a guild. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsroom.models import Feed, Health, NewsChannel, Subscription, SubscriptionState

FAILING_AFTER = timedelta(days=1)
"""What failed for less is degraded: most trouble on the web is over by then."""

STALE_AFTER = 5
"""How many times its own rhythm a feed may be silent before that is odd."""

STALE_AT_LEAST = timedelta(days=3)
"""No silence shorter than a long weekend is odd, however busy a feed is."""


def feed_health(feed: Feed, now: datetime) -> Health:
    """Say how a feed itself is doing: gone, failing, degraded, stale or ok; the first that is true."""
    if feed.gone_at is not None:
        return Health.GONE
    if feed.failures:
        is_long = feed.failing_since is not None and now - feed.failing_since >= FAILING_AFTER
        return Health.FAILING if is_long else Health.DEGRADED
    return Health.STALE if is_stale(feed, now) else Health.OK


def is_stale(feed: Feed, now: datetime) -> bool:
    """Whether a feed has been silent for STALE_AFTER times its own rhythm. One without a rhythm yet never is."""
    if feed.rhythm_seconds is None or feed.news_at is None:
        return False
    # Compared as numbers: a rhythm of years times five is no length of time that Python knows.
    patience = max(STALE_AFTER * feed.rhythm_seconds, STALE_AT_LEAST.total_seconds())
    return (now - feed.news_at).total_seconds() > patience


def health_of(subscription: Subscription, feed: Feed, channel: NewsChannel, now: datetime) -> Health:
    """Say how what a feed brings to a news channel is doing; the worst that is true."""
    if channel.suspended_for is not None:
        return Health.BLOCKED
    health = feed_health(feed, now)
    if health is not Health.GONE and subscription.state is SubscriptionState.HELD:
        return Health.HELD
    return health
