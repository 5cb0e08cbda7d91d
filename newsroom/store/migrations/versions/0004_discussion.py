"""Discussion: how a news channel discusses, threads, takes, articles' texts, answers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# SQLite numbers a row by itself only where the key is declared INTEGER.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _guilds()
    _news_channels()
    _takes()
    _threads()
    _asks()
    _debates()
    _usage()
    _texts()
    _words_of_articles()
    _recaps()
    _lines_for_admins()


def _guilds() -> None:
    op.add_column("guild", sa.Column("model", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("guild", sa.Column("member_hour", sa.Integer()))
    op.add_column("guild", sa.Column("server_day", sa.Integer()))


def _news_channels() -> None:
    for column in (
        sa.Column("threads", sa.Text(), server_default=sa.text("'discuss'"), nullable=False),
        sa.Column("takes", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("anonymous_takes", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("links", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ask", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("debate", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tone", sa.Text(), server_default=sa.text("'plain'"), nullable=False),
        sa.Column("muted_for", sa.Text()),
    ):
        op.add_column("news_channel", column)


def _takes() -> None:
    # The foreign key has SQLite build the table anew, from now on one that gives no id out twice.
    with op.batch_alter_table("take", table_kwargs={"sqlite_autoincrement": True}) as take:
        take.add_column(sa.Column("anonymous", sa.Boolean(), server_default=sa.false(), nullable=False))
        take.add_column(sa.Column("answers_id", ROW_ID))
        take.add_column(sa.Column("edited_at", TIME))
        take.add_column(sa.Column("channel_id", sa.BigInteger()))
        take.create_foreign_key("fk_take_answers_id", "take", ["answers_id"], ["id"], ondelete="SET NULL")
        take.create_index("ix_take_answers_id", ["answers_id"])
    # Until now a take was said under a poll: that of its story, or the one that it is about.
    op.execute(
        "UPDATE take SET channel_id = (SELECT MAX(poll.channel_id) FROM poll WHERE poll.id = take.poll_id"
        " OR (poll.guild_id = take.guild_id AND poll.story_id = take.story_id AND poll.kind = 'team'))"
    )
    op.create_table(
        "fire",
        sa.Column("take_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["take_id"], ["take.id"], name="fk_fire_take_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("take_id", "member_id", name="pk_fire"),
    )
    op.create_index("ix_fire_member_id", "fire", ["member_id"])
    op.create_table(
        "take_block",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("take_id", sa.BigInteger(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("blocked_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "member_id", name="pk_take_block"),
    )


def _threads() -> None:
    op.create_table(
        "thread",
        sa.Column("thread_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("opened_at", TIME),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_thread_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("thread_id", name="pk_thread"),
        sa.UniqueConstraint("delivery_id", name="uq_thread_delivery_id"),
    )
    op.create_index("ix_thread_state_due_at", "thread", ["state", "due_at"])
    op.create_index("ix_thread_guild_id_state", "thread", ["guild_id", "state"])
    # A forum's post is a thread of ours, whoever wants to discuss it; those that stand there are, too.
    op.execute(
        "INSERT INTO thread (thread_id, delivery_id, guild_id, channel_id, state, due_at)"
        " SELECT message_id, MAX(delivery.id), MAX(delivery.guild_id), MAX(delivery.channel_id), 'open', MAX(due_at)"
        " FROM delivery JOIN news_channel ON news_channel.channel_id = delivery.channel_id"
        " WHERE news_channel.kind = 'forum' AND delivery.state = 'sent' AND delivery.message_id IS NOT NULL"
        " GROUP BY message_id"
    )
    op.create_table(
        "remark",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("take_id", sa.BigInteger()),
        sa.Column("ask_id", sa.BigInteger()),
        sa.Column("reply_to", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempted_at", TIME),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("sent_at", TIME),
        sa.Column("reason", sa.Text()),
        sa.Column("redraw_at", TIME),
        sa.Column("drawn_at", TIME),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("planned_at", TIME, nullable=False),
        sa.Column("turn_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_remark"),
        sqlite_autoincrement=True,
    )
    for name, columns, where in (
        (
            "uq_remark_channel_id_kind",
            ["channel_id", "kind"],
            "take_id IS NULL AND ask_id IS NULL AND turn_id IS NULL",
        ),
        ("uq_remark_take_id", ["take_id"], "take_id IS NOT NULL"),
        ("uq_remark_ask_id", ["ask_id"], "ask_id IS NOT NULL"),
        ("uq_remark_turn_id", ["turn_id"], "turn_id IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(name, "remark", columns, unique=True, sqlite_where=condition, postgresql_where=condition)
    op.create_index("ix_remark_state_due_at", "remark", ["state", "due_at"])
    op.create_index("ix_remark_redraw_at", "remark", ["redraw_at"])
    op.create_index("ix_remark_channel_id", "remark", ["channel_id"])
    op.create_index("ix_remark_message_id", "remark", ["message_id"])
    op.create_index("ix_remark_delivery_id", "remark", ["delivery_id"])


def _asks() -> None:
    op.create_table(
        "ask",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("reply_to", sa.BigInteger()),
        sa.Column("application_id", sa.BigInteger()),
        sa.Column("token", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("taken_until", TIME, nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("usage_id", sa.BigInteger()),
        sa.Column("checked_id", sa.BigInteger()),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_ask_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_ask"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ask_state_taken_until", "ask", ["state", "taken_until"])
    op.create_index("ix_ask_guild_id_member_id", "ask", ["guild_id", "member_id"])
    op.create_index("ix_ask_asked_at", "ask", ["asked_at"])
    op.create_index("ix_ask_delivery_id", "ask", ["delivery_id"])
    op.create_index("ix_ask_checked_id", "ask", ["checked_id"])


def _debates() -> None:
    op.create_table(
        "debate",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_debate_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_debate"),
        sqlite_autoincrement=True,
    )
    running = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_debate_guild_id", "debate", ["guild_id"], unique=True, sqlite_where=running, postgresql_where=running
    )
    op.create_index("ix_debate_due_at", "debate", ["due_at"])
    op.create_index("ix_debate_delivery_id", "debate", ["delivery_id"])
    op.create_table(
        "debate_turn",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("debate_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("side", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("basis", sa.Text()),
        sa.Column("model", sa.Text()),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("taken_until", TIME),
        sa.ForeignKeyConstraint(["debate_id"], ["debate.id"], name="fk_debate_turn_debate_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_debate_turn"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_debate_turn_debate_id_id", "debate_turn", ["debate_id", "id"])
    op.create_index("ix_debate_turn_state", "debate_turn", ["state"])
    op.create_table(
        "debate_vote",
        sa.Column("debate_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("after", sa.Boolean(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["debate_id"], ["debate.id"], name="fk_debate_vote_debate_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("debate_id", "after", "member_id", name="pk_debate_vote"),
    )
    op.create_index("ix_debate_vote_member_id", "debate_vote", ["member_id"])


def _usage() -> None:
    op.create_table(
        "usage",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger()),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("taken_until", TIME),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_usage"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_usage_taken_at", "usage", ["taken_at"])
    op.create_index("ix_usage_guild_id_taken_at", "usage", ["guild_id", "taken_at"])
    op.create_index("ix_usage_member_id_taken_at", "usage", ["member_id", "taken_at"])


def _texts() -> None:
    op.create_table(
        "article_text",
        sa.Column("article_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("paragraphs", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("read_at", TIME, nullable=False),
        sa.Column("summary", sa.Text()),
        sa.Column("model", sa.Text()),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_article_text_article_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", name="pk_article_text"),
    )
    op.create_index("ix_article_text_read_at", "article_text", ["read_at"])


def _words_of_articles() -> None:
    """An index of the words of headlines and summaries, which follows the articles by itself.

    SQLite keeps it in a table of its own by triggers, PostgreSQL in a column that it fills itself, because ranking asks
    for the words of each row again. A later step that builds the table of the articles anew on SQLite has to make the
    triggers again.
    """
    if op.get_context().dialect.name == "postgresql":
        words = "to_tsvector('english', title || ' ' || summary)"
        op.execute(f"ALTER TABLE article ADD COLUMN article_words tsvector GENERATED ALWAYS AS ({words}) STORED")
        op.execute("CREATE INDEX ix_article_words ON article USING gin (article_words)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE article_words USING fts5(title, summary, content='article', content_rowid='id',"
        " tokenize='porter unicode61 remove_diacritics 2')"
    )
    add = "INSERT INTO article_words(rowid, title, summary) VALUES (new.id, new.title, new.summary);"
    remove = (
        "INSERT INTO article_words(article_words, rowid, title, summary)"
        " VALUES ('delete', old.id, old.title, old.summary);"
    )
    op.execute(f"CREATE TRIGGER article_words_added AFTER INSERT ON article BEGIN {add} END")
    op.execute(f"CREATE TRIGGER article_words_removed AFTER DELETE ON article BEGIN {remove} END")
    op.execute(
        f"CREATE TRIGGER article_words_changed AFTER UPDATE OF id, title, summary ON article BEGIN {remove} {add} END"
    )
    op.execute("INSERT INTO article_words(article_words) VALUES ('rebuild')")


def _recaps() -> None:
    op.create_table(
        "recap_plan",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("quiet", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_recap_plan"),
    )
    op.create_index("ix_recap_plan_paused_next_at", "recap_plan", ["paused", "next_at"])
    op.create_table(
        "recap",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contents", sa.Text()),
        sa.Column("take_id", sa.BigInteger()),
        sa.Column("asked_id", sa.BigInteger()),
        sa.Column("poll_id", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempted_at", TIME),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("sent_at", TIME),
        sa.Column("reason", sa.Text()),
        sa.Column("redraw_at", TIME),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("planned_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recap"),
        sa.UniqueConstraint("take_id", name="uq_recap_take_id"),
        sa.UniqueConstraint("asked_id", name="uq_recap_asked_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_recap_state_due_at", "recap", ["state", "due_at"])
    op.create_index("ix_recap_redraw_at", "recap", ["redraw_at"])
    op.create_index("ix_recap_guild_id", "recap", ["guild_id"])
    op.create_index("ix_recap_poll_id", "recap", ["poll_id"])
    op.create_table(
        "recap_take",
        sa.Column("recap_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("take_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["recap_id"], ["recap.id"], name="fk_recap_take_recap_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("recap_id", "take_id", name="pk_recap_take"),
    )
    op.create_index("ix_recap_take_take_id", "recap_take", ["take_id"])
    op.create_table(
        "aged_vote",
        sa.Column("take_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("well", sa.Boolean(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["take_id"], ["take.id"], name="fk_aged_vote_take_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("take_id", "member_id", name="pk_aged_vote"),
    )
    op.create_index("ix_aged_vote_member_id", "aged_vote", ["member_id"])
    op.create_table(
        "quote_refusal",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("refused_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "member_id", name="pk_quote_refusal"),
    )
    op.create_table(
        "chatter",
        sa.Column("thread_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", TIME, nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.thread_id"], name="fk_chatter_thread_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("thread_id", "hour", name="pk_chatter"),
    )
    op.create_index("ix_chatter_hour", "chatter", ["hour"])


def _lines_for_admins() -> None:
    for column in (
        sa.Column("line", sa.Text()),
        sa.Column("member_id", sa.BigInteger()),
        sa.Column("detail", sa.Text()),
    ):
        op.add_column("alert", column)
