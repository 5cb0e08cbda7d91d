"""Answers that only the asking admin sees: lists, questions, confirmations and /help.

Whoever asks a question hands over what to do with the answer; nothing here decides. A panel that waits for a click
takes the interaction it answers: its caller alone may click, and when nobody did for ``PATIENCE`` the buttons go.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Self

import discord
from discord.utils import format_dt

from cogs.views import markdown
from cogs.views.replies import explain, permission_name
from newsroom.desk.rounds import Outcome
from newsroom.desk.subscriptions import UNDO_WINDOW, Refreshed, Retried
from newsroom.models import Backlog, FeedLink, NewsChannel
from newsroom.text import clean, count, length, listed, shorten

COLOUR: Final = discord.Colour(0xF4C430)

# Seconds. Discord lets an answer be changed for 15 minutes.
PATIENCE: Final = 600.0

# In UTF-16 code units before escaping. A page of rows at their longest still fits into one message.
TITLE: Final = 80
ADDRESS: Final = 70
PROBLEM: Final = 110
STATE: Final = 20
ROWS_A_PAGE: Final = 5
CHANNELS_NAMED: Final = 10
CELLS: Final = 10
COMPLETED_TITLE: Final = 50

# The removal's time is in microseconds since 1970.
UNDO_TEMPLATE: Final = r"undo:(?P<feed_id>\d{1,18}):(?P<removed_at>\d{1,17})"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

NOT_YOURS: Final = "Only who asked for this may click here. Use the command yourself."


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: text with at most one set of buttons, or a layout, which holds its own text."""

    content: str | None = None
    view: discord.ui.View | discord.ui.LayoutView | None = None

    def edit(self) -> dict[str, Any]:
        """What ``interaction.edit_original_response`` takes, so that nothing of an earlier answer stays."""
        return {"content": self.content, "view": self.view}

    def send(self) -> dict[str, Any]:
        """What ``interaction.response.send_message`` takes; always for the caller's eyes only."""
        return {"ephemeral": True} | {name: part for name, part in self.edit().items() if part is not None}


class _Asking:
    """What all panels that wait for clicks share, be they a View or a LayoutView."""

    asked: discord.Interaction[Any]

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        if interaction.user.id != self.asked.user.id:
            await interaction.response.send_message(NOT_YOURS, ephemeral=True)
            return False
        # The newest interaction is the one by which the answer can be changed longest.
        self.asked = interaction
        return True

    async def on_timeout(self) -> None:
        # The answer may be gone by now: nobody needs to know.
        with suppress(discord.HTTPException):
            await self._close()

    async def _close(self) -> None:
        await self.asked.edit_original_response(view=None)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, item: Any, /) -> None:
        await explain(interaction, error)


class Question(_Asking, discord.ui.View):
    """Asks for one click: acknowledges it, takes the buttons away and shows what ``then`` makes of it."""

    def __init__(self, asked: discord.Interaction[Any]) -> None:
        super().__init__(timeout=PATIENCE)
        self.asked = asked

    async def answered(self, interaction: discord.Interaction[Any], then: Callable[[], Awaitable[Reply]]) -> None:
        # Only the first click counts, and the end of waiting must not wipe out what it brought.
        self.stop()
        await interaction.response.defer()
        reply = await then()
        if isinstance(reply.view, _Asking):
            reply.view.asked = interaction
        await interaction.edit_original_response(**reply.edit())


