"""What goes wrong between the bot and Discord in a storm: at random, all kinds mixed, counted as they hit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.faults import Fault
    from sandbox.server import Sandbox
    from sandbox.shown import HasId

SEND, POST, LOOK = ("POST", "/channels/*/messages"), ("POST", "/channels/*/threads"), ("GET", "/channels/*/messages")
OPEN_POSTS, DRAW = ("GET", "/guilds/*/threads/active"), ("PATCH", "/channels/*/messages/*")
PUBLISH, DOOR = ("POST", "/channels/*/messages/*/crosspost"), ("GET", "/gateway-socket")
# What goes wrong again and again in one place keeps its story waiting for minutes, and nothing else happens there.
REQUESTS, HOW_OFTEN = (SEND, POST, LOOK, OPEN_POSTS, DRAW, PUBLISH), (20, 3, 4, 2, 1, 1)
RESUMABLE, ANEW = True, False
PERMISSIONS = ("send_messages", "view_channel", "read_message_history")


class Weather:
    """Troubles for one sandbox. Times are in seconds."""

    def __init__(self, sandbox: Sandbox, random: Random) -> None:
        self._sandbox = sandbox
        self._random = random
        self._faults: list[tuple[str, Fault]] = []
        self._events: Counter[str] = Counter()
        self._kinds: dict[Callable[[], None], int] = {
            self._lose_answer: 40,
            self._reset: 24,
            self._fail: 48,
            self._slow_down: 20,
            self._slow_down_all: 8,
            self._slow_down_for_long: 2,
            self._show_a_page: 1,
            self._cut_gateway: 8,
            self._invalidate: 4,
        }

    @property
    def counts(self) -> Counter[str]:
        """How often each kind of trouble has hit the bot."""
        hits = Counter(self._events)
        for kind, fault in self._faults:
            hits[kind] += fault.hits
        return +hits

    async def strike(self, calm: float) -> None:
        """Let one trouble follow the other, for ever, ``calm`` apart on average."""
        while True:
            await asyncio.sleep(self._random.uniform(0, 2 * calm))
            (kind,) = self._random.choices(list(self._kinds), list(self._kinds.values()))
            kind()

    async def go_away(self, calm: float, longest: float) -> None:
        """Have Discord refuse every connection, again and again."""
        while True:
            await asyncio.sleep(self._random.uniform(0, 2 * calm))
            self._events["outage"] += 1
            async with self._sandbox.outage():
                await asyncio.sleep(self._random.uniform(0, longest))

    async def close_channels(self, channels: Callable[[], list[HasId]], calm: float, longest: float) -> None:
        """Take a permission away in one of the channels there are, give it back, and so on."""
        while True:
            await asyncio.sleep(self._random.uniform(0, 2 * calm))
            channel, permission = self._random.choice(channels()), self._random.choice(PERMISSIONS)
            self._events[f"{permission} taken"] += 1
            self._sandbox.set_bot_permissions(channel, **{permission: False})
            try:
                await asyncio.sleep(self._random.uniform(0, longest))
            finally:
                if channel.id in self._sandbox.world.channels:
                    self._sandbox.set_bot_permissions(channel, **{permission: None})

    # ------------------------------------------------------------------- kinds

    def _lose_answer(self) -> None:
        method, path = self._request()
        self._note("answer lost", self._sandbox.faults.lose_answer(method, path, times=self._times()))

    def _reset(self) -> None:
        method, path = self._request()
        self._note("connection reset", self._sandbox.faults.reset(method, path, times=self._times()))

    def _fail(self) -> None:
        method, path = self._request()
        status = self._random.choice((500, 502, 503, 504))
        done = self._random.random() < 0.5
        fault = self._sandbox.faults.fail(method, path, status=status, times=self._times(), carried_out=done)
        self._note(f"{status}{' though done' if done else ''}", fault)

    def _show_a_page(self) -> None:
        self._note("page of a 503", self._sandbox.faults.fail(*SEND, status=503, html=True))

    def _slow_down(self) -> None:
        method, path = self._request()
        wait = self._random.uniform(0.1, 4)
        fault = self._sandbox.faults.fail(method, path, status=429, times=self._times(), retry_after=wait)
        self._note("429 of a channel", fault)

    def _slow_down_all(self) -> None:
        method, path = self._request()
        wait = self._random.uniform(0.1, 4)
        self._note("429 of all", self._sandbox.faults.fail(method, path, status=429, retry_after=wait, is_global=True))

    def _slow_down_for_long(self) -> None:
        """Ask for more patience than the library has been given."""
        self._note("long 429", self._sandbox.faults.fail(*SEND, status=429, retry_after=self._random.uniform(31, 45)))

    def _cut_gateway(self) -> None:
        if not self._sandbox.gateway.connected:
            return
        # Rarely, because the library waits longer after each refusal, and a bot that waits is in no danger.
        if self._random.random() < 0.2:
            self._note("gateway refused", self._sandbox.faults.fail(*DOOR, status=503))
        self._events["gateway cut"] += 1
        self._sandbox.drop_gateway()

    def _invalidate(self) -> None:
        if self._sandbox.gateway.connected:
            resumable = self._random.choice((RESUMABLE, ANEW))
            self._events["session invalid" + (", to resume" if resumable else "")] += 1
            self._sandbox.invalidate_session(resumable)

    def _request(self) -> tuple[str, str]:
        ((method, path),) = self._random.choices(REQUESTS, HOW_OFTEN)
        return method, path

    def _times(self) -> int:
        return self._random.choice((1, 1, 1, 2, 3))

    def _note(self, kind: str, fault: Fault) -> None:
        self._faults.append((kind, fault))
