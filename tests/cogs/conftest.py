"""The bot in a guild, over a real database and a fake web."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.cogs.guild import Guild, guild_with_bot
from tests.desk import FEED, posts
from tests.fakes import Web


@pytest.fixture
async def opened(migrated_sqlite_url: str) -> AsyncIterator[Guild]:
    web = Web()
    web.put(FEED, *posts(1, 2, 3))
    async with guild_with_bot(migrated_sqlite_url, web, web) as guild:
        yield guild


@pytest.fixture
def env(opened: Guild) -> Any:
    """Among the fixtures of a test, it puts that test on simcord's clock as well."""
    return opened.env


@pytest.fixture
def guild(opened: Guild, env: Any) -> Guild:
    """A guild with the bot, and a feed of three posts at FEED."""
    return opened


@pytest.fixture
async def ops(guild: Guild) -> Any:
    """A channel for alerts, and FEED in #news."""
    ops = guild.guild.create_text_channel("ops")
    await guild.told("feed add", url=FEED, backfill=0)
    await guild.told("channel alerts", channel=ops)
    return ops
