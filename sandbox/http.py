"""The HTTP API v10: reads a request, lets trouble and limits have their say, carries it out, answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from typing import Any

from aiohttp import BodyPartReader, web
from simcord.backend.errors import BackendError
from simcord.http import router

from sandbox.changes import Changes
from sandbox.faults import Failure, Fault, Faults, Hold, Lost, LostAnswer, Reset
from sandbox.gateway import Gateway
from sandbox.limits import Limits, Verdict
from sandbox.rules import Call, Rules, Upload

API = "/api/v10"
# Room for ten of the largest attachments.
BODY_LIMIT = 128 * 1024 * 1024
# What Discord's own edge adds: a 429 without it is taken for a ban.
VIA = {"Via": "1.1 sandbox"}
log = logging.getLogger(__name__)

Hook = Callable[[str, str, dict[str, str], Any, tuple[Upload, ...]], None]


@dataclass
class Request:
    """A request as the bot made it. ``done`` when it was answered with ``status``, or its answer was lost (None)."""

    method: str
    path: str
    query: dict[str, str]
    json: Any
    files: tuple[Upload, ...]
    status: int | None = None
    done: bool = False


class Api:
    """Everything below ``/api/v10``."""

    def __init__(
        self, rules: Rules, limits: Limits, faults: Faults, gateway: Gateway, changes: Changes, token: str, shards: int
    ) -> None:
        self.requests: list[Request] = []
        self.on_request: Hook | None = None
        self._rules = rules
        self._limits = limits
        self._faults = faults
        self._gateway = gateway
        self._changes = changes
        self._token = token
        self._shards = shards

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one request. A lost answer closes the connection."""
        call = await _read(request)
        record = Request(call.method, call.path, call.query, call.body, call.files)
        self.requests.append(record)
        if self.on_request is not None:
            self.on_request(call.method, call.path, call.query, call.body, call.files)
        self._changes.tell()
        try:
            response = await self._respond(request, call)
            record.status = response.status
        except Lost as lost:
            response = _hang_up(request, lost)
        record.done = True
        self._changes.tell()
        return response

    async def refusal(self, request: web.Request) -> web.Response | None:
        """The error a request outside the API is in for (the gateway's door), if any."""
        try:
            return await self._trouble_before(self._faults.of(request.method, request.path))
        except Lost as lost:
            return _hang_up(request, lost)

    async def _respond(self, request: web.Request, call: Call) -> web.Response:
        if not self._authorized(request, call):
            return _answer(401, {"message": "401: Unauthorized", "code": 0})
        troubles = self._faults.of(call.method, call.path)
        failed = await self._trouble_before(troubles)
        if failed is not None:
            return failed
        verdict = self._limits.take(call.method, call.segments)
        if verdict.retry_after:
            return _limited(verdict)
        response = self._carried_out(call, verdict.headers)
        self._changes.tell(*_concerned(call, self._rules))
        for trouble in troubles:
            if isinstance(trouble, Hold) and trouble.when == "after":
                await trouble.wait()
            if isinstance(trouble, Failure):
                return _failed(trouble)
            if isinstance(trouble, LostAnswer):
                raise Lost
        return response

    async def _trouble_before(self, troubles: Sequence[Fault]) -> web.Response | None:
        for trouble in troubles:
            if isinstance(trouble, Hold) and trouble.when == "before":
                await trouble.wait()
            if isinstance(trouble, Reset):
                raise Lost(reset=True)
            if isinstance(trouble, Failure) and not trouble.carried_out:
                return _failed(trouble)
        return None

    def _authorized(self, request: web.Request, call: Call) -> bool:
        """Interaction callbacks, webhooks and the gateway's address need no token: the first two carry their own."""
        if call.segments[0] in ("interactions", "webhooks") or call.path == "/gateway":
            return True
        return request.headers.get("Authorization") == f"Bot {self._token}"

    def _carried_out(self, call: Call, headers: dict[str, str]) -> web.Response:
        if call.path in ("/gateway", "/gateway/bot"):
            return _answer(200, self._gateway_address(call.path), headers)
        try:
            answer = self._rules.carry_out(call)
        except (router.RouteNotImplemented, router.UnsupportedField) as error:
            log.error("The sandbox cannot do this: %s", error)
            return _answer(501, {"message": str(error), "code": 0}, headers)
        except BackendError as error:
            return _answer(error.status, error.to_json(), headers)
        return _answer(204, None, headers) if answer is None else _answer(200, answer, headers)

    def _gateway_address(self, path: str) -> dict[str, Any]:
        if path == "/gateway":
            return {"url": self._gateway.url}
        starts = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return {"url": self._gateway.url, "shards": self._shards, "session_start_limit": starts}


