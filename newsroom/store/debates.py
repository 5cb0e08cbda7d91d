"""Debates: how far they are, what each message of theirs says, and where members stand before and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import (
    Debate,
    DebateTurn,
    DeliveryState,
    Remark,
    Side,
    SummaryBasis,
    TurnKind,
    TurnState,
)
from newsroom.store import tables
from newsroom.store.database import Database
from newsroom.store.queues import is_due
from newsroom.store.threads import REMARK_COLUMNS, draw_remarks_anew

COLUMNS = [tables.debate.c[name] for name in Debate.__dataclass_fields__]
TURN_COLUMNS = [tables.debate_turn.c[name] for name in DebateTurn.__dataclass_fields__]


class DebateStore:
    """What is remembered of debates. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    # ----------------------------------------------------------------------------- debates

    async def add(self, connection: AsyncConnection, **values: object) -> Debate | None:
        """Remember a debate that begins; None if its guild has one that hasn't ended."""
        statement = self._insert(tables.debate).values(**values).on_conflict_do_nothing().returning(*COLUMNS)
        row = (await connection.execute(statement)).one_or_none()
        return Debate(*row) if row else None

    async def get(self, connection: AsyncConnection, debate_id: int, guild_id: int | None = None) -> Debate | None:
        """Return a debate, of this guild if one is named."""
        wanted = [tables.debate.c.id == debate_id]
        if guild_id is not None:
            wanted.append(tables.debate.c.guild_id == guild_id)
        return await self._one(connection, *wanted)

    async def hold(self, connection: AsyncConnection, debate_id: int) -> Debate | None:
        """Return a debate that hasn't ended, and let nobody else change it until the transaction is over."""
        own = (tables.debate.c.id == debate_id) & tables.debate.c.ended_at.is_(None)
        row = (await connection.execute(select(*COLUMNS).where(own).with_for_update())).one_or_none()
        return Debate(*row) if row else None

    async def running(self, connection: AsyncConnection, guild_id: int) -> Debate | None:
        """Return the debate of a guild that hasn't ended."""
        return await self._one(connection, tables.debate.c.guild_id == guild_id, tables.debate.c.ended_at.is_(None))

    async def due(self, connection: AsyncConnection, now: datetime, most: int) -> list[int]:
        """Return the debates whose next step is due."""
        statement = select(tables.debate.c.id).where(
            is_due(tables.debate.c.due_at, now),
            tables.debate.c.ended_at.is_(None),
            tables.is_here(tables.debate.c.guild_id),
        )
        return list(await connection.scalars(statement.order_by(tables.debate.c.due_at).limit(most)))

    async def set(self, connection: AsyncConnection, debate_id: int, **values: object) -> None:
        await connection.execute(update(tables.debate).where(tables.debate.c.id == debate_id).values(**values))

    async def give_time(self, connection: AsyncConnection, now: datetime, least: timedelta) -> None:
        """Have nothing that runs be due earlier than ``least`` from now."""
        late = (tables.debate.c.due_at < now + least) & tables.debate.c.ended_at.is_(None)
        await connection.execute(update(tables.debate).where(late).values(due_at=now + least))

    async def remove(self, connection: AsyncConnection, debate_id: int) -> None:
        """Forget a debate, with all that belongs to it."""
        turns = select(tables.debate_turn.c.id).where(tables.debate_turn.c.debate_id == debate_id)
        await connection.execute(delete(tables.remark).where(tables.remark.c.turn_id.in_(turns)))
        await connection.execute(delete(tables.debate).where(tables.debate.c.id == debate_id))

    # ------------------------------------------------------------------------------- turns

    async def add_turn(
        self,
        connection: AsyncConnection,
        debate_id: int,
        kind: TurnKind,
        *,
        round: int = 0,
        side: Side | None = None,
        state: TurnState = TurnState.WRITTEN,
        text: str | None = None,
        basis: SummaryBasis | None = None,
    ) -> int:
        """Remember what a message of a debate says, or is to say; return its id."""
        statement = insert(tables.debate_turn).values(
            debate_id=debate_id, kind=kind, round=round, side=side, state=state, text=text, basis=basis
        )
        return int((await connection.execute(statement.returning(tables.debate_turn.c.id))).scalar_one())

    async def turn(self, connection: AsyncConnection, turn_id: int) -> DebateTurn | None:
        statement = select(*TURN_COLUMNS).where(tables.debate_turn.c.id == turn_id)
        row = (await connection.execute(statement)).one_or_none()
        return DebateTurn(*row) if row else None

    async def turns(self, connection: AsyncConnection, debate_id: int) -> list[DebateTurn]:
        """Return the turns of a debate in their order."""
        statement = select(*TURN_COLUMNS).where(tables.debate_turn.c.debate_id == debate_id)
        return [DebateTurn(*row) for row in await connection.execute(statement.order_by(tables.debate_turn.c.id))]

    async def turns_due(self, connection: AsyncConnection, now: datetime, most: int) -> list[int]:
        """Return the cases to be written now: of each debate the first, if nobody is about to."""
        first = (
            select(func.min(tables.debate_turn.c.id).label("id"))
            .join(tables.debate, tables.debate.c.id == tables.debate_turn.c.debate_id)
            .where(
                tables.debate_turn.c.kind == TurnKind.CASE,
                tables.debate_turn.c.state == TurnState.WAITING,
                tables.debate.c.ended_at.is_(None),
                tables.is_here(tables.debate.c.guild_id),
            )
            .group_by(tables.debate_turn.c.debate_id)
            .subquery()
        )
        statement = select(tables.debate_turn.c.id).where(
            tables.debate_turn.c.id.in_(select(first.c.id)), _is_free(tables.debate_turn.c.taken_until, now)
        )
        return list(await connection.scalars(statement.order_by(tables.debate_turn.c.id).limit(most)))

    async def take_turn(
        self, connection: AsyncConnection, turn: DebateTurn, model: str, now: datetime, until: datetime
    ) -> bool:
        """Take a turn in hand to be written by this model, until then; of several who try at once one hears True."""
        own = update(tables.debate_turn).where(
            tables.debate_turn.c.id == turn.id,
            tables.debate_turn.c.state == TurnState.WAITING,
            tables.debate_turn.c.attempts == turn.attempts,
            _is_free(tables.debate_turn.c.taken_until, now),
        )
        taken = own.values(attempts=turn.attempts + 1, taken_until=until, model=model)
        return (await connection.execute(taken)).rowcount == 1

    async def record_turn(self, connection: AsyncConnection, turn_id: int, **values: object) -> None:
        await connection.execute(update(tables.debate_turn).where(tables.debate_turn.c.id == turn_id).values(**values))

    async def messages(
        self, connection: AsyncConnection, debate_id: int
    ) -> list[tuple[Remark, datetime, datetime | None]]:
        """Return what a debate has said, or is about to, each with when it was planned and sent; in its order."""
        statement = (
            select(*REMARK_COLUMNS, tables.remark.c.planned_at, tables.remark.c.sent_at)
            .join(tables.debate_turn, tables.debate_turn.c.id == tables.remark.c.turn_id)
            .where(tables.debate_turn.c.debate_id == debate_id)
            .order_by(tables.remark.c.turn_id)
        )
        return [(Remark(*row[:-2]), row[-2], row[-1]) for row in await connection.execute(statement)]

    async def take_back_unsent(self, connection: AsyncConnection, debate_id: int) -> None:
        """Forget what a debate was about to say and certainly hasn't."""
        turns = select(tables.debate_turn.c.id).where(tables.debate_turn.c.debate_id == debate_id)
        unsent = (tables.remark.c.state == DeliveryState.PENDING) & tables.remark.c.attempted_at.is_(None)
        await connection.execute(delete(tables.remark).where(tables.remark.c.turn_id.in_(turns), unsent))
        waiting = (tables.debate_turn.c.debate_id == debate_id) & (tables.debate_turn.c.state == TurnState.WAITING)
        await connection.execute(delete(tables.debate_turn).where(waiting))

    async def draw_anew(
        self, connection: AsyncConnection, debate_id: int, now: datetime, kinds: Sequence[TurnKind] = tuple(TurnKind)
    ) -> None:
        """Have a debate's messages of these kinds drawn anew."""
        turns = select(tables.debate_turn.c.id).where(
            tables.debate_turn.c.debate_id == debate_id, tables.debate_turn.c.kind.in_(kinds)
        )
        await draw_remarks_anew(connection, tables.remark.c.turn_id.in_(turns), now)

    # ------------------------------------------------------------------------------- votes

    async def vote(
        self, connection: AsyncConnection, debate_id: int, member_id: int, side: Side, now: datetime, *, after: bool
    ) -> None:
        """Remember where a member stands, before a debate or after it; the last click counts."""
        statement = self._insert(tables.debate_vote).values(
            debate_id=debate_id, after=after, member_id=member_id, side=side, at=now
        )
        keys = ["debate_id", "after", "member_id"]
        put = statement.on_conflict_do_update(index_elements=keys, set_={"side": side, "at": now})
        await connection.execute(put)

    async def votes(self, connection: AsyncConnection, debate_id: int, *, after: bool) -> dict[int, Side]:
        """Return where the members stand, by their ids."""
        statement = select(tables.debate_vote.c.member_id, tables.debate_vote.c.side).where(
            tables.debate_vote.c.debate_id == debate_id, tables.debate_vote.c.after.is_(after)
        )
        return {row.member_id: row.side for row in await connection.execute(statement)}

    async def forget_votes(self, connection: AsyncConnection, debate_id: int) -> None:
        """Forget who stood where."""
        await connection.execute(delete(tables.debate_vote).where(tables.debate_vote.c.debate_id == debate_id))

    async def votes_of(self, connection: AsyncConnection, guild_id: int, member_id: int) -> list[dict[str, Any]]:
        """Return a member's votes in a guild's debates, as far as they are kept: when, side, at."""
        statement = (
            select(tables.debate_vote.c.after, tables.debate_vote.c.side, tables.debate_vote.c.at)
            .join(tables.debate, tables.debate.c.id == tables.debate_vote.c.debate_id)
            .where(tables.debate.c.guild_id == guild_id, tables.debate_vote.c.member_id == member_id)
            .order_by(tables.debate_vote.c.at)
        )
        return [
            {"when": "after" if row.after else "before", "side": row.side, "at": row.at.isoformat()}
            for row in await connection.execute(statement)
        ]

    async def forget_member(self, connection: AsyncConnection, member_id: int, guild_id: int | None) -> None:
        """Forget a member's votes, in a guild's debates or in all."""
        own = delete(tables.debate_vote).where(tables.debate_vote.c.member_id == member_id)
        if guild_id is not None:
            here = select(tables.debate.c.id).where(tables.debate.c.guild_id == guild_id)
            own = own.where(tables.debate_vote.c.debate_id.in_(here))
        await connection.execute(own)

    async def _one(self, connection: AsyncConnection, *wanted: ColumnElement[bool]) -> Debate | None:
        row = (await connection.execute(select(*COLUMNS).where(*wanted))).one_or_none()
        return Debate(*row) if row else None


def _is_free(column: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), is_due(column, now))
