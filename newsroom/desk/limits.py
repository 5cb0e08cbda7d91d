"""How many cards a news channel gets, and when what is over the limit comes. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsroom.models import NewsChannel
from newsroom.times import local

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

DIGEST_AT = time(18)
"""When the list of stories that were over the limit comes, in the guild's own time."""

MOST_PER_HOUR, MOST_PER_DAY = 60, 500

KEPT_FOR_CARDS = timedelta(hours=48)
"""How old a story may be, when a channel gets news again, to come as a card."""

MOST_CARDS_AT_ONCE = 20
"""How many stories that waited come as cards, at once, when a channel gets news again: the newest."""

STORIES_A_PAGE = 10
MOST_PAGES = 10


def over_limit(channel: NewsChannel, in_hour: int, in_day: int) -> str | None:
    """Say which limit keeps one more card from a channel that got so many; None if there is room. 0 is no limit."""
    if channel.per_day and in_day >= channel.per_day:
        return f"{channel.per_day} cards had come in a day."
    if channel.per_hour and in_hour >= channel.per_hour:
        return f"{channel.per_hour} cards had come in an hour."
    return None


def next_digest(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the next DIGEST_AT in a time zone, in UTC; today's, if that is still to come."""
    today = now.astimezone(zone).date()
    at = local(datetime.combine(today, DIGEST_AT), zone)
    return (at if at > now else local(datetime.combine(today + DAY, DIGEST_AT), zone)).astimezone(UTC)
