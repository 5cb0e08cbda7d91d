"""Checks requests against Discord's own OpenAPI description.

The file is named by the environment variable ``DISCORD_OPENAPI``; it is not part of this repository. Discord lets
unknown fields pass in silence, so plain validation would too: here a field or query that no fitting branch of the
schema names is a violation, because it is a typo or something Discord ignores.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Protocol

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

VARIABLE = "DISCORD_OPENAPI"

# Where the description and what Discord takes from every discord.py bot disagree. An index reads [].
KNOWN_FIELDS = {
    "embeds[].flags": "discord.py repeats what it was given; Discord ignores it",
    "message.embeds[].flags": "the same in a forum post",
    "data.embeds[].flags": "the same in an answer to an interaction",
    "message.tts": "discord.py sends it with every message; Discord ignores it in a forum post",
    "data.tts": "the same in an answer to a click",
    "tts": "the same in an edit",
    "[].nsfw": "documented for commands, missing in the description",
}
KNOWN_QUERIES = {
    "use_nested_fields": "asks for the present form of a forum post's body; documented nowhere, sent by discord.py",
}
# Read as the description has them: snowflakes as text, permissions as a number.
AS_TEXT = re.compile(r"(^|\.)attachments\[\]\.id$|(^|\.)message_reference\.\w+_id$|^recipient_id$")
AS_NUMBER = re.compile(r"(^|\.)permission_overwrites\[\]\.(allow|deny)$|^(allow|deny|permissions)$")

NAME = "urn:discord"
CONTENT = 2000
EMBED_TOTAL = 6000


class Request(Protocol):
    """A request as simcord notes it down: the path without host and version, the query and the JSON body."""

    method: str
    path: str
    params: Mapping[str, Any]
    json: Any


def _closest_branch(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Read oneOf as "at least one", and where none fits, tell what the one that was meant has against it.

    Discord's branches overlap: the same edit of a channel fits several kinds of channel.
    """
    errors = [list(validator.descend(instance, branch, schema_path=place)) for place, branch in enumerate(branches)]
    if all(errors):
        yield from min(errors, key=lambda found: (any(_other_kind(error) for error in found), len(found)))


def _other_kind(error: ValidationError) -> bool:
    return error.path[-1] == "type" if error.path else error.validator == "type"


_Validator = extend(Draft202012Validator, {"oneOf": _closest_branch, "anyOf": _closest_branch})


