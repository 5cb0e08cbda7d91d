import asyncio
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text

from newsroom.errors import MigrationFailed, SchemaTooNew, StoreError
from newsroom.models import ChannelKind, DeliveryState, ThreadState
from newsroom.store import database as module
from newsroom.store import tables
from newsroom.store.database import LATEST, Database, migrate, schema_version
from tests.makers import poll

REPOSITORY = Path(__file__).parents[3]
NEXT = "9999"

WriteStep = Callable[..., None]


@pytest.fixture
async def empty(database_url: str, opening) -> Database:
    return await opening(database_url)


@pytest.fixture
async def database(migrated_url: str, opening) -> Database:
    """A migrated database that is thrown away afterwards, because the tests here change its schema."""
    return await opening(migrated_url)


@pytest.fixture
def write_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteStep:
    """Write one more step, which comes after the ones we have, from the lines of its function."""
    folder = tmp_path / "100% migrations"
    shutil.copytree(module.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "MIGRATIONS", folder)
    monkeypatch.setattr(module, "LATEST", NEXT)

    def write(*lines: str) -> None:
        head = f'import sqlalchemy as sa\nfrom alembic import op\nrevision = "{NEXT}"\ndown_revision = "{LATEST}"\n'
        body = "".join(f"    {line}\n" for line in lines)
        (folder / "versions" / f"{NEXT}_next.py").write_text(f"{head}def upgrade():\n{body}")

    return write


