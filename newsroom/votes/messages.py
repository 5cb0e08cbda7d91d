"""The messages that show polls: which are to be sent, which are to be drawn anew, and what each shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsroom.attempts import CLOCK_SLACK, LONGEST_ATTEMPT, Step, next_step, wait_after
from newsroom.marks import POLL, POLL_MESSAGE, Marks
from newsroom.models import (
    Article,
    Card,
    DeliveryState,
    Outcome,
    Poll,
    PollMessage,
    PollStyle,
    Purpose,
    ShownPoll,
    Take,
    Tally,
)
from newsroom.store import Connection, Store
from newsroom.times import start_of_month, zone
from newsroom.votes.counting import tally
from newsroom.votes.standings import Season, season

MOST_AT_ONCE = 50
MOST_ATTEMPTS = 20

# How often a message is drawn anew at most. Discord limits edits of messages that are older than an hour apart from
# all others (error 30046).
YOUNG = timedelta(hours=1)
BETWEEN_DRAWINGS = timedelta(seconds=2)
BETWEEN_OLD_DRAWINGS = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class PollClaim:
    """A message in the hands of whoever sends it. ``mark`` tells it from the poll's other messages.

    For the look into the channel see ``newsroom.desk.outbox.Claim``.
    """

    message: PollMessage
    step: Step
    shown: ShownPoll
    mark: str
    nonce: str
    look_since: datetime
    look_until: datetime
    article: Article | None
    season: Season | None = None
    takes: tuple[Take, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A message as it should look now. ``card`` is set where the poll stands under a story.

    ``votes`` is how many entries the log had.
    """

    message: PollMessage
    shown: ShownPoll
    votes: int
    card: Card | None
    article: Article | None


