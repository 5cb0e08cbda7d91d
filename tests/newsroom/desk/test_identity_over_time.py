"""A feed changes in every way the web knows, for months; each of its items is remembered exactly once.

The model knows which item is which. It says what is promised in its own words, by names of its own, and a change that
leaves an item none of the names it was shown with is not made: nobody could know that item again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsroom.models import Entry
from newsroom.store.database import Database
from tests.desk import CHANNEL, Desk
from tests.makers import NOW, entry

Name = tuple[object, ...]
Change = Callable[["Site", int], None]


@dataclass
class Item:
    """What a feed tells about, and how: each version makes another guid, link or headline of it."""

    number: int
    guid: int | None = 0
    link: int | None = 0
    title: int = 0
    date: int = 0
    is_listed: bool = True
    is_doubled: bool = False


@dataclass
class Site:
    """A feed with all the items it ever had, the newest first, and how it writes guids and links just now."""

    items: list[Item] = field(default_factory=list)
    are_guids_addresses: bool = True
    guid_scheme: str = "http"
    guid_host: str = "lab.example"
    link_host: str = "lab.example"
    tracking: str = ""
    one_guid: str | None = None
    hosts: int = 0
    shuffled: int | None = None

    @property
    def listed(self) -> list[Item]:
        return [item for item in self.items if item.is_listed]

    def entries(self) -> list[Entry]:
        listed = [item for item in self.listed for _ in range(1 + item.is_doubled)]
        if self.shuffled is not None:
            Random(self.shuffled).shuffle(listed)
        return [
            entry(
                guid=self._guid(item),
                link=self._link(item),
                title=f"Headline {item.number} in version {item.title}",
                summary="",
                published=NOW - timedelta(hours=item.date),
            )
            for item in listed
        ]

    def _guid(self, item: Item) -> str | None:
        if item.guid is None or self.one_guid is not None:
            return None if item.guid is None else self.one_guid
        name = f"item-{item.number}-{item.guid}"
        return f"{self.guid_scheme}://{self.guid_host}/guid/{name}" if self.are_guids_addresses else name

    def _link(self, item: Item) -> str | None:
        if item.link is None:
            return None
        return f"https://{self.link_host}/posts/{item.number}/{item.link}{self.tracking}"

    # What may tell an item.

    def names(self, item: Item) -> list[Name]:
        names: list[Name] = []
        if item.guid is not None and self.one_guid is not None:
            names.append(("guid", self.one_guid))
        elif item.guid is not None:
            names.append(("guid", self.guid_host if self.are_guids_addresses else "", item.number, item.guid))
        if item.link is not None:
            names.append(("link", self.link_host, item.number, item.link))
        return names

    def names_without_host(self, item: Item) -> list[Name]:
        names: list[Name] = []
        if item.guid is not None and self.one_guid is None and self.are_guids_addresses:
            names.append(("guid without host", item.number, item.guid))
        if item.link is not None:
            names.append(("link without host", item.number, item.link))
        return names

    @property
    def host(self) -> str | None:
        return self.link_host if any(item.link is not None for item in self.listed) else None


class Promise:
    """What the design promises of the next reading, from what was read before."""

    def __init__(self) -> None:
        self.owners: dict[Name, int] = {}
        self.shown: set[int] = set()
        self.host: str | None = None

    def own(self, site: Site) -> dict[int, list[Name]]:
        """The names that no other listed item claims."""
        claimed = Counter(name for item in site.listed for name in site.names(item))
        return {item.number: [name for name in site.names(item) if claimed[name] == 1] for item in site.listed}

    def is_kept(self, site: Site) -> bool:
        """Whether each listed item that was shown has a name it was shown with, and each other one none."""
        moved = None not in (self.host, site.host) and self.host != site.host
        for item in site.listed:
            own = self.own(site)[item.number]
            words = (item.number, item.title)
            telling = [*own, *(site.names_without_host(item) if moved else ())]
            # Words count where at one of both times there is nothing better.
            telling += [("words alone", *words)] if own else [("words alone", *words), ("words", *words)]
            found = {self.owners[name] for name in telling if name in self.owners}
            if (item.number not in found) if item.number in self.shown else found:
                return False
        return True

    def read(self, site: Site) -> set[int]:
        """Note a reading; return the items that it shows for the first time."""
        for item in site.listed:
            own = self.own(site)[item.number]
            words: Name = ("words" if own else "words alone", item.number, item.title)
            for name in (*own, *site.names_without_host(item), words):
                self.owners.setdefault(name, item.number)
        fresh = {item.number for item in site.listed} - self.shown
        self.shown |= fresh
        self.host = site.host or self.host
        return fresh


# What happens to feeds. ``pick`` chooses an item, or how many.


def publish(site: Site, pick: int) -> None:
    for _ in range(1 + pick % 3):
        template = site.items[0]
        new = Item(len(site.items))
        new.guid, new.link = (None if version is None else 0 for version in (template.guid, template.link))
        site.items.insert(0, new)


def one(site: Site, pick: int) -> Item:
    return site.listed[pick % len(site.listed)]


def bump(version: int | None) -> int | None:
    return None if version is None else version + 1


def change_a_guid(site: Site, pick: int) -> None:
    item = one(site, pick)
    item.guid = bump(item.guid)


def change_all_guids(site: Site, pick: int) -> None:
    for item in site.items:
        item.guid = bump(item.guid)


def change_the_way_of_guids(site: Site, pick: int) -> None:
    site.are_guids_addresses = not site.are_guids_addresses


def change_the_scheme(site: Site, pick: int) -> None:
    site.guid_scheme = {"http": "https", "https": "http"}[site.guid_scheme]


def change_a_link(site: Site, pick: int) -> None:
    item = one(site, pick)
    item.link = bump(item.link)


def change_all_links(site: Site, pick: int) -> None:
    for item in site.items:
        item.link = bump(item.link)


def move_guids(site: Site, pick: int) -> None:
    site.hosts += 1
    site.guid_host = f"guids{site.hosts}.example"


def move_links(site: Site, pick: int) -> None:
    site.hosts += 1
    site.link_host = f"links{site.hosts}.example"


def move_house(site: Site, pick: int) -> None:
    site.hosts += 1
    site.guid_host = site.link_host = f"house{site.hosts}.example"


def change_tracking(site: Site, pick: int) -> None:
    site.tracking = ["", "?utm_source=rss", f"?utm_campaign={pick}&fbclid={pick}", "?ref=lab.letter.example"][pick % 4]


def edit_a_title(site: Site, pick: int) -> None:
    one(site, pick).title += 1


def edit_all_titles(site: Site, pick: int) -> None:
    for item in site.items:
        item.title += 1


def edit_dates(site: Site, pick: int) -> None:
    for item in site.items:
        item.date += pick


def shuffle(site: Site, pick: int) -> None:
    site.shuffled = pick


def vanish(site: Site, pick: int) -> None:
    one(site, pick).is_listed = False


def slide(site: Site, pick: int) -> None:
    for item in site.listed[2 + pick % 3 :]:
        item.is_listed = False


def come_back(site: Site, pick: int) -> None:
    away = [item for item in site.items if not item.is_listed]
    if away:
        away[pick % len(away)].is_listed = True


def all_come_back(site: Site, pick: int) -> None:
    for item in site.items:
        item.is_listed = True


def share_one_guid(site: Site, pick: int) -> None:
    site.one_guid = "https://lab.example/feed.xml" if site.one_guid is None else None


def guids_come_or_go(site: Site, pick: int) -> None:
    none = site.items[0].guid is None
    for item in site.items:
        item.guid = 0 if none else None


def links_come_or_go(site: Site, pick: int) -> None:
    none = site.items[0].link is None
    for item in site.items:
        item.link = 0 if none else None


def double(site: Site, pick: int) -> None:
    item = one(site, pick)
    item.is_doubled = not item.is_doubled


CHANGES: list[Change] = [
    change_a_guid,
    change_all_guids,
    change_the_way_of_guids,
    change_the_scheme,
    change_a_link,
    change_all_links,
    move_guids,
    move_links,
    move_house,
    change_tracking,
    edit_a_title,
    edit_all_titles,
    edit_dates,
    shuffle,
    vanish,
    slide,
    come_back,
    all_come_back,
    share_one_guid,
    guids_come_or_go,
    links_come_or_go,
    double,
]


def changed(site: Site, promise: Promise, change: Change, pick: int) -> Site:
    """Return a site after a change, or as it is where nobody could promise anything any more.

    A feed with fewer than two items can't show that they share a guid.
    """
    after = deepcopy(site)
    change(after, pick)
    return after if len(after.listed) >= 2 and promise.is_kept(after) else site


def site_with(items: int, guids: str, links: bool) -> Site:
    site = Site(are_guids_addresses=guids == "addresses")
    site.items = [
        Item(number, guid=None if guids == "none" else 0, link=0 if links else None) for number in range(items)
    ][::-1]
    return site


class Reader:
    """A desk that reads one site after the other, each at an address of its own."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sites = 0

    async def begin(self, site: Site) -> Callable[[Site], Awaitable[int]]:
        """Add a feed, and return what reads it again and tells how many articles were new."""
        self.sites += 1
        number, url = self.sites, f"https://{self.sites}.example/feed.xml"
        self.desk.clock.advance(days=3)  # what earlier feeds told groups with nothing any more
        self.desk.web.put(url, *site.entries())
        added = await self.desk.add(url, channel_id=CHANNEL + number)
        assert added.items == len(site.listed)

        async def read(site: Site) -> int:
            self.desk.clock.advance(days=40)
            self.desk.web.put(url, *site.entries())
            feed = self.desk.rounds.roster.get(added.feed.id)
            assert feed is not None
            return (await self.desk.rounds.read_now(feed))[1]

        return read


