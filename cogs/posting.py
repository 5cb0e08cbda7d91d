"""Delivers cards into news channels: takes what the outbox has due, sends it, and reports how that ended."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import discord
from aiolimiter import AsyncLimiter
from discord.ext import commands, tasks
from discord.utils import utcnow

from cogs.places import CannotLook, Message, Place, Places
from cogs.refusals import (
    PAUSE_AFTER_BLOCK,
    SLOWED_DOWN,
    SURELY_ONE_REQUEST,
    UNREACHABLE,
    code_of,
    is_page,
    meaning_of,
    wait_of,
)
from cogs.views.cards import card_message, plain_card_message
from cogs.views.digests import digest_message, why_item
from newsroom.attempts import CLOCK_SLACK, LONGEST_ATTEMPT, Step
from newsroom.desk.digests import DigestClaim, Digests
from newsroom.desk.outbox import Claim, Outbox
from newsroom.desk.refusals import CANNOT_LOOK, Verdict, may_have_arrived
from newsroom.models import Publishing
from newsroom.network import is_network_error, never_connected
from newsroom.tasks import INTERVALS, Pulse, Tasks

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # seconds

# Discord allows a bot 50 requests a second in all; a few are left for everything that isn't a card.
SENDS_A_SECOND = 40

# discord.py waits out a rate limit inside a send; with no answer after this, nobody knows.
LONGEST_SEND = 60.0

# A look has an end on either side (see Attempt), so this cuts none short where it is busy, only where Discord hangs.
LONGEST_LOOK = 60.0

LAST_SENDS = 8.0  # seconds; what the sends in flight get when the bot stops, of the ten that bot.py has in all
PAUSE_AFTER_GATEWAY_ERROR = timedelta(seconds=30)
MOST_ODD_FAILURES = 5

AnyClaim = TypeVar("AnyClaim", Claim, DigestClaim)


class Sending(Protocol[AnyClaim]):
    """Whoever hands out what is next in a channel, and is told how that went."""

    async def due_channels(self) -> list[int]: ...

    async def claim(self, channel_id: int) -> AnyClaim | None: ...

    def looked(self, claim: AnyClaim) -> None: ...

    async def sent(self, claim: AnyClaim, message_id: int, *, publish: bool) -> None: ...

    async def surely_not_sent(self, claim: AnyClaim, reason: str, wait: timedelta | None = None) -> None: ...

    async def uncertain(self, claim: AnyClaim, reason: str) -> None: ...

    async def suspend(self, claim: AnyClaim, reason: str, code: int, *, uncertain: bool) -> None: ...

    async def quarantine(self, claim: AnyClaim, reason: str) -> None: ...


class NotTidied(Exception):
    """Nobody knows yet whether it stands there twice; the text says why."""


class Posting(commands.Cog):
    """Sends what is due. Channels never wait for one another; within one, order is kept."""

    def __init__(
        self, outbox: Outbox, digests: Digests, places: Places, pulse: Pulse, now: Callable[[], datetime] = utcnow
    ) -> None:
        self._outbox = outbox
        self._digests = digests
        self._places = places
        self._pulse = pulse
        self._now = now
        self._tasks = Tasks()
        self._pace = AsyncLimiter(5, 5 / SENDS_A_SECOND)
        self._stopped = False
        self._paused_until: datetime | None = None
        self._odd_failures: Counter[str] = Counter()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if not self.tick.is_running():
            self.tick.start()

    async def cog_unload(self) -> None:
        self._stopped = True
        self.tick.cancel()
        await self._tasks.join(LAST_SENDS)

    @tasks.loop(seconds=LOOK_EVERY)
    async def tick(self) -> None:
        await self._pulse.beat(self._start_due)

    async def _start_due(self) -> None:
        """Start a task for each channel with work, and wait for none: one that hangs must hold up no other."""
        self._pulse.stuck += self._tasks.end_stuck(INTERVALS * LONGEST_ATTEMPT.total_seconds())
        if self._at_rest():
            return
        await self._digests.plan()
        # Cards go first: they are news, and a list is not.
        await self._start_sending(self._outbox)
        await self._start_sending(self._digests)
        for delivery_id in await self._outbox.due_redraws():
            self._tasks.start(("redraw", delivery_id), partial(self._redraw, delivery_id))
        for publishing in await self._outbox.due_publishings():
            self._tasks.start(("publish", publishing.channel_id), partial(self._publish, publishing))

    async def _start_sending(self, sending: Sending[AnyClaim]) -> None:
        """Start one task a channel, whatever it sends."""
        for channel_id in await sending.due_channels():
            self._tasks.start(channel_id, partial(self._drain, channel_id, sending))

    def _at_rest(self) -> bool:
        return self._stopped or (self._paused_until is not None and self._now() < self._paused_until)

    async def _drain(self, channel_id: int, sending: Sending[AnyClaim]) -> None:
        """Send a channel's cards, or pages of its list, one after another until none is due."""
        more = True
        while more:
            # The turn comes before the claim: what is claimed counts as perhaps sent.
            await self._pace.acquire()
            claim = None if self._at_rest() else await sending.claim(channel_id)
            if claim is None:
                return
            await self._deliver(claim, sending)
            self._tasks.progress(channel_id)
            more = claim.more

    async def _deliver(self, claim: AnyClaim, sending: Sending[AnyClaim]) -> None:
        """Send what is claimed, a card or a page of a list, and report to who handed it out."""
        started = self._now()
        looks = claim.step is Step.LOOK_FIRST
        try:
            place = await self._place(claim)
            message_id = await self._look(place, claim) if looks else None
            if message_id is None:
                if looks:
                    sending.looked(claim)
                    started = self._now()
                message_id = await self._send(place, claim)
            if looks or self._slow(started):
                message_id = await self._tidy(place, claim) or message_id
        except CannotLook:
            reason = "I must see whether a story arrived and can't: give me Read Message History here."
            await sending.suspend(claim, reason, CANNOT_LOOK, uncertain=True)
        except NotTidied as error:
            log.warning("could not look for a doubled %s in channel %d: %s", claim.name, claim.channel_id, error)
            await sending.uncertain(claim, str(error))
        except Exception as error:
            await self._not_sent(claim, sending, error, slow=self._slow(started))
        else:
            await sending.sent(claim, message_id, publish=place.has_followers)
            self._odd_failures.pop(claim.name, None)

    def _slow(self, started: datetime) -> bool:
        return self._now() - started >= SURELY_ONE_REQUEST

    async def _send(self, place: Place, claim: Claim | DigestClaim) -> int:
        """Send it; where Discord takes a card in no form but the plainest, that."""
        if isinstance(claim, DigestClaim):
            return await self._try(place, claim, digest_message(claim.page))
        try:
            return await self._try(place, claim, card_message(claim.card, now=self._now()))
        except discord.HTTPException as error:
            meaning, reason = meaning_of(error)
            if meaning is not Verdict.PLAINER:
                raise
            log.warning("%s is tried as a plainer card: %s", claim.name, reason)
        await self._pace.acquire()
        return await self._try(place, claim, plain_card_message(claim.card))

    async def _try(self, place: Place, claim: Claim | DigestClaim, message: Message) -> int:
        async with asyncio.timeout(claim.patience(LONGEST_SEND, self._now())):
            return await place.send(message, claim.nonce)

    async def _look(self, place: Place, claim: Claim | DigestClaim) -> int | None:
        await self._pace.acquire()
        async with asyncio.timeout(LONGEST_LOOK):
            return await place.find(claim.mark, claim.look_since, claim.look_until)

    async def _place(self, claim: Claim | DigestClaim) -> Place:
        async with asyncio.timeout(LONGEST_LOOK):
            tagging = claim.tagging if isinstance(claim, Claim) else None
            return await self._places.at(claim.channel_id, claim.kind, claim.tag_id, tagging)

    async def _tidy(self, place: Place, claim: Claim | DigestClaim) -> int | None:
        """Remove what stands there twice; return the id of the one that stays, None if Discord doesn't let us.

        Raises NotTidied where that can be tried again, which has to be before the next card: later nobody looks.
        """
        try:
            async with asyncio.timeout(LONGEST_LOOK):
                return await place.tidy(claim.mark, claim.look_since, self._now() + CLOCK_SLACK)
        except discord.HTTPException as error:
            if may_have_arrived(error.status) or error.status == 429:
                raise NotTidied(_in_words(error)) from error
            log.warning("could not look for a doubled %s in channel %d: %s", claim.name, claim.channel_id, error)
            return None
        except Exception as error:
            if isinstance(error, discord.RateLimited) or is_network_error(error):
                raise NotTidied(_in_words(error)) from error
            raise

    async def _not_sent(self, claim: AnyClaim, sending: Sending[AnyClaim], error: Exception, *, slow: bool) -> None:
        """Write down what an error means for what was claimed."""
        reason = _in_words(error)
        log.warning("%s to channel %d: %s", claim.name, claim.channel_id, reason)
        if isinstance(error, discord.RateLimited):
            await self._later(claim, sending, reason, wait_of(error), slow=slow)
        elif isinstance(error, discord.HTTPException):
            await self._refused(claim, sending, error, reason, slow=slow)
        elif never_connected(error):
            await self._later(claim, sending, reason, None, slow=slow)
        elif is_network_error(error):
            await sending.uncertain(claim, reason)
        elif self._odd_failures[claim.name] < MOST_ODD_FAILURES:
            log.error("an odd failure while sending", exc_info=error)
            self._odd_failures[claim.name] += 1
            await sending.uncertain(claim, reason)
        else:
            del self._odd_failures[claim.name]
            await sending.quarantine(claim, reason)

    async def _refused(
        self, claim: AnyClaim, sending: Sending[AnyClaim], error: discord.HTTPException, reason: str, *, slow: bool
    ) -> None:
        meaning = self._heed(error)
        if may_have_arrived(error.status):
            await sending.uncertain(claim, reason)
            return
        match meaning:
            case Verdict.SUSPEND:
                await sending.suspend(claim, reason, code_of(error), uncertain=slow)
            case Verdict.STOP | Verdict.PAUSE_ALL | Verdict.LATER:
                await self._later(claim, sending, reason, None, slow=slow)
            case Verdict.PLAINER | Verdict.FORGET | Verdict.DONE:
                await sending.quarantine(claim, reason)

    async def _later(
        self, claim: AnyClaim, sending: Sending[AnyClaim], reason: str, wait: timedelta | None, *, slow: bool
    ) -> None:
        if slow:
            await sending.uncertain(claim, reason)
        else:
            await sending.surely_not_sent(claim, reason, wait)

    def _heed(self, error: discord.HTTPException) -> Verdict:
        """Do what a refusal asks for everything that waits; return what it means for what was refused."""
        meaning, reason = meaning_of(error)
        if meaning is Verdict.STOP:
            self._stopped = True
            log.critical("no card is sent any more: %s", reason)
        elif meaning is Verdict.PAUSE_ALL:
            self._pause(PAUSE_AFTER_BLOCK, reason)
        elif may_have_arrived(error.status) and is_page(error):
            self._pause(PAUSE_AFTER_GATEWAY_ERROR, reason)
        return meaning

    def _pause(self, length: timedelta, reason: str) -> None:
        self._paused_until = self._now() + length
        log.error("all sending pauses until %s: %s", self._paused_until, reason)

    async def _redraw(self, delivery_id: int) -> None:
        """Have a card show all that is known of its story; whatever comes of it, no other card waits for that."""
        redraw = await self._outbox.take_redraw(delivery_id)
        if redraw is None:
            return
        message = self._places.message(redraw.place_id, redraw.guild_id, redraw.message_id)
        try:
            await self._pace.acquire()
            async with asyncio.timeout(LONGEST_SEND):
                await message.edit(**card_message(redraw.card, now=self._now()).for_channel())
        except discord.HTTPException as error:
            log.warning("the card of delivery %d could not be drawn anew: %s", delivery_id, error)
            if self._heed(error) not in (Verdict.LATER, Verdict.STOP, Verdict.PAUSE_ALL):
                await self._outbox.redrawn(redraw)  # the same again would be refused again
        except (discord.RateLimited, OSError, TimeoutError) as error:
            log.warning("the card of delivery %d could not be drawn anew: %r", delivery_id, error)
        else:
            await self._outbox.redrawn(redraw)

    async def _publish(self, publishing: Publishing) -> None:
        """Publish one card to followers; whatever comes of it, no card waits for that."""
        outbox = self._outbox
        try:
            await self._pace.acquire()
            async with asyncio.timeout(LONGEST_SEND):
                await self._places.publish(publishing.channel_id, publishing.guild_id, publishing.message_id)
        except discord.RateLimited as error:
            await outbox.not_published(publishing, _in_words(error), wait_of(error))
        except discord.HTTPException as error:
            match self._heed(error):
                case Verdict.DONE:
                    await outbox.published(publishing)
                case Verdict.FORGET | Verdict.SUSPEND | Verdict.PLAINER:
                    await outbox.never_published(publishing, _in_words(error))
                case Verdict.STOP | Verdict.PAUSE_ALL | Verdict.LATER:
                    await outbox.not_published(publishing, _in_words(error))
        except Exception as error:
            if not is_network_error(error):
                log.exception("an odd failure while publishing")
            await outbox.not_published(publishing, _in_words(error))
        else:
            await outbox.published(publishing)


def _in_words(error: Exception) -> str:
    if isinstance(error, discord.HTTPException):
        return meaning_of(error)[1]
    if isinstance(error, discord.RateLimited):
        return SLOWED_DOWN
    if never_connected(error):
        return UNREACHABLE
    return "Discord's answer got lost: I look whether the card arrived."


async def setup(bot: NewsBot) -> None:
    outbox, digests = bot.newsroom.outbox, bot.newsroom.digests
    bot.add_dynamic_items(why_item(digests.why))
    await bot.add_cog(Posting(outbox, digests, Places(bot), bot.pulse("posting", LOOK_EVERY)))
