"""Has the due feeds read, round after round."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from discord.ext import commands, tasks

from newsroom.desk.retention import Retention
from newsroom.desk.rounds import Rounds
from newsroom.desk.subscriptions import Subscriptions
from newsroom.tasks import INTERVALS, Pulse, Tasks

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot
    from newsroom.models import Feed

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # seconds
SAVE_EVERY = 60.0  # seconds; a crash loses at most so much bookkeeping, never an article
SWEEP_AFTER = 600.0  # seconds
LONGEST_SILENCE = 300.0  # seconds; no reading takes so long, whatever the interval is


class RoundsCog(commands.Cog, name="Rounds"):
    """Starts a round whenever a feed is due; rounds may overlap, so a slow feed delays only itself."""

    def __init__(
        self, rounds: Rounds, subscriptions: Subscriptions, retention: Retention, pulse: Pulse, save_pulse: Pulse
    ) -> None:
        self._rounds = rounds
        self._subscriptions = subscriptions
        self._retention = retention
        self._pulse = pulse
        self._save_pulse = save_pulse
        self._tasks = Tasks()
        self._round_number = 0

    async def cog_load(self) -> None:
        self.tick.start()
        self.save.start()
        self.sweep.start()

    async def cog_unload(self) -> None:
        self.tick.cancel()
        self.save.cancel()
        self.sweep.cancel()
        await self._tasks.join(0)
        await self._save_pulse.beat(self._write_down)

    @tasks.loop(seconds=LOOK_EVERY)
    async def tick(self) -> None:
        await self._pulse.beat(self._start_round)

    async def _start_round(self) -> None:
        self._pulse.stuck += self._tasks.end_stuck(
            max(INTERVALS * self._rounds.interval.total_seconds(), LONGEST_SILENCE)
        )
        due = self._rounds.take_due()
        if due:
            self._round_number += 1
            self._tasks.start(self._round_number, partial(self._run, self._round_number, due))

    @tasks.loop(seconds=SAVE_EVERY)
    async def save(self) -> None:
        await self._save_pulse.beat(self._write_down)

    async def _write_down(self) -> None:
        await self._rounds.save()
        await self._subscriptions.forget_removed()

    @tasks.loop(hours=24)
    async def sweep(self) -> None:
        self._tasks.start("retention", self._forget)

    @sweep.before_loop
    async def _settle_in(self) -> None:
        """Let the start be over before the great clean-up begins."""
        await asyncio.sleep(SWEEP_AFTER)

    async def _forget(self) -> None:
        swept = await self._retention.run()
        log.info(
            "forgot %d articles, %d stories and %d feeds; %d short notes of older articles are kept",
            swept.articles,
            swept.stories,
            swept.feeds,
            swept.tombstones,
        )

    async def _run(self, number: int, due: list[Feed]) -> None:
        report = await self._rounds.run(due, partial(self._tasks.progress, number))
        log.info(
            "round: %d feeds, %d read, %d unchanged, %d failed, %d new articles in %.1f s",
            report.feeds,
            report.ok,
            report.not_modified,
            report.failed,
            report.new_articles,
            report.seconds,
        )


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    cog = RoundsCog(
        newsroom.rounds,
        newsroom.subscriptions,
        newsroom.retention,
        bot.pulse("rounds", LOOK_EVERY),
        bot.pulse("bookkeeping", SAVE_EVERY),
    )
    await bot.add_cog(cog)
