"""Values of ``newsroom.models`` for tests: each maker fills in what the test doesn't talk about.

``maker(field=value)`` changes that field alone. All times hang on ``NOW``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from newsroom.discussion.threads import Discussed
from newsroom.models import (
    Alert,
    AlertKind,
    Article,
    Card,
    Cause,
    ChannelKind,
    Choice,
    Delivery,
    DeliveryState,
    DiscussionSettings,
    Document,
    Entry,
    Feed,
    FeedLink,
    GuildSettings,
    NewsChannel,
    Origin,
    Poll,
    PollKind,
    PollState,
    PollStyle,
    Remark,
    RemarkKind,
    Results,
    ShownPoll,
    Side,
    SideChange,
    Subscription,
    SubscriptionState,
    Take,
    Tally,
    Visibility,
)

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def ago(**length: float) -> datetime:
    """The time that long before ``NOW``: ``ago(minutes=5)``."""
    return NOW - timedelta(**length)


def entry(**fields: Any) -> Entry:
    return replace(
        Entry(
            guid="https://lab.example/posts/1",
            link="https://lab.example/posts/1",
            title="A small lab releases a large model",
            summary="The weights are open. The paper follows next week.",
            picture=None,
            published=ago(hours=1),
        ),
        **fields,
    )


def document(*entries: Entry, **fields: Any) -> Document:
    return replace(Document(title="Lab Notes", site_url="https://lab.example/", entries=entries), **fields)


def feed_link(**fields: Any) -> FeedLink:
    return replace(FeedLink(url="https://lab.example/feed.xml", title="Lab Notes"), **fields)


def feed(**fields: Any) -> Feed:
    return replace(
        Feed(
            id=1,
            url="https://lab.example/feed.xml",
            title="Lab Notes",
            site_url="https://lab.example/",
            etag=None,
            last_modified=None,
            body_hash=None,
            entry_host=None,
            failures=0,
            error=None,
            checked_at=None,
            succeeded_at=None,
            due_at=NOW,
        ),
        **fields,
    )


def article(**fields: Any) -> Article:
    return replace(
        Article(
            id=1,
            feed_id=1,
            story_id=1,
            title="A small lab releases a large model",
            url="https://lab.example/posts/1",
            summary="The weights are open. The paper follows next week.",
            picture_url=None,
            published_at=ago(hours=1),
            found_at=ago(minutes=1),
        ),
        **fields,
    )


def news_channel(**fields: Any) -> NewsChannel:
    return replace(
        NewsChannel(
            channel_id=2001,
            guild_id=1001,
            kind=ChannelKind.TEXT,
            tag_id=None,
            paused=False,
            paused_until=None,
            suspended_for=None,
        ),
        **fields,
    )


def subscription(**fields: Any) -> Subscription:
    return replace(
        Subscription(
            id=1,
            feed_id=1,
            channel_id=2001,
            guild_id=1001,
            title=None,
            state=SubscriptionState.ACTIVE,
            baseline_due=False,
            added_by=3001,
            added_at=ago(days=1),
            removed_at=None,
        ),
        **fields,
    )


def delivery(**fields: Any) -> Delivery:
    return replace(
        Delivery(
            id=1,
            story_id=1,
            article_id=1,
            channel_id=2001,
            guild_id=1001,
            state=DeliveryState.PENDING,
            attempts=0,
            attempted_at=None,
            due_at=NOW,
            message_id=None,
        ),
        **fields,
    )


def card(**fields: Any) -> Card:
    return replace(
        Card(
            headline="A small lab releases a large model",
            source="Lab Notes",
            url="https://lab.example/posts/1",
            summary="The weights are open. The paper follows next week.",
            picture_url=None,
            published_at=ago(hours=1),
            mark="1.0123456789abcdef01234567",
        ),
        **fields,
    )


def alert(**fields: Any) -> Alert:
    return replace(
        Alert(
            id=1,
            guild_id=1001,
            kind=AlertKind.DAILY,
            feed_id=None,
            channel_id=None,
            state=DeliveryState.PENDING,
            attempts=0,
            attempted_at=None,
            due_at=NOW,
            place_id=None,
            message_id=None,
            created_at=NOW,
        ),
        **fields,
    )


def origin(**fields: Any) -> Origin:
    return replace(
        Origin(
            feed_title="Lab Notes",
            feed_url="https://lab.example/feed.xml",
            found_at=ago(minutes=1),
            url="https://lab.example/posts/1",
        ),
        **fields,
    )


def guild_settings(**fields: Any) -> GuildSettings:
    return replace(GuildSettings(guild_id=1001), **fields)


def choice(position: int = 0, label: str = "Yes", **fields: Any) -> Choice:
    return replace(Choice(position, label), **fields)


TEAMS = (
    Choice(0, "Open source", Side.OPEN),
    Choice(1, "Proprietary", Side.PROPRIETARY),
    Choice(2, "It depends", Side.DEPENDS),
)


def poll(**fields: Any) -> Poll:
    """An open team poll; ``poll(state=PollState.CLOSED, voters=12)`` is a closed one."""
    return replace(
        Poll(
            id=1,
            guild_id=1001,
            channel_id=2001,
            kind=PollKind.TEAM,
            style=PollStyle.BUTTONS,
            story_id=None,
            question="Team Open Source or Team Proprietary?",
            visibility=Visibility.ANONYMOUS,
            results=Results.LIVE,
            max_choices=1,
            role_id=None,
            state=PollState.OPEN,
            automatic=False,
            repeat_id=None,
            opened_by=3001,
            opened_at=ago(hours=1),
            closes_at=NOW + timedelta(hours=23),
            closed_at=None,
            revision=0,
            voters=None,
            outcome=None,
            crossed=None,
            switched=None,
            choices=TEAMS,
        ),
        **fields,
    )


def shown_poll(**fields: Any) -> ShownPoll:
    return replace(
        ShownPoll(poll=poll(), mark="1.0123456789abcdef01234567", tally=Tally((0, 0, 0), 0), settings=guild_settings()),
        **fields,
    )


def side_change(**fields: Any) -> SideChange:
    return replace(
        SideChange(
            id=1,
            guild_id=1001,
            member_id=4001,
            side=Side.OPEN,
            cause=Cause.FIRST_VOTE,
            poll_id=1,
            vote_id=1,
            at=ago(hours=1),
        ),
        **fields,
    )


def take(**fields: Any) -> Take:
    return replace(
        Take(
            id=1,
            guild_id=1001,
            story_id=None,
            poll_id=1,
            member_id=4001,
            side=Side.OPEN,
            text="Weights that I can read are weights that I can trust.",
            written_at=ago(minutes=30),
        ),
        **fields,
    )


def remark(**fields: Any) -> Remark:
    """What opens a discussion, standing in its thread; ``remark(kind=RemarkKind.TAKE, take_id=1)`` shows a take."""
    return replace(
        Remark(
            id=1,
            guild_id=1001,
            channel_id=9001,
            kind=RemarkKind.OPENER,
            delivery_id=1,
            take_id=None,
            ask_id=None,
            reply_to=None,
            state=DeliveryState.SENT,
            attempts=1,
            attempted_at=NOW,
            due_at=NOW,
            message_id=7001,
            withdrawn=False,
            turn_id=None,
        ),
        **fields,
    )


def discussed_card(**fields: Any) -> Discussed:
    """A card in a text channel whose story is discussed, in a thread to be opened yet."""
    sent = Delivery(1, 1, 1, 2001, 1001, DeliveryState.SENT, 1, NOW, NOW, 9001)
    return replace(
        Discussed(sent, ChannelKind.TEXT, 2001, article(), "Lab Notes", DiscussionSettings(), None), **fields
    )
