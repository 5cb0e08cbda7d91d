"""Which cards have threads, when they are opened, and how a news channel wants that."""

from __future__ import annotations

import asyncio

import pytest

from newsroom.attempts import LONGEST_WAIT
from newsroom.discussion.remarks import Grown
from newsroom.discussion.story_finder import Seeker
from newsroom.discussion.threads import DELETED, GONE, MOST_ATTEMPTS, NO_THREAD
from newsroom.errors import RequestRefused
from newsroom.models import ChannelKind, DiscussionSettings, RemarkKind, ThreadMode, ThreadState
from tests.desk import CHANNEL, FEED, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.talks import card, claimed, discussed, draw_due, drop, message_of, open_threads, say_due, thread_of
from tests.votes import everything

OTHER_FEED = "https://blog.example/feed.xml"

# ------------------------------------------------------------------------------------ settings


async def test_a_news_channel_opens_threads_on_the_first_click_until_told_otherwise(desk: Desk):
    await desk.follow()

    assert await desk.newsroom.threads.settings(GUILD, CHANNEL) == DiscussionSettings()
    assert DiscussionSettings().threads is ThreadMode.DISCUSS


async def test_what_is_not_given_stays_as_it_is(desk: Desk):
    await desk.follow()
    await desk.newsroom.threads.change(GUILD, CHANNEL, takes=False, anonymous_takes=True)

    changed = await desk.newsroom.threads.change(GUILD, CHANNEL, threads=ThreadMode.ALWAYS, takes=None)

    assert changed == DiscussionSettings(threads=ThreadMode.ALWAYS, takes=False, anonymous_takes=True)
    assert await desk.newsroom.threads.settings(GUILD, CHANNEL) == changed


@pytest.mark.parametrize(("guild_id", "channel_id"), [(GUILD, OTHER_CHANNEL), (OTHER_GUILD, CHANNEL)])
async def test_only_news_channels_of_the_own_guild_can_be_set(desk: Desk, guild_id: int, channel_id: int):
    await desk.follow()
    before = await everything(desk)

    with pytest.raises(RequestRefused, match="gets no news"):
        await desk.newsroom.threads.change(guild_id, channel_id, takes=False)

    assert await everything(desk) == before


async def test_cards_are_drawn_anew_when_discuss_comes_or_goes_and_only_then(desk: Desk):
    posted = await card(desk, "A story for neither side")
    await desk.newsroom.threads.change(GUILD, CHANNEL, threads=ThreadMode.ALWAYS, takes=False)
    assert await desk.outbox.due_redraws() == []

    await desk.newsroom.threads.change(GUILD, CHANNEL, threads=ThreadMode.NONE)

    [card_id] = await desk.outbox.due_redraws()
    redraw = await desk.outbox.take_redraw(card_id)
    assert redraw is not None and card_id == posted.delivery.id
    assert posted.card.discuss and not redraw.card.discuss


# ------------------------------------------------------------------------------------- opening


async def test_a_click_has_the_cards_thread_opened_and_the_discussion_with_it(desk: Desk):
    posted = await card(desk)

    clicked = await desk.newsroom.threads.click(posted.mark, GUILD)

    assert clicked.thread is not None and clicked.thread.state is ThreadState.PENDING
    assert clicked.thread.thread_id == message_of(posted)
    assert await desk.newsroom.remarks.due() == []
    assert await open_threads(desk) == [message_of(posted)]
    [said] = await say_due(desk)
    assert (said.remark.kind, said.remark.channel_id) == (RemarkKind.OPENER, message_of(posted))
    assert await desk.newsroom.threads.due() == []


async def test_who_clicks_twice_or_at_once_gets_one_thread_that_is_opened_once(desk: Desk, twin: Desk):
    posted = await card(desk)

    clicks = await asyncio.gather(*(each.newsroom.threads.click(posted.mark, GUILD) for each in (desk, twin) * 3))

    assert len({click.thread for click in clicks}) == 1
    for each in (desk, twin):
        await each.newsroom.threads.opened(message_of(posted))
    assert len(await say_due(desk)) == 1
    await desk.newsroom.threads.click(posted.mark, GUILD)
    assert await open_threads(desk) == await say_due(desk) == []


