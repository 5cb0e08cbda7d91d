"""Posts recaps and old takes, and keeps them right while those that they quote change their minds."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial

import discord

from cogs.pictures import standing_chart
from cogs.places import CannotLook, ChannelPlace, Places
from cogs.refusals import SURELY_ONE_REQUEST, Rest, failure_of, meaning_of
from cogs.views.cards import carries
from cogs.views.recaps import form_of, standings_of
from newsroom.attempts import Step
from newsroom.desk.refusals import Verdict
from newsroom.discussion.recap_messages import RecapClaim, RecapContents, RecapMessages, RecapRedraw
from newsroom.discussion.recaps import Readers
from newsroom.tasks import Tasks
from newsroom.votes.charts import Charts
from newsroom.votes.members import Standings

log = logging.getLogger(__name__)

LONGEST_REQUEST = 30.0  # seconds; with no answer after this, nobody knows
LAST_REQUESTS = 8.0
MOST_CHARTS = 20
LONGEST_SILENCE = 300.0  # seconds; no attempt takes so long, also if its chart waits for others


class RecapPosts:
    """Posts and draws, each message in a task of its own: one that hangs holds up no other."""

    def __init__(
        self,
        messages: RecapMessages,
        charts: Charts,
        places: Places,
        readers: Readers,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._messages = messages
        self._charts = charts
        self._places = places
        self._readers = readers
        self._now = now
        self._tasks = Tasks()
        self._sending: set[int] = set()
        # Each vote in its question has a recap drawn anew, and the chart is always the same.
        self._drawn: deque[tuple[Standings, tuple[bytes | None, str | None]]] = deque(maxlen=MOST_CHARTS)
        self._rest = Rest("no recap is sent or drawn", now)

    async def close(self) -> None:
        await self._tasks.join(LAST_REQUESTS)

    async def start_due(self) -> int:
        """Start what is due, and wait for none of it; return how many tasks were stuck."""
        stuck = self._tasks.end_stuck(LONGEST_SILENCE)
        if self._rest.is_on:
            return stuck
        for recap_id in await self._messages.due():
            self._tasks.start(("send", recap_id), partial(self.send, recap_id))
        for recap_id in await self._messages.due_redraws():
            self._tasks.start(("draw", recap_id), partial(self._redraw, recap_id))
        return stuck

    async def chart_of(self, contents: RecapContents) -> tuple[bytes | None, str | None]:
        """Draw the chart of a recap, if it has one; return it with its alt text."""
        standings = standings_of(contents)
        if standings is None:
            return None, None
        for known, drawn in self._drawn:
            if known == standings:
                return drawn
        drawn = await standing_chart(self._charts, standings)
        if drawn[0] is not None:
            self._drawn.append((standings, drawn))
        return drawn

    # --------------------------------------------------------------------------------- sending

    async def send(self, recap_id: int) -> str | None:
        """Send one message; return why Discord refuses it for good, None if it stands or is tried again."""
        if recap_id in self._sending:
            return None
        self._sending.add(recap_id)
        try:
            return await self._send(recap_id)
        finally:
            self._sending.discard(recap_id)

    async def _send(self, recap_id: int) -> str | None:
        contents = await self._messages.look(recap_id)
        # Before it is taken in hand: a nonce holds for a minute, and a chart may have to wait for others.
        chart, alt = await self.chart_of(contents) if contents is not None else (None, None)
        claim = await self._messages.claim(recap_id)
        if claim is None:
            return None
        started = self._now()
        try:
            async with asyncio.timeout(claim.patience(LONGEST_REQUEST, started)):
                place = await self._places.channel(claim.recap.channel_id)
                looks = claim.step is Step.LOOK_FIRST or claim.contents.is_empty
                message_id = await self._find(place, claim) if looks else None
                if message_id is None and claim.contents.is_empty:
                    await self._messages.give_up(claim, "It was taken back before it could be said.")
                    return None
                if message_id is None:
                    if looks:
                        self._messages.looked(claim)
                        started = self._now()
                    drawn = (chart, alt) if place.takes_files else (None, None)
                    message_id = await place.reply(form_of(claim.contents, *drawn), claim.nonce, None)
        except CannotLook:
            reason = "I must see whether a message arrived and can't: give me Read Message History here."
            await self._messages.give_up(claim, reason)
            return reason
        except Exception as error:
            return await self._not_sent(claim, error, slow=self._now() - started >= SURELY_ONE_REQUEST)
        sees = self._readers(claim.recap.guild_id, claim.recap.channel_id)
        await self._messages.sent(claim, message_id, sees)
        return None

    async def _find(self, place: ChannelPlace, claim: RecapClaim) -> int | None:
        """Look whether an earlier attempt left the message in its channel."""

        def fits(message: discord.Message) -> bool:
            return carries(message, claim.contents.mark)

        return await place.find_that(fits, claim.look_since, claim.look_until)

    async def _not_sent(self, claim: RecapClaim, error: Exception, *, slow: bool) -> str | None:
        """Write down what an error means for a message; return why if it will never stand there."""
        log.warning("recap %d was not sent: %r", claim.recap.id, error)
        failure = failure_of(error, "sending a recap")
        self._rest.heed(failure.meaning, failure.reason)
        uncertain = slow or failure.uncertain
        if failure.meaning in (Verdict.PLAINER, Verdict.FORGET) and not uncertain:
            await self._messages.give_up(claim, failure.reason)
            return failure.reason
        await self._messages.later(claim, failure.reason, uncertain=uncertain, wait=failure.wait)
        return None

    # --------------------------------------------------------------------------------- drawing

    async def _redraw(self, recap_id: int) -> None:
        """Have a message show what is known by now, or be gone."""
        redraw = await self._messages.take_redraw(recap_id)
        if redraw is None:
            return
        try:
            chart, alt = await self.chart_of(redraw.contents) if redraw.contents is not None else (None, None)
            async with asyncio.timeout(LONGEST_REQUEST):
                await self._put_right(redraw, chart, alt)
        except discord.HTTPException as error:
            meaning, reason = meaning_of(error)
            self._rest.heed(meaning, reason)
            log.warning("recap %d could not be drawn anew: %s", recap_id, reason)
            if meaning is Verdict.FORGET:
                await self._messages.deleted(redraw)
            elif meaning is Verdict.PLAINER:
                await self._messages.redrawn(redraw)  # the same again would be refused again
        except (discord.RateLimited, OSError, TimeoutError) as error:
            log.warning("recap %d could not be drawn anew: %r", recap_id, error)
        else:
            await (self._messages.redrawn(redraw) if redraw.contents is not None else self._messages.deleted(redraw))

    async def _put_right(self, redraw: RecapRedraw, chart: bytes | None, alt: str | None) -> None:
        recap = redraw.recap
        assert recap.message_id is not None, "it stands in its channel"
        message = self._places.message(recap.channel_id, recap.guild_id, recap.message_id)
        if redraw.contents is None:
            await message.delete()
            return
        place = await self._places.channel(recap.channel_id)
        drawn = (chart, alt) if place.takes_files else (None, None)
        await message.edit(**form_of(redraw.contents, *drawn).edit())
