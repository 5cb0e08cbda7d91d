"""Waiting: woken by what concerns one, and by nothing else where many wait."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.changes import Changes


class Asked:
    """Counts how often it was asked, and holds once it is told to."""

    def __init__(self) -> None:
        self.times = 0
        self.holds = False

    def __call__(self) -> bool:
        self.times += 1
        return self.holds


async def begun(changes: Changes, asked: Asked, about: tuple[int, ...] = ()) -> asyncio.Task[None]:
    """A wait that was asked once and sleeps now."""
    waiting = asyncio.create_task(changes.until(asked, "it", about=about))
    for _ in range(3):
        await asyncio.sleep(0)
    return waiting


async def test_who_waits_for_one_thing_is_not_asked_about_others():
    changes, mine, everything = Changes(), Asked(), Asked()
    waiting = [await begun(changes, mine, (7, 8)), await begun(changes, everything)]
    for about in ((), (1,), (2,)):
        changes.tell(*about)
        await asyncio.sleep(0)
    assert mine.times == 1
    assert everything.times > 1

    mine.holds = everything.holds = True
    changes.tell(8)
    await asyncio.wait_for(asyncio.gather(*waiting), 20)


async def test_who_waits_in_vain_is_told_for_what():
    with pytest.raises(TimeoutError, match="for a miracle"):
        await Changes().until(lambda: False, "a miracle", 0.01, about=(7,))
