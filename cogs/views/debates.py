"""Debates: what each of their messages says, with its buttons, and what whoever clicks hears."""

from __future__ import annotations

from typing import Any, Final

import discord

from cogs.views import markdown
from cogs.views.buttons import Lasting
from cogs.views.panels import Reply
from cogs.views.polls import EMOJI
from cogs.views.takes import RemarkForm
from newsroom.answers.prompts import LONGEST_TURN
from newsroom.discussion.debates import STATEMENT
from newsroom.discussion.remarks import RemarkContents, ShownTurn
from newsroom.discussion.shift import Call, Shift
from newsroom.discussion.takes import sides_of
from newsroom.models import DebatePhase, DebateTurn, GuildSettings, Side, SummaryBasis, TurnKind, TurnState
from newsroom.text import clean, count, shorten
from newsroom.votes.asking import team_name
from newsroom.votes.counting import FEWEST, SMALLEST_GROUP
from newsroom.votes.members import side_in_words

# In UTF-16 code units before escaping, which at most doubles them: all of a message fits into its limit.
REASON: Final = 200
MODEL: Final = 60

STAND_TEMPLATE: Final = r"stand:(?P<mark>[^:]+):(?P<when>before|after):(?P<side>open|proprietary|depends)"
STOP_TEMPLATE: Final = r"stop:(?P<mark>[^:]+)(?::[^:]+)?"

BASIS: Final = {
    SummaryBasis.FEED: "The story, in its source's own words",
    SummaryBasis.EXTRACT: "The story, an extract: sentences of the article itself",
    SummaryBasis.MODEL: "The story, written by a language model; it may be wrong",
}
PRIVATE: Final = "Nobody in this server sees it, and it counts in this debate alone."


def turn_message(shown: ShownTurn, contents: RemarkContents) -> RemarkForm:
    """A message of a debate, as it should look now."""
    match shown.turn.kind:
        case TurnKind.OPENING:
            lines = _opening(shown)
        case TurnKind.CASE:
            lines = _case(shown, contents.settings)
        case TurnKind.FLOOR:
            lines = _floor(shown)
        case TurnKind.CLOSING:
            lines = _closing(shown)
        case TurnKind.RESULT:
            lines = _result(shown, contents.settings)
    return RemarkForm("\n".join(lines), _buttons(shown, contents))


def _opening(shown: ShownTurn) -> list[str]:
    debate = shown.debate
    rounds, minutes = count(debate.rounds, "round"), count(debate.minutes, "minute")
    lines = [
        "🎤 **A debate on this story.** You say where you stand, each side gets its best case, you say it again, and "
        f"whoever moved more of you wins. {rounds}, {minutes} each.",
        *_statement(shown.turn),
    ]
    if debate.phase is DebatePhase.BEFORE:
        return [
            *lines,
            f"**Before it begins: where do you stand?** {PRIVATE} You have {minutes}; your last click counts.",
        ]
    over = "This debate was stopped." if debate.phase is DebatePhase.STOPPED else "The first vote is over."
    return [*lines, f"-# {over}"]


def _statement(turn: DebateTurn) -> list[str]:
    """What the article says, and on what basis."""
    text = clean(turn.text or "")
    if not text or turn.basis is None:
        return []
    return [f"> {markdown.escape(shorten(text, STATEMENT))}", f"-# {BASIS[turn.basis]}"]


def _case(shown: ShownTurn, settings: GuildSettings) -> list[str]:
    turn, debate = shown.turn, shown.debate
    assert turn.side is not None, "a case is for a side"
    model = markdown.escape(shorten(clean(turn.model or ""), MODEL))
    head = f"{EMOJI[turn.side]} **{_team(settings, turn.side)}** · round {turn.round} of {debate.rounds}"
    text = markdown.escape(shorten(clean(turn.text or ""), REASON if turn.state is TurnState.FAILED else LONGEST_TURN))
    if turn.state is TurnState.FAILED:
        whose = f"No case from {model}" if model else "No case"
        return [f"{head}: {whose}. {text} Make it yourselves: the floor is yours."]
    lines = [head, f"> {text}", f"-# Written by {model or 'a language model'}, a language model: it may be wrong"]
    if debate.phase is DebatePhase.ROUNDS and debate.round == turn.round and debate.due_at is not None:
        lines.append(f"-# The floor is yours for {count(debate.minutes, 'minute')}")
    return lines


def _floor(shown: ShownTurn) -> list[str]:
    debate = shown.debate
    head = f"🎤 **Round {shown.turn.round} of {debate.rounds}.**"
    if debate.ended_at is not None:
        return [f"{head} The floor was yours.", *_statement(shown.turn)]
    minutes = count(debate.minutes, "minute")
    asks = f"The floor is yours for {minutes}: make your side's best case, and answer theirs."
    return [f"{head} {asks}", *_statement(shown.turn)]


