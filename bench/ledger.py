"""Compares what stands in a news channel with what was published: each article once, in order. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise


class Kind(StrEnum):
    """What a message in a news channel is."""

    CARD = "card"
    LIST = "list"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Standing:
    """A message in a news channel, with the links of the articles that it tells."""

    kind: Kind
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """How a channel stands against what was published; all that is wrong is named by link.

    ``told_again`` counts the messages whose articles a channel tells that took the place of theirs: at most the one
    that was on its way when a channel was deleted, because nobody can look into that channel any more.
    """

    cards: int = 0
    listed: int = 0
    told_again: int = 0
    doubles: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    disorder: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        return not (self.doubles or self.losses or self.foreign or self.disorder)

    def __add__(self, other: Audit) -> Audit:
        return Audit(*(getattr(self, name) + getattr(other, name) for name in Audit.__dataclass_fields__))


@dataclass
class Ledger:
    """What one news channel has to get, and what stood in the channels that it took the place of."""

    feeds: tuple[str, ...]
    former: list[list[Standing]] = field(default_factory=list)

    def audit(self, published: Mapping[str, Sequence[str]], now: Sequence[Standing]) -> Audit:
        """Compare. ``published`` are the links of each feed, the first published first; ``now`` stands as sent."""
        chains = [published[feed] for feed in self.feeds]
        expected = {link for chain in chains for link in chain}
        standings = [*self.former, list(now)]
        told = [Counter(link for standing in each for link in standing.links) for each in standings]
        again = [_told_again(before, after) for before, after in pairwise(standings)]
        return Audit(
            cards=sum(standing.kind is Kind.CARD for each in standings for standing in each),
            listed=sum(len(standing.links) for each in standings for standing in each if standing.kind is Kind.LIST),
            told_again=sum(len(messages) for messages in again),
            doubles=tuple(
                [link for each in told for link, count in each.items() if count > 1]
                + [link for messages in again for message in messages[1:] for link in message.links]
            ),
            losses=tuple(sorted(expected.difference(*told))),
            foreign=tuple(
                link
                for each in standings
                for standing in each
                for link in standing.links or ("a message without an article",)
                if standing.kind is Kind.FOREIGN or link not in expected
            ),
            disorder=tuple(link for each in standings for link in _disorder(each, chains)),
        )


def _told_again(before: Iterable[Standing], after: Iterable[Standing]) -> list[Standing]:
    later = {link for standing in after for link in standing.links}
    return [standing for standing in before if later.intersection(standing.links)]


def _disorder(stands: Iterable[Standing], chains: Sequence[Sequence[str]]) -> list[str]:
    """Return the cards that stand below one that their feed published later.

    What several feeds of the channel told has no place of its own: it came when the first of them was read. Lists
    have an order of their own.
    """
    tellers = Counter(link for chain in chains for link in chain)
    places = {
        link: (number, place)
        for number, chain in enumerate(chains)
        for place, link in enumerate(chain)
        if tellers[link] == 1
    }
    latest = dict.fromkeys(range(len(chains)), -1)
    late = []
    for standing in stands:
        for link in standing.links if standing.kind is Kind.CARD else ():
            number, place = places.get(link, (None, 0))
            if number is None:
                continue
            if place < latest[number]:
                late.append(link)
            latest[number] = max(latest[number], place)
    return late
