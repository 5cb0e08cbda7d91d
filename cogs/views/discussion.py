"""Discussions: Discuss, the panel behind More, what opens a thread, and how a channel discusses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import discord

from cogs.views import markdown
from cogs.views.answers import ask_button, shared_answer
from cogs.views.buttons import Lasting
from cogs.views.debates import turn_message
from cogs.views.panels import Reply
from cogs.views.polls import EMOJI
from cogs.views.takes import RemarkForm, take_message
from newsroom.answers.answers import Answered
from newsroom.discussion.remarks import Grown, Opened, OpenedBefore, RemarkContents, ShownTake, ShownTurn, Sorry
from newsroom.discussion.summaries import SUMMARY
from newsroom.models import DiscussionSettings, GuildSettings, Side, Standing, Summary, SummaryBasis, ThreadMode
from newsroom.text import clean, count, length, shorten
from newsroom.votes.asking import team_name
from newsroom.votes.counting import FEWEST

# In UTF-16 code units before escaping, which at most doubles them: all of an opener fits into one message.
MODEL: Final = 50
QUESTION: Final = 200
NAME_OF_THREAD: Final = 90
SOURCE: Final = 100
ALSO: Final = 5
SOURCES: Final = 1800
"""All that names the other sources, escaped: one whose link would be too much is named without it."""

# What a mark looks like is the newsroom's business; it holds no colon.
MORE_TEMPLATE: Final = r"more:(?P<mark>[^:]+)"
DISCUSS_TEMPLATE: Final = r"discuss:(?P<mark>[^:]+)"
HOT_TEMPLATE: Final = r"hot:(?P<mark>[^:]+)(?::[^:]+)?"
ALSO_TEMPLATE: Final = r"also:(?P<mark>[^:]+)"
SIDE_TEMPLATE: Final = r"why-side:(?P<mark>[^:]+)"
TEAMS_TEMPLATE: Final = r"teams:(?P<mark>[^:]+)"

TEAMS: Final = (
    "**What do the teams mean?** They are about which side you root for in the race for AI, and nothing else.\n"
    "🟦 **{open}**: models whose weights, and best of all data and code, anybody can download, run, study and change. "
    "Open weights alone are less than open source, and count for this team all the same.\n"
    "🟧 **{proprietary}**: models that their makers keep and serve, as a product that they answer for.\n"
    "A vote on one story can be for the other team: you stay on yours until you switch on purpose."
)


def thread_name(headline: str) -> str:
    """What a story's thread is called: its headline, cut at a word, with nothing that changes; 1 to 90 characters."""
    return shorten(clean(headline), NAME_OF_THREAD) or "Discussion"


# ------------------------------------------------------------------------------------------- More


def more_panel(origin: str, mark: str, settings: DiscussionSettings, *, known: bool, has_model: bool) -> Reply:
    """The panel behind More: where the story comes from, and what there is to do with it where that is on."""
    view = Lasting()
    if known:
        if settings.takes:
            view.add_item(hot_button(mark))
        if settings.ask:
            view.add_item(ask_button(mark, has_model=has_model))
        view.add_item(discord.ui.Button(label="Also covered by", custom_id=f"also:{mark}", row=1))
        view.add_item(discord.ui.Button(label="Why this side?", custom_id=f"why-side:{mark}", row=1))
        view.add_item(discord.ui.Button(label="What do the teams mean?", custom_id=f"teams:{mark}", row=1))
    return Reply(origin, view if view.children else None)


def hot_button(mark: str, remark_mark: str = "") -> discord.ui.Button[Any]:
    """The button that asks for a take on a card's story; ``remark_mark`` names the message under which it stands."""
    custom_id = f"hot:{mark}:{remark_mark}" if remark_mark else f"hot:{mark}"
    return discord.ui.Button(label="Hot take", emoji="🔥", custom_id=custom_id)


def also_panel(also: Sequence[tuple[str, str | None]]) -> str:
    """Who else tells a story."""
    told = _sources(also)
    return f"**Also covered by** {told}" if told else "No other source that is posted here has told this story yet."


def teams_panel(settings: GuildSettings) -> str:
    """What the two teams are about, in the words of the guild."""
    return TEAMS.format(
        open=markdown.escape(team_name(clean(settings.open_label))),
        proprietary=markdown.escape(team_name(clean(settings.proprietary_label))),
    )


def _sources(also: Sequence[tuple[str, str | None]]) -> str:
    told: list[str] = []
    for name, url in also[:ALSO]:
        name = shorten(clean(name), SOURCE)
        linked = markdown.masked_link(name, url)
        room = SOURCES - sum(length(each) + 2 for each in told) - (ALSO - len(told) - 1) * (2 * SOURCE + 2)
        told.append(linked if length(linked) <= room else markdown.escape(name))
    more = f" and {len(also) - ALSO} more" if len(also) > ALSO else ""
    return ", ".join(told) + more


