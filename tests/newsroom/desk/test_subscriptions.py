"""What admins are promised: everything they do concerns their own server, can be seen, and can be undone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from newsroom.desk.demand import MOST_AT_ONCE
from newsroom.desk.rounds import Outcome
from newsroom.desk.subscriptions import LOOK_UP_SECONDS, Candidate, Several, is_stopped
from newsroom.errors import FetchFailed, NotAFeed, RequestRefused
from newsroom.models import Backlog, ChannelKind, FeedLink, News, SubscriptionState
from newsroom.store.database import Database
from tests.desk import (
    CHANNEL,
    FEED,
    FOREIGN_CHANNEL,
    GUILD,
    OTHER_CHANNEL,
    OTHER_GUILD,
    Desk,
    post,
    posts,
)
from tests.fakes import FakeFetched
from tests.makers import NOW

PAGE = "https://lab.example/"
OTHER_FEED = "https://blog.example/feed.xml"


@pytest.fixture
def desk(database: Database) -> Desk:
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(1, 2, 3))
    return desk


@pytest.mark.parametrize(("backfill", "posted"), [(0, []), (1, ["Post 3"]), (2, ["Post 2", "Post 3"])])
async def test_what_a_feed_holds_when_it_is_added_counts_as_known_and_the_newest_are_posted(desk, backfill, posted):
    added = await desk.add(backfill=backfill)

    assert (added.items, added.newest, added.posting) == (3, "Post 3", backfill)
    assert await desk.headlines() == posted
    assert (await desk.round()).new_articles == 0


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_a_backfill_larger_than_the_feed_posts_all_of_it(desk: Desk, number: int):
    desk.web.put(FEED, *posts(*range(number)))

    assert (await desk.add(backfill=5)).posting == number


async def test_a_feed_that_others_have_has_its_own_baseline_here(desk: Desk):
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    desk.web.put(FEED, *posts(1, 2, 3, 4))

    await desk.add(backfill=1)

    assert await desk.headlines(CHANNEL) == ["Post 4"]
    assert await desk.headlines(FOREIGN_CHANNEL) == ["Post 4"], "found while adding, and news to those who had it"


async def test_the_same_feed_twice_in_a_channel_is_a_polite_no(desk: Desk):
    await desk.add(backfill=0)

    with pytest.raises(RequestRefused, match="already gets that feed"):
        await desk.add(backfill=3)

    assert await desk.headlines() == []


async def test_a_guild_that_has_very_many_feeds_gets_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("newsroom.desk.subscriptions.MOST_SUBSCRIPTIONS", 1)
    await desk.add()
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)

    with pytest.raises(RequestRefused, match="This server has 1 feeds, which is the most"):
        await desk.add(channel_id=OTHER_CHANNEL)

    assert [listed.channel.channel_id for listed in await desk.subscriptions.listing(GUILD)] == [CHANNEL]


@pytest.mark.parametrize(
    "spelling", ["HTTPS://LAB.example/feed.xml", "https://lab.example:443/feed.xml", f"{FEED}#top"]
)
async def test_a_feed_is_the_same_however_its_address_is_spelled(desk: Desk, spelling: str):
    await desk.add()

    with pytest.raises(RequestRefused, match="already gets that feed"):
        await desk.add(spelling)


async def test_a_feed_that_cannot_be_added_leaves_nothing_behind(desk: Desk):
    desk.web.errors[FEED] = FetchFailed("That address answered 404.", status=404)

    with pytest.raises(FetchFailed):
        await desk.add()

    assert await desk.subscriptions.listing(GUILD) == []
    assert len(desk.rounds.roster) == 0


async def test_a_feed_without_items_is_refused_with_a_sentence(desk: Desk):
    desk.web.put(FEED)

    with pytest.raises(RequestRefused, match="no items yet"):
        await desk.add()


async def test_a_page_with_one_feed_leads_to_it(desk: Desk):
    desk.web.pages[PAGE] = (FeedLink(FEED, "Lab Notes"),)

    candidate = await desk.subscriptions.look_up(PAGE)

    assert isinstance(candidate, Candidate)
    assert candidate.url == FEED


async def test_a_page_with_several_feeds_asks_which(desk: Desk):
    links = (FeedLink(FEED, "Posts"), FeedLink(f"{FEED}?comments", "Comments"))
    desk.web.pages[PAGE] = links

    found = await desk.subscriptions.look_up(PAGE)

    assert isinstance(found, Several)
    assert found.links == links


async def test_a_page_without_a_feed_says_so(desk: Desk):
    desk.web.pages[PAGE] = ()

    with pytest.raises(NotAFeed):
        await desk.subscriptions.look_up(PAGE)


@pytest.mark.parametrize(
    "address", ["lab.example/feed.xml", "  https://lab.example/feed.xml ", "<https://lab.example/feed.xml>"]
)
async def test_an_address_may_be_pasted_as_people_do(desk: Desk, address: str):
    candidate = await desk.subscriptions.look_up(address)

    assert isinstance(candidate, Candidate)


@pytest.mark.parametrize(
    "address", ["", "two words", "https://lab.example/two words", "hello", "localhost/feed.xml", "https://[::1"]
)
async def test_what_is_no_address_is_refused_with_an_example(desk: Desk, address: str):
    with pytest.raises(RequestRefused, match=r"https://example\.com/feed\.xml"):
        await desk.subscriptions.look_up(address)

    assert desk.web.fetched == []


async def test_a_feed_chosen_of_several_gets_the_seconds_its_page_has_left(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    budgets = []
    get = desk.web.get

    async def counting(url: str, *, budget: float, **options: str) -> object:
        budgets.append(budget)
        return await get(url, **options)

    monkeypatch.setattr(desk.web, "get", counting)
    desk.web.pages[PAGE] = (FeedLink(FEED, "Posts"), FeedLink(f"{FEED}?comments", "Comments"))
    found = await desk.subscriptions.look_up(PAGE)
    assert isinstance(found, Several)
    await desk.subscriptions.look_up(FEED, found.seconds)

    assert budgets == [LOOK_UP_SECONDS, found.seconds]
    assert found.seconds < LOOK_UP_SECONDS


async def test_looking_up_has_one_budget_for_all_it_fetches(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("newsroom.desk.subscriptions.LOOK_UP_SECONDS", 0.01)

    async def never(*args: object, **options: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(desk.web, "parse", never)

    with pytest.raises(FetchFailed, match=r"0\.01 seconds"):
        await desk.subscriptions.look_up(FEED)


async def test_an_own_title_names_the_source_on_cards_and_in_the_list(desk: Desk):
    await desk.add(title="The Lab", backfill=1)

    assert [listed.title for listed in await desk.subscriptions.listing(GUILD)] == ["The Lab"]
    assert (await desk.claims())[0].card.source == "The Lab"


@pytest.mark.parametrize("title", [None, "", "  ", "\u200b"])
async def test_without_an_own_title_the_feed_s_own_is_shown(desk: Desk, title: str | None):
    await desk.add(title=title, backfill=1)

    assert (await desk.claims())[0].card.source == "Lab Notes"


async def test_adding_tells_whether_the_channel_gets_news_now(desk: Desk):
    added = await desk.add()
    assert not is_stopped(added.channel, NOW)

    await desk.subscriptions.pause_channel(GUILD, CHANNEL, timedelta(hours=1))
    desk.web.put(OTHER_FEED, *posts(8))
    added = await desk.add(OTHER_FEED)
    assert is_stopped(added.channel, NOW)
    assert not is_stopped(added.channel, NOW + timedelta(hours=1))


async def test_a_title_that_several_feeds_share_names_none_of_them(desk: Desk):
    desk.web.put(OTHER_FEED, *posts(8))
    await desk.add()
    await desk.add(channel_id=OTHER_CHANNEL)
    assert (await desk.subscriptions.find(GUILD, "Lab Notes")).feed.url == FEED

    await desk.add(OTHER_FEED)
    with pytest.raises(RequestRefused, match="Several feeds here have that name"):
        await desk.subscriptions.find(GUILD, "Lab Notes")


async def test_a_guild_sees_its_own_feeds_alone(desk: Desk):
    added = await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)

    assert await desk.subscriptions.listing(GUILD) == []
    assert await desk.subscriptions.choices(GUILD, "") == []
    for request in (
        desk.subscriptions.remove(GUILD, added.feed.id),
        desk.subscriptions.pause(GUILD, added.feed.id),
        desk.subscriptions.resume(GUILD, added.feed.id),
        desk.subscriptions.preview(GUILD, added.feed.id),
        desk.subscriptions.refresh(GUILD, added.feed.id),
        desk.subscriptions.find(GUILD, FEED),
        desk.subscriptions.pause_channel(GUILD, FOREIGN_CHANNEL, None),
    ):
        with pytest.raises(RequestRefused):
            await request


async def test_a_feed_is_found_by_part_of_its_title_or_address(desk: Desk):
    added = await desk.add(title="The Lab")

    for text in ("the l", "EXAMPLE/FEED", ""):
        assert [choice[2] for choice in await desk.subscriptions.choices(GUILD, text)] == [f"#{added.feed.id}"]
    assert await desk.subscriptions.choices(GUILD, "elsewhere") == []


@pytest.mark.parametrize("text", ["#{id}", FEED, "the lab"])
async def test_a_feed_may_be_named_by_choice_address_or_title(desk: Desk, text: str):
    added = await desk.add(title="The Lab")

    listed = await desk.subscriptions.find(GUILD, text.format(id=added.feed.id))

    assert listed.feed.id == added.feed.id


async def test_a_removed_feed_posts_nothing_more_and_is_not_fetched(desk: Desk):
    added = await desk.add(backfill=1)

    await desk.subscriptions.remove(GUILD, added.feed.id)

    assert await desk.subscriptions.listing(GUILD) == []
    assert await desk.headlines() == []
    assert (await desk.round()).feeds == 0


async def test_removing_from_one_channel_leaves_the_others(desk: Desk):
    added = await desk.add()
    await desk.add(channel_id=OTHER_CHANNEL)

    removed = await desk.subscriptions.remove(GUILD, added.feed.id, OTHER_CHANNEL)

    assert removed.channel_ids == (OTHER_CHANNEL,)
    assert [one.channel.channel_id for one in await desk.subscriptions.listing(GUILD)] == [CHANNEL]


async def test_removing_here_stops_nobody_elsewhere(desk: Desk):
    added = await desk.add()
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)

    await desk.subscriptions.remove(GUILD, added.feed.id)
    desk.web.put(FEED, *posts(3, 4))
    await desk.round()

    assert await desk.headlines(FOREIGN_CHANNEL) == ["Post 4"]
    assert await desk.headlines(CHANNEL) == []


async def test_undo_brings_back_what_waited_and_what_came_meanwhile(desk: Desk):
    added = await desk.add(backfill=1)
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    removed = await desk.subscriptions.remove(GUILD, added.feed.id)
    desk.web.put(FEED, *posts(1, 2, 3, 4))
    desk.clock.advance(minutes=9)
    await desk.subscriptions.refresh(OTHER_GUILD, added.feed.id)

    await desk.undo(removed)

    assert await desk.headlines() == ["Post 3", "Post 4"]
    assert (await desk.round()).feeds == 1


async def test_after_ten_minutes_nothing_is_undone(desk: Desk):
    added = await desk.add()
    removed = await desk.subscriptions.remove(GUILD, added.feed.id)
    desk.clock.advance(minutes=11)

    with pytest.raises(RequestRefused, match="can't be undone any more"):
        await desk.undo(removed)

    assert await desk.subscriptions.listing(GUILD) == []


async def test_undo_tells_where_the_feed_is_back_and_leaves_alone_what_was_added_anew(desk: Desk):
    added = await desk.add()
    await desk.add(channel_id=OTHER_CHANNEL)
    removed = await desk.subscriptions.remove(GUILD, added.feed.id)
    await desk.add(channel_id=OTHER_CHANNEL)

    assert [one.channel.channel_id for one in await desk.undo(removed)] == [CHANNEL]
    assert len(await desk.subscriptions.listing(GUILD)) == 2


async def test_undoing_twice_changes_nothing(desk: Desk):
    added = await desk.add()
    removed = await desk.subscriptions.remove(GUILD, added.feed.id)
    await desk.undo(removed)

    with pytest.raises(RequestRefused):
        await desk.undo(removed)

    assert len(await desk.subscriptions.listing(GUILD)) == 1


async def test_what_was_paused_when_it_was_removed_is_paused_when_it_is_back(desk: Desk):
    added = await desk.add()
    await desk.subscriptions.pause(GUILD, added.feed.id)

    await desk.undo(await desk.subscriptions.remove(GUILD, added.feed.id))

    assert (await desk.subscriptions.listing(GUILD))[0].subscription.state is SubscriptionState.PAUSED


async def test_a_removal_can_be_undone_after_a_restart(desk: Desk, database: Database):
    added = await desk.add(backfill=1)
    removed = await desk.subscriptions.remove(GUILD, added.feed.id)
    restarted = Desk.over(database, desk.web, desk.clock)
    await restarted.rounds.load()

    await restarted.undo(removed)

    assert await restarted.headlines() == ["Post 3"]
    assert (await restarted.round()).feeds == 1


async def test_nobody_elsewhere_undoes_what_was_removed_here(desk: Desk):
    added = await desk.add()
    removed = await desk.subscriptions.remove(GUILD, added.feed.id)

    with pytest.raises(RequestRefused, match="can't be undone"):
        await desk.subscriptions.undo(OTHER_GUILD, removed.feed_id, removed.removed_at)

    assert await desk.subscriptions.listing(GUILD) == []


async def test_each_removal_is_undone_by_itself(desk: Desk):
    added = await desk.add()
    await desk.add(channel_id=OTHER_CHANNEL)
    first = await desk.subscriptions.remove(GUILD, added.feed.id, CHANNEL)
    desk.clock.advance(seconds=1)
    await desk.subscriptions.remove(GUILD, added.feed.id, OTHER_CHANNEL)

    assert [one.channel.channel_id for one in await desk.undo(first)] == [CHANNEL]


async def test_a_removed_feed_can_be_added_anew(desk: Desk):
    added = await desk.add()
    await desk.subscriptions.remove(GUILD, added.feed.id)
    desk.web.put(FEED, *posts(1, 2, 3, 4))

    await desk.add(backfill=0)

    assert await desk.headlines() == []
    assert (await desk.round()).feeds == 1


async def test_what_was_set_aside_before_a_feed_was_removed_never_comes_once_it_is_added_anew(desk: Desk):
    added = await desk.add(backfill=1)
    await desk.subscriptions.pause(GUILD, added.feed.id)
    await desk.subscriptions.remove(GUILD, added.feed.id)
    await desk.add(backfill=0)

    await desk.subscriptions.pause(GUILD, added.feed.id)
    await desk.subscriptions.resume(GUILD, added.feed.id)

    assert await desk.headlines() == []


async def test_a_feed_that_is_removed_while_a_round_remembers_it_leaves_nothing_waiting(desk: Desk):
    added = await desk.add()
    store = desk.store
    async with store.begin() as connection:
        await store.feeds.lock(connection, [added.feed.id])
        subscribers = await store.subscriptions.active_of(connection, [added.feed.id])
        removing = asyncio.create_task(desk.subscriptions.remove(GUILD, added.feed.id))
        await asyncio.wait([removing], timeout=0.1)
        newest = await store.articles.newest(connection, added.feed.id)
        assert newest is not None
        await store.deliveries.plan(connection, [News([newest], subscribers[added.feed.id])], NOW)
    await removing

    assert await desk.headlines() == []


async def test_who_adds_a_feed_while_another_removes_it_gets_it_read(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    added = await desk.add()
    adding: list[asyncio.Task[object]] = []
    active_of = desk.store.subscriptions.active_of

    async def meanwhile(*args: object) -> object:
        found = await active_of(*args)
        if not adding:
            adding.append(asyncio.create_task(desk.add(FEED, FOREIGN_CHANNEL, OTHER_GUILD)))
            await asyncio.wait(adding, timeout=0.1)
        return found

    monkeypatch.setattr(desk.store.subscriptions, "active_of", meanwhile)
    await desk.subscriptions.remove(GUILD, added.feed.id)
    await asyncio.gather(*adding)

    assert desk.rounds.roster.get(added.feed.id) is not None


async def test_removals_that_cannot_be_undone_are_forgotten(desk: Desk):
    added = await desk.add()
    removed = await desk.subscriptions.remove(GUILD, added.feed.id)
    desk.clock.advance(minutes=11)

    await desk.subscriptions.forget_removed()

    desk.clock.time = NOW
    with pytest.raises(RequestRefused):
        await desk.undo(removed)


async def test_a_paused_feed_is_not_fetched_and_what_it_brings_meanwhile_counts_as_known(desk: Desk):
    added = await desk.add()
    await desk.subscriptions.pause(GUILD, added.feed.id)
    assert (await desk.round()).feeds == 0

    desk.web.put(FEED, *posts(1, 2, 3, 4))
    await desk.subscriptions.resume(GUILD, added.feed.id)
    await desk.round()
    assert await desk.headlines() == []

    desk.web.put(FEED, *posts(1, 2, 3, 4, 5))
    await desk.round()
    assert await desk.headlines() == ["Post 5"]


async def test_after_resuming_an_unchanged_feed_the_next_article_is_posted(desk: Desk):
    added = await desk.add()
    await desk.subscriptions.pause(GUILD, added.feed.id)
    await desk.subscriptions.resume(GUILD, added.feed.id)
    await desk.round()
    desk.web.put(FEED, *posts(1, 2, 3, 4))
    await desk.round()

    assert await desk.headlines() == ["Post 4"]


async def test_a_crash_after_resuming_swallows_no_article(desk: Desk, database: Database):
    added = await desk.add()
    await desk.subscriptions.pause(GUILD, added.feed.id)
    await desk.subscriptions.resume(GUILD, added.feed.id)
    restarted = Desk.over(database, desk.web, desk.clock)
    await restarted.rounds.load()

    await restarted.round()
    desk.web.put(FEED, *posts(1, 2, 3, 4))
    await restarted.round()

    assert await restarted.headlines() == ["Post 4"]


async def test_two_that_resume_a_feed_before_it_is_read_both_take_what_it_holds_for_known(desk: Desk):
    added = await desk.add()
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    for guild_id in (GUILD, OTHER_GUILD):
        await desk.subscriptions.pause(guild_id, added.feed.id)
    desk.web.put(FEED, *posts(1, 2, 3, 4))
    for guild_id in (GUILD, OTHER_GUILD):
        await desk.subscriptions.resume(guild_id, added.feed.id)
    await desk.round()

    assert await desk.headlines(CHANNEL) == await desk.headlines(FOREIGN_CHANNEL) == []


async def test_pausing_here_stops_nobody_elsewhere(desk: Desk):
    added = await desk.add()
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.subscriptions.pause(GUILD, added.feed.id)
    desk.web.put(FEED, *posts(1, 2, 3, 4))
    await desk.round()

    assert await desk.headlines(FOREIGN_CHANNEL) == ["Post 4"]
    await desk.subscriptions.resume(GUILD, added.feed.id)
    desk.web.put(FEED, *posts(1, 2, 3, 4, 5))
    await desk.round()
    assert await desk.headlines(CHANNEL) == ["Post 5"]


async def test_what_waited_when_a_feed_was_paused_comes_after_it_is_resumed(desk: Desk):
    added = await desk.add(backfill=1)

    await desk.subscriptions.pause(GUILD, added.feed.id)
    assert await desk.headlines() == []
    await desk.subscriptions.resume(GUILD, added.feed.id)

    assert await desk.headlines() == ["Post 3"]


async def test_pausing_and_resuming_twice_are_told_politely(desk: Desk):
    added = await desk.add()
    with pytest.raises(RequestRefused, match="isn't paused"):
        await desk.subscriptions.resume(GUILD, added.feed.id)
    await desk.subscriptions.pause(GUILD, added.feed.id)
    with pytest.raises(RequestRefused, match="paused already"):
        await desk.subscriptions.pause(GUILD, added.feed.id)


async def test_a_preview_is_the_newest_article_and_cannot_be_mistaken_for_a_card(desk: Desk):
    added = await desk.add()

    card = await desk.subscriptions.preview(GUILD, added.feed.id)

    assert (card.headline, card.mark) == ("Post 3", "")


async def test_refreshing_reads_now_and_tells_how_it_went(desk: Desk):
    added = await desk.add()
    desk.clock.advance(minutes=1)
    unchanged = await desk.subscriptions.refresh(GUILD, added.feed.id)
    desk.web.put(FEED, *posts(1, 2, 3, 4))
    desk.clock.advance(minutes=1)
    read = await desk.subscriptions.refresh(GUILD, added.feed.id)
    desk.web.errors[FEED] = FetchFailed("That address answered 500.", status=500)
    desk.clock.advance(minutes=1)
    failed = await desk.subscriptions.refresh(GUILD, added.feed.id)

    assert [unchanged.outcome, read.outcome, failed.outcome] == [Outcome.UNCHANGED, Outcome.READ, Outcome.FAILED]
    assert read.new_articles == 1
    assert failed.error == "That address answered 500."
    assert await desk.headlines() == ["Post 4"]


async def test_a_feed_that_was_just_read_is_not_asked_again_and_one_hears_what_that_reading_found(desk: Desk):
    added = await desk.add()

    async def told() -> str:
        with pytest.raises(RequestRefused) as refused:
            await desk.subscriptions.refresh(GUILD, added.feed.id)
        return str(refused.value)

    desk.web.fetched.clear()
    assert await told() == "I read that feed a moment ago, and took in what was new. Ask again in a minute."
    assert desk.web.fetched == []

    await desk.round()
    desk.clock.advance(seconds=59)
    assert await told() == "I read that feed a moment ago, and there was nothing new. Ask again in a minute."

    desk.web.errors[FEED] = FetchFailed("That address answered 500.", status=500)
    await desk.round()
    assert (
        await told() == "I read that feed a moment ago, and failed: That address answered 500. Ask again in a minute."
    )


async def test_a_feed_that_was_read_in_the_future_by_a_clock_that_was_wrong_can_be_refreshed(desk: Desk):
    added = await desk.add()
    desk.clock.advance(hours=-1)

    assert (await desk.subscriptions.refresh(GUILD, added.feed.id)).outcome is Outcome.UNCHANGED


async def test_two_who_ask_for_the_same_feed_have_it_read_once(desk: Desk):
    added = await desk.add()
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    desk.clock.advance(minutes=1)
    desk.web.fetched.clear()

    answers = await asyncio.gather(
        desk.subscriptions.refresh(GUILD, added.feed.id),
        desk.subscriptions.refresh(OTHER_GUILD, added.feed.id),
        return_exceptions=True,
    )

    assert desk.web.fetched == [FEED]
    assert "a moment ago" in str(answers[1])


async def test_a_feed_that_a_round_is_reading_is_not_read_beside_it(desk: Desk):
    added = await desk.add()
    desk.clock.advance(minutes=30)
    due = desk.rounds.take_due()

    with pytest.raises(RequestRefused, match="just now"):
        await desk.subscriptions.refresh(GUILD, added.feed.id)

    desk.rounds.roster.give_back(due)
    assert (await desk.subscriptions.refresh(GUILD, added.feed.id)).outcome is Outcome.UNCHANGED


async def test_a_server_has_a_few_addresses_read_at_a_time_and_keeps_none_waiting_elsewhere(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    added = await desk.add()
    desk.clock.advance(minutes=1)
    answered = asyncio.Event()
    get = desk.web.get

    async def slow(url: str, **options: Any) -> FakeFetched:
        await answered.wait()
        return await get(url, **options)

    monkeypatch.setattr(desk.web, "get", slow)
    refreshing = asyncio.create_task(desk.subscriptions.refresh(GUILD, added.feed.id))
    looking_up = [
        asyncio.create_task(desk.subscriptions.look_up(FEED, guild_id=GUILD)) for _ in range(MOST_AT_ONCE - 1)
    ]
    await asyncio.sleep(0)

    with pytest.raises(RequestRefused, match="reading 3 addresses for this server"):
        await desk.subscriptions.look_up(OTHER_FEED, guild_id=GUILD)
    with pytest.raises(RequestRefused, match="reading 3 addresses for this server"):
        await desk.subscriptions.refresh(GUILD, added.feed.id)
    elsewhere = asyncio.create_task(desk.subscriptions.look_up(FEED, guild_id=OTHER_GUILD))
    answered.set()
    await asyncio.gather(elsewhere, refreshing, *looking_up)
    assert await desk.subscriptions.look_up(FEED, guild_id=GUILD)


async def test_what_a_refresh_only_learns_after_a_pause_is_not_told_as_new(desk: Desk):
    added = await desk.add()
    await desk.subscriptions.pause(GUILD, added.feed.id)
    desk.web.put(FEED, *posts(1, 2, 3, 4))
    desk.clock.advance(minutes=1)
    await desk.subscriptions.resume(GUILD, added.feed.id)

    assert (await desk.subscriptions.refresh(GUILD, added.feed.id)).new_articles == 0
    desk.web.put(FEED, *posts(1, 2, 3, 4, 5))
    desk.clock.advance(minutes=1)
    assert (await desk.subscriptions.refresh(GUILD, added.feed.id)).new_articles == 1
    assert await desk.headlines() == ["Post 5"]


async def test_a_feed_that_is_paused_here_is_not_refreshed_from_here(desk: Desk):
    added = await desk.add()
    await desk.add(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.subscriptions.pause(GUILD, added.feed.id)

    with pytest.raises(RequestRefused, match="paused"):
        await desk.subscriptions.refresh(GUILD, added.feed.id)


async def test_refreshing_a_paused_feed_says_that_it_is_paused(desk: Desk):
    added = await desk.add()
    await desk.subscriptions.pause(GUILD, added.feed.id)

    with pytest.raises(RequestRefused, match="paused"):
        await desk.subscriptions.refresh(GUILD, added.feed.id)


async def test_a_paused_channel_gets_its_news_when_it_is_resumed(desk: Desk):
    await desk.add(backfill=2)
    await desk.subscriptions.pause_channel(GUILD, CHANNEL, None)
    desk.clock.advance(days=1)
    assert await desk.outbox.due_channels() == []
    assert await desk.headlines() == []

    assert await desk.subscriptions.resume_channel(GUILD, CHANNEL) == 2
    assert await desk.headlines() == ["Post 2", "Post 3"]


async def test_a_pause_with_an_end_ends_by_itself(desk: Desk):
    await desk.add(backfill=1)
    until = await desk.subscriptions.pause_channel(GUILD, CHANNEL, timedelta(hours=2))
    assert until == NOW + timedelta(hours=2)
    assert await desk.headlines() == []

    desk.clock.advance(hours=2)

    assert await desk.headlines() == ["Post 3"]


async def test_a_channel_that_is_not_paused_cannot_be_resumed(desk: Desk):
    await desk.add()
    with pytest.raises(RequestRefused, match="isn't paused"):
        await desk.subscriptions.resume_channel(GUILD, CHANNEL)

    await desk.subscriptions.pause_channel(GUILD, CHANNEL, timedelta(hours=1))
    desk.clock.advance(hours=1)
    with pytest.raises(RequestRefused, match="isn't paused"):
        await desk.subscriptions.resume_channel(GUILD, CHANNEL)


async def test_a_channel_without_feeds_cannot_be_paused(desk: Desk):
    with pytest.raises(RequestRefused, match="gets no news"):
        await desk.subscriptions.pause_channel(GUILD, CHANNEL, None)


async def test_a_thread_stands_for_its_channel_unless_it_gets_news_of_its_own(desk: Desk):
    post_id, forum_id = 2101, 2100
    await desk.add(channel_id=forum_id, kind=ChannelKind.FORUM)
    await desk.add(channel_id=CHANNEL)
    assert await desk.subscriptions.meant(GUILD, post_id, forum_id) == forum_id
    assert await desk.subscriptions.meant(OTHER_GUILD, post_id, forum_id) == post_id
    assert await desk.subscriptions.meant(GUILD, 2002, CHANNEL) == CHANNEL
    assert await desk.subscriptions.meant(GUILD, 2002, 2003) == 2002, "a thread of a channel without news"
    assert await desk.subscriptions.meant(GUILD, CHANNEL, None) == CHANNEL

    await desk.add(channel_id=post_id, kind=ChannelKind.THREAD)
    assert await desk.subscriptions.meant(GUILD, post_id, forum_id) == post_id


async def test_what_waits_and_what_could_not_be_posted_is_told_with_the_newest_reason(desk: Desk):
    await desk.add(backfill=3)
    claim = await desk.outbox.claim(CHANNEL)
    await desk.outbox.quarantine(claim, "AutoMod blocks it.")
    claim = await desk.outbox.claim(CHANNEL)
    await desk.outbox.uncertain(claim, "The answer got lost.")

    assert await desk.subscriptions.backlog(CHANNEL) == Backlog(2, "The answer got lost.", 1, "AutoMod blocks it.")
    desk.clock.advance(days=8)
    assert (await desk.subscriptions.backlog(CHANNEL)).refused == 0
    assert await desk.subscriptions.backlog(OTHER_CHANNEL) == Backlog(0, None, 0, None)


async def test_an_item_added_in_the_middle_of_a_feed_is_news_too(desk: Desk):
    await desk.add()
    desk.web.put(FEED, post(3), post(9, published=None), post(2), post(1))
    await desk.round()

    assert await desk.headlines() == ["Post 9"]
