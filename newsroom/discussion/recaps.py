"""Recaps: what a week came to, told once a week by itself, and whenever a moderator wants it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsroom.discussion.aging import MOST_STORIES, MOST_TAKES, OLDEST, YOUNGEST, back_in_the_news
from newsroom.discussion.week import (
    Intro,
    Moved,
    Talked,
    Trend,
    Week,
    biggest_exchange,
    most_moved,
    most_said,
    to_json,
    top_of_sides,
)
from newsroom.errors import RequestRefused
from newsroom.models import GuildSettings, Line, RecapKind, RecapPlan, Sees, Take
from newsroom.store import Connection, Store
from newsroom.times import zone
from newsroom.votes.counting import tellable
from newsroom.votes.members import Members
from newsroom.votes.schedule import next_occurrence, rule
from newsroom.votes.story_polls import place_of

log = logging.getLogger(__name__)

RULE = "weekly friday 17:00"
WEEK_DAYS = 7
MOST_DAYS = 30

LATEST = timedelta(hours=24)
"""So late a recap is still told; after that it is left out, and the next one comes in its turn."""

QUIET_WEEKS = 2
"""After so many quiet ones in a row the weekly recap pauses itself."""

PREVIEW_HOLDS = timedelta(hours=24)
MOST_PREVIEWS = 100
USED_LATELY = timedelta(days=30)
"""Which news channel is used most goes by the cards of this time."""

MOST_AT_ONCE = 20
MOST_TAKES_READ = 2_000
PATIENCE = 20.0
"""Seconds that whoever phrases an intro gets."""

Readers = Callable[[int, int], Sees | None]
"""What everybody sees who reads a recap in this channel of this guild; None if that can't be told now, but may be later
or by another process."""

Phrases = Callable[[Week, GuildSettings, int | None], Awaitable[Intro | None]]
"""Says in one or two sentences what a week came to, for the channel where that is told; None if it can't."""


async def no_phrases(week: Week, settings: GuildSettings, channel_id: int | None) -> Intro | None:
    """Say nothing: the recap then begins with words of ours."""
    return None


@dataclass(frozen=True, slots=True)
class Planned:
    """How a guild gets its weekly recap. ``channel_id`` is where it goes, None if there is no place for it.

    ``chosen``: an admin named that channel.
    """

    plan: RecapPlan
    channel_id: int | None
    chosen: bool
    settings: GuildSettings


