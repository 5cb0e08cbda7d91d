"""Discussions with real processes and sockets: one thread, one first word, each take once, whatever dies when."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.shown import Member, Message
from tests.end_to_end.house import House

OPENER = "Where this server stands"
TAKES = (
    "Weights that anybody can run are worth the fuss.",
    "Somebody has to answer the phone at night, though.",
    "This is the last word on it, as far as I can see.",
)


def crowd(house: House, number: int) -> list[Member]:
    return [house.sandbox.add_member(house.guild, f"member {each}") for each in range(number)]


async def posted(house: House) -> Message:
    """Have a story posted, and return its card; its thread will have the card's id.

    The next story is sent only when the bot has marked that this one stands there.
    """
    house.site.publish("One")
    await house.add()
    await house.sandbox.message_count(house.news, 1)
    house.site.publish("Two")
    return (await house.sandbox.message_count(house.news, 2))[0]


async def drop(house: House, member: Member, card: Message, text: str) -> str:
    """Drop a hot take, and return what its author then reads."""
    more = await house.sandbox.click(member, card, label="More")
    form = await house.sandbox.click(member, more, label="Hot take")
    return (await house.sandbox.submit(member, form, {"side": "open", "text": text})).text


def said(house: House, card: Message) -> list[str]:
    """What stands in the card's thread: "opener", or the take."""
    messages = [
        message.text
        for thread in house.sandbox.threads(house.news)
        if thread.id == card.id
        for message in house.sandbox.messages(thread)
    ]
    return ["opener" if OPENER in text else next((t for t in TAKES if t in text), text) for text in messages]


async def said_at_last(house: House, card: Message) -> list[str]:
    """Have somebody say the last word, and return all that stands there. Whatever came twice would stand before it."""
    (member,) = crowd(house, 1)
    await drop(house, member, card, TAKES[-1])
    await house.sandbox.until(lambda: TAKES[-1] in said(house, card), "the last take")
    return said(house, card)


async def test_many_who_want_to_discuss_at_once_are_added_to_one_thread_that_is_opened_once(house: House):
    card = await posted(house)
    members = crowd(house, 10)

    heard = await asyncio.gather(*(house.sandbox.click(member, card, label="Discuss") for member in members))

    assert {answer.text for answer in heard} == {
        f"The discussion is in <#{card.id}>. You're in it, so you hear what follows."
    }
    assert [thread.id for thread in house.sandbox.threads(house.news)] == [card.id]
    assert await said_at_last(house, card) == ["opener", TAKES[-1]]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_a_discussion_is_opened_its_first_word_is_said_once(house: House, when: str):
    card = await posted(house)
    (member,) = crowd(house, 1)
    hold = house.sandbox.faults.hold("POST", f"/channels/{card.id}/messages", when=when)
    await house.sandbox.click(member, card, label="Discuss")
    await hold.reached()
    await house.bot.kill()
    hold.drop()

    await house.restart()

    assert await said_at_last(house, card) == ["opener", TAKES[-1]]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_a_take_is_shown_it_stands_there_once(house: House, when: str):
    card = await posted(house)
    (member,) = crowd(house, 1)
    await house.sandbox.click(member, card, label="Discuss")
    await house.sandbox.until(lambda: said(house, card) == ["opener"], "the opener")
    hold = house.sandbox.faults.hold("POST", f"/channels/{card.id}/messages", when=when)
    await drop(house, member, card, TAKES[0])
    await hold.reached()
    await house.bot.kill()
    hold.drop()

    await house.restart()
    await house.sandbox.until(lambda: TAKES[0] in said(house, card), "the take")

    assert await said_at_last(house, card) == ["opener", TAKES[0], TAKES[-1]]


async def test_killed_while_a_thread_is_opened_it_is_opened_after_the_restart(small_house: House):
    card = await posted(small_house)
    (member,) = crowd(small_house, 1)
    hold = small_house.sandbox.faults.hold("POST", "/channels/*/messages/*/threads", when="after")
    clicked = asyncio.create_task(small_house.sandbox.click(member, card, label="Discuss"))
    await hold.reached()
    await small_house.bot.kill()
    hold.drop()
    clicked.cancel()

    await small_house.restart()
    await small_house.sandbox.until(lambda: said(small_house, card) == ["opener"], "the opener")

    assert await said_at_last(small_house, card) == ["opener", TAKES[-1]]


async def test_what_discord_took_without_an_answer_is_not_said_twice(small_house: House):
    card = await posted(small_house)
    small_house.sandbox.faults.lose_answer("POST", f"/channels/{card.id}/messages", times=2)

    assert await drop(small_house, crowd(small_house, 1)[0], card, TAKES[0])
    await small_house.sandbox.until(lambda: TAKES[0] in said(small_house, card), "the take")

    assert await said_at_last(small_house, card) == ["opener", TAKES[0], TAKES[-1]]
