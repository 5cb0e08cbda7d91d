"""Polls as messages: the question with its tally and buttons, what a voter hears, and the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import discord
from discord.utils import format_dt

from cogs.views import markdown
from cogs.views.buttons import Lasting
from cogs.views.panels import COLOUR, Reply, bar
from newsroom.models import (
    Article,
    Choice,
    GuildSettings,
    Outcome,
    Poll,
    PollKind,
    PollState,
    PollStyle,
    Purpose,
    Results,
    ShownPoll,
    Side,
    Take,
    Tally,
    Visibility,
)
from newsroom.stories.camps import is_sombre
from newsroom.text import clean, count, length, shorten
from newsroom.votes.asking import CHOICE, team_name, team_question
from newsroom.votes.counting import FEWEST, Call, best_takes, call, is_hidden, positions_of, tellable
from newsroom.votes.members import Membership, side_in_words
from newsroom.votes.messages import Contents
from newsroom.votes.polls import Undone, Voted
from newsroom.votes.standings import Season

CELLS: Final = 10
ROW: Final = 5
HEADLINE: Final = 200
SHORT_NAME: Final = 30
"""What a choice is cut to where ten at their longest would not fit."""
SHORTEST_TAKE: Final = 40
"""In UTF-16 code units after escaping: where a take has less room than that, it is left out."""
VOTERS_NAMED: Final = 30

VOTE_TEMPLATE: Final = r"vote:(?P<mark>[^:]+):(?P<position>\d)"
CHOOSE_TEMPLATE: Final = r"choose:(?P<mark>[^:]+)"
WHY_TEMPLATE: Final = r"why:(?P<mark>[^:]+)"
UNDO_TEMPLATE: Final = r"undo-vote:(?P<vote_id>\d{1,18})"
SWITCH_TEMPLATE: Final = r"switch:(?P<mark>[^:]+):(?P<side>open|proprietary|depends)"
VOTERS_TEMPLATE: Final = r"voters:(?P<mark>[^:]+)"
STANDINGS_TEMPLATE: Final = r"standings:(?P<mark>[^:]+)"
EMOJI: Final = {Side.OPEN: "🟦", Side.PROPRIETARY: "🟧"}

# One of these stands on a story's team poll, the same one for ever.
VOICE: Final = (
    "Grab your popcorn.",
    "Pick a side. You can always cross the floor later.",
    "The argument that never ends has a new chapter.",
    "Somebody's victory lap is somebody's long night.",
    "Score one for somebody.",
    "Your move, commenters' bench.",
    "The scoreboard is listening.",
    "No neutral seats in the front row. Well, one.",
)


@dataclass(frozen=True, slots=True)
class PollForm:
    """A message of a poll, ready to be sent or drawn anew."""

    content: str
    embeds: tuple[discord.Embed, ...]
    view: discord.ui.View
    poll: discord.Poll | None = None
    silent: bool = False

    def edit(self) -> dict[str, Any]:
        """What editing a message takes."""
        return {"content": self.content, "embeds": list(self.embeds), "view": self.view}

    def for_channel(self) -> dict[str, Any]:
        """What ``send`` of a channel or thread takes."""
        sent = {"content": self.content, "view": self.view, "silent": self.silent}
        if self.poll is not None:
            return sent | {"poll": self.poll}
        return sent | {"embeds": list(self.embeds)}


# --------------------------------------------------------------------------------------- the poll


def poll_message(contents: Contents, now: datetime) -> PollForm:
    """A message of a poll that is no card, as it should look now."""
    if contents.message.purpose is Purpose.RESULT:
        return result_form(contents.shown, contents.article, contents.season, contents.takes, contents.mark)
    return poll_form(contents.shown, contents.message.purpose, contents.article, now)


def poll_form(shown: ShownPoll, purpose: Purpose, article: Article | None, now: datetime) -> PollForm:
    """A poll as a message of its own, or as the silent reply to the card of its story.

    The content says what is asked, for whoever sees nothing else.
    """
    poll = shown.poll
    is_storys = poll.kind is PollKind.TEAM and poll.story_id is not None
    silent = purpose is Purpose.REPLY or is_storys or poll.repeat_id is not None or poll.automatic
    if poll.style is PollStyle.NATIVE:
        content = "-# Everybody can see who votes what here: this is one of Discord's own polls."
        return PollForm(content, (), Lasting(), native_poll(poll, now), silent)
    content = f"**{markdown.escape(question(shown))}**"
    if article is not None:
        content += f"\n{markdown.escape(shorten(clean(article.title), HEADLINE))}"
    view = Lasting()
    for item in poll_items(shown):
        view.add_item(item)
    return PollForm(content, (poll_embed(shown),), view, None, silent)


def question(shown: ShownPoll) -> str:
    """What a poll asks; on a story that is the team question, in the guild's words of today."""
    if shown.poll.kind is PollKind.TEAM:
        return team_question(shown.settings)
    return clean(shown.poll.question)


