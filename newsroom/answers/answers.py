"""Answers: what a story's article says to a member's question, by a language model or by the article's own passages.

A question is remembered before it is answered. If the process ends meanwhile, the next one answers it, or says that it
can't; what it had reserved of the budget is free again when its lease is over. Whatever fails about a model, the
article's passages answer instead, with one line that says why.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from newsroom.answers.budget import Budget
from newsroom.answers.chat import Models
from newsroom.answers.find import Passage, find
from newsroom.answers.grounding import Citation, Claim, ground, ground_check
from newsroom.answers.prompts import LONGEST_QUESTION, Prompt, Verdict, ask_prompt, check_prompt
from newsroom.answers.rests import tell_rests
from newsroom.answers.talk import Model, estimate
from newsroom.discussion.story_finder import LOOKED_AT
from newsroom.discussion.threads import Discussed, card_of_mark, discussed
from newsroom.errors import BudgetSpent, ModelFailed, RequestRefused, StoreError
from newsroom.marks import ASK, Marks
from newsroom.models import (
    ArticleText,
    Ask,
    AskKind,
    ChannelKind,
    RemarkKind,
    Sees,
    TextBasis,
    Thread,
    ThreadState,
)
from newsroom.store import Connection, Store
from newsroom.store.search import FoundStory
from newsroom.stories.texts import Texts
from newsroom.text import clean, length, shorten

log = logging.getLogger(__name__)

Who = TypeVar("Who")

LEASE = timedelta(seconds=20)
"""How long after a process was last heard of its questions are taken over."""

KEEP_EVERY = 5.0
"""Seconds between two words of a process that is at a question."""

TOKEN_HOLDS = timedelta(minutes=14)

MOST_ATTEMPTS = 2
MOST_AT_ONCE = 10
SHORTEST_QUESTION = 3

WHILE = timedelta(minutes=10)
MOST_IN_A_WHILE = 10
"""How many questions a member may ask in ten minutes, whoever answers them."""

MOST_MENTIONS = 5
"""How many mentions by one member in a thread are answered in ten minutes: beyond that somebody plays, or is a bot."""

MOST_RELATED = 3

OFF = "Questions are off in this channel."


def nobody(channel_id: int) -> bool:
    """What an answer tells that everybody may read: of no other channel."""
    return False


@dataclass(frozen=True, slots=True)
class Question:
    """What a member wants to know, and where that was asked.

    ``token`` with ``application_id`` is what an interaction's reply is changed by; ``reply_to`` the message that
    mentioned us, for an answer in public. ``checked_id`` is the message whose words are to be checked.
    """

    guild_id: int
    member_id: int
    text: str
    channel_id: int
    kind: AskKind = AskKind.QUESTION
    application_id: int | None = None
    token: str | None = None
    reply_to: int | None = None
    checked_id: int | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """An earlier story of the guild, with channel and message of its card."""

    headline: str
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: claims with their citations, or else passages of the article; none of either: it doesn't say.

    ``sorry`` is a sentence that stands in public in place of all that: why there is no answer. ``model`` wrote the
    claims. ``note`` is a line that says why no model answered, where one could have. ``read`` of ``of`` paragraphs were
    read, from where ``basis`` says.
    """

    claims: tuple[Claim, ...] = ()
    verdict: Verdict | None = None
    passages: tuple[Citation, ...] = ()
    related: tuple[Related, ...] = ()
    model: str | None = None
    note: str = ""
    basis: TextBasis = TextBasis.SUMMARY
    read: int = 0
    of: int = 0
    sorry: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Answer:
        data: dict[str, Any] = json.loads(text)
        return cls(
            claims=tuple(
                Claim(claim["text"], tuple(Citation(**each) for each in claim["citations"])) for claim in data["claims"]
            ),
            verdict=Verdict(data["verdict"]) if data["verdict"] else None,
            passages=tuple(Citation(**each) for each in data["passages"]),
            related=tuple(Related(**each) for each in data["related"]),
            model=data["model"],
            note=data["note"],
            basis=TextBasis(data["basis"]),
            read=data["read"],
            of=data["of"],
            sorry=data["sorry"],
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its answer and the card it is about. ``mark`` names it on its button Share.

    ``thread_id`` is where it can be shared: the story's thread, if that is open.
    """

    ask: Ask
    mark: str
    card: Discussed
    answer: Answer

    @property
    def thread_id(self) -> int | None:
        thread = self.card.thread
        return thread.thread_id if thread is not None and thread.state is ThreadState.OPEN else None


class Answers:
    """Answers questions about stories."""

    def __init__(
        self,
        store: Store,
        marks: Marks,
        texts: Texts,
        models: Models,
        budget: Budget,
        *,
        now: Callable[[], datetime],
        fence: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._store = store
        self._marks = marks
        self._texts = texts
        self._models = models
        self._budget = budget
        self._now = now
        self._fence = fence
        self._asked: dict[int, deque[datetime]] = {}
        self._mentioned: dict[tuple[int, int], deque[datetime]] = {}

    async def has_model(self, guild_id: int) -> bool:
        """Whether a model answers in a guild; else the article's passages do."""
        if self._models.answer is None:
            return False
        async with self._store.read() as connection:
            return (await self._store.guilds.settings(connection, guild_id)).model

    @property
    def lease(self) -> timedelta:
        """How long a question may take, by the operator's settings."""
        return self._budget.lease

    async def tell_rests(self, guild_id: int) -> None:
        """Have a guild's admins hear which models were left alone over its questions."""
        await tell_rests(self._store, self._models, guild_id, self._now())

    # ------------------------------------------------------------------------------ asking

    async def begin(self, question: Question, delivery_id: int) -> Ask:
        """Remember a question about a card's story that is answered next. Raises RequestRefused."""
        text = shorten(clean(question.text), LONGEST_QUESTION)
        if length(text) < SHORTEST_QUESTION:
            raise RequestRefused("Ask a question in a few words.")
        now = self._now()
        self._check_pace(self._asked, question.member_id, MOST_IN_A_WHILE, now)
        async with self._store.begin() as connection:
            card = await discussed(self._store, connection, delivery_id, question.guild_id)
            if not card.settings.ask:
                raise RequestRefused(OFF)
            return await self._add(connection, question, text, delivery_id, now)

    async def _add(self, connection: Connection, question: Question, text: str, delivery_id: int, now: datetime) -> Ask:
        await self._store.votes.hold_member(connection, question.guild_id, question.member_id)
        ask_id = await self._store.asks.add(
            connection,
            guild_id=question.guild_id,
            member_id=question.member_id,
            delivery_id=delivery_id,
            kind=question.kind,
            question=text,
            channel_id=question.channel_id,
            reply_to=question.reply_to,
            application_id=question.application_id,
            token=question.token,
            asked_at=now,
            taken_until=now + LEASE,
            checked_id=question.checked_id,
        )
        ask = await self._store.asks.get(connection, ask_id)
        assert ask is not None, "it was just written"
        return ask

    async def mentioned(self, question: Question) -> Ask | None:
        """Remember a mention in a thread that is answered next; None for one that isn't.

        What can't be answered is declined there in a sentence. Where the thread is none of ours or questions are off,
        and of too many mentions, nothing is said.
        """
        thread_id, guild_id = question.channel_id, question.guild_id
        async with self._store.read() as connection:
            thread = await self._store.threads.get(connection, thread_id, guild_id)
            if thread is None or thread.state is not ThreadState.OPEN:
                return None
            try:
                wanted = (await discussed(self._store, connection, thread.delivery_id, guild_id)).settings.ask
            except RequestRefused:
                wanted = True  # the asker reads why not
        if not wanted or not self.may_answer_mention(thread_id, question.member_id):
            return None
        try:
            return await self.begin(question, thread.delivery_id)
        except RequestRefused as error:
            text = shorten(clean(question.text), LONGEST_QUESTION)
            async with self._store.begin() as connection:
                ask = await self._add(connection, question, text, thread.delivery_id, self._now())
                await self._decline(connection, ask, str(error))
            return None

    async def decline(self, ask: Ask, sentence: str) -> None:
        """Say in public why a question that was asked there has no answer, and settle it."""
        async with self._store.begin() as connection:
            await self._decline(connection, ask, sentence)

    async def _decline(self, connection: Connection, ask: Ask, sentence: str) -> None:
        if await self._store.asks.answered(connection, ask.id, Answer(sorry=sentence).to_json()):
            await self._say(connection, ask, ask.channel_id, reply_to=ask.reply_to)
        await self._store.asks.settle(connection, ask.id)

    async def finish(self, ask: Ask, sees: Sees = nobody) -> Answered:
        """Answer a question. One that was asked in public is answered there, by what is planned here, and is settled.

        Whoever asked in private is to be told, and the question to be settled by ``settle`` then. Until that is done
        others take it over, and answer it as it was answered.

        Stories of channels that whoever reads it ``sees`` may be named beside the one that was asked about.

        Raises RequestRefused when the story is gone meanwhile.
        """
        async with self._store.read() as connection:
            card = await discussed(self._store, connection, ask.delivery_id, ask.guild_id)
        mark = self._marks.mark(ask.id, ASK)
        if ask.answer is not None:
            return Answered(ask, mark, card, Answer.from_json(ask.answer))
        async with self._at_it(ask):
            text = await self._texts.of(card.article.id)
            answer = await self._answer(ask, card, text, sees)
        async with self._store.begin() as connection:
            answered = await self._store.asks.answered(connection, ask.id, answer.to_json())
            if answered and ask.reply_to is not None:
                await self._say(connection, ask, ask.channel_id, reply_to=ask.reply_to)
                await self._store.asks.settle(connection, ask.id)
        return Answered(ask, mark, card, answer)

    @asynccontextmanager
    async def _at_it(self, ask: Ask) -> AsyncIterator[None]:
        """Say again and again that somebody is at a question, so that nobody takes it over."""
        saying = asyncio.create_task(self._keep(ask))
        try:
            yield
        finally:
            saying.cancel()
            with suppress(asyncio.CancelledError):
                await saying

    async def _keep(self, ask: Ask) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY)
            try:
                async with self._store.begin() as connection:
                    await self._store.asks.keep(connection, ask.id, self._now() + LEASE)
            except StoreError as error:
                log.warning("question %d may be taken over: %s", ask.id, error)

    async def settle(self, ask: Ask) -> None:
        """An asker was told what came of a question, or never will be: nobody takes it over any more."""
        async with self._store.begin() as connection:
            await self._store.asks.settle(connection, ask.id)

    async def take_abandoned(self) -> list[tuple[Ask, bool]]:
        """Take the questions in hand whose process ended before it told anybody; with each, whether to ``finish`` it.

        Otherwise its asker can only be told that nothing came of it.
        """
        now = self._now()
        async with self._store.read() as connection:
            found = await self._store.asks.abandoned(connection, now, MOST_AT_ONCE)
        if not found:
            return []
        async with self._store.begin() as connection:
            taken = [ask for ask in found if await self._store.asks.take(connection, ask, now + LEASE)]
            for ask in taken:
                if ask.usage_id is not None:
                    await self._store.usage.release(connection, ask.usage_id)
        await self._budget.release_stale()
        return [(ask, _is_worth_it(ask, now)) for ask in taken]

    # ----------------------------------------------------------------------------- stories

    async def card_of_mark(self, mark: str, guild_id: int) -> Discussed:
        """Return the card that a button names. Raises RequestRefused for one that isn't there any more."""
        async with self._store.read() as connection:
            return await card_of_mark(self._store, self._marks, connection, mark, guild_id)

    async def statement_of(self, guild_id: int, message_id: int) -> tuple[str, Discussed] | None:
        """Return the take that a message of ours shows, with the card it is about; None for any other message."""
        async with self._store.read() as connection:
            remark = await self._store.threads.by_message(connection, guild_id, message_id)
            take = (
                await self._store.takes.get(connection, remark.take_id, guild_id)
                if remark is not None and remark.take_id is not None
                else None
            )
            if remark is None or take is None:
                return None
            return take.text, await discussed(self._store, connection, remark.delivery_id, guild_id)

    # ----------------------------------------------------------------------------- sharing

    async def channel_to_share_in(self, mark: str, guild_id: int, member_id: int) -> int:
        """Return the channel in whose thread an answer would be said. Raises RequestRefused where that can't be."""
        async with self._store.read() as connection:
            return (await self._to_share(connection, mark, guild_id, member_id))[1].channel_id

    async def share(self, mark: str, guild_id: int, member_id: int) -> int:
        """Have an answer said in its story's thread, and return that. Raises RequestRefused where that can't be."""
        async with self._store.begin() as connection:
            ask, thread = await self._to_share(connection, mark, guild_id, member_id)
            if await self._say(connection, ask, thread.thread_id) is None:
                raise RequestRefused("It stands there already.")
            return thread.thread_id

    async def _to_share(self, connection: Connection, mark: str, guild_id: int, member_id: int) -> tuple[Ask, Thread]:
        """Return a member's answer and the thread of its story. Raises RequestRefused without either."""
        number = self._marks.number(mark, ASK)
        ask = await self._store.asks.get(connection, number) if number is not None else None
        if ask is None or ask.guild_id != guild_id or ask.member_id != member_id or ask.answer is None:
            raise RequestRefused("That answer isn't there any more. Ask again.")
        card = await discussed(self._store, connection, ask.delivery_id, guild_id)
        if card.thread is None or card.thread.state is not ThreadState.OPEN:
            raise RequestRefused("This story has no thread yet. Press Discuss under its card first.")
        return ask, card.thread

    async def _say(
        self, connection: Connection, ask: Ask, channel_id: int, *, reply_to: int | None = None
    ) -> int | None:
        return await self._store.threads.say(
            connection,
            RemarkKind.ANSWER,
            ask.guild_id,
            channel_id,
            ask.delivery_id,
            self._now(),
            ask_id=ask.id,
            reply_to=reply_to,
        )

    def may_answer_mention(self, thread_id: int, member_id: int) -> bool:
        """Whether one more mention by somebody in a thread is answered now.

        Whoever answers our answers soon has an end, and costs nobody else an answer.
        """
        try:
            self._check_pace(self._mentioned, (thread_id, member_id), MOST_MENTIONS, self._now())
        except RequestRefused:
            log.warning("thread %d: somebody mentions us too often; no more is answered for now", thread_id)
            return False
        return True

    def _check_pace(self, kept: dict[Who, deque[datetime]], who: Who, most: int, now: datetime) -> None:
        since = now - WHILE
        for other in [other for other, moments in kept.items() if moments[-1] <= since]:
            del kept[other]
        moments = kept.setdefault(who, deque(maxlen=most))
        if len(moments) == most and moments[0] > since:
            raise RequestRefused(f"That is {most} questions in ten minutes. Read a little first.")
        moments.append(now)

    # ----------------------------------------------------------------------------- answers

    async def _answer(self, ask: Ask, card: Discussed, text: ArticleText, sees: Sees) -> Answer:
        model, note = self._models.answer, ""
        if model is not None and text.paragraphs and await self.has_model(ask.guild_id):
            try:
                return await self._ask_model(model, ask, card, text)
            except BudgetSpent as error:
                note = str(error)
            except (ModelFailed, RequestRefused) as error:
                log.info("question %d is answered without a model: %s", ask.id, error)
                note = str(error)
        return replace(await self._find(ask, card, text, sees), note=note)

    async def _ask_model(self, model: Model, ask: Ask, card: Discussed, text: ArticleText) -> Answer:
        """Have a model answer, and keep what the article bears out. Raises ModelFailed, BudgetSpent, RequestRefused."""
        prompt = self._prompt(ask, card, text)
        most = self._models.max_output_tokens
        async with self._budget.reserved(ask.guild_id, ask.member_id, estimate(prompt.messages, most)) as reservation:
            async with self._store.begin() as connection:
                await self._store.asks.reserved(connection, ask.id, reservation.usage.id)
            completion = await model.complete(prompt.messages, schema=prompt.schema, max_tokens=most)
            reservation.add(completion.tokens)
        said: Mapping[str, Any] | str = completion.data if completion.data is not None else completion.text
        title = card.article.title
        if ask.kind is AskKind.CHECK:
            checked = ground_check(said, text, ask.question, title=title)
            claims, verdict, passages = checked.claims, checked.verdict, checked.nearest
        else:
            grounded = ground(said, text, ask.question, title=title)
            claims, verdict, passages = grounded.claims, None, grounded.nearest
        return Answer(
            claims=claims,
            verdict=verdict,
            passages=_quoted(passages),
            model=model.name,
            basis=text.basis,
            read=prompt.read,
            of=prompt.of,
        )

    def _prompt(self, ask: Ask, card: Discussed, text: ArticleText) -> Prompt:
        room = self._models.context_tokens - self._models.max_output_tokens
        about = {"title": card.article.title, "source": card.source, "fence": self._fence(), "room": room}
        if ask.kind is AskKind.CHECK:
            return check_prompt(ask.question, text, **about)  # type: ignore[arg-type]
        return ask_prompt(ask.question, text, tone=card.settings.tone, **about)  # type: ignore[arg-type]

    async def _find(self, ask: Ask, card: Discussed, text: ArticleText, sees: Sees) -> Answer:
        """Answer by passages of the article, and by earlier stories of the guild that the question may be about."""
        async with self._store.read() as connection:
            found = await self._store.search.related(
                connection, ask.guild_id, [ask.question], not_story=card.card.story_id, limit=LOOKED_AT
            )
        related = [each for each in found if sees(each.channel_id)][:MOST_RELATED]
        return Answer(
            passages=_quoted(find(ask.question, text.paragraphs)),
            related=tuple(Related(each.headline, _place(each), each.message_id) for each in related),
            basis=text.basis,
            read=len(text.paragraphs),
            of=len(text.paragraphs),
        )


def _is_worth_it(ask: Ask, now: datetime) -> bool:
    """Whether to go on with a question that was taken over: one that ended several processes ends no more."""
    is_harmless = ask.answer is not None or ask.attempts + 1 < MOST_ATTEMPTS
    return is_harmless and now - ask.asked_at < TOKEN_HOLDS


def _quoted(passages: list[Passage] | tuple[Passage, ...]) -> tuple[Citation, ...]:
    return tuple(Citation(passage.number, passage.quote) for passage in passages)


def _place(found: FoundStory) -> int:
    return found.message_id if found.kind is ChannelKind.FORUM else found.channel_id
