"""Threads: where a story is discussed, and how a news channel wants that. Each method is one transaction.

A card's thread has the id of the card's message, so to open it twice is impossible; a forum's post is its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsroom.attempts import wait_after
from newsroom.errors import RequestRefused
from newsroom.marks import Marks
from newsroom.models import (
    AlertKind,
    Article,
    ChannelKind,
    Delivery,
    DeliveryState,
    DiscussionSettings,
    RemarkKind,
    Take,
    Thread,
    ThreadMode,
    ThreadState,
)
from newsroom.store import Connection, Store
from newsroom.votes.story_polls import place_of

MOST_AT_ONCE = 20
MOST_ATTEMPTS = 300  # about a day
MOST_DRAWN = 20
"""How many of a channel's newest cards, and of each kind of remark, are drawn anew when their buttons change."""

WITH_TAKES = (RemarkKind.OPENER, RemarkKind.TAKE, RemarkKind.DEBATE)
WITH_ASK = (RemarkKind.OPENER, RemarkKind.ANSWER)
"""What has buttons for takes, and for questions."""

CROWDED = 900
"""From so many active threads in a guild on the oldest quiet ones of ours are archived.

1000 may be active at once. Source: Discord's error 160006.
"""

QUIET = timedelta(hours=24)
"""How long nobody has written in a thread that counts as quiet."""

GONE = "I no longer know that story."
TOO_SOON = "I am still posting that story: try again in a moment."
NO_THREAD = "Stories in this channel get no threads. `/channel discussion` changes that."
DELETED = "The thread of this story was deleted, so I leave it at that."


@dataclass(frozen=True, slots=True)
class Discussed:
    """A card whose story is discussed. ``place_id`` is the channel in which its message lies."""

    card: Delivery
    kind: ChannelKind
    place_id: int
    article: Article
    source: str
    settings: DiscussionSettings
    thread: Thread | None

    @property
    def headline(self) -> str:
        return self.article.title


