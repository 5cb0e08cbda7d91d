"""The weekly recap with real processes and sockets: told once, whatever dies when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsroom.store import open_store
from sandbox.shown import Message
from tests.end_to_end.house import House

QUESTION = "Team Open Source or Team Proprietary?"


async def busy_week(house: House) -> None:
    """Let a week have three stories and ten votes, and end the bot before it is told."""
    house.site.publish("Chips are scarce")
    await house.add()
    house.site.publish("A court hears about data", "Qwen reads more at once")
    await house.sandbox.message_count(house.news, 3)
    await house.sandbox.slash(house.admin, house.news, "poll start", question="Who wins?", duration="24h")
    poll = house.sandbox.messages(house.news)[-1]
    for number in range(10):
        member = house.sandbox.add_member(house.guild, f"member {number}")
        await house.sandbox.click(member, poll, label="Open source", followups=1)
    await house.bot.stop()


async def due(house: House, late: timedelta = timedelta()) -> None:
    """Let it be time for the recap, or past it."""
    store = await open_store(house.database_url)
    try:
        async with store.begin() as connection:
            await store.recaps.add_plan(connection, int(house.guild.id), "weekly friday 17:00", datetime.now(UTC))
            await store.recaps.set_plan(connection, int(house.guild.id), next_at=datetime.now(UTC) - late)
    finally:
        await store.close()


def recaps(house: House) -> list[Message]:
    return [message for message in house.sandbox.messages(house.news) if "The week" in message.text]


def questions(house: House) -> list[Message]:
    return [message for message in house.sandbox.messages(house.news) if f"**{QUESTION}**" in message.text]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_the_recap_is_sent_it_is_told_once_with_one_question_at_its_end(house: House, when: str):
    await busy_week(house)
    await due(house)
    hold = house.sandbox.faults.hold("POST", "/channels/*/messages", when=when)
    await house.restart()
    await hold.reached()
    await house.bot.kill()
    hold.drop()

    await house.restart()

    await house.sandbox.until(lambda: bool(questions(house)), "the team question")
    await house.sandbox.slash(house.admin, house.news, "poll start", question="Last?", duration="24h")
    assert len(recaps(house)) == len(questions(house)) == 1
    assert "3 stories came in, and 10 votes were cast." in recaps(house)[0].text


async def test_after_an_absence_of_an_hour_the_week_is_told_once_as_it_was_at_its_time(small_house: House):
    house = small_house
    await busy_week(house)
    await due(house, timedelta(hours=1))

    await house.restart()

    def told() -> list[Message]:
        return [message for message in house.sandbox.messages(house.news) if "A quiet week: 0 stories" in message.text]

    await house.sandbox.until(lambda: bool(told()), "the recap")
    await house.bot.stop()
    await house.restart()
    await house.sandbox.slash(house.admin, house.news, "poll start", question="Last?", duration="24h")
    assert len(told()) == 1
