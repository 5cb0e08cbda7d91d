"""Stories: which side or sides each is about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Camp
from newsroom.store import tables
from newsroom.store.articles import KEYS_A_QUERY
from newsroom.store.polls import SEARCHED


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

    async def tellers(self, connection: AsyncConnection, story_id: int) -> set[int]:
        """Return the feeds that have told a story."""
        statement = select(tables.article.c.feed_id).where(tables.article.c.story_id == story_id)
        return set(await connection.scalars(statement))

    async def sources(self, connection: AsyncConnection, story_id: int, guild_id: int) -> int:
        """Count the feeds that a guild reads and that have told a story."""
        statement = (
            select(func.count(tables.article.c.feed_id.distinct()))
            .join(tables.subscription, tables.subscription.c.feed_id == tables.article.c.feed_id)
            .where(tables.article.c.story_id == story_id, tables.subscription.c.guild_id == guild_id, tables.is_active)
        )
        return (await connection.execute(statement)).scalar_one()

    async def delete_untold(self, connection: AsyncConnection, made_before: datetime, most: int) -> int:
        """Delete stories that no article tells any more, but for those with a poll or a take; return how many."""
        used = (tables.article.c.story_id, tables.poll.c.story_id, tables.take.c.story_id)
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
