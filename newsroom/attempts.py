"""Attempts to send a message: when to send, when to look first whether it arrived, how long to wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from newsroom.models import DeliveryState

# Discord forgets a nonce after "a few minutes"; a minute is surely inside.
NONCE_WINDOW = timedelta(seconds=60)

# The machine's clock and Discord's need not agree: a look into a channel goes back a little further.
CLOCK_SLACK = timedelta(minutes=2)

# An attempt is over after this at the latest, whatever Discord does: finding the place, a look, a card and a plainer
# card have limits in posting that add up to less.
LONGEST_ATTEMPT = timedelta(minutes=5)

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=5)


class Step(StrEnum):
    """What to do with a message now."""

    SEND = "send"
    LOOK_FIRST = "look first"


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after this many attempts in vain: twice as long each time, within bounds."""
    doublings = min(max(attempts - 1, 0), 20)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def look_between(attempted_at: datetime, due_at: datetime) -> tuple[datetime, datetime]:
    """Return between which times a message may have arrived that was first tried at ``attempted_at``.

    A row that stands at sending was due again, at ``due_at``, only after its last attempt, or else when that began.
    """
    return attempted_at - CLOCK_SLACK, due_at + LONGEST_ATTEMPT + CLOCK_SLACK


def repeat_until(step: Step, first_try_here: datetime | None) -> datetime | None:
    """Return until when a send may be repeated under its nonce; None for a first try, or where a look comes first."""
    return first_try_here + NONCE_WINDOW if first_try_here and step is Step.SEND else None


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
