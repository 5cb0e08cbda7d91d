"""Counting votes, and what may be said of a count."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from newsroom.models import Choice, Outcome, Poll, PollState, Results, Side, Take, Tally, Visibility

FEWEST = 10
"""With fewer votes nothing is called and no bar is drawn: a picture of three votes is a picture of three people."""

SMALLEST_GROUP = 3
"""How many crossed or switched is never told of fewer: they would know each other by it."""


class Call(StrEnum):
    """What may be said of who is ahead."""

    TOO_FEW = "too few"
    TIED = "tied"
    CLOSE = "close"
    WON = "won"


def ballot_of(positions: Iterable[int]) -> int:
    """Return the ballot that chooses these positions."""
    return sum({1 << position for position in positions})


def positions_of(ballot: int) -> list[int]:
    """Return the positions that a ballot chooses, in order."""
    return [position for position in range(ballot.bit_length()) if ballot >> position & 1]


def tally(ballots: Iterable[tuple[int, int]], choices: int) -> Tally:
    """Count ballots, given as (ballot, how many members cast it). An empty ballot is no voter."""
    counts = [0] * choices
    voters = 0
    for ballot, members in ballots:
        voters += members if ballot else 0
        for position in positions_of(ballot):
            counts[position] += members
    return Tally(tuple(counts), voters)


def call(counts: Sequence[int], votes: int) -> tuple[Call, list[int]]:
    """Say who is ahead, by the rule: what may be said, and the positions that have most.

    Fewer than FEWEST votes are too few to call. A lead is one only if it exceeds what chance alone would do: a
    share of 1/sqrt(votes), which for the difference of two counts means the root of the votes.
    """
    most = max(counts)
    leaders = [position for position, count in enumerate(counts) if count == most]
    if votes < FEWEST:
        return Call.TOO_FEW, leaders
    if len(leaders) > 1:
        return Call.TIED, leaders
    second = max((count for position, count in enumerate(counts) if position not in leaders), default=0)
    return (Call.CLOSE if (most - second) ** 2 < votes else Call.WON), leaders


def outcome(choices: Sequence[Choice], counts: Sequence[int]) -> Outcome | None:
    """Say how a poll ended between the two teams; None where it didn't ask for both.

    "It depends" is turnout, no team: it neither wins nor makes a win smaller.
    """
    by_side = {choice.side: counts[choice.position] for choice in choices}
    if Side.OPEN not in by_side or Side.PROPRIETARY not in by_side:
        return None
    teams = (by_side[Side.OPEN], by_side[Side.PROPRIETARY])
    called, leaders = call(teams, sum(teams))
    match called:
        case Call.TOO_FEW:
            return Outcome.TOO_FEW
        case Call.TIED:
            return Outcome.TIED
        case Call.CLOSE:
            return Outcome.CLOSE
        case Call.WON:
            return Outcome.OPEN if leaders == [0] else Outcome.PROPRIETARY


def is_hidden(poll: Poll, voters: int) -> bool:
    """Whether a poll's counts are nobody's business now; then not even a moderator gets them, in no form.

    An open poll shows them if that was asked for, and from FEWEST votes on. A closed one shows them, but a private one
    only from FEWEST votes on: whoever closes, reopens and closes again could tell a single vote by the difference.
    """
    if poll.state is PollState.CLOSED:
        return poll.visibility is Visibility.ANONYMOUS and voters < FEWEST
    return poll.results is not Results.LIVE or voters < FEWEST


def tellable(members: int | None) -> int | None:
    """Return how many there are of a group, None if it is too small to be told of."""
    return members if members is not None and members >= SMALLEST_GROUP else None


def best_takes(choices: Sequence[Choice], takes: Iterable[Take]) -> list[Take]:
    """Return the take of each side that says most, in the order of the choices; of fewer than two sides, that of none.

    Most means the most different words, and of equals the earlier.
    """
    best: dict[Side | None, Take] = {}
    for take in takes:
        known = best.get(take.side)
        if known is None or _words(take) > _words(known):
            best[take.side] = take
    order: list[Side | None] = [choice.side for choice in choices if choice.side]
    if len(order) < 2:
        order.append(None)  # nobody was asked for a side where there is one alone
    return [best[side] for side in order if side in best]


def best_first(choices: Sequence[Choice], takes: Collection[Take]) -> list[Take]:
    """Return all takes: those that ``best_takes`` chooses, then what says most, and of equals the earlier."""
    best = best_takes(choices, takes)
    return [*best, *sorted((take for take in takes if take not in best), key=_words, reverse=True)]


def _words(take: Take) -> int:
    return len(set(take.text.casefold().split()))
