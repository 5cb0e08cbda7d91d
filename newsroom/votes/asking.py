"""Reading what a moderator wants to ask: the choices, and what fits together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsroom.errors import RequestRefused
from newsroom.models import Choice, GuildSettings, Poll, PollKind, PollStyle, Results, Side, Visibility
from newsroom.text import clean, length
from newsroom.times import deadline, zone

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

OPEN_FOR = timedelta(hours=24)
"""How long a poll is open of which nobody said how long."""

_SIDE = re.compile(r"\s*=\s*(open|proprietary|depends)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A poll as it was asked for, checked. ``question`` None: the team question.

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
    return "Team " + " ".join(_capital(word[:1]) + word[1:] for word in label.split())


def _capital(letter: str) -> str:
    """The capital of a letter, where it is one letter too: that of "ﬃ" would be three."""
    return capital if len(capital := letter.upper()) == 1 else letter


def team_question(settings: GuildSettings) -> str:
    """The question that never ends, in a guild's own words."""
    return f"{team_name(settings.open_label)} or {team_name(settings.proprietary_label)}?"


def in_its_words(settings: GuildSettings, poll: Poll) -> GuildSettings:
    """A guild's settings with the sides named as they are in a poll: new names are for polls that begin later."""
    if poll.kind is not PollKind.TEAM:
        return settings
    labels = {choice.side: choice.label for choice in poll.choices}
    return replace(
        settings,
        open_label=labels.get(Side.OPEN, settings.open_label),
        proprietary_label=labels.get(Side.PROPRIETARY, settings.proprietary_label),
        depends_label=labels.get(Side.DEPENDS, settings.depends_label),
    )


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


def read_draft(
    settings: GuildSettings,
    given: Mapping[str, str | None],
    now: datetime,
    *,
    max_choices: int = 1,
    role_id: int | None = None,
) -> Draft:
    """Read what a moderator typed: question, choices, duration, style, visibility and results, by these names.

    What isn't given has its default. Raises RequestRefused, with what to do, for what can't be read or doesn't fit.
    """
    question, choices, duration = given.get("question"), given.get("choices"), given.get("duration")
    style = PollStyle(given.get("style") or PollStyle.BUTTONS)
    asked = given.get("visibility")
    if choices and not question and {Side.OPEN, Side.PROPRIETARY} - {each.side for each in read_choices(choices)}:
        raise RequestRefused("Those choices need a question: what do they answer?")
    # In Discord's own polls everybody can see who voted what.
    usual = Visibility.PUBLIC if style is PollStyle.NATIVE else Visibility.ANONYMOUS
    draft = Draft(
        question=read_question(question) if question else None,
        choices=read_choices(choices) if choices else team_choices(settings),
        is_team=not question and not choices,
        closes_at=deadline(duration, now, zone(settings.timezone)) if duration else now + OPEN_FOR,
        style=style,
        visibility=Visibility(asked) if asked else usual,
        results=Results(given.get("results") or Results.LIVE),
        max_choices=max_choices,
        role_id=role_id,
    )
    return check(draft, now, asked_anonymous=asked == Visibility.ANONYMOUS)


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
    if "|" in label or _SIDE.search(label):
        raise RequestRefused("A side's name can't hold | or end in =open, =proprietary or =depends.")
    return label


def _read_choice(position: int, text: str) -> Choice:
    side = _SIDE.search(text)
    label = text[: side.start()] if side else text
    if not label:
        raise RequestRefused("One of the choices is empty. Put words between the | signs.")
    if length(label) > CHOICE:
        raise RequestRefused(f"This choice is too long, at most {CHOICE} characters, please: “{label[:40]}…”.")
    return Choice(position, label, Side(side[1].lower()) if side else None)
