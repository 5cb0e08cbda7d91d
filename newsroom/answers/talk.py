"""What passes between us and a language model: messages there, a completion back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant"]

BYTES_PER_TOKEN = 3.5
"""Of English, or of code. Nearly every model's real count is lower, which is what an estimate for a budget is for."""

TOKENS_PER_MESSAGE = 8
"""What a model's own template puts around a message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. Names and ids of members never stand in it."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Schema:
    """An answer that is data: one JSON object.

    ``name`` has letters and underscores, at most 64. ``shape`` is JSON Schema as far as ``newsroom.answers.shapes``
    knows it. List every property as required, with an empty value for "none": some endpoints take no others.
    """

    name: str
    shape: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tokens:
    """How many went ``there`` and came ``back``."""

    there: int = 0
    back: int = 0

    @property
    def total(self) -> int:
        return self.there + self.back

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.there + other.there, self.back + other.back)


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said, without its thinking: hostile until made safe, like all that comes from outside.

    ``data`` has the shape that was asked for, None if none was. ``tokens_in`` and ``tokens_out`` count all that it
    took, repeated questions too; they are estimated where the endpoint doesn't say. ``finished`` is False when the
    text was cut off at its longest.
    """

    text: str
    data: Mapping[str, Any] | None
    tokens_in: int
    tokens_out: int
    finished: bool = True

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.tokens_in, self.tokens_out)


class Model(Protocol):
    """A language model. ``name`` is what members read, such as "deepseek-chat"."""

    @property
    def name(self) -> str: ...

    async def complete(
        self, messages: Sequence[Message], *, schema: Schema | None = None, max_tokens: int | None = None
    ) -> Completion:
        """Answer the last message. Raises ModelFailed, with a sentence that a member may read."""
        ...


def count_tokens(text: str) -> int:
    """Estimate, rather too high than too low, how many tokens a text is.

    Bytes are counted, not characters, because a letter of most other scripts is a token or nearly one by itself.
    """
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN)


def estimate(messages: Sequence[Message], max_tokens: int) -> Tokens:
    """Estimate what a question takes at most, for a budget."""
    return Tokens(sum(TOKENS_PER_MESSAGE + count_tokens(message.text) for message in messages), max_tokens)
