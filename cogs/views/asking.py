"""What moderators see who ask: forms, lists of polls and repeats, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import discord
from discord.utils import format_dt

from cogs.views import markdown
from cogs.views.panels import PATIENCE, Pages, Reply, bold
from newsroom.models import GuildSettings, Poll, PollState, PollStyle, Repeat, ShownPoll, Visibility
from newsroom.text import clean, count, shorten
from newsroom.votes.asking import QUESTION, team_question, write_choices
from newsroom.votes.schedule import in_words

POLL_FORM: Final = "poll-form"
EDIT_FORM: Final = "poll-edit"
SHORT: Final = 100


class PollQuestions(discord.ui.Modal):
    """Asks for a new poll; everything may stay empty, and then it asks for the teams."""

    def __init__(self) -> None:
        super().__init__(title="Start a poll", custom_id=POLL_FORM, timeout=PATIENCE)
        self._text("question", "Question", "Left out: which team?", QUESTION)
        self._text("choices", "Choices", "2 to 10, with | between them. Left out: the teams", 1000)
        self._text(
            "duration", "How long", 'Like "2h", "3 days", "until friday 18:00" or "none"; 24h if left out', SHORT
        )
        visibility = discord.ui.RadioGroup[Any](
            custom_id="visibility",
            required=False,
            options=[
                discord.RadioGroupOption(label="Private: nobody sees who voted what", value="anonymous", default=True),
                discord.RadioGroupOption(label="Public: everybody does", value="public"),
            ],
        )
        self.add_item(discord.ui.Label(text="Votes are", component=visibility))
        results = discord.ui.RadioGroup[Any](
            custom_id="results",
            required=False,
            options=[
                discord.RadioGroupOption(label="Always", value="live", default=True),
                discord.RadioGroupOption(label="To those who have voted", value="after_vote"),
                discord.RadioGroupOption(label="When the poll is closed", value="after_close"),
            ],
        )
        self.add_item(discord.ui.Label(text="The result is shown", component=results))

    def _text(self, name: str, label: str, description: str, longest: int) -> None:
        style = discord.TextStyle.paragraph if longest > SHORT else discord.TextStyle.short
        component = discord.ui.TextInput[Any](custom_id=name, required=False, max_length=longest, style=style)
        self.add_item(discord.ui.Label(text=label, description=description, component=component))


class EditQuestions(discord.ui.Modal):
    """Asks for other words for a poll in which nobody has voted."""

    def __init__(self, poll: Poll, mark: str) -> None:
        super().__init__(title="Edit the poll", custom_id=f"{EDIT_FORM}:{mark}", timeout=PATIENCE)
        question = discord.ui.TextInput[Any](
            custom_id="question", default=poll.question, max_length=QUESTION, style=discord.TextStyle.paragraph
        )
        choices = discord.ui.TextInput[Any](
            custom_id="choices", default=write_choices(poll.choices), max_length=1000, style=discord.TextStyle.paragraph
        )
        self.add_item(discord.ui.Label(text="Question", component=question))
        self.add_item(discord.ui.Label(text="Choices", description="2 to 10, with | between them", component=choices))


def poll_started(channel_id: int, link: str | None) -> Reply:
    """Say where a new poll stands."""
    if link is None:
        return Reply(f"Your poll appears in <#{channel_id}> in a moment: Discord is slow just now.")
    return Reply(f"[Your poll]({link}) stands in <#{channel_id}>.")


def jump_link(guild_id: int, link: tuple[int, int] | None) -> str | None:
    """The address of a message, given as channel and message."""
    return markdown.message_link(guild_id, *link) if link else None


def poll_list(
    asked: discord.Interaction[Any], polls: Sequence[ShownPoll], links: Mapping[int, tuple[int, int]]
) -> Reply:
    """A guild's polls, the open ones first."""
    if not polls:
        return Reply("There are no polls here yet. `/poll start` asks the first one.")
    in_order = sorted(polls, key=lambda shown: shown.poll.state is PollState.CLOSED)
    open_ones = sum(shown.poll.state is PollState.OPEN for shown in polls)
    rows = [_poll_row(shown, links.get(shown.poll.id)) for shown in in_order]
    return Reply(view=Pages(asked, f"{count(len(polls), 'poll')}, {open_ones} open", rows))


def _poll_row(shown: ShownPoll, link: tuple[int, int] | None) -> str:
    poll = shown.poll
    facts = [count(shown.tally.voters, "vote")]
    if poll.state is PollState.CLOSED:
        facts.append(f"closed {format_dt(poll.closed_at, 'R')}" if poll.closed_at else "closed")
    else:
        facts.append(f"closes {format_dt(poll.closes_at, 'R')}" if poll.closes_at else "open until closed by hand")
    facts.append("public" if poll.visibility is Visibility.PUBLIC else "private")
    if poll.style is PollStyle.NATIVE:
        facts.append("Discord's own")
    if poll.automatic:
        facts.append("opened by itself")
    jump = jump_link(poll.guild_id, link)
    question = f"[{bold(poll.question)}]({jump})" if jump else bold(poll.question)
    return f"{question}\n-# {' · '.join(facts)} · <#{poll.channel_id}>"


def poll_name(poll: Poll) -> str:
    """What a poll is called while somebody types: 1 to 100 characters."""
    return shorten(clean(poll.question), markdown.CHOICE_NAME) or f"poll {poll.id}"


def repeat_name(repeat: Repeat) -> str:
    """What a repeat is called while somebody types: 1 to 100 characters."""
    what = clean(repeat.question) if repeat.question else "the team question"
    return shorten(f"{in_words(repeat.rule)}: {what}", markdown.CHOICE_NAME)


def repeat_line(repeat: Repeat, settings: GuildSettings) -> str:
    """A repeat in two lines: what, when, where, and when next."""
    what = bold(repeat.question or team_question(settings))
    when = "paused" if repeat.paused else f"next, by your clock, {format_dt(repeat.next_at, 'f')}"
    return f"{what}\n-# {in_words(repeat.rule)} ({settings.timezone}) in <#{repeat.channel_id}> · {when}"


def repeat_list(asked: discord.Interaction[Any], repeats: Sequence[Repeat], settings: GuildSettings) -> Reply:
    """A guild's repeats."""
    if not repeats:
        return Reply("No question is repeated here. `/poll repeat add` does that.")
    rows = [repeat_line(repeat, settings) for repeat in repeats]
    return Reply(view=Pages(asked, count(len(repeats), "repeat"), rows))


def settings_panel(settings: GuildSettings, heading: str = "How polls work in this server") -> Reply:
    """All settings, each by the option that changes it."""
    lines = [
        f"### {heading}",
        f"`timezone` **{settings.timezone}**",
        f"`open_label` **{markdown.escape(settings.open_label)}**",
        f"`proprietary_label` **{markdown.escape(settings.proprietary_label)}**",
        f"`depends_label` **{markdown.escape(settings.depends_label)}**",
        f"`depends` **{_yes(settings.depends)}**: a third choice for those in between",
        f"`story_polls` **{_yes(settings.story_polls)}**: team polls open under stories by themselves",
        f"`per_day` **{settings.per_day}**: at most so many of them a day in each news channel",
        f"`team_roles` **{_yes(settings.team_roles)}**: members may wear their team as a role",
    ]
    return Reply("\n".join(lines))


def _yes(value: bool) -> str:
    return "yes" if value else "no"
