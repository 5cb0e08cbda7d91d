"""Stories: which side or sides each is about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Camp
from newsroom.store import tables
from newsroom.store.articles import KEYS_A_QUERY


@dataclass(frozen=True, slots=True)
class StoryCamp:
    """Which side or sides a story is about for a guild. ``strong``: its headline alone earns it a team poll.

    A moderator's word wins over the lexicon's; corrected to a side, a story counts as strong.
    """

    story_id: int
    camp: Camp | None
    strong: bool


class StoryStore:
    """What is remembered of stories. Every method works inside the caller's transaction."""

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

    async def sources(self, connection: AsyncConnection, story_id: int, guild_id: int) -> int:
        """Count the feeds that a guild reads and that have told a story."""
        statement = (
            select(func.count(tables.article.c.feed_id.distinct()))
            .join(tables.subscription, tables.subscription.c.feed_id == tables.article.c.feed_id)
            .where(tables.article.c.story_id == story_id, tables.subscription.c.guild_id == guild_id, tables.is_active)
        )
        return (await connection.execute(statement)).scalar_one()

    async def posted(
        self, connection: AsyncConnection, guild_id: int, text: str, most: int = 25
    ) -> list[tuple[int, str]]:
        """Return the newest stories whose card stands in a guild and whose headline holds ``text``."""
        headline = tables.article.c.title
        statement = (
            select(tables.delivery.c.story_id, func.min(headline))
            .join(tables.article, tables.article.c.id == tables.delivery.c.article_id)
            .where(tables.delivery.c.guild_id == guild_id, tables.delivery.c.message_id.is_not(None))
            .group_by(tables.delivery.c.story_id)
            .order_by(func.max(tables.delivery.c.id).desc())
            .limit(most)
        )
        if text:
            statement = statement.where(headline.icontains(text, autoescape=True))
        return [(story_id, title) for story_id, title in await connection.execute(statement)]
