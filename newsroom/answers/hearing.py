"""What comes back from a language model, bytes in and words out: a stream of events, or an answer in one piece."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from newsroom.answers.talk import Tokens, count_tokens
from newsroom.answers.thinking import without_thinking

CHARACTERS_PER_TOKEN = 8
"""More than any language has: an answer with more characters than so many for each token never stops."""

MOST_BYTES = 16 * 1024**2
"""Of one answer. As a stream each token comes in a few hundred bytes of its own."""

LONGEST_PIECE = 1024**2
"""Bytes of one event, or of an answer that comes in one piece."""

TEMPLATE = 1000
"""Tokens that an endpoint may put around a question. Of the question itself no byte is more than one token."""

LONGEST_EXPLANATION = 2000


class Garbled(Exception):
    """What came is no answer of a model: a page, no JSON, or far too much of it."""


class Refused(Exception):
    """An error in place of an answer. ``words`` and ``parameter`` are how the endpoint explains it, hostile both.

    ``status`` is that of HTTP, or one that the error itself names.
    """

    def __init__(self, status: int, body: bytes, retry_after: str | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.retry_after = retry_after
        told = _json(body)
        error = told.get("error", told) if isinstance(told, dict) else body.decode("utf-8", "replace")
        details: Mapping[str, Any] = error if isinstance(error, dict) else {"message": error}
        explained = details.get("message") or _problems(details.get("detail")) or details.get("detail") or error
        self.words = str(explained)[:LONGEST_EXPLANATION]
        parameter, code = details.get("param"), details.get("code")
        self.parameter = parameter if isinstance(parameter, str) else None
        if isinstance(code, int) and 400 <= code < 600:
            self.status = code


def _problems(detail: object) -> str:
    """What servers say that check a request by a library for it. They repeat the question, which is not for the log."""
    problems = [each for each in detail if isinstance(each, dict)] if isinstance(detail, list) else []
    return "; ".join(f"{each.get('loc')} {each.get('msg')}" for each in problems)


@dataclass(slots=True)
class Heard:
    """What has come of one answer that may have ``most_tokens``, to a question of ``asked`` bytes.

    ``first_at`` and ``last_at`` are when words or thoughts came, in seconds of whatever clock ``feed`` is given.
    """

    most_tokens: int
    asked: int
    usage: Tokens | None = None
    first_at: float | None = None
    last_at: float = 0.0
    _pieces: list[str] = field(default_factory=list)
    _characters: int = 0
    _thought: int = 0
    _finish: str | None = None
    _is_complete: bool = False
    _buffer: bytearray = field(default_factory=bytearray)
    _bytes: int = 0
    _in_one_piece: bool | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be heard: the model said so, or it goes on and on."""
        return self._is_complete or self._is_too_much

    @property
    def is_finished(self) -> bool:
        """Whether the model came to its end by itself."""
        return not self._is_too_much and self._finish != "length" and (self._is_complete or self._finish is not None)

    @property
    def text(self) -> str:
        """What the model said, without its thinking."""
        return without_thinking("".join(self._pieces)[: self._most])

    @property
    def tokens_back(self) -> int:
        """How many tokens came, thoughts included: as the endpoint counts them, else estimated."""
        return (
            self.usage.back if self.usage else count_tokens("".join(self._pieces)) + count_tokens("x" * self._thought)
        )

    @property
    def _most(self) -> int:
        return CHARACTERS_PER_TOKEN * self.most_tokens

    @property
    def _is_too_much(self) -> bool:
        return self._characters + self._thought > self._most

    def feed(self, chunk: bytes, at: float) -> None:
        """Take the next bytes. Raises Garbled, or Refused where an error stands in place of an answer."""
        self._bytes += len(chunk)
        self._buffer += chunk
        if self._in_one_piece is None:
            self._buffer = self._buffer.lstrip()
            if self._buffer:
                if self._buffer.startswith(b"<"):
                    raise Garbled("a page")
                self._in_one_piece = self._buffer.startswith((b"{", b"["))
        # Looking for lines in all that came whenever something came would take the square of it.
        if not self._in_one_piece and b"\n" in chunk:
            *lines, self._buffer = self._buffer.split(b"\n")
            for line in lines:
                if not self.is_over:
                    self._line(line, at)
        if self._bytes > MOST_BYTES or len(self._buffer) > LONGEST_PIECE:
            raise Garbled("too much")

    def end(self, at: float) -> None:
        """Nothing more comes. Raises as ``feed`` does."""
        if self._in_one_piece:
            answer = _json(self._buffer)
            self._take(answer, at)
            if "choices" not in answer:
                raise Garbled("JSON, but no answer")
            self._is_complete = True
        elif not self.is_over:
            self._line(self._buffer, at)
        self._buffer.clear()

    def _line(self, line: bytes | bytearray, at: float) -> None:
        """Take one line of a stream of events; what is no data there is a comment, or tells of the stream itself."""
        name, _, data = line.strip().partition(b":")
        data = data.strip()
        if name != b"data" or not data:
            return
        if data == b"[DONE]":
            self._is_complete = True
        else:
            self._take(_json(data), at)

    def _take(self, event: Any, at: float) -> None:
        """Take one event, or a whole answer. Of several choices the first one counts."""
        if not isinstance(event, dict):
            raise Garbled("no JSON")
        if event.get("error"):
            raise Refused(502, json.dumps({"error": event["error"]}).encode())
        self._count(event.get("usage"))
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return
        if isinstance(choice.get("finish_reason"), str):
            self._finish = choice["finish_reason"]
        said = choice.get("delta") or choice.get("message")
        if isinstance(said, dict):
            self._say(said, at)

    def _count(self, usage: object) -> None:
        if isinstance(usage, dict):
            there, back = usage.get("prompt_tokens"), usage.get("completion_tokens")
            if isinstance(there, int) and isinstance(back, int) and there >= 0 and back >= 0:
                # What is counted comes off everybody's day, so no more is believed than can have been.
                self.usage = Tokens(min(there, self.asked + TEMPLATE), min(back, self._most))

    def _say(self, said: Mapping[str, Any], at: float) -> None:
        thoughts = [said[name] for name in ("reasoning_content", "reasoning") if isinstance(said.get(name), str)]
        content = said.get("content")
        words = []
        for part in content if isinstance(content, list) else [content]:
            # Parts of another type are what the model thinks.
            if isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
                part = part.get("text")
            if isinstance(part, str):
                words.append(part)
        self._pieces += words
        self._characters += sum(map(len, words))
        # One or the other: some endpoints say the same in both.
        self._thought += max(map(len, thoughts), default=0)
        if any(words) or any(thoughts):
            self.last_at = at
            self.first_at = at if self.first_at is None else self.first_at


def _json(text: bytes | bytearray) -> Any:
    """Read JSON; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
