"""Times and lengths of time as people write them, a guild's own clock, and which dates can be believed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from newsroom.errors import RequestRefused

LONGEST = timedelta(days=366)

SHORTEST_POLL = timedelta(minutes=5)

END_OF_DAY = time(23, 59)
"""What a day without a time means as a deadline: its last minute, so that the date shown is still that day."""

NIGHT_FROM, NIGHT_TO = time(23), time(8)
"""When a guild sleeps, by its own clock."""

LONGEST_TEXT = 100
"""No time or rule needs more characters, so nothing longer is looked at."""

EARLIEST_DATE = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the web: what is older is a machine's "no date", as 1970 is."""

FUTURE_ALLOWED = timedelta(days=1)
"""Clocks without a time zone run up to 14 hours ahead; what is further ahead is a wrong one."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"\s*(\d{1,5})\s*(m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)(?![a-z])[\s,]*", re.IGNORECASE)

_CLOCK = r"(?:(?P<hour>\d\d?)(?:[:.](?P<minute>\d\d))?(?: ?(?P<half>[ap])\.?m\.?)?|noon)"
_CLOCK_LAST = re.compile(rf"(?:(?P<rest>.*?) )?(?:at )?{_CLOCK}")
_CLOCK_FIRST = re.compile(rf"(?:at )?{_CLOCK}(?: on)? (?P<rest>.+)")
_ISO_DATE = re.compile(r"(?P<year>20\d\d)-(?P<month>\d\d?)-(?P<day>\d\d?)")
_DAY_MONTH = re.compile(r"(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)? (?P<month>[a-z]+)(?: (?P<year>20\d\d))?")
_MONTH_DAY = re.compile(r"(?P<month>[a-z]+) (?P<day>\d\d?)(?:st|nd|rd|th)?(?: (?P<year>20\d\d))?")

_BEFORE_A_DEADLINE = re.compile(r"(?:until|till|in|for) ")
_NO_DEADLINE = ("none", "never", "open")

_UNREADABLE_DEADLINE = (
    'I can\'t read when that is. Write it like "2h", "3 days", "friday 18:00", "tomorrow 9:00", '
    '"2026-12-24 18:00", or "none" for no deadline.'
)
_UNREADABLE_ZONE = (
    'I don\'t know that time zone. Write it like "Europe/Berlin", "America/New_York" or "UTC", '
    "or pick one from the list while you type."
)


def duration(text: str) -> timedelta:
    """Read "2h", "1d 2h", "90 minutes" or "3 days": more than nothing and at most LONGEST.

    Raises RequestRefused, with examples, for anything else.
    """
    length = _length(text)
    if length is None or not timedelta() < length <= LONGEST:
        raise RequestRefused(
            'I can\'t read that length of time. Write it like "2h", "1d 2h" or "3 days", at most a year.'
        )
    return length


def _length(text: str) -> timedelta | None:
    """Read a length of time, which may be zero; of one beyond LONGEST no more is read than shows that."""
    total, position = timedelta(), 0
    while total <= LONGEST and (part := _PART.match(text, position)):
        total += timedelta(**{_UNITS[part[2][0].lower()]: int(part[1])})
        position = part.end()
    readable = position > 0 and (position == len(text) or total > LONGEST)
    return total if readable else None


def deadline(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Read when a poll closes: None for "none", "never" and "open", else a moment in UTC.

    Lengths of time ("2h", "1d 2h") count from ``now``, and a day in them is 24 hours. Moments ("friday 18:00",
    "tomorrow 9:00", "18:00", "2026-12-24 18:00", "24 december") are by the guild's clock, with or without "until".
    A day alone means its end, and so does "midnight". A weekday or time of day that is over today means the next one,
    a day and month that are over the next year's.

    Raises RequestRefused, with examples, if it can't be read, is over, or isn't SHORTEST_POLL to LONGEST away.
    """
    plain = _BEFORE_A_DEADLINE.sub("", _plain(text), count=1)
    if plain in _NO_DEADLINE:
        return None
    length = _length(plain)
    moment = now + length if length is not None else _moment(plain, now, zone)
    if moment is None:
        raise RequestRefused(_UNREADABLE_DEADLINE)
    if moment < now:
        raise RequestRefused('That time is over. Pick a later one, like "2h" or "tomorrow 9:00".')
    if moment < now + SHORTEST_POLL:
        raise RequestRefused('A poll stays open for at least 5 minutes. Give it longer, like "1h".')
    if moment > now + LONGEST:
        raise RequestRefused('A poll stays open for at most a year. Give it less, like "3 days", or "none".')
    return moment


