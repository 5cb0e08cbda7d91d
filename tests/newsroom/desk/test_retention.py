"""What is forgotten, what never is, and that nothing forgotten comes again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from newsroom.desk.retention import KEPT_UNSEEN, KEPT_UNWANTED, MOST_TOMBSTONES
from newsroom.store import tables
from newsroom.store.database import Database
from tests.desk import CHANNEL, FEED, GUILD, OTHER_CHANNEL, Desk, post, posts, told

OTHER_FEED = "https://blog.example/feed.xml"


@pytest.fixture
async def desk(database: Database) -> Desk:
    """A feed that showed posts 1 to 3 once, and posts 4 to 6 since; all of it was posted."""
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(0))
    await desk.add()
    desk.web.put(FEED, *posts(0, 1, 2, 3))
    await desk.round()
    await desk.headlines()
    desk.web.put(FEED, *posts(0, 4, 5, 6))
    await desk.round()
    await desk.headlines()
    return desk


async def count(desk: Desk, table: str) -> int:
    async with desk.store.read() as connection:
        return (await connection.execute(select(func.count()).select_from(tables.metadata.tables[table]))).scalar_one()


async def tomorrow(desk: Desk) -> None:
    """Let a day pass, and read what is due then."""
    desk.clock.advance(days=1)
    report = await desk.rounds.run(desk.rounds.take_due())
    assert report.ok == report.feeds > 0


async def months_pass(desk: Desk, number: int = 13) -> None:
    """Let months pass, with a reading in each."""
    for _ in range(number):
        desk.clock.advance(days=31)
        await desk.rounds.run(desk.rounds.take_due())


async def test_an_article_is_kept_for_a_year_after_its_feed_last_listed_it(desk: Desk) -> None:
    await months_pass(desk, 11)
    assert (await desk.newsroom.retention.run()).articles == 0

    await months_pass(desk, 2)

    assert (await desk.newsroom.retention.run()).articles == 3
    assert await count(desk, "article") == 4


async def test_what_a_feed_still_lists_is_kept_though_it_never_changes(desk: Desk) -> None:
    await months_pass(desk, 30)
    await desk.newsroom.retention.run()

    assert await count(desk, "article") == 4


async def test_what_returns_after_it_was_forgotten_is_not_posted_again(desk: Desk) -> None:
    await months_pass(desk)
    swept = await desk.newsroom.retention.run()
    assert swept.articles == 3 and swept.tombstones > 0
    desk.web.put(FEED, *posts(0, 1, 2, 3, 4, 5, 6, 7))

    await tomorrow(desk)

    assert await desk.headlines() == ["Post 7"]


async def test_what_returns_after_it_was_forgotten_is_known_by_any_of_its_names(desk: Desk) -> None:
    await months_pass(desk)
    await desk.newsroom.retention.run()
    desk.web.put(FEED, post(1, guid="another"), post(2, link="https://lab.example/elsewhere"), *posts(0, 4, 5, 6))

    await tomorrow(desk)

    assert await desk.headlines() == []


async def test_a_feed_can_be_added_again_after_its_articles_were_forgotten(desk: Desk) -> None:
    await months_pass(desk)
    await desk.newsroom.retention.run()
    desk.web.put(FEED, *posts(1, 2, 3, 7))

    added = await desk.add(channel_id=OTHER_CHANNEL, backfill=5)

    assert added.posting == 1
    assert await desk.headlines(OTHER_CHANNEL) == ["Post 7"]


async def test_what_is_on_its_way_is_never_forgotten(desk: Desk) -> None:
    await desk.add(channel_id=OTHER_CHANNEL)
    await desk.subscriptions.pause_channel(GUILD, OTHER_CHANNEL, None)
    desk.web.put(FEED, *posts(0, 7))
    await desk.round()
    desk.web.put(FEED, *posts(0, 8))
    await months_pass(desk)

    await desk.newsroom.retention.run()
    await desk.subscriptions.resume_channel(GUILD, OTHER_CHANNEL)

    [page] = await desk.lists(OTHER_CHANNEL)
    assert [article.title for article, _ in page.page.stories] == ["Post 8", "Post 7"]


async def test_a_story_with_a_poll_outlives_its_articles(database: Database) -> None:
    desk = Desk.over(database)
    await desk.follow()
    claim = await desk.post_story("Mistral releases an open-weights model under Apache 2.0")
    assert claim.card.poll is not None
    desk.web.put(FEED, told("Other news", FEED))
    await months_pass(desk)

    swept = await desk.newsroom.retention.run()

    assert swept.articles == 2
    assert await count(desk, "poll") == 1
    [shown] = await desk.newsroom.polls.listing(GUILD)
    assert shown.poll.story_id == claim.delivery.story_id


async def test_stories_that_nobody_tells_any_more_are_forgotten(desk: Desk) -> None:
    await months_pass(desk)

    swept = await desk.newsroom.retention.run()

    assert swept.stories == 3
    assert await count(desk, "story") == await count(desk, "article") == 4


async def test_a_feed_that_nobody_wants_is_forgotten_after_a_month_with_all_it_had(desk: Desk) -> None:
    await desk.subscriptions.remove(GUILD, 1)
    desk.clock.advance(hours=1)
    await desk.subscriptions.forget_removed()
    assert (await desk.newsroom.retention.run()).feeds == 0

    desk.clock.advance(seconds=KEPT_UNWANTED.total_seconds())

    assert (await desk.newsroom.retention.run()).feeds == 1
    assert await count(desk, "article") == await count(desk, "alias") == await count(desk, "tombstone") == 0


async def test_a_feed_that_was_just_removed_can_still_be_brought_back(desk: Desk) -> None:
    removed = await desk.subscriptions.remove(GUILD, 1)

    await desk.newsroom.retention.run()

    assert len(await desk.undo(removed)) == 1


async def test_of_very_many_forgotten_names_the_newest_stay(desk: Desk) -> None:
    old, new = desk.clock() - timedelta(days=9), desk.clock()
    rows = [
        {"feed_id": 1, "key": number.to_bytes(8), "buried_at": old if number < 50 else new}
        for number in range(MOST_TOMBSTONES + 20)
    ]
    async with desk.store.begin() as connection:
        await connection.execute(tables.tombstone.insert(), rows)

    swept = await desk.newsroom.retention.run()

    assert swept.tombstones == MOST_TOMBSTONES


async def test_what_a_run_did_is_told(desk: Desk) -> None:
    assert (await desk.newsroom.status.of(GUILD)).swept is None
    swept = await desk.newsroom.retention.run()

    status = await desk.newsroom.status.of(GUILD)

    assert status.swept == swept
    assert status.database_bytes > 10_000


async def test_a_year_without_a_reading_forgets_nothing_that_is_still_listed(desk: Desk) -> None:
    """A bot that was switched off for two years reads its feeds before it forgets."""
    desk.clock.advance(seconds=2 * KEPT_UNSEEN.total_seconds())
    await desk.rounds.run(desk.rounds.take_due())

    await desk.newsroom.retention.run()
    desk.web.put(FEED, *posts(0, 4, 5, 6, 7))
    await tomorrow(desk)

    assert await desk.headlines(CHANNEL) == ["Post 7"]
    assert await count(desk, "article") == 5


async def test_what_articles_say_is_forgotten_after_three_months_and_the_articles_stay(desk: Desk) -> None:
    desk.web.put(FEED, post(7, text=("All of it.",)), *posts(0))
    await desk.round()
    assert await count(desk, "article_text") == 1
    desk.clock.advance(days=89)
    await desk.newsroom.retention.run()
    assert await count(desk, "article_text") == 1
    desk.clock.advance(days=2)

    await desk.newsroom.retention.run()

    assert await count(desk, "article_text") == 0
    assert await count(desk, "article") == 8