class PollMessages:
    """Messages of polls, one at a time."""

    def __init__(self, store: Store, marks: Marks, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._marks = marks
        self._now = now
        self._first_tries: dict[int, datetime] = {}
        self.changed: set[int] = set()
        """Polls that this process knows to be shown otherwise than they are."""

    # ---------------------------------------------------------------------------- sending

    async def due(self) -> list[int]:
        """Return the rows of messages to be sent now."""
        async with self._store.read() as connection:
            return await self._store.polls.due_messages(connection, self._now(), MOST_AT_ONCE)

    async def claim(self, row_id: int) -> PollClaim | None:
        """Take a message in hand; from now on it may stand in its channel. None if it is done, or waits."""
        now = self._now()
        async with self._store.begin() as connection:
            message = await self._store.polls.message(connection, row_id)
            if message is None or message.state not in (DeliveryState.PENDING, DeliveryState.SENDING):
                return None
            if message.due_at > now:
                return None
            votes, shown = await self._counted(connection, message.poll_id)
            first_try = self._first_tries.get(row_id)
            step = next_step(message.state, first_try, now)
            attempted_at = message.attempted_at or now
            await self._store.polls.record(
                connection,
                row_id,
                state=DeliveryState.SENDING,
                attempts=message.attempts + 1,
                attempted_at=attempted_at,
                due_at=now,
                # An earlier attempt may have left the message there, as the poll was then: it is drawn anew.
                drawn_votes=votes if message.attempted_at is None else -1,
                drawn_revision=shown.poll.revision,
            )
            article = await self._article(connection, shown.poll)
            ended = message.purpose is Purpose.RESULT
            claim = PollClaim(
                message=message,
                step=step,
                shown=shown,
                mark=self._marks.mark(row_id, POLL_MESSAGE),
                nonce=self._marks.secret(row_id, POLL_MESSAGE),
                look_since=attempted_at - CLOCK_SLACK,
                look_until=message.due_at + LONGEST_ATTEMPT + CLOCK_SLACK,
                article=article,
                season=await self._season(connection, shown) if ended and shown.poll.outcome else None,
                takes=tuple(await self._store.votes.takes(connection, shown.poll)) if ended else (),
            )
        if step is Step.SEND:
            self._first_tries.setdefault(row_id, now)
        return claim

    async def sent(self, claim: PollClaim, message_id: int) -> None:
        """The message stands in its channel."""
        now = self._now()
        await self._set(claim, state=DeliveryState.SENT, message_id=message_id, sent_at=now, drawn_at=now, reason=None)
        self._first_tries.pop(claim.message.id, None)

    async def later(self, claim: PollClaim, reason: str, *, uncertain: bool, wait: timedelta | None = None) -> None:
        """Try again later; ``uncertain`` if this attempt may have left the message there."""
        attempts = claim.message.attempts + 1
        if attempts >= MOST_ATTEMPTS:
            await self.give_up(claim, reason)
            return
        due_at = self._now() + (wait if wait is not None else wait_after(attempts))
        if uncertain or claim.message.attempted_at is not None:
            await self._set(claim, due_at=due_at, reason=reason)
        else:
            await self._set(claim, state=DeliveryState.PENDING, attempted_at=None, due_at=due_at, reason=reason)
            self._first_tries.pop(claim.message.id, None)

    async def give_up(self, claim: PollClaim, reason: str) -> None:
        """Discord takes this message in no form, or not there."""
        await self._set(claim, state=DeliveryState.SKIPPED, reason=reason)
        self._first_tries.pop(claim.message.id, None)

    def looked(self, claim: PollClaim) -> None:
        """Note that the message is not in its channel: what is sent now is a first try again."""
        self._first_tries[claim.message.id] = self._now()

    # ---------------------------------------------------------------------------- drawing

    async def undrawn(self) -> list[int]:
        """Return the polls that some message shows otherwise than they are, whoever changed them."""
        async with self._store.read() as connection:
            return await self._store.polls.undrawn(connection)

    async def take_to_draw(self, poll_id: int) -> tuple[list[Drawing], bool]:
        """Take in hand the messages of a poll that are to be drawn now, as the database has them.

        Also tell whether more are out of date that were drawn a moment ago: come back for them.
        """
        now = self._now()
        drawings: list[Drawing] = []
        more = False
        async with self._store.begin() as connection:
            poll = await self._store.polls.get(connection, poll_id)
            if poll is None or poll.style is PollStyle.NATIVE:
                return [], False
            votes, shown = await self._counted(connection, poll_id)
            for message in await self._store.polls.messages(connection, [poll_id]):
                if not _is_out_of_date(message, votes, shown.poll.revision):
                    continue
                not_after = now - _between_drawings(message, now)
                if await self._store.polls.take_to_draw(connection, message.id, now, not_after):
                    drawings.append(await self._drawing(connection, message, shown, votes))
                else:
                    more = True
        return drawings, more

    async def drawn(self, drawing: Drawing) -> None:
        """The message looks so now; what was cast or changed meanwhile is drawn next.

        Only this says so: a crash before it, and the message is drawn once more.
        """
        async with self._store.begin() as connection:
            await self._store.polls.record(
                connection,
                drawing.message.id,
                drawn_votes=drawing.votes,
                drawn_revision=drawing.shown.poll.revision,
            )

    async def gone(self, drawing: Drawing) -> None:
        """The message was deleted: it is left alone."""
        async with self._store.begin() as connection:
            await self._store.polls.record(connection, drawing.message.id, state=DeliveryState.SKIPPED)

    async def _drawing(self, connection: Connection, message: PollMessage, shown: ShownPoll, votes: int) -> Drawing:
        if message.purpose is not Purpose.CARD or message.delivery_id is None:
            return Drawing(message, shown, votes, None, await self._article(connection, shown.poll))
        delivery = await self._store.deliveries.get(connection, message.delivery_id)
        assert delivery is not None, "its row goes with the delivery's"
        article, source = await self._store.deliveries.contents(connection, delivery)
        mark = self._marks.mark(delivery.id)
        return Drawing(message, shown, votes, Card.of(article, source, mark, shown), article)

    # ------------------------------------------------------------------------------ parts

    async def _counted(self, connection: Connection, poll_id: int) -> tuple[int, ShownPoll]:
        """Return the length of a poll's log, and all that it takes to show the poll.

        The log first: a vote that comes in between is shown once too often instead of never.
        """
        votes = await self._store.votes.log_length(connection, poll_id)
        return votes, await self._shown(connection, poll_id)

    async def _shown(self, connection: Connection, poll_id: int) -> ShownPoll:
        poll = await self._store.polls.get(connection, poll_id)
        assert poll is not None, "a message goes with its poll"
        settings = await self._store.guilds.settings(connection, poll.guild_id)
        if poll.voters is not None:
            counted = Tally(tuple(choice.votes or 0 for choice in poll.choices), poll.voters)
        else:
            counted = tally(await self._store.votes.ballots(connection, poll_id), len(poll.choices))
        return ShownPoll(poll, self._marks.mark(poll_id, POLL), counted, settings)

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
        outcomes: list[Outcome | None] = await self._store.polls.outcomes(
            connection, shown.poll.guild_id, start, ended_at + timedelta(microseconds=1)
        )
        return season(outcomes)

    async def _set(self, claim: PollClaim, **values: object) -> None:
        async with self._store.begin() as connection:
            await self._store.polls.record(connection, claim.message.id, **values)


def _is_out_of_date(message: PollMessage, votes: int, revision: int) -> bool:
    """Whether a message stands in its channel and shows the poll as it no longer is. A result stays as it was told."""
    return (
        message.state is DeliveryState.SENT
        and message.message_id is not None
        and message.purpose is not Purpose.RESULT
        and (message.drawn_votes, message.drawn_revision) != (votes, revision)
    )


def _between_drawings(message: PollMessage, now: datetime) -> timedelta:
    is_young = message.sent_at is not None and now - message.sent_at <= YOUNG
    return BETWEEN_DRAWINGS if is_young else BETWEEN_OLD_DRAWINGS
