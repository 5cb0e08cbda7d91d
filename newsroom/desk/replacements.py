"""One thing in place of another: a feed that takes over from one, a channel that takes over from one that is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from newsroom.desk.channels import catch_up
from newsroom.desk.subscriptions import Candidate, Subscriptions, Target, is_paused, removal
from newsroom.errors import RequestRefused
from newsroom.models import SubscriptionState
from newsroom.store import Store


@dataclass(frozen=True, slots=True)
class Replaced:
    """Which feed took the place of which (by their titles here), and in which channels."""

    title: str
    instead_of: str
    channel_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TookOver:
    """How many stories came along to a channel that took another's place, and whether it is paused."""

    stories: int
    paused: bool


class Replacements:
    """Replaces; everything acts on one guild alone."""

    def __init__(self, store: Store, subscriptions: Subscriptions, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._subscriptions = subscriptions
        self._now = now

    async def feed(self, guild_id: int, feed_id: int, candidate: Candidate, by: int) -> Replaced:
        """Put a feed in the place of another one, in all channels that this guild gets that one in.

        What the new one holds counts as known. The old one goes last, so nothing is ever without a feed; it can be
        brought back as after any removal. Raises RequestRefused.
        """
        listing = await self._subscriptions.listing(guild_id)
        old = [one for one in listing if one.feed.id == feed_id]
        if not old:
            raise RequestRefused("That feed isn't used in this server any more.")
        if old[0].feed.url == candidate.url:
            raise RequestRefused("That is the same address. Give me the one that is to take its place.")
        taken = {one.channel.channel_id for one in listing if one.feed.url == candidate.url}
        title = candidate.title
        for listed in old:
            channel = listed.channel
            if channel.channel_id not in taken:
                target = Target(guild_id, channel.channel_id, channel.kind)
                added = await self._subscriptions.add(candidate, target, backfill=0, title=None, added_by=by)
                title = added.title
        await self._subscriptions.remove(guild_id, feed_id)
        return Replaced(title, old[0].title, tuple(one.channel.channel_id for one in old))

    async def channel(self, guild_id: int, channel_id: int, target: Target) -> TookOver:
        """Let another channel get all that one of this guild got, and what waits for it.

        The limits go along to one that is no news channel yet; another keeps its own. Raises RequestRefused.
        """
        if channel_id == target.channel_id:
            raise RequestRefused("That is the same channel. Pick another one.")
        store, now = self._store, self._now()
        async with store.begin() as connection:
            old = await store.channels.get(connection, channel_id)
            if old is None or old.guild_id != guild_id:
                raise RequestRefused("That channel gets no news any more. `/feed add` makes another a news channel.")
            # A round that is planning what a feed brought would plan it for the old channel after all has left that.
            await store.feeds.lock(connection, await store.subscriptions.feeds_of(connection, channel_id))
            before = await store.channels.get(connection, target.channel_id)
            await store.channels.put(connection, target.channel_id, guild_id, target.kind, target.tag_id, now)
            if before is None:
                await store.channels.limit(connection, target.channel_id, per_hour=old.per_hour, per_day=old.per_day)
            removed = await store.subscriptions.move(connection, channel_id, target.channel_id)
            await store.digests.give_up(connection, channel_id)
            stories = await store.deliveries.move(connection, channel_id, target.channel_id, now)
            got = await store.subscriptions.of_guild(connection, guild_id, channel_id=target.channel_id)
            paused = {one.feed_id for one, _ in got if one.state is SubscriptionState.PAUSED}
            for feed_id, at in removed:
                if feed_id not in paused:
                    # What waited there, too, when the feed was removed has just been left behind as told there already.
                    stories += await store.deliveries.put_back(
                        connection, feed_id, [target.channel_id], removal(at), now
                    )
            await catch_up(store, connection, target.channel_id, now)
            return TookOver(stories, paused=before is not None and is_paused(before, now))
