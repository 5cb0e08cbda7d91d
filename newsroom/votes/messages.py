"""The messages that show polls: which are to be sent, which are to be drawn anew, and what each shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsroom.attempts import Claimed, Tries, not_sent
from newsroom.discussion.threads import has_discuss
from newsroom.marks import POLL, POLL_MESSAGE, Marks
from newsroom.models import (
    ON_ITS_WAY,
    Article,
    Card,
    DeliveryState,
    Poll,
    PollKind,
    PollMessage,
    PollState,
    PollStyle,
    Purpose,
    ShownPoll,
    Take,
)
from newsroom.store import Connection, Store
from newsroom.store.queues import waits
from newsroom.times import start_of_month, zone
from newsroom.votes.asking import in_its_words
from newsroom.votes.standings import Season, season
from newsroom.votes.story_polls import reply_to_cards
from newsroom.votes.totals import tally_of

MOST_AT_ONCE = 50
MOST_ATTEMPTS = 300  # about a day: what a poll came to is still news tomorrow

# How often a message is drawn anew at most. Discord limits edits of messages that are older than an hour apart from
# all others (error 30046).
YOUNG = timedelta(hours=1)
BETWEEN_DRAWINGS = timedelta(seconds=2)
BETWEEN_OLD_DRAWINGS = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a message of a poll shows. ``mark`` tells it from the poll's other messages, ``votes`` is the log's length.

    ``card`` is set where the poll stands under a story, ``article`` where it is about one, and ``season`` and ``takes``
    on a result.
    """

    message: PollMessage
    shown: ShownPoll
    mark: str
    votes: int
    card: Card | None = None
    article: Article | None = None
    season: Season | None = None
    takes: tuple[Take, ...] = ()


@dataclass(frozen=True, slots=True)
class PollClaim(Claimed):
    """A message in the hands of whoever sends it."""

    contents: Contents

    @property
    def message(self) -> PollMessage:
        return self.contents.message


