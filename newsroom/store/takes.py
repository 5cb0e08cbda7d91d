"""Takes: what members say in public, who finds it hot, and whose takes a guild doesn't want any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Poll, Side, Take
from newsroom.store import tables
from newsroom.store.database import Database
from newsroom.store.deliveries import STANDS

COLUMNS = [tables.take.c[name] for name in Take.__dataclass_fields__]


class TakeStore:
    """What is remembered of takes. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def put(
        self,
        connection: AsyncConnection,
        guild_id: int,
        member_id: int,
        side: Side | None,
        text: str,
        written_at: datetime,
        *,
        edited_at: datetime | None = None,
        story_id: int | None = None,
        poll_id: int | None = None,
        channel_id: int | None = None,
        anonymous: bool = False,
        answers_id: int | None = None,
    ) -> int:
        """Remember a member's take on a story, or else on a poll, in place of the one before; return its id."""
        values: dict[str, Any] = {
            "side": side,
            "text": text,
            "written_at": written_at,
            "edited_at": edited_at,
            "channel_id": channel_id,
            "anonymous": anonymous,
            "answers_id": answers_id,
        }
        statement = self._insert(tables.take).values(
            guild_id=guild_id,
            member_id=member_id,
            story_id=story_id,
            poll_id=None if story_id else poll_id,
            **values,
        )
        if story_id:
            keys, which = ["guild_id", "story_id", "member_id"], tables.take.c.story_id.is_not(None)
        else:
            keys, which = ["poll_id", "member_id"], tables.take.c.poll_id.is_not(None)
        put = statement.on_conflict_do_update(index_elements=keys, index_where=which, set_=values)
        return int((await connection.execute(put.returning(tables.take.c.id))).scalar_one())

    async def get(self, connection: AsyncConnection, take_id: int, guild_id: int) -> Take | None:
        """Return a take of this guild."""
        return await self._one(connection, tables.take.c.id == take_id, tables.take.c.guild_id == guild_id)

    async def by_member(
        self,
        connection: AsyncConnection,
        guild_id: int,
        member_id: int,
        *,
        story_id: int | None = None,
        poll_id: int | None = None,
    ) -> Take | None:
        """Return a member's take on a story, or else on a poll."""
        about = tables.take.c.story_id == story_id if story_id else tables.take.c.poll_id == poll_id
        own = (tables.take.c.guild_id == guild_id) & (tables.take.c.member_id == member_id)
        return await self._one(connection, own, about)

    async def on(self, connection: AsyncConnection, poll: Poll, channel_id: int | None = None) -> list[Take]:
        """Return the takes on a poll's story, or on the poll, the oldest first.

        If a channel is named, those alone that are told of there: see ``_told_in``.
        """
        about = (
            and_(tables.take.c.guild_id == poll.guild_id, tables.take.c.story_id == poll.story_id)
            if poll.story_id
            else tables.take.c.poll_id == poll.id
        )
        return await self._all(connection, about if channel_id is None else about & _told_in(channel_id))

    async def of_story(self, connection: AsyncConnection, guild_id: int, story_id: int, channel_id: int) -> list[Take]:
        """Return the takes on a story in a guild that are told of in a channel, the oldest first: see ``_told_in``."""
        about = (tables.take.c.guild_id == guild_id) & (tables.take.c.story_id == story_id)
        return await self._all(connection, about & _told_in(channel_id))

    async def of_member(self, connection: AsyncConnection, guild_id: int, member_id: int) -> list[Take]:
        """Return a member's takes in a guild, the oldest first."""
        return await self._all(
            connection, (tables.take.c.guild_id == guild_id) & (tables.take.c.member_id == member_id)
        )

    async def latest_at(self, connection: AsyncConnection, guild_id: int, member_id: int) -> datetime | None:
        """Return when a member wrote or changed a take last in a guild."""
        latest = func.max(func.coalesce(tables.take.c.edited_at, tables.take.c.written_at))
        statement = select(latest).where(tables.take.c.guild_id == guild_id, tables.take.c.member_id == member_id)
        at: datetime | None = await connection.scalar(statement)
        return at

    async def like(self, connection: AsyncConnection, take: Take, since: datetime) -> Sequence[tuple[int, str]]:
        """Return author and text of what a take may repeat: takes on the same story, and the author's own lately."""
        same = tables.take.c.story_id == take.story_id if take.story_id else tables.take.c.poll_id == take.poll_id
        lately = and_(tables.take.c.member_id == take.member_id, tables.take.c.written_at > since)
        statement = select(tables.take.c.member_id, tables.take.c.text).where(
            tables.take.c.guild_id == take.guild_id, or_(same, lately), tables.take.c.id != take.id
        )
        return [(row.member_id, row.text) for row in await connection.execute(statement)]

    async def answers_to(self, connection: AsyncConnection, take_id: int) -> list[int]:
        """Return the takes that push back on this one."""
        return list(await connection.scalars(select(tables.take.c.id).where(tables.take.c.answers_id == take_id)))

    async def move(self, connection: AsyncConnection, guild_id: int, story_id: int, into_id: int) -> None:
        """Have a guild's takes on a story be on another, but for those whose authors have one on that already."""
        there = tables.take.alias()
        has_one = exists().where(
            there.c.guild_id == guild_id, there.c.story_id == into_id, there.c.member_id == tables.take.c.member_id
        )
        own = (tables.take.c.guild_id == guild_id) & (tables.take.c.story_id == story_id)
        await connection.execute(update(tables.take).where(own, ~has_one).values(story_id=into_id))

    async def remove(self, connection: AsyncConnection, take_id: int) -> None:
        """Forget a take and who found it hot. What answers it stays, as an answer to nothing."""
        await connection.execute(delete(tables.take).where(tables.take.c.id == take_id))

    # ------------------------------------------------------------------------------- fires

    async def toggle_fire(self, connection: AsyncConnection, take_id: int, member_id: int, now: datetime) -> bool:
        """Say that a member finds a take hot, or no longer; return whether it is hot to them now."""
        own = (tables.fire.c.take_id == take_id) & (tables.fire.c.member_id == member_id)
        if (await connection.execute(delete(tables.fire).where(own))).rowcount:
            return False
        statement = self._insert(tables.fire).values(take_id=take_id, member_id=member_id, at=now)
        await connection.execute(statement.on_conflict_do_nothing())
        return True

    async def put_out(self, connection: AsyncConnection, take_id: int) -> None:
        """Have a take be hot to nobody."""
        await connection.execute(delete(tables.fire).where(tables.fire.c.take_id == take_id))

    async def fires(self, connection: AsyncConnection, take_ids: Collection[int]) -> dict[int, int]:
        """Count how many members find each of these takes hot."""
        statement = (
            select(tables.fire.c.take_id, func.count())
            .where(tables.fire.c.take_id.in_(list(take_ids)))
            .group_by(tables.fire.c.take_id)
        )
        counts = dict.fromkeys(take_ids, 0)
        counts.update({row[0]: row[1] for row in await connection.execute(statement)})
        return counts

    async def fires_of(self, connection: AsyncConnection, guild_id: int, member_id: int) -> list[tuple[str, datetime]]:
        """Return the texts of the takes of a guild that a member finds hot, each with the moment of that."""
        statement = (
            select(tables.take.c.text, tables.fire.c.at)
            .join(tables.take, tables.take.c.id == tables.fire.c.take_id)
            .where(tables.take.c.guild_id == guild_id, tables.fire.c.member_id == member_id)
            .order_by(tables.fire.c.at)
        )
        return [(row.text, row.at) for row in await connection.execute(statement)]

    async def top(
        self, connection: AsyncConnection, guild_id: int, since: datetime, until: datetime, most: int
    ) -> list[tuple[Take, int]]:
        """Return the takes of a time with their fires, the hottest first and of equals the earliest."""
        heat = func.count(tables.fire.c.member_id)
        statement = (
            select(*COLUMNS, heat)
            .outerjoin(tables.fire, tables.fire.c.take_id == tables.take.c.id)
            .where(
                tables.take.c.guild_id == guild_id,
                tables.take.c.written_at >= since,
                tables.take.c.written_at < until,
            )
            .group_by(*COLUMNS)
            .order_by(heat.desc(), tables.take.c.id)
            .limit(most)
        )
        return [(Take(*row[:-1]), row[-1]) for row in await connection.execute(statement)]

    async def places(
        self, connection: AsyncConnection, guild_id: int, takes: Collection[Take]
    ) -> dict[int, frozenset[int]]:
        """Return for each of these takes the channels that somebody has to see who is told of it; none if unknown.

        That is the news channel in whose thread it is shown, else where it was said. Of old ones that isn't known: they
        could have been said wherever their story stands, and those about a poll alone where that was asked.
        """
        said = (
            select(tables.remark.c.take_id, tables.delivery.c.channel_id)
            .join(tables.delivery, tables.delivery.c.id == tables.remark.c.delivery_id)
            .where(tables.remark.c.take_id.in_([take.id for take in takes]))
        )
        found = {take_id: frozenset({channel_id}) for take_id, channel_id in await connection.execute(said)}
        for take in takes:
            if take.id not in found and take.channel_id is not None:
                found[take.id] = frozenset({take.channel_id})
        silent = [take for take in takes if take.id not in found]
        if not silent:
            return found
        stories, polls = {take.story_id for take in silent}, {take.poll_id for take in silent}
        cards = select(tables.delivery.c.story_id, tables.delivery.c.channel_id).where(
            tables.delivery.c.guild_id == guild_id, tables.delivery.c.story_id.in_(stories - {None}), STANDS
        )
        asked = select(tables.poll.c.id, tables.poll.c.story_id, tables.poll.c.channel_id).where(
            tables.poll.c.guild_id == guild_id,
            or_(tables.poll.c.id.in_(polls - {None}), tables.poll.c.story_id.in_(stories - {None})),
        )
        of_story: defaultdict[int | None, set[int]] = defaultdict(set)
        of_poll: defaultdict[int | None, set[int]] = defaultdict(set)
        for story_id, channel_id in await connection.execute(cards):
            of_story[story_id].add(channel_id)
        for poll_id, story_id, channel_id in await connection.execute(asked):
            of_poll[poll_id].add(channel_id)
            of_story[story_id].add(channel_id)
        for take in silent:
            found[take.id] = frozenset(of_poll[take.poll_id] if take.story_id is None else of_story[take.story_id])
        return found

    # ------------------------------------------------------------------------------ blocks

    async def block(
        self,
        connection: AsyncConnection,
        guild_id: int,
        member_id: int,
        take_id: int,
        now: datetime,
        until: datetime,
    ) -> None:
        """Take no more takes from a member in a guild because of this one, until then."""
        values = {"take_id": take_id, "until": until, "blocked_at": now}
        statement = self._insert(tables.take_block).values(guild_id=guild_id, member_id=member_id, **values)
        await connection.execute(statement.on_conflict_do_update(index_elements=["guild_id", "member_id"], set_=values))

    async def lift_block(self, connection: AsyncConnection, guild_id: int, take_id: int) -> None:
        """Take takes again from whoever is blocked in a guild because of this one."""
        own = (tables.take_block.c.guild_id == guild_id) & (tables.take_block.c.take_id == take_id)
        await connection.execute(delete(tables.take_block).where(own))

    async def blocked_until(
        self, connection: AsyncConnection, guild_id: int, member_id: int, now: datetime
    ) -> datetime | None:
        """Return until when a member is blocked; None if they aren't now."""
        block = tables.take_block.c
        own = (block.guild_id == guild_id) & (block.member_id == member_id)
        until: datetime | None = await connection.scalar(select(block.until).where(own, block.until > now))
        return until

    # ----------------------------------------------------------------------- a member's own

    async def forget(self, connection: AsyncConnection, guild_id: int, member_id: int) -> tuple[list[int], list[int]]:
        """Remove a member's takes and fires from a guild.

        Return the takes that went, and the others that show something else now: they answered one of those, or this
        member found them hot.
        """
        of_guild = select(tables.take.c.id).where(tables.take.c.guild_id == guild_id)
        fires = (tables.fire.c.member_id == member_id) & tables.fire.c.take_id.in_(of_guild)
        others = list(await connection.scalars(select(tables.fire.c.take_id).where(fires)))
        await connection.execute(delete(tables.fire).where(fires))
        own = (tables.take.c.guild_id == guild_id) & (tables.take.c.member_id == member_id)
        gone = list(await connection.scalars(select(tables.take.c.id).where(own)))
        for take_id in gone:
            others += await self.answers_to(connection, take_id)
            await self.remove(connection, take_id)
        return gone, [take_id for take_id in others if take_id not in gone]

    async def _one(self, connection: AsyncConnection, *wanted: ColumnElement[bool]) -> Take | None:
        row = (await connection.execute(select(*COLUMNS).where(*wanted))).one_or_none()
        return Take(*row) if row else None

    async def _all(self, connection: AsyncConnection, wanted: ColumnElement[bool]) -> list[Take]:
        rows = await connection.execute(select(*COLUMNS).where(wanted).order_by(tables.take.c.id))
        return [Take(*row) for row in rows]


def _told_in(channel_id: int) -> ColumnElement[bool]:
    """Say in SQL that a take was said in a channel, or is shown in a thread of it; or in the channel of this thread.

    Others may have been said where not everybody looks who reads this channel.
    """
    parent = select(tables.thread.c.channel_id).where(tables.thread.c.thread_id == channel_id)

    def is_here(column: ColumnElement[int]) -> ColumnElement[bool]:
        return or_(column == channel_id, column.in_(parent))

    shown = (
        select(tables.remark.c.id)
        .join(tables.delivery, tables.delivery.c.id == tables.remark.c.delivery_id)
        .where(tables.remark.c.take_id == tables.take.c.id, is_here(tables.delivery.c.channel_id))
    )
    return or_(is_here(tables.take.c.channel_id), shown.exists())
