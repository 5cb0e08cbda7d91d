"""Discussions: the threads of cards, and what we say in them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import (
    ON_ITS_WAY,
    ChannelKind,
    DeliveryState,
    DiscussionSettings,
    Remark,
    RemarkKind,
    Thread,
    ThreadState,
)
from newsroom.store import tables
from newsroom.store.database import Database
from newsroom.store.deliveries import STANDS
from newsroom.store.queues import is_due

THREAD_COLUMNS = [tables.thread.c[name] for name in Thread.__dataclass_fields__]
REMARK_COLUMNS = [tables.remark.c[name] for name in Remark.__dataclass_fields__]
WITHDRAWN = tables.remark.c.withdrawn
SETTINGS_COLUMNS = [tables.news_channel.c[name] for name in DiscussionSettings.__dataclass_fields__]

FIRST_WORD = 3

# How often a message is drawn anew at most. Discord limits edits of messages that are older than an hour in each
# channel apart from all others, to about three in six seconds (error 30046).
YOUNG = timedelta(hours=1)
BETWEEN_DRAWINGS = timedelta(seconds=2)
BETWEEN_OLD_DRAWINGS = timedelta(seconds=10)
BETWEEN_OLD_IN_CHANNEL = timedelta(seconds=3)


class ThreadStore:
    """What is remembered of discussions. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    # ---------------------------------------------------------------------------- settings

    async def settings(
        self, connection: AsyncConnection, channel_id: int, guild_id: int
    ) -> tuple[ChannelKind, DiscussionSettings] | None:
        """Return what sort of place a news channel of this guild is and how it discusses; None if there is none."""
        statement = select(tables.news_channel.c.kind, *SETTINGS_COLUMNS).where(
            tables.news_channel.c.channel_id == channel_id, tables.news_channel.c.guild_id == guild_id
        )
        row = (await connection.execute(statement)).one_or_none()
        return (row[0], DiscussionSettings(*row[1:])) if row else None

    async def takes_on(self, connection: AsyncConnection, story_id: int, guild_id: int, channel_id: int) -> bool:
        """Whether takes are on where a story's card stands: in this channel if one does there, else the oldest's.

        Where none stands nothing is off.
        """
        statement = (
            select(tables.news_channel.c.takes)
            .join(tables.delivery, tables.delivery.c.channel_id == tables.news_channel.c.channel_id)
            .where(tables.delivery.c.story_id == story_id, tables.delivery.c.guild_id == guild_id, STANDS)
            .order_by(tables.delivery.c.channel_id != channel_id, tables.delivery.c.id)
        )
        return await connection.scalar(statement.limit(1)) is not False

    async def set(self, connection: AsyncConnection, channel_id: int, **values: object) -> None:
        """Change how a news channel discusses, by the names of DiscussionSettings."""
        statement = update(tables.news_channel).where(tables.news_channel.c.channel_id == channel_id)
        await connection.execute(statement.values(**values))

    async def cards_to_draw(self, connection: AsyncConnection, channel_id: int, most: int) -> list[int]:
        """Return the newest cards that stand in a channel: their buttons may have to change."""
        statement = select(tables.delivery.c.id).where(
            tables.delivery.c.channel_id == channel_id,
            tables.delivery.c.state == DeliveryState.SENT,
            tables.delivery.c.message_id.is_not(None),
        )
        return list(await connection.scalars(statement.order_by(tables.delivery.c.id.desc()).limit(most)))

    # ----------------------------------------------------------------------------- threads

    async def add(
        self,
        connection: AsyncConnection,
        thread_id: int,
        delivery_id: int,
        guild_id: int,
        channel_id: int,
        state: ThreadState,
        now: datetime,
    ) -> None:
        """Note that a card is to have a thread, or has one; whoever was faster has said so already."""
        statement = self._insert(tables.thread).values(
            thread_id=thread_id,
            delivery_id=delivery_id,
            guild_id=guild_id,
            channel_id=channel_id,
            state=state,
            due_at=now,
        )
        await connection.execute(statement.on_conflict_do_nothing())

    async def get(self, connection: AsyncConnection, thread_id: int, guild_id: int | None = None) -> Thread | None:
        wanted = [tables.thread.c.thread_id == thread_id]
        if guild_id is not None:
            wanted.append(tables.thread.c.guild_id == guild_id)
        return await self._thread(connection, *wanted)

    async def of_card(self, connection: AsyncConnection, delivery_id: int) -> Thread | None:
        """Return the thread of a card, if it is to have one."""
        return await self._thread(connection, tables.thread.c.delivery_id == delivery_id)

    async def due(self, connection: AsyncConnection, now: datetime, most: int) -> list[Thread]:
        """Return the threads to be opened now."""
        statement = select(*THREAD_COLUMNS).where(
            tables.thread.c.state == ThreadState.PENDING,
            is_due(tables.thread.c.due_at, now),
            tables.is_here(tables.thread.c.guild_id),
        )
        rows = await connection.execute(statement.order_by(tables.thread.c.due_at).limit(most))
        return [Thread(*row) for row in rows]

    async def record(self, connection: AsyncConnection, thread_id: int, **values: object) -> None:
        """Write down what became of a thread."""
        await connection.execute(update(tables.thread).where(tables.thread.c.thread_id == thread_id).values(**values))

    async def opened(self, connection: AsyncConnection, thread_id: int) -> bool:
        """Note that a thread is open which was to be opened; return whether it was."""
        own = (tables.thread.c.thread_id == thread_id) & (tables.thread.c.state == ThreadState.PENDING)
        statement = update(tables.thread).where(own).values(state=ThreadState.OPEN, reason=None)
        return (await connection.execute(statement)).rowcount == 1

    async def drop_waiting(self, connection: AsyncConnection, channel_id: int, reason: str) -> None:
        """Leave unsaid what waits to be said in a thread that isn't there."""
        waiting = (tables.remark.c.channel_id == channel_id) & tables.remark.c.state.in_(ON_ITS_WAY)
        await connection.execute(
            update(tables.remark).where(waiting).values(state=DeliveryState.SKIPPED, reason=reason)
        )

    async def open_again(self, connection: AsyncConnection, thread_id: int, now: datetime) -> None:
        """Have a thread opened after all that never could be, and what was left unsaid in it said."""
        await self.record(connection, thread_id, state=ThreadState.PENDING, attempts=0, due_at=now, reason=None)
        left = (tables.remark.c.channel_id == thread_id) & (tables.remark.c.state == DeliveryState.SKIPPED)
        await connection.execute(
            update(tables.remark).where(left).values(state=DeliveryState.PENDING, due_at=now, reason=None)
        )

    async def open_in(self, connection: AsyncConnection, guild_id: int) -> list[int]:
        """Return the threads of a guild that we opened and that are there, as far as we know."""
        statement = select(tables.thread.c.thread_id).where(
            tables.thread.c.guild_id == guild_id, tables.thread.c.state == ThreadState.OPEN
        )
        return list(await connection.scalars(statement.order_by(tables.thread.c.thread_id)))

    async def mute(self, connection: AsyncConnection, place_id: int, reason: str) -> tuple[int, int] | None:
        """Note why we may not speak in the discussions of a news channel: of this one, or the one with this thread.

        Return the channel's id and its guild's if that is new.
        """
        statement = update(tables.news_channel).where(_around(place_id), tables.news_channel.c.muted_for.is_(None))
        muted = statement.values(muted_for=reason).returning(
            tables.news_channel.c.channel_id, tables.news_channel.c.guild_id
        )
        row = (await connection.execute(muted)).one_or_none()
        return (row.channel_id, row.guild_id) if row else None

    async def unmute(self, connection: AsyncConnection, place_id: int) -> None:
        """Note that we can speak there."""
        statement = update(tables.news_channel).where(_around(place_id), tables.news_channel.c.muted_for.is_not(None))
        await connection.execute(statement.values(muted_for=None))

    async def try_again(self, connection: AsyncConnection, channel_id: int, now: datetime) -> None:
        """Have what waits in a news channel's discussions tried now: threads to open, and what surely isn't said."""
        opening = (tables.thread.c.channel_id == channel_id) & (tables.thread.c.state == ThreadState.PENDING)
        await connection.execute(update(tables.thread).where(opening).values(due_at=now))
        threads = select(tables.thread.c.thread_id).where(tables.thread.c.channel_id == channel_id)
        there = or_(tables.remark.c.channel_id == channel_id, tables.remark.c.channel_id.in_(threads))
        unsaid = there & (tables.remark.c.state == DeliveryState.PENDING)
        await connection.execute(update(tables.remark).where(unsaid).values(due_at=now))

    # ----------------------------------------------------------------------------- remarks

    async def say(
        self,
        connection: AsyncConnection,
        kind: RemarkKind,
        guild_id: int,
        channel_id: int,
        delivery_id: int,
        now: datetime,
        *,
        take_id: int | None = None,
        ask_id: int | None = None,
        turn_id: int | None = None,
        reply_to: int | None = None,
    ) -> int | None:
        """Plan a message of ours in a thread or channel; None if it is planned or stands there already."""
        statement = self._insert(tables.remark).values(
            guild_id=guild_id,
            channel_id=channel_id,
            kind=kind,
            delivery_id=delivery_id,
            take_id=take_id,
            ask_id=ask_id,
            turn_id=turn_id,
            reply_to=reply_to,
            state=DeliveryState.PENDING,
            due_at=now,
            planned_at=now,
        )
        planned = statement.on_conflict_do_nothing().returning(tables.remark.c.id)
        row_id: int | None = await connection.scalar(planned)
        return row_id

    async def grown(self, connection: AsyncConnection, delivery_ids: Collection[int], now: datetime) -> None:
        """Have the threads of these cards told that their stories have grown; each is told once.

        One that is still to be opened is told then. A forum's post whose discussion nobody has opened is told nothing.
        """
        if not delivery_ids:
            return
        there = select(*THREAD_COLUMNS).where(
            tables.thread.c.delivery_id.in_(list(delivery_ids)),
            or_(
                tables.thread.c.state == ThreadState.PENDING,
                (tables.thread.c.state == ThreadState.OPEN) & tables.thread.c.opened_at.is_not(None),
            ),
        )
        for row in (await connection.execute(there)).all():
            thread = Thread(*row)
            await self.say(connection, RemarkKind.GROWTH, thread.guild_id, thread.thread_id, thread.delivery_id, now)

    async def remark(self, connection: AsyncConnection, remark_id: int) -> Remark | None:
        return await self._remark(connection, tables.remark.c.id == remark_id)

    async def of_take(self, connection: AsyncConnection, take_id: int) -> Remark | None:
        """Return the message that shows a take, or is about to."""
        return await self._remark(connection, tables.remark.c.take_id == take_id)

    async def by_message(self, connection: AsyncConnection, guild_id: int, message_id: int) -> Remark | None:
        """Return what we said by this message of a guild."""
        return await self._remark(
            connection, tables.remark.c.message_id == message_id, tables.remark.c.guild_id == guild_id
        )

    async def remarks_due(self, connection: AsyncConnection, now: datetime, most: int) -> list[int]:
        """Return what is to be said now, the oldest first.

        What goes into a thread waits until that is open, and until what opens the discussion was said there, or was
        tried FIRST_WORD times.
        """
        opener = tables.remark.alias()
        first = exists().where(
            opener.c.channel_id == tables.remark.c.channel_id,
            opener.c.kind == RemarkKind.OPENER,
            opener.c.id != tables.remark.c.id,
            opener.c.state.in_(ON_ITS_WAY),
            opener.c.attempts < FIRST_WORD,
        )
        unopened = exists().where(
            tables.thread.c.thread_id == tables.remark.c.channel_id, tables.thread.c.state != ThreadState.OPEN
        )
        statement = select(tables.remark.c.id).where(
            tables.remark.c.state.in_(ON_ITS_WAY),
            is_due(tables.remark.c.due_at, now),
            tables.is_here(tables.remark.c.guild_id),
            ~unopened,
            ~first,
        )
        return list(await connection.scalars(statement.order_by(tables.remark.c.id).limit(most)))

    async def take(self, connection: AsyncConnection, remark: Remark, attempted_at: datetime, now: datetime) -> bool:
        """Take a remark in hand to be sent; of any number of processes that try at once, one hears True."""
        statement = update(tables.remark).where(
            tables.remark.c.id == remark.id,
            tables.remark.c.attempts == remark.attempts,
            tables.remark.c.state.in_(ON_ITS_WAY),
        )
        taken = statement.values(
            state=DeliveryState.SENDING, attempts=remark.attempts + 1, attempted_at=attempted_at, due_at=now
        )
        return (await connection.execute(taken)).rowcount == 1

    async def record_remark(self, connection: AsyncConnection, remark_id: int, **values: object) -> None:
        """Write down what became of a remark."""
        await connection.execute(update(tables.remark).where(tables.remark.c.id == remark_id).values(**values))

    async def record_attempt(self, connection: AsyncConnection, remark: Remark, **values: object) -> None:
        """Write down how an attempt ended, unless a later one has begun or an earlier one arrived: they know better."""
        statement = update(tables.remark).where(
            tables.remark.c.id == remark.id,
            tables.remark.c.attempts == remark.attempts + 1,
            tables.remark.c.state == DeliveryState.SENDING,
        )
        await connection.execute(statement.values(**values))

    async def draw_anew(self, connection: AsyncConnection, take_ids: Collection[int], now: datetime) -> None:
        """Have the messages drawn anew that show these takes."""
        await draw_remarks_anew(connection, tables.remark.c.take_id.in_(list(take_ids)), now)

    async def draw_newest_anew(
        self, connection: AsyncConnection, channel_id: int, kind: RemarkKind, most: int, now: datetime
    ) -> None:
        """Have the newest messages of a kind drawn anew that stand under a news channel's cards."""
        newest = (
            select(tables.remark.c.id)
            .join(tables.delivery, tables.delivery.c.id == tables.remark.c.delivery_id)
            .where(
                tables.delivery.c.channel_id == channel_id,
                tables.remark.c.kind == kind,
                tables.remark.c.state.in_((*ON_ITS_WAY, DeliveryState.SENT)),
            )
            .order_by(tables.remark.c.id.desc())
            .limit(most)
        )
        await draw_remarks_anew(connection, tables.remark.c.id.in_(newest), now)

    async def redraws_due(self, connection: AsyncConnection, now: datetime, most: int) -> list[int]:
        """Return what stands in a channel and is to be drawn anew, or deleted, now: of a channel's old messages one."""
        statement = (
            select(tables.remark.c.id, tables.remark.c.channel_id, _is_old(tables.remark, now) & ~WITHDRAWN)
            .where(
                tables.remark.c.state == DeliveryState.SENT,
                is_due(tables.remark.c.redraw_at, now),
                _may_be_drawn(now),
                tables.is_here(tables.remark.c.guild_id),
            )
            .order_by(tables.remark.c.redraw_at, tables.remark.c.id)
            .limit(most)
        )
        due: list[int] = []
        taken: set[int] = set()
        for remark_id, channel_id, is_old in await connection.execute(statement):
            if not (is_old and channel_id in taken):
                due.append(remark_id)
            if is_old:
                taken.add(channel_id)
        return due

    async def take_redraw(
        self, connection: AsyncConnection, remark_id: int, now: datetime, until: datetime
    ) -> Remark | None:
        """Take a message in hand to be drawn anew, until then; None if somebody else has just done so."""
        own = (tables.remark.c.id == remark_id) & is_due(tables.remark.c.redraw_at, now) & _may_be_drawn(now)
        taken = await connection.execute(update(tables.remark).where(own).values(redraw_at=until, drawn_at=now))
        return await self.remark(connection, remark_id) if taken.rowcount else None

    async def redrawn(self, connection: AsyncConnection, remark_id: int, until: datetime) -> None:
        """It shows what was known when it was taken; if more is known by now, it is drawn once more."""
        own = (tables.remark.c.id == remark_id) & (tables.remark.c.redraw_at == until)
        await connection.execute(update(tables.remark).where(own).values(redraw_at=None))

    async def withdraw(self, connection: AsyncConnection, take_ids: Collection[int], now: datetime) -> None:
        """Have the messages go that show these takes; what never left us is forgotten at once."""
        own = tables.remark.c.take_id.in_(list(take_ids))
        unsent = or_(
            (tables.remark.c.state == DeliveryState.PENDING) & tables.remark.c.attempted_at.is_(None),
            tables.remark.c.state == DeliveryState.SKIPPED,
        )
        await connection.execute(delete(tables.remark).where(own, unsent))
        await connection.execute(update(tables.remark).where(own).values(withdrawn=True, redraw_at=now))

    async def withdraw_one(self, connection: AsyncConnection, remark_id: int, now: datetime) -> None:
        """Have one message go, whatever it shows."""
        own = tables.remark.c.id == remark_id
        await connection.execute(update(tables.remark).where(own).values(withdrawn=True, redraw_at=now))

    async def withdraw_answers(self, connection: AsyncConnection, ask_ids: Collection[int], now: datetime) -> None:
        """Have the messages go that show the answers to these questions."""
        own = tables.remark.c.ask_id.in_(list(ask_ids))
        await connection.execute(update(tables.remark).where(own).values(withdrawn=True, redraw_at=now))

    async def forget_cardless(self, connection: AsyncConnection) -> None:
        """Forget what was said of cards that are forgotten, but for takes: those can still be removed."""
        there = exists().where(tables.delivery.c.id == tables.remark.c.delivery_id)
        await connection.execute(delete(tables.remark).where(tables.remark.c.take_id.is_(None), ~there))

    async def forget(self, connection: AsyncConnection, remark_id: int) -> None:
        """Forget a message that stands nowhere any more."""
        await connection.execute(delete(tables.remark).where(tables.remark.c.id == remark_id))

    async def _thread(self, connection: AsyncConnection, *wanted: ColumnElement[bool]) -> Thread | None:
        row = (await connection.execute(select(*THREAD_COLUMNS).where(*wanted))).one_or_none()
        return Thread(*row) if row else None

    async def _remark(self, connection: AsyncConnection, *wanted: ColumnElement[Any]) -> Remark | None:
        row = (await connection.execute(select(*REMARK_COLUMNS).where(*wanted))).one_or_none()
        return Remark(*row) if row else None


