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
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Float,
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
    select,
    text,
    true,
)

from newsroom.models import (
    AlertKind,
    AskKind,
    AskState,
    Camp,
    Cause,
    ChannelKind,
    DebatePhase,
    DeliveryState,
    Health,
    Line,
    Outcome,
    PollKind,
    PollState,
    PollStyle,
    PublishState,
    Purpose,
    RecapKind,
    RemarkKind,
    Results,
    Side,
    SubscriptionState,
    SummaryBasis,
    TextBasis,
    ThreadMode,
    ThreadState,
    Tone,
    TurnKind,
    TurnState,
    Visibility,
)

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
    Column("fetches", Integer, nullable=False, server_default=text("0")),
    Column("interval_seconds", Float),
    Column("rhythm_seconds", Float),
    Column("news_at", UtcDateTime),
    Column("hint_seconds", Integer),
    Column("failing_since", UtcDateTime),
    Column("gone_at", UtcDateTime),
    Column("moved_to", Text),
    Column("moved_days", Integer, nullable=False, server_default=text("0")),
    Column("moved_on", Date),
    Column("fingerprints", LargeBinary),
    Column("sighted_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
)

# Registrable domains whose servers want to be left alone.
parked_host = Table(
    "parked_host",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
    Column("strikes", Integer, nullable=False),
)

story = Table(
    "story",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("key", LargeBinary, unique=True),
    # The story that this one turned out to be: its key leads there.
    Column("joined_id", BigInteger),
    Column("created_at", UtcDateTime, nullable=False),
    Column("camp", OneOf(Camp)),
    Column("camp_terms", Text),
    Column("strong", Boolean, nullable=False, server_default=false()),
    Index(None, "joined_id"),
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
    Column("seen_at", UtcDateTime),
    Column("updates", Integer, nullable=False, server_default=text("0")),
    Index(None, "feed_id", "found_at"),
    Index(None, "story_id"),
    Index(None, "found_at"),
)

