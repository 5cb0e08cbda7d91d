"""What admins have to hear of: what to tell whom, once.

That a channel gets nothing any more, that we may not speak in its discussions, that a feed is held or gone, is told at
once: the alert becomes true in the transaction that finds it out. Feeds that fail, went stale or recovered come as one
message a day for all of them. An alert whose cause has passed before it was sent is left out. A line tells what was
done, and nobody has to act on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from newsroom.attempts import Claimed, Tries, not_sent
from newsroom.errors import RequestRefused
from newsroom.feeds.health import feed_health
from newsroom.marks import ALERT, Marks
from newsroom.models import ON_ITS_WAY, Alert, AlertKind, DeliveryState, Feed, Health, SubscriptionState
from newsroom.store import Connection, Store
from newsroom.times import zone

TOLD_AT = time(9)
"""When the daily message comes, in the guild's own time."""

MOST_AT_ONCE = 20
NOBODY_WAIT = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=7)
FORGOTTEN_AFTER = timedelta(days=90)

TOLD_DAILY = (Health.FAILING, Health.STALE)
WELL = (Health.OK, Health.DEGRADED)


@dataclass(frozen=True, slots=True)
class Ears:
    """Who can be told: the channel that admins chose, and the members who added what it is about, the newest first.

    A line is about no feed, and goes to whoever added any. ``news_channels`` are never written to.
    """

    chosen: int | None
    members: tuple[int, ...]
    news_channels: frozenset[int]


@dataclass(frozen=True, slots=True)
class AlertContents:
    """What an alert says. ``feeds`` are what it is about, each with its health; ``mark`` names it in its buttons.

    ``waiting`` counts the stories that wait for an admin's word, ``reason`` is why a channel or its threads refuse us.
    """

    alert: Alert
    mark: str
    ears: Ears
    feeds: tuple[tuple[Feed, Health], ...] = ()
    waiting: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AlertClaim(Claimed):
    """An alert in the hands of whoever sends it."""

    contents: AlertContents


