import asyncio
import sqlite3
import sys
import traceback
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from newsroom.errors import BadSetting, StoreError
from newsroom.store import database as module
from newsroom.store import tables
from newsroom.store.database import Database, file_to_make, open_database

values = tables.installation


async def put(database: Database, name: str, value: str) -> None:
    async with database.begin() as connection:
        await connection.execute(insert(values).values(name=name, value=value))


async def names(database: Database) -> list[str]:
    async with database.read() as connection:
        return list(await connection.scalars(select(values.c.name).order_by(values.c.name)))


# Transactions


async def test_twenty_increments_at_once_from_two_processes_count_to_twenty(migrated_url: str, opening):
    databases = [await opening(migrated_url), await opening(migrated_url)]
    await put(databases[0], "count", "0")

    async def increment(database: Database) -> None:
        async with database.begin() as connection:
            before = await connection.scalar(select(values.c.value).where(values.c.name == "count").with_for_update())
            await asyncio.sleep(0)
            await connection.execute(update(values).where(values.c.name == "count").values(value=str(int(before) + 1)))

    await asyncio.gather(*(increment(databases[number % 2]) for number in range(20)))

    async with databases[0].read() as connection:
        assert await connection.scalar(select(values.c.value)) == "20"


async def test_an_error_takes_everything_in_the_transaction_back(database: Database):
    with pytest.raises(LookupError):
        async with database.begin() as connection:
            await connection.execute(insert(values).values(name="half", value="done"))
            raise LookupError

    assert await names(database) == []


async def test_a_cancelled_transaction_is_taken_back_wherever_it_was(database: Database):
    async def write() -> None:
        async with database.begin() as connection:
            for number in range(3):
                await connection.execute(insert(values).values(name=f"never{number}", value=""))
            await asyncio.Event().wait()

    for steps in range(40):
        task = asyncio.create_task(write())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await put(database, f"after{steps:02}", "")

    assert await names(database) == [f"after{steps:02}" for steps in range(40)]


async def test_a_writer_that_is_cancelled_while_it_waits_for_its_turn_leaves_the_others_theirs(database: Database):
    async def write(name: str) -> None:
        async with database.begin() as connection:
            await connection.execute(text("SELECT 1"))
            await connection.execute(update(values).where(values.c.name == "busy").values(value=name))

    await put(database, "busy", "")
    async with database.begin() as connection:
        await connection.execute(update(values).values(value="first"))
        waiting = [asyncio.create_task(write(f"waiting{number}")) for number in range(8)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(outcome) for outcome in done] == [asyncio.CancelledError, type(None)] * 4


async def test_a_writer_cancelled_while_another_process_writes_holds_no_lock_afterwards(
    migrated_sqlite_url: str, opening
):
    ours, theirs = await opening(migrated_sqlite_url), await opening(migrated_sqlite_url)
    async with theirs.begin() as connection:
        await connection.execute(insert(values).values(name="theirs", value=""))
        task = asyncio.create_task(put(ours, "never", ""))
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await put(theirs, "theirs too", "")
    await put(ours, "ours", "")

    assert await names(ours) == ["ours", "theirs", "theirs too"]


async def test_what_is_wrong_with_a_statement_passes_as_it_is(database: Database):
    await put(database, "taken", "")

    with pytest.raises(IntegrityError):
        await put(database, "taken", "")


async def test_a_row_that_points_nowhere_is_refused(database: Database):
    with pytest.raises(IntegrityError):
        async with database.begin() as connection:
            await connection.execute(insert(tables.alias).values(feed_id=1, key=b"key", article_id=1))


async def test_a_reader_sees_one_picture_and_waits_for_no_writer(database: Database):
    count = select(func.count()).select_from(values)
    async with database.read() as reader:
        before = await reader.scalar(count)
        async with database.begin() as connection:
            await connection.execute(insert(values).values(name="new", value=""))
            during = await reader.scalar(count)
        after = await reader.scalar(count)

    assert (before, during, after) == (0, 0, 0)
    assert await names(database) == ["new"]


