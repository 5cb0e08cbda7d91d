"""Debates: begun, voted in, moved on step by step, ended. Each method is one transaction.

Members say where they stand, both sides are argued for in rounds, members say it again, and the result is who moved.
These votes are the debate's own: no poll, side or standing learns of them, and they are forgotten once counted.

What is due stands in the database, so a restart goes on where it was. A phase's time begins when its message stands in
the thread, and a round's with its last case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsroom.answers.talk import Model
from newsroom.discussion.shift import shift_of
from newsroom.discussion.threads import Discussed, can_have_thread, discussed, with_thread
from newsroom.errors import DebateRuns, RequestRefused
from newsroom.marks import DEBATE, Marks
from newsroom.models import (
    ON_ITS_WAY,
    Article,
    ChannelKind,
    Debate,
    DebatePhase,
    DebateTurn,
    DeliveryState,
    DiscussionSettings,
    Line,
    RemarkKind,
    Side,
    Summary,
    SummaryBasis,
    TextBasis,
    Thread,
    ThreadState,
    TurnKind,
    TurnState,
)
from newsroom.store import Connection, Store
from newsroom.stories.summary import summarise, summary_of
from newsroom.stories.texts import Texts

MOST_ROUNDS, ROUNDS = 5, 3
MOST_MINUTES, MINUTES = 60, 10
"""The most rounds of a debate and minutes of a phase, and how many there are if nobody says."""

MOST_AT_ONCE = 20
LEAST_TIME = timedelta(minutes=1)
"""What is left of a phase at least when the bot is back; and how long is waited for a message on its way."""

LONGEST_UNDER_WAY = timedelta(minutes=15)
"""How long a debate waits for a message of its own that can't be sent, while the bot is there to send it."""

MOST_ATTEMPTS = 2
"""How often a case is begun: once more if whoever wrote it died."""

STATEMENT = 500
"""UTF-16 code units of what the article says, shown whole."""

GONE = "That debate isn't there any more."
VOTE_OVER = "The time for that vote is over."


@dataclass(frozen=True, slots=True)
class Started:
    """A debate that has begun. ``thread`` is the story's, which may still have to be opened; None in a thread."""

    debate: Debate
    card: Discussed
    thread: Thread | None


@dataclass(frozen=True, slots=True)
class Task:
    """A case to be written: for ``turn.side`` of ``debate``, by ``model``, until ``taken_until``.

    ``takes`` are what members of that side said, ``earlier`` the cases so far, the oldest first.
    """

    turn: DebateTurn
    debate: Debate
    model: Model
    article: Article
    settings: DiscussionSettings
    takes: tuple[str, ...]
    earlier: tuple[tuple[Side, str], ...]


