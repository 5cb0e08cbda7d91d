"""Stories: which articles tell each, and which side or sides it is about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Article, Camp
from newsroom.store import tables
from newsroom.store.articles import KEYS_A_QUERY, SOURCE, story_row
from newsroom.store.database import Database
from newsroom.store.polls import SEARCHED


@dataclass(frozen=True, slots=True)
class StoryCamp:
    """Which side or sides a story is about for a guild. ``strong``: its headline alone earns it a team poll.

    A moderator's word wins over the lexicon's; corrected to a side, a story counts as strong.
    """

    story_id: int
    camp: Camp | None
    strong: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """A story by the first of its cards: the card's message, its headline and its source."""

    story_id: int
    message_id: int
    headline: str
    source: str


async def merged(connection: AsyncConnection, story_ids: Collection[int]) -> dict[tuple[int, int], int]:
    """Return which of these stories a guild's moderators have merged into which, by guild and story."""
    found: dict[tuple[int, int], int] = {}
    wanted = list(story_ids)
    for start in range(0, len(wanted), KEYS_A_QUERY):
        statement = select(tables.story_merge).where(
            tables.story_merge.c.story_id.in_(wanted[start : start + KEYS_A_QUERY])
        )
        rows = await connection.execute(statement)
        found.update({(guild_id, story_id): into_id for guild_id, story_id, into_id in rows})
    return found


async def articles_of(connection: AsyncConnection, story_id: int, guild_id: int) -> list[int]:
    """Return the articles that tell a story in a guild: by its moderators' word, or else by what we made of them."""
    merge, split = tables.story_merge.c, tables.story_split.c
    others = select(merge.story_id).where(merge.guild_id == guild_id, merge.into_id == story_id)
    parts = [story_id, *await connection.scalars(others)]
    away = select(split.article_id).where(split.guild_id == guild_id)
    own = select(tables.article.c.id).where(tables.article.c.story_id.in_(parts), tables.article.c.id.not_in(away))
    return sorted({*await connection.scalars(own), *await connection.scalars(away.where(split.story_id.in_(parts)))})


