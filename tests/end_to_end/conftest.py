"""The house that end-to-end tests live in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.house import House, open_house


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """Everything, on each database."""
    async for house in open_house(database_url, tmp_path):
        yield house


@pytest.fixture
async def small_house(sqlite_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """Everything on SQLite, for what has nothing to do with the database."""
    async for house in open_house(sqlite_url, tmp_path):
        yield house