def poll_embed(shown: ShownPoll, headline: str | None = None) -> discord.Embed:
    """What stands under the question: the tally and what a vote means. With ``headline`` it is part of a card."""
    poll = shown.poll
    lines = []
    if headline is not None:
        lines.append(f"**{markdown.escape(team_question(shown.settings))}**")
        if not is_sombre(headline) and poll.state is PollState.OPEN:
            lines.append(VOICE[poll.id % len(VOICE)])
    lines += poll_lines(shown)
    return discord.Embed(colour=COLOUR, description="\n".join(lines))


def poll_lines(shown: ShownPoll) -> list[str]:
    """The tally, as much of it as may be shown now, and what a vote means."""
    return [*_standing(shown), _terms(shown.poll)]


def poll_items(shown: ShownPoll, row: int = 0) -> list[discord.ui.Item[Any]]:
    """The buttons of a poll, from this row of its message on; all in one neutral style and in a fixed order."""
    poll = shown.poll
    closed = poll.state is PollState.CLOSED
    items: list[discord.ui.Item[Any]] = []
    if poll.max_choices > 1:
        options = [
            discord.SelectOption(label=shorten(clean(choice.label), CHOICE), value=str(choice.position))
            for choice in poll.choices
        ]
        items.append(
            discord.ui.Select(
                custom_id=f"choose:{shown.mark}",
                placeholder=f"Choose up to {poll.max_choices}",
                max_values=poll.max_choices,
                options=options,
                disabled=closed,
                row=row,
            )
        )
        last = row
    else:
        for choice in poll.choices:
            items.append(
                discord.ui.Button(
                    label=shorten(clean(choice.label), markdown.BUTTON_LABEL),
                    emoji=EMOJI.get(choice.side) if choice.side else None,
                    custom_id=f"vote:{shown.mark}:{choice.position}",
                    disabled=closed,
                    row=row + choice.position // ROW,
                )
            )
        last = row + (len(poll.choices) - 1) // ROW
    if poll.visibility is Visibility.PUBLIC:
        items.append(discord.ui.Button(label="Who voted", custom_id=f"voters:{shown.mark}", row=last + 1))
    return items


def labels_of(message: discord.Message) -> dict[int, str]:
    """What a poll's message calls the positions that one can vote for on it."""
    labels: dict[int, str] = {}
    for row in _rows(message.components):
        for part in row.children:
            kind, _, rest = (part.custom_id or "").partition(":")
            position = rest.rpartition(":")[2]
            if kind == "vote" and isinstance(part, discord.Button) and position.isdecimal():
                labels[int(position)] = part.label or ""
            elif kind == "choose" and isinstance(part, discord.SelectMenu):
                labels |= {int(option.value): option.label for option in part.options if option.value.isdecimal()}
    return labels


def _rows(components: Iterable[object]) -> Iterator[discord.ActionRow]:
    """The rows of a message, also those in a container."""
    for part in components:
        if isinstance(part, discord.ActionRow):
            yield part
        elif isinstance(part, discord.Container):
            yield from _rows(part.children)