@pytest.fixture
async def reader(migrated_sqlite_url: str, opening: Callable[[str], Awaitable[Database]]) -> Reader:
    return Reader(Desk.over(await opening(migrated_sqlite_url)))


SITES = st.builds(site_with, st.integers(2, 5), st.sampled_from(["addresses", "names", "none"]), st.booleans())
CHANGED = st.tuples(st.sampled_from(CHANGES), st.integers(0, 20))
# Between two readings one or two changes, and often something new.
STEPS = st.lists(
    st.tuples(CHANGED, st.none() | CHANGED, st.none() | st.tuples(st.just(publish), st.integers(0, 2))),
    min_size=4,
    max_size=20,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SITES, STEPS)
async def test_whatever_happens_to_a_feed_each_of_its_items_is_remembered_once(
    reader: Reader, site: Site, steps: Sequence[Sequence[tuple[Change, int] | None]]
) -> None:
    promise = Promise()
    promise.read(site)
    read = await reader.begin(site)
    for changes in steps:
        for change, pick in filter(None, changes):
            site = changed(site, promise, change, pick)
        assert await read(site) == len(promise.read(site))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_a_change_by_itself_is_always_within_the_promise(reader: Reader, change: Change) -> None:
    for guids in ("addresses", "names"):
        site, promise = site_with(6, guids, links=True), Promise()
        promise.read(site)
        read = await reader.begin(site)
        for pick in range(3):
            change(site, pick)
            publish(site, 0)
            assert promise.is_kept(site)
            assert await read(site) == len(promise.read(site)) > 0


@pytest.mark.parametrize(("guids", "links"), [("addresses", False), ("none", True)], ids=["guids alone", "links alone"])
async def test_an_item_with_one_name_alone_is_known_by_it_as_long_as_that_can_be(
    reader: Reader, guids: str, links: bool
) -> None:
    for change in CHANGES:
        site, promise = site_with(4, guids, links), Promise()
        promise.read(site)
        read = await reader.begin(site)
        for pick in range(2):
            site = changed(changed(site, promise, change, pick), promise, publish, 0)
            assert await read(site) == len(promise.read(site))
