"""The nouns of the newsroom, as values: nothing here changes, reads a clock or asks anyone.

The words are those of ``docs/design.md``, section 2. Times are aware and in UTC. Identifiers of guilds,
channels, messages and members are Discord's; all others are the store's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as its document tells it, before anyone has asked whether it is known.

    ``title`` and ``summary`` are safe plain text (see ``newsroom.text``); both may be empty. ``link`` and
    ``picture`` are absolute http(s) addresses or None. ``published`` is whatever the feed claims, in UTC, if it
    is later than ``newsroom.times.EARLIEST_DATE``.
    """

    guid: str | None
    link: str | None
    title: str
    summary: str = ""
    picture: str | None = None
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What a feed's body says: the feed's own name and page, and its entries from top to bottom."""

    title: str
    site_url: str | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page points at, with the page's own name for it (plain text, may be empty)."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Feed:
    """An address that lists articles, and what its last readings taught us.

    ``failures`` counts the failed readings since the last good one and ``error`` says the newest of them in
    words. ``due_at`` is when it is read next. ``entry_host`` is the host that all its items shared, if any.
    """

    id: int
    url: str
    title: str
    site_url: str | None
    etag: str | None
    last_modified: str | None
    body_hash: bytes | None
    entry_host: str | None
    failures: int
    error: str | None
    checked_at: datetime | None
    succeeded_at: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Article:
    """One entry of one feed, remembered."""

    id: int
    feed_id: int
    story_id: int
    title: str
    url: str | None
    summary: str
    picture_url: str | None
    published_at: datetime | None
    found_at: datetime


class ChannelKind(StrEnum):
    """What sort of place a news channel is, because each takes a card in its own way."""

    TEXT = "text"
    ANNOUNCEMENT = "announcement"
    FORUM = "forum"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class NewsChannel:
    """A channel, thread or forum that gets news.

    Paused by a moderator (``paused_until`` is None for "until resumed") or suspended because Discord refuses
    us there; ``suspended_for`` is the reason in words. In both cases its deliveries wait.
    """

    channel_id: int
    guild_id: int
    kind: ChannelKind
    tag_id: int | None
    paused: bool
    paused_until: datetime | None
    suspended_for: str | None


class SubscriptionState(StrEnum):
    """Whether a subscription gets news."""

    ACTIVE = "active"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Subscription:
    """This feed goes to this news channel. ``title`` is the admin's own name for the feed, if given.

    With ``baseline_due`` the next reading of the feed only learns what it holds and posts none of it here. One
    with a ``removed_at`` is gone for everybody, and kept a while as it was so that it can be brought back.
    """

    id: int
    feed_id: int
    channel_id: int
    guild_id: int
    title: str | None
    state: SubscriptionState
    baseline_due: bool
    added_by: int
    added_at: datetime
    removed_at: datetime | None


class DeliveryState(StrEnum):
    """How far one story is on its way to one news channel.

    A delivery that stands at ``sending`` and is in nobody's hands may have arrived: look before sending.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"


class PublishState(StrEnum):
    """How far the publishing of a card in an announcement channel is; a step of its own after ``sent``."""

    NONE = "none"
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One story on its way to one news channel. Its id is its place in the channel's order.

    ``attempted_at`` is when the first attempt began that may have reached the channel, None while surely
    nothing stands there.
    """

    id: int
    story_id: int
    article_id: int
    channel_id: int
    guild_id: int
    state: DeliveryState
    attempts: int
    attempted_at: datetime | None
    due_at: datetime
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the stories of a news channel fare: how many wait, how many Discord took in no form, and the newest why."""

    waiting: int
    waiting_for: str | None
    refused: int
    refused_for: str | None


@dataclass(frozen=True, slots=True)
class Publishing:
    """A card that stands in an announcement channel and has yet to be published to its followers."""

    delivery_id: int
    channel_id: int
    guild_id: int
    message_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows: values only, so that the same story can be drawn for a channel, a forum or a preview.

    ``mark`` tells our card from all others in a channel; it is empty on a preview, which nobody looks up.
    """

    headline: str
    source: str
    url: str | None
    summary: str
    picture_url: str | None
    published_at: datetime | None
    mark: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a card comes from: the feed by its title and address, when the article was found, and its link."""

    feed_title: str
    feed_url: str
    found_at: datetime
    url: str | None
