"""Rounds are started when feeds are due, and none waits for another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from cogs.rounds import RoundsCog
from newsroom.desk.rounds import RoundReport
from newsroom.models import Feed
from newsroom.tasks import Pulse
from tests.fakes import Clock
from tests.makers import feed


class Rounds:
    """Rounds whose feeds are read when the test says so; a feed that failed raises."""

    def __init__(self) -> None:
        self.due: list[Feed] = []
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.go_on: dict[int, asyncio.Event] = {}
        self.failing: set[int] = set()
        self.saved = 0
        self.broken = False
        self.interval = timedelta(minutes=10)

    def take_due(self) -> list[Feed]:
        due, self.due = self.due, []
        return due

    async def run(self, due: Sequence[Feed], progress: Callable[[], None]) -> RoundReport:
        for one in due:
            self.begun.append(one.id)
            if one.id in self.failing:
                raise ZeroDivisionError
            await self.go_on.setdefault(one.id, asyncio.Event()).wait()
            self.ended.append(one.id)
        return RoundReport(feeds=len(due), ok=len(due))

    async def save(self) -> None:
        if self.broken:
            raise OSError("no space left")
        self.saved += 1


class Subscriptions:
    def __init__(self) -> None:
        self.forgotten = 0

    async def forget_removed(self) -> None:
        self.forgotten += 1


class Retention:
    async def run(self) -> None:
        raise AssertionError("not in these tests")


@pytest.fixture
def rounds() -> Rounds:
    return Rounds()


@pytest.fixture
def pulse() -> Pulse:
    return Pulse("rounds", 1, now=Clock())


@pytest.fixture
def cog(rounds: Rounds, pulse: Pulse) -> RoundsCog:
    return RoundsCog(rounds, Subscriptions(), Retention(), pulse, Pulse("save", 60, now=Clock()))


async def until_idle() -> None:
    """Let every task go on until it waits for something that only the test can bring."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_round_that_hangs_holds_up_no_other(cog: RoundsCog, rounds: Rounds):
    rounds.due = [feed(id=1)]
    await cog.tick()
    await until_idle()
    rounds.due = [feed(id=2)]
    await cog.tick()
    await until_idle()
    rounds.go_on[2].set()
    await until_idle()

    assert (rounds.begun, rounds.ended) == ([1, 2], [2])


async def test_a_round_without_progress_is_ended_counted_and_its_feeds_are_read_again(
    cog: RoundsCog, rounds: Rounds, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
):
    rounds.due = [feed(id=1)]
    await cog.tick()
    await until_idle()
    monkeypatch.setattr("cogs.rounds.LONGEST_SILENCE", -1.0)
    rounds.interval = -rounds.interval  # it is longer than that already

    await cog.tick()
    await until_idle()
    rounds.due = [feed(id=1)]
    await cog.tick()
    await until_idle()

    assert (rounds.begun, pulse.stuck) == ([1, 1], 1)


async def test_where_nothing_is_due_no_round_is_started(cog: RoundsCog, rounds: Rounds):
    await cog.tick()
    await until_idle()

    assert rounds.begun == []


async def test_a_round_that_fails_is_logged_and_the_next_one_started(
    cog: RoundsCog, rounds: Rounds, caplog: pytest.LogCaptureFixture
):
    rounds.failing = {1}
    for number in (1, 2):
        rounds.due = [feed(id=number)]
        await cog.tick()
        await until_idle()

    assert rounds.begun == [1, 2]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


async def test_a_round_tells_its_numbers_in_the_log(cog: RoundsCog, rounds: Rounds, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    rounds.due = [feed(id=1)]
    await cog.tick()
    await until_idle()
    rounds.go_on[1].set()
    await until_idle()

    assert "round: 1 feeds, 1 read, 0 unchanged, 0 failed, 0 new articles" in caplog.text


async def test_bookkeeping_that_cannot_be_written_is_logged_and_tried_again(
    cog: RoundsCog, rounds: Rounds, caplog: pytest.LogCaptureFixture
):
    rounds.broken = True
    await cog.save()
    assert "the next one tries again" in caplog.text

    rounds.broken = False
    await cog.save()
    assert rounds.saved == 1


async def test_at_the_end_rounds_are_broken_off_and_what_they_taught_is_written(cog: RoundsCog, rounds: Rounds):
    rounds.due = [feed(id=1)]
    await cog.tick()
    await until_idle()

    await cog.cog_unload()

    assert (rounds.ended, rounds.saved) == ([], 1)
