import asyncio

from newsroom.turns import Turns


async def test_who_came_first_goes_first_and_nobody_else_meanwhile():
    turns, done = Turns(), []

    async def go(number: int) -> None:
        async with turns.turn("anna"):
            done.append(("in", number))
            await asyncio.sleep(0)
            done.append(("out", number))

    await asyncio.gather(*(go(number) for number in range(5)))

    assert done == [(way, number) for number in range(5) for way in ("in", "out")]


async def test_others_wait_for_nobody():
    turns = Turns()

    async with turns.turn("anna"), asyncio.timeout(1), turns.turn("ben"):
        pass


async def test_a_turn_that_fails_or_is_given_up_lets_the_next_in():
    turns = Turns()
    try:
        async with turns.turn("anna"):
            waiting = asyncio.create_task(_wait(turns))
            await asyncio.sleep(0)
            waiting.cancel()
            raise LookupError
    except LookupError:
        pass

    async with asyncio.timeout(1), turns.turn("anna"):
        pass


async def _wait(turns: Turns) -> None:
    async with turns.turn("anna"):
        pass
