"""Alerts: tells admins what is wrong, where they read it, and does what their clicks on it ask for."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands, tasks
from discord.utils import utcnow

from cogs.news_places import INDISPENSABLE, kind_of, missing
from cogs.refusals import SURELY_ONE_REQUEST, failure_of
from cogs.views import alerts as views
from cogs.views import panels
from cogs.views.buttons import button_item, menu_item
from cogs.views.cards import carries
from newsroom.attempts import Step
from newsroom.desk.alerts import AlertClaim, AlertContents, Alerts
from newsroom.desk.refusals import Verdict
from newsroom.desk.replacements import Replacements
from newsroom.desk.subscriptions import Candidate, Several, Subscriptions, Target
from newsroom.discussion.threads import Threads
from newsroom.errors import RequestRefused
from newsroom.models import Alert, AlertKind, DeliveryState
from newsroom.tasks import Pulse, Tasks
from newsroom.text import count

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0  # seconds
LOOK_OVER_EVERY = 300.0  # seconds; how late the daily message may come
LONGEST_REQUEST = 30.0
LONGEST_SILENCE = 300.0  # seconds; no attempt takes so long
LAST_REQUESTS = 8.0

Writable = discord.TextChannel | discord.Thread | discord.DMChannel


class AlertsCog(commands.Cog, name="Alerts"):
    """Sends each alert once, to the first of the places that fit: see ``_places``."""

    def __init__(
        self,
        alerts: Alerts,
        subscriptions: Subscriptions,
        replacements: Replacements,
        threads: Threads,
        client: discord.Client,
        pulse: Pulse,
        sweep_pulse: Pulse,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._alerts = alerts
        self._subscriptions = subscriptions
        self._replacements = replacements
        self._threads = threads
        self._client = client
        self._pulse = pulse
        self._sweep_pulse = sweep_pulse
        self._now = now
        self._tasks = Tasks()
        self._refused: defaultdict[int, set[int]] = defaultdict(set)
        self.items = (
            button_item(views.BUTTON_TEMPLATE, self._click),
            menu_item(views.CHOOSE_TEMPLATE, self._choose),
            menu_item(views.PLACE_TEMPLATE, self._move),
        )

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        for loop in (self.tick, self.sweep):
            if not loop.is_running():
                loop.start()

    async def cog_unload(self) -> None:
        self.tick.cancel()
        self.sweep.cancel()
        await self._tasks.join(LAST_REQUESTS)

    @tasks.loop(seconds=LOOK_EVERY)
    async def tick(self) -> None:
        await self._pulse.beat(self._start_due)

    async def _start_due(self) -> None:
        self._pulse.stuck += self._tasks.end_stuck(LONGEST_SILENCE)
        for alert_id in await self._alerts.due():
            self._tasks.start(alert_id, partial(self._tell, alert_id))

    @tasks.loop(seconds=LOOK_OVER_EVERY)
    async def sweep(self) -> None:
        await self._sweep_pulse.beat(self._look_over)

    async def _look_over(self) -> None:
        await self._alerts.look()
        await self._alerts.forget_old()

    # --------------------------------------------------------------------------------- sending

    async def _tell(self, alert_id: int) -> None:
        contents = await self._alerts.contents(alert_id)
        if contents is None:
            return
        place = await self._place(contents)
        if place is None:
            if self._client.get_guild(contents.alert.guild_id) is not None:
                log.warning("nobody in guild %d can be told what is wrong there", contents.alert.guild_id)
            self._refused.pop(alert_id, None)
            await self._alerts.nobody(contents)
            return
        claim = await self._alerts.claim(contents, place.id)
        if claim is not None:
            await self._send(place, claim)

    async def _place(self, contents: AlertContents) -> Writable | None:
        """Return where an alert goes: where it may stand already, or else the first place that fits."""
        alert = contents.alert
        if alert.state is DeliveryState.SENDING and alert.place_id is not None:
            try:
                found = self._client.get_channel(alert.place_id) or await self._client.fetch_channel(alert.place_id)
            except discord.HTTPException:
                found = None  # nobody reads there what may have arrived
            if isinstance(found, Writable):
                return found
        async for place in self._places(contents):
            if place.id not in self._refused[alert.id]:
                return place
        return None

    async def _places(self, contents: AlertContents) -> AsyncIterator[Writable]:
        """The channel that admins chose; else the server's own for moderators; else whoever added a feed."""
        guild = self._client.get_guild(contents.alert.guild_id)
        if guild is None or guild.unavailable:
            return
        ears = contents.ears
        chosen = guild.get_channel_or_thread(ears.chosen) if ears.chosen is not None else None
        for channel in (chosen, guild.public_updates_channel):
            if (
                isinstance(channel, discord.TextChannel | discord.Thread)
                and channel.id not in ears.news_channels
                and _may_write(channel)
            ):
                yield channel
        for member_id in ears.members:
            try:
                yield await self._client.create_dm(discord.Object(member_id))
            except discord.HTTPException as error:
                log.info("member %d can't be written to: %s", member_id, error)

    async def _send(self, place: Writable, claim: AlertClaim) -> None:
        started = self._now()
        try:
            async with asyncio.timeout(claim.patience(LONGEST_REQUEST, started)):
                message_id = await self._find(place, claim) if claim.step is Step.LOOK_FIRST else None
                if message_id is None:
                    if claim.step is Step.LOOK_FIRST:
                        self._alerts.looked(claim)
                        started = self._now()
                    sent = await place.send(**self._form(place, claim), nonce=claim.nonce)
                    message_id = sent.id
        except Exception as error:
            await self._not_sent(place, claim, error, slow=self._now() - started >= SURELY_ONE_REQUEST)
            return
        self._refused.pop(claim.contents.alert.id, None)
        await self._alerts.sent(claim, message_id)

    def _form(self, place: Writable, claim: AlertClaim) -> dict[str, Any]:
        """What an alert looks like there, as ``send`` takes it."""
        guild = self._client.get_guild(claim.contents.alert.guild_id)
        name = guild.name if guild and isinstance(place, discord.DMChannel) else None
        return views.alert_message(claim.contents, name)

    async def _not_sent(self, place: Writable, claim: AlertClaim, error: Exception, *, slow: bool) -> None:
        """Write down what an error means for an alert: another place, or the same one later."""
        log.warning("alert %d was not sent: %r", claim.contents.alert.id, error)
        failure = failure_of(error, "sending an alert")
        uncertain = slow or failure.uncertain
        if failure.meaning in (Verdict.SUSPEND, Verdict.PLAINER, Verdict.FORGET) and not uncertain:
            self._refused[claim.contents.alert.id].add(place.id)
            await self._alerts.not_there(claim, failure.reason)
        else:
            await self._alerts.later(claim, failure.reason, uncertain=uncertain, wait=failure.wait)

    async def _find(self, place: Writable, claim: AlertClaim) -> int | None:
        """Look whether an earlier attempt left the alert there."""
        me = self._client.user
        history = place.history(limit=None, after=claim.look_since, before=claim.look_until, oldest_first=True)
        async for message in history:
            if me is not None and message.author.id == me.id and await self._is_it(place, claim, message):
                return message.id
        return None

    async def _is_it(self, place: Writable, claim: AlertClaim, message: discord.Message) -> bool:
        if claim.contents.alert.kind is not AlertKind.LINE:
            return carries(message, claim.contents.mark)
        # A line has no button that could carry a mark, and two may say the same.
        says = self._form(place, claim)["content"]
        return bool(message.content == says) and await self._alerts.may_be(claim, message.id)

    # ---------------------------------------------------------------------------------- clicks

    async def _choose(self, interaction: discord.Interaction[Any], values: list[str], mark: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        alert = await self._of(interaction, mark)
        feed_id = int(values[0]) if values and values[0].isdecimal() and len(values[0]) < 19 else 0
        listed = await self._subscriptions.find(alert.guild_id, f"#{feed_id}")
        await interaction.edit_original_response(**views.feed_panel(mark, feed_id, listed.title).edit())

    async def _click(self, interaction: discord.Interaction[Any], what: str, mark: str, feed_id: str | None) -> None:
        if what == "replace":
            await self._replace(interaction, mark, feed_id)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        alert = await self._of(interaction, mark)
        if alert.kind is AlertKind.BLOCKED:
            text = await self._mend_channel(alert, what)
        elif alert.kind is AlertKind.MUTED:
            assert alert.channel_id is not None, "it is about a channel"
            await self._threads.try_again(alert.channel_id)
            text = f"I try again to speak in the discussions of <#{alert.channel_id}>."
        else:
            text = await self._mend_feed(alert, what, _feed_of(alert, feed_id))
        await interaction.edit_original_response(**panels.Reply(text).edit())

    async def _mend_channel(self, alert: Alert, what: str) -> str:
        assert alert.channel_id is not None, "it is about a channel"
        if what == "pause":
            await self._subscriptions.pause_channel(alert.guild_id, alert.channel_id, None)
            return (
                f"No news in <#{alert.channel_id}> until `/channel resume` there. What is found meanwhile comes then."
            )
        retried = await self._subscriptions.retry_channel(alert.guild_id, alert.channel_id)
        return panels.retried(alert.channel_id, retried)

    async def _mend_feed(self, alert: Alert, what: str, feed_id: int) -> str:
        listed = await self._subscriptions.find(alert.guild_id, f"#{feed_id}")
        title = panels.bold(listed.title)
        match what:
            case "pause":
                await self._subscriptions.pause(alert.guild_id, feed_id)
                return f"{title} is paused in this server. `/feed resume` lets its stories in again."
            case "release":
                released = await self._subscriptions.release(alert.guild_id, feed_id)
                return panels.released(listed.title, released)
            case "skip":
                skipped = await self._subscriptions.skip(alert.guild_id, feed_id)
                return panels.skipped(listed.title, skipped)
            case _:
                done = await self._subscriptions.refresh(alert.guild_id, feed_id)
                return f"{title} {panels.reading_outcome(done)}"

    async def _replace(self, interaction: discord.Interaction[Any], mark: str, feed_id: str | None) -> None:
        alert = await self._of(interaction, mark)
        if alert.kind is AlertKind.BLOCKED:
            assert alert.channel_id is not None, "it is about a channel"
            places = [(place.id, place.name) for place in self._news_places(alert) if place.id != alert.channel_id]
            reply = views.place_panel(mark, alert.channel_id, places)
            await interaction.response.send_message(**reply.send())
            return
        number = _feed_of(alert, feed_id)
        listed = await self._subscriptions.find(alert.guild_id, f"#{number}")

        async def typed(form: discord.Interaction[Any], address: str) -> None:
            await form.response.defer(ephemeral=True, thinking=True)
            await self._require(form, alert)
            found = await self._subscriptions.look_up(address, guild_id=alert.guild_id)
            if isinstance(found, Several):
                reply = panels.choose_feed(
                    form, found.links, lambda link: self._replaced(form, alert, number, link.url)
                )
            else:
                reply = await self._put(form, alert, number, found)
            await form.edit_original_response(**reply.edit())

        await interaction.response.send_modal(views.ReplaceForm(listed.title, typed))

    def _news_places(self, alert: Alert) -> list[discord.TextChannel | discord.ForumChannel]:
        """Return the channels of a guild in which a card could appear, as its members see them listed."""
        guild = self._client.get_guild(alert.guild_id)
        channels = [channel for _, group in guild.by_category() for channel in group] if guild else []
        return [
            channel
            for channel in channels
            if isinstance(channel, discord.TextChannel | discord.ForumChannel)
            and not any(name in INDISPENSABLE for name in missing(channel))
            and not (isinstance(channel, discord.ForumChannel) and (channel.is_media() or channel.flags.require_tag))
        ]

    async def _move(self, interaction: discord.Interaction[Any], values: list[str], mark: str) -> None:
        """Let the channel that was chosen take the place of the one that the alert is about."""
        await interaction.response.defer()
        alert = await self._of(interaction, mark)
        place = next((place for place in self._news_places(alert) if [str(place.id)] == values), None)
        if place is None or alert.channel_id is None:
            raise RequestRefused("I can't post in that channel any more. Choose another one.")
        target = Target(alert.guild_id, place.id, kind_of(place))
        took_over = await self._replacements.channel(alert.guild_id, alert.channel_id, target)
        text = f"<#{place.id}> takes the place of <#{alert.channel_id}>. "
        if took_over.paused:
            text += (
                f"{count(took_over.stories, 'story waits', 'stories wait')} there, because that channel is "
                "paused: `/channel resume` there lets news in."
            )
        else:
            coming = count(took_over.stories, "story that waited comes", "stories that waited come")
            text += f"{coming} there now."
        await interaction.edit_original_response(**panels.Reply(text).edit())

    async def _replaced(
        self, interaction: discord.Interaction[Any], alert: Alert, feed_id: int, url: str
    ) -> panels.Reply:
        found = await self._subscriptions.look_up(url, guild_id=alert.guild_id)
        if isinstance(found, Several):
            raise RequestRefused("That leads to a page with several feeds again. Give me the feed's own address.")
        return await self._put(interaction, alert, feed_id, found)

    async def _put(
        self, interaction: discord.Interaction[Any], alert: Alert, feed_id: int, candidate: Candidate
    ) -> panels.Reply:
        replaced = await self._replacements.feed(alert.guild_id, feed_id, candidate, interaction.user.id)
        places = panels.channels(replaced.channel_ids)
        return panels.Reply(
            f"{panels.bold(replaced.title)} takes the place of {panels.bold(replaced.instead_of)} in {places}. "
            "I post each new story from now on."
        )

    async def _of(self, interaction: discord.Interaction[Any], mark: str) -> Alert:
        """Return the alert of a click by somebody who may act on it."""
        alert = await self._alerts.clicked(mark)
        await self._require(interaction, alert)
        return alert

    async def _require(self, interaction: discord.Interaction[Any], alert: Alert) -> None:
        """Raises RequestRefused unless whoever clicked may manage the guild that the alert is about."""
        if interaction.guild_id is not None:
            may = interaction.guild_id == alert.guild_id and interaction.permissions.manage_guild
        else:
            may = await self._manages(interaction.user.id, alert.guild_id)
        if not may:
            raise RequestRefused("For this you need the permission **Manage Server** in the server it is about.")

    async def _manages(self, member_id: int, guild_id: int) -> bool:
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return False
        try:
            member = await guild.fetch_member(member_id)
        except discord.NotFound:
            return False
        return member.guild_permissions.manage_guild


def _feed_of(alert: Alert, feed_id: str | None) -> int:
    """Return the feed that a click is about; only a daily alert is about several."""
    if alert.kind is AlertKind.DAILY and feed_id is not None:
        return int(feed_id)
    if alert.feed_id is None:
        raise RequestRefused("Choose a feed from the menu first.")
    return alert.feed_id


def _may_write(channel: discord.TextChannel | discord.Thread) -> bool:
    granted = channel.permissions_for(channel.guild.me)
    write = granted.send_messages_in_threads if isinstance(channel, discord.Thread) else granted.send_messages
    return granted.view_channel and write and granted.embed_links


async def setup(bot: NewsBot) -> None:
    cog = AlertsCog(
        bot.newsroom.alerts,
        bot.newsroom.subscriptions,
        bot.newsroom.replacements,
        bot.newsroom.threads,
        bot,
        bot.pulse("alerts", LOOK_EVERY),
        bot.pulse("look over the feeds", LOOK_OVER_EVERY),
    )
    bot.add_dynamic_items(*cog.items)
    await bot.add_cog(cog)
