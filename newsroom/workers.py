"""A process of our own for work that must be bounded: its memory and time have limits, and it can be killed.

A thread could not be stopped, and one hostile or broken job would hold the whole bot. The process may die of a job;
then that one has failed, and a new process does the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import multiprocessing
import resource
import signal
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from newsroom.errors import NewsroomError

logger = logging.getLogger(__name__)

T = TypeVar("T")

PRELOADED = ("feedparser", "pebble", "newsroom.feeds.workers")
"""What every worker has loaded when it starts.

The bot has one server from which all its workers are forked, and the worker that starts first sets it up. So there is
one list: what feeds need, which is small. What is heavier a worker imports itself, on its first job.
"""

_PATIENCE_SECONDS = 10.0
"""How long past its time a job may stay without an outcome (a worker starting, or ending) before the pool counts as
lost."""


class JobFailed(Exception):
    """There is no result. Whoever asked for it knows what that means to a member."""


class TooSlow(JobFailed):
    """The job took longer than it may, and its worker was killed."""


class Broken(JobFailed):
    """The job raised, or its worker died of it."""


class Stopping(JobFailed):
    """The worker was closed before the turn of this job came."""


class WorkerProcess:
    """Does jobs in a process, which it starts for the first: one after another, each in at most ``seconds``.

    ``name`` is for the log. ``memory`` is how many bytes of address space the process may have. After ``most_jobs`` a
    fresh one takes over: what leaks ends with it.
    """

    def __init__(self, name: str, *, seconds: float, memory: int, most_jobs: int) -> None:
        self._name = name
        self._seconds = seconds
        self._memory = memory
        self._most_jobs = most_jobs
        self._pool: ProcessPool | None = None
        self._is_closed = False
        # One job is with the worker and the others wait here: what kills the worker can't take them along,
        # and the time of each begins when it is its turn.
        self._turn = asyncio.Lock()

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Call a function of a module over there. Giving up on it kills it.

        Raises JobFailed, or the NewsroomError that the function raised.
        """
        async with self._turn:
            try:
                return await self._try_to_run(function, *args)
            except _PoolLost:
                # That need not be this job's doing, so it gets one more try.
                logger.warning("The worker process for %s was lost; starting another", self._name)
                await self._drop_pool()
            try:
                return await self._try_to_run(function, *args)
            except _PoolLost as error:
                await self._drop_pool()
                raise Broken from error

    async def close(self) -> None:
        """End the process, after the job that it is doing. Those that wait fail."""
        self._is_closed = True
        async with self._turn:
            await self._drop_pool()

    async def _try_to_run(self, function: Callable[..., T], *args: object) -> T:
        if self._is_closed:
            raise Stopping
        try:
            if self._pool is None:
                self._pool = _new_pool(self._memory, self._most_jobs)
                # In a thread, because it waits for the new process: a tenth of a second that the loop doesn't have.
                await asyncio.to_thread(_start, self._pool)
            future = self._pool.schedule(_within_limits, (self._seconds, function, *args), timeout=self._seconds)
        except RuntimeError as error:  # BrokenProcessPool is one too
            raise _PoolLost from error
        try:
            async with asyncio.timeout(self._seconds + _PATIENCE_SECONDS) as patience:
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            if patience.expired():
                raise _PoolLost from error
            raise TooSlow from error
        except ProcessExpired as error:
            raise Broken from error
        except BrokenProcessPool as error:
            raise _PoolLost from error

    async def _drop_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_stop, pool)


class _PoolLost(Exception):
    """The pool itself can't go on, which says nothing about the job."""


def _new_pool(memory: int, most_jobs: int) -> ProcessPool:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return ProcessPool(max_workers=1, max_tasks=most_jobs, initializer=_set_limits, initargs=(memory,), context=context)


def _start(pool: ProcessPool) -> None:
    """Runs in a thread of its own."""
    # Ctrl-C reaches the processes that are just starting, too, before they can ignore it. The tracker comes first,
    # because starting it lifts the block again.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    if not pool.active:  # asking starts it
        raise BrokenProcessPool("the worker pool did not start")


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _set_limits(memory: int) -> None:
    """Runs in each new worker."""
    # Ctrl-C reaches the whole process group; the bot decides when its worker ends, and then at once, even in C code.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS has no such limit; the one on time holds
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _within_limits(seconds: float, function: Callable[..., T], *args: object) -> T:
    """Runs in the worker: one job, with a limit of its own on processor time.

    That limit counts when nobody is left to watch the clock, because the bot itself was killed.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    try:
        return function(*args)
    except NewsroomError:
        raise
    except Exception as error:
        # Libraries raise whatever they like, also what can't be sent to another process.
        raise Broken from error
