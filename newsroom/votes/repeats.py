"""Repeats: the same question asked on a schedule, in the guild's own time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from newsroom.errors import RequestRefused
from newsroom.models import DeliveryState, GuildSettings, PollKind, PollStyle, Purpose, Repeat, Results, Visibility
from newsroom.store import Connection, Store
from newsroom.times import zone
from newsroom.votes.asking import OPEN_FOR, read_question, team_choices, team_question
from newsroom.votes.schedule import next_occurrence, rule

MOST_REPEATS = 20
"""In one guild: nobody keeps up with more questions."""

QUIET_VOTES = 3
"""With fewer votes an occurrence was a quiet one."""

QUIET_OCCURRENCES = 2
"""After so many quiet ones in a row a repeat pauses itself."""


class Repeats:
    """Keeps the schedule. Each method is one transaction and acts on one guild alone, but for ``ask_due``."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def add(
        self, guild_id: int, channel_id: int, created_by: int, every: str, at: str, question: str | None
    ) -> Repeat:
        """Ask a question on a schedule; None asks for the teams. Raises RequestRefused for what can't be read."""
        schedule = rule(every, at)
        asked = read_question(question) if question else None
        now = self._now()
        async with self._store.begin() as connection:
            settings = await self._store.guilds.settings(connection, guild_id)
            if len(await self._store.repeats.of_guild(connection, guild_id)) >= MOST_REPEATS:
                raise RequestRefused(f"There are {MOST_REPEATS} repeats already. `/poll repeat remove` one first.")
            return await self._store.repeats.add(
                connection,
                guild_id=guild_id,
                channel_id=channel_id,
                question=asked,
                rule=schedule,
                next_at=next_occurrence(schedule, now, zone(settings.timezone)),
                created_by=created_by,
            )

    async def listing(self, guild_id: int) -> list[Repeat]:
        async with self._store.read() as connection:
            return await self._store.repeats.of_guild(connection, guild_id)

    async def toggle(self, guild_id: int, repeat_id: int) -> Repeat:
        """Pause a repeat, or let a paused one go on with its next occurrence from now."""
        now = self._now()
        async with self._store.begin() as connection:
            repeat = await self._own(connection, guild_id, repeat_id)
            settings = await self._store.guilds.settings(connection, guild_id)
            next_at = next_occurrence(repeat.rule, now, zone(settings.timezone)) if repeat.paused else repeat.next_at
            await self._store.repeats.set(
                connection, repeat_id, paused=not repeat.paused, quiet=0, next_at=next_at, notice_due=False
            )
            return await self._own(connection, guild_id, repeat_id)

    async def remove(self, guild_id: int, repeat_id: int) -> Repeat:
        """Stop asking for good; what was asked stays."""
        async with self._store.begin() as connection:
            repeat = await self._own(connection, guild_id, repeat_id)
            await self._store.repeats.remove(connection, repeat_id, guild_id)
        return repeat

    async def ask_due(self) -> int:
        """Open a poll for each repeat whose time has come; return how many.

        After a time in which nobody was there to ask, each asks once and goes on with what comes next.
        """
        now = self._now()
        async with self._store.read() as connection:
            due = await self._store.repeats.due(connection, now)
        asked = 0
        for repeat in due:
            async with self._store.begin() as connection:
                asked += await self._ask(connection, repeat, now)
        return asked

    async def notices_due(self) -> list[Repeat]:
        """Return the repeats that paused themselves and whose admins have yet to hear of it."""
        async with self._store.read() as connection:
            return await self._store.repeats.with_notice(connection)

    async def noticed(self, repeat_id: int) -> None:
        async with self._store.begin() as connection:
            await self._store.repeats.set(connection, repeat_id, notice_due=False)

    async def _ask(self, connection: Connection, repeat: Repeat, now: datetime) -> bool:
        settings = await self._store.guilds.settings(connection, repeat.guild_id)
        next_at = next_occurrence(repeat.rule, now, zone(settings.timezone))
        if not await self._store.repeats.advance(connection, repeat, next_at):
            return False
        await ask_for_teams(
            self._store,
            connection,
            settings,
            repeat.channel_id,
            now,
            question=repeat.question,
            repeat_id=repeat.id,
            opened_by=repeat.created_by,
        )
        return True

    async def _own(self, connection: Connection, guild_id: int, repeat_id: int) -> Repeat:
        repeat = await self._store.repeats.lock(connection, repeat_id, guild_id)
        if repeat is None:
            raise RequestRefused("There is no such repeat. `/poll repeat list` shows those there are.")
        return repeat


async def ask_for_teams(
    store: Store,
    connection: Connection,
    settings: GuildSettings,
    channel_id: int,
    now: datetime,
    *,
    question: str | None = None,
    repeat_id: int | None = None,
    opened_by: int | None = None,
    automatic: bool = False,
    purpose: Purpose = Purpose.POLL,
) -> int:
    """Have a poll for the teams appear in a channel, about no story: the team question, or one in other words.

    It is open for OPEN_FOR. A recap (``purpose``) shows it by itself. Return its id.
    """
    poll_id = await store.polls.add(
        connection,
        team_choices(settings),
        guild_id=settings.guild_id,
        channel_id=channel_id,
        kind=PollKind.CUSTOM if question else PollKind.TEAM,
        style=PollStyle.BUTTONS,
        question=question or team_question(settings),
        visibility=Visibility.ANONYMOUS,
        results=Results.LIVE,
        max_choices=1,
        repeat_id=repeat_id,
        opened_by=opened_by,
        automatic=automatic,
        opened_at=now,
        closes_at=now + OPEN_FOR,
    )
    assert poll_id is not None, "a poll without a story is always a new one"
    state = DeliveryState.SENDING if purpose is Purpose.RECAP else DeliveryState.PENDING
    await store.polls.show(connection, poll_id, settings.guild_id, channel_id, purpose, now, state=state)
    return poll_id


async def occurrence_reopened(store: Store, connection: Connection, repeat_id: int, guild_id: int, voters: int) -> None:
    """Note that an occurrence goes on that had ended with so many voters: if it was a quiet one, it isn't yet."""
    repeat = await store.repeats.lock(connection, repeat_id, guild_id)
    if repeat is not None and voters < QUIET_VOTES:
        await store.repeats.set(connection, repeat_id, quiet=max(repeat.quiet - 1, 0))


async def occurrence_ended(store: Store, connection: Connection, repeat_id: int, guild_id: int, voters: int) -> None:
    """Note how many answered an occurrence; a repeat that hardly anybody answers twice in a row pauses itself."""
    repeat = await store.repeats.lock(connection, repeat_id, guild_id)
    if repeat is None or repeat.paused:
        return
    quiet = repeat.quiet + 1 if voters < QUIET_VOTES else 0
    pauses = quiet >= QUIET_OCCURRENCES
    await store.repeats.set(connection, repeat_id, quiet=quiet, paused=pauses, notice_due=pauses)
