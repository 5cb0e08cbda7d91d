"""The main promise, with real processes and sockets: each story arrives once, in order, whatever dies when."""

from __future__ import annotations

from tests.end_to_end.house import House


async def test_a_feed_added_by_slash_command_posts_its_newest_and_then_each_new_story_once(house: House):
    house.site.publish("One", "Two")

    answer = await house.add()
    await house.sandbox.message_count(house.news, 1)
    house.site.publish("Three", "Four")

    assert await house.headlines_at_last() == ["Two", "Three", "Four", "Last"]
    assert "News" in answer and f"<#{house.news.id}>" in answer


async def test_killed_before_the_send_the_story_arrives_once_after_the_restart(house: House):
    house.site.publish("One")
    await house.add(backfill=0)
    hold = house.sandbox.faults.hold("POST", "/channels/*/messages", when="before")
    house.site.publish("Two", "Three")
    await hold.reached()
    await house.bot.kill()
    hold.drop()

    await house.restart()

    assert await house.headlines_at_last() == ["Two", "Three", "Last"]


async def test_killed_when_sent_but_not_marked_the_story_stands_there_once(house: House):
    house.site.publish("One")
    await house.add(backfill=0)
    hold = house.sandbox.faults.hold("POST", "/channels/*/messages", when="after")
    house.site.publish("Two", "Three")
    await hold.reached()
    await house.bot.kill()
    hold.drop()
    assert house.headlines() == ["Two"]

    await house.restart()

    assert await house.headlines_at_last() == ["Two", "Three", "Last"]


async def test_killed_after_it_was_marked_nothing_is_sent_again(house: House):
    house.site.publish("One")
    await house.add()
    await house.sandbox.message_count(house.news, 1)
    hold = house.sandbox.faults.hold("POST", "/channels/*/messages", when="before")
    house.site.publish("Two")
    await hold.reached()
    await house.bot.kill()
    hold.drop()

    await house.restart()

    assert await house.headlines_at_last() == ["One", "Two", "Last"]


async def test_a_lost_answer_leaves_one_card(house: House):
    house.site.publish("One")
    await house.add(backfill=0)
    house.sandbox.faults.lose_answer("POST", "/channels/*/messages", times=1)
    house.site.publish("Two", "Three")

    assert await house.headlines_at_last() == ["Two", "Three", "Last"]


async def test_when_told_to_end_the_bot_ends_with_status_0(house: House):
    house.site.publish("One")
    await house.add()
    await house.sandbox.message_count(house.news, 1)

    assert await house.bot.stop() == 0
