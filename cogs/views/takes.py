"""Takes: the form that asks for one, the message that shows it, and the hottest of a week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord

from cogs.views import markdown
from cogs.views.buttons import Lasting, LastingLayout
from cogs.views.panels import COLOUR, PATIENCE, Reply
from cogs.views.polls import EMOJI
from newsroom.discussion.remarks import RemarkContents, ShownTake
from newsroom.discussion.takes import Asked, Hot, Written
from newsroom.models import GuildSettings, Remark, Side, Take
from newsroom.text import clean, length, shorten
from newsroom.votes.asking import CHOICE, TAKE
from newsroom.votes.members import side_in_words

HEADLINE: Final = 90
QUOTED: Final = 100
"""How much of a take is shown that another pushes back on; in UTF-16 code units, as all lengths here."""

WHY_FORM: Final = "take"
HOT_FORM: Final = "hot"
BACK_FORM: Final = "back"
"""What the ``custom_id`` of a form begins with; the mark of the poll, the card or the take follows."""

FIRE_TEMPLATE: Final = r"fire:(?P<mark>[^:]+)"
BACK_TEMPLATE: Final = r"back:(?P<mark>[^:]+)(?::[^:]+)?"
REMOVE_TEMPLATE: Final = r"remove-take:(?P<take_id>\d{1,18}):(?P<how>remove|block)"

LIFT_TEMPLATE: Final = r"lift-block:(?P<take_id>\d{1,18})"
WHICH_TEMPLATE: Final = r"remove-which"
REMOVE_OURS_TEMPLATE: Final = r"remove-remark:(?P<remark_id>\d{1,18})"
NOBODY: Final = "A member"
"""What an anonymous take's author is called."""


@dataclass(frozen=True, slots=True)
class RemarkForm:
    """A message in a discussion, or about a take, ready to be sent or drawn anew. They come silently, all of them."""

    content: str
    view: discord.ui.View

    def edit(self) -> dict[str, Any]:
        """What editing a message takes; without words of ours it keeps its own."""
        return {"view": self.view} | ({"content": self.content} if self.content else {})

    def for_channel(self) -> dict[str, Any]:
        """What ``send`` of a channel or thread takes."""
        return {**self.edit(), "silent": True, "suppress_embeds": True}


class TakeForm(discord.ui.Modal):
    """Asks for a take. What was voted is never filled in: the poll may be private, and the take isn't.

    ``sides`` are those to pick from, by what they are called; with fewer than two nobody is asked. Its answer is read
    by ``filled``, so that a restart between opening and sending loses nothing.
    """

    def __init__(self, custom_id: str, title: str, asked: Asked, sides: Sequence[tuple[Side, str]]) -> None:
        super().__init__(title=title, custom_id=custom_id, timeout=PATIENCE)
        self.add_item(discord.ui.TextDisplay(_about(asked)))
        mine = asked.mine
        if len(sides) > 1:  # Discord takes no group of one
            options = [
                discord.RadioGroupOption(
                    label=shorten(clean(name), CHOICE),
                    value=str(side),
                    default=mine is not None and mine.side is side,
                )
                for side, name in sides
            ]
            self.add_item(
                discord.ui.Label(
                    text="Your take speaks for",
                    description="Your own words, so your choice: it needn't be what you voted.",
                    component=discord.ui.RadioGroup(custom_id="side", options=options, required=True),
                )
            )
        shortest, longest = TAKE
        self.add_item(
            discord.ui.Label(
                text="Your take",
                description=f"{shortest} to {longest} characters",
                component=discord.ui.TextInput(
                    custom_id="text",
                    style=discord.TextStyle.paragraph,
                    min_length=shortest,
                    max_length=longest,
                    default=mine.text if mine is not None else None,
                ),
            )
        )
        if asked.anonymous_allowed:
            self.add_item(
                discord.ui.Label(
                    text="Leave my name out",
                    description="Nobody in this server sees whose it is, moderators neither.",
                    component=discord.ui.Checkbox(custom_id="anonymous", default=mine is not None and mine.anonymous),
                )
            )


