"""What the checker of requests lets pass and what it catches; skipped where Discord's description isn't at hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.openapi import OpenAPI, from_environment

MESSAGES = "/channels/1/messages"
BUTTON = {"type": 2, "style": 2, "label": "More", "custom_id": "more:1", "disabled": False}
MESSAGE = {
    "content": "**Headline** · Source",
    "tts": False,
    "embeds": [{"type": "rich", "flags": 0, "title": "lab.example", "url": "https://lab.example/", "description": "x"}],
    "components": [{"type": 1, "components": [BUTTON]}],
    "nonce": "0123456789abcdef01234567",
    "enforce_nonce": True,
    "allowed_mentions": {"parse": []},
}
POST = {"name": "Headline", "auto_archive_duration": 1440, "message": {"content": "x", "tts": False}}


def test_a_good_request_passes(openapi: OpenAPI):
    assert openapi.check("POST", MESSAGES, {}, MESSAGE) == []


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("GET", "/gateway/bot", {}, None),
        ("GET", "/api/v10/users/@me", {}, None),
        ("GET", MESSAGES, {"limit": 100, "after": "123"}, None),
        ("POST", "/channels/1/messages/2/crosspost", {}, None),
        ("POST", "/channels/1/threads", {"use_nested_fields": 1}, POST),
        ("POST", "/interactions/1/token/callback", {"with_response": "1"}, {"type": 5, "data": {"flags": 64}}),
        (
            "PATCH",
            "/webhooks/1/token/messages/@original",
            {},
            {"content": "x", "embeds": [], "components": [], "tts": False},
        ),
        ("PUT", "/applications/1/commands", {}, [{"name": "help", "type": 1, "description": "Help", "options": []}]),
        ("PATCH", "/channels/1", {}, {"name": "news", "topic": None}),
        ("POST", MESSAGES, {}, {"attachments": [{"id": 0, "filename": "a.png"}]}),
    ],
)
def test_what_discord_py_sends_every_day_passes(openapi: OpenAPI, method: str, path: str, query: Any, body: Any):
    assert openapi.check(method, path, query, body) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"contnet": "x"}, "contnet: unknown field"),
        ({"embeds": [{"titel": "x"}]}, "embeds[].titel: unknown field"),
        ({"components": [{"type": 1, "components": [BUTTON | {"placeholder": "x"}]}]}, "placeholder: unknown field"),
        ({"components": [{"type": 1, "components": [BUTTON | {"label": "x" * 81}]}]}, "label: 'x"),
        ({"components": [{"type": 1, "components": [BUTTON, BUTTON]}]}, "a custom_id stands twice"),
        ({"components": [{"type": 1, "components": [BUTTON] * 6}]}, "is too long"),
        ({"content": 5}, "content: 5 is not of type"),
        ({"content": "😀" * 1001}, "content: longer than 2000"),
        ({"embeds": [{"description": "x" * 4000}] * 2}, "embeds: longer than 6000 in all"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds[].title"),
        ({"nonce": "x" * 26}, "nonce"),
        ({"allowed_mentions": {"parse": ["all"]}}, "allowed_mentions"),
    ],
)
def test_a_wrong_message_is_caught(openapi: OpenAPI, change: dict[str, Any], complaint: str):
    found = openapi.check("POST", MESSAGES, {}, MESSAGE | change)

    assert len(found) >= 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "complaint"),
    [
        ("GET", "/chanels/1", {}, None, "GET /chanels/1: Discord has no such path"),
        ("PUT", MESSAGES, {}, None, f"PUT {MESSAGES}: Discord has no such method there"),
        ("GET", MESSAGES, {"limt": 5}, None, "unknown query limt"),
        ("GET", MESSAGES, {"limit": 101}, None, "query limit=101 is not what Discord takes"),
        ("GET", MESSAGES, {"after": "yesterday"}, None, "query after='yesterday' is not what Discord takes"),
        ("POST", MESSAGES, {}, None, "the body is missing"),
        ("POST", "/channels/1/messages/2/crosspost", {}, {"content": "x"}, "Discord takes no body here"),
        ("POST", "/channels/1/threads", {}, POST | {"nmae": "x"}, "nmae: unknown field"),
        ("POST", "/channels/1/threads", {}, POST | {"name": "x" * 101}, "name: 'x"),
        ("POST", "/channels/1/threads", {}, POST | {"message": {"nonce": "x"}}, "message.nonce: unknown field"),
    ],
)
def test_a_wrong_request_is_caught(
    openapi: OpenAPI, method: str, path: str, query: dict[str, Any], body: Any, complaint: str
):
    found = openapi.check(method, path, query, body)

    assert len(found) >= 1
    assert complaint in found[0]


def test_without_a_description_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DISCORD_OPENAPI", raising=False)

    assert from_environment.__wrapped__() is None


def test_a_description_that_cannot_be_read_is_an_error_and_no_skip(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_OPENAPI", "/nowhere/openapi.json")

    with pytest.raises(FileNotFoundError):
        from_environment.__wrapped__()