class Recaps:
    """Keeps the schedule, and writes down what weeks came to."""

    def __init__(
        self,
        store: Store,
        members: Members,
        *,
        now: Callable[[], datetime],
        phrases: Phrases = no_phrases,
        patience: float = PATIENCE,
    ) -> None:
        self._store = store
        self._members = members
        self._now = now
        self._phrases = phrases
        self._patience = patience
        self._previews: dict[tuple[int, int], Week] = {}

    # ---------------------------------------------------------------------------- settings

    async def planned(self, guild_id: int) -> Planned:
        """Return how a guild gets its weekly recap."""
        async with self._store.begin() as connection:
            return await self._planned(connection, guild_id)

    async def change(
        self, guild_id: int, *, on: bool | None = None, channel_id: int | None = None, at: str | None = None
    ) -> Planned:
        """Change whether, where and when the weekly recap comes; what is None stays as it is.

        ``at`` is like "friday 17:00". Once it is on again it comes with its next occurrence from now. Raises
        RequestRefused.
        """
        schedule = read_time(at) if at is not None else None
        now = self._now()
        async with self._store.begin() as connection:
            before = await self._planned(connection, guild_id, hold=True)
            values: dict[str, object] = {}
            if channel_id is not None:
                values["channel_id"] = channel_id
            if on is not None:
                values |= {"paused": not on, "quiet": 0}
            if schedule is not None or on:
                schedule = schedule or before.plan.rule
                after = await self._store.recaps.not_before(connection, guild_id, now)
                next_at = next_occurrence(schedule, after, zone(before.settings.timezone))
                values |= {"rule": schedule, "next_at": next_at}
            if not values:
                return before
            await self._store.recaps.set_plan(connection, guild_id, **values)
            return await self._planned(connection, guild_id)

    async def _planned(self, connection: Connection, guild_id: int, *, hold: bool = False) -> Planned:
        settings = await self._store.guilds.settings(connection, guild_id)
        plan = await self._store.recaps.plan(connection, guild_id, hold=hold)
        if plan is None:
            await self._add_plan(connection, settings)
            plan = await self._store.recaps.plan(connection, guild_id, hold=hold)
            assert plan is not None, "it was just made, by us or by somebody faster"
        return Planned(plan, await self._place(connection, plan), plan.channel_id is not None, settings)

    async def _add_plan(self, connection: Connection, settings: GuildSettings) -> None:
        """Give a guild its plan; the first recap is the first that has a whole week behind it."""
        whole_week = self._now() + timedelta(days=WEEK_DAYS)
        next_at = next_occurrence(RULE, whole_week, zone(settings.timezone))
        await self._store.recaps.add_plan(connection, settings.guild_id, RULE, next_at)

    async def _place(self, connection: Connection, plan: RecapPlan) -> int | None:
        """Return where a recap goes: the chosen channel, or the news channel that got most cards lately.

        That is a text or announcement channel that is open to news now; forums and threads are none.
        """
        if plan.channel_id is not None:
            return plan.channel_id
        now = self._now()
        return await self._store.recaps.most_used_channel(connection, plan.guild_id, now - USED_LATELY, now)

    # ------------------------------------------------------------------------------ weekly

    async def plan_due(self, readers: Readers) -> int:
        """Plan a recap for each guild whose time has come; return how many.

        Each tells of those channels alone that everybody sees who reads it. After a time in which nobody was there to
        tell it, it is told once if it is no later than LATEST, and the next one comes in its turn.
        """
        now = self._now()
        async with self._store.begin() as connection:
            for guild_id in await self._store.recaps.planless(connection, MOST_AT_ONCE):
                await self._add_plan(connection, await self._store.guilds.settings(connection, guild_id))
            due = await self._store.recaps.plans_due(connection, now, MOST_AT_ONCE)
        # Side by side, because all may wait for a model, and together no longer than one.
        async with asyncio.TaskGroup() as group:
            plans = [group.create_task(self._plan_week(plan, readers, now)) for plan in due]
        return sum(plan.result() for plan in plans)

    async def _plan_week(self, plan: RecapPlan, readers: Readers, now: datetime) -> bool:
        """Write down what a guild's week came to, and move on to the next; False if there is nothing to be told."""
        async with self._store.read() as connection:
            settings = await self._store.guilds.settings(connection, plan.guild_id)
            place = await self._place(connection, plan)
        next_at = next_occurrence(plan.rule, now, zone(settings.timezone))
        if place is None or now - plan.next_at > LATEST:
            async with self._store.begin() as connection:
                await self._store.recaps.advance(connection, plan, next_at=next_at)
            return False
        sees = readers(plan.guild_id, place)
        if sees is None:
            return False
        week = await self._phrased(await self._week(settings, sees, plan.next_at, WEEK_DAYS), settings, place)
        quiet = plan.quiet + 1 if week.is_quiet else 0
        pauses = quiet >= QUIET_WEEKS
        async with self._store.begin() as connection:
            values = {"next_at": next_at, "quiet": quiet, "paused": pauses}
            if not await self._store.recaps.advance(connection, plan, **values):
                return False
            await self._add(connection, settings.guild_id, place, week, now)
            if pauses:
                await self._store.alerts.add_line(connection, Line.RECAP_PAUSED, plan.guild_id, now)
        return True

    async def _add(
        self,
        connection: Connection,
        guild_id: int,
        channel_id: int,
        week: Week,
        now: datetime,
        asked_id: int | None = None,
    ) -> int | None:
        return await self._store.recaps.add(
            connection,
            week.quoted,
            guild_id=guild_id,
            channel_id=channel_id,
            kind=RecapKind.WEEK,
            contents=to_json(week),
            asked_id=asked_id,
            due_at=now,
            planned_at=now,
        )

    # --------------------------------------------------------------------- when it is asked for

    async def preview(
        self,
        guild_id: int,
        sees: Sees,
        days: int,
        asked_id: int,
        asked_at: datetime,
        channel_id: int | None = None,
    ) -> Week:
        """Return what so many days, 1 to MOST_DAYS, came to until then, where whoever reads it sees something.

        ``asked_id`` names the command that asked. For that command it stays the same, as long as this process
        remembers the last MOST_PREVIEWS. ``channel_id`` is where it would be told.
        """
        known = self._previews.get((guild_id, asked_id))
        if known is not None and known.days == days:
            return known
        async with self._store.read() as connection:
            settings = await self._store.guilds.settings(connection, guild_id)
        week = await self._phrased(await self._week(settings, sees, asked_at, days), settings, channel_id)
        self._previews[guild_id, asked_id] = week
        while len(self._previews) > MOST_PREVIEWS:
            del self._previews[next(iter(self._previews))]
        return week

    async def post(
        self, guild_id: int, channel_id: int, sees: Sees, days: int, asked_id: int, asked_at: datetime
    ) -> int:
        """Have a recap posted that was shown before, once; return its id.

        Where this process doesn't remember it, it begins with words of ours: a model would say something else than was
        shown. Raises RequestRefused if it was posted already, or is no news any more.
        """
        now = self._now()
        if not 1 <= days <= MOST_DAYS or not timedelta() <= now - asked_at <= PREVIEW_HOLDS:
            raise RequestRefused("That preview is too old to be posted. `/recap` shows a new one.")
        week = self._previews.get((guild_id, asked_id))
        if week is None or week.days != days:
            async with self._store.read() as connection:
                settings = await self._store.guilds.settings(connection, guild_id)
            week = await self._week(settings, sees, asked_at, days)
        async with self._store.begin() as connection:
            recap_id = await self._add(connection, guild_id, channel_id, week, now, asked_id)
        if recap_id is None:
            raise RequestRefused("That recap was posted already.")
        return recap_id

    # ------------------------------------------------------------------------- what happened

    async def _week(self, settings: GuildSettings, sees: Sees, until: datetime, days: int) -> Week:
        """Find out what so many days came to until then."""
        since = until - timedelta(days=days)
        trend = await self._trend(settings.guild_id, days)
        async with self._store.read() as connection:
            seen = await seen_places(self._store, connection, settings.guild_id, sees)
            week = await self._figures(connection, settings.guild_id, seen, since, until)
        return replace(week, trend=trend)

    async def _phrased(self, week: Week, settings: GuildSettings, channel_id: int | None) -> Week:
        """Ask for an intro to a week; whatever goes wrong with it, there is none."""
        if week.is_quiet:
            return week
        try:
            async with asyncio.timeout(self._patience):
                return replace(week, intro=await self._phrases(week, settings, channel_id))
        except Exception as error:
            log.warning("the recap of guild %d begins with words of ours: %r", settings.guild_id, error)
            return week

    async def _trend(self, guild_id: int, days: int) -> Trend:
        standings = await self._members.standings(guild_id, days)
        return Trend(standings.now, standings.then, standings.since, standings.switches, standings.course)

    async def _figures(
        self, connection: Connection, guild_id: int, seen: list[int], since: datetime, until: datetime
    ) -> Week:
        store = self._store.recaps
        takes = await self._takes(connection, guild_id, seen, since, until)
        return Week(
            since,
            until,
            stories=await store.stories(connection, guild_id, seen, since, until),
            votes=await store.votes(connection, guild_id, seen, since, until),
            talked=await self._talked(connection, guild_id, seen, takes, since, until),
            moved=await self._moved(connection, guild_id, seen, since, until),
            takes=top_of_sides(takes),
            exchange=biggest_exchange(takes, await self._fires_of_answered(connection, guild_id, seen, takes)),
        )

    async def _takes(
        self, connection: Connection, guild_id: int, seen: list[int], since: datetime, until: datetime
    ) -> list[tuple[Take, int]]:
        """Return the takes of a time that were said in these channels, with their fires."""
        found = await self._store.takes.top(connection, guild_id, since, until, MOST_TAKES_READ)
        told = await told_in(self._store, connection, guild_id, seen, [take for take, _ in found])
        return [(take, fires) for take, fires in found if take.id in told]

    async def _fires_of_answered(
        self, connection: Connection, guild_id: int, seen: list[int], takes: list[tuple[Take, int]]
    ) -> dict[int, int]:
        """Return the fires of the takes that these answer, as far as they are there and said in these channels."""
        wanted = {take.answers_id for take, _ in takes if take.answers_id is not None}
        found = [await self._store.takes.get(connection, take_id, guild_id) for take_id in sorted(wanted)]
        there = [take for take in found if take is not None]
        told = await told_in(self._store, connection, guild_id, seen, there)
        return await self._store.takes.fires(connection, told)

    async def _talked(
        self,
        connection: Connection,
        guild_id: int,
        seen: list[int],
        takes: list[tuple[Take, int]],
        since: datetime,
        until: datetime,
    ) -> Talked | None:
        messages = await self._store.recaps.messages(connection, guild_id, seen, since, until)
        dropped = Counter(take.story_id for take, _ in takes if take.story_id is not None)
        said = {story_id: (messages.get(story_id, 0), dropped[story_id]) for story_id in {*messages, *dropped}}
        for story_id in most_said(said):
            shown = await shown_as(self._store, connection, story_id, guild_id, seen)
            if shown is not None:  # otherwise it was taken down
                return Talked(shown[0], *said[story_id], link=shown[1])
        return None

    async def _moved(
        self, connection: Connection, guild_id: int, seen: list[int], since: datetime, until: datetime
    ) -> Moved | None:
        poll = most_moved(await self._store.recaps.closed_polls(connection, guild_id, seen, since, until))
        if poll is None or poll.story_id is None:
            return None
        shown = await shown_as(self._store, connection, poll.story_id, guild_id, seen)
        if shown is None:
            return None
        return Moved(shown[0], tellable(poll.crossed), tellable(poll.switched), shown[1])


