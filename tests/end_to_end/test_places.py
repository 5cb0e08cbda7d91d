"""Every kind of news channel keeps the main promise in its own way, over real sockets."""

from __future__ import annotations

from tests.end_to_end.house import House

MESSAGES = "/channels/*/messages"
POSTS = "/channels/*/threads"
CROSSPOST = "/channels/*/messages/*/crosspost"
PUBLISHED = 1 << 0  # among the flags of a message


async def test_a_forum_gets_each_story_as_a_post_with_the_headline_as_its_title(small_house: House):
    house = small_house
    forum = house.sandbox.add_forum(house.guild, "stories")
    house.site.publish("One")
    await house.add(channel=forum)
    house.site.publish("Two")

    assert [post.name for post in await house.posts_at_last(forum)] == ["One", "Two", "Last"]


async def test_a_forum_post_that_was_sent_but_not_marked_is_found_after_a_crash(small_house: House):
    house = small_house
    forum = house.sandbox.add_forum(house.guild, "stories")
    hold = house.sandbox.faults.hold("POST", POSTS, when="after")
    house.site.publish("One")
    await house.add(channel=forum)
    await hold.reached()
    await house.bot.kill()
    hold.drop()

    await house.restart()

    assert [post.name for post in await house.posts_at_last(forum)] == ["One", "Last"]


async def test_a_forum_post_that_the_library_repeated_after_an_error_stands_there_once(small_house: House):
    house = small_house
    forum = house.sandbox.add_forum(house.guild, "stories")
    house.sandbox.set_bot_permissions(forum, manage_threads=True)
    house.sandbox.faults.fail("POST", POSTS, status=500, carried_out=True)
    house.site.publish("One")
    await house.add(channel=forum)
    twins = await house.sandbox.thread_count(forum, 2)

    await house.sandbox.until(lambda: len(house.sandbox.threads(forum)) == 1, "the twin to go")

    posts = await house.posts_at_last(forum)
    assert [post.name for post in posts] == ["One", "Last"]
    assert posts[0].id == twins[0].id, "the older one stays"


async def test_without_manage_threads_a_repeated_forum_post_is_emptied_and_closed(small_house: House):
    house = small_house
    forum = house.sandbox.add_forum(house.guild, "stories")
    house.sandbox.faults.fail("POST", POSTS, status=500, carried_out=True)
    house.site.publish("One")
    await house.add(channel=forum)
    older, younger = await house.sandbox.thread_count(forum, 2)

    await house.sandbox.until(lambda: house.sandbox.threads(forum)[1].archived, "the twin to be closed")

    posts = await house.posts_at_last(forum)
    assert [(post.name, post.archived) for post in posts] == [("One", False), ("One", True), ("Last", False)]
    assert len(house.sandbox.messages(older)) == 1
    assert house.sandbox.messages(younger) == []


async def test_a_twin_in_which_somebody_wrote_stays(small_house: House):
    house = small_house
    forum = house.sandbox.add_forum(house.guild, "stories")
    house.sandbox.faults.fail("POST", POSTS, status=500, carried_out=True)
    look = house.sandbox.faults.hold("GET", "/guilds/*/threads/active", when="before")
    house.site.publish("One")
    await house.add(channel=forum)
    twins = await house.sandbox.thread_count(forum, 2)
    await look.reached()
    house.sandbox.say(house.admin, twins[1], "First!")
    look.release()

    posts = await house.posts_at_last(forum)

    assert [post.name for post in posts] == ["One", "One", "Last"]


async def test_an_announcement_is_published_once_even_if_the_answer_got_lost(small_house: House):
    house = small_house
    channel = house.sandbox.add_announcement_channel(house.guild, "announcements")
    house.sandbox.faults.lose_answer("POST", CROSSPOST)
    house.site.publish("One")
    await house.add(channel=channel)

    await house.sandbox.request_count("POST", CROSSPOST, 2)
    assert await house.headlines_at_last(channel) == ["One", "Last"]
    crossposts = await house.sandbox.request_count("POST", CROSSPOST, 3)

    first, last = house.sandbox.messages(channel)
    assert first.flags & last.flags & PUBLISHED
    assert [str(first.id) in request.path for request in crossposts] == [True, True, False]


async def test_publishing_survives_a_crash_and_delays_no_card(small_house: House):
    house = small_house
    channel = house.sandbox.add_announcement_channel(house.guild, "announcements")
    hold = house.sandbox.faults.hold("POST", CROSSPOST, when="before")
    house.site.publish("One")
    await house.add(channel=channel)
    await hold.reached()
    house.site.publish("Two")
    await house.sandbox.message_count(channel, 2)
    await house.bot.kill()
    hold.drop()

    await house.restart()
    await house.sandbox.until(
        lambda: all(message.flags & PUBLISHED for message in house.sandbox.messages(channel)), "both to be published"
    )

    assert await house.headlines_at_last(channel) == ["One", "Two", "Last"]


