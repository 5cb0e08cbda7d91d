"""Members: the side each is on, where all of them stand, and what is kept about one of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from newsroom.discussion.takes import forget_takes
from newsroom.errors import RequestRefused
from newsroom.models import Cause, GuildSettings, Side, SideChange, Standing
from newsroom.store import Connection, Store
from newsroom.times import start_of_month, zone
from newsroom.votes.asking import team_name
from newsroom.votes.counting import FEWEST, positions_of
from newsroom.votes.standings import Season, Sighting, Switches, end_of, season, standing_at, standing_of, switches

DAYS = 90
"""How far back /standings looks unless it is told otherwise."""
MOST_DAYS = 730

YOUNG = timedelta(days=3)
"""While the votes of a guild are no older, its standing is drawn hour by hour instead of day by day."""
YOUNG_POINTS = 48

DAYS_A_TRANSACTION = 30
"""How many days' standings are remembered at once, so that no vote waits for them."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A member's side, since when, how many votes were crossings, and the changes of side in order."""

    settings: GuildSettings
    side: Side | None
    since: datetime | None
    crossings: int
    changes: tuple[SideChange, ...]


@dataclass(frozen=True, slots=True)
class Standings:
    """Where the members stand, how that moved since ``since``, and the season, which is the month of ``today``.

    ``then`` is the standing at ``since``, None if nobody had a side then. ``course`` holds the moments at which
    enough members had a side to draw them, in order.
    """

    settings: GuildSettings
    now: Standing
    then: Standing | None
    since: datetime
    switches: Switches
    season: Season
    today: date
    course: tuple[tuple[datetime, Standing], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept about a member in a guild, and in how many other guilds there is something.

    ``quotes``: old takes of the member may be asked about.
    """

    side: Side | None
    polls: int
    takes: int
    elsewhere: int
    settings: GuildSettings
    quotes: bool = True