class PollMessages:
    """Messages of polls, one at a time."""

    def __init__(self, store: Store, marks: Marks, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._marks = marks
        self._now = now
        self._tries = Tries()
        self._changed: set[int] = set()

    # ---------------------------------------------------------------------------- sending

    async def due(self) -> list[int]:
        """Return the rows of messages to be sent now."""
        async with self._store.read() as connection:
            return await self._store.polls.due_messages(connection, self._now(), MOST_AT_ONCE)

    async def claim(self, row_id: int) -> PollClaim | None:
        """Take a message in hand; from now on it may stand in its channel. None if it is done, waits, or was taken."""
        now = self._now()
        async with self._store.begin() as connection:
            message = await self._store.polls.message(connection, row_id)
            if message is None or message.state not in ON_ITS_WAY:
                return None
            if waits(message.due_at, now):
                return None
            contents = await self._contents(connection, message, *await self._counted(connection, message.poll_id))
            is_over = contents.shown.poll.state is PollState.CLOSED and message.purpose is not Purpose.RESULT
            if is_over and message.attempted_at is None:
                await self._store.polls.record(connection, row_id, state=DeliveryState.SKIPPED)
                return None
            attempt = self._tries.plan(message, now)
            taken = await self._store.polls.take_to_send(
                connection,
                message,
                attempted_at=attempt.attempted_at,
                due_at=now,
                # An earlier attempt may have left the message there, as the poll was then: it is drawn anew.
                drawn_votes=contents.votes if message.attempted_at is None else -1,
                drawn_revision=contents.shown.poll.revision,
            )
        if not taken:
            return None
        self._tries.began(message, attempt, now)
        return PollClaim(attempt, self._marks.secret(row_id, POLL_MESSAGE), contents)

    async def sent(self, claim: PollClaim, message_id: int) -> None:
        """The message stands in its channel. A story's team poll is shown under its other cards next."""
        now = self._now()
        poll = claim.contents.shown.poll
        async with self._store.begin() as connection:
            await self._store.polls.record(
                connection,
                claim.message.id,
                state=DeliveryState.SENT,
                message_id=message_id,
                sent_at=now,
                drawn_at=now,
                reason=None,
            )
            is_first = claim.message.purpose is Purpose.POLL and poll.kind is PollKind.TEAM
            if is_first and poll.story_id is not None and poll.style is PollStyle.BUTTONS:
                cards = await self._store.deliveries.standing_cards(connection, poll.story_id, poll.guild_id)
                await reply_to_cards(self._store, connection, poll.id, cards, now, but_in=claim.message.channel_id)
        self._tries.forget(claim.message)

    async def later(self, claim: PollClaim, reason: str, *, uncertain: bool, wait: timedelta | None = None) -> None:
        """Try again later; ``uncertain`` if this attempt may have left the message there."""
        if claim.message.attempts + 1 >= MOST_ATTEMPTS:
            await self.give_up(claim, reason)
            return
        await self._set(claim, **not_sent(claim.message, reason, self._now(), wait, uncertain=uncertain))
        if not uncertain and claim.message.attempted_at is None:
            self._tries.forget(claim.message)

    async def give_up(self, claim: PollClaim, reason: str) -> None:
        """Discord takes this message in no form, or not there."""
        await self._set(claim, state=DeliveryState.SKIPPED, reason=reason)
        self._tries.forget(claim.message)

    def looked(self, claim: PollClaim) -> None:
        """Note that the message is not in its channel: what is sent now is a first try again."""
        self._tries.looked(claim.message, self._now())

    # ---------------------------------------------------------------------------- drawing

    def note_changed(self, *poll_ids: int) -> bool:
        """Note that messages of these polls show them otherwise than they are; False if that was noted already."""
        before = len(self._changed)
        self._changed.update(poll_ids)
        return len(self._changed) > before

    def noted(self) -> list[int]:
        """Return the polls that were noted and not taken to be drawn since."""
        return sorted(self._changed)

    async def undrawn(self) -> list[int]:
        """Return the polls that some message shows otherwise than they are, whoever changed them."""
        async with self._store.read() as connection:
            return await self._store.polls.undrawn(connection)

    async def take_to_draw(self, poll_id: int) -> list[Contents]:
        """Take in hand the messages of a poll that are to be drawn now, as the database has them.

        What is out of date and was drawn a moment ago stays noted: come back for it. A recap draws itself.
        """
        now = self._now()
        self._changed.discard(poll_id)
        outdated: list[Contents] = []
        async with self._store.read() as connection:
            messages = await self._store.polls.messages(connection, [poll_id])
            if not messages:
                return []
            votes, shown = await self._counted(connection, poll_id)
            for message in messages:
                if _is_out_of_date(message, shown.poll, votes):
                    if message.drawn_at and now >= message.drawn_at > now - _between_drawings(message, now):
                        self._changed.add(poll_id)
                    else:
                        outdated.append(await self._contents(connection, message, votes, shown))
        if not outdated:
            return []
        taken: list[Contents] = []
        async with self._store.begin() as connection:
            for contents in outdated:
                not_after = now - _between_drawings(contents.message, now)
                if not await self._store.polls.take_to_draw(connection, contents.message.id, now, not_after):
                    self._changed.add(poll_id)
                elif contents.message.purpose is Purpose.RECAP:
                    # It is drawn anew as a whole, with whatever the poll has come to by then.
                    await self._store.recaps.poll_changed(connection, poll_id, now)
                    await self._record_drawing(connection, contents)
                else:
                    taken.append(contents)
        return taken

    async def drawn(self, contents: Contents) -> None:
        """The message was drawn so, or Discord won't have it so; what was cast or changed meanwhile is drawn next.

        Only this says so: a crash before it, and the message is drawn once more.
        """
        async with self._store.begin() as connection:
            await self._record_drawing(connection, contents)

    async def _record_drawing(self, connection: Connection, contents: Contents) -> None:
        await self._store.polls.record_drawing(
            connection,
            contents.message,
            drawn_votes=contents.votes,
            drawn_revision=contents.shown.poll.revision,
        )

    async def gone(self, contents: Contents) -> None:
        """The message was deleted: it is left alone."""
        async with self._store.begin() as connection:
            await self._store.polls.record(connection, contents.message.id, state=DeliveryState.SKIPPED)

    # ------------------------------------------------------------------------------ parts

    async def _contents(self, connection: Connection, message: PollMessage, votes: int, shown: ShownPoll) -> Contents:
        contents = Contents(message, shown, self._marks.mark(message.id, POLL_MESSAGE), votes)
        delivery = (
            await self._store.deliveries.get(connection, message.delivery_id)
            if message.purpose is Purpose.CARD and message.delivery_id is not None
            else None
        )
        if delivery is not None:
            article, source = await self._store.deliveries.contents(connection, delivery)
            also = await self._store.deliveries.also(connection, delivery)
            discuss = await has_discuss(self._store, connection, delivery)
            mark = self._marks.mark(delivery.id)
            return replace(contents, card=Card.of(article, source, mark, shown, also, discuss=discuss))
        contents = replace(contents, article=await self._article(connection, shown.poll))
        if message.purpose is not Purpose.RESULT:
            return contents
        return replace(
            contents,
            season=await self._season(connection, shown) if _counts_in_season(shown.poll) else None,
            takes=tuple(await self._store.takes.on(connection, shown.poll, message.channel_id)),
        )

    async def _counted(self, connection: Connection, poll_id: int) -> tuple[int, ShownPoll]:
        """Return the length of a poll's log, and the poll with its tally.

        In this order: a vote that comes in between is in the tally and not in the length, so it is drawn once more.
        """
        votes = await self._store.votes.log_length(connection, poll_id)
        poll = await self._store.polls.get(connection, poll_id)
        assert poll is not None, "a message goes with its poll"
        return votes, await shown_poll(self._store, connection, self._marks, poll)

    async def _article(self, connection: Connection, poll: Poll) -> Article | None:
        """Return the article by which a poll's story is told."""
        if poll.story_id is None:
            return None
        cards = await self._store.deliveries.standing_cards(connection, poll.story_id, poll.guild_id)
        return (await self._store.deliveries.contents(connection, cards[0][0]))[0] if cards else None

    async def _season(self, connection: Connection, shown: ShownPoll) -> Season:
        """Return the season to which a closed poll belongs, up to its own end."""
        ended_at = shown.poll.closed_at or self._now()
        start = start_of_month(ended_at, zone(shown.settings.timezone))
        outcomes = await self._store.polls.outcomes(
            connection, shown.poll.guild_id, start, ended_at + timedelta(microseconds=1)
        )
        return season(outcomes)

    async def _set(self, claim: PollClaim, **values: object) -> None:
        async with self._store.begin() as connection:
            await self._store.polls.record_attempt(connection, claim.message, **values)


async def shown_poll(store: Store, connection: Connection, marks: Marks, poll: Poll) -> ShownPoll:
    """Return a poll with its tally, in the guild's words of today."""
    settings = await store.guilds.settings(connection, poll.guild_id)
    return ShownPoll(
        poll, marks.mark(poll.id, POLL), await tally_of(store, connection, poll), in_its_words(settings, poll)
    )


def _counts_in_season(poll: Poll) -> bool:
    return poll.kind is PollKind.TEAM and poll.story_id is not None


def _is_out_of_date(message: PollMessage, poll: Poll, votes: int) -> bool:
    """Whether a message stands in its channel and shows the poll as it no longer is.

    Discord's own polls are drawn by Discord. A result stays as it was told, but for one that was marked (-1): somebody
    whom it may quote has left.
    """
    if message.state is not DeliveryState.SENT or message.message_id is None:
        return False
    if message.purpose is Purpose.RESULT:
        return message.drawn_votes < 0
    shows = (message.drawn_votes, message.drawn_revision)
    return poll.style is PollStyle.BUTTONS and shows != (votes, poll.revision)


def _between_drawings(message: PollMessage, now: datetime) -> timedelta:
    is_young = message.sent_at is not None and now - message.sent_at <= YOUNG
    return BETWEEN_DRAWINGS if is_young else BETWEEN_OLD_DRAWINGS
