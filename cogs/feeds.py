"""/feed and /channel: admins say which feed goes where."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import format_dt, utcnow

from cogs.callers import Guarded, guild_of, require, require_in
from cogs.news_places import INDISPENSABLE, NewsPlace, kind_of, missing, news_place, tags_to_choose
from cogs.options import Picked, PlaceOption, TalkOption, picked_place
from cogs.views import panels
from cogs.views.answers import allowance_reply
from cogs.views.cards import card_message
from cogs.views.discussion import settings_reply
from cogs.views.recaps import plan_reply
from cogs.views.status import HEALTH, why_reply
from newsroom.answers.budget import Budget
from newsroom.answers.chat import Models
from newsroom.desk.alerts import Alerts
from newsroom.desk.channels import NewsChannels
from newsroom.desk.limits import MOST_PER_DAY, MOST_PER_HOUR
from newsroom.desk.subscriptions import (
    MOST_BACKFILL,
    TITLE_LIMIT,
    Candidate,
    Listed,
    Several,
    Subscriptions,
    Target,
    is_paused,
    is_stopped,
)
from newsroom.desk.why import Whys
from newsroom.discussion.recaps import Recaps
from newsroom.discussion.threads import Threads
from newsroom.errors import RequestRefused
from newsroom.feeds.health import health_of
from newsroom.models import Health, SubscriptionState, ThreadMode, Tone
from newsroom.settings import MOST_MEMBER_HOUR, MOST_SERVER_DAY
from newsroom.text import count
from newsroom.times import duration

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

Interaction = discord.Interaction["NewsBot"]

LONGEST_ASKED = 2000


class Feeds(commands.Cog):
    """Adds, lists, pauses and removes feeds; everything acts on the caller's server alone."""

    feed = Guarded(name="feed", description="Which feeds are posted in this server", needs="manage_guild")
    channel = Guarded(name="channel", description="How this channel gets its news", needs="manage_messages")

    def __init__(
        self,
        subscriptions: Subscriptions,
        channels: NewsChannels,
        whys: Whys,
        alerts: Alerts,
        threads: Threads,
        recaps: Recaps,
        budget: Budget,
        chat: Models,
    ) -> None:
        self._subscriptions = subscriptions
        self._channels = channels
        self._whys = whys
        self._alerts = alerts
        self._threads = threads
        self._recaps = recaps
        self._budget = budget
        self._chat = chat
        self.undo_item = panels.undo_item(self._bring_back)

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
        channel: app_commands.Transform[Picked, PlaceOption] | None = None,
        backfill: app_commands.Range[int, 0, MOST_BACKFILL] = 1,
        title: app_commands.Range[str, 1, TITLE_LIMIT] | None = None,
    ) -> None:
        """Post a feed's stories in a channel."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        place = picked_place(channel) if channel else interaction.channel
        adding = Adding(
            self._subscriptions, self._threads, interaction, news_place(interaction, place), backfill, title
        )
        await _answer(interaction, await adding.look_up(url))

    @feed.command(name="list")
    @app_commands.describe(channel="Whose feeds to show; this channel's if left out")
    async def list_(
        self, interaction: Interaction, channel: app_commands.Transform[Picked, PlaceOption] | None = None
    ) -> None:
        """Show which feeds a channel gets, and how each is doing."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        channel_id = channel.id if channel else await self._channel_meant(interaction)
        listing = await self._subscriptions.listing(guild_of(interaction))
        here = [listed for listed in listing if listed.channel.channel_id == channel_id]
        elsewhere = [listed.channel.channel_id for listed in listing if listed.channel.channel_id != channel_id]
        reply = panels.feed_list(
            interaction,
            [_row(listed) for listed in here],
            elsewhere,
            suspended_for=here[0].channel.suspended_for if here else None,
            muted_for=here[0].channel.muted_for if here else None,
            backlog=await self._subscriptions.backlog(channel_id) if here else None,
        )
        await _answer(interaction, reply)

    @feed.command()
    @app_commands.describe(feed="Which feed", channel="Only from this channel; from all of this server's if left out")
    async def remove(
        self, interaction: Interaction, feed: str, channel: app_commands.Transform[Picked, PlaceOption] | None = None
    ) -> None:
        """Stop posting a feed; can be undone for 10 minutes."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        removed = await self._subscriptions.remove(
            guild_of(interaction), listed.feed.id, channel.id if channel else None
        )
        undo = self.undo_item(removed.feed_id, removed.removed_at)
        await _answer(interaction, panels.feed_removed(interaction, removed.title, removed.channel_ids, undo))

    async def _bring_back(self, interaction: Interaction, feed_id: int, removed_at: datetime) -> panels.Reply:
        self.feed.check(interaction)
        back = await self._subscriptions.undo(guild_of(interaction), feed_id, removed_at)
        places = panels.channels([listed.channel.channel_id for listed in back])
        return panels.Reply(f"{panels.bold(back[0].title)} is back in {places}, as if nothing had happened.")

    @feed.command()
    @app_commands.describe(feed="Which feed")
    async def pause(self, interaction: Interaction, feed: str) -> None:
        """Stop a feed's stories in this server until you resume it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        await self._subscriptions.pause(guild_of(interaction), listed.feed.id)
        text = f"{panels.bold(listed.title)} is paused in this server. `/feed resume` lets its stories in again."
        await _answer(interaction, panels.Reply(text))

    @feed.command()
    @app_commands.describe(feed="Which feed")
    async def resume(self, interaction: Interaction, feed: str) -> None:
        """Let a paused feed's stories in again, from now on."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        is_held = await self._subscriptions.resume(guild_of(interaction), listed.feed.id)
        await _answer(interaction, panels.Reply(panels.resumed(listed.title, is_held)))

    @feed.command()
    @app_commands.describe(feed="Which feed")
    async def preview(self, interaction: Interaction, feed: str) -> None:
        """Show a feed's newest article as a card, only to you."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        card = await self._subscriptions.preview(guild_of(interaction), listed.feed.id)
        await interaction.edit_original_response(**card_message(card, now=utcnow()).for_channel())

    @feed.command()
    @app_commands.describe(feed="Which feed")
    async def refresh(self, interaction: Interaction, feed: str) -> None:
        """Read a feed now and tell how that went."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        done = await self._subscriptions.refresh(guild_of(interaction), listed.feed.id)
        await _answer(interaction, panels.Reply(f"{panels.bold(done.title)} {panels.reading_outcome(done)}"))

    @feed.command()
    @app_commands.describe(
        feed="Which feed",
        always="True: never hold it here again; False: hold it again when need be; left out, that stays as it is",
    )
    async def release(self, interaction: Interaction, feed: str, always: bool | None = None) -> None:
        """Post what a held feed has brought."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        stories = await self._subscriptions.release(guild_of(interaction), listed.feed.id, always)
        await _answer(interaction, panels.Reply(panels.released(listed.title, stories, always)))

    @feed.command()
    @app_commands.describe(feed="Which feed")
    async def skip(self, interaction: Interaction, feed: str) -> None:
        """Take what a held feed has brought as known."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        listed = await self._find(interaction, feed)
        stories = await self._subscriptions.skip(guild_of(interaction), listed.feed.id)
        await _answer(interaction, panels.Reply(panels.skipped(listed.title, stories)))

    @feed.command()
    @app_commands.describe(story="A headline, the article's link, or the link of its card")
    @app_commands.rename(story="story-or-link")
    async def why(self, interaction: Interaction, story: app_commands.Range[str, 1, LONGEST_ASKED]) -> None:
        """Tell what became of an article in each channel of this server."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        why = await self._whys.of(guild_of(interaction), story)
        await _answer(interaction, why_reply(why, guild_of(interaction)))

    @why.autocomplete("story")
    async def _complete_story(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        if not self.feed.may_use(interaction):
            return []
        found = await self._whys.choices(guild_of(interaction), text)
        return [
            app_commands.Choice(name=panels.completion_name(headline, source), value=value)
            for headline, source, value in found
        ]

    @channel.command()
    @app_commands.describe(
        channel="Whose limits; this channel's if left out",
        per_hour="How many cards an hour, 0 for any number",
        per_day="How many cards a day, 0 for any number",
    )
    async def limits(
        self,
        interaction: Interaction,
        channel: app_commands.Transform[Picked, PlaceOption] | None = None,
        per_hour: app_commands.Range[int, 0, MOST_PER_HOUR] | None = None,
        per_day: app_commands.Range[int, 0, MOST_PER_DAY] | None = None,
    ) -> None:
        """Say how many cards a channel gets; the rest comes in one list a day."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        channel_id = channel.id if channel else await self._channel_meant(interaction)
        require_in(interaction, channel_id, "manage_messages")
        limited = await self._channels.limit(guild_of(interaction), channel_id, per_hour, per_day)
        await _answer(interaction, panels.limits(limited))

    @channel.command(extras={"needs": "manage_guild"})
    @app_commands.describe(
        channel="Which channel; this one if left out",
        threads="When a story gets a thread",
        takes="Whether members can drop hot takes",
        anonymous_takes="Whether a take may leave its author's name out",
        links="Whether a take may hold links",
        ask="Whether members can ask about a story",
        debate="Whether debates can be started here",
        tone="How a language model speaks here, if there is one",
    )
    async def discussion(
        self,
        interaction: Interaction,
        channel: app_commands.Transform[Picked, PlaceOption] | None = None,
        threads: Literal["none", "discuss", "always"] | None = None,
        takes: bool | None = None,
        anonymous_takes: bool | None = None,
        links: bool | None = None,
        ask: bool | None = None,
        debate: bool | None = None,
        tone: Literal["plain", "playful", "sharp"] | None = None,
    ) -> None:
        """Say how stories in a channel are discussed; without any choice, show how that is now."""
        require(interaction, "manage_guild")
        await interaction.response.defer(ephemeral=True, thinking=True)
        channel_id = channel.id if channel else await self._channel_meant(interaction)
        settings = await self._threads.change(
            guild_of(interaction),
            channel_id,
            threads=ThreadMode(threads) if threads else None,
            takes=takes,
            anonymous_takes=anonymous_takes,
            links=links,
            ask=ask,
            debate=debate,
            tone=Tone(tone) if tone else None,
        )
        reply = settings_reply(channel_id, settings)
        place = interaction.guild.get_channel_or_thread(channel_id) if interaction.guild else None
        if isinstance(place, NewsPlace) and (lacking := missing(place, settings.threads)):
            reply = replace(reply, content=f"{reply.content}\n{panels.permissions_missing(channel_id, lacking)}")
        await _answer(interaction, reply)

    @channel.command(extras={"needs": "manage_guild"})
    @app_commands.describe(
        on="Whether a recap comes once a week",
        channel="Where it comes; at first in the text channel that gets most cards",
        at='When it comes, by this server\'s clock: "friday 17:00"',
    )
    async def recap(
        self,
        interaction: Interaction,
        on: bool | None = None,
        channel: app_commands.Transform[Picked, TalkOption] | None = None,
        at: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        """Say whether, where and when the weekly recap comes; without any choice, show how that is now."""
        require(interaction, "manage_guild")
        await interaction.response.defer(ephemeral=True, thinking=True)
        channel_id = _talk_place(channel).id if channel is not None else None
        planned = await self._recaps.change(guild_of(interaction), on=on, channel_id=channel_id, at=at)
        await _answer(interaction, plan_reply(planned))

    @channel.command(extras={"needs": "manage_guild"})
    @app_commands.describe(
        on="Whether language models write in this server, if there are any",
        member_hour="How many questions an hour a member may ask one",
        server_day="How many questions a day all of this server may ask",
    )
    async def model(
        self,
        interaction: Interaction,
        on: bool | None = None,
        member_hour: app_commands.Range[int, 1, MOST_MEMBER_HOUR] | None = None,
        server_day: app_commands.Range[int, 1, MOST_SERVER_DAY] | None = None,
    ) -> None:
        """Say whether and how much language models write here; without any choice, show how that is now."""
        require(interaction, "manage_guild")
        await interaction.response.defer(ephemeral=True, thinking=True)
        allowance = await self._budget.allow(
            guild_of(interaction), on=on, member_hour=member_hour, server_day=server_day
        )
        await _answer(interaction, allowance_reply(allowance, self._chat.names))

    @channel.command()
    @app_commands.describe(channel="Where to tell what is wrong; left out, I tell where that is now")
    async def alerts(
        self, interaction: Interaction, channel: app_commands.Transform[Picked, TalkOption] | None = None
    ) -> None:
        """Choose where admins read what is wrong with feeds and channels."""
        require(interaction, "manage_guild")
        await interaction.response.defer(ephemeral=True, thinking=True)
        if channel is None:
            chosen = await self._alerts.channel(guild_of(interaction))
            await _answer(interaction, panels.alerts_go_to(chosen))
            return
        place = _talk_place(channel)
        await self._alerts.choose(guild_of(interaction), place.id)
        await _answer(interaction, panels.Reply(f"From now on I tell in <#{place.id}> what is wrong."))

    @channel.command(name="pause")
    @app_commands.describe(length='How long, like "2h" or "3 days"; until you resume it if left out')
    @app_commands.rename(length="duration")
    async def pause_channel(self, interaction: Interaction, length: str | None = None) -> None:
        """Keep this channel free of news for a while; its stories come later."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        channel_id = await self._channel_meant(interaction)
        until = await self._subscriptions.pause_channel(
            guild_of(interaction), channel_id, duration(length) if length else None
        )
        where = "here" if channel_id == interaction.channel_id else f"in <#{channel_id}>"
        when = f"until {format_dt(until, 'f')}" if until else "until `/channel resume`"
        await _answer(interaction, panels.Reply(f"No news {where} {when}. What is found meanwhile comes then."))

    @channel.command(name="resume")
    async def resume_channel(self, interaction: Interaction) -> None:
        """Let news into this channel again."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        channel_id = await self._channel_meant(interaction)
        waiting = await self._subscriptions.resume_channel(guild_of(interaction), channel_id)
        is_here = channel_id == interaction.channel_id
        lines = [f"News comes {'here' if is_here else f'to <#{channel_id}>'} again."]
        if waiting:
            lines.append(f"What waited comes now: {count(waiting, 'story', 'stories')}.")
        place = interaction.channel
        if isinstance(place, discord.Thread) and not is_here:
            place = place.parent
        if isinstance(place, NewsPlace):
            settings = await self._threads.settings(guild_of(interaction), channel_id)
            lines.append(panels.permissions_missing(channel_id, missing(place, settings.threads)))
        await _answer(interaction, panels.Reply(" ".join(lines).strip()))

    @remove.autocomplete("feed")
    @pause.autocomplete("feed")
    @resume.autocomplete("feed")
    @preview.autocomplete("feed")
    @refresh.autocomplete("feed")
    @release.autocomplete("feed")
    @skip.autocomplete("feed")
    async def _complete(self, interaction: Interaction, text: str) -> list[app_commands.Choice[str]]:
        # discord.py asks no group's check here, and a feed's address is nobody else's business.
        if not self.feed.may_use(interaction):
            return []
        found = await self._subscriptions.choices(guild_of(interaction), text)
        return [
            app_commands.Choice(name=panels.completion_name(title, url), value=value) for title, url, value in found
        ]

    async def _channel_meant(self, interaction: Interaction) -> int:
        """Return the channel that a command means which names none: this one, or the one of this thread."""
        assert interaction.channel_id is not None, "a slash command is used in a channel"
        parent_id = interaction.channel.parent_id if isinstance(interaction.channel, discord.Thread) else None
        return await self._subscriptions.meant(guild_of(interaction), interaction.channel_id, parent_id)

    async def _find(self, interaction: Interaction, feed: str) -> Listed:
        return await self._subscriptions.find(guild_of(interaction), feed)


class Adding:
    """One /feed add, from the address to the subscription; on its way it may ask which feed and which tag."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        threads: Threads,
        asked: Interaction,
        place: NewsPlace,
        backfill: int,
        title: str | None,
    ) -> None:
        """Raises RequestRefused where no card could ever appear."""
        lacking = missing(place)
        if any(name in INDISPENSABLE for name in lacking):
            raise RequestRefused(f"{panels.permissions_missing(place.id, lacking)} Nothing was added.")
        self._tags = tags_to_choose(place)
        self._subscriptions = subscriptions
        self._threads = threads
        self._asked = asked
        self._place = place
        self._backfill = backfill
        self._title = title

    async def look_up(self, address: str, seconds: float | None = None) -> panels.Reply:
        """Go on with the feed at an address, or ask which one the page there means."""
        found = await self._subscriptions.look_up(address, seconds, guild_id=self._place.guild.id)
        if isinstance(found, Several):
            left = found.seconds
            return panels.choose_feed(self._asked, found.links, lambda link: self.look_up(link.url, left))
        if self._tags:
            return panels.choose_tag(self._asked, self._tags, partial(self.subscribe, found))
        return await self.subscribe(found)

    async def subscribe(self, candidate: Candidate, tag: discord.ForumTag | None = None) -> panels.Reply:
        """Subscribe the channel and tell what comes of it."""
        place = self._place
        added = await self._subscriptions.add(
            candidate,
            Target(place.guild.id, place.id, kind_of(place), tag.id if tag else None),
            backfill=self._backfill,
            title=self._title,
            added_by=self._asked.user.id,
        )
        return panels.feed_added(
            title=added.title,
            items=added.items,
            newest=added.newest,
            channel_id=place.id,
            posting_now=added.posting,
            stopped=is_stopped(added.channel, utcnow()),
            missing=missing(place, (await self._threads.settings(place.guild.id, place.id)).threads),
        )


