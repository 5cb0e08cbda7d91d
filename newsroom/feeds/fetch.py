"""Getting what stands at an address: politely, within limits, and only from where we may go."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, partial
from types import MappingProxyType
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

import aiohttp
import brotli  # type: ignore[import-untyped]
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from newsroom.errors import AddressRefused, FeedError, FetchFailed, HostParked
from newsroom.feeds.guard import REFUSED, Guard, PrivateAddress, guarded_socket
from newsroom.feeds.parking import Parking, registrable
from newsroom.feeds.schedule import LONGEST_WAIT
from newsroom.feeds.slots import ASIDE, MOST_BYTES_ASIDE, PATIENCE_SECONDS, Slot, Slots
from newsroom.settings import popcorn_version

MOST_BYTES = 8 * 1024 * 1024
"""How large a body may be, before as well as after decompression."""

PART_BYTES = 128 * 1024
"""How much of a body is decompressed at a time, so that a small piece can't become a large body at one stroke."""

MOST_REDIRECTS = 5

BUDGET_SECONDS = 20.0
"""How long everything about one address may take, redirects included."""

CONNECT_SECONDS = 10.0
"""How long a name may take to resolve and a server to take the connection, TLS included."""

# Long enough for the next feed of the same host in a round. Longer would only collect open sockets.
_KEEP_ALIVE_SECONDS = 3.0

LOOK_UPS_A_DOMAIN = 4
"""How many names below one registrable domain are looked up at once."""

Found = TypeVar("Found")

_VALIDATOR = re.compile(r"[\x20-\x7e]{1,1024}")

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,20})", re.IGNORECASE)

