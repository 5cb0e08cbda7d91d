"""When a repeated poll is asked next: rules as people write them, by the guild's own clock."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule

from newsroom.errors import RequestRefused
from newsroom.times import LONGEST_TEXT, WEEKDAYS, local, take_clock, weekday

MOST_WEEKS = 52

FIRST_WEEK = date(1970, 1, 5)
"""The first Monday of Unix time. "Every 2 weeks" counts from it, so that the rule alone says which weeks are meant."""

LAST_SURE_DAY = 28
"""The last day that every month has."""

_EXAMPLES = (
    'Write `every` like "daily", "weekdays", "weekly friday", "every 2 weeks friday" or "monthly 1", '
    'and `at` like "18:00".'
)
_CONTRADICTION = "That says two different things."
_FILLERS = {"every", "each", "on", "the", "at", "of"}
_WEEKS = re.compile(r"(?<!\S)(\d\d?)(?:st|nd|rd|th)? weeks?(?!\S)")
_SECOND_WEEK = re.compile(r"(?<!\S)(?:other week|other|biweekly|fortnightly)(?!\S)")
_MONTH_DAY = re.compile(r"(\d\d?)(?:st|nd|rd|th)?")

T = TypeVar("T")


class _Pace(StrEnum):
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


_PACES = {
    "daily": _Pace.DAILY,
    "day": _Pace.DAILY,
    "weekdays": _Pace.WEEKDAYS,
    "weekday": _Pace.WEEKDAYS,
    "weekly": _Pace.WEEKLY,
    "week": _Pace.WEEKLY,
    "monthly": _Pace.MONTHLY,
    "month": _Pace.MONTHLY,
}


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule that was read. ``day`` is the weekday of a weekly one, Monday being 0, or the day of a monthly one."""

    pace: _Pace
    clock: time
    day: int = 0
    weeks: int = 1


def rule(every: str, at: str) -> str:
    """Read how often and when, and return the one way to write it: "weekly friday 18:00".

    The forms are those of the examples that a refusal gives. It doesn't matter which of the two texts says what, or
    whether both say the same. Raises RequestRefused if they can't be read, leave something open or contradict.
    """
    read = _read(every, at)
    clock = f"{read.clock:%H:%M}"
    match read.pace:
        case _Pace.WEEKLY if read.weeks > 1:
            return f"every {read.weeks} weeks {WEEKDAYS[read.day]} {clock}"
        case _Pace.WEEKLY:
            return f"weekly {WEEKDAYS[read.day]} {clock}"
        case _Pace.MONTHLY:
            return f"monthly {read.day} {clock}"
        case _:
            return f"{read.pace} {clock}"


