"""What the bot itself has to remember: what it has told whom."""

from __future__ import annotations

from newsroom.store import Store


class Notes:
    """Named texts, one value each, kept with the installation's id. Each method is a transaction of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, name: str) -> str | None:
        """Return the value of that name, None if there is none."""
        async with self._store.read() as connection:
            return await self._store.installation.get(connection, name)

    async def put(self, name: str, value: str) -> None:
        """Remember the value under that name, in place of the one before."""
        async with self._store.begin() as connection:
            await self._store.installation.put(connection, name, value)
