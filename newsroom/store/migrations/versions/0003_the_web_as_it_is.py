"""The web as it is: what feeds teach, what is forgotten, limits and lists, alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# SQLite numbers a row by itself only where the key is declared INTEGER.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("fetches", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("interval_seconds", sa.Float()),
        sa.Column("rhythm_seconds", sa.Float()),
        sa.Column("news_at", TIME),
        sa.Column("hint_seconds", sa.Integer()),
        sa.Column("failing_since", TIME),
        sa.Column("gone_at", TIME),
        sa.Column("moved_to", sa.Text()),
        sa.Column("moved_days", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("moved_on", sa.Date()),
        sa.Column("fingerprints", sa.LargeBinary()),
        sa.Column("sighted_at", TIME),
    ):
        op.add_column("feed", column)
    op.add_column("article", sa.Column("seen_at", TIME))
    op.add_column("article", sa.Column("updates", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index("ix_article_found_at", "article", ["found_at"])
    op.create_table(
        "tombstone",
        sa.Column("feed_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("buried_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_tombstone_feed_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("feed_id", "key", name="pk_tombstone"),
    )
    op.create_table(
        "parked_host",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_parked_host"),
    )
    for column in (
        sa.Column("suspended_code", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("probe_at", TIME),
        sa.Column("per_hour", sa.Integer(), server_default=sa.text("4"), nullable=False),
        sa.Column("per_day", sa.Integer(), server_default=sa.text("20"), nullable=False),
        sa.Column("free_cards", sa.Integer(), server_default=sa.text("0"), nullable=False),
    ):
        op.add_column("news_channel", column)
    op.add_column("subscription", sa.Column("hold_floods", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "digest",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempted_at", TIME),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("sent_at", TIME),
        sa.Column("reason", sa.Text()),
        sa.Column("planned_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["news_channel.channel_id"], name="fk_digest_channel_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_digest_channel_id_state_id", "digest", ["channel_id", "state", "id"])
    op.create_index("ix_digest_state_due_at", "digest", ["state", "due_at"])
    op.add_column("delivery", sa.Column("digest_id", sa.BigInteger()))
    op.add_column("delivery", sa.Column("digest_place", sa.Integer()))
    op.add_column("delivery", sa.Column("redraw_at", TIME))
    op.add_column("delivery", sa.Column("edits", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("delivery", sa.Column("edits_since", TIME))
    op.create_index("ix_delivery_redraw_at", "delivery", ["redraw_at"])
    op.add_column("story", sa.Column("joined_id", sa.BigInteger()))
    op.create_index("ix_story_joined_id", "story", ["joined_id"])
    op.create_index("ix_delivery_channel_id_sent_at", "delivery", ["channel_id", "sent_at"])
    op.create_index("ix_delivery_digest_id", "delivery", ["digest_id"])
    op.add_column("guild", sa.Column("left_at", TIME))
    op.add_column("guild", sa.Column("alerts_channel_id", sa.BigInteger()))
    op.add_column("guild", sa.Column("told_on", sa.Date()))
    op.create_table(
        "alert",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("feed_id", ROW_ID),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempted_at", TIME),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("place_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_alert_feed_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_state_due_at", "alert", ["state", "due_at"])
    op.create_index("ix_alert_guild_id", "alert", ["guild_id"])
    op.create_index("ix_alert_feed_id", "alert", ["feed_id"])
    op.create_table(
        "told",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("feed_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("alert_id", ROW_ID),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_told_feed_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_told_alert_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("guild_id", "feed_id", name="pk_told"),
    )
    op.create_index("ix_told_feed_id", "told", ["feed_id"])
    op.create_index("ix_told_alert_id", "told", ["alert_id"])
    op.create_table(
        "story_merge",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("story_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("into_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_story_merge_story_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["into_id"], ["story.id"], name="fk_story_merge_into_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "story_id", name="pk_story_merge"),
    )
    op.create_index("ix_story_merge_story_id", "story_merge", ["story_id"])
    op.create_index("ix_story_merge_into_id", "story_merge", ["into_id"])
    op.create_table(
        "story_split",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("article_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_story_split_article_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_story_split_story_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "article_id", name="pk_story_split"),
    )
    op.create_index("ix_story_split_article_id", "story_split", ["article_id"])
    op.create_index("ix_story_split_story_id", "story_split", ["story_id"])