async def _answer(interaction: Interaction, reply: panels.Reply) -> None:
    await interaction.edit_original_response(**reply.edit())


def _row(listed: Listed) -> panels.FeedRow:
    active = listed.subscription.state is not SubscriptionState.PAUSED and listed.feed.gone_at is None
    return panels.FeedRow(
        title=listed.title,
        url=listed.feed.url,
        channel_id=listed.channel.channel_id,
        state=_state(listed),
        last_success=listed.feed.succeeded_at,
        next_check=listed.feed.due_at if active else None,
        error=listed.feed.error,
    )


def _state(listed: Listed) -> str:
    if listed.subscription.state is SubscriptionState.PAUSED:
        return "paused"
    now = utcnow()
    health = health_of(listed.subscription, listed.feed, listed.channel, now)
    if health is Health.OK and is_paused(listed.channel, now):
        return "channel paused"
    return HEALTH[health]


def _talk_place(channel: Picked) -> discord.TextChannel | discord.Thread:
    """Return the picked channel, if we may talk in it. Raises RequestRefused if not."""
    place = picked_place(channel)
    assert isinstance(place, discord.TextChannel | discord.Thread), "the option offers nothing else"
    lacking = [name for name in missing(place) if name != "attach_files"]
    if lacking:
        raise RequestRefused(f"{panels.permissions_missing(place.id, lacking)} Nothing has changed.")
    return place


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    feeds = Feeds(
        newsroom.subscriptions,
        newsroom.channels,
        newsroom.whys,
        newsroom.alerts,
        newsroom.threads,
        newsroom.recaps,
        newsroom.budget,
        newsroom.chat,
    )
    bot.add_dynamic_items(feeds.undo_item)
    await bot.add_cog(feeds)
