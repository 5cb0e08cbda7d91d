"""Processes to be measured from outside, so that nothing of the measuring happens in them. Linux only."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]
LONGEST_ANSWER = 600.0  # seconds
LONGEST_GOODBYE = 20.0


class BenchFailed(Exception):
    """A measurement that would say nothing; the text says why."""


class Measured:
    """A process that answers questions, with all the processes it has started."""

    def __init__(self, name: str, process: Process) -> None:
        self._name = name
        self._process = process
        self._own = psutil.Process(process.pid)

    async def ask(self, question: str, **arguments: object) -> dict[str, Any]:
        await self.tell({"ask": question, **arguments})
        return await self.hear()

    async def tell(self, what: dict[str, object]) -> None:
        assert self._process.stdin is not None, "it was started with a pipe"
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        await self._process.stdin.drain()

    async def hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None, "it was started with a pipe"
        try:
            async with asyncio.timeout(LONGEST_ANSWER):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise BenchFailed(f"{self._name} gives no answer") from None
        if not line:
            raise BenchFailed(f"{self._name} ended; what it wrote above may say why")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def cpu_seconds(self) -> float:
        """Processor time used so far, user and system, by the process and all it started, those that ended too."""
        total = 0.0
        for process in (self._own, *self._helpers()):
            # Worker processes that ended count as their parent's, in hundredths of a second.
            ended = process.cpu_times()
            total += cpu_clock(process.pid) + ended.children_user + ended.children_system
        return total

    def reset_peak(self) -> None:
        """Let the peak of memory begin anew. Source: proc(5), clear_refs."""
        Path(f"/proc/{self._own.pid}/clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        """The most memory the process itself has had since the last reset (resident set)."""
        return peak_bytes(self._own.pid)

    def helpers_bytes(self) -> int:
        """The memory of the processes it has started, now; what they share counts in parts (proportional set)."""
        return sum(int(process.memory_full_info().pss) for process in self._helpers())

    def _helpers(self) -> list[psutil.Process]:
        helpers: list[psutil.Process] = self._own.children(recursive=True)
        return helpers


def peak_bytes(pid: int) -> int:
    """The most memory a process has had (resident set); OSError if there is none. Source: proc(5), VmHWM."""
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if peak is None:
        raise ProcessLookupError(pid)  # it ended, and nobody has asked yet how
    return int(peak[1]) * 1024


def cpu_clock(pid: int) -> float:
    """Processor time that a process has used so far, in seconds, to the nanosecond; OSError if there is none."""
    # The system's clock of that process. Source: clock_getcpuclockid(3), as Linux makes its ids.
    return time.clock_gettime((~pid << 3) | 2)


@asynccontextmanager
async def started(module: str, *arguments: str, **told: object) -> AsyncIterator[tuple[Measured, dict[str, Any]]]:
    """Run a module of ours, and give it back with what it says once it is ready. ``told`` is its first line of input.

    It ends when its input does, so none is left behind whatever becomes of us.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    assert process.stdin is not None, "it was started with a pipe"
    try:
        measured = Measured(" ".join((module, *arguments)), process)
        if told:
            await measured.tell(told)
        yield measured, await measured.hear()
    finally:
        process.stdin.close()
        await ended(process)


async def ended(process: Process) -> None:
    """Wait until a process that was told to end has done so; one that takes too long is killed."""
    try:
        async with asyncio.timeout(LONGEST_GOODBYE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
