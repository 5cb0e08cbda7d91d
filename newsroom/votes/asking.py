"""Reading what a moderator wants to ask: the choices, and what fits together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsroom.errors import RequestRefused
from newsroom.models import Choice, GuildSettings, PollStyle, Results, Side, Visibility
from newsroom.text import clean, length

# In UTF-16 code units. Source: Discord's API documentation: a button's label; a native poll's question and answers.
QUESTION = 300
CHOICE = 80
NATIVE_CHOICE = 55
FEWEST_CHOICES, MOST_CHOICES = 2, 10
NATIVE_SHORTEST, NATIVE_LONGEST = timedelta(hours=1), timedelta(hours=768)
LABEL = 40
"""What a guild calls a side; it stands on a button and after "Team"."""
TAKE = (10, 280)
"""The shortest and the longest take."""

_SIDE = re.compile(r"\s*=\s*(open|proprietary|depends)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A poll as it was asked for, checked. ``question`` None: the team question. ``choices`` None: the teams.

    ``is_team``: nothing was reworded, so on a story it is the story's team poll.
    """

    question: str | None
    choices: tuple[Choice, ...]
    is_team: bool
    closes_at: datetime | None
    style: PollStyle
    visibility: Visibility
    results: Results
    max_choices: int
    role_id: int | None


def team_name(label: str) -> str:
    """What a team is called in a sentence: "Team Open Source". Words that begin in lower case get a capital."""
    return "Team " + " ".join(word[:1].upper() + word[1:] for word in label.split())


def team_question(settings: GuildSettings) -> str:
    """The question that never ends, in a guild's own words."""
    return f"{team_name(settings.open_label)} or {team_name(settings.proprietary_label)}?"


def team_choices(settings: GuildSettings) -> tuple[Choice, ...]:
    """The choices of a team poll, always in this order."""
    sides = [Side.OPEN, Side.PROPRIETARY, *([Side.DEPENDS] if settings.depends else [])]
    return tuple(Choice(position, settings.label(side), side) for position, side in enumerate(sides))


def read_question(text: str) -> str:
    """Read a question. Raises RequestRefused when there is none or it is too long."""
    question = clean(text)
    if not question:
        raise RequestRefused("A poll needs a question.")
    if length(question) > QUESTION:
        raise RequestRefused(f"That question is too long: at most {QUESTION} characters, please.")
    return question


def read_choices(text: str) -> tuple[Choice, ...]:
    """Read "Yes | No | Maybe=depends": 2 to 10 different choices, each of which may stand for a side.

    Raises RequestRefused, with what to do, for anything else.
    """
    parts = [clean(part) for part in text.split("|")]
    while parts and not parts[-1]:
        parts.pop()
    if not FEWEST_CHOICES <= len(parts) <= MOST_CHOICES:
        raise RequestRefused(
            f"A poll has {FEWEST_CHOICES} to {MOST_CHOICES} choices, with | between them: `Yes | No | Ask me later`."
        )
    choices = [_read_choice(position, part) for position, part in enumerate(parts)]
    labels = [choice.label.casefold() for choice in choices]
    if len(set(labels)) < len(labels):
        twice = next(choice.label for choice in choices if labels.count(choice.label.casefold()) > 1)
        raise RequestRefused(f"Two choices are the same: “{twice}”. Give each its own words.")
    sides = [choice.side for choice in choices if choice.side]
    if len(set(sides)) < len(sides):
        raise RequestRefused("Two choices stand for the same side. Each side can be one choice only.")
    return tuple(choices)


def write_choices(choices: Sequence[Choice]) -> str:
    """Write choices as ``read_choices`` reads them."""
    return " | ".join(choice.label + (f"={choice.side}" if choice.side else "") for choice in choices)


def check(draft: Draft, now: datetime, *, asked_anonymous: bool = False) -> Draft:
    """Return the draft if all of it fits together. Raises RequestRefused, with what to do, if not.

    ``asked_anonymous`` tells that somebody asked for a private poll, instead of just not saying.
    """
    if not 1 <= draft.max_choices <= len(draft.choices):
        raise RequestRefused(f"max_choices is 1 to {len(draft.choices)} here: there are no more choices than that.")
    if draft.max_choices > 1 and any(choice.side for choice in draft.choices):
        raise RequestRefused("Nobody can be on two teams at once: leave max_choices at 1, or drop the sides.")
    if draft.style is PollStyle.NATIVE:
        _check_native(draft, now, asked_anonymous)
    return draft


def _check_native(draft: Draft, now: datetime, asked_anonymous: bool) -> None:
    """Refuse what Discord would refuse, or couldn't do. Source: Discord's API documentation, poll resource."""
    long = next((choice.label for choice in draft.choices if length(choice.label) > NATIVE_CHOICE), None)
    if long is not None:
        raise RequestRefused(
            f"Discord's own polls take choices of at most {NATIVE_CHOICE} characters, and this is longer: “{long}”."
        )
    if asked_anonymous:
        raise RequestRefused("In Discord's own polls everybody can see who voted what. Use style buttons instead.")
    if draft.results is not Results.LIVE:
        raise RequestRefused("Discord's own polls always show their results. Use style buttons instead.")
    if draft.role_id is not None:
        raise RequestRefused("In Discord's own polls everybody can vote. Use style buttons instead.")
    if draft.max_choices not in (1, len(draft.choices)):
        raise RequestRefused(
            f"Discord's own polls allow one choice or any number: make max_choices 1 or {len(draft.choices)}."
        )
    if draft.closes_at is None or not NATIVE_SHORTEST <= draft.closes_at - now <= NATIVE_LONGEST:
        raise RequestRefused("Discord's own polls stay open for 1 hour to 32 days.")
    if (draft.closes_at - now) % timedelta(hours=1) > timedelta(seconds=1):
        raise RequestRefused("Discord's own polls stay open for whole hours: `2h` or `3 days`, for example.")


def read_take(text: str) -> str:
    """Read a take. Raises RequestRefused when it is too short or too long."""
    take = clean(text)
    shortest, longest = TAKE
    if not shortest <= length(take) <= longest:
        raise RequestRefused(f"A take has {shortest} to {longest} characters; yours has {length(take)}.")
    return take


def read_label(text: str) -> str:
    """Read what a guild wants to call a side. Raises RequestRefused for nothing, or too much."""
    label = clean(text)
    if not label or length(label) > LABEL:
        raise RequestRefused(f"A side's name has 1 to {LABEL} characters.")
    return label


def _read_choice(position: int, text: str) -> Choice:
    side = _SIDE.search(text)
    label = text[: side.start()] if side else text
    if not label:
        raise RequestRefused("One of the choices is empty. Put words between the | signs.")
    if length(label) > CHOICE:
        raise RequestRefused(f"This choice is too long, at most {CHOICE} characters, please: “{label[:40]}…”.")
    return Choice(position, label, Side(side[1].lower()) if side else None)
