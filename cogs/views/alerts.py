"""Alerts to admins: what is wrong, in plain words, with buttons that mend it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import discord
from discord.utils import format_dt

from cogs.views import markdown
from cogs.views.buttons import Lasting, answered
from cogs.views.panels import COLOUR, Reply, bold, problem
from newsroom.desk.alerts import AlertContents
from newsroom.discussion.week import FEWEST_STORIES
from newsroom.models import Alert, AlertKind, Feed, Health, Line
from newsroom.text import clean, count, length, shorten
from newsroom.votes.counting import FEWEST

# What a mark looks like is the newsroom's business; it holds no colon.
BUTTON_TEMPLATE: Final = r"alert:(?P<what>retry|pause|replace|release|skip):(?P<mark>[^:]+)(?::(?P<feed_id>\d{1,18}))?"
CHOOSE_TEMPLATE: Final = r"alert-feed:(?P<mark>[^:]+)"
PLACE_TEMPLATE: Final = r"alert-place:(?P<mark>[^:]+)"

LINES: Final = 15
PROBLEM: Final = 200
MODEL: Final = 50

_LABELS: Final = {
    "retry": "Retry",
    "pause": "Pause",
    "replace": "Replace",
    "release": "Release",
    "skip": "Skip",
}
_BUTTONS: Final = {
    AlertKind.BLOCKED: ("retry", "pause", "replace"),
    AlertKind.MUTED: ("retry",),
    AlertKind.HELD: ("release", "skip", "pause"),
    AlertKind.GONE: ("retry", "replace", "pause"),
}


def alert_message(contents: AlertContents, guild_name: str | None = None) -> dict[str, Any]:
    """An alert as ``send`` takes it; a direct message names the server, because nothing else there does."""
    server = f"In the server {shorten(clean(guild_name), 100)}" if guild_name else None
    if contents.alert.kind is AlertKind.LINE:
        text = _line(contents.alert)
        return {"content": f"{text}\n-# {markdown.escape(server)}" if server else text, "silent": True}
    embed = discord.Embed(title=_title(contents), description=_text(contents), colour=COLOUR)
    if server:
        embed.set_footer(text=server)
    return {"embed": embed, "view": AlertButtons(contents)}


class AlertButtons(Lasting):
    """What can be done about it; under a daily message a menu to choose the feed first."""

    def __init__(self, contents: AlertContents) -> None:
        super().__init__()
        for what in _BUTTONS.get(contents.alert.kind, ()):
            self.add_item(alert_button(what, contents.mark))
        wrong = [feed for feed, health in contents.feeds if health is not Health.OK]
        if contents.alert.kind is AlertKind.DAILY and wrong:
            options = [
                discord.SelectOption(
                    label=shorten(clean(feed.title), markdown.SELECT_LABEL) or f"Feed {feed.id}", value=str(feed.id)
                )
                for feed in wrong[: markdown.SELECT_OPTIONS]
            ]
            menu: discord.ui.Select[Any] = discord.ui.Select(
                custom_id=f"alert-feed:{contents.mark}", placeholder="Do something about a feed", options=options
            )
            self.add_item(menu)


def alert_button(what: str, mark: str, feed_id: int | None = None) -> discord.ui.Button[Any]:
    """One button of an alert; ``feed_id`` where the alert is about several feeds."""
    custom_id = f"alert:{what}:{mark}" if feed_id is None else f"alert:{what}:{mark}:{feed_id}"
    return discord.ui.Button(label=_LABELS[what], custom_id=custom_id)


def feed_panel(mark: str, feed_id: int, title: str) -> Reply:
    """What can be done about one feed of a daily message."""
    view = Lasting()
    for what in ("retry", "pause", "replace"):
        view.add_item(alert_button(what, mark, feed_id))
    return Reply(f"What shall I do about {bold(title)}?", view)


def place_panel(mark: str, channel_id: int, places: Sequence[tuple[int, str]]) -> Reply:
    """Ask which of these channels, told by id and name, takes the place of one that gets nothing any more."""
    options = [
        discord.SelectOption(label=shorten(f"#{clean(name)}", markdown.SELECT_LABEL), value=str(place_id))
        for place_id, name in places[: markdown.SELECT_OPTIONS]
    ]
    if not options:
        return Reply("There is no other channel in which I may post. Let me write in one, and click again.")
    view = Lasting()
    menu: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=f"alert-place:{mark}", placeholder="Choose a channel", options=options
    )
    view.add_item(menu)
    return Reply(f"Which channel shall get all that <#{channel_id}> got, with what waits for it?", view)


# Goes on with the address that was typed.
Typed = Callable[[discord.Interaction[Any], str], Awaitable[None]]


class ReplaceForm(discord.ui.Modal):
    """Asks for the address that takes a feed's place."""

    def __init__(self, title: str, then: Typed) -> None:
        super().__init__(title="Replace a feed")
        self._then = then
        self.address: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="address",
            style=discord.TextStyle.short,
            placeholder="https://example.com/feed.xml",
            max_length=2000,
        )
        self.add_item(
            discord.ui.Label(
                text="The new address",
                description=f"of a feed, or of a page that has one, in place of {shorten(clean(title), 50)}",
                component=self.address,
            )
        )

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        await answered(interaction, self._then(interaction, self.address.value))