class Threads:
    """Knows which cards have threads, and which are to get one."""

    def __init__(self, store: Store, marks: Marks, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._marks = marks
        self._now = now

    # ---------------------------------------------------------------------------- settings

    async def settings(self, guild_id: int, channel_id: int) -> DiscussionSettings:
        """Return how a news channel of this guild discusses. Raises RequestRefused for any other channel."""
        async with self._store.read() as connection:
            return await self._of_channel(connection, guild_id, channel_id)

    async def change(self, guild_id: int, channel_id: int, **values: object) -> DiscussionSettings:
        """Change how a news channel discusses, by the names of DiscussionSettings; what is None stays as it is.

        The channel's newest cards and remarks are drawn anew, where that changes their buttons. Raises RequestRefused.
        """
        given = {name: value for name, value in values.items() if value is not None}
        async with self._store.begin() as connection:
            before = await self._of_channel(connection, guild_id, channel_id)
            if not given:
                return before
            after = replace(before, **given)  # type: ignore[arg-type]
            await self._store.threads.set(connection, channel_id, **given)
            if (before.threads is ThreadMode.NONE) is not (after.threads is ThreadMode.NONE):
                cards = await self._store.threads.cards_to_draw(connection, channel_id, MOST_DRAWN)
                await self._store.deliveries.draw_anew(connection, cards, self._now())
            kinds = {
                *(WITH_TAKES if before.takes is not after.takes else ()),
                *(WITH_ASK if before.ask is not after.ask else ()),
            }
            for kind in kinds:
                await self._store.threads.draw_newest_anew(connection, channel_id, kind, MOST_DRAWN, self._now())
            return after

    async def _of_channel(self, connection: Connection, guild_id: int, channel_id: int) -> DiscussionSettings:
        found = await self._store.threads.settings(connection, channel_id, guild_id)
        if found is None:
            raise RequestRefused(f"<#{channel_id}> gets no news. `/feed add` there makes it a news channel.")
        return found[1]

    # ----------------------------------------------------------------------------- cards

    async def of_mark(self, mark: str, guild_id: int) -> Discussed:
        """Return the card that a button names. Raises RequestRefused for one that isn't there any more."""
        async with self._store.read() as connection:
            return await card_of_mark(self._store, self._marks, connection, mark, guild_id)

    async def click(self, mark: str, guild_id: int) -> Discussed:
        """Somebody wants to discuss a card's story: from now on it is to have a thread. Raises RequestRefused."""
        async with self._store.begin() as connection:
            card = await card_of_mark(self._store, self._marks, connection, mark, guild_id)
            return await with_thread(self._store, connection, card, self._now())

    # ---------------------------------------------------------------------------- opening

    async def due(self) -> list[tuple[Thread, Discussed]]:
        """Return the threads to be opened now, each with its card; one whose card is gone is none any more."""
        found: list[tuple[Thread, Discussed]] = []
        gone: list[int] = []
        async with self._store.read() as connection:
            for thread in await self._store.threads.due(connection, self._now(), MOST_AT_ONCE):
                try:
                    found.append(
                        (thread, await discussed(self._store, connection, thread.delivery_id, thread.guild_id))
                    )
                except RequestRefused:
                    gone.append(thread.thread_id)
        for thread_id in gone:
            await self.refused(thread_id, GONE)
        return found

    async def opened(self, thread_id: int) -> None:
        """The thread is there: what opens the discussion is said next, unless it was given up or deleted meanwhile."""
        async with self._store.begin() as connection:
            if await self._store.threads.opened(connection, thread_id):
                thread = await self._store.threads.get(connection, thread_id)
                assert thread is not None, "it was just opened"
                await open_discussion(self._store, connection, thread, self._now())

    async def later(self, thread: Thread, reason: str) -> None:
        """Try again to open it, later each time, and in the end no more."""
        if thread.attempts + 1 >= MOST_ATTEMPTS:
            await self.refused(thread.thread_id, reason)
            return
        due_at = self._now() + wait_after(thread.attempts + 1)
        async with self._store.begin() as connection:
            await self._store.threads.record(
                connection, thread.thread_id, attempts=thread.attempts + 1, due_at=due_at, reason=reason
            )

    async def refused(self, thread_id: int, reason: str) -> None:
        """It can't be opened, or was deleted: nothing is said in it, and what waited for it is forgotten."""
        async with self._store.begin() as connection:
            await self._store.threads.record(connection, thread_id, state=ThreadState.GONE, reason=reason)
            if await self._store.threads.get(connection, thread_id) is not None:
                await self._store.threads.drop_waiting(connection, thread_id, reason)

    async def muted(self, place_id: int, reason: str) -> None:
        """We may not speak in a news channel's discussions, for that reason; its admins are told if that is new.

        ``place_id`` is the channel or one of its threads. It is over as soon as something is said there.
        """
        now = self._now()
        async with self._store.begin() as connection:
            muted = await self._store.threads.mute(connection, place_id, reason)
            if muted is not None:
                channel_id, guild_id = muted
                await self._store.alerts.add(connection, AlertKind.MUTED, [guild_id], now, channel_id=channel_id)

    async def try_again(self, channel_id: int) -> None:
        """Something may have mended it: what waits in a news channel's discussions is tried now."""
        async with self._store.begin() as connection:
            await self._store.threads.try_again(connection, channel_id, self._now())

    async def ours(self, guild_id: int) -> list[int]:
        """Return the threads of a guild that we opened, the oldest first."""
        async with self._store.read() as connection:
            return await self._store.threads.open_in(connection, guild_id)


async def card_of_mark(store: Store, marks: Marks, connection: Connection, mark: str, guild_id: int) -> Discussed:
    """Return the card that a button names. Raises RequestRefused for one that isn't there any more."""
    number = marks.number(mark)
    if number is None:
        raise RequestRefused(GONE)
    return await discussed(store, connection, number, guild_id)


async def discussed(store: Store, connection: Connection, delivery_id: int, guild_id: int) -> Discussed:
    """Return a card that stands in a news channel of this guild, with its thread. Raises RequestRefused."""
    card = await store.deliveries.get(connection, delivery_id)
    if card is None or card.guild_id != guild_id:
        raise RequestRefused(GONE)
    if card.message_id is None:
        raise RequestRefused(TOO_SOON if card.state is DeliveryState.SENDING else GONE)
    found = await store.threads.settings(connection, card.channel_id, guild_id)
    if found is None:
        raise RequestRefused(GONE)
    kind, settings = found
    article, source = await store.deliveries.contents(connection, card)
    thread = await store.threads.of_card(connection, card.id)
    return Discussed(card, kind, place_of(card, kind), article, source, settings, thread)


async def card_of_take(store: Store, connection: Connection, take: Take) -> Discussed:
    """Return the card under which a take is shown, or another of its story. Raises RequestRefused without any."""
    remark = await store.threads.of_take(connection, take.id)
    if remark is None:
        raise RequestRefused(GONE)
    try:
        return await discussed(store, connection, remark.delivery_id, take.guild_id)
    except RequestRefused:
        # Merging leaves one card in a channel, and the story goes on with it.
        cards = await store.deliveries.standing_cards(connection, take.story_id or 0, take.guild_id)
        if not cards:
            raise
        return await discussed(store, connection, cards[0][0].id, take.guild_id)


async def with_thread(store: Store, connection: Connection, card: Discussed, now: datetime) -> Discussed:
    """Have a card get its thread, if it has none yet, and a forum's post its discussion opened.

    One that never could be opened is tried again, and what waited for it comes after all. Raises RequestRefused where
    there is to be none.
    """
    if not can_have_thread(card.kind, card.settings):
        raise RequestRefused(NO_THREAD)
    if card.thread is not None and (card.thread.state is ThreadState.PENDING or card.thread.opened_at is not None):
        return card
    if card.thread is not None and card.thread.state is ThreadState.GONE:
        if card.kind is ChannelKind.FORUM:
            return card  # it was there, and was deleted
        await store.threads.open_again(connection, card.thread.thread_id, now)
    await plan_thread(store, connection, card.card, card.kind, now)
    thread = await store.threads.of_card(connection, card.card.id)
    assert thread is not None, "it was just planned, by us or by somebody faster"
    return replace(card, thread=thread)


def can_have_thread(kind: ChannelKind, settings: DiscussionSettings) -> bool:
    """Whether a card in such a channel can have a thread: there are none in threads."""
    return kind is not ChannelKind.THREAD and settings.threads is not ThreadMode.NONE


async def has_discuss(store: Store, connection: Connection, card: Delivery) -> bool:
    """Whether a card has the button Discuss."""
    found = await store.threads.settings(connection, card.channel_id, card.guild_id)
    return found is not None and can_have_thread(*found)


async def thread_at_once(store: Store, connection: Connection, card: Delivery, now: datetime) -> None:
    """Have a card that was just posted get its thread, where its channel wants that for all.

    A forum's post is one of our threads from the beginning, even while nobody wants to discuss.
    """
    found = await store.threads.settings(connection, card.channel_id, card.guild_id)
    if found is None:
        return
    kind, settings = found
    if kind is ChannelKind.FORUM:
        await note_thread(store, connection, card, ThreadState.OPEN, now)
    if settings.threads is ThreadMode.ALWAYS and can_have_thread(kind, settings):
        await plan_thread(store, connection, card, kind, now)


async def plan_thread(store: Store, connection: Connection, card: Delivery, kind: ChannelKind, now: datetime) -> None:
    """Have a card's thread opened. In a forum it is there, and its discussion is opened at once."""
    is_there = kind is ChannelKind.FORUM
    await note_thread(store, connection, card, ThreadState.OPEN if is_there else ThreadState.PENDING, now)
    thread = await store.threads.of_card(connection, card.id)
    if is_there and thread is not None:
        await open_discussion(store, connection, thread, now)


async def note_thread(store: Store, connection: Connection, card: Delivery, state: ThreadState, now: datetime) -> None:
    """Note that a card is to have a thread, or has one."""
    assert card.message_id is not None, "the card stands in its channel"
    await store.threads.add(connection, card.message_id, card.id, card.guild_id, card.channel_id, state, now)


async def open_discussion(store: Store, connection: Connection, thread: Thread, now: datetime) -> None:
    """Have the message sent that opens a discussion; once."""
    await store.threads.record(connection, thread.thread_id, opened_at=now)
    await store.threads.say(connection, RemarkKind.OPENER, thread.guild_id, thread.thread_id, thread.delivery_id, now)