class OpenAPI:
    """Discord's description, ready to judge requests. A schema is looked at when a request first needs it."""

    def __init__(self, text: str) -> None:
        # With a name for the whole document, each schema in it can be used as it stands, references and all.
        self._document = json.loads(text.replace('"#/components/', f'"{NAME}#/components/'))
        resource = Resource(contents=self._document, specification=DRAFT202012)
        self._registry = Registry().with_resource(NAME, resource)

    @classmethod
    def load(cls, path: str | Path) -> OpenAPI:
        return cls(Path(path).read_text(encoding="utf-8"))

    def check(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> list[str]:
        """Say what Discord's description has against this request; an empty list is a pass.

        ``path`` may begin with the API's version; ``body`` is None where nothing was sent, and the payload_json of a
        multipart body.
        """
        path = re.sub(r"^(/api)?/v\d+(?=/)", "", path.split("?")[0])
        template = self._template(path)
        if template is None:
            return [f"{method} {path}: Discord has no such path"]
        operation = self._document["paths"][template].get(method.lower())
        if operation is None:
            return [f"{method} {path}: Discord has no such method there"]
        complaints = [*self._check_query(operation, query), *self._check_body(operation, body)]
        return [f"{method} {template}: {complaint}" for complaint in complaints]

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        # The one with the fewest names to fill in comes first, so that "@me" is not taken for an id.
        return [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))), template)
            for template in sorted(self._document["paths"], key=lambda template: (template.count("{"), template))
        ]

    def _template(self, path: str) -> str | None:
        return next((template for pattern, template in self._templates if pattern.fullmatch(path)), None)

    def _check_query(self, operation: Mapping[str, Any], query: Mapping[str, Any]) -> Iterator[str]:
        described = {
            parameter["name"]: parameter["schema"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        }
        for name, value in query.items():
            if name in described:
                readings = [str(value), *_readings(str(value))]
                if not any(self._validator(described[name]).is_valid(reading) for reading in readings):
                    yield f"query {name}={value!r} is not what Discord takes"
            elif name not in KNOWN_QUERIES:
                yield f"unknown query {name}"

    def _check_body(self, operation: Mapping[str, Any], body: Any) -> Iterator[str]:
        description = operation.get("requestBody")
        if description is None:
            if body is not None:
                yield "Discord takes no body here"
            return
        if body is None:
            if description.get("required"):
                yield "the body is missing"
            return
        body = _as_described(body)
        media = description["content"]
        schema = (media.get("application/json") or next(iter(media.values())))["schema"]
        for error in self._validator(schema).iter_errors(body):
            yield f"{_pointer(error.absolute_path) or 'the body'}: {_shortened(error.message)}"
        for field in self._unknown(self._leaves([schema], body), body, ()):
            if field not in KNOWN_FIELDS:
                yield f"{field}: unknown field"
        yield from _beyond_the_description(body)

    def _unknown(self, schemas: list[Any], instance: Any, path: tuple[str | int, ...]) -> Iterator[str]:
        """The fields that none of these schemas names, at any depth of the instance."""
        if isinstance(instance, list):
            inner = [schema["items"] for schema in schemas if "items" in schema]
            for index, item in enumerate(instance):
                yield from self._unknown(self._leaves(inner, item), item, (*path, index))
        elif isinstance(instance, dict):
            open_ended = [schema["additionalProperties"] for schema in schemas if "additionalProperties" in schema]
            for name, value in instance.items():
                named = [schema["properties"][name] for schema in schemas if name in schema.get("properties", ())]
                inner = named or [schema for schema in open_ended if schema is not False]
                if inner:
                    inner = [schema for schema in inner if isinstance(schema, dict)]
                    yield from self._unknown(self._leaves(inner, value), value, (*path, name))
                elif any("properties" in schema for schema in schemas):
                    yield _pointer((*path, name))

    def _leaves(self, schemas: Iterable[Any], instance: Any) -> list[Any]:
        """The schemas without references and branches; of branches those that the instance fits, or else all."""
        leaves: list[Any] = []
        for schema in schemas:
            leaves.append(schema)
            if "$ref" in schema:
                leaves += self._leaves([self._registry.resolver().lookup(schema["$ref"]).contents], instance)
            leaves += self._leaves(schema.get("allOf", ()), instance)
            for branches in (schema.get("oneOf", ()), schema.get("anyOf", ())):
                fitting = [branch for branch in branches if self._validator(branch).is_valid(instance)]
                leaves += self._leaves(fitting or branches, instance)
        return leaves

    def _validator(self, schema: Mapping[str, Any]) -> Any:
        return _Validator(schema, registry=self._registry)


def violations_of(description: OpenAPI, requests: Iterable[Request]) -> list[str]:
    """All that Discord's description has against these requests, in their order."""
    return [
        violation
        for request in requests
        for violation in description.check(request.method, request.path, request.params, request.json)
    ]


def check_env(env: Any) -> None:
    """Fail when the bot in this simcord environment has sent a request that Discord's description refuses.

    Checks nothing without the description: ``openapi``, the fixture, is what skips visibly.
    """
    description = from_environment()
    if description is not None:
        violations = violations_of(description, env.http_requests)
        assert not violations, "\n".join(violations)


@cache
def from_environment() -> OpenAPI | None:
    """The description named by ``DISCORD_OPENAPI``, or None when the variable isn't set. A wrong path is an error."""
    path = os.environ.get(VARIABLE)
    return OpenAPI.load(path) if path else None


def _beyond_the_description(body: Any) -> Iterator[str]:
    """What the description doesn't tell: it allows a user's 4,000 characters, and no total for embeds."""
    if not isinstance(body, dict):
        return
    for message in (body, body.get("data"), body.get("message")):
        if isinstance(message, dict):
            if _units(message.get("content")) > CONTENT:
                yield f"content: longer than {CONTENT}"
            if sum(_embed_units(embed) for embed in message.get("embeds") or ()) > EMBED_TOTAL:
                yield f"embeds: longer than {EMBED_TOTAL} in all"
            ids = [part["custom_id"] for part in _parts(message.get("components")) if part.get("custom_id")]
            if len(ids) != len(set(ids)):
                yield "components: a custom_id stands twice"


def _embed_units(embed: Any) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    texts += [field.get(name) for field in embed.get("fields") or () for name in ("name", "value")]
    return sum(_units(text) for text in texts)


def _units(text: Any) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(text, str) else 0


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _parts(inner)


def _readings(value: str) -> Iterator[Any]:
    """What the text of a query may mean besides itself."""
    if re.fullmatch(r"-?\d+", value):
        yield int(value)
    if value.lower() in {"true", "false", "1", "0"}:
        yield value.lower() in {"true", "1"}
    yield value.split(",")


def _as_described(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    if isinstance(value, dict):
        return {name: _as_described(inner, (*path, name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_described(inner, (*path, index)) for index, inner in enumerate(value)]
    if isinstance(value, int) and AS_TEXT.search(_pointer(path)):
        return str(value)
    if isinstance(value, str) and value.isdecimal() and AS_NUMBER.search(_pointer(path)):
        return int(value)
    return value


def _pointer(path: Iterable[str | int]) -> str:
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _shortened(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:120]} … {message[-70:]}"
