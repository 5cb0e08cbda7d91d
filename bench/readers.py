"""The two readers that are compared: the newsroom as the bot has it, and a bare loop that only asks.

Each runs as a process of its own, ``python -m bench.readers newsroom|loop``. The first line of its input says what to
read, and then it reads all of it whenever it is asked to. ``subscribe`` is a third that prepares the newsroom's
database and ends, so that what preparing takes is in nobody's figures.

At its top this imports only what is small and everything else inside functions, as ``bot.py`` does: worker processes
run it again.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta

from bench.lines import Answer, answer_questions, say

GUILD, CHANNEL, ADMIN = 1, 2, 3
AT_ONCE = 20  # where aiohttp is quickest: more at once cost more a request


async def subscribe(urls: Sequence[str], database_url: str) -> None:
    """Have a channel subscribed to all feeds, what they hold at first counting as known, as after /feed add."""
    from newsroom.models import ChannelKind, SubscriptionState
    from newsroom.store import open_store

    now = datetime.now(UTC)
    store = await open_store(database_url)
    async with store.begin() as connection:
        await store.channels.put(connection, CHANNEL, GUILD, ChannelKind.TEXT, None, now)
        for url in urls:
            feed = await store.feeds.add(connection, url, url, None, now)
            await store.subscriptions.add(connection, feed.id, CHANNEL, GUILD, None, ADMIN, now)
        subscribed = await store.subscriptions.of_guild(connection, GUILD)
        ids = [subscription.id for subscription, _ in subscribed]
        await store.subscriptions.set_state(connection, ids, SubscriptionState.ACTIVE, baseline_due=True)
    await store.close()
    say({})


async def newsroom(hosts: Sequence[str], database_url: str) -> None:
    """Read as ``bot.py round`` does, bookkeeping included."""
    from sqlalchemy import text

    from newsroom.resources import open_newsroom
    from newsroom.settings import read_settings
    from newsroom.store import open_store

    rounds_ago = 0

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(hours=rounds_ago)

    settings = read_settings(env_file=None, database_url=database_url, feed_allow_hosts=",".join(hosts))
    async with open_newsroom(settings, now) as room:

        async def read() -> Answer:
            nonlocal rounds_ago
            rounds_ago += 1
            report = await room.rounds.run(room.rounds.take_due())
            await room.rounds.save()
            return {
                "whole": report.ok,
                "unchanged": report.not_modified,
                "failed": report.failed,
                "articles": report.new_articles,
            }

        async def planned() -> Answer:
            store = await open_store(database_url)
            async with store.read() as connection:
                deliveries = await connection.scalar(text("SELECT count(*) FROM delivery"))
            await store.close()
            return {"deliveries": deliveries}

        say({})
        await answer_questions({"read": read, "planned": planned})


async def loop(urls: Sequence[str]) -> None:
    """Make the same requests with aiohttp and nothing else: no limits, no guard, no parsing, nothing remembered."""
    import aiohttp

    validators: dict[str, dict[str, str]] = {}

    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=AT_ONCE), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:

        async def read() -> Answer:
            waiting = iter(urls)
            statuses: list[int] = []

            async def one_after_another() -> None:
                for url in waiting:
                    async with session.get(url, headers=validators.get(url)) as response:
                        await response.read()
                        statuses.append(response.status)
                        if response.status == 200:
                            told = {
                                "If-None-Match": response.headers.get("ETag"),
                                "If-Modified-Since": response.headers.get("Last-Modified"),
                            }
                            validators[url] = {name: value for name, value in told.items() if value}

            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(one_after_another())
            return {"whole": statuses.count(200), "unchanged": statuses.count(304)}

        say({})
        await answer_questions({"read": read})


if __name__ == "__main__":
    ROLES: dict[str, Callable[..., Coroutine[object, object, None]]]
    ROLES = {"subscribe": subscribe, "newsroom": newsroom, "loop": loop}
    asyncio.run(ROLES[sys.argv[1]](**json.loads(sys.stdin.readline())))