async def table_names(database: Database) -> set[str]:
    async with database.read() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def migrate_to(step: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring an empty database to how it was before the steps after this one."""
    upgrade = command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _: upgrade(config, step))
        await migrate(database)


async def remember_an_article(database: Database) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with database.begin() as connection:
        await connection.execute(insert(tables.feed).values(id=1, url="a", title="", due_at=now, created_at=now))
        await connection.execute(insert(tables.story).values(id=1, created_at=now))
        await connection.execute(
            insert(tables.article).values(id=1, feed_id=1, story_id=1, title="", summary="", found_at=now)
        )


async def test_a_migrated_database_is_what_the_tables_say(database: Database):
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True, "include_object": tables.is_declared}
        return compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_where_the_tables_say_that_no_id_is_given_out_again_sqlite_gives_none(migrated_sqlite_url: str, opening):
    wanted = {
        name for name, table in tables.metadata.tables.items() if table.dialect_options["sqlite"]["autoincrement"]
    }
    statement = text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'")

    async with (await opening(migrated_sqlite_url)).read() as connection:
        assert set(await connection.scalars(statement)) == wanted


async def test_a_take_from_before_there_were_discussions_was_said_where_its_poll_stands(
    empty: Database, monkeypatch: pytest.MonkeyPatch
):
    await migrate_to("0003", empty, monkeypatch)
    await remember_an_article(empty)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with empty.begin() as connection:
        for number, story_id in ((1, 1), (2, None)):
            asked = poll(id=number, story_id=story_id, channel_id=2000 + number, opened_at=now)
            row = {column.name: getattr(asked, column.name) for column in tables.poll.c}
            await connection.execute(insert(tables.poll).values(row))
            take = {"id": number, "guild_id": asked.guild_id, "member_id": 4001, "text": "Why?", "written_at": now}
            about = {"story_id": story_id, "poll_id": None if story_id else number}
            await connection.execute(insert(tables.take).values(take | about))

    await migrate(empty)

    async with empty.read() as connection:
        said = await connection.execute(select(tables.take.c.id, tables.take.c.channel_id).order_by(tables.take.c.id))
        assert [tuple(row) for row in said] == [(1, 2001), (2, 2002)]


def test_the_newest_step_is_the_one_written_down():
    assert ScriptDirectory(str(module.MIGRATIONS)).get_heads() == [LATEST]


async def test_an_empty_database_has_no_version_and_gets_the_newest(empty: Database):
    assert await schema_version(empty) is None

    await migrate(empty)

    assert await schema_version(empty) == LATEST


async def test_a_forums_posts_from_before_there_were_threads_are_threads_of_ours(
    empty: Database, monkeypatch: pytest.MonkeyPatch
):
    await migrate_to("0003", empty, monkeypatch)
    await remember_an_article(empty)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with empty.begin() as connection:
        for channel_id, kind in ((1, ChannelKind.FORUM), (2, ChannelKind.TEXT)):
            place = {"channel_id": channel_id, "guild_id": 1001}
            await connection.execute(insert(tables.news_channel).values(kind=kind, created_at=now, **place))
            card = {"story_id": 1, "article_id": 1, "message_id": 9000 + channel_id, "state": DeliveryState.SENT}
            await connection.execute(insert(tables.delivery).values(due_at=now, planned_at=now, **place, **card))

    await migrate(empty)

    async with empty.read() as connection:
        [thread] = await connection.execute(select(tables.thread.c.thread_id, tables.thread.c.state))
    assert tuple(thread) == (9001, ThreadState.OPEN)


async def test_migrating_again_changes_nothing(database: Database):
    await remember_an_article(database)
    await migrate(database)

    async with database.read() as connection:
        assert list(await connection.scalars(select(tables.article.c.id))) == [1]


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(database: Database):
    async with database.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0815'"))

    with pytest.raises(SchemaTooNew, match="upgrade Popcorn"):
        await migrate(database)

    assert await schema_version(database) == "0815"


async def test_a_failed_step_leaves_an_empty_database_empty(empty: Database, write_step: WriteStep):
    write_step('op.create_table("half", sa.Column("id", sa.Integer))', 'op.drop_table("nothing")')

    with pytest.raises(MigrationFailed, match="as it was before"):
        await migrate(empty)

    assert await table_names(empty) == set()
    assert await schema_version(empty) is None


async def test_a_failed_step_leaves_a_used_database_as_it_was(database: Database, write_step: WriteStep):
    write_step(
        'op.create_table("half", sa.Column("id", sa.Integer))',
        'op.execute("DELETE FROM article")',
        'raise LookupError("in the middle")',
    )
    await remember_an_article(database)

    with pytest.raises(MigrationFailed):
        await migrate(database)

    assert "half" not in await table_names(database)
    assert await schema_version(database) == LATEST
    async with database.read() as connection:
        assert list(await connection.scalars(select(tables.article.c.id))) == [1]


async def test_after_a_failed_step_a_mended_one_succeeds(database: Database, write_step: WriteStep):
    write_step('raise LookupError("broken")')
    with pytest.raises(MigrationFailed):
        await migrate(database)

    write_step('op.create_table("whole", sa.Column("id", sa.Integer))')
    await migrate(database)

    assert "whole" in await table_names(database)
    assert await schema_version(database) == NEXT


async def test_a_step_may_build_a_table_anew_without_emptying_those_that_point_at_it(
    database: Database, write_step: WriteStep
):
    write_step('with op.batch_alter_table("feed") as feed:', '    feed.alter_column("title", nullable=True)')
    await remember_an_article(database)

    await migrate(database)

    async with database.read() as connection:
        assert list(await connection.scalars(select(tables.article.c.feed_id))) == [1]


async def test_a_step_that_leaves_a_row_pointing_nowhere_is_taken_back(database: Database, write_step: WriteStep):
    write_step('op.execute("UPDATE article SET story_id = 7")')
    await remember_an_article(database)

    with pytest.raises(MigrationFailed):
        await migrate(database)

    async with database.read() as connection:
        assert list(await connection.scalars(select(tables.article.c.story_id))) == [1]


async def test_a_database_full_of_other_tables_is_left_alone(empty: Database):
    async with empty.begin() as connection:
        await connection.execute(text("CREATE TABLE story (chapter integer)"))

    with pytest.raises(MigrationFailed):
        await migrate(empty)

    assert await table_names(empty) == {"story"}


async def test_who_migrates_at_the_same_time_waits_for_the_first(database_url: str, opening):
    databases = await asyncio.gather(*(opening(database_url) for _ in range(4)))
    await asyncio.gather(*(migrate(database) for database in databases))

    assert [await schema_version(database) for database in databases] == [LATEST] * 4


async def test_nobody_waits_for_ever_for_another_that_migrates(
    database_url: str, opening, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "BUSY_TIMEOUT", 0.01)
    monkeypatch.setattr(module, "MIGRATION_LOCK_TIMEOUT", 0.01)
    database = await opening(database_url)
    async with database.migrating():
        with pytest.raises(StoreError, match="another program keeps it locked"):
            await migrate(database)

    await migrate(database)


def test_two_processes_in_another_folder_migrate_one_database(database_url: str, tmp_path: Path):
    program = (
        "import asyncio, sys\n"
        f"sys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from newsroom.store.database import migrate, open_database, schema_version\n"
        "async def main():\n"
        "    database = await open_database(sys.argv[1])\n"
        "    await migrate(database)\n"
        "    print(await schema_version(database))\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", program, database_url]
    processes = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    assert [process.communicate(timeout=60)[0].strip() for process in processes] == [LATEST] * 2


async def test_migrating_leaves_logging_as_it_was(empty: Database):
    ours = logging.getLogger("newsroom.somewhere")
    root = logging.getLogger()
    before = root.level, list(root.handlers)

    await migrate(empty)

    assert (root.level, list(root.handlers)) == before
    assert not ours.disabled
