"""The first tables: feeds and what they brought, where it goes, and how far it got."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite numbers a row by itself only where the key is declared INTEGER.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_installation"),
    )
    op.create_table(
        "feed",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("site_url", sa.Text()),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("body_hash", sa.LargeBinary()),
        sa.Column("entry_host", sa.Text()),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("checked_at", TIME),
        sa.Column("succeeded_at", TIME),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
        sa.UniqueConstraint("url", name="uq_feed_url"),
    )
    op.create_table(
        "story",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("key", sa.LargeBinary()),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_story"),
        sa.UniqueConstraint("key", name="uq_story_key"),
    )
    op.create_table(
        "article",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("feed_id", ROW_ID, nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("picture_url", sa.Text()),
        sa.Column("published_at", TIME),
        sa.Column("found_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_article"),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_article_feed_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_article_story_id"),
    )
    op.create_index("ix_article_feed_id_found_at", "article", ["feed_id", "found_at"])
    op.create_index("ix_article_story_id", "article", ["story_id"])
    op.create_table(
        "alias",
        sa.Column("feed_id", ROW_ID, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("feed_id", "key", name="pk_alias"),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_alias_feed_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_alias_article_id", ondelete="CASCADE"),
    )
    op.create_index("ix_alias_article_id", "alias", ["article_id"])
    op.create_table(
        "news_channel",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tag_id", sa.BigInteger()),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("paused_until", TIME),
        sa.Column("suspended_for", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name="pk_news_channel"),
    )
    op.create_index("ix_news_channel_guild_id", "news_channel", ["guild_id"])
    op.create_table(
        "subscription",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("feed_id", ROW_ID, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("baseline_due", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("removed_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.UniqueConstraint("feed_id", "channel_id", name="uq_subscription_feed_id_channel_id"),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_subscription_feed_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["news_channel.channel_id"], name="fk_subscription_channel_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_subscription_guild_id", "subscription", ["guild_id"])
    op.create_index("ix_subscription_channel_id", "subscription", ["channel_id"])
    op.create_table(
        "delivery",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempted_at", TIME),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("sent_at", TIME),
        sa.Column("set_aside_for", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("publish_state", sa.Text(), server_default=sa.text("'none'"), nullable=False),
        sa.Column("publish_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("publish_due_at", TIME),
        sa.Column("planned_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("story_id", "channel_id", name="uq_delivery_story_id_channel_id"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_delivery_story_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_delivery_article_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["news_channel.channel_id"], name="fk_delivery_channel_id", ondelete="CASCADE"
        ),
        # SQLite would give the id of a deleted row out again, and nonce and mark are made from it.
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_channel_id_state_id", "delivery", ["channel_id", "state", "id"])
    op.create_index("ix_delivery_state_due_at", "delivery", ["state", "due_at"])
    op.create_index("ix_delivery_article_id", "delivery", ["article_id"])
    op.create_index("ix_delivery_publish_state_publish_due_at", "delivery", ["publish_state", "publish_due_at"])
