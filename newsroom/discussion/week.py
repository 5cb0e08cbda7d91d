"""What a week came to: the figures of a recap, chosen from what is stored, and how they are written down.

Whatever there is nothing honest to say of is None or empty, and left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from newsroom.answers.grounding import fit_whole
from newsroom.models import GuildSettings, Poll, Side, Standing, Take
from newsroom.votes.counting import FEWEST, SMALLEST_GROUP, tellable
from newsroom.votes.standings import Switches

FEWEST_STORIES = 3
"""A week with fewer stories, or with fewer votes than FEWEST, was a quiet one."""

LEAST_SAID = SMALLEST_GROUP
"""With fewer messages and takes a story wasn't discussed."""

LONGEST_INTRO = 300
"""UTF-16 code units of what a language model may say at the top."""

Link = tuple[int, int]
"""Channel and message."""


@dataclass(frozen=True, slots=True)
class Talked:
    """The story that was discussed most: so many messages of members in its threads, and so many takes."""

    headline: str
    messages: int
    takes: int
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """The story that moved most members; a group too small to be told of is None."""

    headline: str
    crossed: int | None
    switched: int | None
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A take and the hottest of those that push back on it. ``fires`` are those on the take and on all of them."""

    take_id: int
    answer_id: int
    answers: int
    fires: int


@dataclass(frozen=True, slots=True)
class Trend:
    """How the standing moved since ``since``: see ``newsroom.votes.members.Standings``."""

    now: Standing
    then: Standing | None
    since: datetime
    switches: Switches
    course: tuple[tuple[datetime, Standing], ...]


@dataclass(frozen=True, slots=True)
class Intro:
    """What a language model said of a week, already checked. ``model`` is its name."""

    text: str
    model: str


@dataclass(frozen=True, slots=True)
class Week:
    """What the time from ``since`` to ``until`` came to.

    ``stories`` were posted and ``votes`` cast. ``takes`` are the hottest of each side, as id and fires. Without an
    ``intro`` it begins with words of ours.
    """

    since: datetime
    until: datetime
    stories: int
    votes: int
    talked: Talked | None = None
    moved: Moved | None = None
    takes: tuple[tuple[int, int], ...] = ()
    exchange: Exchange | None = None
    trend: Trend | None = None
    intro: Intro | None = None

    @property
    def is_quiet(self) -> bool:
        return self.stories < FEWEST_STORIES or self.votes < FEWEST

    @property
    def days(self) -> int:
        return round((self.until - self.since).total_seconds() / 86400)

    @property
    def quoted(self) -> tuple[int, ...]:
        """The takes whose words it shows."""
        both = (self.exchange.take_id, self.exchange.answer_id) if self.exchange else ()
        return tuple(dict.fromkeys([*(take_id for take_id, _ in self.takes), *both]))


# ------------------------------------------------------------------------------------- choosing


def most_said(said: Mapping[int, tuple[int, int]]) -> list[int]:
    """Return the stories that were discussed, by messages and takes together, the most first; of equals the newer."""
    heard = [story_id for story_id, (messages, takes) in said.items() if messages + takes >= LEAST_SAID]
    return sorted(heard, key=lambda story_id: (sum(said[story_id]), story_id), reverse=True)


def most_moved(polls: Iterable[Poll]) -> Poll | None:
    """Return the closed poll under which most crossed or switched, None if no group may be told of.

    A poll with fewer than FEWEST voters has told nobody what it came to, and doesn't here.
    """
    moves = [(_moves(poll), poll) for poll in polls if (poll.voters or 0) >= FEWEST]
    best = max(moves, key=lambda move: (move[0], -move[1].id), default=None)
    return best[1] if best is not None and best[0] else None


def _moves(poll: Poll) -> int:
    return (tellable(poll.crossed) or 0) + (tellable(poll.switched) or 0)


def top_of_sides(takes: Iterable[tuple[Take, int]]) -> tuple[tuple[int, int], ...]:
    """Return id and fires of the hottest take of each side, of equals the oldest, in the order of the sides."""
    best: dict[Side, tuple[int, int]] = {}
    for take, fires in sorted(takes, key=lambda pair: (-pair[1], pair[0].id)):
        if take.side is not None:
            best.setdefault(take.side, (take.id, fires))
    return tuple(best[side] for side in Side if side in best)


def biggest_exchange(takes: Sequence[tuple[Take, int]], fires_of: Mapping[int, int]) -> Exchange | None:
    """Return the exchange about the take that most takes push back on, and of equals the one with most fires.

    ``takes`` are those of the week with their fires; ``fires_of`` are the fires of the takes that they answer, which
    may be older, and hold only those that are still there.
    """
    answers: dict[int, list[tuple[Take, int]]] = {}
    for take, fires in takes:
        if take.answers_id is not None and take.answers_id in fires_of:
            answers.setdefault(take.answers_id, []).append((take, fires))
    exchanges = []
    for take_id, pairs in answers.items():
        hottest = min(pairs, key=lambda pair: (-pair[1], pair[0].id))[0]
        fires = fires_of[take_id] + sum(number for _, number in pairs)
        exchanges.append(Exchange(take_id, hottest.id, len(pairs), fires))
    return min(exchanges, key=lambda each: (-each.answers, -each.fires, each.take_id), default=None)


# ----------------------------------------------------------------------------- what a model says


def facts_of(week: Week, settings: GuildSettings) -> list[str]:
    """Tell a week's figures one by one, as a model reads them: no take, no name and no id of a member is among them."""
    facts = [f"New stories in {week.days} days: {week.stories}", f"Votes in {week.days} days: {week.votes}"]
    if week.talked:
        facts.append(f"Most discussed story: {week.talked.headline}")
        facts += _counted("Members' messages about it", week.talked.messages)
        facts += _counted("Members' takes on it", week.talked.takes)
    if week.moved:
        facts.append(f"Story that moved most members: {week.moved.headline}")
        facts += _counted("Members who voted for the other team under it", week.moved.crossed)
        facts += _counted("Members who changed their team over it", week.moved.switched)
    if week.exchange:
        facts += _counted("Takes that answered the most disputed one", week.exchange.answers)
    trend = week.trend
    if trend and trend.now.members >= FEWEST:
        teams = settings.label(Side.OPEN), settings.label(Side.PROPRIETARY)
        facts += [f"Members of team {teams[0]} now: {trend.now.open}"]
        facts += [f"Members of team {teams[1]} now: {trend.now.proprietary}"]
        facts += _counted(f"Members who changed to team {teams[0]}", tellable(trend.switches.to_open))
        facts += _counted(f"Members who changed to team {teams[1]}", tellable(trend.switches.to_proprietary))
    return facts


