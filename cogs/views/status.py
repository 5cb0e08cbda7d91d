"""What /status and /feed why answer: numbers and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import discord
from discord.utils import format_dt

from cogs.views import markdown
from cogs.views.panels import COLOUR, Reply, bold, problem
from newsroom.answers.budget import Spent
from newsroom.desk.status import Status
from newsroom.desk.why import Fate, Way, Why
from newsroom.models import Article, ChannelKind, Health
from newsroom.tasks import Pulse
from newsroom.text import clean, count, listed, shorten

WAYS: Final = 15
NAMES: Final = 5
PROBLEM: Final = 150
MODEL: Final = 60

HEALTH: Final = {
    Health.OK: "ok",
    Health.DEGRADED: "failed lately",
    Health.STALE: "silent for long",
    Health.FAILING: "failing",
    Health.HELD: "held",
    Health.GONE: "gone",
    Health.BLOCKED: "can't post there",
}


def status_panel(status: Status, pulses: Sequence[Pulse], versions: Sequence[str]) -> Reply:
    """Feeds and channels by state, what waits, the last round, the database, and what runs here."""
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(
        discord.ui.Container(
            discord.ui.TextDisplay("\n".join(("### Here", *_here(status)))),
            discord.ui.Separator(),
            discord.ui.TextDisplay("\n".join(("### Popcorn as a whole", *_whole(status, pulses, versions)))),
            accent_colour=COLOUR,
        )
    )
    return Reply(view=view)


def _here(status: Status) -> list[str]:
    feeds = [f"{number} {HEALTH[health]}" for health, number in sorted(status.feeds.items())]
    if status.paused_feeds:
        feeds.append(f"{status.paused_feeds} paused")
    states = (
        (status.open_channels, "open"),
        (status.paused_channels, "paused"),
        (status.blocked_channels, "can't be posted in"),
    )
    channels = [f"{number} {state}" for number, state in states if number]
    return [
        f"**Feeds:** {', '.join(feeds) or 'none yet; `/feed add` adds the first'}",
        f"**News channels:** {', '.join(channels) or 'none yet'}",
        f"**Waiting:** {count(status.waiting, 'story', 'stories')} on the way, "
        f"{status.later} for the daily list of those over the limit",
        *([f"**Language models:** {_asked(status.spent)}"] if status.models else []),
    ]


def _asked(spent: Spent) -> str:
    """What language models were asked in this server today."""
    if not spent.allowance.on:
        return "off; `/channel model` lets them write here"
    return f"{spent.allowance.asked} of {count(spent.allowance.server_day, 'question')} today, {spent.tokens:,} tokens"


def _whole(status: Status, pulses: Sequence[Pulse], versions: Sequence[str]) -> list[str]:
    report, at = status.last_round, status.last_round_at
    if report is None or at is None:
        last_round = "none since the start"
    else:
        last_round = (
            f"{format_dt(at, 'R')}: {count(report.feeds, 'feed')}, {report.ok} read, {report.not_modified} unchanged, "
            f"{report.failed} failed, {count(report.new_articles, 'new article')}, {report.seconds:.1f} s"
        )
    lines = [
        f"**Feeds read here:** {status.all_feeds}",
        f"**Last round:** {last_round}",
        f"**Database:** {_size(status.database_bytes)}, schema {status.schema}",
    ]
    if status.swept is not None:
        swept = status.swept
        lines.append(
            f"**Last clean-up:** {format_dt(swept.at, 'R')}, {count(swept.articles, 'old article')} removed, "
            f"{count(swept.tombstones, 'short note')} of older ones kept"
        )
    if status.models:
        names = [markdown.escape(shorten(clean(name), MODEL)) for name in status.models]
        lines.append(f"**Language models:** {listed(names)}, {status.spent.share:.0%} of the day's limit used")
    lines += [_pulse(pulse) for pulse in pulses]
    lines.append(f"-# {' · '.join(versions)}")
    return lines


def _pulse(pulse: Pulse) -> str:
    last = f"last pass {format_dt(pulse.passed_at, 'R')}" if pulse.passed_at else "no pass yet"
    trouble = f", {count(pulse.failures, 'pass', 'passes')} failed" if pulse.failures else ""
    trouble += f", {count(pulse.stuck, 'task')} begun again" if pulse.stuck else ""
    return f"**{pulse.name.capitalize()}:** {last}{trouble}"


def _size(number: int) -> str:
    if number < 1_000_000:
        return f"{number / 1_000:.0f} kB"
    return f"{number / 1_000_000:,.1f} MB"


def why_reply(why: Why, guild_id: int) -> Reply:
    """How an article is recognised, and its way to each news channel, one line each."""
    article = why.article
    lines = [
        bold(article.title, or_else="An article without a headline"),
        f"Found {format_dt(article.found_at, 'f')} in {bold(why.title)}{_published(article)}.",
    ]
    if why.feed.checked_at:
        failed = f" That failed: {problem(why.feed.error, PROBLEM)}" if why.feed.error else ""
        lines.append(f"That feed was last read {format_dt(why.feed.checked_at, 'R')}.{failed}")
    if why.recognised_by:
        lines.append(f"I know it again by its {listed(why.recognised_by)}, so it can't come as new.")
    if why.others:
        others = [bold(title) for title in why.others[:NAMES]]
        lines.append(f"The same story came from {listed(others)} as well; a channel gets it once.")
    lines += [_way(way, guild_id) for way in why.ways[:WAYS]]
    if len(why.ways) > WAYS:
        lines.append(f"… and {count(len(why.ways) - WAYS, 'more channel')}.")
    if not why.ways:
        lines.append("No channel of this server gets that feed now.")
    return Reply("\n".join(lines))


def _published(article: Article) -> str:
    return f", which dates it {format_dt(article.published_at, 'f')}" if article.published_at else ""


def _way(way: Way, guild_id: int) -> str:
    return f"<#{way.channel.channel_id}>: {_fate(way, guild_id)}"


def _fate(way: Way, guild_id: int) -> str:
    at = format_dt(way.at, "f") if way.at else ""
    reason = f" {problem(way.reason, PROBLEM)}" if way.reason else ""
    # A forum's post is a thread, whose id is its first message's.
    place = way.message_id if way.channel.kind is ChannelKind.FORUM else way.channel.channel_id
    link = markdown.message_link(guild_id, place, way.message_id) if place and way.message_id else ""
    match way.fate:
        case Fate.POSTED:
            return f"[posted]({link}) {at}." if link else f"posted {at}."
        case Fate.LISTED:
            return f"[listed]({link}) with others that were over the limit." if link else "listed with others."
        case Fate.TAKEN_DOWN:
            return f"was posted {at}, and a moderator took it down."
        case Fate.REFUSED:
            return f"couldn't be posted.{reason}"
        case Fate.LEFT_OUT:
            return f"left out, because an admin removed the feed or skipped what it had brought.{reason}"
        case Fate.NO_FEED:
            return "doesn't get a feed that tells it."
        case Fate.FEED_PAUSED:
            return "waits, because the feed is paused here. `/feed resume` lets it in."
        case Fate.HELD:
            return "waits for an admin's word, because the feed is held. `/feed release` or `/feed skip`."
        case Fate.LATER:
            return (
                "comes in the daily list, because the channel had its share of cards. `/channel limits` changes that."
            )
        case Fate.BEFORE:
            return f"was there before the channel got the feed ({at}), so it counts as known."
        case Fate.BLOCKED:
            return f"waits.{reason}"
        case Fate.CHANNEL_PAUSED:
            return f"waits, because the channel is paused{f' until {at}' if at else ''}."
        case Fate.ON_ITS_WAY:
            return f"on its way{f', tried next {_soon(way.at)}' if way.at and way.reason else ''}.{reason}"


def _soon(at: datetime) -> str:
    return format_dt(at, "R")
