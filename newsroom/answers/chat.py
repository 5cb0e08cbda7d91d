"""Asks language models, at any address that speaks OpenAI's chat completions.

The library for it takes a second to load, so it is loaded when a model is configured. Of it we use requests and
connections; how often to try, how long to wait and what an answer means is decided here, because addresses that say
they are compatible differ in just that.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from newsroom.answers.breaker import Breaker
from newsroom.answers.dialect import Dialect, Structure, adapted, is_too_long
from newsroom.answers.hearing import Garbled, Heard, Refused
from newsroom.answers.shapes import first_object, fitted, misfit
from newsroom.answers.talk import Completion, Message, Model, Schema, Tokens, estimate
from newsroom.errors import BadSetting, Failure, ModelFailed
from newsroom.feeds.fetch import retry_after
from newsroom.settings import ModelAccess, Settings, popcorn_version
from newsroom.text import clean, shorten

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["ChatModel", "Completion", "Message", "Model", "Models", "Probe", "Schema", "open_models"]

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0

STALL_SECONDS = 30.0
"""How long nothing may come once an answer has begun. How long it may take to begin is the operator's to say."""

MOST_RETRIES = 2
LONGEST_RETRY_AFTER = 30.0
"""Seconds. Who asks to be left alone for longer is left alone, and whoever asked does without."""

MOST_ADAPTATIONS = 8
"""How often one question is said anew because something of it was refused. There isn't more that could be."""

LONGEST_REFUSAL = 64 * 1024

LONGEST_NAME = 60

_RETRIED = frozenset((408, 409, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529))
# What the endpoint itself is to blame for, and not a question: a member must not be able to put a model to rest.
_COUNTED = frozenset((Failure.AWAY, Failure.BUSY, Failure.REFUSED, Failure.SLOW, Failure.GARBLED))


@dataclass(frozen=True, slots=True)
class Probe:
    """How a model does: seconds until it began to answer, tokens a second from then on, and what it takes."""

    name: str
    first_token_seconds: float
    tokens_per_second: float
    structure: Structure
    streams: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """A model was left alone: what admins hear, once for each time."""

    name: str
    kind: Failure
    at: datetime


