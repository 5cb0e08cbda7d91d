"""Takes: dropped, answered, found hot, taken away. Each method is one transaction and acts on one guild alone.

A member has one take on a story: a second one edits the first, and one that pushes back on another's is that same take.
What a take's side says feeds nothing: votes stay votes.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsroom.discussion.threads import (
    Discussed,
    can_have_thread,
    card_of_mark,
    card_of_take,
    discussed,
    with_thread,
)
from newsroom.errors import RequestRefused
from newsroom.marks import TAKE, Marks
from newsroom.models import (
    ChannelKind,
    DeliveryState,
    DiscussionSettings,
    GuildSettings,
    Line,
    Poll,
    Purpose,
    RemarkKind,
    Sees,
    Side,
    Take,
    Thread,
    ThreadState,
)
from newsroom.store import Connection, Store
from newsroom.text import row_number
from newsroom.votes.asking import read_take
from newsroom.votes.counting import best_first

COOLDOWN = timedelta(seconds=30)
"""How long a member waits between two takes, and between changes of one."""

ECHO = timedelta(days=7)
"""For how long a member can't say the same again elsewhere."""

BLOCKED_FOR = timedelta(days=7)
WEEK = timedelta(days=7)
MOST_TOP = 10
MOST_READ = 2_000
"""Among so many of a week's takes those are looked for that a reader may see."""

LETTERS = 3
"""The fewest letters or figures of a take: one of emoji alone says nothing."""

GONE = "That take isn't there any more."
TAKES_OFF = "Takes are off in this channel."
NAMES_STAND = "Takes here carry names now, so I kept nothing. Send it again if yours may stand with it."