def _moment(plain: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The first of the days meant on which that time is yet to come, or else the last of them."""
    rest, clock = take_clock(plain.replace("midnight", f"{END_OF_DAY:%H:%M}"))
    today = now.astimezone(zone).date()
    days = _days(rest, today) if rest else (today, today + timedelta(days=1)) if clock else ()
    moments = [local(datetime.combine(day, clock or END_OF_DAY), zone) for day in days]
    return next((moment for moment in moments if moment > now), moments[-1] if moments else None)


def _days(plain: str, today: date) -> Sequence[date]:
    """The days that a name or date can mean, in order; none if it is neither."""
    if plain == "today":
        return (today,)
    if plain == "tomorrow":
        return (today + timedelta(days=1),)
    if (day := weekday(plain)) is not None:
        first = today + timedelta(days=(day - today.weekday()) % 7)
        return (first, first + timedelta(weeks=1))
    if iso := _ISO_DATE.fullmatch(plain):
        return _dates(int(iso["day"]), int(iso["month"]), int(iso["year"]))
    named = _DAY_MONTH.fullmatch(plain) or _MONTH_DAY.fullmatch(plain)
    if named and (month := _place(named["month"], _MONTHS)) is not None:
        years = (int(named["year"]),) if named["year"] else (today.year, today.year + 1)
        return _dates(int(named["day"]), month + 1, *years)
    return ()


def _dates(day: int, month: int, *years: int) -> list[date]:
    """That day of each year that has it: the 29th of February is not in all."""
    found = []
    for year in years:
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return found


def take_clock(text: str) -> tuple[str, time | None]:
    """Take a time of day off the end or the start of a text: "Friday at 6pm" gives ("friday", 18:00).

    Times are "18:00", "18.00", "6pm", "6:30 p.m." or "noon". The rest comes back in lower case with single spaces;
    the time is None if there is none, or none that exists. A text beyond LONGEST_TEXT counts as empty.
    """
    plain = _plain(text)
    for pattern in (_CLOCK_LAST, _CLOCK_FIRST):
        found = pattern.fullmatch(plain)
        if found and (clock := _clock(found["hour"], found["minute"], found["half"])):
            return found["rest"] or "", clock
    return plain, None


def _clock(hour: str | None, minute: str | None, half: str | None) -> time | None:
    """The time with those digits, if there is one. An hour alone is no time: it may be a day of the month."""
    if hour is None:
        return time(12)
    hours, minutes = int(hour), int(minute or 0)
    if half and 1 <= hours <= 12:
        hours = hours % 12 + (12 if half == "p" else 0)
    elif half or minute is None:
        return None
    return time(hours, minutes) if hours < 24 and minutes < 60 else None


def weekday(word: str) -> int | None:
    """Which day of the week a word names, Monday being 0: "friday", "fridays" or no less than "fri"."""
    return _place(word.removesuffix("s"), WEEKDAYS)


def _place(word: str, names: Sequence[str]) -> int | None:
    """Which of the names begins with that word; three letters tell all weekdays and months apart."""
    if len(word) < 3:
        return None
    return next((place for place, name in enumerate(names) if name.startswith(word)), None)


def _plain(text: str) -> str:
    """The text in lower case, its words one space apart; nothing of a text that is too long."""
    return " ".join(text.casefold().replace(",", " ").split()) if len(text) <= LONGEST_TEXT else ""


def zone(name: str) -> ZoneInfo:
    """Find a time zone of the IANA database. Its ``key`` is the name to remember.

    Case doesn't matter, and spaces may stand for slashes and underscores. A city is enough if only one zone has it.
    Raises RequestRefused with examples, or with the zones that could be meant.
    """
    asked = _spaced(name)
    if exact := _zones().get(asked):
        return ZoneInfo(exact)
    fitting = [known for known in _zones().values() if _city(known) == asked and not _is_reversed(known)]
    if not fitting:
        raise RequestRefused(_UNREADABLE_ZONE)
    if len(fitting) > 1:
        raise RequestRefused(f"Several time zones are called that: {', '.join(fitting)}. Write one of them in full.")
    return ZoneInfo(fitting[0])


def zone_names(text: str, most: int = 25) -> list[str]:
    """Complete what somebody types: zones that have it anywhere, first those whose city begins with it."""
    asked = _spaced(text)
    fitting = [name for spaced, name in _zones().items() if asked in spaced and not _is_reversed(name)]
    return sorted(fitting, key=lambda name: not _city(name).startswith(asked))[:most]


@cache
def _zones() -> dict[str, str]:
    """The names of all zones in order, by what people may write for them; none that means "as this machine"."""
    names = available_timezones() - {"localtime", "posixrules", "Factory"}
    return {_spaced(name): name for name in sorted(names)}


def _spaced(name: str) -> str:
    return " ".join(name.casefold().translate({ord("/"): " ", ord("_"): " "}).split())


def _city(name: str) -> str:
    return _spaced(name.rpartition("/")[2])


def _is_reversed(name: str) -> bool:
    """Whether it is one of the zones in which "+" is west of Greenwich: nobody should get one by accident."""
    return name.startswith("Etc/")


def local(wall: datetime, zone: ZoneInfo) -> datetime:
    """Say when a clock in that zone shows ``wall`` (without a zone), in UTC.

    The one place that decides about clock changes: a time that is skipped moves on by as much as the clock does
    (02:30 becomes 03:30), and of a time that comes twice the first is meant.
    """
    # Without a fold Python reads a skipped time by the offset before the change (PEP 495): that moves it on.
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def start_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """When the guild's day began, in UTC."""
    return local(datetime.combine(now.astimezone(zone), time()), zone)


def start_of_month(now: datetime, zone: ZoneInfo) -> datetime:
    """When the guild's month began, in UTC."""
    return local(datetime.combine(now.astimezone(zone).replace(day=1), time()), zone)


def is_night(now: datetime, zone: ZoneInfo) -> bool:
    """Whether the guild sleeps: from NIGHT_FROM until just before NIGHT_TO."""
    clock = now.astimezone(zone).time()
    return clock >= NIGHT_FROM or clock < NIGHT_TO


def is_plausible(date: datetime, now: datetime) -> bool:
    """Whether something can have been published then. Both times are aware."""
    return EARLIEST_DATE <= date <= now + FUTURE_ALLOWED