@dataclass(frozen=True, slots=True)
class Models:
    """The models that are configured, in the places they have. Without arguments: none.

    ``context_tokens`` is what a question and its answer may have together, ``max_output_tokens`` the answer alone.
    """

    answer: Model | None = None
    open: Model | None = None
    proprietary: Model | None = None
    context_tokens: int = 8192
    max_output_tokens: int = 2048
    _notices: list[Notice] = field(default_factory=list)
    _close: Callable[[], Awaitable[None]] | None = None

    @property
    def configured(self) -> dict[str, Model]:
        """Each model there is, by its role: "answer", "open", "proprietary"."""
        roles = {"answer": self.answer, "open": self.open, "proprietary": self.proprietary}
        return {role: model for role, model in roles.items() if model is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """What members read of each model there is, once."""
        return tuple(dict.fromkeys(model.name for model in self.configured.values()))

    def take_notices(self) -> tuple[Notice, ...]:
        """What went wrong since the last time this was asked, for an alert; nearly always nothing."""
        taken = tuple(self._notices)
        self._notices.clear()
        return taken

    async def close(self) -> None:
        if self._close is not None:
            await self._close()


async def open_models(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    stall: float = STALL_SECONDS,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Models:
    """Make ready to ask the models that are configured. Nobody is asked yet.

    ``stall`` is in seconds; ``pause`` waits between two attempts. Raises BadSetting for an address that is none.
    """
    if not settings.models:
        return Models()
    # In a thread: it reads a thousand files.
    clients = await asyncio.to_thread(_clients, settings.models.values())
    # A server has so many slots, however many of its models are asked; and one model may have two roles.
    slots = {access.base_url: asyncio.Semaphore(settings.llm_concurrency) for access in clients}
    notices: list[Notice] = []
    made = {
        access: ChatModel(
            access.model,
            client,
            slots[access.base_url],
            seconds=settings.llm_timeout_seconds,
            stall=stall,
            context_tokens=settings.llm_context_tokens,
            most_tokens=settings.llm_max_output_tokens,
            now=now,
            pause=pause,
            notice=notices.append,
        )
        for access, client in clients.items()
    }

    async def close() -> None:
        for client in clients.values():
            await client.close()

    return Models(
        **{role: made[access] for role, access in settings.models.items()},
        context_tokens=settings.llm_context_tokens,
        max_output_tokens=settings.llm_max_output_tokens,
        _notices=notices,
        _close=close,
    )


# ------------------------------------------------------------------------------ the way there


def _clients(accesses: Iterable[ModelAccess]) -> dict[ModelAccess, AsyncOpenAI]:
    """A client with connections of its own for each access."""
    clients = {access: _client(access) for access in set(accesses)}
    for client in clients.values():
        _ = client.chat.completions.with_streaming_response  # loads what would be loaded by the first question
    return clients


def _client(access: ModelAccess) -> AsyncOpenAI:
    from httpx2 import InvalidURL
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

    try:
        return AsyncOpenAI(
            base_url=access.base_url,
            api_key=access.key or "none",
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(
                # A redirect would take key and question to a place that nobody named.
                follow_redirects=False,
                timeout=Timeout(None, connect=CONNECT_SECONDS),
                event_hooks={
                    "request": [partial(_plainly, access.key, f"Popcorn/{popcorn_version()}")],
                    "response": [_refuse],
                },
            ),
        )
    except InvalidURL:
        raise BadSetting("LLM_BASE_URL", f"no address for the model {access.model}: no host has such a name.") from None


async def _plainly(key: str, agent: str, request: Any) -> None:
    """Send what a request needs and nothing else: the library would tell of this machine and of its environment."""
    kept = ["host", "accept", "connection", "content-type", "content-length", "transfer-encoding"]
    # By this one the library knows again that we want to hear the bytes.
    kept.append("x-stainless-raw-response")
    for name in [name for name in request.headers if name.lower() not in kept]:
        del request.headers[name]
    request.headers["User-Agent"] = agent
    request.headers["Accept-Encoding"] = "identity"
    if key:
        request.headers["Authorization"] = f"Bearer {key}"


async def _refuse(response: Any) -> None:
    """Raise Refused for all but a good answer, having read of its body what can be an explanation."""
    if response.status_code == 200:
        return
    body = b""
    async with aclosing(response.aiter_bytes()) as parts:
        async for part in parts:
            body += part
            if len(body) >= LONGEST_REFUSAL:
                break
    raise Refused(response.status_code, body[:LONGEST_REFUSAL], response.headers.get("Retry-After"))


# ------------------------------------------------------------------------------ a model


class ChatModel:
    """One model at one address. It remembers what the address takes, and rests when it fails again and again."""

    def __init__(
        self,
        model: str,
        client: AsyncOpenAI,
        slots: asyncio.Semaphore,
        *,
        seconds: float,
        stall: float,
        context_tokens: int,
        most_tokens: int,
        now: Callable[[], datetime],
        pause: Callable[[float], Awaitable[object]],
        notice: Callable[[Notice], object],
    ) -> None:
        self.name = shorten(clean(model), LONGEST_NAME)
        self._model = model
        self._client = client
        self._slots = slots
        self._seconds = seconds
        self._stall = stall
        self._context_tokens = context_tokens
        self._most_tokens = most_tokens
        self._now = now
        self._pause = pause
        self._notice = notice
        self._breaker = Breaker()
        self._dialect = Dialect()

    async def complete(
        self, messages: Sequence[Message], *, schema: Schema | None = None, max_tokens: int | None = None
    ) -> Completion:
        """Answer the last message, within the operator's limits of time and tokens.

        Raises ModelFailed; see ``newsroom.errors.Failure``. The wait for a slot is as long as an answer may take.
        """
        completion, _ = await self._complete(messages, schema, max_tokens)
        return completion

    async def probe(self) -> Probe:
        """Ask something short, to see how the model does. Raises ModelFailed."""
        question = [Message("user", "Say in one sentence what open-source software is.")]
        try:
            _, attempt = await self._complete(question, _PROBE, None)
        except ModelFailed as error:
            if error.kind is not Failure.UNFIT:
                raise
            _, attempt = await self._complete(question, None, None)
        structure = self._dialect.structure
        heard, began_at = attempt.heard, attempt.began_at
        first_at = heard.last_at if heard.first_at is None else heard.first_at
        length = heard.last_at - (first_at if heard.last_at > first_at else began_at)
        pace = heard.tokens_back / length if length > 0 else 0.0
        return Probe(self.name, first_at - began_at, pace, structure, self._dialect.streams)

    async def _complete(
        self, messages: Sequence[Message], schema: Schema | None, max_tokens: int | None
    ) -> tuple[Completion, _Attempt]:
        most = min(max_tokens or self._most_tokens, self._most_tokens)
        if estimate(messages, most).total > self._context_tokens:
            # Some servers would cut the beginning off in silence, which is where the rules stand.
            raise ModelFailed(Failure.TOO_LONG)
        async with self._slot():
            if not self._breaker.admits(self._now()):
                raise ModelFailed(Failure.RESTING)
            talk = _Conversation(messages, schema, most)
            try:
                async with asyncio.timeout(self._seconds):
                    result = await self._converse(talk)
            except ModelFailed as error:
                raise self._failed(error.kind, talk, error.status) from error.__cause__
            except TimeoutError as error:
                raise self._failed(Failure.SLOW, talk) from error
            self._breaker.succeeded()
            return result

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                await self._slots.acquire()
        except TimeoutError as error:
            raise ModelFailed(Failure.BUSY) from error
        try:
            yield
        finally:
            self._slots.release()

    def _failed(self, kind: Failure, talk: _Conversation, status: int | None = None) -> ModelFailed:
        """Note a failure and put it in words. That a model itself answers badly says that its address is well."""
        now = self._now()
        if kind not in _COUNTED:
            self._breaker.succeeded()
        elif self._breaker.failed(now):
            log.error("the model %s failed again and again (%s) and is left alone for a while", self.name, kind)
            self._notice(Notice(self.name, kind, now))
        return ModelFailed(kind, status=status, tokens_in=talk.spent.there, tokens_out=talk.spent.back)

    async def _converse(self, talk: _Conversation) -> tuple[Completion, _Attempt]:
        """Ask until there is an answer: once, or twice if the first one is empty or doesn't fit."""
        complaint: str | None = None
        for is_last in (False, True):
            dialect, attempt = await self._ask(talk, complaint)
            heard, text = attempt.heard, attempt.heard.text
            if not text:
                if is_last or not heard.is_finished:
                    raise ModelFailed(Failure.EMPTY)
                continue
            if talk.schema is None:
                if dialect != talk.dialect:
                    self._dialect = dialect
                return talk.completion(text, None, heard), attempt
            data = first_object(text)
            if data is not None:
                complaint = misfit(data, talk.schema.shape)
            elif heard.is_finished:
                complaint = "there was no JSON object in it"
            else:
                complaint = "it was cut off before its end: say less"
            if data is not None and complaint is None:
                self._dialect = replace(dialect, structure_is_sure=True)
                return talk.completion(text, fitted(data, talk.schema.shape), heard), attempt
            if data is None and heard.is_finished and not dialect.structure_is_sure:
                # It takes the parameter and doesn't heed it.
                self._dialect = dialect.humbler() or dialect
        raise ModelFailed(Failure.UNFIT)

    async def _ask(self, talk: _Conversation, complaint: str | None) -> tuple[Dialect, _Attempt]:
        """Ask once, in a way that the endpoint takes, however often it takes to find that and to get through.

        What was found goes into effect with the first answer that can be used, and not before: an endpoint in trouble
        says all sorts of things.
        """
        dialect = talk.dialect = self._dialect
        retries = adaptations = 0
        while True:
            attempt = _Attempt(Heard(talk.most_tokens, talk.asked), asyncio.get_running_loop().time())
            question = dialect.question(self._model, talk.messages, talk.schema, talk.most_tokens, complaint)
            try:
                await self._request(question, attempt.heard)
            except Refused as refusal:
                if refusal.status in (400, 404, 422) and not is_too_long(refusal.words):
                    names = refusal.status != 404 or "response_format" in refusal.words
                    schema = talk.schema is not None
                    new = adapted(dialect, refusal.words, refusal.parameter, schema=schema) if names else None
                    if new is not None and adaptations < MOST_ADAPTATIONS:
                        dialect, adaptations = new, adaptations + 1
                        continue
                kind, wait = _meaning(refusal, self._now())
                failure = ModelFailed(kind, status=refusal.status)
                self._tell(kind, f"status {refusal.status}: {refusal.words}")
            except Garbled as error:
                failure, wait = ModelFailed(Failure.GARBLED), None
                failure.__cause__ = error
                self._tell(Failure.GARBLED, str(error))
            except ConnectionError as error:
                failure, wait = ModelFailed(Failure.AWAY), 0.0
                failure.__cause__ = error
                self._tell(Failure.AWAY, str(error))
            except (TimeoutError, asyncio.CancelledError):
                talk.count(attempt.heard)
                raise
            else:
                talk.count(attempt.heard)
                return dialect, attempt
            # The beginning of an answer costs as much as the whole, and may have been the whole but for its end.
            if attempt.heard.first_at is not None:
                talk.count(attempt.heard)
                raise failure
            if wait is None or retries == MOST_RETRIES:
                raise failure
            await self._pause(max(wait, 0.5 * 2**retries) * (1 + random.random() / 4))
            retries += 1

    async def _request(self, question: Mapping[str, Any], heard: Heard) -> None:
        """Send one request and hear its answer. Raises Refused, Garbled, ConnectionError or TimeoutError."""
        from httpx2 import RequestError
        from openai import APIConnectionError, OpenAIError

        try:
            asking = self._client.chat.completions.with_streaming_response
            async with asking.create(**question) as response, aclosing(response.iter_bytes()) as chunks:
                await self._listen(chunks, heard)
        except (APIConnectionError, RequestError) as error:
            # Its text may hold the address.
            raise ConnectionError(type(error.__cause__ or error).__name__) from error
        except OpenAIError as error:
            raise Garbled(type(error).__name__) from error

    async def _listen(self, chunks: AsyncIterator[bytes], heard: Heard) -> None:
        """Hear an answer to its end, or until it is too much. Raises TimeoutError if it stalls once it has begun."""
        clock = asyncio.get_running_loop().time
        while not heard.is_over:
            try:
                async with asyncio.timeout(None if heard.first_at is None else self._stall):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return heard.end(clock())
            heard.feed(chunk, clock())

    def _tell(self, kind: Failure, words: str) -> None:
        log.warning("the model %s failed (%s): %s", self.name, kind, shorten(clean(words), 300))


_PROBE = Schema("probe", {"type": "object", "properties": {"sentence": {"type": "string"}}, "required": ["sentence"]})


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One request: what was heard, and when by the clock of the loop it was sent."""

    heard: Heard
    began_at: float


@dataclass(slots=True)
class _Conversation:
    """One question with all the requests that it takes, and what they cost. ``dialect`` is what the last began with."""

    messages: Sequence[Message]
    schema: Schema | None
    most_tokens: int
    dialect: Dialect | None = None
    spent: Tokens = field(default_factory=Tokens)

    @property
    def asked(self) -> int:
        """How many bytes the question has."""
        shape = len(json.dumps(self.schema.shape)) if self.schema else 0
        return shape + sum(len(message.text.encode("utf-8", "surrogatepass")) for message in self.messages)

    def count(self, heard: Heard) -> None:
        there = heard.usage.there if heard.usage else estimate(self.messages, 0).there
        self.spent += Tokens(there, heard.tokens_back)

    def completion(self, text: str, data: Mapping[str, Any] | None, heard: Heard) -> Completion:
        return Completion(text, data, self.spent.there, self.spent.back, heard.is_finished)


def _meaning(refusal: Refused, now: datetime) -> tuple[Failure, float | None]:
    """What a refusal comes to, and after how many seconds to try again; None if trying again can't help."""
    status = refusal.status
    if status in (400, 404, 413, 422) and (status == 413 or is_too_long(refusal.words)):
        return Failure.TOO_LONG, None
    if status in (401, 402, 403, 404):
        return Failure.REFUSED, None
    if status < 400:
        return Failure.GARBLED, None  # a redirect, or a 2xx that isn't an answer
    if status not in _RETRIED:
        return (Failure.AWAY if status >= 500 else Failure.MISFIT), None
    wait = 0.0
    if refusal.retry_after:
        try:
            wait = retry_after(refusal.retry_after, now).total_seconds()
        except ValueError:
            wait = 0.0
    kind = Failure.BUSY if status in (409, 429, 503, 529) else Failure.AWAY
    return kind, wait if wait <= LONGEST_RETRY_AFTER else None