_LINK = re.compile(r"\w://|\bwww\.|\bdiscord(?:app)?\.(?:gg|com)/|\]\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a member says, as the form came back. ``side`` None where it asked for none."""

    guild_id: int
    member_id: int
    side: Side | None
    text: str
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form of a take needs: the sides to pick from, what the member has said so far, and what is allowed.

    ``answered`` is the take that this one is to push back on. ``headline`` is what it is about. In ``channel_id``, or
    in a thread there, it is going to be said: only who may write there may say it.
    """

    channel_id: int
    headline: str
    settings: GuildSettings
    mine: Take | None
    anonymous_allowed: bool = False
    answered: Take | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a take. ``place_id`` is the thread or channel in which it is shown, None where it is only kept.

    ``unopened`` is the card whose thread is that place, where it is still to be opened. ``edited``: it replaced an
    earlier one.
    """

    take: Take
    place_id: int | None
    unopened: Discussed | None
    edited: bool


@dataclass(frozen=True, slots=True)
class Hot:
    """A take among the hottest, with its fires, the story's headline and where it is shown, if it is."""

    take: Take
    fires: int
    headline: str
    link: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Removed:
    """A take that moderators removed: where it was shown, if it was, and the polls whose results may quote it."""

    channel_id: int | None
    poll_ids: tuple[int, ...]


class Takes:
    """Members' takes on stories and polls."""

    def __init__(self, store: Store, marks: Marks, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._marks = marks
        self._now = now

    def mark(self, take_id: int) -> str:
        """What names a take on its buttons."""
        return self._marks.mark(take_id, TAKE)

    # ---------------------------------------------------------------------------- writing

    async def form_for_card(self, mark: str, guild_id: int, member_id: int) -> Asked:
        """Return what the form of a take on a card's story needs. Raises RequestRefused where there can be none."""
        async with self._store.read() as connection:
            return await self._asked(connection, await self._card(connection, mark, guild_id), member_id)

    async def form_for_answer(self, mark: str, guild_id: int, member_id: int) -> Asked:
        """Return the same for a take that pushes back on another."""
        async with self._store.read() as connection:
            take = await self._answerable(connection, mark, guild_id, member_id)
            card = await card_of_take(self._store, connection, take)
            return await self._asked(connection, card, member_id, answered=take)

    async def drop(self, draft: Draft, mark: str) -> Written:
        """Remember a member's take on the story of a card, and have it shown. Raises RequestRefused."""
        async with self._store.begin() as connection:
            card = await self._card(connection, mark, draft.guild_id)
            return await write(self._store, connection, draft, card, self._now())

    async def push_back(self, draft: Draft, mark: str) -> Written:
        """Remember a take that answers another. Raises RequestRefused."""
        async with self._store.begin() as connection:
            answered = await self._answerable(connection, mark, draft.guild_id, draft.member_id)
            card = await card_of_take(self._store, connection, answered)
            return await write(self._store, connection, draft, card, self._now(), answers=answered)

    async def _asked(
        self, connection: Connection, card: Discussed, member_id: int, *, answered: Take | None = None
    ) -> Asked:
        if not card.settings.takes:
            raise RequestRefused(TAKES_OFF)
        await check_block(self._store, connection, card.card.guild_id, member_id, self._now())
        mine = await self._store.takes.by_member(connection, card.card.guild_id, member_id, story_id=card.card.story_id)
        settings = await self._store.guilds.settings(connection, card.card.guild_id)
        return Asked(card.card.channel_id, card.headline, settings, mine, card.settings.anonymous_takes, answered)

    async def _card(self, connection: Connection, mark: str, guild_id: int) -> Discussed:
        return await card_of_mark(self._store, self._marks, connection, mark, guild_id)

    async def _answerable(self, connection: Connection, mark: str, guild_id: int, member_id: int) -> Take:
        take = await self._take(connection, mark, guild_id)
        if take.member_id == member_id:
            raise RequestRefused("That take is your own. Drop a hot take again to change it.")
        return take

    async def _take(self, connection: Connection, mark: str, guild_id: int) -> Take:
        number = self._marks.number(mark, TAKE)
        take = await self._store.takes.get(connection, number, guild_id) if number is not None else None
        if take is None:
            raise RequestRefused(GONE)
        return take

    # ------------------------------------------------------------------------------ fires

    async def fire(self, mark: str, guild_id: int, member_id: int) -> bool:
        """Find a take hot, or no longer; return whether it is now. Raises RequestRefused for one's own, and where takes
        are off.
        """
        now = self._now()
        async with self._store.begin() as connection:
            take = await self._take(connection, mark, guild_id)
            if take.member_id == member_id:
                raise RequestRefused("You can't set your own take on fire.")
            await self._check_on(connection, take)
            await self._store.votes.hold_member(connection, guild_id, member_id)
            hot = await self._store.takes.toggle_fire(connection, take.id, member_id, now)
            await self._store.threads.draw_anew(connection, [take.id], now)
            return hot

    async def _check_on(self, connection: Connection, take: Take) -> None:
        """Raises RequestRefused where takes are off; a take whose story's cards are all gone is nowhere off."""
        try:
            card = await card_of_take(self._store, connection, take)
        except RequestRefused:
            return
        if not card.settings.takes:
            raise RequestRefused(TAKES_OFF)

    async def top(self, guild_id: int, sees: Sees, week: int = 0) -> list[Hot]:
        """Return the hottest takes of the last seven days, or of the seven days so many weeks before them.

        Left out are those said where the reader sees nothing: see ``TakeStore.places``.
        """
        until = self._now() - week * WEEK
        async with self._store.read() as connection:
            found = await self._store.takes.top(connection, guild_id, until - WEEK, until, MOST_READ)
            places = await self._store.takes.places(connection, guild_id, [take for take, _ in found])
            seen = {place for place in frozenset[int]().union(*places.values()) if sees(place)}
            shown = [(take, fires) for take, fires in found if places[take.id] and places[take.id] <= seen][:MOST_TOP]
            return [await self._hot(connection, take, fires, places[take.id]) for take, fires in shown]

    async def _hot(self, connection: Connection, take: Take, fires: int, places: frozenset[int]) -> Hot:
        remark = await self._store.threads.of_take(connection, take.id)
        link = (remark.channel_id, remark.message_id) if remark and remark.message_id and not remark.withdrawn else None
        headline = ""
        if take.story_id is not None:
            standing = await self._store.deliveries.standing_cards(connection, take.story_id, take.guild_id)
            cards = [card for card, _ in standing if card.channel_id in places]
            headline = (await self._store.deliveries.contents(connection, cards[0]))[0].title if cards else ""
        return Hot(take, fires, headline, link)

    # ------------------------------------------------------------------------- moderating

    async def to_moderate(self, guild_id: int, take_id: int) -> tuple[Take, int | None]:
        """Return a take and the channel whose moderators may remove it. Raises RequestRefused once it is gone.

        That is the news channel in which, or in whose thread, it is shown, or where it was said; None if nobody knows.
        """
        async with self._store.read() as connection:
            take = await self._store.takes.get(connection, take_id, guild_id)
            if take is None:
                raise RequestRefused(GONE)
            shown = await self._store.threads.of_take(connection, take_id)
            card = await self._store.deliveries.get(connection, shown.delivery_id) if shown is not None else None
            return take, card.channel_id if card is not None else take.channel_id

    async def on_message(self, guild_id: int, message_id: int) -> list[Take]:
        """Return the takes that a message of ours shows, quotes or asks about; none for any other message.

        A result may still quote one that wouldn't be chosen today: all takes that it could, those of today first.
        """
        async with self._store.read() as connection:
            remark = await self._store.threads.by_message(connection, guild_id, message_id)
            if remark is not None:
                shown = [remark.take_id] if remark.take_id is not None else []
            else:
                shown = await self._store.recaps.quoted_by(connection, guild_id, message_id)
            if shown:
                found = [await self._store.takes.get(connection, take_id, guild_id) for take_id in shown]
                return [take for take in found if take is not None]
            message = await self._store.polls.by_message(connection, guild_id, message_id)
            if message is None or message.purpose is not Purpose.RESULT:
                return []
            poll = await self._store.polls.get(connection, message.poll_id)
            assert poll is not None, "a message goes with its poll"
            return best_first(poll.choices, await self._store.takes.on(connection, poll))

    async def remove(
        self, guild_id: int, take_id: int, *, by: int | None = None, block: bool = False, spared: bool = False
    ) -> Removed:
        """Remove a take for good, and with ``block`` take none from its author for BLOCKED_FOR. Raises RequestRefused.

        The admins hear who did, ``by``. Whose it was stays untold, and so does it that the author was ``spared``, as
        who moderates the guild is.
        """
        now = self._now()
        async with self._store.begin() as connection:
            take = await self._store.takes.get(connection, take_id, guild_id)
            if take is None:
                raise RequestRefused(GONE)
            remark = await self._store.threads.of_take(connection, take_id)
            answers = await self._store.takes.answers_to(connection, take_id)
            if block and not spared:
                await self._store.takes.block(connection, guild_id, take.member_id, take_id, now, now + BLOCKED_FOR)
            await self._store.takes.remove(connection, take_id)
            await _withdraw(self._store, connection, [take_id], now)
            await self._store.threads.draw_anew(connection, answers, now)
            await self._store.recaps.takes_gone(connection, [take_id], now)
            polls = await self._store.votes.quote_anew(connection, guild_id, *_about([take]))
            line, place = Line.AUTHOR_BLOCKED if block else Line.TAKE_REMOVED, remark.channel_id if remark else None
            await self._store.alerts.add_line(connection, line, guild_id, now, channel_id=place, member_id=by)
            return Removed(place, tuple(polls))

    async def lift_block(self, guild_id: int, take_id: int) -> None:
        """Take takes again from the author who was blocked for this one, if anybody is: whoever that may be."""
        async with self._store.begin() as connection:
            await self._store.takes.lift_block(connection, guild_id, take_id)


async def write(
    store: Store,
    connection: Connection,
    draft: Draft,
    card: Discussed,
    now: datetime,
    *,
    answers: Take | None = None,
    said_in: int | None = None,
) -> Written:
    """Remember a take on a card's story, and have it shown in the story's thread.

    Where the story has a thread, or can have one, it is shown there; in a thread that gets news, in that. Where stories
    get no threads it is kept for results and lists. ``said_in`` is where its author said it, if not in the card's
    channel. Raises RequestRefused.
    """
    guild_id, story_id = draft.guild_id, card.card.story_id
    settings = await store.guilds.settings(connection, guild_id)
    if not card.settings.takes:
        raise RequestRefused(TAKES_OFF)
    _check_name(draft, card.settings)
    if draft.side is Side.DEPENDS and not settings.depends:
        raise RequestRefused("This server has two teams only.")
    await store.votes.hold_member(connection, guild_id, draft.member_id)
    mine = await store.takes.by_member(connection, guild_id, draft.member_id, story_id=story_id)
    text = await checked(store, connection, draft, card.settings, mine, now, story_id=story_id)
    take = await _put(
        store,
        connection,
        draft,
        text,
        mine,
        now,
        card.card.channel_id if said_in is None else said_in,
        story_id=story_id,
        anonymous=draft.anonymous,
        answers_id=answers.id if answers is not None else mine.answers_id if mine is not None else None,
    )
    if mine is not None and take.anonymous and not mine.anonymous:
        await store.votes.quote_anew(connection, guild_id, *_about([take]))
    return await show(store, connection, take, card, now, edited=mine is not None)


async def _put(
    store: Store,
    connection: Connection,
    draft: Draft,
    text: str,
    mine: Take | None,
    now: datetime,
    channel_id: int,
    *,
    story_id: int | None = None,
    poll_id: int | None = None,
    anonymous: bool = False,
    answers_id: int | None = None,
) -> Take:
    """Write a take down, in place of ``mine``, what its author said before.

    Other words, or the same for another side, are a take of now: what others thought of the old ones isn't for these.
    """
    is_anew = mine is None or (mine.text, mine.side) != (text, draft.side)
    take_id = await store.takes.put(
        connection,
        draft.guild_id,
        draft.member_id,
        draft.side,
        text,
        now if mine is None or is_anew else mine.written_at,
        edited_at=now if mine is not None else None,
        story_id=story_id,
        poll_id=poll_id,
        channel_id=channel_id,
        anonymous=anonymous,
        answers_id=answers_id,
    )
    if mine is not None and is_anew:
        await store.takes.put_out(connection, take_id)
        await store.recaps.takes_gone(connection, [take_id], now)
    elif mine is not None:
        await store.recaps.draw_anew(connection, [take_id], now)
    take = await store.takes.get(connection, take_id, draft.guild_id)
    assert take is not None, "it was just written"
    return take


async def show(
    store: Store, connection: Connection, take: Take, card: Discussed, now: datetime, *, edited: bool
) -> Written:
    """Have a take shown where its story is discussed, or drawn anew if it is shown, and with it what quotes it."""
    await store.threads.draw_anew(connection, [take.id, *await store.takes.answers_to(connection, take.id)], now)
    shown = await store.threads.of_take(connection, take.id)
    if shown is not None and shown.state is not DeliveryState.SKIPPED:
        where = await store.threads.get(connection, shown.channel_id, take.guild_id)
        if where is not None and where.state is ThreadState.GONE:
            return Written(take, None, None, edited)
        return Written(take, shown.channel_id, _unopened(card, where), edited)
    if shown is not None:  # Discord didn't take it as it was
        await store.threads.forget(connection, shown.id)
    if card.kind is ChannelKind.THREAD:
        place, thread, reply_to = card.place_id, None, card.card.message_id
    elif can_have_thread(card.kind, card.settings):
        thread = (await with_thread(store, connection, card, now)).thread
        assert thread is not None, "it was just planned"
        if thread.state is ThreadState.GONE:
            return Written(take, None, None, edited)
        place, reply_to = thread.thread_id, None
    else:
        return Written(take, None, None, edited)
    if take.answers_id is not None:
        answered = await store.threads.of_take(connection, take.answers_id)
        if answered is not None and answered.channel_id == place and answered.message_id is not None:
            reply_to = answered.message_id
    await store.threads.say(
        connection, RemarkKind.TAKE, take.guild_id, place, card.card.id, now, take_id=take.id, reply_to=reply_to
    )
    return Written(take, place, _unopened(card, thread), edited)


def _unopened(card: Discussed, thread: Thread | None) -> Discussed | None:
    """A card with the thread in which a take on its story is shown, if that is still to be opened."""
    return replace(card, thread=thread) if thread is not None and thread.state is ThreadState.PENDING else None


async def checked(
    store: Store,
    connection: Connection,
    draft: Draft,
    settings: DiscussionSettings,
    mine: Take | None,
    now: datetime,
    *,
    story_id: int | None = None,
    poll_id: int | None = None,
) -> str:
    """Return the text of a take that may be said. Raises RequestRefused for any other, or said too soon or twice."""
    text = read_take(draft.text)
    if sum(unicodedata.category(sign)[0] in "LN" for sign in text) < LETTERS:
        raise RequestRefused("A take needs words, not signs and emoji alone.")
    if not settings.links and _LINK.search(text):
        raise RequestRefused("Takes here hold no links. Say it in your own words.")
    await check_block(store, connection, draft.guild_id, draft.member_id, now)
    last = await store.takes.latest_at(connection, draft.guild_id, draft.member_id)
    if last is not None and timedelta() <= now - last < COOLDOWN:
        seconds = math.ceil((COOLDOWN - (now - last)).total_seconds())
        raise RequestRefused(f"One take at a time: wait {seconds} seconds, then send it again.")
    same = Take(mine.id if mine else 0, draft.guild_id, story_id, poll_id, draft.member_id, draft.side, text, now)
    for author, said in await store.takes.like(connection, same, now - ECHO):
        if _bare(said) == _bare(text):
            who = "You have" if author == draft.member_id else "Somebody has"
            raise RequestRefused(f"{who} said exactly that already. Say it in other words.")
    return text


async def check_block(store: Store, connection: Connection, guild_id: int, member_id: int, now: datetime) -> None:
    """Raises RequestRefused for a member whose takes a guild's moderators don't want at the moment."""
    until = await store.takes.blocked_until(connection, guild_id, member_id, now)
    if until is not None:
        when = f"<t:{until.timestamp():.0f}:f>"
        raise RequestRefused(f"The moderators of this server take no takes of yours until {when}.")


def _check_name(draft: Draft, settings: DiscussionSettings) -> None:
    """Raises RequestRefused for a take without a name where names stand: its form may have said otherwise."""
    if draft.anonymous and not settings.anonymous_takes:
        raise RequestRefused(NAMES_STAND)


def _bare(text: str) -> str:
    """A text without what doesn't make it another one."""
    signs = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Marks belong to words: in many scripts they are the vowels.
    return " ".join("".join(sign if unicodedata.category(sign)[0] in "LNM" else " " for sign in signs).split())


def weeks_ago(typed: str | None) -> int:
    """Read how many weeks ago: "" or "this" is the last seven days, "last" the seven before, or a number from 0 to 52.

    Raises RequestRefused.
    """
    words = (typed or "").strip().casefold()
    number = {"": 0, "this": 0, "last": 1}.get(words, row_number(words))
    if number is None or not 0 <= number <= 52:
        raise RequestRefused("Say “this”, “last” or how many weeks ago, 0 to 52.")
    return number


# ------------------------------------------------------------------------------------- on polls


async def write_on_poll(store: Store, connection: Connection, draft: Draft, poll: Poll, now: datetime) -> Written:
    """Remember a take on a poll's story, or on the poll alone: then its result shows it. Raises RequestRefused."""
    card = await _card_for(store, connection, poll)
    if card is not None:
        return await write(store, connection, draft, card, now, said_in=poll.channel_id)
    _check_name(draft, DiscussionSettings())
    guild_id, member_id, story_id = draft.guild_id, draft.member_id, poll.story_id
    poll_id = poll.id if story_id is None else None
    await store.votes.hold_member(connection, guild_id, member_id)
    mine = await store.takes.by_member(connection, guild_id, member_id, story_id=story_id, poll_id=poll_id)
    text = await checked(store, connection, draft, DiscussionSettings(), mine, now, story_id=story_id, poll_id=poll_id)
    take = await _put(store, connection, draft, text, mine, now, poll.channel_id, story_id=story_id, poll_id=poll_id)
    return Written(take, None, None, mine is not None)


async def asked_on_poll(store: Store, connection: Connection, poll: Poll, member_id: int, now: datetime) -> Asked:
    """Return what the form of a take on a poll needs. Raises RequestRefused where there can be none."""
    card = await _card_for(store, connection, poll)
    if card is not None and not card.settings.takes:
        raise RequestRefused(TAKES_OFF)
    await check_block(store, connection, poll.guild_id, member_id, now)
    settings = await store.guilds.settings(connection, poll.guild_id)
    mine = await store.takes.by_member(
        connection, poll.guild_id, member_id, story_id=poll.story_id, poll_id=poll.id if poll.story_id is None else None
    )
    if card is None:
        return Asked(poll.channel_id, poll.question, settings, mine)
    return Asked(card.card.channel_id, card.headline, settings, mine, card.settings.anonymous_takes)


async def takes_on(store: Store, connection: Connection, poll: Poll) -> bool:
    """Whether members may say why they voted so in a poll: where its story stands, takes may be off."""
    if poll.story_id is None:
        return True
    return await store.threads.takes_on(connection, poll.story_id, poll.guild_id, poll.channel_id)


async def _card_for(store: Store, connection: Connection, poll: Poll) -> Discussed | None:
    """Return the card under which takes on a poll's story are shown: in the poll's own channel if one stands there."""
    if poll.story_id is None:
        return None
    cards = await store.deliveries.standing_cards(connection, poll.story_id, poll.guild_id)
    in_order = sorted(cards, key=lambda pair: pair[0].channel_id != poll.channel_id)
    return await discussed(store, connection, in_order[0][0].id, poll.guild_id) if in_order else None


async def forget_takes(store: Store, connection: Connection, guild_id: int, member_id: int, now: datetime) -> list[int]:
    """Remove a member's takes and fires from a guild, and have the messages go that show them.

    Return the polls whose results may quote one, and are drawn anew.
    """
    quoted = _about(await store.takes.of_member(connection, guild_id, member_id))
    gone, others = await store.takes.forget(connection, guild_id, member_id)
    await _withdraw(store, connection, gone, now)
    await store.threads.draw_anew(connection, others, now)
    await store.recaps.takes_gone(connection, gone, now)
    await store.recaps.forget(connection, guild_id, member_id, now)
    return await store.votes.quote_anew(connection, guild_id, *quoted)


async def _withdraw(store: Store, connection: Connection, take_ids: Collection[int], now: datetime) -> None:
    """Have the messages go that show takes, or what an article says of them."""
    checks = await store.asks.forget_checks(connection, take_ids)
    await store.threads.withdraw_answers(connection, checks, now)
    await store.threads.withdraw(connection, take_ids, now)


def _about(takes: Iterable[Take]) -> tuple[list[int], list[int]]:
    """The stories and the polls that takes are about."""
    takes = list(takes)
    stories = [take.story_id for take in takes if take.story_id is not None]
    return stories, [take.poll_id for take in takes if take.poll_id is not None]


def sides_of(settings: GuildSettings) -> tuple[Side, ...]:
    """Return the sides that a take can speak for in a guild."""
    return tuple(side for side in Side if side is not Side.DEPENDS or settings.depends)
