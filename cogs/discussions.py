"""Discussions: opens the threads of cards, says what there is to say in them, and keeps it up to date."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import discord
from aiolimiter import AsyncLimiter
from discord.utils import snowflake_time

from cogs.news_places import NewsPlace
from cogs.places import CannotLook, ChannelPlace, Places
from cogs.refusals import (
    SURELY_ONE_REQUEST,
    UNREACHABLE,
    Rest,
    code_of,
    failure_of,
    meaning_of,
)
from cogs.views.cards import carries
from cogs.views.discussion import remark_form, thread_name
from newsroom.attempts import Step
from newsroom.desk.refusals import GONE, Verdict
from newsroom.discussion.remarks import RemarkClaim, RemarkContents, RemarkRedraw, Remarks
from newsroom.discussion.threads import CROWDED, DELETED, QUIET, Discussed, Threads
from newsroom.errors import RequestRefused
from newsroom.models import Thread, ThreadState
from newsroom.tasks import Tasks

log = logging.getLogger(__name__)

LONGEST_REQUEST = 30.0  # seconds; with no answer after this, nobody knows
LAST_REQUESTS = 8.0
LONGEST_SILENCE = 300.0  # seconds; no attempt takes so long

# Discord takes 50 requests a second in all; cards have 40 of them and polls 8.
REQUESTS_A_SECOND = 5

SUSPENDED_FOR = timedelta(minutes=10)  # what waits where we may not write

ARCHIVED = 50083  # the thread is archived
OF_ONE_THREAD = frozenset({ARCHIVED, 160005})  # locked: moderators do that
LACKS_PERMISSION = 50013
FULL = 160006  # the guild has as many active threads as there may be
ARCHIVED_AT_ONCE = 10

LACKING = "I may not open threads there: give me **Create Public Threads** and **Send Messages in Threads**."
CANNOT_OPEN = "I may not open threads there: give me Create Public Threads and Send Messages in Threads."
CANNOT_SPEAK = "I may not write in threads there: give me Send Messages in Threads."
MUTE = "I may not speak in threads of <#{channel_id}>: give me **Send Messages in Threads** there."


class Discussions:
    """Opens and speaks, each thread and message in a task of its own: one that hangs holds up no other."""

    def __init__(
        self,
        threads: Threads,
        remarks: Remarks,
        places: Places,
        client: discord.Client,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._threads = threads
        self._remarks = remarks
        self._places = places
        self._client = client
        self._now = now
        self._tasks = Tasks()
        self._pace = AsyncLimiter(REQUESTS_A_SECOND, 1)
        self._rest = Rest("nothing is said in discussions", now)

    async def close(self) -> None:
        await self._tasks.join(LAST_REQUESTS)

    async def start_due(self) -> int:
        """Start what is due, and wait for none of it; return how many tasks were stuck."""
        stuck = self._tasks.end_stuck(LONGEST_SILENCE)
        await self.nudge()
        return stuck

    async def nudge(self) -> None:
        """Look for what there is to do now: something was said or changed."""
        if self._rest.is_on:
            return
        for thread, card in await self._threads.due():
            self._tasks.start(("open", thread.thread_id), partial(self._open_quietly, thread, card))
        for remark_id in await self._remarks.due():
            self._tasks.start(("say", remark_id), partial(self.say, remark_id))
        for remark_id in await self._remarks.due_redraws():
            self._tasks.start(("draw", remark_id), partial(self._redraw, remark_id))

    # --------------------------------------------------------------------------------- threads

    async def join(self, card: Discussed, member: discord.abc.Snowflake) -> int:
        """Open a card's thread if it isn't, add a member to it, and return its id. Raises RequestRefused."""
        thread = card.thread
        assert thread is not None, "a click has planned it"
        if thread.state is ThreadState.PENDING:
            await self.open(thread, card)
        try:
            async with asyncio.timeout(LONGEST_REQUEST):
                await self._add(thread.thread_id, member)
        except discord.Forbidden as error:
            raise RequestRefused(f"The discussion is in <#{thread.thread_id}>, but I may not add you to it.") from error
        except discord.NotFound as error:
            if code_of(error) in GONE:
                await self._threads.refused(thread.thread_id, DELETED)
                raise RequestRefused(DELETED) from error
            log.warning("a member could not be added to thread %d: %r", thread.thread_id, error)
        except (discord.HTTPException, discord.RateLimited, OSError, TimeoutError) as error:
            log.warning("a member could not be added to thread %d: %r", thread.thread_id, error)
        return thread.thread_id

    def require_voice(self, channel_id: int) -> None:
        """Raises RequestRefused where we may not speak in a news channel's threads, as far as we know."""
        if not self._has_voice(channel_id):
            raise RequestRefused(MUTE.format(channel_id=channel_id))

    def _has_voice(self, channel_id: int) -> bool:
        channel = self._client.get_channel(channel_id)
        if not isinstance(channel, NewsPlace) or (isinstance(channel, discord.Thread) and channel.parent is None):
            return True  # the first attempt will tell
        granted = channel.permissions_for(channel.guild.me)
        return granted.view_channel and granted.send_messages_in_threads

    async def _add(self, thread_id: int, member: discord.abc.Snowflake) -> None:
        thread = await self._places.thread(thread_id)
        try:
            await thread.add_user(member)
        except discord.HTTPException as error:
            if error.code != ARCHIVED:
                raise
            await thread.edit(archived=False)
            await thread.add_user(member)

    async def open(self, thread: Thread, card: Discussed) -> None:
        """Open a thread now. Raises RequestRefused where that can't be done now, in words for whoever asked."""
        reason = await self._open(thread, card)
        if reason is not None:
            raise RequestRefused(reason)
        await self.nudge()

    async def _open_quietly(self, thread: Thread, card: Discussed) -> None:
        await self._open(thread, card)

    async def _open(self, thread: Thread, card: Discussed) -> str | None:
        """Open a thread; return why not in words, None if it is open."""
        # One in which we may not speak would stay empty.
        if not self._has_voice(thread.channel_id):
            await self._threads.muted(thread.channel_id, CANNOT_OPEN)
            await self._threads.later(thread, CANNOT_OPEN)
            return LACKING
        try:
            await self._make_room(thread.guild_id)
            await self._pace.acquire()
            async with asyncio.timeout(LONGEST_REQUEST):
                await self._places.open_thread(
                    thread.channel_id, thread.guild_id, thread.thread_id, thread_name(card.headline)
                )
        except discord.HTTPException as error:
            meaning, reason = meaning_of(error)
            self._rest.heed(meaning, reason)
            log.warning("thread %d could not be opened: %s", thread.thread_id, reason)
            if meaning is Verdict.FORGET:
                await self._threads.refused(thread.thread_id, reason)
                return "That card isn't there any more."
            if error.code == FULL:
                await self._make_room(thread.guild_id, at_least=1)
            await self._threads.later(thread, reason)
            if meaning is not Verdict.SUSPEND:
                return "Discord won't open the thread just now. I try again."
            await self._note_mute(thread.channel_id, code_of(error), CANNOT_OPEN, reason)
            return LACKING
        except (discord.RateLimited, OSError, TimeoutError) as error:
            log.warning("thread %d could not be opened: %r", thread.thread_id, error)
            await self._threads.later(thread, UNREACHABLE)
            return "Discord is slow to open the thread. I try again in a moment."
        await self._threads.opened(thread.thread_id)
        return None

    async def _make_room(self, guild_id: int, *, at_least: int = 0) -> None:
        """Archive the oldest quiet threads of ours where a guild has nearly as many active ones as there may be."""
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return
        active = {thread.id: thread for thread in guild.threads if not thread.archived}
        excess = max(at_least, min(len(active) - CROWDED + 1, ARCHIVED_AT_ONCE))
        if excess <= 0:
            return
        quiet_since = self._now() - QUIET
        ours = [active[one] for one in await self._threads.ours(guild_id) if one in active]
        quiet = [thread for thread in ours if _last_word(thread) < quiet_since]
        for thread in sorted(quiet, key=_last_word)[:excess]:
            try:
                await self._pace.acquire()
                async with asyncio.timeout(LONGEST_REQUEST):
                    await thread.edit(archived=True, reason="the oldest quiet one, to make room for others")
            except (discord.HTTPException, discord.RateLimited, OSError, TimeoutError) as error:
                log.warning("thread %d could not be archived: %r", thread.id, error)

    # --------------------------------------------------------------------------------- remarks

    async def say(self, remark_id: int) -> None:
        """Send one message into its discussion."""
        claim = await self._remarks.claim(remark_id)
        if claim is None:
            return
        started = self._now()
        try:
            async with asyncio.timeout(claim.patience(LONGEST_REQUEST, started)):
                place = await self._places.channel(claim.remark.channel_id)
                looks = claim.step is Step.LOOK_FIRST or claim.contents.is_empty
                message_id = await self._find(place, claim) if looks else None
                if message_id is None and claim.contents.is_empty:
                    await self._remarks.give_up(claim, "It was taken back before it could be said.")
                    return
                if message_id is None:
                    if looks:
                        self._remarks.looked(claim)
                        started = self._now()
                    await self._pace.acquire()
                    message_id = await place.reply(remark_form(claim.contents), claim.nonce, claim.remark.reply_to)
        except CannotLook:
            await self._remarks.give_up(claim, "I must see whether it arrived and can't: give me Read Message History.")
        except Exception as error:
            await self._not_said(claim, error, slow=self._now() - started >= SURELY_ONE_REQUEST)
        else:
            await self._remarks.sent(claim, message_id)

    async def _find(self, place: ChannelPlace, claim: RemarkClaim) -> int | None:
        """Look whether an earlier attempt left the message there: by its mark, or by its words if it has no button."""
        words = remark_form(claim.contents).content

        def fits(message: discord.Message) -> bool:
            return carries(message, claim.contents.mark) or (bool(words) and message.content == words)

        return await place.find_that(fits, claim.look_since, claim.look_until)

    async def _not_said(self, claim: RemarkClaim, error: Exception, *, slow: bool) -> None:
        """Write down what an error means for a message."""
        log.warning("remark %d was not sent: %r", claim.remark.id, error)
        failure = failure_of(error, "speaking in a discussion")
        self._rest.heed(failure.meaning, failure.reason)
        uncertain = slow or failure.uncertain
        if failure.code in GONE and not failure.uncertain:
            await self._threads.refused(claim.remark.channel_id, DELETED)
            await self._remarks.give_up(claim, failure.reason)
        elif failure.meaning in (Verdict.PLAINER, Verdict.FORGET) and not uncertain:
            await self._remarks.give_up(claim, failure.reason)
        else:
            wait = SUSPENDED_FOR if failure.meaning is Verdict.SUSPEND else failure.wait
            await self._remarks.later(claim, failure.reason, uncertain=uncertain, wait=wait)
            if failure.meaning is Verdict.SUSPEND:
                await self._note_mute(claim.remark.channel_id, failure.code, CANNOT_SPEAK, failure.reason)

    async def _note_mute(self, place_id: int, code: int, lacking: str, reason: str) -> None:
        """Have the admins told that a channel's discussions refuse us, unless it is but one thread that does."""
        if code not in OF_ONE_THREAD | GONE:
            await self._threads.muted(place_id, lacking if code == LACKS_PERMISSION else reason)

    async def _redraw(self, remark_id: int) -> None:
        """Have a message show what is known by now, or be gone."""
        redraw = await self._remarks.take_redraw(remark_id)
        if redraw is None:
            return
        try:
            await self._pace.acquire()
            async with asyncio.timeout(LONGEST_REQUEST):
                await self._put_right(redraw)
        except discord.HTTPException as error:
            meaning, reason = meaning_of(error)
            self._rest.heed(meaning, reason)
            log.warning("remark %d could not be drawn anew: %s", remark_id, reason)
            if meaning is Verdict.FORGET or code_of(error) in GONE:
                await self._remarks.deleted(redraw)
            elif meaning is Verdict.PLAINER:
                await self._remarks.redrawn(redraw)  # the same again would be refused again
        except (discord.RateLimited, OSError, TimeoutError) as error:
            log.warning("remark %d could not be drawn anew: %r", remark_id, error)
        else:
            await self._remarks.redrawn(redraw)

    async def _put_right(self, redraw: RemarkRedraw) -> None:
        remark = redraw.remark
        assert remark.message_id is not None, "it stands in its channel"
        message = self._places.message(remark.channel_id, remark.guild_id, remark.message_id)
        try:
            await self._draw(message, redraw.contents)
        except discord.HTTPException as error:
            if error.code != ARCHIVED:
                raise
            await (await self._places.thread(remark.channel_id)).edit(archived=False)
            await self._draw(message, redraw.contents)

    async def _draw(self, message: discord.PartialMessage, contents: RemarkContents | None) -> None:
        if contents is None:
            await message.delete()
        else:
            await message.edit(**remark_form(contents).edit())


def _last_word(thread: discord.Thread) -> datetime:
    """When somebody wrote in a thread last, or it was opened."""
    return snowflake_time(thread.last_message_id or thread.id)
