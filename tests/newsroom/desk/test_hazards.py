"""Feeds whose articles are hard to tell, from their bytes to what a channel gets of them: each hazard by its label.

A case is what a feed shows in one reading after the other, and what is posted after each. What it shows first is what
it held when it was added.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from email.utils import format_datetime
from html import escape
from typing import NamedTuple

import pytest

from newsroom.errors import FetchFailed
from newsroom.feeds.parse import parse
from newsroom.models import Document
from newsroom.store.database import Database
from tests.desk import FEED, GUILD, Desk
from tests.fakes import FakeFetched, Web
from tests.makers import NOW

HOUR = timedelta(hours=1)

Body = str | FetchFailed


class Item(NamedTuple):
    """An item as its feed writes it; what is None isn't there."""

    title: str
    guid: str | None
    link: str | None
    date: str | None = None


class Reading(NamedTuple):
    """What a feed shows, the headlines that it has posted by then, and how long after the last reading that is."""

    body: Body
    posted: Sequence[str] = ()
    after: timedelta = HOUR


class Press(Web):
    """Serves one feed as bytes, without validators, and reads it as the worker does."""

    body: Body = ""

    async def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, budget: float = 20.0
    ) -> FakeFetched:
        if isinstance(self.body, FetchFailed):
            raise self.body
        return FakeFetched(url, body=self.body.encode())

    async def parse(self, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document:
        return parse(body, content_type, url, known)


def dated(hours: float) -> str:
    """A date so many hours after the first reading."""
    return format_datetime(NOW + timedelta(hours=hours))


def item(number: int, **fields: str | None) -> Item:
    """The item of that number, which is published when it is first shown: in the reading of that number."""
    made = {
        "title": f"Post {number}",
        "guid": f"https://lab.example/?p={number}",
        "link": f"https://lab.example/{number}",
        "date": dated(number - 0.5),
    }
    return Item(**(made | fields))  # type: ignore[arg-type]


def written(item: Item) -> str:
    parts = {"title": item.title, "guid": item.guid, "link": item.link, "pubDate": item.date}
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts.items() if text is not None)


def rss(*items: Item) -> str:
    listed = "".join(f"<item>{written(each)}</item>" for each in items)
    return f"<rss version='2.0'><channel><title>Lab</title><ttl>1</ttl>{listed}</channel></rss>"


