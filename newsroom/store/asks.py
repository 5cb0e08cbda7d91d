"""Questions that members ask about stories, and what they were answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import case, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Ask, AskKind, AskState
from newsroom.store import tables
from newsroom.store.queues import is_due

# What somebody else said was only lent, to be checked.
_OWN_WORDS = case((tables.ask.c.kind == AskKind.CHECK, ""), else_=tables.ask.c.question)

COLUMNS = [tables.ask.c[name] for name in Ask.__dataclass_fields__]


class AskStore:
    """What is remembered of questions. Every method works inside the caller's transaction."""

    async def add(
        self,
        connection: AsyncConnection,
        *,
        guild_id: int,
        member_id: int,
        delivery_id: int,
        kind: AskKind,
        question: str,
        channel_id: int,
        reply_to: int | None,
        application_id: int | None,
        token: str | None,
        asked_at: datetime,
        taken_until: datetime,
        checked_id: int | None,
    ) -> int:
        """Remember a question that is about to be answered, and return its id.

        ``token`` is the one by which its asker's reply can be changed for 15 minutes; None where the answer is public.
        """
        statement = insert(tables.ask).values(
            guild_id=guild_id,
            member_id=member_id,
            delivery_id=delivery_id,
            kind=kind,
            question=question,
            channel_id=channel_id,
            reply_to=reply_to,
            application_id=application_id,
            token=token,
            state=AskState.WAITING,
            asked_at=asked_at,
            taken_until=taken_until,
            checked_id=checked_id,
        )
        return int((await connection.execute(statement.returning(tables.ask.c.id))).scalar_one())

    async def get(self, connection: AsyncConnection, ask_id: int) -> Ask | None:
        row = (await connection.execute(select(*COLUMNS).where(tables.ask.c.id == ask_id))).one_or_none()
        return Ask(*row) if row else None

    async def keep(self, connection: AsyncConnection, ask_id: int, until: datetime) -> None:
        """Say that somebody is still at a question, until then."""
        own = (tables.ask.c.id == ask_id) & (tables.ask.c.state == AskState.WAITING)
        await connection.execute(update(tables.ask).where(own).values(taken_until=until))

    async def reserved(self, connection: AsyncConnection, ask_id: int, usage_id: int) -> None:
        """Note what a question has reserved of the budget."""
        await connection.execute(update(tables.ask).where(tables.ask.c.id == ask_id).values(usage_id=usage_id))

    async def answered(self, connection: AsyncConnection, ask_id: int, answer: str) -> bool:
        """Write down what a question was answered, unless somebody else did. Its asker is still to be told."""
        own = (tables.ask.c.id == ask_id) & (tables.ask.c.state == AskState.WAITING) & tables.ask.c.answer.is_(None)
        return (
            await connection.execute(update(tables.ask).where(own).values(answer=answer, question=_OWN_WORDS))
        ).rowcount == 1

    async def settle(self, connection: AsyncConnection, ask_id: int) -> None:
        """Its asker was told what came of a question, or never will be; nobody needs its token any more."""
        own = (tables.ask.c.id == ask_id) & (tables.ask.c.state == AskState.WAITING)
        state = case((tables.ask.c.answer.is_(None), AskState.FAILED), else_=AskState.ANSWERED)
        await connection.execute(update(tables.ask).where(own).values(state=state, token=None, question=_OWN_WORDS))

    async def abandoned(self, connection: AsyncConnection, now: datetime, most: int) -> list[Ask]:
        """Return the questions whose process is gone before it told their asker, the oldest first."""
        statement = select(*COLUMNS).where(
            tables.ask.c.state == AskState.WAITING, is_due(tables.ask.c.taken_until, now)
        )
        return [Ask(*row) for row in await connection.execute(statement.order_by(tables.ask.c.id).limit(most))]

    async def take(self, connection: AsyncConnection, ask: Ask, until: datetime) -> bool:
        """Take an abandoned question in hand; of any number of processes that try at once, one hears True."""
        statement = update(tables.ask).where(
            tables.ask.c.id == ask.id,
            tables.ask.c.state == AskState.WAITING,
            tables.ask.c.attempts == ask.attempts,
        )
        return (await connection.execute(statement.values(attempts=ask.attempts + 1, taken_until=until))).rowcount == 1

    async def of_member(self, connection: AsyncConnection, guild_id: int, member_id: int) -> list[Ask]:
        """Return the questions that a member asked in a guild and that are kept, the oldest first."""
        statement = select(*COLUMNS).where(tables.ask.c.guild_id == guild_id, tables.ask.c.member_id == member_id)
        return [Ask(*row) for row in await connection.execute(statement.order_by(tables.ask.c.id))]

    async def forget_member(self, connection: AsyncConnection, guild_id: int, member_id: int) -> list[int]:
        """Forget a member's questions in a guild; return them."""
        own = (tables.ask.c.guild_id == guild_id) & (tables.ask.c.member_id == member_id)
        return list(await connection.scalars(delete(tables.ask).where(own).returning(tables.ask.c.id)))

    async def forget_checks(self, connection: AsyncConnection, take_ids: Collection[int]) -> list[int]:
        """Forget what articles say of these takes; return the questions."""
        showing = select(tables.remark.c.message_id).where(
            tables.remark.c.take_id.in_(list(take_ids)), tables.remark.c.message_id.is_not(None)
        )
        own = tables.ask.c.checked_id.in_(showing)
        return list(await connection.scalars(delete(tables.ask).where(own).returning(tables.ask.c.id)))

    async def purge(self, connection: AsyncConnection, before: datetime) -> int:
        """Forget the questions of long ago; return how many."""
        return (await connection.execute(delete(tables.ask).where(tables.ask.c.asked_at < before))).rowcount
