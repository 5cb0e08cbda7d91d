import asyncio
import os
import resource
import signal
import subprocess
import sys
import traceback
from collections import deque
from itertools import count
from pathlib import Path

import psutil
import pytest

from newsroom.errors import RequestRefused
from newsroom.workers import Broken, Stopping, TooSlow, WorkerProcess

ROOT = Path(__file__).parents[2]


def made(*, seconds=5.0, memory=1024**3, most_jobs=500):
    return WorkerProcess("tests", seconds=seconds, memory=memory, most_jobs=most_jobs)


@pytest.fixture
async def process():
    worker = made()
    yield worker
    await worker.close()


@pytest.fixture
async def hasty():
    """One with a short time for each job, so that no test waits for long."""
    worker = made(seconds=0.5)
    yield worker
    await worker.close()


@pytest.fixture
async def brief():
    """One whose process does two jobs and no more."""
    worker = made(most_jobs=2)
    yield worker
    await worker.close()


# These run in the worker.


def modules_loaded():
    return sorted(sys.modules)


def doubled(number):
    return 2 * number


def worker_id():
    return os.getpid()


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def spin():
    deque(count(), maxlen=0)  # in C code, which looks at no signals


def eat_memory():
    return len(bytearray(2 * 1024**3))


def refuse():
    raise RequestRefused("Not today.")


def raise_what_cannot_be_sent():
    class Local(Exception):
        pass

    raise Local("of the library")


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    return "still here"


async def test_a_job_is_done_in_another_process(process):
    assert await process.run(doubled, 21) == 42
    assert await process.run(worker_id) != os.getpid()


async def test_a_worker_starts_small_whatever_the_bot_has_loaded(process):
    import discord  # noqa: F401
    import matplotlib  # noqa: F401
    import sqlalchemy  # noqa: F401

    loaded = await process.run(modules_loaded)

    assert not {"discord", "sqlalchemy", "aiohttp", "matplotlib", "numpy"} & set(loaded)


async def test_what_a_job_refuses_on_purpose_is_passed_on(process):
    with pytest.raises(RequestRefused, match="Not today"):
        await process.run(refuse)


async def test_whatever_else_a_job_raises_breaks_that_job_alone_and_the_log_can_tell_why(process):
    before = await process.run(worker_id)

    with pytest.raises(Broken) as caught:
        await process.run(raise_what_cannot_be_sent)

    assert "of the library" in "".join(traceback.format_exception(caught.value))
    assert await process.run(worker_id) == before


async def test_a_job_that_takes_too_long_is_stopped_and_those_that_wait_are_not_lost(hasty):
    outcomes = await asyncio.gather(
        hasty.run(doubled, 1), hasty.run(spin), hasty.run(doubled, 2), hasty.run(doubled, 3), return_exceptions=True
    )

    assert isinstance(outcomes.pop(1), TooSlow)
    assert outcomes == [2, 4, 6]


async def test_a_job_that_eats_memory_breaks_and_the_worker_lives_on(process):
    before = await process.run(worker_id)

    with pytest.raises(Broken):
        await process.run(eat_memory)

    assert await process.run(worker_id) == before


async def test_a_worker_has_the_memory_that_it_is_given():
    worker = made(memory=2 * 1024**3)
    try:
        assert (await worker.run(resource.getrlimit, resource.RLIMIT_AS))[0] == 2 * 1024**3
    finally:
        await worker.close()


async def test_a_job_that_kills_the_worker_breaks_alone(process):
    outcomes = await asyncio.gather(
        process.run(die), process.run(doubled, 1), process.run(die), process.run(doubled, 2), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes[::2]] == [Broken, Broken]
    assert outcomes[1::2] == [2, 4]


async def test_a_worker_that_dies_between_two_jobs_is_replaced(process):
    worker = psutil.Process(await process.run(worker_id))
    worker.kill()

    assert await process.run(doubled, 21) == 42
    assert not worker.is_running()


async def test_a_pool_that_is_lost_costs_no_job(process):
    before = await process.run(worker_id)
    process._pool.stop()

    assert await process.run(doubled, 21) == 42
    assert await process.run(worker_id) != before


async def test_a_worker_is_replaced_after_many_jobs(brief):
    assert len({await brief.run(worker_id) for _ in range(5)}) == 3


async def test_ctrl_c_does_not_reach_the_worker(process):
    assert await process.run(interrupt) == "still here"


async def test_giving_up_on_a_job_frees_the_worker_for_the_next(process):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await process.run(spin)

    assert await process.run(doubled, 21) == 42


async def test_two_kinds_of_workers_do_not_get_in_each_others_way(process, hasty):
    outcomes = await asyncio.gather(hasty.run(spin), process.run(worker_id), return_exceptions=True)

    assert isinstance(outcomes[0], TooSlow)
    assert await process.run(worker_id) == outcomes[1] != await hasty.run(worker_id)


async def test_closing_ends_the_worker_and_fails_what_comes_later():
    process = made()
    worker = psutil.Process(await process.run(worker_id))

    await process.close()

    assert not worker.is_running()
    with pytest.raises(Stopping):
        await process.run(doubled, 21)


async def test_closing_before_anything_was_done_is_fine():
    await made().close()


BOT = """
import asyncio, sys
from newsroom.workers import WorkerProcess
from spinning import spin

async def main():
    process = WorkerProcess("tests", seconds=0.5, memory=1024**3, most_jobs=500)
    await process.run(len, "")
    print("ready", flush=True)
    sys.stdin.readline()
    {busy}
    await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.parametrize("busy", ["", "asyncio.ensure_future(process.run(spin))"], ids=["idle", "busy"])
def test_no_worker_outlives_a_bot_that_was_killed(tmp_path, busy):
    (tmp_path / "spinning.py").write_text("def spin():\n    print('spinning', flush=True)\n    while True: pass\n")
    script = tmp_path / "bot.py"
    script.write_text(BOT.format(busy=busy))
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as bot:
        assert bot.stdout.readline() == "ready\n"
        family = psutil.Process(bot.pid).children(recursive=True)
        assert len(family) >= 2
        bot.stdin.write("\n")
        bot.stdin.flush()
        if busy:
            assert bot.stdout.readline() == "spinning\n"
        bot.kill()

    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
