"""/poll: moderators ask, close, edit and export; admins say how polls work in their server."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import format_dt

from cogs.boards import Boards
from cogs.callers import Guarded, guild_of, may_in, require, require_in
from cogs.options import Picked, TalkOption, picked_place
from cogs.places import Places
from cogs.views import asking as views
from cogs.views import markdown, panels
from cogs.views.replies import explain, permission_name
from cogs.views.takes import filled
from newsroom.desk.story_desk import StoryDesk
from newsroom.errors import RequestRefused
from newsroom.models import Poll, PollState, PollStyle
from newsroom.text import row_number, shorten
from newsroom.times import zone_names
from newsroom.votes.asking import LABEL, QUESTION
from newsroom.votes.guilds import MOST_PER_DAY, Guilds
from newsroom.votes.polls import Polls
from newsroom.votes.repeats import Repeats

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

Interaction = discord.Interaction["NewsBot"]
MOST_CHOICES = 25  # that Discord shows while somebody types
PollPlace = discord.TextChannel | discord.Thread

PollOption = app_commands.Range[str, 1, 100]


class PollCommands(commands.Cog, name="Polls"):
    """Asks questions; everything acts on the caller's server alone."""

    poll = Guarded(name="poll", description="Ask this server something", needs="manage_messages")
    repeat = Guarded(
        name="repeat", description="Ask the same question on a schedule", needs="manage_messages", parent=poll
    )

    def __init__(
        self,
        polls: Polls,
        guilds: Guilds,
        repeats: Repeats,
        stories: StoryDesk,
        boards: Boards,
        places: Places,
    ) -> None:
        self._polls = polls
        self._guilds = guilds
        self._repeats = repeats
        self._stories = stories
        self._boards = boards
        self._places = places

    # ---------------------------------------------------------------------------------- asking

    @poll.command()
    @app_commands.describe(
        question="What to ask; which team, if left out",
        story="A story that is posted here, to ask about it",
        choices="2 to 10, with | between them; each may end in =open, =proprietary or =depends",
        duration='Like "2h", "1d 2h", "3 days", "until friday 18:00" or "none"; 24h if left out',
        style="Buttons of mine, or one of Discord's own polls; buttons if left out",
        visibility="Who sees what members vote: nobody (anonymous), or everybody; anonymous if left out",
        results="When the result is shown; live if left out",
        max_choices="How many choices a member may take; 1 if left out",
        role="Only members with this role may vote",
        channel="Where to ask; this channel if left out",
    )
    async def start(
        self,
        interaction: Interaction,
        question: str | None = None,
        story: str | None = None,
        choices: str | None = None,
        duration: str | None = None,
        style: Literal["buttons", "native"] | None = None,
        visibility: Literal["anonymous", "public"] | None = None,
        results: Literal["live", "after_vote", "after_close"] | None = None,
        max_choices: app_commands.Range[int, 1, 10] | None = None,
        role: discord.Role | None = None,
        channel: app_commands.Transform[Picked, TalkOption] | None = None,
    ) -> None:
        """Ask this server something; without options, a form asks you what."""
        given = {
            "question": question,
            "choices": choices,
            "duration": duration,
            "style": style,
            "visibility": visibility,
            "results": results,
        }
        if not any([*given.values(), story, max_choices, role, channel]):
            await interaction.response.send_modal(views.PollQuestions())
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        role_id = role.id if role is not None and not role.is_default() else None
        await self._start(
            interaction, given, story=story, max_choices=max_choices or 1, role_id=role_id, picked=channel
        )

    async def _start(
        self,
        interaction: Interaction,
        given: Mapping[str, str | None],
        *,
        story: str | None = None,
        max_choices: int = 1,
        role_id: int | None = None,
        picked: Picked | None = None,
    ) -> None:
        guild_id = guild_of(interaction)
        draft = await self._polls.read(guild_id, given, max_choices=max_choices, role_id=role_id)
        channel = _poll_place(interaction, picked, draft.style)
        story_id = _number(story, "Pick a story from the list.") if story else None
        poll, row_id = await self._polls.start(guild_id, channel.id, interaction.user.id, draft, story_id)
        refusal = await self._boards.send(row_id)
        if refusal is not None:
            await self._polls.discard(poll.id)
            raise RequestRefused(f"{refusal} Nothing was asked.")
        links = await self._polls.links([poll.id])
        await _answer(interaction, views.poll_started(channel.id, views.jump_link(guild_id, links.get(poll.id))))

    @poll.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show this server's polls, the open ones first."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._polls.listing(guild_of(interaction))
        polls = [shown for shown in listed if may_in(interaction, shown.poll.channel_id, "view_channel")]
        links = await self._polls.links([shown.poll.id for shown in polls])
        await _answer(interaction, views.poll_list(interaction, polls, links))

    @poll.command()
    @app_commands.describe(poll="Which poll")
    async def close(self, interaction: Interaction, poll: PollOption) -> None:
        """Close a poll now; with 10 votes or more, its result is told."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._find(interaction, poll, [PollState.OPEN])
        if found.style is PollStyle.NATIVE:
            await self._end_native(found)
            text = f"{panels.bold(found.question)} is closed. Discord counts the votes; that takes a moment."
        else:
            if await self._polls.close(found.id, guild_id=found.guild_id) is None:
                raise RequestRefused("Somebody has just closed that poll.")
            self._boards.changed(found.id)
            text = f"{panels.bold(found.question)} is closed. `/poll reopen` lets votes in again."
        await _answer(interaction, panels.Reply(text))

    async def _end_native(self, poll: Poll) -> None:
        link = (await self._polls.links([poll.id])).get(poll.id)
        if link is not None:
            try:
                await self._places.message(link[0], poll.guild_id, link[1]).end_poll()
            except discord.NotFound:
                pass  # it was deleted, so there is nothing to end but our own count
            except discord.HTTPException as error:
                if error.status >= 500:
                    raise RequestRefused("Discord can't close that poll just now. Try again in a moment.") from error
        await self._polls.expire(poll.id)

    @poll.command()
    @app_commands.describe(poll="Which poll")
    async def reopen(self, interaction: Interaction, poll: PollOption) -> None:
        """Let votes into a closed poll again, for 24 hours."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        found = await self._find(interaction, poll, [PollState.CLOSED])
        reopened, result = await self._polls.reopen(guild_id, found.id)
        self._boards.changed(found.id)
        if result is not None:
            with suppress(discord.HTTPException):  # it may be gone, and it does no harm where it stays
                await self._places.message(result[0], guild_id, result[1]).delete()
        assert reopened.closes_at is not None, "just set"
        text = f"{panels.bold(found.question)} is open again, until {format_dt(reopened.closes_at, 'f')}."
        await _answer(interaction, panels.Reply(text))

    @poll.command()
    @app_commands.describe(poll="Which poll")
    async def edit(self, interaction: Interaction, poll: PollOption) -> None:
        """Change a poll's words, as long as nobody has voted."""
        guild_id = guild_of(interaction)
        found = await self._find(interaction, poll)
        editable = await self._polls.editable(guild_id, found.id)
        await interaction.response.send_modal(views.EditQuestions(editable, self._polls.mark(found.id)))

    @poll.command()
    @app_commands.describe(poll="Which poll")
    async def export(self, interaction: Interaction, poll: PollOption) -> None:
        """Get a poll as CSV and JSON; of a private one the counts of each hour, and no names."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        found, files = await self._polls.export(guild_id, (await self._find(interaction, poll)).id)
        attachments = [
            discord.File(io.BytesIO(content), f"poll-{found.id}.{ending}")
            for ending, content in (("csv", files.csv), ("json", files.json))
        ]
        await interaction.edit_original_response(content=panels.bold(found.question), attachments=attachments)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Read the forms, also those that were opened before a restart."""
        data: Any = interaction.data or {}
        form, _, mark = str(data.get("custom_id", "")).partition(":")
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        if form not in (views.POLL_FORM, views.EDIT_FORM):
            return
        try:
            require(interaction, "manage_messages")
            await interaction.response.defer(ephemeral=True, thinking=True)
            values = filled(data)
            if form == views.POLL_FORM:
                await self._start(interaction, values)
                return
            guild_id, poll_id = guild_of(interaction), self._polls.poll_id(mark)
            found = await self._polls.get(guild_id, poll_id)
            require_in(interaction, found.channel_id, "view_channel", "manage_messages")
            edited = await self._polls.edit(guild_id, poll_id, values.get("question", ""), values.get("choices", ""))
            self._boards.changed(poll_id)
            await _answer(interaction, panels.Reply(f"{panels.bold(edited.question)} it is."))
        except Exception as error:
            await explain(interaction, error)

    # -------------------------------------------------------------------------------- settings

    @poll.command(extras={"needs": "manage_guild"})
    @app_commands.describe(
        timezone="This server's time zone, like Europe/Berlin",
        open_label="What to call open source",
        proprietary_label="What to call proprietary",
        depends_label='What to call those in between, "It depends" at first',
        depends="Whether there is a third choice for those in between",
        story_polls="Whether team polls open under stories by themselves",
        per_day="How many of them at most in a news channel and day",
        team_roles="Whether members may wear their team as a role",
    )
    async def settings(
        self,
        interaction: Interaction,
        timezone: app_commands.Range[str, 1, 100] | None = None,
        open_label: app_commands.Range[str, 1, LABEL] | None = None,
        proprietary_label: app_commands.Range[str, 1, LABEL] | None = None,
        depends_label: app_commands.Range[str, 1, LABEL] | None = None,
        depends: bool | None = None,
        story_polls: bool | None = None,
        per_day: app_commands.Range[int, 1, MOST_PER_DAY] | None = None,
        team_roles: bool | None = None,
    ) -> None:
        """Show how polls work in this server, or change it."""
        require(interaction, "manage_guild")
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        given = {
            "timezone": timezone,
            "open_label": open_label,
            "proprietary_label": proprietary_label,
            "depends_label": depends_label,
            "depends": depends,
            "story_polls": story_polls,
            "per_day": per_day,
            "team_roles": team_roles,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        if not changes:
            await _answer(interaction, views.settings_panel(await self._guilds.settings(guild_id)))
            return
        settings = await self._guilds.change(guild_id, changes)
        reply = views.settings_panel(settings, "Changed. Polls in this server now work like this")
        may = interaction.guild is not None and interaction.guild.me.guild_permissions.manage_roles
        if team_roles and not may:
            reply = panels.Reply(
                f"{reply.content}\n⚠️ For team roles I still need **{permission_name('manage_roles')}**."
            )
        await _answer(interaction, reply)

    @settings.autocomplete("timezone")
    async def _complete_zone(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in zone_names(text)]

    # --------------------------------------------------------------------------------- repeats

    @repeat.command()
    @app_commands.describe(
        every='How often and on which day: "daily", "weekly friday", "every 2 weeks monday", "monthly 1"',
        at='At what time, by this server\'s clock: "18:00"',
        question="What to ask; which team, if left out",
        channel="Where to ask; this channel if left out",
    )
    async def add(
        self,
        interaction: Interaction,
        every: app_commands.Range[str, 1, 100],
        at: app_commands.Range[str, 1, 100],
        question: app_commands.Range[str, 1, QUESTION] | None = None,
        channel: app_commands.Transform[Picked, TalkOption] | None = None,
    ) -> None:
        """Ask the same question on a schedule; each time it is open for 24 hours."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        place = _poll_place(interaction, channel, PollStyle.BUTTONS)
        guild_id = guild_of(interaction)
        added = await self._repeats.add(guild_id, place.id, interaction.user.id, every, at, question)
        line = views.repeat_line(added, await self._guilds.settings(guild_id))
        note = "It pings nobody, and pauses when hardly anybody votes twice in a row."
        await _answer(interaction, panels.Reply(f"{line}\n{note}"))

    @repeat.command(name="list")
    async def list_repeats(self, interaction: Interaction) -> None:
        """Show which questions are repeated, and when each comes next."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        listed, settings = await self._repeats.listing(guild_id), await self._guilds.settings(guild_id)
        repeats = [repeat for repeat in listed if may_in(interaction, repeat.channel_id, "view_channel")]
        await _answer(interaction, views.repeat_list(interaction, repeats, settings))

    @repeat.command()
    @app_commands.describe(repeat="Which one")
    async def pause(self, interaction: Interaction, repeat: PollOption) -> None:
        """Stop repeating a question for a while; used again, it goes on."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        changed = await self._repeats.toggle(guild_id, await self._repeat_meant(interaction, repeat))
        line = views.repeat_line(changed, await self._guilds.settings(guild_id))
        await _answer(interaction, panels.Reply(f"{'Paused' if changed.paused else 'It goes on'}.\n{line}"))

    @repeat.command()
    @app_commands.describe(repeat="Which one")
    async def remove(self, interaction: Interaction, repeat: PollOption) -> None:
        """Stop repeating a question for good; what was asked stays."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        removed = await self._repeats.remove(guild_of(interaction), await self._repeat_meant(interaction, repeat))
        await _answer(interaction, panels.Reply(f"No longer asked: {views.repeat_name(removed)}."))

    async def _repeat_meant(self, interaction: Interaction, typed: str) -> int:
        """Return the repeat that a moderator picked, who has to be one where it is asked."""
        number = _number(typed, "Pick a repeat from the list.")
        for repeat in await self._repeats.listing(guild_of(interaction)):
            if repeat.id == number:
                require_in(interaction, repeat.channel_id, "view_channel", "manage_messages")
        return number

    async def _find(self, interaction: Interaction, typed: str, states: Sequence[PollState] = tuple(PollState)) -> Poll:
        """Return the poll that a moderator means, who has to be one where it stands."""
        found = await self._polls.find(guild_of(interaction), typed, states)
        require_in(interaction, found.channel_id, "view_channel", "manage_messages")
        return found

    # ----------------------------------------------------------------------------- completions

    @close.autocomplete("poll")
    async def _complete_open(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        return await self._complete_polls(interaction, text, [PollState.OPEN])

    @reopen.autocomplete("poll")
    async def _complete_closed(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        return await self._complete_polls(interaction, text, [PollState.CLOSED])

    @edit.autocomplete("poll")
    @export.autocomplete("poll")
    async def _complete_any(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        return await self._complete_polls(interaction, text, list(PollState))

    async def _complete_polls(
        self, interaction: Interaction, text: str, states: list[PollState]
    ) -> list[app_commands.Choice[str]]:
        # discord.py asks no group's check here.
        if not self.poll.may_use(interaction):
            return []
        found = await self._polls.completions(guild_of(interaction), text, states)
        seen = [poll for poll in found if may_in(interaction, poll.channel_id, "view_channel")]
        return [app_commands.Choice(name=views.poll_name(poll), value=str(poll.id)) for poll in seen]

    @start.autocomplete("story")
    async def _complete_story(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        if not self.poll.may_use(interaction):
            return []
        cards = await self._stories.stories(guild_of(interaction), text)
        seen = {str(story): headline for story, headline, place in cards if may_in(interaction, place, "view_channel")}
        named = [(shorten(headline, markdown.CHOICE_NAME) or "Untitled", story) for story, headline in seen.items()]
        return [app_commands.Choice(name=name, value=value) for name, value in named[:MOST_CHOICES]]

    @pause.autocomplete("repeat")
    @remove.autocomplete("repeat")
    async def _complete_repeat(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        if not self.poll.may_use(interaction):
            return []
        listed = await self._repeats.listing(guild_of(interaction))
        repeats = [repeat for repeat in listed if may_in(interaction, repeat.channel_id, "view_channel")]
        named = [(views.repeat_name(repeat), str(repeat.id)) for repeat in repeats]
        fits = [(name, value) for name, value in named if text.casefold() in name.casefold()]
        return [app_commands.Choice(name=name, value=value) for name, value in fits[:MOST_CHOICES]]


def _poll_place(interaction: Interaction, picked: Picked | None, style: PollStyle) -> PollPlace:
    """Return the picked channel, or else this one, if a poll can stand there. Raises RequestRefused if not."""
    channel = picked_place(picked) if picked else interaction.channel
    if not isinstance(channel, PollPlace) or channel.guild.id != interaction.guild_id:
        raise RequestRefused("Polls go to text and announcement channels and to threads. Pick one of those.")
    write = "send_messages_in_threads" if isinstance(channel, discord.Thread) else "send_messages"
    # Through us nobody gets to say something where they may not.
    require_in(interaction, channel.id, "view_channel", write)
    granted = channel.permissions_for(channel.guild.me)
    needed = ["view_channel", write, "send_polls" if style is PollStyle.NATIVE else "embed_links"]
    missing = [name for name in needed if not getattr(granted, name)]
    if missing:
        raise RequestRefused(f"{panels.permissions_missing(channel.id, missing)} Nothing was asked.")
    return channel


def _number(typed: str, otherwise: str) -> int:
    number = row_number(typed)
    if number is None:
        raise RequestRefused(otherwise)
    return number


async def _answer(interaction: Interaction, reply: panels.Reply) -> None:
    await interaction.edit_original_response(**reply.edit())


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    await bot.add_cog(
        PollCommands(newsroom.polls, newsroom.guilds, newsroom.repeats, newsroom.story_desk, bot.boards, Places(bot))
    )