_OTHER_TYPE = "What that address sends is nothing that I can read."
_TOO_SLOW = "That server takes too long to answer."
_BROKEN_OFF = "That server's answer broke off before it was complete."
_DAMAGED = "That server's answer is compressed in a way that can't be read."
_CIRCLES = f"That address leads in circles: it redirects more than {MOST_REDIRECTS} times."
_NOWHERE = "That address redirects to something that is no web address."
_UNKNOWN_HOST = "There is no server of that name. Check the address for typing mistakes."
_NOBODY = "That server can't be reached: nobody answers there."
_NOT_SECURE = (
    "That server offers no safe connection: its certificate is not valid, or it has none. "
    "If it has only http, write http:// in front."
)
_STATUS = {
    401: "it wants a login, which Popcorn doesn't have.",
    403: "it doesn't let Popcorn in.",
    404: "there is nothing there. Check it for typing mistakes.",
    410: "what was there is gone for good.",
    429: "it wants to be asked less often.",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody hopes to find at an address.

    ``accept`` is the header that says so. A body has at most ``most_bytes``, and isn't read at all if its Content-Type
    is none of ``types``, where there are any; one that is not given may be any of them.

    ``home`` is for addresses that a stranger wrote, such as the links in a feed: what the operator allows or sets for
    places (private hosts, headers with keys) holds only where ``home`` lies itself. Else whoever writes a feed for the
    public could have what stands in the others read out to his readers.
    """

    accept: str
    most_bytes: int = MOST_BYTES
    types: frozenset[str] = frozenset()
    home: str | None = None


FEED = Wanted(
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, "
    "application/json;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A good answer: 200 with its body, or 304 without one.

    ``url`` is where it came from in the end. ``permanent_url`` is where to ask from now on: as far as redirects led
    that are meant for ever (301, 308, and none of another kind before them), spelt as everybody's spelling of it is.
    On a 304 the validators are those that hold from now on. ``fresh_for`` is how long the server says its answer
    stays good, None if it doesn't say.
    """

    status: int
    url: str
    body: bytes
    etag: str | None
    last_modified: str | None
    content_type: str | None
    permanent_url: str
    fresh_for: timedelta | None = None

    @property
    def not_modified(self) -> bool:
        """Whether the server says that nothing changed since the validators were given out."""
        return self.status == 304


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    location: str


class Fetcher:
    """Fetches addresses: at most ``concurrency`` at once, and ``per_host`` of one host.

    Who waits longer than ``patience`` seconds for a server doesn't count among the ``concurrency``: see ``Slots``. Of
    one host there are never more than ``per_host`` requests, slow or not.

    ``allow_hosts`` are the guard's, ``contact`` goes into the User-Agent, ``now`` is aware and UTC. ``parking`` says
    whom to leave alone, and is told who wants to be. ``extra_headers`` are those that the operator sets, by an address
    or by "host" or "host:port"; no other place ever gets them. ``resolver`` replaces the system's.
    """

    def __init__(
        self,
        *,
        allow_hosts: Collection[str] = (),
        contact: str | None = None,
        now: Callable[[], datetime],
        parking: Parking | None = None,
        extra_headers: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        concurrency: int = 50,
        per_host: int = 2,
        patience: float = PATIENCE_SECONDS,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._parking = parking or Parking()
        self._extra_headers = extra_headers
        self._guard = Guard(allow_hosts)
        self._now = now
        self._resolver = resolver or _Resolver(2 * (1 + ASIDE) * concurrency)
        self._headers = {
            "User-Agent": user_agent(contact),
            "Accept-Encoding": "gzip, deflate, br",
        }
        self.slots = Slots(concurrency, patience)
        self._per_host = per_host
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._guarded: aiohttp.ClientSession | None = None
        self._free: aiohttp.ClientSession | None = None

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        budget: float = BUDGET_SECONDS,
        wanted: Wanted = FEED,
    ) -> Fetched:
        """Fetch an address, only if it changed when validators are given.

        ``budget`` is in seconds and covers all hops, but not the waiting for a free slot. Raises AddressRefused,
        HostParked and FetchFailed.
        """
        async with self.opened(url, etag=etag, last_modified=last_modified, budget=budget, wanted=wanted) as fetched:
            return fetched

    @asynccontextmanager
    async def opened(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        budget: float = BUDGET_SECONDS,
        wanted: Wanted = FEED,
    ) -> AsyncIterator[Fetched]:
        """Fetch an address as ``get`` does, and keep its slot for as long as the body is in use.

        So no more whole bodies lie in memory than there are slots, however slowly they are read.
        """
        address = self._guard.check_url(url)
        validators = {"If-None-Match": _validator(etag), "If-Modified-Since": _validator(last_modified)}
        headers = {name: value for name, value in validators.items() if value}
        permanent_url = str(address)
        is_permanent = True
        for _ in range(MOST_REDIRECTS + 1):
            async with AsyncExitStack() as held:
                # The host's turn comes first, so that a slow host's queue keeps no slot from the other hosts.
                async with self._host(address):
                    slot = await held.enter_async_context(self.slots.taken(registrable(address.raw_host or "")))
                    until = self._parking.until(address.raw_host or "", self._now())
                    if until is not None:
                        raise HostParked(until)
                    began = asyncio.get_running_loop().time()
                    answer = await self._ask(address, headers, budget, slot, wanted)
                    budget -= asyncio.get_running_loop().time() - began
                if isinstance(answer, Fetched):
                    await slot.stay()
                    self._parking.answered(address.raw_host or "")
                    yield replace(answer, permanent_url=permanent_url)
                    return
            address = self._next_hop(address, answer.location)
            is_permanent = is_permanent and answer.status in (301, 308)
            if is_permanent:
                permanent_url = str(address)
        raise FetchFailed(_CIRCLES)

    def _next_hop(self, address: URL, location: str) -> URL:
        try:
            target = address.join(URL(location))
        except ValueError:
            raise FetchFailed(_NOWHERE) from None
        return self._guard.check_url(str(target))

    def _host(self, address: URL) -> asyncio.Semaphore:
        return self._hosts.setdefault(address.raw_host or "", asyncio.Semaphore(self._per_host))

    async def _ask(
        self, address: URL, validators: Mapping[str, str], budget: float, slot: Slot, wanted: Wanted
    ) -> Fetched | _Redirect:
        is_trusted = wanted.home is None or URL(wanted.home).origin() == address.origin()
        session = self._session(address, is_trusted)
        headers = {"Accept": wanted.accept, **validators, **(self._extra(address) if is_trusted else {})}
        try:
            async with (
                asyncio.timeout(budget),
                session.get(address, headers=headers, allow_redirects=False) as response,
            ):
                return await self._read(response, address, validators, slot, wanted)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: names that no resolver can be asked about, and lengths that are no numbers.
            raise _in_words(error) from error

    def _extra(self, address: URL) -> Mapping[str, str]:
        """The headers that the operator sets for exactly this address, or for its host, which alone means https on 443.

        Whoever may add feeds chooses scheme and port, and a key must not go out in the clear, or to another service.
        """
        host = address.host_subcomponent or ""
        names = [f"{host}:{address.port}", str(address)]
        if address.scheme == "https" and address.port == 443:
            names.insert(0, host)
        return {key: value for name in names for key, value in self._extra_headers.get(name, {}).items()}

    async def _read(
        self,
        response: aiohttp.ClientResponse,
        address: URL,
        validators: Mapping[str, str],
        slot: Slot,
        wanted: Wanted,
    ) -> Fetched | _Redirect:
        status = response.status
        if status in (301, 302, 303, 307, 308):
            return _Redirect(status, response.headers.get("Location", ""))
        is_not_modified = status == 304 and bool(validators)
        if status not in (200, 203) and not is_not_modified:
            refusal = self._refusal(response)
            if status == 429:
                self._parking.park(address.raw_host or "", refusal.retry_after, self._now())
            raise refusal
        kind = response.headers.get("Content-Type")
        if wanted.types and kind and kind.partition(";")[0].strip().lower() not in wanted.types:
            raise FetchFailed(_OTHER_TYPE)
        etag = _validator(response.headers.get("ETag"))
        last_modified = _validator(response.headers.get("Last-Modified"))
        if is_not_modified:
            etag = etag or validators.get("If-None-Match")
            last_modified = last_modified or validators.get("If-Modified-Since")
        return Fetched(
            status=status,
            url=str(address),
            body=b"" if is_not_modified else await _body(response, slot, wanted.most_bytes),
            etag=etag,
            last_modified=last_modified,
            content_type=kind,
            permanent_url=str(address),
            fresh_for=fresh_for(response.headers),
        )

    def _refusal(self, response: aiohttp.ClientResponse) -> FetchFailed:
        status = response.status
        try:
            wait = retry_after(response.headers.get("Retry-After", ""), self._now())
        except ValueError:
            wait = None
        if status >= 500:
            meaning = "the server has trouble of its own. That often passes by itself."
        else:
            meaning = _STATUS.get(status, "that is no answer to read news from.")
        return FetchFailed(f"That address answered {status}: {meaning}", status=status, retry_after=wait)

    def _session(self, address: URL, is_trusted: bool) -> aiohttp.ClientSession:
        """The session for a hop: the free one, which may connect anywhere, only for hosts that are let in by name."""
        if is_trusted and self._guard.allows(address):
            self._free = self._free or self._new_session(None)
            return self._free
        self._guarded = self._guarded or self._new_session(guarded_socket)
        return self._guarded

    def _new_session(self, socket_factory: aiohttp.SocketFactoryType | None) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0,  # the slots are the limit
            ssl=_tls(),
            ttl_dns_cache=300,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            resolver=self._resolver,
            socket_factory=socket_factory,
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS),
        )

    async def close(self) -> None:
        """Close all connections. Requests under way fail."""
        for session in (self._guarded, self._free):
            if session is not None:
                await session.close()
        await self._resolver.close()


