import asyncio

from newsroom.store.database import Database, open_database
from newsroom.store.installation import InstallationStore


async def test_an_installation_has_one_id_of_128_bits_for_ever(database: Database):
    store = InstallationStore(database)
    async with database.begin() as connection:
        first = await store.id(connection)
    async with database.begin() as connection:
        again = await store.id(connection)

    assert again == first
    assert len(bytes.fromhex(first)) == 16


async def test_two_processes_that_start_at_once_agree_on_the_id(migrated_url: str):
    async def start() -> str:
        database = await open_database(migrated_url)
        try:
            async with database.begin() as connection:
                return await InstallationStore(database).id(connection)
        finally:
            await database.close()

    assert len(set(await asyncio.gather(*(start() for _ in range(5))))) == 1


async def test_two_installations_have_two_ids(sqlite_url: str, migrated_sqlite, tmp_path):
    ids = set()
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(migrated_sqlite.read_bytes())
        database = await open_database(f"sqlite:///{tmp_path / name}")
        async with database.begin() as connection:
            ids.add(await InstallationStore(database).id(connection))
        await database.close()

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
