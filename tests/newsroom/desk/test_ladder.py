"""What has not changed is not read again, item by item; and that never costs an article."""

from __future__ import annotations

import pytest

from newsroom.desk.rounds import SIGHTED_EVERY, Outcome
from newsroom.feeds.parse import parse
from newsroom.models import Document, Feed
from newsroom.store.database import Database
from tests.desk import GUILD, Desk
from tests.fakes import FakeFetched, Web


class Press(Web):
    """Serves feeds as bytes, without validators, and reads them as the worker does."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[str] = []
        self.built = 0
        self.entries_read: list[int] = []

    def publish(self, *titles: str, guid: str | None = None) -> None:
        for title in titles:
            self.items.insert(
                0,
                f"<item><guid isPermaLink='false'>{guid or title}</guid><title>{title}</title>"
                f"<link>https://lab.example/{title}</link></item>",
            )

    async def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, budget: float = 20.0
    ) -> FakeFetched:
        self.built += 1
        items = "".join(self.items)
        body = f"<rss version='2.0'><channel><title>Lab</title><ttl>1</ttl><b>{self.built}</b>{items}</channel></rss>"
        return FakeFetched(url, body=body.encode())

    async def parse(self, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document:
        document = parse(body, content_type, url, known)
        self.entries_read.append(len(document.entries))
        return document


@pytest.fixture
async def desk(database: Database) -> Desk:
    press = Press()
    press.publish("one", "two", "three")
    desk = Desk.over(database, press)
    await desk.add()
    press.entries_read.clear()
    return desk


def press_of(desk: Desk) -> Press:
    assert isinstance(desk.web, Press)
    return desk.web


def feed_of(desk: Desk) -> Feed:
    feed = desk.rounds.roster.get(1)
    assert feed is not None
    return feed


async def test_of_a_document_that_changed_only_the_new_item_is_read(desk: Desk) -> None:
    press_of(desk).publish("four")

    report = await desk.round()

    assert (report.ok, report.new_articles) == (1, 1)
    assert press_of(desk).entries_read == [1]
    assert await desk.headlines() == ["four"]


async def test_a_document_that_changed_around_its_items_is_unchanged_and_costs_no_writing(desk: Desk) -> None:
    first = await desk.round()

    assert (first.not_modified, first.new_articles) == (1, 0)
    assert press_of(desk).entries_read == [0]


async def test_what_an_unchanged_document_teaches_is_kept_so_that_the_same_bytes_are_not_even_cut(desk: Desk) -> None:
    await desk.round()
    press_of(desk).entries_read.clear()
    press_of(desk).built -= 1

    await desk.round()

    assert press_of(desk).entries_read == []


async def test_in_doubt_the_whole_document_is_read(desk: Desk) -> None:
    press_of(desk).publish("four", guid="three")

    await desk.round()

    assert press_of(desk).entries_read == [1, 4]
    assert await desk.headlines() == ["four"]


async def test_ten_items_that_share_a_guid_one_after_another_are_ten_articles(desk: Desk) -> None:
    for number in range(10):
        press_of(desk).publish(f"number {number}", guid="the same")
        await desk.round()

    assert await desk.headlines() == [f"number {number}" for number in range(10)]


async def test_an_edited_item_is_read_and_is_no_news(desk: Desk) -> None:
    press_of(desk).items[0] = press_of(desk).items[0].replace("<title>three", "<title>Three, corrected")

    report = await desk.round()

    assert (report.ok, report.new_articles) == (1, 0)


async def test_what_could_not_be_stored_is_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*args: object) -> None:
        raise RuntimeError

    press_of(desk).publish("four")
    with monkeypatch.context() as patched:
        patched.setattr(desk.store.deliveries, "plan", fail)
        await desk.round()

    await desk.round()

    assert await desk.headlines() == ["four"]


async def test_after_a_restart_what_is_known_is_still_not_read(desk: Desk, database: Database) -> None:
    after = Desk.over(database, desk.web, desk.clock)
    await after.rounds.load()
    press_of(desk).publish("four")

    await after.round()

    assert press_of(desk).entries_read == [1]


async def test_a_feed_is_read_whole_once_in_a_while_so_that_we_know_what_it_still_lists(desk: Desk) -> None:
    desk.clock.advance(seconds=SIGHTED_EVERY.total_seconds())

    await desk.round()

    assert press_of(desk).entries_read == [3]
    assert feed_of(desk).sighted_at == feed_of(desk).checked_at


async def test_a_feed_that_was_paused_counts_all_it_holds_as_known_when_it_is_resumed(desk: Desk) -> None:
    await desk.subscriptions.pause(GUILD, 1)
    press_of(desk).publish("missed")
    desk.clock.advance(minutes=1)
    await desk.subscriptions.resume(GUILD, 1)
    refreshed = await desk.subscriptions.refresh(GUILD, 1)
    press_of(desk).publish("four")
    await desk.round()

    assert refreshed.outcome is Outcome.READ
    assert await desk.headlines() == ["four"]
