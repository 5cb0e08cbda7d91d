"""A week in a guild in a few lines, and its recaps sent, for tests of what they come to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from newsroom.desk.outbox import Claim
from newsroom.discussion.recap_messages import RecapClaim, RecapContents
from newsroom.discussion.takes import Draft
from newsroom.models import Recap, Sees, Side, Take
from newsroom.store import tables
from tests.desk import CHANNEL, FEED, GUILD, Desk
from tests.votes import ask_and_show, close, vote_many

HEADLINES = ("Qwen gets a bigger context window", "A court hears about training data", "Chips are scarce once more")


def sees_all(channel_id: int) -> bool:
    """See every channel."""
    return True


def anywhere(guild_id: int, channel_id: int) -> Sees:
    """Whoever reads a recap, wherever it stands, sees every channel."""
    return sees_all


async def busy_week(desk: Desk, votes: int = 10, stories: int = 3) -> list[Claim]:
    """Let a week have so many stories and votes; return how the stories were sent."""
    if FEED not in desk.web.documents:
        await desk.follow()
    sent = [await desk.post_story(headline) for headline in HEADLINES[:stories]]
    if votes:
        poll = await ask_and_show(desk)
        await vote_many(desk, poll, votes, first_member=6001)
        await close(desk, poll)
    return sent


async def drop(
    desk: Desk, card: Claim, member_id: int, side: Side | None, text: str, *, answers: Take | None = None
) -> Take:
    """Have a member say something on a story, or push back on somebody's take."""
    draft = Draft(GUILD, member_id, side, text)
    takes = desk.newsroom.takes
    written = (
        await takes.push_back(draft, takes.mark(answers.id)) if answers else await takes.drop(draft, card.card.mark)
    )
    return written.take


async def fire(desk: Desk, take: Take, *member_ids: int) -> None:
    for member_id in member_ids:
        await desk.newsroom.takes.fire(desk.newsroom.takes.mark(take.id), take.guild_id, member_id)


async def friday(desk: Desk, guild_id: int = GUILD) -> datetime:
    """Let it be time for the weekly recap; return when that is."""
    await desk.newsroom.recaps.plan_due(anywhere)
    plan = (await desk.newsroom.recaps.planned(guild_id)).plan
    desk.clock.time = plan.next_at
    return plan.next_at


async def send_due(desk: Desk) -> list[RecapClaim]:
    """Send all messages of recaps that are due; a message's id is 7000 and its row's."""
    sent = []
    for recap_id in await desk.newsroom.recap_messages.due():
        claim = await desk.newsroom.recap_messages.claim(recap_id)
        if claim is not None:
            await desk.newsroom.recap_messages.sent(claim, 7000 + recap_id, sees_all)
            sent.append(claim)
    return sent


async def tell_week(desk: Desk) -> RecapContents:
    """Have the weekly recap told at its time; return what it says."""
    await friday(desk)
    assert await desk.newsroom.recaps.plan_due(anywhere) == 1
    [claim] = await send_due(desk)
    return claim.contents


async def rows(desk: Desk) -> list[Recap]:
    async with desk.store.read() as connection:
        columns = (tables.recap.c[name] for name in Recap.__dataclass_fields__)
        return [Recap(*row) for row in await connection.execute(select(*columns).order_by(tables.recap.c.id))]


async def post_now(desk: Desk, asked_id: int = 4711) -> RecapContents:
    """Have what was said until now posted as a moderator does; return what it says."""
    await desk.newsroom.recaps.post(GUILD, CHANNEL, sees_all, 7, asked_id, desk.clock())
    [claim] = await send_due(desk)
    return claim.contents