# ---------------------------------------------------------------------------------------- Discuss


def joined(thread_id: int) -> Reply:
    """What a member hears who wants to discuss a story."""
    return Reply(f"The discussion is in <#{thread_id}>. You're in it, so you hear what follows.")


def discussed_here() -> Reply:
    """What a member hears where the story already stands in a thread."""
    return Reply("This is a thread already: say it right here.")


# ---------------------------------------------------------------------------------------- remarks


def remark_form(contents: RemarkContents) -> RemarkForm:
    """A message of ours in a discussion, as it should look now; without words if it has none or keeps its own."""
    match contents.says:
        case Opened() as opened:
            return RemarkForm(opener(opened, contents.settings), _opener_buttons(opened, contents))
        case OpenedBefore() as opened:
            return RemarkForm("", _opener_buttons(opened, contents))
        case Grown(also):
            return RemarkForm(f"This story has grown. Also covered by {_sources(also)}", Lasting())
        case ShownTake() as shown:
            return take_message(shown, contents)
        case Answered() as answered:
            return shared_answer(answered, contents.card_mark, contents.mark, has_model=contents.has_model)
        case Sorry(why):
            return RemarkForm(why, Lasting())
        case ShownTurn() as shown:
            return turn_message(shown, contents)
        case None:
            return RemarkForm("", Lasting())


def opener(opened: Opened, settings: GuildSettings) -> str:
    """What opens a discussion: what the story says and on what basis, a question for each side, and the standing."""
    opening = opened.opening
    lines = [*_summary(opening.summary)]
    for side, asked in ((Side.OPEN, opening.for_open), (Side.PROPRIETARY, opening.for_proprietary)):
        name = markdown.escape(team_name(clean(settings.label(side))))
        lines.append(f"{EMOJI[side]} **{name}:** {markdown.escape(shorten(clean(asked), QUESTION))}")
    lines.append(f"-# {standing_line(settings, opened.standing)}")
    return "\n".join(lines)


def _opener_buttons(opened: Opened | OpenedBefore, contents: RemarkContents) -> discord.ui.View:
    view = Lasting()
    if opened.card.settings.takes:
        view.add_item(hot_button(contents.card_mark, contents.mark))
    if opened.card.settings.ask:
        view.add_item(ask_button(contents.card_mark, contents.mark, has_model=contents.has_model))
    return view


def _summary(summary: Summary) -> list[str]:
    text = clean(summary.text)
    if not text:
        return []
    model = markdown.escape(shorten(clean(summary.model or "a language model"), MODEL))
    basis = {
        SummaryBasis.FEED: "in its source's own words",
        SummaryBasis.EXTRACT: "an extract: sentences of the article itself",
        SummaryBasis.MODEL: f"written by {model}; it may be wrong",
    }[summary.basis]
    return [f"> {markdown.escape(shorten(text, SUMMARY))}", f"-# The story, {basis}"]


def standing_line(settings: GuildSettings, standing: Standing) -> str:
    """Where the members of a guild stand, in one line; too few are counted and not compared."""
    if standing.members < FEWEST:
        return f"Where this server stands: {count(standing.members, 'member')} on a side so far, too few to call"
    parts = [
        markdown.sign(EMOJI[Side.OPEN], standing.open),
        markdown.sign(EMOJI[Side.PROPRIETARY], standing.proprietary),
    ]
    if settings.depends and standing.depends:
        parts.append(f"{standing.depends} in between")
    return f"Where this server stands: {' · '.join(parts)}"


# --------------------------------------------------------------------------------------- settings


def settings_reply(channel_id: int, settings: DiscussionSettings) -> Reply:
    """How a news channel discusses, line by line."""
    threads = {
        ThreadMode.NONE: "none",
        ThreadMode.DISCUSS: "on the first click on Discuss",
        ThreadMode.ALWAYS: "for each story",
    }[settings.threads]
    rows = (
        ("Threads", threads),
        ("Hot takes", _on(settings.takes)),
        ("Anonymous takes", _on(settings.anonymous_takes)),
        ("Links in takes", _on(settings.links)),
        ("Ask", _on(settings.ask)),
        ("Debates", _on(settings.debate)),
        ("Tone of a model", str(settings.tone)),
    )
    return Reply("\n".join([f"**Discussion in <#{channel_id}>**", *(f"{name}: **{value}**" for name, value in rows)]))


def _on(value: bool) -> str:
    return "on" if value else "off"
