"""Discussion: how a news channel discusses, threads, takes, articles' texts, answers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# SQLite numbers a row by itself only where the key is declared INTEGER.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _news_channels()


def _news_channels() -> None:
    for column in (
        sa.Column("threads", sa.Text(), server_default=sa.text("'discuss'"), nullable=False),
        sa.Column("takes", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("anonymous_takes", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("links", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ask", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("debate", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tone", sa.Text(), server_default=sa.text("'plain'"), nullable=False),
    ):
        op.add_column("news_channel", column)
