"""What admins ask for: feeds added, removed, paused and looked at. Everything acts on one guild alone.

A feed is shared by all who want it, so nothing here ever stops it for others: what is added, paused or removed
is the subscription.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from yarl import URL

from newsroom.desk.channels import catch_up
from newsroom.desk.demand import Demand, refuse_if_just_read
from newsroom.desk.rounds import Fetched, Fetches, Outcome, Parses, Rounds, identities_of
from newsroom.desk.story_groups import read_ahead
from newsroom.errors import FetchFailed, NotAFeed, RequestRefused
from newsroom.feeds.identity import Identities
from newsroom.models import (
    Backlog,
    Card,
    ChannelKind,
    DeliveryState,
    Document,
    Feed,
    FeedLink,
    News,
    NewsChannel,
    Subscription,
    SubscriptionState,
)
from newsroom.store import Connection, Store
from newsroom.store.deliveries import FLOOD
from newsroom.text import clean, shorten

LOOK_UP_SECONDS = 20.0  # for everything that adding a feed fetches
UNDO_WINDOW = timedelta(minutes=10)
RECENT = timedelta(days=7)  # how long a story that could not be posted is told of
MOST_BACKFILL = 5

MOST_SUBSCRIPTIONS = 1_000
"""What a guild may have: a feed in two channels counts twice. The database keeps a year of each feed's articles."""

TITLE_LIMIT = 100

_PAUSE = "pause"
_NO_ADDRESS = "That is not an address. Give me one like https://example.com/feed.xml."


