"""Votes: clicks and native votes come in, polls close when their time has come, repeats are asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands, tasks
from discord.utils import utcnow

from cogs.boards import Boards
from cogs.callers import guild_of, roles_of
from cogs.places import Places
from cogs.team_roles import TeamRoles
from cogs.views import polls as views
from cogs.views.buttons import button_item, menu_item
from newsroom.models import Poll, PollStyle, Repeat, Side
from newsroom.tasks import Pulse, Tasks
from newsroom.votes.counting import ballot_of
from newsroom.votes.members import Members
from newsroom.votes.polls import Ballot, Polls
from newsroom.votes.repeats import Repeats
from newsroom.votes.schedule import in_words

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # seconds
SWEEP_EVERY = 60.0  # seconds
LONGEST_SILENCE = 1800.0  # seconds; so long no recount of all native polls is without an answer
STANDINGS_EVERY = timedelta(minutes=10)
LONGEST_REQUEST = 30.0
LOOK_AGAIN = timedelta(seconds=15)  # at a native poll that Discord has yet to finalise
NO_LONGER = timedelta(hours=6)  # after its end, Discord will never finalise it


class Voting(commands.Cog):
    """Takes votes, and does what is due."""

    def __init__(
        self,
        polls: Polls,
        members: Members,
        repeats: Repeats,
        roles: TeamRoles,
        boards: Boards,
        places: Places,
        client: discord.Client,
        pulse: Pulse,
        sweep_pulse: Pulse,
        now: Callable[[], datetime],
    ) -> None:
        self._roles = roles
        self._polls = polls
        self._members = members
        self._repeats = repeats
        self._boards = boards
        self._places = places
        self._client = client
        self._pulse = pulse
        self._sweep_pulse = sweep_pulse
        self._now = now
        self._tasks = Tasks()
        self._look_again_at: dict[int, datetime] = {}
        self._standings_kept_at: datetime | None = None
        self.items = (
            button_item(views.VOTE_TEMPLATE, self._vote),
            menu_item(views.CHOOSE_TEMPLATE, self._choose),
            button_item(views.UNDO_TEMPLATE, self._undo),
            button_item(views.SWITCH_TEMPLATE, self._switch),
            button_item(views.VOTERS_TEMPLATE, self._voters),
        )

    # ---------------------------------------------------------------------------------- clicks

    async def _vote(self, interaction: discord.Interaction[Any], mark: str, position: str) -> None:
        await self._cast(interaction, mark, [int(position)])

    async def _choose(self, interaction: discord.Interaction[Any], values: list[str], mark: str) -> None:
        await self._cast(interaction, mark, [int(value) for value in values if value.isdecimal() and len(value) == 1])

    async def _cast(self, interaction: discord.Interaction[Any], mark: str, positions: list[int]) -> None:
        # Before anything else: Discord waits three seconds, however many click.
        await interaction.response.defer()
        poll_id = self._polls.poll_id(mark)
        ballot = Ballot(
            guild_of(interaction),
            interaction.user.id,
            ballot_of(positions),
            roles_of(interaction),
            views.labels_of(interaction.message) if interaction.message else {},
        )
        voted = await self._polls.vote(ballot, poll_id)
        self._boards.clicked(poll_id, interaction)
        await interaction.followup.send(**views.voted_reply(voted).send())

    async def _undo(self, interaction: discord.Interaction[Any], vote_id: str) -> None:
        await interaction.response.defer()
        undone = await self._polls.undo(guild_of(interaction), interaction.user.id, int(vote_id))
        self._boards.changed(undone.poll.id)
        await interaction.edit_original_response(**views.undone_reply(undone).edit())
        await self._roles.follow(interaction, undone.side)

    async def _switch(self, interaction: discord.Interaction[Any], mark: str, side: str) -> None:
        await interaction.response.defer()
        poll_id = None if mark == "-" else self._polls.poll_id(mark)
        membership = await self._members.switch(guild_of(interaction), interaction.user.id, Side(side), poll_id)
        await interaction.edit_original_response(**views.switched_reply(membership).edit())
        await self._roles.follow(interaction, Side(side))

    async def _voters(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        poll, voters = await self._polls.voters(guild_of(interaction), self._polls.poll_id(mark), interaction.user.id)
        await interaction.edit_original_response(**views.voters_reply(poll, voters).edit())

    # ---------------------------------------------------------------------------- what is due

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        # What happened while we were away is never told: Discord's own polls are counted again.
        self._tasks.start("recount", self._recount_all)
        if not self.tick.is_running():
            self.tick.start()
            self.sweep.start()

    async def cog_unload(self) -> None:
        self.tick.cancel()
        self.sweep.cancel()
        await asyncio.gather(self._tasks.join(0), self._boards.close())

    @tasks.loop(seconds=LOOK_EVERY)
    async def tick(self) -> None:
        await self._pulse.beat(self._start_due)

    async def _start_due(self) -> None:
        """Start what is due, and wait for none of it."""
        self._pulse.stuck += self._tasks.end_stuck(LONGEST_SILENCE)
        for poll in await self._polls.due():
            self._tasks.start(("close", poll.id), partial(self._close, poll))
        await self._repeats.ask_due()
        await self._boards.send_due()
        self._boards.draw_changed()

    @tasks.loop(seconds=SWEEP_EVERY)
    async def sweep(self) -> None:
        await self._sweep_pulse.beat(self._mend)

    async def _mend(self) -> None:
        """Mend what a crash or another process left, and do what has time."""
        await self._boards.sweep()
        for repeat in await self._repeats.notices_due():
            await self._tell_paused(repeat)
        if self._standings_kept_at is None or self._now() - self._standings_kept_at >= STANDINGS_EVERY:
            self._standings_kept_at = self._now()
            await self._members.keep_standings()

    async def _close(self, poll: Poll) -> None:
        if poll.style is PollStyle.NATIVE and not await self._is_counted(poll):
            return
        if await self._polls.close(poll.id) is not None:
            self._boards.changed(poll.id)

    # ------------------------------------------------------------------------------- native polls

    @commands.Cog.listener()
    async def on_raw_poll_vote_add(self, payload: discord.RawPollVoteActionEvent) -> None:
        await self._mirror(payload, added=True)

    @commands.Cog.listener()
    async def on_raw_poll_vote_remove(self, payload: discord.RawPollVoteActionEvent) -> None:
        await self._mirror(payload, added=False)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Discord says of a native poll that it is counted for good, perhaps before our own clock says so."""
        poll: Any = payload.data.get("poll") or {}
        if payload.guild_id is not None and (poll.get("results") or {}).get("is_finalized"):
            await self._polls.finalised(payload.guild_id, payload.message_id)

    async def _mirror(self, payload: discord.RawPollVoteActionEvent, *, added: bool) -> None:
        if payload.guild_id is not None:
            await self._polls.mirror(
                payload.guild_id, payload.message_id, payload.user_id, payload.answer_id - 1, added=added
            )

    async def _recount_all(self) -> None:
        for poll, channel_id, message_id in await self._polls.native():
            try:
                await self._recount(poll, channel_id, message_id)
            except (discord.HTTPException, OSError, TimeoutError) as error:
                log.warning("poll %d could not be recounted: %s", poll.id, error)

    async def _recount(self, poll: Poll, channel_id: int, message_id: int) -> bool:
        """Make our count of a native poll Discord's; return whether that one is final."""
        async with asyncio.timeout(LONGEST_REQUEST):
            message = await self._places.message(channel_id, poll.guild_id, message_id).fetch()
            if message.poll is None:
                return True
            ballots: dict[int, int] = {}
            for answer in message.poll.answers:
                async for voter in answer.voters():
                    ballots[voter.id] = ballots.get(voter.id, 0) | 1 << (answer.id - 1)
        wrong = await self._polls.recount(poll.id, ballots)
        if wrong:
            log.info("poll %d: the votes of %d members were put right", poll.id, wrong)
        return message.poll.is_finalised()

    async def _is_counted(self, poll: Poll) -> bool:
        """Whether a native poll whose time has come is counted for good; asks Discord now and then."""
        now = self._now()
        if now < self._look_again_at.get(poll.id, now):
            return False
        self._look_again_at[poll.id] = now + LOOK_AGAIN
        found = next((each for each in await self._polls.native() if each[0].id == poll.id), None)
        if found is None:
            return True
        try:
            final = await self._recount(*found)
        except discord.NotFound:
            final = True  # it was deleted: what we know is all there is
        except (discord.HTTPException, OSError, TimeoutError) as error:
            log.warning("poll %d could not be counted: %s", poll.id, error)
            final = False
        return final or (poll.closes_at is not None and now - poll.closes_at > NO_LONGER)

    # ------------------------------------------------------------------------------------ repeats

    async def _tell_paused(self, repeat: Repeat) -> None:
        """Tell the admins that a repeat paused itself: where moderators read Discord's own news, or by message."""
        text = (
            f"I paused the poll that I asked {in_words(repeat.rule)} in <#{repeat.channel_id}>: hardly anybody voted "
            "twice in a row. `/poll repeat pause` lets it go on."
        )
        guild = self._client.get_guild(repeat.guild_id)
        if guild is None:
            return
        try:
            async with asyncio.timeout(LONGEST_REQUEST):
                place = guild.public_updates_channel
                if place is not None and place.permissions_for(guild.me).send_messages:
                    await place.send(text, silent=True)
                else:
                    await (await self._client.fetch_user(repeat.created_by)).send(f"{text}\n-# In {guild.name}")
        except discord.HTTPException as error:
            log.warning("nobody could be told that repeat %d paused: %s", repeat.id, error)
        await self._repeats.noticed(repeat.id)


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    voting = Voting(
        newsroom.polls,
        newsroom.members,
        newsroom.repeats,
        bot.team_roles,
        bot.boards,
        Places(bot),
        bot,
        bot.pulse("polls", LOOK_EVERY),
        bot.pulse("sweep of polls", SWEEP_EVERY),
        utcnow,
    )
    bot.add_dynamic_items(*voting.items)
    await bot.add_cog(voting)
