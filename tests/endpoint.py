"""An address on 127.0.0.1 that speaks OpenAI's chat completions, by a script: well, oddly, or not at all.

    async with endpoint(says("Hello."), refuses(429, headers={"Retry-After": "3"})) as there:
        settings = read_settings(env_file=None, llm_base_url=there.address, llm_model="small")
        ...
        assert there.requests[0].body["messages"] == [{"role": "user", "content": "Hi."}]

Each request gets the next answer of the script, and the last one ever again. Where an answer depends on the question,
write a function that takes an ``Asked`` and returns the answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Union

from aiohttp import web

Answer = Callable[[web.Request, "Asked"], Awaitable[web.StreamResponse]]
Step = Union["Scripted", Callable[["Asked"], "Scripted"]]

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


@dataclass(frozen=True)
class Asked:
    """A request: its JSON, its headers, its path."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    path: str

    @property
    def question(self) -> str:
        """All that was sent for the model to read."""
        return "\n".join(message["content"] for message in self.body["messages"])


@dataclass
class Endpoint:
    """A running server. ``requests`` are those it got, oldest first."""

    script: list[Step]
    address: str = ""
    requests: list[Asked] = field(default_factory=list)
    asked: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def was_asked(self, times: int = 1) -> None:
        """Wait until so many requests came in."""
        async with self.asked:
            await self.asked.wait_for(lambda: len(self.requests) >= times)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(await request.json() if request.can_read_body else {}, dict(request.headers), request.path)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        async with self.asked:
            self.requests.append(asked)
            self.asked.notify_all()
        answer = step if isinstance(step, Scripted) else step(asked)
        return await answer.send(request, asked)


@asynccontextmanager
async def endpoint(*script: Step) -> AsyncIterator[Endpoint]:
    """Serve a script on a free port."""
    running = Endpoint([*script])
    app = web.Application(client_max_size=16 * 1024**2)
    app.router.add_route("*", "/{path:.*}", running.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        running.address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield running
    finally:
        await runner.cleanup()


@dataclass(frozen=True)
class Scripted:
    """An answer, told from a function that chooses one."""

    send: Answer


# ------------------------------------------------------------------------------ good answers


def says(
    text: str | None,
    *,
    thinking: str | None = None,
    usage: Mapping[str, int] | None = USAGE,
    finish: str | None = "stop",
    piece: int = 7,
    field: str = "reasoning_content",
) -> Scripted:
    """Answer as asked for: as a stream, in pieces of so many characters, or as one object.

    ``thinking`` comes before the text, in a field of its own.
    """

    async def answer(request: web.Request, asked: Asked) -> web.StreamResponse:
        if not asked.body.get("stream"):
            message = {"role": "assistant", "content": text} | ({field: thinking} if thinking else {})
            choice = {"index": 0, "message": message, "finish_reason": finish}
            return web.json_response({"object": "chat.completion", "choices": [choice], "usage": usage})
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None}]
        deltas += [{field: part} for part in _pieces(thinking or "", piece)]
        deltas += [{"content": part} for part in _pieces(text or "", piece)]
        said = [chunk(delta) for delta in deltas]
        said.append(chunk({}, finish=finish))
        if usage and asked.body.get("stream_options", {}).get("include_usage"):
            said.append({"object": "chat.completion.chunk", "choices": [], "usage": usage})
        return await _stream(request, *(event(each) for each in said), b"data: [DONE]\n\n")

    return Scripted(answer)


def says_json(data: object, **more: Any) -> Scripted:
    """Answer with data as JSON text."""
    return says(json.dumps(data, ensure_ascii=False), **more)


# ------------------------------------------------------------------------------ odd ones


def raw(body: bytes | str, *, status: int = 200, type: str = "application/json", **headers: str) -> Scripted:
    """Answer just that."""

    async def answer(request: web.Request, asked: Asked) -> web.StreamResponse:
        data = body.encode() if isinstance(body, str) else body
        return web.Response(body=data, status=status, headers={"Content-Type": type, **headers})

    return Scripted(answer)


def page(status: int = 200) -> Scripted:
    """Answer with a page of HTML, as what stands in front of an endpoint does."""
    return raw("<!doctype html><title>Bad gateway</title><p>Sorry.", status=status, type="text/html")


def refuses(
    status: int, message: str = "no", *, param: str | None = None, headers: Mapping[str, str] | None = None
) -> Scripted:
    """Answer with an error in OpenAI's form."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
    return raw(json.dumps({"error": error}), status=status, **(headers or {}))


def redirects(to: str, status: int = 307) -> Scripted:
    return raw(b"", status=status, Location=to)


def streams(*events: object, done: bool = True, pieces: int | None = None) -> Scripted:
    """Answer with a stream of these: dicts are sent as events, bytes as they are.

    ``pieces`` has all of it sent in pieces of so many bytes.
    """

    async def answer(request: web.Request, asked: Asked) -> web.StreamResponse:
        sent = [each if isinstance(each, bytes) else event(each) for each in events]
        sent += [b"data: [DONE]\n\n"] * done
        if pieces:
            whole = b"".join(sent)
            sent = [whole[at : at + pieces] for at in range(0, len(whole), pieces)]
        return await _stream(request, *sent)

    return Scripted(answer)


def stalls(*said: str) -> Scripted:
    """Begin to answer, or not even that, and then say nothing more."""

    async def answer(request: web.Request, asked: Asked) -> web.StreamResponse:
        if said:
            response = await _stream(request, *(event(chunk({"content": text})) for text in said), ends=False)
        await asyncio.Event().wait()
        return response

    return Scripted(answer)


def breaks_off(*said: str) -> Scripted:
    """Begin to answer, or not even that, and hang up."""

    async def answer(request: web.Request, asked: Asked) -> web.StreamResponse:
        response: web.StreamResponse = web.Response()
        if said:
            response = await _stream(request, *(event(chunk({"content": text})) for text in said), ends=False)
        assert request.transport is not None
        request.transport.close()
        return response

    return Scripted(answer)


def never_stops(text: str = "and on ", *, field: str = "content") -> Scripted:
    """Say the same for as long as somebody listens."""

    async def answer(request: web.Request, asked: Asked) -> web.StreamResponse:
        response = await _stream(request, ends=False)
        while True:
            await response.write(event(chunk({field: text})))

    return Scripted(answer)


# ------------------------------------------------------------------------------ parts of a stream


def chunk(delta: object, *, finish: str | None = None) -> dict[str, Any]:
    """What one event of a stream holds."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "choices": [choice]}


def event(data: object) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _pieces(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


async def _stream(request: web.Request, *parts: bytes, ends: bool = True) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for part in parts:
        await response.write(part)
    if ends:
        await response.write_eof()
    return response