class Reads(Parses, Protocol):
    """Whoever reads bodies as feeds and finds the feeds that a page points at."""

    async def find_feeds(self, body: bytes, url: str) -> tuple[FeedLink, ...]: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed that could be added: where it is, and what it answered just now."""

    url: str
    document: Document
    identities: Identities
    fetched: Fetched

    @property
    def title(self) -> str:
        """The feed's own title, or else its host."""
        return shorten(self.document.title, TITLE_LIMIT) or urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class Several:
    """The feeds that a page points at, one of which has to be chosen, and the seconds left to look it up."""

    links: tuple[FeedLink, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Target:
    """Where news should go: a channel that is, or becomes, a news channel. ``tag_id`` is for forums."""

    guild_id: int
    channel_id: int
    kind: ChannelKind
    tag_id: int | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What adding a feed came to. ``posting`` counts the older articles that will be posted."""

    feed: Feed
    channel: NewsChannel
    title: str
    items: int
    newest: str
    posting: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One subscription with its feed as its last reading left it."""

    subscription: Subscription
    feed: Feed
    channel: NewsChannel

    @property
    def title(self) -> str:
        """What the admins call the feed, or else its own title."""
        return self.subscription.title or self.feed.title


@dataclass(frozen=True, slots=True)
class Removed:
    """Which feed was removed from which channels; feed and time are what it takes to undo that."""

    feed_id: int
    removed_at: datetime
    title: str
    channel_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How a reading on demand ended; ``error`` says in words why it failed."""

    title: str
    outcome: Outcome
    new_articles: int
    error: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Retried:
    """What trying a channel again came to: whether it had refused us, what waits for it, and whether it is paused."""

    refused: bool
    waiting: int
    paused: bool


class Subscriptions:
    """Changes which feed goes where, and answers what goes where."""

    def __init__(
        self, store: Store, rounds: Rounds, fetcher: Fetches, reader: Reads, *, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._rounds = rounds
        self._fetcher = fetcher
        self._reader = reader
        self._now = now
        self._demand = Demand()

    async def look_up(
        self, address: str, seconds: float | None = None, *, guild_id: int | None = None
    ) -> Candidate | Several:
        """Find the feed at an address, or the feeds that the page there points at if there are several.

        Takes at most ``seconds``, by default LOOK_UP_SECONDS; the feed chosen of several gets what its page has
        left of them. Remembers nothing. Raises FeedError or RequestRefused, each with a sentence for whoever asked; the
        latter also if the guild that asks has too much read at once.
        """
        with self._demand.of_guild(guild_id) if guild_id is not None else nullcontext():
            return await self._look_up(_as_url(address), seconds)

    async def _look_up(self, url: str, seconds: float | None) -> Candidate | Several:
        seconds = LOOK_UP_SECONDS if seconds is None else seconds
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        try:
            async with asyncio.timeout_at(end):
                fetched = await self._fetcher.get(url, budget=seconds)
                try:
                    return await self._candidate(fetched)
                except NotAFeed:
                    links = await self._reader.find_feeds(fetched.body, fetched.url)
                    if not links:
                        raise
                if len(links) > 1:
                    return Several(links, end - clock())
                fetched = await self._fetcher.get(links[0].url, budget=end - clock())
                return await self._candidate(fetched)
        except TimeoutError:
            raise FetchFailed(
                f"That took longer than {LOOK_UP_SECONDS:g} seconds. "
                "Try again later, or give me the feed's own address."
            ) from None

    async def add(
        self, candidate: Candidate, target: Target, *, backfill: int, title: str | None, added_by: int
    ) -> Added:
        """Subscribe a channel to a feed: what it holds now counts as known, the newest ``backfill`` are posted.

        One transaction; raises RequestRefused, and leaves nothing, if the channel has this feed already, or the guild
        has MOST_SUBSCRIPTIONS.
        """
        now = self._now()
        own_title = shorten(clean(title or ""), TITLE_LIMIT) or None
        store = self._store
        await read_ahead(candidate.identities.items, now)
        async with self._rounds.memory.transaction() as connection:
            feed = await store.feeds.add(connection, candidate.url, candidate.title, candidate.document.site_url, now)
            read = self._rounds.learned(feed, candidate.fetched, candidate.document)
            [remembered] = await self._rounds.memory.remember(connection, [(read, candidate.identities)])
            await store.channels.put(connection, target.channel_id, target.guild_id, target.kind, target.tag_id, now)
            if not await store.subscriptions.add(
                connection, feed.id, target.channel_id, target.guild_id, own_title, added_by, now
            ):
                raise RequestRefused(f"<#{target.channel_id}> already gets that feed. Nothing has changed.")
            if await store.subscriptions.count(connection, target.guild_id) > MOST_SUBSCRIPTIONS:
                raise RequestRefused(
                    f"This server has {MOST_SUBSCRIPTIONS:,} feeds, which is the most. `/feed remove` makes room."
                )
            await store.deliveries.give_up(connection, feed.id, [target.channel_id])
            subscribers = await store.subscriptions.active_of(connection, [feed.id])
            own = [one for one in subscribers[feed.id] if one.channel_id == target.channel_id]
            ids = remembered.article_ids[-MOST_BACKFILL:]
            articles = await store.articles.get(connection, ids)
            newest = [articles[key] for key in ids]
            wanted = News(newest[max(len(newest) - backfill, 0) :], own)
            posting = await store.deliveries.plan(connection, [wanted], now)
            await store.channels.grant(connection, target.channel_id, posting)
            channel = await store.channels.get(connection, target.channel_id)
        assert channel is not None, "put there above"
        self._rounds.roster.update(remembered.feed)
        await self._settle(feed.id)
        title = own_title or feed.title
        return Added(remembered.feed, channel, title, len(remembered.article_ids), newest[-1].title, posting)

    async def listing(self, guild_id: int) -> list[Listed]:
        """Return what goes where in a guild."""
        async with self._store.read() as connection:
            pairs = await self._store.subscriptions.of_guild(connection, guild_id)
            channels = await self._store.channels.of_guild(connection, guild_id)
        return [
            Listed(subscription, self._rounds.roster.get(feed.id) or feed, channels[subscription.channel_id])
            for subscription, feed in pairs
        ]

    async def backlog(self, channel_id: int) -> Backlog:
        """Tell how a channel's stories fare; of those that could not be posted, the RECENT ones."""
        async with self._store.read() as connection:
            return await self._store.deliveries.backlog(connection, channel_id, self._now() - RECENT)

    async def meant(self, guild_id: int, channel_id: int, parent_id: int | None) -> int:
        """Return the channel that is meant by who asks in this one, which may be a thread of ``parent_id``.

        A thread or a forum's post stands for its channel where that gets news, unless it gets news of its own.
        """
        async with self._store.read() as connection:
            channels = await self._store.channels.of_guild(connection, guild_id)
        is_of_parent = parent_id in channels and channel_id not in channels
        return parent_id if parent_id is not None and is_of_parent else channel_id

    async def choices(self, guild_id: int, text: str, most: int = 25) -> list[tuple[str, str, str]]:
        """Return the guild's feeds whose title or address holds ``text``: title, address, and what ``find`` takes."""
        wanted = text.casefold().strip()
        found: dict[int, tuple[str, str, str]] = {}
        for listed in await self.listing(guild_id):
            if wanted in f"{listed.title} {listed.feed.url}".casefold():
                found.setdefault(listed.feed.id, (listed.title, listed.feed.url, f"#{listed.feed.id}"))
        return list(found.values())[:most]

    async def find(self, guild_id: int, text: str) -> Listed:
        """Return the feed of this guild that is meant: one picked from ``choices``, its address, or its title.

        Raises RequestRefused when there is none, or when several go by that title.
        """
        wanted = text.strip()
        everything = await self.listing(guild_id)
        for same in (
            lambda listed: f"#{listed.feed.id}" == wanted,
            lambda listed: listed.feed.url == wanted,
            lambda listed: listed.title.casefold() == wanted.casefold(),
        ):
            found = {listed.feed.id: listed for listed in everything if same(listed)}
            if len(found) > 1:
                raise RequestRefused("Several feeds here have that name. Pick one from the list while you type.")
            for listed in found.values():
                return listed
        raise RequestRefused("I don't know that feed here. Pick one from the list that appears while you type.")

    async def remove(self, guild_id: int, feed_id: int, channel_id: int | None = None) -> Removed:
        """Take a feed out of one channel of a guild, or out of all; ``undo`` takes that back for UNDO_WINDOW."""
        now = self._now()
        async with self._changing(feed_id) as connection:
            pairs = await self._subscribed(connection, guild_id, feed_id, channel_id)
            channel_ids = tuple(one.channel_id for one, _ in pairs)
            await self._store.subscriptions.set_removed(connection, [one.id for one, _ in pairs], now)
            await self._store.deliveries.set_aside(
                connection, feed_id, channel_ids, DeliveryState.SKIPPED, removal(now)
            )
        return Removed(feed_id, now, pairs[0][0].title or pairs[0][1].title, channel_ids)

    async def undo(self, guild_id: int, feed_id: int, removed_at: datetime) -> list[Listed]:
        """Bring back what was removed, and what it would have brought meanwhile; return what is back.

        A channel that got the feed anew in the meantime is left as it is.
        """
        now = self._now()
        store = self._store
        async with self._changing(feed_id) as connection:
            pairs = await store.subscriptions.removed(connection, guild_id, feed_id, removed_at)
            if not pairs or now - removed_at > UNDO_WINDOW:
                raise RequestRefused("That can't be undone any more. Add the feed again with `/feed add`.")
            back = [one for one, _ in pairs]
            await store.subscriptions.set_removed(connection, [one.id for one in back], None)
            await store.deliveries.put_back(
                connection, feed_id, [one.channel_id for one in back], removal(removed_at), now
            )
            missed = await store.articles.found_since(connection, feed_id, removed_at)
            due = [one for one in back if one.state is not SubscriptionState.PAUSED and not one.baseline_due]
            await store.deliveries.plan(connection, [News(missed, due)], now)
        returned = {one.id for one in back}
        return [one for one in await self._listed(guild_id, feed_id) if one.subscription.id in returned]

    async def pause(self, guild_id: int, feed_id: int) -> None:
        """Stop a feed's news in this guild; what waits comes after ``resume``."""
        async with self._changing(feed_id) as connection:
            pairs = await self._subscribed(connection, guild_id, feed_id)
            active = [one for one, _ in pairs if one.state is not SubscriptionState.PAUSED]
            if not active:
                raise RequestRefused("That feed is paused already. `/feed resume` lets its stories in again.")
            await self._store.subscriptions.set_state(connection, [one.id for one in active], SubscriptionState.PAUSED)
            await self._store.deliveries.set_aside(
                connection, feed_id, [one.channel_id for one in active], DeliveryState.DEFERRED, _PAUSE
            )

    async def resume(self, guild_id: int, feed_id: int) -> bool:
        """Let a feed's news in again, from now on: what it brought while nobody read it counts as known.

        Return whether it is held: one that was held when it was paused is held again.
        """
        now = self._now()
        store = self._store
        async with self._changing(feed_id) as connection:
            pairs = await self._subscribed(connection, guild_id, feed_id)
            paused = [one for one, _ in pairs if one.state is SubscriptionState.PAUSED]
            if not paused:
                raise RequestRefused("That feed isn't paused.")
            # Who waits for a baseline hasn't had the feed read either.
            wanted = await store.subscriptions.active_of(connection, [feed_id])
            unread = all(one.baseline_due for one in wanted[feed_id])
            is_held = await store.deliveries.held_back(connection, feed_id, guild_id) > 0
            state = SubscriptionState.HELD if is_held else SubscriptionState.ACTIVE
            await store.subscriptions.set_state(connection, [one.id for one in paused], state, baseline_due=unread)
            await store.deliveries.put_back(connection, feed_id, [one.channel_id for one in paused], _PAUSE, now)
            if unread:
                # Without validators or fingerprints, so that the next reading is whole and learns what the feed holds.
                feed = replace(
                    pairs[0][1], etag=None, last_modified=None, body_hash=None, fingerprints=None, due_at=now
                )
                await store.feeds.save(connection, [feed])
        return is_held

    async def release(self, guild_id: int, feed_id: int, always: bool | None = None) -> int | None:
        """Let in what a held feed has brought, and all that it brings from now on; return how many stories come now.

        ``always`` says whether it is never to be held again in this guild; None leaves that as it is. Where it isn't
        held, only that changes, and None is returned.
        """
        now = self._now()
        async with self._changing(feed_id) as connection:
            if always is not None:
                pairs = await self._subscribed(connection, guild_id, feed_id)
                await self._store.subscriptions.set_hold_floods(connection, [one.id for one, _ in pairs], not always)
                if all(one.state is not SubscriptionState.HELD for one, _ in pairs):
                    return None
            channel_ids = await self._no_longer_held(connection, guild_id, feed_id)
            return await self._store.deliveries.put_back(connection, feed_id, channel_ids, FLOOD, now)

    async def skip(self, guild_id: int, feed_id: int) -> int:
        """Take what a held feed has brought as known, and let in what comes; return how many stories are left out."""
        async with self._changing(feed_id) as connection:
            channel_ids = await self._no_longer_held(connection, guild_id, feed_id)
            return await self._store.deliveries.give_up(connection, feed_id, channel_ids, FLOOD)

    async def _no_longer_held(self, connection: Connection, guild_id: int, feed_id: int) -> list[int]:
        """End a hold in a guild, and return the channels that it was for. Raises RequestRefused."""
        pairs = await self._subscribed(connection, guild_id, feed_id)
        held = [one for one, _ in pairs if one.state is SubscriptionState.HELD]
        if not held:
            if all(one.state is SubscriptionState.PAUSED for one, _ in pairs):
                raise RequestRefused("It is paused; `/feed resume` first.")
            if all(one.hold_floods for one, _ in pairs):
                raise RequestRefused("That feed isn't held: what it brings is posted.")
            raise RequestRefused(
                "That feed isn't held, and never is here: `/feed release` with `always: False` ends that."
            )
        await self._store.subscriptions.set_state(connection, [one.id for one in held], SubscriptionState.ACTIVE)
        return [one.channel_id for one in held]

    async def preview(self, guild_id: int, feed_id: int) -> Card:
        """Return the newest article as a card."""
        listed = (await self._listed(guild_id, feed_id))[0]
        async with self._store.read() as connection:
            article = await self._store.articles.newest(connection, feed_id)
        if article is None:
            raise RequestRefused("That feed hasn't brought an article yet.")
        return Card.of(article, listed.title, mark="")

    async def refresh(self, guild_id: int, feed_id: int) -> Refreshed:
        """Read a feed now, whether it is due or not; raises RequestRefused if that was done just now."""
        with self._demand.of_guild(guild_id):
            async with self._demand.of_feed(feed_id):
                return await self._refresh(guild_id, feed_id)

    async def _refresh(self, guild_id: int, feed_id: int) -> Refreshed:
        listed = await self._listed(guild_id, feed_id)
        active = [one for one in listed if one.subscription.state is not SubscriptionState.PAUSED]
        feed = self._rounds.roster.get(feed_id)
        if feed is None or not active:
            raise RequestRefused("That feed is paused. `/feed resume` lets its stories in again.")
        if self._rounds.roster.is_being_read(feed_id):
            raise RequestRefused("I am reading that feed just now. Ask again in a minute.")
        refuse_if_just_read(feed, self._now())
        reading, new_articles = await self._rounds.read_now(feed)
        if all(one.subscription.baseline_due for one in active):
            # What it held when it was resumed counts as known here, whoever else it may be news to.
            new_articles = 0
        return Refreshed(listed[0].title, reading.outcome, new_articles, reading.feed.error, reading.feed.due_at)

    async def pause_channel(self, guild_id: int, channel_id: int, length: timedelta | None) -> datetime | None:
        """Hold back a channel's news; return until when, None for "until somebody resumes it"."""
        until = self._now() + length if length is not None else None
        async with self._store.begin() as connection:
            await self._news_channel(connection, guild_id, channel_id)
            await self._store.channels.pause(connection, channel_id, until)
        return until

    async def resume_channel(self, guild_id: int, channel_id: int) -> int:
        """Let news in again, whoever had stopped it; return how many stories were waiting and come now."""
        async with self._store.begin() as connection:
            channel = await self._news_channel(connection, guild_id, channel_id)
            if not is_stopped(channel, self._now()):
                raise RequestRefused("News isn't paused in this channel.")
            await self._store.channels.resume(connection, channel_id)
            waiting = (await self._store.deliveries.backlog(connection, channel_id, self._now())).waiting
            await catch_up(self._store, connection, channel_id, self._now())
            return waiting

    async def retry_channel(self, guild_id: int, channel_id: int) -> Retried:
        """Try a channel again that refuses us. A pause is a moderator's word and stays as it is."""
        now = self._now()
        async with self._store.begin() as connection:
            channel = await self._news_channel(connection, guild_id, channel_id)
            waiting = (await self._store.deliveries.backlog(connection, channel_id, now)).waiting
            if channel.suspended_for is not None:
                await catch_up(self._store, connection, channel_id, now)
            return Retried(channel.suspended_for is not None, waiting, is_paused(channel, now))

    async def settle_guild(self, guild_id: int) -> None:
        """Have the roster hold each of a guild's feeds if, and only if, somebody wants it."""
        for feed_id in {listed.feed.id for listed in await self.listing(guild_id)}:
            await self._settle(feed_id)

    async def forget_removed(self) -> None:
        """Drop the subscriptions whose removal can't be undone any more."""
        async with self._store.begin() as connection:
            await self._store.subscriptions.purge(connection, self._now() - UNDO_WINDOW)

    @asynccontextmanager
    async def _changing(self, feed_id: int) -> AsyncIterator[Connection]:
        """A transaction that changes who wants a feed: one at a time, and none while a round remembers it."""
        async with self._store.begin() as connection:
            await self._store.feeds.lock(connection, [feed_id])
            yield connection
        await self._settle(feed_id)

    async def _settle(self, feed_id: int) -> None:
        """Have the roster hold a feed if, and only if, somebody wants it.

        After each change and behind the same lock, so that of two changes the later one's look comes last and
        sees both.
        """
        async with self._store.begin() as connection:
            await self._store.feeds.lock(connection, [feed_id])
            feed = await self._store.feeds.get(connection, feed_id)
            wanted = await self._store.subscriptions.active_of(connection, [feed_id])
            if not wanted[feed_id]:
                self._rounds.roster.drop(feed_id)
            elif feed is not None and self._rounds.roster.get(feed_id) is None:
                self._rounds.roster.put(feed)

    async def _candidate(self, fetched: Fetched) -> Candidate:
        document = await self._reader.parse(fetched.body, fetched.content_type, fetched.url)
        if not document.entries:
            raise RequestRefused("That is a feed, but it has no items yet. Add it again once something is published.")
        return Candidate(fetched.permanent_url, document, await identities_of(document), fetched)

    async def _listed(self, guild_id: int, feed_id: int) -> list[Listed]:
        listed = [one for one in await self.listing(guild_id) if one.feed.id == feed_id]
        if not listed:
            raise RequestRefused("That feed isn't used in this server any more.")
        return listed

    async def _subscribed(
        self, connection: Connection, guild_id: int, feed_id: int, channel_id: int | None = None
    ) -> list[tuple[Subscription, Feed]]:
        pairs = await self._store.subscriptions.of_guild(connection, guild_id, feed_id=feed_id, channel_id=channel_id)
        if not pairs:
            where = "in that channel" if channel_id is not None else "in this server"
            raise RequestRefused(f"That feed isn't used {where}. `/feed list` shows what is.")
        return pairs

    async def _news_channel(self, connection: Connection, guild_id: int, channel_id: int) -> NewsChannel:
        channel = await self._store.channels.get(connection, channel_id)
        if channel is None or channel.guild_id != guild_id:
            raise RequestRefused("This channel gets no news. `/feed add` makes it a news channel.")
        return channel


def is_paused(channel: NewsChannel, now: datetime) -> bool:
    """Whether a moderator keeps a channel's news back, and no time has ended that."""
    return channel.paused and (channel.paused_until is None or channel.paused_until > now)


def is_stopped(channel: NewsChannel, now: datetime) -> bool:
    """Whether a channel's news waits: a moderator paused it, or Discord refuses us there."""
    return is_paused(channel, now) or channel.suspended_for is not None


def _as_url(address: str) -> str:
    """Read an address as people paste it: in angle brackets, or without its scheme. One address has one spelling."""
    address = address.strip().removeprefix("<").removesuffix(">").strip()
    has_scheme = "://" in address
    # A word without a dot is a slip, and as a name it could only lead into the operator's own network.
    is_word = not has_scheme and "." not in address.partition("/")[0]
    if is_word or any(character.isspace() for character in address):
        raise RequestRefused(_NO_ADDRESS)
    try:
        url = URL(address if has_scheme else f"https://{address}")
    except ValueError:
        raise RequestRefused(_NO_ADDRESS) from None
    return str(url.with_fragment(None))


def removal(at: datetime) -> str:
    """Name the cause for which a removal sets stories aside."""
    return f"removal at {at.isoformat()}"