class _Resolver(AbstractResolver):
    """Has the system look names up, in threads of its own.

    A name whose servers are silent takes the system half a minute, and nothing can stop it: the look-up goes on after
    its fetch was given up. In the loop's few threads a handful of such names would hold up all others, Discord's too.
    At most ``most`` look-ups go on at once, and LOOK_UPS_A_DOMAIN of one registrable domain, because names below it
    cost its owner nothing. The others of that domain wait, as long as a connection may take. With one for each fetch
    under way, slow ones included, and as many that were given up, it takes the silent servers of 125 domains at the
    same moment to keep a good name waiting.
    """

    def __init__(self, most: int) -> None:
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="resolver")
        self._domains: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
        found = await self._in_turn(registrable(host), look_up)
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(
                hostname=host, host=str(place[0]), port=int(place[1]), family=kind, proto=protocol, flags=numeric
            )
            for kind, _, protocol, _, place in found
        ]

    async def _in_turn(self, domain: str, look_up: Callable[[], Found]) -> Found:
        """Call ``look_up`` in a thread. Its turn ends when the thread is done with it, whoever still waits for it."""
        turns = self._domains.setdefault(domain, asyncio.Semaphore(LOOK_UPS_A_DOMAIN))
        async with asyncio.timeout(CONNECT_SECONDS):
            await turns.acquire()
        loop = asyncio.get_running_loop()
        looking = self._threads.submit(look_up)
        looking.add_done_callback(lambda _: _soon(loop, turns.release))
        return await asyncio.wrap_future(looking)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Have the loop call something, from any thread; once it is closed there is nothing to be called any more."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


@cache
def _tls() -> ssl.SSLContext:
    """One for the process: it takes 20 ms to make."""
    return ssl.create_default_context()


def user_agent(contact: str | None) -> str:
    """Who we say we are: name, version, and where to complain."""
    number = popcorn_version()
    who = re.sub(r"[^\x21-\x7e]|[()\\]", "", contact or "")
    return f"Popcorn/{number} (+{who})" if who else f"Popcorn/{number} (news bot for Discord)"


def retry_after(header: str, now: datetime) -> timedelta:
    """Read how long a server asks us to stay away.

    ``header`` is whole seconds ("120") or an HTTP date, which is UTC by definition. The wait lies between zero
    and LONGEST_WAIT, so no server can park a feed for ever.

    Raises ValueError when the header is neither form.
    Source: RFC 9110, section 10.2.3.
    """
    header = header.strip()
    if header.isascii() and header.isdecimal():
        seconds = float(header)
    else:
        try:
            seconds = (parsedate_to_datetime(header).replace(tzinfo=UTC) - now).total_seconds()
        except (OverflowError, TypeError, IndexError) as error:
            raise ValueError("no HTTP date") from error
    return timedelta(seconds=min(max(seconds, 0), LONGEST_WAIT.total_seconds()))


