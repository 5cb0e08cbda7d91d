"""How a guild wants its polls: what ``/poll settings`` shows and changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from newsroom.errors import RequestRefused
from newsroom.models import GuildSettings, Side
from newsroom.store import Store
from newsroom.times import zone
from newsroom.votes.asking import read_label
from newsroom.votes.schedule import next_occurrence

MOST_PER_DAY = 24
LABELS = ("open_label", "proprietary_label", "depends_label")
ROLES = {Side.OPEN: "open_role_id", Side.PROPRIETARY: "proprietary_role_id", Side.DEPENDS: "depends_role_id"}


class Guilds:
    """Each method is one transaction and acts on one guild alone."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def settings(self, guild_id: int) -> GuildSettings:
        async with self._store.read() as connection:
            return await self._store.guilds.settings(connection, guild_id)

    async def change(self, guild_id: int, changes: Mapping[str, object]) -> GuildSettings:
        """Change some settings, by their names in GuildSettings; all of them or, if one is wrong, none.

        A new time zone moves the repeats and the weekly recap along. Raises RequestRefused.
        """
        checked = dict(changes)
        if "timezone" in checked:
            checked["timezone"] = zone(str(checked["timezone"])).key
        checked |= {name: read_label(str(checked[name])) for name in LABELS if name in checked}
        async with self._store.begin() as connection:
            settings = await self._store.guilds.put(connection, guild_id, **checked)
            labels = {getattr(settings, name).casefold() for name in LABELS}
            if len(labels) < len(LABELS):
                # Raising takes the change back.
                raise RequestRefused("Two sides would have the same name. Give each its own.")
            if "timezone" in checked:
                for repeat in await self._store.repeats.of_guild(connection, guild_id):
                    next_at = next_occurrence(repeat.rule, self._now(), zone(settings.timezone))
                    await self._store.repeats.set(connection, repeat.id, next_at=next_at)
                plan = await self._store.recaps.plan(connection, guild_id, hold=True)
                if plan is not None:
                    after = await self._store.recaps.not_before(connection, guild_id, self._now())
                    next_at = next_occurrence(plan.rule, after, zone(settings.timezone))
                    await self._store.recaps.set_plan(connection, guild_id, next_at=next_at)
        return settings

    async def remember_role(self, guild_id: int, side: Side, role_id: int) -> None:
        """Note which role shows that somebody is on a side."""
        async with self._store.begin() as connection:
            await self._store.guilds.put(connection, guild_id, **{ROLES[side]: role_id})


def role_of(settings: GuildSettings, side: Side) -> int | None:
    """Return the role of a side, if one was made."""
    role_id: int | None = getattr(settings, ROLES[side])
    return role_id


def worn(settings: GuildSettings, role_ids: Collection[int]) -> bool:
    """Whether one of these roles shows that somebody is on a side."""
    return any(role_of(settings, side) in role_ids for side in Side)
