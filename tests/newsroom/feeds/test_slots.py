"""Few at once, and nobody waits for the slow."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from newsroom.feeds.slots import ASIDE, DOMAIN_SHARE, Slot, Slots

NEVER = 10_000.0


class Fetches:
    """Fetches that a test begins, slows down, ends and gives up; ``slots`` are those they hold, by their numbers."""

    def __init__(self, most: int, patience: float = NEVER) -> None:
        self.most = most
        self.slots = Slots(most, patience)
        self.held: dict[int, Slot] = {}
        self.staying: set[int] = set()
        self.tasks: list[asyncio.Task[None]] = []
        self.domains: list[str] = []
        self.ends: list[asyncio.Event] = []
        self.bodies: list[asyncio.Event] = []

    async def begin(self, number: int | None = None) -> None:
        """Begin a fetch from the domain of that number, or from one of its own."""
        self.domains.append(f"{len(self.tasks) if number is None else number % 3}.example")
        self.ends.append(asyncio.Event())
        self.bodies.append(asyncio.Event())
        self.tasks.append(asyncio.create_task(self._fetch(len(self.tasks))))
        await settle()

    async def _fetch(self, number: int) -> None:
        async with self.slots.taken(self.domains[number]) as slot:
            self.held[number] = slot
            try:
                await self.bodies[number].wait()
                await slot.stay()
                self.staying.add(number)
                await self.ends[number].wait()
            finally:
                del self.held[number]

    async def slow(self, number: int) -> None:
        if number in self.held:
            self.held[number].step_aside()
        await settle()

    async def body(self, number: int) -> None:
        """Have the answer of a fetch come in full, so that it needs a slot."""
        if number < len(self.tasks):
            self.bodies[number].set()
        await settle()

    async def end(self, number: int) -> None:
        await self.body(number)
        if number < len(self.tasks):
            self.ends[number].set()
        await settle()

    async def give_up(self, number: int) -> None:
        if number < len(self.tasks):
            self.tasks[number].cancel()
        await settle()

    async def give_up_all(self) -> None:
        for task in self.tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @property
    def inside(self) -> set[int]:
        return {number for number, slot in self.held.items() if not slot.is_aside}

    @property
    def aside(self) -> set[int]:
        return {number for number, slot in self.held.items() if slot.is_aside}


async def settle() -> None:
    """Let everybody go as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_only_so_many_have_a_slot_and_the_next_gets_the_first_that_is_free() -> None:
    fetches = Fetches(most=2)
    for _ in range(3):
        await fetches.begin()
    assert fetches.inside == {0, 1}

    await fetches.end(1)

    assert fetches.inside == {0, 2}
    await fetches.give_up_all()


async def test_whoever_is_slow_steps_aside_for_the_next() -> None:
    fetches = Fetches(most=1, patience=0)
    await fetches.begin()
    await fetches.begin()

    assert fetches.aside == {0, 1}
    await fetches.give_up_all()


async def test_when_nobody_more_can_stand_aside_the_slow_keep_their_slots() -> None:
    fetches = Fetches(most=1, patience=0)
    for _ in range(ASIDE + 2):
        await fetches.begin()

    assert (len(fetches.aside), len(fetches.inside), len(fetches.held)) == (ASIDE, 1, ASIDE + 1)
    await fetches.give_up_all()


async def test_nobody_reads_a_body_without_a_slot() -> None:
    fetches = Fetches(most=1)
    await fetches.begin()
    await fetches.slow(0)
    await fetches.begin()

    await fetches.body(0)
    assert (fetches.staying, fetches.aside) == (set(), {0})
    await fetches.end(1)

    assert (fetches.staying, fetches.inside) == ({0, 1}, {0})
    await fetches.give_up_all()


async def test_who_comes_back_is_behind_one_beginner_at_most() -> None:
    fetches = Fetches(most=1)
    await fetches.begin()
    await fetches.slow(0)
    for _ in range(5):
        await fetches.begin()
    await fetches.body(0)

    await fetches.end(1)
    await fetches.end(2)

    assert fetches.inside == {0}
    await fetches.give_up_all()


async def test_whoever_has_a_body_in_hand_does_not_step_aside_any_more() -> None:
    fetches = Fetches(most=1)
    await fetches.begin()
    await fetches.body(0)
    await fetches.slow(0)

    assert fetches.inside == {0}
    await fetches.give_up_all()


async def test_one_domain_has_a_share_of_the_slots_and_leaves_the_others() -> None:
    fetches = Fetches(most=2 * DOMAIN_SHARE)
    for _ in range(4):
        await fetches.begin(1)
    await fetches.begin(2)
    assert fetches.inside == {0, 1, 4}

    await fetches.end(1)
    assert fetches.inside == {0, 2, 4}
    await fetches.slow(0)
    assert fetches.inside == {2, 3, 4}

    await fetches.body(0)
    assert fetches.aside == {0}
    await fetches.end(2)
    assert fetches.inside == {0, 3, 4}
    await fetches.give_up_all()


async def test_who_comes_back_is_behind_one_beginner_of_his_domain_at_most() -> None:
    fetches = Fetches(most=DOMAIN_SHARE)
    for _ in range(6):
        await fetches.begin(1)
    await fetches.slow(0)
    await fetches.body(0)

    await fetches.end(1)
    await fetches.end(2)

    assert fetches.inside == {0}
    await fetches.give_up_all()


STEPS = st.tuples(st.sampled_from(["begin", "slow", "body", "end", "give_up"]), st.integers(0, 11))


@given(st.sampled_from([1, 2, 3, 3 * DOMAIN_SHARE]), st.lists(STEPS, max_size=60))
def test_whatever_happens_no_slot_is_lost_or_given_twice(most: int, steps: list[tuple[str, int]]) -> None:
    async def go() -> None:
        fetches = Fetches(most)
        for name, number in steps:
            await getattr(fetches, name)(number)
            assert len(fetches.inside) <= most
            assert len(fetches.aside) == fetches.slots.aside <= ASIDE * most
            share = max(most // DOMAIN_SHARE, 1)
            having = Counter(fetches.domains[number] for number in fetches.inside)
            assert max(having.values(), default=0) <= share
            # Nobody waits where there is room.
            waiting = {place for place, task in enumerate(fetches.tasks) if not task.done()} - fetches.held.keys()
            assert len(fetches.inside) == most or all(having[fetches.domains[place]] == share for place in waiting)
        await fetches.give_up_all()
        for _ in range(most + 1):
            await fetches.begin()
        assert (len(fetches.inside), fetches.slots.aside) == (most, 0)
        await fetches.give_up_all()

    asyncio.run(go())
