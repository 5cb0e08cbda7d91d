from __future__ import annotations

from newsroom.desk.notes import Notes
from newsroom.store import Store
from newsroom.store.database import Database


async def test_a_note_is_there_for_whoever_starts_later_and_a_newer_one_takes_its_place(database: Database):
    notes = Notes(Store(database))
    assert await notes.get("invite link") is None

    await notes.put("invite link", "printed")
    await notes.put("commands", "a")
    await notes.put("commands", "b")

    later = Notes(Store(database))
    assert (await later.get("invite link"), await later.get("commands")) == ("printed", "b")