alias = Table(
    "alias",
    metadata,
    Column("feed_id", RowId, ForeignKey("feed.id", ondelete="CASCADE"), primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("article_id", RowId, ForeignKey("article.id", ondelete="CASCADE"), nullable=False),
    Index(None, "article_id"),
)

# What is left of articles that were forgotten: the beginnings of their aliases.
tombstone = Table(
    "tombstone",
    metadata,
    Column("feed_id", RowId, ForeignKey("feed.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("key", LargeBinary, primary_key=True),
    Column("buried_at", UtcDateTime, nullable=False),
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
    Column("suspended_code", Integer, nullable=False, server_default=text("0")),
    Column("probe_at", UtcDateTime),
    Column("per_hour", Integer, nullable=False, server_default=text("4")),
    Column("per_day", Integer, nullable=False, server_default=text("20")),
    Column("free_cards", Integer, nullable=False, server_default=text("0")),
    Column("threads", OneOf(ThreadMode), nullable=False, server_default=text("'discuss'")),
    Column("takes", Boolean, nullable=False, server_default=true()),
    Column("anonymous_takes", Boolean, nullable=False, server_default=false()),
    Column("links", Boolean, nullable=False, server_default=false()),
    Column("ask", Boolean, nullable=False, server_default=true()),
    Column("debate", Boolean, nullable=False, server_default=false()),
    Column("tone", OneOf(Tone), nullable=False, server_default=text("'plain'")),
    Column("muted_for", Text),
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
    Column("hold_floods", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("feed_id", "channel_id"),
    Index(None, "guild_id"),
    Index(None, "channel_id"),
)

# A page of a list of stories, on its way to a news channel.
digest = Table(
    "digest",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("channel_id", BigInteger, ForeignKey("news_channel.channel_id", ondelete="CASCADE"), nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("page", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("state", OneOf(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("attempted_at", UtcDateTime),
    Column("due_at", UtcDateTime, nullable=False),
    Column("message_id", BigInteger),
    Column("sent_at", UtcDateTime),
    Column("reason", Text),
    Column("planned_at", UtcDateTime, nullable=False),
    Index(None, "channel_id", "state", "id"),
    Index(None, "state", "due_at"),
    # SQLite would give the id of a deleted row out again, and nonce and mark are made from it.
    sqlite_autoincrement=True,
)

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
    # No foreign key, which SQLite could be given only by building the table anew.
    Column("digest_id", BigInteger),
    Column("digest_place", Integer),
    Column("redraw_at", UtcDateTime),
    Column("edits", Integer, nullable=False, server_default=text("0")),
    Column("edits_since", UtcDateTime),
    UniqueConstraint("story_id", "channel_id"),
    Index(None, "channel_id", "sent_at"),
    Index(None, "digest_id"),
    Index(None, "redraw_at"),
    Index(None, "channel_id", "state", "id"),
    Index(None, "state", "due_at"),
    Index(None, "article_id"),
    Index(None, "message_id"),
    Index(None, "publish_state", "publish_due_at"),
    # SQLite would give the id of a deleted row out again, and nonce and mark are made from it.
    sqlite_autoincrement=True,
)

guild = Table(
    "guild",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("timezone", Text, nullable=False),
    Column("open_label", Text, nullable=False),
    Column("proprietary_label", Text, nullable=False),
    Column("depends_label", Text, nullable=False),
    Column("depends", Boolean, nullable=False, server_default=true()),
    Column("story_polls", Boolean, nullable=False, server_default=true()),
    Column("per_day", Integer, nullable=False),
    Column("team_roles", Boolean, nullable=False, server_default=false()),
    Column("open_role_id", BigInteger),
    Column("proprietary_role_id", BigInteger),
    Column("depends_role_id", BigInteger),
    Column("alerts_channel_id", BigInteger),
    Column("told_on", Date),
    Column("left_at", UtcDateTime),
    Column("model", Boolean, nullable=False, server_default=true()),
    Column("member_hour", Integer),
    Column("server_day", Integer),
)


def is_here(guild_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Say in SQL that a guild has not removed the bot."""
    return guild_id.not_in(select(guild.c.guild_id).where(guild.c.left_at.is_not(None)))


# Which subscriptions bring news, now or once an admin has looked.
is_active = (
    (subscription.c.state != SubscriptionState.PAUSED)
    & subscription.c.removed_at.is_(None)
    & is_here(subscription.c.guild_id)
)

# What admins have to hear of, on its way to them.
alert = Table(
    "alert",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("kind", OneOf(AlertKind), nullable=False),
    Column("feed_id", RowId, ForeignKey("feed.id", ondelete="CASCADE")),
    Column("channel_id", BigInteger),
    Column("state", OneOf(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("attempted_at", UtcDateTime),
    Column("due_at", UtcDateTime, nullable=False),
    Column("place_id", BigInteger),
    Column("message_id", BigInteger),
    Column("reason", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("line", OneOf(Line)),
    Column("member_id", BigInteger),
    Column("detail", Text),
    Index(None, "state", "due_at"),
    Index(None, "guild_id"),
    Index(None, "feed_id"),
    # SQLite would give the id of a deleted row out again, and nonce and mark are made from it.
    sqlite_autoincrement=True,
)

# What a guild's admins believe of its feeds: what they were told last, by which alert if it came once a day.
told = Table(
    "told",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("feed_id", RowId, ForeignKey("feed.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("health", OneOf(Health), nullable=False),
    Column("alert_id", RowId, ForeignKey("alert.id", ondelete="SET NULL")),
    Index(None, "feed_id"),
    Index(None, "alert_id"),
)

# What a guild's moderators say a story is about; it wins over what its words say.
correction = Table(
    "correction",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("story_id", RowId, ForeignKey("story.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("camp", OneOf(Camp), nullable=False),
)

# Two stories that a guild's moderators call one: whatever tells the first tells the second there.
story_merge = Table(
    "story_merge",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("story_id", RowId, ForeignKey("story.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("into_id", RowId, ForeignKey("story.id", ondelete="CASCADE"), nullable=False),
    Index(None, "story_id"),
    Index(None, "into_id"),
)

# An article that a guild's moderators call another story than we do.
story_split = Table(
    "story_split",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", RowId, ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("story_id", RowId, ForeignKey("story.id", ondelete="CASCADE"), nullable=False),
    Index(None, "article_id"),
    Index(None, "story_id"),
)

repeat = Table(
    "repeat",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("question", Text),
    Column("rule", Text, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("quiet", Integer, nullable=False, server_default=text("0")),
    Column("notice_due", Boolean, nullable=False, server_default=false()),
    Column("created_by", BigInteger, nullable=False),
    Index(None, "guild_id"),
    Index(None, "paused", "next_at"),
)

poll = Table(
    "poll",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("kind", OneOf(PollKind), nullable=False),
    Column("style", OneOf(PollStyle), nullable=False),
    Column("story_id", RowId, ForeignKey("story.id", ondelete="SET NULL")),
    Column("question", Text, nullable=False),
    Column("visibility", OneOf(Visibility), nullable=False),
    Column("results", OneOf(Results), nullable=False),
    Column("max_choices", Integer, nullable=False),
    Column("role_id", BigInteger),
    Column("state", OneOf(PollState), nullable=False),
    Column("automatic", Boolean, nullable=False, server_default=false()),
    Column("repeat_id", RowId, ForeignKey("repeat.id", ondelete="SET NULL")),
    Column("opened_by", BigInteger),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closes_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("revision", Integer, nullable=False, server_default=text("0")),
    Column("voters", Integer),
    Column("outcome", OneOf(Outcome)),
    Column("crossed", Integer),
    Column("switched", Integer),
    Index(None, "guild_id", "state"),
    Index(None, "state", "closes_at"),
    Index(None, "channel_id", "opened_at"),
    Index(None, "repeat_id"),
    # One story is one team poll in a guild, wherever its card stands.
    Index(
        "uq_poll_guild_id_story_id",
        "guild_id",
        "story_id",
        unique=True,
        sqlite_where=text("kind = 'team'"),
        postgresql_where=text("kind = 'team'"),
    ),
    # SQLite would give the id of a deleted row out again, and the marks of buttons are made from it.
    sqlite_autoincrement=True,
)

poll_choice = Table(
    "poll_choice",
    metadata,
    Column("poll_id", RowId, ForeignKey("poll.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False),
    Column("side", OneOf(Side)),
    Column("votes", Integer),
)

poll_message = Table(
    "poll_message",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("poll_id", RowId, ForeignKey("poll.id", ondelete="CASCADE"), nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("purpose", OneOf(Purpose), nullable=False),
    Column("delivery_id", RowId, ForeignKey("delivery.id", ondelete="CASCADE")),
    Column("reply_to", BigInteger),
    Column("state", OneOf(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("attempted_at", UtcDateTime),
    Column("due_at", UtcDateTime, nullable=False),
    Column("message_id", BigInteger),
    Column("sent_at", UtcDateTime),
    Column("reason", Text),
    Column("drawn_votes", Integer, nullable=False, server_default=text("0")),
    Column("drawn_revision", Integer, nullable=False, server_default=text("0")),
    Column("drawn_at", UtcDateTime),
    # A poll is shown once in a channel for each purpose, and its result once at all.
    UniqueConstraint("poll_id", "channel_id", "purpose"),
    Index(None, "state", "due_at"),
    Index(None, "message_id"),
    Index(None, "delivery_id"),
    sqlite_autoincrement=True,
)

vote = Table(
    "vote",
    metadata,
    Column("poll_id", RowId, ForeignKey("poll.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("ballot", Integer, nullable=False),
    Column("crossed", Boolean, nullable=False),
    Column("cast_at", UtcDateTime, nullable=False),
    Index(None, "member_id"),
)

vote_log = Table(
    "vote_log",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("poll_id", RowId, ForeignKey("poll.id", ondelete="CASCADE"), nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("ballot", Integer, nullable=False),
    Column("crossed", Boolean, nullable=False),
    Column("cast_at", UtcDateTime, nullable=False),
    Column("restores", BigInteger),
    Index(None, "poll_id", "member_id", "id"),
    Index(None, "guild_id", "member_id", "cast_at"),
    Index(None, "guild_id", "cast_at"),
    sqlite_autoincrement=True,
)

# Whoever has ever voted or said something in a guild has a row here.
member_side = Table(
    "member_side",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("side", OneOf(Side)),
    Index(None, "member_id"),
)

side_log = Table(
    "side_log",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("side", OneOf(Side)),
    Column("cause", OneOf(Cause), nullable=False),
    Column("poll_id", RowId, ForeignKey("poll.id", ondelete="SET NULL")),
    Column("vote_id", BigInteger),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "guild_id", "member_id", "id"),
    Index(None, "guild_id", "at"),
    Index(None, "poll_id"),
    sqlite_autoincrement=True,
)

# Where the members of a guild stood at the end of a day, which is one of UTC.
standing = Table(
    "standing",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("open", Integer, nullable=False),
    Column("proprietary", Integer, nullable=False),
    Column("depends", Integer, nullable=False),
)

take = Table(
    "take",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("story_id", RowId, ForeignKey("story.id", ondelete="CASCADE")),
    Column("poll_id", RowId, ForeignKey("poll.id", ondelete="CASCADE")),
    Column("member_id", BigInteger, nullable=False),
    Column("side", OneOf(Side)),
    Column("text", Text, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Column("anonymous", Boolean, nullable=False, server_default=false()),
    Column("answers_id", RowId, ForeignKey("take.id", ondelete="SET NULL")),
    Column("edited_at", UtcDateTime),
    # The news channel, or that of the poll, in which it was said last.
    Column("channel_id", BigInteger),
    # A member has one take on a story, and one on a poll that is about none.
    Index(
        "uq_take_guild_id_story_id_member_id",
        "guild_id",
        "story_id",
        "member_id",
        unique=True,
        sqlite_where=text("story_id IS NOT NULL"),
        postgresql_where=text("story_id IS NOT NULL"),
    ),
    Index(
        "uq_take_poll_id_member_id",
        "poll_id",
        "member_id",
        unique=True,
        sqlite_where=text("poll_id IS NOT NULL"),
        postgresql_where=text("poll_id IS NOT NULL"),
    ),
    Index(None, "guild_id", "member_id"),
    Index(None, "answers_id"),
    # SQLite would give the id of a deleted row out again: marks are made from it, and messages are found by it.
    sqlite_autoincrement=True,
)

# Who finds a take hot.
fire = Table(
    "fire",
    metadata,
    Column("take_id", RowId, ForeignKey("take.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "member_id"),
)

# Members whose takes a guild's moderators don't want until then. By the take, which is gone, they can lift that without
# being told of whom.
take_block = Table(
    "take_block",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("take_id", BigInteger, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("blocked_at", UtcDateTime, nullable=False),
)

# Where a card's story is discussed.
thread = Table(
    "thread",
    metadata,
    Column("thread_id", BigInteger, primary_key=True, autoincrement=False),
    Column("delivery_id", RowId, ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("state", OneOf(ThreadState), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", UtcDateTime, nullable=False),
    Column("reason", Text),
    Column("opened_at", UtcDateTime),
    Index(None, "state", "due_at"),
    Index(None, "guild_id", "state"),
)

# What members ask about stories, and what they were answered.
ask = Table(
    "ask",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("delivery_id", RowId, ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False),
    Column("kind", OneOf(AskKind), nullable=False),
    Column("question", Text, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("reply_to", BigInteger),
    Column("application_id", BigInteger),
    # Good for 15 minutes, and gone as soon as the asker was told.
    Column("token", Text),
    Column("state", OneOf(AskState), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("taken_until", UtcDateTime, nullable=False),
    Column("answer", Text),
    Column("usage_id", BigInteger),
    Column("checked_id", BigInteger),
    Index(None, "state", "taken_until"),
    Index(None, "guild_id", "member_id"),
    Index(None, "asked_at"),
    Index(None, "delivery_id"),
    Index(None, "checked_id"),
    # SQLite would give the id of a deleted row out again, and the marks of buttons are made from it.
    sqlite_autoincrement=True,
)

# What we say in discussions.
remark = Table(
    "remark",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("kind", OneOf(RemarkKind), nullable=False),
    # No foreign keys: what shows a take stays in its channel, and is to be found, until it was deleted there.
    Column("delivery_id", BigInteger, nullable=False),
    Column("take_id", BigInteger),
    Column("ask_id", BigInteger),
    Column("reply_to", BigInteger),
    Column("state", OneOf(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("attempted_at", UtcDateTime),
    Column("due_at", UtcDateTime, nullable=False),
    Column("message_id", BigInteger),
    Column("sent_at", UtcDateTime),
    Column("reason", Text),
    Column("redraw_at", UtcDateTime),
    Column("drawn_at", UtcDateTime),
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
    Column("planned_at", UtcDateTime, nullable=False),
    Column("turn_id", BigInteger),
    # A discussion is opened once, its growth told once, and a take, an answer or a turn shown once.
    Index(
        "uq_remark_channel_id_kind",
        "channel_id",
        "kind",
        unique=True,
        sqlite_where=text("take_id IS NULL AND ask_id IS NULL AND turn_id IS NULL"),
        postgresql_where=text("take_id IS NULL AND ask_id IS NULL AND turn_id IS NULL"),
    ),
    Index(
        "uq_remark_take_id",
        "take_id",
        unique=True,
        sqlite_where=text("take_id IS NOT NULL"),
        postgresql_where=text("take_id IS NOT NULL"),
    ),
    Index(
        "uq_remark_ask_id",
        "ask_id",
        unique=True,
        sqlite_where=text("ask_id IS NOT NULL"),
        postgresql_where=text("ask_id IS NOT NULL"),
    ),
    Index(
        "uq_remark_turn_id",
        "turn_id",
        unique=True,
        sqlite_where=text("turn_id IS NOT NULL"),
        postgresql_where=text("turn_id IS NOT NULL"),
    ),
    Index(None, "state", "due_at"),
    Index(None, "redraw_at"),
    Index(None, "channel_id"),
    Index(None, "message_id"),
    Index(None, "delivery_id"),
    # SQLite would give the id of a deleted row out again, and nonce and mark are made from it.
    sqlite_autoincrement=True,
)

# Debates of two sides over a story.
debate = Table(
    "debate",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("delivery_id", RowId, ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("phase", OneOf(DebatePhase), nullable=False),
    Column("round", Integer, nullable=False, server_default=text("0")),
    Column("due_at", UtcDateTime),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # One at a time in a guild.
    Index(
        "uq_debate_guild_id",
        "guild_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(None, "due_at"),
    Index(None, "delivery_id"),
    # SQLite would give the id of a deleted row out again, and the marks of buttons are made from it.
    sqlite_autoincrement=True,
)

# What each message of a debate says.
debate_turn = Table(
    "debate_turn",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("debate_id", RowId, ForeignKey("debate.id", ondelete="CASCADE"), nullable=False),
    Column("kind", OneOf(TurnKind), nullable=False),
    Column("round", Integer, nullable=False),
    Column("side", OneOf(Side)),
    Column("state", OneOf(TurnState), nullable=False),
    Column("text", Text),
    Column("basis", OneOf(SummaryBasis)),
    Column("model", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("taken_until", UtcDateTime),
    Index(None, "debate_id", "id"),
    Index(None, "state"),
    # Remarks name turns without a foreign key.
    sqlite_autoincrement=True,
)

# Where members stand before and after a debate; forgotten once its result is counted.
debate_vote = Table(
    "debate_vote",
    metadata,
    Column("debate_id", RowId, ForeignKey("debate.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("after", Boolean, primary_key=True),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("side", OneOf(Side), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "member_id"),
)

# A question to a language model. With taken_until it is a reservation, which counts until then.
usage = Table(
    "usage",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("member_id", BigInteger),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("taken_until", UtcDateTime),
    Column("tokens", BigInteger, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Index(None, "taken_at"),
    Index(None, "guild_id", "taken_at"),
    Index(None, "member_id", "taken_at"),
    sqlite_autoincrement=True,
)

# Paragraphs are a JSON list of texts; where the feed's summary has to do, it is empty, and ``read_at`` is the attempt.
# ``summary`` is what the ``model`` says they say, empty where what it said can't be shown.
article_text = Table(
    "article_text",
    metadata,
    Column("article_id", RowId, ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("paragraphs", Text, nullable=False),
    Column("basis", OneOf(TextBasis), nullable=False),
    Column("read_at", UtcDateTime, nullable=False),
    Column("summary", Text),
    Column("model", Text),
    Index(None, "read_at"),
)

WORDS = "article_words"
"""The index of the words of articles, which follows them by itself; see ``newsroom.store.search``."""


def is_declared(thing: object, name: str | None, kind: str, reflected: bool, declared: object) -> bool:
    """Say whether something that a database has is one of those above, as Alembic asks.

    WORDS is none: on SQLite a table with others behind it, on PostgreSQL a column of the articles that fills itself.
    """
    return not (name or "").startswith((WORDS, f"ix_{WORDS}"))


# When a guild gets its weekly recap.
recap_plan = Table(
    "recap_plan",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger),
    Column("rule", Text, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("quiet", Integer, nullable=False, server_default=text("0")),
    Index(None, "paused", "next_at"),
)

# What is told of a week. What asks about an old take stays for as long as the take is known: nobody asks twice.
recap = Table(
    "recap",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("kind", OneOf(RecapKind), nullable=False),
    Column("contents", Text),
    # No foreign key: what shows a take stays in its channel until it was deleted there.
    Column("take_id", BigInteger, unique=True),
    # The command that a moderator had it posted by: once.
    Column("asked_id", BigInteger, unique=True),
    # The team question at its end.
    Column("poll_id", BigInteger),
    Column("state", OneOf(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("attempted_at", UtcDateTime),
    Column("due_at", UtcDateTime, nullable=False),
    Column("message_id", BigInteger),
    Column("sent_at", UtcDateTime),
    Column("reason", Text),
    Column("redraw_at", UtcDateTime),
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
    Column("planned_at", UtcDateTime, nullable=False),
    Index(None, "state", "due_at"),
    Index(None, "redraw_at"),
    Index(None, "guild_id"),
    Index(None, "poll_id"),
    # SQLite would give the id of a deleted row out again, and nonce and mark are made from it.
    sqlite_autoincrement=True,
)

# Which takes a recap quotes.
recap_take = Table(
    "recap_take",
    metadata,
    Column("recap_id", RowId, ForeignKey("recap.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("take_id", BigInteger, primary_key=True, autoincrement=False),
    Index(None, "take_id"),
)

# How members say that an old take has aged.
aged_vote = Table(
    "aged_vote",
    metadata,
    Column("take_id", RowId, ForeignKey("take.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("well", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "member_id"),
)

# Members who don't want their old takes quoted.
quote_refusal = Table(
    "quote_refusal",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("refused_at", UtcDateTime, nullable=False),
)

# How many messages members wrote in a thread of ours in an hour; what they wrote is never read.
chatter = Table(
    "chatter",
    metadata,
    Column(
        "thread_id",
        BigInteger,
        ForeignKey("thread.thread_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("hour", UtcDateTime, primary_key=True),
    Column("messages", Integer, nullable=False),
    Index(None, "hour"),
)