def _counted(what: str, number: int | None) -> list[str]:
    return [f"{what}: {number}"] if number else []


def checked_intro(text: str | None, week: Week) -> str | None:
    """Return what a model said of a week on one line; None if anything of it can't be shown: see ``fit_whole``.

    The numbers that it may say are those that the recap shows, and those in its headlines.
    """
    headlines = [part.headline for part in (week.talked, week.moved) if part is not None]
    return fit_whole(text or "", [*_figures(week), *headlines], most=LONGEST_INTRO)


def _figures(week: Week) -> set[str]:
    """All numbers that a recap of this week shows."""
    found: list[int | None] = [week.stories, week.votes, week.days, *(fires for _, fires in week.takes)]
    if week.talked:
        found += [week.talked.messages, week.talked.takes]
    if week.moved:
        found += [week.moved.crossed, week.moved.switched]
    if week.exchange:
        found += [week.exchange.answers, week.exchange.fires]
    if week.trend and week.trend.now.members >= FEWEST:
        found += [week.trend.now.open, week.trend.now.proprietary, week.trend.now.depends, week.trend.now.members]
        found += [tellable(week.trend.switches.to_open), tellable(week.trend.switches.to_proprietary)]
    return {str(number) for number in found if number is not None}


# ----------------------------------------------------------------------------------- written down


def to_json(week: Week) -> str:
    """Write a week down."""
    return json.dumps(asdict(week), default=datetime.isoformat, separators=(",", ":"))


def from_json(text: str) -> Week:
    """Read what ``to_json`` wrote."""
    data: dict[str, Any] = json.loads(text)
    week = Week(_at(data["since"]), _at(data["until"]), data["stories"], data["votes"])
    talked, moved, exchange, trend = data["talked"], data["moved"], data["exchange"], data["trend"]
    return replace(
        week,
        talked=Talked(**talked | {"link": _link(talked["link"])}) if talked else None,
        moved=Moved(**moved | {"link": _link(moved["link"])}) if moved else None,
        takes=tuple((take_id, fires) for take_id, fires in data["takes"]),
        exchange=Exchange(**exchange) if exchange else None,
        trend=_trend(trend) if trend else None,
        intro=Intro(**data["intro"]) if data["intro"] else None,
    )


def _trend(data: Mapping[str, Any]) -> Trend:
    return Trend(
        now=Standing(**data["now"]),
        then=Standing(**data["then"]) if data["then"] else None,
        since=_at(data["since"]),
        switches=Switches(**data["switches"]),
        course=tuple((_at(at), Standing(**standing)) for at, standing in data["course"]),
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _link(pair: Sequence[int] | None) -> Link | None:
    return (pair[0], pair[1]) if pair else None
