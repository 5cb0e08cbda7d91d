"""Discord on its bad days, over real sockets: it slows us down, fails, hangs up, forgets us, and goes away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from cogs.newsbot import LONGEST_RATE_LIMIT_WAIT
from newsroom.store import open_store, tables
from sandbox.shown import HasId
from tests.end_to_end.house import House

AN_HOUR = 3600.0


async def listening(house: House, *names: str) -> list[HasId]:
    """Channels that get the feed from now on."""
    channels: list[HasId] = []
    for name in names:
        channels.append(house.sandbox.add_text_channel(house.guild, name))
        await house.add(channel=channels[-1], backfill=0)
    return channels


def messages(channel: HasId) -> tuple[str, str]:
    return "POST", f"/channels/{channel.id}/messages"


async def attempts(house: House) -> list[tuple[str, int, datetime]]:
    """How far each delivery is, in order: state, attempts, when it is due."""
    store = await open_store(house.database_url)
    try:
        async with store.read() as connection:
            delivery = tables.delivery.c
            rows = await connection.execute(
                select(delivery.state, delivery.attempts, delivery.due_at).order_by(delivery.id)
            )
            return [tuple(row) for row in rows]
    finally:
        await store.close()


async def test_a_limit_holds_up_only_whom_it_is_for(small_house: House):
    house = small_house
    house.site.publish("One")
    slow, hour, quick = await listening(house, "slow", "hour", "quick")
    faults = house.sandbox.faults
    faults.fail(*messages(slow), status=429, retry_after=2.0)
    faults.fail(*messages(hour), status=429, retry_after=AN_HOUR)

    house.site.publish("Two", "Three")
    await house.sandbox.until(lambda: len(house.headlines(quick)) == 2, "the quick channel's cards")
    told_before = house.headlines(slow)
    await house.sandbox.until(lambda: len(house.headlines(slow)) == 2, "the slow channel's cards")
    of_all = faults.fail("POST", "/channels/*/messages", status=429, retry_after=1.0, is_global=True)
    for channel in (slow, quick):
        assert await house.headlines_at_last(channel) == ["Two", "Three", "Last"]

    assert told_before == []
    assert of_all.hits == 1
    # A longer wait than we grant a limit comes back as an error. It is kept to, and nobody is asked meanwhile.
    assert AN_HOUR > LONGEST_RATE_LIMIT_WAIT
    assert len(await house.sandbox.request_count(*messages(hour), 1)) == 1
    assert house.headlines(hour) == []
    now = datetime.now(UTC)
    assert any(
        now + timedelta(minutes=50) < due_at < now + timedelta(minutes=61) for *_, due_at in await attempts(house)
    )


async def test_whatever_goes_wrong_with_a_send_its_card_stands_there_once(small_house: House):
    house = small_house
    house.site.publish("One")
    broken, odd, away, late, reset, lost = channels = await listening(
        house, "broken", "odd", "away", "late", "reset", "lost"
    )
    faults = house.sandbox.faults
    troubles = [
        faults.fail(*messages(broken), status=500, carried_out=True),
        faults.fail(*messages(odd), status=502),
        faults.fail(*messages(away), status=503, carried_out=True),
        faults.fail(*messages(late), status=504, carried_out=True),
        faults.reset(*messages(reset)),
        faults.lose_answer(*messages(lost)),
    ]

    house.site.publish("Two", "Last")

    for channel in channels:
        await house.sandbox.until(lambda channel=channel: "Last" in house.headlines(channel), "the last card")
        assert house.headlines(channel) == ["Two", "Last"]
    assert [trouble.hits for trouble in troubles] == [1] * len(channels)


async def test_cards_come_once_and_in_order_whatever_becomes_of_the_gateway_and_after_an_outage(small_house: House):
    house = small_house
    house.site.publish("One")
    await house.add(backfill=0)

    house.sandbox.drop_gateway()
    house.site.publish("Two")
    await house.sandbox.message_count(house.news, 1)
    await house.sandbox.until(lambda: house.sandbox.gateway.resumed == 1, "the session to be resumed")
    house.sandbox.invalidate_session(resumable=False)
    house.site.publish("Three")
    await house.sandbox.message_count(house.news, 2)
    await house.sandbox.bot_ready(2)
    async with house.sandbox.outage():
        meanwhile = [f"Number {number}" for number in range(7)]
        house.site.publish(*meanwhile)
        async with asyncio.timeout(20):
            while sum(tried for _, tried, _ in await attempts(house)) < 2 + 1:
                pass
        states = [state for state, _, _ in await attempts(house)]

    assert states == ["sent", "sent", "sending", *["pending"] * 6] or states == ["sent", "sent", *["pending"] * 7]
    assert await house.headlines_at_last() == ["Two", "Three", *meanwhile, "Last"]
    await house.sandbox.bot_ready(2, timeout=40)
    assert "News" in (await house.sandbox.slash(house.admin, house.news, "feed list")).text
