"""/feed and /channel: admins say which feed goes where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import format_dt, utcnow

from cogs.views import panels
from cogs.views.cards import card_message
from newsroom.desk.rounds import Outcome
from newsroom.desk.subscriptions import MOST_BACKFILL, Candidate, Listed, Place, Subscriptions
from newsroom.errors import RequestRefused
from newsroom.models import ChannelKind, FeedLink, SubscriptionState
from newsroom.times import duration

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

Interaction = discord.Interaction["NewsBot"]
NewsPlace = discord.TextChannel | discord.ForumChannel | discord.Thread

# Without these no card can appear at all; without the others it appears poorer or can't be found again.
INDISPENSABLE = ("view_channel", "send_messages", "send_messages_in_threads")


class Guarded(app_commands.Group):
    """Commands that take a permission: Discord hides them from others, and we check again."""

    def __init__(self, *, name: str, description: str, needs: str) -> None:
        super().__init__(
            name=name,
            description=description,
            guild_only=True,
            default_permissions=discord.Permissions(**{needs: True}),
        )
        self._needs = needs

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        if not getattr(interaction.permissions, self._needs):
            raise app_commands.MissingPermissions([self._needs])
        return True


class Feeds(commands.Cog):
    """Adds, lists, pauses and removes feeds; everything acts on the caller's server alone."""

    feed = Guarded(name="feed", description="Which feeds are posted in this server", needs="manage_guild")
    channel = Guarded(name="channel", description="How this channel gets its news", needs="manage_messages")

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    @feed.command()
    @app_commands.describe(
        url="The address of a feed, or of a page that has one",
        channel="Where its stories go; this channel if left out",
        backfill="How many of its newest articles to post now; 1 if left out",
        title="What to call it here; its own title if left out",
    )
    async def add(
        self,
        interaction: Interaction,
        url: str,
        channel: NewsPlace | None = None,
        backfill: app_commands.Range[int, 0, MOST_BACKFILL] = 1,
        title: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        """Post a feed's stories in a channel."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        target = _news_place(channel or interaction.channel)

        async def with_tag(candidate: Candidate, tag: discord.ForumTag | None) -> panels.Reply:
            added = await self._subscriptions.add(
                candidate,
                Place(target.guild.id, target.id, _kind(target), tag.id if tag else None),
                backfill=backfill,
                title=title,
                added_by=interaction.user.id,
            )
            return panels.feed_added(
                title=added.title,
                items=added.items,
                newest=added.newest,
                channel_id=target.id,
                posting_now=added.posting,
                missing=_missing(target),
            )

        async def found(candidate: Candidate) -> panels.Reply:
            tags = _tags_to_choose(target)
            if tags:
                return panels.choose_tag(interaction, tags, lambda tag: with_tag(candidate, tag))
            return await with_tag(candidate, None)

        async def at(address: str) -> panels.Reply:
            candidate = await self._subscriptions.look_up(address)
            if isinstance(candidate, Candidate):
                return await found(candidate)
            return panels.choose_feed(interaction, candidate, chosen)

        async def chosen(link: FeedLink) -> panels.Reply:
            return await at(link.url)

        missing = _missing(target)
        if any(name in INDISPENSABLE for name in missing):
            raise RequestRefused(f"Nothing was added. {panels.permissions_missing(target.id, missing)}")
        await interaction.edit_original_response(**(await at(url)).edit())

    @feed.command(name="list")
    @app_commands.describe(channel="Only what this channel gets")
    async def list_(self, interaction: Interaction, channel: NewsPlace | None = None) -> None:
        """Show which feeds are posted where, and how each is doing."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._subscriptions.listing(_guild_id(interaction), channel.id if channel else None)
        await interaction.edit_original_response(**panels.feed_list(interaction, [_row(one) for one in listed]).edit())

    @feed.command()
    @app_commands.describe(feed="Which feed", channel="Only from this channel; from all of this server's if left out")
    async def remove(self, interaction: Interaction, feed: str, channel: NewsPlace | None = None) -> None:
        """Stop posting a feed; can be undone for 10 minutes."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        removed = await self._subscriptions.remove(
            _guild_id(interaction), listed.feed.id, channel.id if channel else None
        )

        async def undo() -> panels.Reply:
            await self._subscriptions.undo(removed)
            return panels.Reply(f"{panels.bold(removed.title)} is back, as if nothing had happened.")

        reply = panels.feed_removed(interaction, removed.title, removed.channel_ids, undo)
        await interaction.edit_original_response(**reply.edit())

    @feed.command()
    @app_commands.describe(feed="Which feed")
    async def pause(self, interaction: Interaction, feed: str) -> None:
        """Stop a feed's stories in this server until you resume it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        await self._subscriptions.pause(_guild_id(interaction), listed.feed.id)
        await interaction.edit_original_response(
            content=f"{panels.bold(listed.title)} is paused in this server. `/feed resume` lets its stories in again."
        )

    @feed.command()
    @app_commands.describe(feed="Which feed")
    async def resume(self, interaction: Interaction, feed: str) -> None:
        """Let a paused feed's stories in again, from now on."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        await self._subscriptions.resume(_guild_id(interaction), listed.feed.id)
        await interaction.edit_original_response(
            content=f"{panels.bold(listed.title)} is back: each new story is posted from now on."
        )

    @feed.command()
    @app_commands.describe(feed="Which feed")
    async def preview(self, interaction: Interaction, feed: str) -> None:
        """Show a feed's newest article as a card, only to you."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        card = await self._subscriptions.preview(_guild_id(interaction), listed.feed.id)
        await interaction.edit_original_response(**card_message(card, now=utcnow()).for_channel())

    @feed.command()
    @app_commands.describe(feed="Which feed")
    async def refresh(self, interaction: Interaction, feed: str) -> None:
        """Read a feed now and tell how that went."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        done = await self._subscriptions.refresh(_guild_id(interaction), listed.feed.id)
        match done.outcome:
            case Outcome.FAILED:
                told = f"couldn't be read. {done.error} I try again {format_dt(done.due_at, 'R')}."
            case Outcome.READ if done.new_articles:
                told = f"has {panels.count(done.new_articles, 'new article')}, on the way now."
            case _:
                told = f"has nothing new. I look again {format_dt(done.due_at, 'R')}."
        await interaction.edit_original_response(content=f"{panels.bold(done.title)} {told}")

    @channel.command(name="pause")
    @app_commands.describe(length='How long, like "2h" or "3 days"; until you resume it if left out')
    @app_commands.rename(length="duration")
    async def pause_channel(self, interaction: Interaction, length: str | None = None) -> None:
        """Keep this channel free of news for a while; its stories come later."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        until = await self._subscriptions.pause_channel(
            _guild_id(interaction), _channel_id(interaction), duration(length) if length else None
        )
        when = f"until {format_dt(until, 'f')}" if until else "until `/channel resume`"
        await interaction.edit_original_response(content=f"No news here {when}. What is found meanwhile comes then.")

    @channel.command(name="resume")
    async def resume_channel(self, interaction: Interaction) -> None:
        """Let news into this channel again."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        waiting = await self._subscriptions.resume_channel(_guild_id(interaction), _channel_id(interaction))
        coming = f" {panels.count(waiting, 'story', 'stories')} waited and come now." if waiting else ""
        await interaction.edit_original_response(content=f"News comes here again.{coming}")

    @remove.autocomplete("feed")
    @pause.autocomplete("feed")
    @resume.autocomplete("feed")
    @preview.autocomplete("feed")
    @refresh.autocomplete("feed")
    async def _complete(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        found = await self._subscriptions.choices(_guild_id(interaction), text)
        return [app_commands.Choice(name=panels.choice_name(title, url), value=value) for title, url, value in found]

    async def _find(self, interaction: Interaction, feed: str) -> Listed:
        return await self._subscriptions.find(_guild_id(interaction), feed)


def _guild_id(interaction: Interaction) -> int:
    assert interaction.guild_id is not None, "the groups are guild_only"
    return interaction.guild_id


def _channel_id(interaction: Interaction) -> int:
    assert interaction.channel_id is not None, "a slash command is used in a channel"
    return interaction.channel_id


def _news_place(channel: object) -> NewsPlace:
    if not isinstance(channel, NewsPlace):
        raise RequestRefused("News goes to text, announcement and forum channels and to threads. Pick one of those.")
    return channel


def _kind(channel: NewsPlace) -> ChannelKind:
    if isinstance(channel, discord.ForumChannel):
        return ChannelKind.FORUM
    if isinstance(channel, discord.Thread):
        return ChannelKind.THREAD
    return ChannelKind.ANNOUNCEMENT if channel.is_news() else ChannelKind.TEXT


def _missing(channel: NewsPlace) -> list[str]:
    """Name the permissions that a card needs and that we lack there."""
    granted = channel.permissions_for(channel.guild.me)
    write = "send_messages_in_threads" if isinstance(channel, discord.Thread) else "send_messages"
    needed = ["view_channel", write, "embed_links", "attach_files", "read_message_history"]
    return [name for name in needed if not getattr(granted, name)]


def _tags_to_choose(channel: NewsPlace) -> Sequence[discord.ForumTag]:
    """Return the tags to ask for: a forum may require one, and some are for moderators alone."""
    if not isinstance(channel, discord.ForumChannel) or not channel.flags.require_tag:
        return ()
    return [tag for tag in channel.available_tags if not tag.moderated]


def _row(listed: Listed) -> panels.FeedRow:
    active = listed.subscription.state is SubscriptionState.ACTIVE
    return panels.FeedRow(
        title=listed.title,
        url=listed.feed.url,
        channel_id=listed.subscription.channel_id,
        state=_state(listed),
        last_success=listed.feed.succeeded_at,
        next_check=listed.feed.due_at if active else None,
        error=listed.channel.suspended_for or listed.feed.error,
    )


def _state(listed: Listed) -> str:
    channel = listed.channel
    if listed.subscription.state is SubscriptionState.PAUSED:
        return "paused"
    if channel.suspended_for:
        return "can't post there"
    if channel.paused and (channel.paused_until is None or channel.paused_until > utcnow()):
        return "channel paused"
    return "failing" if listed.feed.failures else "ok"


async def setup(bot: NewsBot) -> None:
    await bot.add_cog(Feeds(bot.newsroom.subscriptions))


