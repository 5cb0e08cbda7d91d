"""Guilds: how each wants its polls, and what its moderators have put right."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Camp, GuildSettings
from newsroom.store import tables
from newsroom.store.database import Database

COLUMNS = [tables.guild.c[name] for name in GuildSettings.__dataclass_fields__]


class GuildStore:
    """What is remembered of guilds. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def settings(self, connection: AsyncConnection, guild_id: int) -> GuildSettings:
        """Return a guild's settings; one that never changed any has the defaults."""
        row = (await connection.execute(select(*COLUMNS).where(tables.guild.c.guild_id == guild_id))).one_or_none()
        return GuildSettings(*row) if row else GuildSettings(guild_id)

    async def put(self, connection: AsyncConnection, guild_id: int, **changes: object) -> GuildSettings:
        """Change some of a guild's settings, one at least, and return them all."""
        fresh = asdict(GuildSettings(guild_id)) | changes
        statement = self._insert(tables.guild).values(**fresh)
        await connection.execute(statement.on_conflict_do_update(index_elements=["guild_id"], set_=changes))
        return await self.settings(connection, guild_id)

    async def lock(self, connection: AsyncConnection, guild_id: int) -> None:
        """Let one transaction at a time decide something about a guild."""
        fresh = self._insert(tables.guild).values(**asdict(GuildSettings(guild_id))).on_conflict_do_nothing()
        await connection.execute(fresh)
        own = select(tables.guild.c.guild_id).where(tables.guild.c.guild_id == guild_id)
        await connection.execute(own.with_for_update())

    async def correct(self, connection: AsyncConnection, guild_id: int, story_id: int, camp: Camp) -> None:
        """Remember which side or sides a guild's moderators say a story is about."""
        statement = self._insert(tables.correction).values(guild_id=guild_id, story_id=story_id, camp=camp)
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["guild_id", "story_id"], set_={"camp": camp})
        )

    async def set_left(self, connection: AsyncConnection, guild_id: int, at: datetime | None) -> None:
        """Note when a guild removed the bot, None if it has it. It must have a row: see ``lock``."""
        own = update(tables.guild).where(tables.guild.c.guild_id == guild_id)
        await connection.execute(own.values(left_at=at))

    async def is_left(self, connection: AsyncConnection, guild_id: int) -> bool:
        """Whether a guild has removed the bot, as far as we know."""
        own = select(tables.guild.c.left_at).where(tables.guild.c.guild_id == guild_id)
        return await connection.scalar(own) is not None

    async def known(self, connection: AsyncConnection) -> dict[int, bool]:
        """Return every guild that we know anything of, and whether it has removed the bot."""
        news = select(tables.news_channel.c.guild_id, literal(None, tables.guild.c.left_at.type))
        rows = await connection.execute(news.union(select(tables.guild.c.guild_id, tables.guild.c.left_at)))
        known: dict[int, bool] = {}
        for guild_id, left_at in rows:
            known[guild_id] = known.get(guild_id, False) or left_at is not None
        return known

    async def delete_left(self, connection: AsyncConnection, left_before: datetime) -> int:
        """Delete everything of the guilds that removed the bot before then; return how many they were."""
        gone = select(tables.guild.c.guild_id).where(tables.guild.c.left_at < left_before)
        guild_ids = list(await connection.scalars(gone))
        if guild_ids:
            for table in reversed(tables.metadata.sorted_tables):
                if "guild_id" in table.c:
                    await connection.execute(delete(table).where(table.c.guild_id.in_(guild_ids)))
        return len(guild_ids)
