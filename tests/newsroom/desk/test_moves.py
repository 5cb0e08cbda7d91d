"""Two feeds become one because one redirects to the other: nothing is lost for any channel, nothing comes twice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from newsroom.desk.moves import DAYS_TO_BELIEVE
from newsroom.errors import FetchFailed
from newsroom.models import Document, Entry, Feed
from newsroom.store import Connection
from newsroom.store.database import Database
from tests.desk import CHANNEL, FEED, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk, post, posts
from tests.fakes import Web

NEW_HOME = "https://new.example/feed.xml"
IMPOSTOR = "https://evil.example/feed.xml"


class Press(Web):
    """A web on which ``next`` stands at the new address as soon as somebody has read what stands there now."""

    next: list[Entry] | None = None

    async def parse(self, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document:
        document = await super().parse(body, content_type, url, known)
        if self.next is not None:
            self.put(NEW_HOME, *self.next)
            self.next = None
        return document


@pytest.fixture
async def desk(database: Database) -> Desk:
    """The old address goes to CHANNEL, the new one to OTHER_CHANNEL, and the first redirects to the second."""
    desk = Desk.over(database, Press())
    desk.web.put(FEED, *posts(1, 2, 3))
    desk.web.put(NEW_HOME, *posts(1, 2, 3))
    await desk.add()
    await desk.add(url=NEW_HOME, channel_id=OTHER_CHANNEL)
    desk.web.moved[FEED] = NEW_HOME
    return desk


def feed_at(desk: Desk, url: str) -> Feed:
    [feed] = [feed for feed in map(desk.rounds.roster.get, (1, 2)) if feed is not None and feed.url == url]
    return feed


async def read(desk: Desk, *urls: str) -> None:
    await desk.rounds.run([feed_at(desk, url) for url in urls])


async def until_the_last_day(desk: Desk) -> None:
    """Have the move be seen on each day but the one on which it is believed; that one has begun."""
    for _ in range(DAYS_TO_BELIEVE - 1):
        desk.clock.advance(days=1)
        await read(desk, FEED, NEW_HOME)
    desk.clock.advance(days=1)


async def add_old_one_too(desk: Desk, channel_id: int) -> None:
    """Add the old address as well, before it begins to redirect: afterwards it would be the new one that is added."""
    desk.web.moved.clear()
    await desk.add(channel_id=channel_id)
    desk.web.moved[FEED] = NEW_HOME


@pytest.mark.parametrize("order", [(FEED, NEW_HOME), (NEW_HOME, FEED)], ids=["old one first", "new one first"])
async def test_what_is_published_between_the_last_two_readings_comes_to_both_channels(
    desk: Desk, order: tuple[str, str]
) -> None:
    await until_the_last_day(desk)
    desk.web.put(NEW_HOME, *posts(1, 2, 3, 4))
    assert isinstance(desk.web, Press)
    desk.web.next = posts(1, 2, 3, 4, 5)
    await read(desk, *order)
    assert len(desk.rounds.roster) == 1
    await desk.round()

    for channel_id in (CHANNEL, OTHER_CHANNEL):
        assert await desk.headlines(channel_id) == ["Post 4", "Post 5"]


@pytest.mark.parametrize("reader", [FEED, NEW_HOME])
async def test_what_slid_out_before_the_other_one_was_read_comes_to_both_channels(desk: Desk, reader: str) -> None:
    desk.clock.advance(days=1)
    await read(desk, FEED, NEW_HOME)
    desk.clock.advance(days=1)
    desk.web.put(NEW_HOME, *posts(2, 3, 4))
    await read(desk, reader)
    desk.web.put(NEW_HOME, *posts(3, 5, 6))
    await read(desk, NEW_HOME, FEED)
    desk.clock.advance(days=1)
    await read(desk, NEW_HOME, FEED)
    assert len(desk.rounds.roster) == 1

    for channel_id in (CHANNEL, OTHER_CHANNEL):
        assert sorted(await desk.headlines(channel_id)) == ["Post 4", "Post 5", "Post 6"]


async def test_old_articles_of_the_new_address_do_not_come_to_the_old_ones_channel(database: Database) -> None:
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(100))
    await desk.add()
    desk.web.put(NEW_HOME, *posts(1))
    await desk.add(url=NEW_HOME, channel_id=OTHER_CHANNEL)
    for number in range(2, 20):
        desk.web.put(NEW_HOME, *posts(number - 1, number))
        await read(desk, NEW_HOME)
    assert len(await desk.headlines(OTHER_CHANNEL)) == 18

    desk.web.put(NEW_HOME, *posts(19, 100))
    desk.web.moved[FEED] = NEW_HOME
    await until_the_last_day(desk)
    await read(desk, FEED)

    assert await desk.headlines(CHANNEL) == ["Post 19"]
    assert await desk.headlines(OTHER_CHANNEL) == ["Post 100"]


async def test_old_articles_of_the_old_address_do_not_come_to_the_new_ones_channel(desk: Desk) -> None:
    desk.web.moved.clear()
    for number in range(4, 20):
        desk.web.put(FEED, *posts(number - 1, number))
        await read(desk, FEED)
    desk.web.moved[FEED] = NEW_HOME
    await until_the_last_day(desk)
    await read(desk, FEED)

    assert len(await desk.headlines(CHANNEL)) == 16
    assert await desk.headlines(OTHER_CHANNEL) == []


async def test_a_channel_that_had_both_gets_each_story_once(desk: Desk) -> None:
    await add_old_one_too(desk, OTHER_CHANNEL)
    await until_the_last_day(desk)
    desk.web.put(NEW_HOME, *posts(1, 2, 3, 4))
    await read(desk, NEW_HOME)
    desk.web.put(NEW_HOME, *posts(3, 5))
    await read(desk, FEED)
    await desk.round()

    assert await desk.headlines(OTHER_CHANNEL) == ["Post 4", "Post 5"]


async def test_who_came_later_does_not_get_what_was_brought_before(desk: Desk) -> None:
    await until_the_last_day(desk)
    desk.web.put(NEW_HOME, *posts(1, 2, 3, 4))
    await desk.rounds.read(feed_at(desk, FEED))
    desk.rounds.roster.put(replace(feed_at(desk, FEED), moved_days=1))
    await read(desk, FEED)
    desk.web.put(NEW_HOME, *posts(3, 5))
    desk.clock.advance(minutes=1)
    late = 2009
    await desk.add(url=NEW_HOME, channel_id=late)
    desk.clock.advance(days=1)
    await read(desk, FEED)
    assert len(desk.rounds.roster) == 1

    assert await desk.headlines(late) == []
    assert await desk.headlines(OTHER_CHANNEL) == ["Post 5", "Post 4"]


@pytest.mark.parametrize("held", [FEED, NEW_HOME])
async def test_while_one_of_them_is_held_they_stay_two_and_nothing_slips_out(desk: Desk, held: str) -> None:
    await until_the_last_day(desk)
    before = [feed_at(desk, url) for url in (FEED, NEW_HOME)]
    many = range(30, 10, -1)
    desk.web.put(NEW_HOME, *(post(number, published=None, link=None, guid=f"new {number}") for number in many))
    await read(desk, held)
    await read(desk, FEED)

    assert [feed_at(desk, url).id for url in (FEED, NEW_HOME)] == [feed.id for feed in before]
    assert await desk.headlines(CHANNEL) == await desk.headlines(OTHER_CHANNEL) == []


async def test_once_the_admins_have_decided_the_two_become_one(desk: Desk) -> None:
    await until_the_last_day(desk)
    many = [post(number, published=None, link=None, guid=f"new {number}") for number in range(30, 10, -1)]
    desk.web.put(NEW_HOME, *many)
    await read(desk, FEED)
    await read(desk, NEW_HOME)

    await desk.subscriptions.release(GUILD, feed_at(desk, FEED).id)
    await desk.subscriptions.skip(GUILD, feed_at(desk, NEW_HOME).id)
    await read(desk, FEED)
    assert len(desk.rounds.roster) == 1
    desk.web.put(NEW_HOME, post(31), *many)
    await desk.round()

    assert len(await desk.headlines(CHANNEL)) == 21
    assert await desk.headlines(OTHER_CHANNEL) == ["Post 31"]


async def test_what_the_old_address_has_forgotten_is_news_where_the_new_one_shows_it_first(desk: Desk) -> None:
    await until_the_last_day(desk)
    desk.web.moved.clear()
    desk.web.put(FEED, *posts(2, 3, 77))
    await read(desk, FEED)
    desk.web.put(FEED, *posts(2, 3))
    desk.clock.advance(days=800)
    await desk.rounds.run(desk.rounds.take_due())
    await desk.newsroom.retention.run()
    desk.web.moved[FEED] = NEW_HOME
    await until_the_last_day(desk)
    await read(desk, FEED)
    assert len(desk.rounds.roster) == 1

    desk.web.put(NEW_HOME, *posts(2, 3, 77))
    await desk.round()

    assert await desk.headlines(OTHER_CHANNEL) == ["Post 77"]


async def test_a_new_address_that_was_gone_is_read_again(desk: Desk) -> None:
    async with desk.store.begin() as connection:
        lost = replace(feed_at(desk, NEW_HOME), gone_at=desk.clock(), error="Gone.", failures=3)
        await desk.store.feeds.save(connection, [lost])
    desk.rounds.roster.put(lost)
    for _ in range(DAYS_TO_BELIEVE):
        desk.clock.advance(days=1)
        await read(desk, FEED)
    desk.web.put(NEW_HOME, *posts(1, 2, 3, 4))
    await desk.round()

    for channel_id in (CHANNEL, OTHER_CHANNEL):
        assert await desk.headlines(channel_id) == ["Post 4"]


async def add_impostor(desk: Desk) -> None:
    """A foreign guild adds a feed that lists what NEW_HOME will publish, which then redirects to NEW_HOME."""
    lies = [post(number, title=f"Buy {number}", summary="", published=None) for number in range(20, 0, -1)]
    desk.web.put(IMPOSTOR, *lies)
    await desk.add(url=IMPOSTOR, channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    desk.web.moved[IMPOSTOR] = NEW_HOME


async def until_moved(desk: Desk, *urls: str) -> None:
    feeds = len(desk.rounds.roster)
    for _ in range(DAYS_TO_BELIEVE):
        desk.clock.advance(days=1)
        await read(desk, *urls)
    assert len(desk.rounds.roster) == feeds - 1


@pytest.fixture
async def victim(database: Database) -> Desk:
    """The new address goes to OTHER_CHANNEL, and an impostor is about to become one with it."""
    desk = Desk.over(database)
    desk.web.put(NEW_HOME, *posts(1, 2, 3))
    await desk.add(url=NEW_HOME, channel_id=OTHER_CHANNEL)
    await add_impostor(desk)
    return desk


async def test_a_feed_that_lists_the_links_of_tomorrow_keeps_nothing_back_of_the_one_it_moves_to(victim: Desk) -> None:
    await until_moved(victim, IMPOSTOR, NEW_HOME)
    victim.web.put(NEW_HOME, *posts(1, 2, 3, 4, 5))
    await victim.round()

    for channel_id in (OTHER_CHANNEL, FOREIGN_CHANNEL):
        assert await victim.headlines(channel_id) == ["Post 4", "Post 5"]


async def test_nor_of_a_feed_that_nobody_has_added_yet(database: Database) -> None:
    desk = Desk.over(database)
    desk.web.put(NEW_HOME, *posts(1, 2, 3))
    await add_impostor(desk)
    for _ in range(DAYS_TO_BELIEVE):
        desk.clock.advance(days=1)
        await read(desk, IMPOSTOR)
    assert [feed.url for feed in desk._feeds()] == [NEW_HOME]

    await desk.add(url=NEW_HOME, channel_id=OTHER_CHANNEL)
    desk.web.put(NEW_HOME, *posts(1, 2, 3, 4, 5))
    await desk.round()

    for channel_id in (OTHER_CHANNEL, FOREIGN_CHANNEL):
        assert await desk.headlines(channel_id) == ["Post 4", "Post 5"]


async def test_what_comes_while_an_impostor_redirects_reaches_the_channels_of_the_other_one(victim: Desk) -> None:
    victim.clock.advance(days=1)
    await read(victim, IMPOSTOR, NEW_HOME)
    victim.clock.advance(days=1)
    victim.web.put(NEW_HOME, *posts(1, 2, 3, 4))
    await read(victim, IMPOSTOR)
    victim.clock.advance(days=1)
    await read(victim, IMPOSTOR)
    assert len(victim.rounds.roster) == 1
    await victim.round()

    assert await victim.headlines(OTHER_CHANNEL) == ["Post 4"]


async def test_nobody_is_shown_an_impostors_headlines_as_those_of_the_other_feed(victim: Desk) -> None:
    await until_moved(victim, IMPOSTOR, NEW_HOME)
    [one] = await victim.subscriptions.listing(GUILD)

    assert (await victim.subscriptions.preview(GUILD, one.feed.id)).headline == "Post 3"
    assert [headline for headline, *_ in await victim.newsroom.whys.choices(GUILD, "")] == [
        "Post 3",
        "Post 2",
        "Post 1",
    ]


async def test_what_nobody_has_read_at_the_new_address_does_not_come_again_to_who_had_it_at_the_old_one(
    database: Database,
) -> None:
    desk = Desk.over(database)
    without_links = [post(number, link=None, guid=f"post {number}") for number in range(5, 0, -1)]
    desk.web.put(NEW_HOME, *without_links[-1:])
    added = await desk.add(url=NEW_HOME, channel_id=OTHER_CHANNEL)
    await desk.subscriptions.remove(GUILD, added.feed.id)
    desk.web.put(FEED, *without_links[-3:])
    await desk.add()
    desk.web.put(FEED, *without_links)
    desk.web.put(NEW_HOME, *without_links)
    await read(desk, FEED)
    assert await desk.headlines() == ["Post 4", "Post 5"]

    desk.web.moved[FEED] = NEW_HOME
    for _ in range(DAYS_TO_BELIEVE):
        desk.clock.advance(days=1)
        await read(desk, FEED)
    assert feed_at(desk, NEW_HOME).id == added.feed.id
    desk.web.put(NEW_HOME, post(6), *without_links)
    await desk.round()

    assert await desk.headlines() == ["Post 6"]


async def test_a_new_address_that_can_not_be_read_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*args: object, **options: object) -> None:
        raise RuntimeError

    for _ in range(DAYS_TO_BELIEVE - 1):
        desk.clock.advance(days=1)
        await read(desk, FEED)
    desk.clock.advance(days=1)
    with monkeypatch.context() as patched:
        patched.setattr(desk.store.articles, "known", fail)
        await read(desk, FEED)
    assert len(desk.rounds.roster) == 2

    await read(desk, FEED)

    assert len(desk.rounds.roster) == 1


async def test_a_move_that_waited_still_brings_what_one_of_them_alone_has_shown(desk: Desk) -> None:
    desk.clock.advance(days=1)
    await read(desk, FEED, NEW_HOME)
    desk.clock.advance(days=1)
    desk.web.put(NEW_HOME, *posts(2, 3, 4))
    await read(desk, NEW_HOME)
    many = [post(number, published=None, link=None, guid=f"new {number}") for number in range(30, 10, -1)]
    desk.web.put(NEW_HOME, *many)
    for _ in range(4):
        await read(desk, FEED, NEW_HOME)
        desk.clock.advance(days=1)
    assert len(desk.rounds.roster) == 2

    for url in (FEED, NEW_HOME):
        await desk.subscriptions.skip(GUILD, feed_at(desk, url).id)
    await read(desk, FEED)
    assert len(desk.rounds.roster) == 1

    assert await desk.headlines(CHANNEL) == await desk.headlines(OTHER_CHANNEL) == ["Post 4"]


async def test_two_feeds_are_taken_in_the_order_of_their_ids_whichever_moves(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two processes could each hold one of them and wait for the other."""
    desk.web.moved = {NEW_HOME: FEED}
    await until_the_last_day(desk)
    desk.web.put(FEED, *posts(1, 2, 3, 4))
    await read(desk, FEED)
    first, second = feed_at(desk, FEED).id, feed_at(desk, NEW_HOME).id
    desk.rounds.roster.put(replace(feed_at(desk, NEW_HOME), moved_days=DAYS_TO_BELIEVE))
    taken: list[int] = []
    lock, save = desk.store.feeds.lock, desk.store.feeds.save

    async def noted_lock(connection: Connection, feed_ids: Collection[int]) -> dict[int, datetime | None]:
        found = await lock(connection, feed_ids)
        taken.extend(found)
        return found

    async def noted_save(connection: Connection, feeds: Sequence[Feed]) -> None:
        taken.extend(feed.id for feed in feeds)
        await save(connection, feeds)

    monkeypatch.setattr(desk.store.feeds, "lock", noted_lock)
    monkeypatch.setattr(desk.store.feeds, "save", noted_save)
    desk.web.errors[FEED] = FetchFailed("That address answered 503.", status=503)
    await read(desk, NEW_HOME)

    assert len(desk.rounds.roster) == 1
    assert list(dict.fromkeys(taken)) == [first, second]
