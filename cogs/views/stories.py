"""What moderators see of a story: why it is here, its side, its team poll, and what they can do about each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord.utils import format_dt

from cogs.views.buttons import Lasting
from cogs.views.cards import origin_text
from cogs.views.panels import Reply, bold
from newsroom.desk.story_desk import ManagedStory
from newsroom.models import Camp, PollState
from newsroom.text import clean, shorten

POLL_TEMPLATE: Final = r"story-poll:(?P<what>start|stop):(?P<message_id>\d{1,19})"
SIDE_TEMPLATE: Final = r"story-side:(?P<message_id>\d{1,19})"
SPLIT_TEMPLATE: Final = r"story-split:(?P<message_id>\d{1,19})"
MERGE_TEMPLATE: Final = r"story-merge:(?P<message_id>\d{1,19})"
DOWN_TEMPLATE: Final = r"story-down(?P<sure>!)?:(?P<message_id>\d{1,19})"

MOST_OPTIONS: Final = 25
OPTION: Final = 100

SIDES: Final = {
    Camp.OPEN: "It is about open source",
    Camp.PROPRIETARY: "It is about proprietary AI",
    Camp.BOTH: "It is about both sides",
    Camp.NEITHER: "It is about neither side",
}


def manage_panel(story: ManagedStory, note: str = "") -> Reply:
    """The panel behind the message command Manage story; ``note`` says what was just done."""
    lines = [note] if note else []
    lines.append(f"### {bold(story.headline, or_else='A story without a headline')}")
    posted = f"Posted {format_dt(story.posted_at, 'f')}" if story.posted_at else "Posted"
    lines.append(f"{posted} in <#{story.channel_id}>, because that channel gets the feed.")
    lines.append(origin_text(story.origin))
    lines.append(_poll(story))
    view = Lasting()
    is_open = story.poll is not None and story.poll.state is PollState.OPEN
    if story.poll is None or is_open:
        label = "Stop the team poll" if is_open else "Start the team poll"
        what = "stop" if is_open else "start"
        view.add_item(_button(label, f"story-poll:{what}:{story.message_id}"))
    view.add_item(_button("Take down", f"story-down:{story.message_id}", discord.ButtonStyle.danger))
    camp = story.origin.camp if story.origin else None
    options = [
        discord.SelectOption(label=label, value=str(side), default=side is camp) for side, label in SIDES.items()
    ]
    view.add_item(
        discord.ui.Select(
            placeholder="Correct the side", custom_id=f"story-side:{story.message_id}", options=options, row=1
        )
    )
    if story.others:
        told = [(article.id, article.title, source) for article, source in story.others[:MOST_OPTIONS]]
        view.add_item(_stories("Split off…", f"story-split:{story.message_id}", told, row=2))
    if story.near:
        alike = [(other.message_id, other.headline, other.source) for other in story.near[:MOST_OPTIONS]]
        view.add_item(_stories("Merge with…", f"story-merge:{story.message_id}", alike, row=3))
    return Reply("\n".join(lines), view)


def sure_to_take_down(story: ManagedStory) -> Reply:
    """Ask whether a story shall go, since nothing brings it back."""
    view = Lasting()
    danger = discord.ButtonStyle.danger
    view.add_item(_button("Take it down", f"story-down!:{story.message_id}", danger))
    text = f"{bold(story.headline, or_else='The story')} goes from <#{story.channel_id}> for good"
    ends = story.poll is not None and story.poll.state is PollState.OPEN
    return Reply(f"{text}, and its team poll with its last card." if ends else f"{text}.", view)


def _poll(story: ManagedStory) -> str:
    poll = story.poll
    if poll is None:
        if not story.settings.story_polls:
            why = "This server wants none by themselves (`/poll settings`)."
        elif story.strong:
            why = "Its headline would earn one; today's were given out, or it was night."
        else:
            why = "Its headline alone doesn't earn one. A second feed with the same story would, or you."
        return f"**Team poll:** none. {why}"
    if poll.state is PollState.CLOSED:
        return "**Team poll:** closed. `/poll reopen` lets votes in again."
    until = f", closes {format_dt(poll.closes_at, 'R')}" if poll.closes_at else ""
    return f"**Team poll:** open{until}, " + ("opened by itself." if poll.automatic else "started by a moderator.")


def _stories(
    placeholder: str, custom_id: str, stories: Sequence[tuple[int, str, str]], *, row: int
) -> discord.ui.Select[Any]:
    """A menu of stories, each given by its value, its headline and its source."""
    options = [
        discord.SelectOption(
            label=shorten(clean(headline), OPTION) or "A story without a headline",
            description=shorten(clean(source), OPTION) or None,
            value=str(value),
        )
        for value, headline, source in stories
    ]
    return discord.ui.Select(placeholder=placeholder, custom_id=custom_id, options=options, row=row)


def _button(
    label: str, custom_id: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary
) -> discord.ui.Button[Any]:
    return discord.ui.Button(label=label, custom_id=custom_id, style=style)
