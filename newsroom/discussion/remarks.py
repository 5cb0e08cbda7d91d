"""What we say in discussions: what to send, to draw anew, to take away. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from newsroom.answers.answers import Answer, Answered
from newsroom.attempts import Claimed, Tries, not_sent
from newsroom.discussion.shift import Shift
from newsroom.discussion.threads import Discussed, card_of_take, discussed
from newsroom.errors import RequestRefused
from newsroom.marks import ASK, DEBATE, REMARK, TAKE, Marks
from newsroom.models import (
    ON_ITS_WAY,
    Debate,
    DebateTurn,
    DeliveryState,
    GuildSettings,
    Line,
    Remark,
    RemarkKind,
    Standing,
    Summary,
    Take,
    TurnKind,
    TurnState,
)
from newsroom.store import Connection, Store
from newsroom.store.queues import waits
from newsroom.votes.members import standing_now

MOST_AT_ONCE = 20
MOST_ATTEMPTS = 300  # about a day: what members said is still to be read tomorrow
REDRAW_WAIT = timedelta(minutes=5)

REMOVABLE = {RemarkKind.ANSWER: Line.ANSWER_REMOVED, RemarkKind.DEBATE: Line.ROUND_REMOVED}
"""What moderators can take away besides takes, and what admins hear of it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a discussion is opened with: what the story says, and a question for each side."""

    summary: Summary
    for_open: str
    for_proprietary: str


class Opens(Protocol):
    """Whoever knows how to open the discussion of a card's story."""

    async def opening(self, card: Discussed, *, by_model: bool) -> Opening:
        """Return what it is opened with; it may take a while to read the article, and, ``by_model``, to sum it up."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """What opens a discussion, with where the members stand as it does."""

    card: Discussed
    opening: Opening
    standing: Standing


@dataclass(frozen=True, slots=True)
class OpenedBefore:
    """What opened a discussion: its words stay, for which a page might have to be read again. Its buttons follow."""

    card: Discussed


@dataclass(frozen=True, slots=True)
class Grown:
    """That a story has grown: the other sources that tell it, by name and address."""

    also: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class ShownTake:
    """A take as it is shown. ``mark`` names it on its buttons; ``answers`` is the take that it pushes back on.

    The ``card`` of its story may be gone.
    """

    take: Take
    mark: str
    fires: int
    answers: Take | None
    answers_link: tuple[int, int] | None
    card: Discussed | None


@dataclass(frozen=True, slots=True)
class Sorry:
    """Why a question has no answer, in a sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """A turn of a debate as it is shown, by how the debate stands. ``mark`` names the debate on its buttons.

    A result has its ``shift``, unless the debate was stopped. The ``card`` of its story may be gone.
    """

    turn: DebateTurn
    debate: Debate
    mark: str
    shift: Shift | None
    card: Discussed | None


Says = Opened | OpenedBefore | Grown | ShownTake | Answered | Sorry | ShownTurn


