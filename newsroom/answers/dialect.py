"""What an endpoint takes of the one interface that all say they have.

A question begins with all that we would like to send. What is refused is left out or said in another way, and what
worked is remembered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from newsroom.answers.shapes import as_sent
from newsroom.answers.talk import Message, Role, Schema

TEMPERATURE = 0.3
"""Answers are about what an article says; a little freedom keeps small models from repeating themselves."""


class Structure(StrEnum):
    """How data is asked for, the best first. In each way the answer is checked by us."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    PLAIN = "plain text"


@dataclass(frozen=True, slots=True)
class Dialect:
    """``limit`` is the parameter that holds the most tokens, None where neither is taken.

    ``structure_is_sure`` tells that data was got in that way before.
    """

    structure: Structure = Structure.SCHEMA
    structure_is_sure: bool = False
    streams: bool = True
    counts_streams: bool = True
    has_temperature: bool = True
    limit: str | None = "max_tokens"
    has_system: bool = True

    def question(
        self, model: str, messages: Sequence[Message], schema: Schema | None, max_tokens: int, complaint: str | None
    ) -> dict[str, Any]:
        """The parameters of one request. ``complaint`` is what was wrong with the answer before."""
        turns = [*messages]
        if schema is not None and (complaint or self.structure is not Structure.SCHEMA):
            turns.append(Message("user", _in_words(schema, complaint)))
        sent: dict[str, Any] = {"model": model, "messages": _turns(turns, has_system=self.has_system)}
        if self.limit:
            sent[self.limit] = max_tokens
        if self.has_temperature:
            sent["temperature"] = TEMPERATURE
        if self.streams:
            sent["stream"] = True
            if self.counts_streams:
                sent["stream_options"] = {"include_usage": True}
        if schema is not None and self.structure is Structure.SCHEMA:
            strict = {"name": schema.name, "strict": True, "schema": as_sent(schema.shape)}
            sent["response_format"] = {"type": "json_schema", "json_schema": strict}
        elif schema is not None and self.structure is Structure.OBJECT:
            sent["response_format"] = {"type": "json_object"}
        return sent

    def humbler(self) -> Dialect | None:
        """Ask for data in the next best way; None if there is none."""
        steps = {Structure.SCHEMA: Structure.OBJECT, Structure.OBJECT: Structure.PLAIN}
        below = steps.get(self.structure)
        return replace(self, structure=below, structure_is_sure=False) if below else None


_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|size|window)|exceed_context|too many (?:input )?tokens|prompt (?:is )?too long|"
    r"input (?:is )?too long|maximum (?:context|input|prompt)",
    re.IGNORECASE,
)
_STRUCTURE = re.compile(
    r"response.?format|json.?(?:schema|object|mode)|structured output|grammar|guided|invalid schema", re.IGNORECASE
)
_SYSTEM = re.compile(r"\bsystem\b.{0,40}\b(?:role|message|prompt|instruction)|roles must alternate", re.IGNORECASE)
_ROLE = re.compile(r"\brole\b.{0,60}\bsystem\b", re.IGNORECASE)


def is_too_long(refusal: str) -> bool:
    """Whether an endpoint says that the question is too long for it. Nothing but a shorter one helps."""
    return bool(_TOO_LONG.search(refusal))


def adapted(dialect: Dialect, refusal: str, parameter: str | None, *, schema: bool) -> Dialect | None:
    """Say it as an endpoint wants it that refused a question with these words; None if they name nothing of ours.

    ``parameter`` is what it calls the culprit, if it does. ``schema`` tells whether data was asked for. Each step
    leaves less to refuse, so there is an end.
    """
    words = parameter or refusal
    asks_structure = schema and dialect.structure is not Structure.PLAIN
    if asks_structure and _STRUCTURE.search(words):
        return dialect.humbler()
    if dialect.limit == "max_tokens" and re.search(r"max_(?:completion_)?tokens", words):
        return replace(dialect, limit="max_completion_tokens")
    if dialect.limit == "max_completion_tokens" and dialect.limit in words:
        return replace(dialect, limit=None)
    if dialect.counts_streams and dialect.streams and re.search(r"stream_options|include_usage", words):
        return replace(dialect, counts_streams=False)
    if dialect.streams and re.search(r"\bstream(?:ing|ed)?\b", words, re.IGNORECASE):
        return replace(dialect, streams=False)
    if dialect.has_temperature and re.search(r"\btemperature\b", words, re.IGNORECASE):
        return replace(dialect, has_temperature=False)
    if dialect.has_system and (_SYSTEM.search(refusal) or _ROLE.search(refusal)):
        return replace(dialect, has_system=False)
    # A refusal without a word of why: what fewest endpoints take is the likeliest culprit.
    if asks_structure and not parameter and not dialect.structure_is_sure:
        return dialect.humbler()
    return None


def _in_words(schema: Schema, complaint: str | None) -> str:
    before = f"An earlier answer could not be used: {complaint}. " if complaint else ""
    shape = json.dumps(schema.shape, ensure_ascii=False)
    return f"{before}Answer with one JSON object and nothing else. It has to fit this JSON schema: {shape}"


def _turns(messages: Sequence[Message], *, has_system: bool) -> list[Mapping[str, str]]:
    """Turns as they are sent: some templates take no two of one role in a row, and some no system message."""
    turns: list[tuple[Role, str]] = []
    for message in messages:
        role: Role = "user" if message.role == "system" and not has_system else message.role
        if turns and turns[-1][0] == role:
            turns[-1] = role, f"{turns[-1][1]}\n\n{message.text}"
        else:
            turns.append((role, message.text))
    # Half a surrogate pair, which Discord lets through, can't be sent.
    return [{"role": role, "content": text.encode("utf-8", "replace").decode()} for role, text in turns]
