"""/debate: begun by moderators, voted in, moved on when it is due, stopped."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands, tasks

from cogs.callers import Guarded, guild_of, may_in, require, require_in
from cogs.discussions import Discussions
from cogs.story_option import seeker, story_choices
from cogs.views import debates as views
from cogs.views.buttons import button_item
from newsroom.discussion.cases import Cases
from newsroom.discussion.debates import MINUTES, MOST_MINUTES, MOST_ROUNDS, ROUNDS, Debates, Started
from newsroom.discussion.story_finder import StoryFinder
from newsroom.discussion.threads import Discussed
from newsroom.errors import DebateRuns, RequestRefused
from newsroom.models import Side, ThreadState
from newsroom.tasks import Pulse, Tasks
from newsroom.votes.guilds import Guilds

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

Interaction = discord.Interaction["NewsBot"]

LOOK_EVERY = 1.0  # seconds
LAST_WORDS = 1.0  # seconds; a case that is cut short is written by the next process
NEEDS = "manage_messages"


class DebatesCog(commands.Cog, name="Debates"):
    """Lets two sides argue; each step and each case is a task of its own."""

    debate = Guarded(name="debate", description="Let both teams argue about a story", needs=NEEDS)

    def __init__(
        self,
        debates: Debates,
        finder: StoryFinder,
        cases: Cases,
        guilds: Guilds,
        discussions: Discussions,
        pulse: Pulse,
    ) -> None:
        self._debates = debates
        self._finder = finder
        self._cases = cases
        self._guilds = guilds
        self._discussions = discussions
        self._pulse = pulse
        self._tasks = Tasks()
        self.items = (
            button_item(views.STAND_TEMPLATE, self._stand),
            button_item(views.STOP_TEMPLATE, self._stop),
        )

    # ----------------------------------------------------------------------------------- loops

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        await self._debates.give_time()
        if not self.tick.is_running():
            self.tick.start()

    async def cog_unload(self) -> None:
        self.tick.cancel()
        await self._tasks.join(LAST_WORDS)

    @tasks.loop(seconds=LOOK_EVERY)
    async def tick(self) -> None:
        await self._pulse.beat(self._start_due)

    async def _start_due(self) -> None:
        """Start what is due, and wait for none of it."""
        self._pulse.stuck += self._tasks.end_stuck(self._cases.lease.total_seconds())
        for debate_id in await self._debates.due():
            self._tasks.start(("step", debate_id), partial(self._step, debate_id))
        await self._write_due()

    async def _step(self, debate_id: int) -> None:
        if await self._debates.step(debate_id):
            await self._write_due()
            await self._discussions.nudge()

    async def _write_due(self) -> None:
        for turn_id in await self._debates.due_turns():
            self._tasks.start(("case", turn_id), partial(self._write, turn_id))

    async def _write(self, turn_id: int) -> None:
        if await self._cases.write(turn_id):
            await self._write_due()
            await self._discussions.nudge()

    # -------------------------------------------------------------------------------- commands

    @debate.command()
    @app_commands.describe(
        story="About which story; this thread's if left out",
        rounds=f"How often each side speaks; {ROUNDS} if left out",
        minutes=f"How long each round and each vote lasts; {MINUTES} if left out",
    )
    async def start(
        self,
        interaction: Interaction,
        story: str | None = None,
        rounds: app_commands.Range[int, 1, MOST_ROUNDS] | None = None,
        minutes: app_commands.Range[int, 1, MOST_MINUTES] | None = None,
    ) -> None:
        """Let both teams argue about a story, and see who moves."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        card = await self._finder.meant(seeker(interaction), story, wanted=lambda channel: channel.debate)
        require_in(interaction, card.card.channel_id, "view_channel", NEEDS)
        try:
            started = await self._begin(guild_id, card, rounds or ROUNDS, minutes or MINUTES)
        except DebateRuns as error:
            if not may_in(interaction, error.channel_id, "view_channel", NEEDS):
                raise
            reply = views.runs_already(error.channel_id, error.mark)
        else:
            reply = views.started(started.debate.channel_id)
        await interaction.edit_original_response(**reply.edit())

    async def _begin(self, guild_id: int, card: Discussed, rounds: int, minutes: int) -> Started:
        """Begin a debate and open its thread. Raises RequestRefused where that can't be done, DebateRuns beside one."""
        self._discussions.require_voice(card.card.channel_id)
        started = await self._debates.start(guild_id, card.card.id, rounds, minutes)
        thread = started.thread
        if thread is not None and thread.state is ThreadState.PENDING:
            try:
                await self._discussions.open(thread, started.card)
            except RequestRefused as error:
                await self._debates.discard(started.debate.id)
                raise RequestRefused(f"{error} No debate was started.") from error
        await self._discussions.nudge()
        return started

    @start.autocomplete("story")
    async def _complete_story(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        # discord.py asks no group's check here.
        if not self.debate.may_use(interaction):
            return []
        return await story_choices(self._finder, interaction, text)

    # ---------------------------------------------------------------------------------- clicks

    async def _stand(self, interaction: discord.Interaction[Any], mark: str, when: str, side: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id, after = guild_of(interaction), when == "after"
        await self._debates.vote(mark, guild_id, interaction.user.id, Side(side), after=after)
        reply = views.stands(await self._guilds.settings(guild_id), Side(side), after=after)
        await interaction.edit_original_response(**reply.edit())

    async def _stop(self, interaction: discord.Interaction[Any], mark: str) -> None:
        require(interaction, NEEDS)
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        # Who is told that a debate runs elsewhere may click there as well.
        require_in(interaction, await self._debates.place(mark, guild_id), "view_channel", NEEDS)
        await self._debates.stop(mark, guild_id, by=interaction.user.id)
        await self._discussions.nudge()
        await interaction.edit_original_response(content="Stopped.")


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    debates = DebatesCog(
        newsroom.debates,
        newsroom.story_finder,
        newsroom.cases,
        newsroom.guilds,
        bot.discussions,
        bot.pulse("debates", LOOK_EVERY),
    )
    bot.add_dynamic_items(*debates.items)
    await bot.add_cog(debates)
