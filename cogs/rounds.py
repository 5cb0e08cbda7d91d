"""Has the due feeds read, round after round."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from discord.ext import commands, tasks

from newsroom.desk.rounds import Rounds
from newsroom.desk.subscriptions import Subscriptions
from newsroom.tasks import Tasks

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot
    from newsroom.models import Feed

log = logging.getLogger(__name__)

SAVE_EVERY = 60.0  # seconds; a crash loses at most so much bookkeeping, never an article


class RoundsCog(commands.Cog, name="Rounds"):
    """Starts a round whenever a feed is due; rounds may overlap, so a slow feed delays only itself."""

    def __init__(self, rounds: Rounds, subscriptions: Subscriptions) -> None:
        self._rounds = rounds
        self._subscriptions = subscriptions
        self._tasks = Tasks()
        self._round_number = 0

    async def cog_load(self) -> None:
        self.tick.start()
        self.save.start()

    async def cog_unload(self) -> None:
        self.tick.cancel()
        self.save.cancel()
        await self._tasks.join(0)
        await self.save()

    @tasks.loop(seconds=1)
    async def tick(self) -> None:
        due = self._rounds.take_due()
        if due:
            self._round_number += 1
            self._tasks.start(self._round_number, partial(self._run, due))

    @tasks.loop(seconds=SAVE_EVERY)
    async def save(self) -> None:
        try:
            await self._rounds.save()
            await self._subscriptions.forget_removed()
        except Exception:
            log.exception("the bookkeeping could not be written; it is tried again")

    async def _run(self, due: list[Feed]) -> None:
        report = await self._rounds.run(due)
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
    await bot.add_cog(RoundsCog(bot.newsroom.rounds, bot.newsroom.subscriptions))
