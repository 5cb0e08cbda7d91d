"""The outbox: hands out the next delivery of a news channel and writes down how each attempt ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsroom.attempts import Claimed, Tries, not_sent, wait_after
from newsroom.desk.channels import suspend
from newsroom.desk.limits import DAY, HOUR, next_digest, over_limit
from newsroom.desk.regrouping import regrouped
from newsroom.discussion.tags import Tagging, tagging
from newsroom.discussion.threads import has_discuss, thread_at_once
from newsroom.errors import RequestRefused
from newsroom.marks import Marks
from newsroom.models import (
    Article,
    Camp,
    Card,
    ChannelKind,
    Delivery,
    DeliveryState,
    NewsChannel,
    Origin,
    Publishing,
    PublishState,
    Redraw,
)
from newsroom.store import Connection, Store
from newsroom.times import zone
from newsroom.votes.story_polls import StoryPolls, place_of

MOST_PUBLISH_ATTEMPTS = 20

MOST_REDRAWS_AN_HOUR = 3
"""How often a card is drawn anew in an hour, however many sources tell its story."""

MOST_REDRAWS_AT_ONCE = 20
REDRAW_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Claim(Claimed):
    """A delivery in the hands of whoever sends it. ``more`` says that other stories wait behind this one.

    In a forum ``tagging`` says what tags are chosen by, besides the one that its admins chose, ``tag_id``.
    """

    delivery: Delivery
    kind: ChannelKind
    tag_id: int | None
    card: Card
    more: bool
    tagging: Tagging | None = None

    @property
    def name(self) -> str:
        """What this is called in the log."""
        return f"delivery {self.delivery.id}"

    @property
    def channel_id(self) -> int:
        return self.delivery.channel_id

    @property
    def mark(self) -> str:
        return self.card.mark


class Outbox:
    """Deliveries, one channel's next at a time."""

    def __init__(self, store: Store, marks: Marks, story_polls: StoryPolls, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._marks = marks
        self._story_polls = story_polls
        self._now = now
        self._tries = Tries()

    async def due_channels(self) -> list[int]:
        """Return the news channels that have a story to send now."""
        async with self._store.read() as connection:
            return await self._store.deliveries.due_channels(connection, self._now())

    async def claim(self, channel_id: int) -> Claim | None:
        """Take a channel's next delivery in hand; from now on it may stand in the channel.

        Where the channel has had its share of cards, all that waits is set aside for its next list instead.
        """
        now = self._now()
        async with self._store.begin() as connection:
            found = await self._store.deliveries.head(connection, channel_id, now)
            if found is None:
                return None
            delivery, channel, more = found
            is_fresh = delivery.state is DeliveryState.PENDING and delivery.attempted_at is None
            if is_fresh and await regrouped(self._store, connection, delivery):
                return None
            if is_fresh and await self._set_aside(connection, channel, now):
                return None
            attempt = self._tries.plan(delivery, now, has_nonce=channel.kind is not ChannelKind.FORUM)
            taken = await self._store.deliveries.record(
                connection,
                delivery.id,
                state=DeliveryState.SENDING,
                attempts=delivery.attempts + 1,
                attempted_at=attempt.attempted_at,
                due_at=now,
            )
            if not taken:
                return None
            article, source = await self._store.deliveries.contents(connection, delivery)
            also = await self._store.deliveries.also(connection, delivery)
            poll = await self._story_polls.under(connection, delivery, now)
            discuss = await has_discuss(self._store, connection, delivery)
            is_post = channel.kind is ChannelKind.FORUM
            story = await self._tagging(connection, delivery, article, source) if is_post else None
        self._tries.began(delivery, attempt, now)
        return Claim(
            attempt=attempt,
            nonce=self._marks.secret(delivery.id),
            delivery=delivery,
            kind=channel.kind,
            tag_id=channel.tag_id,
            card=Card.of(article, source, self._marks.mark(delivery.id), poll, also, discuss=discuss),
            more=more,
            tagging=story,
        )

    async def _tagging(self, connection: Connection, delivery: Delivery, article: Article, source: str) -> Tagging:
        story = await self._store.stories.get(connection, delivery.story_id, delivery.guild_id)
        settings = await self._store.guilds.settings(connection, delivery.guild_id)
        return tagging(story.camp or Camp.NEITHER, settings, source, article.title, article.summary)

    async def _set_aside(self, connection: Connection, channel: NewsChannel, now: datetime) -> bool:
        """Set what waits aside if a channel has had its share, and return whether it has. Free cards come first."""
        if channel.free_cards > 0:
            await self._store.channels.grant(connection, channel.channel_id, -1)
            return False
        if not (channel.per_hour or channel.per_day):
            return False
        in_hour, in_day = await self._store.deliveries.sent_since(connection, channel.channel_id, now - HOUR, now - DAY)
        reason = over_limit(channel, in_hour, in_day)
        if reason is None:
            return False
        settings = await self._store.guilds.settings(connection, channel.guild_id)
        at = next_digest(now, zone(settings.timezone))
        await self._store.deliveries.defer(connection, channel.channel_id, reason, at)
        return True

    def looked(self, claim: Claim) -> None:
        """Note that the card is not in the channel: what is sent now is a first try again."""
        self._tries.looked(claim.delivery, self._now())

    async def sent(self, claim: Claim, message_id: int, *, publish: bool) -> None:
        """The card stands in the channel. ``publish``: it is an announcement and goes to followers next."""
        now = self._now()
        async with self._store.begin() as connection:
            await self._store.deliveries.record(
                connection,
                claim.delivery.id,
                state=DeliveryState.SENT,
                message_id=message_id,
                sent_at=now,
                reason=None,
                publish_state=PublishState.PENDING if publish else PublishState.NONE,
                publish_due_at=now if publish else None,
            )
            # A forum's post is a thread, whose id is its first message's. The poll under the card may be closed by now,
            # and not on this claim any more: what stands there has to be drawn all the same.
            place = message_id if claim.kind is ChannelKind.FORUM else claim.delivery.channel_id
            await self._store.polls.card_sent(connection, claim.delivery.id, place, message_id, now)
            card = replace(claim.delivery, message_id=message_id)
            await thread_at_once(self._store, connection, card, now)
        self._tries.forget(claim.delivery)

    async def surely_not_sent(self, claim: Claim, reason: str, wait: timedelta | None = None) -> None:
        """Nothing of this attempt reached the channel; the delivery keeps its place and is tried again later.

        What an earlier attempt may have left there is still uncertain.
        """
        await self._set(claim, **not_sent(claim.delivery, reason, self._now(), wait))
        if claim.delivery.attempted_at is None:
            self._tries.forget(claim.delivery)

    async def uncertain(self, claim: Claim, reason: str) -> None:
        """The card may stand in the channel; the channel's next delivery waits until that is known."""
        await self._set(claim, **not_sent(claim.delivery, reason, self._now(), uncertain=True))

    async def suspend(self, claim: Claim, reason: str, code: int, *, uncertain: bool) -> None:
        """Discord refuses us in this channel: it gets nothing until that is mended, and loses nothing.

        ``code`` is Discord's own. ``uncertain``: this attempt may have left the card there all the same.
        """
        now = self._now()
        async with self._store.begin() as connection:
            await suspend(self._store, connection, claim.channel_id, claim.delivery.guild_id, reason, code, now)
            values = not_sent(claim.delivery, reason, now, wait=timedelta(), uncertain=uncertain)
            await self._store.deliveries.record(connection, claim.delivery.id, **values)
        self._tries.forget(claim.delivery)

    async def quarantine(self, claim: Claim, reason: str) -> None:
        """Discord takes this card in no form: set it aside, so that it stops no other."""
        await self._set(claim, state=DeliveryState.QUARANTINED, reason=reason)
        self._tries.forget(claim.delivery)

    async def due_redraws(self) -> list[int]:
        """Return the cards to be drawn anew, because more is known of their stories than they show."""
        async with self._store.read() as connection:
            return await self._store.deliveries.redraws_due(connection, self._now(), MOST_REDRAWS_AT_ONCE)

    async def take_redraw(self, delivery_id: int) -> Redraw | None:
        """Take a card in hand to be drawn anew, as the story is told now; None if it was drawn often enough lately.

        After a crash it is drawn again, REDRAW_WAIT later.
        """
        now = self._now()
        until = now + REDRAW_WAIT
        async with self._store.begin() as connection:
            if not await self._store.deliveries.take_redraw(
                connection, delivery_id, now, until, MOST_REDRAWS_AN_HOUR, HOUR
            ):
                return None
            delivery = await self._store.deliveries.get(connection, delivery_id)
            channel = await self._store.channels.get(connection, delivery.channel_id) if delivery else None
            if delivery is None or delivery.message_id is None or channel is None:
                await self._store.deliveries.redrawn(connection, delivery_id, until)
                return None
            article, source = await self._store.deliveries.contents(connection, delivery)
            also = await self._store.deliveries.also(connection, delivery)
            discuss = await has_discuss(self._store, connection, delivery)
        card = Card.of(article, source, self._marks.mark(delivery.id), None, also, discuss=discuss)
        return Redraw(
            delivery.id, delivery.guild_id, place_of(delivery, channel.kind), delivery.message_id, card, until
        )

    async def redrawn(self, redraw: Redraw) -> None:
        """The card shows what was known, or never will."""
        async with self._store.begin() as connection:
            await self._store.deliveries.redrawn(connection, redraw.delivery_id, redraw.taken_until)

    async def due_publishings(self) -> list[Publishing]:
        """Return the next card to publish of each announcement channel that has one due."""
        async with self._store.read() as connection:
            return await self._store.deliveries.due_publishings(connection, self._now())

    async def published(self, publishing: Publishing) -> None:
        await self._set_publishing(publishing, publish_state=PublishState.DONE)

    async def not_published(self, publishing: Publishing, reason: str, wait: timedelta | None = None) -> None:
        """Try again later; after MOST_PUBLISH_ATTEMPTS, never."""
        attempts = publishing.attempts + 1
        if attempts >= MOST_PUBLISH_ATTEMPTS:
            await self.never_published(publishing, reason)
            return
        due_at = self._now() + (wait if wait is not None else wait_after(attempts))
        await self._set_publishing(publishing, publish_attempts=attempts, publish_due_at=due_at, reason=reason)

    async def never_published(self, publishing: Publishing, reason: str) -> None:
        await self._set_publishing(publishing, publish_state=PublishState.FAILED, reason=reason)

    async def origin(self, card_mark: str, guild_id: int) -> Origin | None:
        """Return where a card came from; None for a mark that isn't ours or a card of another guild."""
        number = self._marks.number(card_mark)
        if number is None:
            return None
        async with self._store.read() as connection:
            return await self._store.deliveries.origin(connection, number, guild_id)

    async def also(self, card_mark: str, guild_id: int) -> tuple[tuple[str, str | None], ...]:
        """Return the other sources that tell a card's story, by name and address. Raises RequestRefused."""
        number = self._marks.number(card_mark)
        async with self._store.read() as connection:
            card = await self._store.deliveries.get(connection, number) if number is not None else None
            if card is None or card.guild_id != guild_id:
                raise RequestRefused("I no longer know that story.")
            return await self._store.deliveries.also(connection, card)

    async def _set(self, claim: Claim, **values: object) -> None:
        async with self._store.begin() as connection:
            await self._store.deliveries.record(connection, claim.delivery.id, **values)

    async def _set_publishing(self, publishing: Publishing, **values: object) -> None:
        async with self._store.begin() as connection:
            await self._store.deliveries.record(connection, publishing.delivery_id, **values)
