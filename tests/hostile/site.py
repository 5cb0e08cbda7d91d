"""A feed site that does to a poller whatever the web does. Plain sockets on 127.0.0.1, because no server is so rude."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult


@dataclass(frozen=True)
class Asked:
    """A request. ``stage`` is the round in which it came; ``headers`` have their names in small letters."""

    host: str
    path: str
    headers: Mapping[str, str]
    stage: int


@dataclass
class Line:
    """The connection on which an answer goes out."""

    site: HostileSite
    host: str
    writer: asyncio.StreamWriter
    let_go: asyncio.Event

    async def send(self, data: bytes) -> None:
        """Send as fast as it is taken. Raises ConnectionError when nobody takes it any more."""
        self.writer.write(data)
        self.site.sent[self.host] += len(data)
        await self.writer.drain()

    async def hold(self) -> None:
        """Say nothing more until the test lets go."""
        self.site.holding.add(self.host)
        self.site.heard()
        try:
            await self.let_go.wait()
        finally:
            self.site.holding.discard(self.host)

    async def someone_asks(self) -> None:
        """Wait until the site gets another request, or the test lets go."""
        self.site.holding.add(self.host)
        before = len(self.site.requests)
        async with self.site.changed:
            await self.site.changed.wait_for(lambda: len(self.site.requests) > before or self.let_go.is_set())

    def reset(self) -> None:
        """Break the connection off as a crashed server does, with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass(frozen=True)
class Live:
    """An answer that is played on the connection."""

    play: Callable[[Line], Awaitable[None]]


Answer = bytes | Live
Script = Sequence[Answer | Callable[[Asked], Answer]]
"""What a host answers in each round, the last for ever."""


@dataclass
class HostileSite:
    """A running server. Hosts of every name lead to it; ``scripts`` says what each of them answers."""

    port: int = 0
    stage: int = 0
    scripts: dict[str, Script] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    at_once: Counter[str] = field(default_factory=Counter)
    most_at_once: Counter[str] = field(default_factory=Counter)
    holding: set[str] = field(default_factory=set)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    waking: set[asyncio.Future[None]] = field(default_factory=set)

    def url(self, host: str, path: str = "/feed") -> str:
        return f"http://{host}:{self.port}{path}"

    def asked(self, host: str) -> list[Asked]:
        return [asked for asked in self.requests if asked.host == host]

    def heard(self) -> None:
        """Wake up who waits for something to happen here."""
        task = asyncio.ensure_future(self._notify())
        self.waking.add(task)
        task.add_done_callback(self.waking.discard)

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    def release(self) -> None:
        """Let everything end that is held, and hold again what comes from now on."""
        self.let_go.set()
        self.heard()
        self.let_go = asyncio.Event()

    async def all_hold(self, hosts: Sequence[str]) -> None:
        """Wait until these hosts have all been asked and keep their answers to themselves."""
        async with self.changed:
            await self.changed.wait_for(lambda: set(hosts) <= self.holding)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                request, *fields = head.strip().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in fields)}
                host = headers["host"].rpartition(":")[0] or headers["host"]
                asked = Asked(host, request.split(" ")[1], headers, self.stage)
                self.requests.append(asked)
                self.heard()
                self.at_once[host] += 1
                self.most_at_once[host] = max(self.most_at_once[host], self.at_once[host])
                try:
                    await self._answer(asked, writer)
                finally:
                    self.at_once[host] -= 1
            finally:
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        line = Line(self, asked.host, writer, self.let_go)
        script = self.scripts.get(asked.host, [http(b"", 404)])
        answer = script[min(self.stage, len(script) - 1)]
        if callable(answer):
            answer = answer(asked)
        if isinstance(answer, Live):
            await answer.play(line)
        else:
            await line.send(answer)


@asynccontextmanager
async def hostile_site() -> AsyncIterator[HostileSite]:
    """Serve on a free port."""
    site = HostileSite()
    running: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(site.serve(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        site.let_go.set()
        site.heard()
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()


@dataclass
class InnerService:
    """What nobody outside may reach. ``connections`` counts who did."""

    port: int = 0
    connections: int = 0


@asynccontextmanager
async def inner_service() -> AsyncIterator[InnerService]:
    """Listen on a port of 127.0.0.1 that the bot has no business with."""
    inner = InnerService()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner.connections += 1
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    inner.port = server.sockets[0].getsockname()[1]
    try:
        yield inner
    finally:
        server.close()
        await server.wait_closed()


class HostileResolver(AbstractResolver):
    """Every name under ``.test`` leads to this machine; one that is rebound leads elsewhere each time."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.times[host] += 1
        addresses = ["127.0.0.1"]
        if host.startswith("rebound"):
            addresses = ["10.0.0.1", "127.0.0.1"] if self.times[host] % 2 else ["127.0.0.1", "169.254.169.254"]
        elif not host.rstrip(".").endswith((".test", "localhost")):
            # What the system takes for a number it doesn't look up; anything else is nobody's name.
            addresses = [socket.inet_ntoa(socket.inet_aton(host))]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


def http(body: bytes = b"", status: int = 200, **headers: str) -> bytes:
    """An answer with its length. Names of headers are given with low lines for dashes."""
    fields = {"Content-Length": str(len(body)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} So it is\r\n{lines}\r\n".encode() + body


def redirect(location: str, status: int = 302) -> bytes:
    return http(b"", status, Location=location)
