"""What members see about themselves and about all of them: /team, /standings, /privacy."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import discord
from discord.utils import format_dt

from cogs.views import markdown
from cogs.views.buttons import Lasting
from cogs.views.panels import COLOUR, Reply, bar
from cogs.views.polls import EMOJI, season_in_words, switch_button
from newsroom.models import GuildSettings, Side, Standing
from newsroom.text import count
from newsroom.votes.counting import FEWEST, Call, call, tellable
from newsroom.votes.guilds import worn
from newsroom.votes.members import Kept, Membership, Standings, side_in_words

ROLE_TEMPLATE: Final = r"team-role:(?P<what>on|off)"
PRIVACY_TEMPLATE: Final = r"privacy:(?P<what>download|delete|here|everywhere)"
QUOTES_TEMPLATE: Final = r"quote-takes:(?P<what>on|off)"
CHART: Final = "standings.png"


def team_reply(membership: Membership, role_ids: Collection[int]) -> Reply:
    """A member's side, since when, how often they crossed, and the buttons to switch. ``role_ids`` are the member's."""
    settings, side = membership.settings, membership.side
    view = Lasting()
    if side is None:
        lines = ["You're on no team yet. Your first vote in a team poll puts you on one; or choose now."]
    else:
        where = markdown.escape(side_in_words(settings, side))
        on = f"in between ({where})" if side is Side.DEPENDS else f"on {where}"
        since = f" since {format_dt(membership.since, 'D')}" if membership.since else ""
        lines = [f"You're {on}{since}. {crossings(membership.crossings)}"]
    for other in (Side.OPEN, Side.PROPRIETARY, *([Side.DEPENDS] if settings.depends else [])):
        if other is not side:
            name = side_in_words(settings, other)
            view.add_item(switch_button("-", other, f"Switch to {name}" if side else name))
    wears = worn(settings, role_ids)
    if wears or (settings.team_roles and side is not None):
        label = "Take off my team's role" if wears else "Wear my team's role"
        view.add_item(discord.ui.Button(label=label, custom_id=f"team-role:{'off' if wears else 'on'}", row=1))
        lines.append("-# A role is public: everybody sees who wears it, and it follows when you switch.")
    return Reply("\n".join(lines), view)


def crossings(number: int) -> str:
    """How often somebody voted for the other team."""
    if not number:
        return "You never crossed the floor."
    return f"You crossed the floor {'once' if number == 1 else f'{number} times'}."


def standings_view(standings: Standings, alt: str | None) -> discord.ui.LayoutView:
    """Where the members stand and how that moved, the season, and the chart if there is one, with its ``alt`` text."""
    view = discord.ui.LayoutView(timeout=None)
    panel: discord.ui.Container[Any] = discord.ui.Container(accent_colour=COLOUR)
    panel.add_item(discord.ui.TextDisplay("\n".join(["### Where this server stands", *standing_lines(standings)])))
    if alt is not None:
        gallery: discord.ui.MediaGallery[Any] = discord.ui.MediaGallery()
        gallery.add_item(media=f"attachment://{CHART}", description=alt)
        panel.add_item(gallery)
    panel.add_item(discord.ui.Separator())
    month = f"{standings.today:%B}"
    season = season_in_words(standings.settings, standings.season)
    panel.add_item(discord.ui.TextDisplay(f"**The season: stories won in {month}**\n{season}"))
    panel.add_item(discord.ui.TextDisplay("-# A member's side is set by the first team vote. `/team` shows yours."))
    view.add_item(panel)
    return view


def standing_lines(standings: Standings) -> list[str]:
    """How many members are on each side, who leads, and how that moved."""
    standing, settings = standings.now, standings.settings
    if standing.members < FEWEST:
        return [f"{count(standing.members, 'member')} on a side so far: too few to call."]
    lines = []
    sides = [(Side.OPEN, standing.open), (Side.PROPRIETARY, standing.proprietary)]
    if settings.depends or standing.depends:
        sides.append((Side.DEPENDS, standing.depends))
    for side, members in sides:
        share = members / standing.members
        emoji = f"{EMOJI[side]} " if side in EMOJI else ""
        label = markdown.escape(settings.label(side))
        lines.append(f"{emoji}{label} · **{members}** · {share:.0%}\n{bar(share)}")
    lines.append(f"{count(standing.members, 'member')} · {_lead(settings, standing)}")
    lines += _moves(standings)
    return lines


def _lead(settings: GuildSettings, standing: Standing) -> str:
    called, leaders = call((standing.open, standing.proprietary), standing.open + standing.proprietary)
    side = Side.OPEN if leaders == [0] else Side.PROPRIETARY
    return {
        Call.TOO_FEW: "too few to call",
        Call.TIED: "a tie",
        Call.CLOSE: "neck and neck",
        Call.WON: f"{markdown.escape(side_in_words(settings, side))} leads",
    }[called]


def _moves(standings: Standings) -> list[str]:
    """How the standing moved since then, and who switched; groups too small to be told of are left out."""
    then, now, settings = standings.then, standings.now, standings.settings
    lines = []
    if then is not None and then.members >= FEWEST:
        changes = [
            (settings.open_label, now.open - then.open),
            (settings.proprietary_label, now.proprietary - then.proprietary),
        ]
        moved = [f"{markdown.escape(label)} {change:+d}" for label, change in changes]
        if all(not change or tellable(abs(change)) for _, change in changes):
            lines.append(f"-# Since {format_dt(standings.since, 'D')}: {', '.join(moved)}")
    switched = [
        f"{members} to {markdown.escape(label)}"
        for label, members in (
            (settings.open_label, tellable(standings.switches.to_open)),
            (settings.proprietary_label, tellable(standings.switches.to_proprietary)),
        )
        if members
    ]
    if switched:
        lines.append(f"-# Switched teams since then: {', '.join(switched)}")
    return lines


def privacy_reply(kept: Kept) -> Reply:
    """What is kept about a member, in plain words, and what the member can do about it."""
    side = f"Your side: {markdown.escape(side_in_words(kept.settings, kept.side))}" if kept.side else "No side"
    lines = [
        "### What I keep about you in this server",
        f"{side} · votes in {count(kept.polls, 'poll')} · {count(kept.takes, 'take')}",
        "-# With your votes and your side I keep when you changed your mind, because the standings of earlier days are "
        "made from that.",
        "Private votes are shown to nobody in this server, not to moderators and not to admins. Public votes and takes "
        "are. Whoever runs this bot can read its database.",
        "**Delete** removes your votes, your side and your takes, also from results. The totals that a closed poll "
        "printed stay: they name nobody. A vote in one of Discord's own polls is Discord's: while that poll is open, "
        "it is counted again until you take it back there. If you added feeds or started polls, your id stands with "
        "them.",
    ]
    lines.append(
        "**Quote my old takes**: a take whose subject is back in the news after three months may be shown once more, "
        "with the question how it aged. Switch that off, and none of yours is."
    )
    if kept.elsewhere:
        lines.append(f"There is something about you in {count(kept.elsewhere, 'other server')} too.")
    view = Lasting()
    view.add_item(discord.ui.Button(label="Download", custom_id="privacy:download"))
    view.add_item(discord.ui.Button(label="Delete", custom_id="privacy:delete"))
    view.add_item(quotes_button(kept.quotes))
    return Reply("\n".join(lines), view)


def quotes_button(quotes: bool) -> discord.ui.Button[Any]:
    """The switch that says whether a member's old takes may be asked about."""
    label = f"Quote my old takes: {'on' if quotes else 'off'}"
    return discord.ui.Button(label=label, custom_id=f"quote-takes:{'off' if quotes else 'on'}")


def sure_reply(kept: Kept) -> Reply:
    """Ask whether all of it shall go, since nothing brings it back."""
    view = Lasting()
    danger = discord.ButtonStyle.danger
    view.add_item(discord.ui.Button(label="Delete it here", style=danger, custom_id="privacy:here"))
    if kept.elsewhere:
        view.add_item(discord.ui.Button(label="Delete it in all servers", style=danger, custom_id="privacy:everywhere"))
    told = "Your votes, your side and your takes go for good. Nothing brings them back."
    if kept.elsewhere:
        told += "\nA team role goes in this server alone: in others, take it off with `/team` first."
    return Reply(told, view)