def _closing(shown: ShownTurn) -> list[str]:
    debate = shown.debate
    if debate.phase is not DebatePhase.AFTER:
        return ["**Where do you stand now?**", "-# The second vote is over."]
    return [
        f"**Where do you stand now?** {PRIVATE} You have {count(debate.minutes, 'minute')}; your last click counts. "
        "Click as well if you stand where you stood."
    ]


def _result(shown: ShownTurn, settings: GuildSettings) -> list[str]:
    shift = shown.shift
    if shift is None:
        return ["🎤 **This debate was stopped**, without a result. What you voted in it is forgotten."]
    turnout = f"-# {shift.before} voted before, {shift.after} after, {shift.both} both times"
    match shift.call:
        case Call.TOO_FEW:
            lines = [f"🎤 **Too few to call.** It takes {FEWEST} who vote before and after."]
        case Call.UNMOVED:
            lines = [f"🎤 **Hardly anybody moved:** fewer than {SMALLEST_GROUP}. Neither side has won you over."]
        case Call.TIED:
            lines = [
                "🎤 **It's a tie.** Both sides gained as many of you as the other.",
                *_moves(shift, settings),
            ]
        case Call.OPEN | Call.PROPRIETARY:
            side = Side.OPEN if shift.call is Call.OPEN else Side.PROPRIETARY
            lines = [
                f"🎤 **{_team(settings, side)} wins the debate:** it gained more of you than the other side.",
                *_moves(shift, settings),
                "That is about who was moved, not about who has more votes.",
            ]
    return [*lines, turnout]


def _moves(shift: Shift, settings: GuildSettings) -> list[str]:
    """Who moved where, as far as that is told."""
    told = []
    for side in sides_of(settings):
        moved = shift.moved_to(side)
        number = str(moved) if moved is not None else f"fewer than {SMALLEST_GROUP}"
        signed = markdown.sign(EMOJI[side], number) if side in EMOJI else number
        told.append(f"{signed} to {markdown.escape(side_in_words(settings, side))}")
    return [f"Moved: {' · '.join(told)}"]


def _team(settings: GuildSettings, side: Side) -> str:
    return markdown.escape(team_name(clean(settings.label(side))))


def _buttons(shown: ShownTurn, contents: RemarkContents) -> discord.ui.View:
    """What can be clicked on as a debate stands: nothing once it is over."""
    view = Lasting()
    debate, kind = shown.debate, shown.turn.kind
    if debate.ended_at is not None or kind is TurnKind.RESULT:
        return view
    when = {TurnKind.OPENING: DebatePhase.BEFORE, TurnKind.CLOSING: DebatePhase.AFTER}.get(kind)
    if when is debate.phase:
        for side in sides_of(contents.settings):
            view.add_item(
                discord.ui.Button(
                    label=shorten(clean(contents.settings.label(side)), markdown.BUTTON_LABEL) or str(side),
                    emoji=EMOJI.get(side),
                    custom_id=f"stand:{shown.mark}:{when}:{side}",
                    row=0,
                )
            )
    if shown.card is not None and shown.card.settings.takes and kind is not TurnKind.CLOSING:
        view.add_item(_button("Take the floor", f"hot:{contents.card_mark}:{contents.mark}", emoji="🔥"))
    # With the mark of this very message: by it the message is found again.
    view.add_item(_button("Stop", f"stop:{shown.mark}:{contents.mark}"))
    return view


def _button(label: str, custom_id: str, emoji: str | None = None) -> discord.ui.Button[Any]:
    return discord.ui.Button(label=label, emoji=emoji, custom_id=custom_id, row=1)


# ---------------------------------------------------------------------------------------- answers


def started(channel_id: int) -> Reply:
    """What a moderator hears who has begun a debate."""
    return Reply(f"The debate is in <#{channel_id}>. **Stop** under its messages ends it at once.")


def runs_already(channel_id: int, mark: str) -> Reply:
    """What a moderator hears who would begin a debate beside another one."""
    view = Lasting()
    view.add_item(_button("Stop", f"stop:{mark}"))
    text = f"There is a debate in this server already, in <#{channel_id}>. One at a time. **Stop** ends that one."
    return Reply(text, view)


def stands(settings: GuildSettings, side: Side, *, after: bool) -> Reply:
    """What a member hears who has said where to stand."""
    where = markdown.escape(side_in_words(settings, side))
    return Reply(f"{'After' if after else 'Before'} this debate: **{where}**. {PRIVATE}")