class _Choice(discord.ui.Select["_Choose"]):
    def __init__(self, placeholder: str, options: list[discord.SelectOption]) -> None:
        super().__init__(placeholder=placeholder, options=options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        assert self.view is not None, "a select is in a view"
        await self.view.answered(interaction, partial(self.view.then, int(self.values[0])))


class _Choose(Question):
    """Asks for one of several things, told apart by their place, since an address may be too long for a value."""

    def __init__(
        self,
        asked: discord.Interaction[Any],
        placeholder: str,
        options: list[discord.SelectOption],
        then: Callable[[int], Awaitable[Reply]],
    ) -> None:
        super().__init__(asked)
        self.then = then
        self.add_item(_Choice(placeholder, options))


def choose_feed(
    asked: discord.Interaction[Any], feeds: Sequence[FeedLink], then: Callable[[FeedLink], Awaitable[Reply]]
) -> Reply:
    """Ask which of the feeds of a page is meant; of more than 25 the first 25 are offered."""
    offered = feeds[: markdown.SELECT_OPTIONS]
    options = [
        discord.SelectOption(
            label=choice_name(feed.title, feed.url),
            value=str(place),
            description=shorten(feed.url, markdown.SELECT_DESCRIPTION),
        )
        for place, feed in enumerate(offered)
    ]
    text = f"That page has {count(len(feeds), 'feed')}. Which one shall I add?"
    return Reply(text, _Choose(asked, "Choose a feed", options, lambda place: then(offered[place])))


def choose_tag(
    asked: discord.Interaction[Any],
    tags: Sequence[discord.ForumTag],
    then: Callable[[discord.ForumTag], Awaitable[Reply]],
) -> Reply:
    """Ask with which tag a forum that requires one gets its posts."""
    offered = tags[: markdown.SELECT_OPTIONS]
    options = [
        discord.SelectOption(label=tag.name, value=str(place), emoji=tag.emoji) for place, tag in enumerate(offered)
    ]
    text = "Posts in that forum need a tag. Which one shall mine have?"
    return Reply(text, _Choose(asked, "Choose a tag", options, lambda place: then(offered[place])))


# Brings back what was removed of the feed with this id at that time, if whoever clicked may.
BringBack = Callable[[discord.Interaction[Any], int, datetime], Awaitable[Reply]]


class Undo(discord.ui.DynamicItem[discord.ui.Button[Any]], template=UNDO_TEMPLATE):
    """The button Undo. It holds all it needs in its ``custom_id``, so it works after a restart too."""

    def __init__(self, feed_id: int, removed_at: datetime) -> None:
        microseconds = (removed_at - EPOCH) // timedelta(microseconds=1)
        super().__init__(discord.ui.Button(label="Undo", custom_id=f"undo:{feed_id}:{microseconds}"))
        self.feed_id = feed_id
        self.removed_at = removed_at

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
        return cls(int(match["feed_id"]), EPOCH + timedelta(microseconds=int(match["removed_at"])))


def undo_item(bring_back: BringBack) -> type[Undo]:
    """The button Undo, answered with what ``bring_back`` says: register it with ``bot.add_dynamic_items``.

    discord.py makes such an item from its class alone, so the class has to bring along what to do.
    """

    class AnsweredUndo(Undo, template=UNDO_TEMPLATE):
        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            try:
                # The button goes at once: a second click would only hear that there is nothing to undo.
                await interaction.response.edit_message(view=None)
                reply = await bring_back(interaction, self.feed_id, self.removed_at)
                await interaction.edit_original_response(**reply.edit())
            except Exception as error:
                await explain(interaction, error)

    return AnsweredUndo


class _Undoable(_Asking, discord.ui.View):
    """Takes the button away when it is of no use any more, if we still run then."""

    def __init__(self, asked: discord.Interaction[Any], undo: Undo) -> None:
        super().__init__(timeout=UNDO_WINDOW.total_seconds())
        self.asked = asked
        self.add_item(undo)


def feed_removed(asked: discord.Interaction[Any], title: str, channel_ids: Sequence[int], undo: Undo) -> Reply:
    """Say that the feed no longer posts in these channels (one or more), and offer to undo it while that works."""
    minutes = count(UNDO_WINDOW // timedelta(minutes=1), "minute")
    text = f"{bold(title)} no longer posts in {channels(channel_ids)}. You can undo this for {minutes}."
    return Reply(text, _Undoable(asked, undo))


def feed_added(
    *,
    title: str,
    items: int,
    newest: str,
    channel_id: int,
    posting_now: int,
    stopped: bool = False,
    missing: Iterable[str] = (),
) -> Reply:
    """Tell what was found and what will be posted where.

    ``newest`` is the newest article's headline, ``posting_now`` how many articles come at once unless news is
    ``stopped`` in that channel, and ``missing`` the permissions we lack there by discord.py's names
    ("read_message_history").
    """
    lines = [
        f"{bold(title)} now posts in <#{channel_id}>.",
        f"It has {count(items, 'article')}. The newest: {bold(newest, or_else='one without a headline')}",
    ]
    if stopped:
        lines.append(
            "⚠️ That channel gets no news at the moment, so all of it waits. `/channel resume` there lets it in."
        )
    else:
        now = {0: "", 1: "the newest one now, then "}.get(posting_now, f"the newest {posting_now} now, then ")
        lines.append(f"I post {now}each new one as it appears.")
    if warning := permissions_missing(channel_id, missing):
        lines.append(warning)
    return Reply("\n".join(lines))


def permissions_missing(channel_id: int, missing: Iterable[str]) -> str:
    """Name the permissions we lack in a channel as Discord's settings name them; empty when none is missing."""
    names = [permission_name(name) for name in missing]
    if not names:
        return ""
    return f"⚠️ In <#{channel_id}> I still need **{'**, **'.join(names)}**. The channel's settings have a page for that."


def choice_name(title: str, url: str) -> str:
    """What a feed is called in a select: its title, or else its address. 1 to 100 characters."""
    return shorten(clean(title) or clean(url), markdown.SELECT_LABEL) or "?"


def completion_name(title: str, url: str) -> str:
    """What a feed is called while somebody types: title and address, since titles repeat. 1 to 100 characters."""
    name = shorten(clean(title), COMPLETED_TITLE)
    address = clean(url).partition("://")[2] or clean(url)
    return f"{name} · {shorten(address, markdown.CHOICE_NAME - length(name) - 3)}" if name else choice_name("", address)


def bold(text: str, *, or_else: str = "That feed") -> str:
    """A title from outside, in bold and cut at a word; or what to say where it is empty."""
    line = clean(text)
    return f"**{markdown.escape(shorten(line, TITLE))}**" if line else or_else


def bar(share: float) -> str:
    """A share of the whole, 0 to 1, as a bar of CELLS cells."""
    cells = round(CELLS * share)
    return "█" * cells + "░" * (CELLS - cells)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One subscription as /feed list shows it. ``state`` is one or two words, ``error`` the last one in words."""

    title: str
    url: str
    channel_id: int
    state: str
    last_success: datetime | None
    next_check: datetime | None
    error: str | None


class Pages(_Asking, discord.ui.LayoutView):
    """Rows of text below a heading, a few at a time. ``notes`` stand below the heading, one line each."""

    def __init__(
        self, asked: discord.Interaction[Any], heading: str, rows: Sequence[str], notes: Iterable[str] = ()
    ) -> None:
        super().__init__(timeout=PATIENCE)
        self.asked = asked
        self.heading = heading
        self.rows = rows
        self.notes = list(notes)
        self.page = 0
        self._draw()

    @property
    def pages(self) -> int:
        return -(-len(self.rows) // ROWS_A_PAGE)

    async def turn(self, interaction: discord.Interaction[Any], pages: int) -> None:
        """Show the page that many pages on."""
        self.page = min(max(self.page + pages, 0), self.pages - 1)
        self._draw()
        await interaction.response.edit_message(view=self)

    def _draw(self, *, buttons: bool = True) -> None:
        self.clear_items()
        start = self.page * ROWS_A_PAGE
        heading = f"### {self.heading}"
        if self.pages > 1:
            heading += f"\n-# Page {self.page + 1} of {self.pages}"
        heading = "\n".join((heading, *self.notes))
        panel: discord.ui.Container[Pages] = discord.ui.Container(accent_colour=COLOUR)
        panel.add_item(discord.ui.TextDisplay(heading))
        for row in self.rows[start : start + ROWS_A_PAGE]:
            panel.add_item(discord.ui.Separator())
            panel.add_item(discord.ui.TextDisplay(row))
        self.add_item(panel)
        if buttons and self.pages > 1:
            self.add_item(
                discord.ui.ActionRow(
                    _Turn("Previous", -1, disabled=self.page == 0),
                    _Turn("Next", +1, disabled=self.page == self.pages - 1),
                )
            )

    async def _close(self) -> None:
        # A layout is its own text, so only the buttons may go.
        self._draw(buttons=False)
        await self.asked.edit_original_response(view=self)


class _Turn(discord.ui.Button[Pages]):
    def __init__(self, label: str, pages: int, *, disabled: bool) -> None:
        super().__init__(label=label, disabled=disabled)
        self.pages = pages

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        assert self.view is not None, "a button is in a view"
        await self.view.turn(interaction, self.pages)


def feed_list(
    asked: discord.Interaction[Any],
    rows: Sequence[FeedRow],
    elsewhere: Sequence[int] = (),
    *,
    suspended_for: str | None = None,
    muted_for: str | None = None,
    backlog: Backlog | None = None,
) -> Reply:
    """A channel's feeds with their state, last success, next check and last error, a few to a page.

    ``elsewhere`` holds the channels that the server's other subscriptions go to, one id for each of them.
    ``suspended_for`` is why Discord refuses us in this channel, ``muted_for`` why it does in its discussions, and
    ``backlog`` how its stories fare.
    """
    if rows:
        notes = []
        if elsewhere:
            notes.append(f"-# Other channels get {count(len(elsewhere), 'more feed')}: `/feed list channel` shows them")
        notes += _notes(suspended_for, muted_for, backlog)
        return Reply(view=Pages(asked, count(len(rows), "feed"), [_row_text(row) for row in rows], notes))
    if elsewhere:
        others = channels(list(dict.fromkeys(elsewhere)))
        return Reply(f"That channel gets no feed. Others do: {others}. `/feed list channel` shows which.")
    return Reply("There are no feeds here yet. Add the first one with `/feed add`.")


def _notes(suspended_for: str | None, muted_for: str | None, backlog: Backlog | None) -> Iterator[str]:
    """What an admin should know of the channel as a whole, one line each."""
    if suspended_for:
        yield f"⚠️ {problem(suspended_for)} Then I go on by myself; `/channel resume` there tries it at once."
    if muted_for:
        yield f"⚠️ Nothing can be said in its discussions. {problem(muted_for)} Then I go on by myself."
    if backlog and backlog.waiting:
        why = problem(backlog.waiting_for) if backlog.waiting_for and not suspended_for else ""
        yield f"-# Waiting: {count(backlog.waiting, 'story', 'stories')}. {why}".rstrip()
    if backlog and backlog.refused:
        why = problem(backlog.refused_for) if backlog.refused_for else ""
        yield f"⚠️ Lately {count(backlog.refused, 'story', 'stories')} could not be posted. {why}".rstrip()


def limits(channel: NewsChannel) -> Reply:
    """Say how many cards a channel gets, and what becomes of the rest."""
    hour = f"{count(channel.per_hour, 'card')} an hour" if channel.per_hour else "any number of cards an hour"
    day = f"{channel.per_day} a day" if channel.per_day else "any number a day"
    rest = " What is over comes in one silent list at 18:00." if channel.per_hour or channel.per_day else ""
    return Reply(f"<#{channel.channel_id}> gets {hour} and {day}.{rest}")


def alerts_go_to(channel_id: int | None) -> Reply:
    """Say where alerts go."""
    if channel_id is not None:
        return Reply(f"I tell in <#{channel_id}> what is wrong. `/channel alerts` chooses another channel.")
    return Reply(
        "No channel is chosen. I tell what is wrong in this server's channel for Discord's own updates, if it has one "
        "and I may write there, else by direct message to whoever added the feed. `/channel alerts` chooses one."
    )


def resumed(title: str, is_held: bool) -> str:
    """Say what becomes of a feed that was paused; ``is_held`` says that it waits for an admin's word all the same."""
    if is_held:
        return (
            f"{bold(title)} is no longer paused, but held, because it looked new as a whole: "
            "`/feed release` posts its stories, `/feed skip` takes them as known."
        )
    return f"{bold(title)} is back: each new story is posted from now on."


def released(title: str, stories: int | None, always: bool | None = None) -> str:
    """Say what comes now of a feed that was held, if it was, and whether it may be held again, if that was said."""
    lines = []
    if stories is not None:
        comes = count(stories, "story comes", "stories come")
        lines.append(f"{bold(title)} goes on: {comes} now, within the channel's limits.")
    whose = "It" if lines else bold(title)
    if always:
        lines.append(
            f"{whose} is never held in this server again, even if all of it looks new. `always: False` ends that."
        )
    elif always is not None:
        lines.append(f"{whose} is held in this server when nearly all of it looks new.")
    return " ".join(lines)


def skipped(title: str, stories: int) -> str:
    """Say what is left out of a feed that was held."""
    return f"{bold(title)} goes on: {count(stories, 'story counts', 'stories count')} as known; what is new comes."


def retried(channel_id: int, done: Retried) -> str:
    """Say what becomes of a channel that was tried again because it had refused us, or is thought to."""
    waits = f"{count(done.waiting, 'story waits', 'stories wait')} for it"
    if done.paused:
        which = f"<#{channel_id}>" if done.refused else f"I may post in <#{channel_id}> again already, but it"
        return f"{which} is paused: `/channel resume` there lets news in. {waits.capitalize()}."
    if not done.refused:
        return f"I may post in <#{channel_id}> again already."
    return f"I try <#{channel_id}> again now: {waits}."


def reading_outcome(done: Refreshed) -> str:
    """Say how a reading on demand ended; the feed's title stands in front."""
    match done.outcome:
        case Outcome.FAILED:
            return f"couldn't be read. {done.error} I try again {format_dt(done.due_at, 'R')}."
        case Outcome.PUT_OFF:
            return f"wasn't read: its site wants to be asked less often. I ask again {format_dt(done.due_at, 'R')}."
        case Outcome.READ if done.new_articles:
            return f"has {count(done.new_articles, 'new article')}. Each is posted in its turn."
        case _:
            return f"has nothing new. I look again {format_dt(done.due_at, 'R')}."


def help_panel() -> Reply:
    """What there is to do, for members and for those who may manage the server."""
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(
        discord.ui.Container(
            discord.ui.TextDisplay(
                "### 🍿 Popcorn\nI read feeds and post each new story once, as a card. Under some you vote:"
                " **team open source** or **team proprietary**?"
                "\n**Read** opens the article, **Discuss** its thread, **More** has the rest: hot takes, other sources"
                "\n`/ask` what you want to know: the article answers · **Check against the article**, in a menu"
                "\n`/takes top` the hottest takes of a week"
                "\n`/team` your side, and switching it"
                "\n`/standings` where this server stands, and this month's season"
                "\n`/privacy` what I keep about you; download it or delete it"
            ),
            discord.ui.Separator(),
            discord.ui.TextDisplay(
                "**Feeds** · for those with Manage Server"
                "\n`/feed add` a feed or a page that has one"
                "\n`/feed list` what is posted where, and how each feed is doing"
                "\n`/feed preview` its newest article as a card, only for you"
                "\n`/feed refresh` read it now · `/feed why` what became of an article"
                "\n`/feed pause` · `/feed resume` · `/feed remove` · `/feed release` · `/feed skip`"
                "\n`/status` how everything is doing · `/channel alerts` where I tell what is wrong"
            ),
            discord.ui.Separator(),
            discord.ui.TextDisplay(
                "**Channels** · for those with Manage Messages"
                "\n`/channel pause` keep a channel quiet for a while; its stories come later"
                "\n`/channel resume` let them come"
                "\n`/channel limits` how many cards a channel gets; the rest comes in one list a day"
                "\n`/channel discussion` threads, takes, debates (Manage Server)"
                "\n`/channel recap` when and where the weekly recap comes (Manage Server)"
                "\n`/channel model` whether language models write here, and how much (Manage Server)"
                "\n`/recap` what the last days came to; a button posts it"
                "\n`/debate start` let both teams argue about a story"
                "\n**Remove take**, in the menu of a take, an answer or a round of a debate under Apps"
            ),
            discord.ui.Separator(),
            discord.ui.TextDisplay(
                "**Polls** · for those with Manage Messages"
                "\n`/poll start` ask something; without options, a form asks you what"
                "\n`/poll list` · `/poll close` · `/poll reopen` · `/poll edit` · `/poll export`"
                "\n`/poll repeat add` ask on a schedule · `/poll repeat list` · `/poll repeat pause` · "
                "`/poll repeat remove`"
                "\n`/poll settings` time zone, names of the teams, how many polls (Manage Server)"
                "\n**Manage story**, in the menu of a card under Apps: start or stop its poll, correct its side, "
                "take it down"
            ),
            accent_colour=COLOUR,
        )
    )
    return Reply(view=view)


def _row_text(row: FeedRow) -> str:
    facts = [
        f"last read {format_dt(row.last_success, 'R')}" if row.last_success else "not read yet",
        *([f"next check {format_dt(row.next_check, 't')}"] if row.next_check else []),
    ]
    address = shorten(clean(row.url), ADDRESS)
    state = markdown.escape(shorten(clean(row.state), STATE))
    lines = [
        f"{bold(row.title, or_else='A feed without a name')} in <#{row.channel_id}> · {state}",
        f"-# {markdown.escape(address)}",
        f"-# {' · '.join(facts)}",
    ]
    if row.error:
        lines.append(f"⚠️ {problem(row.error)}")
    return "\n".join(lines)


def problem(reason: str | None, limit: int = PROBLEM) -> str:
    """What is wrong, in words from outside, cut to ``limit`` UTF-16 code units; empty for None."""
    return markdown.escape(shorten(clean(reason or ""), limit))


def channels(channel_ids: Sequence[int]) -> str:
    """Name channels (one or more) as Discord links them; of many, the first and how many others there are."""
    shown = [f"<#{channel_id}>" for channel_id in channel_ids[:CHANNELS_NAMED]]
    if len(channel_ids) > len(shown):
        shown.append(count(len(channel_ids) - len(shown), "other channel"))
    return listed(shown)