async def test_a_forums_post_is_the_thread_and_is_there_already(desk: Desk):
    posted = await card(desk, kind=ChannelKind.FORUM)
    thread = await thread_of(desk, posted)
    assert thread is not None and (thread.state, thread.opened_at) == (ThreadState.OPEN, None)
    here = await desk.newsroom.story_finder.here(Seeker(GUILD, [message_of(posted)], lambda channel_id: True))
    assert here is not None and here.card.id == posted.delivery.id
    await desk.follow(OTHER_FEED, kind=ChannelKind.FORUM)
    await desk.tell(posted.card.headline, url=OTHER_FEED)
    assert await desk.newsroom.remarks.due() == []

    clicked = await desk.newsroom.threads.click(posted.mark, GUILD)

    assert clicked.thread is not None and clicked.thread.opened_at is not None
    assert await desk.newsroom.threads.due() == []
    assert (await claimed(desk)).remark.channel_id == message_of(posted)


async def test_a_card_in_a_thread_gets_no_thread_of_its_own(desk: Desk):
    posted = await card(desk, kind=ChannelKind.THREAD)

    with pytest.raises(RequestRefused, match="no threads"):
        await desk.newsroom.threads.click(posted.mark, GUILD)

    assert not posted.card.discuss
    assert await thread_of(desk, posted) is None


async def test_where_threads_are_off_an_old_button_says_so(desk: Desk):
    posted = await card(desk)
    await desk.newsroom.threads.change(GUILD, CHANNEL, threads=ThreadMode.NONE)

    with pytest.raises(RequestRefused) as refused:
        await desk.newsroom.threads.click(posted.mark, GUILD)

    assert str(refused.value) == NO_THREAD


@pytest.mark.parametrize("kind", [ChannelKind.TEXT, ChannelKind.FORUM])
async def test_a_channel_that_wants_a_thread_for_each_story_gets_it_with_the_card(desk: Desk, kind: ChannelKind):
    posted = await card(desk, kind=kind, threads=ThreadMode.ALWAYS)

    opened = await open_threads(desk)

    assert opened == ([message_of(posted)] if kind is ChannelKind.TEXT else [])
    assert [said.remark.kind for said in await say_due(desk)] == [RemarkKind.OPENER]


async def test_each_channel_has_a_thread_of_its_own_for_the_same_story(desk: Desk):
    first = await card(desk)
    await desk.follow(channel_id=OTHER_CHANNEL)
    second = await desk.post_story("Another story", OTHER_CHANNEL)

    assert await discussed(desk, first) != await discussed(desk, second)


@pytest.mark.parametrize("mark", ["", "1", "1.000000000000000000000000", "x.y", f"{10**30}.a"])
async def test_a_made_up_mark_is_no_story_of_ours(desk: Desk, mark: str):
    await card(desk)
    before = await everything(desk)

    for look in (desk.newsroom.threads.click, desk.newsroom.threads.of_mark):
        with pytest.raises(RequestRefused, match="no longer know that story"):
            await look(mark, GUILD)

    assert await everything(desk) == before


async def test_who_clicks_before_we_know_that_the_card_stands_is_asked_to_wait_a_moment(desk: Desk):
    await desk.follow()
    await desk.tell("A story for neither side")
    claim = await desk.outbox.claim(CHANNEL)
    assert claim is not None

    with pytest.raises(RequestRefused, match="try again in a moment"):
        await desk.newsroom.threads.click(claim.mark, GUILD)

    await desk.outbox.sent(claim, 9001, publish=False)
    assert (await desk.newsroom.threads.click(claim.mark, GUILD)).thread is not None


async def test_another_guilds_card_cannot_be_discussed(desk: Desk):
    posted = await card(desk)

    with pytest.raises(RequestRefused, match="no longer know"):
        await desk.newsroom.threads.click(posted.mark, OTHER_GUILD)


async def test_a_thread_whose_story_was_taken_down_first_is_never_opened(desk: Desk):
    posted = await card(desk)
    await desk.newsroom.threads.click(posted.mark, GUILD)
    await desk.newsroom.story_desk.take_down(GUILD, message_of(posted))

    assert await desk.newsroom.threads.due() == []

    thread = await thread_of(desk, posted)
    assert thread is not None and thread.state is ThreadState.GONE
    with pytest.raises(RequestRefused) as refused:
        await desk.newsroom.threads.click(posted.mark, GUILD)
    assert str(refused.value) == GONE