def next_occurrence(rule: str, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment strictly after ``after`` at which the rule's time comes, in UTC.

    A rule keeps its time on the guild's clock through clock changes; ``newsroom.times.local`` says what happens to a
    time that is skipped or comes twice. A monthly one means the last day of months that are shorter. Every so many
    weeks counts from FIRST_WEEK.
    """
    # A day earlier, because a time skipped shortly before midnight moves into the day after.
    first_day = after.astimezone(zone).date() - timedelta(days=1)
    moments = (local(wall, zone) for wall in _walls(_read(rule), first_day))
    return next(moment for moment in moments if moment > after)


def in_words(rule: str) -> str:
    """Tell a rule within a sentence: "every Friday at 18:00"."""
    read = _read(rule)
    return f"{_days_in_words(read)} at {read.clock:%H:%M}"


def _days_in_words(read: _Rule) -> str:
    match read.pace:
        case _Pace.DAILY:
            return "every day"
        case _Pace.WEEKDAYS:
            return "every weekday"
        case _Pace.WEEKLY:
            name = WEEKDAYS[read.day].capitalize()
            return f"every {name}" if read.weeks == 1 else f"every {read.weeks} weeks on {name}"
        case _Pace.MONTHLY if read.day == 31:
            return "on the last day of every month"
        case _Pace.MONTHLY if read.day > LAST_SURE_DAY:
            return f"on the {_ordinal(read.day)}, or else the last day, of every month"
        case _:
            return f"on the {_ordinal(read.day)} of every month"


def _ordinal(day: int) -> str:
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _walls(read: _Rule, first_day: date) -> Iterable[datetime]:
    """The rule's times on the guild's clock, in order: all from ``first_day`` on, and perhaps some just before."""
    start = datetime.combine(first_day, read.clock)
    match read.pace:
        case _Pace.DAILY:
            return rrule(DAILY, dtstart=start)
        case _Pace.WEEKDAYS:
            return rrule(WEEKLY, dtstart=start, byweekday=range(5))
        case _Pace.WEEKLY:
            too_late = (first_day - FIRST_WEEK).days // 7 % read.weeks
            start += timedelta(weeks=-too_late, days=read.day - start.weekday())
            return rrule(WEEKLY, dtstart=start, interval=read.weeks)
        case _Pace.MONTHLY:
            days = range(min(read.day, LAST_SURE_DAY), read.day + 1)
            return rrule(MONTHLY, dtstart=start.replace(day=1), bymonthday=days, bysetpos=-1)


def _read(*texts: str) -> _Rule:
    """Collect what the texts say, each in any order, and see whether it makes one rule."""
    if any(len(text) > LONGEST_TEXT for text in texts):
        raise _refusal("I can't read that schedule.")
    parts = [take_clock(text) for text in texts]
    clocks = [clock for _, clock in parts if clock]
    words = " ".join(word for rest, _ in parts for word in rest.split() if word not in _FILLERS)
    words = _SECOND_WEEK.sub("2 weeks", words).replace("last day", "last")

    paces: list[_Pace] = []
    days: list[int] = []
    month_days: list[int] = []
    for word in _WEEKS.sub("", words).split():
        if word in _PACES:
            paces.append(_PACES[word])
        elif (named := weekday(word)) is not None:
            days.append(named)
        elif number := _MONTH_DAY.fullmatch(word):
            month_days.append(int(number[1]))
        elif word == "last":
            month_days.append(31)
        else:
            raise _refusal("I can't read that schedule.")
    weeks = [int(number) for number in _WEEKS.findall(words)]
    return _checked(_only(paces), _only(clocks), _only(days), _only(month_days), _only(weeks))


def _only(said: Iterable[T]) -> T | None:
    """What was said, once or several times; None if nothing was."""
    different = set(said)
    if len(different) > 1:
        raise _refusal(_CONTRADICTION)
    return different.pop() if different else None


def _checked(
    pace: _Pace | None, clock: time | None, day: int | None, month_day: int | None, weeks: int | None
) -> _Rule:
    if pace is None and (day is not None or weeks is not None):
        pace = _Pace.WEEKLY
    elif weeks is not None:
        raise _refusal(_CONTRADICTION)
    if pace is None:
        raise _refusal("That doesn't say how often.")
    if (day is not None and pace != _Pace.WEEKLY) or (month_day is not None and pace != _Pace.MONTHLY):
        raise _refusal(_CONTRADICTION)
    if clock is None:
        raise _refusal("That doesn't say at what time.")
    on = {_Pace.WEEKLY: day, _Pace.MONTHLY: month_day}.get(pace, 0)
    if on is None:
        raise _refusal("That doesn't say on which day.")
    if pace == _Pace.MONTHLY and not 1 <= on <= 31:
        raise _refusal("No month has that day.")
    if weeks is not None and not 1 <= weeks <= MOST_WEEKS:
        raise _refusal(f"A poll can come back every 1 to {MOST_WEEKS} weeks.")
    return _Rule(pace, clock, on, weeks or 1)


def _refusal(reason: str) -> RequestRefused:
    return RequestRefused(f"{reason} {_EXAMPLES}")
