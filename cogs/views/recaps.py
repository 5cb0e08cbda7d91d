"""Recaps: what a week came to, its preview, and the question how an old take has aged."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord.utils import format_dt

from cogs.views import markdown
from cogs.views.buttons import Lasting, LastingLayout
from cogs.views.members import CHART, standing_lines
from cogs.views.panels import COLOUR, Reply
from cogs.views.polls import poll_items, poll_lines, question
from cogs.views.takes import RemarkForm, author_line
from newsroom.discussion.recap_messages import RecapContents
from newsroom.discussion.recaps import WEEK_DAYS, Planned
from newsroom.discussion.week import Exchange, Link, Week
from newsroom.models import ShownPoll, Take
from newsroom.text import clean, count, length, shorten
from newsroom.votes.counting import FEWEST, SMALLEST_GROUP
from newsroom.votes.members import Standings
from newsroom.votes.schedule import in_words
from newsroom.votes.standings import Season

HEADLINE: Final = 90
MODEL: Final = 40
WHOLE_TAKE: Final = 280
SHORT_TAKE: Final = 50
"""What takes are cut to where all at their longest would not fit; in UTF-16 code units, before escaping."""

# What a mark looks like is the newsroom's business; it holds no colon.
POST_TEMPLATE: Final = r"recap-post:(?P<days>\d{1,2}):(?P<asked>\d{1,20})"
AGED_TEMPLATE: Final = r"aged:(?P<mark>[^:]+):(?P<how>well|badly)"


@dataclass(frozen=True, slots=True)
class RecapForm:
    """A recap, ready to be sent or drawn anew; it comes silently. ``chart`` is a picture."""

    view: discord.ui.LayoutView
    chart: bytes | None = None
    alt: str | None = None

    def edit(self) -> dict[str, Any]:
        """What editing a message takes."""
        return {"view": self.view, "attachments": self._files()}

    def for_channel(self) -> dict[str, Any]:
        """What ``send`` of a channel or thread takes."""
        return {"view": self.view, "files": self._files(), "silent": True}

    def _files(self) -> list[discord.File]:
        return [discord.File(io.BytesIO(self.chart), CHART, description=self.alt)] if self.chart else []


def form_of(contents: RecapContents, chart: bytes | None = None, alt: str | None = None) -> RecapForm | RemarkForm:
    """A message of a recap as it should look now."""
    return aged_form(contents) if contents.old is not None else RecapForm(recap_layout(contents, alt), chart, alt)


# -------------------------------------------------------------------------------------- the week


def recap_layout(contents: RecapContents, alt: str | None = None, *, post: str | None = None) -> discord.ui.LayoutView:
    """What a week came to, and the team question if it ends in one. ``alt`` is that of its chart, if there is one;
    ``post`` the button's id on a preview."""
    week = contents.week
    assert week is not None, "it tells of a week"
    view = LastingLayout()
    panel: discord.ui.Container[Any] = discord.ui.Container(accent_colour=COLOUR)
    for number, part in enumerate(_parts(contents)):
        if number > 1:
            panel.add_item(discord.ui.Separator())
        panel.add_item(discord.ui.TextDisplay(part))
    if alt is not None and not week.is_quiet:
        gallery: discord.ui.MediaGallery[Any] = discord.ui.MediaGallery()
        gallery.add_item(media=f"attachment://{CHART}", description=alt)
        panel.add_item(gallery)
    row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
    if post is not None:
        row.add_item(discord.ui.Button(label="Post", custom_id=post))
    else:
        # By the mark the message is found again.
        row.add_item(discord.ui.Button(label="Standings", custom_id=f"standings:{contents.mark}"))
    panel.add_item(row)
    if contents.poll is not None:
        panel.add_item(discord.ui.Separator())
        panel.add_item(discord.ui.TextDisplay(_asks(contents.poll)))
        panel.add_item(discord.ui.ActionRow(*poll_items(contents.poll)))
    view.add_item(panel)
    return view