class Members:
    """Answers members about themselves and about all of them together."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def membership(self, guild_id: int, member_id: int) -> Membership:
        """Return where a member stands."""
        async with self._store.read() as connection:
            settings = await self._store.guilds.settings(connection, guild_id)
            changes = await self._store.votes.changes(connection, guild_id, member_id=member_id)
            crossings = await self._store.votes.crossings(connection, guild_id, member_id)
        last = changes[-1] if changes else None
        side = last.side if last else None
        return Membership(settings, side, last.at if last and side else None, crossings, tuple(changes))

    async def switch(self, guild_id: int, member_id: int, side: Side, poll_id: int | None = None) -> Membership:
        """Put a member on a side on purpose; onto the one that the member is on already changes nothing.

        ``poll_id`` is the poll under which that was done. Raises RequestRefused for a side that this guild has
        dropped.
        """
        now = self._now()
        async with self._store.begin() as connection:
            settings = await self._store.guilds.settings(connection, guild_id)
            if side is Side.DEPENDS and not settings.depends:
                raise RequestRefused("This server has two teams only.")
            before = await self._store.votes.hold_member(connection, guild_id, member_id)
            if before is not side:
                poll = await self._store.polls.get(connection, poll_id, guild_id) if poll_id is not None else None
                await self._store.votes.set_side(
                    connection, guild_id, member_id, side, Cause.SWITCH, now, poll_id=poll.id if poll else None
                )
        return await self.membership(guild_id, member_id)

    async def standings(self, guild_id: int, days: int = DAYS) -> Standings:
        """Return where the members of a guild stand and how that moved in so many days, 1 to MOST_DAYS."""
        now = self._now()
        await self.keep_standings(guild_id)
        since = now - timedelta(days=days)
        async with self._store.read() as connection:
            settings = await self._store.guilds.settings(connection, guild_id)
            standing = await standing_now(self._store, connection, guild_id, now)
            first = await self._store.votes.first_change(connection, guild_id)
            young = first is not None and now - first <= YOUNG
            changes = await self._store.votes.changes(connection, guild_id, since=None if young else since)
            then = await self._store.votes.standing(connection, guild_id, since)
            kept = await self._store.votes.kept_standings(connection, guild_id, since.date())
            place = zone(settings.timezone)
            outcomes = await self._store.polls.outcomes(connection, guild_id, start_of_month(now, place), now)
            sightings = await self._store.votes.sightings(connection, guild_id) if young else []
            sealed = await self._store.votes.sealed(connection, guild_id)
        then = _without(then, sealed, since)
        changes = [change for change in changes if change not in sealed]
        if first is not None and young:
            # In a thread: one who clicks all day long makes a long log.
            points = await asyncio.to_thread(_points, changes, sightings, _between(first, now, YOUNG_POINTS))
        else:
            points = [(at, _without(then_on, sealed, at)) for day, then_on in kept if (at := end_of(day)) <= now]
        points.append((now, standing))
        return Standings(
            settings=settings,
            now=standing,
            then=then if then.members else None,
            since=since,
            switches=switches([change for change in changes if change.at >= since]),
            season=season(outcomes),
            today=now.astimezone(place).date(),
            course=tuple((at, counted) for at, counted in points if counted.members >= FEWEST),
        )

    async def keep_standings(self, guild_id: int | None = None) -> None:
        """Remember where the members stood at the end of each day that is over, in one guild or in all."""
        today = self._now().date()
        async with self._store.read() as connection:
            unkept = await self._store.votes.unkept_since(connection, guild_id)
        for guild, first in unkept.items():
            days = [date.fromordinal(number) for number in range(first.toordinal(), today.toordinal())]
            for start in range(0, len(days), DAYS_A_TRANSACTION):
                async with self._store.begin() as connection:
                    # Who is forgotten meanwhile would be counted in what is written after it.
                    await self._store.guilds.lock(connection, guild)
                    for day in days[start : start + DAYS_A_TRANSACTION]:
                        await self._store.votes.keep_standing(connection, guild, day)

    async def kept(self, guild_id: int, member_id: int) -> Kept:
        """Return how much is kept about a member."""
        async with self._store.read() as connection:
            side = await self._store.votes.side(connection, guild_id, member_id)
            polls = await self._store.votes.polls_of(connection, guild_id, member_id)
            takes = await self._store.takes.of_member(connection, guild_id, member_id)
            guilds = await self._store.votes.guilds_of(connection, member_id)
            settings = await self._store.guilds.settings(connection, guild_id)
            refused = await self._store.recaps.is_refused(connection, guild_id, member_id)
        elsewhere = len([guild for guild in guilds if guild != guild_id])
        return Kept(side, polls, len(takes), elsewhere, settings, quotes=not refused)

    async def download(self, guild_id: int, member_id: int) -> bytes:
        """Return all that is kept about a member in a guild, as JSON."""
        async with self._store.read() as connection:
            changes = await self._store.votes.changes(connection, guild_id, member_id=member_id)
            votes = await self._store.votes.votes_of(connection, guild_id, member_id)
            takes = await self._store.takes.of_member(connection, guild_id, member_id)
            fires = await self._store.takes.fires_of(connection, guild_id, member_id)
            asks = await self._store.asks.of_member(connection, guild_id, member_id)
            judged = await self._store.recaps.judgements_of(connection, guild_id, member_id)
            refused = await self._store.recaps.is_refused(connection, guild_id, member_id)
            debates = await self._store.debates.votes_of(connection, guild_id, member_id)
            labels: dict[int, list[str]] = {}
            for vote, _ in votes:
                if vote.poll_id not in labels:
                    poll = await self._store.polls.get(connection, vote.poll_id, guild_id)
                    labels[vote.poll_id] = [choice.label for choice in poll.choices] if poll else []
        content = {
            "server": str(guild_id),
            "member": str(member_id),
            "side": [{"side": change.side, "since": change.at.isoformat(), "by": change.cause} for change in changes],
            "votes": [
                {
                    "question": question,
                    "choices": [labels[vote.poll_id][position] for position in positions_of(vote.ballot)],
                    "crossed": vote.crossed,
                    "at": vote.cast_at.isoformat(),
                }
                for vote, question in votes
            ],
            "takes": [
                {
                    "text": take.text,
                    "side": take.side,
                    "anonymous": take.anonymous,
                    "at": take.written_at.isoformat(),
                    "changed": take.edited_at.isoformat() if take.edited_at is not None else None,
                }
                for take in takes
            ],
            "debates": debates,
            "fires": [{"take": text, "at": at.isoformat()} for text, at in fires],
            "questions": [
                {"text": ask.question, "checked_message": _text(ask.checked_id), "at": ask.asked_at.isoformat()}
                for ask in asks
            ],
            "aged": [{"take": text, "well": well, "at": at.isoformat()} for text, well, at in judged],
            "quote_old_takes": not refused,
        }
        return json.dumps(content, ensure_ascii=False, indent=2).encode()

    async def forget(self, member_id: int, guild_id: int | None) -> list[int]:
        """Remove a member's votes, sides and takes from a guild, or from all; return the polls to be drawn anew.

        That somebody asked the language model still counts there, but no longer who.
        What a closed poll came to stays as it was printed.
        """
        now = self._now()
        async with self._store.begin() as connection:
            guilds: Sequence[int] = (
                [guild_id] if guild_id is not None else await self._store.votes.guilds_of(connection, member_id)
            )
            touched: list[int] = []
            for guild in guilds:
                await self._store.guilds.lock(connection, guild)
                touched += await self._store.votes.forget(connection, guild, member_id)
                touched += await forget_takes(self._store, connection, guild, member_id, now)
                asks = await self._store.asks.forget_member(connection, guild, member_id)
                await self._store.threads.withdraw_answers(connection, asks, now)
            await self._store.usage.forget_member(connection, member_id, guild_id)
            await self._store.debates.forget_member(connection, member_id, guild_id)
        return sorted(set(touched))


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


async def standing_now(store: Store, connection: Connection, guild_id: int, now: datetime) -> Standing:
    """Return where the members of a guild stand, as far as that may be told."""
    standing = await store.votes.standing(connection, guild_id, now)
    # Or it would tell how the newest votes in a poll went that shows none yet.
    return _without(standing, await store.votes.sealed(connection, guild_id), now)


def side_in_words(settings: GuildSettings, side: Side) -> str:
    """What to call where somebody stands: "Team Open Source", or in quotation marks what those in between say."""
    return f"“{settings.depends_label}”" if side is Side.DEPENDS else team_name(settings.label(side))


def _without(standing: Standing, sealed: Sequence[SideChange], moment: datetime) -> Standing:
    """The standing just before ``moment`` without the members whose side nobody is to know yet."""
    hidden = standing_of(change.side for change in sealed if change.at < moment)
    return Standing(
        open=max(standing.open - hidden.open, 0),
        proprietary=max(standing.proprietary - hidden.proprietary, 0),
        depends=max(standing.depends - hidden.depends, 0),
    )


def _points(
    changes: Sequence[SideChange], sightings: Sequence[Sighting], moments: Sequence[datetime]
) -> list[tuple[datetime, Standing]]:
    return [(at, standing_at(changes, sightings, at)) for at in moments]


def _between(start: datetime, end: datetime, points: int) -> list[datetime]:
    """Return moments between two, evenly apart, without the last."""
    step = (end - start) / points
    return [start + step * number for number in range(1, points)]
