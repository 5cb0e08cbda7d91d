"""What background work may not do: fail loudly, hang for ever, or take anything along."""

import asyncio
import logging

import pytest

from newsroom.tasks import Pulse, Tasks
from tests.fakes import Clock


async def hang() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise RuntimeError


async def until_idle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_task_runs_once_at_a_time_and_again_after_it_failed(caplog):
    tasks, runs = Tasks(), []

    async def work() -> None:
        runs.append(1)
        raise RuntimeError

    tasks.start("key", work)
    tasks.start("key", work)
    await until_idle()
    tasks.start("key", work)
    await until_idle()

    assert len(runs) == 2
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2


async def test_a_task_without_progress_is_ended_counted_and_may_begin_again():
    tasks, began = Tasks(), []

    async def work() -> None:
        began.append(1)
        await hang()

    tasks.start("channel", work)
    await until_idle()
    ended = tasks.end_stuck(-1)
    await until_idle()
    tasks.start("channel", work)
    await until_idle()

    assert (ended, len(began)) == (1, 2)
    await tasks.join(0)


async def test_a_task_that_makes_progress_is_left_alone():
    tasks = Tasks()
    tasks.start("channel", hang)
    await until_idle()
    tasks.progress("channel")

    assert tasks.end_stuck(60) == 0
    await tasks.join(0)


async def test_a_pass_that_fails_is_counted_and_the_next_one_is_well():
    clock = Clock()
    pulse = Pulse("rounds", 1, now=clock)

    await pulse.beat(fail)
    assert (pulse.failures, pulse.passed_at) == (1, None)

    await pulse.beat(until_idle)
    assert pulse.passed_at == clock()


async def test_a_pass_that_hangs_is_given_up_and_counted():
    pulse = Pulse("rounds", 0.0, now=Clock(), least=0.0)

    await pulse.beat(hang)

    assert pulse.failures == 1


async def test_the_end_of_the_bot_gets_through_a_pass():
    pulse = Pulse("rounds", 60, now=Clock())
    task = asyncio.create_task(pulse.beat(hang))
    await until_idle()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert pulse.failures == 0