def _about(asked: Asked) -> str:
    lines = [f"**{markdown.escape(shorten(clean(asked.headline), HEADLINE))}**"]
    if asked.answered is not None:
        lines.append(f"You push back on: {markdown.escape(shorten(asked.answered.text, QUOTED))}")
    lines.append("Shown in public under your name" + (", unless you leave it out." if asked.anonymous_allowed else "."))
    if asked.mine is not None:
        lines.append("-# You have a take on this already: this changes it. Other words begin without fires.")
    return "\n".join(lines)


def filled(data: Any) -> dict[str, str]:
    """Read what a form came back with: the values by the ids of its fields, at any depth; a tick is "yes"."""
    values: dict[str, str] = {}
    parts: list[Any] = list(data.get("components") or [])
    while parts:
        part = parts.pop()
        parts += [*(part.get("components") or []), *filter(None, [part.get("component")])]
        name, value = part.get("custom_id"), part.get("value")
        if not isinstance(name, str):
            continue
        if isinstance(value, str):
            values[name] = value
        elif value is True:
            values[name] = "yes"
        elif part.get("values"):
            values[name] = str(part["values"][0])
    return values


def side_of(values: dict[str, str]) -> Side | None:
    """The side that was picked in a form."""
    return Side(values["side"]) if values.get("side") in tuple(Side) else None


# ----------------------------------------------------------------------------------------- shown


def take_message(shown: ShownTake, contents: RemarkContents) -> RemarkForm:
    """A take in its story's thread: who says it for which side, the words, and what it pushes back on."""
    has_links = shown.card is not None and shown.card.settings.links
    words = (markdown.escape_but_links if has_links else markdown.escape)(shown.take.text)
    lines = [author_line(shown.take, contents.settings), f"> {words}"]
    if shown.answers is not None:
        link = markdown.message_link(shown.take.guild_id, *shown.answers_link) if shown.answers_link else None
        whose = "an anonymous take" if shown.answers.anonymous else f"<@{shown.answers.member_id}>"
        pushes = f"[pushes back]({link})" if link else "pushes back"
        lines.append(f"-# {pushes} on {whose}: {markdown.escape(shorten(shown.answers.text, QUOTED))}")
    view = Lasting()
    if shown.card is None or shown.card.settings.takes:
        label = f"Hot · {shown.fires}" if shown.fires else "Hot"
        view.add_item(discord.ui.Button(label=label, emoji="🔥", custom_id=f"fire:{shown.mark}"))
        # The mark of this very message: by it the message is found again.
        view.add_item(discord.ui.Button(label="Push back", custom_id=f"back:{shown.mark}:{contents.mark}"))
    return RemarkForm("\n".join(lines), view)


def author_line(take: Take, settings: GuildSettings) -> str:
    """Who speaks for which side. A member's name is Discord's mention, which pings nobody and is always the newest."""
    who = NOBODY if take.anonymous else f"<@{take.member_id}>"
    if take.side is None:
        return who
    emoji = EMOJI.get(take.side)
    name = markdown.escape(side_in_words(settings, take.side))
    return f"{who} · {emoji} {name}" if emoji else f"{who} · {name}"


def given_back(text: str) -> str:
    """What a member wrote and nobody keeps, to be sent again from there."""
    text = clean(text)
    return f"You wrote:\n> {markdown.escape(shorten(text, 2 * TAKE[1]))}" if text else ""


def written(said: Written, not_opened: str | None = None) -> Reply:
    """What a member hears whose take was taken; ``not_opened`` is why its thread couldn't be opened, a sentence."""
    done = "Changed" if said.edited else "Kept"
    name = "without your name" if said.take.anonymous else "under your name"
    if not_opened is not None:
        return Reply(f"{done}, {name}, but not shown yet: it waits for its thread. {not_opened}")
    if said.place_id is not None:
        where = f"it is shown in <#{said.place_id}>"
    else:
        where = "the best take of each side is shown with the result"
    return Reply(f"{done}: {where}, {name}. Say it again to change it.")


