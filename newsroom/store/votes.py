"""Votes and sides. Both logs are append-only: what holds now is kept beside them and could be made from them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Cause, Poll, PollState, PollStyle, Purpose, Results, Side, SideChange, Standing, Vote
from newsroom.store import tables
from newsroom.store.database import Database
from newsroom.votes.standings import ACTIVE, Sighting, end_of

VOTE_COLUMNS = [tables.vote_log.c[name] for name in Vote.__dataclass_fields__]
CHANGE_COLUMNS = [tables.side_log.c[name] for name in SideChange.__dataclass_fields__]


class VoteStore:
    """What is remembered of members. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    # ------------------------------------------------------------------------------ votes

    async def hold_member(self, connection: AsyncConnection, guild_id: int, member_id: int) -> Side | None:
        """Return a member's side, and let no other transaction act for that member until this one ends.

        Two clicks of one member would otherwise both take the side before for the one to compare with.
        """
        own = select(tables.member_side.c.side).where(
            tables.member_side.c.guild_id == guild_id, tables.member_side.c.member_id == member_id
        )
        fresh = self._insert(tables.member_side).values(guild_id=guild_id, member_id=member_id)
        # Again, if somebody who was waited for has just forgotten the member.
        while (row := (await connection.execute(own.with_for_update())).one_or_none()) is None:
            await connection.execute(fresh.on_conflict_do_nothing())
        side: Side | None = row.side
        return side

    async def latest(self, connection: AsyncConnection, poll_id: int, member_id: int) -> Vote | None:
        """Return a member's newest entry in the log of a poll."""
        statement = select(*VOTE_COLUMNS).where(
            tables.vote_log.c.poll_id == poll_id, tables.vote_log.c.member_id == member_id
        )
        return await self._vote(connection, statement.order_by(tables.vote_log.c.id.desc()))

    async def before(self, connection: AsyncConnection, vote: Vote) -> Vote | None:
        """Return the entry of the same member in the same poll that came before this one."""
        statement = select(*VOTE_COLUMNS).where(
            tables.vote_log.c.poll_id == vote.poll_id,
            tables.vote_log.c.member_id == vote.member_id,
            tables.vote_log.c.id < vote.id,
        )
        return await self._vote(connection, statement.order_by(tables.vote_log.c.id.desc()))

    async def entry(self, connection: AsyncConnection, vote_id: int) -> Vote | None:
        return await self._vote(connection, select(*VOTE_COLUMNS).where(tables.vote_log.c.id == vote_id))

    async def cast(
        self,
        connection: AsyncConnection,
        poll: Poll,
        member_id: int,
        ballot: int,
        crossed: bool,
        now: datetime,
        *,
        restores: int | None = None,
    ) -> int:
        """Let a member's ballot in a poll be this one, and return the id of its entry in the log."""
        values = {"ballot": ballot, "crossed": crossed, "cast_at": now}
        current = self._insert(tables.vote).values(poll_id=poll.id, member_id=member_id, **values)
        await connection.execute(current.on_conflict_do_update(index_elements=["poll_id", "member_id"], set_=values))
        entry = insert(tables.vote_log).values(
            poll_id=poll.id, guild_id=poll.guild_id, member_id=member_id, restores=restores, **values
        )
        vote_id: int = (await connection.execute(entry.returning(tables.vote_log.c.id))).scalar_one()
        return vote_id

    async def voted_elsewhere(self, connection: AsyncConnection, vote: Vote) -> bool:
        """Whether a member has voted in another poll of the guild after this vote."""
        later = select(tables.vote_log.c.id).where(
            tables.vote_log.c.guild_id == vote.guild_id,
            tables.vote_log.c.member_id == vote.member_id,
            tables.vote_log.c.id > vote.id,
            tables.vote_log.c.poll_id != vote.poll_id,
            tables.vote_log.c.ballot != 0,
        )
        return await connection.scalar(later.limit(1)) is not None

    async def ballots(self, connection: AsyncConnection, poll_id: int) -> list[tuple[int, int]]:
        """Return each ballot of a poll and how many members cast it."""
        statement = (
            select(tables.vote.c.ballot, func.count())
            .where(tables.vote.c.poll_id == poll_id)
            .group_by(tables.vote.c.ballot)
        )
        return [(ballot, members) for ballot, members in await connection.execute(statement)]

    async def by_member(self, connection: AsyncConnection, poll_id: int) -> dict[int, int]:
        """Return every member's ballot in a poll."""
        statement = select(tables.vote.c.member_id, tables.vote.c.ballot).where(tables.vote.c.poll_id == poll_id)
        return {member_id: ballot for member_id, ballot in await connection.execute(statement)}

    async def log_length(self, connection: AsyncConnection, poll_id: int) -> int:
        """Count the entries of a poll's log: as long as that stays, its tally does."""
        statement = select(func.count()).where(tables.vote_log.c.poll_id == poll_id)
        return (await connection.execute(statement)).scalar_one()

    async def casting_times(self, connection: AsyncConnection, poll_id: int) -> list[tuple[datetime, int]]:
        """Return when each ballot that counts in a poll was cast, without who cast it."""
        statement = select(tables.vote.c.cast_at, tables.vote.c.ballot).where(tables.vote.c.poll_id == poll_id)
        return [(cast_at, ballot) for cast_at, ballot in await connection.execute(statement)]

    async def with_members(self, connection: AsyncConnection, poll_id: int) -> list[tuple[int, int, datetime]]:
        """Return who cast which ballot in a poll and when; for public polls alone."""
        statement = (
            select(tables.vote.c.member_id, tables.vote.c.ballot, tables.vote.c.cast_at)
            .where(tables.vote.c.poll_id == poll_id, tables.vote.c.ballot != 0)
            .order_by(tables.vote.c.cast_at, tables.vote.c.member_id)
        )
        return [(member_id, ballot, cast_at) for member_id, ballot, cast_at in await connection.execute(statement)]

    async def crossed(self, connection: AsyncConnection, poll_id: int) -> int:
        """Count the members whose vote in a poll is for the other team."""
        statement = select(func.count()).where(tables.vote.c.poll_id == poll_id, tables.vote.c.crossed)
        return (await connection.execute(statement)).scalar_one()

    async def switched(self, connection: AsyncConnection, poll_id: int) -> int:
        """Count the members whom a poll made switch teams and who are still where it took them.

        Who switched there and back again under it has not gone anywhere.
        """
        guild_id = select(tables.poll.c.guild_id).where(tables.poll.c.id == poll_id).scalar_subquery()
        movers = select(tables.side_log.c.member_id).where(
            tables.side_log.c.poll_id == poll_id, tables.side_log.c.cause == Cause.SWITCH
        )
        statement = (
            select(
                tables.side_log.c.member_id, tables.side_log.c.side, tables.side_log.c.cause, tables.side_log.c.poll_id
            )
            .where(tables.side_log.c.guild_id == guild_id, tables.side_log.c.member_id.in_(movers))
            .order_by(tables.side_log.c.id)
        )
        came_from: dict[int, Side | None] = {}
        stands: dict[int, Side | None] = {}
        stayed: set[int] = set()
        for member_id, side, cause, moved_by in await connection.execute(statement):
            if cause is Cause.SWITCH and moved_by == poll_id:
                came_from.setdefault(member_id, stands.get(member_id))
                stayed.add(member_id)
            else:
                stayed.discard(member_id)
            stands[member_id] = side
        return sum(stands[member_id] is not came_from[member_id] for member_id in stayed)

    # ------------------------------------------------------------------------------ sides

    async def set_side(
        self,
        connection: AsyncConnection,
        guild_id: int,
        member_id: int,
        side: Side | None,
        cause: Cause,
        now: datetime,
        *,
        poll_id: int | None = None,
        vote_id: int | None = None,
    ) -> None:
        """Let a member belong to this side from now on; the member is held."""
        await connection.execute(
            update(tables.member_side)
            .where(tables.member_side.c.guild_id == guild_id, tables.member_side.c.member_id == member_id)
            .values(side=side)
        )
        await connection.execute(
            insert(tables.side_log).values(
                guild_id=guild_id, member_id=member_id, side=side, cause=cause, poll_id=poll_id, vote_id=vote_id, at=now
            )
        )

    async def latest_change(self, connection: AsyncConnection, guild_id: int, member_id: int) -> SideChange | None:
        """Return a member's newest entry in the log of sides."""
        statement = (
            select(*CHANGE_COLUMNS)
            .where(tables.side_log.c.guild_id == guild_id, tables.side_log.c.member_id == member_id)
            .order_by(tables.side_log.c.id.desc())
            .limit(1)
        )
        row = (await connection.execute(statement)).one_or_none()
        return SideChange(*row) if row else None

    async def changes(
        self, connection: AsyncConnection, guild_id: int, since: datetime | None = None, member_id: int | None = None
    ) -> list[SideChange]:
        """Return a guild's log of sides, or one member's part of it, in order."""
        wanted = [tables.side_log.c.guild_id == guild_id]
        if since is not None:
            wanted.append(tables.side_log.c.at >= since)
        if member_id is not None:
            wanted.append(tables.side_log.c.member_id == member_id)
        rows = await connection.execute(select(*CHANGE_COLUMNS).where(*wanted).order_by(tables.side_log.c.id))
        return [SideChange(*row) for row in rows]

    async def sealed(self, connection: AsyncConnection, guild_id: int) -> list[SideChange]:
        """Return the newest changes of members whose side an open poll has set that keeps its votes to itself."""
        later = tables.side_log.alias("later")
        newer = select(later.c.id).where(
            later.c.guild_id == guild_id,
            later.c.member_id == tables.side_log.c.member_id,
            later.c.id > tables.side_log.c.id,
        )
        statement = (
            select(*CHANGE_COLUMNS)
            .join(tables.poll, tables.poll.c.id == tables.side_log.c.poll_id)
            .where(
                tables.side_log.c.guild_id == guild_id,
                tables.side_log.c.cause == Cause.FIRST_VOTE,
                tables.poll.c.state == PollState.OPEN,
                tables.poll.c.results != Results.LIVE,
                ~newer.exists(),
            )
        )
        return [SideChange(*row) for row in await connection.execute(statement)]

    async def first_change(self, connection: AsyncConnection, guild_id: int) -> datetime | None:
        """Return when somebody in a guild first had a side."""
        statement = select(func.min(tables.side_log.c.at)).where(tables.side_log.c.guild_id == guild_id)
        at: datetime | None = await connection.scalar(statement)
        return at

    async def side(self, connection: AsyncConnection, guild_id: int, member_id: int) -> Side | None:
        """Return the side that a member is on."""
        statement = select(tables.member_side.c.side).where(
            tables.member_side.c.guild_id == guild_id, tables.member_side.c.member_id == member_id
        )
        side: Side | None = await connection.scalar(statement)
        return side

    async def sightings(self, connection: AsyncConnection, guild_id: int) -> list[Sighting]:
        """Return who voted when in a guild."""
        statement = select(tables.vote_log.c.member_id, tables.vote_log.c.cast_at).where(
            tables.vote_log.c.guild_id == guild_id
        )
        return [(member_id, at) for member_id, at in await connection.execute(statement)]

    async def crossings(self, connection: AsyncConnection, guild_id: int, member_id: int) -> int:
        """Count the polls of a guild in which a member's vote is for the other team."""
        statement = (
            select(func.count())
            .select_from(tables.vote)
            .join(tables.poll, tables.poll.c.id == tables.vote.c.poll_id)
            .where(tables.poll.c.guild_id == guild_id, tables.vote.c.member_id == member_id, tables.vote.c.crossed)
        )
        return (await connection.execute(statement)).scalar_one()

    # -------------------------------------------------------------------------- standings

    async def standing(self, connection: AsyncConnection, guild_id: int, moment: datetime) -> Standing:
        """Count the members on each side just before ``moment``, as ``newsroom.votes.standings`` does from the logs."""
        last = (
            select(tables.side_log.c.member_id, func.max(tables.side_log.c.id).label("id"))
            .where(tables.side_log.c.guild_id == guild_id, tables.side_log.c.at < moment)
            .group_by(tables.side_log.c.member_id)
            .subquery()
        )
        recent = moment - ACTIVE
        voted = select(tables.vote_log.c.id).where(
            tables.vote_log.c.guild_id == guild_id,
            tables.vote_log.c.member_id == last.c.member_id,
            tables.vote_log.c.cast_at >= recent,
            tables.vote_log.c.cast_at < moment,
        )
        moved = tables.side_log.alias("moved")
        changed = select(moved.c.id).where(
            moved.c.guild_id == guild_id,
            moved.c.member_id == last.c.member_id,
            moved.c.at >= recent,
            moved.c.at < moment,
        )
        statement = (
            select(tables.side_log.c.side, func.count())
            .join(last, last.c.id == tables.side_log.c.id)
            .where(tables.side_log.c.side.is_not(None), or_(voted.exists(), changed.exists()))
            .group_by(tables.side_log.c.side)
        )
        counted = {side: members for side, members in await connection.execute(statement)}
        return Standing(counted.get(Side.OPEN, 0), counted.get(Side.PROPRIETARY, 0), counted.get(Side.DEPENDS, 0))

    async def keep_standing(self, connection: AsyncConnection, guild_id: int, day: date) -> None:
        """Remember where the members stood at the end of a day."""
        counted = await self.standing(connection, guild_id, end_of(day))
        values = {"open": counted.open, "proprietary": counted.proprietary, "depends": counted.depends}
        statement = self._insert(tables.standing).values(guild_id=guild_id, day=day, **values)
        await connection.execute(statement.on_conflict_do_update(index_elements=["guild_id", "day"], set_=values))

    async def kept_standings(
        self, connection: AsyncConnection, guild_id: int, since: date
    ) -> list[tuple[date, Standing]]:
        """Return the standings that are remembered, from a day on, in order."""
        columns = (tables.standing.c.day, tables.standing.c.open, tables.standing.c.proprietary)
        statement = select(*columns, tables.standing.c.depends).where(
            tables.standing.c.guild_id == guild_id, tables.standing.c.day >= since
        )
        rows = await connection.execute(statement.order_by(tables.standing.c.day))
        return [(day, Standing(*counts)) for day, *counts in rows]

    async def unkept_since(self, connection: AsyncConnection, guild_id: int | None = None) -> dict[int, date]:
        """Return each guild in which somebody has a side, with the first day whose standing isn't remembered."""
        kept = (
            select(tables.standing.c.guild_id, func.max(tables.standing.c.day).label("day"))
            .group_by(tables.standing.c.guild_id)
            .subquery()
        )
        statement = (
            select(tables.side_log.c.guild_id, func.min(tables.side_log.c.at), kept.c.day)
            .outerjoin(kept, kept.c.guild_id == tables.side_log.c.guild_id)
            .group_by(tables.side_log.c.guild_id, kept.c.day)
        )
        if guild_id is not None:
            statement = statement.where(tables.side_log.c.guild_id == guild_id)
        return {
            guild: date.fromordinal(day.toordinal() + 1) if day else first.date()
            for guild, first, day in await connection.execute(statement)
        }

    # ---------------------------------------------------------------------- a member's own

    async def votes_of(self, connection: AsyncConnection, guild_id: int, member_id: int) -> list[tuple[Vote, str]]:
        """Return a member's entries in a guild's log of votes, each with its poll's question, in order."""
        statement = (
            select(*VOTE_COLUMNS, tables.poll.c.question)
            .join(tables.poll, tables.poll.c.id == tables.vote_log.c.poll_id)
            .where(tables.vote_log.c.guild_id == guild_id, tables.vote_log.c.member_id == member_id)
            .order_by(tables.vote_log.c.id)
        )
        return [(Vote(*row[:-1]), row[-1]) for row in await connection.execute(statement)]

    async def polls_of(self, connection: AsyncConnection, guild_id: int, member_id: int) -> int:
        """Count the polls of a guild in which a member has a vote, or had one."""
        statement = select(func.count(tables.vote_log.c.poll_id.distinct())).where(
            tables.vote_log.c.guild_id == guild_id, tables.vote_log.c.member_id == member_id
        )
        return (await connection.execute(statement)).scalar_one()

    async def forget(self, connection: AsyncConnection, guild_id: int, member_id: int) -> list[int]:
        """Remove a member's votes and sides from a guild; return the polls that are to be drawn anew.

        The standings that are remembered go from the member's first entry on: they are made again from what is left.
        Results keep their totals.
        """
        # A vote that is being cast now is either forgotten whole or comes whole afterwards.
        await self.hold_member(connection, guild_id, member_id)
        own_polls = select(tables.poll.c.id).where(tables.poll.c.guild_id == guild_id)
        touched = list(
            await connection.scalars(
                select(tables.vote_log.c.poll_id)
                .distinct()
                .where(tables.vote_log.c.guild_id == guild_id, tables.vote_log.c.member_id == member_id)
            )
        )
        first = await connection.scalar(
            select(func.min(tables.side_log.c.at)).where(
                tables.side_log.c.guild_id == guild_id, tables.side_log.c.member_id == member_id
            )
        )
        if first is not None:
            await connection.execute(
                delete(tables.standing).where(
                    tables.standing.c.guild_id == guild_id, tables.standing.c.day >= first.date()
                )
            )
        await connection.execute(
            delete(tables.vote).where(tables.vote.c.member_id == member_id, tables.vote.c.poll_id.in_(own_polls))
        )
        for table in (tables.vote_log, tables.side_log, tables.member_side):
            await connection.execute(delete(table).where(table.c.guild_id == guild_id, table.c.member_id == member_id))
        # The length of the log tells a drawn tally from a later one, unless it shrinks and then grows again. In order,
        # so that two members who leave at once don't wait for each other in a circle.
        for poll_id in sorted(touched):
            await connection.execute(
                update(tables.poll)
                .where(
                    tables.poll.c.id == poll_id,
                    tables.poll.c.state == PollState.OPEN,
                    tables.poll.c.style == PollStyle.BUTTONS,
                )
                .values(revision=tables.poll.c.revision + 1)
            )
        return touched

    async def quote_anew(
        self, connection: AsyncConnection, guild_id: int, stories: Collection[int], polls: Collection[int]
    ) -> list[int]:
        """Have the results drawn anew that may quote a take on one of these stories or polls; return their polls."""
        about = select(tables.poll.c.id).where(
            tables.poll.c.guild_id == guild_id,
            or_(tables.poll.c.story_id.in_(list(stories)), tables.poll.c.id.in_(list(polls))),
        )
        # Further below zero each time: whoever is drawing what quotes this member must not take that for the mark of
        # the one who left before.
        drawn = tables.poll_message.c.drawn_votes
        statement = (
            update(tables.poll_message)
            .where(tables.poll_message.c.poll_id.in_(about), tables.poll_message.c.purpose == Purpose.RESULT)
            .values(drawn_votes=case((drawn < 0, drawn - 1), else_=-1))
            .returning(tables.poll_message.c.poll_id)
        )
        return list(await connection.scalars(statement))

    async def guilds_of(self, connection: AsyncConnection, member_id: int) -> list[int]:
        """Return the guilds in which something of a member is remembered."""
        statement = select(tables.member_side.c.guild_id).where(tables.member_side.c.member_id == member_id)
        return list(await connection.scalars(statement.order_by(tables.member_side.c.guild_id)))

    async def _vote(self, connection: AsyncConnection, statement: Select[Any]) -> Vote | None:
        row = (await connection.execute(statement.limit(1))).one_or_none()
        return Vote(*row) if row else None