def _title(contents: AlertContents) -> str:
    match contents.alert.kind:
        case AlertKind.BLOCKED:
            return "🔕 A channel gets no news any more"
        case AlertKind.MUTED:
            return "🔇 I can't speak in a channel's discussions"
        case AlertKind.HELD:
            return "✋ A feed is held"
        case AlertKind.GONE:
            return "🪦 A feed is gone"
        case AlertKind.DAILY:
            return "How the feeds are doing"
        case AlertKind.LINE:
            raise AssertionError("a line has no title")


def _text(contents: AlertContents) -> str:
    match contents.alert.kind:
        case AlertKind.BLOCKED:
            lines = [f"<#{contents.alert.channel_id}> gets nothing any more. {problem(contents.reason, PROBLEM)}"]
            if contents.waiting:
                lines.append(f"{count(contents.waiting, 'story waits', 'stories wait')} for it; nothing is lost.")
            lines.append("Once that is mended I go on by myself, within half an hour; **Retry** tries it now.")
        case AlertKind.MUTED:
            lines = [
                f"Nothing of mine can be said in the discussions of <#{contents.alert.channel_id}>. "
                f"{problem(contents.reason, PROBLEM)}",
                "What is to be said there waits for a day at least. Once that is mended I go on by myself, within ten "
                "minutes; **Retry** tries it now.",
            ]
        case AlertKind.HELD:
            feed = contents.feeds[0][0]
            lines = [
                f"{bold(feed.title)} looks as if nearly everything in it were new, which happens when a site moves or "
                "changes how it numbers its articles.",
                f"{count(contents.waiting, 'story waits', 'stories wait')} for your word, and so does what comes next.",
                "**Release** posts them, **Skip** takes them as known. Either way it goes on as before.",
                "If this is how it always brings its news: `/feed release` with `always: True`.",
            ]
        case AlertKind.GONE:
            feed = contents.feeds[0][0]
            lines = [
                f"{bold(feed.title)} is gone for good, says its server (410), so I don't read it any more.",
                "**Replace** puts another feed in its place, in the same channels. **Retry** reads it once more.",
            ]
        case AlertKind.DAILY:
            lines = _daily(contents.feeds)
        case AlertKind.LINE:
            lines = [_line(contents.alert)]
    return "\n".join(lines)


def _line(alert: Alert) -> str:
    """What admins read of what nobody has to act on; of what was removed not a word."""
    who = f"<@{alert.member_id}>" if alert.member_id is not None else "Somebody"
    where = f" in <#{alert.channel_id}>" if alert.channel_id is not None else ""
    match alert.line:
        case Line.TAKE_REMOVED:
            return f"{who} removed a take{where}."
        case Line.AUTHOR_BLOCKED:
            return f"{who} removed a take{where} and blocked its author from takes for a week."
        case Line.ANSWER_REMOVED:
            return f"{who} removed an answer{where}."
        case Line.ROUND_REMOVED:
            return f"{who} removed a round of a debate{where}."
        case Line.DEBATE_STOPPED:
            return f"{who} stopped the debate{where}."
        case Line.MODEL_RESTS:
            return (
                f"The language model {markdown.escape(shorten(clean(alert.detail or ''), MODEL))} failed several times "
                "in a row, so I leave it alone for five minutes. Meanwhile the articles themselves answer, and members "
                "have a debate's rounds to themselves."
            )
        case Line.RECAP_PAUSED:
            return (
                f"I paused the weekly recap: two weeks in a row had fewer than {FEWEST_STORIES} stories or {FEWEST} "
                "votes. `/channel recap on: True` lets it go on."
            )
        case Line.RECAP_LEFT_OUT:
            return f"The recap could not be posted{where}, and is left out. {problem(alert.detail, PROBLEM)}".rstrip()
        case None:
            raise AssertionError("a line says what it tells")


def _daily(feeds: Sequence[tuple[Feed, Health]]) -> list[str]:
    """One line a feed, LINES of them or as many as fit, and how many feeds are left."""
    lines = [_health_line(feed, health) for feed, health in feeds[:LINES]]
    shown = lines + _rest(len(feeds) - len(lines))
    while length("\n".join(shown)) > markdown.EMBED_DESCRIPTION:
        lines.pop()
        shown = lines + _rest(len(feeds) - len(lines))
    return shown


def _rest(left: int) -> list[str]:
    return [f"… and {count(left, 'more feed')}: `/feed list` has {'it' if left == 1 else 'them'}."] if left else []


def _health_line(feed: Feed, health: Health) -> str:
    match health:
        case Health.FAILING:
            since = f" since {format_dt(feed.failing_since, 'f')}" if feed.failing_since else ""
            return f"⚠️ {bold(feed.title)} can't be read{since}. {problem(feed.error, PROBLEM)}".rstrip()
        case Health.STALE:
            since = f" since {format_dt(feed.news_at, 'f')}" if feed.news_at else ""
            return f"💤 {bold(feed.title)} answers, but has brought nothing{since}."
        case _:
            return f"✅ {bold(feed.title)} is well again."
