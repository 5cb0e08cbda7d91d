"""Attempts to send a message: when to send, when to look first whether it arrived, how long to wait.

An attempt is *sent*, *surely not sent* or *uncertain*. A row that stands at ``sending`` in nobody's hands may
have reached its channel: this process may repeat it within Discord's nonce window if it knows the attempt;
otherwise, as after a crash, somebody has to look in the channel first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from newsroom.models import Alert, Delivery, DeliveryState, Digest, PollMessage, Recap, Remark

# Discord forgets a nonce after "a few minutes"; a minute is surely inside.
NONCE_WINDOW = timedelta(seconds=60)

# The machine's clock and Discord's need not agree: a look into a channel goes back a little further.
CLOCK_SLACK = timedelta(minutes=2)

# An attempt is over after this at the latest, whatever Discord does: finding the place, a look, a card and a plainer
# card have limits in posting that add up to less.
LONGEST_ATTEMPT = timedelta(minutes=5)

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=5)

# What is sent in attempts: each of these rows tells how its own went.
Sendable = Delivery | Digest | Alert | PollMessage | Remark | Recap


class Step(StrEnum):
    """What to do with a message now."""

    SEND = "send"
    LOOK_FIRST = "look first"


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after this many attempts in vain: twice as long each time, within bounds."""
    doublings = min(max(attempts - 1, 0), 20)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def next_step(state: DeliveryState, first_try_here: datetime | None, now: datetime, *, has_nonce: bool = True) -> Step:
    """Decide between sending and looking first.

    ``first_try_here`` is when this process first tried, None if it never did. Without a nonce, as in a forum, a second
    attempt always looks first.
    """
    if state is DeliveryState.PENDING:
        return Step.SEND
    if not has_nonce or first_try_here is None or now - first_try_here >= NONCE_WINDOW:
        return Step.LOOK_FIRST
    return Step.SEND


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a message is sent this time.

    ``attempted_at`` is when the first attempt began that may have reached the channel. A look into it has to cover
    ``look_since`` to ``look_until``: no attempt can have left the message at another time. ``repeat_until`` is set when
    this repeats an attempt: by then it must be over, while Discord still knows the nonce.
    """

    step: Step
    attempted_at: datetime
    look_since: datetime
    look_until: datetime
    repeat_until: datetime | None


class Tries:
    """What one process remembers of messages that may have arrived: when it first tried to send each of them."""

    def __init__(self) -> None:
        self._first: dict[int, datetime] = {}

    def plan(self, row: Sendable, now: datetime, *, has_nonce: bool = True) -> Attempt:
        """Decide how a row is sent that is taken in hand now."""
        first_try = self._first.get(row.id)
        step = next_step(row.state, first_try, now, has_nonce=has_nonce)
        attempted_at = row.attempted_at or now
        return Attempt(
            step=step,
            attempted_at=attempted_at,
            look_since=attempted_at - CLOCK_SLACK,
            # A row that stands at sending was due again only after its last attempt, or else when that began.
            look_until=row.due_at + LONGEST_ATTEMPT + CLOCK_SLACK,
            repeat_until=first_try + NONCE_WINDOW if first_try and step is Step.SEND else None,
        )

    def began(self, row: Sendable, attempt: Attempt, now: datetime) -> None:
        """Note an attempt, once its row says that it stands at sending."""
        if attempt.step is Step.SEND:
            self._first.setdefault(row.id, now)

    def looked(self, row: Sendable, now: datetime) -> None:
        """Note that the message is not in its channel: what is sent now is a first try again."""
        self._first[row.id] = now

    def forget(self, row: Sendable) -> None:
        self._first.pop(row.id, None)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message in the hands of whoever sends it. By the nonce Discord tells a repeated one."""

    attempt: Attempt
    nonce: str

    @property
    def step(self) -> Step:
        return self.attempt.step

    @property
    def look_since(self) -> datetime:
        return self.attempt.look_since

    @property
    def look_until(self) -> datetime:
        return self.attempt.look_until

    @property
    def repeat_until(self) -> datetime | None:
        return self.attempt.repeat_until

    def patience(self, longest: float, now: datetime) -> float:
        """Return for how many seconds an answer is waited for: ``longest``, or as long as the nonce still holds."""
        return longest if self.repeat_until is None else min(longest, (self.repeat_until - now).total_seconds())


def not_sent(
    row: Sendable, reason: str, now: datetime, wait: timedelta | None = None, *, uncertain: bool = False
) -> dict[str, Any]:
    """Return what to write down of an attempt in vain: it is due again after ``wait``, or what ``wait_after`` says.

    Unless this attempt or an earlier one may have left the message there, surely nothing stands in the channel.
    """
    due_at = now + (wait if wait is not None else wait_after(row.attempts + 1))
    values: dict[str, Any] = {"due_at": due_at, "reason": reason}
    if not uncertain and row.attempted_at is None:
        values |= {"state": DeliveryState.PENDING, "attempted_at": None}
    return values
