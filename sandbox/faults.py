"""What can go wrong on the way to Discord, on request: errors, lost answers, requests that hang."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sandbox.changes import Changes


class Lost(Exception):
    """The connection closes without an answer; with ``reset``, it is torn down."""

    def __init__(self, *, reset: bool = False) -> None:
        self.reset = reset


@dataclass
class Fault:
    """One kind of trouble for the next ``times`` matching requests (None: until stopped).

    ``path`` is matched segment by segment, ``*`` standing for any one: ``/channels/*/messages``.
    """

    method: str
    path: str
    times: int | None
    hits: int = 0

    def stop(self) -> None:
        """Trouble no further request."""
        self.times = 0

    def fits(self, method: str, path: str) -> bool:
        """Whether this is such a request."""
        return self.method in (method, "*") and bool(_pattern(self.path).fullmatch(path.strip("/")))

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is to be troubled; counts it if so."""
        if self.times == 0 or not self.fits(method, path):
            return False
        self.hits += 1
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class Failure(Fault):
    """An error instead of the answer; see :meth:`Faults.fail`."""

    status: int = 503
    code: int = 0
    message: str = "Injected by the sandbox"
    html: bool = False
    retry_after: float | None = None
    via: bool = True
    is_global: bool = False
    carried_out: bool = False


@dataclass
class LostAnswer(Fault):
    """The request is carried out, and nobody hears of it."""


@dataclass
class Reset(Fault):
    """The connection is reset before the request is carried out."""


@dataclass
class DroppedEvents:
    """Gateway events that no bot hears of: every ``every``-th of those named ``event``."""

    event: str
    every: int
    times: int | None
    seen: int = 0
    hits: int = 0

    def stop(self) -> None:
        """Drop no further event."""
        self.times = 0

    def strikes(self, event: str) -> bool:
        """Whether this event is to be dropped; counts it."""
        if self.times == 0 or event != self.event:
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.hits += 1
        if self.times is not None:
            self.times -= 1
        return True


class Hold(Fault):
    """Requests that hang until the test says how they end."""

    def __init__(
        self, method: str, path: str, times: int | None, when: Literal["before", "after"], changes: Changes
    ) -> None:
        super().__init__(method, path, times)
        self.when = when
        self._changes = changes
        self._lost = False
        self._over = asyncio.Event()

    async def reached(self, count: int = 1, timeout: float = 20) -> None:
        """Wait until ``count`` requests have come this far."""
        await self._changes.until(lambda: self.hits >= count, f"{self.method} {self.path} to be held", timeout)

    def release(self) -> None:
        """Let the held requests go on, and hold no further ones."""
        self.stop()
        self._over.set()

    def drop(self) -> None:
        """Close the connections of the held requests without an answer, and hold no further ones."""
        self._lost = True
        self.release()

    async def wait(self) -> None:
        """Hang. Raises Lost when the connection is to be closed."""
        self._changes.tell()
        await self._over.wait()
        if self._lost:
            raise Lost


class Faults:
    """The list of troubles to come, in the order in which they were asked for."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._faults: list[Fault] = []
        self._holds: list[Hold] = []
        self._drops: list[DroppedEvents] = []

    def fail(
        self,
        method: str,
        path: str,
        *,
        status: int = 503,
        times: int | None = 1,
        code: int = 0,
        message: str = "Injected by the sandbox",
        html: bool = False,
        retry_after: float | None = None,
        via: bool = True,
        is_global: bool = False,
        carried_out: bool = False,
    ) -> Failure:
        """Answer with an error, before the request is carried out or (``carried_out``) after it was.

        ``html`` sends a page as a proxy in front of Discord does, ``via=False`` leaves out the header by
        which a 429 shows that it is Discord's own. ``retry_after`` is in seconds, for a 429.
        """
        failure = Failure(method, path, times, 0, status, code, message, html, retry_after, via, is_global, carried_out)
        self._faults.append(failure)
        return failure

    def lose_answer(self, method: str, path: str, *, times: int | None = 1) -> LostAnswer:
        """Carry the request out, then close the connection without an answer."""
        lost = LostAnswer(method, path, times)
        self._faults.append(lost)
        return lost

    def reset(self, method: str, path: str, *, times: int | None = 1) -> Reset:
        """Reset the connection, and don't carry the request out."""
        reset = Reset(method, path, times)
        self._faults.append(reset)
        return reset

    def hold(
        self, method: str, path: str, *, when: Literal["before", "after"] = "before", times: int | None = 1
    ) -> Hold:
        """Let the request hang before it is carried out, or after that but before its answer."""
        hold = Hold(method, path, times, when, self._changes)
        self._faults.append(hold)
        self._holds.append(hold)
        return hold

    def drop_events(self, event: str, *, every: int = 1, times: int | None = None) -> DroppedEvents:
        """Keep events of this name from the bot, all or every second, third, ... of them; :meth:`stop` ends that.

        They happened all the same: who asks Discord learns of them, who resumes a session does not.
        """
        dropped = DroppedEvents(event, every, times)
        self._drops.append(dropped)
        return dropped

    def drops(self, event: str) -> bool:
        """Whether the bot is not to hear of this event."""
        return any([each.strikes(event) for each in self._drops])

    def of(self, method: str, path: str) -> list[Fault]:
        """The troubles this request is in for: at most one of each kind."""
        struck: list[Fault] = []
        for fault in self._faults:
            if not any(type(fault) is type(other) for other in struck) and fault.strikes(method, path):
                struck.append(fault)
        self._faults = [fault for fault in self._faults if fault.times != 0]
        return struck

    def end(self) -> None:
        """Let nothing hang any longer: whatever is held is lost."""
        for hold in self._holds:
            hold.drop()
        self._faults.clear()
        self._drops.clear()


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("/".join(re.escape(part).replace(r"\*", "[^/]*") for part in path.strip("/").split("/")))
