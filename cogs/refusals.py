"""What an error of a request to Discord means: its verdict, and in words that an admin can act on."""

from __future__ import annotations

from datetime import timedelta

import discord

from newsroom.desk.refusals import Verdict, in_words, verdict

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
