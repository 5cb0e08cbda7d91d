"""How a debate is decided: not by who has more votes, but by whom more members moved to.

Those who voted both before and after it are compared with themselves. Of few nothing is called, and no group is told
that is so small that its members would know each other by it; so no count is told from which such a group follows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from newsroom.models import Side
from newsroom.votes.counting import FEWEST, SMALLEST_GROUP, tellable


class Call(StrEnum):
    """How a debate ended: too few voted twice, hardly anybody moved, as many to one team as to the other, or won."""

    TOO_FEW = "too few"
    UNMOVED = "unmoved"
    TIED = "tied"
    OPEN = "open"
    PROPRIETARY = "proprietary"


@dataclass(frozen=True, slots=True)
class Shift:
    """What a debate came to. ``before``, ``after`` and ``both`` are how many voted then, and both times.

    ``to_open``, ``to_proprietary`` and ``to_depends`` are how many of those moved there; None where that isn't told.
    """

    call: Call
    before: int
    after: int
    both: int
    to_open: int | None = None
    to_proprietary: int | None = None
    to_depends: int | None = None

    def moved_to(self, side: Side) -> int | None:
        return {
            Side.OPEN: self.to_open,
            Side.PROPRIETARY: self.to_proprietary,
            Side.DEPENDS: self.to_depends,
        }[side]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Shift:
        """Read what ``to_json`` wrote."""
        data = json.loads(text)
        return cls(**data | {"call": Call(data["call"])})


def shift_of(before: Mapping[int, Side], after: Mapping[int, Side]) -> Shift:
    """Compare where members stood before a debate and after it, given by their ids.

    A team gains whoever moves to it and loses whoever moves away from it; the one that gained more has won.
    """
    moves = [(before[member], after[member]) for member in before.keys() & after.keys()]
    moved = [(start, end) for start, end in moves if start is not end]
    told = (len(before), len(after), len(moves))
    if len(moves) < FEWEST:
        return Shift(Call.TOO_FEW, *told)
    if len(moved) < SMALLEST_GROUP:
        return Shift(Call.UNMOVED, *told)
    to = Counter(end for _, end in moved)
    away = Counter(start for start, _ in moved)
    gains = [to[side] - away[side] for side in (Side.OPEN, Side.PROPRIETARY)]
    leader = Call.OPEN if gains[0] > gains[1] else Call.PROPRIETARY
    call = Call.TIED if gains[0] == gains[1] else leader
    return Shift(call, *told, *(tellable(to[side]) for side in (Side.OPEN, Side.PROPRIETARY, Side.DEPENDS)))