def _concerned(call: Call, rules: Rules) -> list[int]:
    """The interaction or message a request is about, for whoever waits for its answer."""
    match call.segments:
        case ["interactions", interaction_id, *_]:
            return [int(interaction_id)]
        case ["webhooks", _, token, *_]:
            return rules.interaction_of(token)
        case ["channels", _, "messages", message_id, *_] if message_id.isdecimal():
            return [int(message_id)]
    return []


def _hang_up(request: web.Request, how: Lost) -> web.Response:
    """Close the connection; what is returned reaches nobody."""
    if request.transport is not None:
        if how.reset:
            # Closing a socket that is not to linger resets its connection. Source: socket(7), SO_LINGER.
            request.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        request.transport.close()
    return web.Response()


async def _read(request: web.Request) -> Call:
    path = request.path.removeprefix(API)
    query = dict(request.query)
    body: Any = None
    files: tuple[Upload, ...] = ()
    if request.content_type.startswith("multipart/"):
        body, files = await _read_form(request)
    elif request.can_read_body:
        text = await request.text()
        body = json.loads(text) if text else None
    return Call(request.method, path, query, body, files, request.headers.get("X-Audit-Log-Reason"))


async def _read_form(request: web.Request) -> tuple[Any, tuple[Upload, ...]]:
    body: Any = None
    files: dict[str, tuple[str, bytes]] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.name == "payload_json":
            body = json.loads(await part.text())
        elif part.name is not None and part.filename is not None:
            files[part.name] = (part.filename, bytes(await part.read()))
    told = {f"files[{item.get('id')}]": item.get("description") for item in _attachments(body)}
    return body, tuple(Upload(filename, data, told.get(name)) for name, (filename, data) in files.items())


def _attachments(body: Any) -> list[dict[str, Any]]:
    """What a body says about its files: a forum post wraps its message, an interaction's answer its data."""
    if not isinstance(body, dict):
        return []
    for inner in (body, body.get("message"), body.get("data")):
        if isinstance(inner, dict) and isinstance(inner.get("attachments"), list):
            return list(inner["attachments"])
    return []


def _answer(status: int, payload: Any, headers: dict[str, str] | None = None) -> web.Response:
    # Exactly this content type: clients compare the whole header.
    sent = {**VIA, "Content-Type": "application/json", **(headers or {})}
    if status == 204:
        del sent["Content-Type"]
        return web.Response(status=204, headers=sent)
    return web.Response(status=status, body=json.dumps(payload).encode(), headers=sent)


def _limited(verdict: Verdict) -> web.Response:
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(verdict.retry_after, 3),
        "global": verdict.is_global,
    }
    return _answer(429, body, {**verdict.headers, "Retry-After": str(int(verdict.retry_after) + 1)})


def _failed(failure: Failure) -> web.Response:
    if failure.html:
        page = f"<!DOCTYPE html><title>{failure.status}</title><h1>{failure.message}</h1>"
        response = web.Response(status=failure.status, text=page, content_type="text/html", headers=VIA)
    else:
        payload: dict[str, Any] = {"message": failure.message, "code": failure.code}
        if failure.retry_after is not None:
            payload |= {"retry_after": failure.retry_after, "global": failure.is_global}
        response = _answer(failure.status, payload)
    if failure.retry_after is not None:
        response.headers["Retry-After"] = str(int(failure.retry_after) + 1)
        if failure.is_global:
            response.headers["X-RateLimit-Global"] = "true"
    if not failure.via:
        response.headers.pop("Via", None)
    return response