async def test_a_thread_gets_news_too_and_an_archived_one_wakes_up(small_house: House):
    house = small_house
    thread = house.sandbox.add_thread(house.news, "About open weights")
    house.site.publish("One")
    await house.add(channel=thread)
    await house.sandbox.message_count(thread, 1)
    house.sandbox.edit_thread(thread, archived=True)

    house.site.publish("Two")

    assert await house.headlines_at_last(thread) == ["One", "Two", "Last"]


async def test_a_crash_while_the_fifth_send_waits_for_the_rate_limit_doubles_nothing(small_house: House):
    house = small_house
    house.site.publish("0")
    await house.add(backfill=0)
    house.site.publish("1", "2", "3", "4", "5", "6")
    await house.sandbox.message_count(house.news, 5)
    await house.bot.kill()

    await house.restart()

    assert await house.headlines_at_last() == ["1", "2", "3", "4", "5", "6", "Last"]


async def test_a_503_is_tried_again_and_stands_there_once(small_house: House):
    house = small_house
    house.sandbox.faults.fail("POST", MESSAGES, status=503, times=1, carried_out=True)
    house.sandbox.faults.fail("POST", MESSAGES, status=503, times=1)
    house.site.publish("One", "Two")

    await house.add(backfill=2)

    assert await house.headlines_at_last() == ["One", "Two", "Last"]


async def test_a_channel_that_refuses_us_loses_nothing_and_goes_on_after_resume(small_house: House):
    house = small_house
    house.site.publish("One")
    await house.add()
    await house.sandbox.message_count(house.news, 1)
    house.sandbox.set_bot_permissions(house.news, send_messages=False)
    house.site.publish("Two")
    await house.sandbox.request_count("POST", MESSAGES, 2)
    house.sandbox.set_bot_permissions(house.news, send_messages=None)

    await house.sandbox.slash(house.admin, house.news, "channel resume")

    assert await house.headlines_at_last() == ["One", "Two", "Last"]


async def test_a_card_deleted_by_hand_stays_deleted(small_house: House):
    house = small_house
    house.site.publish("One")
    await house.add()
    (card,) = await house.sandbox.message_count(house.news, 1)
    house.sandbox.delete_message(card)

    house.site.publish("Two")

    assert await house.headlines_at_last() == ["Two", "Last"]


async def test_a_card_that_was_deleted_before_anybody_looked_comes_again(small_house: House):
    house = small_house
    hold = house.sandbox.faults.hold("POST", MESSAGES, when="after")
    house.site.publish("One")
    await house.add()
    await hold.reached()
    await house.bot.kill()
    hold.drop()
    (card,) = house.sandbox.messages(house.news)
    house.sandbox.delete_message(card)

    await house.restart()

    assert await house.headlines_at_last() == ["One", "Last"]


async def test_a_busy_channel_holds_up_no_other(small_house: House):
    house = small_house
    other = house.sandbox.add_text_channel(house.guild, "other")
    house.site.publish("One")
    house.site.publish("Uno", feed="other")
    await house.add(backfill=0)
    await house.add("other", channel=other, backfill=0)
    hold = house.sandbox.faults.hold("POST", f"/channels/{house.news.id}/messages", when="before")
    house.site.publish("Two")
    await hold.reached()
    house.site.publish("Dos", feed="other")

    await house.sandbox.message_count(other, 1)
    assert house.headlines() == []
    hold.release()

    assert await house.headlines_at_last() == ["Two", "Last"]
    assert house.headlines(other) == ["Dos"]


async def test_more_tells_which_feed_a_card_came_from_also_after_a_restart(small_house: House):
    house = small_house
    house.site.publish("One")
    await house.add()
    (card,) = await house.sandbox.message_count(house.news, 1)
    await house.bot.kill()
    await house.restart()

    answer = await house.sandbox.click(house.admin, card, label="More")

    assert answer.ephemeral
    assert "News" in answer.text and "Found" in answer.text


async def test_an_archived_thread_whose_history_is_closed_gets_nothing_on_the_off_chance(small_house: House):
    house = small_house
    thread = house.sandbox.add_thread(house.news, "About open weights")
    hold = house.sandbox.faults.hold("POST", MESSAGES, when="after")
    house.site.publish("One")
    await house.add(channel=thread)
    await hold.reached()
    await house.bot.kill()
    hold.drop()
    house.sandbox.edit_thread(thread, archived=True)
    house.sandbox.set_bot_permissions(thread, read_message_history=False)

    await house.restart()
    await house.sandbox.request_count("GET", "/channels/*", 1)
    house.sandbox.set_bot_permissions(thread, read_message_history=None)
    house.site.publish("Two")
    await house.sandbox.slash(house.admin, thread, "channel resume")

    assert await house.headlines_at_last(thread) == ["One", "Two", "Last"]