@dataclass(frozen=True, slots=True)
class RemarkContents:
    """What a message of ours in a discussion ``says``: None if there is nothing to say any more.

    ``mark`` tells it from all others, ``card_mark`` names its card. ``has_model``: a language model answers questions.
    """

    remark: Remark
    mark: str
    card_mark: str
    settings: GuildSettings
    says: Says | None
    has_model: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there are no words to send: at most there is a message to draw anew or to take away."""
        return self.says is None or isinstance(self.says, OpenedBefore)


@dataclass(frozen=True, slots=True)
class RemarkClaim(Claimed):
    """A message in the hands of whoever sends it."""

    contents: RemarkContents

    @property
    def remark(self) -> Remark:
        return self.contents.remark


@dataclass(frozen=True, slots=True)
class RemarkRedraw:
    """A message that stands there and shows less than we know; without ``contents`` it is to be deleted."""

    remark: Remark
    contents: RemarkContents | None
    taken_until: datetime


class Remarks:
    """Messages in discussions, one at a time."""

    def __init__(
        self, store: Store, marks: Marks, opens: Opens, *, now: Callable[[], datetime], has_model: bool = False
    ) -> None:
        self._has_model = has_model
        self._store = store
        self._marks = marks
        self._opens = opens
        self._now = now
        self._tries = Tries()

    # ---------------------------------------------------------------------------- sending

    async def due(self) -> list[int]:
        """Return what is to be said now."""
        async with self._store.read() as connection:
            return await self._store.threads.remarks_due(connection, self._now(), MOST_AT_ONCE)

    async def claim(self, remark_id: int) -> RemarkClaim | None:
        """Take a message in hand; from now on it may stand in its channel.

        None if it is done, waits, was taken by somebody else, or there is nothing to say any more.
        """
        opening = await self._opening(remark_id)
        now = self._now()
        async with self._store.begin() as connection:
            remark = await self._store.threads.remark(connection, remark_id)
            if remark is None or remark.state not in ON_ITS_WAY or waits(remark.due_at, now):
                return None
            contents = await self._contents(connection, remark, opening)
            if contents is None or (contents.is_empty and remark.attempted_at is None):
                await self._store.threads.record_remark(
                    connection, remark_id, state=DeliveryState.SKIPPED, reason="There was nothing to say any more."
                )
                return None
            attempt = self._tries.plan(remark, now)
            if not await self._store.threads.take(connection, remark, attempt.attempted_at, now):
                return None
        self._tries.began(remark, attempt, now)
        return RemarkClaim(attempt, self._marks.secret(remark.id, REMARK), contents)

    def looked(self, claim: RemarkClaim) -> None:
        """Note that the message is not in its channel: what is sent now is a first try again."""
        self._tries.looked(claim.remark, self._now())

    async def sent(self, claim: RemarkClaim, message_id: int) -> None:
        """The message stands in its channel. What changed since it was claimed is drawn next."""
        now = self._now()
        async with self._store.begin() as connection:
            # Another attempt may have left it there, as things were then.
            again = {"redraw_at": now} if claim.remark.attempted_at is not None else {}
            await self._store.threads.record_remark(
                connection,
                claim.remark.id,
                state=DeliveryState.SENT,
                message_id=message_id,
                sent_at=now,
                drawn_at=now,
                reason=None,
                **again,
            )
            await self._store.threads.unmute(connection, claim.remark.channel_id)
        self._tries.forget(claim.remark)

    async def later(self, claim: RemarkClaim, reason: str, *, uncertain: bool, wait: timedelta | None = None) -> None:
        """Try again later; ``uncertain`` if this attempt may have left the message there."""
        if claim.remark.attempts + 1 >= MOST_ATTEMPTS:
            await self.give_up(claim, reason)
            return
        await self._record(claim, **not_sent(claim.remark, reason, self._now(), wait, uncertain=uncertain))
        if not uncertain and claim.remark.attempted_at is None:
            self._tries.forget(claim.remark)

    async def give_up(self, claim: RemarkClaim, reason: str) -> None:
        """Discord takes this message in no form, or not there."""
        await self._record(claim, state=DeliveryState.SKIPPED, reason=reason)
        self._tries.forget(claim.remark)

    # ---------------------------------------------------------------------------- drawing

    async def due_redraws(self) -> list[int]:
        """Return what is to be drawn anew, or taken away, now."""
        async with self._store.read() as connection:
            return await self._store.threads.redraws_due(connection, self._now(), MOST_AT_ONCE)

    async def take_redraw(self, remark_id: int) -> RemarkRedraw | None:
        """Take a message in hand to be drawn anew as things are now. After a crash it is drawn again."""
        now = self._now()
        until = now + REDRAW_WAIT
        async with self._store.begin() as connection:
            remark = await self._store.threads.take_redraw(connection, remark_id, now, until)
            if remark is None:
                return None
            contents = None if remark.withdrawn else await self._contents(connection, remark, None)
            if not remark.withdrawn and (contents is None or contents.says is None):
                await self._store.threads.redrawn(connection, remark_id, until)
                return None
            return RemarkRedraw(remark, contents, until)

    async def redrawn(self, redraw: RemarkRedraw) -> None:
        """It shows what was known, or never will; or it is gone, as it was to be."""
        async with self._store.begin() as connection:
            if redraw.remark.withdrawn:
                await self._store.threads.forget(connection, redraw.remark.id)
            else:
                await self._store.threads.redrawn(connection, redraw.remark.id, redraw.taken_until)

    async def deleted(self, redraw: RemarkRedraw) -> None:
        """Somebody deleted the message: it is left at that."""
        async with self._store.begin() as connection:
            await self._store.threads.forget(connection, redraw.remark.id)

    # ------------------------------------------------------------------------- moderating

    async def removable(self, guild_id: int, message_id: int) -> Remark:
        """Return what a message of ours says that moderators can remove as it stands. Raises RequestRefused.

        A take goes with its author's words: see ``Takes.remove``.
        """
        async with self._store.read() as connection:
            remark = await self._store.threads.by_message(connection, guild_id, message_id)
        if remark is None or remark.kind not in REMOVABLE:
            raise RequestRefused("That message shows nothing of mine that can be removed here.")
        return remark

    async def remove(self, guild_id: int, remark_id: int, *, by: int | None = None) -> Remark:
        """Take away what a message of ours says; the admins hear ``by`` whom. Raises RequestRefused if it is gone."""
        now = self._now()
        async with self._store.begin() as connection:
            remark = await self._store.threads.remark(connection, remark_id)
            if remark is None or remark.guild_id != guild_id or remark.kind not in REMOVABLE or remark.withdrawn:
                raise RequestRefused("That isn't there any more.")
            await self._store.threads.withdraw_one(connection, remark_id, now)
            if remark.turn_id is not None:
                # No later turn answers it, either.
                await self._store.debates.record_turn(connection, remark.turn_id, state=TurnState.REMOVED, text=None)
            await self._store.alerts.add_line(
                connection, REMOVABLE[remark.kind], guild_id, now, channel_id=remark.channel_id, member_id=by
            )
        return remark

    # ------------------------------------------------------------------------------ parts

    async def _opening(self, remark_id: int) -> Opening | None:
        """Read what a discussion is opened with, before any transaction: it may take a look at a page.

        A model sums the story up where members may ask one.
        """
        async with self._store.read() as connection:
            remark = await self._store.threads.remark(connection, remark_id)
            if remark is None or remark.kind is not RemarkKind.OPENER:
                return None
            try:
                card = await discussed(self._store, connection, remark.delivery_id, remark.guild_id)
            except RequestRefused:
                return None
            settings = await self._store.guilds.settings(connection, remark.guild_id)
        return await self._opens.opening(card, by_model=settings.model and card.settings.ask)

    async def _contents(self, connection: Connection, remark: Remark, opening: Opening | None) -> RemarkContents | None:
        """Return what a message says as things are now; None if it is about a card that isn't there any more."""
        settings = await self._store.guilds.settings(connection, remark.guild_id)
        mark, card_mark = self._marks.mark(remark.id, REMARK), self._marks.mark(remark.delivery_id)
        try:
            says = await self._says(connection, remark, opening)
        except RequestRefused:
            return None
        return RemarkContents(remark, mark, card_mark, settings, says, has_model=self._has_model and settings.model)

    async def _says(self, connection: Connection, remark: Remark, opening: Opening | None) -> Says | None:
        """Return what a message says; None is nothing any more. Raises RequestRefused if its card isn't there."""
        if remark.take_id is not None:
            return await self._take(connection, remark, remark.take_id)
        if remark.ask_id is not None:
            return await self._answer(connection, remark, remark.ask_id)
        if remark.turn_id is not None:
            return await self._turn(connection, remark, remark.turn_id)
        card = await discussed(self._store, connection, remark.delivery_id, remark.guild_id)
        if remark.kind is RemarkKind.GROWTH:
            also = await self._store.deliveries.also(connection, card.card)
            return Grown(also) if also else None
        if opening is None:
            return OpenedBefore(card)
        return Opened(card, opening, await standing_now(self._store, connection, remark.guild_id, self._now()))

    async def _take(self, connection: Connection, remark: Remark, take_id: int) -> ShownTake | None:
        take = await self._store.takes.get(connection, take_id, remark.guild_id)
        if take is None or remark.withdrawn:
            return None
        fires = (await self._store.takes.fires(connection, [take.id]))[take.id]
        answers, link = None, None
        if take.answers_id is not None:
            answers = await self._store.takes.get(connection, take.answers_id, take.guild_id)
            there = await self._store.threads.of_take(connection, take.answers_id)
            link = (there.channel_id, there.message_id) if there and there.message_id else None
        try:
            card = await card_of_take(self._store, connection, take)
        except RequestRefused:
            card = None
        return ShownTake(take, self._marks.mark(take.id, TAKE), fires, answers, link, card)

    async def _answer(self, connection: Connection, remark: Remark, ask_id: int) -> Answered | Sorry | None:
        ask = await self._store.asks.get(connection, ask_id)
        if ask is None or ask.answer is None or remark.withdrawn:
            return None
        answer = Answer.from_json(ask.answer)
        if answer.sorry:
            return Sorry(answer.sorry)
        # Of other channels' stories everybody reads nothing, whatever the asker sees. Why no model answered is the
        # asker's business, who reads it here if it was asked here.
        answer = replace(answer, related=(), note=answer.note if ask.reply_to is not None else "")
        card = await discussed(self._store, connection, ask.delivery_id, ask.guild_id)
        return Answered(ask, self._marks.mark(ask.id, ASK), card, answer)

    async def _turn(self, connection: Connection, remark: Remark, turn_id: int) -> ShownTurn | None:
        turn = await self._store.debates.turn(connection, turn_id)
        debate = await self._store.debates.get(connection, turn.debate_id, remark.guild_id) if turn else None
        if turn is None or debate is None or turn.state is TurnState.REMOVED or remark.withdrawn:
            return None
        shift = Shift.from_json(turn.text) if turn.kind is TurnKind.RESULT and turn.text else None
        try:
            card = await discussed(self._store, connection, remark.delivery_id, remark.guild_id)
        except RequestRefused:
            card = None  # a debate is ended in words, and without buttons, also when its story was taken down
        return ShownTurn(turn, debate, self._marks.mark(debate.id, DEBATE), shift, card)

    async def _record(self, claim: RemarkClaim, **values: object) -> None:
        async with self._store.begin() as connection:
            await self._store.threads.record_attempt(connection, claim.remark, **values)