def native_poll(poll: Poll, now: datetime) -> discord.Poll:
    """Discord's own poll. It stays open for whole hours, at least one."""
    left = (poll.closes_at - now) if poll.closes_at else timedelta(hours=24)
    hours = max(1, round(left / timedelta(hours=1)))
    made = discord.Poll(poll.question, timedelta(hours=hours), multiple=poll.max_choices > 1)
    for choice in poll.choices:
        made.add_answer(text=choice.label, emoji=EMOJI.get(choice.side) if choice.side else None)
    return made


def _standing(shown: ShownPoll) -> list[str]:
    """The tally in words and bars; as much of it as may be shown now."""
    poll, tally = shown.poll, shown.tally
    closed = poll.state is PollState.CLOSED
    if is_hidden(poll, tally.voters):
        if closed:
            return [f"{count(tally.voters, 'vote')} · {verdict(shown)}"]
        lines = [f"{count(tally.voters, 'vote')} in"]
        if poll.results is not Results.LIVE:
            when = "once you have voted" if poll.results is Results.AFTER_VOTE else "when the poll closes"
            lines.append(f"-# The result is shown {when}.")
        return lines
    lines = bars(poll.choices, tally)
    lines.append(f"{count(tally.voters, 'vote')} · {verdict(shown)}")
    return lines


def bars(choices: Sequence[Choice], tally: Tally, longest: int = CHOICE) -> list[str]:
    """Each choice by name and number, then its bar; with few voters the numbers alone. ``longest`` cuts the names."""
    lines = []
    for choice in choices:
        votes = tally.counts[choice.position]
        share = votes / tally.voters if tally.voters else 0.0
        line = f"{_name(choice, longest)} · **{votes}**"
        if tally.voters >= FEWEST:
            line += f" · {share:.0%}\n{bar(share)}"
        lines.append(line)
    return lines


def verdict(shown: ShownPoll, longest: int = CHOICE) -> str:
    """Who is ahead or has won, as far as that may be said. ``longest`` cuts the names, and leaves out some of many."""
    poll, tally = shown.poll, shown.tally
    closed = poll.state is PollState.CLOSED
    sides = {choice.side: choice for choice in poll.choices if choice.side}
    if Side.OPEN in sides and Side.PROPRIETARY in sides:
        rivals = [sides[Side.OPEN], sides[Side.PROPRIETARY]]
        counts = [tally.counts[choice.position] for choice in rivals]
        called, leaders = call(counts, sum(counts))
        names = [markdown.escape(team_name(clean(rivals[place].label))) for place in leaders]
    else:
        called, leaders = call(tally.counts, tally.voters)
        names = [f"“{markdown.escape(shorten(clean(poll.choices[place].label), longest))}”" for place in leaders]
        if longest < CHOICE and len(names) > 3:
            names = [*names[:2], f"{len(names) - 2} more"]
    match called:
        case Call.TOO_FEW:
            return "too few to call"
        case Call.TIED:
            return f"a tie: {' and '.join(names)}"
        case Call.CLOSE:
            return "neck and neck"
        case Call.WON:
            return f"{names[0]} {'wins' if closed else 'leads'}"


def _name(choice: Choice, longest: int = CHOICE) -> str:
    emoji = EMOJI.get(choice.side) if choice.side else None
    name = markdown.escape(shorten(clean(choice.label), longest))
    return f"{emoji} {name}" if emoji else name


def _terms(poll: Poll) -> str:
    """What a vote means: who sees it, who may cast one, and until when."""
    if poll.state is PollState.CLOSED:
        when = format_dt(poll.closed_at, "f") if poll.closed_at else ""
        return f"-# Closed {when}".rstrip()
    parts = ["🔒 Private: nobody in this server sees your vote"]
    if poll.visibility is Visibility.PUBLIC:
        parts = ["👁 Public: everybody can see who voted what"]
    if poll.role_id is not None:
        parts.append(f"for <@&{poll.role_id}>")
    if poll.closes_at is not None:
        parts.append(f"closes {format_dt(poll.closes_at, 'R')}")
    return f"-# {' · '.join(parts)}"


# ---------------------------------------------------------------------------------- what a voter hears


