"""Where the members of a guild stand, how that moved, and which stories each team won.

Everything here follows from the logs of sides and votes, so any day can be worked out again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from newsroom.models import Cause, Outcome, Side, SideChange, Standing

ACTIVE = timedelta(days=90)
"""Who neither voted nor changed sides for so long counts no more."""

Sighting = tuple[int, datetime]
"""A member's id and when that member voted."""


@dataclass(frozen=True, slots=True)
class Season:
    """The stories of a calendar month: won by each team, and too close to be anybody's."""

    open: int = 0
    proprietary: int = 0
    close: int = 0


@dataclass(frozen=True, slots=True)
class Switches:
    """How many members switched to each of the two teams on purpose."""

    to_open: int = 0
    to_proprietary: int = 0


def standing_at(changes: Iterable[SideChange], votes: Iterable[Sighting], moment: datetime) -> Standing:
    """Count the members on each side just before ``moment``: those with a side who were active within ACTIVE.

    The later entry of a log is the one with the higher id.
    """
    sides: dict[int, tuple[int, Side | None]] = {}
    seen: dict[int, datetime] = {}
    for change in changes:
        if change.at < moment:
            _saw(seen, change.member_id, change.at)
            known = sides.get(change.member_id)
            if known is None or change.id > known[0]:
                sides[change.member_id] = (change.id, change.side)
    for member_id, at in votes:
        if at < moment:
            _saw(seen, member_id, at)
    return standing_of(side for member_id, (_, side) in sides.items() if seen[member_id] >= moment - ACTIVE)


def standing_of(sides: Iterable[Side | None]) -> Standing:
    """Count sides."""
    counted = Counter(sides)
    return Standing(counted[Side.OPEN], counted[Side.PROPRIETARY], counted[Side.DEPENDS])


def switches(changes: Sequence[SideChange]) -> Switches:
    """Count those whose last side among these changes came by switching, to each team; nobody is counted twice."""
    last = {change.member_id: change for change in sorted(changes, key=lambda change: change.id)}
    to = Counter(change.side for change in last.values() if change.cause is Cause.SWITCH)
    return Switches(to[Side.OPEN], to[Side.PROPRIETARY])


def season(outcomes: Iterable[Outcome | None]) -> Season:
    """Count the stories of a season. Too few votes are no contest, so such a story is nobody's."""
    counted = Counter(outcomes)
    return Season(
        open=counted[Outcome.OPEN],
        proprietary=counted[Outcome.PROPRIETARY],
        close=counted[Outcome.CLOSE] + counted[Outcome.TIED],
    )


def end_of(day: date) -> datetime:
    """The moment at which a day of UTC is over."""
    return datetime.combine(day, time.min, UTC) + timedelta(days=1)


def _saw(seen: dict[int, datetime], member_id: int, at: datetime) -> None:
    seen[member_id] = max(at, seen.get(member_id, at))