def _asks(shown: ShownPoll) -> str:
    """The team question at the end, as a poll of its own has it."""
    return "\n".join([f"**{markdown.escape(question(shown))}**", *poll_lines(shown)])


def standings_of(contents: RecapContents) -> Standings | None:
    """Where the members stood by the end of a week, None where there are too few to be told of."""
    week = contents.week
    if week is None or week.is_quiet or week.trend is None or week.trend.now.members < FEWEST:
        return None
    trend = week.trend
    return Standings(
        settings=contents.settings,
        now=trend.now,
        then=trend.then,
        since=trend.since,
        switches=trend.switches,
        season=Season(),
        today=week.until.date(),
        course=trend.course,
    )


def _parts(contents: RecapContents) -> list[str]:
    """The texts of a recap, with takes as long as they are, or cut where that is more than a message holds.

    Where even that is too much, because names of teams are long and escaped, the longest part is left out.
    """
    room = markdown.LAYOUT_TEXT - (length(_asks(contents.poll)) if contents.poll is not None else 0)
    parts = list(_texts(contents, WHOLE_TAKE))
    if sum(map(length, parts)) > room:
        parts = list(_texts(contents, SHORT_TAKE))
    while sum(map(length, parts)) > room:
        parts.remove(max(parts[2:], key=length))  # title and intro stay
    return parts


def _texts(contents: RecapContents, longest: int) -> Iterator[str]:
    week = contents.week
    assert week is not None, "it tells of a week"
    if week.is_quiet:
        yield _quiet(week)
        return
    yield f"### 🍿 {_title(week)}\n-# {format_dt(week.since, 'D')} to {format_dt(week.until, 'D')}"
    yield _intro(week)
    if week.talked is not None:
        facts = [
            count(number, noun) for number, noun in ((week.talked.messages, "message"), (week.talked.takes, "take"))
        ]
        told = [fact for fact in facts if not fact.startswith("0 ")]
        headline = _headline(contents, week.talked.headline, week.talked.link)
        yield f"**Most discussed**\n{headline}\n-# {' · '.join(told)}"
    if week.moved is not None:
        facts = [
            f"{members} {did}"
            for members, did in ((week.moved.crossed, "crossed"), (week.moved.switched, "switched for good"))
            if members is not None and members >= SMALLEST_GROUP
        ]
        headline = _headline(contents, week.moved.headline, week.moved.link)
        yield f"**Moved most members**\n{headline}\n-# {' · '.join(facts)}"
    tops = [
        _take(contents, contents.takes[take_id], longest, markdown.sign("🔥", fires) if fires else "not hot yet")
        for take_id, fires in week.takes
        if take_id in contents.takes
    ]
    if tops:
        yield "\n".join(["**Top takes**", *tops])
    if week.exchange is not None and {week.exchange.take_id, week.exchange.answer_id} <= contents.takes.keys():
        yield _exchange(contents, week.exchange, longest)
    standings = standings_of(contents)
    if standings is not None:
        yield "\n".join(["**Where this server stands**", *standing_lines(standings)])


def _title(week: Week) -> str:
    return "The week" if week.days == WEEK_DAYS else f"The last {count(week.days, 'day')}"


def _intro(week: Week) -> str:
    if week.intro is not None:
        model = markdown.escape(shorten(clean(week.intro.model), MODEL))
        return f"{markdown.escape(week.intro.text)}\n-# Phrased by {model}, a language model; its numbers are checked"
    return f"{count(week.stories, 'story', 'stories')} came in, and {count(week.votes, 'vote')} were cast."


def _quiet(week: Week) -> str:
    when = "week" if week.days == WEEK_DAYS else "time"
    stories = count(week.stories, "story", "stories")
    return f"🍿 A quiet {when}: {stories} and {count(week.votes, 'vote')}, which makes no recap."


def _headline(contents: RecapContents, headline: str, link: Link | None) -> str:
    shown = shorten(clean(headline), HEADLINE) or "Untitled"
    return markdown.masked_link(shown, markdown.message_link(contents.guild_id, *link) if link else None)