async def seen_places(store: Store, connection: Connection, guild_id: int, sees: Sees) -> list[int]:
    """Return those channels of which a recap may tell that whoever reads it sees."""
    return [place for place in await store.recaps.places(connection, guild_id) if sees(place)]


async def told_in(
    store: Store, connection: Connection, guild_id: int, seen: Collection[int], takes: Collection[Take]
) -> frozenset[int]:
    """Return those of these takes, by id, that were said in these channels: see ``TakeStore.places``."""
    places = await store.takes.places(connection, guild_id, takes)
    return frozenset(take_id for take_id, there in places.items() if there and there.issubset(seen))


async def shown_as(
    store: Store, connection: Connection, story_id: int, guild_id: int, seen: Collection[int]
) -> tuple[str, tuple[int, int]] | None:
    """Return a story's headline and where its first card stands in these channels of a guild, None if none does."""
    cards = await store.deliveries.standing_cards(connection, story_id, guild_id)
    for card, kind in cards:
        if card.channel_id in seen:
            article, _ = await store.deliveries.contents(connection, card)
            assert card.message_id is not None, "the card stands in its channel"
            return article.title, (place_of(card, kind), card.message_id)
    return None


async def old_take(store: Store, guild_id: int, sees: Sees, since: datetime, now: datetime) -> tuple[Take, int] | None:
    """Return a take of a guild that is worth asking about, and the story since then that brought its subject back.

    Both are told of in channels that whoever reads the question sees.
    """
    async with store.read() as connection:
        seen = await seen_places(store, connection, guild_id, sees)
        found = await store.recaps.old_takes(connection, guild_id, now - OLDEST, now - YOUNGEST, MOST_TAKES)
        told = await told_in(store, connection, guild_id, seen, [take for take, _, _ in found])
        takes = [each for each in found if each[0].id in told]
        stories = await store.recaps.told(connection, guild_id, seen, since, now, MOST_STORIES) if takes else []
    # In a thread: hundreds of texts are read.
    return await asyncio.to_thread(back_in_the_news, takes, stories) if stories else None


def read_time(at: str) -> str:
    """Read when the weekly recap comes: "friday 17:00". Raises RequestRefused for anything else."""
    try:
        return rule("weekly", at)
    except RequestRefused as error:
        raise RequestRefused('I can\'t read that time. Write `at` like "friday 17:00".') from error
