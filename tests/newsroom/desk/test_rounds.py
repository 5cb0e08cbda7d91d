"""What a round promises: each new article reaches each of its channels once, and a feed's trouble is its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from newsroom.desk.roster import Roster
from newsroom.desk.rounds import Rounds
from newsroom.errors import FetchFailed, StoreError
from newsroom.feeds.fetch import Fetcher
from newsroom.marks import Marks
from newsroom.models import Feed
from newsroom.store.database import Database
from newsroom.votes.story_polls import StoryPolls
from tests.desk import CHANNEL, FEED, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk, post, posts
from tests.fakes import Web
from tests.makers import entry
from tests.web import PageAnswer, page_site, silent


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.over(database)


async def test_a_new_article_is_posted_once_in_every_channel_that_gets_the_feed(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    await desk.add(channel_id=CHANNEL)
    await desk.add(channel_id=OTHER_CHANNEL)
    desk.web.put(FEED, *posts(1, 2))

    report = await desk.round()
    again = await desk.round()

    assert (report.ok, report.new_articles) == (1, 1)
    assert (again.not_modified, again.new_articles) == (1, 0)
    assert await desk.headlines(CHANNEL) == ["Post 2"]
    assert await desk.headlines(OTHER_CHANNEL) == ["Post 2"]


async def test_new_articles_of_one_document_are_posted_oldest_first(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    await desk.add()
    desk.web.put(FEED, *posts(1, 2, 3, 4))

    await desk.round()

    assert await desk.headlines() == ["Post 2", "Post 3", "Post 4"]


async def test_later_rounds_are_posted_after_earlier_ones(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    await desk.add()
    desk.web.put(FEED, *posts(1, 5))
    await desk.round()
    desk.web.put(FEED, *posts(1, 3, 5))
    await desk.round()

    assert await desk.headlines() == ["Post 5", "Post 3"]


async def test_a_feed_that_is_read_once_is_fetched_once_for_all_its_channels(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    await desk.add(channel_id=CHANNEL)
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    desk.web.fetched.clear()

    await desk.round()

    assert desk.web.fetched == [FEED]


async def test_a_body_that_has_not_changed_is_not_parsed_again(desk: Desk) -> None:
    class ForgetfulWeb(Web):
        async def get(self, url: str, **options: object):
            return replace(await super().get(url), etag=None)

    desk = Desk.over(desk.store.database, ForgetfulWeb())
    desk.web.put(FEED, *posts(1))
    await desk.add()
    desk.web.parsed.clear()

    report = await desk.round()

    assert (report.not_modified, desk.web.parsed) == (1, [])


async def test_an_unchanged_feed_costs_no_query(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    await desk.add()
    statements = desk.statements()

    report = await desk.round()
    assert (report.not_modified, statements) == (1, [])

    await desk.rounds.save()
    assert any("UPDATE feed" in statement for statement in statements), "the bookkeeping is written in a batch"


async def test_an_article_whose_guid_changes_and_later_its_link_is_still_known(desk: Desk) -> None:
    desk.web.put(FEED, post(1, guid="one"))
    await desk.add()
    desk.web.put(FEED, post(1, guid="two"))
    await desk.round()
    desk.web.put(FEED, post(1, guid="two", link="https://lab.example/elsewhere"))
    await desk.round()

    assert await desk.headlines() == []


async def test_a_site_that_moves_house_floods_nobody(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1, 2, 3))
    await desk.add()
    moved = [post(n, guid=f"https://new.example/posts/{n}", link=f"https://new.example/posts/{n}") for n in (3, 2, 1)]
    desk.web.put(FEED, *moved)

    assert (await desk.round()).new_articles == 0
    desk.web.put(FEED, post(4, guid="https://new.example/posts/4", link="https://new.example/posts/4"), *moved)
    assert (await desk.round()).new_articles == 1


async def test_one_story_from_two_feeds_is_one_card_in_a_channel(desk: Desk) -> None:
    mirror = "https://mirror.example/feed.xml"
    desk.web.put(FEED, *posts(1))
    desk.web.put(mirror, entry(guid="m", link="https://mirror.example/1", title="Other"))
    await desk.add()
    await desk.add(mirror)
    desk.web.put(FEED, *posts(1, 2))
    desk.web.put(
        mirror,
        entry(guid="x", link="https://lab.example/posts/2?utm_source=mirror", title="Post 2, as told elsewhere"),
        entry(guid="m", link="https://mirror.example/1", title="Other"),
    )

    await desk.round()

    assert len(await desk.headlines()) == 1


async def test_a_feed_that_fails_keeps_its_error_in_words_and_waits_longer_each_time(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    added = await desk.add()
    desk.web.errors[FEED] = FetchFailed("That address answered 500: its server is in trouble.", status=500)

    waits = []
    for _ in range(3):
        desk.clock.advance(days=1)
        await desk.rounds.run(desk.rounds.take_due())
        feed = desk.rounds.roster.get(added.feed.id)
        waits.append(feed.due_at - desk.clock())

    assert waits == sorted(waits) and waits[0] < waits[-1]
    assert (feed.failures, feed.error) == (3, "That address answered 500: its server is in trouble.")


async def test_a_feed_that_failed_recovers_by_itself(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    added = await desk.add()
    desk.web.errors[FEED] = FetchFailed("down", status=503)
    await desk.round()
    desk.web.put(FEED, *posts(1, 2))
    desk.clock.advance(days=1)
    await desk.round()

    feed = desk.rounds.roster.get(added.feed.id)
    assert (feed.failures, feed.error) == (0, None)
    assert await desk.headlines() == ["Post 2"]


async def test_retry_after_is_obeyed(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    added = await desk.add()
    desk.web.errors[FEED] = FetchFailed("busy", status=429, retry_after=timedelta(hours=5))
    await desk.round()

    assert desk.rounds.roster.get(added.feed.id).due_at == desk.clock() + timedelta(hours=5)


async def test_one_feed_that_fails_touches_no_other(desk: Desk) -> None:
    broken = "https://broken.example/feed"
    desk.web.put(FEED, *posts(1))
    desk.web.put(broken, entry(guid="b", link="https://broken.example/1"))
    await desk.add()
    await desk.add(broken)
    desk.web.put(FEED, *posts(1, 2))
    desk.web.errors[broken] = FetchFailed("down", status=500)

    report = await desk.round()

    assert (report.feeds, report.ok, report.failed, report.new_articles) == (2, 1, 1, 1)


async def test_a_failure_that_nobody_foresaw_is_that_feeds_alone(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    odd = "https://odd.example/feed"
    desk.web.put(FEED, *posts(1))
    desk.web.put(odd, entry(guid="o", link="https://odd.example/1"))
    await desk.add()
    added = await desk.add(odd)
    desk.web.put(FEED, *posts(1, 2))
    desk.web.errors[odd] = ZeroDivisionError()

    report = await desk.round()

    assert (report.ok, report.failed) == (1, 1)
    assert desk.rounds.roster.get(added.feed.id).due_at > desk.clock()
    assert "ZeroDivisionError" in caplog.text


async def test_what_cannot_be_stored_of_one_feed_spoils_no_other_and_is_read_again(desk: Desk) -> None:
    poisoned = "https://poisoned.example/feed"
    desk.web.put(FEED, *posts(1))
    desk.web.put(poisoned, entry(guid="p", link="https://poisoned.example/1"))
    await desk.add()
    added = await desk.add(poisoned)
    desk.web.put(FEED, *posts(1, 2))
    desk.web.put(poisoned, entry(guid="q", link="https://poisoned.example/2", published="not a date"))

    report = await desk.round()
    assert await desk.headlines() == ["Post 2"]
    assert report.new_articles == 1

    desk.web.put(poisoned, entry(guid="q", link="https://poisoned.example/2", title="Mended"))
    await desk.round()
    assert await desk.headlines() == ["Mended"]
    assert desk.rounds.roster.get(added.feed.id).etag is not None


async def test_a_round_reads_the_longest_overdue_feed_first_and_each_once(desk: Desk) -> None:
    for number in range(3):
        url = f"https://{number}.example/feed"
        desk.web.put(url, entry(guid=str(number), link=f"https://{number}.example/1"))
        await desk.add(url)
        desk.clock.advance(minutes=1)
    desk.clock.advance(hours=1)

    due = desk.rounds.take_due()

    assert [feed.url for feed in due] == [f"https://{number}.example/feed" for number in range(3)]
    assert desk.rounds.take_due() == []


@pytest.mark.parametrize("outcome", ["read", "unchanged", "failed"])
async def test_a_feed_that_never_answers_keeps_no_other_of_its_round_from_being_read_again(
    database: Database, outcome: str
) -> None:
    class SlowWeb(Web):
        async def get(self, url: str, **options: object):
            if url == slow and url in self.fetched:
                await asyncio.Event().wait()
            return await super().get(url, **options)

    class WatchedRoster(Roster):
        told = asyncio.Event()

        def update(self, feed: Feed) -> None:
            super().update(feed)
            self.told.set()

        def learn(self, feed: Feed) -> None:
            super().learn(feed)
            self.told.set()

    slow = "https://slow.example/feed"
    desk = Desk.over(database, SlowWeb())
    desk.web.put(FEED, *posts(1))
    desk.web.put(slow, entry(guid="s", link="https://slow.example/1"))
    await desk.add()
    await desk.add(slow)
    if outcome == "read":
        desk.web.put(FEED, *posts(1, 2))
    elif outcome == "failed":
        desk.web.errors[FEED] = FetchFailed("down", status=503)
    desk.clock.advance(minutes=30)
    desk.rounds.roster = roster = WatchedRoster(map(desk.rounds.roster.get, (1, 2)))
    round_ = asyncio.create_task(desk.rounds.run(desk.rounds.take_due()))
    await roster.told.wait()

    desk.clock.advance(minutes=30)
    due = desk.rounds.take_due()
    round_.cancel()
    await asyncio.wait([round_])

    assert [feed.url for feed in due] == [FEED]
    assert [feed.url for feed in desk.rounds.take_due()] == [slow], "what the next round took is not taken away from it"


async def test_a_feed_that_was_read_while_the_clock_ran_ahead_is_read_again_once_it_is_set_right(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    await desk.add()
    desk.clock.advance(days=1000)
    await desk.round()
    desk.clock.advance(days=-1000)

    assert (await desk.round()).feeds == 1
    assert (await desk.round()).feeds == 1
    assert desk.rounds.take_due() == []


async def test_a_feed_that_is_paused_and_resumed_while_it_is_read_still_posts_what_comes_next(
    database: Database,
) -> None:
    class HeldWeb(Web):
        async def get(self, url: str, **options: object):
            answer = await super().get(url, **options)
            asked.set()
            await let_go.wait()
            return answer

    asked, let_go = asyncio.Event(), asyncio.Event()
    let_go.set()
    desk = Desk.over(database, HeldWeb())
    desk.web.put(FEED, *posts(1))
    added = await desk.add()
    asked.clear()
    let_go.clear()
    round_ = asyncio.create_task(desk.round())
    await asked.wait()
    await desk.subscriptions.pause(GUILD, added.feed.id)
    await desk.subscriptions.resume(GUILD, added.feed.id)
    let_go.set()
    await round_

    await desk.round()
    desk.web.put(FEED, *posts(1, 2))
    await desk.round()

    assert await desk.headlines() == ["Post 2"]


async def test_what_an_unchanged_feed_teaches_is_written_in_one_batch(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    added = await desk.add()
    await desk.round()
    await desk.rounds.save()

    restarted = Desk.over(desk.store.database, desk.web, desk.clock)
    await restarted.rounds.load()

    assert restarted.rounds.roster.get(added.feed.id) == desk.rounds.roster.get(added.feed.id)


async def test_after_a_restart_nothing_is_posted_twice_and_nothing_is_missed(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    await desk.add()
    desk.web.put(FEED, *posts(1, 2))
    await desk.round()

    restarted = Desk.over(desk.store.database, desk.web, desk.clock)
    await restarted.rounds.load()
    desk.web.put(FEED, *posts(1, 2, 3))
    await restarted.round()

    assert await restarted.headlines() == ["Post 2", "Post 3"]


async def test_two_processes_that_read_a_feed_at_the_same_moment_post_each_article_once(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    await desk.add()
    twin = Desk.over(desk.store.database, desk.web, desk.clock)
    await twin.rounds.load()
    desk.web.put(FEED, *posts(1, 2, 3))

    await asyncio.gather(desk.round(), twin.round())

    assert await desk.headlines() == ["Post 2", "Post 3"]


MIRROR = "https://mirror.example/feed.xml"


async def retold(desk: Desk) -> None:
    """Have two feeds of one channel tell the same new story, the first of them first."""
    desk.web.put(FEED, *posts(1))
    desk.web.put(MIRROR, entry(guid="m", link="https://mirror.example/1", title="Other"))
    await desk.add()
    await desk.add(MIRROR)
    desk.web.put(FEED, *posts(1, 2))
    await desk.round()


def tell_it_too(desk: Desk) -> None:
    other = entry(guid="m", link="https://mirror.example/1", title="Other")
    desk.web.put(MIRROR, entry(guid="x", link="https://lab.example/posts/2", title="Retold"), other)


async def test_a_story_of_a_removed_feed_still_comes_if_another_feed_there_told_it_too(desk: Desk) -> None:
    await retold(desk)
    tell_it_too(desk)
    await desk.round()

    await desk.subscriptions.remove(GUILD, (await desk.subscriptions.find(GUILD, FEED)).feed.id)

    assert await desk.headlines() == ["Post 2"]


@pytest.mark.parametrize("stop", ["remove", "pause"])
async def test_a_story_that_one_feed_may_not_bring_any_more_comes_with_another_that_tells_it(
    desk: Desk, stop: str
) -> None:
    await retold(desk)
    feed_id = (await desk.subscriptions.find(GUILD, FEED)).feed.id
    await getattr(desk.subscriptions, stop)(GUILD, feed_id)
    tell_it_too(desk)
    await desk.round()

    assert await desk.headlines() == ["Retold"]
    assert await desk.headlines() == []


async def test_a_story_that_comes_with_another_feed_comes_once_though_the_first_is_brought_back(desk: Desk) -> None:
    await retold(desk)
    removed = await desk.subscriptions.remove(GUILD, (await desk.subscriptions.find(GUILD, FEED)).feed.id)
    tell_it_too(desk)
    desk.clock.advance(minutes=9)
    await desk.rounds.run(list(map(desk.rounds.roster.get, [2])))
    await desk.subscriptions.undo(GUILD, removed.feed_id, removed.removed_at)

    assert await desk.headlines() == ["Retold"]


async def test_a_host_that_never_answers_holds_up_no_other_hosts_feeds(desk: Desk) -> None:
    async with page_site({f"/{number}": silent for number in range(60)}) as site:
        fetcher = Fetcher(allow_hosts=[f"127.0.0.1:{site.port}", f"localhost:{site.port}"], now=desk.clock)
        story_polls = StoryPolls(desk.store, Marks("installation"))
        rounds = Rounds(desk.store, fetcher, desk.web, story_polls, now=desk.clock, interval=timedelta(minutes=10))
        async with desk.store.begin() as connection:
            slow = [
                await desk.store.feeds.add(connection, site.url(f"/{number}"), "Slow", None, desk.clock())
                for number in range(60)
            ]
            good_url = f"http://localhost:{site.port}/good"
            good = await desk.store.feeds.add(connection, good_url, "Good", None, desk.clock())
        site.pages["/good"] = PageAnswer("a feed")
        desk.web.put(good_url, *posts(1))
        hanging = [asyncio.create_task(rounds.run([feed])) for feed in slow]
        await site.was_asked(2)

        report = await rounds.run([good])

        assert (report.ok, report.new_articles) == (1, 1)
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        await fetcher.close()


async def test_a_failure_out_of_turn_leaves_the_feeds_turn_as_it_was(desk: Desk) -> None:
    desk.web.put(FEED, *posts(1))
    feed = (await desk.add()).feed
    desk.web.errors[FEED] = FetchFailed("down", status=500)

    for _ in range(6):
        await desk.rounds.read_now(desk.rounds.roster.get(feed.id))

    now = desk.rounds.roster.get(feed.id)
    assert (now.due_at, now.failures, now.error) == (feed.due_at, 0, "down")


async def test_bookkeeping_that_could_not_be_written_is_written_the_next_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.web.put(FEED, *posts(1))
    added = await desk.add()
    await desk.round()

    async def broken(*args: object) -> None:
        raise StoreError("The database is busy.")

    with monkeypatch.context() as patch:
        patch.setattr(desk.store.feeds, "save", broken)
        with pytest.raises(StoreError):
            await desk.rounds.save()
    await desk.rounds.save()

    async with desk.store.read() as connection:
        assert await desk.store.feeds.get(connection, added.feed.id) == desk.rounds.roster.get(added.feed.id)
