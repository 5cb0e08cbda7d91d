"""Discussions over a newsroom's desk: a card posted, its thread opened, takes dropped and shown, in one line each."""

from __future__ import annotations

from typing import Any

from newsroom.desk.outbox import Claim
from newsroom.discussion.remarks import RemarkClaim, RemarkRedraw, ShownTake
from newsroom.discussion.takes import COOLDOWN, Draft, Written
from newsroom.models import ChannelKind, Remark, Side, Take, Thread
from tests.desk import CHANNEL, FEED, GUILD, Desk
from tests.votes import ANNA

STORY = "Mistral releases open weights of a new model"
WORDS = "Weights that anybody can run are worth the fuss."
ANSWER = "Somebody has to answer the phone at night, though."


async def card(
    desk: Desk,
    headline: str = STORY,
    *,
    channel_id: int = CHANNEL,
    guild_id: int = GUILD,
    kind: ChannelKind = ChannelKind.TEXT,
    url: str = FEED,
    **settings: Any,
) -> Claim:
    """Post a card in a channel that discusses so; its message's id is 9000 and the delivery's."""
    await desk.follow(url, channel_id, guild_id, kind=kind)
    await desk.newsroom.threads.change(guild_id, channel_id, **settings)
    return await desk.post_story(headline, channel_id, url)


def message_of(posted: Claim) -> int:
    return 9000 + posted.delivery.id


async def thread_of(desk: Desk, posted: Claim) -> Thread | None:
    async with desk.store.read() as connection:
        return await desk.store.threads.of_card(connection, posted.delivery.id)


async def open_threads(desk: Desk) -> list[int]:
    """Open the threads that are due, and return them."""
    due = [thread.thread_id for thread, _ in await desk.newsroom.threads.due()]
    for thread_id in due:
        await desk.newsroom.threads.opened(thread_id)
    return due


async def discussed(desk: Desk, posted: Claim) -> int:
    """Click on Discuss under a card, and return its thread, in which the discussion is opened."""
    card = await desk.newsroom.threads.click(posted.mark, posted.delivery.guild_id)
    assert card.thread is not None
    await open_threads(desk)
    await say_due(desk)
    return card.thread.thread_id


def draft(
    text: str = WORDS,
    member_id: int = ANNA,
    side: Side | None = Side.OPEN,
    *,
    guild_id: int = GUILD,
    anonymous: bool = False,
) -> Draft:
    return Draft(guild_id, member_id, side, text, anonymous)


async def drop(desk: Desk, posted: Claim, text: str = WORDS, member_id: int = ANNA, **fields: Any) -> Written:
    """Drop a take on a card's story, long enough after the one before."""
    desk.clock.advance(seconds=COOLDOWN.total_seconds())
    return await desk.newsroom.takes.drop(draft(text, member_id, **fields), posted.mark)


async def push_back(desk: Desk, on: Take, text: str = ANSWER, member_id: int = ANNA, **fields: Any) -> Written:
    desk.clock.advance(seconds=COOLDOWN.total_seconds())
    takes = desk.newsroom.takes
    return await takes.push_back(draft(text, member_id, **{"side": Side.PROPRIETARY} | fields), takes.mark(on.id))


async def fire(desk: Desk, take: Take, member_id: int) -> bool:
    return await desk.newsroom.takes.fire(desk.newsroom.takes.mark(take.id), take.guild_id, member_id)


async def shown(desk: Desk, posted: Claim, text: str = WORDS, member_id: int = ANNA, **fields: Any) -> Take:
    """Drop a take and have it shown."""
    written = await drop(desk, posted, text, member_id, **fields)
    await open_threads(desk)
    await say_due(desk)
    return written.take


async def claimed(desk: Desk) -> RemarkClaim:
    """The one message that is to be said now, in hand."""
    [remark_id] = await desk.newsroom.remarks.due()
    claim = await desk.newsroom.remarks.claim(remark_id)
    assert claim is not None
    return claim


async def say_due(desk: Desk) -> list[RemarkClaim]:
    """Say all that is to be said now, in order; a message's id is 7000 and its row's."""
    said = []
    while due := await desk.newsroom.remarks.due():
        for remark_id in due:
            claim = await desk.newsroom.remarks.claim(remark_id)
            if claim is not None:
                await desk.newsroom.remarks.sent(claim, 7000 + remark_id)
                said.append(claim)
    return said


def shown_in(message: RemarkClaim | RemarkRedraw) -> ShownTake:
    """Return the take that a message is to show."""
    assert message.contents is not None and isinstance(message.contents.says, ShownTake)
    return message.contents.says


async def draw_due(desk: Desk) -> list[RemarkRedraw]:
    """Draw anew, or take away, what is to be: late enough after the last time, however old the messages are."""
    desk.clock.advance(seconds=10)
    drawn = []
    for remark_id in await desk.newsroom.remarks.due_redraws():
        redraw = await desk.newsroom.remarks.take_redraw(remark_id)
        if redraw is not None:
            await desk.newsroom.remarks.redrawn(redraw)
            drawn.append(redraw)
    return drawn


async def remark_of(desk: Desk, take: Take) -> Remark | None:
    async with desk.store.read() as connection:
        return await desk.store.threads.of_take(connection, take.id)


async def take_now(desk: Desk, take: Take) -> Take | None:
    """A take as it is now, None once it is gone."""
    async with desk.store.read() as connection:
        return await desk.store.takes.get(connection, take.id, take.guild_id)
