"""Recaps: when a guild gets one, what is told of a week, and how old takes have aged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import (
    ON_ITS_WAY,
    ChannelKind,
    DeliveryState,
    Poll,
    PollKind,
    PollState,
    Recap,
    RecapKind,
    RecapPlan,
    Take,
)
from newsroom.store import tables
from newsroom.store.channels import open_channel
from newsroom.store.database import Database
from newsroom.store.deliveries import STANDS
from newsroom.store.queues import is_due

COLUMNS = [tables.recap.c[name] for name in Recap.__dataclass_fields__]
PLAN_COLUMNS = [tables.recap_plan.c[name] for name in RecapPlan.__dataclass_fields__]
TAKE_COLUMNS = [tables.take.c[name] for name in Take.__dataclass_fields__]
POLL_COLUMNS = [tables.poll.c[name] for name in Poll.__dataclass_fields__ if name != "choices"]

THREADS_A_STATEMENT = 500

BETWEEN_WEEKLY = timedelta(days=4)
"""At the least, whenever admins change day, time or time zone."""


class RecapStore:
    """What is remembered of recaps. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    # ------------------------------------------------------------------------------- plans

    async def plan(self, connection: AsyncConnection, guild_id: int, *, hold: bool = False) -> RecapPlan | None:
        """Return a guild's plan, if it has one yet. With ``hold`` nobody else changes it until the transaction ends."""
        statement = select(*PLAN_COLUMNS).where(tables.recap_plan.c.guild_id == guild_id)
        row = (await connection.execute(statement.with_for_update() if hold else statement)).one_or_none()
        return RecapPlan(*row) if row else None

    async def add_plan(self, connection: AsyncConnection, guild_id: int, rule: str, next_at: datetime) -> None:
        """Give a guild its plan, unless it has one."""
        statement = self._insert(tables.recap_plan).values(guild_id=guild_id, rule=rule, next_at=next_at)
        await connection.execute(statement.on_conflict_do_nothing())

    async def set_plan(self, connection: AsyncConnection, guild_id: int, **values: object) -> None:
        await connection.execute(
            update(tables.recap_plan).where(tables.recap_plan.c.guild_id == guild_id).values(**values)
        )

    async def not_before(self, connection: AsyncConnection, guild_id: int, now: datetime) -> datetime:
        """Return from when on the next weekly recap may come: one with a new time is none that comes again."""
        last = await connection.scalar(
            select(func.max(tables.recap.c.planned_at)).where(
                tables.recap.c.guild_id == guild_id,
                tables.recap.c.kind == RecapKind.WEEK,
                tables.recap.c.asked_id.is_(None),
            )
        )
        return max(now, last + BETWEEN_WEEKLY) if last is not None else now

    async def planless(self, connection: AsyncConnection, most: int) -> list[int]:
        """Return guilds that have news channels and no plan yet."""
        planned = select(tables.recap_plan.c.guild_id)
        statement = (
            select(tables.news_channel.c.guild_id)
            .distinct()
            .where(tables.news_channel.c.guild_id.not_in(planned), tables.is_here(tables.news_channel.c.guild_id))
            .limit(most)
        )
        return list(await connection.scalars(statement))

    async def plans_due(self, connection: AsyncConnection, now: datetime, most: int) -> list[RecapPlan]:
        """Return the plans whose time has come."""
        statement = select(*PLAN_COLUMNS).where(
            tables.recap_plan.c.paused.is_(False),
            tables.recap_plan.c.next_at <= now,
            tables.is_here(tables.recap_plan.c.guild_id),
        )
        rows = await connection.execute(statement.order_by(tables.recap_plan.c.next_at).limit(most))
        return [RecapPlan(*row) for row in rows]

    async def advance(self, connection: AsyncConnection, plan: RecapPlan, **values: object) -> bool:
        """Move a plan on from this week to the next; of any number who try at once, one hears True."""
        own = (
            (tables.recap_plan.c.guild_id == plan.guild_id)
            & (tables.recap_plan.c.next_at == plan.next_at)
            & tables.recap_plan.c.paused.is_(False)
        )
        return bool((await connection.execute(update(tables.recap_plan).where(own).values(**values))).rowcount)

    async def most_used_channel(
        self, connection: AsyncConnection, guild_id: int, since: datetime, now: datetime
    ) -> int | None:
        """Return the text or announcement channel open to news that got most cards since then; of equals the oldest."""
        got = (
            select(tables.delivery.c.channel_id, func.count().label("cards"))
            .where(tables.delivery.c.guild_id == guild_id, STANDS, tables.delivery.c.sent_at >= since)
            .group_by(tables.delivery.c.channel_id)
            .subquery()
        )
        statement = (
            select(tables.news_channel.c.channel_id)
            .outerjoin(got, got.c.channel_id == tables.news_channel.c.channel_id)
            .where(
                tables.news_channel.c.guild_id == guild_id,
                tables.news_channel.c.kind.in_([ChannelKind.TEXT, ChannelKind.ANNOUNCEMENT]),
                open_channel(now),
            )
            .order_by(func.coalesce(got.c.cards, 0).desc(), tables.news_channel.c.channel_id)
            .limit(1)
        )
        channel_id: int | None = await connection.scalar(statement)
        return channel_id

    # ------------------------------------------------------------------------- what happened

    async def places(self, connection: AsyncConnection, guild_id: int) -> list[int]:
        """Return the channels of which a guild's recaps could tell: its news channels, and where it has had polls."""
        news = select(tables.news_channel.c.channel_id).where(tables.news_channel.c.guild_id == guild_id)
        asked = select(tables.poll.c.channel_id).where(tables.poll.c.guild_id == guild_id)
        return list(await connection.scalars(news.union(asked)))

    async def stories(
        self, connection: AsyncConnection, guild_id: int, seen: Collection[int], since: datetime, until: datetime
    ) -> int:
        """Count the stories that were posted in these channels of a guild in that time."""
        statement = select(func.count(tables.delivery.c.story_id.distinct())).where(
            *self._posted(guild_id, seen, since, until)
        )
        return (await connection.execute(statement)).scalar_one()

    async def told(
        self,
        connection: AsyncConnection,
        guild_id: int,
        seen: Collection[int],
        since: datetime,
        until: datetime,
        most: int,
    ) -> list[tuple[int, str, str]]:
        """Return story, headline and summary of the newest that was posted in these channels in that time."""
        statement = (
            select(tables.delivery.c.story_id, tables.article.c.title, tables.article.c.summary)
            .join(tables.article, tables.article.c.id == tables.delivery.c.article_id)
            .where(*self._posted(guild_id, seen, since, until))
            .order_by(tables.delivery.c.id.desc())
            .limit(most)
        )
        return [(story_id, title, summary) for story_id, title, summary in await connection.execute(statement)]

    async def votes(
        self, connection: AsyncConnection, guild_id: int, seen: Collection[int], since: datetime, until: datetime
    ) -> int:
        """Count the votes that hold and were cast in that time, in polls that stand in these channels."""
        statement = (
            select(func.count())
            .select_from(tables.vote)
            .join(tables.poll, tables.poll.c.id == tables.vote.c.poll_id)
            .where(
                tables.poll.c.guild_id == guild_id,
                _asked_in(seen),
                tables.vote.c.ballot != 0,
                tables.vote.c.cast_at >= since,
                tables.vote.c.cast_at < until,
            )
        )
        return (await connection.execute(statement)).scalar_one()

    async def messages(
        self, connection: AsyncConnection, guild_id: int, seen: Collection[int], since: datetime, until: datetime
    ) -> dict[int, int]:
        """Return how many messages members wrote in each story's threads in these channels in that time."""
        statement = (
            select(tables.delivery.c.story_id, func.sum(tables.chatter.c.messages))
            .join(tables.thread, tables.thread.c.thread_id == tables.chatter.c.thread_id)
            .join(tables.delivery, tables.delivery.c.id == tables.thread.c.delivery_id)
            .where(
                tables.thread.c.guild_id == guild_id,
                tables.delivery.c.channel_id.in_(list(seen)),
                tables.chatter.c.hour >= since,
                tables.chatter.c.hour < until,
            )
            .group_by(tables.delivery.c.story_id)
        )
        return {story_id: int(number) for story_id, number in await connection.execute(statement)}

    async def closed_polls(
        self, connection: AsyncConnection, guild_id: int, seen: Collection[int], since: datetime, until: datetime
    ) -> list[Poll]:
        """Return the team polls on stories in these channels that closed in that time, without their choices."""
        statement = select(*POLL_COLUMNS).where(
            tables.poll.c.guild_id == guild_id,
            _asked_in(seen),
            tables.poll.c.kind == PollKind.TEAM,
            tables.poll.c.story_id.is_not(None),
            tables.poll.c.state == PollState.CLOSED,
            tables.poll.c.closed_at >= since,
            tables.poll.c.closed_at < until,
        )
        return [Poll(*row) for row in await connection.execute(statement.order_by(tables.poll.c.id))]

    # ---------------------------------------------------------------------------- messages

    async def add(self, connection: AsyncConnection, takes: Collection[int] = (), **values: Any) -> int | None:
        """Plan a message of a recap that quotes these takes; None if it was planned before."""
        statement = self._insert(tables.recap).values(state=DeliveryState.PENDING, **values).on_conflict_do_nothing()
        recap_id: int | None = await connection.scalar(statement.returning(tables.recap.c.id))
        if recap_id is not None and takes:
            rows = [{"recap_id": recap_id, "take_id": take_id} for take_id in sorted(set(takes))]
            await connection.execute(insert(tables.recap_take), rows)
        return recap_id

    async def get(self, connection: AsyncConnection, recap_id: int, guild_id: int | None = None) -> Recap | None:
        """Return a message of a recap, of this guild if one is named."""
        statement = select(*COLUMNS).where(tables.recap.c.id == recap_id)
        if guild_id is not None:
            statement = statement.where(tables.recap.c.guild_id == guild_id)
        row = (await connection.execute(statement)).one_or_none()
        return Recap(*row) if row else None

    async def quoted_by(self, connection: AsyncConnection, guild_id: int, message_id: int) -> list[int]:
        """Return the takes that this message of a guild quotes or asks about, if it is one of ours."""
        own = (tables.recap.c.message_id == message_id) & (tables.recap.c.guild_id == guild_id)
        asked = select(tables.recap.c.take_id).where(own, tables.recap.c.take_id.is_not(None))
        quoted = select(tables.recap_take.c.take_id).join(
            tables.recap, tables.recap.c.id == tables.recap_take.c.recap_id
        )
        return sorted(await connection.scalars(asked.union(quoted.where(own))))

    async def due(self, connection: AsyncConnection, now: datetime, most: int) -> list[int]:
        """Return what is to be sent now."""
        statement = select(tables.recap.c.id).where(
            tables.recap.c.state.in_(ON_ITS_WAY),
            is_due(tables.recap.c.due_at, now),
            tables.is_here(tables.recap.c.guild_id),
        )
        return list(await connection.scalars(statement.order_by(tables.recap.c.id).limit(most)))

    async def take_to_send(
        self, connection: AsyncConnection, recap: Recap, attempted_at: datetime, now: datetime
    ) -> bool:
        """Take a message in hand to be sent; of any number of processes that try at once, one hears True."""
        own = update(tables.recap).where(
            tables.recap.c.id == recap.id,
            tables.recap.c.attempts == recap.attempts,
            tables.recap.c.state.in_(ON_ITS_WAY),
        )
        taken = own.values(
            state=DeliveryState.SENDING, attempts=recap.attempts + 1, attempted_at=attempted_at, due_at=now
        )
        return bool((await connection.execute(taken)).rowcount)

    async def sent(self, connection: AsyncConnection, recap_id: int, message_id: int, now: datetime) -> bool:
        """Note that a message stands in its channel; of any number who do, one hears True."""
        own = update(tables.recap).where(tables.recap.c.id == recap_id, tables.recap.c.state != DeliveryState.SENT)
        values = {"state": DeliveryState.SENT, "message_id": message_id, "sent_at": now, "reason": None}
        return bool((await connection.execute(own.values(**values))).rowcount)

    async def record(self, connection: AsyncConnection, recap_id: int, **values: object) -> None:
        """Write down what became of a message."""
        await connection.execute(update(tables.recap).where(tables.recap.c.id == recap_id).values(**values))

    async def record_attempt(self, connection: AsyncConnection, recap: Recap, **values: object) -> bool:
        """Write down how an attempt ended, unless a later one has begun meanwhile: that one knows better.

        Return whether it was written down.
        """
        own = update(tables.recap).where(
            tables.recap.c.id == recap.id,
            tables.recap.c.attempts == recap.attempts + 1,
            tables.recap.c.state == DeliveryState.SENDING,
        )
        return bool((await connection.execute(own.values(**values))).rowcount)

    async def redraws_due(self, connection: AsyncConnection, now: datetime, most: int) -> list[int]:
        """Return what stands in a channel and is to be drawn anew, or deleted, now."""
        statement = select(tables.recap.c.id).where(
            tables.recap.c.state == DeliveryState.SENT,
            tables.recap.c.message_id.is_not(None),
            is_due(tables.recap.c.redraw_at, now),
            tables.is_here(tables.recap.c.guild_id),
        )
        return list(await connection.scalars(statement.order_by(tables.recap.c.redraw_at).limit(most)))

    async def take_redraw(
        self, connection: AsyncConnection, recap_id: int, now: datetime, until: datetime
    ) -> Recap | None:
        """Take a message in hand to be drawn anew, until then; None if somebody else has just done so."""
        own = (tables.recap.c.id == recap_id) & is_due(tables.recap.c.redraw_at, now)
        taken = await connection.execute(update(tables.recap).where(own).values(redraw_at=until))
        return await self.get(connection, recap_id) if taken.rowcount else None

    async def redrawn(self, connection: AsyncConnection, recap_id: int, until: datetime) -> None:
        """It shows what was known when it was taken; if more is known by now, it is drawn once more."""
        own = (tables.recap.c.id == recap_id) & (tables.recap.c.redraw_at == until)
        await connection.execute(update(tables.recap).where(own).values(redraw_at=None))

    async def draw_anew(self, connection: AsyncConnection, take_ids: Collection[int], now: datetime) -> None:
        """Have the messages drawn anew that quote these takes or ask about them."""
        quoting = select(tables.recap_take.c.recap_id).where(tables.recap_take.c.take_id.in_(list(take_ids)))
        shown = or_(tables.recap.c.take_id.in_(list(take_ids)), tables.recap.c.id.in_(quoting))
        await connection.execute(update(tables.recap).where(shown).values(redraw_at=now))

    async def poll_changed(self, connection: AsyncConnection, poll_id: int, now: datetime) -> None:
        """Have the recap drawn anew that ends in this poll."""
        await connection.execute(update(tables.recap).where(tables.recap.c.poll_id == poll_id).values(redraw_at=now))

    async def takes_gone(self, connection: AsyncConnection, take_ids: Collection[int], now: datetime) -> None:
        """Have what asks about these takes go with what was answered, and what quotes them drawn anew.

        They are gone, or say something else by now.
        """
        await self.draw_anew(connection, take_ids, now)
        await connection.execute(delete(tables.aged_vote).where(tables.aged_vote.c.take_id.in_(list(take_ids))))
        asking = tables.recap.c.take_id.in_(list(take_ids))
        await connection.execute(update(tables.recap).where(asking).values(withdrawn=True))

    # --------------------------------------------------------------------------- old takes

    async def old_takes(
        self, connection: AsyncConnection, guild_id: int, since: datetime, until: datetime, most: int
    ) -> list[tuple[Take, str, str]]:
        """Return takes of that time on stories that stand in the guild, with the story's headline and summary.

        Those that were asked about before, and those of members who don't want that, are left out.
        """
        asked = select(tables.recap.c.id).where(tables.recap.c.take_id == tables.take.c.id)
        refused = select(tables.quote_refusal.c.member_id).where(
            tables.quote_refusal.c.guild_id == guild_id, tables.quote_refusal.c.member_id == tables.take.c.member_id
        )
        first = (
            select(tables.delivery.c.story_id, func.min(tables.delivery.c.id).label("card"))
            .where(tables.delivery.c.guild_id == guild_id, STANDS)
            .group_by(tables.delivery.c.story_id)
            .subquery()
        )
        statement = (
            select(*TAKE_COLUMNS, tables.article.c.title, tables.article.c.summary)
            .join(first, first.c.story_id == tables.take.c.story_id)
            .join(tables.delivery, tables.delivery.c.id == first.c.card)
            .join(tables.article, tables.article.c.id == tables.delivery.c.article_id)
            .where(
                tables.take.c.guild_id == guild_id,
                tables.take.c.written_at >= since,
                tables.take.c.written_at < until,
                ~asked.exists(),
                ~refused.exists(),
            )
            .order_by(tables.take.c.id)
            .limit(most)
        )
        return [(Take(*row[:-2]), row[-2], row[-1]) for row in await connection.execute(statement)]

    async def judge(
        self, connection: AsyncConnection, take_id: int, member_id: int, well: bool, now: datetime
    ) -> bool | None:
        """Say how a take has aged, or no longer, if a member says the same again; return what the member says now."""
        own = (tables.aged_vote.c.take_id == take_id) & (tables.aged_vote.c.member_id == member_id)
        if (await connection.execute(delete(tables.aged_vote).where(own, tables.aged_vote.c.well.is_(well)))).rowcount:
            return None
        statement = self._insert(tables.aged_vote).values(take_id=take_id, member_id=member_id, well=well, at=now)
        said = {"well": well, "at": now}
        await connection.execute(statement.on_conflict_do_update(index_elements=["take_id", "member_id"], set_=said))
        return well

    async def judged(self, connection: AsyncConnection, take_id: int) -> tuple[int, int]:
        """Count those who say that a take has aged well, and badly."""
        statement = (
            select(tables.aged_vote.c.well, func.count())
            .where(tables.aged_vote.c.take_id == take_id)
            .group_by(tables.aged_vote.c.well)
        )
        counts = {well: number for well, number in await connection.execute(statement)}
        return counts.get(True, 0), counts.get(False, 0)

    async def judgements_of(
        self, connection: AsyncConnection, guild_id: int, member_id: int
    ) -> list[tuple[str, bool, datetime]]:
        """Return what a member said of old takes of a guild: their texts, whether they aged well, and when."""
        statement = (
            select(tables.take.c.text, tables.aged_vote.c.well, tables.aged_vote.c.at)
            .join(tables.take, tables.take.c.id == tables.aged_vote.c.take_id)
            .where(tables.take.c.guild_id == guild_id, tables.aged_vote.c.member_id == member_id)
            .order_by(tables.aged_vote.c.at)
        )
        return [(text, well, at) for text, well, at in await connection.execute(statement)]

    async def is_refused(self, connection: AsyncConnection, guild_id: int, member_id: int) -> bool:
        """Whether a member doesn't want old takes quoted."""
        statement = select(tables.quote_refusal.c.member_id).where(
            tables.quote_refusal.c.guild_id == guild_id, tables.quote_refusal.c.member_id == member_id
        )
        return await connection.scalar(statement) is not None

    async def refusing(self, connection: AsyncConnection, guild_id: int) -> frozenset[int]:
        """Return the members of a guild who don't want to be quoted."""
        statement = select(tables.quote_refusal.c.member_id).where(tables.quote_refusal.c.guild_id == guild_id)
        return frozenset(await connection.scalars(statement))

    async def refuse(self, connection: AsyncConnection, guild_id: int, member_id: int, now: datetime) -> None:
        """Quote no old take of a member any more; those that are quoted go."""
        statement = self._insert(tables.quote_refusal).values(guild_id=guild_id, member_id=member_id, refused_at=now)
        await connection.execute(statement.on_conflict_do_nothing())
        own = select(tables.take.c.id).where(tables.take.c.guild_id == guild_id, tables.take.c.member_id == member_id)
        asking = and_(tables.recap.c.kind == RecapKind.AGED, tables.recap.c.take_id.in_(own))
        await connection.execute(update(tables.recap).where(asking).values(withdrawn=True, redraw_at=now))

    async def allow(self, connection: AsyncConnection, guild_id: int, member_id: int) -> None:
        """Quote old takes of a member again."""
        own = (tables.quote_refusal.c.guild_id == guild_id) & (tables.quote_refusal.c.member_id == member_id)
        await connection.execute(delete(tables.quote_refusal).where(own))

    async def forget(self, connection: AsyncConnection, guild_id: int, member_id: int, now: datetime) -> None:
        """Remove what a member said of old takes of a guild, and whether own ones may be quoted."""
        of_guild = select(tables.take.c.id).where(tables.take.c.guild_id == guild_id)
        own = (tables.aged_vote.c.member_id == member_id) & tables.aged_vote.c.take_id.in_(of_guild)
        touched = list(await connection.scalars(select(tables.aged_vote.c.take_id).where(own)))
        await connection.execute(delete(tables.aged_vote).where(own))
        await self.draw_anew(connection, touched, now)
        await self.allow(connection, guild_id, member_id)

    # ----------------------------------------------------------------------------- chatter

    async def add_chatter(self, connection: AsyncConnection, messages: Mapping[int, int], hour: datetime) -> None:
        """Add so many messages of members to what is counted of threads of ours; others are left out."""
        wanted = sorted(messages)
        for start in range(0, len(wanted), THREADS_A_STATEMENT):
            known = select(tables.thread.c.thread_id).where(
                tables.thread.c.thread_id.in_(wanted[start : start + THREADS_A_STATEMENT])
            )
            ours = sorted(await connection.scalars(known))
            if not ours:
                continue
            statement = self._insert(tables.chatter)
            counted = statement.on_conflict_do_update(
                index_elements=["thread_id", "hour"],
                set_={"messages": tables.chatter.c.messages + statement.excluded.messages},
            )
            rows = [{"thread_id": each, "hour": hour, "messages": messages[each]} for each in ours]
            await connection.execute(counted, rows)

    async def forget_chatter(self, connection: AsyncConnection, before: datetime) -> None:
        """Forget what was counted before then."""
        await connection.execute(delete(tables.chatter).where(tables.chatter.c.hour < before))

    @staticmethod
    def _posted(guild_id: int, seen: Collection[int], since: datetime, until: datetime) -> tuple[Any, ...]:
        return (
            tables.delivery.c.guild_id == guild_id,
            tables.delivery.c.channel_id.in_(list(seen)),
            # Also what came in a list, without a card of its own.
            tables.delivery.c.state == DeliveryState.SENT,
            tables.delivery.c.sent_at >= since,
            tables.delivery.c.sent_at < until,
        )


def _asked_in(seen: Collection[int]) -> ColumnElement[bool]:
    """Say in SQL that a poll stands in one of these channels, or under a story there."""
    under = select(tables.delivery.c.id).where(
        tables.delivery.c.guild_id == tables.poll.c.guild_id,
        tables.delivery.c.story_id == tables.poll.c.story_id,
        tables.delivery.c.channel_id.in_(list(seen)),
        STANDS,
    )
    return or_(tables.poll.c.channel_id.in_(list(seen)), under.exists())
