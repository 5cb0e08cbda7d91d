"""Polls, what can be chosen in them, and the messages that show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import (
    ON_ITS_WAY,
    Choice,
    DeliveryState,
    Outcome,
    Poll,
    PollKind,
    PollMessage,
    PollState,
    PollStyle,
    Purpose,
    Tally,
)
from newsroom.store import tables
from newsroom.store.database import Database
from newsroom.store.queues import is_due

COLUMNS = [tables.poll.c[name] for name in Poll.__dataclass_fields__ if name != "choices"]
CHOICE_COLUMNS = [tables.poll_choice.c[name] for name in Choice.__dataclass_fields__]
MESSAGE_COLUMNS = [tables.poll_message.c[name] for name in PollMessage.__dataclass_fields__]

DRAWN_AT_ONCE = 50
"""How many polls a sweep has drawn: some may lie where Discord refuses us, again and again."""

SEARCHED = 500
"""How many of the newest are looked through for a word."""


class PollStore:
    """What is remembered of polls. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    # ------------------------------------------------------------------------------ polls

    async def add(self, connection: AsyncConnection, choices: Sequence[Choice], **values: Any) -> int | None:
        """Remember a new poll and return its id; None if the guild has a team poll on that story already.

        The unique key decides, not a look before the write.
        """
        statement = self._insert(tables.poll).values(state=PollState.OPEN, **values).on_conflict_do_nothing()
        poll_id: int | None = await connection.scalar(statement.returning(tables.poll.c.id))
        if poll_id is not None:
            await self._add_choices(connection, poll_id, choices)
        return poll_id

    async def get(
        self, connection: AsyncConnection, poll_id: int, guild_id: int | None = None, *, hold: bool = False
    ) -> Poll | None:
        """Return a poll, of this guild if one is named. With ``hold`` it stays as it is until the transaction ends."""
        wanted = [tables.poll.c.id == poll_id]
        if guild_id is not None:
            wanted.append(tables.poll.c.guild_id == guild_id)
        statement = select(*COLUMNS).where(*wanted)
        if hold:
            # Votes share it, so that they wait for none but who closes or edits the poll.
            statement = statement.with_for_update(read=True)
        return next(iter(await self._polls(connection, statement)), None)

    async def lock(self, connection: AsyncConnection, poll_id: int, guild_id: int) -> Poll | None:
        """Return a poll of this guild that nobody else may vote in or change until the transaction ends."""
        statement = select(*COLUMNS).where(tables.poll.c.id == poll_id, tables.poll.c.guild_id == guild_id)
        return next(iter(await self._polls(connection, statement.with_for_update())), None)

    async def of_story(self, connection: AsyncConnection, guild_id: int, story_id: int) -> Poll | None:
        """Return the team poll on a story."""
        statement = select(*COLUMNS).where(
            tables.poll.c.guild_id == guild_id,
            tables.poll.c.story_id == story_id,
            tables.poll.c.kind == PollKind.TEAM,
        )
        return next(iter(await self._polls(connection, statement)), None)

    async def of_guild(
        self, connection: AsyncConnection, guild_id: int, states: Collection[PollState], text: str = "", most: int = 25
    ) -> list[Poll]:
        """Return a guild's polls in these states whose question holds ``text``, the newest first.

        Of very many only the newest SEARCHED are looked through. Small and capital letters are told apart here and not
        in SQL, because SQLite knows those of English alone.
        """
        newest = (
            select(tables.poll.c.id, tables.poll.c.question)
            .where(tables.poll.c.guild_id == guild_id, tables.poll.c.state.in_(list(states)))
            .order_by(tables.poll.c.id.desc())
            .limit(SEARCHED if text else most)
        )
        found = [row.id for row in await connection.execute(newest) if text.casefold() in row.question.casefold()][
            :most
        ]
        return await self._polls(
            connection, select(*COLUMNS).where(tables.poll.c.id.in_(found)).order_by(tables.poll.c.id.desc())
        )

    async def due(self, connection: AsyncConnection, now: datetime) -> list[Poll]:
        """Return the open polls whose time has come."""
        statement = select(*COLUMNS).where(tables.poll.c.state == PollState.OPEN, tables.poll.c.closes_at <= now)
        return await self._polls(connection, statement.order_by(tables.poll.c.closes_at))

    async def native(self, connection: AsyncConnection) -> list[Poll]:
        """Return the open polls that are Discord's own."""
        statement = select(*COLUMNS).where(
            tables.poll.c.state == PollState.OPEN, tables.poll.c.style == PollStyle.NATIVE
        )
        return await self._polls(connection, statement.order_by(tables.poll.c.id))

    async def close(self, connection: AsyncConnection, poll_id: int, closed_at: datetime) -> bool:
        """Close a poll; False if it is closed already. Of any number who try at once, one hears True."""
        statement = (
            update(tables.poll)
            .where(tables.poll.c.id == poll_id, tables.poll.c.state == PollState.OPEN)
            .values(state=PollState.CLOSED, closed_at=closed_at, revision=tables.poll.c.revision + 1)
        )
        return await self._happened(connection, statement)

    async def settle(
        self,
        connection: AsyncConnection,
        poll_id: int,
        tally: Tally,
        *,
        outcome: Outcome | None,
        crossed: int,
        switched: int,
    ) -> None:
        """Write down what a poll came to; that stays, also when a member's votes are forgotten later."""
        await self.set(connection, poll_id, voters=tally.voters, outcome=outcome, crossed=crossed, switched=switched)
        for position, votes in enumerate(tally.counts):
            await connection.execute(
                update(tables.poll_choice)
                .where(tables.poll_choice.c.poll_id == poll_id, tables.poll_choice.c.position == position)
                .values(votes=votes)
            )

    async def reopen(self, connection: AsyncConnection, poll_id: int, closes_at: datetime | None) -> bool:
        """Let votes in again; False if the poll is open. What it had come to is forgotten."""
        statement = (
            update(tables.poll)
            .where(tables.poll.c.id == poll_id, tables.poll.c.state == PollState.CLOSED)
            .values(
                state=PollState.OPEN, closes_at=closes_at, closed_at=None, revision=tables.poll.c.revision + 1,
                voters=None, outcome=None, crossed=None, switched=None,
            )
        )  # fmt: skip
        if not await self._happened(connection, statement):
            return False
        await connection.execute(
            update(tables.poll_choice).where(tables.poll_choice.c.poll_id == poll_id).values(votes=None)
        )
        await connection.execute(
            delete(tables.poll_message).where(
                tables.poll_message.c.poll_id == poll_id, tables.poll_message.c.purpose == Purpose.RESULT
            )
        )
        return True

    async def edit(self, connection: AsyncConnection, poll_id: int, question: str, choices: Sequence[Choice]) -> None:
        """Ask something else."""
        await connection.execute(
            update(tables.poll)
            .where(tables.poll.c.id == poll_id)
            .values(question=question, revision=tables.poll.c.revision + 1)
        )
        await connection.execute(delete(tables.poll_choice).where(tables.poll_choice.c.poll_id == poll_id))
        await self._add_choices(connection, poll_id, choices)

    async def discard(self, connection: AsyncConnection, poll_id: int) -> None:
        """Forget a poll and all that belongs to it, as if it had never been."""
        await connection.execute(delete(tables.poll).where(tables.poll.c.id == poll_id))

    async def set(self, connection: AsyncConnection, poll_id: int, **values: object) -> None:
        await connection.execute(update(tables.poll).where(tables.poll.c.id == poll_id).values(**values))

    async def outcomes(
        self, connection: AsyncConnection, guild_id: int, since: datetime, until: datetime
    ) -> list[Outcome | None]:
        """Return how the team polls on stories ended that closed in that time."""
        statement = select(tables.poll.c.outcome).where(
            tables.poll.c.guild_id == guild_id,
            tables.poll.c.kind == PollKind.TEAM,
            tables.poll.c.story_id.is_not(None),
            tables.poll.c.state == PollState.CLOSED,
            tables.poll.c.closed_at >= since,
            tables.poll.c.closed_at < until,
        )
        return list(await connection.scalars(statement))

    async def opened_by_themselves(self, connection: AsyncConnection, channel_id: int, since: datetime) -> int:
        """Count the team polls that a news channel has got by itself since then."""
        place = func.coalesce(tables.delivery.c.channel_id, tables.poll_message.c.channel_id)
        statement = (
            select(func.count(tables.poll.c.id.distinct()))
            .select_from(tables.poll_message)
            .join(tables.poll, tables.poll.c.id == tables.poll_message.c.poll_id)
            .outerjoin(tables.delivery, tables.delivery.c.id == tables.poll_message.c.delivery_id)
            .where(
                tables.poll.c.automatic,
                tables.poll.c.opened_at >= since,
                place == channel_id,
                tables.poll_message.c.purpose.in_([Purpose.CARD, Purpose.REPLY]),
            )
        )
        return (await connection.execute(statement)).scalar_one()

    # --------------------------------------------------------------------------- messages

    async def show(
        self,
        connection: AsyncConnection,
        poll_id: int,
        guild_id: int,
        channel_id: int,
        purpose: Purpose,
        now: datetime,
        *,
        state: DeliveryState = DeliveryState.PENDING,
        **values: int | None,
    ) -> int | None:
        """Have a message show a poll in a channel; None if one does so already for that purpose.

        ``values`` are further columns: ``delivery_id``, ``reply_to``, ``drawn_votes``, ``drawn_revision``.
        """
        statement = self._insert(tables.poll_message).values(
            poll_id=poll_id,
            guild_id=guild_id,
            channel_id=channel_id,
            purpose=purpose,
            state=state,
            due_at=now,
            **values,
        )
        row_id: int | None = await connection.scalar(
            statement.on_conflict_do_nothing().returning(tables.poll_message.c.id)
        )
        return row_id

    async def taken_off(self, connection: AsyncConnection, delivery_id: int) -> list[tuple[int, int]]:
        """Forget that a card, and replies to it, show a poll; return the replies, as channel and message."""
        own = tables.poll_message.c.delivery_id == delivery_id
        shown = tables.poll_message.c.purpose != Purpose.RESULT
        replies = select(tables.poll_message.c.channel_id, tables.poll_message.c.message_id).where(
            own, tables.poll_message.c.purpose == Purpose.REPLY, tables.poll_message.c.message_id.is_not(None)
        )
        found = [(place, message) for place, message in await connection.execute(replies)]
        await connection.execute(delete(tables.poll_message).where(own, shown))
        return found

    async def card_sent(
        self, connection: AsyncConnection, delivery_id: int, channel_id: int, message_id: int, now: datetime
    ) -> None:
        """A card with a team poll under it stands in a channel."""
        statement = update(tables.poll_message).where(
            tables.poll_message.c.delivery_id == delivery_id, tables.poll_message.c.purpose == Purpose.CARD
        )
        await connection.execute(
            statement.values(
                channel_id=channel_id, message_id=message_id, state=DeliveryState.SENT, sent_at=now, drawn_at=now
            )
        )

    async def recap_sent(self, connection: AsyncConnection, poll_id: int, message_id: int, now: datetime) -> None:
        """A recap that ends in a poll stands in its channel, and shows it as it was when the poll was opened."""
        statement = update(tables.poll_message).where(
            tables.poll_message.c.poll_id == poll_id, tables.poll_message.c.purpose == Purpose.RECAP
        )
        await connection.execute(
            statement.values(message_id=message_id, state=DeliveryState.SENT, sent_at=now, drawn_at=now)
        )

    async def message(self, connection: AsyncConnection, row_id: int) -> PollMessage | None:
        return await self._message(connection, tables.poll_message.c.id == row_id)

    async def by_message(self, connection: AsyncConnection, guild_id: int, message_id: int) -> PollMessage | None:
        """Return what we know of a message of a guild that shows a poll."""
        return await self._message(
            connection,
            and_(tables.poll_message.c.message_id == message_id, tables.poll_message.c.guild_id == guild_id),
        )

    async def messages(self, connection: AsyncConnection, poll_ids: Collection[int]) -> list[PollMessage]:
        """Return the messages that show these polls, in the order in which they were planned."""
        statement = select(*MESSAGE_COLUMNS).where(tables.poll_message.c.poll_id.in_(list(poll_ids)))
        rows = await connection.execute(statement.order_by(tables.poll_message.c.id))
        return [PollMessage(*row) for row in rows]

    async def due_messages(self, connection: AsyncConnection, now: datetime, most: int) -> list[int]:
        """Return the rows of messages to be sent now. Cards and recaps send themselves."""
        statement = (
            select(tables.poll_message.c.id)
            .where(
                tables.poll_message.c.state.in_(ON_ITS_WAY),
                tables.poll_message.c.purpose.not_in([Purpose.CARD, Purpose.RECAP]),
                is_due(tables.poll_message.c.due_at, now),
                tables.is_here(tables.poll_message.c.guild_id),
            )
            .order_by(tables.poll_message.c.id)
            .limit(most)
        )
        return list(await connection.scalars(statement))

    async def take_to_send(self, connection: AsyncConnection, message: PollMessage, **values: object) -> bool:
        """Take a message in hand to be sent; of any number of processes that try at once, one hears True."""
        statement = update(tables.poll_message).where(
            tables.poll_message.c.id == message.id, tables.poll_message.c.attempts == message.attempts
        )
        return await self._happened(
            connection,
            statement.values(state=DeliveryState.SENDING, attempts=tables.poll_message.c.attempts + 1, **values),
        )

    async def record_attempt(self, connection: AsyncConnection, message: PollMessage, **values: object) -> None:
        """Write down how an attempt ended, unless a later one has begun meanwhile: that one knows better."""
        statement = update(tables.poll_message).where(
            tables.poll_message.c.id == message.id, tables.poll_message.c.attempts == message.attempts + 1
        )
        await connection.execute(statement.values(**values))

    async def record_drawing(self, connection: AsyncConnection, message: PollMessage, **values: int) -> None:
        """Write down what a message shows, unless somebody has drawn it or marked it to be drawn since it was read."""
        statement = update(tables.poll_message).where(
            tables.poll_message.c.id == message.id, tables.poll_message.c.drawn_votes == message.drawn_votes
        )
        await connection.execute(statement.values(**values))

    async def record(self, connection: AsyncConnection, row_id: int, **values: object) -> None:
        """Write down how far a message is."""
        await connection.execute(update(tables.poll_message).where(tables.poll_message.c.id == row_id).values(**values))

    async def undrawn(self, connection: AsyncConnection) -> list[int]:
        """Return the polls that some message shows otherwise than they are, the longest not drawn first: so many that
        can't be drawn don't keep the others waiting for ever.
        """
        log = (
            select(func.count())
            .where(tables.vote_log.c.poll_id == tables.poll.c.id)
            .correlate(tables.poll)
            .scalar_subquery()
        )
        statement = (
            select(tables.poll.c.id)
            .join(tables.poll_message, tables.poll_message.c.poll_id == tables.poll.c.id)
            .where(
                _drawable(),
                or_(
                    tables.poll_message.c.drawn_revision != tables.poll.c.revision,
                    and_(tables.poll.c.state == PollState.OPEN, tables.poll_message.c.drawn_votes != log),
                    tables.poll_message.c.drawn_votes < 0,
                ),
            )
            .group_by(tables.poll.c.id)
            .order_by(func.min(tables.poll_message.c.drawn_at).nulls_first(), tables.poll.c.id)
        )
        return list(await connection.scalars(statement.limit(DRAWN_AT_ONCE)))

    async def take_to_draw(self, connection: AsyncConnection, row_id: int, now: datetime, not_after: datetime) -> bool:
        """Take a message in hand to be drawn; False if somebody took it later than ``not_after``, but not than ``now``:
        that was another clock, or a wrong one.

        Of any number of processes that try at once, one hears True.
        """
        statement = (
            update(tables.poll_message)
            .where(
                tables.poll_message.c.id == row_id,
                or_(
                    tables.poll_message.c.drawn_at.is_(None),
                    tables.poll_message.c.drawn_at <= not_after,
                    tables.poll_message.c.drawn_at > now,
                ),
            )
            .values(drawn_at=now)
        )
        return await self._happened(connection, statement)

    # ------------------------------------------------------------------------------ parts

    async def _add_choices(self, connection: AsyncConnection, poll_id: int, choices: Iterable[Choice]) -> None:
        rows = [
            {"poll_id": poll_id, "position": choice.position, "label": choice.label, "side": choice.side}
            for choice in choices
        ]
        await connection.execute(insert(tables.poll_choice), rows)

    async def _polls(self, connection: AsyncConnection, statement: Any) -> list[Poll]:
        rows = (await connection.execute(statement)).all()
        if not rows:
            return []
        by_poll: dict[int, list[Choice]] = {row.id: [] for row in rows}
        found = select(tables.poll_choice.c.poll_id, *CHOICE_COLUMNS).where(
            tables.poll_choice.c.poll_id.in_(list(by_poll))
        )
        for poll_id, *choice in await connection.execute(found.order_by(tables.poll_choice.c.position)):
            by_poll[poll_id].append(Choice(*choice))
        return [replace(Poll(*row), choices=tuple(by_poll[row.id])) for row in rows]

    async def _message(self, connection: AsyncConnection, wanted: ColumnElement[bool]) -> PollMessage | None:
        statement = select(*MESSAGE_COLUMNS).where(wanted).order_by(tables.poll_message.c.id).limit(1)
        row = (await connection.execute(statement)).one_or_none()
        return PollMessage(*row) if row else None

    async def _happened(self, connection: AsyncConnection, statement: Any) -> bool:
        """Carry out an update of at most one row and tell whether there was one to update."""
        return bool((await connection.execute(statement)).rowcount)


def _drawable() -> ColumnElement[bool]:
    """Say in SQL that a message stands in a channel and is one that we draw anew.

    A result stays as it was told, but for one that was marked: somebody whom it may quote has left.
    """
    return and_(
        tables.poll_message.c.state == DeliveryState.SENT,
        tables.poll_message.c.message_id.is_not(None),
        or_(
            and_(tables.poll_message.c.purpose != Purpose.RESULT, tables.poll.c.style == PollStyle.BUTTONS),
            and_(tables.poll_message.c.purpose == Purpose.RESULT, tables.poll_message.c.drawn_votes < 0),
        ),
    )
