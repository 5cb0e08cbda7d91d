"""The gateway: sessions that are told what happens, in order, and may come back for what they missed.

Source: https://docs.discord.com/developers/events/gateway
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import discord
from aiohttp import WSMsgType, web
from simcord import intents
from simcord.backend import serializers

from sandbox.changes import Changes
from sandbox.faults import Faults
from sandbox.world import World

# How many events a session keeps for a bot that lost its connection.
KEPT_EVENTS = 5000
PRIVILEGED = discord.Intents(members=True, presences=True, message_content=True).value


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SHARD = 4010
    DISALLOWED_INTENTS = 4014


@dataclass(eq=False)
class Connection:
    """One socket, with what is still to be written to it."""

    socket: web.WebSocketResponse
    request: web.Request
    outgoing: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def send(self, op: Op, data: Any = None) -> None:
        self.outgoing.put_nowait(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def drop(self) -> None:
        """Cut the line, without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def write(self) -> None:
        while True:
            text = await self.outgoing.get()
            if self.socket.closed:
                return
            with contextlib.suppress(ConnectionError):
                await self.socket.send_str(text)


@dataclass(eq=False)
class Session:
    """What one shard of the bot was told, connected or not."""

    id: str
    shard_id: int
    shard_count: int
    intents: discord.Intents
    sequence: int = 0
    kept: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    connection: Connection | None = None

    def dispatch(self, event: str, payload: Mapping[str, Any]) -> None:
        self.sequence += 1
        text = json.dumps({"op": Op.DISPATCH, "t": event, "s": self.sequence, "d": payload})
        self.kept.append((self.sequence, text))
        if self.connection is not None:
            self.connection.outgoing.put_nowait(text)

    def missed_since(self, sequence: int) -> list[str] | None:
        """The events after ``sequence``, or None when they are no longer kept."""
        if sequence > self.sequence or self.sequence - sequence > len(self.kept):
            return None
        return [text for number, text in self.kept if number > sequence]


