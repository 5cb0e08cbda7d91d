"""Messages that show polls: sends them, and draws them anew when votes came in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import discord
from aiolimiter import AsyncLimiter

from cogs.places import CannotLook, ChannelPlace, Places
from cogs.refusals import SURELY_ONE_REQUEST, Rest, failure_of, meaning_of
from cogs.views.cards import card_message, carries
from cogs.views.polls import poll_message
from newsroom.attempts import Step
from newsroom.desk.refusals import Verdict
from newsroom.models import PollStyle, Purpose
from newsroom.tasks import Tasks
from newsroom.votes.messages import Contents, PollClaim, PollMessages

log = logging.getLogger(__name__)

LONGEST_REQUEST = 30.0  # seconds; with no answer after this, nobody knows
LAST_REQUESTS = 8.0

# An interaction's token holds for 15 minutes. Through it a message is edited without the channel's own limits.
TOKEN_HOLDS = timedelta(minutes=14)

SUSPENDED_FOR = timedelta(minutes=10)  # what belongs to an older poll, where Discord refuses us in its channel

# Discord takes 50 requests a second in all, and cards have 40 of them.
EDITS_A_SECOND = 8


class Boards:
    """Sends and draws, each message in a task of its own: one that hangs holds up no other."""

    def __init__(self, messages: PollMessages, places: Places, *, now: Callable[[], datetime]) -> None:
        self._messages = messages
        self._places = places
        self._now = now
        self._tasks = Tasks()
        self._pace = AsyncLimiter(EDITS_A_SECOND, 1)
        self._sending: set[int] = set()
        self._clicks: dict[int, tuple[datetime, discord.Interaction[Any]]] = {}
        self._rest = Rest("no poll is sent or drawn", now)

    async def close(self) -> None:
        await self._tasks.join(LAST_REQUESTS)

    # --------------------------------------------------------------------------------- drawing

    def clicked(self, poll_id: int, interaction: discord.Interaction[Any]) -> None:
        """Votes came in by a click on this message, whose own reply is the best way to draw it."""
        if interaction.message is not None and not interaction.message.flags.ephemeral:
            self._clicks[interaction.message.id] = (self._now(), interaction)
        self.changed(poll_id)

    def changed(self, poll_id: int) -> None:
        """Draw the messages of a poll as soon as they may be drawn again."""
        if self._messages.note_changed(poll_id):  # otherwise the next tick looks, which is soon enough
            self._start_drawing(poll_id)

    def draw_changed(self) -> None:
        """Go on with what couldn't be drawn at once, or was changed elsewhere."""
        for poll_id in self._messages.noted():
            self._start_drawing(poll_id)

    def _start_drawing(self, poll_id: int) -> None:
        if not self._rest.is_on:
            self._tasks.start(("draw", poll_id), partial(self._draw_all, poll_id))

    async def sweep(self) -> None:
        """Draw what is out of date, whoever changed it; and forget clicks whose reply is no use any more."""
        for poll_id in await self._messages.undrawn():
            self.changed(poll_id)
        self._clicks = {number: click for number, click in self._clicks.items() if self._holds(click[0])}

    async def _draw_all(self, poll_id: int) -> None:
        for contents in await self._messages.take_to_draw(poll_id):
            await self._draw(contents)

    async def _draw(self, contents: Contents) -> None:
        try:
            async with asyncio.timeout(LONGEST_REQUEST):
                await self._edit(contents)
        except discord.HTTPException as error:
            meaning, reason = meaning_of(error)
            self._rest.heed(meaning, reason)
            log.warning("poll %d could not be drawn: %s", contents.message.poll_id, error)
            if meaning is Verdict.FORGET:
                await self._messages.gone(contents)
            elif meaning is Verdict.PLAINER:
                # Discord would refuse the same again; the next vote is another drawing, and another try.
                await self._messages.drawn(contents)
        except (discord.RateLimited, OSError, TimeoutError) as error:
            log.warning("poll %d could not be drawn: %s", contents.message.poll_id, error)
        else:
            await self._messages.drawn(contents)

    async def _edit(self, contents: Contents) -> None:
        """Edit a message, through the reply of a click on it if there was one lately."""
        message, edit = contents.message, self._edited(contents)
        assert message.message_id is not None, "it stands in its channel"
        clicked = self._clicks.get(message.message_id)
        if clicked is not None and self._holds(clicked[0]):
            try:
                await clicked[1].edit_original_response(**edit)
                return
            except discord.HTTPException as error:
                if error.status not in (401, 404):  # the token is used up, or the click was never acknowledged
                    raise
                self._clicks.pop(message.message_id, None)
        await self._pace.acquire()
        await self._places.message(message.channel_id, message.guild_id, message.message_id).edit(**edit)

    def _edited(self, contents: Contents) -> dict[str, Any]:
        if contents.card is not None:
            return card_message(contents.card, now=self._now()).for_channel()
        return poll_message(contents, self._now()).edit()

    def _holds(self, clicked_at: datetime) -> bool:
        return self._now() - clicked_at < TOKEN_HOLDS

    # --------------------------------------------------------------------------------- sending

    async def send_due(self) -> None:
        """Start sending what is due."""
        if self._rest.is_on:
            return
        for row_id in await self._messages.due():
            self._tasks.start(("send", row_id), partial(self.send, row_id))

    async def send(self, row_id: int) -> str | None:
        """Send one message; return why Discord refuses it for good, None if it stands or is tried again."""
        if row_id in self._sending:
            return None
        self._sending.add(row_id)
        try:
            return await self._send(row_id)
        finally:
            self._sending.discard(row_id)

    async def _send(self, row_id: int) -> str | None:
        claim = await self._messages.claim(row_id)
        if claim is None:
            return None
        started = self._now()
        try:
            async with asyncio.timeout(claim.patience(LONGEST_REQUEST, started)):
                place = await self._places.channel(claim.message.channel_id)
                message_id = await self._find(place, claim) if claim.step is Step.LOOK_FIRST else None
                if message_id is None:
                    if claim.step is Step.LOOK_FIRST:
                        self._messages.looked(claim)
                        started = self._now()
                    await self._pace.acquire()
                    form = poll_message(claim.contents, self._now())
                    message_id = await place.reply(form, claim.nonce, claim.message.reply_to)
        except CannotLook:
            reason = "I must see whether a message arrived and can't: give me Read Message History here."
            await self._messages.give_up(claim, reason)
            return reason
        except Exception as error:
            return await self._not_sent(claim, error, slow=self._now() - started >= SURELY_ONE_REQUEST)
        await self._messages.sent(claim, message_id)
        self.changed(claim.message.poll_id)
        return None

    async def _not_sent(self, claim: PollClaim, error: Exception, *, slow: bool) -> str | None:
        """Write down what an error means for a message; return why if it will never stand there."""
        log.warning("a message of poll %d was not sent: %r", claim.message.poll_id, error)
        failure = failure_of(error, "sending a poll")
        self._rest.heed(failure.meaning, failure.reason)
        final = failure.meaning in (Verdict.PLAINER, Verdict.FORGET)
        # A new poll's moderator hears at once that it can't stand there; what belongs to an older one waits.
        is_suspended = failure.meaning is Verdict.SUSPEND
        if (final or (is_suspended and claim.message.purpose is Purpose.POLL)) and not failure.uncertain:
            await self._messages.give_up(claim, failure.reason)
            return failure.reason
        wait = SUSPENDED_FOR if is_suspended else failure.wait
        await self._messages.later(claim, failure.reason, uncertain=slow or failure.uncertain, wait=wait)
        return None

    async def _find(self, place: ChannelPlace, claim: PollClaim) -> int | None:
        """Look whether an earlier attempt left the message in its channel."""
        shown = claim.contents.shown

        def fits(message: discord.Message) -> bool:
            if claim.message.purpose is Purpose.RESULT:
                return carries(message, claim.contents.mark)
            if shown.poll.style is PollStyle.NATIVE:
                return message.poll is not None and message.poll.question == shown.poll.question
            return carries(message, shown.mark)

        return await place.find_that(fits, claim.look_since, claim.look_until)
