"""What the tables promise by themselves, on both databases, whoever asks at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from newsroom.feeds.identity import Identified, identify
from newsroom.models import Article, ChannelKind, DeliveryState, Feed, News, Subscription, SubscriptionState
from newsroom.store import Store
from newsroom.store.database import Database
from tests.desk import ADMIN, CHANNEL, GUILD, OTHER_CHANNEL, posts
from tests.makers import NOW, ago, entry

URL = "https://lab.example/feed.xml"


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


async def a_feed(store: Store, url: str = URL) -> Feed:
    async with store.begin() as connection:
        return await store.feeds.add(connection, url, "Lab Notes", None, NOW)


async def subscribed(store: Store, feed: Feed, *channel_ids: int) -> list[Subscription]:
    async with store.begin() as connection:
        for channel_id in channel_ids:
            await store.channels.put(connection, channel_id, GUILD, ChannelKind.TEXT, None, NOW)
            await store.subscriptions.add(connection, feed.id, channel_id, GUILD, None, ADMIN, NOW)
        return (await store.subscriptions.active_of(connection, [feed.id]))[feed.id]


async def remembered(store: Store, feed: Feed, items: Sequence[Identified]) -> list[Article]:
    async with store.begin() as connection:
        keyed = await store.articles.keyed(connection, [item.story_key for item in items if item.story_key is not None])
        articles = await store.articles.add(connection, feed.id, items, NOW, keyed)
        pairs = zip(items, articles, strict=True)
        names = {(feed.id, key): article.id for item, article in pairs for key in item.names}
        await store.articles.add_aliases(connection, names)
        return articles


async def test_a_feed_is_one_row_however_many_add_it_at_once(store: Store):
    feeds = await asyncio.gather(*[a_feed(store) for _ in range(10)])

    assert len({feed.id for feed in feeds}) == 1


async def test_feeds_are_locked_in_the_order_of_their_ids(store: Store):
    ids = [(await a_feed(store, f"https://lab.example/{number}")).id for number in range(3)]

    async with store.begin() as connection:
        assert list(await store.feeds.lock(connection, ids[::-1])) == ids


async def test_a_feed_is_called_what_it_calls_itself_when_it_is_added_again(store: Store):
    await a_feed(store)
    async with store.begin() as connection:
        again = await store.feeds.add(connection, URL, "Lab Journal", None, NOW)
        nameless = await store.feeds.add(connection, URL, "", None, NOW)

    assert (again.title, nameless.title) == ("Lab Journal", "Lab Journal")


async def test_articles_come_back_in_the_order_given_each_with_its_own_story(store: Store):
    feed = await a_feed(store)
    without_link = [entry(guid=f"g{number}", link=None, title=f"No link {number}") for number in range(3)]
    items = identify([*posts(1, 2), *without_link]).items

    articles = await remembered(store, feed, items)

    assert [article.title for article in articles] == ["Post 2", "Post 1", "No link 0", "No link 1", "No link 2"]
    assert len({article.story_id for article in articles}) == 5


async def test_articles_of_two_feeds_with_one_link_tell_one_story(store: Store):
    mirror = await a_feed(store, "https://mirror.example/feed")
    (first,) = await remembered(store, await a_feed(store), identify(posts(1)).items)
    (second,) = await remembered(store, mirror, identify(posts(1)).items)

    assert first.story_id == second.story_id


async def test_a_name_that_an_article_has_stays_with_it(store: Store):
    feed = await a_feed(store)
    items = identify(posts(1, 2)).items
    later, earlier = await remembered(store, feed, items)
    async with store.begin() as connection:
        await store.articles.add_aliases(connection, {(feed.id, items[0].keys[0]): earlier.id})
        known = await store.articles.known(connection, {feed.id: items[0].keys})

    assert set(known[feed.id].values()) == {later.id}


async def test_thousands_of_names_can_be_asked_for_at_once(store: Store):
    feed = await a_feed(store)
    items = identify(posts(1)).items
    (article,) = await remembered(store, feed, items)
    unknown = {number.to_bytes(16, "big") for number in range(40_000)}

    async with store.read() as connection:
        known = await store.articles.known(connection, {feed.id: unknown | set(items[0].keys)})

    assert known[feed.id] == dict.fromkeys(items[0].keys, article.id)


async def test_names_are_asked_for_feed_by_feed_in_however_many_queries_that_takes(store: Store):
    feeds = [await a_feed(store, f"https://lab.example/{number}") for number in range(40)]
    items = identify(posts(*range(1, 20))).items
    every = {key for item in items for key in item.keys}
    async with store.begin() as connection:
        articles = await store.articles.add(connection, feeds[0].id, items, NOW, {})
        names = {(feed.id, items[place].keys[0]): articles[place].id for place, feed in enumerate(feeds[: len(items)])}
        await store.articles.add_aliases(connection, names)
        known = await store.articles.known(connection, {feed.id: every for feed in feeds})

    found = {(feed_id, key): article_id for feed_id, own in known.items() for key, article_id in own.items()}
    assert found == names


async def test_two_feeds_of_a_batch_that_tell_one_story_send_it_to_a_channel_once(store: Store):
    lab, mirror = await a_feed(store), await a_feed(store, "https://mirror.example/feed")
    subscriptions = [*await subscribed(store, lab, CHANNEL), *await subscribed(store, mirror, CHANNEL)]
    articles = [*await remembered(store, lab, identify(posts(1)).items)]
    articles += await remembered(store, mirror, identify(posts(1)).items)
    news = [News([article], [one]) for article, one in zip(articles, subscriptions, strict=True)]

    async with store.begin() as connection:
        assert await store.deliveries.plan(connection, news, NOW) == 1


async def test_a_channel_gets_a_story_once_however_often_it_is_planned(store: Store):
    feed = await a_feed(store)
    subscriptions = await subscribed(store, feed, CHANNEL, OTHER_CHANNEL)
    articles = await remembered(store, feed, identify(posts(1, 2)).items)

    async def plan() -> int:
        async with store.begin() as connection:
            return await store.deliveries.plan(connection, [News(articles, subscriptions)], NOW)

    assert sorted(await asyncio.gather(*[plan() for _ in range(5)])) == [0, 0, 0, 0, 4]


async def test_a_channel_subscribed_to_a_feed_twice_at_once_is_subscribed_once(store: Store):
    feed = await a_feed(store)
    async with store.begin() as connection:
        await store.channels.put(connection, CHANNEL, GUILD, ChannelKind.TEXT, None, NOW)

    async def subscribe() -> bool:
        async with store.begin() as connection:
            return await store.subscriptions.add(connection, feed.id, CHANNEL, GUILD, None, ADMIN, NOW)

    assert sorted(await asyncio.gather(*[subscribe() for _ in range(5)])) == [False] * 4 + [True]


async def test_only_feeds_that_somebody_gets_are_active(store: Store):
    wanted = await a_feed(store)
    await a_feed(store, "https://unwanted.example/feed")
    await subscribed(store, wanted, CHANNEL)

    async with store.read() as connection:
        assert [feed.id for feed in await store.feeds.active(connection)] == [wanted.id]


async def test_words_come_back_as_what_they_stand_for(store: Store):
    feed = await a_feed(store)
    (subscription,) = await subscribed(store, feed, CHANNEL)
    articles = await remembered(store, feed, identify(posts(1)).items)
    async with store.begin() as connection:
        await store.deliveries.plan(connection, [News(articles, [subscription])], NOW)
        channel = await store.channels.get(connection, CHANNEL)
        head = await store.deliveries.head(connection, CHANNEL, NOW)

    assert channel is not None and channel.kind is ChannelKind.TEXT
    assert subscription.state is SubscriptionState.ACTIVE
    assert head is not None and head[0].state is DeliveryState.PENDING


async def test_times_come_back_as_they_went_in(store: Store):
    feed = await a_feed(store)
    items = identify([entry(published=ago(days=3, microseconds=1))]).items

    (article,) = await remembered(store, feed, items)
    async with store.read() as connection:
        again = (await store.articles.get(connection, [article.id]))[article.id]

    assert again == article
    assert again.published_at == ago(days=3, microseconds=1)