class Gateway:
    """Lets bots identify, tells them what happens, and loses them on request."""

    def __init__(
        self, world: World, changes: Changes, faults: Faults, token: str, *, heartbeat_interval: float, privileged: bool
    ) -> None:
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.heartbeats = 0
        self.identified = 0
        self.resumed = 0
        self._world = world
        self._changes = changes
        self._faults = faults
        self._token = token
        self._heartbeat_interval = heartbeat_interval
        self._privileged = privileged
        self._connections: set[Connection] = set()
        world.subscribers.append(self.publish)

    @property
    def connected(self) -> list[Session]:
        """The sessions whose bot is listening now."""
        return [session for session in self.sessions.values() if session.connection is not None]

    # ------------------------------------------------------------ what happens

    def publish(self, event: str, payload: Mapping[str, Any]) -> None:
        """Tell every session whose shard and intents this event concerns, unless it is to be lost."""
        if self._faults.drops(event):
            return
        for session in list(self.sessions.values()):
            if self._concerns(session, event, payload):
                # A guild that comes while the bot is connected is one it just joined.
                told = {key: value for key, value in payload.items() if (event, key) != ("GUILD_CREATE", "unavailable")}
                session.dispatch(event, self._as_seen_by(session, event, told))

    def _concerns(self, session: Session, event: str, payload: Mapping[str, Any]) -> bool:
        gate = intents.required_intent(event, payload)
        if gate is not None and not getattr(session.intents, gate):
            return False
        guild_id = payload.get("guild_id")
        if guild_id is None and event in ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"):
            guild_id = payload["id"]
        return _shard_of(guild_id, session.shard_count) == session.shard_id

    def _as_seen_by(self, session: Session, event: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        seen: dict[str, Any] = self._world.completed(payload)
        bot_id = self._world.bot_user.id
        if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and not session.intents.message_content:
            intents.censor_message(seen, bot_id, backend=self._world)
        if event == "GUILD_CREATE":
            intents.prune_guild_create(seen, session.intents, bot_id)
            seen["threads"] = [thread for thread in seen["threads"] if not thread["thread_metadata"]["archived"]]
        return seen

    # -------------------------------------------------------------- connections

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket from HELLO to its end."""
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write())
        connection.send(Op.HELLO, {"heartbeat_interval": round(self._heartbeat_interval * 1000)})
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                code = self._answer(connection, message.data)
                if code is not None:
                    await socket.close(code=code)
        finally:
            writer.cancel()
            self._connections.discard(connection)
            session = self._session_of(connection)
            if session is not None:
                session.connection = None
                if socket.close_code in (1000, 1001):
                    # A bot that says goodbye ends its session.
                    self.sessions.pop(session.id, None)
            self._changes.tell()
        return socket

    def _answer(self, connection: Connection, text: str) -> Close | None:
        """Handle what the bot said. Returns the code to close with, if it did something wrong."""
        try:
            message = json.loads(text)
            op, data = message["op"], message.get("d")
        except (ValueError, KeyError, TypeError):
            return Close.DECODE_ERROR
        if op == Op.HEARTBEAT:
            self.heartbeats += 1
            connection.send(Op.HEARTBEAT_ACK)
            return None
        if op == Op.IDENTIFY:
            return self._identify(connection, data)
        if op == Op.RESUME:
            return self._resume(connection, data)
        return None if self._session_of(connection) is not None else Close.NOT_AUTHENTICATED

    def _identify(self, connection: Connection, data: dict[str, Any]) -> Close | None:
        if self._session_of(connection) is not None:
            return Close.ALREADY_AUTHENTICATED
        if data["token"] != self._token:
            return Close.AUTHENTICATION_FAILED
        if data["intents"] & PRIVILEGED and not self._privileged:
            return Close.DISALLOWED_INTENTS
        shard_id, shard_count = data.get("shard") or (0, 1)
        if not 0 <= shard_id < shard_count:
            return Close.INVALID_SHARD
        declared = discord.Intents.none()
        declared.value = data["intents"]
        session = Session(secrets.token_hex(16), shard_id, shard_count, declared, connection=connection)
        self.sessions[session.id] = session
        world = self._world
        guilds = [guild for guild in world.guilds.values() if _shard_of(guild.id, shard_count) == shard_id]
        ready = {
            "v": 10,
            "user": serializers.user_payload(world.bot_user),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [shard_id, shard_count],
            "application": {"id": str(world.application_id), "flags": 0},
        }
        session.dispatch("READY", ready)
        for guild in guilds:
            payload = serializers.guild_create_payload(world, guild)
            session.dispatch("GUILD_CREATE", self._as_seen_by(session, "GUILD_CREATE", payload))
        self.identified += 1
        self._changes.tell()
        return None

    def _resume(self, connection: Connection, data: dict[str, Any]) -> Close | None:
        if data["token"] != self._token:
            return Close.AUTHENTICATION_FAILED
        session = self.sessions.get(data["session_id"])
        missed = session.missed_since(data["seq"]) if session is not None else None
        if session is None or missed is None:
            connection.send(Op.INVALID_SESSION, False)
            return None
        session.connection = connection
        for text in missed:
            connection.outgoing.put_nowait(text)
        session.dispatch("RESUMED", {})
        self.resumed += 1
        self._changes.tell()
        return None

    def _session_of(self, connection: Connection) -> Session | None:
        return next((session for session in self.sessions.values() if session.connection is connection), None)

    # ---------------------------------------------------------------- on request

    def drop(self) -> None:
        """Cut every connection; the sessions stay, to be resumed."""
        for connection in list(self._connections):
            session = self._session_of(connection)
            if session is not None:
                session.connection = None
            connection.drop()

    def ask_to_reconnect(self) -> None:
        """Ask every bot to connect again and resume, as Discord does before it moves a gateway."""
        for session in self.connected:
            assert session.connection is not None
            session.connection.send(Op.RECONNECT)

    def invalidate(self, resumable: bool) -> None:
        """Tell every bot that its session is invalid: to be resumed, or to begin anew."""
        for session in self.connected:
            assert session.connection is not None
            session.connection.send(Op.INVALID_SESSION, resumable)
            if not resumable:
                session.connection = None
                self.sessions.pop(session.id)

    async def close(self) -> None:
        """End every connection."""
        for connection in list(self._connections):
            await connection.socket.close(code=1001)
            connection.drop()


def _shard_of(guild_id: str | int | None, shard_count: int) -> int:
    return (int(guild_id) >> 22) % shard_count if guild_id is not None else 0
