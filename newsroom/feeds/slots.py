"""Who may fetch at the moment, and where the slow ones go on, so that they delay nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from weakref import WeakValueDictionary

PATIENCE_SECONDS = 1.0
"""How long a fetch may take before it counts as slow. Nearly all take less."""

ASIDE = 4
"""For each slot, so many slow fetches may go on aside."""

MOST_BYTES_ASIDE = 1024 * 1024
"""How much of a body may lie in memory while its fetch stands aside; for more it needs a slot."""

DOMAIN_SHARE = 5
"""One registrable domain has at most one in so many of the slots: hosts below it cost its owner nothing."""


class Slots:
    """``most`` fetches at once, and the slow ones aside.

    A fetch that takes longer than ``patience`` seconds steps aside: it gives its slot to whoever is next and goes on
    without one. It has a slot again before more than MOST_BYTES_ASIDE of its body come, and before anybody reads its
    body. So in memory are at most ``most`` whole bodies and ASIDE times ``most`` beginnings: with 50 slots and bodies
    of 8 MiB, 600 MiB, of which a web that means no harm never needs a tenth. Where that many stand aside already, a
    slow one keeps its slot.

    A slot is kept until the body is parsed, and the parser takes one document after the other. So of the slots no
    domain has more than its DOMAIN_SHARE, however many bodies it has waiting.
    """

    def __init__(self, most: int, patience: float = PATIENCE_SECONDS) -> None:
        self.all = Room(most)
        self.aside = 0
        self.most_aside = ASIDE * most
        self._patience = patience
        self._share = max(most // DOMAIN_SHARE, 1)
        self._shares: WeakValueDictionary[str, Room] = WeakValueDictionary()

    @asynccontextmanager
    async def taken(self, domain: str) -> AsyncIterator[Slot]:
        """Wait for a slot of a domain's; what a fetch holds of it at the end of the context is given back."""
        slot = Slot(self, self._shares.setdefault(domain, Room(self._share)))
        await slot.take(begins=True)
        slow = asyncio.get_running_loop().call_later(self._patience, slot.step_aside)
        try:
            yield slot
        finally:
            slow.cancel()
            slot.give_back()


class Room:
    """Room for ``most``. Who begins waits at a door, so that who comes back is behind one of them at most."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._door = asyncio.Lock()

    async def enter(self, *, begins: bool) -> None:
        async with self._door if begins else nullcontext():
            await self._free.acquire()

    def leave(self) -> None:
        self._free.release()


class Slot:
    """One fetch's slot, out of the ``share`` of its domain, or its place aside."""

    def __init__(self, slots: Slots, share: Room) -> None:
        self._slots = slots
        self._share = share
        self.is_aside = False
        self._stays = False

    async def take(self, *, begins: bool) -> None:
        """Wait for a turn of the domain's, and then for a free slot."""
        await self._share.enter(begins=begins)
        try:
            await self._slots.all.enter(begins=begins)
        except BaseException:
            self._share.leave()
            raise

    def step_aside(self) -> None:
        """Give the slot to somebody else, if there is room aside and the fetch doesn't need it until its end."""
        if not self._stays and not self.is_aside and self._slots.aside < self._slots.most_aside:
            self.is_aside = True
            self._slots.aside += 1
            self._let_go()

    async def stay(self) -> None:
        """Have a slot from now until the end, however slow the fetch is; wait for one if it stands aside."""
        self._stays = True
        if self.is_aside:
            await self.take(begins=False)
            self.is_aside = False
            self._slots.aside -= 1

    def give_back(self) -> None:
        """Let go of the slot or the place aside; the fetch is over."""
        if self.is_aside:
            self._slots.aside -= 1
        else:
            self._let_go()

    def _let_go(self) -> None:
        self._slots.all.leave()
        self._share.leave()