def _take(contents: RecapContents, take: Take, longest: int, heat: str) -> str:
    link = contents.links.get(take.id)
    where = f" · [look]({markdown.message_link(contents.guild_id, *link)})" if link else ""
    said = f"> {markdown.escape(shorten(take.text, longest))}"
    return f"{author_line(take, contents.settings)} · {heat}{where}\n{said}"


def _exchange(contents: RecapContents, exchange: Exchange, longest: int) -> str:
    take, answer = contents.takes[exchange.take_id], contents.takes[exchange.answer_id]
    heat = f" · {markdown.sign('🔥', exchange.fires)}" if exchange.fires else ""
    return "\n".join(
        [
            "**Biggest exchange**",
            _take(contents, take, longest, count(exchange.answers, "push-back")),
            _take(contents, answer, longest, "pushes back"),
            f"-# {count(exchange.answers + 1, 'take')}{heat}",
        ]
    )


# --------------------------------------------------------------------------------------- preview


def preview(contents: RecapContents, alt: str | None, days: int, asked_id: int) -> discord.ui.LayoutView:
    """A recap as a moderator sees it before it is posted, with the button that posts it."""
    return recap_layout(contents, alt, post=f"recap-post:{days}:{asked_id}")


def posted(channel_id: int, refusal: str | None) -> discord.ui.LayoutView:
    """What stands in place of a preview that was posted, or couldn't be."""
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay(refusal or f"The recap goes to <#{channel_id}> now, and comes once."))
    return view


# ----------------------------------------------------------------------------------- How did it age?


def aged_form(contents: RecapContents) -> RemarkForm:
    """An old take, and the question how it has aged; what others say is shown from SMALLEST_GROUP on."""
    old = contents.old
    assert old is not None, "it asks about an old take"
    about = _headline(contents, old.headline, old.link) if old.headline or old.link else "a story of that time"
    lines = [
        f"**How did it age?** A take of {format_dt(old.take.written_at, 'D')}, on what is back in the news:",
        author_line(old.take, contents.settings),
        f"> {markdown.escape(old.take.text)}",
        f"-# On {about}",
    ]
    if old.well + old.badly >= SMALLEST_GROUP:
        lines.append(f"-# Aged well: **{old.well}** · badly: **{old.badly}**")
    view = Lasting()
    view.add_item(discord.ui.Button(label="Aged well", custom_id=f"aged:{contents.mark}:well"))
    view.add_item(discord.ui.Button(label="Aged badly", custom_id=f"aged:{contents.mark}:badly"))
    return RemarkForm("\n".join(lines), view)


def judged(says: bool | None) -> Reply:
    """What a member hears who said how a take has aged."""
    if says is None:
        return Reply("Taken back: you say nothing about it any more.")
    return Reply(f"You say that it aged {'well' if says else 'badly'}. Press again to take that back.")


def quotes_set(allowed: bool) -> Reply:
    """What a member hears who switched the quoting of old takes."""
    if allowed:
        return Reply("Your old takes may be quoted: at most once each, with the question how it aged.")
    return Reply("None of your old takes is quoted any more. If one stands somewhere now, it goes.")


# -------------------------------------------------------------------------------------- settings


def plan_reply(planned: Planned) -> Reply:
    """How a server gets its weekly recap."""
    plan = planned.plan
    state = "off" if plan.paused else f"on, {in_words(plan.rule)}"
    lines = [f"**Weekly recap: {state}**"]
    if not plan.paused:
        lines.append(f"Next: {format_dt(plan.next_at, 'f')}, by this server's clock ({planned.settings.timezone})")
    if planned.channel_id is None:
        lines.append(
            "⚠️ There is no channel for it: no text or announcement channel gets news now. Choose one with `channel`."
        )
    elif planned.chosen:
        lines.append(f"Where: <#{planned.channel_id}>")
    else:
        lines.append(f"Where: <#{planned.channel_id}>, the text channel that got most cards in the last 30 days")
    return Reply("\n".join(lines))