class StoryStore:
    """What is remembered of stories. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def get(self, connection: AsyncConnection, story_id: int, guild_id: int) -> StoryCamp:
        """Return what a guild takes a story to be about."""
        statement = (
            select(tables.story.c.camp, tables.story.c.strong, tables.correction.c.camp)
            .outerjoin(
                tables.correction,
                (tables.correction.c.story_id == tables.story.c.id) & (tables.correction.c.guild_id == guild_id),
            )
            .where(tables.story.c.id == story_id)
        )
        camp, strong, corrected = (await connection.execute(statement)).one()
        if corrected is not None:
            return StoryCamp(story_id, corrected, corrected is not Camp.NEITHER)
        return StoryCamp(story_id, camp, strong)

    async def told_by_several(self, connection: AsyncConnection, story_ids: Collection[int]) -> set[int]:
        """Return those of these stories that more than one feed has told."""
        wanted, found = list(story_ids), set[int]()
        for start in range(0, len(wanted), KEYS_A_QUERY):
            statement = (
                select(tables.article.c.story_id)
                .where(tables.article.c.story_id.in_(wanted[start : start + KEYS_A_QUERY]))
                .group_by(tables.article.c.story_id)
                .having(func.count(tables.article.c.feed_id.distinct()) > 1)
            )
            found.update(await connection.scalars(statement))
        return found

    async def told_in(self, connection: AsyncConnection, article: Article, guild_id: int) -> tuple[int, int]:
        """Return the story that an article tells in a guild, and which it would tell there without any merge."""
        split = select(tables.story_split.c.story_id).where(
            tables.story_split.c.guild_id == guild_id, tables.story_split.c.article_id == article.id
        )
        own = await connection.scalar(split) or article.story_id
        return (await merged(connection, [own])).get((guild_id, own), own), own

    async def tellers(self, connection: AsyncConnection, story_id: int, guild_id: int) -> set[int]:
        """Return the feeds that have told a story, as a guild takes it."""
        told = tables.article.c.id.in_(await articles_of(connection, story_id, guild_id))
        return set(await connection.scalars(select(tables.article.c.feed_id).where(told)))

    async def sources(self, connection: AsyncConnection, story_id: int, guild_id: int) -> int:
        """Count the feeds that a guild reads and that have told a story."""
        statement = (
            select(func.count(tables.article.c.feed_id.distinct()))
            .join(tables.subscription, tables.subscription.c.feed_id == tables.article.c.feed_id)
            .where(
                tables.article.c.id.in_(await articles_of(connection, story_id, guild_id)),
                tables.subscription.c.guild_id == guild_id,
                tables.is_active,
            )
        )
        return (await connection.execute(statement)).scalar_one()

    async def split(self, connection: AsyncConnection, guild_id: int, article: Article, now: datetime) -> int:
        """Have an article tell a story of its own in a guild, and return that story."""
        made = insert(tables.story).values(**story_row(article.title, article.summary, now))
        story_id: int = (await connection.execute(made.returning(tables.story.c.id))).scalar_one()
        statement = self._insert(tables.story_split).values(guild_id=guild_id, article_id=article.id, story_id=story_id)
        again = statement.on_conflict_do_update(index_elements=["guild_id", "article_id"], set_={"story_id": story_id})
        await connection.execute(again)
        return story_id

    async def merge(self, connection: AsyncConnection, guild_id: int, story_id: int, into_id: int) -> None:
        """Have whatever tells one story tell another in a guild."""
        merge = tables.story_merge
        own = merge.c.guild_id == guild_id
        await self.unmerge(connection, guild_id, into_id)
        await connection.execute(update(merge).where(own, merge.c.into_id == story_id).values(into_id=into_id))
        statement = self._insert(merge).values(guild_id=guild_id, story_id=story_id, into_id=into_id)
        again = statement.on_conflict_do_update(index_elements=["guild_id", "story_id"], set_={"into_id": into_id})
        await connection.execute(again)

    async def unmerge(self, connection: AsyncConnection, guild_id: int, story_id: int) -> None:
        """Have a story be one of its own again in a guild."""
        merge = tables.story_merge
        await connection.execute(delete(merge).where(merge.c.guild_id == guild_id, merge.c.story_id == story_id))

    async def delete_untold(self, connection: AsyncConnection, made_before: datetime, most: int) -> int:
        """Delete stories that no article tells any more, but for those with a poll or a take; return how many."""
        used = (
            tables.article.c.story_id,
            tables.poll.c.story_id,
            tables.take.c.story_id,
            tables.story_split.c.story_id,
            tables.story_merge.c.into_id,
        )
        wanted = (
            select(tables.story.c.id)
            .where(
                tables.story.c.created_at < made_before,
                tables.story.c.joined_id.is_(None),
                *(~exists().where(column == tables.story.c.id) for column in used),
            )
            .limit(most)
        )
        ids = list(await connection.scalars(wanted))
        # With them go the keys that led to them.
        gone = tables.story.c.id.in_(ids) | tables.story.c.joined_id.in_(ids)
        await connection.execute(delete(tables.story).where(gone))
        return len(ids)

    async def there(self, connection: AsyncConnection, story_ids: Collection[int]) -> set[int]:
        """Return those of these stories that are still known."""
        statement = select(tables.story.c.id).where(tables.story.c.id.in_(list(story_ids)))
        return set(await connection.scalars(statement))

    async def posted_since(
        self, connection: AsyncConnection, guild_id: int, since: datetime, most: int
    ) -> list[Posted]:
        """Return the newest stories that got cards in a guild since then, each by the first of those."""
        first = (
            select(func.min(tables.delivery.c.id))
            .where(
                tables.delivery.c.guild_id == guild_id,
                tables.delivery.c.message_id.is_not(None),
                tables.delivery.c.sent_at >= since,
            )
            .group_by(tables.delivery.c.story_id)
        )
        statement = (
            select(
                tables.delivery.c.story_id,
                tables.delivery.c.message_id,
                tables.article.c.title,
                SOURCE,
            )
            .join(tables.article, tables.article.c.id == tables.delivery.c.article_id)
            .join(tables.feed, tables.feed.c.id == tables.article.c.feed_id)
            .outerjoin(
                tables.subscription,
                (tables.subscription.c.feed_id == tables.article.c.feed_id)
                & (tables.subscription.c.channel_id == tables.delivery.c.channel_id),
            )
            .where(tables.delivery.c.id.in_(first))
            .order_by(tables.delivery.c.id.desc())
            .limit(most)
        )
        return [Posted(*row) for row in await connection.execute(statement)]

    async def posted(self, connection: AsyncConnection, guild_id: int, text: str) -> list[tuple[int, str, int]]:
        """Return the newest cards of a guild whose headline holds ``text``, as (story, headline, channel).

        Of very many only the newest SEARCHED are looked through; see ``PollStore.of_guild`` for why not in SQL.
        """
        statement = (
            select(tables.delivery.c.story_id, tables.article.c.title, tables.delivery.c.channel_id)
            .join(tables.article, tables.article.c.id == tables.delivery.c.article_id)
            .where(tables.delivery.c.guild_id == guild_id, tables.delivery.c.message_id.is_not(None))
            .order_by(tables.delivery.c.id.desc())
            .limit(SEARCHED)
        )
        found = await connection.execute(statement)
        return [(story_id, title, place) for story_id, title, place in found if text.casefold() in title.casefold()]