class Alerts:
    """Alerts on their way. Each method is one transaction."""

    def __init__(self, store: Store, marks: Marks, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._marks = marks
        self._now = now
        self._tries = Tries()

    # -------------------------------------------------------------------------- settings

    async def channel(self, guild_id: int) -> int | None:
        """Return the channel that a guild's admins chose for alerts."""
        async with self._store.read() as connection:
            return (await self._store.guilds.settings(connection, guild_id)).alerts_channel_id

    async def choose(self, guild_id: int, channel_id: int) -> None:
        """Send a guild's alerts to this channel from now on. Raises RequestRefused for one that gets news."""
        async with self._store.begin() as connection:
            if channel_id in await self._store.channels.of_guild(connection, guild_id):
                raise RequestRefused(
                    f"<#{channel_id}> gets news, and its readers need not read what is wrong. Pick another channel."
                )
            await self._store.guilds.put(connection, guild_id, alerts_channel_id=channel_id)

    # --------------------------------------------------------------------------- sending

    async def due(self) -> list[int]:
        """Return the alerts to be sent now."""
        async with self._store.read() as connection:
            return await self._store.alerts.due(connection, self._now(), MOST_AT_ONCE)

    async def contents(self, alert_id: int) -> AlertContents | None:
        """Return what an alert says, as things are now; None if it is told, or its cause has passed."""
        async with self._store.begin() as connection:
            alert = await self._store.alerts.get(connection, alert_id)
            if alert is None or alert.state not in ON_ITS_WAY:
                return None
            contents = await self._contents(connection, alert)
            if contents is None:
                # It may stand somewhere after all; nobody needs to know. Left alone it would stand before all others.
                await self._store.alerts.settle(connection, alert.id, "This had passed before it could be told.")
            return contents

    async def claim(self, contents: AlertContents, place_id: int) -> AlertClaim | None:
        """Take an alert in hand, to be sent to that channel; None if somebody else was faster."""
        now, alert = self._now(), contents.alert
        attempt = self._tries.plan(alert, now)
        async with self._store.begin() as connection:
            taken = await self._store.alerts.take(
                connection, alert, attempted_at=attempt.attempted_at, due_at=now, place_id=place_id
            )
        if not taken:
            return None
        self._tries.began(alert, attempt, now)
        return AlertClaim(attempt, self._marks.secret(alert.id, ALERT), contents)

    def looked(self, claim: AlertClaim) -> None:
        """Note that the alert is not in its channel: what is sent now is a first try again."""
        self._tries.looked(claim.contents.alert, self._now())

    async def may_be(self, claim: AlertClaim, message_id: int) -> bool:
        """Whether a message that says word for word what this alert says can be this one: it is no other's."""
        async with self._store.read() as connection:
            return not await self._store.alerts.stands(connection, claim.contents.alert.guild_id, message_id)

    async def sent(self, claim: AlertClaim, message_id: int) -> None:
        # Who did it, the admins have read; it is nobody else's business.
        await self._record(claim, state=DeliveryState.SENT, message_id=message_id, reason=None, member_id=None)
        self._tries.forget(claim.contents.alert)

    async def later(self, claim: AlertClaim, reason: str, *, uncertain: bool, wait: timedelta | None = None) -> None:
        """Try again later; ``uncertain`` if this attempt may have left the alert there."""
        alert = claim.contents.alert
        await self._record(claim, **not_sent(alert, reason, self._now(), wait, uncertain=uncertain))
        if not uncertain and alert.attempted_at is None:
            self._tries.forget(alert)

    async def not_there(self, claim: AlertClaim, reason: str) -> None:
        """This place refuses us, and surely shows nothing: the alert goes to another one at once."""
        await self._record(claim, state=DeliveryState.PENDING, attempted_at=None, due_at=self._now(), reason=reason)
        self._tries.forget(claim.contents.alert)

    async def nobody(self, contents: AlertContents) -> None:
        """Nobody can be told now: try again in a while, and for GIVE_UP_AFTER at most."""
        now, alert = self._now(), contents.alert
        async with self._store.begin() as connection:
            if now - alert.created_at >= GIVE_UP_AFTER:
                await self._store.alerts.settle(connection, alert.id, "Nobody could be told.")
            else:
                await self._store.alerts.put_off(connection, alert, now + NOBODY_WAIT)

    # --------------------------------------------------------------------------- clicks

    async def clicked(self, mark: str) -> Alert:
        """Return the alert whose button was clicked. Raises RequestRefused for one that is forgotten."""
        alert_id = self._marks.number(mark, ALERT)
        if alert_id is not None:
            async with self._store.read() as connection:
                alert = await self._store.alerts.get(connection, alert_id)
            if alert is not None:
                return alert
        raise RequestRefused("That was long ago. `/feed list` shows how each feed is doing now.")

    # ------------------------------------------------------------------------ once a day

    async def look(self) -> None:
        """Look over the feeds of each guild whose time has come today, and tell of what changed since the last time."""
        now = self._now()
        async with self._store.read() as connection:
            # No clock on earth is ahead of UTC by more than 14 hours.
            untold = await self._store.alerts.untold(connection, (now + timedelta(hours=14)).date())
        for guild_id, (zone_name, told_on) in untold.items():
            local = now.astimezone(zone(zone_name or "UTC"))
            if local.time() >= TOLD_AT and (told_on is None or told_on < local.date()):
                await self._look_over(guild_id, now)

    async def _look_over(self, guild_id: int, now: datetime) -> None:
        store = self._store
        async with store.begin() as connection:
            await store.guilds.lock(connection, guild_id)
            settings = await store.guilds.settings(connection, guild_id)
            pairs = await store.subscriptions.of_guild(connection, guild_id)
            health = {
                feed.id: feed_health(feed, now)
                for subscription, feed in pairs
                if subscription.state is not SubscriptionState.PAUSED
            }
            news = news_of(health, await store.alerts.believed(connection, guild_id))
            if news:
                alert_id = await store.alerts.add_daily(connection, guild_id, now)
                await store.alerts.believe(connection, [guild_id], news, alert_id)
            await store.alerts.looked_on(connection, guild_id, now.astimezone(zone(settings.timezone)).date())

    async def forget_old(self) -> int:
        """Forget alerts of long ago; return how many."""
        async with self._store.begin() as connection:
            return await self._store.alerts.purge(connection, self._now() - FORGOTTEN_AFTER)

    # ----------------------------------------------------------------------------- parts

    async def _contents(self, connection: Connection, alert: Alert) -> AlertContents | None:
        store, mark = self._store, self._marks.mark(alert.id, ALERT)
        settings = await store.guilds.settings(connection, alert.guild_id)
        channels = await store.channels.of_guild(connection, alert.guild_id)
        is_line = alert.kind is AlertKind.LINE
        pairs = await store.subscriptions.of_guild(
            connection, alert.guild_id, feed_id=alert.feed_id, channel_id=None if is_line else alert.channel_id
        )
        told = await store.alerts.told_by(connection, alert.id) if alert.kind is AlertKind.DAILY else []
        if told:
            about = {feed.id for feed, _ in told}
            pairs = [(one, feed) for one, feed in pairs if feed.id in about]
        members = tuple(dict.fromkeys(one.added_by for one, _ in reversed(pairs)))
        ears = Ears(settings.alerts_channel_id, members, frozenset(channels))
        if not pairs and not is_line:
            return None
        match alert.kind:
            case AlertKind.DAILY:
                return AlertContents(alert, mark, ears, tuple(told))
            case AlertKind.LINE:
                return AlertContents(alert, mark, ears)
            case AlertKind.BLOCKED:
                assert alert.channel_id is not None, "it is about a channel"
                reason = channels[alert.channel_id].suspended_for
                if reason is None:
                    return None
                backlog = await store.deliveries.backlog(connection, alert.channel_id, self._now())
                return AlertContents(alert, mark, ears, waiting=backlog.waiting, reason=reason)
            case AlertKind.MUTED:
                assert alert.channel_id is not None, "it is about a channel"
                reason = channels[alert.channel_id].muted_for
                return AlertContents(alert, mark, ears, reason=reason) if reason is not None else None
            case AlertKind.HELD:
                held = [one for one, _ in pairs if one.state is SubscriptionState.HELD]
                if not held:
                    return None
                feed = pairs[0][1]
                waiting = await store.deliveries.held_back(connection, feed.id, alert.guild_id)
                return AlertContents(alert, mark, ears, ((feed, Health.HELD),), waiting)
            case AlertKind.GONE:
                feed = pairs[0][1]
                return AlertContents(alert, mark, ears, ((feed, Health.GONE),)) if feed.gone_at else None

    async def _record(self, claim: AlertClaim, **values: object) -> None:
        async with self._store.begin() as connection:
            await self._store.alerts.record(connection, claim.contents.alert, **values)


def news_of(health: Mapping[int, Health], believed: Mapping[int, Health]) -> dict[int, Health]:
    """Return what is news to admins who believe something else: feeds that fail, are stale, or recovered (OK).

    What is told at once (held, gone) is no news here, and what is only degraded is none at all.
    """
    news: dict[int, Health] = {}
    for feed_id, state in health.items():
        before = believed.get(feed_id, Health.OK)
        if state in TOLD_DAILY and state is not before:
            news[feed_id] = state
        elif state in WELL and before not in WELL:
            news[feed_id] = Health.OK
    return news
