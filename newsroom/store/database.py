"""One database, SQLite or PostgreSQL: opened, migrated, written in transactions and closed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, Table, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from newsroom.errors import BadSetting, MigrationFailed, NewsroomError, SchemaTooNew, StoreError

# The newest step under migrations/, which a test keeps true. Written down, because asking Alembic would cost
# every start its import (12 MB), and hardly any start migrates.
LATEST = "0004"
MIGRATIONS = Path(__file__).parent / "migrations"

# Seconds. A transaction waits for its turn in this process, for a lock that another process holds, for a
# server to take us in, for one statement, and for the last connection to close. The lock's is short, because
# nothing can interrupt it on SQLite and a bot that is told to end has ten seconds.
TURN_TIMEOUT = 30
BUSY_TIMEOUT = 5
CONNECT_TIMEOUT = 10
STATEMENT_TIMEOUT = 30
CLOSE_TIMEOUT = 5
# A step may rewrite a large table; another process waits a minute for it and then says so.
MIGRATION_STATEMENT_TIMEOUT = 3600
MIGRATION_LOCK_TIMEOUT = 60
# Any number will do that other programs on the same PostgreSQL are unlikely to take: "popcorn" in ASCII.
MIGRATION_LOCK = 0x706F70636F726E

Insert = sqlite.Insert | postgresql.Insert


class Database:
    """A database that is open. Give it back with :meth:`close`.

    ``engine`` is the one that writes. On SQLite it holds a single connection, so that the writers of this
    process take turns instead of racing for the file's lock; in which order they do is the pool's business.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        reader: AsyncEngine,
        migrator: Callable[[], AsyncEngine],
        insert: Callable[[Table], Insert],
    ) -> None:
        self.engine = engine
        self._reader = reader
        self._migrator = migrator
        self._insert = insert

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes: committed at the end, taken back by any error or cancellation.

        SQLite lets one writer in at a time. PostgreSQL lets all in: who reads a row in order to change it
        selects it ``with_for_update()`` (SQLite leaves that out), or says the change in one statement.
        Never open one inside another.

        Raises StoreError when the database can't be used. Errors of a statement itself, like a broken
        constraint, pass as SQLAlchemy's.
        """
        async with _told_in_words(), self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads: one and the same picture of the database from first to last statement.

        It waits for no writer, and a statement that writes fails. Raises StoreError as :meth:`begin` does.
        """
        async with _told_in_words(), self._reader.begin() as connection:
            yield connection

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of its own for migrating: one process at a time, and foreign keys stay out of the way.

        Raises StoreError when another process keeps us waiting too long.
        """
        engine = self._migrator()
        try:
            async with _told_in_words(), engine.begin() as connection:
                yield connection
        finally:
            await _dispose(engine)

    async def size(self) -> int:
        """Return how many bytes the database takes."""
        statement = {
            "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            "postgresql": "SELECT pg_database_size(current_database())",
        }[self.engine.dialect.name]
        async with self.read() as connection:
            return int((await connection.execute(text(statement))).scalar_one())

    def insert(self, table: Table) -> Insert:
        """An INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update`` on either database."""
        return self._insert(table)

    async def close(self) -> None:
        """Close every connection, once nobody is in a transaction any more. Takes CLOSE_TIMEOUT twice at most."""
        await _dispose(self.engine)
        await _dispose(self._reader)


async def open_database(url: str, *, prepare: bool = True) -> Database:
    """Open the database that the operator named, and see that it answers.

    ``url`` is ``sqlite:///folder/file.db`` (three slashes: from the working folder; four: from the root; the
    folder is made) or ``postgresql://user:password@host/name`` with libpq's options (``postgres://`` too).
    Without ``prepare`` a SQLite file stays as it is; it has to be there, see ``file_to_make``.

    Raises BadSetting when ``url`` can't name a database, StoreError when that database can't be used. Neither
    holds the password.
    """
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        path = _sqlite_path(url)
        if prepare:
            await asyncio.to_thread(_make_folder, path.parent)
            async with _told_in_words():
                await asyncio.to_thread(_write_ahead, path)
        database = _sqlite(path)
    elif scheme in ("postgresql", "postgres"):
        database = _postgres(url)
    else:
        raise BadSetting(
            "DATABASE_URL",
            "not a database Popcorn knows; write sqlite:///data/popcorn.db or postgresql://user:password@host/name",
        )
    try:
        async with database.begin() as connection:
            await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    except BaseException:
        await database.close()
        raise
    return database


def file_to_make(url: str) -> Path | None:
    """The SQLite file that ``open_database`` would make; None where it is there, and for PostgreSQL.

    Makes nothing. Raises BadSetting when ``url`` names no file, StoreError when nobody could make that file.
    """
    if url.partition("://")[0] != "sqlite":
        return None
    path = _sqlite_path(url)
    try:
        if path.exists():
            return None
        nearest = next(folder for folder in path.parents if folder.exists())
        can_be_made = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    except OSError:
        can_be_made = False
    if not can_be_made:
        raise StoreError(f"The database {path} can't be made: check the path, and who may write in its folder.")
    return path


async def schema_version(database: Database) -> str | None:
    """The newest migration step that the database has seen, None for an empty one."""
    async with database.read() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return None
        version: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        return version


async def migrate(database: Database) -> None:
    """Bring the schema to LATEST, all steps or none; safe when several processes do it at once.

    Raises SchemaTooNew for a schema this program doesn't know, MigrationFailed when a step fails, StoreError
    when another process migrates for longer than we wait.
    """
    if await schema_version(database) == LATEST:
        return
    async with database.migrating() as connection:
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if not known.issuperset(MigrationContext.configure(connection).get_current_heads()):
        raise SchemaTooNew("A newer Popcorn wrote this database: upgrade Popcorn, or name another DATABASE_URL.")
    try:
        command.upgrade(config, "head")
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise MigrationFailed("A migration left rows that point nowhere; the database is as it was before.")
    except NewsroomError:
        raise
    except Exception as error:
        raise MigrationFailed("The database could not be migrated; it is as it was before.") from error


def _sqlite_path(url: str) -> Path:
    """The file that ``url`` names."""
    refusal = BadSetting("DATABASE_URL", "names no file; write for example sqlite:///data/popcorn.db (three slashes)")
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise refusal from None
    if parts.host or not parts.database or parts.database == ":memory:":
        raise refusal
    return Path(parts.database).absolute()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The database's folder {folder} can't be made.") from error


def _sqlite(path: Path) -> Database:
    return Database(
        engine=_sqlite_engine(path, "BEGIN IMMEDIATE", ("synchronous = NORMAL", "foreign_keys = ON"), pool_size=1),
        reader=_sqlite_engine(path, "BEGIN", ("query_only = ON",), pool_size=4),
        # A step that builds a table anew drops the old one, and foreign keys would empty others with it. They
        # can't be switched off within a transaction.
        migrator=lambda: _sqlite_engine(path, "BEGIN IMMEDIATE", ("foreign_keys = OFF",), pool_size=1),
        insert=sqlite.insert,
    )


def _write_ahead(path: Path) -> None:
    """Give the file a write-ahead log, once for ever: then readers and the writer don't wait for each other.

    For this one lock SQLite doesn't wait when two processes open a new file at once, so we do.
    """
    give_up = time.monotonic() + BUSY_TIMEOUT
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
            time.sleep(0.01)


def _sqlite_engine(path: Path, begin: str, pragmas: Sequence[str], pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        # The driver would begin a transaction only before the first write, after what was read has grown old:
        # two that read and then write would overwrite each other. So it keeps out, and we say BEGIN.
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=TURN_TIMEOUT,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def say_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres(url: str) -> Database:
    try:
        import asyncpg  # type: ignore[import-untyped]
    except ImportError as error:
        raise BadSetting(
            "DATABASE_URL", "PostgreSQL needs a driver; install popcorn with the postgres extra: popcorn[postgres]"
        ) from error

    def engine(statement_timeout: float, **options: Any) -> AsyncEngine:
        async def connect() -> Any:
            # asyncpg reads the address itself, because it knows libpq's options (sslmode and so on).
            try:
                return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT, command_timeout=statement_timeout)
            except asyncpg.InvalidAuthorizationSpecificationError as error:
                raise StoreError("PostgreSQL refuses the user or the password in DATABASE_URL.") from error
            except asyncpg.InvalidCatalogNameError as error:
                raise StoreError("PostgreSQL has no database of the name in DATABASE_URL: create it first.") from error
            except (OSError, asyncpg.PostgresError) as error:
                raise StoreError("PostgreSQL doesn't answer at the address in DATABASE_URL.") from error
            except ValueError:  # its text may quote the password
                raise BadSetting("DATABASE_URL", "unreadable; write postgresql://user:password@host/name") from None

        return create_async_engine("postgresql+asyncpg://", async_creator=connect, **options)

    def migrator() -> AsyncEngine:
        alone = engine(MIGRATION_STATEMENT_TIMEOUT, poolclass=NullPool)

        @event.listens_for(alone.sync_engine, "begin")
        def wait_for_others(connection: Connection) -> None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MIGRATION_LOCK_TIMEOUT * 1000:.0f}ms'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")

        return alone

    writer = engine(
        STATEMENT_TIMEOUT,
        pool_size=5,
        max_overflow=5,
        pool_timeout=TURN_TIMEOUT,
        pool_pre_ping=True,
    )
    return Database(
        engine=writer,
        reader=writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
        migrator=migrator,
        insert=postgresql.insert,
    )


SQLITE_TROUBLE = {
    sqlite3.SQLITE_BUSY: "The database is busy: another program keeps it locked.",
    sqlite3.SQLITE_CANTOPEN: "The database can't be opened: check the file's name and who may write in its folder.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged.",
    sqlite3.SQLITE_FULL: "The database can't grow: the disk is full.",
    sqlite3.SQLITE_IOERR: "The database file can't be read or written.",
    sqlite3.SQLITE_NOTADB: "The file that DATABASE_URL names is not a database.",
    sqlite3.SQLITE_READONLY: "The database can't be written: check who may write the file and its folder.",
}


@asynccontextmanager
async def _told_in_words() -> AsyncIterator[None]:
    """Raise StoreError where the database itself is in trouble; what is wrong with a statement passes."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        words = _words(error)
        if words is None:
            raise
        raise StoreError(words) from error
    # Nothing but the database is waited for in a transaction, so a time-out is the database's too.
    except (PoolTimeout, TimeoutError) as error:
        raise StoreError("The database is too slow or too busy.") from error
    except ConnectionError as error:
        raise StoreError("The database stopped answering.") from error


def _words(error: DBAPIError | sqlite3.Error) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        # The upper bits tell the circumstances. Errors of the driver itself have no code.
        return SQLITE_TROUBLE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    # Classes of PostgreSQL's appendix A, "Error Codes": connection, resources, operator, system; then locks.
    state = getattr(cause, "sqlstate", None) or ""
    if state[:2] in ("08", "53", "57", "58") or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return "The database stopped answering."
    if state in ("40P01", "55P03"):
        return "The database is busy: another program keeps it locked."
    return None


async def _dispose(engine: AsyncEngine) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await engine.dispose()