def fresh_for(headers: Mapping[str, str]) -> timedelta | None:
    """Read how long an answer stays good: ``max-age``, else ``Expires`` after ``Date``; None if neither can be read.

    The time lies between zero and LONGEST_WAIT. Whether others may store the answer (``public``) is no business of
    ours: nobody but us reads what we store. Source: RFC 9111, sections 4.2.1 and 5.2.2.1.
    """
    max_age = _MAX_AGE.search(headers.get("Cache-Control", ""))
    if max_age is not None:
        seconds = float(max_age[1])
    else:
        try:
            expires, date = (parsedate_to_datetime(headers[name]).timestamp() for name in ("Expires", "Date"))
        except (KeyError, ValueError, OverflowError, TypeError, IndexError):
            return None
        seconds = expires - date
    return timedelta(seconds=min(max(seconds, 0), LONGEST_WAIT.total_seconds()))


def _validator(value: str | None) -> str | None:
    """A validator as it may be sent back; an overlong or odd one is dropped, which costs a whole body at worst."""
    return value if value is not None and _VALIDATOR.fullmatch(value) else None


def _in_words(error: Exception) -> FeedError:
    """Tell a failed request in one sentence that holds nothing of the error's own text."""
    match error:
        case aiohttp.ClientConnectorError(os_error=PrivateAddress()):
            return AddressRefused(REFUSED)
        case aiohttp.InvalidURL():  # 127.1, 2130706433 and the like
            return AddressRefused("That is not a web address: its server is written in a way Popcorn doesn't open.")
        case TimeoutError():
            return FetchFailed(_TOO_SLOW)
        case aiohttp.ClientConnectorDNSError() | ValueError():
            return FetchFailed(_UNKNOWN_HOST)
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return FetchFailed(_NOT_SECURE)
        case aiohttp.ClientConnectorError():
            return FetchFailed(_NOBODY)
        case _:
            return FetchFailed(_BROKEN_OFF)


async def _body(response: aiohttp.ClientResponse, slot: Slot, most_bytes: int) -> bytes:
    """Read a body piece by piece, and stop as soon as it is too large.

    A large one has to have a slot; should it stand aside, its budget goes on while it waits.
    """
    unfold = unfolder(response.headers.get("Content-Encoding", ""))
    body = bytearray()
    received = 0
    async for piece in response.content.iter_any():
        received += len(piece)
        for part in unfold(piece):
            body += part
            if len(body) > most_bytes:
                break
            if len(body) > MOST_BYTES_ASIDE:
                await slot.stay()
        if max(received, len(body)) > most_bytes:
            raise FetchFailed(f"What that address sends is too large: more than {most_bytes // 1024**2} MiB.")
    if received and not unfold.is_complete():
        raise FetchFailed(_BROKEN_OFF)
    return bytes(body)


class _Unfold(Protocol):
    """Undoes a compression piece by piece. Of each piece it gives parts of about PART_BYTES at most, when asked."""

    def __call__(self, piece: bytes) -> Iterator[bytes]: ...

    def is_complete(self) -> bool: ...


class _Plain:
    def __call__(self, piece: bytes) -> Iterator[bytes]:
        yield piece

    def is_complete(self) -> bool:
        return True


class _Zlib:
    """gzip, and deflate with or without its header: RFC 9110 wants one, some servers send none."""

    def __init__(self, window: int | None) -> None:
        self._stream = zlib.decompressobj(window) if window else None

    def __call__(self, piece: bytes) -> Iterator[bytes]:
        if self._stream is None:
            has_header = piece[0] & 0x0F == 8
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        try:
            while not self._stream.eof and (part := self._stream.decompress(piece, PART_BYTES)):
                yield part
                piece = self._stream.unconsumed_tail
        except zlib.error:
            raise FetchFailed(_DAMAGED) from None

    def is_complete(self) -> bool:
        return self._stream is not None and self._stream.eof


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def __call__(self, piece: bytes) -> Iterator[bytes]:
        try:
            while not self._stream.is_finished() and (
                part := self._stream.process(piece, output_buffer_limit=PART_BYTES)
            ):
                yield bytes(part)
                piece = b""
        except brotli.error:
            raise FetchFailed(_DAMAGED) from None

    def is_complete(self) -> bool:
        return bool(self._stream.is_finished())


def unfolder(encoding: str) -> _Unfold:
    """Return what undoes this Content-Encoding. Raises FetchFailed for one that we didn't ask for."""
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Zlib(zlib.MAX_WBITS | 16)
        case "deflate":
            return _Zlib(None)
        case "br":
            return _Brotli()
        case _:  # unknown, or folded twice, which only an attack does
            raise FetchFailed(_DAMAGED)
