"""Guilds: how each wants its polls, and what its moderators have put right."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
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
        """Change some of a guild's settings and return them all."""
        defaults = GuildSettings(guild_id)
        fresh = {name: getattr(defaults, name) for name in GuildSettings.__dataclass_fields__} | changes
        statement = self._insert(tables.guild).values(**fresh)
        if changes:
            statement = statement.on_conflict_do_update(index_elements=["guild_id"], set_=changes)
        else:
            statement = statement.on_conflict_do_nothing()
        await connection.execute(statement)
        return await self.settings(connection, guild_id)

    async def correct(
        self, connection: AsyncConnection, guild_id: int, story_id: int, camp: Camp, decided_by: int, now: datetime
    ) -> None:
        """Remember which side or sides a guild's moderators say a story is about."""
        values = {"camp": camp, "decided_by": decided_by, "decided_at": now}
        statement = self._insert(tables.correction).values(guild_id=guild_id, story_id=story_id, **values)
        await connection.execute(statement.on_conflict_do_update(index_elements=["guild_id", "story_id"], set_=values))