def top(takes: Sequence[Hot], settings: GuildSettings, week: int, *, removable: bool = False) -> discord.ui.LayoutView:
    """The hottest takes of a week, as a layout; for moderators with a menu of those that can be removed."""
    when = {0: "the last seven days", 1: "the week before"}.get(week, f"{week} weeks ago")
    panel: discord.ui.Container[Any] = discord.ui.Container(accent_colour=COLOUR)
    panel.add_item(discord.ui.TextDisplay(f"### 🔥 Hottest takes of {when}"))
    room = markdown.LAYOUT_TEXT - 200
    listed: list[Take] = []
    for hot in takes:
        row = _row(hot, settings)
        room -= length(row)
        if room < 0:
            break
        panel.add_item(discord.ui.Separator())
        panel.add_item(discord.ui.TextDisplay(row))
        listed.append(hot.take)
    if not takes:
        panel.add_item(discord.ui.TextDisplay("Nobody said anything. Drop the first one: More under any story."))
    view = LastingLayout()
    view.add_item(panel)
    if removable and listed:
        menu: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
        menu.add_item(_menu_of(listed, settings))
        view.add_item(menu)
    return view


def _row(hot: Hot, settings: GuildSettings) -> str:
    heat = markdown.sign("🔥", hot.fires) if hot.fires else "not hot yet"
    lines = [f"{author_line(hot.take, settings)} · {heat}", f"> {markdown.escape(hot.take.text)}"]
    about = markdown.escape(shorten(clean(hot.headline), HEADLINE))
    if hot.link is not None:
        lines.append(f"-# [{about or 'Look'}]({markdown.message_link(hot.take.guild_id, *hot.link)})")
    elif about:
        lines.append(f"-# {about}")
    return "\n".join(lines)


# -------------------------------------------------------------------------------------- removing


def which_to_remove(takes: Sequence[Take], settings: GuildSettings) -> Reply:
    """Ask a moderator which of several takes goes."""
    view = Lasting()
    view.add_item(_menu_of(takes, settings))
    return Reply("Which take is it?", view)


def _menu_of(takes: Sequence[Take], settings: GuildSettings) -> discord.ui.Select[Any]:
    """A menu of takes, in their order, as many as it holds."""
    options = [
        discord.SelectOption(
            label=shorten(take.text, markdown.SELECT_LABEL),
            value=str(take.id),
            description=shorten(clean(side_in_words(settings, take.side)), markdown.SELECT_DESCRIPTION)
            if take.side
            else None,
        )
        for take in takes[: markdown.SELECT_OPTIONS]
    ]
    return discord.ui.Select(placeholder="Remove a take", custom_id=WHICH_TEMPLATE, options=options)


def sure_to_remove(take: Take, *, may_block: bool) -> Reply:
    """Ask a moderator whether a take goes, and whether its author may write others meanwhile."""
    view = Lasting()
    ways = [("Remove it", "remove"), ("Remove it and block its author for a week", "block")]
    for label, how in ways if may_block else ways[:1]:
        view.add_item(discord.ui.Button(label=label, custom_id=f"remove-take:{take.id}:{how}"))
    whose = "an anonymous take, whose author I tell nobody" if take.anonymous else f"a take of <@{take.member_id}>"
    return Reply(f"This is {whose}:\n> {markdown.escape(take.text)}\nIt can't be brought back.", view)


def removed(take_id: int, *, blocked: bool) -> Reply:
    """What a moderator reads who removed a take. Whether its author moderates the server is not told."""
    if not blocked:
        return Reply("Removed.")
    view = Lasting()
    view.add_item(discord.ui.Button(label="Lift the block", custom_id=f"lift-block:{take_id}"))
    return Reply("Removed. Its author can write no takes here for a week, unless they moderate this server.", view)


def sure_to_remove_ours(remark: Remark) -> Reply:
    """Ask a moderator whether something that we said goes."""
    view = Lasting()
    view.add_item(discord.ui.Button(label="Remove it", custom_id=f"remove-remark:{remark.id}"))
    return Reply("This is mine. It goes from here for good.", view)
