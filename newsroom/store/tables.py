"""The tables, declared once and meant the same on SQLite and PostgreSQL.

What each noun means stands in ``newsroom.models``. Migrations build these tables in a database;
``tests/newsroom/store/test_migrations.py`` keeps the two equal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

from newsroom.models import ChannelKind, DeliveryState, PublishState, SubscriptionState

Word = TypeVar("Word", bound=StrEnum)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, on a database that knows time zones and on one that doesn't."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware and in UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class OneOf(TypeDecorator[Word]):
    """A word of an enumeration, which the database keeps as plain text."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[Word]) -> None:
        super().__init__()
        self.words = words

    def process_result_value(self, value: str | None, dialect: Dialect) -> Word | None:
        return None if value is None else self.words(value)


# SQLite numbers a row by itself only where the key is declared INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

installation = Table(
    "installation",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

feed = Table(
    "feed",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("site_url", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", LargeBinary),
    Column("entry_host", Text),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("checked_at", UtcDateTime),
    Column("succeeded_at", UtcDateTime),
    Column("due_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

story = Table(
    "story",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("key", LargeBinary, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

article = Table(
    "article",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("feed_id", RowId, ForeignKey("feed.id", ondelete="CASCADE"), nullable=False),
    Column("story_id", RowId, ForeignKey("story.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text),
    Column("summary", Text, nullable=False),
    Column("picture_url", Text),
    Column("published_at", UtcDateTime),
    Column("found_at", UtcDateTime, nullable=False),
    Index(None, "feed_id", "found_at"),
    Index(None, "story_id"),
)

alias = Table(
    "alias",
    metadata,
    Column("feed_id", RowId, ForeignKey("feed.id", ondelete="CASCADE"), primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("article_id", RowId, ForeignKey("article.id", ondelete="CASCADE"), nullable=False),
    Index(None, "article_id"),
)

news_channel = Table(
    "news_channel",
    metadata,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("kind", OneOf(ChannelKind), nullable=False),
    Column("tag_id", BigInteger),
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("paused_until", UtcDateTime),
    Column("suspended_for", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "guild_id"),
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("feed_id", RowId, ForeignKey("feed.id", ondelete="CASCADE"), nullable=False),
    Column("channel_id", BigInteger, ForeignKey("news_channel.channel_id", ondelete="CASCADE"), nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("title", Text),
    Column("state", OneOf(SubscriptionState), nullable=False),
    Column("baseline_due", Boolean, nullable=False, server_default=false()),
    Column("added_by", BigInteger, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
    UniqueConstraint("feed_id", "channel_id"),
    Index(None, "guild_id"),
    Index(None, "channel_id"),
)

# Which subscriptions bring news.
is_active = (subscription.c.state == SubscriptionState.ACTIVE) & subscription.c.removed_at.is_(None)

delivery = Table(
    "delivery",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("story_id", RowId, ForeignKey("story.id", ondelete="CASCADE"), nullable=False),
    Column("article_id", RowId, ForeignKey("article.id", ondelete="CASCADE"), nullable=False),
    Column("channel_id", BigInteger, ForeignKey("news_channel.channel_id", ondelete="CASCADE"), nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("state", OneOf(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("attempted_at", UtcDateTime),
    Column("due_at", UtcDateTime, nullable=False),
    Column("message_id", BigInteger),
    Column("sent_at", UtcDateTime),
    Column("set_aside_for", Text),
    Column("reason", Text),
    Column("publish_state", OneOf(PublishState), nullable=False, server_default=text("'none'")),
    Column("publish_attempts", Integer, nullable=False, server_default=text("0")),
    Column("publish_due_at", UtcDateTime),
    Column("planned_at", UtcDateTime, nullable=False),
    UniqueConstraint("story_id", "channel_id"),
    Index(None, "channel_id", "state", "id"),
    Index(None, "state", "due_at"),
    Index(None, "article_id"),
    Index(None, "publish_state", "publish_due_at"),
    # SQLite would give the id of a deleted row out again, and nonce and mark are made from it.
    sqlite_autoincrement=True,
)