def atom(*items: Item, updated: str) -> str:
    listed = "".join(
        f"<entry><id>{escape(each.guid or '')}</id><title>{escape(each.title)}</title>"
        f"<link href='{escape(each.link or '')}'/><updated>{updated}</updated></entry>"
        for each in items
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Lab</title>{listed}</feed>"


def numbered(numbers: Iterable[int], **fields: str | None) -> list[Item]:
    """Items as a feed lists them, the newest on top. In ``fields`` "{}" is an item's number."""
    return [
        item(number, **{name: text and text.format(number) for name, text in fields.items()})
        for number in sorted(numbers, reverse=True)
    ]


def heads(numbers: Iterable[int]) -> list[str]:
    return [f"Post {number}" for number in numbers]


def changing(**fields: str | None) -> list[Reading]:
    """All items change in this way, and a new one that is written likewise comes with them, and one more after it."""
    return [
        Reading(rss(*numbered(range(-4, 1)))),
        Reading(rss(*numbered(range(-4, 2), **fields)), heads([1])),
        Reading(rss(*numbered(range(-4, 3), **fields)), heads([2])),
    ]


def always(**fields: str | None) -> list[Reading]:
    """All items are written in this way from the beginning, and new ones come, one at a time and several at once."""
    return [
        Reading(rss(*numbered(range(-9, 1), **fields))),
        Reading(rss(*numbered(range(-9, 2), **fields)), heads([1])),
        Reading(rss(*numbered(range(-9, 4), **fields)), heads([2, 3])),
        Reading(rss(*numbered(range(-8, 4), **fields))),
    ]


def alternating(*ways: dict[str, str | None]) -> list[Reading]:
    """Each reading writes all items in another way."""
    readings = [Reading(rss(*numbered(range(-4, 1), **ways[0])))]
    for number in range(1, 6):
        way = ways[number % len(ways)]
        readings.append(Reading(rss(*numbered(range(-4, number + 1), **way)), heads([number])))
    return readings


OLD, NEW = numbered(range(-4, 1)), numbered(range(-4, 2))
DAY = timedelta(days=1)
MONTHS = timedelta(days=200)

CASES: dict[str, list[Reading]] = {
    "guid-changes": alternating(*({"guid": f"build-{build}-{{}}"} for build in range(6))),
    "link-utm": alternating(*({"link": f"https://lab.example/{{}}?utm_source=rss&utm_content={n}"} for n in range(6))),
    "link-session": alternating(*({"link": f"https://lab.example/{{}}?PHPSESSID={n:032x}"} for n in range(6))),
    "edit-title": [
        Reading(rss(*OLD)),
        Reading(rss(*numbered(range(-4, 1), title="Corrected: post {}"))),
        Reading(rss(item(1), *numbered(range(-4, 1), title="Corrected twice: post {}")), heads([1])),
    ],
    "edit-date": alternating(*({"date": dated(n)} for n in range(6))),
    "atom-updated": [
        Reading(atom(*OLD, updated="2026-01-01T00:00:00Z")),
        Reading(atom(*OLD, updated="2026-01-01T13:00:00Z")),
        Reading(atom(*NEW, updated="2026-01-01T14:00:00Z"), heads([1])),
        Reading(atom(*reversed(NEW), updated="2026-01-01T15:00:00Z")),
    ],
    "guid-same-all": always(guid="the same"),
    "guid-feedurl": always(guid=FEED),
    "guid-empty": always(guid=""),
    "guid-dup-exact": [
        Reading(rss(*OLD, *OLD)),
        Reading(rss(item(1), item(1), *OLD), heads([1])),
        Reading(rss(item(1), *OLD, item(1))),
    ],
    "two-roots": [
        Reading(rss(*OLD) + rss(*OLD)),
        Reading(rss(*NEW) + rss(*NEW), heads([1])),
        Reading(rss(*NEW)),
    ],
    "guid-migrated": changing(guid="https://new.example/?p={}"),
    "link-migrated": changing(link="https://new.example/{}"),
    "both-migrated": changing(guid="https://new.example/?p={}", link="https://new.example/{}"),
    "vanish-return": [
        Reading(rss(*OLD)),
        Reading(rss(*OLD[:2])),
        Reading(rss(*NEW), heads([1])),
        Reading(rss(*OLD)),
        Reading(rss(*NEW)),
    ],
    "vanish-long": [
        Reading(rss(*OLD)),
        Reading(rss(*OLD[:2]), after=MONTHS),
        Reading(rss(item(1, date=dated(200 * 24 + 2)), *OLD[:2]), heads([1]), after=MONTHS),
        Reading(rss(*OLD[:2]), after=MONTHS),
        Reading(rss(*OLD), after=MONTHS),
    ],
    "flap-noitems": [
        Reading(rss(*OLD)),
        Reading(rss()),
        Reading(rss(*OLD)),
        Reading(rss()),
        Reading(rss(*NEW), heads([1])),
        Reading(FetchFailed("That address answered 500.", status=500)),
        Reading(rss(*NEW), after=DAY),
    ],
    "window-three": [Reading(rss(*numbered(range(-2, 1))))]
    + [Reading(rss(*numbered(range(n - 2, n + 1))), heads([n])) for n in range(1, 8)],
    # What nobody has seen, nobody can post; of what is there each is posted.
    "window-overrun": [
        Reading(rss(*numbered(range(-9, 1)))),
        Reading(rss(*numbered(range(11, 21))), heads(range(11, 21))),
        Reading(rss(*numbered(range(31, 41))), heads(range(31, 41)), after=20 * HOUR),
    ],
    "burst-500": [
        Reading(rss(*numbered(range(-9, 1)))),
        Reading(rss(*numbered(range(1, 501), date=dated(0.9)), *OLD), heads(range(1, 501))),
        Reading(rss(*numbered(range(1, 501), date=dated(0.9)))),
    ],
    "items-5000": [
        Reading(rss(*numbered(range(-4999, 1)))),
        Reading(rss(*numbered(range(-4998, 2))), heads([1])),
    ],
    "date-future": always(date=dated(24 * 400)),
    "date-none": always(date=None),
    "date-year9999": always(date="Fri, 31 Dec 9999 23:59:59 GMT"),
    "date-all-same": always(date=dated(-1)),
    # An old post that was never told is news, whatever its date says.
    "date-backfill": [
        Reading(rss(*OLD)),
        Reading(rss(*OLD, item(1, date=dated(-10_000)), item(2, date=dated(-9_000))), heads([1, 2])),
        Reading(rss(item(3, date=dated(-8_000)), *OLD), heads([3])),
    ],
}


@pytest.fixture
async def desk(migrated_sqlite_url: str, opening: Callable[[str], Awaitable[Database]]) -> Desk:
    """On SQLite alone: what is new is decided before any statement is written."""
    return Desk.over(await opening(migrated_sqlite_url), Press())


async def show(desk: Desk, reading: Reading) -> list[str]:
    """Have the feed show this, read it, and return what is posted of it."""
    assert isinstance(desk.web, Press)
    desk.web.body = reading.body
    desk.clock.advance(seconds=reading.after.total_seconds())
    [feed] = filter(None, [desk.rounds.roster.get(1)])
    await desk.rounds.run([feed])
    return await desk.headlines()


async def add(desk: Desk, body: Body) -> None:
    assert isinstance(desk.web, Press)
    desk.web.body = body
    await desk.add()


@pytest.mark.parametrize("label", CASES)
async def test_of_a_feed_exactly_what_is_new_is_posted(desk: Desk, label: str) -> None:
    first, *others = CASES[label]
    await add(desk, first.body)

    posted = [await show(desk, reading) for reading in others]

    assert posted == [list(reading.posted) for reading in others]


async def test_arxiv(desk: Desk) -> None:
    """Each day all of it is new, and dated before the last reading: held once, then never again."""
    days = [rss(*numbered(range(100 * day, 100 * day + 50), date=dated(24 * day - 40))) for day in range(4)]
    await add(desk, days[0])

    assert await show(desk, Reading(days[1], after=DAY)) == []
    assert await desk.subscriptions.release(GUILD, 1, always=True) == 50
    assert await desk.headlines() == heads(range(100, 150))
    for day in (2, 3):
        assert await show(desk, Reading(days[day], after=DAY)) == heads(range(100 * day, 100 * day + 50))
        assert await show(desk, Reading(days[day])) == []
