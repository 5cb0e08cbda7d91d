"""What Discord's refusals mean for the cards that wait: one table, by Discord's own error code.

Source: Discord's developer documentation, topics/opcodes-and-status-codes (HTTP response codes, JSON error codes)
and topics/rate-limits (invalid requests, Cloudflare bans).
"""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What to do after a refusal."""

    SUSPEND = "suspend"
    """Suspend the news channel and keep its backlog: only an admin can help. (Publishing alone fails for good.)"""
    FORGET = "forget"
    """Forget this message: it was deleted by hand and stays deleted."""
    DONE = "done"
    """What was asked for stands already."""
    PLAINER = "plainer"
    """Try this one once more as a plain link card, then quarantine it; the others are untouched."""
    LATER = "later"
    """Try again after a while, in order."""
    STOP = "stop"
    """Stop all sending and tell the operator: the token or the account is refused."""
    PAUSE_ALL = "pause all"
    """Pause all sending for a while: the refusal came from Discord's edge and goes for everything we send."""


CANNOT_LOOK = -1
"""Stands among Discord's codes for a refusal of our own: we may not read there what arrived."""

GONE = frozenset({10003})
"""Codes of channels that nothing brings back."""

_BY_CODE: dict[int, tuple[Verdict, str]] = {
    # The news channel: what an admin can change.
    10003: (Verdict.SUSPEND, "This channel is gone, or I was never shown it: choose another one for the news."),
    10004: (Verdict.SUSPEND, "I am no longer on this server: invite me again."),
    10087: (Verdict.SUSPEND, "The tag for my posts is gone from this forum: choose another one."),
    40058: (Verdict.SUSPEND, "This channel is a forum now and takes posts only: add it again as a news channel."),
    40066: (Verdict.SUSPEND, "All tags of this forum are for moderators only: open one of them for my posts."),
    40067: (Verdict.SUSPEND, "This forum asks for a tag on each post: choose one for mine."),
    50001: (Verdict.SUSPEND, "I can't see this channel any more: give me View Channel."),
    50008: (Verdict.SUSPEND, "This channel takes no text: choose another one for the news."),
    50009: (Verdict.SUSPEND, "This server's verification level keeps me out: let my role write here."),
    50013: (Verdict.SUSPEND, "I may not write in this channel any more: give me Send Messages and Embed Links."),
    50024: (Verdict.SUSPEND, "That can't be done in this kind of channel: choose another one for the news."),
    50055: (Verdict.SUSPEND, "I am no longer on this server: invite me again."),
    50083: (Verdict.SUSPEND, "This thread is archived and I can't open it: open it again."),
    50095: (Verdict.SUSPEND, "Discord doesn't offer this server where I run: choose another place for the news."),
    60003: (Verdict.SUSPEND, "This server asks for two-factor login: whoever runs me must turn it on for my account."),
    160005: (Verdict.SUSPEND, "This thread is locked: unlock it, or choose another place for the news."),
    # This one message.
    10008: (Verdict.FORGET, "The message was deleted, so I leave it alone."),
    40033: (Verdict.DONE, "The message is published already."),
    20009: (Verdict.PLAINER, "Discord takes this story for explicit content."),
    20031: (Verdict.PLAINER, "This headline holds words that Discord doesn't allow."),
    200000: (Verdict.PLAINER, "AutoMod of this server blocks this story."),
    200001: (Verdict.PLAINER, "AutoMod of this server blocks this headline."),
    240000: (Verdict.PLAINER, "Discord takes a link of this story for harmful."),
    400001: (Verdict.PLAINER, "Discord takes no files on this server at the moment."),
    # Patience.
    20016: (Verdict.LATER, "Slow mode holds me back here: I go on by myself."),
    20022: (Verdict.LATER, "Too many edits of announcements in a short time: I go on by myself."),
    20028: (Verdict.LATER, "Too many messages in this channel in a short time: I go on by myself."),
    20029: (Verdict.LATER, "Too many messages on this server in a short time: I go on by myself."),
    30046: (Verdict.LATER, "Too many edits of older messages in a short time: I go on by myself."),
    40004: (Verdict.LATER, "Discord takes no messages at the moment: I go on by myself."),
    40006: (Verdict.LATER, "Discord has turned this off for the moment: I go on by myself."),
    40062: (Verdict.LATER, "Discord asks me to slow down: I go on by myself."),
    110001: (Verdict.LATER, "Discord isn't ready for me yet: I go on by myself."),
    130000: (Verdict.LATER, "Discord is overloaded: I go on by myself."),
    160006: (Verdict.LATER, "This server has as many active threads as Discord allows: archive some of them."),
    160007: (Verdict.LATER, "This server has as many active announcement threads as Discord allows: archive some."),
    # The bot as a whole.
    40001: (Verdict.STOP, "Discord refuses my token: whoever runs me must set a new DISCORD_TOKEN."),
    40002: (Verdict.STOP, "Discord wants my account verified: whoever runs me must do that."),
    50014: (Verdict.STOP, "Discord refuses my token: whoever runs me must set a new DISCORD_TOKEN."),
    50041: (Verdict.STOP, "Discord doesn't know this version of its API: whoever runs me must check DISCORD_API_URL."),
    40333: (Verdict.PAUSE_ALL, "Discord blocks the machine I run on for the moment: I go on by myself."),
}

_BY_VERDICT: dict[Verdict, str] = {
    Verdict.SUSPEND: "Discord doesn't let me post in this channel: check my permissions here.",
    Verdict.FORGET: "The message was deleted, so I leave it alone.",
    Verdict.DONE: "That is done already.",
    Verdict.PLAINER: "Discord doesn't accept this story as a message.",
    Verdict.LATER: "Discord can't take this at the moment: I go on by myself.",
    Verdict.STOP: "Discord refuses my token: whoever runs me must set a new DISCORD_TOKEN.",
    Verdict.PAUSE_ALL: "Discord blocks the machine I run on for the moment: I go on by myself.",
}


def verdict(status: int, code: int, *, html: bool = False, via: bool = True) -> Verdict:
    """Say what a refusal means. Total: what the table doesn't know goes by its HTTP status.

    ``status`` is the HTTP status, ``code`` Discord's JSON error code (0 without one). ``html`` tells that the body
    was no JSON; ``via`` whether the answer had a Via header, without which a 429 comes from Discord's edge.
    """
    if may_have_arrived(status):
        return Verdict.LATER
    if html or (status == 429 and not via):
        return Verdict.PAUSE_ALL
    if status == 401:
        return Verdict.STOP
    if code in _BY_CODE:
        return _BY_CODE[code][0]
    if status == 429:
        return Verdict.LATER
    if status in (403, 404):
        return Verdict.SUSPEND
    return Verdict.PLAINER


def may_have_arrived(status: int) -> bool:
    """Whether the message may stand in the channel although the answer was an error: look before sending again."""
    return status >= 500


def in_words(status: int, code: int, *, html: bool = False, via: bool = True) -> str:
    """Say it in one plain sentence that an admin can act on."""
    meaning = verdict(status, code, html=html, via=via)
    known, sentence = _BY_CODE.get(code, (None, ""))
    return sentence if known is meaning else _BY_VERDICT[meaning]
