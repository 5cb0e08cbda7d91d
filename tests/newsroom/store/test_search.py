"""Stories are found by their words, on both databases alike, and the index follows the articles by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import ChannelKind, DeliveryState
from newsroom.store import Store, tables
from newsroom.store.database import MIGRATIONS, Database, migrate
from newsroom.store.search import FoundStory
from tests.desk import CHANNEL, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD
from tests.makers import NOW, ago

AT = "'2026-01-01 12:00:00'"


@pytest.fixture
async def store(database: Database) -> Store:
    """A store with a feed and three news channels, two of them of one guild."""
    store = Store(database)
    async with store.begin() as connection:
        await store.feeds.add(connection, "https://lab.example/feed", "Lab Notes", None, NOW)
        for channel_id, guild_id in ((CHANNEL, GUILD), (OTHER_CHANNEL, GUILD), (FOREIGN_CHANNEL, OTHER_GUILD)):
            await store.channels.put(connection, channel_id, guild_id, ChannelKind.TEXT, None, NOW)
    return store


async def post(
    store: Store,
    number: int,
    title: str,
    summary: str = "",
    *,
    channel_id: int = CHANNEL,
    state: DeliveryState = DeliveryState.SENT,
) -> None:
    """Remember a story with one article, and its card in a channel; all have this number."""
    async with store.begin() as connection:
        await connection.execute(insert(tables.story).values(id=number, created_at=NOW))
        await connection.execute(
            insert(tables.article).values(
                id=number, feed_id=1, story_id=number, title=title, summary=summary, found_at=NOW
            )
        )
        await card(connection, number, channel_id, state)


async def card(
    connection: AsyncConnection, number: int, channel_id: int, state: DeliveryState = DeliveryState.SENT
) -> None:
    sent = state is DeliveryState.SENT
    await connection.execute(
        insert(tables.delivery).values(
            story_id=number,
            article_id=number,
            channel_id=channel_id,
            guild_id=OTHER_GUILD if channel_id == FOREIGN_CHANNEL else GUILD,
            state=state,
            due_at=NOW,
            planned_at=NOW,
            message_id=8000 + number if sent else None,
            sent_at=ago(hours=100 - number) if sent else None,
        )
    )


async def related(store: Store, *words: str, not_story: int | None = None, limit: int = 3) -> list[int]:
    async with store.read() as connection:
        found = await store.search.related(connection, GUILD, words, not_story=not_story, limit=limit)
    return [story.story_id for story in found]


async def searched(store: Store, typed: str, limit: int = 25) -> list[int]:
    async with store.read() as connection:
        return [story.story_id for story in await store.search.search(connection, GUILD, typed, limit)]


async def test_a_related_story_is_one_that_shares_words_whatever_their_endings(store: Store):
    await post(store, 1, "Lab releases Kestrel weights", "The licence is MIT.")
    await post(store, 2, "Court rules on books")

    assert await related(store, "When was the Kestrel weight released?") == [1]


async def test_a_found_story_says_where_its_card_stands(store: Store):
    await post(store, 7, "Lab releases Kestrel")

    async with store.read() as connection:
        found = await store.search.related(connection, GUILD, ["kestrel", "lab"], not_story=None)

    assert found == [FoundStory(7, "Lab releases Kestrel", CHANNEL, ChannelKind.TEXT, 8007, ago(hours=93))]


async def test_those_that_share_most_come_first_and_of_equals_the_newest(store: Store):
    await post(store, 1, "Kestrel price falls")
    await post(store, 2, "Kestrel price rises in Europe")
    await post(store, 3, "Kestrel price rises again")

    assert await related(store, "Will the Kestrel price rise in Europe?") == [2, 3, 1]
    assert await related(store, "Will the Kestrel price rise in Europe?", not_story=2, limit=1) == [3]


async def test_one_word_of_many_is_not_enough(store: Store):
    await post(store, 1, "Kestrel is out")

    assert await related(store, "Does Kestrel understand Portuguese poems?") == []
    assert await related(store, "Kestrel?") == [1]


async def test_only_what_stands_in_this_guild_is_found(store: Store):
    await post(store, 1, "Kestrel weights", channel_id=FOREIGN_CHANNEL)
    await post(store, 2, "Kestrel weights", state=DeliveryState.PENDING)
    await post(store, 3, "Kestrel weights", channel_id=OTHER_CHANNEL)

    assert await related(store, "kestrel weights") == await searched(store, "kestrel") == [3]


async def test_a_story_that_stands_in_two_channels_is_found_once(store: Store):
    await post(store, 1, "Kestrel weights")
    async with store.begin() as connection:
        await card(connection, 1, OTHER_CHANNEL)

    assert await related(store, "kestrel weights") == await searched(store, "kes") == [1]


async def test_the_index_follows_what_a_publisher_changes_and_what_is_forgotten(store: Store):
    await post(store, 1, "Kestrel weights")
    async with store.begin() as connection:
        await connection.execute(update(tables.article).values(title="Osprey weights", summary="A larger bird."))
    assert (await related(store, "kestrel weights"), await related(store, "osprey bird")) == ([], [1])

    async with store.begin() as connection:
        await connection.execute(delete(tables.feed))
    assert await related(store, "osprey bird") == []


async def test_the_index_holds_what_the_articles_hold_after_all_that_happens_to_them(store: Store):
    for number in range(1, 40):
        await post(store, number, f"Story {number} of Kestrel", "Word " * number)
    async with store.begin() as connection:
        await connection.execute(update(tables.article).where(tables.article.c.id < 20).values(title="Osprey"))
        await connection.execute(update(tables.article).values(seen_at=NOW))
        await connection.execute(delete(tables.article).where(tables.article.c.id > 30))
        if connection.dialect.name == "sqlite":
            await connection.execute(
                text("INSERT INTO article_words(article_words, rank) VALUES ('integrity-check', 1)")
            )

    assert len(await searched(store, "kestrel")) == 11


async def test_articles_from_before_there_was_an_index_are_found(
    database_url: str, opening: Callable[[str], Awaitable[Database]]
):
    old = await opening(database_url)
    async with old.migrating() as connection:
        await connection.run_sync(upgrade, "0003")
    async with old.begin() as connection:
        await connection.execute(
            text(f"INSERT INTO feed (id, url, title, due_at, created_at) VALUES (1, 'a', '', {AT}, {AT})")
        )
        await connection.execute(text(f"INSERT INTO story (id, created_at) VALUES (1, {AT})"))
        await connection.execute(
            text(
                "INSERT INTO article (id, feed_id, story_id, title, summary, found_at)"
                f" VALUES (1, 1, 1, 'Kestrel weights', '', {AT})"
            )
        )
    await migrate(old)
    store = Store(old)
    async with store.begin() as connection:
        await store.channels.put(connection, CHANNEL, GUILD, ChannelKind.TEXT, None, NOW)
        await card(connection, 1, CHANNEL)

    assert await related(store, "kestrel weights") == [1]


def upgrade(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


async def test_while_somebody_types_the_last_word_may_be_a_beginning(store: Store):
    await post(store, 1, "Kestrel weights released")
    await post(store, 2, "Kestrel in court")

    assert await searched(store, "kestrel wei") == [1]
    assert await searched(store, "court kes") == [2]
    assert await searched(store, "the kestrel") == [2, 1]


async def test_with_nothing_typed_the_newest_come(store: Store):
    for number in range(1, 6):
        await post(store, number, f"Story {number}")

    assert await searched(store, "", limit=3) == [5, 4, 3]


async def test_a_part_of_a_word_is_found_in_a_headline(store: Store):
    await post(store, 1, "DeepSeek is out")

    assert await searched(store, "seek") == [1]


async def test_scripts_without_spaces_are_found_by_their_parts(store: Store):
    await post(store, 1, "深度实验室发布开源大模型", "采用MIT许可证。")
    await post(store, 2, "法院就图书作出裁决")

    assert await related(store, "开源大模型的许可证是什么？") == [1]
    assert await searched(store, "大模型") == [1]


@pytest.mark.parametrize(
    "typed",
    [
        '"', "' OR 1=1 --", "kestrel*", "title: kestrel", "NEAR(a b)", "a AND", "OR", "NOT x", "^k", "{title}: k",
        "<->", "a & !b", ":*", "\\", "%", "_", "(", "\x00", "k\u202e", "-kestrel", "+", "🙂", "a" * 5_000, "NOT",
        "the of and",
    ],
)  # fmt: skip
async def test_what_is_typed_has_no_power_over_the_query(store: Store, typed: str):
    await post(store, 1, "Kestrel weights")

    assert await searched(store, typed) in ([], [1])
    assert await related(store, typed) in ([], [1])