async def test_a_reader_can_not_write(database: Database):
    with pytest.raises((DBAPIError, StoreError)):
        async with database.read() as connection:
            await connection.execute(insert(values).values(name="new", value=""))

    await put(database, "the next may", "")
    assert await names(database) == ["the next may"]


async def test_a_conflict_can_be_left_alone_or_settled_on_either_database(database: Database):
    async with database.begin() as connection:
        kept = database.insert(values).on_conflict_do_nothing(index_elements=["name"])
        replaced = database.insert(values)
        replaced = replaced.on_conflict_do_update(index_elements=["name"], set_={"value": replaced.excluded.value})
        await connection.execute(kept, [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}])
        await connection.execute(replaced, [{"name": "b", "value": "1"}, {"name": "b", "value": "2"}])

        rows = await connection.execute(select(values.c.name, values.c.value).order_by(values.c.name))
        assert [tuple(row) for row in rows] == [("a", "1"), ("b", "2")]


async def test_sqlite_writes_ahead_waits_for_locks_and_watches_foreign_keys(migrated_sqlite_url: str, opening):
    database = await opening(migrated_sqlite_url)
    async with database.begin() as connection:
        settings = {
            name: await connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        }
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver.isolation_level is None, "the driver begins no transaction of its own"

    normal = 1
    assert settings == {"journal_mode": "wal", "busy_timeout": 5000, "foreign_keys": 1, "synchronous": normal}


async def test_a_database_that_stays_locked_is_told_in_words(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch, opening
):
    monkeypatch.setattr(module, "BUSY_TIMEOUT", 0.01)
    theirs = await opening(migrated_sqlite_url)
    ours = await opening(migrated_sqlite_url)
    async with theirs.begin():
        with pytest.raises(StoreError, match="another program keeps it locked"):
            await put(ours, "never", "")

    await put(ours, "later", "")


async def test_a_transaction_inside_another_is_refused_instead_of_waiting_for_ever(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch, opening
):
    monkeypatch.setattr(module, "TURN_TIMEOUT", 0.01)
    database = await opening(migrated_sqlite_url)
    with pytest.raises(StoreError, match="too busy"):
        async with database.begin():
            await put(database, "never", "")
    await put(database, "later", "")


async def test_a_server_that_drops_us_is_told_in_words_and_asked_again_next_time(migrated_postgres_url: str, opening):
    database = await opening(migrated_postgres_url)
    with pytest.raises(StoreError, match="stopped answering"):
        async with database.begin() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    await put(database, "later", "")

    assert await names(database) == ["later"]


async def test_a_connection_that_died_while_idle_is_replaced_unnoticed(postgres, migrated_postgres_url: str, opening):
    database = await opening(migrated_postgres_url)
    async with database.read() as connection:
        idle = await connection.scalar(text("SELECT pg_backend_pid()"))
    postgres.execute(f"SELECT pg_terminate_backend({idle})")
    await put(database, "later", "")

    assert await names(database) == ["later"]


# Opening


async def test_the_folder_of_a_file_is_made_below_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opening
):
    monkeypatch.chdir(tmp_path)
    database = await opening("sqlite:///data/deep/popcorn.db")
    monkeypatch.chdir("/")
    async with database.read() as connection:
        await connection.execute(text("SELECT 1"))

    assert (tmp_path / "data" / "deep" / "popcorn.db").is_file()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
async def test_postgresql_may_be_written_in_both_ways(postgres_url: str, scheme: str, opening):
    database = await opening(postgres_url.replace("postgresql", scheme, 1))
    assert database.engine.dialect.name == "postgresql"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "popcorn.db",
        "mysql://user:secret@host/name",
        "postgresql+psycopg://user:secret@host/name",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://data/popcorn.db",
        "sqlite://data:secret/popcorn.db",
        "postgresql://user:secret@host:port/name",
        "postgresql://user:secret/unescaped@host/name",
    ],
)
async def test_an_address_that_names_no_database_is_a_wrong_setting(url: str):
    with pytest.raises(BadSetting, match=r"DATABASE_URL: .*write") as caught:
        await open_database(url)

    assert "secret" not in "".join(traceback.format_exception(caught.value))


