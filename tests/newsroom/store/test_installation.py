import asyncio
import shutil
from pathlib import Path

from newsroom.store.database import Database
from newsroom.store.installation import InstallationStore


async def test_an_installation_has_one_id_of_128_bits_for_ever(database: Database):
    store = InstallationStore(database)
    async with database.begin() as connection:
        first = await store.id(connection)
    async with database.begin() as connection:
        again = await store.id(connection)

    assert again == first
    assert len(bytes.fromhex(first)) == 16


async def test_two_processes_that_start_at_once_agree_on_the_id(migrated_url: str, opening):
    async def start() -> str:
        database = await opening(migrated_url)
        async with database.begin() as connection:
            return await InstallationStore(database).id(connection)

    assert len(set(await asyncio.gather(*(start() for _ in range(5))))) == 1


async def test_two_installations_have_two_ids(migrated_sqlite: Path, tmp_path: Path, opening):
    ids = set()
    for name in ("one", "two"):
        database = await opening(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / name)}")
        async with database.begin() as connection:
            ids.add(await InstallationStore(database).id(connection))

    assert len(ids) == 2


async def test_a_value_is_kept_under_its_name_until_another_takes_its_place(database: Database):
    store = InstallationStore(database)
    async with database.begin() as connection:
        await store.put(connection, "commands", "one")
        await store.put(connection, "commands", "two")
        await store.put(connection, "other", "three")

    async with database.read() as connection:
        assert await store.get(connection, "commands") == "two"
        assert await store.get(connection, "nobody") is None
