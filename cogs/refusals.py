"""What an error of a request to Discord means: its verdict, and in words that an admin can act on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import discord

from newsroom.desk.refusals import Verdict, in_words, may_have_arrived, verdict
from newsroom.network import is_network_error, never_connected

log = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(days=1)  # the longest a rate limit can make anything wait
PAUSE_AFTER_BLOCK = timedelta(minutes=10)  # of everything that a refusal goes for

# discord.py repeats a request by itself after some errors, at the earliest a second later. An attempt that took
# as long may have left something in the channel, however it ended.
SURELY_ONE_REQUEST = timedelta(seconds=1)

SLOWED_DOWN = "Discord asks me to slow down: I go on by myself."
UNREACHABLE = "Discord can't be reached: I go on by myself."


def is_page(error: discord.HTTPException) -> bool:
    """Whether the answer came from something in front of Discord, which answers with a page instead of JSON."""
    return error.code == 0 and error.text.lstrip()[:1] == "<"


def meaning_of(error: discord.HTTPException) -> tuple[Verdict, str]:
    """Return what a refusal means, and that in words."""
    html, via = is_page(error), "Via" in error.response.headers
    code = code_of(error)
    return verdict(error.status, code, html=html, via=via), in_words(error.status, code, html=html, via=via)


def code_of(error: discord.HTTPException) -> int:
    """Return Discord's own code of an error, 0 without one."""
    return error.code if isinstance(error.code, int) else 0


def wait_of(error: discord.RateLimited) -> timedelta:
    """Return how long a rate limit asks us to wait."""
    return timedelta(seconds=min(error.retry_after, LONGEST_WAIT.total_seconds()))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was not sent, in words. ``uncertain``: as far as the error tells, it may have arrived all the same.

    ``meaning`` and ``code`` are set where Discord refused it, ``wait`` is how long Discord asks us to wait.
    """

    reason: str
    uncertain: bool = False
    meaning: Verdict | None = None
    code: int = 0
    wait: timedelta | None = None


def failure_of(error: Exception, doing: str) -> Failure:
    """Read an error of sending; what nobody foresaw is logged, with what we were ``doing`` ("sending a poll")."""
    if isinstance(error, discord.HTTPException):
        meaning, reason = meaning_of(error)
        return Failure(reason, may_have_arrived(error.status), meaning, code_of(error))
    if isinstance(error, discord.RateLimited):
        return Failure(SLOWED_DOWN, wait=wait_of(error))
    if not is_network_error(error):
        log.error("an odd failure while %s", doing, exc_info=error)
    return Failure(UNREACHABLE, uncertain=not never_connected(error))


class Rest:
    """The rest that a refusal asks for which goes for everything that we send. ``what`` rests is for the log."""

    def __init__(self, what: str, now: Callable[[], datetime]) -> None:
        self._what = what
        self._now = now
        self._until: datetime | None = None

    @property
    def is_on(self) -> bool:
        return self._until is not None and self._now() < self._until

    def heed(self, meaning: Verdict | None, reason: str) -> None:
        """Rest, if that is what a refusal means."""
        if meaning in (Verdict.STOP, Verdict.PAUSE_ALL):
            self._until = self._now() + PAUSE_AFTER_BLOCK
            log.error("%s until %s: %s", self._what, self._until, reason)
