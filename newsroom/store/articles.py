"""Articles, the stories they tell, and the aliases by which an article is known again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.feeds.identity import Identified
from newsroom.models import Article, Camp
from newsroom.store import tables
from newsroom.store.database import Database
from newsroom.stories.camps import read_camp, terms_to_json

COLUMNS = [tables.article.c[name] for name in Article.__dataclass_fields__]

# Databases take 32,766 values in a statement, but writing so long a one out would hold the loop.
KEYS_A_QUERY = 1_000


class ArticleStore:
    """What is remembered of articles. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def known(self, connection: AsyncConnection, feed_id: int, keys: Collection[bytes]) -> dict[bytes, int]:
        """Tell which of these aliases a feed has shown before, and for which article."""
        wanted = list(keys)
        found: dict[bytes, int] = {}
        for start in range(0, len(wanted), KEYS_A_QUERY):
            statement = select(tables.alias.c.key, tables.alias.c.article_id).where(
                tables.alias.c.feed_id == feed_id, tables.alias.c.key.in_(wanted[start : start + KEYS_A_QUERY])
            )
            found.update({bytes(row.key): row.article_id for row in await connection.execute(statement)})
        return found

    async def add(
        self, connection: AsyncConnection, feed_id: int, items: Sequence[Identified], now: datetime
    ) -> list[Article]:
        """Remember new articles with their stories and aliases; return them in the order given.

        Articles with one story key tell one story, whichever feed brings them. No two of ``items`` may share a key,
        which ``identify`` sees to.
        """
        if not items:
            return []
        story_ids = await self._stories(connection, items, now)
        rows = [
            {
                "feed_id": feed_id,
                "story_id": story_id,
                "title": item.entry.title,
                "url": item.entry.link,
                "summary": item.entry.summary,
                "picture_url": item.entry.picture,
                "published_at": item.entry.published,
                "found_at": now,
            }
            for item, story_id in zip(items, story_ids, strict=True)
        ]
        # They may come back in any order: asked to keep it, SQLAlchemy gives SQLite one row after the other.
        added = [Article(*row) for row in await connection.execute(insert(tables.article).returning(*COLUMNS), rows)]
        by_story = {article.story_id: article for article in added}
        articles = [by_story[story_id] for story_id in story_ids]
        await self.add_aliases(
            connection,
            feed_id,
            {
                key: article.id
                for item, article in zip(items, articles, strict=True)
                for key in (*item.keys, *item.hostless)
            },
        )
        return articles

    async def add_aliases(self, connection: AsyncConnection, feed_id: int, articles: Mapping[bytes, int]) -> None:
        """Remember further names of articles; a name that an article has already stays with it."""
        if articles:
            await connection.execute(
                self._insert(tables.alias).on_conflict_do_nothing(),
                [{"feed_id": feed_id, "key": key, "article_id": article_id} for key, article_id in articles.items()],
            )

    async def get(self, connection: AsyncConnection, article_ids: Collection[int]) -> dict[int, Article]:
        """Return these articles by their ids; one that isn't there is left out."""
        rows = await connection.execute(select(*COLUMNS).where(tables.article.c.id.in_(list(article_ids))))
        return {row.id: Article(*row) for row in rows}

    async def found_since(self, connection: AsyncConnection, feed_id: int, since: datetime) -> list[Article]:
        """Return what a feed has brought after that moment, oldest first."""
        statement = (
            select(*COLUMNS)
            .where(tables.article.c.feed_id == feed_id, tables.article.c.found_at > since)
            .order_by(tables.article.c.id)
        )
        return [Article(*row) for row in await connection.execute(statement)]

    async def newest(self, connection: AsyncConnection, feed_id: int) -> Article | None:
        """Return the article that a feed brought last."""
        statement = (
            select(*COLUMNS).where(tables.article.c.feed_id == feed_id).order_by(tables.article.c.id.desc()).limit(1)
        )
        row = (await connection.execute(statement)).one_or_none()
        return Article(*row) if row else None

    async def _stories(self, connection: AsyncConnection, items: Sequence[Identified], now: datetime) -> list[int]:
        """Return the story of each item: the one with its key, or a new one of its own."""
        by_key = {item.story_key: item for item in reversed(items) if item.story_key is not None}
        keys = list(by_key)
        ids: dict[bytes, int] = {}
        if keys:
            rows = [{"key": key, **_story_row(item, now)} for key, item in by_key.items()]
            statement = self._insert(tables.story)
            told = statement.excluded
            # A second source may say what the first left open.
            statement = statement.on_conflict_do_update(
                index_elements=["key"],
                set_={name: told[name] for name in ("camp", "camp_terms", "strong")},
                where=or_(tables.story.c.camp.is_(None), tables.story.c.camp == Camp.NEITHER),
            )
            await connection.execute(statement, rows)
            for start in range(0, len(keys), KEYS_A_QUERY):
                found = select(tables.story.c.key, tables.story.c.id).where(
                    tables.story.c.key.in_(keys[start : start + KEYS_A_QUERY])
                )
                ids.update({bytes(row.key): row.id for row in await connection.execute(found)})
        keyless = [_story_row(item, now) for item in items if item.story_key is None]
        own: list[int] = []
        if keyless:
            # In their order, because each row belongs to its item.
            ordered = insert(tables.story).returning(tables.story.c.id, sort_by_parameter_order=True)
            own = list(await connection.scalars(ordered, keyless))[::-1]
        return [ids[item.story_key] if item.story_key is not None else own.pop() for item in items]


def _story_row(item: Identified, now: datetime) -> dict[str, object]:
    """A story as its first article tells it, with the side or sides it is about."""
    reading = read_camp(item.entry.title, item.entry.summary)
    return {
        "created_at": now,
        "camp": reading.camp,
        "camp_terms": terms_to_json(reading.terms) if reading.terms else None,
        "strong": reading.strong,
    }
