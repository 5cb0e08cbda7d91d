"""Tags of a forum that fit a story: its side, its source, and the topics that its own words name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from newsroom.models import Camp, GuildSettings, Side

_SIDES = {
    Camp.OPEN: (Side.OPEN,),
    Camp.PROPRIETARY: (Side.PROPRIETARY,),
    Camp.BOTH: (Side.OPEN, Side.PROPRIETARY),
    Camp.NEITHER: (),
}
_NAMES = {Side.OPEN: "open source", Side.PROPRIETARY: "proprietary"}


@dataclass(frozen=True, slots=True)
class Tagging:
    """What a story's tags are chosen by: what its sides are called, who published it, and its words."""

    sides: tuple[str, ...]
    source: str
    words: str


def tagging(camp: Camp, settings: GuildSettings, source: str, headline: str, summary: str) -> Tagging:
    """Say what to choose tags by. A side is called as the guild calls it, or as everybody does."""
    sides = [name for side in _SIDES[camp] for name in (settings.label(side), _NAMES[side])]
    return Tagging(tuple(sides), source, f"{headline}\n{summary}")


def fitting(names: Sequence[str], story: Tagging) -> list[int]:
    """Return the positions of the names that fit a story: its sides first, then its source, then its topics.

    A topic fits if headline or summary holds its name in whole words; case and width don't matter.
    """
    sides, source, words = [_bare(side) for side in story.sides], _bare(story.source), _bare(story.words)
    ranked = []
    for position, name in enumerate(map(_bare, names)):
        if not any(sign.isalnum() for sign in name):
            continue
        if name in sides:
            ranked.append((0, position))
        elif name == source:
            ranked.append((1, position))
        elif re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words):
            ranked.append((2, position))
    return [position for _, position in sorted(ranked)]


def _bare(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
