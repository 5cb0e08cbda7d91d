"""What a round costs: processor time a feed and peak memory, beside a bare aiohttp loop making the same requests.

    uv run bench/round.py                       100 and 1,000 feeds; takes a minute
    uv run bench/round.py --all --rounds 3      5,000 as well, as in docs/performance.md; takes six
    uv run bench/round.py --feeds 300 --rounds 5 --json

A feed site of its own process serves made-up news feeds on HOSTS loopback addresses. The newsroom (a new SQLite file,
the real fetcher and worker process, each feed wanted by one news channel) and the bare loop (20 requests at once,
validators sent, bodies read) take turns in reading all of it, each as a process of its own: the first time, then with
nothing changed, then with one new article in a tenth of the feeds. All connections are closed in between, as they are
after the minutes between two rounds. The whole is done ``--rounds`` times; figures are medians.

Processor time is user and system, worker processes included, and the bookkeeping that a round leaves behind.
Other work on the machine disturbs it far less than it does seconds on the clock, and the ratio to the loop least of
all. Memory is the peak of the process itself during the round plus what its worker processes hold at its end.

Runs on Linux. Fails if a reader found anything but what the site published; never because of a figure.
``docs/performance.md`` says what the figures mean.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from statistics import median
from tempfile import TemporaryDirectory

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.farm import ITEMS
from bench.processes import BenchFailed, Measured, started

SIZES = (100, 1_000)
ALL_SIZES = (100, 1_000, 5_000)
HOSTS = 25  # times the two requests a host is asked at once: the newsroom's limit of 50
FIRST, UNCHANGED, TENTH = "first round", "nothing changed", "a tenth changed"
PHASES = (FIRST, UNCHANGED, TENTH)
SETTLE_SECONDS = 0.1  # for readers to notice that connections were closed


@dataclass(frozen=True, slots=True)
class Figure:
    """What one round cost one reader. CPU is in seconds, for all feeds and all processes; memory is in bytes."""

    cpu: float
    peak: int
    helpers: int

    @property
    def memory(self) -> int:
        return self.peak + self.helpers


@dataclass(frozen=True, slots=True)
class Compared:
    """The medians of one phase at one size. CPU is in microseconds a feed, memory in megabytes (10^6 bytes)."""

    feeds: int
    phase: str
    cpu: float
    loop_cpu: float
    cpu_ratio: float
    memory: float
    of_it_helpers: float
    loop_memory: float
    memory_ratio: float


async def measure(sizes: Sequence[int], rounds: int) -> list[Compared]:
    """Measure every phase at every size, ``rounds`` times. Raises BenchFailed if a reader finds the wrong articles."""
    compared = []
    for feeds in sizes:
        async with started("bench.farm", str(feeds), str(HOSTS)) as (farm, ready):
            hosts: list[str] = ready["hosts"]
            runs = [await _run(farm, hosts, feeds) for _ in range(rounds)]
        for phase in PHASES:
            compared.append(_compare(feeds, phase, [run[phase] for run in runs]))
    return compared


async def _run(farm: Measured, hosts: Sequence[str], feeds: int) -> dict[str, tuple[Figure, Figure]]:
    """Let both readers go through all phases once, from nothing; return each phase's figures, the newsroom's first."""
    urls = [f"http://{hosts[number % HOSTS]}/{number}/feed" for number in range(feeds)]
    figures = {}
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="popcorn-bench-"))
        database_url = f"sqlite:///{folder}/popcorn.db"
        async with started("bench.readers", "subscribe", urls=urls, database_url=database_url):
            pass
        newsroom, _ = await stack.enter_async_context(
            started("bench.readers", "newsroom", hosts=hosts, database_url=database_url)
        )
        loop, _ = await stack.enter_async_context(started("bench.readers", "loop", urls=urls))
        for phase in PHASES:
            published, whole = 0, 0
            if phase is FIRST:
                published, whole = feeds * ITEMS, feeds
            elif phase is TENTH:
                published = whole = (await farm.ask("publish", feeds=feeds))["articles"]
            ours, answer = await _read(farm, newsroom)
            expected = {"whole": whole, "unchanged": feeds - whole, "failed": 0, "articles": published}
            _check(phase, expected, answer)
            bare, answer = await _read(farm, loop)
            _check(phase, {"requests": feeds}, {"requests": answer["whole"] + answer["unchanged"]})
            figures[phase] = ours, bare
        # What the feeds held at first is known to the channel; it gets what came later.
        _check("the outbox", {"deliveries": published}, await newsroom.ask("planned"))
    return figures


async def _read(farm: Measured, reader: Measured) -> tuple[Figure, dict[str, int]]:
    await farm.ask("hang_up")
    await asyncio.sleep(SETTLE_SECONDS)
    reader.reset_peak()
    before = reader.cpu_seconds()
    answer = await reader.ask("read")
    return Figure(reader.cpu_seconds() - before, reader.peak_bytes(), reader.helpers_bytes()), answer


def _check(where: str, expected: Mapping[str, int], found: Mapping[str, int]) -> None:
    for name, number in expected.items():
        if found[name] != number:
            raise BenchFailed(f"{where}: {found[name]} {name} instead of {number}, so the figures would say nothing")


def _compare(feeds: int, phase: str, figures: Sequence[tuple[Figure, Figure]]) -> Compared:
    """Take medians; that of a ratio is over the ratios of each run, whose two halves had the same weather."""
    return Compared(
        feeds=feeds,
        phase=phase,
        cpu=median(ours.cpu for ours, _ in figures) / feeds * 1e6,
        loop_cpu=median(bare.cpu for _, bare in figures) / feeds * 1e6,
        cpu_ratio=median(ours.cpu / bare.cpu for ours, bare in figures),
        memory=median(ours.memory for ours, _ in figures) / 1e6,
        of_it_helpers=median(ours.helpers for ours, _ in figures) / 1e6,
        loop_memory=median(bare.memory for _, bare in figures) / 1e6,
        memory_ratio=median(ours.memory / bare.memory for ours, bare in figures),
    )


def table(compared: Sequence[Compared]) -> Table:
    """Draw the figures for a terminal of 80 columns."""
    drawn = Table(
        title="A round beside a bare aiohttp loop making the same requests",
        caption="CPU for one feed; memory at its peak, worker processes (helpers) included",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    drawn.add_column("feeds", justify="right")
    drawn.add_column("round", no_wrap=True)
    for heading in ("CPU µs", "loop", "ratio", "MB", "helpers", "loop", "ratio"):
        drawn.add_column(heading, justify="right")
    for row in compared:
        drawn.add_row(
            f"{row.feeds:,}",
            row.phase,
            f"{row.cpu:,.0f}",
            f"{row.loop_cpu:,.0f}",
            f"{row.cpu_ratio:.1f}",
            f"{row.memory:.0f}",
            f"{row.of_it_helpers:.0f}",
            f"{row.loop_memory:.0f}",
            f"{row.memory_ratio:.1f}",
            end_section=row.phase is TENTH,
        )
    return drawn


def main() -> int:
    """Measure and print; 1 if nothing could be measured."""
    parser = argparse.ArgumentParser(description="Measure a round beside a bare aiohttp loop.")
    parser.add_argument("--feeds", type=int, nargs="+", default=SIZES, metavar="N", help="sizes (100 and 1,000)")
    parser.add_argument("--all", action="store_true", help="sizes of 100, 1,000 and 5,000")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="how often all is repeated (2)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if min(*options.feeds, 10) < 10 or options.rounds < 1:
        parser.error("at least 10 feeds and one round")
    try:
        compared = asyncio.run(measure(ALL_SIZES if options.all else options.feeds, options.rounds))
    except BenchFailed as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(row) for row in compared], indent=1))
    else:
        Console().print(table(compared))
    return 0


if __name__ == "__main__":
    sys.exit(main())