class Debates:
    """The debates of all guilds. ``debaters`` are the models that argue, by side: both teams', or none."""

    def __init__(
        self,
        store: Store,
        marks: Marks,
        texts: Texts,
        debaters: Mapping[Side, Model],
        *,
        now: Callable[[], datetime],
        lease: timedelta = timedelta(minutes=5),
    ) -> None:
        self._store = store
        self._marks = marks
        self._texts = texts
        self._debaters = debaters
        self._now = now
        self._lease = lease
        self._back_at: datetime | None = None

    # ---------------------------------------------------------------------------- beginning

    async def start(self, guild_id: int, delivery_id: int, rounds: int = ROUNDS, minutes: int = MINUTES) -> Started:
        """Begin a debate over a card's story. Raises RequestRefused where there can be none, DebateRuns beside one."""
        async with self._store.read() as connection:
            card = await discussed(self._store, connection, delivery_id, guild_id)
            await self._check(connection, card)
        summary, extract = await self._statements(card)
        now = self._now()
        async with self._store.begin() as connection:
            card = await discussed(self._store, connection, delivery_id, guild_id)
            await self._check(connection, card)
            if card.kind is not ChannelKind.THREAD:
                card = await with_thread(self._store, connection, card, now)
            place = card.thread.thread_id if card.thread is not None else card.place_id
            debate = await self._store.debates.add(
                connection,
                guild_id=guild_id,
                delivery_id=delivery_id,
                channel_id=place,
                rounds=rounds,
                minutes=minutes,
                phase=DebatePhase.BEFORE,
                due_at=now + timedelta(minutes=minutes),
                started_at=now,
            )
            if debate is None:
                running = await self._store.debates.running(connection, guild_id)
                if running is None:
                    raise RequestRefused("Another debate has just ended: try again.")
                raise DebateRuns(running.channel_id, self._marks.mark(running.id, DEBATE))
            await self._say(connection, debate, TurnKind.OPENING, text=summary.text, basis=summary.basis)
            if extract and extract != summary.text and not await self._debaters_of(connection, guild_id):
                # It is said in the first round, which may begin after a restart.
                await self._store.debates.add_turn(
                    connection,
                    debate.id,
                    TurnKind.FLOOR,
                    round=1,
                    state=TurnState.WAITING,
                    text=extract,
                    basis=SummaryBasis.EXTRACT,
                )
        return Started(debate, card, card.thread)

    async def _debaters_of(self, connection: Connection, guild_id: int) -> Mapping[Side, Model]:
        """Return who argues in a guild: nobody where its admins want no model."""
        if not self._debaters:
            return {}
        return self._debaters if (await self._store.guilds.settings(connection, guild_id)).model else {}

    async def _check(self, connection: Connection, card: Discussed) -> None:
        channel_id = card.card.channel_id
        if not card.settings.debate:
            raise RequestRefused(
                f"Debates are off in <#{channel_id}>. `/channel discussion debate:True` turns them on."
            )
        if card.kind is not ChannelKind.THREAD and not can_have_thread(card.kind, card.settings):
            raise RequestRefused(
                f"Stories in <#{channel_id}> get no threads, and a debate needs one. "
                "`/channel discussion` changes that."
            )
        if card.thread is not None and card.thread.state is ThreadState.GONE:
            raise RequestRefused("The thread of this story was deleted, so there is no place for a debate.")

    async def _statements(self, card: Discussed) -> tuple[Summary, str]:
        """What the article says in short, and in sentences of its own."""
        text = await self._texts.of(card.article.id)
        extract = ""
        if text.basis is not TextBasis.SUMMARY:
            extract = summarise(card.article.title, text.paragraphs, most_length=STATEMENT)
        return summary_of(card.article, text, most_length=STATEMENT), extract

    async def discard(self, debate_id: int) -> None:
        """Forget a debate that could not begin: its thread can't be opened."""
        async with self._store.begin() as connection:
            await self._store.debates.remove(connection, debate_id)

    # ------------------------------------------------------------------------------ voting

    async def vote(self, mark: str, guild_id: int, member_id: int, side: Side, *, after: bool) -> Debate:
        """Remember where a member stands, before or after a debate; the last click counts. Raises RequestRefused."""
        now = self._now()
        async with self._store.begin() as connection:
            debate = await self._of_mark(connection, mark, guild_id)
            if debate.phase is not (DebatePhase.AFTER if after else DebatePhase.BEFORE):
                raise RequestRefused(VOTE_OVER)
            settings = await self._store.guilds.settings(connection, guild_id)
            if side is Side.DEPENDS and not settings.depends:
                raise RequestRefused("This server has two teams only.")
            await self._store.debates.vote(connection, debate.id, member_id, side, now, after=after)
            return debate

    async def stop(self, mark: str, guild_id: int, *, by: int | None = None) -> Debate:
        """End a debate at once, without a result: what is being written for it is dropped. Raises RequestRefused.

        The admins hear ``by`` whom.
        """
        async with self._store.begin() as connection:
            debate = await self._of_mark(connection, mark, guild_id)
            await self._end(connection, debate, DebatePhase.STOPPED)
            await self._store.alerts.add_line(
                connection, Line.DEBATE_STOPPED, guild_id, self._now(), channel_id=debate.channel_id, member_id=by
            )
            return debate

    async def place(self, mark: str, guild_id: int) -> int:
        """Return the thread in which a debate runs that a button names. Raises RequestRefused once it is over."""
        async with self._store.begin() as connection:
            return (await self._of_mark(connection, mark, guild_id)).channel_id

    async def _of_mark(self, connection: Connection, mark: str, guild_id: int) -> Debate:
        number = self._marks.number(mark, DEBATE)
        debate = await self._store.debates.hold(connection, number) if number is not None else None
        if debate is None or debate.guild_id != guild_id:
            raise RequestRefused("That debate is over.")
        return debate

    # ------------------------------------------------------------------------------- steps

    async def give_time(self) -> None:
        """The bot is back: what is due gets LEAST_TIME more, because nobody could vote or speak meanwhile."""
        self._back_at = self._now()
        async with self._store.begin() as connection:
            await self._store.debates.give_time(connection, self._back_at, LEAST_TIME)

    async def due(self) -> list[int]:
        """Return the debates whose next step is due."""
        async with self._store.read() as connection:
            return await self._store.debates.due(connection, self._now(), MOST_AT_ONCE)

    async def step(self, debate_id: int) -> bool:
        """Move a debate on, if that is due; return whether it did. Of several who try at once one does."""
        now = self._now()
        async with self._store.begin() as connection:
            debate = await self._store.debates.hold(connection, debate_id)
            if debate is None or debate.due_at is None or debate.due_at > now:
                return False
            if not await self._can_go_on(connection, debate, now):
                await self._end(connection, debate, DebatePhase.STOPPED)
                return True
            wait_until = await self._wait_until(connection, debate, now)
            if wait_until is not None:
                await self._store.debates.set(connection, debate.id, due_at=wait_until)
                return False
            await self._go_on(connection, debate, now)
            return True

    async def _can_go_on(self, connection: Connection, debate: Debate, now: datetime) -> bool:
        """Whether a debate still has a place, is still wanted there, and can be heard."""
        try:
            card = await discussed(self._store, connection, debate.delivery_id, debate.guild_id)
        except RequestRefused:
            return False
        if not card.settings.debate or (card.thread is not None and card.thread.state is ThreadState.GONE):
            return False
        said = await self._store.debates.messages(connection, debate.id)
        if not said:
            return True
        remark, planned_at, _ = said[-1]
        waits_since = max(planned_at, self._back_at or planned_at)
        is_unheard = remark.state in ON_ITS_WAY and now - waits_since > LONGEST_UNDER_WAY
        return not is_unheard and remark.state is not DeliveryState.SKIPPED

    async def _wait_until(self, connection: Connection, debate: Debate, now: datetime) -> datetime | None:
        """Until when a phase goes on because its message is on its way, or came late; None if its time is over."""
        said = await self._store.debates.messages(connection, debate.id)
        if not said:
            return None
        remark, _, sent_at = said[-1]
        if remark.state in ON_ITS_WAY:
            return now + LEAST_TIME
        ends_at = sent_at + timedelta(minutes=debate.minutes) if sent_at is not None else now
        return ends_at if ends_at > now else None

    async def _go_on(self, connection: Connection, debate: Debate, now: datetime) -> None:
        ends_at = now + timedelta(minutes=debate.minutes)
        match debate.phase:
            case DebatePhase.BEFORE | DebatePhase.ROUNDS if debate.round < debate.rounds:
                number = debate.round + 1
                await self._set(connection, debate, phase=DebatePhase.ROUNDS, round=number, due_at=ends_at)
                await self._begin_round(connection, debate, number)
                if debate.phase is DebatePhase.BEFORE:
                    await self._store.debates.draw_anew(connection, debate.id, now, [TurnKind.OPENING])
            case DebatePhase.BEFORE | DebatePhase.ROUNDS:
                await self._set(connection, debate, phase=DebatePhase.AFTER, due_at=ends_at)
                await self._say(connection, debate, TurnKind.CLOSING)
            case _:
                await self._end(connection, debate, DebatePhase.OVER)

    async def _begin_round(self, connection: Connection, debate: Debate, number: int) -> None:
        """Have both cases written, or give the floor to the members. Who began one round is last in the next."""
        if not await self._debaters_of(connection, debate.guild_id):
            turns = await self._store.debates.turns(connection, debate.id)
            planned = next((turn for turn in turns if turn.kind is TurnKind.FLOOR and turn.round == number), None)
            if planned is None:
                await self._say(connection, debate, TurnKind.FLOOR, round=number)
            else:
                await self._store.debates.record_turn(connection, planned.id, state=TurnState.WRITTEN)
                await self._show(connection, debate, planned.id)
            return
        sides = [Side.OPEN, Side.PROPRIETARY]
        for side in sides if number % 2 else reversed(sides):
            await self._store.debates.add_turn(
                connection, debate.id, TurnKind.CASE, round=number, side=side, state=TurnState.WAITING
            )
        await self._set(connection, debate, due_at=None)

    async def _end(self, connection: Connection, debate: Debate, phase: DebatePhase) -> None:
        """End a debate: count if it went to its end, forget the votes, and take the buttons away."""
        now = self._now()
        before = await self._store.debates.votes(connection, debate.id, after=False)
        after = await self._store.debates.votes(connection, debate.id, after=True)
        await self._store.debates.forget_votes(connection, debate.id)
        await self._store.debates.take_back_unsent(connection, debate.id)
        await self._set(connection, debate, phase=phase, due_at=None, ended_at=now)
        result = shift_of(before, after).to_json() if phase is DebatePhase.OVER else None
        await self._store.debates.draw_anew(connection, debate.id, now)
        await self._say(connection, debate, TurnKind.RESULT, text=result)

    async def _say(
        self,
        connection: Connection,
        debate: Debate,
        kind: TurnKind,
        *,
        round: int = 0,
        text: str | None = None,
        basis: SummaryBasis | None = None,
    ) -> None:
        turn_id = await self._store.debates.add_turn(connection, debate.id, kind, round=round, text=text, basis=basis)
        await self._show(connection, debate, turn_id)

    async def _show(self, connection: Connection, debate: Debate, turn_id: int) -> None:
        await self._store.threads.say(
            connection,
            RemarkKind.DEBATE,
            debate.guild_id,
            debate.channel_id,
            debate.delivery_id,
            self._now(),
            turn_id=turn_id,
        )

    async def _set(self, connection: Connection, debate: Debate, **values: object) -> None:
        await self._store.debates.set(connection, debate.id, **values)

    # ------------------------------------------------------------------------------- cases

    async def due_turns(self) -> list[int]:
        """Return the cases to be written now."""
        async with self._store.read() as connection:
            return await self._store.debates.turns_due(connection, self._now(), MOST_AT_ONCE)

    async def take_turn(self, turn_id: int) -> Task | None:
        """Take a case in hand; None if there is nothing to write any more, or somebody else does.

        One that was begun MOST_ATTEMPTS times, or has no model any more, comes to nothing.
        """
        now = self._now()
        async with self._store.begin() as connection:
            turn = await self._store.debates.turn(connection, turn_id)
            debate = await self._store.debates.hold(connection, turn.debate_id) if turn is not None else None
            if turn is None or debate is None or turn.side is None or turn.state is not TurnState.WAITING:
                return None
            model = (await self._debaters_of(connection, debate.guild_id)).get(turn.side)
            try:
                card = await discussed(self._store, connection, debate.delivery_id, debate.guild_id)
            except RequestRefused:
                await self._end(connection, debate, DebatePhase.STOPPED)
                return None
            if turn.taken_until is not None and turn.taken_until > now:
                return None
            if model is None or turn.attempts >= MOST_ATTEMPTS:
                why = "There is no language model any more." if model is None else "It was cut short twice."
                await self._finish(connection, debate, turn, TurnState.FAILED, why)
                return None
            if not await self._store.debates.take_turn(connection, turn, model.name, now, now + self._lease):
                return None
            takes = await self._store.takes.of_story(
                connection, debate.guild_id, card.card.story_id, card.card.channel_id
            )
            silent = await self._store.recaps.refusing(connection, debate.guild_id)
            turns = await self._store.debates.turns(connection, debate.id)
            taken = await self._store.debates.turn(connection, turn_id)
            assert taken is not None, "it was just taken"
            return Task(
                taken,
                debate,
                model,
                card.article,
                card.settings,
                tuple(take.text for take in takes if take.side is turn.side and take.member_id not in silent),
                tuple(
                    (each.side, each.text)
                    for each in turns
                    if each.kind is TurnKind.CASE and each.state is TurnState.WRITTEN and each.side and each.text
                ),
            )

    async def written(self, task: Task, text: str) -> bool:
        """A case is written: it is said next. False if it was stopped, or taken for dead, meanwhile: it is dropped."""
        return await self._hand_in(task, TurnState.WRITTEN, text)

    async def failed(self, task: Task, why: str) -> bool:
        """A case came to nothing, for a reason that members may read; as ``written`` else."""
        return await self._hand_in(task, TurnState.FAILED, why)

    async def give_back(self, task: Task) -> None:
        """Nobody writes this case now, because the process is ending: the next one may at once."""
        async with self._store.begin() as connection:
            turn = await self._store.debates.turn(connection, task.turn.id)
            if turn is not None and turn.state is TurnState.WAITING and turn.attempts == task.turn.attempts:
                await self._store.debates.record_turn(
                    connection, turn.id, taken_until=None, attempts=turn.attempts - 1, model=None
                )

    async def _hand_in(self, task: Task, state: TurnState, text: str) -> bool:
        async with self._store.begin() as connection:
            debate = await self._store.debates.hold(connection, task.debate.id)
            turn = await self._store.debates.turn(connection, task.turn.id)
            if debate is None or turn is None or turn.state is not TurnState.WAITING:
                return False
            if turn.attempts != task.turn.attempts:
                return False
            await self._finish(connection, debate, turn, state, text)
            return True

    async def _finish(
        self, connection: Connection, debate: Debate, turn: DebateTurn, state: TurnState, text: str
    ) -> None:
        """Have a case said, or why there is none; after the last of a round the members have its time."""
        await self._store.debates.record_turn(connection, turn.id, state=state, text=text, taken_until=None)
        await self._show(connection, debate, turn.id)
        turns = await self._store.debates.turns(connection, debate.id)
        if all(each.state is not TurnState.WAITING for each in turns if each.kind is TurnKind.CASE):
            await self._set(connection, debate, due_at=self._now() + timedelta(minutes=debate.minutes))
