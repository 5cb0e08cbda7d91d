"""Polls, votes, sides and takes, and which side a story is about."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite numbers a row by itself only where the key is declared INTEGER.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "guild",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("open_label", sa.Text(), nullable=False),
        sa.Column("proprietary_label", sa.Text(), nullable=False),
        sa.Column("depends_label", sa.Text(), nullable=False),
        sa.Column("depends", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("story_polls", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("per_day", sa.Integer(), nullable=False),
        sa.Column("team_roles", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("open_role_id", sa.BigInteger()),
        sa.Column("proprietary_role_id", sa.BigInteger()),
        sa.Column("depends_role_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guild"),
    )
    op.create_table(
        "member_side",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("side", sa.Text()),
        sa.PrimaryKeyConstraint("guild_id", "member_id", name="pk_member_side"),
    )
    op.create_index("ix_member_side_member_id", "member_side", ["member_id"])
    op.create_table(
        "repeat",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text()),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("quiet", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("notice_due", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_repeat"),
    )
    op.create_index("ix_repeat_guild_id", "repeat", ["guild_id"])
    op.create_index("ix_repeat_paused_next_at", "repeat", ["paused", "next_at"])
    op.create_table(
        "standing",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("proprietary", sa.Integer(), nullable=False),
        sa.Column("depends", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "day", name="pk_standing"),
    )
    op.create_table(
        "correction",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("story_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("camp", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_correction_story_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "story_id", name="pk_correction"),
    )
    op.create_table(
        "poll",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("style", sa.Text(), nullable=False),
        sa.Column("story_id", ROW_ID),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("results", sa.Text(), nullable=False),
        sa.Column("max_choices", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("automatic", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("repeat_id", ROW_ID),
        sa.Column("opened_by", sa.BigInteger()),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("closes_at", TIME),
        sa.Column("closed_at", TIME),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("voters", sa.Integer()),
        sa.Column("outcome", sa.Text()),
        sa.Column("crossed", sa.Integer()),
        sa.Column("switched", sa.Integer()),
        sa.ForeignKeyConstraint(["repeat_id"], ["repeat.id"], name="fk_poll_repeat_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_poll_story_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_poll"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_poll_channel_id_opened_at", "poll", ["channel_id", "opened_at"])
    op.create_index("ix_poll_guild_id_state", "poll", ["guild_id", "state"])
    op.create_index("ix_poll_repeat_id", "poll", ["repeat_id"])
    op.create_index("ix_poll_state_closes_at", "poll", ["state", "closes_at"])
    op.create_index(
        "uq_poll_guild_id_story_id",
        "poll",
        ["guild_id", "story_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'team'"),
        postgresql_where=sa.text("kind = 'team'"),
    )
    op.create_table(
        "poll_choice",
        sa.Column("poll_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("side", sa.Text()),
        sa.Column("votes", sa.Integer()),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name="fk_poll_choice_poll_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("poll_id", "position", name="pk_poll_choice"),
    )
    op.create_table(
        "side_log",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text()),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("poll_id", ROW_ID),
        sa.Column("vote_id", sa.BigInteger()),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name="fk_side_log_poll_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_side_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_side_log_guild_id_at", "side_log", ["guild_id", "at"])
    op.create_index("ix_side_log_guild_id_member_id_id", "side_log", ["guild_id", "member_id", "id"])
    op.create_index("ix_side_log_poll_id", "side_log", ["poll_id"])
    op.create_table(
        "take",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("story_id", ROW_ID),
        sa.Column("poll_id", ROW_ID),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name="fk_take_poll_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_take_story_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_take"),
    )
    op.create_index("ix_take_guild_id_member_id", "take", ["guild_id", "member_id"])
    op.create_index(
        "uq_take_guild_id_story_id_member_id",
        "take",
        ["guild_id", "story_id", "member_id"],
        unique=True,
        sqlite_where=sa.text("story_id IS NOT NULL"),
        postgresql_where=sa.text("story_id IS NOT NULL"),
    )
    op.create_index(
        "uq_take_poll_id_member_id",
        "take",
        ["poll_id", "member_id"],
        unique=True,
        sqlite_where=sa.text("poll_id IS NOT NULL"),
        postgresql_where=sa.text("poll_id IS NOT NULL"),
    )
    op.create_table(
        "vote",
        sa.Column("poll_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ballot", sa.Integer(), nullable=False),
        sa.Column("crossed", sa.Boolean(), nullable=False),
        sa.Column("cast_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name="fk_vote_poll_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("poll_id", "member_id", name="pk_vote"),
    )
    op.create_index("ix_vote_member_id", "vote", ["member_id"])
    op.create_table(
        "vote_log",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("poll_id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("ballot", sa.Integer(), nullable=False),
        sa.Column("crossed", sa.Boolean(), nullable=False),
        sa.Column("cast_at", TIME, nullable=False),
        sa.Column("restores", sa.BigInteger()),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name="fk_vote_log_poll_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_vote_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_vote_log_guild_id_cast_at", "vote_log", ["guild_id", "cast_at"])
    op.create_index("ix_vote_log_guild_id_member_id_cast_at", "vote_log", ["guild_id", "member_id", "cast_at"])
    op.create_index("ix_vote_log_poll_id_member_id_id", "vote_log", ["poll_id", "member_id", "id"])
    op.create_table(
        "poll_message",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("poll_id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("delivery_id", ROW_ID),
        sa.Column("reply_to", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempted_at", TIME),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("sent_at", TIME),
        sa.Column("reason", sa.Text()),
        sa.Column("drawn_votes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("drawn_revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("drawn_at", TIME),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name="fk_poll_message_delivery_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name="fk_poll_message_poll_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_poll_message"),
        sa.UniqueConstraint("poll_id", "channel_id", "purpose", name="uq_poll_message_poll_id_channel_id_purpose"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_poll_message_delivery_id", "poll_message", ["delivery_id"])
    op.create_index("ix_poll_message_message_id", "poll_message", ["message_id"])
    op.create_index("ix_poll_message_state_due_at", "poll_message", ["state", "due_at"])
    op.add_column("story", sa.Column("camp", sa.Text()))
    op.add_column("story", sa.Column("camp_terms", sa.Text()))
    op.add_column("story", sa.Column("strong", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_delivery_message_id", "delivery", ["message_id"])
