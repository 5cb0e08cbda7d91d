"""A newsroom's desk, and the one of another process beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from newsroom.store.database import Database, open_database
from tests.desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.over(database)


@pytest.fixture
async def twin(desk: Desk, emptied_url: str) -> AsyncIterator[Desk]:
    """The desk of another process over the same database, by the same clock."""
    database = await open_database(emptied_url)
    yield Desk.over(database, desk.web, desk.clock)
    await database.close()