async def test_what_cannot_be_opened_is_tried_later_each_time_given_up_after_a_day_and_tried_again_if_asked(desk: Desk):
    posted = await card(desk)
    await drop(desk, posted)

    for _ in range(MOST_ATTEMPTS):
        [(thread, _)] = await desk.newsroom.threads.due()
        await desk.newsroom.threads.later(thread, "no way")
        assert await desk.newsroom.threads.due() == []
        desk.clock.advance(seconds=LONGEST_WAIT.total_seconds())

    assert await desk.newsroom.threads.due() == []
    gone = await thread_of(desk, posted)
    assert gone is not None and gone.state is ThreadState.GONE
    await desk.newsroom.threads.click(posted.mark, GUILD)
    assert await open_threads(desk) == [gone.thread_id]
    assert [said.remark.kind for said in await say_due(desk)] == [RemarkKind.OPENER, RemarkKind.TAKE]


async def test_nothing_is_opened_in_a_guild_that_removed_the_bot_until_it_is_back(desk: Desk):
    posted = await card(desk)
    await desk.newsroom.threads.click(posted.mark, GUILD)
    await desk.newsroom.presence.left(GUILD)
    assert await desk.newsroom.threads.due() == []

    await desk.newsroom.presence.back(GUILD)

    assert await open_threads(desk) == [message_of(posted)]


async def test_the_threads_of_a_guild_that_we_opened_are_told_the_oldest_first(desk: Desk):
    first = await discussed(desk, await card(desk))
    second = await discussed(desk, await desk.post_story("Another story"))
    pending = await desk.post_story("A third story")
    await desk.newsroom.threads.click(pending.mark, GUILD)
    await desk.newsroom.threads.refused(first, DELETED)

    assert await desk.newsroom.threads.ours(GUILD) == [second]
    assert await desk.newsroom.threads.ours(OTHER_GUILD) == []


# -------------------------------------------------------------------------------------- growth


async def test_a_thread_is_told_once_that_its_story_has_grown(desk: Desk):
    posted = await card(desk)
    thread_id = await discussed(desk, posted)
    third = "https://third.example/feed.xml"
    for url in (OTHER_FEED, third):
        await desk.follow(url)

    await desk.tell(posted.card.headline, url=OTHER_FEED)
    [told] = await say_due(desk)
    await desk.tell(posted.card.headline, url=third)

    assert (told.remark.kind, told.remark.channel_id) == (RemarkKind.GROWTH, thread_id)
    assert isinstance(told.contents.says, Grown)
    assert [url for _, url in told.contents.says.also] == [
        f"https://lab.example/{'-'.join(posted.card.headline.casefold().split())}"
    ]
    assert await say_due(desk) == await draw_due(desk) == []


async def test_what_grows_before_the_thread_is_open_is_told_right_behind_the_first_word(desk: Desk):
    posted = await card(desk)
    await desk.newsroom.threads.click(posted.mark, GUILD)
    await desk.follow(OTHER_FEED)

    await desk.tell(posted.card.headline, url=OTHER_FEED)

    assert await desk.newsroom.remarks.due() == []
    await open_threads(desk)
    assert [told.remark.kind for told in await say_due(desk)] == [RemarkKind.OPENER, RemarkKind.GROWTH]


async def test_a_story_that_nobody_discusses_is_not_told_of(desk: Desk):
    posted = await card(desk)
    await desk.follow(OTHER_FEED)

    await desk.tell(posted.card.headline, url=OTHER_FEED)

    assert await desk.newsroom.remarks.due() == []


# ---------------------------------------------------------------------------- a thread is gone


async def test_what_waits_for_a_thread_that_was_deleted_is_left_unsaid(desk: Desk):
    posted = await card(desk)
    clicked = await desk.newsroom.threads.click(posted.mark, GUILD)
    assert clicked.thread is not None
    await desk.newsroom.threads.opened(clicked.thread.thread_id)
    hung = await claimed(desk)

    await desk.newsroom.threads.refused(clicked.thread.thread_id, DELETED)

    desk.clock.advance(days=1)
    assert await desk.newsroom.remarks.due() == []
    assert await desk.newsroom.remarks.claim(hung.remark.id) is None
    await desk.newsroom.threads.opened(clicked.thread.thread_id)
    gone = await thread_of(desk, posted)
    assert gone is not None and gone.state is ThreadState.GONE


async def test_that_some_other_thread_was_deleted_changes_nothing(desk: Desk):
    posted = await card(desk, kind=ChannelKind.THREAD)
    before = await everything(desk)

    await desk.newsroom.threads.refused(posted.delivery.channel_id, DELETED)

    assert await everything(desk) == before
    assert FEED in desk.web.documents
