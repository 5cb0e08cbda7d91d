"""How everything is doing, in numbers: what ``/status`` answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsroom.answers.budget import Budget, Spent
from newsroom.desk.retention import Retention, Swept
from newsroom.desk.rounds import RoundReport, Rounds
from newsroom.desk.subscriptions import is_paused
from newsroom.feeds.health import health_of
from newsroom.models import Health, SubscriptionState
from newsroom.store import Store
from newsroom.store.database import LATEST


@dataclass(frozen=True, slots=True)
class Status:
    """A guild's feeds by health (each by the worst that is true of it here) and its news channels by state.

    ``waiting`` counts the stories on their way to its channels, ``later`` those that are over a limit. The rest is the
    whole installation's: the last round and when it ended, the database's size in bytes, the last clean-up.
    ``models`` are the names of the language models that are set up, ``spent`` what they took today.
    """

    feeds: Counter[Health]
    paused_feeds: int
    open_channels: int
    paused_channels: int
    blocked_channels: int
    waiting: int
    later: int
    last_round: RoundReport | None
    last_round_at: datetime | None
    all_feeds: int
    database_bytes: int
    schema: str
    swept: Swept | None
    models: Sequence[str]
    spent: Spent


class StatusDesk:
    """Counts; changes nothing."""

    def __init__(
        self,
        store: Store,
        rounds: Rounds,
        retention: Retention,
        budget: Budget,
        models: Sequence[str],
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._rounds = rounds
        self._retention = retention
        self._budget = budget
        self._models = models
        self._now = now

    async def of(self, guild_id: int) -> Status:
        """Return how a guild's feeds and channels are doing, and the installation as a whole."""
        now, store = self._now(), self._store
        async with store.read() as connection:
            pairs = await store.subscriptions.of_guild(connection, guild_id)
            channels = await store.channels.of_guild(connection, guild_id)
            waiting, later = await store.deliveries.count_waiting(connection, guild_id)
        worst: dict[int, Health | None] = {}
        for subscription, saved in pairs:
            feed = self._rounds.roster.get(saved.id) or saved
            paused = subscription.state is SubscriptionState.PAUSED
            health = None if paused else health_of(subscription, feed, channels[subscription.channel_id], now)
            worst[feed.id] = max(worst.get(feed.id), health, key=_badness)
        used = {subscription.channel_id for subscription, _ in pairs}
        places = [channel for channel_id, channel in channels.items() if channel_id in used]
        blocked = sum(channel.suspended_for is not None for channel in places)
        paused_channels = sum(channel.suspended_for is None and is_paused(channel, now) for channel in places)
        return Status(
            feeds=Counter(health for health in worst.values() if health is not None),
            paused_feeds=sum(health is None for health in worst.values()),
            open_channels=len(places) - blocked - paused_channels,
            paused_channels=paused_channels,
            blocked_channels=blocked,
            waiting=waiting,
            later=later,
            last_round=self._rounds.last_report,
            last_round_at=self._rounds.last_report_at,
            all_feeds=len(self._rounds.roster),
            database_bytes=await store.size(),
            schema=LATEST,
            swept=self._retention.last,
            models=self._models,
            spent=await self._budget.spent(guild_id),
        )


def _badness(health: Health | None) -> int:
    """Order healths from paused (None) over ok to the worst; they are declared in that order."""
    return -1 if health is None else list(Health).index(health)
