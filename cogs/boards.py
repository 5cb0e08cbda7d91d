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
from cogs.views.cards import card_message, carries
from cogs.views.polls import PollForm, poll_form, result_form
from newsroom.attempts import Step
from newsroom.desk.refusals import Verdict, in_words, may_have_arrived, verdict
from newsroom.models import PollStyle, Purpose
from newsroom.network import is_network_error, never_connected
from newsroom.tasks import Tasks
from newsroom.votes.messages import Drawing, PollClaim, PollMessages

log = logging.getLogger(__name__)

LONGEST_REQUEST = 30.0  # seconds; with no answer after this, nobody knows
LAST_REQUESTS = 8.0
SURELY_ONE_REQUEST = timedelta(seconds=1)  # as in cogs.posting: discord.py repeats a request by itself

# An interaction's token holds for 15 minutes. Through it a message is edited without the channel's own limits.
TOKEN_HOLDS = timedelta(minutes=14)

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
        self._clicks: dict[int, tuple[datetime, discord.Interaction[Any]]] = {}

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
        if poll_id not in self._messages.changed:  # otherwise the next tick looks, which is soon enough
            self._messages.changed.add(poll_id)
            self._tasks.start(("draw", poll_id), partial(self._draw_all, poll_id))

    def draw_changed(self) -> None:
        """Go on with what couldn't be drawn at once, or was changed elsewhere."""
        for poll_id in tuple(self._messages.changed):
            self._tasks.start(("draw", poll_id), partial(self._draw_all, poll_id))

    async def sweep(self) -> None:
        """Draw what is out of date, whoever changed it; and forget clicks whose reply is no use any more."""
        for poll_id in await self._messages.undrawn():
            self.changed(poll_id)
        self._clicks = {number: click for number, click in self._clicks.items() if self._holds(click[0])}

    async def _draw_all(self, poll_id: int) -> None:
        self._messages.changed.discard(poll_id)
        drawings, more = await self._messages.take_to_draw(poll_id)
        if more:
            self._messages.changed.add(poll_id)
        for drawing in drawings:
            await self._draw(drawing)

    async def _draw(self, drawing: Drawing) -> None:
        form = self._form(drawing)
        try:
            async with asyncio.timeout(LONGEST_REQUEST):
                await self._edit(drawing, form)
        except discord.HTTPException as error:
            log.warning("poll %d could not be drawn: %s", drawing.message.poll_id, error)
            meaning = _verdict(error)
            if meaning is Verdict.FORGET:
                await self._messages.gone(drawing)
            elif meaning in (Verdict.SUSPEND, Verdict.PLAINER):
                # Discord would refuse the same again; the next vote is another drawing, and another try.
                await self._messages.drawn(drawing)
        except (discord.RateLimited, OSError, TimeoutError) as error:
            log.warning("poll %d could not be drawn: %s", drawing.message.poll_id, error)
        else:
            await self._messages.drawn(drawing)

    async def _edit(self, drawing: Drawing, edit: dict[str, Any]) -> None:
        """Edit a message, through the reply of a click on it if there was one lately."""
        message = drawing.message
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

    def _form(self, drawing: Drawing) -> dict[str, Any]:
        if drawing.card is not None:
            return card_message(drawing.card, now=self._now()).for_channel()
        return poll_form(drawing.shown, drawing.message.purpose, drawing.article, self._now()).edit()

    def _holds(self, clicked_at: datetime) -> bool:
        return self._now() - clicked_at < TOKEN_HOLDS

    # --------------------------------------------------------------------------------- sending

    async def send_due(self) -> None:
        """Start sending what is due."""
        for row_id in await self._messages.due():
            self._tasks.start(("send", row_id), partial(self._send_later, row_id))

    async def _send_later(self, row_id: int) -> None:
        await self.send(row_id)

    async def send(self, row_id: int) -> str | None:
        """Send one message; return why Discord refuses it for good, None if it stands or is tried again."""
        claim = await self._messages.claim(row_id)
        if claim is None:
            return None
        started = self._now()
        try:
            async with asyncio.timeout(LONGEST_REQUEST):
                place = await self._places.channel(claim.message.channel_id)
                message_id = await self._find(place, claim) if claim.step is Step.LOOK_FIRST else None
                if message_id is None:
                    if claim.step is Step.LOOK_FIRST:
                        self._messages.looked(claim)
                        started = self._now()
                    await self._pace.acquire()
                    message_id = await place.reply(self._message(claim), claim.nonce, claim.message.reply_to)
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
        reason = "Discord can't be reached: I go on by myself."
        log.warning("a message of poll %d was not sent: %r", claim.message.poll_id, error)
        if isinstance(error, discord.HTTPException):
            meaning = _verdict(error)
            reason = in_words(error.status, _code(error))
            if meaning in (Verdict.SUSPEND, Verdict.PLAINER, Verdict.FORGET) and not may_have_arrived(error.status):
                await self._messages.give_up(claim, reason)
                return reason
            uncertain = slow or may_have_arrived(error.status)
            await self._messages.later(claim, reason, uncertain=uncertain)
        elif isinstance(error, discord.RateLimited):
            wait = timedelta(seconds=error.retry_after)
            await self._messages.later(claim, reason, uncertain=slow, wait=min(wait, timedelta(days=1)))
        else:
            if not is_network_error(error):
                log.error("an odd failure while sending a poll", exc_info=error)
            await self._messages.later(claim, reason, uncertain=slow or not never_connected(error))
        return None

    async def _find(self, place: ChannelPlace, claim: PollClaim) -> int | None:
        """Look whether an earlier attempt left the message in its channel."""
        poll = claim.shown.poll

        def fits(message: discord.Message) -> bool:
            if claim.message.purpose is Purpose.RESULT:
                return carries(message, claim.mark)
            if poll.style is PollStyle.NATIVE:
                return message.poll is not None and message.poll.question == poll.question
            return carries(message, claim.shown.mark)

        return await place.find_that(fits, claim.look_since, claim.look_until)

    def _message(self, claim: PollClaim) -> PollForm:
        if claim.message.purpose is Purpose.RESULT:
            return result_form(claim.shown, claim.article, claim.season, claim.takes, claim.mark)
        return poll_form(claim.shown, claim.message.purpose, claim.article, self._now())


def _code(error: discord.HTTPException) -> int:
    return error.code if isinstance(error.code, int) else 0


def _verdict(error: discord.HTTPException) -> Verdict:
    return verdict(error.status, _code(error), via="Via" in error.response.headers)
