"""What articles say, as far as it was read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import ArticleText, Summary, SummaryBasis
from newsroom.store import tables
from newsroom.store.database import Database


class TextStore:
    """What is remembered of articles' texts. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        statement = database.insert(tables.article_text)
        # A summary of what was read before goes.
        columns = ("paragraphs", "basis", "read_at", "summary", "model")
        newer = {name: statement.excluded[name] for name in columns}
        self._save = statement.on_conflict_do_update(index_elements=["article_id"], set_=newer)

    async def get(self, connection: AsyncConnection, article_id: int) -> ArticleText | None:
        """Return what an article says, None if nobody has read it yet."""
        statement = select(tables.article_text).where(tables.article_text.c.article_id == article_id)
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return ArticleText(row.article_id, tuple(json.loads(row.paragraphs)), row.basis, row.read_at)

    async def save(self, connection: AsyncConnection, texts: Sequence[ArticleText]) -> None:
        """Write down what articles say, in place of what was read of them before."""
        if texts:
            rows = [
                {
                    "article_id": text.article_id,
                    "paragraphs": json.dumps(text.paragraphs, ensure_ascii=False),
                    "basis": text.basis,
                    "read_at": text.read_at,
                }
                for text in texts
            ]
            await connection.execute(self._save, rows)

    async def summary(self, connection: AsyncConnection, article_id: int) -> Summary | None:
        """Return what a model says an article says, None if none was asked; empty if what it said can't be shown."""
        own = tables.article_text.c.article_id == article_id, tables.article_text.c.summary.is_not(None)
        statement = select(tables.article_text.c.summary, tables.article_text.c.model).where(*own)
        row = (await connection.execute(statement)).one_or_none()
        return Summary(row.summary, SummaryBasis.MODEL, row.model) if row else None

    async def keep_summary(self, connection: AsyncConnection, text: ArticleText, summary: Summary) -> None:
        """Keep a model's summary of a text, unless the article was read anew meanwhile."""
        own = tables.article_text.c.article_id == text.article_id, tables.article_text.c.read_at == text.read_at
        statement = update(tables.article_text).where(*own)
        await connection.execute(statement.values(summary=summary.text, model=summary.model))

    async def forget(self, connection: AsyncConnection, read_before: datetime, most: int) -> int:
        """Forget at most so many texts that were read before then; return how many."""
        wanted = (
            select(tables.article_text.c.article_id)
            .where(tables.article_text.c.read_at < read_before)
            .order_by(tables.article_text.c.read_at)
        )
        ids = list(await connection.scalars(wanted.limit(most)))
        if ids:
            await connection.execute(delete(tables.article_text).where(tables.article_text.c.article_id.in_(ids)))
        return len(ids)