def voted_reply(voted: Voted) -> Reply:
    """What a member hears after a vote, with what there is to do about it."""
    view = Lasting()
    away = voted.voted_for if voted.voted_for is not voted.side else None
    if away is not None:
        view.add_item(switch_button(voted.mark, away, "Switch teams"))
    if voted.takes:
        view.add_item(discord.ui.Button(label="Say why", custom_id=f"why:{voted.mark}"))
    view.add_item(discord.ui.Button(label="Undo", custom_id=f"undo-vote:{voted.vote_id}"))
    return Reply(_within_content(partial(_voted, voted)), view)


def _voted(voted: Voted, longest: int) -> str:
    settings, poll = voted.settings, voted.poll
    lines = []
    secrecy = (
        "Everybody in this server can see your vote."
        if poll.visibility is Visibility.PUBLIC
        else "Nobody in this server sees your vote."
    )
    if voted.crossed and voted.side is not None:
        lines.append(f"You crossed the floor on this one. You're still {_side(settings, voted.side)}.")
    elif voted.voted_for is None:
        labels = [shorten(poll.choices[position].label, longest) for position in positions_of(voted.ballot)]
        chosen = " and ".join(f"“{label}”" for label in labels)
        lines.append(f"You voted {markdown.escape(chosen)}. {secrecy}")
    elif voted.voted_for is voted.side:
        lines.append(f"You're {_on_side(settings, voted.side)}. {secrecy}")
    else:
        label = markdown.escape(settings.label(voted.voted_for))
        still = "" if voted.side is None else f" You're still {_on_side(settings, voted.side)}."
        lines.append(f"You voted “{label}” on this one.{still} {secrecy}")
    if voted.tally is not None:
        lines += bars(poll.choices, voted.tally, longest)
        lines.append(count(voted.tally.voters, "vote"))
    elif poll.results is Results.AFTER_VOTE:
        lines.append(f"-# From {FEWEST} votes on you see the result here.")
    return "\n".join(lines)


def _within_content(text: Callable[[int], str]) -> str:
    """Write a text with names as long as they are, or cut where that is more than a message holds."""
    whole = text(CHOICE)
    return whole if length(whole) <= markdown.CONTENT else text(SHORT_NAME)


def undone_reply(undone: Undone) -> Reply:
    """What a member hears after taking a vote back."""
    if undone.ballot:
        labels = [undone.poll.choices[position].label for position in positions_of(undone.ballot)]
        again = " and ".join(f"“{label}”" for label in labels)
        return Reply(f"Undone. Your vote is {markdown.escape(again)} again.")
    return Reply("Undone. You have no vote in this poll.")


def switched_reply(membership: Membership) -> Reply:
    """What a member hears who switched teams."""
    assert membership.side is not None, "switching puts a member on a side"
    return Reply(f"You're {_on_side(membership.settings, membership.side)} now, until you switch again.")


def switch_button(mark: str, side: Side, label: str) -> discord.ui.Button[Any]:
    """The button that puts a member on a side; ``mark`` is the poll's under which it stands, "-" elsewhere."""
    return discord.ui.Button(label=shorten(label, markdown.BUTTON_LABEL), custom_id=f"switch:{mark}:{side}")


def voters_reply(poll: Poll, voters: dict[int, list[int]]) -> Reply:
    """Who voted for what in a public poll; of many, the first and how many others."""
    heading = f"**{markdown.escape(clean(poll.question))}**"
    lines = [heading]
    for choice in poll.choices:
        members = voters[choice.position]
        named = ", ".join(f"<@{member}>" for member in members[:VOTERS_NAMED]) or "nobody yet"
        more = len(members) - VOTERS_NAMED
        lines.append(f"{_name(choice)} · **{len(members)}**\n{named}{f' and {more} more' if more > 0 else ''}")
    text = "\n".join(lines)
    if length(text) > markdown.CONTENT:
        numbers = [f"{_name(choice, SHORT_NAME)} · **{len(voters[choice.position])}**" for choice in poll.choices]
        text = "\n".join([heading, *numbers, "-# Too many to name here: `/poll export` has them all."])
    return Reply(text)