def _around(place_id: int) -> ColumnElement[bool]:
    """Say in SQL that a news channel is this place, or the one in which this thread was opened."""
    above = select(tables.thread.c.channel_id).where(tables.thread.c.thread_id == place_id).scalar_subquery()
    return tables.news_channel.c.channel_id == func.coalesce(above, place_id)


def _is_old(remark: FromClause, now: datetime) -> ColumnElement[bool]:
    """Say in SQL that a message is one whose edits Discord limits."""
    return remark.c.sent_at < now - YOUNG


def _drawn_since(remark: FromClause, since: datetime, now: datetime) -> ColumnElement[bool]:
    """Say in SQL that a message was drawn lately; what seems to be yet to come was drawn while the clock was wrong."""
    return remark.c.drawn_at.is_not(None) & (remark.c.drawn_at > since) & (remark.c.drawn_at <= now)


async def draw_remarks_anew(connection: AsyncConnection, which: ColumnElement[bool], now: datetime) -> None:
    """Have remarks drawn anew: what is on its way may still show how things were, and so may what is being drawn."""
    due = tables.remark.c.redraw_at
    states = (*ON_ITS_WAY, DeliveryState.SENT)
    statement = update(tables.remark).where(which, tables.remark.c.state.in_(states), or_(due.is_(None), due > now))
    await connection.execute(statement.values(redraw_at=now))


def _may_be_drawn(now: datetime) -> ColumnElement[bool]:
    """Say in SQL that neither a message nor too many others of its channel were drawn a moment ago; to delete one that
    was withdrawn is no edit."""
    own, other = tables.remark, tables.remark.alias()
    old = _is_old(own, now)
    crowded = exists().where(
        other.c.channel_id == own.c.channel_id,
        _is_old(other, now),
        _drawn_since(other, now - BETWEEN_OLD_IN_CHANNEL, now),
    )
    return or_(
        WITHDRAWN,
        ~old & ~_drawn_since(own, now - BETWEEN_DRAWINGS, now),
        old & ~_drawn_since(own, now - BETWEEN_OLD_DRAWINGS, now) & ~crowded,
    )