async def test_postgresql_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "asyncpg", None)

    with pytest.raises(BadSetting, match=r"DATABASE_URL: .*popcorn\[postgres\]"):
        await open_database("postgresql://user:secret@127.0.0.1/name")


async def test_a_server_that_is_not_there_is_told_without_the_password(unused_tcp_port: int):
    with pytest.raises(StoreError, match="doesn't answer") as caught:
        await open_database(f"postgresql://user:secret@127.0.0.1:{unused_tcp_port}/name")

    assert "secret" not in str(caught.value)


async def test_a_server_without_that_database_or_user_says_which_is_wrong(postgres_url: str):
    with pytest.raises(StoreError, match="no database of the name"):
        await open_database(postgres_url.replace("@/test", "@/other"))
    with pytest.raises(StoreError, match="refuses the user"):
        await open_database(postgres_url.replace("//postgres@", "//nobody:secret@"))


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path):
    path = tmp_path / "letter.db"
    path.write_text("Dear diary, " * 1000)

    with pytest.raises(StoreError, match="is not a database"):
        await open_database(f"sqlite:///{path}")

    assert path.read_text() == "Dear diary, " * 1000


async def test_a_folder_is_no_database_and_a_file_no_folder(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match="can't be opened"):
        await open_database(f"sqlite:///{tmp_path}")
    with pytest.raises(StoreError, match=r"folder .* can't be made"):
        await open_database(f"sqlite:///{tmp_path}/file/popcorn.db")
    with pytest.raises(StoreError, match="can't be made"):
        file_to_make(f"sqlite:///{tmp_path}/file/popcorn.db")


async def test_a_new_file_opened_many_times_at_once_opens_every_time(sqlite_url: str, opening):
    await asyncio.gather(*(opening(sqlite_url) for _ in range(8)))


async def test_a_new_file_that_another_process_is_writing_is_waited_for(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opening
):
    with closing(sqlite3.connect(tmp_path / "popcorn.db", check_same_thread=False)) as theirs:
        theirs.execute("BEGIN IMMEDIATE")
        waits = SimpleNamespace(monotonic=lambda: 0, sleep=lambda seconds: theirs.rollback())
        monkeypatch.setattr(module, "time", waits)
        await opening(sqlite_url)


async def test_closing_ends_all_that_was_opened(migrated_sqlite_url: str):
    database = await open_database(migrated_sqlite_url)
    await put(database, "one", "")
    await asyncio.gather(*(names(database) for _ in range(4)))
    await database.close()

    # The last to leave a file takes its log away.
    path = Path(migrated_sqlite_url.removeprefix("sqlite:///"))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


# What the tables mean


async def test_the_id_of_a_deleted_delivery_is_never_given_again(database: Database):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with database.begin() as connection:
        feed = await connection.scalar(
            insert(tables.feed).values(url="a", title="", due_at=now, created_at=now).returning(tables.feed.c.id)
        )
        story = await connection.scalar(insert(tables.story).values(created_at=now).returning(tables.story.c.id))
        article = await connection.scalar(
            insert(tables.article)
            .values(feed_id=feed, story_id=story, title="", summary="", found_at=now)
            .returning(tables.article.c.id)
        )
        await connection.execute(
            insert(tables.news_channel).values(channel_id=1, guild_id=1, kind="text", created_at=now)
        )
        plan = (
            insert(tables.delivery)
            .values(story_id=story, article_id=article, channel_id=1, guild_id=1)
            .values(state="pending", due_at=now, planned_at=now)
            .returning(tables.delivery.c.id)
        )
        first = await connection.scalar(plan)
        await connection.execute(delete(tables.delivery))
        second = await connection.scalar(plan)

    assert second > first
