"""How much may be asked of language models: by a member, in a guild, and by all in a day of UTC.

A question takes its share before it is asked, and the share is put right when it is known what it took. Where the
limit is reached, whoever asks does without a model. A guild's admins say how much it may be there, within what the
operator allows, and whether a model writes there at all.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from newsroom.answers.talk import Tokens
from newsroom.errors import BudgetSpent, ModelFailed, RequestRefused
from newsroom.models import GuildSettings, Usage
from newsroom.settings import Settings
from newsroom.store import Connection, Store
from newsroom.text import count

MEMBER_LIMIT: Final = 5
MEMBER_WINDOW: Final = timedelta(hours=1)
GUILD_LIMIT: Final = 60
"""In a day of UTC, as the limits on tokens and money. Both are what a guild has whose admins chose nothing."""

OFF: Final = "Language models are off in this server."

MICRO: Final = 1_000_000
"""Money is counted in millionths, so that a token at a price for a million of them is exact."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows in a day, and what a million tokens cost. ``lease`` is how long a question may take.

    ``member_hour`` and ``server_day`` are how many questions a guild's admins may allow at most: to a member in an
    hour, and to all in a day. A member never gets more than ``member_hour``, however many guilds they ask in.
    """

    tokens: int = 1_000_000
    money: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    lease: timedelta = timedelta(minutes=5)
    member_hour: int = MEMBER_LIMIT
    server_day: int = GUILD_LIMIT

    def micros(self, tokens: Tokens) -> int:
        """What so many tokens cost, in millionths, rounded up."""
        return math.ceil(tokens.there * self.price_in + tokens.back * self.price_out)

    def member_hour_in(self, settings: GuildSettings) -> int:
        """How many questions a member may ask in an hour in a guild."""
        return min(settings.member_hour or MEMBER_LIMIT, self.member_hour)

    def server_day_in(self, settings: GuildSettings) -> int:
        """How many questions may be asked in a guild in a day."""
        return min(settings.server_day or GUILD_LIMIT, self.server_day)


def limits_of(settings: Settings) -> Limits:
    """Read the limits off the settings. A question may wait for its turn and then take as long; a repeat, too."""
    return Limits(
        tokens=settings.llm_daily_tokens,
        money=settings.llm_daily_money,
        price_in=settings.llm_price_in,
        price_out=settings.llm_price_out,
        lease=timedelta(seconds=4 * settings.llm_timeout_seconds + 60),
        member_hour=settings.llm_member_hour,
        server_day=settings.llm_server_day,
    )


@dataclass(slots=True)
class Reservation:
    """A share that was taken. ``spent`` is what the question took, once somebody says so."""

    usage: Usage
    spent: Tokens | None = None

    def add(self, tokens: Tokens) -> None:
        """Note what one answer took; a share may be used for several."""
        self.spent = (self.spent or Tokens()) + tokens


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a guild's admins allow: whether models write there, and how many questions in an hour and in a day.

    ``most_member_hour`` and ``most_server_day`` are what the operator lets them allow, ``asked`` how many questions the
    guild has had today.
    """

    on: bool
    member_hour: int
    server_day: int
    most_member_hour: int
    most_server_day: int
    asked: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What today has taken: a guild's ``tokens``, and the ``share`` of the operator's limits that all have used.

    That is of tokens or of money, whichever is nearer to its end: 0 to 1. How much money stays the operator's business.
    """

    allowance: Allowance
    tokens: int
    share: float


class Budget:
    """Takes shares and gives them back. Opens its own transactions."""

    def __init__(self, store: Store, limits: Limits, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._limits = limits
        self._now = now

    @property
    def lease(self) -> timedelta:
        """How long a question may take. Whoever is at one for longer never ends by itself."""
        return self._limits.lease

    @asynccontextmanager
    async def reserved(
        self, guild_id: int, member_id: int | None, estimate: Tokens, *, part: float = 1.0
    ) -> AsyncIterator[Reservation]:
        """Have a share for as long as a question takes; at the end it is put right, or given back if nothing was spent.

        Tell what an answer took by ``Reservation.add``; what a model that failed took is noted by itself. Raises
        BudgetSpent and RequestRefused as ``reserve`` does.
        """
        reservation = await self.reserve(guild_id, member_id, estimate, part=part)
        try:
            yield reservation
        except ModelFailed as error:
            if error.tokens_in or error.tokens_out:
                reservation.add(Tokens(error.tokens_in, error.tokens_out))
            raise
        finally:
            # If this is cut short, as by the end of the process, the share is free when its lease is over.
            if reservation.spent is None:
                await self.release(reservation)
            else:
                await self.correct(reservation, reservation.spent)

    async def reserve(
        self, guild_id: int, member_id: int | None, estimate: Tokens, *, part: float = 1.0
    ) -> Reservation:
        """Take a share for one question of a member; without a member it is the bot's own, and the guild's share.

        ``part`` of the day's limits is all that may be used for it, so that what is less wanted leaves room for the
        rest.

        Raises BudgetSpent, with a sentence for the member, when one of the limits is reached, and RequestRefused where
        the guild's admins want no model.
        """
        now, micros = self._now(), self._limits.micros(estimate)
        async with self._store.begin() as connection:
            await self._store.usage.lock(connection)
            await self._check(connection, guild_id, member_id, estimate.total, micros, now, part)
            usage = await self._store.usage.add(
                connection,
                guild_id=guild_id,
                member_id=member_id,
                taken_at=now,
                taken_until=now + self._limits.lease,
                tokens=estimate.total,
                micros=micros,
            )
        return Reservation(usage)

    async def correct(self, reservation: Reservation, tokens: Tokens) -> None:
        """Write down what a question took, late or not."""
        usage, micros = reservation.usage, self._limits.micros(tokens)
        async with self._store.begin() as connection:
            if not await self._store.usage.settle(connection, usage.id, tokens.total, micros):
                # It was taken for dead. Whether its member still wants to be known nobody can tell any more.
                await self._store.usage.add(
                    connection, guild_id=usage.guild_id, taken_at=usage.taken_at, tokens=tokens.total, micros=micros
                )

    async def release(self, reservation: Reservation) -> None:
        """Give a share back: nothing was asked, or nothing came of it that costs."""
        async with self._store.begin() as connection:
            await self._store.usage.release(connection, reservation.usage.id)

    async def release_stale(self) -> int:
        """Remove what a process that died had reserved; it counts for nothing anyhow. Return how many those were."""
        async with self._store.begin() as connection:
            return await self._store.usage.release_stale(connection, self._now())

    async def spent(self, guild_id: int) -> Spent:
        """Return what today has taken, for a guild's admins."""
        now, usage = self._now(), self._store.usage
        async with self._store.read() as connection:
            allowance = await self._allowance(connection, await self._store.guilds.settings(connection, guild_id))
            here, _ = await usage.total(connection, _midnight(now), now, guild_id)
            tokens, micros = await usage.total(connection, _midnight(now), now)
        shares = [tokens / self._limits.tokens]
        if self._limits.money is not None:
            shares.append(micros / (self._limits.money * MICRO))
        return Spent(allowance, here, min(max(shares), 1.0))

    # ------------------------------------------------------------------------ what admins allow

    async def allowance(self, guild_id: int) -> Allowance:
        """Return what a guild's admins allow."""
        async with self._store.read() as connection:
            return await self._allowance(connection, await self._store.guilds.settings(connection, guild_id))

    async def allow(
        self, guild_id: int, *, on: bool | None = None, member_hour: int | None = None, server_day: int | None = None
    ) -> Allowance:
        """Change what a guild's admins allow; what is None stays as it is.

        Raises RequestRefused for more than the operator lets them, and then nothing has changed.
        """
        for number, most, what in (
            (member_hour, self._limits.member_hour, "questions an hour for a member"),
            (server_day, self._limits.server_day, "questions a day for a server"),
        ):
            if number is not None and not 1 <= number <= most:
                raise RequestRefused(f"Whoever runs this bot allows 1 to {most} {what}. Nothing has changed.")
        given = {"model": on, "member_hour": member_hour, "server_day": server_day}
        changes = {name: value for name, value in given.items() if value is not None}
        if not changes:
            return await self.allowance(guild_id)
        async with self._store.begin() as connection:
            settings = await self._store.guilds.put(connection, guild_id, **changes)
            return await self._allowance(connection, settings)

    async def _allowance(self, connection: Connection, settings: GuildSettings) -> Allowance:
        now, limits = self._now(), self._limits
        return Allowance(
            on=settings.model,
            member_hour=limits.member_hour_in(settings),
            server_day=limits.server_day_in(settings),
            most_member_hour=limits.member_hour,
            most_server_day=limits.server_day,
            asked=await self._store.usage.of_guild(connection, settings.guild_id, _midnight(now), now),
        )

    async def _check(
        self,
        connection: Connection,
        guild_id: int,
        member_id: int | None,
        tokens: int,
        micros: int,
        now: datetime,
        part: float,
    ) -> None:
        usage, today, tomorrow = self._store.usage, _midnight(now), _midnight(now) + timedelta(days=1)
        settings = await self._store.guilds.settings(connection, guild_id)
        if not settings.model:
            raise RequestRefused(OFF)
        if member_id is not None:
            here = self._limits.member_hour_in(settings)
            for most, where, gets in (
                (self._limits.member_hour, None, "one member gets"),
                (here, guild_id, "one member gets in this server"),
            ):
                asked = await usage.of_member(connection, member_id, now - MEMBER_WINDOW, now, where)
                if len(asked) >= most:
                    frees_at = asked[-most] + MEMBER_WINDOW
                    raise BudgetSpent(
                        f"You have asked {count(most, 'question')} within an hour, which is all that {gets}; "
                        f"the next is free {_when(frees_at, now)}.",
                        frees_at,
                    )
        in_guild = self._limits.server_day_in(settings)
        if await usage.of_guild(connection, guild_id, today, now) >= part * in_guild:
            raise BudgetSpent(
                f"This server's {count(in_guild, 'question')} of today are used up; there are new ones "
                f"{_when(tomorrow, now)}.",
                tomorrow,
            )
        used_tokens, used_micros = await usage.total(connection, today, now)
        money = self._limits.money
        too_dear = money is not None and used_micros + micros > part * money * MICRO
        if too_dear or used_tokens + tokens > part * self._limits.tokens:
            raise BudgetSpent(
                f"What the language model may {'cost' if too_dear else 'read and write'} in a day is used up; "
                f"it answers again {_when(tomorrow, now)}.",
                tomorrow,
            )


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _when(then: datetime, now: datetime) -> str:
    """Say how long it is until then: "in 12 minutes", "in 3 hours"."""
    minutes = max(math.ceil((then - now).total_seconds() / 60), 1)
    number, unit = (minutes, "minute") if minutes < 90 else (round(minutes / 60), "hour")
    return f"in {count(number, unit)}"