def _side(settings: GuildSettings, side: Side) -> str:
    return markdown.escape(side_in_words(settings, side))


def _on_side(settings: GuildSettings, side: Side) -> str:
    """Where somebody is: "on Team Open Source", or in between."""
    return f"in between ({_side(settings, side)})" if side is Side.DEPENDS else f"on {_side(settings, side)}"


# --------------------------------------------------------------------------------------- the result


def result_form(
    shown: ShownPoll, article: Article | None, season: Season | None, takes: Sequence[Take], row_mark: str
) -> PollForm:
    """How a poll ended, as one silent reply: text, no picture. ``row_mark`` tells this message from all others."""
    text = _within_content(partial(_result, shown, article, season))
    for take in _in_the_room(best_takes(shown.poll.choices, takes), markdown.CONTENT - length(text), shown.settings):
        text += f"\n{take}"
    view = Lasting()
    # It is there on every result: by its id the message is found again. Where no team was asked for it leads nowhere.
    label, leads = ("Standings", True) if shown.poll.has_sides else ("Poll closed", False)
    view.add_item(discord.ui.Button(label=label, custom_id=f"standings:{row_mark}", disabled=not leads))
    return PollForm(text, (), view, None, True)


def _result(shown: ShownPoll, article: Article | None, season: Season | None, longest: int) -> str:
    """All of a result but the takes."""
    poll, tally = shown.poll, shown.tally
    about = clean(article.title) if article is not None else question(shown)
    lines = [f"**{_headline(shown, longest)}** · {markdown.escape(shorten(about, HEADLINE))}"]
    lines += bars(poll.choices, tally, longest)
    facts = [count(tally.voters, "vote")]
    if poll.has_sides:
        if crossed := tellable(poll.crossed):
            facts.append(f"{crossed} crossed")
        if switched := tellable(poll.switched):
            facts.append(f"{switched} switched for good")
    if poll.closed_at is not None:
        facts.append(f"closed {format_dt(poll.closed_at, 'f')}")
    lines.append(f"-# {' · '.join(facts)}")
    if season is not None:
        lines.append(f"-# Stories won this month: {season_in_words(shown.settings, season)}")
    return "\n".join(lines)


def _in_the_room(takes: Sequence[Take], room: int, settings: GuildSettings) -> Iterator[str]:
    """Takes as they are shown, each cut to its share of the room that is left in a message."""
    for number, take in enumerate(takes):
        share = room // (len(takes) - number) - len("\n")
        speaks = f" for {_side(settings, take.side)}" if take.side else ""
        who = "A member" if take.anonymous else f"<@{take.member_id}>"
        under = f"\n-# {who}{speaks}"
        if share - length(f"> {under}") >= SHORTEST_TAKE:
            text = f"> {_escaped_within(take.text, share - length(f'> {under}'))}{under}"
            room -= length(f"\n{text}")
            yield text


def _escaped_within(text: str, room: int) -> str:
    """Text from outside, cut so that there is room for it once it is escaped."""
    cut = shorten(text, room)
    while (excess := length(markdown.escape(cut)) - room) > 0:
        cut = shorten(cut, length(cut) - (excess + 1) // 2)
    return markdown.escape(cut)


def season_in_words(settings: GuildSettings, season: Season) -> str:
    """The season in one line: "Open source 9 : 7 Proprietary, 3 too close"."""
    open_, proprietary = markdown.escape(settings.open_label), markdown.escape(settings.proprietary_label)
    text = f"{open_} {season.open} : {season.proprietary} {proprietary}"
    return f"{text}, {season.close} too close" if season.close else text


def _headline(shown: ShownPoll, longest: int) -> str:
    poll = shown.poll
    if poll.outcome in (Outcome.OPEN, Outcome.PROPRIETARY):
        side = Side.OPEN if poll.outcome is Outcome.OPEN else Side.PROPRIETARY
        label = next((choice.label for choice in poll.choices if choice.side is side), shown.settings.label(side))
        return f"{markdown.escape(team_name(clean(label)))} wins"
    words = verdict(shown, longest)
    return words[:1].upper() + words[1:]
